"""`headrace events PATH`."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from headrace.core import errors

from .reader import event_files, series, shown


def events_command(argv: Sequence[str]) -> int:
    """`headrace events PATH`: the tags of event files, with steps and last values."""
    parser = argparse.ArgumentParser(
        "headrace events", description="What event files hold: tags, steps, last values."
    )
    parser.add_argument("path", help="an event file, or a directory with event files below it")
    parser.add_argument("--tag", default="", help="only tags that contain this")
    arguments = parser.parse_args(argv)
    try:
        found = event_files(arguments.path)
    except errors.OpError as error:
        sys.stderr.write(f"{error.message}\n")
        return 1
    if not found:
        sys.stderr.write(f"no event files in {arguments.path}\n")
        return 1
    status = 0
    for path in found:
        sys.stdout.write(f"{path}\n")
        try:
            entries = series(path)
        except errors.OpError as error:
            sys.stderr.write(f"  damaged: {error.message}\n")
            status = 1
            continue
        rows = [
            (tag, s.plugin, f"{len(s.steps)}", f"{s.steps[0]}…{s.steps[-1]}" if len(s.steps) > 1 else f"{s.steps[0]}", shown(s.last))
            for tag, s in entries.items()
            if arguments.tag in tag
        ]  # fmt: skip
        if rows:
            rows.insert(0, ("tag", "kind", "count", "steps", "last"))
            widths = [max(len(row[i]) for row in rows) for i in range(4)]
            for row in rows:
                line = "  ".join([cell.ljust(w) for cell, w in zip(row, [*widths, 0])]).rstrip()
                sys.stdout.write(f"  {line}\n")
    return status
