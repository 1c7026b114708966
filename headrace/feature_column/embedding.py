"""Columns that make categorical ones dense: counts of ids, and embeddings."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, NamedTuple

import headrace as tf
from headrace.api import nn_embedding
from headrace.core import dtypes
from headrace.core.shapes import TensorShape
from headrace.session.partitions import PartitionedVariable

from .base import DenseColumn, SequenceDenseColumn, TensorSequenceLengthPair
from .older import (
    AnsweringDense,
    AnsweringSequence,
    bucket_count,
    example_spec,
    ids_and_weights,
    is_categorical,
    is_new,
)
from .sequence import check_is_sequence, check_not_sequence, sequence_length
from .serialization import Fields, registered


class _OfCategorical(Fields, DenseColumn, SequenceDenseColumn, AnsweringDense, AnsweringSequence):
    """A dense column of a categorical one."""

    categorical_column: Any

    @property
    def _is_v2_column(self) -> bool:
        return is_new(self.categorical_column)

    @property
    def parse_example_spec(self) -> dict[str, Any]:
        return example_spec(self.categorical_column)

    def get_dense_tensor(self, transformation_cache: Any, state_manager: Any) -> Any:
        check_not_sequence(self)
        return self._dense(transformation_cache, state_manager)

    def get_sequence_dense_tensor(
        self, transformation_cache: Any, state_manager: Any
    ) -> TensorSequenceLengthPair:
        check_is_sequence(self)
        dense = self._dense(transformation_cache, state_manager)
        ids, _ = ids_and_weights(self.categorical_column, transformation_cache, state_manager)
        return TensorSequenceLengthPair(dense, sequence_length(ids))

    def _dense(self, cache: Any, state_manager: Any) -> Any:
        raise NotImplementedError

    @property
    def parents(self) -> list[Any]:
        return [self.categorical_column]


class _Indicator(NamedTuple):
    categorical_column: Any


@registered
class IndicatorColumn(_OfCategorical, _Indicator):
    """See `indicator_column`."""

    @property
    def name(self) -> str:
        return f"{self.categorical_column.name}_indicator"

    def transform_feature(self, transformation_cache: Any, state_manager: Any) -> Any:
        ids, weights = ids_and_weights(self.categorical_column, transformation_cache, state_manager)
        size = int(bucket_count(self.categorical_column))
        if weights is None:
            one_hot = tf.one_hot(tf.sparse.to_dense(ids, default_value=-1), size, on_value=1.0, off_value=0.0)
            return tf.reduce_sum(one_hot, -2)
        return weight_of_ids(ids, weights, size)

    @property
    def variable_shape(self) -> TensorShape:
        return TensorShape([1, bucket_count(self.categorical_column)])

    def _dense(self, cache: Any, state_manager: Any) -> Any:
        return cache.get(self, state_manager)


def weight_of_ids(ids: Any, weights: Any, size: int) -> Any:
    """For each row and id the sum of its weights. Negative ids are none."""
    present = tf.reshape(tf.where(ids.values >= 0), [-1])
    rows = tf.gather(ids.indices[:, 0], present)
    places = tf.stack([rows, tf.cast(tf.gather(ids.values, present), dtypes.int64)], 1)
    shape = tf.stack([ids.dense_shape[0], tf.constant(size, dtypes.int64)])
    return tf.scatter_nd(places, tf.gather(weights.values, present), shape)


def embedded(
    column: Any,
    ids: Any,
    weights: Any,
    table: Any,
    combiner: str,
    max_norm: Any,
    use_safe_embedding_lookup: bool,
) -> Any:
    """Combined rows of `table`, one for each example (and step of a sequence)."""
    parts = list(table) if isinstance(table, PartitionedVariable) else table
    matrix = ids.shape.rank is not None and ids.shape.rank <= 2
    look_up: Any = (
        nn_embedding.embedding_lookup_sparse
        if matrix and not use_safe_embedding_lookup
        else nn_embedding.safe_embedding_lookup_sparse
    )
    with tf.name_scope(f"{column.name}_weights"):
        return look_up(parts, ids, weights, combiner=combiner, max_norm=max_norm)


def start_from_checkpoint(variable: Any, path: str | None, name: str | None) -> None:
    """Lets `variable` begin as a tensor of a checkpoint, if a path is given."""
    if path is not None:
        parts = variable._get_variable_list() if isinstance(variable, PartitionedVariable) else variable
        tf.compat.v1.train.init_from_checkpoint(path, {name: parts})


class _Embedding(NamedTuple):
    categorical_column: Any
    dimension: int
    combiner: str
    initializer: Any
    ckpt_to_load_from: str | None
    tensor_name_in_ckpt: str | None
    max_norm: float | None
    trainable: bool
    use_safe_embedding_lookup: bool = True


@registered
class EmbeddingColumn(_OfCategorical, _Embedding):
    """See `embedding_column`."""

    @property
    def name(self) -> str:
        return f"{self.categorical_column.name}_embedding"

    def transform_feature(self, transformation_cache: Any, state_manager: Any) -> Any:
        return transformation_cache.get(self.categorical_column, state_manager)

    @property
    def variable_shape(self) -> TensorShape:
        return TensorShape([self.dimension])

    def create_state(self, state_manager: Any) -> None:
        state_manager.create_variable(
            self, name="embedding_weights", shape=(bucket_count(self.categorical_column), self.dimension),
            dtype=dtypes.float32, trainable=self.trainable, use_resource=True, initializer=self.initializer,
        )  # fmt: skip

    def _dense(self, cache: Any, state_manager: Any) -> Any:
        ids, weights = ids_and_weights(self.categorical_column, cache, state_manager)
        table = state_manager.get_variable(self, name="embedding_weights")
        start_from_checkpoint(table, self.ckpt_to_load_from, self.tensor_name_in_ckpt)
        return embedded(
            self, ids, weights, table, self.combiner, self.max_norm, self.use_safe_embedding_lookup
        )


def indicator_column(categorical_column: Any) -> IndicatorColumn:
    """For each example how often each id occurs (or the sum of its weights): `[batch, num_buckets]`.

    Raises:
      ValueError: the column is not categorical.

    >>> import headrace as tf
    >>> ids = tf.feature_column.categorical_column_with_identity("ids", 4)
    >>> features = {"ids": tf.constant([[1, 1], [3, -1]])}
    >>> tf.compat.v1.feature_column.input_layer(features, [tf.feature_column.indicator_column(ids)]).numpy().tolist()
    [[0.0, 2.0, 0.0, 0.0], [0.0, 0.0, 0.0, 1.0]]
    """
    if not is_categorical(categorical_column):
        raise ValueError(
            f"Unsupported input type. Input must be a CategoricalColumn. Given: {categorical_column}"
        )
    return IndicatorColumn(categorical_column)


def embedding_column(
    categorical_column: Any,
    dimension: int,
    combiner: str = "mean",
    initializer: Callable[..., Any] | None = None,
    ckpt_to_load_from: str | None = None,
    tensor_name_in_ckpt: str | None = None,
    max_norm: float | None = None,
    trainable: bool = True,
    use_safe_embedding_lookup: bool = True,
) -> EmbeddingColumn:
    """For each example the combined rows that a trained table has for its ids: `[batch, dimension]`.

    Args:
      combiner: "mean", "sum", or "sqrtn" (the sum divided by the root of the number of ids, or of the squared weights).
      initializer: of the table; truncated normal numbers of deviation `1 / sqrt(dimension)` if None.
      ckpt_to_load_from, tensor_name_in_ckpt: a checkpoint, and what of it the table begins with.
      max_norm: rows of a greater Euclidean length are scaled down to it.
      trainable: whether the table is trained.
      use_safe_embedding_lookup: whether examples without ids (they become zeros) and negative ids are allowed. Without, it is a
        bit faster.

    Raises:
      ValueError: `dimension` is not positive, only one of the checkpoint's arguments is given, or the initialiser is not
        callable.

    >>> import headrace as tf
    >>> words = tf.feature_column.categorical_column_with_vocabulary_list("words", ["a", "b"])
    >>> column = tf.feature_column.embedding_column(words, 2, initializer=tf.compat.v1.constant_initializer([[1, 2], [3, 4]]))
    >>> tf.compat.v1.feature_column.input_layer({"words": tf.constant([["a", "b"], ["b", ""]])}, [column]).numpy().tolist()
    [[2.0, 3.0], [3.0, 4.0]]
    """
    initializer = checked_table(
        dimension,
        initializer,
        ckpt_to_load_from,
        tensor_name_in_ckpt,
        getattr(categorical_column, "name", ""),
    )
    return EmbeddingColumn(
        categorical_column, dimension, combiner, initializer, ckpt_to_load_from, tensor_name_in_ckpt, max_norm, trainable,
        use_safe_embedding_lookup,
    )  # fmt: skip


def checked_table(dimension: Any, initializer: Any, path: Any, tensor_name: Any, column: str = "") -> Any:
    """The initialiser of an embedding: the default one if None."""
    if dimension is None or dimension < 1:
        raise ValueError(f"Invalid dimension {dimension}. It must be positive.")
    if (path is None) != (tensor_name is None):
        raise ValueError("Must specify both `ckpt_to_load_from` and `tensor_name_in_ckpt` or none of them.")
    if initializer is not None and not callable(initializer):
        raise ValueError(f"initializer must be callable if specified. Embedding of column_name: {column}")
    if initializer is None:
        return tf.compat.v1.truncated_normal_initializer(0.0, 1 / math.sqrt(dimension))
    return initializer
