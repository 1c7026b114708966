"""All plans by name, as the rows of `ops/iterators.py` call them."""

from __future__ import annotations

from .background import Prefetch
from .batching import Batch, Elements, GroupByWindow, PaddedBatch, Rebatch, Unbatch, Window
from .iterator import Running, encoded, iterator_name, iterator_named, shared_iterator
from .mapping import (
    Filter,
    FlatMap,
    Interleave,
    Map,
    ParallelInterleave,
    ParallelMap,
    Scan,
    TakeWhile,
    Unique,
    reduce,
    single,
)
from .order import (
    AssertCardinality,
    Concatenate,
    DirectedInterleave,
    IgnoreErrors,
    Repeat,
    Shard,
    Shuffle,
    Skip,
    Take,
    WithOptions,
    Zip,
)
from .sources import Generator, Random, Range, Tensors, TensorSlices
from .storage import Cache, FixedLengthRecords, Records, TextLines

__all__ = [
    "AssertCardinality", "Batch", "Cache", "Concatenate", "DirectedInterleave", "Elements", "Filter", "FixedLengthRecords",
    "FlatMap", "Generator", "GroupByWindow", "IgnoreErrors", "Interleave", "Map", "PaddedBatch", "ParallelInterleave",
    "ParallelMap", "Prefetch", "Random", "Range", "Rebatch", "Records", "Repeat", "Running", "Scan", "Shard", "Shuffle",
    "Skip", "Take", "TakeWhile", "TensorSlices", "Tensors", "TextLines", "Unbatch", "Unique", "Window", "WithOptions", "Zip",
    "encoded", "iterator_name", "iterator_named", "reduce", "shared_iterator", "single",
]  # fmt: skip
