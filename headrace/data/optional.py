"""`tf.experimental.Optional`: a value that may be missing."""

from __future__ import annotations

from typing import Any

from headrace.core import dtypes, nest
from headrace.core.shapes import TensorShape
from headrace.core.specs import CompositeTensor, TensorSpec, TypeSpec
from headrace.core.state import EAGER, state
from headrace.ops import iterators as ops

from . import structure


class Optional(CompositeTensor):
    """A value that is there or not: what an iterator gives that may be at its end.

    >>> import headrace as tf
    >>> value = tf.experimental.Optional.from_value(42)
    >>> bool(value.has_value()), int(value.get_value())
    (True, 42)
    >>> bool(tf.experimental.Optional.empty(tf.TensorSpec([], tf.int32)).has_value())
    False
    """

    __slots__ = ("__weakref__", "_element_spec", "_variant_tensor")

    def __init__(self, variant_tensor: Any, element_spec: Any) -> None:
        self._variant_tensor, self._element_spec = variant_tensor, element_spec

    @staticmethod
    def from_value(value: Any) -> Optional:
        """An Optional with a value: any structure of tensors and composites."""
        value = structure.convert(value)
        tensors = nest.flatten(value, expand_composites=True)
        return Optional(
            ops.OPTIONAL_FROM_VALUE([t for t in tensors if t is not None]), structure.spec_of(value)
        )

    @staticmethod
    def empty(element_spec: Any) -> Optional:
        """An Optional without a value, of the type that a value would have."""
        return Optional(ops.OPTIONAL_NONE(), element_spec)

    @property
    def element_spec(self) -> Any:
        """The structure of the value, with a TypeSpec for each leaf."""
        return self._element_spec

    value_structure = element_spec

    def has_value(self, name: str | None = None) -> Any:
        """Whether there is a value: a boolean scalar."""
        if self._is_there():
            return ops.YES if self._variant_tensor._np.item() is not None else ops.NO
        return ops.OPTIONAL_HAS_VALUE(self._variant_tensor, name=name)

    def get_value(self, name: str | None = None) -> Any:
        """The value; InvalidArgumentError if there is none."""
        if self._is_there():
            return unpacked(ops.value_of(self._variant_tensor), self._element_spec)
        return unpacked(
            ops.OPTIONAL_GET_VALUE(
                self._variant_tensor, **structure.flat_types(self._element_spec), name=name
            ),
            self._element_spec,
        )

    def _is_there(self) -> bool:
        """Whether it can be looked at without running an op."""
        return self._variant_tensor._is_eager and state.mode == EAGER

    @property
    def _type_spec(self) -> OptionalSpec:
        return OptionalSpec(self._element_spec)

    def __repr__(self) -> str:
        return f"<tf.experimental.Optional element_spec={self._element_spec}>"


def unpacked(tensors: Any, element_spec: Any) -> Any:
    """An element from the outputs of an op."""
    tensors = list(tensors) if isinstance(tensors, (list, tuple)) else [tensors]
    if type(element_spec) is dict and all(type(s) is TensorSpec for s in element_spec.values()):
        by_key = dict(zip(sorted(element_spec), tensors))
        return {key: by_key[key] for key in element_spec}
    return nest.pack_sequence_as(element_spec, tensors, expand_composites=True)


class OptionalSpec(TypeSpec):
    """The type of a `tf.experimental.Optional`.

    Args:
      element_spec: the structure of its value; None where that is not known yet, which fits any.

    >>> import headrace as tf
    >>> tf.OptionalSpec(tf.TensorSpec([])).element_spec
    TensorSpec(shape=(), dtype=tf.float32, name=None)
    """

    __slots__ = ("_element_spec",)

    def __init__(self, element_spec: Any) -> None:
        self._element_spec = element_spec

    @property
    def element_spec(self) -> Any:
        return self._element_spec

    @property
    def value_type(self) -> Any:
        return Optional

    @classmethod
    def from_value(cls, value: Optional) -> OptionalSpec:
        return cls(value.element_spec)

    def _serialize(self) -> tuple[Any, ...]:
        return (self._element_spec,)

    def is_compatible_with(self, spec_or_value: Any) -> bool:
        other = (
            spec_or_value
            if isinstance(spec_or_value, TypeSpec)
            else getattr(spec_or_value, "_type_spec", None)
        )
        if not isinstance(other, OptionalSpec):
            return False
        if self._element_spec is None or other._element_spec is None:
            return True
        return super().is_compatible_with(other)

    def most_specific_common_supertype(self, others: Any) -> Any:
        known = [s for s in (self, *others) if isinstance(s, OptionalSpec) and s._element_spec is not None]
        if not all(isinstance(s, OptionalSpec) for s in others):
            return None
        if not known:
            return self
        return TypeSpec.most_specific_common_supertype(known[0], known[1:])

    @property
    def _component_specs(self) -> Any:
        return [TensorSpec(TensorShape(()), dtypes.variant)]

    def _to_components(self, value: Optional) -> Any:
        return [value._variant_tensor]

    def _from_components(self, components: Any) -> Optional:
        return Optional(components[0], self._element_spec)

    def _from_compatible_tensor_list(self, tensors: Any) -> Optional:
        return Optional(tensors[0], self._element_spec)


__all__ = ["Optional", "OptionalSpec"]
