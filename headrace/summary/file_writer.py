"""1.x's writer of event files: it takes serialised summaries, as sessions give them."""

from __future__ import annotations

import logging
import threading
from typing import Any

from headrace.core.graph import Graph, get_default_graph
from headrace.core.state import executing_eagerly
from headrace.io.files import path_text

from .event_file import EventFile

log = logging.getLogger("headrace")


class FileWriter:
    """Writes summaries, graphs and events to an event file.

    Args:
      logdir: the directory of the file, made if need be.
      graph: a graph to write first.
      max_queue: how many events may wait before they are handed to the operating system.
      flush_secs: for how long they may wait.
      graph_def: a `GraphDef` instead of a graph (an older way).
      filename_suffix: the end of the file's name.
      session: not supported: summaries of today's kind are written by `tf.summary.create_file_writer`.

    Raises:
      RuntimeError: eager code; use `tf.summary.create_file_writer` there.
    """

    def __init__(
        self, logdir: Any, graph: Any = None, max_queue: int = 10, flush_secs: float = 120, graph_def: Any = None,
        filename_suffix: str | None = None, session: Any = None,
    ) -> None:  # fmt: skip
        if executing_eagerly():
            raise RuntimeError(
                "v1.summary.FileWriter is not compatible with eager execution. Use `tf.summary.create_file_writer`, or a "
                "`with v1.Graph().as_default():` context"
            )
        if session is not None:
            raise ValueError(
                "FileWriter: `session` is not supported; leave it out and pass what session.run() gives."
            )
        self._logdir = path_text(logdir)
        self._options = max_queue, int(flush_secs * 1000), filename_suffix or ""
        self._described: set[str] = set()  # tags whose metadata is in the file
        self._tagged: set[str] = set()
        self._file: EventFile | None = EventFile(self._logdir, *self._options)
        if graph is not None or graph_def is not None:
            self.add_graph(graph, graph_def=graph_def)

    def get_logdir(self) -> str:
        """The directory of the event file."""
        return self._logdir

    def _add(self, **fields: Any) -> None:
        if self._file is None:
            log.warning("A closed FileWriter writes nothing; reopen() it first.")
            return
        fields["step"] = 0 if fields.get("step") is None else int(fields["step"])
        self._file.add(**fields)

    def add_summary(self, summary: Any, global_step: Any = None) -> None:
        """Writes a `Summary` message, or a serialised one (what evaluating a summary op gives)."""
        from headrace.proto import event_pb2

        data = summary if isinstance(summary, bytes) else summary.SerializeToString()
        message = event_pb2.Summary.FromString(data)
        for value in message.value:  # what a tag means is written once
            if value.HasField("metadata"):
                if value.tag in self._described:
                    value.ClearField("metadata")
                else:
                    self._described.add(value.tag)
        self._add(step=global_step, summary=message)

    def add_session_log(self, session_log: Any, global_step: Any = None) -> None:
        """Writes a `SessionLog` message."""
        from headrace.proto import event_pb2

        message = event_pb2.SessionLog.FromString(session_log.SerializeToString())
        self._add(step=global_step, session_log=message)

    def add_graph(self, graph: Any = None, global_step: Any = None, graph_def: Any = None) -> None:
        """Writes a graph."""
        from headrace.io import graph_def as exporter

        if graph is not None and graph_def is not None:
            raise ValueError("Please pass only graph, or graph_def (deprecated), but not both.")
        if isinstance(graph, Graph):
            graph_def = exporter.graph_def(graph, add_shapes=True)
        elif graph is not None:
            graph_def = graph
        if getattr(getattr(graph_def, "DESCRIPTOR", None), "name", None) != "GraphDef":
            raise TypeError(
                f"The passed graph must be an instance of `Graph` or `GraphDef`, received {graph_def!r}."
            )
        self._add(step=global_step, graph_def=graph_def.SerializeToString())

    def add_meta_graph(self, meta_graph_def: Any, global_step: Any = None) -> None:
        """Writes a `MetaGraphDef` message."""
        if not hasattr(meta_graph_def, "SerializeToString"):
            raise TypeError(f"meta_graph_def must be a MetaGraphDef message, received {meta_graph_def!r}.")
        self._add(step=global_step, meta_graph_def=meta_graph_def.SerializeToString())

    def add_run_metadata(self, run_metadata: Any, tag: str, global_step: Any = None) -> None:
        """Writes a `RunMetadata` message (what was seen of a `session.run`) under a tag of its own."""
        if tag in self._tagged:
            raise ValueError("The provided tag was already used for this event type")
        self._tagged.add(tag)
        tagged = {"tag": tag, "run_metadata": run_metadata.SerializeToString()}
        self._add(step=global_step, tagged_run_metadata=tagged)

    def add_event(self, event: Any) -> None:
        """Writes an `Event` message."""
        if self._file is None:
            log.warning("A closed FileWriter writes nothing; reopen() it first.")
        else:
            self._file.add_serialized(event.SerializeToString())

    def flush(self) -> None:
        """Hands all events to the operating system."""
        if self._file is not None:
            self._file.flush()

    def close(self) -> None:
        """Flushes and closes the event file."""
        if self._file is not None:
            self._file.close()
            self._file = None

    def reopen(self) -> None:
        """Opens a new event file after `close`."""
        if self._file is None:
            self._described.clear()
            self._file = EventFile(self._logdir, *self._options)

    def __enter__(self) -> FileWriter:
        return self

    def __exit__(self, *unused: Any) -> None:
        self.close()


class FileWriterCache:
    """One writer per directory."""

    _writers: dict[str, FileWriter] = {}
    _lock = threading.RLock()

    @staticmethod
    def get(logdir: Any) -> FileWriter:
        """The writer of a directory, made at the first call."""
        with FileWriterCache._lock:
            key = path_text(logdir)
            if key not in FileWriterCache._writers:
                FileWriterCache._writers[key] = FileWriter(key, get_default_graph())
            return FileWriterCache._writers[key]

    @staticmethod
    def clear() -> None:
        """Closes all writers."""
        with FileWriterCache._lock:
            for writer in FileWriterCache._writers.values():
                writer.close()
            FileWriterCache._writers.clear()
