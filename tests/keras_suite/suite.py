"""Runs the test files that ship in Keras's wheel, in slices: a process each, with a time limit."""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
KNOWN = HERE / "known_failures.txt"
LINES_PER_SLICE = 6000  # about a minute's work
SECONDS_PER_TEST = 300


@dataclass
class Outcome:
    """What became of a test: "passed", "failed" or "skipped"."""

    result: str
    message: str = ""
    seconds: float = 0.0


@dataclass
class Slice:
    """Test files, relative to the folder that holds the `keras` package, that are run in one process."""

    files: list[str] = field(default_factory=list)
    lines: int = 0

    @property
    def name(self) -> str:
        first = self.files[0].removeprefix("keras/src/").removesuffix("_test.py")
        return first if len(self.files) == 1 else f"{first} and {len(self.files) - 1} more"


def site_packages() -> Path:
    """The folder that holds the `keras` package; found without importing it."""
    spec = importlib.util.find_spec("keras")
    if spec is None or spec.origin is None:
        raise ModuleNotFoundError("Keras is not installed: pip install 'headrace[keras]'")
    return Path(spec.origin).parents[1]


def slices(parts: Sequence[str] = (), without: Sequence[str] = ()) -> list[Slice]:
    """All test files (those whose path contains one of `parts`, if given, and none of `without`), in folder order, grouped
    to even sizes."""
    home = site_packages()
    out: list[Slice] = []
    for path in sorted((home / "keras").rglob("*_test.py")):
        name = path.relative_to(home).as_posix()
        if (parts and not any(part in name for part in parts)) or any(part in name for part in without):
            continue
        lines = path.read_text().count("\n")
        if not out or out[-1].lines + lines > LINES_PER_SLICE:
            out.append(Slice())
        out[-1].files.append(name)
        out[-1].lines += lines
    return out


def excluded() -> dict[str, str]:
    """Tests that are known to fail, and why. A line is `test  # reason`; a test may end in `*`."""
    entries = {}
    for line in KNOWN.read_text().splitlines():
        test, _, reason = line.partition("  # ")
        if test.strip() and not line.startswith("#"):
            entries[test.strip()] = reason.strip()
    return entries


def run(files: Sequence[str], python: Sequence[str], only: Sequence[str] = (), timeout: float = 1800) -> dict[str, Outcome]:  # fmt: skip
    """Runs test files in a process of their own; again without the culprit when a test kills or hangs it.

    Args:
      python: how to start Python with the `tensorflow` under test (see `HEADRACE`).
      only: tests to run instead of all in the files.
      timeout: seconds for all of them.
    """
    outcomes: dict[str, Outcome] = {}
    with tempfile.TemporaryDirectory() as folder:
        record, skip = Path(folder, "record.jsonl"), Path(folder, "skip.txt")
        while True:
            skip.write_text("\n".join(outcomes))
            record.write_text("")
            died = _process(list(only or files), python, record, skip, timeout)
            running = None
            for entry in map(json.loads, record.read_text().splitlines()):
                if "started" in entry:
                    running = entry["test"]
                    continue
                running = None
                before = outcomes.get(entry["test"])
                if before is None or before.result != "failed":
                    outcomes[entry["test"]] = Outcome(
                        entry["outcome"], entry.get("message", ""), entry.get("seconds", 0.0)
                    )
            if not died:
                return outcomes
            if running is None:
                outcomes["::".join(files)] = Outcome("failed", f"the process {died} outside of any test")
                return outcomes
            outcomes[running] = Outcome("failed", f"the process {died} in this test")


HEADRACE = (sys.executable, "-m", "headrace", "run", "-m")


def _process(targets: list[str], python: Sequence[str], record: Path, skip: Path, timeout: float) -> str:
    """Runs pytest; how the process died, or nothing."""
    env = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join([str(ROOT), str(HERE / "support")]),
        "KERAS_BACKEND": "tensorflow",
        "KERAS_HOME": str(record.parent),
        "KERAS_SUITE_RECORD": str(record),
        "KERAS_SUITE_SKIP": str(skip),
        "TF_CPP_MIN_LOG_LEVEL": "3",
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    command = [
        *python, "pytest", "-q", "--tb=short", "--no-header", "-p", "no:cacheprovider", "-c", os.devnull,
        "-p", "tests.keras_suite.recorder", "--rootdir", str(site_packages()), "-W", "ignore", "--continue-on-collection-errors", *targets,
    ]  # fmt: skip
    # The home of the target's own Keras may differ from ours: node ids are relative to it either way.
    try:
        done = subprocess.run(
            command, cwd=_home(python), env=env, timeout=timeout, capture_output=True, text=True, check=False
        )
    except subprocess.TimeoutExpired:
        return f"was stopped after {timeout:.0f} s"
    if os.environ.get("KERAS_SUITE_SHOW"):
        print(done.stdout, done.stderr)
    return "" if done.returncode in (0, 1, 5) else f"ended with status {done.returncode}"


def _home(python: Sequence[str]) -> Path:
    if python[0] == sys.executable:
        return site_packages()
    found = subprocess.run(
        [python[0], "-c", "import importlib.util as u; print(u.find_spec('keras').origin)"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    return Path(found.stdout.strip()).parents[1]


def judge(outcomes: dict[str, Outcome], known: dict[str, str]) -> Iterator[str]:
    """What is not as the list of known failures says: a line each."""
    stars = tuple(test[:-1] for test in known if test.endswith("*"))
    for test, outcome in outcomes.items():
        listed = test in known or test.startswith(stars)
        if outcome.result == "failed" and not listed:
            yield f"FAILED, not listed: {test}\n    {outcome.message}"
        elif outcome.result == "passed" and test in known:
            yield f"PASSES, but is listed as failing: {test}"
