"""`tensorflow.python.layers.utils`: what programs use of it."""

from __future__ import annotations

from typing import Any

import headrace as tf
from headrace.v1.layers.core import chosen


def smart_cond(pred: Any, true_fn: Any = None, false_fn: Any = None, name: str | None = None) -> Any:
    """`true_fn()` or `false_fn()`: now if the condition is known, else when it runs."""
    with tf.name_scope(name or "smart_cond"):
        return chosen(pred, true_fn, false_fn)


def constant_value(pred: Any) -> bool | None:
    """The value of a condition, if it is known; None for what is known only when it runs."""
    if isinstance(pred, (bool, int)):
        return bool(pred)
    value = None if isinstance(pred, tf.Variable) else tf.get_static_value(pred)
    return None if value is None else bool(value)


def normalize_tuple(value: Any, n: int, name: str) -> tuple[int, ...]:
    """`n` ints: the same one, or those of a sequence.

    Raises:
      ValueError: they are not as many, or no ints.

    >>> normalize_tuple(2, 3, "strides")
    (2, 2, 2)
    """
    try:
        values = (int(value),) * n if hasattr(value, "__index__") else tuple(int(v) for v in value)
    except (TypeError, ValueError):
        values = ()
    if len(values) != n:
        raise ValueError(f"The `{name}` argument must be a tuple of {n} integers. Received: {value}")
    return values


__all__ = ["constant_value", "normalize_tuple", "smart_cond"]
