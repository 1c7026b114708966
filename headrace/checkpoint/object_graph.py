"""The tree of objects that an object-based checkpoint was written from, as it stands in the file."""

from __future__ import annotations

from typing import Any

from google.protobuf.message import DecodeError

from headrace.core import errors
from headrace.proto.checkpoint_pb2 import TrackableObjectGraph

GRAPH_KEY = "_CHECKPOINTABLE_OBJECT_GRAPH"


def read_graph(reader: Any) -> Any:
    """The `TrackableObjectGraph` of a checkpoint; None if it is no object-based one.

    Raises:
      tf.errors.DataLossError: it cannot be read.
    """
    if not reader.has(GRAPH_KEY):
        return None
    try:
        graph = TrackableObjectGraph.FromString(reader.tensor(GRAPH_KEY).item())
    except (DecodeError, ValueError, TypeError) as error:
        raise errors.DataLossError(
            None, None, f"The object graph of checkpoint {reader.prefix} cannot be read: {error}"
        ) from None
    for node in graph.nodes:
        ids = [c.node_id for c in node.children]
        ids += [
            i for s in node.slot_variables for i in (s.original_variable_node_id, s.slot_variable_node_id)
        ]
        if any(not 0 <= i < len(graph.nodes) for i in ids):
            raise errors.DataLossError(
                None,
                None,
                f"The object graph of checkpoint {reader.prefix} refers to nodes that it does not have.",
            )
    return graph


def keys_by_full_name(reader: Any) -> dict[str, str] | None:
    """The checkpoint's key of each variable, by the name it had; None if the checkpoint is not object-based."""
    graph = read_graph(reader)
    if graph is None:
        return None
    return {a.full_name: a.checkpoint_key for node in graph.nodes for a in node.attributes}
