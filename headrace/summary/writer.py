"""The public writer, the thread's default writer and step, and `write`, on which every kind of summary is built."""

from __future__ import annotations

import abc
import re
import threading
import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import headrace as tf
from headrace.core import dtypes
from headrace.core.convert import to_tensor
from headrace.core.graph import current_scope, get_default_graph, name_scope
from headrace.core.state import executing_eagerly, init_scope, state
from headrace.core.tensor import Tensor
from headrace.ops import events

from .event_file import FLUSH_MILLIS, MAX_QUEUE, SUFFIX

SUMMARIES, WRITERS = (
    "_SUMMARY_V2",
    "_SUMMARY_WRITER_V2",
)  # collections of graphs: what writes, what makes the files


class _Defaults(threading.local):
    """What summaries of this thread go by: where to, at which step, and whether at all (None: nobody said)."""

    writer: SummaryWriter | None = None
    step: Any = None
    condition: Any = None


defaults = _Defaults()


class Changed:
    """A context in which some of the thread's defaults are others; at its end, unless it failed, `finish` is called."""

    def __init__(self, result: Any, finish: Callable[[], Any] | None = None, **changes: Any) -> None:
        self._result, self._finish, self._changes = result, finish, changes

    def __enter__(self) -> Any:
        self._saved = {name: getattr(defaults, name) for name in self._changes}
        for name, value in self._changes.items():
            setattr(defaults, name, value)
        return self._result

    def __exit__(self, kind: Any, *unused: Any) -> None:
        try:
            if kind is None and self._finish is not None:
                self._finish()
        finally:
            for name, value in self._saved.items():
                setattr(defaults, name, value)


class SummaryWriter(abc.ABC):
    """Where summaries are written to; made by `tf.summary.create_file_writer`."""

    @abc.abstractmethod
    def set_as_default(self, step: Any = None) -> None:
        """Makes this the writer of the thread's summaries from now on, and `step`, if given, the default step."""

    @abc.abstractmethod
    def as_default(self, step: Any = None) -> Any:
        """A context in which this is the default writer (and `step`, if given, the default step). Flushes at its end."""

    def init(self) -> Any:
        """Makes the event file, if that was not done when the writer was made."""
        raise NotImplementedError

    def flush(self) -> Any:
        """Hands all summaries to the operating system."""
        raise NotImplementedError

    def close(self) -> Any:
        """Flushes and closes; the writer cannot be used after that."""
        raise NotImplementedError


class FileWriter(SummaryWriter):
    """Writes an event file. In graphs its methods give operations: a session that runs `init()` makes the file."""

    def __init__(self, handle: Any, create: Callable[[], Any]) -> None:
        self._handle, self._create, self._closed = handle, create, False
        self._init_op = create()
        self._end = weakref.finalize(self, _finish, handle) if handle._is_eager else None
        if not handle._is_eager:
            get_default_graph().add_to_collection(WRITERS, self._init_op)

    def _check_open(self) -> None:
        if self._closed:
            raise RuntimeError(f"SummaryWriter {self!r} is already closed")

    def set_as_default(self, step: Any = None) -> None:
        self._check_open()
        defaults.writer = self
        if step is not None:
            defaults.step = step

    def as_default(self, step: Any = None) -> Changed:
        self._check_open()
        return Changed(self, self.flush, writer=self, **({} if step is None else {"step": step}))

    def init(self) -> Any:
        self._check_open()
        return self._init_op

    def flush(self) -> Any:
        return None if self._closed else events.FLUSH(self._handle)

    def close(self) -> Any:
        if self._closed:
            return None
        if state.graph is None:
            events.CLOSE(self._handle)
            self._closed = True
            return None
        with state.graph.control_dependencies([self.flush()]):
            return events.CLOSE(self._handle)


def _finish(handle: Any) -> None:
    writer = handle._host().item()
    if writer.file is not None:
        writer.file.close()


class NoopWriter(SummaryWriter):
    """Takes summaries nowhere: it leaves the default writer as it is."""

    def set_as_default(self, step: Any = None) -> None:
        if step is not None:
            defaults.step = step

    def as_default(self, step: Any = None) -> Changed:
        return Changed(self, **({} if step is None else {"step": step}))

    def init(self) -> Any:
        return None

    def flush(self) -> Any:
        return None

    def close(self) -> Any:
        return None


def create_file_writer(
    logdir: Any, max_queue: Any = None, flush_millis: Any = None, filename_suffix: Any = None,
    name: str | None = None, experimental_trackable: bool = False, experimental_mesh: Any = None,
) -> SummaryWriter:  # fmt: skip
    """A writer of a new event file in the directory `logdir`, which TensorBoard shows.

    Args:
      logdir: the directory, made if need be: text, bytes, a path object or a scalar string tensor.
      max_queue: how many summaries may wait before they are handed to the operating system (10).
      flush_millis: for how long they may wait (two minutes).
      filename_suffix: the end of the file's name (`.v2`).
      name: a name for the op that makes the file.

    In a graph that a session runs, the session makes the file when it runs the writer's `init()`, or
    `tf.compat.v1.summary.initialize()`; what is written are the ops in `tf.compat.v1.summary.all_v2_summary_ops()`.

    Raises:
      ValueError: `logdir` is None; `experimental_trackable` or `experimental_mesh` are asked for.
      tf.errors.NotFoundError, tf.errors.PermissionDeniedError: the directory cannot be made.

    >>> import headrace as tf, tempfile
    >>> writer = tf.summary.create_file_writer(tempfile.mkdtemp())
    >>> with writer.as_default():
    ...     for step in range(3):
    ...         _ = tf.summary.scalar("loss", 1.0 / (step + 1), step=step)
    >>> writer.close()
    """
    if logdir is None:
        raise ValueError("Argument `logdir` cannot be None")
    if experimental_mesh is not None:
        raise ValueError("create_file_writer: experimental_mesh (DTensor) is not supported; leave it out.")
    if experimental_trackable:
        raise ValueError(
            "create_file_writer: experimental_trackable=True (a writer that SavedModels remember) is not supported; "
            "make the writer where the model is loaded."
        )
    if hasattr(logdir, "__fspath__"):
        logdir = logdir.__fspath__()
    with name_scope(name or "create_file_writer") as scope, init_scope():
        arguments = (
            to_tensor(logdir, dtypes.string),
            to_tensor(MAX_QUEUE if max_queue is None else max_queue, dtypes.int32),
            to_tensor(FLUSH_MILLIS if flush_millis is None else flush_millis, dtypes.int32),
            to_tensor(SUFFIX if filename_suffix is None else filename_suffix, dtypes.string),
        )
        handle = events.SUMMARY_WRITER(shared_name=scope.rstrip("/"), name=name)
        return FileWriter(handle, lambda: events.CREATE(handle, *arguments))


def create_noop_writer() -> SummaryWriter:
    """A writer that does nothing, for code that needs one."""
    return NoopWriter()


# ------------------------------------------------------------------------------------------------------------- step, condition
def get_step() -> Any:
    """The default step of this thread; None if none was set."""
    return defaults.step


def set_step(step: Any) -> None:
    """Sets the step of summaries that are given none: an integer, a scalar `int64` tensor or variable (read each time), or
    None."""
    defaults.step = step


def record_if(condition: Any) -> Changed:
    """A context in which summaries are recorded only if `condition` holds: a bool, a scalar bool tensor, or a function
    without arguments that gives either (called for each summary)."""
    return Changed(None, condition=condition)


def condition_now(unless_said: bool = True) -> Any:
    """Whether to record: a Python bool where that is known, else a tensor.

    Args:
      unless_said: what holds where no condition was set."""
    if defaults.writer is None:
        return False
    value = defaults.condition
    value = unless_said if value is None else value() if callable(value) else value
    if isinstance(value, bool):
        return value
    value = tf.cast(value, dtypes.bool_)
    return bool(value) if value._is_eager else value


def should_record_summaries() -> Any:
    """A scalar bool tensor: whether summaries written now would be recorded."""
    return to_tensor(condition_now())


# ----------------------------------------------------------------------------------------------------------------------- write
_NOT_IN_SCOPES = re.compile(r"[^-/_.A-Za-z0-9]")


@contextmanager
def summary_scope(
    name: str | None, default_name: str = "summary", values: Any = None
) -> Iterator[tuple[str, str]]:
    """A context for writing one summary; gives `(tag, scope)`: the tag is `name` below the name scopes in force; the scope
    is that of the ops inside."""
    name = name or default_name
    tag = current_scope() + name
    # Scope names allow fewer characters than tags.
    scope = _NOT_IN_SCOPES.sub("", name)
    if not scope or scope[0] in "-/_":
        scope = default_name
    with name_scope(scope) as full:
        yield tag, full


def _step_tensor(step: Any) -> Any:
    if step is None:
        step = defaults.step
    if step is None:
        raise ValueError(
            "No step set. Please specify one either through the `step` argument or through "
            "tf.summary.experimental.set_step()"
        )
    return to_tensor(step, dtypes.int64)


def recording(record: Callable[[Any, Any], Any], step: Any) -> Any:
    """Calls `record(writer's handle, step)` if summaries are to be recorded (in a graph: when it runs); a bool tensor that says
    whether."""
    return recording_if(condition_now(), lambda handle: record(handle, _step_tensor(step)), "summary_cond")


def recording_if(condition: Any, record: Callable[[Any], Any], name: str | None = None) -> Any:
    """Calls `record(writer's handle)` if a condition holds; a bool tensor that says whether. Of graphs it is in the collection of
    what writes summaries."""

    def recorded() -> Any:
        node = record(defaults.writer._handle)  # type: ignore[union-attr]
        if state.graph is None:
            return to_tensor(True)
        with state.graph.control_dependencies([node]):
            return to_tensor(True)

    if isinstance(condition, bool):
        done = recorded() if condition else to_tensor(False)
    else:
        done = tf.cond(condition, recorded, lambda: to_tensor(False), name=name)
    if not executing_eagerly():
        get_default_graph().add_to_collection(SUMMARIES, done)
    return done


def write(tag: Any, tensor: Any, step: Any = None, metadata: Any = None, name: str | None = None) -> Any:
    """Writes a tensor under a tag to the default writer.

    Args:
      tag: text, or a scalar string tensor.
      tensor: anything convertible to a tensor, or a function that gives it (called only if it is recorded).
      step: the summary's step, an `int64`; the default step if None.
      metadata: a `SummaryMetadata` message (of any package: ours, TensorBoard's or TensorFlow's), its bytes, or None. It
        says which TensorBoard plugin shows the summary.
      name: a name for the op.

    Returns:
      A scalar bool tensor: whether it was recorded.

    Raises:
      ValueError: there is a default writer, but no step.
    """
    if metadata is None:
        metadata = b""
    elif hasattr(metadata, "SerializeToString"):
        metadata = metadata.SerializeToString()
    elif not isinstance(metadata, bytes):
        raise TypeError(f"metadata must be a SummaryMetadata message or its bytes, received {metadata!r}.")

    def record(handle: Any, step: Any) -> Any:
        value = to_tensor(tensor() if callable(tensor) and not isinstance(tensor, Tensor) else tensor)
        return events.WRITE(handle, step, value, to_tensor(tag, dtypes.string), metadata, name=scope or None)

    with name_scope(name or "write_summary") as scope:
        return recording(record, step)


def write_raw_pb(tensor: Any, step: Any = None, name: str | None = None) -> Any:
    """Writes serialised `Summary` messages, one or a tensor of them, as they are. Returns whether they were recorded.

    Raises:
      tf.errors.DataLossError: one is no `Summary`.
    """
    with name_scope(name or "write_raw_pb") as scope:
        return recording(
            lambda handle, s: events.WRITE_RAW(
                handle, s, to_tensor(tensor, dtypes.string), name=scope or None
            ),
            step,
        )


def flush(writer: Any = None, name: str | None = None) -> Any:
    """Flushes a writer, or the default one if there is one."""
    writer = defaults.writer if writer is None else writer
    if writer is None:
        return None
    if not isinstance(writer, SummaryWriter):
        raise ValueError(f"Invalid argument to flush(): {writer!r}")
    return writer.flush()
