"""What `tf.test` offers: test cases that compare tensors, numeric gradients, benchmarks.

`case.py` is `tf.test.TestCase`: unittest's, with assertions about tensors (`comparing.py`), about collections and text
(`assertions.py`) and with files that vanish after the test (`files.py`)."""
