"""What broadcasting does to shapes: the axes that were repeated, and the common shape."""

from __future__ import annotations

from typing import Any

import numpy as np

from headrace.core import dtypes
from headrace.core.dtypes import INDEX
from headrace.core.errors import invalid
from headrace.core.op import OpDef, ShapeContext
from headrace.core.tape import not_differentiable


def _broadcast_axes(s0: np.ndarray, s1: np.ndarray) -> Any:
    """The axes (of the broadcast result) along which each of two shapes is repeated."""
    a, c = s0.tolist(), s1.tolist()
    rank = max(len(a), len(c))
    a, c = [1] * (rank - len(a)) + a, [1] * (rank - len(c)) + c
    if any(x != y and x != 1 and y != 1 for x, y in zip(a, c)):
        raise invalid(f"Incompatible shapes for broadcasting: {a} and {c}")
    if s0.size == s1.size and a == c:
        return np.zeros(0, s0.dtype), np.zeros(0, s0.dtype)
    r0, r1 = [i for i in range(rank) if a[i] == 1], [i for i in range(rank) if c[i] == 1]
    return np.asarray(r0, s0.dtype), np.asarray(r1, s0.dtype)


def _broadcast_shape(s0: np.ndarray, s1: np.ndarray) -> Any:
    try:
        return np.asarray(np.broadcast_shapes(tuple(s0.tolist()), tuple(s1.tolist())), s0.dtype)
    except ValueError:
        raise invalid(f"Incompatible shapes for broadcasting: {s0.tolist()} and {s1.tolist()}") from None


BROADCAST_GRADIENT_ARGS = OpDef(
    "BroadcastGradientArgs", "s0: T, s1: T -> r0: T, r1: T", types={"T": INDEX},
    shape=lambda c: [(None,), (None,)], kernel=_broadcast_axes, checked=True,
    static=("s0", "s1"), lower=lambda b, s0, s1: _broadcast_axes(s0, s1), grad=not_differentiable,
    defaults={"T": dtypes.int32},
)  # fmt: skip
BROADCAST_ARGS = OpDef(
    "BroadcastArgs", "s0: T, s1: T -> r0: T", types={"T": INDEX}, shape=lambda c: (_longest(c),),
    kernel=_broadcast_shape, checked=True,
    static=("s0", "s1"), lower=lambda b, s0, s1: _broadcast_shape(s0, s1), grad=not_differentiable,
    defaults={"T": dtypes.int32},
)  # fmt: skip


def _longest(c: ShapeContext) -> int | None:
    sizes = [None if c[i] is None else c.same_rank(i, 1)[0] for i in range(2)]  # type: ignore[index]
    return None if None in sizes else max(sizes)  # type: ignore[type-var]
