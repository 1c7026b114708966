"""`tf.experimental.numpy`: arrays made from nothing, or from a few numbers."""

from __future__ import annotations

import math as _numbers
import operator
from typing import Any

import numpy as np

from headrace.core import convert, dtypes
from headrace.core.tensor import Tensor

from . import array as _array
from . import math as _math
from .conversion import cast
from .experimental_numpy_elementwise import log10, real
from .experimental_numpy_types import (
    DEFAULT_FLOAT,
    array,
    as_tensor,
    as_type,
    known_rank,
    promote,
    result_type,
    to_inexact,
)


def zeros(shape: Any, dtype: Any = float) -> Any:
    """Zeros of a shape, float64 by default.

    >>> import headrace as tf
    >>> tf.experimental.numpy.zeros([2])
    <tf.Tensor: shape=(2,), dtype=float64, numpy=array([0., 0.])>
    """
    return _array.zeros(shape, as_type(dtype) or DEFAULT_FLOAT)


def ones(shape: Any, dtype: Any = float) -> Any:
    """Ones of a shape, float64 by default."""
    return _array.ones(shape, as_type(dtype) or DEFAULT_FLOAT)


def empty(shape: Any, dtype: Any = float) -> Any:
    """`zeros(shape, dtype)`: a tensor cannot be written to later."""
    return zeros(shape, dtype)


def zeros_like(a: Any, dtype: Any = None) -> Any:
    """Zeros of the shape of `a`, and of its type if no other is asked for."""
    a = as_tensor(a)
    return _array.zeros_like(a, as_type(dtype) or a._dtype)


def ones_like(a: Any, dtype: Any = None) -> Any:
    """Ones of the shape of `a`, and of its type if no other is asked for."""
    a = as_tensor(a)
    return _array.ones_like(a, as_type(dtype) or a._dtype)


def empty_like(a: Any, dtype: Any = None) -> Any:
    """`zeros_like(a, dtype)`: a tensor cannot be written to later."""
    return zeros_like(a, dtype)


def full(shape: Any, fill_value: Any, dtype: Any = None) -> Any:
    """`fill_value` broadcast to a shape.

    >>> import headrace as tf
    >>> tf.experimental.numpy.full([2, 2], [1, 2]).numpy().tolist()
    [[1, 2], [1, 2]]
    """
    if not isinstance(shape, Tensor):
        shape = np.atleast_1d(np.asarray(shape, np.int32)) if _plain(shape) else convert.to_tensor(shape)
    elif shape._raw_shape == ():
        shape = _array.reshape(shape, [1])
    return _array.broadcast_to(as_tensor(fill_value, as_type(dtype)), shape)


def _plain(shape: Any) -> bool:
    """Whether a shape is made of Python's numbers."""
    return not any(isinstance(d, Tensor) for d in (shape if isinstance(shape, (list, tuple)) else [shape]))


def broadcast_to(array: Any, shape: Any) -> Any:
    """`array` repeated along dimensions of 1, and new ones in front, to a shape."""
    return full(shape, array)


def full_like(
    a: Any, fill_value: Any, dtype: Any = None, order: str = "K", subok: bool = True, shape: None = None
) -> Any:
    """`fill_value` broadcast to the shape of `a`, in its type if no other is asked for.

    Raises:
      ValueError: `order`, `subok` or `shape` is given; they have no meaning for tensors.
    """
    if order != "K" or not subok or shape is not None:
        raise ValueError("full_like() of tensors does not take `order`, `subok` or `shape`. Use full().")
    a = as_tensor(a)
    return _array.broadcast_to(as_tensor(fill_value, as_type(dtype) or a._dtype), _array.shape(a))


def eye(N: int, M: int | None = None, k: int = 0, dtype: Any = float) -> Any:
    """Ones on the diagonal `k` above the main one, zeros elsewhere.

    Args:
      N: the number of rows.
      M: of columns; `N` by default.

    >>> import headrace as tf
    >>> tf.experimental.numpy.eye(2, 3, k=1, dtype=int).numpy().tolist()
    [[0, 1, 0], [0, 0, 1]]
    """
    dtype = as_type(dtype) or DEFAULT_FLOAT
    return convert.constant(np.eye(int(N), None if M is None else int(M), int(k), dtype._np), dtype)


def identity(n: int, dtype: Any = float) -> Any:
    """`eye(n)`."""
    return eye(n, n, dtype=dtype)


def tri(N: int, M: int | None = None, k: int = 0, dtype: Any = None) -> Any:
    """Ones on and below the diagonal `k` above the main one, zeros elsewhere; float64 by default."""
    dtype = as_type(dtype) or DEFAULT_FLOAT
    return convert.constant(np.tri(N, M, k).astype(dtype._np), dtype)


def _triangle(m: Any, k: int, lower: bool) -> Any:
    m = as_tensor(m)
    name = "tril" if lower else "triu"
    if known_rank(m, name) < 2:
        raise ValueError(f"{name}() takes matrices: an array of rank 2 at least. Received: {m!r}.")
    rows, columns = (_array.shape(m)[i] for i in (-2, -1))
    row, column = _math.range(rows)[:, None], _math.range(columns)[None]
    keep = _math.less_equal(column - row, k) if lower else _math.greater_equal(column - row, k)
    return _array.where(keep, m, _array.zeros([], m._dtype))


def tril(m: Any, k: int = 0) -> Any:
    """Matrices with zeros above the diagonal `k` above the main one.

    Raises:
      ValueError: the rank is below 2, or not known.
    """
    return _triangle(m, k, lower=True)


def triu(m: Any, k: int = 0) -> Any:
    """Matrices with zeros below the diagonal `k` above the main one.

    Raises:
      ValueError: the rank is below 2, or not known.

    >>> import headrace as tf
    >>> tf.experimental.numpy.triu([[1, 2], [3, 4]]).numpy().tolist()
    [[1, 2], [0, 4]]
    """
    return _triangle(m, k, lower=False)


def vander(x: Any, N: int | None = None, increasing: bool = False) -> Any:
    """The powers of the elements of `x`, each in a row of `N`, the highest first unless `increasing`.

    Raises:
      ValueError: `x` is not of rank 1, or `N` is negative.

    >>> import headrace as tf
    >>> tf.experimental.numpy.vander([2, 3], 3).numpy().tolist()
    [[4, 2, 1], [9, 3, 1]]
    """
    x = as_tensor(x)
    if known_rank(x, "vander") != 1:
        raise ValueError(f"vander() takes a vector. Received: {x!r}.")
    if isinstance(N, int) and N < 0:
        raise ValueError(f"vander() takes a count N that is not negative. Received: {N}.")
    count = _array.shape(x)[0] if N is None else N
    powers = _math.range(count) if increasing else _math.range(count - 1, -1, -1)
    return _math.pow(x[:, None], cast(powers, x._dtype))


def diag_indices(n: int, ndim: int = 2) -> tuple[Tensor, ...]:
    """`ndim` times the numbers below `n`: they index a diagonal.

    Raises:
      ValueError: an argument is negative.
    """
    if n < 0 or ndim < 0:
        raise ValueError(f"diag_indices() takes numbers that are not negative. Received: {n}, {ndim}.")
    return (_math.range(n),) * ndim


# ------------------------------------------------------------------------------------------------------- sequences
def arange(start: Any, stop: Any = None, step: Any = 1, dtype: Any = None) -> Any:
    """The numbers from `start` up to but not including `stop`, `step` apart; from 0 up to `start` without `stop`.

    Raises:
      ValueError: `step` is 0.

    >>> import headrace as tf
    >>> tf.experimental.numpy.arange(1, 2, 0.25).numpy().tolist()
    [1.0, 1.25, 1.5, 1.75]
    """
    if not step:
        raise ValueError("arange() takes a step other than 0.")
    start, stop = (0, start) if stop is None else (start, stop)
    dtype = as_type(dtype) or result_type(start, stop, step)
    if (start > stop) if step > 0 else (start < stop):
        return array([], dtype)
    return cast(_math.range(start, stop, step), dtype)


def linspace(
    start: Any,
    stop: Any,
    num: int = 50,
    endpoint: bool = True,
    retstep: bool = False,
    dtype: Any = float,
    axis: int = 0,
) -> Any:
    """`num` numbers at equal distances from `start` to `stop`, inclusive if `endpoint`.

    Args:
      start, stop: numbers or arrays that broadcast together; the new dimension is `axis`.
      retstep: whether to return `(numbers, distance)`.

    Raises:
      ValueError: `num` is negative.

    >>> import headrace as tf
    >>> tf.experimental.numpy.linspace(0, 1, 5).numpy().tolist()
    [0.0, 0.25, 0.5, 0.75, 1.0]
    """
    num = operator.index(num)
    if num < 0:
        raise ValueError(f"The number of samples `num` must not be negative. Received: {num}.")
    start, stop = _ends(start, stop)
    asked = start._dtype if dtype in (float, None) else result_type(dtype)
    steps = num - 1 if endpoint else num
    step = (stop - start) / cast(steps, start._dtype) if steps > 0 else as_tensor(np.nan, start._dtype)
    if endpoint or num <= 1:
        numbers = _math.linspace(start, stop, num, axis=axis) if num else _empty(start + stop, axis)
    else:
        numbers = _math.linspace(start, stop - step, num, axis=axis)
    if asked.is_integer:
        numbers = _math.floor(numbers)  # as NumPy: down, not towards 0
    numbers = cast(numbers, asked)
    return (numbers, step) if retstep else numbers


def _ends(start: Any, stop: Any) -> tuple[Any, Any]:
    """Both in one type that has fractions."""
    start, stop = (float(x) if type(x) in (int, bool) else x for x in (start, stop))
    start, stop = promote(start, stop)
    return to_inexact(start), to_inexact(stop)


def _empty(like: Any, axis: int) -> Any:
    """No samples: the shape of `like` with a dimension of 0 at `axis`."""
    stacked = _array.expand_dims(like, axis)
    at = axis % (known_rank(like, "linspace") + 1)
    return stacked[(slice(None),) * at + (slice(0, 0),)]


def logspace(
    start: Any,
    stop: Any,
    num: int = 50,
    endpoint: bool = True,
    base: Any = 10.0,
    dtype: Any = None,
    axis: int = 0,
) -> Any:
    """`base` to the power of `linspace(start, stop, …)`.

    >>> import headrace as tf
    >>> tf.experimental.numpy.logspace(0, 2, 3).numpy().tolist()
    [1.0, 10.0, 100.0]
    """
    powers = linspace(start, stop, num, endpoint, axis=axis)
    numbers = _math.pow(cast(as_tensor(base), powers._dtype), powers)
    return numbers if dtype is None else cast(numbers, result_type(dtype))


def geomspace(
    start: Any, stop: Any, num: int = 50, endpoint: bool = True, dtype: Any = None, axis: int = 0
) -> Any:
    """`num` numbers from `start` to `stop`, each the same multiple of the one before. Both may be negative.

    >>> import headrace as tf
    >>> tf.experimental.numpy.geomspace(1, 8, 4).numpy().round(6).tolist()
    [1.0, 2.0, 4.0, 8.0]
    """
    start, stop = _ends(start, stop)
    down = _math.logical_and(_math.less(real(start), 0), _math.less(real(stop), 0))
    turn = cast(_array.where(down, -1, 1), start._dtype)
    numbers = turn * logspace(log10(turn * start), log10(turn * stop), num, endpoint, axis=0)
    if axis:
        from .experimental_numpy_shaping import moveaxis

        numbers = moveaxis(numbers, 0, axis)
    return numbers if dtype is None else cast(numbers, result_type(dtype))


def meshgrid(*xi: Any, **kwargs: Any) -> list[Tensor]:
    """Coordinates of a grid: of N vectors, N tensors of rank N.

    Args:
      **kwargs: `indexing`, "xy" (the default) or "ij".

    Raises:
      ValueError: `sparse=True` or `copy=False`, which tensors cannot be.
    """
    if kwargs.pop("sparse", False):
        raise ValueError("meshgrid() of tensors makes no sparse grids. Leave out sparse=True.")
    if not kwargs.pop("copy", True):
        raise ValueError("meshgrid() of tensors makes no views. Leave out copy=False.")
    indexing = kwargs.pop("indexing", "xy")
    if kwargs:
        raise TypeError(f"meshgrid() takes `indexing`, `sparse` and `copy`. Received: {list(kwargs)}.")
    return _array.meshgrid(*[as_tensor(x) for x in xi], indexing=indexing)
