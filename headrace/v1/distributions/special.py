"""The standard normal distribution's function, also far out in its tails."""

from __future__ import annotations

import math
from typing import Any

import ml_dtypes

import headrace as tf


def ndtr(x: Any) -> Any:
    """`P[Z <= x]` of a standard normal Z."""
    return 0.5 * tf.math.erfc(x * -math.sqrt(0.5))


def log_ndtr(x: Any) -> Any:
    """`log P[Z <= x]`, where that probability is no number of the dtype, too.

    There it is the asymptotic series of Abramowitz and Stegun, 26.2.12."""
    tiny = float(ml_dtypes.finfo(x.dtype.as_numpy_dtype).smallest_normal)
    lower = 1.0 - math.sqrt(-2.0 * math.log(tiny))  # down to here ndtr(x) is a normal number
    # Each branch sees only arguments at which it and its gradient are finite.
    near, far, positive = tf.clip_by_value(x, lower, 0.0), tf.minimum(x, lower), tf.maximum(x, 0.0)
    r = 1.0 / tf.square(far)
    series = 1.0 - r * (1.0 - 3.0 * r * (1.0 - 5.0 * r * (1.0 - 7.0 * r * (1.0 - 9.0 * r))))
    tail = -0.5 * tf.square(far) - tf.math.log(-far) - 0.5 * math.log(2.0 * math.pi) + tf.math.log(series)
    return tf.where(
        x > 0.0, tf.math.log1p(-ndtr(-positive)), tf.where(x > lower, tf.math.log(ndtr(near)), tail)
    )
