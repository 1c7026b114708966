"""Padding: with a constant, or mirrored."""

from __future__ import annotations

from typing import Any

import numpy as np

from headrace.core import dtypes
from headrace.core.dtypes import INDEX
from headrace.core.errors import ShapeError, invalid
from headrace.core.op import REQUIRED, OpDef, lookup
from headrace.core.shapes import Raw
from headrace.ops.slicing import SLICE

INT32 = dtypes.int32
_PADDINGS: dict[str, Any] = {
    "types": {"Tpaddings": INDEX},
    "defaults": {"Tpaddings": INT32},
    "static": ("paddings",),
}


def padding_table(t: Any) -> Any:
    """`paddings` as an array of shape (rank, 2), or None where it is not known."""
    from headrace.core.static import static_value

    return static_value(t)


def _rows(t: Any) -> Any:
    """`paddings` as lists, with None for what is not known yet: of `[[0, n], [1, 1]]` the second row is."""
    value = padding_table(t)
    if value is not None:
        return value.tolist()
    if t.op.type == "Pack" and t.op.attrs["axis"] == 0:
        return [_rows(x) for x in t.op.inputs]
    return None


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
    rows = _rows(c.inputs[1]) or [None] * len(c[0])
    return tuple(
        [None if d is None or row is None or None in row else d + sum(row) for d, row in zip(c[0], rows)]
    )


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


def pad_kernel(input: Any, paddings: Any, value: Any) -> Any:
    out = np.full([d + int(lo) + int(hi) for d, (lo, hi) in zip(input.shape, paddings)], value, input.dtype)
    out[tuple([slice(int(lo), int(lo) + d) for d, (lo, _) in zip(input.shape, paddings)])] = input
    return out


def _check_paddings(x: Any, paddings: Any) -> None:
    if paddings.shape != (x.rank, 2) or (paddings < 0).any():
        raise invalid(
            f"paddings must be a non-negative matrix of shape [{x.rank}, 2], got {paddings.tolist()}"
        )


def lower_pad(b: Any, x: Any, paddings: Any, value: Any) -> Any:
    _check_paddings(x, paddings)
    return b.pad(x, value, paddings[:, 0].tolist(), paddings[:, 1].tolist()) if x.rank else x


PAD = OpDef(
    "Pad",
    "input: T, paddings: Tpaddings -> output: T",
    shape=padded_shape,
    kernel=lambda input, paddings: pad_kernel(input, paddings, b"" if input.dtype.kind == "O" else 0),
    lower=lambda b, x, paddings: lower_pad(b, x, paddings, b.zeros((), x.dtype)),
    grad=lambda op, g: [_cut_out(op, g), None],
    **_PADDINGS,
)
PAD_V2 = OpDef(
    "PadV2",
    "input: T, paddings: Tpaddings, constant_values: T -> output: T",
    shape=padded_shape,
    kernel=lambda input, paddings, constant_values: pad_kernel(input, paddings, constant_values[()]),
    lower=lambda b, x, paddings, value: lower_pad(b, x, paddings, value),
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
        else pad_kernel(input, paddings, 0)
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
