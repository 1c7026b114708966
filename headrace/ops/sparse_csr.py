"""Matrices in compressed-row form (CSR): a variant tensor holds one SciPy matrix. Products of sparse matrices are made on
the host, since their number of entries depends on values."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from headrace.core.errors import invalid
from headrace.core.op import REQUIRED, OpDef
from headrace.core.tape import not_differentiable
from headrace.core.tensor import boxed


class Coordinates(NamedTuple):
    """The parts of a sparse tensor."""

    indices: Any
    values: Any
    dense_shape: Any


def _matrix(box: Any) -> Any:
    return box.item() if isinstance(box, np.ndarray) else box


def _from_coordinates(indices: np.ndarray, values: np.ndarray, dense_shape: np.ndarray) -> np.ndarray:
    """A batch of matrices becomes a list of them; one matrix, a list of one."""
    from scipy.sparse import coo_array

    shape = tuple(dense_shape.tolist())
    if len(shape) not in (2, 3):
        raise invalid(f"A CSR matrix has rank 2 or 3; dense_shape is {list(shape)}.")
    if len(shape) == 2:
        parts = [(indices, values)]
    else:
        parts = [(indices[at, 1:], values[at]) for k in range(shape[0]) for at in [indices[:, 0] == k]]
    matrices = [coo_array((v, (i[:, 0], i[:, 1])), shape[-2:]).tocsr() for i, v in parts]
    return boxed((shape[:-2], matrices))


def _to_coordinates(box: np.ndarray, type: Any) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    batch, matrices = _matrix(box)
    indices, values = [], []
    for k, matrix in enumerate(matrices):
        ordered = matrix.sorted_indices().tocoo()
        columns = [ordered.coords[0], ordered.coords[1]]
        indices.append(np.stack([np.full_like(columns[0], k), *columns] if batch else columns, axis=1))
        values.append(ordered.data)
    shape = np.array([*batch, *matrices[0].shape] if matrices else [*batch, 0, 0], np.int64)
    rank = len(shape)
    return (
        np.concatenate(indices).astype(np.int64) if indices else np.zeros((0, rank), np.int64),
        np.concatenate(values) if values else np.zeros(0, type._np),
        shape,
    )


def _product(
    a: np.ndarray,
    b: np.ndarray,
    type: Any,
    transpose_a: bool,
    transpose_b: bool,
    adjoint_a: bool,
    adjoint_b: bool,
) -> np.ndarray:
    if (transpose_a and adjoint_a) or (transpose_b and adjoint_b):
        raise invalid("Only one of transpose and adjoint may be set for an operand.")
    (batch, left), (other, right) = _matrix(a), _matrix(b)
    if batch != other:
        raise invalid(f"Batch shapes differ: {list(batch)} and {list(other)}.")
    out = []
    for x, y in zip(left, right):
        x = x.T if transpose_a else x.conj().T if adjoint_a else x
        y = y.T if transpose_b else y.conj().T if adjoint_b else y
        if x.shape[1] != y.shape[0]:
            raise invalid(f"Inner dimensions differ: {list(x.shape)} times {list(y.shape)}.")
        out.append((x @ y).tocsr())
    return boxed((batch, out))


TO_CSR = OpDef(
    "SparseTensorToCSRSparseMatrix",
    "indices: int64, values: T, dense_shape: int64 -> sparse_matrix: variant",
    shape=lambda c: (),
    kernel=_from_coordinates,
    host=True,
    grad=not_differentiable,
)
FROM_CSR = OpDef(
    "CSRSparseMatrixToSparseTensor",
    "sparse_matrix: variant -> indices: int64, values: type, dense_shape: int64",
    attrs={"type": REQUIRED},
    shape=lambda c: [(None, None), (None,), (None,)],
    kernel=_to_coordinates,
    host=True,
    grad=not_differentiable,
)
MATMUL = OpDef(
    "SparseMatrixSparseMatMul",
    "a: variant, b: variant -> c: variant",
    attrs={
        "type": REQUIRED,
        "transpose_a": False,
        "transpose_b": False,
        "adjoint_a": False,
        "adjoint_b": False,
    },
    shape=lambda c: (),
    kernel=_product,
    host=True,
    grad=not_differentiable,
)


def sparse_tensor_to_csr_sparse_matrix(
    indices: Any, values: Any, dense_shape: Any, name: str | None = None
) -> Any:
    """A CSR matrix (a variant) of a sparse tensor's parts; rank 2, or 3 for a batch."""
    return TO_CSR(indices, values, dense_shape, name=name)


def sparse_matrix_sparse_mat_mul(
    a: Any, b: Any, type: Any, transpose_a: bool = False, transpose_b: bool = False, adjoint_a: bool = False,
    adjoint_b: bool = False, name: str | None = None,
) -> Any:  # fmt: skip
    """The product of two CSR matrices."""
    from headrace.core.dtypes import as_dtype

    return MATMUL(
        a, b, type=as_dtype(type), transpose_a=transpose_a, transpose_b=transpose_b, adjoint_a=adjoint_a,
        adjoint_b=adjoint_b, name=name,
    )  # fmt: skip


def csr_sparse_matrix_to_sparse_tensor(sparse_matrix: Any, type: Any, name: str | None = None) -> Coordinates:
    """The parts of the sparse tensor equal to a CSR matrix."""
    from headrace.core.dtypes import as_dtype

    return Coordinates(*FROM_CSR(sparse_matrix, type=as_dtype(type), name=name))
