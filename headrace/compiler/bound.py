"""Programs with everything settled that stays the same from call to call.

A program's general way looks up its variables, the shapes it was compiled for, and each step's values by tensor. Nearly every
call is like the one before: `bind` settles all that once, and leaves a function of the arguments alone."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from headrace.core import dispatch
from headrace.core.graph import Operation
from headrace.core.shapes import known
from headrace.core.state import state
from headrace.core.tensor import EagerTensor

from .executable import Executable
from .lower import locate
from .program import Cluster, HostStep, Program, Replan

Call = Callable[[Sequence[EagerTensor]], list[EagerTensor]]
Slots = list[Any]  # the values of a run, each at its place


def bind(
    program: Program, captured: Sequence[EagerTensor], arguments: int, executable: Executable | None = None
) -> Call | None:
    """`call(arguments) -> outputs`, for a program whose last inputs are `captured`. It returns None, having done nothing, when
    the program has been planned anew. `executable` is the one for the shapes of the arguments, where these are known.

    None if the program is one that cannot be settled: a variable is an argument, or shapes or values that it was compiled
    for are found out as it runs."""
    if program.must_compile and program.direct is None:
        return None
    found = _one_program(program, captured, arguments, executable) if program.direct is not None else None
    return found or _steps(program, captured, arguments)


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
    places = [direct.tensors[i] for i in executable.positions]
    if places == list(range(arguments)):
        return executable.bind(states)
    fixed = {i: captured[i - arguments] for i in places if i >= arguments}
    return executable.bind(states, lambda args: [args[i] if i < arguments else fixed[i] for i in places])


def _steps(program: Program, captured: Sequence[EagerTensor], arguments: int) -> Call | None:
    places: dict[int, int] = {}

    def place(tensor: Any) -> int:
        return places.setdefault(id(tensor), len(places))

    graph, steps = program.graph, program.steps
    for t in graph.inputs:
        place(t)
    if len(places) != arguments + len(captured):
        return None
    runs: list[Callable[[Slots], None]] = []
    for step in steps:
        run = _host(step, place) if isinstance(step, HostStep) else _cluster(step, captured, arguments, place)
        if run is None:
            return None
        runs.append(run)
    outputs = [(None, t) if t._is_eager else (place(t), None) for t in graph.outputs]
    rest = [*captured, *[None] * (len(places) - arguments - len(captured))]

    def call(args: Sequence[EagerTensor]) -> Any:
        if program.steps is not steps:
            return None
        if state.deadline is not None or state.device is not None or program.watch is not None:
            return program([*args, *captured])
        env = [*args, *rest]
        done = 0
        try:
            for run in runs:
                run(env)
                done += 1
        except Replan:
            values = {t: env[i] for t, i in places.items() if env[i] is not None}
            return program.replanned(values, steps[:done], [*args, *captured])
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

    compute: Callable[[list[Any]], list[EagerTensor]]
    if op.run is not None:
        compute = dispatch.runner(op, node.inputs, attrs)
    else:
        compute = lambda values: dispatch.run_eager(op, values, attrs)  # noqa: E731

    def run(env: Slots) -> None:
        state.node = node
        try:
            results = compute([env[i] for i in inputs])
        except Exception as error:
            locate(error, node)
            raise
        for i, value in zip(outputs, results):
            env[i] = value

    return run


def _cluster(
    cluster: Cluster, captured: Sequence[EagerTensor], arguments: int, place: Callable[[Any], int]
) -> Callable[[Slots], None] | None:
    """The cluster on slots. None if its variables or the values it depends on are not settled."""
    inputs = [place(t) for t in cluster.tensors]
    handles = [place(t) - arguments for t in cluster.handles]
    if cluster.lists or any(not 0 <= i < len(captured) for i in handles):
        return None
    if any(id(t) in cluster.program.valued for t in cluster.tensors):
        return None
    states = [captured[i]._host().item() for i in handles]
    if not all(known(s.shape) for s in states):
        return None
    outputs = [place(t) for t in cluster.outputs]
    calls: dict[Any, Call] = {}  # by shapes

    def run(env: Slots) -> None:
        tensors = [env[i] for i in inputs]
        shapes = None if cluster.fixed else tuple([t._raw_shape for t in tensors])
        call = calls.get(shapes)
        if call is None:
            cluster.program.given = tuple([x._raw_shape for x in env[: arguments + len(captured)]])
            executable = cluster.executable(tensors, states)
            positions = executable.positions
            every = positions == list(range(len(tensors)))
            pick = None if every else lambda tensors: [tensors[i] for i in positions]
            call = calls[shapes] = executable.bind(states, pick)
        for i, value in zip(outputs, call(tensors)):
            env[i] = value

    return run


__all__ = ["bind"]
