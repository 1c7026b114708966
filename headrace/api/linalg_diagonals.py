"""`tf.linalg`: building matrices, diagonals, bands, transposes."""

from __future__ import annotations

from typing import Any

import numpy as np

from headrace.core import dtypes
from headrace.core.convert import to_tensor
from headrace.core.op import lookup
from headrace.core.scoping import scoped
from headrace.core.tensor import Tensor
from headrace.ops import matrix as m
from headrace.ops.diag import (
    BAND_PART,
    MATRIX_DIAG,
    MATRIX_DIAG_PART,
    MATRIX_SET_DIAG,
    TENSOR_DIAG,
    TENSOR_DIAG_PART,
)


@scoped("eye", None)
def eye(
    num_rows: Any,
    num_columns: Any = None,
    batch_shape: Any = None,
    dtype: Any = dtypes.float32,
    name: str | None = None,
) -> Any:
    """An identity matrix, or a batch of them.

    Args:
      num_rows, num_columns: integers or scalar tensors; `num_columns` defaults to `num_rows`.
      batch_shape: leading dimensions, a list or a 1-D tensor.

    Returns:
      A tensor of shape `batch_shape + [num_rows, num_columns]`.

    >>> tf.eye(2, 3).numpy().tolist()
    [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]]
    """
    dtype = dtypes.as_dtype(dtype)
    if num_columns is None:
        num_columns = num_rows
    square = num_rows is num_columns
    whole = all(isinstance(n, (int, np.integer)) for n in (num_rows, num_columns))
    size = min(num_rows, num_columns) if whole else lookup("Minimum")(num_rows, num_columns)
    if batch_shape is None:
        batch_shape = []
    if isinstance(batch_shape, Tensor) or not whole:
        batch = to_tensor(batch_shape, hint=dtypes.int32)
        batch = m.cast(batch, dtypes.int32)
        shape = lookup("ConcatV2")([batch, lookup("Reshape")(m.cast(to_tensor(size), dtypes.int32), [1])], 0)
    else:
        shape = [*batch_shape, size]
    ones = lookup("Fill")(shape, np.ones((), dtype._np))
    num_rows, num_columns = (
        m.cast(n, dtypes.int32) if isinstance(n, Tensor) else n for n in (num_rows, num_columns)
    )
    return MATRIX_DIAG(
        ones, 0, num_rows, num_columns, np.zeros((), dtype._np), name="diag" if square else "set_diag"
    )


def _padding(value: Any, like: Any) -> Any:
    return value if isinstance(value, Tensor) else np.asarray(value, like._dtype._np)


def diag(
    diagonal: Any,
    name: str = "diag",
    k: Any = 0,
    num_rows: Any = -1,
    num_cols: Any = -1,
    padding_value: Any = 0,
    align: str = "RIGHT_LEFT",
) -> Any:
    """Matrices with the given diagonals, and `padding_value` elsewhere.

    Args:
      diagonal: shape `[..., M]`, or `[..., num_diagonals, max_length]` for several, the uppermost first.
      k: which diagonal (0 the main one, positive above), or a pair `(lowest, highest)`.
      num_rows, num_cols: the matrices' size; -1 means as small as possible.
      align: how shorter diagonals lie in their rows of `diagonal`: "RIGHT_LEFT" (those above the main one to
        the right, those below to the left), "LEFT_RIGHT", "LEFT_LEFT" or "RIGHT_RIGHT".

    >>> tf.linalg.diag([1, 2], k=1).numpy().tolist()
    [[0, 1, 0], [0, 0, 2], [0, 0, 0]]
    """
    diagonal = to_tensor(diagonal)
    return MATRIX_DIAG(
        diagonal, k, num_rows, num_cols, _padding(padding_value, diagonal), align=align, name=name
    )


def diag_part(
    input: Any, name: str = "diag_part", k: Any = 0, padding_value: Any = 0, align: str = "RIGHT_LEFT"
) -> Any:
    """The diagonal `k` of every matrix, or the band of diagonals `k = (lowest, highest)`, packed as `diag`
    takes it.

    >>> tf.linalg.diag_part([[1, 2, 3], [4, 5, 6]], k=(-1, 1)).numpy().tolist()
    [[2, 6], [1, 5], [4, 0]]
    """
    input = to_tensor(input)
    return MATRIX_DIAG_PART(input, k, _padding(padding_value, input), align=align, name=name)


def set_diag(input: Any, diagonal: Any, name: str = "set_diag", k: Any = 0, align: str = "RIGHT_LEFT") -> Any:
    """`input` with diagonal `k` (or the band `k = (lowest, highest)`) replaced.

    >>> tf.linalg.set_diag([[7, 7], [7, 7]], [1, 2]).numpy().tolist()
    [[1, 7], [7, 2]]
    """
    return MATRIX_SET_DIAG(input, diagonal, k, align=align, name=name)


def band_part(input: Any, num_lower: Any, num_upper: Any, name: str | None = None) -> Any:
    """Everything outside a central band set to zero: `num_lower` diagonals below the main one and `num_upper`
    above are kept (negative: all of them).

    >>> tf.linalg.band_part([[1, 2], [3, 4]], -1, 0).numpy().tolist()
    [[1, 0], [3, 4]]
    """
    return BAND_PART(input, num_lower, num_upper, name=name)


def tensor_diag(diagonal: Any, name: str | None = None) -> Any:
    """A tensor of shape `S + S` with `diagonal`, of shape S, where both halves of the index agree, and 0
    elsewhere.

    >>> tf.linalg.tensor_diag([1, 2]).numpy().tolist()
    [[1, 0], [0, 2]]
    """
    return TENSOR_DIAG(diagonal, name=name)


def tensor_diag_part(input: Any, name: str | None = None) -> Any:
    """The elements of a tensor of shape `S + S` for which both halves of the index agree: shape S.

    >>> tf.linalg.tensor_diag_part([[1, 2], [3, 4]]).numpy().tolist()
    [1, 4]
    """
    return TENSOR_DIAG_PART(input, name=name)


@scoped("Trace")
def trace(x: Any, name: str | None = None) -> Any:
    """The sum of every matrix's main diagonal: shape `[...]`.

    >>> int(tf.linalg.trace([[1, 2], [3, 4]]))
    5
    """
    return m.total(m.diagonal(to_tensor(x)), [-1])


@scoped("matrix_transpose", "transpose")
def matrix_transpose(a: Any, name: str = "matrix_transpose", conjugate: bool = False) -> Any:
    """The last two dimensions exchanged (`conjugate`: and the complex conjugate taken).

    >>> tf.linalg.matrix_transpose([[1, 2, 3]]).numpy().tolist()
    [[1], [2], [3]]
    """
    a = to_tensor(a)
    if a.ndim is not None and a.ndim < 2:
        raise ValueError(
            f"Argument `a` should be a (batch) matrix with rank >= 2. Received `a` = {a} with shape: "
            f"{a.shape}"
        )
    return m.adjoint(a) if conjugate else m.transposed(a)


@scoped("adjoint", "matrix_transpose/transpose")
def adjoint(matrix: Any, name: str | None = None) -> Any:
    """The conjugate transpose of every matrix.

    >>> tf.linalg.adjoint([[1 + 1j, 2j]]).numpy().tolist()
    [[(1-1j)], [-2j]]
    """
    return matrix_transpose(matrix, conjugate=True)
