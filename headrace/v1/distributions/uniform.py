"""The uniform distribution."""

from __future__ import annotations

import math
from typing import Any

import headrace as tf
from headrace.api import compat_v1_control as checks
from headrace.api.compat_v1_graph import name_scope

from .base import FULLY_REPARAMETERIZED
from .parameters import Parametrized, parameter


class Uniform(Parametrized):
    """Uniform distributions on `[low, high)`.

    Raises:
      ValueError: the bounds are not floats of one dtype.

    >>> float(Uniform(1.0, [3.0]).prob(2.0)[0])
    0.5
    """

    low = parameter("The lower bound, which can be drawn.")
    high = parameter("The upper bound, which cannot.")

    def __init__(
        self,
        low: Any = 0.0,
        high: Any = 1.0,
        validate_args: bool = False,
        allow_nan_stats: bool = True,
        name: str = "Uniform",
    ) -> None:
        with name_scope(name) as name:
            order = "Uniform: low must be less than high."
            self._take(
                [checks.assert_less(low, high, message=order)] if validate_args else [], low=low, high=high
            )
        super().__init__(self.low.dtype, FULLY_REPARAMETERIZED, validate_args, allow_nan_stats, name=name)

    def range(self, name: str = "range") -> Any:
        """`high - low`."""
        return self._statistic(name, lambda: self.high - self.low)

    def _sample_n(self, n: Any, seed: int | None = None) -> Any:
        u = tf.random.uniform(self._draws_shape(n), dtype=self.dtype, seed=seed)
        return self.low + self.range() * u

    def _prob(self, x: Any) -> Any:
        inside = tf.logical_and(x >= self.low, x < self.high)
        density = tf.where(inside, 1.0 / self.range(), tf.zeros([], self.dtype))
        return tf.where(tf.math.is_nan(x), x, density)

    def _cdf(self, x: Any) -> Any:
        return tf.clip_by_value((x - self.low) / self.range(), 0.0, 1.0)

    def _entropy(self) -> Any:
        return tf.math.log(self.range())

    def _mean(self) -> Any:
        return (self.low + self.high) / 2.0

    def _variance(self) -> Any:
        return tf.square(self.range()) / 12.0

    def _stddev(self) -> Any:
        return self.range() / math.sqrt(12.0)
