"""Where stateful random ops are in their streams: a place per op and seeds when eager, per node in a graph.

A compiled program takes a node's place as an argument that the host hands over at every run, so that running
again gives new numbers without compiling again."""

from __future__ import annotations

import os
import threading
from functools import partial
from types import SimpleNamespace
from typing import Any

import numpy as np

from headrace.core import dtypes
from headrace.core.state import state

from .formula import lift
from .philox import State


class Counters:
    """The advancing states of stateful ops: one per op and seeds when eager, one per node of a graph."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._eager: dict[Any, np.ndarray] = {}
        self._generation = 0  # of `set_seed`: states from before it start anew

    def restart(self) -> None:
        with self._lock:
            self._eager.clear()
            self._generation += 1

    def eager(self, key: Any, seed: int, seed2: int, blocks: int) -> np.ndarray:
        """The state for this run of the op; sets `blocks` blocks of the stream aside."""
        with self._lock:
            table = self._eager
            if state.streams is not None and state.node is not None:
                table, node = state.streams, _place(state.node)
                key = id(node) if node.type == key[0] else (id(node), key)
            found = table.get(key)
            if found is None:
                found = table[key] = _fresh_state(seed, seed2)
            return _advance(found, blocks)

    def node(self, node: Any, blocks: int) -> np.ndarray:
        """The same for a node of a graph."""
        node = _place(node)
        with self._lock:
            if state.streams is not None:  # a session's nodes have streams of their own
                own = state.streams.get(id(node))
                if own is None:
                    own = state.streams[id(node)] = _fresh_state(node.attrs["seed"], node.attrs["seed2"])
                return _advance(own, blocks)
            found = node.__dict__.get("_random")
            if found is None or found[0] != self._generation:
                found = node.__dict__["_random"] = (
                    self._generation,
                    _fresh_state(node.attrs["seed"], node.attrs["seed2"]),
                )
            return _advance(found[1], blocks)


COUNTERS = Counters()


def original(node: Any) -> Any:
    """The node of the program's graph: what runs in its place, in one run or another, goes on where it was."""
    return node.__dict__.get("_in_place_of", node)


def inside(call: Any, node: Any) -> Any:
    """What stands for a node in one call of the function that it is in: each call has its own place in the node's stream, the
    same whether the calls around it are compiled or run."""
    path = (*_path(call), *_path(node))
    table = path[0].__dict__.setdefault("_inside", {})
    key = tuple(map(id, path))
    if key not in table:
        table[key] = SimpleNamespace(type=node.type, attrs=node.attrs, path=path)
    return table[key]


def _path(node: Any) -> tuple[Any, ...]:
    node = original(node)
    return node.__dict__.get("path") or (node,)


def _place(node: Any) -> Any:
    """Where a node that runs now draws from."""
    return original(node) if state.call is None else inside(state.call, node)


def _fresh_state(seed: int, seed2: int) -> np.ndarray:
    """(key, low, high) of a pair of op seeds; (0, 0) asks for a random one."""
    if not seed and not seed2:
        key, high = np.frombuffer(os.urandom(16), np.uint64)
        return np.array([key, 0, high], np.uint64)
    return np.array([seed & (2**64 - 1), 0, seed2 & (2**64 - 1)], np.uint64)


def _advance(state: np.ndarray, blocks: int) -> np.ndarray:
    now = state.copy()
    position = int(state[1]) + (int(state[2]) << 64) + blocks
    state[1], state[2] = position & (2**64 - 1), (position >> 64) & (2**64 - 1)
    return now


def next_counter(node: Any, blocks: int) -> np.ndarray:
    """What a compiled program is handed for a stateful random node before each of its runs: uint64 [key, low,
    high]."""
    return COUNTERS.node(node, blocks)


def runtime_state(b: Any, blocks: int) -> State:
    node = b.node if b.call is None else inside(b.call, b.node)
    value = lift(b, b.runtime_input(object(), (3,), dtypes.uint64, partial(next_counter, node, blocks)))
    key, low, high = value[0], value[1], value[2]
    iteration = getattr(b, "iteration", None)
    if iteration is not None:
        # The host cannot hand over a state for every iteration of a loop: each has its own high word.
        high = high + (lift(b, b.convert(iteration, dtypes.uint64)) << 32)
    return key, low, high
