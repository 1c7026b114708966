"""The graphs that ops run: what they read and write, and what they capture."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from headrace.core.dtypes import DType
from headrace.core.graph import FuncGraph
from headrace.core.state import state
from headrace.ops.state import READ

READS = frozenset({"ReadVariableOp", "ResourceGather", "VariableShape", "VarIsInitializedOp"})
# Their first input is not their graphs'.
_CHOOSING = frozenset({"If", "StatelessIf", "Case", "StatelessCase"})


def is_stateful(graph: FuncGraph) -> bool:
    return any(n.op_def.stateful and n.op_def.name != "Placeholder" for n in graph.operations)


def inner_graphs(node: Any) -> list[FuncGraph]:
    """The graphs among a node's attributes: what it calls, its branches, its body."""
    return [
        g
        for value in node.attrs.values()
        for g in (value if isinstance(value, (list, tuple)) else (value,))
        if isinstance(g, FuncGraph)
    ]


def writes(graph: FuncGraph) -> set[int]:
    """Ids of the handles inside `graph` that are written, or passed to something that may write."""
    found: set[int] = set()
    for node in graph.operations:
        if not any(t._dtype.kind == "r" for t in node.inputs) or node.type in READS:
            continue
        inner = inner_graphs(node)
        offset = 1 if node.type in _CHOOSING else 0
        written = {i for g in inner for w in [writes(g)] for i, t in enumerate(g.inputs) if id(t) in w}
        for i, t in enumerate(node.inputs):
            if t._dtype.kind == "r" and (not inner or i - offset in written):
                found.add(id(t))
    return found


def hoist_reads(graphs: Sequence[FuncGraph], every: bool = True) -> None:
    """Reads of variables that a loop does not write move in front of it: their values are invariants of the loop, which its
    gradient then need not keep once per iteration.

    Args:
      every: False for branches: of these, only reads that may happen in any case (`unconditional`) move."""
    by_inner = [{id(inner): outer for outer, inner in g.captures.values()} for g in graphs]
    written = {id(outers[h]) for g, outers in zip(graphs, by_inner) for h in writes(g) if h in outers}
    read: dict[tuple[int, Any], Any] = {}
    for g, outers in zip(graphs, by_inner):
        replaced: dict[int, Any] = {}
        for node in g.operations:
            if node.type != "ReadVariableOp" or id(node.inputs[0]) not in outers:
                continue
            handle, dtype = outers[id(node.inputs[0])], node.attrs["dtype"]
            if id(handle) in written or not (every or node.unconditional):
                continue
            key = id(handle), dtype
            if key not in read:
                read[key] = _read(handle, dtype)
            replaced[id(node.outputs[0])] = g.capture(read[key])
        if replaced:
            g.operations[:] = [n for n in g.operations if not (n.outputs and id(n.outputs[0]) in replaced)]
            for n in g.operations:
                n.inputs = tuple([replaced.get(id(t), t) for t in n.inputs])
            g.outputs = [replaced.get(id(t), t) for t in g.outputs]
            _forget_references(g)


def _read(handle: Any, dtype: DType) -> Any:
    """A read in front of a loop or a conditional; of a variable that is a reference, by that."""
    if not handle._is_eager and handle.op.type == "VariableHandle" and handle.graph is state.graph:
        return READ(handle.op.inputs[0], dtype=dtype)
    value = READ(handle, dtype=dtype)
    if not value._is_eager:
        value.op.unconditional = True
    return value


def _forget_references(graph: FuncGraph) -> None:
    """Drops the handles of references that a function does not use any more: who reads its graph elsewhere knows none."""
    used = {id(t) for n in graph.operations for t in n.inputs} | {id(t) for t in graph.outputs}
    unused: set[int] = set()
    for key, (outer, inner) in list(graph.captures.items()):
        if (
            id(inner) not in used
            and not outer._is_eager
            and outer._dtype.kind == "r"
            and _of_reference(outer)
        ):
            del graph.captures[key]
            unused.add(id(inner))
    if unused:
        graph.inputs = [t for t in graph.inputs if id(t) not in unused]
        graph.operations[:] = [n for n in graph.operations if not n.outputs or id(n.outputs[0]) not in unused]


def _of_reference(handle: Any) -> bool:
    """Whether a handle, or what it was captured from, stands for a reference."""
    while handle.op.type == "Placeholder" and handle.graph.building_function:
        found = [o for o, inner in handle.graph.captures.values() if inner is handle]
        if not found or found[0]._is_eager:
            return False
        handle = found[0]
    return bool(handle.op.type == "VariableHandle")


def unify_inputs(graphs: Sequence[FuncGraph], n_arguments: int) -> list[Any]:
    """Gives branch graphs one common list of captures, and returns it."""
    common: dict[int, Any] = {}
    for g in graphs:
        for outer in g.external_captures:
            common.setdefault(id(outer), outer)
    for g in graphs:
        arguments = g.inputs[:n_arguments]
        inner = {id(o): i for o, i in g.captures.values() if i.op.op_def.name == "Placeholder"}
        g.inputs = arguments + [
            inner[key] if key in inner else g.placeholder(t._dtype, t._raw_shape, "unused")
            for key, t in common.items()
        ]
    return list(common.values())
