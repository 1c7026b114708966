"""`tf.contrib.eager`, in code that runs at once."""

import pytest

from headrace.v1 import contrib


def test_gradients_of_functions_that_run_at_once():
    e = contrib.eager
    assert e.executing_eagerly()
    w = e.Variable(2.0)
    value, pairs = e.implicit_value_and_gradients(lambda x: w * w * x)(3.0)
    assert float(value) == 12.0 and float(pairs[0][0]) == 12.0 and pairs[0][1] is w
    a, b = e.gradients_function(lambda a, b: a * b * b)(2.0, 3.0)
    assert (float(a), float(b)) == (9.0, 12.0)
    assert float(e.gradients_function(lambda a, b: a * b * b, params=["b"])(2.0, 3.0)[0]) == 12.0
    with pytest.raises(ValueError, match="variables"):
        e.implicit_gradients(lambda x: x)(1.0)
    with pytest.raises(AttributeError, match="without --v1"):
        e.Network
    assert e.in_eager_mode() and e.num_gpus() >= 0
