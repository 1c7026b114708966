"""`headrace cache`: show, prune and clear the compile cache."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from headrace.runtime import cache


def cache_command(argv: Sequence[str]) -> int:
    """Run `headrace cache ARGV`, printing plain text; returns the exit code.

    show   (the default) where the cache is, what it holds and what it saved
    prune  throw the longest unused entries away until the limit, or --size, is kept
    clear  throw everything away
    """
    parser = argparse.ArgumentParser("headrace cache", description="The cache of compiled programs.")
    commands = parser.add_subparsers(dest="command", metavar="show|prune|clear")
    commands.add_parser("show", help="where the cache is, what it holds and what it saved (the default)")
    prune = commands.add_parser("prune", help="throw the longest unused entries away")
    prune.add_argument("--size", type=_size, metavar="BYTES", help="keep at most this much, such as 200M")
    commands.add_parser("clear", help="throw everything away")
    arguments = parser.parse_args(argv)
    try:
        _COMMANDS[arguments.command or "show"](arguments)
    except (OSError, ValueError) as error:
        sys.stderr.write(f"headrace cache: {error}\n")
        return 1
    return 0


def _size(text: str) -> int:
    try:
        return cache.parse_size(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def _show(arguments: argparse.Namespace) -> None:
    stats = cache.lifetime_stats()
    asked = stats.hits + stats.misses
    share = f" ({100 * stats.hits / asked:.0f} %)" if asked else ""
    rows = {
        "directory": str(cache.directory()),
        "state": "on" if cache.enabled() else "off (HEADRACE_CACHE)",
        "entries": f"{stats.entries:,}",
        "size": f"{stats.bytes / 2**20:,.1f} MiB of {cache.limit() / 2**20:,.0f} MiB",
        "hits": f"{stats.hits:,} of {asked:,}{share}",
        "time saved": f"{stats.seconds_saved:,.1f} s of compilation",
    }
    sys.stdout.write("".join(f"{name:<12}{value}\n" for name, value in rows.items()))


def _prune(arguments: argparse.Namespace) -> None:
    removed = cache.prune(cache.limit() if arguments.size is None else arguments.size)
    stats = cache.stats()
    sys.stdout.write(
        f"removed {removed:,} entries, kept {stats.entries:,} ({stats.bytes / 2**20:,.1f} MiB)\n"
    )


def _clear(arguments: argparse.Namespace) -> None:
    sys.stdout.write(f"removed {cache.clear():,} entries\n")


_COMMANDS = {"show": _show, "prune": _prune, "clear": _clear}
