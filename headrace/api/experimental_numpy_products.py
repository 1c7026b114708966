"""`tf.experimental.numpy`: products of arrays."""

from __future__ import annotations

from typing import Any

from headrace.core import dtypes
from headrace.core.tensor import Tensor

from . import array as _array
from . import math as _math
from .conversion import cast
from .experimental_numpy_reductions import sum as _sum
from .experimental_numpy_shaping import diagonal, moveaxis
from .experimental_numpy_types import as_tensor, as_type, axis_in, known_rank, promote
from .linalg_functions import cross as _cross


def _pair(function: str, a: Any, b: Any) -> tuple[Any, Any, int, int]:
    """Both in one type, and their ranks."""
    a, b = promote(a, b)
    return a, b, known_rank(a, function), known_rank(b, function)


def matmul(x1: Any, x2: Any) -> Any:
    """The product of matrices, or of batches of them; a vector is a row on the left and a column on the right.

    >>> import headrace as tf
    >>> tf.experimental.numpy.matmul([[1, 2], [3, 4]], [5.0, 6.0]).numpy().tolist()
    [17.0, 39.0]
    """
    a, b, rank_a, rank_b = _pair("matmul", x1, x2)
    if not rank_a or not rank_b:
        raise ValueError("matmul() does not take scalars. Use multiply().")
    if rank_b == 1:
        return _math.tensordot(a, b, 1)
    if rank_a == 1:
        return _math.tensordot(a, b, [[0], [-2]])
    return _math.matmul(a, b)


def dot(a: Any, b: Any) -> Any:
    """Sums of products over the last axis of `a` and the one before the last of `b`, or its only one; scalars multiply."""
    a, b, rank_a, rank_b = _pair("dot", a, b)
    if not rank_a or not rank_b:
        return a * b
    return _math.tensordot(a, b, [[-1], [-1 if rank_b == 1 else -2]])


def inner(a: Any, b: Any) -> Any:
    """Sums of products over the last axes; scalars multiply."""
    a, b, rank_a, rank_b = _pair("inner", a, b)
    return _math.tensordot(a, b, [[-1], [-1]]) if rank_a and rank_b else a * b


def outer(a: Any, b: Any) -> Any:
    """The products of all elements of `a` with all of `b`, as a matrix.

    >>> import headrace as tf
    >>> tf.experimental.numpy.outer([1, 2], [3, 4]).numpy().tolist()
    [[3, 4], [6, 8]]
    """
    a, b = promote(a, b)
    return _array.reshape(a, [-1, 1]) * _array.reshape(b, [-1])


def vdot(a: Any, b: Any) -> Any:
    """The sum of the products of all elements, those of `a` conjugated."""
    a, b = promote(a, b)
    return dot(_array.reshape(_math.conj(a), [-1]), _array.reshape(b, [-1]))


def tensordot(a: Any, b: Any, axes: Any = 2) -> Any:
    """Sums of products over axes; see `tf.tensordot`."""
    a, b = promote(a, b)
    return _math.tensordot(a, b, axes)


def kron(a: Any, b: Any) -> Any:
    """The Kronecker product: each element of `a` times the whole of `b`.

    >>> import headrace as tf
    >>> tf.experimental.numpy.kron([1, 2], [3, 4]).numpy().tolist()
    [3, 4, 6, 8]
    """
    a, b, rank_a, rank_b = _pair("kron", a, b)
    rank = max(rank_a, rank_b)
    a, b = a[(None,) * (rank - rank_a) + (...,)], b[(None,) * (rank - rank_b) + (...,)]
    shape = _array.shape(a) * _array.shape(b)
    a = a[(slice(None), None) * rank]  # every dimension of `a` in front of that of `b`
    b = b[(None, slice(None)) * rank]
    return _array.reshape(a * b, shape)


def cross(a: Any, b: Any, axisa: int = -1, axisb: int = -1, axisc: int = -1, axis: int | None = None) -> Any:
    """The cross product of vectors of 2 or 3 elements; of two of 2 elements only the third component.

    Args:
      axisa, axisb, axisc: where the vectors are in `a`, `b` and the result; `axis` stands for all three.

    >>> import headrace as tf
    >>> tf.experimental.numpy.cross([1, 0, 0], [0, 1, 0]).numpy().tolist()
    [0, 0, 1]
    """
    if axis is not None:
        axisa = axisb = axisc = axis
    a, b, rank_a, rank_b = _pair("cross", a, b)
    a, b = (moveaxis(x, axis_in(at, r, "cross"), -1) for x, at, r in ((a, axisa, rank_a), (b, axisb, rank_b)))
    sizes = [x._raw_shape[-1] for x in (a, b)]
    if not {*sizes} <= {2, 3}:
        raise ValueError(f"cross() takes vectors of 2 or 3 elements. Received: {sizes[0]} and {sizes[1]}.")
    a, b = (
        _array.pad(x, [[0, 0]] * (len(x._raw_shape) - 1) + [[0, 1]]) if size == 2 else x
        for x, size in zip((a, b), sizes)
    )
    shape = _array.broadcast_dynamic_shape(_array.shape(a), _array.shape(b))
    product = _cross(_array.broadcast_to(a, shape), _array.broadcast_to(b, shape))
    if sizes == [2, 2]:
        return product[..., 2]
    return moveaxis(product, -1, axis_in(axisc, known_rank(product, "cross"), "cross"))


def trace(a: Any, offset: int = 0, axis1: int = 0, axis2: int = 1, dtype: Any = None) -> Any:
    """The sum of a diagonal; see `diagonal`."""
    return _sum(diagonal(as_tensor(a, as_type(dtype)), offset, axis1, axis2), -1, dtype)


def polyval(p: Any, x: Any) -> Any:
    """The polynomial with coefficients `p`, the highest first, at `x`.

    >>> import headrace as tf
    >>> tf.experimental.numpy.polyval([1, 0, 2], 3).numpy().item()
    11
    """
    p, x = promote(p, x)
    coefficients = _array.unstack(_array.reshape(p, [-1]))
    if not coefficients:
        return _array.zeros_like(x)
    value = _array.broadcast_to(coefficients[0], _array.shape(x))
    for coefficient in coefficients[1:]:
        value = value * x + coefficient
    return value


def einsum(subscripts: str, *operands: Any, **kwargs: Any) -> Any:
    """Sums of products in Einstein's notation; see `tf.einsum`.

    Args:
      **kwargs: `casting`, "safe" (the operands meet in one type, the default) or "no"; `optimize`, a bool, "greedy" or
        "optimal".

    Raises:
      ValueError: another `casting` or `optimize`.
    """
    casting, optimize = kwargs.pop("casting", "safe"), kwargs.pop("optimize", False)
    if kwargs:
        raise TypeError(f"einsum() takes `casting` and `optimize`. Received: {list(kwargs)}.")
    if casting not in ("safe", "no"):
        raise ValueError(f'Expected casting="safe" or casting="no". Received: casting={casting!r}.')
    if optimize not in (False, True, "greedy", "optimal"):
        raise ValueError(f'Expected optimize=True, "greedy" or "optimal". Received: optimize={optimize!r}.')
    values = promote(*operands) if casting == "safe" else [as_tensor(x) for x in operands]
    return _math.einsum(subscripts, *values, optimize="optimal" if optimize == "optimal" else "greedy")
