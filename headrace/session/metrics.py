"""What the 1.x metrics are made of: local variables that add up, and confusion counts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from headrace.core import dtypes
from headrace.core.convert import to_tensor
from headrace.core.graph import get_default_graph
from headrace.core.op import lookup
from headrace.core.scoping import called
from headrace.core.state import state

from .keys import GraphKeys
from .scopes import make_variable, variable_scope


def check_graph(name: str) -> None:
    """RuntimeError in eager mode: these metrics keep their state in a session."""
    if state.graph is None:
        raise RuntimeError(f"tf.metrics.{name} is not supported when eager execution is enabled.")


def scope(name: str | None, default: str) -> Any:
    """The variable scope of a metric."""
    return variable_scope(name, default)


def accumulator(shape: Any, name: str, dtype: Any = dtypes.float32, **options: Any) -> Any:
    """A local variable of zeros that a metric adds to; `options` are the variable's."""

    def start() -> Any:
        from headrace.api.making import zeros

        return zeros(shape, dtype)

    from headrace.core.graph import name_scope

    from .variable_store import get_variable_scope

    prefix = get_variable_scope().name
    with name_scope(None):
        return make_variable(
            start, name=f"{prefix}/{name}" if prefix else name, trainable=False,
            collections=[GraphKeys.LOCAL_VARIABLES, GraphKeys.METRIC_VARIABLES], **options,
        )  # fmt: skip


def collect(
    value: Any, update: Any, metrics_collections: Any, updates_collections: Any, *ends: str
) -> tuple[Any, Any]:
    """The pair that a metric returns, added to the collections. `ends`: what they are called in the current scope."""
    graph = get_default_graph()
    called((value, update), *ends)
    if metrics_collections:
        graph.add_to_collections(metrics_collections, value)
    if updates_collections:
        graph.add_to_collections(updates_collections, update)
    return value, update


def floats(x: Any) -> Any:
    x = to_tensor(x)
    return lookup("Cast")(x, DstT=dtypes.float32)


def weighted(values: Any, weights: Any) -> tuple[Any, Any]:
    """`values * weights`, and the weights in the shape of the values (ones if there are none)."""
    ones = lookup("OnesLike")(values)
    if weights is None:
        return values, ones
    weights = floats(weights)
    rank, own = values._raw_shape, weights._raw_shape
    if rank is not None and own is not None:
        if len(own) == len(rank) + 1 and own[-1] in (1, None):
            weights = lookup("Squeeze")(weights, squeeze_dims=[-1])
        elif len(own) and len(own) + 1 == len(rank):
            weights = lookup("ExpandDims")(weights, -1)
        own = weights._raw_shape
        if len(own) and (
            len(own) != len(rank)
            or any(a is not None and b is not None and a not in (1, b) for a, b in zip(own, rank))
        ):
            raise ValueError(
                f"weights can not be broadcast to values. values.shape={rank}. weights.shape={own}."
            )
    wide = ones * weights
    return values * wide, wide


def ratio(a: Any, b: Any) -> Any:
    """a / b; 0 where b is 0."""
    from headrace.api.math import divide_no_nan

    return divide_no_nan(a, b)


def total(x: Any, axis: Any = None) -> Any:
    from headrace.api.math import reduce_sum

    return reduce_sum(x, axis=axis)


def added(variables: Sequence[Any], amounts: Sequence[Any]) -> list[Any]:
    """Adds to variables; returns their new values."""
    return [to_tensor(v.assign_add(lookup("Cast")(a, DstT=v.dtype))) for v, a in zip(variables, amounts)]


def same_shapes(labels: Any, predictions: Any) -> tuple[Any, Any]:
    """Drops a last dimension of 1 that only one of the two has."""
    a, b = labels._raw_shape, predictions._raw_shape
    if a is not None and b is not None:
        if len(a) == len(b) + 1 and a[-1] in (1, None):
            labels = lookup("Squeeze")(labels, squeeze_dims=[-1])
        elif len(b) == len(a) + 1 and b[-1] in (1, None):
            predictions = lookup("Squeeze")(predictions, squeeze_dims=[-1])
        labels.shape.assert_is_compatible_with(predictions.shape)
    return labels, predictions


def confusion(
    labels: Any,
    predictions: Any,
    thresholds: Sequence[float],
    weights: Any,
    kinds: Sequence[str],
    form: str = "{}",
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Counts of true and false positives and negatives ("tp", "fp", "tn", "fn") at thresholds: values, and updated values.

    `form` says how their variables are called."""
    predictions = floats(predictions)
    labels = lookup("Cast")(to_tensor(labels), DstT=dtypes.bool_)
    labels, predictions = same_shapes(labels, predictions)
    wide = None if weights is None else lookup("Reshape")(weighted(predictions, weights)[1], [1, -1])
    flat = lookup("Reshape")(predictions, [1, -1])
    truth = lookup("Reshape")(labels, [1, -1])
    edges = to_tensor([[float(t)] for t in thresholds])
    above = lookup("Greater")(flat, edges)
    values, updates = {}, {}
    names = {"tp": "true_positives", "fp": "false_positives", "tn": "true_negatives", "fn": "false_negatives"}
    for kind in kinds:
        said = above if kind[1] == "p" else lookup("LogicalNot")(above)
        true = truth if kind in ("tp", "fn") else lookup("LogicalNot")(truth)
        hits = lookup("Cast")(lookup("LogicalAnd")(said, true), DstT=dtypes.float32)
        variable = accumulator([len(thresholds)], form.format(names[kind]))
        values[kind] = variable.value()
        updates[kind] = added([variable], [total(hits if wide is None else hits * wide, 1)])[0]
    return values, updates
