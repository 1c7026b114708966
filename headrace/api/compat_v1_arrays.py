"""Arrays in their 1.x forms: constants, placeholders, and functions whose arguments have other names or orders."""

from __future__ import annotations

from typing import Any

import numpy as np

from headrace.core import dtypes
from headrace.core.convert import constant as make_constant
from headrace.core.convert import to_array, to_tensor
from headrace.core.dtypes import as_dtype
from headrace.core.graph import get_default_graph
from headrace.core.op import lookup
from headrace.core.shapes import TensorShape, as_raw
from headrace.core.state import state


def constant(
    value: Any, dtype: Any = None, shape: Any = None, name: str = "Const", verify_shape: bool = False
) -> Any:
    """A tensor of a Python value or array.

    Args:
      shape: the tensor's shape. In a graph too few values repeat the last; eagerly there must be as many, or one.
      verify_shape: whether the value must have just that shape.

    >>> import headrace as tf
    >>> tf.compat.v1.constant(2, shape=[4]).numpy().tolist()
    [2, 2, 2, 2]
    """
    wanted = None if dtype is None else as_dtype(dtype)
    array = to_array(value, wanted)
    if shape is not None:
        sizes: tuple[Any, ...] = tuple(TensorShape(shape).as_list())
        if verify_shape and array.shape != sizes:
            raise TypeError(f"Expected Tensor's shape: {sizes}, got {array.shape}.")
        n = int(np.prod(sizes))
        if state.graph is None and array.size not in (1, n):
            raise TypeError(
                f"Eager execution of tf.constant with unsupported shape: {array.size} elements for the shape {sizes}, which "
                f"has {n}. Give as many, or one for all."
            )
        if array.size > n:
            raise ValueError(f"Too many elements provided. Takes at most {n}, but got {array.size}")
        if array.size < n:
            if not array.size:
                raise ValueError(f"A value without elements cannot fill the shape {sizes}.")
            flat = np.empty((n,), array.dtype)
            flat[: array.size], flat[array.size :] = array.reshape(-1), array.reshape(-1)[-1]
            array = flat
        array = array.reshape(sizes)
    return make_constant(array, wanted or dtypes.from_numpy(array.dtype), name)


def placeholder(dtype: Any, shape: Any = None, name: str | None = None) -> Any:
    """A tensor whose value every run is given in its `feed_dict`.

    Raises:
      RuntimeError: in eager mode, where there is nothing to feed.
    """
    if state.graph is None:
        raise RuntimeError("tf.placeholder() is not compatible with eager execution.")
    return state.graph.placeholder(as_dtype(dtype), as_raw(shape), name or "Placeholder")


def placeholder_with_default(input: Any, shape: Any, name: str | None = None) -> Any:
    """A tensor that is `input` unless it is fed. `shape` may leave dimensions open that `input` has."""
    value = to_tensor(input)
    return lookup("PlaceholderWithDefault")(value, shape=as_raw(shape), name=name)


def sparse_placeholder(dtype: Any, shape: Any = None, name: str | None = None) -> Any:
    """A SparseTensor to be fed with a `SparseTensorValue` or `(indices, values, dense_shape)`."""
    from .composite import SparseTensor

    if state.graph is None:
        raise RuntimeError("`sparse_placeholder` is not compatible with eager execution.")
    raw = None if shape is None else as_raw(shape)
    rank = None if raw is None else len(raw)
    prefix = f"{name}/" if name else None
    if raw is None:
        dense_shape = placeholder(dtypes.int64, [None], prefix and f"{prefix}shape")
    else:  # what is fed may have other dimensions where these are not known
        dims = [-1 if d is None else d for d in raw]
        default = to_tensor(dims, dtypes.int64, name=prefix and f"{prefix}shape_default")
        dense_shape = placeholder_with_default(default, [rank], prefix and f"{prefix}shape")
    values = placeholder(dtype, [None], prefix and f"{prefix}values")
    indices = placeholder(dtypes.int64, [None, rank], prefix and f"{prefix}indices")
    out = SparseTensor(indices, values, dense_shape)
    if raw is not None:
        out.set_shape(raw)
    return out


def disable_eager_execution() -> None:
    """Makes building graphs the ordinary way of this process: from here on ops are added to the default graph."""
    from headrace.session.modes import graph_mode

    graph_mode(True)


def enable_eager_execution(config: Any = None, device_policy: Any = None, execution_mode: Any = None) -> None:
    """Makes ops run at once again.

    Raises:
      ValueError: inside of a graph, or when the default graph has operations already.
    """
    from headrace.session.modes import graph_mode

    if config is not None or device_policy is not None or execution_mode is not None:
        raise ValueError(
            "enable_eager_execution: config, device_policy and execution_mode have no effect here; leave them out."
        )
    graph_mode(False)


__all__ = ["get_default_graph"]
ROOT = [
    "constant", "disable_eager_execution", "enable_eager_execution", "placeholder", "placeholder_with_default",
    "sparse_placeholder",
]  # fmt: skip
