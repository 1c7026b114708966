"""The beta distribution."""

from __future__ import annotations

from typing import Any

import headrace as tf
from headrace.api import compat_v1_control as checks
from headrace.api.compat_v1_graph import name_scope

from .base import FULLY_REPARAMETERIZED
from .kullback_leibler import RegisterKL
from .parameters import Parametrized, alike, derived_seed, parameter


class Beta(Parametrized):
    """Beta distributions: the density is proportional to `x ** (concentration1 - 1) * (1 - x) ** (concentration0 - 1)`.

    Gradients flow through samples to both parameters (implicitly: Figurnov et al., 2018).

    Raises:
      ValueError: the parameters are not floats of one dtype.

    >>> float(Beta(1.0, 3.0).mean())
    0.25
    """

    concentration1 = parameter("Above 0; draws it towards 1.")
    concentration0 = parameter("Above 0; draws it towards 0.")

    def __init__(
        self,
        concentration1: Any = None,
        concentration0: Any = None,
        validate_args: bool = False,
        allow_nan_stats: bool = True,
        name: str = "Beta",
    ) -> None:
        with name_scope(name) as name:
            values = {"concentration1": concentration1, "concentration0": concentration0}
            message = "Beta: concentrations must be positive."
            positive = (
                [checks.assert_positive(v, message=message) for v in values.values()] if validate_args else []
            )
            self._take(positive, **values)
        super().__init__(
            self.concentration1.dtype, FULLY_REPARAMETERIZED, validate_args, allow_nan_stats, name=name
        )

    @property
    def total_concentration(self) -> Any:
        """The sum of both concentrations."""
        return self.concentration1 + self.concentration0

    def _sample_n(self, n: Any, seed: int | None = None) -> Any:
        ones, zeros = (
            tf.random.gamma([n], self._spread(a), dtype=self.dtype, seed=s)
            for a, s in ((self.concentration1, seed), (self.concentration0, derived_seed(seed, "beta")))
        )
        return ones / (ones + zeros)

    def _log_prob(self, x: Any) -> Any:
        x = self._between(x)
        powers = tf.math.xlogy(self.concentration1 - 1.0, x) + tf.math.xlog1py(self.concentration0 - 1.0, -x)
        return powers - self._log_normalization()

    def _log_normalization(self) -> Any:
        gammas = tf.math.lgamma(self.concentration1) + tf.math.lgamma(self.concentration0)
        return gammas - tf.math.lgamma(self.total_concentration)

    def _cdf(self, x: Any) -> Any:
        return tf.math.betainc(*alike(self.concentration1, self.concentration0, x))

    def _entropy(self) -> Any:
        a, b, total = self.concentration1, self.concentration0, self.total_concentration
        slopes = (a - 1.0) * tf.math.digamma(a) + (b - 1.0) * tf.math.digamma(b)
        return self._log_normalization() - slopes + (total - 2.0) * tf.math.digamma(total)

    def _mean(self) -> Any:
        return self.concentration1 / self.total_concentration

    def _variance(self) -> Any:
        mean = self._mean()
        return mean * (1.0 - mean) / (1.0 + self.total_concentration)

    def _mode(self) -> Any:
        mode = (self.concentration1 - 1.0) / (self.total_concentration - 2.0)
        inner = tf.logical_and(self.concentration1 > 1.0, self.concentration0 > 1.0)
        return self._defined(inner, mode, "the mode is not defined for concentrations <= 1.")

    def _between(self, x: Any) -> Any:
        return self._checked(
            x,
            lambda: [
                checks.assert_positive(x, message="Beta: values must be positive."),
                checks.assert_less(x, tf.ones([], self.dtype), message="Beta: values must be less than 1."),
            ],
        )


@RegisterKL(Beta, Beta)
def _kl(a: Beta, b: Beta, name: str | None = None) -> Any:
    with name_scope(name, "kl_beta_beta"):
        return (
            b._log_normalization()
            - a._log_normalization()
            - tf.math.digamma(a.concentration1) * (b.concentration1 - a.concentration1)
            - tf.math.digamma(a.concentration0) * (b.concentration0 - a.concentration0)
            + tf.math.digamma(a.total_concentration) * (b.total_concentration - a.total_concentration)
        )
