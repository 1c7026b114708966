"""`tf.types.experimental`: types to annotate with, and the protocol by which classes take part in `tf.function`'s tracing."""

from __future__ import annotations

from collections.abc import Callable as _PythonCallable
from typing import Any, Protocol, runtime_checkable

from headrace.compiler.function import ConcreteFunction, Function
from headrace.core.specs import TraceType
from headrace.core.tensor import Tensor

GenericFunction = PolymorphicFunction = Function
Callable = _PythonCallable
TensorLike = Tensor | int | float | bool | str | bytes | complex | tuple | list
"""Anything that `tf.convert_to_tensor` converts."""


@runtime_checkable
class SupportsTracingProtocol(Protocol):
    """A class whose objects tell `tf.function` their type: two calls share a traced function if the types agree."""

    def __tf_tracing_type__(self, context: Any) -> TraceType:
        """The type of this object as an argument."""
        ...


__all__ = [
    "Callable",
    "ConcreteFunction",
    "GenericFunction",
    "PolymorphicFunction",
    "SupportsTracingProtocol",
    "TensorLike",
    "TraceType",
]
