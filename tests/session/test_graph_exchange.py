"""Graphs between Headrace and TensorFlow: what one builds the other imports and runs, with equal results."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest
from conformance.test_conformance import TF_ENVIRONMENT, tensorflow_python
from session import graph_programs

import headrace as tf

NAMES = list(graph_programs.programs(tf))
# The kernels of TensorFlow's sparse optimizers take repeated rows one after the other, ours as their sum.
REPEATED_ROWS = {"sparse_embedding"}


def tensorflow(action, mode, folder):
    run = subprocess.run(
        [tensorflow_python(), graph_programs.__file__, action, "tensorflow", mode, str(folder)],
        capture_output=True, text=True, env={**os.environ, **TF_ENVIRONMENT},
    )  # fmt: skip
    assert run.returncode == 0, run.stderr[-3000:]
    return run.stdout


@pytest.fixture(scope="module", params=["new", "old"])
def theirs(request, tmp_path_factory):
    """A folder with TensorFlow's graphs: of today, and as TensorFlow 1.x built them."""
    folder = tmp_path_factory.mktemp(f"tensorflow_{request.param}")
    tensorflow("build", request.param, folder)
    return folder


def index(folder: Path):
    return json.loads((folder / "index.json").read_text())


@pytest.mark.conformance
@pytest.mark.xdist_group("graph_exchange")
@pytest.mark.parametrize("name", NAMES)
def test_their_graphs_run_here(theirs, name):
    graph_programs.run(tf, theirs, name, index(theirs)[name])


@pytest.mark.conformance
@pytest.mark.xdist_group("graph_exchange")
def test_their_graphs_go_back(theirs, tmp_path):
    """What was imported is exported again: loops and conditionals as functions, with the shapes that were inferred here."""
    for path in theirs.iterdir():
        if path.suffix != ".pb":
            (tmp_path / path.name).write_bytes(path.read_bytes())
            continue
        with tf.Graph().as_default() as graph:
            tf.import_graph_def(tf.compat.v1.GraphDef.FromString(path.read_bytes()), name="")
        (tmp_path / path.name).write_bytes(graph.as_graph_def(add_shapes=True).SerializeToString())
    failed = tensorflow("run", "new", tmp_path).partition("FAILED")[2]
    assert json.loads(failed) == {}


@pytest.fixture(scope="module", params=["new", "old"])
def ours(request, tmp_path_factory):
    """A folder with graphs of ours, with variables as resources and as references."""
    folder = tmp_path_factory.mktemp(f"headrace_{request.param}")
    if request.param == "old":
        tf.compat.v1.disable_resource_variables()
    try:
        graph_programs.build(tf, folder)
    finally:
        tf.compat.v1.enable_resource_variables()
    return folder


@pytest.mark.parametrize("name", NAMES)
def test_our_graphs_come_back(ours, name):
    graph_programs.run(tf, ours, name, index(ours)[name])


@pytest.mark.conformance
def test_tensorflow_runs_our_graphs(ours):
    failed = json.loads(tensorflow("run", "new", ours).partition("FAILED")[2])
    assert {k: v for k, v in failed.items() if k not in REPEATED_ROWS} == {}
