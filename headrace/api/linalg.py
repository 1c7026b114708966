"""`tf.linalg`: matrices and batches of matrices. Every function takes tensors of shape `[..., M, N]`; leading
dimensions are a batch."""

# ruff: noqa: F822 - operators are imported on first use

from __future__ import annotations

import importlib
from typing import Any

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
    "LinearOperator",
    "LinearOperatorAdjoint",
    "LinearOperatorBlockDiag",
    "LinearOperatorBlockLowerTriangular",
    "LinearOperatorCirculant",
    "LinearOperatorCirculant2D",
    "LinearOperatorCirculant3D",
    "LinearOperatorComposition",
    "LinearOperatorDiag",
    "LinearOperatorFullMatrix",
    "LinearOperatorHouseholder",
    "LinearOperatorIdentity",
    "LinearOperatorInversion",
    "LinearOperatorKronecker",
    "LinearOperatorLowRankUpdate",
    "LinearOperatorLowerTriangular",
    "LinearOperatorPermutation",
    "LinearOperatorScaledIdentity",
    "LinearOperatorToeplitz",
    "LinearOperatorTridiag",
    "LinearOperatorZeros",
    "experimental",
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

# The file of `headrace/linear_operators/` that has an operator.
_OPERATORS = {
    "base": [""],
    "matrices": ["Diag", "FullMatrix", "Identity", "LowerTriangular", "ScaledIdentity", "Zeros"],
    "structured": ["Circulant", "Circulant2D", "Circulant3D", "Householder", "Permutation", "Toeplitz", "Tridiag"],
    "composed": ["Adjoint", "Composition", "Inversion", "Kronecker", "LowRankUpdate"],
    "blocks": ["BlockDiag", "BlockLowerTriangular"],
}  # fmt: skip
_FILES = {f"LinearOperator{kind}": file for file, kinds in _OPERATORS.items() for kind in kinds}


def __getattr__(name: str) -> Any:
    if name == "experimental":
        value: Any = importlib.import_module("headrace.api.linalg_experimental")
    elif name in _FILES:
        value = getattr(importlib.import_module(f"headrace.linear_operators.{_FILES[name]}"), name)
    else:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    globals()[name] = value
    return value
