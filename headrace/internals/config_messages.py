"""`tensorflow.core.protobuf.config_pb2`: what is asked of a session, and what a run tells."""

from headrace.proto.config_pb2 import (
    ConfigProto,
    DebugOptions,
    GPUOptions,
    GraphOptions,
    OptimizerOptions,
    RunOptions,
    ThreadPoolOptionProto,
)
from headrace.proto.run_metadata_pb2 import RunMetadata

__all__ = [
    "ConfigProto", "DebugOptions", "GPUOptions", "GraphOptions", "OptimizerOptions", "RunMetadata", "RunOptions",
    "ThreadPoolOptionProto",
]  # fmt: skip
