"""Functions on the flat values of ragged tensors that have the same rows."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import headrace as tf
from headrace.core import dtypes, nest
from headrace.core.shapes import compatible, size_of

from .partition import check
from .ragged_tensor import RaggedTensor, is_ragged


def map_flat_values(op: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    """`op` on the flat values of the RaggedTensors among the arguments, which all have the same rows; the result has those
    rows, too. Without any RaggedTensor, just `op(*args, **kwargs)`.

    Raises:
      ValueError: `op` returns another number of values.
      InvalidArgumentError: the RaggedTensors have different rows.

    >>> import headrace as tf
    >>> tf.ragged.map_flat_values(lambda x: x * 2, tf.ragged.constant([[1, 2], [3]]))
    <tf.RaggedTensor [[2, 4], [6]]>
    """
    found = [a for a in nest.flatten([args, kwargs]) if is_ragged(a)]
    if not found:
        return op(*args, **kwargs)
    found = match_row_splits_dtypes(*found)
    sizes = {s for s in (size_of(r.flat_values, 0) for r in found) if s is not None}
    if len(sizes) > 1:
        raise ValueError(
            f"Input RaggedTensors' flat_values must all have the same outer-dimension size. Got sizes: {sizes}"
        )
    assert_same_rows(found)
    flat = lambda x: x.flat_values if is_ragged(x) else x
    args, kwargs = nest.map_structure(flat, (args, kwargs))
    result = op(*args, **kwargs)
    size = size_of(found[0].flat_values, 0)
    if not is_ragged(result):
        shape = getattr(result, "shape", None)
        if shape is None:
            raise TypeError(f"tf.ragged.map_flat_values: `op` must return one tensor, received {result!r}.")
        if shape.rank == 0 or not compatible((size_of(result, 0),), (size,)):
            raise ValueError(
                f"tf.ragged.map_flat_values requires that the output of `op` have the same outer-dimension size as flat_values of any ragged inputs. "
                f"(output shape: {shape}; expected outer dimension size: {size})"
            )
    return found[0].with_flat_values(result)


def match_row_splits_dtypes(*tensors: Any) -> list[Any]:
    """The same, with row splits of one integer type: int64, where they differ."""
    found = {t.row_splits.dtype for t in tensors if is_ragged(t)}
    return [t.with_row_splits_dtype(dtypes.int64) if len(found) > 1 and is_ragged(t) else t for t in tensors]


def assert_same_rows(tensors: list[RaggedTensor]) -> None:
    """InvalidArgumentError where ragged tensors differ in their rows."""
    first = tensors[0]._nested_row_partitions
    for other in tensors[1:]:
        partitions = other._nested_row_partitions
        if len(partitions) != len(first):
            raise ValueError(
                f"Inputs must have identical ragged splits: ragged ranks are {len(first)} and {len(partitions)}."
            )
        for a, b in zip(first, partitions):
            if not a.same_as(b):
                if (
                    a.static_nrows is not None
                    and b.static_nrows is not None
                    and a.static_nrows != b.static_nrows
                ):
                    raise ValueError(
                        f"Inputs must have identical ragged splits: they have {a.static_nrows} and {b.static_nrows} rows."
                    )
                check(
                    tf.reduce_all(tf.equal(a.row_splits(), b.row_splits())),
                    "Inputs must have identical ragged splits",
                )
