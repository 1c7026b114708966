"""Gradients compared with finite differences."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from headrace.api.autodiff import GradientTape
from headrace.api.types import IndexedSlices
from headrace.core import convert
from headrace.core.tensor import Tensor


def _parts(array: np.ndarray) -> np.ndarray:
    """The numbers of an array as a vector of real ones: complex numbers are two each."""
    flat = np.ascontiguousarray(array).reshape(-1)
    return flat.view(flat.real.dtype) if flat.dtype.kind == "c" else flat


def _units(like: np.ndarray) -> Any:
    """For each part of an array the array that is 1 there and 0 elsewhere."""
    for i in range(_parts(like).size):
        unit = np.zeros(like.shape, like.dtype)
        _parts(unit)[i] = 1
        yield unit.reshape(like.shape)


def _dense(gradient: Any, like: np.ndarray) -> np.ndarray:
    if gradient is None:
        return np.zeros_like(like)
    return (
        convert.to_tensor(gradient).numpy() if isinstance(gradient, IndexedSlices) else np.asarray(gradient)
    )


def _by_rule(f: Callable[..., Any], xs: Sequence[Tensor]) -> list[np.ndarray]:
    with GradientTape(persistent=True) as tape:
        tape.watch(xs)
        y = convert.to_tensor(f(*xs))
    arrays = [np.asarray(x) for x in xs]
    rows: list[list[np.ndarray]] = [[] for _ in xs]
    for unit in _units(np.asarray(y)):
        gradients = tape.gradient(y, list(xs), output_gradients=convert.to_tensor(unit, y.dtype))
        for row, gradient, x in zip(rows, gradients, arrays):
            row.append(_parts(_dense(gradient, x)))
    return [
        np.array(row, _parts(x).dtype) if row else np.zeros((0, _parts(x).size), _parts(x).dtype)
        for row, x in zip(rows, arrays)
    ]


def _by_differences(f: Callable[..., Any], xs: Sequence[Tensor], i: int, delta: float) -> np.ndarray:
    x = np.asarray(xs[i])
    columns = []
    for unit in _units(x):
        step = (unit * delta).astype(x.dtype)
        ends = [
            np.asarray(f(*[convert.to_tensor(moved, t.dtype) if j == i else t for j, t in enumerate(xs)]))
            for moved in (x + step, x - step)
        ]
        columns.append((_parts(ends[0]) - _parts(ends[1])) / np.asarray(2 * delta, _parts(x).dtype))
    if not columns:
        return np.zeros((_parts(np.asarray(f(*xs))).size, 0), _parts(x).dtype)
    return np.stack(columns, 1).astype(_parts(x).dtype)


def compute_gradient(f: Callable[..., Any], x: Sequence[Any], delta: float | None = None) -> tuple[Any, Any]:
    """The Jacobians of `f` at `x`, by its gradient and by finite differences.

    Args:
      f: a function of tensors that returns a tensor.
      x: its arguments, as a list or tuple.
      delta: how far to go to both sides; 1/1024 by default.

    Returns:
      `(by gradient, by differences)`: for each argument a matrix with a row for each element of `f(*x)` and a column for each
      of the argument. Complex elements count as two, their real and imaginary parts.

    Raises:
      ValueError: `x` is no list or tuple.

    >>> import headrace as tf
    >>> exact, measured = tf.test.compute_gradient(lambda x: x * x, [[3.0]])
    >>> exact[0].tolist(), measured[0].round(2).tolist()
    ([[6.0]], [[6.0]])
    """
    if not isinstance(x, (list, tuple)):
        raise ValueError(f"`x` must be a list or tuple of the arguments of `f`, not a {type(x)}.")
    xs = [convert.to_tensor(v) for v in x]
    step = 1.0 / 1024 if delta is None else delta
    return tuple(_by_rule(f, xs)), tuple(_by_differences(f, xs, i, step) for i in range(len(xs)))
