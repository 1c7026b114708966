"""`tf.profiler.experimental`: recording where the time goes, for TensorBoard's profile page."""

from __future__ import annotations

import os
import threading
from types import TracebackType
from typing import Any, NamedTuple

from headrace.core import errors
from headrace.runtime import profiler

ROOT: list[str] = []
__all__ = ["Profile", "ProfilerOptions", "Trace", "start", "stop"]


class ProfilerOptions(NamedTuple):
    """How much is recorded.

    `host_tracer_level` goes from 0 (nothing) to 3 (everything on the host), `python_tracer_level` 1 adds Python's calls.
    `device_tracer_level` and `delay_ms` exist for programs that set them: only their defaults are supported."""

    host_tracer_level: int = 2
    python_tracer_level: int = 0
    device_tracer_level: int = 1
    delay_ms: int | None = None


class _Recording:
    session: Any = None
    logdir = ""
    lock = threading.Lock()


def start(logdir: str | os.PathLike[str], options: ProfilerOptions | None = None) -> None:
    """Begins to record.

    Args:
      logdir: where `stop` writes the recording.

    Raises:
      AlreadyExistsError: a recording has begun already.
    """
    options = options or ProfilerOptions()
    if options.device_tracer_level != 1 or options.delay_ms is not None:
        raise NotImplementedError(
            "device_tracer_level and delay_ms are not supported. Leave them at their defaults."
        )
    with _Recording.lock:
        if _Recording.session is not None:
            raise errors.AlreadyExistsError(None, None, "Another profiler is running.")
        _Recording.session = profiler.start(options.host_tracer_level, options.python_tracer_level)
        _Recording.logdir = os.fspath(logdir)


def stop(save: bool = True) -> None:
    """Ends the recording and writes it, unless `save` is False.

    Raises:
      UnavailableError: nothing is being recorded.
    """
    with _Recording.lock:
        session, _Recording.session = _Recording.session, None
        if session is None:
            raise errors.UnavailableError(
                None, None, "Cannot export profiling results. No profiler is running."
            )
        profiler.finish(session, _Recording.logdir if save else None)


class Profile:
    """A context that records what happens in it: `with tf.profiler.experimental.Profile("logs"): …`."""

    def __init__(self, logdir: str | os.PathLike[str], options: ProfilerOptions | None = None) -> None:
        self._logdir, self._options = logdir, options

    def __enter__(self) -> None:
        start(self._logdir, self._options)

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:  # fmt: skip
        stop()


class Trace:
    """A context whose work appears under a name in recordings.

    Args:
      name: the name.
      **kwargs: metadata; `step_num=i, _r=1` marks a training step.

    >>> import headrace as tf
    >>> with tf.profiler.experimental.Trace("step", step_num=1, _r=1):
    ...     x = tf.ones([2]) + 1.0
    """

    def __init__(self, name: str, **kwargs: Any) -> None:
        self._trace = profiler.annotation(name, **kwargs)

    def __enter__(self) -> Trace:
        self._trace.__enter__()
        return self

    def set_metadata(self, **kwargs: Any) -> None:
        """Adds metadata."""
        self._trace.set_metadata(**kwargs)

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:  # fmt: skip
        self._trace.__exit__(kind, error, trace)
