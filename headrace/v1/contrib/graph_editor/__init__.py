"""`tf.contrib.graph_editor`: parts of graphs chosen, copied and connected anew."""

from __future__ import annotations

from . import reroute, select, subgraph, transform
from .reroute import (
    add_control_inputs,
    bypass,
    connect,
    detach,
    detach_inputs,
    detach_outputs,
    remove_control_inputs,
    reroute_inputs,
    reroute_ios,
    reroute_outputs,
    reroute_ts,
    swap_inputs,
    swap_ios,
    swap_outputs,
    swap_ts,
)
from .select import (
    ControlOutputs,
    can_be_regex,
    check_cios,
    compute_boundary_ts,
    filter_ops,
    filter_ops_from_regex,
    filter_ts,
    filter_ts_from_regex,
    get_backward_walk_ops,
    get_consuming_ops,
    get_forward_walk_ops,
    get_generating_ops,
    get_name_scope_ops,
    get_ops_ios,
    get_tensors,
    get_walks_intersection_ops,
    get_walks_union_ops,
    get_within_boundary_ops,
    make_list_of_op,
    make_list_of_t,
    make_regex,
    select_ops,
    select_ops_and_ts,
    select_ts,
)
from .subgraph import SubGraphView, make_view, make_view_from_scope, sgv, sgv_scope
from .transform import (
    TransformerInfo,
    copy,
    copy_with_input_replacements,
    graph_replace,
    make_placeholder_from_dtype_and_shape,
    make_placeholder_from_tensor,
    ph,
    placeholder_name,
)

__all__ = [
    "ControlOutputs", "SubGraphView", "TransformerInfo", "add_control_inputs", "bypass", "can_be_regex", "check_cios",
    "compute_boundary_ts", "connect", "copy", "copy_with_input_replacements", "detach", "detach_inputs", "detach_outputs",
    "filter_ops", "filter_ops_from_regex", "filter_ts", "filter_ts_from_regex", "get_backward_walk_ops",
    "get_consuming_ops", "get_forward_walk_ops", "get_generating_ops", "get_name_scope_ops", "get_ops_ios", "get_tensors",
    "get_walks_intersection_ops", "get_walks_union_ops", "get_within_boundary_ops", "graph_replace", "make_list_of_op",
    "make_list_of_t", "make_placeholder_from_dtype_and_shape", "make_placeholder_from_tensor", "make_regex", "make_view",
    "make_view_from_scope", "ph", "placeholder_name", "remove_control_inputs", "reroute", "reroute_inputs", "reroute_ios",
    "reroute_outputs", "reroute_ts", "select", "select_ops", "select_ops_and_ts", "select_ts", "sgv", "sgv_scope",
    "subgraph", "swap_inputs", "swap_ios", "swap_outputs", "swap_ts", "transform",
]  # fmt: skip
