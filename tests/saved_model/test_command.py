"""`headrace saved_model`."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from saved_model import models

import headrace as tf
from headrace import cli


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("models")
    for name in ("words", "several", "bare", "text"):
        getattr(models, f"save_{name}")(tf, str(folder / name))
    return folder


def shown(capsys: pytest.CaptureFixture[str], *argv: str) -> str:
    assert cli.main(["saved_model", "show", *argv]) == 0
    return capsys.readouterr().out


def test_graphs_signatures_and_assets(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    lines = shown(capsys, str(folder / "words")).splitlines()
    assert lines[0].startswith("tags: serve")
    assert lines[1] == "  find: tensorflow/serving/predict"
    assert lines[2].split() == ["takes", "words", "string", "[?]", "x:0"]
    assert [line.split()[1] for line in lines[4:6]] == ["words.txt:", "words.txt_1:"]
    assert lines[6].startswith("  runs on loading: AssignAdd")
    out = shown(capsys, str(folder / "bare"))
    assert "RaggedTensorSpec" in out and "x:0" in out


def test_one_of_several(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = str(folder / "several")
    assert shown(capsys, path).count("tags:") == 2
    assert "double" in shown(capsys, path, "--tags", "cpu,serve")
    assert "serving_default" not in shown(capsys, path, "--signature", "double")


def test_what_is_not_there(folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for argv, text in (
        ([str(tmp_path)], "does not exist"),
        ([str(folder / "words"), "--tags", "gpu"], "available tags"),
        ([str(folder / "words"), "--signature", "absent"], "no signature 'absent'"),
    ):
        assert cli.main(["saved_model", "show", *argv]) == 1
        assert text in capsys.readouterr().err


@pytest.mark.parametrize("name", ["several", "text"])
def test_graphs_are_inspected(folder: Path, capsys: pytest.CaptureFixture[str], name: str) -> None:
    assert cli.main(["graph", str(folder / name)]) == 0
    assert "Placeholder" in capsys.readouterr().out


PROGRAM = """
import sys
import tensorflow as tf
from tensorflow.python.saved_model import builder as saved_model_builder
from tensorflow.python.saved_model import signature_constants, signature_def_utils, tag_constants, utils
from tensorflow.python.saved_model.loader import load
x = tf.placeholder(tf.float32, name="x")
info = utils.build_tensor_info(x)
signature = signature_def_utils.build_signature_def({"x": info}, {"y": info}, signature_constants.PREDICT_METHOD_NAME)
with tf.Session() as sess:
    builder = saved_model_builder.SavedModelBuilder(sys.argv[1])
    builder.add_meta_graph_and_variables(sess, [tag_constants.SERVING], {"f": signature})
    builder.save()
    assert "f" in load(sess, [tf.saved_model.tag_constants.SERVING], sys.argv[1], import_scope="again").signature_def
"""


def test_programs_of_1x(tmp_path: Path) -> None:
    (tmp_path / "program.py").write_text(PROGRAM)
    command = [
        sys.executable,
        "-m",
        "headrace",
        "run",
        "--v1",
        str(tmp_path / "program.py"),
        str(tmp_path / "model"),
    ]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-2000:]
