"""Ops that make sparse tensors with other coordinates: sorting, adding, joining, reshaping, slicing. What comes out depends
on data, so they run on the host."""

from __future__ import annotations

from typing import Any

import numpy as np

from headrace.core import dtypes
from headrace.core.dtypes import NUMERIC, REAL
from headrace.core.errors import invalid
from headrace.core.op import REQUIRED, OpDef, ShapeContext, lookup
from headrace.core.shapes import Raw
from headrace.core.tape import not_differentiable

from .sparse import check_bounds, order_of, written


def _same_shapes(a: np.ndarray, b: np.ndarray) -> None:
    if not np.array_equal(a, b):
        raise invalid(f"Operands' shapes do not match: {written(a)} and {written(b)}")


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


def _count(x: Any) -> Any:
    return lookup("StridedSlice")(
        lookup("Shape")(x, out_type=dtypes.int64), [0], [1], [1], shrink_axis_mask=1
    )


def _positions(x: Any) -> Any:
    return lookup("Range")(np.int64(0), _count(x), np.int64(1))


def _scatter_back(g: Any, positions: Any, like: Any) -> Any:
    """The gradient of a selection: g[i] belongs at positions[i]."""
    return lookup("UnsortedSegmentSum")(g, positions, _count(like))


def _reorder(
    input_indices: np.ndarray, input_values: np.ndarray, input_shape: np.ndarray
) -> list[np.ndarray]:
    order = order_of(input_indices)
    return [input_indices[order], input_values[order]]


def _reorder_grad(op: Any, _: Any, g: Any) -> list[Any]:
    indices, values, shape = op.inputs
    return [None, _scatter_back(g, SPARSE_REORDER(indices, _positions(values), shape)[1], values), None]


SPARSE_REORDER = OpDef(
    "SparseReorder",
    "input_indices: int64, input_values: T, input_shape: int64 -> output_indices: int64, output_values: T",
    shape=lambda c: [c[0], c[1]],
    kernel=_reorder,
    grad=_reorder_grad,
    host=True,
)


def _add(
    a_indices: np.ndarray,
    a_values: np.ndarray,
    a_shape: np.ndarray,
    b_indices: np.ndarray,
    b_values: np.ndarray,
    b_shape: np.ndarray,
    thresh: np.ndarray,
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
    "SparseAdd",
    "a_indices: int64, a_values: T, a_shape: int64, b_indices: int64, b_values: T, b_shape: int64, thresh: Treal -> "
    "sum_indices: int64, sum_values: T, sum_shape: int64",
    types={"T": NUMERIC, "Treal": REAL},
    shape=lambda c: [*_rows(c, 0), c[2]],
    kernel=_add,
    grad=_add_grad,
    host=True,
)


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
    "SparseAddGrad",
    "backprop_val_grad: T, a_indices: int64, b_indices: int64, sum_indices: int64 -> a_val_grad: T, b_val_grad: T",
    host=True,
    shape=lambda c: [None if c[1] is None else c[1][:1], None if c[2] is None else c[2][:1]],
    kernel=lambda g, a, b, total: [_picked(g, _find(a, total)), _picked(g, _find(b, total))],
)


def _extremum(function: Any) -> Any:
    def kernel(
        a_indices: np.ndarray,
        a_values: np.ndarray,
        a_shape: np.ndarray,
        b_indices: np.ndarray,
        b_values: np.ndarray,
        b_shape: np.ndarray,
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
    return [
        None,
        lookup("SelectV2")(from_a, da, lookup("ZerosLike")(da)),
        None,
        None,
        lookup("SelectV2")(from_b, db, lookup("ZerosLike")(db)),
        None,
    ]


_PAIR = "a_indices: int64, a_values: T, a_shape: int64, b_indices: int64, b_values: T, b_shape: int64 -> output_indices: int64, output_values: T"
SPARSE_MAXIMUM = OpDef(
    "SparseSparseMaximum",
    _PAIR,
    types={"T": REAL},
    shape=lambda c: _rows(c, 0),
    kernel=_extremum(np.maximum),
    grad=_extremum_grad,
    host=True,
)
SPARSE_MINIMUM = OpDef(
    "SparseSparseMinimum",
    _PAIR,
    types={"T": REAL},
    shape=lambda c: _rows(c, 0),
    kernel=_extremum(np.minimum),
    grad=_extremum_grad,
    host=True,
)


def _concat(
    indices: list[np.ndarray], values: list[np.ndarray], shapes: list[np.ndarray], concat_dim: int
) -> list[np.ndarray]:
    rank = len(shapes[0])
    if not -rank <= concat_dim < rank:
        raise invalid(f"Concat dimension must be in range [{-rank}, {rank}), got {concat_dim}")
    axis = concat_dim % rank
    offset, moved = 0, []
    for i, s in zip(indices, shapes):
        if len(s) != rank or any(s[d] != shapes[0][d] for d in range(rank) if d != axis):
            raise invalid(
                f"Input shapes must match but for dimension {axis}: {written(shapes[0])} and {written(s)}"
            )
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
    "SparseConcat",
    "indices: N*int64, values: N*T, shapes: N*int64 -> output_indices: int64, output_values: T, output_shape: int64",
    attrs={"concat_dim": REQUIRED},
    shape=lambda c: [*_rows(c, 0), c[len(c) - 1]],
    kernel=_concat,
    grad=_concat_grad,
    host=True,
)


def _reshape(input_indices: np.ndarray, input_shape: np.ndarray, new_shape: np.ndarray) -> list[np.ndarray]:
    total = int(np.prod(input_shape))
    free = np.flatnonzero(new_shape == -1)
    target = np.array(new_shape)
    if len(free) > 1:
        raise invalid(f"only one output dimension may be -1, not both {free[0]} and {free[1]}")
    if len(free):
        rest = int(np.prod(new_shape[new_shape != -1]))
        if not rest:
            raise invalid(
                "reshape cannot infer the missing input size for an empty tensor unless all specified input sizes are non-zero"
            )
        target[free[0]] = total // rest
    if int(np.prod(target)) != total:
        raise invalid(
            f"Input to reshape is a tensor with {total} dense values, but the requested shape has {int(np.prod(target))}. "
            f"input_shape={written(input_shape)} output_shape={written(target)}"
        )
    if not len(input_indices):
        return [np.zeros((0, len(target)), np.int64), target]
    flat = np.ravel_multi_index(tuple(input_indices.T), tuple(input_shape))
    return [np.stack(np.unravel_index(flat, tuple(target)), axis=1), target]


def _reshape_shape(c: ShapeContext) -> list[Raw]:
    new = c[2]
    rank = None if new is None or len(new) != 1 else new[0]
    return [(None if c[0] is None else c[0][0], rank), (rank,)]


SPARSE_RESHAPE = OpDef(
    "SparseReshape",
    "input_indices: int64, input_shape: int64, new_shape: int64 -> output_indices: int64, output_shape: int64",
    shape=_reshape_shape,
    kernel=_reshape,
    grad=not_differentiable,
    host=True,
)


def _slice(
    indices: np.ndarray, values: np.ndarray, shape: np.ndarray, start: np.ndarray, size: np.ndarray
) -> list[np.ndarray]:
    if not len(start) == len(size) == len(shape):
        raise invalid(
            f"start and size must have {len(shape)} elements each, that of the shape; received {len(start)} and {len(size)}"
        )
    inside = ((indices >= start) & (indices < start + size)).all(axis=1)
    return [indices[inside] - start, values[inside], np.maximum(np.minimum(size, shape - start), 0)]


def _slice_grad(op: Any, _: Any, g: Any, __: Any) -> list[Any]:
    indices, _, _, start, _ = op.inputs
    return [None, SPARSE_SLICE_GRAD(g, indices, start, op.outputs[0]), None, None, None]


SPARSE_SLICE = OpDef(
    "SparseSlice",
    "indices: int64, values: T, shape: int64, start: int64, size: int64 -> output_indices: int64, output_values: T, output_shape: int64",
    shape=lambda c: [*_rows(c, 0), c[2]],
    kernel=_slice,
    grad=_slice_grad,
    host=True,
)
SPARSE_SLICE_GRAD = OpDef(
    "SparseSliceGrad",
    "backprop_val_grad: T, input_indices: int64, input_start: int64, output_indices: int64 -> val_grad: T",
    host=True,
    shape=lambda c: None if c[1] is None else c[1][:1],
    kernel=lambda g, indices, start, out: _picked(g, _find(indices, out + start)),
)


def _split(
    split_dim: np.ndarray, indices: np.ndarray, values: np.ndarray, shape: np.ndarray, num_split: int
) -> list[Any]:
    rank = len(shape)
    axis = int(split_dim.reshape(-1)[0])
    if not -rank <= axis < rank:
        raise invalid(f"Input split_dim should be between {-rank} and {rank - 1}, received {axis}")
    axis %= rank
    check_bounds(indices, shape)
    dim = int(shape[axis])
    if not 1 <= num_split <= max(dim, 1):
        raise invalid(
            f"Input num_split should be between 1 and the splitting dimension size ({dim}), got {num_split}"
        )
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
    "SparseSplit",
    "split_dim: int64, indices: int64, values: T, shape: int64 -> "
    "output_indices: num_split * int64, output_values: num_split * T, output_shape: num_split * int64",
    attrs={"num_split": REQUIRED},
    kernel=_split,
    grad=not_differentiable,
    host=True,
    shape=lambda c: [
        *[(None, _rank(c, 1))] * c.attrs["num_split"],
        *[(None,)] * c.attrs["num_split"],
        *[c[3]] * c.attrs["num_split"],
    ],
)


def _fill_empty_rows(
    indices: np.ndarray, values: np.ndarray, dense_shape: np.ndarray, default_value: np.ndarray
) -> list[np.ndarray]:
    n = int(dense_shape[0])
    rows = indices[:, 0]
    if len(rows) and (rows.min() < 0 or rows.max() >= n):
        i = int(np.argmax((rows < 0) | (rows >= n)))
        raise invalid(f"indices({i}, 0) is invalid: {rows[i]} >= {n}")
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


def _fill_grad(reverse_index_map: np.ndarray, grad_values: np.ndarray) -> list[np.ndarray]:
    taken = np.zeros(len(grad_values), np.bool_)
    taken[reverse_index_map] = True
    return [grad_values[reverse_index_map], grad_values[~taken].sum()]


SPARSE_FILL_GRAD = OpDef(
    "SparseFillEmptyRowsGrad",
    "reverse_index_map: int64, grad_values: T -> d_values: T, d_default_value: T",
    shape=lambda c: [c[0], ()],
    kernel=_fill_grad,
    host=True,
)


def _fill_empty_rows_grad(op: Any, _: Any, g: Any, *rest: Any) -> list[Any]:
    d_values, d_default = SPARSE_FILL_GRAD(op.outputs[3], g)
    return [None, d_values, None, d_default]


SPARSE_FILL = OpDef(
    "SparseFillEmptyRows",
    "indices: int64, values: T, dense_shape: int64, default_value: T -> "
    "output_indices: int64, output_values: T, empty_row_indicator: bool, reverse_index_map: int64",
    shape=lambda c: [*_rows(c, 0), None if c.partial(2) is None else (c.partial(2)[0],), c[1]],
    kernel=_fill_empty_rows,
    host=True,
    grad=_fill_empty_rows_grad,
)
