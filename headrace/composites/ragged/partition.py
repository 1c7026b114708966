"""`tf.experimental.RowPartition`: how a sequence of values is cut into rows."""

from __future__ import annotations

from typing import Any

import numpy as np

import headrace as tf
from headrace.core import dtypes
from headrace.core.convert import to_tensor
from headrace.core.dtypes import DType, as_dtype
from headrace.core.errors import invalid
from headrace.core.op import lookup
from headrace.core.scoping import at_home
from headrace.core.shapes import size_of
from headrace.core.specs import CompositeTensor, TensorSpec, TypeSpec
from headrace.core.static import static_value
from headrace.core.tensor import Tensor

_INDEX = (dtypes.int32, dtypes.int64)


def index_tensor(
    value: Any, what: str, dtype: Any = None, hint: DType = dtypes.int64, rank: int | None = None
) -> Any:
    """`value` as an int32 or int64 tensor: as `hint`, where nothing else decides.

    Raises:
      ValueError: it has another type, or not `rank` dimensions.
    """
    if not isinstance(value, Tensor):
        is_int32 = isinstance(value, (np.ndarray, np.generic)) and value.dtype == np.int32 and dtype is None
        if is_int32 or hasattr(value, "__tf_tensor__"):
            value = to_tensor(value)
        else:
            try:
                value = to_tensor(value, as_dtype(dtype) if dtype is not None else hint)
            except TypeError:
                value = to_tensor(value)
    if value.dtype not in _INDEX:
        raise ValueError(f"{what} must have dtype int32 or int64, received {value.dtype.name}. Use tf.cast.")
    if rank is not None:
        value.shape.assert_has_rank(rank)
    return value if dtype is None or value.dtype is as_dtype(dtype) else tf.cast(value, dtype)


def constant_of(value: Any) -> Any:
    """The Python number of a scalar tensor, if it is known."""
    known = static_value(value) if isinstance(value, Tensor) else value
    return None if known is None else int(known)


def check(condition: Any, message: str) -> None:
    """InvalidArgumentError where `condition` does not hold: now if that is known, else when the graph runs."""
    known = static_value(condition)
    if known is None:
        tf.debugging.Assert(condition, [message])
    elif not known:
        raise invalid(message)


def text(tensor: Any) -> str:
    """A tensor as the repr of a composite shows it: its numbers, if it has any."""
    return str(tensor.numpy()) if tensor._is_eager else str(tensor)


class RowPartition(CompositeTensor):
    """Cuts `nvals` values into `nrows` rows, one after the other; row i holds the values `row_splits[i]:row_splits[i + 1]`.

    Make one with the `from_…` functions.

    >>> import headrace as tf
    >>> p = tf.experimental.RowPartition.from_row_lengths([2, 0, 3])
    >>> p.row_splits().numpy().tolist(), p.value_rowids().numpy().tolist()
    ([0, 2, 2, 5], [0, 0, 2, 2, 2])
    """

    __slots__ = ("_lengths", "_nvals", "_rowids", "_splits", "_uniform")

    def __init__(
        self,
        row_splits: Any,
        *,
        uniform: Any = None,
        nvals: Any = None,
        rowids: Any = None,
        lengths: Any = None,
    ) -> None:
        self._splits = row_splits
        self._uniform = uniform
        self._nvals = nvals
        self._rowids = rowids
        self._lengths = lengths

    # ------------------------------------------------------------------------------------------------------ constructors
    @classmethod
    @at_home
    def from_row_splits(
        cls, row_splits: Any, validate: bool = True, dtype: Any = None, dtype_hint: Any = dtypes.int64
    ) -> RowPartition:
        """`row_splits`: where rows begin and end, `[nrows + 1]`; starts with 0, ends with nvals, never falls.

        Raises:
          ValueError: it is empty, not a vector, or not of integers.
          InvalidArgumentError: it does not start with 0, or falls (if `validate`).
        """
        splits = (
            row_splits if isinstance(row_splits, Tensor) or np.size(row_splits) else np.zeros(0, np.int64)
        )
        splits = index_tensor(splits, "row_splits", dtype, dtype_hint, rank=1)
        if size_of(splits, 0) == 0:
            raise ValueError("row_splits tensor may not be empty: it is [0] where there are no rows.")
        if validate:
            check(
                tf.equal(splits[0], 0),
                "Arguments to from_row_splits do not form a valid RaggedTensor: row_splits[0] must be zero",
            )
            check(
                tf.reduce_all(splits[1:] >= splits[:-1]),
                "Arguments to from_row_splits do not form a valid RaggedTensor: row_splits must be monotonic",
            )
        return cls(splits)

    @classmethod
    @at_home
    def from_row_lengths(
        cls, row_lengths: Any, validate: bool = True, dtype: Any = None, dtype_hint: Any = dtypes.int64
    ) -> RowPartition:
        """`row_lengths`: the number of values of each row."""
        lengths = index_tensor(row_lengths, "row_lengths", dtype, dtype_hint, rank=1)
        if validate:
            check(
                tf.reduce_all(lengths >= 0),
                "Arguments to from_row_lengths do not form a valid RowPartition: row_lengths must not be negative",
            )
        return cls(tf.concat([tf.zeros([1], lengths.dtype), tf.cumsum(lengths)], 0), lengths=lengths)

    @classmethod
    @at_home
    def from_value_rowids(
        cls,
        value_rowids: Any,
        nrows: Any = None,
        validate: bool = True,
        dtype: Any = None,
        dtype_hint: Any = dtypes.int64,
    ) -> RowPartition:
        """`value_rowids`: the row of each value, in ascending order. `nrows`: one more than the last of them, if not given."""
        ids = index_tensor(value_rowids, "value_rowids", dtype, dtype_hint, rank=1)
        if nrows is None:
            nrows = tf.concat([tf.constant([-1], ids.dtype), ids], 0)[-1] + 1
        else:
            number, last = constant_of(nrows), static_value(ids)
            if number is not None and number < 0:
                raise ValueError(f"Expected nrows >= 0; got {number}")
            if number is not None and last is not None and last.size and number < last[-1] + 1:
                raise ValueError(
                    f"Expected nrows >= value_rowids[-1] + 1; got nrows={number}, value_rowids[-1]={last[-1]}"
                )
            nrows = tf.cast(index_tensor(nrows, "nrows", None, ids.dtype, rank=0), ids.dtype)
        if validate:
            check(
                tf.reduce_all(ids[1:] >= ids[:-1]),
                "Arguments to from_value_rowids do not form a valid RowPartition: value_rowids must not decrease",
            )
            check(
                tf.reduce_all(ids >= 0),
                "Arguments to from_value_rowids do not form a valid RowPartition: value_rowids must not be negative",
            )
            check(
                tf.reduce_all(ids < nrows),
                "Arguments to from_value_rowids do not form a valid RowPartition: value_rowids must be < nrows",
            )
        lengths = tf.math.unsorted_segment_sum(tf.ones_like(ids), ids, nrows)
        return cls(tf.concat([tf.zeros([1], ids.dtype), tf.cumsum(lengths)], 0), rowids=ids, lengths=lengths)

    @classmethod
    @at_home
    def from_row_starts(
        cls,
        row_starts: Any,
        nvals: Any,
        validate: bool = True,
        dtype: Any = None,
        dtype_hint: Any = dtypes.int64,
    ) -> RowPartition:
        """`row_starts`: where each row begins."""
        starts = index_tensor(row_starts, "row_starts", dtype, dtype_hint, rank=1)
        nvals = tf.cast(index_tensor(nvals, "nvals", None, starts.dtype, rank=0), starts.dtype)
        if validate:
            check(
                tf.reduce_all(tf.equal(starts[:1], 0)),
                "Arguments to from_row_starts do not form a valid RaggedTensor: row_starts[0] must be zero",
            )
        return cls.from_row_splits(tf.concat([starts, nvals[None]], 0), validate)

    @classmethod
    @at_home
    def from_row_limits(
        cls, row_limits: Any, validate: bool = True, dtype: Any = None, dtype_hint: Any = dtypes.int64
    ) -> RowPartition:
        """`row_limits`: where each row ends."""
        limits = index_tensor(row_limits, "row_limits", dtype, dtype_hint, rank=1)
        return cls.from_row_splits(tf.concat([tf.zeros([1], limits.dtype), limits], 0), validate)

    @classmethod
    @at_home
    def from_uniform_row_length(
        cls,
        uniform_row_length: Any,
        nvals: Any = None,
        nrows: Any = None,
        validate: bool = True,
        dtype: Any = None,
        dtype_hint: Any = dtypes.int64,
    ) -> RowPartition:
        """All rows have one length. At least one of `nvals` and `nrows` must be given; `nrows`, if the length may be 0.

        Raises:
          ValueError: neither is given, or they contradict each other.
        """
        if nvals is None and nrows is None:
            raise ValueError("At least one of nvals and nrows must be given.")
        length = index_tensor(uniform_row_length, "uniform_row_length", dtype, dtype_hint, rank=0)
        known = constant_of(length)
        if known is not None and known < 0:
            raise ValueError(f"Expected uniform_row_length >= 0; got {known}")
        if nrows is None:
            nvals = tf.cast(index_tensor(nvals, "nvals", None, length.dtype, rank=0), length.dtype)
            n = constant_of(nvals)
            if known is not None and n is not None:
                nrows = tf.constant(n // known if known else 0, length.dtype)
            else:
                nrows = tf.math.floordiv(nvals, tf.maximum(length, 1))
        else:
            nrows = tf.cast(index_tensor(nrows, "nrows", None, length.dtype, rank=0), length.dtype)
            n = constant_of(nrows)
            if n is not None and n < 0:
                raise ValueError(f"Expected nrows >= 0; got {n}")
        if nvals is not None:
            nvals = tf.cast(index_tensor(nvals, "nvals", None, length.dtype, rank=0), length.dtype)
            numbers = [constant_of(x) for x in (length, nrows, nvals)]
            if None not in numbers:
                if numbers[0] * numbers[1] != numbers[2]:
                    raise ValueError(
                        f"uniform_row_length={numbers[0]} times nrows={numbers[1]} must equal nvals={numbers[2]}"
                    )
            elif validate:
                check(tf.equal(nrows * length, nvals), "uniform_row_length times nrows must equal nvals")
        return cls(tf.range(nrows + 1) * length, uniform=length, nvals=nvals)

    # ------------------------------------------------------------------------------------------------------------- what it says
    @property
    def _home(self) -> Any:
        """The graph that operations on it belong to."""
        return None if self._splits._is_eager else self._splits.graph

    @property
    def dtype(self) -> DType:
        """int32 or int64: the type of everything it returns."""
        return self._splits.dtype

    def row_splits(self) -> Any:
        """Where rows begin and end, `[nrows + 1]`."""
        return self._splits

    @at_home
    def nrows(self) -> Any:
        """The number of rows, a scalar."""
        known = self.static_nrows
        return (
            tf.constant(known, self.dtype)
            if known is not None
            else tf.shape(self._splits, out_type=self.dtype)[0] - 1
        )

    @at_home
    def nvals(self) -> Any:
        """The number of values, a scalar."""
        return self._splits[-1] if self._nvals is None else self._nvals

    @at_home
    def row_starts(self) -> Any:
        """Where each row begins, `[nrows]`."""
        return self._splits[:-1]

    @at_home
    def row_limits(self) -> Any:
        """Where each row ends, `[nrows]`."""
        return self._splits[1:]

    @at_home
    def row_lengths(self) -> Any:
        """The number of values of each row, `[nrows]`."""
        if self._lengths is None:
            self._lengths = self._splits[1:] - self._splits[:-1]
        return self._lengths

    @at_home
    def value_rowids(self) -> Any:
        """The row of each value, `[nvals]`."""
        if self._rowids is None:
            values = tf.range(self.nvals())
            self._rowids = lookup("UpperBound")(self._splits[None], values[None], out_type=self.dtype)[0] - 1
        return self._rowids

    @at_home
    def offsets_in_rows(self) -> Any:
        """The position of each value in its row, `[nvals]`."""
        return tf.range(self.nvals()) - tf.gather(self.row_starts(), self.value_rowids())

    def is_uniform(self) -> bool:
        """Whether all rows are known to have one length."""
        return self._uniform is not None

    def uniform_row_length(self) -> Any:
        """The length that all rows have, a scalar; None if they may differ."""
        return self._uniform

    @property
    def static_uniform_row_length(self) -> int | None:
        return None if self._uniform is None else constant_of(self._uniform)

    @property
    def static_nrows(self) -> int | None:
        """The number of rows, if it is known."""
        size = size_of(self._splits, 0)
        return None if size is None else size - 1

    @property
    def static_nvals(self) -> int | None:
        """The number of values, if it is known."""
        if self._nvals is not None:
            known = constant_of(self._nvals)
            if known is not None:
                return known
        if self._rowids is not None and size_of(self._rowids, 0) is not None:
            return size_of(self._rowids, 0)
        return None

    # ------------------------------------------------------------------------------------------------------------ others
    @at_home
    def with_dtype(self, dtype: Any) -> RowPartition:
        """The same partition with other integers."""
        dtype = as_dtype(dtype)
        if dtype not in _INDEX:
            raise ValueError(f"dtype must be int32 or int64, received {dtype.name}.")
        if dtype is self.dtype:
            return self
        cast = lambda x: None if x is None else tf.cast(x, dtype)
        return RowPartition(
            cast(self._splits),
            uniform=cast(self._uniform),
            nvals=cast(self._nvals),
            rowids=cast(self._rowids),
            lengths=cast(self._lengths),
        )

    def over(self, values: Any) -> RowPartition:
        """The same partition, which takes its number of values from a tensor's shape: that is often known where the splits
        are not."""
        if self._nvals is None and not self._splits._is_eager:
            return RowPartition(
                self._splits,
                uniform=self._uniform,
                nvals=tf.shape(values, out_type=self.dtype)[0],
                rowids=self._rowids,
                lengths=self._lengths,
            )
        return self

    def same_as(self, other: RowPartition) -> bool:
        """Whether both are known to cut in the same places."""
        if self is other or self._splits is other._splits:
            return True
        a, b = static_value(self._splits), static_value(other._splits)
        return a is not None and b is not None and np.array_equal(a, b)

    @property
    def _type_spec(self) -> RowPartitionSpec:
        return RowPartitionSpec(
            self.static_nrows, self.static_nvals, self.static_uniform_row_length, self.dtype
        )

    def __repr__(self) -> str:
        if self._uniform is not None:
            return f"tf.RowPartition(nrows={text(self.nrows())}, uniform_row_length={text(self._uniform)})"
        return f"tf.RowPartition(row_splits={text(self._splits)})"


class RowPartitionSpec(TypeSpec):
    """The type of a RowPartition; numbers that are not known are None."""

    __slots__ = ("_dtype", "_nrows", "_nvals", "_uniform")

    def __init__(
        self, nrows: Any = None, nvals: Any = None, uniform_row_length: Any = None, dtype: Any = dtypes.int64
    ) -> None:
        self._nrows, self._nvals = tf.TensorShape([nrows]), tf.TensorShape([nvals])
        self._uniform, self._dtype = tf.TensorShape([uniform_row_length]), as_dtype(dtype)

    @classmethod
    def _deserialize(cls, serialization: Any) -> RowPartitionSpec:
        nrows, nvals, length, dtype = serialization
        return cls(nrows[0], nvals[0], length[0], dtype)

    @property
    def value_type(self) -> Any:
        return RowPartition

    @property
    def nrows(self) -> int | None:
        return self._nrows.as_list()[0]

    @property
    def nvals(self) -> int | None:
        return self._nvals.as_list()[0]

    @property
    def uniform_row_length(self) -> int | None:
        return self._uniform.as_list()[0]

    @property
    def dtype(self) -> DType:
        return self._dtype

    def _serialize(self) -> tuple[Any, ...]:
        return self._nrows, self._nvals, self._uniform, self._dtype

    @property
    def _component_specs(self) -> Any:
        return TensorSpec([None if self.nrows is None else self.nrows + 1], self._dtype)

    def _to_components(self, value: Any) -> Any:
        return value.row_splits()

    def _from_components(self, components: Any) -> RowPartition:
        length = (
            None if self.uniform_row_length is None else tf.constant(self.uniform_row_length, self._dtype)
        )
        nvals = None if self.nvals is None else tf.constant(self.nvals, self._dtype)
        return RowPartition(components, uniform=length, nvals=nvals)

    def __repr__(self) -> str:
        return f"RowPartitionSpec(nrows={self.nrows}, nvals={self.nvals}, uniform_row_length={self.uniform_row_length}, dtype={self._dtype!r})"


__all__ = ["RowPartition", "RowPartitionSpec", "check", "constant_of", "index_tensor", "text"]
