"""The Bernoulli distribution: a coin."""

from __future__ import annotations

from typing import Any

import headrace as tf
from headrace.api import compat_v1_control as checks
from headrace.api.compat_v1_graph import name_scope

from .base import NOT_REPARAMETERIZED
from .kullback_leibler import RegisterKL
from .parameters import Parametrized, counts, logits_and_probs, parameter


class Bernoulli(Parametrized):
    """Bernoulli distributions: 1 with the probability `probs = sigmoid(logits)`, else 0.

    Args:
      logits, probs: one of them, floats.
      dtype: of samples.

    Raises:
      ValueError: both are given, or none.
      TypeError: they are not floats.

    >>> float(Bernoulli(probs=0.25).variance())
    0.1875
    """

    logits = parameter("The logarithm of the odds of 1.")

    def __init__(
        self,
        logits: Any = None,
        probs: Any = None,
        dtype: Any = tf.int32,
        validate_args: bool = False,
        allow_nan_stats: bool = True,
        name: str = "Bernoulli",
    ) -> None:
        with name_scope(name) as name:
            logits, self.probs = logits_and_probs(logits, probs, False, validate_args)
            self._tensors = {"logits": logits}
        super().__init__(dtype, NOT_REPARAMETERIZED, validate_args, allow_nan_stats, name=name)

    def _sample_n(self, n: Any, seed: int | None = None) -> Any:
        u = tf.random.uniform(self._draws_shape(n), dtype=self.probs.dtype, seed=seed)
        return tf.cast(u < self.probs, self.dtype)

    def _log_prob(self, event: Any) -> Any:
        event = self._checked(
            event,
            lambda: counts(event),
            lambda: [
                checks.assert_less_equal(event, tf.ones([], event.dtype), message="Values must be 0 or 1.")
            ],
        )
        event = tf.cast(event, self.logits.dtype)
        return -tf.nn.sigmoid_cross_entropy_with_logits(
            event + tf.zeros_like(self.logits), self.logits + tf.zeros_like(event)
        )

    def _entropy(self) -> Any:
        return self.logits * tf.sigmoid(-self.logits) + tf.nn.softplus(-self.logits)

    def _mean(self) -> Any:
        return tf.identity(self.probs)

    def _variance(self) -> Any:
        return self.probs * (1.0 - self.probs)

    def _mode(self) -> Any:
        return tf.cast(self.probs > 0.5, self.dtype)


@RegisterKL(Bernoulli, Bernoulli)
def _kl(a: Bernoulli, b: Bernoulli, name: str | None = None) -> Any:
    with name_scope(name, "kl_bernoulli_bernoulli"):
        ones = tf.nn.softplus(-b.logits) - tf.nn.softplus(-a.logits)
        zeros = tf.nn.softplus(b.logits) - tf.nn.softplus(a.logits)
        return tf.sigmoid(a.logits) * ones + tf.sigmoid(-a.logits) * zeros
