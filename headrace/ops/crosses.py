"""Feature crosses: for each row every combination of one value of each column, in the order of nested loops, the first
column outermost. Hashes are computed for all rows at once.

A column is its values, row after row, and how many each row has."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import numpy as np

from headrace.core.errors import invalid

from . import hashing
from .hashing import U, by_length, fingerprint64, siphash

Column = tuple[np.ndarray, np.ndarray]
_MULTIPLIER = U(0xC6A4A7935BD1E995)
_LARGEST = U((1 << 63) - 1)


def sparse_column(indices: np.ndarray, values: np.ndarray, shape: np.ndarray) -> Column:
    """The column of a sparse matrix."""
    rows, size = indices[:, 0], int(shape[0])
    if rows.size and not 0 <= rows.min() <= rows.max() < size:
        raise invalid(f"An index of a sparse input is out of the bounds of its {size} rows.")
    return values[np.argsort(rows, kind="stable")], np.bincount(rows, minlength=size)


def dense_column(matrix: np.ndarray) -> Column:
    """The column of a matrix."""
    if matrix.ndim != 2:
        raise invalid(f"Dense inputs should be a matrix but received shape {list(matrix.shape)}")
    return matrix.reshape(-1), np.full(matrix.shape[0], matrix.shape[1])


def ragged_column(values: np.ndarray, splits: np.ndarray) -> Column:
    """The column of a ragged matrix."""
    return values[splits[0] : splits[-1]], np.diff(splits)


def check_rows(columns: list[Column]) -> None:
    if len({len(counts) for _, counts in columns}) > 1:
        sizes = [len(counts) for _, counts in columns]
        raise invalid(f"All inputs to a cross must have the same batch size (number of rows), got {sizes}.")


def _mix(value: Any) -> Any:
    return value ^ (value >> U(47))


def combined(a: Any, b: Any) -> Any:
    """One 64-bit fingerprint of two (as MurmurHash mixes)."""
    result = (a ^ _MULTIPLIER) ^ (_mix(b * _MULTIPLIER) * _MULTIPLIER)
    return _mix(_mix(result * _MULTIPLIER) * _MULTIPLIER)


def added(a: Any, b: Any) -> Any:
    """One hash of two, as crosses of before 1.4 make it."""
    shifted = (a.view(np.int64) >> 4).view(np.uint64)  # the sign stays
    return a ^ (b + U(0x9E3779B97F4A7800) + (a << U(10)) + shifted)


def fingerprints(values: np.ndarray) -> np.ndarray:
    """64 bits for each value: a number is its own fingerprint."""
    if values.dtype == object:
        return hashing.fingerprints(values.tolist())
    return values.astype(np.int64).view(np.uint64)


def hashes(values: np.ndarray, key: Any = None) -> np.ndarray:
    """64 bits for each value: of a number the low four bytes count, as in TensorFlow.

    Args:
      key: two integers: nobody without them can aim at a hash.
    """
    function = fingerprint64 if key is None else siphash(key)
    if values.dtype == object:
        found = by_length(values.tolist(), function)
    else:
        found = by_length([v.tobytes()[:4] for v in values.astype("<i8")], function)
    return found.view(np.int64)


def hashed(
    columns: list[Column],
    num_buckets: int,
    hash_key: int | None,
    combined: Callable[[Any, Any], Any] = combined,
) -> tuple[np.ndarray, np.ndarray]:
    """The combined fingerprints modulo `num_buckets` (the largest int64 if that is 0), and how many each row has.

    Args:
      hash_key: what the first column's are combined with, if not None.
      combined: makes one of two.
    """
    check_rows(columns)
    count = len(columns[0][1]) if columns else 0
    rows = np.arange(count)
    result = None if hash_key is None else np.full(count, U(hash_key & 0xFFFFFFFFFFFFFFFF))
    with np.errstate(over="ignore"):
        for values, counts in columns:
            own = fingerprints(values)
            if len(own) == count and (counts == 1).all():  # one value in each row: the common case
                own = own[rows]
            else:
                repeats = counts[rows]
                inside = np.arange(repeats.sum()) - np.repeat(np.cumsum(repeats) - repeats, repeats)
                rows = np.repeat(rows, repeats)
                own = own[(np.cumsum(counts) - counts)[rows] + inside]
                result = None if result is None else np.repeat(result, repeats)
            result = own if result is None else combined(result, own)
    bound = U(num_buckets) if num_buckets > 0 else _LARGEST
    if result is None:
        return np.zeros(0, np.int64), np.zeros(0, np.int64)
    return (result % bound).astype(np.int64), np.bincount(rows, minlength=count)


def joined(columns: list[Column], separator: bytes = b"_X_") -> tuple[np.ndarray, np.ndarray]:
    """The combinations as text, and how many each row has."""
    check_rows(columns)
    texts = [[v if isinstance(v, bytes) else b"%d" % v for v in values.tolist()] for values, _ in columns]
    ends = [np.cumsum(counts).tolist() for _, counts in columns]
    crossed: list[bytes] = []
    sizes = []
    for row in range(len(ends[0]) if ends else 0):
        own = [t[e[row - 1] if row else 0 : e[row]] for t, e in zip(texts, ends)]
        before = len(crossed)
        crossed += [separator.join(values) for values in itertools.product(*own)]
        sizes.append(len(crossed) - before)
    out = np.empty(len(crossed), object)
    out[:] = crossed
    return out, np.asarray(sizes, np.int64)
