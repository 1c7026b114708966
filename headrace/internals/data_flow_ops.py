"""Stands in for `tensorflow.python.ops.data_flow_ops`."""

from __future__ import annotations

from typing import Any

from headrace.api.queue import FIFOQueue, PaddingFIFOQueue, PriorityQueue, QueueBase, RandomShuffleQueue
from headrace.session.accumulators import (
    ConditionalAccumulator,
    ConditionalAccumulatorBase,
    SparseConditionalAccumulator,
)
from headrace.session.staging import Barrier, BaseStagingArea, MapStagingArea, StagingArea

__all__ = [
    "Barrier", "BaseStagingArea", "ConditionalAccumulator", "ConditionalAccumulatorBase", "FIFOQueue", "MapStagingArea",
    "PaddingFIFOQueue", "PriorityQueue", "QueueBase", "RandomShuffleQueue", "SparseConditionalAccumulator", "StagingArea",
]  # fmt: skip


def __getattr__(name: str) -> Any:
    import headrace as tf

    return getattr(tf.compat.v1, name)
