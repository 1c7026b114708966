"""Clipping of values and of norms."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from headrace.core import dtypes
from headrace.core.convert import to_tensor
from headrace.core.graph import current_scope
from headrace.core.op import lookup
from headrace.core.scoping import scoped
from headrace.core.tape import is_slices
from headrace.ops.math import maximum, minimum, mul, number, realdiv, sqrt

from .reductions import reduce_sum


def _on_values(t: Any, function: Callable[[Any], Any]) -> Any:
    """Applies `function` to a tensor, or to the rows of an IndexedSlices."""
    if is_slices(t):
        return type(t)(function(t.values), t.indices, t.dense_shape)
    return function(to_tensor(t))


@scoped("clip_by_value")
def clip_by_value(t: Any, clip_value_min: Any, clip_value_max: Any, name: str | None = None) -> Any:
    """Moves values below the minimum to it, and values above the maximum to that.

    Args:
      t: a tensor or IndexedSlices.
      clip_value_min, clip_value_max: tensors that broadcast to t's shape.

    Raises:
      ValueError: a bound would broadcast t to another shape.

    >>> tf.clip_by_value([1, 5, 10], 2, 6).numpy().tolist()
    [2, 5, 6]
    """

    def clip(values: Any) -> Any:
        below = minimum(values, clip_value_max)
        values.shape.assert_is_compatible_with(below.shape)
        out = maximum(below, clip_value_min, name)
        values.shape.assert_is_compatible_with(out.shape)
        return out

    return _on_values(t, clip)


@scoped("clip_by_norm")
def clip_by_norm(t: Any, clip_norm: Any, axes: Any = None, name: str | None = None) -> Any:
    """Scales t down so that its L2 norm over `axes` (all, if None) is at most `clip_norm`.

    >>> print(tf.clip_by_norm([3.0, 4.0], 1.0).numpy().round(2))
    [0.6 0.8]
    """

    def clip(values: Any) -> Any:
        if isinstance(clip_norm, (int, float, np.number)):
            limit = number(max(float(clip_norm), 0.0), values)
        else:
            limit = to_tensor(clip_norm)
            limit = lookup("Cast")(maximum(limit, number(0, limit)), DstT=values._dtype)
        squares = reduce_sum(mul(values, values, "mul"), axes, keepdims=True)
        select, zero = lookup("SelectV2"), number(0, squares)
        nonzero = lookup("Greater")(squares, zero)  # the square root has no derivative at zero
        safe = select(nonzero, squares, number(1, squares), name="Select")
        norm = select(nonzero, sqrt(safe), squares, name="Select_1")
        scaled = mul(values, limit, "mul_1")
        values.shape.assert_is_compatible_with(scaled.shape)
        return realdiv(scaled, maximum(norm, limit), name)

    return _on_values(t, clip)


def _check_list(t_list: Any) -> list[Any]:
    if not isinstance(t_list, Sequence) or isinstance(t_list, str):
        raise TypeError(f"`t_list` should be a sequence of tensors. Received {type(t_list)}.")
    return list(t_list)


@scoped("global_norm", "global_norm")
def global_norm(t_list: Sequence[Any], name: str | None = None) -> Any:
    """The L2 norm of all elements of all tensors together; None entries count nothing.

    >>> float(tf.linalg.global_norm([tf.constant([3.0]), tf.constant([4.0]), None]))
    5.0
    """
    squares = []
    for t in _check_list(t_list):
        if t is not None:
            values = to_tensor(t.values if is_slices(t) else t)
            squares.append(reduce_sum(mul(values, values)))
    if not squares:
        return to_tensor(0.0)
    return sqrt(lookup("AddN")(squares) if len(squares) > 1 else squares[0], name)


def clip_by_global_norm(
    t_list: Sequence[Any], clip_norm: Any, use_norm: Any = None, name: str | None = None
) -> tuple[list[Any], Any]:
    """Scales all tensors by one factor so that their global norm is at most `clip_norm`.

    Args:
      use_norm: the global norm, if known already.

    Returns:
      The clipped tensors (None where None was given) and the global norm. If that is infinite,
      the tensors are all NaN.

    >>> clipped, norm = tf.clip_by_global_norm([tf.constant([3.0]), tf.constant([4.0])], 1.0)
    >>> print(clipped[0].numpy().round(2), norm.numpy())
    [0.6] 5.0
    """
    t_list = _check_list(t_list)
    norm: Any = global_norm(t_list, name) if use_norm is None else to_tensor(use_norm)
    return _scaled_to(t_list, clip_norm, norm, name=name), norm


@scoped("clip_by_global_norm", None)
def _scaled_to(t_list: list[Any], clip_norm: Any, norm: Any, name: str | None) -> list[Any]:
    scope = current_scope()
    limit: Any = to_tensor(clip_norm, hint=norm._dtype)
    one = number(1, norm)
    # The last term makes infinite norms show.
    scale = limit * minimum(one / norm, one / limit) + (norm - norm)
    cast: Callable[[Any, dtypes.DType], Any] = lambda x, dtype: (
        x if x._dtype is dtype else lookup("Cast")(x, DstT=dtype)
    )
    return [
        None if t is None else _on_values(t, lambda v: mul(v, cast(scale, v._dtype), f"{scope}_{i}"))  # noqa: B023
        for i, t in enumerate(t_list)
    ]


__all__ = ["clip_by_global_norm", "clip_by_norm", "clip_by_value", "global_norm"]
