"""What the functions of `tf.signal` share: lengths that are numbers where they are known while building and
scalar tensors where not, and cutting and padding along the last dimension."""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

import numpy as np

from headrace.core import dtypes
from headrace.core.convert import to_tensor
from headrace.core.dtypes import DType
from headrace.core.op import lookup
from headrace.core.static import static_value
from headrace.core.tensor import Tensor
from headrace.ops.math import add, mul, neg, sqrt, sub


def last(x: Any) -> Any:
    """The last dimension: a number where it is known while building, else a scalar tensor."""
    shape = x._raw_shape
    if shape is not None and shape[-1] is not None:
        return shape[-1]
    return lookup("StridedSlice")(lookup("Shape")(x), [-1], [0], [1], end_mask=1, shrink_axis_mask=1)


def cut(x: Any, start: Any, stop: Any, step: int = 1) -> Any:
    """`x[..., start:stop:step]`; None means the end on that side."""
    begin = lookup("Pack")([0, start], axis=0) if isinstance(start, Tensor) else [0, start or 0]
    end = lookup("Pack")([0, stop], axis=0) if isinstance(stop, Tensor) else [0, stop or 0]
    return lookup("StridedSlice")(
        x, begin, end, [1, step], ellipsis_mask=1, begin_mask=2 * (start is None), end_mask=2 * (stop is None)
    )


def padded(x: Any, before: Any, after: Any) -> Any:
    """Zeros added along the last dimension."""
    if isinstance(before, int) and isinstance(after, int) and x.ndim is not None:
        return lookup("Pad")(x, [[0, 0]] * (x.ndim - 1) + [[before, after]]) if before or after else x
    rank = lookup("Sub")(lookup("Rank")(x), 1)
    none = lookup("Fill")(lookup("Pack")([rank, 2], axis=0), 0)
    row = lookup("Pack")([lookup("Pack")([before, after], axis=0)], axis=0)
    return lookup("Pad")(x, lookup("ConcatV2")([none, row], 0))


def turned(x: Any) -> Any:
    """Turned around along the last dimension."""
    return cut(x, None, None, -1)


def scalar(value: Any, what: str) -> Any:
    """An integer argument: a Python number where it is known while building, else an int32 scalar tensor."""
    tensor = to_tensor(value)
    if tensor.ndim not in (None, 0):
        raise ValueError(f"{what} must be a scalar, received shape {tensor.shape}.")
    if not tensor._dtype.is_integer:
        raise ValueError(f"{what} must be an integer. Got {tensor._dtype!r}")
    known = static_value(tensor)
    return int(known) if known is not None else lookup("Cast")(tensor, DstT=dtypes.int32)


def number(value: Any, dtype: DType) -> Any:
    return lookup("Cast")(value, DstT=dtype) if isinstance(value, Tensor) else np.asarray(value, dtype._np)


def _arithmetic(op: str, fold: Callable[[int, int], int]) -> Callable[[Any, Any], Any]:
    """Integer arithmetic on numbers, or on tensors where one of the two is not known yet."""
    return lambda a, b: fold(a, b) if isinstance(a, int) and isinstance(b, int) else lookup(op)(a, b)


plus = _arithmetic("AddV2", operator.add)
minus = _arithmetic("Sub", operator.sub)
times = _arithmetic("Mul", operator.mul)
floor_div = _arithmetic("FloorDiv", operator.floordiv)
modulo = _arithmetic("FloorMod", operator.mod)
larger = _arithmetic("Maximum", max)


def ceil_div(a: Any, b: Any) -> Any:
    return floor_div(minus(plus(a, b), 1), b)


def shape_vector(parts: list[Any]) -> Any:
    """A shape vector of the given pieces: lists, or tensors."""
    if all(isinstance(p, list) and all(isinstance(n, int) for n in p) for p in parts):
        return [n for p in parts for n in p]
    return lookup("ConcatV2")(
        [
            p if isinstance(p, Tensor) else lookup("Pack")(p, axis=0)
            for p in parts
            if not isinstance(p, list) or p
        ],
        0,
    )


def outer_dims(x: Any, drop: int) -> Any:
    """All dimensions but the last `drop`: a list where they are known, else a tensor."""
    shape = x._raw_shape
    if shape is not None and None not in shape[: len(shape) - drop]:
        return list(shape[: len(shape) - drop])
    return lookup("StridedSlice")(lookup("Shape")(x), [0], [-drop], [1], begin_mask=1)


def at_least(x: Any, rank: int) -> Any:
    if x.ndim is not None and x.ndim < rank:
        raise ValueError(f"Shape {x.shape} must have rank at least {rank}")
    return x


def scalar_of(size: Any, kind: DType) -> Any:
    return (
        lookup("Cast")(size, DstT=kind) if isinstance(size, Tensor) else to_tensor(np.asarray(size, kind._np))
    )


def steps(size: Any, kind: DType) -> Any:
    """0, 1, 2 … as numbers of that type."""
    return lookup("Cast")(lookup("Range")(0, size, 1), DstT=kind)


def vector(n: Any) -> Any:
    return [n] if isinstance(n, int) else lookup("Pack")([n], axis=0)
