"""`tf.make_tensor_proto` and `tf.make_ndarray`: arrays as messages and back."""

from __future__ import annotations

from typing import Any

import numpy as np

from headrace.core.convert import to_tensor
from headrace.core.dtypes import as_dtype
from headrace.core.shapes import TensorShape
from headrace.core.static import static_value
from headrace.io import tensor_proto

__all__ = ["make_ndarray", "make_tensor_proto"]
ROOT = __all__


def make_tensor_proto(
    values: Any, dtype: Any = None, shape: Any = None, verify_shape: bool = False, allow_broadcast: bool = False
) -> Any:  # fmt: skip
    """A `TensorProto` message of a value.

    Args:
      values: a Python value, an array, or a tensor that has a value.
      dtype: the elements' type; that of the values if None.
      shape: the tensor's shape; that of the values if None. If it has more elements, the last value stands for the rest.
      verify_shape: the values must have exactly that shape.
      allow_broadcast: with `verify_shape`, a scalar may fill the shape.

    Raises:
      TypeError: the values are not of that type, or (`verify_shape`) shape.
      ValueError: there are more values than the shape has elements.

    >>> import headrace as tf
    >>> tf.make_ndarray(tf.make_tensor_proto([1, 2, 3])).tolist()
    [1, 2, 3]
    """
    if values is None:
        raise ValueError("None values not supported.")
    tensor = to_tensor(values, None if dtype is None else as_dtype(dtype))
    array: Any = tensor._host() if tensor._is_eager else static_value(tensor)
    if array is None:
        raise TypeError(f"make_tensor_proto needs a value, received {values!r}: run it in a session first.")
    wanted: Any = array.shape if shape is None else tuple(TensorShape(shape).as_list())
    if wanted != array.shape and verify_shape and not (allow_broadcast and not array.shape):
        raise TypeError(f"Expected Tensor's shape: {wanted}, but got {array.shape}.")
    size = int(np.prod(wanted))
    if array.size > size:
        raise ValueError(f"Too many elements provided. Takes at most {size}, but got {array.size}.")
    whole = array.size == size and array.size != 1
    return tensor_proto.make_tensor_proto(
        array.reshape(wanted) if whole else array, tensor._dtype, None if whole else wanted
    )


def make_ndarray(tensor: Any) -> np.ndarray:
    """The array in a `TensorProto` message; strings as an array of `bytes` objects.

    Raises:
      tf.errors.DataLossError: the message contradicts itself.
    """
    return tensor_proto.array_of(tensor)
