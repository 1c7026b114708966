"""Stands in for `tensorflow.python.eager.context`."""

from __future__ import annotations

from headrace.compiler import ahead
from headrace.core.state import executing_eagerly, init_scope

__all__ = ["async_wait", "context", "eager_mode", "executing_eagerly"]

eager_mode = init_scope


def async_wait() -> None:
    """Waits for what runs later in an `async_scope` of this thread, and raises its error. Nothing else is pending that could still
    fail: on CPU programs run in the calling thread, and on other devices whoever reads a result waits for it."""
    ahead.wait()


class Context:
    """The process's eager context."""

    def clear_kernel_cache(self) -> None:
        """Drops the one-op programs compiled for eager ops."""
        from headrace.compiler import eager

        eager.clear()

    def executing_eagerly(self) -> bool:
        return executing_eagerly()

    def async_wait(self) -> None:
        async_wait()

    def ensure_initialized(self) -> None:
        """The runtime starts by itself when it is first used."""


_context = Context()


def context() -> Context:
    return _context


def _reset_context() -> None:
    """Drops what eager ops keep. The devices stay as they are: a runtime that has started keeps them."""
    _context.clear_kernel_cache()
