"""The dimensions of ragged tensors: counting, adding and removing them."""

from __future__ import annotations

from typing import Any

import headrace as tf
from headrace.core.tensor import Tensor

from .partition import check
from .ragged_tensor import RaggedTensor, is_ragged


def positive_axis(axis: int, rank: int | None, what: str = "axis") -> int:
    """`axis` counted from the front."""
    if not isinstance(axis, int):
        raise TypeError(f"`{what}` must be an int, received {axis!r}.")
    if axis < 0 and rank is None:
        raise ValueError(f"`{what}` may only be negative if the rank is statically known.")
    result = axis + rank if axis < 0 else axis  # type: ignore[operator]
    if result < 0 or (rank is not None and result >= rank):
        raise ValueError(f"{what}={axis} out of bounds: expected {-rank if rank else 0}<={what}<{rank}")
    return result


def as_ragged(value: Any, ragged_rank: int, splits_dtype: Any) -> Any:
    """A tensor or ragged tensor with (at least) `ragged_rank` row partitions."""
    if ragged_rank <= 0:
        return value
    if not is_ragged(value):
        return RaggedTensor.from_tensor(value, ragged_rank=ragged_rank, row_splits_dtype=splits_dtype)
    if value.ragged_rank >= ragged_rank:
        return value
    return value.with_values(as_ragged(value.values, ragged_rank - 1, splits_dtype))


def expand_dims(input: Any, axis: int, name: str | None = None) -> Any:
    """A dimension of size 1 before dimension `axis`."""
    if not is_ragged(input):
        return tf.expand_dims(input, axis)
    rank = input.shape.rank
    axis = positive_axis(axis, None if rank is None else rank + 1)
    if axis == 0:
        return RaggedTensor.from_uniform_row_length(
            input, input.nrows(), nrows=tf.constant(1, input.row_splits.dtype), validate=False
        )
    if axis == 1:
        return RaggedTensor.from_uniform_row_length(
            input, tf.constant(1, input.row_splits.dtype), nrows=input.nrows(), validate=False
        )
    return input.with_values(expand_dims(input.values, axis - 1))


def squeeze(input: Any, axis: Any = None, name: str | None = None) -> Any:
    """Without the dimensions `axis` of size 1 (which must be given)."""
    if not is_ragged(input):
        return tf.squeeze(input, axis)
    if axis is None:
        raise ValueError("Ragged.squeeze must have an axis argument.")
    axes = sorted(
        positive_axis(a, input.shape.rank) for a in ([axis] if isinstance(axis, int) else list(axis))
    )
    for a in reversed(axes):
        input = _squeeze_one(input, a)
    return input


def _squeeze_one(rt: Any, axis: int) -> Any:
    if not is_ragged(rt):
        return tf.squeeze(rt, axis)
    if axis == 0:
        check(tf.equal(rt.nrows(), 1), "Can not squeeze dimension 0: it has not one row.")
        values = rt.values
        return (
            tf.ensure_shape(
                values, [rt.row_partition.static_uniform_row_length, *[None] * ((values.shape.rank or 1) - 1)]
            )
            if isinstance(values, Tensor)
            else values
        )
    if axis == 1:
        check(
            tf.reduce_all(tf.equal(rt.row_lengths(), 1)),
            "Can not squeeze dimension 1: not every row has one element.",
        )
        return rt.values
    return rt.with_values(_squeeze_one(rt.values, axis - 1))


def merge_dims(value: Any, outer_axis: int, inner_axis: int) -> Any:
    rank = value.shape.rank
    outer = positive_axis(outer_axis, rank, "outer_axis")
    inner = positive_axis(inner_axis, rank, "inner_axis")
    if outer > inner:
        raise ValueError(
            f"Expected outer_axis ({outer_axis}) to be less than or equal to inner_axis ({inner_axis})"
        )
    return _merge(value, outer, inner)


def _merge(value: Any, outer: int, inner: int) -> Any:
    if outer == inner:
        return value
    if not is_ragged(value):
        shape = tf.shape(value)
        return tf.reshape(
            value,
            tf.concat([shape[:outer], [tf.reduce_prod(shape[outer : inner + 1])], shape[inner + 1 :]], 0),
        )
    if outer == 0:
        return _merge(value.values, 0, inner - 1)
    return (
        _merge_from_row(value, inner)
        if outer == 1
        else value.with_values(_merge(value.values, outer - 1, inner - 1))
    )


def _merge_from_row(rt: RaggedTensor, inner: int) -> Any:
    """Dimension 1 and those up to `inner` become one: rows are joined."""
    values = rt.values
    if is_ragged(values):
        splits = tf.gather(values.row_splits, rt.row_splits)
        joined = RaggedTensor.from_row_splits(values.values, splits, validate=False)
        return joined if inner == 2 else _merge_from_row(joined, inner - 1)
    shape = tf.shape(values, out_type=rt.row_splits.dtype)
    size = tf.reduce_prod(shape[1:inner])
    flat = tf.reshape(values, tf.concat([[shape[0] * size], shape[inner:]], 0))
    return RaggedTensor.from_row_splits(flat, rt.row_splits * size, validate=False)
