"""`tf.compat.v1`: graphs in files and messages."""

from __future__ import annotations

from headrace.graphs.meta import export_meta_graph, import_meta_graph
from headrace.graphs.reading import import_graph_def
from headrace.proto.meta_graph_pb2 import MetaGraphDef, TensorInfo

ROOT = ["MetaGraphDef", "TensorInfo", "import_graph_def"]
NAMES = {"train": ["export_meta_graph", "import_meta_graph"]}
__all__ = [*ROOT, *NAMES["train"]]  # noqa: PLE0604 - lists of names
