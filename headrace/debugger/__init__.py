"""Runs of sessions, op by op: `tfdbg`. What `from tensorflow.python import debug as tf_debug` gives.

A watched run computes one op after the other on the host, those inside of loops and branches, too, and keeps every tensor it
makes (`stepping.py`). They are files in a directory, in TensorFlow's own form (`dumps.py`), that `DebugDumpDir` reads and
searches. `wrappers.py` has sessions that watch every run; `commands.py` answers questions about a run: `headrace debug DIR`."""

from __future__ import annotations

from .dumps import (
    DebugDumpDir,
    DebugTensorDatum,
    has_inf_or_nan,
    load_tensor_from_event,
    load_tensor_from_event_file,
)
from .watches import WatchOptions, add_debug_tensor_watch, watch_graph, watch_graph_with_denylists
from .wrappers import (
    DumpingDebugHook,
    DumpingDebugWrapperSession,
    LocalCLIDebugHook,
    LocalCLIDebugWrapperSession,
)

watch_graph_with_blacklists = watch_graph_with_denylists  # its name in TensorFlow 1.x

__all__ = [
    "DebugDumpDir",
    "DebugTensorDatum",
    "DumpingDebugHook",
    "DumpingDebugWrapperSession",
    "LocalCLIDebugHook",
    "LocalCLIDebugWrapperSession",
    "WatchOptions",
    "add_debug_tensor_watch",
    "has_inf_or_nan",
    "load_tensor_from_event",
    "load_tensor_from_event_file",
    "watch_graph",
    "watch_graph_with_blacklists",
    "watch_graph_with_denylists",
]
