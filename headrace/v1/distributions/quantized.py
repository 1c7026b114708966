"""A distribution rounded up to whole numbers."""

from __future__ import annotations

import math
from typing import Any

import headrace as tf
from headrace.api import compat_v1_control as checks
from headrace.api.compat_v1_graph import name_scope

from .base import NOT_REPARAMETERIZED, Distribution
from .parameters import after, integral


class QuantizedDistribution(Distribution):
    """Draws of `distribution`, rounded up; those below `low` become it, those above `high`, too.

    Args:
      distribution: of floats, with `cdf`; where it has `survival_function`, too, large values are more exact.
      low, high: whole numbers, or None for no bound.

    >>> d = QuantizedDistribution(tf.compat.v1.distributions.Uniform(0.0, 4.0), low=1.0, high=3.0)
    >>> print(d.prob([0.0, 1.0, 2.0, 3.0, 4.0]).numpy())
    [0.   0.25 0.25 0.5  0.  ]
    """

    def __init__(
        self, distribution: Distribution, low: Any = None, high: Any = None, validate_args: bool = False,
        name: str = "QuantizedDistribution",
    ) -> None:  # fmt: skip
        self._base, self._validate_args = distribution, validate_args
        with name_scope(name) as name:
            low, high = (
                None if v is None else tf.convert_to_tensor(v, distribution.dtype) for v in (low, high)
            )
            ordered = []
            if validate_args and low is not None and high is not None:
                ordered = [checks.assert_less(low, high, message="low must be less than high.")]
            with after(ordered):
                self._low, self._high = (
                    None if v is None else self._whole(tf.identity(v)) for v in (low, high)
                )
        super().__init__(
            distribution.dtype, NOT_REPARAMETERIZED, validate_args, distribution.allow_nan_stats,
            graph_parents=distribution._graph_parents, name=name,
        )  # fmt: skip

    @property
    def distribution(self) -> Distribution:
        """What is rounded."""
        return self._base

    @property
    def low(self) -> Any:
        return self._low

    @property
    def high(self) -> Any:
        return self._high

    def _batch_shape(self) -> Any:
        return self._base.batch_shape

    def _batch_shape_tensor(self) -> Any:
        return self._base.batch_shape_tensor()

    def _event_shape(self) -> Any:
        return self._base.event_shape

    def _event_shape_tensor(self) -> Any:
        return self._base.event_shape_tensor()

    def _sample_n(self, n: Any, seed: int | None = None) -> Any:
        draws = tf.math.ceil(self._base.sample(n, seed))
        draws = draws if self._low is None else tf.maximum(draws, self._low)
        return draws if self._high is None else tf.minimum(draws, self._high)

    def _prob(self, y: Any) -> Any:
        y = self._whole(y)
        low, below = self.cdf(y), self.cdf(y - 1.0)
        try:
            high, above = self.survival_function(y), self.survival_function(y - 1.0)
        except NotImplementedError:
            return low - below
        return tf.where(high < low, above - high, low - below)

    def _log_prob(self, y: Any) -> Any:
        y = self._whole(y)
        low, below = self.log_cdf(y), self.log_cdf(y - 1.0)
        try:
            high, above = self.log_survival_function(y), self.log_survival_function(y - 1.0)
        except NotImplementedError:
            return _log_difference(low, below)
        return _log_difference(tf.where(high < low, above, low), tf.where(high < low, high, below))

    def _cdf(self, y: Any) -> Any:
        return self._bounded(self._base.cdf, tf.floor(y), 0.0, 1.0)

    def _log_cdf(self, y: Any) -> Any:
        return self._bounded(self._base.log_cdf, tf.floor(y), -math.inf, 0.0)

    def _survival_function(self, y: Any) -> Any:
        return self._bounded(self._base.survival_function, tf.math.ceil(y), 1.0, 0.0)

    def _log_survival_function(self, y: Any) -> Any:
        return self._bounded(self._base.log_survival_function, tf.math.ceil(y), 0.0, -math.inf)

    def _bounded(self, function: Any, y: Any, below: float, above: float) -> Any:
        """`function(y)`; these values where y is beyond a bound."""
        found = function(y)
        y += tf.zeros_like(found)
        if self._low is not None:
            found = tf.where(y < self._low, tf.constant(below, found.dtype), found)
        if self._high is not None:
            found = tf.where(y >= self._high, tf.constant(above, found.dtype), found)
        return found

    def _whole(self, y: Any) -> Any:
        with after([integral(y)] if self._validate_args else []):
            return tf.identity(y)


def _log_difference(large: Any, small: Any) -> Any:
    """`log(exp(large) - exp(small))`."""
    return tf.math.log(1.0 - tf.exp(small - large)) + large
