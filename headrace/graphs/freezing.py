"""Variables of a graph as constants: what reads them takes the constant, also inside of functions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from headrace.core import dtypes
from headrace.io.tensor_proto import make_tensor_proto
from headrace.proto import graph_pb2

from .nodes import signature_of
from .references import counterpart

PASS = frozenset(
    [
        "Identity",
        "Switch",
        "RefSwitch",
        "Enter",
        "RefEnter",
        "Exit",
        "RefExit",
        "Merge",
        "RefMerge",
        "NextIteration",
        "RefNextIteration",
        "RefIdentity",
    ]
)
CALLS = {"PartitionedCall": "f", "StatefulPartitionedCall": "f"}
BRANCHES = {"If": 1, "StatelessIf": 1, "Case": 1, "StatelessCase": 1}  # inputs before those of the branches
LOOPS = frozenset({"While", "StatelessWhile"})


class Freezer:
    """Makes constants of some variables of a graph.

    Args:
      graph_def: the graph.
      values: by the names of the variables' nodes.
    """

    def __init__(self, graph_def: Any, values: Mapping[str, Any]) -> None:
        self.graph, self.values = graph_def, values
        self.library = {f.signature.name: f for f in graph_def.library.function}
        self.made: dict[Any, str] = {}
        self.out = graph_pb2.GraphDef()

    def freeze(self) -> Any:
        """The new graph."""
        self.out.versions.CopyFrom(self.graph.versions)
        self.out.library.CopyFrom(self.graph.library)
        types: dict[str, int] = {}
        for node in self.graph.node:
            if node.name in self.values:
                types[node.name] = node.attr["dtype"].type
        for node in self._nodes(self.graph.node, types, self.values):
            self.out.node.add().CopyFrom(node)
        return self.out

    def _nodes(self, nodes: Any, types: dict[str, int], values: Mapping[str, Any]) -> list[Any]:
        """Nodes with constants in the place of variables. `types` are those of the values, by the names of what gives them;
        names of what passes them on are added."""
        found = True
        while found:  # until nothing more passes a variable on (in loops, that is not the order of the nodes)
            found = False
            for node in nodes:
                source = _source(node.input[0]) if node.input else None
                if node.op in PASS and node.name not in types and source in types:
                    types[node.name], found = types[source], True
        out: list[Any] = []
        for node in nodes:
            if node.name in values:
                out.append(_constant(node, values[node.name]))
                continue
            copy = graph_pb2.NodeDef()
            copy.CopyFrom(node)
            taken = {
                i: types[_source(t)] for i, t in enumerate(node.input) if t[0] != "^" and _source(t) in types
            }
            if taken:
                out += self._taker(copy, taken)
            out.append(copy)
        return out

    def _taker(self, node: Any, taken: Mapping[int, int]) -> list[Any]:
        """Changes a node that takes variables (by input: the type of the value); returns nodes that must come before it."""
        if node.op in PASS:
            node.op = node.op.removeprefix("Ref")
            node.attr["T"].type = taken[0]
        elif node.op == "ReadVariableOp":
            node.op = "Identity"
            _keep(node, {"T": taken[0]})
        elif node.op == "VariableShape":
            node.op = "Shape"
            _keep(node, {"T": taken[0]}, ("out_type",))
        elif node.op == "ResourceGather":
            node.op = "GatherV2"
            axis = _constant_node(f"{node.name}/axis", np.asarray(0, np.int32))
            node.input.insert(2, axis.name)
            _keep(
                node,
                {"Tparams": taken[0], "Taxis": dtypes.int32.as_datatype_enum},
                ("Tindices", "batch_dims"),
            )
            return [axis]
        elif node.op == "ResourceGatherNd":
            node.op = "GatherNd"
            _keep(node, {"Tparams": taken[0]}, ("Tindices",))
        elif node.op in CALLS:
            self._list_types(node, "Tin", taken, 0)
            node.attr["f"].func.name = self._function(node.attr["f"].func.name, taken)
        elif node.op in BRANCHES:
            shift = BRANCHES[node.op]
            inner = {i - shift: t for i, t in taken.items()}
            self._list_types(node, "Tin", inner, 0)
            functions = [node.attr[n].func for n in ("then_branch", "else_branch") if n in node.attr]
            for function in functions or node.attr["branches"].list.func:
                function.name = self._function(function.name, inner)
        elif node.op in LOOPS:
            self._list_types(node, "T", taken, 0)
            for name in ("cond", "body"):
                node.attr[name].func.name = self._function(node.attr[name].func.name, taken, name == "body")
        elif counterpart(node.op) is not None or _takes_resource(node.op):
            raise ValueError(
                f"{node.name!r} ({node.op}) needs a variable that becomes a constant: leave it out of the outputs, or the variable "
                "out of those to convert."
            )
        return []

    @staticmethod
    def _list_types(node: Any, name: str, taken: Mapping[int, int], shift: int) -> None:
        types = node.attr[name].list.type
        for i, t in taken.items():
            types[i + shift] = t

    def _function(self, name: str, taken: Mapping[int, int], loops: bool = False) -> str:
        """The name of a copy of a function that takes values in the place of some handles."""
        key = name, tuple(sorted(taken.items()))
        if key in self.made:
            return self.made[key]
        copy = graph_pb2.FunctionDef()
        copy.CopyFrom(self.library[name])
        copy.signature.name = self.made[key] = f"{name}_frozen_{len(self.made)}"
        types: dict[str, int] = {}
        for i, t in taken.items():
            argument = copy.signature.input_arg[i]
            argument.type = t
            del argument.handle_data[:]
            types[argument.name] = t
            if i in copy.arg_attr:
                del copy.arg_attr[i]
            if i in copy.resource_arg_unique_id:
                del copy.resource_arg_unique_id[i]
            if loops:
                copy.signature.output_arg[i].type = t
        nodes = self._nodes(self.library[name].node_def, types, {})
        del copy.node_def[:]
        renamed = {"ReadVariableOp": ":value:", "VariableShape": ":output:", "ResourceGather": ":output:"}
        old = {n.name: n.op for n in self.library[name].node_def}
        new = {n.name: n.op for n in nodes}
        changed = {n: renamed[op] for n, op in old.items() if op in renamed and new[n] != op}
        for node in nodes:
            texts = [_after(t, changed) for t in node.input]
            del node.input[:]
            node.input.extend(texts)
        copy.node_def.extend(nodes)
        for key_, text in list(copy.ret.items()):
            copy.ret[key_] = _after(text, changed)
        self.out.library.function.add().CopyFrom(copy)
        return copy.signature.name


def _after(text: str, changed: Mapping[str, str]) -> str:
    """A reference inside a function to an output of a node whose op, and so the output's name, has changed."""
    name, _, rest = text.partition(":")
    return f"{name}:output:{rest.rpartition(':')[2]}" if rest and name in changed else text


def _takes_resource(op: str) -> bool:
    signature = signature_of(op)
    return signature is not None and any(a.dtype is dtypes.resource for a in signature.inputs)


def _source(text: str) -> str:
    return text.removeprefix("^").partition(":")[0]


def _keep(node: Any, types: Mapping[str, int], names: tuple[str, ...] = ()) -> None:
    for name in list(node.attr):
        if name not in names and name[0] != "_":
            del node.attr[name]
    for name, t in types.items():
        node.attr[name].type = t


def _constant(node: Any, value: Any) -> Any:
    new = _constant_node(node.name, np.asarray(value), node.attr["dtype"].type)
    new.device = node.device
    return new


def _constant_node(name: str, value: Any, enum: int | None = None) -> Any:
    dtype = dtypes.from_numpy(value.dtype) if enum is None else dtypes._BY_ENUM[enum % 100]
    node = graph_pb2.NodeDef(name=name, op="Const")
    node.attr["dtype"].type = dtype.as_datatype_enum
    node.attr["value"].tensor.CopyFrom(make_tensor_proto(value, dtype))
    return node


__all__ = ["Freezer"]
