"""`tf.raw_ops`: every op of the table as a function of keyword arguments, named by its type.

tf.raw_ops.AddV2(x=1.0, y=2.0)
"""

from __future__ import annotations

import collections
from collections.abc import Callable
from typing import Any

from headrace.core.errors import NotFoundError
from headrace.core.op import REQUIRED, TABLE, OpDef, load_all, lookup

# Where the public argument is not called what GraphDefs call it.
_RENAMED = {
    **{
        name: {"axis": "reduction_indices"}
        for name in ("All", "Any", "EuclideanNorm", "Max", "Mean", "Min", "Prod", "Sum")
    },
    "ExpandDims": {"axis": "dim"},
    "Select": {"x": "t", "y": "e"},
    "Split": {"axis": "split_dim"},
    "SplitV": {"axis": "split_dim"},
    "Squeeze": {"axis": "squeeze_dims"},
    "Where": {"condition": "input"},
}


def _function(op: OpDef) -> Callable[..., Any]:
    renamed = _RENAMED.get(op.name, {})
    inputs = [a.name for a in op.signature.inputs]
    outputs = [a.name for a in op.signature.outputs]
    results = collections.namedtuple(op.name, outputs) if len(outputs) > 1 else None

    def raw_op(*, name: str | None = None, **arguments: Any) -> Any:
        if renamed:
            arguments = {renamed.get(key, key): value for key, value in arguments.items()}
        missing = [i for i in inputs if i not in arguments]
        if missing:
            raise TypeError(
                f"tf.raw_ops.{op.name}() is missing the keyword arguments {missing}. It takes {', '.join(inputs)}."
            )
        value = op(name=name, **arguments)
        return results(*value) if results is not None and isinstance(value, list) else value

    raw_op.__name__ = raw_op.__qualname__ = op.name
    attributes = [key if value is REQUIRED else f"{key}={value!r}" for key, value in op.attrs.items()]
    raw_op.__doc__ = (
        op.__doc__ or f"The op `{op.name}`: {op._text}. Attributes: {', '.join(attributes) or 'none'}."
    )
    return raw_op


def __getattr__(name: str) -> Callable[..., Any]:
    if name.startswith("__"):
        raise AttributeError(name)
    try:
        op = lookup(name)
    except NotFoundError as error:
        raise AttributeError(f"tf.raw_ops has no op {name!r}. {error}") from None
    function = globals()[name] = _function(op)
    return function


def __dir__() -> list[str]:
    load_all()
    return sorted(name for name in TABLE if not name.startswith("_"))
