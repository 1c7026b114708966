"""The datasets of before 1.4, whose methods had other arguments."""

from __future__ import annotations

import functools
from typing import Any

from headrace.data import dataset as current
from headrace.data import reading

_SOURCES = (
    "from_generator", "from_sparse_tensor_slices", "from_tensor_slices", "from_tensors", "list_files", "range", "zip",
)  # fmt: skip
_STEPS = (
    "batch", "cache", "concatenate", "enumerate", "filter", "flat_map", "ignore_errors", "interleave", "padded_batch",
    "prefetch", "repeat", "shard", "shuffle", "skip", "take",
)  # fmt: skip


class Dataset(current.Dataset):
    """A dataset with the methods of `tf.contrib.data.Dataset`, as it was in TensorFlow 1.2 and 1.3.

    >>> dataset = Dataset.range(4).map(lambda x: x * 2, num_threads=2, output_buffer_size=10).group_by_window(
    ...     lambda x: x % 4, lambda key, group: group.batch(2), 2)
    >>> [x.numpy().tolist() for x in dataset]
    [[0, 4], [2, 6]]
    """

    def map(  # type: ignore[override]
        self, map_func: Any, num_threads: Any = None, output_buffer_size: Any = None, num_parallel_calls: Any = None
    ) -> Any:  # fmt: skip
        """`Dataset.map`, by so many threads at a time; with a size of the buffer, the results are prefetched."""
        calls = num_threads if num_parallel_calls is None else num_parallel_calls
        mapped = super().map(map_func, calls)
        return _older(mapped if output_buffer_size is None else mapped.prefetch(output_buffer_size))

    def dense_to_sparse_batch(self, batch_size: Any, row_shape: Any) -> Any:
        """Batches of tensors of different shapes as sparse tensors."""
        return _older(super().sparse_batch(batch_size, row_shape))

    def group_by_window(self, key_func: Any, reduce_func: Any, window_size: Any) -> Any:  # type: ignore[override]
        """Windows of elements with the same key, each reduced to a dataset."""
        return _older(super().group_by_window(key_func, reduce_func, window_size))

    def unbatch(self) -> Any:  # type: ignore[override]
        """The rows of elements one by one."""
        return _older(super().unbatch())

    def apply(self, transformation_func: Any) -> Any:
        """`transformation_func(dataset)`."""
        return _older(super().apply(transformation_func))


def _older(dataset: Any) -> Any:
    """The same dataset with the older methods."""
    made = Dataset(dataset._variant_tensor, dataset.element_spec)
    made._own_options = dataset._own_options
    return made


def _wrapped(method: Any) -> Any:
    @functools.wraps(method)
    def call(*args: Any, **kwargs: Any) -> Any:
        return _older(method(*args, **kwargs))

    return call


for _name in _SOURCES:
    if hasattr(current.Dataset, _name):
        setattr(Dataset, _name, staticmethod(_wrapped(getattr(current.Dataset, _name))))
for _name in _STEPS:
    setattr(Dataset, _name, _wrapped(getattr(current.Dataset, _name)))


def TextLineDataset(filenames: Any, compression_type: Any = None, buffer_size: Any = None) -> Dataset:
    """The lines of text files."""
    return _older(reading.TextLineDataset(filenames, compression_type, buffer_size))  # type: ignore[no-any-return]


def TFRecordDataset(filenames: Any, compression_type: Any = None, buffer_size: Any = None) -> Dataset:
    """The records of TFRecord files."""
    return _older(reading.TFRecordDataset(filenames, compression_type, buffer_size))  # type: ignore[no-any-return]


def FixedLengthRecordDataset(
    filenames: Any, record_bytes: Any, header_bytes: Any = None, footer_bytes: Any = None, buffer_size: Any = None
) -> Dataset:  # fmt: skip
    """Pieces of `record_bytes` bytes of files."""
    return _older(  # type: ignore[no-any-return]
        reading.FixedLengthRecordDataset(filenames, record_bytes, header_bytes, footer_bytes, buffer_size)
    )
