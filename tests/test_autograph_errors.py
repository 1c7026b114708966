"""AutoGraph: what went wrong and where, in the user's lines."""

from __future__ import annotations

import traceback

import pytest

import headrace as tf

HERE = __file__


def line_of(text: str) -> int:
    """The line of this file with that comment."""
    with open(HERE) as f:
        return next(i for i, line in enumerate(f, 1) if line.rstrip().endswith("# " + text))


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
