"""Moving elements about: padding, reversing, rolling, and trading batch for space."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from headrace.core import dtypes
from headrace.core.dtypes import INDEX
from headrace.core.errors import InvalidArgumentError, ShapeError
from headrace.core.op import REQUIRED, OpDef, lookup
from headrace.core.shapes import Raw
from headrace.ops.array import ints_of
from headrace.ops.indexing import SLICE
from headrace.ops.table import normal_axis

INT32 = dtypes.int32
_PADDINGS: dict[str, Any] = {
    "types": {"Tpaddings": INDEX},
    "defaults": {"Tpaddings": INT32},
    "static": ("paddings",),
}


# -------------------------------------------------------------------------------------------------------- pad
def padding_table(t: Any) -> Any:
    """`paddings` as an array of shape (rank, 2), or None where it is not known."""
    from headrace.core.static import static_value

    return static_value(t)


def padded_shape(c: Any) -> Raw:
    """Every dimension grows by its two paddings."""
    table = c[1]
    if table is not None and (len(table) != 2 or table[1] not in (2, None)):
        raise ShapeError(f"paddings must be a matrix with 2 columns: {list(table)}")
    rank = len(c[0]) if c[0] is not None else table[0] if table is not None else None
    if table is not None and rank is not None and table[0] not in (rank, None):
        raise ShapeError(
            f"The first dimension of paddings must be the rank of inputs: {list(table)} for "
            f"inputs of rank {rank}"
        )
    value = padding_table(c.inputs[1])
    if value is not None and (value < 0).any():
        raise ShapeError(f"Paddings must be non-negative: {value.tolist()}")
    if c[0] is None:
        return None if rank is None else (None,) * rank
    if value is None:
        return (None,) * len(c[0])
    return tuple([None if d is None else d + int(lo) + int(hi) for d, (lo, hi) in zip(c[0], value)])


def _cut_out(op: Any, g: Any) -> Any:
    """The part of a padded gradient that the input had."""
    x, paddings = op.inputs[:2]
    table = padding_table(paddings)
    shape = lookup("Shape")(x, out_type=paddings._dtype)
    if table is not None:
        return SLICE(
            g, table[:, 0], x._raw_shape if x._raw_shape is not None and None not in x._raw_shape else shape
        )
    return SLICE(g, paddings[:, 0], shape)


def _pad_kernel(input: Any, paddings: Any, value: Any) -> Any:
    out = np.full([d + int(lo) + int(hi) for d, (lo, hi) in zip(input.shape, paddings)], value, input.dtype)
    out[tuple([slice(int(lo), int(lo) + d) for d, (lo, _) in zip(input.shape, paddings)])] = input
    return out


def _check_paddings(x: Any, paddings: Any) -> None:
    if paddings.shape != (x.rank, 2) or (paddings < 0).any():
        raise InvalidArgumentError(
            None,
            None,
            f"paddings must be a non-negative matrix of shape [{x.rank}, 2], got {paddings.tolist()}",
        )


def _lower_pad(b: Any, x: Any, paddings: Any, value: Any) -> Any:
    _check_paddings(x, paddings)
    return b.pad(x, value, paddings[:, 0].tolist(), paddings[:, 1].tolist()) if x.rank else x


PAD = OpDef(
    "Pad",
    "input: T, paddings: Tpaddings -> output: T",
    shape=padded_shape,
    kernel=lambda input, paddings: _pad_kernel(input, paddings, b"" if input.dtype.kind == "O" else 0),
    lower=lambda b, x, paddings: _lower_pad(b, x, paddings, b.zeros((), x.dtype)),
    grad=lambda op, g: [_cut_out(op, g), None],
    **_PADDINGS,
)
PAD_V2 = OpDef(
    "PadV2",
    "input: T, paddings: Tpaddings, constant_values: T -> output: T",
    shape=padded_shape,
    kernel=lambda input, paddings, constant_values: _pad_kernel(input, paddings, constant_values[()]),
    lower=lambda b, x, paddings, value: _lower_pad(b, x, paddings, value),
    **_PADDINGS,
)


@PAD_V2.gradient
def _(op: Any, g: Any) -> list[Any]:
    total, inside = lookup("Sum"), _cut_out(op, g)
    every = lambda t: (
        list(range(len(t._raw_shape)))
        if t._raw_shape is not None
        else lookup("Range")(0, lookup("Rank")(t), 1)
    )
    return [
        inside,
        None,
        lookup("Sub")(total(g, every(g), keep_dims=False), total(inside, every(inside), keep_dims=False)),
    ]


def _mirror_limit(shape: Any, table: Any, mode: str) -> None:
    off = 1 if mode == "REFLECT" else 0
    for d, (lo, hi) in zip(shape, table):
        if d is not None and max(lo, hi) > max(0, d - off):
            word = "less than" if off else "no greater than"
            raise ShapeError(
                f"paddings must be {word} the dimension size: {int(lo)}, {int(hi)} not {word} {d}"
            )


def _mirror_shape(c: Any) -> Raw:
    out = padded_shape(c)
    table = padding_table(c.inputs[1])
    if table is not None and c[0] is not None:
        _mirror_limit(c[0], table, c.attrs["mode"])
    return out


MIRROR_PAD = OpDef(
    "MirrorPad",
    "input: T, paddings: Tpaddings -> output: T",
    attrs={"mode": REQUIRED},
    shape=_mirror_shape,
    kernel=lambda input, paddings, mode: (
        np.pad(input, paddings, "reflect" if mode == "REFLECT" else "symmetric")
        if input.size
        else _pad_kernel(input, paddings, 0)
    ),
    grad=lambda op, g: [MIRROR_PAD_GRAD(g, op.inputs[1], mode=op.attrs["mode"]), None],
    **_PADDINGS,
)
MIRROR_PAD_GRAD: OpDef = OpDef(
    "MirrorPadGrad",
    "input: T, paddings: Tpaddings -> output: T",
    attrs={"mode": REQUIRED},
    grad=lambda op, g: [MIRROR_PAD(g, op.inputs[1], mode=op.attrs["mode"]), None],
    **_PADDINGS,
)


@MIRROR_PAD.lowering
def _(b: Any, x: Any, paddings: Any, mode: str) -> Any:
    _check_paddings(x, paddings)
    _mirror_limit(x.shape, paddings, mode)
    off = 1 if mode == "REFLECT" else 0
    for k, (lo, hi) in enumerate(paddings.tolist()):
        parts = [x]
        if lo:
            parts.insert(0, b.reverse(_along(b, x, k, off, off + lo), [k]))
        if hi:
            parts.append(b.reverse(_along(b, x, k, x.shape[k] - off - hi, x.shape[k] - off), [k]))
        x = b.concatenate(parts, k)
    return x


def _along(b: Any, x: Any, k: int, start: int, stop: int) -> Any:
    lo, hi = [0] * x.rank, list(x.shape)
    lo[k], hi[k] = start, stop
    return b.slice(x, lo, hi)


@MIRROR_PAD_GRAD.shape_rule
def _(c: Any) -> Raw:
    table = padding_table(c.inputs[1])
    if c[0] is None or table is None:
        return None if c[0] is None else (None,) * len(c[0])
    return tuple([None if d is None else d - int(lo) - int(hi) for d, (lo, hi) in zip(c[0], table)])


def _fold(x: Any, k: int, lo: int, hi: int, off: int, pick: Any, flip: Any, pad: Any, add: Any) -> Any:
    """Adds both margins of dimension k onto what they mirror."""
    d = x.shape[k] - lo - hi
    out = pick(x, k, lo, lo + d)
    if lo:
        out = add(out, pad(flip(pick(x, k, 0, lo), k), k, off, d - off - lo))
    if hi:
        out = add(out, pad(flip(pick(x, k, lo + d, lo + d + hi), k), k, d - off - hi, off))
    return out


@MIRROR_PAD_GRAD.kernel_rule
def _(input: Any, paddings: Any, mode: str) -> Any:
    pick = lambda x, k, lo, hi: x[(slice(None),) * k + (slice(lo, hi),)]
    pad = lambda x, k, lo, hi: np.pad(x, [(lo, hi) if i == k else (0, 0) for i in range(x.ndim)])
    for k, (lo, hi) in enumerate(paddings.tolist()):
        input = _fold(
            input, k, lo, hi, 1 if mode == "REFLECT" else 0, pick, lambda x, k: np.flip(x, k), pad, np.add
        )
    return input


@MIRROR_PAD_GRAD.lowering
def _(b: Any, x: Any, paddings: Any, mode: str) -> Any:
    pick = lambda x, k, lo, hi: _along(b, x, k, lo, hi)
    pad = lambda x, k, lo, hi: b.pad(
        x,
        b.zeros((), x.dtype),
        [lo if i == k else 0 for i in range(x.rank)],
        [hi if i == k else 0 for i in range(x.rank)],
    )
    for k, (lo, hi) in enumerate(paddings.tolist()):
        x = _fold(
            x, k, lo, hi, 1 if mode == "REFLECT" else 0, pick, lambda x, k: b.reverse(x, [k]), pad, b.add
        )
    return x


# ---------------------------------------------------------------------------------------------- reverse, roll
REVERSE_V2: OpDef = OpDef(
    "ReverseV2",
    "tensor: T, axis: Tidx -> output: T",
    types={"Tidx": INDEX},
    defaults={"Tidx": INT32},
    static=("axis",),
    kernel=lambda tensor, axis: np.flip(tensor, axis.tolist()),
    lower=lambda b, x, axis: b.reverse(x, sorted(a % x.rank for a in axis.tolist())),
    grad=lambda op, g: [REVERSE_V2(g, op.inputs[1]), None],
)


@REVERSE_V2.shape_rule
def _(c: Any) -> Raw:
    axes = c.value(1)
    if c[1] is not None and len(c[1]) != 1:
        raise ShapeError(f"'dims' must be 1-dimension, not {len(c[1])}")
    if axes is not None and c[0] is not None:
        seen: set[int] = set()
        for a in axes.tolist():
            k = normal_axis(a, len(c[0]))
            if k in seen:
                raise ShapeError(f"axis {k} specified more than once.")
            seen.add(k)
    return c[0]


REVERSE: OpDef = OpDef(
    "Reverse",
    "tensor: T, dims: bool -> output: T",
    static=("dims",),
    shape=lambda c: c[0],
    kernel=lambda tensor, dims: np.flip(tensor, tuple(np.flatnonzero(dims).tolist())),
    lower=lambda b, x, dims: b.reverse(x, np.flatnonzero(dims).tolist()),
    grad=lambda op, g: [REVERSE(g, op.inputs[1]), None],
)

REVERSE_SEQUENCE: OpDef = OpDef(
    "ReverseSequence",
    "input: T, seq_lengths: Tlen -> output: T",
    attrs={"seq_dim": REQUIRED, "batch_dim": 0},
    types={"Tlen": INDEX},
    defaults={"Tlen": dtypes.int64},
    grad=lambda op, g: [REVERSE_SEQUENCE(g, op.inputs[1], **op.attrs), None],
)


@REVERSE_SEQUENCE.shape_rule
def _(c: Any) -> Raw:
    seq, batch = c.attrs["seq_dim"], c.attrs["batch_dim"]
    if c[0] is None:
        return None
    rank = len(c[0])
    seq, batch = normal_axis(seq, rank, "seq_dim"), normal_axis(batch, rank, "batch_dim")
    if seq == batch:
        raise ShapeError(f"batch_dim == seq_dim == {seq}")
    if c[1] is not None and (
        len(c[1]) != 1 or (c[1][0] is not None and c[0][batch] is not None and c[1][0] != c[0][batch])
    ):
        raise ShapeError(f"Length of seq_lengths {list(c[1])} != input.dims({batch}) = {c[0][batch]}")
    known = c[1][0] if c[1] is not None and c[0][batch] is None else c[0][batch]
    return (*c[0][:batch], known, *c[0][batch + 1 :])


@REVERSE_SEQUENCE.kernel_rule
def _(input: Any, seq_lengths: Any, seq_dim: int, batch_dim: int) -> Any:
    seq, batch = seq_dim % input.ndim, batch_dim % input.ndim
    n = input.shape[seq]
    if seq_lengths.size and (seq_lengths.min() < 0 or seq_lengths.max() > n):
        raise InvalidArgumentError(None, None, f"seq_lengths must be in [0, {n}], got {seq_lengths.tolist()}")
    moved = np.moveaxis(input, (batch, seq), (0, 1))
    steps = np.arange(n)
    rows = np.where(steps < seq_lengths[:, None], seq_lengths[:, None] - 1 - steps, steps)
    return np.moveaxis(moved[np.arange(len(rows))[:, None], rows], (0, 1), (batch, seq))


@REVERSE_SEQUENCE.lowering
def _(b: Any, x: Any, seq_lengths: Any, seq_dim: int, batch_dim: int) -> Any:
    seq, batch = seq_dim % x.rank, batch_dim % x.rank
    if 0 in x.shape:
        return x
    n, dtype = x.shape[seq], seq_lengths.dtype
    shape = (x.shape[batch], n)
    steps, lengths = b.iota(shape, 1, dtype), b.broadcast_in_dim(seq_lengths, shape, [0])
    rows = b.select(
        b.compare("LT", steps, lengths), b.sub(b.sub(lengths, b.full(shape, 1, dtype)), steps), steps
    )
    rest = [i for i in range(x.rank) if i not in (batch, seq)]
    order = [batch, seq, *rest]
    moved = b.transpose(x, order)
    picked = b.gather(
        moved,
        rows,
        moved.shape,
        offset_dims=range(2, x.rank),
        collapsed=[1],
        start_map=[1],
        sizes=[1, 1, *moved.shape[2:]],
        index_dim=2,
        batch=([0], [0]),
    )
    return b.transpose(picked, [order.index(i) for i in range(x.rank)])


ROLL: OpDef = OpDef(
    "Roll",
    "input: T, shift: Tshift, axis: Taxis -> output: T",
    types={"Tshift": INDEX, "Taxis": INDEX},
    defaults={"Tshift": INT32, "Taxis": INT32},
    static=("axis",),
    kernel=lambda input, shift, axis: np.roll(input, shift.tolist(), axis.tolist()),
    grad=lambda op, g: [ROLL(g, lookup("Neg")(op.inputs[1]), op.inputs[2]), None, None],
)


@ROLL.shape_rule
def _(c: Any) -> Raw:
    axes = c.value(2)
    if c[0] is not None:
        if not c[0]:
            raise ShapeError("input must be 1-D or higher")
        for a in [] if axes is None else axes.reshape(-1).tolist():
            normal_axis(a, len(c[0]))
    if (
        c[1] is not None
        and c[2] is not None
        and (len(c[1]) > 1 or len(c[2]) > 1 or (c[1] != c[2] and None not in (*c[1], *c[2])))
    ):
        raise ShapeError(
            f"shift and axis must have the same size, at most 1-D: {list(c[1])} and {list(c[2])}"
        )
    return c[0]


@ROLL.lowering
def _(b: Any, x: Any, shift: Any, axis: Any) -> Any:
    for i, a in enumerate(axis.reshape(-1).tolist()):
        k = a % x.rank
        n = x.shape[k]
        if n < 2:
            continue
        by = shift if shift.rank == 0 else b.reshape(b.slice(shift, [i], [i + 1]), ())
        # rolling right by s is reading x twice over, from n - s mod n on
        size = b.constant(n, by.dtype)
        left = b.binary("remainder", b.add(b.binary("remainder", b.neg(by), size), size), size)
        zero = b.constant(0, by.dtype)
        x = b.dynamic_slice(
            b.concatenate([x, x], k), [left if j == k else zero for j in range(x.rank)], x.shape
        )
    return x


# -------------------------------------------------------------------------------------------- batch and space
def _blocks(block_shape: Any, margins: Any, name: str, rank: Raw) -> tuple[list[int], list[list[int]]] | None:
    block, table = ints_of(block_shape), padding_table(margins)
    if block is None or table is None:
        return None
    if table.shape != (len(block), 2):
        raise ShapeError(f"{name} should have shape [{len(block)}, 2] instead of {list(table.shape)}")
    if min(block, default=1) < 1 or (table < 0).any():
        raise ShapeError(f"block_shape must be positive and {name} non-negative: {block}, {table.tolist()}")
    if rank is not None and len(rank) < len(block) + 1:
        raise ShapeError(f"input rank should be >= {len(block) + 1} instead of {len(rank)}")
    return block, table.tolist()


_BLOCKS: dict[str, Any] = {"defaults": {"Tblock_shape": INT32, "Tpaddings": INT32, "Tcrops": INT32}}
SPACE_TO_BATCH_ND = OpDef(
    "SpaceToBatchND",
    "input: T, block_shape: Tblock_shape, paddings: Tpaddings -> output: T",
    types={"Tblock_shape": INDEX, "Tpaddings": INDEX},
    static=("block_shape", "paddings"),
    grad=lambda op, g: [BATCH_TO_SPACE_ND(g, op.inputs[1], op.inputs[2]), None, None],
    **_BLOCKS,
)
BATCH_TO_SPACE_ND: OpDef = OpDef(
    "BatchToSpaceND",
    "input: T, block_shape: Tblock_shape, crops: Tcrops -> output: T",
    types={"Tblock_shape": INDEX, "Tcrops": INDEX},
    static=("block_shape", "crops"),
    grad=lambda op, g: [SPACE_TO_BATCH_ND(g, op.inputs[1], op.inputs[2]), None, None],
    **_BLOCKS,
)


@SPACE_TO_BATCH_ND.shape_rule
def _(c: Any) -> Raw:
    known = _blocks(c.inputs[1], c.inputs[2], "paddings", c[0])
    if c[0] is None or known is None:
        return None if c[0] is None else (None,) * len(c[0])
    block, table = known
    out = list(c[0])
    out[0] = None if out[0] is None else out[0] * math.prod(block)
    for i, (size, (lo, hi)) in enumerate(zip(block, table), 1):
        d = out[i]
        if d is not None:
            if (d + lo + hi) % size:
                raise ShapeError(
                    f"padded_shape[{i - 1}]={d + lo + hi} is not divisible by block_shape[{i - 1}]={size}"
                )
            out[i] = (d + lo + hi) // size
    return tuple(out)


def _space_to_batch(x: Any, block: list[int], table: Any, pad: Any, reshape: Any, transpose: Any) -> Any:
    m, rank = len(block), len(x.shape)
    x = pad(x, [[0, 0], *table, *[[0, 0]] * (rank - m - 1)])
    split = [x.shape[0]]
    for d, size in zip(x.shape[1:], block):
        split += [d // size, size]
    inner = [*range(2, 2 * m + 1, 2), 0, *range(1, 2 * m, 2), *range(2 * m + 1, rank + m)]
    moved = transpose(reshape(x, [*split, *x.shape[m + 1 :]]), inner)
    return reshape(
        moved,
        [
            x.shape[0] * math.prod(block),
            *[d // size for d, size in zip(x.shape[1:], block)],
            *x.shape[m + 1 :],
        ],
    )


@SPACE_TO_BATCH_ND.kernel_rule
def _(input: Any, block_shape: Any, paddings: Any) -> Any:
    zero = b"" if input.dtype.kind == "O" else 0
    return _space_to_batch(
        input,
        block_shape.tolist(),
        paddings.tolist(),
        lambda x, p: _pad_kernel(x, p, zero),
        np.reshape,
        np.transpose,
    )


@SPACE_TO_BATCH_ND.lowering
def _(b: Any, x: Any, block_shape: Any, paddings: Any) -> Any:
    pad = lambda x, p: _lower_pad(b, x, np.asarray(p), b.zeros((), x.dtype))
    return _space_to_batch(x, block_shape.tolist(), paddings.tolist(), pad, b.reshape, b.transpose)


@BATCH_TO_SPACE_ND.shape_rule
def _(c: Any) -> Raw:
    known = _blocks(c.inputs[1], c.inputs[2], "crops", c[0])
    if c[0] is None or known is None:
        return None if c[0] is None else (None,) * len(c[0])
    block, table = known
    out = list(c[0])
    if out[0] is not None:
        if out[0] % math.prod(block):
            raise ShapeError(
                f"Input batch dimension ({out[0]}) is not divisible by product of block sizes "
                f"({math.prod(block)})"
            )
        out[0] //= math.prod(block)
    for i, (size, (lo, hi)) in enumerate(zip(block, table), 1):
        d = out[i]
        if d is not None:
            out[i] = d * size - lo - hi
            if out[i] < 0:  # type: ignore[operator]
                raise ShapeError(
                    f"cropped size must be non-negative: crops {lo}, {hi} of {d * size} in dimension {i}"
                )
    return tuple(out)


def _batch_to_space(x: Any, block: list[int], table: Any, crop: Any, reshape: Any, transpose: Any) -> Any:
    m, rank = len(block), len(x.shape)
    batch = x.shape[0] // math.prod(block)
    split = reshape(x, [*block, batch, *x.shape[1:]])
    order = [m]
    for i in range(m):
        order += [m + 1 + i, i]
    moved = transpose(split, [*order, *range(2 * m + 1, rank + m)])
    whole = reshape(moved, [batch, *[d * size for d, size in zip(x.shape[1:], block)], *x.shape[m + 1 :]])
    return crop(
        whole,
        [0, *[lo for lo, _ in table], *[0] * (rank - m - 1)],
        [batch, *[d * size - hi for d, size, (_, hi) in zip(x.shape[1:], block, table)], *x.shape[m + 1 :]],
    )


@BATCH_TO_SPACE_ND.kernel_rule
def _(input: Any, block_shape: Any, crops: Any) -> Any:
    crop = lambda x, lo, hi: x[tuple([slice(a, z) for a, z in zip(lo, hi)])]
    return _batch_to_space(input, block_shape.tolist(), crops.tolist(), crop, np.reshape, np.transpose)


@BATCH_TO_SPACE_ND.lowering
def _(b: Any, x: Any, block_shape: Any, crops: Any) -> Any:
    return _batch_to_space(x, block_shape.tolist(), crops.tolist(), b.slice, b.reshape, b.transpose)


def _old_spelling(type_name: str, margins: str, new: OpDef) -> OpDef:
    """The op of TensorFlow 1.x with one block size for height and width."""
    return OpDef(
        type_name,
        f"input: T, {margins}: Tpaddings -> output: T",
        attrs={"block_size": REQUIRED},
        types={"Tpaddings": INDEX},
        defaults={"Tpaddings": INT32},
        static=(margins,),
        body=lambda x, table, block_size: new(x, [block_size, block_size], table),
    )


SPACE_TO_BATCH = _old_spelling("SpaceToBatch", "paddings", SPACE_TO_BATCH_ND)
BATCH_TO_SPACE = _old_spelling("BatchToSpace", "crops", BATCH_TO_SPACE_ND)
