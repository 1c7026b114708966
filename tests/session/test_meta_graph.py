"""Meta graphs: graphs with their collections and savers, between programs, and between Headrace and TensorFlow."""

from __future__ import annotations

import os
import subprocess

import pytest
from conformance.test_conformance import TF_ENVIRONMENT, tensorflow_python
from google.protobuf import text_format

import headrace as tf
from headrace.proto.meta_graph_pb2 import MetaGraphDef, VariableDef

v1 = tf.compat.v1

# Runs with Headrace and with TensorFlow: trains, saves, and trains on; or imports what was saved, restores and trains on.
PROGRAM = """
import importlib, sys
import numpy as np
action, module, mode, folder = sys.argv[1:5]
tf = importlib.import_module(module)
v1 = tf.compat.v1
v1.disable_eager_execution()
if mode == "old":
    v1.disable_control_flow_v2()
    v1.disable_resource_variables()
X = np.random.RandomState(0).randn(8, 4).astype("f")
feed = {"x:0": X, "t:0": X[:, :1] * 2}
if action == "save":
    x, t = v1.placeholder(tf.float32, [None, 4], name="x"), v1.placeholder(tf.float32, [None, 1], name="t")
    with v1.variable_scope("net"):
        w = v1.get_variable("w", initializer=np.linspace(-1, 1, 12).reshape(4, 3).astype("f"))
        o = v1.get_variable("o", initializer=np.ones((3, 1), "f"))
    h = v1.cond(tf.reduce_sum(x) > 100.0, lambda: tf.matmul(x, w), lambda: tf.tanh(tf.matmul(x, w)))
    loss = tf.reduce_mean(tf.square(tf.matmul(h, o) - t), name="loss")
    step = v1.train.get_or_create_global_step()
    train = v1.train.AdamOptimizer(0.05).minimize(loss, global_step=step, name="train")
    v1.add_to_collection("train_op", train)
    v1.add_to_collection("losses", loss)
    v1.add_to_collection("note", "hello")
    v1.add_to_collection("number", 7)
    v1.add_to_collection("share", 0.5)
    init, saver = v1.global_variables_initializer(), v1.train.Saver(max_to_keep=3)
    with v1.Session() as sess:
        sess.run(init)
        for _ in range(3):
            sess.run(train, feed)
        saver.save(sess, folder + "/model", global_step=3)
        np.savez(folder + "/want.npz", *[sess.run([loss, train], feed)[0] for _ in range(4)])
else:
    saver = v1.train.import_meta_graph(folder + "/model-3.meta", clear_devices=True)
    (loss,), train = v1.get_collection("losses"), v1.get_collection("train_op")[0]
    assert v1.get_collection("note") == [b"hello"] and v1.get_collection("number") == [7]
    assert v1.get_collection("share") == [0.5]
    assert sorted(v.op.name for v in v1.trainable_variables()) == ["net/o", "net/w"]
    assert v1.trainable_variables()[0] is v1.global_variables()[0]
    with v1.Session() as sess:
        saver.restore(sess, folder + "/model-3")
        got = [sess.run([loss, train], feed)[0] for _ in range(4)]
        np.testing.assert_allclose(got, list(np.load(folder + "/want.npz").values()), rtol=2e-5)
        assert sess.run(v1.train.get_global_step()) == 7
        sess.run(v1.global_variables_initializer())
        first = sess.run(loss, feed)
        more = v1.train.GradientDescentOptimizer(0.1).minimize(loss)
        for _ in range(3):
            sess.run(more, feed)
        assert sess.run(loss, feed) < first
    print("FINE")
"""


def program(python, *arguments):
    run = subprocess.run(
        [python, "-c", PROGRAM, *map(str, arguments)], capture_output=True, text=True,
        env={**os.environ, **TF_ENVIRONMENT, "PYTHONPATH": os.getcwd()},
    )  # fmt: skip
    assert run.returncode == 0, run.stderr[-3000:]
    return run.stdout


@pytest.mark.conformance
@pytest.mark.parametrize("mode", ["new", "old"])
def test_tensorflows_meta_graphs_train_here(tmp_path, mode):
    import sys

    program(tensorflow_python(), "save", "tensorflow", mode, tmp_path)
    assert "FINE" in program(sys.executable, "load", "headrace", "new", tmp_path)


@pytest.mark.conformance
def test_our_meta_graphs_train_there_and_here(tmp_path):
    import sys

    program(sys.executable, "save", "headrace", "new", tmp_path)
    assert "FINE" in program(sys.executable, "load", "headrace", "new", tmp_path)
    assert "FINE" in program(tensorflow_python(), "load", "tensorflow", "new", tmp_path)


def small():
    graph = tf.Graph()
    with graph.as_default():
        x = v1.placeholder(tf.float32, [], name="x")
        with v1.variable_scope("inner"):
            v = v1.get_variable("v", initializer=2.0)
            y = tf.multiply(x, v, name="y")
        v1.add_to_collection("ends", y)
        v1.add_to_collection("ops", y.op)
    return graph


def test_collections_and_info():
    graph = small()
    message = v1.train.export_meta_graph(graph=graph)
    assert isinstance(message, MetaGraphDef) and isinstance(message, v1.MetaGraphDef)
    assert message.collection_def["ends"].node_list.value == ["inner/y:0"]
    assert message.collection_def["ops"].node_list.value == ["inner/y"]
    (data,) = message.collection_def["variables"].bytes_list.value
    variable = VariableDef.FromString(data)
    assert variable.variable_name == "inner/v:0" and variable.trainable and variable.is_resource
    ops = {op.name: op for op in message.meta_info_def.stripped_op_list.op}
    assert [a.name for a in ops["Mul"].input_arg] == ["x", "y"] and ops["VarHandleOp"].is_stateful
    assert message.meta_info_def.tensorflow_version == tf.__version__
    only = v1.train.export_meta_graph(graph=graph, collection_list=["ends"])
    assert list(only.collection_def) == ["ends"]


@pytest.mark.parametrize("as_text", [True, False])
def test_files(tmp_path, as_text):
    path = str(tmp_path / "graph.meta")
    message = v1.train.export_meta_graph(path, graph=small(), as_text=as_text)
    data = (tmp_path / "graph.meta").read_bytes()
    assert (text_format.Parse(data, MetaGraphDef()) if as_text else MetaGraphDef.FromString(data)) == message
    with tf.Graph().as_default() as graph, v1.Session() as session:
        saver = v1.train.import_meta_graph(path)
        assert isinstance(saver, v1.train.Saver)
        session.run(v1.global_variables_initializer())
        assert session.run(graph.get_collection("ends")[0], {"x:0": 3.0}) == 6.0


def test_scopes():
    message = v1.train.export_meta_graph(graph=small(), export_scope="inner")
    assert sorted(n.name for n in message.graph_def.node if "/" not in n.name) == ["v", "y"]
    assert message.collection_def["unbound_inputs"].bytes_list.value == [b"$unbound_inputs_x"]
    with tf.Graph().as_default() as graph, v1.Session() as session:
        with pytest.raises(ValueError, match="unbound inputs"):
            v1.train.import_meta_graph(message, import_scope="a")
        five = tf.constant(5.0)
        v1.train.import_meta_graph(message, import_scope="a", input_map={"$unbound_inputs_x": five})
        v1.train.import_meta_graph(message, import_scope="b", input_map={"$unbound_inputs_x": five})
        assert [v.name for v in v1.global_variables()] == ["a/v:0", "b/v:0"]
        session.run(v1.global_variables_initializer())
        session.run(v1.global_variables()[1].assign(-1.0).op)
        # As in TensorFlow: a resource keeps its shared name, so both imports are of one variable.
        assert session.run(graph.get_collection("ends")) == [-5.0, -5.0]


def test_without_devices_and_defaults():
    with tf.Graph().as_default() as graph, graph.device("/device:CPU:0"):
        x = v1.placeholder(tf.float32, [2, 2], name="x")
        tf.matmul(x, x, name="y")
    kept = v1.train.export_meta_graph(graph=graph)
    message = v1.train.export_meta_graph(graph=graph, clear_devices=True, strip_default_attrs=True)
    assert kept.graph_def.node[0].device and not message.graph_def.node[0].device
    assert message.meta_info_def.stripped_default_attrs
    assert (
        "transpose_a" in kept.graph_def.node[1].attr and "transpose_a" not in message.graph_def.node[1].attr
    )
    with tf.Graph().as_default() as again:
        assert v1.train.import_meta_graph(message) is None, "nothing to save"
        assert again.get_operation_by_name("y").get_attr("transpose_a") is False


def test_which_collections_come_in():
    message = v1.train.export_meta_graph(graph=small())
    with tf.Graph().as_default() as graph:
        v1.train.import_meta_graph(message, restore_collections_predicate=lambda key: key == "ends")
        assert graph.get_all_collection_keys() == ["ends"]


def test_variables_as_messages():
    graph = small()
    with graph.as_default():
        (v,) = v1.global_variables()
        again = v1.Variable.from_proto(v.to_proto())
        assert again.handle is v.handle and again.initializer is v.initializer and again.name == v.name
        assert v.to_proto(export_scope="elsewhere") is None
        assert v.to_proto(export_scope="inner").variable_name == "v:0"
        with pytest.raises(ValueError, match="mutually exclusive"):
            v1.Variable(1.0, variable_def=v.to_proto())
        message = v.to_proto()
        message.variable_name = "x:0"
        with pytest.raises(ValueError, match="not of a variable"):
            v1.Variable.from_proto(message)


def test_bad_input(tmp_path):
    with tf.Graph().as_default():
        with pytest.raises(OSError, match="does not exist"):
            v1.train.import_meta_graph(str(tmp_path / "none.meta"))
        (tmp_path / "bad.meta").write_bytes(b"\xff\xff\xff nonsense")
        with pytest.raises(OSError, match="Cannot parse"):
            v1.train.import_meta_graph(str(tmp_path / "bad.meta"))
        with pytest.raises(TypeError, match="takes no"):
            v1.train.import_meta_graph(v1.train.export_meta_graph(), no_such_option=1)
        with pytest.raises(NotImplementedError, match="save_debug_info"):
            v1.train.export_meta_graph(save_debug_info=True)
    with pytest.raises(RuntimeError, match="eager"):
        v1.train.export_meta_graph()


def test_what_has_no_message_is_told(caplog):
    with tf.Graph().as_default():
        v1.add_to_collection("odd", object())
        message = v1.train.export_meta_graph()
    assert "odd" not in message.collection_def


def test_queue_runners_and_loops_come_along(tmp_path):
    with tf.Graph().as_default():
        queue = v1.FIFOQueue(10, tf.float32, [()], name="queue")
        v1.train.add_queue_runner(v1.train.QueueRunner(queue, [queue.enqueue(tf.constant(2.0))]))
        total = tf.while_loop(lambda i, s: i < 3, lambda i, s: (i + 1, s * 2.0), (0, queue.dequeue()))[1]
        v1.add_to_collection("total", total)
        message = v1.train.export_meta_graph()
    with tf.Graph().as_default() as graph, v1.Session() as session:
        v1.train.import_meta_graph(message)
        coordinator = v1.train.Coordinator()
        threads = v1.train.start_queue_runners(session, coordinator)
        assert session.run(graph.get_collection("total")[0]) == 16.0
        coordinator.request_stop()
        coordinator.join(threads)


def test_summaries_of_images_come_back():
    with tf.Graph().as_default():
        x = v1.placeholder(tf.float32, [1, 2, 2, 1], name="x")
        v1.summary.image("picture", x, max_outputs=2)
        message = v1.train.export_meta_graph()
    [node] = [n for n in message.graph_def.node if n.op == "ImageSummary"]
    assert node.attr["bad_color"].WhichOneof("value") == "tensor"
    with tf.Graph().as_default(), v1.Session() as sess:
        v1.train.import_meta_graph(message)
        summary = v1.Summary.FromString(sess.run("picture:0", {"x:0": [[[[0.5], [1.0]], [[0.0], [0.25]]]]}))
        assert summary.value[0].image.width == 2


def test_iterators_are_in_a_collection():
    with tf.Graph().as_default() as g:
        it = v1.data.make_one_shot_iterator(tf.data.Dataset.range(3))
        v1.data.Iterator.from_structure(tf.int64, [])
        assert len(g.get_collection("iterators")) == 2
        assert g.get_collection("iterators")[0].op.type == "OneShotIterator"
        assert it.get_next().op.inputs[0] is g.get_collection("iterators")[0]
