"""What composite tensors are outside of a graph: named tuples of NumPy arrays."""

from __future__ import annotations

import collections
from typing import Any

import numpy as np

SparseTensorValue = collections.namedtuple("SparseTensorValue", ["indices", "values", "dense_shape"])
IndexedSlicesValue = collections.namedtuple("IndexedSlicesValue", ["values", "indices", "dense_shape"])


class RaggedTensorValue:
    """The value of a ragged tensor: `.values` (an array, or another RaggedTensorValue) and `.row_splits`."""

    def __init__(self, values: Any, row_splits: Any) -> None:
        self.values = values if isinstance(values, RaggedTensorValue) else np.asarray(values)
        self.row_splits = np.asarray(row_splits)
        if self.row_splits.ndim != 1 or self.row_splits.dtype not in (np.int32, np.int64):
            raise ValueError(
                f"row_splits must be a 1-D int32 or int64 array, received {self.row_splits.dtype}{list(self.row_splits.shape)}."
            )

    @property
    def dtype(self) -> Any:
        return self.values.dtype

    @property
    def flat_values(self) -> Any:
        """The innermost values, as one array."""
        return self.values.flat_values if isinstance(self.values, RaggedTensorValue) else self.values

    @property
    def nested_row_splits(self) -> tuple[Any, ...]:
        """The row splits of every ragged dimension, outermost first."""
        inner = self.values.nested_row_splits if isinstance(self.values, RaggedTensorValue) else ()
        return (self.row_splits, *inner)

    @property
    def ragged_rank(self) -> int:
        return len(self.nested_row_splits)

    @property
    def shape(self) -> tuple[int | None, ...]:
        inner = self.values.shape
        return (len(self.row_splits) - 1, None, *inner[1:])

    def to_list(self) -> list[Any]:
        """The rows as nested Python lists."""
        rows = self.values.to_list() if isinstance(self.values, RaggedTensorValue) else self.values.tolist()
        return [rows[a:b] for a, b in zip(self.row_splits[:-1], self.row_splits[1:])]

    def __repr__(self) -> str:
        return f"tf.RaggedTensorValue(values={self.values!r}, row_splits={self.row_splits!r})"
