"""Embeddings that several columns share."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import headrace as tf
from headrace.core import dtypes
from headrace.core.graph import get_default_graph
from headrace.core.shapes import TensorShape
from headrace.core.state import state
from headrace.core.trackable import AutoTrackable
from headrace.session.scopes import get_variable

from .base import CategoricalColumn, TensorSequenceLengthPair
from .categorical import WeightedCategoricalColumn
from .embedding import _OfCategorical, checked_table, embedded, start_from_checkpoint
from .older import (
    OldCategoricalColumn,
    OldDenseColumn,
    OldSequenceDenseColumn,
    bucket_count,
    ids_and_weights,
)
from .sequence import SequenceCategoricalColumn, check_is_sequence, check_not_sequence, sequence_length
from .serialization import registered


def _checked(columns: Any, kind: type) -> tuple[int, str]:
    """How many ids the columns have, and the name of what they share.

    Raises:
      ValueError: a column is not categorical, or they are of different kinds or sizes."""
    ordered = sorted(columns, key=lambda c: c.name)
    if not isinstance(ordered[0], kind):
        raise ValueError(
            f"All categorical_columns must be subclasses of {kind.__name__}. Given: {ordered[0]}, of type: {type(ordered[0])}"
        )
    count, first = bucket_count(ordered[0]), _innermost(ordered[0])
    for column in map(_innermost, ordered[1:]):
        if not isinstance(column, type(first)):
            raise ValueError(
                "To share an embedding, all categorical_columns must have the same type, or be weighted or sequence columns of "
                f"it. Given column: {first} of type: {type(first)} does not match given column: {column} of type: {type(column)}"
            )
        if bucket_count(column) != count:
            raise ValueError(
                "To share an embedding, all categorical_columns must have the same number of buckets. Given column: "
                f"{first} with buckets: {count} does not match column: {column} with buckets: {bucket_count(column)}"
            )
    return count, "_".join(c.name for c in ordered) + "_shared_embedding"


def _innermost(column: Any) -> Any:
    while isinstance(column, (WeightedCategoricalColumn, SequenceCategoricalColumn)):
        column = column.categorical_column
    return column


def _check_graph(name: str) -> None:
    if state.graph is None:
        raise RuntimeError(
            f"{name} are not supported when eager execution is enabled: what is shared is kept by a graph. Make the columns in "
            "a tf.Graph, or inside of a tf.function."
        )


# ------------------------------------------------------------------------------------------------- of the newer interface
class SharedEmbeddingColumnCreator(AutoTrackable):
    """The table that columns share, made once for each graph; called, makes such a column."""

    def __init__(
        self, dimension: int, initializer: Any, ckpt_to_load_from: str | None, tensor_name_in_ckpt: str | None,
        num_buckets: int, trainable: bool, name: str = "shared_embedding_column_creator",
        use_safe_embedding_lookup: bool = True,
    ) -> None:  # fmt: skip
        self._dimension, self._initializer, self._trainable = dimension, initializer, trainable
        self._checkpoint = (ckpt_to_load_from, tensor_name_in_ckpt)
        self._num_buckets = num_buckets
        self._name = name
        self._safe = use_safe_embedding_lookup

    def __call__(
        self, categorical_column: Any, combiner: str, max_norm: float | None
    ) -> SharedEmbeddingColumn:
        return SharedEmbeddingColumn(categorical_column, self, combiner, max_norm, self._safe)

    @property
    def dimension(self) -> int:
        return self._dimension

    @property
    def embedding_weights(self) -> Any:
        """The table of the current graph."""
        graph: Any = get_default_graph()
        tables = graph.__dict__.setdefault("_shared_embeddings", {})
        if self not in tables:
            tables[self] = get_variable(
                self._name, (self._num_buckets, self._dimension), dtypes.float32, self._initializer,
                trainable=self._trainable,
            )  # fmt: skip
            start_from_checkpoint(tables[self], *self._checkpoint)
        return tables[self]


class _Shared(NamedTuple):
    categorical_column: Any
    shared_embedding_column_creator: Any
    combiner: str
    max_norm: float | None
    use_safe_embedding_lookup: bool = True


@registered
class SharedEmbeddingColumn(_OfCategorical, _Shared):
    """See `shared_embeddings`."""

    _is_v2_column = True

    @property
    def name(self) -> str:
        return f"{self.categorical_column.name}_shared_embedding"

    def transform_feature(self, transformation_cache: Any, state_manager: Any) -> Any:
        return transformation_cache.get(self.categorical_column, state_manager)

    @property
    def variable_shape(self) -> TensorShape:
        return TensorShape([self.shared_embedding_column_creator.dimension])

    def _dense(self, cache: Any, state_manager: Any) -> Any:
        with tf.name_scope(self.name):
            ids, weights = ids_and_weights(self.categorical_column, cache, state_manager)
            table = self.shared_embedding_column_creator.embedding_weights
            return embedded(
                self, ids, weights, table, self.combiner, self.max_norm, self.use_safe_embedding_lookup
            )

    def get_config(self) -> dict[str, Any]:
        return self._get_config()  # what is shared has no configuration

    @property
    def _parse_example_spec(self) -> dict[str, Any]:
        raise _not_older()

    @property
    def _variable_shape(self) -> Any:
        raise _not_older()

    def _transform_feature(self, inputs: Any) -> Any:
        raise _not_older()

    def _get_dense_tensor(self, inputs: Any, weight_collections: Any = None, trainable: Any = None) -> Any:
        raise _not_older()

    def _get_sequence_dense_tensor(
        self, inputs: Any, weight_collections: Any = None, trainable: Any = None
    ) -> Any:
        raise _not_older()


def _not_older() -> ValueError:
    return ValueError(
        "SharedEmbeddingColumns are not supported in `linear_model` or `input_layer`. Make them with "
        "tf.compat.v1.feature_column.shared_embedding_columns."
    )


def shared_embeddings(
    categorical_columns: Any,
    dimension: int,
    combiner: str = "mean",
    initializer: Callable[..., Any] | None = None,
    shared_embedding_collection_name: str | None = None,
    ckpt_to_load_from: str | None = None,
    tensor_name_in_ckpt: str | None = None,
    max_norm: float | None = None,
    trainable: bool = True,
    use_safe_embedding_lookup: bool = True,
) -> list[SharedEmbeddingColumn]:
    """`embedding_column` for each of several categorical columns, with one table for all, in their order.

    Args:
      categorical_columns: of one kind and the same number of ids; they may be weighted, or sequences.
      shared_embedding_collection_name: the table's name; the columns' names, joined, if None.

    The other arguments are those of `embedding_column`.

    Raises:
      RuntimeError: executing eagerly.
      ValueError: the columns do not go together, or as for `embedding_column`.

    >>> import headrace as tf
    >>> with tf.Graph().as_default():
    ...     columns = [tf.feature_column.categorical_column_with_identity(key, 10) for key in ("watched", "impression")]
    ...     [c.name for c in tf.feature_column.shared_embeddings(columns, dimension=4)]
    ['watched_shared_embedding', 'impression_shared_embedding']
    """
    _check_graph("shared_embeddings")
    initializer = checked_table(dimension, initializer, ckpt_to_load_from, tensor_name_in_ckpt)
    count, name = _checked(categorical_columns, CategoricalColumn)
    creator = SharedEmbeddingColumnCreator(
        dimension, initializer, ckpt_to_load_from, tensor_name_in_ckpt, count, trainable,
        shared_embedding_collection_name or name, use_safe_embedding_lookup,
    )  # fmt: skip
    return [creator(column, combiner, max_norm) for column in categorical_columns]


# --------------------------------------------------------------------------------------------------------- of the older one
class _OldShared(NamedTuple):
    categorical_column: Any
    dimension: int
    combiner: str
    initializer: Any
    shared_embedding_collection_name: str
    ckpt_to_load_from: str | None
    tensor_name_in_ckpt: str | None
    max_norm: float | None
    trainable: bool
    use_safe_embedding_lookup: bool


class OldSharedEmbeddingColumn(OldDenseColumn, OldSequenceDenseColumn, _OldShared):
    """See `shared_embedding_columns`. The table is the variable in the graph's collection of that name."""

    @property
    def name(self) -> str:
        return f"{self.categorical_column.name}_shared_embedding"

    @property
    def _var_scope_name(self) -> str:
        return self.shared_embedding_collection_name

    @property
    def _parse_example_spec(self) -> dict[str, Any]:
        return self.categorical_column._parse_example_spec

    def _transform_feature(self, inputs: Any) -> Any:
        return inputs.get(self.categorical_column)

    @property
    def _variable_shape(self) -> TensorShape:
        return TensorShape([self.dimension])

    def _table(self, weight_collections: Any, trainable: Any) -> Any:
        graph, key = get_default_graph(), self.shared_embedding_collection_name
        shape = [bucket_count(self.categorical_column), self.dimension]
        found = graph.get_collection(key)
        if len(found) > 1:
            raise ValueError(
                f"Collection {found} can only contain one variable. Choose a name for it that nothing else uses: {key!r} is taken."
            )
        if not found:
            table = get_variable(
                "embedding_weights", shape, dtypes.float32, self.initializer,
                trainable=self.trainable and trainable, collections=weight_collections,
            )  # fmt: skip
            graph.add_to_collection(key, table)
        else:
            table = found[0]
            if table.shape != shape:
                raise ValueError(
                    f"Shared embedding collection {key} contains variable {table.name} of unexpected shape {table.shape}. "
                    f"Expected shape is {shape}. Choose a name for the collection that nothing else uses."
                )
        start_from_checkpoint(table, self.ckpt_to_load_from, self.tensor_name_in_ckpt)
        return table

    def _dense(self, inputs: Any, weight_collections: Any, trainable: Any) -> Any:
        with tf.name_scope(self.name):
            ids, weights = ids_and_weights(self.categorical_column, inputs, None)
            table = self._table(weight_collections, trainable)
            return embedded(
                self, ids, weights, table, self.combiner, self.max_norm, self.use_safe_embedding_lookup
            )

    def _get_dense_tensor(self, inputs: Any, weight_collections: Any = None, trainable: Any = None) -> Any:
        check_not_sequence(self)
        return self._dense(inputs, weight_collections, trainable)

    def _get_sequence_dense_tensor(
        self, inputs: Any, weight_collections: Any = None, trainable: Any = None
    ) -> TensorSequenceLengthPair:
        check_is_sequence(self)
        dense = self._dense(inputs, weight_collections, trainable)
        ids, _ = ids_and_weights(self.categorical_column, inputs, None)
        return TensorSequenceLengthPair(dense, sequence_length(ids))


def shared_embedding_columns(
    categorical_columns: Any,
    dimension: int,
    combiner: str = "mean",
    initializer: Callable[..., Any] | None = None,
    shared_embedding_collection_name: str | None = None,
    ckpt_to_load_from: str | None = None,
    tensor_name_in_ckpt: str | None = None,
    max_norm: float | None = None,
    trainable: bool = True,
    use_safe_embedding_lookup: bool = True,
) -> list[OldSharedEmbeddingColumn]:
    """`embedding_column` for each of several categorical columns, with one table for all, in their order: for `input_layer`.

    Args:
      categorical_columns: of one kind and the same number of ids; they may be weighted, or sequences.
      shared_embedding_collection_name: the graph's collection that has the table, and the variable scope it is made in; the
        columns' names, joined, if None.

    The other arguments are those of `embedding_column`.

    Raises:
      RuntimeError: executing eagerly.
      ValueError: the columns do not go together, or as for `embedding_column`.

    >>> import headrace as tf
    >>> fc = tf.compat.v1.feature_column
    >>> with tf.Graph().as_default():
    ...     columns = [fc.categorical_column_with_identity(key, 10) for key in ("a", "b")]
    ...     features = {"a": tf.constant([1, 2]), "b": tf.constant([3, 4])}
    ...     x = fc.input_layer(features, fc.shared_embedding_columns(columns, dimension=4))
    ...     x.shape, [v.name for v in tf.compat.v1.global_variables()]
    (TensorShape([2, 8]), ['input_layer/a_b_shared_embedding/embedding_weights:0'])
    """
    _check_graph("shared_embedding_columns")
    initializer = checked_table(dimension, initializer, ckpt_to_load_from, tensor_name_in_ckpt)
    _, name = _checked(categorical_columns, OldCategoricalColumn)
    return [
        OldSharedEmbeddingColumn(
            column, dimension, combiner, initializer, shared_embedding_collection_name or name, ckpt_to_load_from,
            tensor_name_in_ckpt, max_norm, trainable, use_safe_embedding_lookup,
        )
        for column in categorical_columns
    ]  # fmt: skip
