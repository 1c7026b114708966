"""Nested Python values, and types of tensors and of composite values, as `StructuredValue` messages and back."""

from __future__ import annotations

import functools
from typing import Any

from headrace.core import nest
from headrace.core.dtypes import DType, as_dtype
from headrace.core.shapes import TensorShape
from headrace.core.specs import TensorSpec, TypeSpec
from headrace.io.tensor_proto import raw_shape, shape_proto
from headrace.proto import struct_pb2


@functools.cache
def _classes() -> dict[str, tuple[int, type[TypeSpec]]]:
    """The specs that have a message of their own: their number and class, by the name that the message says."""
    import headrace as tf
    from headrace.data.dataset import DatasetSpec
    from headrace.data.iterator import IteratorSpec

    numbers = struct_pb2.TypeSpecProto.TypeSpecClass
    rows: dict[str, type[TypeSpec]] = {
        "SPARSE_TENSOR_SPEC": tf.SparseTensorSpec, "INDEXED_SLICES_SPEC": tf.IndexedSlicesSpec,
        "RAGGED_TENSOR_SPEC": tf.RaggedTensorSpec, "TENSOR_ARRAY_SPEC": tf.TensorArraySpec,
        "DATA_DATASET_SPEC": DatasetSpec, "DATA_ITERATOR_SPEC": IteratorSpec, "OPTIONAL_SPEC": tf.OptionalSpec,
    }  # fmt: skip
    return {cls.__name__: (numbers.Value(name), cls) for name, cls in rows.items()}


def encode(value: Any) -> struct_pb2.StructuredValue:
    """The message of a nest of None, booleans, numbers, strings, shapes, dtypes and specs.

    Raises:
      NotImplementedError: something in it has no message.

    >>> import headrace as tf
    >>> decode(encode({"a": (1, tf.TensorShape([None, 2])), "b": [tf.float32, None]}))
    {'a': (1, TensorShape([None, 2])), 'b': [tf.float32, None]}
    """
    out = struct_pb2.StructuredValue()
    if value is None:
        out.none_value.SetInParent()
    elif isinstance(value, bool):
        out.bool_value = value
    elif isinstance(value, int):
        out.int64_value = value
    elif isinstance(value, float):
        out.float64_value = value
    elif isinstance(value, str):
        out.string_value = value
    elif isinstance(value, TensorShape):
        out.tensor_shape_value.CopyFrom(shape_proto(value._raw))
    elif isinstance(value, DType):
        out.tensor_dtype_value = value.as_datatype_enum  # type: ignore[assignment]
    elif type(value) is TensorSpec:
        out.tensor_spec_value.shape.CopyFrom(shape_proto(value.shape._raw))
        out.tensor_spec_value.dtype = value.dtype.as_datatype_enum  # type: ignore[assignment]
        out.tensor_spec_value.name = value.name or ""
    elif isinstance(value, TypeSpec):
        out.type_spec_value.CopyFrom(encode_spec(value))
    elif isinstance(value, tuple) and hasattr(value, "_fields"):
        out.named_tuple_value.name = type(value).__name__
        for key, item in zip(value._fields, value):
            out.named_tuple_value.values.add(key=key).value.CopyFrom(encode(item))
    elif isinstance(value, tuple):
        out.tuple_value.values.extend([encode(v) for v in value])
        out.tuple_value.SetInParent()
    elif isinstance(value, list):
        out.list_value.values.extend([encode(v) for v in value])
        out.list_value.SetInParent()
    elif isinstance(value, dict) and all(isinstance(k, str) for k in value):
        out.dict_value.SetInParent()
        for key, item in value.items():
            out.dict_value.fields[key].CopyFrom(encode(item))
    else:
        raise NotImplementedError(f"No encoder for object {value!r} of type {type(value)}.")
    return out


def encode_spec(spec: TypeSpec) -> struct_pb2.TypeSpecProto:
    """The message of the type of a composite value.

    Raises:
      NotImplementedError: types of that kind have no message.
    """
    number, cls = _classes().get(type(spec).__name__, (0, None))
    if type(spec) is not cls:
        raise NotImplementedError(
            f"No encoder for object {spec!r} of type {type(spec)}. There are some for {', '.join(sorted(_classes()))}."
        )
    return struct_pb2.TypeSpecProto(
        type_spec_class=number,  # type: ignore[arg-type]
        type_state=encode(spec._serialize()),
        type_spec_class_name=cls.__name__,
        num_flat_components=len(nest.flatten(spec._component_specs, expand_composites=True)),
    )  # fmt: skip


def decode(message: struct_pb2.StructuredValue) -> Any:
    """The value of a message.

    Raises:
      ValueError: it is none that can be read here.
    """
    kind = message.WhichOneof("kind")
    if kind == "none_value":
        return None
    if kind in ("bool_value", "int64_value", "float64_value", "string_value"):
        return getattr(message, kind)
    if kind == "tensor_shape_value":
        return TensorShape(raw_shape(message.tensor_shape_value))
    if kind == "tensor_dtype_value":
        return as_dtype(message.tensor_dtype_value)
    if kind == "tensor_spec_value":
        spec = message.tensor_spec_value
        return TensorSpec(raw_shape(spec.shape), as_dtype(spec.dtype), spec.name or None)
    if kind == "type_spec_value":
        return decode_spec(message.type_spec_value)
    if kind == "list_value":
        return [decode(v) for v in message.list_value.values]
    if kind == "tuple_value":
        return tuple([decode(v) for v in message.tuple_value.values])
    if kind == "dict_value":
        fields = message.dict_value.fields
        return {key: decode(fields[key]) for key in sorted(fields)}
    if kind == "named_tuple_value":
        return _named_tuple(message.named_tuple_value)
    raise ValueError(f"A StructuredValue with {kind or 'nothing in it'} cannot be read.")


def _named_tuple(message: struct_pb2.NamedTupleValue) -> Any:
    from collections import namedtuple

    values = {pair.key: decode(pair.value) for pair in message.values}
    return namedtuple(message.name, list(values))(**values)


def decode_spec(message: struct_pb2.TypeSpecProto) -> TypeSpec:
    """The type of a composite value.

    Raises:
      ValueError: it is of a kind that is not known here.
    """
    for number, cls in _classes().values():
        if number == message.type_spec_class:
            return cls._deserialize(decode(message.type_state))
    raise ValueError(
        f"The type '{message.type_spec_class_name}' cannot be read. Those that can be: {', '.join(sorted(_classes()))}."
    )


__all__ = ["decode", "decode_spec", "encode", "encode_spec"]
