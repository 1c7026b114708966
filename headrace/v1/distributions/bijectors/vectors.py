"""Bijectors of vectors, and one that changes shapes."""

from __future__ import annotations

from typing import Any

import numpy as np

import headrace as tf
from headrace.api import compat_v1_control as checks
from headrace.v1.distributions.parameters import after

from .base import Bijector


class SoftmaxCentered(Bijector):
    """k numbers as k + 1 probabilities: the softmax of the numbers and of a 0 behind them.

    >>> SoftmaxCentered().forward([0.0]).numpy().tolist()
    [0.5, 0.5]
    """

    def __init__(self, validate_args: bool = False, name: str = "softmax_centered") -> None:
        super().__init__(forward_min_event_ndims=1, validate_args=validate_args, name=name)

    def _forward(self, x: Any) -> Any:
        return tf.nn.softmax(tf.concat([x, tf.zeros_like(x[..., :1])], -1))

    def _inverse(self, y: Any) -> Any:
        x = tf.math.log(y)
        return x[..., :-1] - x[..., -1:]

    def _inverse_log_det_jacobian(self, y: Any) -> Any:
        return -tf.reduce_sum(tf.math.log(y), -1)

    def _forward_log_det_jacobian(self, x: Any) -> Any:
        total = tf.nn.softplus(tf.reduce_logsumexp(x, -1, keepdims=True))
        return tf.reduce_sum(x - total, -1) - total[..., 0]

    def _forward_event_shape(self, shape: Any) -> Any:
        return _resized(shape, 1)

    def _inverse_event_shape(self, shape: Any) -> Any:
        return _resized(shape, -1)

    def _forward_event_shape_tensor(self, shape: Any) -> Any:
        return shape[-1:] + 1

    def _inverse_event_shape_tensor(self, shape: Any) -> Any:
        if self.validate_args:
            message = "The last dimension must be greater than 1."
            with after([checks.assert_greater(shape[-1], 1, message=message)]):
                shape = tf.identity(shape)
        return shape[-1:] - 1


def _resized(shape: Any, by: int) -> Any:
    if shape.rank is None or shape.as_list()[-1] is None:
        return shape
    size = shape.as_list()[-1] + by
    if size < 1:
        raise ValueError(f"The last dimension must be greater than 1. Received shape {shape}.")
    return tf.TensorShape([size])


class Ordered(Bijector):
    """Increasing numbers as any numbers: the first one, and the logarithms of the steps.

    >>> Ordered().inverse([1.0, 0.0, 0.0]).numpy().tolist()
    [1.0, 2.0, 3.0]
    """

    def __init__(self, validate_args: bool = False, name: str = "ordered") -> None:
        super().__init__(forward_min_event_ndims=1, validate_args=validate_args, name=name)

    def _forward(self, x: Any) -> Any:
        return tf.concat([x[..., :1], tf.math.log(self._steps(x))], -1)

    def _inverse(self, y: Any) -> Any:
        return tf.cumsum(tf.concat([y[..., :1], tf.exp(y[..., 1:])], -1), axis=-1)

    def _inverse_log_det_jacobian(self, y: Any) -> Any:
        return tf.reduce_sum(y[..., 1:], -1)

    def _forward_log_det_jacobian(self, x: Any) -> Any:
        return -tf.reduce_sum(tf.math.log(self._steps(x)), -1)

    def _steps(self, x: Any) -> Any:
        steps = x[..., 1:] - x[..., :-1]
        if not self.validate_args:
            return steps
        with after([checks.assert_positive(steps, message="Values must increase.")]):
            return tf.identity(steps)


class Permute(Bijector):
    """The entries of vectors in another order: `y[i] = x[permutation[i]]`.

    Raises:
      TypeError: the permutation is not of ints.
      ValueError: a number lacks in it.

    >>> Permute([2, 0, 1]).forward([1.0, 2.0, 3.0]).numpy().tolist()
    [3.0, 1.0, 2.0]
    """

    def __init__(self, permutation: Any, validate_args: bool = False, name: str | None = None) -> None:
        permutation = tf.convert_to_tensor(permutation, name="permutation")
        if not permutation.dtype.is_integer:
            raise TypeError(f"The permutation must be of ints. Received dtype {permutation.dtype.name}.")
        known, message = tf.get_static_value(permutation), "A permutation must have each of 0, 1 … once."
        if known is not None:
            if sorted(known.tolist()) != list(range(known.size)):
                raise ValueError(f"{message} Received {known.tolist()}.")
        elif validate_args:
            numbers = tf.range(tf.size(permutation), dtype=permutation.dtype)
            with after([checks.assert_equal(tf.sort(permutation), numbers, message=message)]):
                permutation = tf.identity(permutation)
        self._permutation = permutation
        super().__init__(
            is_constant_jacobian=True, validate_args=validate_args, forward_min_event_ndims=1, name=name or "permute"
        )  # fmt: skip

    @property
    def permutation(self) -> Any:
        return self._permutation

    def _forward(self, x: Any) -> Any:
        return tf.gather(x, self.permutation, axis=-1)

    def _inverse(self, y: Any) -> Any:
        return tf.gather(y, tf.math.invert_permutation(self.permutation), axis=-1)

    def _forward_log_det_jacobian(self, x: Any) -> Any:
        return tf.zeros([], x.dtype)

    _inverse_log_det_jacobian = _forward_log_det_jacobian


class Reshape(Bijector):
    """Events of one shape as events of another one.

    Args:
      event_shape_out: the shape after `forward`; one size may be -1, for what remains.
      event_shape_in: the shape before; any vector if not given.

    Raises:
      ValueError: a shape is no vector known in size, or has more than one -1.

    >>> Reshape([2, 2], [4]).forward([[1, 2, 3, 4]]).shape
    TensorShape([1, 2, 2])
    """

    def __init__(
        self, event_shape_out: Any, event_shape_in: Any = (-1,), validate_args: bool = False, name: str | None = None
    ) -> None:  # fmt: skip
        self._out, self._in = _event_shape(event_shape_out), _event_shape(event_shape_in)
        super().__init__(
            is_constant_jacobian=True, validate_args=validate_args, forward_min_event_ndims=0, name=name or "reshape"
        )  # fmt: skip

    def _forward(self, x: Any) -> Any:
        return self._reshaped(x, self._in, self._out)

    def _inverse(self, y: Any) -> Any:
        return self._reshaped(y, self._out, self._in)

    def _reshaped(self, x: Any, before: Any, after_: Any) -> Any:
        dims = int(before.shape[0])
        wanted, rank = tf.get_static_value(before), x.shape.rank
        start = tf.rank(x) - dims if rank is None else rank - dims
        shape = tf.shape(x)
        message = "The shape of the event does not match"
        if rank is not None and wanted is not None:
            given = x.shape.as_list()[rank - dims :]
            if any(w >= 0 and g is not None and g != w for g, w in zip(given, wanted)):
                raise ValueError(f"{message}: it is {given}, where {wanted.tolist()} is expected.")
        if self.validate_args:
            own = shape[start:]
            fits = tf.logical_or(tf.equal(own, before), before < 0)
            with after([tf.Assert(tf.reduce_all(fits), [message, own, before])]):
                x = tf.identity(x)
        y = tf.reshape(x, tf.concat([shape[:start], after_], 0))
        if rank is not None:
            y.set_shape(x.shape[: rank - dims].concatenate(self._sized(x.shape[rank - dims :], after_)))
        return y

    def _sized(self, shape: Any, after_: Any) -> Any:
        """The shape of events of `shape`, as `after_` has it."""
        sizes = tf.get_static_value(after_)
        if sizes is None:
            return tf.TensorShape([None] * int(after_.shape[0]))
        total = shape.num_elements()
        rest = int(np.prod([s for s in sizes if s >= 0]))
        fill = None if total is None or rest == 0 else total // rest
        return tf.TensorShape([fill if s < 0 else int(s) for s in sizes])

    def _forward_event_shape(self, shape: Any) -> Any:
        return self._sized(shape, self._out)

    def _inverse_event_shape(self, shape: Any) -> Any:
        return self._sized(shape, self._in)

    def _forward_event_shape_tensor(self, shape: Any) -> Any:
        return _filled(shape, self._out)

    def _inverse_event_shape_tensor(self, shape: Any) -> Any:
        return _filled(shape, self._in)

    def _forward_log_det_jacobian(self, x: Any) -> Any:
        return tf.zeros([], x.dtype)

    _inverse_log_det_jacobian = _forward_log_det_jacobian


def _event_shape(shape: Any) -> Any:
    shape = tf.convert_to_tensor(shape, dtype_hint=tf.int32)
    if not shape.dtype.is_integer:
        raise TypeError(f"A shape must be of ints. Received dtype {shape.dtype.name}.")
    if shape.shape.rank != 1 or shape.shape.as_list()[0] is None:
        raise ValueError(f"A shape of events must be a vector of known size. Received shape {shape.shape}.")
    known = tf.get_static_value(shape)
    if known is not None and ((known < -1).any() or (known == -1).sum() > 1):
        raise ValueError(f"Sizes must be positive, but for at most one -1. Received {known.tolist()}.")
    return tf.cast(shape, tf.int32)


def _filled(shape: Any, sizes: Any) -> Any:
    rest = tf.reduce_prod(shape) // -tf.reduce_prod(sizes)
    return tf.where(sizes < 0, rest, sizes)
