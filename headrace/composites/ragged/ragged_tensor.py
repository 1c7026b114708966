"""`tf.RaggedTensor`: flat values, cut into rows by one or more row partitions.

(Programs that import no TensorFlow, Keras among them, know the type by `ragged_tensor.RaggedTensor` in its name.)"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

import headrace as tf
from headrace.core import dtypes
from headrace.core.convert import to_tensor
from headrace.core.dtypes import DType, as_dtype
from headrace.core.origin import known_as
from headrace.core.scoping import at_home, scoped
from headrace.core.shapes import Raw, TensorShape, of_raw
from headrace.core.specs import CompositeTensor
from headrace.core.tensor import Tensor

from .partition import RowPartition, check, constant_of

_PRIVATE = object()


def is_ragged(value: Any) -> bool:
    return isinstance(value, RaggedTensor)


def ragged_or_tensor(value: Any, name: str | None = None) -> Any:
    """A RaggedTensor as it is, anything else as a tensor."""
    return value if isinstance(value, RaggedTensor) else to_tensor(value, name=name)


@known_as("tensorflow.python.ops.ragged.ragged_tensor", "RaggedTensor")
class RaggedTensor(CompositeTensor):
    """A tensor with ragged dimensions: rows of different lengths.

    `values` (a tensor, or a RaggedTensor in turn) holds the rows one after the other; a row partition says where each one
    ends. Make one with `tf.ragged.constant` or the `from_…` functions. It works with element-wise functions, reductions
    and many array functions as tensors do.

    >>> import headrace as tf
    >>> r = tf.RaggedTensor.from_row_lengths([1.0, 2.0, 3.0], [2, 0, 1])
    >>> r
    <tf.RaggedTensor [[1.0, 2.0], [], [3.0]]>
    >>> tf.reduce_sum(r * 2.0, axis=1).numpy().tolist()
    [6.0, 0.0, 6.0]
    """

    __slots__ = ("__weakref__", "_partition", "_spec", "_values")
    _is_one_tensor = True
    __array_priority__ = 100

    def __init__(self, values: Any, row_partition: Any, internal: Any = None) -> None:
        if internal is not _PRIVATE:
            raise ValueError(
                "RaggedTensor constructor is private; please use one of the factory methods instead (e.g., RaggedTensor.from_row_lengths())."
            )
        self._values, self._partition = values, row_partition
        self._spec: Any = None

    # ------------------------------------------------------------------------------------------------------ constructors
    @classmethod
    @at_home
    def _from_row_partition(cls, values: Any, partition: RowPartition, validate: bool = True) -> RaggedTensor:
        values = ragged_or_tensor(values)
        values.shape.with_rank_at_least(1)
        if isinstance(values, RaggedTensor) and values._partition.dtype is not partition.dtype:
            values, partition = values.with_row_splits_dtype(dtypes.int64), partition.with_dtype(dtypes.int64)
        if validate:
            nvals = partition.nvals()
            count = constant_of(_outer_size(values, nvals.dtype))
            found = constant_of(nvals)
            message = "Arguments to _from_row_partition do not form a valid RaggedTensor: the rows hold "
            message += f"{found if found is not None else 'another number of'} values, but there are {count if count is not None else 'others'}."
            check(tf.equal(nvals, _outer_size(values, nvals.dtype)), message)
        return cls(
            values,
            partition if isinstance(values, RaggedTensor) else partition.over(values),
            internal=_PRIVATE,
        )

    @classmethod
    @at_home
    def from_row_splits(
        cls, values: Any, row_splits: Any, name: str | None = None, validate: bool = True
    ) -> RaggedTensor:
        """Row i is `values[row_splits[i]:row_splits[i + 1]]`.

        >>> import headrace as tf
        >>> tf.RaggedTensor.from_row_splits([3, 1, 4, 1], [0, 3, 3, 4])
        <tf.RaggedTensor [[3, 1, 4], [], [1]]>
        """
        return cls._from_row_partition(
            values, RowPartition.from_row_splits(row_splits, validate, dtype_hint=_hint(values)), validate
        )

    @classmethod
    @at_home
    def from_row_lengths(
        cls, values: Any, row_lengths: Any, name: str | None = None, validate: bool = True
    ) -> RaggedTensor:
        """Row i has `row_lengths[i]` values."""
        return cls._from_row_partition(
            values, RowPartition.from_row_lengths(row_lengths, validate, dtype_hint=_hint(values)), validate
        )

    @classmethod
    @at_home
    def from_value_rowids(
        cls, values: Any, value_rowids: Any, nrows: Any = None, name: str | None = None, validate: bool = True
    ) -> RaggedTensor:
        """`values[i]` belongs to row `value_rowids[i]`; these ascend."""
        values = ragged_or_tensor(values)
        partition = RowPartition.from_value_rowids(value_rowids, nrows, validate, dtype_hint=_hint(values))
        values.shape[:1].assert_is_compatible_with(partition.value_rowids().shape)
        return cls._from_row_partition(values, partition, validate)

    @classmethod
    @at_home
    def from_row_starts(
        cls, values: Any, row_starts: Any, name: str | None = None, validate: bool = True
    ) -> RaggedTensor:
        """Row i begins at `row_starts[i]`."""
        values = ragged_or_tensor(values)
        partition = RowPartition.from_row_starts(
            row_starts, _outer_size(values, dtypes.int64), validate, dtype_hint=_hint(values)
        )
        return cls._from_row_partition(values, partition, validate)

    @classmethod
    @at_home
    def from_row_limits(
        cls, values: Any, row_limits: Any, name: str | None = None, validate: bool = True
    ) -> RaggedTensor:
        """Row i ends before `row_limits[i]`."""
        return cls._from_row_partition(
            values, RowPartition.from_row_limits(row_limits, validate, dtype_hint=_hint(values)), validate
        )

    @classmethod
    @at_home
    def from_uniform_row_length(
        cls,
        values: Any,
        uniform_row_length: Any,
        nrows: Any = None,
        validate: bool = True,
        name: str | None = None,
    ) -> RaggedTensor:
        """Every row has the same length; `nrows` is needed only where that is 0."""
        values = ragged_or_tensor(values)
        hint = _hint(values)
        partition = RowPartition.from_uniform_row_length(
            uniform_row_length, _outer_size(values, hint), nrows, validate, dtype_hint=hint
        )
        return cls._from_row_partition(values, partition, validate)

    @classmethod
    def _nested(cls, make: Callable[..., RaggedTensor], flat_values: Any, nested: Any, what: str) -> Any:
        if isinstance(nested, Tensor):
            raise TypeError(f"Argument `{what}` must be a list of Tensors. Received {nested}.")
        result = ragged_or_tensor(flat_values)
        for partition in reversed(list(nested)):
            result = make(result, partition)
        return result

    @classmethod
    @at_home
    def from_nested_row_splits(
        cls, flat_values: Any, nested_row_splits: Any, name: str | None = None, validate: bool = True
    ) -> Any:
        """`from_row_splits` once for every element of `nested_row_splits`, from the last to the first."""
        return cls._nested(
            lambda v, s: cls.from_row_splits(v, s, validate=validate),
            flat_values,
            nested_row_splits,
            "nested_row_splits",
        )

    @classmethod
    @at_home
    def from_nested_row_lengths(
        cls, flat_values: Any, nested_row_lengths: Any, name: str | None = None, validate: bool = True
    ) -> Any:
        """`from_row_lengths` once for every element of `nested_row_lengths`, from the last to the first."""
        return cls._nested(
            lambda v, s: cls.from_row_lengths(v, s, validate=validate),
            flat_values,
            nested_row_lengths,
            "nested_row_lengths",
        )

    @classmethod
    @at_home
    def from_nested_value_rowids(
        cls,
        flat_values: Any,
        nested_value_rowids: Any,
        nested_nrows: Any = None,
        name: str | None = None,
        validate: bool = True,
    ) -> Any:
        """`from_value_rowids` once for every element of `nested_value_rowids`, from the last to the first."""
        if isinstance(nested_value_rowids, Tensor):
            raise TypeError(
                f"Argument `nested_value_rowids` must be a list of Tensors. Received {nested_value_rowids}."
            )
        if nested_nrows is None:
            nested_nrows = [None] * len(nested_value_rowids)
        elif isinstance(nested_nrows, Tensor):
            raise TypeError(f"Argument `nested_nrows` must be a list of Tensors. Received {nested_nrows}.")
        elif len(nested_nrows) != len(nested_value_rowids):
            raise ValueError(
                f"nested_nrows must have as many elements as nested_value_rowids: {len(nested_nrows)} against {len(nested_value_rowids)}."
            )
        rows = list(zip(nested_value_rowids, nested_nrows))
        return cls._nested(
            lambda v, r: cls.from_value_rowids(v, r[0], r[1], validate=validate),
            flat_values,
            rows,
            "nested_value_rowids",
        )

    @classmethod
    @scoped("RaggedFromTensor", None)
    def from_tensor(
        cls,
        tensor: Any,
        lengths: Any = None,
        padding: Any = None,
        ragged_rank: int = 1,
        name: str | None = None,
        row_splits_dtype: Any = dtypes.int64,
    ) -> Any:
        """Rows of a tensor: in full, of given lengths, or without trailing `padding`.

        Args:
          lengths: of each row, `[nrows]`; or one such vector per ragged dimension.
          padding: a value which, at the end of a row, is not part of it.
          ragged_rank: how many dimensions become ragged.

        >>> import headrace as tf
        >>> tf.RaggedTensor.from_tensor([[5, 7, 0], [0, 3, 0]], padding=0)
        <tf.RaggedTensor [[5, 7], [0, 3]]>
        """
        from .conversion import from_tensor

        return from_tensor(tensor, lengths, padding, ragged_rank, row_splits_dtype)

    @classmethod
    @at_home
    def from_sparse(
        cls, st_input: Any, name: str | None = None, row_splits_dtype: Any = dtypes.int64
    ) -> RaggedTensor:
        """A 2-D SparseTensor whose rows have no gaps, in order.

        Raises:
          InvalidArgumentError: a row has a gap.
        """
        from .conversion import from_sparse

        return from_sparse(st_input, row_splits_dtype)

    # ------------------------------------------------------------------------------------------------------------- properties
    @property
    def _home(self) -> Any:
        """The graph that operations on it belong to."""
        return self._partition._home

    @property
    def dtype(self) -> DType:
        return self._values.dtype

    @property
    def shape(self) -> TensorShape:
        """The static shape; ragged dimensions are None."""
        return of_raw(self._static_shape)

    @property
    def _static_shape(self) -> Raw:
        values, partition = self._values, self._partition
        inner = values._static_shape if isinstance(values, RaggedTensor) else values._raw_shape
        return (
            None
            if inner is None
            else (partition.static_nrows, partition.static_uniform_row_length, *inner[1:])
        )

    def get_shape(self) -> TensorShape:
        return self.shape

    @property
    def ragged_rank(self) -> int:
        """The number of row partitions."""
        return 1 + (self._values.ragged_rank if isinstance(self._values, RaggedTensor) else 0)

    @property
    def values(self) -> Any:
        """The rows, one after the other."""
        return self._values

    @property
    def flat_values(self) -> Any:
        """The innermost values, a tensor."""
        values = self._values
        while isinstance(values, RaggedTensor):
            values = values._values
        return values

    @property
    def row_splits(self) -> Any:
        """Row i is `values[row_splits[i]:row_splits[i + 1]]`."""
        return self._partition.row_splits()

    @property
    def uniform_row_length(self) -> Any:
        """The length that every row has, or None."""
        return self._partition.uniform_row_length()

    @property
    def nested_row_splits(self) -> tuple[Tensor, ...]:
        """The row splits of every ragged dimension, outermost first."""
        return tuple([p.row_splits() for p in self._nested_row_partitions])

    @property
    def _nested_row_partitions(self) -> list[RowPartition]:
        out, value = [], self
        while isinstance(value, RaggedTensor):
            out.append(value._partition)
            value = value._values
        return out

    @property
    def row_partition(self) -> RowPartition:
        return self._partition

    @at_home
    def row_starts(self, name: str | None = None) -> Any:
        """Where each row begins in `values`."""
        return self._partition.row_starts()

    @at_home
    def row_limits(self, name: str | None = None) -> Any:
        """Where each row ends in `values`."""
        return self._partition.row_limits()

    @at_home
    def value_rowids(self, name: str | None = None) -> Any:
        """The row of each value."""
        return self._partition.value_rowids()

    @at_home
    def nested_value_rowids(self, name: str | None = None) -> tuple[Tensor, ...]:
        """The value_rowids of every ragged dimension, outermost first."""
        return tuple([p.value_rowids() for p in self._nested_row_partitions])

    @at_home
    def nrows(self, out_type: Any = None, name: str | None = None) -> Any:
        """The number of rows, a scalar."""
        rows = self._partition.nrows()
        return rows if out_type is None else tf.cast(rows, out_type)

    @at_home
    def row_lengths(self, axis: int = 1, name: str | None = None) -> Any:
        """The lengths of the rows in dimension `axis`, as a tensor of shape `self.shape[:axis]`.

        Raises:
          ValueError: `axis` is negative.
        """
        if axis == 0:
            return self._partition.nrows()
        if axis == 1:
            return self._partition.row_lengths()
        if axis < 0:
            raise ValueError(f"axis must be at least 0, received {axis}.")
        if isinstance(self._values, RaggedTensor):
            return self.with_values(self._values.row_lengths(axis - 1))
        shape = tf.shape(self._values, out_type=self._partition.dtype)
        return self.with_values(tf.ones(shape[: axis - 1], shape.dtype) * shape[axis - 1])

    @at_home
    def nested_row_lengths(self, name: str | None = None) -> tuple[Tensor, ...]:
        """The row lengths of every ragged dimension, outermost first."""
        return tuple([p.row_lengths() for p in self._nested_row_partitions])

    @at_home
    def bounding_shape(self, axis: Any = None, name: str | None = None, out_type: Any = None) -> Tensor:
        """The shape of the smallest tensor that holds all rows; with `axis`, only that dimension's size (or those)."""
        sizes = [self._partition.nrows()]
        for partition in self._nested_row_partitions:
            longest = partition.uniform_row_length()
            if longest is None:
                longest = tf.maximum(
                    tf.reduce_max(tf.concat([partition.row_lengths(), tf.zeros([1], partition.dtype)], 0)), 0
                )
            sizes.append(longest)
        shape = tf.concat([tf.stack(sizes), tf.shape(self.flat_values, out_type=sizes[0].dtype)[1:]], 0)
        if axis is not None:
            rank = self.shape.rank
            fix = lambda a: a if a >= 0 else a + (rank or 0)
            shape = shape[fix(axis)] if isinstance(axis, int) else tf.gather(shape, [fix(a) for a in axis])
        return shape if out_type is None else tf.cast(shape, out_type)

    def consumers(self) -> list[Any]:
        """The operations that take one of the components."""
        parts = [self.flat_values, *self.nested_row_splits]
        return [] if parts[0]._is_eager else [op for t in parts if not t._is_eager for op in t.consumers()]

    # ---------------------------------------------------------------------------------------------------- with other parts
    @at_home
    def with_values(self, new_values: Any) -> RaggedTensor:
        """The same rows with other values, as many as there are.

        Raises:
          ValueError: the numbers of values differ.
        """
        new_values = ragged_or_tensor(new_values)
        new_values.shape.with_rank_at_least(1)
        self._values.shape[:1].assert_is_compatible_with(new_values.shape[:1])
        partition = self._partition
        if isinstance(new_values, RaggedTensor) and new_values._partition.dtype is not partition.dtype:
            new_values = new_values.with_row_splits_dtype(dtypes.int64)
            partition = partition.with_dtype(dtypes.int64)
        return RaggedTensor(new_values, partition, internal=_PRIVATE)

    @at_home
    def with_flat_values(self, new_values: Any) -> RaggedTensor:
        """The same rows with other flat values (which may be ragged), as many as there are."""
        values = (
            self._values.with_flat_values(new_values)
            if isinstance(self._values, RaggedTensor)
            else new_values
        )
        return self.with_values(values)

    @at_home
    def with_row_splits_dtype(self, dtype: Any) -> RaggedTensor:
        """The same, with row splits of another integer type."""
        dtype = as_dtype(dtype)
        if dtype is self._partition.dtype:
            return self
        values = (
            self._values.with_row_splits_dtype(dtype)
            if isinstance(self._values, RaggedTensor)
            else self._values
        )
        return RaggedTensor(values, self._partition.with_dtype(dtype), internal=_PRIVATE)

    @at_home
    def merge_dims(self, outer_axis: int, inner_axis: int) -> Any:
        """Dimensions `outer_axis` to `inner_axis` become one.

        >>> import headrace as tf
        >>> tf.ragged.constant([[[1, 2], [3]], [[4]]]).merge_dims(1, 2)
        <tf.RaggedTensor [[1, 2, 3], [4]]>
        """
        from .dimensions import merge_dims

        return merge_dims(self, outer_axis, inner_axis)

    def _set_shape(self, shape: TensorShape) -> RaggedTensor:
        """What is known of the shape beyond what the parts say: ragged dimensions may turn out to be uniform."""
        if shape.rank is None:
            return self
        partition, values = self._partition, self._values
        rows, columns, *_ = shape.as_list()
        if columns is not None and partition.static_uniform_row_length is None:
            partition = RowPartition(
                partition.row_splits(), uniform=tf.constant(columns, partition.dtype), nvals=partition._nvals
            )
        if rows is not None and not partition.row_splits()._is_eager:
            partition.row_splits().set_shape([rows + 1])
        inner = TensorShape([None]).concatenate(shape[2:])
        if isinstance(values, RaggedTensor):
            values = values._set_shape(inner)
        elif not values._is_eager:
            values.set_shape(inner)
        return RaggedTensor(values, partition, internal=_PRIVATE)

    # ------------------------------------------------------------------------------------------------------------ conversions
    @at_home
    def to_tensor(self, default_value: Any = None, name: str | None = None, shape: Any = None) -> Tensor:
        """A tensor of the bounding shape, short rows filled up with `default_value` (0 or "" unless given).

        Args:
          shape: the result's shape; None in it are taken from the bounding shape, longer rows are cut off.

        >>> import headrace as tf
        >>> tf.ragged.constant([[9, 8, 7], [], [6]]).to_tensor().numpy().tolist()
        [[9, 8, 7], [0, 0, 0], [6, 0, 0]]
        """
        from .conversion import to_dense

        return to_dense(self, default_value, shape, name)

    @at_home
    def to_sparse(self, name: str | None = None) -> Any:
        """A SparseTensor of the same values; its dense shape is the bounding shape."""
        from .conversion import to_sparse

        return to_sparse(self)

    def numpy(self) -> np.ndarray:
        """An array of arrays, one per row; a plain array if all rows have one length."""
        if not all(t._is_eager for t in (self.flat_values, *self.nested_row_splits)):
            raise ValueError("RaggedTensor.numpy() is only supported in eager mode.")
        values, splits = self._values.numpy(), self.row_splits.numpy()
        rows = [values[a:b] for a, b in itertools.pairwise(splits)]
        if not rows:
            return np.zeros((0, 0, *values.shape[1:]), values.dtype)
        if len({len(r) for r in rows}) == 1:
            return np.stack(rows)
        out = np.empty(len(rows), object)
        for i, row in enumerate(rows):
            out[i] = row
        return out

    def to_list(self) -> list[Any]:
        """Nested Python lists."""
        if not self.row_splits._is_eager:
            raise ValueError(
                "to_list can only be used in eager mode: this RaggedTensor has no values while a graph is being built."
            )
        values = (
            self._values.to_list()
            if isinstance(self._values, RaggedTensor)
            else self._values.numpy().tolist()
        )
        splits = self.row_splits.numpy().tolist()
        return [values[a:b] for a, b in itertools.pairwise(splits)]

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        array = self.numpy()
        return array if dtype is None else array.astype(dtype)

    # --------------------------------------------------------------------------------------------------------- as in Python
    @at_home
    def __getitem__(self, key: Any) -> Any:
        from .indexing import getitem

        return getitem(self, key)

    def __len__(self) -> int:
        if not self.row_splits._is_eager:
            raise TypeError(
                "len is not well defined for a symbolic RaggedTensor. Please call `x.nrows()` instead."
            )
        return len(self.row_splits._host()) - 1

    def __iter__(self) -> Iterator[Any]:
        return (self[i] for i in range(len(self)))

    def __bool__(self) -> bool:
        raise TypeError("RaggedTensor may not be used as a boolean.")

    def __hash__(self) -> int:
        splits: Any = self.row_splits
        if not splits._is_eager and not splits.op.graph.building_function:
            return id(self)  # of a plain graph: a key of a feed_dict
        raise TypeError("RaggedTensor is unhashable.")

    def ref(self) -> Any:
        """A hashable stand-in."""
        from headrace.core.tensor import Reference

        return Reference(self)

    def __repr__(self) -> str:
        if all(t._is_eager for t in (self.flat_values, *self.nested_row_splits)):
            if self.dtype.kind in "rv":
                return f"<tf.RaggedTensor of {self.dtype.name}, row_splits={self.row_splits.numpy()}>"
            return f"<tf.RaggedTensor {_written(self.numpy())}>"
        return f"tf.RaggedTensor(values={self._values}, row_splits={self.row_splits})"

    __str__ = __repr__

    @property
    def _type_spec(self) -> Any:
        if self._spec is None:
            from .spec import RaggedTensorSpec

            self._spec = RaggedTensorSpec.from_value(self)
        return self._spec

    @property
    def _differentiable(self) -> Tensor:
        return self.flat_values

    def _with_differentiable(self, tensor: Any) -> RaggedTensor:
        return self.with_flat_values(tensor)

    def _shape_invariant_to_type_spec(self, shape: Any) -> Any:
        from .spec import RaggedTensorSpec

        return RaggedTensorSpec(shape, self.dtype, self.ragged_rank, self.row_splits.dtype)


def _outer_size(values: Any, dtype: DType) -> Any:
    """The number of rows of values, a scalar."""
    return values.nrows(dtype) if isinstance(values, RaggedTensor) else tf.shape(values, out_type=dtype)[0]


def _hint(values: Any) -> DType:
    return values._partition.dtype if isinstance(values, RaggedTensor) else dtypes.int64


def _written(value: Any) -> str:
    if not isinstance(value, np.ndarray):
        return str(value)
    return (
        np.array2string(value, separator=", ", formatter={"all": _written})
        if value.size
        else repr(value.tolist())
    )


__all__ = ["RaggedTensor", "is_ragged", "ragged_or_tensor"]
