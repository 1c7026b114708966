"""Private modules of TensorFlow 1.x whose names are public nowhere (`headrace/v1/private.py` lists them)."""
