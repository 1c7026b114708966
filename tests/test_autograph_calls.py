"""AutoGraph: what is converted along, and what is left as it is."""

from __future__ import annotations

import collections
import functools
import inspect
import logging
import math

import numpy as np
import pytest

import headrace as tf
from headrace.compiler.autograph import calls


def module_level(x):
    if x > 0:
        return x * 2
    return x


class TestCalls:
    def test_lambdas_on_one_line(self):
        fs = [
            lambda x: x if x > 1 else -x,
            lambda x: x if x > 2 else -x * 10,
            lambda x: (lambda x: x if x > 3 else 100 + x)(x),
        ]
        assert [int(tf.function(f)(tf.constant(2))) for f in fs] == [2, -20, 102]

    def test_decorated_functions_convert_both_parts(self):
        def twice(function):
            @functools.wraps(function)
            def wrapper(*args, **kwargs):
                y = function(*args, **kwargs)
                if y > 5:
                    y = function(y, **kwargs)
                return y

            return wrapper

        @twice
        def f(x, by=2):
            while x < 5:
                x = x * by
            if x > 5:
                return x + 1
            return x

        g = tf.function(lambda x: f(x, by=3))
        assert int(g(tf.constant(2))) == 8 and int(g(tf.constant(5))) == 5

    def test_libraries_and_the_standard_library_are_left_alone(self):
        assert (
            calls._of_library("numpy.linalg")
            and calls._of_library("keras.src.layers")
            and calls._of_library("functools")
        )
        assert calls._of_library("headrace.api.math")
        assert (
            not calls._of_library("my_module")
            and not calls._of_library("__main__")
            and not calls._of_library(None)
        )

        @tf.function
        def f(x):
            return (
                x * math.sqrt(4.0),
                np.add(1, 2),
                collections.Counter("aab")["a"],
                functools.reduce(lambda a, b: a + b, [x, x]),
            )

        out = f(tf.constant(1.5))
        assert [float(t) for t in out] == [3.0, 3.0, 2.0, 3.0]

    def test_methods_of_library_classes_are_left_alone(self):
        class Reader(collections.UserDict):
            def get_or(self, x):
                if x > 0:
                    return self["a"]
                return self["b"]

        r = Reader(a=1, b=2)

        @tf.function
        def f(x):
            return r.get_or(x), r.get("a"), len(r)

        assert [int(v) for v in f(tf.constant(-1))] == [2, 1, 2]

    def test_bound_functions_and_callables_directly(self):
        class Callable:
            def __call__(self, x):
                if x > 0:
                    return x
                return -x

            def method(self, x, k=1):
                if x > 0:
                    return x + k
                return -x

            @classmethod
            def make(cls, x):
                if x > 0:
                    return x * 100
                return x

            @tf.function
            def compiled(self, x):
                if x > 0:
                    return self.method(x)
                return x

        c = Callable()
        for function, want in (
            (c, 2),
            (c.method, 3),
            (Callable.make, 200),
            (functools.partial(c.method, k=5), 7),
            (c.compiled, 3),
            (functools.partial(module_level), 4),
        ):
            assert int(tf.function(function)(tf.constant(2))) == want

    def test_private_names(self):
        class C:
            __scale = 3

            def __init__(self):
                self.__hidden = 2

            def __helper(self, x, __by=5):
                def __local(v):
                    return v if v > 0 else v * __by

                return __local(x)

            def f(self, x):
                if x > 0:
                    self.__hidden = x
                return self.__helper(x) + self.__hidden + C.__scale

        f = tf.function(C().f)
        assert int(f(tf.constant(1))) == 1 + 1 + 3
        f = tf.function(C().f)
        assert int(f(tf.constant(-1))) == -5 + 2 + 3

    def test_cached_functions_run_unconverted(self):
        @functools.lru_cache
        def cached(n):
            return [n] * n

        @tf.function
        def f(x):
            return x + len(cached(3))

        assert int(f(tf.constant(1))) == 4

    def test_frame_builtins_see_the_users_scope(self):
        class Base:
            def name(self, x):
                return x

        class Child(Base):
            def name(self, x):
                local = 5
                if x > 0:
                    x = x + 1
                return (
                    super().name(x)
                    + eval("local")
                    + locals()["local"]
                    + len([k for k in globals() if k == "module_level"])
                )

        assert int(tf.function(Child().name)(tf.constant(1))) == 13

    def test_callbacks_of_builtins_are_converted(self):
        def positive(x):
            if x > 0:
                return x
            return -x

        @tf.function
        def f(x):
            a = list(map(positive, [x, -x]))
            b = list(filter(lambda k: k > 1, [1, 2, 3]))
            c = sorted([3, 1, 2], key=lambda k: -k)
            return (
                a,
                b,
                c,
                tf.map_fn(positive, tf.stack([x, -x])),
                tf.vectorized_map(positive, tf.stack([x, -x])),
            )

        a, b, c, d, e = f(tf.constant(-2))
        assert [int(v) for v in [*a, *b, *c]] == [
            2,
            2,
            2,
            3,
            3,
            2,
            1,
        ] and d.numpy().tolist() == e.numpy().tolist() == [2, 2]

    def test_not_recursive(self):
        converted = tf.autograph.to_graph(lambda x: module_level(x), recursive=False)

        @tf.function(autograph=False)
        def f(x):
            return converted(x)

        with pytest.raises(TypeError, match="bool"):
            f(tf.constant(1))

    def test_autograph_off_reaches_callbacks(self):
        @tf.function(autograph=False)
        def f(x):
            return tf.map_fn(module_level, x)

        with pytest.raises(TypeError, match="bool"):
            f(tf.constant([1]))

    def test_do_not_convert_keeps_name_and_arguments(self):
        @tf.autograph.experimental.do_not_convert
        def f(a, b=2):
            """Doc."""
            return a + b

        assert (
            f.__name__ == "f"
            and f.__doc__ == "Doc."
            and f(1) == 3
            and str(inspect.signature(f)) == "(a, b=2)"
        )
        with pytest.raises(TypeError, match="function"):
            tf.autograph.experimental.do_not_convert(3)

    def test_deep_recursion(self):
        def down(x, n):
            return x if n == 0 else down(x + 1, n - 1)

        assert int(tf.function(down)(tf.constant(0), 150)) == 150


class TestUnconvertible:
    @pytest.fixture
    def warnings(self, caplog):
        caplog.set_level(logging.WARNING, "headrace.autograph")
        return lambda: [r.getMessage() for r in caplog.records]

    def test_generators(self, warnings):
        def numbers(x):
            yield x
            yield x + 1

        assert [int(v) for v in tf.function(lambda x: list(numbers(x)))(tf.constant(1))] == [
            1,
            2,
        ] and not warnings()

    def test_loop_else_warns_once(self, warnings):
        def f(x):
            for i in range(2):
                x = x + i
            else:
                x = x * 2
            return x

        for _ in range(2):
            assert int(tf.function(f)(tf.constant(1))) == 4
        assert len(warnings()) == 1 and "for/else" in warnings()[0] and "do_not_convert" in warnings()[0]

    @pytest.mark.parametrize(
        "body",
        [
            "    if (y := x) is None:\n        return y\n    return x",
            "    match 1:\n        case 1:\n            return x",
        ],
    )
    def test_new_syntax(self, body, tmp_path, warnings):
        path = tmp_path / "module.py"
        path.write_text(f"def f(x):\n{body}\n")
        namespace = {}
        exec(compile(path.read_text(), str(path), "exec"), namespace)
        assert int(tf.function(namespace["f"])(tf.constant(1))) == 1
        assert len(warnings()) == 1

    def test_code_from_strings_is_quiet(self, warnings):
        namespace = {}
        exec("def f(x):\n    return x + 1", namespace)
        assert int(tf.function(namespace["f"])(tf.constant(1))) == 2 and not warnings()

    def test_changed_source(self, tmp_path, warnings):
        path = tmp_path / "module.py"
        path.write_text("def f(x):\n    return x + 1\n")
        namespace = {}
        exec(compile(path.read_text(), str(path), "exec"), namespace)
        path.write_text("# another program\n")
        assert int(tf.function(namespace["f"])(tf.constant(1))) == 2
        assert "no definition at line 1" in warnings()[0]

    def test_to_graph_says_why(self):
        with pytest.raises(ValueError, match="no code of its own"):
            tf.autograph.to_code(tf.function(module_level))
        with pytest.raises(ValueError, match="not accessible"):
            tf.autograph.to_graph(eval("lambda x: x"))
