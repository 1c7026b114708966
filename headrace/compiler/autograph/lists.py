"""List idioms in converted code, with `Feature.LISTS`: they work on TensorArrays and, for items, on tensors
too."""

from __future__ import annotations

from typing import Any, NamedTuple

from headrace.core.op import lookup
from headrace.core.tensor import Tensor


class GetItemOpts(NamedTuple):
    element_dtype: Any


class ListPopOpts(NamedTuple):
    element_dtype: Any
    element_shape: Any


class ListStackOpts(NamedTuple):
    element_dtype: Any
    original_call: Any


def _is_array(value: Any) -> bool:
    from headrace.api.tensor_array import TensorArray

    return isinstance(value, TensorArray)


def new_list(iterable: Any = ()) -> Any:
    """`[…]`."""
    return list(iterable)


def list_append(list_: Any, x: Any) -> Any:
    """`list_.append(x)`; the list to use from then on."""
    if _is_array(list_):
        return list_.write(list_.size(), x)
    list_.append(x)
    return list_


def list_pop(list_: Any, i: Any, opts: ListPopOpts) -> Any:
    """`list_.pop(i)`: the list to use from then on, and the element."""
    if _is_array(list_):
        raise NotImplementedError("pop() of a TensorArray is not supported: its elements cannot be removed.")
    return list_, list_.pop() if i is None else list_.pop(i)


def list_stack(list_: Any, opts: ListStackOpts) -> Any:
    """`stack(list_)`."""
    return list_.stack() if _is_array(list_) else opts.original_call(list_)


def get_item(target: Any, i: Any, opts: GetItemOpts) -> Any:
    """`target[i]`."""
    return target.read(i) if _is_array(target) else target[i]


def set_item(target: Any, i: Any, x: Any) -> Any:
    """`target[i] = x`; what to use from then on."""
    if _is_array(target):
        return target.write(i, x)
    if isinstance(target, Tensor):
        return lookup("TensorScatterUpdate")(target, [[i]], [x])
    target[i] = x
    return target
