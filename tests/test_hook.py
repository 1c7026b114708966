"""`import tensorflow` answered by Headrace, and `headrace run`; each case in a process of its own."""

import os
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

ROOT = str(Path(__file__).resolve().parents[1])


def python(code, *arguments, cwd=None):
    return subprocess.run(
        [sys.executable, *arguments, "-c", textwrap.dedent(code)] if code else [sys.executable, *arguments],
        capture_output=True, text=True, cwd=cwd, check=False, env={**os.environ, "PYTHONPATH": ROOT},
    )  # fmt: skip


def out(code):
    done = python(code)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_import_tensorflow_gives_headrace():
    code = """
        import headrace
        headrace.install()
        headrace.install()
        import tensorflow as tf
        import tensorflow.nn
        from tensorflow import math as m
        import tensorflow.compat as compat
        from tensorflow.python.framework import tensor_util
        assert tf is headrace and tensorflow.nn is headrace.nn and m is headrace.math
        print(tf.constant([1, 2]).numpy().tolist(), tensor_util.is_tf_type(tf.constant(1)))
    """
    assert out(code) == "[1, 2] True"


def test_folders_of_the_same_name_stay():
    code = """
        import headrace
        headrace.install()
        import tensorflow.compiler
        import tensorflow.core.framework.graph_pb2 as graph_pb2
        import tensorflow.compiler.tf2xla.python.xla as xla
        import headrace.compiler.function as function
        assert headrace.compiler.function is function
        print(headrace.core.graph.Graph.__name__, hasattr(headrace.core, "nothing"), xla.__name__)
    """
    assert out(code) == "Graph False headrace.internals.xla"


def test_unknown_modules_stay_unknown():
    code = """
        import headrace
        headrace.install()
        import tensorflow.no_such_thing
    """
    done = python(code)
    assert done.returncode == 1
    assert "ModuleNotFoundError: No module named 'tensorflow.no_such_thing'" in done.stderr


def test_refuses_when_another_tensorflow_is_there():
    code = """
        import sys, types
        sys.modules["tensorflow"] = types.ModuleType("tensorflow")
        import headrace
        headrace.install()
    """
    done = python(code)
    assert "RuntimeError: TensorFlow was imported in this process already" in done.stderr
    assert "headrace run" in done.stderr


def test_nothing_changes_for_processes_that_did_not_ask():
    code = """
        import sys
        import headrace as tf
        tf.constant(1)
        print("tensorflow" in sys.modules)
    """
    assert out(code) == "False"


@pytest.fixture
def script(tmp_path):
    (tmp_path / "neighbour.py").write_text("name = 'neighbour'\n")
    (tmp_path / "train.py").write_text(
        "import sys\nimport tensorflow as tf\nimport neighbour\n"
        "print(tf.__name__, __name__, neighbour.name, sys.argv[1:])\nsys.exit(7)\n"
    )
    return tmp_path / "train.py"


def test_run_a_script(script):
    done = python("", "-m", "headrace", "run", str(script), "--epochs", "3", "-m", "x")
    assert done.stdout.strip() == "headrace __main__ neighbour ['--epochs', '3', '-m', 'x']"
    assert done.returncode == 7


def test_run_a_module(script):
    done = python("", "-m", "headrace", "run", "-m", "train", "-m", cwd=script.parent)
    assert done.stdout.strip() == "headrace __main__ neighbour ['-m']"
    assert done.returncode == 7


@pytest.mark.parametrize("arguments", [[], ["-m"], ["no_such_file.py"], ["--nonsense", "x.py"]])
def test_run_says_what_it_wants(arguments):
    done = python("", "-m", "headrace", "run", *arguments)
    assert done.returncode == 2
    assert "headrace run" in done.stderr
    assert "Traceback" not in done.stderr


def test_notebooks_load_it_as_an_extension():
    assert out("import headrace; headrace.load_ipython_extension(None); import tensorflow; print(tensorflow.__name__)") == "headrace"  # fmt: skip


def test_keras_is_the_package_itself():
    code = """
        from headrace import keras
        import headrace.keras.layers
        import headrace as tf
        import keras as package
        import tensorflow.keras.layers as layers
        assert tf.keras is keras is package and layers is package.layers is headrace.keras.layers
        print(package.backend.backend())
    """
    assert out(code) == "tensorflow"


def test_keras_on_another_backend_is_refused():
    code = """
        import sys, types
        keras = sys.modules["keras"] = types.ModuleType("keras")
        keras.config = types.SimpleNamespace(backend=lambda: "jax")
        import headrace as tf
        tf.keras
    """
    done = python(code)
    assert "RuntimeError: Keras runs on its 'jax' backend" in done.stderr


def test_classes_say_what_keras_looks_for():
    """Keras knows tensors and datasets by the names of their classes and modules, imported before `install` or after."""
    code = """
        import headrace as tf
        import pickle
        {early}
        tf.install()
        values = [tf.ones([]), tf.Variable(1), tf.ragged.constant([[1]]), tf.sparse.from_dense([1]), tf.data.Dataset.range(2)]
        for value in values:
            print(*{{c.__name__ for c in type(value).__mro__ if "tensorflow.python." in c.__module__}})
        assert "ragged_tensor.RaggedTensor" in str(type(values[2]))
        for value in values[2:]:
            assert pickle.loads(pickle.dumps(type(value))) is type(value)
    """
    expected = ["Tensor", "Tensor", "RaggedTensor", "SparseTensor", "DatasetV2"]
    for early in ("", "tf.RaggedTensor, tf.data.Dataset"):
        assert out(code.format(early=early)).split() == expected
