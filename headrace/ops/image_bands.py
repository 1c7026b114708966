"""Linear maps along one axis of an image: every output sums a few neighbouring inputs with fixed weights.

Resizing is two of them, one after the other. A `Band` knows how to apply itself and its transpose, on the host and in
a program: with few neighbours by gathering them, with many as a matrix product. The transpose, which gradients are
made of, is always a matrix product: adding up scattered elements is many times slower than multiplying by mostly
zeros."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from headrace.compiler.hlo import Builder, Value
from headrace.core import dtypes
from headrace.core.dtypes import DType

GATHERED = 4  # neighbours up to which gathering beats multiplying by a matrix


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

    @property
    def interpolates(self) -> bool:
        """Whether every output lies between two inputs."""
        return self.taps == 2 and bool(np.allclose(self.weight.sum(1), 1, atol=1e-5))

    @property
    def selects(self) -> bool:
        """Whether every output is one of the inputs as it is."""
        return self.taps == 1 and bool((self.weight == 1).all())

    def matrix(self) -> np.ndarray:
        """The map as `[outputs, inputs]`."""
        out = np.zeros((self.outputs, self.size), self.weight.dtype)
        np.put_along_axis(out, self.start[:, None] + np.arange(self.taps), self.weight, 1)
        return out

    # -------------------------------------------------------------------------------------------------------- host
    def host(self, x: np.ndarray, axis: int) -> np.ndarray:
        if self.selects:
            return np.take(x, self.start, axis)
        if self.taps > GATHERED:
            return _product(self.matrix(), x, axis)
        shape = [1] * x.ndim
        shape[axis] = -1
        taps = [np.take(x, self.start + k, axis) for k in range(self.taps)]
        weights = [self.weight[:, k].reshape(shape) for k in range(self.taps)]
        if self.interpolates:  # in this form a constant stays exactly what it is
            first, second = taps[0].astype(self.weight.dtype), taps[1]
            return first + (second - first) * weights[1]
        return sum((t * w for t, w in zip(taps, weights)), np.zeros((), self.weight.dtype))  # type: ignore[return-value]

    def host_transposed(self, g: np.ndarray, axis: int) -> np.ndarray:
        return _product(self.matrix().T.astype(g.dtype), g, axis)

    # ----------------------------------------------------------------------------------------------------- program
    def lower(self, b: Builder, x: Value, axis: int, dtype: DType) -> Value:
        """`dtype`: in which to compute, and of the result unless inputs are only selected."""
        if self.selects:
            return _take(b, x, self.start, axis)
        if self.taps > GATHERED:
            return _contract(b, b.convert(x, dtype), self._lowered_matrix(b, dtype), axis, 1)
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

    def lower_transposed(self, b: Builder, g: Value, axis: int) -> Value:
        return _contract(b, g, self._lowered_matrix(b, g.dtype), axis, 0)

    def _lowered_matrix(self, b: Builder, dtype: DType) -> Value:
        """The matrix, spread out by the program: the band alone is a constant of it."""
        shape = (self.outputs, self.size)
        start = b.broadcast_in_dim(b.constant(self.start, dtypes.int32), shape, (0,))
        at = b.sub(b.iota(shape, 1, dtypes.int32), start)
        if self.taps <= GATHERED:
            total = b.zeros(shape, dtype)
            for k in range(self.taps):
                column = b.broadcast_in_dim(b.constant(self.weight[:, k], dtype), shape, (0,))
                total = b.select(b.compare("EQ", at, b.constant(k, dtypes.int32)), column, total)
            return total
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


def _product(matrix: np.ndarray, x: np.ndarray, axis: int) -> np.ndarray:
    """`matrix` times `x` along an axis."""
    lead, rest = x.shape[:axis], x.shape[axis + 1 :]
    flat = np.ascontiguousarray(x, matrix.dtype).reshape(*lead, x.shape[axis], -1)
    return np.matmul(matrix, flat).reshape(*lead, matrix.shape[0], *rest)


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


def _contract(b: Builder, x: Value, matrix: Value, axis: int, side: int) -> Value:
    """Sums x along `axis` against dimension `side` of the matrix; the other one takes its place."""
    y = b.dot_general(x, matrix, ((axis,), (side,)))
    order = [i if i < axis else x.rank - 1 if i == axis else i - 1 for i in range(x.rank)]
    return b.transpose(y, order)


def axis_order(bands: Sequence[Band]) -> list[int]:
    """Which map to apply first: the one that leaves the least to do for the rest."""
    return sorted(range(len(bands)), key=lambda i: bands[i].outputs / bands[i].size)


__all__ = ["Band", "axis_order"]
