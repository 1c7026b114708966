"""Ragged and sparse tensors at the root of the namespace."""

from __future__ import annotations

from headrace.composites.ragged.ragged_tensor import RaggedTensor
from headrace.composites.ragged.spec import RaggedTensorSpec
from headrace.composites.sparse.tensor import SparseTensor, SparseTensorSpec

ROOT = __all__ = ["RaggedTensor", "RaggedTensorSpec", "SparseTensor", "SparseTensorSpec"]
