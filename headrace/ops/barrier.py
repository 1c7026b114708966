"""A wall the compiler does not move work across."""

from __future__ import annotations

from typing import Any

from headrace.core.op import OpDef


def _lower(b: Any, input: Any) -> Any:
    return b.ops("stablehlo.optimization_barrier", input, [(v.shape, v.dtype) for v in input])


BARRIER = OpDef(
    "XlaOptimizationBarrier",
    "input: [T] -> output: [T]",
    shape=lambda c: [c[i] for i in range(len(c))],
    kernel=lambda input: input,
    lower=_lower,
    grad=lambda op, *gs: list(gs),
    doc="The inputs; none is available before all are, and common subexpressions across it are not merged.",
)
BARRIER.grad.accepts_none = True  # type: ignore[union-attr]
