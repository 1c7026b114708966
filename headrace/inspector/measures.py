"""What a graph costs: operations on numbers, and memory."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from headrace.compiler.trips import trip_count
from headrace.core.graph import CONST, Operation
from headrace.core.static import static_value
from headrace.core.tensor import ReferenceTensor
from headrace.ops.functional import inner_graphs

from .costs import UnknownShape, flops
from .roots import VARIABLES

CONDITIONALS = frozenset({"Case", "If", "StatelessCase", "StatelessIf"})
LOOPS = frozenset({"StatelessWhile", "While"})
# These have no memory of their own: what they give is their input's.
SAME = frozenset(
    {"ExpandDims", "Identity", "PreventGradient", "ReadVariableOp", "Reshape", "Squeeze", "StopGradient"}
)
_GIVEN = frozenset({"Placeholder", *VARIABLES})  # inputs and variables are counted apart


class Measures:
    """What computing the `nodes` of a graph takes, those of its branches, loops and functions with them.

    Of a conditional the branch with the most FLOPs counts. A loop counts as often as it runs; once, if that cannot be told.

    Attributes:
      flops: by op type.
      activation_bytes: of all results; `peak_bytes`: of those that are needed at the same time, op by op.
      constant_bytes: of the constants.
      endless: how many loops of unknown length there are.
      unranked: how many results count nothing, since not even their rank is known.
    """

    def __init__(self, nodes: Sequence[Operation], wanted: Sequence[Any], dim: int) -> None:
        self.dim = dim
        self.endless = self.unranked = self.constant_bytes = 0
        self.flops: Counter[str] = Counter()
        self.activation_bytes = self._walk(nodes, self.flops)
        self.peak_bytes = self._peak(nodes, wanted)

    def _walk(self, nodes: Iterable[Operation], counts: Counter[str]) -> int:
        """Adds the FLOPs of nodes to `counts`; the bytes of their results."""
        total = 0
        for node in nodes:
            try:
                counts[node.type] += flops(node, self.dim) or 0
            except UnknownShape:
                pass  # some result is in `unranked`
            if node.op_def is CONST:
                self.constant_bytes += self.bytes(node.outputs[0])
                continue
            self.unranked += sum(t._raw_shape is None and t._dtype.kind not in "rv" for t in node.outputs)
            total += sum(map(self._own, node.outputs))
            graphs = inner_graphs(node)
            if not graphs:
                continue
            parts = []
            for graph in graphs:
                part: Counter[str] = Counter()
                size = self._walk(graph.operations, part)
                parts.append((part, size))
            if node.type in CONDITIONALS:
                parts = [max(parts, key=lambda p: (p[0].total(), p[1]))]
            times = self._times(node) if node.type in LOOPS else [1] * len(parts)
            for (part, size), n in zip(parts, times):
                counts.update({kind: count * n for kind, count in part.items()})
                total += size
        return total

    def _times(self, node: Operation) -> list[int]:
        """How often a loop's condition and body run."""
        condition, body = node.attrs["cond"], node.attrs["body"]
        found = [None if t._dtype.kind in "rv" else static_value(t) for t in node.inputs]
        n, exact = trip_count(condition, body, [x if isinstance(x, np.ndarray) else None for x in found])
        if n is None or not exact:
            self.endless += 1
            n = 1
        return [n + 1 if graph is condition else n for graph in inner_graphs(node)]

    def bytes(self, t: Any) -> int:
        shape = t._raw_shape
        if shape is None or t._dtype.kind in "rvs":
            return 0
        return math.prod([self.dim if d is None else d for d in shape]) * t._dtype.size

    def _own(self, t: Any) -> int:
        """The bytes that an op makes for its result."""
        if t._is_eager or t.op.type in SAME or t.op.type in _GIVEN or isinstance(t, ReferenceTensor):
            return 0
        return 0 if t.op.op_def is CONST else self.bytes(t)

    def _peak(self, nodes: Sequence[Operation], wanted: Sequence[Any]) -> int:
        """The most bytes of results that some later op still needs, in program order."""
        last = {id(_source(t)): i for i, node in enumerate(nodes) for t in node.inputs}
        last.update({id(_source(t)): len(nodes) for t in wanted})
        now = most = 0
        freed: Counter[int] = Counter()
        for i, node in enumerate(nodes):
            inside = max([self._peak(g.operations, g.outputs) for g in inner_graphs(node)], default=0)
            most = max(most, now + inside)
            for t in node.outputs:
                n = self._own(t)
                now += n
                freed[last.get(id(t), i)] += n
            most = max(most, now)
            now -= freed[i]
        return most


def _source(t: Any) -> Any:
    """The tensor whose memory this one is in."""
    while not t._is_eager and t.op.type in SAME and t.op.inputs:
        t = t.op.inputs[0]
    return t
