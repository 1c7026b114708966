"""Laplace's distribution."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

import headrace as tf
from headrace.api import compat_v1_control as checks
from headrace.api.compat_v1_graph import name_scope

from .base import FULLY_REPARAMETERIZED
from .parameters import Parametrized, parameter


class Laplace(Parametrized):
    """Laplace distributions: the density is `exp(-|x - loc| / scale) / (2 scale)`.

    Raises:
      ValueError: the parameters are not floats of one dtype.

    >>> float(Laplace(1.0, 2.0).cdf(1.0))
    0.5
    """

    loc = parameter("The mean.")
    scale = parameter("The width, above 0.")

    def __init__(
        self,
        loc: Any,
        scale: Any,
        validate_args: bool = False,
        allow_nan_stats: bool = True,
        name: str = "Laplace",
    ) -> None:
        with name_scope(name) as name:
            self._take([checks.assert_positive(scale)] if validate_args else [], loc=loc, scale=scale)
        super().__init__(self.loc.dtype, FULLY_REPARAMETERIZED, validate_args, allow_nan_stats, name=name)

    def _sample_n(self, n: Any, seed: int | None = None) -> Any:
        # Without -1 itself, whose logarithm below would be infinite.
        kind = self.dtype.as_numpy_dtype
        u = tf.random.uniform(
            self._draws_shape(n), np.nextafter(kind(-1), kind(0)), 1.0, dtype=self.dtype, seed=seed
        )
        return self.loc - self.scale * tf.sign(u) * tf.math.log1p(-tf.abs(u))

    def _log_prob(self, x: Any) -> Any:
        return -tf.abs(self._z(x)) - math.log(2.0) - tf.math.log(self.scale)

    def _cdf(self, x: Any) -> Any:
        z = self._z(x)
        return 0.5 - 0.5 * tf.sign(z) * tf.math.expm1(-tf.abs(z))

    def _log_cdf(self, x: Any) -> Any:
        return _log_cdf(self._z(x))

    def _log_survival_function(self, x: Any) -> Any:
        return _log_cdf(-self._z(x))

    def _entropy(self) -> Any:
        return math.log(2.0) + 1.0 + self._spread(tf.math.log(self.scale))

    def _mean(self) -> Any:
        return self._spread(self.loc)

    def _stddev(self) -> Any:
        return math.sqrt(2.0) * self._spread(self.scale)

    _mode = _mean

    def _z(self, x: Any) -> Any:
        return (x - self.loc) / self.scale


def _log_cdf(z: Any) -> Any:
    return tf.where(z < 0.0, z - math.log(2.0), tf.math.log1p(-0.5 * tf.exp(-tf.abs(z))))
