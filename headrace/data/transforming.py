"""`tf.data.Dataset`'s methods that make new elements: of one, of several, of parts."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from headrace.core import dtypes, nest
from headrace.core.convert import to_tensor
from headrace.core.op import lookup
from headrace.core.static import static_value
from headrace.core.tensor import Tensor
from headrace.ops import iterators as ops

from . import structure
from .tracing import Traced
from .values import batched, unbatched

if TYPE_CHECKING:
    from .dataset import Dataset

AUTOTUNE = -1


def number(value: Any) -> Any:
    """An int64 scalar."""
    if isinstance(value, Tensor) and value._dtype is not dtypes.int64:
        return lookup("Cast")(value, DstT=dtypes.int64)
    return to_tensor(value, dtypes.int64)


def known(value: Any) -> Any:
    """What a scalar tensor is known to hold, or None."""
    found = static_value(value) if isinstance(value, Tensor) else value
    return None if found is None else int(found)


class Transforming:
    """The methods of Dataset whose results have other elements than the dataset."""

    _element_spec: Any
    _variant_tensor: Any
    _own_options: Any
    _derived: Callable[..., Dataset]

    def map(
        self, map_func: Callable[..., Any], num_parallel_calls: Any = None, deterministic: bool | None = None,
        synchronous: bool | None = None, use_unbounded_threadpool: bool = False, name: str | None = None,
    ) -> Dataset:  # fmt: skip
        """`map_func` applied to every element. It is traced once, like a tf.function.

        Args:
          map_func: takes an element (one that is a tuple as several arguments) and returns the new one.
          num_parallel_calls: how many elements may be made at a time; `tf.data.AUTOTUNE`: as many as there are processors.
          deterministic: False lets results come as they are ready.
          synchronous: True rules `num_parallel_calls` out.

        >>> import headrace as tf
        >>> list(tf.data.Dataset.range(3).map(lambda x: x * x).as_numpy_iterator())
        [np.int64(0), np.int64(1), np.int64(4)]
        """
        if synchronous and num_parallel_calls is not None:
            raise ValueError("`synchronous` cannot be True when `num_parallel_calls` is given.")
        traced = Traced(map_func, structure.as_arguments(self._element_spec), "map")
        if num_parallel_calls is None:
            return self._derived(
                ops.MAP, traced.captured, spec=traced.structure, f=traced.graph, preserve_cardinality=True,
                force_synchronous=bool(synchronous), name=name,
            )  # fmt: skip
        return self._derived(
            ops.PARALLEL_MAP, traced.captured, number(num_parallel_calls), spec=traced.structure, f=traced.graph,
            preserve_cardinality=True, use_unbounded_threadpool=use_unbounded_threadpool,
            deterministic=self._deterministic(deterministic), name=name,
        )  # fmt: skip

    def _deterministic(self, given: bool | None) -> str:
        if given is None:
            given = _dataset(self).options().deterministic
        return "default" if given is None else "true" if given else "false"

    def flat_map(self, map_func: Callable[..., Any], name: str | None = None) -> Dataset:
        """The elements of the datasets that `map_func` makes of the elements, one after the other.

        >>> import headrace as tf
        >>> numbers = tf.data.Dataset.range(1, 4).flat_map(lambda n: tf.data.Dataset.range(n))
        >>> [int(x) for x in numbers]
        [0, 0, 1, 0, 1, 2]
        """
        traced = self._of_datasets(map_func, "flat_map")
        return self._derived(
            ops.FLAT_MAP, traced.captured, spec=traced.structure.element_spec, f=traced.graph, name=name
        )

    def _of_datasets(self, function: Callable[..., Any], what: str, arguments: Any = None) -> Traced:
        from .dataset import DatasetSpec

        traced = Traced(function, arguments or structure.as_arguments(self._element_spec), what)
        if not isinstance(traced.structure, DatasetSpec):
            raise TypeError(
                f"The function given to Dataset.{what} must return a `Dataset` object. Got {traced.structure}."
            )
        return traced

    def interleave(
        self, map_func: Callable[..., Any], cycle_length: Any = None, block_length: Any = None,
        num_parallel_calls: Any = None, deterministic: bool | None = None, name: str | None = None,
    ) -> Dataset:  # fmt: skip
        """Like `flat_map`, taking `block_length` elements in turns from `cycle_length` of the datasets.

        >>> import headrace as tf
        >>> dataset = tf.data.Dataset.range(1, 4).interleave(
        ...     lambda x: tf.data.Dataset.from_tensors(x).repeat(2), cycle_length=2, block_length=1)
        >>> [int(x) for x in dataset]
        [1, 2, 1, 2, 3, 3]
        """
        traced = self._of_datasets(map_func, "interleave")
        cycle = number(AUTOTUNE if cycle_length is None else cycle_length)
        block = number(1 if block_length is None else block_length)
        spec = traced.structure.element_spec
        if num_parallel_calls is None:
            return self._derived(
                ops.INTERLEAVE, traced.captured, cycle, block, spec=spec, f=traced.graph, name=name
            )
        return self._derived(
            ops.PARALLEL_INTERLEAVE, traced.captured, cycle, block, number(AUTOTUNE), number(AUTOTUNE),
            number(num_parallel_calls), spec=spec, f=traced.graph, deterministic=self._deterministic(deterministic),
            name=name,
        )  # fmt: skip

    def scan(self, initial_state: Any, scan_func: Callable[..., Any], name: str | None = None) -> Dataset:
        """`state, result = scan_func(state, element)` for every element, beginning with `initial_state`; the results.

        >>> import headrace as tf
        >>> dataset = tf.data.Dataset.range(5).scan(tf.constant(0, tf.int64), lambda total, x: (total + x, total + x))
        >>> [int(x) for x in dataset]
        [0, 1, 3, 6, 10]
        """
        from .dataset import relaxed

        value = structure.convert(initial_state)
        spec = structure.spec_of(value)
        while True:
            traced = Traced(scan_func, (spec, self._element_spec), "scan")
            if type(traced.structure) is not tuple or len(traced.structure) != 2:
                raise TypeError(
                    f"`scan_func` must return a pair of new state and output value, but its return value was {traced.structure}."
                )
            general = relaxed(spec, traced.structure[0], "scan_func")
            if general == spec:
                break
            spec = general
        emitted = traced.structure[1]
        traced.graph.memo["emitted"] = structure.leaves(emitted)
        state = [t for t in nest.flatten(value, expand_composites=True) if t is not None]
        return self._derived(
            ops.SCAN,
            state,
            traced.captured,
            spec=emitted,
            f=traced.graph,
            preserve_cardinality=True,
            name=name,
        )

    def enumerate(self, start: Any = 0, name: str | None = None) -> Dataset:
        """Pairs of a number, counting from `start`, and an element.

        >>> import headrace as tf
        >>> [(int(i), int(x)) for i, x in tf.data.Dataset.from_tensor_slices([7, 8]).enumerate(start=5)]
        [(5, 7), (6, 8)]
        """
        from .dataset import Dataset

        return Dataset.zip((Dataset.range(start, dtypes.int64.max), self), name=name)

    # -------------------------------------------------------------------------------------------------------- batches
    def batch(
        self, batch_size: Any, drop_remainder: Any = False, num_parallel_calls: Any = None,
        deterministic: bool | None = None, name: str | None = None,
    ) -> Dataset:  # fmt: skip
        """Elements of `batch_size` consecutive ones, stacked along a new first dimension.

        Args:
          drop_remainder: whether to leave out the last batch if it has fewer elements.
          num_parallel_calls, deterministic: batches are made as fast as they are copied: in order, and without threads.

        >>> import headrace as tf
        >>> [x.numpy().tolist() for x in tf.data.Dataset.range(5).batch(2)]
        [[0, 1], [2, 3], [4]]
        """
        size, drop = number(batch_size), to_tensor(drop_remainder, dtypes.bool_)
        static = known(size) if _true(drop) else None
        spec = nest.map_structure(lambda s: batched(s, static), self._element_spec)
        return self._derived(
            ops.BATCH, size, drop, spec=spec, parallel_copy=num_parallel_calls is not None, name=name
        )

    def padded_batch(
        self, batch_size: Any, padded_shapes: Any = None, padding_values: Any = None, drop_remainder: Any = False,
        name: str | None = None,
    ) -> Dataset:  # fmt: skip
        """Batches of elements of different shapes, padded to one.

        Args:
          padded_shapes: for each component the shape to pad to; None dims (and all, by default) are those of the longest element
            in the batch.
          padding_values: for each component the value to pad with: 0, or an empty string, by default.

        >>> import headrace as tf
        >>> dataset = tf.data.Dataset.range(1, 4).map(lambda n: tf.fill([n], n)).padded_batch(3)
        >>> next(iter(dataset)).numpy().tolist()
        [[1, 0, 0], [2, 2, 0], [3, 3, 3]]
        """
        from .padding import padding

        shapes, values, spec_shapes = padding(self._element_spec, padded_shapes, padding_values)
        size, drop = number(batch_size), to_tensor(drop_remainder, dtypes.bool_)
        static = known(size) if _true(drop) else None
        specs = [
            batched(type(s)(shape, s.dtype), static)
            for s, shape in zip(structure.leaves(self._element_spec), spec_shapes)
        ]
        spec = nest.pack_sequence_as(self._element_spec, specs)
        types = {"output_shapes": structure.flat_types(spec)["output_shapes"]}
        from .dataset import Dataset

        made = Dataset(
            ops.PADDED_BATCH(self._variant_tensor, size, shapes, values, drop, name=name, **types), spec
        )
        made._own_options = self._own_options
        return made

    def ragged_batch(
        self,
        batch_size: Any,
        drop_remainder: Any = False,
        row_splits_dtype: Any = dtypes.int64,
        name: str | None = None,
    ) -> Dataset:
        """Batches of elements of different shapes, as ragged tensors.

        >>> import headrace as tf
        >>> dataset = tf.data.Dataset.range(3).map(lambda n: tf.range(n)).ragged_batch(3)
        >>> next(iter(dataset)).to_list()
        [[], [0], [0, 1]]
        """
        from .padding import as_ragged

        return as_ragged(_dataset(self), row_splits_dtype).batch(batch_size, drop_remainder, name=name)

    def sparse_batch(self, batch_size: Any, row_shape: Any, name: str | None = None) -> Dataset:
        """Batches of elements of different shapes as sparse tensors whose rows have the shape `row_shape`."""
        from .padding import sparse_batch

        return sparse_batch(_dataset(self), batch_size, row_shape)

    def unbatch(self, name: str | None = None) -> Dataset:
        """The elements of batches, one by one.

        >>> import headrace as tf
        >>> [int(x) for x in tf.data.Dataset.from_tensors([1, 2]).unbatch()]
        [1, 2]
        """
        spec = nest.map_structure(unbatched, self._element_spec)
        return self._derived(ops.UNBATCH, spec=spec, name=name)

    def rebatch(self, batch_size: Any, drop_remainder: bool = False, name: str | None = None) -> Dataset:
        """The elements of batches in batches of another size, or of several sizes in turns.

        >>> import headrace as tf
        >>> [x.numpy().tolist() for x in tf.data.Dataset.range(6).batch(2).rebatch(3)]
        [[0, 1, 2], [3, 4, 5]]
        """
        sizes = (
            to_tensor(batch_size, dtypes.int64) if not isinstance(batch_size, Tensor) else number(batch_size)
        )
        value = static_value(sizes)
        static = (
            int(value.reshape(-1)[0]) if drop_remainder and value is not None and value.size == 1 else None
        )
        spec = nest.map_structure(lambda s: batched(unbatched(s), static), self._element_spec)
        return self._derived(ops.REBATCH, sizes, bool(drop_remainder), spec=spec, name=name)

    def window(
        self,
        size: Any,
        shift: Any = None,
        stride: Any = 1,
        drop_remainder: Any = False,
        name: str | None = None,
    ) -> Dataset:
        """Windows of `size` elements, each a dataset of its own (for every component one).

        Args:
          shift: how far apart windows start; `size` unless given.
          stride: how far apart the elements of a window are.
          drop_remainder: whether to leave out windows of fewer elements.

        >>> import headrace as tf
        >>> [[int(x) for x in w] for w in tf.data.Dataset.range(5).window(3, shift=1, drop_remainder=True)]
        [[0, 1, 2], [1, 2, 3], [2, 3, 4]]
        """
        from .dataset import DatasetSpec

        spec = nest.map_structure(DatasetSpec, self._element_spec)
        return self._derived(
            ops.WINDOW, number(size), number(size if shift is None else shift), number(stride),
            to_tensor(drop_remainder, dtypes.bool_), spec=spec, name=name,
        )  # fmt: skip

    def group_by_window(
        self, key_func: Callable[..., Any], reduce_func: Callable[..., Any], window_size: Any = None,
        window_size_func: Callable[..., Any] | None = None, name: str | None = None,
    ) -> Dataset:  # fmt: skip
        """Groups elements by key, and makes datasets of `window_size` elements of one key with `reduce_func(key, dataset)`.

        Args:
          key_func: an element's key, an int64 scalar.
          window_size: how many elements; or
          window_size_func: the same for each key.

        >>> import headrace as tf
        >>> dataset = tf.data.Dataset.range(6).group_by_window(lambda x: x % 2, lambda key, d: d.batch(3), window_size=3)
        >>> [x.numpy().tolist() for x in dataset]
        [[0, 2, 4], [1, 3, 5]]
        """
        from .grouping import group_by_window

        return group_by_window(_dataset(self), key_func, reduce_func, window_size, window_size_func, name)

    def bucket_by_sequence_length(
        self, element_length_func: Callable[..., Any], bucket_boundaries: Any, bucket_batch_sizes: Any,
        padded_shapes: Any = None, padding_values: Any = None, pad_to_bucket_boundary: bool = False,
        no_padding: bool = False, drop_remainder: bool = False, name: str | None = None,
    ) -> Dataset:  # fmt: skip
        """Batches of elements of about the same length, padded.

        Args:
          element_length_func: an element's length, an int32 scalar.
          bucket_boundaries: upper length boundaries of the buckets, exclusive.
          bucket_batch_sizes: the batch size of each bucket: one more than there are boundaries.
          pad_to_bucket_boundary: pad to the boundary instead of the longest element.
          no_padding: batch without padding (elements of a bucket must have one shape, or be sparse).
        """
        from .grouping import bucket_by_sequence_length

        return bucket_by_sequence_length(
            _dataset(self), element_length_func, bucket_boundaries, bucket_batch_sizes, padded_shapes, padding_values,
            pad_to_bucket_boundary, no_padding, drop_remainder,
        )  # fmt: skip


def _dataset(self: Any) -> Dataset:
    """(Transforming is part of Dataset alone.)"""
    return self


def _true(drop: Any) -> bool:
    value = static_value(drop)
    return value is not None and bool(value)


__all__ = ["Transforming", "known", "number"]
