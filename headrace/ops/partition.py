"""Sorting slices into several tensors and merging them again: DynamicPartition and DynamicStitch."""

from __future__ import annotations

from typing import Any

import numpy as np

from headrace.core.errors import ShapeError, invalid
from headrace.core.op import REQUIRED, OpDef, lookup
from headrace.core.shapes import Raw, compatible
from headrace.ops.array import RESHAPE, dims
from headrace.ops.gather import GATHER_V2
from headrace.ops.scatter import lower_scatter


def _partition_kernel(data: Any, partitions: Any, num_partitions: int) -> list[Any]:
    if partitions.size and (partitions.min() < 0 or partitions.max() >= num_partitions):
        k = np.argwhere((partitions < 0) | (partitions >= num_partitions))[0]
        raise invalid(f"partitions{k.tolist()} = {int(partitions[tuple(k)])} is not in [0, {num_partitions})")
    return [data[partitions == i] for i in range(num_partitions)]


def _partition_shape(c: Any) -> list[Raw]:
    data, partitions, n = c[0], c[1], c.attrs["num_partitions"]
    if data is None or partitions is None:
        return [None] * n
    if not compatible(data[: len(partitions)], partitions):
        raise ShapeError(
            f"data.shape must start with partitions.shape, got data.shape = {list(data)}, "
            f"partitions.shape = {list(partitions)}"
        )
    return [(None, *data[len(partitions) :])] * n


DYNAMIC_PARTITION = OpDef(
    "DynamicPartition",
    "data: T, partitions: int32 -> outputs: num_partitions*T",
    attrs={"num_partitions": REQUIRED},
    shape=_partition_shape,
    kernel=_partition_kernel,
    host=True,
)


@DYNAMIC_PARTITION.gradient
def _(op: Any, *gs: Any) -> list[Any]:
    data, partitions = op.inputs
    places = RESHAPE(lookup("Range")(0, lookup("Size")(partitions), 1), dims(partitions))
    where = DYNAMIC_PARTITION(places, partitions, num_partitions=op.attrs["num_partitions"])
    return [RESHAPE(DYNAMIC_STITCH(where, list(gs)), dims(data)), None]


def _stitch_shape(c: Any) -> Raw:
    n = len(c) // 2
    rest: Raw = None
    for i in range(n):
        where, data = c[i], c[n + i]
        if where is None or data is None:
            continue
        if not compatible(data[: len(where)], where):
            raise ShapeError(
                f"data[{i}].shape = {list(data)} does not start with indices[{i}].shape = {list(where)}"
            )
        tail = data[len(where) :]
        if rest is not None and not compatible(rest, tail):
            raise ShapeError(
                f"Need data[0].shape[{len(c[0] or ())}:] = data[{i}].shape[{len(where)}:], got "
                f"{list(rest)} and {list(tail)}"
            )
        rest = tail
    values = [c.value(i) for i in range(n)]
    size = (
        None
        if any(v is None for v in values)
        else max((int(v.max()) + 1 for v in values if v.size), default=0)
    )
    return None if rest is None else (size, *rest)


def _stitch_kernel(indices: list[Any], data: list[Any]) -> Any:
    n = max((int(i.max()) + 1 for i in indices if i.size), default=0)
    rest = data[0].shape[indices[0].ndim :]
    out = (
        np.zeros((n, *rest), data[0].dtype) if data[0].dtype.kind != "O" else np.full((n, *rest), b"", object)
    )
    for where, values in zip(indices, data):
        if where.size and where.min() < 0:
            raise invalid(f"indices must be non-negative, got {int(where.min())}")
        out[where] = values
    return out


def _lower_stitch(b: Any, indices: list[Any], data: list[Any]) -> Any:
    n = max((int(i.max()) + 1 for i in indices if i.size), default=0)
    rest = data[0].shape[indices[0].ndim :]
    out = b.zeros((n, *rest), data[0].dtype)
    for where, values in zip(indices, data):
        out = lower_scatter(b, out, b.constant(where.reshape(*where.shape, 1)), values, None)
    return out


def _stitch(type_name: str) -> OpDef:
    return OpDef(
        type_name,
        "indices: N*int32, data: N*T -> merged: T",
        shape=_stitch_shape,
        kernel=_stitch_kernel,
        static=("indices",),
        lower=_lower_stitch,
        grad=lambda op, g: (
            [None] * (len(op.inputs) // 2)
            + [GATHER_V2(g, where, 0) for where in op.inputs[: len(op.inputs) // 2]]
        ),
    )


DYNAMIC_STITCH = _stitch("DynamicStitch")
PARALLEL_DYNAMIC_STITCH = _stitch("ParallelDynamicStitch")
