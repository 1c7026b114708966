"""Ops that change nothing. Only what is exact to the last bit, NaN, infinity and the sign of zero included."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from headrace.core.graph import Operation
from headrace.core.shapes import known as is_known

from .rewriter import known

if TYPE_CHECKING:
    from .rewriter import Rewriter

# type -> rule(node) -> the tensor that is its result already, or None
RULES: dict[str, Callable[[Operation], Any]] = {}


def simplify(r: Rewriter, node: Operation) -> list[Any] | None:
    rule = RULES.get(node.type)
    if rule is None or node.control_inputs or r.is_output(node):
        return None
    found = rule(node)
    if found is None or found._dtype is not node.outputs[0]._dtype:
        return None
    # Nothing that was known of the result is given up: its shape decides how the rest is planned.
    shape = node.outputs[0]._raw_shape
    if shape != found._raw_shape and not (shape is None or (found._raw_shape is not None and None in shape)):
        return None
    return [found]


def stripped(r: Rewriter, node: Operation) -> list[Any] | None:
    """Assertions, prints and checks of numerics (for `debug_stripper`)."""
    if node.type in ("Assert", "PrintV2") and not r.is_output(node):
        return []
    if node.type in ("CheckNumerics", "CheckNumericsV2", "Print") and not r.is_output(node):
        return [node.inputs[0]]
    return None


def _rule(*types: str) -> Callable[[Callable[[Operation], Any]], Callable[[Operation], Any]]:
    def register(rule: Callable[[Operation], Any]) -> Callable[[Operation], Any]:
        RULES.update(dict.fromkeys(types, rule))
        return rule

    return register


@_rule("Identity", "StopGradient", "PreventGradient", "Snapshot", "PlaceholderWithDefault")
def _same(node: Operation) -> Any:
    return node.inputs[0]


@_rule("Mul")
def _times_one(node: Operation) -> Any:
    x, y = node.inputs
    return x if _all(y, 1) and _keeps(node, x) else y if _all(x, 1) and _keeps(node, y) else None


@_rule("RealDiv", "Div", "Pow", "TruncateDiv")
def _by_one(node: Operation) -> Any:
    x, y = node.inputs
    return x if _all(y, 1) and _keeps(node, x) else None


@_rule("Sub")
def _minus_zero(node: Operation) -> Any:
    x, y = node.inputs
    return x if _all(y, 0) and not _negative_zero(y) and _keeps(node, x) else None


@_rule("Add", "AddV2")
def _plus_zero(node: Operation) -> Any:
    x, y = node.inputs
    if not x._dtype.is_integer:
        return None  # -0.0 + 0.0 is 0.0
    return x if _all(y, 0) and _keeps(node, x) else y if _all(x, 0) and _keeps(node, y) else None


@_rule("LogicalAnd")
def _and_true(node: Operation) -> Any:
    x, y = node.inputs
    return x if _all(y, True) and _keeps(node, x) else y if _all(x, True) and _keeps(node, y) else None


@_rule("LogicalOr")
def _or_false(node: Operation) -> Any:
    x, y = node.inputs
    return x if _all(y, False) and _keeps(node, x) else y if _all(x, False) and _keeps(node, y) else None


@_rule("LogicalNot", "Neg", "Invert", "Conj")
def _twice(node: Operation) -> Any:
    inner = node.inputs[0].op
    return inner.inputs[0] if inner.type == node.type else None


@_rule("Cast")
def _there_and_back(node: Operation) -> Any:
    x = node.inputs[0]
    if x._dtype is node.attrs["DstT"]:
        return x
    inner = x.op
    if inner.type != "Cast" or inner.inputs[0]._dtype is not node.attrs["DstT"]:
        return None
    source = inner.inputs[0]
    a, b = source._dtype._np, x._dtype._np
    # NumPy calls a cast safe when every value survives it, but for large integers; of the small floats it knows nothing.
    if source._dtype.kind in "iufb" and x._dtype.kind in "iuf" and a.kind in "iufb" and b.kind in "iuf":
        survives = np.can_cast(a, b, "safe")
        if a.kind in "iu" and b.kind == "f":
            survives = 8 * a.itemsize - (a.kind == "i") <= np.finfo(b).nmant + 1
        return source if survives else None
    return None


@_rule("Reshape")
def _to_own_shape(node: Operation) -> Any:
    x, shape = node.inputs[0], node.outputs[0]._raw_shape
    return x if is_known(shape) and x._raw_shape == shape else None


@_rule("Transpose")
def _transposed(node: Operation) -> Any:
    x, perm = node.inputs[0], known(node.inputs[1])
    if perm is None:
        return None
    if np.array_equal(perm, np.arange(perm.size)):
        return x if x._raw_shape is not None and len(x._raw_shape) == perm.size else None
    inner = x.op
    before = known(inner.inputs[1]) if inner.type == "Transpose" else None
    if before is None or before.size != perm.size:
        return None
    return inner.inputs[0] if np.array_equal(before[perm], np.arange(perm.size)) else None


@_rule("Sum", "Prod", "Max", "Min", "Mean", "All", "Any")
def _over_nothing(node: Operation) -> Any:
    axes = known(node.inputs[1])
    return node.inputs[0] if axes is not None and axes.ndim == 1 and not axes.size else None


@_rule("Tile")
def _once(node: Operation) -> Any:
    x = node.inputs[0]
    return x if x._raw_shape is not None and len(x._raw_shape) and _all(node.inputs[1], 1) else None


@_rule("Pad", "PadV2", "MirrorPad")
def _by_nothing(node: Operation) -> Any:
    return node.inputs[0] if node.inputs[0]._raw_shape is not None and _all(node.inputs[1], 0) else None


@_rule("AddN", "StringJoin")
def _of_one(node: Operation) -> Any:
    return node.inputs[0] if len(node.inputs) == 1 else None


def _all(t: Any, value: Any) -> bool:
    """Whether every element is that value. Never of complex numbers: (inf + 1j) * (1 + 0j) is inf + nan j."""
    array = known(t)
    if array is None or not array.size or array.dtype.kind in "Oc":
        return False
    return bool((array == value).all())


def _negative_zero(t: Any) -> bool:
    array = known(t)
    return array is not None and array.dtype.kind in "fV" and bool(np.signbit(array.astype(np.float64)).any())


def _keeps(node: Operation, x: Any) -> bool:
    """Whether the other operand does not broadcast x to another shape."""
    other = node.inputs[1] if x is node.inputs[0] else node.inputs[0]
    a, b = x._raw_shape, other._raw_shape
    if a is None or b is None:
        return b == ()
    return len(b) <= len(a) and all(m == 1 or m == n for m, n in zip(reversed(b), reversed(a)))
