"""`tf.contrib.metrics`: the metrics of `tf.metrics` as `streaming_*`, with predictions before labels."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import headrace as tf
from headrace.api import compat_v1_metrics as metrics


def accuracy(predictions: Any, labels: Any, weights: Any = None, name: str | None = None) -> Any:
    """How many of the predictions are the labels: a tensor that keeps nothing from run to run.

    >>> import headrace as tf
    >>> float(accuracy(tf.constant([1, 2]), tf.constant([1, 3])))
    0.5
    """
    with tf.name_scope(name or "accuracy"):
        right = tf.cast(tf.equal(predictions, labels), tf.float32)
        if weights is None:
            return tf.reduce_mean(right)
        weights = tf.cast(weights, tf.float32)
        return tf.math.divide_no_nan(
            tf.reduce_sum(right * weights), tf.reduce_sum(weights * tf.ones_like(right))
        )


_OPTIONS = ("weights", "metrics_collections", "updates_collections", "name")


def _streaming(name: str, *between: str) -> Callable[..., Any]:
    """The metric with predictions first; `between` are its own arguments, which come before the common ones."""
    return _turned(name, (*between, *_OPTIONS))


def _at_other(name: str, wanted: str) -> Callable[..., Any]:
    return _turned(name, (wanted, "weights", "num_thresholds", *_OPTIONS[1:]))


def _turned(name: str, order: tuple[str, ...]) -> Callable[..., Any]:
    target = getattr(metrics, name)

    def metric(predictions: Any, labels: Any, *args: Any, **kwargs: Any) -> Any:
        if len(args) > len(order):
            raise TypeError(
                f"streaming_{name} takes at most {len(order) + 2} arguments, received {len(args) + 2}."
            )
        return target(labels=labels, predictions=predictions, **dict(zip(order, args)), **kwargs)

    metric.__name__ = metric.__qualname__ = f"streaming_{name}"
    metric.__doc__ = f"`tf.metrics.{name}`, with predictions before labels."
    return metric


streaming_mean, streaming_mean_tensor = metrics.mean, metrics.mean_tensor
streaming_accuracy, streaming_precision, streaming_recall = (
    _streaming("accuracy"), _streaming("precision"), _streaming("recall"),
)  # fmt: skip
streaming_mean_absolute_error, streaming_mean_squared_error = (
    _streaming("mean_absolute_error"), _streaming("mean_squared_error"),
)  # fmt: skip
streaming_root_mean_squared_error = _streaming("root_mean_squared_error")
streaming_true_positives, streaming_false_positives = (
    _streaming("true_positives"),
    _streaming("false_positives"),
)
streaming_false_negatives, streaming_true_negatives = (
    _streaming("false_negatives"),
    _streaming("true_negatives"),
)


streaming_precision_at_thresholds, streaming_recall_at_thresholds = (
    _streaming("precision_at_thresholds", "thresholds"), _streaming("recall_at_thresholds", "thresholds"),
)  # fmt: skip
streaming_mean_relative_error, streaming_mean_cosine_distance = (
    _streaming("mean_relative_error", "normalizer"), _streaming("mean_cosine_distance", "dim"),
)  # fmt: skip
streaming_true_positives_at_thresholds, streaming_false_positives_at_thresholds = (
    _streaming("true_positives_at_thresholds", "thresholds"), _streaming("false_positives_at_thresholds", "thresholds"),
)  # fmt: skip
streaming_true_negatives_at_thresholds, streaming_false_negatives_at_thresholds = (
    _streaming("true_negatives_at_thresholds", "thresholds"), _streaming("false_negatives_at_thresholds", "thresholds"),
)  # fmt: skip
streaming_percentage_less = metrics.percentage_below
set_difference, set_intersection, set_size, set_union = (
    tf.sets.difference, tf.sets.intersection, tf.sets.size, tf.sets.union,
)  # fmt: skip


def streaming_auc(
    predictions: Any, labels: Any, weights: Any = None, num_thresholds: int = 200, metrics_collections: Any = None,
    updates_collections: Any = None, curve: str = "ROC", name: str | None = None,
) -> Any:  # fmt: skip
    """`tf.metrics.auc`, with predictions before labels."""
    return metrics.auc(
        labels, predictions, weights, num_thresholds, metrics_collections, updates_collections, curve, name
    )


def streaming_mean_iou(
    predictions: Any, labels: Any, num_classes: int, weights: Any = None, metrics_collections: Any = None,
    updates_collections: Any = None, name: str | None = None,
) -> Any:  # fmt: skip
    """`tf.metrics.mean_iou`, with predictions before labels."""
    return metrics.mean_iou(
        labels, predictions, num_classes, weights, metrics_collections, updates_collections, name
    )


def streaming_recall_at_k(
    predictions: Any, labels: Any, k: int, weights: Any = None, metrics_collections: Any = None,
    updates_collections: Any = None, name: str | None = None,
) -> Any:  # fmt: skip
    """The fraction of labels that are among the `k` largest predictions of their rows."""
    hit = tf.cast(tf.nn.in_top_k(targets=labels, predictions=predictions, k=k), tf.float32)
    return metrics.mean(hit, weights, metrics_collections, updates_collections, name or f"recall_at_{k}")


def _of_classes(target: Callable[..., Any], name: str) -> Callable[..., Any]:
    def metric(
        predictions: Any, labels: Any, k: int, class_id: int | None = None, weights: Any = None,
        metrics_collections: Any = None, updates_collections: Any = None, name: str | None = None,
    ) -> Any:  # fmt: skip
        return target(
            labels, predictions, k, class_id, weights, metrics_collections, updates_collections, name
        )

    metric.__name__ = metric.__qualname__ = name
    metric.__doc__ = f"`tf.metrics.{target.__name__}`, with predictions before labels."
    return metric


streaming_sparse_precision_at_k = _of_classes(metrics.precision_at_k, "streaming_sparse_precision_at_k")
streaming_sparse_recall_at_k = _of_classes(metrics.recall_at_k, "streaming_sparse_recall_at_k")


def streaming_sparse_precision_at_top_k(
    top_k_predictions: Any, labels: Any, class_id: int | None = None, weights: Any = None, metrics_collections: Any = None,
    updates_collections: Any = None, name: str | None = None,
) -> Any:  # fmt: skip
    """`tf.metrics.precision_at_top_k`, with predictions before labels."""
    return metrics.precision_at_top_k(
        labels, top_k_predictions, None, class_id, weights, metrics_collections, updates_collections, name
    )


def sparse_recall_at_top_k(
    labels: Any, top_k_predictions: Any, class_id: int | None = None, weights: Any = None, metrics_collections: Any = None,
    updates_collections: Any = None, name: str | None = None,
) -> Any:  # fmt: skip
    """`tf.metrics.recall_at_top_k`."""
    return metrics.recall_at_top_k(
        labels, top_k_predictions, None, class_id, weights, metrics_collections, updates_collections, name
    )


def streaming_sparse_average_precision_at_k(
    predictions: Any, labels: Any, k: int, weights: Any = None, metrics_collections: Any = None,
    updates_collections: Any = None, name: str | None = None,
) -> Any:  # fmt: skip
    """`tf.metrics.average_precision_at_k`, with predictions before labels."""
    return metrics.average_precision_at_k(
        labels, predictions, k, weights, metrics_collections, updates_collections, name
    )


def streaming_sparse_average_precision_at_top_k(
    top_k_predictions: Any, labels: Any, weights: Any = None, metrics_collections: Any = None,
    updates_collections: Any = None, name: str | None = None,
) -> Any:  # fmt: skip
    """`tf.metrics.average_precision_at_k` of predictions that are given as the numbers of the classes, best first."""
    return metrics.average_precision_at_top_k(
        labels, top_k_predictions, weights, metrics_collections, updates_collections, name
    )


streaming_specificity_at_sensitivity, streaming_sensitivity_at_specificity = (
    _at_other("specificity_at_sensitivity", "sensitivity"), _at_other("sensitivity_at_specificity", "specificity"),
)  # fmt: skip


def aggregate_metrics(*value_update_tuples: Any) -> tuple[list[Any], list[Any]]:
    """`(value, update)` pairs as a list of values and a list of updates."""
    if not value_update_tuples:
        raise ValueError("Expected at least one value_tensor/update_op pair")
    values, updates = zip(*value_update_tuples)
    return list(values), list(updates)


def aggregate_metric_map(names_to_tuples: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """A dict of `(value, update)` pairs as a dict of values and one of updates."""
    return (
        {name: pair[0] for name, pair in names_to_tuples.items()},
        {name: pair[1] for name, pair in names_to_tuples.items()},
    )
