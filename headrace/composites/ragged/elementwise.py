"""Element-wise functions of ragged tensors: on the flat values, once these are broadcast together."""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

import numpy as np

import headrace as tf
from headrace.core.convert import to_tensor
from headrace.core.shapes import size_of
from headrace.core.tensor import Tensor

from .dimensions import expand_dims
from .flat import match_row_splits_dtypes
from .partition import RowPartition, check
from .ragged_tensor import RaggedTensor, is_ragged


def apply(op: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    """`op(*args, **kwargs)` element by element; the arguments are broadcast as tensors are, where a dimension of uniform
    size 1 goes with any ragged one, and two ragged ones must have the same rows.

    Raises:
      InvalidArgumentError: ragged dimensions differ.
    """
    values = [_argument(a, args) for a in args]
    ragged = [v for v in values if is_ragged(v)]
    if not ragged:
        return op(*args, **kwargs)
    values = match_row_splits_dtypes(*values)
    ragged = [v for v in values if is_ragged(v)]
    first = ragged[0]
    if all(is_ragged(v) or _is_scalar(v) for v in values) and all(_same_rows(first, r) for r in ragged):
        return _flat(op, first, values, kwargs)
    return _broadcast(op, values, kwargs)


def _argument(value: Any, args: Any) -> Any:
    if isinstance(value, (RaggedTensor, Tensor)) or _is_scalar(value):
        return value
    if isinstance(value, (list, tuple, np.ndarray)) or hasattr(value, "__tf_tensor__"):
        hint = next((a.dtype for a in args if is_ragged(a)), None)
        return to_tensor(value, hint=hint)
    return value


def _is_scalar(value: Any) -> bool:
    if isinstance(value, Tensor):
        return value.shape.rank == 0
    return not isinstance(value, (RaggedTensor, list, tuple, np.ndarray)) and not hasattr(
        value, "__tf_tensor__"
    )


def _same_rows(a: RaggedTensor, b: RaggedTensor) -> bool:
    mine, other = a._nested_row_partitions, b._nested_row_partitions
    if len(mine) != len(other) or a.flat_values.shape.rank != b.flat_values.shape.rank:
        return False
    return all(x.same_as(y) for x, y in zip(mine, other))


def _flat(op: Callable[..., Any], model: RaggedTensor, values: list[Any], kwargs: dict[str, Any]) -> Any:
    result = op(*[v.flat_values if is_ragged(v) else v for v in values], **kwargs)
    return model.with_flat_values(result)


class _Operand:
    """A value seen as `depth` levels of rows under one another, and the values in the innermost rows."""

    def __init__(self, value: Any, rank: int, depth: int, dtype: Any) -> None:
        while value.shape.rank < rank:
            value = expand_dims(value, 0)
        self.levels: list[Any] = []  # a RowPartition, or the size that all rows have
        if is_ragged(value):
            self.nrows, self.static_nrows = value.nrows(), value.row_partition.static_nrows
            for p in value._nested_row_partitions:
                self.levels.append(p if p.static_uniform_row_length is None else p.uniform_row_length())
            flat, dense = value.flat_values, depth - value.ragged_rank
        else:
            shape = tf.shape(value, out_type=dtype)
            self.nrows, self.static_nrows = shape[0], size_of(value, 0)
            flat, dense = value, depth
        if dense:  # dimensions of the flat values that are levels, too
            shape = tf.shape(flat, out_type=dtype)
            self.levels += [
                tf.constant(d, dtype) if d is not None else shape[i]
                for i, d in enumerate(flat.shape[1 : dense + 1].as_list(), 1)
            ]
            flat = (
                tf.reshape(flat, tf.concat([[-1], shape[dense + 1 :]], 0))
                if flat.shape.is_fully_defined() or flat.shape.rank != dense + 1
                else tf.reshape(flat, [-1])
            )
        self.values = flat
        self.index: Any = None  # of this operand's rows, for every row of the result; None: as they are

    def is_one(self, level: int) -> bool:
        from .partition import constant_of

        if level == 0:
            return self.static_nrows == 1
        size = self.levels[level - 1]
        return not isinstance(size, RowPartition) and constant_of(size) == 1

    def partition(self, level: int, nrows: Any) -> RowPartition:
        """How the rows of the result at this level are cut, as far as this operand decides."""
        size = self.levels[level - 1]
        if not isinstance(size, RowPartition):
            return RowPartition.from_uniform_row_length(size, nrows=nrows, validate=False)
        return (
            size
            if self.index is None
            else RowPartition.from_row_lengths(tf.gather(size.row_lengths(), self.index), validate=False)
        )

    def descend(self, level: int, result: RowPartition, spread: bool) -> None:
        """Goes on from rows to what is in them. `spread`: rows of one element stand for rows of any length."""
        size = self.levels[level - 1]
        if spread:
            ids = result.value_rowids()
            self.index = ids if self.index is None else tf.gather(self.index, ids)
        elif self.index is not None:
            ids, offsets = result.value_rowids(), result.offsets_in_rows()
            rows = tf.gather(self.index, ids)
            starts = tf.gather(size.row_starts(), rows) if isinstance(size, RowPartition) else rows * size
            self.index = starts + offsets


def _broadcast(op: Callable[..., Any], values: list[Any], kwargs: dict[str, Any]) -> Any:
    shaped = [v for v in values if not _is_scalar(v)]
    if any(v.shape.rank is None for v in shaped):
        raise ValueError(
            "Element-wise functions of ragged tensors with other shapes need arguments of known rank."
        )
    rank = max(v.shape.rank for v in shaped)
    depth = max(v.ragged_rank + rank - v.shape.rank for v in shaped if is_ragged(v))
    dtype = next(v.row_splits.dtype for v in shaped if is_ragged(v))
    operands = [None if _is_scalar(v) else _Operand(v, rank, depth, dtype) for v in values]
    present = [o for o in operands if o is not None]
    big = [o for o in present if not o.is_one(0)] or present[:1]
    nrows = big[0].nrows
    for o in big[1:]:
        check(tf.equal(o.nrows, nrows), "Unable to broadcast: the numbers of rows differ")
    for o in present:
        if o not in big:
            o.index = tf.zeros(tf.stack([nrows]), dtype)
    partitions = []
    for level in range(1, depth + 1):
        ragged = [o for o in present if not o.is_one(level)] or present[:1]
        ragged.sort(key=lambda o: (o.index is not None, not isinstance(o.levels[level - 1], RowPartition)))
        result = ragged[0].partition(level, nrows)
        for o in ragged[1:]:
            other = o.partition(level, nrows)
            if not result.same_as(other):
                check(
                    tf.reduce_all(tf.equal(result.row_splits(), other.row_splits())),
                    "Unable to broadcast: dimension size mismatch in a ragged dimension",
                )
        for o in present:
            o.descend(level, result, o not in ragged)
        partitions.append(result)
        nrows = (
            tf.shape(ragged[0].values, out_type=dtype)[0]
            if level == depth and ragged[0].index is None
            else result.nvals()
        )
    flat = iter([o.values if o.index is None else tf.gather(o.values, o.index) for o in present])
    result_values: Any = op(*[v if o is None else next(flat) for v, o in zip(values, operands)], **kwargs)
    for partition in reversed(partitions):
        result_values = RaggedTensor._from_row_partition(result_values, partition, validate=False)
    return result_values


# --------------------------------------------------------------------------------------------------------------- operators
def _install(name: str, function: Callable[..., Any]) -> None:
    def forward(self: RaggedTensor, other: Any) -> Any:
        return apply(function, self, other)

    def reflected(self: RaggedTensor, other: Any) -> Any:
        return apply(function, other, self)

    setattr(RaggedTensor, f"__{name}__", forward)
    if name not in ("lt", "le", "gt", "ge"):
        setattr(RaggedTensor, f"__r{name}__", reflected)


def _equal(self: RaggedTensor, other: Any) -> Any:
    return False if other is None else apply(tf.equal, self, other)


def _not_equal(self: RaggedTensor, other: Any) -> Any:
    return True if other is None else apply(tf.not_equal, self, other)


def install() -> None:
    """Gives RaggedTensor the operators of tensors."""
    for name in ("add", "sub", "mul", "truediv", "floordiv", "mod", "pow", "lt", "le", "gt", "ge"):
        _install(name, getattr(operator, name))
    for name in ("and_", "or_", "xor"):
        _install(name.rstrip("_"), getattr(operator, name))
    for name in ("neg", "abs", "invert"):
        function = getattr(operator, name)
        setattr(RaggedTensor, f"__{name}__", lambda self, function=function: apply(function, self))
    RaggedTensor.__eq__ = _equal  # type: ignore[method-assign,assignment]
    RaggedTensor.__ne__ = _not_equal  # type: ignore[method-assign,assignment]


install()
__all__ = ["apply"]
