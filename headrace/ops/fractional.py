"""Fractional pooling: regions of rows and columns whose sizes are drawn at random
(B. Graham, "Fractional max-pooling", arXiv:1412.6071). It runs on the host."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any

import numpy as np

from headrace.core import dtypes
from headrace.core.errors import ShapeError
from headrace.core.op import REQUIRED, OpDef, ShapeContext, lookup
from headrace.core.shapes import Raw
from headrace.core.tape import not_differentiable


def pooling_sequence(size: int, out: int, rng: np.random.Generator, pseudo_random: bool) -> np.ndarray:
    """Where the regions begin (and the last one ends): `out + 1` increasing numbers from 0 to `size`."""
    if pseudo_random:
        # The paper's ceil(alpha * (i + u)), for a u that keeps every step at floor(alpha) or ceil(alpha) and
        # ends at `size`.
        alpha = size / out
        k = int(alpha)
        u_max1 = (k + 2) / alpha - 1
        u_max2 = (size + 1 - k) / alpha - (out - 1)
        u = rng.random() * min(u_max1, u_max2)
        cuts = (alpha * (np.arange(out + 1) + u)).astype(np.int64) - int(alpha * u)
        cuts[-1] = size
        return cuts
    k = size // out
    steps = np.full(out, k, np.int64)
    steps[: size % out] += 1
    rng.shuffle(steps)
    return np.concatenate([[0], np.cumsum(steps)]).astype(np.int64)


def _regions(cuts: np.ndarray, overlapping: bool, size: int) -> list[slice]:
    """The rows of each region; overlapping regions share their border row."""
    return [slice(int(a), min(int(e) + overlapping, size)) for a, e in itertools.pairwise(cuts)]


def _fractional_sizes(shape: Sequence[int | None], ratios: Sequence[float]) -> tuple[int | None, ...]:
    return tuple([None if d is None else int(d / r) for d, r in zip(shape, ratios)])


def _fractional_shape(c: ShapeContext) -> list[Raw]:
    x = c.same_rank(0, 4)
    ratios = c.attrs["pooling_ratio"]
    if len(ratios) != 4:
        raise ShapeError(f"pooling_ratio must have 4 entries, but is {list(ratios)}")
    if any(r < 1 for r in ratios) or ratios[0] != 1 or ratios[3] != 1:
        raise ShapeError(
            "pooling_ratio must be at least 1 everywhere and exactly 1 for batch and channels, but is "
            f"{list(ratios)}"
        )
    assert x is not None
    y = _fractional_sizes(x, ratios)
    return [y, *[(None if d is None else d + 1,) for d in y[1:3]]]


_FRACTIONAL_ATTRS = {
    "pooling_ratio": REQUIRED,
    "pseudo_random": False,
    "overlapping": False,
    "deterministic": False,
    "seed": 0,
    "seed2": 0,
}
_FRACTIONAL_TYPES = {"T": frozenset({dtypes.float32, dtypes.float64, dtypes.int32, dtypes.int64})}
_generators: dict[tuple[int, int], np.random.Generator] = {}


def _fractional(reduce: Any) -> Any:
    def kernel(
        x: np.ndarray,
        pooling_ratio: Any,
        pseudo_random: bool,
        overlapping: bool,
        deterministic: bool,
        seed: int,
        seed2: int,
    ) -> Any:
        key = (seed, seed2)
        if deterministic or key not in _generators:
            _generators[key] = np.random.default_rng(None if key == (0, 0) else key)
        rng = _generators[key]
        _, h, w, _ = _fractional_sizes(x.shape, pooling_ratio)
        rows = pooling_sequence(x.shape[1], h or 0, rng, pseudo_random)
        columns = pooling_sequence(x.shape[2], w or 0, rng, pseudo_random)
        y = np.empty((x.shape[0], h or 0, w or 0, x.shape[3]), x.dtype)
        for i, r in enumerate(_regions(rows, overlapping, x.shape[1])):
            for j, s in enumerate(_regions(columns, overlapping, x.shape[2])):
                y[:, i, j] = reduce(x[:, r, s], axis=(1, 2))
        return y, rows, columns

    return kernel


def _fractional_max_gradient(
    x: np.ndarray, y: np.ndarray, g: np.ndarray, rows: np.ndarray, columns: np.ndarray, overlapping: bool
) -> np.ndarray:
    dx = np.zeros_like(x)
    n, c = np.arange(x.shape[0])[:, None], np.arange(x.shape[3])[None]
    for i, r in enumerate(_regions(rows, overlapping, x.shape[1])):
        for j, s in enumerate(_regions(columns, overlapping, x.shape[2])):
            part = x[:, r, s]
            at = part.reshape(part.shape[0], -1, part.shape[3]).argmax(1)
            np.add.at(dx, (n, r.start + at // part.shape[2], s.start + at % part.shape[2], c), g[:, i, j])
    return dx


def _fractional_average_gradient(
    shape: np.ndarray, g: np.ndarray, rows: np.ndarray, columns: np.ndarray, overlapping: bool
) -> np.ndarray:
    dx = np.zeros(shape, g.dtype)
    for i, r in enumerate(_regions(rows, overlapping, dx.shape[1])):
        for j, s in enumerate(_regions(columns, overlapping, dx.shape[2])):
            part = dx[:, r, s]
            part += (g[:, i, j] / (part.shape[1] * part.shape[2]))[:, None, None].astype(g.dtype)
    return dx


_SEQUENCES = "row_pooling_sequence: int64, col_pooling_sequence: int64"
# Stateful, because the regions are drawn anew on every run.
FRACTIONAL_MAX_POOL = OpDef(
    "FractionalMaxPool",
    f"value: T -> output: T, {_SEQUENCES}",
    attrs=_FRACTIONAL_ATTRS,
    types=_FRACTIONAL_TYPES,
    shape=_fractional_shape,
    kernel=_fractional(np.max),
    host=True,
    stateful=True,
)
FRACTIONAL_AVG_POOL = OpDef(
    "FractionalAvgPool",
    f"value: T -> output: T, {_SEQUENCES}",
    attrs=_FRACTIONAL_ATTRS,
    types=_FRACTIONAL_TYPES,
    shape=_fractional_shape,
    kernel=_fractional(np.mean),
    host=True,
    stateful=True,
)
FRACTIONAL_MAX_POOL_GRAD = OpDef(
    "FractionalMaxPoolGrad",
    f"orig_input: T, orig_output: T, out_backprop: T, {_SEQUENCES} -> output: T",
    attrs={"overlapping": False},
    types=_FRACTIONAL_TYPES,
    shape=lambda c: c[0],
    kernel=_fractional_max_gradient,
    host=True,
    grad=not_differentiable,
)
FRACTIONAL_AVG_POOL_GRAD = OpDef(
    "FractionalAvgPoolGrad",
    f"orig_input_tensor_shape: int64, out_backprop: T, {_SEQUENCES} -> output: T",
    attrs={"overlapping": False},
    types=_FRACTIONAL_TYPES,
    shape=lambda c: c.partial(0),
    kernel=_fractional_average_gradient,
    host=True,
    grad=not_differentiable,
)


@FRACTIONAL_MAX_POOL.gradient
def _(op: Any, g: Any, *_: Any) -> Any:
    y, rows, columns = op.outputs
    return FRACTIONAL_MAX_POOL_GRAD(op.inputs[0], y, g, rows, columns, overlapping=op.attrs["overlapping"])


@FRACTIONAL_AVG_POOL.gradient
def _(op: Any, g: Any, *_: Any) -> Any:
    _, rows, columns = op.outputs
    return FRACTIONAL_AVG_POOL_GRAD(
        lookup("Shape")(op.inputs[0], out_type=dtypes.int64),
        g,
        rows,
        columns,
        overlapping=op.attrs["overlapping"],
    )
