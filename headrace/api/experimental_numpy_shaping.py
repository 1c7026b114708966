"""`tf.experimental.numpy`: other shapes of the same elements; joining and splitting."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from headrace.core import dtypes
from headrace.core.tensor import Tensor

from . import array as _array
from . import linalg as _linalg
from . import math as _math
from .experimental_numpy_types import as_tensor, axis_in, known_rank, promote


def shape(a: Any) -> Any:
    """The shape, as far as it is known."""
    return as_tensor(a).shape


def ndim(a: Any) -> int | None:
    """The number of dimensions."""
    return as_tensor(a).ndim


def isscalar(num: Any) -> bool:
    """Whether the rank is 0."""
    return ndim(num) == 0


def size(x: Any, axis: None = None) -> Any:
    """The number of elements: a Python number if it is known, otherwise a tensor.

    Raises:
      NotImplementedError: an `axis` is given.
    """
    if axis is not None:
        raise NotImplementedError("size() takes no axis. Use tf.experimental.numpy.shape(x)[axis].")
    x = as_tensor(x)
    if x.shape.is_fully_defined():
        return np.int64(np.prod(x._raw_shape, dtype=np.int64))
    return _array.size(x)


def reshape(a: Any, newshape: Any, order: str = "C") -> Any:
    """The elements in another shape; one dimension may be -1.

    Args:
      order: "C", the last index changes first; or "F", the first does.

    Raises:
      ValueError: another `order`.

    >>> import headrace as tf
    >>> tf.experimental.numpy.reshape([1, 2, 3, 4], (2, 2), order="F").numpy().tolist()
    [[1, 3], [2, 4]]
    """
    if order not in ("C", "F"):
        raise ValueError(f'reshape() takes order="C" or "F". Received: order={order!r}.')
    a = as_tensor(a)
    newshape = [newshape] if isinstance(newshape, int) else newshape
    if order == "C":
        return _array.reshape(a, newshape)
    return _array.transpose(_array.reshape(_array.transpose(a), newshape[::-1]))


def ravel(a: Any) -> Any:
    """The elements as a vector."""
    return _array.reshape(as_tensor(a), [-1])


def flatten(a: Any, order: str = "C") -> Any:
    """The elements as a vector: by rows ("C", "A", "K") or by columns ("F").

    Raises:
      ValueError: another `order`.
    """
    if order not in ("C", "A", "K", "F"):
        raise ValueError(
            f'flatten() takes order="C", "A", "K" (by rows) or "F" (by columns). Received: {order!r}.'
        )
    a = as_tensor(a)
    return _array.reshape(_array.transpose(a) if order == "F" else a, [-1])


def expand_dims(a: Any, axis: int) -> Any:
    """A dimension of 1 more, at `axis`."""
    return _array.expand_dims(as_tensor(a), axis)


def squeeze(a: Any, axis: Any = None) -> Any:
    """Without dimensions of 1: all of them, or those at `axis`."""
    return _array.squeeze(as_tensor(a), axis)


# ----------------------------------------------------------------------------------------------------- order of axes
def transpose(a: Any, axes: Any = None) -> Any:
    """The axes in another order, reversed by default."""
    return _array.transpose(as_tensor(a), axes)


def swapaxes(a: Any, axis1: int, axis2: int) -> Any:
    """Two axes in each other's place."""
    a = as_tensor(a)
    rank = known_rank(a, "swapaxes")
    order = list(range(rank))
    i, j = axis_in(axis1, rank, "swapaxes"), axis_in(axis2, rank, "swapaxes")
    order[i], order[j] = order[j], order[i]
    return _array.transpose(a, order)


def moveaxis(a: Any, source: Any, destination: Any) -> Any:
    """Axes moved to other places; the others keep their order.

    Raises:
      ValueError: `source` and `destination` differ in length, or there is no such axis.

    >>> import headrace as tf
    >>> tf.experimental.numpy.moveaxis(tf.zeros([2, 3, 4]), 0, -1).shape
    TensorShape([3, 4, 2])
    """
    a = as_tensor(a)
    rank = known_rank(a, "moveaxis")
    source, destination = (
        [axis_in(i, rank, "moveaxis") for i in ([at] if isinstance(at, int) else at)]
        for at in (source, destination)
    )
    if len(source) != len(destination):
        raise ValueError(
            f"moveaxis() takes as many sources as destinations. Received: {source}, {destination}."
        )
    order = [i for i in range(rank) if i not in source]
    for to, at in sorted(zip(destination, source)):
        order.insert(to, at)
    return a if order == list(range(rank)) else _array.transpose(a, order)


def flip(m: Any, axis: Any = None) -> Any:
    """The elements in reverse order along an axis, several, or all."""
    m = as_tensor(m)
    if axis is None:
        return _array.reverse(m, _math.range(_array.rank(m)))
    return _array.reverse(m, [axis] if isinstance(axis, int) else list(axis))


def flipud(m: Any) -> Any:
    """The rows in reverse order."""
    return flip(m, 0)


def fliplr(m: Any) -> Any:
    """The columns in reverse order."""
    return flip(m, 1)


def rot90(m: Any, k: int = 1, axes: Sequence[int] = (0, 1)) -> Any:
    """Turned by `k` right angles, from the first towards the second of two axes.

    >>> import headrace as tf
    >>> tf.experimental.numpy.rot90([[1, 2], [3, 4]]).numpy().tolist()
    [[2, 4], [1, 3]]
    """
    m = as_tensor(m)
    first, second = axes
    k = k % 4
    if k == 0:
        return m
    if k == 2:
        return flip(flip(m, first), second)
    if k == 1:
        return swapaxes(flip(m, second), first, second)
    return flip(swapaxes(m, first, second), second)


def roll(a: Any, shift: Any, axis: Any = None) -> Any:
    """The elements moved along an axis, or in the flattened array; those that leave come in on the other side."""
    a = as_tensor(a)
    if axis is not None:
        return _array.roll(a, shift, axis)
    return _array.reshape(_array.roll(_array.reshape(a, [-1]), shift, 0), _array.shape(a))


# ---------------------------------------------------------------------------------------------------------- diagonals
def diagonal(a: Any, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Any:
    """A diagonal of matrices that lie along two axes; it becomes the last axis.

    Args:
      offset: how far above the main diagonal.
    """
    a = moveaxis(a, (axis1, axis2), (-2, -1))
    rows, columns = a._raw_shape[-2:]
    if (rows is not None and offset <= -rows) or (columns is not None and offset >= columns):
        return a[..., 0, :0]
    return _linalg.diag_part(a, k=offset)


def diag(v: Any, k: int = 0) -> Any:
    """The diagonal `k` above the main one of a matrix; of a vector, the matrix that has it there.

    Raises:
      ValueError: the rank is neither 1 nor 2.

    >>> import headrace as tf
    >>> tf.experimental.numpy.diag([1, 2], 1).numpy().tolist()
    [[0, 1, 0], [0, 0, 2], [0, 0, 0]]
    """
    v = as_tensor(v)
    rank = known_rank(v, "diag")
    if rank == 2:
        return diagonal(v, k)
    if rank != 1:
        raise ValueError(f"diag() takes a vector or a matrix. Received: {v!r}.")
    return _array.zeros([abs(k), abs(k)], v._dtype) if v._raw_shape == (0,) else _linalg.diag(v, k=k)


def diagflat(v: Any, k: int = 0) -> Any:
    """The matrix that has all elements of `v` on the diagonal `k` above the main one."""
    return diag(ravel(v), k)


# ------------------------------------------------------------------------------------------------ joining, splitting
def concatenate(arys: Any, axis: int | None = 0) -> Any:
    """Arrays one after the other along an axis, or as flat vectors; they meet in one type.

    Raises:
      ValueError: there are none.

    >>> import headrace as tf
    >>> tf.experimental.numpy.concatenate([[1, 2], [3.5]]).numpy().tolist()
    [1.0, 2.0, 3.5]
    """
    arys = list(arys) if isinstance(arys, (list, tuple)) else [arys]
    if not arys:
        raise ValueError("concatenate() takes one array at least. Received none.")
    arys = promote(*arys)
    return _array.concat([ravel(a) for a in arys] if axis is None else arys, axis or 0)


def append(arr: Any, values: Any, axis: int | None = None) -> Any:
    """`values` after `arr` along an axis, or both as flat vectors."""
    return concatenate([arr, values], axis)


def stack(arrays: Any, axis: int = 0) -> Any:
    """Arrays of one shape along a new axis; they meet in one type."""
    if isinstance(arrays, Tensor):
        return arrays if axis == 0 else moveaxis(arrays, 0, axis)
    return _array.stack(promote(*arrays), axis)


def _joined(
    name: str, least: Callable[[Any], Any], axis: Callable[[Tensor], int], doc: str
) -> Callable[[Any], Tensor]:
    def function(tup: Any) -> Any:
        arrays = promote(*[least(a) for a in tup])
        return _array.concat(arrays, axis(arrays[0]))

    function.__name__ = function.__qualname__ = name
    function.__doc__ = doc
    return function


def _at_least(n: int, after: Callable[[int], int]) -> Callable[..., Any]:
    def function(*arys: Any) -> Any:
        out = []
        for a in arys:
            a = as_tensor(a)
            rank = known_rank(a, f"atleast_{n}d")
            behind = after(rank)
            index = (None,) * max(n - rank - behind, 0) + (...,) + (None,) * behind
            out.append(a[index] if rank < n else a)
        return out[0] if len(out) == 1 else out

    function.__name__ = function.__qualname__ = f"atleast_{n}d"
    function.__doc__ = (
        f"The arrays with dimensions of 1 more, so that they have {n} at least. One array is returned bare."
    )
    return function


atleast_1d = _at_least(1, lambda rank: 0)
atleast_2d = _at_least(2, lambda rank: 0)
atleast_3d = _at_least(3, lambda rank: 1 if rank in (1, 2) else 0)
hstack = _joined(
    "hstack",
    atleast_1d,
    lambda a: 0 if a.ndim == 1 else 1,
    "Arrays side by side: vectors joined, others by columns.",
)
vstack = _joined("vstack", atleast_2d, lambda a: 0, "Arrays one below the other; vectors are rows.")
dstack = _joined("dstack", atleast_3d, lambda a: 2, "Arrays one behind the other along the third axis.")


def split(ary: Any, indices_or_sections: Any, axis: int = 0) -> list[Tensor]:
    """An array cut along an axis, into as many equal parts, or at these indices.

    Raises:
      ValueError: an index is smaller than the one before, or the parts would not be equal.

    >>> import headrace as tf
    >>> [p.numpy().tolist() for p in tf.experimental.numpy.split([1, 2, 3, 4], [1, 3])]
    [[1], [2, 3], [4]]
    """
    ary = as_tensor(ary)
    if isinstance(indices_or_sections, (int, np.integer)):
        return _array.split(ary, int(indices_or_sections), axis)
    axis = axis_in(axis, known_rank(ary, "split"), "split")
    total = ary._raw_shape[axis]
    if total is None:
        raise ValueError(f"split() at indices needs to know the size of axis {axis} of {ary!r}.")
    bounds = [0, *(int(i) for i in indices_or_sections)]
    for i in range(len(bounds) - 1):
        if bounds[i + 1] < bounds[i]:
            raise ValueError(
                f"split(): the {i}-th index {bounds[i + 1]} is smaller than the one before it, {bounds[i]}."
            )
    bounds = [min(b, total) for b in bounds] + [total]
    return _array.split(ary, [b - a for a, b in itertools.pairwise(bounds)], axis)


def _split_along(name: str, axis: int, what: str) -> Callable[[Any, Any], list[Tensor]]:
    def function(ary: Any, indices_or_sections: Any) -> list[Tensor]:
        ary = as_tensor(ary)
        at = 0 if axis == 1 and known_rank(ary, name) == 1 else axis
        size = ary._raw_shape[at] if known_rank(ary, name) > at else None
        if isinstance(indices_or_sections, int) and size is not None and size % indices_or_sections:
            raise ValueError(f"{name}(): {size} does not divide into {indices_or_sections} equal parts.")
        return split(ary, indices_or_sections, at)

    function.__name__ = function.__qualname__ = name
    function.__doc__ = f"`split` along {what}."
    return function


vsplit = _split_along("vsplit", 0, "the rows")
hsplit = _split_along("hsplit", 1, "the columns; a vector along its elements")
dsplit = _split_along("dsplit", 2, "the third axis")


def broadcast_arrays(*args: Any, **kwargs: Any) -> list[Tensor]:
    """The arrays broadcast to the shape that they have together.

    Raises:
      ValueError: `subok=True`, or another keyword argument.
    """
    if kwargs.pop("subok", False) or kwargs:
        raise ValueError(f"broadcast_arrays() of tensors takes no subok=True and no {list(kwargs)}.")
    tensors = [as_tensor(a) for a in args]
    if len(tensors) < 2:
        return tensors
    together = _array.shape(tensors[0])
    for t in tensors[1:]:
        together = _array.broadcast_dynamic_shape(together, _array.shape(t))
    return [_array.broadcast_to(t, together) for t in tensors]


# --------------------------------------------------------------------------------------------------------- repetition
def tile(a: Any, reps: Any) -> Any:
    """The array repeated along its dimensions, `reps` times along the last ones; there may be more reps than dimensions.

    >>> import headrace as tf
    >>> tf.experimental.numpy.tile([1, 2], (2, 2)).numpy().tolist()
    [[1, 2, 1, 2], [1, 2, 1, 2]]
    """
    a = as_tensor(a)
    reps = _array.reshape(as_tensor(reps, dtypes.int32), [-1])
    rank, count = known_rank(a, "tile"), reps._raw_shape[0]
    if count is None:
        raise ValueError("tile() needs to know how many `reps` there are.")
    a = a[(None,) * max(count - rank, 0) + (...,)]
    return _array.tile(a, _array.pad(reps, [[max(rank - count, 0), 0]], constant_values=1))


def repeat(a: Any, repeats: Any, axis: int | None = None) -> Any:
    """Each element repeated, along an axis, or of the flattened array.

    Args:
      repeats: how often; one number for all, or one for each.
    """
    return _array.repeat(as_tensor(a), as_tensor(repeats), axis)


def pad(array: Any, pad_width: Any, mode: str, **kwargs: Any) -> Any:
    """More elements at the ends of each axis.

    Args:
      pad_width: `[[before, after], …]`; one pair, or one number, holds for all axes.
      mode: "constant", "reflect" or "symmetric".
      **kwargs: `constant_values`, 0 by default.

    Raises:
      ValueError: another `mode`.

    >>> import headrace as tf
    >>> tf.experimental.numpy.pad([1, 2], [[1, 2]], "constant").numpy().tolist()
    [0, 1, 2, 0, 0]
    """
    if mode not in ("constant", "reflect", "symmetric"):
        raise ValueError(f'Unsupported padding mode: {mode}. Expected "constant", "reflect" or "symmetric".')
    value = kwargs.pop("constant_values", 0)
    if kwargs:
        raise TypeError(f"pad() takes `constant_values`. Received: {list(kwargs)}.")
    array = as_tensor(array)
    width = as_tensor(pad_width, dtypes.int32)
    width = _array.broadcast_to(width, [known_rank(array, "pad"), 2])
    return _array.pad(array, width, mode.upper(), as_tensor(value, array._dtype))
