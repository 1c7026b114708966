"""Ops of sparse tensors: coordinates, values and dense shape. What keeps the coordinates as they are is composed of dense
ops and compiles with them; what makes new coordinates depends on data and runs on the host."""

from __future__ import annotations

from typing import Any

import numpy as np

from headrace.core import dtypes
from headrace.core.dtypes import NUMERIC, REAL
from headrace.core.errors import InvalidArgumentError, ShapeError
from headrace.core.op import REQUIRED, OpDef, ShapeContext, lookup
from headrace.core.shapes import Raw
from headrace.core.tape import not_differentiable

COORDINATES = "indices: int64, values: T, shape: int64"


def _bad(message: str) -> None:
    raise InvalidArgumentError(None, None, message)


def _written(row: np.ndarray) -> str:
    return "[" + ",".join([str(int(i)) for i in row]) + "]"


def order_of(indices: np.ndarray) -> np.ndarray:
    """The permutation that sorts coordinates, row by row."""
    return np.lexsort(indices.T[::-1]) if indices.shape[1] else np.arange(len(indices))


def check_bounds(indices: np.ndarray, shape: np.ndarray) -> None:
    outside = ((indices < 0) | (indices >= shape)).any(axis=1)
    if outside.any():
        i = int(np.argmax(outside))
        _bad(f"indices[{i}] = {_written(indices[i])} is out of bounds: need 0 <= index < {_written(shape)}")


def check_order(indices: np.ndarray) -> None:
    """Coordinates must ascend."""
    if len(indices) < 2 or not indices.shape[1]:
        return
    step = indices[1:] - indices[:-1]
    first = np.argmax(step != 0, axis=1)
    sign = step[np.arange(len(step)), first]
    if (sign <= 0).any():
        i = int(np.argmax(sign <= 0))
        what = "is repeated" if sign[i] == 0 else "is out of order. Use `tf.sparse.reorder` to create a correctly ordered copy."
        _bad(f"indices[{i + 1}] = {_written(indices[i + 1])} {what}")


def _same_shapes(a: np.ndarray, b: np.ndarray) -> None:
    if not np.array_equal(a, b):
        _bad(f"Operands' shapes do not match: {_written(a)} and {_written(b)}")


def _union(a: np.ndarray, b: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The sorted union of two lists of coordinates, and where each one's went."""
    merged, inverse = np.unique(np.concatenate([a, b]), axis=0, return_inverse=True)
    inverse = inverse.reshape(-1)
    return merged.reshape(-1, a.shape[1]), inverse[: len(a)], inverse[len(a) :]


def _rank(c: ShapeContext, i: int) -> int | None:
    """The number of dimensions, of coordinates i or the shape vector after the values."""
    shape = c[i]
    return None if shape is None or len(shape) != 2 else shape[1]


def _rows(c: ShapeContext, i: int) -> list[Raw]:
    """Coordinates and values, of nobody knows how many elements."""
    return [(None, _rank(c, i)), (None,)]


# ------------------------------------------------------------------------------------------------------- to and from dense
def _dense_shape(c: ShapeContext) -> Raw:
    return c.partial(1)


def _matrix_of(indices: np.ndarray) -> np.ndarray:
    return indices.reshape(1, 1) if indices.ndim == 0 else indices[:, None] if indices.ndim == 1 else indices


def _to_dense(sparse_indices: np.ndarray, output_shape: np.ndarray, sparse_values: np.ndarray, default_value: np.ndarray, validate_indices: bool) -> np.ndarray:
    indices = _matrix_of(sparse_indices)
    if indices.shape[1] != len(output_shape):
        _bad(f"sparse_indices have {indices.shape[1]} coordinates each, but output_shape {_written(output_shape)} has {len(output_shape)} dimensions")
    if sparse_values.ndim and len(sparse_values) != len(indices):
        _bad(f"sparse_values has {len(sparse_values)} elements for {len(indices)} sparse_indices")
    check_bounds(indices, output_shape)
    if validate_indices:
        check_order(indices)
    out = np.full(tuple(output_shape), default_value[()], default_value.dtype)
    out[tuple(indices.T)] = sparse_values
    return out


def _to_dense_body(sparse_indices: Any, output_shape: Any, sparse_values: Any, default_value: Any, validate_indices: bool = True) -> Any:
    rank = len(sparse_indices.shape)
    if rank < 2:
        sparse_indices = lookup("Reshape")(sparse_indices, [-1, 1])
    if not len(sparse_values.shape):
        sparse_values = lookup("BroadcastTo")(sparse_values, lookup("Slice")(lookup("Shape")(sparse_indices), [0], [1]))
    return lookup("TensorScatterUpdate")(lookup("Fill")(output_shape, default_value), sparse_indices, sparse_values)


SPARSE_TO_DENSE = OpDef(
    "SparseToDense", "sparse_indices: Tindices, output_shape: Tindices, sparse_values: T, default_value: T -> dense: T", attrs={"validate_indices": True},
    types={"Tindices": dtypes.INDEX}, shape=_dense_shape, kernel=_to_dense, body=_to_dense_body,
)  # fmt: skip


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
    return lookup("RealDiv")(shifted, lookup("GatherV2")(lookup("UnsortedSegmentSum")(shifted, rows, n), rows, 0))


SPARSE_SOFTMAX = OpDef("SparseSoftmax", "sp_indices: int64, sp_values: T, sp_shape: int64 -> output: T", types={"T": dtypes.FLOATS}, shape=lambda c: c[1], body=_softmax_body)


def _dense_at(indices: Any, dense: Any) -> Any:
    """The elements of a dense tensor, broadcast, at these coordinates."""
    n, rank = indices.shape[1], dense.shape.rank
    if rank == 0:
        return dense
    if rank > n:
        raise InvalidArgumentError(None, None, f"SparseDenseBinaryOpShared broadcasts dense to sparse only; got a dense operand of rank {rank} for a sparse one of rank {n}")
    inner = lookup("Slice")(indices, [0, n - rank], [-1, rank])
    sizes = lookup("Shape")(dense, out_type=dtypes.int64)
    spread = lookup("Cast")(lookup("NotEqual")(sizes, lookup("OnesLike")(sizes)), DstT=dtypes.int64)
    return lookup("GatherNd")(dense, lookup("Mul")(inner, spread))


def _cwise(name: str, op: str) -> OpDef:
    def body(sp_indices: Any, sp_values: Any, sp_shape: Any, dense: Any) -> Any:
        return lookup(op)(sp_values, _dense_at(sp_indices, dense))

    return OpDef(name, "sp_indices: int64, sp_values: T, sp_shape: int64, dense: T -> output: T", types={"T": NUMERIC}, shape=lambda c: c[1], body=body)


SPARSE_DENSE_MUL = _cwise("SparseDenseCwiseMul", "Mul")
SPARSE_DENSE_DIV = _cwise("SparseDenseCwiseDiv", "Div")
SPARSE_DENSE_ADD = _cwise("SparseDenseCwiseAdd", "AddV2")
SPARSE_TENSOR_DENSE_ADD = OpDef(
    "SparseTensorDenseAdd", "a_indices: Tindices, a_values: T, a_shape: Tindices, b: T -> output: T", types={"T": NUMERIC, "Tindices": dtypes.INDEX}, shape=lambda c: c[3],
    body=lambda a_indices, a_values, a_shape, b: lookup("TensorScatterAdd")(b, a_indices, a_values),
)  # fmt: skip


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
        raise ShapeError(f"Cannot multiply A and B because inner dimension does not match: {inner} vs. {k}. Did you forget a transpose?")
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


def _matmul(a_indices: np.ndarray, a_values: np.ndarray, a_shape: np.ndarray, b: np.ndarray, adjoint_a: bool, adjoint_b: bool) -> np.ndarray:
    rows, columns = (a_indices[:, 1], a_indices[:, 0]) if adjoint_a else (a_indices[:, 0], a_indices[:, 1])
    m, k = a_shape[::-1] if adjoint_a else a_shape
    for what, index, bound in (("m", rows, m), ("k", columns, k)):
        outside = (index < 0) | (index >= bound)
        if outside.any():
            i = int(np.argmax(outside))
            _bad(f"{what} ({index[i]}) from index[{i},{int(what == 'k') ^ int(adjoint_a)}] out of bounds (>={bound})")
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


def _matmul_body(a_indices: Any, a_values: Any, a_shape: Any, b: Any, adjoint_a: bool = False, adjoint_b: bool = False) -> Any:
    rows, columns = _columns(a_indices, adjoint_a)
    values = _conj(a_values) if adjoint_a else a_values
    products = lookup("Mul")(lookup("ExpandDims")(values, 1), lookup("GatherV2")(_adjoint(b) if adjoint_b else b, columns, 0))
    i = 1 if adjoint_a else 0
    return lookup("UnsortedSegmentSum")(products, rows, lookup("StridedSlice")(a_shape, [i], [i + 1], [1], shrink_axis_mask=1))


def _matmul_grad(op: Any, g: Any) -> list[Any]:
    indices, values, shape, b = op.inputs
    adjoint_a, adjoint_b = op.attrs["adjoint_a"], op.attrs["adjoint_b"]
    db = SPARSE_MATMUL(indices, values, shape, g, adjoint_a=not adjoint_a)
    rows, columns = _columns(indices, adjoint_a)
    left, right = lookup("GatherV2")(g, rows, 0), lookup("GatherV2")(_adjoint(b) if adjoint_b else b, columns, 0)
    dvalues = lookup("Sum")(lookup("Mul")(left, _conj(right)), 1)
    return [None, _conj(dvalues) if adjoint_a else dvalues, None, _adjoint(db) if adjoint_b else db]


SPARSE_MATMUL = OpDef(
    "SparseTensorDenseMatMul", "a_indices: Tindices, a_values: T, a_shape: int64, b: T -> product: T", attrs={"adjoint_a": False, "adjoint_b": False},
    types={"Tindices": dtypes.INDEX, "T": NUMERIC}, shape=_matmul_shape, kernel=_matmul, body=_matmul_body, grad=_matmul_grad,
)  # fmt: skip


# ------------------------------------------------------------------------------------------------------------ new coordinates
def _count(x: Any) -> Any:
    return lookup("StridedSlice")(lookup("Shape")(x, out_type=dtypes.int64), [0], [1], [1], shrink_axis_mask=1)


def _positions(x: Any) -> Any:
    return lookup("Range")(np.int64(0), _count(x), np.int64(1))


def _scatter_back(g: Any, positions: Any, like: Any) -> Any:
    """The gradient of a selection: g[i] belongs at positions[i]."""
    return lookup("UnsortedSegmentSum")(g, positions, _count(like))


def _reorder(input_indices: np.ndarray, input_values: np.ndarray, input_shape: np.ndarray) -> list[np.ndarray]:
    order = order_of(input_indices)
    return [input_indices[order], input_values[order]]


def _reorder_grad(op: Any, _: Any, g: Any) -> list[Any]:
    indices, values, shape = op.inputs
    return [None, _scatter_back(g, SPARSE_REORDER(indices, _positions(values), shape)[1], values), None]


SPARSE_REORDER = OpDef("SparseReorder", "input_indices: int64, input_values: T, input_shape: int64 -> output_indices: int64, output_values: T",
                       shape=lambda c: [c[0], c[1]], kernel=_reorder, grad=_reorder_grad, host=True)  # fmt: skip


def _add(
    a_indices: np.ndarray, a_values: np.ndarray, a_shape: np.ndarray, b_indices: np.ndarray, b_values: np.ndarray, b_shape: np.ndarray, thresh: np.ndarray
) -> list[np.ndarray]:
    _same_shapes(a_shape, b_shape)
    merged, of_a, of_b = _union(a_indices, b_indices)
    total = np.zeros(len(merged), a_values.dtype)
    np.add.at(total, of_a, a_values)
    np.add.at(total, of_b, b_values)
    keep = np.abs(total) >= thresh
    return [merged[keep], total[keep], a_shape]


def _add_grad(op: Any, _: Any, g: Any, __: Any) -> list[Any]:
    da, db = SPARSE_ADD_GRAD(g, op.inputs[0], op.inputs[3], op.outputs[0])
    return [None, da, None, None, db, None, None]


SPARSE_ADD = OpDef(
    "SparseAdd", "a_indices: int64, a_values: T, a_shape: int64, b_indices: int64, b_values: T, b_shape: int64, thresh: Treal -> sum_indices: int64, sum_values: T, sum_shape: int64",
    types={"T": NUMERIC, "Treal": REAL}, shape=lambda c: [*_rows(c, 0), c[2]], kernel=_add, grad=_add_grad, host=True,
)  # fmt: skip


def _find(wanted: np.ndarray, table: np.ndarray) -> np.ndarray:
    """Where each of the coordinates is in a table of different ones; -1 where it is not."""
    merged, of_wanted, of_table = _union(wanted, table)
    places = np.full(len(merged), -1, np.int64)
    places[of_table] = np.arange(len(table))
    return places[of_wanted]


def _picked(g: np.ndarray, places: np.ndarray) -> np.ndarray:
    """g at the places, zero at -1."""
    return np.concatenate([g, np.zeros(1, g.dtype)])[places]


SPARSE_ADD_GRAD = OpDef(
    "SparseAddGrad", "backprop_val_grad: T, a_indices: int64, b_indices: int64, sum_indices: int64 -> a_val_grad: T, b_val_grad: T", host=True,
    shape=lambda c: [None if c[1] is None else c[1][:1], None if c[2] is None else c[2][:1]],
    kernel=lambda g, a, b, total: [_picked(g, _find(a, total)), _picked(g, _find(b, total))],
)  # fmt: skip


def _extremum(function: Any) -> Any:
    def kernel(
        a_indices: np.ndarray, a_values: np.ndarray, a_shape: np.ndarray, b_indices: np.ndarray, b_values: np.ndarray, b_shape: np.ndarray
    ) -> list[np.ndarray]:
        _same_shapes(a_shape, b_shape)
        merged, of_a, of_b = _union(a_indices, b_indices)
        a, b = np.zeros(len(merged), a_values.dtype), np.zeros(len(merged), a_values.dtype)
        a[of_a], b[of_b] = a_values, b_values
        return [merged, function(a, b)]

    return kernel


def _extremum_grad(op: Any, _: Any, g: Any) -> list[Any]:
    """To whichever operand the value is from; to the first, where they are equal."""
    (a_indices, a_values, _, b_indices, b_values, _), (indices, values) = op.inputs, op.outputs
    da, db = SPARSE_ADD_GRAD(g, a_indices, b_indices, indices)
    at_a, at_b = SPARSE_ADD_GRAD(values, a_indices, b_indices, indices)
    a_at_b, _ = SPARSE_ADD_GRAD(a_values, b_indices, b_indices, a_indices)
    from_a = lookup("Equal")(at_a, a_values)
    from_b = lookup("LogicalAnd")(lookup("Equal")(at_b, b_values), lookup("NotEqual")(a_at_b, b_values))
    return [None, lookup("SelectV2")(from_a, da, lookup("ZerosLike")(da)), None, None, lookup("SelectV2")(from_b, db, lookup("ZerosLike")(db)), None]


_PAIR = "a_indices: int64, a_values: T, a_shape: int64, b_indices: int64, b_values: T, b_shape: int64 -> output_indices: int64, output_values: T"
SPARSE_MAXIMUM = OpDef("SparseSparseMaximum", _PAIR, types={"T": REAL}, shape=lambda c: _rows(c, 0), kernel=_extremum(np.maximum), grad=_extremum_grad, host=True)
SPARSE_MINIMUM = OpDef("SparseSparseMinimum", _PAIR, types={"T": REAL}, shape=lambda c: _rows(c, 0), kernel=_extremum(np.minimum), grad=_extremum_grad, host=True)


def _concat(indices: list[np.ndarray], values: list[np.ndarray], shapes: list[np.ndarray], concat_dim: int) -> list[np.ndarray]:
    rank = len(shapes[0])
    if not -rank <= concat_dim < rank:
        _bad(f"Concat dimension must be in range [{-rank}, {rank}), got {concat_dim}")
    axis = concat_dim % rank
    offset, moved = 0, []
    for i, s in zip(indices, shapes):
        if len(s) != rank or any(s[d] != shapes[0][d] for d in range(rank) if d != axis):
            _bad(f"Input shapes must match but for dimension {axis}: {_written(shapes[0])} and {_written(s)}")
        shifted = np.array(i)
        shifted[:, axis] += offset
        offset += int(s[axis])
        moved.append(shifted)
    out_shape = np.array(shapes[0])
    out_shape[axis] = offset
    every = np.concatenate(moved)
    order = order_of(every)
    return [every[order], np.concatenate(values)[order], out_shape]


def _concat_grad(op: Any, _: Any, g: Any, __: Any) -> list[Any]:
    n = len(op.inputs) // 3
    indices, values, shapes = op.inputs[:n], op.inputs[n : 2 * n], op.inputs[2 * n :]
    offset, positions = np.int64(0), []
    for v in values:
        positions.append(lookup("AddV2")(_positions(v), offset))
        offset = lookup("AddV2")(_count(v), offset)
    _, order, _ = SPARSE_CONCAT(indices, positions, shapes, concat_dim=op.attrs["concat_dim"])
    joined = lookup("UnsortedSegmentSum")(g, order, offset)
    return [*[None] * n, *[lookup("GatherV2")(joined, p, 0) for p in positions], *[None] * n]


SPARSE_CONCAT = OpDef(
    "SparseConcat", "indices: N*int64, values: N*T, shapes: N*int64 -> output_indices: int64, output_values: T, output_shape: int64", attrs={"concat_dim": REQUIRED},
    shape=lambda c: [*_rows(c, 0), c[len(c) - 1]], kernel=_concat, grad=_concat_grad, host=True,
)  # fmt: skip


def _reshape(input_indices: np.ndarray, input_shape: np.ndarray, new_shape: np.ndarray) -> list[np.ndarray]:
    total = int(np.prod(input_shape))
    free = np.flatnonzero(new_shape == -1)
    target = np.array(new_shape)
    if len(free) > 1:
        _bad(f"only one output dimension may be -1, not both {free[0]} and {free[1]}")
    if len(free):
        rest = int(np.prod(new_shape[new_shape != -1]))
        if not rest:
            _bad("reshape cannot infer the missing input size for an empty tensor unless all specified input sizes are non-zero")
        target[free[0]] = total // rest
    if int(np.prod(target)) != total:
        _bad(f"Input to reshape is a tensor with {total} dense values, but the requested shape has {int(np.prod(target))}. input_shape={_written(input_shape)} output_shape={_written(target)}")
    if not len(input_indices):
        return [np.zeros((0, len(target)), np.int64), target]
    flat = np.ravel_multi_index(tuple(input_indices.T), tuple(input_shape))
    return [np.stack(np.unravel_index(flat, tuple(target)), axis=1), target]


def _reshape_shape(c: ShapeContext) -> list[Raw]:
    new = c[2]
    rank = None if new is None or len(new) != 1 else new[0]
    return [(None if c[0] is None else c[0][0], rank), (rank,)]


SPARSE_RESHAPE = OpDef("SparseReshape", "input_indices: int64, input_shape: int64, new_shape: int64 -> output_indices: int64, output_shape: int64",
                       shape=_reshape_shape, kernel=_reshape, grad=not_differentiable, host=True)  # fmt: skip


def _slice(indices: np.ndarray, values: np.ndarray, shape: np.ndarray, start: np.ndarray, size: np.ndarray) -> list[np.ndarray]:
    if not len(start) == len(size) == len(shape):
        _bad(f"start and size must have {len(shape)} elements each, that of the shape; received {len(start)} and {len(size)}")
    inside = ((indices >= start) & (indices < start + size)).all(axis=1)
    return [indices[inside] - start, values[inside], np.maximum(np.minimum(size, shape - start), 0)]


def _slice_grad(op: Any, _: Any, g: Any, __: Any) -> list[Any]:
    indices, _, _, start, _ = op.inputs
    return [None, SPARSE_SLICE_GRAD(g, indices, start, op.outputs[0]), None, None, None]


SPARSE_SLICE = OpDef(
    "SparseSlice", "indices: int64, values: T, shape: int64, start: int64, size: int64 -> output_indices: int64, output_values: T, output_shape: int64",
    shape=lambda c: [*_rows(c, 0), c[2]], kernel=_slice, grad=_slice_grad, host=True,
)  # fmt: skip
SPARSE_SLICE_GRAD = OpDef(
    "SparseSliceGrad", "backprop_val_grad: T, input_indices: int64, input_start: int64, output_indices: int64 -> val_grad: T", host=True,
    shape=lambda c: None if c[1] is None else c[1][:1], kernel=lambda g, indices, start, out: _picked(g, _find(indices, out + start)),
)  # fmt: skip


def _split(split_dim: np.ndarray, indices: np.ndarray, values: np.ndarray, shape: np.ndarray, num_split: int) -> list[Any]:
    rank = len(shape)
    axis = int(split_dim.reshape(-1)[0])
    if not -rank <= axis < rank:
        _bad(f"Input split_dim should be between {-rank} and {rank - 1}, received {axis}")
    axis %= rank
    dim = int(shape[axis])
    if not 1 <= num_split <= max(dim, 1):
        _bad(f"Input num_split should be between 1 and the splitting dimension size ({dim}), got {num_split}")
    base, rest = divmod(dim, num_split)
    out: list[tuple[np.ndarray, ...]] = []
    start = 0
    for k in range(num_split):
        size = base + (k < rest)
        begin, extent = np.zeros(rank, np.int64), np.array(shape)
        begin[axis], extent[axis] = start, size
        out.append(tuple(_slice(indices, values, shape, begin, extent)))
        start += size
    return [list(parts) for parts in zip(*out)]


SPARSE_SPLIT = OpDef(
    "SparseSplit", "split_dim: int64, indices: int64, values: T, shape: int64 -> output_indices: num_split * int64, output_values: num_split * T, output_shape: num_split * int64",
    attrs={"num_split": REQUIRED}, kernel=_split, grad=not_differentiable, host=True,
    shape=lambda c: [*[(None, _rank(c, 1))] * c.attrs["num_split"], *[(None,)] * c.attrs["num_split"], *[c[3]] * c.attrs["num_split"]],
)  # fmt: skip


def _fill_empty_rows(indices: np.ndarray, values: np.ndarray, dense_shape: np.ndarray, default_value: np.ndarray) -> list[np.ndarray]:
    n = int(dense_shape[0])
    rows = indices[:, 0]
    if len(rows) and (rows.min() < 0 or rows.max() >= n):
        i = int(np.argmax((rows < 0) | (rows >= n)))
        _bad(f"indices({i}, 0) is invalid: {rows[i]} >= {n}")
    empty = np.ones(n, np.bool_)
    empty[rows] = False
    extra = np.zeros((int(empty.sum()), indices.shape[1]), np.int64)
    extra[:, 0] = np.flatnonzero(empty)
    every = np.concatenate([indices, extra])
    order = np.argsort(every[:, 0], kind="stable")
    filled = np.concatenate([values, np.full(len(extra), default_value[()], values.dtype)])
    place = np.empty(len(order), np.int64)
    place[order] = np.arange(len(order))
    return [every[order], filled[order], empty, place[: len(indices)]]


SPARSE_FILL = OpDef(
    "SparseFillEmptyRows",
    "indices: int64, values: T, dense_shape: int64, default_value: T -> output_indices: int64, output_values: T, empty_row_indicator: bool, reverse_index_map: int64",
    shape=lambda c: [*_rows(c, 0), None if c.partial(2) is None else (c.partial(2)[0],), c[1]], kernel=_fill_empty_rows, host=True,  # type: ignore[index]
    grad=lambda op, _, g, __, ___: [None, *_reordered_fill(SPARSE_FILL_GRAD(op.outputs[3], g))],
)  # fmt: skip


def _reordered_fill(results: list[Any]) -> list[Any]:
    return [results[0], None, results[1]]


def _fill_grad(reverse_index_map: np.ndarray, grad_values: np.ndarray) -> list[np.ndarray]:
    taken = np.zeros(len(grad_values), np.bool_)
    taken[reverse_index_map] = True
    return [grad_values[reverse_index_map], grad_values[~taken].sum()]


SPARSE_FILL_GRAD = OpDef("SparseFillEmptyRowsGrad", "reverse_index_map: int64, grad_values: T -> d_values: T, d_default_value: T",
                         shape=lambda c: [c[0], ()], kernel=_fill_grad, host=True)  # fmt: skip


# --------------------------------------------------------------------------------------------------------------- reductions
def _axes(axes: np.ndarray, rank: int) -> list[int]:
    flat = axes.reshape(-1).tolist() if axes.size or axes.ndim else []
    for a in flat:
        if not -rank <= a < rank:
            _bad(f"Invalid reduction dimension {a}, for input with {rank} dimensions.")
    return sorted({a % rank for a in flat}) if flat else list(range(rank))


def _grouped(function: Any, indices: np.ndarray, values: np.ndarray, shape: np.ndarray, axes: np.ndarray) -> tuple[np.ndarray, np.ndarray, list[int]]:
    """The coordinates that stay, their reduced values, and the reduced dimensions."""
    reduced = _axes(axes, len(shape))
    kept = [d for d in range(len(shape)) if d not in reduced]
    if not len(values):
        return np.zeros((0, len(kept)), np.int64), values, reduced
    groups, owner = np.unique(indices[:, kept], axis=0, return_inverse=True)
    order = np.argsort(owner.reshape(-1), kind="stable")
    starts = np.searchsorted(owner.reshape(-1)[order], np.arange(len(groups)))
    return groups, function.reduceat(values[order], starts), reduced


def _reduce(function: Any) -> Any:
    def kernel(input_indices: np.ndarray, input_values: np.ndarray, input_shape: np.ndarray, reduction_axes: np.ndarray, keep_dims: bool) -> np.ndarray:
        groups, values, reduced = _grouped(function, input_indices, input_values, input_shape, reduction_axes)
        out = np.zeros([s for d, s in enumerate(input_shape) if d not in reduced], input_values.dtype)
        out[tuple(groups.T)] = values if out.ndim else (values[0] if len(values) else 0)
        return out.reshape([1 if d in reduced else s for d, s in enumerate(input_shape)]) if keep_dims else out

    return kernel


def _reduce_sparse(function: Any) -> Any:
    def kernel(input_indices: np.ndarray, input_values: np.ndarray, input_shape: np.ndarray, reduction_axes: np.ndarray, keep_dims: bool) -> list[np.ndarray]:
        groups, values, reduced = _grouped(function, input_indices, input_values, input_shape, reduction_axes)
        if not keep_dims:
            return [groups, values, np.delete(input_shape, reduced)]
        out = np.zeros((len(groups), len(input_shape)), np.int64)
        out[:, [d for d in range(len(input_shape)) if d not in reduced]] = groups
        shape = np.array(input_shape)
        shape[reduced] = 1
        return [out, values, shape]

    return kernel


def _reduced_shape(c: ShapeContext) -> Raw:
    shape, axes = c.partial(2), c.value(3)
    if shape is None or axes is None:
        return None
    try:
        reduced = _axes(np.asarray(axes), len(shape))
    except InvalidArgumentError as error:
        raise ShapeError(error.message) from None
    return tuple([1 if d in reduced else s for d, s in enumerate(shape) if c.attrs["keep_dims"] or d not in reduced])


def _reduce_sum_grad(op: Any, g: Any) -> list[Any]:
    indices, _, shape, axes = op.inputs
    n = indices.shape[1]
    axes = lookup("Reshape")(axes, [-1])
    reduced = lookup("UnsortedSegmentSum")(lookup("OnesLike")(axes), lookup("FloorMod")(axes, np.int32(n)), n)
    keep = lookup("Cast")(lookup("Equal")(reduced, lookup("ZerosLike")(reduced)), DstT=dtypes.int64)
    if axes.shape[0] == 0:
        keep = lookup("ZerosLike")(keep)
    kept_shape = lookup("AddV2")(lookup("Mul")(shape, keep), lookup("Sub")(np.int64(1), keep))
    return [None, lookup("GatherNd")(lookup("Reshape")(g, kept_shape), lookup("Mul")(indices, keep)), None, None]


_REDUCTION = "input_indices: int64, input_values: T, input_shape: int64, reduction_axes: int32 -> "
_SPARSE_OUT = "output_indices: int64, output_values: T, output_shape: int64"
SPARSE_REDUCE_SUM = OpDef("SparseReduceSum", _REDUCTION + "output: T", attrs={"keep_dims": False}, types={"T": NUMERIC}, shape=_reduced_shape, kernel=_reduce(np.add), grad=_reduce_sum_grad, host=True)
SPARSE_REDUCE_MAX = OpDef("SparseReduceMax", _REDUCTION + "output: T", attrs={"keep_dims": False}, types={"T": REAL}, shape=_reduced_shape, kernel=_reduce(np.maximum), host=True)
for _name, _function in (("SparseReduceSumSparse", np.add), ("SparseReduceMaxSparse", np.maximum)):
    OpDef(_name, _REDUCTION + _SPARSE_OUT, attrs={"keep_dims": False}, types={"T": NUMERIC}, shape=lambda c: [(None, None), (None,), (None,)],
          kernel=_reduce_sparse(_function), grad=not_differentiable, host=True)  # fmt: skip
