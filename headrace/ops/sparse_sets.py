"""Ops whose sparse results come from counting, crossing and comparing rows of values. All run on the host."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np

from headrace.core import dtypes
from headrace.core.errors import invalid
from headrace.core.op import REQUIRED, OpDef, ShapeContext
from headrace.core.shapes import Raw
from headrace.core.tape import not_differentiable

from . import crosses


# ------------------------------------------------------------------------------------------------------------------ counts
def _counts(
    rows: list[tuple[np.ndarray, np.ndarray | None]],
    matrix: bool,
    output_type: Any,
    minlength: int,
    maxlength: int,
    binary_output: bool,
) -> list[np.ndarray]:
    """For each (values, weights) row the sorted distinct values, and how often each occurs (or its weights' sum)."""
    coordinates, totals, width = [], [], 0
    for i, (values, weights) in enumerate(rows):
        if values.size and values.min() < 0:
            raise invalid("Input values must all be non-negative")
        if maxlength >= 0:
            inside = values < maxlength
            values, weights = values[inside], None if weights is None else weights[inside]
        distinct, owner, count = np.unique(values, return_inverse=True, return_counts=True)
        if binary_output:
            count = np.ones_like(count)
        elif weights is not None:
            count = np.zeros(len(distinct), weights.dtype)
            np.add.at(count, owner.reshape(-1), weights)
        coordinates.append(
            np.stack([np.full(len(distinct), i), distinct], 1) if matrix else distinct[:, None]
        )
        totals.append(count)
        width = max(width, int(distinct[-1]) + 1 if len(distinct) else 0)
    width = max(width, minlength)
    if maxlength >= 0:
        width = maxlength
    indices = np.concatenate(coordinates) if coordinates else np.zeros((0, 1 + matrix))
    values = np.concatenate(totals) if totals else np.zeros(0)
    return [
        indices.astype(np.int64),
        values.astype(output_type._np),
        np.asarray([len(rows), width] if matrix else [width], np.int64),
    ]


def _weights(weights: np.ndarray, part: Any) -> np.ndarray | None:
    """Those of some values; none at all where the op was given no weights."""
    return weights[part] if weights.size else None


def _dense_count(values: np.ndarray, weights: np.ndarray, **options: Any) -> list[np.ndarray]:
    if values.ndim != 2:
        return _counts([(values, _weights(weights, ...))], False, **options)
    weights = weights.reshape(values.shape if weights.size else 0)
    return _counts([(v, _weights(weights, i)) for i, v in enumerate(values)], True, **options)


def _sparse_count(
    indices: np.ndarray, values: np.ndarray, dense_shape: np.ndarray, weights: np.ndarray, **options: Any
) -> list[np.ndarray]:
    if len(dense_shape) == 1:
        return _counts([(values, _weights(weights, ...))], False, **options)
    of_row = [indices[:, 0] == i for i in range(int(dense_shape[0]))]
    return _counts([(values[at], _weights(weights, at)) for at in of_row], True, **options)


def _ragged_count(
    splits: np.ndarray, values: np.ndarray, weights: np.ndarray, **options: Any
) -> list[np.ndarray]:
    rows = [slice(a, b) for a, b in itertools.pairwise(splits)]
    return _counts([(values[at], _weights(weights, at)) for at in rows], True, **options)


def _count_def(name: str, inputs: str, kernel: Any) -> OpDef:
    return OpDef(
        name,
        f"{inputs}, weights: output_type -> output_indices: int64, output_values: output_type, output_dense_shape: int64",
        attrs={"minlength": -1, "maxlength": -1, "binary_output": REQUIRED, "output_type": REQUIRED},
        types={"T": dtypes.INDEX},
        shape=lambda c: [(None, None), (None,), (None,)],
        kernel=kernel,
        grad=not_differentiable,
        host=True,
    )


DENSE_COUNT = _count_def("DenseCountSparseOutput", "values: T", _dense_count)
SPARSE_COUNT = _count_def(
    "SparseCountSparseOutput", "indices: int64, values: T, dense_shape: int64", _sparse_count
)
RAGGED_COUNT = _count_def("RaggedCountSparseOutput", "splits: int64, values: T", _ragged_count)


# ------------------------------------------------------------------------------------------------------------------- crosses
def _columns(indices: Any, values: Any, shapes: Any, dense_inputs: Any) -> list[crosses.Column]:
    return [*map(crosses.sparse_column, indices, values, shapes), *map(crosses.dense_column, dense_inputs)]


def _as_sparse(values: np.ndarray, counts: np.ndarray) -> list[Any]:
    rows = np.repeat(np.arange(len(counts)), counts)
    places = np.arange(len(values)) - np.repeat(np.cumsum(counts) - counts, counts)
    return [np.stack([rows, places], axis=1), values, np.asarray([len(counts), counts.max(initial=0)])]


def _cross_strings(indices: Any, values: Any, shapes: Any, dense_inputs: Any, sep: np.ndarray) -> list[Any]:
    return _as_sparse(*crosses.joined(_columns(indices, values, shapes, dense_inputs), sep.item()))


def _cross(
    indices: Any,
    values: Any,
    shapes: Any,
    dense_inputs: Any,
    hashed_output: bool,
    num_buckets: int,
    hash_key: int,
    out_type: Any,
    internal_type: Any,
) -> list[Any]:
    columns = _columns(indices, values, shapes, dense_inputs)
    return _as_sparse(
        *(crosses.hashed(columns, num_buckets, hash_key) if hashed_output else crosses.joined(columns))
    )


def _cross_shape(c: ShapeContext) -> list[Raw]:
    return [(None, 2), (None,), (2,)]


_CROSS = "indices: N*int64, values: [sparse_types], shapes: N*int64, dense_inputs: [dense_types]"
SPARSE_CROSS = OpDef(
    "SparseCross",
    _CROSS + " -> output_indices: int64, output_values: out_type, output_shape: int64",
    shape=_cross_shape,
    kernel=_cross,
    grad=not_differentiable,
    host=True,
    attrs={
        "hashed_output": REQUIRED,
        "num_buckets": REQUIRED,
        "hash_key": REQUIRED,
        "out_type": REQUIRED,
        "internal_type": REQUIRED,
    },
)
SPARSE_CROSS_V2 = OpDef(
    "SparseCrossV2",
    _CROSS + ", sep: string -> output_indices: int64, output_values: string, output_shape: int64",
    shape=_cross_shape,
    kernel=_cross_strings,
    grad=not_differentiable,
    host=True,
)


def _old_cross(
    indices: Any,
    values: Any,
    shapes: Any,
    dense: Any,
    hashed_output: bool,
    num_buckets: int,
    out_type: Any,
    internal_type: Any,
) -> list[Any]:
    columns = _columns(indices, values, shapes, dense)
    return _as_sparse(
        *(
            crosses.hashed(columns, num_buckets, 0xDECAFCAFFE, crosses.added)
            if hashed_output
            else crosses.joined(columns)
        )
    )


SPARSE_FEATURE_CROSS = OpDef(  # of tf.contrib.layers
    "SparseFeatureCross",
    "indices: N*int64, values: [sparse_types], shapes: N*int64, dense: [dense_types] -> output_indices: int64, "
    "output_values: out_type, output_shape: int64",
    shape=_cross_shape,
    kernel=_old_cross,
    grad=not_differentiable,
    host=True,
    attrs={
        "hashed_output": REQUIRED,
        "num_buckets": REQUIRED,
        "out_type": REQUIRED,
        "internal_type": REQUIRED,
    },
)


def _cross_hashed(
    indices: Any,
    values: Any,
    shapes: Any,
    dense_inputs: Any,
    num_buckets: np.ndarray,
    strong_hash: np.ndarray,
    salt: np.ndarray,
) -> list[Any]:
    columns = _columns(indices, values, shapes, dense_inputs)
    for i, (own, counts) in enumerate(columns):
        sparse = i < len(values)
        if own.dtype == object or sparse:  # dense numbers are their own hashes
            columns[i] = crosses.hashes(own, salt.tolist() if strong_hash else None), counts
    return _as_sparse(*crosses.hashed(columns, int(num_buckets), None))


SPARSE_CROSS_HASHED = OpDef(
    "SparseCrossHashed",
    _CROSS
    + ", num_buckets: int64, strong_hash: bool, salt: int64 -> output_indices: int64, output_values: int64, output_shape: int64",
    shape=_cross_shape,
    kernel=_cross_hashed,
    grad=not_differentiable,
    host=True,
)


# ---------------------------------------------------------------------------------------------------------------------- sets
_OPERATIONS: dict[str, Any] = {
    "a-b": np.setdiff1d,
    "b-a": lambda a, b: np.setdiff1d(b, a),
    "intersection": np.intersect1d,
    "union": np.union1d,
}
_Groups = dict[tuple[int, ...], list[Any]]


def _dense_groups(values: np.ndarray) -> tuple[_Groups, tuple[int, ...]]:
    if values.ndim < 2:
        raise invalid(f"Invalid rank {values.ndim} of a set input: it must be at least 2.")
    return {index: values[index].tolist() for index in np.ndindex(*values.shape[:-1])}, values.shape[:-1]


def _sparse_groups(
    indices: np.ndarray, values: np.ndarray, shape: np.ndarray
) -> tuple[_Groups, tuple[int, ...]]:
    groups: _Groups = {}
    for index, value in zip(indices[:, :-1].tolist(), values.tolist()):
        groups.setdefault(tuple(index), []).append(value)
    return groups, tuple(shape[:-1].tolist())


def _operate(
    a: tuple[_Groups, tuple[int, ...]],
    b: tuple[_Groups, tuple[int, ...]],
    dtype: np.dtype,
    set_operation: str,
) -> list[np.ndarray]:
    if a[1] != b[1]:
        raise invalid(f"Mismatched shapes {list(a[1])} vs {list(b[1])}")
    indices, values, longest = [], [], 0
    for index in sorted({*a[0], *b[0]}):
        left, right = (np.array(g.get(index, []), dtype) for g in (a[0], b[0]))
        found = _OPERATIONS[set_operation](left, right).tolist()
        indices += [(*index, k) for k in range(len(found))]
        values += found
        longest = max(longest, len(found))
    rank = len(a[1]) + 1
    out = np.empty(len(values), dtype)
    out[:] = values
    return [np.asarray(indices, np.int64).reshape(-1, rank), out, np.asarray([*a[1], longest], np.int64)]


def _set_shape(c: ShapeContext) -> list[Raw]:
    return [(None, None), (None,), (None,)]


def _set_def(name: str, inputs: str, kernel: Any) -> OpDef:
    return OpDef(
        name,
        f"{inputs} -> result_indices: int64, result_values: T, result_shape: int64",
        attrs={"set_operation": REQUIRED, "validate_indices": True},
        shape=_set_shape,
        kernel=kernel,
        grad=not_differentiable,
        host=True,
    )


DENSE_SETS = _set_def(
    "DenseToDenseSetOperation",
    "set1: T, set2: T",
    lambda a, b, set_operation, validate_indices: _operate(
        _dense_groups(a), _dense_groups(b), a.dtype, set_operation
    ),
)
MIXED_SETS = _set_def(
    "DenseToSparseSetOperation",
    "set1: T, set2_indices: int64, set2_values: T, set2_shape: int64",
    lambda a, i, v, s, set_operation, validate_indices: _operate(
        _dense_groups(a), _sparse_groups(i, v, s), a.dtype, set_operation
    ),
)
SPARSE_SETS = _set_def(
    "SparseToSparseSetOperation",
    "set1_indices: int64, set1_values: T, set1_shape: int64, set2_indices: int64, set2_values: T, set2_shape: int64",
    lambda i, v, s, j, w, t, set_operation, validate_indices: _operate(
        _sparse_groups(i, v, s), _sparse_groups(j, w, t), v.dtype, set_operation
    ),
)


def _set_size(
    set_indices: np.ndarray, set_values: np.ndarray, set_shape: np.ndarray, validate_indices: bool
) -> np.ndarray:
    groups, shape = _sparse_groups(set_indices, set_values, set_shape)
    out = np.zeros(shape, np.int32)
    for index, values in groups.items():
        out[index] = len(set(values))
    return out


SET_SIZE = OpDef(
    "SetSize",
    "set_indices: int64, set_values: T, set_shape: int64 -> size: int32",
    attrs={"validate_indices": True},
    kernel=_set_size,
    grad=not_differentiable,
    host=True,
    shape=lambda c: None if c.partial(2) is None else c.partial(2)[:-1],
)
