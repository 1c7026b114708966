"""Iterators of graphs (`tf.compat.v1.data`), and the older names of what elements of datasets are."""

from __future__ import annotations

from typing import Any

from headrace.core.specs import TensorSpec, TypeSpec
from headrace.data.dataset import DatasetSpec
from headrace.data.experimental import map_and_batch
from headrace.data.optional import OptionalSpec
from headrace.data.sessions import SessionIterator as Iterator
from headrace.data.sessions import (
    get_output_classes,
    get_output_shapes,
    get_output_types,
    make_initializable_iterator,
    make_one_shot_iterator,
)


def TensorStructure(dtype: Any, shape: Any) -> TensorSpec:
    """`tf.TensorSpec(shape, dtype)`."""
    return TensorSpec(shape, dtype)


def SparseTensorStructure(dtype: Any, shape: Any) -> Any:
    """`tf.SparseTensorSpec(shape, dtype)`."""
    from .composite import SparseTensorSpec

    return SparseTensorSpec(shape, dtype)


def RaggedTensorStructure(dtype: Any, shape: Any, ragged_rank: int) -> Any:
    """`tf.RaggedTensorSpec(shape, dtype, ragged_rank)`."""
    from .composite import RaggedTensorSpec

    return RaggedTensorSpec(shape, dtype, ragged_rank)


def TensorArrayStructure(dtype: Any, element_shape: Any, dynamic_size: bool, infer_shape: bool) -> Any:
    """`tf.TensorArraySpec(element_shape, dtype, dynamic_size, infer_shape)`."""
    from .control import TensorArraySpec

    return TensorArraySpec(element_shape, dtype, dynamic_size, infer_shape)


_EXPERIMENTAL = {
    "DatasetStructure": DatasetSpec,
    "OptionalStructure": OptionalSpec,
    "RaggedTensorStructure": RaggedTensorStructure,
    "SparseTensorStructure": SparseTensorStructure,
    "Structure": TypeSpec,
    "TensorArrayStructure": TensorArrayStructure,
    "TensorStructure": TensorStructure,
    # There is one kind of function here, so that of 1.x is the same.
    "map_and_batch_with_legacy_function": map_and_batch,
}
FUNCTIONS = {f"data.experimental.{name}": value for name, value in _EXPERIMENTAL.items()}
NAMES = {
    "data.experimental": list(_EXPERIMENTAL),
    "data": [
        "Iterator",
        "get_output_classes",
        "get_output_shapes",
        "get_output_types",
        "make_initializable_iterator",
        "make_one_shot_iterator",
    ],
}
__all__ = NAMES["data"]  # noqa: PLE0605 - a list of names
