"""`tf.linalg`: matrices and batches of matrices. Every function takes tensors of shape `[..., M, N]`; leading
dimensions are a batch."""

from __future__ import annotations

from .clipping import global_norm
from .linalg_decompositions import (
    cholesky,
    cholesky_solve,
    eig,
    eigh,
    eigh_tridiagonal,
    eigvals,
    eigvalsh,
    lu,
    qr,
    svd,
)
from .linalg_diagonals import (
    adjoint,
    band_part,
    diag,
    diag_part,
    eye,
    matrix_transpose,
    set_diag,
    tensor_diag,
    tensor_diag_part,
    trace,
)
from .linalg_functions import cross, det, expm, logdet, logm, matvec, norm, normalize, slogdet, sqrtm
from .linalg_solvers import (
    banded_triangular_solve,
    inv,
    lstsq,
    lu_matrix_inverse,
    lu_reconstruct,
    lu_solve,
    matrix_rank,
    pinv,
    solve,
    triangular_solve,
    tridiagonal_matmul,
    tridiagonal_solve,
)
from .math import l2_normalize
from .products import einsum, matmul, tensordot

matrix_square_root = sqrtm

__all__ = [
    "adjoint",
    "band_part",
    "diag",
    "diag_part",
    "eye",
    "matrix_transpose",
    "set_diag",
    "tensor_diag",
    "tensor_diag_part",
    "trace",
    "cholesky",
    "cholesky_solve",
    "eig",
    "eigh",
    "eigh_tridiagonal",
    "eigvals",
    "eigvalsh",
    "lu",
    "qr",
    "svd",
    "banded_triangular_solve",
    "inv",
    "lstsq",
    "lu_matrix_inverse",
    "lu_reconstruct",
    "lu_solve",
    "matrix_rank",
    "pinv",
    "solve",
    "triangular_solve",
    "tridiagonal_matmul",
    "tridiagonal_solve",
    "cross",
    "det",
    "expm",
    "logdet",
    "logm",
    "norm",
    "normalize",
    "slogdet",
    "sqrtm",
    "global_norm",
    "l2_normalize",
    "einsum",
    "matmul",
    "matvec",
    "tensordot",
]
ROOT = ["eye", "eig", "eigvals", "norm", "matrix_square_root"]
