"""`tf.contrib.feature_column`: inputs of sequences, from `tf.feature_column`'s columns."""

from __future__ import annotations

from typing import Any

import headrace as tf
from headrace.feature_column import sequence
from headrace.feature_column.cache import OldCache
from headrace.feature_column.layers import check_batch, sorted_columns
from headrace.feature_column.older import AnsweringSequence, OldSequenceDenseColumn
from headrace.feature_column.sequence import (
    SequenceNumericColumn,
    sequence_categorical_column_with_hash_bucket,
    sequence_categorical_column_with_identity,
    sequence_categorical_column_with_vocabulary_file,
    sequence_categorical_column_with_vocabulary_list,
)
from headrace.session.scopes import variable_scope


class _SequenceNumericColumn(SequenceNumericColumn, AnsweringSequence):
    """A `sequence_numeric_column` with the interface of 1.x as well."""

    @property
    def _variable_shape(self) -> Any:
        return self.variable_shape


def sequence_numeric_column(
    key: str,
    shape: Any = (1,),
    default_value: float = 0.0,
    dtype: Any = tf.float32,
    normalizer_fn: Any = None,
) -> Any:
    """A feature of sequences of numbers: sparse, `[batch, any]`; it becomes `[batch, time] + shape`."""
    return _SequenceNumericColumn(
        *sequence.sequence_numeric_column(key, shape, default_value, dtype, normalizer_fn)
    )


def sequence_input_layer(
    features: Any, feature_columns: Any, weight_collections: Any = None, trainable: bool = True
) -> tuple[Any, Any]:
    """The dense tensors of sequence columns side by side, in the order of their names: for a recurrent net.

    Args:
      features: a dict of sparse tensors.
      feature_columns: columns of numbers (`sequence_numeric_column`), or of ids made dense by an indicator or embedding.

    Returns: float32 `[batch, time, numbers]`, and how long each sequence is: int64 `[batch]`.

    Raises:
      ValueError: a column has no sequences.
      InvalidArgumentError (when run): the sequences of two columns are not equally long.

    >>> import headrace as tf
    >>> words = sequence_categorical_column_with_identity("words", 3)
    >>> text = tf.sparse.from_dense([[1, 2, 1], [2, 0, 0]])
    >>> x, length = sequence_input_layer({"words": text}, [tf.feature_column.indicator_column(words)])
    >>> x.shape, length.numpy().tolist()
    (TensorShape([2, 3, 3]), [3, 1])
    """
    columns = sorted_columns(feature_columns)
    for column in columns:
        if not isinstance(column, OldSequenceDenseColumn):
            raise ValueError(
                "All feature_columns must be of type _SequenceDenseColumn. You can wrap a sequence_categorical_column with an "
                f"embedding_column or indicator_column. Given (type {type(column)}): {column}"
            )
    with variable_scope(None, "sequence_input_layer", values=list(features.values())):
        cache, tensors, lengths = OldCache(features), [], []
        for column in columns:
            with variable_scope(None, column._var_scope_name):
                dense, length = column._get_sequence_dense_tensor(cache, weight_collections, trainable)
                size = column._variable_shape.num_elements()
                tensors.append(tf.reshape(dense, tf.concat([tf.shape(dense)[:2], [size]], 0)))
                lengths.append(length)
        check_batch(tensors, columns)
        same = [tf.debugging.assert_equal(lengths[0], length) for length in lengths[1:]]
        with tf.control_dependencies([check for check in same if check is not None]):
            return tf.concat(tensors, -1), tf.identity(lengths[0])


__all__ = [
    "sequence_categorical_column_with_hash_bucket", "sequence_categorical_column_with_identity",
    "sequence_categorical_column_with_vocabulary_file", "sequence_categorical_column_with_vocabulary_list",
    "sequence_input_layer", "sequence_numeric_column",
]  # fmt: skip
