"""`tf.experimental.numpy`: choosing elements, by condition, by position or by size."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from headrace.core import dtypes
from headrace.core.tensor import Tensor
from headrace.ops.indexing import boolean_mask

from . import array as _array
from . import math as _math
from .conversion import cast
from .experimental_numpy_shaping import moveaxis
from .experimental_numpy_types import as_tensor, axis_in, known_rank, promote


def where(condition: Any, x: Any = None, y: Any = None) -> Any:
    """The elements of `x` where the condition holds, and those of `y` elsewhere; their positions, given neither.

    Raises:
      ValueError: only one of `x` and `y` is given.

    >>> import headrace as tf
    >>> tf.experimental.numpy.where([True, False], 1, 2.5).numpy().tolist()
    [1.0, 2.5]
    """
    condition = as_tensor(condition, dtypes.bool_)
    if x is None and y is None:
        return nonzero(condition)
    if x is None or y is None:
        raise ValueError("where() takes both `x` and `y`, or neither of them.")
    x, y = promote(x, y)
    return _array.where(condition, x, y)


def select(condlist: Sequence[Any], choicelist: Sequence[Any], default: Any = 0) -> Tensor:
    """At each place the element of the first choice whose condition holds there, or `default`.

    Args:
      condlist: bool tensors.
      choicelist: as many tensors; all broadcast together.

    Raises:
      ValueError: the lists are empty or of different lengths.

    >>> import headrace as tf
    >>> x = tf.constant([1, 5, 9])
    >>> tf.experimental.numpy.select([x < 3, x < 7], [x * 10, x * 100], -1).numpy().tolist()
    [10, 500, -1]
    """
    if len(condlist) != len(choicelist):
        raise ValueError(
            f"select() takes a choice for each condition. Received {len(condlist)} conditions and {len(choicelist)} choices."
        )
    if not len(condlist):
        raise ValueError("select() takes one condition at least. Received none.")
    output, *choices = promote(default, *choicelist)
    for condition, choice in zip(reversed(condlist), reversed(choices)):
        output = where(condition, choice, output)
    return output


def nonzero(a: Any) -> list[Tensor]:
    """The positions of the elements that are not zero: for each dimension the indices, int64."""
    a = as_tensor(a)
    rank = known_rank(a, "nonzero")
    if not rank:
        a, rank = _array.reshape(a, [1]), 1
    return _array.unstack(_array.where(cast(a, dtypes.bool_)), rank, axis=1)


def compress(condition: Any, a: Any, axis: int | None = None) -> Tensor:
    """The slices along an axis, or elements of the flattened array, where a condition holds.

    Args:
      condition: a bool vector; it may be shorter than the axis.

    Raises:
      ValueError: the condition is not a vector.

    >>> import headrace as tf
    >>> tf.experimental.numpy.compress([True, False, True], [[1, 2, 3]], axis=1).numpy().tolist()
    [[1, 3]]
    """
    condition, a = as_tensor(condition, dtypes.bool_), as_tensor(a)
    if known_rank(condition, "compress") != 1:
        raise ValueError(f"compress() takes a vector as condition. Received: {condition!r}.")
    if axis is None or not known_rank(a, "compress"):
        a, axis = _array.reshape(a, [-1]), 0
    axis = axis_in(axis, known_rank(a, "compress"), "compress")
    size = _array.shape(a)[axis]
    missing = _math.maximum(size - _array.shape(condition)[0], 0)
    return boolean_mask(a, _array.pad(condition, [[0, missing]]), axis)


def take(a: Any, indices: Any, axis: int | None = None, out: None = None, mode: str = "clip") -> Tensor:
    """The slices along an axis, or elements of the flattened array, at these positions.

    Args:
      mode: positions outside are moved to the nearest end ("clip"), or counted around ("wrap").

    Raises:
      ValueError: `out` is given, or another `mode`.

    >>> import headrace as tf
    >>> tf.experimental.numpy.take([5, 6, 7], [2, 9]).numpy().tolist()
    [7, 7]
    """
    if out is not None:
        raise ValueError("take() does not take `out`: tensors cannot be written to.")
    if mode not in ("clip", "wrap"):
        raise ValueError(f'take() takes mode="clip" or "wrap". Received: mode={mode!r}.')
    a, indices = as_tensor(a), as_tensor(indices)
    if axis is None:
        a, axis = _array.reshape(a, [-1]), 0
    size = _array.shape(a, out_type=indices._dtype)[axis]
    if mode == "wrap":
        indices = _math.floormod(indices, size)
    else:
        indices = _math.minimum(_math.maximum(indices, _array.zeros([], indices._dtype)), size - 1)
    return _array.gather(a, indices, axis=axis)


def take_along_axis(arr: Any, indices: Any, axis: int | None) -> Tensor:
    """At each place of `indices` the element of `arr` whose index along an axis stands there.

    Args:
      indices: integers, of the rank of `arr`; the other dimensions broadcast together. Negative ones count from the end.
      axis: None means of the flattened array.

    >>> import headrace as tf
    >>> tf.experimental.numpy.take_along_axis([[1, 2], [3, 4]], [[1], [0]], axis=1).numpy().tolist()
    [[2], [3]]
    """
    arr, indices = as_tensor(arr), as_tensor(indices)
    if axis is None:
        arr, indices, axis = _array.reshape(arr, [-1]), _array.reshape(indices, [-1]), 0
    rank = known_rank(arr, "take_along_axis")
    if known_rank(indices, "take_along_axis") != rank:
        raise ValueError(f"take_along_axis() takes arrays of one rank. Received: {arr!r}, {indices!r}.")
    axis = axis_in(axis, rank, "take_along_axis")
    arr, indices = moveaxis(arr, axis, -1), moveaxis(indices, axis, -1)
    size = _array.shape(arr, out_type=indices._dtype)[-1]
    indices = _array.where(_math.less(indices, 0), indices + size, indices)
    outer = _array.broadcast_dynamic_shape(_array.shape(arr)[:-1], _array.shape(indices)[:-1])
    arr, indices = (
        _array.broadcast_to(x, _array.concat([outer, _array.shape(x)[-1:]], 0)) for x in (arr, indices)
    )
    return moveaxis(_array.gather(arr, indices, axis=-1, batch_dims=rank - 1), -1, axis)


def ix_(*args: Any) -> list[Tensor]:
    """Vectors of positions shaped so that together they index the grid of all combinations.

    Raises:
      ValueError: an argument is not a vector of integers or bools.
    """
    output = []
    for i, a in enumerate(args):
        a = as_tensor(a)
        if known_rank(a, "ix_") != 1:
            raise ValueError(f"ix_() takes vectors. Received as argument {i}: {a!r}.")
        if a._dtype is dtypes.bool_:
            a = nonzero(a)[0]
        elif not a._dtype.is_integer:
            raise ValueError(f"ix_() takes integers or bools. Received: {a._dtype.name}.")
        output.append(_array.reshape(a, [-1 if j == i else 1 for j in range(len(args))]))
    return output
