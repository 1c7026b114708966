"""1.x's summaries: ops in graphs, merged, run by a session, written by a FileWriter."""

from __future__ import annotations

import numpy as np
import pytest

import headrace as tf
from headrace.proto import event_pb2
from headrace.summary.reader import event_files, read_events

v1 = tf.compat.v1


def evaluated(make):
    """The `Summary` that the op made by `make()` gives in a session."""
    with v1.Graph().as_default(), v1.Session() as session:
        return event_pb2.Summary.FromString(session.run(make()))


def test_scalar_and_names():
    def make():
        with v1.name_scope("scope"):
            summary = v1.summary.scalar("a b", 2, family="family")
        assert summary.name == "scope/family/a_b:0"
        return v1.summary.merge_all()

    (value,) = evaluated(make).value
    assert (value.tag, value.simple_value) == ("family/scope/family/a_b", 2.0)


def test_histogram():
    (value,) = evaluated(lambda: v1.summary.histogram("h", [1.0, 2.0, 2.0, -3.0, 0.0])).value
    h = value.histo
    assert (h.min, h.max, h.num, h.sum, h.sum_squares) == (-3.0, 2.0, 5.0, 2.0, 18.0)
    expected = [-3.1665833053880363, -2.8787120958073054, 0, 1e-12, 0.917246389039776, 1.0089710279437536]
    np.testing.assert_allclose(h.bucket_limit[:6], expected, rtol=1e-12)
    assert list(h.bucket) == [0, 1, 0, 1, 0, 1, 0, 2, 0]
    (empty,) = evaluated(lambda: v1.summary.histogram("h", tf.zeros([0]))).value
    assert list(empty.histo.bucket) == [0] and empty.histo.num == 0
    for bad in (np.nan, np.inf):
        with pytest.raises(tf.errors.InvalidArgumentError, match="in summary histogram"):
            evaluated(lambda bad=bad: v1.summary.histogram("h", [bad]))


def test_images_are_scaled():
    def pixels(values):
        (value,) = evaluated(
            lambda: v1.summary.image("i", np.asarray(values)[None, ..., None], max_outputs=1)
        ).value
        assert value.tag == "i/image" and (value.image.height, value.image.width) == np.shape(values)
        return tf.io.decode_png(value.image.encoded_image_string).numpy()[..., 0].tolist()

    assert pixels(np.float32([[0.0, 1.0], [2.0, 4.0]])) == [[0, 63], [127, 255]]
    assert pixels(np.float32([[np.nan, -2.0], [1.0, 4.0]])) == [[255, 64], [159, 255]]
    assert pixels(np.float32([[0.0, 0.0]])) == [[0, 0]]
    assert pixels(np.uint8([[1, 200]])) == [[1, 200]]
    three = evaluated(lambda: v1.summary.image("i", np.zeros([5, 1, 1, 3], np.uint8)))
    assert [v.tag for v in three.value] == ["i/image/0", "i/image/1", "i/image/2"]


def test_audio_text_and_tensors():
    def make():
        v1.summary.audio("a", tf.zeros([1, 4, 2]), 8000.0)
        v1.summary.text("t", tf.constant("hi"))
        v1.summary.tensor_summary("x", tf.constant([1.0, 2.0]), summary_description="about", display_name="X")
        return v1.summary.merge_all()

    audio, text, tensor = evaluated(make).value
    assert (audio.audio.sample_rate, audio.audio.num_channels, audio.audio.length_frames) == (8000.0, 2, 4)
    assert text.metadata.plugin_data.plugin_name == "text" and tf.make_ndarray(text.tensor) == b"hi"
    assert (tensor.metadata.display_name, tensor.metadata.summary_description) == ("X", "about")
    assert tf.make_ndarray(tensor.tensor).tolist() == [1.0, 2.0]


def test_merging():
    assert (
        evaluated(lambda: v1.summary.merge([v1.summary.scalar("a", 1.0), v1.summary.scalar("b", 2.0)]))
        .value[1]
        .tag
        == "b"
    )
    with v1.Graph().as_default():
        assert v1.summary.merge_all() is None
        v1.summary.scalar("a", 1.0, collections=["mine"])
        assert v1.summary.merge_all() is None and v1.summary.merge_all("mine") is not None
    with pytest.raises(tf.errors.InvalidArgumentError, match="Duplicate tag"):
        evaluated(lambda: v1.summary.merge([v1.summary.scalar("a", 1.0)] * 2))
    with pytest.raises(tf.errors.InvalidArgumentError, match="parse"):
        evaluated(lambda: v1.summary.merge([tf.constant(b"\xff")]))
    with pytest.raises(RuntimeError, match="eager"):
        v1.summary.merge_all()


def test_file_writer(tmp_path):
    summary = event_pb2.Summary(value=[{"tag": "a", "simple_value": 1.0, "metadata": {"display_name": "A"}}])
    with v1.Graph().as_default() as graph:
        tf.constant(1.0, name="c")
        with v1.summary.FileWriter(str(tmp_path), graph) as writer:
            writer.add_summary(summary, 1)
            writer.add_summary(summary.SerializeToString(), np.int64(2))
            writer.add_session_log(event_pb2.SessionLog(status=1))
            writer.add_run_metadata(v1.RunMetadata(), "run", 3)
            with pytest.raises(ValueError, match="already used"):
                writer.add_run_metadata(v1.RunMetadata(), "run", 3)
            writer.add_event(event_pb2.Event(step=4, wall_time=1.0))
            with pytest.raises(TypeError, match="GraphDef"):
                writer.add_graph(3)
        writer.add_summary(summary, 5)  # closed: nothing happens
        assert writer.get_logdir() == str(tmp_path)
    (path,) = event_files(tmp_path)
    found = [(e.step, e.WhichOneof("what")) for e in read_events(path)]
    assert found == [
        (0, "file_version"), (0, "graph_def"), (1, "summary"), (2, "summary"), (0, "session_log"), (3, "tagged_run_metadata"),
        (4, None),
    ]  # fmt: skip
    described = [
        e.summary.value[0].HasField("metadata") for e in v1.train.summary_iterator(path) if e.summary.value
    ]
    assert described == [True, False]
    with v1.Graph().as_default():
        writer.reopen()
        writer.close()
    assert len(event_files(tmp_path)) == 2


def test_file_writer_cache(tmp_path):
    with v1.Graph().as_default():
        cache = v1.summary.FileWriterCache
        assert cache.get(str(tmp_path)) is cache.get(str(tmp_path))
        cache.clear()
    with pytest.raises(RuntimeError, match="create_file_writer"):
        v1.summary.FileWriter(str(tmp_path))
    with v1.Graph().as_default(), pytest.raises(ValueError, match="session"):
        v1.summary.FileWriter(str(tmp_path), session=object())
