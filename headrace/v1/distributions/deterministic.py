"""Distributions of a single value."""

from __future__ import annotations

from typing import Any

import headrace as tf
from headrace.api import compat_v1_control as checks
from headrace.api.compat_v1_graph import name_scope

from .base import NOT_REPARAMETERIZED
from .dirichlet import Vectors
from .parameters import Parametrized, after, parameter


class _Constant(Parametrized):
    """What the scalar and the vector have in common."""

    loc: Any

    def __init__(
        self, loc: Any, atol: Any, rtol: Any, validate_args: bool, allow_nan_stats: bool, name: str
    ) -> None:
        with name_scope(name) as name:
            loc = tf.convert_to_tensor(loc, name="loc")
            self._tensors = {"loc": loc}
            self.atol, self.rtol = (_tolerance(t, loc.dtype, validate_args) for t in (atol, rtol))
            self._slack = self.atol if rtol is None else self.atol + self.rtol * tf.abs(loc)
        super().__init__(loc.dtype, NOT_REPARAMETERIZED, validate_args, allow_nan_stats, name=name)

    def _sample_n(self, n: Any, seed: int | None = None) -> Any:
        return tf.broadcast_to(self.loc, self._draws_shape(n))

    def _near(self, x: Any) -> Any:
        return tf.abs(x - self.loc) <= self._slack

    def _entropy(self) -> Any:
        return tf.zeros(self.batch_shape_tensor(), self.dtype)

    def _mean(self) -> Any:
        return tf.identity(self.loc)

    def _variance(self) -> Any:
        return tf.zeros_like(self.loc)

    _mode = _mean


class Deterministic(_Constant):
    """Distributions of the number `loc`: the probability of values within `atol + rtol * |loc|` of it is 1.

    Args:
      atol, rtol: tolerances, 0 if not given.

    >>> print(Deterministic([1.0, 2.0]).prob(2.0).numpy())
    [0. 1.]
    """

    loc = parameter("The value.")

    def __init__(
        self,
        loc: Any,
        atol: Any = None,
        rtol: Any = None,
        validate_args: bool = False,
        allow_nan_stats: bool = True,
        name: str = "Deterministic",
    ) -> None:
        super().__init__(loc, atol, rtol, validate_args, allow_nan_stats, name)

    def _prob(self, x: Any) -> Any:
        return tf.cast(self._near(x), self.dtype)

    def _cdf(self, x: Any) -> Any:
        return tf.cast(x >= self.loc - self._slack, self.dtype)


class VectorDeterministic(_Constant, Vectors):
    """Distributions of the vector `loc`: the probability of vectors with all entries near its own, as `Deterministic`
    has it, is 1.

    Args:
      atol, rtol: tolerances, 0 if not given.

    Raises:
      ValueError: `loc` is a scalar.

    >>> float(VectorDeterministic([1.0, 2.0]).prob([1.0, 2.0]))
    1.0
    """

    loc = parameter("The vector [..., k].", dims=1)

    def __init__(
        self,
        loc: Any,
        atol: Any = None,
        rtol: Any = None,
        validate_args: bool = False,
        allow_nan_stats: bool = True,
        name: str = "VectorDeterministic",
    ) -> None:
        super().__init__(loc, atol, rtol, validate_args, allow_nan_stats, name)
        self.loc.shape.with_rank_at_least(1)

    def _prob(self, x: Any) -> Any:
        x = self._checked(
            x,
            lambda: [
                checks.assert_equal(
                    tf.shape(x)[-1:], self.event_shape_tensor(), message="Values must be as long as loc."
                )
            ],
        )
        return tf.cast(tf.reduce_all(self._near(x), -1), self.dtype)


def _tolerance(given: Any, dtype: Any, validate_args: bool) -> Any:
    given = tf.convert_to_tensor(0 if given is None else given, dtype)
    message = "Tolerances must not be negative."
    with after([checks.assert_non_negative(given, message=message)] if validate_args else []):
        return tf.identity(given)
