"""Kinds of summaries: the tensors TensorBoard's plugins expect, and that TensorBoard itself reads them."""

from __future__ import annotations

import numpy as np
import pytest
from summary.test_writer import written

import headrace as tf
from headrace.summary.plugins import bucket_counts


@pytest.fixture
def log(tmp_path):
    """Calls a function with a default writer; gives the value of the one summary it writes."""

    def write(function):
        with tf.summary.create_file_writer(str(tmp_path)).as_default(step=0):
            assert function()
        return written(tmp_path)[-1][2]

    return write


@pytest.mark.parametrize(
    "value", [2, 2.0, np.float64(2), tf.constant(2.0, tf.bfloat16), tf.Variable(2.0), True * 2]
)
def test_scalar(log, value):
    assert log(lambda: tf.summary.scalar("a", value)) == 2.0


def test_scalars_are_scalars(log):
    with pytest.raises(ValueError, match="scalar shape"):
        log(lambda: tf.summary.scalar("a", [1.0]))
    with pytest.raises(tf.errors.UnimplementedError):
        log(lambda: tf.summary.scalar("a", "text"))


@pytest.mark.parametrize(
    ("data", "buckets", "expected"),
    [
        ([1.0, 2.0, 3.0, 5.0], 2, [[1, 3, 2], [3, 5, 2]]),
        (np.arange(10), 4, [[0, 2.25, 3], [2.25, 4.5, 2], [4.5, 6.75, 2], [6.75, 9, 3]]),
        ([[2.0, 2.0]], 3, [[2, 2, 0], [2, 2, 0], [2, 2, 2]]),
        ([], 2, [[0, 0, 0], [0, 0, 0]]),
        ([7.0], 1, [[7, 7, 1]]),
        ([1.0, 2.0, np.nan], 2, [[np.nan, np.nan, 0], [np.nan, np.nan, 0]]),
        ([1.0, 2.0, np.inf], 2, [[1, np.inf, 2], [np.inf, np.inf, 0]]),
        ([True, False], 2, [[0, 0.5, 1], [0.5, 1, 1]]),
        ([1.0, 2.0], 0, np.zeros([0, 3])),
    ],
)
def test_histogram(log, data, buckets, expected):
    for function in (bucket_counts, tf.function(bucket_counts)):
        got = function(tf.constant(data), buckets)
        assert got.dtype == tf.float64
        np.testing.assert_allclose(got, expected)
    np.testing.assert_allclose(
        log(lambda: tf.summary.histogram("h", data, buckets=buckets)) or expected, expected
    )


def test_histograms_count_every_value():
    x = np.random.default_rng(0).normal(size=10_000)
    table = bucket_counts(x, 30).numpy()
    counts, edges = np.histogram(x, 30)
    np.testing.assert_allclose(table[:, 2], counts, atol=1)  # values on an edge may fall on either side
    np.testing.assert_allclose(table[:, 0], edges[:-1])
    assert table[:, 2].sum() == len(x)


def test_image(log):
    pixels = np.random.default_rng(0).integers(0, 256, [4, 5, 6, 3], np.uint8)
    width, height, *images = log(lambda: tf.summary.image("i", pixels))
    assert (width, height, len(images)) == (b"6", b"5", 3)
    assert np.array_equal(tf.io.decode_png(images[1]), pixels[1])
    assert len(log(lambda: tf.summary.image("i", pixels, max_outputs=1))) == 3
    assert log(lambda: tf.summary.image("i", pixels, max_outputs=0)) == [b"6", b"5"]


def test_images_of_floats_are_clipped(log):
    values = np.array([-1.0, 0.0, 0.5, 1.0, 2.0, 0.25], np.float32).reshape(1, 2, 3, 1)
    image = tf.io.decode_png(log(lambda: tf.summary.image("i", values))[2])
    assert image.numpy().reshape(-1).tolist() == [0, 0, 127, 255, 255, 63]


def test_bad_images(log):
    with pytest.raises(ValueError, match="rank 4"):
        log(lambda: tf.summary.image("i", np.zeros([2, 3, 3])))
    with pytest.raises(tf.errors.InvalidArgumentError, match="negative"):
        log(lambda: tf.summary.image("i", np.zeros([1, 2, 3, 3]), max_outputs=-1))
    with pytest.raises(tf.errors.InvalidArgumentError, match="channels"):
        log(lambda: tf.summary.image("i", np.zeros([1, 2, 3, 5])))


def test_images_and_audio_inside_of_a_function(log):
    @tf.function(input_signature=[tf.TensorSpec([None, None, None, 1]), tf.TensorSpec([None, None, 2])])
    def f(images, clips):
        return tf.summary.image("i", images) and tf.summary.audio("a", clips, 8000)

    clips = log(lambda: f(tf.zeros([2, 4, 4, 1]), tf.zeros([5, 16, 2])))
    assert len(clips) == 3


def test_audio(log):
    wave = np.linspace(-1, 1, 32, dtype=np.float32).reshape(2, 8, 2)
    (first, label), _ = log(lambda: tf.summary.audio("a", wave, 8000, max_outputs=2))
    assert label == b""
    audio, rate = tf.audio.decode_wav(first)
    assert rate == 8000
    np.testing.assert_allclose(audio, wave[0], atol=1e-4)
    with pytest.raises(ValueError, match="mp3"):
        log(lambda: tf.summary.audio("a", wave, 8000, encoding="mp3"))
    with pytest.raises(ValueError, match="rank 3"):
        log(lambda: tf.summary.audio("a", wave[0], 8000))


def test_text(log):
    assert log(lambda: tf.summary.text("t", "# Title")) == b"# Title"
    assert log(lambda: tf.summary.text("t", [["a", "b"]])) == [[b"a", b"b"]]
    with pytest.raises(TypeError, match="string"):
        log(lambda: tf.summary.text("t", 3))


# ---------------------------------------------------------------------------------------------------------- TensorBoard
@pytest.fixture
def board(tmp_path):
    """What TensorBoard finds in a directory that got one summary of every kind."""
    from tensorboard.backend.event_processing import data_provider, plugin_event_multiplexer

    f = tf.function(lambda x: x * 2.0)
    with tf.summary.create_file_writer(str(tmp_path / "run")).as_default(step=3):
        tf.summary.scalar("s", 0.5, description="about it")
        tf.summary.histogram("h", [1.0, 2.0])
        tf.summary.image("i", np.zeros([1, 2, 2, 3], np.uint8))
        tf.summary.audio("a", np.zeros([1, 4, 1], np.float32), 8000)
        tf.summary.text("t", "hello")
        tf.summary.graph(f.get_concrete_function(tf.TensorSpec([])).graph)
        tf.summary.trace_on()
        f(tf.constant(1.0))
        tf.summary.trace_export("traced")
    multiplexer = plugin_event_multiplexer.EventMultiplexer().AddRunsFromDirectory(str(tmp_path))
    return (
        data_provider.MultiplexerDataProvider(multiplexer.Reload(), str(tmp_path)),
        multiplexer,
        str(tmp_path),
    )


@pytest.mark.slow
def test_tensorboard_reads_every_kind(board):
    from tensorboard import context

    provider, _, _ = board

    def listed(kind, plugin):
        found = getattr(provider, f"list_{kind}")(
            context.RequestContext(), experiment_id="", plugin_name=plugin
        )
        return {tag: series.max_step for tag, series in found.get("run", {}).items()}

    assert listed("scalars", "scalars") == {"s": 3}
    assert listed("tensors", "histograms") == {"h": 3}
    assert listed("blob_sequences", "images") == {"i": 3}
    assert listed("blob_sequences", "audio") == {"a": 3}
    assert listed("tensors", "text") == {"t": 3}


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:html5lib")
def test_tensorboard_draws_our_graphs(board):
    from tensorboard import context
    from tensorboard.plugins import base_plugin
    from tensorboard.plugins.graph.graphs_plugin import GraphsPlugin

    provider, multiplexer, logdir = board
    plugin = GraphsPlugin(
        base_plugin.TBContext(data_provider=provider, logdir=logdir, multiplexer=multiplexer)
    )
    for tag in (None, "traced"):
        text, _ = plugin.graph_impl(context.RequestContext(), "run", tag, is_conceptual=False, experiment="")
        assert 'op: "Mul"' in text


@pytest.mark.slow
def test_tensorboards_own_summaries_write_through_us(tmp_path):
    """`tensorboard.plugins.hparams.api` finds TensorFlow by importing it; here that is Headrace."""
    import subprocess
    import sys

    code = f"""
import headrace as tf
tf.install()
from tensorboard.plugins.hparams import api as hp
units = hp.HParam("units", hp.Discrete([16, 32]))
with tf.summary.create_file_writer({str(tmp_path)!r}).as_default():
    assert hp.hparams_config(hparams=[units], metrics=[hp.Metric("accuracy")])
    assert hp.hparams({{units: 16}}, trial_id="a")
    tf.summary.scalar("accuracy", 0.5, step=1)
"""
    subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)
    assert [tag for tag, _, _ in written(tmp_path)] == [
        "_hparams_/experiment", "_hparams_/session_start_info", "accuracy",
    ]  # fmt: skip
