"""What the fields of extension types are annotated with, and values made to fit that."""

from __future__ import annotations

import inspect
import types
import typing
from collections.abc import Iterator, Mapping
from typing import Any

from .convert import to_tensor
from .dtypes import DType, as_dtype
from .shapes import TensorShape
from .specs import CompositeTensor, TensorSpec, TypeSpec
from .tensor import Tensor

_CONSTANTS = (int, float, str, bytes, bool, type(None))


class ImmutableDict(Mapping[Any, Any]):
    """A mapping field's value: a dict that nobody changes."""

    __slots__ = ("_items",)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self._items = dict(*args, **kwargs)

    def __getitem__(self, key: Any) -> Any:
        return self._items[key]

    def __iter__(self) -> Iterator[Any]:
        return iter(self._items)

    def __len__(self) -> int:
        return len(self._items)

    def __hash__(self) -> int:
        return hash(tuple(self._items.items()))

    def __repr__(self) -> str:
        return f"ImmutableDict({self._items})"


class Field:
    """An annotated field: `convert` makes a value, `spec` a spec, of what is given for it."""

    def __init__(self, name: str, annotation: Any, default: Any = inspect.Parameter.empty) -> None:
        self.name, self.annotation = name, annotation
        try:
            check_annotation(annotation)
            self.default = (
                default if default is inspect.Parameter.empty else convert(default, annotation, name)
            )
        except TypeError as error:
            raise TypeError(f"In field {name!r}: {error}") from None


def _union(annotation: Any) -> tuple[Any, ...] | None:
    origin = typing.get_origin(annotation)
    return typing.get_args(annotation) if origin is typing.Union or origin is types.UnionType else None


def check_annotation(annotation: Any) -> None:
    """TypeError unless fields may have this type."""
    if annotation is None or annotation in _CONSTANTS or isinstance(annotation, (str, typing.ForwardRef)):
        return
    origin, args = typing.get_origin(annotation), typing.get_args(annotation)
    parts = _union(annotation)
    if parts is not None or (origin is tuple and args):
        for part in parts or [a for a in args if a is not Ellipsis]:
            check_annotation(part)
        if origin is tuple and Ellipsis in args and len(args) != 2:
            raise TypeError(f"Unsupported type annotation {annotation!r}")
    elif isinstance(origin, type) and issubclass(origin, Mapping) and origin is not dict and len(args) == 2:
        if args[0] not in (str, int, bytes, bool, float):
            raise TypeError(f"Mapping had a key {args[0]!r} with type {type(args[0]).__name__!r}")
        check_annotation(args[1])
    elif not (
        isinstance(annotation, type)
        and issubclass(annotation, (Tensor, CompositeTensor, TensorShape, DType, TypeSpec))
    ):
        raise TypeError(f"Unsupported type annotation {annotation!r}")


def _named(annotation: Any) -> str:
    return getattr(annotation, "__name__", repr(annotation))


def _wrong(path: str, expected: str, value: Any) -> typing.NoReturn:
    raise TypeError(f"{path}: expected {expected}, got {type(value).__name__!r}")


def convert(value: Any, annotation: Any, path: str, spec: bool = False) -> Any:
    """`value` as an immutable one of the annotated type; with `spec`, the TypeSpec of such a value."""
    parts = _union(annotation)
    if parts is not None:
        return _convert_union(value, parts, path, spec)
    if annotation is None or annotation is type(None):
        return None if value is None else _wrong(path, "None", value)
    origin, args = typing.get_origin(annotation), typing.get_args(annotation)
    if origin is tuple:
        if not isinstance(value, (tuple, list)):
            _wrong(path, f"a tuple with {'values' if Ellipsis in args else f'length {len(args)}'}", value)
        kinds = [args[0]] * len(value) if len(args) == 2 and args[1] is Ellipsis else list(args)
        if len(kinds) != len(value):
            raise TypeError(f"{path}: expected a tuple with length {len(kinds)}, got length {len(value)}")
        return tuple(
            [convert(v, kind, f"{path}[{i}]", spec) for i, (v, kind) in enumerate(zip(value, kinds))]
        )
    if origin is not None:
        if not isinstance(value, Mapping):
            _wrong(path, f"mapping with {_named(args[0])} keys", value)
        return ImmutableDict(
            [
                (convert(k, args[0], f"{path}.<key>"), convert(v, args[1], f"{path}[{k!r}]", spec))
                for k, v in value.items()
            ]
        )
    if annotation in _CONSTANTS:
        return value if isinstance(value, annotation) else _wrong(path, repr(_named(annotation)), value)
    if issubclass(annotation, Tensor):
        return _convert_tensor(value, path, spec)
    if issubclass(annotation, TensorShape):
        try:
            return TensorShape(value)
        except TypeError:
            _wrong(path, "'tf.TensorShape'", value)
    if issubclass(annotation, DType):
        try:
            return as_dtype(value)
        except TypeError:
            _wrong(path, "'tf.DType'", value)
    if issubclass(annotation, TypeSpec):
        return value if isinstance(value, annotation) else _wrong(path, repr(_named(annotation)), value)
    if spec:
        if not (isinstance(value, TypeSpec) and issubclass(value.value_type, annotation)):
            _wrong(path, f"a TypeSpec of {_named(annotation)}", value)
    elif not isinstance(value, annotation):
        _wrong(path, repr(_named(annotation)), value)
    return value


def _convert_tensor(value: Any, path: str, spec: bool) -> Any:
    if spec:
        return value if isinstance(value, TensorSpec) else _wrong(path, "a TensorSpec", value)
    if isinstance(value, Tensor):
        return value
    try:
        return to_tensor(value)
    except (TypeError, ValueError):
        _wrong(path, "a Tensor", value)


def _convert_union(value: Any, parts: tuple[Any, ...], path: str, spec: bool) -> Any:
    for part in parts:  # what the value is already goes before what it could become
        if isinstance(part, type) and isinstance(value, part):
            return value
    for part in parts:
        try:
            return convert(value, part, path, spec)
        except TypeError:
            continue
    _wrong(path, f"one of {', '.join(_named(p) for p in parts)}", value)
