"""What the type of a value is: `TypeSpec`, and the values that consist of several tensors."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from headrace.core import serialized
from headrace.core.tensor import Tensor


class TraceType:
    """What `tf.function` knows of an argument: the calls that share a traced function have arguments of its
    type, or of a subtype. Subclass it, and return it from `__tf_tracing_type__`, to decide when a class of
    your own is traced again."""

    __slots__ = ()

    def is_subtype_of(self, other: TraceType) -> bool:
        """Whether a function traced for `other` may be called with values of this type."""
        raise NotImplementedError

    def most_specific_common_supertype(self, others: Sequence[TraceType]) -> TraceType | None:
        """The narrowest type that this type and all `others` are subtypes of, or None."""
        raise NotImplementedError

    def placeholder_value(self, placeholder_context: Any) -> Any:
        """What a function is traced with; `placeholder_context.placeholder(spec)` makes its tensors."""
        raise NotImplementedError

    def to_tensors(self, value: Any) -> list[Any]:
        """The tensors in `value`, in a fixed order."""
        return []

    def from_tensors(self, tensors: Any) -> Any:
        """The value again, drawing from the iterator `tensors`."""
        return self.placeholder_value(None)

    def flatten(self) -> list[Any]:
        """One TensorSpec for each of `to_tensors`."""
        return []

    def cast(self, value: Any, cast_context: Any) -> Any:
        """`value` as one of this type."""
        return value

    def __eq__(self, other: object) -> bool:
        raise NotImplementedError

    def __hash__(self) -> int:
        raise NotImplementedError


class CompositeTensor:
    """Base of values that consist of several tensors. Subclasses define `_type_spec`."""

    __slots__ = ()
    _is_one_tensor = False  # whether it stands for one tensor, in another form: what `tf.is_tensor` asks

    @property
    def _type_spec(self) -> TypeSpec:
        raise NotImplementedError(f"{type(self).__name__} does not say its `_type_spec`.")

    @property
    def _differentiable(self) -> Any:
        """The tensor through which gradients flow."""
        raise TypeError(
            f"Type {type(self).__name__} is not supported as a gradient source or gradient target."
        )

    def _with_differentiable(self, tensor: Any) -> Any:
        """The same value with another tensor in that place: a gradient with respect to this value."""
        raise TypeError(
            f"Type {type(self).__name__} is not supported as a gradient source or gradient target."
        )


class TypeSpec(TraceType):
    """The type of a value that is made of tensors.

    A subclass defines
    - `value_type`: the Python class of the values;
    - `_serialize()`: a tuple of constructor arguments: shapes, dtypes, other specs, Python constants;
    - `_component_specs`: a nest of the components' specs;
    - `_to_components(value)`: the nest of a value's components; `_from_components(components)`: back again.

    >>> import headrace as tf
    >>> tf.TensorSpec([None, 2]).is_compatible_with(tf.zeros([3, 2]))
    True
    """

    __slots__ = ("__dict__", "__weakref__")

    @property
    def value_type(self) -> Any:
        raise NotImplementedError(f"{type(self).__name__}.value_type")

    def _serialize(self) -> tuple[Any, ...]:
        raise NotImplementedError(f"{type(self).__name__}._serialize")

    @classmethod
    def _deserialize(cls, serialization: Any) -> Any:
        return cls(*serialization)

    @property
    def _component_specs(self) -> Any:
        raise NotImplementedError(f"{type(self).__name__}._component_specs")

    def _to_components(self, value: Any) -> Any:
        raise NotImplementedError(f"{type(self).__name__}._to_components")

    def _from_components(self, components: Any) -> Any:
        raise NotImplementedError(f"{type(self).__name__}._from_components")

    # -------------------------------------------------------------------------------------------- comparisons
    def is_compatible_with(self, spec_or_value: Any) -> bool:
        """Whether a value, or another spec's values, may be of this type; unknown dimensions agree with any."""
        other = spec_or_value
        if not isinstance(other, TypeSpec):
            from .values import type_spec_from_value

            other = type_spec_from_value(other)
        return type(self) is type(other) and serialized.compatible(self._serialize(), other._serialize())

    def is_subtype_of(self, other: Any) -> bool:
        """Whether every value of this type is one of `other`'s."""
        if self is other:
            return True
        return type(self) is type(other) and serialized.subtype(self._serialize(), other._serialize())

    def most_specific_common_supertype(self, others: Sequence[Any]) -> Any:
        """The narrowest type of which this type and all `others` are subtypes; None if there is none."""
        if any(type(self) is not type(other) for other in others):
            return None
        try:
            return self._deserialize(
                serialized.supertype(self._serialize(), [other._serialize() for other in others])
            )
        except serialized.NoSupertype:
            return None

    def most_specific_compatible_type(self, other: Any) -> Any:
        """Like `most_specific_common_supertype([other])`, but raises ValueError where there is none."""
        result = self.most_specific_common_supertype([other]) if isinstance(other, TypeSpec) else None
        if result is None:
            raise ValueError(f"No TypeSpec is compatible with both {self} and {other}")
        return result

    def _without_tensor_names(self) -> Any:
        return self._deserialize(serialized.unnamed(self._serialize()))

    def _with_tensor_ranks_only(self) -> Any:
        """The same with no dimension known."""
        return self._deserialize(serialized.ranks_only(self._serialize()))

    @property
    def _key(self) -> Any:
        key = self.__dict__.get("_cached_key")
        if key is None:
            key = self.__dict__["_cached_key"] = (type(self), serialized.frozen(self._serialize()))
        return key

    def __eq__(self, other: object) -> bool:
        return self is other or (type(self) is type(other) and self._key == other._key)

    def __ne__(self, other: object) -> bool:
        return not self == other

    def __hash__(self) -> int:
        return hash(self._key)

    def __repr__(self) -> str:
        return f"{type(self).__name__}{self._serialize()!r}"

    def __reduce__(self) -> Any:
        return type(self)._deserialize, (self._serialize(),)

    # --------------------------------------------------------------------------------------------- as tensors
    @property
    def _flat_tensor_specs(self) -> list[Any]:
        """The TensorSpecs of the flat components."""
        from headrace.core import nest

        return nest.flatten(self, expand_composites=True)

    def _to_tensor_list(self, value: Any) -> list[Any]:
        """The flat components of a value."""
        from headrace.core import nest

        return nest.flatten(self._to_components(value), expand_composites=True)

    def _from_tensor_list(self, tensors: Sequence[Any]) -> Any:
        """A value of flat components; ValueError when their number or their types are not this type's."""
        specs = self._flat_tensor_specs
        if len(specs) != len(tensors):
            raise ValueError(f"{type(self).__name__} has {len(specs)} components, received {len(tensors)}.")
        for spec, t in zip(specs, tensors):
            if isinstance(t, Tensor) and not spec.is_compatible_with(t):
                raise ValueError(f"A component of {self} is {t!r}, expected {spec}.")
        return self._from_compatible_tensor_list(tensors)

    def _from_compatible_tensor_list(self, tensors: Sequence[Any]) -> Any:
        from headrace.core import nest

        return self._from_components(
            nest.pack_sequence_as(self._component_specs, list(tensors), expand_composites=True)
        )

    def to_tensors(self, value: Any) -> list[Any]:
        return self._to_tensor_list(value)

    def from_tensors(self, tensors: Any) -> Any:
        return self._from_compatible_tensor_list([next(tensors) for _ in self._flat_tensor_specs])

    def flatten(self) -> list[Any]:
        return self._flat_tensor_specs

    def placeholder_value(self, placeholder_context: Any) -> Any:
        return self._from_compatible_tensor_list(
            [placeholder_context.placeholder(spec) for spec in self._flat_tensor_specs]
        )

    def cast(self, value: Any, casting_context: Any) -> Any:
        """The value itself, if it is of this type; TypeError otherwise."""
        if isinstance(value, CompositeTensor) and value._type_spec.is_subtype_of(self):
            return value
        raise TypeError(f"Cannot cast {value!r} to {self}.")

    def __tf_tracing_type__(self, context: Any) -> Any:
        return self


class BatchableTypeSpec(TypeSpec):
    """A TypeSpec whose values can be stacked into one value along a new first dimension, and unstacked."""

    __slots__ = ()

    def _batch(self, batch_size: int | None) -> Any:
        """The type of a batch of values of this type."""
        raise NotImplementedError(f"{type(self).__name__}._batch")

    def _unbatch(self) -> Any:
        """The type of one value, of a batch of this type."""
        raise NotImplementedError(f"{type(self).__name__}._unbatch")
