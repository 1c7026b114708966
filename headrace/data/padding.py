"""Batches of elements of different shapes: what to pad to and with, ragged and sparse batches."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from headrace.core import dtypes, nest
from headrace.core.convert import to_tensor
from headrace.core.op import lookup
from headrace.core.shapes import TensorShape
from headrace.core.specs import TensorSpec
from headrace.core.tensor import Tensor

from . import structure
from .transforming import known, number

if TYPE_CHECKING:
    from .dataset import Dataset


def padding(element_spec: Any, shapes: Any, values: Any) -> tuple[list[Any], list[Any], list[TensorShape]]:
    """The shapes and values for the components, as inputs of the op, and the shapes of the padded elements."""
    specs = structure.leaves(element_spec)
    for spec in specs:
        if not isinstance(spec, TensorSpec):
            raise TypeError(
                f"`padded_batch` is only supported for datasets that produce tensor elements but type {spec} was encountered: use "
                "batch, or ragged_batch."
            )
    if shapes is None:
        if any(s.shape.rank is None for s in specs):
            raise ValueError(
                f"You must provide `padded_shapes` argument because component of unknown rank was found in {element_spec}."
            )
        given: list[Any] = [s.shape for s in specs]
    else:
        given = (
            nest.flatten_up_to(element_spec, shapes, check_types=False)
            if nest.is_nested(element_spec)
            else [shapes]
        )
    out, known_shapes = [], []
    for spec, shape in zip(specs, given):
        vector, dims = _padded_shape(shape, spec)
        out.append(vector)
        known_shapes.append(dims)
    return out, _padding_values(element_spec, specs, values), known_shapes


def _padded_shape(shape: Any, spec: TensorSpec) -> tuple[Any, TensorShape]:
    if isinstance(shape, Tensor):
        from headrace.core.static import static_shape

        if shape._dtype is not dtypes.int64 or (shape._raw_shape is not None and len(shape._raw_shape) != 1):
            raise TypeError(
                f"Padded shape {shape} must be a 1-D tensor of tf.int64 values: is {shape._dtype.name} of shape {shape.shape}."
            )
        return shape, TensorShape(static_shape(shape))
    if isinstance(shape, np.ndarray) and shape.ndim != 1:
        raise ValueError(f"Padded shape {shape} must be a 1-D tensor of tf.int64 values.")
    if not isinstance(shape, TensorShape):
        shape = TensorShape([None if d is None or int(d) == -1 else int(d) for d in list(shape)])
    dims = TensorShape([None if d == -1 else d for d in shape.as_list()])
    own = spec.shape
    if own.rank is not None and own.rank != dims.rank:
        raise ValueError(
            f"The padded shape {dims} is not compatible with the shape {own} of the corresponding input component."
        )
    for have, want in zip(own.as_list() if own.rank is not None else [], dims.as_list()):
        if have is not None and want is not None and have > want:
            raise ValueError(
                f"The padded shape {dims} is not compatible with the shape {own} of the corresponding input component."
            )
    return to_tensor(np.asarray([-1 if d is None else d for d in dims.as_list()], np.int64)), dims


def _padding_values(element_spec: Any, specs: Any, values: Any) -> list[Any]:
    if values is None:
        flat: list[Any] = [None] * len(specs)
    elif not nest.is_nested(values):
        flat = [values] * len(specs)
    else:
        flat = nest.flatten_up_to(element_spec, values, check_types=False)
    out = []
    for spec, value in zip(specs, flat):
        if value is None:
            if spec.dtype.kind in "rv":
                raise TypeError(
                    f"Unable to create padding for components of type {spec.dtype.name} ({spec})."
                )
            value = b"" if spec.dtype is dtypes.string else np.zeros((), spec.dtype._np)
        given = value if isinstance(value, Tensor) else None
        if given is not None and given._dtype is not spec.dtype:
            raise TypeError(
                f"Mismatched type between padding value {value} and the input component's type {spec.dtype.name}."
            )
        tensor = given if given is not None else to_tensor(value, spec.dtype)
        if tensor._raw_shape not in ((), None):
            raise ValueError(f"`padding_values` must be scalars, received one of shape {tensor.shape}.")
        out.append(tensor)
    return out


def as_ragged(dataset: Dataset, row_splits_dtype: Any) -> Dataset:
    """The dataset with specs that make batches of tensors of unknown dims ragged."""
    from headrace.composites.ragged.ragged_tensor import RaggedTensor
    from headrace.composites.ragged.spec import RaggedTensorSpec

    from .dataset import of_plan
    from .order import Retyped

    row_splits_dtype = dtypes.as_dtype(row_splits_dtype)

    def ragged(spec: Any) -> Any:
        if not isinstance(spec, TensorSpec) or spec.shape.rank is None or spec.shape.is_fully_defined():
            return spec
        rank = max([axis for axis, size in enumerate(spec.shape.as_list()) if size is None])
        return RaggedTensorSpec(spec.shape, spec.dtype, rank, row_splits_dtype)

    def converted(value: Any, spec: Any) -> Any:
        if getattr(spec, "ragged_rank", 0) == 0:
            return value
        return RaggedTensor.from_tensor(
            value, ragged_rank=spec.ragged_rank, row_splits_dtype=row_splits_dtype
        )

    spec = nest.map_structure(ragged, dataset.element_spec)
    if any(getattr(s, "ragged_rank", 0) for s in structure.leaves(spec)):
        own = dataset.element_spec
        dataset = dataset.map(
            lambda *element: nest.map_structure(
                converted, element if type(own) is tuple else element[0], spec
            )
        )
    return of_plan(Retyped(dataset._plan, structure.leaves(spec)), spec)


def sparse_batch(dataset: Dataset, batch_size: Any, row_shape: Any) -> Dataset:
    """Batches of tensors as sparse tensors."""
    from headrace.composites.sparse.tensor import SparseTensor

    spec = dataset.element_spec
    if not isinstance(spec, TensorSpec):
        raise TypeError(f"sparse_batch takes elements that are single tensors, not {spec}.")
    row = TensorShape(row_shape)
    size = known(number(batch_size))
    if size is None:
        raise ValueError("sparse_batch: `batch_size` must be known when the dataset is made.")

    def sparse(x: Any) -> Any:
        shape = lookup("Shape")(x, out_type=dtypes.int64)
        dense = shape if None in row.as_list() else to_tensor(np.asarray(row.as_list(), np.int64))
        lookup("Assert")(
            lookup("All")(lookup("LessEqual")(shape, dense), [0]),
            ["sparse_batch: an element is larger than row_shape: ", shape],
        )
        indices = lookup("Where")(
            lookup("OnesLike")(lookup("Cast")(x, DstT=dtypes.bool_))
            if spec.dtype is not dtypes.string
            else lookup("Equal")(x, x)
        )
        return SparseTensor(indices, lookup("GatherNd")(x, indices), dense)

    return dataset.map(sparse).batch(size)


__all__ = ["as_ragged", "padding", "sparse_batch"]
