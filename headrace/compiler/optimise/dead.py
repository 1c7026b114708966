"""What was needed only by nodes that are no more is left out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from headrace.core.graph import Operation

from .rewriter import standing_for


def asked(nodes: Sequence[Operation]) -> set[int]:
    """Ids of the nodes that nothing depends on: somebody wants them for themselves."""
    used = {id(t) for n in nodes for t in n.inputs}
    waited = {id(c) for n in nodes for c in n.control_inputs}
    return {id(n) for n in nodes if id(n) not in waited and not any(id(t) in used for t in n.outputs)}


def live(nodes: Sequence[Operation], outputs: Sequence[Any], asked: set[int]) -> list[Operation]:
    """The nodes that have effects, that something depends on, or that were asked for."""
    wanted = {id(t) for t in outputs if t is not None}
    waited: set[int] = set()
    kept: list[Operation] = []
    for node in reversed(nodes):
        if (
            node.op_def.stateful
            or id(node) in waited
            or id(standing_for(node)) in asked
            or any(id(t) in wanted for t in node.outputs)
        ):
            kept.append(node)
            wanted.update([id(t) for t in node.inputs])
            waited.update([id(c) for c in node.control_inputs])
    kept.reverse()
    return kept
