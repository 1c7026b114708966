"""Stochastic dual coordinate ascent for linear models (Shalev-Shwartz and Zhang, 2013; the proximal and distributed forms of
Shalev-Shwartz and Zhang, 2012, and Ma et al., 2015). Example by example, so it runs on the host."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from headrace.core.errors import invalid
from headrace.core.op import REQUIRED, OpDef
from headrace.core.tape import not_differentiable

F32 = np.float32
NEWTON_STEPS = 10


# --------------------------------------------------------------------------------------------------------------- losses
@dataclass(frozen=True)
class Loss:
    """A loss of a prediction `wx` and a label `y`, and its conjugate.

    `dual(y, weight, a, wx, scale)` is the dual variable that is best for one example when the others stay, where `scale` is what
    the prediction changes by when the dual variable (now `a`) does, over the example's weight."""

    label: Callable[[float], float]
    dual: Callable[[float, float, float, float, float], float]
    primal_value: Callable[[float, float], float]
    dual_value: Callable[[float, float], float]
    slope: Callable[[float, float], float]
    smoothness: float


def _binary(label: float) -> float:
    if label not in (0.0, 1.0):
        raise invalid(f"Only labels of 0.0 or 1.0 are supported right now. Found example with label: {label}")
    return 2 * label - 1


def _count(label: float) -> float:
    if label < 0:
        raise invalid(
            f"Only non-negative labels can be used with the Poisson log loss. Found example with label: {label}"
        )
    return label


def _logistic_dual(y: float, weight: float, a: float, wx: float, scale: float) -> float:
    x, change = 0.0, scale * weight
    for _ in range(NEWTON_STEPS):
        t = math.tanh(x)
        value = -2 * y * x - wx - change * (0.5 * (1 + t) / y - a)
        x -= value / (-2 * y - change * (1 - t * t) * 0.5 / y)
    return 0.5 * (1 + math.tanh(x)) / y


def _logistic_value(a: float, y: float) -> float:
    p = a * y
    return (p * math.log(p) if p > 0 else 0.0) + ((1 - p) * math.log(1 - p) if p < 1 else 0.0)


def _poisson_dual(y: float, weight: float, a: float, wx: float, scale: float) -> float:
    x, change = math.log(y - a) if y > a else 0.0, scale * weight
    for _ in range(NEWTON_STEPS):
        e = math.exp(x)
        x -= (x - wx - change * (y - a - e)) / (1 + change * e)
    return y - math.exp(x)


def _poisson_value(a: float, y: float) -> float:
    rest = y - a
    return 0.0 if rest == 0 else math.inf if rest < 0 else rest * (math.log(rest) - 1)


def _within(candidate: float, y: float) -> float:
    """The dual variable of a hinge, whose product with the label is in [0, 1]."""
    return 0.0 if y * candidate < 0 else y if y * candidate > 1 else candidate


def _hinge_value(more: float) -> Callable[[float, float], float]:
    return lambda a, y: math.inf if not 0 <= a * y <= 1 else -a * y + more * a * a


def _smooth(wx: float, y: float) -> float:
    rest = 1 - y * wx
    return 0.0 if rest <= 0 else rest - 0.5 if rest >= 1 else 0.5 * rest * rest


LOSSES = {
    "logistic_loss": Loss(
        _binary, _logistic_dual,
        lambda wx, y: math.log1p(math.exp(-abs(y * wx))) + max(-y * wx, 0.0), _logistic_value,
        lambda wx, y: -y * 0.5 * (1 - math.tanh(0.5 * y * wx)), 4.0,
    ),
    "squared_loss": Loss(
        lambda y: y, lambda y, weight, a, wx, scale: a + (y - a - wx) / (1 + scale * weight),
        lambda wx, y: 0.5 * (wx - y) ** 2, lambda a, y: a * (0.5 * a - y), lambda wx, y: wx - y, 1.0,
    ),
    "hinge_loss": Loss(
        _binary, lambda y, weight, a, wx, scale: _within(a + (y - wx) / (scale * weight), y) if scale * weight else a,
        lambda wx, y: max(0.0, 1 - y * wx), _hinge_value(0.0), lambda wx, y: -y if y * wx < 1 else 0.0, 0.0,
    ),
    "smooth_hinge_loss": Loss(
        _binary, lambda y, weight, a, wx, scale: _within(a + (y - wx - a) / (scale * weight + 1), y),
        _smooth, _hinge_value(0.5),
        lambda wx, y: 0.0 if y * wx >= 1 else -y if y * wx <= 0 else wx - y, 1.0,
    ),
    "poisson_loss": Loss(
        _count, _poisson_dual, lambda wx, y: math.exp(wx) - wx * y, _poisson_value, lambda wx, y: math.exp(wx) - y, 1.0,
    ),
}  # fmt: skip


# ------------------------------------------------------------------------------------------------------------- the model
class _Group:
    """One group of features: the example's values, and where their weights are."""

    def __init__(self, weights: np.ndarray, places: Sequence[Any], values: Sequence[Any]) -> None:
        self.weights, self.places, self.values = weights.reshape(-1), places, values
        self.change = np.zeros(self.weights.shape, F32)


def _sparse(
    examples: int, at: np.ndarray, features: np.ndarray, values: Any, known: np.ndarray, weights: np.ndarray
) -> _Group:
    if len(known) != weights.size:
        raise invalid(
            f"sparse_indices and sparse_weights must have the same length, got {len(known)} and {weights.size}."
        )
    if at.shape != features.shape or (values is not None and values.shape != at.shape):
        raise invalid("Examples, indices and values of sparse features must have the same lengths.")
    if len(at) and not (at.min() >= 0 and at.max() < examples):
        raise invalid(
            f"sparse_example_indices must be in [0, {examples}), got {int(at.min())} to {int(at.max())}."
        )
    where = {int(f): i for i, f in enumerate(known)}
    unknown = [int(f) for f in features if int(f) not in where]
    if unknown:
        raise invalid(f"Found sparse feature indices out of valid range: {unknown[0]}")
    own = [np.flatnonzero(at == i) for i in range(examples)]
    places = [np.asarray([where[int(f)] for f in features[rows]], np.int64) for rows in own]
    if any(len(np.unique(p)) != len(p) for p in places):
        raise invalid("Duplicate index in sparse vector.")
    return _Group(
        weights,
        places,
        [np.ones(len(rows)) if values is None else values[rows].astype(np.float64) for rows in own],
    )


def _dense(examples: int, matrix: np.ndarray, weights: np.ndarray) -> _Group:
    if matrix.ndim != 2 or len(matrix) != examples:
        raise invalid(
            f"Dense features must be [{examples}, features], but have the shape {list(matrix.shape)}."
        )
    if matrix.shape[1] != weights.size:
        raise invalid(
            f"Dense weight vector should have exactly one entry per feature: {weights.size} for {matrix.shape[1]}."
        )
    every = slice(None)
    return _Group(weights, [every] * examples, list(matrix.astype(np.float64)))


class _Model:
    def __init__(self, groups: list[_Group], l1: float, l2: float, partitions: int) -> None:
        self.groups, self.shrinkage, self.l2, self.partitions = groups, l1 / l2, l2, partitions

    def _shrunk(self, w: Any) -> Any:
        return np.sign(w) * np.maximum(np.abs(w) - self.shrinkage, 0.0)

    def predictions(self, i: int) -> tuple[float, float]:
        """Of an example, with the weights as they are by now, and as they were."""
        now = before = 0.0
        for g in self.groups:
            at, x = g.places[i], g.values[i]
            old = g.weights[at].astype(np.float64)
            before += float(x @ self._shrunk(old))
            now += float(x @ self._shrunk(old + g.change[at].astype(np.float64) * self.partitions))
        return now, before

    def squared_norm(self, i: int) -> float:
        return sum(float(g.values[i] @ g.values[i]) for g in self.groups)

    def move(self, i: int, by: float) -> None:
        for g in self.groups:
            g.change[g.places[i]] += (g.values[i] * by).astype(F32)


def _order(model: _Model, loss: Loss, labels: Any, weights: Any, state: np.ndarray, adaptive: bool) -> Any:
    """In which order the examples are looked at. Adaptively, those with much to gain come more often (Csiba et al., 2015)."""
    n, generator = len(labels), np.random.default_rng()
    if not adaptive:
        return generator.permutation(n)
    gains = np.asarray([
        weights[i] * math.sqrt(model.squared_norm(i) + model.l2 * loss.smoothness)
        * abs(state[i, 0] + loss.slope(model.predictions(i)[0], labels[i]))
        for i in range(n)
    ])  # fmt: skip
    if not gains.sum() > 0:
        return generator.permutation(n)
    taken: list[int] = []
    counts = np.zeros(n, np.int64)
    for i in generator.choice(n, 2 * n, p=gains / gains.sum()):
        if len(taken) < n and generator.random() <= 0.1 ** counts[i]:  # ten times less likely with every time
            counts[i] += 1
            taken.append(i)
    rest = np.flatnonzero(counts == 0)
    return [*taken, *rest[np.argsort(-gains[rest], kind="stable")]][:n]


# ------------------------------------------------------------------------------------------------------------------ ops
def _optimize(
    sparse_example_indices: Any, sparse_feature_indices: Any, sparse_feature_values: Any, dense_features: Any,
    example_weights: Any, example_labels: Any, sparse_indices: Any, sparse_weights: Any, dense_weights: Any,
    example_state_data: Any, loss_type: str, adaptive: bool, l1: float, l2: float, num_loss_partitions: int,
    num_inner_iterations: int,
) -> list[Any]:  # fmt: skip
    n = len(example_weights)
    if not (sparse_weights or dense_weights):
        raise invalid("Requires at least one feature to train.")
    if len(example_labels) != n:
        raise invalid(f"There are {n} example_weights, but {len(example_labels)} example_labels.")
    if example_state_data.shape != (n, 4):
        raise invalid(f"Expected shape [{n}, 4] for example_state_data, got {list(example_state_data.shape)}")
    if loss_type not in LOSSES:
        raise invalid(f"Unsupported loss type: {loss_type}. There are {', '.join(LOSSES)}.")
    loss = LOSSES[loss_type]
    values = [*sparse_feature_values, *[None] * (len(sparse_weights) - len(sparse_feature_values))]
    sparse = [
        _sparse(n, *columns)
        for columns in zip(
            sparse_example_indices, sparse_feature_indices, values, sparse_indices, sparse_weights
        )
    ]
    dense = [_dense(n, matrix, weights) for matrix, weights in zip(dense_features, dense_weights)]
    model = _Model([*sparse, *dense], l1, float(F32(l2)), num_loss_partitions)
    labels = [loss.label(float(label)) for label in example_labels]
    weights = [float(w) for w in example_weights]
    state = example_state_data.copy()
    for i in _order(model, loss, labels, weights, state, adaptive):
        dual, y, weight = float(state[i, 0]), labels[i], weights[i]
        now, before = model.predictions(i)
        scale = num_loss_partitions * model.squared_norm(i) / model.l2
        new = loss.dual(y, weight, dual, now, scale)
        model.move(i, (new - dual) * weight / model.l2)
        state[i] = [new, loss.primal_value(before, y) * weight, loss.dual_value(dual, y) * weight, weight]
    return [
        state,
        [g.change.reshape(w.shape) for g, w in zip(sparse, sparse_weights)],
        [g.change.reshape(w.shape) for g, w in zip(dense, dense_weights)],
    ]


_SIGNATURE = (
    "sparse_example_indices: num_sparse_features * int64, sparse_feature_indices: num_sparse_features * int64, "
    "sparse_feature_values: num_sparse_features_with_values * float32, dense_features: num_dense_features * float32, "
    "example_weights: float32, example_labels: float32, sparse_indices: num_sparse_features * int64, "
    "sparse_weights: num_sparse_features * float32, dense_weights: num_dense_features * float32, example_state_data: float32 -> "
    "out_example_state_data: float32, out_delta_sparse_weights: num_sparse_features * float32, "
    "out_delta_dense_weights: num_dense_features * float32"
)


def _shapes(c: Any) -> list[Any]:
    counts = {arg.name: n for arg, n in c.op.groups(c.inputs, c.attrs)}
    last = len(c) - 1
    first = last - counts["dense_weights"] - counts["sparse_weights"]
    return [c[last], *[c[i] for i in range(first, last)]]


_ATTRS = {
    "loss_type": REQUIRED, "l1": REQUIRED, "l2": REQUIRED, "num_loss_partitions": REQUIRED, "num_inner_iterations": REQUIRED,
}  # fmt: skip
SDCA_V2 = OpDef(
    "SdcaOptimizerV2", _SIGNATURE, attrs=_ATTRS | {"adaptive": False}, shape=_shapes, kernel=_optimize, host=True, stateful=True,
    grad=not_differentiable,
)  # fmt: skip


def _optimize_older(*inputs: Any, adaptative: bool, **attrs: Any) -> list[Any]:
    attrs["adaptive"] = adaptative
    return _optimize(*inputs, **attrs)


SDCA = OpDef(
    "SdcaOptimizer", _SIGNATURE, attrs=_ATTRS | {"adaptative": False},
    shape=_shapes, kernel=_optimize_older,
    host=True, stateful=True, grad=not_differentiable,
)  # fmt: skip
