"""Python's operators on tensors. `Tensor.__add__` is a row function itself: eager `a + b` costs one call."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from headrace.core import convert, dtypes
from headrace.core.dispatch import binary_function
from headrace.core.dtypes import DType
from headrace.core.op import OpDef, lookup
from headrace.core.state import building, elsewhere, state
from headrace.core.tensor import Tensor

from . import bitwise, compare, linear, math

# What `x / y` computes in, by the operands' type.
QUOTIENT = dict.fromkeys(
    (dtypes.int8, dtypes.uint8, dtypes.int16, dtypes.uint16), dtypes.float32
) | dict.fromkeys((dtypes.int32, dtypes.uint32, dtypes.int64, dtypes.uint64), dtypes.float64)


def _operand(value: Any, like: Any, reflected: str | None) -> Any:
    """`value` as a tensor: of the type of `like` if it fits, or else of its own, so that the op tells what it takes;
    NotImplemented if its own method `reflected` may work. Where there is no other method left, it must fit."""
    if isinstance(value, Tensor):
        return value
    dtype, python = like._dtype, type(value)
    if state.graph is None and (
        (python is float and dtype.kind == "f") or (python is int and dtype.kind in "fi" and abs(value) < 128)
    ):
        # The usual `2 * x` needs none of the rules below.
        return convert.constant(np.array(value, dtype._np), dtype)
    if (home := elsewhere((value, like))) is not None:
        with building(home):
            return _operand(value, like, reflected)
    if reflected is None:
        return convert.to_tensor(value, dtype)
    try:
        return convert.to_tensor(value, hint=dtype)
    except (TypeError, ValueError):
        if hasattr(type(value), reflected):
            return NotImplemented
        raise


def _install(symbol: str, op: OpDef, rule: Callable[..., Any] | None = None) -> None:
    """Gives Tensor `__symbol__` and `__rsymbol__`. `rule(x, y, name)`: what to compute, if not the op."""
    compute = rule or op
    forward_name, reflected_name = f"__{symbol}__", f"__r{symbol}__"

    def general(x: Any, y: Any, name: str | None = None) -> Any:
        if isinstance(y, Tensor):
            return compute(x, y, name=name or symbol)
        y = _operand(y, x, reflected_name)
        return y if y is NotImplemented else forward(x, y)

    def reflected(self: Any, other: Any) -> Any:
        return forward(_operand(other, self, None), self)

    forward = binary_function(op, forward_name, general) if rule is None or rule in _SAME_AS_OP else general
    reflected.__name__ = reflected_name
    setattr(Tensor, forward_name, forward)
    setattr(Tensor, reflected_name, reflected)


def add(x: Any, y: Any, name: str | None = None) -> Any:
    """Numbers add, strings concatenate."""
    return (math.legacy_add if x._dtype is dtypes.string else math.add)(x, y, name)


def multiply(x: Any, y: Any, name: str | None = None) -> Any:
    """The product of bools is their conjunction."""
    return (compare.logical_and if x._dtype is dtypes.bool_ else math.mul)(x, y, name)


def true_divide(x: Any, y: Any, name: str | None = None) -> Any:
    """Integers become floats first."""
    if x._dtype is not y._dtype:
        raise TypeError(f"`x` and `y` must have the same dtype, got {x._dtype!r} != {y._dtype!r}.")
    dtype: DType = x._dtype
    if dtype.kind in "iu" and dtype in QUOTIENT:
        cast, wide = lookup("Cast"), QUOTIENT[dtype]
        graph = elsewhere((x, y)) or state.graph
        if graph is not None and not graph.building_function:
            with graph.name_scope(name or "truediv") as scope:
                graph.name_values(scope, x=x, y=y)
                return math.realdiv(cast(x, DstT=wide), cast(y, DstT=wide), scope)
        x, y = cast(x, DstT=wide), cast(y, DstT=wide)
    elif dtype.kind not in "fc":
        raise TypeError(
            f"Invalid dtype {dtype!r} in __truediv__. Expected a number type; convert with tf.cast."
        )
    return math.realdiv(x, y, name)


def _by_type(on_bool: str, on_integers: str) -> Callable[..., Any]:
    def rule(x: Any, y: Any, name: str | None = None) -> Any:
        return lookup(on_bool if x._dtype is dtypes.bool_ else on_integers)(x, y, name=name)

    return rule


def _invert(x: Any) -> Any:
    return compare.logical_not(x) if x._dtype is dtypes.bool_ else bitwise.invert(x)


def _equality(op: OpDef, when_incomparable: bool) -> Callable[..., Any]:
    def general(x: Any, y: Any, name: str | None = None) -> Any:
        if y is None:
            return when_incomparable
        if not x._is_eager and not x.op.graph.building_function:  # plain graphs compare identity
            return (x is y) is not when_incomparable
        if not isinstance(y, Tensor):
            y = convert.to_tensor(y, x._dtype)
        return op(x, y, incompatible_shape_error=False, name=name)

    return binary_function(op, None, general)


def absolute(x: Any, name: str | None = None) -> Any:
    """|x|; of a complex tensor the real magnitudes."""
    if x._dtype.kind == "c":
        return lookup("ComplexAbs")(x, Tout=x._dtype.real_dtype, name=name)
    return math.absolute(x, name)


def matmul(x: Any, y: Any, name: str | None = None) -> Any:
    """The product of matrices, or of batches of them."""
    batch = any(s is None or len(s) > 2 for s in (x._raw_shape, y._raw_shape))
    return (linear.BATCH_MATMUL if batch else linear.MATMUL)(x, y, name=name)


_SAME_AS_OP = {add, multiply, true_divide, matmul}  # on every type (and shape) that the op's kernel takes


def install() -> None:
    """Puts the operators on `Tensor`."""
    _install("add", lookup("AddV2"), add)
    _install("mul", lookup("Mul"), multiply)
    for symbol, type_name in (
        ("sub", "Sub"),
        ("floordiv", "FloorDiv"),
        ("mod", "FloorMod"),
        ("pow", "Pow"),
    ):
        _install(symbol, lookup(type_name))
    _install("truediv", lookup("RealDiv"), true_divide)
    _install("div", lookup("RealDiv"), true_divide)
    _install("matmul", linear.MATMUL, matmul)
    _install("and", lookup("LogicalAnd"), _by_type("LogicalAnd", "BitwiseAnd"))
    _install("or", lookup("LogicalOr"), _by_type("LogicalOr", "BitwiseOr"))
    _install("xor", lookup("NotEqual"), _by_type("NotEqual", "BitwiseXor"))
    for name, function in (
        ("lt", compare.less),
        ("le", compare.less_equal),
        ("gt", compare.greater),
        ("ge", compare.greater_equal),
    ):
        setattr(Tensor, f"__{name}__", function)
    for name, value in (
        ("__eq__", _equality(compare.EQUAL, False)), ("__ne__", _equality(compare.NOT_EQUAL, True)),
        ("__neg__", math.neg), ("__pos__", lambda self: self),
        ("__abs__", absolute), ("__invert__", _invert),
    ):  # fmt: skip
        setattr(Tensor, name, value)


install()
