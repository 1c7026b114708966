"""Reading event files: ours and TensorFlow's."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from headrace.core import errors
from headrace.io import files
from headrace.io.tensor_proto import array_of
from headrace.io.tfrecord import read_records


def read_events(path: Any) -> Iterator[Any]:
    """The `Event` messages of an event file.

    Raises:
      tf.errors.NotFoundError: there is no such file.
      tf.errors.DataLossError: the file is damaged, or cut short inside of an event.

    >>> import headrace as tf, tempfile
    >>> from headrace.summary.reader import event_files, read_events
    >>> folder = tempfile.mkdtemp()
    >>> with tf.summary.create_file_writer(folder).as_default():
    ...     _ = tf.summary.scalar("loss", 0.5, step=3)
    >>> [event.step for event in read_events(event_files(folder)[0])]
    [0, 3]
    """
    from google.protobuf.message import DecodeError

    from headrace.proto import event_pb2

    for i, record in enumerate(read_records(path)):
        try:
            event = event_pb2.Event.FromString(record)
        except DecodeError as error:
            raise errors.DataLossError(
                None, None, f"record {i} of {path} is no Event: {error}. Is it an event file?"
            ) from error
        yield event


def event_files(path: Any) -> list[str]:
    """The event files in a directory and those below it, by name; a file is itself."""
    path = files.path_text(path)
    if not files.is_directory(path):
        if not files.exists(path):
            raise errors.NotFoundError(None, None, f"{path}; No such file or directory")
        return [path]
    return sorted(
        files.join(folder, name)
        for folder, _, names in files.walk(path)
        for name in names
        if ".tfevents." in name
    )


@dataclass
class Series:
    """What an event file has under one tag."""

    plugin: str
    steps: list[int] = field(default_factory=list)
    last: Any = None


def series(path: Any) -> dict[str, Series]:
    """The tags of an event file in order of appearance, each with its steps and last value.

    Raises: as `read_events`."""
    found: dict[str, Series] = {}
    for event in read_events(path):
        for value in event.summary.value:
            kind = value.metadata.plugin_data.plugin_name or _PLAIN.get(value.WhichOneof("value") or "", "")
            # Only the first event of a tag need say its kind.
            entry = found.setdefault(value.tag, Series(kind))
            entry.steps.append(event.step)
            entry.last = value
        if event.HasField("graph_def"):
            entry = found.setdefault("(graph)", Series("graph"))
            entry.steps.append(event.step)
    return found


_PLAIN = {
    "simple_value": "scalars",
    "histo": "histograms",
    "image": "images",
    "audio": "audio",
    "tensor": "tensor",
}


def shown(value: Any) -> str:
    """A summary's value in a few characters."""
    if value is None:
        return ""
    kind = value.WhichOneof("value")
    if kind == "simple_value":
        return f"{value.simple_value:g}"
    if kind == "histo":
        return f"{value.histo.num:g} values in [{value.histo.min:g}, {value.histo.max:g}]"
    if kind == "image":
        return f"{value.image.width} x {value.image.height}"
    if kind != "tensor":
        return kind or ""
    array = array_of(value.tensor)
    if array.dtype == object:
        if array.ndim and array.size > 2 and array.flat[2].startswith(b"\x89PNG"):
            return f"{array.size - 2} images of {array.flat[0].decode()} x {array.flat[1].decode()}"
        return _short(b" ".join(array.reshape(-1)[:8].tolist()))
    if array.ndim == 2 and array.shape[1] == 3 and len(array):
        return f"{array[:, 2].sum():g} values in [{array[0, 0]:g}, {array[-1, 1]:g}]"
    return f"{array.item():g}" if array.size == 1 else _short(np.array2string(array, threshold=8).encode())


def _short(text: bytes, length: int = 60) -> str:
    plain = re.sub(
        r"\s+", " ", "".join(c if c.isprintable() else " " for c in text.decode("utf-8", "replace"))
    )
    return plain if len(plain) <= length else plain[: length - 1] + "…"
