"""Runs that are watched: what ran, when, and for how long, as `RunMetadata`."""

from __future__ import annotations

import time
from typing import Any

from headrace.compiler.program import HostStep, program_of
from headrace.inspector.per_op import add_estimates

from .devices import device_of
from .options import warn_unmet


def traced(run: Any, values: Any, options: Any, run_metadata: Any) -> Any:
    """Runs with `RunOptions`; with `trace_level` other than NO_TRACE the steps go into `run_metadata.step_stats`, with
    `output_partition_graphs` the graph that runs into `partition_graphs`. With watches of the debugger it runs op by op, and the tensors watched go into files.

    Raises:
      TypeError: options or metadata of another kind.
    """
    if options is not None:
        if not hasattr(options, "trace_level"):
            raise TypeError(f"`options` must be a RunOptions, received {type(options).__name__}.")
        warn_unmet(options)
    if run_metadata is not None and not hasattr(run_metadata, "step_stats"):
        raise TypeError(f"`run_metadata` must be a RunMetadata, received {type(run_metadata).__name__}.")
    if options is not None and options.debug_options.debug_tensor_watch_opts:
        from headrace.debugger.stepping import run_watched

        return run_watched(run, values, options, run_metadata)
    if run_metadata is None or options is None:
        return run(values)
    if options.trace_level or options.output_partition_graphs:
        run_metadata.Clear()
    if options.output_partition_graphs:
        run_metadata.partition_graphs.add().CopyFrom(_part(run))
    if not options.trace_level:
        return run(values)
    with run.for_traces() as own:
        result, seen, start, clock = _timed(own, values)
    device = run_metadata.step_stats.dev_stats.add(device=device_of())
    for i, (step, began, ended) in enumerate(seen):
        _describe(device.node_stats.add(), i, step, start + began - clock, ended - began)
    per_op = [(step, start + began - clock, ended - began) for step, began, ended in seen]
    add_estimates(run_metadata.step_stats, device.device, per_op)
    return result


def _part(run: Any) -> Any:
    """The part of the graph that a run needs: one, since a run is on one device."""
    from headrace.graphs.tools import extract_sub_graph
    from headrace.io.graph_def import graph_def

    fetches = [*[t.op.name for t in run.fetches.tensors], *[n.name for n in run.fetches.operations]]
    return extract_sub_graph(graph_def(run.plan.graph), fetches)


def _timed(run: Any, values: Any) -> tuple[Any, list[tuple[Any, float, float]], float, float]:
    """The result of a run, its steps with the times they began and ended, and the time now on both clocks."""
    plan = run.plan
    program = program_of(plan.view)
    seen: list[tuple[Any, float, float]] = []
    plan.calls, plan.quick = {}, {}  # these skip the program's steps
    program.watch = lambda step, began, ended: seen.append((step, began, ended))
    start, clock = time.time(), time.perf_counter()
    try:
        result = run(values)
    finally:
        program.watch = None
    if not seen:  # first values of variables are computed without a program
        seen.append((HostStep(plan.view.operations, True), clock, time.perf_counter()))
    return result, seen, start, clock


def _describe(stats: Any, i: int, step: Any, began: float, seconds: float) -> None:
    nodes = step.nodes
    host = isinstance(step, HostStep)
    one = len(nodes) == 1
    stats.node_name = nodes[0].name if one else f"{'host' if host else 'compiled'}_{i}"
    stats.all_start_micros = round(began * 1e6)
    stats.all_start_nanos = round(began * 1e9)
    stats.op_end_rel_micros = stats.all_end_rel_micros = max(1, round(seconds * 1e6))
    stats.op_end_rel_nanos = stats.all_end_rel_nanos = max(1, round(seconds * 1e9))
    inputs = list(dict.fromkeys([t.op.name for n in nodes for t in n.inputs if t.op not in nodes]))
    kind = nodes[0].type if one else "Host" if host else "Compiled"
    stats.timeline_label = f"{stats.node_name} = {kind}({', '.join(inputs[:20])})"
    for n in nodes[-1:]:
        for k, t in enumerate(n.outputs):
            stats.output.add(slot=k).tensor_description.dtype = t._dtype.as_datatype_enum
