"""What matrix ops share: the algebra of batches of matrices on tensors (for gradients) and on StableHLO
values (for lowerings), shape rules, and computing 16-bit floats in float32."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from headrace.compiler.hlo import Builder, Value
from headrace.core import dtypes
from headrace.core.errors import ShapeError
from headrace.core.op import ShapeContext, lookup

from .diag import BAND_PART, MATRIX_DIAG, MATRIX_DIAG_PART, MATRIX_SET_DIAG
from .math import lower_conj

FACTORED = frozenset({dtypes.float16, dtypes.float32, dtypes.float64, dtypes.complex64, dtypes.complex128})
Dims = tuple["int | None", ...]


# ---------------------------------------------------------------------------------------------------- tensors
def mm(x: Any, y: Any, adjoint_a: bool = False, adjoint_b: bool = False) -> Any:
    """The matrix product of batches of matrices."""
    return lookup("BatchMatMulV2")(x, y, adj_x=adjoint_a, adj_y=adjoint_b)


def transposed(x: Any, op: str = "Transpose") -> Any:
    """The last two dimensions exchanged, whether or not the rank is known."""
    shape = x._raw_shape
    if shape is not None:
        n = len(shape)
        return lookup(op)(x, [*range(n - 2), n - 1, n - 2])
    rank = lookup("Rank")(x)
    last, before = lookup("Sub")(rank, 1), lookup("Sub")(rank, 2)
    ends = lookup("Pack")([last, before], axis=0)
    return lookup(op)(x, lookup("ConcatV2")([lookup("Range")(0, before, 1), ends], 0))


def adjoint(x: Any) -> Any:
    return transposed(x, "ConjugateTranspose" if x._dtype.kind == "c" else "Transpose")


def diagonal(x: Any) -> Any:
    return MATRIX_DIAG_PART(x, 0, np.zeros((), x._dtype._np))


def with_diagonal(x: Any, diag: Any) -> Any:
    return MATRIX_SET_DIAG(x, diag, 0)


def diagonal_matrix(diag: Any) -> Any:
    return MATRIX_DIAG(diag, 0, -1, -1, np.zeros((), diag._dtype._np))


def lower_part(x: Any) -> Any:
    return BAND_PART(x, -1, 0)


def upper_part(x: Any) -> Any:
    return BAND_PART(x, 0, -1)


def half_lower(x: Any) -> Any:
    """The lower triangle with half the diagonal: what is left of a Hermitian matrix when each pair counts
    once."""
    half = lookup("Mul")(diagonal(x), np.asarray(0.5, x._dtype._np))
    return with_diagonal(lower_part(x), half)


def columns(x: Any) -> Any:
    """A batch of vectors, shape [..., n], as rows [..., 1, n] that scale a matrix's columns."""
    return lookup("ExpandDims")(x, -2)


def rows(x: Any) -> Any:
    """A batch of vectors, shape [..., n], as columns [..., n, 1] that scale a matrix's rows."""
    return lookup("ExpandDims")(x, -1)


def cast(x: Any, dtype: Any) -> Any:
    return x if x._dtype is dtype else lookup("Cast")(x, DstT=dtype)


def real(x: Any) -> Any:
    return lookup("Real")(x, Tout=x._dtype.real_dtype) if x._dtype.kind == "c" else x


def dimension(x: Any, i: int) -> Any:
    """One dimension, counted from the end: a number where it is known while building, else a scalar
    tensor."""
    shape = x._raw_shape
    if shape is not None and shape[i] is not None:
        return shape[i]
    end = [i + 1] if i != -1 else [0]
    return lookup("StridedSlice")(
        lookup("Shape")(x), [i], end, [1], end_mask=int(i == -1), shrink_axis_mask=1
    )


def shape_of(x: Any) -> Any:
    """The shape: a list where it is known while building, else a tensor."""
    shape = x._raw_shape
    return list(shape) if shape is not None and None not in shape else lookup("Shape")(x)


def _axes(x: Any, axis: Any) -> Any:
    if axis is not None:
        return axis
    return list(range(x.ndim)) if x.ndim is not None else lookup("Range")(0, lookup("Rank")(x), 1)


def total(x: Any, axis: Any, keepdims: bool = False) -> Any:
    """The sum over `axis`, a list; None: over all dimensions."""
    return lookup("Sum")(x, _axes(x, axis), keep_dims=keepdims)


def largest(x: Any, axis: Any, keepdims: bool = False) -> Any:
    """The maximum over `axis`, a list; None: over all dimensions."""
    return lookup("Max")(x, _axes(x, axis), keep_dims=keepdims)


def unbroadcast_batch(g: Any, x: Any, other: Any) -> Any:
    """Sums the gradient of `x` over batch dimensions along which `x` was broadcast against `other`."""
    a, b = x._raw_shape, other._raw_shape
    if a is not None and b is not None and a[:-2] == b[:-2] and None not in a[:-2]:
        return g
    shape, part = lookup("Shape"), lookup("StridedSlice")
    batches = [part(shape(t), [0], [-2], [1], begin_mask=1) for t in (x, other)]
    axes, _ = lookup("BroadcastGradientArgs")(*batches)
    return lookup("Reshape")(lookup("Sum")(g, axes, keep_dims=False), shape(x))


# ------------------------------------------------------------------------------------------------ shape rules
def matrix_dims(c: ShapeContext, i: int = 0, square: bool = False) -> Dims | None:
    """The shape of input i, which must be a batch of (square) matrices."""
    shape = c[i]
    if shape is None:
        return None
    if len(shape) < 2:
        raise ShapeError(
            f"Shape must be at least rank 2 but is rank {len(shape)}: input {i} must be a matrix or a batch "
            "of matrices"
        )
    if square and None not in shape[-2:] and shape[-1] != shape[-2]:
        raise ShapeError(
            f"Dimensions must be equal, but are {shape[-2]} and {shape[-1]}: input {i} must be a square "
            "matrix or a batch of them"
        )
    if square:
        n = shape[-1] if shape[-2] is None else shape[-2]
        return (*shape[:-2], n, n)
    return shape


def square_shape(c: ShapeContext) -> Dims | None:
    return matrix_dims(c, 0, square=True)


# ----------------------------------------------------------------------------------------------- host kernels
def in_single(kernel: Callable[..., Any]) -> Callable[..., Any]:
    """float16 is computed in float32, as TensorFlow does."""

    def run(x: np.ndarray, *rest: Any, **attrs: Any) -> Any:
        if x.dtype.itemsize != 2:
            return kernel(x, *rest, **attrs)
        half = x.dtype
        arrays = [a.astype(np.float32) if getattr(a, "dtype", None) == half else a for a in (x, *rest)]
        return kernel(*arrays, **attrs)

    return run


def ct(x: np.ndarray) -> np.ndarray:
    """The conjugate transpose of a batch of matrices."""
    x = np.swapaxes(x, -1, -2)
    return np.conj(x) if x.dtype.kind == "c" else x


def each(function: Callable[..., Any], *arrays: np.ndarray) -> list[Any]:
    """`function` of every matrix of the batch, for routines that take one at a time."""
    batch = arrays[0].shape[:-2]
    return [function(*[a[i] for a in arrays]) for i in np.ndindex(*batch)]


def restack(
    items: Sequence[np.ndarray], batch: tuple[int, ...], shape: tuple[int, ...], dtype: Any
) -> np.ndarray:
    return np.stack(items).reshape(*batch, *shape) if items else np.zeros((*batch, *shape), dtype)


# ------------------------------------------------------------------------------------------- StableHLO values
def dot(b: Builder, x: Value, y: Value) -> Value:
    """The matrix product of two batches of matrices of the same batch shape."""
    lead = list(range(x.rank - 2))
    return b.dot_general(x, y, ([x.rank - 1], [y.rank - 2]), (lead, lead))


def swap(b: Builder, x: Value) -> Value:
    return b.transpose(x, [*range(x.rank - 2), x.rank - 1, x.rank - 2])


def hermitian(b: Builder, x: Value) -> Value:
    return lower_conj(b, swap(b, x))


def identity(b: Builder, like: Value, n: int) -> Value:
    """A batch of n x n identity matrices of the batch shape and type of `like`."""
    return b.broadcast_to(b.constant(np.eye(n, dtype=like.dtype._np), like.dtype), (*like.shape[:-2], n, n))


def part(b: Builder, x: Value, m: int, n: int, top: int = 0, left: int = 0) -> Value:
    """The m x n block of every matrix at (top, left)."""
    lead = [0] * (x.rank - 2)
    return b.slice(x, [*lead, top, left], [*x.shape[:-2], top + m, left + n])


def keep(b: Builder, x: Value, mask: np.ndarray) -> Value:
    """x where a constant mask holds, else 0."""
    return b.select(b.broadcast_to(b.constant(mask, dtypes.bool_), x.shape), x, b.zeros(x.shape, x.dtype))


def tril(b: Builder, x: Value, k: int = 0) -> Value:
    return keep(b, x, np.tri(x.shape[-2], x.shape[-1], k, dtype=np.bool_))


def triu(b: Builder, x: Value, k: int = 0) -> Value:
    return keep(b, x, ~np.tri(x.shape[-2], x.shape[-1], k - 1, dtype=np.bool_))


def scale_columns(b: Builder, x: Value, s: Value) -> Value:
    """x times diag(s), s of shape [..., n]."""
    return b.mul(x, b.broadcast_in_dim(s, x.shape, [*range(x.rank - 2), x.rank - 1]))


def real_part(b: Builder, x: Value) -> Value:
    return b.unary("real", x, x.dtype.real_dtype) if x.dtype.kind == "c" else x


def magnitude(b: Builder, x: Value) -> Value:
    return b.unary("abs", x, x.dtype.real_dtype)


def lifted(rule: Callable[..., Any]) -> Callable[..., Any]:
    """A lowering with 16-bit floats computed in float32."""

    def run(b: Builder, *values: Any, **attrs: Any) -> Any:
        half = next(
            (v.dtype for v in values if isinstance(v, Value) and v.dtype.kind == "f" and v.dtype.size == 2),
            None,
        )
        if half is None:
            return rule(b, *values, **attrs)
        wide = [
            b.convert(v, dtypes.float32) if isinstance(v, Value) and v.dtype is half else v for v in values
        ]
        result = rule(b, *wide, **attrs)
        narrow = [
            b.convert(r, half) if isinstance(r, Value) and r.dtype is dtypes.float32 else r
            for r in (result if isinstance(result, (list, tuple)) else [result])
        ]
        return narrow if isinstance(result, (list, tuple)) else narrow[0]

    return run
