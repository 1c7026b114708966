"""Functions of `tf.contrib.framework` that check tensors, or bring them into a shape."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

import headrace as tf
from headrace.api.compat_v1_control import assert_scalar
from headrace.api.compat_v1_graph import name_scope
from headrace.api.script import numpy_function
from headrace.core import nest


def assert_scalar_int(tensor: Any, name: str | None = None) -> Any:
    """The tensor, which is asserted to be a single whole number.

    Raises:
      ValueError: it is known not to be."""
    tensor = tf.convert_to_tensor(tensor)
    if not tensor.dtype.is_integer:
        raise ValueError(f"Expected integer type for {name or 'a tensor'}, received type: {tensor.dtype}.")
    return assert_scalar(tensor, name=name)


def with_shape(expected_shape: Any, tensor: Any) -> Any:
    """The tensor, with a shape that it is checked to have; a vector of one entry may be expected to be a scalar.

    Raises:
      ValueError: it is known to have another one, or is a SparseTensor.

    >>> import headrace as tf
    >>> with_shape([], tf.constant([3.0])).shape
    TensorShape([])
    """
    if isinstance(tensor, tf.SparseTensor):
        raise ValueError("SparseTensor not supported.")
    if isinstance(expected_shape, (tf.Tensor, tf.Variable)):
        if expected_shape.dtype != tf.int32:
            raise ValueError(f"A shape must be int32. Received dtype {expected_shape.dtype.name}.")
        same = tf.logical_and(
            tf.equal(tf.rank(tensor), tf.size(expected_shape)), _equal(expected_shape, tf.shape(tensor))
        )
        message = ["Wrong shape for tensor, expected and actual:", expected_shape, tf.shape(tensor)]
        with tf.control_dependencies([a for a in [tf.Assert(same, message)] if a is not None]):
            return tf.identity(tensor)
    wanted = np.asarray(expected_shape, np.int64)
    if wanted.ndim > 1:
        raise ValueError(f"A shape must be a vector. Received {expected_shape}.")
    shape = [int(d) for d in wanted.reshape(-1)]
    known = tensor.shape
    if not shape and known.is_compatible_with([1]) and not known.is_compatible_with([]):
        return tf.reshape(tensor, [])
    if known.is_fully_defined():
        if not known.is_compatible_with(shape):
            raise ValueError(f"Invalid shape for tensor, expected {shape}, got {known}.")
        return tensor
    return tf.ensure_shape(tensor, [None if d < 0 else d for d in shape]) if shape else tf.reshape(tensor, [])


def _equal(expected: Any, actual: Any) -> Any:
    count = tf.minimum(tf.size(expected), tf.size(actual))
    expected, actual = expected[:count], actual[:count]
    return tf.reduce_all(tf.logical_or(tf.equal(expected, -1), tf.equal(expected, actual)))


def with_same_shape(expected_tensor: Any, tensor: Any) -> Any:
    """`tensor`, which is checked to have the shape of `expected_tensor`."""
    known = expected_tensor.shape
    return with_shape(known.as_list() if known.is_fully_defined() else tf.shape(expected_tensor), tensor)


def remove_squeezable_dimensions(predictions: Any, labels: Any, name: str | None = None) -> tuple[Any, Any]:
    """Both, without a last dimension of 1 that only one of them has."""
    with name_scope(name, "remove_squeezable_dimensions", [predictions, labels]):
        predictions, labels = tf.convert_to_tensor(predictions), tf.convert_to_tensor(labels)
        ranks = predictions.shape.rank, labels.shape.rank
        if None not in ranks:
            if ranks[0] == ranks[1] + 1:  # type: ignore[operator]
                predictions = tf.squeeze(predictions, [-1])
            elif ranks[1] == ranks[0] + 1:  # type: ignore[operator]
                labels = tf.squeeze(labels, [-1])
            return predictions, labels
        more = tf.rank(predictions) - tf.rank(labels)
        return _without_last(predictions, tf.equal(more, 1)), _without_last(labels, tf.equal(more, -1))


def _without_last(x: Any, condition: Any) -> Any:
    """`x` without its last dimension, where the condition holds."""
    if x.shape.rank is not None and not x.shape[-1:].is_compatible_with([1]):
        return x
    shape = tf.shape(x)
    return tf.reshape(x, shape[: tf.size(shape) - tf.cast(condition, tf.int32)])


def reduce_sum_n(tensors: Any, name: str | None = None) -> Any:
    """The sum of all entries of several tensors.

    Raises:
      ValueError: there are none."""
    if not tensors:
        raise ValueError("No tensors provided.")
    with name_scope(name, "reduce_sum_n", tensors):
        sums = [tf.reduce_sum(t) for t in tensors]
        return sums[0] if len(sums) == 1 else tf.add_n(sums)


def py_func(
    func: Callable[..., Any], args: Any = (), kwargs: Any = None, output_types: Any = None, output_shapes: Any = None,
    stateful: bool = True, name: str | None = None,
) -> Any:  # fmt: skip
    """A Python function of NumPy arrays, called each time it runs: arguments and results may be structures of tensors.

    Args:
      args, kwargs: the function's arguments.
      output_types: dtypes in the structure of its results; or a function of the arguments that gives them.
      output_shapes: shapes in that structure; or a function of the arguments.

    Raises:
      TypeError: `args` is no list or tuple, or `kwargs` no dict."""
    kwargs = {} if kwargs is None else kwargs
    if not isinstance(args, (list, tuple)):
        raise TypeError(f"args must be list and not {type(args)}. args: {args}")
    if not isinstance(kwargs, dict):
        raise TypeError(f"kwargs must be dict and not {type(kwargs)}. args: {kwargs}")
    types = output_types(*args, **kwargs) if callable(output_types) else output_types
    shapes = output_shapes(*args, **kwargs) if callable(output_shapes) else output_shapes
    given = (tuple(args), kwargs)

    def flat(*values: Any) -> Any:
        own_args, own_kwargs = nest.pack_sequence_as(given, values)
        results = func(*own_args, **own_kwargs)
        nest.assert_shallow(types, results)
        return nest.flatten(results)

    found = numpy_function(flat, nest.flatten(given), nest.flatten(types), stateful=stateful, name=name)
    found = list(found) if isinstance(found, (list, tuple)) else [found]
    if shapes is not None:
        for value, shape in zip(found, nest.flatten_up_to(types, shapes)):
            value.set_shape(tf.TensorShape(shape))
    return nest.pack_sequence_as(types, found)


__all__ = [
    "assert_scalar_int", "py_func", "reduce_sum_n", "remove_squeezable_dimensions", "with_same_shape", "with_shape",
]  # fmt: skip
