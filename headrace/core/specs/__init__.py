"""Types of values: `TypeSpec` says what a tensor, or a composite of several tensors, looks like without
holding it.

`TensorSpec` is a tensor's; every `CompositeTensor` (ragged, sparse, `tf.experimental.ExtensionType` …) has its
own, which takes the value apart into plain tensors and puts it together again. Functions, branches and
loops pass the tensors; the spec is what their signatures compare.

    types.py    what a type is
    tensors.py  those of tensors and variables
    values.py   the type that a value has"""

from .tensors import BoundedTensorSpec, NoneTensorSpec, TensorSpec, VariableSpec
from .types import BatchableTypeSpec, CompositeTensor, TraceType, TypeSpec
from .values import known_type_spec, register_type_spec_from_value_converter, type_spec_from_value

__all__ = [
    "BatchableTypeSpec",
    "BoundedTensorSpec",
    "CompositeTensor",
    "NoneTensorSpec",
    "TensorSpec",
    "TraceType",
    "TypeSpec",
    "VariableSpec",
    "known_type_spec",
    "register_type_spec_from_value_converter",
    "type_spec_from_value",
]
