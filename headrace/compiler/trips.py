"""How often a loop runs, where that can be told before it runs: the stacks its gradient needs then have a known size."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from headrace.core.dispatch import run_kernel
from headrace.core.graph import FuncGraph


def trip_count(condition: FuncGraph, body: FuncGraph, inputs: Sequence[Any]) -> tuple[int | None, bool]:
    """An upper bound on the iterations, or None, and whether it is exactly how many there are.

    Looks for a conjunct `i < n` of the condition, where `i` starts at a known
    value and grows by a known step, and `n` is known (or the mirror image of this)."""
    known = {
        id(t): a
        for i, (t, a) in enumerate(zip(condition.inputs, inputs))
        if type(a) is np.ndarray and body.outputs[i] is body.inputs[i]
    }
    bounds = [_bound(t, condition, body, inputs, known) for t in _conjuncts(condition.outputs[0])]
    known_bounds = [n for n in bounds if n is not None]
    return min(known_bounds, default=None), bool(bounds) and len(known_bounds) == len(bounds)


def _conjuncts(t: Any) -> list[Any]:
    node = t.op
    if node.type == "LogicalAnd":
        return [c for x in node.inputs for c in _conjuncts(x)]
    if node.type in ("Identity", "Squeeze", "Reshape"):
        return _conjuncts(node.inputs[0])
    if node.type in ("StatelessIf", "If"):  # `a and b` of AutoGraph: b if a, else False
        otherwise = node.attrs["else_branch"].outputs[t.value_index].op
        if otherwise.type == "Const" and not otherwise.attrs["value"].any():
            return [*_conjuncts(node.inputs[0]), t]
    return [t]


_MIRRORED = {"Less": "Greater", "LessEqual": "GreaterEqual", "Greater": "Less", "GreaterEqual": "LessEqual"}


def _bound(
    t: Any, condition: FuncGraph, body: FuncGraph, inputs: Sequence[Any], known: Mapping[int, Any]
) -> int | None:
    node = t.op
    if node.type not in _MIRRORED:
        return None
    for kind, left, right in (
        (node.type, *node.inputs),
        (_MIRRORED[node.type], node.inputs[1], node.inputs[0]),
    ):
        position = next((i for i, x in enumerate(condition.inputs) if x is _through_identity(left)), None)
        if position is None or type(inputs[position]) is not np.ndarray or inputs[position].size != 1:
            continue
        limit, step = _evaluate(right, known), _step(body, position, inputs)
        if limit is None or step is None or limit.size != 1:
            continue
        start, end = inputs[position].reshape(()).item(), limit.reshape(()).item()
        if kind in ("Greater", "GreaterEqual"):
            start, end, step = -start, -end, -step
        if step <= 0:
            continue
        span = end - start + (step if kind.endswith("Equal") else 0)
        return max(0, int(-(-span // step)))
    return None


def _through_identity(t: Any) -> Any:
    while t.op.type in ("Identity", "Reshape", "Squeeze"):
        t = t.op.inputs[0]
    return t


def _step(body: FuncGraph, i: int, inputs: Sequence[Any]) -> Any:
    """What an iteration adds to loop variable i, if that is known."""
    known = {
        id(t): a
        for k, (t, a) in enumerate(zip(body.inputs, inputs))
        if type(a) is np.ndarray and body.outputs[k] is t
    }
    t = _through_identity(body.outputs[i])
    if t.op.type not in ("AddV2", "Add", "Sub"):
        return None
    x, y = (_through_identity(v) for v in t.op.inputs)
    if x is body.inputs[i]:
        step = _evaluate(y, known)
    elif y is body.inputs[i] and t.op.type != "Sub":
        step = _evaluate(x, known)
    else:
        return None
    if step is None or step.size != 1:
        return None
    amount = step.reshape(()).item()
    return -amount if t.op.type == "Sub" else amount


def _evaluate(t: Any, known: Mapping[int, Any]) -> np.ndarray | None:
    if id(t) in known:
        return known[id(t)]
    node = t.op
    if node.type == "Const":
        return node.attrs["value"]
    op = node.op_def
    if op.kernel is None or op.stateful or op.host or not node.inputs:
        return None
    values = [_evaluate(x, known) for x in node.inputs]
    if any(v is None for v in values):
        return None
    return run_kernel(op, values, node.inputs, node.attrs, [y._dtype for y in node.outputs])[t.value_index]  # type: ignore[arg-type]
