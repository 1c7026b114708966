"""Runs op by op: what happens inside of a program, seen from outside."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from headrace.core import errors
from headrace.core.graph import CONST, Graph
from headrace.core.state import state
from headrace.ops.functional import inner_graphs

from .dumps import Writer
from .watches import Watched

Watch = Callable[[str, str, Any, Sequence[Any]], None]


class Stepper:
    """Runs the ops of a plan one by one on the host; `watch(name, outer, node, values)` is told of each.

    Ops of graphs inside of ops are named `outer/inner`; `outer` is the outermost op's name, empty for the graph's own."""

    def __init__(self, watch: Watch) -> None:
        self.watch = watch
        self.outer: list[str] = []

    def run(self, plan: Any, values: Sequence[Any]) -> list[Any]:
        """What the plan computes."""
        env: dict[int, Any] = {id(t): x for t, x in zip(plan.view.inputs, [*values, *plan.handles])}
        saved = state.stepper, state.streams
        state.stepper = self.graph
        if plan.streams is not None:
            state.streams = plan.streams
        try:
            for t, value in zip(plan.view.inputs, values):
                self.watch(t.op.name, "", t.op, [value])
            for node in plan.view.operations:
                self.node(node, env)
        except errors.FailedPreconditionError as error:
            plan.explain(error)
            raise
        finally:
            state.stepper, state.streams = saved
        return [env[id(t)] for t in plan.view.outputs]

    def node(self, node: Any, env: dict[int, Any]) -> None:
        from headrace.compiler.program import run_node

        self.outer.append(node.name)
        try:
            run_node(node, env)
        finally:
            self.outer.pop()
        name = "/".join([*self.outer, node.name])
        self.watch(name, self.outer[0] if self.outer else "", node, [env.get(id(t)) for t in node.outputs])

    def graph(self, graph: Any, inputs: Sequence[Any]) -> list[Any]:
        """In the place of a graph's program."""
        from headrace.compiler.lower import needed

        env: dict[int, Any] = {id(t): x for t, x in zip(graph.inputs, inputs)}
        for node in needed(graph, graph.outputs):
            if node.type != "Placeholder":
                self.node(node, env)
        return [t if t._is_eager else env[id(t)] for t in graph.outputs]


def device_name() -> str:
    return "/job:localhost/replica:0/task:0/device:CPU:0"


def run_watched(run: Any, values: Any, options: Any, run_metadata: Any = None, index: int = 0) -> Any:
    """A prepared run of a session, op by op, with the tensors that `options.debug_options` names written to files.

    Args:
      run: the session's prepared run.
      values: what is fed.
      options: `RunOptions`.
      run_metadata: is given the graph.
      index: the number of the run.
    """
    watched = Watched(options.debug_options.debug_tensor_watch_opts)
    writers = [Writer(url[len("file://") :], device_name()) for url in watched.urls]
    plan = run.plan
    message = flat_graph(plan.graph)
    if run_metadata is not None:
        run_metadata.partition_graphs.add().CopyFrom(message)
    fetches = ", ".join([t.name for t in run.fetches.tensors] + [n.name for n in run.fetches.operations])
    for writer in writers:
        writer.graph(message)
        writer.run(index, fetches, [t.name for t in plan.feeds], [n.name for n in run.fetches.operations])

    def watch(name: str, outer: str, node: Any, results: Sequence[Any]) -> None:
        for t, value in zip(node.outputs, results):
            if value is None or value._dtype.kind in "rv" or not watched(name, outer, t.value_index):
                continue
            for writer in writers:
                writer.tensor(name, t.value_index, value._host(), value._dtype)

    results = Stepper(watch).run(plan, run.converted(values))
    return run.fetches.rebuild(run.arrays(results))


def flat_graph(graph: Graph) -> Any:
    """The graph as a `GraphDef` in which ops inside of others are there, too, under the names a `Stepper` gives them.
    Every op has its line as the attribute `_made_at`."""
    from headrace.io.graph_def import graph_def

    message = graph_def(graph)
    by_name = {n.name: n for n in message.node}
    for node in graph.operations:
        own = by_name[node.name]
        own.device = device_name()
        own.attr["_made_at"].s = node.site.encode()
        _add_inner(message, node, node.name)
    message.ClearField("library")
    return message


def _add_inner(message: Any, node: Any, prefix: str) -> None:
    seen: set[str] = set()
    for graph in inner_graphs(node):
        for inner in graph.operations:
            name = f"{prefix}/{inner.name}"
            if name in seen:  # branches may have ops of the same name: they are one here
                continue
            seen.add(name)
            added = message.node.add(name=name, op=inner.type, device=device_name())
            for t in inner.inputs:
                if not t._is_eager:
                    added.input.append(f"{prefix}/{t.op.name}{f':{t.value_index}' if t.value_index else ''}")
            added.attr["_made_at"].s = inner.site.encode()
            if inner.op_def is not CONST:
                _add_inner(message, inner, name)


def reconstruct_non_debug_graph_def(debug_graph_def: Any) -> Any:
    """The graph of a watched run without nodes for debugging. There are none here: it is a copy."""
    copy = type(debug_graph_def)()
    copy.CopyFrom(debug_graph_def)
    return copy
