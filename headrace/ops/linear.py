"""Matrix products."""

from __future__ import annotations

from typing import Any

import numpy as np

from headrace.compiler.hlo import Builder, Value
from headrace.core import dtypes, shapes
from headrace.core.dispatch import binary_function
from headrace.core.dtypes import COMPLEX, FLOATS
from headrace.core.errors import ShapeError
from headrace.core.op import REQUIRED, OpDef, ShapeContext, lookup
from headrace.core.shapes import Raw
from headrace.core.tape import wanted

from .math import conj, lower_conj
from .matrix import ct

_COMMON = FLOATS | COMPLEX | {dtypes.int32, dtypes.int64, dtypes.uint8}
_MATMUL_TYPES = _COMMON | {dtypes.uint16, dtypes.uint32, dtypes.uint64}
_BATCH_TYPES = _MATMUL_TYPES | {dtypes.int16}
_MIXED_TYPES = _COMMON | {dtypes.int8, dtypes.int16}


def _product(x: np.ndarray, y: np.ndarray) -> Any:
    """`np.matmul`; 16-bit floats are multiplied in float32."""
    if x.dtype.itemsize == 2 and x.dtype.kind in "fV":
        return np.matmul(x.astype(np.float32), y.astype(np.float32))
    return np.matmul(x, y)


def _text(shape: Raw) -> str:
    return str(None if shape is None else list(shape))


def _inner(n: Any, m: Any, x: Raw, y: Raw) -> None:
    if n is not None and m is not None and n != m:
        raise ShapeError(f"Matrix size-incompatible: In[0]: {_text(x)}, In[1]: {_text(y)}")


# ----------------------------------------------------------------------------------------------------- MatMul
def _matmul_shape(c: ShapeContext) -> Raw:
    x, y = c[0], c[1]
    if (x is not None and len(x) != 2) or (y is not None and len(y) != 2):
        raise ShapeError(f"In[0] and In[1] must be matrices: {_text(x)} vs. {_text(y)}")
    a, b = x or (None, None), y or (None, None)
    rows, n = reversed(a) if c.attrs["transpose_a"] else a
    m, columns = reversed(b) if c.attrs["transpose_b"] else b
    _inner(n, m, x, y)
    return (rows, columns)


def _matmul(
    a: np.ndarray, b: np.ndarray, transpose_a: bool = False, transpose_b: bool = False, grad_a: bool = False,
    grad_b: bool = False,
) -> Any:  # fmt: skip
    if a.ndim != 2 or b.ndim != 2:
        raise ValueError("In[0] and In[1] must be matrices")
    return _product(a.T if transpose_a else a, b.T if transpose_b else b)


def _lower_matmul(
    b: Builder, x: Value, y: Value, transpose_a: bool, transpose_b: bool, grad_a: bool, grad_b: bool
) -> Value:
    cx, cy = 0 if transpose_a else 1, 1 if transpose_b else 0
    if transpose_a and not transpose_b and x.shape[1] > y.shape[1] and x.shape[0] >= 512:
        # The weight gradient xᵀ·y of a wide layer over many rows: XLA's CPU contracts (yᵀ·x)ᵀ in less time.
        return b.transpose(dot(b, y, x, ((cy,), (cx,))), (1, 0))
    return dot(b, x, y, ((cx,), (cy,)))


def dot(b: Builder, x: Value, y: Value, contract: Any, batch: Any = ((), ())) -> Value:
    """A contraction; 16-bit floats accumulate in float32."""
    if x.dtype.kind == "f" and x.dtype.size == 2:
        return b.convert(b.dot_general(x, y, contract, batch, dtypes.float32), x.dtype)
    return b.dot_general(x, y, contract, batch)


def _matmul_grad(op: Any, g: Any) -> list[Any]:
    a, b = conj(op.inputs[0]), conj(op.inputs[1])
    ta, tb = op.attrs["transpose_a"], op.attrs["transpose_b"]
    ga = gb = None
    if wanted(op.inputs[0]):
        ga = MATMUL(b, g, transpose_a=tb, transpose_b=True) if ta else MATMUL(g, b, transpose_b=not tb)
    if wanted(op.inputs[1]):
        name = "MatMul_1"  # also where it is the only one
        gb = (
            MATMUL(g, a, transpose_a=True, transpose_b=ta, name=name)
            if tb
            else MATMUL(a, g, transpose_a=not ta, name=name)
        )
    return [ga, gb]


MATMUL = OpDef(
    "MatMul", "a: T, b: T -> product: T", attrs={"transpose_a": False, "transpose_b": False, "grad_a": False,
        "grad_b": False}, types={"T": _MATMUL_TYPES},
    shape=_matmul_shape, kernel=_matmul, lower=_lower_matmul, grad=_matmul_grad, checked=True,
)  # fmt: skip


plain = binary_function(MATMUL, "matmul")  # of two matrices as they are


# ------------------------------------------------------------------------------------------------ BatchMatMul
def _batch_shape(c: ShapeContext) -> Raw:
    x, y = c[0], c[1]
    for shape in (x, y):
        if shape is not None and len(shape) < 2:
            raise ShapeError(f"In[0] and In[1] ndims must be >= 2: {_text(x)} vs. {_text(y)}")
    if x is None or y is None:
        return None
    rows, n = reversed(x[-2:]) if c.attrs["adj_x"] else x[-2:]
    m, columns = reversed(y[-2:]) if c.attrs["adj_y"] else y[-2:]
    _inner(n, m, x, y)
    try:
        return (*shapes.broadcast(x[:-2], y[:-2]), rows, columns)  # type: ignore[misc]
    except ValueError:
        raise ShapeError(
            f"In[0] and In[1] must have compatible batch dimensions: {list(x)} vs. {list(y)}"
        ) from None


def _batch_matmul(
    x: np.ndarray, y: np.ndarray, adj_x: bool, adj_y: bool, grad_x: bool = False, grad_y: bool = False
) -> Any:
    if x.ndim < 2 or y.ndim < 2:
        raise ValueError("In[0] and In[1] ndims must be >= 2")
    return _product(ct(x) if adj_x else x, ct(y) if adj_y else y)


def _lower_batch_matmul(
    b: Builder, x: Value, y: Value, adj_x: bool, adj_y: bool, grad_x: bool = False, grad_y: bool = False
) -> Value:
    if x.dtype.kind == "c":
        x, y = lower_conj(b, x) if adj_x else x, lower_conj(b, y) if adj_y else y
    cx, cy = -2 if adj_x else -1, -1 if adj_y else -2
    if y.rank == 2 and not adj_x:  # one matrix for all rows of x: a single large product
        flat = b.reshape(x, (int(np.prod(x.shape[:-1])), x.shape[-1]))
        return b.reshape(
            dot(b, flat, y, ((1,), (y.rank + cy,))), (*x.shape[:-1], y.shape[-2 if adj_y else -1])
        )
    batch = np.broadcast_shapes(x.shape[:-2], y.shape[:-2])
    x, y = b.broadcast_to(x, (*batch, *x.shape[-2:])), b.broadcast_to(y, (*batch, *y.shape[-2:]))
    dims = tuple(range(len(batch)))
    return dot(b, x, y, ((x.rank + cx,), (y.rank + cy,)), (dims, dims))


def _batch_matmul_grad(op: Any, g: Any) -> list[Any]:
    x, y = op.inputs
    ax, ay = op.attrs["adj_x"], op.attrs["adj_y"]
    if len(y._raw_shape or ()) == 2 and not ax and x._raw_shape is not None:
        return _dense_grad(x, y, ay, g)
    gx = gy = None
    if wanted(x):
        gx = BATCH_MATMUL(y, g, adj_x=ay, adj_y=True) if ax else BATCH_MATMUL(g, y, adj_y=not ay)
        gx = _unbatch(gx, x, y)
    if wanted(y):
        gy = BATCH_MATMUL(g, x, adj_x=True, adj_y=ax) if ay else BATCH_MATMUL(x, g, adj_x=not ax)
        gy = _unbatch(gy, y, x)
    return [gx, gy]


def _dense_grad(x: Any, y: Any, adj_y: bool, g: Any) -> list[Any]:
    """One matrix for all rows of x: the gradients are two plain matrix products over the collapsed rows."""
    gx = BATCH_MATMUL(g, y, adj_y=not adj_y) if wanted(x) else None
    if not wanted(y):
        return [gx, None]
    rows, flat = conj(_as_rows(x)), _as_rows(g)
    gy = conj(MATMUL(flat, rows, transpose_a=True)) if adj_y else MATMUL(rows, flat, transpose_a=True)
    return [gx, gy]


def _as_rows(x: Any) -> Any:
    """The tensor as a matrix, all dimensions but the last collapsed."""
    n = x._raw_shape[-1]
    if n is None:
        n = lookup("GatherV2")(lookup("Shape")(x), len(x._raw_shape) - 1, 0)
        return lookup("Reshape")(x, lookup("Pack")([-1, n], axis=0))
    return lookup("Reshape")(x, [-1, n])


def _unbatch(g: Any, x: Any, other: Any) -> Any:
    """Sums a gradient over the batch dimensions along which x was repeated."""
    a, b = x._raw_shape, other._raw_shape
    if shapes.known(a) and shapes.known(b):
        if a[:-2] == b[:-2]:
            return g
        batch = np.broadcast_shapes(a[:-2], b[:-2])
        lead = len(batch) - (len(a) - 2)
        axes = [*range(lead), *[i + lead for i, d in enumerate(a[:-2]) if d == 1 and batch[i + lead] != 1]]
        g = lookup("Sum")(g, axes, keep_dims=False) if axes else g
        return lookup("Reshape")(g, list(a)) if g._raw_shape != a else g
    shape = lookup("Shape")
    cut = lambda s: lookup("StridedSlice")(s, [0], [-2], [1], begin_mask=1)
    sx, so = shape(x), shape(other)
    axes, _ = lookup("BroadcastGradientArgs")(cut(sx), cut(so))
    return lookup("Reshape")(lookup("Sum")(g, axes, keep_dims=False), sx)


BATCH_MATMUL = OpDef(
    "BatchMatMulV2", "x: T, y: T -> output: T", attrs={"adj_x": False, "adj_y": False, "grad_x": False,
        "grad_y": False}, types={"T": _BATCH_TYPES},
    shape=_batch_shape, kernel=_batch_matmul, lower=_lower_batch_matmul, grad=_batch_matmul_grad,
    checked=True,
)  # fmt: skip


# -------------------------------------------------------------------------------------- products of two types
def _wide_product(x: Any, y: Any, Tout: Any, **flags: Any) -> Any:
    cast = lookup("Cast")
    return BATCH_MATMUL(cast(x, DstT=Tout), cast(y, DstT=Tout), **flags)


BATCH_MATMUL_V3 = OpDef(
    "BatchMatMulV3", "x: Ta, y: Tb -> output: Tout", attrs={"Tout": REQUIRED, "adj_x": False, "adj_y": False,
        "grad_x": False, "grad_y": False},
    types={"Ta": _MIXED_TYPES, "Tb": _MIXED_TYPES}, shape=_batch_shape, body=_wide_product,
)  # fmt: skip
LEGACY_BATCH_MATMUL = OpDef(
    "BatchMatMul",
    "x: T, y: T -> output: T",
    attrs={"adj_x": False, "adj_y": False, "grad_x": False, "grad_y": False},
    types={"T": _BATCH_TYPES},
    shape=_batch_shape,
    kernel=_batch_matmul,
    lower=_lower_batch_matmul,
    body=lambda x, y, **flags: BATCH_MATMUL(x, y, **flags),
    checked=True,
)


def _sparse_product(
    a: Any, b: Any, transpose_a: bool, transpose_b: bool, a_is_sparse: bool, b_is_sparse: bool
) -> Any:
    cast = lookup("Cast")
    return MATMUL(
        cast(a, DstT=dtypes.float32),
        cast(b, DstT=dtypes.float32),
        transpose_a=transpose_a,
        transpose_b=transpose_b,
    )


_SHORT = frozenset({dtypes.float32, dtypes.bfloat16})
# The flags are hints for matrices of mostly zeros, of which the dense product takes no notice.
SPARSE_MATMUL = OpDef(
    "SparseMatMul", "a: Ta, b: Tb -> product: float32", attrs={"transpose_a": False, "transpose_b": False,
        "a_is_sparse": False, "b_is_sparse": False},
    types={"Ta": _SHORT, "Tb": _SHORT}, shape=_matmul_shape, body=_sparse_product,
)  # fmt: skip
