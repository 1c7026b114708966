"""Ops of readers, and readers themselves: they take the names of files from a queue, and give the files' records one by one."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np

from headrace.core import dtypes, errors
from headrace.core.errors import invalid
from headrace.core.op import REQUIRED, OpDef
from headrace.core.tensor import EagerTensor, boxed, wrap

from .queues import queue_of
from .state import HostResource
from .table import host_op
from .waiting import deadline_exceeded, remaining

Record = tuple[bytes, bytes]  # key and value


class Reader(HostResource):
    """Reads pieces of work (file names, from a queue), one after the other.

    Args:
      name: for error messages.
      records: the records of one piece of work.
      single: whether a piece of work has one record, so that the state can be saved: it is no place in a file."""

    initialized = True

    def __init__(self, name: str, records: Callable[[bytes], Iterator[Record]], single: bool = False) -> None:
        self.name, self.records, self.single = name, records, single
        self.lock = threading.Lock()
        self.reset()

    def reset(self) -> None:
        """Begins as new."""
        self.started = self.finished = self.produced = 0
        self.work = b""
        self.current: Iterator[Record] | None = None

    def read(self, queue: Any) -> Record:
        """The next record; from the next piece of work where one has come to its end.

        Raises:
          OutOfRangeError: the queue is closed and empty."""
        if not self.lock.acquire(timeout=-1 if (left := remaining()) is None else left):
            raise deadline_exceeded()
        try:
            while True:
                if self.current is None:
                    self._begin(queue)
                record = self._next()
                if record is not None:
                    return record
        finally:
            self.lock.release()

    def read_up_to(self, queue: Any, n: int) -> list[Record]:
        """Up to n records of one piece of work, at least one."""
        if n <= 0:
            raise invalid(f"num_records must be positive, but is {n}")
        out = [self.read(queue)]
        with self.lock:
            while len(out) < n and self.current is not None:
                record = self._next()
                if record is None:
                    break
                out.append(record)
        return out

    def _begin(self, queue: Any) -> None:
        (work,) = queue.dequeue()
        if work.ndim:
            raise invalid(f"Readers take scalars from their queue, received one of shape {list(work.shape)}")
        self.work = work.item()
        self.started += 1
        self.current = self.records(self.work)

    def _next(self) -> Record | None:
        assert self.current is not None
        try:
            record = next(self.current)
        except StopIteration:
            self.current = None
            self.finished += 1
            return None
        except BaseException:
            self.current = None
            raise
        self.produced += 1
        if self.single:
            self.current = None
            self.finished += 1
        return record

    def serialize(self) -> bytes:
        from headrace.proto.queue_runner_pb2 import ReaderBaseState

        self._check_single("SerializeState")
        with self.lock:
            return ReaderBaseState(
                work_started=self.started,
                work_finished=self.finished,
                num_records_produced=self.produced,
                current_work=self.work,
            ).SerializeToString()

    def restore(self, text: bytes) -> None:
        from google.protobuf.message import DecodeError

        from headrace.proto.queue_runner_pb2 import ReaderBaseState

        self._check_single("RestoreState")
        state = ReaderBaseState()
        try:
            state.ParseFromString(text)
        except DecodeError:
            raise invalid(f"Could not parse state for {self.name}: {text[:40]!r}") from None
        counts = (state.work_started, state.work_finished, state.num_records_produced)
        if min(counts) < 0 or state.work_started < state.work_finished:
            raise invalid(
                f"Inconsistent state for {self.name}: {counts} pieces of work begun, ended, and records"
            )
        with self.lock:
            self.started, self.finished, self.produced = counts
            self.work = state.current_work
            self.current = self.records(self.work) if self.started > self.finished else None

    def _check_single(self, what: str) -> None:
        if not self.single:
            raise errors.UnimplementedError(None, None, f"Reader {what} is not supported by {self.name}")

    def clear(self) -> None:
        self.reset()

    def __repr__(self) -> str:
        return f"<reader {self.name}>"


# ------------------------------------------------------------------------------------------------- records of a file
def _open(work: bytes, compression: str = "") -> Any:
    from headrace.io.tfrecord import open_records

    return open_records(work.decode(), "" if compression == "NONE" else compression)


def _lines(work: bytes, skip: int) -> Iterator[Record]:
    with _open(work) as file:
        for number, line in enumerate(file, 1):
            if number > skip:
                yield b"%s:%d" % (work, number), line.removesuffix(b"\n").replace(b"\r", b"")


def _whole(work: bytes) -> Iterator[Record]:
    from headrace.io.files import read_bytes

    yield work, read_bytes(work.decode())


def _tfrecords(work: bytes, compression: str) -> Iterator[Record]:
    from headrace.io.tfrecord import records_of

    place = 0
    with _open(work, compression) as file:
        for data in records_of(file, work.decode(errors="replace")):
            yield b"%s:%d" % (work, place), data
            place += len(data) + 16  # the length and two checksums


def _fixed(work: bytes, header: int, size: int, footer: int, hop: int, encoding: str) -> Iterator[Record]:
    with _open(work, encoding) as file:
        content = file.read()
    end = len(content) - footer
    for number, at in enumerate(range(header, end - size + 1, hop or size)):
        yield b"%s:%d" % (work, number), content[at : at + size]


def _check_sizes(header_bytes: int, record_bytes: int, footer_bytes: int, hop_bytes: int) -> None:
    if record_bytes <= 0:
        raise invalid(f"record_bytes must be > 0 not {record_bytes}")
    for name, n in (("header_bytes", header_bytes), ("footer_bytes", footer_bytes), ("hop_bytes", hop_bytes)):
        if n < 0:
            raise invalid(f"{name} must be >= 0 not {n}")


def _fixed_reader(name: str, header_bytes: int, record_bytes: int, footer_bytes: int, hop_bytes: int, encoding: str = "") -> Reader:  # fmt: skip
    _check_sizes(header_bytes, record_bytes, footer_bytes, hop_bytes)
    if encoding not in ("", "NONE", "ZLIB", "GZIP"):
        raise invalid(f"Unsupported encoding: {encoding}. Use NONE, ZLIB or GZIP.")
    return Reader(
        name, lambda work: _fixed(work, header_bytes, record_bytes, footer_bytes, hop_bytes, encoding)
    )


# -------------------------------------------------------------------------------------------------------------- rows
def _maker(name: str, make: Callable[..., Reader], attrs: Mapping[str, Any] | None = None) -> OpDef:
    def kernel(container: Any, shared_name: Any, **rest: Any) -> Any:
        return boxed(make(shared_name or name, **rest))

    for ending in ("", "V2"):
        own = {k: v for k, v in (attrs or {}).items() if ending or k != "encoding"}
        op = host_op(
            name + ending,
            "-> reader_handle: resource",
            attrs={**own, "container": "", "shared_name": ""},
            kernel=kernel,
        )
    return op


WHOLE = _maker("WholeFileReader", lambda name: Reader(name, _whole, single=True))
LINES = _maker(
    "TextLineReader",
    lambda name, skip_header_lines: Reader(name, lambda work: _lines(work, skip_header_lines)),
    {"skip_header_lines": 0},
)
RECORDS = _maker(
    "TFRecordReader",
    lambda name, compression_type: Reader(name, lambda work: _tfrecords(work, compression_type)),
    {"compression_type": ""},
)
FIXED = _maker(
    "FixedLengthRecordReader",
    _fixed_reader,
    {"header_bytes": 0, "record_bytes": REQUIRED, "footer_bytes": 0, "hop_bytes": 0, "encoding": ""},
)
IDENTITY = _maker("IdentityReader", lambda name: Reader(name, lambda work: iter([(work, work)]), single=True))


def reader_of(handle: EagerTensor) -> Reader:
    """The reader that a handle refers to."""
    found = handle._host().item()
    if not isinstance(found, Reader):
        raise invalid(f"The handle is that of {found!r}, not of a reader.")
    return found


def _string(value: bytes) -> EagerTensor:
    return wrap(boxed(value), dtypes.string)


def _strings(values: list[bytes]) -> EagerTensor:
    out = np.empty(len(values), object)
    out[:] = values
    return wrap(out, dtypes.string)


def _read(handle: EagerTensor, queue: EagerTensor) -> list[EagerTensor]:
    return [_string(part) for part in reader_of(handle).read(queue_of(queue))]


def _read_up_to(handle: EagerTensor, queue: EagerTensor, n: EagerTensor) -> list[EagerTensor]:
    records = reader_of(handle).read_up_to(queue_of(queue), int(n._host()))
    return [_strings([r[i] for r in records]) for i in range(2)]


def _row(name: str, signature: str, run: Callable[..., Any], shape: Any) -> OpDef:
    return host_op(name, signature, run, shape, versions=("", "V2"))


def _count(what: str) -> Callable[[EagerTensor], EagerTensor]:
    return lambda handle: wrap(np.int64(getattr(reader_of(handle), what)), dtypes.int64)


READ = _row(
    "ReaderRead",
    "reader_handle: resource, queue_handle: resource -> key: string, value: string",
    _read,
    [(), ()],
)
READ_UP_TO = _row(
    "ReaderReadUpTo",
    "reader_handle: resource, queue_handle: resource, num_records: int64 -> keys: string, values: string",
    _read_up_to,
    [(None,), (None,)],
)
PRODUCED = _row(
    "ReaderNumRecordsProduced", "reader_handle: resource -> records_produced: int64", _count("produced"), ()
)
COMPLETED = _row(
    "ReaderNumWorkUnitsCompleted", "reader_handle: resource -> units_completed: int64", _count("finished"), ()
)
SERIALIZE = _row(
    "ReaderSerializeState",
    "reader_handle: resource -> state: string",
    lambda handle: _string(reader_of(handle).serialize()),
    (),
)
RESTORE = _row(
    "ReaderRestoreState",
    "reader_handle: resource, state: string ->",
    lambda handle, state: reader_of(handle).restore(state._host().item()),
    [],
)
RESET = _row("ReaderReset", "reader_handle: resource ->", lambda handle: reader_of(handle).reset(), [])

__all__ = ["Reader", "reader_of"]
