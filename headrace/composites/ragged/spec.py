"""`tf.RaggedTensorSpec`, the type of ragged tensors, and RaggedTensorValue."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np

from headrace.core import dtypes
from headrace.core.dtypes import DType, as_dtype
from headrace.core.shapes import TensorShape, of_raw
from headrace.core.specs import BatchableTypeSpec, TensorSpec
from headrace.core.tensor import Tensor

from .partition import RowPartition
from .ragged_tensor import RaggedTensor


class RaggedTensorSpec(BatchableTypeSpec):
    """The type of a RaggedTensor.

    Args:
      shape: with None for ragged dimensions.
      dtype: of the values.
      ragged_rank: the number of row partitions; `shape.rank - 1` unless given.
      row_splits_dtype: int32 or int64.
      flat_values_spec: the type of flat values that are no plain tensor.

    >>> import headrace as tf
    >>> tf.RaggedTensorSpec([None, None], tf.int32).is_compatible_with(tf.ragged.constant([[1], []]))
    True
    """

    __slots__ = ("_dtype", "_flat_values_spec", "_ragged_rank", "_row_splits_dtype", "_shape")

    def __init__(
        self,
        shape: Any = None,
        dtype: Any = dtypes.float32,
        ragged_rank: int | None = None,
        row_splits_dtype: Any = dtypes.int64,
        flat_values_spec: Any = None,
    ) -> None:
        self._shape = TensorShape(shape)
        self._row_splits_dtype = as_dtype(row_splits_dtype)
        if self._row_splits_dtype not in (dtypes.int32, dtypes.int64):
            raise ValueError(
                f"Argument `row_splits_dtype` must be int32 or int64, received {self._row_splits_dtype.name}."
            )
        if flat_values_spec is not None:
            if dtype is None:
                dtype = flat_values_spec.dtype
            elif as_dtype(dtype) is not flat_values_spec.dtype:
                raise ValueError("dtype must be the same as flat_values_spec.dtype.")
        elif dtype is None:
            raise ValueError("At least one of dtype and flat_values_spec must be given.")
        self._dtype = as_dtype(dtype)
        self._flat_values_spec = flat_values_spec
        rank = self._shape.rank
        if ragged_rank is None:
            if rank is None:
                raise ValueError("Must specify ragged_rank or a shape with a known rank.")
            ragged_rank = rank - 1
        if not isinstance(ragged_rank, int):
            raise TypeError(f"Argument `ragged_rank` must be an int, received {ragged_rank!r}.")
        if rank is not None and ragged_rank >= rank:
            raise ValueError(f"Argument `ragged_rank` ({ragged_rank}) must be less than rank ({rank}).")
        self._ragged_rank = ragged_rank

    @classmethod
    def from_value(cls, value: RaggedTensor) -> RaggedTensorSpec:
        """The spec of a RaggedTensor."""
        spec = cls.__new__(cls)  # every call of a function makes one: without the constructor's checks
        spec._shape = of_raw(value._static_shape)
        spec._dtype = value.dtype
        spec._ragged_rank = value.ragged_rank
        spec._row_splits_dtype, spec._flat_values_spec = value.row_splits.dtype, None
        return spec

    @property
    def value_type(self) -> Any:
        return RaggedTensor if self._ragged_rank > 0 else Tensor

    @property
    def shape(self) -> TensorShape:
        return self._shape

    @property
    def dtype(self) -> DType:
        return self._dtype

    @property
    def ragged_rank(self) -> int:
        return self._ragged_rank

    @property
    def row_splits_dtype(self) -> DType:
        return self._row_splits_dtype

    @property
    def flat_values_spec(self) -> Any:
        return self._flat_values_spec

    def _serialize(self) -> tuple[Any, ...]:
        parts = (self._shape, self._dtype, self._ragged_rank, self._row_splits_dtype)
        return parts if self._flat_values_spec is None else (*parts, self._flat_values_spec)

    def is_compatible_with(self, spec_or_value: Any) -> bool:
        if self._ragged_rank == 0:
            value = spec_or_value
            if not isinstance(value, (Tensor, TensorSpec)):
                return False
            return self._dtype is value.dtype and self._shape.is_compatible_with(value.shape)
        return super().is_compatible_with(spec_or_value)

    @property
    def _component_specs(self) -> list[Any]:
        flat, raw = self._flat_values_spec, self._shape._raw
        if self._ragged_rank <= 0:
            return [flat or TensorSpec(self._shape, self._dtype)]
        flat = flat or TensorSpec(
            of_raw(None if raw is None else (None, *raw[self._ragged_rank + 1 :])), self._dtype
        )
        rows, specs = 1, [flat]
        for length in raw[: self._ragged_rank] if raw is not None else (None,) * self._ragged_rank:
            rows = None if rows is None or length is None else rows * length  # type: ignore[assignment]
            specs.append(TensorSpec(of_raw((None if rows is None else rows + 1,)), self._row_splits_dtype))
        return specs

    def _to_components(self, value: Any) -> list[Any]:
        return [value.flat_values, *value.nested_row_splits] if isinstance(value, RaggedTensor) else [value]

    def _from_components(self, components: Any) -> Any:
        result = components[0]
        if self._ragged_rank == 0:
            return result
        for splits in reversed(components[1:]):
            partition = RowPartition(splits)
            result = RaggedTensor._from_row_partition(result, partition, validate=False)
        return result._set_shape(self._shape)

    def _batch(self, batch_size: int | None) -> RaggedTensorSpec:
        return RaggedTensorSpec(
            TensorShape([batch_size]).concatenate(self._shape),
            self._dtype,
            self._ragged_rank + 1,
            self._row_splits_dtype,
        )

    def _unbatch(self) -> RaggedTensorSpec:
        # One row of a ragged tensor of rank 1 is a tensor, which a spec of ragged rank 0 describes.
        return RaggedTensorSpec(self._shape[1:], self._dtype, self._ragged_rank - 1, self._row_splits_dtype)


class RaggedTensorValue:
    """The value of a RaggedTensor that a Session ran: NumPy values under NumPy row splits."""

    def __init__(self, values: Any, row_splits: Any) -> None:
        self._values, self._row_splits = values, np.asarray(row_splits)

    values = property(lambda self: self._values)
    row_splits = property(lambda self: self._row_splits)
    dtype = property(lambda self: self._values.dtype)

    @property
    def flat_values(self) -> Any:
        values = self._values
        while isinstance(values, RaggedTensorValue):
            values = values._values
        return values

    @property
    def nested_row_splits(self) -> tuple[Any, ...]:
        inner = self._values.nested_row_splits if isinstance(self._values, RaggedTensorValue) else ()
        return (self._row_splits, *inner)

    def to_list(self) -> list[Any]:
        values = (
            self._values.to_list() if isinstance(self._values, RaggedTensorValue) else self._values.tolist()
        )
        return [values[a:b] for a, b in itertools.pairwise(self._row_splits)]

    def __repr__(self) -> str:
        return f"tf.RaggedTensorValue(values={self._values!r}, row_splits={self._row_splits!r})"


__all__ = ["RaggedTensorSpec", "RaggedTensorValue"]
