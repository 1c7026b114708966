"""tf.Variable: reads, writes and the memory behind them, shared between eager code, functions and threads."""

from __future__ import annotations

import threading

import numpy as np
import pytest

import headrace as tf


def in_threads(*functions):
    """Runs the functions at the same time; returns the errors."""
    errors = []

    def run(function):
        try:
            function()
        except Exception as error:  # noqa: BLE001 (whatever it is, the test shows it)
            errors.append(error)

    threads = [threading.Thread(target=run, args=(f,)) for f in functions]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    return errors


class TestThreads:
    def test_no_update_is_lost_and_no_donated_buffer_is_met(self):
        v = tf.Variable(tf.zeros([1000]))
        ones = tf.ones([1000])
        update = tf.function(lambda: v.assign_add(ones))
        total = tf.function(lambda: tf.reduce_sum(v))
        update()
        total()

        def repeat(f):
            return lambda: [f() for _ in range(60)]

        assert not in_threads(
            repeat(update), repeat(update), repeat(total), repeat(v.numpy), repeat(lambda: v.assign_add(ones))
        )
        assert v.numpy().tolist() == [181.0] * 1000

    def test_one_thread_traces_while_the_others_wait(self):
        made = []

        @tf.function
        def f(x):
            if not made:
                made.append(tf.Variable(1.0))
            made[0].assign_add(x)
            return made[0] * 1.0

        assert not in_threads(*[lambda: f(tf.constant(1.0))] * 6)
        assert len(made) == 1 and f.experimental_get_tracing_count() == 1
        assert float(made[0]) == 7.0


class TestMemory:
    def test_what_was_read_stays(self):
        v = tf.Variable([1.0, 2.0])
        step = tf.function(lambda: v.assign_add([1.0, 1.0]))
        step()
        held = [v.read_value(), v.numpy(), np.asarray(v), v[0:2], step(), tf.identity(v)]
        for _ in range(3):
            step()
        assert [np.asarray(h).tolist() for h in held] == [[2.0, 3.0]] * 4 + [[3.0, 4.0]] * 2
        assert v.numpy().tolist() == [6.0, 7.0]

    def test_variables_swap_and_share_values(self):
        a, b = tf.Variable([1.0]), tf.Variable([2.0])

        @tf.function
        def swap():
            old = a.read_value()
            a.assign(b)
            b.assign(old)

        for _ in range(3):
            swap()
        assert (float(a[0]), float(b[0])) == (2.0, 1.0)
        a.assign(b)
        a.assign_add([5.0])
        assert (float(a[0]), float(b[0])) == (6.0, 1.0)

    def test_one_variable_passed_twice(self):
        v = tf.Variable(1.0)

        @tf.function
        def f(a, b):
            a.assign_add(1.0)
            b.assign_add(2.0)
            return a + b

        assert [float(f(v, v)), float(f(v, v)), float(v)] == [8.0, 14.0, 7.0]


class TestLoad:
    def test_replaces_the_value(self):
        v = tf.Variable([1.0, 2.0])
        v.load([3.0, 4.0])
        assert v.numpy().tolist() == [3.0, 4.0]

    def test_says_that_a_session_means_nothing(self):
        v = tf.Variable(1.0)
        with pytest.raises(ValueError, match="Leave `session` out"):
            v.load(2.0, session=object())
        assert float(v) == 1.0


class TestMadeFromArguments:
    def test_one_variable_of_the_first_call(self):
        made = []

        @tf.function
        def f(x):
            if not made:
                made.append(tf.Variable(x * 2.0))
            return made[0] + x

        assert [float(f(tf.constant(v))) for v in (3.0, 4.0)] == [9.0, 10.0]
        assert float(made[0]) == 6.0 and f.experimental_get_tracing_count() == 1

    def test_values_that_tracing_does_not_have(self):
        made = []

        @tf.function
        def f(x):
            if not made:
                made.append(tf.Variable(x * 2.0))
            return made[0] + x

        with pytest.raises(ValueError, match="has no value while the function is traced"):
            f.get_concrete_function(tf.TensorSpec([], tf.float32))
        assert float(f(tf.constant(1.0))) == 3.0


class TestSparseUpdates:
    @pytest.mark.parametrize("wrap", [tf.function, lambda f: f])
    def test_rows_out_of_range_are_an_error(self, wrap):
        v = tf.Variable([1.0, 2.0])
        add = wrap(lambda i: v.scatter_add(tf.IndexedSlices(tf.constant([1.0]), i)))
        add(tf.constant([1]))
        for bad in (-1, 5):
            with pytest.raises(tf.errors.InvalidArgumentError):
                add(tf.constant([bad]))
        assert v.numpy().tolist() == [1.0, 3.0]
