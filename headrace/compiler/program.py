"""Running a function's graph: cut it into compiled clusters and host steps, specialise clusters on actual shapes, run them.

One cluster is the normal case. A step runs on the host when XLA cannot hold it (strings, I/O, Python callbacks, shapes that
depend on data); clusters before it compute its inputs, clusters after it take its results. Where a shape depends on a value,
the value becomes part of a cluster's key (an argument), or a cut is made so that it is known before the next cluster compiles."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from headrace import runtime
from headrace.core import dispatch, errors
from headrace.core.errors import located
from headrace.core.graph import FuncGraph, Operation
from headrace.core.shapes import known
from headrace.core.state import building, state
from headrace.core.tensor import EagerTensor
from headrace.ops.functional import Undefined, inner_graphs
from headrace.ops.list_values import ElementSpec, HostList, ListValue
from headrace.ops.state import DONATION, HostResource, VariableState
from headrace.ops.waiting import check_deadline

from .demand import Demand, demand
from .donation import not_in_place
from .executable import Executable
from .hlo import Value, tensor_type
from .lower import CannotLower, Cell, Lowering, NeedsValue, lower_node, needed
from .optimise import optimised
from .plan import closure, cut, lightened, movable
from .waiting import overlapping, run_waiting

log = logging.getLogger("headrace")
PATIENCE = 1  # so many shapes of what the host made is a cluster compiled for, before it is cut differently


class Program:
    """A graph ready to run: `program(inputs)` takes eager tensors for all of `graph.inputs` and returns the outputs."""

    def __init__(self, graph: FuncGraph) -> None:
        self.graph = optimised(graph)
        self.revision = graph.revision
        self.hosted: set[Operation] = set()  # nodes that turned out not to compile
        self.because: dict[Operation, str] = {}  # why, where lowering said so
        self.cuts: set[int] = set()  # ids of tensors whose values must be known before what follows compiles
        self.must_compile = False  # jit_compile=True: a step on the host is an error
        self.valued: set[int] = set()  # ids of cluster inputs whose values are part of the cluster's key
        self.watch: Callable[[Step, float, float], None] | None = None  # is told of each step and when it ran
        self.bound: Any = None  # what `bound.run_graph` found settled, and how often
        self.binds = 0
        self.given: tuple[Any, ...] = ()  # the shapes of the inputs of the latest run
        self._plan()

    def _plan(self) -> None:
        self.steps = self._connected(self._nodes())
        only = self.steps[0] if len(self.steps) == 1 else None
        self.direct = _Direct(self.graph, only) if isinstance(only, Cluster) else None

    def _nodes(self) -> list[Operation]:
        return [n for n in needed(self.graph, self.graph.outputs) if n.type != "Placeholder"]

    def _connected(self, nodes: list[Operation]) -> list[Step]:
        """The nodes in steps, each of which knows what the later ones take of it."""
        groups = lightened(cut(nodes, self.hosted, self.cuts))
        steps = [HostStep(g.nodes, g.must) if g.on_host else Cluster(g.nodes) for g in groups]
        taken: dict[int, Any] = {id(t): t for t in self.graph.outputs}
        for step in reversed(steps):
            step.program = self
            step.connect(taken)
        return steps

    def _results(self, env: dict[int, Any]) -> list[EagerTensor]:
        return [env[id(t)] if not t._is_eager else t for t in self.graph.outputs]

    def __call__(self, inputs: Sequence[EagerTensor]) -> list[EagerTensor]:
        while True:
            try:
                if self.direct is not None and self.watch is None:
                    return self.direct(inputs)
                return self._run(inputs)
            except Replan:
                self._plan()

    def _run(self, inputs: Sequence[EagerTensor]) -> list[EagerTensor]:
        if self.must_compile and any(s.must for s in self.steps if isinstance(s, HostStep)):
            raise errors.InvalidArgumentError(
                None,
                None,
                f"jit_compile=True, but some ops of {self.graph.name} must run on the host. Remove them, or jit_compile.\n{self.describe()}",
            )
        env: dict[int, Any] = {id(t): x for t, x in zip(self.graph.inputs, inputs)}
        self.given = tuple([x._raw_shape for x in inputs])
        steps = self.steps
        done = self._advance(steps, env)
        return self._results(env) if done is None else self.replanned(env, steps[:done], inputs)

    def _advance(self, steps: list[Step], env: dict[int, Any]) -> int | None:
        """Runs the steps. None when all are done; how many were when a new plan had to be made. (A new plan must not
        repeat side effects. What does not compile shows before a cluster's first run; the steps done are kept.)"""
        for k, step in enumerate(steps):
            if state.deadline is not None:
                check_deadline()
            try:
                if self.watch is None:
                    step.run(env)
                else:
                    self.watch(step, *step.timed(env))
            except Replan:
                return k
        return None

    def replanned(
        self, env: dict[int, Any], done: Sequence[Step], inputs: Sequence[EagerTensor]
    ) -> list[EagerTensor]:
        """Goes on with a new plan after `done`; nodes that ran already are not run again."""
        self._plan()
        if not done:
            return self(inputs)
        finished: set[int] = set()
        while True:
            finished |= {id(n) for s in done for n in s.nodes}
            nodes = self._nodes()
            pending = [
                n
                for n in nodes
                if id(n) not in finished and (n.op_def.stateful or any(id(t) not in env for t in n.outputs))
            ]
            steps = self._connected(closure(pending, env, nodes))
            k = self._advance(steps, env)
            if k is None:
                return self._results(env)
            self._plan()
            done = steps[:k]

    def single(self, inputs: Sequence[EagerTensor]) -> Executable:
        """The one compiled program for these inputs; ValueError when some of the work is done on the host."""
        while True:
            if self.direct is None:
                raise ValueError(f"{self.graph.name} does not compile to one program:\n{self.describe()}")
            try:
                return self.direct.executable(inputs)
            except Replan:
                self._plan()

    def describe(self) -> str:
        """The plan, for people: what compiles together, and what runs on the host and why."""
        lines = [f"{self.graph.name}: {len(self.steps)} step(s)"]
        lines += [f"  {i}. {step.describe()}" for i, step in enumerate(self.steps)]
        return "\n".join(lines)


class Replan(Exception):
    """The plan changed: make it anew."""


def run_node(node: Operation, env: dict[int, Any]) -> None:
    """Runs a node on the host: from eager tensors in `env` to others there."""
    if node.type == "Identity":
        env[id(node.outputs[0])] = env[id(node.inputs[0])]
        return
    state.node = node
    try:
        inputs = [env[id(t)] for t in node.inputs]
        if state.graph is None and not state.tapes:
            results = dispatch.run_eager(node.op_def, inputs, node.attrs)
        else:
            with building(None, tapes=()):
                results = dispatch.run_eager(node.op_def, inputs, node.attrs)
    except Exception as error:
        located(error, node)
        raise
    for t, value in zip(node.outputs, results):
        env[id(t)] = value


class HostStep:
    """Nodes that run one by one on eager tensors."""

    program: Program

    def __init__(self, nodes: list[Operation], must: bool) -> None:
        self.nodes = nodes
        self.must = must  # be on the host: XLA cannot do it
        self.waits = overlapping(nodes)

    def connect(self, taken: dict[int, Any]) -> None:
        made: set[int] = set()
        for node in self.nodes:
            taken.update({id(t): t for t in node.inputs if id(t) not in made})
            made.update([id(t) for t in node.outputs])

    def run(self, env: dict[int, Any]) -> None:
        if self.waits:
            run_waiting(self.nodes, env, run_node)
            return
        for node in self.nodes:
            run_node(node, env)

    def timed(self, env: dict[int, Any]) -> tuple[float, float]:
        """Runs; when it began and ended."""
        began = time.perf_counter()
        self.run(env)
        return began, time.perf_counter()

    def describe(self) -> str:
        return "host: " + ", ".join([f"{n.type} ({n.site})" for n in self.nodes])


class Cluster:
    """Nodes that compile into one program per shapes of its inputs."""

    program: Program

    def __init__(self, nodes: list[Operation]) -> None:
        self.nodes = nodes
        self.executables: dict[Any, Executable] = {}
        self.seen: dict[Any, list[dict[int, Any]]] = {}  # what was specialised on, by what was given
        made = {id(t) for n in nodes for t in n.outputs}
        seen: dict[int, Any] = {}
        for n in nodes:
            for t in n.inputs:
                if id(t) not in made:
                    seen.setdefault(id(t), t)
        self.inputs = list(seen.values())
        self.handles = [t for t in self.inputs if t._dtype.kind == "r"]
        self.tensors = [t for t in self.inputs if t._dtype.kind != "r"]
        self.lists = [i for i, t in enumerate(self.tensors) if t._dtype.kind == "v"]
        self.fixed = not self.lists and all(known(t._raw_shape) for t in self.tensors)
        self.outputs: list[Any] = []

    def connect(self, taken: dict[int, Any]) -> None:
        self.outputs = [t for n in self.nodes for t in n.outputs if id(t) in taken]
        for t in self.inputs:
            taken[id(t)] = t

    def run(self, env: dict[int, Any]) -> None:
        results = self.execute(*self._given(env))
        for t, value in zip(self.outputs, results):
            env[id(t)] = value

    def timed(self, env: dict[int, Any]) -> tuple[float, float]:
        """Runs, and waits for what the device computes; when that began and ended. Compiling is not part of it."""
        tensors, states = self._given(env)
        self.executable(tensors, states)
        began = time.perf_counter()
        self.run(env)
        with DONATION:  # otherwise another thread could give a variable's buffer away
            for buffer in [*[env[id(t)]._buf for t in self.outputs], *[s.buffer for s in states]]:
                if buffer is not None:
                    runtime.wait(buffer)
        return began, time.perf_counter()

    def _given(self, env: dict[int, Any]) -> tuple[list[EagerTensor], list[VariableState]]:
        return [env[id(t)] for t in self.tensors], [env[id(t)]._host().item() for t in self.handles]

    def execute(self, tensors: Sequence[EagerTensor], states: Sequence[VariableState]) -> list[EagerTensor]:
        executable = self.executable(tensors, states)
        if self.lists:
            tensors = list(tensors)
            for i in self.lists:
                tensors[i] = tensors[i]._host().item().stacked()
        return executable.run(tensors, states)

    def executable(self, tensors: Sequence[EagerTensor], states: Sequence[VariableState]) -> Executable:
        """The program for these shapes (and, where they matter, values)."""
        for t, s in zip(self.handles, states):
            if isinstance(s, VariableState) and not s.initialized:
                self._first_value_on_host(t, s)
        valued = self.program.valued
        key: Any = tuple(
            [
                x._raw_shape if id(t) not in valued else (x._raw_shape, x._host().tobytes())
                for t, x in zip(self.tensors, tensors)
            ]
            + [_list_key(tensors[i]) for i in self.lists]
            + [s.current_shape() if s.shape is None or None in s.shape else None for s in states]
            + ([states.index(s) for s in states] if len(set(map(id, states))) != len(states) else [])
            + ([state.device] if state.device is not None else [])
        )
        found = self.executables.get(key)
        if found is None:
            if self.lists and self.executables:
                self._grown_lists_to_host(key)
            found = self.executables[key] = self._compile(tensors, states)
        return found

    def _grown_lists_to_host(self, key: Any) -> None:
        """Lists that are longer or shorter than before while all else is the same, those of a loop that runs from the host,
        would need a program for each length. The host adds and takes elements, the cluster computes them."""
        first, last = len(self.tensors), len(self.tensors) + len(self.lists)
        if any(k[:first] == key[:first] and k[last:] == key[last:] for k in self.executables):
            for node in self.nodes:
                if any(t._dtype.kind == "v" for t in (*node.inputs, *node.outputs)):
                    self.program.hosted.add(node)
                    self.program.because[node] = "lists of changing length enter a compiled program"
            raise Replan

    def lowered(
        self, b: Lowering, tensors: Sequence[EagerTensor], states: Sequence[VariableState]
    ) -> tuple[dict[int, Any], list[Value], list[int], list[Cell], list[int], list[Value]]:
        """Lowers the nodes with `b`: what their tensors became, parameters and their places among the tensors, variables,
        their places among the handles, and what they begin with.

        Raises:
          Replan: some node cannot be compiled; the program knows now."""
        valued = self.program.valued
        env: dict[int, Any] = {}
        parameters: list[Value] = []
        positions: list[int] = []
        for i, (t, x) in enumerate(zip(self.tensors, tensors)):
            if id(t) in valued:
                env[id(t)] = x._host()
            elif t._dtype.kind == "v":
                env[id(t)], buffer = self._enter_list(b, t, x)
                if buffer is not None:
                    parameters.append(buffer)
                    positions.append(i)
            else:
                env[id(t)] = b.fresh(x._raw_shape, x._dtype)
                parameters.append(env[id(t)])
                positions.append(i)
        cells: dict[int, Cell] = {}
        unique: list[int] = []
        for i, (t, s) in enumerate(zip(self.handles, states)):
            if isinstance(s, HostResource):
                self._consumers_to_host(t, f"{s!r} enters a compiled program")
            if id(s) not in cells:
                cells[id(s)] = Cell(b.fresh(s.current_shape(), s.dtype))
                unique.append(i)
            env[id(t)] = cells[id(s)]
        order = [cells[id(states[i])] for i in unique]
        starts = [c.value for c in order]
        b.used = {id(t) for n in self.nodes for t in n.inputs} | {id(t) for t in self.outputs}
        for node in self.nodes:
            try:
                lower_node(b, node, env)
            except CannotLower as error:
                self._give_up(node, error)
        return env, parameters, positions, order, unique, starts

    def _compile(self, tensors: Sequence[EagerTensor], states: Sequence[VariableState]) -> Executable:
        device = runtime.default_device() if state.device is None else runtime.find_device(state.device)
        b = Lowering(device.platform)
        b.differentiated = _differentiated(self.nodes)
        b.unchecked = self.program.must_compile
        b.checking = not b.unchecked
        env, parameters, positions, order, unique, starts = self.lowered(b, tensors, states)
        self._keep_steady(env)
        results = [env[id(t)] for t in self.outputs]
        refused: dict[Operation, CannotLower] = {}
        lists: dict[int, Any] = {}  # how list results are put together, by their place
        for k, (t, r) in enumerate(zip(self.outputs, results)):
            if isinstance(r, ListValue):
                try:
                    results[k] = r.ready(b)
                except CannotLower as error:
                    refused[t.op] = error
                    continue
                lists[k] = r.length
                if not isinstance(r.length, int):
                    refused[t.op] = CannotLower(t.op, "a list of unknown length leaves the compiled program")
            elif not isinstance(r, (Value, np.ndarray, Undefined)):
                refused[t.op] = CannotLower(t.op, f"a {type(r).__name__} leaves the compiled program")
        self._give_up_all(refused)
        computed = [r for r in results if isinstance(r, Value)]
        written = [k for k, c in enumerate(order) if c.written]
        returned = [order[k].value for k in written] + computed + ([b.status.value] if b.messages else [])
        extra = list(b.runtime_inputs.values())
        held = list(b.held.values())
        inputs = [*starts, *parameters, *[value for value, _ in held], *[r.value for r in extra]]
        new = [order[k].value for k in written]
        copied = not_in_place(b.lines, [starts[k] for k in written], new) if device.platform == "cpu" else ()
        aliases = {k: j for j, k in enumerate(written) if j not in copied}
        text = b.function(inputs, returned, module=_module_name(self.program.graph.name), aliases=aliases)
        program = (
            runtime.compile(
                text,
                [(v.shape, v.dtype._np) for v in returned],
                device=device,
                options={} if b.differentiated else _FORWARD,
            )
            if returned
            else None
        )
        layout = [
            (
                None
                if isinstance(r, Value)
                else r
                if isinstance(r, np.ndarray)
                else np.zeros((), t._dtype._np),
                t._dtype,
            )
            for r, t in zip(results, self.outputs)
        ]
        return Executable(
            program,
            text,
            positions,
            unique,
            written,
            [runtime.put(array, device) for _, array in held],
            [r.provider for r in extra],
            layout,
            {k: (n, results[k].dtype) for k, n in lists.items()},
            b.messages,
        )

    def _keep_steady(self, env: dict[int, Any]) -> None:
        """Shapes that depend on data (how many words a batch has) may be new in every run, though the inputs are of the same
        shapes. Rather than compile everything anew each time, what such shapes touch moves to the host, up to where they are
        steady again (a padded batch) or where the work is too much for the host."""
        if not any(isinstance(step, HostStep) for step in self.program.steps):
            return
        shapes = {
            id(t): getattr(env.get(id(t)), "shape", None) for n in self.nodes for t in (*n.inputs, *n.outputs)
        }
        values = [t for t in shapes if t in self.program.valued and type(env.get(t)) is np.ndarray]
        shapes.update({t: env[t].tobytes() for t in values})
        seen = self.seen.setdefault(self.program.given, [])
        seen.append(shapes)
        if len(seen) <= PATIENCE:
            return
        unsteady = {t for t in shapes if any(shapes[t] != other.get(t) for other in seen)}
        moved = movable(self.nodes, unsteady)
        del seen[1:]
        if moved:
            log.debug(
                "%s runs on the host: its shapes change from run to run", ", ".join(n.name for n in moved)
            )
            self.program.hosted |= moved
            raise Replan

    def _enter_list(self, b: Lowering, t: Any, x: EagerTensor) -> tuple[ListValue, Value | None]:
        """A list from outside: its buffer is a parameter, its length is known."""
        value = x._host().item()
        if not isinstance(value, HostList):
            self._consumers_to_host(t, f"a {type(value).__name__} enters a compiled program")
        if not value.length:
            return ListValue(None, 0, value.dtype, ElementSpec(None, None)), None
        stacked = value.stacked()
        if stacked is None:
            self._consumers_to_host(
                t, "a list whose elements are missing or differ in shape enters a compiled program"
            )
        buffer = b.fresh(stacked._raw_shape, value.dtype)
        return ListValue(
            buffer, value.length, value.dtype, ElementSpec(buffer.shape[1:], buffer.shape[0])
        ), buffer

    def _first_value_on_host(self, handle: Any, variable: VariableState) -> None:
        """A compiled program begins with the values of its variables: what gives one its first runs before, on the host."""
        assigning = {n for n in self.nodes if n.type == "AssignVariableOp" and n.inputs[0] is handle}
        if not assigning:
            variable.read()  # raises the documented error
        self.program.hosted |= assigning
        raise Replan

    def _consumers_to_host(self, t: Any, why: str) -> None:
        for node in self.nodes:
            if any(x is t for x in node.inputs):
                log.debug("%s runs on the host: %s", node.name, why)
                self.program.hosted.add(node)
                self.program.because[node] = why
        raise Replan

    def _give_up(self, node: Operation, error: CannotLower) -> None:
        """Something in the cluster cannot be compiled as it stands: change the plan so that it can."""
        program = self.program
        if isinstance(error, NeedsValue):
            found = demand(error, node, {id(t) for t in self.tensors})
            before = len(program.cuts) + len(program.valued)
            if isinstance(found, Demand):
                program.cuts |= found.cuts
                program.valued |= found.values
                if len(program.cuts) + len(program.valued) > before:
                    raise Replan
        if node in program.hosted:
            raise error
        log.debug("%s runs on the host: %s", node.name, error)
        program.hosted.add(node)
        program.because[node] = str(error) if error.trail else error.why
        raise Replan

    def _give_up_all(self, refused: dict[Operation, CannotLower]) -> None:
        """As `_give_up`, with one new plan for all."""
        for node, error in refused.items():
            if isinstance(error, NeedsValue) or node is [*refused][-1]:
                self._give_up(node, error)
            self.program.hosted.add(node)
            self.program.because[node] = str(error) if error.trail else error.why

    def describe(self) -> str:
        return (
            f"compiled: {len(self.nodes)} ops, {len(self.tensors)} inputs, {len(self.handles)} variables, "
            f"{len(self.outputs)} outputs, {len(self.executables)} specialisation(s)"
        )


def _module_name(name: str) -> str:
    return "".join([c if c.isalnum() else "_" for c in name]) or "f"


Step = HostStep | Cluster

# YNNPACK runs whole forward networks as one piece; what it is slow at are the gradients of convolutions (runtime/options.py).
_FORWARD = {"xla_cpu_experimental_ynn_fusion_type": None}


def _differentiated(nodes: Sequence[Operation]) -> bool:
    """Whether a backward pass is among the nodes, or in the graphs they run."""
    for n in nodes:
        if n.type.endswith(("Grad", "GradV2", "GradV3")) or "Backprop" in n.type:
            return True
        if any(_differentiated(g.operations) for g in inner_graphs(n)):
            return True
    return False


def _list_key(x: EagerTensor) -> Any:
    """What of a list a compiled program depends on: element shape and type, capacity and length."""
    value = x._host().item()
    stacked = value.stacked() if isinstance(value, HostList) else None
    return None if stacked is None else (stacked._raw_shape, value.dtype, value.length)


class _Direct:
    """The short way through a program of one cluster whose outputs are all its own."""

    def __init__(self, graph: FuncGraph, cluster: Cluster) -> None:
        self.cluster = cluster
        where = {id(t): i for i, t in enumerate(graph.inputs)}
        self.tensors = [where[id(t)] for t in cluster.tensors]
        self.handles = [where[id(t)] for t in cluster.handles]
        out = {id(t): i for i, t in enumerate(cluster.outputs)}
        self.sources: list[Any] = [
            (out[id(t)], None) if id(t) in out else (None, t if t._is_eager else where[id(t)])
            for t in graph.outputs
        ]
        captured = {id(inner) for _, inner in graph.captures.values()}
        self.settled = all(id(t) in captured for t in cluster.handles)  # no variable is an argument
        self.same = [s[0] for s in self.sources] == list(range(len(cluster.outputs)))
        self.only: Executable | None = None  # set when shapes cannot vary; for the default device
        self.every = self.tensors == list(range(len(graph.inputs)))

    def executable(self, inputs: Sequence[EagerTensor]) -> Executable:
        return self.cluster.executable(
            [inputs[i] for i in self.tensors], [inputs[i]._host().item() for i in self.handles]
        )

    def __call__(self, inputs: Sequence[EagerTensor]) -> list[EagerTensor]:
        tensors = inputs if self.every else [inputs[i] for i in self.tensors]
        states = [inputs[i]._np.item() for i in self.handles]  # type: ignore[union-attr]
        executable = self.only if state.device is None else None
        if executable is None:
            cluster = self.cluster
            executable = cluster.executable(tensors, states)
            if cluster.lists:
                results = cluster.execute(tensors, states)
                return [
                    results[i] if i is not None else x if isinstance(x, EagerTensor) else inputs[x]
                    for i, x in self.sources
                ]
            if (
                cluster.fixed
                and self.settled
                and not cluster.program.valued
                and len({id(s) for s in states}) == len(states)
                and all(known(s.shape) for s in states)
                and state.device is None
            ):
                self.only = executable
        results = executable.run(tensors, states)
        if self.same:
            return results
        return [
            results[i] if i is not None else x if isinstance(x, EagerTensor) else inputs[x]
            for i, x in self.sources
        ]


def program_of(graph: FuncGraph) -> Program:
    """The graph's program, made once (and again when the graph has changed since)."""
    program: Program | None = graph.memo.get("program")
    if program is None or program.revision != graph.revision:
        program = graph.memo["program"] = Program(graph)
    return program


__all__ = ["Program", "program_of", "tensor_type"]
