"""`headrace checkpoint PATH`: what a checkpoint holds."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from typing import Any

import numpy as np

from headrace.core import errors

from .directory import _file_of
from .object_graph import GRAPH_KEY, read_graph
from .reader import open_checkpoint


def checkpoint_command(argv: Sequence[str]) -> int:
    """Runs `headrace checkpoint ARGV`; returns the exit status."""
    parser = argparse.ArgumentParser(
        "headrace checkpoint",
        description="What a checkpoint holds: names, types, shapes and sizes of its tensors.",
    )
    parser.add_argument("path", help="a checkpoint (what its files begin with), or a folder: its latest")
    parser.add_argument("--values", metavar="NAME", help="print the tensor of that name")
    parser.add_argument("--check", action="store_true", help="read everything and compare all checksums")
    options = parser.parse_args(argv)
    path = options.path
    for ending in (".index", ".meta"):  # what a shell completes to
        path = path.removesuffix(ending)
    try:
        with open_checkpoint(_file_of(path)) as reader:
            if options.values is not None:
                return _values(reader, options.values)
            return _check(reader) if options.check else _list(reader)
    except (errors.OpError, ValueError) as error:
        sys.stderr.write(f"headrace checkpoint: {error}\n")
        return 1


def _say(line: object) -> None:
    sys.stdout.write(f"{line}\n")


def _size(n: int) -> str:
    for unit in ("B", "KB", "MB"):
        if n < 1024:
            return f"{n:.0f} {unit}" if unit == "B" else f"{n:.1f} {unit}"
        n /= 1024  # type: ignore[assignment]
    return f"{n:.1f} GB"


def _list(reader: Any) -> int:
    names = [n for n in reader.names() if n != GRAPH_KEY]
    rows = []
    for name in names:
        parts = reader.boxes(name)
        shape = f"[{', '.join(map(str, reader.shape(name)))}]" + (f" in {len(parts)} parts" if parts else "")
        rows.append((name, reader.dtype(name).name, shape, _size(reader.stored_size(name))))
    widths = [max([len(row[i]) for row in rows], default=0) for i in range(4)]
    for name, dtype, shape, size in rows:
        _say(f"{name:<{widths[0]}}  {dtype:<{widths[1]}}  {shape:<{widths[2]}}  {size:>{widths[3]}}")
    graph = read_graph(reader)
    kind = f", a tree of {len(graph.nodes)} objects" if graph is not None else ""
    _say(f"{len(names)} tensors, {_size(sum(reader.stored_size(n) for n in names))}{kind}")
    return 0


def _values(reader: Any, name: str) -> int:
    with np.printoptions(threshold=1000, linewidth=110):
        _say(reader.tensor(name))
    return 0


def _check(reader: Any) -> int:
    """Reads every tensor; tells of each that cannot be."""
    damaged = 0
    for name in reader.names():
        try:
            reader.tensor(name)
        except errors.OpError as error:
            damaged += 1
            _say(f"{name}: {error}")
    read_graph(reader)
    whole = len(reader.names()) - damaged
    _say(f"{whole} tensors are whole" + (f", {damaged} are damaged" if damaged else ""))
    return 1 if damaged else 0
