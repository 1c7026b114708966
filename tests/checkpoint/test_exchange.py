"""Checkpoints between Headrace and TensorFlow: what one writes the other reads, goes on with, and writes again."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import pytest
from checkpoint import exchange_programs
from conformance.test_conformance import TF_ENVIRONMENT, tensorflow_python

import headrace as tf

pytestmark = [pytest.mark.conformance, pytest.mark.xdist_group("checkpoint_exchange")]


def tensorflow(action: str, folder: Path) -> None:
    done = subprocess.run(
        [tensorflow_python(), exchange_programs.__file__, action, str(folder)],
        capture_output=True, text=True, env={**os.environ, **TF_ENVIRONMENT},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]


def test_theirs_here(tmp_path: Path) -> None:
    tensorflow("write", tmp_path)
    exchange_programs.read(tf, str(tmp_path))


def test_ours_there(tmp_path: Path) -> None:
    exchange_programs.write(tf, str(tmp_path))
    tensorflow("read", tmp_path)


def test_ours_here(tmp_path: Path) -> None:
    exchange_programs.write(tf, str(tmp_path))
    exchange_programs.read(tf, str(tmp_path))


KERAS = """
import os, sys
os.environ["KERAS_BACKEND"] = "tensorflow"
action, path, engine = sys.argv[1:]
if engine == "headrace":
    import headrace
    headrace.install()
import keras, numpy as np, tensorflow as tf
keras.utils.set_random_seed(1 if action == "write" else 2)
model = keras.Sequential([keras.layers.Input([3]), keras.layers.Dense(2), keras.layers.BatchNormalization()])
optimizer = keras.optimizers.Adam(0.1)
model.compile(optimizer, "mse")
checkpoint = tf.train.Checkpoint(model, optimizer=optimizer)
x = np.arange(6.0).reshape(2, 3)
if action == "write":
    model.train_on_batch(x, np.ones([2, 2]))
    checkpoint.write(path)
    np.savez(path + ".npz", *[np.asarray(v) for v in [*model.variables, *optimizer.variables]])
else:
    status = checkpoint.read(path)  # before the optimizer has variables
    optimizer.build(model.trainable_variables)
    saved = np.load(path + ".npz")
    for i, v in enumerate([*model.variables, *optimizer.variables]):
        np.testing.assert_allclose(np.asarray(v), saved[f"arr_{i}"], rtol=1e-6)
    status.assert_existing_objects_matched()
"""


@pytest.mark.parametrize(
    ("writer", "reader"), [("headrace", "tensorflow"), ("tensorflow", "headrace"), ("headrace", "headrace")]
)
def test_keras(writer: str, reader: str, tmp_path: Path) -> None:
    if importlib.util.find_spec("keras") is None:
        pytest.skip("Keras is not installed")
    (tmp_path / "program.py").write_text(KERAS)
    for action, engine in (("write", writer), ("read", reader)):
        python = tensorflow_python() if engine == "tensorflow" else sys.executable
        environment = {**os.environ, **(TF_ENVIRONMENT if engine == "tensorflow" else {})}
        done = subprocess.run(
            [python, str(tmp_path / "program.py"), action, str(tmp_path / "model"), engine],
            capture_output=True, text=True, env=environment,
        )  # fmt: skip
        if engine == "tensorflow" and "No module named 'keras'" in done.stderr:
            pytest.skip("this TensorFlow has no Keras")
        assert done.returncode == 0, done.stderr[-3000:]
