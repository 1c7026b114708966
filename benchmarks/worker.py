"""A worker: one framework in a process of its own, building workloads and timing rounds of them on request.

The protocol is one JSON object per line, a request on standard input and its answer on standard output:

    {"do": "hello"}                          -> {"version": "2.21.0", "import_s": 3.1}
    {"do": "prepare", "workload": "mlp-train"}   -> {"build_s": 0.1, "first_s": 0.8, "result": 2.3}
    {"do": "round", "seconds": 0.2}          -> {"times": [0.0041, 0.0040, ...]}   seconds per operation
    {"do": "drop"}                           -> {}

A request that fails is answered with {"error": "..."}; a workload the framework has no variant of with
{"missing": true}. The end of the input ends the process.
"""

import gc
import json
import os
import sys
import time
import traceback
from collections.abc import Callable, Mapping
from typing import IO, Any

import numpy as np

from benchmarks import workloads
from benchmarks.frameworks import FRAMEWORKS, Framework, last

Clock = Callable[[], float]


def fingerprint(value: Any) -> float | None:
    """The mean magnitude of a result: one number by which two frameworks' results can be compared."""
    value = last(value)
    if value is None:
        return None
    array = np.asarray(value.numpy() if hasattr(value, "numpy") else value)
    return float(np.abs(array.astype(np.float64)).mean())


class Worker:
    """Answers requests for one framework. Holds at most one built workload at a time."""

    def __init__(
        self, framework: Framework, table: Mapping[str, workloads.Workload], clock: Clock = time.perf_counter
    ) -> None:
        self.framework, self.table, self.clock = framework, table, clock
        started = clock()
        self.module = framework.load()
        self.import_seconds = clock() - started
        self.workload: workloads.Workload | None = None
        self.step: workloads.Step | None = None
        self.calls = 1

    def answer(self, request: Mapping[str, Any]) -> dict[str, Any]:
        """Do what one request asks; a failure becomes the answer instead of ending the worker."""
        arguments = {name: value for name, value in request.items() if name != "do"}
        try:
            requests: dict[str, Callable[..., dict[str, Any]]] = {
                "hello": self.hello,
                "prepare": self.prepare,
                "round": self.round,
                "drop": self.drop,
            }
            return requests[request["do"]](**arguments)
        except Exception as error:  # noqa: BLE001 - whatever a framework raises is the result to report
            where = traceback.extract_tb(error.__traceback__)[-1]
            place = f"{os.path.basename(where.filename)}:{where.lineno}"
            return {"error": f"{type(error).__name__}: {error} ({place})"}

    def hello(self) -> dict[str, Any]:
        """Who answers, and how long its import took."""
        return {"version": getattr(self.module, "__version__", "?"), "import_s": self.import_seconds}

    def prepare(self, workload: str, tiny: bool = False) -> dict[str, Any]:
        """Build a workload and run two steps: the first is where tracing and compiling happen, and the
        second of a training shows, by its loss, that the first one's gradients and update were right."""
        self.drop()
        chosen = self.table[workload]
        if self.framework.dialect not in chosen.variants:
            return {"missing": True}
        started = self.clock()
        step = chosen.build(self.framework.dialect, self.module, tiny=tiny)
        built = self.clock()
        result = step()
        self.framework.wait(result)
        first = self.clock()
        self.workload, self.step, self.calls = chosen, step, 1
        compared = fingerprint(step()) if chosen.tolerance is not None else None
        return {"build_s": built - started, "first_s": first - built, "result": compared}

    def round(self, seconds: float) -> dict[str, Any]:
        """Time steps for about `seconds`: each one, or the mean of all when only the last is waited for."""
        if self.workload is None or self.step is None:
            raise RuntimeError("No workload is prepared: send a `prepare` request before `round`.")
        measure = self._each if self.workload.wait_each else self._mean
        return {"times": [elapsed / self.workload.per for elapsed in measure(self.step, seconds)]}

    def _each(self, step: workloads.Step, seconds: float) -> list[float]:
        clock, wait = self.clock, self.framework.wait
        times: list[float] = []
        while not times or sum(times) < seconds:
            started = clock()
            wait(step())
            times.append(clock() - started)
        return times

    def _mean(self, step: workloads.Step, seconds: float) -> list[float]:
        # The number of calls is found once, by doubling, and kept: what is timed is a bare loop.
        collecting = gc.isenabled()
        gc.disable()
        try:
            while True:
                calls = range(self.calls)
                result = None
                started = self.clock()
                for _ in calls:
                    result = step()
                self.framework.wait(result)
                elapsed = self.clock() - started
                if elapsed >= seconds / 2:
                    return [elapsed / self.calls]
                self.calls *= 2
        finally:
            if collecting:
                gc.enable()

    def drop(self) -> dict[str, Any]:
        """Let go of the workload and its memory."""
        self.workload = self.step = None
        gc.collect()
        return {}


def serve(worker: Worker, requests: IO[str], answers: IO[str]) -> None:
    """Answer requests, one line each, until the input ends."""
    for line in requests:
        answers.write(json.dumps(worker.answer(json.loads(line))) + "\n")
        answers.flush()


def main() -> None:
    """`python -m benchmarks.worker FRAMEWORK`: what `harness.py` starts."""
    # Answers have a descriptor of their own; whatever a framework prints goes to standard error.
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    serve(Worker(FRAMEWORKS[sys.argv[1]], workloads.load()), sys.stdin, answers)


if __name__ == "__main__":
    main()
