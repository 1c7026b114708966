"""Sums, means, products and extremes over segments, of `tf.math` and `tf.sparse`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from headrace.core import convert
from headrace.core.op import OpDef, lookup
from headrace.core.scoping import scoped
from headrace.core.tensor import Tensor
from headrace.ops import segment
from headrace.ops.array import SHAPE

_WHAT = {
    "sum": ("sum", "0"),
    "mean": ("mean", "0"),
    "prod": ("product", "1"),
    "min": ("smallest", "the greatest number of its type"),
    "max": ("greatest", "the smallest number of its type"),
}


def _sorted(kind: str, op: OpDef, example: str) -> Callable[..., Tensor]:
    def function(data: Any, segment_ids: Any, name: str | None = None) -> Tensor:
        return op(data, segment_ids, name=name)

    function.__name__ = function.__qualname__ = f"segment_{kind}"
    empty = "1" if kind == "prod" else "0"
    function.__doc__ = f"""The {_WHAT[kind][0]} of the rows of each segment; {empty} where there are none.

    Args:
      data: of shape [N, ...].
      segment_ids: integers of shape [N], never decreasing: which segment each row belongs to.

    Returns:
      A tensor of shape [segment_ids[-1] + 1, ...].

    Raises:
      InvalidArgumentError: the ids decrease, are negative, or are not one per row.

    >>> import headrace as tf
    >>> tf.math.segment_{kind}([2.0, 4.0, 7.0], [0, 0, 1]).numpy().tolist()
    {example}
    """
    return function


def _unsorted(kind: str, op: OpDef, example: str) -> Callable[..., Tensor]:
    def function(data: Any, segment_ids: Any, num_segments: Any, name: str | None = None) -> Tensor:
        return op(data, segment_ids, num_segments, name=name)

    function.__name__ = function.__qualname__ = f"unsorted_segment_{kind}"
    function.__doc__ = f"""The {_WHAT[kind][0]} of each segment; {_WHAT[kind][1]} where it has no elements.

    Args:
      segment_ids: integers, of the shape of data's leading dimensions; what has a negative id is left out.
      num_segments: how many segments there are.

    Returns:
      A tensor of shape [num_segments] + data.shape[rank(segment_ids):].

    Raises:
      InvalidArgumentError: an id is not less than num_segments.

    >>> import headrace as tf
    >>> tf.math.unsorted_segment_{kind}([2.0, 4.0, 7.0], [1, 0, 1], 2).numpy().tolist()
    {example}
    """
    return function


segment_sum = _sorted("sum", segment.SEGMENT_SUM, "[6.0, 7.0]")
segment_mean = _sorted("mean", segment.SEGMENT_MEAN, "[3.0, 7.0]")
segment_prod = _sorted("prod", segment.SEGMENT_PROD, "[8.0, 7.0]")
segment_min = _sorted("min", segment.SEGMENT_MIN, "[2.0, 7.0]")
segment_max = _sorted("max", segment.SEGMENT_MAX, "[4.0, 7.0]")
unsorted_segment_sum = _unsorted("sum", segment.UNSORTED_SEGMENT_SUM, "[4.0, 9.0]")
unsorted_segment_prod = _unsorted("prod", segment.UNSORTED_SEGMENT_PROD, "[4.0, 14.0]")
unsorted_segment_min = _unsorted("min", segment.UNSORTED_SEGMENT_MIN, "[4.0, 2.0]")
unsorted_segment_max = _unsorted("max", segment.UNSORTED_SEGMENT_MAX, "[4.0, 7.0]")


def _counts(data: Tensor, segment_ids: Tensor, num_segments: Any) -> Tensor:
    """How many elements each segment has, at least 1, with data's trailing dimensions as ones."""
    ones = lookup("Fill")(SHAPE(segment_ids), convert.to_tensor(1, data._dtype))
    count = segment.UNSORTED_SEGMENT_SUM(ones, segment_ids, num_segments)
    count = lookup("Maximum")(count, lookup("OnesLike")(count))
    if data._raw_shape is None or segment_ids._raw_shape is None:
        raise ValueError(
            f"The ranks of data and segment_ids must be known, got {data!r} and {segment_ids!r}. "
            "Set them with tf.ensure_shape."
        )
    trailing = len(data._raw_shape) - len(segment_ids._raw_shape)
    return lookup("Reshape")(count, [-1] + [1] * trailing) if trailing else count


@scoped("UnsortedSegmentMean", "truediv")
def unsorted_segment_mean(data: Any, segment_ids: Any, num_segments: Any, name: str | None = None) -> Tensor:
    """The mean of the elements of each segment; 0 for segments without elements.

    Args:
      segment_ids: integers, of the shape of data's leading dimensions; what has a negative id is left out.
      num_segments: how many segments there are.

    >>> import headrace as tf
    >>> tf.math.unsorted_segment_mean([2.0, 4.0, 7.0], [1, 0, 1], 2).numpy().tolist()
    [4.0, 4.5]
    """
    data, ids = convert.to_tensor(data), convert.to_tensor(segment_ids)
    total = segment.UNSORTED_SEGMENT_SUM(data, ids, num_segments)
    return lookup("RealDiv" if data._dtype.kind in "fc" else "FloorDiv")(
        total, _counts(data, ids, num_segments), name=name
    )


@scoped("UnsortedSegmentSqrtN", "truediv")
def unsorted_segment_sqrt_n(
    data: Any, segment_ids: Any, num_segments: Any, name: str | None = None
) -> Tensor:
    """The sum of the elements of each segment over the square root of their number; 0 where there are none.

    Args:
      segment_ids: integers, of the shape of data's leading dimensions; what has a negative id is left out.
      num_segments: how many segments there are.

    >>> import headrace as tf
    >>> tf.math.unsorted_segment_sqrt_n([1.0, 1.0, 1.0, 1.0], [0, 0, 0, 0], 1).numpy().tolist()
    [2.0]
    """
    data, ids = convert.to_tensor(data), convert.to_tensor(segment_ids)
    total = segment.UNSORTED_SEGMENT_SUM(data, ids, num_segments)
    return lookup("RealDiv")(total, lookup("Sqrt")(_counts(data, ids, num_segments)), name=name)


def _sparse(kind: str, plain: OpDef, sized: OpDef, what: str, example: str) -> Callable[..., Tensor]:
    def function(
        data: Any,
        indices: Any,
        segment_ids: Any,
        num_segments: Any = None,
        name: str | None = None,
        sparse_gradient: bool = False,
    ) -> Tensor:
        if num_segments is None:
            return plain(data, indices, segment_ids, sparse_gradient=sparse_gradient, name=name)
        return sized(data, indices, segment_ids, num_segments, sparse_gradient=sparse_gradient, name=name)

    function.__name__ = function.__qualname__ = f"segment_{kind}"
    function.__doc__ = f"""The {what} of the rows `data[indices]` of each segment; 0 where there are none.

    Args:
      indices: integers of shape [K]: which rows of `data`.
      segment_ids: integers of shape [K], never decreasing: which segment each of them belongs to.
      num_segments: how many segments there are; up to the last id by default.
      sparse_gradient: whether the gradient of `data` is an IndexedSlices.

    >>> import headrace as tf
    >>> tf.sparse.segment_{kind}([[1.0], [2.0], [4.0]], [0, 2, 1], [0, 0, 1]).numpy().tolist()
    {example}
    """
    return function


sparse_segment_sum = _sparse(
    "sum", segment.SPARSE_SEGMENT_SUM, segment.SPARSE_SEGMENT_SUM_SIZED, "sum", "[[5.0], [2.0]]"
)
sparse_segment_mean = _sparse(
    "mean", segment.SPARSE_SEGMENT_MEAN, segment.SPARSE_SEGMENT_MEAN_SIZED, "mean", "[[2.5], [2.0]]"
)
sparse_segment_sqrt_n = _sparse(
    "sqrt_n",
    segment.SPARSE_SEGMENT_SQRT_N,
    segment.SPARSE_SEGMENT_SQRT_N_SIZED,
    "sum over the square root of the number",
    "[[3.535533905029297], [2.0]]",
)

__all__ = [
    "segment_max",
    "segment_mean",
    "segment_min",
    "segment_prod",
    "segment_sum",
    "unsorted_segment_max",
    "unsorted_segment_mean",
    "unsorted_segment_min",
    "unsorted_segment_prod",
    "unsorted_segment_sqrt_n",
    "unsorted_segment_sum",
]
