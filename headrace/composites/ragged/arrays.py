"""Array functions on ragged tensors: joining, gathering, tiling, masks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import headrace as tf
from headrace.core import dtypes
from headrace.core.convert import to_tensor
from headrace.core.errors import InvalidArgumentError
from headrace.core.static import static_value
from headrace.core.tensor import Tensor
from headrace.ops.ragged import RAGGED_RANGE

from .making import match_row_splits_dtypes
from .partition import check
from .tensor import RaggedTensor, is_ragged, ragged_or_tensor


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


# --------------------------------------------------------------------------------------------------------------- dimensions
def expand_dims(input: Any, axis: int, name: str | None = None) -> Any:
    """A dimension of size 1 before dimension `axis`."""
    if not is_ragged(input):
        return tf.expand_dims(input, axis)
    rank = input.shape.rank
    axis = positive_axis(axis, None if rank is None else rank + 1)
    if axis == 0:
        return RaggedTensor.from_uniform_row_length(input, input.nrows(), nrows=tf.constant(1, input.row_splits.dtype), validate=False)
    if axis == 1:
        return RaggedTensor.from_uniform_row_length(input, tf.constant(1, input.row_splits.dtype), nrows=input.nrows(), validate=False)
    return input.with_values(expand_dims(input.values, axis - 1))


def squeeze(input: Any, axis: Any = None, name: str | None = None) -> Any:
    """Without the dimensions `axis` of size 1 (which must be given)."""
    if not is_ragged(input):
        return tf.squeeze(input, axis)
    if axis is None:
        raise ValueError("Ragged.squeeze must have an axis argument.")
    axes = sorted(positive_axis(a, input.shape.rank) for a in ([axis] if isinstance(axis, int) else list(axis)))
    for a in reversed(axes):
        input = _squeeze_one(input, a)
    return input


def _squeeze_one(rt: Any, axis: int) -> Any:
    if not is_ragged(rt):
        return tf.squeeze(rt, axis)
    if axis == 0:
        check(tf.equal(rt.nrows(), 1), "Can not squeeze dimension 0: it has not one row.")
        values = rt.values
        return tf.ensure_shape(values, [rt.row_partition.static_uniform_row_length, *[None] * (values.shape.rank - 1)]) if isinstance(values, Tensor) else values
    if axis == 1:
        check(tf.reduce_all(tf.equal(rt.row_lengths(), 1)), "Can not squeeze dimension 1: not every row has one element.")
        return rt.values
    return rt.with_values(_squeeze_one(rt.values, axis - 1))


def merge_dims(value: Any, outer_axis: int, inner_axis: int) -> Any:
    rank = value.shape.rank
    outer, inner = positive_axis(outer_axis, rank, "outer_axis"), positive_axis(inner_axis, rank, "inner_axis")
    if outer > inner:
        raise ValueError(f"Expected outer_axis ({outer_axis}) to be less than or equal to inner_axis ({inner_axis})")
    return _merge(value, outer, inner)


def _merge(value: Any, outer: int, inner: int) -> Any:
    if outer == inner:
        return value
    if not is_ragged(value):
        shape = tf.shape(value)
        return tf.reshape(value, tf.concat([shape[:outer], [tf.reduce_prod(shape[outer : inner + 1])], shape[inner + 1 :]], 0))
    if outer > 0:
        if outer == 1 and inner > 1 or outer > 1:
            if outer == 1:
                return _merge_from_row(value, inner)
            return value.with_values(_merge(value.values, outer - 1, inner - 1))
    return _merge(value.values, 0, inner - 1)


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


# ----------------------------------------------------------------------------------------------------------------- joining
def concat(values: Any, axis: int, name: str | None = None) -> Any:
    """The rows of all (axis 0), or row by row (axis 1), or deeper."""
    if not isinstance(values, (list, tuple)):
        values = [values]
    return _joined([ragged_or_tensor(v) for v in values], axis, False)


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
            raise ValueError(f"All inputs must have the same rank; received the shapes {[str(v.shape) for v in values]}.")
    axis = positive_axis(axis, None if rank is None else rank + stacking)
    if stacking and not any(is_ragged(v) for v in values) and rank == 0:
        return tf.stack(values, axis)
    if len(values) == 1 and not stacking:
        return values[0]
    splits_dtype = next((v.row_splits.dtype for v in values if is_ragged(v)), dtypes.int64)
    if stacking and rank == 1:  # vectors become rows
        lengths = [tf.shape(v, out_type=splits_dtype)[0] for v in values]
        if axis == 0:
            return RaggedTensor.from_row_lengths(tf.concat(values, 0), tf.stack(lengths), validate=False)
        return RaggedTensor.from_tensor(tf.stack(values, axis), row_splits_dtype=splits_dtype)
    ragged_rank = max(max((v.ragged_rank if is_ragged(v) else 0 for v in values)), axis, 1)
    if rank is not None:
        ragged_rank = min(ragged_rank, rank - 1)
    if stacking:
        values = [expand_dims(as_ragged(v, ragged_rank, splits_dtype), axis) for v in values]
        ragged_rank += 1
    return _concat([as_ragged(v, ragged_rank, splits_dtype) for v in values], axis)


def _concat(values: Sequence[Any], axis: int) -> Any:
    if not is_ragged(values[0]):
        return tf.concat(values, axis)
    if axis == 0:
        lengths = tf.concat([v.row_lengths() for v in values], 0)
        inner = _concat([v.values for v in values], 0)
        uniform = {v.row_partition.static_uniform_row_length for v in values}
        if len(uniform) == 1 and None not in uniform:
            return RaggedTensor.from_uniform_row_length(inner, values[0].uniform_row_length, nrows=tf.size(lengths, out_type=lengths.dtype), validate=False)
        return RaggedTensor.from_row_lengths(inner, lengths, validate=False)
    if axis > 1:
        from .making import assert_same_rows

        outer = [RaggedTensor._from_row_partition(v.row_partition.value_rowids(), v.row_partition, validate=False) for v in values]
        assert_same_rows(outer)
        return values[0].with_values(_concat([v.values for v in values], axis - 1))
    rows = {n for n in (v.row_partition.static_nrows for v in values) if n is not None}
    if len(rows) > 1:
        raise InvalidArgumentError(None, None, f"Dimension 0 in all shapes must be equal to concatenate along axis 1; the numbers of rows are {sorted(rows)}.")
    n, k = values[0].nrows(), len(values)
    if not rows or any(v.row_partition.static_nrows is None for v in values):
        for v in values[1:]:
            check(tf.equal(v.nrows(), n), "Dimension 0 of all inputs must be equal to concatenate along axis 1")
    every = _concat(values, 0)  # the rows of all; then row i of each, for every i
    order = tf.reshape(tf.transpose(tf.reshape(tf.range(n * k), tf.stack([tf.constant(k, n.dtype), n]))), [-1])
    mixed = gather_rows(every, order)
    return RaggedTensor.from_row_splits(mixed.values, mixed.row_splits[::k], validate=False)


# --------------------------------------------------------------------------------------------------------------- gathering
def gather_rows(rt: RaggedTensor, rows: Any) -> RaggedTensor:
    """The rows of these numbers, a vector."""
    rows = tf.cast(rows, rt.row_splits.dtype)
    starts, limits = tf.gather(rt.row_starts(), rows), tf.gather(rt.row_limits(), rows)
    splits, positions = RAGGED_RANGE(starts, limits, tf.constant(1, starts.dtype), Tsplits=starts.dtype)
    if rt.uniform_row_length is not None:
        return RaggedTensor.from_uniform_row_length(gather_any(rt.values, positions), rt.uniform_row_length, nrows=tf.size(rows, out_type=rows.dtype), validate=False)
    return RaggedTensor.from_row_splits(gather_any(rt.values, positions), splits, validate=False)


def gather_any(values: Any, indices: Any) -> Any:
    return gather_rows(values, indices) if is_ragged(values) else tf.gather(values, indices)


def gather(params: Any, indices: Any, validate_indices: Any = None, axis: Any = None, batch_dims: int = 0, name: str | None = None) -> Any:
    """`tf.gather` where the parameters or the indices are ragged."""
    params, indices = ragged_or_tensor(params), ragged_or_tensor(indices)
    if is_ragged(indices) and indices.flat_values.dtype not in dtypes.INDEX or not is_ragged(indices) and indices.dtype not in dtypes.INDEX:
        raise ValueError(f"Indices must be int32 or int64, received {indices.dtype.name}.")
    batch_dims = positive_axis(batch_dims, indices.shape.rank + 1 if indices.shape.rank is not None else None, "batch_dims") if batch_dims else 0
    axis = batch_dims if axis is None else axis
    axis = positive_axis(int(static_value(axis)) if isinstance(axis, Tensor) else axis, params.shape.rank)
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
            result = RaggedTensor.from_uniform_row_length(result, shape[d], nrows=tf.reduce_prod(shape[:d]), validate=False)
        return result
    if axis > batch_dims:
        if batch_dims == 0 and not is_ragged(indices):  # the same elements of every row
            if axis > 1 or not is_ragged(params):
                return params.with_values(gather(params.values, indices, axis=axis - 1))
            shape = tf.shape(indices)
            n = tf.cast(params.nrows(), dtypes.int32)
            tiled = tf.broadcast_to(indices, tf.concat([[n], shape], 0))
            return gather(params, tiled, axis=1, batch_dims=1)
        inner = batch_dims + 1 if batch_dims else 1
        if is_ragged(params) and not is_ragged(indices) and batch_dims:
            indices = as_ragged(indices, batch_dims, params.row_splits.dtype)
        if is_ragged(params) and is_ragged(indices) and batch_dims:
            return params.with_values(gather(params.values, indices.values, axis=axis - 1, batch_dims=batch_dims - 1))
        raise NotImplementedError(f"tf.gather of ragged parameters with axis={axis} and batch_dims={batch_dims} (dimension {inner}) is not supported.")
    # batch_dims == axis > 0
    splits_dtype = next(x.row_splits.dtype for x in (params, indices) if is_ragged(x))
    if indices.shape.rank is not None and indices.shape.rank == batch_dims:
        picked = gather(params, expand_dims(indices, batch_dims), axis=axis, batch_dims=batch_dims)
        return squeeze(picked, batch_dims)
    dense_shape = None if is_ragged(indices) else tf.shape(indices)
    params, indices = match_row_splits_dtypes(as_ragged(params, batch_dims, splits_dtype), as_ragged(indices, batch_dims, splits_dtype))
    if batch_dims > 1:
        return params.with_values(gather(params.values, indices.values, axis=axis - 1, batch_dims=batch_dims - 1))
    owner, flat = indices.value_rowids(), indices.values
    if is_ragged(flat):
        owner = tf.gather(owner, _deep_rowids(flat))
    elif flat.shape.rank and flat.shape.rank > 1:
        owner = tf.reshape(owner, [-1] + [1] * (flat.shape.rank - 1))
    positions = flat.flat_values if is_ragged(flat) else flat
    positions = tf.cast(positions, params.row_splits.dtype)
    check(tf.reduce_all(tf.logical_and(positions >= 0, positions < tf.gather(params.row_lengths(), owner))), "indices are out of range for their rows")
    positions = positions + tf.gather(params.row_starts(), owner)
    result = gather(params.values, flat.with_flat_values(positions) if is_ragged(flat) else positions)
    if dense_shape is None or is_ragged(result):
        return indices.with_values(result)
    return tf.reshape(result, tf.concat([dense_shape, tf.shape(params.values)[1:]], 0))


def _deep_rowids(rt: RaggedTensor) -> Any:
    """For every flat value the number of the outermost row it is in."""
    ids = None
    for ids_of_level in reversed(rt.nested_value_rowids()):
        ids = ids_of_level if ids is None else tf.gather(ids_of_level, ids)
    return ids


def _in_range(indices: Any, n: int) -> None:
    check(tf.reduce_all(tf.logical_and(indices >= 0, indices < n)), f"indices = {indices.numpy().tolist() if indices._is_eager else indices} is not in [0, {n})")


def gather_nd(params: Any, indices: Any, batch_dims: int = 0, name: str | None = None, bad_indices_policy: str = "") -> Any:
    """`tf.gather_nd` where the parameters or the indices are ragged."""
    if batch_dims:
        raise ValueError("tf.gather_nd with batch_dims is not supported for ragged tensors.")
    params, indices = ragged_or_tensor(params), ragged_or_tensor(indices)
    if is_ragged(indices):
        return indices.with_values(gather_nd(params, indices.values))
    if not is_ragged(params):
        return tf.gather_nd(params, indices)
    depth = indices.shape[-1]
    if depth is None:
        raise ValueError("tf.gather_nd of a RaggedTensor needs indices whose last dimension is known.")
    dtype = params.row_splits.dtype
    indices = tf.cast(indices, dtype)
    at, value = indices[..., 0], params
    for j in range(1, depth):
        if not is_ragged(value):
            return tf.gather_nd(value, tf.concat([at[..., None], indices[..., j:]], -1))
        step = indices[..., j]
        check(tf.reduce_all(tf.logical_and(step >= 0, step < tf.gather(value.row_lengths(), at))), "indices are out of range for their rows")
        at, value = tf.gather(value.row_starts(), at) + step, value.values
    return gather(value, at)


# -------------------------------------------------------------------------------------------------------------------- masks
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
        if mask.shape[0] is not None and data.shape[0] is not None:
            mask.shape.assert_is_compatible_with(data.shape[:1])
        return gather_rows(data, tf.where(mask)[:, 0])
    splits_dtype = next((x.row_splits.dtype for x in (mask, data) if is_ragged(x)), dtypes.int64)
    if not is_ragged(mask):
        mask = as_ragged(mask, mask.shape.rank - 1, splits_dtype)
    data = as_ragged(data, mask.ragged_rank, splits_dtype)
    data, mask = match_row_splits_dtypes(data, mask)
    if data.row_splits._is_eager and mask.row_splits._is_eager and not data.row_partition.same_as(mask.row_partition):
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
    from .making import flat_coordinates

    coordinates = tf.stack(flat_coordinates(condition), axis=1)
    flat = condition.flat_values
    if flat.shape.rank is None:
        raise ValueError("tf.where of a RaggedTensor needs flat values of known rank.")
    inside = tf.where(flat)
    return tf.concat([tf.gather(coordinates, inside[:, 0]), inside[:, 1:]], 1)


# -------------------------------------------------------------------------------------------------------------- tile, reverse
def tile(input: Any, multiples: Any, name: str | None = None) -> Any:
    """Every dimension repeated `multiples[i]` times."""
    multiples = to_tensor(multiples, hint=dtypes.int64)
    n = multiples.shape[0]
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
    axes = [positive_axis(int(a), tensor.shape.rank) for a in (axis.numpy().tolist() if isinstance(axis, Tensor) else axis)]
    keys = [slice(None, None, -1) if i in axes else slice(None) for i in range(max(axes) + 1)] if axes else []
    return tensor[tuple(keys)] if keys else tensor


# -------------------------------------------------------------------------------------------------------------------- others
def size(input: Any, out_type: Any = dtypes.int32, name: str | None = None) -> Any:
    """The number of values."""
    return tf.size(input.flat_values, out_type=out_type)


def rank(input: Any, name: str | None = None) -> Any:
    """The number of dimensions."""
    return tf.rank(input.flat_values) + input.ragged_rank


def one_hot(indices: Any, depth: Any, on_value: Any = None, off_value: Any = None, axis: Any = None, dtype: Any = None, name: str | None = None) -> Any:
    """`tf.one_hot` of every value, along a new last dimension."""
    if axis not in (None, -1, indices.shape.rank):
        raise ValueError(f"tf.one_hot of a RaggedTensor adds the last dimension, received axis={axis}.")
    return indices.with_flat_values(tf.one_hot(indices.flat_values, depth, on_value, off_value, -1, dtype))


def stack_dynamic_partitions(data: Any, partitions: Any, num_partitions: int, name: str | None = None) -> RaggedTensor:
    """Row i holds the elements of `data` whose partition is i.

    >>> import headrace as tf
    >>> tf.ragged.stack_dynamic_partitions([1, 2, 3, 4], [0, 2, 0, 1], 3)
    <tf.RaggedTensor [[1, 3], [4], [2]]>
    """
    data, partitions = ragged_or_tensor(data), ragged_or_tensor(partitions)
    if is_ragged(partitions):
        from .making import assert_same_rows

        data = as_ragged(data, partitions.ragged_rank, partitions.row_splits.dtype)
        first = RaggedTensor._from_row_partition(data.row_partition.value_rowids(), data.row_partition, validate=False)
        assert_same_rows([first, RaggedTensor._from_row_partition(partitions.value_rowids(), partitions.row_partition, validate=False)])
        return stack_dynamic_partitions(data.values, partitions.values, num_partitions)
    if partitions.shape.rank is None:
        raise ValueError("partitions must have known rank.")
    n = partitions.shape.rank
    if n == 0:
        data, partitions = expand_dims(data, 0), partitions[None]
    elif n > 1:
        data = merge_dims(data, 0, n - 1)
        partitions = tf.reshape(partitions, [-1])
    check(tf.reduce_all(tf.logical_and(partitions >= 0, partitions < tf.cast(num_partitions, partitions.dtype))), "partitions must be in [0, num_partitions)")
    order = tf.argsort(partitions, stable=True)
    rows = tf.gather(partitions, order)
    values = gather_any(data, order)
    return RaggedTensor.from_value_rowids(values, tf.cast(rows, dtypes.int64), nrows=tf.cast(num_partitions, dtypes.int64), validate=False)


__all__ = [
    "as_ragged", "boolean_mask", "concat", "expand_dims", "gather", "gather_any", "gather_nd", "gather_rows", "merge_dims", "one_hot", "positive_axis", "rank", "reverse", "size",
    "squeeze", "stack", "stack_dynamic_partitions", "tile", "where",
]  # fmt: skip
