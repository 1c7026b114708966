"""`tf.debugging`: what raises when, and with which words, eager and in functions."""

from __future__ import annotations

import numpy as np
import pytest

import headrace as tf

Invalid = tf.errors.InvalidArgumentError


def graph(fn):
    return tf.function(fn, autograph=False)


def unknown(fn, *args):
    """`fn` in a function that does not know its arguments' shapes while tracing."""
    specs = [tf.TensorSpec(None, tf.constant(a).dtype) for a in args]
    return tf.function(fn, input_signature=specs, autograph=False)(*args)


d = tf.debugging
COMPARISONS = [
    (d.assert_equal, [1, 2], [1, 2], [1, 3], "=="),
    (d.assert_none_equal, [1, 2], [2, 3], [2, 2], "!="),
    (d.assert_less, [1, 2], [2, 3], [2, 2], "<"),
    (d.assert_less_equal, [1, 2], [1, 3], [0, 2], "<="),
    (d.assert_greater, [1, 2], [0, 1], [1, 1], ">"),
    (d.assert_greater_equal, [1, 2], [1, 1], [2, 1], ">="),
]


@pytest.mark.parametrize(("check", "x", "good", "bad", "symbol"), COMPARISONS)
def test_comparisons(check, x, good, bad, symbol):
    assert check(x, good) is None
    with pytest.raises(Invalid, match=f"(?s)^hello\nCondition x {symbol} y did not hold"):
        check(tf.constant(x), tf.constant(bad), message="hello")
    passed = unknown(lambda a, b: (check(a, b), a + b)[1], x, good)
    assert passed.numpy().tolist() == (np.array(x) + good).tolist()
    with pytest.raises(
        Invalid,
        match=(
            rf"assertion failed: \[hello\] \[Condition x {symbol} y did not hold element-wise:\] \[x"
            r" \(\w+:0\) = \] \[1 2\]"
        ),
    ):
        unknown(lambda a, b: (check(a, b, message="hello"), a + b)[1], x, bad)
    with pytest.raises(Invalid, match=f"Condition x {symbol} y"):  # known while tracing
        graph(lambda: check(tf.constant(x), tf.constant(bad)))()


def test_the_whole_message():
    with pytest.raises(Invalid) as raised:
        d.assert_equal(tf.constant([1, 2, 3, 4]), tf.constant([1, 5, 6, 7]), message="hi")
    assert (
        raised.value.message
        == "hi\nCondition x == y did not hold.\nIndices of first 3 different values:\n[[1]\n [2]\n"
        " [3]]\nCorresponding x values:\n[2 3 4]\nCorresponding y values:\n[5 6 7]\nFirst 3 elements of"
        " x:\n[1 2 3]\nFirst 3 elements of y:\n[1 5 6]"
    )
    with pytest.raises(Invalid) as raised:
        d.assert_less(tf.constant([[1, 2]]), tf.constant(1), summarize=1)
    assert (
        raised.value.message
        == "Condition x < y did not hold.\nFirst 1 elements of x:\n[1]\nFirst 1 elements of y:\n[1]"
    )


@pytest.mark.parametrize(
    ("check", "good", "bad", "condition"),
    [
        (d.assert_positive, [1.0, 2.0], [1.0, 0.0], "x > 0"),
        (d.assert_negative, [-1.0], [0.0], "x < 0"),
        (d.assert_non_negative, [0.0, 1.0], [0.0, -1.0], "x >= 0"),
        (d.assert_non_positive, [0.0, -1.0], [0.0, 1.0], "x <= 0"),
    ],
)
def test_signs(check, good, bad, condition):
    assert check(good) is None
    with pytest.raises(Invalid, match=f"Condition {condition} did not hold element-wise"):
        check(bad)
    unknown(lambda x: (check(x), x)[1], good)
    with pytest.raises(Invalid, match=f"Condition {condition} did not hold element-wise"):
        unknown(lambda x: (check(x), x)[1], bad)


def test_near():
    d.assert_near(1.0, 1.0 + 1e-7)
    d.assert_near([1.0, 2.0], [1.05, 2.1], rtol=0.1)
    d.assert_near(tf.constant(1 + 1j), tf.constant(1 + 1j))
    with pytest.raises(Invalid, match="not equal to tolerance rtol"):
        d.assert_near(1.0, 1.1)
    with pytest.raises(Invalid, match="not equal to tolerance"):
        unknown(lambda x: (d.assert_near(x, 0.0, atol=0.5), x)[1], [0.1, 0.7])


def test_assert_and_control_flow():
    d.Assert(tf.constant(True), ["x"])
    tf.Assert(True, [1])
    with pytest.raises(
        Invalid, match=r"(?s)Expected .*False.* to be true. Summarized data: 1.0, 2.0, 3.0, ...\nb'abc'\n3"
    ):
        tf.Assert(tf.constant(False), [tf.constant([1.0, 2, 3, 4, 5]), "abc", 3])
    with pytest.raises(Invalid, match=r"assertion failed: \[0 1\.\.\.\] \[3\]"):
        graph(lambda x: (tf.Assert(x > 1, [tf.range(5), 3], summarize=2), x)[1])(tf.constant(0))

    @graph
    def in_branch(x):
        return tf.cond(x > 0, lambda: (d.assert_less(x, 10), x)[1], lambda: x)

    assert in_branch(tf.constant(-5)) == -5 and in_branch(tf.constant(5)) == 5
    with pytest.raises(Invalid, match="assertion failed"):
        in_branch(tf.constant(50))


def test_failed_assertions_name_the_users_line():
    f = graph(lambda x: (d.assert_positive(x), x)[1])
    with pytest.raises(Invalid, match=r"test_debugging\.py"):
        f(tf.constant([-1]))


def test_assertions_stop_callbacks_that_come_after():
    runs = []

    @graph
    def f(x):
        d.assert_positive(x)
        tf.py_function(lambda: runs.append(1), [], [])

    with pytest.raises(Invalid):
        f(tf.constant(-1))
    assert not runs
    f(tf.constant(1))
    assert runs == [1]


# ------------------------------------------------------------------------------------------- ranks and shapes
def test_ranks():
    x = tf.zeros([2, 3])
    d.assert_rank(x, 2), d.assert_rank_at_least(x, 1), d.assert_rank_in(x, [0, 2])
    for call, words in (
        (
            lambda: d.assert_rank(x, 1, "m"),
            r"m\.  Tensor  must have rank 1\.  Received rank 2, shape \(2, 3\)",
        ),
        (lambda: d.assert_rank_at_least(x, 3), r"Tensor  must have rank at least 3\.  Received rank 2"),
        (lambda: d.assert_rank_in(x, [0, 1]), r"Tensor  must have rank in \(0, 1\)\.  Received rank 2"),
        (lambda: d.assert_rank(x, [2]), "Rank must be a scalar"),
        (lambda: d.assert_scalar(x), r"Expected scalar shape, saw shape: \(2, 3\)"),
    ):
        with pytest.raises(ValueError, match=words):
            call()
    with pytest.raises(TypeError, match="must be of type"):
        d.assert_rank(x, 2.0)
    assert d.assert_scalar(3) is None
    assert unknown(lambda t: (d.assert_rank(t, 1), t)[1], [1.0]).shape == [1]
    with pytest.raises(Invalid, match="must have rank"):
        unknown(lambda t: (d.assert_rank(t, 1), t)[1], 1.0)
    with pytest.raises(Invalid, match="must have rank in"):
        unknown(lambda t: (d.assert_rank_in(t, [1, 2]), t)[1], 1.0)


def test_shapes():
    x, y, s = tf.zeros([4, 3]), tf.zeros([3, 2]), tf.constant(1.0)
    d.assert_shapes(
        [
            (x, ("N", "Q")),
            (y, ("Q", "D")),
            (s, ()),
            (s, (1,)),
            (x, (..., 3)),
            (y, ("*", 2)),
            (x, (None, ".")),
            (x, None),
            (y, "QD"),
        ]
    )
    d.assert_shapes([(tf.zeros([2, 5]), ("A", "B"))])
    for shapes, words in (
        (
            [(x, ("N", "N"))],
            (
                r"Specified by tensor shape=\(4, 3\) dtype=float32 dimension 0\.  Tensor .* dimension 1 must"
                r" have size 4\.  Received size 3"
            ),
        ),
        ([(x, (4, 2))], "Specified explicitly.*must have size 2"),
        ([(x, (4,))], "must have rank in"),
        ([(x, (4, 3, 1))], "must have rank 3"),
        ([(x, (4, ...))], "only allowed as the first entry"),
        ([(x, 4)], "Specified shape must be an iterable"),
    ):
        with pytest.raises(ValueError, match=words):
            d.assert_shapes(shapes)
    spec = [tf.TensorSpec([None, None]), tf.TensorSpec([None])]
    f = tf.function(
        lambda a, b: (d.assert_shapes([(a, ("N", "D")), (b, ("D",))]), tf.shape(a))[1],
        input_signature=spec,
        autograph=False,
    )
    assert f(tf.zeros([2, 3]), tf.zeros([3])).numpy().tolist() == [2, 3]
    with pytest.raises(Invalid, match="must have size"):
        f(tf.zeros([2, 3]), tf.zeros([4]))


# ------------------------------------------------------------------------------------------------------ types
def test_types():
    (
        d.assert_type(tf.constant(1.0), tf.float32),
        d.assert_integer(tf.constant(1, tf.uint8)),
        d.assert_proper_iterable([tf.constant(1)]),
    )
    for call, words in (
        (
            lambda: d.assert_type(tf.constant(1.0), tf.int32, "m"),
            r"m\.  tensor must be of type tf.int32; got tf.float32",
        ),
        (lambda: d.assert_integer(1.5), 'Expected "x" to be integer type'),
        (lambda: d.assert_proper_iterable(tf.constant([1])), '"proper" iterable'),
        (lambda: d.assert_proper_iterable("abc"), '"proper" iterable'),
        (lambda: d.assert_proper_iterable(1), "to be iterable"),
    ):
        with pytest.raises(TypeError, match=words):
            call()
    assert (
        d.is_numeric_tensor(tf.constant(1))
        and not d.is_numeric_tensor(tf.constant("a"))
        and not d.is_numeric_tensor(np.ones(2))
    )
    assert (
        d.assert_same_float_dtype([tf.constant(1.0), None, tf.constant(2.0)]) is tf.float32
        and d.assert_same_float_dtype() is tf.float32
    )
    with pytest.raises(ValueError, match="must be of the same type"):
        d.assert_same_float_dtype([tf.constant(1.0), tf.constant(1.0, tf.float64)])
    with pytest.raises(ValueError, match="Expected floating point type"):
        d.assert_same_float_dtype([tf.constant(1)])


# --------------------------------------------------------------------------------------------------- numerics
@pytest.mark.parametrize(
    ("values", "words"), [([1.0, np.nan], "NaN"), ([np.inf, 1.0], "Inf"), ([-np.inf, np.nan], "Inf and NaN")]
)
@pytest.mark.parametrize("wrap", [lambda f: f, graph], ids=["eager", "graph"])
def test_check_numerics(wrap, values, words):
    f = wrap(lambda x: d.check_numerics(x * 1.0, "loss") + 1.0)
    assert f(tf.constant([1.0, 2.0])).numpy().tolist() == [2.0, 3.0]
    with pytest.raises(Invalid, match=f"loss : Tensor had {words} values"):
        f(tf.constant(values))
    with pytest.raises(Invalid, match="m : Tensor had"):
        wrap(lambda x: d.assert_all_finite(x, "m"))(tf.constant(values))


def test_check_numerics_in_the_gradient():
    x = tf.constant([0.0, 1.0])
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = d.check_numerics(x, "x") * tf.constant([np.inf, 1.0])
    with pytest.raises(Invalid, match=r"detected in gradient\. x : Tensor had Inf"):
        tape.gradient(y, x)
    with pytest.raises(Invalid, match=r"Tensor had -Inf, \+Inf, and NaN values"):
        tf.raw_ops.CheckNumericsV2(tensor=[np.inf, -np.inf, np.nan], message="m")


@pytest.fixture
def checked():
    d.enable_check_numerics()
    yield
    d.disable_check_numerics()


def test_enable_check_numerics_when_eager(checked):
    x = tf.constant([-1.0, 0.0, 2.0])
    with pytest.raises(Invalid) as raised:
        tf.math.log(x)
    text = raised.value.message
    assert (
        '!!! Detected Infinity or NaN in output 0 of eagerly-executing op "Log" (# of outputs: 1) !!!' in text
    )
    assert (
        "# of -Inf elements: 1" in text
        and "# of +NaN elements: 1" in text
        and "Input tensor: tf.Tensor([-1.  0.  2.]" in text
    )
    assert text.endswith(" : Tensor had -Inf and NaN values")
    assert (x + 1.0).numpy().tolist() == [0.0, 1.0, 3.0]


def test_enable_check_numerics_in_functions(checked):
    f = graph(lambda x: tf.math.log(x) * 2.0 + 1.0)
    np.testing.assert_allclose(f(tf.constant([1.0, 2.0])), [1.0, 1 + 2 * np.log(2.0)], rtol=1e-6)
    with pytest.raises(Invalid) as raised:
        f(tf.constant([-1.0, 1.0]))
    assert (
        'output 0 of graph op "Log"' in raised.value.message and "test_debugging.py" in raised.value.message
    )


def test_disabled_check_numerics():
    d.enable_check_numerics()
    d.enable_check_numerics()
    d.disable_check_numerics()
    d.disable_check_numerics()
    assert np.isnan(tf.math.log(tf.constant(-1.0)))


# --------------------------------------------------------------------------------------------------- switches
def test_log_device_placement(caplog):
    assert not d.get_log_device_placement()
    d.set_log_device_placement(True)
    try:
        with caplog.at_level("WARNING", "headrace"):
            tf.constant(1.0) + 1.0
        assert d.get_log_device_placement() and any(
            "Executing op AddV2 in device" in r.message for r in caplog.records
        )
    finally:
        d.set_log_device_placement(False)
    caplog.clear()
    tf.constant(1.0) + 1.0
    assert not caplog.records


def test_traceback_filtering_switch():
    assert d.is_traceback_filtering_enabled()
    d.disable_traceback_filtering()
    assert not d.is_traceback_filtering_enabled()
    d.enable_traceback_filtering()


def test_dump_debug_info_is_not_available():
    with pytest.raises(tf.errors.UnimplementedError, match="enable_check_numerics"):
        d.experimental.enable_dump_debug_info("/nowhere")
    d.experimental.disable_dump_debug_info()


class TestUnknownDimensions:
    @pytest.mark.parametrize(
        "use",
        [
            lambda n: tf.zeros([2, n]),
            lambda n: tf.reshape(tf.ones([2]), [1, n]),
            lambda n: tf.fill([n], 1.0),
            lambda n: tf.random.normal([n, 2]),
            lambda n: tf.tile([1], [n]),
        ],
    )
    def test_where_a_number_is_needed(self, use):
        f = tf.function(lambda x: use(x.shape[0]), input_signature=[tf.TensorSpec([None], tf.float32)])
        with pytest.raises(TypeError, match=r"use tf\.shape\(x\)\[i\]"):
            f(tf.ones([3]))
        with pytest.raises(ValueError, match="unsupported type"):
            use(None)


def test_errors_found_while_compiling_name_the_line():
    def f():
        return tf.gather([1.0, 2.0], [5])  # here

    with pytest.raises(
        tf.errors.InvalidArgumentError, match=r"not in \[0, 2\).*defined at .*test_debugging.py"
    ):
        tf.function(f)()
