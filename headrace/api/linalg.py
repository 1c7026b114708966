"""`tf.linalg`: matrices and batches of matrices. Every function takes tensors of shape `[..., M, N]`; leading dimensions
are a batch."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

import headrace.ops.banded  # (its ops are looked up by name)
from headrace.core import dtypes
from headrace.core.convert import to_tensor
from headrace.core.op import lookup
from headrace.core.tensor import Tensor
from headrace.ops import matrix as m
from headrace.ops.decompose import CHOLESKY, EIG, EIGH, LU, QR, SVD, TRIANGULAR_SOLVE
from headrace.ops.diag import BAND_PART, MATRIX_DIAG, MATRIX_DIAG_PART, MATRIX_SET_DIAG, TENSOR_DIAG, TENSOR_DIAG_PART
from headrace.ops.linalg import CROSS, DETERMINANT, EXPM, INVERSE, LOG_DETERMINANT, LOGM, SOLVE, SOLVE_LS, SQRTM
from headrace.ops.math import add, conj, mul, sqrt

_ELSEWHERE = {"matmul": "math", "matvec": "math", "einsum": "math", "tensordot": "math", "l2_normalize": "math"}


def __getattr__(name: str) -> Any:
    if name in _ELSEWHERE:  # contractions are written beside the other reductions
        import importlib

        return getattr(importlib.import_module(f"headrace.api.{_ELSEWHERE[name]}"), name)
    raise AttributeError(f"module 'tf.linalg' has no attribute {name!r}")


# --------------------------------------------------------------------------------------------------------------- helpers
def _sum(x: Any, axis: Any, keepdims: bool = False) -> Any:
    return lookup("Sum")(x, _axes(x, axis), keep_dims=keepdims)


def _max(x: Any, axis: Any, keepdims: bool = False) -> Any:
    return lookup("Max")(x, _axes(x, axis), keep_dims=keepdims)


def _axes(x: Any, axis: Any) -> Any:
    if axis is not None:
        return axis
    return list(range(x.ndim)) if x.ndim is not None else lookup("Range")(0, lookup("Rank")(x), 1)


def _shape(x: Any) -> Any:
    """The shape: a list where it is known while building, else a tensor."""
    shape = x._raw_shape
    return list(shape) if shape is not None and None not in shape else lookup("Shape")(x)


def _real(x: Any) -> Any:
    return lookup("Real")(x, Tout=x._dtype.real_dtype) if x._dtype.kind == "c" else x


def _dim(x: Any, i: int) -> Any:
    """One dimension: a number where it is known while building, else a tensor."""
    shape = x._raw_shape
    if shape is not None and shape[i] is not None:
        return shape[i]
    return lookup("StridedSlice")(lookup("Shape")(x), [i], [i + 1 if i != -1 else 0], [1], end_mask=int(i == -1), shrink_axis_mask=1)


# ----------------------------------------------------------------------------------------------------- building, diagonals
def eye(num_rows: Any, num_columns: Any = None, batch_shape: Any = None, dtype: Any = dtypes.float32, name: str | None = None) -> Any:
    """An identity matrix, or a batch of them.

    Args:
      num_rows, num_columns: integers or scalar tensors; `num_columns` defaults to `num_rows`.
      batch_shape: leading dimensions, a list or a 1-D tensor.

    Returns:
      A tensor of shape `batch_shape + [num_rows, num_columns]`.

    >>> import headrace as tf
    >>> tf.eye(2, 3).numpy().tolist()
    [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]]
    """
    dtype = dtypes.as_dtype(dtype)
    if num_columns is None:
        num_columns = num_rows
    whole = all(isinstance(n, (int, np.integer)) for n in (num_rows, num_columns))
    size = min(num_rows, num_columns) if whole else lookup("Minimum")(num_rows, num_columns)
    if batch_shape is None:
        batch_shape = []
    if isinstance(batch_shape, Tensor) or not whole:
        batch = to_tensor(batch_shape, hint=dtypes.int32)
        batch = m.cast(batch, dtypes.int32)
        shape = lookup("ConcatV2")([batch, lookup("Reshape")(m.cast(to_tensor(size), dtypes.int32), [1])], 0)
    else:
        shape = [*batch_shape, size]
    ones = lookup("Fill")(shape, np.ones((), dtype._np))
    num_rows, num_columns = (m.cast(n, dtypes.int32) if isinstance(n, Tensor) else n for n in (num_rows, num_columns))
    return MATRIX_DIAG(ones, 0, num_rows, num_columns, np.zeros((), dtype._np), name=name)


def _padding(value: Any, like: Any) -> Any:
    return value if isinstance(value, Tensor) else np.asarray(value, like._dtype._np)


def diag(diagonal: Any, name: str = "diag", k: Any = 0, num_rows: Any = -1, num_cols: Any = -1, padding_value: Any = 0, align: str = "RIGHT_LEFT") -> Any:
    """Matrices with the given diagonals, and `padding_value` elsewhere.

    Args:
      diagonal: shape `[..., M]`, or `[..., num_diagonals, max_length]` for several, the uppermost first.
      k: which diagonal (0 the main one, positive above), or a pair `(lowest, highest)`.
      num_rows, num_cols: the matrices' size; -1 means as small as possible.
      align: how shorter diagonals lie in their rows of `diagonal`: "RIGHT_LEFT" (those above the main one to the right, those
        below to the left), "LEFT_RIGHT", "LEFT_LEFT" or "RIGHT_RIGHT".

    >>> import headrace as tf
    >>> tf.linalg.diag([1, 2], k=1).numpy().tolist()
    [[0, 1, 0], [0, 0, 2], [0, 0, 0]]
    """
    diagonal = to_tensor(diagonal)
    return MATRIX_DIAG(diagonal, k, num_rows, num_cols, _padding(padding_value, diagonal), align=align, name=name)


def diag_part(input: Any, name: str = "diag_part", k: Any = 0, padding_value: Any = 0, align: str = "RIGHT_LEFT") -> Any:
    """The diagonal `k` of every matrix, or the band of diagonals `k = (lowest, highest)`, packed as `diag` takes it.

    >>> import headrace as tf
    >>> tf.linalg.diag_part([[1, 2, 3], [4, 5, 6]], k=(-1, 1)).numpy().tolist()
    [[2, 6], [1, 5], [4, 0]]
    """
    input = to_tensor(input)
    return MATRIX_DIAG_PART(input, k, _padding(padding_value, input), align=align, name=name)


def set_diag(input: Any, diagonal: Any, name: str = "set_diag", k: Any = 0, align: str = "RIGHT_LEFT") -> Any:
    """`input` with diagonal `k` (or the band `k = (lowest, highest)`) replaced.

    >>> import headrace as tf
    >>> tf.linalg.set_diag([[7, 7], [7, 7]], [1, 2]).numpy().tolist()
    [[1, 7], [7, 2]]
    """
    return MATRIX_SET_DIAG(input, diagonal, k, align=align, name=name)


def band_part(input: Any, num_lower: Any, num_upper: Any, name: str | None = None) -> Any:
    """Everything outside a central band set to zero: `num_lower` diagonals below the main one and `num_upper` above are kept
    (negative: all of them).

    >>> import headrace as tf
    >>> tf.linalg.band_part([[1, 2], [3, 4]], -1, 0).numpy().tolist()
    [[1, 0], [3, 4]]
    """
    return BAND_PART(input, num_lower, num_upper, name=name)


def tensor_diag(diagonal: Any, name: str | None = None) -> Any:
    """A tensor of shape `S + S` with `diagonal`, of shape S, where both halves of the index agree, and 0 elsewhere.

    >>> import headrace as tf
    >>> tf.linalg.tensor_diag([1, 2]).numpy().tolist()
    [[1, 0], [0, 2]]
    """
    return TENSOR_DIAG(diagonal, name=name)


def tensor_diag_part(input: Any, name: str | None = None) -> Any:
    """The elements of a tensor of shape `S + S` for which both halves of the index agree: shape S.

    >>> import headrace as tf
    >>> tf.linalg.tensor_diag_part([[1, 2], [3, 4]]).numpy().tolist()
    [1, 4]
    """
    return TENSOR_DIAG_PART(input, name=name)


def trace(x: Any, name: str | None = None) -> Any:
    """The sum of every matrix's main diagonal: shape `[...]`.

    >>> import headrace as tf
    >>> int(tf.linalg.trace([[1, 2], [3, 4]]))
    5
    """
    return _sum(m.diagonal(to_tensor(x)), [-1])


def matrix_transpose(a: Any, name: str = "matrix_transpose", conjugate: bool = False) -> Any:
    """The last two dimensions exchanged (`conjugate`: and the complex conjugate taken).

    >>> import headrace as tf
    >>> tf.linalg.matrix_transpose([[1, 2, 3]]).numpy().tolist()
    [[1], [2], [3]]
    """
    a = to_tensor(a)
    if a.ndim is not None and a.ndim < 2:
        raise ValueError(f"Argument `a` should be a (batch) matrix with rank >= 2. Received `a` = {a} with shape: {a.shape}")
    return m.adjoint(a) if conjugate else m.transposed(a)


def adjoint(matrix: Any, name: str | None = None) -> Any:
    """The conjugate transpose of every matrix.

    >>> import headrace as tf
    >>> tf.linalg.adjoint([[1 + 1j, 2j]]).numpy().tolist()
    [[(1-1j)], [-2j]]
    """
    return matrix_transpose(matrix, conjugate=True)


# -------------------------------------------------------------------------------------------------------- decompositions
def cholesky(input: Any, name: str | None = None) -> Any:
    """The lower triangular `l` with `l l^H` = input, for Hermitian positive definite matrices (only the lower triangle is
    read). NaN where a matrix is not positive definite.

    >>> import headrace as tf
    >>> tf.linalg.cholesky([[4.0, 2.0], [2.0, 2.0]]).numpy().tolist()
    [[2.0, 0.0], [1.0, 1.0]]
    """
    return CHOLESKY(input, name=name)


def cholesky_solve(chol: Any, rhs: Any, name: str | None = None) -> Any:
    """Solves `A X = rhs` given `chol = tf.linalg.cholesky(A)`.

    >>> import headrace as tf
    >>> tf.linalg.cholesky_solve([[2.0, 0.0], [1.0, 1.0]], [[4.0], [2.0]]).numpy().tolist()
    [[1.0], [0.0]]
    """
    chol = to_tensor(chol)
    return TRIANGULAR_SOLVE(chol, TRIANGULAR_SOLVE(chol, rhs), adjoint=True, name=name)


def qr(input: Any, full_matrices: bool = False, name: str | None = None) -> Any:
    """`(q, r)` with q r = input, q's columns orthonormal and r upper triangular. q is `[..., M, min(M, N)]`, or `[..., M, M]`
    with `full_matrices`.

    >>> import headrace as tf
    >>> q, r = tf.linalg.qr([[3.0], [4.0]])
    >>> abs(round(float(r[0, 0]), 5))
    5.0
    """
    return _named("Qr", ("q", "r"), QR(input, full_matrices=full_matrices, name=name))


def lu(input: Any, output_idx_type: Any = dtypes.int32, name: str | None = None) -> Any:
    """`(lu, p)`: the packed factors (a unit lower and an upper triangle) of the square matrices with rows in the order p.

    Raises:
      InvalidArgumentError: a matrix is singular.

    >>> import headrace as tf
    >>> factors, p = tf.linalg.lu([[1.0, 1.0], [2.0, 4.0]])
    >>> factors.numpy().tolist(), p.numpy().tolist()
    ([[2.0, 4.0], [0.5, -1.0]], [1, 0])
    """
    return _named("Lu", ("lu", "p"), LU(input, output_idx_type=dtypes.as_dtype(output_idx_type), name=name))


def svd(tensor: Any, full_matrices: bool = False, compute_uv: bool = True, name: str | None = None) -> Any:
    """`(s, u, v)` with u diag(s) v^H = tensor and s in descending order; only s without `compute_uv`. s is real, of shape
    `[..., min(M, N)]`.

    >>> import headrace as tf
    >>> tf.linalg.svd([[0.0, 2.0], [1.0, 0.0]], compute_uv=False).numpy().tolist()
    [2.0, 1.0]
    """
    s, u, v = SVD(tensor, compute_uv=compute_uv, full_matrices=full_matrices, name=name)
    return (_real(s), u, v) if compute_uv else _real(s)


def eigh(tensor: Any, name: str | None = None) -> Any:
    """Eigenvalues in ascending order and eigenvectors (columns) of Hermitian matrices, of which only the lower triangle is
    read.

    >>> import headrace as tf
    >>> e, v = tf.linalg.eigh([[2.0, 0.0], [0.0, 1.0]])
    >>> e.numpy().tolist()
    [1.0, 2.0]
    """
    e, v = EIGH(tensor, compute_v=True, name=name)
    return e, v


def eigvalsh(tensor: Any, name: str | None = None) -> Any:
    """The eigenvalues of Hermitian matrices in ascending order.

    >>> import headrace as tf
    >>> tf.linalg.eigvalsh([[2.0, 0.0], [0.0, 1.0]]).numpy().tolist()
    [1.0, 2.0]
    """
    e, _ = EIGH(tensor, compute_v=False, name=name)
    return e


def _complex_type(x: Any) -> Any:
    return dtypes.complex128 if x._dtype.size >= 8 and x._dtype is not dtypes.complex64 else dtypes.complex64


def eig(tensor: Any, name: str | None = None) -> Any:
    """Complex eigenvalues and eigenvectors (columns of length 1) of square matrices. Computed on the host.

    >>> import headrace as tf
    >>> e, v = tf.linalg.eig([[2.0, 0.0], [0.0, 3.0]])
    >>> e.numpy().tolist()
    [(2+0j), (3+0j)]
    """
    tensor = to_tensor(tensor)
    e, v = EIG(tensor, compute_v=True, Tout=_complex_type(tensor), name=name)
    return e, v


def eigvals(tensor: Any, name: str | None = None) -> Any:
    """The complex eigenvalues of square matrices. Computed on the host.

    >>> import headrace as tf
    >>> tf.linalg.eigvals([[2.0, 0.0], [0.0, 3.0]]).numpy().tolist()
    [(2+0j), (3+0j)]
    """
    tensor = to_tensor(tensor)
    e, _ = EIG(tensor, compute_v=False, Tout=_complex_type(tensor), name=name)
    return e


def eigh_tridiagonal(alpha: Any, beta: Any, eigvals_only: bool = True, select: str = "a", select_range: Any = None, tol: Any = None, name: str | None = None) -> Any:
    """Eigenvalues (and vectors) of the Hermitian tridiagonal matrix with diagonal `alpha` `[n]` and superdiagonal `beta` `[n - 1]`.

    Args:
      select: "a" all eigenvalues, "i" those with indices `select_range[0] <= i <= select_range[1]`, "v" those in the interval
        `(select_range[0], select_range[1]]`.
      tol: accepted for compatibility: results always have full precision.

    >>> import headrace as tf
    >>> tf.linalg.eigh_tridiagonal([1.0, 3.0], [0.0]).numpy().tolist()
    [1.0, 3.0]
    """
    alpha, beta = to_tensor(alpha), to_tensor(beta)
    if select not in ("a", "i", "v"):
        raise ValueError(f"'select must have a value in {{'a', 'v', 'i'}}, received {select!r}.")
    if select != "a" and select_range is None:
        raise ValueError(f"select={select!r} needs select_range, a pair of numbers.")
    if alpha._dtype.kind == "c":
        alpha = m.cast(_real(alpha), alpha._dtype)
    zero = np.zeros((), beta._dtype._np)
    n = _dim(alpha, -1)
    below = MATRIX_DIAG(conj(beta), -1, n, n, zero)  # only the lower triangle is read
    dense = m.with_diagonal(below, alpha)
    e, v = EIGH(dense, compute_v=not eigvals_only, name=name)
    e = _real(e)
    if select == "i":
        first, last = (int(i) for i in select_range)
        e = lookup("StridedSlice")(e, [first], [last + 1], [1])
        v = v if eigvals_only else lookup("StridedSlice")(v, [0, first], [0, last + 1], [1, 1], begin_mask=1, end_mask=1)
    elif select == "v":
        low, high = (m.cast(to_tensor(x), e._dtype) for x in (select_range[0], select_range[1]))
        chosen = lookup("LogicalAnd")(lookup("Greater")(e, low), lookup("LessEqual")(e, high))
        index = lookup("Reshape")(lookup("Where")(chosen), [-1])
        e = lookup("GatherV2")(e, index, 0)
        v = v if eigvals_only else lookup("GatherV2")(v, index, 1)
    return e if eigvals_only else (e, v)


def _named(type_name: str, fields: Sequence[str], values: Sequence[Any]) -> Any:
    """Several outputs as a named tuple, as ops with named outputs return them."""
    from collections import namedtuple

    return _TUPLES.setdefault(type_name, namedtuple(type_name, fields))(*values)  # type: ignore[misc]


_TUPLES: dict[str, Any] = {}


# ---------------------------------------------------------------------------------------------------------------- solving
def solve(matrix: Any, rhs: Any, adjoint: bool = False, name: str | None = None) -> Any:
    """X with `matrix X = rhs` (or `matrix^H X = rhs`), for square matrices; rhs is `[..., M, K]`.

    Raises:
      InvalidArgumentError: a matrix is singular (in compiled programs the result is inf or NaN).

    >>> import headrace as tf
    >>> tf.linalg.solve([[2.0, 0.0], [0.0, 4.0]], [[2.0], [2.0]]).numpy().tolist()
    [[1.0], [0.5]]
    """
    return SOLVE(matrix, rhs, adjoint=adjoint, name=name)


def triangular_solve(matrix: Any, rhs: Any, lower: bool = True, adjoint: bool = False, name: str | None = None) -> Any:
    """X with `matrix X = rhs` (or `matrix^H X = rhs`); only the lower (or upper) triangle of matrix is read. Batch dimensions
    broadcast.

    >>> import headrace as tf
    >>> tf.linalg.triangular_solve([[2.0, 0.0], [1.0, 1.0]], [[2.0], [2.0]]).numpy().tolist()
    [[1.0], [1.0]]
    """
    return TRIANGULAR_SOLVE(matrix, rhs, lower=lower, adjoint=adjoint, name=name)


def lstsq(matrix: Any, rhs: Any, l2_regularizer: Any = 0.0, fast: bool = True, name: str | None = None) -> Any:
    """X that minimises |matrix X - rhs|^2 + l2_regularizer |X|^2, for matrices of full rank.

    Args:
      fast: through a Cholesky decomposition of the normal equations; otherwise through an SVD, which copes with deficient rank
        (and gives the solution of least norm) but ignores the regulariser and has no gradient.

    >>> import headrace as tf
    >>> tf.linalg.lstsq([[1.0], [1.0]], [[1.0], [3.0]]).numpy().tolist()
    [[2.0]]
    """
    matrix = to_tensor(matrix)
    if matrix._dtype is dtypes.complex128 and not isinstance(l2_regularizer, Tensor) and l2_regularizer != 0:
        raise NotImplementedError("lstsq is currently disabled for complex128 and l2_regularizer != 0 due to poor accuracy.")
    return SOLVE_LS(matrix, rhs, m.cast(to_tensor(l2_regularizer), dtypes.float64), fast=fast, name=name)


def inv(input: Any, adjoint: bool = False, name: str | None = None) -> Any:
    """The inverse of every square matrix (`adjoint`: of its conjugate transpose).

    Raises:
      InvalidArgumentError: a matrix is singular (in compiled programs the result is inf or NaN).

    >>> import headrace as tf
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
    p, q = _dim(a, -2), _dim(a, -1)
    return np.asarray(max(p, q), a._dtype._np) if isinstance(p, int) and isinstance(q, int) else m.cast(lookup("Maximum")(p, q), a._dtype)


def pinv(a: Any, rcond: Any = None, validate_args: bool = False, name: str | None = None) -> Any:
    """The Moore-Penrose pseudo-inverse: `[..., N, M]`.

    Args:
      rcond: singular values up to `rcond` times the largest count as zero; default `10 max(M, N) eps`.
      validate_args: accepted for compatibility: what can be checked always is.

    >>> import headrace as tf
    >>> tf.linalg.pinv([[2.0], [0.0]]).numpy().tolist()
    [[0.5, 0.0]]
    """
    a = _float_matrix(to_tensor(a))
    eps = np.asarray(10 * np.finfo(a._dtype._np).eps, a._dtype._np)
    rcond = mul(_larger_dim(a), eps) if rcond is None else to_tensor(rcond, a._dtype)
    s, u, v = SVD(a)
    cutoff = lookup("ExpandDims")(mul(rcond, _max(s, [-1])), -1)
    s = lookup("SelectV2")(lookup("Greater")(s, cutoff), s, np.asarray(np.inf, a._dtype._np))
    return m.mm(lookup("RealDiv")(v, m.columns(s)), u, adjoint_b=True)


def matrix_rank(a: Any, tol: Any = None, validate_args: bool = False, name: str | None = None) -> Any:
    """The number of singular values above `tol` (default `eps max(M, N)` times the largest): int32, shape `[...]`.

    >>> import headrace as tf
    >>> int(tf.linalg.matrix_rank([[1.0, 2.0], [2.0, 4.0]]))
    1
    """
    a = _float_matrix(to_tensor(a, hint=dtypes.float32))
    s = svd(a, compute_uv=False)
    if tol is None:
        tol = mul(mul(_larger_dim(a), np.asarray(np.finfo(a._dtype._np).eps, a._dtype._np)), _max(s, [-1], True))
    return _sum(m.cast(lookup("Greater")(s, tol), dtypes.int32), [-1])


# ------------------------------------------------------------------------------------------------ working with LU factors
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


def lu_solve(lower_upper: Any, perm: Any, rhs: Any, validate_args: bool = False, name: str | None = None) -> Any:
    """Solves `A X = rhs` given `lower_upper, perm = tf.linalg.lu(A)`. Batch dimensions broadcast.

    >>> import headrace as tf
    >>> tf.linalg.lu_solve(*tf.linalg.lu([[0.0, 2.0], [1.0, 0.0]]), [[2.0], [3.0]]).numpy().tolist()
    [[3.0], [1.0]]
    """
    lower_upper, perm = _lu_factors(lower_upper, perm)
    rhs = to_tensor(rhs, hint=lower_upper._dtype)
    if rhs.ndim is not None and rhs.ndim < 2:
        raise ValueError("Input `rhs` must have at least 2 dimensions.")
    if rhs.ndim is not None and lower_upper.ndim is not None and None not in (lower_upper.shape[-1], rhs.shape[-2]) and lower_upper.shape[-1] != rhs.shape[-2]:
        raise ValueError("`lower_upper.shape[-1]` must equal `rhs.shape[-1]`.")
    if perm.ndim == 1 and rhs.ndim == 2:
        ordered = lookup("GatherV2")(rhs, perm, 0)
    else:
        shape, take, concat = lookup("Shape"), lookup("StridedSlice"), lookup("ConcatV2")
        batch = lookup("BroadcastArgs")(take(shape(rhs), [0], [-2], [1], begin_mask=1), take(shape(perm), [0], [-1], [1], begin_mask=1))
        wide = lookup("BroadcastTo")(rhs, concat([batch, take(shape(rhs), [-2], [0], [1], end_mask=1)], 0))
        order = lookup("BroadcastTo")(perm, concat([batch, take(shape(perm), [-1], [0], [1], end_mask=1)], 0))
        ordered = _ordered_rows(wide, order)
    return TRIANGULAR_SOLVE(lower_upper, TRIANGULAR_SOLVE(_unit_lower(lower_upper), ordered), lower=False, name=name)


def _flat_order(x: Any, order: Any) -> tuple[Any, Any]:
    """All rows of the batch in one list, and the order as indices into it."""
    n, rows = _dim(x, -2), lookup("Reshape")(x, lookup("Pack")([-1, _dim(x, -1)], axis=0))
    n = m.cast(to_tensor(n), order._dtype)
    order = lookup("Reshape")(order, lookup("Pack")([-1, m.cast(n, dtypes.int32)], axis=0))
    starts = mul(m.cast(lookup("Range")(0, _dim(order, 0), 1), order._dtype), n)
    return rows, lookup("Reshape")(add(order, lookup("ExpandDims")(starts, 1)), [-1])


def _ordered_rows(x: Any, order: Any) -> Any:
    """Row i of every matrix of the result is row order[..., i] of x."""
    rows, flat = _flat_order(x, order)
    return lookup("Reshape")(lookup("GatherV2")(rows, flat, 0), lookup("Shape")(x))


def lu_matrix_inverse(lower_upper: Any, perm: Any, validate_args: bool = False, name: str | None = None) -> Any:
    """The inverse of A given `lower_upper, perm = tf.linalg.lu(A)`.

    >>> import headrace as tf
    >>> tf.linalg.lu_matrix_inverse(*tf.linalg.lu([[0.0, 2.0], [1.0, 0.0]])).numpy().tolist()
    [[0.0, 1.0], [0.5, 0.0]]
    """
    lower_upper, perm = _lu_factors(lower_upper, perm)
    rhs = m.diagonal_matrix(lookup("OnesLike")(m.diagonal(lower_upper)))
    return lu_solve(lower_upper, perm, rhs, name=name)


def lu_reconstruct(lower_upper: Any, perm: Any, validate_args: bool = False, name: str | None = None) -> Any:
    """A, given `lower_upper, perm = tf.linalg.lu(A)`.

    >>> import headrace as tf
    >>> tf.linalg.lu_reconstruct(*tf.linalg.lu([[0.0, 2.0], [1.0, 0.0]])).numpy().tolist()
    [[0.0, 2.0], [1.0, 0.0]]
    """
    lower_upper, perm = _lu_factors(lower_upper, perm)
    product = m.mm(_unit_lower(lower_upper), m.upper_part(lower_upper))
    rows, flat = _flat_order(product, perm)
    return lookup("Reshape")(lookup("GatherV2")(rows, lookup("InvertPermutation")(flat), 0), _shape(lower_upper))


# ----------------------------------------------------------------------------------------------- tridiagonal, banded systems
def _compact(diagonals: Any, diagonals_format: str) -> tuple[Any, Any, Any]:
    """Super-, main and subdiagonal, each `[..., M]`."""
    if diagonals_format == "sequence":
        if not isinstance(diagonals, (tuple, list)) or len(diagonals) != 3:
            raise ValueError("Expected diagonals to be a sequence of length 3.")
        above, main, below = (to_tensor(d) for d in diagonals)
        return _filled(above, main, False), main, _filled(below, main, True)
    if diagonals_format == "matrix":
        dense = to_tensor(diagonals)
        if None not in (dense.shape[-1], dense.shape[-2]) and dense.shape[-1] != dense.shape[-2]:
            raise ValueError(f"Expected last two dimensions of diagonals to be same, got {dense.shape[-1]} and {dense.shape[-2]}")
        diagonals = diag_part(dense, k=(-1, 1), align="LEFT_RIGHT")
    elif diagonals_format != "compact":
        raise ValueError(f"Unrecognized diagonals_format: {diagonals_format}")
    diagonals = to_tensor(diagonals)
    if diagonals.ndim is not None:
        if diagonals.ndim < 2:
            raise ValueError(f"Expected diagonals to have rank at least 2, got {diagonals.ndim}")
        if diagonals.shape[-2] not in (None, 3):
            raise ValueError(f"Expected 3 diagonals got {diagonals.shape[-2]}")
    above, main, below = lookup("Unpack")(diagonals, num=3, axis=-2)
    return above, main, below


def _filled(d: Any, main: Any, front: bool) -> Any:
    """An off-diagonal of M - 1 elements with the one that is ignored put in."""
    n, size = d.shape[-1], main.shape[-1]
    if n is None or size is None or n == size:
        return d
    if n != size - 1:
        raise ValueError(f"Expected {'subdiagonal' if front else 'superdiagonal'} to be have length {size} or {size - 1}, got {n}.")
    pad = [[0, 0]] * (d.ndim - 1) + [[1, 0] if front else [0, 1]]
    return lookup("Pad")(d, pad)


def tridiagonal_solve(
    diagonals: Any, rhs: Any, diagonals_format: str = "compact", transpose_rhs: bool = False, conjugate_rhs: bool = False, name: str | None = None,
    partial_pivoting: bool = True, perturb_singular: bool = False,
) -> Any:  # fmt: skip
    """Solves systems with tridiagonal matrices.

    Args:
      diagonals: by `diagonals_format`: "compact" `[..., 3, M]` (super-, main, subdiagonal; the last element of the first and the first of
        the last are ignored), "sequence" three tensors `[..., M]` (or M - 1 for the outer ones), "matrix" `[..., M, M]`.
      rhs: `[..., M]` or `[..., M, K]`.
      transpose_rhs, conjugate_rhs: whether rhs is transposed or conjugated first.
      partial_pivoting: whether rows may be exchanged, for stability.
      perturb_singular: whether pivots next to zero are moved away from it.

    Returns:
      A tensor like rhs; NaN where a matrix is singular.

    >>> import headrace as tf
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
    if rhs.ndim is not None and None not in (rhs.shape[-2], packed.shape[-1]) and rhs.shape[-2] != packed.shape[-1]:
        raise ValueError(f"Expected number of left-hand sided and right-hand sides to be equal, got {packed.shape[-1]} and {rhs.shape[-2]}")
    x = lookup("TridiagonalSolve")(packed, rhs, partial_pivoting=partial_pivoting, perturb_singular=perturb_singular, name=name)
    return lookup("Squeeze")(x, squeeze_dims=[-1]) if vector else x


def tridiagonal_matmul(diagonals: Any, rhs: Any, diagonals_format: str = "compact", name: str | None = None) -> Any:
    """The product of tridiagonal matrices (see `tridiagonal_solve` for the formats) and rhs `[..., M, N]`.

    >>> import headrace as tf
    >>> tf.linalg.tridiagonal_matmul([[1.0, 0.0], [2.0, 2.0], [0.0, 0.0]], [[1.5], [1.0]]).numpy().tolist()
    [[4.0], [2.0]]
    """
    diagonals = [m.columns(d) for d in _compact(diagonals, diagonals_format)]
    return lookup("TridiagonalMatMul")(*diagonals, rhs, name=name)


def banded_triangular_solve(bands: Any, rhs: Any, lower: bool = True, adjoint: bool = False, name: str | None = None) -> Any:
    """Solves triangular systems given by their bands `[..., K, M]`: the uppermost diagonal first, diagonals above the main one aligned to
    the left and those below to the right.

    >>> import headrace as tf
    >>> tf.linalg.banded_triangular_solve([[2.0, 1.0], [0.0, 1.0]], [[2.0], [2.0]]).numpy().tolist()
    [[1.0], [1.0]]
    """
    return lookup("BandedTriangularSolve")(bands, rhs, lower=lower, adjoint=adjoint, name=name)


# ----------------------------------------------------------------------------------------- determinants, matrix functions
def det(input: Any, name: str | None = None) -> Any:
    """The determinant of every square matrix: shape `[...]`.

    >>> import headrace as tf
    >>> float(tf.linalg.det([[1.0, 2.0], [3.0, 5.0]]))
    -1.0
    """
    return DETERMINANT(input, name=name)


def slogdet(input: Any, name: str | None = None) -> Any:
    """`(sign, log_abs_determinant)` of every square matrix.

    >>> import headrace as tf
    >>> sign, log = tf.linalg.slogdet([[0.0, 1.0], [1.0, 0.0]])
    >>> float(sign), abs(float(log))
    (-1.0, 0.0)
    """
    return _named("LogMatrixDeterminant", ("sign", "log_abs_determinant"), LOG_DETERMINANT(input, name=name))


def logdet(matrix: Any, name: str | None = None) -> Any:
    """The logarithm of the determinant of Hermitian positive definite matrices.

    >>> import headrace as tf
    >>> float(tf.linalg.logdet([[1.0, 0.0], [0.0, 1.0]]))
    0.0
    """
    logs = lookup("Log")(_real(m.diagonal(CHOLESKY(matrix))))
    return mul(_sum(logs, [-1]), np.asarray(2, logs._dtype._np))


def expm(input: Any, name: str | None = None) -> Any:
    """The matrix exponential of every square matrix (scaling and squaring with Padé approximants).

    >>> import headrace as tf
    >>> tf.linalg.expm([[0.0, 1.0], [0.0, 0.0]]).numpy().tolist()
    [[1.0, 1.0], [0.0, 1.0]]
    """
    return EXPM(input, name=name)


def logm(input: Any, name: str | None = None) -> Any:
    """The matrix logarithm of every complex square matrix: `expm` of it is the input. Computed on the host.

    >>> import headrace as tf
    >>> tf.linalg.logm(tf.constant([[1.0, 0.0], [0.0, 1.0]], tf.complex64)).numpy().tolist()
    [[0j, 0j], [0j, 0j]]
    """
    return LOGM(input, name=name)


def sqrtm(input: Any, name: str | None = None) -> Any:
    """The principal square root of every square matrix. NaN where a real matrix has no real one. Computed on the host.

    >>> import headrace as tf
    >>> tf.linalg.sqrtm([[4.0, 0.0], [0.0, 9.0]]).numpy().tolist()
    [[2.0, 0.0], [0.0, 3.0]]
    """
    return SQRTM(input, name=name)


def cross(a: Any, b: Any, name: str | None = None) -> Any:
    """The cross product of vectors of three elements (the last dimension).

    >>> import headrace as tf
    >>> tf.linalg.cross([1, 0, 0], [0, 1, 0]).numpy().tolist()
    [0, 0, 1]
    """
    return CROSS(a, b, name=name)


# ------------------------------------------------------------------------------------------------------------------- norms
def norm(tensor: Any, ord: Any = "euclidean", axis: Any = None, keepdims: bool | None = None, name: str | None = None) -> Any:
    """Norms of vectors or matrices.

    Args:
      ord: "euclidean" (the same as "fro"), 1, 2, `np.inf`, or for vectors any positive number.
      axis: None (all elements as one vector), an integer (vectors), or a pair (matrices; then 2 is the spectral norm).
      keepdims: whether reduced dimensions stay with size 1.

    Raises:
      ValueError: another `ord` or `axis`.

    >>> import headrace as tf
    >>> float(tf.norm([3.0, 4.0])), float(tf.norm([3.0, -4.0], ord=1))
    (5.0, 7.0)
    """
    is_matrix = isinstance(axis, (tuple, list)) and len(axis) == 2
    if is_matrix:
        axis = tuple(axis)
        if not isinstance(axis[0], int) or not isinstance(axis[1], int) or axis[0] == axis[1]:
            raise ValueError(f"'axis' must be None, an integer, or a tuple of 2 unique integers, got {axis}")
        if ord not in ("euclidean", "fro", 1, 2, math.inf):
            raise ValueError(f"'ord' must be a supported matrix norm in ['euclidean', 'fro', 1, 2, inf], got {ord}")
    else:
        if not (isinstance(axis, int) or axis is None):
            raise ValueError(f"'axis' must be None, an integer, or a tuple of 2 unique integers, got {axis}")
        if ord != "euclidean" and (isinstance(ord, str) or not np.isreal(ord) or ord <= 0):
            raise ValueError(f"'ord' must be a supported vector norm, got {ord}")
    tensor = to_tensor(tensor)
    keep = bool(keepdims)
    axes = list(axis) if is_matrix else axis if axis is None else [axis]
    if ord in ("fro", "euclidean", 2):
        if is_matrix and ord == 2:
            return _spectral_norm(tensor, axis, keep)
        return sqrt(_sum(mul(tensor, conj(tensor)), axes, keep))
    size = _absolute(tensor)
    if not is_matrix:
        if ord == 1:
            return _sum(size, axes, keep)
        if ord == math.inf:
            return _max(size, axes, keep)
        power = np.asarray(ord, size._dtype._np)
        return lookup("Pow")(_sum(lookup("Pow")(size, power), axes, keep), np.asarray(1.0 / ord, size._dtype._np))
    inner, outer = (axis[0], axis[1]) if ord == 1 else (axis[1], axis[0])
    result = _max(_sum(size, [inner], True), [outer], True)
    return result if keep else lookup("Squeeze")(result, squeeze_dims=list(axis))


def _absolute(x: Any) -> Any:
    return lookup("ComplexAbs")(x, Tout=x._dtype.real_dtype) if x._dtype.kind == "c" else lookup("Abs")(x)


def _spectral_norm(x: Any, axis: tuple[int, int], keep: bool) -> Any:
    if axis not in ((-2, -1), (-1, -2)):
        rank = x.ndim
        if rank is None:
            raise ValueError("norm(ord=2) over dimensions other than the last two needs the tensor's rank to be known.")
        at = [a % rank for a in axis]
        x = lookup("Transpose")(x, [i for i in range(rank) if i not in at] + at)
        largest = _max(svd(x, compute_uv=False), [-1])
        for i in sorted(at) if keep else ():
            largest = lookup("ExpandDims")(largest, i)
        return largest
    largest = _max(svd(x, compute_uv=False), [-1])
    return m.rows(m.rows(largest)) if keep else largest


def normalize(tensor: Any, ord: Any = "euclidean", axis: Any = None, name: str | None = None) -> Any:
    """`(tensor / norm, norm)`, the norm as in `tf.norm` with reduced dimensions kept.

    >>> import headrace as tf
    >>> unit, length = tf.linalg.normalize([0.0, 2.0])
    >>> unit.numpy().tolist(), length.numpy().tolist()
    ([0.0, 1.0], [2.0])
    """
    tensor = to_tensor(tensor)
    length = norm(tensor, ord, axis, keepdims=True)
    return lookup("RealDiv")(tensor, m.cast(length, tensor._dtype)), m.cast(length, tensor._dtype)


def global_norm(t_list: Any, name: str | None = None) -> Any:
    """The square root of the sum of all elements' squares over a list of tensors; None entries are skipped.

    Raises:
      TypeError: `t_list` is not a sequence.

    >>> import headrace as tf
    >>> float(tf.linalg.global_norm([tf.constant([3.0]), None, tf.constant(4.0)]))
    5.0
    """
    if not isinstance(t_list, Sequence) or isinstance(t_list, (str, bytes)):
        raise TypeError(f"`t_list` should be a sequence of tensors. Received {type(t_list)}.")
    values = [to_tensor(t.values if hasattr(t, "indices") and hasattr(t, "values") else t) for t in t_list if t is not None]
    if not values:
        return to_tensor(0.0)
    return sqrt(lookup("AddN")([_sum(mul(v, v), None) for v in values]))


__all__ = [
    "eye", "diag", "diag_part", "set_diag", "band_part", "tensor_diag", "tensor_diag_part", "trace", "matrix_transpose", "adjoint",
    "cholesky", "cholesky_solve", "qr", "lu", "svd", "eigh", "eigvalsh", "eig", "eigvals", "eigh_tridiagonal",
    "solve", "triangular_solve", "lstsq", "inv", "pinv", "matrix_rank", "lu_solve", "lu_matrix_inverse", "lu_reconstruct",
    "tridiagonal_solve", "tridiagonal_matmul", "banded_triangular_solve",
    "det", "slogdet", "logdet", "expm", "logm", "sqrtm", "cross", "norm", "normalize", "global_norm",
    "matmul", "matvec", "einsum", "tensordot", "l2_normalize",
]  # fmt: skip
matrix_square_root = sqrtm
ROOT = ["eye", "eig", "eigvals", "norm", "matrix_square_root"]
