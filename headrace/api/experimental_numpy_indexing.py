"""NumPy's indexing of tensors: lists, arrays and masks beside slices. On after `experimental_enable_numpy_behavior`."""

from __future__ import annotations

from typing import Any

import numpy as np

from headrace.core import convert, dtypes
from headrace.core.tensor import Tensor
from headrace.ops.indexing import boolean_mask
from headrace.ops.indexing import getitem as plain_getitem

from . import array as _array
from . import math as _math
from .conversion import cast
from .experimental_numpy_shaping import moveaxis
from .experimental_numpy_types import known_rank, promote

_EXPECTED = "Only integers, slices (`:`), ellipsis (`...`), tf.newaxis (`None`) and integer or bool tensors are valid indices"


def _simple(key: Any) -> bool:
    return all(
        type(k) is int or type(k) is slice or k is None or k is Ellipsis
        for k in (key if type(key) is tuple else (key,))
    )


def _entry(k: Any) -> Any:
    """An index as an int, a slice, None, an ellipsis, or a tensor of int32, int64 or bool."""
    if k is None or k is Ellipsis or isinstance(k, slice) or (isinstance(k, int) and not isinstance(k, bool)):
        return k
    try:
        tensor = convert.to_tensor(k)
    except (TypeError, ValueError) as error:
        raise IndexError(f"{_EXPECTED}. Received: {k!r}.") from error
    if tensor._dtype is dtypes.bool_:
        return tensor
    if not tensor._dtype.is_integer or tensor._dtype is dtypes.uint64:
        raise IndexError(f"{_EXPECTED}. Received: {k!r}.")
    small = tensor._dtype not in (dtypes.int32, dtypes.int64)
    if small:
        tensor = cast(tensor, dtypes.int64 if tensor._dtype is dtypes.uint32 else dtypes.int32)
    return tensor


def _is_array(k: Any) -> bool:
    return isinstance(k, Tensor) and k._raw_shape != ()


def getitem(x: Any, key: Any) -> Any:
    """`x[key]` as NumPy has it: next to slices and integers, a key may hold lists, arrays and bool masks. Scalars only
    take away their dimension; where arrays stand side by side their dimensions come in that place, otherwise first.

    Raises:
      IndexError: an entry is none of these, or there are too many.
      ValueError: a mask's shape does not fit; the rank is unknown.
    """
    if _simple(key):
        return plain_getitem(x, key)
    entries = [_entry(k) for k in (key if isinstance(key, tuple) else (key,))]
    if len(entries) == 1 and isinstance(entries[0], Tensor) and entries[0]._dtype is dtypes.bool_:
        return boolean_mask(x, entries[0])
    if not any(_is_array(k) for k in entries):
        return plain_getitem(x, tuple(entries))
    entries = _whole(x, entries)
    # First what StridedSlice can do, with `:` where arrays stand; then the arrays, on the dimensions that are left.
    x = plain_getitem(x, tuple(slice(None) if _is_array(k) else k for k in entries))
    left = [k for k in entries if k is None or isinstance(k, slice) or _is_array(k)]
    at = [i for i, k in enumerate(left) if _is_array(k)]
    return _gather(x, at, [left[i] for i in at])


def _whole(x: Any, entries: list[Any]) -> list[Any]:
    """The entries with masks as positions and the ellipsis as slices: one for each dimension, and None for new ones."""
    out: list[Any] = []
    for k in entries:
        if isinstance(k, Tensor) and k._dtype is dtypes.bool_:
            rank = known_rank(k, "getitem")
            if not rank:
                raise ValueError("A scalar is no mask of a tensor. Use tf.where.")
            out.extend(_array.unstack(_array.where(k), rank, axis=1))
        else:
            out.append(k)
    rank = known_rank(x, "getitem")
    missing = rank - sum(k is not None and k is not Ellipsis for k in out)
    if missing < 0:
        raise IndexError(f"Too many indices: {rank - missing} for a tensor of rank {rank}.")
    dots = [i for i, k in enumerate(out) if k is Ellipsis]
    if len(dots) > 1:
        raise IndexError("An index can only have a single ellipsis ('...').")
    where = dots[0] if dots else len(out)
    return [*out[:where], *[slice(None)] * missing, *out[where + 1 :]]


def _gather(x: Any, at: list[int], indices: list[Tensor]) -> Tensor:
    """The elements of `x` at the positions that the tensors `indices` tell for the dimensions `at`."""
    side_by_side = at == list(range(at[0], at[0] + len(at)))
    if len(at) == 1:
        return _array.gather(x, _from_front(indices[0], _size(x, indices[0])[at[0]]), axis=at[0])
    indices = promote(*indices)
    together = _array.shape(indices[0])
    for i in indices[1:]:
        together = _array.broadcast_dynamic_shape(together, _array.shape(i))
    positions = _array.stack([_array.broadcast_to(i, together) for i in indices], -1)
    x = moveaxis(x, at, range(len(at)))
    out = _array.gather_nd(x, _from_front(positions, _size(x, positions)[: len(at)]))
    rank = known_rank(positions, "getitem") - 1
    return moveaxis(out, range(rank), range(at[0], at[0] + rank)) if side_by_side else out


def _size(x: Any, like: Any) -> Any:
    return _array.shape(x, out_type=like._dtype)


def _from_front(positions: Tensor, size: Any) -> Any:
    if positions._is_eager and not (positions._host() < 0).any():
        return positions
    return _array.where(
        _math.less(positions, np.zeros((), positions._dtype._np)), positions + size, positions
    )
