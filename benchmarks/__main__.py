"""The command line: `python -m benchmarks --help`."""

import argparse
import compileall
import fnmatch
import json
import subprocess
import sys
import tempfile
from pathlib import Path

from benchmarks import peers, report, workloads
from benchmarks.frameworks import FRAMEWORKS, worker_environment
from benchmarks.harness import Process, WorkerError, measure
from benchmarks.processes import PROCESS_WORKLOADS, Contender, measure_processes

ROOT = str(Path(__file__).resolve().parent.parent)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks",
        description="The same workloads on Headrace, TensorFlow, JAX and PyTorch, in turn; medians compared.",
    )
    parser.add_argument("--peers", action="store_true", help="first install the peers that are not there yet")
    parser.add_argument(
        "--on",
        nargs="+",
        metavar="FRAMEWORK",
        choices=FRAMEWORKS,
        default=list(FRAMEWORKS),
        help="only on these",
    )
    parser.add_argument(
        "--only", nargs="+", metavar="NAME", default=["*"], help="only these (patterns such as 'mlp*')"
    )
    parser.add_argument("--quick", action="store_true", help="fewer and shorter rounds: a rough picture")
    parser.add_argument("--json", metavar="FILE", help="also write everything measured to a file")
    parser.add_argument("--list", action="store_true", help="list the workloads and end")
    return parser.parse_args()


def _chosen(names: list[str], patterns: list[str]) -> list[str]:
    for pattern in patterns:
        if not fnmatch.filter(names, pattern):
            raise SystemExit(f"No workload is called {pattern!r}. There are: {', '.join(names)}.")
    return [name for name in names if any(fnmatch.fnmatch(name, pattern) for pattern in patterns)]


def _contenders(wanted: list[str], install: bool) -> list[Contender]:
    contenders = []
    for name in wanted:
        try:
            python = peers.install(name) if install and name != "headrace" else peers.python_of(name)
        except subprocess.CalledProcessError:  # pip has said why
            print(f"{name} could not be installed into {peers.folder(name)}, and is left out.")
            continue
        if python is None:
            print(f"{name} is not in {peers.folder(name)}: `python -m benchmarks --peers` installs it there.")
        else:
            contenders.append(Contender(FRAMEWORKS[name], python))
    return contenders


def _progress(text: str) -> None:
    """One line that overwrites itself, on a terminal only."""
    if sys.stderr.isatty():
        print(f"\r\x1b[K{text}", end="", file=sys.stderr, flush=True)


def main() -> None:
    """Measure what was asked for, show it, and write it down."""
    arguments = _arguments()
    table = workloads.load()
    titles = {name: work.title for name, work in table.items()}
    titles |= {name: title for name, (title, _) in PROCESS_WORKLOADS.items()}
    names = _chosen(list(titles), arguments.only)
    if arguments.list:
        for name in names:
            print(f"{name:20} {titles[name]}")
        return

    # Installers compile what they install; a checkout is compiled at its first imports, which would count as start-up.
    compileall.compile_dir(Path(ROOT) / "headrace", quiet=1)
    contenders = _contenders(arguments.on, arguments.peers)
    rounds, seconds = (3, 0.05) if arguments.quick else (9, 0.25)
    versions: dict[str, str] = {}
    with tempfile.TemporaryDirectory(prefix="headrace-benchmark-") as scratch:
        processes = {
            contender.framework.name: Process(
                [contender.python, "-m", "benchmarks.worker", contender.framework.name],
                worker_environment(contender.framework, ROOT, scratch),
            )
            for contender in contenders
        }
        try:
            for name in list(processes):
                try:
                    versions[name] = processes[name].ask(do="hello")["version"]
                except WorkerError as error:
                    print(f"{name} does not start: {error}")
                    del processes[name]
            contenders = [contender for contender in contenders if contender.framework.name in processes]
            chosen = [table[name] for name in names if name in table]
            rows = measure(processes, chosen, rounds=rounds, seconds=seconds, progress=_progress)
        finally:
            for process in processes.values():
                process.close()
    fresh = [name for name in names if name in PROCESS_WORKLOADS]
    rows += measure_processes(
        contenders, fresh, root=ROOT, rounds=1 if arguments.quick else 5, progress=_progress
    )
    _progress("")

    print(", ".join(f"{report.TITLES[name]} {version}" for name, version in versions.items()))
    report.show(rows, list(versions))
    if arguments.json:
        Path(arguments.json).write_text(json.dumps(report.as_json(rows, versions), indent=1) + "\n")


if __name__ == "__main__":
    main()
