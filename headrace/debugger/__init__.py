"""Runs of sessions, op by op: `tfdbg`. What `from tensorflow.python import debug as tf_debug` gives.

A watched run computes one op after the other on the host, those inside of loops and branches, too, and keeps every tensor it
makes (`stepping.py`). They are files in a directory, in TensorFlow's own form (`dumps.py`), that `DebugDumpDir` reads and
searches. `wrappers.py` has sessions that watch every run; `dialogue.py` says what filters find, and asks at a
terminal; `commands.py` answers questions about a run: `headrace debug DIR`."""

from __future__ import annotations

from typing import Any

from .dumps import (
    DebugDumpDir,
    DebugTensorDatum,
    has_inf_or_nan,
    load_tensor_from_event,
    load_tensor_from_event_file,
)
from .stepping import reconstruct_non_debug_graph_def
from .watches import WatchOptions, add_debug_tensor_watch, watch_graph, watch_graph_with_denylists
from .wrappers import (
    DumpingDebugHook,
    DumpingDebugWrapperSession,
    LocalCLIDebugHook,
    LocalCLIDebugWrapperSession,
)

watch_graph_with_blacklists = watch_graph_with_denylists  # its name in TensorFlow 1.x

_SERVER = (
    "sends tensors to a server that TensorBoard no longer has: use a LocalCLI… or Dumping… session or hook"
)
_GRADIENTS = (
    "is not there: gradients are tensors of the graph (`gradients/…`), and are watched like all others"
)
_ABSENT = {
    "GradientsDebugger": _GRADIENTS, "clear_gradient_debuggers": _GRADIENTS, "GrpcDebugHook": _SERVER,
    "GrpcDebugWrapperSession": _SERVER, "TensorBoardDebugHook": _SERVER, "TensorBoardDebugWrapperSession": _SERVER,
}  # fmt: skip


def __getattr__(name: str) -> Any:
    why = f": it {_ABSENT[name]}" if name in _ABSENT else ""
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}{why}.")


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
    "reconstruct_non_debug_graph_def",
    "watch_graph",
    "watch_graph_with_blacklists",
    "watch_graph_with_denylists",
]
