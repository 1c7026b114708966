"""Columns of combinations of other columns' values."""

from __future__ import annotations

from typing import Any, NamedTuple

import headrace as tf
from headrace.composites.sparse.functions import cross_hashed
from headrace.core import dtypes

from .base import CategoricalColumn, IdWeightPair
from .categorical import HashedCategoricalColumn
from .older import AnsweringCategorical, example_spec, ids_and_weights, is_categorical, is_new
from .serialization import Fields, registered


class _Crossed(NamedTuple):
    keys: tuple[Any, ...]
    hash_bucket_size: int
    hash_key: int | None


@registered
class CrossedColumn(Fields, CategoricalColumn, AnsweringCategorical, _Crossed):
    """See `crossed_column`."""

    def _leaves(self) -> list[Any]:
        """Keys and columns; crossed columns among them come apart."""
        return [
            leaf for key in self.keys for leaf in (key._leaves() if isinstance(key, CrossedColumn) else [key])
        ]

    @property
    def _is_v2_column(self) -> bool:
        return all(isinstance(leaf, str) or is_new(leaf) for leaf in self._leaves())

    @property
    def name(self) -> str:
        return "_X_".join(sorted(leaf if isinstance(leaf, str) else leaf.name for leaf in self._leaves()))

    @property
    def parse_example_spec(self) -> dict[str, Any]:
        spec: dict[str, Any] = {}
        for key in self.keys:
            spec.update(
                {key: tf.io.VarLenFeature(dtypes.string)} if isinstance(key, str) else example_spec(key)
            )
        return spec

    def transform_feature(self, transformation_cache: Any, state_manager: Any) -> Any:
        tensors = [self._values(leaf, transformation_cache, state_manager) for leaf in self._leaves()]
        return cross_hashed(tensors, self.hash_bucket_size, self.hash_key)

    def _values(self, leaf: Any, cache: Any, state_manager: Any) -> Any:
        if isinstance(leaf, str):
            return cache.get(leaf, state_manager)
        ids, weights = ids_and_weights(leaf, cache, state_manager)
        if weights is not None:
            raise ValueError(
                "crossed_column does not support weight_tensor, but the given column populates weight_tensor. Cross the column "
                f"that it weights. Given column: {leaf.name}"
            )
        return ids

    @property
    def num_buckets(self) -> int:
        return self.hash_bucket_size

    def get_sparse_tensors(self, transformation_cache: Any, state_manager: Any) -> IdWeightPair:
        return IdWeightPair(transformation_cache.get(self, state_manager), None)

    @property
    def parents(self) -> list[Any]:
        return list(self.keys)


def crossed_column(keys: Any, hash_bucket_size: int, hash_key: int | None = None) -> CrossedColumn:
    """For each example every combination of a value of each key; the id is its hash, modulo the number of buckets.

    Args:
      keys: two or more: names of raw features (of words or integers), or categorical columns other than hashed ones.
      hash_key: a number that goes into the hash; another one makes other values collide.

    Raises:
      ValueError: `hash_bucket_size` is not positive, or a key is something else.

    >>> import headrace as tf
    >>> both = tf.feature_column.crossed_column(["day", "hour"], 50)
    >>> column = tf.feature_column.indicator_column(both)
    >>> features = {"day": tf.constant(["mo", "mo"]), "hour": tf.constant([9, 10])}
    >>> tf.argmax(tf.compat.v1.feature_column.input_layer(features, [column]), 1).numpy().tolist()
    [16, 33]
    """
    if not hash_bucket_size or hash_bucket_size < 1:
        raise ValueError(f"hash_bucket_size must be > 1. hash_bucket_size: {hash_bucket_size}")
    if not keys or len(keys) < 2:
        raise ValueError(f"keys must be a list with length > 1. Given: {keys}")
    for key in keys:
        if not isinstance(key, str) and not is_categorical(key):
            raise ValueError(
                "Unsupported key type. All keys must be either string, or categorical column except "
                f"HashedCategoricalColumn. Given: {key}"
            )
        if isinstance(key, HashedCategoricalColumn):
            raise ValueError(
                "categorical_column_with_hash_bucket is not supported for crossing: what was hashed already collides more "
                f"often. Use the feature's name, {key.key!r}, instead. Given: {key}"
            )
    return CrossedColumn(tuple(keys), hash_bucket_size, hash_key)
