"""`tf.sparse`: sums, products, reductions, softmax."""

from __future__ import annotations

from typing import Any

import numpy as np

import headrace as tf
from headrace.core import dtypes
from headrace.core.convert import to_tensor
from headrace.core.op import lookup
from headrace.core.scoping import scoped
from headrace.core.tensor import Tensor
from headrace.ops import sparse as ops
from headrace.ops import sparse_reduce as _reductions  # noqa: F401 - defines the ops that are looked up by name
from headrace.ops import sparse_structure as structure

from .functions import _parts
from .tensor import SparseTensor, is_sparse, sparse_of


def add(a: Any, b: Any, threshold: Any = 0) -> Any:
    """Two sparse tensors (their sum is sparse), or a sparse one and a tensor.

    Args:
      threshold: sums of a smaller magnitude are left out of a sparse result.

    Raises:
      TypeError: neither is sparse.
      InvalidArgumentError: two sparse tensors differ in shape.
    """
    a, b = (x if is_sparse(x) or not hasattr(x, "dense_shape") else sparse_of(x) for x in (a, b))
    if is_sparse(a) and is_sparse(b):
        smallest = to_tensor(threshold, a.dtype.real_dtype)
        result = SparseTensor(*structure.SPARSE_ADD(*_parts(a), *_parts(b), smallest))
        result.set_shape(
            tf.TensorShape(a.shape).merge_with(b.shape) if a.shape.is_compatible_with(b.shape) else None
        )
        return result
    if not is_sparse(a) and not is_sparse(b):
        raise TypeError("At least one input should be SparseTensor; do you mean to use tf.add()?")
    sp, dense = (a, b) if is_sparse(a) else (b, a)
    return ops.SPARSE_TENSOR_DENSE_ADD(sp.indices, sp.values, sp.dense_shape, to_tensor(dense, sp.dtype))


def times(sp: SparseTensor, other: Any) -> SparseTensor:
    """Element by element; the tensor is broadcast to the sparse one's shape."""
    if is_sparse(other):
        raise TypeError(
            "Two sparse tensors are not multiplied element by element. Use tf.sparse.to_dense on one of them."
        )
    return sp.with_values(ops.SPARSE_DENSE_MUL(*_parts(sp), to_tensor(other, hint=sp.dtype), name="mul"))


def divided(sp: SparseTensor, other: Any) -> SparseTensor:
    """Element by element; the tensor is broadcast to the sparse one's shape. Integers become floats, as in Python."""
    if is_sparse(other):
        raise TypeError(
            "Two sparse tensors are not divided element by element. Use tf.sparse.to_dense on one of them."
        )
    other = to_tensor(other, hint=sp.dtype)
    if sp.dtype.is_integer:
        wide = dtypes.float64 if sp.dtype.size > 2 else dtypes.float32
        sp, other = sp.with_values(tf.cast(sp.values, wide)), tf.cast(other, wide)
    return sp.with_values(ops.SPARSE_DENSE_DIV(*_parts(sp), other, name="truediv"))


@scoped("SparseTensorDenseMatMul", "SparseTensorDenseMatMul")
def sparse_dense_matmul(
    sp_a: Any, b: Any, adjoint_a: bool = False, adjoint_b: bool = False, name: str | None = None
) -> Tensor:
    """The product of a sparse matrix and a matrix (or the other way round).

    Raises:
      InvalidArgumentError: the inner dimensions differ, or an index is out of range.
    """
    if is_sparse(b) and not is_sparse(sp_a):  # a b = (bᴴ aᴴ)ᴴ
        product = sparse_dense_matmul(b, sp_a, not adjoint_b, not adjoint_a)
        return tf.linalg.adjoint(product)
    sp = sparse_of(sp_a)
    return ops.SPARSE_MATMUL(
        sp.indices,
        sp.values,
        sp.dense_shape,
        to_tensor(b, hint=sp.dtype),
        adjoint_a=adjoint_a,
        adjoint_b=adjoint_b,
        name=name,
    )


def _extremum(op: Any, sp_a: Any, sp_b: Any, name: str | None) -> SparseTensor:
    a, b = sparse_of(sp_a), sparse_of(sp_b)
    indices, values = op(*_parts(a), *_parts(b), name=name)
    return SparseTensor(indices, values, a.dense_shape)


def maximum(sp_a: Any, sp_b: Any, name: str | None = None) -> SparseTensor:
    """The larger of the two at each place where one of them has a value."""
    return _extremum(structure.SPARSE_MAXIMUM, sp_a, sp_b, name)


def minimum(sp_a: Any, sp_b: Any, name: str | None = None) -> SparseTensor:
    """The smaller of the two at each place where one of them has a value."""
    return _extremum(structure.SPARSE_MINIMUM, sp_a, sp_b, name)


def _reduced(
    kind: str, sp_input: Any, axis: Any, keepdims: Any, output_is_sparse: bool, name: str | None
) -> Any:
    sp = sparse_of(sp_input)
    keep = bool(keepdims)
    if axis is None:
        if sp.shape.rank is None:
            rank = tf.shape(sp.dense_shape)[0]
            axes = tf.range(rank)
        else:
            axes = to_tensor(np.arange(sp.shape.rank, dtype=np.int32))
    else:
        axes = tf.cast(to_tensor(axis, hint=dtypes.int32), dtypes.int32)
    if output_is_sparse:
        return SparseTensor(
            *lookup(f"SparseReduce{kind}Sparse")(*_parts(sp), axes, keep_dims=keep, name=name)
        )
    return lookup(f"SparseReduce{kind}")(*_parts(sp), axes, keep_dims=keep, name=name)


def reduce_sum(
    sp_input: Any,
    axis: Any = None,
    keepdims: Any = None,
    output_is_sparse: bool = False,
    name: str | None = None,
) -> Any:
    """Sums over dimensions; a tensor, or a sparse tensor if `output_is_sparse`."""
    return _reduced("Sum", sp_input, axis, keepdims, output_is_sparse, name)


def reduce_max(
    sp_input: Any,
    axis: Any = None,
    keepdims: Any = None,
    output_is_sparse: bool = False,
    name: str | None = None,
) -> Any:
    """The largest of the values over dimensions (what is not there does not count; 0 where there is none)."""
    return _reduced("Max", sp_input, axis, keepdims, output_is_sparse, name)


@scoped("SparseSoftmax", None)
def softmax(sp_input: Any, name: str | None = None) -> SparseTensor:
    """Softmax of the values in each innermost row."""
    sp = sparse_of(sp_input)
    return sp.with_values(ops.SPARSE_SOFTMAX(*_parts(sp), name=name))


def sampled_addmm(
    indices: Any,
    values: Any,
    dense_shape: Any,
    mat1: Any,
    mat2: Any,
    beta: Any = 1.0,
    alpha: Any = 1.0,
    output_type: Any = dtypes.float32,
) -> tuple[Any, Any, Any]:
    """`alpha * (mat1 @ mat2) + beta * values`, only at the coordinates `indices` (of the last two dimensions, under batch ones).

    Returns:
      The indices, the new values and the dense shape.
    """
    indices, values = to_tensor(indices), to_tensor(values, output_type)
    mat1, mat2 = to_tensor(mat1, output_type), to_tensor(mat2, output_type)
    lead = indices[..., :-2]
    rows = tf.gather_nd(mat1, tf.concat([lead, indices[..., -2:-1]], -1))
    columns = tf.gather_nd(tf.linalg.matrix_transpose(mat2), tf.concat([lead, indices[..., -1:]], -1))
    products = tf.reduce_sum(rows * columns, axis=-1)
    result = tf.cast(alpha, output_type) * products + tf.cast(beta, output_type) * values
    return indices, result, to_tensor(dense_shape)


__all__ = [
    "add",
    "divided",
    "maximum",
    "minimum",
    "reduce_max",
    "reduce_sum",
    "sampled_addmm",
    "softmax",
    "sparse_dense_matmul",
    "times",
]
