"""Linear maps along one axis of an image: every output sums a few neighbouring inputs with fixed weights.

Resizing is two of them, one after the other. A `Band` knows how to apply itself, on the host and in a program: with few
neighbours by gathering them, with many as a matrix product. Its transpose, which gradients are made of, is a band as well:
nothing is ever scattered."""

from __future__ import annotations

import functools
import math
from collections.abc import Sequence

import numpy as np

from headrace.compiler.hlo import Builder, Value
from headrace.core import dtypes
from headrace.core.dtypes import DType

GATHERED = 16  # neighbours up to which programs gather faster than they multiply by a matrix
FEW, SPARSE = 8, 100  # NumPy does so with few neighbours, or with many inputs per neighbour
WIDE = 64  # elements behind the axis from which on NumPy's inner loops are long enough


class Band:
    """The map `y[o] = sum over k of weight[o, k] * x[index[o, k]]`.

    Args:
      index: which inputs an output takes, `[outputs, taps]`; neighbours, up to repetitions.
      weight: with which weights.
      size: the number of inputs.
    """

    def __init__(self, index: np.ndarray, weight: np.ndarray, size: int) -> None:
        outputs, taps = index.shape
        width = min(taps, size)
        self.size, self.outputs, self.taps = size, outputs, width
        self.start = np.clip(index.min(1, initial=size), 0, size - width).astype(np.int32)
        self.weight = np.zeros((outputs, width), weight.dtype)
        where = np.nonzero(weight)
        np.add.at(self.weight, (where[0], index[where] - self.start[where[0]]), weight[where])
        # Every output is one of the inputs as it is.
        self.selects = width == 1 and bool((self.weight == 1).all())
        # Every output lies between two inputs.
        self.interpolates = width == 2 and bool(np.allclose(self.weight.sum(1), 1, atol=1e-5))

    def matrix(self) -> np.ndarray:
        """The map as `[outputs, inputs]`."""
        out = np.zeros((self.outputs, self.size), self.weight.dtype)
        np.put_along_axis(out, self.start[:, None] + np.arange(self.taps), self.weight, 1)
        return out

    @functools.cached_property
    def transpose(self) -> Band:
        """The map from outputs to inputs with the same weights."""
        matrix = self.matrix().T
        used = matrix != 0
        first = np.where(used.any(1), used.argmax(1), 0)
        last = np.where(used.any(1), self.outputs - 1 - used[:, ::-1].argmax(1), 0)
        index = np.minimum(
            first[:, None] + np.arange(int((last - first).max(initial=0)) + 1), self.outputs - 1
        )
        inside = first[:, None] + np.arange(index.shape[1]) < self.outputs
        return Band(index, np.where(inside, np.take_along_axis(matrix, index, 1), 0), self.outputs)

    # -------------------------------------------------------------------------------------------------------- host
    def host(self, x: np.ndarray, axis: int) -> np.ndarray:
        if self.selects:
            return np.take(x, self.start, axis)
        shape = (*x.shape[:axis], self.outputs, *x.shape[axis + 1 :])
        lead, rest = math.prod(x.shape[:axis]), math.prod(x.shape[axis + 1 :])
        flat = x.reshape(lead, self.size, rest)
        gather = self.taps <= FEW or self.size > SPARSE * self.taps
        return (self._host_gathered if gather else self._host_product)(flat).reshape(shape)

    def _host_gathered(self, x: np.ndarray) -> np.ndarray:
        weights = self.weight
        if x.shape[2] < WIDE:  # a weight per element then, instead of many short loops
            weights = np.ascontiguousarray(np.broadcast_to(weights[..., None], (*weights.shape, x.shape[2])))
        by_tap = [weights[:, k].reshape(self.outputs, -1) for k in range(self.taps)]
        kind = np.result_type(self.weight, np.float64 if x.dtype == np.float64 else np.float32)
        taps = (np.take(x, self.start + k, 1).astype(kind, copy=False) for k in range(self.taps))
        if self.interpolates:  # in this form a constant stays exactly what it is
            first, second = taps
            second = second - first
            second *= by_tap[1]
            second += first
            return second
        total = next(taps) * by_tap[0]
        for tap, weight in zip(taps, by_tap[1:]):
            total += tap * weight
        return total

    def _host_product(self, x: np.ndarray) -> np.ndarray:
        matrix = self.matrix().astype(np.result_type(x, self.weight), copy=False)
        x = x.astype(matrix.dtype, copy=False)
        if x.shape[2] >= WIDE:
            return np.matmul(matrix, x)
        return (np.ascontiguousarray(x.transpose(0, 2, 1)) @ matrix.T).transpose(0, 2, 1)

    # ----------------------------------------------------------------------------------------------------- program
    def lower(self, b: Builder, x: Value, axis: int, dtype: DType) -> Value:
        """`dtype`: in which to compute, and of the result unless inputs are only selected."""
        if self.selects:
            return _take(b, x, self.start, axis)
        if self.taps > GATHERED:
            return _contract(b, b.convert(x, dtype), self._lowered_matrix(b, dtype), axis)
        shape = [self.outputs if i == axis else d for i, d in enumerate(x.shape)]
        taps = [b.convert(_take(b, x, self.start + np.int32(k), axis), dtype) for k in range(self.taps)]
        weights = [
            b.broadcast_in_dim(b.constant(self.weight[:, k], dtype), shape, (axis,)) for k in range(self.taps)
        ]
        if self.interpolates:
            return b.add(taps[0], b.mul(b.sub(taps[1], taps[0]), weights[1]))
        total = b.mul(taps[0], weights[0])
        for t, w in zip(taps[1:], weights[1:]):
            total = b.add(total, b.mul(t, w))
        return total

    def _lowered_matrix(self, b: Builder, dtype: DType) -> Value:
        """The matrix, spread out by the program: the band alone is a constant of it."""
        shape = (self.outputs, self.size)
        start = b.broadcast_in_dim(b.constant(self.start, dtypes.int32), shape, (0,))
        at = b.sub(b.iota(shape, 1, dtypes.int32), start)
        last = b.constant(self.taps - 1, dtypes.int32)
        zero = b.constant(0, dtypes.int32)
        inside = b.binary("and", b.compare("GE", at, zero), b.compare("LE", at, last))
        rows = b.mul(b.iota(shape, 0, dtypes.int32), b.full(shape, self.taps, dtypes.int32))
        flat = b.reshape(b.add(rows, b.clamp(zero, at, last)), (*shape, 1))
        table = b.constant(self.weight.reshape(-1), dtype)
        picked = b.gather(
            table, flat, shape, offset_dims=(), collapsed=(0,), start_map=(0,), sizes=(1,), index_dim=2
        )
        return b.select(inside, picked, b.zeros(shape, dtype))


def _take(b: Builder, x: Value, index: np.ndarray, axis: int) -> Value:
    """The elements at fixed positions along an axis."""
    n = len(index)
    if n == x.shape[axis] and (index == np.arange(n)).all():
        return x
    shape = [n if i == axis else d for i, d in enumerate(x.shape)]
    return b.gather(
        x,
        b.constant(index.astype(np.int32)),
        shape,
        offset_dims=[i for i in range(x.rank) if i != axis],
        collapsed=(axis,),
        start_map=(axis,),
        sizes=[1 if i == axis else d for i, d in enumerate(x.shape)],
        index_dim=1,
        sorted_indices=bool((np.diff(index) >= 0).all()),
    )


def _contract(b: Builder, x: Value, matrix: Value, axis: int) -> Value:
    """The matrix times x along an axis."""
    y = b.dot_general(x, matrix, ((axis,), (1,)))
    order = [i if i < axis else x.rank - 1 if i == axis else i - 1 for i in range(x.rank)]
    return b.transpose(y, order)


def axis_order(bands: Sequence[Band]) -> list[int]:
    """Which map to apply first: the one that leaves the least to do for the rest."""
    return sorted(range(len(bands)), key=lambda i: bands[i].outputs / bands[i].size)


__all__ = ["Band", "axis_order"]
