"""Operations on the bits of integers."""

from __future__ import annotations

from typing import Any

import numpy as np

from headrace.compiler.hlo import Builder, Value
from headrace.core import dtypes
from headrace.core.dtypes import INTS
from headrace.core.op import OpDef
from headrace.core.tape import not_differentiable

from .compare import not_differentiable_pair
from .table import binary, same_as, unary


def _row(type_name: str, kernel: Any, lower: Any, name: str) -> Any:
    return binary(type_name, kernel, lower, not_differentiable_pair, INTS, name=name)


bitwise_and = _row("BitwiseAnd", np.bitwise_and, "and", "bitwise_and")
bitwise_or = _row("BitwiseOr", np.bitwise_or, "or", "bitwise_or")
bitwise_xor = _row("BitwiseXor", np.bitwise_xor, "xor", "bitwise_xor")
invert = unary("Invert", np.invert, "not", lambda x, y, g: None, INTS, name="invert")


def _amount(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Shift amounts beyond the width are clamped to [0, width - 1], where C would leave them undefined."""
    return np.clip(y, 0, x.itemsize * 8 - 1)


def _lower_shift(kind: str) -> Any:
    def rule(b: Builder, x: Value, y: Value) -> Value:
        x, y = b.broadcast_together(x, y)
        y = b.clamp(b.zeros((), y.dtype), y, b.full((), x.dtype.size * 8 - 1, y.dtype))
        name = (
            kind
            if kind == "shift_left"
            else "shift_right_logical"
            if x.dtype.kind == "u"
            else "shift_right_arithmetic"
        )
        return b.binary(name, x, y)

    return rule


left_shift = _row(
    "LeftShift", lambda x, y: np.left_shift(x, _amount(x, y)), _lower_shift("shift_left"), "left_shift"
)
right_shift = _row(
    "RightShift", lambda x, y: np.right_shift(x, _amount(x, y)), _lower_shift("shift_right"), "right_shift"
)

POPULATION_COUNT = OpDef(
    "PopulationCount", "x: T -> y: uint8", types={"T": INTS}, shape=same_as(0),
    kernel=lambda x: np.bitwise_count(x.view(f"u{x.itemsize}")),
    lower=lambda b, x: b.convert(b.unary("popcnt", x), dtypes.uint8), grad=not_differentiable, checked=True,
)  # fmt: skip
