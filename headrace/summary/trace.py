"""Graphs in event files: one that is given, or those of the functions that ran while a trace was on."""

from __future__ import annotations

import logging
import threading
from collections.abc import Mapping, Sequence
from typing import Any

from headrace.core.convert import to_tensor
from headrace.core.graph import FuncGraph, Graph
from headrace.core.state import set_observers, state
from headrace.io.graph_def import graph_def
from headrace.ops import events

from .plugins import metadata
from .writer import defaults, write

log = logging.getLogger("headrace")


def graph(graph_data: Any) -> Any:
    """Writes a graph, to be shown in TensorBoard's Graphs tab.

    Args:
      graph_data: a `tf.Graph` (`f.get_concrete_function(…).graph` of a `tf.function`), or a `GraphDef` message.

    Returns:
      A scalar bool tensor: whether it was written (False without a default writer).

    Raises:
      ValueError: inside of a `tf.function`; `graph_data` is no graph.

    >>> import headrace as tf, tempfile
    >>> f = tf.function(lambda x: x * 2.0)
    >>> with tf.summary.create_file_writer(tempfile.mkdtemp()).as_default():
    ...     bool(tf.summary.graph(f.get_concrete_function(tf.TensorSpec([])).graph))
    True
    """
    if state.graph is not None:
        raise ValueError("graph() cannot be invoked inside a graph context.")
    if defaults.writer is None or not hasattr(defaults.writer, "_handle"):
        return to_tensor(False)
    if isinstance(graph_data, Graph):
        message = graph_def(graph_data)
    elif getattr(getattr(graph_data, "DESCRIPTOR", None), "name", None) == "GraphDef":
        message = graph_data
    else:
        raise ValueError(
            "Argument 'graph_data' is not tf.Graph or tf.compat.v1.GraphDef. "
            f"Received graph_data={graph_data} of type {type(graph_data).__name__}."
        )
    events.WRITE_GRAPH(defaults.writer._handle, 0, message.SerializeToString())
    return to_tensor(True)


class _Trace:
    """The graphs of the functions called by this thread, in the order of their first calls."""

    def __init__(self) -> None:
        self.graphs: dict[int, FuncGraph] = {}

    def __call__(
        self, op: Any, inputs: Sequence[Any], attrs: Mapping[str, Any], outputs: Sequence[Any]
    ) -> None:
        if op.name in ("PartitionedCall", "StatefulPartitionedCall"):
            self.graphs.setdefault(id(attrs["f"]), attrs["f"])

    def run_metadata(self) -> Any:
        from headrace.proto import run_metadata_pb2

        message = run_metadata_pb2.RunMetadata()
        for traced in self.graphs.values():
            message.function_graphs.add().pre_optimization_graph.CopyFrom(graph_def(traced))
        return message


class _Current(threading.local):
    trace: _Trace | None = None


_current = _Current()


def trace_on(graph: bool = True, profiler: bool = False, profiler_outdir: str | None = None) -> None:
    """Starts remembering the graphs of the `tf.function`s that this thread runs, for `trace_export`.

    Args:
      graph: must be true: graphs are what is recorded.
      profiler, profiler_outdir: profiles are not part of summaries here; leave them out.

    Raises:
      NotImplementedError: a profile is asked for.
    """
    if profiler or profiler_outdir is not None:
        raise NotImplementedError(
            "tf.summary.trace_on: a summary holds graphs only; there is no profiler behind it. Call trace_on(graph=True) "
            "without profiler and profiler_outdir, and use a profiler beside it for times."
        )
    if state.graph is not None:
        log.warning("Cannot enable trace inside a tf.function.")
        return
    if not graph:
        raise ValueError("tf.summary.trace_on: nothing to record with graph=False; use graph=True.")
    trace_off()
    _current.trace = _Trace()
    set_observers((*state.observers, _current.trace))


def trace_off() -> None:
    """Stops the trace and forgets what was recorded."""
    if _current.trace is not None:
        set_observers(tuple([o for o in state.observers if o is not _current.trace]))
        _current.trace = None


def trace_export(name: str, step: Any = None, profiler_outdir: str | None = None) -> None:
    """Writes the graphs recorded since `trace_on` under the tag `name`, and stops the trace.

    Raises:
      ValueError: there is no trace, or no step.

    >>> import headrace as tf, tempfile
    >>> f = tf.function(lambda x: x * 2.0)
    >>> tf.summary.trace_on()
    >>> _ = f(tf.constant(1.0))
    >>> with tf.summary.create_file_writer(tempfile.mkdtemp()).as_default():
    ...     tf.summary.trace_export("doubling", step=0)
    """
    if profiler_outdir is not None:
        raise NotImplementedError(
            "tf.summary.trace_export: profiles are not recorded; leave profiler_outdir out."
        )
    if state.graph is not None:
        log.warning("Cannot export trace inside a tf.function.")
        return
    if _current.trace is None:
        raise ValueError("Must enable trace before export through tf.summary.trace_on.")
    message = _current.trace.run_metadata().SerializeToString()
    about = metadata("graph_run_metadata_graph", None, b"1")
    write(tag=name, tensor=message, step=step, metadata=about)
    trace_off()
