"""What ops without a handle keep from run to run: by name, in the session that runs them, or in the process when eager."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

from headrace.core.state import state

_lock = threading.Lock()
_eager: dict[Any, Any] = {}


def table() -> dict[Any, Any]:
    """Everything that is kept where the op runs."""
    return _eager if state.streams is None else state.streams


def kept(key: tuple[Any, ...], make: Callable[[], Any]) -> Any:
    """What is kept under that key; made when it is first asked for."""
    own = table()
    with _lock:
        found = own.get(key)
        if found is None:
            found = own[key] = make()
        return found


__all__ = ["kept", "table"]
