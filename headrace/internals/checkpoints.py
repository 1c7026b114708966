"""Stands in for the private modules of checkpoints that programs of 1.x import: `tensorflow.python.pywrap_tensorflow`,
`training.saver`, `training.checkpoint_utils`, `training.checkpoint_management`, `training.py_checkpoint_reader` and
`tools.inspect_checkpoint`."""

from __future__ import annotations

import re
import sys
from typing import Any

from headrace.api.compat_v1_saving import NewCheckpointReader
from headrace.checkpoint.directory import (
    checkpoint_exists,
    checkpoints_iterator,
    generate_checkpoint_state_proto,
    get_checkpoint_mtimes,
    get_checkpoint_state,
    latest_checkpoint,
    list_variables,
    load_checkpoint,
    load_variable,
    meta_graph_filename,
    remove_checkpoint,
    update_checkpoint_state,
)
from headrace.checkpoint.manager import CheckpointManager
from headrace.checkpoint.objects import Checkpoint, CheckpointOptions
from headrace.checkpoint.reader import CheckpointReader
from headrace.checkpoint.saveable import SaveableObject
from headrace.checkpoint.saver import Saver
from headrace.checkpoint.warm import init_from_checkpoint
from headrace.graphs.meta import export_meta_graph, import_meta_graph


def print_tensors_in_checkpoint_file(
    file_name: str,
    tensor_name: str,
    all_tensors: bool,
    all_tensor_names: bool = False,
    count_exclude_pattern: str = "",
) -> None:
    """Prints tensors of a checkpoint: one, all, or the names of all; then how many parameters it has.

    Args:
      file_name: the checkpoint.
      tensor_name: the one to print; "" for none in particular.
      all_tensors, all_tensor_names: whether all are printed, or their names.
      count_exclude_pattern: names of what does not count as a parameter.
    """
    reader: Any = NewCheckpointReader(file_name)
    shapes = reader.get_variable_to_shape_map()
    say = sys.stdout.write
    if all_tensors or all_tensor_names:
        for name in sorted(shapes):
            say(f"tensor: {name} ({reader.get_variable_to_dtype_map()[name].name}) {shapes[name]}\n")
            if all_tensors:
                say(f"{reader.get_tensor(name)}\n")
    elif not tensor_name:
        say(reader.debug_string().decode() + "\n")
    else:
        say(
            f"tensor: {tensor_name} ({reader.get_variable_to_dtype_map()[tensor_name].name}) {shapes[tensor_name]}\n"
        )
        say(f"{reader.get_tensor(tensor_name)}\n")
    total = 0
    for name, shape in shapes.items():
        if not count_exclude_pattern or not re.search(count_exclude_pattern, name):
            size = 1
            for d in shape:
                size *= d
            total += size
    say(f"# Total number of params: {total}\n")


__all__ = [
    "Checkpoint", "CheckpointManager", "CheckpointOptions", "CheckpointReader", "NewCheckpointReader", "SaveableObject",
    "Saver", "checkpoint_exists", "checkpoints_iterator", "export_meta_graph", "generate_checkpoint_state_proto",
    "get_checkpoint_mtimes", "get_checkpoint_state", "import_meta_graph", "init_from_checkpoint", "latest_checkpoint",
    "list_variables", "load_checkpoint", "load_variable", "meta_graph_filename", "print_tensors_in_checkpoint_file",
    "remove_checkpoint", "update_checkpoint_state",
]  # fmt: skip
