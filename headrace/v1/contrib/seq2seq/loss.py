"""The loss of sequences."""

from __future__ import annotations

from typing import Any

import headrace as tf


def sequence_loss(
    logits: Any, targets: Any, weights: Any, average_across_timesteps: bool = True, average_across_batch: bool = True,
    sum_over_timesteps: bool = False, sum_over_batch: bool = False, softmax_loss_function: Any = None,
    name: str | None = None,
) -> Any:  # fmt: skip
    """The weighted cross entropy of sequences.

    Args:
      logits: [batch, time, classes].
      targets: [batch, time], classes.
      weights: [batch, time]; 0 for what does not count.
      average_across_timesteps, average_across_batch: divide by the sum of the weights along time, batch or both.
      sum_over_timesteps, sum_over_batch: sum instead, and divide by the number of weights that are not 0.
      softmax_loss_function: `f(labels=…, logits=…)`, in place of the sparse softmax cross entropy.

    Returns: a scalar, [batch], [time] or [batch, time], by what it is averaged or summed over.

    Raises:
      ValueError: the ranks are others, or both an average and a sum are asked for.

    >>> import headrace as tf
    >>> float(sequence_loss(tf.zeros([1, 2, 4]), tf.constant([[0, 3]]), tf.ones([1, 2])))  # log(4)
    1.3862943649291992
    """
    logits, targets, weights = (tf.convert_to_tensor(v) for v in (logits, targets, weights))
    for what, value, rank in (("Logits", logits, 3), ("Targets", targets, 2), ("Weights", weights, 2)):
        if value.shape.rank != rank:
            raise ValueError(f"{what} must be a tensor of {rank} dimensions, received shape {value.shape}")
    if average_across_timesteps and sum_over_timesteps:
        raise ValueError(
            "average_across_timesteps and sum_over_timesteps cannot be set to True at same time."
        )
    if average_across_batch and sum_over_batch:
        raise ValueError("average_across_batch and sum_over_batch cannot be set to True at same time.")
    if average_across_batch and sum_over_timesteps:
        raise ValueError(
            "average_across_batch and sum_over_timesteps cannot be set to True at same time because of ambiguous order."
        )
    if sum_over_batch and average_across_timesteps:
        raise ValueError(
            "sum_over_batch and average_across_timesteps cannot be set to True at same time because of ambiguous order."
        )
    with tf.name_scope(name or "sequence_loss"):
        classes = tf.shape(logits)[2]
        flat, labels = tf.reshape(logits, [-1, classes]), tf.reshape(targets, [-1])
        if softmax_loss_function is None:
            loss = tf.nn.sparse_softmax_cross_entropy_with_logits(labels=labels, logits=flat)
        else:
            loss = softmax_loss_function(labels=labels, logits=flat)
        loss = loss * tf.reshape(weights, [-1])
        if average_across_timesteps and average_across_batch:
            return tf.math.divide_no_nan(tf.reduce_sum(loss), tf.reduce_sum(weights))
        if sum_over_timesteps and sum_over_batch:
            return tf.math.divide_no_nan(
                tf.reduce_sum(loss), tf.cast(tf.math.count_nonzero(weights), loss.dtype)
            )
        loss = tf.reshape(loss, tf.shape(logits)[:2])
        for over_time, average, total in (
            (True, average_across_timesteps, sum_over_timesteps), (False, average_across_batch, sum_over_batch),
        ):  # fmt: skip
            axis = 1 if over_time else 0
            if average:
                return tf.math.divide_no_nan(tf.reduce_sum(loss, axis), tf.reduce_sum(weights, axis))
            if total:
                count = tf.cast(tf.math.count_nonzero(weights, axis), loss.dtype)
                return tf.math.divide_no_nan(tf.reduce_sum(loss, axis), count)
        return loss
