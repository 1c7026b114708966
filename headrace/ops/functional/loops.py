"""Loops, and their gradients: the backward loop takes from stacks what each iteration of the forward one kept."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from headrace.core import dispatch, dtypes, shapes
from headrace.core.convert import to_tensor
from headrace.core.derivative import Derivative, origin, unpack, with_outputs, zeros_or
from headrace.core.errors import ShapeError
from headrace.core.graph import FuncGraph, graph_output
from headrace.core.op import REQUIRED, OpDef, ShapeContext, lookup
from headrace.core.shapes import Raw
from headrace.core.state import building
from headrace.core.tensor import EagerTensor

from .calls import call, extend, sync
from .inner import is_stateful


def _while_shape(c: ShapeContext) -> list[Raw]:
    out = []
    for i, (x, y) in enumerate(zip(c.attrs["body"].inputs, c.attrs["body"].outputs)):
        if not shapes.compatible(x._raw_shape, y._raw_shape):
            raise ShapeError(
                f"Loop variable {i} enters the loop with shape {shapes.text(x._raw_shape)} but has shape {shapes.text(y._raw_shape)} after one iteration"
            )
        out.append(x._raw_shape)
    return out


def _run_while(
    input: Sequence[EagerTensor], cond: FuncGraph, body: FuncGraph, **attrs: Any
) -> list[EagerTensor]:
    return dispatch.run_loop(cond, body, list(input))


def _while_def(name: str, stateful: bool) -> OpDef:
    return OpDef(
        name,
        "input: [T] -> output: [T]",
        attrs={"cond": REQUIRED, "body": REQUIRED, "parallel_iterations": 10, "output_shapes": ()},
        stateful=stateful,
        hints=("input",),
        shape=_while_shape,
        run=_run_while,
        lower=lambda b, input, cond, body, **attrs: b.loop(cond, body, input),
        grad=_while_grad,
    )


def loop(cond: FuncGraph, body: FuncGraph, inputs: Sequence[Any], name: str | None = None) -> list[Any]:
    """Adds a While; `cond` and `body` take all of `inputs`, `body` returns as many values."""
    op = WHILE if is_stateful(cond) or is_stateful(body) else STATELESS_WHILE
    return dispatch.execute(
        op, list(inputs), {"cond": cond, "body": body, "parallel_iterations": 10, "output_shapes": ()}, name
    )


def invariant(body: FuncGraph, i: int) -> bool:
    """Whether loop variable i never changes: captures, and variables the body returns as they came."""
    return body.outputs[i] is body.inputs[i]


def _while_grad(op: Any, *received: Any) -> list[Any]:
    """The backward loop runs as often as the forward one and takes, from the last iteration to the first, what each kept
    on a stack. (Following Yu et al. 2018, "Dynamic control flow in large-scale machine learning".)"""
    sync(op)
    body = op.attrs["body"]
    before = body.memo.get("before_stacks")
    if before is not None and all(g is None for g in received[len(before.inputs) :]):
        body = before  # its stacks are there already; otherwise gradients arrive at them, and they are loop variables like others
    n = len(body.inputs)
    varying = [i for i in range(n) if not invariant(body, i)]
    fixed = [i for i in range(n) if invariant(body, i)]
    d = _loop_derivative(body, varying)
    at_fixed = {id(body.inputs[i]): k for k, i in enumerate(fixed)}
    stacked = [t for t in d.needs if id(t) not in at_fixed and not t._is_eager]
    if body is op.attrs["body"]:
        _add_stacks(op, body, stacked)
    counter, stacks = op.outputs[n], op.outputs[n + 1 :]
    flowing = [varying[k] for k in d.targets]
    summed = [i for i in fixed if d.layout[i] is not None]
    # Loop state: iterations left, gradients of the varying variables, sums for the invariant ones, stacks, invariants.
    parts = [
        [counter],
        [zeros_or(received[i], op.outputs[i]) for i in flowing],
        [zeros_or(None, op.inputs[i]) for i in summed],
        stacks,
        [op.inputs[i] for i in fixed],
    ]
    state = [t for part in parts for t in part]

    condition = FuncGraph(f"{body.name}_gradient_cond")
    with building(condition, tapes=()):
        inner = [condition.argument_like(t) for t in state]
        condition.outputs = [lookup("Greater")(inner[0], 0)]
    backward = FuncGraph(f"{body.name}_gradient_body")
    with building(backward, tapes=()):
        it = iter([backward.argument_like(t) for t in state])
        (left,), gradients, sums, handles, invariants = ([next(it) for _ in part] for part in parts)
        values = {id(body.inputs[i]): t for i, t in zip(fixed, invariants)}
        popped = []
        for t, handle in zip(stacked, handles):
            handle, value = lookup("TensorListPopBack")(handle, _shape_tensor(t), element_dtype=t._dtype)
            value.set_shape(t._raw_shape)
            popped.append(handle)
            values[id(t)] = value
        found = unpack(d, call(d.backward, [*gradients, *[values.get(id(t), t) for t in d.needs]]))
        add = lookup("AddN")
        outputs = [lookup("Sub")(left, 1)]
        outputs += [
            lookup("ZerosLike")(g) if found[i] is None else zeros_or(found[i], g)
            for i, g in zip(flowing, gradients)
        ]
        outputs += [add([total, zeros_or(found[i], total)]) for i, total in zip(summed, sums)]
        backward.outputs = [graph_output(backward, t) for t in (*outputs, *popped, *invariants)]
    for g in (condition, backward):
        assert not g.external_captures, g.external_captures
    it = iter(loop(condition, backward, state))
    _, flows, totals, _, _ = ([next(it) for _ in part] for part in parts)
    out: list[Any] = [None] * len(op.inputs)
    for i, gradient in (*zip(flowing, flows), *zip(summed, totals)):
        out[i] = gradient
    # An invariant leaves the loop as it came: the gradient of that output passes straight through.
    for i in fixed:
        if received[i] is not None:
            out[i] = received[i] if out[i] is None else add([out[i], received[i]])
    return out


_while_grad.accepts_none = True  # type: ignore[attr-defined]


def _loop_derivative(body: FuncGraph, varying: Sequence[int]) -> Derivative:
    """The derivative of one iteration's changes."""
    found = body.memo.get("loop_derivative")
    if found is None:
        found = body.memo["loop_derivative"] = Derivative(
            with_outputs(body, [body.outputs[i] for i in varying])
        )
    return found


def _shape_tensor(t: Any) -> Any:
    """The element shape of a stack, as list ops take it: -1 for what is not known."""
    shape = t._raw_shape
    return to_tensor(np.asarray(-1 if shape is None else [-1 if d is None else d for d in shape], np.int32))


def _add_stacks(op: Any, body: FuncGraph, stacked: Sequence[Any]) -> None:
    """Turns the loop into one that also counts its iterations and pushes `stacked` in each."""
    node = op.outputs[0].op
    graph, condition = node.graph, node.attrs["cond"]
    with building(graph, tapes=()), graph.before(node):
        extra = [graph.constant(np.asarray(0, np.int32), dtypes.int32)]
        extra += [
            lookup("EmptyTensorList")(_shape_tensor(t), np.asarray(-1, np.int32), element_dtype=t._dtype)
            for t in stacked
        ]
    with building(origin(body), tapes=()):
        inner = [origin(body).placeholder(t._dtype, (), "stack") for t in extra]
        pushed = [
            lookup("AddV2")(inner[0], 1),
            *[lookup("TensorListPushBack")(handle, t) for handle, t in zip(inner[1:], stacked)],
        ]
    new_body = with_outputs(body, [*body.outputs, *pushed])
    new_body.inputs = [*body.inputs, *inner]
    new_body.memo["before_stacks"] = body
    with building(origin(condition), tapes=()):
        unused = [origin(condition).placeholder(t._dtype, (), "stack") for t in extra]
    new_condition = with_outputs(condition, condition.outputs)
    new_condition.inputs = [*condition.inputs, *unused]
    new_condition.memo["before_stacks"] = condition
    node.inputs = (*node.inputs, *extra)
    extend(op, {"cond": new_condition, "body": new_body}, extra)


WHILE, STATELESS_WHILE = _while_def("While", True), _while_def("StatelessWhile", False)
