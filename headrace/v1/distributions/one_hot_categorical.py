"""The categorical distribution over vectors with a single 1."""

from __future__ import annotations

from typing import Any

import headrace as tf
from headrace.api import compat_v1_control as checks
from headrace.api.compat_v1_forms import multinomial
from headrace.api.compat_v1_graph import name_scope

from .base import NOT_REPARAMETERIZED
from .dirichlet import Vectors
from .kullback_leibler import RegisterKL
from .parameters import counts, covariance, logits_and_probs, parameter


class OneHotCategorical(Vectors):
    """Categorical distributions whose draws are vectors [k]: 1 at the class drawn, else 0.

    Args:
      logits, probs: one of them, floats [..., k]; `probs = softmax(logits)`.
      dtype: of samples.

    Raises:
      ValueError: both are given, or none, or they are scalars.
      TypeError: they are not floats.

    >>> float(OneHotCategorical(probs=[0.25, 0.75]).prob([0, 1]))
    0.75
    """

    logits = parameter("The logarithms of the probabilities [..., k], up to a constant.", dims=1)

    def __init__(
        self,
        logits: Any = None,
        probs: Any = None,
        dtype: Any = tf.int32,
        validate_args: bool = False,
        allow_nan_stats: bool = True,
        name: str = "OneHotCategorical",
    ) -> None:
        with name_scope(name) as name:
            logits, self.probs = logits_and_probs(logits, probs, True, validate_args)
            logits.shape.with_rank_at_least(1)
            self._tensors = {"logits": logits}
            self.event_size = tf.shape(logits)[-1]
        super().__init__(dtype, NOT_REPARAMETERIZED, validate_args, allow_nan_stats, name=name)

    def _sample_n(self, n: Any, seed: int | None = None) -> Any:
        classes = multinomial(tf.reshape(self.logits, [-1, self.event_size]), n, seed=seed)
        vectors = tf.one_hot(tf.transpose(classes), self.event_size, dtype=self.dtype)
        return tf.reshape(vectors, self._draws_shape(n))

    def _log_prob(self, x: Any) -> Any:
        x = tf.cast(self._checked(x, lambda: _one_hot(x)), self.logits.dtype)
        return -tf.nn.softmax_cross_entropy_with_logits(
            x + tf.zeros_like(self.logits), self.logits + tf.zeros_like(x)
        )

    def _entropy(self) -> Any:
        return -tf.reduce_sum(tf.nn.log_softmax(self.logits) * self.probs, -1)

    def _mode(self) -> Any:
        return tf.one_hot(tf.argmax(self.logits, -1), self.event_size, dtype=self.dtype)

    def _variance(self) -> Any:
        return self.probs * (1.0 - self.probs)

    def _covariance(self) -> Any:
        return covariance(self.probs, self.probs, self._variance())


def _one_hot(x: Any) -> list[Any]:
    one = tf.ones([], x.dtype)
    return [
        *counts(x),
        checks.assert_equal(tf.reduce_sum(x, -1), one, message="Values must have a single 1."),
    ]


@RegisterKL(OneHotCategorical, OneHotCategorical)
def _kl(a: OneHotCategorical, b: OneHotCategorical, name: str | None = None) -> Any:
    with name_scope(name, "kl_categorical_categorical"):
        logs = tf.nn.log_softmax(a.logits) - tf.nn.log_softmax(b.logits)
        return tf.reduce_sum(tf.nn.softmax(a.logits) * logs, -1)
