"""`tf.sparse`: making, taking apart, joining and rearranging sparse tensors."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

import headrace as tf
from headrace.core import dtypes
from headrace.core.convert import to_tensor
from headrace.core.dtypes import DType
from headrace.core.op import lookup
from headrace.core.scoping import scoped
from headrace.core.shapes import size_of
from headrace.core.static import static_shape, static_value
from headrace.core.tensor import Tensor
from headrace.ops import sparse as ops
from headrace.ops import sparse_sets as sets
from headrace.ops import sparse_structure as structure

from .tensor import SparseTensor, is_sparse, sparse_of


def zero_of(dtype: DType) -> Any:
    """What the elements without a value are: 0, False or the empty string."""
    return tf.constant(b"", dtypes.string) if dtype is dtypes.string else tf.zeros([], dtype)


def _parts(sp: SparseTensor) -> tuple[Any, Any, Any]:
    return sp.indices, sp.values, sp.dense_shape


# ----------------------------------------------------------------------------------------------------------------- conversions
@scoped("dense_to_sparse", None)
def from_dense(tensor: Any, name: str | None = None) -> SparseTensor:
    """The elements of a tensor that are not zero.

    >>> import headrace as tf
    >>> tf.sparse.from_dense([0, 7]).values.numpy().tolist()
    [7]
    """
    tensor = to_tensor(tensor)
    if tensor.shape.rank == 0:
        raise tf.errors.InvalidArgumentError(
            None, None, "tf.sparse.from_dense needs a tensor of at least one dimension, received a scalar."
        )
    indices = tf.where(tf.not_equal(tensor, zero_of(tensor.dtype)))
    return SparseTensor(indices, tf.gather_nd(tensor, indices), tf.shape(tensor, out_type=dtypes.int64))


def to_dense(
    sp_input: Any, default_value: Any = None, validate_indices: bool = True, name: str | None = None
) -> Tensor:
    """A tensor of the whole; `default_value` (0 or "" unless given) where there is no value.

    Raises:
      InvalidArgumentError: an index is out of range or, if `validate_indices`, out of order or repeated.
    """
    sp = sparse_of(sp_input)
    default = zero_of(sp.dtype) if default_value is None else default_value
    dense = ops.SPARSE_TO_DENSE(
        sp.indices,
        sp.dense_shape,
        sp.values,
        to_tensor(default, sp.dtype),
        validate_indices=validate_indices,
        name=name,
    )
    if not dense._is_eager:
        dense.set_shape(sp.shape)
    return dense


@scoped("SparseToIndicator")
def to_indicator(sp_input: Any, vocab_size: Any, name: str | None = None) -> Tensor:
    """Booleans whose last dimension, of size `vocab_size`, says which values (IDs) a row has."""
    sp = sparse_of(sp_input)
    if sp.dtype not in (dtypes.int32, dtypes.int64):
        raise TypeError(f"tf.sparse.to_indicator needs int32 or int64 values, received {sp.dtype.name}.")
    size = tf.cast(vocab_size, dtypes.int64)
    indices = tf.concat([sp.indices[:, :-1], tf.cast(sp.values, dtypes.int64)[:, None]], 1)
    shape = tf.concat([sp.dense_shape[:-1], size[None]], 0)
    return ops.SPARSE_TO_DENSE(
        indices,
        shape,
        tf.ones_like(sp.values, dtypes.bool_),
        tf.constant(False),
        validate_indices=False,
        name=name,
    )


@scoped("eye", "stack", "ones", None)
def eye(
    num_rows: Any, num_columns: Any = None, dtype: Any = dtypes.float32, name: str | None = None
) -> SparseTensor:
    """Ones on the main diagonal."""
    rows = tf.cast(num_rows, dtypes.int64)
    columns = rows if num_columns is None else tf.cast(num_columns, dtypes.int64)
    diagonal = tf.range(tf.minimum(rows, columns))
    return SparseTensor(
        tf.stack([diagonal, diagonal], 1), tf.ones_like(diagonal, dtype), tf.stack([rows, columns])
    )


# -------------------------------------------------------------------------------------------------------------------- shapes
def reorder(sp_input: Any, name: str | None = None) -> SparseTensor:
    """The same with its indices in ascending order."""
    sp = sparse_of(sp_input)
    indices, values = structure.SPARSE_REORDER(*_parts(sp), name=name)
    result = SparseTensor(indices, values, sp.dense_shape)
    result.set_shape(sp.shape)
    return result


def reshape(sp_input: Any, shape: Any, name: str | None = None) -> SparseTensor:
    """The same values in another shape of the same size; one dimension may be -1.

    Raises:
      InvalidArgumentError: the sizes differ.
    """
    sp = sparse_of(sp_input)
    shape = to_tensor(shape, None if isinstance(shape, Tensor) else dtypes.int64)
    indices, new_shape = structure.SPARSE_RESHAPE(
        sp.indices, sp.dense_shape, tf.cast(shape, dtypes.int64), name=name
    )
    result = SparseTensor(indices, sp.values, new_shape)
    known = static_shape(shape)
    if known is not None:
        total = sp.shape.num_elements()
        rest = [d for d in known if d is not None]
        if (
            total is not None
            and len(rest) == len(known) - 1
            and np.prod(rest, dtype=int)
            and -1 in np.asarray(static_value(shape) if static_value(shape) is not None else [])
        ):
            known = tuple(total // int(np.prod(rest, dtype=int)) if d is None else d for d in known)
        result.set_shape(known)
    return result


def reset_shape(sp_input: Any, new_shape: Any = None) -> SparseTensor:
    """The same elements in a larger shape; without `new_shape`, in the smallest that holds them.

    Raises:
      ValueError: `new_shape` has another rank, or is smaller than the old shape.
    """
    sp = sparse_of(sp_input)
    if new_shape is None:
        return SparseTensor(
            sp.indices,
            sp.values,
            tf.reduce_max(tf.concat([sp.indices + 1, tf.zeros_like(sp.dense_shape)[None]], 0), axis=0),
        )
    shape = to_tensor(new_shape, None if isinstance(new_shape, Tensor) else dtypes.int64)
    shape = tf.cast(shape, dtypes.int64)
    if sp.shape.rank is not None:
        shape.shape.assert_is_compatible_with([sp.shape.rank])
    wanted, old = static_value(shape), static_value(sp.dense_shape)
    if wanted is not None and old is not None:
        if (wanted < old).any():
            raise ValueError(
                f"Requested new_shape should have dimension sizes >= sp_input.shape. Found new_shape ({wanted}), sp_input.shape ({old})."
            )
    else:
        tf.debugging.assert_less_equal(
            sp.dense_shape, shape, message="Requested new_shape should have dimension sizes >= sp_input.shape"
        )
    return SparseTensor(sp.indices, sp.values, shape)


@scoped("expand_dims", None)
def expand_dims(sp_input: Any, axis: Any = None, name: str | None = None) -> SparseTensor:
    """A dimension of size 1 before dimension `axis` (the last, by default)."""
    sp = sparse_of(sp_input)
    rank = sp.shape.rank
    if rank is None:
        raise ValueError("tf.sparse.expand_dims needs a sparse tensor of known rank.")
    known = static_value(axis) if isinstance(axis, Tensor) else axis
    if axis is not None and known is None:
        raise ValueError("tf.sparse.expand_dims needs an axis that is known at graph construction time.")
    at = -1 if known is None else int(known)
    if not -rank - 1 <= at <= rank:
        raise tf.errors.InvalidArgumentError(
            None, None, f"axis {at} is out of range [{-rank - 1}, {rank}] for a sparse tensor of rank {rank}."
        )
    at = at + rank + 1 if at < 0 else at
    indices, shape = sp.indices, sp.dense_shape
    zeros = tf.zeros(tf.stack([tf.shape(indices)[0], 1]), dtypes.int64)
    return SparseTensor(
        tf.concat([indices[:, :at], zeros, indices[:, at:]], 1),
        sp.values,
        tf.concat([shape[:at], tf.ones([1], dtypes.int64), shape[at:]], 0),
    )


@scoped("SparseTranspose", None)
def transpose(sp_input: Any, perm: Any = None, name: str | None = None) -> SparseTensor:
    """Its dimensions in another order: reversed, or as `perm` says."""
    sp = sparse_of(sp_input)
    rank = sp.shape.rank
    if perm is None:
        perm = tf.range(tf.size(sp.dense_shape))[::-1] if rank is None else list(range(rank))[::-1]
    order = to_tensor(perm)
    if rank is not None:
        order.shape.assert_is_compatible_with([rank])
    result = SparseTensor(tf.gather(sp.indices, order, axis=1), sp.values, tf.gather(sp.dense_shape, order))
    known = static_value(order)
    if known is not None and rank is not None:
        result.set_shape([sp.shape[int(i)] for i in known])
    return reorder(result, name)


# ----------------------------------------------------------------------------------------------------------- parts and joining
def concat(
    axis: int, sp_inputs: Any, expand_nonconcat_dims: bool = False, name: str | None = None
) -> SparseTensor:
    """Sparse tensors one after the other along a dimension.

    Args:
      expand_nonconcat_dims: whether the other dimensions may differ, and the largest counts.

    Raises:
      InvalidArgumentError: shapes or the axis do not fit.
    """
    if not isinstance(sp_inputs, (list, tuple)):
        raise TypeError(f"Argument sp_inputs must be a list of SparseTensors, received {sp_inputs!r}.")
    parts = [sparse_of(s) for s in sp_inputs]
    if len(parts) == 1:
        return parts[0]
    shapes = [p.dense_shape for p in parts]
    if expand_nonconcat_dims:
        rank = parts[0].shape.rank
        largest = tf.reduce_max(tf.stack(shapes), axis=0)
        at = axis + rank if axis < 0 and rank is not None else axis
        shapes = [tf.concat([largest[:at], s[at : at + 1], largest[at + 1 :]], 0) for s in shapes]
    result = structure.SPARSE_CONCAT(
        [p.indices for p in parts], [p.values for p in parts], shapes, concat_dim=axis, name=name
    )
    return SparseTensor(*result)


def split(
    sp_input: Any = None, num_split: Any = None, axis: Any = None, name: str | None = None
) -> list[SparseTensor]:
    """`num_split` parts along a dimension; the first are larger by one where it does not divide."""
    for value, what in ((sp_input, "sp_input"), (num_split, "num_split"), (axis, "axis")):
        if value is None:
            raise ValueError(f"{what} is required.")
    sp = sparse_of(sp_input)
    indices, values, shapes = structure.SPARSE_SPLIT(
        tf.cast(axis, dtypes.int64), *_parts(sp), num_split=num_split, name=name
    )
    return [SparseTensor(*parts) for parts in zip(indices, values, shapes)]


def slice(sp_input: Any, start: Any, size: Any, name: str | None = None) -> SparseTensor:
    """What is from `start` on, up to `size` in each dimension."""
    sp = sparse_of(sp_input)
    begin, extent = (
        tf.cast(to_tensor(x, None if isinstance(x, Tensor) else dtypes.int64), dtypes.int64)
        for x in (start, size)
    )
    return SparseTensor(*structure.SPARSE_SLICE(*_parts(sp), begin, extent, name=name))


def retain(sp_input: Any, to_retain: Any) -> SparseTensor:
    """Only the values where the boolean vector `to_retain` is true."""
    sp = sparse_of(sp_input)
    keep = to_tensor(to_retain, dtypes.bool_)
    keep.shape.with_rank(1)
    n, given = size_of(sp.values, 0), size_of(keep, 0)
    if None not in (n, given) and n != given:
        raise ValueError(
            f"Dimensions {n} and {given} are not compatible: to_retain has one element for each value."
        )
    where = tf.reshape(tf.where(keep), [-1])
    result = SparseTensor(tf.gather(sp.indices, where), tf.gather(sp.values, where), sp.dense_shape)
    result.set_shape(sp.shape)
    return result


@scoped("SparseFillEmptyRows", None)
def fill_empty_rows(
    sp_input: Any, default_value: Any, name: str | None = None
) -> tuple[SparseTensor, Tensor]:
    """Rows without a value get `default_value` in column 0.

    Returns:
      The sparse tensor, and a boolean vector: which rows were empty.
    """
    sp = sparse_of(sp_input)
    indices, values, empty, _ = structure.SPARSE_FILL(
        *_parts(sp), to_tensor(default_value, sp.dtype), name=name
    )
    return SparseTensor(indices, values, sp.dense_shape), empty


@scoped("sparse_mask", "", "ListDiff")
def mask(a: Any, mask_indices: Any, name: str | None = None) -> Any:
    """An IndexedSlices without the rows whose index is in `mask_indices`."""
    kept = tf.reduce_all(
        tf.not_equal(a.indices[:, None], tf.cast(to_tensor(mask_indices), a.indices.dtype)[None]), axis=1
    )
    where = tf.reshape(tf.where(kept), [-1])
    return tf.IndexedSlices(tf.gather(a.values, where), tf.gather(a.indices, where), a.dense_shape)


def map_values(op: Callable[..., Any], *args: Any, **kwargs: Any) -> SparseTensor:
    """`op` on the values of the sparse tensors among the arguments, which have the same indices; so does the result.

    Raises:
      ValueError: there is no sparse tensor, or `op` does not return one value for each.
      InvalidArgumentError: the indices differ.
    """
    found = [a for a in [*args, *kwargs.values()] if is_sparse(a)]
    if not found:
        raise ValueError("No SparseTensor in argument list of map_values")
    first = found[0]
    for other in found[1:]:
        if other.indices is not first.indices:
            tf.debugging.assert_equal(first.indices, other.indices, message="Mismatched indices!")
            tf.debugging.assert_equal(first.dense_shape, other.dense_shape, message="Mismatched shapes!")
    plain = lambda x: x.values if is_sparse(x) else x
    result = to_tensor(op(*[plain(a) for a in args], **{k: plain(v) for k, v in kwargs.items()}))
    result.shape.assert_has_rank(1)
    return first.with_values(result)


# --------------------------------------------------------------------------------------------------------------- crosses, counts
def _features(inputs: Any) -> tuple[list[SparseTensor], list[Any]]:
    if not isinstance(inputs, (list, tuple)):
        raise TypeError("Inputs must be a list")
    if not all(is_sparse(x) or isinstance(x, (Tensor, list, np.ndarray)) for x in inputs):
        raise TypeError("All inputs must be Tensor or SparseTensor.")
    whole = lambda x: x if x.dtype is dtypes.string else tf.cast(x, dtypes.int64)
    sparse = [x.with_values(whole(x.values)) for x in inputs if is_sparse(x)]
    return sparse, [whole(to_tensor(x)) for x in inputs if not is_sparse(x)]


def cross(inputs: Any, name: str | None = None, separator: str | None = None) -> SparseTensor:
    """Feature crosses: for each row every combination of one feature of each input, joined with `separator` ("_X_")."""
    sparse, dense = _features(inputs)
    result = lookup("SparseCrossV2")(
        [s.indices for s in sparse],
        [s.values for s in sparse],
        [s.dense_shape for s in sparse],
        dense,
        "_X_" if separator is None else separator,
        name=name,
    )
    return SparseTensor(*result)


def cross_hashed(
    inputs: Any, num_buckets: int = 0, hash_key: Any = None, name: str | None = None
) -> SparseTensor:
    """Feature crosses as integers: their 64-bit hashes, modulo `num_buckets` unless that is 0."""
    sparse, dense = _features(inputs)
    result = lookup("SparseCross")(
        [s.indices for s in sparse],
        [s.values for s in sparse],
        [s.dense_shape for s in sparse],
        dense,
        hashed_output=True,
        num_buckets=num_buckets,
        hash_key=0xDECAFCAFFE if hash_key is None else hash_key,
        out_type=dtypes.int64,
        internal_type=dtypes.string,
        name=name,
    )
    return SparseTensor(*result)


@scoped("count", None)
def bincount(
    values: Any,
    weights: Any = None,
    axis: Any = 0,
    minlength: Any = None,
    maxlength: Any = None,
    binary_output: bool = False,
    name: str | None = None,
) -> SparseTensor:
    """How often each non-negative integer occurs (or the sum of its weights): in all, or with `axis=-1` in each row.

    Args:
      minlength: the result's last dimension is at least that large.
      maxlength: values from there on are not counted.
      binary_output: 1 for every value that occurs.

    Raises:
      InvalidArgumentError: a value is negative.
    """
    ragged = hasattr(values, "row_splits")
    values = values if is_sparse(values) or ragged else to_tensor(values)
    if axis not in (0, -1, None):
        raise ValueError(f"Unsupported value for argument axis={axis}. Only 0 and -1 are supported.")
    for limit, what in ((minlength, "minlength"), (maxlength, "maxlength")):
        if limit is not None and limit < 0:
            raise ValueError(f"{what} should be >= 0, received {limit}.")
    if weights is not None:
        if binary_output:
            raise ValueError(
                "Arguments `binary_output` and `weights` are mutually exclusive. Please specify only one."
            )
        if is_sparse(values):
            weights = weights.values
        elif ragged:
            weights = weights.flat_values
        else:
            weights = to_tensor(weights)
    whole = values.dtype in (dtypes.int32, dtypes.int64)
    cast = lambda x: x if whole else tf.cast(x, dtypes.int64)
    out = weights.dtype if weights is not None else values.dtype if whole else dtypes.int32
    options = {
        "minlength": -1 if minlength is None else minlength,
        "maxlength": -1 if maxlength is None else maxlength,
        "binary_output": binary_output,
        "output_type": out,
    }
    given = tf.zeros([0], out) if weights is None else weights
    if axis in (0, None):
        flat = (
            values.values if is_sparse(values) else values.flat_values if ragged else tf.reshape(values, [-1])
        )
        result = sets.DENSE_COUNT(cast(flat), tf.reshape(given, [-1]), **options, name=name)
    elif is_sparse(values):
        result = sets.SPARSE_COUNT(
            values.indices, cast(values.values), values.dense_shape, given, **options, name=name
        )
    elif ragged:
        result = sets.RAGGED_COUNT(
            tf.cast(values.row_splits, dtypes.int64), cast(values.values), given, **options, name=name
        )
    else:
        result = sets.DENSE_COUNT(cast(values), given, **options, name=name)
    return SparseTensor(*result)


__all__ = [
    "bincount",
    "concat",
    "cross",
    "cross_hashed",
    "expand_dims",
    "eye",
    "fill_empty_rows",
    "from_dense",
    "map_values",
    "mask",
    "reorder",
    "reset_shape",
    "reshape",
    "retain",
    "slice",
    "split",
    "to_dense",
    "to_indicator",
    "transpose",
]
