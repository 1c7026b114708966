"""Columns of sequences: examples have a value, or several, at each step."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import headrace as tf
from headrace.core import dtypes
from headrace.core.shapes import TensorShape

from .base import CategoricalColumn, IdWeightPair, SequenceDenseColumn, TensorSequenceLengthPair
from .categorical import categorical_column_with_hash_bucket, categorical_column_with_identity
from .checks import check_function, check_number, checked_shape
from .older import (
    AnsweringCategorical,
    OldSequenceCategoricalColumn,
    bucket_count,
    example_spec,
    ids_and_weights,
    is_new,
)
from .serialization import Fields, registered
from .vocabulary import categorical_column_with_vocabulary_file_v1, categorical_column_with_vocabulary_list


class _Sequence(NamedTuple):
    categorical_column: Any


@registered
class SequenceCategoricalColumn(
    Fields, CategoricalColumn, AnsweringCategorical, OldSequenceCategoricalColumn, _Sequence
):
    """Ids `[batch, time, any]`, of a categorical column. See `sequence_categorical_column_with_identity`."""

    @property
    def _is_v2_column(self) -> bool:
        return is_new(self.categorical_column)

    @property
    def name(self) -> str:
        return self.categorical_column.name

    @property
    def parse_example_spec(self) -> dict[str, Any]:
        return example_spec(self.categorical_column)

    def transform_feature(self, transformation_cache: Any, state_manager: Any) -> Any:
        return self.categorical_column.transform_feature(transformation_cache, state_manager)

    @property
    def num_buckets(self) -> int:
        return bucket_count(self.categorical_column)

    def get_sparse_tensors(self, transformation_cache: Any, state_manager: Any) -> IdWeightPair:
        pair = ids_and_weights(self.categorical_column, transformation_cache, state_manager)
        shape = pair.id_tensor.dense_shape
        shape = tf.concat([shape[:2], [tf.reduce_prod(shape[2:])]], 0)
        return IdWeightPair(*[None if t is None else tf.sparse.reshape(t, shape) for t in pair])

    @property
    def parents(self) -> list[Any]:
        return [self.categorical_column]


def check_not_sequence(column: Any) -> None:
    """ValueError when a dense tensor is asked of a column of sequences."""
    of = column.categorical_column
    if isinstance(of, (SequenceCategoricalColumn, OldSequenceCategoricalColumn)):
        raise ValueError(
            f"In {column.name}: categorical_column must not be of type SequenceCategoricalColumn for an input of one tensor per "
            "example. Use a categorical_column_with_* that is no sequence, or make the input of sequences with "
            f"get_sequence_dense_tensor (sequence_input_layer). Given (type {type(of)}): {of}"
        )


def check_is_sequence(column: Any) -> None:
    """ValueError when sequences are asked of a column that has none."""
    of = column.categorical_column
    if not isinstance(of, (SequenceCategoricalColumn, OldSequenceCategoricalColumn)):
        raise ValueError(
            f"In {column.name}: categorical_column must be of type SequenceCategoricalColumn for an input of sequences. Use one "
            f"of sequence_categorical_column_with_*. Given (type {type(of)}): {of}"
        )


def sequence_length(ids: Any, num_elements: int = 1) -> Any:
    """How long each row of a sparse tensor is: the place of its last element, in steps of `num_elements`. int64 `[batch]`."""
    with tf.name_scope("sequence_length"):
        last = tf.math.segment_max(ids.indices[:, 1] + 1, ids.indices[:, 0])
        steps = (last + (num_elements - 1)) // num_elements
        missing = ids.dense_shape[0] - tf.shape(steps, dtypes.int64)[0]  # rows at the end without elements
        return tf.concat([steps, tf.zeros(tf.reshape(missing, [1]), dtypes.int64)], 0)


class _SequenceNumeric(NamedTuple):
    key: str
    shape: tuple[int, ...]
    default_value: float
    dtype: Any
    normalizer_fn: Callable[[Any], Any] | None


@registered
class SequenceNumericColumn(Fields, SequenceDenseColumn, _SequenceNumeric):
    """See `sequence_numeric_column`."""

    _is_v2_column = True

    @property
    def name(self) -> str:
        return self.key

    @property
    def parse_example_spec(self) -> dict[str, Any]:
        return {self.key: tf.io.VarLenFeature(self.dtype)}

    def transform_feature(self, transformation_cache: Any, state_manager: Any) -> Any:
        tensor = transformation_cache.get(self.key, state_manager)
        return tensor if self.normalizer_fn is None else self.normalizer_fn(tensor)

    @property
    def variable_shape(self) -> TensorShape:
        return TensorShape(self.shape)

    def get_sequence_dense_tensor(
        self, transformation_cache: Any, state_manager: Any
    ) -> TensorSequenceLengthPair:
        sparse = transformation_cache.get(self, state_manager)
        dense = tf.sparse.to_dense(sparse, default_value=self.default_value)
        shape = tf.concat([tf.shape(dense)[:1], [-1], self.shape], 0)
        # A matrix has all numbers of a sequence in a row; three dimensions are steps already.
        per_step = self.variable_shape.num_elements() if sparse.shape.rank == 2 else 1
        assert per_step is not None
        return TensorSequenceLengthPair(tf.reshape(dense, shape), sequence_length(sparse, per_step))

    @property
    def parents(self) -> list[Any]:
        return [self.key]


def sequence_numeric_column(
    key: str,
    shape: Any = (1,),
    default_value: float = 0.0,
    dtype: Any = dtypes.float32,
    normalizer_fn: Callable[[Any], Any] | None = None,
) -> SequenceNumericColumn:
    """A feature of sequences of numbers: sparse, `[batch, any]`; it becomes `[batch, time] + shape`.

    Args:
      key: its name in the features, and the column's.
      shape: of the numbers at one step.
      default_value: what fills up shorter sequences.
      dtype: the type that is parsed.
      normalizer_fn: a function of the sparse tensor.

    Raises:
      TypeError, ValueError: an argument is of a wrong type, or a dimension not positive.

    >>> import headrace as tf
    >>> column = tf.feature_column.sequence_numeric_column("speed")
    >>> column.parse_example_spec["speed"].dtype
    tf.float32
    """
    shape = checked_shape(shape, key)
    check_number(dtype, f"key: {key}")
    check_function(normalizer_fn)
    return SequenceNumericColumn(key, shape, default_value, dtype, normalizer_fn)


def sequence_categorical_column_with_identity(
    key: str, num_buckets: int, default_value: int | None = None
) -> SequenceCategoricalColumn:
    """`categorical_column_with_identity` of sequences: `[batch, time]`, or `[batch, time, any]`.

    >>> import headrace as tf
    >>> tf.feature_column.sequence_categorical_column_with_identity("ids", 3).num_buckets
    3
    """
    return SequenceCategoricalColumn(categorical_column_with_identity(key, num_buckets, default_value))


def sequence_categorical_column_with_hash_bucket(
    key: str, hash_bucket_size: int, dtype: Any = dtypes.string
) -> SequenceCategoricalColumn:
    """`categorical_column_with_hash_bucket` of sequences."""
    return SequenceCategoricalColumn(categorical_column_with_hash_bucket(key, hash_bucket_size, dtype))


def sequence_categorical_column_with_vocabulary_list(
    key: str, vocabulary_list: Any, dtype: Any = None, default_value: int = -1, num_oov_buckets: int = 0
) -> SequenceCategoricalColumn:
    """`categorical_column_with_vocabulary_list` of sequences."""
    return SequenceCategoricalColumn(
        categorical_column_with_vocabulary_list(key, vocabulary_list, dtype, default_value, num_oov_buckets)
    )


def sequence_categorical_column_with_vocabulary_file(
    key: str,
    vocabulary_file: str,
    vocabulary_size: Any = None,
    num_oov_buckets: int = 0,
    default_value: int | None = None,
    dtype: Any = dtypes.string,
) -> SequenceCategoricalColumn:
    """`categorical_column_with_vocabulary_file` of sequences."""
    return SequenceCategoricalColumn(
        categorical_column_with_vocabulary_file_v1(
            key, vocabulary_file, vocabulary_size, num_oov_buckets, default_value, dtype
        )
    )
