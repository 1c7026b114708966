"""Comparing what `TypeSpec._serialize` returns: nests of shapes, dtypes, specs and Python constants. Shapes, dtypes and
specs compare themselves; everything else must be equal."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from .shapes import TensorShape, unknown_shape


class NoSupertype(Exception):
    """Two types have none."""


def compatible(a: Any, b: Any) -> bool:
    """Whether a value could be of both types."""
    if isinstance(a, (list, tuple)) and isinstance(b, (list, tuple)):
        return len(a) == len(b) and all(compatible(x, y) for x, y in zip(a, b))
    if isinstance(a, dict) and isinstance(b, dict):
        return sorted(a) == sorted(b) and all(compatible(a[k], b[k]) for k in a)
    if hasattr(a, "is_compatible_with") and type(a) is type(b):
        return a.is_compatible_with(b)
    return equal(a, b)


def subtype(a: Any, b: Any) -> bool:
    """Whether everything of the first type is of the second."""
    if isinstance(a, (list, tuple)) and isinstance(b, (list, tuple)):
        return len(a) == len(b) and all(subtype(x, y) for x, y in zip(a, b))
    if isinstance(a, dict) and isinstance(b, dict):
        return sorted(a) == sorted(b) and all(subtype(a[k], b[k]) for k in a)
    if hasattr(a, "is_subtype_of") and hasattr(b, "is_subtype_of"):
        return a.is_subtype_of(b)
    return equal(a, b)


def supertype(a: Any, others: Sequence[Any]) -> Any:
    """The narrowest type that includes all; NoSupertype if there is none."""
    if isinstance(a, (list, tuple)):
        if any(type(o) is not type(a) or len(o) != len(a) for o in others):
            raise NoSupertype
        parts = [supertype(x, [o[i] for o in others]) for i, x in enumerate(a)]
        return type(a)(*parts) if hasattr(a, "_fields") else type(a)(parts)
    if isinstance(a, dict):
        if any(not isinstance(o, dict) or sorted(o) != sorted(a) for o in others):
            raise NoSupertype
        return {k: supertype(v, [o[k] for o in others]) for k, v in a.items()}
    if hasattr(a, "most_specific_common_supertype"):
        if any(not hasattr(o, "most_specific_common_supertype") for o in others):
            raise NoSupertype
        result = a.most_specific_common_supertype(others)
        if result is None:
            raise NoSupertype
        return result
    if not all(equal(a, o) for o in others):
        raise NoSupertype
    return a


def unnamed(a: Any) -> Any:
    """The same without the names of tensors."""
    if hasattr(a, "_without_tensor_names"):
        return a._without_tensor_names()
    if isinstance(a, (list, tuple)):
        parts = [unnamed(x) for x in a]
        return type(a)(*parts) if hasattr(a, "_fields") else type(a)(parts)
    return {k: unnamed(v) for k, v in a.items()} if isinstance(a, dict) else a


def ranks_only(a: Any) -> Any:
    """The same with shapes of unknown dimensions."""
    if isinstance(a, TensorShape):
        return unknown_shape(a.rank)
    if hasattr(a, "_with_tensor_ranks_only"):
        return a._with_tensor_ranks_only()
    if isinstance(a, (list, tuple)):
        parts = [ranks_only(x) for x in a]
        return type(a)(*parts) if hasattr(a, "_fields") else type(a)(parts)
    return {k: ranks_only(v) for k, v in a.items()} if isinstance(a, dict) else a


def equal(a: Any, b: Any) -> bool:
    """Equal constants of one type (1 is not 1.0)."""
    if isinstance(a, np.ndarray) or isinstance(b, np.ndarray):
        return type(a) is type(b) and a.dtype == b.dtype and np.array_equal(a, b)
    return type(a) is type(b) and bool(a == b)


def frozen(value: Any) -> Any:
    """A hashable key that is equal where the serialisation is."""
    if isinstance(value, (list, tuple)):
        return tuple([frozen(v) for v in value])
    if isinstance(value, dict):
        return tuple([(k, frozen(value[k])) for k in sorted(value)])
    if isinstance(value, np.ndarray):
        return value.shape, value.dtype.str, value.tobytes()
    try:
        hash(value)
    except TypeError:
        return id(value)
    return type(value), value
