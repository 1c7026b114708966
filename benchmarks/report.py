"""The report: tables for people (with `rich` when it is installed), JSON for programs."""

import importlib.util
import os
import platform
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks.harness import Cell, Row

SUBJECT = "headrace"
TITLES = {"headrace": "Headrace", "tensorflow": "TensorFlow", "jax": "JAX", "torch": "PyTorch"}
SHORT = {"tensorflow": "TF", "jax": "JAX", "torch": "PyTorch"}
SECTIONS = {
    "time": "Time per step or operation (medians)",
    "first step": "First step (tracing, compiling, running)",
    "process": "Fresh processes",
}
_SCALES = {
    "s": ((1, "s"), (1e-3, "ms"), (1e-6, "µs"), (0, "ns")),
    "bytes": ((1e9, "GB"), (1e6, "MB"), (1e3, "kB"), (0, "B")),
}


def quantity(value: float, unit: str) -> str:
    """Three digits and a fitting unit: `quantity(0.00123, "s")` is `'1.23 ms'`."""
    if unit == "count":
        return f"{value:g}"
    scale, name = next((scale, name) for scale, name in _SCALES[unit] if value >= scale)
    value /= scale or {"s": 1e-9, "bytes": 1}[unit]
    return f"{value:.{max(0, 2 - len(str(int(value))) + 1)}f} {name}"


def _text(cell: Cell | None, unit: str) -> str:
    if cell is None:
        return "–"
    shown = quantity(cell.median, unit) if cell.median is not None else ""
    if cell.note in ("", "–"):
        return shown or "–"
    return f"{shown} (!)" if shown else "failed"


def tables(rows: Sequence[Row], frameworks: Sequence[str]) -> list[tuple[str, list[str], list[list[str]]]]:
    """Title, header and lines of each section. A ratio is the peer's median over Headrace's."""
    peers = [name for name in frameworks if name != SUBJECT]
    compared = peers if SUBJECT in frameworks else []
    header = ["", *(TITLES.get(name, name) for name in frameworks)]
    header += [f"÷ {SHORT.get(name, name)}" for name in compared]
    result = []
    for section, title in SECTIONS.items():
        lines = []
        for row in rows:
            if row.section == section:
                ratios = row.ratios(SUBJECT)
                line = [row.name, *(_text(row.cells.get(name), row.unit) for name in frameworks)]
                lines.append(line + [f"{ratios[name]:.2f}×" if name in ratios else "" for name in compared])
        if lines:
            result.append((title, header, lines))
    return result


def notes(rows: Sequence[Row]) -> list[str]:
    """Every failure and disagreement, in full."""
    return [
        f"{row.name}, {TITLES.get(name, name)}: {cell.note}"
        for row in rows
        for name, cell in row.cells.items()
        if cell.note not in ("", "–")
    ]


def show(rows: Sequence[Row], frameworks: Sequence[str]) -> None:
    """Print the tables and the notes."""
    found = tables(rows, frameworks)
    if importlib.util.find_spec("rich") is not None:
        _show_rich(found)
    else:
        _show_plain(found)
    if SUBJECT in frameworks and len(frameworks) > 1:
        print(
            "÷: the peer's median over Headrace's; above 1, Headrace takes less. `--list` explains the names."
        )
    for note in notes(rows):
        print("!", note)


def _show_rich(found: list[tuple[str, list[str], list[list[str]]]]) -> None:
    from rich.console import Console
    from rich.table import Table

    # Into a file or a pipe, lines may be as long as they need to be.
    console = Console() if sys.stdout.isatty() else Console(width=200)
    for title, header, lines in found:
        table = Table(title=title, title_justify="left")
        for index, column in enumerate(header):
            style = "bold" if index == 1 else None
            table.add_column(column, justify="right" if index else "left", style=style, no_wrap=index == 0)
        for line in lines:
            table.add_row(*line)
        console.print(table)


def _show_plain(found: list[tuple[str, list[str], list[list[str]]]]) -> None:
    for title, header, lines in found:
        widths = [max(map(len, column)) for column in zip(header, *lines)]
        print(f"\n{title}")
        for line in (header, ["-" * width for width in widths], *lines):
            cells = [text.rjust(width) for text, width in zip(line[1:], widths[1:])]
            print("  ".join([line[0].ljust(widths[0]), *cells]))


def machine() -> dict[str, Any]:
    """What the numbers were taken on."""
    names = [
        line.split(":", 1)[1].strip()
        for line in (Path("/proc/cpuinfo").read_text().splitlines() if Path("/proc/cpuinfo").exists() else ())
        if line.startswith("model name")
    ]
    return {
        "cpu": names[0] if names else platform.processor(),
        "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        "load": os.getloadavg()[0],
        "python": platform.python_version(),
        "system": platform.platform(),
    }


def as_json(rows: Sequence[Row], versions: dict[str, str]) -> dict[str, Any]:
    """Everything measured: seconds, bytes or counts, with samples, medians, ratios and notes."""
    return {
        "when": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "machine": machine(),
        "versions": versions,
        "rows": [
            {
                "section": row.section,
                "name": row.name,
                "title": row.title,
                "unit": row.unit,
                "medians": {name: cell.median for name, cell in row.cells.items() if cell.samples},
                "ratios": row.ratios(SUBJECT),
                "samples": {name: cell.samples for name, cell in row.cells.items() if cell.samples},
                "notes": {name: cell.note for name, cell in row.cells.items() if cell.note},
            }
            for row in rows
        ],
    }
