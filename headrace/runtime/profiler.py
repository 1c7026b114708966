"""XLA's profiler: what programs and annotated parts of a process take, as the files that TensorBoard's profile page reads."""

from __future__ import annotations

from typing import Any


def start(host_level: int, python_level: int) -> Any:
    """Begins a recording; `finish` ends it.

    Args:
      host_level: how much of the host's work is recorded, from 0 (nothing) to 3 (every small piece).
      python_level: 1 records Python's calls, too, which slows them down.
    """
    from jaxlib import _profiler  # type: ignore[attr-defined]

    options = _profiler.ProfileOptions()
    options.host_tracer_level, options.python_tracer_level = host_level, python_level
    return _profiler.ProfilerSession(options)


def finish(session: Any, folder: str | None) -> None:
    """Ends a recording and, if there is a `folder`, writes it to `folder/plugins/profile/<time>/`."""
    if folder is None:
        session.stop()
    else:
        session.stop_and_export(folder)


def annotation(name: str, **metadata: Any) -> Any:
    """A context manager that gives its part of the recording a name, and metadata."""
    from jaxlib import _profiler  # type: ignore[attr-defined]

    return _profiler.TraceMe(name, **metadata)
