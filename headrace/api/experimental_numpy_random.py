"""`tf.experimental.numpy.random`: random numbers by the names and types of `numpy.random`."""

from __future__ import annotations

from typing import Any

import numpy as np

from headrace.core import dtypes
from headrace.core.tensor import Tensor

from . import random as _random
from .array import broadcast_dynamic_shape, shape
from .experimental_numpy_types import DEFAULT_FLOAT, as_tensor, result_type


def _size(size: Any) -> Any:
    """A shape from None (a scalar), a length, or a shape."""
    if size is None:
        return ()
    scalar = isinstance(size, (int, np.integer)) or (isinstance(size, Tensor) and size._raw_shape == ())
    return (size,) if scalar else size


def seed(s: int) -> None:
    """Sets the seed of all random numbers, as `tf.random.set_seed` does.

    Raises:
      ValueError: `s` is not an integer.
    """
    try:
        s = int(s)
    except TypeError:
        raise ValueError(f"Argument `s` must be an integer. Received: {s!r}.") from None
    _random.set_seed(s)


def standard_normal(size: Any = None) -> Tensor:
    """Normal numbers of mean 0 and deviation 1, float64, of shape `size`."""
    return _random.normal(_size(size), dtype=DEFAULT_FLOAT)


def randn(*args: int) -> Tensor:
    """Normal numbers of mean 0 and deviation 1, float64, of the shape that the arguments list.

    >>> import headrace as tf
    >>> tf.experimental.numpy.random.randn(2, 3).shape
    TensorShape([2, 3])
    """
    return standard_normal(args)


def uniform(low: Any = 0.0, high: Any = 1.0, size: Any = None) -> Tensor:
    """Uniform numbers in [low, high), float64, of shape `size`; by default that of `low` and `high` together."""
    low, high = as_tensor(low, DEFAULT_FLOAT), as_tensor(high, DEFAULT_FLOAT)
    size = broadcast_dynamic_shape(shape(low), shape(high)) if size is None else _size(size)
    return _random.uniform(size, low, high, DEFAULT_FLOAT)


def random(size: Any = None) -> Tensor:
    """Uniform numbers in [0, 1), float64, of shape `size`."""
    return uniform(0.0, 1.0, size)


def rand(*size: int) -> Tensor:
    """Uniform numbers in [0, 1), float64, of the shape that the arguments list."""
    return uniform(0.0, 1.0, size)


def poisson(lam: Any = 1.0, size: Any = None) -> Tensor:
    """Counts of events that happen `lam` times on average, int64, of shape `size`."""
    return _random.poisson(_size(size), lam, dtypes.int64)


def randint(low: int, high: int | None = None, size: Any = None, dtype: Any = np.int64) -> Tensor:
    """Integers in [low, high), or [0, low) without `high`, of shape `size`.

    Args:
      dtype: int32 or int64.

    Raises:
      ValueError: another dtype.

    >>> import headrace as tf
    >>> tf.experimental.numpy.random.randint(5, size=[3]).dtype.name
    'int64'
    """
    low, high = (0, int(low)) if high is None else (int(low), high)
    wanted = result_type(dtype)
    if wanted not in (dtypes.int32, dtypes.int64):
        raise ValueError(f"Argument `dtype` must be int32 or int64. Received: {dtype!r}.")
    return _random.uniform(_size(size), low, high, wanted)


__all__ = ["poisson", "rand", "randint", "randn", "random", "seed", "standard_normal", "uniform"]
