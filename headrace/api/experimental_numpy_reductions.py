"""`tf.experimental.numpy`: sums, means and extremes along axes; running sums; sorting."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from headrace.core import dtypes
from headrace.core.dtypes import DType
from headrace.core.tensor import Tensor

from . import array as _array
from . import math as _math
from .assertions import Assert
from .conversion import cast
from .experimental_numpy_creation import broadcast_to
from .experimental_numpy_elementwise import isclose, isnan, logical_not, subtract
from .experimental_numpy_types import (
    DEFAULT_FLOAT,
    as_tensor,
    as_type,
    known_rank,
    promote,
    result_type,
    to_inexact,
)


def _wide(dtype: DType) -> DType:
    """What integers are summed in: 64 bits, signed or not."""
    if dtype is dtypes.bool_ or (dtype.is_integer and not dtype.is_unsigned):
        return dtypes.int64
    return dtypes.uint64 if dtype.is_unsigned else dtype


def _no_out(out: None) -> None:
    if out is not None:
        raise ValueError("Setting `out` is not supported: tensors cannot be written to.")


def all(a: Any, axis: Any = None, keepdims: bool | None = None) -> Any:
    """Whether all elements along the axes are true, or not zero."""
    return _math.reduce_all(as_tensor(a, dtypes.bool_), axis, bool(keepdims))


def any(a: Any, axis: Any = None, keepdims: bool | None = None) -> Any:
    """Whether any element along the axes is true, or not zero."""
    return _math.reduce_any(as_tensor(a, dtypes.bool_), axis, bool(keepdims))


def _total(
    compute: Callable[..., Any], on_bool: Callable[..., Any], a: Any, axis: Any, dtype: Any, keep: Any
) -> Any:
    wanted = as_type(dtype)
    a = as_tensor(a, wanted)
    if wanted is dtypes.bool_:
        return on_bool(a, axis, bool(keep))
    return compute(cast(a, wanted or _wide(a._dtype)), axis, bool(keep))


def sum(a: Any, axis: Any = None, dtype: Any = None, keepdims: bool | None = None) -> Any:
    """The sum along the axes, of all elements by default. Integers and bools are summed as int64 or uint64.

    >>> import headrace as tf
    >>> tf.experimental.numpy.sum([[1, 2], [3, 4]], axis=0).numpy().tolist()
    [4, 6]
    """
    return _total(_math.reduce_sum, _math.reduce_any, a, axis, dtype, keepdims)


def prod(a: Any, axis: Any = None, dtype: Any = None, keepdims: bool | None = None) -> Any:
    """The product along the axes, of all elements by default. Integers and bools become int64 or uint64."""
    return _total(_math.reduce_prod, _math.reduce_all, a, axis, dtype, keepdims)


def mean(a: Any, axis: Any = None, dtype: Any = None, out: None = None, keepdims: bool | None = None) -> Any:
    """The mean along the axes, of all elements by default. Integers and bools become float64.

    >>> import headrace as tf
    >>> tf.experimental.numpy.mean([1, 2]).numpy().item()
    1.5
    """
    _no_out(out)
    a = as_tensor(a, as_type(dtype))
    return _math.reduce_mean(a if dtype is not None else to_inexact(a), axis, bool(keepdims))


def _extreme(compute: Callable[..., Any], on_bool: Callable[..., Any], a: Any, axis: Any, keep: Any) -> Any:
    a = as_tensor(a)
    return (on_bool if a._dtype is dtypes.bool_ else compute)(a, axis, bool(keep))


def amax(a: Any, axis: Any = None, out: None = None, keepdims: bool | None = None) -> Any:
    """The largest element along the axes, of all by default."""
    _no_out(out)
    return _extreme(_math.reduce_max, _math.reduce_any, a, axis, keepdims)


def amin(a: Any, axis: Any = None, out: None = None, keepdims: bool | None = None) -> Any:
    """The smallest element along the axes, of all by default."""
    _no_out(out)
    return _extreme(_math.reduce_min, _math.reduce_all, a, axis, keepdims)


def max(a: Any, axis: Any = None, keepdims: bool | None = None) -> Any:
    """The largest element along the axes, of all by default."""
    return amax(a, axis, None, keepdims)


def min(a: Any, axis: Any = None, keepdims: bool | None = None) -> Any:
    """The smallest element along the axes, of all by default."""
    return amin(a, axis, None, keepdims)


def ptp(a: Any, axis: Any = None, keepdims: bool | None = None) -> Any:
    """The distance from the smallest to the largest element along the axes."""
    return subtract(amax(a, axis, None, keepdims), amin(a, axis, None, keepdims))


def var(
    a: Any,
    axis: Any = None,
    dtype: Any = None,
    out: None = None,
    ddof: float = 0,
    keepdims: bool | None = None,
) -> Any:
    """The variance along the axes, of all elements by default. Integers and bools become float64.

    Args:
      ddof: what to take from the number of elements before dividing by it.

    >>> import headrace as tf
    >>> tf.experimental.numpy.var([1, 2, 3], ddof=1).numpy().item()
    1.0
    """
    _no_out(out)
    a = to_inexact(as_tensor(a, None if dtype is None else result_type(as_tensor(a), dtype)))
    if not ddof:
        result = _math.reduce_variance(a, axis, bool(keepdims))
    else:
        apart = a - _math.reduce_mean(a, axis, True)
        squares = _math.real(apart * _math.conj(apart))
        total = _math.reduce_sum(squares, axis, bool(keepdims))
        count = _math.reduce_sum(_array.ones_like(squares), axis, bool(keepdims))
        result = total / (count - as_tensor(ddof, count._dtype))
    return result if dtype is None else cast(result, result_type(dtype))


def std(a: Any, axis: Any = None, keepdims: bool | None = None) -> Any:
    """The standard deviation along the axes, of all elements by default. Integers and bools become float64."""
    return _math.reduce_std(to_inexact(as_tensor(a)), axis, bool(keepdims))


# --------------------------------------------------------------------------------------------- what is not a number
def _without_nan(a: Any, instead: float) -> Any:
    a = as_tensor(a)
    return _array.where(isnan(a), as_tensor(instead, a._dtype), a)


def nansum(a: Any, axis: Any = None, dtype: Any = None, keepdims: bool = False) -> Any:
    """`sum`, NaN taken as 0."""
    return sum(_without_nan(a, 0), axis, dtype, keepdims)


def nanprod(a: Any, axis: Any = None, dtype: Any = None, keepdims: bool = False) -> Any:
    """`prod`, NaN taken as 1."""
    return prod(_without_nan(a, 1), axis, dtype, keepdims)


def nanmean(a: Any, axis: Any = None, dtype: Any = None, keepdims: bool | None = None) -> Any:
    """The mean of the elements that are not NaN.

    >>> import headrace as tf
    >>> tf.experimental.numpy.nanmean([1.0, float("nan"), 3.0]).numpy().item()
    2.0
    """
    a = as_tensor(a)
    if not (a._dtype.is_floating or a._dtype.is_complex):
        return mean(a, axis, dtype, keepdims=keepdims)
    wanted = as_type(dtype) or a._dtype
    count = sum(logical_not(isnan(a)), axis, wanted, keepdims)
    return nansum(a, axis, wanted, bool(keepdims)) / count


# -------------------------------------------------------------------------------------------------------- comparison
def allclose(a: Any, b: Any, rtol: float = 1e-05, atol: float = 1e-08, equal_nan: bool = False) -> Any:
    """Whether all elements are close; see `isclose`."""
    return all(isclose(a, b, rtol, atol, equal_nan))


def array_equal(a1: Any, a2: Any) -> Any:
    """Whether two arrays have the same shape and elements.

    >>> import headrace as tf
    >>> bool(tf.experimental.numpy.array_equal([1, 2], [1.0, 2.0]))
    True
    """
    a1, a2 = promote(a1, a2)
    if known_rank(a1, "array_equal") != known_rank(a2, "array_equal") or not a1.shape.is_compatible_with(
        a2.shape
    ):
        return as_tensor(False)
    return _math.reduce_all(_math.equal(a1, a2))


def count_nonzero(a: Any, axis: Any = None) -> Any:
    """The number of elements along the axes that are not zero, int64."""
    return _math.count_nonzero(as_tensor(a), axis)


# ------------------------------------------------------------------------------------------------------ running sums
def _running(compute: Callable[..., Any], a: Any, axis: int | None, dtype: Any) -> Any:
    a = as_tensor(a, as_type(dtype))
    if dtype is None and a._dtype.is_integer:
        a = cast(a, dtypes.as_dtype(np.promote_types(a._dtype._np, np.int64)))
    if axis is None:
        a, axis = _array.reshape(a, [-1]), 0
    return compute(a, axis)


def cumsum(a: Any, axis: int | None = None, dtype: Any = None) -> Any:
    """The sums of the elements up to each, along an axis, or of the flattened array."""
    return _running(_math.cumsum, a, axis, dtype)


def cumprod(a: Any, axis: int | None = None, dtype: Any = None) -> Any:
    """The products of the elements up to each, along an axis, or of the flattened array."""
    return _running(_math.cumprod, a, axis, dtype)


def diff(a: Any, n: int = 1, axis: int = -1) -> Any:
    """Each element less the one before it, along an axis, `n` times over; whether they differ, for bools.

    Raises:
      ValueError: `n` is negative, there is no such axis, or the rank is not known.

    >>> import headrace as tf
    >>> tf.experimental.numpy.diff([1, 4, 9]).numpy().tolist()
    [3, 5]
    """
    a = as_tensor(a)
    rank = known_rank(a, "diff")
    if not -rank <= axis < rank:
        raise ValueError(
            f"Argument `axis` (received axis={axis}) is out of bounds for an array of rank {rank}."
        )
    if n < 0:
        raise ValueError(f"Argument `n` must not be negative. Received: n={n}.")
    before = (slice(None),) * (axis % rank)
    compute = _math.not_equal if a._dtype is dtypes.bool_ else _math.subtract
    for _ in range(n):
        a = compute(a[(*before, slice(1, None))], a[(*before, slice(None, -1))])
    return a


# ------------------------------------------------------------------------------------------------------------ weights
def average(a: Any, axis: int | None = None, weights: Any = None, returned: bool = False) -> Any:
    """The mean of the elements, each counted with its weight.

    Args:
      axis: an integer; None for all elements.
      weights: of the shape of `a`, or a vector along `axis`.
      returned: whether to return `(means, sums of the weights)`.

    Raises:
      ValueError: `axis` is not an integer.
      InvalidArgumentError: the weights have another shape.

    >>> import headrace as tf
    >>> tf.experimental.numpy.average([1.0, 2.0], weights=[1, 3]).numpy().item()
    1.75
    """
    if axis is not None and not isinstance(axis, int):
        raise ValueError(f"Argument `axis` must be an integer. Received: axis={axis} (of type {type(axis)}).")
    a = as_tensor(a)
    if weights is None:
        a = to_inexact(a)
        means = _math.reduce_mean(a, axis)
        total = cast(_array.size(a) if axis is None else _array.shape(a)[axis], a._dtype)
    else:
        dtype = result_type(a._dtype, weights)
        if not (a._dtype.is_floating or a._dtype.is_complex):
            dtype = result_type(dtype, DEFAULT_FLOAT)
        a, weights = as_tensor(a, dtype), as_tensor(weights, dtype)
        ranks = known_rank(a, "average"), known_rank(weights, "average")
        if axis is None or ranks[0] == ranks[1]:
            same = (
                _math.reduce_all(_math.equal(_array.shape(a), _array.shape(weights)))
                if ranks[0] == ranks[1]
                else False
            )
            Assert(same, [_array.shape(a), _array.shape(weights)])
            total = _math.reduce_sum(weights, axis)
            means = _math.reduce_sum(a * weights, axis) / total
        else:
            Assert(ranks[1] == 1, [_array.shape(weights)])
            total = _math.reduce_sum(weights)
            means = _math.tensordot(a, weights, [[axis], [0]]) / total
    return (means, broadcast_to(total, _array.shape(means))) if returned else means


# ------------------------------------------------------------------------------------------------------------ sorting
def _check_order(function: str, kind: str, kinds: tuple[str, ...], order: Any) -> None:
    if kind not in kinds:
        raise ValueError(f"{function}() takes a kind of {kinds}. Received: kind={kind!r}.")
    if order is not None:
        raise ValueError("The `order` argument is not supported: tensors have no fields. Pass order=None.")


def argsort(a: Any, axis: int | None = -1, kind: str = "quicksort", order: None = None) -> Any:
    """The positions that sort the elements along an axis, or of the flattened array: int64.

    Args:
      kind: "quicksort" or "stable".

    Raises:
      ValueError: another `kind`, or an `order`.
      TypeError: the elements are complex.
    """
    _check_order("argsort", kind, ("quicksort", "stable"), order)
    a = as_tensor(a)
    if a._dtype.is_complex:
        raise TypeError(f"argsort() does not sort complex numbers. Received: {a._dtype.name}.")
    if axis is None or not known_rank(a, "argsort"):
        a, axis = _array.reshape(a, [-1]), 0
    return cast(_array.argsort(a, axis, stable=kind == "stable"), dtypes.int64)


def sort(a: Any, axis: int | None = -1, kind: str = "quicksort", order: None = None) -> Any:
    """The elements in order along an axis, or of the flattened array.

    Raises:
      ValueError: a `kind` other than "quicksort", or an `order`.
    """
    _check_order("sort", kind, ("quicksort",), order)
    a = as_tensor(a)
    return _array.sort(_array.reshape(a, [-1]) if axis is None else a, 0 if axis is None else axis)


def _position(compute: Callable[..., Any], a: Any, axis: int | None) -> Any:
    a = as_tensor(a)
    if axis is None or a._raw_shape == ():
        a, axis = _array.reshape(a, [-1]), 0
    return compute(a, axis)


def argmax(a: Any, axis: int | None = None) -> Any:
    """The position of the largest element along an axis, or in the flattened array: int64."""
    return _position(_math.argmax, a, axis)


def argmin(a: Any, axis: int | None = None) -> Any:
    """The position of the smallest element along an axis, or in the flattened array: int64."""
    return _position(_math.argmin, a, axis)
