"""`tf.contrib.sparsemax`: probabilities of which many are zero (Martins and Astudillo, 2016)."""

from __future__ import annotations

from typing import Any

import headrace as tf
from headrace.core import dtypes


def sparsemax(logits: Any, name: str | None = None) -> Any:
    """The point of the simplex that is nearest to each row of logits [batch, classes].

    >>> import headrace as tf
    >>> sparsemax(tf.constant([[0.5, 0.0, -2.0]])).numpy().tolist()
    [[0.75, 0.25, 0.0]]
    """
    with tf.name_scope(name or "sparsemax"):
        z = tf.convert_to_tensor(logits, name="logits")
        n = tf.shape(z)[1]
        ordered, _ = tf.math.top_k(z, k=n)
        sums = tf.cumsum(ordered, axis=1)
        places = tf.cast(tf.range(1, n + 1), z.dtype)
        support = tf.reduce_sum(tf.cast(1 + places * ordered > sums, dtypes.int32), axis=1)
        total = tf.gather(sums, tf.maximum(support, 1) - 1, axis=1, batch_dims=1)
        threshold = (total - 1) / tf.cast(support, z.dtype)
        wrong = tf.equal(support, 0) | tf.math.is_nan(sums[:, -1])
        p = tf.maximum(z - threshold[:, None], tf.zeros([], z.dtype))
        return tf.where(wrong[:, None], tf.constant(float("nan"), z.dtype), p)


def sparsemax_loss(logits: Any, sparsemax: Any, labels: Any, name: str | None = None) -> Any:
    """The loss [batch] whose gradient is `sparsemax - labels`.

    Args:
      sparsemax: `sparsemax(logits)`.
      labels: probabilities [batch, classes]."""
    with tf.name_scope(name or "sparsemax_loss"):
        z, p, q = (tf.convert_to_tensor(x) for x in (logits, sparsemax, labels))
        own = tf.where((p > 0) | tf.math.is_nan(p), p * (z - 0.5 * p), tf.zeros_like(p))
        # An impossible class (its logit is minus infinity) that is not the label costs nothing.
        other = tf.where(tf.equal(q, 0) & tf.math.is_inf(z), tf.zeros_like(z), q * (0.5 * q - z))
        return tf.reduce_sum(own + other, axis=1)


__all__ = ["sparsemax", "sparsemax_loss"]
