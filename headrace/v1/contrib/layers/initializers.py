"""Initialisers of `tf.contrib.layers`."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import headrace as tf


def xavier_initializer(
    uniform: bool = True, seed: int | None = None, dtype: Any = tf.float32
) -> Callable[..., Any]:
    """Glorot and Bengio (2010): keeps the scale of values and gradients about the same in all layers."""
    return variance_scaling_initializer(1.0, "FAN_AVG", uniform, seed, dtype)


xavier_initializer_conv2d = xavier_initializer


def variance_scaling_initializer(
    factor: float = 2.0, mode: str = "FAN_IN", uniform: bool = False, seed: int | None = None, dtype: Any = tf.float32
) -> Callable[..., Any]:  # fmt: skip
    """Random numbers of variance `factor / n`; the defaults are He et al.'s (2015).

    Args:
      mode: what n is: inputs ("FAN_IN"), outputs ("FAN_OUT") or their mean ("FAN_AVG").
      uniform: uniform numbers; else normal ones, cut at two standard deviations.
    """
    if not tf.as_dtype(dtype).is_floating:
        raise TypeError("Cannot create initializer for non-floating point type.")
    if mode not in ("FAN_IN", "FAN_OUT", "FAN_AVG"):
        raise TypeError(f"Unknown mode {mode} [FAN_IN, FAN_OUT, FAN_AVG]")
    default = dtype

    def make(shape: Any, dtype: Any = None, partition_info: Any = None) -> Any:
        dtype = tf.as_dtype(dtype or default)
        sizes = [float(d) for d in (shape if partition_info is None else partition_info.full_shape)]
        fan_in = (sizes[-2] if len(sizes) > 1 else sizes[-1]) if sizes else 1.0
        fan_out = sizes[-1] if sizes else 1.0
        window = math.prod(sizes[:-2])
        n = {"FAN_IN": fan_in, "FAN_OUT": fan_out, "FAN_AVG": (fan_in + fan_out) / 2.0}[mode] * window
        if uniform:
            limit = math.sqrt(3.0 * factor / n)
            return tf.random.uniform(shape, -limit, limit, dtype, seed)
        # What is cut off makes the variance smaller; 1.3 makes up for it.
        return tf.random.truncated_normal(shape, 0.0, math.sqrt(1.3 * factor / n), dtype, seed)

    return make
