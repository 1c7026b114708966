"""The geometric distribution: how often a coin fails before it succeeds."""

from __future__ import annotations

from typing import Any

import numpy as np

import headrace as tf
from headrace.api import compat_v1_control as checks
from headrace.api.compat_v1_graph import name_scope

from .base import NOT_REPARAMETERIZED
from .parameters import Parametrized, after, counts, logits_and_probs, parameter


class Geometric(Parametrized):
    """Geometric distributions: the probability of k = 0, 1, 2 … failures is `(1 - probs) ** k * probs`.

    Args:
      logits, probs: one of them, floats; `probs = sigmoid(logits)` is above 0.

    Raises:
      ValueError: both are given, or none.
      TypeError: they are not floats.

    >>> float(Geometric(probs=0.5).mean())
    1.0
    """

    probs = parameter("The probability of success.")

    def __init__(
        self,
        logits: Any = None,
        probs: Any = None,
        validate_args: bool = False,
        allow_nan_stats: bool = True,
        name: str = "Geometric",
    ) -> None:
        with name_scope(name) as name:
            self.logits, probs = logits_and_probs(logits, probs, False, validate_args)
            with after([checks.assert_positive(probs)] if validate_args else []):
                self._tensors = {"probs": tf.identity(probs)}
        super().__init__(probs.dtype, NOT_REPARAMETERIZED, validate_args, allow_nan_stats, name=name)

    def _sample_n(self, n: Any, seed: int | None = None) -> Any:
        smallest = np.finfo(self.dtype.as_numpy_dtype).tiny  # not 0, whose logarithm is infinite
        u = tf.random.uniform(self._draws_shape(n), smallest, 1.0, dtype=self.dtype, seed=seed)
        return tf.floor(tf.math.log(u) / tf.math.log1p(-self.probs))

    def _log_prob(self, x: Any) -> Any:
        x = self._whole(x)
        return tf.math.xlog1py(x, -self.probs) + tf.math.log(self.probs)

    def _cdf(self, x: Any) -> Any:
        x = self._whole(x)
        below = -tf.math.expm1((1.0 + x) * tf.math.log1p(-self.probs))
        return tf.where(x < 0.0, tf.zeros([], self.dtype), below)

    def _entropy(self) -> Any:
        return tf.nn.softplus(self.logits) / self.probs - self.logits

    def _mean(self) -> Any:
        return tf.exp(-self.logits)

    def _variance(self) -> Any:
        return self._mean() / self.probs

    def _mode(self) -> Any:
        return tf.zeros(self.batch_shape_tensor(), self.dtype)

    def _whole(self, x: Any) -> Any:
        return self._checked(x, lambda: counts(x)) if self.validate_args else tf.floor(x)
