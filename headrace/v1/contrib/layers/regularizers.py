"""Regularisers of `tf.contrib.layers`: functions of a variable that give what is added to the loss."""

from __future__ import annotations

import numbers
from collections.abc import Callable
from typing import Any

import headrace as tf
from headrace.core.graph import get_default_graph
from headrace.session.keys import GraphKeys


def _checked(scale: Any, what: str = "scale") -> None:
    if isinstance(scale, numbers.Integral):
        raise ValueError(f"{what} cannot be an integer: {scale}")
    if isinstance(scale, numbers.Real) and scale < 0.0:
        raise ValueError(f"Setting a {what} less than 0 on a regularizer: {scale}")


def l1_regularizer(scale: Any, scope: str | None = None) -> Callable[[Any], Any]:
    """`scale` times the sum of absolute values; None for a scale of 0.0."""
    return _regularizer(scale, scope, "l1_regularizer", lambda w: tf.reduce_sum(tf.abs(w)))


def l2_regularizer(scale: Any, scope: str | None = None) -> Callable[[Any], Any]:
    """`scale` times half the sum of squares; None for a scale of 0.0.

    >>> import headrace as tf
    >>> float(l2_regularizer(0.5)(tf.constant([2.0, 2.0])))
    2.0
    """
    return _regularizer(scale, scope, "l2_regularizer", tf.nn.l2_loss)


def _regularizer(
    scale: Any, scope: str | None, name: str, norm: Callable[[Any], Any]
) -> Callable[[Any], Any]:
    _checked(scale)
    if isinstance(scale, numbers.Real) and scale == 0.0:
        return lambda _: None

    def regularizer(weights: Any) -> Any:
        with tf.name_scope(scope or name) as result:
            weights = tf.convert_to_tensor(weights)
            return tf.multiply(tf.cast(scale, weights.dtype), norm(weights), name=result)

    return regularizer


def l1_l2_regularizer(
    scale_l1: Any = 1.0, scale_l2: Any = 1.0, scope: str | None = None
) -> Callable[[Any], Any]:
    """The sum of both."""
    for what, scale in (("scale_l1", scale_l1), ("scale_l2", scale_l2)):
        if isinstance(scale, numbers.Integral):
            raise ValueError(f"{what} cannot be an integer: {scale}")
    if not scale_l1:
        return l2_regularizer(scale_l2, scope)
    if not scale_l2:
        return l1_regularizer(scale_l1, scope)
    return sum_regularizer([l1_regularizer(scale_l1), l2_regularizer(scale_l2)], scope or "l1_l2_regularizer")


def sum_regularizer(regularizer_list: Any, scope: str | None = None) -> Any:
    """The sum of several; None for none."""
    regularizers = [r for r in regularizer_list if r is not None]
    if not regularizers:
        return None

    def regularizer(weights: Any) -> Any:
        with tf.name_scope(scope or "sum_regularizer") as name:
            values = [v for v in (r(weights) for r in regularizers) if v is not None]
            return tf.add_n(values, name=name) if values else None

    return regularizer


def apply_regularization(regularizer: Callable[[Any], Any], weights_list: Any = None) -> Any:
    """The regulariser's sum over variables (those of the collection "weights", if none are given), as a loss of the collection
    "regularization_losses".

    Raises:
      ValueError: there are no weights, or a result is no scalar."""
    weights = list(weights_list or get_default_graph().get_collection(GraphKeys.WEIGHTS))
    if not weights:
        raise ValueError("No weights to regularize.")
    with tf.name_scope("get_regularization_penalty") as name:
        penalties = [regularizer(w) for w in weights]
        penalties = [tf.constant(0.0) if p is None else p for p in penalties]
        for p in penalties:
            if p.shape.rank != 0:
                raise ValueError(
                    f"regularizer must return a scalar Tensor instead of a Tensor with rank {p.shape.rank}."
                )
        total = tf.add_n(penalties, name=name)
    get_default_graph().add_to_collection(GraphKeys.REGULARIZATION_LOSSES, total)
    return total
