"""`tf.ragged`: tensors whose rows have different lengths."""

from __future__ import annotations

from headrace.composites.ragged.arrays import stack, stack_dynamic_partitions
from headrace.composites.ragged.flat import map_flat_values
from headrace.composites.ragged.gathering import boolean_mask
from headrace.composites.ragged.making import (
    constant,
    cross,
    cross_hashed,
    row_splits_to_segment_ids,
    segment_ids_to_row_splits,
)
from headrace.composites.ragged.making import range_ as range

__all__ = [
    "boolean_mask",
    "constant",
    "cross",
    "cross_hashed",
    "map_flat_values",
    "range",
    "row_splits_to_segment_ids",
    "segment_ids_to_row_splits",
    "stack",
    "stack_dynamic_partitions",
]
