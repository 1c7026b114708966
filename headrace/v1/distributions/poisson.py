"""The Poisson distribution: how often something happens that happens `rate` times on average."""

from __future__ import annotations

from typing import Any

import headrace as tf
from headrace.api import compat_v1_control as checks
from headrace.api.compat_v1_graph import name_scope

from .base import NOT_REPARAMETERIZED
from .parameters import Parametrized, after, alike, counts, floats, parameter


class Poisson(Parametrized):
    """Poisson distributions: the probability of k = 0, 1, 2 … is `rate ** k * exp(-rate) / k!`.

    Args:
      rate, log_rate: one of them, floats.

    Raises:
      ValueError: both are given, or none.
      TypeError: they are not floats.

    >>> float(Poisson(2.0).variance())
    2.0
    """

    rate = parameter("The mean, above 0.")

    def __init__(
        self,
        rate: Any = None,
        log_rate: Any = None,
        validate_args: bool = False,
        allow_nan_stats: bool = True,
        name: str = "Poisson",
    ) -> None:
        if (rate is None) == (log_rate is None):
            raise ValueError("Either rate or log_rate must be given, and not both.")
        with name_scope(name) as name:
            if log_rate is None:
                rate = floats(rate, "rate")
                with after([checks.assert_positive(rate)] if validate_args else []):
                    rate = tf.identity(rate)
                self.log_rate = tf.math.log(rate)
            else:
                self.log_rate = floats(log_rate, "log_rate")
                rate = tf.exp(self.log_rate)
            self._tensors = {"rate": rate}
        super().__init__(rate.dtype, NOT_REPARAMETERIZED, validate_args, allow_nan_stats, name=name)

    def _sample_n(self, n: Any, seed: int | None = None) -> Any:
        return tf.random.poisson([n], self.rate, dtype=self.dtype, seed=seed)

    def _log_prob(self, x: Any) -> Any:
        x = self._checked(x, lambda: counts(x))
        return x * self.log_rate - tf.math.lgamma(1.0 + x) - self.rate

    def _cdf(self, x: Any) -> Any:
        x = self._checked(x, lambda: counts(x))
        return tf.math.igammac(*alike(1.0 + x, self.rate))

    def _mean(self) -> Any:
        return tf.identity(self.rate)

    def _variance(self) -> Any:
        return tf.identity(self.rate)

    def _mode(self) -> Any:
        """The larger of two, where `rate` is a whole number."""
        return tf.floor(self.rate)
