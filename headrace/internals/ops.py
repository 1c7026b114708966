"""Stands in for `tensorflow.python.framework.ops`."""

from headrace.api.control import Graph, Operation, control_dependencies, device, name_scope
from headrace.api.making import convert_to_tensor
from headrace.core.state import executing_eagerly, init_scope
from headrace.core.tensor import EagerTensor, Tensor
from headrace.inspector.costs import OpStats, RegisterStatistics, get_stats_for_node_def

__all__ = [
    "EagerTensor",
    "Graph",
    "OpStats",
    "Operation",
    "RegisterStatistics",
    "Tensor",
    "control_dependencies",
    "convert_to_tensor",
    "device",
    "executing_eagerly",
    "get_stats_for_node_def",
    "init_scope",
    "name_scope",
]
