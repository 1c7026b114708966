"""Matrix decompositions: Cholesky, QR, SVD, eigenvalues, LU.

Kernels are NumPy's (LAPACK, batched), lowerings are those of `factor`. Failure follows TensorFlow: a matrix
that is not positive definite has NaN for its Cholesky factor, other failures raise InvalidArgumentError on
the host; in compiled programs, where nothing can be raised, results are NaN."""

from __future__ import annotations

from typing import Any

import numpy as np

from headrace.core import dtypes
from headrace.core.errors import ShapeError, invalid
from headrace.core.op import REQUIRED, OpDef, ShapeContext, lookup
from headrace.core.shapes import Raw

from . import factor
from .math import add, conj, mul, neg, sub
from .matrix import (
    FACTORED,
    adjoint,
    cast,
    columns,
    ct,
    diagonal,
    diagonal_matrix,
    each,
    half_lower,
    in_single,
    lifted,
    lower_part,
    matrix_dims,
    mm,
    restack,
    rows,
    square_shape,
    tril,
    upper_part,
    with_diagonal,
)


# --------------------------------------------------------------------------------------------------- Cholesky
@in_single
def _cholesky_kernel(x: np.ndarray) -> np.ndarray:
    try:
        return np.linalg.cholesky(x)
    except np.linalg.LinAlgError:
        if x.ndim > 2:  # only the matrices that are not positive definite fail
            return restack(each(_cholesky_kernel, x), x.shape[:-2], x.shape[-2:], x.dtype)
        return np.tril(np.full(x.shape, np.nan, x.dtype))


def _cholesky_grad(op: Any, g: Any) -> list[Any]:
    """I. Murray, "Differentiation of the Cholesky decomposition", 2016."""
    return [cholesky_grad(op.outputs[0], g)]


def cholesky_grad(l: Any, g: Any) -> Any:
    p = half_lower(mm(l, g, adjoint_a=True))
    p = add(p, adjoint(p))
    left = TRIANGULAR_SOLVE(l, p, adjoint=True)
    return mul(adjoint(TRIANGULAR_SOLVE(l, adjoint(left), adjoint=True)), np.asarray(0.5, l._dtype._np))


CHOLESKY = OpDef(
    "Cholesky",
    "input: T -> output: T",
    types={"T": FACTORED},
    shape=square_shape,
    kernel=_cholesky_kernel,
    grad=_cholesky_grad,
    lower=lifted(lambda b, x: tril(b, b.cholesky(x)) if all(x.shape) else x),
)
OpDef(
    "CholeskyGrad",
    "l: T, grad: T -> output: T",
    types={"T": (dtypes.float16, dtypes.float32, dtypes.float64)},
    body=cholesky_grad,
)


# ------------------------------------------------------------------------------------------- triangular solve
def solve_shape(c: ShapeContext) -> Raw:
    """Batch dimensions of matrix and right-hand side broadcast together."""
    a, rhs = matrix_dims(c, 0, square=True), matrix_dims(c, 1)
    if a is None or rhs is None:
        return None
    if a[-1] is not None and rhs[-2] is not None and a[-1] != rhs[-2]:
        raise ShapeError(
            f"Dimensions must be equal, but are {a[-1]} and {rhs[-2]}: the matrix and the right-hand side "
            "must have the same number of rows"
        )
    from headrace.core import shapes

    try:
        batch = shapes.broadcast(a[:-2], rhs[:-2])
    except ValueError as error:
        raise ShapeError(str(error)) from None
    return None if batch is None else (*batch, rhs[-2] if a[-1] is None else a[-1], rhs[-1])


def _triangular_kernel(
    a: np.ndarray, rhs: np.ndarray, lower: bool = True, adjoint: bool = False
) -> np.ndarray:
    if a.dtype.itemsize == 2:
        return _triangular_kernel(a.astype(np.float32), rhs.astype(np.float32), lower, adjoint)
    from scipy.linalg.blas import get_blas_funcs

    batch = np.broadcast_shapes(a.shape[:-2], rhs.shape[:-2])
    if not rhs.size or 0 in batch:
        return np.zeros((*batch, *rhs.shape[-2:]), rhs.dtype)
    solve = get_blas_funcs("trsm", (a,))
    conjugated = adjoint and a.dtype.kind == "c"

    def one(m: np.ndarray, y: np.ndarray) -> np.ndarray:
        # BLAS wants column-major order: there, a row-major matrix is its transpose (whose triangle is the
        # other one).
        if conjugated:
            return np.conj(solve(1.0, m.T, np.conj(y), lower=not lower, trans_a=0))
        return solve(1.0, m.T, y, lower=not lower, trans_a=0 if adjoint else 1)

    full_a = np.broadcast_to(a, (*batch, *a.shape[-2:]))
    full_rhs = np.broadcast_to(rhs, (*batch, *rhs.shape[-2:]))
    return restack(each(one, np.ascontiguousarray(full_a), full_rhs), batch, rhs.shape[-2:], rhs.dtype)


@lifted
def _triangular_lower(b: Any, a: Any, rhs: Any, lower: bool = True, adjoint: bool = False) -> Any:
    batch = np.broadcast_shapes(a.shape[:-2], rhs.shape[:-2])
    a, rhs = b.broadcast_to(a, (*batch, *a.shape[-2:])), b.broadcast_to(rhs, (*batch, *rhs.shape[-2:]))
    if not all(rhs.shape):
        return rhs
    return b.triangular_solve(
        a, rhs, left=True, lower=lower, transpose="ADJOINT" if adjoint else "NO_TRANSPOSE"
    )


def _triangular_grad(op: Any, g: Any) -> list[Any]:
    from .matrix import unbroadcast_batch

    a, rhs = op.inputs
    lower, transposed = op.attrs["lower"], op.attrs["adjoint"]
    x = op.outputs[0]
    g_rhs = TRIANGULAR_SOLVE(a, g, lower=lower, adjoint=not transposed)
    g_a = neg(mm(x, g_rhs, adjoint_b=True) if transposed else mm(g_rhs, x, adjoint_b=True))
    g_a = lower_part(g_a) if lower else upper_part(g_a)
    return [unbroadcast_batch(g_a, a, rhs), unbroadcast_batch(g_rhs, rhs, a)]


TRIANGULAR_SOLVE = OpDef(
    "MatrixTriangularSolve",
    "matrix: T, rhs: T -> output: T",
    attrs={"lower": True, "adjoint": False},
    types={"T": FACTORED | {dtypes.bfloat16}},
    shape=solve_shape,
    kernel=_triangular_kernel,
    lower=_triangular_lower,
    grad=_triangular_grad,
)
OpDef(
    "BatchMatrixTriangularSolve",
    "matrix: T, rhs: T -> output: T",
    attrs={"lower": True, "adjoint": False},
    types={"T": (dtypes.float64, dtypes.float32)},
    shape=solve_shape,
    body=lambda a, rhs, lower, adjoint: TRIANGULAR_SOLVE(a, rhs, lower=lower, adjoint=adjoint),
)


# --------------------------------------------------------------------------------------------------------- QR
def _qr_shape(c: ShapeContext) -> list[Raw]:
    shape = matrix_dims(c)
    if shape is None:
        return [None, None]
    *batch, m, n = shape
    p = m if c.attrs["full_matrices"] else None if m is None or n is None else min(m, n)
    return [(*batch, m, p), (*batch, p, n)]


@in_single
def _qr_kernel(x: np.ndarray, full_matrices: bool = False) -> Any:
    return tuple(np.linalg.qr(x, "complete" if full_matrices else "reduced"))


def _qr_grad(op: Any, g_q: Any, g_r: Any) -> list[Any]:
    """D. Roberts and L. Roberts, "QR and LQ decomposition matrix backpropagation algorithms for square, wide,
    and deep matrices", 2020."""
    q, r = op.outputs
    shape = op.inputs[0]._raw_shape
    m, n = (None, None) if shape is None else shape[-2:]
    if m is None or n is None:
        raise NotImplementedError(
            "QrGrad is not implemented for matrices whose last two dimensions are not known while building "
            "the graph."
        )
    if m > n and op.attrs["full_matrices"]:
        raise NotImplementedError(
            "QrGrad is not implemented for full_matrices=True with more rows than columns: the added "
            "columns of q are arbitrary. "
            "Use full_matrices=False."
        )
    if m >= n:
        return [_qr_deep_grad(q, r, g_q, g_r)]
    y, u = _columns(op.inputs[0], m, n), _columns(r, 0, m)
    g_u, g_v = _columns(g_r, 0, m), _columns(g_r, m, n)
    g_x = _qr_deep_grad(q, u, add(g_q, mm(y, g_v, adjoint_b=True)), g_u)
    return [lookup("ConcatV2")([g_x, mm(q, g_v)], -1)]


def _columns(x: Any, start: int, stop: int) -> Any:
    """Columns [start, stop) of every matrix."""
    return lookup("StridedSlice")(x, [0, start], [0, stop], [1, 1], ellipsis_mask=1)


def _qr_deep_grad(q: Any, r: Any, g_q: Any, g_r: Any) -> Any:
    m = sub(mm(r, g_r, adjoint_b=True), mm(g_q, q, adjoint_a=True))
    # The triangle below the diagonal, mirrored, with a real diagonal.
    below = sub(m, upper_part(m))
    middle = add(below, adjoint(below))
    diag = diagonal(m)
    if diag._dtype.kind == "c":
        diag = cast(lookup("Real")(diag, Tout=diag._dtype.real_dtype), diag._dtype)
    middle = with_diagonal(middle, diag)
    right = add(g_q, mm(q, middle))
    # right r^-H: r x^H = right^H
    return adjoint(TRIANGULAR_SOLVE(r, adjoint(right), lower=False))


QR = OpDef(
    "Qr",
    "input: T -> q: T, r: T",
    attrs={"full_matrices": False},
    types={"T": FACTORED},
    shape=_qr_shape,
    kernel=_qr_kernel,
    lower=lifted(lambda b, x, full_matrices: factor.qr(b, x, full_matrices)),
    grad=_qr_grad,
)


# -------------------------------------------------------------------------------------------- singular values
def _svd_shape(c: ShapeContext) -> list[Raw]:
    shape = matrix_dims(c)
    if shape is None:
        return [None, None, None] if c.attrs["compute_uv"] else [None, (0,), (0,)]
    *batch, m, n = shape
    k = None if m is None or n is None else min(m, n)
    if not c.attrs["compute_uv"]:
        return [(*batch, k), (0,), (0,)]
    p, q = (m, n) if c.attrs["full_matrices"] else (k, k)
    return [(*batch, k), (*batch, m, p), (*batch, n, q)]


@in_single
def _svd_kernel(x: np.ndarray, compute_uv: bool = True, full_matrices: bool = False) -> Any:
    *batch, m, n = x.shape
    nothing = np.zeros(0, x.dtype)
    if not np.isfinite(x).all():  # LAPACK raises, or never ends
        k = min(m, n)
        p, q = (m, n) if full_matrices else (k, k)
        s, u, v = (np.full((*batch, *shape), np.nan, x.dtype) for shape in ((k,), (m, p), (n, q)))
        return (s, u, v) if compute_uv else (s, nothing, nothing)
    if not compute_uv:
        return np.linalg.svd(x, compute_uv=False), nothing, nothing
    u, s, vh = np.linalg.svd(x, full_matrices=full_matrices)
    return s, u, ct(vh)


@lifted
def _svd_lower(b: Any, x: Any, compute_uv: bool = True, full_matrices: bool = False) -> Any:
    s, u, v = factor.svd(b, x, compute_uv, full_matrices and compute_uv)
    s = b.convert(s, x.dtype)
    return [s, u, v] if compute_uv else [s, b.zeros((0,), x.dtype), b.zeros((0,), x.dtype)]


def _reciprocal(x: Any) -> Any:
    """1/x, and 0 at 0 with derivative 0: degenerate values have no gradient of their own."""
    zero, select = lookup("Equal")(x, lookup("ZerosLike")(x)), lookup("SelectV2")
    return select(zero, lookup("ZerosLike")(x), lookup("Reciprocal")(select(zero, lookup("OnesLike")(x), x)))


def _differences(x: Any) -> Any:
    """Matrix of 1/(x_j - x_i), 0 on the diagonal and where values coincide."""
    return _reciprocal(sub(columns(x), rows(x)))


def _svd_grad(op: Any, g_s: Any, g_u: Any, g_v: Any) -> list[Any]:
    """J. Townsend, "Differentiating the singular value decomposition", 2016; for complex matrices with the
    phase of the singular vectors as gauge."""
    a = op.inputs[0]
    if not op.attrs["compute_uv"]:
        _, u, v = SVD(a, compute_uv=True, full_matrices=False)
        return [mm(mul(u, columns(g_s)), v, adjoint_b=True)]
    s, u, v = op.outputs
    shape = a._raw_shape
    m, n = (None, None) if shape is None else shape[-2:]
    if op.attrs["full_matrices"]:
        if m is None or n is None or abs(m - n) > 1:
            raise NotImplementedError(
                "svd gradient is not implemented for full_matrices=True and abs(m - n) > 1: the added "
                "singular vectors are arbitrary. "
                f"Received a matrix of shape {shape}. Use full_matrices=False."
            )
        u, g_u = _thin(u, g_u, min(m, n), m)
        v, g_v = _thin(v, g_v, min(m, n), n)
    complex_ = s._dtype.kind == "c"
    uu, vv = mm(u, g_u, adjoint_a=True), mm(v, g_v, adjoint_a=True)
    # 1/(s_j^2 - s_i^2), factored: a fused multiply-add would leave a residue where it should be 0.
    f = _reciprocal(mul(sub(columns(s), rows(s)), add(columns(s), rows(s))))
    inner = add(mul(mul(f, sub(uu, adjoint(uu))), columns(s)), mul(rows(s), mul(f, sub(vv, adjoint(vv)))))
    diag = g_s
    inverse = _reciprocal(s)
    if complex_:
        imaginary = mul(sub(diagonal(uu), conj(diagonal(uu))), np.asarray(0.5, s._dtype._np))
        diag = add(cast(lookup("Real")(g_s, Tout=g_s._dtype.real_dtype), s._dtype), mul(imaginary, inverse))
    core = mm(add(inner, diagonal_matrix(diag)), v, adjoint_b=True)
    total = mm(u, core)
    rest_u = sub(g_u, mm(u, uu))
    total = add(total, mm(mul(rest_u, columns(inverse)), v, adjoint_b=True))
    rest_v = sub(g_v, mm(v, vv))
    return [add(total, mm(mul(u, columns(inverse)), rest_v, adjoint_b=True))]


def _thin(u: Any, g: Any, k: int, m: int) -> tuple[Any, Any]:
    """The first k columns of a full set of vectors. The one that may be left over is fixed by being
    orthogonal to them, so its gradient is theirs."""
    if k == m:
        return u, g
    thin, last = _columns(u, 0, k), _columns(u, k, m)
    g_last = _columns(g, k, m)
    return thin, sub(_columns(g, 0, k), mm(last, mm(g_last, thin, adjoint_a=True)))


SVD = OpDef(
    "Svd",
    "input: T -> s: T, u: T, v: T",
    attrs={"compute_uv": True, "full_matrices": False},
    types={"T": FACTORED},
    shape=_svd_shape,
    kernel=_svd_kernel,
    lower=_svd_lower,
    grad=_svd_grad,
)


# ------------------------------------------------------------------------------------------------ eigenvalues
def _eigen_shape(c: ShapeContext) -> list[Raw]:
    shape = matrix_dims(c, 0, square=True)
    vectors = shape if c.attrs["compute_v"] else (0,)
    return [None if shape is None else shape[:-1], vectors]


@in_single
def _eigh_kernel(x: np.ndarray, compute_v: bool = True) -> Any:
    if not np.isfinite(x).all():
        raise invalid(
            "Self-adjoint eigen decomposition was not successful. The input might not be valid: it has NaN "
            "or infinity."
        )
    if not compute_v:
        return np.linalg.eigvalsh(x), np.zeros(0, x.dtype)
    return tuple(np.linalg.eigh(x))


@lifted
def _eigh_lower(b: Any, x: Any, compute_v: bool = True) -> Any:
    w, v = factor.eigh(b, x, compute_v)
    return [b.convert(w, x.dtype), v if compute_v else b.zeros((0,), x.dtype)]


def _eigh_grad(op: Any, g_e: Any, g_v: Any) -> list[Any]:
    e, v = op.outputs
    if not op.attrs["compute_v"]:
        _, v = EIGH(op.inputs[0], compute_v=True)
        inner = diagonal_matrix(g_e)
    else:
        inner = add(diagonal_matrix(g_e), mul(_differences(e), mm(v, g_v, adjoint_a=True)))
    g = mm(v, mm(inner, v, adjoint_b=True))
    return [half_lower(add(g, adjoint(g)))]  # only the lower triangle is read


EIGH = OpDef(
    "SelfAdjointEigV2",
    "input: T -> e: T, v: T",
    attrs={"compute_v": True},
    types={"T": FACTORED},
    shape=_eigen_shape,
    kernel=_eigh_kernel,
    lower=_eigh_lower,
    grad=_eigh_grad,
)


def _eig_kernel(x: np.ndarray, compute_v: bool = True, Tout: Any = None) -> Any:
    try:
        e, v = np.linalg.eig(x)
    except np.linalg.LinAlgError as error:
        raise invalid(
            f"Eigen decomposition was not successful. The input might not be valid: {error}"
        ) from None
    if x.dtype.kind == "c":  # TensorFlow's order
        order = np.argsort(np.abs(e), -1)
        e, v = np.take_along_axis(e, order, -1), np.take_along_axis(v, order[..., None, :], -1)
    return e, v if compute_v else np.zeros(0, Tout._np)


def _eig_grad(op: Any, g_e: Any, g_v: Any) -> list[Any]:
    """C. Boeddeker et al., "On the computation of complex-valued gradients with application to statistically
    optimum beamforming", 2017; vectors of length 1 with arbitrary phase."""
    e, v = op.outputs
    kind = op.inputs[0]._dtype
    if not op.attrs["compute_v"]:
        _, v = EIG(op.inputs[0], compute_v=True, Tout=op.attrs["Tout"])
        inner = diagonal_matrix(g_e)
    else:
        vg = mm(v, g_v, adjoint_a=True)
        lengths = cast(lookup("Real")(diagonal(vg), Tout=e._dtype.real_dtype), e._dtype)
        vg = sub(vg, mm(v, mul(v, columns(lengths)), adjoint_a=True))
        inner = add(diagonal_matrix(g_e), mul(conj(_differences(e)), vg))
    g = lookup("MatrixSolve")(v, mm(inner, v, adjoint_b=True), adjoint=True)
    return [g if kind.kind == "c" else lookup("Real")(g, Tout=kind)]


EIG = OpDef(
    "Eig",
    "input: T -> e: Tout, v: Tout",
    attrs={"compute_v": True, "Tout": REQUIRED},
    types={"T": FACTORED - {dtypes.float16}},
    shape=_eigen_shape,
    kernel=_eig_kernel,
    grad=_eig_grad,
    host=True,
)


# --------------------------------------------------------------------------------------------------------- LU
def _lu_shape(c: ShapeContext) -> list[Raw]:
    shape = matrix_dims(c, 0, square=True)
    return [shape, None if shape is None else shape[:-1]]


@in_single
def _lu_kernel(x: np.ndarray, output_idx_type: Any = dtypes.int32) -> Any:
    packed, order = lu_with_order(x)
    if not np.all(np.diagonal(packed, axis1=-2, axis2=-1)):
        raise invalid("Input is not invertible.")
    return packed, order


def lu_with_order(x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    from scipy.linalg.lapack import get_lapack_funcs

    n = x.shape[-1]
    if not x.size:
        return np.array(x), np.broadcast_to(np.arange(n, dtype=np.int32), x.shape[:-1])
    factorize = get_lapack_funcs("getrf", (x,))

    def one(m: np.ndarray) -> Any:
        packed, pivots, _ = factorize(m)
        order = np.arange(n, dtype=np.int32)
        for i, j in enumerate(pivots.tolist()):
            order[i], order[j] = order[j], order[i]
        return packed, order

    pairs = each(one, x)
    batch = x.shape[:-2]
    return restack([p for p, _ in pairs], batch, (n, n), x.dtype), restack(
        [o for _, o in pairs], batch, (n,), np.int32
    )


@lifted
def _lu_lower(b: Any, x: Any, output_idx_type: Any) -> Any:
    packed, pivots = factor.lu(b, x)
    return [packed, b.convert(factor.permutation(b, pivots, x.shape[-2]), output_idx_type)]


def _lu_grad(op: Any, g: Any, _: Any) -> list[Any]:
    packed, order = op.outputs
    diag = diagonal(packed)
    l = with_diagonal(lower_part(packed), lookup("OnesLike")(diag))
    u = upper_part(packed)
    g_u = upper_part(g)
    g_l = sub(g, g_u)
    left = mm(l, g_l, adjoint_a=True)
    inner = add(sub(left, upper_part(left)), upper_part(mm(g_u, u, adjoint_b=True)))
    right = adjoint(TRIANGULAR_SOLVE(u, adjoint(inner), lower=False))  # inner u^-H
    permuted = TRIANGULAR_SOLVE(l, right, adjoint=True)
    n = packed._raw_shape[-1] if packed._raw_shape else None
    depth = (
        n
        if n is not None
        else lookup("StridedSlice")(lookup("Shape")(packed), [-1], [0], [1], end_mask=1, shrink_axis_mask=1)
    )
    one, zero = np.ones((), g._dtype._np), np.zeros((), g._dtype._np)
    return [mm(lookup("OneHot")(order, depth, one, zero), permuted, adjoint_a=True)]


LU = OpDef(
    "Lu",
    "input: T -> lu: T, p: output_idx_type",
    attrs={"output_idx_type": dtypes.int32},
    types={"T": FACTORED},
    shape=_lu_shape,
    kernel=_lu_kernel,
    lower=_lu_lower,
    grad=_lu_grad,
)
