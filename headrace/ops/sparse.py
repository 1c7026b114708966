"""Ops of sparse tensors: coordinates, values and dense shape. What keeps the coordinates as they are is composed of dense
ops and compiles with them; what makes new coordinates depends on data and runs on the host."""

from __future__ import annotations

from typing import Any

import numpy as np

from headrace.core import dtypes
from headrace.core.dtypes import NUMERIC
from headrace.core.errors import ShapeError, invalid
from headrace.core.op import OpDef, ShapeContext, lookup
from headrace.core.shapes import Raw

COORDINATES = "indices: int64, values: T, shape: int64"


def written(row: np.ndarray) -> str:
    return "[" + ",".join([str(int(i)) for i in row]) + "]"


def order_of(indices: np.ndarray) -> np.ndarray:
    """The permutation that sorts coordinates, row by row."""
    return np.lexsort(indices.T[::-1]) if indices.shape[1] else np.arange(len(indices))


def check_bounds(indices: np.ndarray, shape: np.ndarray) -> None:
    outside = ((indices < 0) | (indices >= shape)).any(axis=1)
    if outside.any():
        i = int(np.argmax(outside))
        raise invalid(
            f"indices[{i}] = {written(indices[i])} is out of bounds: need 0 <= index < {written(shape)}"
        )


def check_order(indices: np.ndarray) -> None:
    """Coordinates must ascend."""
    if len(indices) < 2 or not indices.shape[1]:
        return
    step = indices[1:] - indices[:-1]
    first = np.argmax(step != 0, axis=1)
    sign = step[np.arange(len(step)), first]
    if (sign <= 0).any():
        i = int(np.argmax(sign <= 0))
        what = (
            "is repeated"
            if sign[i] == 0
            else "is out of order. Use `tf.sparse.reorder` to create a correctly ordered copy."
        )
        raise invalid(f"indices[{i + 1}] = {written(indices[i + 1])} {what}")


# ------------------------------------------------------------------------------------------------------- to and from dense
def _dense_shape(c: ShapeContext) -> Raw:
    return c.partial(1)


def _matrix_of(indices: np.ndarray) -> np.ndarray:
    return indices.reshape(1, 1) if indices.ndim == 0 else indices[:, None] if indices.ndim == 1 else indices


def _to_dense(
    sparse_indices: np.ndarray,
    output_shape: np.ndarray,
    sparse_values: np.ndarray,
    default_value: np.ndarray,
    validate_indices: bool,
) -> np.ndarray:
    indices = _matrix_of(sparse_indices)
    if indices.shape[1] != len(output_shape):
        raise invalid(
            f"sparse_indices have {indices.shape[1]} coordinates each, but output_shape {written(output_shape)} has {len(output_shape)} dimensions"
        )
    if sparse_values.ndim and len(sparse_values) != len(indices):
        raise invalid(f"sparse_values has {len(sparse_values)} elements for {len(indices)} sparse_indices")
    check_bounds(indices, output_shape)
    if validate_indices:
        check_order(indices)
    out = np.full(tuple(output_shape), default_value[()], default_value.dtype)
    out[tuple(indices.T)] = sparse_values
    return out


def _to_dense_body(
    sparse_indices: Any,
    output_shape: Any,
    sparse_values: Any,
    default_value: Any,
    validate_indices: bool = True,
) -> Any:
    rank = len(sparse_indices.shape)
    if rank < 2:
        sparse_indices = lookup("Reshape")(sparse_indices, [-1, 1])
    if not len(sparse_values.shape):
        sparse_values = lookup("BroadcastTo")(
            sparse_values, lookup("Slice")(lookup("Shape")(sparse_indices), [0], [1])
        )
    return lookup("TensorScatterUpdate")(
        lookup("Fill")(output_shape, default_value), sparse_indices, sparse_values
    )


def _lower_to_dense(
    b: Any, indices: Any, output_shape: Any, values: Any, default: Any, validate_indices: bool
) -> Any:
    """The body, and with `validate_indices` a look at the order (its scatter looks at the bounds)."""
    from headrace.compiler.lower import body_graph

    matrix = indices if indices.rank != 1 else b.reshape(indices, (*indices.shape, 1))
    if validate_indices and matrix.rank == 2 and matrix.shape[0] > 1 and matrix.shape[1]:
        b.check(lambda: _ascending(b, matrix), "indices of a sparse tensor are out of order, or repeated")
    arguments = [indices, output_shape, values, default]
    return b.inline(body_graph(SPARSE_TO_DENSE, arguments, b.node.attrs, b.node), arguments)[0]


def _ascending(b: Any, indices: Any) -> Any:
    """For every row but the first whether it comes after the one before, by the first entry that differs."""
    n, rank = indices.shape
    before, after = b.slice(indices, [0, 0], [n - 1, rank]), b.slice(indices, [1, 0], [n, rank])
    columns = [[b.slice(x, [0, k], [n - 1, k + 1]) for x in (before, after)] for k in range(rank)]
    less = b.compare("LT", *columns[-1])
    for column in reversed(columns[:-1]):
        less = b.select(b.compare("EQ", *column), less, b.compare("LT", *column))
    return less


SPARSE_TO_DENSE = OpDef(
    "SparseToDense",
    "sparse_indices: Tindices, output_shape: Tindices, sparse_values: T, default_value: T -> dense: T",
    attrs={"validate_indices": True},
    types={"Tindices": dtypes.INDEX},
    shape=_dense_shape,
    hints=["output_shape"],
    kernel=_to_dense,
    lower=_lower_to_dense,
    body=_to_dense_body,
)


# -------------------------------------------------------------------------------------------------------------- same places
def _row_ids(indices: Any, shape: Any) -> tuple[Any, Any]:
    """For every element the number of its innermost row, and how many rows there are."""
    rank = indices.shape[1]
    sizes = lookup("Slice")(shape, [0], [rank - 1])
    strides = lookup("Cumprod")(sizes, 0, exclusive=True, reverse=True)
    outer = lookup("Slice")(indices, [0, 0], [-1, rank - 1])
    return lookup("Sum")(lookup("Mul")(outer, strides), 1), lookup("Prod")(sizes, 0)


def _softmax_body(sp_indices: Any, sp_values: Any, sp_shape: Any) -> Any:
    rows, n = _row_ids(sp_indices, sp_shape)
    top = lookup("StopGradient")(lookup("UnsortedSegmentMax")(sp_values, rows, n))
    shifted = lookup("Exp")(lookup("Sub")(sp_values, lookup("GatherV2")(top, rows, 0)))
    return lookup("RealDiv")(
        shifted, lookup("GatherV2")(lookup("UnsortedSegmentSum")(shifted, rows, n), rows, 0)
    )


SPARSE_SOFTMAX = OpDef(
    "SparseSoftmax",
    "sp_indices: int64, sp_values: T, sp_shape: int64 -> output: T",
    types={"T": dtypes.FLOATS},
    shape=lambda c: c[1],
    body=_softmax_body,
)


def _dense_at(indices: Any, dense: Any) -> Any:
    """The elements of a dense tensor, broadcast, at these coordinates."""
    n, rank = indices.shape[1], dense.shape.rank
    if rank == 0:
        return dense
    if rank > n:
        raise invalid(
            f"SparseDenseBinaryOpShared broadcasts dense to sparse only; got a dense operand of rank {rank} for a sparse one of rank {n}"
        )
    inner = lookup("Slice")(indices, [0, n - rank], [-1, rank])
    sizes = lookup("Shape")(dense, out_type=dtypes.int64)
    spread = lookup("Cast")(lookup("NotEqual")(sizes, lookup("OnesLike")(sizes)), DstT=dtypes.int64)
    return lookup("GatherNd")(dense, lookup("Mul")(inner, spread))


def _cwise(name: str, op: str) -> OpDef:
    def body(sp_indices: Any, sp_values: Any, sp_shape: Any, dense: Any) -> Any:
        return lookup(op)(sp_values, _dense_at(sp_indices, dense))

    return OpDef(
        name,
        "sp_indices: int64, sp_values: T, sp_shape: int64, dense: T -> output: T",
        types={"T": NUMERIC},
        shape=lambda c: c[1],
        body=body,
    )


SPARSE_DENSE_MUL = _cwise("SparseDenseCwiseMul", "Mul")
SPARSE_DENSE_DIV = _cwise("SparseDenseCwiseDiv", "Div")
SPARSE_DENSE_ADD = _cwise("SparseDenseCwiseAdd", "AddV2")
SPARSE_TENSOR_DENSE_ADD = OpDef(
    "SparseTensorDenseAdd",
    "a_indices: Tindices, a_values: T, a_shape: Tindices, b: T -> output: T",
    types={"T": NUMERIC, "Tindices": dtypes.INDEX},
    shape=lambda c: c[3],
    body=lambda a_indices, a_values, a_shape, b: lookup("TensorScatterAdd")(b, a_indices, a_values),
)


# ------------------------------------------------------------------------------------------------------------------- matmul
def _matmul_shape(c: ShapeContext) -> Raw:
    a, b = c.partial(2), c[3]
    if b is not None and len(b) != 2:
        raise ShapeError(f"Tensor 'b' is not a matrix: it has shape {list(b)}")
    if a is not None and len(a) != 2:
        raise ShapeError("Tensor 'a_shape' must have 2 elements")
    rows, inner = (None, None) if a is None else a[::-1] if c.attrs["adjoint_a"] else a
    k, columns = (None, None) if b is None else b[::-1] if c.attrs["adjoint_b"] else b
    if inner is not None and k is not None and inner != k:
        raise ShapeError(
            f"Cannot multiply A and B because inner dimension does not match: {inner} vs. {k}. Did you forget a transpose?"
        )
    return rows, columns


def _sum_rows(rows: np.ndarray, values: np.ndarray, n: int) -> np.ndarray:
    """Adds values[i] into row rows[i] of zeros."""
    out = np.zeros((n, *values.shape[1:]), values.dtype)
    if len(rows):
        order = np.argsort(rows, kind="stable")
        sorted_rows = rows[order]
        starts = np.flatnonzero(np.concatenate([[True], sorted_rows[1:] != sorted_rows[:-1]]))
        out[sorted_rows[starts]] = np.add.reduceat(values[order], starts, axis=0)
    return out


def _matmul(
    a_indices: np.ndarray,
    a_values: np.ndarray,
    a_shape: np.ndarray,
    b: np.ndarray,
    adjoint_a: bool,
    adjoint_b: bool,
) -> np.ndarray:
    rows, columns = (a_indices[:, 1], a_indices[:, 0]) if adjoint_a else (a_indices[:, 0], a_indices[:, 1])
    m, k = a_shape[::-1] if adjoint_a else a_shape
    for what, index, bound in (("m", rows, m), ("k", columns, k)):
        outside = (index < 0) | (index >= bound)
        if outside.any():
            i = int(np.argmax(outside))
            raise invalid(
                f"{what} ({index[i]}) from index[{i},{int(what == 'k') ^ int(adjoint_a)}] out of bounds (>={bound})"
            )
    wide = np.float32 if a_values.dtype.itemsize == 2 else a_values.dtype
    values = (np.conj(a_values) if adjoint_a else a_values).astype(wide)
    matrix = (np.conj(b.T) if adjoint_b else b).astype(wide)
    return _sum_rows(rows, values[:, None] * matrix[columns], int(m))


def _columns(indices: Any, adjoint: bool) -> tuple[Any, Any]:
    pair = lookup("Unpack")(indices, axis=1, num=2)
    return (pair[1], pair[0]) if adjoint else (pair[0], pair[1])


def _adjoint(matrix: Any) -> Any:
    flipped = lookup("Transpose")(matrix, [1, 0])
    return lookup("Conj")(flipped) if matrix.dtype.is_complex else flipped


def _conj(x: Any) -> Any:
    return lookup("Conj")(x) if x.dtype.is_complex else x


def _matmul_body(
    a_indices: Any, a_values: Any, a_shape: Any, b: Any, adjoint_a: bool = False, adjoint_b: bool = False
) -> Any:
    rows, columns = _columns(a_indices, adjoint_a)
    values = _conj(a_values) if adjoint_a else a_values
    products = lookup("Mul")(
        lookup("ExpandDims")(values, 1), lookup("GatherV2")(_adjoint(b) if adjoint_b else b, columns, 0)
    )
    i = 1 if adjoint_a else 0
    return lookup("UnsortedSegmentSum")(
        products, rows, lookup("StridedSlice")(a_shape, [i], [i + 1], [1], shrink_axis_mask=1)
    )


def _matmul_grad(op: Any, g: Any) -> list[Any]:
    indices, values, shape, b = op.inputs
    adjoint_a, adjoint_b = op.attrs["adjoint_a"], op.attrs["adjoint_b"]
    db = SPARSE_MATMUL(indices, values, shape, g, adjoint_a=not adjoint_a)
    rows, columns = _columns(indices, adjoint_a)
    left = lookup("GatherV2")(g, rows, 0)
    right = lookup("GatherV2")(_adjoint(b) if adjoint_b else b, columns, 0)
    dvalues = lookup("Sum")(lookup("Mul")(left, _conj(right)), 1)
    return [None, _conj(dvalues) if adjoint_a else dvalues, None, _adjoint(db) if adjoint_b else db]


SPARSE_MATMUL = OpDef(
    "SparseTensorDenseMatMul",
    "a_indices: Tindices, a_values: T, a_shape: int64, b: T -> product: T",
    attrs={"adjoint_a": False, "adjoint_b": False},
    types={"Tindices": dtypes.INDEX, "T": NUMERIC},
    shape=_matmul_shape,
    kernel=_matmul,
    body=_matmul_body,
    grad=_matmul_grad,
)
