"""Host memory that devices can use where it is.

XLA takes an array without a copy only at an address that is a multiple of 64, and `np.empty` rarely gives one. What is
large is therefore put into memory of our own choice from the start; for what is small the choice costs more than a copy."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

ALIGNMENT = 64  # bytes
LARGE = 1 << 16  # bytes from which on a copy counts


def aligned_empty(shape: tuple[int, ...], dtype: Any) -> np.ndarray[Any, Any]:
    """An uninitialised array at an address that a device on the host can use without a copy."""
    dtype = np.dtype(dtype)
    size = math.prod(shape) * dtype.itemsize
    raw = np.empty(size + ALIGNMENT, np.uint8)
    start = -raw.ctypes.data % ALIGNMENT
    return raw[start : start + size].view(dtype).reshape(shape)


def copy(array: np.ndarray[Any, Any], dtype: Any) -> np.ndarray[Any, Any]:
    """A C-contiguous copy of numbers, in `dtype`."""
    if array.nbytes < LARGE:
        return np.array(array, dtype, order="C")
    out = aligned_empty(array.shape, dtype)
    out[...] = array
    return out


def rows(array: np.ndarray[Any, Any], indices: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """`array[indices]` for indices from 0 to its length less one."""
    found = run_of_rows(array, indices)
    return taken(array, indices) if found is None else found


def taken(array: np.ndarray[Any, Any], indices: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """The same as a copy, always. What is large should be contiguous: NumPy makes it so otherwise, all of it."""
    if array.nbytes < LARGE or indices.ndim != 1 or array.dtype.hasobject:
        return array.take(indices, 0, mode="clip")
    out = aligned_empty((indices.size, *array.shape[1:]), array.dtype)
    return array.take(indices, 0, out=out, mode="clip")


def run_of_rows(array: np.ndarray[Any, Any], indices: np.ndarray[Any, Any]) -> np.ndarray[Any, Any] | None:
    """Many rows that follow each other, as a view: batches of data that are read in order are not copied. None for others,
    and for few: these should not keep all of `array` alive."""
    n = indices.size
    if indices.ndim != 1 or n < 2 or array.nbytes * n < LARGE * len(array):
        return None
    first = int(indices[0])
    if first < 0 or int(indices[-1]) - first != n - 1 or first + n > len(array):
        return None
    in_order = np.count_nonzero(indices == np.arange(first, first + n)) == n
    return array[first : first + n] if in_order else None
