"""`tf.contrib.losses.metric_learning`: losses of embeddings, by how far apart these lie."""

from __future__ import annotations

import sys
from typing import Any

import headrace as tf
from headrace.api.compat_v1_graph import name_scope
from headrace.api.compat_v1_nn import softmax_cross_entropy_with_logits


def pairwise_distance(feature: Any, squared: bool = False) -> Any:
    """[n, d] points as the [n, n] distances between them, squared if asked for; those of points to themselves are 0.

    >>> import headrace as tf
    >>> pairwise_distance(tf.constant([[0.0, 0.0], [3.0, 4.0]])).numpy().tolist()
    [[0.0, 5.0], [5.0, 0.0]]
    """
    feature = tf.convert_to_tensor(feature)
    norms = tf.reduce_sum(tf.square(feature), 1)
    found = norms[:, tf.newaxis] + norms[tf.newaxis, :] - 2.0 * tf.matmul(feature, feature, transpose_b=True)
    found = tf.maximum(found, 0.0)  # rounding may make it less
    if not squared:
        none = tf.less_equal(found, 0.0)
        found = tf.sqrt(
            found + tf.cast(none, found.dtype) * 1e-16
        )  # the gradient of the root of 0 is infinite
        found *= tf.cast(tf.logical_not(none), found.dtype)
    return tf.linalg.set_diag(found, tf.zeros_like(norms))


def masked_maximum(data: Any, mask: Any, dim: int = 1) -> Any:
    """The largest value along an axis where `mask`, of ones and zeros, is one; the axis stays, with size 1."""
    least = tf.reduce_min(data, dim, keepdims=True)
    return tf.reduce_max((data - least) * mask, dim, keepdims=True) + least


def masked_minimum(data: Any, mask: Any, dim: int = 1) -> Any:
    """The smallest value along an axis where `mask`, of ones and zeros, is one; the axis stays, with size 1."""
    most = tf.reduce_max(data, dim, keepdims=True)
    return tf.reduce_min((data - most) * mask, dim, keepdims=True) + most


def contrastive_loss(
    labels: Any, embeddings_anchor: Any, embeddings_positive: Any, margin: float = 1.0
) -> Any:
    """Hadsell et al. (2006): pairs with label 1 are drawn together, those with label 0 pushed `margin` apart."""
    away = tf.sqrt(tf.reduce_sum(tf.math.squared_difference(embeddings_anchor, embeddings_positive), 1))
    together = tf.cast(labels, away.dtype)
    apart = tf.square(tf.maximum(margin - away, 0.0))
    return tf.reduce_mean(together * tf.square(away) + (1.0 - together) * apart, name="contrastive_loss")


def _same_label(labels: Any) -> Any:
    labels = tf.convert_to_tensor(labels)
    if labels.shape.rank not in (None, 1):
        raise ValueError(f"Labels must be a vector. Received shape {labels.shape}.")
    labels = tf.reshape(labels, [-1, 1])
    return tf.equal(labels, tf.transpose(labels))


def _other_positives(same: Any, dtype: Any) -> Any:
    """1.0 for pairs of different examples with one label."""
    same = tf.cast(same, dtype)
    return tf.linalg.set_diag(same, tf.zeros_like(same[0]))


def triplet_semihard_loss(labels: Any, embeddings: Any, margin: float = 1.0) -> Any:
    """Schroff et al. (2015): examples of one label lie `margin` closer (in squares) than the nearest one of another label
    that lies beyond; where there is none, than the one farthest away.

    Args:
      labels: [batch] ints.
      embeddings: [batch, size], of length 1.
    """
    away = pairwise_distance(embeddings, squared=True)
    same = _same_label(labels)
    negative = tf.logical_not(same)
    # [anchor, positive, negative]: whether the negative lies beyond the positive.
    beyond = tf.logical_and(
        negative[:, tf.newaxis, :], tf.greater(away[:, tf.newaxis, :], away[:, :, tf.newaxis])
    )
    wide = tf.broadcast_to(away[:, tf.newaxis, :], tf.shape(beyond))
    nearest = tf.squeeze(masked_minimum(wide, tf.cast(beyond, away.dtype), 2), 2)
    farthest = masked_maximum(away, tf.cast(negative, away.dtype)) + tf.zeros_like(away)
    positives = _other_positives(same, away.dtype)
    excess = margin + away - tf.where(tf.reduce_any(beyond, 2), nearest, farthest)
    return tf.divide(
        tf.reduce_sum(tf.maximum(excess * positives, 0.0)),
        tf.reduce_sum(positives),
        name="triplet_semihard_loss",
    )


def lifted_struct_loss(labels: Any, embeddings: Any, margin: float = 1.0) -> Any:
    """Song et al. (2015): each pair of one label against all that have another label, smoothly."""
    away = pairwise_distance(embeddings)
    same = _same_label(labels)
    negative = tf.cast(tf.logical_not(same), away.dtype)
    violation = margin - away
    hardest = masked_maximum(violation, negative)
    hardest = tf.maximum(hardest, tf.transpose(hardest))
    # [i, j]: over the negatives of j, with the largest exponent of the pair taken out
    sums = tf.reduce_sum(tf.exp(violation[tf.newaxis] - hardest[:, :, tf.newaxis]) * negative[tf.newaxis], 2)
    losses = hardest + tf.math.log(sums + tf.transpose(sums)) + away
    positives = _other_positives(same, away.dtype)
    total = tf.reduce_sum(tf.square(tf.maximum(losses * positives, 0.0)))
    return tf.divide(0.25 * total, tf.reduce_sum(positives) / 2.0, name="liftedstruct_loss")


def npairs_loss(
    labels: Any, embeddings_anchor: Any, embeddings_positive: Any, reg_lambda: float = 0.002, print_losses: bool = False
) -> Any:  # fmt: skip
    """Sohn (2016): each anchor is to be most like its own positive; embeddings are kept short by `reg_lambda`.

    Args:
      labels: [pairs] ints: pairs of one label count alike.
      embeddings_anchor, embeddings_positive: [pairs, size], not normalised.
      print_losses: whether to write both parts to the log when it runs.
    """
    return _npairs(
        tf.cast(_same_label(labels), tf.float32), embeddings_anchor, embeddings_positive, reg_lambda, print_losses
    )  # fmt: skip


def npairs_loss_multilabel(
    sparse_labels: Any, embeddings_anchor: Any, embeddings_positive: Any, reg_lambda: float = 0.002,
    print_losses: bool = False,
) -> Any:  # fmt: skip
    """`npairs_loss` of examples with several labels: pairs are alike by how many labels they share.

    Args:
      sparse_labels: for each pair a vector, as a `SparseTensor`, with ones for its labels.

    Raises:
      TypeError: they are none."""
    if not all(isinstance(s, tf.SparseTensor) for s in sparse_labels):
        raise TypeError(f"sparse_labels must be a list of SparseTensors, but got {sparse_labels}")
    with name_scope("NpairsLossMultiLabel"):
        rows = [tf.cast(tf.sparse.to_dense(s, validate_indices=False), tf.float32) for s in sparse_labels]
        labels = tf.reshape(tf.stack(rows), [len(rows), -1])
        shared = tf.reduce_sum(tf.minimum(labels[:, tf.newaxis], labels[tf.newaxis]), 2)
        return _npairs(shared, embeddings_anchor, embeddings_positive, reg_lambda, print_losses)


def _npairs(alike: Any, anchors: Any, positives: Any, strength: float, log: bool) -> Any:
    lengths = [tf.reduce_mean(tf.reduce_sum(tf.square(e), 1)) for e in (anchors, positives)]
    short = tf.multiply(0.25 * strength, lengths[0] + lengths[1], name="l2loss")
    logits = tf.matmul(anchors, positives, transpose_b=True)
    wanted = alike / tf.reduce_sum(alike, 1, keepdims=True)
    entropy = tf.reduce_mean(softmax_cross_entropy_with_logits(logits=logits, labels=wanted), name="xentropy")
    if log:
        entropy = tf.compat.v1.Print(entropy, ["cross entropy:", entropy, "l2loss:", short])
    return short + entropy


metric_loss_ops = sys.modules[__name__]  # the private module that has the same names

__all__ = [
    "contrastive_loss", "lifted_struct_loss", "npairs_loss", "npairs_loss_multilabel", "triplet_semihard_loss",
]  # fmt: skip
