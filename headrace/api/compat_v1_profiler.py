"""`tf.compat.v1.profiler`: parameters, FLOPs and times of graphs."""

from __future__ import annotations

from headrace.inspector.profile import ProfileOptionBuilder, Profiler, advise, profile, write_op_log
from headrace.proto.profile_pb2 import AdviceProto, GraphNodeProto, MultiGraphNodeProto, OpLogProto

__all__ = [
    "AdviceProto", "GraphNodeProto", "MultiGraphNodeProto", "OpLogProto", "ProfileOptionBuilder", "Profiler", "advise",
    "profile", "write_op_log",
]  # fmt: skip
NAMES = {"profiler": __all__}
ROOT: list[str] = []
