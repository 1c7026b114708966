"""`tf.contrib.layers`' feature columns: those of before `tf.feature_column`, and what nets and linear models make of them.

They have the interface of 1.x's columns, so that `tf.feature_column.input_layer` and `linear_model` take them, too."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, NamedTuple

import headrace as tf
from headrace.api.io_features import FixedLenFeature, VarLenFeature
from headrace.api.nn_embedding import safe_embedding_lookup_sparse
from headrace.composites.sparse.functions import cross_hashed
from headrace.composites.sparse.tensor import is_sparse
from headrace.core.graph import get_default_graph
from headrace.core.op import lookup
from headrace.core.shapes import TensorShape
from headrace.feature_column.base import IdWeightPair
from headrace.feature_column.cache import OldCache, sparse_ids
from headrace.feature_column.embedding import start_from_checkpoint, weight_of_ids
from headrace.feature_column.older import OldCategoricalColumn, OldDenseColumn, OldFeatureColumn
from headrace.session.partitions import PartitionedVariable
from headrace.v1.contrib.framework import model_variable

from .lookup import index_table_from_file, index_table_from_tensor


class _Column(OldFeatureColumn):
    """`key` tells columns apart and orders them: the class and the fields, but those that are functions."""

    @property
    def config(self) -> dict[str, Any]:
        """What `tf.parse_example` needs."""
        raise NotImplementedError

    @property
    def _parse_example_spec(self) -> dict[str, Any]:
        return self.config

    @property
    def key(self) -> str:
        column: Any = self  # a named tuple
        fields = [f for f in column._fields if f not in ("initializer", "normalizer")]
        shown = [f"{f}={getattr(column, f)}" for f in fields]
        return f"{type(self).__name__}({', '.join(shown)})"

    def insert_transformed_feature(self, columns_to_tensors: dict[Any, Any]) -> None:
        """Adds the column's tensor to a dict of features."""
        columns_to_tensors[self] = self._transform_feature(OldCache(columns_to_tensors))


class _Ids(_Column, OldCategoricalColumn):
    """A column of ids. `combiner`: how a linear model combines their weights."""

    combiner: str

    @property
    def length(self) -> int:
        """How many ids there are."""
        raise NotImplementedError

    @property
    def _num_buckets(self) -> int:
        return self.length

    def _get_sparse_tensors(self, inputs: Any, weight_collections: Any = None, trainable: Any = None) -> Any:
        return IdWeightPair(inputs.get(self), None)


# ------------------------------------------------------------------------------------------------------------- raw ids
class _Words(NamedTuple):
    vocabulary_file: str | None = None
    keys: tuple[Any, ...] | None = None
    num_oov_buckets: int = 0
    vocab_size: int | None = None
    default_value: int = -1


class _Sparse(NamedTuple):
    column_name: str
    is_integerized: bool
    bucket_size: int | None
    lookup_config: _Words | None
    combiner: str
    dtype: Any


class _SparseColumn(_Ids, _Sparse):
    """The values of one feature."""

    def __new__(
        cls, column_name: str, is_integerized: bool = False, bucket_size: int | None = None, lookup_config: Any = None,
        combiner: str = "sum", dtype: Any = tf.string,
    ) -> Any:  # fmt: skip
        if dtype is not tf.string and not dtype.is_integer:
            raise ValueError(f"dtype must be string or integer. dtype: {dtype}, column_name: {column_name}")
        if is_integerized and not dtype.is_integer:
            raise ValueError(f"dtype must be an integer. dtype: {dtype}, column_name: {column_name}")
        if lookup_config is None and (bucket_size is None or bucket_size < 1):
            raise ValueError(
                f"bucket_size must be at least 1. bucket_size: {bucket_size}, column_name: {column_name}"
            )
        return super().__new__(cls, column_name, is_integerized, bucket_size, lookup_config, combiner, dtype)

    @property
    def name(self) -> str:
        return self.column_name

    @property
    def length(self) -> int:
        if self.bucket_size is not None:
            return self.bucket_size
        words: Any = self.lookup_config
        return words.vocab_size + words.num_oov_buckets  # type: ignore[no-any-return]

    @property
    def config(self) -> dict[str, Any]:
        return {self.column_name: VarLenFeature(self.dtype)}

    def _transform_feature(self, inputs: Any) -> Any:
        return self._do_transform(sparse_ids(inputs.get(self.column_name)))

    def _do_transform(self, values: Any) -> Any:
        raise NotImplementedError

    def is_compatible(self, other: Any) -> bool:
        """Whether the ids of the other column may mean the same."""
        if self.lookup_config and other.lookup_config:
            return self.lookup_config == other.lookup_config  # type: ignore[no-any-return]
        return self.length == other.length and self.dtype.is_integer == other.dtype.is_integer


class _SparseColumnIntegerized(_SparseColumn):
    def _do_transform(self, values: Any) -> Any:
        size = tf.constant(self.bucket_size, values.dtype)
        return values.with_values(tf.math.floormod(values.values, size))


class _SparseColumnHashed(_SparseColumn):
    hash_keys: Any = None

    def _do_transform(self, values: Any) -> Any:
        words = tf.as_string(values.values) if self.dtype.is_integer else values.values
        if not self.hash_keys:
            return values.with_values(tf.strings.to_hash_bucket_fast(words, self.bucket_size))
        strong = [
            values.with_values(tf.strings.to_hash_bucket_strong(words, self.bucket_size, key))
            for key in self.hash_keys
        ]
        return tf.sparse.concat(1, strong)


class _SparseColumnKeys(_SparseColumn):
    def _do_transform(self, values: Any) -> Any:
        words: Any = self.lookup_config
        table = index_table_from_tensor(
            list(words.keys), default_value=words.default_value, dtype=self.dtype, name="lookup"
        )
        return table.lookup(values)


class _SparseColumnVocabulary(_SparseColumn):
    def _do_transform(self, values: Any) -> Any:
        words: Any = self.lookup_config
        if self.dtype.is_integer:
            values = values.with_values(tf.as_string(values.values))
        table = index_table_from_file(
            words.vocabulary_file, words.num_oov_buckets, words.vocab_size, words.default_value, name="lookup"
        )
        return table.lookup(values)


def sparse_column_with_integerized_feature(
    column_name: str, bucket_size: int, combiner: str = "sum", dtype: Any = tf.int64
) -> Any:
    """A feature of ids: integers, modulo `bucket_size`."""
    return _SparseColumnIntegerized(column_name, True, bucket_size, combiner=combiner, dtype=dtype)


def sparse_column_with_hash_bucket(
    column_name: str,
    hash_bucket_size: int,
    combiner: str = "sum",
    dtype: Any = tf.string,
    hash_keys: Any = None,
) -> Any:
    """A feature of words or integers; the id is a fingerprint modulo the number of buckets.

    Args:
      hash_keys: pairs of integers: each gives every value another id, under a strong hash with that key.
    """
    if hash_keys is not None:
        pairs = isinstance(hash_keys, list) and hash_keys
        if not pairs or any(not isinstance(k, list) or len(k) != 2 for k in hash_keys):
            raise ValueError(
                f"hash_keys must be a non-empty list, each element a pair of integers. Given: {hash_keys}"
            )
    column = _SparseColumnHashed(column_name, bucket_size=hash_bucket_size, combiner=combiner, dtype=dtype)
    column.hash_keys = hash_keys
    return column


def sparse_column_with_keys(
    column_name: str, keys: Any, default_value: int = -1, combiner: str = "sum", dtype: Any = tf.string
) -> Any:
    """A feature of words or integers; the id is the value's place among `keys`."""
    keys = tuple(keys)
    words = _Words(keys=keys, vocab_size=len(keys), default_value=default_value)
    return _SparseColumnKeys(column_name, lookup_config=words, combiner=combiner, dtype=dtype)


def sparse_column_with_vocabulary_file(
    column_name: str, vocabulary_file: str, num_oov_buckets: int = 0, vocab_size: int | None = None,
    default_value: int = -1, combiner: str = "sum", dtype: Any = tf.string,
) -> Any:  # fmt: skip
    """A feature of words or integers; the id is the number of the value's line in a file, of `vocab_size` lines."""
    if vocab_size is None:
        raise ValueError(f"vocab_size should be defined. column_name: {column_name}")
    words = _Words(vocabulary_file, None, num_oov_buckets, vocab_size, default_value)
    return _SparseColumnVocabulary(column_name, lookup_config=words, combiner=combiner, dtype=dtype)


class _Weighted(NamedTuple):
    sparse_id_column: Any
    weight_column_name: str
    dtype: Any


class _WeightedSparseColumn(_Ids, _Weighted):
    @property
    def name(self) -> str:
        return f"{self.sparse_id_column.name}_weighted_by_{self.weight_column_name}"

    @property
    def combiner(self) -> str:  # type: ignore[override]
        return self.sparse_id_column.combiner  # type: ignore[no-any-return]

    @property
    def length(self) -> int:
        return self.sparse_id_column.length  # type: ignore[no-any-return]

    @property
    def lookup_config(self) -> Any:
        return self.sparse_id_column.lookup_config

    @property
    def config(self) -> dict[str, Any]:
        return {**self.sparse_id_column.config, self.weight_column_name: VarLenFeature(self.dtype)}

    def _transform_feature(self, inputs: Any) -> Any:
        weights = sparse_ids(inputs.get(self.weight_column_name), ignored=0)
        weights = weights if self.dtype.is_floating else tf.cast(weights, tf.float32)
        return inputs.get(self.sparse_id_column), weights

    def _get_sparse_tensors(self, inputs: Any, weight_collections: Any = None, trainable: Any = None) -> Any:
        return IdWeightPair(*inputs.get(self))

    def is_compatible(self, other: Any) -> bool:
        """Whether the ids of the other column may mean the same."""
        return self.sparse_id_column.is_compatible(getattr(other, "sparse_id_column", other))  # type: ignore[no-any-return]


def weighted_sparse_column(sparse_id_column: Any, weight_column_name: str, dtype: Any = tf.float32) -> Any:
    """The ids of a column, each with a weight from another feature."""
    if not (dtype.is_integer or dtype.is_floating):
        raise ValueError(f"dtype is not convertible to float. Given {dtype}")
    return _WeightedSparseColumn(sparse_id_column, weight_column_name, dtype)


# --------------------------------------------------------------------------------------------------- ids made dense
class _OneHot(NamedTuple):
    sparse_id_column: Any


class _OneHotColumn(_Column, OldDenseColumn, _OneHot):
    @property
    def name(self) -> str:
        return f"{self.sparse_id_column.name}_one_hot"

    @property
    def length(self) -> int:
        return self.sparse_id_column.length  # type: ignore[no-any-return]

    @property
    def config(self) -> dict[str, Any]:
        return self.sparse_id_column.config  # type: ignore[no-any-return]

    def _transform_feature(self, inputs: Any) -> Any:
        ids, weights = self.sparse_id_column._get_sparse_tensors(inputs)
        if weights is not None:
            return weight_of_ids(ids, weights, self.length)
        dense = tf.sparse.to_dense(ids, default_value=-1)
        return tf.reduce_sum(tf.one_hot(dense, self.length, on_value=1.0, off_value=0.0), 1)

    @property
    def _variable_shape(self) -> Any:
        return TensorShape([self.length])

    def _get_dense_tensor(self, inputs: Any, weight_collections: Any = None, trainable: Any = None) -> Any:
        return inputs.get(self)


def one_hot_column(sparse_id_column: Any) -> Any:
    """For each example how often each id occurs (or the sum of its weights)."""
    return _OneHotColumn(sparse_id_column)


class _Embedding(NamedTuple):
    sparse_id_column: Any
    dimension: int
    combiner: str
    initializer: Any
    ckpt_to_load_from: str | None
    tensor_name_in_ckpt: str | None
    shared_embedding_name: str | None
    shared_vocab_size: int | None
    max_norm: float | None
    trainable: bool


class _EmbeddingColumn(_Column, OldDenseColumn, _Embedding):
    @property
    def name(self) -> str:
        shared = "" if self.shared_embedding_name is None else "shared_"
        return f"{self.sparse_id_column.name}_{shared}embedding"

    @property
    def length(self) -> int:
        return self.shared_vocab_size or self.sparse_id_column.length

    @property
    def config(self) -> dict[str, Any]:
        return self.sparse_id_column.config  # type: ignore[no-any-return]

    def _transform_feature(self, inputs: Any) -> Any:
        return inputs.get(self.sparse_id_column)

    @property
    def _variable_shape(self) -> Any:
        return TensorShape([self.dimension])

    def _table(self, weight_collections: Any, trainable: Any) -> Any:
        shape, name = [self.length, self.dimension], self.shared_embedding_name
        graph = get_default_graph()
        shared = f"SHARED_EMBEDDING_COLLECTION_{name.upper()}" if name is not None else ""
        found = graph.get_collection(shared) if shared else []
        if len(found) > 1:
            raise ValueError(f"Collection {shared} can only contain one (partitioned) variable.")
        if found:
            if found[0].shape != shape:
                raise ValueError(
                    f"The embedding variable {name} exists with shape {found[0].shape}, not {shape}. Use another "
                    "shared_embedding_name."
                )
            return found[0]
        table = model_variable(
            name or "weights", shape, tf.float32, self.initializer, trainable=trainable and self.trainable,
            collections=weight_collections,
        )  # fmt: skip
        if shared:
            graph.add_to_collection(shared, table)
        return table

    def _get_dense_tensor(self, inputs: Any, weight_collections: Any = None, trainable: Any = None) -> Any:
        ids, weights = self.sparse_id_column._get_sparse_tensors(inputs)
        table = self._table(weight_collections, trainable)
        start_from_checkpoint(table, self.ckpt_to_load_from, self.tensor_name_in_ckpt)
        with tf.name_scope(f"{self.name}weights"):
            return safe_embedding_lookup_sparse(
                parts_of(table), ids, weights, self.combiner, max_norm=self.max_norm
            )


def parts_of(table: Any) -> Any:
    return list(table) if isinstance(table, PartitionedVariable) else table


def _embedding(column: Any, initializer: Any, path: Any, tensor_name: Any, **fields: Any) -> Any:
    if initializer is not None and not callable(initializer):
        raise ValueError(
            f"initializer must be callable if specified. Embedding of column_name: {column.name}"
        )
    if (path is None) != (tensor_name is None):
        raise ValueError("Must specify both `ckpt_to_load_from` and `tensor_name_in_ckpt` or none of them.")
    if initializer is None:
        initializer = tf.compat.v1.truncated_normal_initializer(0.0, 1 / math.sqrt(column.length))
    return _EmbeddingColumn(
        column, initializer=initializer, ckpt_to_load_from=path, tensor_name_in_ckpt=tensor_name, **fields
    )


def embedding_column(
    sparse_id_column: Any, dimension: int, combiner: str = "mean", initializer: Callable[..., Any] | None = None,
    ckpt_to_load_from: str | None = None, tensor_name_in_ckpt: str | None = None, max_norm: float | None = None,
    trainable: bool = True,
) -> Any:  # fmt: skip
    """For each example the combined rows that a trained table has for its ids."""
    return _embedding(
        sparse_id_column, initializer, ckpt_to_load_from, tensor_name_in_ckpt, dimension=dimension, combiner=combiner,
        shared_embedding_name=None, shared_vocab_size=None, max_norm=max_norm, trainable=trainable,
    )  # fmt: skip


def shared_embedding_columns(
    sparse_id_columns: Any, dimension: int, combiner: str = "mean", shared_embedding_name: str | None = None,
    initializer: Callable[..., Any] | None = None, ckpt_to_load_from: str | None = None,
    tensor_name_in_ckpt: str | None = None, max_norm: float | None = None, trainable: bool = True,
) -> Any:  # fmt: skip
    """`embedding_column` for each of several columns, with one table for all.

    Raises:
      TypeError: an element is no sparse column.
      ValueError: there is none, or their ids cannot mean the same.
    """
    if not isinstance(sparse_id_columns, (list, tuple)):
        raise TypeError(
            f"sparse_id_columns must be a non-string sequence (ex: list or tuple) instead of type {type(sparse_id_columns)}."
        )
    if not sparse_id_columns:
        raise ValueError("The input sparse_id_columns should have at least one element.")
    for column in sparse_id_columns:
        if not isinstance(column, (_SparseColumn, _WeightedSparseColumn)):
            raise TypeError(
                f"Elements of sparse_id_columns must be _SparseColumn or _WeightedSparseColumn, but {column} is not."
            )
    first, *others = sparse_id_columns
    for column in others:
        pair = (first, column) if isinstance(first, _WeightedSparseColumn) else (column, first)
        if not pair[0].is_compatible(pair[1]):
            raise ValueError(
                f"The input sparse id columns are not compatible: {first.name} and {column.name}."
            )
    if others and not shared_embedding_name:
        plain = sorted(c.name for c in sparse_id_columns if isinstance(c, _SparseColumn))
        names = plain + sorted(c.name for c in sparse_id_columns if not isinstance(c, _SparseColumn))
        more = f"_plus_{len(names) - 3}_others" if len(names) > 3 else ""
        shared_embedding_name = "_".join(names[:3]) + more + "_shared_embedding"
    columns = [
        _embedding(
            column, initializer, ckpt_to_load_from, tensor_name_in_ckpt, dimension=dimension, combiner=combiner,
            shared_embedding_name=shared_embedding_name, shared_vocab_size=first.length if others else None,
            max_norm=max_norm, trainable=trainable,
        )
        for column in sparse_id_columns
    ]  # fmt: skip
    return tuple(columns) if others else columns


# ------------------------------------------------------------------------------------------------------------- numbers
class _RealValued(NamedTuple):
    column_name: str
    dimension: int
    default_value: tuple[float, ...] | None
    dtype: Any
    normalizer: Any


class _RealValuedColumn(_Column, OldDenseColumn, _RealValued):
    @property
    def name(self) -> str:
        return self.column_name

    @property
    def normalizer_fn(self) -> Any:
        return self.normalizer

    @property
    def config(self) -> dict[str, Any]:
        default = None if self.default_value is None else list(self.default_value)
        return {self.column_name: FixedLenFeature([self.dimension], self.dtype, default)}

    def _transform_feature(self, inputs: Any) -> Any:
        numbers = inputs.get(self.column_name)
        if is_sparse(numbers):
            raise ValueError(
                f"The numbers of {self.column_name} are sparse. Make them dense, with tf.sparse_tensor_to_dense."
            )
        return tf.cast(numbers if self.normalizer is None else self.normalizer(numbers), tf.float32)

    @property
    def _variable_shape(self) -> Any:
        return TensorShape([self.dimension])

    def _get_dense_tensor(self, inputs: Any, weight_collections: Any = None, trainable: Any = None) -> Any:
        numbers = inputs.get(self)
        return tf.reshape(numbers, tf.stack([tf.shape(numbers)[0], self.dimension]))


def real_valued_column(
    column_name: str, dimension: int = 1, default_value: Any = None, dtype: Any = tf.float32,
    normalizer: Callable[[Any], Any] | None = None,
) -> Any:  # fmt: skip
    """A feature of `dimension` numbers.

    Raises:
      TypeError: `dimension` is no integer, or `default_value` not of `dtype`.
      ValueError: `dimension` is not positive, `default_value` has another length, or `dtype` is not a number's.
    """
    where = f"column_name: {column_name}"
    if not isinstance(dimension, int):
        raise TypeError(f"dimension must be an integer. dimension: {dimension}, {where}")
    if dimension < 1:
        raise ValueError(f"dimension must be greater than 0. dimension: {dimension}, {where}")
    if not (dtype.is_integer or dtype.is_floating):
        raise ValueError(f"dtype must be convertible to float. dtype: {dtype}, {where}")
    if default_value is None:
        return _RealValuedColumn(column_name, dimension, None, dtype, normalizer)
    values = default_value if isinstance(default_value, list) else [default_value] * dimension
    if len(values) != dimension:
        raise ValueError(
            f"The length of default_value must be equal to dimension. default_value: {default_value}, dimension: {dimension}, {where}"
        )
    if not all(isinstance(v, int) or (isinstance(v, float) and dtype.is_floating) for v in values):
        raise TypeError(
            f"default_value must be compatible with dtype. default_value: {default_value}, dtype: {dtype}, {where}"
        )
    values = [float(v) for v in values] if dtype.is_floating else values
    return _RealValuedColumn(column_name, dimension, tuple(values), dtype, normalizer)


class _Bucketized(NamedTuple):
    source_column: Any
    boundaries: tuple[float, ...]


class _BucketizedColumn(_Ids, OldDenseColumn, _Bucketized):
    combiner = "sum"

    @property
    def name(self) -> str:
        return f"{self.source_column.name}_bucketized"

    @property
    def length(self) -> int:
        """How many intervals there are."""
        return len(self.boundaries) + 1

    @property
    def config(self) -> dict[str, Any]:
        return self.source_column.config  # type: ignore[no-any-return]

    def _transform_feature(self, inputs: Any) -> Any:
        return lookup("Bucketize")(inputs.get(self.source_column), boundaries=list(self.boundaries))

    @property
    def _num_buckets(self) -> int:
        return self.length * self.source_column.dimension  # type: ignore[no-any-return]

    @property
    def _variable_shape(self) -> Any:
        return TensorShape([self._num_buckets])

    def _get_dense_tensor(self, inputs: Any, weight_collections: Any = None, trainable: Any = None) -> Any:
        return tf.reshape(tf.one_hot(inputs.get(self), self.length, 1.0, 0.0), [-1, self._num_buckets])

    def _get_sparse_tensors(self, inputs: Any, weight_collections: Any = None, trainable: Any = None) -> Any:
        buckets, size = inputs.get(self), self.source_column.dimension
        ids = tf.reshape(buckets, [-1, size]) + self.length * tf.range(size)
        batch = tf.shape(ids, tf.int64)[0]
        rows, places = tf.repeat(tf.range(batch), size), tf.tile(tf.range(size, dtype=tf.int64), [batch])
        shape = tf.stack([batch, tf.constant(size, tf.int64)])
        return IdWeightPair(tf.SparseTensor(tf.stack([rows, places], 1), tf.reshape(ids, [-1]), shape), None)


def bucketized_column(source_column: Any, boundaries: Any) -> Any:
    """The intervals that the numbers of a `real_valued_column` fall into. Equal boundaries count once.

    Raises:
      TypeError: the column is another one.
      ValueError: the boundaries are not sorted.
    """
    if not isinstance(source_column, _RealValuedColumn):
        raise TypeError(
            f"source_column must be an instance of _RealValuedColumn. source_column: {source_column}"
        )
    if not isinstance(boundaries, (list, tuple)) or not boundaries:
        raise ValueError(f"boundaries must be a non-empty list or tuple. boundaries: {boundaries}")
    distinct = tuple(dict.fromkeys(boundaries))
    if list(distinct) != sorted(distinct):
        raise ValueError(f"boundaries must be a sorted list. boundaries: {boundaries}")
    return _BucketizedColumn(source_column, distinct)


# ------------------------------------------------------------------------------------------------------------- crosses
class _Crossed(NamedTuple):
    columns: tuple[Any, ...]
    hash_bucket_size: int
    hash_key: int | None
    combiner: str
    ckpt_to_load_from: str | None
    tensor_name_in_ckpt: str | None


class _CrossedColumn(_Ids, _Crossed):
    @property
    def name(self) -> str:
        return "_X_".join(sorted(column.name for column in self.columns))

    @property
    def length(self) -> int:
        return self.hash_bucket_size

    @property
    def config(self) -> dict[str, Any]:
        return {key: spec for column in self.columns for key, spec in column.config.items()}

    def _leaves(self) -> list[Any]:
        return [
            leaf for c in self.columns for leaf in (c._leaves() if isinstance(c, _CrossedColumn) else [c])
        ]

    def _transform_feature(self, inputs: Any) -> Any:
        tensors = []
        for leaf in self._leaves():
            if isinstance(leaf, _BucketizedColumn):
                tensors.append(leaf._get_sparse_tensors(inputs).id_tensor)
            else:
                tensors.append(inputs.get(leaf.column_name))
        if self.hash_key:
            return cross_hashed(tensors, self.hash_bucket_size, self.hash_key)
        whole = lambda t: t if t.dtype is tf.string else tf.cast(t, tf.int64)
        tensors = [whole(t) for t in tensors]
        sparse, dense = [t for t in tensors if is_sparse(t)], [t for t in tensors if not is_sparse(t)]
        crossed = lookup("SparseFeatureCross")(
            [s.indices for s in sparse], [s.values for s in sparse], [s.dense_shape for s in sparse], dense,
            hashed_output=True, num_buckets=self.hash_bucket_size, out_type=tf.int64,
            internal_type=tf.string if all(t.dtype is tf.string for t in tensors) else tf.int64,
        )  # fmt: skip
        return tf.SparseTensor(*crossed)


def crossed_column(
    columns: Any, hash_bucket_size: int, combiner: str = "sum", ckpt_to_load_from: str | None = None,
    tensor_name_in_ckpt: str | None = None, hash_key: int | None = None,
) -> Any:  # fmt: skip
    """For each example every combination of a value of each column (sparse, bucketized or crossed); the id is its hash.

    Args:
      hash_key: makes ids of better hashes (those of `tf.feature_column.crossed_column`); without, they are those of 2016.

    Raises:
      TypeError: a column is of another kind.
      ValueError: there are fewer than two columns or buckets.
    """
    for column in columns:
        if not isinstance(column, (_SparseColumn, _CrossedColumn, _BucketizedColumn)):
            raise TypeError(
                f"columns must be a set of _SparseColumn, _CrossedColumn, or _BucketizedColumn instances. (column {column} is a {type(column).__name__})"
            )
    if len(columns) < 2:
        raise ValueError(f"columns must contain at least 2 elements. columns: {columns}")
    if hash_bucket_size < 2:
        raise ValueError(f"hash_bucket_size must be at least 2. hash_bucket_size: {hash_bucket_size}")
    if (ckpt_to_load_from is None) != (tensor_name_in_ckpt is None):
        raise ValueError("Must specify both `ckpt_to_load_from` and `tensor_name_in_ckpt` or none of them.")
    ordered = tuple(sorted(columns, key=lambda c: c.name))
    return _CrossedColumn(
        ordered, hash_bucket_size, hash_key, combiner, ckpt_to_load_from, tensor_name_in_ckpt
    )


__all__ = [
    "bucketized_column", "crossed_column", "embedding_column", "one_hot_column", "real_valued_column",
    "shared_embedding_columns", "sparse_column_with_hash_bucket", "sparse_column_with_integerized_feature",
    "sparse_column_with_keys", "sparse_column_with_vocabulary_file", "weighted_sparse_column",
]  # fmt: skip
