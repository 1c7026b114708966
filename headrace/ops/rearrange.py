"""Elements in another order: reversed, or rolled."""

from __future__ import annotations

from typing import Any

import numpy as np

from headrace.core import dtypes
from headrace.core.dtypes import INDEX
from headrace.core.errors import ShapeError, invalid
from headrace.core.op import REQUIRED, OpDef, lookup
from headrace.core.shapes import Raw
from headrace.ops.table import normal_axis

INT32 = dtypes.int32


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
        raise invalid(f"seq_lengths must be in [0, {n}], got {seq_lengths.tolist()}")
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
    b.check_indices(seq_lengths, n + 1, "seq_lengths")
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
