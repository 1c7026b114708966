"""Tensors that a session keeps between runs, known by a string."""

from __future__ import annotations

import itertools

from headrace.core import dtypes, errors
from headrace.core.dtypes import DType
from headrace.core.errors import invalid
from headrace.core.op import REQUIRED
from headrace.core.tensor import EagerTensor, wrap_object

from .kept import table
from .table import host_op

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
        raise invalid(f"The tensor of {handle._host().item()!r} is {found._dtype.name}, not {dtype.name}.")
    return found


def _forget(handle: EagerTensor) -> None:
    if table().pop(("tensor", handle._host().item()), None) is None:
        raise _missing(handle)


def _missing(handle: EagerTensor) -> errors.OpError:
    return invalid(f"The tensor with handle '{handle._host().item().decode()}' is not in the session store.")


GET_HANDLE = host_op("GetSessionHandle", "value: T -> handle: string", _keep, keeps=True)
GET_TENSOR = host_op(
    "GetSessionTensor",
    "handle: string -> value: dtype",
    _find,
    lambda c: None,
    {"dtype": REQUIRED},
    keeps=True,
)
DELETE = host_op("DeleteSessionTensor", "handle: string ->", _forget, [], keeps=True)
__all__ = ["DELETE", "GET_HANDLE", "GET_TENSOR"]
