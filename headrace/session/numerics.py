"""Checks for NaN and infinity in what a session runs (`tf.debugging.enable_check_numerics`)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from headrace.compiler.lower import needed
from headrace.core.graph import FuncGraph, Operation
from headrace.ops.functional import inner_graphs


def with_checks(nodes: Sequence[Operation], observer: Any) -> list[Operation]:
    """The nodes, each followed by the checks of its results; functions, branches and loops have theirs inside."""
    out: list[Operation] = []
    for node in nodes:
        node = _checked_inside(node, observer)
        out += [node, *observer.behind(node)]
    return out


def _checked_inside(node: Operation, observer: Any) -> Operation:
    """A stand-in for a node that runs graphs, with checks in them. It has the same outputs."""
    if not inner_graphs(node):
        return node

    def checked(value: Any, name: str) -> Any:
        if isinstance(value, FuncGraph):
            return (
                value if name == "cond" else _checked_graph(value, observer)
            )  # a condition has no place for checks
        if isinstance(value, (list, tuple)):
            return type(value)([checked(v, name) for v in value])
        return value

    attrs = {name: checked(value, name) for name, value in node.attrs.items()}
    other = Operation(node.graph, node.op_def, node.name, node.inputs, attrs, node.control_inputs)
    other._site, other.outputs = node._site, node.outputs
    return other


def _checked_graph(graph: FuncGraph, observer: Any) -> FuncGraph:
    nodes = needed(graph, graph.outputs)
    if any(n.type == "CheckNumericsV2" for n in nodes):  # it was traced with its checks
        return graph
    view = FuncGraph(graph.name)
    view.outer = graph.outer
    view.inputs, view.outputs, view.captures = graph.inputs, graph.outputs, graph.captures
    view.operations = with_checks(nodes, observer)
    view.memo["pruned"] = True
    if "before_stacks" in graph.memo:
        view.memo["before_stacks"] = _checked_graph(graph.memo["before_stacks"], observer)
    return view
