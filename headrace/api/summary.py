"""`tf.summary`: writing what TensorBoard shows."""

from headrace.summary.plugins import audio, histogram, image, scalar, text
from headrace.summary.trace import graph, trace_export, trace_off, trace_on
from headrace.summary.writer import (
    SummaryWriter,
    create_file_writer,
    create_noop_writer,
    flush,
    record_if,
    should_record_summaries,
    write,
)

from . import summary_experimental as experimental

__all__ = [
    "SummaryWriter", "audio", "create_file_writer", "create_noop_writer", "experimental", "flush", "graph", "histogram",
    "image", "record_if", "scalar", "should_record_summaries", "text", "trace_export", "trace_off", "trace_on",
    "write",
]  # fmt: skip
ROOT: list[str] = []
