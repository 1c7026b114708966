"""The graph that is being built in this thread, and the name scope in force."""

from __future__ import annotations

import contextvars
from collections.abc import Iterator
from contextlib import contextmanager

from headrace.core.state import state

from .graph import Graph

outermost: Graph | None = None  # the process's own graph, once it was asked for
_eager_scope: contextvars.ContextVar[str] = contextvars.ContextVar("headrace_name_scope", default="")


def get_default_graph() -> Graph:
    """The graph being built; outside of any, the process's own one."""
    global outermost
    if state.graph is not None:
        return state.graph
    if outermost is None:
        outermost = Graph("default")
    return outermost


@contextmanager
def name_scope(name: str | None) -> Iterator[str]:
    """Prefixes the names of ops and variables made inside."""
    graph = state.graph
    if graph is None:
        saved = _eager_scope.get()
        scope = "" if not name else name if name.endswith("/") else f"{saved}{name}/"
        token = _eager_scope.set(scope)
        try:
            yield scope
        finally:
            _eager_scope.reset(token)
    else:
        with graph.name_scope(name) as scope:
            yield scope


def current_scope() -> str:
    """The name-scope prefix in force, `""` or ending in `/`."""
    return state.graph._scope if state.graph is not None else _eager_scope.get()
