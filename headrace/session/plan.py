"""A run of a session, planned once: which nodes the fetches need, what goes in, and the compiled program.

The part of the graph that is needed becomes a function from what is fed, and the session's resources, to what is fetched;
`compiler/program.py` runs it like every other function."""

from __future__ import annotations

import math
import threading
import weakref
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from headrace import runtime
from headrace.compiler.bound import bind
from headrace.compiler.program import HostStep, program_of
from headrace.core import errors
from headrace.core.graph import FuncGraph, Graph, Operation
from headrace.core.state import building, state
from headrace.core.tensor import EagerTensor, SymbolicTensor, wrap, wrap_buffer
from headrace.ops.debug import numerics_observer
from headrace.ops.functional import inner_graphs
from headrace.ops.state import VariableState

from .dereference import Dereferenced, handle_of, makes_variable, stand_in
from .feeds import unfed
from .numerics import with_checks
from .worth import Worth

LENT_UP_TO = 1 << 16  # bytes of a feed, above which the copy itself costs more than the buffer around it
COMPILED_FROM = 1 << 20  # elements of new variables, from which on compiling their initialisers pays
CHANGES = frozenset({
    "AssignAddVariableOp", "AssignSubVariableOp", "ResourceCountUpTo", "ResourceGather", "ResourceGatherNd",
    "ResourceStridedSliceAssign",
})  # fmt: skip
Call = Callable[[Sequence[EagerTensor]], list[EagerTensor]]
PLANS: weakref.WeakSet[Plan] = weakref.WeakSet()  # all there are


def outdate_plans() -> None:
    """Makes all plans anew at their next runs: something about how graphs run has changed."""
    for plan in list(PLANS):
        plan.revision = -1


class Plan:
    """`plan(values)` runs what `tensors` and `operations` need with `values` for `feeds`; returns the tensors' values.

    Args:
      resource: gives the session's own tensor for a node that makes a resource (a variable's handle …).
      streams: where the session's random ops are in their streams of numbers, and what its ops without handles keep.
      done: ids of operations that an earlier part of a run in parts did.
      passes: the rewrites of the graph that are made; the process's (`tf.config.optimizer`), if None."""

    def __init__(
        self,
        graph: Graph,
        tensors: Sequence[Any],
        operations: Sequence[Operation],
        feeds: Sequence[Any],
        resource: Callable[[Operation], EagerTensor],
        streams: dict[Any, Any],
        done: set[int] = frozenset(),  # type: ignore[assignment]
        passes: Any = None,
    ) -> None:
        self.graph, self.revision, self.feeds = graph, graph.revision, list(feeds)
        fed = {id(t) for t in feeds}
        nodes = pruned(graph, [*(t.op for t in tensors if id(t) not in fed), *operations], fed)
        if any(n.op_def.waits or n.type.startswith("ReaderRead") for n in nodes):
            nodes = producers_first(nodes)
        makers = [n for n in nodes if makes_resource(n)]
        for n in nodes:
            if n.type == "Placeholder" and id(n.outputs[0]) not in fed:
                raise unfed(n)
        self.handles = [resource(n) for n in makers]
        places = [handle_of(n) for n in makers]
        states = {id(t): h._host().item() for t, h in zip(places, self.handles)}
        self.view = view = FuncGraph(graph.name)
        view.outer = None
        todo = [(_partly_fed(n, fed), id(n) in done) for n in nodes if not makes_resource(n)]
        view.outputs = list(tensors)
        if any(n.op_def.on_handle is not None for n in nodes):
            variables = [(n, t) for n, t in zip(makers, places) if makes_variable(n)]
            self._dereference(todo, variables, states)
        else:
            view.operations = [n for n, ran in todo if not ran]
        observer = numerics_observer()
        if observer is not None:
            view.operations = with_checks(view.operations, observer)
        view.memo["pruned"], view.memo["passes"] = True, passes
        view.inputs = [*feeds, *places]
        self.streams = streams if _keeps(self.view) else None
        assigned = _assigned(view.operations)
        self.assigned = {states[i]: first for i, first in assigned.items() if i in states}
        taken = [t for n in view.operations if inner_graphs(n) for t in n.inputs if id(t) in states]
        self.inside = [s for t in taken if isinstance(s := states[id(t)], VariableState)]
        self.calls: dict[Any, Call] = {}  # by the shapes of what is fed
        self.quick: dict[Any, Call] = {}  # the same, of arrays: what has these shapes was checked before
        self.worth = Worth()
        self.ran: set[Any] = set()  # the shapes that the program was run for
        PLANS.add(self)

    def _dereference(self, todo: Any, variables: Any, states: Mapping[int, Any]) -> None:
        """Puts the handles of variables, and reads of them, in the place of references."""
        view = self.view

        def set_free(handle: Any) -> None:  # other plans count on the shape
            if states[id(handle)].shape is not None:
                states[id(handle)].shape = None
                self.graph.changed()
                self.revision = self.graph.revision

        nodes = Dereferenced(todo, variables, lambda t: states[id(t)].shape, set_free)
        view.outputs = [nodes.value(t) for t in view.outputs]
        view.operations = nodes.operations

    def __call__(self, values: Sequence[EagerTensor]) -> list[EagerTensor]:
        shapes = tuple([v._raw_shape for v in values])
        call = self.calls.get(shapes)
        if self.streams is None:
            outputs = None if call is None else call(values)
            return self._first(shapes, values) if outputs is None else outputs
        saved, state.streams = state.streams, self.streams
        try:
            outputs = None if call is None else call(values)
            return self._first(shapes, values) if outputs is None else outputs
        finally:
            state.streams = saved

    def _first(self, shapes: Any, values: Sequence[EagerTensor]) -> list[EagerTensor]:
        inputs = [*values, *self.handles]
        if any(not s.initialized for s in self.inside):  # the branch that is taken may do without its value
            return self.interpret(inputs)
        new = [s for s in self.assigned if not s.initialized]
        # A run that gives variables their first values happens once: computing it op by op is faster than compiling, if
        # there is not much to compute.
        if new:
            if any(
                s.shape is None or None in s.shape or s.dtype.kind == "s" or not self.assigned[s] for s in new
            ):
                return self.interpret(inputs)
            if sum([math.prod(s.shape) for s in new]) <= COMPILED_FROM:
                return self.interpret(inputs)
            return self._initialize(new, inputs)
        program = program_of(self.view)
        if shapes in self.ran:  # it depends on values, too, and has no call for its shapes
            return program(inputs)
        if not self.worth.compiling(shapes):
            return self.worth.without(shapes, lambda: self.interpret(inputs))
        outputs = self.worth.compile(shapes, lambda: program(inputs))
        self.ran.add(shapes)
        direct = program.direct
        if not program.valued:
            call = bind(program, self.handles, len(values), direct.executable(inputs) if direct else None)
            if call is not None:
                self.calls[shapes], quick = lent(call, values) if direct else (call, None)
                if self.streams is None and quick is not None:
                    self.quick[shapes] = quick
        return outputs

    def _initialize(self, new: Sequence[Any], inputs: Sequence[EagerTensor]) -> list[EagerTensor]:
        """Runs the program on memory that it will overwrite."""
        for s in new:
            s.write(np.zeros(s.shape, s.dtype._np))
        try:
            return program_of(self.view)(inputs)
        except BaseException:
            for s in new:
                s.clear()
            raise

    def explain(self, error: errors.OpError) -> None:
        """Names the graph's own operation, where the error has what took its place in the program. Says of variables without
        a value how they get one, and where they were made.

        Raises:
          NotFoundError: instead of the error, if an operation was to change a resource, or to take rows of it, that has no
            value. (Reading it, and all that is done to references, is an error of the given type.)
        """
        if error._op is not None:
            error._op = self.graph._by_name.get(error._op.name, error._op)
        if not isinstance(error, errors.FailedPreconditionError):
            return
        for t, handle in zip(self.view.inputs[len(self.feeds) :], self.handles):
            state_of = handle._host().item()
            if getattr(state_of, "initialized", True) is False:
                advice = "run its initializer, or tf.compat.v1.global_variables_initializer(), in this session first."
                user = None if makes_variable(t.op) else first_user(self.view.operations, t)
                if user is not None and _needs_resource(user):
                    missing = errors.NotFoundError(
                        None, None,
                        f"Resource localhost/{t.op.name}/N10tensorflow3VarE does not exist: the variable {t.op.name} is "
                        f"uninitialized; {advice}",
                    )  # fmt: skip
                    raise errors.located(missing, self.graph._by_name.get(user.name, user)) from None
                error._op, error._message = (
                    None,
                    f"Attempting to use uninitialized value {t.op.name}: {advice}",
                )
                errors.located(error, t.op)
                return

    def interpret(self, inputs: Sequence[EagerTensor]) -> list[EagerTensor]:
        """Runs op by op on the host, without compiling."""
        env: dict[int, Any] = {id(t): x for t, x in zip(self.view.inputs, inputs)}
        HostStep(self.view.operations, True).run(env)
        return [env[id(t)] for t in self.view.outputs]


def first_user(nodes: Sequence[Operation], handle: Any) -> Operation | None:
    """The first node, also inside of functions, that needs a variable's value."""
    for n in nodes:
        if n.type in ("VarIsInitializedOp", "AssignVariableOp") or not any(t is handle for t in n.inputs):
            continue
        graphs = inner_graphs(n)
        if not graphs:
            return n
        for g in graphs:
            skipped = len(n.inputs) - len(g.inputs)  # a predicate
            inside = next(x for t, x in zip(n.inputs[skipped:], g.inputs) if t is handle)
            if (found := first_user(g.operations, inside)) is not None:
                return found
    return None


def _needs_resource(node: Operation) -> bool:
    """Whether a node looks a variable up in order to change a part of it, or to read one: not one that reads or trains it."""
    return node.type in CHANGES or node.type.startswith("ResourceScatter")


def lent(call: Call, values: Sequence[EagerTensor]) -> tuple[Call, Call | None]:
    """The call with small values written into memory that the device reads: a tenth of the cost of a new buffer each time.
    Programs on the CPU are done with it when the call returns. The second one takes arrays of the tensors' own types."""
    numbers = all(v._dtype.kind not in "srv" and 0 < v._host().nbytes <= LENT_UP_TO for v in values)
    if not values or not numbers or runtime.default_device().platform != "cpu":
        return call, None if values else call
    slots = [runtime.aligned_empty(v._host().shape, v._dtype._np) for v in values]
    tensors = [wrap_buffer(runtime.put(s, zero_copy=True), v._dtype) for s, v in zip(slots, values)]
    lock = threading.Lock()

    def run(arrays: Sequence[Any]) -> list[EagerTensor]:
        if not lock.acquire(blocking=False):  # another thread's values are in there
            return call([wrap(a, t._dtype) for a, t in zip(arrays, tensors)])
        try:
            for slot, array in zip(slots, arrays):
                slot[...] = array
            return call(tensors)
        finally:
            lock.release()

    return (lambda values: run([v._host() for v in values])), run


def _keeps(graph: FuncGraph) -> bool:
    """Whether random ops, or others that keep something without a handle to it, are in a graph, or in those it runs."""
    return any(
        "seed2" in n.attrs or n.op_def.keeps or any(_keeps(g) for g in inner_graphs(n))
        for n in graph.operations
    )


def makes_resource(node: Operation) -> bool:
    """Whether a node makes a resource (a variable, a table, a queue …), which lives as long as the session."""
    return (
        node.op_def.stateful
        and not node.inputs
        and len(node.outputs) == 1
        and (node.outputs[0]._dtype.kind == "r" or node.op_def.refers)
        and node.type not in ("Placeholder", "Stack")  # a stack belongs to one run
    )


def pruned(graph: Graph, roots: Sequence[Operation], fed: set[int]) -> list[Operation]:
    """The nodes that `roots` need, in an order in which they can run. What is fed is not computed."""
    wanted: set[int] = set()
    stack = list(roots)
    while stack:
        node = stack.pop()
        if id(node) in wanted:
            continue
        wanted.add(id(node))
        stack.extend([t.op for t in node.inputs if id(t) not in fed])
        stack.extend(
            [c for c in node.control_inputs if not c.outputs or any(id(t) not in fed for t in c.outputs)]
        )
    nodes = [n for n in graph.operations if id(n) in wanted]
    seen: set[int] = set()
    for n in nodes:  # creation order, unless an input was replaced by a younger node
        if any(id(c) in wanted and id(c) not in seen for c in (*n.control_inputs, *(t.op for t in n.inputs))):
            return _sorted(nodes)
        seen.add(id(n))
    return nodes


def producers_first(nodes: list[Operation]) -> list[Operation]:
    """The order in which a run does not wait for what only itself would do: what a queue is given (without need of what
    comes out of it) before what is taken from it."""
    place = {id(n): i for i, n in enumerate(nodes)}
    early: set[int] = set()
    for taker in nodes:
        reads = taker.type.startswith("ReaderRead")
        if not (reads or (taker.op_def.waits and taker.outputs)) or not taker.inputs:
            continue
        queue = taker.inputs[1 if reads else 0]
        for giver in nodes[place[id(taker)] :]:
            if giver.op_def.waits and not giver.outputs and giver.inputs and giver.inputs[0] is queue:
                needed = _ancestors(giver, place)
                if id(taker) not in needed:
                    early |= needed
    return [n for n in nodes if id(n) in early] + [n for n in nodes if id(n) not in early] if early else nodes


def _ancestors(node: Operation, among: Mapping[int, int]) -> set[int]:
    found: set[int] = set()
    stack = [node]
    while stack:
        n = stack.pop()
        if id(n) in among and id(n) not in found:
            found.add(id(n))
            stack.extend([*n.control_inputs, *(t.op for t in n.inputs)])
    return found


def _sorted(nodes: Sequence[Operation]) -> list[Operation]:
    """Topological order, as near to the given one as it can be."""
    own = {id(n) for n in nodes}
    out: list[Operation] = []
    state: dict[int, bool] = {}  # False: being visited
    for root in nodes:
        stack = [(root, False)]
        while stack:
            node, ready = stack.pop()
            if ready:
                state[id(node)] = True
                out.append(node)
                continue
            if id(node) in state:
                if not state[id(node)]:
                    cycle = f"The graph has a cycle through {node.name!r}."
                    raise errors.located(errors.InvalidArgumentError(None, None, cycle), node)
                continue
            state[id(node)] = False
            stack.append((node, True))
            before = [*node.control_inputs, *(t.op for t in node.inputs)]
            stack.extend(
                [(n, False) for n in reversed(before) if id(n) in own and not state.get(id(n), False)]
            )
    return out


def _partly_fed(node: Operation, fed: set[int]) -> Operation:
    """A node some of whose outputs are fed: its stand-in computes the others only."""
    if not any(id(t) in fed for t in node.outputs):
        return node
    other = stand_in(node, node.op_def, node.inputs, node.attrs, node.control_inputs, 0)
    other.outputs = [
        SymbolicTensor(other, i, t._dtype, t._raw_shape) if id(t) in fed else t
        for i, t in enumerate(node.outputs)
    ]
    return other


def _assigned(nodes: Sequence[Operation]) -> dict[int, bool]:
    """Ids of the handles that are assigned to, and whether that is their first use."""
    used: set[int] = set()
    found: dict[int, bool] = {}
    for n in nodes:
        for t in n.inputs:
            if t._dtype.kind == "r":
                if n.type == "AssignVariableOp" and t is n.inputs[0]:
                    found.setdefault(id(t), id(t) not in used)
                used.add(id(t))
    return found


def make_resource(node: Operation) -> EagerTensor:
    """Runs a node that makes a resource."""
    from headrace.core.dispatch import run_eager

    with building(None, tapes=()):
        return run_eager(node.op_def.on_handle or node.op_def, (), {**node.attrs, **_named(node)})[0]


def _named(node: Operation) -> dict[str, Any]:
    return {"shared_name": node.attrs.get("shared_name") or node.name} if "shared_name" in node.attrs else {}
