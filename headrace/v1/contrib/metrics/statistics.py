"""Statistics of all values so far: covariance, correlation, agreement of raters, how many there were."""

from __future__ import annotations

from typing import Any

import headrace as tf
from headrace.core.scoping import called
from headrace.session.metrics import (
    accumulator,
    added,
    check_graph,
    collect,
    floats,
    ratio,
    same_shapes,
    scope,
    weighted,
)


def _sum_of_weights(values: Any, weights: Any) -> tuple[Any, Any]:
    """How much the values count together, and each of them (None: 1)."""
    if weights is None:
        return tf.cast(tf.size(values), tf.float32), None
    wide = weighted(values, weights)[1]
    return tf.reduce_sum(wide), wide


def streaming_covariance(
    predictions: Any, labels: Any, weights: Any = None, metrics_collections: Any = None, updates_collections: Any = None,
    name: str | None = None,
) -> Any:  # fmt: skip
    """The unbiased covariance of predictions and labels; NaN as long as they count no more than 1.

    Means and co-moment are corrected batch by batch (Chan et al., 1979), which is as good as having all values at once.
    """
    check_graph("streaming_covariance")
    with scope(name, "covariance"):
        labels, predictions = same_shapes(floats(labels), floats(predictions))
        count, mean_x, mean_y, comoment = (
            accumulator([], n) for n in ("count", "mean_prediction", "mean_label", "comoment")
        )
        batch, wide = _sum_of_weights(labels, weights)
        old_count, old_x, old_y = (tf.identity(v.value()) for v in (count, mean_x, mean_y))
        batch_x, batch_y = (
            ratio(tf.reduce_sum(v if wide is None else v * wide), batch) for v in (predictions, labels)
        )
        both = (predictions - batch_x) * (labels - batch_y)
        total = tf.reduce_sum(both if wide is None else both * wide)
        share = ratio(batch, old_count + batch)
        change = total + (old_x - batch_x) * (old_y - batch_y) * (old_count * share)
        amounts = [batch, (batch_x - old_x) * share, (batch_y - old_y) * share, change]
        with tf.control_dependencies([old_count, old_x, old_y, *amounts]):
            new = added([count, mean_x, mean_y, comoment], amounts)

        def finish(n: Any, moment: Any) -> Any:
            return tf.where(n <= 1.0, tf.constant(float("nan")), moment / (n - 1.0))

        value = finish(count.value(), comoment.value())
        with tf.control_dependencies(new):
            update = finish(new[0], new[3])
        return collect(value, update, metrics_collections, updates_collections, "covariance", "update_op")


def streaming_pearson_correlation(
    predictions: Any, labels: Any, weights: Any = None, metrics_collections: Any = None, updates_collections: Any = None,
    name: str | None = None,
) -> Any:  # fmt: skip
    """Pearson's correlation of predictions and labels."""
    check_graph("streaming_pearson_correlation")
    with scope(name, "pearson_r"):
        labels, predictions = same_shapes(floats(labels), floats(predictions))
        pairs = [
            streaming_covariance(a, b, weights, name=n)
            for a, b, n in (
                (predictions, labels, "covariance"),
                (predictions, predictions, "variance_predictions"),
                (labels, labels, "variance_labels"),
            )
        ]
        value, update = (
            both / (tf.sqrt(of_x) * tf.sqrt(of_y)) for both, of_x, of_y in zip(*pairs, strict=True)
        )
        return collect(value, update, metrics_collections, updates_collections, "pearson_r", "update_op")


def count(
    values: Any, weights: Any = None, metrics_collections: Any = None, updates_collections: Any = None,
    name: str | None = None,
) -> Any:  # fmt: skip
    """How many values there were, or the sum of their weights."""
    check_graph("count")
    with scope(name, "count"):
        values = tf.convert_to_tensor(values)
        counted = accumulator([], "count")
        amount = _sum_of_weights(values if weights is None else floats(values), weights)[0]
        update = added([counted], [amount])[0]
        return collect(counted.value(), update, metrics_collections, updates_collections)


def cohen_kappa(
    labels: Any, predictions_idx: Any, num_classes: int, weights: Any = None, metrics_collections: Any = None,
    updates_collections: Any = None, name: str | None = None,
) -> Any:  # fmt: skip
    """Cohen's kappa: how much two raters agree beyond what chance would make them.

    Args:
      labels, predictions_idx: the classes, of `num_classes`, that either gives.
    """
    check_graph("cohen_kappa")
    if num_classes < 2:
        raise ValueError(f"`num_classes` must be >= 2. Found: {num_classes}")
    with scope(name, "cohen_kappa"):
        labels, predictions = (tf.convert_to_tensor(x) for x in (labels, predictions_idx))
        flat = [tf.reshape(tf.cast(x, tf.int64), [-1]) for x in same_shapes(labels, predictions)]
        whole = weights is None or tf.convert_to_tensor(weights).dtype.is_integer
        kind = tf.int64 if whole else tf.float32
        by_class = [accumulator([num_classes], n, kind) for n in ("po", "pe_row", "pe_col")]
        wide = None if weights is None else tf.reshape(tf.cast(weights, kind), [-1])
        table = tf.math.confusion_matrix(flat[0], flat[1], num_classes, wide, kind)
        amounts = [tf.linalg.diag_part(table), tf.reduce_sum(table, 0), tf.reduce_sum(table, 1)]
        update = added(by_class, amounts)

        def finish(right: Any, rows: Any, columns: Any) -> Any:
            right, rows, columns = (tf.cast(x, tf.float64) for x in (right, rows, columns))
            total = tf.reduce_sum(rows)
            chance = tf.reduce_sum(ratio(rows * columns, total))
            return ratio(tf.reduce_sum(right) - chance, total - chance)

        values = finish(*[v.value() for v in by_class]), finish(*update)
        return collect(*values, metrics_collections, updates_collections, "value", "update_op")


def confusion_matrix(
    labels: Any, predictions: Any, num_classes: int | None = None, dtype: Any = tf.int32, name: str | None = None,
    weights: Any = None,
) -> Any:  # fmt: skip
    """`tf.confusion_matrix`: a tensor that keeps nothing from run to run."""
    return called(tf.math.confusion_matrix(labels, predictions, num_classes, weights, dtype, name))
