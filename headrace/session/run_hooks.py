"""What a hook of a monitored session is, and what it is told."""

from __future__ import annotations

from collections import namedtuple
from typing import Any

SessionRunValues = namedtuple("SessionRunValues", ["results", "options", "run_metadata"])


class SessionRunArgs(namedtuple("SessionRunArgs", ["fetches", "feed_dict", "options"])):
    """What a run is to compute: `fetches`, with `feed_dict` and `options`, as `Session.run` takes them."""

    def __new__(cls, fetches: Any, feed_dict: Any = None, options: Any = None) -> SessionRunArgs:
        return super().__new__(cls, fetches, feed_dict, options)


class SessionRunContext:
    """What a hook is told of a run: `original_args` (what the user asked for) and `session`; it may ask for a stop."""

    def __init__(self, original_args: SessionRunArgs, session: Any) -> None:
        self._original_args, self._session, self._stop_requested = original_args, session, False

    @property
    def original_args(self) -> SessionRunArgs:
        return self._original_args

    @property
    def session(self) -> Any:
        return self._session

    @property
    def stop_requested(self) -> bool:
        return self._stop_requested

    def request_stop(self) -> None:
        """Makes the monitored session's `should_stop()` True after this run."""
        self._stop_requested = True


class SessionRunHook:
    """Base of hooks: its methods are called around each run of a monitored session."""

    def begin(self) -> None:
        """Called once, before the session: the last chance to add to the graph."""

    def after_create_session(self, session: Any, coord: Any) -> None:
        """Called when the session has been made, also when it is made anew after a failure. The graph is final."""

    def before_run(self, run_context: SessionRunContext) -> SessionRunArgs | None:
        """Called before a run; what it returns is computed as well."""
        return None

    def after_run(self, run_context: SessionRunContext, run_values: Any) -> None:
        """Called after a run, with the results of what `before_run` asked for."""

    def end(self, session: Any) -> None:
        """Called at the end, unless an exception ended the session."""
