"""Sums that loops take of products, as the gradients of weights that every iteration uses: `total += A.T @ B`.

Adding up a large matrix in each iteration is mostly moving memory. The factors are smaller: they are kept, and one product of
all rows of A with all rows of B after the loop is the sum."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from typing import Any, NamedTuple

from headrace.core.graph import FuncGraph, Operation
from headrace.ops.functional import inner_graphs

from .hlo import Value

KEPT_AT_MOST = 1 << 28  # bytes of the factors of one sum


class Product(NamedTuple):
    """What an iteration adds: the tensor of the body, and the MatMul (there, or in a function that the body calls)."""

    tensor: Any
    node: Operation


def summed_products(
    condition: FuncGraph, body: FuncGraph, nodes: Sequence[Operation], candidates: Sequence[int]
) -> dict[int, Product]:
    """The loop variables that nothing but products are added to, and nobody looks at, before the loop ends, by number.
    `nodes` are those of the body that are run."""
    uses = Counter([id(t) for n in nodes for t in n.inputs] + [id(t) for t in body.outputs])
    tested = {id(t) for n in condition.operations for t in n.inputs} | {id(t) for t in condition.outputs}
    calls = Counter([id(g) for n in nodes for g in inner_graphs(n)])
    found = {}
    for i in candidates:
        total, start = body.outputs[i], body.inputs[i]
        if total._is_eager or total.op.type not in ("Add", "AddV2", "AddN") or len(total.op.inputs) != 2:
            continue
        x, y = total.op.inputs
        product = y if x is start else x
        if product is start or (x is not start and y is not start) or id(condition.inputs[i]) in tested:
            continue
        node = _matmul(product, calls)
        if node is not None and all(uses[id(t)] == 1 for t in (total, x, y)):
            found[i] = Product(product, node)
    return found


def _matmul(t: Any, calls: Counter[int]) -> Operation | None:
    """The node that makes a product `A.T @ B` of floats, also in a function that nobody else calls."""
    while not t._is_eager and "PartitionedCall" in t.op.type:
        (graph,) = inner_graphs(t.op)
        if calls[id(graph)] > 1:
            return None
        t = graph.outputs[t.value_index]
    node = None if t._is_eager else t.op
    if node is None or node.type != "MatMul" or not t._dtype.is_floating:
        return None
    return node if node.attrs["transpose_a"] and not node.attrs["transpose_b"] else None


def worth(pair: Sequence[Any], trips: int) -> bool:
    """Whether keeping the factors of `trips` iterations is better than adding up their products."""
    if not all(isinstance(v, Value) for v in pair) or len(pair) != 2:
        return False
    (count, m), n = pair[0].shape, pair[1].shape[1]
    kept = count * (m + n)
    return 0 < kept < m * n and kept * trips * pair[0].dtype.size <= KEPT_AT_MOST


def rows(shape: Sequence[int]) -> tuple[int, int]:
    """The shape of all iterations' factors, one below the other."""
    return math.prod(shape[:-1]), shape[-1]
