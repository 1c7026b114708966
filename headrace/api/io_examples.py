"""`tf.io.parse_example` and its kin: serialised `Example` and `SequenceExample` messages to tensors."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

import headrace as tf
from headrace.core import dtypes
from headrace.core.convert import to_tensor
from headrace.core.dtypes import DType, as_dtype
from headrace.core.scoping import scoped
from headrace.core.shapes import TensorShape
from headrace.ops import parsing as ops

from .io_features import (
    FixedLenFeature,
    FixedLenSequenceFeature,
    RaggedFeature,
    RowLengths,
    RowLimits,
    RowSplits,
    RowStarts,
    SparseFeature,
    UniformRowLength,
    VarLenFeature,
)


class _Columns:
    """The columns that the features of one kind of message are made of, as the parsing ops take them."""

    def __init__(self, features: Mapping[str, Any] | None, in_lists: bool = False) -> None:
        self.features = dict(features or {})
        self.in_lists = in_lists  # of a SequenceExample: there the dense ones are sequences
        self.sparse: dict[str, DType] = {}
        self.dense: dict[str, tuple[DType, Any, Any]] = {}  # type, raw shape, default
        self.ragged: dict[str, tuple[DType, DType]] = {}  # value type, splits type
        self.may_miss: dict[str, bool] = {}
        for key in sorted(self.features):
            self._add(key, self.features[key])
        both = set(self.sparse) & set(self.dense)
        if both:
            raise ValueError(
                f"Dense and sparse keys must not intersect; dense_keys: {list(self.dense)}, sparse_keys: "
                f"{list(self.sparse)}, intersection: {both}"
            )

    def _add(self, key: str, feature: Any) -> None:
        allowed: Any = (VarLenFeature, RaggedFeature, FixedLenSequenceFeature)
        allowed = allowed if self.in_lists else (*allowed, FixedLenFeature, SparseFeature)
        if not isinstance(feature, allowed):
            raise ValueError(f"Unsupported {type(feature).__name__} {feature} for key {key!r}")
        if isinstance(feature, RaggedFeature):
            self._add_ragged(feature.value_key or key, feature.dtype, feature.row_splits_dtype)
            for partition in feature.partitions:
                if not isinstance(partition, UniformRowLength):
                    self._add_ragged(partition.key, dtypes.int64, feature.row_splits_dtype)
            return
        if not feature.dtype:
            raise ValueError(f"Missing type for feature {key}.")
        dtype = as_dtype(feature.dtype)
        if isinstance(feature, VarLenFeature):
            self._add_sparse(key, dtype)
        elif isinstance(feature, SparseFeature):
            for index_key in sorted(_as_list(feature.index_key)):
                self._add_sparse(index_key, dtypes.int64)
            self._add_sparse(feature.value_key, dtype)
        elif isinstance(feature, FixedLenFeature):
            shape = TensorShape(feature.shape)
            if not shape.is_fully_defined():
                hint = ".  Consider using FixedLenSequenceFeature" if shape.rank else ""
                raise ValueError(
                    f"First dimension of shape for feature {key} unknown{hint}. Received feature={feature}."
                )
            self.dense[key] = dtype, shape._raw, _default(feature.default_value, dtype, shape._raw)
        else:
            self._add_sequence(key, feature, dtype)

    def _add_sequence(self, key: str, feature: Any, dtype: DType) -> None:
        shape = tuple(TensorShape(feature.shape).as_list())
        if self.in_lists:
            if feature.default_value is not None:
                raise ValueError(f"Value feature_list.dense_defaults[{key}] must be None")
            self.dense[key] = dtype, shape, None
            self.may_miss[key] = bool(feature.allow_missing)
            return
        if not feature.allow_missing:
            raise ValueError("Unsupported: FixedLenSequenceFeature requires allow_missing to be True.")
        self.dense[key] = dtype, (None, *shape), _default(feature.default_value, dtype, ())

    def _add_sparse(self, key: str, dtype: DType) -> None:
        if self.sparse.setdefault(key, dtype) is not dtype:
            raise ValueError(f"Conflicting type {self.sparse[key].name} vs {dtype.name} for feature {key}.")

    def _add_ragged(self, key: str, dtype: DType, splits: DType) -> None:
        if self.ragged.setdefault(key, (dtype, splits)) != (dtype, splits):
            raise ValueError(
                f"Conflicting types for ragged feature {key}: {self.ragged[key]} vs {(dtype, splits)}."
            )

    def rebuild(self, columns: dict[str, Any], single: bool) -> dict[str, Any]:
        """The features' values from what was parsed; plain ones first."""
        composite = {
            key: feature
            for key, feature in self.features.items()
            if isinstance(feature, SparseFeature)
            or (
                isinstance(feature, RaggedFeature)
                and (feature.partitions or feature.value_key not in (None, key))
            )
        }
        out = {key: value for key, value in columns.items() if key in self.features and key not in composite}
        for key, feature in self.features.items():
            if isinstance(feature, SparseFeature):
                out[key] = _sparse_feature(feature, columns)
            elif isinstance(feature, RaggedFeature):
                out[key] = _ragged_feature(feature, columns[feature.value_key or key], columns, single)
        return out


def _as_list(value: Any) -> list[Any]:
    return list(value) if isinstance(value, (list, tuple)) else [value]


def _default(value: Any, dtype: DType, shape: Any) -> Any:
    """A default as the op takes it: empty where there is none."""
    if value is None:
        return to_tensor(np.empty([0], dtype._np), dtype)
    return tf.reshape(to_tensor(value, dtype), shape)


def _keys(keys: Any) -> Any:
    box = np.empty(len(keys), object)
    box[:] = [key.encode() if isinstance(key, str) else key for key in keys]
    return box


# -------------------------------------------------------------------------------------------------- composite features
def _sparse_feature(feature: SparseFeature, columns: dict[str, Any]) -> Any:
    values = columns[feature.value_key]
    index_columns = [columns[key] for key in _as_list(feature.index_key)]
    sizes = [tf.cast(size, dtypes.int64) for size in _as_list(feature.size)]
    if len(index_columns) != len(sizes):
        raise ValueError(
            f"SparseFeature: index_key and size must have equally many entries, received {feature.index_key!r} and "
            f"{feature.size!r}."
        )
    first = index_columns[0]
    indices = tf.concat([first.indices[:, :-1], *[c.values[:, tf.newaxis] for c in index_columns]], 1)
    shape = tf.concat([first.dense_shape[:-1], tf.stack(sizes)], 0)
    result = tf.SparseTensor(indices, values.values, shape)
    return result if feature.already_sorted else tf.sparse.reorder(result)


def _ragged_feature(feature: RaggedFeature, values: Any, columns: dict[str, Any], single: bool) -> Any:
    """Splits the values of each example by the partitions, from the innermost to the outermost. A single example is a
    batch of one here."""
    if not feature.partitions:
        return values.values if single else values
    dtype, validate = feature.row_splits_dtype, feature.validate
    result, counts = values.values, values.row_lengths()
    for partition in reversed(feature.partitions):
        if isinstance(partition, UniformRowLength):
            length = tf.cast(partition.length, dtype)
            if isinstance(result, tf.RaggedTensor):
                result = tf.RaggedTensor.from_uniform_row_length(result, length, validate=validate)
            else:
                result = tf.reshape(result, [-1, partition.length, *result.shape[1:]])
            counts = counts // length
        else:
            lengths, counts = _row_lengths(partition, columns[partition.key], counts)
            result = tf.RaggedTensor.from_row_lengths(result, tf.cast(lengths, dtype), validate=validate)
    result = tf.RaggedTensor.from_row_lengths(result, counts, validate=validate)
    return result[0] if single else result


def _row_lengths(partition: Any, given: Any, counts: Any) -> tuple[Any, Any]:
    """The lengths of the rows of all examples, one after the other, and how many rows each example has. `counts`: how many
    values each example has."""
    rows = given.row_lengths()
    if isinstance(partition, RowLengths):
        return given.values, rows
    if isinstance(partition, RowSplits):
        return (given[:, 1:] - given[:, :-1]).values, tf.maximum(rows - 1, 0)
    zero = tf.zeros_like(counts)
    edge = tf.cast(counts if isinstance(partition, RowStarts) else zero, dtypes.int64)[:, tf.newaxis]
    edge = tf.RaggedTensor.from_tensor(edge, row_splits_dtype=given.row_splits.dtype)
    if isinstance(partition, RowStarts):
        return (tf.concat([given[:, 1:], edge], 1)[:, : tf.reduce_max(rows)] - given).values, rows
    if isinstance(partition, RowLimits):
        return (given - tf.concat([edge, given[:, :-1]], 1)[:, : tf.reduce_max(rows)]).values, rows
    # ValueRowIds: an example has as many rows as its largest id says.
    largest = tf.math.unsorted_segment_max(given.values, given.value_rowids(), tf.size(rows))
    nrows = tf.where(rows > 0, tf.cast(largest, counts.dtype) + 1, zero)
    starts = tf.cast(tf.cumsum(nrows, exclusive=True), dtypes.int64)
    ids = given.values + tf.gather(starts, given.value_rowids())
    return tf.math.unsorted_segment_sum(tf.ones_like(ids), ids, tf.reduce_sum(nrows)), nrows


def _composites(
    c: _Columns, sparse: Sequence[Any], dense: Sequence[Any], ragged: Sequence[Any]
) -> dict[str, Any]:
    """Columns by key: sparse tensors, tensors and ragged tensors of their flat parts."""
    out: dict[str, Any] = {
        key: tf.SparseTensor(*parts) for key, *parts in zip(c.sparse, *[_listed(part) for part in sparse])
    }
    out.update(zip(c.dense, _listed(dense)))
    out.update(zip(c.ragged, ragged))
    return out


def _listed(values: Any) -> list[Any]:
    return list(values) if isinstance(values, (list, tuple)) else [values]


def _splits_of(values: Any, splits: Any, dtype: DType, single: bool) -> Any:
    if single:  # one row
        splits = tf.stack([tf.zeros([], dtype), tf.size(values, out_type=dtype)])
    return tf.RaggedTensor.from_row_splits(values, splits, validate=False)


# -------------------------------------------------------------------------------------------------------------- Example
@scoped("ParseExample", None, again=True)
def parse_example(
    serialized: Any, features: Any, example_names: Any = None, name: str | None = None
) -> dict[str, Any]:
    """Parses serialised `Example` messages into tensors, one per feature.

    Args:
      serialized: a vector of strings (a batch), or a scalar.
      features: a dict from feature keys to `FixedLenFeature` (dense tensors `[batch, *shape]`),
        `FixedLenSequenceFeature`, `VarLenFeature`, `SparseFeature` (sparse tensors) and `RaggedFeature`.
      example_names: names of the examples, for error messages.

    Returns:
      A dict from feature keys to tensors, sparse tensors and ragged tensors.

    Raises:
      ValueError: `features` is empty or holds something else.
      tf.errors.InvalidArgumentError: a message is damaged; a feature is missing, of another type or size.

    >>> import headrace as tf
    >>> value = tf.train.Feature(float_list=tf.train.FloatList(value=[1.0, 2.0]))
    >>> example = tf.train.Example(features=tf.train.Features(feature={"x": value}))
    >>> tf.io.parse_example([example.SerializeToString()], {"x": tf.io.FixedLenFeature([2], tf.float32)})["x"].numpy()
    array([[1., 2.]], dtype=float32)
    """
    if not features:
        raise ValueError(f"Argument `features` cannot be None or falsy. Got {features}")
    serialized = to_tensor(serialized, dtypes.string)
    c = _Columns(features)
    single = serialized._raw_shape == ()
    sparse_i, sparse_v, sparse_s, dense, ragged_v, ragged_s = ops.PARSE_EXAMPLE(
        serialized,
        _keys([]) if example_names is None else to_tensor(example_names, dtypes.string),
        _keys(c.sparse), _keys(c.dense), _keys(c.ragged), [default for _, _, default in c.dense.values()],
        num_sparse=len(c.sparse), sparse_types=list(c.sparse.values()),
        ragged_value_types=[v for v, _ in c.ragged.values()],
        ragged_split_types=[s for _, s in c.ragged.values()],
        dense_shapes=[shape for _, shape, _ in c.dense.values()], name=name,
    )  # fmt: skip
    ragged = [_splits_of(v, s, d, single) for v, s, (_, d) in zip(ragged_v, ragged_s, c.ragged.values())]
    return c.rebuild(_composites(c, (sparse_i, sparse_v, sparse_s), dense, ragged), single)


@scoped("ParseSingleExample", None, again=True)
def parse_single_example(
    serialized: Any, features: Any, example_names: Any = None, name: str | None = None
) -> dict[str, Any]:
    """As `tf.io.parse_example`, for one `Example`: a scalar string; what is returned has no batch dimension.

    >>> import headrace as tf
    >>> value = tf.train.Feature(int64_list=tf.train.Int64List(value=[7]))
    >>> example = tf.train.Example(features=tf.train.Features(feature={"label": value})).SerializeToString()
    >>> int(tf.io.parse_single_example(example, {"label": tf.io.FixedLenFeature([], tf.int64)})["label"])
    7
    """
    if not features:
        raise ValueError(f"Invalid argument: features cannot be None or falsy. Got {features}")
    serialized = _one(serialized)
    return parse_example(serialized, features, example_names, name)


def _one(serialized: Any) -> Any:
    serialized = to_tensor(serialized, dtypes.string)
    if serialized.shape.rank not in (0, None):
        raise ValueError(f"Input serialized must be a scalar, received shape {serialized.shape}")
    return tf.ensure_shape(serialized, []) if serialized.shape.rank is None else serialized


# ------------------------------------------------------------------------------------------------------ SequenceExample
def parse_sequence_example(
    serialized: Any, context_features: Any = None, sequence_features: Any = None, example_names: Any = None,
    name: str | None = None,
) -> tuple[dict[str, Any], dict[str, Any], dict[str, Any]]:  # fmt: skip
    """Parses serialised `SequenceExample` messages.

    Args:
      serialized: a vector of strings (a batch), or a scalar.
      context_features: as `features` of `tf.io.parse_example`, for what holds for the whole sequence.
      sequence_features: for the lists of features, one per step: `FixedLenSequenceFeature` (dense, filled up with zeros to
        the longest sequence), `VarLenFeature` (sparse) and `RaggedFeature` without partitions.
      example_names: names of the examples, for error messages.

    Returns:
      Three dicts: context tensors, sequence tensors, and the lengths of the dense sequences.

    Raises: as `tf.io.parse_example`.
    """
    if not (context_features or sequence_features):
        raise ValueError(
            "Both `context_features` and `sequence_features` argument are None, but at least one should have values."
        )
    serialized = to_tensor(serialized, dtypes.string)
    single = serialized._raw_shape == ()
    c, s = _Columns(context_features), _Columns(sequence_features, in_lists=True)
    for key, feature in s.features.items():
        if isinstance(feature, RaggedFeature) and feature.partitions:
            raise ValueError(f"RaggedFeature {key!r} of a sequence cannot have partitions.")
    parts = ops.PARSE_SEQUENCE_EXAMPLE(
        serialized,
        _keys([]) if example_names is None else to_tensor(example_names, dtypes.string),
        _keys(c.sparse), _keys(c.dense), _keys(c.ragged), _keys(s.sparse), _keys(s.dense), _keys(s.ragged),
        np.array([s.may_miss[key] for key in s.dense], bool), [default for _, _, default in c.dense.values()],
        Ncontext_sparse=len(c.sparse), Nfeature_list_sparse=len(s.sparse), Nfeature_list_dense=len(s.dense),
        context_dense_shapes=[shape for _, shape, _ in c.dense.values()],
        feature_list_dense_shapes=[shape for _, shape, _ in s.dense.values()],
        context_sparse_types=list(c.sparse.values()), feature_list_sparse_types=list(s.sparse.values()),
        feature_list_dense_types=[d for d, _, _ in s.dense.values()],
        context_ragged_value_types=[v for v, _ in c.ragged.values()],
        context_ragged_split_types=[d for _, d in c.ragged.values()],
        feature_list_ragged_value_types=[v for v, _ in s.ragged.values()],
        feature_list_ragged_split_types=[d for _, d in s.ragged.values()], name=name,
    )  # fmt: skip
    context_ragged = [
        _splits_of(v, splits, d, single) for v, splits, (_, d) in zip(parts[4], parts[5], c.ragged.values())
    ]
    sequence_ragged = []
    for v, outer, inner, (_, d) in zip(parts[11], parts[12], parts[13], s.ragged.values()):
        steps = tf.RaggedTensor.from_row_splits(v, inner, validate=False)
        sequence_ragged.append(
            steps if single else tf.RaggedTensor.from_row_splits(steps, tf.cast(outer, d), validate=False)
        )
    context = c.rebuild(_composites(c, parts[0:3], parts[3], context_ragged), single)
    sequences = _composites(s, parts[6:9], parts[9], sequence_ragged)
    return context, sequences, dict(zip(s.dense, _listed(parts[10])))


def parse_single_sequence_example(
    serialized: Any, context_features: Any = None, sequence_features: Any = None, example_name: Any = None,
    name: str | None = None,
) -> tuple[dict[str, Any], dict[str, Any]]:  # fmt: skip
    """As `tf.io.parse_sequence_example`, for one `SequenceExample`: a scalar string; without batch dimension, and without
    lengths."""
    if not (context_features or sequence_features):
        raise ValueError(
            "Both context_features and sequence_features are None, but at least one should have values."
        )
    names = None if example_name is None else [example_name]
    context, sequences, _ = parse_sequence_example(
        _one(serialized), context_features, sequence_features, names, name
    )
    return context, sequences


__all__ = [
    "parse_example", "parse_sequence_example", "parse_single_example", "parse_single_sequence_example",
]  # fmt: skip
ROOT: list[str] = []
