"""Gradients of higher orders through functions, branches and loops: every way of taking them agrees with calculus."""

from __future__ import annotations

import math

import numpy as np
import pytest

import headrace as tf


def derivatives(fn, x, orders, wrap=lambda f: f):
    """fn(x) and its derivatives up to `orders`, by nested tapes; `wrap` is applied to each of them."""

    def nested(x, order):
        if order == 0:
            return fn(x)
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = nested(x, order - 1)
        return tape.gradient(y, x, unconnected_gradients="zero")

    x = tf.constant(x)
    return [float(wrap(lambda x, k=k: nested(x, k))(x)) for k in range(orders + 1)]


def agree(fn, x, orders=2):
    """Tapes around eager code, inside of a function, around a function, and around a function inside of one."""
    expected = derivatives(fn, x, orders)
    compiled = lambda f: tf.function(f, autograph=False)
    for ways in ((fn, compiled), (compiled(fn), lambda f: f), (compiled(fn), compiled)):
        np.testing.assert_allclose(derivatives(ways[0], x, orders, ways[1]), expected, rtol=1e-4)
    return expected


def loop(condition, body, start):
    return tf.while_loop(condition, body, start)[-1]


class TestHigherOrders:
    def test_conditionals(self):
        def fn(x):
            return tf.cond(x > 1.0, lambda: x**4, lambda: tf.sin(x))

        np.testing.assert_allclose(agree(fn, 2.0), [16, 32, 48], rtol=1e-5)
        np.testing.assert_allclose(agree(fn, 0.5)[1:], [math.cos(0.5), -math.sin(0.5)], rtol=1e-5)

    @pytest.mark.parametrize("index", [0, 1, 2, 7])
    def test_a_switch_on_a_constant(self, index):
        agree(
            lambda x: tf.switch_case(tf.constant(index), [lambda: x**3, lambda: tf.exp(x), lambda: x * 1.5]),
            2.0,
        )

    def test_loops_of_known_and_unknown_length(self):
        agree(lambda x: loop(lambda i, y: i < 3, lambda i, y: (i + 1, y * y * x), (0, x)), 1.1)
        agree(lambda x: loop(lambda y: y < 50.0, lambda y: (y * x,), (x,)), 2.1)

    def test_loops_that_never_run(self):
        def fn(x):
            return loop(lambda i, y: i < 0, lambda i, y: (i + 1, y * y * x), (0, x * x))

        assert agree(fn, 3.0) == [9.0, 6.0, 2.0]

    def test_loops_in_loops(self):
        def known(i, y):
            return i + 1, loop(lambda j, z: j < i + 1, lambda j, z: (j + 1, z * x0 + tf.sin(z)), (0, y))

        def unknown(i, y):
            return i + 1, loop(lambda z: z < 10.0, lambda z: (z * x0 + 1.0,), (y / 4.0,))

        for body, x in ((known, 0.7), (unknown, 1.3)):

            def fn(x, body=body):
                nonlocal x0
                x0 = x
                return loop(lambda i, y: i < 3, body, (0, x))

            x0 = None
            agree(fn, x)

    def test_tensor_arrays(self):
        def fn(x):
            array = tf.TensorArray(tf.float32, size=4)
            _, array, y = tf.while_loop(
                lambda i, *_: i < 4, lambda i, a, y: (i + 1, a.write(i, y * y), y * x), (0, array, x)
            )
            return tf.reduce_sum(array.stack()) * y

        agree(fn, 1.1)

    def test_folds(self):
        agree(
            lambda x: tf.foldr(lambda a, e: a * e + x * x, tf.constant([1.0, 2.0, 3.0]), initializer=x), 0.5
        )
        agree(lambda x: tf.reduce_sum(tf.map_fn(lambda e: tf.sin(e * x), tf.constant([1.0, 2.0, 3.0]))), 0.5)


class TestPersistentTapesOfFunctions:
    def test_differentiate_their_own_gradient(self):
        @tf.function
        def f(x):
            return tf.sin(tf.exp(x))

        x = tf.constant(0.3)
        with tf.GradientTape(persistent=True) as tape:
            tape.watch(x)
            first = tape.gradient(f(x), x)
            second = tape.gradient(first, x)
        e = math.exp(0.3)
        assert float(second) == pytest.approx(e * math.cos(e) - e * e * math.sin(e), rel=1e-5)
        assert tape.gradient(second, x) is not None

    def test_of_too_high_an_order_is_an_error_where_the_function_cannot_run_again(self):
        v = tf.Variable(2.0)

        @tf.function
        def f(x):
            return tf.sin(tf.exp(x * v))

        x = tf.constant(0.3)
        with tf.GradientTape(persistent=True) as tape:
            tape.watch(x)
            first = tape.gradient(f(x), x)
            second = tape.gradient(first, x)
            try:
                third = tape.gradient(second, x)
            except LookupError as error:
                assert "one tape per order" in str(error)  # noqa: PT017 (either is right)
            else:
                assert np.isfinite(third)
