"""`tf.compat.v1.graph_util`: freezing, extracting, stripping."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
from google.protobuf import text_format

import headrace as tf
from headrace.graphs.tools import strip_unused

v1 = tf.compat.v1
util = v1.graph_util


def run(message, fetches, feeds):
    with tf.Graph().as_default(), v1.Session() as session:
        tf.import_graph_def(message, name="")
        return session.run(fetches, feeds)


def loop(x, v):
    return tf.while_loop(lambda i, s: i < 3, lambda i, s: (i + 1, s * v), (tf.constant(0), x))[1]


def called(x, v):
    return tf.function(lambda a: tf.function(lambda b: b * v + v)(a) - v)(x)


READERS = {
    "plain": lambda x, v: x * v + v,
    "shape": lambda x, v: x * tf.cast(tf.reduce_prod(tf.shape(v)), tf.float32),
    "gather": lambda x, v: x + tf.gather(v, [1, 0], axis=0),
    "conditional": lambda x, v: v1.cond(tf.reduce_sum(x) > 0.0, lambda: x * v, lambda: v * 2.0),
    "loop": loop,
    "call": called,
    "nested": lambda x, v: v1.cond(tf.reduce_sum(x) > 0.0, lambda: loop(x, v) + called(x, v), lambda: x),
}


@pytest.mark.parametrize("name", READERS)
def test_freezing(name):
    x_value = np.array([1.0, 2.0], np.float32)
    with tf.Graph().as_default() as graph, v1.Session() as session:
        x = v1.placeholder(tf.float32, [2], name="x")
        v = v1.get_variable("v", initializer=[3.0, -1.0])
        y = tf.identity(READERS[name](x, v), name="y")
        session.run(v.initializer)
        session.run(v.assign([2.0, 5.0]).op)
        want = session.run(y, {x: x_value})
        frozen = util.convert_variables_to_constants(session, graph.as_graph_def(), ["y"])
    assert not any(n.op in ("VarHandleOp", "ReadVariableOp") for n in frozen.node)
    np.testing.assert_allclose(run(frozen, "y:0", {"x:0": x_value}), want, rtol=1e-6)


def trained():
    graph = tf.Graph()
    with graph.as_default():
        x = v1.placeholder(tf.float32, [None], name="x")
        v = v1.get_variable("v", initializer=1.0)
        w = v1.get_variable("w", initializer=2.0)
        y = tf.identity(x * v * w, name="y")
        v1.train.GradientDescentOptimizer(0.1).minimize(tf.reduce_sum(y), name="train")
    return graph


def test_which_variables():
    graph = trained()
    with v1.Session(graph=graph) as session:
        with pytest.raises(tf.errors.FailedPreconditionError, match="uninitialized"):
            util.convert_variables_to_constants(session, graph.as_graph_def(), ["y"])
        with graph.as_default():
            session.run(v1.global_variables_initializer())
        some = util.convert_variables_to_constants(session, graph.as_graph_def(), ["y"], ["v"])
        others = util.convert_variables_to_constants(
            session, graph.as_graph_def(), ["y"], variable_names_blacklist=["v"]
        )
        assert {n.name: n.op for n in some.node}["v"] == {n.name: n.op for n in others.node}["w"] == "Const"
        assert (
            {n.name: n.op for n in some.node}["w"]
            == {n.name: n.op for n in others.node}["v"]
            == "VarHandleOp"
        )
        with pytest.raises(ValueError, match="becomes a constant"):
            util.convert_variables_to_constants(session, graph.as_graph_def(), ["train"])
        with pytest.raises(AssertionError, match="nope is not in graph"):
            util.convert_variables_to_constants(session, graph.as_graph_def(), ["nope"])


def test_extracting():
    message = trained().as_graph_def()
    names = {n.name for n in util.extract_sub_graph(message, ["y"]).node}
    assert {"x", "v", "w", "y"} <= names and "train" not in names
    with pytest.raises(TypeError, match="iterable of strings"):
        util.extract_sub_graph(message, "y")
    with pytest.raises(TypeError, match="GraphDef"):
        util.extract_sub_graph("y", ["y"])
    with pytest.raises(AssertionError, match="zz"):
        util.extract_sub_graph(message, ["zz"])


def test_what_only_training_needs():
    with tf.Graph().as_default() as graph:
        x = v1.placeholder(tf.float32, [], name="x")
        checked = tf.debugging.check_numerics(tf.identity(x + 1.0, name="pass"), "bad", name="check")
        with tf.control_dependencies([checked]):
            tf.multiply(checked, 2.0, name="y")
        tf.identity(x, name="kept")
    left = util.remove_training_nodes(graph.as_graph_def(), ["kept"])
    assert {"check", "pass"}.isdisjoint(n.name for n in left.node)
    assert "kept" in {n.name for n in left.node}
    assert run(left, "y:0", {"x:0": 2.0}) == 6.0


def test_nodes_for_the_cpu():
    with tf.Graph().as_default() as graph:
        strings, scalar, vector = tf.constant("a"), tf.constant(1), tf.constant([1, 2], tf.int64)
        assert util.must_run_on_cpu(strings.op) and util.must_run_on_cpu(scalar.op.node_def)
        assert not util.must_run_on_cpu(vector.op) and not util.must_run_on_cpu(tf.constant(1.0).op)
        x = v1.placeholder(tf.float32, [None, 2], name="x")
        assert util.tensor_shape_from_node_def_name(graph, "x").as_list() == x.shape.as_list()
    with pytest.raises(ValueError, match="Operation or a NodeDef"):
        util.must_run_on_cpu("a")


def test_cutting_between_nodes():
    with tf.Graph().as_default() as graph:
        x = v1.placeholder(tf.string, [], name="x")
        number = tf.strings.to_number(x, name="number")
        tf.multiply(number, 2.0, name="y")
    cut = strip_unused(graph.as_graph_def(), ["number"], ["y"], tf.float32.as_datatype_enum)
    assert run(cut, "y:0", {"number:0": 4.0}) == 8.0


OLD = """
node { name: "a" op: "Const" attr { key: "dtype" value { type: DT_FLOAT } }
       attr { key: "value" value { tensor { dtype: DT_FLOAT tensor_shape {} float_val: 4 } } } }
node { name: "v" op: "VariableV2" attr { key: "dtype" value { type: DT_FLOAT } } attr { key: "shape" value { shape {} } } }
node { name: "init" op: "Assign" input: "v" input: "a" attr { key: "T" value { type: DT_FLOAT } } }
node { name: "read" op: "Identity" input: "v" attr { key: "T" value { type: DT_FLOAT } } }
node { name: "y" op: "Mul" input: "read" input: "v" attr { key: "T" value { type: DT_FLOAT } } }
"""


def test_freezing_reference_variables():
    message = text_format.Parse(OLD, v1.GraphDef())
    with tf.Graph().as_default() as graph, v1.Session() as session:
        tf.import_graph_def(message, name="")
        session.run("init")
        for source in (message, graph.as_graph_def()):
            frozen = util.convert_variables_to_constants(session, source, ["y"])
            assert run(frozen, "y:0", {}) == 16.0
            assert not any("Var" in n.op for n in frozen.node)


PROGRAM = """
import sys
import tensorflow as tf
from tensorflow.core.framework import graph_pb2
from tensorflow.python.tools import freeze_graph, optimize_for_inference_lib, strip_unused_lib
v1 = tf.compat.v1
folder = sys.argv[1]
with tf.Graph().as_default() as graph, v1.Session() as sess:
    x = v1.placeholder(tf.float32, [None], name="x")
    v = v1.get_variable("v", initializer=3.0)
    tf.identity(tf.identity(x * v), name="y")
    sess.run(v1.global_variables_initializer())
    path = v1.train.Saver().save(sess, folder + "/model")
    tf.io.write_graph(graph, folder, "graph.pbtxt")
frozen = freeze_graph.freeze_graph(
    folder + "/graph.pbtxt", "", False, path, "y", "save/restore_all", "save/Const:0", folder + "/frozen.pb", True, ""
)
assert frozen == graph_pb2.GraphDef.FromString(open(folder + "/frozen.pb", "rb").read())
again = freeze_graph.freeze_graph(
    "", "", False, path, "y", "", "", "", True, "", input_meta_graph=path + ".meta"
)
small = optimize_for_inference_lib.optimize_for_inference(frozen, ["x"], ["y"], tf.float32.as_datatype_enum)
assert len(small.node) < len(frozen.node)
for message in (frozen, again, small):
    with tf.Graph().as_default(), v1.Session() as sess:
        tf.import_graph_def(message, name="")
        assert sess.run("y:0", {"x:0": [1.0, 2.0]}).tolist() == [3.0, 6.0]
print("FINE")
"""


def test_tools_of_tensorflow(tmp_path):
    script = tmp_path / "program.py"
    script.write_text(PROGRAM)
    command = [sys.executable, "-m", "headrace", "run", str(script), str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert "FINE" in done.stdout, done.stderr[-2000:]


# ------------------------------------------------------------------------------------------------ graphs for inference
def convolutions(kind, layout="NHWC"):
    """A frozen graph of convolutions with normalisations, one shared and one that trains."""
    rng = np.random.RandomState(0)
    numbers = lambda *shape: tf.constant(rng.uniform(0.5, 1.5, shape).astype("f"))
    with tf.Graph().as_default() as graph:
        x = v1.placeholder(tf.float32, [1, 4, 4, 2], name="x")
        w = numbers(3, 3, 2, 4) if kind == "Conv2D" else numbers(3, 3, 2, 2)
        convolve = tf.nn.conv2d if kind == "Conv2D" else tf.nn.depthwise_conv2d
        h = convolve(x, w, strides=[1, 1, 1, 1], padding="SAME")
        statistics = numbers(4), numbers(4), numbers(4), numbers(4)
        h, *_ = v1.nn.fused_batch_norm(h, *statistics, is_training=False)
        other = convolve(x, w, strides=[1, 1, 1, 1], padding="SAME")
        trained, *_ = v1.nn.fused_batch_norm(other, numbers(4), numbers(4))
        tf.reduce_sum(h + trained, [1, 2], name="y")
    return graph.as_graph_def()


@pytest.mark.parametrize("kind", ["Conv2D", "DepthwiseConv2dNative"])
def test_normalisations_become_weights(kind):
    from headrace.graphs.folding import fold_batch_norms

    message = convolutions(kind)
    folded = fold_batch_norms(message)
    kinds = [n.op for n in folded.node]
    assert kinds.count("BiasAdd") == kinds.count("FusedBatchNormV3") == 1 and kinds.count(kind) == 2
    feeds = {"x:0": np.random.RandomState(1).rand(1, 4, 4, 2)}
    np.testing.assert_allclose(run(folded, "y:0", feeds), run(message, "y:0", feeds), rtol=1e-4)


BRANCHES = """
    node { name: "x" op: "Placeholder" attr { key: "dtype" value { type: DT_FLOAT } } attr { key: "shape" value { shape {} } } }
    node { name: "yes" op: "Const" attr { key: "dtype" value { type: DT_BOOL } }
           attr { key: "value" value { tensor { dtype: DT_BOOL tensor_shape {} bool_val: true } } } }
    node { name: "training" op: "PlaceholderWithDefault" input: "yes" attr { key: "dtype" value { type: DT_BOOL } }
           attr { key: "shape" value { shape {} } } }
    node { name: "switch" op: "Switch" input: "x" input: "training" attr { key: "T" value { type: DT_FLOAT } } }
    node { name: "passed" op: "Identity" input: "switch" attr { key: "T" value { type: DT_FLOAT } } }
    node { name: "off" op: "Exp" input: "passed" attr { key: "T" value { type: DT_FLOAT } } }
    node { name: "on" op: "Neg" input: "switch:1" attr { key: "T" value { type: DT_FLOAT } } }
    node { name: "merge" op: "Merge" input: "off" input: "on" attr { key: "T" value { type: DT_FLOAT } }
           attr { key: "N" value { i: 2 } } }
    node { name: "y" op: "Identity" input: "merge" attr { key: "T" value { type: DT_FLOAT } } }
"""


def test_branches_for_inference():
    from headrace.internals.inference import optimize_for_inference

    message = text_format.Parse(BRANCHES, v1.GraphDef())
    both = optimize_for_inference(message, ["x"], ["y"], 1)
    assert run(both, ["y:0", "merge:0"], {"x:0": 2.0}) == [-2.0, -2.0]
    assert run(both, "y:0", {"x:0": 0.0, "training:0": False}) == 1.0
    settled = optimize_for_inference(message, ["x"], ["y"], 1, placeholder_to_const_names=["training=False"])
    assert run(settled, "y:0", {"x:0": 0.0}) == 1.0
    assert {n.op for n in settled.node} >= {"Switch", "Merge", "Const"} and "yes" not in {
        n.name for n in settled.node
    }
    with pytest.raises(ValueError, match="name=True"):
        optimize_for_inference(message, ["x"], ["y"], 1, placeholder_to_const_names=["training=0"])


# -------------------------------------------------------------------------------------------------- quantised training
def test_training_with_quantised_numbers():
    quantise = v1.train.do_quantize_training_on_graphdef
    with tf.Graph().as_default() as graph:
        x = v1.placeholder(tf.float32, [2, 2], name="x")
        both = tf.concat([tf.nn.relu6(x, name="r"), tf.sigmoid(x)], 1, name="both")
        tf.matmul(both, tf.ones([4, 2], name="w"), name="y")
        v1.gradients(tf.matmul(x, x, name="z"), x)
    message = quantise(graph.as_graph_def(), 8)
    nodes = {n.name: n for n in message.node}
    assert list(nodes["y"].input) == ["both/QuantizeAndDequantizeV2", "w/QuantizeAndDequantizeV2"]
    assert list(nodes["z"].input) == ["x/QuantizeAndDequantizeV2"] * 2
    made = nodes["both/QuantizeAndDequantizeV2"]
    assert not made.attr["signed_input"].b and made.attr["num_bits"].i == 8
    assert list(made.input) == ["both", "both/InputMin", "both/InputMax"]
    assert all("Quantize" not in t for n in message.node if n.name.startswith("gradients") for t in n.input)
    with tf.Graph().as_default(), v1.Session() as session:
        tf.import_graph_def(message, name="")
        limits = ["x/Min/Variable:0", "x/Max/Variable:0"]
        session.run("z:0", {"x:0": [[1.0, 2.0], [3.0, -4.0]]})
        assert session.run(limits) == [-4.0, 3.0]
        session.run("z:0", {"x:0": [[1.0, 2.0], [13.0, -14.0]]})
        np.testing.assert_allclose(session.run(limits), [-4.01, 3.01], rtol=1e-6)
    for bits in (0, 64):
        with pytest.raises(IndexError, match="num_bits"):
            quantise(message, bits)
    with pytest.raises(TypeError):
        quantise(graph, 8)
