"""AutoGraph: Python control flow on tensors becomes graph control flow.

A function is rewritten once per code object: `diastatic-malt` turns its statements into calls of operators
(`if_stmt`, `for_stmt`, `converted_call` …), and those, defined here, choose while tracing between Python's
own behaviour and a graph op.

    twins.py       a function's converted code, in memory and on disk
    source.py      a function's source → malt's passes → code that still points into the user's file
    calls.py       which calls are converted, and how
    branches.py    if, ternary, and/or/not, assert
    loops.py       while, for
    builtins.py    len, range, print … on tensors
    lists.py       lists as tensor lists (`Feature.LISTS`)
    messages.py    errors told in terms of the user's code

This module is what the rest of the package uses; malt itself is imported by the first conversion."""

from __future__ import annotations

import functools
import logging
import sys
import threading
from collections.abc import Callable, Iterable
from types import MethodType
from typing import Any

from .options import Feature, Options, set_loop_options

__all__ = [
    "Feature",
    "Options",
    "Status",
    "control_status",
    "convert",
    "converted_source",
    "do_not_convert",
    "set_loop_options",
    "set_verbosity",
    "tf_convert",
    "to_graph",
    "within",
]


class Status(threading.local):
    """Whether the code now running on this thread was asked to be converted: True, False, or None (nobody
    said)."""

    enabled: bool | None = None
    options: Options | None = None


_status = Status()


def control_status() -> tuple[bool | None, Options | None]:
    """The status to hand to `tf_convert` later, from inside a function whose callee is the user's."""
    return _status.enabled, _status.options


class within:
    """Sets the status inside a `with` block."""

    __slots__ = ("saved", "status")

    def __init__(self, enabled: bool | None, options: Options | None = None) -> None:
        self.status = enabled, options

    def __enter__(self) -> None:
        self.saved = _status.enabled, _status.options
        _status.enabled, _status.options = self.status

    def __exit__(self, *exc: object) -> None:
        _status.enabled, _status.options = self.saved


def _features(features: Feature | Iterable[Feature] | None) -> frozenset[str]:
    chosen = () if features is None else (features,) if isinstance(features, Feature) else tuple(features)
    for f in chosen:
        if not isinstance(f, Feature):
            raise TypeError(
                f"Optional features must be of tf.autograph.experimental.Feature, received {f!r}."
            )
    return frozenset(f.name for f in chosen)


def convert(
    function: Callable[..., Any], features: Feature | Iterable[Feature] | None = None, recursive: bool = True
) -> Callable[..., Any]:
    """A callable that runs `function` converted, to be called while tracing. Errors name the user's files and
    lines."""
    options = Options(recursive, _features(features))
    owner = getattr(function, "__self__", None)
    if owner is not None and not isinstance(function, MethodType) and hasattr(function, "__func__"):
        # A method in other clothes: one that holds its object weakly.
        function = MethodType(function.__func__, owner)

    def converted(*args: Any, **kwargs: Any) -> Any:
        from . import calls, messages

        with within(True, options):
            try:
                return calls.convert_and_call(function, args, kwargs, options)
            except Exception as error:
                # What is not to be converted raises its errors as they are.
                if not calls.is_artifact(function):
                    messages.tell_in_user_terms(error)
                raise

    return converted


def tf_convert(
    function: Callable[..., Any], status: tuple[bool | None, Options | None] | None = None
) -> Callable[..., Any]:
    """For functions of this package that call one of the user's (`map_fn`, `Dataset.map` …): converts it if
    the code around is converted. `status` is what `control_status()` said where the user's code ended."""
    from . import calls

    enabled, options = control_status() if status is None else status
    if calls.is_artifact(function):
        return function

    def call(*args: Any, **kwargs: Any) -> Any:
        with within(enabled, options):
            if enabled is False:
                return function(*args, **kwargs)
            return calls.convert_and_call(function, args, kwargs, options or Options(True, frozenset()))

    return calls.artifact(_like(call, function))


def _like(wrapper: Callable[..., Any], function: Callable[..., Any]) -> Callable[..., Any]:
    try:
        return functools.update_wrapper(wrapper, function)
    except (AttributeError, TypeError):  # a callable without a writable name
        return wrapper


def do_not_convert(func: Callable[..., Any] | None = None) -> Any:
    """A decorator: AutoGraph leaves the function, and what it calls, as it is.

    >>> import headrace as tf
    >>> @tf.autograph.experimental.do_not_convert
    ... def double(x):
    ...     return x * 2
    >>> double(4)
    8
    """
    if func is None:
        return do_not_convert
    if not callable(func):
        raise TypeError(f"do_not_convert takes a function, received {func!r}.")

    def wrapper(*args: Any, **kwargs: Any) -> Any:
        with within(False):
            return func(*args, **kwargs)

    from . import calls

    return calls.artifact(_like(wrapper, func))


def to_graph(entity: Callable[..., Any], recursive: bool = True, features: Any = None) -> Callable[..., Any]:
    """The converted function itself."""
    from . import calls, twins

    function = _plain(entity)
    twin = twins.twin(function, Options(recursive, _features(features)))
    converted = twin.bind(function)
    return calls.artifact(converted)


def converted_source(entity: Callable[..., Any], recursive: bool = True, features: Any = None) -> str:
    """The converted function's source code."""
    from . import twins

    return twins.twin(_plain(entity), Options(recursive, _features(features))).text


def _plain(entity: Any) -> Any:
    function = entity.__func__ if isinstance(entity, MethodType) else entity
    if not hasattr(function, "__code__"):
        raise ValueError(
            f"AutoGraph converts Python functions and methods; "
            f"{entity!r} has no code of its own. For a tf.function pass its `python_function`."
        )
    return function


_stdout: logging.Handler | None = None


def set_verbosity(level: int, also_to_stdout: bool = False) -> None:
    """From level 1 on every conversion is logged, with the code it made."""
    global _stdout
    log = logging.getLogger("headrace.autograph")
    log.setLevel(logging.DEBUG if level > 0 else logging.NOTSET)
    if _stdout is not None:
        log.removeHandler(_stdout)
        _stdout = None
    if also_to_stdout:
        _stdout = logging.StreamHandler(sys.stdout)
        log.addHandler(_stdout)
