"""`tf.experimental`: how ops run, and plug-ins."""

from __future__ import annotations

import contextlib
import warnings
from collections.abc import Iterator

from headrace.compiler import ahead
from headrace.core import errors

__all__ = [
    "async_clear_error",
    "async_scope",
    "enable_strict_mode",
    "function_executor_type",
    "register_filesystem_plugin",
]


def async_scope() -> contextlib.AbstractContextManager[None]:
    """A block whose functions may run later than they are called, but not later than its end.

    On the CPU those that take long run in threads while Python goes on to the next call, in the order of their calls as far as
    they write variables; whoever reads a result waits for it. An error is raised where the result is read, by a later call, or
    at the end of the block; what was called after the one that failed changes no variables. All else runs when it is called.

    >>> import headrace as tf
    >>> with tf.experimental.async_scope():
    ...     x = tf.constant(1) + 1
    >>> int(x)
    2
    """
    return ahead.scope()


def async_clear_error() -> None:
    """Forgets the error of functions of an `async_scope` that was not raised yet."""
    ahead.clear_error()


def enable_strict_mode() -> None:
    """Makes errors of the warnings about what will go away."""
    warnings.filterwarnings("error", category=DeprecationWarning, module=r"headrace(\.|$)")


@contextlib.contextmanager
def function_executor_type(executor_type: str | None) -> Iterator[None]:
    """A block in which functions are run by an executor of this type. A function is one compiled program here, so all that
    TensorFlow documents mean the same.

    Raises:
      ValueError: there is no such executor.
    """
    known = (None, "", "DEFAULT", "DEFAULT_EXECUTOR", "SINGLE_THREADED_EXECUTOR")
    if executor_type not in known:
        raise ValueError(f"Unknown executor type {executor_type!r}. Expected one of {known[2:]}, or None.")
    yield


def register_filesystem_plugin(plugin_location: str) -> None:
    """Would load a shared library with file systems.

    Raises:
      UnimplementedError: always; such libraries are built for TensorFlow's own runtime.
    """
    raise errors.UnimplementedError(
        None,
        None,
        f"{plugin_location!r} cannot be loaded: file systems come from fsspec. Install its package for your scheme (gcsfs, s3fs …).",
    )
