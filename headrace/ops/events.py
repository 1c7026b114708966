"""Ops that write event files. A writer is a resource: the handle of a `WriterState`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from headrace.core import dtypes, errors
from headrace.core.errors import invalid
from headrace.core.op import OpDef, lookup
from headrace.core.tape import not_differentiable

from .state import HostResource


class WriterState(HostResource):
    """What a writer's handle refers to: an event file, once it was made."""

    def __init__(self, name: str = "") -> None:
        self.name = name
        self.file: Any = None

    def open(self) -> Any:
        if self.file is None:
            raise errors.NotFoundError(
                None, None, "The summary writer does not exist: it was closed, or its init() did not run."
            )
        return self.file

    def __repr__(self) -> str:
        return f"<summary writer {self.file or 'closed'}>"


def _text(x: np.ndarray) -> str:
    return x.item().decode("utf-8", "replace")


def _step(x: np.ndarray) -> int:
    if x.size != 1:
        raise invalid(f"step must be a scalar, received shape {x.shape}.")
    return int(x.reshape(()))


def _create(
    writer: np.ndarray,
    logdir: np.ndarray,
    max_queue: np.ndarray,
    flush_millis: np.ndarray,
    suffix: np.ndarray,
) -> list[Any]:
    from headrace.summary.event_file import EventFile

    state = writer.item()
    if state.file is None:  # an initialiser may run more than once
        state.file = EventFile(_text(logdir), int(max_queue), int(flush_millis), _text(suffix))
    return []


def _flush(writer: np.ndarray) -> list[Any]:
    if writer.item().file is not None:
        writer.item().file.flush()
    return []


def _close(writer: np.ndarray) -> list[Any]:
    state = writer.item()
    if state.file is not None:
        state.file.close()
        state.file = None
    return []


def _write(
    writer: np.ndarray, step: np.ndarray, tensor: np.ndarray, tag: np.ndarray, metadata: np.ndarray
) -> list[Any]:
    from google.protobuf.message import DecodeError

    dtype = dtypes.from_numpy(tensor.dtype)
    try:
        writer.item().open().add_tensor(_step(step), _text(tag), tensor, dtype, metadata.item())
    except DecodeError as error:
        raise invalid(f"summary_metadata is no serialised SummaryMetadata: {error}") from error
    return []


def _form(name: str) -> Callable[..., list[Any]]:
    """A kernel that writes the summary that an op of 1.x's graphs makes."""

    def kernel(
        writer: np.ndarray, step: np.ndarray, tag: np.ndarray, *values: Any, **attrs: Any
    ) -> list[Any]:
        from headrace.proto import event_pb2

        make: Any = lookup(name).kernel
        summary = event_pb2.Summary.FromString(make(tag, *values, **attrs).item())
        writer.item().open().add(step=_step(step), summary=summary)
        return []

    return kernel


def _images(
    writer: np.ndarray, step: np.ndarray, tag: np.ndarray, tensor: np.ndarray, bad_color: np.ndarray, max_images: int
) -> list[Any]:  # fmt: skip
    return _form("ImageSummary")(writer, step, tag, tensor, max_images=max_images, bad_color=bad_color)


def _write_raw(writer: np.ndarray, step: np.ndarray, tensor: np.ndarray) -> list[Any]:
    from google.protobuf.message import DecodeError

    from headrace.proto import event_pb2

    file, number = writer.item().open(), _step(step)
    for i, data in enumerate(tensor.reshape(-1)):
        try:
            summary = event_pb2.Summary.FromString(data)
        except DecodeError as error:
            raise errors.DataLossError(
                None, None, f"Bad Summary binary proto tensor string at index {i}: {error}"
            ) from error
        file.add(step=number, summary=summary)
    return []


def _write_graph(writer: np.ndarray, step: np.ndarray, tensor: np.ndarray) -> list[Any]:
    from google.protobuf.message import DecodeError

    from headrace.proto import graph_pb2

    data = tensor.item()
    try:
        graph_pb2.GraphDef.FromString(data)
    except DecodeError as error:
        raise errors.DataLossError(None, None, f"Bad GraphDef binary proto tensor string: {error}") from error
    writer.item().open().add(step=_step(step), graph_def=data)
    return []


def _import_event(writer: np.ndarray, event: np.ndarray) -> list[Any]:
    from google.protobuf.message import DecodeError

    from headrace.proto import event_pb2

    try:
        event_pb2.Event.FromString(event.item())
    except DecodeError as error:
        raise errors.DataLossError(None, None, f"Bad Event binary proto tensor string: {error}") from error
    writer.item().open().add_serialized(event.item())
    return []


def _row(name: str, inputs: str, kernel: Callable[..., Any], **options: Any) -> OpDef:
    return OpDef(
        name, f"writer: resource, {inputs} ->" if inputs else "writer: resource ->",
        shape=lambda c: [], kernel=kernel, host=True, stateful=True, grad=not_differentiable, **options,
    )  # fmt: skip


def _writer(shared_name: str, container: str) -> np.ndarray:
    out = np.empty((), object)
    out[()] = WriterState(shared_name)
    return out


SUMMARY_WRITER = OpDef(
    "SummaryWriter", "-> writer: resource", attrs={"shared_name": "", "container": ""}, shape=lambda c: (), kernel=_writer,
    host=True, stateful=True, grad=not_differentiable,
)  # fmt: skip
CREATE = _row(
    "CreateSummaryFileWriter",
    "logdir: string, max_queue: int32, flush_millis: int32, filename_suffix: string",
    _create,
)
FLUSH = _row("FlushSummaryWriter", "", _flush)
CLOSE = _row("CloseSummaryWriter", "", _close)
WRITE = _row("WriteSummary", "step: int64, tensor: T, tag: string, summary_metadata: string", _write)
WRITE_RAW = _row("WriteRawProtoSummary", "step: int64, tensor: string", _write_raw)
WRITE_SCALAR = _row(
    "WriteScalarSummary",
    "step: int64, tag: string, value: T",
    _form("ScalarSummary"),
    types={"T": dtypes.REAL},
)
WRITE_HISTOGRAM = _row(
    "WriteHistogramSummary", "step: int64, tag: string, values: T", _form("HistogramSummary"),
    types={"T": (*dtypes.REAL, dtypes.bool_)}, defaults={"T": dtypes.float32},
)  # fmt: skip
WRITE_IMAGE = _row(
    "WriteImageSummary", "step: int64, tag: string, tensor: T, bad_color: uint8", _images, attrs={"max_images": 3},
    types={"T": (dtypes.uint8, dtypes.float32, dtypes.float16, dtypes.float64)}, defaults={"T": dtypes.float32},
)  # fmt: skip
WRITE_AUDIO = _row(
    "WriteAudioSummary", "step: int64, tag: string, tensor: float32, sample_rate: float32", _form("AudioSummaryV2"),
    attrs={"max_outputs": 3},
)  # fmt: skip
WRITE_GRAPH = _row("WriteGraphSummary", "step: int64, tensor: string", _write_graph)
IMPORT_EVENT = _row("ImportEvent", "event: string", _import_event)
