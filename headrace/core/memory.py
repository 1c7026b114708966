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
    """`array[indices]` for indices from 0 to its length less one.

    Many rows that follow each other are a view, as of a slice: batches of data that are read in order are not copied."""
    n = indices.size
    size = array.nbytes // max(len(array), 1) * n
    if size < LARGE or indices.ndim != 1 or array.dtype.hasobject:
        return array.take(indices, 0, mode="clip")
    first = int(indices[0])
    if int(indices[-1]) - first == n - 1 and (indices[1:] - indices[:-1] == 1).all():
        return array[first : first + n]
    out = aligned_empty((n, *array.shape[1:]), array.dtype)
    return array.take(indices, 0, out=out, mode="clip")
