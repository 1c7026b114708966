"""Rounding to whole numbers, and telling finite numbers from others."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from headrace.core import dtypes
from headrace.core.dtypes import COMPLEX, FLOATS

from .math import SIGNED_NUMBERS
from .table import unary


def no_gradient(x: Any, y: Any, g: Any) -> None:
    return None


def _integers_are_whole(function: Callable[..., Any]) -> Callable[..., Any]:
    return lambda x: x if x.dtype.kind in "iu" else function(x)


floor = unary("Floor", np.floor, "floor", no_gradient, FLOATS, name="floor")
ceil = unary("Ceil", np.ceil, "ceil", no_gradient, FLOATS, name="ceil")
rint = unary("Rint", np.rint, "round_nearest_even", no_gradient, FLOATS, name="rint")
round_ = unary(
    "Round",
    _integers_are_whole(np.rint),
    lambda b, x: x if x.dtype.kind == "i" else b.unary("round_nearest_even", x),
    no_gradient,
    SIGNED_NUMBERS - COMPLEX,
    name="round",
)
is_nan = unary(
    "IsNan", np.isnan, lambda b, x: b.compare("NE", x, x), no_gradient, FLOATS, out="bool", name="is_nan"
)
is_inf = unary(
    "IsInf", np.isinf, lambda b, x: b.compare("EQ", b.unary("abs", x), b.full(x.shape, np.inf, x.dtype)),
    no_gradient, FLOATS, out="bool", name="is_inf"
)  # fmt: skip
is_finite = unary(
    "IsFinite",
    np.isfinite,
    lambda b, x: b.unary("is_finite", x, dtypes.bool_),
    no_gradient,
    FLOATS,
    out="bool",
    name="is_finite",
)
