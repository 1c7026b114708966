"""Gamma distributions, and the exponential distribution, which is one."""

from __future__ import annotations

from typing import Any

import numpy as np

import headrace as tf
from headrace.api import compat_v1_control as checks
from headrace.api.compat_v1_graph import name_scope

from .base import FULLY_REPARAMETERIZED
from .kullback_leibler import RegisterKL
from .parameters import Parametrized, parameter


class Gamma(Parametrized):
    """Gamma distributions: the density is proportional to `x ** (concentration - 1) * exp(-rate * x)`, x > 0.

    Gradients flow through samples to both parameters (implicitly: Figurnov et al., 2018).

    Raises:
      ValueError: the parameters are not floats of one dtype.

    >>> float(Gamma(3.0, 2.0).mean())
    1.5
    """

    concentration: Any = parameter("The shape, above 0.")
    rate = parameter("The inverse of the scale, above 0.")

    def __init__(
        self,
        concentration: Any,
        rate: Any,
        validate_args: bool = False,
        allow_nan_stats: bool = True,
        name: str = "Gamma",
    ) -> None:
        with name_scope(name) as name:
            values = {"concentration": concentration, "rate": rate}
            self._take(
                [checks.assert_positive(v) for v in values.values()] if validate_args else [], **values
            )
        super().__init__(self.rate.dtype, FULLY_REPARAMETERIZED, validate_args, allow_nan_stats, name=name)

    def _sample_n(self, n: Any, seed: int | None = None) -> Any:
        return tf.random.gamma([n], self.concentration, self.rate, dtype=self.dtype, seed=seed)

    def _log_prob(self, x: Any) -> Any:
        x = self._positive(x)
        normalization = tf.math.lgamma(self.concentration) - self.concentration * tf.math.log(self.rate)
        return tf.math.xlogy(self.concentration - 1.0, x) - self.rate * x - normalization

    def _cdf(self, x: Any) -> Any:
        return tf.math.igamma(self.concentration, self.rate * self._positive(x))

    def _entropy(self) -> Any:
        a = self.concentration
        return a - tf.math.log(self.rate) + tf.math.lgamma(a) + (1.0 - a) * tf.math.digamma(a)

    def _mean(self) -> Any:
        return self.concentration / self.rate

    def _variance(self) -> Any:
        return self.concentration / tf.square(self.rate)

    def _stddev(self) -> Any:
        return tf.sqrt(self.concentration) / self.rate

    def _mode(self) -> Any:
        mode = (self.concentration - 1.0) / self.rate
        return self._defined(
            self.concentration > 1.0, mode, "the mode is not defined for concentration <= 1."
        )

    def _positive(self, x: Any) -> Any:
        tf.debugging.assert_same_float_dtype([x], self.dtype)
        return self._checked(x, lambda: [checks.assert_positive(x)])


class Exponential(Gamma):
    """Exponential distributions: the density is `rate * exp(-rate * x)`, x > 0.

    Raises:
      ValueError: the rate is not a float.

    >>> float(Exponential(4.0).mean())
    0.25
    """

    def __init__(
        self, rate: Any, validate_args: bool = False, allow_nan_stats: bool = True, name: str = "Exponential"
    ) -> None:
        with name_scope(name) as name:
            self._take([checks.assert_positive(rate)] if validate_args else [], rate=rate)
        super(Gamma, self).__init__(
            self.rate.dtype, FULLY_REPARAMETERIZED, validate_args, allow_nan_stats, name=name
        )

    @property
    def concentration(self) -> Any:
        """1: that makes a Gamma distribution an exponential one."""
        return tf.ones([], self.rate.dtype)

    def _sample_n(self, n: Any, seed: int | None = None) -> Any:
        smallest = np.finfo(self.dtype.as_numpy_dtype).tiny  # not 0, whose logarithm is infinite
        u = tf.random.uniform(self._draws_shape(n), smallest, 1.0, dtype=self.dtype, seed=seed)
        return -tf.math.log(u) / self.rate

    def _log_survival_function(self, x: Any) -> Any:
        return -self.rate * self._positive(x)


@RegisterKL(Gamma, Gamma)
def _kl(a: Gamma, b: Gamma, name: str | None = None) -> Any:
    with name_scope(name, "kl_gamma_gamma"):
        return (
            (a.concentration - b.concentration) * tf.math.digamma(a.concentration)
            + tf.math.lgamma(b.concentration)
            - tf.math.lgamma(a.concentration)
            + b.concentration * (tf.math.log(a.rate) - tf.math.log(b.rate))
            + a.concentration * (b.rate / a.rate - 1.0)
        )
