"""`tf.contrib.util`: values of tensors as messages."""

from __future__ import annotations

from typing import Any

from headrace.api.tensor_protos import make_ndarray, make_tensor_proto
from headrace.core.static import static_value


def constant_value(tensor: Any, partial: bool = False) -> Any:
    """The value of a tensor that is known while the graph is built, as an array; None if it is not.

    Args:
      partial: values known in part are not given: has to be False."""
    if partial:
        raise NotImplementedError("constant_value: partial values are not given. Leave `partial` False.")
    return static_value(tensor)


def ops_used_by_graph_def(graph_def: Any) -> list[str]:
    """The types of the operations in a GraphDef and its functions, each once, sorted."""
    nodes = [*graph_def.node, *[n for f in graph_def.library.function for n in f.node_def]]
    return sorted({n.op for n in nodes})


__all__ = ["constant_value", "make_ndarray", "make_tensor_proto", "ops_used_by_graph_def"]
