"""The name scopes of functions that are composed of several ops.

In a graph, what such a function adds lies in a scope of its own, and its results have names that programs know:
`tf.nn.moments` gives `moments/Squeeze` and `moments/Squeeze_1`, whatever it is composed of here. Tags of summaries, names of
shadow variables and fetches by name follow from that. A function says so where it is defined:

    @scoped("moments", "Squeeze", "Squeeze_1")
    def moments(x, axes, ..., name=None): ...

Its body need not care: it is called without a name, adds ops as it likes, and its results are renamed."""

from __future__ import annotations

import functools
from collections.abc import Callable
from inspect import CO_VARKEYWORDS
from types import FunctionType
from typing import Any, TypeVar

from . import nest
from .graph import Operation
from .specs import CompositeTensor
from .state import OTHER, building, elsewhere, state
from .tensor import SymbolicTensor

_UNCHANGED = (None,)
F = TypeVar("F", bound=Callable[..., Any])


def scoped(default: str, *ends: str | None, argument: str = "name", again: bool = False) -> Callable[[F], F]:
    """Gives a function a name scope in graphs; outside of them, it is called as it stands.

    Args:
      default: the scope's name where the caller gives none.
      ends: what the results are called inside the scope, in their order: tuples, lists, dicts and composite tensors are gone
        through, things that are neither tensors nor operations passed over. "" is the scope's own name, None leaves a
        name as it is. Without any: one result, with the scope's own name.
      argument: which of the function's arguments is the name, if it has such a one. The function gets None for it.
      again: the function gets the name for itself, too.

    >>> from headrace.core.scoping import scoped
    >>> import headrace as tf
    >>> @scoped("twice", "sum")
    ... def twice(x, name=None):
    ...     return x + x
    >>> with tf.Graph().as_default():
    ...     x = tf.compat.v1.placeholder(tf.float32)
    ...     twice(x).name, twice(x, name="given").name
    ('twice/sum:0', 'given/sum:0')
    """
    names = _UNCHANGED if ends == _UNCHANGED else ends or ("",)

    def decorate(function: F) -> F:
        position = _position(function, argument)

        @functools.wraps(function)
        def call(*args: Any, **kwargs: Any) -> Any:
            graph = state.graph
            if graph is None:
                return function(*args, **kwargs)
            if not graph.building_function and (home := elsewhere((*args, *kwargs.values()))) is not None:
                with building(home):
                    return call(*args, **kwargs)
            name = None
            if position is not None:
                if len(args) > position:
                    name = args[position]
                    if not again:
                        args = (*args[:position], None, *args[position + 1 :])
                else:
                    name = kwargs.get(argument)
                    if not again:
                        kwargs[argument] = None
            saved = graph._scope
            scope = graph._scope = graph.scope_named(name) if name else graph.unique_name(default) + "/"
            try:
                result = function(*args, **kwargs)
            finally:
                graph._scope = saved
            if names is not _UNCHANGED:
                _rename(graph, scope, result, iter(names))
            return result

        return call  # type: ignore[return-value]

    return decorate


def at_home(function: F) -> F:
    """A function of tensors that may be of another graph than the one that is being built: it adds its ops to theirs.
    (Ops do so by themselves, functions with a scope, too; this is for others that make constants first.)"""

    @functools.wraps(function)
    def call(*args: Any, **kwargs: Any) -> Any:
        if state.mode == OTHER and (home := elsewhere((*args, *kwargs.values()))) is not None:
            with building(home):
                return function(*args, **kwargs)
        return function(*args, **kwargs)

    return call  # type: ignore[return-value]


def called(result: Any, *ends: str) -> Any:
    """The result (or several), called so inside the current scope: for names that depend on arguments.

    >>> from headrace.core.scoping import called
    >>> import headrace as tf
    >>> with tf.Graph().as_default(), tf.name_scope("norm"):
    ...     called(tf.sqrt(tf.compat.v1.placeholder(tf.float32)), "Squeeze").name
    'norm/Squeeze:0'
    """
    graph = state.graph
    if graph is not None:
        _rename(graph, graph._scope, result, iter(ends))
    return result


_NOWHERE = 1 << 30  # the place of arguments that are only given by keyword


def _position(function: Any, argument: str) -> int | None:
    """Where the argument stands; None if there is none such."""
    while type(function) is not FunctionType or hasattr(function, "__wrapped__"):
        function = function.__wrapped__
    code = function.__code__
    names = code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]
    if argument in names[: code.co_argcount]:
        return names.index(argument)
    return _NOWHERE if argument in names or code.co_flags & CO_VARKEYWORDS else None


def _rename(graph: Any, scope: str, result: Any, ends: Any) -> None:
    kind = type(result)
    if kind is SymbolicTensor or kind is Operation:
        end = next(ends, None)
        node = result.op if kind is SymbolicTensor else result
        if end is not None and node.graph is graph and node.name.startswith(scope):
            graph.rename(node, scope + end if end else scope[:-1])
    elif isinstance(result, (list, tuple)):
        for item in result:
            _rename(graph, scope, item, ends)
    elif isinstance(result, dict):
        _rename(graph, scope, list(result.values()), ends)
    elif isinstance(result, CompositeTensor):
        _rename(graph, scope, nest.flatten(result, expand_composites=True), ends)
