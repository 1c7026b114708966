"""The walk over a graph that applies the rules, and what the rules may ask."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from headrace.compiler.lower import needed
from headrace.core.dtypes import DType
from headrace.core.graph import CONST, FuncGraph, Operation
from headrace.core.op import lookup
from headrace.core.tensor import SymbolicTensor
from headrace.ops.counters import inside
from headrace.ops.functional import inner_graphs

from .options import Passes


class Rewriter:
    """Builds the optimised graph. `values` says which tensor is taken in the place of another."""

    def __init__(self, graph: FuncGraph, passes: Passes) -> None:
        from . import fold, inline, merge, rows, simplify

        self.graph, self.passes = graph, passes
        self.view = FuncGraph(graph.name)
        self.view.outer = graph.outer
        self.nodes: list[Operation] = []
        self.values: dict[int, Any] = {}
        self.waits: dict[int, list[Operation]] = {}  # what comes in the place of a node that others wait for
        self.merged: dict[Any, Operation] = {}
        self.outputs = {id(t) for t in graph.outputs if t is not None}
        for t in graph.inputs:
            if t.op.op_def is CONST:  # a session is fed another value
                self.values[id(t)] = _unknown(self.view, t)
        self.inlining = 0
        self.call: Any = None  # the one that is being taken apart
        # Of a call that was taken apart: what waits for it waits for these.
        self.effects: list[Operation] = []
        self.rules = [
            rule
            for wanted, rule in (
                (True, rows.of_sums),
                (passes.strip, simplify.stripped),
                (passes.inline, inline.inline),
                (passes.fold or passes.shapes, fold.fold),
                (passes.simplify, simplify.simplify),
                (passes.merge, merge.merge),
            )
            if wanted
        ]

    def result(self) -> FuncGraph:
        from .dead import asked, live

        graph, view = self.graph, self.view
        before = [n for n in needed(graph, graph.outputs) if n.type != "Placeholder"]
        for node in before:
            self.visit(node)
        view.inputs = [self.replaced(t) for t in graph.inputs]
        view.captures, view.variables = graph.captures, graph.variables
        view.outputs = [self.replaced(t) for t in graph.outputs]
        nodes = self.nodes
        if self.passes.dead:
            nodes = live(nodes, view.outputs, asked(before))
        if nodes == before:
            return graph
        view.operations = nodes
        view.memo["pruned"] = True
        return view

    def replaced(self, t: Any) -> Any:
        while t is not None and (found := self.values.get(id(t))) is not None:
            t = found
        return t

    def visit(self, node: Operation, control: Sequence[Operation] = ()) -> None:
        """Takes the next node: applies the rules to it, or keeps it."""
        original = node
        inputs = [self.replaced(t) for t in node.inputs]
        before = [
            *dict.fromkeys([w for c in node.control_inputs for w in self.waits.get(id(c), (c,))]),
            *control,
        ]
        if (
            self.inlining
            or any(a is not b for a, b in zip(inputs, node.inputs))
            or before != list(node.control_inputs)
        ):
            node = stand_in(self.view, node, inputs, before)
            if self.call is not None:
                node.__dict__["_in_place_of"] = inside(self.call, original)
        for rule in self.rules:
            self.effects = []
            found = rule(self, node)
            if found is not None:
                for t, new in zip(original.outputs, found):
                    self.values[id(t)] = new
                self.waits[id(original)] = list(dict.fromkeys([*self.effects, *[t.op for t in found]]))
                return
        if node is not original:
            for t, new in zip(original.outputs, node.outputs):
                self.values[id(t)] = new
            self.waits[id(original)] = [node]
        self.nodes.append(node)

    def is_output(self, node: Operation) -> bool:
        """Whether the node's own results are asked for: they then stay its own."""
        return any(id(t) in self.outputs for t in standing_for(node).outputs)

    def own(self, node: Operation, values: Sequence[Any]) -> list[Any]:
        """The values as results of nodes, all of them different: what a graph returns."""
        given = {id(t) for t in self.graph.inputs}
        out: list[Any] = []
        for t in values:
            if id(t) in given or any(t is o for o in out):
                copy = blank(self.view, lookup("Identity"), node, (t,), ())
                copy.outputs = [SymbolicTensor(copy, 0, t._dtype, t._raw_shape)]
                self.nodes.append(copy)
                t = copy.outputs[0]
            out.append(t)
        return out

    def constant(self, node: Operation, array: np.ndarray, dtype: DType) -> SymbolicTensor:
        """A known value as the output of a constant, under the name and line of the node that computed it."""
        other = blank(self.view, CONST, node, (), ())
        other.attrs = {"value": array, "dtype": dtype}
        other.outputs = [SymbolicTensor(other, 0, dtype, array.shape)]
        self.nodes.append(other)
        return other.outputs[0]


def known(t: Any) -> np.ndarray | None:
    """A tensor's value, if it is a constant."""
    return t._host() if t._is_eager else t.op.attrs["value"] if t.op.op_def is CONST else None


def _unknown(graph: FuncGraph, t: Any) -> SymbolicTensor:
    """An input in the place of a constant."""
    placeholder = blank(graph, lookup("Placeholder"), t.op, (), ())
    placeholder.attrs = {"dtype": t._dtype, "shape": t._raw_shape}
    placeholder.outputs = [SymbolicTensor(placeholder, 0, t._dtype, t._raw_shape)]
    return placeholder.outputs[0]


def pure(node: Operation) -> bool:
    """Whether a node does nothing but compute its outputs, always the same ones: it may be computed once, or elsewhere."""
    op = node.op_def
    return not (
        op.stateful
        or op.reenters
        or node.control_inputs
        or "seed2" in op.attrs
        or any(t._dtype.kind in "rv" for t in node.outputs)
        or inner_graphs(node)
    )


def stand_in(
    graph: FuncGraph, node: Operation, inputs: Sequence[Any], control: Sequence[Operation]
) -> Operation:
    """The node on other inputs, under its own name and line."""
    other = blank(graph, node.op_def, node, inputs, control)
    other.attrs = node.attrs
    other.outputs = []
    for t in node.outputs:
        new = SymbolicTensor(other, t.value_index, t._dtype, t._raw_shape)
        for key in ("_handle_data", "_static"):
            if key in t.__dict__:
                new.__dict__[key] = t.__dict__[key]
        other.outputs.append(new)
    other.__dict__["_stands_for"] = node
    other.__dict__["_in_place_of"] = node.__dict__.get("_in_place_of", node)
    return other


def standing_for(node: Operation) -> Operation:
    """The node of the given graph that this one is in the place of."""
    return node.__dict__.get("_stands_for", node)


def blank(
    graph: FuncGraph, op: Any, node: Operation, inputs: Sequence[Any], control: Sequence[Operation]
) -> Operation:
    other = Operation(graph, op, node.name, inputs, {}, control)
    other.__dict__.update(node.__dict__)
    other._site, other._device = node._site, node._device
    return other
