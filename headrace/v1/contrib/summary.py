"""`tf.contrib.summary`: summaries that ops write to event files themselves, in eager mode and in graphs of sessions.

Nothing is recorded unless a condition says so: `with tf.contrib.summary.always_record_summaries():`. In graphs, a session runs
`tf.contrib.summary.initialize()` first, and `tf.contrib.summary.all_summary_ops()` with its steps."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

import numpy as np

import headrace as tf
from headrace.api.compat_v1_summary import tag_and_scope
from headrace.core import dtypes
from headrace.core.convert import to_tensor
from headrace.core.graph import Graph
from headrace.core.state import executing_eagerly, init_scope
from headrace.core.tensor import Tensor
from headrace.ops import events
from headrace.ops.summaries import BAD_COLOR
from headrace.session.logs import warning
from headrace.summary.event_file import FLUSH_MILLIS, MAX_QUEUE, SUFFIX
from headrace.summary.in_graphs import all_v2_summary_ops as all_summary_ops
from headrace.summary.in_graphs import initialize, serialized, summary_writer_initializer_op
from headrace.summary.writer import (
    FileWriter,
    NoopWriter,
    SummaryWriter,
    condition_now,
    defaults,
    record_if,
    recording_if,
)
from headrace.summary.writer import flush as _flush


class _LegacyWriter(FileWriter):
    """A writer that may be initialised again, and used after it was closed."""

    def init(self) -> Any:
        return self._create()

    def close(self) -> Any:
        done = super().close()
        self._closed = False
        return done


def create_file_writer(
    logdir: Any, max_queue: Any = None, flush_millis: Any = None, filename_suffix: Any = None, name: str | None = None
) -> SummaryWriter:  # fmt: skip
    """A writer of a new event file in a directory; one that does nothing if `logdir` is None.

    Args:
      max_queue, flush_millis, filename_suffix: as for `tf.summary.create_file_writer`.
      name: writers of one name share a file in a session; `"logdir:"` and the directory, if None.
    """
    if logdir is None:
        return NoopWriter()
    logdir = str(logdir)
    with init_scope():
        arguments = (
            to_tensor(logdir, dtypes.string),
            to_tensor(MAX_QUEUE if max_queue is None else max_queue, dtypes.int32),
            to_tensor(FLUSH_MILLIS if flush_millis is None else flush_millis, dtypes.int32),
            to_tensor(SUFFIX if filename_suffix is None else filename_suffix, dtypes.string),
        )
        handle = events.SUMMARY_WRITER(shared_name=name or f"logdir:{logdir}")
        return _LegacyWriter(handle, lambda: events.CREATE(handle, *arguments))


def create_summary_file_writer(*args: Any, **kwargs: Any) -> SummaryWriter:
    """The older name of `create_file_writer`."""
    warning("Deprecation Warning: create_summary_file_writer was renamed to create_file_writer")
    return create_file_writer(*args, **kwargs)


def create_db_writer(
    db_uri: Any, experiment_name: Any = None, run_name: Any = None, user_name: Any = None, name: Any = None
) -> SummaryWriter:
    """Summaries are written to event files only.

    Raises:
      NotImplementedError: always.
    """
    raise NotImplementedError(
        "tf.contrib.summary.create_db_writer: databases are not written. Use create_file_writer; TensorBoard reads its files."
    )


# ---------------------------------------------------------------------------------------------------------- conditions
def record_summaries_every_n_global_steps(n: int, global_step: Any = None) -> Any:
    """A context in which summaries are recorded at every n-th step."""
    step = tf.compat.v1.train.get_or_create_global_step() if global_step is None else global_step

    def due() -> Any:
        return tf.equal(step % n, 0)

    return record_if(due if executing_eagerly() else due())


def always_record_summaries() -> Any:
    """A context in which summaries are recorded."""
    return record_if(True)


def never_record_summaries() -> Any:
    """A context in which no summaries are recorded."""
    return record_if(False)


def should_record_summaries() -> Any:
    """A bool tensor: whether summaries are recorded now. They are not if nothing was said."""
    return to_tensor(condition_now(False))


# ----------------------------------------------------------------------------------------------------------- summaries
def _step(step: Any) -> Any:
    if step is None:
        step = tf.compat.v1.train.get_or_create_global_step()
    return to_tensor(step) if isinstance(step, (Tensor, tf.Variable)) else to_tensor(step, dtypes.int64)


def _written(name: str, step: Any, family: str | None, write: Callable[[Any, Any, str, str], Any]) -> Any:
    """`write(handle, step, tag, scope)` where summaries are recorded; a bool tensor that says whether. Without a writer, an
    operation that does nothing."""
    if defaults.writer is None:
        return tf.no_op()
    condition = condition_now(False)
    if condition is False:
        return recording_if(False, lambda handle: None)
    with tag_and_scope(name, family) as (tag, scope):
        step = _step(step)
        return recording_if(condition, lambda handle: write(handle, step, tag, scope))


def generic(name: str, tensor: Any, metadata: Any = None, family: str | None = None, step: Any = None) -> Any:
    """Writes a tensor, with a `SummaryMetadata` message (or its bytes) that says which plugin shows it.

    Args:
      name: the tag, below the name scopes in force.
      family: a prefix of the tag.
      step: the global step, if None.

    Returns:
      What is to be run: a bool tensor, whether it was recorded; a `tf.no_op` if there is no writer.
    """
    about = metadata.SerializeToString() if hasattr(metadata, "SerializeToString") else metadata or b""
    return _written(
        name, step, family,
        lambda handle, at, tag, scope: events.WRITE(handle, at, to_tensor(tensor), tag, about, name=scope),
    )  # fmt: skip


def scalar(name: str, tensor: Any, family: str | None = None, step: Any = None) -> Any:
    """Writes a number. The arguments and the result are those of `generic`."""
    return _written(
        name, step, family,
        lambda handle, at, tag, scope: events.WRITE_SCALAR(handle, at, tag, to_tensor(tensor), name=scope),
    )  # fmt: skip


def histogram(name: str, tensor: Any, family: str | None = None, step: Any = None) -> Any:
    """Writes how values are distributed. The arguments and the result are those of `generic`."""
    return _written(
        name, step, family,
        lambda handle, at, tag, scope: events.WRITE_HISTOGRAM(handle, at, tag, to_tensor(tensor), name=scope),
    )  # fmt: skip


def image(
    name: str, tensor: Any, bad_color: Any = None, max_images: int = 3, family: str | None = None, step: Any = None
) -> Any:  # fmt: skip
    """Writes images, `[batch, height, width, channels]`.

    Args:
      bad_color: the colour of pixels that are no numbers, four `uint8`; red, if None.
      max_images: how many of the batch are written at most.
      The others, and the result, are those of `generic`.
    """
    color = np.asarray(BAD_COLOR) if bad_color is None else bad_color
    return _written(
        name, step, family,
        lambda handle, at, tag, scope: events.WRITE_IMAGE(
            handle, at, tag, to_tensor(tensor), to_tensor(color, dtypes.uint8), max_images=max_images, name=scope
        ),
    )  # fmt: skip


def audio(
    name: str, tensor: Any, sample_rate: Any, max_outputs: int, family: str | None = None, step: Any = None
) -> Any:  # fmt: skip
    """Writes sound, `[batch, frames, channels]` or `[batch, frames]`, `float32` in [-1, 1].

    Args:
      sample_rate: frames per second.
      max_outputs: how many of the batch are written at most.
      The others, and the result, are those of `generic`.
    """
    return _written(
        name, step, family,
        lambda handle, at, tag, scope: events.WRITE_AUDIO(
            handle, at, tag, to_tensor(tensor), to_tensor(sample_rate, dtypes.float32), max_outputs=max_outputs, name=scope
        ),
    )  # fmt: skip


def graph(param: Any, step: Any = None, name: str | None = None) -> Any:
    """Writes a graph, whatever the conditions are.

    Args:
      param: a string tensor with a serialised `GraphDef`; in eager mode also a `tf.Graph` or a `GraphDef`.

    Raises:
      TypeError: `param` is no tensor, in a graph.
    """
    if not executing_eagerly() and not isinstance(param, Tensor):
        raise TypeError(
            f"graph() needs a tf.Tensor (e.g. tf.placeholder) in graph mode, but was: {type(param).__name__}. "
            "initialize(graph=...) writes a graph."
        )
    if defaults.writer is None:
        return tf.no_op()
    if isinstance(param, Graph) or hasattr(param, "SerializeToString"):
        param = serialized(param)
    return events.WRITE_GRAPH(
        defaults.writer._handle,  # type: ignore[attr-defined]
        _step(step), to_tensor(param, dtypes.string), name=name,
    )  # fmt: skip


def import_event(tensor: Any, name: str | None = None) -> Any:
    """Writes a serialised `Event` as it is, whatever the conditions are.

    Raises:
      RuntimeError: there is no default writer.
    """
    if defaults.writer is None:
        raise RuntimeError("import_event: there is no default writer; use `with writer.as_default():`.")
    return events.IMPORT_EVENT(
        defaults.writer._handle, to_tensor(tensor, dtypes.string), name=name  # type: ignore[attr-defined]
    )  # fmt: skip


def flush(writer: Any = None, name: str | None = None) -> Any:
    """Hands what a writer (or its handle; the default writer, if None) was given to the operating system."""
    if writer is None and defaults.writer is None:
        return tf.no_op(name=name)
    if isinstance(writer, Tensor):
        return events.FLUSH(writer, name=name)
    return _flush(writer, name)


def eval_dir(model_dir: str, name: str | None = None) -> str:
    """The directory for an evaluation's summaries, below a model's."""
    return os.path.join(model_dir, "eval" if not name else f"eval_{name}")


__all__ = [
    "SummaryWriter", "all_summary_ops", "always_record_summaries", "audio", "create_db_writer", "create_file_writer",
    "create_summary_file_writer", "eval_dir", "flush", "generic", "graph", "histogram", "image", "import_event",
    "initialize", "never_record_summaries", "record_summaries_every_n_global_steps", "scalar",
    "should_record_summaries", "summary_writer_initializer_op",
]  # fmt: skip
