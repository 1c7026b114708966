"""`tf.autograph`: what turns Python control flow on tensors into graph control flow."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from headrace.compiler import autograph

from . import autograph_experimental as experimental

__all__ = ["experimental", "set_verbosity", "to_code", "to_graph", "trace"]
ROOT: list[str] = []


def to_graph(
    entity: Callable[..., Any], recursive: bool = True, experimental_optional_features: Any = None
) -> Callable[..., Any]:
    """Converts a Python function into one whose control flow works on tensors of a graph being built.
    `tf.function` does this by itself.

    Args:
      entity: a function or method. A method becomes a function that takes `self`.
      recursive: whether the functions it calls are converted too.
      experimental_optional_features: a `tf.autograph.experimental.Feature`, or several.

    Raises:
      ValueError: the function cannot be converted; the message says why.

    >>> import headrace as tf
    >>> def sign(x):
    ...     if x > 0:
    ...         return 1
    ...     else:
    ...         return -1
    >>> int(tf.autograph.to_graph(sign)(tf.constant(-3)))
    -1
    """
    return autograph.to_graph(entity, recursive, experimental_optional_features)


def to_code(
    entity: Callable[..., Any], recursive: bool = True, experimental_optional_features: Any = None
) -> str:
    """The source code of what `to_graph` makes, to look at.

    >>> import headrace as tf
    >>> def double(x):
    ...     return 2 * x
    >>> "def tf__double(x):" in tf.autograph.to_code(double)
    True
    """
    return autograph.converted_source(entity, recursive, experimental_optional_features)


def set_verbosity(level: int, alsologtostdout: bool = False) -> None:
    """How much AutoGraph says about what it does: 0 warnings only, 1 or more everything, through the logger
    "headrace.autograph".

    Args:
      alsologtostdout: whether it is written to the standard output, too.
    """
    autograph.set_verbosity(level, alsologtostdout)


def trace(*args: Any) -> None:
    """Prints its arguments while a function is traced, never when its graph runs.

    >>> import headrace as tf
    >>> tf.autograph.trace("tracing", 1)
    tracing 1
    """
    print(*args)  # noqa: T201
