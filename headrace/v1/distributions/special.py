"""The standard normal distribution's function, also far out in its tails."""

from __future__ import annotations

import math
from typing import Any

import ml_dtypes

import headrace as tf
from headrace.api.compat_v1_graph import name_scope


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


def softplus_inverse(x: Any, name: str | None = None) -> Any:
    """The y with `log(1 + exp(y)) = x`, for x > 0, also very small and very large.

    >>> print(f"{float(softplus_inverse(tf.nn.softplus(0.5))):.4f}")
    0.5000
    """
    with name_scope(name, "softplus_inverse", [x]):
        x = tf.convert_to_tensor(x, name="x")
        bound = math.log(float(ml_dtypes.finfo(x.dtype.as_numpy_dtype).eps)) + 2.0
        small, large = x < math.exp(bound), x > -bound
        # Each branch sees only arguments at which it and its gradient are finite.
        middle = tf.where(tf.logical_or(small, large), tf.ones_like(x), x)
        found = middle + tf.math.log(-tf.math.expm1(-middle))
        return tf.where(small, tf.math.log(x), tf.where(large, x, found))


def reduce_weighted_logsumexp(
    logx: Any, w: Any = None, axis: Any = None, keep_dims: bool = False, return_sign: bool = False, name: str | None = None
) -> Any:  # fmt: skip
    """`log(abs(sum(w * exp(logx))))`, with the sign of the sum if asked for.

    >>> print(f"{float(reduce_weighted_logsumexp([0.0, 0.0], [3.0, -1.0])):.4f}")
    0.6931
    """
    with name_scope(name, "reduce_weighted_logsumexp", [logx, w]):
        logx = tf.convert_to_tensor(logx, name="logx")
        if w is None:
            found = tf.reduce_logsumexp(logx, axis, keepdims=keep_dims)
            return (found, tf.ones_like(found)) if return_sign else found
        w = tf.convert_to_tensor(w, logx.dtype, name="w")
        logs = logx + tf.math.log(tf.abs(w))
        largest = tf.reduce_max(logs, axis, keepdims=True)
        largest = tf.where(tf.math.is_inf(largest), tf.zeros_like(largest), largest)
        total = tf.reduce_sum(tf.sign(w) * tf.exp(logs - largest), axis, keepdims=keep_dims)
        sign = tf.sign(total)
        found = tf.math.log(sign * total) + (largest if keep_dims else tf.squeeze(largest, axis))
        return (found, sign) if return_sign else found


def matrix_diag_transform(matrix: Any, transform: Any = None, name: str | None = None) -> Any:
    """Matrices with `transform` applied to their diagonals."""
    with name_scope(name, "matrix_diag_transform", [matrix]):
        matrix = tf.convert_to_tensor(matrix, name="matrix")
        if transform is None:
            return matrix
        return tf.linalg.set_diag(matrix, transform(tf.linalg.diag_part(matrix)))


def tridiag(below: Any = None, diag: Any = None, above: Any = None, name: str | None = None) -> Any:
    """Matrices with these diagonals, zero elsewhere.

    Raises:
      ValueError: none is given.

    >>> tridiag(below=[1.0], diag=[2.0, 3.0]).numpy().tolist()
    [[2.0, 0.0], [1.0, 3.0]]
    """
    with name_scope(name, "tridiag", [below, diag, above]):
        given = [(-1, below), (0, diag), (1, above)]
        parts = [tf.linalg.diag(tf.convert_to_tensor(v), k=k) for k, v in given if v is not None]
        if not parts:
            raise ValueError("Give at least one of `below`, `diag`, `above`.")
        return sum(parts[1:], parts[0])
