"""What is wrong with the arguments of a column, said when it is made."""

from __future__ import annotations

from typing import Any

from headrace.core import dtypes, nest
from headrace.core.dtypes import DType


def check_key(key: Any) -> None:
    if not isinstance(key, str):
        raise ValueError(f"key must be a string. Got: type {type(key)}. Given key: {key}.")


def check_ids(dtype: DType, what: str) -> None:
    """ValueError unless the type is one of ids or words."""
    if dtype is not dtypes.string and not dtype.is_integer:
        raise ValueError(f"{what} dtype must be string or integer. dtype: {dtype!r}.")


def check_number(dtype: Any, what: str) -> None:
    if dtype is None or not (dtype.is_integer or dtype.is_floating):
        raise ValueError(f"dtype must be convertible to float. dtype: {dtype!r}, {what}")


def check_function(function: Any) -> None:
    if function is not None and not callable(function):
        raise TypeError(f"normalizer_fn must be a callable. Given: {function!r}")


def check_oov(key: Any, buckets: Any, default_value: Any, no_default: Any) -> None:
    """Words outside of a vocabulary have a default id, or buckets."""
    if not buckets:
        return
    if default_value != no_default:
        raise ValueError(
            f"Can't specify both num_oov_buckets and default_value in {key}. Leave one of them out."
        )
    if buckets < 0:
        raise ValueError(f"Invalid num_oov_buckets {buckets} in {key}. It must not be negative.")


def checked_shape(shape: Any, key: Any) -> tuple[int, ...]:
    """The shape of a feature as a tuple of positive integers."""
    if shape is None:
        raise AssertionError(
            f"shape must not be None, key: {key}. Features of one number have the shape (1,)."
        )
    shape = tuple(shape) if nest.is_nested(shape) else (shape,)
    for dimension in shape:
        if not isinstance(dimension, int):
            raise TypeError(f"shape dimensions must be integer. shape: {shape}, key: {key}")
        if dimension < 1:
            raise ValueError(f"shape dimensions must be greater than 0. shape: {shape}, key: {key}")
    return shape


def checked_default(default: Any, shape: tuple[int, ...], dtype: DType, key: Any) -> Any:
    """A default of the given shape, as nested tuples: a number is repeated.

    Raises:
      ValueError: it has another shape.
      TypeError: it is not made of numbers that `dtype` has.
    """
    if default is None:
        return None
    fits = lambda v: isinstance(v, int) or (isinstance(v, float) and dtype.is_floating)
    if not nest.is_nested(default) and fits(default):
        return _repeated(default, shape)
    if callable(getattr(default, "tolist", None)):
        default = default.tolist()
    if nest.is_nested(default):
        if not _has_shape(default, shape):
            raise ValueError(
                f"The shape of default_value must be equal to given shape. default_value: {default}, shape: {shape}, key: {key}"
            )
        if all(fits(v) for v in nest.flatten(default)):
            return _tuples(default)
    raise TypeError(
        f"default_value must be compatible with dtype. default_value: {default}, dtype: {dtype!r}, key: {key}"
    )


def _repeated(value: Any, shape: tuple[int, ...]) -> Any:
    return tuple([_repeated(value, shape[1:])] * shape[0]) if shape else value


def _has_shape(value: Any, shape: tuple[int, ...]) -> bool:
    if not shape or not nest.is_nested(value):
        return not shape and not nest.is_nested(value)
    return len(value) == shape[0] and all(_has_shape(v, shape[1:]) for v in value)


def _tuples(value: Any) -> Any:
    return tuple(_tuples(v) for v in value) if nest.is_nested(value) else value
