"""The private modules of TensorFlow that programs are known to import, as far as those programs use them (`headrace/hook.py`
lists them)."""
