"""Ops of ragged tensors whose output sizes depend on data: they run on the host."""

from __future__ import annotations

from typing import Any

import numpy as np

from headrace.core import dtypes
from headrace.core.errors import ShapeError, invalid
from headrace.core.op import REQUIRED, OpDef, ShapeContext, lookup
from headrace.core.shapes import Raw
from headrace.core.slices import IndexedSlices
from headrace.core.tape import not_differentiable

from . import crosses


# ---------------------------------------------------------------------------------------------------------------- ranges
def _range_shape(c: ShapeContext) -> list[Raw]:
    sizes = []
    for i, name in enumerate(("starts", "limits", "deltas")):
        shape = c[i]
        if shape is not None and len(shape) > 1:
            raise ShapeError(f"{name} must be a scalar or vector")
        if shape is not None and len(shape) == 1 and shape[0] is not None:
            sizes.append(shape[0])
    if len(set(sizes)) > 1:
        raise ShapeError("starts, limits, and deltas must have the same shape")
    rows = sizes[0] if sizes else 1 if all(c[i] == () for i in range(3)) else None
    return [(None if rows is None else rows + 1,), (None,)]


def _range(starts: np.ndarray, limits: np.ndarray, deltas: np.ndarray, Tsplits: Any) -> list[np.ndarray]:
    starts, limits, deltas = np.broadcast_arrays(
        np.atleast_1d(starts), np.atleast_1d(limits), np.atleast_1d(deltas)
    )
    if (deltas == 0).any():
        raise invalid("Requires delta != 0")
    wide = np.float64 if starts.dtype.kind in "fV" else np.int64
    start, span, step = starts.astype(wide), limits.astype(wide) - starts.astype(wide), deltas.astype(wide)
    steps: Any = np.ceil(span / step) if wide is np.float64 else -np.floor_divide(-span, step)
    lengths = np.maximum(steps, 0).astype(np.int64)
    splits = np.concatenate([[0], np.cumsum(lengths)])
    rows = np.repeat(np.arange(len(lengths)), lengths)
    offsets = np.arange(splits[-1]) - splits[rows]
    return [splits, (start[rows] + offsets * step[rows]).astype(starts.dtype)]


RAGGED_RANGE = OpDef(
    "RaggedRange",
    "starts: T, limits: T, deltas: T -> rt_nested_splits: Tsplits, rt_dense_values: T",
    attrs={"Tsplits": dtypes.int64},
    types={"T": frozenset({dtypes.bfloat16, dtypes.float32, dtypes.float64, dtypes.int32, dtypes.int64})},
    defaults={"T": dtypes.int32},
    shape=_range_shape,
    kernel=_range,
    grad=not_differentiable,
    host=True,
)


# ---------------------------------------------------------------------------------------------------------------- gather
def _gather_shape(c: ShapeContext) -> list[Raw]:
    values = c[len(c) - 2]
    n = c.attrs["OUTPUT_RAGGED_RANK"]
    return [*[(None,)] * n, None if values is None else (None, *values[1:])]


def _gather(
    splits: list[np.ndarray], values: np.ndarray, indices: np.ndarray, OUTPUT_RAGGED_RANK: int
) -> list[Any]:
    flat = indices.reshape(-1)
    rows = len(splits[0]) - 1
    if flat.size and (flat.min() < 0 or flat.max() >= rows):
        bad = flat[(flat < 0) | (flat >= rows)][0]
        raise invalid(f"indices = {bad} is not in [0, {rows})")
    out = []
    for d in range(1, indices.ndim):  # the dimensions of the indices are rows of one length
        count = int(np.prod(indices.shape[:d]))
        out.append(np.arange(count + 1) * indices.shape[d])
    for s in splits:
        lengths = s[flat + 1] - s[flat]
        ends = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
        out.append(ends)
        owner = np.repeat(np.arange(len(lengths)), lengths)
        flat = s[flat][owner] + np.arange(ends[-1]) - ends[:-1][owner]
    return [[o.astype(splits[0].dtype) for o in out], values[flat]]


def _gather_grad(op: Any, *gradients: Any) -> list[Any]:
    *splits, values, indices = op.inputs
    positions = lookup("Range")(
        0, lookup("Size")(values) if len(values.shape) == 1 else lookup("Shape")(values)[0], 1
    )
    *_, rows = RAGGED_GATHER(splits, positions, indices, OUTPUT_RAGGED_RANK=op.attrs["OUTPUT_RAGGED_RANK"])
    return [*[None] * len(splits), IndexedSlices(gradients[-1], rows, lookup("Shape")(values)), None]


RAGGED_GATHER = OpDef(
    "RaggedGather",
    "params_nested_splits: PARAMS_RAGGED_RANK * Tsplits, params_dense_values: Tvalues, indices: Tindices -> "
    "output_nested_splits: OUTPUT_RAGGED_RANK * Tsplits, output_dense_values: Tvalues",
    attrs={"OUTPUT_RAGGED_RANK": REQUIRED},
    types={"Tindices": dtypes.INDEX, "Tsplits": dtypes.INDEX},
    shape=_gather_shape,
    kernel=_gather,
    grad=_gather_grad,
    host=True,
)


# ----------------------------------------------------------------------------------------------------------------- cross
def _cross(
    ragged_values: list[np.ndarray],
    ragged_row_splits: list[np.ndarray],
    sparse_indices: list[np.ndarray],
    sparse_values: list[np.ndarray],
    sparse_shape: list[np.ndarray],
    dense_inputs: list[np.ndarray],
    input_order: str,
    hashed_output: bool,
    num_buckets: int,
    hash_key: int,
    out_values_type: Any,
    out_row_splits_type: Any,
) -> list[np.ndarray]:
    sources = {
        "R": map(crosses.ragged_column, ragged_values, ragged_row_splits),
        "S": map(crosses.sparse_column, sparse_indices, sparse_values, sparse_shape),
        "D": map(crosses.dense_column, dense_inputs),
    }
    columns = [next(sources[kind]) for kind in input_order]
    values, counts = (
        crosses.hashed(columns, num_buckets, hash_key) if hashed_output else crosses.joined(columns)
    )
    return [values, np.concatenate([[0], np.cumsum(counts)])]


RAGGED_CROSS = OpDef(
    "RaggedCross",
    "ragged_values: [ragged_values_types], ragged_row_splits: [ragged_splits_types], sparse_indices: Nsparse * int64, sparse_values: [sparse_values_types], "
    "sparse_shape: Nsparse * int64, dense_inputs: [dense_types] -> output_values: out_values_type, output_row_splits: out_row_splits_type",
    attrs={
        "input_order": REQUIRED,
        "hashed_output": REQUIRED,
        "num_buckets": REQUIRED,
        "hash_key": REQUIRED,
        "out_values_type": REQUIRED,
        "out_row_splits_type": REQUIRED,
    },
    shape=lambda c: [(None,), (None,)],
    kernel=_cross,
    grad=not_differentiable,
    host=True,
)
