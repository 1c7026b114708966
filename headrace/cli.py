"""The `headrace` command. Each subcommand imports what it needs when it runs, so that all start quickly."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence


def main(argv: Sequence[str] | None = None) -> int:
    """Runs `headrace ARGV` (the process's own arguments by default) and returns the exit status.

    >>> main(["version"])  # doctest: +ELLIPSIS
    headrace ...
    0
    """
    parser = argparse.ArgumentParser("headrace", description="TensorFlow programs on OpenXLA.")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    for name, (_, summary) in COMMANDS.items():
        # Each command parses its own options; here they are only told apart.
        commands.add_parser(name, help=summary, add_help=False)
    arguments = list(sys.argv[1:] if argv is None else argv)
    chosen, rest = parser.parse_known_args(arguments[:1])[0].command, arguments[1:]
    try:
        return COMMANDS[chosen][0](rest)
    except BrokenPipeError:  # `headrace ops | head` is no error
        sys.stderr.close()
        return 0


def _demo(argv: Sequence[str]) -> int:
    from headrace import demo

    return demo.main(argv)


def _run(argv: Sequence[str]) -> int:
    from headrace import run

    return run.main(argv)


def _cache(argv: Sequence[str]) -> int:
    from headrace.runtime.cache_cli import cache_command

    return cache_command(argv)


def _devices(argv: Sequence[str]) -> int:
    _no_options("devices", "The devices that programs can run on.", argv)
    import headrace as tf

    for device in tf.config.list_physical_devices():
        print(f"{device.device_type:<5}{device.name}")
    return 0


def _ops(argv: Sequence[str]) -> int:
    parser = argparse.ArgumentParser("headrace ops", description="The op table: what each op has.")
    parser.add_argument("part", nargs="?", default="", help="only ops whose name contains this")
    part = parser.parse_args(argv).part.lower()
    from headrace.core.op import TABLE, load_all

    load_all()
    rows = [TABLE[name] for name in sorted(TABLE) if part in name.lower()]
    if not rows:
        print(f"no op's name contains {part!r}", file=sys.stderr)
        return 1
    width = max(len(op.name) for op in rows)
    # A composed op has the rules of the ops in its body, save those that it has of its own.
    print(f"{'op':<{width}}  kernel    lowering  gradient")
    for op in rows:
        derived = "composed" if op.body else "-"
        rules = (op.kernel or op.run, op.lower, op.grad)
        kernel, lowering, gradient = ("own" if rule else derived for rule in rules)
        print(f"{op.name:<{width}}  {kernel:<8}  {lowering:<8}  {gradient}")
    print(f"{len(rows)} ops")
    return 0


def _events(argv: Sequence[str]) -> int:
    from headrace.summary.events_cli import events_command

    return events_command(argv)


def _graph(argv: Sequence[str]) -> int:
    from headrace.inspector.cli import graph_command

    return graph_command(argv)


def _debug(argv: Sequence[str]) -> int:
    from headrace.debugger.commands import debug_command

    return debug_command(argv)


def _checkpoint(argv: Sequence[str]) -> int:
    from headrace.checkpoint.command import checkpoint_command

    return checkpoint_command(argv)


def _saved_model(argv: Sequence[str]) -> int:
    from headrace.saved_model.command import saved_model_command

    return saved_model_command(argv)


def _version(argv: Sequence[str]) -> int:
    _no_options("version", "The versions of Headrace, Python and the libraries below it.", argv)
    import platform
    from importlib.metadata import version

    from headrace._version import __version__

    print(f"headrace {__version__}")
    print(f"python {platform.python_version()}")
    for library in ("jaxlib", "numpy"):
        print(f"{library} {version(library)}")
    return 0


def _no_options(command: str, description: str, argv: Sequence[str]) -> None:
    argparse.ArgumentParser(f"headrace {command}", description=description).parse_args(argv)


COMMANDS: dict[str, tuple[Callable[[Sequence[str]], int], str]] = {
    "demo": (_demo, "train a small convolutional network, eager and compiled"),
    "run": (_run, "run a TensorFlow program, unchanged"),
    "cache": (_cache, "show, prune or clear the compile cache"),
    "devices": (_devices, "list the devices that programs can run on"),
    "ops": (_ops, "list the op table and which rules each op has"),
    "events": (_events, "list what event files (TensorBoard's) hold"),
    "graph": (_graph, "show a graph's ops, cost and memory, and how it will run"),
    "debug": (_debug, "look into the tensors of a watched run of a session"),
    "checkpoint": (_checkpoint, "list what a checkpoint holds, or verify it"),
    "saved_model": (_saved_model, "list what a SavedModel holds"),
    "version": (_version, "print versions"),
}


if __name__ == "__main__":
    sys.exit(main())
