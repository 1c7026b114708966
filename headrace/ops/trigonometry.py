"""Circular and hyperbolic functions and their inverses."""

from __future__ import annotations

from typing import Any

import numpy as np

from headrace.core.dtypes import FLOATS, INEXACT
from headrace.core.op import OpDef

from .math import Row, add, conj, mul, neg, number, realdiv, rsqrt, square, sub
from .table import broadcast, unary, unbroadcast

sin = unary("Sin", np.sin, "sine", lambda x, y, g: mul(g, conj(cos(x))), INEXACT, name="sin")
cos: Row = unary("Cos", np.cos, "cosine", lambda x, y, g: neg(mul(g, conj(sin(x)))), INEXACT, name="cos")
tan = unary(
    "Tan", np.tan, "tan", lambda x, y, g: mul(g, conj(add(number(1, y), mul(y, y)))), INEXACT, name="tan"
)
sinh = unary("Sinh", np.sinh, "chlo.sinh", lambda x, y, g: mul(g, conj(cosh(x))), INEXACT, name="sinh")
cosh: Row = unary("Cosh", np.cosh, "chlo.cosh", lambda x, y, g: mul(g, conj(sinh(x))), INEXACT, name="cosh")
asin = unary(
    "Asin",
    np.arcsin,
    "chlo.asin",
    lambda x, y, g: mul(g, rsqrt(conj(_one_less_square(x)))),
    INEXACT,
    name="asin",
)
acos = unary(
    "Acos",
    np.arccos,
    "chlo.acos",
    lambda x, y, g: neg(mul(g, rsqrt(conj(_one_less_square(x))))),
    INEXACT,
    name="acos",
)
atan = unary(
    "Atan",
    np.arctan,
    "chlo.atan",
    lambda x, y, g: realdiv(g, conj(add(number(1, x), square(x)))),
    INEXACT,
    name="atan",
)
asinh = unary(
    "Asinh", np.arcsinh, "chlo.asinh", lambda x, y, g: realdiv(g, conj(cosh(y))), INEXACT, name="asinh"
)
acosh = unary(
    "Acosh", np.arccosh, "chlo.acosh", lambda x, y, g: realdiv(g, conj(sinh(y))), INEXACT, name="acosh"
)
atanh = unary(
    "Atanh",
    np.arctanh,
    "chlo.atanh",
    lambda x, y, g: realdiv(g, conj(_one_less_square(x))),
    INEXACT,
    name="atanh",
)


def _one_less_square(x: Any) -> Any:
    return sub(number(1, x), square(x))


def _atan2_grad(op: Any, g: Any) -> Any:
    y, x = op.inputs
    scaled = realdiv(g, add(square(x), square(y)))
    return [unbroadcast(mul(x, scaled), y, x), unbroadcast(neg(mul(y, scaled)), x, y)]


ATAN2 = OpDef(
    "Atan2",
    "y: T, x: T -> z: T",
    types={"T": FLOATS},
    shape=broadcast,
    kernel=np.arctan2,
    lower=lambda b, y, x: b.binary("atan2", y, x),
    grad=_atan2_grad,
    checked=True,
)
