"""Keras's own tests on Headrace.

python -m tests.keras_suite                    all of them, two slices at a time
python -m tests.keras_suite layers/core        files whose path contains a part
python -m tests.keras_suite --tensorflow PY    then the failing ones on the real TensorFlow of the interpreter PY
"""

from __future__ import annotations

import argparse
import json
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path

from tests.keras_suite import suite


def main() -> int:
    parser = argparse.ArgumentParser(
        "python -m tests.keras_suite",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("parts", nargs="*", help="only test files whose path contains one of these")
    parser.add_argument(
        "--without", nargs="*", default=[], metavar="PART", help="leave out files whose path contains it"
    )
    parser.add_argument("--jobs", type=int, default=2, help="processes at a time (2)")
    parser.add_argument("--timeout", type=float, default=1800, help="seconds per slice (1800)")
    parser.add_argument("--tensorflow", metavar="PYTHON", help="try what fails on real TensorFlow too")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all outcomes to a file")
    options = parser.parse_args()

    pieces = suite.slices(options.parts, options.without)
    outcomes: dict[str, suite.Outcome] = {}
    with ThreadPoolExecutor(options.jobs) as pool:
        runs = {
            pool.submit(suite.run, piece.files, suite.HEADRACE, timeout=options.timeout): piece
            for piece in pieces
        }
        for run in as_completed(runs):
            outcomes.update(run.result())
            print(f"{runs[run].name}: {_share(run.result())}", flush=True)
    failed = [test for test, outcome in outcomes.items() if outcome.result == "failed"]
    real: dict[str, suite.Outcome] = {}
    if options.tensorflow and failed:
        files = sorted({test.split("::")[0] for test in failed})
        real = suite.run(files, (options.tensorflow, "-m"), only=failed, timeout=options.timeout)
    for test in failed:
        there = real[test].result if test in real else "not tried"
        print(f"{test}\n    {outcomes[test].message.strip()[:400]}\n    on TensorFlow: {there}")
    print(f"all: {_share(outcomes)}")
    if real:
        both = [t for t in failed if real.get(t, suite.Outcome("failed")).result == "failed"]
        passed = sum(o.result == "passed" for o in outcomes.values())
        able = passed + len(failed) - len(both)
        print(f"of the {able} that TensorFlow passes, {passed} pass here: {passed / max(able, 1):.2%}")
    if options.json:
        options.json.write_text(json.dumps({t: vars(o) for t, o in outcomes.items()}, indent=1))
    problems = list(suite.judge(outcomes, suite.excluded()))
    print(*problems, sep="\n")
    return 1 if problems else 0


def _share(outcomes: dict[str, suite.Outcome]) -> str:
    count = {
        kind: sum(o.result == kind for o in outcomes.values()) for kind in ("passed", "failed", "skipped")
    }
    seconds = sum(o.seconds for o in outcomes.values())
    return f"{count['passed']} passed, {count['failed']} failed, {count['skipped']} skipped ({seconds:.0f} s in tests)"


if __name__ == "__main__":
    raise SystemExit(main())
