"""The gradient of a weight that a loop uses in every iteration is one product after the loop, and the same as before."""

import numpy as np
import pytest

import headrace as tf
from headrace.compiler import sums
from headrace.compiler.lower import Lowering

X = np.random.RandomState(0).randn(7, 2, 20).astype(np.float32)
W = np.random.RandomState(1).randn(20, 20).astype(np.float32) * 0.3


def recur(x, w, steps):
    """tanh(state @ w + x[i]) over and over; its gradient adds up state.T @ g."""

    def body(i, h):
        return i + 1, tf.tanh(tf.matmul(h, w) + x[i])

    _, h = tf.while_loop(lambda i, h: i < steps, body, (tf.constant(0), tf.zeros_like(x[0])))
    return tf.reduce_sum(h * h)


def reference():
    w = tf.Variable(W)
    with tf.GradientTape() as tape:
        h = tf.zeros([2, 20])
        for x in X:
            h = tf.tanh(tf.matmul(h, w) + x)
        loss = tf.reduce_sum(h * h)
    return tape.gradient(loss, w).numpy()


@pytest.fixture
def kept(monkeypatch):
    """How many sums each lowered loop put off."""
    found = []
    inner = Lowering.loop

    def loop(self, *args):
        watched = len(self.watched)
        result = inner(self, *args)
        found.append(len(self.watched) - watched)
        return result

    monkeypatch.setattr(Lowering, "loop", loop)
    return found


@pytest.mark.parametrize("shape", [(7, 2, 20), (None, None, 20)])
def test_gradient_of_a_weight(shape, kept):
    @tf.function(input_signature=[tf.TensorSpec(shape), tf.TensorSpec([20, 20])])
    def gradient(x, w):
        with tf.GradientTape() as tape:
            tape.watch(w)
            loss = recur(x, w, tf.shape(x)[0])
        return tape.gradient(loss, w)

    np.testing.assert_allclose(gradient(tf.constant(X), tf.constant(W)), reference(), rtol=1e-4, atol=1e-5)
    assert max(kept) == 1


def test_loop_that_ends_early():
    @tf.function
    def gradient(x, w, limit):
        def body(i, h):
            return i + 1, tf.tanh(tf.matmul(h, w) + x[i])

        with tf.GradientTape() as tape:
            tape.watch(w)
            _, h = tf.while_loop(
                lambda i, h: (i < 7) & (i < limit), body, (tf.constant(0), tf.zeros_like(x[0]))
            )
            loss = tf.reduce_sum(h * h)
        return tape.gradient(loss, w)

    @tf.function
    def three(x, w):
        with tf.GradientTape() as tape:
            tape.watch(w)
            loss = recur(x[:3], w, 3)
        return tape.gradient(loss, w)

    x, w = tf.constant(X), tf.constant(W)
    np.testing.assert_allclose(gradient(x, w, tf.constant(3)), three(x, w), rtol=1e-4, atol=1e-5)


def test_sums_that_somebody_looks_at_stay():
    """A forward loop that adds up products, and uses the sum on the way."""

    @tf.function
    def f(a):
        def body(i, total):
            return i + 1, total + tf.matmul(a, a + total[0, 0], transpose_a=True)

        return tf.while_loop(lambda i, _: i < 3, body, (tf.constant(0), tf.zeros([20, 20])))[1]

    a, total = X[0] * 0.1, np.zeros([20, 20], np.float32)
    for _ in range(3):
        total = total + a.T @ (a + total[0, 0])
    np.testing.assert_allclose(f(tf.constant(a)), total, rtol=1e-4, atol=1e-5)


def test_sums_of_products_in_a_forward_loop(kept):
    @tf.function
    def f(a, start):
        def body(i, total):
            return i + 1, total + tf.matmul(a[i], 2.0 * a[i], transpose_a=True)

        return tf.while_loop(lambda i, _: i < 7, body, (tf.constant(0), start))[1]

    expected = 1.0 + sum(2 * x.T @ x for x in X)
    np.testing.assert_allclose(f(tf.constant(X), tf.ones([20, 20])), expected, rtol=1e-4, atol=1e-4)
    assert kept == [1]


def test_small_sums_stay():
    wide = np.zeros([50, 4], np.float32)
    assert sums.rows((3, 5, 4)) == (15, 4)

    @tf.function
    def f(a):
        def body(i, total):
            return i + 1, total + tf.matmul(a, a, transpose_a=True)

        return tf.while_loop(lambda i, _: i < 3, body, (tf.constant(0), tf.zeros([4, 4])))[1]

    np.testing.assert_array_equal(f(tf.constant(wide)), np.zeros([4, 4]))


def test_large_constants_are_held():
    """They are parameters of programs, and the same in every run, also beside steps on the host."""
    large = np.random.RandomState(0).randn(100, 100).astype(np.float32)

    @tf.function
    def f(x, text):
        return tf.matmul(x, tf.constant(large)) + tf.cast(tf.strings.length(text), tf.float32)

    @tf.function
    def g(x):
        return tf.matmul(x, tf.constant(large)) + tf.gather(tf.constant(large), [3])

    x = np.ones([2, 100], np.float32)
    for size in (1, 2, 3):
        np.testing.assert_allclose(f(x, "a" * size), x @ large + size, rtol=1e-4)
        np.testing.assert_allclose(g(x * size), x @ large * size + large[3], rtol=1e-3, atol=1e-4)
