"""Stands in for `tensorflow.python.ops.math_ops`."""

from __future__ import annotations

from typing import Any


def __getattr__(name: str) -> Any:
    import headrace as tf

    return getattr(tf.math, name) if hasattr(tf.math, name) else getattr(tf, name)
