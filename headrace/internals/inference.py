"""`tensorflow.python.tools.optimize_for_inference_lib` and `strip_unused_lib`: graphs without what only training needs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from headrace.graphs.folding import convert_placeholder_to_const, fold_batch_norms
from headrace.graphs.tools import extract_sub_graph, remove_training_nodes, source_of, strip_unused


def optimize_for_inference(
    input_graph_def: Any, input_node_names: Sequence[str], output_node_names: Sequence[str], placeholder_type_enum: Any,
    toco_compatible: bool = False, placeholder_to_const_names: Sequence[str] | None = None,
) -> Any:  # fmt: skip
    """The part of a graph between some nodes and others, without training nodes, normalisations folded into convolutions.

    Args:
      input_node_names: become placeholders.
      output_node_names: what is kept.
      placeholder_type_enum: the number of the placeholders' type, or one for each.
      toco_compatible: has no meaning: no op is replaced by one that only this program knows.
      placeholder_to_const_names: placeholders of bools that become constants, `"name=False"` for each.
    """
    whole = convert_placeholder_to_const(input_graph_def, placeholder_to_const_names)
    cut = strip_unused(whole, input_node_names, output_node_names, placeholder_type_enum)
    kept = [source_of(n) for n in output_node_names]
    return extract_sub_graph(fold_batch_norms(remove_training_nodes(cut, kept)), kept)


__all__ = ["convert_placeholder_to_const", "fold_batch_norms", "optimize_for_inference", "strip_unused"]
