"""`tf.__internal__.feature_column` and `tensorflow.python.feature_column`: the interfaces of columns, for programs that
define their own, and the classes of columns, for those that ask what a column is."""

from headrace.feature_column.base import CategoricalColumn, DenseColumn, FeatureColumn, SequenceDenseColumn
from headrace.feature_column.cache import FeatureTransformationCache, StateManager
from headrace.feature_column.cache import OldCache as _LazyBuilder
from headrace.feature_column.categorical import (
    HashedCategoricalColumn,
    IdentityCategoricalColumn,
    WeightedCategoricalColumn,
    categorical_column_with_hash_bucket,
    categorical_column_with_identity,
    weighted_categorical_column,
)
from headrace.feature_column.crossed import CrossedColumn, crossed_column
from headrace.feature_column.embedding import (
    EmbeddingColumn,
    IndicatorColumn,
    embedding_column,
    indicator_column,
)
from headrace.feature_column.layers import input_layer, linear_model
from headrace.feature_column.numeric import BucketizedColumn, NumericColumn, bucketized_column, numeric_column
from headrace.feature_column.older import OldCategoricalColumn as _CategoricalColumn
from headrace.feature_column.older import OldDenseColumn as _DenseColumn
from headrace.feature_column.older import OldFeatureColumn as _FeatureColumn
from headrace.feature_column.older import OldSequenceCategoricalColumn as _SequenceCategoricalColumn
from headrace.feature_column.older import OldSequenceDenseColumn as _SequenceDenseColumn
from headrace.feature_column.parsing import make_parse_example_spec
from headrace.feature_column.parsing import make_parse_example_spec as make_parse_example_spec_v2
from headrace.feature_column.sequence import (
    SequenceCategoricalColumn,
    SequenceNumericColumn,
    sequence_categorical_column_with_hash_bucket,
    sequence_categorical_column_with_identity,
    sequence_categorical_column_with_vocabulary_file,
    sequence_categorical_column_with_vocabulary_list,
    sequence_numeric_column,
)
from headrace.feature_column.serialization import (
    deserialize_feature_column,
    deserialize_feature_columns,
    serialize_feature_column,
    serialize_feature_columns,
)
from headrace.feature_column.shared import OldSharedEmbeddingColumn as _SharedEmbeddingColumn
from headrace.feature_column.shared import SharedEmbeddingColumn, shared_embedding_columns
from headrace.feature_column.shared import shared_embeddings as shared_embedding_columns_v2
from headrace.feature_column.vocabulary import (
    VocabularyFileCategoricalColumn,
    VocabularyListCategoricalColumn,
    categorical_column_with_vocabulary_list,
)
from headrace.feature_column.vocabulary import (
    categorical_column_with_vocabulary_file as categorical_column_with_vocabulary_file_v2,
)
from headrace.feature_column.vocabulary import (
    categorical_column_with_vocabulary_file_v1 as categorical_column_with_vocabulary_file,
)

__all__ = [
    "BucketizedColumn", "CategoricalColumn", "CrossedColumn", "DenseColumn", "EmbeddingColumn", "FeatureColumn",
    "FeatureTransformationCache", "HashedCategoricalColumn", "IdentityCategoricalColumn", "IndicatorColumn", "NumericColumn",
    "SequenceCategoricalColumn", "SequenceDenseColumn", "SequenceNumericColumn", "SharedEmbeddingColumn", "StateManager",
    "VocabularyFileCategoricalColumn", "VocabularyListCategoricalColumn", "WeightedCategoricalColumn", "_CategoricalColumn",
    "_DenseColumn", "_FeatureColumn", "_LazyBuilder", "_SequenceCategoricalColumn", "_SequenceDenseColumn",
    "_SharedEmbeddingColumn", "bucketized_column", "categorical_column_with_hash_bucket", "categorical_column_with_identity",
    "categorical_column_with_vocabulary_file", "categorical_column_with_vocabulary_file_v2",
    "categorical_column_with_vocabulary_list", "crossed_column", "deserialize_feature_column", "deserialize_feature_columns",
    "embedding_column", "indicator_column", "input_layer", "linear_model", "make_parse_example_spec",
    "make_parse_example_spec_v2", "numeric_column", "sequence_categorical_column_with_hash_bucket",
    "sequence_categorical_column_with_identity", "sequence_categorical_column_with_vocabulary_file",
    "sequence_categorical_column_with_vocabulary_list", "sequence_numeric_column", "serialize_feature_column",
    "serialize_feature_columns", "shared_embedding_columns", "shared_embedding_columns_v2", "weighted_categorical_column",
]  # fmt: skip
