"""The parent's side: one worker per framework, asked in turn, and the medians of what they answer."""

import json
import statistics
import subprocess
import tempfile
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import IO, Any

from benchmarks.workloads import Workload

Progress = Callable[[str], None]


@dataclass
class Cell:
    """One framework's outcome: samples, or a note that says why there are none."""

    samples: list[float] = field(default_factory=list)
    note: str = ""
    result: float | None = None
    """What the step computed, when the workload's frameworks are to agree on it."""

    @property
    def median(self) -> float | None:
        """The middle sample: robust to a busy machine, where a mean is not."""
        return statistics.median(self.samples) if self.samples else None


@dataclass
class Row:
    """One line of the report: a cell per framework, all in the same unit."""

    section: str
    name: str
    title: str
    unit: str = "s"
    cells: dict[str, Cell] = field(default_factory=dict)

    def cell(self, framework: str) -> Cell:
        """The framework's cell, made when first asked for."""
        return self.cells.setdefault(framework, Cell())

    def ratios(self, subject: str) -> dict[str, float]:
        """Every other framework's median over the subject's: above 1 where the subject is better."""
        own = self.cells[subject].median if subject in self.cells else None
        if not own:
            return {}
        return {
            name: cell.median / own
            for name, cell in self.cells.items()
            if name != subject and cell.median is not None
        }


class WorkerError(RuntimeError):
    """A worker died, or took too long to answer."""


class Process:
    """A worker process, spoken to with one JSON object per line; started again after it has died."""

    def __init__(self, command: Sequence[str], environment: Mapping[str, str], limit: float = 600) -> None:
        self.command, self.environment, self.limit = list(command), dict(environment), limit
        self._process: subprocess.Popen[str] | None = None
        self._log: IO[str] | None = None

    def ask(self, **request: Any) -> dict[str, Any]:
        """Send a request and wait for its answer. Raises `WorkerError` when none comes."""
        process = self._process or self._start()
        assert process.stdin and process.stdout
        # A worker that hangs is killed, which ends the wait for its line.
        expired = threading.Event()

        def expire() -> None:
            expired.set()
            process.kill()

        timer = threading.Timer(self.limit, expire)
        timer.start()
        try:
            process.stdin.write(json.dumps(request) + "\n")
            process.stdin.flush()
            line = process.stdout.readline()
        except BrokenPipeError:
            line = ""
        finally:
            timer.cancel()
        if line:
            return json.loads(line)
        said = self._last_words()
        self.close()
        raise WorkerError(
            f"no answer within {self.limit:g} s" if expired.is_set() else f"the worker died: {said}"
        )

    def _start(self) -> subprocess.Popen[str]:
        self._log = tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace")  # noqa: SIM115 - see close
        self._process = subprocess.Popen(
            self.command,
            env=self.environment,
            text=True,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._log,
        )
        return self._process

    def _last_words(self) -> str:
        assert self._process and self._log
        self._process.wait()
        self._log.seek(0)
        lines = [line.strip() for line in self._log if line.strip()]
        return lines[-1] if lines else f"exit status {self._process.returncode}"

    def close(self) -> None:
        """End the worker: it stops at the end of its input."""
        if self._process is not None:
            assert self._process.stdin and self._process.stdout
            try:
                self._process.stdin.close()
            except BrokenPipeError:
                pass  # it is gone already
            try:
                self._process.wait(timeout=10)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
            self._process.stdout.close()
            self._process = None
        if self._log is not None:
            self._log.close()
            self._log = None


def measure(
    processes: Mapping[str, Process],
    workloads: Iterable[Workload],
    *,
    rounds: int,
    seconds: float,
    progress: Progress = lambda text: None,
) -> list[Row]:
    """Run every workload on every framework, round by round in turn, so that a slow minute hits all alike."""
    rows: list[Row] = []
    for workload in workloads:
        times = Row("time", workload.name, workload.title)
        first = Row("first step", workload.name, workload.title)
        ready = [
            name for name in processes if _prepare(name, processes[name], workload, times, first, progress)
        ]
        for index in range(rounds):
            # A round's first framework finds the others' data in the caches: let each have that place.
            for name in ready[index % len(ready) :] + ready[: index % len(ready)] if ready else ():
                progress(f"{workload.name}: round {index + 1}/{rounds}, {name}")
                if not times.cell(name).note:
                    answer = _ask(processes[name], times.cell(name), do="round", seconds=seconds)
                    times.cell(name).samples += answer.get("times", [])
        for name in ready:
            _ask(processes[name], Cell(), do="drop")
        _compare(workload, times)
        rows += [times, first] if workload.compiles else [times]
    return rows


def _prepare(
    name: str, process: Process, workload: Workload, times: Row, first: Row, progress: Progress
) -> bool:
    progress(f"{workload.name}: preparing {name}")
    cell = times.cell(name)
    answer = _ask(process, cell, do="prepare", workload=workload.name)
    if answer.get("missing"):
        cell.note = "–"
    elif not cell.note:
        cell.result = answer["result"]
        first.cell(name).samples = [answer["first_s"]]
        return True
    return False


def _ask(process: Process, cell: Cell, **request: Any) -> dict[str, Any]:
    """Ask, with a failure noted in the cell: one framework's trouble must not end the others' run."""
    try:
        answer = process.ask(**request)
    except WorkerError as error:
        answer = {"error": str(error)}
    if "error" in answer:
        cell.note = answer["error"]
        cell.samples.clear()
    return answer


def _compare(workload: Workload, times: Row) -> None:
    """Note every framework whose result is not the others' median: then it did not do the same work."""
    results = {name: cell.result for name, cell in times.cells.items() if cell.result is not None}
    if workload.tolerance is None or len(results) < 2:
        return
    expected = statistics.median_low(results.values())
    for name, result in results.items():
        # Written so that a NaN counts as disagreement.
        if not abs(result - expected) <= workload.tolerance * max(abs(expected), 1e-6):
            times.cell(name).note = f"computed {result:.6g} where the others have {expected:.6g}"
