"""Functions of `tf.data.experimental`. Most return a function of datasets, for `Dataset.apply`; most have since become methods."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from headrace.core import dtypes, nest
from headrace.core.convert import to_tensor
from headrace.core.op import lookup
from headrace.core.specs import TensorSpec
from headrace.ops import iterators as ops

from . import structure, tracing
from .dataset import Dataset
from .iterator import Iterator
from .optional import Optional
from .transforming import number

Transformation = Callable[[Dataset], Dataset]


# ------------------------------------------------------------------------------------------------------ functions of datasets
def assert_cardinality(expected_cardinality: Any) -> Transformation:
    """Promises how many elements a dataset has; FailedPreconditionError, while iterating, if it has another number.

    >>> import headrace as tf
    >>> dataset = tf.data.Dataset.range(9).filter(lambda x: x < 3).apply(tf.data.experimental.assert_cardinality(3))
    >>> int(dataset.cardinality())
    3
    """
    return lambda dataset: dataset._derived(ops.ASSERT_CARDINALITY, number(expected_cardinality))


def cardinality(dataset: Dataset) -> Any:
    """`dataset.cardinality()`."""
    return dataset.cardinality()


def get_single_element(dataset: Dataset) -> Any:
    """`dataset.get_single_element()`."""
    return dataset.get_single_element()


def get_structure(dataset_or_iterator: Any) -> Any:
    """The `element_spec` of a dataset or an iterator; TypeError for anything else."""
    if not hasattr(dataset_or_iterator, "element_spec"):
        raise TypeError(
            f"Invalid `dataset_or_iterator`: expected a dataset or an iterator, received {dataset_or_iterator!r}."
        )
    return dataset_or_iterator.element_spec


def get_next_as_optional(iterator: Iterator) -> Optional:
    """`iterator.get_next_as_optional()`."""
    return iterator.get_next_as_optional()


def to_variant(dataset: Dataset) -> Any:
    """The variant tensor that stands for a dataset."""
    return dataset._variant_tensor


def from_variant(variant: Any, structure: Any) -> Dataset:
    """The dataset that a variant tensor stands for; `structure` is its `element_spec`."""
    return Dataset(variant, structure)


def from_list(elements: Any, name: str | None = None) -> Dataset:
    """A dataset of the elements of a list, which are structures of one form.

    >>> import headrace as tf
    >>> [(int(x), y.numpy()) for x, y in tf.data.experimental.from_list([(1, "a"), (2, "b")])]
    [(1, b'a'), (2, b'b')]
    """
    elements = list(elements)
    if not elements:
        raise ValueError("Empty list: `from_list` needs at least one element.")
    for other in elements[1:]:
        nest.assert_same_structure(elements[0], other)
    columns = [list(c) for c in zip(*[nest.flatten(structure.convert(e)) for e in elements])]
    stacked = nest.pack_sequence_as(structure.convert(elements[0]), [lookup("Pack")(c) for c in columns])
    return Dataset.from_tensor_slices(stacked, name=name)


def at(dataset: Dataset, index: Any) -> Any:
    """The element of number `index`. OutOfRangeError if there is none.

    >>> import headrace as tf
    >>> int(tf.data.experimental.at(tf.data.Dataset.range(9), 3))
    3
    """
    from headrace.core import errors

    found = iter(dataset.skip(index).take(1)).get_next_as_optional()
    if not bool(found.has_value()):
        raise errors.OutOfRangeError(
            None, None, f"Index out of range [0, {int(dataset.cardinality())}): {int(index)}."
        )
    return found.get_value()


def pad_to_cardinality(cardinality: Any, mask_key: str = "valid") -> Transformation:
    """Repeats elements (of a dict) so that there are `cardinality`; `mask_key` tells the real ones, which come first."""

    def apply(dataset: Dataset) -> Dataset:
        n = int(dataset.cardinality())
        if n < 0:
            raise ValueError(
                f"The dataset passed into `pad_to_cardinality` must have a known, finite cardinality, but has cardinality {n}."
            )
        if not isinstance(dataset.element_spec, dict) or mask_key in dataset.element_spec:
            raise ValueError(
                f"The elements must be dicts without the key {mask_key!r}: they are {dataset.element_spec}."
            )
        if n > int(cardinality):
            raise ValueError(f"The dataset has {n} elements, more than the {int(cardinality)} to pad to.")

        def marked(valid: bool) -> Callable[[Any], Any]:
            return lambda element: {**element, mask_key: to_tensor(valid)}

        filler = dataset.repeat().take(int(cardinality) - n)
        return dataset.map(marked(True)).concatenate(filler.map(marked(False)))

    return apply


def dense_to_ragged_batch(
    batch_size: Any, drop_remainder: bool = False, row_splits_dtype: Any = dtypes.int64
) -> Transformation:
    """`Dataset.ragged_batch`."""
    return lambda dataset: dataset.ragged_batch(batch_size, drop_remainder, row_splits_dtype)


def dense_to_sparse_batch(batch_size: Any, row_shape: Any) -> Transformation:
    """`Dataset.sparse_batch`."""
    return lambda dataset: dataset.sparse_batch(batch_size, row_shape)


def enumerate_dataset(start: Any = 0) -> Transformation:
    """`Dataset.enumerate`."""
    return lambda dataset: dataset.enumerate(start)


def ignore_errors(log_warning: bool = False) -> Transformation:
    """`Dataset.ignore_errors`."""
    return lambda dataset: dataset.ignore_errors(log_warning)


def unbatch() -> Transformation:
    """`Dataset.unbatch`."""
    return lambda dataset: dataset.unbatch()


def unique() -> Transformation:
    """`Dataset.unique`."""
    return lambda dataset: dataset.unique()


def take_while(predicate: Callable[..., Any]) -> Transformation:
    """`Dataset.take_while`."""
    return lambda dataset: dataset.take_while(predicate)


def scan(initial_state: Any, scan_func: Callable[..., Any]) -> Transformation:
    """`Dataset.scan`."""
    return lambda dataset: dataset.scan(initial_state, scan_func)


def shuffle_and_repeat(buffer_size: Any, count: Any = None, seed: Any = None) -> Transformation:
    """`Dataset.shuffle`, then `Dataset.repeat`."""
    return lambda dataset: dataset.shuffle(buffer_size, seed).repeat(count)


def map_and_batch(
    map_func: Callable[..., Any], batch_size: Any, num_parallel_batches: Any = None, drop_remainder: bool = False,
    num_parallel_calls: Any = None,
) -> Transformation:  # fmt: skip
    """`Dataset.map`, then `Dataset.batch`."""
    if num_parallel_batches is not None and num_parallel_calls is not None:
        raise ValueError(
            "`map_and_batch` allows only one of `num_parallel_batches` and `num_parallel_calls` to be set."
        )
    calls = num_parallel_calls if num_parallel_batches is None else num_parallel_batches * int(batch_size)
    return lambda dataset: dataset.map(map_func, calls).batch(batch_size, drop_remainder)


def parallel_interleave(
    map_func: Callable[..., Any], cycle_length: Any, block_length: Any = 1, sloppy: bool = False,
    buffer_output_elements: Any = None, prefetch_input_elements: Any = None,
) -> Transformation:  # fmt: skip
    """`Dataset.interleave` of `cycle_length` datasets at a time. Sizes of buffers are chosen here: leave them out."""
    if buffer_output_elements is not None or prefetch_input_elements is not None:
        raise ValueError(
            "parallel_interleave chooses the sizes of its buffers itself: leave out `buffer_output_elements` and `prefetch_input_elements`."
        )
    return lambda dataset: dataset.interleave(
        map_func, cycle_length, block_length, cycle_length, deterministic=not sloppy
    )


def group_by_window(
    key_func: Callable[..., Any],
    reduce_func: Callable[..., Any],
    window_size: Any = None,
    window_size_func: Any = None,
) -> Transformation:
    """`Dataset.group_by_window`."""
    return lambda dataset: dataset.group_by_window(key_func, reduce_func, window_size, window_size_func)


def bucket_by_sequence_length(
    element_length_func: Callable[..., Any],
    bucket_boundaries: Any,
    bucket_batch_sizes: Any,
    padded_shapes: Any = None,
    padding_values: Any = None,
    pad_to_bucket_boundary: bool = False,
    no_padding: bool = False,
    drop_remainder: bool = False,
) -> Transformation:
    """`Dataset.bucket_by_sequence_length`."""
    return lambda dataset: dataset.bucket_by_sequence_length(
        element_length_func,
        bucket_boundaries,
        bucket_batch_sizes,
        padded_shapes,
        padding_values,
        pad_to_bucket_boundary,
        no_padding,
        drop_remainder,
    )


def rejection_resample(
    class_func: Callable[..., Any], target_dist: Any, initial_dist: Any = None, seed: Any = None
) -> Transformation:
    """`Dataset.rejection_resample`."""
    return lambda dataset: dataset.rejection_resample(class_func, target_dist, initial_dist, seed)


def choose_from_datasets(
    datasets: Any, choice_dataset: Dataset, stop_on_empty_dataset: bool = False
) -> Dataset:
    """`Dataset.choose_from_datasets`."""
    return Dataset.choose_from_datasets(datasets, choice_dataset, stop_on_empty_dataset)


def sample_from_datasets(
    datasets: Any, weights: Any = None, seed: Any = None, stop_on_empty_dataset: bool = False
) -> Dataset:
    """`Dataset.sample_from_datasets`."""
    return Dataset.sample_from_datasets(datasets, weights, seed, stop_on_empty_dataset)


def Counter(start: Any = 0, step: Any = 1, dtype: Any = dtypes.int64) -> Dataset:
    """`Dataset.counter`."""
    return Dataset.counter(start, step, dtype)


class RandomDataset(Dataset):
    """`Dataset.random`."""

    def __init__(
        self, seed: Any = None, rerandomize_each_iteration: bool | None = None, name: str | None = None
    ) -> None:
        made = Dataset.random(seed, rerandomize_each_iteration, name)
        super().__init__(made._variant_tensor, made.element_spec)


# -------------------------------------------------------------------------------------------------------------------- reducers
class Reducer:
    """How `group_by_reducer` reduces the elements of a key: `init_func(key)`, `reduce_func(state, element)`,
    `finalize_func(state)`."""

    def __init__(
        self,
        init_func: Callable[..., Any],
        reduce_func: Callable[..., Any],
        finalize_func: Callable[..., Any],
    ) -> None:
        self.init_func, self.reduce_func, self.finalize_func = init_func, reduce_func, finalize_func


def group_by_reducer(key_func: Callable[..., Any], reducer: Reducer) -> Transformation:
    """Groups elements by key and reduces each group to one element, in the order of the keys.

    >>> import headrace as tf
    >>> reducer = tf.data.experimental.Reducer(lambda key: tf.constant(0, tf.int64), lambda total, x: total + x, lambda total: total)
    >>> dataset = tf.data.Dataset.range(6).apply(tf.data.experimental.group_by_reducer(lambda x: x % 2, reducer))
    >>> [int(x) for x in dataset]
    [6, 9]
    """
    everything = np.iinfo(np.int64).max

    def reduced(key: Any, group: Dataset) -> Dataset:
        state = group.reduce(
            reducer.init_func(key), lambda state, element: reducer.reduce_func(state, *_as_given(element))
        )
        return Dataset.from_tensors(reducer.finalize_func(*structure.as_arguments(state)))

    return lambda dataset: dataset.group_by_window(key_func, reduced, window_size=everything)


def _as_given(element: Any) -> tuple[Any, ...]:
    return (element,)


# --------------------------------------------------------------------------------------------------------------------- devices
def prefetch_to_device(device: Any, buffer_size: Any = None) -> Transformation:
    """`Dataset.prefetch`. Elements are tensors of the host, which programs copy to their device as they need them; only the CPU can
    be named."""
    _check_device(device)
    return lambda dataset: dataset.prefetch(-1 if buffer_size is None else buffer_size)


def copy_to_device(target_device: Any, source_device: Any = "/cpu:0") -> Transformation:
    """The dataset itself: see `prefetch_to_device`."""
    _check_device(target_device)
    _check_device(source_device)
    return lambda dataset: dataset


def _check_device(device: Any) -> None:
    from headrace.api import config

    kind = str(device).upper().strip("/").removeprefix("DEVICE:").split(":")[0]
    known = {d.device_type.upper() for d in config.list_physical_devices()}
    if kind and kind not in known:
        raise ValueError(f"There is no device {device!r}: this process has {', '.join(sorted(known))}.")


def enable_debug_mode() -> None:
    """From now on functions given to datasets run as Python code for every element, so that a debugger stops in them."""
    tracing.enable_debug_mode()


# --------------------------------------------------------------------------------------------------------------------- storing
def save(
    dataset: Dataset, path: Any, compression: Any = None, shard_func: Any = None, checkpoint_args: Any = None
) -> None:
    """`Dataset.save`."""
    dataset.save(path, compression, shard_func, checkpoint_args)


def load(path: Any, element_spec: Any = None, compression: Any = None, reader_func: Any = None) -> Dataset:
    """`Dataset.load`."""
    return Dataset.load(path, element_spec, compression, reader_func)


def snapshot(
    path: Any, compression: str = "AUTO", reader_func: Any = None, shard_func: Any = None
) -> Transformation:
    """`Dataset.snapshot`."""
    return lambda dataset: dataset.snapshot(path, compression, reader_func, shard_func)


class TFRecordWriter:
    """Writes the elements of a dataset, which are scalar strings, to a TFRecord file.

    Args:
      filename: of the file.
      compression_type: "", "ZLIB" or "GZIP".
    """

    def __init__(self, filename: Any, compression_type: str | None = None) -> None:
        self._filename, self._compression = filename, compression_type

    def write(self, dataset: Dataset) -> None:
        """Writes all elements."""
        from headrace.io.tfrecord import TFRecordWriter as Writer

        spec = dataset.element_spec
        if (
            not isinstance(spec, TensorSpec)
            or spec.dtype is not dtypes.string
            or spec.shape.rank not in (0, None)
        ):
            raise TypeError(f"`dataset` must produce scalar `DT_STRING` tensors whereas it produces {spec}.")
        name = to_tensor(self._filename).numpy().decode()
        with Writer(name, self._compression) as writer:
            for record in dataset:
                writer.write(record.numpy())


__all__ = [
    "Counter", "RandomDataset", "Reducer", "TFRecordWriter", "assert_cardinality", "at",
    "bucket_by_sequence_length", "cardinality", "choose_from_datasets", "copy_to_device", "dense_to_ragged_batch",
    "dense_to_sparse_batch", "enable_debug_mode", "enumerate_dataset", "from_list", "from_variant", "get_next_as_optional",
    "get_single_element", "get_structure", "group_by_reducer", "group_by_window", "ignore_errors",
    "load", "map_and_batch", "pad_to_cardinality", "parallel_interleave", "prefetch_to_device", "rejection_resample",
    "sample_from_datasets", "save", "scan", "shuffle_and_repeat", "snapshot", "take_while", "to_variant",
    "unbatch", "unique",
]  # fmt: skip
