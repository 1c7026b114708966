"""The types that values have."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from headrace.core.dtypes import from_numpy
from headrace.core.tensor import Tensor

from .tensors import NoneTensorSpec, TensorSpec, VariableSpec
from .types import CompositeTensor, TypeSpec

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
    from headrace.core.convert import to_array

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
