"""Messages of types that are described at run time: what `tf.io.decode_proto` and `tf.io.encode_proto` do."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import Any

import numpy as np

from headrace.core import dtypes, errors
from headrace.core.dtypes import DType
from headrace.core.errors import invalid

from .files import read_bytes

# Which tensors a field's kind can be, the first being its own.
_TENSORS = {
    "int32": (dtypes.int32, dtypes.int64), "int64": (dtypes.int64,), "uint32": (dtypes.uint32, dtypes.uint64),
    "uint64": (dtypes.uint64,), "float": (dtypes.float32, dtypes.float64), "double": (dtypes.float64,),
    "bool": (dtypes.bool_,), "bytes": (dtypes.string,), "string": (dtypes.string,), "message": (dtypes.string,),
    "enum": (dtypes.int32, dtypes.int64),
}  # fmt: skip


def kind_of(field: Any) -> str:
    """What a field holds: a key of the table above."""
    kinds = {
        field.CPPTYPE_INT32: "int32", field.CPPTYPE_INT64: "int64", field.CPPTYPE_UINT32: "uint32",
        field.CPPTYPE_UINT64: "uint64", field.CPPTYPE_FLOAT: "float", field.CPPTYPE_DOUBLE: "double",
        field.CPPTYPE_BOOL: "bool", field.CPPTYPE_ENUM: "enum", field.CPPTYPE_MESSAGE: "message",
    }  # fmt: skip
    if field.cpp_type == field.CPPTYPE_STRING:
        return "bytes" if field.type == field.TYPE_BYTES else "string"
    return kinds[field.cpp_type]


def message_class(message_type: str, source: Any) -> Any:
    """The class of a message type. `source`: `local://` (types registered in this process), the path of a serialised
    `FileDescriptorSet`, or `bytes://` followed by one.

    Raises:
      tf.errors.InvalidArgumentError: the source is none of these, or lacks the type.
    """
    data = source if isinstance(source, bytes) else source.encode("utf-8", "surrogateescape")
    if data in (b"", b"local://"):
        return _local(message_type)
    if data.startswith(b"bytes://"):
        return _class(data[len(b"bytes://") :], message_type)
    try:
        found = read_bytes(data)
    except (errors.OpError, UnicodeDecodeError) as error:
        raise invalid(f"descriptor_source is no readable file of a FileDescriptorSet: {error}") from None
    return _class(found, message_type)


def _local(message_type: str) -> Any:
    from google.protobuf import descriptor_pool, message_factory

    from headrace.proto import event_pb2, example_pb2, graph_pb2, run_metadata_pb2, tensor_pb2

    _registered = (event_pb2, example_pb2, graph_pb2, run_metadata_pb2, tensor_pb2)
    plain = message_type.removeprefix("tensorflow.")
    for name in (message_type, f"headrace.{plain}"):  # TensorFlow's own are here under our package's name
        try:
            descriptor = descriptor_pool.Default().FindMessageTypeByName(name)
        except KeyError:
            continue
        return message_factory.GetMessageClass(descriptor)
    raise invalid(
        f"No descriptor found for message type {message_type} among those registered in this process"
    )


@functools.lru_cache(64)
def _class(serialized: bytes, message_type: str) -> Any:
    from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
    from google.protobuf.message import DecodeError

    pool = descriptor_pool.DescriptorPool()
    try:
        for file in descriptor_pb2.FileDescriptorSet.FromString(serialized).file:
            pool.AddSerializedFile(file.SerializeToString())
    except (DecodeError, TypeError) as error:
        raise invalid(f"Source does not represent a serialised FileDescriptorSet: {error}") from None
    try:
        return message_factory.GetMessageClass(pool.FindMessageTypeByName(message_type))
    except (KeyError, TypeError):
        raise invalid(f"No descriptor found for message type {message_type}") from None


def _fields(message: Any, names: Sequence[str], types: Sequence[DType]) -> list[Any]:
    """The fields of a class by name, checked to fit the types."""
    if len(names) != len(types):
        raise invalid(
            f"field_names and types must have the same length, received {len(names)} and {len(types)}"
        )
    out = []
    for name, dtype in zip(names, types):
        field = message.DESCRIPTOR.fields_by_name.get(name)
        if field is None:
            raise invalid(f"Unknown field: {name} in message type {message.DESCRIPTOR.full_name}")
        allowed = _TENSORS[kind_of(field)]
        if dtype not in allowed:
            raise invalid(
                f"Unexpected type for {message.DESCRIPTOR.full_name}.{name}: {kind_of(field)} to {dtype.name}; it can be "
                + " or ".join([d.name for d in allowed])
            )
        out.append(field)
    return out


def decode(
    data: np.ndarray, message_type: str, names: Sequence[str], types: Sequence[DType], source: Any, message_format: str
) -> tuple[np.ndarray, list[np.ndarray]]:  # fmt: skip
    """How many values each message has of each field, and for each field the values, filled up to the longest."""
    from google.protobuf import text_format
    from google.protobuf.message import DecodeError

    if message_format not in ("binary", "text"):
        raise invalid(f"format must be one of binary or text, received {message_format!r}")
    if not data.size:
        raise invalid("Bufs argument must contain at least one value")
    cls = message_class(message_type, source)
    fields = _fields(cls, names, types)
    rows: list[list[list[Any]]] = []
    for item in data.reshape(-1):
        try:
            message = cls.FromString(item) if message_format == "binary" else text_format.Parse(item, cls())
        except (DecodeError, text_format.ParseError, UnicodeDecodeError) as error:
            raise errors.DataLossError(
                None, None, f"Unable to parse {message_format} message: {error}"
            ) from None
        rows.append([_values(message, field) for field in fields])
    sizes = np.array([[len(values) for values in row] for row in rows], np.int32).reshape(
        *data.shape, len(fields)
    )
    tensors = []
    for i, (field, dtype) in enumerate(zip(fields, types)):
        longest = max(len(row[i]) for row in rows) if field.is_repeated else 1
        out = np.full((len(rows), longest), _default(field), dtype._np)
        for k, row in enumerate(rows):
            out[k, : len(row[i])] = row[i]
        tensors.append(out.reshape(*data.shape, longest))
    return sizes, tensors


def _values(message: Any, field: Any) -> list[Any]:
    if field.is_repeated:
        found = list(getattr(message, field.name))
    else:
        set_here = (
            message.HasField(field.name)
            if field.has_presence
            else getattr(message, field.name) != _default(field)
        )
        found = [getattr(message, field.name)] if set_here else []
    kind = kind_of(field)
    if kind == "message":
        return [m.SerializeToString() for m in found]
    return [text.encode() for text in found] if kind == "string" else found


def _default(field: Any) -> Any:
    kind = kind_of(field)
    if kind == "message":
        return b""
    if field.is_repeated:
        return b"" if kind in ("bytes", "string") else 0
    return field.default_value.encode() if kind == "string" else field.default_value


def encode(
    sizes: np.ndarray, values: Sequence[np.ndarray], names: Sequence[str], message_type: str, source: Any
) -> np.ndarray:
    """Serialised messages of the first `sizes[…, i]` values of each field i."""
    cls = message_class(message_type, source)
    fields = _fields(cls, names, [dtypes.from_numpy(v.dtype) for v in values])
    for name, value in zip(names, values):
        if value.ndim < 2:
            raise invalid(
                f"Invalid shape for field {name}.  Saw shape {list(value.shape)} but it should be at least a matrix."
            )
    batch = values[0].shape[:-1] if values else sizes.shape[:-1]
    if sizes.shape != (*batch, len(fields)) or any(v.shape[:-1] != batch for v in values):
        raise invalid(
            f"sizes should be batch_size + [len(field_names)].  Saw: {list(sizes.shape)} but expected: {[*batch, len(fields)]}"
        )
    counts = sizes.reshape(-1, len(fields))
    columns = [v.reshape(-1, v.shape[-1]) for v in values]
    order = sorted(range(len(fields)), key=lambda i: fields[i].number)
    out = np.empty(len(counts), object)
    for k, row in enumerate(counts):
        parts = []
        for i in order:
            if not 0 <= row[i] <= columns[i].shape[1]:
                raise invalid(
                    f"Size to write must not be larger than value tensor; but saw: {row[i]} > {columns[i].shape[1]} at "
                    f"message {k} field {i}"
                )
            found = columns[i][k, : row[i]].tolist()
            # A field that is not repeated but has several values is written several times.
            groups = [found] if fields[i].is_repeated else [[value] for value in found]
            parts += [_written(cls, fields[i], group) for group in groups]
        out[k] = b"".join(parts)
    return out.reshape(batch)


def _written(cls: Any, field: Any, values: list[Any]) -> bytes:
    """A message of one field only. (Messages one after the other are their merger.)"""
    from google.protobuf.message import DecodeError

    message, kind = cls(), kind_of(field)
    try:
        if kind == "message":
            target = getattr(message, field.name)
            for value in values:
                (target.add() if field.is_repeated else target).MergeFromString(value)
            if not field.is_repeated:
                target.SetInParent()
        else:
            values = [value.decode() for value in values] if kind == "string" else values
            if field.is_repeated:
                getattr(message, field.name).extend(values)
            else:
                setattr(message, field.name, values[0])
    except (DecodeError, UnicodeDecodeError, ValueError) as error:
        raise invalid(f"A value does not fit field {field.name}: {error}") from None
    return message.SerializePartialToString()
