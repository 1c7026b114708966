"""`make_template`: a function whose variables are made at its first call, and shared by all later ones."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from headrace.core.graph import get_default_graph
from headrace.core.state import state

from .keys import GraphKeys
from .scopes import variable_scope
from .variable_store import AUTO_REUSE, VariableScope, get_variable_scope


class Template:
    """A function that shares its variables between calls; see `make_template`."""

    def __init__(
        self,
        name: str,
        function: Callable[..., Any],
        create_scope_now: bool,
        unique_name: str | None,
        custom_getter: Any,
    ) -> None:
        self._function, self._name, self._unique_name, self._custom_getter = (
            function,
            name,
            unique_name,
            custom_getter,
        )
        self._scope: VariableScope | None = None
        self._created = False
        self.__name__, self.__doc__ = name, function.__doc__
        if create_scope_now:
            with self._new_scope() as scope:
                self._scope = scope

    def _new_scope(self) -> Any:
        return variable_scope(self._unique_name, self._name, custom_getter=self._custom_getter)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        if self._scope is None:
            with self._new_scope() as scope:
                self._scope = scope
                result = self._function(*args, **kwargs)
        else:
            # What exists is reused; what the first call did not make is an error.
            before = {id(v) for v in _trained()}
            with variable_scope(self._scope, reuse=True if self._created else AUTO_REUSE):
                result = self._function(*args, **kwargs)
            made = [v for v in _trained() if id(v) not in before]
            if self._created and made:
                raise ValueError(
                    "Trainable variable created when calling a template after the first time, perhaps you used tf.Variable "
                    f"when you meant tf.get_variable: {made}"
                )
        self._created = True
        return result

    @property
    def name(self) -> str:
        return self._name

    @property
    def func(self) -> Callable[..., Any]:
        return self._function

    @property
    def variable_scope(self) -> VariableScope | None:
        return self._scope

    var_scope = variable_scope  # its name of old

    @property
    def variable_scope_name(self) -> str | None:
        return None if self._scope is None else self._scope.name

    def _in_scope(self, collection: str) -> list[Any]:
        return [] if self._scope is None else self._scope.get_collection(collection)

    @property
    def variables(self) -> list[Any]:
        return self.global_variables + self.local_variables

    @property
    def trainable_variables(self) -> list[Any]:
        return self._in_scope("trainable_variables")

    @property
    def global_variables(self) -> list[Any]:
        return self._in_scope("variables")

    @property
    def local_variables(self) -> list[Any]:
        return self._in_scope("local_variables")


def _trained() -> list[Any]:
    """The variables of the graph that are trained; none eagerly."""
    return [] if state.graph is None else get_default_graph().get_collection(GraphKeys.TRAINABLE_VARIABLES)


def make_template(
    name_: str, func_: Callable[..., Any], create_scope_now_: bool = False, unique_name_: str | None = None,
    custom_getter_: Any = None, **kwargs: Any,
) -> Template:  # fmt: skip
    """A function that makes its variables (with `get_variable`) at its first call and reuses them at every later one.

    Args:
      name_: the scope's name, made unique; `unique_name_` is used as it is.
      kwargs: arguments of `func_` that all calls have.

    Raises (when it is called):
      ValueError: a later call makes a variable that is trained (with `tf.Variable`), or asks for one that is not there.

    >>> import headrace as tf
    >>> v1 = tf.compat.v1
    >>> with tf.Graph().as_default():
    ...     scale = v1.make_template("scale", lambda x: x * v1.get_variable("w", []))
    ...     a, b = scale(1.0), scale(2.0)
    ...     [v.name for v in v1.global_variables()]
    ['scale/w:0']
    """
    function = functools.partial(func_, **kwargs) if kwargs else func_
    get_variable_scope()  # the store exists before the first call
    return Template(name_, function, create_scope_now_, unique_name_, custom_getter_)
