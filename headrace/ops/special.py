"""Special functions. The host kernels are SciPy's; compiled programs use CHLO's expansions if there are any,
and Chebyshev fits of SciPy's functions (`fits.py`) or iterations (`incomplete.py`) otherwise."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from headrace.compiler.hlo import Builder, Value
from headrace.core import dtypes
from headrace.core.dtypes import FLOATS, INEXACT
from headrace.core.op import OpDef, lookup

from . import fits, incomplete
from .math import (
    Row,
    add,
    conj,
    exp,
    log,
    mul,
    neg,
    number,
    realdiv,
    reciprocal,
    sign,
    square,
    sub,
    wide,
    widened,
)
from .table import binary, broadcast, unary, unbroadcast
from .trigonometry import cos, sin

_FULL = frozenset({dtypes.float32, dtypes.float64})


def scipy_kernel(name: str, undefined: Callable[[np.ndarray], Any] | None = None) -> Callable[..., Any]:
    """The SciPy function of that name, imported on first use (it takes longer than importing this package).
    Where `undefined(x)` holds, the result is NaN whatever SciPy says."""

    def run(*arrays: np.ndarray) -> Any:
        import scipy.special

        result = getattr(scipy.special, name)(*arrays)
        return (
            result
            if undefined is None
            else np.where(undefined(arrays[0]), np.asarray(np.nan, result.dtype), result)
        )

    return widened(run)


def _at_zero(x: Any, value: float, elsewhere: Callable[[Any], Any]) -> Any:
    """`elsewhere(x)`, but `value` where x is zero (both it and its derivatives stay finite there)."""
    zero = lookup("Equal")(x, number(0, x))
    return lookup("SelectV2")(zero, number(value, x), elsewhere(lookup("SelectV2")(zero, number(1, x), x)))


# -------------------------------------------------------------------------------------------- error functions
erf = unary(
    "Erf",
    scipy_kernel("erf"),
    "chlo.erf",
    lambda x, y, g: mul(g, mul(number(2 / math.sqrt(math.pi), x), exp(neg(square(x))))),
    FLOATS,
    name="erf",
)
erfc = unary(
    "Erfc",
    scipy_kernel("erfc"),
    "chlo.erfc",
    lambda x, y, g: mul(g, mul(number(-2 / math.sqrt(math.pi), x), exp(neg(square(x))))),
    FLOATS,
    name="erfc",
)
erfinv = unary(
    "Erfinv",
    scipy_kernel("erfinv"),
    "chlo.erf_inv",
    lambda x, y, g: mul(g, mul(number(math.sqrt(math.pi) / 2, x), exp(square(y)))),
    FLOATS,
    name="erfinv",
)
ndtri = unary(
    "Ndtri",
    scipy_kernel("ndtri"),
    fits.lowering(fits.ndtri),
    lambda x, y, g: mul(g, mul(number(math.sqrt(2 * math.pi), x), exp(mul(number(0.5, x), square(y))))),
    FLOATS,
    name="ndtri",
)


# ------------------------------------------------------------------------------------------ gamma and friends
def _lower_polygamma(b: Builder, a: Value, x: Value) -> Value:
    return b.binary("chlo.polygamma", a, x)


def _polygamma(a: np.ndarray, x: np.ndarray) -> Any:
    import scipy.special as sp

    a, x = np.broadcast_arrays(a.astype(np.float64), x.astype(np.float64))
    order = a + 1
    higher = np.where(order % 2 == 0, 1.0, -1.0) * sp.gamma(order) * _zeta(order, x)
    return np.where((a < 0) | (a != np.floor(a)), np.nan, np.where(a == 0, sp.digamma(x), higher))


def _zeta(x: np.ndarray, q: np.ndarray) -> Any:
    import scipy.special as sp

    pole = (q <= 0) & (q == np.floor(q)) & (x % 2 != 0) & (x > 1)  # from either side another infinity
    return np.where(pole, np.asarray(np.nan, x.dtype), sp.zeta(x, q))


def _lgamma(x: np.ndarray) -> Any:
    return scipy_kernel("gammaln")(np.where(x == -np.inf, np.asarray(np.inf, x.dtype), x))


lgamma = unary("Lgamma", _lgamma, "chlo.lgamma", lambda x, y, g: mul(g, digamma(x)), FLOATS, name="lgamma")
digamma: Row = unary(
    "Digamma",
    scipy_kernel("digamma", lambda x: x == 0),
    "chlo.digamma",
    lambda x, y, g: mul(g, polygamma(number(1, x), x)),
    FLOATS,
    name="digamma",
)
polygamma: Row = binary(
    "Polygamma",
    _polygamma,
    _lower_polygamma,
    lambda a, x, y, g: (None, mul(g, polygamma(add(a, number(1, a)), x))),
    _FULL,
    name="polygamma",
    signature="a: T, x: T -> z: T",
)
zeta: Row = binary(
    "Zeta",
    widened(_zeta),
    "chlo.zeta",
    lambda x, q, y, g: (None, mul(g, mul(neg(x), zeta(add(x, number(1, x)), q)))),
    _FULL,
    name="zeta",
    signature="x: T, q: T -> z: T",
)


def _igamma_slope(a: Any, x: Any) -> Any:
    """The density of the gamma distribution: the derivative of igamma with respect to x."""
    return exp(sub(xlogy(sub(a, number(1, a)), x), add(x, lgamma(a))))


def _gamma_kernel(name: str) -> Callable[..., Any]:
    compute = scipy_kernel(name)

    def run(a: np.ndarray, x: np.ndarray) -> Any:
        return np.where((a > 0) & (x >= 0), compute(a, x), np.nan)

    return run


def _two_inputs(type_name: str, signature: str, types: Any, kernel: Any, lower: Any, grad: Any) -> OpDef:
    return OpDef(
        type_name,
        signature,
        types={"T": types},
        shape=broadcast,
        kernel=kernel,
        lower=lower,
        grad=grad,
        checked=True,
    )


def _pair_rule(grad: Callable[..., Any]) -> Callable[..., Any]:
    def rule(op: Any, g: Any) -> Any:
        x, y = op.inputs
        gx, gy = grad(x, y, g)
        return [unbroadcast(gx, x, y), unbroadcast(gy, y, x)]

    return rule


IGAMMA_GRAD_A = _two_inputs(
    "IgammaGradA", "a: T, x: T -> z: T", FLOATS, widened(incomplete.igamma_slope_kernel),
    incomplete.lower_igamma_slope, None,
)  # fmt: skip
IGAMMA = _two_inputs(
    "Igamma", "a: T, x: T -> z: T", FLOATS, _gamma_kernel("gammainc"), incomplete.lower_igamma,
    _pair_rule(lambda a, x, g: (mul(g, IGAMMA_GRAD_A(a, x)), mul(g, _igamma_slope(a, x)))),
)  # fmt: skip
IGAMMAC = _two_inputs(
    "Igammac", "a: T, x: T -> z: T", FLOATS, _gamma_kernel("gammaincc"), incomplete.lower_igammac,
    _pair_rule(lambda a, x, g: (neg(mul(g, IGAMMA_GRAD_A(a, x))), neg(mul(g, _igamma_slope(a, x))))),
)  # fmt: skip


def _betainc_grad(op: Any, g: Any) -> Any:
    a, b, x = op.inputs
    log_beta = sub(add(lgamma(a), lgamma(b)), lgamma(add(a, b)))
    one = number(1, x)
    slope = exp(sub(add(xlogy(sub(a, one), x), xlog1py(sub(b, one), neg(x))), log_beta))
    return [None, None, unbroadcast(mul(g, slope), x, op.outputs[0])]


def _betainc(a: np.ndarray, b: np.ndarray, x: np.ndarray) -> Any:
    import scipy.special as sp

    return np.where((a > 0) & (b > 0), sp.betainc(a, b, x), np.nan)


def _betainc_shape(c: Any) -> Any:
    """All of one shape, or scalars."""
    from headrace.core import shapes
    from headrace.core.errors import ShapeError

    out: Any = None if any(c[i] is None for i in range(3)) else ()
    for i in range(3):
        if c[i] is not None and c[i] != ():
            try:
                out = shapes.merge(None if out == () else out, c[i])
            except ValueError as error:
                raise ShapeError(str(error)) from None
    return out


BETAINC = OpDef(
    "Betainc", "a: T, b: T, x: T -> z: T", types={"T": _FULL}, shape=_betainc_shape, kernel=_betainc,
    lower=incomplete.lower_betainc, grad=_betainc_grad,
)  # fmt: skip


# ---------------------------------------------------------------------------------- products with a logarithm
def _xlog(function: Callable[[Any], Any]) -> Callable[..., Any]:
    return widened(lambda x, y: np.where(x == 0, np.zeros((), x.dtype), x * function(y)))


def _lower_x(rule: Callable[[Builder, Value, Value], Value]) -> Callable[..., Value]:
    """Zero where x is, whatever y."""

    def lower(b: Builder, x: Value, y: Value) -> Value:
        x, y = b.broadcast_together(x, y)
        zero = b.zeros(x.shape, x.dtype)
        return b.select(b.compare("EQ", x, zero), zero, rule(b, x, y))

    return lower


def _nonzero(x: Any) -> Any:
    """One where x is not zero: what x·f(y) grows by with x, at x = 0, is taken to be nothing."""
    return lookup("Cast")(lookup("NotEqual")(x, number(0, x)), DstT=x._dtype)


xlogy: Row = binary(
    "Xlogy", _xlog(np.log), _lower_x(lambda b, x, y: b.mul(x, b.unary("log", y))),
    lambda x, y, z, g: (mul(g, conj(xlogy(_nonzero(x), y))), mul(g, conj(xdivy(x, y)))), INEXACT,
    name="xlogy",
)  # fmt: skip
xlog1py: Row = binary(
    "Xlog1py", _xlog(np.log1p), _lower_x(lambda b, x, y: b.mul(x, b.unary("log_plus_one", y))),
    lambda x, y, z, g: (mul(g, conj(xlog1py(_nonzero(x), y))), mul(g, conj(xdivy(x, add(y, number(1, y)))))),
    INEXACT, name="xlog1py",
)  # fmt: skip
xdivy: Row = binary(
    "Xdivy", widened(lambda x, y: np.where(x == 0, np.zeros((), x.dtype), x / y)),
    _lower_x(lambda b, x, y: b.div(x, y)),
    lambda x, y, z, g: (mul(g, conj(xdivy(_nonzero(x), y))), mul(g, conj(xdivy(neg(x), square(y))))),
    INEXACT, name="xdivy",
)  # fmt: skip


# ------------------------------------------------------------------------------------------- Bessel functions
def _bessel(type_name: str, function: str, fit: Callable[..., Any], grad: Callable[..., Any]) -> Any:
    return unary(
        type_name,
        scipy_kernel(function),
        fits.lowering(fit),
        lambda x, y, g: mul(g, grad(x, y)),
        FLOATS,
        name=f"bessel_{function}",
    )


def _over(y: Any, x: Any) -> Any:
    return realdiv(y, x)


bessel_i0 = _bessel("BesselI0", "i0", fits.i0, lambda x, y: bessel_i1(x))
bessel_i1: Row = _bessel(
    "BesselI1",
    "i1",
    fits.i1,
    lambda x, y: _at_zero(x, 0.5, lambda s: sub(bessel_i0(s), _over(bessel_i1(s), s))),
)
bessel_i0e = _bessel("BesselI0e", "i0e", fits.i0e, lambda x, y: sub(bessel_i1e(x), mul(sign(x), y)))
bessel_i1e: Row = _bessel(
    "BesselI1e",
    "i1e",
    fits.i1e,
    lambda x, y: _at_zero(
        x, 0.5, lambda s: sub(bessel_i0e(s), mul(bessel_i1e(s), add(sign(s), reciprocal(s))))
    ),
)
bessel_j0 = _bessel("BesselJ0", "j0", fits.j0, lambda x, y: neg(bessel_j1(x)))
bessel_j1: Row = _bessel(
    "BesselJ1",
    "j1",
    fits.j1,
    lambda x, y: _at_zero(x, 0.5, lambda s: sub(bessel_j0(s), _over(bessel_j1(s), s))),
)
bessel_y0 = _bessel("BesselY0", "y0", fits.y0, lambda x, y: neg(bessel_y1(x)))
bessel_y1: Row = _bessel("BesselY1", "y1", fits.y1, lambda x, y: sub(bessel_y0(x), _over(y, x)))
bessel_k0 = _bessel("BesselK0", "k0", fits.k0, lambda x, y: neg(bessel_k1(x)))
bessel_k1: Row = _bessel("BesselK1", "k1", fits.k1, lambda x, y: neg(add(bessel_k0(x), _over(y, x))))
bessel_k0e = _bessel("BesselK0e", "k0e", fits.k0e, lambda x, y: sub(y, bessel_k1e(x)))
bessel_k1e: Row = _bessel(
    "BesselK1e", "k1e", fits.k1e, lambda x, y: sub(mul(y, sub(number(1, x), reciprocal(x))), bessel_k0e(x))
)


# -------------------------------------------------------------------------------------------- other integrals
def _fresnel(part: int) -> Callable[..., Any]:
    def run(x: np.ndarray) -> Any:
        import scipy.special

        return scipy.special.fresnel(x)[part]

    return widened(run)


def _quarter_turn(x: Any) -> Any:
    return mul(number(math.pi / 2, x), square(x))


dawsn = unary(
    "Dawsn",
    scipy_kernel("dawsn"),
    fits.lowering(fits.dawsn),
    lambda x, y, g: mul(g, sub(number(1, x), mul(number(2, x), mul(x, y)))),
    FLOATS,
    name="dawsn",
)
expint = unary(
    "Expint",
    scipy_kernel("expi", lambda x: x < 0),
    fits.lowering(fits.expint),
    lambda x, y, g: mul(g, realdiv(exp(x), x)),
    FLOATS,
    name="expint",
)
fresnel_cos = unary(
    "FresnelCos",
    _fresnel(1),
    fits.lowering(fits.fresnel_cos),
    lambda x, y, g: mul(g, cos(_quarter_turn(x))),
    FLOATS,
    name="fresnel_cos",
)
fresnel_sin = unary(
    "FresnelSin",
    _fresnel(0),
    fits.lowering(fits.fresnel_sin),
    lambda x, y, g: mul(g, sin(_quarter_turn(x))),
    FLOATS,
    name="fresnel_sin",
)


def _spence_grad(x: Any, y: Any, g: Any) -> Any:
    one = number(1, x)
    at_one = lookup("Equal")(x, one)
    safe = lookup("SelectV2")(at_one, number(2, x), x)
    return mul(g, lookup("SelectV2")(at_one, number(-1, x), realdiv(log(safe), sub(one, safe))))


spence = unary(
    "Spence", scipy_kernel("spence"), fits.lowering(fits.spence), _spence_grad, FLOATS, name="spence"
)


# ------------------------------------------------------------------------------------ softplus and its family
def _softplus(x: np.ndarray) -> Any:
    return np.logaddexp(x, 0)


def _lower_softplus(b: Builder, x: Value) -> Value:
    def rule(x: Value) -> Value:
        tail = b.unary("log_plus_one", b.unary("exponential", b.neg(b.unary("abs", x))))
        return b.add(b.maximum(x, b.zeros(x.shape, x.dtype)), tail)

    return wide(b, rule, x)


SOFTPLUS = OpDef(
    "Softplus", "features: T -> activations: T", types={"T": FLOATS}, shape=lambda c: c[0],
    kernel=widened(_softplus), lower=_lower_softplus, checked=True,
    grad=lambda op, g: [SOFTPLUS_GRAD(g, op.inputs[0])],
)  # fmt: skip
SOFTPLUS_GRAD: OpDef = OpDef(
    "SoftplusGrad",
    "gradients: T, features: T -> backprops: T",
    types={"T": FLOATS},
    shape=lambda c: c[1],
    checked=True,
    kernel=widened(lambda g, x: g / (1 + np.exp(-x))),
    lower=lambda b, g, x: wide(b, lambda g, x: b.mul(g, b.unary("logistic", x)), g, x),
    body=lambda g, x: mul(g, lookup("Sigmoid")(x)),
)
SOFTSIGN = OpDef(
    "Softsign",
    "features: T -> activations: T",
    types={"T": FLOATS},
    shape=lambda c: c[0],
    kernel=widened(lambda x: x / (1 + np.abs(x))),
    checked=True,
    lower=lambda b, x: b.div(x, b.add(b.full(x.shape, 1, x.dtype), b.unary("abs", x))),
    grad=lambda op, g: [SOFTSIGN_GRAD(g, op.inputs[0])],
)
SOFTSIGN_GRAD: OpDef = OpDef(
    "SoftsignGrad",
    "gradients: T, features: T -> backprops: T",
    types={"T": FLOATS},
    shape=lambda c: c[1],
    checked=True,
    kernel=widened(lambda g, x: g / np.square(1 + np.abs(x))),
    body=lambda g, x: realdiv(g, square(add(number(1, x), lookup("Abs")(x)))),
)


# ------------------------------------------------------------------------------------------------- neighbours
def _next_after_grad(op: Any, g: Any) -> Any:
    x, y = op.inputs
    return [unbroadcast(g, x, y), unbroadcast(lookup("ZerosLike")(g), y, x)]


NEXT_AFTER = OpDef(
    "NextAfter", "x1: T, x2: T -> output: T", types={"T": _FULL}, shape=broadcast,
    kernel=np.nextafter,
    lower=lambda b, x, y: b.binary("chlo.next_after", x, y), grad=_next_after_grad, checked=True,
    defaults={"T": dtypes.float32},
)  # fmt: skip
