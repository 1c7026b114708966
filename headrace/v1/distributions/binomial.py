"""The binomial distribution: how many of some coins show "yes"."""

from __future__ import annotations

from typing import Any

import headrace as tf
from headrace.api import compat_v1_control as checks
from headrace.api.compat_v1_graph import name_scope

from .base import NOT_REPARAMETERIZED
from .parameters import Parametrized, after, alike, counts, logits_and_probs, parameter


class Binomial(Parametrized):
    """Binomial distributions: the number of ones in `total_count` draws from a `Bernoulli`.

    As in TensorFlow 1.x, there are no samples.

    Args:
      total_count: whole numbers, floats of the dtype of the next.
      logits, probs: one of them, floats; `probs = sigmoid(logits)`.

    Raises:
      ValueError: both are given, or none.
      TypeError: they are not floats.

    >>> float(Binomial(2.0, probs=0.5).prob(1.0))
    0.5
    """

    total_count = parameter("How many are drawn.")
    probs = parameter("The probability of 1.")

    def __init__(
        self,
        total_count: Any,
        logits: Any = None,
        probs: Any = None,
        validate_args: bool = False,
        allow_nan_stats: bool = True,
        name: str = "Binomial",
    ) -> None:
        with name_scope(name) as name:
            total_count = tf.convert_to_tensor(total_count, name="total_count")
            with after(counts(total_count) if validate_args else []):
                total_count = tf.identity(total_count)
            self.logits, probs = logits_and_probs(logits, probs, False, validate_args)
            self._tensors = {"total_count": total_count, "probs": probs}
        super().__init__(probs.dtype, NOT_REPARAMETERIZED, validate_args, allow_nan_stats, name=name)

    def _log_prob(self, x: Any) -> Any:
        x, n = self._drawn(x), self.total_count
        ways = tf.math.lgamma(1.0 + n) - tf.math.lgamma(1.0 + n - x) - tf.math.lgamma(1.0 + x)
        return ways + x * tf.math.log(self.probs) + (n - x) * tf.math.log1p(-self.probs)

    def _cdf(self, x: Any) -> Any:
        x, n, p = alike(self._drawn(x), self.total_count, self.probs)
        all_of_them = tf.equal(x, n)
        left = tf.where(all_of_them, tf.ones_like(n), n - x)  # betainc is not defined for 0
        return tf.where(all_of_them, tf.ones_like(n), tf.math.betainc(left, x + 1.0, 1.0 - p))

    def _mean(self) -> Any:
        return self.total_count * self.probs

    def _variance(self) -> Any:
        return self._mean() * (1.0 - self.probs)

    def _mode(self) -> Any:
        """The larger of two, where `(1 + total_count) * probs` is a whole number."""
        return tf.floor((1.0 + self.total_count) * self.probs)

    def _drawn(self, x: Any) -> Any:
        most = "Values must not exceed total_count."
        return self._checked(
            x, lambda: counts(x), lambda: [checks.assert_less_equal(x, self.total_count, message=most)]
        )
