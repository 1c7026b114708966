"""The normal distribution."""

from __future__ import annotations

import math
from typing import Any

import headrace as tf
from headrace.api import compat_v1_control as checks
from headrace.api.compat_v1_graph import name_scope

from .base import FULLY_REPARAMETERIZED
from .kullback_leibler import RegisterKL
from .parameters import Parametrized, parameter
from .special import log_ndtr, ndtr


class Normal(Parametrized):
    """Normal distributions with the mean `loc` and the standard deviation `scale` > 0, broadcast with each other.

    Raises:
      ValueError: the parameters are not floats of one dtype.

    >>> float(Normal(0.0, 1.0).cdf(0.0))
    0.5
    """

    loc = parameter("The mean.")
    scale = parameter("The standard deviation.")

    def __init__(
        self,
        loc: Any,
        scale: Any,
        validate_args: bool = False,
        allow_nan_stats: bool = True,
        name: str = "Normal",
    ) -> None:
        with name_scope(name) as name:
            self._take([checks.assert_positive(scale)] if validate_args else [], loc=loc, scale=scale)
        super().__init__(self.scale.dtype, FULLY_REPARAMETERIZED, validate_args, allow_nan_stats, name=name)

    def _sample_n(self, n: Any, seed: int | None = None) -> Any:
        return tf.random.normal(self._draws_shape(n), dtype=self.dtype, seed=seed) * self.scale + self.loc

    def _log_prob(self, x: Any) -> Any:
        return -0.5 * tf.square(self._z(x)) - (0.5 * math.log(2.0 * math.pi) + tf.math.log(self.scale))

    def _cdf(self, x: Any) -> Any:
        return ndtr(self._z(x))

    def _log_cdf(self, x: Any) -> Any:
        return log_ndtr(self._z(x))

    def _survival_function(self, x: Any) -> Any:
        return ndtr(-self._z(x))

    def _log_survival_function(self, x: Any) -> Any:
        return log_ndtr(-self._z(x))

    def _quantile(self, p: Any) -> Any:
        return tf.math.ndtri(p) * self.scale + self.loc

    def _entropy(self) -> Any:
        return 0.5 * math.log(2.0 * math.pi * math.e) + self._spread(tf.math.log(self.scale))

    def _mean(self) -> Any:
        return self._spread(self.loc)

    def _stddev(self) -> Any:
        return self._spread(self.scale)

    _mode = _mean

    def _z(self, x: Any) -> Any:
        return (x - self.loc) / self.scale


@RegisterKL(Normal, Normal)
def _kl(a: Normal, b: Normal, name: str | None = None) -> Any:
    with name_scope(name, "kl_normal_normal"):
        ratio = tf.square(a.scale / b.scale)
        return 0.5 * (tf.square((a.loc - b.loc) / b.scale) + ratio - 1.0 - tf.math.log(ratio))
