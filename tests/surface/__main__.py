"""`python -m tests.surface`: which of TensorFlow's public names are here.

Prints a table of namespaces, and brings `missing.txt` up to date. With `HEADRACE_TF_PYTHON=path/to/python` the names are
first read from the TensorFlow there, and `names.txt` is written anew."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from . import lists


def record(python: str) -> None:
    """Writes `names.txt` from the TensorFlow of another environment."""
    script = Path(__file__).with_name("record.py")
    env = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"}
    done = subprocess.run([python, script], stdout=subprocess.PIPE, text=True, check=True, env=env)
    answer = json.loads(done.stdout)
    lists.write_names(answer["names"], answer["version"])


def main() -> None:
    python = os.environ.get("HEADRACE_TF_PYTHON")
    if python:
        record(python)
    names, missing, reasons = lists.names(), lists.missing_now(), lists.reasons()
    lists.write_missing(missing, reasons)
    print(f"{'namespace':40} {'have':>6} {'of':>6}  missing")
    for space, own in sorted(names.items()):
        lack = missing.get(space, [])
        shown = " ".join(lack) if len(lack) <= 6 else f"{' '.join(lack[:5])} … ({len(lack)})"
        print(f"{'tf.' + space if space else 'tf':40} {len(own) - len(lack):6} {len(own):6}  {shown}")
    total, lacking = sum(map(len, names.values())), sum(map(len, missing.values()))
    print(f"{'all':40} {total - lacking:6} {total:6}  {100 * (total - lacking) / total:.1f} %")
    unexplained = [
        f"{space}: {n}" for space, lack in missing.items() for n in lack if not reasons.get((space, n))
    ]
    if unexplained:
        print(f"without a reason in missing.txt: {unexplained}")
        sys.exit(1)


main()
