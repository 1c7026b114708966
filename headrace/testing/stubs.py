"""`tf.compat.v1.test.StubOutForTesting`: attributes replaced for the length of a test."""

from __future__ import annotations

import inspect
from types import TracebackType
from typing import Any


class StubOutForTesting:
    """Replaces attributes of modules, classes and objects, and puts them back.

    >>> import os
    >>> import headrace as tf
    >>> with tf.compat.v1.test.StubOutForTesting() as stubs:
    ...     stubs.Set(os.path, "exists", lambda path: True)
    ...     os.path.exists("/no/such/file")
    True
    >>> os.path.exists("/no/such/file")
    False
    """

    def __init__(self) -> None:
        self._set: list[tuple[Any, str, Any]] = []
        self._smart: list[tuple[Any, str, Any]] = []

    def __enter__(self) -> StubOutForTesting:
        return self

    def __exit__(
        self, kind: type | None, value: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.CleanUp()

    def __del__(self) -> None:
        self.CleanUp()

    def CleanUp(self) -> None:
        """Puts everything back."""
        self.SmartUnsetAll()
        self.UnsetAll()

    def SmartSet(self, obj: Any, attr_name: str, new_attr: Any) -> None:
        """Replaces an attribute where it is defined: in the object itself, or in the class that it comes from.

        Raises:
          AttributeError: there is no such attribute."""
        owner = _owner(obj, attr_name)
        self._smart.append((owner, attr_name, _kept(owner, attr_name)))
        setattr(owner, attr_name, new_attr)

    def SmartUnsetAll(self) -> None:
        """Undoes every `SmartSet`, the latest first."""
        while self._smart:
            setattr(*self._smart.pop())

    def Set(self, parent: Any, child_name: str, new_child: Any) -> None:
        """Replaces `parent.child_name`. In a class, a function stays the kind of method that the old one is.

        Raises:
          AttributeError: there is no such attribute."""
        getattr(parent, child_name)
        old = _kept(parent, child_name)
        self._set.append((parent, child_name, old))
        if inspect.isclass(parent) and isinstance(old, (classmethod, staticmethod)):
            new_child = type(old)(new_child)
        setattr(parent, child_name, new_child)

    def UnsetAll(self) -> None:
        """Undoes every `Set`, the latest first."""
        while self._set:
            setattr(*self._set.pop())


def _kept(owner: Any, name: str) -> Any:
    """What to put back: the attribute as it is stored (a `classmethod`, not what it gives)."""
    return vars(owner).get(name, getattr(owner, name)) if hasattr(owner, "__dict__") else getattr(owner, name)


def _owner(obj: Any, name: str) -> Any:
    if not inspect.isclass(obj) and (inspect.ismodule(obj) or name in getattr(obj, "__dict__", {})):
        getattr(obj, name)
        return obj
    for cls in inspect.getmro(obj if inspect.isclass(obj) else type(obj)):
        if name in vars(cls):
            return cls
    raise AttributeError(f"{obj!r} has no attribute {name!r} to replace.")
