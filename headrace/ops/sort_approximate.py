"""`ApproxTopK`. An approximation may be exact, and XLA's sort is as fast where there is no hardware for this: so whatever recall
is asked for, from however many parts, this is the `k` largest elements."""

from __future__ import annotations

from typing import Any

from headrace.core.dtypes import bfloat16, float16, float32
from headrace.core.op import REQUIRED, OpDef, lookup


def _approximate(
    x: Any, k: int, reduction_dimension: int, recall_target: float, is_max_k: bool, reduction_input_size_override: int,
    aggregate_to_topk: bool,
) -> list[Any]:  # fmt: skip
    if x._raw_shape is None:
        raise ValueError("ApproxTopK needs an input of known rank.")
    rank = len(x._raw_shape)
    axis = reduction_dimension % rank if rank else 0
    order = [*[i for i in range(rank) if i != axis], axis]
    moved = x if axis == rank - 1 else lookup("Transpose")(x, order)
    values, at = lookup("TopKV2")(moved if is_max_k else lookup("Neg")(moved), k)
    values = values if is_max_k else lookup("Neg")(values)
    if moved is x:
        return [values, at]
    back = [order.index(i) for i in range(rank)]
    return [lookup("Transpose")(values, back), lookup("Transpose")(at, back)]


APPROX_TOP_K = OpDef(
    "ApproxTopK",
    "input: T -> values: T, indices: int32",
    attrs={
        "k": REQUIRED, "reduction_dimension": -1, "recall_target": 0.95, "is_max_k": True, "reduction_input_size_override": -1,
        "aggregate_to_topk": True,
    },
    types={"T": {float16, bfloat16, float32}},
    body=_approximate,
)  # fmt: skip
