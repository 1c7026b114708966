"""The Cauchy distribution."""

from __future__ import annotations

import math
from typing import Any

import headrace as tf
from headrace.api import compat_v1_control as checks
from headrace.api.compat_v1_graph import name_scope

from .base import FULLY_REPARAMETERIZED
from .parameters import Parametrized, parameter


class Cauchy(Parametrized):
    """Cauchy distributions around `loc`, as wide as `scale` > 0 says. They have neither mean nor variance.

    Raises:
      ValueError: the parameters are not floats of one dtype; or a mean is asked for and NaN is not allowed.

    >>> float(Cauchy(1.0, 2.0).cdf(1.0))
    0.5
    """

    loc = parameter("The mode.")
    scale = parameter("The width, above 0.")

    def __init__(
        self, loc: Any, scale: Any, validate_args: bool = False, allow_nan_stats: bool = True, name: str = "Cauchy"
    ) -> None:  # fmt: skip
        with name_scope(name) as name:
            self._take([checks.assert_positive(scale)] if validate_args else [], loc=loc, scale=scale)
        super().__init__(self.scale.dtype, FULLY_REPARAMETERIZED, validate_args, allow_nan_stats, name=name)

    def _sample_n(self, n: Any, seed: int | None = None) -> Any:
        return self._quantile(tf.random.uniform(self._draws_shape(n), dtype=self.dtype, seed=seed))

    def _log_prob(self, x: Any) -> Any:
        return -tf.math.log1p(tf.square(self._z(x))) - (math.log(math.pi) + tf.math.log(self.scale))

    def _cdf(self, x: Any) -> Any:
        return tf.atan(self._z(x)) / math.pi + 0.5

    def _log_cdf(self, x: Any) -> Any:
        return tf.math.log1p(2.0 / math.pi * tf.atan(self._z(x))) - math.log(2.0)

    def _quantile(self, p: Any) -> Any:
        return self.loc + self.scale * tf.tan(math.pi * (p - 0.5))

    def _entropy(self) -> Any:
        return math.log(4.0 * math.pi) + self._spread(tf.math.log(self.scale))

    def _mode(self) -> Any:
        return self._spread(self.loc)

    def _mean(self) -> Any:
        if not self.allow_nan_stats:
            raise ValueError("Cauchy distributions have neither mean nor variance.")
        return self._spread(tf.constant(math.nan, self.dtype))

    _stddev = _mean

    def _z(self, x: Any) -> Any:
        return (x - self.loc) / self.scale
