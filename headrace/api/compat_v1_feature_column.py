"""`tf.compat.v1.feature_column`: what 1.x has beside `tf.feature_column`, or differently."""

from headrace.feature_column.layers import input_layer, linear_model
from headrace.feature_column.parsing import make_parse_example_spec_v1
from headrace.feature_column.shared import shared_embedding_columns
from headrace.feature_column.vocabulary import categorical_column_with_vocabulary_file_v1

FUNCTIONS = {
    "feature_column.categorical_column_with_vocabulary_file": categorical_column_with_vocabulary_file_v1,
    "feature_column.input_layer": input_layer,
    "feature_column.linear_model": linear_model,
    "feature_column.make_parse_example_spec": make_parse_example_spec_v1,
    "feature_column.shared_embedding_columns": shared_embedding_columns,
}
ROOT: list[str] = []
NAMES = {"feature_column": [name.split(".")[1] for name in FUNCTIONS]}
__all__ = ["FUNCTIONS"]
