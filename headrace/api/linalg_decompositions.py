"""`tf.linalg`: decompositions, eigenvalues and singular values."""

from __future__ import annotations

from collections import namedtuple
from typing import Any

import numpy as np

from headrace.core import dtypes
from headrace.core.convert import to_tensor
from headrace.core.op import lookup
from headrace.core.scoping import scoped
from headrace.ops import matrix as m
from headrace.ops.decompose import CHOLESKY, EIG, EIGH, LU, QR, SVD, TRIANGULAR_SOLVE
from headrace.ops.diag import MATRIX_DIAG
from headrace.ops.math import conj

Qr = namedtuple("Qr", ["q", "r"])
Lu = namedtuple("Lu", ["lu", "p"])


def cholesky(input: Any, name: str | None = None) -> Any:
    """The lower triangular `l` with `l l^H` = input, for Hermitian positive definite matrices (only the lower
    triangle is read). NaN where a matrix is not positive definite.

    >>> tf.linalg.cholesky([[4.0, 2.0], [2.0, 2.0]]).numpy().tolist()
    [[2.0, 0.0], [1.0, 1.0]]
    """
    return CHOLESKY(input, name=name)


@scoped("cholesky_solve", "MatrixTriangularSolve_1")
def cholesky_solve(chol: Any, rhs: Any, name: str | None = None) -> Any:
    """Solves `A X = rhs` given `chol = tf.linalg.cholesky(A)`.

    >>> tf.linalg.cholesky_solve([[2.0, 0.0], [1.0, 1.0]], [[4.0], [2.0]]).numpy().tolist()
    [[1.0], [0.0]]
    """
    chol = to_tensor(chol)
    return TRIANGULAR_SOLVE(chol, TRIANGULAR_SOLVE(chol, rhs), adjoint=True, name=name)


def qr(input: Any, full_matrices: bool = False, name: str | None = None) -> Any:
    """`(q, r)` with q r = input, q's columns orthonormal and r upper triangular. q is `[..., M, min(M, N)]`,
    or `[..., M, M]` with `full_matrices`.

    >>> q, r = tf.linalg.qr([[3.0], [4.0]])
    >>> abs(round(float(r[0, 0]), 5))
    5.0
    """
    return Qr(*QR(input, full_matrices=full_matrices, name=name))


def lu(input: Any, output_idx_type: Any = dtypes.int32, name: str | None = None) -> Any:
    """`(lu, p)`: the packed factors (a unit lower and an upper triangle) of the square matrices with rows in
    the order p.

    Raises:
      InvalidArgumentError: a matrix is singular.

    >>> factors, p = tf.linalg.lu([[1.0, 1.0], [2.0, 4.0]])
    >>> factors.numpy().tolist(), p.numpy().tolist()
    ([[2.0, 4.0], [0.5, -1.0]], [1, 0])
    """
    return Lu(*LU(input, output_idx_type=dtypes.as_dtype(output_idx_type), name=name))


def svd(tensor: Any, full_matrices: bool = False, compute_uv: bool = True, name: str | None = None) -> Any:
    """`(s, u, v)` with u diag(s) v^H = tensor and s in descending order; only s without `compute_uv`. s is
    real, of shape `[..., min(M, N)]`.

    >>> tf.linalg.svd([[0.0, 2.0], [1.0, 0.0]], compute_uv=False).numpy().tolist()
    [2.0, 1.0]
    """
    s, u, v = SVD(tensor, compute_uv=compute_uv, full_matrices=full_matrices, name=name)
    return (m.real(s), u, v) if compute_uv else m.real(s)


def eigh(tensor: Any, name: str | None = None) -> Any:
    """Eigenvalues in ascending order and eigenvectors (columns) of Hermitian matrices, of which only the
    lower triangle is read.

    >>> e, v = tf.linalg.eigh([[2.0, 0.0], [0.0, 1.0]])
    >>> e.numpy().tolist()
    [1.0, 2.0]
    """
    e, v = EIGH(tensor, compute_v=True, name=name)
    return e, v


def eigvalsh(tensor: Any, name: str | None = None) -> Any:
    """The eigenvalues of Hermitian matrices in ascending order.

    >>> tf.linalg.eigvalsh([[2.0, 0.0], [0.0, 1.0]]).numpy().tolist()
    [1.0, 2.0]
    """
    e, _ = EIGH(tensor, compute_v=False, name=name)
    return e


def _complex_type(x: Any) -> Any:
    return dtypes.complex128 if x._dtype.size >= 8 and x._dtype is not dtypes.complex64 else dtypes.complex64


def eig(tensor: Any, name: str | None = None) -> Any:
    """Complex eigenvalues and eigenvectors (columns of length 1) of square matrices. Computed on the host.

    >>> e, v = tf.linalg.eig([[2.0, 0.0], [0.0, 3.0]])
    >>> e.numpy().tolist()
    [(2+0j), (3+0j)]
    """
    tensor = to_tensor(tensor)
    e, v = EIG(tensor, compute_v=True, Tout=_complex_type(tensor), name=name)
    return e, v


def eigvals(tensor: Any, name: str | None = None) -> Any:
    """The complex eigenvalues of square matrices. Computed on the host.

    >>> tf.linalg.eigvals([[2.0, 0.0], [0.0, 3.0]]).numpy().tolist()
    [(2+0j), (3+0j)]
    """
    tensor = to_tensor(tensor)
    e, _ = EIG(tensor, compute_v=False, Tout=_complex_type(tensor), name=name)
    return e


def eigh_tridiagonal(
    alpha: Any,
    beta: Any,
    eigvals_only: bool = True,
    select: str = "a",
    select_range: Any = None,
    tol: Any = None,
    name: str | None = None,
) -> Any:
    """Eigenvalues (and vectors) of the Hermitian tridiagonal matrix with diagonal `alpha` `[n]` and
    superdiagonal `beta` `[n - 1]`.

    Args:
      select: "a" all eigenvalues, "i" those with indices `select_range[0] <= i <= select_range[1]`, "v" those
        in the interval `(select_range[0], select_range[1]]`.
      tol: accepted for compatibility: results always have full precision.

    >>> tf.linalg.eigh_tridiagonal([1.0, 3.0], [0.0]).numpy().tolist()
    [1.0, 3.0]
    """
    alpha, beta = to_tensor(alpha), to_tensor(beta)
    if select not in ("a", "i", "v"):
        raise ValueError(f"'select must have a value in {{'a', 'v', 'i'}}, received {select!r}.")
    if select != "a" and select_range is None:
        raise ValueError(f"select={select!r} needs select_range, a pair of numbers.")
    if alpha._dtype.kind == "c":
        alpha = m.cast(m.real(alpha), alpha._dtype)
    zero = np.zeros((), beta._dtype._np)
    n = m.dimension(alpha, -1)
    below = MATRIX_DIAG(conj(beta), -1, n, n, zero)  # only the lower triangle is read
    dense = m.with_diagonal(below, alpha)
    e, v = EIGH(dense, compute_v=not eigvals_only, name=name)
    e = m.real(e)
    if select == "i":
        first, last = (int(i) for i in select_range)
        e = lookup("StridedSlice")(e, [first], [last + 1], [1])
        v = (
            v
            if eigvals_only
            else lookup("StridedSlice")(v, [0, first], [0, last + 1], [1, 1], begin_mask=1, end_mask=1)
        )
    elif select == "v":
        low, high = (m.cast(to_tensor(x), e._dtype) for x in (select_range[0], select_range[1]))
        chosen = lookup("LogicalAnd")(lookup("Greater")(e, low), lookup("LessEqual")(e, high))
        index = lookup("Reshape")(lookup("Where")(chosen), [-1])
        e = lookup("GatherV2")(e, index, 0)
        v = v if eigvals_only else lookup("GatherV2")(v, index, 1)
    return e if eigvals_only else (e, v)
