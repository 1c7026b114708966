"""`tf.train`: checkpoints, and the messages training data is kept in."""

from __future__ import annotations

from headrace.checkpoint.directory import (
    checkpoints_iterator,
    get_checkpoint_state,
    latest_checkpoint,
    list_variables,
    load_checkpoint,
    load_variable,
)
from headrace.checkpoint.manager import CheckpointManager
from headrace.checkpoint.objects import Checkpoint, CheckpointOptions, CheckpointView
from headrace.core.trackable import TrackableView
from headrace.distribute.clusters import ClusterSpec
from headrace.proto.cluster_pb2 import ClusterDef, JobDef
from headrace.proto.example_pb2 import (
    BytesList,
    Example,
    Feature,
    FeatureList,
    FeatureLists,
    Features,
    FloatList,
    Int64List,
    SequenceExample,
)
from headrace.proto.server_pb2 import ServerDef
from headrace.session.averages import ExponentialMovingAverage
from headrace.session.coordinator import Coordinator

from . import train_experimental as experimental

__all__ = [
    "BytesList", "Checkpoint", "CheckpointManager", "CheckpointOptions", "CheckpointView", "ClusterDef", "ClusterSpec",
    "Coordinator", "Example", "ExponentialMovingAverage", "Feature", "FeatureList", "FeatureLists", "Features", "FloatList",
    "Int64List", "JobDef", "SequenceExample", "ServerDef", "TrackableView", "checkpoints_iterator", "experimental", "get_checkpoint_state",
    "latest_checkpoint", "list_variables", "load_checkpoint", "load_variable",
]  # fmt: skip
ROOT: list[str] = []
