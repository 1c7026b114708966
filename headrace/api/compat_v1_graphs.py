"""`tf.compat.v1`: graphs in files and messages."""

from __future__ import annotations

from headrace.graphs.meta import export_meta_graph, import_meta_graph
from headrace.graphs.quantizing import do_quantize_training_on_graphdef
from headrace.graphs.reading import import_graph_def
from headrace.graphs.tools import (
    convert_variables_to_constants,
    extract_sub_graph,
    must_run_on_cpu,
    remove_training_nodes,
    tensor_shape_from_node_def_name,
)
from headrace.proto.meta_graph_pb2 import MetaGraphDef, TensorInfo

ROOT = ["MetaGraphDef", "TensorInfo", "import_graph_def"]
NAMES = {
    "graph_util": [
        "convert_variables_to_constants", "extract_sub_graph", "import_graph_def", "must_run_on_cpu",
        "remove_training_nodes", "tensor_shape_from_node_def_name",
    ],
    "train": ["do_quantize_training_on_graphdef", "export_meta_graph", "import_meta_graph"],
}  # fmt: skip
__all__ = sorted({*ROOT, *NAMES["graph_util"], *NAMES["train"]})  # noqa: PLE0605 - a list of names
