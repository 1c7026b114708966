"""`Timeline`: the steps of a traced run in the format of Chrome's trace viewer (chrome://tracing, ui.perfetto.dev)."""

from __future__ import annotations

import json
import re
from collections import Counter
from typing import Any

from headrace.inspector.per_op import DEVICE


class Timeline:
    """What `RunMetadata.step_stats` says, for a trace viewer.

    Args:
      step_stats: of the `RunMetadata` of a run with `trace_level=FULL_TRACE`.
      graph: accepted for compatibility: the statistics name their inputs themselves.
    """

    def __init__(self, step_stats: Any, graph: Any = None) -> None:
        self._step_stats = step_stats

    def generate_chrome_trace_format(
        self, show_dataflow: bool = True, show_memory: bool = False, op_time: str = "schedule"
    ) -> str:
        """The trace as JSON: one process per device, one event per step.

        Args:
          show_dataflow: whether arrows go from steps to those that take their results.
          show_memory: whether there is a counter of the memory that results take: an estimate, like the times of single ops.
            Each is there from its op on to the last one that takes it.
          op_time: "schedule", "gpu" or "all"; the time of a step is the same in all of them.

        Raises:
          ValueError: another `op_time`.
        """
        if op_time not in ("schedule", "gpu", "all"):
            raise ValueError(f"op_time must be 'schedule', 'gpu' or 'all', received {op_time!r}.")
        events: list[dict[str, Any]] = []
        made: dict[str, tuple[int, int]] = {}
        flows = 0
        measured = [d for d in self._step_stats.dev_stats if not d.device.endswith(DEVICE)]
        for pid, device in enumerate(measured):
            events.append(
                {"name": "process_name", "ph": "M", "pid": pid, "args": {"name": f"{device.device} Compute"}}
            )
            for stats in device.node_stats:
                name, kind, inputs = _parse(stats.timeline_label, stats.node_name)
                at, long = stats.all_start_micros, max(1, stats.all_end_rel_micros)
                arguments = {"name": name, "op": kind, **{f"input{i}": x for i, x in enumerate(inputs)}}
                events.append(
                    {
                        "ph": "X",
                        "cat": "Op",
                        "name": kind,
                        "pid": pid,
                        "tid": 0,
                        "ts": at,
                        "dur": long,
                        "args": arguments,
                    }
                )
                for source in inputs if show_dataflow else ():
                    if source in made:
                        where, when = made[source]
                        flow = {"cat": "DataFlow", "name": source, "id": flows, "tid": 0}
                        events.append({"ph": "s", "pid": where, "ts": when, **flow})
                        events.append({"ph": "t", "pid": pid, "ts": at, **flow})
                        flows += 1
                made[name] = pid, at + long
        if show_memory:
            events += self._memory(len(measured))
        return json.dumps({"traceEvents": events}, indent=4)

    def _memory(self, pid: int) -> list[dict[str, Any]]:
        """Counters of bytes, one per device."""
        events: list[dict[str, Any]] = [
            {"name": "process_name", "ph": "M", "pid": pid, "args": {"name": "Allocators"}}
        ]
        for device in self._step_stats.dev_stats:
            if not device.device.endswith(DEVICE):
                continue
            last: dict[str, int] = {}  # when the last op ends that takes the results of one
            for stats in device.node_stats:
                end = stats.all_start_micros + stats.all_end_rel_micros
                name, _, inputs = _parse(stats.timeline_label, stats.node_name)
                last.update({taken: max(end, last.get(taken, end)) for taken in (name, *inputs)})
            changes: Counter[int] = Counter()
            for stats in device.node_stats:
                sizes = [o.tensor_description.allocation_description.requested_bytes for o in stats.output]
                changes[stats.all_start_micros] += sum(sizes)
                changes[last[stats.node_name]] -= sum(sizes)
            name, now = device.device.removesuffix(DEVICE), 0
            for at, change in sorted(changes.items()):
                now += change
                events.append(
                    {"name": name, "cat": "Memory", "ph": "C", "pid": pid, "ts": at, "args": {name: now}}
                )
        return events


def _parse(label: str, name: str) -> tuple[str, str, list[str]]:
    found = re.match(r"(.*) = (.*)\((.*)\)$", label)
    if found is None:
        return name, name, []
    return found[1], found[2], [x for x in found[3].split(", ") if x]
