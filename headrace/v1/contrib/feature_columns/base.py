"""What the columns share: what is parsed, and what ids give to nets and linear models."""

from __future__ import annotations

from typing import Any

from headrace.feature_column.base import IdWeightPair
from headrace.feature_column.cache import OldCache
from headrace.feature_column.older import OldCategoricalColumn, OldFeatureColumn


class Column(OldFeatureColumn):
    """`key` tells columns apart and orders them: the class and the fields, but those that are functions."""

    @property
    def config(self) -> dict[str, Any]:
        """What `tf.parse_example` needs."""
        raise NotImplementedError

    @property
    def _parse_example_spec(self) -> dict[str, Any]:
        return self.config

    @property
    def key(self) -> str:
        column: Any = self  # a named tuple
        fields = [f for f in column._fields if f not in ("initializer", "normalizer")]
        shown = [f"{f}={getattr(column, f)}" for f in fields]
        return f"{type(self).__name__}({', '.join(shown)})"

    def insert_transformed_feature(self, columns_to_tensors: dict[Any, Any]) -> None:
        """Adds the column's tensor to a dict of features."""
        columns_to_tensors[self] = self._transform_feature(OldCache(columns_to_tensors))


class Ids(Column, OldCategoricalColumn):
    """A column of ids. `combiner`: how a linear model combines their weights."""

    combiner: str

    @property
    def length(self) -> int:
        """How many ids there are."""
        raise NotImplementedError

    @property
    def _num_buckets(self) -> int:
        return self.length

    def _get_sparse_tensors(self, inputs: Any, weight_collections: Any = None, trainable: Any = None) -> Any:
        return IdWeightPair(inputs.get(self), None)
