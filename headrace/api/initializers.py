"""Initialisers: objects that make a variable's first value from a shape and a dtype."""

from __future__ import annotations

from typing import Any

import numpy as np

from headrace.core import dtypes
from headrace.core.convert import to_tensor
from headrace.core.dtypes import as_dtype
from headrace.core.op import lookup

ROOT = __all__ = [
    "constant_initializer",
    "ones_initializer",
    "random_normal_initializer",
    "random_uniform_initializer",
    "zeros_initializer",
]


class _Initializer:
    def __call__(self, shape: Any, dtype: Any = dtypes.float32, **kwargs: Any) -> Any:
        """The first value of a variable of that shape and dtype."""
        raise NotImplementedError

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return dict(self.__dict__)

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Any:
        config = dict(config)
        config.pop("dtype", None)
        return cls(**config)


def _check(kwargs: dict[str, Any], dtype: Any, name: str, numbers: bool = True) -> Any:
    for key in kwargs:
        if key not in ("partition_shape", "partition_offset"):
            raise TypeError(f"{name}.__call__() got an unexpected keyword argument {key!r}.")
    if kwargs:
        raise ValueError(f"{name} does not support partitioned variables.")
    dtype = as_dtype(dtype)
    if numbers and (dtype is dtypes.string or not (dtype.is_numeric or dtype.is_bool)):
        raise ValueError(f"Argument `dtype` expected to be numeric or boolean. Received {dtype!r}.")
    return dtype


class zeros_initializer(_Initializer):
    """All zeros."""

    def __call__(self, shape: Any, dtype: Any = dtypes.float32, **kwargs: Any) -> Any:
        return lookup("Fill")(shape, np.zeros((), _check(kwargs, dtype, "zeros_initializer")._np))


class ones_initializer(_Initializer):
    """All ones."""

    def __call__(self, shape: Any, dtype: Any = dtypes.float32, **kwargs: Any) -> Any:
        return lookup("Fill")(shape, np.ones((), _check(kwargs, dtype, "ones_initializer")._np))


class constant_initializer(_Initializer):
    """Given values: a scalar for every element, or as many values as the shape has elements."""

    def __init__(self, value: Any = 0, support_partition: bool = False) -> None:
        if support_partition:
            raise NotImplementedError("constant_initializer does not support partitioned variables.")
        if not (np.isscalar(value) or isinstance(value, (list, tuple, np.ndarray))):
            raise TypeError(
                f"Invalid type for initial value: {type(value).__name__}. Expected Python scalar, list or "
                "tuple of values, or numpy.ndarray."
            )
        self.value = value

    def __call__(self, shape: Any, dtype: Any = None, **kwargs: Any) -> Any:
        dtype = None if dtype is None else _check(kwargs, dtype, "constant_initializer", numbers=False)
        value = to_tensor(self.value, dtype)
        return lookup("Fill")(shape, value) if value._raw_shape == () else lookup("Reshape")(value, shape)

    def get_config(self) -> dict[str, Any]:
        return {"value": self.value}


class _Random(_Initializer):
    def _floats(self, kwargs: dict[str, Any], dtype: Any) -> Any:
        dtype = _check(kwargs, dtype, type(self).__name__)
        if not dtype.is_floating and not (dtype.is_integer and isinstance(self, random_uniform_initializer)):
            raise ValueError(f"Argument `dtype` expected to be floating point. Received {dtype!r}.")
        return dtype


class random_uniform_initializer(_Random):
    """Uniform numbers in [minval, maxval)."""

    def __init__(self, minval: float = -0.05, maxval: float = 0.05, seed: int | None = None) -> None:
        self.minval, self.maxval, self.seed = minval, maxval, seed

    def __call__(self, shape: Any, dtype: Any = dtypes.float32, **kwargs: Any) -> Any:
        from .random import uniform

        return uniform(shape, self.minval, self.maxval, self._floats(kwargs, dtype), self.seed)


class random_normal_initializer(_Random):
    """Normally distributed numbers."""

    def __init__(self, mean: float = 0.0, stddev: float = 0.05, seed: int | None = None) -> None:
        self.mean, self.stddev, self.seed = mean, stddev, seed

    def __call__(self, shape: Any, dtype: Any = dtypes.float32, **kwargs: Any) -> Any:
        from .random import normal

        return normal(shape, self.mean, self.stddev, self._floats(kwargs, dtype), self.seed)
