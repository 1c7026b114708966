"""Graphs from files: GraphDefs in binary or text, MetaGraphDefs, and the graph of a SavedModel."""

from __future__ import annotations

import os
from typing import Any

from headrace.core import errors
from headrace.core.graph import Graph
from headrace.core.state import building
from headrace.io.files import path_text

GRAPH_OF_META_GRAPH = META_GRAPH_OF_SAVED_MODEL = 2  # field numbers


def read_message(path: Any) -> Any:
    """The `GraphDef` of a file.

    Args:
      path: a `.pb` or `.pbtxt` with a GraphDef, a `.meta` with a MetaGraphDef, a `saved_model.pb`, or a directory with one.

    Raises:
      NotFoundError: there is no such file.
      DataLossError: the file does not hold what its name says.
    """
    from google.protobuf import text_format
    from google.protobuf.message import DecodeError

    from headrace.proto import graph_pb2

    name = path_text(path)
    if os.path.isdir(name):
        name = os.path.join(name, "saved_model.pb")
        if not os.path.exists(name) and os.path.exists(name + "txt"):
            return _of_text(os.path.dirname(name))
    try:
        with open(name, "rb") as file:
            data = file.read()
    except FileNotFoundError:
        raise errors.NotFoundError(None, None, f"{name}: there is no such file.") from None
    message = graph_pb2.GraphDef()
    try:
        if name.endswith((".pbtxt", ".txt", ".prototxt")):
            return text_format.Parse(data.decode(), message)
        if os.path.basename(name) == "saved_model.pb":
            data = field(data, META_GRAPH_OF_SAVED_MODEL)
            data = field(data, GRAPH_OF_META_GRAPH)
        elif name.endswith(".meta"):
            data = field(data, GRAPH_OF_META_GRAPH)
        message.ParseFromString(data)
    except (DecodeError, text_format.ParseError, UnicodeDecodeError, ValueError) as error:
        kind = "MetaGraphDef" if name.endswith(".meta") else "GraphDef"
        raise errors.DataLossError(None, None, f"{name} does not hold a {kind}: {error}") from None
    return message


def _of_text(folder: str) -> Any:
    """The first graph of a SavedModel in text."""
    from headrace.saved_model.files import read_saved_model

    try:
        graphs = read_saved_model(folder).meta_graphs
    except OSError as error:
        raise errors.DataLossError(None, None, str(error)) from None
    if not graphs:
        raise errors.DataLossError(None, None, f"{folder} holds a SavedModel without a graph.")
    return graphs[0].graph_def


def field(data: bytes, number: int) -> bytes:
    """The first field of that number of a message, which must be one with a length: a message in a message.

    Raises:
      ValueError: there is none, or the bytes are no message."""
    at = 0
    while at < len(data):
        key, at = _varint(data, at)
        kind = key & 7
        if kind == 2:
            size, at = _varint(data, at)
            if at + size > len(data):
                raise ValueError("it ends in the middle")
            if key >> 3 == number:
                return data[at : at + size]
            at += size
        elif kind == 0:
            _, at = _varint(data, at)
        elif kind in (1, 5):
            at += 8 if kind == 1 else 4
        else:
            raise ValueError(f"wire type {kind} at byte {at}")
    raise ValueError(f"it has no field {number}")


def _varint(data: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        if at >= len(data) or shift > 63:
            raise ValueError("it ends in the middle")
        byte = data[at]
        value |= (byte & 127) << shift
        at, shift = at + 1, shift + 7
        if byte < 128:
            return value, at


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
    """The types of ops in a message that are not in the op table, but for those of its own functions."""
    from headrace.core.op import TABLE, load_all

    load_all()
    own = {f.signature.name for f in message.library.function}
    nodes = [*message.node, *[n for f in message.library.function for n in f.node_def]]
    return sorted({n.op for n in nodes} - set(TABLE) - own)
