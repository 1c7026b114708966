"""`python -m tests.surface`: which of TensorFlow's public names are here.

Prints a table of namespaces, brings `missing.txt` and `missing_v1.txt` up to date, and prints functions with other parameters
than TensorFlow's that are not in `different.txt`. With `HEADRACE_TF_PYTHON=path/to/python` names and parameters are first read
from the TensorFlow there."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from . import lists


def record(python: str) -> None:
    """Writes the lists of facts anew, from the TensorFlow of another environment."""
    script = Path(__file__).with_name("record.py")
    env = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"}
    done = subprocess.run([python, script], stdout=subprocess.PIPE, text=True, check=True, env=env)
    answer = json.loads(done.stdout)
    lists.write_names("", answer["names"], answer["version"])
    lists.write_names(lists.V1, answer["names_v1"], answer["version"])
    lists.write_parameters(answer["parameters"], answer["parameters_v1"], answer["version"])


def report(root: str) -> list[str]:
    """Prints a table, writes the list of what is missing, and returns what has no reason there."""
    names, missing, reasons = lists.names(root), lists.missing_now(root), lists.reasons(root)
    lists.write_missing(root, missing, reasons)
    title = f"tf.{root}".strip(".")
    print(f"{title:40} {'have':>6} {'of':>6}  missing")
    for space, own in sorted(names.items()):
        lack = missing.get(space, [])
        shown = " ".join(lack) if len(lack) <= 6 else f"{' '.join(lack[:5])} … ({len(lack)})"
        print(f"{'tf.' + space if space else 'tf':40} {len(own) - len(lack):6} {len(own):6}  {shown}")
    total, lacking = sum(map(len, names.values())), sum(map(len, missing.values()))
    print(f"{'all':40} {total - lacking:6} {total:6}  {100 * (total - lacking) / total:.1f} %\n")
    return [
        f"{title}.{space}: {n}"
        for space, lack in missing.items()
        for n in lack
        if not reasons.get((space, n))
    ]


def main() -> None:
    python = os.environ.get("HEADRACE_TF_PYTHON")
    if python:
        record(python)
    unexplained = report("") + report(lists.V1)
    if unexplained:
        print(f"without a reason in the list of what is missing: {unexplained}")
    different = lists.unlisted_differences()
    for name, (theirs, ours) in different.items():
        print(f"parameters of {name}: {theirs!r} there, {ours!r} here")
    sys.exit(1 if unexplained or different else 0)


main()
