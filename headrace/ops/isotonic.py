"""Isotonic regression: the nearest sequence that never increases (pool adjacent violators; Best &
Chakravarti, 1990)."""

from __future__ import annotations

from typing import Any

import numpy as np

from headrace.core import dtypes
from headrace.core.op import OpDef, lookup


def _pool_adjacent(row: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The non-increasing sequence nearest to `row`, and which block of equal values each element is in."""
    means: list[float] = []
    sizes: list[int] = []
    for v in row.tolist():
        means.append(v)
        sizes.append(1)
        while len(means) > 1 and means[-1] > means[-2]:
            m, n = means.pop(), sizes.pop()
            means[-1] = (means[-1] * sizes[-1] + m * n) / (sizes[-1] + n)
            sizes[-1] += n
    return np.repeat(means, sizes), np.repeat(np.arange(len(sizes)), sizes)


def _isotonic(x: np.ndarray, output_dtype: Any) -> tuple[np.ndarray, np.ndarray]:
    y, segments = np.zeros(x.shape), np.zeros(x.shape, np.int32)
    for i in np.ndindex(*x.shape[:-1]):
        if x.shape[-1]:
            y[i], segments[i] = _pool_adjacent(x[i].astype(np.float64))
    return y, segments


def _isotonic_grad(op: Any, g: Any, _: Any) -> Any:
    """Each element's gradient is the mean over its block."""
    cast, reshape, number = lookup("Cast"), lookup("Reshape"), lookup("Shape")
    segments = op.outputs[1]
    flat = reshape(g, [-1])
    width = lookup("StridedSlice")(number(g), [-1], [0], [1], end_mask=1, shrink_axis_mask=1)
    size = lookup("Size")(g)
    rows = lookup("FloorDiv")(lookup("Range")(0, size, 1), lookup("Maximum")(width, 1))
    block = lookup("AddV2")(reshape(segments, [-1]), lookup("Mul")(rows, width))
    total = lookup("UnsortedSegmentSum")(flat, block, size)
    count = lookup("UnsortedSegmentSum")(lookup("OnesLike")(flat), block, size)
    mean = lookup("GatherV2")(lookup("DivNoNan")(total, count), block, 0)
    out = reshape(mean, number(g))
    x = op.inputs[0]
    return out if x._dtype is out._dtype else cast(out, DstT=x._dtype)


ISOTONIC_REGRESSION = OpDef(
    "IsotonicRegression",
    "input: T -> output: output_dtype, segments: int32",
    attrs={"output_dtype": dtypes.float32},
    types={"T": dtypes.REAL},
    shape=lambda c: [c[0], c[0]],
    kernel=_isotonic,
    host=True,
    grad=_isotonic_grad,
)
