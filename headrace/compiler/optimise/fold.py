"""Ops whose inputs are known are computed now, by their host kernels; so are shapes that are known."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from headrace.core import errors
from headrace.core.dispatch import run_kernel
from headrace.core.graph import CONST, Operation
from headrace.core.shapes import count
from headrace.core.shapes import known as is_known

from .rewriter import known, pure

if TYPE_CHECKING:
    from .rewriter import Rewriter

# In elements. XLA computes larger ones faster, and their constants would make programs big.
COMPILED_LIMIT = 4096
HOST_LIMIT = 1 << 20  # elements of what only the host can compute: it would otherwise do so in every run
_SHAPES = frozenset({"Shape", "ShapeN", "Size", "Rank"})


def fold(r: Rewriter, node: Operation) -> list[Any] | None:
    if node.op_def is CONST or not node.inputs or not pure(node):
        return None
    if node.type in _SHAPES:
        arrays = _shapes(node) if r.passes.shapes else None
    else:
        arrays = _computed(node) if r.passes.fold else None
    if arrays is None:
        return None
    return [r.constant(node, a, t._dtype) for a, t in zip(arrays, node.outputs)]


def _shapes(node: Operation) -> list[np.ndarray] | None:
    found = []
    for x, y in zip(node.inputs, node.outputs):
        shape = x._raw_shape
        if shape is None or (node.type != "Rank" and not is_known(shape)):
            return None
        value = (
            len(shape)
            if node.type == "Rank"
            else int(np.prod(shape, dtype=np.int64))
            if node.type == "Size"
            else shape
        )
        found.append(np.asarray(value, y._dtype._np))
    return found


def _computed(node: Operation) -> list[np.ndarray] | None:
    op = node.op_def
    if op.kernel is None:
        return None
    arrays = []
    for t in node.inputs:
        value = known(t)
        if value is None:
            return None
        arrays.append(value)
    limit = HOST_LIMIT if op.host or (op.lower is None and op.body is None) else COMPILED_LIMIT
    sizes = [count(t._raw_shape) for t in node.outputs]
    if sum([a.size for a in arrays]) > limit or any(n is not None and n > limit for n in sizes):
        return None
    if None in sizes and limit == COMPILED_LIMIT and any(t._raw_shape is None for t in node.outputs):
        return None  # it may be of any size
    try:
        results = run_kernel(op, arrays, node.inputs, node.attrs, [t._dtype for t in node.outputs])
    except (errors.OpError, ValueError, TypeError, IndexError, OverflowError):
        return None  # the run will say so, if it gets there
    return results if all(a.size <= limit for a in results) else None
