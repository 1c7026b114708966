"""cond, case, switch_case, while_loop, TensorArray, map_fn, scan, folds: eager, traced, and their gradients."""

from __future__ import annotations

import numpy as np
import pytest

import headrace as tf
from headrace.compiler.program import program_of


def both(fn, *args):
    """The result, eager and traced, which must agree."""
    eager = fn(*args)
    traced = tf.function(fn, autograph=False)(*args)
    for a, b in zip(tf.nest.flatten(eager), tf.nest.flatten(traced)):
        np.testing.assert_allclose(a, b, rtol=1e-5)
    return eager


def gradients(fn, *args):
    """Gradients of sum(fn) eager; through a traced call; and taken inside a traced function. All must agree."""

    def gradient(f):
        with tf.GradientTape() as tape:
            tape.watch(args)
            y = f(*args)
        return tape.gradient(y, list(args), unconnected_gradients="zero")

    def inside(*inner):
        with tf.GradientTape() as tape:
            tape.watch(inner)
            y = fn(*inner)
        return tape.gradient(y, list(inner), unconnected_gradients="zero")

    eager = gradient(fn)
    for other in (gradient(tf.function(fn, autograph=False)), tf.function(inside, autograph=False)(*args)):
        for a, b in zip(eager, other):
            np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-6)
    return [np.asarray(g) for g in eager]


def compiles_whole(fn, *args):
    traced = tf.function(fn, autograph=False)
    traced(*args)
    program = program_of(traced.get_concrete_function(*args).graph)
    return [type(s).__name__ for s in program.steps] == ["Cluster"]


class TestConditionals:
    def test_cond(self):
        f = lambda x: tf.cond(tf.reduce_sum(x) > 0.0, lambda: x * 2.0, lambda: x - 1.0)
        np.testing.assert_allclose(both(f, tf.constant([1.0, 2.0])), [2, 4])
        np.testing.assert_allclose(both(f, tf.constant([-1.0, 0.0])), [-2, -1])
        assert compiles_whole(f, tf.constant([1.0, 2.0]))

    def test_gradient(self):
        f = lambda x, y: tf.cond(tf.reduce_sum(x) > 0.0, lambda: tf.exp(x) * y, lambda: y * y)
        x, y = tf.constant([1.0, 2.0]), tf.constant([3.0, 4.0])
        gx, gy = gradients(f, x, y)
        np.testing.assert_allclose(gx, np.exp([1, 2]) * [3, 4], rtol=1e-5)
        gx, gy = gradients(f, -x, y)
        np.testing.assert_allclose(gx, [0, 0])
        np.testing.assert_allclose(gy, [6, 8])

    def test_nested(self):
        f = lambda x: tf.cond(x > 0.0, lambda: tf.cond(x > 5.0, lambda: x * 3.0, lambda: x * x), lambda: -x)
        for v, g in ((6.0, 3.0), (2.0, 4.0), (-1.0, -1.0)):
            assert gradients(f, tf.constant(v))[0] == g

    def test_variables_assigned_in_a_branch(self):
        v = tf.Variable(0.0)

        @tf.function
        def f(flag):
            tf.cond(flag, lambda: v.assign_add(1.0), lambda: v.assign_sub(10.0))
            return v.read_value()

        assert float(f(tf.constant(True))) == 1.0
        assert float(f(tf.constant(False))) == -9.0

    def test_switch_case(self):
        f = lambda i, x: tf.switch_case(
            i, [lambda: x, lambda: x * 2.0, lambda: x * 3.0], default=lambda: x * 0.0
        )
        for i, want in ((0, 1.0), (1, 2.0), (2, 3.0), (7, 0.0), (-1, 0.0)):
            assert float(both(f, tf.constant(i), tf.constant(1.0))) == want
        g = tf.function(lambda i, x: tf.switch_case(i, {0: lambda: x, 2: lambda: x * x}))
        x = tf.constant(3.0)
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = g(tf.constant(2), x)
        assert float(tape.gradient(y, x)) == 6.0

    def test_case(self):
        f = lambda x: tf.case([(x < 1.0, lambda: x + 10.0), (x < 5.0, lambda: x + 20.0)], default=lambda: x)
        for v, want in ((0.0, 10.0), (2.0, 22.0), (9.0, 9.0)):
            assert float(both(f, tf.constant(v))) == want

    def test_bad_branches(self):
        with pytest.raises(TypeError, match="callable"):
            tf.cond(tf.constant(True), 1, 2)
        f = tf.function(lambda p: tf.cond(p, lambda: tf.constant(1), lambda: tf.constant(1.0)))
        with pytest.raises(TypeError, match="same number, type"):
            f(tf.constant(True))
        g = tf.function(
            lambda p: tf.cond(p, lambda: (tf.constant(1), tf.constant(2)), lambda: tf.constant(1))
        )
        with pytest.raises((TypeError, ValueError)):
            g(tf.constant(True))


class TestLoops:
    def test_values_and_whole_compilation(self):
        f = lambda x: tf.while_loop(lambda i, y: i < 5, lambda i, y: (i + 1, y * x), (0, x))[1]
        np.testing.assert_allclose(both(f, tf.constant([2.0, 3.0])), [64, 729])
        assert compiles_whole(f, tf.constant([2.0]))

    def test_gradient_with_known_and_unknown_trip_counts(self):
        f = lambda x: tf.while_loop(lambda i, y: i < 4, lambda i, y: (i + 1, y * x), (0, tf.ones_like(x)))[1]
        np.testing.assert_allclose(gradients(f, tf.constant([2.0, 3.0]))[0], [32, 108])
        g = lambda x: tf.while_loop(lambda y: tf.reduce_sum(y) < 100.0, lambda y: (y * x,), (x,))[0]
        np.testing.assert_allclose(gradients(g, tf.constant([2.0, 3.0]))[0], [5 * 16, 5 * 81])

    def test_second_order(self):
        def f(x):
            with tf.GradientTape() as tape:
                tape.watch(x)
                y = tf.while_loop(lambda i, y: i < 4, lambda i, y: (i + 1, y * x), (0, tf.ones_like(x)))[1]
            return tape.gradient(y, x)

        np.testing.assert_allclose(gradients(f, tf.constant([2.0]))[0], [48])

    def test_captured_variable(self):
        v = tf.Variable(2.0)

        @tf.function
        def f():
            with tf.GradientTape() as tape:
                y = tf.while_loop(lambda i, y: i < 3, lambda i, y: (i + 1, y * v), (0, 1.0))[1]
            return tape.gradient(y, v)

        assert float(f()) == 12.0

    def test_variable_assigned_in_the_body(self):
        v = tf.Variable(1.0)

        @tf.function
        def f(n):
            tf.while_loop(lambda i: i < n, lambda i: (i + v.assign_add(1.0) * 0.0 + 1.0,), (0.0,))
            return v.read_value()

        assert float(f(tf.constant(3.0))) == 4.0

    def test_shape_invariants(self):
        f = lambda: tf.while_loop(
            lambda i, x: i < 3,
            lambda i, x: (i + 1, tf.concat([x, [1.0]], 0)),
            (0, tf.zeros([1])),
            shape_invariants=(tf.TensorShape([]), tf.TensorShape([None])),
        )[1]
        np.testing.assert_allclose(both(f), [0, 1, 1, 1])
        g = tf.function(
            lambda: tf.while_loop(
                lambda i, x: i < 3, lambda i, x: (i + 1, tf.concat([x, [1.0]], 0)), (0, tf.zeros([1]))
            )
        )
        with pytest.raises(ValueError, match="shape_invariants"):
            g()

    def test_maximum_iterations(self):
        f = lambda n: tf.while_loop(lambda i: True, lambda i: (i + 1,), (0,), maximum_iterations=n)[0]
        assert int(both(f, tf.constant(7))) == 7

    def test_nested_loops(self):
        def f(x):
            def outer(i, y):
                return i + 1, tf.while_loop(lambda j, z: j < 2, lambda j, z: (j + 1, z * x), (0, y))[1]

            return tf.while_loop(lambda i, y: i < 3, outer, (0, tf.ones_like(x)))[1]

        np.testing.assert_allclose(both(f, tf.constant([2.0])), [64])
        np.testing.assert_allclose(gradients(f, tf.constant([2.0]))[0], [6 * 32])

    def test_cond_in_a_loop(self):
        f = lambda x: tf.while_loop(
            lambda i, y: i < 4,
            lambda i, y: (i + 1, tf.cond(i % 2 == 0, lambda: y * x, lambda: y + x)),
            (0, tf.ones_like(x)),
        )[1]
        np.testing.assert_allclose(both(f, tf.constant([2.0])), [10])
        np.testing.assert_allclose(gradients(f, tf.constant([2.0]))[0], [9])

    def test_type_change_is_an_error(self):
        g = tf.function(lambda: tf.while_loop(lambda i: i < 3, lambda i: (tf.cast(i, tf.float32),), (0,)))
        with pytest.raises(TypeError, match="enters the loop with type"):
            g()


class TestTensorArray:
    def test_write_read_stack(self):
        def f(x):
            a = tf.TensorArray(tf.float32, size=3)
            _, a = tf.while_loop(
                lambda i, a: i < 3, lambda i, a: (i + 1, a.write(i, x * tf.cast(i, tf.float32))), (0, a)
            )
            return a.stack(), a.read(1), a.size()

        stacked, _one, size = both(f, tf.constant([1.0, 2.0]))
        np.testing.assert_allclose(stacked, [[0, 0], [1, 2], [2, 4]])
        assert int(size) == 3
        assert compiles_whole(f, tf.constant([1.0]))

    def test_gradient(self):
        def f(x):
            a = tf.TensorArray(tf.float32, size=3, clear_after_read=False).unstack(x)
            b = tf.TensorArray(tf.float32, size=3)
            _, b = tf.while_loop(
                lambda i, b: i < 3,
                lambda i, b: (i + 1, b.write(i, tf.sin(a.read(i)) * a.read(2 - i))),
                (0, b),
            )
            return b.stack()

        x = np.array([1.0, 2.0, 3.0], np.float32)
        (g,) = gradients(f, tf.constant(x))
        r = x[::-1]
        np.testing.assert_allclose(g, np.cos(x) * r + np.sin(r), rtol=1e-5)

    def test_dynamic_size(self):
        def f(n):
            a = tf.TensorArray(tf.int32, size=0, dynamic_size=True)
            _, a = tf.while_loop(lambda i, a: i < n, lambda i, a: (i + 1, a.write(i, i * i)), (0, a))
            return a.stack()

        np.testing.assert_array_equal(both(f, tf.constant(4)), [0, 1, 4, 9])

    def test_concat_gather_scatter_split(self):
        a = tf.TensorArray(tf.float32, size=2).unstack(tf.constant([[1.0, 2.0], [3.0, 4.0]]))
        np.testing.assert_allclose(a.concat(), [1, 2, 3, 4])
        np.testing.assert_allclose(a.gather([1]), [[3, 4]])
        b = tf.TensorArray(tf.float32, size=2).scatter([1, 0], tf.constant([5.0, 6.0]))
        np.testing.assert_allclose(b.stack(), [6, 5])
        c = tf.TensorArray(tf.float32, size=2, infer_shape=False).split(tf.constant([1.0, 2.0, 3.0]), [1, 2])
        np.testing.assert_allclose(c.read(1), [2, 3])

    def test_errors(self):
        a = tf.TensorArray(tf.float32, size=2)
        with pytest.raises(tf.errors.OutOfRangeError):
            a.read(5)
        with pytest.raises(ValueError, match="dtype"):
            a.write(0, tf.constant(1))
        with pytest.raises(ValueError, match=r"[Ii]nconsistent"):
            tf.TensorArray(tf.float32, size=2, element_shape=[2]).write(0, tf.ones([3]))


class TestHigherOrder:
    def test_map_fn(self):
        np.testing.assert_array_equal(
            both(lambda x: tf.map_fn(lambda v: v * v, x), tf.constant([1, 2, 3])), [1, 4, 9]
        )
        pair = both(
            lambda x: tf.map_fn(
                lambda v: (v, tf.cast(v, tf.float32) / 2.0), x, fn_output_signature=(tf.int32, tf.float32)
            ),
            tf.constant([1, 2]),
        )
        np.testing.assert_allclose(pair[1], [0.5, 1])
        np.testing.assert_allclose(
            gradients(lambda x: tf.map_fn(lambda v: v * v, x), tf.constant([1.0, 2.0]))[0], [2, 4]
        )

    def test_scan(self):
        np.testing.assert_array_equal(
            both(lambda x: tf.scan(lambda a, v: a + v, x), tf.constant([1, 2, 3])), [1, 3, 6]
        )
        np.testing.assert_array_equal(
            both(lambda x: tf.scan(lambda a, v: a + v, x, reverse=True), tf.constant([1, 2, 3])), [6, 5, 3]
        )
        np.testing.assert_allclose(
            gradients(lambda x: tf.scan(lambda a, v: a * v, x), tf.constant([2.0, 3.0, 4.0]))[0],
            [1 + 3 + 12, 2 + 8, 6],
        )

    def test_folds(self):
        assert int(both(lambda x: tf.foldl(lambda a, v: a * 2 + v, x), tf.constant([1, 2, 3]))) == 11
        assert int(both(lambda x: tf.foldr(lambda a, v: a * 2 + v, x), tf.constant([1, 2, 3]))) == 17
        assert (
            int(both(lambda x: tf.foldl(lambda a, v: a + v, x, initializer=10), tf.constant([1, 2, 3]))) == 16
        )

    def test_random_numbers_differ_between_iterations(self):
        @tf.function
        def f():
            a = tf.TensorArray(tf.float32, size=4)
            _, a = tf.while_loop(
                lambda i, a: i < 4, lambda i, a: (i + 1, a.write(i, tf.random.uniform([]))), (0, a)
            )
            return a.stack()

        first, second = f().numpy(), f().numpy()
        assert len(set(first)) == 4 and set(first) != set(second)


class TestConditionsAndShapes:
    def test_a_condition_may_write_variables(self):
        v = tf.Variable(0)
        f = tf.function(
            lambda: tf.while_loop(lambda i: v.assign_add(1) < 5, lambda i: (i + 1,), (tf.constant(0),))
        )
        assert int(f()[0]) == 4 and int(v) == 5

    def test_predicates_of_one_element(self):
        f = tf.function(lambda p: tf.cond(p, lambda: 1, lambda: 2), autograph=False)
        assert int(f(tf.constant([True]))) == 1
        with pytest.raises(ValueError, match="scalar"):
            f(tf.constant([True, False]))

    def test_lists_of_one_stay_lists(self):
        for wrap in (tf.function, lambda f: f):
            assert isinstance(wrap(lambda p: tf.cond(p, lambda: [1], lambda: [2]))(tf.constant(True)), list)
            assert isinstance(
                wrap(lambda i: tf.switch_case(i, [lambda: (1,), lambda: (2,)]))(tf.constant(0)), tuple
            )

    def test_a_branch_that_does_not_run_need_not_fit(self):
        @tf.function
        def f(x):
            with tf.GradientTape() as tape:
                tape.watch(x)
                y = tf.cond(tf.reduce_sum(x) > 2, lambda: x * x, lambda: tf.concat([x, x * x * 3], 0))
                z = tf.reduce_sum(y * y)
            return tape.gradient(z, x)

        assert f(tf.ones([3])).numpy().tolist() == [4.0] * 3
        assert f(tf.ones([1])).numpy().tolist() == [38.0]


class TestTensorArraysInPrograms:
    def test_indices_are_checked(self):
        write = tf.function(lambda i: tf.TensorArray(tf.float32, 2, element_shape=[]).write(i, 1.0).stack())
        read = tf.function(lambda x, i: tf.TensorArray(tf.float32, 2).unstack(x).read(i))
        assert write(tf.constant(1)).numpy().tolist() == [0.0, 1.0]
        for call in (
            lambda: write(tf.constant(5)),
            lambda: read(tf.constant([1.0, 2.0]), tf.constant(-1)),
            tf.function(lambda: tf.TensorArray(tf.float32, 2).write(2, 1.0).stack()),
            tf.function(lambda: tf.TensorArray(tf.float32, 0).write(0, 1.0).stack()),
        ):
            with pytest.raises(tf.errors.InvalidArgumentError):
                call()

    def test_loops_over_nothing_know_the_shape_of_an_element(self):
        @tf.function
        def f(x):
            return tf.map_fn(lambda e: e * 2.0, x), tf.scan(lambda a, e: a + e, x, initializer=tf.zeros([2]))

        assert [r.shape.as_list() for r in f(tf.zeros([0, 2]))] == [[0, 2], [0, 2]]
