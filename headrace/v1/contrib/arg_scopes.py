"""`arg_scope`: default arguments for functions, inside of a context."""

from __future__ import annotations

import functools
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any


class _Stack(threading.local):
    def __init__(self) -> None:
        self.scopes: list[dict[Any, dict[str, Any]]] = [{}]


_stack = _Stack()
_decorated: set[Any] = set()


def arg_scope_func_key(op: Any) -> Any:
    """What a function's defaults are listed under in a scope."""
    return getattr(op, "_key_op", str(op))


def has_arg_scope(func: Any) -> bool:
    """Whether a function was decorated with `add_arg_scope`."""
    return arg_scope_func_key(func) in _decorated


def add_arg_scope(func: Callable[..., Any]) -> Callable[..., Any]:
    """Decorator: lets `arg_scope` give the function's arguments other defaults."""
    key = (
        getattr(func, "__module__", ""),
        getattr(func, "__qualname__", getattr(func, "__name__", str(func))),
    )

    @functools.wraps(func)
    def with_defaults(*args: Any, **kwargs: Any) -> Any:
        defaults = _stack.scopes[-1].get(key)
        return func(*args, **({**defaults, **kwargs} if defaults else kwargs))

    with_defaults._key_op = key  # type: ignore[attr-defined]
    with_defaults.__doc__ = func.__doc__
    _decorated.add(key)
    return with_defaults


def current_arg_scope() -> dict[Any, dict[str, Any]]:
    """The defaults in force, by function."""
    return _stack.scopes[-1]


def arg_scoped_arguments(func: Any) -> tuple[str, ...]:
    """The arguments of a decorated function that have defaults."""
    target = func.__wrapped__
    count = len(target.__defaults__ or ())
    names = target.__code__.co_varnames[: target.__code__.co_argcount]
    return names[-count:] if count else ()


@contextmanager
def arg_scope(list_ops_or_scope: Any, **kwargs: Any) -> Iterator[dict[Any, dict[str, Any]]]:
    """A context in which functions have other default arguments.

    Args:
      list_ops_or_scope: functions decorated with `add_arg_scope`, or a scope (what `with arg_scope(…) as scope` gives) to
        enter again.
      kwargs: the arguments.

    Raises:
      TypeError: it is neither a list of functions nor a scope.
      ValueError: a scope is given with arguments, or a function that is not decorated.

    >>> @add_arg_scope
    ... def scaled(x, by=1.0):
    ...     return x * by
    >>> with arg_scope([scaled], by=3.0):
    ...     scaled(2.0), scaled(2.0, by=1.0)
    (6.0, 2.0)
    """
    if isinstance(list_ops_or_scope, dict):
        if kwargs:
            raise ValueError(
                "When attempting to re-use a scope by supplying a dictionary, kwargs must be empty."
            )
        scope = list_ops_or_scope.copy()
    else:
        if not isinstance(list_ops_or_scope, (list, tuple)):
            raise TypeError("list_ops_or_scope must either be a list/tuple or reused scope (i.e. dict)")
        scope = dict(current_arg_scope())
        for op in list_ops_or_scope:
            if not has_arg_scope(op):
                raise ValueError(f"{getattr(op, '__name__', op)} is not decorated with @add_arg_scope")
            key = arg_scope_func_key(op)
            scope[key] = {**scope.get(key, {}), **kwargs}
    _stack.scopes.append(scope)
    try:
        yield scope
    finally:
        _stack.scopes.pop()
