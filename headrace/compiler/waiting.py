"""Host steps with operations that wait for others (queues): what does not need their results goes on meanwhile, since it
may be what they wait for."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import Any

from headrace.core.graph import Operation
from headrace.core.state import state
from headrace.ops.waiting import Blocked, deadline_exceeded, remaining

Run = Callable[[Operation, dict[int, Any]], None]


def overlapping(nodes: Sequence[Operation]) -> bool:
    """Whether there is something to do while one of the nodes waits that may end the waiting: whether nodes with effects
    follow that do not need it."""
    for i, node in enumerate(nodes):
        if node.op_def.waits:
            after = {id(node)}
            for n in nodes[i + 1 :]:
                if _needs(n, after):
                    after.add(id(n))
                elif n.op_def.stateful:
                    return True
    return False


def _needs(node: Operation, others: set[int]) -> bool:
    return any(id(t.op) in others for t in node.inputs if not t._is_eager) or any(
        id(c) in others for c in node.control_inputs
    )


def run_waiting(nodes: Sequence[Operation], env: dict[int, Any], run: Run) -> None:
    """Runs the nodes in order, except that nodes whose turn in a line has not come are finished when it has."""
    signal = threading.Semaphore(0)
    waiting: list[tuple[Operation, Blocked]] = []
    try:
        left = _run_possible(nodes, env, waiting, signal, run)
        while waiting:
            if not signal.acquire(timeout=remaining()):
                raise deadline_exceeded()
            for entry in [e for e in waiting if e[1].attempt.done]:
                waiting.remove(entry)
                _run(entry[0], env, entry[1].attempt, run)
            left = _run_possible(left, env, waiting, signal, run)
    except BaseException:
        for _, blocked in waiting:
            blocked.resource.leave(blocked.attempt)
        raise


def _run_possible(
    nodes: Sequence[Operation],
    env: dict[int, Any],
    waiting: list[tuple[Operation, Blocked]],
    signal: Any,
    run: Run,
) -> list[Operation]:
    """Runs what does not depend on a waiting node; returns the rest."""
    held = {id(node) for node, _ in waiting}
    left = []
    for node in nodes:
        if _needs(node, held):
            held.add(id(node))
            left.append(node)
            continue
        try:
            _run(node, env, signal if node.op_def.waits else None, run)
        except Blocked as blocked:
            held.add(id(node))
            waiting.append((node, blocked))
    return left


def _run(node: Operation, env: dict[int, Any], signal: Any, run: Run) -> None:
    state.signal = signal
    try:
        run(node, env)
    finally:
        state.signal = None
