"""Columns of ids: of integers as they are, of hashed words; and with a weight for each id."""

from __future__ import annotations

from typing import Any, NamedTuple

import headrace as tf
from headrace.api.compat_v1_control import convert_to_tensor_or_sparse_tensor
from headrace.composites.sparse.tensor import is_sparse
from headrace.core import dtypes

from .base import CategoricalColumn, IdWeightPair
from .cache import sparse_ids
from .checks import check_ids, check_key, check_number
from .older import AnsweringCategorical, bucket_count, example_spec, is_new
from .serialization import Fields, registered


class RawCategorical(Fields, CategoricalColumn, AnsweringCategorical):
    """What columns have in common that give the values of one raw feature ids, each by itself."""

    _is_v2_column = True
    key: str

    @property
    def name(self) -> str:
        return self.key

    @property
    def parse_example_spec(self) -> dict[str, Any]:
        return {self.key: tf.io.VarLenFeature(getattr(self, "dtype", dtypes.int64))}

    def transform_feature(self, transformation_cache: Any, state_manager: Any) -> Any:
        values = sparse_ids(transformation_cache.get(self.key, state_manager))
        return values.with_values(self._ids(values.values, state_manager))

    def _ids(self, values: Any, state_manager: Any) -> Any:
        raise NotImplementedError

    def _check_kind(self, values: Any) -> None:
        """ValueError unless words come to a column of words, integers to one of integers."""
        check_ids(values.dtype, f"column_name: {self.key} input_tensor")
        dtype: Any = getattr(self, "dtype", dtypes.int64)
        if dtype.is_integer is not values.dtype.is_integer:
            raise ValueError(
                f"Column dtype and SparseTensors dtype must be compatible. key: {self.key}, column dtype: {dtype!r}, "
                f"tensor dtype: {values.dtype!r}"
            )

    def get_sparse_tensors(self, transformation_cache: Any, state_manager: Any) -> IdWeightPair:
        return IdWeightPair(transformation_cache.get(self, state_manager), None)

    @property
    def parents(self) -> list[Any]:
        return [self.key]


class _Identity(NamedTuple):
    key: str
    number_buckets: int
    default_value: int | None


@registered
class IdentityCategoricalColumn(RawCategorical, _Identity):
    """See `categorical_column_with_identity`."""

    @property
    def num_buckets(self) -> int:
        return self.number_buckets

    def _ids(self, values: Any, state_manager: Any) -> Any:
        if not values.dtype.is_integer:
            raise ValueError(f"Invalid input, not integer. key: {self.key} dtype: {values.dtype!r}")
        ids = tf.cast(values, dtypes.int64)
        if self.default_value is None:
            return ids
        outside = tf.logical_or(ids < 0, ids >= self.number_buckets)
        return tf.where(outside, tf.constant(self.default_value, dtypes.int64), ids)


class _Hashed(NamedTuple):
    key: str
    hash_bucket_size: int
    dtype: Any


@registered
class HashedCategoricalColumn(RawCategorical, _Hashed):
    """See `categorical_column_with_hash_bucket`."""

    @property
    def num_buckets(self) -> int:
        return self.hash_bucket_size

    def _ids(self, values: Any, state_manager: Any) -> Any:
        self._check_kind(values)
        words = values if values.dtype is dtypes.string else tf.as_string(values)
        return tf.strings.to_hash_bucket_fast(words, self.hash_bucket_size, name="lookup")


class _Weighted(NamedTuple):
    categorical_column: Any
    weight_feature_key: str
    dtype: Any


@registered
class WeightedCategoricalColumn(Fields, CategoricalColumn, AnsweringCategorical, _Weighted):
    """See `weighted_categorical_column`."""

    @property
    def _is_v2_column(self) -> bool:
        return is_new(self.categorical_column)

    @property
    def name(self) -> str:
        return f"{self.categorical_column.name}_weighted_by_{self.weight_feature_key}"

    @property
    def parse_example_spec(self) -> dict[str, Any]:
        spec = example_spec(self.categorical_column)
        if self.weight_feature_key in spec:
            raise ValueError(
                f"Parse config {spec[self.weight_feature_key]} already exists for {self.weight_feature_key}. Weights are a "
                "feature of their own."
            )
        return {**spec, self.weight_feature_key: tf.io.VarLenFeature(self.dtype)}

    @property
    def num_buckets(self) -> int:
        return bucket_count(self.categorical_column)

    def transform_feature(self, transformation_cache: Any, state_manager: Any) -> Any:
        weights = transformation_cache.get(self.weight_feature_key, state_manager)
        weights = convert_to_tensor_or_sparse_tensor(weights)
        if weights.dtype is not self.dtype:
            raise ValueError(
                f"Bad dtype of the weights {self.weight_feature_key}, expected {self.dtype!r}, but got {weights.dtype!r}."
            )
        if not is_sparse(weights):
            weights = sparse_ids(weights, ignored=0)
        if not weights.dtype.is_floating:
            weights = tf.cast(weights, dtypes.float32)
        return sparse_ids(transformation_cache.get(self.categorical_column, state_manager)), weights

    def get_sparse_tensors(self, transformation_cache: Any, state_manager: Any) -> IdWeightPair:
        return IdWeightPair(*transformation_cache.get(self, state_manager))

    @property
    def parents(self) -> list[Any]:
        return [self.categorical_column, self.weight_feature_key]


def categorical_column_with_identity(
    key: str, num_buckets: int, default_value: int | None = None
) -> IdentityCategoricalColumn:
    """A feature of integers that are ids already, in [0, num_buckets). In dense features, -1 is no id.

    Args:
      key: its name in the features, and the column's.
      default_value: the id of integers out of range. If it is None, they are an error of whoever uses the ids.

    Raises:
      ValueError: `num_buckets` is not positive, or the default out of range.

    >>> import headrace as tf
    >>> hour = tf.feature_column.categorical_column_with_identity("hour", 3, default_value=0)
    >>> column = tf.feature_column.indicator_column(hour)
    >>> tf.compat.v1.feature_column.input_layer({"hour": tf.constant([2, 7])}, [column]).numpy().tolist()
    [[0.0, 0.0, 1.0], [1.0, 0.0, 0.0]]
    """
    if num_buckets < 1:
        raise ValueError(f"num_buckets {num_buckets} < 1, column_name {key}")
    if default_value is not None and not 0 <= default_value < num_buckets:
        raise ValueError(f"default_value {default_value} not in range [0, {num_buckets}), column_name {key}")
    check_key(key)
    return IdentityCategoricalColumn(key, num_buckets, default_value)


def categorical_column_with_hash_bucket(
    key: str, hash_bucket_size: int, dtype: Any = dtypes.string
) -> HashedCategoricalColumn:
    """A feature of words or integers; the id is a fingerprint of the value (as text), modulo the number of buckets.

    Args:
      key: its name in the features, and the column's. In dense features, "" or -1 is no value.
      dtype: the type that is parsed: string or an integer's.

    Raises:
      ValueError: `hash_bucket_size` is not positive, or the type another.

    >>> import headrace as tf
    >>> word = tf.feature_column.categorical_column_with_hash_bucket("word", 10)
    >>> column = tf.feature_column.indicator_column(word)
    >>> x = tf.compat.v1.feature_column.input_layer({"word": tf.constant(["omar", "stringer"])}, [column])
    >>> tf.argmax(x, 1).numpy().tolist()
    [6, 4]
    """
    if hash_bucket_size is None:
        raise ValueError(f"hash_bucket_size must be set. key: {key}")
    if hash_bucket_size < 1:
        raise ValueError(
            f"hash_bucket_size must be at least 1. hash_bucket_size: {hash_bucket_size}, key: {key}"
        )
    check_key(key)
    check_ids(dtype, f"column_name: {key}")
    return HashedCategoricalColumn(key, hash_bucket_size, dtype)


def weighted_categorical_column(
    categorical_column: Any, weight_feature_key: str, dtype: Any = dtypes.float32
) -> WeightedCategoricalColumn:
    """The ids of a column, each with a weight from another feature.

    Args:
      weight_feature_key: the feature with the weights, with as many for each example as there are ids.
      dtype: the type that is parsed.

    Raises:
      ValueError: `dtype` is not a number's.

    >>> import headrace as tf
    >>> word = tf.feature_column.categorical_column_with_vocabulary_list("word", ["a", "b"])
    >>> column = tf.feature_column.indicator_column(tf.feature_column.weighted_categorical_column(word, "count"))
    >>> features = {"word": tf.constant([["b", "a"]]), "count": tf.constant([[3.0, 0.5]])}
    >>> tf.compat.v1.feature_column.input_layer(features, [column]).numpy().tolist()
    [[0.5, 3.0]]
    """
    check_number(dtype, f"weights: {weight_feature_key}")
    return WeightedCategoricalColumn(categorical_column, weight_feature_key, dtype)
