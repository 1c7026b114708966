"""`headrace run`: runs a TensorFlow program with no change to it."""

from __future__ import annotations

import argparse
import os
import runpy
import sys
from collections.abc import Sequence

from headrace.hook import install


def main(argv: Sequence[str]) -> int:
    """Runs a script or module as `python` would, except that `import tensorflow` gives Headrace.

    The program's exit status is raised as `SystemExit`, as it would be by `python`."""
    parser = argparse.ArgumentParser(
        "headrace run",
        description="Run a TensorFlow program on Headrace: as `python SCRIPT ARGS…` would.",
        usage="headrace run [-h] [--v1] (SCRIPT | -m MODULE) [ARGS…]",
    )
    parser.add_argument(
        "--v1", action="store_true", help="a program of TensorFlow 1.x: graphs, tf.contrib and older names"
    )
    parser.add_argument("-m", dest="module", metavar="MODULE", help="run a module instead of a script")
    parser.add_argument("script", nargs="?", metavar="SCRIPT", help="the program; ARGS are its own")
    options = parser.parse_args(argv[: _own(argv)])
    rest = list(argv[_own(argv) :])
    if options.module is None and options.script is None:
        parser.error("give a script, or -m and a module")
    if options.v1:
        from headrace.v1 import root

        root.install()
    else:
        install()
    if options.module is not None:
        sys.argv = [options.module, *rest]
        sys.path[0:0] = [""]
        runpy.run_module(options.module, run_name="__main__", alter_sys=True)
        return 0
    script = options.script
    if not os.path.exists(script):
        print(f"headrace run: there is no file {script!r}", file=sys.stderr)
        return 2
    sys.argv = [script, *rest]
    sys.path.insert(0, os.path.dirname(os.path.abspath(script)))
    runpy.run_path(script, run_name="__main__")
    return 0


def _own(argv: Sequence[str]) -> int:
    """How many arguments are ours: all up to the script or module; what follows is the program's."""
    for i, argument in enumerate(argv):
        if argument == "-m":
            return i + 2
        if not argument.startswith("-"):
            return i + 1
    return len(argv)
