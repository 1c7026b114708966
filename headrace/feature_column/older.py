"""The interface that columns had in 1.x, with underscores, and columns that answer it through the newer one.

It passes a cache alone; variables are made by the column when its tensor is asked for, in the variable scope around. So
`Answering…` hands the newer methods a state manager that does that (`ScopeState`), and there is one implementation."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any, ClassVar

from headrace.core import dtypes
from headrace.session.keys import GraphKeys
from headrace.session.scopes import get_variable

from .base import CategoricalColumn, FeatureColumn, IdWeightPair, TensorSequenceLengthPair


class OldFeatureColumn(ABC):
    """A feature, as in 1.x: what `FeatureColumn` says of each method holds for the one with an underscore."""

    @property
    @abstractmethod
    def name(self) -> str: ...

    def __lt__(self, other: Any) -> bool:
        return str(self) < str(other)

    def __gt__(self, other: Any) -> bool:
        return str(self) > str(other)

    @property
    def _var_scope_name(self) -> str:
        """The variable scope that the column's variables are made in."""
        return self.name

    @abstractmethod
    def _transform_feature(self, inputs: Any) -> Any: ...

    @property
    @abstractmethod
    def _parse_example_spec(self) -> dict[str, Any]: ...


class OldDenseColumn(OldFeatureColumn):
    @property
    @abstractmethod
    def _variable_shape(self) -> Any: ...

    @abstractmethod
    def _get_dense_tensor(
        self, inputs: Any, weight_collections: Any = None, trainable: Any = None
    ) -> Any: ...


class OldCategoricalColumn(OldFeatureColumn):
    IdWeightPair: ClassVar[Any] = IdWeightPair

    @property
    @abstractmethod
    def _num_buckets(self) -> int: ...

    @abstractmethod
    def _get_sparse_tensors(
        self, inputs: Any, weight_collections: Any = None, trainable: Any = None
    ) -> Any: ...


class OldSequenceCategoricalColumn(OldCategoricalColumn):
    """A categorical column whose ids are sequences: `[batch, time, …]`."""


class OldSequenceDenseColumn(OldFeatureColumn):
    TensorSequenceLengthPair: ClassVar[Any] = TensorSequenceLengthPair

    @abstractmethod
    def _get_sequence_dense_tensor(
        self, inputs: Any, weight_collections: Any = None, trainable: Any = None
    ) -> Any: ...


# ------------------------------------------------------------------------------------------- through the newer interface
class ScopeState:
    """A state manager whose variables are those of the variable scope around, made when they are first asked for."""

    def __init__(self, weight_collections: Any, trainable: Any) -> None:
        self._collections, self._trainable = weight_collections, trainable
        self._variables: dict[Any, Any] = {}

    def create_variable(
        self, feature_column: Any, name: str, shape: Any, dtype: Any = None, trainable: bool = True,
        use_resource: bool = True, initializer: Any = None,
    ) -> Any:  # fmt: skip
        collections = self._collections
        if collections and GraphKeys.GLOBAL_VARIABLES not in collections:
            collections = [*collections, GraphKeys.GLOBAL_VARIABLES]
        variable = self._variables[feature_column, name] = get_variable(
            name, shape, dtype or dtypes.float32, initializer, trainable=trainable and self._trainable,
            collections=collections, use_resource=use_resource or None,
        )  # fmt: skip
        return variable

    def get_variable(self, feature_column: Any, name: str) -> Any:
        if (feature_column, name) not in self._variables:
            feature_column.create_state(self)
        return self._variables[feature_column, name]


class Answering(OldFeatureColumn):
    """A column of the newer interface (the other base of its class) that answers the older one."""

    @property
    def _parse_example_spec(self) -> dict[str, Any]:
        return self.parse_example_spec  # type: ignore[attr-defined]

    def _transform_feature(self, inputs: Any) -> Any:
        return self.transform_feature(inputs, None)  # type: ignore[attr-defined]


class AnsweringDense(Answering, OldDenseColumn):
    @property
    def _variable_shape(self) -> Any:
        return self.variable_shape  # type: ignore[attr-defined]

    def _get_dense_tensor(self, inputs: Any, weight_collections: Any = None, trainable: Any = None) -> Any:
        column: Any = self
        return column.get_dense_tensor(inputs, ScopeState(weight_collections, trainable))


class AnsweringCategorical(Answering, OldCategoricalColumn):
    @property
    def _num_buckets(self) -> int:
        return self.num_buckets  # type: ignore[attr-defined]

    def _get_sparse_tensors(self, inputs: Any, weight_collections: Any = None, trainable: Any = None) -> Any:
        return self.get_sparse_tensors(inputs, None)  # type: ignore[attr-defined]


class AnsweringSequence(Answering, OldSequenceDenseColumn):
    def _get_sequence_dense_tensor(
        self, inputs: Any, weight_collections: Any = None, trainable: Any = None
    ) -> Any:
        column: Any = self
        return column.get_sequence_dense_tensor(inputs, ScopeState(weight_collections, trainable))


# ---------------------------------------------------------------------------------- columns of either interface, as parts of others
def example_spec(column: Any) -> dict[str, Any]:
    """What `column` needs parsed."""
    return dict(
        column.parse_example_spec if isinstance(column, FeatureColumn) else column._parse_example_spec
    )


def bucket_count(column: Any) -> Any:
    """How many ids `column` has."""
    return getattr(column, "num_buckets" if isinstance(column, FeatureColumn) else "_num_buckets")


def ids_and_weights(column: Any, cache: Any, state_manager: Any) -> Any:
    """The `IdWeightPair` of `column`."""
    if isinstance(column, CategoricalColumn):
        return column.get_sparse_tensors(cache, state_manager)
    return column._get_sparse_tensors(cache)


def is_categorical(value: Any) -> bool:
    return isinstance(value, (CategoricalColumn, OldCategoricalColumn))


def is_new(column: Any) -> bool:
    """Whether `column` has the newer interface, down to its raw features."""
    return isinstance(column, FeatureColumn) and column._is_v2_column
