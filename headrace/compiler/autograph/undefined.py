"""Variables without a value: converted code passes them around where Python would just not have them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


class Undefined:
    """Stands for a variable that has not been assigned; reading it is an error."""

    __slots__ = ("name",)

    def __init__(self, name: str) -> None:
        self.name = name

    def __repr__(self) -> str:
        return f"<{self.name} is undefined>"


class UndefinedReturnValue:
    """Stands for the result of a function that has not returned yet."""

    __slots__ = ()


def ld(value: Any) -> Any:
    """A read of a local variable."""
    if type(value) is Undefined:
        raise UnboundLocalError(f"'{value.name}' is used before assignment")
    return value


def ldu(read: Callable[[], Any], name: str) -> Any:
    """A read of `obj.attribute` or `obj[key]`, which need not exist."""
    try:
        return read()
    except (AttributeError, KeyError, NameError, IndexError):
        return Undefined(name)


def is_missing(value: Any) -> bool:
    return value is None or type(value) in (Undefined, UndefinedReturnValue)
