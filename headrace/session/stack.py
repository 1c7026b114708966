"""The default session: the innermost `with session:` of the thread."""

from __future__ import annotations

import threading
from typing import Any


class _Stack(threading.local):
    def __init__(self) -> None:
        self.sessions: list[Any] = []


_stack = _Stack()


def push(session: Any) -> None:
    _stack.sessions.append(session)


def pop(session: Any) -> None:
    """Takes a session off the stack; they may end in another order than they began."""
    for i in range(len(_stack.sessions) - 1, -1, -1):
        if _stack.sessions[i] is session:
            del _stack.sessions[i]
            return


def get_default_session() -> Any:
    """The innermost session entered in this thread, or None."""
    return _stack.sessions[-1] if _stack.sessions else None


def default_session(what: str = "evaluate a tensor or run an operation", graph: Any = None) -> Any:
    """The default session; ValueError when there is none, or it runs another graph."""
    session = get_default_session()
    if session is None:
        raise ValueError(
            f"Cannot {what}: No default session is registered. Use `with sess.as_default()` or pass an explicit session "
            "(`session=sess`)."
        )
    if graph is not None and session.graph is not graph:
        raise ValueError(
            f"Cannot use the default session to {what}: the tensor's graph is different from the session's graph. Pass an "
            "explicit session."
        )
    return session
