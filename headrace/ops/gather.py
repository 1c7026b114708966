"""Reading and writing by index: Gather, GatherNd, the ScatterNd family, OneHot, Where.

An index out of range is an InvalidArgumentError. Only with `jit_compile=True`, as in TensorFlow's own XLA programs,
gathers clamp such an index to the nearest valid one and scatters drop the update."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from headrace.core import dtypes, memory, shapes
from headrace.core.dtypes import INDEX
from headrace.core.errors import ShapeError, invalid
from headrace.core.op import OpDef, lookup
from headrace.core.shapes import Raw, known
from headrace.core.slices import IndexedSlices
from headrace.core.tape import not_differentiable
from headrace.ops.array import RESHAPE, SHAPE, TRANSPOSE, dims, ints_of
from headrace.ops.joining import CONCAT_V2
from headrace.ops.table import normal_axis

INT32 = dtypes.int32
INDEX_TYPES = INDEX | {dtypes.int16}


def join(*parts: Any) -> Any:
    """Pieces of a shape, lists or index tensors, as one."""
    if all(isinstance(p, list) for p in parts):
        return [d for p in parts for d in p]
    return CONCAT_V2([p for p in parts if not isinstance(p, list) or p], 0)


def product(part: Any) -> Any:
    """The number of elements that a piece of a shape stands for."""
    return math.prod(part) if isinstance(part, list) else lookup("Prod")(part, [0], keep_dims=False)


def check_range(indices: Any, n: int) -> None:
    """InvalidArgumentError naming the first index that is not in [0, n)."""
    if indices.size and (np.minimum.reduce(indices, None) < 0 or np.maximum.reduce(indices, None) >= n):
        where = np.argwhere((indices < 0) | (indices >= n))[0]
        raise invalid(
            f"indices{where.tolist() if where.size else ''} = {int(indices[tuple(where)])} is not in [0, {n})"
        )


# ----------------------------------------------------------------------------------------------------- gather
GATHER_V2 = OpDef(
    "GatherV2",
    "params: Tparams, indices: Tindices, axis: Taxis -> output: Tparams",
    attrs={"batch_dims": 0},
    types={"Tindices": INDEX_TYPES, "Taxis": INDEX},
    defaults={"Tindices": INT32, "Taxis": INT32},
    static=("axis",),
)
GATHER = OpDef(
    "Gather",
    "params: Tparams, indices: Tindices -> output: Tparams",
    attrs={"validate_indices": True},
    types={"Tindices": INDEX},
    defaults={"Tindices": INT32},
    body=lambda params, indices, validate_indices: GATHER_V2(params, indices, 0),
    grad=lambda op, g: [_row_gradient(op.inputs[0], op.inputs[1], g), None],
)


def gather_axes(rank: int, index_rank: int, axis: int, batch: int) -> tuple[int, int]:
    """(axis, batch_dims) counted from the front."""
    if not -index_rank <= batch <= index_rank:
        raise ShapeError(f"Expected batch_dims in the range [{-index_rank}, {index_rank}], but got {batch}")
    batch += index_rank if batch < 0 else 0
    if not -rank <= axis < rank:
        raise ShapeError(f"Expected axis in the range [{-rank}, {rank}), but got {axis}")
    axis += rank if axis < 0 else 0
    if batch > axis:
        raise ShapeError(f"batch_dims ({batch}) must be less than or equal to axis ({axis}).")
    return axis, batch


@GATHER_V2.shape_rule
def _(c: Any) -> Raw:
    params, indices = c[0], c[1]
    axis = c.value(2)
    if params is None or indices is None:
        return None
    if not params:
        raise ShapeError("params must be at least 1 dimensional")
    if axis is None:
        return (None,) * (len(params) + len(indices) - 1 - max(0, c.attrs["batch_dims"]))
    at, batch = gather_axes(len(params), len(indices), int(axis.reshape(())), c.attrs["batch_dims"])
    try:
        lead = shapes.merge(params[:batch], indices[:batch])
    except ValueError:
        raise ShapeError(
            f"params.shape{list(params[:batch])} must equal indices.shape{list(indices[:batch])} "
            f"in the {batch} batch dimensions"
        ) from None
    assert lead is not None
    return (*lead, *params[batch:at], *indices[batch:], *params[at + 1 :])


@GATHER_V2.kernel_rule
def _(params: Any, indices: Any, axis: Any, batch_dims: int) -> Any:
    at, batch = gather_axes(params.ndim, indices.ndim, int(axis), batch_dims)
    if not at and (found := memory.run_of_rows(params, indices)) is not None:
        return found
    check_range(indices, params.shape[at])
    if not batch:
        return np.take(params, indices, at) if at else memory.rows(params, indices)
    lead, middle, rest = params.shape[:batch], params.shape[batch:at], params.shape[at + 1 :]
    n = math.prod(lead)
    table = params.reshape(n, math.prod(middle), params.shape[at], math.prod(rest))
    rows = indices.reshape(n, -1 if n else math.prod(indices.shape[batch:]))
    picked = table[np.arange(n)[:, None], :, rows]  # (n, indices, middle, rest)
    return picked.swapaxes(1, 2).reshape(lead + middle + indices.shape[batch:] + rest)


@GATHER_V2.lowering
def _(b: Any, params: Any, indices: Any, axis: Any, batch_dims: int) -> Any:
    at, batch = gather_axes(params.rank, indices.rank, int(axis), batch_dims)
    shape = params.shape[:at] + indices.shape[batch:] + params.shape[at + 1 :]
    if 0 in shape or params.shape[at] == 0:
        return b.zeros(shape, params.dtype)
    b.check_indices(indices, params.shape[at])
    if indices.rank == 0:
        zero = b.constant(0, indices.dtype)
        sizes = [1 if i == at else d for i, d in enumerate(params.shape)]
        return b.reshape(
            b.dynamic_slice(params, [indices if i == at else zero for i in range(params.rank)], sizes), shape
        )
    return b.gather(
        params,
        indices,
        shape,
        offset_dims=[*range(batch, at), *range(at + indices.rank - batch, len(shape))],
        collapsed=[at],
        start_map=[at],
        sizes=[1 if i < batch or i == at else d for i, d in enumerate(params.shape)],
        index_dim=indices.rank,
        batch=(range(batch), range(batch)),
    )


def _row_gradient(params: Any, indices: Any, g: Any) -> IndexedSlices:
    """The gradient of taking rows: those rows, and where they came from."""
    shape = dims(params)
    if indices._raw_shape is not None and len(indices._raw_shape) == 1:
        values = g
    elif isinstance(shape, list) and known(indices._raw_shape):
        values = RESHAPE(g, [math.prod(indices._raw_shape), *shape[1:]])
    else:
        size = lookup("Size")(indices)
        values = RESHAPE(g, join(RESHAPE(size, [1]), shape[1:]))
    return IndexedSlices(values, RESHAPE(indices, [-1]), SHAPE(params))


@GATHER_V2.gradient
def _(op: Any, g: Any) -> list[Any]:
    params, indices, axis = op.inputs
    at, batch = ints_of(axis), op.attrs["batch_dims"]
    if at == [0] and not batch:
        return [_row_gradient(params, indices, g), None, None]
    if params._raw_shape is None or indices._raw_shape is None or at is None:
        raise ValueError(
            f"The gradient of a gather along axis {at} needs the ranks of params and indices; set "
            f"them with tf.ensure_shape. Got {params!r} and {indices!r}."
        )
    rank, index_rank = len(params._raw_shape), len(indices._raw_shape)
    a, batch = gather_axes(rank, index_rank, at[0], batch)
    # bring the indexed dimensions to the front, add up rows of one (batch, index), and put the dimension back
    p, i = dims(params), dims(indices)
    middle, picked = a - batch, index_rank - batch
    order = [
        *range(batch),
        *range(batch + middle, batch + middle + picked),
        *range(batch, batch + middle),
        *range(batch + middle + picked, rank + picked - 1),
    ]
    rest = join(p[batch:a], p[a + 1 :])
    n = p[a]
    groups = product(p[:batch])
    ids = RESHAPE(indices, [-1])
    if batch:
        base = lookup("Range")(0, groups, 1)
        if indices._dtype is not INT32:
            base, n_ = lookup("Cast")(base, DstT=indices._dtype), lookup("Cast")(n, DstT=indices._dtype)
        else:
            n_ = n
        per_group = (
            RESHAPE(indices, join([groups] if isinstance(groups, int) else RESHAPE(groups, [1]), [-1]))
            if _countable(i)
            else RESHAPE(indices, [groups, 0])
        )
        ids = RESHAPE(lookup("AddV2")(per_group, lookup("ExpandDims")(lookup("Mul")(base, n_), 1)), [-1])
    total = groups * n
    rows = RESHAPE(
        TRANSPOSE(g, order),
        join([product(i)] if isinstance(product(i), int) else RESHAPE(product(i), [1]), rest),
    )
    summed = lookup("UnsortedSegmentSum")(rows, ids, total)
    wide = RESHAPE(summed, join(p[:batch], [n] if isinstance(n, int) else RESHAPE(n, [1]), rest))
    back = [*range(batch), *range(batch + 1, a + 1), batch, *range(a + 1, rank)]
    return [TRANSPOSE(wide, back), None, None]


def _countable(shape: Any) -> bool:
    return not isinstance(shape, list) or 0 not in shape


# -------------------------------------------------------------------------------------------------- gather_nd
GATHER_ND = OpDef(
    "GatherNd",
    "params: Tparams, indices: Tindices -> output: Tparams",
    attrs={"bad_indices_policy": ""},
    types={"Tindices": INDEX_TYPES},
    defaults={"Tindices": INT32},
)


@GATHER_ND.shape_rule
def _(c: Any) -> Raw:
    params, indices = c[0], c[1]
    if indices is not None and not indices:
        raise ShapeError("indices must be at least a vector")
    if params is None or indices is None or indices[-1] is None:
        return None
    if indices[-1] > len(params):
        raise ShapeError(
            f"indices.shape[-1] must be <= params.rank, but saw indices shape: {list(indices)} "
            f"and params shape: {list(params)}"
        )
    return indices[:-1] + params[indices[-1] :]


def flat_rows(indices: Any, shape: tuple[int, ...], policy: str) -> tuple[Any, Any]:
    """Each index vector as a row number in the leading dimensions of `shape`; which are valid (None: all)."""
    depth, count = indices.shape[-1], math.prod(indices.shape[:-1])
    flat = indices.reshape(count, depth)
    bad = ((flat < 0) | (flat >= np.asarray(shape[:depth], np.int64))).any(1)
    valid = None
    if bad.any():
        if policy != "IGNORE":
            k = int(np.flatnonzero(bad)[0])
            at = ",".join(str(int(i)) for i in np.unravel_index(k, indices.shape[:-1]))
            message = f"indices[{at}] = {flat[k].tolist()} does not index into shape {list(shape)}"
            raise invalid(message)
        valid = ~bad
        flat = np.where(bad[:, None], 0, flat)
    rows = np.zeros(count, np.int64)
    for column, size in zip(flat.T, shape):
        rows = rows * size + column
    return rows, valid


@GATHER_ND.kernel_rule
def _(params: Any, indices: Any, bad_indices_policy: str) -> Any:
    depth = indices.shape[-1]
    lead, rest = params.shape[:depth], params.shape[depth:]
    rows, valid = flat_rows(indices, params.shape, bad_indices_policy)
    table = params.reshape((math.prod(lead), *rest))
    out = table[rows] if len(table) or not len(rows) else np.zeros((len(rows), *rest), params.dtype)
    if valid is not None:
        out[~valid] = 0
    return out.reshape(indices.shape[:-1] + rest)


@GATHER_ND.lowering
def _(b: Any, params: Any, indices: Any, bad_indices_policy: str) -> Any:
    depth = indices.shape[-1]
    shape = indices.shape[:-1] + params.shape[depth:]
    if depth == 0:
        return b.broadcast_to(params, shape)
    if 0 in shape or 0 in params.shape:
        return b.zeros(shape, params.dtype)
    if not bad_indices_policy or bad_indices_policy == "ERROR":
        limits = b.constant(np.asarray(params.shape[:depth], indices.dtype._np))
        zero = b.constant(0, indices.dtype)
        b.check(
            lambda: b.binary("and", b.compare("GE", indices, zero), b.compare("LT", indices, limits)),
            f"indices does not index into param shape {list(params.shape)}",
        )
    out = b.gather(
        params,
        indices,
        shape,
        offset_dims=range(indices.rank - 1, len(shape)),
        collapsed=range(depth),
        start_map=range(depth),
        sizes=[1] * depth + list(params.shape[depth:]),
        index_dim=indices.rank - 1,
    )
    if bad_indices_policy == "IGNORE":
        limits = b.broadcast_to(
            b.constant(np.asarray(params.shape[:depth], indices.dtype._np)), indices.shape
        )
        inside = b.binary(
            "and",
            b.compare("GE", indices, b.zeros(indices.shape, indices.dtype)),
            b.compare("LT", indices, limits),
        )
        keep = b.reduce(inside, [indices.rank - 1], "and", True)
        out = b.select(b.broadcast_in_dim(keep, shape, range(keep.rank)), out, b.zeros(shape, out.dtype))
    return out


@GATHER_ND.gradient
def _(op: Any, g: Any) -> list[Any]:
    params, indices = op.inputs
    shape = indices._raw_shape
    if shape is not None and len(shape) == 2 and shape[1] == 1:
        return [IndexedSlices(g, lookup("Squeeze")(indices, squeeze_dims=[-1]), SHAPE(params)), None]
    return [lookup("ScatterNd")(indices, g, SHAPE(params, out_type=indices._dtype)), None]


# --------------------------------------------------------------------------------------------- one-hot, where
ONE_HOT = OpDef(
    "OneHot",
    "indices: TI, depth: int32, on_value: T, off_value: T -> output: T",
    attrs={"axis": -1},
    types={"TI": frozenset({dtypes.uint8, dtypes.int8, dtypes.int32, dtypes.int64})},
    defaults={"TI": dtypes.int64},
    static=("depth",),
    grad=not_differentiable,
)


@ONE_HOT.shape_rule
def _(c: Any) -> Raw:
    if c[0] is None:
        return None
    depth = c.value(1)
    axis = normal_axis(c.attrs["axis"], len(c[0]) + 1)
    if depth is not None and int(depth) < 0:
        raise ShapeError(f"depth must be non-negative, got: {int(depth)}")
    return (*c[0][:axis], None if depth is None else int(depth), *c[0][axis:])


@ONE_HOT.kernel_rule
def _(indices: Any, depth: Any, on_value: Any, off_value: Any, axis: int) -> Any:
    axis = indices.ndim if axis == -1 else axis
    hot = np.arange(int(depth)).reshape((-1,) + (1,) * (indices.ndim - axis)) == np.expand_dims(indices, axis)
    return np.where(hot, on_value, off_value)


@ONE_HOT.lowering
def _(b: Any, indices: Any, depth: Any, on_value: Any, off_value: Any, axis: int) -> Any:
    axis = indices.rank if axis == -1 else axis
    shape = (*indices.shape[:axis], int(depth), *indices.shape[axis:])
    if indices.dtype.size == 1:  # eight bits would wrap around at depth 256
        indices = b.convert(indices, INT32)
    wide = b.broadcast_in_dim(indices, shape, [i for i in range(len(shape)) if i != axis])
    hot = b.compare("EQ", wide, b.iota(shape, axis, indices.dtype))
    return b.select(hot, b.broadcast_to(on_value, shape), b.broadcast_to(off_value, shape))


def _nonzero(input: Any) -> Any:
    if input.dtype.kind == "O":
        input = input != b""
    return np.argwhere(input).astype(np.int64, copy=False)


WHERE = OpDef(
    "Where",
    "input: T -> index: int64",
    kernel=_nonzero,
    host=True,
    checked=True,
    defaults={"T": dtypes.bool_},
    grad=not_differentiable,
    shape=lambda c: (None, None if c[0] is None else len(c[0])),
)
