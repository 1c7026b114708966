"""Graphs inside of ops that can be taken out of them: the one branch that a known predicate chooses, and functions with
ops that run on the host, which would otherwise take their whole call there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from headrace.compiler.lower import needed
from headrace.compiler.plan import runs_on_host
from headrace.core.graph import FuncGraph, Operation
from headrace.ops.counters import original
from headrace.ops.functional import branches_of, inner_graphs

from .rewriter import known

if TYPE_CHECKING:
    from .rewriter import Rewriter

_CALLS = frozenset({"PartitionedCall", "StatefulPartitionedCall"})
_CONDITIONALS = frozenset({"Case", "If", "StatelessCase", "StatelessIf"})
DEPTH = 32  # of calls within calls


def inline(r: Rewriter, node: Operation) -> list[Any] | None:
    if node.type in _CONDITIONALS:
        predicate = known(node.inputs[0])
        if predicate is None or predicate.size != 1 or predicate.dtype.kind not in "biu":
            return None
        branches = branches_of(node.attrs)
        value = predicate.reshape(())[()]
        i = (0 if value else 1) if predicate.dtype.kind == "b" else int(value)
        graph = branches[i if 0 <= i < len(branches) else len(branches) - 1]
        return _taken_out(r, node, graph, node.inputs[1:])
    if node.type in _CALLS and has_host_ops(node.attrs["f"]):
        return _taken_out(r, node, node.attrs["f"], node.inputs)
    return None


def _taken_out(r: Rewriter, node: Operation, graph: FuncGraph, arguments: Any) -> list[Any] | None:
    if r.inlining >= DEPTH or any(t is None or t._is_eager for t in graph.outputs):
        return None
    for t, a in zip(graph.inputs, arguments, strict=True):
        r.values[id(t)] = a
    start = len(r.nodes)
    call = r.call
    if node.type in _CALLS:
        r.call = original(node)
    r.inlining += 1
    for n in needed(graph, graph.outputs):
        if n.type == "Placeholder":
            continue
        # A graph that is called twice is walked twice: what its nodes became the first time is not what they are now.
        for t in n.outputs:
            r.values.pop(id(t), None)
        r.waits.pop(id(n), None)
        r.visit(n, node.control_inputs if n.op_def.stateful else ())
    r.inlining, r.call = r.inlining - 1, call
    results = [r.replaced(t) for t in graph.outputs]
    r.effects = [n for n in r.nodes[start:] if n.op_def.stateful]
    return r.own(node, results) if r.is_output(node) else results


def has_host_ops(graph: FuncGraph) -> bool:
    """Whether some op of the graph, or of those it runs, is one that XLA cannot hold."""
    found = graph.memo.get("has_host_ops")
    if found is None or found[0] != graph.revision:
        has = any(
            (n.type != "Placeholder" and runs_on_host(n)) or any(map(has_host_ops, inner_graphs(n)))
            for n in graph.operations
        )
        found = graph.memo["has_host_ops"] = graph.revision, has
    return bool(found[1])
