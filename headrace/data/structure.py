"""Structures of elements: tuples, dicts, named tuples and attrs classes. A list is no structure here, but a tensor."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from headrace.core import nest
from headrace.core.convert import to_tensor
from headrace.core.specs import CompositeTensor, NoneTensorSpec, TensorSpec, TypeSpec, type_spec_from_value
from headrace.core.tensor import Tensor

from .values import Specs


def convert(value: Any) -> Any:
    """A value as an element: what is no structure becomes a tensor; composites and None stay."""
    if value is None or isinstance(value, (Tensor, CompositeTensor)):
        return value
    if isinstance(value, list):
        return _tensor(value)
    if nest.is_nested(value) and not isinstance(value, range):
        return nest.rebuild(value, [convert(child) for _, child in nest._children(value)])
    return _tensor(value)


def _tensor(value: Any) -> Any:
    if type(value).__module__.startswith("scipy.sparse"):
        raise TypeError("A scipy.sparse matrix is no element: convert it to a tf.SparseTensor first.")
    if hasattr(value, "indices") and hasattr(value, "dense_shape"):
        from headrace.composites.sparse.tensor import sparse_of

        return sparse_of(value)
    return to_tensor(value)


def spec_of(value: Any) -> Any:
    """The structure of an element: a TypeSpec for each leaf."""
    return nest.map_structure(leaf_spec, value)


def leaf_spec(leaf: Any) -> TypeSpec:
    return NoneTensorSpec() if leaf is None else type_spec_from_value(leaf)


def normalized(spec: Any) -> Any:
    """A structure of specs as users give it: tensors may stand for their specs."""
    if isinstance(spec, list):
        raise TypeError(f"A list is no structure of elements; use a tuple instead of {spec!r}.")
    if nest.is_nested(spec):
        return nest.rebuild(spec, [normalized(child) for _, child in nest._children(spec)])
    if not isinstance(spec, TypeSpec):
        raise TypeError(f"Expected a structure of tf.TypeSpecs, received {spec!r} in it.")
    return spec


def leaves(structure: Any) -> tuple[Any, ...]:
    return tuple(nest.flatten(structure))


def packer(structure: Any) -> Callable[[Sequence[Any]], Any]:
    """A function that puts the leaves of an element into its structure."""
    if not nest.is_nested(structure):
        return _only
    children = [child for _, child in nest._children(structure)]
    if type(structure) is tuple and not any(nest.is_nested(c) for c in children):
        return tuple
    if type(structure) is dict and not any(nest.is_nested(c) for c in children):
        keys, order = sorted(structure), list(structure)
        if keys == order:
            return lambda flat: dict(zip(keys, flat))
    return lambda flat: nest.pack_sequence_as(structure, flat)


def _only(flat: Sequence[Any]) -> Any:
    return flat[0]


def flat_types(structure: Any) -> dict[str, Any]:
    """The attributes `output_types` and `output_shapes` of an op whose outputs are the tensors of an element."""
    specs = nest.flatten(structure, expand_composites=True)
    return {"output_types": [s.dtype for s in specs], "output_shapes": [s.shape for s in specs]}


def as_arguments(structure: Any) -> tuple[Any, ...]:
    """How a function is called with an element: a tuple is taken apart."""
    return structure if type(structure) is tuple else (structure,)


__all__ = ["Specs", "TensorSpec", "as_arguments", "convert", "leaves", "packer", "spec_of"]
