"""Ids made dense: one-hot vectors and embeddings."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, NamedTuple

import headrace as tf
from headrace.api.nn_embedding import safe_embedding_lookup_sparse
from headrace.core.graph import get_default_graph
from headrace.core.shapes import TensorShape
from headrace.feature_column.embedding import start_from_checkpoint, weight_of_ids
from headrace.feature_column.older import OldDenseColumn
from headrace.session.partitions import PartitionedVariable
from headrace.v1.contrib.framework import model_variable

from .base import Column
from .ids import _SparseColumn, _WeightedSparseColumn


class _OneHot(NamedTuple):
    sparse_id_column: Any


class _OneHotColumn(Column, OldDenseColumn, _OneHot):
    @property
    def name(self) -> str:
        return f"{self.sparse_id_column.name}_one_hot"

    @property
    def length(self) -> int:
        return self.sparse_id_column.length  # type: ignore[no-any-return]

    @property
    def config(self) -> dict[str, Any]:
        return self.sparse_id_column.config  # type: ignore[no-any-return]

    def _transform_feature(self, inputs: Any) -> Any:
        ids, weights = self.sparse_id_column._get_sparse_tensors(inputs)
        if weights is not None:
            return weight_of_ids(ids, weights, self.length)
        dense = tf.sparse.to_dense(ids, default_value=-1)
        return tf.reduce_sum(tf.one_hot(dense, self.length, on_value=1.0, off_value=0.0), 1)

    @property
    def _variable_shape(self) -> Any:
        return TensorShape([self.length])

    def _get_dense_tensor(self, inputs: Any, weight_collections: Any = None, trainable: Any = None) -> Any:
        return inputs.get(self)


def one_hot_column(sparse_id_column: Any) -> Any:
    """For each example how often each id occurs (or the sum of its weights)."""
    return _OneHotColumn(sparse_id_column)


class _Embedding(NamedTuple):
    sparse_id_column: Any
    dimension: int
    combiner: str
    initializer: Any
    ckpt_to_load_from: str | None
    tensor_name_in_ckpt: str | None
    shared_embedding_name: str | None
    shared_vocab_size: int | None
    max_norm: float | None
    trainable: bool


class _EmbeddingColumn(Column, OldDenseColumn, _Embedding):
    @property
    def name(self) -> str:
        shared = "" if self.shared_embedding_name is None else "shared_"
        return f"{self.sparse_id_column.name}_{shared}embedding"

    @property
    def length(self) -> int:
        return self.shared_vocab_size or self.sparse_id_column.length

    @property
    def config(self) -> dict[str, Any]:
        return self.sparse_id_column.config  # type: ignore[no-any-return]

    def _transform_feature(self, inputs: Any) -> Any:
        return inputs.get(self.sparse_id_column)

    @property
    def _variable_shape(self) -> Any:
        return TensorShape([self.dimension])

    def _table(self, weight_collections: Any, trainable: Any) -> Any:
        shape, name = [self.length, self.dimension], self.shared_embedding_name
        graph = get_default_graph()
        shared = f"SHARED_EMBEDDING_COLLECTION_{name.upper()}" if name is not None else ""
        found = graph.get_collection(shared) if shared else []
        if len(found) > 1:
            raise ValueError(f"Collection {shared} can only contain one (partitioned) variable.")
        if found:
            if found[0].shape != shape:
                raise ValueError(
                    f"The embedding variable {name} exists with shape {found[0].shape}, not {shape}. Use another "
                    "shared_embedding_name."
                )
            return found[0]
        table = model_variable(
            name or "weights", shape, tf.float32, self.initializer, trainable=trainable and self.trainable,
            collections=weight_collections,
        )  # fmt: skip
        if shared:
            graph.add_to_collection(shared, table)
        return table

    def _get_dense_tensor(self, inputs: Any, weight_collections: Any = None, trainable: Any = None) -> Any:
        ids, weights = self.sparse_id_column._get_sparse_tensors(inputs)
        table = self._table(weight_collections, trainable)
        start_from_checkpoint(table, self.ckpt_to_load_from, self.tensor_name_in_ckpt)
        with tf.name_scope(f"{self.name}weights"):
            return safe_embedding_lookup_sparse(
                parts_of(table), ids, weights, self.combiner, max_norm=self.max_norm
            )


def parts_of(table: Any) -> Any:
    return list(table) if isinstance(table, PartitionedVariable) else table


def _embedding(column: Any, initializer: Any, path: Any, tensor_name: Any, **fields: Any) -> Any:
    if initializer is not None and not callable(initializer):
        raise ValueError(
            f"initializer must be callable if specified. Embedding of column_name: {column.name}"
        )
    if (path is None) != (tensor_name is None):
        raise ValueError("Must specify both `ckpt_to_load_from` and `tensor_name_in_ckpt` or none of them.")
    if initializer is None:
        initializer = tf.compat.v1.truncated_normal_initializer(0.0, 1 / math.sqrt(column.length))
    return _EmbeddingColumn(
        column, initializer=initializer, ckpt_to_load_from=path, tensor_name_in_ckpt=tensor_name, **fields
    )


def embedding_column(
    sparse_id_column: Any, dimension: int, combiner: str = "mean", initializer: Callable[..., Any] | None = None,
    ckpt_to_load_from: str | None = None, tensor_name_in_ckpt: str | None = None, max_norm: float | None = None,
    trainable: bool = True,
) -> Any:  # fmt: skip
    """For each example the combined rows that a trained table has for its ids."""
    return _embedding(
        sparse_id_column, initializer, ckpt_to_load_from, tensor_name_in_ckpt, dimension=dimension, combiner=combiner,
        shared_embedding_name=None, shared_vocab_size=None, max_norm=max_norm, trainable=trainable,
    )  # fmt: skip


def shared_embedding_columns(
    sparse_id_columns: Any, dimension: int, combiner: str = "mean", shared_embedding_name: str | None = None,
    initializer: Callable[..., Any] | None = None, ckpt_to_load_from: str | None = None,
    tensor_name_in_ckpt: str | None = None, max_norm: float | None = None, trainable: bool = True,
) -> Any:  # fmt: skip
    """`embedding_column` for each of several columns, with one table for all.

    Raises:
      TypeError: an element is no sparse column.
      ValueError: there is none, or their ids cannot mean the same.
    """
    if not isinstance(sparse_id_columns, (list, tuple)):
        raise TypeError(
            f"sparse_id_columns must be a non-string sequence (ex: list or tuple) instead of type {type(sparse_id_columns)}."
        )
    if not sparse_id_columns:
        raise ValueError("The input sparse_id_columns should have at least one element.")
    for column in sparse_id_columns:
        if not isinstance(column, (_SparseColumn, _WeightedSparseColumn)):
            raise TypeError(
                f"Elements of sparse_id_columns must be _SparseColumn or _WeightedSparseColumn, but {column} is not."
            )
    first, *others = sparse_id_columns
    for column in others:
        pair = (first, column) if isinstance(first, _WeightedSparseColumn) else (column, first)
        if not pair[0].is_compatible(pair[1]):
            raise ValueError(
                f"The input sparse id columns are not compatible: {first.name} and {column.name}."
            )
    if others and not shared_embedding_name:
        plain = sorted(c.name for c in sparse_id_columns if isinstance(c, _SparseColumn))
        names = plain + sorted(c.name for c in sparse_id_columns if not isinstance(c, _SparseColumn))
        more = f"_plus_{len(names) - 3}_others" if len(names) > 3 else ""
        shared_embedding_name = "_".join(names[:3]) + more + "_shared_embedding"
    columns = [
        _embedding(
            column, initializer, ckpt_to_load_from, tensor_name_in_ckpt, dimension=dimension, combiner=combiner,
            shared_embedding_name=shared_embedding_name, shared_vocab_size=first.length if others else None,
            max_norm=max_norm, trainable=trainable,
        )
        for column in sparse_id_columns
    ]  # fmt: skip
    return tuple(columns) if others else columns
