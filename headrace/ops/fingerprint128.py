"""CityHash's 128-bit fingerprint (Pike and Alakuijala, 2011), of which `SdcaFprint` makes ids of examples."""

from __future__ import annotations

from typing import Any

import numpy as np

from headrace.core.errors import ShapeError, invalid
from headrace.core.op import OpDef
from headrace.core.tape import not_differentiable

from .hashing import K0, K1, U, _mix, _pair, _rotate_right, _weak, _word, fingerprint64

K_MUL = U(0x9DDFEA08EB382D69)


def _hash16(u: Any, v: Any) -> Any:
    return _pair(u, v, K_MUL)


def fingerprint128(text: bytes) -> tuple[Any, Any]:
    """The lower and the upper half."""
    s = np.frombuffer(text, np.uint8).reshape(1, -1)
    with np.errstate(over="ignore"):
        if len(text) >= 16:
            halves = _seeded(s[:, 16:], _word(s, 0), _word(s, 8) + K0)
        else:
            halves = _seeded(s, np.full(1, K0), np.full(1, K1))
    return halves[0][0], halves[1][0]


def _seeded(s: np.ndarray, first: Any, second: Any) -> tuple[Any, Any]:
    n = s.shape[1]
    if n < 128:
        return _short(s, first, second)
    x, y, z = first, second, U(n) * K1
    v0 = _rotate_right(y ^ K1, 49) * K1 + _word(s, 0)
    v1 = _rotate_right(v0, 42) * K1 + _word(s, 8)
    w0, w1 = _rotate_right(y + z, 35) * K1 + x, _rotate_right(x + _word(s, 88), 53) * K1
    blocks = n // 128 * 2
    for i in range(0, 64 * blocks, 64):
        x = _rotate_right(x + y + v0 + _word(s, i + 8), 37) * K1 ^ w1
        y = _rotate_right(y + v1 + _word(s, i + 48), 42) * K1 + v0 + _word(s, i + 40)
        z = _rotate_right(z + w0, 33) * K1
        v0, v1 = _weak(s, i, v1 * K1, x + w0)
        w0, w1 = _weak(s, i + 32, z + w1, y + _word(s, i + 16))
        x, z = z, x
    rest = n - 64 * blocks
    x = x + _rotate_right(v0 + z, 49) * K0
    y = y * K0 + _rotate_right(w1, 37)
    z = z * K0 + _rotate_right(w0, 27)
    w0, v0 = w0 * U(9), v0 * K0
    for done in range(32, rest + 32, 32):
        at = n - done
        y = _rotate_right(x + y, 42) * K0 + v1
        w0 = w0 + _word(s, at + 16)
        x = x * K0 + w0
        z = z + w1 + _word(s, at)
        w1 = w1 + v0
        v0, v1 = _weak(s, at, v0 + z, v1)
        v0 = v0 * K0
    x, y = _hash16(x, v0), _hash16(y + z, w0)
    return _hash16(x + v1, w1) + y, _hash16(x + w1, y + v1)


def _short(s: np.ndarray, a: Any, b: Any) -> tuple[Any, Any]:
    n = s.shape[1]
    if n <= 16:
        a = _mix(a * K1) * K1
        c = b * K1 + fingerprint64(s)
        d = _mix(a + (_word(s, 0) if n >= 8 else c))
    else:
        c = _hash16(_word(s, n - 8) + K1, a)
        d = _hash16(b + U(n), c + _word(s, n - 16))
        a = a + d
        for i in range(0, n - 16, 16):
            a = (a ^ (_mix(_word(s, i) * K1) * K1)) * K1
            b = b ^ a
            c = (c ^ (_mix(_word(s, i + 8) * K1) * K1)) * K1
            d = d ^ c
    a, b = _hash16(a, c), _hash16(d, b)
    return a ^ b, _hash16(b, a)


def _ids(input: np.ndarray) -> np.ndarray:
    if input.ndim != 1:
        raise invalid(f"Input must be a vector, got shape {list(input.shape)}")
    out = np.empty((len(input), 2), np.uint64)
    for i, text in enumerate(input):
        low, high = fingerprint128(text)
        with np.errstate(over="ignore"):
            out[i] = (
                low if low >= 2 else low + ~U(1),
                high,
            )  # 0 and 1 are left for those who need a value that is no id
    return out.view(np.int64)


def _shape(c: Any) -> Any:
    if c[0] is not None and len(c[0]) != 1:
        raise ShapeError(f"Input must be a vector, got shape {list(c[0])}")
    return (None if c[0] is None else c[0][0], 2)


SDCA_FPRINT = OpDef(
    "SdcaFprint",
    "input: string -> output: int64",
    shape=_shape,
    kernel=_ids,
    host=True,
    grad=not_differentiable,
)
