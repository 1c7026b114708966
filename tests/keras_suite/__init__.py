"""Keras's own tests, run on Headrace. `python -m tests.keras_suite --help`."""
