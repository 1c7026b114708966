"""Ragged tensors from Python lists, ranges, tensors and sparse tensors, and back."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

import headrace as tf
from headrace.core import dtypes, nest
from headrace.core.convert import to_array, to_tensor
from headrace.core.dtypes import DType, as_dtype, from_numpy
from headrace.core.op import lookup
from headrace.core.static import static_value
from headrace.core.tensor import Tensor
from headrace.ops import ragged as ops

from .partition import RowPartition, check, index_tensor
from .tensor import RaggedTensor, RaggedTensorValue, is_ragged, ragged_or_tensor


# -------------------------------------------------------------------------------------------------------------- constants
def constant(
    pylist: Any, dtype: Any = None, ragged_rank: int | None = None, inner_shape: Any = None, name: str | None = None, row_splits_dtype: Any = dtypes.int64,
) -> Any:  # fmt: skip
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

    return _constant(ragged, inner, pylist, None if dtype is None else as_dtype(dtype), ragged_rank, inner_shape, as_dtype(row_splits_dtype))


def constant_value(
    pylist: Any, dtype: Any = None, ragged_rank: int | None = None, inner_shape: Any = None, row_splits_dtype: Any = "int64",
) -> Any:  # fmt: skip
    """Like `constant`, but a RaggedTensorValue (or array) that holds NumPy arrays."""

    def inner(values: Any, shape: tuple[int, ...], of: Any) -> np.ndarray:
        return np.asarray(values, None if of is None else of.as_numpy_dtype).reshape(shape)

    return _constant(RaggedTensorValue, inner, pylist, None if dtype is None else as_dtype(dtype), ragged_rank, inner_shape, as_dtype(row_splits_dtype))


def _constant(
    ragged: Callable[..., Any], inner: Callable[..., Any], pylist: Any, dtype: DType | None, ragged_rank: int | None, inner_shape: Any, splits_dtype: DType
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
            raise ValueError(f"Invalid pylist={pylist}: incompatible with ragged_rank={ragged_rank} and dim(inner_shape)={len(inner_shape)}")
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
    shape = tf.TensorShape([None]).concatenate(value_shape) if value_shape is not None else tf.TensorShape(None)
    result: Any = graph.placeholder(as_dtype(dtype), shape._raw, (name or "RaggedPlaceholder") + "/flat_values")
    for i in reversed(range(ragged_rank)):
        splits = graph.placeholder(dtypes.int64, (None,), f"{name or 'RaggedPlaceholder'}/row_splits_{i}")
        result = RaggedTensor.from_row_splits(result, splits, validate=False)
    return result


# ------------------------------------------------------------------------------------------------------------------ ranges
def range_(starts: Any, limits: Any = None, deltas: Any = 1, dtype: Any = None, name: str | None = None, row_splits_dtype: Any = dtypes.int64) -> RaggedTensor:
    """A row `starts[i], starts[i] + deltas[i], …` below `limits[i]` for each i; scalars are the same for every row.

    >>> import headrace as tf
    >>> tf.ragged.range([0, 5], [3, 3])
    <tf.RaggedTensor [[0, 1, 2], []]>
    """
    if limits is None:
        starts, limits = 0, starts
    tensors = [to_tensor(x, None if dtype is None or isinstance(x, Tensor) else as_dtype(dtype)) for x in (starts, limits, deltas)]
    if dtype is None:
        order = (dtypes.int32, dtypes.int64, dtypes.float32, dtypes.float64)
        wide = max((t.dtype for t in tensors), key=lambda d: order.index(d) if d in order else -1)
    else:
        wide = as_dtype(dtype)
    splits, values = ops.RAGGED_RANGE(*[tf.cast(t, wide) for t in tensors], Tsplits=as_dtype(row_splits_dtype), name=name)
    return RaggedTensor.from_row_splits(values, splits, validate=False)


def row_splits_to_segment_ids(splits: Any, name: str | None = None, out_type: Any = None) -> Tensor:
    """The row of each value: `[0, 3, 3, 5]` gives `[0, 0, 0, 2, 2]`."""
    partition = RowPartition.from_row_splits(splits, validate=False)
    ids = partition.value_rowids()
    return ids if out_type is None else tf.cast(ids, out_type)


def segment_ids_to_row_splits(segment_ids: Any, num_segments: Any = None, out_type: Any = None, name: str | None = None) -> Tensor:
    """Where the rows of sorted segment ids begin and end: `[0, 0, 0, 2, 2]` gives `[0, 3, 3, 5]`."""
    partition = RowPartition.from_value_rowids(index_tensor(segment_ids, "segment_ids"), num_segments, validate=False)
    splits = partition.row_splits()
    return splits if out_type is None else tf.cast(splits, out_type)


# ------------------------------------------------------------------------------------------------------ from and to tensors
def from_tensor(tensor: Any, lengths: Any, padding: Any, ragged_rank: int, row_splits_dtype: Any) -> Any:
    splits_dtype = as_dtype(row_splits_dtype)
    if lengths is not None and padding is not None:
        raise ValueError("Specify argument `lengths` or `padding`, but not both.")
    if not isinstance(ragged_rank, int):
        raise TypeError(f"Argument `ragged_rank` must be an int. Received {ragged_rank}.")
    if ragged_rank <= 0:
        raise ValueError(f"Argument `ragged_rank` must be greater than 0. Received {ragged_rank}.")
    tensor = to_tensor(tensor)
    rank = tensor.shape.rank
    if rank is not None and rank < 2:
        raise ValueError(f"The rank of a RaggedTensor must be greater than 1, i.e., a list of scalars won't have ragged dimensions. Received `tensor` of rank {rank}.")
    if rank is not None and ragged_rank >= rank:
        raise ValueError(f"Argument `ragged_rank` must be less than the tensor's rank, {rank}. Received {ragged_rank}.")
    if isinstance(lengths, (list, tuple)) and lengths and not isinstance(lengths[0], (int, float)):
        if ragged_rank not in (1, len(lengths)):
            raise ValueError(f"If Argument `lengths` is a tuple of row_lengths, argument `ragged_rank` must be len(lengths): {len(lengths)}. Received {ragged_rank}.")
        return _from_nested_lengths(tensor, list(lengths), splits_dtype)
    shape = tf.shape(tensor, out_type=splits_dtype)
    if ragged_rank > 1:
        merged = tf.reshape(tensor, tf.concat([[tf.reduce_prod(shape[:ragged_rank])], shape[ragged_rank:]], 0))
        result: Any = from_tensor(merged, lengths, padding, 1, splits_dtype)
        for axis in reversed(range(1, ragged_rank)):
            result = _uniform(result, shape[axis], tf.reduce_prod(shape[:axis]), splits_dtype)
        return result
    if lengths is None and padding is None:
        return _uniform(tf.reshape(tensor, tf.concat([[shape[0] * shape[1]], shape[2:]], 0)), shape[1], shape[0], splits_dtype)
    if lengths is None:
        padding = tf.cast(to_tensor(padding, tensor.dtype), tensor.dtype)
        if padding.shape.rank not in (None, 0) and not tensor.shape[2:].is_compatible_with(padding.shape):
            raise ValueError(f"padding of shape {padding.shape} must be one value of a row, of shape {tensor.shape[2:]}.")
        real = tf.not_equal(tensor, padding)
        if rank is None or rank > 2:
            real = tf.reduce_any(tf.reshape(real, tf.concat([shape[:2], [-1]], 0)), axis=-1)
        positions = tf.range(1, shape[1] + 1)
        lengths = tf.reduce_max(tf.concat([tf.where(real, positions, tf.zeros_like(positions)), tf.zeros(tf.stack([shape[0], 1]), splits_dtype)], 1), axis=1)
    lengths = tf.clip_by_value(index_tensor(lengths, "lengths", splits_dtype, rank=1), tf.zeros([], splits_dtype), shape[1])
    values = tf.boolean_mask(tensor, tf.range(shape[1])[None] < lengths[:, None])
    return RaggedTensor.from_row_lengths(values, lengths, validate=False)


def _uniform(values: Any, length: Any, nrows: Any, splits_dtype: DType) -> RaggedTensor:
    return RaggedTensor.from_uniform_row_length(values, tf.cast(length, splits_dtype), nrows=nrows, validate=False)


def _from_nested_lengths(tensor: Any, lengths: list[Any], splits_dtype: DType) -> Any:
    result: Any = from_tensor(tensor, index_tensor(lengths[0], "lengths", splits_dtype, rank=1), None, 1, splits_dtype)
    return result if len(lengths) == 1 else result.with_values(_from_nested_lengths(result.values, lengths[1:], splits_dtype))


def from_sparse(st_input: Any, row_splits_dtype: Any) -> RaggedTensor:
    if not hasattr(st_input, "dense_shape"):
        raise TypeError(f"Argument `st_input` must be of type SparseTensor, but is of type {type(st_input).__name__}.")
    rank = st_input.shape.rank
    if rank is not None and rank != 2:
        raise ValueError(f"rank(st_input) must be 2. Got {rank}.")
    dtype = as_dtype(row_splits_dtype)
    indices = tf.cast(st_input.indices, dtype)
    rows, columns = indices[:, 0], indices[:, 1]
    partition = RowPartition.from_value_rowids(rows, tf.cast(st_input.dense_shape[0], dtype), validate=False)
    tidy = tf.reduce_all(tf.equal(columns, partition.offsets_in_rows()))
    check(tidy, "SparseTensor is not right-ragged: a row must have its values in the columns 0, 1, 2 … in order.")
    return RaggedTensor._from_row_partition(st_input.values, partition, validate=False)


def to_sparse(rt: RaggedTensor) -> Any:
    coordinates = flat_coordinates(rt)
    values = rt.flat_values
    inner = values.shape.rank
    if inner is None:
        raise ValueError("RaggedTensor.to_sparse needs flat values of known rank.")
    shape = tf.shape(values, out_type=dtypes.int64)
    index = tf.stack(coordinates, axis=1)
    if inner > 1:
        below = tf.reshape(tf.stack(tf.meshgrid(*[tf.range(shape[i]) for i in range(1, inner)], indexing="ij"), axis=-1), [-1, inner - 1])
        n, m = tf.shape(index)[0], tf.shape(below)[0]
        index = tf.concat([tf.repeat(index, m, axis=0), tf.tile(below, [n, 1])], axis=1)
        values = tf.reshape(values, [-1])
    return tf.SparseTensor(index, values, rt.bounding_shape(out_type=dtypes.int64))


def flat_coordinates(rt: RaggedTensor) -> list[Any]:
    """For every flat value its index in each ragged dimension, as int64 vectors, the outermost first."""
    partitions = [p.with_dtype(dtypes.int64) for p in rt._nested_row_partitions]
    last = partitions[-1]
    out = [last.offsets_in_rows()]
    ids = last.value_rowids()
    for p in reversed(partitions[:-1]):
        out.insert(0, tf.gather(p.offsets_in_rows(), ids))
        ids = tf.gather(p.value_rowids(), ids)
    return [ids, *out]


def to_dense(rt: RaggedTensor, default_value: Any, shape: Any, name: str | None) -> Tensor:
    wanted: list[Any] = [None] * (rt.shape.rank or 2)
    if isinstance(shape, Tensor):
        wanted = [None if (k := static_value(d)) is not None and k < 0 else d for d in tf.unstack(shape)]
    elif shape is not None and tf.TensorShape(shape).rank is not None:
        wanted = tf.TensorShape(shape).as_list()
    if rt.shape.rank is not None and len(wanted) != rt.shape.rank:
        raise ValueError(f"Shape {shape} must have rank {rt.shape.rank}, that of the RaggedTensor.")
    default = tf.zeros([], rt.dtype) if default_value is None else to_tensor(default_value, rt.dtype)
    with tf.name_scope(name or "RaggedToTensor"):
        return _dense(rt, default, wanted)


def _dense(rt: RaggedTensor, default: Any, wanted: list[Any]) -> Any:
    """Level by level from the inside: row i of the result is a row of `values`, padded. The rows' indices are a rectangle
    that points past the end where there is nothing, at one more value: the default."""
    if isinstance(rt.values, RaggedTensor):
        values = _dense(rt.values, default, [None, *wanted[2:]])
    else:
        values = _fit(rt.values, wanted[2:], default)
    dtype = rt.row_splits.dtype
    width = tf.cast(rt.bounding_shape(axis=1) if wanted[1] is None else wanted[1], dtype)
    size = tf.shape(values, out_type=dtype)
    padding = tf.broadcast_to(default, tf.concat([[1], tf.shape(values)[1:]], 0))
    columns = tf.range(width)[None]
    index = tf.where(columns < rt.row_lengths()[:, None], rt.row_starts()[:, None] + columns, size[0])
    result = tf.gather(tf.concat([values, padding], 0), index)
    return result if wanted[0] is None else _fit_rows(result, wanted[0], default)


def _fit_rows(x: Any, rows: Any, default: Any) -> Any:
    """Exactly so many rows: cut off, or filled up with the default."""
    known = static_value(rows) if isinstance(rows, Tensor) else rows
    if known is not None and x.shape[0] == int(known):
        return x
    size = tf.shape(x)
    rows = tf.cast(rows, dtypes.int32)
    more = tf.broadcast_to(default, tf.concat([[tf.maximum(rows - size[0], 0)], size[1:]], 0))
    return tf.concat([x[:rows], more], 0)


def _fit(values: Any, sizes: Any, default: Any) -> Any:
    for axis, size in enumerate(sizes, 1):
        if size is None:
            continue
        perm = [axis, *[i for i in range(values.shape.rank) if i != axis]]
        back = np.argsort(perm).tolist()
        if values.shape[axis] != size:
            values = tf.transpose(_fit_rows(tf.transpose(values, perm), size, tf.zeros([], values.dtype) if default.shape.rank else default), back)
    return values


# -------------------------------------------------------------------------------------------------------------- flat values
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
    sizes = {s for s in (r.flat_values.shape[0] for r in found) if s is not None}
    if len(sizes) > 1:
        raise ValueError(f"Input RaggedTensors' flat_values must all have the same outer-dimension size. Got sizes: {sizes}")
    assert_same_rows(found)
    flat = lambda x: x.flat_values if is_ragged(x) else x
    args, kwargs = nest.map_structure(flat, (args, kwargs))
    result = op(*args, **kwargs)
    size = found[0].flat_values.shape[0]
    if not is_ragged(result):
        shape = getattr(result, "shape", None)
        if shape is None:
            raise TypeError(f"tf.ragged.map_flat_values: `op` must return one tensor, received {result!r}.")
        if shape.rank == 0 or (shape.rank is not None and None not in (shape[0], size) and shape[0] != size):
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
            raise ValueError(f"Inputs must have identical ragged splits: ragged ranks are {len(first)} and {len(partitions)}.")
        for a, b in zip(first, partitions):
            if not a.same_as(b):
                if a.static_nrows is not None and b.static_nrows is not None and a.static_nrows != b.static_nrows:
                    raise ValueError(f"Inputs must have identical ragged splits: they have {a.static_nrows} and {b.static_nrows} rows.")
                check(tf.reduce_all(tf.equal(a.row_splits(), b.row_splits())), "Inputs must have identical ragged splits")


# --------------------------------------------------------------------------------------------------------------------- cross
def _crossed(inputs: Any, hashed: bool, num_buckets: int, hash_key: int, name: str | None) -> RaggedTensor:
    if not isinstance(inputs, (list, tuple)):
        raise TypeError(f"Argument `inputs` must be a list, received {inputs!r}.")
    if hash_key is None:
        hash_key = 0xDECAFCAFFE
    ragged, sparse, dense, order = [], [], [], ""
    for x in inputs:
        x = x if is_ragged(x) or hasattr(x, "dense_shape") else to_tensor(x)
        if x.shape.rank is not None and x.shape.rank != 2:
            raise ValueError(f"tf.ragged.cross only supports inputs with rank=2, received shape {x.shape}.")
        kind = "R" if is_ragged(x) else "S" if hasattr(x, "dense_shape") else "D"
        if x.dtype is not dtypes.string:
            if not x.dtype.is_integer:
                raise ValueError(f"Unexpected dtype for inputs: {x.dtype.name}; features are strings or integers.")
            x = tf.cast(x, dtypes.int64)
        {"R": ragged, "S": sparse, "D": dense}[kind].append(x)
        order += kind
    values, splits = lookup("RaggedCross")(
        [r.flat_values for r in ragged], [r.row_splits for r in ragged], [s.indices for s in sparse], [s.values for s in sparse], [s.dense_shape for s in sparse], dense,
        input_order=order, hashed_output=hashed, num_buckets=num_buckets, hash_key=hash_key, out_values_type=dtypes.int64 if hashed else dtypes.string,
        out_row_splits_type=dtypes.int64, name=name,
    )  # fmt: skip
    return RaggedTensor.from_row_splits(values, splits, validate=False)


def cross(inputs: Any, name: str | None = None) -> RaggedTensor:
    """Feature crosses: for each row every combination of one feature of each input, joined with `_X_`.

    Args:
      inputs: ragged, sparse or dense matrices of strings or integers, with one row per example.
    """
    return _crossed(inputs, False, 0, 0, name)


def cross_hashed(inputs: Any, num_buckets: int = 0, hash_key: Any = None, name: str | None = None) -> RaggedTensor:
    """Feature crosses as integers: their 64-bit hashes, modulo `num_buckets` unless that is 0."""
    return _crossed(inputs, True, num_buckets, hash_key, name)


__all__ = [
    "assert_same_rows", "constant", "constant_value", "cross", "cross_hashed", "flat_coordinates", "from_sparse", "from_tensor", "map_flat_values",
    "match_row_splits_dtypes", "placeholder", "ragged_or_tensor", "range_", "row_splits_to_segment_ids", "segment_ids_to_row_splits", "to_dense", "to_sparse",
]  # fmt: skip
