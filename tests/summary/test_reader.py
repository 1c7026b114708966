"""Reading event files: the reader, the command, damaged files, and TensorFlow on the other side."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest
from conformance.test_conformance import TF_ENVIRONMENT, tensorflow_python
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from summary.test_writer import written

import headrace as tf
from headrace import cli
from headrace.io.tfrecord import frame
from headrace.summary.reader import event_files, read_events, series, shown


@pytest.fixture
def logdir(tmp_path):
    with tf.summary.create_file_writer(str(tmp_path)).as_default():
        for step in (1, 5):
            tf.summary.scalar("loss", 1.0 / step, step=step)
        tf.summary.text("note", "line one\nline two", step=2)
        tf.summary.histogram("weights", [1.0, 2.0], step=2)
    return tmp_path


def test_series(logdir):
    found = series(event_files(logdir)[0])
    assert {tag: (s.plugin, s.steps) for tag, s in found.items()} == {
        "loss": ("scalars", [1, 5]), "note": ("text", [2]), "weights": ("histograms", [2]),
    }  # fmt: skip
    assert [shown(s.last) for s in found.values()] == ["0.2", "line one line two", "2 values in [1, 2]"]


def test_command(logdir, capsys):
    assert cli.main(["events", str(logdir)]) == 0
    out = capsys.readouterr().out
    assert any(line.split() == ["loss", "scalars", "2", "1…5", "0.2"] for line in out.splitlines())
    assert cli.main(["events", event_files(logdir)[0], "--tag", "not"]) == 0
    out = capsys.readouterr().out
    assert "note" in out and "loss" not in out


def test_command_without_events(tmp_path, capsys):
    assert cli.main(["events", str(tmp_path)]) == 1
    assert "no event files" in capsys.readouterr().err
    assert cli.main(["events", str(tmp_path / "none")]) == 1
    assert "No such file" in capsys.readouterr().err


def test_command_on_a_damaged_file(logdir, capsys):
    path = event_files(logdir)[0]
    with open(path, "ab") as file:
        file.write(b"more")
    assert cli.main(["events", str(logdir)]) == 1
    assert "truncated record" in capsys.readouterr().err


def test_files_of_other_kinds(tmp_path):
    path = tmp_path / "a"
    path.write_bytes(frame(b"\xff no event"))
    with pytest.raises(tf.errors.DataLossError, match="no Event"):
        list(read_events(path))
    with pytest.raises(tf.errors.NotFoundError):
        list(read_events(tmp_path / "none"))


@given(st.integers(0, 10_000), st.integers(1, 255), st.booleans())
@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_damage(logdir, place, change, cut):
    whole = bytearray(Path(event_files(logdir)[0]).read_bytes())
    if cut:
        del whole[place % len(whole) :]
    else:
        whole[place % len(whole)] ^= change
    path = logdir / "damaged"
    path.write_bytes(whole)
    try:
        series(path)
    except tf.errors.DataLossError:
        return
    assert cut  # it may end between two events


@given(st.binary(max_size=100))
@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_record(tmp_path, data):
    path = tmp_path / "a"
    path.write_bytes(frame(data))
    try:
        for entry in series(path).values():
            shown(entry.last)
    except tf.errors.DataLossError:
        pass


READ = """
import sys
import tensorflow as tf
for event in tf.compat.v1.train.summary_iterator(sys.argv[1]):
    for value in event.summary.value:
        print("VALUE", event.step, value.tag, tf.make_ndarray(value.tensor).tolist())
"""
WRITE = """
import sys
import tensorflow as tf
writer = tf.summary.create_file_writer(sys.argv[1])
with writer.as_default(step=7):
    tf.summary.write("a", [1.5, 2.5])
    tf.summary.write("b", "text")
writer.close()
"""


def tensorflow(code, *arguments):
    run = subprocess.run(
        [tensorflow_python(), "-c", code, *arguments], capture_output=True, text=True, check=True,
        env={**os.environ, **TF_ENVIRONMENT},
    )  # fmt: skip
    return run.stdout


@pytest.mark.conformance
def test_tensorflow_reads_our_files(logdir):
    lines = [
        line for line in tensorflow(READ, event_files(logdir)[0]).splitlines() if line.startswith("VALUE")
    ]
    assert lines[:2] == ["VALUE 1 loss 1.0", "VALUE 5 loss 0.20000000298023224"]
    assert len(lines) == 4


@pytest.mark.conformance
def test_we_read_tensorflows_files(tmp_path):
    tensorflow(WRITE, str(tmp_path))
    assert written(tmp_path) == [("a", 7, [1.5, 2.5]), ("b", 7, b"text")]
