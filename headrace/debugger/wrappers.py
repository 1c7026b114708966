"""Sessions that watch their runs."""

from __future__ import annotations

import os
import re
import shutil
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from typing import Any

from headrace.core import errors
from headrace.session import stack

from .commands import Commands, Filter, describe
from .dumps import DebugDumpDir, has_inf_or_nan
from .watches import WatchOptions, watch_graph


class DebugWrapperSession:
    """A session around a session, whose runs are watched.

    Args:
      sess: the session that runs.
      thread_name_filter: a regular expression: runs in other threads are not watched.
    """

    def __init__(self, sess: Any, thread_name_filter: str | None = None) -> None:
        if not hasattr(sess, "run") or not hasattr(sess, "graph"):
            raise TypeError(f"Expected a session, received {type(sess).__name__}.")
        self._sess = sess
        self._threads = re.compile(thread_name_filter) if thread_name_filter else None
        self._runs = 0

    # ------------------------------------------------------------------------------------------- what a session has
    @property
    def graph(self) -> Any:
        """The graph of the session."""
        return self._sess.graph

    @property
    def graph_def(self) -> Any:
        """The graph as a `GraphDef`."""
        return self._sess.graph_def

    @property
    def sess_str(self) -> str:
        return self._sess.sess_str

    @property
    def session(self) -> Any:
        """The session that runs."""
        return self._sess

    def __getattr__(self, name: str) -> Any:
        return getattr(self._sess, name)

    def __enter__(self) -> DebugWrapperSession:
        self._entered = self.graph.as_default()
        self._entered.__enter__()
        stack.push(self)
        return self

    def __exit__(self, *exc: Any) -> None:
        stack.pop(self)
        self._entered.__exit__(*exc)
        self.close()

    def close(self) -> None:
        """Closes the session."""
        self._sess.close()

    # --------------------------------------------------------------------------------------------------------- runs
    def run(self, fetches: Any, feed_dict: Any = None, options: Any = None, run_metadata: Any = None) -> Any:
        """As `Session.run`; watched."""
        if self._threads is not None and not self._threads.match(threading.current_thread().name):
            return self._sess.run(fetches, feed_dict, options, run_metadata)
        self._runs += 1
        return self._watched(fetches, feed_dict, options, run_metadata)

    def make_callable(
        self, fetches: Any, feed_list: Any = None, accept_options: bool = False
    ) -> Callable[..., Any]:
        """A function of the values of `feed_list` that computes `fetches`; watched."""

        def call(*values: Any, options: Any = None, run_metadata: Any = None) -> Any:
            return self.run(fetches, dict(zip(feed_list or (), values)), options, run_metadata)

        return call

    def _watched(self, fetches: Any, feed_dict: Any, options: Any, run_metadata: Any) -> Any:
        raise NotImplementedError

    def _dumped(
        self, root: str, watch: WatchOptions, fetches: Any, feed_dict: Any, options: Any, run_metadata: Any
    ) -> Any:
        """A run whose tensors go into a directory."""
        os.makedirs(root, exist_ok=True)
        options = with_watches(self.graph, options, root, watch)
        return self._sess.run(fetches, feed_dict, options, run_metadata)


def with_watches(graph: Any, options: Any, root: str, watch: WatchOptions) -> Any:
    """`RunOptions` with watches added: the tensors that `watch` describes go into the directory `root`."""
    from headrace.proto.config_pb2 import RunOptions

    own = RunOptions()
    if options is not None:
        own.CopyFrom(options)
    watch_graph(
        own, graph, watch.debug_ops, f"file://{root}", watch.node_name_regex_allowlist,
        watch.op_type_regex_allowlist, watch.tensor_dtype_regex_allowlist,
        watch.tolerate_debug_op_creation_failures,
    )  # fmt: skip
    return own


def _asked(watch_fn: Any, fetches: Any, feeds: Any) -> WatchOptions:
    """What a `watch_fn` says, also in its older form."""
    if watch_fn is None:
        return WatchOptions()
    said = watch_fn(fetches, feeds)
    if isinstance(said, tuple):
        return WatchOptions(*said)
    if not isinstance(said, WatchOptions):
        raise TypeError(f"watch_fn must return a WatchOptions, received {type(said).__name__}.")
    return said


class DumpingDebugWrapperSession(DebugWrapperSession):
    """A session each of whose runs leaves its tensors in a directory `run_…` of its own, for `DebugDumpDir`.

    Args:
      sess: the session that runs.
      session_root: an empty directory, or one that will be made.
      watch_fn: `watch_fn(fetches, feeds)` gives the `WatchOptions` of a run; all tensors, if not given.
      thread_name_filter: a regular expression: runs in other threads are not watched.
      pass_through_operrors: must not be False: errors of ops are raised, after what ran before them was written.

    Raises:
      ValueError: the directory is not empty, or a file.
      TypeError: `watch_fn` cannot be called.
    """

    def __init__(
        self, sess: Any, session_root: str, watch_fn: Any = None, thread_name_filter: str | None = None,
        pass_through_operrors: bool | None = None,
    ) -> None:  # fmt: skip
        super().__init__(sess, thread_name_filter)
        if pass_through_operrors is False:
            raise ValueError(
                "pass_through_operrors=False: errors of ops are raised. Catch them around run()."
            )
        self._root, self._watch_fn = checked_root(session_root), checked_watch(watch_fn)

    def _watched(self, fetches: Any, feed_dict: Any, options: Any, run_metadata: Any) -> Any:
        watch = _asked(self._watch_fn, fetches, feed_dict)
        root = os.path.join(self._root, f"run_{time.time_ns() // 1000}_{self._runs}")
        return self._dumped(root, watch, fetches, feed_dict, options, run_metadata)


def checked_root(session_root: str) -> str:
    root = os.path.expanduser(session_root)
    if os.path.isfile(root):
        raise ValueError(f"session_root path points to a file: {root}")
    if os.path.isdir(root) and os.listdir(root):
        raise ValueError(f"session_root path points to a non-empty directory: {root}")
    os.makedirs(root, exist_ok=True)
    return root


def checked_watch(watch_fn: Any) -> Any:
    if watch_fn is not None and not callable(watch_fn):
        raise TypeError("watch_fn is not callable")
    return watch_fn


class LocalCLIDebugWrapperSession(DebugWrapperSession):
    """A session that looks for bad values in each of its runs, and answers questions about them.

    At a terminal it stops before and after each run, and takes commands (`help` lists them): `run` goes on, `run -t 10`
    until the tenth run from there, `run -f has_inf_or_nan` goes on until a filter finds tensors, `lt`, `pt`, `ni` and `li` look at
    the run that was. Anywhere else it prints what the filters find, the tensor that was computed first with its op's line,
    and goes on.

    Args:
      sess: the session that runs.
      dump_root: the directory for tensors; one that goes away after each run, if not given.
      log_usage: must be True or False: nothing is ever logged elsewhere.
      ui_type: "curses" or "readline": both mean the prompt described.
      thread_name_filter: a regular expression: runs in other threads are not watched.
      config_file_path: must be False: there is no configuration.

    Raises:
      ValueError: the directory is not empty, or an argument is not supported.
    """

    def __init__(
        self, sess: Any, dump_root: str | None = None, log_usage: bool = True, ui_type: str = "readline",
        thread_name_filter: str | None = None, config_file_path: Any = False,
    ) -> None:  # fmt: skip
        super().__init__(sess, thread_name_filter)
        if isinstance(log_usage, str):  # without `log_usage`, as in TensorFlow 2
            ui_type, log_usage = log_usage, True
        if ui_type not in ("curses", "readline"):
            raise ValueError(f"ui_type must be 'curses' or 'readline', received {ui_type!r}.")
        if config_file_path:
            raise ValueError("config_file_path: there is no configuration to read. Leave it out.")
        self._root = checked_root(dump_root) if dump_root else None
        self._filters: dict[str, Filter] = {"has_inf_or_nan": has_inf_or_nan}
        self._until: str | None = None  # the filter that is waited for
        self._skip = 0  # so many runs are not watched
        self._decided = False  # whether the next watched run goes without asking

    def add_tensor_filter(self, filter_name: str, tensor_filter: Filter) -> None:
        """Adds a filter: `tensor_filter(datum, array)` is true of the tensors that are looked for.

        Raises:
          ValueError: the name is empty.
          TypeError: the filter cannot be called.
        """
        if not isinstance(filter_name, str):
            raise TypeError("filter_name must be a string.")
        if not filter_name:
            raise ValueError("Input argument filter_name cannot be empty.")
        if not callable(tensor_filter):
            raise TypeError("Input argument tensor_filter is expected to be callable, but is not.")
        self._filters[filter_name] = tensor_filter

    @property
    def _asks(self) -> bool:
        return sys.stdin is not None and sys.stdin.isatty()

    def _watched(self, fetches: Any, feed_dict: Any, options: Any, run_metadata: Any) -> Any:
        if self._asks and not self._decided and not self._skip and self._until is None:
            self._prompt(f"before run {self._runs} of {fetches!r}", None)
        if self._skip:
            self._skip -= 1
            return self._sess.run(fetches, feed_dict, options, run_metadata)
        self._decided = False
        root = (
            os.path.join(self._root, f"run_{self._runs}") if self._root else tempfile.mkdtemp(prefix="tfdbg_")
        )
        try:
            try:
                return self._dumped(root, WatchOptions(), fetches, feed_dict, options, run_metadata)
            except errors.OpError as error:
                sys.stdout.write(f"run {self._runs} failed: {error.message}\n")
                raise
            finally:
                self._look(DebugDumpDir(root, validate=False))
        finally:
            if self._root is None:
                shutil.rmtree(root, ignore_errors=True)

    def _look(self, dump: DebugDumpDir) -> None:
        commands = Commands(dump, self._filters)
        if not self._asks:
            for name, tensor_filter in self._filters.items():
                self._report(commands, name, dump.find(tensor_filter))
            return
        if self._until is not None:
            found = dump.find(self._filters[self._until])
            if not found:
                return
            sys.stdout.write(f"{commands.table(found, self._until)}\n")
            self._until = None
        self._prompt(f"after run {self._runs}", commands)

    def _report(self, commands: Commands, name: str, found: list[Any]) -> None:
        if not found:
            return
        first = found[0]
        dump = commands.dump
        kind = dump.node_op_type(first.node_name) if dump.node_exists(first.node_name) else "?"
        lines = [f"run {self._runs}: {commands.table(found[:20], name)}"]
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

    def _prompt(self, where: str, commands: Commands | None) -> None:
        sys.stdout.write(f"tfdbg: {where}; `run` goes on, `help` lists the commands\n")
        while True:
            line = input("tfdbg> ").strip()
            if line.split()[:1] in (["run"], ["r"]):
                return self._go(line.split()[1:])
            if line in ("exit", "quit"):
                raise SystemExit(0)
            if not line:
                continue
            try:
                if commands is None:
                    raise ValueError("Nothing ran yet: `run` first.")
                sys.stdout.write(f"{commands.answer(line)}\n")
            except (ValueError, OSError) as error:
                sys.stdout.write(f"{error}\n")

    def _go(self, arguments: list[str]) -> None:
        if "-f" in arguments:
            self._until = arguments[arguments.index("-f") + 1]
            if self._until not in self._filters:
                sys.stdout.write(f"There is no filter {self._until!r}.\n")
                self._until = None
        elif "-t" in arguments:
            self._skip, self._decided = int(arguments[arguments.index("-t") + 1]) - 1, True
        elif "-n" in arguments:
            self._skip = 1


class DumpingDebugHook:
    """A `SessionRunHook` for monitored sessions that leaves the tensors of each run in a directory `run_…`.

    Args:
      session_root: an empty directory, or one that will be made.
      watch_fn: `watch_fn(fetches, feeds)` gives the `WatchOptions` of a run; all tensors, if not given.
      thread_name_filter: a regular expression: runs in other threads are not watched.
    """

    def __init__(
        self, session_root: str, watch_fn: Any = None, thread_name_filter: str | None = None
    ) -> None:
        self._root, self._watch_fn = checked_root(session_root), checked_watch(watch_fn)
        self._threads = re.compile(thread_name_filter) if thread_name_filter else None
        self._runs = 0

    def begin(self) -> None:
        """Nothing to add to the graph."""

    def after_create_session(self, session: Any, coord: Any) -> None:
        """Nothing to do."""

    def before_run(self, run_context: Any) -> Any:
        """Asks for the run to be watched."""
        from headrace.session.run_hooks import SessionRunArgs

        if self._threads is not None and not self._threads.match(threading.current_thread().name):
            return None
        self._runs += 1
        asked = run_context.original_args
        watch = _asked(self._watch_fn, asked.fetches, asked.feed_dict)
        root = os.path.join(self._root, f"run_{time.time_ns() // 1000}_{self._runs}")
        os.makedirs(root)
        return SessionRunArgs(None, options=with_watches(run_context.session.graph, None, root, watch))

    def after_run(self, run_context: Any, run_values: Any) -> None:
        """Nothing to do."""

    def end(self, session: Any) -> None:
        """Nothing to do."""


class LocalCLIDebugHook(DumpingDebugHook):
    """A `SessionRunHook` for monitored sessions that prints what filters find in each run.

    Args:
      ui_type: "curses" or "readline"; a hook asks nothing, it prints.
      dump_root: the directory for tensors; one that goes away after each run, if not given.
      thread_name_filter: a regular expression: runs in other threads are not watched.
      config_file_path: must be None.
    """

    def __init__(
        self, ui_type: str = "readline", dump_root: str | None = None, thread_name_filter: str | None = None,
        config_file_path: Any = None,
    ) -> None:  # fmt: skip
        if config_file_path:
            raise ValueError("config_file_path: there is no configuration to read. Leave it out.")
        self._keep = dump_root is not None
        super().__init__(dump_root or tempfile.mkdtemp(prefix="tfdbg_"), None, thread_name_filter)
        self._printer = LocalCLIDebugWrapperSession.__new__(LocalCLIDebugWrapperSession)
        self._printer._filters = {"has_inf_or_nan": has_inf_or_nan}
        self._printer._runs = 0

    def add_tensor_filter(self, filter_name: str, tensor_filter: Filter) -> None:
        """Adds a filter; see `LocalCLIDebugWrapperSession`."""
        self._printer.add_tensor_filter(filter_name, tensor_filter)

    def after_run(self, run_context: Any, run_values: Any) -> None:
        """Prints what the filters find."""
        from .commands import run_directories

        runs = run_directories(self._root)
        if not runs:
            return
        self._printer._runs = self._runs
        commands = Commands(DebugDumpDir(runs[-1], validate=False), self._printer._filters)
        for name, tensor_filter in self._printer._filters.items():
            self._printer._report(commands, name, commands.dump.find(tensor_filter))
        if not self._keep:
            shutil.rmtree(runs[-1])
