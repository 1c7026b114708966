"""Rows of the op table as `OpDef` messages: what `op.op_def` shows, and what a meta graph says of the ops it uses."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from headrace.core.dtypes import DType
from headrace.core.graph import Graph
from headrace.core.op import REQUIRED, Arg, OpDef

# The kinds of attributes whose defaults do not tell them (there is none, or it is an empty list or None).
_KINDS = {
    "string": "container equation input_encoding input_order interpolation left_pad message message_type metadata mode "
    "output_encoding padding pattern rewrite right_pad separator serialized_options set_operation shared_name source token",
    "int": "record_bytes header_bytes footer_bytes hop_bytes "
    "Ndense Nsparse OUTPUT_RAGGED_RANK beam_width block_size concat_dim hash_key k key_index limit num num_buckets "
    "num_partitions num_sampled num_sparse num_split num_true pad_width range_max seq_dim top_paths value_index",
    "bool": "binary_output hashed_output preserve_short_sequences scale_after_normalization unique",
    "float": "sample_rate variance_epsilon",
    "list(string)": "allowed_devices dense_keys field_names labels sparse_keys",
    "list(int)": "explicit_paddings key ksize ksizes ngram_widths rates select_cols squeeze_dims strides",
    "list(float)": "boundaries pooling_ratio unigrams",
    "func": "body cond dataset_factory else_branch f finalize_func init_func key_func next_func predicate reduce_func "
    "then_branch window_size_func",
    "list(func)": "branches",
    "list(type)": "Tcomponents Tin",
    "tensor": "value",
}
KINDS = {name: kind for kind, names in _KINDS.items() for name in names.split()}


def kind_of(op: OpDef, name: str) -> str:
    """What TensorFlow calls the kind of an attribute: `int`, `list(type)` …"""
    default = op.attrs.get(name, REQUIRED)
    if isinstance(default, bool):
        return "bool"
    if isinstance(default, int):
        return "int"
    if isinstance(default, float):
        return "float"
    if isinstance(default, (str, bytes)):
        return "string"
    if isinstance(default, DType):
        return "type"
    if isinstance(default, np.ndarray):
        return "tensor"
    if isinstance(default, (list, tuple)) and default:
        return f"list({kind_of_value(default[0])})"
    for arg in (*op.signature.inputs, *op.signature.outputs):
        if arg.number_attr == name:
            return "int"
        if arg.type_list_attr == name:
            return "list(type)"
        if arg.type_attr == name:
            return "type"
    if name in KINDS:
        return KINDS[name]
    if name.endswith("_shapes") or name == "shapes":
        return "list(shape)"
    if name.endswith("_types"):
        return "list(type)"
    return "shape" if name == "shape" or "_shape" in name else "type"


def kind_of_value(value: Any) -> str:
    if isinstance(value, bool):
        return "bool"
    if isinstance(value, int):
        return "int"
    if isinstance(value, float):
        return "float"
    return "type" if isinstance(value, DType) else "string"


def op_message(op: OpDef) -> Any:
    """The `OpDef` message of a row of the table."""
    from headrace.io.graph_def import Functions, _write_attr
    from headrace.proto import graph_pb2

    message = graph_pb2.OpDef(name=op.name, is_stateful=op.stateful)
    names: list[str] = []
    for arg in op.signature.inputs:
        names += _argument(message.input_arg.add(), arg)
    for arg in op.signature.outputs:
        names += _argument(message.output_arg.add(), arg)
    for name in dict.fromkeys([*names, *op.attrs]):
        attr = message.attr.add(name=name, type=kind_of(op, name))
        default = op.attrs.get(name, REQUIRED)
        if default is not REQUIRED and not (default is None and attr.type != "shape"):
            _write_attr(attr.default_value, name, default, default, Functions(graph_pb2.FunctionDefLibrary()))
        if name in op.types:
            allowed = sorted([d.as_datatype_enum for d in op.types[name]])
            attr.allowed_values.list.type.extend(allowed)
    return message


def _argument(message: Any, arg: Arg) -> list[str]:
    message.name = arg.name
    if arg.dtype is not None:
        message.type = arg.dtype.as_datatype_enum
    message.type_attr = arg.type_attr or ""
    message.number_attr = arg.number_attr or ""
    message.type_list_attr = arg.type_list_attr or ""
    return [n for n in (arg.number_attr, arg.type_attr, arg.type_list_attr) if n]


def used_ops(graph: Graph) -> Iterable[OpDef]:
    """The ops of a graph's operations and of the functions these call, sorted by name."""
    from headrace.ops.functional import inner_graphs

    found: dict[str, OpDef] = {}
    seen: set[int] = set()
    stack = [graph]
    while stack:
        inside = stack.pop()
        if id(inside) in seen:
            continue
        seen.add(id(inside))
        for node in inside.operations:
            found[node.type] = node.op_def
            stack.extend(inner_graphs(node))
    return [found[name] for name in sorted(found)]


__all__ = ["kind_of", "op_message", "used_ops"]
