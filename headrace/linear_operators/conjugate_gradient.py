"""`tf.linalg.experimental.conjugate_gradient`."""

from __future__ import annotations

import collections
from typing import Any

from headrace.api import array as _array
from headrace.api import math as _math
from headrace.api.control import while_loop
from headrace.core import convert, dtypes

from .base import LinearOperator

CGState = collections.namedtuple("CGState", ["i", "x", "r", "p", "gamma"])


def conjugate_gradient(
    operator: LinearOperator,
    rhs: Any,
    preconditioner: Any = None,
    x: Any = None,
    tol: float = 1e-5,
    max_iter: int = 20,
    name: str = "conjugate_gradient",
) -> Any:
    """Solves `operator @ x = rhs` step by step (Hestenes and Stiefel, 1952).

    Args:
      operator: self-adjoint and positive definite.
      rhs: vectors `[..., N]`; `x`: where to start, 0 by default.
      preconditioner: an operator near the inverse.
      tol: ends when the residual's norm is at most `tol` times that of `rhs`.
      max_iter: or after so many steps.

    Returns:
      A tuple: `i` steps were done, the solution `x`, its residual `r`, the last direction `p`, and `gamma`, the product of
      `r` with the preconditioned `r`.

    Raises:
      ValueError: the operator is not known to be self-adjoint and positive definite.

    >>> import headrace as tf
    >>> a = tf.linalg.LinearOperatorFullMatrix([[4.0, 1.0], [1.0, 3.0]], is_self_adjoint=True, is_positive_definite=True)
    >>> tf.linalg.experimental.conjugate_gradient(a, [1.0, 2.0]).x.numpy().round(3).tolist()
    [0.091, 0.636]
    """
    if not (operator.is_self_adjoint and operator.is_positive_definite):
        raise ValueError("Expected a self-adjoint, positive definite operator.")
    rhs = convert.to_tensor(rhs, hint=operator.dtype)
    limit = _math.cast(tol, rhs.dtype.real_dtype) * _norm(rhs)
    x = _array.zeros_like(rhs) if x is None else convert.to_tensor(x, rhs.dtype)
    x = _array.broadcast_to(x, _array.shape(rhs))

    def improved(r: Any) -> Any:
        return r if preconditioner is None else preconditioner.matvec(r)

    def going(i: Any, x: Any, r: Any, p: Any, gamma: Any) -> Any:
        return _math.logical_and(_math.less(i, max_iter), _math.reduce_any(_norm(r) > limit))

    def step(i: Any, x: Any, r: Any, p: Any, gamma: Any) -> Any:
        z = operator.matvec(p)
        far = _divide(gamma, _dot(p, z))
        x, r = x + far[..., None] * p, r - far[..., None] * z
        q = improved(r)
        new = _dot(r, q)
        return i + 1, x, r, q + _divide(new, gamma)[..., None] * p, new

    r = rhs - operator.matvec(x)
    p = improved(r)
    return CGState(*while_loop(going, step, [convert.to_tensor(0, dtypes.int32), x, r, p, _dot(r, p)]))


def _dot(a: Any, b: Any) -> Any:
    return _math.reduce_sum(_math.conj(a) * b, -1)


def _norm(a: Any) -> Any:
    return _math.sqrt(_math.real(_dot(a, a)))


def _divide(a: Any, b: Any) -> Any:
    """a / b, and 0 where both are: a part of the batch may be done before the others."""
    return _math.divide_no_nan(a, b)
