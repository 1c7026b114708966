"""AutoGraph beyond what real TensorFlow is asked for in tests/conformance: errors, places, caching, threads,
what is left alone."""

from __future__ import annotations

import collections
import functools
import gc
import inspect
import logging
import math
import threading
import traceback
import types
import weakref

import numpy as np
import pytest

import headrace as tf
from headrace.compiler import autograph
from headrace.compiler.autograph import calls, loops, source
from headrace.compiler.autograph.options import Options

PLAIN = Options(True, frozenset())
HERE = __file__


def line_of(text: str) -> int:
    """The line of this file with that comment."""
    with open(HERE) as f:
        return next(i for i, line in enumerate(f, 1) if line.rstrip().endswith("# " + text))


def graph_of(function, *args):
    return tf.function(function).get_concrete_function(*args).graph


def op_types(function, *args):
    return [op.type for op in graph_of(function, *args).get_operations()]


# --------------------------------------------------------------------------------------------- what is staged
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


# ------------------------------------------------------------------------------------------------------ calls
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


# ------------------------------------------------------------------------------------------------------- what
# cannot be converted
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


# ----------------------------------------------------------------------------------------------------- errors
class TestErrors:
    def fails(self, function, *args):
        with pytest.raises(Exception) as caught:
            tf.function(function)(*args)
        return caught.value

    def test_the_message_shows_the_users_code(self):
        def helper(x):
            for _ in tf.range(3):
                if x[0, 0] > 0:
                    x = x + tf.ones([3, 7])  # wrong shapes
            return x

        def f(x):
            return helper(x)  # calls the helper

        error = self.fails(f, tf.ones([2, 2]))
        text = str(error)
        assert type(error) is ValueError
        assert text.startswith("in user code:\n\n")
        assert (
            f'File "{HERE}", line {line_of("wrong shapes")}, in helper\n        x = x + tf.ones([3, 7])'
            in text
        )
        assert f'File "{HERE}", line {line_of("calls the helper")}, in f\n' in text
        assert text.count("in helper") == text.count("in f\n") == 1
        assert "    ValueError: " in text and "headrace/" not in text and "generated" not in text

    def test_the_traceback_is_the_users(self):
        def f(x):
            if x > 0:
                raise RuntimeError("told")  # raises
            return x

        error = self.fails(f, tf.constant(1))
        frames = [(f.filename, f.lineno, f.name) for f in traceback.extract_tb(error.__traceback__)]
        assert frames[-1] == (HERE, line_of("raises"), "f")
        assert not [name for name, _, _ in frames if "/autograph/" in name]
        tf.debugging.disable_traceback_filtering()
        try:
            frames = traceback.extract_tb(self.fails(f, tf.constant(1)).__traceback__)
            assert [frame for frame in frames if "/autograph/" in frame.filename]
        finally:
            tf.debugging.enable_traceback_filtering()

    def test_exceptions_keep_type_arguments_and_identity(self):
        class Own(Exception):
            def __init__(self, code, detail):
                super().__init__(code, detail)
                self.code = code

        class Told(ValueError):
            pass

        given = Own(7, "detail")

        def raise_(error):
            raise error

        def f(x, error):
            raise_(error)

        error = self.fails(f, tf.constant(1), given)
        assert (
            error is given
            and error.code == 7
            and error.args == (7, "detail")
            and error.__notes__[-1].startswith("in user code:")
        )
        told = self.fails(f, tf.constant(1), Told("words"))
        assert type(told) is Told and "Told: words" in str(told) and "in raise_" in str(told)
        assert self.fails(lambda x: {}["k"], tf.constant(1)).args == ("k",)
        assert type(self.fails(lambda x: [][1], tf.constant(1))) is IndexError  # noqa: PLE0643
        error = self.fails(f, tf.constant(1), tf.errors.InvalidArgumentError(None, None, "bad"))
        assert error.message.startswith("in user code:") and error.message.rstrip().endswith(
            "InvalidArgumentError: bad"
        )

    def test_nested_functions_tell_the_whole_story(self):
        @tf.function
        def inner(x):
            if x > 0:
                raise ValueError("deep")  # deep
            return x

        def outer(x):
            return inner(x)  # outer

        text = str(self.fails(outer, tf.constant(1)))
        assert text.count("in user code:") == 1 and text.count("ValueError: deep") == 1
        assert text.index(f"line {line_of('outer')}, in outer") < text.index(
            f"line {line_of('deep')}, in inner"
        )

    def test_caught_errors_are_ordinary(self):
        @tf.function
        def f(x):
            try:
                x = x + tf.ones([2, 3])
            except ValueError as e:
                seen.append(str(e))
            return x

        seen: list[str] = []
        f(tf.ones([3, 2]))
        assert seen and "in user code" not in seen[0]

    @pytest.mark.parametrize(("name", "kind", "said"), [
        ("else_", ValueError, "'y' must also be initialized in the else branch"),
        ("main", ValueError, "'y' must also be initialized in the main branch"),
        ("dtype", TypeError, "'y' has dtype int32 in the main branch, but dtype float32 in the else branch"),
        ("none", ValueError, "'y' is None at the end of the else branch"),
        ("returns", ValueError, "the else branch must also have a return statement"),
        ("structure", TypeError, "'y' must have the same nested structure in the main and else branches"),
        ("vector", ValueError, "condition of if statement expected to be a `tf.bool` scalar"),
        ("loop_dtype", TypeError, "'y' has dtype int32 before the loop, but dtype float32 after"),
        ("loop_shape", ValueError, r"'y' has shape \(1,\) before the loop, but shape \(2,\) after"),
        ("loop_structure", TypeError, "'y' does not have the same nested structure after one iteration"),
        ("loop_none", ValueError, "'y' is None at the end of the iteration"),
        ("loop_undefined", ValueError, "'y' must be defined before the loop"),
        ("loop_object", ValueError, "'y' must be defined before the loop: for a object there is no"),
        ("loop_return", NotImplementedError, "a return statement cannot be placed inside this graph loop"),
        ("python_break", NotImplementedError, "depends on a tensor"),
        ("becomes", NotImplementedError, "was not a tensor at first"),
        ("undefined", UnboundLocalError, "'y' is used before assignment"),
        ("invariant", ValueError, "does not conform with the shape invariant"),
    ])  # fmt: skip
    def test_control_flow_errors_name_the_variable(self, name, kind, said):
        def else_(x):
            if x > 0:
                y = x
            return y

        def main(x):
            if x > 0:
                pass
            else:
                y = x
            return y

        def dtype(x):
            if x > 0:
                y = 1
            else:
                y = 1.0
            return y

        def none(x):
            y = None
            if x > 0:
                y = x
            return y

        def returns(x):  # noqa: RET503
            if x > 0:
                return x

        def structure(x):
            if x > 0:
                y = (1, 2)
            else:
                y = [1, 2]
            return y

        def vector(x):
            if tf.stack([x, x]) > 0:
                x = x + 1
            return x

        def loop_dtype(x):
            y = 0
            for _ in tf.range(x):
                y = 1.0
            return y

        def loop_shape(x):
            y = tf.ones([1])
            for _ in tf.range(x):
                y = tf.concat([y, y], 0)
            return y

        def loop_structure(x):
            y = x
            for _ in tf.range(x):
                y = [y]
            return y

        def loop_none(x):
            y = x
            for _ in tf.range(x):
                y = None
            return y

        def loop_undefined(x):
            for _ in tf.range(x):
                y = y + 1  # noqa: F821
            return y

        def loop_object(x):
            for _ in tf.range(x):
                y = object()
            return y

        def loop_return(x):
            for i in tf.range(x):
                if i > 1:
                    return i
            return x

        def python_break(x):
            for i in range(3):
                if x > i:
                    break
            return x

        def becomes(x):
            i = 0
            while i < 3:
                i = i + x
            return i

        def undefined(x):
            if len([]) > 0:
                y = x
            return y

        def invariant(x):
            y = tf.ones([1])
            for _ in tf.range(x):
                tf.autograph.experimental.set_loop_options(shape_invariants=[(y, tf.TensorShape([2]))])
                y = tf.concat([y, y], 0)
            return y

        with pytest.raises(kind, match=said):
            tf.function(locals()[name])(tf.constant(2))

    def test_loops_that_do_not_run(self):
        @tf.function
        def f(n):
            for i in tf.range(n):
                y = i * 2
            return y

        assert int(f(tf.constant(3))) == 4
        with pytest.raises(
            tf.errors.InvalidArgumentError, match="loop must iterate at least once to initialize y"
        ):
            f(tf.constant(0))

    def test_assertions(self):
        @tf.function
        def f(x, limit):
            assert limit < 10, "limit"
            assert x > 0, f"x must be positive, limit {limit}"
            assert isinstance(limit, int)
            return x

        assert int(f(tf.constant(1), 3)) == 1
        with pytest.raises(tf.errors.InvalidArgumentError, match="x must be positive, limit 3"):
            f(tf.constant(-1), 3)
        with pytest.raises(AssertionError, match="limit"):
            f(tf.constant(1), 30)


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


# -------------------------------------------------------------------------------------------------------- the
# conversion as a machine
class TestConversion:
    def test_code_is_converted_once(self):
        def make(k):
            def f(x):
                if x > k:
                    return x
                return -x

            return f

        a, b = make(1), make(5)
        assert source.twin(a, PLAIN) is source.twin(b, PLAIN)
        assert source.twin(a, PLAIN) is not source.twin(a, Options(True, frozenset({"LISTS"})))
        assert int(tf.function(a)(tf.constant(3))) == 3 and int(tf.function(b)(tf.constant(3))) == -3

    def test_code_and_what_was_made_of_it_die(self):
        path = "def f(x):\n    if x > 0:\n        return x\n    return -x\n"
        import linecache

        linecache.cache["<memory>"] = (len(path), None, path.splitlines(True), "<memory>")
        namespace: dict[str, types.FunctionType] = {}
        exec(compile(path, "<memory>", "exec"), namespace)
        twin = weakref.ref(source.twin(namespace["f"], PLAIN))
        assert int(tf.function(namespace["f"])(tf.constant(-1))) == 1
        namespace.clear()
        gc.collect()
        assert twin() is None
        del linecache.cache["<memory>"]

    def test_signature_defaults_and_names(self):
        k = 3

        def f(a, /, b=2, *args, c, d=k, **kwargs):
            """Doc."""
            if a > 0:
                return a + b + c + d + k
            return a

        converted = tf.autograph.to_graph(f)
        assert (
            converted.__name__ == "f"
            and converted.__defaults__ == (2,)
            and converted.__kwdefaults__ == {"d": 3}
        )
        assert (
            converted.__code__.co_filename == HERE
            and converted.__code__.co_qualname == f.__code__.co_qualname
        )
        assert converted(1, c=10) == 19 and converted(1, 0, c=0, d=0) == 4

    def test_nonlocal_and_global_state(self):
        count = 0

        def f(x):
            nonlocal count
            global _made_global
            count += 1
            _made_global = count
            if x > 0:
                return x
            return -x

        tf.function(f)(tf.constant(1))
        assert count == 1 and _made_global == 1  # type: ignore[name-defined]

    def test_annotations_and_defaults_are_not_evaluated_again(self):
        def make():
            class Local:
                pass

            evaluated = []

            def f(x: Local, y: list[Local] = evaluated.append(1)) -> Local:  # noqa: B008
                z: Local = x
                if z > 0:
                    return z
                return -z

            return f, evaluated

        f, evaluated = make()
        assert int(tf.function(f)(tf.constant(-2))) == 2 and evaluated == [1]

    def test_operations_know_their_line(self):
        def f(x):
            if x > 0:
                x = tf.multiply(x, 3)  # multiplies
            return x

        (branch,) = [op for op in graph_of(f, tf.constant(1)).get_operations() if op.type == "StatelessIf"]
        (mul,) = [op for op in branch.attrs["then_branch"].get_operations() if op.type == "Mul"]
        assert mul.site == f"{HERE}:{line_of('multiplies')}"

    def test_threads(self):
        def make(i):
            def f(x):
                for _ in tf.range(3):
                    if x > i:
                        x = x - 1
                    else:
                        x = x + 2
                return x

            return f

        def run(i):
            try:
                results[i] = int(tf.function(make(i))(tf.constant(5)))
            except Exception as e:  # noqa: BLE001
                results[i] = e

        results: dict[int, object] = {}
        threads = [threading.Thread(target=run, args=(i,)) for i in range(8)]
        for t in threads:
            t.start()
        for t in threads:
            t.join()

        def expected(i, x=5):
            for _ in range(3):
                x = x - 1 if x > i else x + 2
            return x

        assert results == {i: expected(i) for i in range(8)}

    def test_status_is_per_thread_and_restored(self):
        assert autograph.control_status() == (None, None)
        with autograph.within(False):
            seen = []
            t = threading.Thread(target=lambda: seen.append(autograph.control_status()[0]))
            t.start()
            t.join()
            assert autograph.control_status()[0] is False and seen == [None]
        assert autograph.control_status() == (None, None)

    def test_straight_line_functions_take_the_short_way(self):
        text = tf.autograph.to_code(lambda x: tf.sin(x) + 1)
        assert "ag__.ld" not in text and "converted_call" in text

    def test_library_functions_given_directly(self):
        assert float(tf.function(tf.sin)(tf.constant(0.0))) == 0.0
        assert float(tf.function(tf.nn.relu)(tf.constant(-1.0))) == 0.0
        assert float(tf.function(functools.partial(tf.add, 1.0))(tf.constant(1.0))) == 2.0

    def test_verbosity(self, caplog, capsys):
        def f(x):
            return x + 1

        tf.autograph.set_verbosity(3, alsologtostdout=True)
        try:
            tf.function(f)(tf.constant(1))
        finally:
            tf.autograph.set_verbosity(0)
        assert "def tf__f(x)" in caplog.text and "def tf__f(x)" in capsys.readouterr().out

    def test_features_must_be_features(self):
        with pytest.raises(TypeError, match="Feature"):
            tf.function(module_level, experimental_autograph_options=["LISTS"])(tf.constant(1))

    def test_import_brings_no_malt(self):
        import subprocess
        import sys

        code = (
            "import headrace as tf, sys\n"
            "tf.function(lambda x: x, autograph=False)(tf.constant(1))\n"
            "assert 'malt' not in sys.modules"
        )
        subprocess.run([sys.executable, "-c", code], check=True)
