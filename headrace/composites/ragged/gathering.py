"""Gathering, masks and `where` on ragged tensors."""

from __future__ import annotations

from typing import Any

import headrace as tf
from headrace.core import dtypes
from headrace.core.convert import to_tensor
from headrace.core.scoping import scoped
from headrace.core.shapes import size_of
from headrace.core.tensor import Tensor
from headrace.ops.ragged import RAGGED_RANGE

from .dimensions import as_ragged, expand_dims, positive_axis, squeeze
from .flat import match_row_splits_dtypes
from .partition import check, constant_of
from .ragged_tensor import RaggedTensor, is_ragged, ragged_or_tensor


def gather_rows(rt: RaggedTensor, rows: Any) -> RaggedTensor:
    """The rows of these numbers, a vector."""
    rows = tf.cast(rows, rt.row_splits.dtype)
    starts, limits = tf.gather(rt.row_starts(), rows), tf.gather(rt.row_limits(), rows)
    splits, positions = RAGGED_RANGE(starts, limits, tf.constant(1, starts.dtype), Tsplits=starts.dtype)
    return RaggedTensor.from_row_splits(gather_any(rt.values, positions), splits, validate=False)


def gather_any(values: Any, indices: Any) -> Any:
    return gather_rows(values, indices) if is_ragged(values) else tf.gather(values, indices)


def gather(
    params: Any,
    indices: Any,
    validate_indices: Any = None,
    axis: Any = None,
    batch_dims: int = 0,
    name: str | None = None,
) -> Any:
    """`tf.gather` where the parameters or the indices are ragged."""
    params, indices = ragged_or_tensor(params), ragged_or_tensor(indices)
    if indices.dtype not in dtypes.INDEX:
        raise ValueError(f"Indices must be int32 or int64, received {indices.dtype.name}.")
    batch_dims = (
        positive_axis(
            batch_dims, indices.shape.rank + 1 if indices.shape.rank is not None else None, "batch_dims"
        )
        if batch_dims
        else 0
    )
    axis = batch_dims if axis is None else axis
    axis = positive_axis(constant_of(axis) if isinstance(axis, Tensor) else axis, params.shape.rank)
    if axis < batch_dims:
        raise ValueError(f"batch_dims ({batch_dims}) must be less than or equal to axis ({axis}).")
    if batch_dims == 0 and axis == 0:
        if is_ragged(indices):
            return indices.with_values(gather(params, indices.values))
        if not is_ragged(params):
            return tf.gather(params, indices)
        rank = indices.shape.rank
        if rank is None:
            raise ValueError("tf.gather of a RaggedTensor needs indices of known rank.")
        if rank == 0:
            return params[indices]
        if params.row_splits._is_eager:
            _in_range(indices, len(params))
        result = gather_rows(params, tf.reshape(indices, [-1]))
        shape = tf.shape(indices, out_type=params.row_splits.dtype)
        for d in reversed(range(1, rank)):
            result = RaggedTensor.from_uniform_row_length(
                result, shape[d], nrows=tf.reduce_prod(shape[:d]), validate=False
            )
        return result
    if not is_ragged(params) and not is_ragged(indices):
        return tf.gather(params, indices, axis=axis, batch_dims=batch_dims)
    if axis > batch_dims:
        return _gather_deeper(params, indices, axis, batch_dims)
    # batch_dims == axis > 0
    splits_dtype = next(x.row_splits.dtype for x in (params, indices) if is_ragged(x))
    if indices.shape.rank is not None and indices.shape.rank == batch_dims:
        picked = gather(params, expand_dims(indices, batch_dims), axis=axis, batch_dims=batch_dims)
        return squeeze(picked, batch_dims)
    dense_shape = None if is_ragged(indices) else tf.shape(indices)
    params, indices = match_row_splits_dtypes(
        as_ragged(params, batch_dims, splits_dtype), as_ragged(indices, batch_dims, splits_dtype)
    )
    if batch_dims > 1:
        return params.with_values(
            gather(params.values, indices.values, axis=axis - 1, batch_dims=batch_dims - 1)
        )
    owner, flat = indices.value_rowids(), indices.values
    if is_ragged(flat):
        owner = tf.gather(owner, _deep_rowids(flat))
    elif flat.shape.rank and flat.shape.rank > 1:
        owner = tf.reshape(owner, [-1] + [1] * (flat.shape.rank - 1))
    positions = flat.flat_values if is_ragged(flat) else flat
    positions = tf.cast(positions, params.row_splits.dtype)
    check(
        tf.reduce_all(tf.logical_and(positions >= 0, positions < tf.gather(params.row_lengths(), owner))),
        "indices are out of range for their rows",
    )
    positions = positions + tf.gather(params.row_starts(), owner)
    result = gather(params.values, flat.with_flat_values(positions) if is_ragged(flat) else positions)
    if dense_shape is None or is_ragged(result):
        return indices.with_values(result)
    return tf.reshape(result, tf.concat([dense_shape, tf.shape(params.values)[1:]], 0))


def _gather_deeper(params: Any, indices: Any, axis: int, batch_dims: int) -> Any:
    """Gathers along a dimension behind the batch dimensions: the same elements of every row in between."""
    if batch_dims > 1:
        dtype = next(x.row_splits.dtype for x in (params, indices) if is_ragged(x))
        params, indices = as_ragged(params, batch_dims, dtype), as_ragged(indices, batch_dims, dtype)
        return params.with_values(
            gather(params.values, indices.values, axis=axis - 1, batch_dims=batch_dims - 1)
        )
    if batch_dims == 1:  # each row has indices of its own, for all that is in it
        dtype = next(x.row_splits.dtype for x in (params, indices) if is_ragged(x))
        params = as_ragged(params, 1, dtype)
        own = gather(indices, params.value_rowids())
        return params.with_values(gather(params.values, own, axis=axis - 1, batch_dims=1))
    if axis > 1:
        if is_ragged(params):
            return params.with_values(gather(params.values, indices, axis=axis - 1))
        shape = tf.shape(params, out_type=indices.row_splits.dtype)
        rows = tf.reshape(params, tf.concat([[-1], shape[2:]], 0))
        return RaggedTensor.from_uniform_row_length(
            gather(rows, indices, axis=axis - 1), shape[1], nrows=shape[0], validate=False
        )
    n = params.nrows(out_type=dtypes.int32) if is_ragged(params) else tf.shape(params)[0]
    if not is_ragged(indices):
        return gather(
            params, tf.broadcast_to(indices, tf.concat([[n], tf.shape(indices)], 0)), axis=1, batch_dims=1
        )
    count = indices.nrows()
    copies = gather_rows(indices, tf.tile(tf.range(count), [n]))
    tiled = RaggedTensor.from_uniform_row_length(copies, count, nrows=tf.cast(n, count.dtype), validate=False)
    return gather(params, tiled, axis=1, batch_dims=1)


def _deep_rowids(rt: RaggedTensor) -> Any:
    """For every flat value the number of the outermost row it is in."""
    ids = None
    for ids_of_level in reversed(rt.nested_value_rowids()):
        ids = ids_of_level if ids is None else tf.gather(ids_of_level, ids)
    return ids


def _in_range(indices: Any, n: int) -> None:
    check(
        tf.reduce_all(tf.logical_and(indices >= 0, indices < n)),
        f"indices = {indices.numpy().tolist() if indices._is_eager else indices} is not in [0, {n})",
    )


def gather_nd(
    params: Any, indices: Any, batch_dims: int = 0, name: str | None = None, bad_indices_policy: str = ""
) -> Any:
    """`tf.gather_nd` where the parameters or the indices are ragged."""
    if batch_dims:
        raise ValueError("tf.gather_nd with batch_dims is not supported for ragged tensors.")
    if bad_indices_policy not in ("", "DEFAULT", "ERROR"):
        raise ValueError(
            f"tf.gather_nd of ragged tensors rejects bad indices; bad_indices_policy={bad_indices_policy!r} is not supported."
        )
    params, indices = ragged_or_tensor(params), ragged_or_tensor(indices)
    if is_ragged(indices):
        return indices.with_values(gather_nd(params, indices.values))
    if not is_ragged(params):
        return tf.gather_nd(params, indices)
    depth = size_of(indices, -1)
    if depth is None:
        raise ValueError("tf.gather_nd of a RaggedTensor needs indices whose last dimension is known.")
    dtype = params.row_splits.dtype
    indices = tf.cast(indices, dtype)
    at, value = indices[..., 0], params
    for j in range(1, depth):
        if not is_ragged(value):
            return tf.gather_nd(value, tf.concat([at[..., None], indices[..., j:]], -1))
        step = indices[..., j]
        check(
            tf.reduce_all(tf.logical_and(step >= 0, step < tf.gather(value.row_lengths(), at))),
            "indices are out of range for their rows",
        )
        at, value = tf.gather(value.row_starts(), at) + step, value.values
    return gather(value, at)


# -------------------------------------------------------------------------------------------------------------------- masks
@scoped("RaggedMask", "boolean_mask/GatherV2")
def boolean_mask(data: Any, mask: Any, name: str | None = None) -> Any:
    """What is at the true elements of `mask`, in rows as the mask has them.

    Args:
      data: ragged or not, of at least the mask's rank.
      mask: booleans of the shape of the first dimensions of `data`.

    >>> import headrace as tf
    >>> tf.ragged.boolean_mask([[1, 2, 3], [4, 5, 6]], [[True, False, True], [False, False, False]])
    <tf.RaggedTensor [[1, 3], []]>
    """
    if not is_ragged(mask):
        mask = to_tensor(mask, dtypes.bool_)
    elif mask.dtype is not dtypes.bool_:
        raise TypeError(f"mask must be boolean, received {mask.dtype.name}.")
    data = ragged_or_tensor(data)
    if mask.shape.rank is None:
        raise ValueError("mask.shape.ndims must be known statically.")
    if mask.shape.rank == 0:
        raise ValueError("mask cannot be scalar.")
    if not is_ragged(mask) and mask.shape.rank == 1:
        if not is_ragged(data):
            return tf.boolean_mask(data, mask)
        if size_of(mask, 0) is not None and size_of(data, 0) is not None:
            mask.shape.assert_is_compatible_with(data.shape[:1])
        return gather_rows(data, tf.where(mask)[:, 0])
    splits_dtype = next((x.row_splits.dtype for x in (mask, data) if is_ragged(x)), dtypes.int64)
    if not is_ragged(mask):
        mask = as_ragged(mask, mask.shape.rank - 1, splits_dtype)
    data = as_ragged(data, mask.ragged_rank, splits_dtype)
    data, mask = match_row_splits_dtypes(data, mask)
    if (
        data.row_splits._is_eager
        and mask.row_splits._is_eager
        and not data.row_partition.same_as(mask.row_partition)
    ):
        check(tf.constant(False), "Inputs must have identical ragged splits")
    values = boolean_mask(data.values, mask.values)
    if is_ragged(mask.values):
        return data.with_values(values)
    kept = tf.math.unsorted_segment_sum(tf.cast(mask.values, splits_dtype), mask.value_rowids(), mask.nrows())
    return RaggedTensor.from_row_lengths(values, kept, validate=False)


def where(condition: Any, x: Any = None, y: Any = None, name: str | None = None) -> Any:
    """`tf.where` with ragged arguments: element-wise; or with a condition alone, the coordinates of what is true."""
    if (x is None) != (y is None):
        raise ValueError("x and y must both be non-None or both be None.")
    if x is not None:
        from .elementwise import apply

        return apply(tf.where, condition, x, y)
    from .conversion import flat_coordinates

    coordinates = tf.stack(flat_coordinates(condition), axis=1)
    flat = condition.flat_values
    if flat.shape.rank is None:
        raise ValueError("tf.where of a RaggedTensor needs flat values of known rank.")
    inside = tf.where(flat)
    return tf.concat([tf.gather(coordinates, inside[:, 0]), inside[:, 1:]], 1)
