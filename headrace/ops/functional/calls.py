"""Calls: lowering inlines them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from headrace.core import dispatch
from headrace.core.derivative import augmented, derivative, gradients_of_call, primal
from headrace.core.graph import FuncGraph
from headrace.core.op import REQUIRED, OpDef, ShapeContext
from headrace.core.shapes import Raw
from headrace.core.state import no_recording, state
from headrace.core.tensor import EagerTensor, SymbolicTensor
from headrace.ops.counters import inside, original

from .inner import is_stateful


def _call_shape(c: ShapeContext) -> list[Raw]:
    return [t._raw_shape for t in c.attrs["f"].outputs]


def _run_call(args: Sequence[EagerTensor], f: FuncGraph, Tout: Any) -> list[EagerTensor]:
    node, around = state.node, state.call
    if node is None or node.attrs.get("f") is not f:
        return dispatch.run_graph(f, args)
    state.node = None  # once this call is over, another of the same function is not of this node
    state.call = original(node) if around is None else inside(around, node)
    try:
        return dispatch.run_graph(f, args)
    finally:
        state.call = around


def _lower_call(b: Any, args: Sequence[Any], f: FuncGraph, Tout: Any) -> list[Any]:
    around = b.call
    b.call = original(b.node) if around is None else inside(around, b.node)
    try:
        return b.inline(f, args)
    finally:
        b.call = around


def _call_grad(op: Any, *received: Any) -> list[Any]:
    sync(op)
    graph = differentiated(op.attrs["f"], received)
    d = derivative(graph)
    outputs = op.outputs
    if len(outputs) < len(graph.outputs) + len(d.residuals):
        forward = augmented(graph)
        if not outputs[0]._is_eager:
            extend(op, {"f": forward, "Tout": [t._dtype for t in forward.outputs]}, d.residuals)
            outputs = op.outputs
        elif not is_stateful(graph):
            outputs = call(forward, op.inputs)  # it ran without what this gradient needs: once more
        else:
            raise LookupError(
                f"The gradient of {graph.name}, which has side effects or reads variables, is of a higher order than the "
                "tapes that recorded its call. Use one tape per order."
            )
    return gradients_of_call(d, op.inputs, outputs, received, call)


_call_grad.accepts_none = True  # type: ignore[attr-defined]


def differentiated(graph: FuncGraph, received: Sequence[Any]) -> FuncGraph:
    """The function to differentiate: without the outputs that an earlier gradient added, unless gradients arrive there (they
    do for higher orders)."""
    while (plain := primal(graph)) is not graph and all(g is None for g in received[len(plain.outputs) :]):
        graph = plain
    return graph


def sync(op: Any) -> None:
    """A tape's record of a node that another gradient has extended since: what was added is part of it."""
    node = None if not op.outputs or op.outputs[0]._is_eager else op.outputs[0].op
    if node is not None and node is not op:
        op.attrs, op.outputs = node.attrs, node.outputs
        op.inputs = (*op.inputs, *node.inputs[len(op.inputs) :])


def extend(op: Any, attrs: dict[str, Any], extra: Sequence[Any]) -> None:
    """Gives a call that is already in a graph more outputs: those its gradient needs."""
    node = op.outputs[0].op
    node.attrs = {**node.attrs, **attrs}
    for t in extra:
        node.outputs.append(SymbolicTensor(node, len(node.outputs), t._dtype, t._raw_shape))
    node.graph.changed()
    sync(op)


def _call_def(name: str, stateful: bool) -> OpDef:
    return OpDef(
        name,
        "args: [Tin] -> output: [Tout]",
        attrs={"f": REQUIRED, "Tout": REQUIRED},
        shape=_call_shape,
        run=_run_call,
        lower=_lower_call,
        grad=_call_grad,
        stateful=stateful,
        hints=("args",),
    )


CALL = _call_def("PartitionedCall", False)
STATEFUL_CALL = _call_def("StatefulPartitionedCall", True)


def call(graph: FuncGraph, inputs: Sequence[Any], name: str | None = None) -> list[Any]:
    """Calls a function's graph with its arguments and captures; returns its flat outputs."""
    if state.graph is None and state.tapes:
        return _recorded_call(graph, inputs)
    op = STATEFUL_CALL if is_stateful(graph) else CALL
    result = dispatch.execute(op, list(inputs), {"f": graph, "Tout": [t._dtype for t in graph.outputs]}, name)
    return result if isinstance(result, list) else []


def _recorded_call(graph: FuncGraph, inputs: Sequence[Any]) -> list[Any]:
    """An eager call while tapes listen: if any will, the program also returns what the gradient needs."""
    tapes = state.tapes
    listening = [t for t in tapes if not hasattr(t, "_watched") or any(id(x) in t._watched for x in inputs)]
    if not listening or not any(t._dtype.is_trainable for t in graph.outputs):
        with no_recording():
            return dispatch.run_graph(graph, inputs)
    forward = graph
    # Each may differentiate the gradient that the ones inside of it take; a persistent one its own.
    for tape in listening:
        forward = augmented(augmented(forward) if getattr(tape, "_persistent", False) else forward)
    with no_recording():
        outputs = dispatch.run_graph(forward, inputs)
    attrs = {"f": forward, "Tout": [t._dtype for t in forward.outputs]}
    for tape in tapes:
        tape.record(CALL, inputs, attrs, outputs)
    return outputs[: len(graph.outputs)]
