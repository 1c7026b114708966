"""Running sums, products and log-sum-exps along an axis."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from headrace.compiler.hlo import Builder, Value
from headrace.core import dtypes
from headrace.core.dtypes import FLOATS, INDEX, NUMERIC
from headrace.core.errors import InvalidArgumentError, ShapeError
from headrace.core.op import OpDef, ShapeContext, lookup
from headrace.core.shapes import Raw

from .math import exp, log, mul, neg, number, sub, wide, widened

Combine = Callable[[Builder, Value, Value], Value]


def _scan_shape(c: ShapeContext) -> Raw:
    shape, axis = c[0], c.value(1)
    if shape is not None and axis is not None:
        _axis(axis, len(shape), ShapeError)
    return shape


def _axis(
    axis: np.ndarray,
    rank: int,
    error: Callable[[str], Exception] = lambda text: InvalidArgumentError(None, None, text),
) -> int:
    if not -rank <= axis < rank:
        raise error(f"ScanOp: Expected scan axis in the range [{-rank}, {rank}), but got {int(axis)}")
    return int(axis) % rank


def _kernel(accumulate: Callable[[np.ndarray, int], np.ndarray], neutral: float) -> Callable[..., Any]:
    def rule(x: np.ndarray, axis: np.ndarray, exclusive: bool, reverse: bool) -> Any:
        at = _axis(axis, x.ndim)
        if reverse:
            x = np.flip(x, at)
        out = widened(lambda x: accumulate(x, at))(x)
        if exclusive:
            shifted = np.full_like(out, neutral)
            n = x.shape[at]
            index: list[Any] = [slice(None)] * x.ndim
            source = list(index)
            index[at], source[at] = slice(1, n), slice(0, max(n - 1, 0))
            shifted[tuple(index)] = out[tuple(source)]
            out = shifted
        return np.flip(out, at) if reverse else out

    return rule


def _lowering(kind: str | Combine, neutral: float) -> Callable[..., Value]:
    def rule(b: Builder, x: Value, axis: np.ndarray, exclusive: bool, reverse: bool) -> Value:
        at = _axis(axis, x.rank)
        if not x.shape[at]:
            return x

        def shift(x: Value, by: int) -> Value:
            low, high = [0] * x.rank, [0] * x.rank
            low[at], high[at] = (-by, by) if reverse else (by, -by)
            return b.pad(x, b.full((), neutral, x.dtype), low, high)

        def scan(x: Value) -> Value:
            out = (
                _windows(b, x, at, kind, neutral, reverse)
                if isinstance(kind, str)
                else _doubling(b, x, at, kind, shift)
            )
            return shift(out, 1) if exclusive else out

        return wide(b, scan, x)

    return rule


def _windows(b: Builder, x: Value, at: int, kind: str, neutral: float, reverse: bool) -> Value:
    """Windows of everything up to each position. XLA knows this form and computes it block by block."""
    n = x.shape[at]
    window, padding = [1] * x.rank, [(0, 0)] * x.rank
    window[at], padding[at] = n, (0, n - 1) if reverse else (n - 1, 0)
    return b.reduce_window(x, kind, neutral, window, padding=padding)


def _doubling(b: Builder, x: Value, at: int, combine: Combine, shift: Callable[[Value, int], Value]) -> Value:
    """After step k every position holds the combination of the 2ᵏ elements that end there."""
    by = 1
    while by < x.shape[at]:
        x = combine(b, x, shift(x, by))
        by *= 2
    return x


def _row(
    type_name: str, accumulate: Callable[[np.ndarray, int], np.ndarray], combine: str | Combine,
    neutral: float, grad: Callable[..., Any], types: Any = NUMERIC,
) -> OpDef:  # fmt: skip
    def gradient(op: Any, g: Any) -> list[Any]:
        return [
            grad(op.inputs[0], op.inputs[1], op.outputs[0], g, op.attrs["exclusive"], op.attrs["reverse"]),
            None,
        ]

    return OpDef(
        type_name, "x: T, axis: Tidx -> out: T", attrs={"exclusive": False, "reverse": False},
        types={"T": types, "Tidx": INDEX}, shape=_scan_shape,
        kernel=_kernel(accumulate, neutral), lower=_lowering(combine, neutral), grad=gradient,
        static=("axis",), checked=True, defaults={"Tidx": dtypes.int32},
    )  # fmt: skip


def _cumsum_grad(x: Any, axis: Any, y: Any, g: Any, exclusive: bool, reverse: bool) -> Any:
    return CUMSUM(g, axis, exclusive=exclusive, reverse=not reverse)


def _cumprod_grad(x: Any, axis: Any, y: Any, g: Any, exclusive: bool, reverse: bool) -> Any:
    from .math import conj

    # Where a factor is 0 its gradient is left out, as TensorFlow has it, not NaN.
    return lookup("DivNoNan")(
        CUMSUM(mul(conj(y), g), axis, exclusive=exclusive, reverse=not reverse), conj(x)
    )


def _cumulative_logsumexp_grad(x: Any, axis: Any, y: Any, g: Any, exclusive: bool, reverse: bool) -> Any:
    """Σ g exp(x - y) over what x took part in, kept in logs; the parts of g of either sign apart."""
    select, zero = lookup("SelectV2"), number(0, g)
    nothing = number(-np.inf, g)

    def part(sign: Any, size: Any) -> Any:
        positive = lookup("Greater")(sign, zero)
        logs = select(positive, log(select(positive, size, number(1, g))), nothing)
        return exp(
            lookup("AddV2")(
                CUMULATIVE_LOGSUMEXP(sub(logs, y), axis, exclusive=exclusive, reverse=not reverse), x
            )
        )

    return sub(part(g, g), part(neg(g), neg(g)))


def _lower_logaddexp(b: Builder, x: Value, y: Value) -> Value:
    high, low = b.maximum(x, y), b.minimum(x, y)
    gap = b.sub(low, high)  # NaN where both are the same infinity
    gap = b.select(b.compare("EQ", high, low), b.zeros(gap.shape, gap.dtype), gap)
    return b.add(high, b.unary("log_plus_one", b.unary("exponential", gap)))


CUMSUM = _row("Cumsum", lambda x, axis: np.cumsum(x, axis, x.dtype), "add", 0, _cumsum_grad)
CUMPROD = _row("Cumprod", lambda x, axis: np.cumprod(x, axis, x.dtype), "multiply", 1, _cumprod_grad)
CUMULATIVE_LOGSUMEXP = _row(
    "CumulativeLogsumexp",
    np.logaddexp.accumulate,
    _lower_logaddexp,
    -np.inf,
    _cumulative_logsumexp_grad,
    FLOATS,
)
