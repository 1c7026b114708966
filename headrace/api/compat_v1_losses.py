"""`tf.compat.v1.losses`: weighted losses, collected in their graph."""

from __future__ import annotations

from typing import Any

from headrace.core import dtypes
from headrace.core.convert import to_tensor
from headrace.core.graph import current_scope, get_default_graph
from headrace.core.op import lookup
from headrace.core.scoping import called, scoped
from headrace.core.state import state
from headrace.session.keys import GraphKeys

from . import nn
from .dtypes import cast
from .math import abs as absolute
from .math import add_n, log, maximum, minimum, reduce_sum, square


class Reduction:
    """How the losses of the entries become one."""

    NONE = "none"
    SUM = "weighted_sum"
    SUM_OVER_BATCH_SIZE = "weighted_sum_over_batch_size"
    MEAN = "weighted_mean"
    SUM_OVER_NONZERO_WEIGHTS = "weighted_sum_by_nonzero_weights"
    SUM_BY_NONZERO_WEIGHTS = "weighted_sum_by_nonzero_weights"

    @classmethod
    def all(cls) -> tuple[str, ...]:
        return (
            cls.NONE,
            cls.SUM,
            cls.MEAN,
            cls.SUM_OVER_BATCH_SIZE,
            cls.SUM_OVER_NONZERO_WEIGHTS,
            cls.SUM_BY_NONZERO_WEIGHTS,
        )

    @classmethod
    def validate(cls, key: str) -> None:
        if key not in cls.all():
            raise ValueError(f"Invalid Reduction Key {key}.")


_DEFAULT = Reduction.SUM_BY_NONZERO_WEIGHTS


def add_loss(loss: Any, loss_collection: Any = GraphKeys.LOSSES) -> None:
    """Adds a loss to the collection."""
    if loss_collection and state.graph is not None:
        get_default_graph().add_to_collection(loss_collection, loss)


def get_losses(scope: str | None = None, loss_collection: Any = GraphKeys.LOSSES) -> list[Any]:
    """The losses of the collection."""
    return get_default_graph().get_collection(loss_collection, scope)


def get_regularization_losses(scope: str | None = None) -> list[Any]:
    """The regularisation losses of the graph's variables."""
    return get_default_graph().get_collection(GraphKeys.REGULARIZATION_LOSSES, scope)


def get_regularization_loss(scope: str | None = None, name: str = "total_regularization_loss") -> Any:
    """The sum of the regularisation losses; 0 if there are none."""
    losses = get_regularization_losses(scope)
    return add_n(losses, name=name) if losses else to_tensor(0.0)


def get_total_loss(
    add_regularization_losses: bool = True, name: str = "total_loss", scope: str | None = None
) -> Any:
    """The sum of all losses of the graph, with the regularisation losses.

    Raises:
      ValueError: there is none.
    """
    losses = get_losses(scope)
    if add_regularization_losses:
        losses = losses + get_regularization_losses(scope)
    if not losses:
        raise ValueError("There are no losses in the graph's collections: compute one, or add_loss it.")
    return add_n(losses, name=name)


def _weights_for(losses: Any, weights: Any) -> Any:
    """The weights as float32, checked to fit: a scalar, or of the losses' rank with sizes of theirs or 1."""
    weights = cast(to_tensor(weights), dtypes.float32)
    a, b = weights._raw_shape, losses._raw_shape
    if a is not None and b is not None and len(a):
        fits = len(a) == len(b) and all(x is None or y is None or x in (1, y) for x, y in zip(a, b))
        if not fits:
            raise ValueError(
                f"weights can not be broadcast to values. values.rank={len(b)}. weights.rank={len(a)}. values.shape={b}. "
                f"weights.shape={a}."
            )
    return weights


def _safe_mean(total: Any, n: Any) -> Any:
    from .math import divide_no_nan

    return divide_no_nan(total, n)


@scoped("weighted_loss", None, argument="scope")
def compute_weighted_loss(
    losses: Any, weights: Any = 1.0, scope: str | None = None, loss_collection: Any = GraphKeys.LOSSES,
    reduction: str = _DEFAULT,
) -> Any:  # fmt: skip
    """Weights the losses of entries and reduces them to one, which is added to the collection.

    Args:
      weights: a number, or a tensor that broadcasts to `losses` without adding dimensions.
      reduction: one of `Reduction`.
    """
    Reduction.validate(reduction)
    losses = to_tensor(losses)
    original = losses._dtype
    losses = cast(losses, dtypes.float32)
    weights = _weights_for(losses, weights)
    loss = losses * weights
    if reduction != Reduction.NONE:
        loss = reduce_sum(loss)
        everywhere = lookup("OnesLike")(losses)
        if reduction == Reduction.MEAN:
            loss = _safe_mean(loss, reduce_sum(everywhere * weights))
        elif reduction == Reduction.SUM_BY_NONZERO_WEIGHTS:
            used = cast(lookup("NotEqual")(weights, 0.0), dtypes.float32)
            loss = _safe_mean(loss, reduce_sum(everywhere * used))
        elif reduction == Reduction.SUM_OVER_BATCH_SIZE:
            loss = _safe_mean(loss, cast(lookup("Size")(losses), dtypes.float32))
    called(loss, {Reduction.NONE: "Mul", Reduction.SUM: "Sum"}.get(reduction, "value"))
    loss = cast(loss, original)
    add_loss(loss, loss_collection)
    return loss


def _pair(labels: Any, predictions: Any) -> tuple[Any, Any]:
    for name, value in (("labels", labels), ("predictions", predictions)):
        if value is None:
            raise ValueError(f"Argument `{name}` must not be None.")
    predictions = cast(to_tensor(predictions), dtypes.float32)
    labels = cast(to_tensor(labels), dtypes.float32)
    predictions.shape.assert_is_compatible_with(labels.shape)
    return labels, predictions


@scoped("absolute_difference", None, argument="scope")
def absolute_difference(
    labels: Any, predictions: Any, weights: Any = 1.0, scope: str | None = None, loss_collection: Any = GraphKeys.LOSSES,
    reduction: str = _DEFAULT,
) -> Any:  # fmt: skip
    """|predictions - labels|."""
    labels, predictions = _pair(labels, predictions)
    return compute_weighted_loss(
        absolute(predictions - labels), weights, current_scope(), loss_collection, reduction
    )


@scoped("cosine_distance_loss", None, argument="scope")
def cosine_distance(
    labels: Any, predictions: Any, axis: int | None = None, weights: Any = 1.0, scope: str | None = None,
    loss_collection: Any = GraphKeys.LOSSES, reduction: str = _DEFAULT, dim: int | None = None,
) -> Any:  # fmt: skip
    """1 - labels · predictions, along `axis`, of vectors that have norm 1."""
    axis = dim if axis is None else axis
    if axis is None:
        raise ValueError("You must specify argument `axis`.")
    labels, predictions = _pair(labels, predictions)
    losses = 1 - reduce_sum(predictions * labels, axis=axis, keepdims=True)
    return compute_weighted_loss(losses, weights, current_scope(), loss_collection, reduction)


@scoped("hinge_loss", None, argument="scope")
def hinge_loss(
    labels: Any, logits: Any, weights: Any = 1.0, scope: str | None = None, loss_collection: Any = GraphKeys.LOSSES,
    reduction: str = _DEFAULT,
) -> Any:  # fmt: skip
    """max(0, 1 - l · logits), where l is 1 for labels of 1, and -1 for 0."""
    labels, logits = _pair(labels, logits)
    losses = nn.relu(1 - (2 * labels - 1) * logits)
    return compute_weighted_loss(losses, weights, current_scope(), loss_collection, reduction)


@scoped("huber_loss", None, argument="scope")
def huber_loss(
    labels: Any, predictions: Any, weights: Any = 1.0, delta: float = 1.0, scope: str | None = None,
    loss_collection: Any = GraphKeys.LOSSES, reduction: str = _DEFAULT,
) -> Any:  # fmt: skip
    """Half the squared error up to `delta`, and linear from there on (Huber, 1964)."""
    labels, predictions = _pair(labels, predictions)
    error = absolute(predictions - labels)
    small = minimum(error, delta)
    losses = 0.5 * square(small) + delta * (error - small)
    return compute_weighted_loss(losses, weights, current_scope(), loss_collection, reduction)


@scoped("log_loss", None, argument="scope")
def log_loss(
    labels: Any, predictions: Any, weights: Any = 1.0, epsilon: float = 1e-7, scope: str | None = None,
    loss_collection: Any = GraphKeys.LOSSES, reduction: str = _DEFAULT,
) -> Any:  # fmt: skip
    """-labels · log(predictions) - (1 - labels) · log(1 - predictions)."""
    labels, predictions = _pair(labels, predictions)
    losses = -labels * log(predictions + epsilon) - (1 - labels) * log(1 - predictions + epsilon)
    return compute_weighted_loss(losses, weights, current_scope(), loss_collection, reduction)


@scoped("mean_squared_error", None, argument="scope")
def mean_squared_error(
    labels: Any, predictions: Any, weights: Any = 1.0, scope: str | None = None, loss_collection: Any = GraphKeys.LOSSES,
    reduction: str = _DEFAULT,
) -> Any:  # fmt: skip
    """(predictions - labels)².

    >>> import headrace as tf
    >>> float(tf.compat.v1.losses.mean_squared_error([1.0, 2.0], [1.0, 4.0]))
    2.0
    """
    labels, predictions = _pair(labels, predictions)
    return compute_weighted_loss(
        square(predictions - labels), weights, current_scope(), loss_collection, reduction
    )


@scoped("mean_pairwise_squared_error", "value_2", argument="scope")
def mean_pairwise_squared_error(
    labels: Any,
    predictions: Any,
    weights: Any = 1.0,
    scope: str | None = None,
    loss_collection: Any = GraphKeys.LOSSES,
) -> Any:
    """The mean over pairs of entries of a sample of ((pᵢ - pⱼ) - (lᵢ - lⱼ))², summed over the samples."""
    labels, predictions = _pair(labels, predictions)
    weights = cast(to_tensor(weights), dtypes.float32)
    diffs = predictions - labels
    rank = len(diffs._raw_shape or ())
    axes = list(range(1, rank))
    squares = reduce_sum(square(diffs), axis=axes, keepdims=True)
    n = reduce_sum(lookup("OnesLike")(diffs), axis=axes, keepdims=True)
    pairs = maximum(n - 1, 0.0)
    first = 2.0 * _safe_mean(squares, pairs)
    total = reduce_sum(diffs, axis=axes, keepdims=True)
    second = 2.0 * _safe_mean(square(total), n * pairs)
    used = lookup("OnesLike")(diffs) * cast(lookup("NotEqual")(weights, 0.0), dtypes.float32)
    present = cast(reduce_sum(used, axis=axes, keepdims=True) > 0.0, dtypes.float32)
    loss = reduce_sum((first - second) * present * weights)
    loss = lookup("SelectV2")(reduce_sum(used) > 0, loss, lookup("ZerosLike")(loss))
    add_loss(loss, loss_collection)
    return loss


@scoped("sigmoid_cross_entropy_loss", None, argument="scope")
def sigmoid_cross_entropy(
    multi_class_labels: Any, logits: Any, weights: Any = 1.0, label_smoothing: float = 0, scope: str | None = None,
    loss_collection: Any = GraphKeys.LOSSES, reduction: str = _DEFAULT,
) -> Any:  # fmt: skip
    """The cross entropy of sigmoid(logits). `label_smoothing` moves labels towards 1/2."""
    logits = to_tensor(logits)
    labels = cast(to_tensor(multi_class_labels), logits._dtype)
    logits.shape.assert_is_compatible_with(labels.shape)
    if label_smoothing > 0:
        labels = labels * (1 - label_smoothing) + 0.5 * label_smoothing
    losses = nn.sigmoid_cross_entropy_with_logits(labels, logits)
    return compute_weighted_loss(losses, weights, current_scope(), loss_collection, reduction)


@scoped("softmax_cross_entropy_loss", None, argument="scope")
def softmax_cross_entropy(
    onehot_labels: Any, logits: Any, weights: Any = 1.0, label_smoothing: float = 0, scope: str | None = None,
    loss_collection: Any = GraphKeys.LOSSES, reduction: str = _DEFAULT,
) -> Any:  # fmt: skip
    """The cross entropy of softmax(logits). `label_smoothing` moves labels towards the uniform distribution."""
    logits = to_tensor(logits)
    labels = cast(to_tensor(onehot_labels), logits._dtype)
    logits.shape.assert_is_compatible_with(labels.shape)
    if label_smoothing > 0:
        classes = cast(lookup("Shape")(labels)[1], logits._dtype)
        labels = labels * (1 - label_smoothing) + label_smoothing / classes
    losses = nn.softmax_cross_entropy_with_logits(lookup("StopGradient")(labels), logits)
    return compute_weighted_loss(losses, weights, current_scope(), loss_collection, reduction)


@scoped("sparse_softmax_cross_entropy_loss", None, argument="scope")
def sparse_softmax_cross_entropy(
    labels: Any, logits: Any, weights: Any = 1.0, scope: str | None = None, loss_collection: Any = GraphKeys.LOSSES,
    reduction: str = _DEFAULT,
) -> Any:  # fmt: skip
    """The cross entropy of softmax(logits) and classes given by number; a last dimension of 1 in `labels` is dropped."""
    labels, logits, weights = to_tensor(labels), to_tensor(logits), to_tensor(weights)
    if (
        labels._raw_shape is not None
        and logits._raw_shape is not None
        and len(labels._raw_shape) == len(logits._raw_shape)
    ):
        labels = lookup("Squeeze")(labels, squeeze_dims=[-1])
    losses = nn.sparse_softmax_cross_entropy_with_logits(labels, logits)
    a, b = weights._raw_shape, losses._raw_shape
    if a is not None and b is not None and len(a) == len(b) + 1 and a[-1] in (1, None):
        weights = lookup("Squeeze")(weights, squeeze_dims=[-1])
    return compute_weighted_loss(losses, weights, current_scope(), loss_collection, reduction)


__all__ = [
    "Reduction", "absolute_difference", "add_loss", "compute_weighted_loss", "cosine_distance", "get_losses",
    "get_regularization_loss", "get_regularization_losses", "get_total_loss", "hinge_loss", "huber_loss", "log_loss",
    "mean_pairwise_squared_error", "mean_squared_error", "sigmoid_cross_entropy",
    "softmax_cross_entropy", "sparse_softmax_cross_entropy",
]  # fmt: skip
ROOT: list[str] = []
NAMES = {"losses": __all__}
