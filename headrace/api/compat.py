"""`tf.compat`: text and bytes, and the two interfaces: `tf.compat.v1` (graphs and sessions) and `tf.compat.v2`."""

from __future__ import annotations

import importlib
import numbers
import os
from typing import Any

import numpy as np

ROOT: list[str] = []
__all__ = [
    "as_bytes", "as_str", "as_str_any", "as_text", "bytes_or_text_types", "complex_types",
    "dimension_at_index", "dimension_value", "forward_compatible", "integral_types", "path_to_str",
    "real_types",
]  # fmt: skip

integral_types = (numbers.Integral, np.integer)
real_types = (numbers.Real, np.integer, np.floating)
complex_types = (numbers.Complex, np.number)
bytes_or_text_types = (bytes, str)


def __getattr__(name: str) -> Any:
    if name == "v1":
        return importlib.import_module("headrace.api.compat_v1")
    if name == "v2":
        return importlib.import_module("headrace")
    raise AttributeError(f"module 'headrace.compat' has no attribute {name!r}")


def as_bytes(bytes_or_text: str | bytes, encoding: str = "utf-8") -> bytes:
    """Text encoded; bytes as they are."""
    if isinstance(bytes_or_text, (bytes, bytearray)):
        return bytes(bytes_or_text)
    if isinstance(bytes_or_text, str):
        return bytes_or_text.encode(encoding)
    raise TypeError(f"Expected binary or unicode string, got {bytes_or_text!r}")


def as_text(bytes_or_text: str | bytes, encoding: str = "utf-8") -> str:
    """Bytes decoded; text as it is."""
    if isinstance(bytes_or_text, str):
        return bytes_or_text
    if isinstance(bytes_or_text, bytes):
        return bytes_or_text.decode(encoding)
    raise TypeError(f"Expected binary or unicode string, got {bytes_or_text!r}")


as_str = as_text


def as_str_any(value: Any, encoding: str = "utf-8") -> str:
    """Bytes decoded; anything else through `str`."""
    return as_text(value, encoding) if isinstance(value, bytes) else str(value)


def path_to_str(path: Any) -> Any:
    """The file-system path of an object that has one."""
    return as_str_any(os.fspath(path)) if hasattr(path, "__fspath__") else path


def dimension_value(dimension: Any) -> int | None:
    """A dimension of either TensorFlow generation as an int or None."""
    return getattr(dimension, "value", dimension)


def dimension_at_index(shape: Any, index: int) -> Any:
    """`shape[index]` as a 1.x Dimension."""
    from headrace.core.shapes import Dimension

    return Dimension(None if shape.rank is None else shape[index])


def forward_compatible(year: int, month: int, day: int) -> bool:
    """Whether producers may use features from that date on: always."""
    return True
