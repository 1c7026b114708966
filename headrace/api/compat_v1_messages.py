"""`tf.compat.v1`: the messages that graphs, runs and event files are made of, and reading event files."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from headrace.proto.event_pb2 import Event, HistogramProto, LogMessage, SessionLog, Summary, SummaryMetadata
from headrace.proto.graph_pb2 import AttrValue, GraphDef, NameAttrList, NodeDef


def summary_iterator(path: Any) -> Iterator[Event]:
    """The `Event` messages of an event file.

    Raises:
      tf.errors.NotFoundError: there is no such file.
      tf.errors.DataLossError: the file is damaged, or cut short inside of an event.
    """
    from headrace.summary.reader import read_events

    return read_events(path)


__all__ = [
    "AttrValue", "Event", "GraphDef", "HistogramProto", "LogMessage", "NameAttrList", "NodeDef", "SessionLog",
    "Summary", "SummaryMetadata", "summary_iterator",
]  # fmt: skip
NAMES = {"train": ["summary_iterator"]}
ROOT = [name for name in __all__ if name not in NAMES["train"]]
