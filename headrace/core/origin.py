"""Where TensorFlow defines a class, for programs that ask.

Keras, and others that must not import TensorFlow to recognise its objects, look at the module (and name) of a value's class.
Classes that are looked for like this say what they are `known_as`; it takes effect in processes where Headrace answers for
TensorFlow (`headrace.install()`)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

C = TypeVar("C", bound=type)

_known: list[tuple[Any, str, str]] = []
_assumed = False


def known_as(module: str, name: str) -> Callable[[C], C]:
    """Decorator: in TensorFlow this class is `name`, defined in `module`."""

    def register(cls: C) -> C:
        _known.append((cls, module, name))
        if _assumed:
            cls.__module__, cls.__name__ = module, name
        return cls

    return register


def assume() -> None:
    """From now on the classes show TensorFlow's modules and names."""
    global _assumed
    _assumed = True
    for cls, module, name in _known:
        cls.__module__, cls.__name__ = module, name
