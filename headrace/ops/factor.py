"""The five factorizations inside compiled programs: QR, SVD, Hermitian eigenvalues, LU, and what follows from
them.

On CPUs they are LAPACK's, called through XLA's FFI; elsewhere they are XLA's own expansions (`Qr`, `Eigh`)
and short algorithms on top of them, so that one lowering serves every device. Where LAPACK reports failure
(NaN in the input, no convergence) the results are NaN."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from headrace.compiler.hlo import Builder, Value
from headrace.core import dtypes

from .matrix import dot, hermitian, identity, keep, part, real_part, scale_columns, triu


# ----------------------------------------------------------------------------------------------------- LAPACK
def _lapack(
    b: Builder,
    routine: str,
    operands: Sequence[Value],
    outputs: Sequence[tuple[Sequence[int], Any]],
    config: str = "",
    real: str = "",
) -> list[Value]:
    """One custom call of `?routine`; matrices are in column-major order, as LAPACK wants them. `real`: the
    routine's name for real types where it differs."""
    from headrace.runtime.lapack import register_lapack

    register_lapack()
    dtype = operands[0].dtype
    letter = {"float32": "s", "float64": "d", "complex64": "c", "complex128": "z"}[dtype.name]
    name = f"lapack_{letter}{real if real and dtype.kind == 'f' else routine}_ffi"
    rank = operands[0].rank

    def layouts(shapes: Sequence[Sequence[int]]) -> str:
        return ", ".join([_layout(len(s), len(s) == rank) for s in shapes])

    attrs = (
        f'call_target_name = "{name}", api_version = 4 : i32, backend_config = {{{config}}}, '
        f"operand_layouts = [{layouts([v.shape for v in operands])}], result_layouts = "
        f"[{layouts([s for s, _ in outputs])}]"
    )
    return b.ops("stablehlo.custom_call", operands, outputs, attrs)


def _layout(rank: int, column_major: bool) -> str:
    order = [rank - 2, rank - 1, *range(rank - 3, -1, -1)] if column_major else list(range(rank - 1, -1, -1))
    return (
        f"dense<[{', '.join(map(str, order))}]> : tensor<{rank}xindex>"
        if rank
        else "dense<> : tensor<0xindex>"
    )


def _or_nan(b: Builder, info: Value, x: Value) -> Value:
    good = b.compare("EQ", info, b.zeros(info.shape, info.dtype))
    return b.select(b.broadcast_in_dim(good, x.shape, range(info.rank)), x, b.full(x.shape, np.nan, x.dtype))


# --------------------------------------------------------------------------------------------------------- QR
def _reflectors(b: Builder, x: Value) -> tuple[Value, Value]:
    """R above the diagonal, Householder vectors below, and their factors."""
    shape, tau = x.shape, (*x.shape[:-2], min(x.shape[-2:]))
    if b.platform == "cpu":
        packed, taus = _lapack(b, "geqrf", [x], [(shape, x.dtype), (tau, x.dtype)])
        return packed, taus
    packed, taus = b.ops(
        "stablehlo.custom_call",
        [x],
        [(shape, x.dtype), (tau, x.dtype)],
        'call_target_name = "Qr", api_version = 1 : i32, backend_config = ""',
    )
    return packed, taus


def _product_of_reflectors(b: Builder, packed: Value, taus: Value) -> Value:
    if b.platform == "cpu":
        return _lapack(b, "ungqr", [packed, taus], [(packed.shape, packed.dtype)], real="orgqr")[0]
    attrs = (
        'call_target_name = "ProductOfElementaryHouseholderReflectors", api_version = 1 : i32, '
        'backend_config = ""'
    )
    return b.op("stablehlo.custom_call", [packed, taus], packed.shape, packed.dtype, attrs)


def qr(b: Builder, x: Value, full: bool = False) -> tuple[Value, Value]:
    """x = q r, with q of min(m, n) columns (`full`: m)."""
    m, n = x.shape[-2:]
    width = m if full else min(m, n)
    if not all(x.shape):
        return identity(b, x, m) if full else b.zeros((*x.shape[:-1], width), x.dtype), b.zeros(
            (*x.shape[:-2], width, n), x.dtype
        )
    packed, taus = _reflectors(b, x)
    square = part(b, packed, m, min(width, n))
    if width > n:
        square = b.pad(square, b.zeros((), x.dtype), [0] * x.rank, [0] * (x.rank - 1) + [width - n])
    return _product_of_reflectors(b, square, taus), triu(b, part(b, packed, width, n))


# -------------------------------------------------------------------------------------- Hermitian eigenvalues
def eigh(b: Builder, x: Value, vectors: bool = True) -> tuple[Value, Value]:
    """Eigenvalues in ascending order and eigenvectors (columns), from the lower triangle."""
    n, kind = x.shape[-1], x.dtype.real_dtype
    values = x.shape[:-1]
    if not all(x.shape):
        return b.zeros(values, kind), b.zeros(x.shape, x.dtype)
    if b.platform == "cpu":
        config = f"mode = {ord('V' if vectors else 'N')} : ui8, uplo = {ord('L')} : ui8"
        v, w, info = _lapack(
            b,
            "heevd",
            [x],
            [(x.shape, x.dtype), (values, kind), (x.shape[:-2], dtypes.int32)],
            config,
            real="syevd",
        )
        return _or_nan(b, info, w), _or_nan(b, info, v)
    tolerance = 1e-6 if kind.size == 4 else 1e-13
    attrs = f'call_target_name = "Eigh", api_version = 1 : i32, backend_config = "1,1,100,{tolerance}"'
    # The expansion reads both triangles.
    lower = keep(b, x, np.tri(n, n, -1, dtype=np.bool_))
    diag = keep(b, x, np.eye(n, dtype=np.bool_))
    diag = b.convert(real_part(b, diag), x.dtype)
    v, w = b.ops(
        "stablehlo.custom_call",
        [b.add(b.add(lower, diag), hermitian(b, lower))],
        [(x.shape, x.dtype), (values, kind)],
        attrs,
    )
    return w, v


# -------------------------------------------------------------------------------------------- singular values
def svd(b: Builder, x: Value, vectors: bool = True, full: bool = False) -> tuple[Value, Value, Value]:
    """x = u diag(s) v^H with s in descending order."""
    m, n = x.shape[-2:]
    k, batch = min(m, n), x.shape[:-2]
    if not all(x.shape):
        zeros = [
            b.zeros((*batch, k), x.dtype.real_dtype),
            b.zeros((*batch, m, k), x.dtype),
            b.zeros((*batch, n, k), x.dtype),
        ]
        return (zeros[0], identity(b, x, m), identity(b, x, n)) if full else (zeros[0], zeros[1], zeros[2])
    if b.platform != "cpu":
        return _polar_svd(b, x, full)
    mode = "N" if not vectors else "A" if full else "S"
    p, q = (m, n) if full else (k, k)
    outputs: list[tuple[Sequence[int], Any]] = [
        (x.shape, x.dtype),
        ((*batch, k), x.dtype.real_dtype),
        ((*batch, m, p), x.dtype),
        ((*batch, q, n), x.dtype),
        (batch, dtypes.int32),
    ]
    _, s, u, vh, info = _lapack(b, "gesdd", [x], outputs, f"mode = {ord(mode)} : ui8")
    if not vectors:
        return _or_nan(b, info, s), u, vh
    return _or_nan(b, info, s), _or_nan(b, info, u), hermitian(b, _or_nan(b, info, vh))


def _polar_svd(b: Builder, x: Value, full: bool) -> tuple[Value, Value, Value]:
    """Through the polar decomposition x = p h, whose factor h = v s v^H is Hermitian (Nakatsukasa and Higham,
    "Stable and efficient spectral divide and conquer algorithms", 2013). p comes from the QR-based
    dynamically weighted Halley iteration; its weights depend on the precision only, so they are known
    beforehand."""
    m, n = x.shape[-2:]
    if m < n:
        s, v, u = _polar_svd(b, hermitian(b, x), full)
        return s, u, v
    kind = x.dtype.real_dtype
    weights = _halley_weights(1e-7 if kind.size == 4 else 1e-15, float(np.finfo(kind._np).eps))
    squares = b.mul(b.unary("abs", x, kind), b.unary("abs", x, kind))
    norm = b.unary("sqrt", b.reduce(squares, [x.rank - 2, x.rank - 1], "add", 0))
    norm = b.maximum(norm, b.full(norm.shape, np.finfo(kind._np).tiny, kind))
    scaled = b.div(x, b.broadcast_in_dim(b.convert(norm, x.dtype), x.shape, range(norm.rank)))
    table = b.constant(weights, kind)
    eye = identity(b, x, n)

    def step(i: Value, p: Value) -> list[Value]:
        def weight(column: int) -> Value:
            picked = b.dynamic_slice(table, [i, b.constant(column, dtypes.int32)], [1, 1])
            return b.broadcast_to(b.convert(b.reshape(picked, ()), x.dtype), x.shape)

        q, _ = qr(b, b.concatenate([b.mul(p, weight(0)), eye], x.rank - 2))
        product = dot(b, part(b, q, m, n), hermitian(b, part(b, q, n, n, m)))
        return [b.add(i, b.constant(1, dtypes.int32)), b.add(b.mul(p, weight(1)), b.mul(product, weight(2)))]

    start = [b.constant(0, dtypes.int32), scaled]
    _, p = b.while_loop(start, lambda i, p: b.compare("LT", i, b.constant(len(weights), dtypes.int32)), step)
    h = dot(b, hermitian(b, p), x)
    s, v = eigh(b, b.mul(b.add(h, hermitian(b, h)), b.full(h.shape, 0.5, h.dtype)))
    s, v = b.reverse(s, [s.rank - 1]), b.reverse(v, [v.rank - 1])
    s = b.maximum(s, b.zeros(s.shape, kind))
    # Columns that belong to zero singular values are not orthonormal yet; QR completes them and keeps the
    # others.
    q, r = qr(b, dot(b, p, v), full)
    diag = b.reduce(keep(b, part(b, r, n, n), np.eye(n, dtype=np.bool_)), [r.rank - 2], "add", 0)
    size = b.unary("abs", diag, kind)
    unit = b.div(diag, b.convert(b.maximum(size, b.full(size.shape, np.finfo(kind._np).tiny, kind)), x.dtype))
    phase = b.select(
        b.compare("GT", size, b.full(size.shape, 0.5, kind)), unit, b.full(diag.shape, 1, x.dtype)
    )
    if q.shape[-1] > n:
        phase = b.pad(
            phase, b.constant(1, x.dtype), [0] * phase.rank, [0] * (phase.rank - 1) + [q.shape[-1] - n]
        )
    return s, scale_columns(b, q, phase), v


def _halley_weights(low: float, eps: float) -> np.ndarray:
    """Rows (√c, b/c, (a - b/c)/√c) until singular values in [low, 1] have become 1."""
    rows: list[tuple[float, float, float]] = []
    while abs(1 - low) > 4 * eps and len(rows) < 12:
        square = low * low
        d = np.cbrt(4 * (1 - square) / square**2)
        a = np.sqrt(1 + d) + 0.5 * np.sqrt(8 - 4 * d + 8 * (2 - square) / (square * np.sqrt(1 + d)))
        weight_b = (a - 1) ** 2 / 4
        c = a + weight_b - 1
        rows.append((np.sqrt(c), weight_b / c, (a - weight_b / c) / np.sqrt(c)))
        low = min(1.0, low * (a + weight_b * square) / (1 + c * square))
    return np.asarray(rows)


# --------------------------------------------------------------------------------------------------------- LU
def lu(b: Builder, x: Value) -> tuple[Value, Value]:
    """x with its rows exchanged = l u, packed into one matrix, and row i's exchange partner (int32, counted
    from 0)."""
    m, n = x.shape[-2:]
    k, batch = min(m, n), x.shape[:-2]
    if not all(x.shape):
        return b.zeros(x.shape, x.dtype), b.zeros((*batch, k), dtypes.int32)
    if b.platform == "cpu":
        packed, pivots, _ = _lapack(
            b, "getrf", [x], [(x.shape, x.dtype), ((*batch, k), dtypes.int32), (batch, dtypes.int32)]
        )
        return packed, b.sub(pivots, b.full(pivots.shape, 1, dtypes.int32))
    return _right_looking_lu(b, x)


def _right_looking_lu(b: Builder, x: Value) -> tuple[Value, Value]:
    """Gaussian elimination, one column a step, with masks instead of slices that shrink."""
    m, n = x.shape[-2:]
    k, batch, lead = min(m, n), x.shape[:-2], len(x.shape) - 2
    kind = x.dtype.real_dtype
    row, col = b.iota((m,), 0, dtypes.int32), b.iota((n,), 0, dtypes.int32)
    order = b.broadcast_in_dim(row, (*batch, m), [lead])

    def one_hot(i: Value, of: Value) -> Value:
        """Where the batch of indices i equals the positions `of`."""
        shape = (*batch, of.shape[0])
        return b.compare(
            "EQ", b.broadcast_in_dim(i, shape, range(i.rank)), b.broadcast_in_dim(of, shape, [lead])
        )

    def pick(a: Value, mask: Value, dim: int) -> Value:
        """The row (dim = lead) or column (dim = lead + 1) of `a` that mask marks."""
        axes = [*range(lead), dim]
        return b.reduce(
            b.select(b.broadcast_in_dim(mask, a.shape, axes), a, b.zeros(a.shape, a.dtype)), [dim], "add", 0
        )

    def step(i: Value, a: Value, pivots: Value) -> list[Value]:
        here = b.broadcast_in_dim(i, batch, ())
        column = pick(a, one_hot(here, col), lead + 1)
        size = b.unary("abs", column, kind)
        below = b.compare("GE", order, b.broadcast_in_dim(i, order.shape, ()))
        size = b.select(below, size, b.full(size.shape, -1, kind))
        pivot = _argmax(b, size)
        mask_i, mask_p = one_hot(here, row), one_hot(pivot, row)
        row_i, row_p = pick(a, mask_i, lead), pick(a, mask_p, lead)

        def put(a: Value, mask: Value, values: Value) -> Value:
            return b.select(
                b.broadcast_in_dim(mask, a.shape, range(lead + 1)),
                b.broadcast_in_dim(values, a.shape, [*range(lead), lead + 1]),
                a,
            )

        a = put(put(a, mask_p, row_i), mask_i, row_p)
        top = pick(row_p, one_hot(here, col), lead)
        factors = pick(a, one_hot(here, col), lead + 1)
        after = b.compare("GT", order, b.broadcast_in_dim(i, order.shape, ()))
        zero_pivot = b.compare("EQ", top, b.zeros(top.shape, top.dtype))
        safe = b.select(zero_pivot, b.full(top.shape, 1, top.dtype), top)
        factors = b.select(
            after,
            b.div(factors, b.broadcast_in_dim(safe, factors.shape, range(lead))),
            b.zeros(factors.shape, factors.dtype),
        )
        right = b.compare("GT", col, b.broadcast_in_dim(i, col.shape, ()))
        rest = b.select(
            b.broadcast_in_dim(right, row_p.shape, [lead]), row_p, b.zeros(row_p.shape, row_p.dtype)
        )
        lines = b.mul(
            b.broadcast_in_dim(factors, a.shape, range(lead + 1)),
            b.broadcast_in_dim(rest, a.shape, [*range(lead), lead + 1]),
        )
        a = b.sub(a, lines)
        in_column = b.binary(
            "and",
            b.broadcast_in_dim(after, a.shape, range(lead + 1)),
            b.broadcast_in_dim(one_hot(here, col), a.shape, [*range(lead), lead + 1]),
        )
        a = b.select(in_column, b.broadcast_in_dim(factors, a.shape, range(lead + 1)), a)
        pivots = b.select(
            one_hot(here, b.iota((k,), 0, dtypes.int32)),
            b.broadcast_in_dim(pivot, pivots.shape, range(lead)),
            pivots,
        )
        return [b.add(i, b.constant(1, dtypes.int32)), a, pivots]

    start = [b.constant(0, dtypes.int32), x, b.zeros((*batch, k), dtypes.int32)]
    _, packed, pivots = b.while_loop(
        start, lambda i, a, p: b.compare("LT", i, b.constant(k, dtypes.int32)), step
    )
    return packed, pivots


def _argmax(b: Builder, x: Value) -> Value:
    """Index of the first maximum along the last dimension. One reduction of both: comparing with the maximum
    afterwards may miss it, as the compiler may compute x again and round differently."""
    last = x.rank - 1
    index = b.iota(x.shape, last, dtypes.int32)

    def better(best: Value, at: Value, new: Value, here: Value) -> list[Value]:
        first = b.binary("and", b.compare("EQ", new, best), b.compare("LT", here, at))
        take = b.binary("or", b.compare("GT", new, best), first)
        return [b.select(take, new, best), b.select(take, here, at)]

    start = [b.constant(-np.inf, x.dtype), b.constant(x.shape[-1] - 1, dtypes.int32)]
    return b.reduce_many([x, index], start, [last], better)[1]


def permutation(b: Builder, pivots: Value, m: int) -> Value:
    """The row order that the exchanges result in: row i of the factored matrix is row `permutation[i]` of the
    input."""
    batch, lead, k = pivots.shape[:-1], pivots.rank - 1, pivots.shape[-1]
    start = b.broadcast_in_dim(b.iota((m,), 0, dtypes.int32), (*batch, m), [lead])
    if not k:
        return start

    def step(i: Value, order: Value) -> list[Value]:
        where = b.dynamic_slice(pivots, [*[b.constant(0, dtypes.int32)] * lead, i], (*batch, 1))
        here = b.compare("EQ", start, b.broadcast_in_dim(i, start.shape, ()))
        there = b.compare("EQ", start, b.broadcast_in_dim(where, start.shape, range(lead + 1)))

        def at(mask: Value) -> Value:
            total = b.reduce(b.select(mask, order, b.zeros(order.shape, order.dtype)), [lead], "add", 0)
            return b.broadcast_in_dim(total, order.shape, range(lead))

        old_here, old_there = at(here), at(there)
        return [
            b.add(i, b.constant(1, dtypes.int32)),
            b.select(here, old_there, b.select(there, old_here, order)),
        ]

    return b.while_loop(
        [b.constant(0, dtypes.int32), start],
        lambda i, o: b.compare("LT", i, b.constant(k, dtypes.int32)),
        step,
    )[1]


def permuted(b: Builder, x: Value, order: Value) -> Value:
    """The rows of every matrix in the given order."""
    lead = x.rank - 2
    batch = list(range(lead))
    indices = b.reshape(order, (*order.shape, 1))
    return b.gather(
        x,
        indices,
        (*x.shape[:-2], order.shape[-1], x.shape[-1]),
        offset_dims=[lead + 1],
        collapsed=[lead],
        start_map=[lead],
        sizes=[1] * (lead + 1) + [x.shape[-1]],
        index_dim=lead + 1,
        batch=(batch, batch),
    )


def solve(b: Builder, a: Value, rhs: Value, adjoint: bool = False, singular: str | None = None) -> Value:
    """a x = rhs (or a^H x = rhs) through LU; fails with the message `singular`, if there is one, where a is singular."""
    if not all(a.shape) or not all(rhs.shape):
        return b.zeros(rhs.shape, rhs.dtype)
    packed, pivots = lu(b, hermitian(b, a) if adjoint else a)
    if singular is not None:
        at = [b.iota(packed.shape, packed.rank - k, dtypes.int32) for k in (1, 2)]
        zero = b.zeros(packed.shape, packed.dtype)
        off = lambda: b.compare("NE", *at)
        b.check(lambda: b.binary("or", off(), b.compare("NE", packed, zero)), singular)
    x = permuted(b, rhs, permutation(b, pivots, a.shape[-1]))
    x = b.triangular_solve(packed, x, left=True, lower=True, unit=True)
    return b.triangular_solve(packed, x, left=True, lower=False)


__all__ = ["eigh", "lu", "permutation", "permuted", "qr", "solve", "svd"]
