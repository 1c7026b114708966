"""Which values must be known before a cluster compiles, when one of its ops needs the value of a tensor."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from headrace.core.graph import FuncGraph, Operation
from headrace.core.shapes import count

# Of data (lengths of rows …): many inputs have one such value, which alone is the key.
_SUMMARIES = frozenset({"Max", "Min"})
SHAPE_LIKE = 16  # a tensor of up to so many elements may be a shape, a size or an index: its value may be part of a key


@dataclass
class Demand:
    """`values`: cluster inputs whose values become part of its key; `cuts`: tensors to compute in an earlier cluster."""

    values: set[int] = field(default_factory=set)
    cuts: set[int] = field(default_factory=set)


def demand(error: Any, top: Operation, inputs: set[int]) -> Demand | None:
    """Follows the needed tensor back to cluster inputs or to the ops to cut at; None when the op must go to the host."""
    tensors = [error.node.inputs[error.index]]
    graph = _graph_of(error.node)
    # The ops around the one that failed (which comes first), innermost first.
    for outer in [*error.trail, top][1:]:
        if outer.type in ("While", "StatelessWhile"):
            return None
        positions: list[int] = []
        found = Demand()
        for t in tensors:
            if not _follow(t, found, positions, graph):
                return None
        if found.cuts:
            return None  # inside of a nested graph nothing can be cut
        offset = 1 if outer.type in ("If", "StatelessIf", "Case", "StatelessCase") else 0
        tensors = [outer.inputs[i + offset] for i in positions]
        graph = _graph_of(outer)
    found = Demand()
    for t in tensors:
        _trace(t, found, inputs)
    return found


def _graph_of(node: Any) -> Any:
    return getattr(node, "graph", None)


def _follow(t: Any, found: Demand, positions: list[int], graph: Any) -> bool:
    """Within a nested graph: which of its inputs the value depends on."""
    if not isinstance(graph, FuncGraph):
        return False
    for i, x in enumerate(graph.inputs):
        if x is t:
            positions.append(i)
            return True
    node = t.op
    if node.type in ("Const", "Shape", "Size", "Rank", "ShapeN"):
        return True
    if node.op_def.kernel is None or node.op_def.stateful or node.op_def.host:
        return False
    return all(_follow(x, found, positions, graph) for x in node.inputs)


def _trace(t: Any, found: Demand, inputs: set[int]) -> None:
    if id(t) in inputs:
        found.values.add(id(t))
        return
    node = t.op
    if node.type in ("Const", "Shape", "Size", "Rank", "ShapeN"):
        return
    op = node.op_def
    cheap = op.kernel is not None and not op.stateful and not op.host and not op.reenters
    if not cheap or node.type in _SUMMARIES or not all(_shape_like(x) for x in node.inputs):
        found.cuts.add(id(t))
        return
    for x in node.inputs:
        _trace(x, found, inputs)


def _shape_like(t: Any) -> bool:
    if t.op.type in ("Const", "Shape", "Size", "Rank", "ShapeN"):
        return True
    size = count(t._raw_shape)
    return (t._dtype.is_integer or t._dtype.is_bool) and size is not None and size <= SHAPE_LIKE
