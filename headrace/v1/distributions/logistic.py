"""The logistic distribution."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

import headrace as tf
from headrace.api import compat_v1_control as checks
from headrace.api.compat_v1_graph import name_scope

from .base import FULLY_REPARAMETERIZED
from .parameters import Parametrized, parameter


class Logistic(Parametrized):
    """Logistic distributions: the probability of values up to x is `sigmoid((x - loc) / scale)`.

    Raises:
      ValueError: the parameters are not floats of one dtype.

    >>> float(Logistic(1.0, 2.0).cdf(1.0))
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
        name: str = "Logistic",
    ) -> None:
        with name_scope(name) as name:
            self._take([checks.assert_positive(scale)] if validate_args else [], loc=loc, scale=scale)
        super().__init__(self.scale.dtype, FULLY_REPARAMETERIZED, validate_args, allow_nan_stats, name=name)

    def _sample_n(self, n: Any, seed: int | None = None) -> Any:
        smallest = np.finfo(self.dtype.as_numpy_dtype).tiny  # not 0, whose logarithm is infinite
        u = tf.random.uniform(self._draws_shape(n), smallest, 1.0, dtype=self.dtype, seed=seed)
        return (tf.math.log(u) - tf.math.log1p(-u)) * self.scale + self.loc

    def _log_prob(self, x: Any) -> Any:
        z = self._z(x)
        return -z - 2.0 * tf.nn.softplus(-z) - tf.math.log(self.scale)

    def _cdf(self, x: Any) -> Any:
        return tf.sigmoid(self._z(x))

    def _log_cdf(self, x: Any) -> Any:
        return -tf.nn.softplus(-self._z(x))

    def _survival_function(self, x: Any) -> Any:
        return tf.sigmoid(-self._z(x))

    def _log_survival_function(self, x: Any) -> Any:
        return -tf.nn.softplus(self._z(x))

    def _entropy(self) -> Any:
        return 2.0 + self._spread(tf.math.log(self.scale))

    def _mean(self) -> Any:
        return self._spread(self.loc)

    def _stddev(self) -> Any:
        return self._spread(self.scale) * (math.pi / math.sqrt(3.0))

    _mode = _mean

    def _z(self, x: Any) -> Any:
        return (x - self.loc) / self.scale
