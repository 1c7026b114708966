"""Reductions and softmax of ragged tensors."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import headrace as tf
from headrace.core import dtypes
from headrace.core.scoping import scoped
from headrace.core.static import static_value
from headrace.core.tensor import Tensor

from .dimensions import expand_dims, positive_axis, squeeze
from .elementwise import apply
from .partition import RowPartition
from .ragged_tensor import RaggedTensor, is_ragged


def segment(aggregate: Callable[..., Any], data: Any, ids: Any, n: Any) -> Any:
    """Rows of one segment become one, element by element: `aggregate` is `tf.math.unsorted_segment_…`."""
    if not is_ragged(data):
        return aggregate(data, ids, n)
    ids = tf.cast(ids, data.row_splits.dtype)
    n = tf.cast(n, data.row_splits.dtype)
    lengths = tf.maximum(tf.math.unsorted_segment_max(data.row_lengths(), ids, n), 0)
    partition = RowPartition.from_row_lengths(lengths, validate=False)
    at = (
        tf.gather(partition.row_starts(), tf.gather(ids, data.value_rowids()))
        + data.row_partition.offsets_in_rows()
    )
    return RaggedTensor._from_row_partition(
        segment(aggregate, data.values, at, partition.nvals()), partition, validate=False
    )


def _axes(axis: Any, rank: int | None) -> list[int] | None:
    if isinstance(axis, Tensor):
        axis = static_value(axis)
        if axis is None:
            raise ValueError("axis must be known at graph construction time.")
        axis = axis.tolist()
    if axis is None:
        return None
    if isinstance(axis, (list, tuple)):
        axes = [positive_axis(int(a), rank, f"axis[{i}]") for i, a in enumerate(axis)]
        if len(set(axes)) != len(axes):
            raise ValueError(f"Duplicate axes in axis={axis}.")
        return sorted(axes)
    return [positive_axis(int(axis), rank)]


def reduce(
    on_tensor: Callable[..., Any], on_segments: Callable[..., Any], rt: Any, axis: Any, keepdims: bool | None
) -> Any:
    """`on_tensor(x, axis=…, keepdims=…)` where dimensions are uniform, `on_segments(x, ids, n)` where they are ragged."""
    keepdims = bool(keepdims)
    rank = rt.shape.rank
    axes = _axes(axis, rank)
    if axes is None:
        result = on_tensor(rt.flat_values)
        return tf.reshape(result, [1] * rank) if keepdims else result
    for a in reversed(axes):
        rt = _reduce_one(on_tensor, on_segments, rt, a, keepdims)
    return rt


def _reduce_one(
    on_tensor: Callable[..., Any], on_segments: Callable[..., Any], rt: Any, axis: int, keepdims: bool
) -> Any:
    if not is_ragged(rt):
        return on_tensor(rt, axis=axis, keepdims=keepdims)
    if axis > 1:
        return rt.with_values(_reduce_one(on_tensor, on_segments, rt.values, axis - 1, keepdims))
    if axis == 0:
        result = segment(
            on_segments, rt.values, rt.row_partition.offsets_in_rows(), rt.bounding_shape(axis=1)
        )
    else:
        result = segment(on_segments, rt.values, rt.value_rowids(), rt.nrows())
    return expand_dims(result, axis) if keepdims else result


@scoped("RaggedReduceSum", None)
def reduce_sum(input_tensor: Any, axis: Any = None, keepdims: Any = False, name: str | None = None) -> Any:
    return reduce(tf.reduce_sum, tf.math.unsorted_segment_sum, input_tensor, axis, keepdims)


@scoped("RaggedReduceProd", None)
def reduce_prod(input_tensor: Any, axis: Any = None, keepdims: Any = False, name: str | None = None) -> Any:
    return reduce(tf.reduce_prod, tf.math.unsorted_segment_prod, input_tensor, axis, keepdims)


@scoped("RaggedReduceMin", None)
def reduce_min(input_tensor: Any, axis: Any = None, keepdims: Any = False, name: str | None = None) -> Any:
    return reduce(tf.reduce_min, tf.math.unsorted_segment_min, input_tensor, axis, keepdims)


@scoped("RaggedReduceMax", None)
def reduce_max(input_tensor: Any, axis: Any = None, keepdims: Any = False, name: str | None = None) -> Any:
    return reduce(tf.reduce_max, tf.math.unsorted_segment_max, input_tensor, axis, keepdims)


@scoped("RaggedReduceMean", None)
def reduce_mean(input_tensor: Any, axis: Any = None, keepdims: Any = False, name: str | None = None) -> Any:
    if _axes(axis, input_tensor.shape.rank) is None:
        return reduce(tf.reduce_mean, tf.math.unsorted_segment_mean, input_tensor, None, keepdims)
    total = reduce_sum(input_tensor, axis, keepdims)
    ones = input_tensor.with_flat_values(tf.ones_like(input_tensor.flat_values))
    return apply(lambda a, b: a / b, total, reduce_sum(ones, axis, keepdims))


def reduce_variance(
    input_tensor: Any, axis: Any = None, keepdims: Any = False, name: str | None = None
) -> Any:
    if input_tensor.dtype.is_integer:
        input_tensor = apply(lambda x: tf.cast(x, dtypes.float64), input_tensor)
    mean = reduce_mean(input_tensor, axis, keepdims)
    mean_square = reduce_mean(apply(tf.square, input_tensor), axis, keepdims)
    return apply(lambda square, m: tf.maximum(square - m * m, tf.zeros([], m.dtype)), mean_square, mean)


def reduce_std(input_tensor: Any, axis: Any = None, keepdims: Any = False, name: str | None = None) -> Any:
    return apply(tf.sqrt, reduce_variance(input_tensor, axis, keepdims))


def _counted(rt: Any, value: bool, axis: Any, keepdims: Any) -> Any:
    """How many elements are `value`."""
    return reduce_sum(apply(lambda x: tf.cast(tf.equal(x, value), dtypes.int32), rt), axis, keepdims)


@scoped("RaggedReduceAny", None)
def reduce_any(input_tensor: Any, axis: Any = None, keepdims: Any = False, name: str | None = None) -> Any:
    return apply(lambda n: n > 0, _counted(input_tensor, True, axis, keepdims))


@scoped("RaggedReduceAll", None)
def reduce_all(input_tensor: Any, axis: Any = None, keepdims: Any = False, name: str | None = None) -> Any:
    return apply(lambda n: tf.equal(n, 0), _counted(input_tensor, False, axis, keepdims))


def reduce_logsumexp(
    input_tensor: Any, axis: Any = None, keepdims: Any = False, name: str | None = None
) -> Any:
    if _axes(axis, input_tensor.shape.rank) is None:
        return reduce(tf.reduce_logsumexp, tf.math.unsorted_segment_sum, input_tensor, None, keepdims)
    if 0 in (_axes(axis, input_tensor.shape.rank) or ()):
        return apply(tf.math.log, reduce_sum(apply(tf.exp, input_tensor), axis, keepdims))
    top = apply(tf.stop_gradient, reduce_max(input_tensor, axis, True))
    shifted = apply(lambda x, m: tf.exp(x - m), input_tensor, top)
    total = apply(lambda s, m: tf.math.log(s) + m, reduce_sum(shifted, axis, True), top)
    if keepdims:
        return total

    return squeeze(total, _axes(axis, input_tensor.shape.rank))


def softmax(logits: Any, axis: Any = None, name: str | None = None) -> Any:
    """`tf.nn.softmax` along the last dimension, rows being as long as they are."""
    rank = logits.shape.rank
    if axis is not None and positive_axis(axis, rank) != (rank or 0) - 1:
        raise ValueError(
            f"tf.nn.softmax of a RaggedTensor is along its last dimension, received axis={axis}."
        )
    if is_ragged(logits.values) or logits.values.shape.rank > 1:
        return logits.with_values(
            softmax(logits.values, -1) if is_ragged(logits.values) else tf.nn.softmax(logits.values)
        )
    values, ids, n = logits.values, logits.value_rowids(), logits.nrows()
    top = tf.stop_gradient(tf.math.unsorted_segment_max(values, ids, n))
    shifted = tf.exp(values - tf.gather(top, ids))
    return logits.with_values(shifted / tf.gather(tf.math.unsorted_segment_sum(shifted, ids, n), ids))


__all__ = [
    "reduce_all",
    "reduce_any",
    "reduce_logsumexp",
    "reduce_max",
    "reduce_mean",
    "reduce_min",
    "reduce_prod",
    "reduce_std",
    "reduce_sum",
    "reduce_variance",
    "segment",
    "softmax",
]
