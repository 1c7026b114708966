"""Into how many parts the variables of a parameter server strategy are cut, along their first axis."""

from __future__ import annotations

import math
from typing import Any

from headrace.core.dtypes import as_dtype
from headrace.core.shapes import TensorShape


class Partitioner:
    """Base: called with a shape and a type, it gives how many parts there are along each axis."""

    def __call__(self, shape: Any, dtype: Any, axis: int = 0) -> list[int]:
        """How many parts there are along each axis.

        Raises:
          ValueError: the shape is not known, or `axis` is none of it."""
        sizes = [int(d) if d is not None else -1 for d in TensorShape(shape).as_list()]
        if not 0 <= axis < len(sizes):
            raise ValueError(f"axis {axis} is none of a shape of {len(sizes)} dimensions.")
        if min(sizes) < 0:
            raise ValueError(
                f"Only variables of a known shape can be cut into parts, not {TensorShape(shape)}."
            )
        parts = [1] * len(sizes)
        row = math.prod(sizes) // max(sizes[axis], 1) * as_dtype(dtype).size
        parts[axis] = self._parts(sizes[axis], row)
        return parts

    def _parts(self, rows: int, bytes_per_row: int) -> int:
        raise NotImplementedError(f"{type(self).__name__} does not say how many parts there are.")


class FixedShardsPartitioner(Partitioner):
    """So many parts, or one per row if there are fewer rows.

    >>> import headrace as tf
    >>> tf.distribute.experimental.partitioners.FixedShardsPartitioner(2)([10, 3], tf.float32)
    [2, 1]
    """

    def __init__(self, num_shards: int) -> None:
        self._num_shards = num_shards

    def _parts(self, rows: int, bytes_per_row: int) -> int:
        return min(self._num_shards, rows)


class MinSizePartitioner(Partitioner):
    """Parts of `min_shard_bytes` (the last one, and what rounding to rows takes, may be less), at most `max_shards`."""

    def __init__(
        self, min_shard_bytes: int = 256 << 10, max_shards: int = 1, bytes_per_string: int = 16
    ) -> None:
        if min_shard_bytes < 1 or max_shards < 1 or bytes_per_string < 1:
            raise ValueError(
                "min_shard_bytes, max_shards and bytes_per_string must be positive, not "
                f"{min_shard_bytes}, {max_shards} and {bytes_per_string}."
            )
        self._least, self._most = min_shard_bytes, max_shards

    def _parts(self, rows: int, bytes_per_row: int) -> int:
        return max(1, min(self._most, rows, math.ceil(rows * bytes_per_row / self._least)))


class MaxSizePartitioner(Partitioner):
    """As few parts as can be of at most `max_shard_bytes`, at most `max_shards`."""

    def __init__(
        self, max_shard_bytes: int, max_shards: int | None = None, bytes_per_string: int = 16
    ) -> None:
        if max_shard_bytes < 1 or bytes_per_string < 1 or (max_shards is not None and max_shards < 1):
            raise ValueError(
                "max_shard_bytes, max_shards and bytes_per_string must be positive, not "
                f"{max_shard_bytes}, {max_shards} and {bytes_per_string}."
            )
        self._greatest, self._most = max_shard_bytes, max_shards

    def _parts(self, rows: int, bytes_per_row: int) -> int:
        rows_in_part = max(1, self._greatest // max(bytes_per_row, 1))
        parts = min(rows, math.ceil(rows / rows_in_part))
        return max(1, parts if self._most is None else min(parts, self._most))
