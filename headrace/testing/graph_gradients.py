"""Gradients of graphs compared with finite differences (`tf.compat.v1.test.compute_gradient`)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from headrace.api.autodiff import gradients
from headrace.core.convert import to_tensor
from headrace.core.shapes import as_raw
from headrace.core.tape import is_slices
from headrace.session import get_default_session

from .gradients import _parts, _units

_Feeds = Mapping[Any, Any] | None


def compute_gradient(
    x: Any, x_shape: Any, y: Any, y_shape: Any, x_init_value: Any = None, delta: float = 1e-3, init_targets: Any = None,
    extra_feed_dict: _Feeds = None,
) -> Any:  # fmt: skip
    """The Jacobian of a tensor of a graph by its gradient, and by finite differences, in the default session.

    Args:
      x: a tensor, or a list of tensors.
      x_shape: its shape, or theirs.
      y: a tensor that depends on it.
      y_shape: its shape.
      x_init_value: where to look: an array, or a list of them. Numbers drawn from [0, 1) if not given.
      delta: how far to go to both sides.
      init_targets: operations to run before.
      extra_feed_dict: what else is fed.

    Returns:
      `(by gradient, by differences)`, matrices with a row for each element of `x` and a column for each of `y`; a list of such
      pairs for a list. Complex elements count as two, their real and imaginary parts.

    Raises:
      ValueError: there is no default session, a shape is not that of the value, or `y` does not depend on `x`.

    >>> import headrace as tf
    >>> with tf.Graph().as_default(), tf.compat.v1.Session():
    ...     x = tf.compat.v1.placeholder(tf.float64, [2])
    ...     exact, measured = tf.compat.v1.test.compute_gradient(x, [2], x * x, [2], np.array([1.0, 3.0]))
    >>> exact.tolist(), measured.round(3).tolist()
    ([[2.0, 0.0], [0.0, 6.0]], [[2.0, 0.0], [0.0, 6.0]])
    """
    session = get_default_session()
    if session is None:
        raise ValueError(
            "compute_gradient runs in the default session: enter one with `with tf.compat.v1.Session():`."
        )
    several = isinstance(x, (list, tuple))
    xs, shapes = (list(x), list(x_shape)) if several else ([x], [x_shape])
    starts = (
        (list(x_init_value) if several else [x_init_value]) if x_init_value is not None else [None] * len(xs)
    )
    seed = to_tensor(np.ones(as_raw(y_shape), y.dtype.as_numpy_dtype))
    weight = seed + 0  # something of the graph, to feed
    found = [_dense(g) for g in gradients(y, xs, weight)]
    if init_targets is not None:
        session.run(init_targets)
    points = [_start(t, shape, value) for t, shape, value in zip(xs, shapes, starts)]
    pairs = []
    for t, point, gradient in zip(xs, points, found):
        if gradient is None:
            raise ValueError(f"{y!r} does not depend on {t!r}, or an op between them has no gradient.")

        def run(fetch: Any, feeds: Any, others: Any = extra_feed_dict) -> np.ndarray:
            return np.asarray(session.run(fetch, {**(others or {}), **feeds}))

        # What has a value of its own keeps it while another tensor is varied.
        extra = {o: p for o, p in zip(xs, points) if o is not t and o.op.type == "Placeholder"}
        pairs.append(
            (
                _by_rule(run, t, point, weight, gradient, extra),
                _by_differences(run, t, point, y, delta, extra),
            )
        )
    return pairs if several else pairs[0]


def compute_gradient_error(
    x: Any, x_shape: Any, y: Any, y_shape: Any, x_init_value: Any = None, delta: float = 1e-3, init_targets: Any = None,
    extra_feed_dict: _Feeds = None,
) -> float:  # fmt: skip
    """The largest difference between the Jacobian by gradients and by finite differences: see `compute_gradient`."""
    found = compute_gradient(x, x_shape, y, y_shape, x_init_value, delta, init_targets, extra_feed_dict)
    error = 0.0
    for exact, measured in found if isinstance(found, list) else [found]:
        if exact.size or measured.size:
            if np.isnan(exact).any() != np.isnan(measured).any():
                return float("nan")
            error = max(error, float(np.fabs(exact - measured).max()))
    return error


def _dense(gradient: Any) -> Any:
    return to_tensor(gradient) if is_slices(gradient) else gradient


def _start(x: Any, shape: Sequence[int], value: Any) -> np.ndarray:
    dtype = x.dtype.as_numpy_dtype
    if value is not None:
        array = np.asarray(value)
        if list(array.shape) != list(shape):
            raise ValueError(f"x_shape is {list(shape)}, but x_init_value has the shape {list(array.shape)}.")
        return array.astype(dtype)
    array = np.random.random_sample(shape).astype(dtype)
    return (
        array + 1j * np.random.random_sample(shape).astype(array.real.dtype) if x.dtype.is_complex else array
    )


def _by_rule(
    run: Callable[..., np.ndarray],
    x: Any,
    point: np.ndarray,
    weight: Any,
    gradient: Any,
    extra: dict[Any, Any],
) -> np.ndarray:
    like = np.empty([int(n) for n in weight.shape], weight.dtype.as_numpy_dtype)
    columns = [_parts(run(gradient, {**extra, x: point, weight: unit})) for unit in _units(like)]
    return np.stack(columns, 1) if columns else np.zeros((_parts(point).size, 0), _parts(point).dtype)


def _by_differences(
    run: Callable[..., np.ndarray], x: Any, point: np.ndarray, y: Any, delta: float, extra: dict[Any, Any]
) -> np.ndarray:
    rows = []
    for unit in _units(point):
        step = (unit * delta).astype(point.dtype)
        ends = [_parts(run(y, {**extra, x: moved})) for moved in (point + step, point - step)]
        rows.append((ends[0] - ends[1]) / np.asarray(2 * delta, ends[0].dtype))
    if rows:
        return np.stack(rows)
    empty = _parts(run(y, {**extra, x: point}))
    return np.zeros((0, empty.size), empty.dtype)
