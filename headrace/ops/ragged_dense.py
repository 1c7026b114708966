"""Ragged values as dense tensors: the op of other programs' graphs (ours pad with ops of their own)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from headrace.core.errors import invalid
from headrace.core.op import REQUIRED, OpDef, ShapeContext
from headrace.core.shapes import Raw


def _lengths(kind: str, tensor: np.ndarray, rows: int | None) -> np.ndarray:
    """How many values each row has."""
    if kind == "ROW_SPLITS":
        return np.diff(tensor)
    if kind == "VALUE_ROWIDS":
        n = int(rows) if rows is not None else (int(tensor[-1]) + 1 if tensor.size else 0)
        if tensor.size and (tensor.min() < 0 or tensor.max() >= n):
            raise invalid(f"value_rowids must be in [0, {n}), found {tensor.max()}.")
        return np.bincount(tensor, minlength=n)
    raise invalid(f"Unsupported row partition type {kind!r}.")


def _to_tensor(
    shape: np.ndarray, values: np.ndarray, default: np.ndarray, partitions: Sequence[np.ndarray],
    row_partition_types: Sequence[str],
) -> np.ndarray:  # fmt: skip
    types, tensors, rows = list(row_partition_types), list(partitions), None
    if types and types[0] == "FIRST_DIM_SIZE":
        rows, types, tensors = int(tensors[0]), types[1:], tensors[1:]
    nested = []
    for kind, tensor in zip(types, tensors, strict=True):
        nested.append(_lengths(kind, tensor, rows))
        rows = int(nested[-1].sum())
    if nested and rows != len(values):
        raise invalid(f"The row partitions have {rows} values, but values has {len(values)} rows.")
    first = len(nested[0]) if nested else len(values)
    size = [first, *[int(n.max(initial=0)) for n in nested], *values.shape[1:]]
    wanted = np.atleast_1d(shape) if np.ndim(shape) else [-1] * len(size)
    if len(wanted) != len(size):
        raise invalid(f"shape has {len(wanted)} dimensions, but the ragged tensor {len(size)}.")
    ragged = 1 + len(nested)
    if any(w >= 0 and w != n for n, w in zip(size[ragged:], wanted[ragged:])):
        raise invalid(f"shape {list(wanted)} does not fit values of shape {list(values.shape)}.")
    size = [n if w < 0 else int(w) for n, w in zip(size, wanted)]
    out = np.empty(size, values.dtype)
    out[...] = default
    places = np.arange(first)[:, None]  # where each row is in the result, one column per dimension so far
    for n in nested:
        starts = np.repeat(np.cumsum(n) - n, n)
        places = np.concatenate(
            [np.repeat(places, n, axis=0), (np.arange(int(n.sum())) - starts)[:, None]], axis=1
        )
    fits = (places < np.asarray(size[: places.shape[1]])).all(axis=1)
    out[tuple(places[fits].T)] = values[fits]
    return out


def _shape(c: ShapeContext) -> Raw:
    given = c.value(0)
    return None if given is None or not np.ndim(given) else tuple([None if d < 0 else int(d) for d in given])


RAGGED_TENSOR_TO_TENSOR = OpDef(
    "RaggedTensorToTensor",
    "shape: Tshape, values: T, default_value: T, row_partition_tensors: num_row_partition_tensors*Tindex -> result: T",
    attrs={"row_partition_types": REQUIRED},
    shape=_shape,
    kernel=_to_tensor,
    host=True,
    doc="A ragged value as a dense tensor, padded with a default value.",
)

__all__ = ["RAGGED_TENSOR_TO_TENSOR"]
