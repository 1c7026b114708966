"""Ragged tensors from Python lists and ranges, and feature crosses."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

import headrace as tf
from headrace.core import dtypes
from headrace.core.convert import to_array, to_tensor
from headrace.core.dtypes import DType, as_dtype, from_numpy
from headrace.core.op import lookup
from headrace.core.scoping import at_home, scoped
from headrace.core.tensor import Tensor
from headrace.ops import ragged as ops

from .partition import RowPartition, index_tensor
from .ragged_tensor import RaggedTensor, is_ragged
from .spec import RaggedTensorValue


# -------------------------------------------------------------------------------------------------------------- constants
@scoped("RaggedConstant", "values", "Const")
def constant(
    pylist: Any,
    dtype: Any = None,
    ragged_rank: int | None = None,
    inner_shape: Any = None,
    name: str | None = None,
    row_splits_dtype: Any = dtypes.int64,
) -> Any:
    """A RaggedTensor of nested lists (a tensor, if there is nothing ragged about them).

    Args:
      pylist: nested lists, tuples or arrays; scalars are all equally deep.
      ragged_rank: how many dimensions are ragged; all but the last, if neither this nor `inner_shape` is given.
      inner_shape: the shape of the values inside the ragged dimensions.

    Raises:
      ValueError: the scalars have different depths, or contradict `ragged_rank` or `inner_shape`.

    >>> import headrace as tf
    >>> tf.ragged.constant([[1, 2], [3]])
    <tf.RaggedTensor [[1, 2], [3]]>
    """

    def ragged(values: Any, splits: np.ndarray) -> RaggedTensor:
        return RaggedTensor.from_row_splits(values, splits, validate=False)

    def inner(values: Any, shape: tuple[int, ...], of: DType | None) -> Tensor:
        array = to_array(values, of)
        return to_tensor(array.reshape(shape), of or from_numpy(array.dtype))

    return _constant(
        ragged,
        inner,
        pylist,
        None if dtype is None else as_dtype(dtype),
        ragged_rank,
        inner_shape,
        as_dtype(row_splits_dtype),
    )


def constant_value(
    pylist: Any,
    dtype: Any = None,
    ragged_rank: int | None = None,
    inner_shape: Any = None,
    row_splits_dtype: Any = "int64",
) -> Any:
    """Like `constant`, but a RaggedTensorValue (or array) that holds NumPy arrays."""

    def inner(values: Any, shape: tuple[int, ...], of: Any) -> np.ndarray:
        return np.asarray(values, None if of is None else of.as_numpy_dtype).reshape(shape)

    return _constant(
        RaggedTensorValue,
        inner,
        pylist,
        None if dtype is None else as_dtype(dtype),
        ragged_rank,
        inner_shape,
        as_dtype(row_splits_dtype),
    )


def _constant(
    ragged: Callable[..., Any],
    inner: Callable[..., Any],
    pylist: Any,
    dtype: DType | None,
    ragged_rank: int | None,
    inner_shape: Any,
    splits_dtype: DType,
) -> Any:
    if ragged_rank is not None and ragged_rank < 0:
        raise ValueError(f"Invalid ragged_rank={ragged_rank}: it must be nonnegative.")
    scalar_depth, max_depth = _depths(pylist)
    if scalar_depth is not None and max_depth > scalar_depth:
        raise ValueError(f"Invalid pylist={pylist}: empty list nesting is greater than scalar value nesting")
    if inner_shape is not None:
        inner_shape = (inner_shape,) if isinstance(inner_shape, int) else tuple(inner_shape)
        expected = max(0, max_depth - 1 - len(inner_shape))
        if ragged_rank is None:
            ragged_rank = expected
        elif scalar_depth is not None and ragged_rank != expected:
            raise ValueError(
                f"Invalid pylist={pylist}: incompatible with ragged_rank={ragged_rank} and dim(inner_shape)={len(inner_shape)}"
            )
    elif ragged_rank is None:
        ragged_rank = max(0, max_depth - 1)
    elif max_depth < ragged_rank:
        raise ValueError(f"Invalid pylist={pylist}, max depth smaller than ragged_rank={ragged_rank}")
    elif scalar_depth is not None and ragged_rank and scalar_depth < ragged_rank + 1:
        raise ValueError(f"Invalid pylist={pylist}, scalar depth smaller than ragged_rank={ragged_rank}")
    values, splits = pylist, []
    for _ in range(ragged_rank):
        ends, rows = [0], []
        for row in values:
            ends.append(ends[-1] + len(row))
            rows.extend(row)
        splits.append(np.asarray(ends, splits_dtype.as_numpy_dtype))
        values = rows
    found = _shape_of(values)
    if ragged_rank == 0 and (inner_shape is None or len(found) != len(inner_shape) + 1):
        return inner(values, found if inner_shape is None else inner_shape, dtype)
    result = inner(values, (len(values), *(found[1:] if inner_shape is None else inner_shape)), dtype)
    for ends_array in reversed(splits):
        result = ragged(result, ends_array)
    return result


def _is_list(value: Any) -> bool:
    return isinstance(value, (list, tuple)) or (isinstance(value, np.ndarray) and value.ndim > 0)


def _depths(pylist: Any) -> tuple[int | None, int]:
    """How deep the scalars are (None, if there are none), and how deep the lists go."""
    if not _is_list(pylist):
        return 0, 0
    if isinstance(pylist, np.ndarray) and pylist.dtype != object:
        return (pylist.ndim if pylist.size else None), pylist.ndim
    scalar_depth, depth = None, 1
    for item in pylist:
        scalar, d = _depths(item)
        depth = max(depth, d + 1)
        if scalar is not None:
            if scalar_depth is not None and scalar + 1 != scalar_depth:
                raise ValueError("all scalar values must have the same nesting depth")
            scalar_depth = scalar + 1
    return scalar_depth, depth


def _shape_of(value: Any) -> tuple[int, ...]:
    """The shape of nested lists without raggedness."""
    if not _is_list(value):
        return ()
    shapes = {_shape_of(item) for item in value}
    if len(shapes) > 1:
        raise ValueError("inner values have inconsistent shape")
    return (len(value), *(shapes.pop() if shapes else ()))


def placeholder(dtype: Any, ragged_rank: int, value_shape: Any = None, name: str | None = None) -> Any:
    """A RaggedTensor of placeholders, for graphs that a Session runs."""
    from headrace.core.graph import get_default_graph

    graph = get_default_graph()
    shape = (
        tf.TensorShape([None]).concatenate(value_shape) if value_shape is not None else tf.TensorShape(None)
    )
    result: Any = graph.placeholder(
        as_dtype(dtype), shape._raw, (name or "RaggedPlaceholder") + "/flat_values"
    )
    for i in reversed(range(ragged_rank)):
        splits = graph.placeholder(dtypes.int64, (None,), f"{name or 'RaggedPlaceholder'}/row_splits_{i}")
        result = RaggedTensor.from_row_splits(result, splits, validate=False)
    return result


# ------------------------------------------------------------------------------------------------------------------ ranges
@at_home
def range_(
    starts: Any,
    limits: Any = None,
    deltas: Any = 1,
    dtype: Any = None,
    name: str | None = None,
    row_splits_dtype: Any = dtypes.int64,
) -> RaggedTensor:
    """A row `starts[i], starts[i] + deltas[i], …` below `limits[i]` for each i; scalars are the same for every row.

    >>> import headrace as tf
    >>> tf.ragged.range([0, 5], [3, 3])
    <tf.RaggedTensor [[0, 1, 2], []]>
    """
    if limits is None:
        starts, limits = 0, starts
    tensors = [
        to_tensor(x, None if dtype is None or isinstance(x, Tensor) else as_dtype(dtype))
        for x in (starts, limits, deltas)
    ]
    if dtype is None:
        order = (dtypes.int32, dtypes.int64, dtypes.float32, dtypes.float64)
        wide = max((t.dtype for t in tensors), key=lambda d: order.index(d) if d in order else -1)
    else:
        wide = as_dtype(dtype)
    splits, values = ops.RAGGED_RANGE(
        *[tf.cast(t, wide) for t in tensors], Tsplits=as_dtype(row_splits_dtype), name=name
    )
    return RaggedTensor.from_row_splits(values, splits, validate=False)


@at_home
def row_splits_to_segment_ids(splits: Any, name: str | None = None, out_type: Any = None) -> Tensor:
    """The row of each value: `[0, 3, 3, 5]` gives `[0, 0, 0, 2, 2]`."""
    partition = RowPartition.from_row_splits(splits, validate=False)
    ids = partition.value_rowids()
    return ids if out_type is None else tf.cast(ids, out_type)


@at_home
def segment_ids_to_row_splits(
    segment_ids: Any, num_segments: Any = None, out_type: Any = None, name: str | None = None
) -> Tensor:
    """Where the rows of sorted segment ids begin and end: `[0, 0, 0, 2, 2]` gives `[0, 3, 3, 5]`."""
    partition = RowPartition.from_value_rowids(
        index_tensor(segment_ids, "segment_ids"), num_segments, validate=False
    )
    splits = partition.row_splits()
    return splits if out_type is None else tf.cast(splits, out_type)


# --------------------------------------------------------------------------------------------------------------------- cross
def _crossed(inputs: Any, hashed: bool, num_buckets: int, hash_key: int, name: str | None) -> RaggedTensor:
    if not isinstance(inputs, (list, tuple)):
        raise TypeError(f"Argument `inputs` must be a list, received {inputs!r}.")
    if hash_key is None:
        hash_key = 0xDECAFCAFFE
    groups: dict[str, list[Any]] = {"R": [], "S": [], "D": []}
    order = ""
    for x in inputs:
        x = x if is_ragged(x) or hasattr(x, "dense_shape") else to_tensor(x)
        if x.shape.rank is not None and x.shape.rank != 2:
            raise ValueError(f"tf.ragged.cross only supports inputs with rank=2, received shape {x.shape}.")
        kind = "R" if is_ragged(x) else "S" if hasattr(x, "dense_shape") else "D"
        if x.dtype is not dtypes.string:
            if not x.dtype.is_integer:
                raise ValueError(
                    f"Unexpected dtype for inputs: {x.dtype.name}; features are strings or integers."
                )
            x = tf.cast(x, dtypes.int64)
        groups[kind].append(x)
        order += kind
    ragged, sparse, dense = groups.values()
    values, splits = lookup("RaggedCross")(
        [r.flat_values for r in ragged],
        [r.row_splits for r in ragged],
        [s.indices for s in sparse],
        [s.values for s in sparse],
        [s.dense_shape for s in sparse],
        dense,
        input_order=order,
        hashed_output=hashed,
        num_buckets=num_buckets,
        hash_key=hash_key,
        out_values_type=dtypes.int64 if hashed else dtypes.string,
        out_row_splits_type=dtypes.int64,
        name=name,
    )
    return RaggedTensor.from_row_splits(values, splits, validate=False)


def cross(inputs: Any, name: str | None = None) -> RaggedTensor:
    """Feature crosses: for each row every combination of one feature of each input, joined with `_X_`.

    Args:
      inputs: ragged, sparse or dense matrices of strings or integers, with one row per example.
    """
    return _crossed(inputs, False, 0, 0, name)


def cross_hashed(
    inputs: Any, num_buckets: int = 0, hash_key: Any = None, name: str | None = None
) -> RaggedTensor:
    """Feature crosses as integers: their 64-bit hashes, modulo `num_buckets` unless that is 0."""
    return _crossed(inputs, True, num_buckets, hash_key, name)


__all__ = [
    "constant",
    "constant_value",
    "cross",
    "cross_hashed",
    "placeholder",
    "range_",
    "row_splits_to_segment_ids",
    "segment_ids_to_row_splits",
]
