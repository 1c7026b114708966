"""`tf.graph_util`: graphs from messages. More of it is in `tf.compat.v1.graph_util`."""

from __future__ import annotations

from headrace.graphs.reading import import_graph_def

__all__ = ["import_graph_def"]
ROOT = ["import_graph_def"]
