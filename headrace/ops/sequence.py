"""Sequences of numbers: ranges, evenly spaced lines, Sobol points."""

from __future__ import annotations

from typing import Any

import numpy as np

from headrace.compiler.hlo import Builder, Value
from headrace.core import dtypes
from headrace.core.dtypes import FLOATS, INDEX, INTS, DType
from headrace.core.errors import ShapeError, invalid
from headrace.core.op import OpDef, ShapeContext, lookup
from headrace.core.shapes import Raw
from headrace.core.tape import not_differentiable


def _range_size(start: Any, limit: Any, delta: Any) -> int:
    if delta == 0:
        raise ShapeError(f"Requires delta != 0: {delta}")
    if delta > 0 and start > limit:
        raise ShapeError(f"Requires start <= limit when delta > 0: {start}/{limit}")
    if delta < 0 and start < limit:
        raise ShapeError(f"Requires start >= limit when delta < 0: {start}/{limit}")
    if isinstance(delta, int):
        return -(-abs(limit - start) // abs(delta))
    return int(np.ceil(abs((limit - start) / delta)))


def _number(x: np.ndarray) -> Any:
    """A scalar as Python's integer, or in its own precision: TensorFlow counts the steps of a range of float32 in float32."""
    return int(x) if x.dtype.kind in "iu" else x[()]


def _range_shape(c: ShapeContext) -> Raw:
    for i in range(3):
        c.same_rank(i, 0)
    values = [c.value(i) for i in range(3)]
    if any(v is None for v in values):
        return (None,)
    return (_range_size(*[_number(v) for v in values]),)


def _range(start: np.ndarray, limit: np.ndarray, delta: np.ndarray) -> Any:
    first, step = _number(start), _number(delta)
    try:
        size = _range_size(first, _number(limit), step)
    except ShapeError as error:
        raise invalid(str(error)) from None
    return (first + step * np.arange(size, dtype=np.int64 if isinstance(step, int) else np.float64)).astype(
        start.dtype
    )


RANGE = OpDef(
    "Range", "start: Tidx, limit: Tidx, delta: Tidx -> output: Tidx",
    types={"Tidx": FLOATS | INTS - {dtypes.uint8}}, shape=_range_shape, kernel=_range,
    static=("start", "limit", "delta"), lower=lambda b, start, limit, delta: _range(start, limit, delta),
    grad=not_differentiable,
    checked=True, defaults={"Tidx": dtypes.int32},
)  # fmt: skip


def _linspace_shape(c: ShapeContext) -> Raw:
    for i in range(3):
        c.same_rank(i, 0)
    n = c.value(2)
    return (None if n is None else int(n),)


def _linspace(start: np.ndarray, stop: np.ndarray, num: np.ndarray) -> Any:
    if num <= 0:
        raise invalid(f"Requires num > 0: {int(num)}")
    return np.linspace(start, stop, int(num), dtype=np.float64)


def _lower_linspace(b: Builder, start: Value, stop: Value, num: np.ndarray) -> Value:
    n = int(num)
    steps = b.constant(np.arange(n), start.dtype)
    step = b.div(b.sub(stop, start), b.full((), max(n - 1, 1), start.dtype))
    line = b.add(start, b.mul(steps, step))
    return b.concatenate([b.slice(line, [0], [n - 1]), b.reshape(stop, (1,))], 0) if n > 1 else line


LINSPACE = OpDef(
    "LinSpace", "start: T, stop: T, num: Tidx -> output: T", types={"T": FLOATS, "Tidx": INDEX},
    shape=_linspace_shape, kernel=_linspace,
    static=("num",), lower=_lower_linspace, grad=lambda op, g: _linspace_grad(op, g),
)  # fmt: skip


def _linspace_grad(op: Any, g: Any) -> Any:
    from .math import number, sub

    n, dtype = op.inputs[2], g._dtype
    weights = LINSPACE(number(0, g), number(1, g), n)
    stop = lookup("Sum")(lookup("Mul")(g, weights), [0], keep_dims=False)
    return (
        [sub(lookup("Sum")(g, [0], keep_dims=False), stop), stop, None] if dtype.is_trainable else [None] * 3
    )


# ----------------------------------------------------------------------------------------------- Sobol points
def _sobol(dim: np.ndarray, num_results: np.ndarray, skip: np.ndarray, dtype: DType) -> Any:
    """Joe and Kuo's directions (2008), which SciPy brings along; the first point, the origin, is left out."""
    import warnings

    from scipy.stats import qmc

    d, n, first = int(dim), int(num_results), int(skip)
    for value, least, what in (
        (d, 1, "dim must be at least one"),
        (n, 1, "num_results must be at least one"),
        (first, 0, "skip must be non-negative"),
    ):
        if value < least:
            raise invalid(what)
    if d > qmc.Sobol.MAXDIM:
        raise invalid(f"dim must be at most {qmc.Sobol.MAXDIM}")
    if n + first >= 2**31 - 1:
        raise invalid("num_results+skip must be less than 2147483647")
    points = qmc.Sobol(d, scramble=False, bits=32).fast_forward(first + 1)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # about sizes that are not powers of two
        return points.random(n)


def _sobol_shape(c: ShapeContext) -> Raw:
    return tuple([None if c.value(i) is None else int(c.value(i)) for i in (1, 0)])


SOBOL = OpDef(
    "SobolSample",
    "dim: int32, num_results: int32, skip: int32 -> samples: dtype",
    attrs={"dtype": dtypes.float32},
    shape=_sobol_shape,
    kernel=_sobol,
    static=("dim", "num_results", "skip"),
    lower=lambda b, dim, num_results, skip, dtype: _sobol(dim, num_results, skip, dtype).astype(dtype._np),
    grad=not_differentiable,
)
