"""`tf.distribute.experimental.partitioners`: into how many parts a variable is cut."""

from __future__ import annotations

from headrace.distribute.partitioners import (
    FixedShardsPartitioner,
    MaxSizePartitioner,
    MinSizePartitioner,
    Partitioner,
)

__all__ = ["FixedShardsPartitioner", "MaxSizePartitioner", "MinSizePartitioner", "Partitioner"]
ROOT: list[str] = []
