"""What is said about watched runs, and asked: at a terminal before and after each, elsewhere what filters find."""

from __future__ import annotations

import sys
from typing import Any

from .commands import Commands, Filter, describe
from .dumps import DebugDumpDir, DebugTensorDatum, has_inf_or_nan

__all__ = ["Dialogue", "Filter"]


class Dialogue:
    """Whether runs are watched, and what is looked for in them."""

    def __init__(self) -> None:
        self.filters: dict[str, Filter] = {"has_inf_or_nan": has_inf_or_nan}
        self._until: str | None = None  # the filter that is waited for
        self._skip = 0  # so many runs are not watched
        self._decided = False  # whether the next watched run goes without asking

    def add_tensor_filter(self, filter_name: str, tensor_filter: Filter) -> None:
        """Adds a filter.

        Raises:
          ValueError: the name is empty.
          TypeError: the name is no string, or the filter cannot be called.
        """
        if not isinstance(filter_name, str):
            raise TypeError("filter_name must be a string.")
        if not filter_name:
            raise ValueError("Input argument filter_name cannot be empty.")
        if not callable(tensor_filter):
            raise TypeError("Input argument tensor_filter is expected to be callable, but is not.")
        self.filters[filter_name] = tensor_filter

    @property
    def _asks(self) -> bool:
        return sys.stdin is not None and sys.stdin.isatty()

    def before(self, run: int, fetches: Any) -> bool:
        """Whether to watch the run of that number."""
        if self._asks and not self._decided and not self._skip and self._until is None:
            self._prompt(f"before run {run} of {fetches!r}", None)
        if self._skip:
            self._skip -= 1
            return False
        self._decided = False
        return True

    def after(self, run: int, dump: DebugDumpDir) -> None:
        """Looks at a run."""
        commands = Commands(dump, self.filters)
        if not self._asks:
            for name, tensor_filter in self.filters.items():
                _report(run, commands, name, dump.find(tensor_filter))
            return
        if self._until is not None:
            found = dump.find(self.filters[self._until])
            if not found:
                return
            sys.stdout.write(f"{commands.table(found, self._until)}\n")
            self._until = None
        self._prompt(f"after run {run}", commands)

    def _prompt(self, where: str, commands: Commands | None) -> None:
        sys.stdout.write(f"tfdbg: {where}; `run` goes on, `help` lists the commands\n")
        while True:
            line = input("tfdbg> ").strip()
            if line in ("exit", "quit"):
                raise SystemExit(0)
            if not line:
                continue
            try:
                if line.split()[0] in ("run", "r"):
                    return self._go(line.split()[1:])
                if commands is None and line != "help":
                    raise ValueError("Nothing ran yet: `run` first.")
                sys.stdout.write(f"{Commands.HELP if commands is None else commands.answer(line)}\n")
            except (KeyError, OSError, ValueError) as error:
                sys.stdout.write(f"{error}\n")

    def _go(self, arguments: list[str]) -> None:
        """Raises ValueError: the arguments mean nothing."""
        kind, rest = (arguments[0], arguments[1:]) if arguments else ("", [])
        if kind in ("-f", "--till_filter_pass") and len(rest) == 1:
            if rest[0] not in self.filters:
                raise ValueError(f"There is no filter {rest[0]!r}; there are {sorted(self.filters)}.")
            self._until = rest[0]
        elif kind in ("-t", "--times") and len(rest) == 1 and rest[0].isdecimal() and int(rest[0]):
            self._skip, self._decided = int(rest[0]) - 1, True
        elif kind in ("-n", "--no_debug") and not rest:
            self._skip = 1
        elif kind:
            raise ValueError(
                "run [-f FILTER | -t TIMES | -n]: until a filter finds tensors, so often, not watched"
            )


def _report(run: int, commands: Commands, name: str, found: list[DebugTensorDatum]) -> None:
    """Prints what a filter found, and where the first of it comes from."""
    if not found:
        return
    first, dump = found[0], commands.dump
    kind = dump.node_op_type(first.node_name) if dump.node_exists(first.node_name) else "?"
    lines = [f"run {run}: {commands.table(found[:20], name)}"]
    if len(found) > 20:
        lines.append(f"  and {len(found) - 20} more")
    lines.append(
        f"first: {first.tensor_name} ({kind}, made at {dump.site(first.node_name)}), {describe(first.get_tensor())}"
    )
    for source in dump.node_inputs(first.node_name) if dump.node_exists(first.node_name) else ():
        node, _, slot = source.partition(":")
        values = dump.watch_key_to_data(f"{node}:{slot or 0}:{first.debug_op}")
        before = [d for d in values if d.timestamp < first.timestamp]
        if before:
            lines.append(f"  input {source}: {describe(before[-1].get_tensor())}")
    sys.stdout.write("\n".join(lines) + "\n")
