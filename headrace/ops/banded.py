"""Tridiagonal and banded triangular systems."""

from __future__ import annotations

from typing import Any

import numpy as np

from headrace.core import dtypes
from headrace.core.errors import ShapeError
from headrace.core.op import OpDef, ShapeContext, lookup
from headrace.core.shapes import Raw

from .decompose import TRIANGULAR_SOLVE
from .diag import MATRIX_DIAG
from .math import add, conj, mul, neg
from .matrix import FACTORED, adjoint, matrix_dims, restack

_FULL = frozenset({dtypes.float32, dtypes.float64, dtypes.complex64, dtypes.complex128})


# ------------------------------------------------------------------------------------------------ tridiagonal
def _solve_shape(c: ShapeContext) -> Raw:
    diagonals, rhs = matrix_dims(c, 0), matrix_dims(c, 1)
    if diagonals is not None and diagonals[-2] not in (None, 3):
        raise ShapeError(f"Expected 3 diagonals got {diagonals[-2]}")
    if diagonals is not None and rhs is not None:
        if len(diagonals) != len(rhs) or any(
            None not in (p, q) and p != q for p, q in zip(diagonals[:-2], rhs[:-2])
        ):
            raise ShapeError(
                f"diagonals and rhs must have the same batch dimensions, received {list(diagonals)} and "
                f"{list(rhs)}"
            )
        if None not in (diagonals[-1], rhs[-2]) and diagonals[-1] != rhs[-2]:
            raise ShapeError(
                f"the length of diagonals ({diagonals[-1]}) and the number of rows of rhs ({rhs[-2]}) must "
                "be equal"
            )
    return rhs


def _solve_kernel(
    diagonals: np.ndarray, rhs: np.ndarray, partial_pivoting: bool = True, perturb_singular: bool = False
) -> np.ndarray:
    if not rhs.size:
        return np.zeros_like(rhs)
    if perturb_singular:
        return _perturbed_solve(diagonals, rhs)
    from scipy.linalg.lapack import get_lapack_funcs

    solve = get_lapack_funcs("gtsv", (diagonals, rhs))
    batch = rhs.shape[:-2]
    out = []
    for i in np.ndindex(*batch):
        above, main, below = diagonals[i]
        spare = max(1, len(main) - 1)  # the wrapper wants off-diagonals even of a 1 x 1 matrix
        x, info = solve(np.resize(below[1:], spare), main, np.resize(above[:-1], spare), rhs[i])[-2:]
        out.append(np.full_like(x, np.nan) if info > 0 else x)  # singular
    return restack(out, batch, rhs.shape[-2:], rhs.dtype)


def _perturbed_solve(diagonals: np.ndarray, rhs: np.ndarray) -> np.ndarray:
    """Elimination with partial pivoting where pivots next to zero are moved away from it."""
    above, main, below = (diagonals[..., i, :, None] for i in range(3))
    n = main.shape[-2]
    least = np.finfo(rhs.dtype).eps * np.abs(diagonals).max((-1, -2))[..., None]

    def moved(p: np.ndarray) -> np.ndarray:
        return np.where(np.abs(p) <= least, np.where(np.real(p) >= 0, least, -least), p)

    upper = []  # rows of u: three diagonals and the right-hand side
    d, u, y = main[..., 0, :], above[..., 0, :], rhs[..., 0, :]
    for i in range(1, n):
        low = below[..., i, :]
        next_d = main[..., i, :]
        next_u = above[..., i, :] * (i < n - 1)
        next_y = rhs[..., i, :]
        stay = np.abs(d) >= np.abs(low)
        p = moved(np.where(stay, d, low))
        upper.append((p, np.where(stay, u, next_d), np.where(stay, 0, next_u), np.where(stay, y, next_y)))
        f = np.where(stay, low, d) / p
        keep_d = np.where(stay, next_d, u)
        keep_u = np.where(stay, next_u, 0)
        keep_y = np.where(stay, next_y, y)
        d, u, y = keep_d - f * upper[-1][1], keep_u - f * upper[-1][2], keep_y - f * upper[-1][3]
    out = np.zeros_like(rhs)
    out[..., n - 1, :] = y / moved(d)
    for i in range(n - 2, -1, -1):
        p, first, second, y = upper[i]
        out[..., i, :] = (
            y - first * out[..., i + 1, :] - (second * out[..., i + 2, :] if i + 2 < n else 0)
        ) / p
    return out


def _solve_lower(
    b: Any, diagonals: Any, rhs: Any, partial_pivoting: bool = True, perturb_singular: bool = False
) -> Any:
    """The same elimination as two loops over the rows."""
    if not all(rhs.shape):
        return rhs
    *batch, n, k = rhs.shape
    lead, kind = len(batch), rhs.dtype.real_dtype
    zero, one = b.constant(0, dtypes.int32), b.constant(1, dtypes.int32)
    line = (*batch, 1, k)

    def diagonal(i: int) -> Any:
        """One diagonal, once per right-hand side."""
        return b.broadcast_to(
            b.transpose(
                b.slice(diagonals, [0] * lead + [i, 0], [*batch, i + 1, n]), [*range(lead), lead + 1, lead]
            ),
            rhs.shape,
        )

    above = b.pad(
        b.slice(diagonal(0), [0] * (lead + 2), [*batch, n - 1, k]),
        b.zeros((), rhs.dtype),
        [0] * (lead + 2),
        [0] * lead + [1, 0],
    )
    main, below = diagonal(1), diagonal(2)
    size = b.reduce(b.unary("abs", diagonals, kind), [lead, lead + 1], "maximum", 0)
    least = b.mul(b.broadcast_in_dim(size, line, range(lead)), b.full(line, np.finfo(kind._np).eps, kind))

    def moved(p: Any) -> Any:
        if not perturb_singular:
            return p
        real = b.unary("real", p, kind) if p.dtype.kind == "c" else p
        signed = b.select(b.compare("GE", real, b.zeros(line, kind)), least, b.neg(least))
        return b.select(b.compare("LE", b.unary("abs", p, kind), least), b.convert(signed, p.dtype), p)

    def row(x: Any, i: Any) -> Any:
        return b.dynamic_slice(x, [zero] * lead + [i, zero], line)

    def put(x: Any, i: Any, value: Any) -> Any:
        return b.dynamic_update_slice(x, value, [zero] * lead + [i, zero])

    nothing = b.zeros(line, rhs.dtype)

    def eliminate(i: Any, d: Any, u: Any, y: Any, *upper: Any) -> list[Any]:
        low, next_d, next_u, next_y = row(below, i), row(main, i), row(above, i), row(rhs, i)
        if partial_pivoting:
            stay = b.compare("GE", b.unary("abs", d, kind), b.unary("abs", low, kind))
        else:
            stay = b.full(line, True, dtypes.bool_)
        pivot = moved(b.select(stay, d, low))
        found = [pivot, b.select(stay, u, next_d), b.select(stay, nothing, next_u), b.select(stay, y, next_y)]
        f = b.div(b.select(stay, low, d), pivot)
        kept = [b.select(stay, next_d, u), b.select(stay, next_u, nothing), b.select(stay, next_y, y)]
        before = b.sub(i, one)
        return [
            b.add(i, one),
            *[b.sub(a, b.mul(f, c)) for a, c in zip(kept, found[1:])],
            *[put(x, before, v) for x, v in zip(upper, found)],
        ]

    start = [one, row(main, zero), row(above, zero), row(rhs, zero), *[b.zeros(rhs.shape, rhs.dtype)] * 4]
    end = b.constant(n, dtypes.int32)
    _, d, _, y, *upper = b.while_loop(start, lambda i, *_: b.compare("LT", i, end), eliminate)

    def substitute(i: Any, x: Any, last: Any, before_last: Any) -> list[Any]:
        p, first, second, y = (row(u, i) for u in upper)
        new = b.div(b.sub(b.sub(y, b.mul(first, last)), b.mul(second, before_last)), p)
        return [b.sub(i, one), put(x, i, new), new, last]

    last = b.div(y, moved(d))
    start = [
        b.constant(n - 2, dtypes.int32),
        put(b.zeros(rhs.shape, rhs.dtype), b.constant(n - 1, dtypes.int32), last),
        last,
        nothing,
    ]
    return b.while_loop(start, lambda i, *_: b.compare("GE", i, zero), substitute)[1]


def shifted(x: Any, by: int, axis: int) -> Any:
    """Moved along `axis` (-1 or -2) by one, zeros coming in: towards the front (1) or the back (-1)."""
    take = lookup("StridedSlice")
    after = -1 - axis  # dimensions behind the axis, taken whole
    whole = 4 if after else 0

    def cut(begin: int, end: int, begin_mask: int, end_mask: int) -> Any:
        return take(
            x,
            [0, begin] + [0] * after,
            [0, end] + [0] * after,
            [1, 1] + [1] * after,
            ellipsis_mask=1,
            begin_mask=begin_mask | whole,
            end_mask=end_mask | whole,
        )

    border = lookup("ZerosLike")(cut(0, 1, 2, 0))
    if by > 0:
        return lookup("ConcatV2")([cut(1, 0, 0, 2), border], axis)
    return lookup("ConcatV2")([border, cut(0, -1, 2, 0)], axis)


def _solve_grad(op: Any, g: Any) -> list[Any]:
    diagonals, x = op.inputs[0], op.outputs[0]
    above, main, below = lookup("Unpack")(diagonals, num=3, axis=-2)
    flipped = lookup("Pack")([conj(shifted(below, 1, -1)), conj(main), conj(shifted(above, -1, -1))], axis=-2)
    g_rhs = SOLVE(flipped, g, **op.attrs)

    def inner(y: Any) -> Any:
        return neg(lookup("Sum")(mul(g_rhs, conj(y)), [-1], keep_dims=False))

    return [lookup("Pack")([inner(shifted(x, 1, -2)), inner(x), inner(shifted(x, -1, -2))], axis=-2), g_rhs]


SOLVE = OpDef(
    "TridiagonalSolve",
    "diagonals: T, rhs: T -> output: T",
    attrs={"partial_pivoting": True, "perturb_singular": False},
    types={"T": _FULL},
    shape=_solve_shape,
    kernel=_solve_kernel,
    lower=_solve_lower,
    grad=_solve_grad,
)


def _matmul(above: Any, main: Any, below: Any, rhs: Any) -> Any:
    """Diagonals of shape [..., 1, m], rhs of shape [..., m, n]."""
    up, here, down = (adjoint(conj(d)) for d in (above, main, below))
    return add(add(mul(here, rhs), mul(up, shifted(rhs, 1, -2))), mul(down, shifted(rhs, -1, -2)))


def _matmul_shape(c: ShapeContext) -> Raw:
    shapes = [matrix_dims(c, i) for i in range(4)]
    rhs = shapes[3]
    for name, d in zip(("superdiag", "maindiag", "subdiag"), shapes):
        if d is not None and (
            d[-2] not in (None, 1) or (rhs is not None and None not in (d[-1], rhs[-2]) and d[-1] != rhs[-2])
        ):
            raise ShapeError(
                f"{name} must have shape [..., 1, {rhs[-2] if rhs else 'm'}], received {list(d)}"
            )
    return rhs


MATMUL = OpDef(
    "TridiagonalMatMul",
    "superdiag: T, maindiag: T, subdiag: T, rhs: T -> output: T",
    types={"T": _FULL},
    shape=_matmul_shape,
    body=_matmul,
)


# ----------------------------------------------------------------------------------------------------- banded
def _banded_solve(bands: Any, rhs: Any, lower: bool = True, adjoint: bool = False) -> Any:
    """As a dense triangular system."""
    shape = bands._raw_shape
    if shape is None or shape[-2] is None:
        raise ValueError(
            "banded_triangular_solve needs the number of bands to be known while building the graph."
        )
    count = shape[-2]
    k = [1 - count, 0] if lower else [0, count - 1]
    n: Any = shape[-1]
    if n is None:
        n = lookup("StridedSlice")(lookup("Shape")(bands), [-1], [0], [1], end_mask=1, shrink_axis_mask=1)
    dense = MATRIX_DIAG(bands, k, n, n, np.zeros((), bands._dtype._np), align="LEFT_RIGHT")
    return TRIANGULAR_SOLVE(dense, rhs, lower=lower, adjoint=adjoint)


BANDED_SOLVE = OpDef(
    "BandedTriangularSolve",
    "matrix: T, rhs: T -> output: T",
    attrs={"lower": True, "adjoint": False},
    types={"T": FACTORED},
    body=_banded_solve,
)
