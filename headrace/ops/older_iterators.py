"""Dataset ops that programs of today do not make, and graphs of TensorFlow 1.x have. What they do is in `headrace/data/older.py`."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from typing import Any

from .iterators import _ARGUMENTS, _CALL, _COMPONENTS, dataset_op

_INPUT = "input_dataset: variant"
_MAPPED = f"{_INPUT}, other_arguments: [Targuments]"


def older_op(name: str, inputs: str, plan: str, attrs: Mapping[str, Any] | None = None, **more: Any) -> Any:
    """A row; `plan` is a function of `headrace.data.older`, which needs the ops to be there first."""

    def made(*args: Any, **given: Any) -> Any:
        return getattr(importlib.import_module("headrace.data.older"), plan)(*args, **given)

    return dataset_op(name, inputs, made, attrs, **more)


OPTIMIZE = older_op(
    "OptimizeDataset", f"{_INPUT}, optimizations: string", "same", {"optimization_configs": ()}, named=False
)
OPTIMIZE_V2 = older_op(
    "OptimizeDatasetV2",
    f"{_INPUT}, optimizations_enabled: string, optimizations_disabled: string, optimizations_default: string",
    "same",
    {"optimization_configs": ()},
    named=False,
)
MODEL = older_op(
    "ModelDataset", _INPUT, "same", {"algorithm": 0, "cpu_budget": 0, "ram_budget": 0}, named=False
)
BATCH = older_op("BatchDataset", f"{_INPUT}, batch_size: int64", "batch")
PADDED_BATCH = older_op(
    "PaddedBatchDataset",
    f"{_INPUT}, batch_size: int64, padded_shapes: N*int64, padding_values: [Toutput_types]",
    "padded_batch",
    _COMPONENTS,
    tensors=["padding_values"],
    typed=False,
)
CACHE = older_op("CacheDataset", f"{_INPUT}, filename: string", "cache")
FIXED_LENGTH_RECORDS = older_op(
    "FixedLengthRecordDataset",
    "filenames: string, header_bytes: int64, record_bytes: int64, footer_bytes: int64, buffer_size: int64",
    "fixed_length_records",
    typed=False,
)
SHUFFLE = older_op(
    "ShuffleDataset",
    f"{_INPUT}, buffer_size: int64, seed: int64, seed2: int64",
    "shuffle",
    {"reshuffle_each_iteration": True},
)
SHUFFLE_AND_REPEAT = older_op(
    "ShuffleAndRepeatDataset",
    f"{_INPUT}, buffer_size: int64, seed: int64, seed2: int64, count: int64",
    "shuffle_and_repeat",
    {"reshuffle_each_iteration": True},
)
PARALLEL_MAP = older_op(
    "ParallelMapDataset",
    f"{_MAPPED}, num_parallel_calls: int32",
    "parallel_map",
    {**_CALL, "use_inter_op_parallelism": True, "sloppy": False, "preserve_cardinality": False},
    tensors=_ARGUMENTS,
)
MAP_AND_BATCH = older_op(
    "MapAndBatchDataset",
    f"{_MAPPED}, batch_size: int64, num_parallel_calls: int64, drop_remainder: bool",
    "map_and_batch",
    {**_CALL, "preserve_cardinality": False},
    tensors=_ARGUMENTS,
)
PARALLEL_INTERLEAVE = older_op(
    "ParallelInterleaveDataset",
    f"{_MAPPED}, cycle_length: int64, block_length: int64, sloppy: bool, buffer_output_elements: int64, "
    "prefetch_input_elements: int64",
    "experimental_parallel_interleave",
    _CALL,
    tensors=_ARGUMENTS,
)
PARALLEL_INTERLEAVE_V2 = older_op(
    "ParallelInterleaveDatasetV2",
    f"{_MAPPED}, cycle_length: int64, block_length: int64, num_parallel_calls: int64",
    "parallel_interleave",
    {**_CALL, "sloppy": False},
    tensors=_ARGUMENTS,
)
PARALLEL_INTERLEAVE_V3 = older_op(
    "ParallelInterleaveDatasetV3",
    f"{_MAPPED}, cycle_length: int64, block_length: int64, num_parallel_calls: int64",
    "parallel_interleave",
    {**_CALL, "deterministic": "default"},
    tensors=_ARGUMENTS,
)
