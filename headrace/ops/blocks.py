"""Trading batch for space: blocks of the spatial dimensions as more batches, and back."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from headrace.core import dtypes
from headrace.core.dtypes import INDEX
from headrace.core.errors import ShapeError
from headrace.core.op import REQUIRED, OpDef
from headrace.core.shapes import Raw
from headrace.ops.array import ints_of
from headrace.ops.padding import lower_pad, pad_kernel, padding_table

INT32 = dtypes.int32


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
        lambda x, p: pad_kernel(x, p, zero),
        np.reshape,
        np.transpose,
    )


@SPACE_TO_BATCH_ND.lowering
def _(b: Any, x: Any, block_shape: Any, paddings: Any) -> Any:
    pad = lambda x, p: lower_pad(b, x, np.asarray(p), b.zeros((), x.dtype))
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
            if out[i] < 0:
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


def _old_spelling(type_name: str, margins: str, kind: str, new: OpDef) -> OpDef:
    """The op of TensorFlow 1.x with one block size for height and width."""
    return OpDef(
        type_name,
        f"input: T, {margins}: {kind} -> output: T",
        attrs={"block_size": REQUIRED},
        types={kind: INDEX},
        defaults={kind: INT32},
        static=(margins,),
        body=lambda x, table, block_size: new(x, [block_size, block_size], table),
    )


SPACE_TO_BATCH = _old_spelling("SpaceToBatch", "paddings", "Tpaddings", SPACE_TO_BATCH_ND)
BATCH_TO_SPACE = _old_spelling("BatchToSpace", "crops", "Tidx", BATCH_TO_SPACE_ND)
