"""The messages by which sessions are told how to work, and say what they did."""

from __future__ import annotations

from headrace.proto.config_pb2 import ConfigProto, GPUOptions, GraphOptions, OptimizerOptions, RunOptions
from headrace.proto.run_metadata_pb2 import RunMetadata

ROOT = __all__ = [
    "ConfigProto",
    "GPUOptions",
    "GraphOptions",
    "OptimizerOptions",
    "RunMetadata",
    "RunOptions",
]
