"""The distribution of how far a normal number is from its mean."""

from __future__ import annotations

import math
from typing import Any

import headrace as tf
from headrace.api import compat_v1_control as checks
from headrace.api.compat_v1_graph import name_scope

from .base import FULLY_REPARAMETERIZED
from .parameters import Parametrized, parameter


class HalfNormal(Parametrized):
    """Half-normal distributions: `|X|` for X from `Normal(0, scale)`.

    Raises:
      ValueError: `scale` is not a float.

    >>> float(HalfNormal(2.0).cdf(0.0))
    0.0
    """

    scale = parameter("The standard deviation of X, above 0.")

    def __init__(
        self, scale: Any, validate_args: bool = False, allow_nan_stats: bool = True, name: str = "HalfNormal"
    ) -> None:
        with name_scope(name) as name:
            self._take([checks.assert_positive(scale)] if validate_args else [], scale=scale)
        super().__init__(self.scale.dtype, FULLY_REPARAMETERIZED, validate_args, allow_nan_stats, name=name)

    def _sample_n(self, n: Any, seed: int | None = None) -> Any:
        return tf.abs(tf.random.normal(self._draws_shape(n), dtype=self.dtype, seed=seed) * self.scale)

    def _prob(self, x: Any) -> Any:
        density = math.sqrt(2.0 / math.pi) / self.scale * tf.exp(-0.5 * tf.square(x / self.scale))
        return density * tf.cast(x >= 0.0, self.dtype)

    def _cdf(self, x: Any) -> Any:
        return tf.math.erf(tf.nn.relu(x) / (self.scale * math.sqrt(2.0)))

    def _quantile(self, p: Any) -> Any:
        return math.sqrt(2.0) * self.scale * tf.math.erfinv(p)

    def _entropy(self) -> Any:
        return 0.5 * tf.math.log(0.5 * math.pi * tf.square(self.scale)) + 0.5

    def _mean(self) -> Any:
        return self.scale * math.sqrt(2.0 / math.pi)

    def _variance(self) -> Any:
        return tf.square(self.scale) * (1.0 - 2.0 / math.pi)

    def _mode(self) -> Any:
        return tf.zeros(self.batch_shape_tensor(), self.dtype)
