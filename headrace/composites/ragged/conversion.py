"""Ragged tensors from tensors and sparse tensors, and back."""

from __future__ import annotations

from typing import Any

import numpy as np

import headrace as tf
from headrace.core import dtypes
from headrace.core.convert import to_tensor
from headrace.core.dtypes import DType, as_dtype
from headrace.core.scoping import scoped
from headrace.core.shapes import size_of
from headrace.core.static import static_value
from headrace.core.tensor import Tensor

from .partition import RowPartition, check, index_tensor
from .ragged_tensor import RaggedTensor


def from_tensor(tensor: Any, lengths: Any, padding: Any, ragged_rank: int, row_splits_dtype: Any) -> Any:
    splits_dtype = as_dtype(row_splits_dtype)
    if lengths is not None and padding is not None:
        raise ValueError("Specify argument `lengths` or `padding`, but not both.")
    if not isinstance(ragged_rank, int):
        raise TypeError(f"Argument `ragged_rank` must be an int. Received {ragged_rank}.")
    if ragged_rank <= 0:
        raise ValueError(f"Argument `ragged_rank` must be greater than 0. Received {ragged_rank}.")
    tensor = to_tensor(tensor)
    rank = tensor.shape.rank
    if rank is not None and rank < 2:
        raise ValueError(
            f"The rank of a RaggedTensor must be greater than 1, i.e., a list of scalars won't have ragged dimensions. Received `tensor` of rank {rank}."
        )
    if rank is not None and ragged_rank >= rank:
        raise ValueError(
            f"Argument `ragged_rank` must be less than the tensor's rank, {rank}. Received {ragged_rank}."
        )
    if isinstance(lengths, (list, tuple)) and lengths and not isinstance(lengths[0], (int, float)):
        if ragged_rank not in (1, len(lengths)):
            raise ValueError(
                f"If Argument `lengths` is a tuple of row_lengths, argument `ragged_rank` must be len(lengths): {len(lengths)}. Received {ragged_rank}."
            )
        return _from_nested_lengths(tensor, list(lengths), splits_dtype)
    shape = tf.shape(tensor, out_type=splits_dtype)
    if ragged_rank > 1:
        merged = tf.reshape(
            tensor, tf.concat([[tf.reduce_prod(shape[:ragged_rank])], shape[ragged_rank:]], 0)
        )
        result: Any = from_tensor(merged, lengths, padding, 1, splits_dtype)
        for axis in reversed(range(1, ragged_rank)):
            result = _uniform(result, shape[axis], tf.reduce_prod(shape[:axis]), splits_dtype)
        return result
    if lengths is None and padding is None:
        return _uniform(
            tf.reshape(tensor, tf.concat([[shape[0] * shape[1]], shape[2:]], 0)),
            shape[1],
            shape[0],
            splits_dtype,
        )
    if lengths is None:
        padding = tf.cast(to_tensor(padding, tensor.dtype), tensor.dtype)
        if padding.shape.rank not in (None, 0) and not tensor.shape[2:].is_compatible_with(padding.shape):
            raise ValueError(
                f"padding of shape {padding.shape} must be one value of a row, of shape {tensor.shape[2:]}."
            )
        real = tf.not_equal(tensor, padding)
        if rank is None or rank > 2:
            real = tf.reduce_any(tf.reshape(real, tf.concat([shape[:2], [-1]], 0)), axis=-1)
        positions = tf.range(1, shape[1] + 1)
        lengths = tf.reduce_max(
            tf.concat(
                [
                    tf.where(real, positions, tf.zeros_like(positions)),
                    tf.zeros(tf.stack([shape[0], 1]), splits_dtype),
                ],
                1,
            ),
            axis=1,
        )
    lengths = tf.clip_by_value(
        index_tensor(lengths, "lengths", splits_dtype, rank=1), tf.zeros([], splits_dtype), shape[1]
    )
    values = tf.boolean_mask(tensor, tf.range(shape[1])[None] < lengths[:, None])
    return RaggedTensor.from_row_lengths(values, lengths, validate=False)


def _uniform(values: Any, length: Any, nrows: Any, splits_dtype: DType) -> RaggedTensor:
    return RaggedTensor.from_uniform_row_length(
        values, tf.cast(length, splits_dtype), nrows=nrows, validate=False
    )


def _from_nested_lengths(tensor: Any, lengths: list[Any], splits_dtype: DType) -> Any:
    result: Any = from_tensor(
        tensor, index_tensor(lengths[0], "lengths", splits_dtype, rank=1), None, 1, splits_dtype
    )
    return (
        result
        if len(lengths) == 1
        else result.with_values(_from_nested_lengths(result.values, lengths[1:], splits_dtype))
    )


def from_sparse(st_input: Any, row_splits_dtype: Any) -> RaggedTensor:
    if not hasattr(st_input, "dense_shape"):
        raise TypeError(
            f"Argument `st_input` must be of type SparseTensor, but is of type {type(st_input).__name__}."
        )
    rank = st_input.shape.rank
    if rank is not None and rank != 2:
        raise ValueError(f"rank(st_input) must be 2. Got {rank}.")
    dtype = as_dtype(row_splits_dtype)
    indices = tf.cast(st_input.indices, dtype)
    rows, columns = indices[:, 0], indices[:, 1]
    partition = RowPartition.from_value_rowids(rows, tf.cast(st_input.dense_shape[0], dtype), validate=False)
    tidy = tf.reduce_all(tf.equal(columns, partition.offsets_in_rows()))
    check(
        tidy,
        "SparseTensor is not right-ragged: a row must have its values in the columns 0, 1, 2 … in order.",
    )
    return RaggedTensor._from_row_partition(st_input.values, partition, validate=False)


def to_sparse(rt: RaggedTensor) -> Any:
    coordinates = flat_coordinates(rt)
    values = rt.flat_values
    inner = values.shape.rank
    if inner is None:
        raise ValueError("RaggedTensor.to_sparse needs flat values of known rank.")
    shape = tf.shape(values, out_type=dtypes.int64)
    index = tf.stack(coordinates, axis=1)
    if inner > 1:
        below = tf.reshape(
            tf.stack(tf.meshgrid(*[tf.range(shape[i]) for i in range(1, inner)], indexing="ij"), axis=-1),
            [-1, inner - 1],
        )
        n, m = tf.shape(index)[0], tf.shape(below)[0]
        index = tf.concat([tf.repeat(index, m, axis=0), tf.tile(below, [n, 1])], axis=1)
        values = tf.reshape(values, [-1])
    return tf.SparseTensor(index, values, rt.bounding_shape(out_type=dtypes.int64))


def flat_coordinates(rt: RaggedTensor) -> list[Any]:
    """For every flat value its index in each ragged dimension, as int64 vectors, the outermost first."""
    partitions = [p.with_dtype(dtypes.int64) for p in rt._nested_row_partitions]
    last = partitions[-1]
    out = [last.offsets_in_rows()]
    ids = last.value_rowids()
    for p in reversed(partitions[:-1]):
        out.insert(0, tf.gather(p.offsets_in_rows(), ids))
        ids = tf.gather(p.value_rowids(), ids)
    return [ids, *out]


def to_dense(rt: RaggedTensor, default_value: Any, shape: Any, name: str | None) -> Tensor:
    wanted: list[Any] = [None] * (rt.shape.rank or 2)
    if isinstance(shape, Tensor):
        wanted = [None if (k := static_value(d)) is not None and k < 0 else d for d in tf.unstack(shape)]
    elif shape is not None and tf.TensorShape(shape).rank is not None:
        wanted = tf.TensorShape(shape).as_list()
    if rt.shape.rank is not None and len(wanted) != rt.shape.rank:
        raise ValueError(f"Shape {shape} must have rank {rt.shape.rank}, that of the RaggedTensor.")
    default = tf.zeros([], rt.dtype) if default_value is None else to_tensor(default_value, rt.dtype)
    return _as_dense(rt, default, wanted, name=name)


@scoped("RaggedToTensor", "RaggedTensorToTensor")
def _as_dense(rt: RaggedTensor, default: Any, wanted: list[Any], name: str | None) -> Any:
    return _dense(rt, default, wanted)


def _dense(rt: RaggedTensor, default: Any, wanted: list[Any]) -> Any:
    """Level by level from the inside: row i of the result is a row of `values`, padded. The rows' indices are a rectangle
    that points past the end where there is nothing, at one more value: the default."""
    if isinstance(rt.values, RaggedTensor):
        values = _dense(rt.values, default, [None, *wanted[2:]])
    else:
        values = _fit(rt.values, wanted[2:], default)
    dtype = rt.row_splits.dtype
    width = tf.cast(rt.bounding_shape(axis=1) if wanted[1] is None else wanted[1], dtype)
    size = tf.shape(values, out_type=dtype)
    padding = tf.broadcast_to(default, tf.concat([[1], tf.shape(values)[1:]], 0))
    columns = tf.range(width)[None]
    index = tf.where(columns < rt.row_lengths()[:, None], rt.row_starts()[:, None] + columns, size[0])
    result = tf.gather(tf.concat([values, padding], 0), index)
    return result if wanted[0] is None else _fit_rows(result, wanted[0], default)


def _fit_rows(x: Any, rows: Any, default: Any) -> Any:
    """Exactly so many rows: cut off, or filled up with the default."""
    known = static_value(rows) if isinstance(rows, Tensor) else rows
    if known is not None and size_of(x, 0) == int(known):
        return x
    size = tf.shape(x)
    rows = tf.cast(rows, dtypes.int32)
    more = tf.broadcast_to(default, tf.concat([[tf.maximum(rows - size[0], 0)], size[1:]], 0))
    return tf.concat([x[:rows], more], 0)


def _fit(values: Any, sizes: Any, default: Any) -> Any:
    for axis, size in enumerate(sizes, 1):
        if size is None:
            continue
        perm = [axis, *[i for i in range(values.shape.rank) if i != axis]]
        back = np.argsort(perm).tolist()
        if size_of(values, axis) != size:
            values = tf.transpose(
                _fit_rows(
                    tf.transpose(values, perm),
                    size,
                    tf.zeros([], values.dtype) if default.shape.rank else default,
                ),
                back,
            )
    return values
