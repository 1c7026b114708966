"""Runs in parts: `partial_run_setup` and `partial_run`."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any

from headrace.core import errors
from headrace.core.graph import Operation
from headrace.core.tensor import ReferenceTensor

from .feeds import convert, feed_tensors, feed_values
from .fetches import Fetches
from .plan import Plan, pruned

_numbers = itertools.count()


class Part:
    """A run in progress: what may be fetched and fed, what was, and the values computed so far."""

    def __init__(self, fetches: Fetches, feeds: dict[int, Any]) -> None:
        self.tensors = {id(t): t for t in fetches.tensors}
        self.operations = {id(op): op for op in fetches.operations}
        self.feeds = feeds
        self.values: dict[int, Any] = {}  # of fed and of computed tensors
        self.done: set[int] = set()  # ids of operations that ran
        self.fetched: set[int] = set()  # ids of tensors that the caller has had
        self.known: dict[int, Any] = {}  # the tensors of `values`


def setup(session: Any, fetches: Any, feeds: Sequence[Any] | None) -> str:
    """Announces a run in parts; returns its handle."""
    asked = Fetches(session.graph, fetches)
    fed = {id(t): t for key in feeds or () for t in feed_tensors(session.graph, key)}
    if not asked.tensors and not asked.operations and not fed:
        raise errors.InvalidArgumentError(
            None, None, "No targets specified to be fetched or run in this partial run."
        )
    handle = f"partial_run_{next(_numbers)}"
    session._partial[handle] = Part(asked, fed)
    return handle


def step(session: Any, handle: str, fetches: Any, feed_dict: Any) -> Any:
    """One part of the run."""
    part = session._partial.get(handle)
    if part is None:
        raise errors.InvalidArgumentError(
            None,
            None,
            "Must run 'setup' before performing partial runs, and a finished run cannot go on: call partial_run_setup.",
        )
    asked = Fetches(session.graph, fetches)
    for op in asked.operations:
        if id(op) not in part.operations:
            raise errors.InvalidArgumentError(None, op, f"{op.name} was not specified in partial_run_setup.")
        if id(op) in part.done:
            raise errors.InvalidArgumentError(None, op, f"{op.name} was already run in this partial run.")
    for t in asked.tensors:
        if id(t) not in part.tensors:
            raise errors.InvalidArgumentError(None, t.op, f"{t.name} was not specified in partial_run_setup.")
        if id(t) in part.fetched:
            raise errors.InvalidArgumentError(None, t.op, f"The fetch {t.name} has already been fetched.")
    for key, value in (feed_dict or {}).items():
        tensors = feed_tensors(session.graph, key)
        for t, v in zip(tensors, feed_values(value, len(tensors))):
            if id(t) not in part.feeds:
                raise errors.InvalidArgumentError(
                    None, t.op, f"The feed {t.name} was not specified in partial_run_setup."
                )
            if id(t) in part.values:
                raise errors.InvalidArgumentError(None, t.op, f"The feed {t.name} has already been fed.")
            part.values[id(t)], part.known[id(t)] = convert(t, v), t
    _run(session, part, asked)
    part.fetched |= {id(t) for t in asked.tensors}
    if all(i in part.values for i in part.tensors) and all(i in part.done for i in part.operations):
        del session._partial[handle]
    from .session import _array

    return asked.rebuild([_array(part.values[id(t)]) for t in asked.tensors])


def _run(session: Any, part: Part, asked: Fetches) -> None:
    """Computes what is new, and everything with an effect that it needs, once."""
    fed = set(part.values)
    nodes: list[Operation] = pruned(
        session.graph, [*(t.op for t in asked.tensors if id(t) not in fed), *asked.operations], fed
    )
    for n in nodes:
        for t in n.outputs:
            if id(t) in part.feeds and id(t) not in fed:
                unfed = f"{t.name} must be fed before what depends on it is fetched."
                raise errors.located(errors.InvalidArgumentError(None, None, unfed), n)
    # Later parts start from what this one computed: the tensors of operations with effects, too.
    # (References stay what they are: a variable may be changed in each part.)
    wanted = [t for n in nodes for t in n.outputs if t._dtype.kind not in "rv" and n.type != "Placeholder"]
    wanted = [t for t in wanted if id(t) in part.tensors or not isinstance(t, ReferenceTensor)]
    waiting = [n for n in nodes if id(n) not in part.done]
    wanted = [t for t in wanted if id(t) not in fed]
    given = [t for t in part.known.values() if id(t) in part.feeds or not isinstance(t, ReferenceTensor)]
    plan = Plan(
        session.graph, wanted, [n for n in waiting if not n.outputs or n.op_def.refers], given, session._resource,
        session._streams, done=part.done,
    )  # fmt: skip
    for t, value in zip(wanted, plan([part.values[id(t)] for t in plan.feeds])):
        part.values[id(t)], part.known[id(t)] = value, t
    part.done |= {id(n) for n in nodes}
