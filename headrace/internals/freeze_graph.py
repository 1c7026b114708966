"""`tensorflow.python.tools.freeze_graph`: a graph and a checkpoint as one graph of constants."""

from __future__ import annotations

import os
from typing import Any

from headrace.core import errors
from headrace.core.graph import Graph
from headrace.graphs.meta import import_meta_graph, read_meta_graph
from headrace.graphs.reading import import_graph_def
from headrace.graphs.tools import convert_variables_to_constants
from headrace.io import files
from headrace.proto import graph_pb2


def freeze_graph(
    input_graph: str, input_saver: str, input_binary: bool, input_checkpoint: str, output_node_names: str,
    restore_op_name: str, filename_tensor_name: str, output_graph: str, clear_devices: bool, initializer_nodes: str,
    variable_names_whitelist: str = "", variable_names_denylist: str = "", input_meta_graph: str | None = None,
    input_saved_model_dir: str | None = None, saved_model_tags: str = "serve", checkpoint_version: int = 2,
) -> Any:  # fmt: skip
    """Reads a graph (or a meta graph) and a checkpoint; returns the graph with its variables as constants, written to
    `output_graph` if that is given.

    Args:
      input_graph: a file with a `GraphDef`, binary if `input_binary`, else text.
      input_checkpoint: where the variables' values are.
      output_node_names: names of the nodes to keep, separated by commas.
      clear_devices: leaves out the devices of operations.
      initializer_nodes: names of operations to run before, separated by commas.
      variable_names_whitelist, variable_names_denylist: names, separated by commas: only these, or all but these.
      input_meta_graph: a file with a `MetaGraphDef`, in the place of `input_graph`.
      input_saved_model_dir, saved_model_tags: a SavedModel's folder, in the place of `input_graph` and `input_checkpoint`, and
        the tags of its graph, separated by commas.
      restore_op_name, filename_tensor_name, checkpoint_version: have no meaning: values are read by name.
    """
    if input_saver:
        raise errors.UnimplementedError(
            None, None, "freeze_graph reads variables by name: leave out input_saver."
        )  # fmt: skip
    if input_saved_model_dir:
        from headrace.saved_model.files import read_saved_model, with_tags

        message = with_tags(read_saved_model(input_saved_model_dir), _names(saved_model_tags)).graph_def
    elif input_meta_graph:
        message = read_meta_graph(input_meta_graph).graph_def
    else:
        message = _read(input_graph, input_binary)
    frozen = freeze_graph_with_def_protos(
        message, None, input_checkpoint, output_node_names, restore_op_name, filename_tensor_name, output_graph,
        clear_devices, initializer_nodes, variable_names_whitelist, variable_names_denylist,
        input_saved_model_dir=input_saved_model_dir, saved_model_tags=_names(saved_model_tags),
    )  # fmt: skip
    return frozen


def freeze_graph_with_def_protos(
    input_graph_def: Any, input_saver_def: Any, input_checkpoint: str, output_node_names: str, restore_op_name: str,
    filename_tensor_name: str, output_graph: str, clear_devices: bool, initializer_nodes: str,
    variable_names_whitelist: str = "", variable_names_denylist: str = "", input_meta_graph_def: Any = None,
    input_saved_model_dir: str | None = None, saved_model_tags: Any = None, checkpoint_version: int = 2,
) -> Any:  # fmt: skip
    """As `freeze_graph`, of messages."""
    from headrace.checkpoint.reader import CheckpointReader
    from headrace.session.session import Session

    if input_saver_def is not None:
        raise errors.UnimplementedError(
            None, None, "freeze_graph reads variables by name: leave out the saver."
        )
    if not output_node_names:
        raise ValueError("You need to supply the name of a node to --output_node_names.")
    if clear_devices:
        for node in (
            input_graph_def if input_meta_graph_def is None else input_meta_graph_def.graph_def
        ).node:
            node.device = ""
    graph = Graph()
    with graph.as_default(), Session(graph=graph) as session:
        if input_meta_graph_def is not None:
            import_meta_graph(input_meta_graph_def)
            input_graph_def = input_meta_graph_def.graph_def
        elif input_saved_model_dir:
            from headrace.saved_model.loader import load

            load(session, saved_model_tags, input_saved_model_dir)
        else:
            import_graph_def(input_graph_def, name="")
        if not input_saved_model_dir:
            _restore(session, CheckpointReader(os.fspath(input_checkpoint)))
        if initializer_nodes:
            session.run(_names(initializer_nodes))
        frozen = convert_variables_to_constants(
            session, input_graph_def, _names(output_node_names), _names(variable_names_whitelist) or None,
            _names(variable_names_denylist),
        )  # fmt: skip
    if output_graph:
        files.write_bytes(os.fspath(output_graph), frozen.SerializeToString())
    return frozen


def _restore(session: Any, reader: Any) -> None:
    """Gives the variables of a session's graph the values that a checkpoint has under their names."""
    for node in session.graph.operations:
        if node.type in ("VarHandleOp", "VariableV2", "Variable"):
            name = node.attrs.get("shared_name") or node.name
            if reader.has_tensor(name):
                session._resource(node)._host().item().write(reader.get_tensor(name))


def _names(text: str) -> list[str]:
    return [name for name in text.replace(" ", "").split(",") if name]


def _read(path: str, binary: bool) -> Any:
    from google.protobuf import text_format

    if not os.path.isfile(path):
        raise errors.NotFoundError(None, None, f"Input graph file '{path}' does not exist!")
    with open(path, "rb") as file:
        data = file.read()
    if binary:
        return graph_pb2.GraphDef.FromString(data)
    return text_format.Parse(data.decode(), graph_pb2.GraphDef())


__all__ = ["freeze_graph", "freeze_graph_with_def_protos"]
