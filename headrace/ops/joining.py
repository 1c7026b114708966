"""Joining and splitting: Concat, Pack (stack), Unpack, Split, and laying copies side by side (Tile)."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from headrace.core import dtypes, shapes
from headrace.core.dtypes import INDEX
from headrace.core.errors import ShapeError, invalid
from headrace.core.op import REQUIRED, OpDef, lookup
from headrace.core.shapes import Raw, known
from headrace.core.tape import not_differentiable
from headrace.ops.array import RESHAPE, SHAPE, dims, ints_of
from headrace.ops.table import normal_axis

INT32 = dtypes.int32


# ----------------------------------------------------------------------------------------------------- concat
CONCAT_V2 = OpDef(
    "ConcatV2",
    "values: N*T, axis: Tidx -> output: T",
    types={"Tidx": INDEX},
    defaults={"Tidx": INT32},
    static=("axis",),
    kernel=lambda values, axis: np.concatenate(values, int(axis)),
    checked=True,
)


@CONCAT_V2.shape_rule
def _(c: Any) -> Raw:
    n = len(c) - 1
    rank = next((len(c[i]) for i in range(n) if c[i] is not None), None)
    if rank is None:
        return None
    if rank == 0:
        raise ShapeError("Can't concatenate scalars (use tf.stack instead)")
    value = c.value(n)
    if value is not None and value.size != 1:
        raise ShapeError(f"Concat axis must be a scalar, received shape {list(value.shape)}")
    axis = None if value is None else normal_axis(int(value.reshape(())), rank, "concatenation axis")
    out: Any = [None] * rank
    total: int | None = 0
    for i in range(n):
        shape = c[i]
        if shape is None:
            total = None
            continue
        if len(shape) != rank:
            raise ShapeError(
                f"Ranks of all input tensors should match: shape[0] has rank {rank} vs. shape[{i}] = "
                f"{list(shape)}"
            )
        if axis is None:
            continue
        total = None if total is None or shape[axis] is None else total + shape[axis]
        for k in range(rank):
            if k != axis and shape[k] is not None:
                if out[k] is not None and out[k] != shape[k]:
                    raise ShapeError(
                        "Dimensions of inputs should match along all but the concatenated axis: "
                        f"shape[{i}] = "
                        f"{list(shape)} has {shape[k]} where an earlier one has {out[k]} in dimension {k}"
                    )
                out[k] = shape[k]
    if axis is not None:
        out[axis] = total
    return tuple(out)


@CONCAT_V2.lowering
def _(b: Any, values: list[Any], axis: Any) -> Any:
    dim = normal_axis(int(axis), values[0].rank)
    return b.concatenate([v for v in values if v.shape[dim]] or values[:1], dim)


@CONCAT_V2.gradient
def _concat_gradient(op: Any, g: Any) -> list[Any]:
    *values, axis = op.inputs
    if len(values) == 1:
        return [g, None]
    at = ints_of(axis)
    if at is not None and all(v._raw_shape is not None and v._raw_shape[at[0]] is not None for v in values):
        sizes: Any = [v._raw_shape[at[0]] for v in values]
    else:
        sizes = [lookup("GatherV2")(SHAPE(v), axis, 0) for v in values]
    return [*SPLIT_V(g, sizes, axis if at is None else at[0], num_split=len(values)), None]


CONCAT = OpDef(
    "Concat",
    "concat_dim: int32, values: N*T -> output: T",
    static=("concat_dim",),
    body=lambda concat_dim, values: CONCAT_V2(values, concat_dim),
    grad=lambda op, g: [None, *_concat_gradient(_Swapped(op), g)[:-1]],
)


PARALLEL_CONCAT = OpDef(
    "ParallelConcat",
    "values: N*T -> output: T",
    attrs={"shape": REQUIRED},
    body=lambda values, shape: CONCAT_V2(values, 0),
    shape=lambda c: c.attrs["shape"],
)


class _Swapped:
    """A `Concat` seen as a `ConcatV2`: the axis last."""

    def __init__(self, op: Any) -> None:
        self.inputs = (*op.inputs[1:], op.inputs[0])


def _concat_offsets(concat_dim: Any, shape: list[Any]) -> list[Any]:
    out, at = [], 0
    axis = int(concat_dim) % max(1, shape[0].size)
    for s in shape:
        offset = np.zeros_like(s)
        offset[axis] = at
        at += int(s[axis])
        out.append(offset)
    return out


CONCAT_OFFSET = OpDef(
    "ConcatOffset",
    "concat_dim: int32, shape: N*shape_type -> offset: N*shape_type",
    types={"shape_type": INDEX},
    kernel=_concat_offsets,
    static=("concat_dim", "shape"),
    lower=lambda b, concat_dim, shape: _concat_offsets(concat_dim, shape),
    shape=lambda c: [c[i] for i in range(1, len(c))],
    grad=not_differentiable,
)


# --------------------------------------------------------------------------------------------- stack, unstack
def entries_of(b: Any, x: Any) -> list[int | None]:
    """The entries of an index vector while lowering: numbers where known, also within `tf.stack([n, 3])`."""
    if type(x) is np.ndarray:
        return x.reshape(-1).tolist()
    packed = b.entries.get(x.name) or [None] * math.prod(x.shape)
    return [e.item() if type(e) is np.ndarray else None for e in packed]


PACK = OpDef(
    "Pack",
    "values: N*T -> output: T",
    attrs={"axis": 0},
    kernel=lambda values, axis: np.stack(values, axis),
    checked=True,
    hints=("values",),
    grad=lambda op, g: UNPACK(g, num=len(op.inputs), axis=op.attrs["axis"]),
)


@PACK.shape_rule
def _(c: Any) -> Raw:
    out: Raw = None
    for i in range(len(c)):
        try:
            out = shapes.merge(out, c[i])
        except ValueError:
            raise ShapeError(
                f"Shapes of all inputs must match: values[0].shape = {list(c[0] or ())} != "
                f"values[{i}].shape = {list(c[i] or ())}"
            ) from None
    if out is None:
        return None
    axis = normal_axis(c.attrs["axis"], len(out) + 1)
    return (*out[:axis], len(c), *out[axis:])


@PACK.lowering
def _(b: Any, values: list[Any], axis: int) -> Any:
    entries = values
    dtype = next(v.dtype for v in values if type(v) is not np.ndarray)
    values = [b.constant(v, dtype) if type(v) is np.ndarray else v for v in values]
    axis = axis + values[0].rank + 1 if axis < 0 else axis
    shape = (*values[0].shape[:axis], 1, *values[0].shape[axis:])
    out = b.concatenate([b.reshape(v, shape) for v in values], axis)
    if values[0].rank == 0 and dtype.is_integer:
        b.entries[out.name] = entries
    return out


def _unpacked_shape(c: Any) -> list[Raw]:
    num, shape = c.attrs["num"], c[0]
    if shape is None:
        return [None] * num
    if not shape:
        raise ShapeError("Cannot unpack a scalar: its rank must be at least 1")
    axis = normal_axis(c.attrs["axis"], len(shape))
    if shape[axis] not in (None, num):
        raise ShapeError(f"Input shape axis {axis} must equal {num}, got shape {list(shape)}")
    return [shape[:axis] + shape[axis + 1 :]] * num


UNPACK: OpDef = OpDef(
    "Unpack",
    "value: T -> output: num*T",
    attrs={"num": REQUIRED, "axis": 0},
    shape=_unpacked_shape,
    kernel=lambda value, num, axis: (
        list(np.moveaxis(value, axis, 0))
        if value.dtype.kind != "O" or value.ndim > 1
        else [np.array(v, object) for v in value]
    ),
    grad=lambda op, *gs: [PACK(list(gs), axis=op.attrs["axis"])],
)


@UNPACK.lowering
def _(b: Any, value: Any, num: int, axis: int) -> Any:
    axis = axis + value.rank if axis < 0 else axis
    shape = value.shape[:axis] + value.shape[axis + 1 :]
    return [b.reshape(piece, shape) for piece in pieces(b, value, [1] * num, axis)]


# ------------------------------------------------------------------------------------------------------ split
def pieces(b: Any, x: Any, sizes: list[int], axis: int) -> list[Any]:
    """Consecutive slices along `axis`, while lowering."""
    out, at = [], 0
    for size in sizes:
        start, limit = [0] * x.rank, list(x.shape)
        start[axis], limit[axis] = at, at + size
        out.append(b.slice(x, start, limit))
        at += size
    return out


def split_axis(value: Any, rank: int) -> int:
    """The axis of a split, counted from the front."""
    if value.size != 1:
        raise ShapeError(f"split_dim must be a scalar but has rank {value.ndim}")
    axis = int(value.reshape(()))
    if not -rank <= axis < rank:
        raise ShapeError(f"-input rank(-{rank}) <= split_dim < input rank ({rank}), but got {axis}")
    return axis + rank if axis < 0 else axis


def _cut(x: Any, sizes: list[int], axis: int) -> list[Any]:
    return np.split(x, np.cumsum(sizes[:-1]), axis) if len(sizes) > 1 else [x]


SPLIT = OpDef(
    "Split",
    "split_dim: int32, value: T -> output: num_split*T",
    attrs={"num_split": REQUIRED},
    static=("split_dim",),
    kernel=lambda split_dim, value, num_split: np.split(value, num_split, int(split_dim)),
    lower=lambda b, split_dim, value, num_split: pieces(
        b, value, [value.shape[split_dim] // num_split] * num_split, int(split_dim) % value.rank
    ),
    grad=lambda op, *gs: [None, CONCAT_V2(list(gs), op.inputs[0])],
)


@SPLIT.shape_rule
def _(c: Any) -> list[Raw]:
    num, shape, value = c.attrs["num_split"], c[1], c.value(0)
    if shape is None or value is None:
        return [None if shape is None else (None,) * len(shape)] * num
    axis = split_axis(value, len(shape))
    d = shape[axis]
    if d is not None and (num <= 0 or d % num):
        raise ShapeError(
            "Number of ways to split should evenly divide the split dimension, but got split_dim "
            f"{axis} (size = {d}) and num_split {num}"
        )
    return [(*shape[:axis], None if d is None else d // num, *shape[axis + 1 :])] * num


def resolve_sizes(sizes: Any, d: int) -> list[int]:
    """`size_splits` with its -1 filled in."""
    out = [int(s) for s in sizes.tolist()]
    if out.count(-1) > 1:
        raise ShapeError("There can only be one -1 in the input.")
    total = sum(s for s in out if s != -1)
    if min(out, default=0) < -1 or total > d or (-1 not in out and total != d):
        raise ShapeError(
            "Determined shape must either match input shape along split_dim exactly if fully "
            "specified, or be less than the size of the input along split_dim if not fully "
            f"specified. Got sizes {out} for a dimension of {d}"
        )
    return [d - total if s == -1 else s for s in out]


SPLIT_V = OpDef(
    "SplitV",
    "value: T, size_splits: Tlen, split_dim: int32 -> output: num_split*T",
    attrs={"num_split": REQUIRED},
    types={"Tlen": INDEX | {dtypes.int8}},
    defaults={"Tlen": INT32},
    static=("size_splits", "split_dim"),
    kernel=lambda value, size_splits, split_dim, num_split: _cut(
        value, resolve_sizes(size_splits, value.shape[split_dim]), int(split_dim)
    ),
    lower=lambda b, value, size_splits, split_dim, num_split: pieces(
        b, value, resolve_sizes(size_splits, value.shape[split_dim]), int(split_dim) % value.rank
    ),
    grad=lambda op, *gs: [CONCAT_V2(list(gs), op.inputs[2]), None, None],
)


@SPLIT_V.shape_rule
def _(c: Any) -> list[Raw]:
    num, shape, axis_value, sizes = c.attrs["num_split"], c[0], c.value(2), c.value(1)
    if shape is None or axis_value is None:
        return [None if shape is None else (None,) * len(shape)] * num
    axis = split_axis(axis_value, len(shape))
    d = shape[axis]
    if sizes is None:
        parts: Any = c.partial(1)
        return [
            (*shape[:axis], s, *shape[axis + 1 :])
            for s in (parts if parts is not None and len(parts) == num else [None] * num)
        ]
    if sizes.size != num:
        raise ShapeError(f"size_splits has {sizes.size} entries for num_split = {num}")
    parts = resolve_sizes(sizes, d) if d is not None else [None if s < 0 else int(s) for s in sizes]
    return [(*shape[:axis], s, *shape[axis + 1 :]) for s in parts]


# ------------------------------------------------------------------------------------------------------- tile
TILE = OpDef(
    "Tile",
    "input: T, multiples: Tmultiples -> output: T",
    types={"Tmultiples": INDEX},
    defaults={"Tmultiples": INT32},
    static=("multiples",),
    kernel=lambda input, multiples: np.tile(input, multiples),
)


@TILE.shape_rule
def _(c: Any) -> Raw:
    if c[1] is not None and len(c[1]) != 1:
        raise ShapeError(f"Expected multiples to be 1-D, but got shape {list(c[1])}")
    times = c.partial(1)
    value = c.value(1) if times is not None and None in times else None
    if value is not None and (value < 0).any():
        raise ShapeError(f"Expected multiples[{int(value.argmin())}] >= 0, but got {int(value.min())}")
    if c[0] is None or times is None:
        return None if c[0] is None and times is None else (None,) * len(c[0] if c[0] is not None else times)
    if len(times) != len(c[0]):
        raise ShapeError(
            f"Expected multiples argument to be a vector of length {len(c[0])} but got length {len(times)}"
        )
    return tuple(
        [0 if m == 0 or d == 0 else None if m is None or d is None else m * d for m, d in zip(times, c[0])]
    )


def interleave(multiples: Any, shape: Any) -> list[int]:
    return [int(v) for pair in zip(multiples, shape) for v in pair]


@TILE.lowering
def _(b: Any, x: Any, multiples: Any) -> Any:
    if multiples.size != x.rank or (multiples < 0).any():
        raise invalid(f"Expected {x.rank} multiples >= 0, got {multiples.tolist()}")
    if all(m == 1 for m in multiples):
        return x
    wide = b.broadcast_in_dim(x, interleave(multiples, x.shape), range(1, 2 * x.rank, 2))
    return b.reshape(wide, [int(m) * d for m, d in zip(multiples, x.shape)])


@TILE.gradient
def _(op: Any, g: Any) -> list[Any]:
    x, multiples = op.inputs
    rank = (
        len(x._raw_shape)
        if x._raw_shape is not None
        else multiples._raw_shape[0]
        if known(multiples._raw_shape)
        else None
    )
    if rank is None:
        raise ValueError(
            f"The gradient of Tile needs the rank of its input, which is unknown here ({x!r}). "
            "Set it with tf.ensure_shape."
        )
    times = ints_of(multiples)
    if times is not None and known(x._raw_shape):
        wide: Any = interleave(times, x._raw_shape)
    else:
        wide = RESHAPE(
            lookup("Transpose")(PACK([multiples, SHAPE(x, out_type=multiples._dtype)]), [1, 0]), [-1]
        )
    return [
        RESHAPE(lookup("Sum")(RESHAPE(g, wide), list(range(0, 2 * rank, 2)), keep_dims=False), dims(x)),
        None,
    ]
