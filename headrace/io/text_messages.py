"""Messages in protobuf's text format, with the messages that `Any`s hold spelled out, as TensorFlow's programs write and expect
them."""

from __future__ import annotations

import functools
import importlib
from typing import Any

# Files of messages that others write into `Any`s, in an order in which each stands after what it imports.
_FILES = ("tensor", "struct", "graph", "checkpoint", "meta_graph")


@functools.cache
def _pool() -> Any:
    """Our messages under TensorFlow's names, which are what an `Any` says: a pool of their own, so that nothing of theirs is
    registered in this process."""
    from google.protobuf import any_pb2, descriptor_pb2, descriptor_pool

    pool = descriptor_pool.DescriptorPool()
    any_file = descriptor_pb2.FileDescriptorProto()
    any_pb2.DESCRIPTOR.CopyToProto(any_file)
    pool.Add(any_file)
    for name in _FILES:
        file = descriptor_pb2.FileDescriptorProto()
        importlib.import_module(f"headrace.proto.{name}_pb2").DESCRIPTOR.CopyToProto(file)
        file.package = "tensorflow"
        for message in file.message_type:
            _rename(message)
        pool.Add(file)
    return pool


def _rename(message: Any) -> None:
    for field in message.field:
        if field.type_name.startswith(".headrace."):
            field.type_name = ".tensorflow." + field.type_name.removeprefix(".headrace.")
    for nested in message.nested_type:
        _rename(nested)


def to_text(message: Any) -> bytes:
    """The message as text, in UTF-8."""
    from google.protobuf import text_format

    return text_format.MessageToString(message, descriptor_pool=_pool()).encode()


def parse_text(data: bytes, message: Any) -> Any:
    """Fills a message from text and returns it.

    Raises:
      ValueError: the text is none of such a message.
    """
    from google.protobuf import text_format

    try:
        return text_format.Parse(data.decode(), message, descriptor_pool=_pool())
    except (text_format.ParseError, UnicodeDecodeError) as error:
        raise ValueError(str(error)) from None


def pack(message: Any) -> Any:
    """An `Any` that holds a message of ours, under TensorFlow's name for it."""
    from google.protobuf import any_pb2

    name = message.DESCRIPTOR.full_name.replace("headrace.", "tensorflow.", 1)
    return any_pb2.Any(type_url=f"type.googleapis.com/{name}", value=message.SerializeToString())


def unpack(wrapped: Any, kind: Any) -> Any:
    """The message of class `kind` that an `Any` holds.

    Raises:
      ValueError: it holds another, or bytes that are none.
    """
    from google.protobuf.message import DecodeError

    if wrapped.type_url.rpartition(".")[2] != kind.DESCRIPTOR.name:
        raise ValueError(f"expected a {kind.DESCRIPTOR.name}, found a {wrapped.type_url}")
    try:
        return kind.FromString(wrapped.value)
    except DecodeError as error:
        raise ValueError(str(error)) from None


__all__ = ["pack", "parse_text", "to_text", "unpack"]
