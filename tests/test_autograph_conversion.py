"""AutoGraph: the conversion of source code itself."""

from __future__ import annotations

import functools
import gc
import threading
import types
import weakref

import pytest

import headrace as tf
from headrace.compiler import autograph
from headrace.compiler.autograph import source, twins
from headrace.compiler.autograph.options import Options

PLAIN = Options(True, frozenset())
HERE = __file__


def line_of(text: str) -> int:
    """The line of this file with that comment."""
    with open(HERE) as f:
        return next(i for i, line in enumerate(f, 1) if line.rstrip().endswith("# " + text))


def graph_of(function, *args):
    return tf.function(function).get_concrete_function(*args).graph


class TestConversion:
    def test_code_is_converted_once(self):
        def make(k):
            def f(x):
                if x > k:
                    return x
                return -x

            return f

        a, b = make(1), make(5)
        assert twins.twin(a, PLAIN) is twins.twin(b, PLAIN)
        assert twins.twin(a, PLAIN) is not twins.twin(a, Options(True, frozenset({"LISTS"})))
        assert int(tf.function(a)(tf.constant(3))) == 3 and int(tf.function(b)(tf.constant(3))) == -3

    def test_code_and_what_was_made_of_it_die(self):
        path = "def f(x):\n    if x > 0:\n        return x\n    return -x\n"
        import linecache

        linecache.cache["<memory>"] = (len(path), None, path.splitlines(True), "<memory>")
        namespace: dict[str, types.FunctionType] = {}
        exec(compile(path, "<memory>", "exec"), namespace)
        twin = weakref.ref(twins.twin(namespace["f"], PLAIN))
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
            tf.function(lambda x: x, experimental_autograph_options=["LISTS"])(tf.constant(1))

    def test_import_brings_no_malt(self):
        import subprocess
        import sys

        code = (
            "import headrace as tf, sys\n"
            "tf.function(lambda x: x, autograph=False)(tf.constant(1))\n"
            "assert 'malt' not in sys.modules"
        )
        subprocess.run([sys.executable, "-c", code], check=True)


# --------------------------------------------------------------------------------------------------- on disk
@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("HEADRACE_CACHE", "1")
    monkeypatch.setenv("HEADRACE_CACHE_DIR", str(tmp_path))
    return tmp_path


def anew(function, options=PLAIN):
    """The twin as a process makes it that has not met the function yet."""
    made = twins._make(function, options)
    assert isinstance(made, twins.Twin)
    return made


def branching(x, scale=3):
    if x > 0:
        return x * scale
    return -x


def test_a_later_process_reads_what_was_converted(folder, monkeypatch):
    first = anew(branching)
    (entry,) = folder.iterdir()
    monkeypatch.setattr(source, "convert", lambda *_: pytest.fail("converted again"))
    again = anew(branching)
    assert again.text == first.text and again.code == first.code
    twin = again.bind(branching)
    assert twin(tf.constant(2)).numpy() == 6 and twin(tf.constant(-2), scale=9).numpy() == 2
    assert entry.suffix == ".code"


def test_closures_are_bound_to_what_was_read(folder):
    def make(n):
        def f(x):
            return x + n if x > 0 else x - n

        return f

    anew(make(1))
    assert anew(make(5)).bind(make(5))(tf.constant(1)).numpy() == 6
    assert len(list(folder.iterdir())) == 1


def test_options_and_code_tell_entries_apart(folder):
    anew(branching)
    anew(branching, Options(False, frozenset()))
    anew(lambda x: x if x > 0 else -x)
    anew(lambda x: x if x > 1 else -x)
    assert len(list(folder.iterdir())) == 4


def test_a_damaged_entry_is_made_again(folder):
    anew(branching)
    (entry,) = folder.iterdir()
    whole = entry.read_bytes()
    for damaged in (b"", whole[:-3], whole[:-1] + b"?"):
        entry.write_bytes(damaged)
        assert anew(branching).bind(branching)(tf.constant(-4)).numpy() == 4
        assert entry.read_bytes() == whole


def test_directives_are_not_kept(folder):
    """Whether `shape` is one, the code does not tell."""
    shape = tf.autograph.experimental.set_loop_options

    def f(n):
        v = tf.zeros([1])
        for _ in tf.range(n):
            shape(shape_invariants=[(v, tf.TensorShape([None]))])
            v = tf.concat([v, v], 0)
        return v

    anew(f)
    assert not list(folder.iterdir())
    assert tf.function(f)(3).shape == 8


def test_the_cache_can_be_switched_off(folder, monkeypatch):
    monkeypatch.setenv("HEADRACE_CACHE", "0")
    anew(branching)
    assert not list(folder.iterdir())


def inner(x):
    return x + 1


def outer(x):
    return inner(x) * 2


def test_globals_may_have_any_name():
    """Also those that conversion might give to functions of its own."""
    assert tf.function(outer)(tf.constant(2)).numpy() == 6
    assert tf.function(lambda x: outer(inner(x)))(tf.constant(2)).numpy() == 8
