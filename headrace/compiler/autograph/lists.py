"""List idioms in converted code, with `Feature.LISTS`: an empty list that a graph loop appends to is a tensor list."""

from __future__ import annotations

from typing import Any, NamedTuple


class GetItemOpts(NamedTuple):
    element_dtype: Any


class ListPopOpts(NamedTuple):
    element_dtype: Any
    element_shape: Any


class ListStackOpts(NamedTuple):
    element_dtype: Any
    original_call: Any


def new_list(iterable: Any = None) -> Any:
    return [] if iterable is None else list(iterable)


def list_append(list_: Any, x: Any) -> Any:
    list_.append(x)
    return list_


def list_pop(list_: Any, i: Any, opts: ListPopOpts) -> Any:
    x = list_.pop() if i is None else list_.pop(i)
    return list_, x


def list_stack(list_: Any, opts: ListStackOpts) -> Any:
    return opts.original_call(list_)


def get_item(target: Any, i: Any, opts: GetItemOpts) -> Any:
    return target[i]


def set_item(target: Any, i: Any, x: Any) -> Any:
    target[i] = x
    return target
