"""Writers, steps and conditions: what ends up in the file."""

from __future__ import annotations

import subprocess
import sys
import threading

import pytest

import headrace as tf
from headrace.proto import event_pb2
from headrace.summary.reader import event_files, read_events


def written(folder):
    """`[(tag, step, value), …]` of all summaries in a directory's event files."""
    out = []
    for path in event_files(folder):
        for event in read_events(path):
            for value in event.summary.value:
                has_tensor = value.WhichOneof("value") == "tensor"
                out.append(
                    (value.tag, event.step, tf.make_ndarray(value.tensor).tolist() if has_tensor else value)
                )
    return out


@pytest.fixture
def folder(tmp_path):
    yield str(tmp_path)
    tf.summary.experimental.set_step(None)


def test_the_file_is_there_at_once(folder):
    tf.summary.create_file_writer(folder, filename_suffix=".end")
    (path,) = event_files(folder)
    assert "events.out.tfevents." in path and path.endswith(".end")
    (event,) = read_events(path)
    assert event.file_version == "brain.Event:2" and event.source_metadata.writer and event.wall_time > 1e9


def test_without_a_writer_nothing_is_recorded(folder):
    assert not tf.summary.scalar("a", 1.0)
    assert not tf.summary.should_record_summaries()
    assert tf.summary.flush() is None
    assert not tf.summary.graph(tf.Graph())


def test_steps(folder):
    set_step, get_step = tf.summary.experimental.set_step, tf.summary.experimental.get_step
    with tf.summary.create_file_writer(folder).as_default():
        with pytest.raises(ValueError, match="No step set"):
            tf.summary.scalar("a", 1.0)
        tf.summary.scalar("a", 1.0, step=1)
        set_step(2)
        tf.summary.scalar("a", 1.0)
        step = tf.Variable(3, dtype=tf.int64)
        set_step(step)
        tf.summary.scalar("a", 1.0)
        step.assign(4)
        tf.summary.scalar("a", 1.0)
        assert get_step() is step
    with tf.summary.create_file_writer(folder).as_default(step=5):
        tf.summary.scalar("b", 1.0)
    assert get_step() is step
    set_step(None)
    assert [(tag, step) for tag, step, _ in written(folder)] == [
        ("a", 1),
        ("a", 2),
        ("a", 3),
        ("a", 4),
        ("b", 5),
    ]


@pytest.mark.parametrize("step", [2.5, "x"])
def test_steps_are_integers(folder, step):
    with tf.summary.create_file_writer(folder).as_default(), pytest.raises(TypeError, match="int64"):
        tf.summary.scalar("a", 1.0, step=step)


def test_conditions(folder):
    with tf.summary.create_file_writer(folder).as_default(step=0):
        for condition in (
            True,
            tf.constant(True),
            lambda: True,
            lambda: tf.constant(True),
            tf.Variable(True),
        ):
            with tf.summary.record_if(condition):
                assert tf.summary.scalar("yes", 1.0) and tf.summary.should_record_summaries()
        for condition in (False, tf.constant(False), lambda: False):
            with tf.summary.record_if(condition):
                assert not tf.summary.scalar("no", 1.0) and not tf.summary.should_record_summaries()
    assert [tag for tag, _, _ in written(folder)] == ["yes"] * 5


def test_values_are_computed_only_if_recorded(folder):
    calls = []
    with tf.summary.create_file_writer(folder).as_default(step=0):
        for condition in (False, True):
            with tf.summary.record_if(condition):
                tf.summary.write("a", lambda: calls.append(1) or tf.constant(1.0))
    assert calls == [1]


def test_inside_of_a_function(folder):
    writer = tf.summary.create_file_writer(folder)

    @tf.function
    def f(x, step):
        with writer.as_default():
            with tf.summary.record_if(tf.equal(step % 2, 0)):
                recorded = tf.summary.scalar("even", x, step=step)
            for i in tf.range(2):
                tf.summary.scalar("loop", tf.cast(i, tf.float32), step=step)
        return recorded

    said = [bool(f(tf.constant(float(i)), tf.constant(i, tf.int64))) for i in range(3)]
    assert said == [True, False, True]
    loops = [("loop", i, float(k)) for i in range(3) for k in range(2)]
    found = written(folder)  # the function flushed the writer
    assert [entry for entry in found if entry[0] == "loop"] == loops
    assert [entry for entry in found if entry[0] == "even"] == [("even", 0, 0.0), ("even", 2, 2.0)]
    assert found[:3] == [("even", 0, 0.0), loops[0], loops[1]]  # in the program's order


def test_variables_inside_of_a_function(folder):
    writer, v, step = tf.summary.create_file_writer(folder), tf.Variable(1.0), tf.Variable(0, dtype=tf.int64)

    @tf.function
    def train():
        v.assign(v * 2.0)
        step.assign_add(1)
        tf.summary.scalar("v", v, step=step)

    with writer.as_default():
        for _ in range(3):
            train()
    assert written(folder) == [("v", 1, 2.0), ("v", 2, 4.0), ("v", 3, 8.0)]


def test_tags_and_scopes(folder):
    with tf.summary.create_file_writer(folder).as_default(step=0), tf.name_scope("outer"):
        tf.summary.scalar("a b", 1.0)
        with tf.summary.experimental.summary_scope("x!", "default") as (tag, scope):
            assert (tag, scope) == ("outer/x!", "outer/x/")
        with tf.summary.experimental.summary_scope("!", "default") as (tag, scope):
            assert (tag, scope) == ("outer/!", "outer/default/")
    assert written(folder)[0][0] == "outer/a b"


def test_write(folder):
    metadata = event_pb2.SummaryMetadata(plugin_data={"plugin_name": "mine", "content": b"x"})
    with tf.summary.create_file_writer(folder).as_default(step=0):
        tf.summary.write("a", [1, 2], metadata=metadata)
        tf.summary.write(tf.constant("b"), "text", metadata=metadata.SerializeToString())
        with pytest.raises(TypeError, match="metadata"):
            tf.summary.write("c", 1, metadata=5)
        with pytest.raises(tf.errors.InvalidArgumentError, match="SummaryMetadata"):
            tf.summary.write("c", 1, metadata=b"\xff")
    assert written(folder) == [("a", 0, [1, 2]), ("b", 0, b"text")]
    values = [v for e in read_events(event_files(folder)[0]) for v in e.summary.value]
    assert all(v.metadata == metadata for v in values)


def test_raw_messages(folder):
    message = event_pb2.Summary(value=[{"tag": "raw", "simple_value": 2.0}]).SerializeToString()
    with tf.summary.create_file_writer(folder).as_default(step=3):
        assert tf.summary.experimental.write_raw_pb([message, message])
        with pytest.raises(tf.errors.DataLossError, match="Summary"):
            tf.summary.experimental.write_raw_pb(b"\xff")
    assert [(tag, step) for tag, step, _ in written(folder)] == [("raw", 3)] * 2


def test_closing(folder):
    writer = tf.summary.create_file_writer(folder)
    with writer.as_default(step=0):
        tf.summary.scalar("a", 1.0)
        writer.close()
        with pytest.raises(tf.errors.NotFoundError, match="closed"):
            tf.summary.scalar("a", 1.0)
    writer.close()
    writer.flush()
    for use in (writer.as_default, writer.set_as_default, writer.init):
        with pytest.raises(RuntimeError, match="already closed"):
            use()
    assert len(written(folder)) == 1


def test_events_wait_in_the_queue(folder):
    writer = tf.summary.create_file_writer(folder, max_queue=3)
    with tf.summary.record_if(True):
        writer.set_as_default(step=0)
        try:
            for n in range(1, 6):
                tf.summary.scalar("a", 1.0)
                assert len(written(folder)) == (0 if n <= 3 else 4)
        finally:
            from headrace.summary.writer import defaults

            defaults.writer = None
    writer.flush()
    assert len(written(folder)) == 5


def test_a_writer_that_goes_away_loses_nothing(folder):
    writer = tf.summary.create_file_writer(folder)
    from headrace.summary.writer import defaults

    writer.set_as_default(step=0)
    tf.summary.scalar("a", 1.0)
    defaults.writer = defaults.step = None
    del writer
    assert len(written(folder)) == 1


def test_a_process_that_ends_loses_nothing(folder):
    code = f"""
import headrace as tf
tf.summary.create_file_writer({folder!r}).set_as_default(step=0)
tf.summary.scalar("a", 1.0)
"""
    subprocess.run([sys.executable, "-c", code], check=True)
    assert len(written(folder)) == 1


def test_threads_share_a_writer_but_not_the_default(folder):
    writer = tf.summary.create_file_writer(folder)

    def work(i):
        assert not tf.summary.should_record_summaries()
        with writer.as_default(step=i):
            for k in range(50):
                tf.summary.scalar(f"t{i}", float(k))

    with writer.as_default():
        threads = [threading.Thread(target=work, args=(i,)) for i in range(4)]
        for t in threads:
            t.start()
        for t in threads:
            t.join()
    found = written(folder)
    assert len(found) == 200
    for i in range(4):
        assert [v for tag, step, v in found if tag == f"t{i}" and step == i] == [float(k) for k in range(50)]


def test_the_noop_writer(folder):
    noop = tf.summary.create_noop_writer()
    with noop.as_default(step=1):
        assert tf.summary.experimental.get_step() == 1
        assert not tf.summary.scalar("a", 1.0)
    assert noop.init() is noop.flush() is noop.close() is None
    assert isinstance(noop, tf.summary.SummaryWriter)


def test_arguments_of_create_file_writer(tmp_path):
    with pytest.raises(ValueError, match="None"):
        tf.summary.create_file_writer(None)
    for unsupported in ({"experimental_trackable": True}, {"experimental_mesh": object()}):
        with pytest.raises(ValueError, match=next(iter(unsupported))):
            tf.summary.create_file_writer(str(tmp_path), **unsupported)
    (tmp_path / "file").write_text("")
    with pytest.raises(tf.errors.FailedPreconditionError):
        tf.summary.create_file_writer(tmp_path / "file" / "logs")
    with pytest.raises(ValueError, match="flush"):
        tf.summary.flush(3)
    for logdir in (tmp_path / "a", tf.constant(str(tmp_path / "a")), str(tmp_path / "a").encode()):
        tf.summary.create_file_writer(logdir)
    assert len(event_files(tmp_path / "a")) == 3
