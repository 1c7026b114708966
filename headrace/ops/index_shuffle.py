"""Where one index goes in a random permutation, without building the permutation."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from headrace.core import dtypes, shapes
from headrace.core.errors import ShapeError, invalid
from headrace.core.op import OpDef, ShapeContext
from headrace.core.shapes import Raw
from headrace.core.tape import not_differentiable

from .draws import count
from .formula import HOST, Lifted, Program, lift
from .random import SEEDS, WIDE_INTS


def _rotate(x: Any, r: int, width: int) -> Any:
    """`x` (of `width` bits in a uint64) rotated left."""
    return ((x << r) | (x >> (width - r))) & ((1 << width) - 1)


def _index_shuffle(xp: Any, index: Any, key: Sequence[Any], last: Any, width: int, rounds: int) -> Any:
    """Where each index goes in a permutation of [0, last]: the Simon block cipher (Beaulieu et al., 2013)
    with words of `width` bits, applied until the result is in range (cycle walking)."""
    mask = (1 << width) - 1
    keys = [k & mask for k in key]
    z = 0x7369F885192C0EF5
    for i in range(3, rounds):
        constant = 0xFFFFFFFC & mask ^ ((z >> (i - 3)) & 1)
        keys.append(
            keys[i - 3]
            ^ _rotate(keys[i - 1], width - 3, width)
            ^ _rotate(keys[i - 1], width - 4, width)
            ^ constant
        )

    def mix(x: Any) -> Any:
        return (_rotate(x, 1, width) & _rotate(x, 8, width)) ^ _rotate(x, 2, width)

    def step(params: Sequence[Any], state: Sequence[Any]) -> tuple[Any, Sequence[Any]]:
        *keys, last = params
        left, right = (state[0] >> width) & mask, state[0] & mask
        for k1, k2 in zip(keys[::2], keys[1::2]):
            left = left ^ mix(right) ^ k1
            right = right ^ mix(left) ^ k2
        value = (left << width) | right
        return value <= last, [value]

    return xp.retry(step, [*keys, last], [index])[0]


def _index_shuffle_rule(
    xp: Any, index: Any, seed: Any, max_index: Any, rounds: int, value: np.ndarray
) -> Any:
    """Every input broadcast to one vector; `value` is max_index's value, which decides the cipher's width."""
    if rounds < 4 or rounds % 2:
        raise invalid(f"The number of rounds must be an even number of at least 4, received {rounds}.")
    shape = np.broadcast_shapes(index.shape, seed.shape[:-1], max_index.shape)
    n = count(shape)
    highest = value.astype(np.uint64).reshape(-1)
    bits = {int(np.ceil(np.log2(float(v)))) if v else 0 for v in highest}
    widths = {max(b + b % 2, 16) // 2 for b in bits}
    flat = [xp.reshape(xp.broadcast(xp.convert(x, dtypes.uint64), shape), (n,)) for x in (index, max_index)]
    wide = xp.convert(seed, dtypes.uint64) & 0xFFFFFFFF
    parts = [wide[i] for i in range(3)] if len(seed.shape) == 1 else [_column(wide, i) for i in range(3)]
    key = [xp.reshape(xp.broadcast(p, shape), (n,)) for p in parts]
    dtype = index.dtype if isinstance(index, Lifted) else dtypes.from_numpy(index.dtype)
    if len(widths) <= 1:
        result = _index_shuffle(xp, flat[0], key, flat[1], widths.pop() if widths else 8, rounds)
    else:
        result = 0 * flat[0]
        for width in widths:
            low, high = (0 if width == 8 else 2 ** (2 * width - 2)), 2 ** (2 * width)
            mine = (flat[1] > low) & (flat[1] <= high) if low else flat[1] <= high
            bounded = xp.where(mine, flat[1], xp.full((n,), 2 ** (2 * width) - 1, dtypes.uint64))
            result = xp.where(
                mine,
                _index_shuffle(xp, flat[0] & (2 ** (2 * width) - 1), key, bounded, width, rounds),
                result,
            )
    result = xp.where(flat[1] == 0, 0 * result, result)
    return xp.reshape(xp.convert(result, dtype), shape)


def _column(x: Any, i: int) -> Any:
    if isinstance(x, Lifted):
        return lift(x.b, x.b.reshape(x.b.slice(x.v, [0, i], [x.shape[0], i + 1]), (x.shape[0],)))
    return x[:, i]


def _index_shuffle_shape(c: ShapeContext) -> Raw:
    if c[0] is None or c[1] is None or c[2] is None:
        return None
    if not c[1] or c[1][-1] not in (3, None):
        raise ShapeError(f"seed must have shape [3] or [n, 3], not {shapes.text(c[1])}")
    return shapes.broadcast(shapes.broadcast(c[0], c[2]), c[1][:-1])


def _index_kernel(index: np.ndarray, seed: np.ndarray, max_index: np.ndarray, rounds: int) -> np.ndarray:
    if np.any(index < 0) or np.any(index > max_index):
        raise invalid("index must be in [0, max_index].")
    return _index_shuffle_rule(HOST, index, seed, max_index, rounds, max_index)


def _index_lower(b: Any, index: Any, seed: Any, max_index: np.ndarray, rounds: int) -> Any:
    return _index_shuffle_rule(
        Program(b), lift(b, index), lift(b, seed), lift(b, b.constant(max_index)), rounds, max_index
    ).v


INDEX_SHUFFLE = OpDef(
    "RandomIndexShuffle",
    "index: dtype, seed: Tseed, max_index: dtype -> output: dtype",
    attrs={"rounds": 4},
    types={"dtype": WIDE_INTS, **SEEDS},
    shape=_index_shuffle_shape,
    kernel=_index_kernel,
    lower=_index_lower,
    static=("max_index",),
    grad=not_differentiable,
)
