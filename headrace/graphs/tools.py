"""Tools that take graphs apart, as messages: freeze variables, cut out what some nodes need, leave out what training needs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from headrace.core.graph import Graph, Operation
from headrace.core.shapes import TensorShape
from headrace.proto import graph_pb2

from .freezing import Freezer
from .reading import as_message

VARIABLES = frozenset({"Variable", "VariableV2", "VarHandleOp"})
ON_CPU = frozenset(
    [
        "Assign",
        "AssignAdd",
        "AssignSub",
        "Queue",
        "ScatterAdd",
        "ScatterSub",
        "ScatterUpdate",
        "TruncatedNormal",
        "Variable",
        "VariableV2",
    ]
)
INT32, STRING = 3, 7  # numbers of types in messages


def _graph_def(graph_def: Any, name: str = "graph_def") -> Any:
    try:
        return as_message(graph_def)
    except TypeError:
        raise TypeError(
            f"{name} must be a graph_pb2.GraphDef proto, but got type {type(graph_def)}."
        ) from None


def source_of(text: str) -> str:
    """The name of the node that an input comes from."""
    return text.removeprefix("^").partition(":")[0]


def extract_sub_graph(graph_def: Any, dest_nodes: Iterable[str]) -> Any:
    """The part of a graph that some nodes need, themselves included.

    Raises:
      TypeError: `graph_def` is no GraphDef, or `dest_nodes` is a single string.
      AssertionError: a name is not in the graph.

    >>> import headrace as tf
    >>> with tf.Graph().as_default() as graph:
    ...     a = tf.constant(1.0, name="a")
    ...     b, c = tf.exp(a, name="b"), tf.sin(a, name="c")
    >>> [n.name for n in tf.compat.v1.graph_util.extract_sub_graph(graph.as_graph_def(), ["b"]).node]
    ['a', 'b']
    """
    full = _graph_def(graph_def)
    if isinstance(dest_nodes, (str, bytes)):
        raise TypeError(f"dest_nodes must be an iterable of strings, but got type {type(dest_nodes)}.")
    nodes = {n.name: n for n in full.node}
    wanted: set[str] = set()
    stack = []
    for name in dest_nodes:
        if name not in nodes:
            raise AssertionError(f"{name} is not in graph")
        stack.append(name)
    while stack:
        name = stack.pop()
        if name not in wanted and name in nodes:
            wanted.add(name)
            stack.extend([source_of(text) for text in nodes[name].input])
    out = graph_pb2.GraphDef()
    out.node.extend([n for n in full.node if n.name in wanted])
    out.library.CopyFrom(full.library)
    out.versions.CopyFrom(full.versions)
    return out


def remove_training_nodes(input_graph: Any, protected_nodes: Sequence[str] | None = None) -> Any:
    """The graph without Identity and CheckNumerics nodes: what takes their value takes their input.

    Args:
      protected_nodes: names of nodes that stay, such as those that will be fetched.
    """
    full = _graph_def(input_graph, "input_graph")
    kept = set(protected_nodes or ())
    nodes = {n.name: n for n in full.node}
    waited_for = {source_of(t) for n in full.node for t in n.input if t.startswith("^")}
    gone = {
        n.name: n.input[0]
        for n in full.node
        if n.op in ("Identity", "CheckNumerics")
        and n.name not in kept
        and n.input
        and not any(t.startswith("^") for t in n.input)
        and not (n.op == "Identity" and n.name in waited_for)
        and not (n.op == "Identity" and nodes.get(source_of(n.input[0]), n).op in ("Switch", "RefSwitch"))
    }
    out = graph_pb2.GraphDef()
    for node in full.node:
        if node.name in gone:
            continue
        copy = out.node.add()
        copy.CopyFrom(node)
        del copy.input[:]
        for text in node.input:
            if text.startswith("^") and source_of(text) in gone:
                continue  # a check
            while not text.startswith("^") and source_of(text) in gone:
                text = gone[source_of(text)]
            copy.input.append(text)
    out.library.CopyFrom(full.library)
    out.versions.CopyFrom(full.versions)
    return out


def must_run_on_cpu(node: Any, pin_variables_on_cpu: bool = False) -> bool:
    """Whether a node must be on a CPU because of its type: strings, 32-bit integers, and variables if asked for.

    Args:
      node: an operation or a NodeDef.

    Raises:
      ValueError: it is neither.
    """
    if (
        not isinstance(node, Operation)
        and getattr(getattr(node, "DESCRIPTOR", None), "name", "") != "NodeDef"
    ):
        raise ValueError(f"node must be a tf.Operation or a NodeDef, received {type(node).__name__}.")
    message = node.node_def if isinstance(node, Operation) else node
    if pin_variables_on_cpu and message.op in ON_CPU:
        return True
    if message.op == "Const":
        return message.attr["dtype"].type in (STRING, INT32)
    if message.op in ("DynamicStitch", "ParallelDynamicStitch"):
        return message.attr["T"].type == INT32
    if message.op == "Cast":
        return message.attr["SrcT"].type == INT32
    return False


def tensor_shape_from_node_def_name(graph: Graph, input_name: str) -> TensorShape:
    """The shape of a tensor of a graph by name (`"a"` is `"a:0"`)."""
    return graph.get_tensor_by_name(input_name if ":" in input_name else f"{input_name}:0").shape


def convert_variables_to_constants(
    sess: Any, input_graph_def: Any, output_node_names: Sequence[str],
    variable_names_whitelist: Iterable[str] | None = None, variable_names_blacklist: Iterable[str] | None = None,
) -> Any:  # fmt: skip
    """The part of a graph that some nodes need, with its variables as constants of the values they have in a session.

    Args:
      sess: a session of the graph.
      input_graph_def: the graph.
      output_node_names: names of the nodes (without `:0`) to keep.
      variable_names_whitelist: only these variables become constants.
      variable_names_blacklist: these variables do not.

    Raises:
      AssertionError: an output is not in the graph.
      FailedPreconditionError: a variable has no value in the session.
      ValueError: something is done with a variable that cannot be done with a constant.

    >>> import headrace as tf
    >>> v1 = tf.compat.v1
    >>> with tf.Graph().as_default() as graph, v1.Session() as sess:
    ...     v = v1.get_variable("v", initializer=2.0)
    ...     y = tf.multiply(v, 3.0, name="y")
    ...     sess.run(v.initializer)
    ...     frozen = v1.graph_util.convert_variables_to_constants(sess, graph.as_graph_def(), ["y"])
    >>> [n.op for n in frozen.node]
    ['Const', 'Identity', 'Const', 'Mul']
    """
    part = extract_sub_graph(input_graph_def, output_node_names)
    only = None if variable_names_whitelist is None else set(variable_names_whitelist)
    not_these = set(variable_names_blacklist or ())
    names = [
        n.name
        for n in part.node
        if n.op in VARIABLES and (only is None or n.name in only) and n.name not in not_these
    ]
    values = dict(zip(names, sess.run([_value(sess.graph, name) for name in names]))) if names else {}
    return Freezer(part, values).freeze()


def _value(graph: Graph, name: str) -> Any:
    """The tensor with the value of a variable."""
    from headrace.core.op import lookup

    op = graph.get_operation_by_name(name)
    if op.type != "VarHandleOp":
        return op.outputs[0]
    handle = op.outputs[0]
    for node in graph.operations:
        if node.type == "ReadVariableOp" and node.inputs[0] is handle and not node.control_inputs:
            return node.outputs[0]
    with graph.as_default(), graph.control_dependencies(None):
        return lookup("ReadVariableOp")(handle, dtype=op.attrs["dtype"])


def strip_unused(
    input_graph_def: Any,
    input_node_names: Sequence[str],
    output_node_names: Sequence[str],
    placeholder_type_enum: Any,
) -> Any:
    """The part of a graph between some nodes and others: the first become placeholders.

    Args:
      placeholder_type_enum: the number of the placeholders' type (`tf.float32.as_datatype_enum`), or one for each.
    """
    full = _graph_def(input_graph_def, "input_graph_def")
    several = isinstance(placeholder_type_enum, (list, tuple))
    types = list(placeholder_type_enum) if several else [placeholder_type_enum] * len(input_node_names)
    inputs: Mapping[str, Any] = dict(zip([source_of(n) for n in input_node_names], types, strict=True))
    missing = set(inputs) - {n.name for n in full.node}
    if missing:
        raise KeyError(f"{sorted(missing)} are not in the graph.")
    cut = graph_pb2.GraphDef()
    cut.library.CopyFrom(full.library)
    cut.versions.CopyFrom(full.versions)
    for node in full.node:
        if node.name not in inputs:
            cut.node.add().CopyFrom(node)
            continue
        new = cut.node.add(name=node.name, op="Placeholder")
        new.attr["dtype"].type = inputs[node.name]
        if "shape" in node.attr:
            new.attr["shape"].CopyFrom(node.attr["shape"])
        elif "_output_shapes" in node.attr:
            new.attr["shape"].shape.CopyFrom(node.attr["_output_shapes"].list.shape[0])
        else:
            new.attr["shape"].shape.unknown_rank = True
    return extract_sub_graph(cut, [source_of(n) for n in output_node_names])


__all__ = [
    "convert_variables_to_constants", "extract_sub_graph", "must_run_on_cpu", "remove_training_nodes", "strip_unused",
    "tensor_shape_from_node_def_name",
]  # fmt: skip
