"""What `tf.io.parse_example` and its kin are told of each feature."""

from __future__ import annotations

from typing import Any, ClassVar, NamedTuple

from headrace.core import dtypes
from headrace.core.dtypes import as_dtype


class FixedLenFeature(NamedTuple):
    """A feature with the same number of values in every example.

    Attributes:
      shape: its shape, fully known.
      dtype: `tf.float32`, `tf.int64` or `tf.string`.
      default_value: what examples without it have; without a default they are an error.
    """

    shape: Any
    dtype: Any
    default_value: Any = None


class VarLenFeature(NamedTuple):
    """A feature of any number of values; it becomes a `tf.SparseTensor`.

    Attributes:
      dtype: `tf.float32`, `tf.int64` or `tf.string`.
    """

    dtype: Any


class SparseFeature(NamedTuple):
    """A sparse vector (or, with several index keys, tensor) kept as two features, its indices and its values.

    Attributes:
      index_key: the feature with the indices (`tf.int64`), or a list of features, one per dimension.
      value_key: the feature with the values.
      dtype: the values' type.
      size: the dense size, or a list, one per index key.
      already_sorted: the indices are in order; sorting is left out.
    """

    index_key: Any
    value_key: str
    dtype: Any
    size: Any
    already_sorted: bool = False


class FixedLenSequenceFeature(NamedTuple):
    """A feature that is a sequence of values of one shape, of any length: dense, filled up to the longest of the batch.

    Attributes:
      shape: the shape of one element.
      dtype: `tf.float32`, `tf.int64` or `tf.string`.
      allow_missing: examples may lack it (their sequence is empty). Required by `tf.io.parse_example`.
      default_value: what fills up shorter sequences (0 or the empty string if None).
    """

    shape: Any
    dtype: Any
    allow_missing: bool = False
    default_value: Any = None


class _RaggedFields(NamedTuple):
    dtype: Any
    value_key: str | None = None
    partitions: Any = ()
    row_splits_dtype: Any = dtypes.int32
    validate: bool = False


class RowSplits(NamedTuple):
    """Where rows begin, and the last one ends, is in the feature `key`."""

    key: str


class RowLengths(NamedTuple):
    """The lengths of rows are in the feature `key`."""

    key: str


class RowStarts(NamedTuple):
    """Where rows begin is in the feature `key`."""

    key: str


class RowLimits(NamedTuple):
    """Where rows end is in the feature `key`."""

    key: str


class ValueRowIds(NamedTuple):
    """Which row each value belongs to is in the feature `key`."""

    key: str


class UniformRowLength(NamedTuple):
    """All rows have this length."""

    length: int


class RaggedFeature(_RaggedFields):
    """A feature of any number of values; it becomes a `tf.RaggedTensor`.

    Args:
      dtype: `tf.float32`, `tf.int64` or `tf.string`.
      value_key: the feature with the values; if None, the key the RaggedFeature stands under.
      partitions: how the values of one example are split into rows, these into rows again …, outermost first:
        `RaggedFeature.RowSplits(key)`, `.RowLengths(key)`, `.RowStarts(key)`, `.RowLimits(key)`, `.ValueRowIds(key)` (each
        names a `tf.int64` feature), `.UniformRowLength(length)`.
      row_splits_dtype: `tf.int32` or `tf.int64`.
      validate: whether to check that the partitions fit the values.
    """

    __slots__ = ()

    RowSplits: ClassVar = RowSplits
    RowLengths: ClassVar = RowLengths
    RowStarts: ClassVar = RowStarts
    RowLimits: ClassVar = RowLimits
    ValueRowIds: ClassVar = ValueRowIds
    UniformRowLength: ClassVar = UniformRowLength

    def __new__(
        cls, dtype: Any, value_key: str | None = None, partitions: Any = (), row_splits_dtype: Any = dtypes.int32,
        validate: bool = False,
    ) -> RaggedFeature:  # fmt: skip
        kinds = (RowSplits, RowLengths, RowStarts, RowLimits, ValueRowIds, UniformRowLength)
        partitions = tuple(partitions)
        for i, partition in enumerate(partitions):
            if not isinstance(partition, kinds):
                names = ", ".join(kind.__name__ for kind in kinds)
                raise TypeError(
                    f"partitions[{i}] must be one of RaggedFeature's {names}, received {partition!r}."
                )
        return super().__new__(
            cls, as_dtype(dtype), value_key, partitions, as_dtype(row_splits_dtype), bool(validate)
        )


__all__ = [
    "FixedLenFeature", "FixedLenSequenceFeature", "RaggedFeature", "SparseFeature", "VarLenFeature",
]  # fmt: skip
ROOT: list[str] = []
