"""Stands in for `tensorflow.python.framework.type_spec_registry`: classes of TypeSpecs by name, for configurations in JSON."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import headrace as tf
from headrace.core.extension import NAMED

_BY_NAME: dict[str, type] = {
    f"tf.{name}": getattr(tf, name) for name in ("TensorSpec", "RaggedTensorSpec", "SparseTensorSpec")
}
_NAMES: dict[type, str] = {cls: name for name, cls in _BY_NAME.items()}


def register(name: str) -> Callable[[Any], Any]:
    """Decorator: the class can be found by `name` ("package.Class").

    Raises:
      TypeError: the class is no TypeSpec.
      ValueError: the name has no package, or it or the class is registered already.
    """
    if not isinstance(name, str):
        raise TypeError(f"Expected `name` to be a string; got {name!r}")
    if not all(part.isidentifier() for part in name.split(".")) or "." not in name:
        raise ValueError(
            f"Registered name must have the form '{{project_name}}.{{type_name}}'; got {name!r}."
        )

    def decorate(cls: Any) -> Any:
        if not (isinstance(cls, type) and issubclass(cls, tf.TypeSpec)):
            raise TypeError(f"Expected a TypeSpec class; got {cls!r}")
        if cls in _NAMES or name in _BY_NAME:
            raise ValueError(f"{cls.__name__} or the name {name!r} has been registered already.")
        _BY_NAME[name], _NAMES[cls] = cls, name
        return cls

    return decorate


def get_name(cls: Any) -> str:
    """The name that a class is registered by; ValueError if it is not."""
    for name, owner in NAMED.items():
        if owner.Spec is cls:
            return f"{name}.Spec"
    if cls not in _NAMES:
        raise ValueError(f"TypeSpec {cls.__module__}.{cls.__name__} has not been registered.")
    return _NAMES[cls]


def lookup(name: str) -> Any:
    """The class registered by a name; ValueError if there is none."""
    owner, dot, what = name.rpartition(".")
    if dot and what == "Spec" and owner in NAMED:
        return NAMED[owner].Spec
    if name not in _BY_NAME:
        raise ValueError(f"No TypeSpec has been registered with name {name!r}")
    return _BY_NAME[name]
