"""Solving, inverting, determinants, functions of matrices, cross products.

As in `decompose`: host kernels raise on singular matrices, compiled programs give inf or NaN."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from headrace.core import dtypes
from headrace.core.errors import ShapeError, invalid
from headrace.core.op import OpDef, ShapeContext, lookup
from headrace.core.shapes import Raw

from . import factor
from .decompose import CHOLESKY, SVD, TRIANGULAR_SOLVE, solve_shape
from .math import add, conj, mul, neg
from .matrix import (
    FACTORED,
    adjoint,
    cast,
    ct,
    diagonal,
    dot,
    each,
    identity,
    in_single,
    keep,
    lifted,
    matrix_dims,
    mm,
    restack,
    rows,
    square_shape,
    with_diagonal,
)
from .table import merged


# ------------------------------------------------------------------------------------------------------ solve
def _same_batch_solve_shape(c: ShapeContext) -> Raw:
    a, rhs = matrix_dims(c, 0, square=True), matrix_dims(c, 1)
    if (
        a is not None
        and rhs is not None
        and (
            len(a) != len(rhs)
            or any(p is not None and q is not None and p != q for p, q in zip(a[:-2], rhs[:-2]))
        )
    ):
        raise ShapeError(
            f"matrix and rhs must have the same batch dimensions, received {list(a[:-2])} and "
            f"{list(rhs[:-2])}"
        )
    return solve_shape(c)


NOT_INVERTIBLE = "Input is not invertible."
MATRIX_NOT_INVERTIBLE = "Input matrix is not invertible."


@in_single
def _solve_kernel(a: np.ndarray, rhs: np.ndarray, adjoint: bool = False) -> np.ndarray:
    try:
        return np.linalg.solve(ct(a) if adjoint else a, rhs)
    except np.linalg.LinAlgError:
        raise invalid(MATRIX_NOT_INVERTIBLE) from None


def _solve_grad(op: Any, g: Any) -> list[Any]:
    a, x, transposed = op.inputs[0], op.outputs[0], op.attrs["adjoint"]
    g_rhs = SOLVE(a, g, adjoint=not transposed)
    return [neg(mm(x, g_rhs, adjoint_b=True) if transposed else mm(g_rhs, x, adjoint_b=True)), g_rhs]


SOLVE = OpDef(
    "MatrixSolve",
    "matrix: T, rhs: T -> output: T",
    attrs={"adjoint": False},
    types={"T": FACTORED},
    shape=_same_batch_solve_shape,
    kernel=_solve_kernel,
    lower=lifted(lambda b, a, rhs, adjoint: factor.solve(b, a, rhs, adjoint, MATRIX_NOT_INVERTIBLE)),
    grad=_solve_grad,
)


@in_single
def _inverse_kernel(x: np.ndarray, adjoint: bool = False) -> np.ndarray:
    try:
        return np.linalg.inv(ct(x) if adjoint else x)
    except np.linalg.LinAlgError:
        raise invalid(NOT_INVERTIBLE) from None


def _inverse_grad(op: Any, g: Any) -> list[Any]:
    y, transposed = op.outputs[0], op.attrs["adjoint"]
    if transposed:  # y = x^-H
        return [neg(mm(y, mm(g, y, adjoint_a=True)))]
    return [neg(mm(y, mm(g, y, adjoint_b=True), adjoint_a=True))]


INVERSE = OpDef(
    "MatrixInverse",
    "input: T -> output: T",
    attrs={"adjoint": False},
    types={"T": FACTORED},
    shape=square_shape,
    kernel=_inverse_kernel,
    lower=lifted(
        lambda b, x, adjoint: factor.solve(b, x, identity(b, x, x.shape[-1]), adjoint, NOT_INVERTIBLE)
    ),
    grad=_inverse_grad,
)


def solve_ls(matrix: Any, rhs: Any, l2_regularizer: Any, fast: bool = True) -> Any:
    """Least squares through the normal equations (`fast`), or the solution of minimal norm through the
    SVD."""
    m, n = matrix._raw_shape[-2:] if matrix._raw_shape is not None else (None, None)
    if not fast:
        return _least_norm(matrix, rhs)
    if m is None or n is None:
        raise ValueError(
            "lstsq needs the last two dimensions of the matrix to be known while building the graph: they "
            "decide between the over- and the underdetermined problem. "
            "Use tf.ensure_shape to state them."
        )
    l2 = cast(lookup("Identity")(l2_regularizer), matrix._dtype)
    tall = m >= n
    gramian = mm(matrix, matrix, adjoint_a=True) if tall else mm(matrix, matrix, adjoint_b=True)
    chol = CHOLESKY(with_diagonal(gramian, add(diagonal(gramian), l2)))
    b = mm(matrix, rhs, adjoint_a=True) if tall else rhs
    z = TRIANGULAR_SOLVE(chol, TRIANGULAR_SOLVE(chol, b), adjoint=True)
    return z if tall else mm(matrix, z, adjoint_a=True)


def _least_norm(matrix: Any, rhs: Any) -> Any:
    s, u, v = SVD(matrix)
    real = s if s._dtype.kind != "c" else lookup("Real")(s, Tout=s._dtype.real_dtype)
    eps = np.asarray(np.finfo(real._dtype._np).eps, real._dtype._np)
    size = lookup("Max")(
        lookup("StridedSlice")(lookup("Shape")(matrix), [-2], [0], [1], end_mask=1), [0], keep_dims=False
    )
    cutoff = mul(mul(lookup("Max")(real, [-1], keep_dims=True), eps), cast(size, real._dtype))
    usable = lookup("Greater")(real, cutoff)
    inverse = cast(
        lookup("SelectV2")(usable, lookup("Reciprocal")(real), lookup("ZerosLike")(real)), matrix._dtype
    )
    return mm(v, mul(rows(inverse), mm(u, rhs, adjoint_a=True)))


def _solve_ls_shape(c: ShapeContext) -> Raw:
    a, rhs = matrix_dims(c, 0), matrix_dims(c, 1)
    if a is None or rhs is None:
        return None
    if len(a) != len(rhs) or any(
        p is not None and q is not None and p != q for p, q in zip(a[:-1], rhs[:-1])
    ):
        raise ShapeError(
            f"matrix and rhs must have the same batch dimensions and number of rows, received {list(a)} and "
            f"{list(rhs)}"
        )
    return (*a[:-2], a[-1], rhs[-1])


def _solve_ls_grad(op: Any, g: Any) -> Any:
    if not op.attrs["fast"]:
        raise ValueError("Gradient not defined for fast=False.")
    from headrace.core.tape import watch_and_run

    y, tape = watch_and_run(lambda a, rhs, l2: solve_ls(a, rhs, l2, True), op.inputs)
    return tape.gradient(y, list(op.inputs), output_gradients=g)


SOLVE_LS = OpDef(
    "MatrixSolveLs",
    "matrix: T, rhs: T, l2_regularizer: float64 -> output: T",
    attrs={"fast": True},
    types={"T": FACTORED},
    shape=_solve_ls_shape,
    grad=_solve_ls_grad,
    body=solve_ls,
)


# ----------------------------------------------------------------------------------------------- determinants
def _batch_shape(c: ShapeContext) -> Raw:
    shape = square_shape(c)
    return None if shape is None else shape[:-2]


def _diagonal_and_sign(b: Any, x: Any) -> tuple[Any, Any]:
    """The diagonal of u, and the sign of the row exchanges (+-1)."""
    packed, pivots = factor.lu(b, x)
    n = x.shape[-1]
    diag = b.reduce(keep(b, packed, np.eye(n, dtype=np.bool_)), [x.rank - 2], "add", 0)
    moved = b.compare(
        "NE", pivots, b.broadcast_to(b.constant(np.arange(n, dtype=np.int32), dtypes.int32), pivots.shape)
    )
    count = b.reduce(b.convert(moved, dtypes.int32), [pivots.rank - 1], "add", 0)
    one = b.full(count.shape, 1, dtypes.int32)
    odd = b.compare("EQ", b.binary("and", count, one), one)
    return diag, b.select(odd, b.full(odd.shape, -1, x.dtype), b.full(odd.shape, 1, x.dtype))


@lifted
def _determinant_lower(b: Any, x: Any) -> Any:
    diag, sign = _diagonal_and_sign(b, x)
    return b.mul(sign, b.reduce(diag, [diag.rank - 1], "multiply", 1))


def _determinant_grad(op: Any, g: Any) -> list[Any]:
    return [mul(rows(rows(mul(g, conj(op.outputs[0])))), INVERSE(op.inputs[0], adjoint=True))]


DETERMINANT = OpDef(
    "MatrixDeterminant",
    "input: T -> output: T",
    types={"T": FACTORED},
    shape=_batch_shape,
    kernel=in_single(np.linalg.det),
    lower=_determinant_lower,
    grad=_determinant_grad,
)


@lifted
def _log_determinant_lower(b: Any, x: Any) -> Any:
    diag, sign = _diagonal_and_sign(b, x)
    size = b.unary("abs", diag, x.dtype.real_dtype)
    zero = b.compare("EQ", size, b.zeros(size.shape, size.dtype))
    if x.dtype.kind == "c":
        phase = b.div(diag, b.convert(b.select(zero, b.full(size.shape, 1, size.dtype), size), x.dtype))
    else:
        phase = b.unary("sign", diag)
    total = b.reduce(b.unary("log", size), [size.rank - 1], "add", 0)
    return [b.mul(sign, b.reduce(phase, [phase.rank - 1], "multiply", 1)), b.convert(total, x.dtype)]


def _log_determinant_grad(op: Any, g_sign: Any, g_log: Any) -> list[Any]:
    x, sign = op.inputs[0], op.outputs[0]
    g = g_log
    if x._dtype.kind == "c":  # d sign = i sign Im(tr(x^-1 dx))
        kind = x._dtype.real_dtype
        turn = lookup("Imag")(mul(sign, conj(g_sign)), Tout=kind)
        g = lookup("Complex")(lookup("Real")(g_log, Tout=kind), neg(turn), Tout=x._dtype)
    return [mul(rows(rows(g)), INVERSE(x, adjoint=True))]


LOG_DETERMINANT = OpDef(
    "LogMatrixDeterminant",
    "input: T -> sign: T, log_abs_determinant: T",
    types={"T": FACTORED},
    shape=lambda c: [_batch_shape(c)] * 2,
    kernel=in_single(lambda x: tuple(np.linalg.slogdet(x))),
    lower=_log_determinant_lower,
    grad=_log_determinant_grad,
)


# -------------------------------------------------------------------------------------- functions of matrices
def _function_grad(name: str) -> Callable[..., Any]:
    """For any analytic f, f([[x^H, g], [0, x^H]]) has the derivative in direction g, taken at x^H, as its
    upper right
    block: the gradient is f again, of a matrix twice the size. (R. Mathias, "A chain rule for matrix
    functions", 1996.)"""

    def rule(op: Any, g: Any) -> list[Any]:
        x = adjoint(op.inputs[0])
        concat, take = lookup("ConcatV2"), lookup("StridedSlice")
        wide = concat([concat([x, g], -1), concat([lookup("ZerosLike")(x), x], -1)], -2)
        result = lookup(name)(wide)
        shape = x._raw_shape
        n: Any = shape[-1] if shape is not None else None
        if n is None:
            n = take(lookup("Shape")(x), [-1], [0], [1], end_mask=1, shrink_axis_mask=1)
        top = lookup("Pack")([0, 0, n], axis=0) if not isinstance(n, int) else [0, 0, n]
        end = lookup("Pack")([0, n, 0], axis=0) if not isinstance(n, int) else [0, n, 0]
        return [take(result, top, end, [1, 1, 1], ellipsis_mask=1, begin_mask=2, end_mask=4)]

    return rule


@in_single
def _expm_kernel(x: np.ndarray) -> np.ndarray:
    from scipy.linalg import expm

    return expm(x) if x.size else np.array(x)


# Coefficients and reach of the Padé approximants (N. Higham, "The scaling and squaring method for the matrix
# exponential
# revisited", 2005): degree 7 for single, 13 for double precision.
_PADE_7 = (17297280.0, 8648640.0, 1995840.0, 277200.0, 25200.0, 1512.0, 56.0, 1.0)
_PADE_13 = (
    64764752532480000.0,
    32382376266240000.0,
    7771770303897600.0,
    1187353796428800.0,
    129060195264000.0,
    10559470521600.0,
    670442572800.0,
    33522128640.0,
    1323241920.0,
    40840800.0,
    960960.0,
    16380.0,
    182.0,
    1.0,
)


@lifted
def _expm_lower(b: Any, x: Any) -> Any:
    if not all(x.shape):
        return x
    kind = x.dtype.real_dtype
    coefficients, reach = (_PADE_7, 3.925724783138660) if kind.size == 4 else (_PADE_13, 5.371920351148152)
    size = b.unary("abs", x, kind)
    norm = b.reduce(b.reduce(size, [x.rank - 2], "add", 0), [x.rank - 2], "maximum", 0)
    power = b.unary(
        "ceil",
        b.div(
            b.unary("log", b.div(norm, b.full(norm.shape, reach, kind))), b.full(norm.shape, np.log(2), kind)
        ),
    )
    power = b.clamp(b.constant(0, kind), power, b.constant(1000 if kind.size == 8 else 120, kind))
    scale = b.unary("exponential", b.mul(power, b.full(power.shape, -np.log(2), kind)))
    # A power of two exactly.
    scale = b.unary("round_nearest_even", b.div(b.full(scale.shape, 1, kind), scale))
    lead = list(range(x.rank - 2))
    x = b.div(x, b.broadcast_in_dim(b.convert(scale, x.dtype), x.shape, lead))

    eye = identity(b, x, x.shape[-1])
    square = dot(b, x, x)
    powers = [eye, square]
    while len(powers) < len(coefficients) // 2 and len(powers) < 4:
        powers.append(dot(b, powers[-1], square))

    def weighted(start: int, first: int, last: int) -> Any:
        """Sum of coefficients start, start + 2, … times the powers first … last."""
        total = None
        for i in range(first, last):
            term = b.mul(powers[i], b.full(x.shape, coefficients[start + 2 * (i - first)], x.dtype))
            total = term if total is None else b.add(total, term)
        return total

    even, odd = weighted(0, 0, 4), weighted(1, 0, 4)
    if len(coefficients) > 8:  # the higher powers are x^6 times x^2, x^4, x^6
        even = b.add(even, dot(b, powers[3], weighted(8, 1, 4)))
        odd = b.add(odd, dot(b, powers[3], weighted(9, 1, 4)))
    odd = dot(b, x, odd)
    result = factor.solve(b, b.sub(even, odd), b.add(even, odd))
    times = b.convert(power, dtypes.int32)
    most = b.reduce(times, lead, "maximum", 0)

    def again(i: Any, y: Any) -> list[Any]:
        active = b.broadcast_in_dim(
            b.compare("LT", b.broadcast_in_dim(i, times.shape, ()), times), y.shape, lead
        )
        return [b.add(i, b.constant(1, dtypes.int32)), b.select(active, dot(b, y, y), y)]

    return b.while_loop([b.constant(0, dtypes.int32), result], lambda i, y: b.compare("LT", i, most), again)[
        1
    ]


EXPM = OpDef(
    "MatrixExponential",
    "input: T -> output: T",
    types={"T": FACTORED},
    shape=square_shape,
    kernel=_expm_kernel,
    lower=_expm_lower,
    grad=_function_grad("MatrixExponential"),
)


def _schur_kernel(name: str) -> Callable[..., Any]:
    """A matrix function of SciPy's, which takes one matrix at a time."""

    def kernel(x: np.ndarray) -> np.ndarray:
        import warnings

        import scipy.linalg

        if not x.size:
            return np.array(x)
        with warnings.catch_warnings():  # its estimates of accuracy
            warnings.simplefilter("ignore", RuntimeWarning)
            results = each(getattr(scipy.linalg, name), x)
        if x.dtype.kind != "c":  # a real matrix whose result is not real has none of its own type
            results = [np.where(np.abs(np.imag(r)) > 0, np.nan, np.real(r)) for r in results]
        return restack([np.asarray(r, x.dtype) for r in results], x.shape[:-2], x.shape[-2:], x.dtype)

    return in_single(kernel)


LOGM = OpDef(
    "MatrixLogarithm",
    "input: T -> output: T",
    types={"T": (dtypes.complex64, dtypes.complex128)},
    shape=square_shape,
    host=True,
    kernel=_schur_kernel("logm"),
    grad=_function_grad("MatrixLogarithm"),
)
SQRTM = OpDef(
    "MatrixSquareRoot",
    "input: T -> output: T",
    types={"T": FACTORED},
    shape=square_shape,
    host=True,
    kernel=_schur_kernel("sqrtm"),
    grad=_function_grad("MatrixSquareRoot"),
)


# --------------------------------------------------------------------------------------------- cross products
def _cross_shape(c: ShapeContext) -> Raw:
    shape = merged(0, 1)(c)
    if shape is not None:
        if not shape:
            raise ShapeError("inputs must be at least 1-D, received scalars")
        if shape[-1] not in (None, 3):
            raise ShapeError(
                f"Cross-products are only defined for 3-element vectors, received shape {list(shape)}"
            )
        return (*shape[:-1], 3)
    return None


def _rolled(b: Any, x: Any, by: int) -> Any:
    """Components shifted to the left by one or two."""
    lead, axis = [0] * (x.rank - 1), x.rank - 1
    head = b.slice(x, [*lead, by], [*x.shape[:-1], 3])
    return b.concatenate([head, b.slice(x, [*lead, 0], [*x.shape[:-1], by])], axis)


def _cross_lower(b: Any, x: Any, y: Any) -> Any:
    return b.sub(b.mul(_rolled(b, x, 1), _rolled(b, y, 2)), b.mul(_rolled(b, x, 2), _rolled(b, y, 1)))


def _cross_kernel(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    roll = lambda a, n: np.roll(a, -n, -1)
    return roll(x, 1) * roll(y, 2) - roll(x, 2) * roll(y, 1)


CROSS: OpDef = OpDef(
    "Cross",
    "a: T, b: T -> product: T",
    types={"T": dtypes.REAL},
    shape=_cross_shape,
    kernel=_cross_kernel,
    lower=_cross_lower,
    grad=lambda op, g: [CROSS(op.inputs[1], g), CROSS(g, op.inputs[0])],
)
