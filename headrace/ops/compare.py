"""Comparisons, logic and selection."""

from __future__ import annotations

from typing import Any

import numpy as np

from headrace.compiler.hlo import Builder, Value
from headrace.core import dtypes, shapes
from headrace.core.dispatch import binary_function
from headrace.core.dtypes import REAL
from headrace.core.errors import ShapeError
from headrace.core.op import OpDef, ShapeContext
from headrace.core.shapes import Raw
from headrace.core.tape import not_differentiable, wanted

from .math import number
from .table import binary, broadcast, unary, unbroadcast


# ------------------------------------------------------------------------------------------------ comparisons
def _ordering(type_name: str, kernel: Any, direction: str, name: str) -> Any:
    return binary(
        type_name,
        kernel,
        lambda b, x, y: b.compare(direction, x, y),
        not_differentiable_pair,
        REAL,
        out="bool",
        name=name,
    )


def not_differentiable_pair(x: Any, y: Any, z: Any, g: Any) -> Any:
    return None, None


less = _ordering("Less", np.less, "LT", "less")
less_equal = _ordering("LessEqual", np.less_equal, "LE", "less_equal")
greater = _ordering("Greater", np.greater, "GT", "greater")
greater_equal = _ordering("GreaterEqual", np.greater_equal, "GE", "greater_equal")


def _equality(type_name: str, kernel: Any, direction: str) -> OpDef:
    """Equal and NotEqual. With `incompatible_shape_error=False` unrelated shapes are simply not equal."""
    differ = direction == "NE"

    def compute(x: np.ndarray, y: np.ndarray, incompatible_shape_error: bool = True) -> Any:
        try:
            return kernel(x, y)
        except ValueError:
            if incompatible_shape_error:
                raise
            return np.bool_(differ)

    def shape(c: ShapeContext) -> Raw:
        try:
            return broadcast(c)
        except ShapeError:
            if c.attrs["incompatible_shape_error"]:
                raise
            return ()

    def lower(b: Builder, x: Value, y: Value, incompatible_shape_error: bool) -> Any:
        try:
            shapes.broadcast(x.shape, y.shape)
        except ValueError:
            return np.asarray(differ)
        return b.compare(direction, x, y)

    return OpDef(
        type_name, "x: T, y: T -> z: bool", attrs={"incompatible_shape_error": True}, shape=shape,
        kernel=compute, lower=lower, grad=not_differentiable, checked=True
    )  # fmt: skip


EQUAL = _equality("Equal", np.equal, "EQ")
NOT_EQUAL = _equality("NotEqual", np.not_equal, "NE")
equal = binary_function(EQUAL, "equal")
not_equal = binary_function(NOT_EQUAL, "not_equal")


def _approximately(x: np.ndarray, y: np.ndarray, tolerance: float) -> Any:
    if x.shape != y.shape:
        raise ValueError("x and y must be of the same shape")
    return np.abs(x - y) < tolerance


def _lower_approximately(b: Builder, x: Value, y: Value, tolerance: float) -> Value:
    distance = b.unary("abs", b.sub(x, y), x.dtype.real_dtype)
    return b.compare("LT", distance, b.full(distance.shape, tolerance, distance.dtype))


def _same_shape(c: ShapeContext) -> Raw:
    try:
        return shapes.merge(c[0], c[1])
    except ValueError as error:
        raise ShapeError(str(error)) from None


APPROXIMATE_EQUAL = OpDef(
    "ApproximateEqual", "x: T, y: T -> z: bool", attrs={"tolerance": 1e-5}, types={"T": dtypes.NUMERIC},
    shape=_same_shape,
    kernel=_approximately, lower=_lower_approximately, grad=not_differentiable, checked=True,
)  # fmt: skip


# ------------------------------------------------------------------------------------------------------ logic
_TWO_BOOLS = "x: bool, y: bool -> z: bool"
logical_and = binary(
    "LogicalAnd", np.logical_and, "and", not_differentiable_pair, name="logical_and", signature=_TWO_BOOLS
)
logical_or = binary(
    "LogicalOr", np.logical_or, "or", not_differentiable_pair, name="logical_or", signature=_TWO_BOOLS
)
logical_not = unary(
    "LogicalNot",
    np.logical_not,
    "not",
    lambda x, y, g: None,
    name="logical_not",
    signature="x: bool -> y: bool",
)


# -------------------------------------------------------------------------------------------------- selection
def _select_grad(op: Any, g: Any) -> Any:
    condition, x, y = op.inputs
    zero, z = number(0, g), op.outputs[0]
    gx = unbroadcast(SELECT_V2(condition, g, zero), x, z) if wanted(x) else None
    gy = unbroadcast(SELECT_V2(condition, zero, g), y, z) if wanted(y) else None
    return [None, gx, gy]


SELECT_V2 = OpDef(
    "SelectV2",
    "condition: bool, t: T, e: T -> output: T",
    shape=broadcast,
    kernel=np.where,
    lower=lambda b, c, x, y: _lower_select(b, c, x, y),
    grad=_select_grad,
    checked=True,
)


def _lower_select(b: Builder, condition: Value, x: Value, y: Value) -> Value:
    shape = np.broadcast_shapes(condition.shape, x.shape, y.shape)
    return b.select(condition, b.broadcast_to(x, shape), b.broadcast_to(y, shape))


def _legacy_condition(condition: Any, rank: int) -> tuple[int, ...]:
    """A vector condition selects whole rows: its shape gains trailing ones."""
    return condition.shape + (1,) * (rank - len(condition.shape))


def _legacy_select(condition: np.ndarray, t: np.ndarray, e: np.ndarray) -> Any:
    return np.where(condition.reshape(_legacy_condition(condition, t.ndim)), t, e)


def _legacy_select_shape(c: ShapeContext) -> Raw:
    try:
        out = shapes.merge(c[1], c[2])
        condition = c[0]
        if (
            condition is not None
            and out is not None
            and condition != ()
            and not (len(condition) == 1 and len(out) > 1)
        ):
            shapes.merge(condition, out)
        elif condition is not None and out is not None and condition != ():
            shapes.merge(condition, out[:1])
        return out
    except ValueError as error:
        raise ShapeError(str(error)) from None


def _legacy_select_grad(op: Any, g: Any) -> Any:
    from headrace.core.op import lookup

    condition, zeros = op.inputs[0], lookup("ZerosLike")(g)
    return [None, SELECT(condition, g, zeros), SELECT(condition, zeros, g)]


SELECT = OpDef(
    "Select", "condition: bool, t: T, e: T -> output: T", shape=_legacy_select_shape, kernel=_legacy_select,
    grad=_legacy_select_grad,
    lower=lambda b, c, t, e: b.select(b.reshape(c, _legacy_condition(c, t.rank)), t, e),
)  # fmt: skip
