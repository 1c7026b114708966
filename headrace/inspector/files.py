"""Graphs from files: GraphDefs in binary or text, MetaGraphDefs, SavedModels and event files."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from headrace.core import errors
from headrace.core.graph import Graph
from headrace.core.state import building
from headrace.io.files import path_text

TEXT = (".pbtxt", ".prototxt", ".txt")


def read_message(path: Any) -> Any:
    """The `GraphDef` of a file; see `read_meta_graph`."""
    return read_meta_graph(path).graph_def


def read_meta_graph(path: Any) -> Any:
    """The graph of a file as a `MetaGraphDef`; of a GraphDef it has nothing else.

    Args:
      path: a `.pb` or `.pbtxt` with a GraphDef, a `.meta` with a MetaGraphDef, a SavedModel's directory (or the `saved_model.pb`
        in it), or an event file with a graph (or the directory of one).

    Raises:
      NotFoundError: there is no such file, or it is one of a checkpoint, which has no graph.
      DataLossError: the file does not hold what its name says.
    """
    name = path_text(path)
    _no_checkpoint(name)
    if os.path.isdir(name):
        return _of_directory(name)
    if not os.path.exists(name):
        raise errors.NotFoundError(None, None, f"{name}: there is no such file.")
    base = os.path.basename(name)
    if base in ("saved_model.pb", "saved_model.pbtxt"):
        return _of_saved_model(os.path.dirname(name))
    if ".tfevents." in base:
        return _of_events(name)
    with open(name, "rb") as file:
        return _parsed(name, file.read())


def _parsed(name: str, data: bytes) -> Any:
    from google.protobuf import text_format
    from google.protobuf.message import DecodeError

    from headrace.proto import meta_graph_pb2

    meta = meta_graph_pb2.MetaGraphDef()
    kind, message = "GraphDef", meta.graph_def
    if name.endswith((".meta", ".meta.txt")):
        kind, message = "MetaGraphDef", meta
    if not name.endswith(TEXT):
        try:
            message.ParseFromString(data)
            if kind == "MetaGraphDef" and not meta.HasField("graph_def"):
                raise DecodeError("it has no graph")
            return meta
        except DecodeError as error:
            problem: Exception = error
            if b"{" not in data[:4096]:
                raise _lost(name, kind, problem) from None
            message.Clear()  # `write_graph` writes text unless told otherwise, whatever the file's name
    try:
        text_format.Parse(data.decode(), message)
    except (text_format.ParseError, UnicodeDecodeError) as error:
        raise _lost(name, kind, error if name.endswith(TEXT) else problem) from None
    return meta


def _lost(name: str, kind: str, error: Any) -> errors.OpError:
    return errors.DataLossError(None, None, f"{name} does not hold a {kind}: {error}")


def _no_checkpoint(name: str) -> None:
    """Says where to look if the name is that of a checkpoint."""
    prefix = name
    stem, _, last = name.rpartition(".")
    if last == "index" or last.startswith("data-"):
        prefix = stem
    if (prefix == name and os.path.exists(name)) or not os.path.exists(prefix + ".index"):
        return
    graph = f"{prefix}.meta"
    where = f"its graph is in {graph}" if os.path.exists(graph) else "there is no graph beside it"
    raise errors.NotFoundError(
        None,
        None,
        f"{name}: a checkpoint holds values of variables and no graph; {where}. `headrace checkpoint {prefix}` lists it.",
    )


def _of_directory(folder: str) -> Any:
    names = sorted(os.listdir(folder))
    if "saved_model.pb" in names or "saved_model.pbtxt" in names:
        return _of_saved_model(folder)
    events = [n for n in names if ".tfevents." in n]
    graphs = [n for n in names if n.endswith((".meta", ".pb", ".pbtxt"))]
    if not events or graphs:
        there = f" Name a file: {', '.join(graphs[:10])}." if graphs else ""
        raise errors.NotFoundError(
            None,
            None,
            f"{folder} is a directory without a saved_model.pb or an event file of its own.{there}",
        )
    return _of_events(folder)


def _of_saved_model(folder: str) -> Any:
    """The first graph of a SavedModel."""
    from headrace.saved_model.files import read_saved_model

    try:
        graphs = read_saved_model(folder or ".").meta_graphs
    except OSError as error:
        raise errors.DataLossError(None, None, str(error)) from None
    if not graphs:
        raise errors.DataLossError(None, None, f"{folder} holds a SavedModel without a graph.")
    return graphs[0]


def _of_events(path: str) -> Any:
    """The last graph that was written for TensorBoard."""
    from headrace.proto import meta_graph_pb2
    from headrace.summary.reader import event_files, read_events

    found = None
    for file in event_files(path):
        for event in read_events(file):
            if event.HasField("graph_def"):
                found = event.graph_def
    if found is None:
        raise errors.DataLossError(None, None, f"{path} does not hold a graph, only other events.")
    meta = meta_graph_pb2.MetaGraphDef()
    meta.graph_def.ParseFromString(found)
    return meta


def named_outputs(meta: Any) -> list[str]:
    """What the file itself calls its results: the outputs of a SavedModel's signature for serving (of all signatures, if there
    is none), or the training steps of a program."""
    signatures = {k: s for k, s in sorted(meta.signature_def.items()) if k != "__saved_model_init_op"}
    signatures = {k: s for k, s in signatures.items() if k == "serving_default"} or signatures
    found = [o.name for s in signatures.values() for o in s.outputs.values() if o.name]
    if found:
        return sorted(set(found))
    return list(meta.collection_def["train_op"].node_list.value) if "train_op" in meta.collection_def else []


def graph_of(message: Any) -> Graph:
    """The message's graph.

    Raises:
      NotFoundError: it has ops that are not known here.
      ValueError: it contradicts itself.
    """
    from headrace.graphs.reading import import_graph_def

    graph = Graph()
    with building(graph):
        import_graph_def(message, name="")
    return graph


def unknown_ops(message: Any) -> list[str]:
    """The types of ops in a message that are not known here, but for its own functions."""
    from headrace.core.op import TABLE, load_all
    from headrace.graphs import arrays, nodes, references, regions

    load_all()
    known = {*TABLE, *nodes.REPLACED, *references.RENAMED, *references.RULES, *arrays.RULES, *regions.OLD}
    known |= {f.signature.name for f in message.library.function}
    used = {n.op for part in (message.node, *[f.node_def for f in message.library.function]) for n in part}
    return sorted([op for op in used - known if references.counterpart(op) not in TABLE])


def without(message: Any, missing: Iterable[str]) -> Any:
    """The message without ops of the types `missing`, and without all that needs them."""
    bad_types = set(missing)
    functions = {f.signature.name: f.node_def for f in message.library.function}
    grew = True
    while grew:  # functions that call functions that …
        grew = False
        for name, nodes in functions.items():
            if name not in bad_types and any(_names(n) & bad_types for n in nodes):
                bad_types.add(name)
                grew = True
    bad = {n.name for n in message.node if _names(n) & bad_types}
    takers: dict[str, list[str]] = {}
    for n in message.node:
        for text in n.input:
            takers.setdefault(text.lstrip("^").partition(":")[0], []).append(n.name)
    stack = list(bad)
    while stack:
        for taker in takers.get(stack.pop(), ()):
            if taker not in bad:
                bad.add(taker)
                stack.append(taker)
    out = type(message)(versions=message.versions)
    out.node.extend([n for n in message.node if n.name not in bad])
    out.library.function.extend([f for f in message.library.function if f.signature.name not in bad_types])
    return out


def _names(node: Any) -> set[str]:
    """Its type, and the functions that it calls."""
    called = [a.func.name for a in node.attr.values() if a.HasField("func")]
    called += [f.name for a in node.attr.values() for f in a.list.func]
    return {node.op, *called}


def with_dims(message: Any, dim: int, shapes: Mapping[str, Sequence[int]]) -> Any:
    """The message with shapes that are known where it says what is fed.

    Args:
      dim: takes the place of dims that are not known.
      shapes: of placeholders, by name.
    """
    out = type(message)()
    out.CopyFrom(message)
    for node in out.node:
        if node.op in ("Placeholder", "PlaceholderV2", "PlaceholderWithDefault"):
            wanted = shapes.get(node.name)
            if wanted is not None:
                _set(node.attr["shape"].shape, wanted)
            known = [node.attr["shape"].shape]
        else:
            known = [*node.attr["output_shapes"].list.shape] if "output_shapes" in node.attr else []
        for shape in known:
            for d in shape.dim:
                d.size = dim if d.size < 0 else d.size
    return out


def _set(shape: Any, dims: Sequence[int]) -> None:
    shape.Clear()
    for d in dims:
        shape.dim.add(size=d)
