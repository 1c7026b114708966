"""`tf.experimental`: how ops run, and plug-ins."""

from __future__ import annotations

import contextlib
import warnings
from collections.abc import Iterator

from headrace.core import errors

__all__ = [
    "async_clear_error",
    "async_scope",
    "enable_strict_mode",
    "function_executor_type",
    "register_filesystem_plugin",
]


@contextlib.contextmanager
def async_scope() -> Iterator[None]:
    """A block whose ops may run later than they are called, but not later than its end. Here they run at once.

    >>> import headrace as tf
    >>> with tf.experimental.async_scope():
    ...     x = tf.constant(1) + 1
    >>> int(x)
    2
    """
    yield


def async_clear_error() -> None:
    """Forgets the errors of ops that run later. Here ops raise where they are called, so there is none to forget."""


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
