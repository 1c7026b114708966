"""What `tf.experimental.numpy` computes in: NumPy's types, and how values of several types meet."""

from __future__ import annotations

import numbers
from typing import Any

import numpy as np

from headrace.core import convert, dtypes, nest
from headrace.core.dtypes import DType
from headrace.core.op import lookup
from headrace.core.tensor import Tensor

from .conversion import cast

bool_ = np.bool_
int8, int16, int32, int64, int_ = np.int8, np.int16, np.int32, np.int64, np.int_
uint8, uint16, uint32, uint64 = np.uint8, np.uint16, np.uint32, np.uint64
float16, float32, float64, float_ = np.float16, np.float32, np.float64, np.float64
complex64, complex128, complex_ = np.complex64, np.complex128, np.complex128
inexact, object_, string_, unicode_ = np.inexact, np.object_, np.bytes_, np.str_
iinfo, issubdtype = np.iinfo, np.issubdtype

ndarray = Tensor  # tensors are the arrays of this module


class _Settings:
    """What `experimental_enable_numpy_behavior` chose."""

    prefer_float32 = False


settings = _Settings()


def numpy_type(dtype: Any) -> np.dtype:
    """The NumPy type of anything that names one."""
    return dtype._np if isinstance(dtype, DType) else np.dtype(dtype)


def finfo(dtype: Any) -> Any:
    """The limits of a floating-point type, as `numpy.finfo` tells them.

    Raises:
      ValueError: the type is not one of floating-point numbers.

    >>> import headrace as tf
    >>> float(tf.experimental.numpy.finfo(tf.float32).eps)
    1.1920928955078125e-07
    """
    kind = numpy_type(dtype)
    if kind.kind == "V":  # bfloat16 and its kin
        import ml_dtypes

        return ml_dtypes.finfo(kind)
    return np.finfo(kind)


def _type_or_number(x: Any) -> Any:
    """What `numpy.result_type` takes for `x`: Python's numbers leave the choice to the others."""
    if isinstance(x, (float, complex)) and settings.prefer_float32:
        return np.float32(x) if isinstance(x, float) else np.complex64(x)
    if isinstance(x, numbers.Number):
        return x
    if isinstance(x, DType):
        return x._np
    own = getattr(x, "dtype", None)
    return own._np if isinstance(own, DType) else x


def result_type(*arrays_and_dtypes: Any) -> DType:
    """The type that values meet in, by NumPy's rules: Python's numbers follow the others.

    Args:
      *arrays_and_dtypes: tensors, arrays, numbers, nested lists of them, and types.

    >>> import headrace as tf
    >>> tf.experimental.numpy.result_type(tf.int32, tf.float32).name
    'float64'
    >>> tf.experimental.numpy.result_type(tf.ones([2]), 1.5).name
    'float32'
    """
    parts = [_type_or_number(x) for x in nest.flatten(arrays_and_dtypes)]
    return dtypes.as_dtype(np.result_type(*(parts or [np.float64])))


def promote_types(type1: Any, type2: Any) -> np.dtype:
    """The smallest type that holds the values of both.

    >>> import headrace as tf
    >>> tf.experimental.numpy.promote_types(tf.int32, tf.float32)
    dtype('float64')
    """
    return np.promote_types(numpy_type(type1), numpy_type(type2))


def as_type(dtype: Any) -> DType | None:
    """The type that an argument `dtype` asks for; None if it asks for none."""
    return None if dtype is None else result_type(dtype)


DEFAULT_FLOAT = dtypes.float64  # what integers become where a function computes with fractions


def _has_tensor(value: Any) -> bool:
    return isinstance(value, Tensor) or hasattr(value, "__tf_tensor__")


def as_tensor(value: Any, dtype: DType | None = None) -> Any:
    """`value` as a tensor of `dtype`, or of the type NumPy gives it. Converts as `numpy.array` does: 5.5 may become 5."""
    if _has_tensor(value):
        tensor = convert.to_tensor(value)
        return tensor if dtype is None or tensor._dtype is dtype else cast(tensor, dtype)
    if isinstance(value, (str, bytes)):
        return convert.to_tensor(value)
    leaves = nest.flatten(value) if isinstance(value, (list, tuple)) else [value]
    if any(_has_tensor(leaf) for leaf in leaves):
        dtype = dtype or result_type(*leaves)
        return cast(convert.to_tensor(value, dtype), dtype)
    if isinstance(value, (list, tuple)) and settings.prefer_float32 and dtype is None:
        dtype = result_type(*leaves) if leaves else None
    try:
        array = np.array(value if isinstance(value, (list, tuple, *_NUMBERS)) else convert.to_array(value))
    except ValueError:
        array = convert.to_array(value)  # says what is wrong with it
    if array.dtype.kind in "OSU":
        return convert.to_tensor(value)
    if dtype is None:
        dtype = result_type(_type_or_number(value) if isinstance(value, _NUMBERS) else array.dtype)
    return convert.constant(array.astype(dtype._np, copy=False), dtype)


_NUMBERS = (int, float, complex, np.ndarray, np.generic)


def promote(*values: Any) -> list[Any]:
    """The values as tensors of the type they meet in."""
    dtype = result_type(*values)
    return [as_tensor(v, dtype) for v in values]


def to_inexact(x: Any) -> Any:
    """`x` itself if its numbers have fractions; integers and bools become float64."""
    return x if x._dtype.is_floating or x._dtype.is_complex else cast(x, DEFAULT_FLOAT)


def array(val: Any, dtype: Any = None, copy: bool = True, ndmin: int = 0) -> Tensor:
    """A tensor of a value. Python's numbers become int64, float64 or complex128, unlike in `tf.constant`.

    Args:
      dtype: the type to convert to; fractions may be lost.
      copy: tensors never change, so this makes a difference to nobody.
      ndmin: the least rank; dimensions of 1 are put in front. At most 32.

    Raises:
      ValueError: nested lists are not rectangular, or `ndmin` is too large.

    >>> import headrace as tf
    >>> tf.experimental.numpy.array([1, 2.5])
    <tf.Tensor: shape=(2,), dtype=float64, numpy=array([1. , 2.5])>
    """
    if ndmin > 32:
        raise ValueError(f"ndmin bigger than allowable number of dimensions: 32. Received ndmin={ndmin}.")
    tensor = as_tensor(val, as_type(dtype))
    if copy:
        tensor = lookup("Identity")(tensor)
    if ndmin > known_rank(tensor, "array"):
        missing = ndmin - known_rank(tensor, "array")
        tensor = tensor[(None,) * missing + (...,)]
    return tensor


def asarray(a: Any, dtype: Any = None) -> Tensor:
    """`a` itself if it is a tensor of that type, or else `array(a, dtype)`."""
    return as_tensor(a, as_type(dtype))


asanyarray = asarray


def ascontiguousarray(a: Any, dtype: Any = None) -> Tensor:
    """`array(a, dtype)`, of rank 1 at least."""
    return array(a, dtype, ndmin=1)


def copy(a: Any) -> Tensor:
    """`array(a)`."""
    return array(a)


def known_rank(x: Any, function: str) -> int:
    """The rank of `x`.

    Raises:
      ValueError: it is not known while the graph is being built.
    """
    if x._raw_shape is None:
        raise ValueError(
            f"tf.experimental.numpy.{function} needs to know the rank of {x!r} while the graph is being built. "
            "Use tf.ensure_shape or x.set_shape to tell it."
        )
    return len(x._raw_shape)


def axis_in(axis: int, rank: int, function: str) -> int:
    """`axis` counted from the front.

    Raises:
      ValueError: there is no such axis.
    """
    if not -rank <= axis < rank:
        raise ValueError(f"{function}: axis {axis} is out of bounds for an array of rank {rank}.")
    return axis % rank
