"""Writers in graphs that sessions run."""

from __future__ import annotations

import numpy as np
import pytest

import headrace as tf
from headrace.proto import event_pb2, graph_pb2
from headrace.summary.reader import event_files, read_events
from headrace.v1.contrib import summary as contrib

v1 = tf.compat.v1


@pytest.fixture
def folder(tmp_path):
    yield str(tmp_path)
    tf.summary.experimental.set_step(None)


def events(folder):
    return [e for path in event_files(folder) for e in read_events(path)]


def written(folder):
    return sorted((v.tag, e.step) for e in events(folder) for v in e.summary.value)


def test_steps_write(folder):
    with tf.Graph().as_default() as graph, v1.Session() as session:
        step = v1.train.get_or_create_global_step()
        x = v1.placeholder(tf.float32, [], name="x")
        writer = tf.summary.create_file_writer(folder)
        with writer.as_default(step):
            with v1.name_scope("net"):
                loss = tf.summary.scalar("loss", x)
            tf.summary.histogram("h", tf.stack([x, 2 * x]), buckets=2)
            tf.summary.image("im", tf.fill([1, 2, 2, 1], x), step=5)
            tf.summary.text("note", "hello", step=5)
            with tf.summary.record_if(tf.equal(step % 2, 0)):
                even = tf.summary.write("even", x)
            with tf.summary.record_if(False):
                tf.summary.scalar("never", x)
            v1.summary.initialize(graph=graph)
        assert loss.name == "net/loss/write_summary/Const:0"
        assert graph.get_operation_by_name("net/loss/write_summary").type == "WriteSummary"
        session.run(step.initializer)
        (path,) = event_files(folder)
        found = v1.summary.all_v2_summary_ops()
        assert len(found) == 6 and even in found
        for i in range(3):
            assert session.run(found, {x: float(i)}) == [True, True, True, True, i % 2 == 0, False]
            session.run(v1.assign_add(step, 1))
        session.run(writer.flush())
        assert [t for t in written(folder) if t[0] in ("even", "net/loss")] == [
            ("even", 0), ("even", 2), ("net/loss", 0), ("net/loss", 1), ("net/loss", 2)
        ]  # fmt: skip
        drawn = [graph_pb2.GraphDef.FromString(e.graph_def) for e in events(folder) if e.graph_def]
        assert [n.name for n in drawn[0].node][:2] == ["global_step/Initializer/zeros", "global_step"]
        assert session.run(writer.init()) is None and len(event_files(folder)) == 1
        session.run(writer.close())
        with pytest.raises(tf.errors.NotFoundError, match="does not exist"):
            session.run(loss, {x: 1.0})
    assert path == event_files(folder)[0]


def test_sessions_have_files_of_their_own(folder):
    with tf.Graph().as_default() as graph:
        writer = tf.summary.create_file_writer(folder)
        with writer.as_default():
            one = tf.summary.scalar("a", 1.0, step=1)
        graph.finalize()
        for _ in range(2):
            with v1.Session() as session:
                with pytest.raises(tf.errors.NotFoundError):
                    session.run(one)
                session.run(writer.init())
                assert session.run(one)
    assert len(event_files(folder)) == 2 and written(folder) == [("a", 1), ("a", 1)]


def test_functions_in_graphs_write(folder):
    with tf.Graph().as_default(), v1.Session() as session:
        writer = tf.summary.create_file_writer(folder)

        @tf.function
        def f(x):
            with writer.as_default():
                tf.summary.scalar("inside", x, step=3)
            return x + 1.0

        y = f(tf.constant(1.0))
        session.run(writer.init())
        assert session.run(y) == 2.0
        session.run(writer.close())
    assert written(folder) == [("inside", 3)]


def test_initialize(folder):
    v1.summary.initialize()
    assert v1.summary.all_v2_summary_ops() is None
    with pytest.raises(RuntimeError, match="graph mode"):
        contrib.summary_writer_initializer_op()
    with tf.Graph().as_default():
        with pytest.raises(RuntimeError, match="No default"):
            v1.summary.initialize()
        with tf.summary.create_file_writer(folder).as_default(), pytest.raises(ValueError, match="session"):
            v1.summary.initialize()
        assert [op.type for op in contrib.summary_writer_initializer_op()] == ["CreateSummaryFileWriter"]


def test_tensorboard_reads_them(folder):
    accumulator = pytest.importorskip("tensorboard.backend.event_processing.event_accumulator")
    with tf.Graph().as_default(), v1.Session() as session:
        with contrib.create_file_writer(folder).as_default(), contrib.always_record_summaries():
            contrib.scalar("loss", 0.5, step=3)
            contrib.histogram("h", np.arange(5.0), step=3)
            contrib.image("im", np.zeros([1, 2, 2, 3], np.uint8), step=3)
            contrib.initialize()
        session.run(contrib.all_summary_ops())
    board = accumulator.EventAccumulator(folder)
    board.Reload()
    assert [(e.step, e.value) for e in board.Scalars("loss")] == [(3, 0.5)]
    assert board.Histograms("h")[0].histogram_value.num == 5 and len(board.Images("im/image/0")) == 1


def test_eager_programs_of_contrib(folder):
    step = tf.Variable(0, dtype=tf.int64)
    writer = contrib.create_file_writer(folder)
    with writer.as_default():
        assert not contrib.scalar("nothing", 1.0, step=1)
        with contrib.record_summaries_every_n_global_steps(2, step):
            for _ in range(4):
                contrib.scalar("loss", 1.0, step=step, family="f")
                step.assign_add(1)
        contrib.graph(tf.Graph(), step=0)
        contrib.import_event(event_pb2.Event(step=9, summary={"value": [{"tag": "x"}]}).SerializeToString())
        contrib.flush()
    assert written(folder) == [("f/f/loss", 0), ("f/f/loss", 2), ("x", 9)]
    writer.close()


def test_what_contrib_does_without(folder):
    with tf.Graph().as_default():
        assert contrib.scalar("a", 1.0).type == contrib.flush().type == "NoOp"
        assert contrib.create_file_writer(None).init() is None
        with pytest.raises(RuntimeError, match="no default writer"):
            contrib.import_event("")
        with pytest.raises(TypeError, match=r"tf\.Tensor"):
            contrib.graph(tf.Graph())
    with pytest.raises(NotImplementedError, match="create_file_writer"):
        contrib.create_db_writer("x")
