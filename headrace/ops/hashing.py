"""Hashes of byte strings, computed for many strings at once: strings of one length are rows of a matrix of
bytes.

`fingerprint64` is FarmHash's stable 64-bit fingerprint (G. Pike, "FarmHash", 2014), `siphash` is SipHash-2-4
(J.-P. Aumasson and D. Bernstein, "SipHash: a fast short-input PRF", 2012), `hash64` the MurmurHash2 variant
of TensorFlow's own."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

U = np.uint64
K0, K1, K2 = U(0xC3A5C85C97CB3127), U(0xB492B66FBE98F273), U(0x9AE16A3B2F90404F)


def by_length(strings: Sequence[bytes], function: Callable[[np.ndarray], np.ndarray]) -> np.ndarray:
    """`function` takes a matrix of bytes, a string per row, and gives a uint64 per row; here it is applied to
    all strings."""
    out = np.empty(len(strings), np.uint64)
    groups: dict[int, list[int]] = {}
    for i, s in enumerate(strings):
        groups.setdefault(len(s), []).append(i)
    with np.errstate(over="ignore"):
        for length, members in groups.items():
            data = np.frombuffer(b"".join([strings[i] for i in members]), np.uint8).reshape(
                len(members), length
            )
            out[members] = function(data)
    return out


def _word(s: np.ndarray, i: int, size: int = 8) -> np.ndarray:
    """The little-endian word at byte i of every row."""
    return np.ascontiguousarray(s[:, i : i + size]).view(f"<u{size}")[:, 0].astype(np.uint64)


def _rotate_right(x: Any, n: int) -> Any:
    return (x >> U(n)) | (x << U(64 - n))


def _rotate_left(x: Any, n: int) -> Any:
    return (x << U(n)) | (x >> U(64 - n))


# --------------------------------------------------------------------------------------------------- FarmHash
def _mix(x: Any) -> Any:
    return x ^ (x >> U(47))


def _pair(u: Any, v: Any, mul: Any) -> Any:
    a = _mix((u ^ v) * mul)
    return _mix((v ^ a) * mul) * mul


def fingerprint64(s: np.ndarray) -> np.ndarray:
    count, n = s.shape
    if n > 64:
        return _long(s)
    mul = K2 + U(2 * n)
    if n > 16:
        a = _word(s, 0) * (K1 if n <= 32 else K2)
        b = _word(s, 8)
        c = _word(s, n - 8) * mul
        d = _word(s, n - 16) * K2
        y = _rotate_right(a + b, 43) + _rotate_right(c, 30) + d
        z = _pair(y, a + _rotate_right(b + K2, 18) + c, mul)
        if n <= 32:
            return z
        e, f = _word(s, 16) * mul, _word(s, 24)
        g, h = (y + _word(s, n - 32)) * mul, (z + _word(s, n - 24)) * mul
        return _pair(
            _rotate_right(e + f, 43) + _rotate_right(g, 30) + h, e + _rotate_right(f + a, 18) + g, mul
        )
    if n >= 8:
        a, b = _word(s, 0) + K2, _word(s, n - 8)
        return _pair(_rotate_right(b, 37) * mul + a, (_rotate_right(a, 25) + b) * mul, mul)
    if n >= 4:
        return _pair(U(n) + (_word(s, 0, 4) << U(3)), _word(s, n - 4, 4), mul)
    if n:
        first, middle, last = (s[:, i].astype(np.uint64) for i in (0, n >> 1, n - 1))
        return _mix(((first + (middle << U(8))) * K2) ^ ((U(n) + (last << U(2))) * K0)) * K2
    return np.full(count, K2)


def _weak(s: np.ndarray, i: int, a: Any, b: Any) -> tuple[Any, Any]:
    w, x, y, z = (_word(s, i + 8 * k) for k in range(4))
    a = a + w
    b = _rotate_right(b + a + z, 21)
    c = a
    a = a + x + y
    return a + z, b + _rotate_right(a, 44) + c


def _long(s: np.ndarray) -> np.ndarray:
    count, n = s.shape
    seed = U(81) * K1 + U(113)
    x, y, z = U(81) * K2 + _word(s, 0), np.full(count, seed), np.full(count, _mix(seed * K2 + U(113)) * K2)
    v0 = v1 = w0 = w1 = np.zeros(count, np.uint64)
    end = (n - 1) // 64 * 64

    def step(i: int, mul: Any, late: Any) -> None:
        nonlocal x, y, z, v0, v1, w0, w1
        x = _rotate_right(x + y + v0 + _word(s, i + 8), 37) * mul
        y = _rotate_right(y + v1 + _word(s, i + 48), 42) * mul
        x = x ^ (w1 * late)
        y = y + v0 * late + _word(s, i + 40)
        z = _rotate_right(z + w0, 33) * mul
        v0, v1 = _weak(s, i, v1 * mul, x + w0)
        w0, w1 = _weak(s, i + 32, z + w1, y + _word(s, i + 16))
        x, z = z, x

    for i in range(0, end, 64):
        step(i, K1, U(1))
    mul = K1 + ((z & U(0xFF)) << U(1))
    w0 = w0 + U((n - 1) & 63)
    v0 = v0 + w0
    w0 = w0 + v0
    step(n - 64, mul, U(9))
    return _pair(_pair(v0, w0, mul) + _mix(y) * K0 + z, _pair(v1, w1, mul) + x, mul)


_KEPT = 1 << 16
_known: dict[bytes, int] = {}


def fingerprints(strings: Sequence[bytes]) -> np.ndarray:
    """`fingerprint64` of each string. The words of a feature come again with each batch: those of small ones are kept."""
    global _known
    known, new = _known, [s for s in set(strings) if s not in _known]
    if len(strings) > _KEPT // 16 or any(len(s) > 64 for s in new):  # no words of a feature
        return by_length(strings, fingerprint64)
    if len(known) + len(new) > _KEPT:  # another dict: other threads may be reading the old one
        known, new = {}, list(set(strings))
        _known = known
    if new:
        known.update(zip(new, by_length(new, fingerprint64).tolist()))
    return np.fromiter(map(known.__getitem__, strings), np.uint64, len(strings))


# ---------------------------------------------------------------------------------------------------- SipHash
def siphash(key: Sequence[int]) -> Callable[[np.ndarray], np.ndarray]:
    """SipHash-2-4 under a key of two 64-bit numbers."""
    k0, k1 = (U(int(k) & 0xFFFFFFFFFFFFFFFF) for k in key)

    def run(s: np.ndarray) -> np.ndarray:
        count, n = s.shape
        v = [
            np.full(count, U(c) ^ k)
            for c, k in (
                (0x736F6D6570736575, k0),
                (0x646F72616E646F6D, k1),
                (0x6C7967656E657261, k0),
                (0x7465646279746573, k1),
            )
        ]
        blocks = n // 8
        tail = np.zeros((count, 8), np.uint8)
        tail[:, : n % 8] = s[:, blocks * 8 :]
        tail[:, 7] = n & 0xFF
        for m in (*[_word(s, 8 * i) for i in range(blocks)], _word(tail, 0)):
            v[3] = v[3] ^ m
            _sip_rounds(v, 2)
            v[0] = v[0] ^ m
        v[2] = v[2] ^ U(0xFF)
        _sip_rounds(v, 4)
        return v[0] ^ v[1] ^ v[2] ^ v[3]

    return run


def _sip_rounds(v: list[Any], rounds: int) -> None:
    a, b, c, d = v
    for _ in range(rounds):
        a, c = a + b, c + d
        b, d = _rotate_left(b, 13) ^ a, _rotate_left(d, 16) ^ c
        a, c = _rotate_left(a, 32) + d, c + b
        d, b = _rotate_left(d, 21) ^ a, _rotate_left(b, 17) ^ c
        c = _rotate_left(c, 32)
    v[:] = a, b, c, d


# ----------------------------------------------------------------------------------------------------- Murmur
def hash64(s: np.ndarray, seed: int = 0xDECAFCAFFE) -> np.ndarray:
    count, n = s.shape
    m = U(0xC6A4A7935BD1E995)
    h = np.full(count, U(seed) ^ (U(n) * m))
    for i in range(0, n - 7, 8):
        k = _word(s, i) * m
        h = (h ^ ((k ^ (k >> U(47))) * m)) * m
    if n % 8:
        tail = np.zeros((count, 8), np.uint8)
        tail[:, : n % 8] = s[:, n - n % 8 :]
        h = (h ^ _word(tail, 0)) * m
    h = _mix(h) * m
    return _mix(h)
