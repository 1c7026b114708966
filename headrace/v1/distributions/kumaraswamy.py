"""Kumaraswamy's distribution, much like the beta distribution."""

from __future__ import annotations

import math
from typing import Any

import headrace as tf
from headrace.api.compat_v1_graph import name_scope

from .base import FULLY_REPARAMETERIZED
from .bijectors import Kumaraswamy as KumaraswamyMap
from .parameters import after
from .transformed import TransformedDistribution
from .uniform import Uniform


class Kumaraswamy(TransformedDistribution):
    """Distributions of numbers from 0 to 1, with `1 - (1 - x ** concentration1) ** concentration0` as that of values up to x.

    Args:
      concentration1, concentration0: above 0.

    >>> float(Kumaraswamy(1.0, 1.0).prob(0.3))
    1.0
    """

    def __init__(
        self, concentration1: Any = None, concentration0: Any = None, validate_args: bool = False,
        allow_nan_stats: bool = True, name: str = "Kumaraswamy",
    ) -> None:  # fmt: skip
        with name_scope(name) as name:
            one = tf.convert_to_tensor(concentration1, name="concentration1")
            zero = tf.convert_to_tensor(concentration0, name="concentration0")
            bijector = KumaraswamyMap(one, zero, validate_args)
            batch = tf.broadcast_dynamic_shape(tf.shape(one), tf.shape(zero))
        base = Uniform(tf.zeros([], one.dtype), tf.ones([], one.dtype), allow_nan_stats=allow_nan_stats)
        super().__init__(base, bijector, batch, None, False, name)
        self._reparameterization_type = FULLY_REPARAMETERIZED

    @property
    def concentration1(self) -> Any:
        return self.bijector.concentration1  # type: ignore[attr-defined]

    @property
    def concentration0(self) -> Any:
        return self.bijector.concentration0  # type: ignore[attr-defined]

    def _entropy(self) -> Any:
        a, b = self.concentration1, self.concentration0
        harmonic = tf.math.digamma(b + 1.0) - tf.math.digamma(tf.ones([], b.dtype))
        return 1.0 - 1.0 / a + (1.0 - 1.0 / b) * harmonic + tf.math.log(a) + tf.math.log(b)

    def _moment(self, n: float) -> Any:
        a, b = self.concentration1, self.concentration0
        first = 1.0 + n / a
        return tf.exp(tf.math.log(b) + tf.math.lgamma(first) + tf.math.lgamma(b) - tf.math.lgamma(first + b))

    def _mean(self) -> Any:
        return self._moment(1.0)

    def _variance(self) -> Any:
        return self._moment(2.0) - tf.square(self._moment(1.0))

    def _mode(self) -> Any:
        a, b = self.concentration1, self.concentration0
        mode = ((a - 1.0) / (a * b - 1.0)) ** (1.0 / a)
        defined = tf.logical_and(a > 1.0, b > 1.0)
        if self.allow_nan_stats:
            return tf.where(defined, mode, tf.constant(math.nan, self.dtype))
        with after(
            [tf.Assert(tf.reduce_all(defined), ["Kumaraswamy: a mode needs concentrations above 1."])]
        ):
            return tf.identity(mode)
