"""Placeholders with a value of their own, and the slots of tensors kept by sessions."""

from __future__ import annotations

from typing import Any

from headrace.core import shapes
from headrace.core.errors import ShapeError
from headrace.core.op import REQUIRED, OpDef, ShapeContext


def _shape(c: ShapeContext) -> Any:
    wanted = c.attrs["shape"]
    if not shapes.compatible(wanted, c[0]):
        raise ShapeError(
            f"The default value's shape {shapes.text(c[0])} does not fit the placeholder's {shapes.text(wanted)}"
        )
    return wanted


PLACEHOLDER_WITH_DEFAULT = OpDef(
    "PlaceholderWithDefault",
    "input: dtype -> output: dtype",
    attrs={"shape": REQUIRED},
    shape=_shape,
    kernel=lambda x, shape: x,
    lower=lambda b, x, shape: x,
    grad=lambda op, g: [g],
    hints=("input",),
)
