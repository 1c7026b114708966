"""`tf.contrib.nn`: activations, and losses with the arguments in the order of before 1.0."""

from __future__ import annotations

from typing import Any

import headrace as tf
from headrace.api.compat_v1_names import find
from headrace.core import dtypes

_SATURATED = (
    -1.7580993408473766
)  # what the self-normalising unit of Klambauer et al. (2017) gives for minus infinity


def alpha_dropout(
    x: Any, keep_prob: Any, noise_shape: Any = None, seed: int | None = None, name: str | None = None
) -> Any:
    """Dropout that keeps mean and variance of self-normalising nets (Klambauer et al., 2017): what is dropped becomes the
    least value that their unit has.

    Raises:
      ValueError: `keep_prob` is not above 0 and up to 1."""
    if isinstance(keep_prob, (int, float)) and not 0 < keep_prob <= 1:
        raise ValueError(f"keep_prob must be a scalar tensor or a float in the range (0, 1], got {keep_prob}")
    with tf.name_scope(name or "alpha_dropout"):
        x = tf.convert_to_tensor(x)
        if isinstance(keep_prob, (int, float)) and keep_prob == 1:
            return x
        keep = tf.cast(keep_prob, x.dtype)
        shape = tf.shape(x) if noise_shape is None else noise_shape
        kept = tf.cast(tf.random.uniform(shape, seed=seed, dtype=x.dtype) >= 1 - keep, x.dtype)
        scale = (keep + keep * (1 - keep) * _SATURATED**2) ** -0.5
        return scale * (x * kept + _SATURATED * (1 - kept)) - scale * _SATURATED * (1 - keep)


def scaled_softplus(x: Any, alpha: Any, clip: Any = None, name: str | None = None) -> Any:
    """alpha * log(1 + exp(x / alpha)), at most `clip`."""
    with tf.name_scope(name or "scaled_softplus"):
        x = tf.convert_to_tensor(x)
        alpha = tf.cast(alpha, x.dtype)
        y = alpha * tf.nn.softplus(x / alpha)
        return y if clip is None else tf.minimum(y, tf.cast(clip, x.dtype))


def deprecated_flipped_softmax_cross_entropy_with_logits(
    logits: Any, labels: Any, dim: int = -1, name: str | None = None
) -> Any:
    """`tf.nn.softmax_cross_entropy_with_logits`, with the arguments in the order of before 1.0."""
    return find("nn.softmax_cross_entropy_with_logits")(labels=labels, logits=logits, dim=dim, name=name)


def deprecated_flipped_sparse_softmax_cross_entropy_with_logits(
    logits: Any, labels: Any, name: str | None = None
) -> Any:
    """`tf.nn.sparse_softmax_cross_entropy_with_logits`, with the arguments in the order of before 1.0."""
    return find("nn.sparse_softmax_cross_entropy_with_logits")(labels=labels, logits=logits, name=name)


def deprecated_flipped_sigmoid_cross_entropy_with_logits(
    logits: Any, targets: Any, name: str | None = None
) -> Any:
    """`tf.nn.sigmoid_cross_entropy_with_logits`, with the arguments in the order of before 1.0."""
    return find("nn.sigmoid_cross_entropy_with_logits")(labels=targets, logits=logits, name=name)


def nth_element(input: Any, n: Any, reverse: bool = False, name: str | None = None) -> Any:
    """The n-th smallest entry of each last dimension (the n-th largest with `reverse`), from 0."""
    ordered = tf.sort(tf.convert_to_tensor(input), direction="DESCENDING" if reverse else "ASCENDING")
    return tf.gather(ordered, n, axis=-1, name=name)


def conv1d_transpose(*args: Any, **kwargs: Any) -> Any:
    """`tf.nn.conv1d_transpose`."""
    return tf.nn.conv1d_transpose(*args, **kwargs)


def sampled_sparse_softmax_loss(
    weights: Any, biases: Any, labels: Any, inputs: Any, num_sampled: int, num_classes: int, sampled_values: Any = None,
    remove_accidental_hits: bool = True, partition_strategy: str = "mod", name: str = "sampled_sparse_softmax_loss",
) -> Any:  # fmt: skip
    """`tf.nn.sampled_softmax_loss` for one true class each: labels [batch] or [batch, 1]."""
    labels = tf.reshape(tf.cast(labels, dtypes.int64), [-1, 1])
    return find("nn.sampled_softmax_loss")(
        weights, biases, labels, inputs, num_sampled, num_classes, 1, sampled_values, remove_accidental_hits,
        partition_strategy, name,
    )  # fmt: skip


__all__ = [
    "alpha_dropout", "conv1d_transpose", "deprecated_flipped_sigmoid_cross_entropy_with_logits",
    "deprecated_flipped_softmax_cross_entropy_with_logits", "deprecated_flipped_sparse_softmax_cross_entropy_with_logits",
    "nth_element", "sampled_sparse_softmax_loss", "scaled_softplus",
]  # fmt: skip
