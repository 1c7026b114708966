"""Graphs with references, written for others: variables that functions take become resources.

Inside of functions (branches and loops that change a variable) variables are handles, and TensorFlow has no handle of a
reference. Such variables, and those that one operation changes together with them, are written as resource variables under
the same names; all others as they are."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from headrace.core.graph import Graph, Operation
from headrace.core.op import TABLE, OpDef, lookup
from headrace.proto import graph_pb2

HANDLE = "VariableHandle"
SHAPES = "_output_shapes"


def taken_by_functions(graph: Graph) -> frozenset[str]:
    """The names of the variables that are references here, and resources for others."""
    state = len(graph.operations), graph.revision
    known = graph.__dict__.get("_taken_by_functions")
    if known is None or known[0] != state:
        known = graph.__dict__["_taken_by_functions"] = state, _taken(graph)
    names: frozenset[str] = known[1]
    return names


def _taken(graph: Graph) -> frozenset[str]:
    used = {id(t.op) for n in graph.operations for t in n.inputs if not t._is_eager and t.op.type == HANDLE}
    found = {_variable(n).name for n in graph.operations if n.type == HANDLE and id(n) in used}
    together = []
    if found:
        for n in graph.operations:
            if n.op_def.on_handle is not None and n.inputs:
                kinds = n.op_def.on_handle.signature.inputs
                together.append({_variable(t.op).name for t, a in zip(n.inputs, kinds) if _is_handle(a)})
    grown = True
    while grown:
        grown = False
        for names in together:
            if names & found and not names <= found:
                found |= names
                grown = True
    return frozenset(found)


def _variable(node: Operation) -> Operation:
    """The variable behind a node that gives a reference."""
    while node.inputs:
        node = node.inputs[0].op
    return node


def _is_handle(arg: Any) -> bool:
    return arg.dtype is not None and arg.dtype.kind == "r"


def with_resources(nodes: Iterable[Any], names: frozenset[str]) -> list[Any]:
    """The messages of a graph's nodes, those of `names` and what takes them in their forms for resources."""
    writer = _Writer(names)
    for node in nodes:
        writer.add(node)
    return writer.nodes


class _Writer:
    def __init__(self, names: frozenset[str]) -> None:
        self.names = names
        self.nodes: list[Any] = []
        self.references: dict[str, str] = {}  # what gives a reference: the variable's name
        self.aliases: dict[str, str] = {}  # what passes a reference on by value: the reference
        self.handles: dict[str, str] = {}  # what gives a handle: what it is the handle of
        self.dtypes: dict[str, int] = {}  # of the variables

    def add(self, node: Any) -> None:
        op = TABLE.get(node.op)
        source = _name(node.input[0]) if node.input else ""
        of = self.references.get(source)
        if node.name in self.names:
            self.references[node.name], self.dtypes[node.name] = node.name, node.attr["dtype"].type
            node.op = "VarHandleOp"
            node.attr.pop(SHAPES, None)
            node.attr["shared_name"].s = node.attr["shared_name"].s or node.name.encode()
        elif node.op == HANDLE:
            self.handles[node.name] = source
            return
        elif of is not None and node.op in ("Identity", "RefIdentity"):
            self.aliases[node.name] = source
            if node.op == "RefIdentity":
                self.references[node.name] = of
            self._change(node, lookup("ReadVariableOp"), of)
        elif of is not None and op is not None and op.on_handle is not None:
            if op.refers:
                self.references[node.name] = of
            self._change(node, op.on_handle, of)
        else:
            self._take(node, [])
        self.nodes.append(node)

    def _change(self, node: Any, op: OpDef, variable: str) -> None:
        """The op on handles in the place of one on references."""
        args = (*op.signature.inputs, *op.signature.outputs)
        self._take(node, [_is_handle(a) for a in op.signature.inputs])
        node.op = op.name
        types = {a.type_attr for a in args if a.type_attr}
        for name in list(node.attr):
            # (Whether shapes are compared is another question for resources, which older readers do not know.)
            kept = (name in op.attrs and name != "validate_shape") or name in types or name[0] == "_"
            if not kept or (name == SHAPES and not op.signature.outputs):
                del node.attr[name]
        for name in ("T", "dtype"):
            if name in types or name in op.attrs:
                node.attr[name].type = self.dtypes[variable]

    def _take(self, node: Any, as_handles: Sequence[bool]) -> None:
        """Gives a node the handles that it takes, and reads in the place of references whose values it takes."""
        controls, inputs, waits = [t for t in node.input if t[0] == "^"], [], []
        for i, text in enumerate([t for t in node.input if t[0] != "^"]):
            source = _name(text)
            if controls and source in self.aliases:  # the value that is there then, not when it was passed on
                source = self.aliases[source]
            wants = source in self.handles or (i < len(as_handles) and as_handles[i])
            source = self.handles.get(source, source)
            variable = self.references.get(source)
            if variable is None:
                inputs.append(text)
            elif wants:
                inputs.append(variable)
                waits += [f"^{source}"] if source != variable else []
            else:
                inputs.append(self._read(f"{node.name}/read_{i}", source, variable, controls))
        del node.input[:]
        node.input.extend([*inputs, *dict.fromkeys([*controls, *waits])])

    def _read(self, name: str, source: str, variable: str, controls: Sequence[str]) -> str:
        read = graph_pb2.NodeDef(name=name, op="ReadVariableOp")
        read.attr["dtype"].type = self.dtypes[variable]
        waits = [f"^{source}"] if source != variable else []
        read.input.extend([variable, *dict.fromkeys([*controls, *waits])])
        self.nodes.append(read)
        return name


def _name(text: str) -> str:
    return text.removeprefix("^").partition(":")[0]


__all__ = ["taken_by_functions", "with_resources"]
