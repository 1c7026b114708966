"""The distribution of one over a number from a gamma distribution."""

from __future__ import annotations

from typing import Any

import headrace as tf
from headrace.api import compat_v1_control as checks
from headrace.api.compat_v1_graph import name_scope

from .base import NOT_REPARAMETERIZED
from .parameters import Parametrized, alike, parameter


class InverseGamma(Parametrized):
    """Inverse gamma distributions: the density is proportional to `x ** (-1 - concentration) * exp(-rate / x)`, x > 0.

    The mean is defined for `concentration > 1`, the variance for `concentration > 2`.

    Raises:
      ValueError: the parameters are not floats of one dtype.

    >>> float(InverseGamma(3.0, 2.0).mean())
    1.0
    """

    concentration = parameter("The shape, above 0.")
    rate = parameter("The scale, above 0: the rate of the gamma distribution.")

    def __init__(
        self,
        concentration: Any,
        rate: Any,
        validate_args: bool = False,
        allow_nan_stats: bool = True,
        name: str = "InverseGamma",
    ) -> None:
        with name_scope(name) as name:
            values = {"concentration": concentration, "rate": rate}
            self._take(
                [checks.assert_positive(v) for v in values.values()] if validate_args else [], **values
            )
        super().__init__(self.rate.dtype, NOT_REPARAMETERIZED, validate_args, allow_nan_stats, name=name)

    def _sample_n(self, n: Any, seed: int | None = None) -> Any:
        return 1.0 / tf.random.gamma([n], self.concentration, self.rate, dtype=self.dtype, seed=seed)

    def _log_prob(self, x: Any) -> Any:
        x = self._positive(x)
        normalization = tf.math.lgamma(self.concentration) - self.concentration * tf.math.log(self.rate)
        return -(1.0 + self.concentration) * tf.math.log(x) - self.rate / x - normalization

    def _cdf(self, x: Any) -> Any:
        return tf.math.igammac(*alike(self.concentration, self.rate / self._positive(x)))

    def _entropy(self) -> Any:
        a = self.concentration
        return a + tf.math.log(self.rate) + tf.math.lgamma(a) - (1.0 + a) * tf.math.digamma(a)

    def _mean(self) -> Any:
        a = self.concentration
        return self._defined(
            a > 1.0, self.rate / (a - 1.0), "the mean is not defined for concentration <= 1."
        )

    def _variance(self) -> Any:
        a = self.concentration
        variance = tf.square(self.rate / (a - 1.0)) / (a - 2.0)
        return self._defined(a > 2.0, variance, "the variance is not defined for concentration <= 2.")

    def _mode(self) -> Any:
        return self.rate / (1.0 + self.concentration)

    def _positive(self, x: Any) -> Any:
        tf.debugging.assert_same_float_dtype([x], self.dtype)
        return self._checked(x, lambda: [checks.assert_positive(x)])
