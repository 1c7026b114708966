"""The categorical distribution: one of k classes."""

from __future__ import annotations

from typing import Any

import headrace as tf
from headrace.api.compat_v1_forms import multinomial
from headrace.api.compat_v1_graph import name_scope

from .base import NOT_REPARAMETERIZED
from .kullback_leibler import RegisterKL
from .parameters import Parametrized, counts, logits_and_probs, parameter


class Categorical(Parametrized):
    """Categorical distributions over the classes 0 … k-1 with the probabilities `probs = softmax(logits)`.

    Args:
      logits, probs: one of them, floats [..., k].
      dtype: of samples.

    Raises:
      ValueError: both are given, or none, or they are scalars.
      TypeError: they are not floats.

    >>> print(Categorical(probs=[0.25, 0.75]).prob([1, 0]).numpy())
    [0.75 0.25]
    """

    logits = parameter("The logarithms of the probabilities [..., k], up to a constant.", dims=1)

    def __init__(
        self,
        logits: Any = None,
        probs: Any = None,
        dtype: Any = tf.int32,
        validate_args: bool = False,
        allow_nan_stats: bool = True,
        name: str = "Categorical",
    ) -> None:
        with name_scope(name) as name:
            logits, self.probs = logits_and_probs(logits, probs, True, validate_args)
            logits.shape.with_rank_at_least(1)
            self._tensors = {"logits": logits}
            self.event_size = tf.shape(logits)[-1]
        super().__init__(dtype, NOT_REPARAMETERIZED, validate_args, allow_nan_stats, name=name)

    def _sample_n(self, n: Any, seed: int | None = None) -> Any:
        flat = tf.reshape(self.logits, [-1, self.event_size])
        wide = tf.int64 if self.dtype.size > 4 else tf.int32
        draws = multinomial(flat, n, seed=seed, output_dtype=wide)
        return tf.cast(tf.reshape(tf.transpose(draws), self._draws_shape(n)), self.dtype)

    def _log_prob(self, value: Any) -> Any:
        labels, logits = self._matched(value, self.logits)
        return -tf.nn.sparse_softmax_cross_entropy_with_logits(labels, logits)

    def _cdf(self, value: Any) -> Any:
        """The probability of the classes *below* `value`: what TensorFlow's own gives, which leaves `value` out."""
        k, probs = self._matched(value, self.probs)
        below = tf.sequence_mask(k, self.event_size, dtype=probs.dtype)
        return tf.reduce_sum(below * probs, -1)

    def _entropy(self) -> Any:
        return -tf.reduce_sum(tf.nn.log_softmax(self.logits) * self.probs, -1)

    def _mode(self) -> Any:
        return tf.cast(tf.argmax(self.logits, -1), self.dtype)

    def _matched(self, value: Any, of_classes: Any) -> tuple[Any, Any]:
        """Values and logits or probabilities [..., k], broadcast with each other."""
        if not (value.dtype.is_integer or value.dtype.is_floating):
            raise TypeError(f"Categorical: values are integers. Received dtype {value.dtype.name}.")
        value = self._checked(value, lambda: counts(value))
        value = tf.cast(value, tf.int32) if value.dtype.is_floating else value
        shape = tf.broadcast_dynamic_shape(tf.shape(value), self.batch_shape_tensor())
        of_classes = tf.broadcast_to(of_classes, tf.concat([shape, [self.event_size]], 0))
        return tf.broadcast_to(value, shape), of_classes


@RegisterKL(Categorical, Categorical)
def _kl(a: Categorical, b: Categorical, name: str | None = None) -> Any:
    with name_scope(name, "kl_categorical_categorical"):
        logs = tf.nn.log_softmax(a.logits) - tf.nn.log_softmax(b.logits)
        return tf.reduce_sum(tf.nn.softmax(a.logits) * logs, -1)
