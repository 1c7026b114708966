"""Graphs in event files."""

from __future__ import annotations

import pytest
from summary.test_writer import written

import headrace as tf
from headrace.proto import graph_pb2, run_metadata_pb2
from headrace.summary.reader import event_files, read_events


@pytest.fixture(autouse=True)
def no_trace_left_behind():
    yield
    tf.summary.trace_off()


def test_graph(tmp_path):
    graph = tf.function(lambda x: tf.exp(x)).get_concrete_function(tf.TensorSpec([])).graph
    with tf.summary.create_file_writer(str(tmp_path)).as_default():
        assert tf.summary.graph(graph)
        assert tf.summary.graph(graph_pb2.GraphDef(node=[{"name": "a", "op": "NoOp"}]))
        with pytest.raises(ValueError, match="graph_data"):
            tf.summary.graph(3)
    graphs = [
        graph_pb2.GraphDef.FromString(e.graph_def)
        for e in read_events(event_files(tmp_path)[0])
        if e.graph_def
    ]
    assert "Exp" in [n.op for n in graphs[0].node] and graphs[1].node[0].name == "a"


def test_graph_inside_of_a_function():
    with pytest.raises(ValueError, match="graph context"):
        tf.function(lambda: tf.summary.graph(tf.Graph()) and 1)()


def test_traces_hold_what_ran(tmp_path):
    f, g = tf.function(lambda x: tf.exp(x)), tf.function(lambda x: tf.sin(x))
    x = tf.constant(1.0)
    f(x)  # compiled before the trace: seen all the same
    tf.summary.trace_on()
    for _ in range(3):
        f(x)
    with tf.GradientTape() as tape:
        tape.watch(x)
        g(x)
    with tf.summary.create_file_writer(str(tmp_path)).as_default():
        tf.summary.trace_export("t", step=2)
    ((tag, step, value),) = written(tmp_path)
    message = run_metadata_pb2.RunMetadata.FromString(value)
    ops = [[n.op for n in run.pre_optimization_graph.node] for run in message.function_graphs]
    assert (tag, step) == ("t", 2) and any("Exp" in o for o in ops)
    assert sum("Exp" in o for o in ops) == 1


def test_results_do_not_change_under_a_trace():
    f = tf.function(lambda x: x * 2.0)
    before = f(tf.constant(3.0))
    tf.summary.trace_on()
    assert f(tf.constant(3.0)) == before
    tf.summary.trace_off()
    assert f(tf.constant(3.0)) == before


def test_use(tmp_path):
    with tf.summary.create_file_writer(str(tmp_path)).as_default():
        with pytest.raises(ValueError, match="trace_on"):
            tf.summary.trace_export("t", step=0)
        tf.summary.trace_on()
        with pytest.raises(ValueError, match="step"):
            tf.summary.trace_export("t")
        tf.summary.trace_export("t", step=0)
        with pytest.raises(ValueError, match="trace_on"):
            tf.summary.trace_export("t", step=0)
    for options in ({"profiler": True}, {"profiler_outdir": "a"}):
        with pytest.raises(NotImplementedError, match="profiler"):
            tf.summary.trace_on(**options)
    with pytest.raises(ValueError, match="graph=True"):
        tf.summary.trace_on(graph=False)
