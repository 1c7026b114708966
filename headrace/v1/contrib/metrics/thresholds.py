"""Metrics of counts at thresholds: rates, points of curves, the best that a threshold can give."""

from __future__ import annotations

from collections import namedtuple
from collections.abc import Callable, Sequence
from typing import Any

import headrace as tf
from headrace.api import compat_v1_control as checks
from headrace.api.compat_v1_initializers import zeros_initializer
from headrace.session.metrics import accumulator, check_graph, collect, confusion, ratio, same_shapes, scope
from headrace.session.scopes import get_variable

_EDGE = 1e-7


def _thresholds(n: int) -> list[float]:
    return [-_EDGE, *[(i + 1) / (n - 1) for i in range(n - 2)], 1.0 + _EDGE]


def _at_thresholds(
    labels: Any, predictions: Any, thresholds: Sequence[float], weights: Any, kinds: Sequence[str],
    finish: Callable[..., Any], metrics_collections: Any, updates_collections: Any, name: str | None, default: str,
    ends: Sequence[str] = ("value", "update_op"), cast: Callable[[Any], Any] = lambda x: x,
) -> Any:  # fmt: skip
    """The pair of a metric that `finish` computes from counts of these kinds."""
    check_graph(default)
    with scope(name, default):
        values, updates = confusion(labels, cast(predictions), list(thresholds), weights, kinds)
        pair = [finish(*[counts[k] for k in kinds]) for counts in (values, updates)]
        return collect(*pair, metrics_collections, updates_collections, *ends)


def _rate(default: str, wrong: str, right: str) -> tuple[Callable[..., Any], Callable[..., Any]]:
    """How often predictions are wrong where the labels are of one kind: of bools, and at thresholds."""

    def single(
        predictions: Any, labels: Any, weights: Any = None, metrics_collections: Any = None,
        updates_collections: Any = None, name: str | None = None,
    ) -> Any:  # fmt: skip
        return _at_thresholds(
            labels, predictions, [0.5], weights, (wrong, right), lambda a, b: tf.reshape(ratio(a, a + b), []),
            metrics_collections, updates_collections, name, default,
            cast=lambda x: tf.cast(tf.cast(x, tf.bool), tf.float32),
        )  # fmt: skip

    def several(
        predictions: Any, labels: Any, thresholds: Sequence[float], weights: Any = None, metrics_collections: Any = None,
        updates_collections: Any = None, name: str | None = None,
    ) -> Any:  # fmt: skip
        return _at_thresholds(
            labels, predictions, thresholds, weights, (wrong, right), lambda a, b: a / (_EDGE + a + b),
            metrics_collections, updates_collections, name, f"{default}_at_thresholds",
        )  # fmt: skip

    single.__name__ = single.__qualname__ = f"streaming_{default}"
    several.__name__ = several.__qualname__ = f"streaming_{default}_at_thresholds"
    of = "negative" if wrong == "fp" else "positive"
    single.__doc__ = (
        f"The share of {of} labels that are predicted to be the opposite; both are taken as bools."
    )
    several.__doc__ = f"The share of {of} labels on the wrong side of each threshold."
    return single, several


streaming_false_positive_rate, streaming_false_positive_rate_at_thresholds = _rate(
    "false_positive_rate", "fp", "tn"
)
streaming_false_negative_rate, streaming_false_negative_rate_at_thresholds = _rate(
    "false_negative_rate", "fn", "tp"
)


def streaming_curve_points(
    labels: Any = None, predictions: Any = None, weights: Any = None, num_thresholds: int = 200,
    metrics_collections: Any = None, updates_collections: Any = None, curve: str = "ROC", name: str | None = None,
) -> Any:  # fmt: skip
    """[thresholds, 2]: points of the ROC curve (false positive rate, recall) or of "PR" (recall, precision)."""
    check_graph("streaming_curve_points")
    if curve not in ("ROC", "PR"):
        raise ValueError(f"curve must be either ROC or PR, {curve} unknown")
    small, kinds = 1e-6, ("tp", "fn", "tn", "fp")
    with scope(name, "curve_points"):
        values, updates = confusion(labels, predictions, _thresholds(num_thresholds), weights, kinds)
        tp, fn, tn, fp = (values[k] for k in kinds)
        recall = (tp + small) / (tp + fn + small)
        xs, ys = (
            (fp / (fp + tn + small), recall) if curve == "ROC" else (recall, (tp + small) / (tp + fp + small))
        )
        update = tf.group(*updates.values())
        return collect(tf.stack([xs, ys], axis=1), update, metrics_collections, updates_collections)


def precision_recall_at_equal_thresholds(
    labels: Any, predictions: Any, weights: Any = None, num_thresholds: int | None = None, use_locking: bool | None = None,
    name: str | None = None,
) -> Any:  # fmt: skip
    """Counts, precision and recall at 0, 1 / (n - 1) … 1: one addition for each prediction, however many thresholds.

    Args:
      labels: bools.
      predictions: from 0 to 1.
      num_thresholds: 201 if not given.
      use_locking: accepted: additions are always whole.

    Returns:
      A named tuple of `tp`, `fp`, `tn`, `fn`, `precision`, `recall`, `thresholds`, each [num_thresholds], and the update.
    """
    check_graph("precision_recall_at_equal_thresholds")
    n = 201 if num_thresholds is None else num_thresholds
    with scope(name, "precision_recall_at_equal_thresholds"):
        labels, predictions = tf.convert_to_tensor(labels), tf.convert_to_tensor(predictions)
        if labels.dtype is not tf.bool:
            raise TypeError(f"Labels must be bools. Received dtype {labels.dtype.name}.")
        message = "predictions must be in [0, 1]"
        within = [
            checks.assert_greater_equal(predictions, tf.zeros([], predictions.dtype), message=message),
            checks.assert_less_equal(predictions, tf.ones([], predictions.dtype), message=message),
        ]
        with tf.control_dependencies(within):
            labels, predictions = same_shapes(labels, tf.identity(predictions))
        true = tf.cast(labels, tf.float64)
        weights = tf.cast(1.0 if weights is None else weights, tf.float64)
        where = tf.reshape(tf.cast(tf.floor(predictions * (n - 1)), tf.int32), [-1])
        updates, counts = [], []
        for kind, hits in (("tp", true * weights), ("fp", (1.0 - true) * weights)):
            buckets = accumulator([n], f"{kind}_buckets", tf.float64)
            added = tf.math.unsorted_segment_sum(tf.reshape(hits, [-1]), where, n)
            updates.append(buckets.assign_add(added))
            counts.append(tf.cumsum(buckets.value(), reverse=True))
        tp, fp = counts
        tn, fn = fp[0] - fp, tp[0] - tp
        precision, recall = (tp / tf.maximum(tf.constant(_EDGE, tf.float64), tp + x) for x in (fp, fn))
        found = PrecisionRecallData(tp, fp, tn, fn, precision, recall, tf.linspace(0.0, 1.0, n))
        return PrecisionRecallData(*[tf.cast(v, predictions.dtype) for v in found]), tf.group(*updates)


PrecisionRecallData = namedtuple(
    "PrecisionRecallData", ["tp", "fp", "tn", "fn", "precision", "recall", "thresholds"]
)


def f1_score(
    labels: Any, predictions: Any, weights: Any = None, num_thresholds: int = 200, metrics_collections: Any = None,
    updates_collections: Any = None, name: str | None = None,
) -> Any:  # fmt: skip
    """The F1 score, the harmonic mean of precision and recall, at the threshold that makes it largest."""

    def best(tp: Any, fp: Any, fn: Any) -> Any:
        precision, recall = tp / (_EDGE + tp + fp), tp / (_EDGE + tp + fn)
        return tf.reduce_max(2.0 * precision * recall / (precision + recall + _EDGE))

    return _at_thresholds(
        labels, predictions, _thresholds(num_thresholds), weights, ("tp", "fp", "fn"), best, metrics_collections,
        updates_collections, name, "f1",
    )  # fmt: skip


def recall_at_precision(
    labels: Any, predictions: Any, precision: float, weights: Any = None, num_thresholds: int = 200,
    metrics_collections: Any = None, updates_collections: Any = None, name: str | None = None, strict_mode: bool = False,
) -> Any:  # fmt: skip
    """The recall at the threshold where the precision is nearest to the wanted one.

    Args:
      strict_mode: the threshold is the first with the least precision that is enough; 0 where none is.
    """
    if not 0 <= precision <= 1:
        raise ValueError("`precision` must be in the range [0, 1].")

    def best(tp: Any, fp: Any, fn: Any) -> Any:
        precisions, recalls = tp / (tp + fp + _EDGE), tp / (tp + fn + _EDGE)
        if not strict_mode:
            return tf.gather(recalls, tf.argmin(tf.abs(precisions - precision)))
        at = tf.argmax(1.0 / (precisions - precision + _EDGE))
        return tf.where(tf.gather(precisions, at) >= precision, tf.gather(recalls, at), 0.0)

    return _at_thresholds(
        labels, predictions, _thresholds(num_thresholds), weights, ("tp", "fp", "fn"), best, metrics_collections,
        updates_collections, name, "recall_at_precision",
    )  # fmt: skip


def precision_at_recall(
    labels: Any, predictions: Any, target_recall: float, weights: Any = None, num_thresholds: int = 200,
    metrics_collections: Any = None, updates_collections: Any = None, name: str | None = None,
) -> Any:  # fmt: skip
    """The precision at the highest threshold where the recall is enough."""
    if not 0 <= target_recall <= 1:
        raise ValueError("`target_recall` must be in the range [0, 1].")

    def best(tp: Any, fp: Any, fn: Any) -> Any:
        enough = tf.reduce_sum(tf.cast(tp / (tp + fn + _EDGE) >= target_recall, tf.int32))
        # Where none is, the last threshold counts, as -1 says in TensorFlow's slices.
        at = tf.math.floormod(enough - 1, num_thresholds)
        return tf.gather((tp + _EDGE) / (tp + fp + _EDGE), at)

    return _at_thresholds(
        labels, predictions, _thresholds(num_thresholds), weights, ("tp", "fp", "fn"), best, metrics_collections,
        updates_collections, name, "precision_at_recall",
    )  # fmt: skip


def auc_using_histogram(
    boolean_labels: Any, scores: Any, score_range: Any, nbins: int = 100, collections: Any = None, check_shape: bool = True,
    name: str | None = None,
) -> Any:  # fmt: skip
    """The area under the ROC curve, from histograms of the scores of true and of false labels.

    Args:
      score_range: the least and the largest score that bins are made for.
      collections: of the variables; the local variables' if not given.
      check_shape: whether labels and scores are checked to be vectors when it runs.
    """
    with scope(name, "auc_using_histogram"):
        labels, scores = same_shapes(tf.convert_to_tensor(boolean_labels), tf.convert_to_tensor(scores))
        if labels.dtype is not tf.bool:
            raise ValueError(f"Argument boolean_labels should have dtype bool. Found: {labels.dtype}")
        ranks = [checks.assert_rank(x, 1) for x in (labels, scores)] if check_shape else []
        shares, updates = [], []
        with tf.control_dependencies([r for r in ranks if r is not None]), scope(None, "hist_accumulate"):
            for kind, of in (("true", labels), ("false", tf.logical_not(labels))):
                bins = tf.histogram_fixed_width(
                    tf.boolean_mask(scores, of), score_range, nbins, dtype=tf.int64
                )
                kept = get_variable(
                    f"hist_{kind}_acc", [nbins], tf.int64, initializer=zeros_initializer(), trainable=False,
                    collections=["local_variables"] if collections is None else collections,
                )  # fmt: skip
                updates.append(kept.assign_add(bins))
                whole = tf.cast(kept.value(), tf.float64)
                shares.append(tf.cast(tf.reverse(whole / tf.reduce_sum(whole), [0]), tf.float32))
        height = tf.cumsum(shares[0])
        lower = tf.concat([[0.0], height[:-1]], 0)
        return tf.reduce_sum(shares[1] * (height + lower) / 2.0), tf.group(*updates)
