"""The incomplete gamma and beta functions in compiled programs: series and continued fractions in float64.

References: Numerical Recipes, §6.2 and §6.4; Gautschi,
"A computational procedure for incomplete gamma functions" (1979)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from headrace.compiler.hlo import Builder, Value
from headrace.core import dtypes

from .formula import HOST, Lifted, Program

_TINY = 1e-300
_EPS = 2.0**-53
_MOST = 2000.0  # iterations; more are needed only where a exceeds about 10⁵


def _flat(b: Builder, rule: Callable[..., Lifted], *values: Value) -> Value:
    """Runs a formula on float64 vectors."""
    shape = np.broadcast_shapes(*[v.shape for v in values])
    n = int(np.prod(shape))
    flat = [Lifted(b, b.convert(b.reshape(b.broadcast_to(v, shape), (n,)), dtypes.float64)) for v in values]
    return b.convert(b.reshape(rule(Program(b), *flat).v, shape), values[0].dtype)


def _digamma(p: Any, x: Any) -> Any:
    if p is HOST:
        from scipy.special import digamma

        return digamma(x)
    return Lifted(x.b, x.b.unary("chlo.digamma", x.v))


# ------------------------------------------------------------------------------------------- incomplete gamma
def _series(p: Any, a: Any, x: Any) -> list[Any]:
    """Σ xⁿ / ((a+1)…(a+n)) and its derivative with respect to a."""

    def step(params: Any, state: Any) -> Any:
        a, x = params
        n, term, total, d_term, d_total = state
        n = n + 1.0
        ratio = x / (a + n)
        d_term = d_term * ratio - term * ratio / (a + n)
        term = term * ratio
        total, d_total = total + term, d_total + d_term
        done = (
            ((p.abs(term) <= p.abs(total) * _EPS) & (p.abs(d_term) <= p.abs(d_total) * _EPS))
            | (n > _MOST)
            | (total != total)
        )
        return done, [n, term, total, d_term, d_total]

    zero = x * 0.0
    _, _, total, _, d_total = p.retry(step, [a, x], [zero, zero + 1.0, zero + 1.0, zero, zero])
    return [total, d_total]


def _fraction(p: Any, a: Any, x: Any) -> list[Any]:
    """The continued fraction 1/(x+1-a- 1(1-a)/(x+3-a- 2(2-a)/(x+5-a- …))) and its derivative in a, by the
    numerators and denominators of the convergents, scaled as they grow."""

    def step(params: Any, state: Any) -> Any:
        a, x = params
        n, p0, q0, p1, q1, dp0, dq0, dp1, dq1, value, slope = state
        n = n + 1.0
        an, bn = n * (a - n), x + n * 2.0 + 1.0 - a
        p2, q2 = bn * p1 + an * p0, bn * q1 + an * q0
        dp2, dq2 = bn * dp1 - p1 + an * dp0 + n * p0, bn * dq1 - q1 + an * dq0 + n * q0
        scale = 1.0 / p.maximum(p.abs(q2), _TINY)
        new = p2 / q2
        new_slope = (dp2 - new * dq2) / q2
        close = (p.abs(new - value) <= p.abs(new) * _EPS) & (
            p.abs(new_slope - slope) <= p.abs(new_slope) * (4 * _EPS)
        )
        done = close | (n > _MOST) | (new != new)
        return done, [
            n,
            p1 * scale,
            q1 * scale,
            p2 * scale,
            q2 * scale,
            dp1 * scale,
            dq1 * scale,
            dp2 * scale,
            dq2 * scale,
            new,
            new_slope,
        ]

    zero = x * 0.0
    one = zero + 1.0
    b0 = x + 1.0 - a
    first = [zero, zero, one, one, b0, zero, zero, zero, -one, one / b0, one / (b0 * b0)]
    state = p.retry(step, [a, x], first)
    return [state[-2], state[-1]]


def _gamma_parts(p: Any, a: Any, x: Any) -> tuple[Any, ...]:
    """What the incomplete gamma functions and the derivative have in common."""
    valid = (a > 0.0) & (x > 0.0) & (x < np.inf) & (a < np.inf)
    low = (x <= 1.0) | (x <= a)
    sa, sx = p.where(valid & low, a, a * 0.0 + 1.0), p.where(valid & low, x, x * 0.0 + 0.5)
    fa, fx = p.where(valid & ~low, a, a * 0.0 + 1.0), p.where(valid & ~low, x, x * 0.0 + 2.0)
    total, d_total = _series(p, sa, sx)
    fraction, d_fraction = _fraction(p, fa, fx)
    ga, gx = p.where(valid, a, a * 0.0 + 1.0), p.where(valid, x, x * 0.0 + 1.0)
    front = p.exp(ga * p.log(gx) - gx - p.lgamma(ga + 1.0))  # xᵃ e⁻ˣ / Γ(a + 1)
    return low, total, d_total, fraction, d_fraction, front, ga, gx


def _outside(p: Any, a: Any, x: Any, value: Any, at_zero: float, at_infinity: float) -> Any:
    """Puts in what holds at the ends, and NaN outside of the domain."""
    bad = ~((a > 0.0) & (x >= 0.0)) | ((a == np.inf) & (x == np.inf))
    value = p.where(
        (x == 0.0) | (a == np.inf),
        _like(p, value, at_zero),
        p.where(x == np.inf, _like(p, value, at_infinity), value),
    )
    return p.where(bad, _like(p, value, np.nan), value)


def _like(p: Any, x: Any, value: float) -> Any:
    return p.full(x.shape, value, dtypes.float64)


def _igamma(p: Any, a: Any, x: Any) -> Any:
    low, total, _, fraction, _, front, ga, _ = _gamma_parts(p, a, x)
    return _outside(p, a, x, p.where(low, front * total, 1.0 - front * ga * fraction), 0.0, 1.0)


def _igammac(p: Any, a: Any, x: Any) -> Any:
    low, total, _, fraction, _, front, ga, _ = _gamma_parts(p, a, x)
    return _outside(p, a, x, p.where(low, 1.0 - front * total, front * ga * fraction), 1.0, 0.0)


def _igamma_slope(p: Any, a: Any, x: Any) -> Any:
    low, total, d_total, fraction, d_fraction, front, ga, gx = _gamma_parts(p, a, x)
    log_x = p.log(gx)
    below = front * (total * (log_x - _digamma(p, ga + 1.0)) + d_total)
    above = -(front * ga) * (fraction * (log_x - _digamma(p, ga)) + d_fraction)
    return _outside(p, a, x, p.where(low, below, above), 0.0, 0.0)


def lower_igamma(b: Builder, a: Value, x: Value) -> Value:
    return _flat(b, _igamma, a, x)


def lower_igammac(b: Builder, a: Value, x: Value) -> Value:
    return _flat(b, _igammac, a, x)


def lower_igamma_slope(b: Builder, a: Value, x: Value) -> Value:
    return _flat(b, _igamma_slope, a, x)


def igamma_slope_kernel(a: np.ndarray, x: np.ndarray) -> Any:
    a, x = np.broadcast_arrays(a, x)
    if not a.size:
        return np.zeros(a.shape, a.dtype)
    return _igamma_slope(HOST, a.reshape(-1).astype(np.float64), x.reshape(-1).astype(np.float64)).reshape(
        a.shape
    )


# -------------------------------------------------------------------------------------------- incomplete beta
def _beta_fraction(p: Any, a: Any, b: Any, x: Any) -> Any:
    """The continued fraction of the incomplete beta function, by Lentz's method."""

    def guard(v: Any) -> Any:
        return p.where(p.abs(v) < _TINY, v * 0.0 + _TINY, v)

    def step(params: Any, state: Any) -> Any:
        a, b, x = params
        m, c, d, h = state
        m = m + 1.0
        even = m * (b - m) * x / ((a + m * 2.0 - 1.0) * (a + m * 2.0))
        d, c = 1.0 / guard(d * even + 1.0), guard(even / c + 1.0)
        h = h * d * c
        odd = -(a + m) * (a + b + m) * x / ((a + m * 2.0) * (a + m * 2.0 + 1.0))
        d, c = 1.0 / guard(d * odd + 1.0), guard(odd / c + 1.0)
        change = d * c
        h = h * change
        return (p.abs(change - 1.0) <= 2 * _EPS) | (m > _MOST) | (h != h), [m, c, d, h]

    zero = x * 0.0
    d = 1.0 / guard(1.0 - (a + b) * x / (a + 1.0))
    return p.retry(step, [a, b, x], [zero, zero + 1.0, d, d])[3]


def _betainc(p: Any, a: Any, b: Any, x: Any) -> Any:
    inside = (a > 0.0) & (b > 0.0) & (x > 0.0) & (x < 1.0) & (a < np.inf) & (b < np.inf)
    one = x * 0.0 + 1.0
    sa, sb, sx = p.where(inside, a, one), p.where(inside, b, one), p.where(inside, x, one * 0.5)
    swap = sx > (sa + 1.0) / (sa + sb + 2.0)
    fa, fb, fx = p.where(swap, sb, sa), p.where(swap, sa, sb), p.where(swap, 1.0 - sx, sx)
    log_front = sa * p.log(sx) + sb * p.log1p(-sx) + p.lgamma(sa + sb) - p.lgamma(sa) - p.lgamma(sb)
    part = p.exp(log_front) * _beta_fraction(p, fa, fb, fx) / fa
    value = p.where(swap, 1.0 - part, part)
    ends = p.where(x == 0.0, x * 0.0, p.where(x == 1.0, one, x * float("nan")))
    positive = (a > 0.0) & (b > 0.0)
    return p.where(inside, value, p.where(positive, ends, x * float("nan")))


def lower_betainc(b: Builder, a: Value, c: Value, x: Value) -> Value:
    return _flat(b, _betainc, a, c, x)
