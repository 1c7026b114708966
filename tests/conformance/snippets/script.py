"""Tensors as text, callbacks, assertions: values, and the types of errors."""

import numpy as np
from conformance.harness import raises, snippet

VALUES = {
    "floats": np.array(
        [1.0, 0.1, 1 / 3, 1e10, 123456789.0, 1e-5, 1e6, 3.14159274, 1e16, np.nan, -np.inf, -0.0], np.float32
    ),
    "doubles": np.array([1.0, 0.1, 1 / 3, 1e10, 123456789.0, 1e-5, 1e6, 1e15, 1e16, 1e17, 2.5e-300]),
    "halves": np.array([0.1, 1 / 3, 65504.0, 1e-4], np.float16),
    "ints": np.arange(-3, 9),
    "bytes": np.array([0, 255], np.uint8),
    "bools": np.array([True, False]),
    "strings": np.array(["a", "b c", "it's", 'q"', "\n\t\x01", "é"]),
    "matrix": np.arange(100).reshape(10, 10),
    "cube": np.arange(60).reshape(3, 4, 5),
    "four": np.arange(16).reshape(2, 2, 2, 2),
    "empty": np.zeros([0, 3]),
    "hollow": np.zeros([3, 0]),
    "scalar": np.array(2.5),
    "text": np.array("plain"),
}


@snippet(value=list(VALUES), summarize=[3, 1, 5, -1])
def string_format(tf, value, summarize):
    return tf.strings.format("<{}>", tf.constant(VALUES[value]), summarize=summarize)


@snippet(graph=[False, True])
def callbacks(tf, graph):
    def f(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            y, n = tf.py_function(lambda t: (tf.sin(t) * t, 3), [x], [tf.float32, tf.int64])
            z = tf.numpy_function(np.cumsum, [x], tf.float32)
        return y, n, z, tape.gradient(y, x)

    return (tf.function(f, autograph=False) if graph else f)(tf.constant([1.0, 2.0, 3.0]))


FAILING = {
    "equal": lambda tf, x: tf.debugging.assert_equal(x, x + 1),
    "none_equal": lambda tf, x: tf.debugging.assert_none_equal(x, x),
    "less": lambda tf, x: tf.debugging.assert_less(x, x),
    "less_equal": lambda tf, x: tf.debugging.assert_less_equal(x, x - 1),
    "greater": lambda tf, x: tf.debugging.assert_greater(x, x),
    "greater_equal": lambda tf, x: tf.debugging.assert_greater_equal(x, x + 1),
    "near": lambda tf, x: tf.debugging.assert_near(x, x + 0.1),
    "positive": lambda tf, x: tf.debugging.assert_positive(-x),
    "negative": lambda tf, x: tf.debugging.assert_negative(x),
    "non_negative": lambda tf, x: tf.debugging.assert_non_negative(-x),
    "non_positive": lambda tf, x: tf.debugging.assert_non_positive(x),
    "rank": lambda tf, x: tf.debugging.assert_rank(x, 2),
    "rank_at_least": lambda tf, x: tf.debugging.assert_rank_at_least(x, 2),
    "rank_in": lambda tf, x: tf.debugging.assert_rank_in(x, [0, 2]),
    "scalar": lambda tf, x: tf.debugging.assert_scalar(x),
    "type": lambda tf, x: tf.debugging.assert_type(x, tf.int32),
    "integer": lambda tf, x: tf.debugging.assert_integer(x),
    "shapes": lambda tf, x: tf.debugging.assert_shapes([(x, ("N", 3))]),
    "shapes_symbol": lambda tf, x: tf.debugging.assert_shapes([(x, ("N",)), (tf.zeros([5]), ("N",))]),
    "iterable": lambda tf, x: tf.debugging.assert_proper_iterable(x),
    "same_float": lambda tf, x: tf.debugging.assert_same_float_dtype([x, tf.constant(1.0, tf.float64)]),
    "assert": lambda tf, x: tf.Assert(x[0] > 5.0, [x]),
    "numerics": lambda tf, x: tf.debugging.check_numerics(x / 0.0, "m"),
    "all_finite": lambda tf, x: tf.debugging.assert_all_finite(x / 0.0, "m"),
}


@raises(check=list(FAILING))
def failing_when_eager(tf, check):
    FAILING[check](tf, tf.constant([1.0, 2.0]))


@raises(check=list(FAILING))
def failing_in_a_function(tf, check):
    f = tf.function(lambda x: (FAILING[check](tf, x), x + 1.0)[1], autograph=False)
    f(tf.constant([1.0, 2.0]))


@raises(check=[k for k in FAILING if k not in ("iterable", "same_float", "type", "integer")])
def failing_with_unknown_shapes(tf, check):
    f = tf.function(
        lambda x: (FAILING[check](tf, x), x + 1.0)[1], input_signature=[tf.TensorSpec(None)], autograph=False
    )
    f(tf.constant([1.0, 2.0]))


@snippet(graph=[False, True])
def passing(tf, graph):
    def f(x):
        d = tf.debugging
        for check in (d.assert_positive, d.assert_non_negative):
            check(x)
        (
            d.assert_equal(x, x),
            d.assert_less(x, x + 1),
            d.assert_near(x, x),
            d.assert_rank(x, 1),
            d.assert_rank_in(x, [1, 2]),
        )
        d.assert_shapes([(x, ("N",)), (tf.zeros([2, 2]), ("N", "N"))]), d.assert_type(x, tf.float32)
        return (
            d.assert_all_finite(x, "m"),
            d.check_numerics(x, "m"),
            d.is_numeric_tensor(x),
            d.assert_scalar(1.0),
        )

    return (tf.function(f, autograph=False) if graph else f)(tf.constant([1.0, 2.0]))


PYTHON = {
    "divide": lambda x: 1 / 0,
    "value": lambda x: int("a"),
    "stop": lambda x: next(iter([])),
    "missing": lambda x: NotImplemented.nothing,
    "unimplemented": lambda x: _unimplemented(),
}


def _unimplemented():
    raise NotImplementedError("no")


@raises(error=list(PYTHON), graph=[False, True])
def failing_callbacks(tf, error, graph):
    f = lambda x: tf.py_function(PYTHON[error], [x], tf.float32)
    (tf.function(f, autograph=False) if graph else f)(tf.constant(1.0))


@raises(error=["divide", "value"])
def failing_numpy_callbacks(tf, error):
    tf.function(lambda x: tf.numpy_function(PYTHON[error], [x], tf.float32), autograph=False)(
        tf.constant(1.0)
    )
