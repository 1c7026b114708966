"""Sorting, searching, sets and permutations."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np

from headrace.core import convert, dtypes
from headrace.core.op import lookup
from headrace.core.scoping import scoped
from headrace.core.shapes import known
from headrace.core.static import static_value
from headrace.core.tensor import Tensor
from headrace.ops.array import RESHAPE, SHAPE, TRANSPOSE
from headrace.ops.fingerprint import FINGERPRINT
from headrace.ops.sort import (
    EDIT_DISTANCE,
    INVERT_PERMUTATION,
    LOWER_BOUND,
    TOP_K_V2,
    UNIQUE,
    UNIQUE_WITH_COUNTS,
    UNRAVEL_INDEX,
    UPPER_BOUND,
)


class TopKV2(NamedTuple):
    """The greatest elements and where they were."""

    values: Tensor
    indices: Tensor


class Unique(NamedTuple):
    """Distinct elements, and for each element of the input the index of its value."""

    y: Tensor
    idx: Tensor


class UniqueWithCounts(NamedTuple):
    """Distinct elements, for each element of the input the index of its value, and how often each occurs."""

    y: Tensor
    idx: Tensor
    count: Tensor  # type: ignore[assignment]


def top_k(
    input: Any, k: Any = 1, sorted: bool = True, index_type: Any = dtypes.int32, name: str | None = None
) -> TopKV2:
    """The k greatest elements along the last dimension, greatest first; equal ones in order of their index.

    Args:
      sorted: False allows any order.
      index_type: the type of the indices: tf.int16, tf.int32 or tf.int64.

    Returns:
      A named tuple `(values, indices)` of shape `input.shape[:-1] + [k]`.

    Raises:
      InvalidArgumentError: there are fewer than k elements.

    >>> import headrace as tf
    >>> values, indices = tf.math.top_k([1, 5, 3], 2)
    >>> values.numpy().tolist(), indices.numpy().tolist()
    ([5, 3], [1, 2])
    """
    return TopKV2(*TOP_K_V2(input, k, sorted=sorted, index_type=dtypes.as_dtype(index_type), name=name))


def _downwards(values: Tensor) -> Tensor:
    """Values that sort downwards as `values` sort upwards."""
    dtype = values._dtype
    if dtype.is_unsigned:
        return lookup("Sub")(convert.constant(np.asarray(dtype.max, dtype._np), dtype), values)
    if dtype.is_integer:  # -x would overflow at the smallest number
        return lookup("Sub")(convert.constant(np.asarray(-1, dtype._np), dtype), values)
    return lookup("Neg")(values)


def _ordered(values: Any, axis: Any, direction: str, want: int) -> Tensor:
    """Element 0: values, element 1: indices, of the sort along `axis`."""
    if direction not in ("ASCENDING", "DESCENDING"):
        raise ValueError(
            "Argument `direction` should be one of 'ASCENDING' or 'DESCENDING'. Received: "
            f"direction={direction}"
        )
    x = convert.to_tensor(values)
    at = static_value(convert.to_tensor(axis))
    if at is None:
        raise ValueError("Argument `axis` must be a constant scalar, known while the graph is being built.")
    axis, shape = int(at), x._raw_shape
    if shape is not None:
        n = len(shape)
        if not -n <= axis < n:
            raise ValueError(
                f"Argument `axis` = {axis} not in range [{-n}, {n}): a tensor of rank {n} has no such "
                "dimension to sort along"
            )
        axis -= n if axis >= 0 else 0
    elif axis >= 0:
        raise ValueError(
            f"Sorting along axis {axis} needs the rank of {x!r}. Set it with tf.ensure_shape, or use axis=-1."
        )
    up = direction == "ASCENDING"
    keys = _downwards(x) if up else x
    order = None
    if axis != -1:
        rank = len(shape)
        order = list(range(rank))
        order[axis], order[-1] = order[-1], order[axis]
        keys = TRANSPOSE(keys, order)
    k = keys._raw_shape[-1] if keys._raw_shape is not None else None
    out = TOP_K_V2(keys, SHAPE(keys)[-1] if k is None else k)[want]
    if order is not None:
        out = TRANSPOSE(out, order)
    return _downwards(out) if up and want == 0 else out


@scoped("sort", None)
def sort(values: Any, axis: Any = -1, direction: str = "ASCENDING", name: str | None = None) -> Tensor:
    """`values` sorted along `axis`.

    Args:
      direction: "ASCENDING" or "DESCENDING".

    Raises:
      ValueError: an unknown direction, or axis out of range.

    >>> import headrace as tf
    >>> tf.sort([3, 1, 2], direction="DESCENDING").numpy().tolist()
    [3, 2, 1]
    """
    return _ordered(values, axis, direction, 0)


@scoped("argsort", "TopKV2")
def argsort(
    values: Any, axis: Any = -1, direction: str = "ASCENDING", stable: bool = False, name: str | None = None
) -> Tensor:
    """The int32 indices that sort `values` along `axis`.

    Args:
      direction: "ASCENDING" or "DESCENDING".
      stable: equal elements keep their order (they always do).

    Raises:
      ValueError: an unknown direction, or axis out of range.

    >>> import headrace as tf
    >>> tf.argsort([3, 1, 2]).numpy().tolist()
    [1, 2, 0]
    """
    return _ordered(values, axis, direction, 1)


def searchsorted(
    sorted_sequence: Any,
    values: Any,
    side: str = "left",
    out_type: Any = dtypes.int32,
    name: str | None = None,
) -> Tensor:
    """Where `values` would go in sorted rows, for them to stay sorted.

    Args:
      sorted_sequence: of shape [..., N], each row in increasing order.
      values: of shape [..., M], with the same leading dimensions.
      side: "left": before elements equal to it; "right": after them.

    Returns:
      Indices of the shape of `values`.

    Raises:
      ValueError: an unknown side. InvalidArgumentError: the leading dimensions differ.

    >>> import headrace as tf
    >>> tf.searchsorted([1, 3, 3, 5], [3, 6], side="right").numpy().tolist()
    [3, 4]
    """
    table = convert.to_tensor(sorted_sequence)
    values = convert.to_tensor(values, hint=table._dtype)
    if side not in ("left", "right"):
        raise ValueError(f"Argument `side` must be either 'right' or 'left'. Received: `side` = {side}.")
    shape = SHAPE(values) if not known(values._raw_shape) else list(values._raw_shape)
    op = LOWER_BOUND if side == "left" else UPPER_BOUND
    out = op(_rows(table), _rows(values), out_type=dtypes.as_dtype(out_type), name=name)
    return RESHAPE(out, shape)


def _rows(x: Tensor) -> Tensor:
    """A matrix of the last dimension's vectors."""
    raw = x._raw_shape
    if x._is_eager and raw is not None and len(raw) == 2:
        return x
    if raw is not None and raw and None not in raw:
        return RESHAPE(x, [-1 if 0 not in raw else math.prod(raw[:-1]), raw[-1]])
    return RESHAPE(x, lookup("Pack")([-1, SHAPE(x)[-1]]))


def unique(x: Any, out_idx: Any = dtypes.int32, name: str | None = None) -> Unique:
    """The distinct elements of a vector in order of appearance, and for each element the index of its value.

    Raises:
      InvalidArgumentError: `x` is not a vector.

    >>> import headrace as tf
    >>> y, idx = tf.unique([4, 1, 4])
    >>> y.numpy().tolist(), idx.numpy().tolist()
    ([4, 1], [0, 1, 0])
    """
    return Unique(*UNIQUE(x, out_idx=dtypes.as_dtype(out_idx), name=name))


def unique_with_counts(x: Any, out_idx: Any = dtypes.int32, name: str | None = None) -> UniqueWithCounts:
    """`tf.unique`, and how often each distinct element occurs.

    >>> import headrace as tf
    >>> tf.unique_with_counts([4, 1, 4]).count.numpy().tolist()
    [2, 1]
    """
    return UniqueWithCounts(*UNIQUE_WITH_COUNTS(x, out_idx=dtypes.as_dtype(out_idx), name=name))


def invert_permutation(x: Any, name: str | None = None) -> Tensor:
    """The permutation that undoes `x`: y[x[i]] = i.

    Raises:
      InvalidArgumentError: `x` is no permutation of 0 … n-1.

    >>> import headrace as tf
    >>> tf.math.invert_permutation([2, 0, 1]).numpy().tolist()
    [1, 2, 0]
    """
    return INVERT_PERMUTATION(x, name=name)


def unravel_index(indices: Any, dims: Any, name: str | None = None) -> Tensor:
    """The coordinates, in an array of shape `dims`, of flat indices.

    Returns:
      A tensor of shape `[len(dims)] + indices.shape`.

    Raises:
      InvalidArgumentError: an index is out of range.

    >>> import headrace as tf
    >>> tf.unravel_index([5, 3], [2, 3]).numpy().tolist()
    [[1, 1], [2, 0]]
    """
    return UNRAVEL_INDEX(indices, dims, name=name)


def edit_distance(hypothesis: Any, truth: Any, normalize: bool = True, name: str = "edit_distance") -> Tensor:
    """The Levenshtein distance between sequences.

    Args:
      hypothesis, truth: SparseTensors; the last dimension runs along the sequences.
      normalize: whether distances are divided by the length of `truth` (infinity, where only that is empty).

    Returns:
      A float32 tensor of the leading dimensions.

    >>> import headrace as tf
    >>> a = tf.sparse.from_dense([["a", "b"]])
    >>> b = tf.sparse.from_dense([["a", "c"]])
    >>> tf.edit_distance(a, b).numpy().tolist()
    [0.5]
    """
    for which, value in (("hypothesis", hypothesis), ("truth", truth)):
        if not (hasattr(value, "indices") and hasattr(value, "dense_shape")):
            raise TypeError(f"{which} must be a SparseTensor, received {value!r}.")
    return EDIT_DISTANCE(
        hypothesis.indices,
        hypothesis.values,
        hypothesis.dense_shape,
        truth.indices,
        truth.values,
        truth.dense_shape,
        normalize=normalize,
        name=name,
    )


def fingerprint(data: Any, method: str = "farmhash64", name: str | None = None) -> Tensor:
    """A stable 64-bit fingerprint of each row.

    Args:
      data: of rank at least 1; a row is everything under one entry of the first dimension.
      method: "farmhash64".

    Returns:
      uint8 of shape [rows, 8], least significant byte first.

    >>> import headrace as tf
    >>> tf.fingerprint(["a"]).numpy().tolist()
    [[227, 117, 223, 182, 101, 66, 69, 179]]
    """
    return FINGERPRINT(data, method, name=name)


__all__ = [
    "argsort",
    "edit_distance",
    "fingerprint",
    "searchsorted",
    "sort",
    "unique",
    "unique_with_counts",
    "unravel_index",
]
