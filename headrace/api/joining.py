"""Tensors joined, split, and repeated."""

from __future__ import annotations

from typing import Any

import numpy as np

from headrace.core import convert, dtypes
from headrace.core.errors import invalid
from headrace.core.op import lookup
from headrace.core.scoping import scoped
from headrace.core.shapes import known
from headrace.core.state import state
from headrace.core.static import static_value
from headrace.core.tensor import Tensor
from headrace.ops.array import (
    ENSURE_SHAPE,
    EXPAND_DIMS,
    RESHAPE,
    SHAPE,
)
from headrace.ops.joining import CONCAT_V2, PACK, PARALLEL_CONCAT, SPLIT, SPLIT_V, TILE, UNPACK

from .shaping import identity

INT32 = dtypes.int32


def concat(values: Any, axis: Any, name: str = "concat") -> Tensor:
    """Tensors joined along an existing dimension.

    Args:
      values: a list of tensors of one type and, but for dimension `axis`, one shape.

    Raises:
      InvalidArgumentError: shapes or types do not fit together, or they are scalars.

    >>> import headrace as tf
    >>> tf.concat([[[1], [2]], [[3], [4]]], 1).numpy().tolist()
    [[1, 3], [2, 4]]
    """
    if not isinstance(values, (list, tuple)):
        values = [values]
    if not values:
        raise contradiction("tf.concat needs at least one tensor, received an empty list.")
    if len(values) == 1:
        axis = convert.to_tensor(axis, INT32 if not isinstance(axis, Tensor) else None)
        if axis._raw_shape:
            raise contradiction(
                f"The axis of tf.concat must be a scalar, received shape {list(axis._raw_shape)}."
            )
        return _one(values[0], name=name)
    return CONCAT_V2(list(values), axis, name=name)


@scoped("concat", None, again=True)
def _one(value: Any, name: str) -> Tensor:
    return identity(value, name)


def stack(values: Any, axis: int = 0, name: str = "stack") -> Tensor:
    """Tensors of one shape side by side along a new dimension.

    Raises:
      ValueError: `axis` is out of range. InvalidArgumentError: shapes differ.

    >>> import headrace as tf
    >>> tf.stack([[1, 2], [3, 4]], axis=1).numpy().tolist()
    [[1, 3], [2, 4]]
    """
    parts = (
        list(values)
        if isinstance(values, (list, tuple))
        else list(unstack(values) if isinstance(values, Tensor) else values)
    )
    if not parts:
        return convert.to_tensor([])
    dtype = next((v._dtype for v in parts if isinstance(v, Tensor)), None)
    first = convert.to_tensor(parts[0], hint=dtype)
    if first._raw_shape is not None:
        n = len(first._raw_shape) + 1
        if not -n <= axis < n:
            raise ValueError(f"Argument `axis` = {axis} not in range [{-n}, {n})")
    return PACK([first, *parts[1:]], axis=axis, name=name)


def unstack(value: Any, num: int | None = None, axis: int = 0, name: str = "unstack") -> list[Tensor]:
    """The slices of a tensor along one dimension, which is dropped.

    Args:
      num: how many there are; needed only where that is not known.

    Raises:
      ValueError: `axis` is out of range, or `num` is neither given nor known.

    >>> import headrace as tf
    >>> [t.numpy().tolist() for t in tf.unstack([[1, 2], [3, 4]], axis=1)]
    [[1, 3], [2, 4]]
    """
    value = convert.to_tensor(value)
    if num is None:
        raw = value._raw_shape
        if raw is not None:
            n = len(raw)
            if not -n <= axis < n:
                raise ValueError(f"Argument `axis` = {axis} not in range [{-n}, {n})")
            num = raw[axis]
        if num is None:
            raise ValueError(
                f"Cannot infer argument `num` from shape {value.shape}: say how many slices there are "
                f"along axis {axis}."
            )
    return UNPACK(value, num=num, axis=axis, name=name)


@scoped("parallel_stack", "ParallelConcat")
def parallel_stack(values: Any, name: str = "parallel_stack") -> Tensor:
    """`tf.stack(values)` for tensors of known shape, in graphs only.

    Raises:
      RuntimeError: executing eagerly.

    >>> import headrace as tf
    >>> tf.function(lambda: tf.parallel_stack([[1, 2], [3, 4]]))().numpy().tolist()
    [[1, 2], [3, 4]]
    """
    if state.graph is None:
        raise RuntimeError("tf.parallel_stack() is not compatible with eager execution. Use tf.stack.")
    parts = [convert.to_tensor(v) for v in values]
    if not known(parts[0]._raw_shape):
        raise ValueError(f"tf.parallel_stack needs tensors of known shape, got {parts[0]!r}. Use tf.stack.")
    whole = (len(parts), *parts[0]._raw_shape)
    return PARALLEL_CONCAT([EXPAND_DIMS(p, 0) for p in parts], shape=whole, name=name)


def split(
    value: Any, num_or_size_splits: Any, axis: Any = 0, num: int | None = None, name: str = "split"
) -> list[Tensor]:
    """Consecutive pieces of a tensor along `axis`.

    Args:
      num_or_size_splits: a number of equal pieces, or their sizes (one may be -1: the rest).
      num: how many sizes there are, where that is not known.

    Raises:
      InvalidArgumentError: the dimension does not divide evenly, or the sizes do not add up.
      ValueError: how many pieces there are is not known.

    >>> import headrace as tf
    >>> [t.numpy().tolist() for t in tf.split([1, 2, 3, 4], [1, -1])]
    [[1], [2, 3, 4]]
    """
    if isinstance(num_or_size_splits, (int, np.integer)):
        return SPLIT(axis, value, num_split=int(num_or_size_splits), name=name)
    sizes = convert.to_tensor(num_or_size_splits, hint=INT32)
    if sizes._raw_shape == ():
        count = static_value(sizes)
        if count is None:
            raise ValueError("The number of pieces of a split must be known while the graph is being built.")
        return SPLIT(axis, value, num_split=int(count), name=name)
    if num is None:
        num = None if sizes._raw_shape is None else sizes._raw_shape[0]
        if num is None:
            raise ValueError(
                f"Cannot infer argument `num` from shape {sizes.shape}: say how many sizes there are."
            )
    return SPLIT_V(value, sizes, axis, num_split=num, name=name)


def tile(input: Any, multiples: Any, name: str | None = None) -> Tensor:
    """`input` repeated `multiples[i]` times along each dimension i.

    Raises:
      InvalidArgumentError: there is not one multiple per dimension, or one is negative.

    >>> import headrace as tf
    >>> tf.tile([[1, 2]], [2, 2]).numpy().tolist()
    [[1, 2, 1, 2], [1, 2, 1, 2]]
    """
    return TILE(input, multiples, name=name)


@scoped("Repeat", None)
def repeat(input: Any, repeats: Any, axis: int | None = None, name: str | None = None) -> Tensor:
    """Each element (or slice along `axis`) repeated in place.

    Args:
      repeats: one number for all, or one for each.
      axis: flattened first if None.

    Raises:
      ValueError: there is not one number per slice, or axis is out of range.

    >>> import headrace as tf
    >>> tf.repeat([[1, 2], [3, 4]], [1, 2], axis=0).numpy().tolist()
    [[1, 2], [3, 4], [3, 4]]
    """
    x = convert.to_tensor(input)
    times = convert.to_tensor(repeats, hint=INT32)
    if axis is None:
        x, axis = RESHAPE(x, [-1]), 0
    raw = x._raw_shape
    if raw is None or times._raw_shape is None:
        raise ValueError(
            f"tf.repeat needs the ranks of its arguments, got {x!r} and {times!r}. Set them with "
            "tf.ensure_shape."
        )
    if not raw:
        x, raw = RESHAPE(x, [1]), (1,)
    n = len(raw)
    if not -n <= axis < n:
        raise ValueError(f"Argument `axis` = {axis} not in range [{-n}, {n})")
    axis %= n
    if len(times._raw_shape) > 1:
        raise ValueError(f"repeats must be a scalar or a vector, got shape {list(times._raw_shape)}")
    value = static_value(times)
    if value is not None and value.size == 1:
        value = value.reshape(())
    if value is not None and value.ndim == 1:
        if raw[axis] not in (None, value.size):
            raise ValueError(f"repeats has {value.size} entries for a dimension of size {raw[axis]}")
        x = ENSURE_SHAPE(x, shape=(*raw[:axis], value.size, *raw[axis + 1 :])) if raw[axis] is None else x
        return lookup("GatherV2")(
            x, np.repeat(np.arange(value.size, dtype=np.int32), value), axis, name="boolean_mask/GatherV2"
        )
    if len(times._raw_shape) == 0 or times._raw_shape == (1,):
        times = RESHAPE(times, []) if times._raw_shape else times
        wide = EXPAND_DIMS(x, axis + 1)
        tiled = TILE(wide, [times if i == axis + 1 else 1 for i in range(n + 1)])
        dims = list(raw) if known(raw) else [SHAPE(x)[i] if d is None else d for i, d in enumerate(raw)]
        dims[axis] = -1 if not (known(raw) and 0 in raw) else lookup("Mul")(raw[axis], times)
        return RESHAPE(tiled, dims, name="Reshape_1")
    # how long the result is depends on the numbers: repeat each slice the greatest number of times, then mask
    from headrace.ops.indexing import boolean_mask

    from .making import sequence_mask

    most = lookup("Max")(times, [0], keep_dims=False)
    tiled = TILE(EXPAND_DIMS(x, axis + 1), [most if i == axis + 1 else 1 for i in range(n + 1)])
    return boolean_mask(tiled, sequence_mask(times, most), axis=axis)


def contradiction(message: str) -> Exception:
    """The error for arguments that do not fit: InvalidArgumentError, or ValueError in a graph."""
    from headrace.core.errors import InvalidArgumentError

    return invalid(message) if state.graph is None else ValueError(message)


__all__ = ["concat", "parallel_stack", "repeat", "split", "stack", "tile", "unstack"]
