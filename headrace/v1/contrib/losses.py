"""`tf.contrib.losses`: the losses of `tf.losses`, with predictions before labels."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import headrace as tf
from headrace.api import compat_v1_losses as losses

from . import metric_learning
from .arg_scopes import add_arg_scope

add_loss, get_losses = add_arg_scope(losses.add_loss), losses.get_losses
get_regularization_losses, get_total_loss = losses.get_regularization_losses, losses.get_total_loss


def _turned(name: str) -> Callable[..., Any]:
    target = getattr(losses, name)

    def loss(
        predictions: Any, labels: Any = None, weights: Any = 1.0, scope: Any = None, **kwargs: Any
    ) -> Any:
        return target(labels, predictions, weights=weights, scope=scope, **kwargs)

    loss.__name__ = loss.__qualname__ = name
    loss.__doc__ = f"`tf.losses.{name}`, with predictions before labels."
    return add_arg_scope(loss)


absolute_difference, mean_squared_error = _turned("absolute_difference"), _turned("mean_squared_error")


@add_arg_scope
def mean_pairwise_squared_error(
    predictions: Any, labels: Any = None, weights: Any = 1.0, scope: Any = None
) -> Any:
    """The squared differences between the errors of each pair of entries of an example, the pair of an entry with itself
    included, which `tf.losses` leaves out."""
    with tf.name_scope(scope or "mean_pairwise_squared_error"):
        errors = tf.cast(predictions, tf.float32) - tf.cast(labels, tf.float32)
        errors = tf.reshape(errors, [tf.shape(errors)[0], -1])
        weights = tf.cast(weights, tf.float32)
        if weights.shape.rank not in (0, 1) and weights.shape.num_elements() != weights.shape.as_list()[0]:
            raise ValueError(f"weights must be a scalar, or one per example: {weights.shape}")
        weights = tf.reshape(weights, [-1])
        count = tf.cast(tf.shape(errors)[1], tf.float32) * tf.cast(tf.not_equal(weights, 0.0), tf.float32)
        squares = tf.math.divide_no_nan(tf.reduce_sum(tf.square(errors), 1), count)
        mean = tf.math.divide_no_nan(tf.reduce_sum(errors, 1), count)
        loss = tf.reduce_sum(weights * 2.0 * (squares - tf.square(mean)))
    losses.add_loss(loss)
    return loss


@add_arg_scope
def log_loss(
    predictions: Any, labels: Any = None, weights: Any = 1.0, epsilon: float = 1e-7, scope: Any = None
) -> Any:
    """`tf.losses.log_loss`, with predictions before labels."""
    return losses.log_loss(labels, predictions, weights, epsilon, scope)


@add_arg_scope
def hinge_loss(logits: Any, labels: Any = None, scope: Any = None) -> Any:
    """The hinge loss of each logit, for labels 0 and 1: of the shape of the logits, and in no collection."""
    with tf.name_scope(scope or "hinge_loss"):
        return tf.nn.relu(1.0 - (2.0 * tf.cast(labels, tf.float32) - 1.0) * tf.cast(logits, tf.float32))


@add_arg_scope
def cosine_distance(
    predictions: Any, labels: Any = None, axis: Any = None, weights: Any = 1.0, scope: Any = None
) -> Any:
    """`tf.losses.cosine_distance`, with predictions before labels."""
    return losses.cosine_distance(labels, predictions, axis, weights, scope)


@add_arg_scope
def sigmoid_cross_entropy(
    logits: Any, multi_class_labels: Any, weights: Any = 1.0, label_smoothing: float = 0, scope: Any = None
) -> Any:
    """`tf.losses.sigmoid_cross_entropy`, with logits before labels."""
    return losses.sigmoid_cross_entropy(multi_class_labels, logits, weights, label_smoothing, scope)


@add_arg_scope
def softmax_cross_entropy(
    logits: Any, onehot_labels: Any, weights: Any = 1.0, label_smoothing: float = 0, scope: Any = None
) -> Any:
    """`tf.losses.softmax_cross_entropy`, with logits before labels."""
    return losses.softmax_cross_entropy(onehot_labels, logits, weights, label_smoothing, scope)


@add_arg_scope
def sparse_softmax_cross_entropy(logits: Any, labels: Any, weights: Any = 1.0, scope: Any = None) -> Any:
    """`tf.losses.sparse_softmax_cross_entropy`, with logits before labels."""
    return losses.sparse_softmax_cross_entropy(labels, logits, weights, scope)


@add_arg_scope
def compute_weighted_loss(losses_: Any, weights: Any = 1.0, scope: Any = None) -> Any:
    """`tf.losses.compute_weighted_loss`."""
    return losses.compute_weighted_loss(losses_, weights, scope)


__all__ = [
    "absolute_difference", "add_loss", "compute_weighted_loss", "cosine_distance", "get_losses",
    "get_regularization_losses", "get_total_loss", "hinge_loss", "log_loss", "mean_pairwise_squared_error",
    "mean_squared_error", "metric_learning", "sigmoid_cross_entropy", "softmax_cross_entropy", "sparse_softmax_cross_entropy",
]  # fmt: skip
