"""The types of tensors, of variables, and of None."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from headrace.core import dtypes
from headrace.core.dtypes import DType, as_dtype
from headrace.core.shapes import Raw, TensorShape
from headrace.core.tensor import Tensor

from .types import BatchableTypeSpec, TypeSpec


class TensorSpec(BatchableTypeSpec):
    """The shape and element type of a tensor; what `input_signature`s are made of.

    Args:
      shape: anything a `tf.TensorShape` can be made of; unknown dimensions are None.
      dtype: the element type.
      name: the argument's name in exported functions.

    >>> import headrace as tf
    >>> tf.TensorSpec([None, 3], tf.int32)
    TensorSpec(shape=(None, 3), dtype=tf.int32, name=None)
    """

    __slots__ = ("_dtype", "_name", "_shape")

    def __init__(self, shape: Any, dtype: Any = dtypes.float32, name: str | None = None) -> None:
        self._shape = shape if type(shape) is TensorShape else TensorShape(shape)
        self._dtype: DType = as_dtype(dtype)
        self._name = name

    @classmethod
    def from_spec(cls, spec: Any, name: str | None = None) -> TensorSpec:
        """A spec of the shape and dtype of another; `name` replaces its name."""
        return cls(spec.shape, spec.dtype, name or spec.name)

    @classmethod
    def from_tensor(cls, tensor: Any, name: str | None = None) -> TensorSpec:
        """The spec of a tensor (a symbolic one gives its operation's name)."""
        if isinstance(tensor, Tensor):
            node = getattr(tensor, "op", None) if not tensor._is_eager else None
            return TensorSpec(tensor.shape, tensor.dtype, name or getattr(node, "name", None))
        raise ValueError(f"`tensor` should be a tf.Tensor, but got type {type(tensor)}.")

    @property
    def shape(self) -> TensorShape:
        return self._shape

    @property
    def _raw_shape(self) -> Raw:
        return self._shape._raw

    @property
    def dtype(self) -> DType:
        return self._dtype

    @property
    def name(self) -> str | None:
        return self._name

    @property
    def value_type(self) -> Any:
        return Tensor

    def is_compatible_with(self, spec_or_tensor: Any) -> bool:
        """Whether a tensor, or the tensors of another spec, may be of this type."""
        other = spec_or_tensor
        if not isinstance(other, (TensorSpec, Tensor)) and not hasattr(other, "handle"):
            return False  # (a variable passes for the tensor it holds)
        return self._dtype is other.dtype and self._shape.is_compatible_with(other.shape)

    def is_subtype_of(self, other: Any) -> bool:
        return (
            type(other) in (type(self), TensorSpec)
            and self._dtype is other._dtype
            and (not self._name or self._name == other._name)
            and self._shape.is_subtype_of(other._shape)
        )

    def most_specific_common_supertype(self, others: Sequence[Any]) -> TensorSpec | None:
        if any(
            not isinstance(o, TensorSpec) or o._dtype is not self._dtype or o._name != self._name
            for o in others
        ):
            return None
        return TensorSpec(
            self._shape.most_specific_common_supertype([o._shape for o in others]), self._dtype, self._name
        )

    def _serialize(self) -> tuple[Any, ...]:
        return self._shape, self._dtype, self._name

    @property
    def _component_specs(self) -> Any:
        return self

    def _to_components(self, value: Any) -> Any:
        from headrace.core.convert import to_tensor

        return to_tensor(value, self._dtype)

    def _from_components(self, components: Any) -> Any:
        return components

    @property
    def _flat_tensor_specs(self) -> list[Any]:
        return [self]

    def _to_tensor_list(self, value: Any) -> list[Any]:
        return [self._to_components(value)]

    def _from_compatible_tensor_list(self, tensors: Sequence[Any]) -> Any:
        return tensors[0]

    def placeholder_value(self, placeholder_context: Any) -> Any:
        return placeholder_context.placeholder(self)

    def cast(self, value: Any, casting_context: Any) -> Any:
        from headrace.core.convert import to_tensor

        tensor = to_tensor(value, self._dtype)
        if not self._shape.is_compatible_with(tensor.shape):
            raise TypeError(f"Can not cast {tensor!r} to {self}: its shape does not match.")
        return tensor

    def _without_tensor_names(self) -> Any:
        return type(self)(self._shape, self._dtype)

    def _batch(self, batch_size: int | None) -> TensorSpec:
        return TensorSpec(TensorShape([batch_size]).concatenate(self._shape), self._dtype)

    def _unbatch(self) -> TensorSpec:
        if self._shape.rank == 0:
            raise ValueError("Unbatching a tensor is only supported for rank >= 1")
        return TensorSpec(self._shape[1:], self._dtype)

    def __eq__(self, other: object) -> bool:
        if self is other:
            return True
        if type(self) is not type(other):
            return False
        return (
            self._dtype is other._dtype
            and self._shape._raw == other._shape._raw
            and self._name == other._name
        )

    def __hash__(self) -> int:
        return hash((self._shape._raw, self._dtype))

    def __repr__(self) -> str:
        return f"{type(self).__name__}(shape={self._shape}, dtype={self._dtype!r}, name={self._name!r})"


class BoundedTensorSpec(TensorSpec):
    """A TensorSpec with inclusive bounds, `minimum` and `maximum`, which broadcast to its shape."""

    __slots__ = ("_maximum", "_minimum")

    def __init__(self, shape: Any, dtype: Any, minimum: Any, maximum: Any, name: str | None = None) -> None:
        super().__init__(shape, dtype, name)
        if minimum is None or maximum is None:
            raise ValueError(
                f"`minimum` and `maximum` can not be None. Got minimum={minimum} and maximum={maximum}."
            )
        self._minimum, self._maximum = (
            np.array(bound, self._dtype.as_numpy_dtype) for bound in (minimum, maximum)
        )
        for bound, what in ((self._minimum, "minimum"), (self._maximum, "maximum")):
            bound.setflags(write=False)
            if self._shape.is_fully_defined():
                try:
                    np.broadcast_to(bound, self._shape.as_list())  # type: ignore[arg-type]
                except ValueError:
                    raise ValueError(
                        f"`{what}` of shape {bound.shape} does not broadcast to the shape {self._shape}."
                    ) from None

    @classmethod
    def from_spec(cls, spec: Any, name: str | None = None) -> BoundedTensorSpec:
        """Bounds default to those of the dtype."""
        low = getattr(spec, "minimum", None)
        high = getattr(spec, "maximum", None)
        return cls(
            spec.shape,
            spec.dtype,
            spec.dtype.min if low is None else low,
            spec.dtype.max if high is None else high,
            name or spec.name,
        )

    @property
    def minimum(self) -> np.ndarray:
        return self._minimum

    @property
    def maximum(self) -> np.ndarray:
        return self._maximum

    def most_specific_common_supertype(self, others: Sequence[Any]) -> Any:
        return (
            self if all(self == other for other in others) else super().most_specific_common_supertype(others)
        )

    def _without_tensor_names(self) -> Any:
        return BoundedTensorSpec(self._shape, self._dtype, self._minimum, self._maximum)

    def _serialize(self) -> tuple[Any, ...]:
        return self._shape, self._dtype, self._minimum, self._maximum, self._name

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, BoundedTensorSpec) or not super().__eq__(other):
            return False
        return bool(np.allclose(self._minimum, other._minimum) and np.allclose(self._maximum, other._maximum))

    __hash__ = TensorSpec.__hash__

    def __repr__(self) -> str:
        return f"{super().__repr__()[:-1]}, minimum={self._minimum!r}, maximum={self._maximum!r})"


class VariableSpec(TypeSpec):
    """The type of a `tf.Variable` argument. `alias_id` tells arguments that are one variable."""

    __slots__ = ("alias_id", "dtype", "shape", "trainable")

    def __init__(
        self, shape: Any, dtype: Any = dtypes.float32, trainable: bool = True, alias_id: int | None = None
    ) -> None:
        self.shape = TensorShape(shape)
        self.dtype = as_dtype(dtype)
        self.trainable = trainable
        self.alias_id = alias_id

    @property
    def value_type(self) -> Any:
        from headrace.api.variables import Variable

        return Variable

    @classmethod
    def from_value(cls, value: Any) -> VariableSpec:
        return cls(value.shape, value.dtype, value.trainable)

    def is_compatible_with(self, spec_or_value: Any) -> bool:
        other = spec_or_value
        if not isinstance(other, VariableSpec) and not hasattr(other, "handle"):
            return False
        return (
            self.trainable == other.trainable
            and self.dtype is other.dtype
            and self.shape.is_compatible_with(other.shape)
        )

    def is_subtype_of(self, other: Any) -> bool:
        if (
            type(self) is not type(other)
            or (self.alias_id is None) != (other.alias_id is None)
            or self.alias_id != other.alias_id
        ):
            return False
        return (
            self.dtype is other.dtype
            and self.trainable == other.trainable
            and self.shape.is_subtype_of(other.shape)
        )

    def _serialize(self) -> tuple[Any, ...]:
        return self.shape, self.dtype, self.trainable, self.alias_id

    @property
    def _component_specs(self) -> Any:
        return [TensorSpec([], dtypes.resource)]

    def _to_components(self, value: Any) -> Any:
        return [value.handle]

    def _from_components(self, components: Any) -> Any:
        if not isinstance(components, (list, tuple)) or len(components) != 1:
            raise TypeError(f"Components of a VariableSpec must be one handle, received {components!r}.")
        return components[0]

    def __repr__(self) -> str:
        flags = f"trainable={self.trainable!r}, alias_id={self.alias_id!r}"
        return f"VariableSpec(shape={self.shape}, dtype={self.dtype!r}, {flags})"


class NoneTensorSpec(BatchableTypeSpec):
    """The type of None where a tensor could be (functions may return it)."""

    __slots__ = ()

    @property
    def value_type(self) -> Any:
        return type(None)

    def _serialize(self) -> tuple[Any, ...]:
        return ()

    @property
    def _component_specs(self) -> Any:
        return []

    def _to_components(self, value: Any) -> Any:
        return []

    def _from_components(self, components: Any) -> None:
        return None

    def is_compatible_with(self, spec_or_value: Any) -> bool:
        return spec_or_value is None or type(spec_or_value) is NoneTensorSpec

    def _batch(self, batch_size: int | None) -> NoneTensorSpec:
        return self

    def _unbatch(self) -> NoneTensorSpec:
        return self
