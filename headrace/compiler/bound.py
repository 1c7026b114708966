"""Programs with everything settled that stays the same from call to call.

A program's general way looks up its variables, the shapes it was compiled for, and each step's values by tensor. Nearly every
call is like the one before: `bind` settles all that once, and leaves a function of the arguments alone."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from headrace.core import dispatch
from headrace.core.errors import located
from headrace.core.graph import CONST, FuncGraph, Operation
from headrace.core.shapes import known
from headrace.core.state import EAGER, state
from headrace.core.tensor import EagerTensor

from .executable import Executable
from .program import Cluster, HostStep, Program, Replan, program_of

Call = Callable[[Sequence[EagerTensor]], list[EagerTensor]]
Slots = list[Any]  # the values of a run, each at its place
BINDS = 8  # so often is a graph bound to other variables


def bind(
    program: Program, captured: Sequence[EagerTensor], arguments: int, executable: Executable | None = None
) -> Call | None:
    """`call(arguments) -> outputs`, for a program whose last inputs are `captured`. It returns None, having done nothing, when
    the program has been planned anew. `executable` is the one for the shapes of the arguments, where these are known.

    None if the program is one that cannot be settled: a variable is an argument, or shapes or values that it was compiled
    for are found out as it runs."""
    if program.must_compile and program.direct is None:
        return None
    if program.direct is not None:
        found = _one_program(program, captured, arguments, executable)
        if found is not None:
            return found
    run = _steps(program, {arguments + i: t for i, t in enumerate(captured)})
    return None if run is None else lambda args: run([*args, *captured])


def run_graph(graph: FuncGraph, inputs: Sequence[Any]) -> list[EagerTensor]:
    """Runs a function's graph (that of a call, a branch, a loop's body) on eager tensors."""
    if state.stepper is not None:
        return state.stepper(graph, inputs)
    program = program_of(graph)
    if state.mode != EAGER:
        return program(inputs)
    if program.bound is not None and (outputs := program.bound(inputs)) is not None:
        return outputs
    outputs = program(inputs)
    if program.direct is None and program.binds < BINDS:
        program.binds += 1
        program.bound = _steps(program, {i: t for i, t in enumerate(inputs) if t._dtype.kind == "r"})
    return outputs


dispatch.run_graph = run_graph


def _one_program(
    program: Program, captured: Sequence[EagerTensor], arguments: int, executable: Executable | None
) -> Call | None:
    direct = program.direct
    assert direct is not None
    executable = executable or direct.only
    if (
        executable is None
        or not direct.same
        or direct.cluster.lists
        or any(i < arguments for i in direct.handles)
    ):
        return None
    states = [captured[i - arguments]._host().item() for i in direct.handles]
    if not all(known(s.shape) for s in states):  # variables that change their shapes
        return None
    places = [direct.tensors[i] for i in executable.positions]
    if places == list(range(arguments)):
        return executable.bind(states)
    fixed = {i: captured[i - arguments] for i in places if i >= arguments}
    return executable.bind(states, lambda args: [args[i] if i < arguments else fixed[i] for i in places])


def _steps(program: Program, settled: Mapping[int, EagerTensor]) -> Call | None:
    """`call(inputs) -> outputs`, given what some inputs are. It returns None, too, when a variable is another than that."""
    places: dict[int, int] = {}

    def place(tensor: Any) -> int:
        return places.setdefault(id(tensor), len(places))

    graph, steps = program.graph, program.steps
    for t in graph.inputs:
        place(t)
    n = len(graph.inputs)
    if len(places) != n:
        return None
    runs: list[Callable[[Slots], None]] = []
    for step in steps:
        run = _host(step, place) if isinstance(step, HostStep) else _cluster(step, settled, place)
        if run is None:
            return None
        runs.append(run)
    outputs = [(None, t) if t._is_eager else (place(t), None) for t in graph.outputs]
    rest = [None] * (len(places) - n)
    clusters = [s for s in steps if isinstance(s, Cluster)]
    variables = [(i, settled[i]) for i in sorted({place(t) for c in clusters for t in c.handles})]

    def call(inputs: Sequence[EagerTensor]) -> Any:
        if program.steps is not steps:
            return None
        for i, t in variables:
            if inputs[i] is not t:
                return None
        if state.deadline is not None or state.device is not None or program.watch is not None:
            return program(inputs)
        env = [*inputs, *rest]
        done = 0
        try:
            for run in runs:
                run(env)
                done += 1
        except Replan:
            values = {t: env[i] for t, i in places.items() if env[i] is not None}
            return program.replanned(values, steps[:done], inputs)
        return [value if i is None else env[i] for i, value in outputs]

    return call


def _host(step: HostStep, place: Callable[[Any], int]) -> Callable[[Slots], None] | None:
    """The step on slots. None if some of its ops wait for each other."""
    if step.waits:
        return None
    nodes = [_node(n, place) for n in step.nodes]
    if len(nodes) == 1:
        return nodes[0]

    def run(env: Slots) -> None:
        for node in nodes:
            node(env)

    return run


def _node(node: Operation, place: Callable[[Any], int]) -> Callable[[Slots], None]:
    op, attrs = node.op_def, node.attrs
    inputs, outputs = [place(t) for t in node.inputs], [place(t) for t in node.outputs]
    if node.type == "Identity":

        def pass_on(env: Slots) -> None:
            env[outputs[0]] = env[inputs[0]]

        return pass_on

    if op is CONST:
        (value,) = dispatch.run_eager(op, (), attrs)

        def constant(env: Slots) -> None:
            env[outputs[0]] = value

        return constant

    compute: Callable[[list[Any]], list[EagerTensor]]
    if op.run is not None:
        compute = dispatch.runner(op, node.inputs, attrs)
    else:
        compute = lambda values: dispatch.run_eager(op, values, attrs)

    def run(env: Slots) -> None:
        state.node = node
        try:
            results = compute([env[i] for i in inputs])
        except Exception as error:
            located(error, node)
            raise
        for i, value in zip(outputs, results):
            env[i] = value

    return run


def _cluster(
    cluster: Cluster, settled: Mapping[int, EagerTensor], place: Callable[[Any], int]
) -> Callable[[Slots], None] | None:
    """The cluster on slots. None if its variables or the values it depends on are not settled."""
    inputs = [place(t) for t in cluster.tensors]
    handles = [settled.get(place(t)) for t in cluster.handles]
    if cluster.lists or any(id(t) in cluster.program.valued for t in cluster.tensors):
        return None
    states = [h._host().item() for h in handles if h is not None]
    if len(states) < len(handles) or not all(known(s.shape) for s in states):
        return None
    n = len(cluster.program.graph.inputs)
    outputs = [place(t) for t in cluster.outputs]
    calls: dict[Any, Call] = {}  # by shapes

    def run(env: Slots) -> None:
        tensors = [env[i] for i in inputs]
        shapes = None if cluster.fixed else tuple([t._raw_shape for t in tensors])
        call = calls.get(shapes)
        if call is None:
            cluster.program.given = tuple([x._raw_shape for x in env[:n]])
            executable = cluster.executable(tensors, states)
            positions = executable.positions
            every = positions == list(range(len(tensors)))
            pick = None if every else lambda tensors: [tensors[i] for i in positions]
            call = calls[shapes] = executable.bind(states, pick)
        for i, value in zip(outputs, call(tensors)):
            env[i] = value

    return run


__all__ = ["bind", "run_graph"]
