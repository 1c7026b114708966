"""Random numbers in functions of elements, however these run."""

import pytest

import headrace as tf
from headrace.data import tracing


@pytest.mark.parametrize("worth", [1e9, 1e-9])
def test_functions_in_functions_draw_alike_on_the_host_and_compiled(monkeypatch, worth):
    """Each call has its own place in the stream of the function's op, as in TensorFlow (whose numbers these are)."""
    monkeypatch.setattr(tracing, "WORTH_COMPILING", worth)
    tf.random.set_seed(3)
    draw = tf.function(lambda: tf.random.uniform([], 0, 100, tf.int32))
    outer = tf.function(lambda: draw() + draw())
    dataset = tf.data.Dataset.range(5).map(lambda i: draw() + outer())
    for _ in range(2):
        assert [int(x) for x in dataset] == [153, 102, 276, 288, 156]
    assert [int(draw()) for _ in range(3)] == [51, 34, 92]
