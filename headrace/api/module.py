"""`tf.Module`: a named collection of variables, of other modules, and of the methods that use them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import wraps
from typing import Any

from headrace.core import nest
from headrace.core.graph import name_scope
from headrace.core.trackable import AutoTrackable

from .variables import Variable

_WORD = re.compile(r"(?<=[a-z0-9])([A-Z])|(?!^)([A-Z](?=[a-z]))")


class _NameScope:
    """A module's name scope, entered by `with` any number of times."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._entered: list[Any] = []

    @property
    def name(self) -> str:
        return self._name

    def __enter__(self) -> str:
        scope = name_scope(self._name)
        self._entered.append(scope)
        return scope.__enter__()

    def __exit__(self, *exc: Any) -> None:
        self._entered.pop().__exit__(*exc)


class Module(AutoTrackable):
    """Base of classes that hold variables: finds those in its attributes, in lists and dicts of them, and in other modules.

    Args:
      name: a valid Python identifier; the class's name in snake case if not given.

    Raises:
      ValueError: `name` is no identifier.

    >>> import headrace as tf
    >>> class Dense(tf.Module):
    ...     def __init__(self, size, name=None):
    ...         super().__init__(name)
    ...         self.w = tf.Variable(tf.ones([size]), name="w")
    ...
    ...     def __call__(self, x):
    ...         return x * self.w
    >>> layer = Dense(2)
    >>> layer.name, len(layer.trainable_variables)
    ('dense', 1)
    """

    _TF_MODULE_IGNORED_PROPERTIES: frozenset[str] = frozenset({"_self_children", "_self_deferred"})

    def __init__(self, name: str | None = None) -> None:
        if name is None:
            name = _WORD.sub(lambda m: "_" + m[0], type(self).__name__).lower()
        if not name.isascii() or not name.isidentifier():
            raise ValueError(
                f"{name!r} is not a valid module name. Module names must be valid Python identifiers (e.g. a valid class name)."
            )
        self._name = name
        with name_scope(name) as scope:
            self._name_scope = _NameScope(scope)

    @property
    def name(self) -> str:
        """The name given, or the class's in snake case (the name scope it was made in is not part of it)."""
        return self._name

    @property
    def name_scope(self) -> Any:
        """The scope that `with_name_scope` methods run in; a context manager."""
        return self._name_scope

    @property
    def variables(self) -> tuple[Any, ...]:
        """The variables of this module and of its submodules, own ones first, attributes in alphabetical order."""
        return tuple(self._flatten(predicate=_is_variable, expand_composites=True))

    @property
    def trainable_variables(self) -> tuple[Any, ...]:
        """Those of `variables` that are trainable."""
        return tuple(
            self._flatten(predicate=lambda v: _is_variable(v) and v.trainable, expand_composites=True)
        )

    @property
    def non_trainable_variables(self) -> tuple[Any, ...]:
        """Those of `variables` that are not trainable."""
        return tuple(
            self._flatten(predicate=lambda v: _is_variable(v) and not v.trainable, expand_composites=True)
        )

    @property
    def submodules(self) -> tuple[Module, ...]:
        """All modules below this one."""
        return tuple(self._flatten(predicate=lambda v: isinstance(v, Module)))

    def _flatten(
        self,
        recursive: bool = True,
        predicate: Callable[[Any], bool] | None = None,
        attribute_traversal_key: Callable[[str], Any] | None = None,
        with_path: bool = False,
        expand_composites: bool = False,
    ) -> Iterator[Any]:
        """The leaves of the attributes, each once: those of this module, then those of its submodules.

        Args:
          recursive: whether to go on into submodules.
          predicate: which leaves to yield; all, if not given.
          attribute_traversal_key: the sorting key of attribute names.
          with_path: yields `(path, leaf)`, a leaf as often as there are paths to it.
          expand_composites: whether composite tensors are taken apart.
        """
        return _walk(
            self,
            recursive,
            predicate or (lambda v: True),
            attribute_traversal_key,
            with_path,
            expand_composites,
            (),
            set(),
            (self,),
        )

    @classmethod
    def with_name_scope(cls, method: Callable[..., Any]) -> Callable[..., Any]:
        """Decorates a method: variables and ops it makes are named `module_name/…`.

        >>> import headrace as tf
        >>> class Layer(tf.Module):
        ...     @tf.Module.with_name_scope
        ...     def build(self):
        ...         return tf.Variable(1.0, name="w").name
        >>> Layer().build()
        'layer/w:0'
        """

        @wraps(method)
        def scoped(self: Module, *args: Any, **kwargs: Any) -> Any:
            with self.name_scope:
                return method(self, *args, **kwargs)

        return scoped


def _is_variable(value: Any) -> bool:
    return isinstance(value, Variable)


def _walk(
    module: Module,
    recursive: bool,
    predicate: Callable[[Any], bool],
    key: Callable[[str], Any] | None,
    with_path: bool,
    expand: bool,
    prefix: tuple[Any, ...],
    seen: set[int],
    above: tuple[Module, ...],
) -> Iterator[Any]:
    """`seen`: the leaves yielded already; `above`: the modules that lead here, which no path enters again."""
    if not with_path:
        seen.add(id(module))
    below: list[tuple[tuple[Any, ...], Module]] = []
    for name in sorted(vars(module), key=key):
        if name in module._TF_MODULE_IGNORED_PROPERTIES:
            continue
        for path, leaf in _leaves(vars(module)[name], expand):
            path = (*prefix, name, *path)
            if not with_path:
                if id(leaf) in seen:
                    continue
                seen.add(id(leaf))
            if predicate(leaf):
                yield (path, leaf) if with_path else leaf
            if recursive and isinstance(leaf, Module) and not any(leaf is m for m in above):
                below.append((path, leaf))
    for path, child in below:
        yield from _walk(child, recursive, predicate, key, with_path, expand, path, seen, (*above, child))


def _leaves(value: Any, expand: bool) -> list[tuple[tuple[Any, ...], Any]]:
    try:
        leaves = nest.flatten_with_paths(value)
    except TypeError:  # a dict whose keys cannot be sorted: in the order it has
        leaves = (
            [((k, *path), leaf) for k, v in value.items() for path, leaf in _leaves(v, expand)]
            if isinstance(value, dict)
            else [((), value)]
        )
    if not expand or not any(nest.is_composite(leaf) for _, leaf in leaves):
        return leaves
    return [
        ((*path, i) if nest.is_composite(leaf) else path, part)
        for path, leaf in leaves
        for i, part in enumerate(nest.flatten(leaf, expand_composites=True))
    ]


__all__ = ["Module"]
