"""Graphs as GraphDefs: their form here, and that TensorFlow runs them."""

from __future__ import annotations

import os
import subprocess

import numpy as np
import pytest
from conformance.test_conformance import TF_ENVIRONMENT, tensorflow_python

import headrace as tf
from headrace.io.graph_def import graph_def
from headrace.proto import graph_pb2


def traced(function, *specs):
    return tf.function(function).get_concrete_function(*specs).graph


def branches_and_loops(x):
    y = x * 2.0 if tf.reduce_sum(x) > 0 else tf.exp(x)
    for _ in tf.range(3):
        y += 1.0
    a, b = tf.split(y, 2)
    scale = tf.function(lambda v: tf.square(v))
    return tf.identity(tf.concat([a, scale(b)], 0), name="result")


def test_nodes():
    message = graph_def(
        traced(lambda x: tf.matmul(x, x, transpose_b=True), tf.TensorSpec([None, 2], name="x"))
    )
    nodes = {n.name: n for n in message.node}
    assert list(nodes["MatMul"].input) == ["x", "x"]
    assert nodes["MatMul"].attr["transpose_b"].b and not nodes["MatMul"].attr["transpose_a"].b
    assert nodes["MatMul"].attr["T"].type == tf.float32.as_datatype_enum
    assert [d.size for d in nodes["x"].attr["shape"].shape.dim] == [-1, 2]


def test_functions_are_in_the_library():
    message = graph_def(traced(branches_and_loops, tf.TensorSpec([2])))
    names = {f.signature.name for f in message.library.function}
    used = {a.func.name for n in message.node for a in n.attr.values() if a.WhichOneof("value") == "func"}
    assert used <= names and len(names) >= 4


def test_control_inputs_and_effects():
    v = tf.Variable(1.0)

    def f(x):
        with tf.control_dependencies([v.assign_add(x)]):
            return tf.identity(x)

    message = graph_def(traced(f, tf.TensorSpec([])))
    assert any(i.startswith("^") for n in message.node for i in n.input)


def test_write_graph(tmp_path):
    graph = traced(lambda x: x + 1.0, tf.TensorSpec([]))
    path = tf.io.write_graph(graph, str(tmp_path / "new"), "g.pb", as_text=False)
    assert graph_pb2.GraphDef.FromString(tf.io.read_file(path).numpy()) == graph_def(graph)
    text = tf.io.write_graph(graph_def(graph), str(tmp_path), "g.pbtxt")
    assert 'op: "AddV2"' in tf.io.gfile.GFile(text).read()


IMPORT = """
import sys, tensorflow as tf
tf1 = tf.compat.v1
message = tf1.GraphDef.FromString(open(sys.argv[1], "rb").read())
with tf1.Graph().as_default() as graph, tf1.Session(graph=graph) as session:
    tf.import_graph_def(message, name="")
    print("RESULT", *session.run("result:0", {"x:0": [1.0, 2.0]}))
"""


@pytest.mark.conformance
def test_tensorflow_runs_our_graphs(tmp_path):
    graph = traced(branches_and_loops, tf.TensorSpec([2], name="x"))
    path = tf.io.write_graph(graph, str(tmp_path), "g.pb", as_text=False)
    run = subprocess.run(
        [tensorflow_python(), "-c", IMPORT, path], capture_output=True, text=True, check=True,
        env={**os.environ, **TF_ENVIRONMENT},
    )  # fmt: skip
    got = [float(v) for v in run.stdout.split("RESULT", 1)[1].split()]
    np.testing.assert_allclose(got, branches_and_loops(tf.constant([1.0, 2.0])), rtol=1e-6)


def test_flags_named_after_shapes_are_flags():
    variable = tf.Variable(1.0)

    @tf.function
    def f(x):
        variable.assign(x)
        return x

    graph = graph_def(f.get_concrete_function(1.0).graph)
    node = next(n for n in graph.node if n.op == "AssignVariableOp")
    assert node.attr["validate_shape"].WhichOneof("value") == "b"
