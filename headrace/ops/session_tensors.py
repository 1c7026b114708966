"""Tensors that a session keeps between runs, known by a string."""

from __future__ import annotations

import itertools
from typing import Any

from headrace.core import dtypes, errors
from headrace.core.dtypes import DType
from headrace.core.op import REQUIRED, OpDef
from headrace.core.tape import not_differentiable
from headrace.core.tensor import EagerTensor, wrap_object

from .kept import table

_numbers = itertools.count()


def _keep(value: EagerTensor) -> EagerTensor:
    from .staging import _own

    name = f"GetSessionHandle;{next(_numbers)};/job:localhost/replica:0/task:0/device:CPU:0".encode()
    table()["tensor", name] = _own(value)
    return wrap_object(name, dtypes.string)


def _find(handle: EagerTensor, dtype: DType) -> EagerTensor:
    found: EagerTensor | None = table().get(("tensor", handle._host().item()))
    if found is None:
        raise _missing(handle)
    if found._dtype is not dtype:
        raise errors.InvalidArgumentError(
            None, None, f"The tensor of {handle._host().item()!r} is {found._dtype.name}, not {dtype.name}."
        )
    return found


def _forget(handle: EagerTensor) -> None:
    if table().pop(("tensor", handle._host().item()), None) is None:
        raise _missing(handle)


def _missing(handle: EagerTensor) -> errors.OpError:
    return errors.InvalidArgumentError(
        None, None, f"The tensor with handle '{handle._host().item().decode()}' is not in the session store."
    )


def _row(name: str, signature: str, run: Any, shape: Any, attrs: Any = None) -> OpDef:
    op = OpDef(
        name,
        signature,
        attrs=attrs,
        shape=shape,
        run=run,
        stateful=True,
        host=True,
        grad=not_differentiable,
    )
    op.keeps = True
    return op


GET_HANDLE = _row("GetSessionHandle", "value: T -> handle: string", _keep, lambda c: ())
GET_TENSOR = _row(
    "GetSessionTensor", "handle: string -> value: dtype", _find, lambda c: None, {"dtype": REQUIRED}
)
DELETE = _row("DeleteSessionTensor", "handle: string ->", _forget, lambda c: [])
__all__ = ["DELETE", "GET_HANDLE", "GET_TENSOR"]
