"""`Timeline`: the steps of a traced run in the format of Chrome's trace viewer (chrome://tracing, ui.perfetto.dev)."""

from __future__ import annotations

import json
import re
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
          show_memory: there is no trace of memory in a compiled run: must be False.
          op_time: "schedule", "gpu" or "all"; the time of a step is the same in all of them.

        Raises:
          ValueError: `show_memory`, or another `op_time`.
        """
        if show_memory:
            raise ValueError("show_memory: a compiled run has no trace of its memory. Leave it False.")
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
        return json.dumps({"traceEvents": events}, indent=4)


def _parse(label: str, name: str) -> tuple[str, str, list[str]]:
    found = re.match(r"(.*) = (.*)\((.*)\)$", label)
    if found is None:
        return name, name, []
    return found[1], found[2], [x for x in found[3].split(", ") if x]
