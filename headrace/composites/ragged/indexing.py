"""`ragged[...]`: rows by number or slice, slices within ragged rows, and new dimensions."""

from __future__ import annotations

from typing import Any

import numpy as np

import headrace as tf
from headrace.core.static import static_value
from headrace.core.tensor import Tensor
from headrace.ops.ragged import RAGGED_RANGE

from .partition import RowPartition
from .ragged_tensor import RaggedTensor


def getitem(rt: RaggedTensor, key: Any) -> Any:
    """`rt[key]`: integers and slices of rows, then of what is in them.

    Raises:
      IndexError: a row number that does not exist.
      ValueError: an integer for a ragged dimension: not every row may have that element.
      TypeError: anything that is no index.
    """
    keys = list(key) if isinstance(key, (tuple, list)) else [key]
    if any(k is Ellipsis for k in keys):
        keys = _without_ellipsis(rt, keys)
    return _index(rt, keys)


def _without_ellipsis(rt: RaggedTensor, keys: list[Any]) -> list[Any]:
    at = next(i for i, k in enumerate(keys) if k is Ellipsis)
    if any(k is Ellipsis for k in keys[at + 1 :]):
        raise ValueError("At most one Ellipsis (...) may be used in an index.")
    rank = rt.shape.rank
    if rank is None:
        raise ValueError("Ellipsis needs a RaggedTensor of known rank.")
    given = sum(k is not None for k in keys) - 1
    return keys[:at] + [slice(None)] * max(0, rank - given) + keys[at + 1 :]


def _index(rt: Any, keys: list[Any]) -> Any:
    if not keys:
        return rt
    if not isinstance(rt, RaggedTensor):
        return rt[tuple(keys)]
    first, rest = keys[0], keys[1:]
    if first is None:
        return tf.expand_dims(_index(rt, rest), 0)
    if isinstance(first, slice):
        return _inside(_slice_rows(rt, first), rest)
    return _index(_row(rt, first), rest)


def _number(key: Any) -> Any:
    """An index as a Python number, if it is known, else as a scalar tensor."""
    if isinstance(key, Tensor) or hasattr(key, "__tf_tensor__"):
        tensor = tf.convert_to_tensor(key)
        if tensor.shape.rank not in (0, None) or not tensor.dtype.is_integer:
            _no_index(key)
        known = static_value(tensor)
        return tensor if known is None else int(known)
    if isinstance(key, (bool, np.bool_)) or not hasattr(type(key), "__index__"):
        _no_index(key)
    return key.__index__()


def _no_index(key: Any) -> None:
    raise TypeError(
        f"Only integers, slices (`:`), ellipsis (`...`), tf.newaxis (`None`) and scalar tf.int32/tf.int64 tensors are valid indices, got {key!r}"
    )


def _row(rt: RaggedTensor, key: Any) -> Any:
    i, rows = _number(key), rt.row_partition.static_nrows
    if isinstance(i, Tensor):
        i = tf.cast(i, rt.row_splits.dtype)
        i = tf.where(i < 0, i + rt.nrows(), i)
        splits = tf.gather(rt.row_splits, tf.stack([i, i + 1]))
    else:
        if rows is not None and not -rows <= i < rows:
            raise IndexError(f"Row key {i} out of bounds: there are {rows} rows.")
        first = i if i >= 0 else rt.nrows() + i
        splits = rt.row_splits[first : first + 2]
    row = rt.values[splits[0] : splits[1]]
    length = rt.row_partition.static_uniform_row_length
    if length is not None and isinstance(row, Tensor):
        row = tf.ensure_shape(row, [length, *[None] * ((row.shape.rank or 1) - 1)])
    return row


def _bounds(key: slice) -> tuple[Any, Any, Any]:
    return tuple(None if k is None else _number(k) for k in (key.start, key.stop, key.step))  # type: ignore[return-value]


def _slice_rows(rt: RaggedTensor, key: slice) -> RaggedTensor:
    start, stop, step = _bounds(key)
    if start is None and stop is None and step in (None, 1):
        return rt
    if step is None or (isinstance(step, int) and step == 1):
        window = slice(start, stop)
        starts, limits = rt.row_starts()[window], rt.row_limits()[window]
        before = rt.row_splits[:1] if start is None else tf.concat([starts, rt.row_splits[-1:]], 0)[:1]
        first, last = before[0], tf.concat([before, limits], 0)[-1]
        splits = tf.concat([before, limits], 0) - first
        partition = RowPartition(splits, uniform=rt.uniform_row_length)
        return RaggedTensor._from_row_partition(rt.values[first:last], partition, validate=False)
    if step == 0:
        raise ValueError("slice step cannot be zero")
    return tf.gather(rt, tf.range(rt.nrows())[start:stop:step])


def _inside(rt: Any, keys: list[Any]) -> Any:
    """The keys applied to every row."""
    if not keys:
        return rt
    if not isinstance(rt, RaggedTensor):
        return rt[(slice(None), *keys)]
    first, rest = keys[0], keys[1:]
    if first is None:
        return tf.expand_dims(_inside(rt, rest), 1)
    if not isinstance(first, slice):
        length = rt.uniform_row_length
        if length is None:
            _number(first)
            raise ValueError(
                "Cannot index into an inner ragged dimension: a row may lack that element. Use a slice, or to_tensor() first."
            )
        i = _number(first)
        known = rt.row_partition.static_uniform_row_length
        if known is not None and isinstance(i, int) and not -known <= i < known:
            raise IndexError(f"Index {i} is out of bounds: every row has {known} elements.")
        i = tf.cast(i, rt.row_splits.dtype)
        return _inside(tf.gather(rt.values, rt.row_starts() + tf.where(i < 0, i + length, i)), rest)
    start, stop, step = _bounds(first)
    if start is None and stop is None and step in (None, 1):
        return rt.with_values(_inside(rt.values, rest))
    return _slice_in_rows(rt, start, stop, 1 if step is None else step, rest)


def _slice_in_rows(rt: RaggedTensor, start: Any, stop: Any, step: Any, rest: list[Any]) -> RaggedTensor:
    """As Python slices lists: bounds count from the end if negative, and are clipped to the row."""
    if isinstance(step, int) and step == 0:
        raise ValueError("slice step cannot be zero")
    if not isinstance(step, int):
        raise ValueError("The step of a slice within ragged rows must be known while the graph is built.")
    dtype = rt.row_splits.dtype
    lengths, starts = rt.row_lengths(), rt.row_starts()
    low, high = (0, lengths) if step > 0 else (-1, lengths - 1)

    def place(bound: Any, default: Any) -> Any:
        if bound is None:
            return tf.broadcast_to(tf.cast(default, dtype), tf.shape(lengths))
        bound = tf.cast(bound, dtype)
        bound = tf.where(bound < 0, bound + lengths, bound)
        return tf.minimum(tf.maximum(bound, tf.cast(low, dtype)), tf.cast(high, dtype))

    first = place(start, 0 if step > 0 else lengths - 1)
    last = place(stop, lengths if step > 0 else -1)
    uniform = rt.row_partition.static_uniform_row_length
    splits, positions = RAGGED_RANGE(starts + first, starts + last, tf.constant(step, dtype), Tsplits=dtype)
    result = RaggedTensor.from_row_splits(
        _inside(tf.gather(rt.values, positions), rest), splits, validate=False
    )
    if uniform is not None and all(b is None or isinstance(b, int) for b in (start, stop)):
        length = len(range(*slice(start, stop, step).indices(uniform)))
        return RaggedTensor.from_uniform_row_length(
            result.values, tf.constant(length, dtype), nrows=rt.nrows(), validate=False
        )
    return result
