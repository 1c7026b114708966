"""`tensorflow.python.util.deprecation`: decorators that warn of what is deprecated."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from headrace.session import logs

_PRINT_DEPRECATION_WARNINGS = True  # programs set it to False


def deprecated(date: Any, instructions: str, warn_once: bool = True) -> Callable[[Any], Any]:
    """Decorator: logs, at the first call, that a function is deprecated, and what to do instead.

    Args:
      date: when it goes, or None.
      warn_once: whether only the first call is logged."""

    def decorate(function: Callable[..., Any]) -> Callable[..., Any]:
        told = False

        @functools.wraps(function)
        def call(*args: Any, **kwargs: Any) -> Any:
            nonlocal told
            if _PRINT_DEPRECATION_WARNINGS and not (told and warn_once):
                told = True
                when = f"after {date}" if date else "in a future version"
                logs.warning(
                    "%s is deprecated and will be removed %s. %s", function.__name__, when, instructions
                )
            return function(*args, **kwargs)

        return call

    return decorate


def deprecated_args(date: Any, instructions: str, *names: Any, **options: Any) -> Callable[[Any], Any]:
    """Decorator: logs that arguments are deprecated, when one of them is given by name."""

    def decorate(function: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(function)
        def call(*args: Any, **kwargs: Any) -> Any:
            used = [n for n in names if isinstance(n, str) and n in kwargs]
            if used and _PRINT_DEPRECATION_WARNINGS:
                logs.warning("%s: %s is deprecated. %s", function.__name__, ", ".join(used), instructions)
            return function(*args, **kwargs)

        return call

    return decorate


def deprecated_arg_values(
    date: Any, instructions: str, warn_once: bool = True, **deprecated_kwargs: Any
) -> Callable[[Any], Any]:
    """Decorator: logs that values of arguments are deprecated, when these are given by name."""

    def decorate(function: Callable[..., Any]) -> Callable[..., Any]:
        told: set[str] = set()

        @functools.wraps(function)
        def call(*args: Any, **kwargs: Any) -> Any:
            for name, value in deprecated_kwargs.items():
                used = name in kwargs and (kwargs[name] is value or kwargs[name] == value)
                if used and _PRINT_DEPRECATION_WARNINGS and not (warn_once and name in told):
                    told.add(name)
                    logs.warning("%s: %s=%r is deprecated. %s", function.__name__, name, value, instructions)
            return function(*args, **kwargs)

        return call

    return decorate


def deprecated_argument_lookup(new_name: str, new_value: Any, old_name: str, old_value: Any) -> Any:
    """The value of an argument that has an older name, too.

    Raises:
      ValueError: both are given."""
    if old_value is None:
        return new_value
    if new_value is not None:
        raise ValueError(f"Cannot specify both {old_name!r} and {new_name!r}.")
    return old_value
