"""`tensorflow.python.tools.optimize_for_inference_lib` and `strip_unused_lib`: graphs without what only training needs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from headrace.graphs.tools import remove_training_nodes, source_of, strip_unused


def optimize_for_inference(
    input_graph_def: Any, input_node_names: Sequence[str], output_node_names: Sequence[str], placeholder_type_enum: Any,
    toco_compatible: bool = False,
) -> Any:  # fmt: skip
    """The part of a graph between some nodes and others, without training nodes.

    Batch normalisations stay: the compiler folds them into what is before them when the graph runs.

    Args:
      input_node_names: become placeholders.
      output_node_names: what is kept.
      placeholder_type_enum: the number of the placeholders' type, or one for each.
      toco_compatible: has no meaning: no op is replaced by one that only this program knows.
    """
    cut = strip_unused(input_graph_def, input_node_names, output_node_names, placeholder_type_enum)
    return remove_training_nodes(cut, [source_of(n) for n in output_node_names])


__all__ = ["optimize_for_inference", "strip_unused"]
