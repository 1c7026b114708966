"""What nets and linear models make of `tf.contrib.layers`' feature columns (`headrace/v1/contrib/feature_columns`), and of
examples."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import headrace as tf
from headrace.api.io_features import VarLenFeature
from headrace.api.nn_embedding import safe_embedding_lookup_sparse
from headrace.composites.sparse.tensor import is_sparse
from headrace.feature_column.cache import OldCache
from headrace.feature_column.embedding import start_from_checkpoint
from headrace.feature_column.older import OldDenseColumn
from headrace.session.partitions import PartitionedVariable
from headrace.session.scopes import variable_scope
from headrace.v1.contrib.feature_columns import Ids as IdColumn
from headrace.v1.contrib.feature_columns import _CrossedColumn as CrossedColumn
from headrace.v1.contrib.feature_columns import _EmbeddingColumn as EmbeddingColumn
from headrace.v1.contrib.feature_columns import parts_of, real_valued_column
from headrace.v1.contrib.framework import model_variable


# ----------------------------------------------------------------------------------------------------- nets and linear models
def check_feature_columns(feature_columns: Any) -> None:
    """ValueError when a column occurs twice, or they are a dict."""
    if isinstance(feature_columns, dict):
        raise ValueError("Expected feature_columns to be iterable, found dict.")
    seen = set()
    for column in feature_columns:
        if column.key in seen:
            raise ValueError(
                f"Duplicate feature column key found for column: {column.name}. It is nearly identical to another one: leave "
                "one out."
            )
        seen.add(column.key)


@contextmanager
def _opened(scope: Any, default: str, features: Any, columns: Any) -> Iterator[tuple[OldCache, list[Any]]]:
    check_feature_columns(columns)
    with variable_scope(scope, default, values=list(features.values())):
        yield OldCache(features), sorted(set(columns), key=lambda c: c.key)


def input_from_feature_columns(
    columns_to_tensors: Any, feature_columns: Any, weight_collections: Any = None, trainable: bool = True, scope: Any = None,
    cols_to_outs: dict[Any, Any] | None = None,
) -> Any:  # fmt: skip
    """The dense tensors of columns side by side, in the order of their keys: by kind, then by name.

    Args:
      columns_to_tensors: a dict of features.
      cols_to_outs: a dict that gets each column's tensor.

    Raises:
      ValueError: a column is not dense.
    """
    if cols_to_outs is not None and not isinstance(cols_to_outs, dict):
        raise ValueError("cols_to_outs must be a dict unless None")
    outputs = []
    default = "input_from_feature_columns"
    with _opened(scope, default, columns_to_tensors, feature_columns) as (cache, columns):
        for column in columns:
            with variable_scope(None, column.name):
                if not isinstance(column, OldDenseColumn):
                    raise ValueError(
                        f"Error creating input layer for column: {column.name}.\nIt is sparse: use embedding_column or one_hot_column."
                    )
                outputs.append(column._get_dense_tensor(cache, weight_collections, trainable))
                if cols_to_outs is not None:
                    cols_to_outs[column] = outputs[-1]
        return tf.concat(outputs, 1)


def _zeros(name: str, shape: list[Any], trainable: bool, collections: Any) -> Any:
    start = tf.compat.v1.zeros_initializer()
    return model_variable(name, shape, tf.float32, start, trainable=trainable, collections=collections)


def _as_list(variable: Any) -> list[Any]:
    return list(variable) if isinstance(variable, PartitionedVariable) else [variable]


def weighted_sum_from_feature_columns(
    columns_to_tensors: Any, feature_columns: Any, num_outputs: int, weight_collections: Any = None, trainable: bool = True,
    scope: Any = None,
) -> tuple[Any, dict[Any, list[Any]], Any]:  # fmt: skip
    """A linear model: `(predictions, the variables of each column, the bias)`.

    Raises:
      ValueError: a column is an embedding.
    """
    sums, variables = [], {}
    default = "weighted_sum_from_feature_columns"
    with _opened(scope, default, columns_to_tensors, feature_columns) as (cache, columns):
        for column in columns:
            if isinstance(column, EmbeddingColumn):
                raise ValueError(
                    f"Error creating weighted sum for column: {column.name}.\nEmbeddings are not for linear models: use the "
                    "sparse column."
                )
            with variable_scope(None, column.name):
                if isinstance(column, IdColumn):
                    table = _zeros(
                        "weights", [column._num_buckets, num_outputs], trainable, weight_collections
                    )
                    ids, weights = column._get_sparse_tensors(cache)
                    with tf.name_scope(f"{column.name}_weights"):
                        sums.append(
                            safe_embedding_lookup_sparse(parts_of(table), ids, weights, column.combiner)
                        )
                else:
                    dense = column._get_dense_tensor(cache, weight_collections, trainable)
                    table = _zeros("weight", [dense.shape[1], num_outputs], trainable, weight_collections)
                    sums.append(tf.matmul(dense, tf.convert_to_tensor(table), name="matmul"))
            if isinstance(column, CrossedColumn):
                start_from_checkpoint(table, column.ckpt_to_load_from, column.tensor_name_in_ckpt)
            variables[column] = _as_list(table)
        bias = _zeros("bias_weight", [num_outputs], trainable, weight_collections)
        return tf.nn.bias_add(tf.add_n(sums), tf.convert_to_tensor(bias)), variables, bias


def joint_weighted_sum_from_feature_columns(
    columns_to_tensors: Any, feature_columns: Any, num_outputs: int, weight_collections: Any = None, trainable: bool = True,
    scope: Any = None,
) -> tuple[Any, list[Any], Any]:  # fmt: skip
    """`weighted_sum_from_feature_columns` of sparse columns that are summed, with one table for all.

    Raises:
      NotImplementedError: a column is of numbers.
      AssertionError: a column is weighted, or its combiner not "sum"."""
    all_ids, size = [], 0
    default = "joint_weighted_sum_from_feature_columns"
    with _opened(scope, default, columns_to_tensors, feature_columns) as (cache, columns):
        for column in columns:
            if not isinstance(column, IdColumn):
                raise NotImplementedError(
                    f"{column.name}: real-valued columns are not supported. Use weighted_sum_from_feature_columns, or bucketize "
                    "the column."
                )
            ids, weights = column._get_sparse_tensors(cache)
            if weights is not None or column.combiner != "sum":
                raise AssertionError(
                    f"{column.name}: joint sums are of columns without weights, combined by 'sum'. Use "
                    "weighted_sum_from_feature_columns."
                )
            all_ids.append(ids.with_values(tf.cast(ids.values, tf.int64) + size))
            size += column._num_buckets
        with variable_scope(None, "linear_weights"):
            table = _zeros("weights", [size, num_outputs], trainable, weight_collections)
            ids = tf.sparse.concat(1, all_ids, expand_nonconcat_dims=True)
            total = safe_embedding_lookup_sparse(parts_of(table), ids, None, "sum")
        bias = _zeros("bias_weight", [num_outputs], trainable, weight_collections)
        return tf.nn.bias_add(total, tf.convert_to_tensor(bias)), _as_list(table), bias


# ------------------------------------------------------------------------------------------------------ features and examples
def create_feature_spec_for_parsing(feature_columns: Any) -> dict[str, Any]:
    """What `tf.parse_example` must be told to parse the columns' features."""
    return {key: spec for column in feature_columns for key, spec in column.config.items()}


def transform_features(features: Any, feature_columns: Any) -> dict[Any, Any]:
    """The tensor of each column."""
    check_feature_columns(feature_columns)
    cache = OldCache(features)
    return {column: cache.get(column) for column in sorted(set(feature_columns), key=lambda c: c.key)}


def parse_feature_columns_from_examples(
    serialized: Any, feature_columns: Any, name: str | None = None, example_names: Any = None
) -> dict[Any, Any]:
    """Serialized examples as features, and the tensors of the columns."""
    spec = create_feature_spec_for_parsing(feature_columns)
    features = tf.compat.v1.parse_example(serialized, spec, name=name, example_names=example_names)
    return {**features, **transform_features(features, feature_columns)}


def infer_real_valued_columns(features: Any) -> list[Any]:
    """A `real_valued_column` for each feature of a dict, or for a tensor (named "").

    Raises:
      ValueError: a feature is sparse, or not of numbers."""
    named = features if isinstance(features, dict) else {"": features}
    columns = []
    for name, tensor in named.items():
        if is_sparse(tensor) or not (tensor.dtype.is_integer or tensor.dtype.is_floating):
            raise ValueError(
                f"Only dense tensors of numbers are detected. Define a column for {name!r}: {tensor}"
            )
        size = math.prod(tensor.shape.as_list()[1:])
        columns.append(real_valued_column(name, dimension=size, dtype=tensor.dtype))
    return columns


def make_place_holder_tensors_for_base_features(feature_columns: Any) -> dict[str, Any]:
    """Placeholders for the features that columns are made of."""
    v1, out = tf.compat.v1, {}
    for key, spec in create_feature_spec_for_parsing(feature_columns).items():
        if isinstance(spec, VarLenFeature):
            out[key] = v1.sparse_placeholder(spec.dtype, name=f"Placeholder_{key}")
        else:
            out[key] = v1.placeholder(spec.dtype, [None, *spec.shape], name=f"Placeholder_{key}")
    return out


__all__ = [
    "check_feature_columns", "create_feature_spec_for_parsing", "infer_real_valued_columns",
    "input_from_feature_columns", "joint_weighted_sum_from_feature_columns",
    "make_place_holder_tensors_for_base_features", "parse_feature_columns_from_examples", "transform_features",
    "weighted_sum_from_feature_columns",
]  # fmt: skip
