"""One event file being written: records of `Event` messages, handed to the operating system from time to time."""

from __future__ import annotations

import itertools
import os
import socket
import threading
import time
import weakref
from typing import Any

import numpy as np

from headrace.core import errors
from headrace.core.dtypes import DType
from headrace.io.files import documented_errors, join, locate, make_directories, path_text
from headrace.io.tensor_proto import make_tensor_proto
from headrace.io.tfrecord import frame

VERSION = "brain.Event:2"  # what readers of event files look for
MAX_QUEUE, FLUSH_MILLIS, SUFFIX = 10, 120_000, ".v2"
_numbers = itertools.count()


class EventFile:
    """Writes events to a new file in `logdir`. Threads may share it.

    Args:
      max_queue: how many events may wait before they are handed to the operating system.
      flush_millis: how long they may wait at most (looked at when an event is added).
      suffix: the end of the file's name.
    """

    def __init__(
        self, logdir: Any, max_queue: int | None = None, flush_millis: int | None = None, suffix: str | None = None
    ) -> None:  # fmt: skip
        self.max_queue = MAX_QUEUE if max_queue is None else max_queue
        self.flush_millis = FLUSH_MILLIS if flush_millis is None else flush_millis
        make_directories(logdir)
        name = f"events.out.tfevents.{int(time.time()):010d}.{socket.gethostname()}.{os.getpid()}.{next(_numbers)}"
        self.path = join(path_text(logdir), name + (SUFFIX if suffix is None else suffix))
        fs, text = locate(self.path)
        with documented_errors(text):
            self._file: Any = fs.open(text, "wb")
        self._lock = threading.Lock()
        self._waiting = 0
        self._flushed = time.monotonic()
        self._end = weakref.finalize(self, self._file.close)  # also when the process ends
        self.add(file_version=VERSION, source_metadata={"writer": "headrace.summary"})
        self.flush()

    def add(self, **fields: Any) -> None:
        """Adds an `Event` of these fields; the time is now unless `wall_time` is among them."""
        from headrace.proto import event_pb2

        fields.setdefault("wall_time", time.time())
        self.add_serialized(event_pb2.Event(**fields).SerializeToString())

    def add_serialized(self, event: bytes) -> None:
        record = frame(event)
        with self._lock, documented_errors(self.path):
            if self._file is None:
                raise errors.FailedPreconditionError(None, None, f"The event file {self.path} is closed.")
            self._file.write(record)
            self._waiting += 1
            if (
                self._waiting > self.max_queue
                or (time.monotonic() - self._flushed) * 1000 > self.flush_millis
            ):
                self._flush()

    def add_tensor(self, step: int, tag: str, array: np.ndarray, dtype: DType, metadata: bytes) -> None:
        """Adds a summary: a tensor under a tag, with a serialised `SummaryMetadata`."""
        from headrace.proto import event_pb2

        value = event_pb2.Summary.Value(tag=tag, tensor=make_tensor_proto(array, dtype))
        if metadata:
            value.metadata.MergeFromString(metadata)
        self.add(step=step, summary=event_pb2.Summary(value=[value]))

    def _flush(self) -> None:
        self._file.flush()
        self._waiting, self._flushed = 0, time.monotonic()

    def flush(self) -> None:
        """Hands all events to the operating system."""
        with self._lock, documented_errors(self.path):
            if self._file is not None:
                self._flush()

    def close(self) -> None:
        with self._lock, documented_errors(self.path):
            if self._file is not None:
                self._end()  # closes the file
                self._file = None

    def __repr__(self) -> str:
        return f"<event file {self.path}>"
