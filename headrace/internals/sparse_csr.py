"""Stands in for `tensorflow.python.ops.linalg.sparse.sparse_csr_matrix_ops`: matrices in compressed-row form."""

from headrace.ops.sparse_csr import (
    csr_sparse_matrix_to_sparse_tensor,
    sparse_matrix_sparse_mat_mul,
    sparse_tensor_to_csr_sparse_matrix,
)

__all__ = [
    "csr_sparse_matrix_to_sparse_tensor",
    "sparse_matrix_sparse_mat_mul",
    "sparse_tensor_to_csr_sparse_matrix",
]
