"""Hue, saturation and value changed in the YIQ space, where that is one product of matrices."""

from __future__ import annotations

from typing import Any

import numpy as np

import headrace as tf
from headrace.core import dtypes

_YIQ = np.array([[0.299, 0.587, 0.114], [0.596, -0.274, -0.322], [0.211, -0.523, 0.312]], np.float32)


def adjust_hsv_in_yiq(
    image: Any, delta_hue: Any = 0, scale_saturation: Any = 1, scale_value: Any = 1, name: str | None = None
) -> Any:  # fmt: skip
    """Images [..., 3] whose hue is turned by `delta_hue` radians, and saturation and value scaled."""
    with tf.name_scope(name or "adjust_hsv_in_yiq"):
        image = tf.convert_to_tensor(image, name="image")
        angle, saturation, value = (
            tf.cast(x, dtypes.float32) for x in (delta_hue, scale_saturation, scale_value)
        )
        cos, sin, zero = saturation * tf.cos(angle), saturation * tf.sin(angle), tf.zeros([])
        turn = tf.reshape(tf.stack([tf.ones([]), zero, zero, zero, cos, -sin, zero, sin, cos]), [3, 3])
        matrix = value * tf.matmul(np.linalg.inv(_YIQ), tf.matmul(turn, _YIQ))
        changed = tf.tensordot(tf.image.convert_image_dtype(image, dtypes.float32), matrix, [[-1], [1]])
        return tf.image.convert_image_dtype(changed, image.dtype)


def random_hsv_in_yiq(
    image: Any, max_delta_hue: float = 0, lower_saturation: float = 1, upper_saturation: float = 1, lower_value: float = 1,
    upper_value: float = 1, seed: int | None = None,
) -> Any:  # fmt: skip
    """`adjust_hsv_in_yiq` by random amounts between bounds.

    Raises:
      ValueError: a bound is negative, or a lower one is larger than the upper one."""
    for what, bound in (
        ("max_delta_hue", max_delta_hue),
        ("lower_saturation", lower_saturation),
        ("lower_value", lower_value),
    ):
        if bound < 0:
            raise ValueError(f"{what} must be non-negative, received {bound}.")
    for what, low, high in (
        ("saturation", lower_saturation, upper_saturation),
        ("value", lower_value, upper_value),
    ):
        if low > high:
            raise ValueError(f"lower_{what} must be <= upper_{what}, received {low} and {high}.")

    def between(low: float, high: float) -> Any:
        return low if low == high else tf.random.uniform([], low, high, seed=seed)

    return adjust_hsv_in_yiq(
        image, between(-max_delta_hue, max_delta_hue) if max_delta_hue else 0,
        between(lower_saturation, upper_saturation), between(lower_value, upper_value),
    )  # fmt: skip
