"""Reductions of sparse tensors over some of their dimensions. What is not there does not count."""

from __future__ import annotations

from typing import Any

import numpy as np

from headrace.core import dtypes
from headrace.core.dtypes import NUMERIC, REAL
from headrace.core.errors import InvalidArgumentError, ShapeError, invalid
from headrace.core.op import OpDef, ShapeContext, lookup
from headrace.core.shapes import Raw
from headrace.core.tape import not_differentiable


def _axes(axes: np.ndarray, rank: int) -> list[int]:
    flat = axes.reshape(-1).tolist() if axes.size or axes.ndim else []
    for a in flat:
        if not -rank <= a < rank:
            raise invalid(f"Invalid reduction dimension {a}, for input with {rank} dimensions.")
    return sorted({a % rank for a in flat})


def _grouped(
    function: Any, indices: np.ndarray, values: np.ndarray, shape: np.ndarray, axes: np.ndarray
) -> tuple[np.ndarray, np.ndarray, list[int]]:
    """The coordinates that stay, their reduced values, and the reduced dimensions."""
    reduced = _axes(axes, len(shape))
    kept = [d for d in range(len(shape)) if d not in reduced]
    if not len(values):
        return np.zeros((0, len(kept)), np.int64), values, reduced
    groups, owner = np.unique(indices[:, kept], axis=0, return_inverse=True)
    order = np.argsort(owner.reshape(-1), kind="stable")
    starts = np.searchsorted(owner.reshape(-1)[order], np.arange(len(groups)))
    return groups, function.reduceat(values[order], starts), reduced


def _reduce(function: Any) -> Any:
    def kernel(
        input_indices: np.ndarray,
        input_values: np.ndarray,
        input_shape: np.ndarray,
        reduction_axes: np.ndarray,
        keep_dims: bool,
    ) -> np.ndarray:
        groups, values, reduced = _grouped(function, input_indices, input_values, input_shape, reduction_axes)
        out = np.zeros([s for d, s in enumerate(input_shape) if d not in reduced], input_values.dtype)
        out[tuple(groups.T)] = values if out.ndim else (values[0] if len(values) else 0)
        return (
            out.reshape([1 if d in reduced else s for d, s in enumerate(input_shape)]) if keep_dims else out
        )

    return kernel


def _reduce_sparse(function: Any) -> Any:
    def kernel(
        input_indices: np.ndarray,
        input_values: np.ndarray,
        input_shape: np.ndarray,
        reduction_axes: np.ndarray,
        keep_dims: bool,
    ) -> list[np.ndarray]:
        groups, values, reduced = _grouped(function, input_indices, input_values, input_shape, reduction_axes)
        if not keep_dims:
            return [groups, values, np.delete(input_shape, reduced)]
        out = np.zeros((len(groups), len(input_shape)), np.int64)
        out[:, [d for d in range(len(input_shape)) if d not in reduced]] = groups
        shape = np.array(input_shape)
        shape[reduced] = 1
        return [out, values, shape]

    return kernel


def _reduced_shape(c: ShapeContext) -> Raw:
    shape, axes = c.partial(2), c.value(3)
    if shape is None or axes is None:
        return None
    try:
        reduced = _axes(np.asarray(axes), len(shape))
    except InvalidArgumentError as error:
        raise ShapeError(error.message) from None
    return tuple(
        [1 if d in reduced else s for d, s in enumerate(shape) if c.attrs["keep_dims"] or d not in reduced]
    )


def _reduce_sum_grad(op: Any, g: Any) -> list[Any]:
    indices, _, shape, axes = op.inputs
    n = indices.shape[1]
    axes = lookup("Reshape")(axes, [-1])
    reduced = lookup("UnsortedSegmentSum")(lookup("OnesLike")(axes), lookup("FloorMod")(axes, np.int32(n)), n)
    keep = lookup("Cast")(lookup("Equal")(reduced, lookup("ZerosLike")(reduced)), DstT=dtypes.int64)
    kept_shape = lookup("AddV2")(lookup("Mul")(shape, keep), lookup("Sub")(np.int64(1), keep))
    return [
        None,
        lookup("GatherNd")(lookup("Reshape")(g, kept_shape), lookup("Mul")(indices, keep)),
        None,
        None,
    ]


_REDUCTION = "input_indices: int64, input_values: T, input_shape: int64, reduction_axes: int32 -> "
_SPARSE_OUT = "output_indices: int64, output_values: T, output_shape: int64"
SPARSE_REDUCE_SUM = OpDef(
    "SparseReduceSum",
    _REDUCTION + "output: T",
    attrs={"keep_dims": False},
    types={"T": NUMERIC},
    shape=_reduced_shape,
    kernel=_reduce(np.add),
    grad=_reduce_sum_grad,
    host=True,
)
SPARSE_REDUCE_MAX = OpDef(
    "SparseReduceMax",
    _REDUCTION + "output: T",
    attrs={"keep_dims": False},
    types={"T": REAL},
    shape=_reduced_shape,
    kernel=_reduce(np.maximum),
    host=True,
)
for _name, _function in (("SparseReduceSumSparse", np.add), ("SparseReduceMaxSparse", np.maximum)):
    OpDef(
        _name,
        _REDUCTION + _SPARSE_OUT,
        attrs={"keep_dims": False},
        types={"T": NUMERIC},
        shape=lambda c: [(None, None), (None,), (None,)],
        kernel=_reduce_sparse(_function),
        grad=not_differentiable,
        host=True,
    )
