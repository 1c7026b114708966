"""Array functions on ragged tensors: joining, tiling, reversing, partitioning."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

import headrace as tf
from headrace.core import dtypes
from headrace.core.convert import to_tensor
from headrace.core.errors import invalid
from headrace.core.scoping import scoped
from headrace.core.shapes import size_of
from headrace.core.static import static_value
from headrace.core.tensor import Tensor

from .dimensions import as_ragged, expand_dims, merge_dims, positive_axis
from .flat import assert_same_rows, match_row_splits_dtypes
from .gathering import gather_any, gather_rows
from .partition import check
from .ragged_tensor import RaggedTensor, is_ragged, ragged_or_tensor


# ----------------------------------------------------------------------------------------------------------------- joining
@scoped("RaggedConcat", "concat")
def concat(values: Any, axis: int, name: str | None = None) -> Any:
    """The rows of all (axis 0), or row by row (axis 1), or deeper."""
    if not isinstance(values, (list, tuple)):
        values = [values]
    return _joined([ragged_or_tensor(v) for v in values], axis, False)


@scoped("RaggedConcat", "concat")
def stack(values: Any, axis: int = 0, name: str | None = None) -> Any:
    """Ragged tensors (or tensors) of one rank as the elements of a new dimension.

    >>> import headrace as tf
    >>> tf.ragged.stack([[1, 2], [3]])
    <tf.RaggedTensor [[1, 2], [3]]>
    """
    if not isinstance(values, (list, tuple)):
        values = [values]
    if not values:
        raise ValueError("tf.ragged.stack needs at least one value.")
    return _joined([ragged_or_tensor(v) for v in values], axis, True)


def _joined(values: Sequence[Any], axis: int, stacking: bool) -> Any:
    values = match_row_splits_dtypes(*values)
    rank = next((v.shape.rank for v in values if v.shape.rank is not None), None)
    for v in values:
        if rank is not None and v.shape.rank not in (None, rank):
            raise ValueError(
                f"All inputs must have the same rank; received the shapes {[str(v.shape) for v in values]}."
            )
    axis = positive_axis(axis, None if rank is None else rank + stacking)
    if stacking and not any(is_ragged(v) for v in values) and rank == 0:
        return tf.stack(values, axis)
    if len(values) == 1 and not stacking:
        return values[0]
    splits_dtype = next((v.row_splits.dtype for v in values if is_ragged(v)), dtypes.int64)
    if stacking and rank == 1:  # vectors become rows
        lengths = [tf.shape(v)[0] for v in values]
        if axis == 0:
            return RaggedTensor.from_row_lengths(tf.concat(values, 0), tf.stack(lengths), validate=False)
        return RaggedTensor.from_tensor(tf.stack(values, axis), row_splits_dtype=splits_dtype)
    ragged_rank = max([1, *[v.ragged_rank for v in values if is_ragged(v)]])
    if stacking:
        values = [expand_dims(as_ragged(v, ragged_rank, splits_dtype), axis) for v in values]
        ragged_rank = values[0].ragged_rank
    return _concat([as_ragged(v, ragged_rank, splits_dtype) for v in values], axis)


def _concat(values: Sequence[Any], axis: int) -> Any:
    if not is_ragged(values[0]):
        return tf.concat(values, axis)
    if axis == 0:
        lengths = tf.concat([v.row_lengths() for v in values], 0)
        inner = _concat([v.values for v in values], 0)
        uniform = {v.row_partition.static_uniform_row_length for v in values}
        if len(uniform) == 1 and None not in uniform:
            return RaggedTensor.from_uniform_row_length(
                inner,
                values[0].uniform_row_length,
                nrows=tf.size(lengths, out_type=lengths.dtype),
                validate=False,
            )
        return RaggedTensor.from_row_lengths(inner, lengths, validate=False)
    if axis > 1:
        outer = [
            RaggedTensor._from_row_partition(v.row_partition.value_rowids(), v.row_partition, validate=False)
            for v in values
        ]
        assert_same_rows(outer)
        return values[0].with_values(_concat([v.values for v in values], axis - 1))
    rows = {n for n in (v.row_partition.static_nrows for v in values) if n is not None}
    if len(rows) > 1:
        raise invalid(
            f"Dimension 0 in all shapes must be equal to concatenate along axis 1; the numbers of rows are {sorted(rows)}."
        )
    n, k = values[0].nrows(), len(values)
    if not rows or any(v.row_partition.static_nrows is None for v in values):
        for v in values[1:]:
            check(
                tf.equal(v.nrows(), n), "Dimension 0 of all inputs must be equal to concatenate along axis 1"
            )
    every = _concat(values, 0)  # the rows of all; then row i of each, for every i
    order = tf.reshape(
        tf.transpose(tf.reshape(tf.range(n * k), tf.stack([tf.constant(k, n.dtype), n]))), [-1]
    )
    mixed = gather_rows(every, order)
    return RaggedTensor.from_row_splits(mixed.values, mixed.row_splits[::k], validate=False)


# -------------------------------------------------------------------------------------------------------------- tile, reverse
def tile(input: Any, multiples: Any, name: str | None = None) -> Any:
    """Every dimension repeated `multiples[i]` times."""
    multiples = to_tensor(multiples, hint=dtypes.int64)
    n = size_of(multiples, 0)
    if n is None:
        raise ValueError("tf.tile of a RaggedTensor needs multiples of known length.")
    return _tile(input, [multiples[i] for i in range(n)])


def _once(multiple: Any) -> bool:
    known = static_value(multiple)
    return known is not None and int(known) == 1


def _tile(value: Any, multiples: list[Any]) -> Any:
    if all(_once(m) for m in multiples):
        return value
    if not is_ragged(value):
        return tf.tile(value, tf.stack(multiples))
    if not all(_once(m) for m in multiples[2:]):
        one = tf.ones_like(multiples[0])
        value = value.with_values(_tile(value.values, [one, *multiples[2:]]))
    if not _once(multiples[1]):
        times = tf.cast(multiples[1], value.row_splits.dtype)
        repeated = gather_rows(value, tf.repeat(tf.range(value.nrows()), times))
        value = RaggedTensor.from_row_splits(repeated.values, value.row_splits * times, validate=False)
    if not _once(multiples[0]):
        value = gather_rows(value, tf.tile(tf.range(value.nrows()), [multiples[0]]))
    return value


def reverse(tensor: Any, axis: Any, name: str | None = None) -> Any:
    """The order of the elements of these dimensions reversed."""
    if isinstance(axis, int):
        axis = [axis]
    known = static_value(axis) if isinstance(axis, Tensor) else np.asarray(axis, np.int64)
    if known is None:
        raise ValueError("tf.reverse of a RaggedTensor needs axes that are known at graph construction time.")
    axes = [positive_axis(int(a), tensor.shape.rank) for a in known.reshape(-1)]
    keys = [slice(None, None, -1) if i in axes else slice(None) for i in range(max(axes) + 1)] if axes else []
    return tensor[tuple(keys)] if keys else tensor


# -------------------------------------------------------------------------------------------------------------------- others
def size(input: Any, out_type: Any = dtypes.int32, name: str | None = None) -> Any:
    """The number of values."""
    return tf.size(input.flat_values, out_type=out_type)


def rank(input: Any, name: str | None = None) -> Any:
    """The number of dimensions."""
    return tf.rank(input.flat_values) + input.ragged_rank


def one_hot(
    indices: Any,
    depth: Any,
    on_value: Any = None,
    off_value: Any = None,
    axis: Any = None,
    dtype: Any = None,
    name: str | None = None,
) -> Any:
    """`tf.one_hot` of every value, along a new last dimension."""
    if axis not in (None, -1, indices.shape.rank):
        raise ValueError(f"tf.one_hot of a RaggedTensor adds the last dimension, received axis={axis}.")
    return indices.with_flat_values(tf.one_hot(indices.flat_values, depth, on_value, off_value, -1, dtype))


def stack_dynamic_partitions(
    data: Any, partitions: Any, num_partitions: int, name: str | None = None
) -> RaggedTensor:
    """Row i holds the elements of `data` whose partition is i.

    >>> import headrace as tf
    >>> tf.ragged.stack_dynamic_partitions([1, 2, 3, 4], [0, 2, 0, 1], 3)
    <tf.RaggedTensor [[1, 3], [4], [2]]>
    """
    data, partitions = ragged_or_tensor(data), ragged_or_tensor(partitions)
    if is_ragged(partitions):
        data = as_ragged(data, partitions.ragged_rank, partitions.row_splits.dtype)
        first = RaggedTensor._from_row_partition(
            data.row_partition.value_rowids(), data.row_partition, validate=False
        )
        assert_same_rows(
            [
                first,
                RaggedTensor._from_row_partition(
                    partitions.value_rowids(), partitions.row_partition, validate=False
                ),
            ]
        )
        return stack_dynamic_partitions(data.values, partitions.values, num_partitions)
    if partitions.shape.rank is None:
        raise ValueError("partitions must have known rank.")
    n = partitions.shape.rank
    if n == 0:
        data, partitions = expand_dims(data, 0), partitions[None]
    elif n > 1:
        data = merge_dims(data, 0, n - 1)
        partitions = tf.reshape(partitions, [-1])
    check(
        tf.reduce_all(
            tf.logical_and(partitions >= 0, partitions < tf.cast(num_partitions, partitions.dtype))
        ),
        "partitions must be in [0, num_partitions)",
    )
    order = tf.argsort(partitions, stable=True)
    rows = tf.gather(partitions, order)
    values = gather_any(data, order)
    return RaggedTensor.from_value_rowids(
        values, rows, nrows=tf.cast(num_partitions, rows.dtype), validate=False
    )
