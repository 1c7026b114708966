"""Types of values: `TypeSpec` says what a tensor, or a composite of several tensors, looks like without
holding it.

`TensorSpec` is a tensor's; every `CompositeTensor` (ragged, sparse, `tf.experimental.ExtensionType` …) has its
own, which takes the value apart into plain tensors and puts it together again. Functions, branches and
loops pass the tensors; the spec is what their signatures compare."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from . import dtypes, serialized
from .dtypes import DType, as_dtype
from .shapes import Raw, TensorShape
from .tensor import Tensor


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
        from . import nest

        return nest.flatten(self, expand_composites=True)

    def _to_tensor_list(self, value: Any) -> list[Any]:
        """The flat components of a value."""
        from . import nest

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
        from . import nest

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
        from .convert import to_tensor

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
        from .convert import to_tensor

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
        self.shape, self.dtype, self.trainable, self.alias_id = (
            TensorShape(shape),
            as_dtype(dtype),
            trainable,
            alias_id,
        )

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


# -------------------------------------------------------------------------------------------- specs of values
_CONVERTERS: list[tuple[Any, Callable[[Any], TypeSpec | None]]] = []


def register_type_spec_from_value_converter(
    type_object: Any, converter_fn: Callable[[Any], Any], allow_subclass: bool = False
) -> None:
    """Registers `converter_fn(value)` as the spec of values of a class; the latest registration wins."""
    test = type_object if allow_subclass else (lambda value: type(value) is type_object)
    _CONVERTERS.append((test, converter_fn))


def type_spec_from_value(value: Any) -> Any:
    """The TypeSpec of a tensor, composite, variable, or of anything that converts to a tensor.

    Raises:
      TypeError: it converts to no tensor.

    >>> import headrace as tf
    >>> tf.type_spec_from_value([1, 2])
    TensorSpec(shape=(2,), dtype=tf.int32, name=None)
    """
    if isinstance(value, Tensor):
        return TensorSpec(value.shape, value.dtype)
    spec = known_type_spec(value)
    if spec is not None:
        return spec
    from .convert import to_array
    from .dtypes import from_numpy

    try:
        if hasattr(type(value), "__tf_tensor__"):
            return type_spec_from_value(value.__tf_tensor__())
        array = to_array(value)
        return TensorSpec(array.shape, from_numpy(array.dtype))
    except (TypeError, ValueError):
        raise TypeError(
            f"Could not build a TypeSpec for {value!r} of unsupported type {type(value)}."
        ) from None


def known_type_spec(value: Any) -> Any:
    """The TypeSpec that a value has by itself (composites, variables, None); None for anything else."""
    if isinstance(value, CompositeTensor):
        return value._type_spec
    if value is None:
        return NoneTensorSpec()
    if isinstance(value, Tensor):
        return TensorSpec(value.shape, value.dtype)
    for test, convert in reversed(_CONVERTERS):
        if test(value) if not isinstance(test, type) else isinstance(value, test):
            return convert(value)
    if hasattr(value, "handle") and hasattr(value, "trainable"):
        return VariableSpec.from_value(value)
    return None
