"""The time of a compiled step, divided among its ops for views that show a time per op.

XLA fuses ops, so that no op of a compiled program has a time of its own. The estimate gives each the part of the step's time
that it has of the step's work, counted as FLOPs and bytes written."""

from __future__ import annotations

from typing import Any

from headrace.core.graph import CONST
from headrace.core.shapes import count

from .costs import UnknownShape, flops

# Write nothing.
FREE = frozenset({"ExpandDims", "Identity", "ReadVariableOp", "Reshape", "Squeeze", "StopGradient"})
DEVICE = ":estimate"  # ends the name of the device that the estimates are listed under


def add_estimates(step_stats: Any, device: str, seen: list[tuple[Any, float, float]]) -> None:
    """Adds one entry per op of the steps `(step, began, seconds)`, with its outputs' types and shapes."""
    found = step_stats.dev_stats.add(device=device + DEVICE)
    for step, began, seconds in seen:
        work = [_work(n) for n in step.nodes]
        total = sum(work) or 1.0
        at = began
        for node, share in zip(step.nodes, work):
            if node.op_def is CONST:
                continue
            stats = found.node_stats.add(node_name=node.name)
            stats.all_start_micros = round(at * 1e6)
            long = seconds * share / total
            stats.op_end_rel_micros = stats.all_end_rel_micros = max(1, round(long * 1e6))
            at += long
            inputs = ", ".join(dict.fromkeys([t.op.name for t in node.inputs if not t._is_eager]))
            stats.timeline_label = f"{node.name} = {node.type}({inputs})"
            for k, t in enumerate(node.outputs):
                _describe(stats.output.add(slot=k).tensor_description, t)


def _work(node: Any) -> float:
    if node.op_def is CONST or node.type in FREE:
        return 0.0
    try:
        n = flops(node, 1) or 0
    except UnknownShape:
        n = 0
    return n + sum([_bytes(t) for t in node.outputs])


def _bytes(t: Any) -> int:
    known = None if t._raw_shape is None else tuple([1 if d is None else d for d in t._raw_shape])
    n = count(known)
    return 0 if n is None or t._dtype.kind in "rvs" else n * t._dtype.size


def _describe(description: Any, t: Any) -> None:
    from headrace.io.tensor_proto import shape_proto

    description.dtype = t._dtype.as_datatype_enum
    description.shape.CopyFrom(shape_proto(t._raw_shape))
    description.allocation_description.requested_bytes = _bytes(t)
