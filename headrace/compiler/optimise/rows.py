"""Updates of the rows of a variable whose gradients were added up before: `Unique`, `UnsortedSegmentSum`, and an optimizer's op.

How many rows are unique depends on data, so that these would be a step on the host between two programs. One op that takes
the indices and gradients as they were has shapes that are known."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from headrace.core.graph import Operation
from headrace.ops.training import OF_SUMS

from .rewriter import blank

if TYPE_CHECKING:
    from .rewriter import Rewriter


def of_sums(r: Rewriter, node: Operation) -> list[Any] | None:
    op = OF_SUMS.get(node.type)
    if op is None:
        return None
    at = [a.name for a in op.signature.inputs].index("indices")
    rows, grad = node.inputs[at], node.inputs[at - 1]
    if rows._is_eager or grad._is_eager or rows.op.type != "Unique" or rows.value_index != 0:
        return None
    total = grad.op
    if total.type != "UnsortedSegmentSum" or total.inputs[1] is not rows.op.outputs[1]:
        return None
    inputs = list(node.inputs)
    inputs[at - 1], inputs[at] = total.inputs[0], rows.op.inputs[0]
    whole = blank(r.view, op, node, inputs, node.control_inputs)
    whole.attrs, whole.outputs = node.attrs, []
    r.nodes.append(whole)
    r.effects = [whole]
    return []
