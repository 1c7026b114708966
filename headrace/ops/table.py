"""Rows for whole families of ops: `unary` and `binary` give an op its shape rule, kernel, lowering and gradient on one line,
and return the public Python function; `host_op` is for ops on things that live on the host. Shape rules that many ops share
are here too."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from headrace.core import shapes
from headrace.core.dispatch import binary_function, unary_function
from headrace.core.dtypes import NUMERIC, DType
from headrace.core.errors import ShapeError
from headrace.core.op import OpDef, ShapeContext
from headrace.core.shapes import Raw
from headrace.core.tape import not_differentiable, wanted


# ---------------------------------------------------------------------------------------------------------- shape rules
def same_as(i: int) -> Callable[[ShapeContext], Raw]:
    """The output has the shape of input i."""
    return lambda c: c[i]


def scalar(c: ShapeContext) -> Raw:
    return ()


def unknown(c: ShapeContext) -> Raw:
    return None


def broadcast(c: ShapeContext) -> Raw:
    """The inputs' shapes, broadcast together."""
    try:
        out = c[0]
        for i in range(1, len(c)):
            out = shapes.broadcast(out, c[i])
        return out
    except ValueError as error:
        raise ShapeError(str(error)) from None


def merged(*indices: int) -> Callable[[ShapeContext], Raw]:
    """These inputs must have one shape, which is the output's."""

    def rule(c: ShapeContext) -> Raw:
        out: Raw = None
        for i in indices or range(len(c)):
            try:
                out = shapes.merge(out, c[i])
            except ValueError as error:
                raise ShapeError(str(error)) from None
        return out

    return rule


def normal_axis(axis: int, rank: int, what: str = "axis") -> int:
    """`axis` counted from the front; ShapeError when it is out of range."""
    if not -rank <= axis < max(rank, 1):
        raise ShapeError(f"{what} = {axis} is out of range [{-rank}, {rank}) for a tensor of rank {rank}")
    return axis + rank if axis < 0 else axis


# ------------------------------------------------------------------------------------------------------------------ rows
def unary(
    type_name: str,
    kernel: Callable[..., Any] | None,
    lower: str | Callable[..., Any] | None,
    grad: Callable[..., Any] | None,
    types: Iterable[DType] = NUMERIC,
    *,
    out: str = "T",
    name: str | None = None,
    doc: str | None = None,
    body: Callable[..., Any] | None = None,
    signature: str | None = None,
) -> Callable[..., Any]:
    """An element-wise op of one input.

    Args:
      lower: the StableHLO op's name (with prefix for CHLO: "chlo.erf"), or a rule `(b, x)`.
      grad: `(x, y, g) -> gradient of x` written with ops, `y` being the output; None: derived from the body if there is one.
      out: the output's type: "T" as the input, or e.g. "bool".
      signature: where TensorFlow's names are not x and y, or the type is fixed.
    """
    op = OpDef(
        type_name,
        signature or f"x: T -> y: {out}",
        types={"T": frozenset(types)},
        shape=same_as(0),
        kernel=kernel,
        checked=True,
        body=body,
        doc=doc,
        lower=_named_unary(lower) if isinstance(lower, str) else lower,
        grad=None if grad is None else lambda op, g: [grad(op.inputs[0], op.outputs[0], g)],
    )
    op.elementwise = True
    return unary_function(op, name)


def _named_unary(hlo: str) -> Callable[..., Any]:
    return lambda b, x: b.unary(hlo, x)


def binary(
    type_name: str,
    kernel: Callable[..., Any],
    lower: str | Callable[..., Any] | None,
    grad: Callable[..., Any] | None,
    types: Iterable[DType] = NUMERIC,
    *,
    out: str = "T",
    name: str | None = None,
    doc: str | None = None,
    body: Callable[..., Any] | None = None,
    signature: str | None = None,
) -> Callable[..., Any]:
    """An element-wise op of two inputs of one type, broadcast together.

    Args:
      lower: the StableHLO op's name, or a rule `(b, x, y)` that broadcasts itself.
      grad: `(x, y, z, g) -> (gradient of x, gradient of y)` before un-broadcasting, which is done here.
    """
    op = OpDef(
        type_name,
        signature or f"x: T, y: T -> z: {out}",
        types={"T": frozenset(types)},
        shape=broadcast,
        kernel=kernel,
        checked=True,
        body=body,
        doc=doc,
        lower=_named_binary(lower) if isinstance(lower, str) else lower,
        grad=None if grad is None else _unbroadcast_rule(grad),
    )
    op.elementwise = True
    return binary_function(op, name)


def _named_binary(hlo: str) -> Callable[..., Any]:
    return lambda b, x, y: b.binary(hlo, x, y)


def host_op(
    type_name: str,
    signature: str,
    run: Callable[..., Any] | None = None,
    shape: Any = (),
    attrs: Mapping[str, Any] | None = None,
    *,
    kernel: Callable[..., Any] | None = None,
    versions: Sequence[str] = ("",),
    waits: bool = False,
    keeps: bool = False,
) -> OpDef:
    """An op on something that lives on the host (a queue, a stack, a reader …), which it may change; no gradient flows.

    Args:
      shape: a rule, or the shapes that the outputs always have: `()` of a scalar, `[]` where there is none.
      versions: endings of the name; the op is there with each of them, and returned with the last.
      waits: whether it may have to wait for other ops.
      keeps: whether it keeps something from run to run without a handle to it.
    """
    rule = shape if callable(shape) else lambda c: list(shape) if isinstance(shape, list) else shape
    for ending in versions:
        op = OpDef(
            type_name + ending,
            signature,
            attrs=attrs,
            shape=rule,
            run=run,
            kernel=kernel,
            stateful=True,
            host=True,
            grad=not_differentiable,
        )
        op.waits, op.keeps = waits, keeps
    return op


def _unbroadcast_rule(grad: Callable[..., Any]) -> Callable[..., Any]:
    def rule(op: Any, g: Any) -> Sequence[Any]:
        x, y = op.inputs
        gx, gy = grad(x, y, op.outputs[0], g)
        return [unbroadcast(gx, x, y) if wanted(x) else None, unbroadcast(gy, y, x) if wanted(y) else None]

    return rule


def unbroadcast(g: Any, x: Any, other: Any) -> Any:
    """Sums a gradient over the dimensions along which `x` was broadcast against `other`."""
    from headrace.core.op import lookup

    if g is None:
        return None
    a, b = x._raw_shape, other._raw_shape
    if a is not None and a == b and None not in a:
        return g
    if shapes.known(a) and shapes.known(b):
        out = shapes.broadcast(a, b)
        assert a is not None and out is not None
        lead = len(out) - len(a)
        axes = [*range(lead), *[i + lead for i, d in enumerate(a) if d == 1 and out[i + lead] != 1]]
        if axes:
            g = lookup("Sum")(g, axes, keep_dims=False)
        return lookup("Reshape")(g, list(a)) if axes and g._raw_shape != a else g
    shape = lookup("Shape")
    axes, _ = lookup("BroadcastGradientArgs")(shape(x), shape(other))
    return lookup("Reshape")(lookup("Sum")(g, axes, keep_dims=False), shape(x))
