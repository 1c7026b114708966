"""`tf.feature_column`: what to do with each feature of an example, as values (`headrace/feature_column/`)."""

from headrace.feature_column.categorical import (
    categorical_column_with_hash_bucket,
    categorical_column_with_identity,
    weighted_categorical_column,
)
from headrace.feature_column.crossed import crossed_column
from headrace.feature_column.embedding import embedding_column, indicator_column
from headrace.feature_column.numeric import bucketized_column, numeric_column
from headrace.feature_column.parsing import make_parse_example_spec
from headrace.feature_column.sequence import (
    sequence_categorical_column_with_hash_bucket,
    sequence_categorical_column_with_identity,
    sequence_categorical_column_with_vocabulary_file,
    sequence_categorical_column_with_vocabulary_list,
    sequence_numeric_column,
)
from headrace.feature_column.shared import shared_embeddings
from headrace.feature_column.vocabulary import (
    categorical_column_with_vocabulary_file,
    categorical_column_with_vocabulary_list,
)

__all__ = [
    "bucketized_column", "categorical_column_with_hash_bucket", "categorical_column_with_identity",
    "categorical_column_with_vocabulary_file", "categorical_column_with_vocabulary_list", "crossed_column",
    "embedding_column", "indicator_column", "make_parse_example_spec", "numeric_column",
    "sequence_categorical_column_with_hash_bucket", "sequence_categorical_column_with_identity",
    "sequence_categorical_column_with_vocabulary_file", "sequence_categorical_column_with_vocabulary_list",
    "sequence_numeric_column", "shared_embeddings", "weighted_categorical_column",
]  # fmt: skip
