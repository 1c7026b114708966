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

from .dialogue import Dialogue, Filter
from .dumps import DebugDumpDir
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
      log_usage: True or False, of TensorFlow 1.x: nothing is logged elsewhere, whichever it is.

    Raises:
      ValueError: the directory is not empty, or a file.
      TypeError: `watch_fn` cannot be called.
    """

    def __init__(
        self, sess: Any, session_root: str, watch_fn: Any = None, thread_name_filter: str | None = None,
        pass_through_operrors: bool | None = None, log_usage: bool = True,
    ) -> None:  # fmt: skip
        super().__init__(sess, thread_name_filter)
        checked_log_usage(log_usage)
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


def checked_log_usage(log_usage: Any) -> None:
    if not isinstance(log_usage, bool):
        raise TypeError(f"log_usage must be True or False, received {log_usage!r}.")


def checked_interface(ui_type: str, config_file_path: Any) -> None:
    if ui_type not in ("curses", "readline"):
        raise ValueError(f"ui_type must be 'curses' or 'readline', received {ui_type!r}.")
    if config_file_path:
        raise ValueError("config_file_path: there is no configuration to read. Leave it out.")


class LocalCLIDebugWrapperSession(DebugWrapperSession):
    """A session that looks for bad values in each of its runs, and answers questions about them.

    At a terminal it stops before and after each run, and takes commands (`help` lists them): `run` goes on, `run -t 10`
    until the tenth run from there, `run -f has_inf_or_nan` goes on until a filter finds tensors, `lt`, `pt`, `ni`, `li` and `lo` look
    at the run that was. Anywhere else it prints what the filters find, the tensor that was computed first with its op's line,
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
        checked_log_usage(log_usage)
        checked_interface(ui_type, config_file_path)
        self._root = checked_root(dump_root) if dump_root else None
        self._dialogue = Dialogue()

    def add_tensor_filter(self, filter_name: str, tensor_filter: Filter) -> None:
        """Adds a filter: `tensor_filter(datum, array)` is true of the tensors that are looked for.

        Raises:
          ValueError: the name is empty.
          TypeError: the filter cannot be called.
        """
        self._dialogue.add_tensor_filter(filter_name, tensor_filter)

    def _watched(self, fetches: Any, feed_dict: Any, options: Any, run_metadata: Any) -> Any:
        if not self._dialogue.before(self._runs, fetches):
            return self._sess.run(fetches, feed_dict, options, run_metadata)
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
                self._dialogue.after(self._runs, self._dump(root))
        finally:
            if self._root is None:
                shutil.rmtree(root, ignore_errors=True)

    def _dump(self, root: str) -> DebugDumpDir:
        dump = DebugDumpDir(root, validate=False)
        dump.set_python_graph(self.graph)
        return dump


class DumpingDebugHook:
    """A `SessionRunHook` for monitored sessions that leaves the tensors of each run in a directory `run_…`.

    Args:
      session_root: an empty directory, or one that will be made.
      watch_fn: `watch_fn(fetches, feeds)` gives the `WatchOptions` of a run; all tensors, if not given.
      thread_name_filter: a regular expression: runs in other threads are not watched.
      log_usage: True or False, of TensorFlow 1.x: nothing is logged elsewhere, whichever it is.
    """

    def __init__(
        self, session_root: str, watch_fn: Any = None, thread_name_filter: str | None = None,
        log_usage: bool = True,
    ) -> None:  # fmt: skip
        checked_log_usage(log_usage)
        self._root, self._watch_fn = checked_root(session_root), checked_watch(watch_fn)
        self._threads = re.compile(thread_name_filter) if thread_name_filter else None
        self._runs = 0
        self._latest: str | None = None  # the directory of the run that is going on, or was

    def _wanted(self, run_context: Any) -> bool:
        """Whether a run is to be watched."""
        return True

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
        self._latest = None
        if not self._wanted(run_context):
            return None
        asked = run_context.original_args
        watch = _asked(self._watch_fn, asked.fetches, asked.feed_dict)
        root = self._latest = os.path.join(self._root, f"run_{time.time_ns() // 1000}_{self._runs}")
        os.makedirs(root)
        return SessionRunArgs(None, options=with_watches(run_context.session.graph, None, root, watch))

    def after_run(self, run_context: Any, run_values: Any) -> None:
        """Nothing to do."""

    def end(self, session: Any) -> None:
        """Nothing to do."""


class LocalCLIDebugHook(DumpingDebugHook):
    """A `SessionRunHook` for monitored sessions that does what `LocalCLIDebugWrapperSession` does.

    Args:
      ui_type: "curses" or "readline": both mean the same prompt.
      dump_root: the directory for tensors; one that goes away after each run, if not given.
      thread_name_filter: a regular expression: runs in other threads are not watched.
      config_file_path: must be None.
    """

    def __init__(
        self, ui_type: str = "readline", dump_root: str | None = None, thread_name_filter: str | None = None,
        config_file_path: Any = None,
    ) -> None:  # fmt: skip
        checked_interface(ui_type, config_file_path)
        self._keep = dump_root is not None
        super().__init__(dump_root or tempfile.mkdtemp(prefix="tfdbg_"), None, thread_name_filter)
        self._dialogue = Dialogue()

    def add_tensor_filter(self, filter_name: str, tensor_filter: Filter) -> None:
        """Adds a filter; see `LocalCLIDebugWrapperSession`."""
        self._dialogue.add_tensor_filter(filter_name, tensor_filter)

    def _wanted(self, run_context: Any) -> bool:
        return self._dialogue.before(self._runs, run_context.original_args.fetches)

    def after_run(self, run_context: Any, run_values: Any) -> None:
        """Looks at what was computed."""
        if self._latest is None:
            return
        dump = DebugDumpDir(self._latest, validate=False)
        dump.set_python_graph(run_context.session.graph)
        self._dialogue.after(self._runs, dump)
        if not self._keep:
            shutil.rmtree(self._latest)
