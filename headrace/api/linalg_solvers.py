"""`tf.linalg`: systems of equations, inverses, rank."""

from __future__ import annotations

from typing import Any

import numpy as np

from headrace.core import dtypes
from headrace.core.convert import to_tensor
from headrace.core.op import lookup
from headrace.core.scoping import scoped
from headrace.core.shapes import size_of
from headrace.core.tensor import Tensor
from headrace.ops import matrix as m
from headrace.ops.banded import BANDED_SOLVE, MATMUL
from headrace.ops.banded import SOLVE as TRIDIAGONAL_SOLVE
from headrace.ops.decompose import SVD, TRIANGULAR_SOLVE
from headrace.ops.linalg import INVERSE, SOLVE, SOLVE_LS
from headrace.ops.math import add, conj, mul

from .linalg_decompositions import svd
from .linalg_diagonals import diag_part, matrix_transpose


def solve(matrix: Any, rhs: Any, adjoint: bool = False, name: str | None = None) -> Any:
    """X with `matrix X = rhs` (or `matrix^H X = rhs`), for square matrices; rhs is `[..., M, K]`.

    Raises:
      InvalidArgumentError: a matrix is singular (in compiled programs the result is inf or NaN).

    >>> tf.linalg.solve([[2.0, 0.0], [0.0, 4.0]], [[2.0], [2.0]]).numpy().tolist()
    [[1.0], [0.5]]
    """
    return SOLVE(matrix, rhs, adjoint=adjoint, name=name)


@scoped("triangular_solve", "MatrixTriangularSolve")
def triangular_solve(
    matrix: Any, rhs: Any, lower: bool = True, adjoint: bool = False, name: str | None = None
) -> Any:
    """X with `matrix X = rhs` (or `matrix^H X = rhs`); only the lower (or upper) triangle of matrix is read.
    Batch dimensions broadcast.

    >>> tf.linalg.triangular_solve([[2.0, 0.0], [1.0, 1.0]], [[2.0], [2.0]]).numpy().tolist()
    [[1.0], [1.0]]
    """
    return TRIANGULAR_SOLVE(matrix, rhs, lower=lower, adjoint=adjoint, name=name)


def lstsq(
    matrix: Any, rhs: Any, l2_regularizer: Any = 0.0, fast: bool = True, name: str | None = None
) -> Any:
    """X that minimises |matrix X - rhs|^2 + l2_regularizer |X|^2, for matrices of full rank.

    Args:
      fast: through a Cholesky decomposition of the normal equations; otherwise through an SVD, which copes
        with deficient rank (and gives the solution of least norm) but ignores the regulariser and has no
        gradient.

    >>> tf.linalg.lstsq([[1.0], [1.0]], [[1.0], [3.0]]).numpy().tolist()
    [[2.0]]
    """
    matrix = to_tensor(matrix)
    if matrix._dtype is dtypes.complex128 and not isinstance(l2_regularizer, Tensor) and l2_regularizer != 0:
        raise NotImplementedError(
            "lstsq is currently disabled for complex128 and l2_regularizer != 0 due to poor accuracy."
        )
    weight = m.cast(to_tensor(l2_regularizer), dtypes.float64)
    return (_lstsq_fast if fast else SOLVE_LS)(matrix, rhs, weight, fast=fast, name=name)


@scoped("matrix_solve_ls", "cholesky_solve/MatrixTriangularSolve_1")
def _lstsq_fast(*arguments: Any, name: str | None, **attrs: Any) -> Any:
    return SOLVE_LS(*arguments, name=name, **attrs)


def inv(input: Any, adjoint: bool = False, name: str | None = None) -> Any:
    """The inverse of every square matrix (`adjoint`: of its conjugate transpose).

    Raises:
      InvalidArgumentError: a matrix is singular (in compiled programs the result is inf or NaN).

    >>> tf.linalg.inv([[2.0, 0.0], [0.0, 4.0]]).numpy().tolist()
    [[0.5, 0.0], [0.0, 0.25]]
    """
    return INVERSE(input, adjoint=adjoint, name=name)


def _float_matrix(a: Any) -> Any:
    if not a._dtype.is_floating:
        raise TypeError(f"Input `a` must have `float`-like `dtype` (saw {a._dtype.name}).")
    if a.ndim is not None and a.ndim < 2:
        raise ValueError(f"Input `a` must have at least 2 dimensions (saw: {a.ndim}).")
    return a


def _larger_dim(a: Any) -> Any:
    p, q = m.dimension(a, -2), m.dimension(a, -1)
    return (
        np.asarray(max(p, q), a._dtype._np)
        if isinstance(p, int) and isinstance(q, int)
        else m.cast(lookup("Maximum")(p, q), a._dtype)
    )


@scoped("pinv", "MatMul")
def pinv(a: Any, rcond: Any = None, validate_args: bool = False, name: str | None = None) -> Any:
    """The Moore-Penrose pseudo-inverse: `[..., N, M]`.

    Args:
      rcond: singular values up to `rcond` times the largest count as zero; default `10 max(M, N) eps`.
      validate_args: accepted for compatibility: what can be checked always is.

    >>> tf.linalg.pinv([[2.0], [0.0]]).numpy().tolist()
    [[0.5, 0.0]]
    """
    a = _float_matrix(to_tensor(a))
    eps = np.asarray(10 * np.finfo(a._dtype._np).eps, a._dtype._np)
    rcond = mul(_larger_dim(a), eps) if rcond is None else to_tensor(rcond, a._dtype)
    s, u, v = SVD(a)
    cutoff = lookup("ExpandDims")(mul(rcond, m.largest(s, [-1])), -1)
    s = lookup("SelectV2")(lookup("Greater")(s, cutoff), s, np.asarray(np.inf, a._dtype._np))
    return m.mm(lookup("RealDiv")(v, m.columns(s)), u, adjoint_b=True)


@scoped("matrix_rank", "Sum")
def matrix_rank(a: Any, tol: Any = None, validate_args: bool = False, name: str | None = None) -> Any:
    """The number of singular values above `tol` (default `eps max(M, N)` times the largest): int32, shape
    `[...]`.

    >>> int(tf.linalg.matrix_rank([[1.0, 2.0], [2.0, 4.0]]))
    1
    """
    a = _float_matrix(to_tensor(a, hint=dtypes.float32))
    s = svd(a, compute_uv=False)
    if tol is None:
        tol = mul(
            mul(_larger_dim(a), np.asarray(np.finfo(a._dtype._np).eps, a._dtype._np)),
            m.largest(s, [-1], True),
        )
    return m.total(m.cast(lookup("Greater")(s, tol), dtypes.int32), [-1])


def _lu_factors(lower_upper: Any, perm: Any) -> tuple[Any, Any]:
    lower_upper, perm = to_tensor(lower_upper, hint=dtypes.float32), to_tensor(perm, hint=dtypes.int32)
    shape = lower_upper._raw_shape
    if shape is not None:
        if len(shape) < 2:
            raise ValueError("Input `lower_upper` must have at least 2 dimensions.")
        if perm.ndim is not None and perm.ndim != len(shape) - 1:
            raise ValueError("`rank(lower_upper)` must equal `rank(perm) + 1`")
        if None not in shape[-2:] and shape[-1] != shape[-2]:
            raise ValueError("`lower_upper` must be square.")
    return lower_upper, perm


def _unit_lower(lower_upper: Any) -> Any:
    return m.with_diagonal(m.lower_part(lower_upper), lookup("OnesLike")(m.diagonal(lower_upper)))


@scoped("lu_solve", "triangular_solve_1/MatrixTriangularSolve")
def lu_solve(
    lower_upper: Any, perm: Any, rhs: Any, validate_args: bool = False, name: str | None = None
) -> Any:
    """Solves `A X = rhs` given `lower_upper, perm = tf.linalg.lu(A)`. Batch dimensions broadcast.

    >>> tf.linalg.lu_solve(*tf.linalg.lu([[0.0, 2.0], [1.0, 0.0]]), [[2.0], [3.0]]).numpy().tolist()
    [[3.0], [1.0]]
    """
    lower_upper, perm = _lu_factors(lower_upper, perm)
    rhs = to_tensor(rhs, hint=lower_upper._dtype)
    if rhs.ndim is not None and rhs.ndim < 2:
        raise ValueError("Input `rhs` must have at least 2 dimensions.")
    if (
        rhs.ndim is not None
        and lower_upper.ndim is not None
        and None not in (size_of(lower_upper, -1), size_of(rhs, -2))
        and size_of(lower_upper, -1) != size_of(rhs, -2)
    ):
        raise ValueError("`lower_upper.shape[-1]` must equal `rhs.shape[-1]`.")
    if perm.ndim == 1 and rhs.ndim == 2:
        ordered = lookup("GatherV2")(rhs, perm, 0)
    else:
        shape, take, concat = lookup("Shape"), lookup("StridedSlice"), lookup("ConcatV2")
        batch = lookup("BroadcastArgs")(
            take(shape(rhs), [0], [-2], [1], begin_mask=1), take(shape(perm), [0], [-1], [1], begin_mask=1)
        )
        wide = lookup("BroadcastTo")(rhs, concat([batch, take(shape(rhs), [-2], [0], [1], end_mask=1)], 0))
        order = lookup("BroadcastTo")(perm, concat([batch, take(shape(perm), [-1], [0], [1], end_mask=1)], 0))
        ordered = _ordered_rows(wide, order)
    return TRIANGULAR_SOLVE(
        lower_upper, TRIANGULAR_SOLVE(_unit_lower(lower_upper), ordered), lower=False, name=name
    )


def _flat_order(x: Any, order: Any) -> tuple[Any, Any]:
    """All rows of the batch in one list, and the order as indices into it."""
    n, rows = m.dimension(x, -2), lookup("Reshape")(x, lookup("Pack")([-1, m.dimension(x, -1)], axis=0))
    n = m.cast(to_tensor(n), order._dtype)
    order = lookup("Reshape")(order, lookup("Pack")([-1, m.cast(n, dtypes.int32)], axis=0))
    starts = mul(m.cast(lookup("Range")(0, m.dimension(order, 0), 1), order._dtype), n)
    return rows, lookup("Reshape")(add(order, lookup("ExpandDims")(starts, 1)), [-1])


def _ordered_rows(x: Any, order: Any) -> Any:
    """Row i of every matrix of the result is row order[..., i] of x."""
    rows, flat = _flat_order(x, order)
    return lookup("Reshape")(lookup("GatherV2")(rows, flat, 0), lookup("Shape")(x))


@scoped("lu_matrix_inverse", "lu_solve/triangular_solve_1/MatrixTriangularSolve")
def lu_matrix_inverse(
    lower_upper: Any, perm: Any, validate_args: bool = False, name: str | None = None
) -> Any:
    """The inverse of A given `lower_upper, perm = tf.linalg.lu(A)`.

    >>> tf.linalg.lu_matrix_inverse(*tf.linalg.lu([[0.0, 2.0], [1.0, 0.0]])).numpy().tolist()
    [[0.0, 1.0], [0.5, 0.0]]
    """
    lower_upper, perm = _lu_factors(lower_upper, perm)
    rhs = m.diagonal_matrix(lookup("OnesLike")(m.diagonal(lower_upper)))
    return lu_solve(lower_upper, perm, rhs, name=name)


@scoped("lu_reconstruct", "Reshape_2")
def lu_reconstruct(lower_upper: Any, perm: Any, validate_args: bool = False, name: str | None = None) -> Any:
    """A, given `lower_upper, perm = tf.linalg.lu(A)`.

    >>> tf.linalg.lu_reconstruct(*tf.linalg.lu([[0.0, 2.0], [1.0, 0.0]])).numpy().tolist()
    [[0.0, 2.0], [1.0, 0.0]]
    """
    lower_upper, perm = _lu_factors(lower_upper, perm)
    product = m.mm(_unit_lower(lower_upper), m.upper_part(lower_upper))
    rows, flat = _flat_order(product, perm)
    return lookup("Reshape")(
        lookup("GatherV2")(rows, lookup("InvertPermutation")(flat), 0), m.shape_of(lower_upper)
    )


def _compact(diagonals: Any, diagonals_format: str) -> tuple[Any, Any, Any]:
    """Super-, main and subdiagonal, each `[..., M]`."""
    if diagonals_format == "sequence":
        if not isinstance(diagonals, (tuple, list)) or len(diagonals) != 3:
            raise ValueError("Expected diagonals to be a sequence of length 3.")
        above, main, below = (to_tensor(d) for d in diagonals)
        return _filled(above, main, False), main, _filled(below, main, True)
    if diagonals_format == "matrix":
        dense = to_tensor(diagonals)
        if None not in (size_of(dense, -1), size_of(dense, -2)) and size_of(dense, -1) != size_of(dense, -2):
            raise ValueError(
                f"Expected last two dimensions of diagonals to be same, got {size_of(dense, -1)} and "
                f"{size_of(dense, -2)}"
            )
        diagonals = diag_part(dense, k=(-1, 1), align="LEFT_RIGHT")
    elif diagonals_format != "compact":
        raise ValueError(f"Unrecognized diagonals_format: {diagonals_format}")
    diagonals = to_tensor(diagonals)
    if diagonals.ndim is not None:
        if diagonals.ndim < 2:
            raise ValueError(f"Expected diagonals to have rank at least 2, got {diagonals.ndim}")
        if size_of(diagonals, -2) not in (None, 3):
            raise ValueError(f"Expected 3 diagonals got {size_of(diagonals, -2)}")
    above, main, below = lookup("Unpack")(diagonals, num=3, axis=-2)
    return above, main, below


def _filled(d: Any, main: Any, front: bool) -> Any:
    """An off-diagonal of M - 1 elements with the one that is ignored put in."""
    n, size = size_of(d, -1), size_of(main, -1)
    if n is None or size is None or n == size:
        return d
    if n != size - 1:
        raise ValueError(
            f"Expected {'subdiagonal' if front else 'superdiagonal'} to be have length {size} or "
            f"{size - 1}, got {n}."
        )
    pad = [[0, 0]] * (d.ndim - 1) + [[1, 0] if front else [0, 1]]
    return lookup("Pad")(d, pad)


def tridiagonal_solve(
    diagonals: Any,
    rhs: Any,
    diagonals_format: str = "compact",
    transpose_rhs: bool = False,
    conjugate_rhs: bool = False,
    name: str | None = None,
    partial_pivoting: bool = True,
    perturb_singular: bool = False,
) -> Any:
    """Solves systems with tridiagonal matrices.

    Args:
      diagonals: by `diagonals_format`: "compact" `[..., 3, M]` (super-, main, subdiagonal; the last element
        of the first and the first of the last are ignored), "sequence" three tensors `[..., M]` (or M - 1 for
        the outer ones), "matrix" `[..., M, M]`.
      rhs: `[..., M]` or `[..., M, K]`.
      transpose_rhs, conjugate_rhs: whether rhs is transposed or conjugated first.
      partial_pivoting: whether rows may be exchanged, for stability.
      perturb_singular: whether pivots next to zero are moved away from it.

    Returns:
      A tensor like rhs; NaN where a matrix is singular.

    >>> tf.linalg.tridiagonal_solve([[1.0, 0.0], [2.0, 2.0], [0.0, 0.0]], [4.0, 2.0]).numpy().tolist()
    [1.5, 1.0]
    """
    if perturb_singular and not partial_pivoting:
        raise ValueError("partial_pivoting must be True if perturb_singular is.")
    above, main, below = _compact(diagonals, diagonals_format)
    rhs = to_tensor(rhs, hint=main._dtype)
    packed = lookup("Pack")([above, main, below], axis=-2)
    vector = rhs.ndim is not None and packed.ndim is not None and rhs.ndim == packed.ndim - 1
    if rhs.ndim is not None and packed.ndim is not None and not vector and rhs.ndim != packed.ndim:
        raise ValueError(f"Expected the rank of rhs to be {packed.ndim - 1} or {packed.ndim}, got {rhs.ndim}")
    if vector:
        rhs = m.rows(conj(rhs) if conjugate_rhs else rhs)
    elif transpose_rhs:
        rhs = matrix_transpose(rhs, conjugate=conjugate_rhs)
    elif conjugate_rhs:
        rhs = conj(rhs)
    if (
        rhs.ndim is not None
        and None not in (size_of(rhs, -2), size_of(packed, -1))
        and size_of(rhs, -2) != size_of(packed, -1)
    ):
        raise ValueError(
            f"Expected number of left-hand sided and right-hand sides to be equal, got {size_of(packed, -1)} "
            f"and {size_of(rhs, -2)}"
        )
    x = TRIDIAGONAL_SOLVE(
        packed, rhs, partial_pivoting=partial_pivoting, perturb_singular=perturb_singular, name=name
    )
    return lookup("Squeeze")(x, squeeze_dims=[-1]) if vector else x


def tridiagonal_matmul(
    diagonals: Any, rhs: Any, diagonals_format: str = "compact", name: str | None = None
) -> Any:
    """The product of tridiagonal matrices (see `tridiagonal_solve` for the formats) and rhs `[..., M, N]`.

    >>> tf.linalg.tridiagonal_matmul([[1.0, 0.0], [2.0, 2.0], [0.0, 0.0]], [[1.5], [1.0]]).numpy().tolist()
    [[4.0], [2.0]]
    """
    diagonals = [m.columns(d) for d in _compact(diagonals, diagonals_format)]
    return MATMUL(*diagonals, rhs, name=name)


@scoped("banded_triangular_solve", "BandedTriangularSolve")
def banded_triangular_solve(
    bands: Any, rhs: Any, lower: bool = True, adjoint: bool = False, name: str | None = None
) -> Any:
    """Solves triangular systems given by their bands `[..., K, M]`: the uppermost diagonal first, diagonals
    above the main one aligned to the left and those below to the right.

    >>> tf.linalg.banded_triangular_solve([[2.0, 1.0], [0.0, 1.0]], [[2.0], [2.0]]).numpy().tolist()
    [[1.0], [1.0]]
    """
    return BANDED_SOLVE(bands, rhs, lower=lower, adjoint=adjoint, name=name)
