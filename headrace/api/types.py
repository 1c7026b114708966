"""`tf.types`, and the root's classes: tensors, shapes and the specs of values."""

from __future__ import annotations

from headrace.core.shapes import TensorShape
from headrace.core.slices import IndexedSlices, IndexedSlicesSpec
from headrace.core.specs import NoneTensorSpec, TensorSpec, TypeSpec, type_spec_from_value
from headrace.core.tensor import Tensor

from . import types_experimental as experimental
from .module import Module

ROOT = [
    "IndexedSlices",
    "IndexedSlicesSpec",
    "Module",
    "NoneTensorSpec",
    "Tensor",
    "TensorShape",
    "TensorSpec",
    "TypeSpec",
    "type_spec_from_value",
]
__all__ = ["experimental"]
