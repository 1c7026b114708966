"""Metrics that keep every value: values one after the other, and areas under curves that are exact."""

from __future__ import annotations

from collections import namedtuple
from typing import Any

import headrace as tf
from headrace.api import compat_v1_control as checks
from headrace.api.compat_v1_variables import assign
from headrace.session.metrics import accumulator, check_graph, collect, floats, same_shapes, scope, weighted
from headrace.v1.distributions.normal import Normal

AucData = namedtuple("AucData", ["auc", "lower", "upper"])
_EDGE = 1e-7


def streaming_concat(
    values: Any, axis: int = 0, max_size: int | None = None, metrics_collections: Any = None,
    updates_collections: Any = None, name: str | None = None,
) -> Any:  # fmt: skip
    """All values so far, one batch after the other along an axis.

    Args:
      max_size: no more than so many are kept.

    Returns:
      The values, and the update, which gives how many there are.

    Raises:
      ValueError: a size other than that of the axis is not known.
    """
    check_graph("streaming_concat")
    with scope(name, "streaming_concat"):
        values = tf.convert_to_tensor(values)
        if values.shape.rank is None:
            raise ValueError("`values` must have a known rank.")
        rank = values.shape.rank
        if not -rank <= axis < rank:
            raise ValueError(f"axis = {axis} not in [0, {rank})")
        axis %= rank
        others = [d for i, d in enumerate(values.shape.as_list()) if i != axis]
        if None in others:
            raise ValueError(
                f"All dimensions of `values` but the one to concatenate along must be known. Received {values.shape}."
            )
        # Kept with the axis first, in a variable that grows with each batch.
        array = accumulator([0, *others], "array", values.dtype, validate_shape=False, use_resource=False)
        kept = array.value()
        kept.set_shape([None, *others])
        batch = tf.transpose(values, [axis, *(i for i in range(rank) if i != axis)])
        if max_size is not None:
            batch = batch[: max_size - tf.shape(kept)[0]]
        grown = assign(array, tf.concat([kept, batch], 0), validate_shape=False)
        back = [*range(1, axis + 1), 0, *range(axis + 1, rank)]
        return collect(
            tf.transpose(kept, back, name="concat"), tf.shape(grown)[0], metrics_collections, updates_collections
        )  # fmt: skip


def _zeros_and_ones(labels: Any) -> list[Any]:
    message = "labels must be 0 or 1"
    found = (
        checks.assert_non_negative(labels, message=message),
        checks.assert_less_equal(labels, tf.ones([], labels.dtype), message=message),
    )
    return [f for f in found if f is not None]


def _by_score(predictions: Any, *others: Any) -> list[Any]:
    """The predictions, largest first, and the others in the same order."""
    ordered, where = tf.nn.top_k(predictions, k=tf.size(predictions))
    return [ordered, *(tf.gather(x, where) for x in others)]


def streaming_dynamic_auc(
    labels: Any, predictions: Any, curve: str = "ROC", metrics_collections: Any = (), updates_collections: Any = (),
    name: str | None = None, weights: Any = None,
) -> Any:  # fmt: skip
    """The area under the ROC or precision-recall ("PR") curve whose thresholds are all predictions so far: float64.

    It is 0 as long as labels of one kind are missing.
    """
    check_graph("streaming_dynamic_auc")
    if curve not in ("PR", "ROC"):
        raise ValueError(f"curve must be either ROC or PR, {curve} unknown")
    with scope(name, "dynamic_auc"):
        labels, predictions = tf.convert_to_tensor(labels), tf.convert_to_tensor(predictions)
        labels.shape.assert_is_compatible_with(predictions.shape)
        weights = tf.ones_like(predictions, tf.float64) if weights is None else tf.cast(weights, tf.float64)
        labels = tf.reshape(tf.cast(labels, tf.int64), [-1])
        with tf.control_dependencies(_zeros_and_ones(labels)):
            pairs = [
                streaming_concat(tf.reshape(v, [-1]), name=f"concat_{n}")
                for v, n in (
                    (tf.cast(predictions, tf.float64), "preds"),
                    (labels, "labels"),
                    (weights, "weights"),
                )
            ]
        (predictions, labels, weights), updates = zip(*pairs)
        positive = tf.cast(labels > 0, tf.float64) * weights
        found, total = tf.reduce_sum(positive), tf.reduce_sum(weights)

        def area() -> Any:
            ordered, true, wide = _by_score(predictions, positive, weights)
            counts = tf.unique_with_counts(ordered)[2]
            ends = tf.concat([[0], tf.cumsum(counts)], 0)  # a threshold lies between different predictions

            def above(x: Any) -> Any:
                return tf.gather(tf.concat([tf.zeros([1], tf.float64), tf.cumsum(x)], 0), ends)

            hits, said = above(true), above(wide)
            if curve == "ROC":
                xs, ys = (said - hits) / (total - found), hits / found
            else:
                xs, ys = hits / found, tf.where(ends > 0, hits / said, tf.ones_like(hits))
            return tf.reduce_sum(tf.abs(xs[1:] - xs[:-1]) * (ys[1:] + ys[:-1]) / 2.0)

        nothing = tf.logical_or(tf.equal(found, 0.0), tf.equal(found, total))
        auc = tf.cond(nothing, lambda: tf.constant(0.0, tf.float64), area)
        return collect(auc, tf.group(*updates), metrics_collections, updates_collections)


def auc_with_confidence_intervals(
    labels: Any, predictions: Any, weights: Any = None, alpha: float = 0.95, logit_transformation: bool = True,
    metrics_collections: Any = (), updates_collections: Any = (), name: str | None = None,
) -> Any:  # fmt: skip
    """The area under the ROC curve of all predictions so far, as `AucData(auc, lower, upper)`.

    The bounds are DeLong's (1988); zeros where a batch has labels of one kind only.

    Args:
      weights: of the shape of the predictions.
      alpha: how sure it is to be that the area lies between the bounds.
      logit_transformation: the bounds are those of the area's log odds, which keeps them between 0 and 1.
    """
    check_graph("auc_with_confidence_intervals")
    if not 0 < alpha < 1:
        raise ValueError(f"alpha must be between 0 and 1; currently {alpha}")
    with scope(name, "auc_with_confidence_intervals"):
        labels, predictions = same_shapes(tf.convert_to_tensor(labels), tf.convert_to_tensor(predictions))
        wide = tf.reshape(weighted(floats(predictions), weights)[1], [-1])
        labels = tf.reshape(tf.cast(labels, tf.int64), [-1])
        enough = tf.reduce_sum(wide) >= 1.0
        both = tf.logical_and(tf.equal(tf.reduce_min(labels), 0), tf.equal(tf.reduce_max(labels), 1))
        flat = tf.reshape(tf.cast(predictions, tf.float64), [-1])
        with tf.control_dependencies(_zeros_and_ones(labels)):
            # A batch that counts less than 1 is left out.
            pairs = [
                streaming_concat(v[: tf.where(enough, tf.size(v), 0)], name=f"concat_{n}")
                for v, n in ((flat, "preds"), (labels, "labels"), (wide, "weights"))
            ]
        kept, updates = zip(*pairs)
        auc, lower, upper = tf.cond(
            tf.logical_and(both, enough),
            lambda: _with_bounds(kept, alpha, logit_transformation),
            lambda: [tf.constant(0.0)] * 3,
        )
        return collect(
            AucData(auc, lower, upper), tf.group(*updates), metrics_collections, updates_collections
        )


def _with_bounds(kept: Any, alpha: float, logit: bool) -> list[Any]:
    ordered, labels, weights = (tf.reverse(x, [0]) for x in _by_score(*kept))
    segment = tf.unique(ordered)[1]
    true = tf.cast(labels, tf.float32)
    of_kind = [(weights * (1.0 - true)), weights * true]  # the weights of false and of true labels
    totals = [tf.reduce_sum(w) for w in of_kind]

    def placements(others: Any) -> Any:
        """How much of the others each prediction exceeds; of equal ones half."""
        by_segment = tf.math.segment_sum(others, segment)
        below = (tf.cumsum(by_segment, exclusive=True) + by_segment / 2.0) / (
            tf.reduce_sum(by_segment) + _EDGE
        )
        return tf.gather(below, segment)

    shares = [1.0 - placements(of_kind[1]), placements(of_kind[0])]
    areas = [tf.reduce_sum(w * s) / (t + _EDGE) for w, s, t in zip(of_kind, shares, totals)]
    auc = tf.where(totals[0] < totals[1], areas[1], areas[0])
    variance = sum(
        tf.reduce_sum(w * tf.square(s - a)) / (t - 1.0 + _EDGE) / (t + _EDGE)
        for w, s, a, t in zip(of_kind, shares, areas, totals)
    )
    error, middle = tf.sqrt(variance), auc
    if logit:
        error, middle = error / (auc * (1.0 - auc + _EDGE)), tf.math.log(auc / (1.0 - auc + _EDGE))
    away = Normal(0.0, 1.0).quantile((1.0 - alpha) / 2.0) * error
    bounds = [middle + away, middle - away]
    if logit:
        bounds = [1.0 / (1.0 + tf.exp(-b) + _EDGE) for b in bounds]
    sure = tf.logical_or(tf.equal(auc, 0.0), tf.equal(auc, 1.0))
    return [auc, *(tf.where(sure, auc, b) for b in bounds)]
