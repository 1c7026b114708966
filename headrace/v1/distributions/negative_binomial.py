"""The negative binomial distribution."""

from __future__ import annotations

from typing import Any

import headrace as tf
from headrace.api import compat_v1_control as checks
from headrace.api.compat_v1_graph import name_scope

from .base import NOT_REPARAMETERIZED
from .parameters import Parametrized, after, alike, counts, derived_seed, logits_and_probs, parameter


class NegativeBinomial(Parametrized):
    """How often a trial succeeds before it fails for the `total_count`th time; `total_count` > 0 may be a fraction.

    Args:
      logits, probs: of success; one of them.

    Raises:
      ValueError: both are given, or none.

    >>> float(NegativeBinomial(3.0, probs=0.5).mean())
    3.0
    """

    total_count = parameter("How many failures end it.")
    logits = parameter("The log odds of success.")
    probs = parameter("The probability of success.")

    def __init__(
        self, total_count: Any, logits: Any = None, probs: Any = None, validate_args: bool = False,
        allow_nan_stats: bool = True, name: str = "NegativeBinomial",
    ) -> None:  # fmt: skip
        with name_scope(name) as name:
            logits, probs = logits_and_probs(logits, probs, False, validate_args)
            with after([checks.assert_positive(total_count)] if validate_args else []):
                total_count = tf.convert_to_tensor(total_count, probs.dtype)
                self._take(total_count=tf.identity(total_count), logits=logits, probs=probs)
        super().__init__(self.probs.dtype, NOT_REPARAMETERIZED, validate_args, allow_nan_stats, name=name)

    def _sample_n(self, n: Any, seed: int | None = None) -> Any:
        rate = tf.random.gamma([n], self.total_count, tf.exp(-self.logits), self.dtype, seed)
        return tf.random.poisson([], rate, self.dtype, derived_seed(seed, "negative_binom"))

    def _cdf(self, x: Any) -> Any:
        return tf.math.betainc(*alike(self.total_count, 1.0 + self._whole(x), tf.sigmoid(-self.logits)))

    def _log_prob(self, x: Any) -> Any:
        x, n = self._whole(x), self.total_count
        ways = tf.math.lgamma(n + x) - tf.math.lgamma(1.0 + x) - tf.math.lgamma(n)
        return n * tf.math.log_sigmoid(-self.logits) + x * tf.math.log_sigmoid(self.logits) + ways

    def _mean(self) -> Any:
        return self.total_count * tf.exp(self.logits)

    def _mode(self) -> Any:
        return tf.floor(tf.maximum(self.total_count - 1.0, 0.0) * tf.exp(self.logits))

    def _variance(self) -> Any:
        return self._mean() / tf.sigmoid(-self.logits)

    def _whole(self, x: Any) -> Any:
        return self._checked(x, lambda: counts(x))
