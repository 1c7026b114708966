"""`tf.distribute.cluster_resolver`: descriptions of clusters that come from where a cluster manager left them."""

from __future__ import annotations

from headrace.distribute.resolvers import (
    ClusterResolver,
    SimpleClusterResolver,
    TFConfigClusterResolver,
    UnionResolver,
)
from headrace.distribute.slurm import SlurmClusterResolver

__all__ = [
    "ClusterResolver", "SimpleClusterResolver", "SlurmClusterResolver", "TFConfigClusterResolver", "UnionResolver",
]  # fmt: skip
ROOT: list[str] = []
