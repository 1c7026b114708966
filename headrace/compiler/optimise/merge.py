"""The same op with the same attributes on the same inputs is computed once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from headrace.core.graph import CONST, Operation

from .rewriter import pure

if TYPE_CHECKING:
    from .rewriter import Rewriter

SMALL = 64  # elements up to which constants are compared


def merge(r: Rewriter, node: Operation) -> list[Any] | None:
    if node.op_def is CONST:
        if node.control_inputs or node.attrs["value"].size > SMALL:
            return None
    elif not node.inputs or not pure(node):
        return None
    key = (
        node.op_def.name,
        tuple([id(t) for t in node.inputs]),
        tuple([(k, _key(v)) for k, v in sorted(node.attrs.items())]),
        node.device,
    )
    first = r.merged.setdefault(key, node)
    if first is node or r.is_output(node) or len(first.outputs) != len(node.outputs):
        return None
    return list(first.outputs)


def _key(value: Any) -> Any:
    """Something hashable that is equal only for attributes that mean the same."""
    if isinstance(value, np.ndarray):
        if value.size > SMALL:
            return id(value)
        data = tuple(value.reshape(-1).tolist()) if value.dtype.hasobject else value.tobytes()
        return value.shape, value.dtype, data
    if isinstance(value, (list, tuple)):
        return type(value), tuple([_key(v) for v in value])
    if isinstance(value, float):
        return value.hex()  # -0.0 is not 0.0
    try:
        hash(value)
    except TypeError:
        return id(value)
    return type(value), value
