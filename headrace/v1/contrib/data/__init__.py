"""`tf.contrib.data`: what became `tf.data.experimental` and methods of datasets, with the arguments it had.

Most of these return a function of datasets, for `Dataset.apply`. Sizes of buffers are hints: pipelines choose their own."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import headrace as tf
from headrace.api.data import TFRecordDataset
from headrace.api.data_experimental import (
    AUTOTUNE,
    Counter,
    CsvDataset,
    Optional,
    RandomDataset,
    Reducer,
    SqlDataset,
    TFRecordWriter,
    bucket_by_sequence_length,
    choose_from_datasets,
    copy_to_device,
    dense_to_sparse_batch,
    enumerate_dataset,
    get_next_as_optional,
    get_single_element,
    group_by_reducer,
    group_by_window,
    ignore_errors,
    make_batched_features_dataset,
    make_csv_dataset,
    map_and_batch,
    parse_example_dataset,
    prefetch_to_device,
    rejection_resample,
    sample_from_datasets,
    scan,
    shuffle_and_repeat,
    unbatch,
    unique,
)
from headrace.core import nest
from headrace.core.shapes import TensorShape
from headrace.data.dataset import Dataset as CurrentDataset
from headrace.data.sessions import SessionIterator as Iterator

from .older import Dataset, FixedLengthRecordDataset, TextLineDataset
from .older import TFRecordDataset as _OlderRecords

Transformation = Callable[[Any], Any]


def batch_and_drop_remainder(batch_size: Any) -> Transformation:
    """Batches of exactly `batch_size` elements: `Dataset.batch(…, drop_remainder=True)`."""
    return lambda dataset: dataset.batch(batch_size, drop_remainder=True)


def padded_batch_and_drop_remainder(
    batch_size: Any, padded_shapes: Any, padding_values: Any = None
) -> Transformation:
    """Padded batches of exactly `batch_size` elements."""
    return lambda dataset: dataset.padded_batch(
        batch_size, padded_shapes, padding_values, drop_remainder=True
    )


def parallel_interleave(
    map_func: Callable[..., Any], cycle_length: Any, block_length: Any = 1, sloppy: bool = False,
    buffer_output_elements: Any = None, prefetch_input_elements: Any = None,
) -> Transformation:  # fmt: skip
    """Elements of several datasets at a time, read in parallel; with `sloppy` in the order in which they are ready.

    Args:
      buffer_output_elements, prefetch_input_elements: accepted; pipelines choose their buffers."""
    return tf.data.experimental.parallel_interleave(map_func, cycle_length, block_length, sloppy)


def sloppy_interleave(
    map_func: Callable[..., Any], cycle_length: Any, block_length: Any = 1
) -> Transformation:
    """`parallel_interleave(…, sloppy=True)`."""
    return parallel_interleave(map_func, cycle_length, block_length, sloppy=True)


def sliding_window_batch(
    window_size: Any, stride: Any = None, window_shift: Any = None, window_stride: Any = 1
) -> Transformation:
    """Batches of `window_size` elements, `window_stride` apart, each batch beginning `window_shift` after the last one.

    Raises:
      ValueError: both `stride`, the older name of `window_shift`, and this are given.

    >>> import headrace as tf
    >>> windows = tf.data.Dataset.range(5).apply(sliding_window_batch(3, window_shift=2))
    >>> [w.numpy().tolist() for w in windows]
    [[0, 1, 2], [2, 3, 4]]
    """
    if stride is not None and window_shift is not None:
        raise ValueError("Cannot specify both `stride` and `window_shift`.")
    shift = window_shift if window_shift is not None else 1 if stride is None else stride

    def batched(*parts: Any) -> Any:
        window = parts[0] if len(parts) == 1 else parts
        return (window if hasattr(window, "batch") else CurrentDataset.zip(window)).batch(window_size)

    return lambda dataset: dataset.window(window_size, shift, window_stride, drop_remainder=True).flat_map(
        batched
    )


def assert_element_shape(expected_shapes: Any) -> Transformation:
    """Says what shapes the components of elements have; InvalidArgumentError, while iterating, where they do not.

    Args:
      expected_shapes: shapes in the structure of the elements; unknown dimensions are not checked."""

    def checked(part: Any, shape: Any) -> Any:
        sizes = TensorShape(shape)
        if sizes.rank is None:
            return part
        wanted = [-1 if d is None else d for d in sizes.as_list()]
        message = f"The element has not the expected shape {sizes.as_list()}."
        is_rank = tf.debugging.Assert(tf.equal(tf.rank(part), sizes.rank), [message, tf.shape(part)])
        with tf.control_dependencies([is_rank]):
            right = tf.reduce_all(tf.equal(tf.where(tf.equal(wanted, -1), wanted, tf.shape(part)), wanted))
        with tf.control_dependencies([tf.debugging.Assert(right, [message, tf.shape(part)])]):
            part = tf.identity(part)
        part.set_shape(sizes)
        return part

    def check(*element: Any) -> Any:
        value = element[0] if len(element) == 1 else element
        flat = nest.flatten(value)
        shapes = nest.flatten_up_to(value, expected_shapes)
        return nest.pack_sequence_as(value, [checked(p, s) for p, s in zip(flat, shapes, strict=True)])

    return lambda dataset: dataset.map(check)


def reduce_dataset(dataset: Any, reducer: Reducer) -> Any:
    """`dataset.reduce` from `init_func(0)` by `reduce_func`. TensorFlow does not call `finalize_func` here, nor is it called."""
    return dataset.reduce(reducer.init_func(tf.constant(0, tf.int64)), reducer.reduce_func)


def read_batch_features(
    file_pattern: Any, batch_size: Any, features: Any, reader: Any = TFRecordDataset, reader_args: Any = None,
    randomize_input: bool = True, num_epochs: int | None = None, capacity: int = 10000,
) -> Any:  # fmt: skip
    """Batches of the examples of files as tensors, by name of the feature: `make_batched_features_dataset` and its next element.

    Args:
      randomize_input: whether files and examples are shuffled, these `capacity` at a time."""
    dataset = make_batched_features_dataset(
        file_pattern, batch_size, features, reader=reader, reader_args=reader_args, shuffle=randomize_input,
        num_epochs=num_epochs, shuffle_buffer_size=capacity,
    )  # fmt: skip
    return dataset.make_one_shot_iterator().get_next()


# Names of before 1.4 whose classes have the older arguments; the others are in the list below.
_OLDER = {"TFRecordDataset": _OlderRecords}
_ABSENT = {
    "CheckpointInputPipelineHook": "Input pipelines are saved with tf.train.Checkpoint(iterator=…) in eager code.",
    "LMDBDataset": "LMDB is another library's format: read it with the lmdb package in Dataset.from_generator.",
    "make_saveable_from_iterator": "Input pipelines are saved with tf.train.Checkpoint(iterator=…) in eager code.",
}


def __getattr__(name: str) -> Any:
    if name in _OLDER:
        return _OLDER[name]
    if name in _ABSENT:
        raise AttributeError(f"tf.contrib.data.{name} is not part of Headrace. {_ABSENT[name]}")
    raise AttributeError(f"module 'tensorflow.contrib.data' (on Headrace) has no attribute {name!r}")


__all__ = [
    "AUTOTUNE", "Counter", "CsvDataset", "Dataset", "FixedLengthRecordDataset", "Iterator", "Optional", "RandomDataset",
    "Reducer", "SqlDataset", "TFRecordWriter", "TextLineDataset", "assert_element_shape", "batch_and_drop_remainder",
    "bucket_by_sequence_length", "choose_from_datasets", "copy_to_device", "dense_to_sparse_batch", "enumerate_dataset",
    "get_next_as_optional", "get_single_element", "group_by_reducer", "group_by_window", "ignore_errors",
    "make_batched_features_dataset", "make_csv_dataset", "map_and_batch", "padded_batch_and_drop_remainder",
    "parallel_interleave", "parse_example_dataset", "prefetch_to_device", "read_batch_features", "reduce_dataset",
    "rejection_resample", "sample_from_datasets", "scan", "shuffle_and_repeat", "sliding_window_batch", "sloppy_interleave",
    "unbatch", "unique",
]  # fmt: skip
