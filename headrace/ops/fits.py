"""Special functions in compiled programs, as Chebyshev series.

The coefficients are not tabulated: on first use the host's (SciPy's) function is interpolated on the
interval at hand to the precision of the type. What remains per function is how to make it smooth: its parity,
its singular part, its asymptotic form."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from typing import Any

import numpy as np

from headrace.compiler.hlo import Value

from .formula import Lifted, Program
from .math import wide

Function = Callable[[np.ndarray], np.ndarray]
DEGREE = 80  # points of interpolation; coefficients that round to nothing are dropped
EULER = 0.5772156649015329


def lowering(formula: Callable[[Any, Any], Any]) -> Callable[..., Value]:
    """A lowering rule from a formula `(p, x)`; 16-bit floats are computed in float32."""
    return lambda b, x: wide(b, lambda v: formula(Program(b), Lifted(b, v)).v, x)


@functools.lru_cache
def _coefficients(function: Function, low: float, high: float, precision: float) -> np.ndarray:
    angles = math.pi * (np.arange(DEGREE) + 0.5) / DEGREE
    values = function((low + high) / 2 + (high - low) / 2 * np.cos(angles))
    c = np.cos(np.outer(np.arange(DEGREE), angles)) @ values * (2 / DEGREE)
    c[0] /= 2
    significant = np.flatnonzero(np.abs(c) > precision * np.abs(c).max())
    return c[: significant[-1] + 1]


def fit(p: Any, x: Any, function: Function, low: float, high: float) -> Any:
    """The series of `function` on [low, high] at x; what lies outside is moved to the ends."""
    c = _coefficients(function, low, high, float(np.finfo(x.dtype._np).eps) / 8)
    t = (p.minimum(p.maximum(x, low), high) - (low + high) / 2) * (2 / (high - low))
    twice = t * 2.0
    later, latest = t * 0.0, t * 0.0 + float(c[-1]) if len(c) > 1 else t * 0.0
    for a in c[-2:0:-1]:  # Clenshaw's recurrence
        later, latest = latest, twice * latest - later + float(a)
    return t * latest - later + float(c[0])


def _sp() -> Any:
    import scipy.special

    return scipy.special


def _odd(p: Any, x: Any, magnitude: Any) -> Any:
    return p.where(x < 0.0, -magnitude, magnitude)


def _positive(p: Any, x: Any, value: Any, at_zero: float) -> Any:
    """NaN for negative x, `at_zero` at zero."""
    return p.where(x < 0.0, x * float("nan"), p.where(x == 0.0, x * 0.0 + at_zero, value))


# ----------------------------------------------------------------------------------- modified Bessel, I and K
def i0e(p: Any, x: Any) -> Any:
    a = p.abs(x)
    far = p.maximum(a, 8.0)
    return p.where(a < 8.0, fit(p, a, _i0e_near, 0, 8), fit(p, 8.0 / far, _i0e_far, 0, 1) / p.sqrt(far))


def i1e(p: Any, x: Any) -> Any:
    a = p.abs(x)
    far = p.maximum(a, 8.0)
    return _odd(
        p,
        x,
        p.where(a < 8.0, a * fit(p, a, _i1e_near, 0, 8), fit(p, 8.0 / far, _i1e_far, 0, 1) / p.sqrt(far)),
    )


def i0(p: Any, x: Any) -> Any:
    return i0e(p, x) * p.exp(p.abs(x))


def i1(p: Any, x: Any) -> Any:
    return i1e(p, x) * p.exp(p.abs(x))


def _i0e_near(x: Any) -> Any:
    return _sp().i0e(x)


def _i0e_far(t: Any) -> Any:
    return np.sqrt(8 / t) * _sp().i0e(8 / t)


def _i1e_near(x: Any) -> Any:
    return _sp().i1e(x) / x


def _i1e_far(t: Any) -> Any:
    return np.sqrt(8 / t) * _sp().i1e(8 / t)


def _k_near(p: Any, x: Any, order: int) -> Any:
    """For 0 < x ≤ 2: the logarithm times I, plus a smooth rest."""
    x = p.minimum(x, 2.0)
    logarithm, squared = p.log(x * 0.5), x * x
    if order == 0:
        return fit(p, squared, _k0_rest, 0, 4) - logarithm * fit(p, squared, _i0_squared, 0, 4)
    return 1.0 / x + x * (logarithm * fit(p, squared, _i1_squared, 0, 4) + fit(p, squared, _k1_rest, 0, 4))


def _k(p: Any, x: Any, order: int, scaled: bool) -> Any:
    far = p.maximum(x, 2.0)
    tail = fit(p, 2.0 / far, _k0_far if order == 0 else _k1_far, 0, 1) / p.sqrt(far)
    near = _k_near(p, x, order)
    value = (
        p.where(x <= 2.0, near * p.exp(p.minimum(x, 2.0)), tail)
        if scaled
        else p.where(x <= 2.0, near, tail * p.exp(-far))
    )
    return _positive(p, x, value, math.inf)


def k0(p: Any, x: Any) -> Any:
    return _k(p, x, 0, False)


def k0e(p: Any, x: Any) -> Any:
    return _k(p, x, 0, True)


def k1(p: Any, x: Any) -> Any:
    return _k(p, x, 1, False)


def k1e(p: Any, x: Any) -> Any:
    return _k(p, x, 1, True)


def _i0_squared(s: Any) -> Any:
    return _sp().i0(np.sqrt(s))


def _i1_squared(s: Any) -> Any:
    return _sp().i1(np.sqrt(s)) / np.sqrt(s)


def _k0_rest(s: Any) -> Any:
    x = np.sqrt(s)
    return _sp().k0(x) + np.log(x / 2) * _sp().i0(x)


def _k1_rest(s: Any) -> Any:
    """(K1 - 1/x - log(x/2) I1) / x, by its series: the difference would cancel."""
    total, term = np.zeros_like(s), np.full_like(s, 0.25)
    for n in range(30):
        total -= term * (_sp().digamma(n + 1) + _sp().digamma(n + 2))
        term = term * (s / 4) / ((n + 1) * (n + 2))
    return total


def _k0_far(t: Any) -> Any:
    return np.sqrt(2 / t) * _sp().k0e(2 / t)


def _k1_far(t: Any) -> Any:
    return np.sqrt(2 / t) * _sp().k1e(2 / t)


# -------------------------------------------------------------------------------------------- Bessel, J and Y
def _wave(p: Any, x: Any, order: int, shift: float) -> Any:
    """J (`shift` 0) or Y (a quarter turn later) for x ≥ 8: an amplitude and a phase."""
    x = p.maximum(x, 8.0)
    t = 8.0 / x
    phase = x - (math.pi / 4 + order * math.pi / 2)
    cos, sin = p.cos(phase), p.sin(phase)
    even, odd = fit(p, t * t, _AMPLITUDES[order][0], 0, 1), t * fit(p, t * t, _AMPLITUDES[order][1], 0, 1)
    wave = even * cos - odd * sin if not shift else even * sin + odd * cos
    return wave * p.sqrt((2 / math.pi) / x)


def _amplitude(order: int, which: int) -> Function:
    def function(s: Any) -> Any:
        t = np.sqrt(s)
        x = 8 / t
        # hankel1e(x) is (J + iY) exp(-ix): nothing cancels for large x
        value = (
            _sp().hankel1e(order, x)
            * np.exp(1j * (math.pi / 4 + order * math.pi / 2))
            / np.sqrt(2 / (math.pi * x))
        )
        return value.real if which == 0 else value.imag / t

    return function


_AMPLITUDES = [[_amplitude(order, which) for which in (0, 1)] for order in (0, 1)]


def j0(p: Any, x: Any) -> Any:
    a = p.abs(x)
    return p.where(a < 8.0, fit(p, a * a, _j0_squared, 0, 64), _wave(p, a, 0, 0))


def j1(p: Any, x: Any) -> Any:
    a = p.abs(x)
    return _odd(p, x, p.where(a < 8.0, a * fit(p, a * a, _j1_squared, 0, 64), _wave(p, a, 1, 0)))


def y0(p: Any, x: Any) -> Any:
    near = fit(p, x * x, _y0_rest, 0, 64) + p.log(x) * fit(p, x * x, _j0_squared, 0, 64) * (2 / math.pi)
    return _positive(p, x, p.where(x < 8.0, near, _wave(p, x, 0, 1)), -math.inf)


def y1(p: Any, x: Any) -> Any:
    near = (
        x * (fit(p, x * x, _y1_rest, 0, 64) + p.log(x) * fit(p, x * x, _j1_squared, 0, 64) * (2 / math.pi))
        - (2 / math.pi) / x
    )
    return _positive(p, x, p.where(x < 8.0, near, _wave(p, x, 1, 1)), -math.inf)


def _j0_squared(s: Any) -> Any:
    return _sp().j0(np.sqrt(s))


def _j1_squared(s: Any) -> Any:
    return _sp().j1(np.sqrt(s)) / np.sqrt(s)


def _y0_rest(s: Any) -> Any:
    x = np.sqrt(s)
    return _sp().y0(x) - 2 / math.pi * np.log(x) * _sp().j0(x)


def _y1_rest(s: Any) -> Any:
    """(Y1 - 2/π (log x J1 - 1/x)) / x; by its series where the difference would cancel."""
    x = np.sqrt(s)
    direct = (_sp().y1(x) - 2 / math.pi * (np.log(x) * _sp().j1(x) - 1 / x)) / x
    total, term = np.zeros_like(s), np.full_like(s, 0.5)
    for n in range(25):
        total += term * (2 * math.log(2) + _sp().digamma(n + 1) + _sp().digamma(n + 2))
        term = -term * (s / 4) / ((n + 1) * (n + 2))
    return np.where(x < 2, -total / math.pi, direct)


# ------------------------------------------------------------------------------------ integrals, and inverses
def dawsn(p: Any, x: Any) -> Any:
    a = p.abs(x)
    far = p.maximum(a, 5.0)
    return _odd(
        p,
        x,
        p.where(
            a < 5.0, a * fit(p, a, _dawsn_near, 0, 5), fit(p, (25.0 / far) / far, _dawsn_far, 0, 1) / far
        ),
    )


def _dawsn_near(x: Any) -> Any:
    return _sp().dawsn(x) / x


def _dawsn_far(t: Any) -> Any:
    x = 5 / np.sqrt(t)
    return x * _sp().dawsn(x)


def expint(p: Any, x: Any) -> Any:
    """The exponential integral Ei of positive numbers."""
    far = p.maximum(x, 6.0)
    near = fit(p, x, _ei_rest, 0, 6) + p.log(x) + EULER
    above = p.where(
        x < 12.0,
        fit(p, far, _ei_far, 6, 12),
        p.where(x < 24.0, fit(p, far, _ei_far, 12, 24), fit(p, 24.0 / far, _ei_asymptotic, 0, 1)),
    )
    root = p.exp(far * 0.5)
    value = p.where(x < 6.0, near, above * root * (root / far))
    return p.where(x == math.inf, x, _positive(p, x, value, -math.inf))


def _ei_rest(x: Any) -> Any:
    """Ei - log|x| - γ = Σ xⁿ / (n n!), an entire function."""
    total, term = np.zeros_like(x), np.ones_like(x)
    for n in range(1, 60):
        term = term * x / n
        total += term / n
    return total


def _ei_far(x: Any) -> Any:
    return x * np.exp(-x) * _sp().expi(x)


def _ei_asymptotic(t: Any) -> Any:
    x = np.minimum(24 / t, 600)
    exact = x * np.exp(-x) * _sp().expi(x)
    series = 1 + t / 24 * (1 + 2 * t / 24 * (1 + 3 * t / 24 * (1 + 4 * t / 24 * (1 + 5 * t / 24))))
    return np.where(24 / t < 600, exact, series)


def _fresnel(p: Any, x: Any, cosine: bool) -> Any:
    a = p.abs(x)
    fourth = (a * a) * (a * a)
    near = (
        a * fit(p, fourth, _fresnel_cos_near, 0, 6.5)
        if cosine
        else a * a * a * fit(p, fourth, _fresnel_sin_near, 0, 6.5)
    )
    far = p.maximum(a, 1.5)
    t = 1.5 / far
    real, imag = t * t * t * fit(p, t, _fresnel_real, 0, 1), t * fit(p, t, _fresnel_imag, 0, 1)
    turn = far * far * (math.pi / 2)
    cos, sin = p.cos(turn), p.sin(turn)
    tail = 0.5 - (real * cos - imag * sin if cosine else real * sin + imag * cos)
    tail = p.where(a == math.inf, t * 0.0 + 0.5, tail)
    return _odd(p, x, p.where(a < 1.5, near, tail))


def fresnel_cos(p: Any, x: Any) -> Any:
    return _fresnel(p, x, True)


def fresnel_sin(p: Any, x: Any) -> Any:
    return _fresnel(p, x, False)


def _fresnel_cos_near(s: Any) -> Any:
    x = np.sqrt(np.sqrt(s))
    return _sp().fresnel(x)[1] / x


def _fresnel_sin_near(s: Any) -> Any:
    x = np.sqrt(np.sqrt(s))
    return _sp().fresnel(x)[0] / x**3


def _fresnel_rest(t: Any) -> Any:
    """((1 + i)/2 - C - iS) / exp(iπx²/2), by the Faddeeva function."""
    x = 1.5 / t
    return (1 + 1j) / 2 * _sp().wofz(1j * math.sqrt(math.pi) / 2 * (1 - 1j) * x)


def _fresnel_real(t: Any) -> Any:
    x = 1.5 / t
    exact = _fresnel_rest(t).real * x**3 / 1.5**3
    return np.where(x < 1e3, exact, 1 / (math.pi**2 * 1.5**3))


def _fresnel_imag(t: Any) -> Any:
    return _fresnel_rest(t).imag / t


def spence(p: Any, x: Any) -> Any:
    """Reflections bring the argument to [1/2, 1]."""
    inverted = p.where(x > 1.0, 1.0 / x, x)
    reflected = p.where(inverted < 0.5, 1.0 - inverted, inverted)
    base = (1.0 - reflected) * fit(p, reflected, _spence_slope, 0.5, 1)
    logs = p.where(inverted <= 0.0, inverted * 0.0, p.log(inverted) * p.log1p(-inverted))
    value = p.where(inverted < 0.5, (math.pi**2 / 6) - logs - base, base)
    half = p.log(p.maximum(x, 1.0))
    value = p.where(x > 1.0, half * half * -0.5 - value, value)
    return p.where(x < 0.0, x * float("nan"), value)


def _spence_slope(x: Any) -> Any:
    return _sp().spence(x) / (1 - x)


def ndtri(p: Any, x: Any) -> Any:
    """In the middle by a series; in the tails by what is left of sqrt(-2 log x)."""
    low = p.where(x > 0.5, 1.0 - x, x)
    middle = (x - 0.5) * fit(p, (x - 0.5) * (x - 0.5), _ndtri_middle, 0, 0.16)
    z = p.sqrt(p.log(p.maximum(low, float(np.finfo(x.dtype._np).tiny))) * -2.0)
    correction = p.where(
        z < 8.0, fit(p, 1.0 / z, _ndtri_tail, 1 / 8, 1 / 2), fit(p, 1.0 / z, _ndtri_tail, 1 / 40, 1 / 8)
    )
    size = z - (p.log(z) + correction) / z
    tail = p.where(x > 0.5, size, -size)
    ends = p.where(x == 0.0, x * 0.0 - math.inf, p.where(x == 1.0, x * math.inf, x * float("nan")))
    inside = p.where((x > 0.1) & (x < 0.9), middle, tail)
    return p.where((x > 0.0) & (x < 1.0), inside, ends)


def _ndtri_middle(s: Any) -> Any:
    d = np.sqrt(s)
    return _sp().ndtri(0.5 + d) / d


def _ndtri_tail(t: Any) -> Any:
    z = 1 / t
    return (z + _sp().ndtri_exp(-z * z / 2)) * z - np.log(z)
