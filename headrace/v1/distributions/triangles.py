"""Vectors as triangles of matrices, and back."""

from __future__ import annotations

import math
from typing import Any

import headrace as tf
from headrace.api.compat_v1_graph import name_scope


def side_of_triangle(size: int) -> int:
    """The rows of a triangle with so many entries.

    Raises:
      ValueError: no triangle has so many.

    >>> side_of_triangle(6)
    3
    """
    side = (math.isqrt(1 + 8 * size) - 1) // 2
    if side * (side + 1) // 2 != size:
        raise ValueError(f"{size} numbers make no triangle: that takes 1, 3, 6, 10 … numbers.")
    return side


def fill_triangular(x: Any, upper: bool = False, name: str | None = None) -> Any:
    """The entries of vectors [..., n * (n + 1) / 2] as lower triangles [..., n, n], in a spiral.

    Args:
      upper: whether the triangles are upper ones.

    Raises:
      ValueError: no triangle has so many entries.

    >>> fill_triangular([1, 2, 3, 4, 5, 6]).numpy().tolist()
    [[4, 0, 0], [6, 5, 0], [3, 2, 1]]
    """
    with name_scope(name, "fill_triangular", [x]):
        x = tf.convert_to_tensor(x, name="x")
        size = x.shape.with_rank_at_least(1).as_list()[-1]
        if size is None:
            root = tf.sqrt(0.25 + 2.0 * tf.cast(tf.shape(x)[-1], tf.float32))
            side: Any = tf.cast(tf.round(root - 0.5), tf.int32)
        else:
            side = side_of_triangle(size)
        # Behind the first row the vector runs on, then backwards: together n * n entries.
        backwards = tf.reverse(x[..., side:] if upper else x, [-1])
        square = tf.concat([x, backwards] if upper else [x[..., side:], backwards], -1)
        square = tf.reshape(square, tf.concat([tf.shape(x)[:-1], [side, side]], 0))
        known = None if size is None else side
        square.set_shape([*x.shape.as_list()[:-1], known, known])
        return tf.linalg.band_part(square, 0, -1) if upper else tf.linalg.band_part(square, -1, 0)


def fill_triangular_inverse(x: Any, upper: bool = False, name: str | None = None) -> Any:
    """The triangles [..., n, n] that `fill_triangular` makes as the vectors it made them of.

    >>> fill_triangular_inverse([[3, 0], [2, 1]]).numpy().tolist()
    [1, 2, 3]
    """
    with name_scope(name, "fill_triangular_inverse", [x]):
        x = tf.convert_to_tensor(x, name="x")
        *rest, side = x.shape.with_rank_at_least(2).as_list()[:-1]
        n = tf.shape(x)[-1] if side is None else side
        first = x[..., 0, :] if upper else tf.reverse(x[..., -1, :], [-1])
        others = x[..., 1:, :] if upper else x[..., :-1, :]
        both = others + tf.reverse(others, [-1, -2])
        flat = tf.reshape(both, tf.concat([tf.shape(x)[:-2], [n * (n - 1)]], 0))
        y = tf.concat([first, flat[..., : n * (n - 1) // 2]], -1)
        y.set_shape([*rest, None if side is None else side * (side + 1) // 2])
        return y
