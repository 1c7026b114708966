"""The kinds of summaries TensorBoard's plugins show, in the tensors and metadata they expect."""

from __future__ import annotations

from typing import Any

import headrace as tf
from headrace.core import dtypes
from headrace.core.convert import to_tensor

from .writer import summary_scope, write

DEFAULT_BUCKETS = 30
_WAV = 11  # the audio plugin's number for the encoding


def metadata(plugin: str, description: str | None, content: bytes = b"") -> Any:
    """A `SummaryMetadata` message."""
    from headrace.proto import event_pb2

    return event_pb2.SummaryMetadata(
        plugin_data={"plugin_name": plugin, "content": content}, summary_description=description
    )


def scalar(name: str, data: Any, step: Any = None, description: str | None = None) -> Any:
    """Writes one number, a point of a curve.

    Args:
      name: the tag, below the name scopes in force.
      data: a scalar, stored as `float32`.
      step: the point on the horizontal axis; the default step if None.
      description: text (Markdown) that TensorBoard shows with it.

    Returns:
      A scalar bool tensor: whether it was recorded (False without a default writer).

    Raises:
      ValueError: `data` is no scalar; there is a default writer, but no step.

    >>> import headrace as tf, tempfile
    >>> with tf.summary.create_file_writer(tempfile.mkdtemp()).as_default():
    ...     bool(tf.summary.scalar("loss", 0.5, step=1))
    True
    """

    def value() -> Any:
        tensor = to_tensor(data)
        if tensor.shape.rank not in (0, None):
            raise ValueError(f"Expected scalar shape, saw shape: {tensor.shape}.")
        return tf.cast(tensor, dtypes.float32)

    with summary_scope(name, "scalar_summary", values=[data, step]) as (tag, _):
        return write(tag=tag, tensor=value, step=step, metadata=metadata("scalars", description))


def histogram(
    name: str, data: Any, step: Any = None, buckets: int | None = None, description: str | None = None
) -> Any:
    """Writes how values are distributed: how many are in each of some buckets of equal width.

    Args:
      data: numbers of any shape.
      buckets: how many buckets (30).
      name, step, description, and what is returned: as for `tf.summary.scalar`.
    """
    with summary_scope(name, "histogram_summary", values=[data, buckets, step]) as (tag, _):
        return write(
            tag=tag,
            tensor=lambda: bucket_counts(data, DEFAULT_BUCKETS if buckets is None else buckets),
            step=step,
            metadata=metadata("histograms", description),
        )


def bucket_counts(data: Any, buckets: int) -> Any:
    """A `[buckets, 3]` table of left edge, right edge and count. Values that are all the same are in the last bucket."""
    buckets = max(int(buckets), 0)
    x = tf.cast(tf.reshape(tf.convert_to_tensor(data), [-1]), dtypes.float64)
    if not buckets:
        return tf.zeros([0, 3], dtypes.float64)
    zero = tf.zeros([], dtypes.float64)
    empty = tf.equal(tf.size(x), 0)
    low = tf.where(empty, zero, tf.reduce_min(x))
    high = tf.where(empty, zero, tf.reduce_max(x))
    width = (high - low) / buckets
    # NaN and infinity give edges that are none, and are counted nowhere; the largest value belongs to the last bucket.
    place = tf.where(tf.equal(width, 0.0), buckets - 1.0, tf.floor((x - low) / width))
    place = tf.where(tf.math.is_finite(place), tf.minimum(place, buckets - 1.0), -1.0)
    counts = tf.math.unsorted_segment_sum(tf.ones_like(x), tf.cast(place, dtypes.int32), buckets)
    inner = low + width * tf.range(1, buckets, dtype=dtypes.float64)
    edges = tf.concat([[low], inner, [high]], 0)
    return tf.stack([edges[:-1], edges[1:], counts], 1)


def image(
    name: str, data: Any, step: Any = None, max_outputs: Any = 3, description: str | None = None
) -> Any:
    """Writes images.

    Args:
      data: `[batch, height, width, channels]` of 1 to 4 channels (grey, grey and alpha, RGB, RGBA): `uint8`, or floats
        in [0, 1] (what is outside is clipped).
      max_outputs: how many images of the batch are written at most.
      name, step, description, and what is returned: as for `tf.summary.scalar`.

    Raises:
      ValueError: `data` is not of rank 4.
    """

    def value() -> Any:
        images = tf.convert_to_tensor(data)
        _check_rank(images, 4)
        images = tf.image.convert_image_dtype(images, dtypes.uint8, saturate=True)
        shown = images[: _limit(max_outputs)]
        size = tf.shape(images)
        encoded = tf.map_fn(tf.io.encode_png, shown, fn_output_signature=dtypes.string)
        return tf.concat([tf.as_string(tf.stack([size[2], size[1]])), encoded], 0)

    with summary_scope(name, "image_summary", values=[data, max_outputs, step]) as (tag, _):
        return write(tag=tag, tensor=value, step=step, metadata=metadata("images", description))


def audio(
    name: str, data: Any, sample_rate: Any, step: Any = None, max_outputs: Any = 3, encoding: str | None = None,
    description: str | None = None,
) -> Any:  # fmt: skip
    """Writes audio clips.

    Args:
      data: `[clips, frames, channels]`, `float32` in [-1, 1].
      sample_rate: frames per second, an integer or scalar `int32` tensor.
      max_outputs: how many clips are written at most.
      encoding: None or "wav".
      name, step, description, and what is returned: as for `tf.summary.scalar`.

    Raises:
      ValueError: `data` is not of rank 3; the encoding is not known.
    """
    if encoding not in (None, "wav"):
        raise ValueError(f"Unknown encoding: {encoding!r}. Use 'wav' or None.")

    def value() -> Any:
        clips = tf.convert_to_tensor(data)
        _check_rank(clips, 3)
        shown = clips[: _limit(max_outputs)]
        encoded = tf.map_fn(
            lambda clip: tf.audio.encode_wav(clip, sample_rate), shown, fn_output_signature=dtypes.string
        )
        return tf.stack([encoded, tf.fill([tf.shape(shown)[0]], "")], 1)  # the second: labels, no longer used

    content = bytes([0x10, _WAV])  # a message whose field 2 is the encoding
    with summary_scope(name, "audio_summary", values=[data, sample_rate, max_outputs, step]) as (tag, _):
        return write(tag=tag, tensor=value, step=step, metadata=metadata("audio", description, content))


def text(name: str, data: Any, step: Any = None, description: str | None = None) -> Any:
    """Writes text (Markdown).

    Args:
      data: a string, or strings of any shape: vectors and matrices are shown as tables.
      name, step, description, and what is returned: as for `tf.summary.scalar`.

    Raises:
      TypeError: `data` is not text.
    """
    tensor = tf.convert_to_tensor(data)
    if tensor.dtype is not dtypes.string:
        raise TypeError(f"tensor must be of type tf.string; got {tensor.dtype!r}")
    with summary_scope(name, "text_summary", values=[data, step]) as (tag, _):
        return write(tag=tag, tensor=tensor, step=step, metadata=metadata("text", description))


def _check_rank(tensor: Any, rank: int) -> None:
    if tensor.shape.rank not in (rank, None):
        raise ValueError(
            f"Tensor must have rank {rank}. Received rank {tensor.shape.rank}, shape {tensor.shape}"
        )


def _limit(max_outputs: Any) -> Any:
    limit = tf.convert_to_tensor(max_outputs)
    tf.debugging.assert_greater_equal(limit, tf.zeros_like(limit), message="max_outputs must not be negative")
    return limit
