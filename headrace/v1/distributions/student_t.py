"""Student's t-distribution."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

import headrace as tf
from headrace.api import compat_v1_control as checks
from headrace.api.compat_v1_graph import name_scope

from .base import FULLY_REPARAMETERIZED
from .parameters import Parametrized, alike, derived_seed, parameter


class StudentT(Parametrized):
    """Student's t-distributions with `df` > 0 degrees of freedom, moved to `loc` and stretched by `scale`.

    The mean is not defined for `df <= 1`, nor is the variance, which is infinite up to `df = 2`.

    Raises:
      ValueError: the parameters are not floats of one dtype.

    >>> float(StudentT(3.0, 1.0, 2.0).variance())
    12.0
    """

    df = parameter("The degrees of freedom.")
    loc = parameter("The centre.")
    scale = parameter("The width; its sign does not matter.")

    def __init__(
        self,
        df: Any,
        loc: Any,
        scale: Any,
        validate_args: bool = False,
        allow_nan_stats: bool = True,
        name: str = "StudentT",
    ) -> None:
        with name_scope(name) as name:
            self._take([checks.assert_positive(df)] if validate_args else [], df=df, loc=loc, scale=scale)
        super().__init__(self.scale.dtype, FULLY_REPARAMETERIZED, validate_args, allow_nan_stats, name=name)

    def _sample_n(self, n: Any, seed: int | None = None) -> Any:
        normal = tf.random.normal(self._draws_shape(n), dtype=self.dtype, seed=seed)
        df, second = self._spread(self.df), derived_seed(seed, "student_t")
        chi_square = tf.random.gamma([n], 0.5 * df, beta=0.5, dtype=self.dtype, seed=second)
        return normal * tf.math.rsqrt(chi_square / df) * self.scale + self.loc

    def _log_prob(self, x: Any) -> Any:
        y = (x - self.loc) / self.scale
        return -0.5 * (self.df + 1.0) * tf.math.log1p(tf.square(y) / self.df) - self._log_normalization()

    def _log_normalization(self) -> Any:
        gammas = tf.math.lgamma(0.5 * self.df) - tf.math.lgamma(0.5 * (self.df + 1.0))
        return tf.math.log(tf.abs(self.scale)) + 0.5 * tf.math.log(self.df * math.pi) + gammas

    def _cdf(self, x: Any) -> Any:
        y = (x - self.loc) / tf.abs(self.scale)
        tail = 0.5 * tf.math.betainc(
            *alike(0.5 * self.df, tf.constant(0.5, self.dtype), self.df / (tf.square(y) + self.df))
        )
        return tf.where(y < 0.0, tail, 1.0 - tail)

    def _entropy(self) -> Any:
        half = 0.5 * (self.df + 1.0)
        slope = half * (tf.math.digamma(half) - tf.math.digamma(0.5 * self.df))
        return self._spread(self._log_normalization() + slope)

    def _mean(self) -> Any:
        return self._defined(self.df > 1.0, self._spread(self.loc), "the mean is not defined for df <= 1.")

    def _variance(self) -> Any:
        finite = self.df > 2.0
        below = tf.where(
            finite, self.df - 2.0, tf.ones_like(self.df)
        )  # no division by 0, whose gradient is NaN
        variance = tf.where(finite, tf.square(self.scale) * self.df / below, tf.constant(np.inf, self.dtype))
        return self._defined(
            self.df > 1.0, self._spread(variance), "the variance is not defined for df <= 1."
        )

    def _mode(self) -> Any:
        return tf.identity(self.loc)
