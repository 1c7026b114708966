"""`tf.linalg`: determinants, functions of matrices, products with vectors, norms."""

from __future__ import annotations

import math
from collections import namedtuple
from typing import Any

import numpy as np

from headrace.core.convert import to_tensor
from headrace.core.op import lookup
from headrace.core.scoping import called, scoped
from headrace.ops import matrix as m
from headrace.ops.decompose import CHOLESKY
from headrace.ops.linalg import CROSS, DETERMINANT, EXPM, LOG_DETERMINANT, LOGM, SQRTM
from headrace.ops.math import conj, mul, sqrt

from .linalg_decompositions import svd
from .products import matmul

LogMatrixDeterminant = namedtuple("LogMatrixDeterminant", ["sign", "log_abs_determinant"])


def det(input: Any, name: str | None = None) -> Any:
    """The determinant of every square matrix: shape `[...]`.

    >>> float(tf.linalg.det([[1.0, 2.0], [3.0, 5.0]]))
    -1.0
    """
    return DETERMINANT(input, name=name)


def slogdet(input: Any, name: str | None = None) -> Any:
    """`(sign, log_abs_determinant)` of every square matrix.

    >>> sign, log = tf.linalg.slogdet([[0.0, 1.0], [1.0, 0.0]])
    >>> float(sign), abs(float(log))
    (-1.0, 0.0)
    """
    return LogMatrixDeterminant(*LOG_DETERMINANT(input, name=name))


@scoped("logdet", "mul")
def logdet(matrix: Any, name: str | None = None) -> Any:
    """The logarithm of the determinant of Hermitian positive definite matrices.

    >>> float(tf.linalg.logdet([[1.0, 0.0], [0.0, 1.0]]))
    0.0
    """
    logs = lookup("Log")(m.real(m.diagonal(CHOLESKY(matrix))))
    return mul(m.total(logs, [-1]), np.asarray(2, logs._dtype._np))


@scoped("matrix_exponential", "Reshape_1")
def expm(input: Any, name: str | None = None) -> Any:
    """The matrix exponential of every square matrix (scaling and squaring with Padé approximants).

    >>> tf.linalg.expm([[0.0, 1.0], [0.0, 0.0]]).numpy().tolist()
    [[1.0, 1.0], [0.0, 1.0]]
    """
    return EXPM(input, name=name)


def logm(input: Any, name: str | None = None) -> Any:
    """The matrix logarithm of every complex square matrix: `expm` of it is the input. Computed on the host.

    >>> tf.linalg.logm(tf.constant([[1.0, 0.0], [0.0, 1.0]], tf.complex64)).numpy().tolist()
    [[0j, 0j], [0j, 0j]]
    """
    return LOGM(input, name=name)


def sqrtm(input: Any, name: str | None = None) -> Any:
    """The principal square root of every square matrix. NaN where a real matrix has no real one. Computed on
    the host.

    >>> tf.linalg.sqrtm([[4.0, 0.0], [0.0, 9.0]]).numpy().tolist()
    [[2.0, 0.0], [0.0, 3.0]]
    """
    return SQRTM(input, name=name)


def cross(a: Any, b: Any, name: str | None = None) -> Any:
    """The cross product of vectors of three elements (the last dimension).

    >>> tf.linalg.cross([1, 0, 0], [0, 1, 0]).numpy().tolist()
    [0, 0, 1]
    """
    return CROSS(a, b, name=name)


@scoped("norm", None)
def norm(
    tensor: Any,
    ord: Any = "euclidean",
    axis: Any = None,
    keepdims: bool | None = None,
    name: str | None = None,
) -> Any:
    """Norms of vectors or matrices.

    Args:
      ord: "euclidean" (the same as "fro"), 1, 2, `np.inf`, or for vectors any positive number.
      axis: None (all elements as one vector), an integer (vectors), or a pair (matrices; then 2 is the
        spectral norm).
      keepdims: whether reduced dimensions stay with size 1.

    Raises:
      ValueError: another `ord` or `axis`.

    >>> float(tf.norm([3.0, 4.0])), float(tf.norm([3.0, -4.0], ord=1))
    (5.0, 7.0)
    """
    result = _norm(tensor, ord, axis, bool(keepdims))
    return result if keepdims else called(result, "Squeeze")


def _norm(tensor: Any, ord: Any, axis: Any, keep: bool) -> Any:
    is_matrix = isinstance(axis, (tuple, list)) and len(axis) == 2
    if is_matrix:
        axis = tuple(axis)
        if not isinstance(axis[0], int) or not isinstance(axis[1], int) or axis[0] == axis[1]:
            raise ValueError(f"'axis' must be None, an integer, or a tuple of 2 unique integers, got {axis}")
        if ord not in ("euclidean", "fro", 1, 2, math.inf):
            raise ValueError(
                f"'ord' must be a supported matrix norm in ['euclidean', 'fro', 1, 2, inf], got {ord}"
            )
    else:
        if not (isinstance(axis, int) or axis is None):
            raise ValueError(f"'axis' must be None, an integer, or a tuple of 2 unique integers, got {axis}")
        if ord != "euclidean" and (isinstance(ord, str) or not np.isreal(ord) or ord <= 0):
            raise ValueError(f"'ord' must be a supported vector norm, got {ord}")
    tensor = to_tensor(tensor)
    axes = list(axis) if is_matrix else axis if axis is None else [axis]
    if ord in ("fro", "euclidean", 2):
        if is_matrix and ord == 2:
            return _spectral_norm(tensor, axis, keep)
        return sqrt(m.total(mul(tensor, conj(tensor)), axes, keep))
    size = _absolute(tensor)
    if not is_matrix:
        if ord == 1:
            return m.total(size, axes, keep)
        if ord == math.inf:
            return m.largest(size, axes, keep)
        power = np.asarray(ord, size._dtype._np)
        return lookup("Pow")(
            m.total(lookup("Pow")(size, power), axes, keep), np.asarray(1.0 / ord, size._dtype._np)
        )
    inner, outer = (axis[0], axis[1]) if ord == 1 else (axis[1], axis[0])
    result = m.largest(m.total(size, [inner], True), [outer], True)
    return result if keep else lookup("Squeeze")(result, squeeze_dims=list(axis))


def _absolute(x: Any) -> Any:
    return lookup("ComplexAbs")(x, Tout=x._dtype.real_dtype) if x._dtype.kind == "c" else lookup("Abs")(x)


def _spectral_norm(x: Any, axis: tuple[int, int], keep: bool) -> Any:
    if axis not in ((-2, -1), (-1, -2)):
        rank = x.ndim
        if rank is None:
            raise ValueError(
                "norm(ord=2) over dimensions other than the last two needs the tensor's rank to be known."
            )
        at = [a % rank for a in axis]
        x = lookup("Transpose")(x, [i for i in range(rank) if i not in at] + at)
        largest = m.largest(svd(x, compute_uv=False), [-1])
        for i in sorted(at) if keep else ():
            largest = lookup("ExpandDims")(largest, i)
        return largest
    largest = m.largest(svd(x, compute_uv=False), [-1])
    return m.rows(m.rows(largest)) if keep else largest


@scoped("normalize", "truediv", "norm/Sqrt")
def normalize(tensor: Any, ord: Any = "euclidean", axis: Any = None, name: str | None = None) -> Any:
    """`(tensor / norm, norm)`, the norm as in `tf.norm` with reduced dimensions kept.

    >>> unit, length = tf.linalg.normalize([0.0, 2.0])
    >>> unit.numpy().tolist(), length.numpy().tolist()
    ([0.0, 1.0], [2.0])
    """
    tensor = to_tensor(tensor)
    length = norm(tensor, ord, axis, keepdims=True)
    return lookup("RealDiv")(tensor, m.cast(length, tensor._dtype)), m.cast(length, tensor._dtype)


@scoped("MatVec", "Squeeze")
def matvec(
    a: Any,
    b: Any,
    transpose_a: bool = False,
    adjoint_a: bool = False,
    a_is_sparse: bool = False,
    b_is_sparse: bool = False,
    name: str | None = None,
) -> Any:
    """Matrices times vectors: `[..., M, N]` and `[..., N]` give `[..., M]`. Batch dimensions broadcast.

    Args:
      transpose_a, adjoint_a: whether the matrices are transposed (and conjugated) first.
      a_is_sparse, b_is_sparse: hints that most elements are zero; they change nothing here.

    >>> tf.linalg.matvec([[1, 2], [3, 4]], [1, 1]).numpy().tolist()
    [3, 7]
    """
    a = to_tensor(a)
    column = m.rows(to_tensor(b, hint=a._dtype))
    product = matmul(a, column, transpose_a=transpose_a, adjoint_a=adjoint_a, name=name)
    return lookup("Squeeze")(product, squeeze_dims=[-1])
