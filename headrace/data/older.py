"""What older dataset ops do, in terms of today's: graphs that were written in the time of TensorFlow 1.x have these."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from headrace.core.tensor import EagerTensor

from .batching import Batch, PaddedBatch
from .mapping import ParallelInterleave, ParallelMap
from .order import Repeat, Shuffle
from .plan import Plan
from .storage import Cache, FixedLengthRecords


def same(source: Plan, *_: Any, **__: Any) -> Plan:
    """The dataset itself: of ops that tell TensorFlow's runtime how to optimise what comes before them."""
    return source


def batch(source: Plan, batch_size: int) -> Plan:
    return Batch(source, batch_size, False)


def padded_batch(
    source: Plan, batch_size: int, padded_shapes: list[Any], values: Sequence[EagerTensor]
) -> Plan:
    return PaddedBatch(source, batch_size, padded_shapes, values, False)


def cache(source: Plan, filename: bytes) -> Plan:
    return Cache(source, filename, None)


def fixed_length_records(filenames: Any, header: int, record: int, footer: int, buffer_size: int) -> Plan:
    return FixedLengthRecords(filenames, header, record, footer, buffer_size, b"")


def shuffle(source: Plan, buffer_size: int, seed: int, seed2: int, *, reshuffle_each_iteration: bool) -> Plan:
    return Shuffle(source, buffer_size, seed, seed2, None, reshuffle_each_iteration)


def shuffle_and_repeat(
    source: Plan, buffer_size: int, seed: int, seed2: int, count: int, *, reshuffle_each_iteration: bool
) -> Plan:
    return Repeat(
        shuffle(source, buffer_size, seed, seed2, reshuffle_each_iteration=reshuffle_each_iteration), count
    )


def parallel_map(
    source: Plan, captured: Sequence[EagerTensor], num_parallel_calls: int, *, f: Any, sloppy: bool, **_: Any
) -> Plan:
    return ParallelMap(source, captured, num_parallel_calls, f=f, deterministic=_order(sloppy))


def map_and_batch(
    source: Plan, captured: Sequence[EagerTensor], batch_size: int, num_parallel_calls: int, drop_remainder: bool,
    *, f: Any, **_: Any,
) -> Plan:  # fmt: skip
    return Batch(ParallelMap(source, captured, num_parallel_calls, f=f), batch_size, drop_remainder)


def parallel_interleave(
    source: Plan, captured: Sequence[EagerTensor], cycle_length: int, block_length: int, num_parallel_calls: int,
    *, f: Any, sloppy: bool = False, deterministic: str = "",
) -> Plan:  # fmt: skip
    return ParallelInterleave(
        source, captured, cycle_length, block_length, 0, 0, num_parallel_calls, f=f,
        deterministic=deterministic or _order(sloppy),
    )  # fmt: skip


def experimental_parallel_interleave(
    source: Plan, captured: Sequence[EagerTensor], cycle_length: int, block_length: int, sloppy: bool,
    buffer_output_elements: int, prefetch_input_elements: int, *, f: Any, deterministic: str = "default",
) -> Plan:  # fmt: skip
    chosen = _order(sloppy) if deterministic == "default" else deterministic
    return ParallelInterleave(
        source, captured, cycle_length, block_length, buffer_output_elements, prefetch_input_elements,
        cycle_length, f=f, deterministic=chosen,
    )  # fmt: skip


def _order(sloppy: bool) -> str:
    return "false" if sloppy else "true"
