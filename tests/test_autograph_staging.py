"""AutoGraph: what `if`, `for`, `while` and builtins on tensors become."""

from __future__ import annotations

import collections

import numpy as np
import pytest

import headrace as tf
from headrace.compiler.autograph import loops


def graph_of(function, *args):
    return tf.function(function).get_concrete_function(*args).graph


def op_types(function, *args):
    return [op.type for op in graph_of(function, *args).get_operations()]


class TestStaging:
    def test_only_tensors_are_staged(self):
        def f(x, flag):
            if flag:
                x = x + 1
            while len([1]) > 1:
                x = x * 0
            for _ in range(2):
                x = x * 2
            return x if flag is not None else -x

        types_ = op_types(f, tf.constant(1), True)
        assert "StatelessIf" not in types_ and "StatelessWhile" not in types_
        assert types_.count("Mul") == 2

    def test_branches_and_loops_are_ops(self):
        def f(x):
            if x > 0:
                x = -x
            for i in tf.range(3):
                x += i
            return x

        types_ = op_types(f, tf.constant(1))
        assert "StatelessIf" in types_ and "StatelessWhile" in types_

    def test_constants_decide_while_tracing(self):
        @tf.function
        def f(x):
            seen.append("traced")
            if tf.constant(2) > 1:
                x = x + 1
            return x

        seen: list[str] = []
        assert int(f(tf.constant(1))) == int(f(tf.constant(1))) == 2 and seen == ["traced"]

    def test_runs_eagerly_as_python(self):
        def f(x):
            total, i = 0, 0
            while i < x:
                if i == 2:
                    i += 1
                    continue
                total += i
                i += 1
            for row in tf.constant([[1, 2], [3, 4]]):
                total += tf.reduce_sum(row)
            return total if x > 0 and not x > 100 else -total

        converted = tf.autograph.to_graph(f)
        assert int(converted(tf.constant(5))) == int(f(tf.constant(5))) == 18

    def test_variables_are_conditions(self):
        flag = tf.Variable(True)

        @tf.function
        def f(x):
            if flag:
                return x
            return -x

        assert int(f(tf.constant(3))) == 3
        flag.assign(False)
        assert int(f(tf.constant(3))) == -3

    def test_objects_may_pass_conditionals_unchanged(self):
        layer = object()

        @tf.function
        def f(x):
            if x > 0:
                used, y = layer, x + 1
            else:
                used, y = layer, x - 1
            assert used is layer
            return y

        assert int(f(tf.constant(1))) == 2

    def test_side_effects_happen_in_program_order(self):
        v = tf.Variable(1.0)

        @tf.function
        def f(x):
            if x > 0:
                v.assign(v * 2.0)
                a = v.read_value()
                for _ in tf.range(3):
                    v.assign_add(a)
            else:
                v.assign(0.0)
                a = v.read_value()
            return a, v.read_value()

        assert [float(t) for t in f(tf.constant(1))] == [2.0, 8.0]
        assert [float(t) for t in f(tf.constant(-1))] == [0.0, 0.0]

    def test_named_tuples_and_defaultdicts(self):
        Point = collections.namedtuple("Point", ["x", "y"])

        @tf.function
        def f(n):
            p, d = Point(n, [n]), collections.defaultdict(int, a=n)
            for i in tf.range(n):
                p = Point(p.x + i, [p.y[0] * 2])
                d["a"] += i
            if n > 1:
                p = p._replace(x=-p.x)
            return p, d["a"]

        p, a = f(tf.constant(3))
        assert type(p) is Point and int(p.x) == -6 and int(p.y[0]) == 24 and int(a) == 6

    def test_early_exit_gradient_of_compiled_loops(self):
        @tf.function
        def f(x):
            s, i = x, 0
            while i < 10 and tf.reduce_sum(s) < 100.0:
                s = s * 1.5
                i += 1
            return s

        @tf.function
        def g(x):
            for _ in tf.range(10):
                x = x * x
                if tf.reduce_sum(x) > 100.0:
                    break
            return x

        x = tf.constant([1.0, 2.0])
        for function, want in ((f, [1.5**9] * 2), (g, [8.0, 8.0 * 2.0**7])):
            with tf.GradientTape() as tape:
                tape.watch(x)
                y = function(x)
            np.testing.assert_allclose(tape.gradient(y, x).numpy(), want, rtol=1e-5)

    def test_loops_compile_with_known_trip_counts(self):
        @tf.function(jit_compile=True)
        def f(x):
            total = tf.zeros([2])
            for row in x:
                if tf.reduce_sum(row) > 0.0:
                    total += row * row
            return total

        x = tf.constant([[1.0, 2.0], [-3.0, 0.0], [2.0, 2.0]])
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = f(x)
        np.testing.assert_allclose(y.numpy(), [5.0, 8.0])
        np.testing.assert_allclose(tape.gradient(y, x).numpy(), [[2.0, 4.0], [0.0, 0.0], [4.0, 4.0]])


# --------------------------------------------------------------------------------------------------- builtins
class TestBuiltins:
    def test_enumerate_zip_and_map_of_tensors(self):
        @tf.function
        def f(x, y):
            a = b = c = 0
            for i, v in enumerate(x):
                a += i * v
            for i, (v, w) in enumerate(zip(x, y), 1):
                b += i * v * w
            for v in map(lambda k: k if k > 2 else -k, x):  # noqa: C417
                c += v
            return a, b, c

        x, y = [3, 1, 2], [1, 2]
        assert [int(v) for v in f(tf.constant(x), tf.constant(y))] == [5, 3 + 4, 3 - 1 - 2]
        g = tf.function(f.python_function, input_signature=[tf.TensorSpec([None], tf.int32)] * 2)
        assert [int(v) for v in g(tf.constant(x), tf.constant(y))] == [5, 7, 0]

    def test_zip_strict(self):
        @tf.function
        def f(x, y):
            s = 0
            for a, b in zip(x, y, strict=True):
                s += a * b
            return s

        assert int(f(tf.constant([1, 2]), tf.constant([3, 4]))) == 11
        with pytest.raises(ValueError, match="strict"):
            f(tf.constant([1, 2]), tf.constant([3]))

    def test_reductions(self):
        @tf.function
        def f(x):
            return (
                max(x),
                min(x),
                sum(x),
                any(x > 2),
                all(x > 2),
                sorted(x),
                max(x[0], x[1], 2),
                min(x[0], 2),
                sum(x, 10),
                abs(x),
            )

        out = [v.numpy().tolist() for v in f(tf.constant([3, 1, 2]))]
        assert out == [3, 1, 6, True, False, [1, 2, 3], 3, 2, 16, [3, 1, 2]]

    def test_ragged_rows(self):
        @tf.function
        def f(r):
            total = 0
            for i, row in enumerate(r):
                total += tf.reduce_sum(row) * (i + 1)
            for row in r:
                total += tf.size(row) * 100
            return total

        assert int(f(tf.ragged.constant([[1, 2], [], [3]]))) == 3 + 9 + 300

    def test_print(self, capfd):
        @tf.function(experimental_autograph_options=tf.autograph.experimental.Feature.BUILTIN_FUNCTIONS)
        def f(x):
            print("x is", x, ("s", None), sep="|")
            print("tracing")
            return x

        @tf.function
        def plain(x):
            print("plain", x)
            return x

        f(tf.constant(1))
        f(tf.constant(2))
        plain(tf.constant(3))
        plain(tf.constant(4))
        out = capfd.readouterr().out
        assert "x is|1|('s', None)" in out and "x is|2|('s', None)" in out and out.count("tracing") == 1
        assert out.count("plain") == 1 and "plain 3" not in out

    def test_handlers_for_other_iterables(self):
        class Countdown:
            pass

        def handler(iterated, extra_test, body, get_state, set_state, symbol_names, opts):
            assert extra_test is None and "total" in symbol_names
            for i in (3, 2, 1):
                body(i)

        loops.register_for(Countdown, handler)

        @tf.function
        def f(x):
            total = x
            for i in Countdown():
                total = total * 10 + i
            return total

        assert int(f(tf.constant(0))) == 321
