"""NaN and infinity in what sessions run: who made the first."""

from __future__ import annotations

import numpy as np
import pytest

import headrace as tf

v1 = tf.compat.v1
Invalid = tf.errors.InvalidArgumentError


@pytest.fixture
def watched():
    yield
    tf.debugging.disable_check_numerics()


def build():
    x = v1.placeholder(tf.float32, [None], name="x")
    w = v1.get_variable("w", initializer=np.float32(2.0))
    y = tf.math.log(x * w, name="logarithm")  # line A
    _, z = tf.while_loop(
        lambda i, a: i < 3,
        lambda i, a: (i + 1, tf.sqrt(a - 1.0, name="root")),  # line B
        [0, y],
    )
    return x, tf.reduce_sum(z, name="loss")


@pytest.mark.parametrize("first", [True, False], ids=["before the graph", "after the graph"])
def test_names_the_first_op_and_its_line(watched, first):
    with tf.Graph().as_default(), v1.Session() as sess:
        if first:
            tf.debugging.enable_check_numerics()
        x, loss = build()
        sess.run(v1.global_variables_initializer())
        call = sess.make_callable(loss, [x])
        if not first:
            assert np.isnan(sess.run(loss, {x: [-1.0]})) and np.isnan(call([-1.0]))
            tf.debugging.enable_check_numerics()
        for run in (lambda v: sess.run(loss, {x: v}), call):
            with pytest.raises(
                Invalid, match=r'"Log"(.|\n)*had NaN values(.|\n)*logarithm(.|\n)*test_numerics.py'
            ):
                run([-1.0])
            with pytest.raises(Invalid, match=r'"Sqrt"(.|\n)*had NaN values(.|\n)*test_numerics.py'):
                run([1.0])
            assert np.isfinite(run([1e30]))
            with pytest.raises(Invalid, match=r'"Log"(.|\n)*had -Inf values'):
                run([0.0])
        tf.debugging.disable_check_numerics()
        if first:
            return  # the loop's body was traced with its checks, and keeps them
        assert np.isnan(sess.run(loss, {x: [-1.0]})) and np.isnan(call([-1.0]))


def test_training(watched):
    tf.debugging.enable_check_numerics()
    with tf.Graph().as_default(), v1.Session() as sess:
        w = v1.get_variable("w", initializer=np.float32([1.0, 2.0]))
        loss = tf.reduce_sum(tf.math.log(w))
        step = v1.train.GradientDescentOptimizer(0.5).minimize(loss)
        sess.run(v1.global_variables_initializer())
        with pytest.raises(Invalid, match="Log"):
            for _ in range(20):
                sess.run([step, loss])


def test_checks_compile_with_the_rest():
    with tf.Graph().as_default(), v1.Session() as sess:
        x = v1.placeholder(tf.float32, [2])
        y = tf.debugging.check_numerics(tf.sqrt(x), "root") * 2.0
        for values, words in (([1.0, -1.0], "NaN"), ([np.inf, 1.0], "Inf"), ([np.inf, -1.0], "Inf and NaN")):
            with pytest.raises(Invalid, match=f"root : Tensor had {words} values"):
                sess.run(y, {x: values})
        assert sess.run(y, {x: [1.0, 4.0]}).tolist() == [2.0, 4.0]
        (run, _), *_ = sess._plans.values()
        assert run.plan.view.memo["program"].direct is not None


@pytest.mark.parametrize("dtype", [tf.float16, tf.bfloat16, tf.float64])
def test_types(dtype):
    f = tf.function(lambda x: tf.debugging.check_numerics(x * 1, "x"))
    assert f(tf.constant([1.0, 65504.0], dtype)).dtype == dtype
    with pytest.raises(Invalid, match="x : Tensor had Inf and NaN"):
        f(tf.constant([-np.inf, np.nan], dtype))
    assert f(tf.zeros([0, 3], dtype)).shape == [0, 3]


def test_in_branches_and_loop_conditions():
    @tf.function
    def branch(x):
        if tf.reduce_sum(x) > 0:
            return tf.debugging.check_numerics(1.0 / x, "positive")
        return tf.debugging.check_numerics(tf.sqrt(x), "negative")

    assert branch(tf.constant([1.0])).numpy() == 1.0
    with pytest.raises(Invalid, match="negative"):
        branch(tf.constant([-1.0]))

    @tf.function
    def loop(x):
        while tf.reduce_max(tf.debugging.check_numerics(x, "condition")) < 100.0:
            x = x * x
        return x

    assert loop(tf.constant([2.0])).numpy() == 256.0
    with pytest.raises(Invalid, match="condition"):
        loop(tf.constant([np.nan, 2.0]))


def test_programs_that_must_compile_check_nothing():
    f = tf.function(lambda x: tf.debugging.check_numerics(tf.sqrt(x), "root"), jit_compile=True)
    assert np.isnan(f(tf.constant(-1.0)))


def test_add_check_numerics_ops():
    with tf.Graph().as_default(), v1.Session() as sess:
        x = v1.placeholder(tf.float32, [])
        tf.math.log(x, name="log")
        checks = v1.add_check_numerics_ops()
        sess.run(checks, {x: 1.0})
        with pytest.raises(Invalid, match="log:0 : Tensor had NaN"):
            sess.run(checks, {x: -1.0})


def test_gradients_name_the_op_that_was_differentiated(watched):
    with tf.Graph().as_default() as graph, v1.Session() as sess:
        v = v1.get_variable("v", initializer=[0.0, 1.0])
        loss = tf.reduce_sum(tf.sqrt(v, name="net/root"))
        step = v1.train.GradientDescentOptimizer(1.0).minimize(loss)
        sess.run(v1.global_variables_initializer())
        tf.debugging.enable_check_numerics()
        with pytest.raises(Invalid, match='"SqrtGrad"') as caught:
            sess.run(step)
        lines = caught.value.message.splitlines()
        at = lines.index("  It is part of the gradient of 'net/root':")
        assert lines[at + 1].endswith(graph.get_operation_by_name("net/root").site[-30:])
        assert lines[at - 1].strip("+ ") != lines[at + 1].strip("+ ")
