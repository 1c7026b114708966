"""What a column is: the interfaces that columns, and a program's own ones, implement."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any, ClassVar, NamedTuple


class FeatureColumn(ABC):
    """A feature, raw or made from others. Columns are immutable and compare by value: they are keys of dicts."""

    @property
    @abstractmethod
    def name(self) -> str:
        """Unique among the columns of a model; variables are named by it."""

    def __lt__(self, other: Any) -> bool:
        return str(self) < str(other)

    def __gt__(self, other: Any) -> bool:
        return str(self) > str(other)

    @abstractmethod
    def transform_feature(self, transformation_cache: Any, state_manager: Any) -> Any:
        """The column's tensor (dense or sparse, or several of them): what `transformation_cache.get(column, …)` gives,
        which calls this once. It takes the tensors of `parents` from the cache."""

    @property
    @abstractmethod
    def parse_example_spec(self) -> dict[str, Any]:
        """The features of `tf.io.parse_example` that the column needs."""

    def create_state(self, state_manager: Any) -> None:  # noqa: B027 - few columns have state
        """Makes the column's variables, with `state_manager.create_variable`. Most have none."""

    @property
    @abstractmethod
    def _is_v2_column(self) -> bool:
        """Whether the column, and all that it is made of, have this interface."""

    @property
    @abstractmethod
    def parents(self) -> list[Any]:
        """The columns and keys of raw features that this one is made of."""

    def get_config(self) -> dict[str, Any]:
        """The column as a dict of plain values."""
        return self._get_config()

    def _get_config(self) -> dict[str, Any]:
        raise NotImplementedError(f"{type(self).__name__} has no get_config: it cannot be serialized.")

    @classmethod
    def from_config(
        cls, config: dict[str, Any], custom_objects: Any = None, columns_by_name: Any = None
    ) -> Any:
        """The column of a `get_config()`.

        Args:
          custom_objects: classes and functions that the configuration names and that are not TensorFlow's own.
          columns_by_name: columns made so far: those that occur twice become one.
        """
        return cls._from_config(config, custom_objects, columns_by_name)

    @classmethod
    def _from_config(
        cls, config: dict[str, Any], custom_objects: Any = None, columns_by_name: Any = None
    ) -> Any:
        raise NotImplementedError(
            f"{cls.__name__} has no from_config: it cannot be read from a configuration."
        )


class DenseColumn(FeatureColumn):
    """A column with a dense tensor, that a model can take as its input."""

    @property
    @abstractmethod
    def variable_shape(self) -> Any:
        """The shape of one example's tensor."""

    @abstractmethod
    def get_dense_tensor(self, transformation_cache: Any, state_manager: Any) -> Any:
        """The tensor, of shape `[batch] + variable_shape`."""


class IdWeightPair(NamedTuple):
    """Ids as a `tf.SparseTensor`, and a sparse tensor of a weight for each, or None."""

    id_tensor: Any
    weight_tensor: Any


class CategoricalColumn(FeatureColumn):
    """A column of ids below a bound, any number of them for each example."""

    IdWeightPair: ClassVar[Any] = IdWeightPair

    @property
    @abstractmethod
    def num_buckets(self) -> int:
        """Ids are below it."""

    @abstractmethod
    def get_sparse_tensors(self, transformation_cache: Any, state_manager: Any) -> Any:
        """The `IdWeightPair`."""


class TensorSequenceLengthPair(NamedTuple):
    """A tensor `[batch, time, …]`, and how long each sequence is: int64 `[batch]`."""

    dense_tensor: Any
    sequence_length: Any


class SequenceDenseColumn(FeatureColumn):
    """A column with sequences of dense tensors."""

    TensorSequenceLengthPair: ClassVar[Any] = TensorSequenceLengthPair

    @abstractmethod
    def get_sequence_dense_tensor(self, transformation_cache: Any, state_manager: Any) -> Any:
        """The `TensorSequenceLengthPair`."""
