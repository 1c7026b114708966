"""Frozen graphs made smaller: batch normalisations as a part of the convolutions before them, switches as constants."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from headrace.core import dtypes
from headrace.io.tensor_proto import array_of, make_tensor_proto
from headrace.proto import graph_pb2

from .reading import as_message
from .tools import source_of

# Where the inputs of a normalisation are: what it normalises, mean, variance, offset, scale; and its attribute for epsilon.
NORMALISATIONS = {
    "BatchNormWithGlobalNormalization": ((0, 1, 2, 3, 4), "variance_epsilon"),
    "FusedBatchNorm": ((0, 3, 4, 2, 1), "epsilon"),
    "FusedBatchNormV2": ((0, 3, 4, 2, 1), "epsilon"),
    "FusedBatchNormV3": ((0, 3, 4, 2, 1), "epsilon"),
}
CONVOLUTIONS = frozenset({"Conv2D", "DepthwiseConv2dNative"})
BOOL = 10  # the number of the type in messages


def fold_batch_norms(input_graph_def: Any) -> Any:
    """A graph in which normalisations of convolutions, of constant weights and with constant statistics, are scaled weights and
    a `BiasAdd` of the normalisation's name. Others stay.

    Raises:
      TypeError: `input_graph_def` is no `GraphDef`.
    """
    out = graph_pb2.GraphDef()
    out.CopyFrom(as_message(input_graph_def))
    nodes = {n.name: n for n in out.node}
    used: dict[str, int] = {}
    for node in out.node:
        for text in node.input:
            used[source_of(text)] = used.get(source_of(text), 0) + 1
    for node in list(out.node):
        if node.op in NORMALISATIONS and not node.attr["is_training"].b:
            _fold(out, nodes, used, node)
    return out


def _constant(node: Any) -> Any:
    return array_of(node.attr["value"].tensor) if node is not None and node.op == "Const" else None


def _fold(graph: Any, nodes: dict[str, Any], used: Mapping[str, int], norm: Any) -> None:
    places, epsilon = NORMALISATIONS[norm.op]
    sources = [nodes.get(source_of(norm.input[i])) for i in places]
    conv = sources[0]
    mean, variance, offset, scale = [_constant(n) for n in sources[1:]]
    if conv is None or conv.op not in CONVOLUTIONS or used[conv.name] > 1 or f"^{conv.name}" in norm.input:
        return
    weights_node: Any = nodes.get(source_of(conv.input[1]))
    weights = _constant(weights_node)
    if any(x is None for x in (mean, variance, offset, scale, weights)):
        return
    if norm.op == "BatchNormWithGlobalNormalization" and not norm.attr["scale_after_normalization"].b:
        scale = np.ones_like(scale)
    factor = scale / np.sqrt(variance + norm.attr[epsilon].f)
    if conv.op == "DepthwiseConv2dNative":
        scaled = weights * factor.reshape(weights.shape[2:])
    else:
        scaled = weights * factor
    target: Any = weights_node
    if used[target.name] > 1:  # the others keep theirs
        target = graph.node.add(name=f"{conv.name}_bn_weights")
        target.CopyFrom(weights_node)
        target.name = f"{conv.name}_bn_weights"
        conv.input[1] = target.name
    _set(target, scaled.astype(weights.dtype))
    bias = graph.node.add(name=f"{conv.name}_bn_offset", op="Const")
    _set(bias, (offset - mean * factor).astype(weights.dtype))
    controls = [t for t in norm.input if t.startswith("^")]
    name, layout, kind = norm.name, norm.attr["data_format"].s or b"NHWC", norm.attr["T"].type
    norm.Clear()
    norm.name, norm.op = name, "BiasAdd"
    norm.input.extend([conv.name, bias.name, *controls])
    norm.attr["T"].type, norm.attr["data_format"].s = kind, layout


def _set(node: Any, value: Any) -> None:
    dtype = dtypes.from_numpy(value.dtype)
    node.attr["dtype"].type = dtype.as_datatype_enum
    node.attr["value"].tensor.CopyFrom(make_tensor_proto(value, dtype))


def convert_placeholder_to_const(input_graph_def: Any, nodes_to_convert: Iterable[str] | None = None) -> Any:
    """A graph in which placeholders of bools are constants: whether it trains is settled.

    Args:
      nodes_to_convert: `"name=False"` for each. (`keras_learning_phase` is False in any case.)

    Raises:
      ValueError: a text is not of this form, or two nodes have one name.
    """
    values = {"keras_learning_phase": False}
    for text in nodes_to_convert or ():
        name, equals, value = text.partition("=")
        if not equals or value.strip() not in ("True", "true", "False", "false"):
            raise ValueError(f"A node to convert is written 'name=True' or 'name=False', received {text!r}.")
        values[name.strip()] = value.strip().lower() == "true"
    out = graph_pb2.GraphDef()
    out.CopyFrom(as_message(input_graph_def))
    if len({n.name for n in out.node}) < len(out.node):
        raise ValueError("Duplicate node names detected.")
    for node in out.node:
        if node.op in ("Placeholder", "PlaceholderWithDefault") and node.attr["dtype"].type == BOOL:
            found = next((v for name, v in values.items() if name in node.name), None)
            if found is not None:
                del node.input[:]
                node.op = "Const"
                node.attr.pop("shape", None)
                _set(node, np.asarray(found))
    return out


__all__ = ["convert_placeholder_to_const", "fold_batch_norms"]
