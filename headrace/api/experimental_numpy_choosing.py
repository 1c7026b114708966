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
