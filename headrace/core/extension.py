"""`tf.experimental.ExtensionType`: composite tensors that a user defines by their annotated fields."""

from __future__ import annotations

import abc
import inspect
import sys
import typing
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from .convert import to_tensor
from .fields import Field, ImmutableDict, convert
from .specs import BatchableTypeSpec, CompositeTensor, TypeSpec, type_spec_from_value
from .tensor import Tensor

_RESERVED = frozenset({"self", "Spec", "_type_spec"})


NAMED: dict[str, Any] = {}  # extension types that give themselves a `__name__`, by it


class ExtensionTypeMetaclass(abc.ABCMeta):
    """Makes the constructor and the `Spec` of a class from its annotations."""

    def __init__(cls, name: str, bases: tuple[type, ...], namespace: dict[str, Any]) -> None:
        super().__init__(name, bases, namespace)
        if namespace.get("_abstract"):
            return
        _check_namespace(cls, namespace)
        if "__name__" in namespace:
            NAMED[namespace["__name__"]] = cls
        cls._fields: dict[str, Field] | None = None
        frame = sys._getframe(1)  # where the class is defined: what its annotations name may be local there
        try:
            fields_of(cls, {**frame.f_globals, **frame.f_locals})
        except NameError:
            pass  # a forward reference: resolved when the first value is made
        if "__init__" in namespace:
            cls.__init__ = _finishing(namespace["__init__"])  # type: ignore[misc]
        elif not any(
            "__init__" in vars(base) and not vars(base).get("_abstract") and vars(base).get("_custom")
            for base in cls.__mro__[1:]
        ):
            cls.__init__ = _constructor  # type: ignore[misc]
        cls._custom = "__init__" in namespace or getattr(cls, "_custom", False)
        own = namespace.get("Spec")
        inherited = [getattr(base, "Spec", None) for base in bases]
        parents = tuple([spec for spec in inherited if isinstance(spec, type)]) or (ExtensionTypeSpec,)
        body = {"value_type": cls, "__module__": cls.__module__, "__qualname__": f"{cls.__qualname__}.Spec"}
        cls.Spec = type(f"{name}.Spec", ((own,) if own is not None else ()) + parents, body)


def _check_namespace(cls: type, namespace: dict[str, Any]) -> None:
    annotations = inspect.get_annotations(cls)
    for field in annotations:
        if field in _RESERVED or field.startswith("_tf_extension_type"):
            raise ValueError(
                f"The field annotations for {cls.__name__} are invalid. Field '{field}' is reserved."
            )
    for key, value in namespace.items():
        plain = not (
            key.startswith("__")
            or key in ("Spec", "_abstract")
            or callable(value)
            or hasattr(value, "__get__")
            or isinstance(value, type)
        )
        if plain and key not in annotations and not key.startswith("_"):
            raise ValueError(
                f"The field annotations for {cls.__name__} are invalid. Field {key} is missing a type annotation."
            )


def fields_of(cls: Any, names: Mapping[str, Any] | None = None) -> dict[str, Field]:
    """The fields of an extension type by name, inherited ones first. `names`: what annotations may refer to, besides the
    globals of the class's module."""
    found: dict[str, Field] | None = cls.__dict__.get("_fields")
    if found is None:
        found = {}
        for base in reversed(cls.__mro__):
            if vars(base).get("_fields"):
                found.update(vars(base)["_fields"])
            elif isinstance(base, ExtensionTypeMetaclass) and not vars(base).get("_abstract"):
                hints = typing.get_type_hints(
                    base, localns={**(names or {}), **{c.__name__: c for c in cls.__mro__}}
                )
                for name in inspect.get_annotations(base):
                    found[name] = Field(name, hints[name], vars(base).get(name, inspect.Parameter.empty))
        cls._fields = found
        for name, field in found.items():  # a default is a value of its type
            if field.default is not inspect.Parameter.empty and name in vars(cls):
                setattr(cls, name, field.default)
    return found


def _signature(cls: Any) -> inspect.Signature:
    """Of the constructor: fields in order; those after one with a default may be given by keyword only."""
    parameters: list[inspect.Parameter] = []
    by_keyword = optional = False
    for field in fields_of(cls).values():
        has_default = field.default is not inspect.Parameter.empty
        by_keyword |= optional and not has_default
        optional |= has_default
        kind = inspect.Parameter.KEYWORD_ONLY if by_keyword else inspect.Parameter.POSITIONAL_OR_KEYWORD
        parameters.append(inspect.Parameter(field.name, kind, default=field.default))
    return inspect.Signature(parameters)


def _constructor(self: Any, *args: Any, **kwargs: Any) -> None:
    bound = _signature(type(self)).bind(*args, **kwargs)
    bound.apply_defaults()
    self.__dict__.update(bound.arguments)
    _finish(self)


def _finish(self: Any) -> None:
    for name, field in fields_of(type(self)).items():
        if name not in self.__dict__:
            if field.default is inspect.Parameter.empty:
                raise AttributeError(
                    f"The constructor of {type(self).__name__} did not set the field `{name}`."
                )
            self.__dict__[name] = field.default
        self.__dict__[name] = convert(self.__dict__[name], field.annotation, name)
    self.__validate__()


def _finishing(init: Callable[..., None]) -> Callable[..., None]:
    """The user's own constructor; when the outermost one is done, the fields are converted and validated."""

    def __init__(self: Any, *args: Any, **kwargs: Any) -> None:
        outermost = "_constructing" not in self.__dict__
        if outermost:
            self.__dict__["_constructing"] = True
        try:
            init(self, *args, **kwargs)
        finally:
            if outermost:
                self.__dict__.pop("_constructing", None)
        if outermost:
            _finish(self)

    __init__.__doc__, __init__.__wrapped__ = init.__doc__, init  # type: ignore[attr-defined]
    return __init__


class ExtensionTypeSpec(TypeSpec):
    """The type of an extension type's values: for every field a TypeSpec, or the field's value if it holds no tensor."""

    __slots__ = ()
    value_type: Any

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        bound = _signature(self.value_type).bind(*args, **kwargs)
        bound.apply_defaults()
        for name, field in fields_of(self.value_type).items():
            self.__dict__[name] = convert(bound.arguments[name], field.annotation, name, spec=True)
        self.__validate__()

    def __validate__(self) -> None:
        """Raises where the fields do not fit together; does nothing unless overridden."""

    @classmethod
    def from_value(cls, value: Any) -> Any:
        return value._type_spec

    @classmethod
    def _from_fields(cls, fields: Mapping[str, Any]) -> Any:
        spec = cls.__new__(cls)
        spec.__dict__.update(fields)
        return spec

    def _items(self) -> list[tuple[str, Any]]:
        return [(name, self.__dict__[name]) for name in fields_of(self.value_type)]

    def _serialize(self) -> tuple[Any, ...]:
        return tuple([(name, _plain(value)) for name, value in self._items()])

    @classmethod
    def _deserialize(cls, serialization: Any) -> Any:
        return cls._from_fields(
            {
                name: ImmutableDict(value) if isinstance(value, dict) else value
                for name, value in serialization
            }
        )

    @property
    def _component_specs(self) -> list[Any]:
        out: list[Any] = []
        for _, value in self._items():
            _collect(value, value, out)
        return out

    def _to_components(self, value: Any) -> list[Any]:
        out: list[Any] = []
        for name, spec in self._items():
            _collect(spec, getattr(value, name), out)
        return out

    def _from_components(self, components: Any) -> Any:
        it = iter(components)
        value = self.value_type.__new__(self.value_type)
        value.__dict__.update({name: _filled(spec, it) for name, spec in self._items()})
        return value

    def __setattr__(self, name: str, value: Any) -> None:
        raise AttributeError(f"Cannot mutate attribute `{name}` of {type(self).__name__}.")

    def __repr__(self) -> str:
        return f"{type(self).__qualname__}({', '.join([f'{name}={_plain(value)!r}' for name, value in self._items()])})"


def _plain(value: Any) -> Any:
    if isinstance(value, ImmutableDict):
        return {k: _plain(v) for k, v in value.items()}
    return tuple([_plain(v) for v in value]) if isinstance(value, tuple) else value


def _collect(spec: Any, value: Any, out: list[Any]) -> None:
    """The parts of a field's value where its spec has a TypeSpec."""
    if isinstance(spec, TypeSpec):
        out.append(value)
    elif isinstance(spec, tuple):
        for s, v in zip(spec, value):
            _collect(s, v, out)
    elif isinstance(spec, Mapping):
        for key in spec:
            _collect(spec[key], value[key], out)


def _filled(spec: Any, parts: Iterator[Any]) -> Any:
    if isinstance(spec, TypeSpec):
        return next(parts)
    if isinstance(spec, tuple):
        return tuple([_filled(s, parts) for s in spec])
    return (
        ImmutableDict({key: _filled(s, parts) for key, s in spec.items()})
        if isinstance(spec, Mapping)
        else spec
    )


def _spec_of(value: Any) -> Any:
    """The spec of a field's value: TypeSpecs in place of tensors and composites."""
    if isinstance(value, (Tensor, CompositeTensor)):
        return type_spec_from_value(value)
    if isinstance(value, tuple):
        return tuple([_spec_of(v) for v in value])
    return (
        ImmutableDict({k: _spec_of(v) for k, v in value.items()})
        if isinstance(value, ImmutableDict)
        else value
    )


class ExtensionType(CompositeTensor, metaclass=ExtensionTypeMetaclass):
    """Base of classes that hold tensors in annotated fields and pass through `tf.function`, `tf.cond`, `tf.while_loop` and
    `tf.nest` as one value.

    Fields are Python numbers and strings, `tf.Tensor`, `tf.TensorShape`, `tf.DType`, composite tensors, other extension
    types, `Optional` and `Union` of those, `tuple[…]` and `Mapping[str, …]`. Values are immutable; `__validate__` may
    check them.

    >>> import headrace as tf
    >>> class Masked(tf.experimental.ExtensionType):
    ...     values: tf.Tensor
    ...     mask: tf.Tensor
    >>> m = Masked([1, 2], [True, False])
    >>> tf.function(lambda m: Masked(m.values + 1, m.mask))(m).values.numpy().tolist()
    [2, 3]
    """

    _abstract = True
    Spec: Any

    def __validate__(self) -> None:
        """Raises where the fields do not fit together; does nothing unless overridden."""

    @property
    def _type_spec(self) -> Any:
        spec = self.__dict__.get("_cached_spec")
        if spec is None:
            fields = {name: _spec_of(self.__dict__[name]) for name in fields_of(type(self))}
            spec_class: Any = type(self).Spec
            spec = self.__dict__["_cached_spec"] = spec_class._from_fields(fields)
        return spec

    def __setattr__(self, name: str, value: Any) -> None:
        if "_constructing" not in self.__dict__:
            raise AttributeError(
                f"Cannot mutate attribute `{name}` outside the custom constructor of ExtensionType."
            )
        if name not in fields_of(type(self)):
            raise AttributeError(
                f"{type(self).__name__} has no field `{name}`: annotate it in the class to make it one."
            )
        self.__dict__[name] = value

    def __delattr__(self, name: str) -> None:
        if "_constructing" not in self.__dict__:
            raise AttributeError(
                f"Cannot mutate attribute `{name}` outside the custom constructor of ExtensionType."
            )
        del self.__dict__[name]

    def __eq__(self, other: object) -> Any:
        """A boolean tensor: whether all fields are equal (False for a value of another type)."""
        if not isinstance(other, ExtensionType) or self._type_spec != other._type_spec:
            return False
        from . import nest
        from .op import lookup

        pairs = zip(nest.flatten(self, expand_composites=True), nest.flatten(other, expand_composites=True))
        equal = [lookup("All")(lookup("Reshape")(lookup("Equal")(a, b), [-1]), [0]) for a, b in pairs]
        return lookup("All")(lookup("Pack")(equal), [0]) if equal else to_tensor(True)

    def __ne__(self, other: object) -> Any:
        equal = self == other
        if equal is False:
            return True
        from .op import lookup

        return lookup("LogicalNot")(equal)

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"{type(self).__qualname__}({', '.join([f'{name}={self.__dict__[name]!r}' for name in fields_of(type(self))])})"


def as_dict(value: ExtensionType) -> dict[str, Any]:
    """The fields of a value by name."""
    return {name: value.__dict__[name] for name in fields_of(type(value))}


# --------------------------------------------------------------------------------------------------------------- batchable
class ExtensionTypeBatchEncoder:
    """How the values of a BatchableExtensionType are batched. By default every tensor gets a leading dimension; subclasses
    that encode otherwise are put into the class's `__batch_encoder__`."""

    def batch(self, spec: Any, batch_size: int | None) -> Any:
        """The spec of a batch of values of `spec`."""
        return spec._map_specs(lambda s: s._batch(batch_size))

    def unbatch(self, spec: Any) -> Any:
        """The spec of one value of a batch of `spec`."""
        return spec._map_specs(lambda s: s._unbatch())

    def encode(self, spec: Any, value: Any, minimum_rank: int = 0) -> list[Any]:
        """A value as a list of tensors, each of at least `minimum_rank` dimensions."""
        return spec._to_tensor_list(value)

    def decode(self, spec: Any, encoded_value: Any) -> Any:
        """The value again."""
        return spec._from_compatible_tensor_list(list(encoded_value))

    def encoding_specs(self, spec: Any) -> list[Any]:
        """The specs of what `encode` returns."""
        return spec._flat_tensor_specs


class BatchableExtensionTypeSpec(ExtensionTypeSpec, BatchableTypeSpec):
    """The type of a BatchableExtensionType's values."""

    __slots__ = ()

    def _map_specs(self, function: Callable[[Any], Any]) -> Any:
        return type(self)._from_fields({name: _mapped(value, function) for name, value in self._items()})

    def _batch(self, batch_size: int | None) -> Any:
        return self.value_type.__batch_encoder__.batch(self, batch_size)

    def _unbatch(self) -> Any:
        return self.value_type.__batch_encoder__.unbatch(self)


def _mapped(spec: Any, function: Callable[[Any], Any]) -> Any:
    if isinstance(spec, TypeSpec):
        return function(spec)
    if isinstance(spec, tuple):
        return tuple([_mapped(s, function) for s in spec])
    return (
        ImmutableDict({k: _mapped(s, function) for k, s in spec.items()})
        if isinstance(spec, Mapping)
        else spec
    )


class BatchableExtensionType(ExtensionType):
    """An ExtensionType whose values can be stacked along a new first dimension (`tf.map_fn`, datasets)."""

    _abstract = True
    Spec = BatchableExtensionTypeSpec
    __batch_encoder__ = ExtensionTypeBatchEncoder()


__all__ = [
    "BatchableExtensionType",
    "ExtensionType",
    "ExtensionTypeBatchEncoder",
    "ExtensionTypeSpec",
    "ImmutableDict",
    "as_dict",
]
