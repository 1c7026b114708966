"""`headrace checkpoint`."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import headrace as tf
from headrace import cli
from headrace.checkpoint.bundle import BundleWriter
from headrace.checkpoint.slices_v1 import SliceWriter
from headrace.checkpoint.slicing import FULL, Box


@pytest.fixture
def prefix(tmp_path: Path) -> str:
    path = str(tmp_path / "model")
    with BundleWriter(path) as writer:
        writer.add("b", np.ones([300, 1024], np.float32))
        writer.add_part("a", [4, 2], Box([(0, 4), (0, 1)]), np.zeros([4, 1], np.int64))
        writer.add_part("a", [4, 2], Box([(0, 4), (1, 1)]), np.ones([4, 1], np.int64))
        writer.add("s", np.array([b"x", b"yz"], object))
    return path


def test_list(prefix: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["checkpoint", prefix]) == 0
    lines = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert lines[0] == ["a", "int64", "[4,", "2]", "in", "2", "parts", "64", "B"]
    assert lines[1] == ["b", "float32", "[300,", "1024]", "1.2", "MB"]
    assert lines[3] == ["3", "tensors,", "1.2", "MB"]
    assert cli.main(["checkpoint", prefix + ".index"]) == 0


def test_values(prefix: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["checkpoint", prefix, "--values", "a"]) == 0
    assert capsys.readouterr().out.split() == ["[[0", "1]", "[0", "1]", "[0", "1]", "[0", "1]]"]
    assert cli.main(["checkpoint", prefix, "--values", "z"]) == 1
    assert "Key z not found" in capsys.readouterr().err


def test_check(prefix: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["checkpoint", prefix, "--check"]) == 0
    assert capsys.readouterr().out == "3 tensors are whole\n"
    data = Path(prefix + ".data-00000-of-00001")
    content = bytearray(data.read_bytes())
    content[1000] ^= 1
    data.write_bytes(content)
    assert cli.main(["checkpoint", prefix, "--check"]) == 1
    out = capsys.readouterr().out
    assert "Checksum does not match" in out and "2 tensors are whole, 1 are damaged" in out


def test_folders_and_objects(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    tf.train.Checkpoint(v=tf.Variable(1.0)).save(tmp_path / "model")
    assert cli.main(["checkpoint", str(tmp_path)]) == 0
    assert capsys.readouterr().out.endswith("2 tensors, 12 B, a tree of 3 objects\n")


def test_version_1(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with SliceWriter(str(tmp_path / "old")) as writer:
        writer.add("w", np.ones([4, 2], np.float32)[:2], None, [4, 2], Box([(0, 2), (0, FULL)]))
        writer.add("s", np.array(b"text", object))
    assert cli.main(["checkpoint", str(tmp_path / "old")]) == 0
    assert "in 1 parts" in capsys.readouterr().out
    assert cli.main(["checkpoint", str(tmp_path / "old"), "--check"]) == 1
    assert "w: The slice" in capsys.readouterr().out


@pytest.mark.parametrize("path", ["nothing", "text", "."])
def test_what_is_none(path: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "text").write_text("text" * 50)
    assert cli.main(["checkpoint", str(tmp_path / path)]) == 1
    assert capsys.readouterr().err.startswith("headrace checkpoint: ")
