"""`tf.experimental.DynamicRaggedShape`: the shape of a ragged tensor, as a value."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

import headrace as tf
from headrace.core import dtypes
from headrace.core.convert import to_tensor
from headrace.core.dtypes import DType, as_dtype
from headrace.core.op import lookup
from headrace.core.overrides import Rule, add_rule
from headrace.core.shapes import Raw, TensorShape, merge, of_raw, size_of
from headrace.core.specs import CompositeTensor, TensorSpec, TypeSpec
from headrace.core.static import static_shape, static_value
from headrace.core.tensor import Tensor

from .elementwise import apply
from .partition import RowPartition, RowPartitionSpec, check
from .ragged_tensor import RaggedTensor, is_ragged


def _integer_type(dtype: Any) -> DType:
    dtype = as_dtype(dtype)
    if dtype not in (dtypes.int32, dtypes.int64):
        raise ValueError(f"Illegal dtype: {dtype!r}. A shape is of int32 or int64.")
    return dtype


class DynamicRaggedShape(CompositeTensor):
    """The shape of a ragged (or any) tensor: row partitions for the dimensions that may be ragged, and the shape of the
    values under them. `tf.shape` of a RaggedTensor gives one; `tf.reshape`, `tf.broadcast_to`, `tf.zeros`, `tf.ones` and
    `tf.fill` take one.

    Args:
      row_partitions: `tf.experimental.RowPartition`s, outermost first.
      inner_shape: the shape of the flat values; all of the shape, if there are no partitions.
      dtype: tf.int32 or tf.int64, the type of all numbers; that of the arguments, if not given.
      validate: whether to check that the partitions fit into one another.
      static_inner_shape: what is known of `inner_shape` while a function is traced.

    Raises:
      TypeError, ValueError: an argument is of another kind.
      InvalidArgumentError: the parts do not fit together (if `validate`).

    >>> import headrace as tf
    >>> shape = tf.shape(tf.ragged.constant([[1, 2, 3], [4]]))
    >>> shape
    <DynamicRaggedShape lengths=[2, (3, 1)] num_row_partitions=1>
    >>> tf.zeros(shape)
    <tf.RaggedTensor [[0.0, 0.0, 0.0], [0.0]]>
    """

    __slots__ = ("__weakref__", "_inner_shape", "_known", "_partitions")
    __hash__ = None  # type: ignore[assignment]

    def __init__(
        self,
        row_partitions: Sequence[RowPartition],
        inner_shape: Any,
        dtype: Any = None,
        validate: bool = False,
        static_inner_shape: Any = None,
    ) -> None:
        for p in row_partitions:
            if not isinstance(p, RowPartition):
                raise TypeError(f"row_partitions contains {p!r} which is not a RowPartition")
        if dtype is None:
            typed: list[Any] = [*row_partitions, *([inner_shape] if isinstance(inner_shape, Tensor) else [])]
            dtype = typed[0].dtype if typed else dtypes.int64
        dtype = _integer_type(dtype)
        shape = inner_shape if isinstance(inner_shape, Tensor) else to_tensor(inner_shape, dtype)
        shape.shape.assert_has_rank(1)
        if row_partitions and size_of(shape, 0) == 0:
            raise IndexError(
                "inner_shape must have a dimension at least: the values that the partitions cut."
            )
        self._inner_shape: Any = shape if shape.dtype is dtype else tf.cast(shape, dtype)
        self._known: Raw = merge(static_shape(shape), TensorShape(static_inner_shape)._raw)
        self._partitions = tuple([p.with_dtype(dtype) for p in row_partitions])
        if validate:
            self._validate()

    def _validate(self) -> None:
        cut = self._partitions
        for i, (outer, inner) in enumerate(itertools.pairwise(cut)):
            check(
                tf.equal(outer.nvals(), inner.nrows()),
                f"RowPartitions in DynamicRaggedShape do not align between {i} and {i + 1}",
            )
        if cut:
            check(
                tf.equal(cut[-1].nvals(), self._inner_shape[0]),
                "Last row partition does not match inner_shape.",
            )

    # ------------------------------------------------------------------------------------------------------ constructors
    @classmethod
    def from_lengths(
        cls, lengths: Sequence[Any], num_row_partitions: int | None = None, dtype: Any = dtypes.int64
    ) -> DynamicRaggedShape:
        """From the length of each dimension: a number, or a tuple of the lengths of all rows.

        Args:
          num_row_partitions: how many dimensions have a row partition; by default as many as it takes.

        Raises:
          ValueError: a tuple has not as many lengths as there are rows.

        >>> import headrace as tf
        >>> tf.experimental.DynamicRaggedShape.from_lengths([2, (2, 1), 5]).rank
        3
        """
        if not isinstance(lengths, (list, tuple)):
            raise ValueError(f"lengths should be a list, received {lengths!r}.")
        dtype = _integer_type(dtype)
        ragged = [i for i, n in enumerate(lengths) if isinstance(n, (list, tuple))]
        needed = max(ragged, default=0)
        cut = needed if num_row_partitions is None else num_row_partitions
        if ragged and ragged[0] == 0:
            raise ValueError("The first length must be a number: how many rows there are.")
        if cut < needed or cut < 0:
            raise ValueError(
                f"num_row_partitions={cut} is too few: dimension {needed} has rows of different lengths."
            )
        if cut and cut >= len(lengths):
            raise ValueError(f"num_row_partitions={cut} must be less than the {len(lengths)} lengths.")
        if not cut:
            return cls([], np.asarray(lengths, dtype._np), dtype)
        rows, partitions = lengths[0], []
        for n in lengths[1 : cut + 1]:
            if isinstance(n, (list, tuple)):
                if len(n) != rows:
                    raise ValueError(f"Shape not consistent: {len(n)} lengths are given for {rows} rows.")
                partitions.append(RowPartition.from_row_lengths(np.asarray(n, dtype._np)))
                rows = sum(n)
            else:
                partitions.append(
                    RowPartition.from_uniform_row_length(n, nvals=rows * n, nrows=rows, dtype=dtype)
                )
                rows *= n
        return cls(partitions, np.asarray([rows, *lengths[cut + 1 :]], dtype._np), dtype)

    @classmethod
    def from_row_partitions(
        cls, row_partitions: Sequence[RowPartition], dtype: Any = None
    ) -> DynamicRaggedShape:
        """A shape of which every dimension is in the partitions."""
        if not row_partitions:
            raise ValueError("row_partitions cannot be empty")
        return cls(row_partitions, tf.reshape(row_partitions[-1].nvals(), [1]), dtype)

    @classmethod
    def from_tensor(cls, t: Any, dtype: Any = None) -> DynamicRaggedShape:
        """The shape of a tensor, ragged or not."""
        if not is_ragged(t):
            t = to_tensor(t)
            dtype = _integer_type(dtype or dtypes.int32)
            return cls([], tf.shape(t, out_type=dtype), dtype, static_inner_shape=t.shape)
        flat, own = t.flat_values, t.row_splits.dtype
        return cls(
            t._nested_row_partitions,
            tf.shape(flat, out_type=own),
            own if dtype is None else dtype,
            static_inner_shape=flat.shape,
        )

    # -------------------------------------------------------------------------------------------------------- properties
    @property
    def dtype(self) -> DType:
        """int32 or int64: the type of all its numbers."""
        return self._inner_shape.dtype

    @property
    def row_partitions(self) -> tuple[RowPartition, ...]:
        """The partitions of the dimensions that may be ragged, outermost first."""
        return self._partitions

    @property
    def num_row_partitions(self) -> int:
        """How many row partitions there are."""
        return len(self._partitions)

    @property
    def inner_shape(self) -> Any:
        """The shape of the values under the partitions."""
        return self._inner_shape

    @property
    def inner_rank(self) -> int | None:
        """The number of dimensions of these values."""
        return None if self._known is None else len(self._known)

    @property
    def rank(self) -> int | None:
        """The number of dimensions."""
        inner = self.inner_rank
        return None if inner is None else inner + len(self._partitions)

    def is_uniform(self, axis: int) -> bool:
        """Whether all rows of this dimension are known to have one length.

        Raises:
          IndexError: there is no such dimension.
        """
        if axis < 0:
            raise IndexError("Negative axis values are not supported")
        rank = self.rank
        if rank is not None and axis >= rank:
            raise IndexError(f"Expected axis={axis} < rank={rank}")
        return not 0 < axis <= len(self._partitions) or self._partitions[axis - 1].is_uniform()

    def static_lengths(self, ragged_lengths: bool = True) -> list[Any]:
        """The lengths of all dimensions, as far as they are known: a number, None, or a tuple of the lengths of all rows
        (None in its place, unless `ragged_lengths`)."""
        cut, known = self._partitions, self._known
        if not cut:
            return [...] if known is None else list(known)
        out: list[Any] = [cut[0].static_nrows]
        for p in cut:
            lengths = None
            if not p.is_uniform() and ragged_lengths:
                splits = static_value(p.row_splits())
                lengths = None if splits is None else tuple(np.diff(splits).tolist())
            out.append(p.static_uniform_row_length if p.is_uniform() else lengths)
        return [*out, *([...] if known is None else known[1:])]

    def with_dtype(self, dtype: Any) -> DynamicRaggedShape:
        """The same shape in other integers."""
        return DynamicRaggedShape(
            self._partitions, self._inner_shape, _integer_type(dtype), static_inner_shape=of_raw(self._known)
        )

    def __getitem__(self, index: Any) -> Any:
        """The length of a uniform dimension, or part of the shape: from the front, or of uniform dimensions.

        Raises:
          ValueError: a dimension is ragged.
          IndexError: there is no such dimension.
        """
        if isinstance(index, slice):
            return self._slice(index)
        if not isinstance(index, int):
            raise TypeError(f"A shape is indexed by an int or a slice, received {index!r}.")
        rank = self.rank
        if index < 0:
            if rank is None:
                raise ValueError("Rank must be known to use __getitem__ with a negative index.")
            if index + rank < 0:
                raise IndexError(f"Index {index} is out of range of a shape of rank {rank}.")
            index += rank
        if rank is not None and index >= rank:
            raise IndexError(f"Index is too big: {index}>={rank}")
        return self._length(index)

    def _length(self, axis: int) -> Any:
        cut = self._partitions
        if not self.is_uniform(axis):
            raise ValueError(f"Index {axis} is not uniform")
        if not cut or axis > len(cut):
            return self._inner_shape[axis - len(cut)]
        return cut[0].nrows() if axis == 0 else cut[axis - 1].uniform_row_length()

    def _slice(self, index: slice) -> DynamicRaggedShape:
        if index.step not in (None, 1):
            raise IndexError("Cannot stride through a shape")
        rank = self.rank
        if rank is None:
            raise ValueError("Rank must be known to use __getitem__ with a slice.")
        start, stop, _ = index.indices(rank)
        cut = self._partitions
        if start == 0 and stop > 1 and cut:
            if stop > len(cut):
                return DynamicRaggedShape(
                    cut,
                    self._inner_shape[: stop - len(cut)],
                    static_inner_shape=of_raw((self._known or ())[: stop - len(cut)]),
                )
            return DynamicRaggedShape.from_row_partitions(cut[: stop - 1])
        if not all(self.is_uniform(axis) for axis in range(start, stop)):
            raise ValueError("All relevant dimensions must be uniform")
        lengths = [self._length(axis) for axis in range(start, stop)]
        return DynamicRaggedShape([], tf.stack(lengths) if lengths else np.zeros(0, self.dtype._np))

    def __eq__(self, other: object) -> Any:
        """Whether the dimensions and their lengths are the same: False, or a bool tensor."""
        if not isinstance(other, DynamicRaggedShape):
            return False
        if self.rank != other.rank or len(self._partitions) != len(other._partitions):
            return False
        mine, others = self._numbers(), other.with_dtype(self.dtype)._numbers()
        if any(not a.shape.is_compatible_with(b.shape) for a, b in zip(mine, others)):
            return False
        return tf.reduce_all(tf.stack([tf.reduce_all(tf.equal(a, b)) for a, b in zip(mine, others)]))

    def _numbers(self) -> list[Any]:
        return [self._inner_shape, *[p.row_splits() for p in self._partitions]]

    # ------------------------------------------------------------------------------------------------------------ use
    def _over(self, flat_values: Any) -> Any:
        """The tensor of this shape with these flat values."""
        for p in reversed(self._partitions):
            flat_values = RaggedTensor._from_row_partition(flat_values, p, validate=False)
        return flat_values

    def _count(self) -> Any:
        """The number of elements."""
        return tf.reduce_prod(self._inner_shape)

    @property
    def _type_spec(self) -> DynamicRaggedShapeSpec:
        return DynamicRaggedShapeSpec(
            [p._type_spec for p in self._partitions], of_raw(self._known), self.dtype
        )

    def __repr__(self) -> str:
        return f"<DynamicRaggedShape lengths={self.static_lengths()!r} num_row_partitions={len(self._partitions)}>"


class DynamicRaggedShapeSpec(TypeSpec):
    """The type of a DynamicRaggedShape.

    Args:
      row_partitions: the specs of its partitions.
      static_inner_shape: what is known of its inner shape.
      dtype: tf.int32 or tf.int64.
    """

    __slots__ = ("_dtype", "_inner", "_partitions")

    def __init__(
        self, row_partitions: Sequence[RowPartitionSpec], static_inner_shape: Any, dtype: Any
    ) -> None:
        self._partitions, self._inner = tuple(row_partitions), TensorShape(static_inner_shape)
        self._dtype = _integer_type(dtype)
        for p in self._partitions:
            if not isinstance(p, RowPartitionSpec):
                raise TypeError(f"row_partitions should be a sequence of RowPartitionSpecs, received {p!r}.")
            if p.dtype is not self._dtype:
                raise ValueError(f"dtype of {p} differs from the shape's, {self._dtype!r}.")

    @classmethod
    def from_value(cls, value: DynamicRaggedShape) -> DynamicRaggedShapeSpec:
        """The spec of a shape."""
        return value._type_spec

    @property
    def value_type(self) -> Any:
        return DynamicRaggedShape

    @property
    def dtype(self) -> DType:
        return self._dtype

    @property
    def inner_rank(self) -> int | None:
        return self._inner.rank

    @property
    def num_row_partitions(self) -> int:
        return len(self._partitions)

    @property
    def rank(self) -> int | None:
        return None if self._inner.rank is None else self._inner.rank + len(self._partitions)

    def with_dtype(self, dtype: Any) -> DynamicRaggedShapeSpec:
        """The same spec for other integers."""
        dtype = _integer_type(dtype)
        partitions = [
            RowPartitionSpec(p.nrows, p.nvals, p.uniform_row_length, dtype) for p in self._partitions
        ]
        return DynamicRaggedShapeSpec(partitions, self._inner, dtype)

    def _serialize(self) -> tuple[Any, ...]:
        return self._partitions, self._inner, self._dtype

    @property
    def _component_specs(self) -> list[Any]:
        return [*self._partitions, TensorSpec([self._inner.rank], self._dtype)]

    def _to_components(self, value: Any) -> list[Any]:
        return [*value.row_partitions, value.inner_shape]

    def _from_components(self, components: Any) -> DynamicRaggedShape:
        return DynamicRaggedShape(components[:-1], components[-1], static_inner_shape=self._inner)

    def __repr__(self) -> str:
        return (
            f"DynamicRaggedShape.Spec(row_partitions={self._partitions!r}, static_inner_shape={self._inner!r}, "
            f"dtype={self._dtype!r})"
        )


DynamicRaggedShape.Spec = DynamicRaggedShapeSpec  # type: ignore[attr-defined]


# -------------------------------------------------------------------------------------------------- functions of shapes
def _is_shape(value: Any) -> bool:
    return isinstance(value, DynamicRaggedShape)


def _shape(input: Any, out_type: Any = dtypes.int32, name: str | None = None) -> Any:
    return DynamicRaggedShape.from_tensor(input, out_type) if is_ragged(input) else NotImplemented


def _reshape(tensor: Any, shape: Any, name: str | None = None) -> Any:
    if is_ragged(tensor):
        tensor = tensor.flat_values
    elif not _is_shape(shape):
        return NotImplemented
    return (
        shape._over(tf.reshape(tensor, shape.inner_shape)) if _is_shape(shape) else tf.reshape(tensor, shape)
    )


def _fill(dims: Any, value: Any, name: str | None = None) -> Any:
    return dims._over(tf.fill(dims.inner_shape, value)) if _is_shape(dims) else NotImplemented


def _broadcast_to(input: Any, shape: Any, name: str | None = None) -> Any:
    if not _is_shape(shape):
        return NotImplemented
    if not is_ragged(input):
        input = to_tensor(input)
        if not shape.row_partitions:
            return tf.broadcast_to(input, shape.inner_shape)
        if input.shape.rank == 0:
            return tf.fill(shape, input)
    like = shape._over(tf.zeros(shape.inner_shape, dtypes.bool_))
    message = "Cannot broadcast to a shape that has fewer elements than the value"
    if input.shape.rank is not None and shape.rank is not None and input.shape.rank > shape.rank:
        raise ValueError(f"{message}: the ranks are {input.shape.rank} and {shape.rank}.")
    result = apply(_to_first, input, like)
    check(tf.equal(DynamicRaggedShape.from_tensor(result, shape.dtype)._count(), shape._count()), message)
    return result


def _to_first(values: Any, like: Any) -> Any:
    return tf.broadcast_to(values, tf.broadcast_dynamic_shape(tf.shape(values), tf.shape(like)))


def _broadcast_dynamic_shape(a: Any, b: Any, name: str | None = None) -> Any:
    a, b = (x if _is_shape(x) else DynamicRaggedShape([], to_tensor(x, hint=dtypes.int64)) for x in (a, b))
    dtype = dtypes.int64 if dtypes.int64 in (a.dtype, b.dtype) else dtypes.int32
    a, b = a.with_dtype(dtype), b.with_dtype(dtype)
    if not a.row_partitions and not b.row_partitions:
        return DynamicRaggedShape([], tf.broadcast_dynamic_shape(a.inner_shape, b.inner_shape))
    parts = [x._over(tf.zeros(x.inner_shape, dtypes.bool_)) for x in (a, b)]
    return DynamicRaggedShape.from_tensor(apply(tf.logical_or, *parts), dtype)


def install() -> None:
    """Makes the functions that have to do with shapes know this one."""
    rules: dict[str, Callable[..., Any]] = {
        "Shape": _shape,
        "Reshape": _reshape,
        "Fill": _fill,
        "BroadcastTo": _broadcast_to,
        "BroadcastArgs": _broadcast_dynamic_shape,
    }
    for name, handler in rules.items():
        add_rule(lookup(name), _rule(handler))


def _rule(handler: Callable[..., Any]) -> Rule:
    return lambda args, kwargs: handler(*args, **kwargs)


__all__ = ["DynamicRaggedShape", "DynamicRaggedShapeSpec"]
