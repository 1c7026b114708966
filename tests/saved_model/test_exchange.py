"""SavedModels between Headrace and TensorFlow: what one saves the other loads."""

from __future__ import annotations

import os
import subprocess
import zipfile
from pathlib import Path

import pytest
from conformance.test_conformance import TF_ENVIRONMENT, tensorflow_python
from saved_model import models

import headrace as tf

conformance = [pytest.mark.conformance, pytest.mark.xdist_group("saved_model_exchange")]
# What TensorFlow 1.15 wrote: `python models.py write tensorflow_1_15`.
OLD = Path(__file__).parent / "tensorflow_1_15.zip"


def tensorflow(*command: str) -> str:
    done = subprocess.run(
        [tensorflow_python(), *command], capture_output=True, text=True, env={**os.environ, **TF_ENVIRONMENT}
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout


@pytest.fixture(scope="module")
def ours(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("headrace")
    models.write(tf, str(folder))
    return folder


@pytest.fixture(scope="module")
def old(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("old")
    with zipfile.ZipFile(OLD) as archive:
        archive.extractall(folder)
    return folder / "tensorflow_1_15"


@pytest.mark.parametrize("name", models.NAMES)
def test_ours_here(ours: Path, name: str) -> None:
    getattr(models, f"read_{name}")(tf, str(ours / name))


@pytest.mark.parametrize("name", models.NAMES)
def test_those_of_tensorflow_1_here(old: Path, name: str) -> None:
    getattr(models, f"read_{name}")(tf, str(old / name))


def test_ours_as_functions(ours: Path) -> None:
    models.load(tf, str(ours))


def test_those_of_tensorflow_1_as_functions(old: Path) -> None:
    models.load(tf, str(old))


class TestTensorFlow:
    pytestmark = conformance

    def test_theirs_here(self, tmp_path: Path) -> None:
        tensorflow(models.__file__, "write", str(tmp_path))
        models.read(tf, str(tmp_path))
        models.load(tf, str(tmp_path))

    def test_their_objects_in_our_sessions(self, tmp_path: Path) -> None:
        folder = str(tmp_path / "model")
        tensorflow(models.__file__, "objects", folder)
        models.read_objects(tf, folder)
        with pytest.raises(NotImplementedError, match=r"compat\.v1\.saved_model\.load"):
            tf.saved_model.load(folder)

    def test_ours_in_their_sessions(self, ours: Path) -> None:
        tensorflow(models.__file__, "read", str(ours))

    def test_ours_as_their_functions(self, ours: Path) -> None:
        tensorflow(models.__file__, "load", str(ours))

    def test_ours_in_their_command(self, ours: Path) -> None:
        cli = "import sys; from tensorflow.python.tools.saved_model_cli import main; sys.exit(main())"
        shown = tensorflow("-c", cli, "show", "--dir", str(ours / "several"), "--all")
        assert "signature_def['double']" in shown and "shape: (-1, 2)" in shown
        ran = tensorflow(
            "-c", cli, "run", "--dir", str(ours / "line"), "--tag_set", "serve",
            "--signature_def", "serving_default", "--input_exprs", "x=[[1.0, 1.0, 1.0]]",
        )  # fmt: skip
        assert "[[7.5]]" in ran
