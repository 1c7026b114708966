"""Printing, Python callbacks, ordering ops: text as TensorFlow writes it, callbacks in functions."""

from __future__ import annotations

import logging
import sys

import numpy as np
import pytest

import headrace as tf


def graph(fn):
    return tf.function(fn, autograph=False)


# -------------------------------------------------------------------------------------------- tensors as text
NUMBERS = [
    (1.0, b"1", b"1"),
    (0.1, b"0.1", b"0.1"),
    (1 / 3, b"0.333333343", b"0.33333333333333331"),
    (1e10, b"1e+10", b"10000000000"),
    (123456789.0, b"123456792", b"123456789"),
    (1e-5, b"1e-05", b"1e-05"),
    (100000.0, b"100000", b"100000"),
    (1e6, b"1e+06", b"1000000"),
    (1234567.0, b"1234567", b"1234567"),
    (3.14159274, b"3.14159274", b"3.14159274"),
    (1e16, b"1e+16", b"1e+16"),
    (float("nan"), b"nan", b"nan"),
    (float("-inf"), b"-inf", b"-inf"),
    (-0.0, b"-0", b"-0"),
    (2.5, b"2.5", b"2.5"),
]


def text(value, summarize=3):
    return tf.raw_ops.StringFormat(
        inputs=[value], template="%s", placeholder="%s", summarize=summarize
    ).numpy()


@pytest.mark.parametrize(("value", "single", "double"), NUMBERS)
def test_numbers(value, single, double):
    assert text(tf.constant(value)) == single and text(tf.constant(value, tf.float64)) == double


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (np.array([0.1, 2.5], np.float16), b"[0.0999755859 2.5]"),
        (np.array([True, False]), b"[1 0]"),
        (np.array([-1, 2], np.int8), b"[-1 2]"),
        (np.array(["a", "b c", "it's\n\x01é"]), '["a" "b c" "it\\\'s\\n\\001é"]'.encode()),
        (np.array("plain"), b'"plain"'),
        (np.zeros([0]), b"[]"),
        (np.zeros([0, 3]), b"[]"),
        (np.arange(6), b"[0 1 2 3 4 5]"),
        (np.arange(7), b"[0 1 2 ... 4 5 6]"),
        (np.arange(8).reshape(2, 2, 2), b"[[[0 1]\n  [2 3]]\n\n [[4 5]\n  [6 7]]]"),
        (np.arange(20).reshape(10, 2), b"[[0 1]\n [2 3]\n [4 5]\n ...\n [14 15]\n [16 17]\n [18 19]]"),
        (
            np.arange(16).reshape(2, 2, 2, 2),
            (
                b"[[[[0 1]\n   [2 3]]\n\n  [[4 5]\n   [6 7]]]\n\n\n [[[8 9]\n   [10 11]]\n\n  [[12 13]\n  "
                b" [14 15]]]]"
            ),
        ),
    ],
)
def test_tensors(value, expected):
    assert text(tf.constant(value)) == expected


@pytest.mark.parametrize(
    ("summarize", "expected"),
    [(1, b"[0 ... 9]"), (0, b"[ ...]"), (-1, b"[0 1 2 3 4 5 6 7 8 9]"), (5, b"[0 1 2 3 4 5 6 7 8 9]")],
)
def test_summarize(summarize, expected):
    assert text(tf.range(10), summarize) == expected


# --------------------------------------------------------------------------------------------------- tf.print
@pytest.mark.parametrize("wrap", [lambda f: f, graph], ids=["eager", "graph"])
def test_print_nested(wrap, capfd):
    def f(x):
        tf.print(
            "a",
            x,
            {"b": tf.constant(1.5), "c": [tf.constant("s"), 3, "q"]},
            (1, tf.constant(2)),
            None,
            True,
            sep="|",
        )
        return x

    wrap(f)(tf.constant([1, 2]))
    out, err = capfd.readouterr()
    assert err == "a|[1 2]|{'b': 1.5, 'c': [\"s\", 3, 'q']}|(1, 2)|None|True\n" and out == ""


def test_print_plain_things(capsys):
    tf.print(tf.constant("hello"))
    tf.print("x", end="!\n")
    tf.print([tf.constant("hello")])
    tf.print("a{}b", 1.5, np.array([1, 2]), [1, 2, 3, 4, 5, 6, 7, 8], "it's")
    tf.print()
    tf.print(tf.Variable(3.0), tf.range(10), summarize=2)
    assert (
        capsys.readouterr().err
        == 'hello\nx!\n["hello"]\na{}b 1.5 array([1, 2]) [1, 2, 3, 4, 5, 6, 7, 8] it\'s\n\n3 [0 1 ... 8 9]\n'
    )


def test_print_streams(capsys, caplog, tmp_path):
    tf.print("out", output_stream=sys.stdout)
    path = tmp_path / "log.txt"
    for word in ("first", "second"):
        tf.print(word, output_stream=f"file://{path}")
    with caplog.at_level(logging.INFO, "headrace"):
        tf.print("quiet", output_stream=logging.INFO)
        tf.print("loud", output_stream=logging.error)
    assert capsys.readouterr().out == "out\n"
    assert path.read_text() == "first\nsecond\n"
    assert [(r.levelno, r.message) for r in caplog.records] == [
        (logging.INFO, "quiet"),
        (logging.ERROR, "loud"),
    ]
    with pytest.raises(ValueError, match="Unsupported output stream"):
        tf.print("x", output_stream="nowhere")


def test_print_in_a_loop_keeps_program_order(capsys):
    v = tf.Variable(0)

    @graph
    def f():
        def body(i):
            tf.print("i =", i)
            v.assign_add(i)
            return (i + 1,)

        tf.while_loop(lambda i: i < 3, body, [0])
        tf.print("v =", v)

    f()
    assert capsys.readouterr().err == "i = 0\ni = 1\ni = 2\nv = 3\n"


# ------------------------------------------------------------------------------------------------ py_function
@pytest.mark.parametrize("wrap", [lambda f: f, graph], ids=["eager", "graph"])
def test_py_function(wrap):
    seen = []

    def python(x, y):
        assert tf.executing_eagerly()
        seen.append((x.numpy().tolist(), y.numpy()))
        return x * 2.0, [y]

    def f(x):
        a, b = tf.py_function(python, [x, "text"], [tf.float32, tf.string])
        return tf.concat([tf.ensure_shape(a, [2]), x], 0), b

    for _ in range(2):
        a, b = wrap(f)(tf.constant([1.0, 2.0]))
        assert a.numpy().tolist() == [2.0, 4.0, 1.0, 2.0] and b.numpy() == b"text"
    assert seen == [([1.0, 2.0], b"text")] * 2


@pytest.mark.parametrize("wrap", [lambda f: f, graph], ids=["eager", "graph"])
def test_py_function_is_differentiable(wrap):
    runs = []

    def python(x, y):
        runs.append(1)
        return tf.sin(x) * y

    def f(x, y):
        with tf.GradientTape() as tape:
            tape.watch([x, y])
            z = tf.py_function(python, [x, y], tf.float32) * 3.0
        return tape.gradient(z, [x, y])

    run = wrap(f)
    for k in (1, 2):
        gx, gy = run(tf.constant(0.5), tf.constant(2.0))
        np.testing.assert_allclose([float(gx), float(gy)], [6 * np.cos(0.5), 3 * np.sin(0.5)], rtol=1e-6)
        assert len(runs) == k  # the gradient runs on the tape of the forward run, not the function again


def test_py_function_gradients_of_several_calls_do_not_mix():
    @graph
    def f(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = x
            for k in (2.0, 3.0):
                y = tf.py_function(lambda t, k=k: t**k, [y], tf.float32)
        return tape.gradient(y, x)

    np.testing.assert_allclose(f(tf.constant(1.5)), 6 * 1.5**5, rtol=1e-5)


def test_py_function_results():
    assert tf.py_function(lambda: None, [], []) == []
    assert tf.py_function(lambda x: 3, [1.0], tf.int64).dtype == tf.int64
    assert (
        graph(lambda: tf.py_function(lambda: [None], [], [tf.float32]))()[0].numpy() == 0.0
    )  # the gradient of what has none
    decorated = tf.py_function(Tout=tf.float32)(lambda x: x + 1.0)
    assert decorated(1.0).numpy() == 2.0
    shaped = graph(lambda x: tf.py_function(lambda t: t, [x], tf.TensorSpec([2], tf.float32)))
    assert shaped.get_concrete_function(tf.constant([1.0, 2.0])).output_shapes.as_list() == [2]


@pytest.mark.parametrize(
    ("function", "error", "words"),
    [
        (lambda x: 1 / 0, tf.errors.UnknownError, "ZeroDivisionError: division by zero"),
        (lambda x: x.missing, tf.errors.UnknownError, "AttributeError"),
        (lambda x: int("a"), tf.errors.InvalidArgumentError, "ValueError"),
        (lambda x: next(iter([])), tf.errors.OutOfRangeError, "StopIteration"),
        (lambda x: (x, x), tf.errors.InvalidArgumentError, "returns 2 values, but expects to see 1"),
        (lambda x: tf.constant(1), tf.errors.InvalidArgumentError, "requested dtype float32"),
    ],
)
@pytest.mark.parametrize("wrap", [lambda f: f, graph], ids=["eager", "graph"])
def test_py_function_errors(function, error, words, wrap):
    with pytest.raises(error, match=words):
        wrap(lambda x: tf.py_function(function, [x], tf.float32))(tf.constant(1.0))


def test_py_function_misuse():
    with pytest.raises(TypeError, match="Tout"):
        tf.py_function(lambda: 1, [])
    with pytest.raises(TypeError, match="Use a type or a list of types"):
        tf.py_function(lambda: 1, [], {"a": tf.int32})


# --------------------------------------------------------------------------------------------- numpy_function
@pytest.mark.parametrize("stateful", [True, False])
@pytest.mark.parametrize("wrap", [lambda f: f, graph], ids=["eager", "graph"])
def test_numpy_function(wrap, stateful):
    def python(x, n):
        assert isinstance(x, np.ndarray) and not isinstance(n, np.ndarray)
        x += 1.0  # an array of its own
        return np.sort(x)[:n]

    x = tf.constant([3.0, 1.0, 2.0])
    out = wrap(lambda t: tf.numpy_function(python, [t, 2], tf.float32, stateful=stateful) * 2.0)(x)
    assert out.numpy().tolist() == [4.0, 6.0] and x.numpy().tolist() == [3.0, 1.0, 2.0]


def test_numpy_function_results():
    f = graph(lambda: tf.numpy_function(lambda: (3, "text", True), [], [tf.int64, tf.string, tf.bool]))
    assert [t.numpy() for t in f()] == [3, b"text", True]
    with pytest.raises(
        tf.errors.InvalidArgumentError,
        match=r"0-th value returned by pyfunc_.* is float64, but expects float32",
    ):
        graph(lambda: tf.numpy_function(lambda: np.zeros(2), [], tf.float32))()
    with pytest.raises(tf.errors.UnknownError, match="ZeroDivisionError"):
        graph(lambda: tf.numpy_function(lambda: 1 / 0, [], tf.float32))()
    with pytest.raises(ZeroDivisionError):
        tf.numpy_function(lambda: 1 / 0, [], tf.float32)


def test_stateful_callbacks_run_though_nobody_takes_their_result():
    runs = []

    @graph
    def f():
        tf.numpy_function(lambda: runs.append(1) or 0, [], tf.int64)
        tf.py_function(lambda: runs.append(2), [], [])
        tf.numpy_function(lambda: runs.append(3) or 0, [], tf.int64, stateful=False)

    f()
    assert runs == [1, 2]


# -------------------------------------------------------------------------------------------- ordering, clock
def test_ordering_ops_are_nothing_when_eager():
    assert tf.no_op() is None and tf.group(tf.constant(1)) is None
    assert [t if t is None else int(t) for t in tf.tuple([tf.constant(1), None])] == [1, None]


def test_group_and_tuple_in_graphs():
    v = tf.Variable(1.0)

    @graph
    def f(x):
        op = tf.group(v.assign_add(x, read_value=False), [tf.no_op()], {"a": x}, None)
        assert isinstance(op, tf.Operation) and op.type == "NoOp"
        with tf.control_dependencies([op]):
            a, b = tf.tuple([x * 2.0, x * 3.0], control_inputs=[op])
        return a, b, v.read_value()

    assert [float(t) for t in f(tf.constant(5.0))] == [10.0, 15.0, 6.0]
    with pytest.raises(TypeError, match="zero or more"):
        graph(lambda: tf.group("a") or 1)()
    with pytest.raises(ValueError, match="at least one Tensor"):
        graph(lambda: tf.tuple([None]) and 1)()


def test_timestamp():
    import time

    f = graph(lambda: (tf.timestamp(), tf.timestamp()))
    a, b = f()
    assert a.dtype == tf.float64 and abs(float(a) - time.time()) < 60 and float(a) <= float(b)
    assert float(f()[0]) >= float(b)
