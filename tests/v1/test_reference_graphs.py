"""Graphs of TensorFlow 1.15 whose loops and conditionals take variables by reference: imported, run, built here, written again."""

from __future__ import annotations

import base64
import json
import os
import re
import subprocess
import sys
import zlib
from pathlib import Path

import numpy as np
import pytest

import headrace as tf
from headrace.proto.meta_graph_pb2 import MetaGraphDef

v1 = tf.compat.v1
RECORDED = json.loads((Path(__file__).parent / "imported" / "reference_graphs.json").read_text())


def message_of(name):
    return MetaGraphDef.FromString(zlib.decompress(base64.b64decode(RECORDED[name]["graph"])))


def check(name, run):
    for (fetch, feed), want in zip(RECORDED[name]["runs"], RECORDED[name]["results"], strict=True):
        got = run(fetch, feed)
        if want is not None and not isinstance(want, bool):
            for a, b in zip(got, want, strict=True) if isinstance(fetch, list) else [(got, want)]:
                np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-6, err_msg=f"{fetch} {feed}")


@pytest.mark.parametrize("name", RECORDED)
def test_imported(name):
    message = message_of(name)
    with tf.Graph().as_default() as graph, v1.Session() as session:
        v1.train.import_meta_graph(message)
        check(name, session.run)
        assert all(v.dtype._is_ref_dtype for v in v1.global_variables())
        types = {n.name: n.op for n in message.graph_def.node}
        here = {n.name: n.type for n in graph.get_operations()}
        assert all(here[v] == "VariableV2" for v, op in types.items() if op == "VariableV2")
        assert not {t for t in here.values() if re.search("VarHandle|VariableHandle|ReadVariableOp", t)}


@pytest.mark.parametrize("name", RECORDED)
def test_written_again(name):
    """Variables that functions take are resources for others; the first initialisation and the first run agree."""
    with tf.Graph().as_default() as graph:
        tf.import_graph_def(message_of(name).graph_def, name="")
    message = graph.as_graph_def(add_shapes=True)
    assert not {n.op for n in message.node} & {"VariableHandle", "RefSwitch", "RefMerge", "RefEnter"}
    kinds = {n.name: n.op for n in message.node}
    runs = list(zip(RECORDED[name]["runs"], RECORDED[name]["results"], strict=True))
    with tf.Graph().as_default(), v1.Session() as session:
        tf.import_graph_def(message, name="")
        session.run("init")
        (fetch, feed), want = next(r for r in runs if r[0][0] != "init")
        names = [
            n
            for n in (fetch if isinstance(fetch, list) else [fetch])
            if kinds[n.partition(":")[0]] != "VarHandleOp"
        ]
        for got, value in zip(session.run(names, feed), want if isinstance(fetch, list) else [want]):
            if value is not None and not isinstance(value, bool):
                np.testing.assert_allclose(got, value, rtol=1e-5, atol=1e-6)


def test_built_here():
    """The same programs, built by Headrace: their loops and branches change variables by reference, too. (What comes out of
    them is a value, never a reference.)"""
    left_out = ["updated_after", "counter_as_a_loop_variable"]
    script = Path(__file__).parent / "reference_graphs.py"
    done = subprocess.run(
        [sys.executable, "-m", "headrace", "run", "--v1", str(script), *left_out],
        capture_output=True, text=True, check=False, env={**os.environ, "PYTHONPATH": str(script.parents[2])},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    for name in RECORDED.keys() - {*left_out}:
        results = iter(found[name]["results"])
        check(name, lambda fetch, feed, results=results: next(results))
        assert found[name]["runs"] == RECORDED[name]["runs"]


def changed(name, **inputs):
    """A recorded graph with other inputs of some nodes."""
    message = message_of(name).graph_def
    for node in message.node:
        if node.name in inputs:
            node.input[0] = inputs[node.name]
    return message


def test_what_is_no_reference():
    message = message_of("update_in_a_branch").graph_def
    (node,) = [n for n in message.node if n.op == "AssignAdd"]
    with tf.Graph().as_default(), pytest.raises(ValueError, match="must be a reference to a variable"):
        tf.import_graph_def(changed("update_in_a_branch", **{node.name: node.input[1]}))


def test_a_reference_stays_with_its_variable():
    message = message_of("counter_as_a_loop_variable").graph_def
    other = message.node.add()
    other.CopyFrom(next(n for n in message.node if n.op == "VariableV2"))
    other.name = "other"
    (node,) = [n for n in message.node if n.op == "RefNextIteration"]
    (enter,) = [n for n in message.node if n.op == "RefEnter"]
    away = message.node.add()
    away.CopyFrom(enter)
    away.name, away.input[0] = "while/away", "other"
    away.attr["is_constant"].b = True
    node.input[0] = "while/away"
    with tf.Graph().as_default(), pytest.raises(ValueError, match="one variable all the time"):
        tf.import_graph_def(message)
