"""Reading and writing by index: slices, gather, scatter, masks, where, partition and stitch."""

from __future__ import annotations

from typing import Any

from headrace.core import convert, dtypes
from headrace.core.op import lookup
from headrace.core.scoping import scoped
from headrace.core.shapes import known
from headrace.core.static import static_value
from headrace.core.tensor import Tensor
from headrace.ops.array import SHAPE
from headrace.ops.gather import GATHER_ND, GATHER_V2, WHERE
from headrace.ops.indexing import boolean_mask
from headrace.ops.partition import DYNAMIC_PARTITION, DYNAMIC_STITCH
from headrace.ops.scatter import (
    SCATTER_ND,
    TENSOR_SCATTER_ADD,
    TENSOR_SCATTER_MAX,
    TENSOR_SCATTER_MIN,
    TENSOR_SCATTER_SUB,
    TENSOR_SCATTER_UPDATE,
)
from headrace.ops.slicing import SLICE, STRIDED_SLICE


def slice(input_: Any, begin: Any, size: Any, name: str | None = None) -> Tensor:
    """The block of `size` elements that starts at `begin`; a size of -1 means all that follow.

    Raises:
      InvalidArgumentError: the block is not inside of the tensor.

    >>> import headrace as tf
    >>> tf.slice([[1, 2, 3], [4, 5, 6]], [0, 1], [2, -1]).numpy().tolist()
    [[2, 3], [5, 6]]
    """
    return SLICE(input_, begin, size, name=name)


def strided_slice(
    input_: Any,
    begin: Any,
    end: Any,
    strides: Any = None,
    begin_mask: int = 0,
    end_mask: int = 0,
    ellipsis_mask: int = 0,
    new_axis_mask: int = 0,
    shrink_axis_mask: int = 0,
    var: Any = None,
    name: str | None = None,
) -> Tensor:
    """What `input_[begin[0]:end[0]:strides[0], …]` selects. `tensor[...]` is the readable way to say this.

    Args:
      begin_mask, end_mask: bit i set: entry i of begin / end is not looked at, the slice is open there.
      ellipsis_mask, new_axis_mask, shrink_axis_mask: bit i set: entry i is `...`, a new dimension, an index.
      var: the variable that the slice may be assigned to.

    >>> import headrace as tf
    >>> tf.strided_slice([1, 2, 3, 4], [0], [4], [2]).numpy().tolist()
    [1, 3]
    """
    begin = convert.to_tensor(begin, hint=dtypes.int32)
    if strides is None:
        strides = lookup("OnesLike")(begin)
    out = STRIDED_SLICE(
        input_,
        begin,
        end,
        strides,
        begin_mask=begin_mask,
        end_mask=end_mask,
        ellipsis_mask=ellipsis_mask,
        new_axis_mask=new_axis_mask,
        shrink_axis_mask=shrink_axis_mask,
        name=name or "StridedSlice",
    )
    if var is not None:
        masks = {
            "begin_mask": begin_mask,
            "end_mask": end_mask,
            "ellipsis_mask": ellipsis_mask,
            "new_axis_mask": new_axis_mask,
            "shrink_axis_mask": shrink_axis_mask,
        }

        def assign(value: Any, name: str | None = None) -> Any:
            return var.assign(
                lookup("TensorStridedSliceUpdate")(var, begin, end, strides, value, **masks, name=name)
            )

        out.assign = assign
    return out


# ----------------------------------------------------------------------------------------------------- gather
def gather(
    params: Any,
    indices: Any,
    validate_indices: Any = None,
    axis: Any = None,
    batch_dims: int = 0,
    name: str | None = None,
) -> Tensor:
    """The slices of `params` along `axis` that `indices` name.

    Args:
      indices: integers of any shape.
      validate_indices: deprecated, does nothing: indices are always checked on the host.
      axis: the dimension to index; the first after the batch dimensions by default.
      batch_dims: how many leading dimensions `params` and `indices` share: each batch gathers from itself.

    Returns:
      A tensor of shape `params.shape[:axis] + indices.shape[batch_dims:] + params.shape[axis + 1:]`.

    Raises:
      InvalidArgumentError: an index is out of range. Compiled programs clamp it to the nearest valid index
        instead, as TensorFlow's do under XLA.

    >>> import headrace as tf
    >>> tf.gather([[1, 2], [3, 4]], [1, 0], axis=1).numpy().tolist()
    [[2, 1], [4, 3]]
    """
    if axis is None:
        axis = batch_dims
    if hasattr(params, "sparse_read") and not batch_dims and not isinstance(axis, Tensor) and axis == 0:
        return params.sparse_read(indices, name=name)  # a variable: only the rows are read
    return GATHER_V2(params, indices, axis, batch_dims=batch_dims, name=name)


def gather_nd(
    params: Any, indices: Any, batch_dims: int = 0, name: str | None = None, bad_indices_policy: str = ""
) -> Tensor:
    """The elements or slices of `params` at index vectors.

    Args:
      indices: integers of shape [..., k]: each vector names a position in the first k dimensions of `params`.
      batch_dims: how many leading dimensions `params` and `indices` share.
      bad_indices_policy: "IGNORE" gives zeros for indices out of range instead of an error.

    Raises:
      InvalidArgumentError: an index is out of range.

    >>> import headrace as tf
    >>> tf.gather_nd([[1, 2], [3, 4]], [[0, 1], [1, 0]]).numpy().tolist()
    [2, 3]
    """
    _check_policy(bad_indices_policy)
    batch_dims = _fixed(batch_dims, "batch_dims")
    if hasattr(params, "gather_nd") and not batch_dims and not bad_indices_policy:
        return params.gather_nd(indices, name=name)
    indices = convert.to_tensor(indices, hint=dtypes.int32)
    if batch_dims:
        return _gather_nd_of_each(
            convert.to_tensor(params), indices, batch_dims, bad_indices_policy, name=name
        )
    return GATHER_ND(params, indices, bad_indices_policy=bad_indices_policy, name=name)


@scoped("BatchGatherND", "Reshape_3")
def _gather_nd_of_each(
    params: Tensor, indices: Tensor, batch_dims: int, policy: str, name: str | None
) -> Tensor:
    return GATHER_ND(params, _with_batch(params, indices, batch_dims), bad_indices_policy=policy, name=name)


def _with_batch(params: Tensor, indices: Tensor, batch_dims: int) -> Tensor:
    """Index vectors that also name their own batch."""
    p, i = params._raw_shape, indices._raw_shape
    if i is None or (p is not None and not 0 < batch_dims < min(len(p) + 1, len(i))):
        raise ValueError(
            f"batch_dims = {batch_dims} must be in [0, {len(i or (0,))}) and the rank of indices "
            f"known, got {indices!r} for {params!r}"
        )
    shape = list(i) if known(i) else SHAPE(indices)
    lead = [*shape[:-1], 1] if isinstance(shape, list) else lookup("ConcatV2")([shape[:-1], [1]], 0)
    columns = []
    for k in range(batch_dims):
        steps = lookup("Range")(0, shape[k], 1)
        steps = steps if indices._dtype is dtypes.int32 else lookup("Cast")(steps, DstT=indices._dtype)
        columns.append(
            lookup("BroadcastTo")(
                lookup("Reshape")(steps, [-1 if d == k else 1 for d in range(len(i))]), lead
            )
        )
    return lookup("ConcatV2")([*columns, indices], -1)


def _fixed(value: Any, name: str) -> int:
    if isinstance(value, Tensor):
        value = static_value(value)
        if value is None:
            raise ValueError(f"{name} must be known while the graph is being built.")
    return int(value)


def _check_policy(policy: str) -> None:
    if policy not in ("", "DEFAULT", "ERROR", "IGNORE"):
        raise ValueError(f"Unknown bad_indices_policy {policy!r}; use 'DEFAULT', 'ERROR' or 'IGNORE'.")


# ---------------------------------------------------------------------------------------------------- scatter
def scatter_nd(
    indices: Any, updates: Any, shape: Any, bad_indices_policy: str = "", name: str | None = None
) -> Tensor:
    """A tensor of zeros with `updates` added at `indices`; updates of one index add up.

    Args:
      indices: integers of shape [..., k].
      updates: of shape `indices.shape[:-1] + shape[k:]`.
      bad_indices_policy: "IGNORE" drops updates out of range instead of raising an error.

    Raises:
      InvalidArgumentError: an index is out of range (compiled programs drop it), or shapes do not fit.

    >>> import headrace as tf
    >>> tf.scatter_nd([[1], [3], [1]], [5, 6, 7], [4]).numpy().tolist()
    [0, 12, 0, 6]
    """
    _check_policy(bad_indices_policy)
    return SCATTER_ND(indices, updates, shape, bad_indices_policy=bad_indices_policy, name=name)


def tensor_scatter_nd_update(tensor: Any, indices: Any, updates: Any, name: str | None = None) -> Tensor:
    """`tensor` with the elements or slices at `indices` replaced by `updates`.

    Args:
      indices: integers of shape [..., k].
      updates: of shape `indices.shape[:-1] + tensor.shape[k:]`.

    Raises:
      InvalidArgumentError: an index is out of range (compiled programs drop it), or shapes do not fit.

    >>> import headrace as tf
    >>> tf.tensor_scatter_nd_update([1, 2, 3], [[0], [2]], [9, 8]).numpy().tolist()
    [9, 2, 8]
    """
    return TENSOR_SCATTER_UPDATE(tensor, indices, updates, name=name)


def _scatter(op: Any, verb: str, what: str, example: str) -> Any:
    def function(
        tensor: Any, indices: Any, updates: Any, bad_indices_policy: str = "", name: str | None = None
    ) -> Tensor:
        _check_policy(bad_indices_policy)
        return op(tensor, indices, updates, bad_indices_policy=bad_indices_policy, name=name)

    function.__name__ = function.__qualname__ = f"tensor_scatter_nd_{verb}"
    function.__doc__ = f"""{what}

    Args:
      indices: integers of shape [..., k].
      updates: of shape `indices.shape[:-1] + tensor.shape[k:]`.
      bad_indices_policy: "IGNORE" drops updates out of range instead of raising an error.

    Raises:
      InvalidArgumentError: an index is out of range (compiled programs drop it), or shapes do not fit.

    >>> import headrace as tf
    >>> tf.tensor_scatter_nd_{verb}([4, 5, 6], [[0], [0]], [1, 7]).numpy().tolist()
    {example}
    """
    return function


tensor_scatter_nd_add = _scatter(
    TENSOR_SCATTER_ADD, "add", "`tensor` with `updates` added at `indices`.", "[12, 5, 6]"
)
tensor_scatter_nd_sub = _scatter(
    TENSOR_SCATTER_SUB, "sub", "`tensor` with `updates` subtracted at `indices`.", "[-4, 5, 6]"
)
tensor_scatter_nd_max = _scatter(
    TENSOR_SCATTER_MAX,
    "max",
    "The greater of `tensor` and `updates` at `indices`, `tensor` elsewhere.",
    "[7, 5, 6]",
)
tensor_scatter_nd_min = _scatter(
    TENSOR_SCATTER_MIN,
    "min",
    "The smaller of `tensor` and `updates` at `indices`, `tensor` elsewhere.",
    "[1, 5, 6]",
)


# ------------------------------------------------------------------------------------------------------ where
def where(condition: Any, x: Any = None, y: Any = None, name: str | None = None) -> Tensor:
    """Elements of `x` where `condition` is true, of `y` elsewhere; without these, where `condition` is true.

    Args:
      condition: a boolean tensor (any numbers, without x and y), broadcast together with x and y.

    Returns:
      A tensor of the broadcast shape; without x and y, an int64 matrix with the coordinates of a true element
      in each row.

    Raises:
      ValueError: only one of x and y is given.

    >>> import headrace as tf
    >>> tf.where([True, False], [1, 2], 0).numpy().tolist()
    [1, 0]
    >>> tf.where([False, True, True]).numpy().tolist()
    [[1], [2]]
    """
    if (x is None) != (y is None):
        raise ValueError("x and y must both be non-None or both be None.")
    if x is None:
        return WHERE(condition, name=name)
    return lookup("SelectV2")(
        convert.to_tensor(condition, None if isinstance(condition, Tensor) else dtypes.bool_), x, y, name=name
    )


def dynamic_partition(
    data: Any, partitions: Any, num_partitions: int, name: str | None = None
) -> list[Tensor]:
    """The slices of `data`, sorted into `num_partitions` tensors by `partitions`.

    Args:
      partitions: int32, its shape that of data's leading dimensions; which tensor each slice goes to.

    Raises:
      InvalidArgumentError: a partition is not in [0, num_partitions).

    >>> import headrace as tf
    >>> [t.numpy().tolist() for t in tf.dynamic_partition([10, 20, 30], [1, 0, 1], 2)]
    [[20], [10, 30]]
    """
    return DYNAMIC_PARTITION(data, partitions, num_partitions=num_partitions, name=name)


def dynamic_stitch(indices: Any, data: Any, name: str | None = None) -> Tensor:
    """One tensor from several: `merged[indices[m][i]] = data[m][i]`; where indices repeat the last one stays.

    Args:
      indices: a list of int32 tensors.
      data: a list of tensors, each with the dimensions of its indices first.

    >>> import headrace as tf
    >>> tf.dynamic_stitch([[0, 2], [1]], [[10, 30], [20]]).numpy().tolist()
    [10, 20, 30]
    """
    return DYNAMIC_STITCH(list(indices), list(data), name=name)


__all__ = [
    "boolean_mask",
    "dynamic_partition",
    "dynamic_stitch",
    "gather",
    "gather_nd",
    "scatter_nd",
    "slice",
    "strided_slice",
    "tensor_scatter_nd_add",
    "tensor_scatter_nd_max",
    "tensor_scatter_nd_min",
    "tensor_scatter_nd_sub",
    "tensor_scatter_nd_update",
    "where",
]
