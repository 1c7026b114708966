"""What the distributions of this package share: parameters as tensors that broadcast, and checks of values."""

from __future__ import annotations

import functools
import hashlib
from typing import Any

import numpy as np

import headrace as tf
from headrace.api import compat_v1_control as checks
from headrace.api.compat_v1_graph import name_scope

from .base import Distribution


class parameter:
    """A tensor that a distribution is given; its last `dims` dimensions belong to one distribution, the rest are batch."""

    def __init__(self, doc: str, dims: int = 0) -> None:
        self.__doc__ = doc
        self.dims = dims

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name

    def __get__(self, made: Any, owner: type | None = None) -> Any:
        return self if made is None else made._tensors[self.name]

    def __set__(self, made: Any, value: Any) -> None:
        raise AttributeError(f"{self.name} cannot be changed. Make a copy: .copy({self.name}=…).")


class Parametrized(Distribution):
    """A distribution whose batch shape is that of its `parameter`s, broadcast; its draws are scalars."""

    _tensors: dict[str, Any]

    def _take(self, assertions: Any = (), **values: Any) -> None:
        """Keeps the values of the parameters: floats of one dtype, read once the assertions hold.

        Raises:
          ValueError: they are not."""
        with after(assertions):
            self._tensors = {n: tf.identity(v, name=n) for n, v in values.items()}
        tf.debugging.assert_same_float_dtype(list(self._tensors.values()))

    @classmethod
    def _declared(cls) -> dict[str, parameter]:
        found = {n: getattr(cls, n) for base in reversed(cls.__mro__) for n in vars(base)}
        return {n: p for n, p in found.items() if isinstance(p, parameter)}

    @classmethod
    def _param_shapes(cls, sample_shape: Any) -> dict[str, Any]:
        declared = cls._declared()
        if any(p.dims for p in declared.values()):
            raise NotImplementedError(
                f"param_shapes is not implemented for {cls.__name__}: the number of classes is open."
            )
        return dict.fromkeys(declared, sample_shape)

    def _batch_shape(self) -> Any:
        shapes = [self._tensors[n].shape[: -p.dims or None] for n, p in self._declared().items()]
        return functools.reduce(tf.broadcast_static_shape, shapes)

    def _batch_shape_tensor(self) -> Any:
        shapes = [tf.shape(self._tensors[n])[: -p.dims or None] for n, p in self._declared().items()]
        return functools.reduce(tf.broadcast_dynamic_shape, shapes)

    def _event_shape(self) -> Any:
        return tf.TensorShape([])

    def _event_shape_tensor(self) -> Any:
        return tf.zeros([0], tf.int32)

    def _spread(self, x: Any) -> Any:
        """`x` broadcast to the batch shape."""
        return tf.broadcast_to(x, self.batch_shape_tensor())

    def _draws_shape(self, n: Any) -> Any:
        """The shape of `n` draws."""
        return tf.concat([[n], self.batch_shape_tensor(), self.event_shape_tensor()], 0)

    def _defined(self, condition: Any, value: Any, what: str) -> Any:
        """`value` where the condition holds; elsewhere NaN, or an error if NaN is not allowed."""
        if self.allow_nan_stats:
            return tf.where(condition, value, tf.constant(np.nan, self.dtype))
        with after([tf.Assert(tf.reduce_all(condition), [f"{type(self).__name__}: {what}"])]):
            return tf.identity(value)

    def _checked(self, x: Any, *assertions: Any) -> Any:
        """`x`, read once the assertions (functions that give a list of them) hold, if arguments are validated."""
        if not self.validate_args:
            return x
        with after([one for assertion in assertions for one in assertion()]):
            return tf.identity(x)


def after(assertions: Any) -> Any:
    """A scope whose ops run after the assertions, which have run already where code is eager."""
    return tf.control_dependencies([a for a in assertions if a is not None])


def integral(x: Any) -> Any:
    """Asserts that there are no fractions."""
    return checks.assert_equal(x, tf.floor(x), message="Values must be whole numbers.")


def counts(x: Any) -> list[Any]:
    """Asserts that the values are 0, 1, 2 …"""
    x = tf.convert_to_tensor(x)
    negative = checks.assert_non_negative(x, message="Values must not be negative.")
    return [negative] if x.dtype.is_integer else [negative, integral(x)]


def two_classes(x: Any) -> list[Any]:
    """Asserts that the last dimension, that of classes, is at least 2.

    Raises:
      ValueError: it is known not to be."""
    known: list[Any] = x.shape.as_list()[-1:] if x.shape.rank is not None else [None]
    if known != [None]:
        if not known or known[0] < 2:
            raise ValueError(
                f"The last dimension must be that of at least 2 classes. Received shape {x.shape}."
            )
        return []
    return [checks.assert_greater_equal(tf.shape(x)[-1], 2, message="There must be at least 2 classes.")]


def logits_and_probs(logits: Any, probs: Any, classes: bool, validate_args: bool) -> tuple[Any, Any]:
    """Both forms of probabilities, of which one is given: of classes along the last dimension, or of "yes".

    Raises:
      ValueError: both are given, or none.
      TypeError: they are not floats."""
    if (logits is None) == (probs is None):
        raise ValueError("Either logits or probs must be given, and not both.")
    if probs is None:
        logits = floats(logits, "logits")
        if validate_args and classes:
            with after(two_classes(logits)):
                logits = tf.identity(logits)
        return logits, tf.nn.softmax(logits, name="probs") if classes else tf.sigmoid(logits, name="probs")
    probs = floats(probs, "probs")
    if validate_args:
        one = tf.ones([], probs.dtype)
        total = "Probabilities must sum to 1."
        assertions = [checks.assert_non_negative(probs, message="Probabilities must not be negative.")]
        if classes:
            assertions += two_classes(probs)
            assertions += [checks.assert_near(tf.reduce_sum(probs, -1), one, message=total)]
        else:
            assertions += [checks.assert_less_equal(probs, one, message="Probabilities must not exceed 1.")]
        with after(assertions):
            probs = tf.identity(probs)
    with name_scope("logits"):
        return (tf.math.log(probs) if classes else tf.math.log(probs) - tf.math.log1p(-probs)), probs


def floats(x: Any, name: str) -> Any:
    x = tf.convert_to_tensor(x, name=name)
    if not x.dtype.is_floating:
        raise TypeError(f"{name} must be floats. Received dtype {x.dtype.name}.")
    return x


def derived_seed(seed: int | None, salt: str) -> int | None:
    """A seed for a second stream of random numbers: the one that TensorFlow derives."""
    if seed is None:
        return None
    return int(hashlib.md5(f"{seed}{salt}".encode(), usedforsecurity=False).hexdigest()[:8], 16) & 0x7FFFFFFF


def covariance(a: Any, b: Any, variance: Any) -> Any:
    """The matrices with `-a[i] * b[j]` and the variance on the diagonal."""
    return tf.linalg.set_diag(-a[..., :, tf.newaxis] * b[..., tf.newaxis, :], variance)


def alike(*tensors: Any) -> list[Any]:
    """The tensors broadcast with each other, for ops that do it with scalars only (`betainc`)."""
    shape = functools.reduce(tf.broadcast_dynamic_shape, [tf.shape(t) for t in tensors])
    return [tf.broadcast_to(t, shape) for t in tensors]
