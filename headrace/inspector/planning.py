"""How a graph will run: the steps of its program, and why what runs on the host does.

Which ops compile is known for sure only when they are lowered: what a program finds out in its first run is found out here
with inputs of the right shapes and no values. Nothing is compiled or run."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from headrace import runtime
from headrace.compiler.lower import Lowering
from headrace.compiler.plan import runs_on_host
from headrace.compiler.program import Cluster, HostStep, Program, Replan
from headrace.core import dtypes, errors
from headrace.core.graph import CONST, FuncGraph, Graph, Operation
from headrace.core.tensor import EagerTensor, wrap, wrap_object
from headrace.ops.functional import inner_graphs
from headrace.ops.state import HostResource, VariableState

from .roots import VARIABLES


def steps(
    graph: Graph, wanted: Sequence[Any], tensors: Sequence[Any], dim: int
) -> Iterator[tuple[Any, dict[str, str]]]:
    """The steps of the program for `wanted`, and for each why its nodes run on the host, by name.

    Args:
      tensors: those of `wanted` that have values.
      dim: what dims that are not known count as.
    """
    states: dict[int, Any] = {}
    if isinstance(graph, FuncGraph):
        program = Program(graph)
        for outer, inner in graph.captures.values():
            if outer._is_eager and inner._dtype.kind == "r":
                states[id(inner)] = outer._host().item()
    else:
        from headrace.session.plan import Plan, pruned

        nodes = [r if isinstance(r, Operation) else r.op for r in wanted]
        fed = [n.outputs[0] for n in pruned(graph, nodes, set()) if n.type == "Placeholder"]
        operations = [n for n in nodes if n.type != "Placeholder"]
        plan = Plan(graph, tensors, operations, fed, _resource, {})
        states = {id(t): h._host().item() for t, h in zip(plan.view.inputs[len(fed) :], plan.handles)}
        program = Program(plan.view)
    _settle(program, states, dim)
    for step in program.steps:
        host = isinstance(step, HostStep)
        because = program.because
        reasons = {n.name: why(n, because) for n in step.nodes if n.op_def is not CONST} if host else {}
        if reasons or not host:  # constants, ready for what takes them, are no step
            yield step, reasons


def _resource(node: Operation) -> EagerTensor:
    """What stands for a variable, a table or an iterator: none is made, since that could open files."""
    if node.type in VARIABLES:
        return wrap_object(
            VariableState(node.attrs["dtype"], node.attrs["shape"], node.name), dtypes.resource
        )
    return wrap_object(HostResource(), dtypes.resource)


def _settle(program: Program, states: Mapping[int, Any], dim: int) -> None:
    """Plans anew until all that is to be compiled can be lowered."""
    lowered: set[tuple[int, ...]] = set()
    while True:
        try:
            for step in program.steps:
                nodes = tuple(map(id, step.nodes))
                if isinstance(step, Cluster) and nodes not in lowered:
                    _lower(step, states, dim)
                    lowered.add(nodes)
            return
        except Replan:
            program._plan()
        except (errors.OpError, ValueError, IndexError):
            return  # it needs values, or shapes that fit each other: the plan is what is known without


def _lower(step: Cluster, states: Mapping[int, Any], dim: int) -> None:
    tensors = [x for t in step.tensors if (x := _blank(t, dim)) is not None]
    cells = [c for t in step.handles if (c := _cell(t, states, dim)) is not None]
    if len(tensors) < len(step.tensors) or len(cells) < len(step.handles):
        return  # of unknown rank: it will compile if its inputs turn out to have shapes that do
    b = Lowering(runtime.default_device().platform)
    step.lowered(b, tensors, cells)


def _zeros(shape: Any, dtype: Any, dim: int) -> np.ndarray:
    """An array that takes no memory."""
    return np.broadcast_to(np.zeros((), dtype._np), [dim if d is None else d for d in shape])


def _blank(t: Any, dim: int) -> EagerTensor | None:
    if t._is_eager:
        return t
    if t._raw_shape is None or t._dtype.kind in "rv":
        return None
    return wrap(_zeros(t._raw_shape, t._dtype, dim), t._dtype)


def _cell(t: Any, states: Mapping[int, Any], dim: int) -> Any:
    """A variable of the same type and shape; None where that is not known."""
    known = states.get(id(t))
    if isinstance(known, HostResource):
        return known
    data: tuple[Any, Any] = t.__dict__.get("_handle_data") or (None, None)
    dtype, shape = (known.dtype, known.shape) if isinstance(known, VariableState) else data
    if dtype is None or shape is None or dtype.kind in "srv":
        return None
    made = VariableState(dtype, shape, t.name)
    made.write(_zeros(shape, dtype, dim))
    return made


def on_host(node: Operation) -> bool:
    """Whether an op cannot be compiled, or one inside of it."""
    return runs_on_host(node) or any(map(on_host, _inside(node)))


def _inside(node: Operation) -> list[Operation]:
    return [n for g in inner_graphs(node) for n in g.operations if n.type != "Placeholder"]


def why(node: Operation, because: Mapping[Operation, str] | None = None) -> str:
    """Why an op runs on the host.

    Args:
      because: what lowering said of ops.
    """
    op = node.op_def
    tensors = (*node.inputs, *node.outputs)
    if op.host and op.name.rstrip("V0123456789").endswith("Dataset"):
        return f"{op.name} is part of an input pipeline"
    if any(t._dtype.kind == "s" for t in tensors):
        return f"{op.name} holds strings"
    if op.reenters:
        return f"{op.name} calls Python"
    if op.host and op.stateful and any(t._dtype.kind == "r" for t in tensors):
        return f"{op.name} works on what the host keeps: a queue, a table, an iterator …"
    if op.host and op.stateful:
        return f"{op.name} has an effect outside of the program"
    if op.host and any(t._raw_shape is None or None in t._raw_shape for t in node.outputs):
        return f"the shape of {op.name}'s result depends on values"
    if op.host:
        return f"{op.name} has a host kernel only"
    if op.lower is None and op.body is None:
        return f"{op.name} has no lowering"
    inside = next((n for n in _inside(node) if on_host(n)), None)
    if inside is not None:
        return f"in it is {inside.name}: {why(inside)}"
    if because and node in because:
        return because[node]
    return "small, and next to ops on the host"
