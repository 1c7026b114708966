"""Meta graphs: a graph with its collections and its saver, as one message that another program takes up."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

from headrace._version import INTERFACE
from headrace.core.graph import Graph, get_default_graph
from headrace.core.state import state
from headrace.io import files
from headrace.io.text_messages import parse_text, to_text
from headrace.proto import checkpoint_pb2, graph_pb2, meta_graph_pb2
from headrace.session import logs
from headrace.session.keys import GraphKeys

from .op_list import op_message, used_ops
from .reading import as_message, import_graph_def
from .variables import below, inside

UNBOUND = "$unbound_inputs_"  # what the names of inputs from outside the exported scope begin with


class Form(NamedTuple):
    """How the members of a collection become messages and back."""

    message: Callable[[], Any]
    write: Callable[[Any, str | None], Any]
    read: Callable[[Any, str | None], Any]


def _variable(message: Any, scope: str | None) -> Any:
    from headrace.session.variables import GraphVariable

    return GraphVariable.from_proto(message, scope)


def _queue_runner_message() -> Any:
    from headrace.proto.queue_runner_pb2 import QueueRunnerDef

    return QueueRunnerDef()


def _queue_runner(message: Any, scope: str | None) -> Any:
    from headrace.session.queue_runner import QueueRunner

    return QueueRunner.from_proto(message, scope)


def _write(item: Any, scope: str | None) -> Any:
    return item if not hasattr(item, "to_proto") else item.to_proto(export_scope=scope)


def _saver(message: Any, scope: str | None) -> Any:
    from headrace.checkpoint.saver import Saver

    return Saver.from_proto(message, scope)


VARIABLES = Form(meta_graph_pb2.VariableDef, _write, _variable)
FORMS: dict[str, Form] = {
    **dict.fromkeys(
        (
            GraphKeys.GLOBAL_VARIABLES, GraphKeys.TRAINABLE_VARIABLES, GraphKeys.LOCAL_VARIABLES, GraphKeys.METRIC_VARIABLES,
            GraphKeys.MODEL_VARIABLES, GraphKeys.MOVING_AVERAGE_VARIABLES, GraphKeys.GLOBAL_STEP, GraphKeys.EVAL_STEP,
            GraphKeys.TRAINABLE_RESOURCE_VARIABLES,
        ),
        VARIABLES,
    ),
    GraphKeys.QUEUE_RUNNERS: Form(_queue_runner_message, _write, _queue_runner),
    GraphKeys.SAVERS: Form(checkpoint_pb2.SaverDef, _write, _saver),
}  # fmt: skip
SKIPPED = frozenset({"cond_context", "while_context"})  # conditionals and loops are operations here


def register_form(
    collection: str,
    message: Callable[[], Any],
    write: Callable[..., Any] | None,
    read: Callable[..., Any] | None,
) -> None:
    """Says how the members of a collection become messages (`write(member, export_scope)`) and back (`read(message,
    import_scope)`)."""
    FORMS[collection] = Form(message, write or _write, read or (lambda m, scope: m))


# -------------------------------------------------------------------------------------------------------------- exporting
def export_meta_graph(
    filename: str | None = None, meta_info_def: Any = None, graph_def: Any = None, saver_def: Any = None,
    collection_list: Iterable[Any] | None = None, as_text: bool = False, graph: Graph | None = None,
    export_scope: str | None = None, clear_devices: bool = False, clear_extraneous_savers: bool = False,
    strip_default_attrs: bool = False, save_debug_info: bool = False,
) -> Any:  # fmt: skip
    """The graph with its collections as a `MetaGraphDef`, written to a file if there is a name for it.

    Args:
      filename: the file; none is written if not given.
      meta_info_def: a `MetaInfoDef` to start from.
      graph_def: the graph as a message; made of `graph` if not given.
      saver_def: a `SaverDef`: what saves and restores the graph's variables.
      collection_list: the names of the collections to write; all, if not given.
      as_text: in protobuf's text format.
      graph: the default graph if not given.
      export_scope: only what is in this scope, with names that leave it out.
      clear_devices: leaves out the devices of operations.
      clear_extraneous_savers: leaves out other savers than `saver_def`'s.
      strip_default_attrs: leaves out attributes that have their default values.

    Raises:
      RuntimeError: in eager mode.
      NotImplementedError: `save_debug_info` is asked for: operations keep one line of the user's program, no stacks.

    >>> import headrace as tf
    >>> with tf.Graph().as_default():
    ...     v = tf.compat.v1.Variable(1.0, name="v")
    ...     meta = tf.compat.v1.train.export_meta_graph()
    >>> sorted(meta.collection_def)
    ['trainable_variables', 'variables']
    """
    if state.graph is None and graph is None and graph_def is None:
        raise RuntimeError(
            "Exporting/importing meta graphs is not supported when eager execution is enabled. No graph exists."
        )
    if save_debug_info:
        raise NotImplementedError(
            "save_debug_info: operations do not keep the stacks that made them. Leave it out."
        )
    graph = graph or get_default_graph()
    message = meta_graph_pb2.MetaGraphDef()
    if meta_info_def is not None:
        message.meta_info_def.ParseFromString(meta_info_def.SerializeToString())
    full = graph.as_graph_def(add_shapes=True) if graph_def is None else as_message(graph_def)
    left_out = _other_savers(graph, saver_def) if clear_extraneous_savers else set()
    unbound = _write_nodes(message.graph_def, full, export_scope, clear_devices, left_out)
    if strip_default_attrs:
        _strip_defaults(message.graph_def)
        message.meta_info_def.stripped_default_attrs = True
    message.meta_info_def.tensorflow_version = INTERFACE
    message.meta_info_def.tensorflow_git_version = "unknown"
    if not message.meta_info_def.stripped_op_list.op:
        message.meta_info_def.stripped_op_list.op.extend([op_message(op) for op in used_ops(graph)])
    if saver_def is not None:
        message.saver_def.ParseFromString(saver_def.SerializeToString())
    wanted = graph.get_all_collection_keys() if collection_list is None else list(collection_list)
    for key in wanted:
        if isinstance(key, str) and key not in SKIPPED:
            members = graph.get_collection(key)
            if key == GraphKeys.SAVERS and clear_extraneous_savers:
                members = []
            if members:
                _write_collection(message, key, members, export_scope)
    if unbound:
        message.collection_def["unbound_inputs"].bytes_list.value.extend([n.encode() for n in unbound])
    if filename:
        _write_file(filename, message, as_text)
    return message


def _write_nodes(
    target: Any, full: Any, scope: str | None, clear_devices: bool, left_out: set[str]
) -> list[str]:
    """Copies the nodes of a scope; the names of what they need from outside of it are returned."""
    target.versions.CopyFrom(full.versions)
    target.library.CopyFrom(full.library)
    unbound: dict[str, None] = {}
    for node in full.node:
        name = inside(node.name, scope)
        if name is None or node.name in left_out:
            continue
        copy = target.node.add()
        copy.CopyFrom(node)
        if clear_devices:
            copy.device = ""
        if not scope:
            continue
        copy.name = name
        del copy.input[:]
        for text in node.input:
            mark = "^" if text[0] == "^" else ""
            plain = inside(text.removeprefix("^"), scope)
            if plain is None:
                plain = UNBOUND + text.removeprefix("^")
                unbound[mark + plain] = None
            copy.input.append(mark + plain)
        if "_class" in copy.attr:
            values = [
                v for v in (_class_inside(v, scope) for v in node.attr["_class"].list.s) if v is not None
            ]
            del copy.attr["_class"].list.s[:]
            copy.attr["_class"].list.s.extend(values)
    return list(unbound)


def _class_inside(value: bytes, scope: str) -> bytes | None:
    name = inside(value.decode().removeprefix("loc:@"), scope)
    return None if name is None else f"loc:@{name}".encode()


def _other_savers(graph: Graph, saver_def: Any) -> set[str]:
    """The names of the operations of all savers of a graph but one."""

    def scopes(d: Any) -> str:
        return d.filename_tensor_name.rpartition("/")[0]

    kept = scopes(saver_def) if saver_def is not None else None
    others = [scopes(s.saver_def) for s in graph.get_collection(GraphKeys.SAVERS) if hasattr(s, "saver_def")]
    return {
        n.name
        for n in graph.operations
        for s in others
        if s != kept and s and (n.name + "/").startswith(s + "/")
    }


def _strip_defaults(graph_def: Any) -> None:
    from headrace.core.errors import NotFoundError
    from headrace.core.op import lookup

    defaults: dict[str, Any] = {}
    nodes = [*graph_def.node, *[n for f in graph_def.library.function for n in f.node_def]]
    for node in nodes:
        if node.op not in defaults:
            try:
                rows = op_message(lookup(node.op)).attr
            except NotFoundError:
                rows = ()
            defaults[node.op] = {a.name: a.default_value for a in rows if a.HasField("default_value")}
        for name, value in defaults[node.op].items():
            if name in node.attr and node.attr[name] == value:
                del node.attr[name]


def _write_collection(message: Any, key: str, members: list[Any], scope: str | None) -> None:
    """A collection in the form that fits its members; what has none is told in the log and left out."""
    form = FORMS.get(key)
    target = meta_graph_pb2.CollectionDef()
    try:
        if form is not None:
            target.bytes_list.SetInParent()
            for item in members:
                written = form.write(item, scope)
                if written is not None:
                    target.bytes_list.value.append(written.SerializeToString())
        elif isinstance(members[0], (str, bytes)):
            target.bytes_list.value.extend([m.encode() if isinstance(m, str) else m for m in members])
        elif isinstance(members[0], int):
            target.int64_list.value.extend(members)
        elif isinstance(members[0], float):
            target.float_list.value.extend(members)
        elif hasattr(members[0], "DESCRIPTOR") and members[0].DESCRIPTOR.name == "Any":
            target.any_list.value.extend(members)
        else:
            names = [inside(m.name, scope) for m in members]
            target.node_list.value.extend([n for n in names if n is not None])
    except (AttributeError, TypeError, ValueError, NotImplementedError) as error:
        logs.warning("The collection %s is not exported, because a member has no message: %s", key, error)
        return
    kind = target.WhichOneof("kind")
    if kind is not None and getattr(target, kind).value:  # none, if all of it is outside of the scope
        message.collection_def[key].CopyFrom(target)


def _write_file(filename: str, message: Any, as_text: bool) -> None:
    data = to_text(message) if as_text else message.SerializeToString()
    files.write_bytes(os.fspath(filename), data)


# -------------------------------------------------------------------------------------------------------------- importing
def read_meta_graph(filename: Any) -> Any:
    """The `MetaGraphDef` in a file, binary or text.

    Raises:
      OSError: there is no such file, or it holds something else.
    """
    from google.protobuf.message import DecodeError

    path = os.fspath(filename)
    if not os.path.isfile(path):
        raise OSError(f"File {path} does not exist.")
    with open(path, "rb") as file:
        data = file.read()
    message = meta_graph_pb2.MetaGraphDef()
    try:
        message.ParseFromString(data)
        return message
    except DecodeError:
        message.Clear()
    try:
        return parse_text(data, message)
    except ValueError as error:
        raise OSError(f"Cannot parse file {path}: {error}.") from None


def import_scoped(
    meta_graph_or_file: Any, clear_devices: bool = False, import_scope: str | None = None, input_map: Any = None,
    unbound_inputs_col_name: str = "unbound_inputs", restore_collections_predicate: Any = None,
    return_elements: Any = None, graph: Graph | None = None,
) -> tuple[Any, str, Any]:  # fmt: skip
    """Adds a meta graph to a graph. Returns its message, the scope that it was put into, and the elements asked for."""
    if state.graph is None and graph is None:
        raise RuntimeError(
            "Exporting/importing meta graphs is not supported when eager execution is enabled."
        )
    message = (
        as_meta_graph(meta_graph_or_file)
        if hasattr(meta_graph_or_file, "DESCRIPTOR")
        else read_meta_graph(meta_graph_or_file)
    )
    mapped = dict(input_map or {})
    if unbound_inputs_col_name in message.collection_def:
        values = message.collection_def[unbound_inputs_col_name].bytes_list.value
        missing = [n for n in [v.decode() for v in values] if n not in mapped]
        if missing:
            raise ValueError(
                f"Graph contains unbound inputs: {missing}. Must provide these inputs through input_map."
            )
    graph = graph or get_default_graph()
    nodes = graph_pb2.GraphDef()
    nodes.CopyFrom(message.graph_def)
    if clear_devices:
        for node in nodes.node:
            node.device = ""
    with graph.as_default():
        with graph.name_scope(None):
            scope = graph.unique_name(import_scope, mark_as_used=False) if import_scope else ""
        elements = import_graph_def(
            nodes,
            mapped,
            return_elements,
            name=scope,
            producer_op_list=message.meta_info_def.stripped_op_list,
        )
        _restore_collections(graph, message, scope, restore_collections_predicate)
    return message, scope, elements


def as_meta_graph(message: Any) -> Any:
    """A `MetaGraphDef` of our own class."""
    if isinstance(message, meta_graph_pb2.MetaGraphDef):
        return message
    if message.DESCRIPTOR.name != "MetaGraphDef":
        raise TypeError(
            f"Expected a MetaGraphDef or the name of a file, received a {message.DESCRIPTOR.name}."
        )
    return meta_graph_pb2.MetaGraphDef.FromString(message.SerializeToString())


def _parsed(message: Any, data: bytes, collection: str) -> Any:
    from google.protobuf.message import DecodeError

    try:
        message.ParseFromString(data)
    except DecodeError as error:
        raise ValueError(f"The collection {collection} is damaged: {error}.") from None
    return message


def _restore_collections(graph: Graph, message: Any, scope: str, predicate: Any) -> None:
    variables: dict[bytes, Any] = {}  # one object for each, however many collections it is in
    for key in sorted(message.collection_def):
        if key in SKIPPED or key == "unbound_inputs" or (predicate is not None and not predicate(key)):
            continue
        value = message.collection_def[key]
        kind = value.WhichOneof("kind")
        if kind is None:
            continue
        form = FORMS.get(key)
        if kind == "bytes_list" and form is not None:
            for data in value.bytes_list.value:
                found = variables.get(data) if form is VARIABLES else None
                if found is None:
                    found = form.read(_parsed(form.message(), data, key), scope)
                    if form is VARIABLES:
                        variables[data] = found
                graph.add_to_collection(key, found)
        elif kind == "node_list":
            for name in value.node_list.value:
                try:
                    graph.add_to_collection(key, graph.as_graph_element(below(name, scope)))
                except (KeyError, ValueError, IndexError):
                    logs.warning(
                        "%s of the collection %s is inside of a loop or a conditional and is left out.",
                        name,
                        key,
                    )
        else:
            for item in getattr(value, kind).value:
                named = kind == "bytes_list" and scope  # TensorFlow takes them for names
                graph.add_to_collection(key, below(item.decode(), scope) if named else item)


def import_meta_graph(
    meta_graph_or_file: Any, clear_devices: bool = False, import_scope: str | None = None, **kwargs: Any
) -> Any:
    """Adds a meta graph to the default graph: its operations and its collections.

    Args:
      meta_graph_or_file: a `MetaGraphDef`, or the name of a file with one.
      clear_devices: leaves out the devices of operations.
      import_scope: is put before all names.
      **kwargs: `input_map`, as `import_graph_def` has it; `restore_collections_predicate`, a function that says which
        collections are wanted.

    Returns:
      A `Saver` of its variables; None if there are none.

    Raises:
      RuntimeError: in eager mode.
      OSError: there is no such file, or it holds something else.
      ValueError: the message contradicts itself.
    """
    return import_with_elements(meta_graph_or_file, clear_devices, import_scope, **kwargs)[0]


def import_with_elements(
    meta_graph_or_file: Any, clear_devices: bool = False, import_scope: str | None = None, return_elements: Any = None,
    **kwargs: Any,
) -> tuple[Any, Any]:  # fmt: skip
    """As `import_meta_graph`, with operations and tensors by name in addition."""
    known = {"input_map", "unbound_inputs_col_name", "restore_collections_predicate"}
    if set(kwargs) - known:
        raise TypeError(
            f"import_meta_graph takes no {sorted(set(kwargs) - known)}; its options are {sorted(known)}."
        )
    message, scope, elements = import_scoped(
        meta_graph_or_file, clear_devices, import_scope, return_elements=return_elements, **kwargs
    )
    return saver_of(message, scope), elements


def saver_of(message: Any, scope: str) -> Any:
    """A `Saver` of the variables of a meta graph that was imported into the default graph, below a scope; None if there are
    none."""
    from headrace.checkpoint.saver import Saver

    if message.HasField("saver_def"):
        own = checkpoint_pb2.SaverDef.FromString(message.saver_def.SerializeToString())
        return Saver(saver_def=own, name=scope or None)
    graph = get_default_graph()
    if graph.get_collection(GraphKeys.GLOBAL_VARIABLES, scope or None) or graph.get_collection(
        GraphKeys.SAVEABLE_OBJECTS
    ):
        return Saver()
    logs.info("Saver not created because there are no variables in the graph to restore")
    return None


__all__ = [
    "export_meta_graph",
    "import_meta_graph",
    "import_scoped",
    "import_with_elements",
    "register_form",
    "saver_of",
]
