"""What the current thread is doing: which graph is being built, which tapes listen, on which device."""

from __future__ import annotations

import contextvars
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from .graph import Graph

EAGER, RECORDING, OTHER = 0, 1, 2


class State(threading.local):
    """Per-thread dispatch state. `mode` condenses the rest into one number for the fast paths:
    EAGER (host, nobody listens), RECORDING (host, tapes listen), OTHER (a graph is built, or a device was chosen)."""

    graph: Graph | None = None
    tapes: tuple[Any, ...] = ()
    device: str | None = None
    # Called with (op, inputs, attrs, outputs) after every op, or node added to a graph.
    observers: tuple[Any, ...] = ()
    mode: int = EAGER
    # While a session runs: the states of its random ops, and what others keep.
    streams: dict[Any, Any] | None = None
    node: Any = None  # the node that runs on the host, while a program does
    call: Any = None  # the call of a function that it is in, or what stands for one within others
    deadline: float | None = None  # on the monotonic clock: when the run of a session must be over
    signal: Any = None  # while an op runs that may wait, if others can run meanwhile: see ops/waiting.py
    stepper: Any = None  # while a run is watched op by op: runs graphs, in the place of their programs
    ahead: Any = None  # the scope in which programs may run while Python goes on: see compiler/ahead.py
    reached: set[int] | None = None  # while a gradient rule runs: the tensors whose gradients matter

    def __init__(self) -> None:
        # Host kernels run in a context of their own in which NumPy's floating-point warnings are off (infinities
        # and NaNs are ordinary results here). `Context.run` costs nothing; `np.errstate` costs 2 µs per op.
        context = contextvars.Context()
        context.run(np.seterr, all="ignore")
        self.run = context.run


state = State()


def _update(graph: Any, tapes: tuple[Any, ...], device: str | None) -> None:
    state.graph, state.tapes, state.device = graph, tapes, device
    state.mode = (
        OTHER if graph is not None or device is not None or state.observers else RECORDING if tapes else EAGER
    )


@contextmanager
def building(graph: Graph | None, *, tapes: tuple[Any, ...] | None = None) -> Iterator[None]:
    """Makes `graph` the one that ops are added to (None: eager). `tapes=None` keeps the current listeners."""
    saved = state.graph, state.tapes, state.device
    _update(graph, saved[1] if tapes is None else tapes, saved[2] if graph is None else None)
    try:
        yield
    finally:
        _update(*saved)


@contextmanager
def no_recording() -> Iterator[None]:
    """Nothing that happens inside is recorded by any tape."""
    saved = state.tapes
    _update(state.graph, (), state.device)
    try:
        yield
    finally:
        _update(state.graph, saved, state.device)


def set_tapes(tapes: tuple[Any, ...]) -> None:
    _update(state.graph, tapes, state.device)


def set_observers(observers: tuple[Any, ...]) -> None:
    state.observers = observers
    _update(state.graph, state.tapes, state.device)


def set_device(device: str | None) -> None:
    _update(state.graph, state.tapes, device)


def set_graph(graph: Graph | None) -> None:
    _update(graph, state.tapes, state.device)


def elsewhere(values: Iterable[Any]) -> Graph | None:
    """The plain graph that tensors and variables among `values` (or in lists there) are in, if it is not the plain graph that
    is being built: operations on them belong there."""
    current = state.graph
    if current is None or current.building_function:
        return None
    for value in values:
        kind = type(value)
        if kind is float or kind is int:
            continue
        if kind is list or kind is tuple:
            if value and type(value[0]) in (float, int, bool, str, bytes, list):
                continue  # numbers, perhaps very many
            graph = elsewhere(value)
        else:
            graph = getattr(value, "graph", None) or getattr(value, "_home", None)
        if getattr(graph, "building_function", True) is False:
            return None if graph is current else graph
    return None


def executing_eagerly() -> bool:
    """True when ops run at once, False while a graph or a `tf.function` is being built.

    >>> from headrace.core.state import executing_eagerly
    >>> executing_eagerly()
    True
    """
    return state.graph is None


@contextmanager
def init_scope() -> Iterator[None]:
    """Lifts ops out of function building: inside, ops run eagerly (or in the outermost plain graph, without control
    dependencies) and no tape records."""
    graph = state.graph
    while graph is not None and graph.building_function:
        graph = graph.outer
    with building(graph, tapes=()):
        if graph is None:
            yield
        else:
            with graph.control_dependencies(None):
                yield


def inside_function() -> bool:
    """True while the body of a `tf.function` is being traced."""
    return state.graph is not None and state.graph.building_function
