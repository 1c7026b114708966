"""What only fresh processes show: import time, start-up with a cold and a warm compile cache, size."""

import json
import os
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.frameworks import Framework, worker_environment
from benchmarks.harness import Progress, Row

# What is started: its rows are called `start-cold`, `keras-mlp-start-cold` …
STARTS = {"": "mlp-train"} | {
    f"keras-{model}-": f"keras-{model}-fit" for model in ("mlp", "cnn", "lstm", "transformer", "resnet50")
}
# name -> title and unit, in the order of the report
PROCESS_WORKLOADS = {
    "import": ("import, in a fresh process", "s"),
    **{
        f"{start}{row}": (title.format(workload), unit)
        for start, workload in STARTS.items()
        for row, title, unit in (
            ("start-cold", "import to the end of the first step of {}, nothing cached", "s"),
            ("start-warm", "{}: the same program again, in a second process", "s"),
            ("compiles-warm", "{}: programs that the second process compiled", "count"),
        )
    },
    "size": ("installed size with all requirements", "bytes"),
}


@dataclass(frozen=True)
class Contender:
    """A framework, and the interpreter that has it."""

    framework: Framework
    python: str


def measure_processes(
    contenders: Sequence[Contender],
    names: Sequence[str],
    *,
    root: str,
    rounds: int,
    progress: Progress = lambda text: None,
) -> list[Row]:
    """The rows of `PROCESS_WORKLOADS` asked for, the frameworks in turn within each round."""
    rows = {name: Row("process", name, *PROCESS_WORKLOADS[name]) for name in PROCESS_WORKLOADS}
    with tempfile.TemporaryDirectory(prefix="headrace-benchmark-") as scratch:
        if "import" in names:
            _measure_import(rows["import"], contenders, root, scratch, rounds, progress)
        if "size" in names:
            for contender in contenders:
                progress(f"size: {contender.framework.name}")
                sizes = _run(rows["size"], contender, _size_arguments(contender, root), root, scratch)
                if sizes is not None:
                    rows["size"].cell(contender.framework.name).samples.append(sum(sizes.values()))
    for start, workload in STARTS.items():
        if not any(f"{start}{row}" in names for row in ("start-cold", "start-warm", "compiles-warm")):
            continue
        for index in range(rounds):
            for contender in contenders:
                progress(f"{start}start: round {index + 1}/{rounds}, {contender.framework.name}")
                _start_twice(rows, start, workload, contender, root)
    return [rows[name] for name in PROCESS_WORKLOADS if name in names]


def _measure_import(
    row: Row, contenders: Sequence[Contender], root: str, scratch: str, rounds: int, progress: Progress
) -> None:
    # One unrecorded round first: what is measured is importing, not reading a cold disk.
    for index in range(rounds + 1):
        for contender in contenders:
            progress(f"import: round {index}/{rounds}, {contender.framework.name}")
            seconds = _run(row, contender, ["-c", _import_code(contender)], root, scratch)
            if index and seconds is not None:
                row.cell(contender.framework.name).samples.append(seconds)


def _import_code(contender: Contender) -> str:
    module = contender.framework.module
    return f"import time; t = time.perf_counter(); import {module}; print(time.perf_counter() - t)"


def _size_arguments(contender: Contender, root: str) -> list[str]:
    arguments = ["-m", "benchmarks.size", contender.framework.distribution]
    if contender.framework.name == "headrace":
        arguments.append(str(Path(root) / "pyproject.toml"))
    return arguments


def _start_twice(rows: Mapping[str, Row], start: str, workload: str, contender: Contender, root: str) -> None:
    name = contender.framework.name
    with tempfile.TemporaryDirectory(prefix="headrace-benchmark-") as scratch:
        for row in (rows[f"{start}start-cold"], rows[f"{start}start-warm"]):
            answer = _run(row, contender, ["-m", "benchmarks.start", name, workload], root, scratch)
            if answer is not None:
                row.cell(name).samples.append(answer["seconds"])
    compiles = rows[f"{start}compiles-warm"].cell(name)
    if answer is None:
        compiles.note = "the program failed"
    elif answer["compiled"] is None:
        compiles.note = "–"
    else:
        compiles.samples.append(answer["compiled"])


def _run(row: Row, contender: Contender, arguments: list[str], root: str, scratch: str) -> Any:
    """Run Python; the last line it prints, as JSON. None, with a note in the cell, when it failed."""
    environment = worker_environment(contender.framework, root, scratch)
    # JAX keeps a cache on disk only when told to, and then skips what compiled fast.
    environment |= {
        "JAX_COMPILATION_CACHE_DIR": os.path.join(scratch, "jax"),
        "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": "0",
        "JAX_PERSISTENT_CACHE_MIN_ENTRY_SIZE_BYTES": "-1",
    }
    done = subprocess.run(
        [contender.python, *arguments],
        env=environment,
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    if done.returncode:
        said = done.stderr.strip().splitlines() or [f"exit status {done.returncode}"]
        row.cell(contender.framework.name).note = said[-1]
        return None
    return json.loads(done.stdout.splitlines()[-1])
