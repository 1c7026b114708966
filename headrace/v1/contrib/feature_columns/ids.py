"""Columns of ids: of whole numbers, of words that are hashed or listed, with weights."""

from __future__ import annotations

from typing import Any, NamedTuple

import headrace as tf
from headrace.api.io_features import VarLenFeature
from headrace.feature_column.base import IdWeightPair
from headrace.feature_column.cache import sparse_ids
from headrace.v1.contrib.lookup import index_table_from_file, index_table_from_tensor

from .base import Ids


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


class _SparseColumn(Ids, _Sparse):
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


class _WeightedSparseColumn(Ids, _Weighted):
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
