"""Values of attributes from `AttrValue` messages."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from headrace.core import dtypes, errors
from headrace.core.dtypes import DType
from headrace.core.op import REQUIRED
from headrace.io.tensor_proto import array_of, raw_shape

REFERENCE = 100  # what is added to a type's number for a reference to a tensor of that type
_LISTS = ("i", "s", "type", "shape", "f", "b", "func", "tensor")
_NAMES = {"i": "int", "f": "float", "b": "bool", "s": "string"}
_BYTES = frozenset({"metadata", "serialized_options"})  # serialised messages: no text


class Malformed(ValueError):
    """A message contradicts itself, or the op table."""


def dtype_of(number: int) -> DType:
    """The type with that number in messages; references are to what they refer to."""
    found = dtypes._BY_ENUM.get(number - REFERENCE if number > REFERENCE else number)
    if found is None:
        raise Malformed(f"{number} is not the number of a data type")
    return found


def read_attribute(message: Any, name: str, default: Any, function: Callable[[Any], Any]) -> Any:
    """The value of an `AttrValue` for an attribute with that default.

    Args:
      function: gives the graph of a `NameAttrList`.
    """
    kind = message.WhichOneof("value")
    if kind == "list":
        if not (isinstance(default, (list, tuple)) or default is None or default is REQUIRED):
            raise Malformed(f"AttrValue had value with type 'list' when '{_kind(default)}' expected")
        values = message.list
        for part in _LISTS:
            items = getattr(values, part)
            if items:
                return tuple([_value(part, item, name, None, function) for item in items])
        return ()
    if kind is None:
        raise Malformed(f"AttrValue of {name!r} has no value")
    if kind == "placeholder":
        raise Malformed(
            f"AttrValue of {name!r} stands for the parameter {message.placeholder!r} of a function"
        )
    expected = _kind(default)
    if expected is not None and expected != _NAMES.get(kind, kind):
        raise Malformed(
            f"AttrValue had value with type '{_NAMES.get(kind, kind)}' when '{expected}' expected"
        )
    return _value(kind, getattr(message, kind), name, default, function)


def _kind(default: Any) -> str | None:
    """What TensorFlow calls the kind of values an attribute has; None: the default does not tell."""
    if isinstance(default, bool):
        return "bool"
    if isinstance(default, int):
        return "int"
    if isinstance(default, float):
        return "float"
    if isinstance(default, (str, bytes)):
        return "string"
    if isinstance(default, DType):
        return "type"
    if isinstance(default, np.ndarray):
        return "tensor"
    return "list" if isinstance(default, (list, tuple)) and default else None


def _value(kind: str, value: Any, name: str, default: Any, function: Callable[[Any], Any]) -> Any:
    if kind == "type":
        return dtype_of(value)
    if kind == "shape":
        return raw_shape(value)
    if kind == "s":
        return value if isinstance(default, bytes) or name in _BYTES else _text(value)
    if kind == "tensor":
        try:
            return array_of(value)
        except errors.DataLossError as error:
            raise Malformed(error.message) from None
    if kind == "func":
        return function(value)
    return value


def _text(value: bytes) -> Any:
    try:
        return value.decode()
    except UnicodeDecodeError:
        return value


def private_attribute(message: Any) -> Any:
    """The value of an attribute that no op declares (`_class` …), as messages have it: strings are bytes."""
    kind = message.WhichOneof("value")
    if kind == "list":
        for part in _LISTS:
            items = getattr(message.list, part)
            if items:
                return [i if part == "s" else _plain(part, i) for i in items]
        return []
    return None if kind is None else _plain(kind, getattr(message, kind))


def _plain(kind: str, value: Any) -> Any:
    if kind == "type":
        return dtypes._BY_ENUM.get(value, value)
    if kind == "shape":
        from headrace.core.shapes import TensorShape

        return TensorShape(raw_shape(value))
    return value


__all__ = ["REFERENCE", "Malformed", "dtype_of", "private_attribute", "read_attribute"]
