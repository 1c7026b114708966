"""`tf.contrib.layers`' feature columns: those of before `tf.feature_column`, and what nets and linear models make of them.

They have the interface of 1.x's columns, so that `tf.feature_column.input_layer` and `linear_model` take them, too."""

from .base import Column, Ids
from .crosses import _CrossedColumn, crossed_column
from .dense import _EmbeddingColumn, embedding_column, one_hot_column, parts_of, shared_embedding_columns
from .ids import (
    sparse_column_with_hash_bucket,
    sparse_column_with_integerized_feature,
    sparse_column_with_keys,
    sparse_column_with_vocabulary_file,
    weighted_sparse_column,
)
from .numbers import bucketized_column, real_valued_column

__all__ = [
    "Column",
    "Ids",
    "_CrossedColumn",
    "_EmbeddingColumn",
    "bucketized_column",
    "crossed_column",
    "embedding_column",
    "one_hot_column",
    "parts_of",
    "real_valued_column",
    "shared_embedding_columns",
    "sparse_column_with_hash_bucket",
    "sparse_column_with_integerized_feature",
    "sparse_column_with_keys",
    "sparse_column_with_vocabulary_file",
    "weighted_sparse_column",
]
