"""`headrace graph FILE`."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from typing import Any

from headrace.core import errors


def graph_command(argv: Sequence[str]) -> int:
    """`headrace graph FILE`: what is in a graph, and how it will run."""
    parser = argparse.ArgumentParser(
        "headrace graph",
        description="A graph's ops, shapes, FLOPs and memory, which parts compile and which run on the host and why.",
    )
    parser.add_argument(
        "file",
        help="a GraphDef (.pb, .pbtxt), a MetaGraphDef (.meta), a SavedModel's directory, or an event file with a graph",
    )
    parser.add_argument(
        "--outputs",
        default="",
        help="names of tensors or ops to look at, with commas; training steps and results, if not given",
    )
    parser.add_argument(
        "--dim", type=int, default=1, help="what dims of inputs that are not known count as (1)"
    )
    parser.add_argument(
        "--shape", action="append", default=[], metavar="NAME=N,N,…", help="of an input; may be given again"
    )
    parser.add_argument("--json", action="store_true", help="print everything as JSON")
    parser.add_argument("--events", metavar="DIR", help="write the graph for TensorBoard's graph view")
    parser.add_argument("--svg", metavar="FILE", help="draw it")
    parser.add_argument("--depth", type=int, default=1, help="of the name scopes that the drawing opens (1)")
    parser.add_argument("--html", metavar="FILE", help="draw it on a page whose scopes open with a click")
    options = parser.parse_args(argv)
    try:
        return _report(options)
    except (errors.OpError, ValueError) as error:
        sys.stderr.write(f"headrace graph: {getattr(error, 'message', error)}\n")
        return 1


def _report(options: Any) -> int:
    from .inspection import inspect

    outputs = [name.strip() for name in options.outputs.split(",") if name.strip()] or None
    report = inspect(options.file, outputs, options.dim, _shapes(options.shape))
    sys.stdout.write(f"{json.dumps(report.as_dict(), indent=1) if options.json else report}\n")
    if options.events:
        from headrace.summary.event_file import EventFile

        from .files import read_message

        with_graph = EventFile(options.events, 10, 1000, "")
        with_graph.add(step=0, graph_def=read_message(options.file).SerializeToString())
        with_graph.close()
    if options.svg:
        _write(options.svg, report.svg(options.depth))
    if options.html:
        _write(options.html, report.html())
    return 0


def _shapes(given: Sequence[str]) -> dict[str, list[int]]:
    shapes: dict[str, list[int]] = {}
    for text in given:
        name, _, dims = text.partition("=")
        try:
            shapes[name] = [int(d) for d in dims.split(",") if d]
        except ValueError:
            raise ValueError(f"--shape {text}: write NAME=N,N,…, with whole numbers.") from None
    return shapes


def _write(path: str, text: str) -> None:
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)
