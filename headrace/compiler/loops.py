"""Loops that run from the host because something in them must: above all `while` over the elements of a dataset.

Where that is possible, such a loop is split in two (loop distribution: Allen and Kennedy, "Optimizing Compilers for Modern
Architectures", 2001, section 6.2). What decides about going on, and takes the elements, is its *control*: it runs on the host,
up to `AHEAD` iterations ahead. The rest is its *work*: compiled, as a loop over the elements that were taken."""

from __future__ import annotations

import dataclasses
import logging
from collections.abc import Sequence
from typing import Any

import numpy as np

from headrace import runtime
from headrace.core import dispatch, dtypes
from headrace.core.graph import CONST, FuncGraph, Operation
from headrace.core.op import lookup
from headrace.core.shapes import known
from headrace.core.state import EAGER, building, state
from headrace.core.tensor import EagerTensor, wrap, wrap_object
from headrace.ops import functional
from headrace.ops.functional import inner_graphs

from .bound import run_graph
from .lower import needed
from .optimise import NOTHING
from .optimise.inline import has_host_ops
from .optimise.rewriter import Rewriter, stand_in
from .plan import runs_on_host

log = logging.getLogger("headrace")
AHEAD = 32  # iterations
MEMORY = 64 << 20  # bytes of elements
_TAKES = frozenset({"IteratorGetNext", "IteratorGetNextAsOptional"})


def run_loop(cond: FuncGraph, body: FuncGraph, values: list[EagerTensor]) -> list[EagerTensor]:
    """Runs a While on eager tensors."""
    if state.mode == EAGER and state.device is None:
        found = body.memo.get("split")
        if found is None or found[0] != (cond, cond.revision, body.revision):
            found = body.memo["split"] = (cond, cond.revision, body.revision), _split(cond, body)
        split = found[1]
        if split is not None and split.may_run_ahead(values):
            return split(values)
    while bool(run_graph(cond, values)[0]._host()):
        values = run_graph(body, values)
    return values


dispatch.run_loop = run_loop


class _Whole(Exception):
    """The loop cannot be split: why."""


def _split(cond: FuncGraph, body: FuncGraph) -> Split | None:
    try:
        return Split(cond, body)
    except _Whole as why:
        log.debug("%s runs from the host, iteration by iteration: %s", body.name, why)
        return None


class Split:
    """A loop in two parts. Loop variables are `steering` (control needs them), `worked` (numbers that the work makes anew),
    `packed` (optionals whose components it makes, and nobody reads in the loop), or stay the same."""

    def __init__(self, cond: FuncGraph, body: FuncGraph) -> None:
        self.cond = cond
        body = _given(cond, body)
        nodes = [n for n in needed(body, body.outputs) if n.type != "Placeholder"]
        if any(t is None or t._is_eager for t in body.outputs):
            raise _Whole("a result is known before it runs")
        place = {id(t): i for i, t in enumerate(body.inputs)}
        same = {i for i, t in enumerate(body.outputs) if t is body.inputs[i]}

        steering = {_index(cond, t) for t in _reached(cond.outputs)[1]} - same
        while True:
            control, reached = _reached([body.outputs[i] for i in steering])
            more = {place[id(t)] for t in reached} - same - steering
            if not more:
                break
            steering |= more
        settled = {id(body.inputs[i]) for i in steering | same}  # what control may look at
        work: list[Operation] = []
        packers: dict[int, Operation] = {}
        for n in nodes:
            if id(n) in control:
                settled |= {id(t) for t in n.outputs}
            elif runs_on_host(n) and not n.op_def.stateful and all(id(t) in settled for t in n.inputs):
                control.add(id(n))
                settled |= {id(t) for t in n.outputs}
            elif n.type == "OptionalFromValue":
                packers[id(n.outputs[0])] = n
            else:
                work.append(n)
        self.control = [n for n in nodes if id(n) in control]
        self._check(work)

        fresh = [i for i in range(len(body.inputs)) if i not in steering and i not in same]
        self.packed = {
            i: list(packers[id(body.outputs[i])].inputs) for i in fresh if id(body.outputs[i]) in packers
        }
        self.worked = [i for i in fresh if i not in self.packed]
        self.steering, self.same = sorted(steering), sorted(same)
        unread = {id(body.inputs[i]) for i in self.packed} | set(packers)
        results = [t for ts in self.packed.values() for t in ts]
        asked = [*(t for n in work for t in n.inputs), *results, *(body.outputs[i] for i in self.worked)]
        if any(id(t) in unread for t in asked) or len(packers) > len(self.packed):
            raise _Whole("an optional is looked into")
        if not all(known(t._raw_shape) for t in results):
            raise _Whole("a result's shape is not known beforehand")
        made = {id(t) for n in work for t in n.outputs} | {
            id(body.inputs[i]) for i in [*self.worked, *self.same]
        }
        taken = {id(t): t for t in asked if id(t) not in made}
        self.taken = list(taken.values())
        numbers = [*self.taken, *results, *(body.inputs[i] for i in self.worked)]
        if any(t._dtype.kind in "srv" for t in numbers):
            raise _Whole("strings, lists or resources go through it")
        self.fixed = [i for i in self.same if any(body.inputs[i] is t for t in asked)]

        self.ahead = _part(
            body, "control", self.control, [*(body.outputs[i] for i in self.steering), *self.taken]
        )
        used = _reached(self.taken)[0]
        early = [n for n in self.control if id(n) in used]
        late = [n for n in self.control if id(n) not in used]
        if any(map(_takes, early)) and any(map(_takes, late)):
            raise _Whole("elements are taken before and after the work")
        # What the work needs when the element after it cannot be taken.
        self.last = None if any(map(_takes, early)) else _part(body, "last", early, self.taken)
        self.chunk = self._chunk(body, work, results)
        self.capacities: dict[Any, int] = {}

    def _check(self, work: Sequence[Operation]) -> None:
        """Control must not see what the work does, and the work must compile."""
        if not work:
            raise _Whole("there is nothing to compile")
        for n in work:
            if runs_on_host(n) or any(map(has_host_ops, inner_graphs(n))):
                raise _Whole(f"{n.type} (defined at {n.site}) runs on the host")
        for n in self.control:
            for inner in [n, *_within(n)]:
                stateful = inner.op_def.stateful and inner.type not in _TAKES
                if stateful and inner.type != "Placeholder" and not inner_graphs(inner):
                    raise _Whole(f"{inner.type} (defined at {inner.site}) decides about going on")
        if not any(map(_takes, self.control)):
            raise _Whole("it takes no elements")

    def _chunk(self, body: FuncGraph, work: Sequence[Operation], results: Sequence[Any]) -> FuncGraph:
        """The work of several iterations: (how many, elements one upon the other …, worked …, fixed …) -> worked, results."""
        chunk = FuncGraph(f"{body.name}_work")
        chunk.outer = None
        with building(chunk, tapes=()):
            count = chunk.argument(dtypes.int32, ())
            shapes = [t._raw_shape for t in self.taken]
            stacks = [
                chunk.argument(t._dtype, None if s is None else (None, *s))
                for t, s in zip(self.taken, shapes)
            ]
            worked = [chunk.argument_like(body.inputs[i]) for i in self.worked]
            fixed = [chunk.argument_like(body.inputs[i]) for i in self.fixed]
            zeros = [chunk.constant(np.zeros(t._raw_shape, t._dtype._np), t._dtype) for t in results]
            start = [
                chunk.constant(np.zeros((), np.int32), dtypes.int32),
                count,
                *worked,
                *zeros,
                *stacks,
                *fixed,
            ]
        test = FuncGraph("more", chunk)
        with building(test, tapes=()):
            test.outputs = [lookup("Less")(*[test.argument_like(t) for t in start][:2])]
        once = FuncGraph("once", chunk)
        with building(once, tapes=()):
            inputs = [once.argument_like(t) for t in start]
            j, k = inputs[0], 2 + len(worked)
            env = {id(body.inputs[i]): t for i, t in zip(self.worked, inputs[2:k])}
            env |= {id(body.inputs[i]): t for i, t in zip(self.fixed, inputs[len(inputs) - len(fixed) :])}
            k += len(zeros)
            for t, stack in zip(self.taken, inputs[k : k + len(stacks)]):
                env[id(t)] = lookup("GatherV2")(stack, j, 0)
            ready: dict[int, Operation] = {}
            for n in work:
                before = [ready[id(c)] for c in n.control_inputs if id(c) in ready]
                other = ready[id(n)] = stand_in(once, n, [env[id(t)] for t in n.inputs], before)
                once.operations.append(other)
                env |= {id(t): new for t, new in zip(n.outputs, other.outputs)}
            made = [env[id(body.outputs[i])] for i in self.worked] + [env[id(t)] for t in results]
            once.outputs = [lookup("AddV2")(j, 1), inputs[1], *made, *inputs[2 + len(made) :]]
        with building(chunk, tapes=()):
            chunk.outputs = functional.loop(test, once, start)[2 : 2 + len(worked) + len(zeros)]
        return chunk

    def may_run_ahead(self, values: Sequence[Any]) -> bool:
        """Whether taking an element has no effect that the work could notice, and does not depend on what the work does."""
        held = [v._host().item() for v in values if v._dtype.kind == "r"]
        return all(getattr(h, "may_run_ahead", True) for h in held)

    def __call__(self, values: list[EagerTensor]) -> list[EagerTensor]:
        values = list(values)
        n = len(self.steering)
        pending: list[list[EagerTensor]] = []
        kind: Any = None
        size = 0
        while True:
            more = False
            try:
                more = bool(run_graph(self.cond, values)[0]._host())
                if more:
                    made = run_graph(self.ahead, values)
                    shapes = [t._raw_shape for t in made[n:]]
            except Exception:
                self._finish(values, pending, more)
                raise
            if pending and (not more or shapes != kind or len(pending) == AHEAD or size > MEMORY):
                self._work(values, pending)
                pending, size = [], 0
            if not more:
                return values
            for i, value in zip(self.steering, made):
                values[i] = value
            pending.append(made[n:])
            kind, size = shapes, size + sum([t._host().nbytes for t in made[n:]])

    def _finish(
        self, values: list[EagerTensor], pending: Sequence[Sequence[EagerTensor]], begun: bool
    ) -> None:
        """Control failed (in an iteration that has begun, or before): the work up to there is done."""
        if pending:
            self._work(values, pending)
        if self.last is None or not begun:
            return
        try:
            elements = run_graph(self.last, values)
        except Exception:  # noqa: BLE001 — the failure was there, and is raised already
            return
        self._work(values, [elements])

    def _work(self, values: list[EagerTensor], pending: Sequence[Sequence[EagerTensor]]) -> None:
        """The work of the iterations whose elements are `pending`; its results go into `values`."""
        key = tuple([t._raw_shape for t in pending[0]])
        capacity = self.capacities[key] = max(self.capacities.get(key, 0), len(pending))
        stacks = []
        for column in zip(*pending):
            stack = runtime.aligned_empty((capacity, *column[0]._raw_shape), column[0]._dtype._np)
            for i, t in enumerate(column):
                stack[i] = t._host()
            stacks.append(wrap(stack, column[0]._dtype))
        count = wrap(np.array(len(pending), np.int32), dtypes.int32)
        others = [values[i] for i in [*self.worked, *self.fixed]]
        results = iter(run_graph(self.chunk, [count, *stacks, *others]))
        for i in self.worked:
            values[i] = next(results)
        for i, components in self.packed.items():
            values[i] = wrap_object(tuple([next(results) for _ in components]), dtypes.variant)


def _part(body: FuncGraph, name: str, nodes: list[Operation], outputs: list[Any]) -> FuncGraph:
    """Some nodes of a body, as a function of its inputs."""
    part = FuncGraph(f"{body.name}_{name}")
    part.outer = None
    part.inputs, part.operations, part.outputs = body.inputs, nodes, outputs
    part.memo["pruned"] = True
    return part


def _given(cond: FuncGraph, body: FuncGraph) -> FuncGraph:
    """The body, given that the condition held: conditionals on the same condition are their first branch."""
    r = Rewriter(body, _INLINE)
    yes: Any = None
    for node in body.operations:
        for t in node.outputs:
            if t._dtype is dtypes.bool_ and _alike(t, body, cond.outputs[0], cond):
                yes = yes or r.constant(node, np.array(True), dtypes.bool_)
                r.values[id(t)] = yes
    return body if yes is None else r.result()


_INLINE = dataclasses.replace(NOTHING, inline=True, dead=True)


def _alike(a: Any, at: FuncGraph, b: Any, bt: FuncGraph) -> bool:
    """Whether tensors of two graphs with the same inputs are computed the same way."""
    if a._is_eager or b._is_eager:
        return a is b
    if a.op.type == "Placeholder" or b.op.type == "Placeholder":
        return a.op.type == b.op.type and _index(at, a) == _index(bt, b) is not None
    if (
        a.op.op_def is not b.op.op_def
        or a.value_index != b.value_index
        or len(a.op.inputs) != len(b.op.inputs)
    ):
        return False
    if a.op.op_def is CONST:
        x, y = a.op.attrs["value"], b.op.attrs["value"]
        return x.dtype == y.dtype and np.array_equal(x, y)
    if a.op.op_def.stateful or inner_graphs(a.op):
        return False
    return a.op.attrs == b.op.attrs and all(_alike(x, at, y, bt) for x, y in zip(a.op.inputs, b.op.inputs))


def _index(graph: FuncGraph, t: Any) -> Any:
    return next((i for i, x in enumerate(graph.inputs) if x is t), None)


def _reached(tensors: Sequence[Any]) -> tuple[set[int], list[Any]]:
    """The ids of the nodes that tensors are computed by, and the graph's inputs among what they are computed from."""
    nodes: set[int] = set()
    inputs: dict[int, Any] = {}
    stack = [t for t in tensors if not t._is_eager]
    while stack:
        t = stack.pop()
        if t.op.type == "Placeholder":
            inputs[id(t)] = t
        elif id(t.op) not in nodes:
            nodes.add(id(t.op))
            stack.extend(x for x in t.op.inputs if not x._is_eager)
    return nodes, list(inputs.values())


def _takes(node: Operation) -> bool:
    return any(n.type in _TAKES for n in (node, *_within(node)))


def _within(node: Operation) -> list[Operation]:
    return [n for g in inner_graphs(node) for inner in g.operations for n in (inner, *_within(inner))]


__all__ = ["run_loop"]
