"""`import_graph_def`: a `GraphDef` becomes operations of a graph."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from headrace.core.graph import Graph, get_default_graph
from headrace.core.op import TABLE
from headrace.core.state import building
from headrace.core.tensor import SymbolicTensor
from headrace.io.graph_def import PRODUCER

from .attributes import Malformed
from .nodes import graph_nodes
from .operations import Scope, library_of, row_of
from .references import RENAMED, passed

# What TensorFlow's ops have and ours do not, and what makes no difference: hints to its runtime, shapes that are inferred.
HINTS = frozenset({"config", "config_proto", "executor_type", "output_shapes", "Tshape", "use_locking"})


def import_graph_def(
    graph_def: Any, input_map: Mapping[str, Any] | None = None, return_elements: Sequence[str] | None = None,
    name: str | None = None, op_dict: Any = None, producer_op_list: Any = None,
) -> list[Any] | None:  # fmt: skip
    """Adds the operations of a `GraphDef` to the default graph.

    Graphs of TensorFlow 1.x become graphs of today on the way in: loops and conditionals of Switch, Merge, Enter and Exit
    nodes become `While` and `If`. Variables stay references, but in functions, where they become resources.

    Args:
      graph_def: a `GraphDef` message.
      input_map: tensors to use in the place of outputs of the imported nodes, by these outputs' names (`"x:0"`; `"^x"` for
        control inputs).
      return_elements: names of operations (`"y"`) and tensors (`"y:0"`) to return.
      name: what is put before the operations' names, `"import"` by default; `""` for nothing.
      op_dict: must be None: it has had no meaning since TensorFlow 1.x.
      producer_op_list: an `OpList` of the program that wrote the message: attributes that have the default values there are
        left out, if the ops here do not know them.

    Returns:
      The operations and tensors asked for; None if `return_elements` is not given.

    Raises:
      TypeError: an argument is of a wrong type.
      ValueError: the message contradicts itself, or a name does not appear in it.
      NotFoundError: it has an op that is not known here.

    >>> import headrace as tf
    >>> with tf.Graph().as_default() as small:
    ...     x = tf.compat.v1.placeholder(tf.float32, [], name="x")
    ...     y = tf.multiply(x, 2.0, name="y")
    >>> with tf.Graph().as_default(), tf.compat.v1.Session() as sess:
    ...     (y,) = tf.import_graph_def(small.as_graph_def(), {"x:0": tf.constant(3.0)}, ["y:0"])
    ...     y.name, float(sess.run(y))
    ('import/y:0', 6.0)
    """
    message = as_message(graph_def)
    mapped = _checked_map(input_map)
    wanted = _checked_elements(return_elements)
    _check_producer(message, producer_op_list)
    if message.versions.min_consumer > PRODUCER:
        raise ValueError(
            f"GraphDef min consumer version {message.versions.min_consumer} above current version {PRODUCER}: a newer program "
            "is needed to read it."
        )
    graph = get_default_graph()
    if graph.finalized:
        raise RuntimeError("Graph is finalized and cannot be modified.")
    try:
        with building(graph):
            prefix, mapped = _entered(graph, name, mapped)
        nodes = graph_nodes(message.node, mapped)
        library = library_of(graph, message.versions.producer)
        library.add(message.library.function)
        scope = Scope(graph, library, prefix, mapped=mapped)
        scope.names = nodes
        scope.by_reference = not graph.building_function
        scope.passed = passed(nodes)
        scope.build(nodes)
        _all_used(mapped, scope, nodes)
        return None if wanted is None else [_element(scope, item) for item in wanted]
    except Malformed as error:
        raise ValueError(str(error)) from None


def _check_producer(message: Any, producer_op_list: Any) -> None:
    """What an op does not have here must have the default value that it has for the program that wrote the message."""
    if producer_op_list is None:
        return
    if getattr(getattr(producer_op_list, "DESCRIPTOR", None), "name", "") != "OpList":
        raise TypeError("Argument `producer_op_list` must be an OpList proto.")
    theirs = {op.name: {a.name: a for a in op.attr} for op in producer_op_list.op}
    nodes = [*message.node, *[n for f in message.library.function for n in f.node_def]]
    for node in nodes:
        if node.op not in theirs or RENAMED.get(node.op, node.op) not in TABLE:
            continue
        row = row_of(TABLE[RENAMED.get(node.op, node.op)])
        for name in node.attr:
            if name in row.op.attrs or name in row.implied or name[0] == "_" or name in HINTS:
                continue
            declared = theirs[node.op].get(name)
            if (
                declared is not None
                and node.attr[name].SerializeToString() != declared.default_value.SerializeToString()
            ):
                raise ValueError(
                    f"Node '{node.name}': {node.op} has no attribute {name!r} here, and its value is not the default."
                )


def as_message(graph_def: Any, kind: str = "GraphDef") -> Any:
    """A message of our own class, of whatever class it is."""
    from google.protobuf.message import Message

    from headrace.proto import graph_pb2

    if not isinstance(graph_def, Message) or graph_def.DESCRIPTOR.name != kind:
        raise TypeError(f"Argument `graph_def` must be a {kind} proto.")
    own = getattr(graph_pb2, kind)
    return graph_def if isinstance(graph_def, own) else own.FromString(graph_def.SerializeToString())


def _checked_map(input_map: Any) -> dict[Any, Any]:
    if input_map is None:
        return {}
    if not isinstance(input_map, dict):
        raise TypeError(f"Argument `input_map` must be a dictionary. Obtained {type(input_map).__name__}")
    if not all(isinstance(k, (str, bytes)) for k in input_map):
        raise TypeError(
            f"All keys for argument `input_map` must be strings. Obtained keys: {list(input_map)}"
        )
    return {k.decode() if isinstance(k, bytes) else k: v for k, v in input_map.items()}


def _checked_elements(elements: Any) -> list[str] | None:
    if elements is None:
        return None
    out = tuple(elements)
    if not all(isinstance(e, (str, bytes)) for e in out):
        raise TypeError(f"Argument `return_elements` must be a list of strings. Obtained {elements}.")
    return [e.decode() if isinstance(e, bytes) else e for e in out]


def _entered(graph: Graph, name: str | None, mapped: dict[str, Any]) -> tuple[str, dict[Any, Any]]:
    """What goes before the names, and the map with tensors and operations as values."""
    from headrace.core.convert import to_tensor

    tensors: dict[Any, Any] = {}
    with graph.name_scope("import" if name is None else name or None) as prefix:
        for key, value in mapped.items():
            if key.startswith("^"):
                tensors[key[1:], None] = getattr(value, "op", value)
                continue
            source, _, index = key.rpartition(":")
            if not source or not index.isdecimal():
                source, index = key, "0"
            tensors[source, int(index)] = value if isinstance(value, SymbolicTensor) else to_tensor(value)
    return prefix if name != "" else "", tensors


def _all_used(mapped: Mapping[Any, Any], scope: Scope, nodes: Mapping[str, Any]) -> None:
    missing = [
        f"^{source}" if index is None else f"{source}:{index}"
        for source, index in mapped
        if (source, index) not in scope.used
        and (source not in nodes or (index or 0) >= max(1, len(scope.tensors.get(source, ()))))
    ]
    if missing:
        raise ValueError(f"Attempted to map inputs that were not found in graph_def: [{', '.join(missing)}]")


def _element(scope: Scope, item: str) -> Any:
    source, colon, index = item.rpartition(":")
    if not colon:
        if item not in scope.operations:
            raise ValueError(f"Requested return node '{item}' not found in graph def")
        return scope.operations[item]
    if source not in scope.tensors or not index.isdecimal():
        raise ValueError(f"Requested return tensor '{item}' not found in graph def")
    outputs = scope.tensors[source]
    if int(index) >= len(outputs):
        raise ValueError(
            f"Invalid return output {index} of node '{source}', which has {len(outputs)} output(s)"
        )
    return scope.output_value(source, int(index))


__all__ = ["as_message", "import_graph_def"]
