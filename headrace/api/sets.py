"""`tf.sets`: sets along the last dimension of tensors, dense or sparse."""

from __future__ import annotations

from typing import Any

from headrace.composites.sparse.tensor import SparseTensor, is_sparse, sparse_of
from headrace.core.convert import to_tensor
from headrace.core.tensor import Tensor
from headrace.ops import sparse_sets as ops

_FLIPPED = {"a-b": "b-a", "b-a": "a-b"}


def _operate(a: Any, b: Any, operation: str, validate_indices: bool) -> SparseTensor:
    a, b = (x if is_sparse(x) else to_tensor(x) for x in (a, b))
    if a.dtype is not b.dtype:
        raise TypeError(f"Types of the two sets don't match: {a.dtype.name} and {b.dtype.name}.")
    if is_sparse(a) and not is_sparse(b):
        a, b, operation = b, a, _FLIPPED.get(operation, operation)
    parts: list[Any] = []
    for x in (a, b):
        parts += [x.indices, x.values, x.dense_shape] if is_sparse(x) else [x]
    op = ops.SPARSE_SETS if is_sparse(a) else ops.MIXED_SETS if is_sparse(b) else ops.DENSE_SETS
    return SparseTensor(*op(*parts, set_operation=operation, validate_indices=validate_indices))


def difference(a: Any, b: Any, aminusb: bool = True, validate_indices: bool = True) -> SparseTensor:
    """What is in the rows of `a` and not in those of `b` (the other way round, if not `aminusb`)."""
    return _operate(a, b, "a-b" if aminusb else "b-a", validate_indices)


def intersection(a: Any, b: Any, validate_indices: bool = True) -> SparseTensor:
    """What is in the rows of both.

    >>> import headrace as tf
    >>> tf.sets.intersection([[1, 2]], [[2, 5]]).values.numpy().tolist()
    [2]
    """
    return _operate(a, b, "intersection", validate_indices)


def union(a: Any, b: Any, validate_indices: bool = True) -> SparseTensor:
    """What is in the rows of either."""
    return _operate(a, b, "union", validate_indices)


def size(a: Any, validate_indices: bool = True) -> Tensor:
    """How many different elements each row of a sparse tensor has."""
    sp = sparse_of(a)
    return ops.SET_SIZE(sp.indices, sp.values, sp.dense_shape, validate_indices=validate_indices)


__all__ = ["difference", "intersection", "size", "union"]
