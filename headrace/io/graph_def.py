"""Graphs as `GraphDef` messages: what TensorBoard draws and TensorFlow reads."""

from __future__ import annotations

from typing import Any

import numpy as np

from headrace.core.dtypes import DType, from_numpy
from headrace.core.graph import FuncGraph, Graph, Operation

from .tensor_proto import make_tensor_proto, shape_proto

PRODUCER = 2474  # the version of TensorFlow 2.21's graphs, whose ops these are


def versions() -> Any:
    """The `VersionDef` of every message written here."""
    from headrace.proto import graph_pb2

    return graph_pb2.VersionDef(producer=PRODUCER)


def graph_def(graph: Graph, from_version: int | None = None, add_shapes: bool = False) -> Any:
    """The `GraphDef` of a graph, with the functions its nodes call.

    Args:
      from_version: leaves out the operations that were there when `graph.version` was this.
      add_shapes: also writes the shapes of outputs, as the attribute `_output_shapes`.

    >>> import headrace as tf
    >>> from headrace.io.graph_def import graph_def
    >>> f = tf.function(lambda x: tf.exp(x) + 1.0).get_concrete_function(tf.TensorSpec([None]))
    >>> [node.op for node in graph_def(f.graph).node]
    ['Placeholder', 'Exp', 'Const', 'AddV2', 'Identity']
    """
    from headrace.proto import graph_pb2

    message = graph_pb2.GraphDef()
    message.versions.producer = PRODUCER
    functions = Functions(message.library)
    for node in graph.operations[from_version:]:
        written = message.node.add()
        _write_node(written, node, functions, {})
        if add_shapes and node.outputs:
            shapes = [shape_proto(t._raw_shape) for t in node.outputs]
            written.attr["_output_shapes"].list.shape.extend(shapes)
    if any(node.op == "VariableHandle" for node in message.node):  # nobody else knows it
        from headrace.graphs.resources import taken_by_functions, with_resources

        nodes = with_resources(message.node, taken_by_functions(graph))
        del message.node[:]
        message.node.extend(nodes)
    return message


def node_def(node: Operation) -> Any:
    """The `NodeDef` of an operation. (The functions it calls are named as the graph's own `GraphDef` may name others.)"""
    from headrace.proto import graph_pb2

    message = graph_pb2.NodeDef()
    _write_node(message, node, Functions(graph_pb2.FunctionDefLibrary()), {})
    return message


class Functions:
    """The functions that a graph's nodes refer to, written as they are met."""

    def __init__(self, library: Any) -> None:
        self._library = library
        self._names: dict[int, str] = {}
        self._kept: list[FuncGraph] = []  # ids stay theirs while these live

    def name(self, graph: FuncGraph) -> str:
        found = self._names.get(id(graph))
        if found is None:
            plain = "".join([c if c.isalnum() or c in "_.-/" else "_" for c in graph.name])
            found = self._names[id(graph)] = f"__inference_{plain}_{len(self._names)}"
            self._kept.append(graph)
            definition = self._library.function.add()
            definition.signature.name = found
            self._define(definition, graph)
        return found

    def _define(self, definition: Any, graph: FuncGraph) -> None:
        signature = definition.signature
        names: dict[int, str] = {}  # of tensors, as nodes of a function refer to them
        taken: set[str] = set()
        for t in graph.inputs:
            names[id(t)] = _argument_name(t.op.name, taken)
            signature.input_arg.add(name=names[id(t)], type=t._dtype.as_datatype_enum)
        arguments = {id(t.op) for t in graph.inputs}
        nodes = [n for n in graph.operations if id(n) not in arguments]
        for node in nodes:
            for t, place in zip(node.outputs, _places(node)):
                names[id(t)] = f"{node.name}:{place}"
        for node in nodes:
            _write_node(definition.node_def.add(), node, self, names)
            if node.op_def.stateful and not node.outputs:
                definition.control_ret[node.name] = node.name
                signature.control_output.append(node.name)
        taken = set()
        for t in graph.outputs:
            if t._is_eager:  # the handle of a variable, returned by a branch as it is: it has no node
                continue
            name = _argument_name(t.op.name, taken)
            signature.output_arg.add(name=name, type=t._dtype.as_datatype_enum)
            definition.ret[name] = names[id(t)]
        signature.is_stateful = any(n.op_def.stateful for n in nodes)


def _argument_name(name: str, taken: set[str]) -> str:
    plain = (
        "".join([c if c.isalnum() and c.isascii() else "_" for c in name.lower()]).lstrip("_0123456789")
        or "x"
    )
    unique, i = plain, 0
    while unique in taken:
        i += 1
        unique = f"{plain}_{i}"
    taken.add(unique)
    return unique


def _places(node: Operation) -> list[str]:
    """`argument:index` of each output, as functions refer to them."""
    out: list[str] = []
    op = node.op_def
    for arg in op.signature.outputs:
        if arg.type_list_attr is not None:
            n = len(op.type_value(arg.type_list_attr, node.inputs, node.attrs))
        else:
            n = op.number_value(arg.number_attr, node.inputs, node.attrs) if arg.number_attr else 1
        out += [f"{arg.name}:{i}" for i in range(n)]
    # A call whose gradient was taken has more outputs than its attributes say.
    last = op.signature.outputs[-1].name if op.signature.outputs else ""
    return out + [f"{last}:{i}" for i in range(len(out), len(node.outputs))]


def _write_node(message: Any, node: Operation, functions: Functions, names: dict[int, str]) -> None:
    message.name, message.op, message.device = node.name, node.type, node.device
    for t in node.inputs:
        if not t._is_eager:
            plain = t.op.name if not t.value_index else f"{t.op.name}:{t.value_index}"
            message.input.append(names.get(id(t), plain))
    message.input.extend([f"^{c.name}" for c in node.control_inputs])
    op = node.op_def
    for name, value in {**_implied(node), **node.attrs}.items():
        if not name.startswith("_"):
            _write_attr(message.attr[name], name, value, op.attrs.get(name), functions)
    for name, value in node.private.items():
        if name == "_class":  # of operations that are there: some went into loops and branches on import
            there = node.graph._by_name
            value = [v for v in value if v[:5] != b"loc:@" or v[5:].decode() in there]
        if name != "_class" or value:
            _write_attr(message.attr[name], name, value, None, functions)


def public_attribute(node: Operation, name: str) -> Any:
    """The value of an attribute in TensorFlow's types.

    Raises:
      ValueError: there is none of that name.
    """
    values = {**_implied(node), **node.attrs, **node.private}
    if name not in values or (name.startswith("_") and name not in node.private):
        raise ValueError(
            f"Operation '{node.name}' has no attr named '{name}'. ({node.type} has {sorted(n for n in values if n[0] != '_')}.)"
        )
    value = values[name]
    if isinstance(value, (bool, int, float, DType, bytes)):
        return value
    if isinstance(value, str):
        return value.encode()
    plain = (bool, int, float, DType, str, bytes)
    if isinstance(value, (list, tuple)) and not _is_shape(name) and all(isinstance(v, plain) for v in value):
        return [v.encode() if isinstance(v, str) else v for v in value]
    message = node_def(node).attr[name]
    kind = message.WhichOneof("value")
    if kind != "list":
        return getattr(message, kind)
    return list(message.list.shape) or list(message.list.func)


def _implied(node: Operation) -> dict[str, Any]:
    """The attributes that the inputs decide."""
    op, out = node.op_def, {}
    for arg in op.signature.inputs:
        for name in (arg.type_attr, arg.type_list_attr):
            if name and name not in node.attrs:
                out[name] = op.type_value(name, node.inputs, node.attrs)
        if arg.number_attr and arg.number_attr not in node.attrs:
            out[arg.number_attr] = op.number_value(arg.number_attr, node.inputs, node.attrs)
    return out


def _is_shape(name: str) -> bool:
    return name == "shape" or name.endswith("_shape")


def _write_attr(message: Any, name: str, value: Any, default: Any, functions: Functions) -> None:
    if isinstance(value, np.ndarray) and (name == "value" or isinstance(default, np.ndarray)):
        message.tensor.CopyFrom(make_tensor_proto(value, from_numpy(value.dtype)))
    elif _is_shape(name) and not isinstance(value, bool):  # `validate_shape` is no shape
        message.shape.CopyFrom(shape_proto(value))
    elif isinstance(value, (list, tuple)):
        message.list.SetInParent()
        for item in value:
            _write_item(message.list, name, item, functions)
    elif isinstance(default, float) and isinstance(value, (int, float)):
        message.f = value
    else:
        field, content = _scalar(value, functions)
        if field == "func":
            message.func.name = content
        else:
            setattr(message, field, content)


def _write_item(message: Any, name: str, item: Any, functions: Functions) -> None:
    if name == "shapes" or name.endswith("_shapes"):
        message.shape.append(shape_proto(item))
        return
    field, content = _scalar(item, functions)
    if field == "func":
        message.func.add(name=content)
    else:
        getattr(message, field).append(content)


def _scalar(value: Any, functions: Functions) -> tuple[str, Any]:
    """The field of `AttrValue` for a value, and what to put there."""
    if isinstance(value, DType):
        return "type", value.as_datatype_enum
    if isinstance(value, FuncGraph):
        return "func", functions.name(value)
    if hasattr(value, "function_graph"):
        return "func", functions.name(value.function_graph())
    if isinstance(value, (bool, np.bool_)):
        return "b", bool(value)
    if isinstance(value, (int, np.integer)):
        return "i", int(value)
    if isinstance(value, (float, np.floating)):
        return "f", float(value)
    return "s", value if isinstance(value, bytes) else str(value).encode()


__all__ = ["graph_def"]
