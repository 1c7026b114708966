"""Stacks: what loops of old graphs pushed for their gradients. A stack lives as long as one run."""

from __future__ import annotations

import numpy as np

from headrace.core.dtypes import DType
from headrace.core.errors import invalid
from headrace.core.op import REQUIRED
from headrace.core.tensor import EagerTensor, boxed

from .state import HostResource
from .table import host_op


class Stack(HostResource):
    """Values of one type, the last in the first out."""

    initialized = True

    def __init__(self, dtype: DType, limit: int) -> None:
        self.dtype, self.limit = dtype, limit
        self.values: list[EagerTensor] = []
        self.closed = False

    def push(self, value: EagerTensor) -> EagerTensor:
        self._check_open()
        if value._dtype is not self.dtype:
            raise invalid(f"Must push elements of type {self.dtype.name}, received {value._dtype.name}")
        if 0 <= self.limit <= len(self.values):
            raise invalid(f"Stack overflowed when its max_size ({self.limit}) is reached")
        self.values.append(value)
        return value

    def pop(self) -> EagerTensor:
        self._check_open()
        if not self.values:
            raise invalid("Stack is empty when calling Pop()")
        return self.values.pop()

    def _check_open(self) -> None:
        if self.closed:
            raise invalid("The stack has already been closed.")

    def clear(self) -> None:
        self.values.clear()
        self.closed = True


def _stack(handle: EagerTensor) -> Stack:
    found = handle._host().item()
    if not isinstance(found, Stack):
        raise invalid(f"The handle is that of {found!r}, not of a stack.")
    return found


_ATTRS = {"elem_type": REQUIRED, "stack_name": ""}
host_op(
    "Stack",
    "-> handle: resource",
    attrs=_ATTRS,
    kernel=lambda elem_type, stack_name: boxed(Stack(elem_type, -1)),
)
STACK = host_op(
    "StackV2",
    "max_size: int32 -> handle: resource",
    shape=lambda c: None,  # TensorFlow gives handles of stacks the shape [2]
    attrs=_ATTRS,
    kernel=lambda max_size, elem_type, stack_name: boxed(Stack(elem_type, int(np.asarray(max_size)))),
)
_VERSIONS = ("", "V2")
PUSH = host_op(
    "StackPush",
    "handle: resource, elem: T -> output: T",
    lambda handle, elem, swap_memory: _stack(handle).push(elem),
    lambda c: c[1],
    {"swap_memory": False},
    versions=_VERSIONS,
)
POP = host_op(
    "StackPop",
    "handle: resource -> elem: elem_type",
    lambda handle, elem_type: _stack(handle).pop(),
    lambda c: None,
    {"elem_type": REQUIRED},
    versions=_VERSIONS,
)
CLOSE = host_op(
    "StackClose", "handle: resource ->", lambda handle: _stack(handle).clear(), [], versions=_VERSIONS
)

__all__ = ["Stack"]
