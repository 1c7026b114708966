"""`tf.contrib.resampler`: images sampled at points, as in spatial transformer nets (Jaderberg et al., 2015)."""

from __future__ import annotations

from typing import Any

import headrace as tf
from headrace.core import dtypes


def resampler(data: Any, warp: Any, name: str = "resampler") -> Any:
    """What images have at points, interpolated; 0 outside. Gradients flow to both.

    Args:
      data: [batch, height, width, channels].
      warp: [batch, …, 2]: points as (x, y) in pixels.

    Returns: [batch, …, channels]."""
    with tf.name_scope(name):
        data, warp = tf.convert_to_tensor(data), tf.convert_to_tensor(warp)
        size = tf.shape(data)
        low = tf.floor(warp)
        part = tf.cast(warp - low, data.dtype)
        x, y = (tf.cast(low[..., i], dtypes.int32) for i in (0, 1))

        def at(right: int, down: int) -> Any:
            column, row = x + right, y + down
            inside = (column >= 0) & (column < size[2]) & (row >= 0) & (row < size[1])
            safe = [tf.clip_by_value(v, 0, size[i] - 1) for v, i in ((row, 1), (column, 2))]
            pixels = tf.gather_nd(data, tf.stack(safe, axis=-1), batch_dims=1)
            across = part[..., 0] if right else 1 - part[..., 0]
            along = part[..., 1] if down else 1 - part[..., 1]
            return pixels * (across * along * tf.cast(inside, data.dtype))[..., None]

        return at(0, 0) + at(1, 0) + at(0, 1) + at(1, 1)


__all__ = ["resampler"]
