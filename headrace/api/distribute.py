"""`tf.distribute`: running programs on several devices."""

from __future__ import annotations

from headrace.distribute.strategy import (
    MirroredStrategy,
    MultiWorkerMirroredStrategy,
    OneDeviceStrategy,
    ParameterServerStrategy,
    ReplicaContext,
    Strategy,
    StrategyExtended,
    TPUStrategy,
    experimental_set_strategy,
    get_replica_context,
    get_strategy,
    has_strategy,
    in_cross_replica_context,
)
from headrace.distribute.values import (
    DistributedValues,
    InputContext,
    InputReplicationMode,
    ReduceOp,
    RunOptions,
)
from headrace.session.server import Server

from . import distribute_cluster_resolver as cluster_resolver
from . import distribute_experimental as experimental

ROOT: list[str] = []
__all__ = [
    "DistributedDataset",
    "DistributedIterator",
    "DistributedValues",
    "InputContext",
    "InputReplicationMode",
    "MirroredStrategy",
    "MultiWorkerMirroredStrategy",
    "OneDeviceStrategy",
    "ParameterServerStrategy",
    "ReduceOp",
    "ReplicaContext",
    "RunOptions",
    "Strategy",
    "Server",
    "StrategyExtended",
    "TPUStrategy",
    "cluster_resolver",
    "experimental",
    "experimental_set_strategy",
    "get_replica_context",
    "get_strategy",
    "has_strategy",
    "in_cross_replica_context",
]


class DistributedDataset:
    """A dataset whose elements are spread over replicas."""


class DistributedIterator:
    """An iterator over a `DistributedDataset`."""
