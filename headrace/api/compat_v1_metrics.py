"""`tf.compat.v1.metrics`: pairs of a tensor with a metric's value so far, and of an operation that adds a batch to it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from headrace.core import dtypes
from headrace.core.convert import to_tensor
from headrace.core.op import lookup
from headrace.core.scoping import called
from headrace.session.metrics import (
    accumulator,
    added,
    check_graph,
    collect,
    confusion,
    floats,
    ratio,
    same_shapes,
    scope,
    total,
    weighted,
)

from .math import abs as absolute
from .math import reduce_any, reduce_sum, sqrt, square

_EDGE = 1e-7
_PAIR = ("value", "update_op")  # what most metrics call the two that they return


# ------------------------------------------------------------------------------------------------------------- means
def _mean(
    values: Any, weights: Any, metrics_collections: Any, updates_collections: Any, name: str | None, default: str,
    finish: Callable[[Any], Any] = lambda x: x,
) -> tuple[Any, Any]:  # fmt: skip
    check_graph(default)
    with scope(name, default):
        values = floats(values)
        sums, counts = accumulator([], "total"), accumulator([], "count")
        products, wide = weighted(values, weights)
        new = added([sums, counts], [total(products), total(wide)])
        value, update = called((ratio(sums.value(), counts.value()), ratio(*new)), *_PAIR)
    return collect(finish(value), finish(update), metrics_collections, updates_collections)


def mean(
    values: Any, weights: Any = None, metrics_collections: Any = None, updates_collections: Any = None,
    name: str | None = None,
) -> tuple[Any, Any]:  # fmt: skip
    """The weighted mean of all values so far.

    >>> import headrace as tf
    >>> v1 = tf.compat.v1
    >>> with tf.Graph().as_default(), v1.Session() as sess:
    ...     x = v1.placeholder(tf.float32, [None])
    ...     value, update = v1.metrics.mean(x)
    ...     sess.run(v1.local_variables_initializer())
    ...     sess.run(update, {x: [1.0, 2.0]})
    ...     sess.run(update, {x: [6.0]})
    ...     sess.run(value)
    np.float32(1.5)
    np.float32(3.0)
    np.float32(3.0)
    """
    return _mean(values, weights, metrics_collections, updates_collections, name, "mean")


def accuracy(
    labels: Any, predictions: Any, weights: Any = None, metrics_collections: Any = None, updates_collections: Any = None,
    name: str | None = None,
) -> tuple[Any, Any]:  # fmt: skip
    """How often predictions equal labels."""
    labels, predictions = same_shapes(to_tensor(labels), to_tensor(predictions))
    if labels._dtype is not predictions._dtype:
        predictions = lookup("Cast")(predictions, DstT=labels._dtype)
    right = lookup("Equal")(predictions, labels)
    return _mean(right, weights, metrics_collections, updates_collections, name, "accuracy")


def _pair(labels: Any, predictions: Any) -> tuple[Any, Any]:
    return same_shapes(floats(labels), floats(predictions))


def mean_absolute_error(
    labels: Any, predictions: Any, weights: Any = None, metrics_collections: Any = None, updates_collections: Any = None,
    name: str | None = None,
) -> tuple[Any, Any]:  # fmt: skip
    """The mean of |predictions - labels|."""
    labels, predictions = _pair(labels, predictions)
    return _mean(
        absolute(predictions - labels),
        weights,
        metrics_collections,
        updates_collections,
        name,
        "mean_absolute_error",
    )


def mean_squared_error(
    labels: Any, predictions: Any, weights: Any = None, metrics_collections: Any = None, updates_collections: Any = None,
    name: str | None = None,
) -> tuple[Any, Any]:  # fmt: skip
    """The mean of (predictions - labels)²."""
    labels, predictions = _pair(labels, predictions)
    return _mean(
        square(predictions - labels),
        weights,
        metrics_collections,
        updates_collections,
        name,
        "mean_squared_error",
    )


def root_mean_squared_error(
    labels: Any, predictions: Any, weights: Any = None, metrics_collections: Any = None, updates_collections: Any = None,
    name: str | None = None,
) -> tuple[Any, Any]:  # fmt: skip
    """The root of the mean of (predictions - labels)²."""
    labels, predictions = _pair(labels, predictions)
    return _mean(
        square(predictions - labels), weights, metrics_collections, updates_collections, name,
        "root_mean_squared_error", sqrt,
    )  # fmt: skip


def mean_relative_error(
    labels: Any, predictions: Any, normalizer: Any, weights: Any = None, metrics_collections: Any = None,
    updates_collections: Any = None, name: str | None = None,
) -> tuple[Any, Any]:  # fmt: skip
    """The mean of |predictions - labels| / normalizer (0 where the normalizer is)."""
    labels, predictions = _pair(labels, predictions)
    errors = ratio(absolute(labels - predictions), floats(normalizer))
    return _mean(errors, weights, metrics_collections, updates_collections, name, "mean_relative_error")


def mean_cosine_distance(
    labels: Any, predictions: Any, dim: int, weights: Any = None, metrics_collections: Any = None,
    updates_collections: Any = None, name: str | None = None,
) -> tuple[Any, Any]:  # fmt: skip
    """1 - the mean of labels · predictions along `dim`, of vectors that have norm 1."""
    labels, predictions = _pair(labels, predictions)
    products = reduce_sum(labels * predictions, axis=[dim], keepdims=True)
    return _mean(
        products,
        weights,
        metrics_collections,
        updates_collections,
        name,
        "mean_cosine_distance",
        lambda x: lookup("Sub")(1.0, x),
    )


def percentage_below(
    values: Any, threshold: float, weights: Any = None, metrics_collections: Any = None, updates_collections: Any = None,
    name: str | None = None,
) -> tuple[Any, Any]:  # fmt: skip
    """The share of values below a threshold."""
    below = lookup("Less")(to_tensor(values), threshold)
    return _mean(below, weights, metrics_collections, updates_collections, name, "percentage_below_threshold")


def mean_tensor(
    values: Any, weights: Any = None, metrics_collections: Any = None, updates_collections: Any = None,
    name: str | None = None,
) -> tuple[Any, Any]:  # fmt: skip
    """The weighted mean of all tensors so far, entry by entry."""
    check_graph("mean_tensor")
    with scope(name, "mean"):
        values = floats(values)
        shape = values.shape.as_list()
        sums, counts = accumulator(shape, "total_tensor"), accumulator(shape, "count_tensor")
        new = added([sums, counts], weighted(values, weights))
        value = ratio(sums.value(), counts.value())
        return collect(value, ratio(*new), metrics_collections, updates_collections, *_PAIR)


# ------------------------------------------------------------------------------------------------------------ classes
def _classes(
    labels: Any, predictions: Any, num_classes: int, weights: Any, name: str | None, default: str,
    finish: Callable[[Any], Any], metrics_collections: Any, updates_collections: Any,
) -> tuple[Any, Any]:  # fmt: skip
    check_graph(default)
    from .math import confusion_matrix

    with scope(name, default):
        matrix = accumulator([num_classes, num_classes], "total_confusion_matrix", dtypes.float64)
        labels, predictions = same_shapes(to_tensor(labels), to_tensor(predictions))
        flat = [lookup("Cast")(lookup("Reshape")(x, [-1]), DstT=dtypes.int64) for x in (labels, predictions)]
        wide = None if weights is None else lookup("Reshape")(to_tensor(weights), [-1])
        now = confusion_matrix(flat[0], flat[1], num_classes, wide, dtypes.float64)
        value = finish(matrix.value())
        update = added([matrix], [now])[0]
        ends = ("Select_1" if default == "mean_iou" else "value", "AssignAddVariableOp")
        return collect(value, update, metrics_collections, updates_collections, *ends)


def mean_iou(
    labels: Any, predictions: Any, num_classes: int, weights: Any = None, metrics_collections: Any = None,
    updates_collections: Any = None, name: str | None = None,
) -> tuple[Any, Any]:  # fmt: skip
    """The mean over the classes that occurred of intersection over union. The update gives the confusion matrix."""

    def finish(matrix: Any) -> Any:
        rows, columns = floats(total(matrix, 0)), floats(total(matrix, 1))
        both = floats(lookup("MatrixDiagPart")(matrix))
        union = rows + columns - both
        seen = total(floats(lookup("NotEqual")(union, 0.0)))
        ious = ratio(both, union)
        return lookup("SelectV2")(seen > 0, total(ious) / seen, to_tensor(0.0))

    return _classes(
        labels,
        predictions,
        num_classes,
        weights,
        name,
        "mean_iou",
        finish,
        metrics_collections,
        updates_collections,
    )


def mean_per_class_accuracy(
    labels: Any, predictions: Any, num_classes: int, weights: Any = None, metrics_collections: Any = None,
    updates_collections: Any = None, name: str | None = None,
) -> tuple[Any, Any]:  # fmt: skip
    """The mean over classes of the share of their labels that were predicted. The update gives it by class."""
    check_graph("mean_per_class_accuracy")
    from .segments import unsorted_segment_sum  # type: ignore[attr-defined]

    with scope(name, "mean_accuracy"):
        labels = lookup("Cast")(to_tensor(labels), DstT=dtypes.int64)
        sums, counts = accumulator([num_classes], "total"), accumulator([num_classes], "count")
        labels, predictions = same_shapes(labels, to_tensor(predictions))
        flat = lookup("Reshape")(labels, [-1])
        said = lookup("Cast")(lookup("Reshape")(predictions, [-1]), DstT=dtypes.int64)
        right = floats(lookup("Equal")(said, flat))
        ones = lookup("OnesLike")(right)
        if weights is not None:
            wide = lookup("Reshape")(floats(weights), [-1])
            right, ones = right * wide, ones * wide
        new = added(
            [sums, counts],
            [unsorted_segment_sum(right, flat, num_classes), unsorted_segment_sum(ones, flat, num_classes)],
        )
        by_class = ratio(sums.value(), counts.value())
        return collect(
            total(by_class) / float(num_classes), ratio(*new), metrics_collections, updates_collections,
            "mean_accuracy", "update_op",
        )  # fmt: skip


# ------------------------------------------------------------------------------------------------- counts and ratios
def _counted(kinds: Sequence[str], finish: Callable[..., Any], default: str) -> Callable[..., Any]:
    """A metric of counts, of predictions that are true or false."""

    def metric(
        labels: Any, predictions: Any, weights: Any = None, metrics_collections: Any = None,
        updates_collections: Any = None, name: str | None = None,
    ) -> tuple[Any, Any]:  # fmt: skip
        check_graph(default)
        with scope(name, default):
            said = lookup("Cast")(to_tensor(predictions), DstT=dtypes.bool_)
            values, updates = confusion(
                labels, floats(said), [0.5], weights, kinds, "count" if len(kinds) == 1 else "{}/count"
            )
            parts = [[lookup("Reshape")(v[k], []) for k in kinds] for v in (values, updates)]
            ends = ("Identity", "AssignAddVariableOp") if len(kinds) == 1 else _PAIR
            return collect(
                finish(*parts[0]), finish(*parts[1]), metrics_collections, updates_collections, *ends
            )

    metric.__name__ = metric.__qualname__ = default
    metric.__doc__ = f"The {default.replace('_', ' ')} of all predictions so far; labels and predictions are taken as bools."
    return metric


def _counted_at(kinds: Sequence[str], finish: Callable[..., Any], default: str) -> Callable[..., Any]:
    """A metric of counts, of predictions in [0, 1], at several thresholds."""

    def metric(
        labels: Any, predictions: Any, thresholds: Sequence[float], weights: Any = None, metrics_collections: Any = None,
        updates_collections: Any = None, name: str | None = None,
    ) -> tuple[Any, Any]:  # fmt: skip
        check_graph(default)
        with scope(name, default.removesuffix("_at_thresholds") if len(kinds) == 1 else default):
            values, updates = confusion(labels, predictions, list(thresholds), weights, kinds)
            parts = [[v[k] for k in kinds] for v in (values, updates)]
            kind = default.removesuffix("_at_thresholds")
            ends = (
                ("Identity", "AssignAddVariableOp")
                if len(kinds) == 1
                else (f"{kind}_value", f"{kind}_update_op")
            )
            return collect(
                finish(*parts[0]), finish(*parts[1]), metrics_collections, updates_collections, *ends
            )

    metric.__name__ = metric.__qualname__ = default
    metric.__doc__ = (
        f"The {default.replace('_', ' ')} of all predictions so far, a vector with an entry per threshold."
    )
    return metric


_NAMES = {"tp": "true_positives", "fp": "false_positives", "tn": "true_negatives", "fn": "false_negatives"}
true_positives, false_positives, true_negatives, false_negatives = [
    _counted([k], lambda x: x, n) for k, n in _NAMES.items()
]
(
    true_positives_at_thresholds, false_positives_at_thresholds, true_negatives_at_thresholds,
    false_negatives_at_thresholds,
) = [_counted_at([k], lambda x: x, f"{n}_at_thresholds") for k, n in _NAMES.items()]  # fmt: skip
precision = _counted(["tp", "fp"], lambda tp, fp: ratio(tp, tp + fp), "precision")
recall = _counted(["tp", "fn"], lambda tp, fn: ratio(tp, tp + fn), "recall")
precision_at_thresholds = _counted_at(
    ["tp", "fp"], lambda tp, fp: tp / (_EDGE + tp + fp), "precision_at_thresholds"
)
recall_at_thresholds = _counted_at(
    ["tp", "fn"], lambda tp, fn: tp / (_EDGE + tp + fn), "recall_at_thresholds"
)
_ALL = ("tp", "fn", "tn", "fp")


def _thresholds(n: int) -> list[float]:
    return [-_EDGE, *[(i + 1) / (n - 1) for i in range(n - 2)], 1.0 + _EDGE]


def auc(
    labels: Any, predictions: Any, weights: Any = None, num_thresholds: int = 200, metrics_collections: Any = None,
    updates_collections: Any = None, curve: str = "ROC", name: str | None = None,
    summation_method: str = "trapezoidal", thresholds: Sequence[float] | None = None,
) -> tuple[Any, Any]:  # fmt: skip
    """The area under the ROC or precision-recall ("PR") curve, from counts at thresholds.

    Args:
      summation_method: "trapezoidal", "minoring", "majoring", or for PR "careful_interpolation" (Davis and Goadrich, 2006).
    """
    check_graph("auc")
    if curve not in ("ROC", "PR"):
        raise ValueError(f"curve must be either ROC or PR, {curve} unknown")
    if summation_method == "careful_interpolation" and curve != "PR":
        raise ValueError("careful_interpolation is only for the PR curve.")
    if summation_method not in ("trapezoidal", "careful_interpolation", "minoring", "majoring"):
        raise ValueError(f"Invalid summation_method: {summation_method}")
    edges = (
        [-_EDGE, *sorted(thresholds), 1.0 + _EDGE] if thresholds is not None else _thresholds(num_thresholds)
    )
    small = 1e-6

    def area(tp: Any, fn: Any, tn: Any, fp: Any) -> Any:
        from .math import maximum, minimum

        if summation_method == "careful_interpolation":
            return _interpolated(tp, fn, fp)
        seen = (tp + small) / (tp + fn + small)
        x, y = (fp / (fp + tn + small), seen) if curve == "ROC" else (seen, (tp + small) / (tp + fp + small))
        heights = {"minoring": minimum, "majoring": maximum}.get(
            summation_method, lambda a, b: (a + b) / 2.0
        )(y[:-1], y[1:])
        return total((x[:-1] - x[1:]) * heights)

    with scope(name, "auc"):
        values, updates = confusion(labels, predictions, edges, weights, _ALL)
        return collect(
            area(*[values[k] for k in _ALL]),
            area(*[updates[k] for k in _ALL]),
            metrics_collections,
            updates_collections,
            *(
                ("interpolate_pr_auc", "interpolate_pr_auc_1")
                if summation_method == "careful_interpolation"
                else _PAIR
            ),
        )


def _interpolated(tp: Any, fn: Any, fp: Any) -> Any:
    from .math import log, maximum

    steps, said = tp[:-1] - tp[1:], tp + fp
    slope = ratio(steps, maximum(said[:-1] - said[1:], 0.0))
    intercept = tp[1:] - slope * said[1:]
    both = lookup("LogicalAnd")(said[:-1] > 0, said[1:] > 0)
    growth = lookup("SelectV2")(both, ratio(said[:-1], maximum(said[1:], 0.0)), lookup("OnesLike")(said[1:]))
    return total(ratio(slope * (steps + intercept * log(growth)), maximum(tp[1:] + fn[1:], 0.0)))


def _at_other(
    labels: Any, predictions: Any, target: float, weights: Any, num_thresholds: int, metrics_collections: Any,
    updates_collections: Any, name: str | None, default: str, sensitivity: bool,
) -> tuple[Any, Any]:  # fmt: skip
    check_graph(default)
    if not 0 <= target <= 1:
        raise ValueError(f"The wanted value must be in the range [0, 1], received {target}.")

    def best(tp: Any, fn: Any, tn: Any, fp: Any) -> Any:
        given = tn / (tn + fp + _EDGE) if sensitivity else tp / (tp + fn + _EDGE)
        away = absolute(given - target)
        # Of equally near thresholds the first counts, or the last: the one that makes the other value larger.
        at = (
            lookup("ArgMin")(away, 0)
            if sensitivity
            else num_thresholds - 1 - lookup("ArgMin")(lookup("ReverseV2")(away, [0]), 0)
        )
        wanted = tp / (tp + fn + _EDGE) if sensitivity else tn / (tn + fp + _EDGE)
        return lookup("GatherV2")(wanted, at, 0)

    with scope(name, default):
        values, updates = confusion(labels, predictions, _thresholds(num_thresholds), weights, _ALL)
        return collect(
            best(*[values[k] for k in _ALL]),
            best(*[updates[k] for k in _ALL]),
            metrics_collections,
            updates_collections,
            *_PAIR,
        )


def sensitivity_at_specificity(
    labels: Any, predictions: Any, specificity: float, weights: Any = None, num_thresholds: int = 200,
    metrics_collections: Any = None, updates_collections: Any = None, name: str | None = None,
) -> tuple[Any, Any]:  # fmt: skip
    """The sensitivity (recall) at the threshold where the specificity is nearest to the wanted one."""
    return _at_other(
        labels, predictions, specificity, weights, num_thresholds, metrics_collections, updates_collections, name,
        "sensitivity_at_specificity", True,
    )  # fmt: skip


def specificity_at_sensitivity(
    labels: Any, predictions: Any, sensitivity: float, weights: Any = None, num_thresholds: int = 200,
    metrics_collections: Any = None, updates_collections: Any = None, name: str | None = None,
) -> tuple[Any, Any]:  # fmt: skip
    """The specificity at the threshold where the sensitivity is nearest to the wanted one."""
    return _at_other(
        labels, predictions, sensitivity, weights, num_thresholds, metrics_collections, updates_collections, name,
        "specificity_at_sensitivity", False,
    )  # fmt: skip


# ------------------------------------------------------------------------------------------------------- of the top k
def _labels(labels: Any, rank: int) -> Any:
    """Labels as int64 [..., labels of a sample]; SparseTensors are padded with -1."""
    if hasattr(labels, "dense_shape") and hasattr(labels, "indices"):
        from .sparse import to_dense

        labels = to_dense(labels, default_value=-1)
    labels = lookup("Cast")(to_tensor(labels), DstT=dtypes.int64)
    return lookup("ExpandDims")(labels, -1) if len(labels._raw_shape) == rank - 1 else labels


def _first_ones(labels: Any) -> Any:
    """Which labels are no padding, nor there a second time: the labels of a sample are a set."""
    same = lookup("Equal")(lookup("ExpandDims")(labels, -1), lookup("ExpandDims")(labels, -2))
    before = lookup("MatrixBandPart")(same, -1, 0) & ~lookup("MatrixBandPart")(same, 0, 0)
    return lookup("LogicalAnd")(labels >= 0, lookup("LogicalNot")(reduce_any(before, axis=-1)))


def _hits(labels: Any, top: Any) -> tuple[Any, Any]:
    """Whether each of the top k is among the labels, and whether each label is among the top k."""
    same = lookup("Equal")(lookup("ExpandDims")(top, -1), lookup("ExpandDims")(labels, -2))
    return reduce_any(same, axis=-1), reduce_any(same, axis=-2)


def _at_k(
    labels: Any, top: Any, class_id: int | None, weights: Any, default: str, name: str | None, metrics_collections: Any,
    updates_collections: Any, recall: bool,
) -> tuple[Any, Any]:  # fmt: skip
    check_graph(default)
    with scope(name, default):
        top = lookup("Cast")(to_tensor(top), DstT=dtypes.int64)
        labels = _labels(labels, len(top._raw_shape))
        in_labels, in_top = _hits(labels, top)
        counted, present = lookup("OnesLike")(in_labels), _first_ones(labels)
        if class_id is not None:
            counted = lookup("Equal")(top, to_tensor(class_id, dtypes.int64))
            same = lookup("Equal")(labels, to_tensor(class_id, dtypes.int64))
            present = lookup("LogicalAnd")(present, same)
        both = lookup("LogicalAnd")
        right = total(floats(both(in_labels, counted)), -1)
        other = (
            both(present, lookup("LogicalNot")(in_top))
            if recall
            else both(counted, lookup("LogicalNot")(in_labels))
        )
        wrong = total(floats(other), -1)
        if weights is not None:
            right, wrong = weighted(right, weights)[0], weighted(wrong, weights)[0]
        suffix = "" if class_id is None else f"_class{class_id}"
        variables = [
            accumulator([], f"true_positive_at_k{suffix}", dtypes.float64),
            accumulator([], f"false_{'negative' if recall else 'positive'}_at_k{suffix}", dtypes.float64),
        ]
        new = added(variables, [total(right), total(wrong)])
        tp, others = [v.value() for v in variables]
        return collect(
            _quotient(tp, others), _quotient(*new), metrics_collections, updates_collections, "", "update"
        )


def _quotient(tp: Any, others: Any) -> Any:
    return tp / (tp + others)


def _top(predictions: Any, k: int) -> Any:
    from .nn import top_k

    return top_k(predictions, k)[1]


def recall_at_k(
    labels: Any, predictions: Any, k: int, class_id: int | None = None, weights: Any = None,
    metrics_collections: Any = None, updates_collections: Any = None, name: str | None = None,
) -> tuple[Any, Any]:  # fmt: skip
    """The share of labels (of one class, if given) that are among the k highest predictions."""
    return recall_at_top_k(
        labels, _top(predictions, k), k, class_id, weights, metrics_collections, updates_collections, name
    )


def recall_at_top_k(
    labels: Any, predictions_idx: Any, k: int | None = None, class_id: int | None = None, weights: Any = None,
    metrics_collections: Any = None, updates_collections: Any = None, name: str | None = None,
) -> tuple[Any, Any]:  # fmt: skip
    """`recall_at_k` of predictions that are given as the numbers of the classes."""
    return _at_k(
        labels, predictions_idx, class_id, weights, f"recall_at_{'' if k is None else k}", name, metrics_collections,
        updates_collections, True,
    )  # fmt: skip


def precision_at_k(
    labels: Any, predictions: Any, k: int, class_id: int | None = None, weights: Any = None,
    metrics_collections: Any = None, updates_collections: Any = None, name: str | None = None,
) -> tuple[Any, Any]:  # fmt: skip
    """The share of the k highest predictions (of one class, if given) that are labels."""
    return precision_at_top_k(
        labels, _top(predictions, k), k, class_id, weights, metrics_collections, updates_collections, name
    )


def precision_at_top_k(
    labels: Any, predictions_idx: Any, k: int | None = None, class_id: int | None = None, weights: Any = None,
    metrics_collections: Any = None, updates_collections: Any = None, name: str | None = None,
) -> tuple[Any, Any]:  # fmt: skip
    """`precision_at_k` of predictions that are given as the numbers of the classes."""
    return _at_k(
        labels, predictions_idx, class_id, weights, f"precision_at_{'' if k is None else k}", name, metrics_collections,
        updates_collections, False,
    )  # fmt: skip


def average_precision_at_k(
    labels: Any, predictions: Any, k: int, weights: Any = None, metrics_collections: Any = None,
    updates_collections: Any = None, name: str | None = None,
) -> tuple[Any, Any]:  # fmt: skip
    """The mean over samples of the average precision of their k highest predictions."""
    default = f"average_precision_at_{k}"
    return _average_precision(
        labels, lambda: _top(predictions, k), weights, metrics_collections, updates_collections, name, default
    )


def average_precision_at_top_k(
    labels: Any, predictions_idx: Any, weights: Any = None, metrics_collections: Any = None,
    updates_collections: Any = None, name: str | None = None,
) -> tuple[Any, Any]:  # fmt: skip
    """`average_precision_at_k` of predictions that are given as the numbers of the classes, best first."""
    return _average_precision(
        labels, lambda: to_tensor(predictions_idx), weights, metrics_collections, updates_collections, name,
        "average_precision_at_top_k",
    )  # fmt: skip


def _average_precision(
    labels: Any, best: Callable[[], Any], weights: Any, metrics_collections: Any, updates_collections: Any,
    name: str | None, default: str,
) -> tuple[Any, Any]:  # fmt: skip
    check_graph(default)
    with scope(name, default):
        top = lookup("Cast")(best(), DstT=dtypes.int64)
        k = top._raw_shape[-1]
        labels = _labels(labels, len(top._raw_shape))
        hits = lookup("Cast")(_hits(labels, top)[0], DstT=dtypes.float64)
        ranks = to_tensor([float(i + 1) for i in range(k)], dtypes.float64)
        precisions = lookup("Cumsum")(hits, -1) / ranks
        present = total(lookup("Cast")(labels >= 0, DstT=dtypes.float64), -1)
        relevant = lookup("Minimum")(present, to_tensor(float(k), dtypes.float64))
        values = ratio(total(precisions * hits, -1), relevant)
        sums, counts = accumulator([], "total", dtypes.float64), accumulator([], "max", dtypes.float64)
        wide = lookup("OnesLike")(values)
        if weights is not None:
            wide = wide * lookup("Cast")(to_tensor(weights), DstT=dtypes.float64)
        new = added([sums, counts], [total(values * wide), total(wide)])
        return collect(
            ratio(sums.value(), counts.value()),
            ratio(*new),
            metrics_collections,
            updates_collections,
            "mean",
            "",
        )


def sparse_average_precision_at_k(
    labels: Any, predictions: Any, k: int, weights: Any = None, metrics_collections: Any = None,
    updates_collections: Any = None, name: str | None = None,
) -> tuple[Any, Any]:  # fmt: skip
    """An older name of `average_precision_at_k`."""
    return average_precision_at_k(
        labels, predictions, k, weights, metrics_collections, updates_collections, name
    )


def sparse_precision_at_k(
    labels: Any, predictions: Any, k: int, class_id: int | None = None, weights: Any = None,
    metrics_collections: Any = None, updates_collections: Any = None, name: str | None = None,
) -> tuple[Any, Any]:  # fmt: skip
    """An older name of `precision_at_k`."""
    return precision_at_k(
        labels, predictions, k, class_id, weights, metrics_collections, updates_collections, name
    )


__all__ = [
    "accuracy", "auc", "average_precision_at_k", "false_negatives", "false_negatives_at_thresholds", "false_positives",
    "false_positives_at_thresholds", "mean", "mean_absolute_error", "mean_cosine_distance", "mean_iou",
    "mean_per_class_accuracy", "mean_relative_error", "mean_squared_error", "mean_tensor", "percentage_below",
    "precision", "precision_at_k", "precision_at_thresholds", "precision_at_top_k", "recall", "recall_at_k",
    "recall_at_thresholds", "recall_at_top_k", "root_mean_squared_error", "sensitivity_at_specificity",
    "sparse_average_precision_at_k", "sparse_precision_at_k", "specificity_at_sensitivity", "true_negatives",
    "true_negatives_at_thresholds", "true_positives", "true_positives_at_thresholds",
]  # fmt: skip
ROOT: list[str] = []
NAMES = {"metrics": __all__}
