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
lt [-f FILTER] [-n REGEX] [-t REGEX]   the tensors of the run, in the order of their computation; -t: of ops of some types
pt TENSOR[SLICE] [-t TIME]             a tensor's value, or a part: `pt a:0[0,:3]`; TIME (from 0) says which, if there are several
ni [-t] OP                             an op: its type, the line that made it, inputs, and who takes its outputs; -t: the stack
li [-d DEPTH] OP                       all ops that an op depends on, or so many steps of them
lo [-d DEPTH] OP                       all ops that depend on it
filters                                the filters there are
help                                   this
run [-f FILTER | -t TIMES | -n]        at a prompt: goes on; until a filter finds tensors; to that run; without watching one
exit                                   at a prompt: ends the program"""
_PART = re.compile(r"^(?P<tensor>[^\[\]]+)(\[(?P<part>[-\d:,.\s]*)\])?$")


class Commands:
    """Answers about one dump."""

    HELP = HELP

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
            "lo": self._outputs, "list_outputs": self._outputs,
            "filters": lambda _: "\n".join(sorted(self.filters)), "help": lambda _: HELP,
        }  # fmt: skip
        if command not in known:
            raise ValueError(f"There is no command {command!r}.\n{HELP}")
        return known[command](arguments)

    def _list(self, arguments: list[str]) -> str:
        parser = _Parser("lt")
        parser.add_argument("-f", dest="filter")
        parser.add_argument("-n", dest="names", default="")
        parser.add_argument("-t", dest="types", default="")
        given = parser.parse_args(arguments)
        found = self.dump.find(self.filter(given.filter)) if given.filter else self.dump.dumped_tensor_data
        found = [d for d in found if re.search(given.names, d.node_name)]
        found = [d for d in found if re.search(given.types, self._type(d.node_name))]
        return self.table(found, given.filter)

    def _type(self, name: str) -> str:
        return self.dump.node_op_type(name) if self.dump.node_exists(name) else "?"

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
            kind = self._type(d.node_name)
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
        found = _PART.match(given.tensor)
        if found is None:
            raise ValueError(f"{given.tensor}: write TENSOR, or TENSOR[0,1:3].")
        given.tensor = found["tensor"]
        name, _, slot = given.tensor.partition(":")
        if slot and not slot.isdecimal():
            raise ValueError(f"{given.tensor}: what follows the colon is the number of an output.")
        values = self.dump.get_tensors(name, int(slot or 0))
        if not -len(values) <= given.time < len(values):
            raise ValueError(
                f"{given.tensor} was computed {len(values)} time(s): -t {given.time} is not one."
            )
        value = values[given.time]
        if found["part"] is not None and isinstance(value, np.ndarray):
            try:
                value = np.asarray(value[_index(found["part"])])
            except (IndexError, ValueError) as error:
                raise ValueError(f"{given.tensor}[{found['part']}]: {error}") from None
        times = f" (time {given.time} of {len(values)})" if len(values) > 1 else ""
        return f"{given.tensor}{times}: {describe(value)}\n{value}"

    def _node(self, arguments: list[str]) -> str:
        parser = _Parser("ni")
        parser.add_argument("op")
        parser.add_argument("-t", "--traceback", dest="stack", action="store_true")
        given = parser.parse_args(arguments)
        name = given.op.partition(":")[0]
        dump = self.dump
        lines = [f"{name}: {dump.node_op_type(name)}", f"  made at    {dump.site(name)}"]
        if given.stack:
            try:
                stack = dump.node_traceback(name)
            except LookupError:
                stack = []  # the program is not there any more: the line is all there is
            lines += [f"             {file}:{line} {function}" for file, line, function, *_ in stack]
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
        dump = self.dump
        return self._around(
            "li", arguments, "depends on", lambda name: dump.node_inputs(name) + dump.node_inputs(name, True)
        )

    def _outputs(self, arguments: list[str]) -> str:
        dump = self.dump
        takers: dict[str, list[str]] = {}
        for taker in dump.nodes():
            for source in dump.node_inputs(taker) + dump.node_inputs(taker, True):
                takers.setdefault(source.partition(":")[0], []).append(taker)
        return self._around("lo", arguments, "is needed by", lambda name: takers.get(name, []))

    def _around(
        self, command: str, arguments: list[str], relation: str, next_to: Callable[[str], list[str]]
    ) -> str:
        """The ops around an op, the nearest first, each with its distance."""
        parser = _Parser(command)
        parser.add_argument("op")
        parser.add_argument("-d", "--depth", type=int, default=0)
        given = parser.parse_args(arguments)
        root = given.op.partition(":")[0]
        self.dump.node_op_type(root)  # it is there
        found = {root: 0}
        todo = [root]
        for name in todo:
            if given.depth and found[name] >= given.depth:
                continue
            for other in [n.partition(":")[0] for n in next_to(name)]:
                if other not in found and self.dump.node_exists(other):
                    found[other] = found[name] + 1
                    todo.append(other)
        lines = [f"{root} {relation} {len(found) - 1} op(s)"]
        lines += [
            f"  {'| ' * (depth - 1)}{name}: {self._type(name)}" for name, depth in found.items() if depth
        ]
        return "\n".join(lines)


def _index(text: str) -> tuple[Any, ...]:
    """`0,1:3` as an index of an array."""
    out: list[Any] = []
    for part in [p.strip() for p in text.split(",") if p.strip()]:
        if part == "...":
            out.append(...)
        elif ":" in part:
            out.append(slice(*[int(p) if p else None for p in part.split(":")]))
        else:
            out.append(int(part))
    return tuple(out)


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
