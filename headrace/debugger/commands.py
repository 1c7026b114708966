"""Questions about a watched run: at the prompt of `LocalCLIDebugWrapperSession`, and from `headrace debug DIR`."""

from __future__ import annotations

import argparse
import os
import re
import shlex
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from headrace.core import errors

from .dumps import DebugDumpDir, DebugTensorDatum, has_inf_or_nan

Filter = Callable[[DebugTensorDatum, Any], bool]
HELP = """\
lt [-f FILTER] [-n REGEX]   the tensors of the run, in the order of their computation
pt TENSOR [-t TIME]         a tensor's value; TIME (from 0) says which, if it was computed more than once
ni OP                       an op: its type, the line that made it, inputs, and who takes its outputs
li OP                       all ops that an op depends on
filters                     the filters there are
help                        this"""


class Commands:
    """Answers about one dump."""

    def __init__(self, dump: DebugDumpDir, filters: Mapping[str, Filter] | None = None) -> None:
        self.dump = dump
        self.filters: dict[str, Filter] = {"has_inf_or_nan": has_inf_or_nan, **(filters or {})}

    def answer(self, line: str) -> str:
        """What to print for a command.

        Raises:
          ValueError: there is no such command, or its arguments are wrong.
        """
        command, *arguments = shlex.split(line) or ["help"]
        known: dict[str, Callable[[list[str]], str]] = {
            "lt": self._list, "list_tensors": self._list, "pt": self._print, "print_tensor": self._print,
            "ni": self._node, "node_info": self._node, "li": self._inputs, "list_inputs": self._inputs,
            "filters": lambda _: "\n".join(sorted(self.filters)), "help": lambda _: HELP,
        }  # fmt: skip
        if command not in known:
            raise ValueError(f"There is no command {command!r}.\n{HELP}")
        return known[command](arguments)

    def _list(self, arguments: list[str]) -> str:
        parser = _Parser("lt")
        parser.add_argument("-f", dest="filter")
        parser.add_argument("-n", dest="names", default="")
        given = parser.parse_args(arguments)
        found = self.dump.find(self.filter(given.filter)) if given.filter else self.dump.dumped_tensor_data
        return self.table([d for d in found if re.search(given.names, d.node_name)], given.filter)

    def filter(self, name: str) -> Filter:
        if name not in self.filters:
            raise ValueError(f"There is no filter {name!r}; there are {sorted(self.filters)}.")
        return self.filters[name]

    def table(self, data: Sequence[DebugTensorDatum], filter_name: str | None = None) -> str:
        """The tensors, one per line: when they were computed (ms), their size, their op's type, name and line."""
        passed = f" that pass {filter_name}" if filter_name else ""
        lines = [f"{len(data)} tensor(s){passed}"]
        t0 = self.dump.t0 or 0
        for d in data:
            kind = self.dump.node_op_type(d.node_name) if self.dump.node_exists(d.node_name) else "?"
            site = self.dump.site(d.node_name)
            lines.append(
                f"[{(d.timestamp - t0) / 1000:9.3f}] {d.dump_size_bytes or 0:>9} B  {kind:<20} {d.tensor_name}"
                f"{f'  {site}' if site else ''}"
            )
        return "\n".join(lines)

    def _print(self, arguments: list[str]) -> str:
        parser = _Parser("pt")
        parser.add_argument("tensor")
        parser.add_argument("-t", dest="time", type=int, default=0)
        given = parser.parse_args(arguments)
        name, _, slot = given.tensor.partition(":")
        values = self.dump.get_tensors(name, int(slot or 0))
        if not -len(values) <= given.time < len(values):
            raise ValueError(
                f"{given.tensor} was computed {len(values)} time(s): -t {given.time} is not one."
            )
        value = values[given.time]
        times = f" (time {given.time} of {len(values)})" if len(values) > 1 else ""
        return f"{given.tensor}{times}: {describe(value)}\n{value}"

    def _node(self, arguments: list[str]) -> str:
        parser = _Parser("ni")
        parser.add_argument("op")
        name = parser.parse_args(arguments).op.partition(":")[0]
        dump = self.dump
        lines = [f"{name}: {dump.node_op_type(name)}", f"  made at    {dump.site(name)}"]
        for label, names in (
            ("inputs", dump.node_inputs(name)),
            ("waits for", dump.node_inputs(name, is_control=True)),
            ("goes to", dump.node_recipients(name)),
        ):
            if names:
                lines.append(f"  {label:<10} {', '.join(names)}")
        for key in dump.debug_watch_keys(name):
            data = dump.watch_key_to_data(key)
            lines.append(
                f"  {data[0].tensor_name}: computed {len(data)} time(s), {describe(data[0].get_tensor())}"
            )
        return "\n".join(lines)

    def _inputs(self, arguments: list[str]) -> str:
        parser = _Parser("li")
        parser.add_argument("op")
        name = parser.parse_args(arguments).op
        found = self.dump.transitive_inputs(name)
        return "\n".join([f"{name} depends on {len(found)} op(s)", *[f"  {n}: {self.dump.node_op_type(n)}" for n in found]])  # fmt: skip


class _Parser(argparse.ArgumentParser):
    """Raises instead of ending the process."""

    def __init__(self, command: str) -> None:
        super().__init__(command, add_help=False)

    def error(self, message: str) -> Any:
        raise ValueError(f"{self.prog}: {message}")


def describe(value: Any) -> str:
    """A tensor in a few words."""
    if not isinstance(value, np.ndarray):
        return str(value)
    text = f"{value.dtype.name} {list(value.shape)}"
    numbers = value.astype(np.float64) if value.dtype.kind in "fiuV" else None
    if numbers is None or not value.size:
        return text
    finite = numbers[np.isfinite(numbers)]
    parts = [f"{n} {word}" for n, word in (
        (int(np.isnan(numbers).sum()), "NaN"), (int(np.isposinf(numbers).sum()), "+Inf"),
        (int(np.isneginf(numbers).sum()), "-Inf")) if n]  # fmt: skip
    if finite.size:
        parts.append(f"{finite.min():.6g} … {finite.max():.6g}, mean {finite.mean():.6g}")
    return f"{text}: {', '.join(parts)}"


def run_directories(path: str) -> list[str]:
    """The dumps below a directory: itself, or its `run_…`, the oldest first."""
    if any(e.startswith("_tfdbg_") for e in os.listdir(path)):
        return [path]
    found = [os.path.join(path, e) for e in os.listdir(path) if e.startswith("run_")]
    return sorted([f for f in found if os.path.isdir(f)], key=_number)


def _number(path: str) -> tuple[int, ...]:
    return tuple([int(n) for n in re.findall(r"\d+", os.path.basename(path))])


def debug_command(argv: Sequence[str]) -> int:
    """`headrace debug DIR`: what a watched run computed."""
    parser = argparse.ArgumentParser(
        "headrace debug",
        description="Looks into the tensors that a watched run of a session left in a directory.",
        epilog=HELP,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("directory", help="of one run, or of a DumpingDebugWrapperSession")
    parser.add_argument(
        "command", nargs="*", help="one of those below; lists tensors with NaN or infinity, if not given"
    )
    parser.add_argument(
        "--run", type=int, default=-1, help="which of several runs, from 0; the last, if not given"
    )
    given, more = parser.parse_known_args(argv)
    try:
        if not os.path.isdir(given.directory):
            raise ValueError(f"there is no directory {given.directory}")
        runs = run_directories(given.directory)
        if not runs or not -len(runs) <= given.run < len(runs):
            raise ValueError(f"{given.directory} holds {len(runs)} run(s)")
        commands = Commands(DebugDumpDir(runs[given.run], validate=False))
        line = shlex.join([*given.command, *more]) or "lt -f has_inf_or_nan"
        sys.stdout.write(f"{runs[given.run]}\n{commands.answer(line)}\n")
    except (errors.OpError, OSError, ValueError) as error:
        sys.stderr.write(f"headrace debug: {getattr(error, 'message', error)}\n")
        return 1
    return 0
