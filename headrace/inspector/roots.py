"""What a graph computes, where nobody says what is wanted of it: its training steps, and results that nothing else uses.

Graphs are full of ends that no run of the program asks for: initialisers, savers, reads of variables, gradients of what is not
trained. They are told by what they are made of, not by their names (but for what gradients leave behind)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from headrace.core.graph import CONST, FuncGraph, Graph, Operation

VARIABLES = frozenset({"VarHandleOp", "VariableV2", "Variable"})
READS = frozenset({"Identity", "ReadVariableOp"})
_SAVING = frozenset(
    {
        "MergeV2Checkpoints",
        "Restore",
        "RestoreSlice",
        "RestoreV2",
        "Save",
        "SaveSlices",
        "SaveV2",
        "ShardedFilename",
    }
)
_ASKING = frozenset({"IsVariableInitialized", "VarIsInitializedOp"})
_PREPARING = re.compile(r"InitializeTable|LookupTableImport|QueueClose|IteratorToStringHandle|MakeIterator")
_WRITING = re.compile(r"Assign|(Resource)?(Sparse)?Apply|(Resource)?Scatter(?!Nd$|NdNonAliasing)|CountUpTo")
_STARTING = frozenset({"Assign", "AssignVariableOp"})  # give variables their first values, or new ones
_GRADIENTS = re.compile(r"(^|/)gradients(_\d+)?/")


def roots(graph: Graph, outputs: Sequence[Any] | None) -> list[Any]:
    """Tensors and operations: those asked for, or the graph's results.

    Raises:
      ValueError: one is not in the graph."""
    if outputs is not None:
        try:
            return [graph.as_graph_element(o) for o in outputs]
        except KeyError as error:
            raise ValueError(str(error.args[0])) from None
    if isinstance(graph, FuncGraph):
        effects = [n for n in graph.operations if n.op_def.stateful and n.type != "Placeholder"]
        return [t for t in graph.outputs if t is not None and not t._is_eager] + effects
    return [n.outputs[0] if len(n.outputs) == 1 else n for n in _results(graph)]


def _results(graph: Graph) -> list[Operation]:
    used = {id(t.op) for n in graph.operations for t in n.inputs}
    used |= {id(c) for n in graph.operations for c in n.control_inputs}
    ends = [n for n in graph.operations if id(n) not in used and n.type != "Placeholder"]
    kinds = _Kinds(graph.operations)
    found = [n for n in ends if kinds.is_result(n)]
    steps = [n for n in found if id(n) in kinds.updating]
    if steps:
        found = [n for n in found if id(n) in kinds.updating or not _GRADIENTS.search(n.name)]
    return found or ends


class _Kinds:
    """What operations are made of: ids of those that depend on a saver, on a value that is fed or learnt, on an update."""

    def __init__(self, nodes: Sequence[Operation]) -> None:
        self.aside: set[int] = set()
        self.fed: set[int] = set()
        self.updating: set[int] = set()
        for n in nodes:
            before = {id(t.op) for t in n.inputs}
            all_before = before | {id(c) for c in n.control_inputs}
            if n.type in _SAVING or n.type in _ASKING or all_before & self.aside:
                self.aside.add(id(n))
            # The variable that is written is no part of the value.
            values = {id(t.op) for t in n.inputs[1:]} if n.type in _STARTING else before
            if n.type == "Placeholder" or n.type in VARIABLES or values & self.fed:
                self.fed.add(id(n))
            if (_writes(n) and (n.type not in _STARTING or values & self.fed)) or all_before & self.updating:
                self.updating.add(id(n))

    def is_result(self, node: Operation) -> bool:
        if id(node) in self.aside or node.op_def is CONST or node.type in VARIABLES:
            return False
        if node.type in READS and node.inputs[0].op.type in VARIABLES:
            return False
        if node.type == "NoOp" or _writes(node):
            return id(node) in self.updating
        return _PREPARING.match(node.type) is None


def _writes(node: Operation) -> bool:
    return bool(node.inputs) and node.op_def.stateful and _WRITING.match(node.type) is not None
