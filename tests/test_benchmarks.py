"""The benchmarks' harness, with a fake framework; and every workload runs on Headrace, in a tiny size.

No test looks at how long anything takes.
"""

import io
import json
import math
import os
import sys
import textwrap
from pathlib import Path

import pytest

from benchmarks import report, size, worker, workloads
from benchmarks.frameworks import FRAMEWORKS, Framework, last
from benchmarks.harness import Cell, Process, Row, WorkerError, measure
from benchmarks.workloads import Workload

ROOT = str(Path(__file__).resolve().parent.parent)
FAKE = Framework("fake", "tf", "math", "fake", wait=lambda value: None)


class Clock:
    """A clock that each reading moves on."""

    def __init__(self, tick: float = 0.001) -> None:
        self.now, self.tick = 0.0, tick

    def __call__(self) -> float:
        self.now += self.tick
        return self.now


def fake_worker(*table: Workload, **options) -> worker.Worker:
    return worker.Worker(FAKE, {work.name: work for work in table}, **options)


def root_of_two(name: str = "root", **options) -> Workload:
    work = Workload(name, "the square root of two", **options)
    work.tf(lambda module: lambda: module.sqrt(2.0))
    return work


# --- medians, ratios, the report ------------------------------------------------------------------


def test_median_is_the_middle_sample():
    assert Cell([3.0, 1.0, 100.0]).median == 3.0
    assert Cell([]).median is None


def test_ratio_is_the_peer_over_the_subject():
    row = Row("time", "w", "w", cells={"headrace": Cell([2.0]), "jax": Cell([3.0]), "torch": Cell(note="–")})
    assert row.ratios("headrace") == {"jax": 1.5}
    assert Row("time", "w", "w", cells={"jax": Cell([3.0])}).ratios("headrace") == {}


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (1.234, "s", "1.23 s"),
        (0.0123, "s", "12.3 ms"),
        (0.000456, "s", "456 µs"),
        (7e-9, "s", "7.00 ns"),
        (0, "count", "0"),
        (533e6, "bytes", "533 MB"),
    ],
)
def test_quantities_have_three_digits(value, unit, text):
    assert report.quantity(value, unit) == text


def test_tables_and_notes(capsys, monkeypatch):
    rows = [
        Row(
            "time", "a", "A", cells={"headrace": Cell([0.001]), "jax": Cell([0.002]), "torch": Cell(note="–")}
        ),
        Row("time", "b", "B", cells={"headrace": Cell(note="ValueError: no"), "jax": Cell([0.002])}),
    ]
    ((_, header, lines),) = report.tables(rows, ["headrace", "jax", "torch"])
    assert header == ["", "Headrace", "JAX", "PyTorch", "÷ JAX", "÷ PyTorch"]
    assert lines == [["a", "1.00 ms", "2.00 ms", "–", "2.00×", ""], ["b", "failed", "2.00 ms", "–", "", ""]]
    monkeypatch.setattr(report.importlib.util, "find_spec", lambda name: None)
    report.show(rows, ["headrace", "jax", "torch"])
    assert "! b, Headrace: ValueError: no" in capsys.readouterr().out


def test_json_holds_medians_ratios_and_samples():
    rows = [Row("time", "a", "A", cells={"headrace": Cell([1.0, 2.0, 3.0]), "jax": Cell([4.0])})]
    (row,) = json.loads(json.dumps(report.as_json(rows, {"jax": "1"})))["rows"]
    assert row["medians"] == {"headrace": 2.0, "jax": 4.0}
    assert row["ratios"] == {"jax": 2.0}
    assert row["samples"]["headrace"] == [1.0, 2.0, 3.0]


# --- the worker -----------------------------------------------------------------------------------


def test_prepare_reports_the_first_step_and_the_result():
    answer = fake_worker(root_of_two(tolerance=1e-3), clock=Clock(1.0)).answer(
        {"do": "prepare", "workload": "root"}
    )
    assert answer == {"build_s": 1.0, "first_s": 1.0, "result": pytest.approx(math.sqrt(2))}


def test_round_without_waiting_is_the_mean_of_many_calls():
    # The clock moves one millisecond per reading whatever was called in between: calls double until they
    # "take" half a second, which here they never would, so the clock is one that counts calls.
    calls = 0

    def step():
        nonlocal calls
        calls += 1

    work = Workload("count", "", per=10)
    work.tf(lambda module: step)
    chosen = fake_worker(work, clock=lambda: calls * 0.001)
    chosen.answer({"do": "prepare", "workload": "count"})
    assert chosen.answer({"do": "round", "seconds": 0.1}) == {"times": [pytest.approx(0.0001)]}
    assert chosen.calls == 64


def test_round_with_waiting_times_every_call():
    chosen = fake_worker(root_of_two(wait_each=True), clock=Clock(0.01))
    chosen.answer({"do": "prepare", "workload": "root"})
    assert chosen.answer({"do": "round", "seconds": 0.035})["times"] == pytest.approx([0.01] * 4)


def test_failures_and_gaps_become_answers():
    broken = Workload("broken", "")
    broken.tf(lambda module: module.does_not_exist)
    chosen = fake_worker(broken, Workload("gap", ""))
    assert chosen.answer({"do": "prepare", "workload": "gap"}) == {"missing": True}
    assert "AttributeError" in chosen.answer({"do": "prepare", "workload": "broken"})["error"]
    assert "prepare" in chosen.answer({"do": "round", "seconds": 1})["error"]


def test_serve_answers_line_by_line():
    answers = io.StringIO()
    requests = io.StringIO('{"do": "hello"}\n{"do": "drop"}\n')
    worker.serve(fake_worker(), requests, answers)
    hello, drop = map(json.loads, answers.getvalue().splitlines())
    assert hello["version"] == "?"
    assert drop == {}


def test_last_finds_the_last_tensor():
    assert last((1, {"a": 2, "b": [3, 4]})) == 4
    assert last([]) == []


# --- processes ------------------------------------------------------------------------------------

SCRIPT = textwrap.dedent("""
    import os, sys, time
    from benchmarks import worker
    from benchmarks.frameworks import Framework
    from benchmarks.workloads import Workload

    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    table = {}

    def add(name, step, **options):
        table[name] = Workload(name, name, variants={"tf": lambda module: step}, **options)

    add("value", lambda: print("noise") or float(sys.argv[1]), tolerance=1e-3)
    add("crash", lambda: print("out of luck", file=sys.stderr) or sys.stderr.flush() or os._exit(3))
    add("hang", lambda: time.sleep(600))
    worker.serve(worker.Worker(Framework("fake", "tf", "math", "fake", wait=id), table), sys.stdin, answers)
""")


def start(value: float, limit: float = 60) -> Process:
    environment = {**os.environ, "PYTHONPATH": ROOT}
    return Process([sys.executable, "-c", SCRIPT, str(value)], environment, limit)


@pytest.fixture
def processes():
    started = {name: start(value) for name, value in (("headrace", 1.0), ("jax", 1.0), ("torch", 2.0))}
    yield started
    for process in started.values():
        process.close()


def test_measure_takes_turns_and_compares_results(processes):
    value = Workload("value", "value", tolerance=1e-3, compiles=True)
    times, first = measure(processes, [value], rounds=3, seconds=1e-4)
    assert {name: len(cell.samples) for name, cell in times.cells.items()} == {
        "headrace": 3,
        "jax": 3,
        "torch": 3,
    }
    assert len(first.cell("jax").samples) == 1
    assert times.cell("torch").note == "computed 2 where the others have 1"
    assert times.cell("jax").note == ""


def test_a_crash_is_noted_and_the_worker_starts_again(processes):
    crash, value = Workload("crash", "crash"), Workload("value", "value")
    crashed, fine = measure({"jax": processes["jax"]}, [crash, value], rounds=1, seconds=1e-4)
    assert crashed.cell("jax").note == "the worker died: out of luck"
    assert len(fine.cell("jax").samples) == 1


def test_a_hang_ends_at_the_limit():
    process = start(1.0, limit=1)
    with pytest.raises(WorkerError, match="no answer within 1 s"):
        process.ask(do="prepare", workload="hang")
    process.close()


def test_size_counts_a_checkout_and_its_requirements(tmp_path):
    package = tmp_path / "thing"
    package.mkdir()
    (package / "a.py").write_bytes(b"12345")
    (package / "__pycache__").mkdir()
    (package / "__pycache__" / "a.pyc").write_bytes(b"123")
    project = tmp_path / "pyproject.toml"
    project.write_text('[project]\nname = "thing"\ndependencies = ["pluggy>=1", "absent-thing"]\n')
    sizes = size.size_of("thing", project)
    assert sizes["thing"] == 5
    assert set(sizes) == {"thing", "pluggy"}


# --- the workloads --------------------------------------------------------------------------------

TABLE = workloads.load()
SLOW = {"lstm-train", "transformer-train", "resnet50-train"}


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=pytest.mark.slow) if name in SLOW else name for name in TABLE]
)
def test_workload_runs_on_headrace(name):
    step = TABLE[name].build("tf", FRAMEWORKS["headrace"].load(), tiny=True)
    results = [step(), step()]
    if TABLE[name].tolerance is not None:
        assert all(math.isfinite(worker.fingerprint(result)) for result in results)
