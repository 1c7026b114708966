"""Leaves of elements, many at a time: stacking them into batches, taking batches apart."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from headrace.core import memory, nest
from headrace.core.errors import invalid
from headrace.core.specs import BatchableTypeSpec, CompositeTensor, NoneTensorSpec, TensorSpec, TypeSpec
from headrace.core.tensor import EagerTensor, wrap

Leaf = Any  # an EagerTensor, a CompositeTensor, or None
Element = tuple[Leaf, ...]
Specs = tuple[TypeSpec, ...]


def is_plain(specs: Sequence[TypeSpec]) -> bool:
    """Whether all leaves are tensors, and batches of them, too."""
    return all(isinstance(s, TensorSpec) for s in specs)


def is_ragged(spec: Any) -> bool:
    return hasattr(spec, "ragged_rank")


def is_sparse(spec: Any) -> bool:
    from headrace.composites.sparse.tensor import SparseTensorSpec

    return isinstance(spec, SparseTensorSpec)


def batched(spec: TypeSpec, size: int | None) -> TypeSpec:
    """The type of a batch of leaves."""
    if isinstance(spec, (NoneTensorSpec, BatchableTypeSpec)):
        return spec._batch(size)
    raise TypeError(
        f"Batching elements of type {spec} is not supported: only tensors, ragged and sparse tensors, and "
        "BatchableExtensionTypes can be batched. Map the elements to one of those first."
    )


def unbatched(spec: TypeSpec) -> TypeSpec:
    """The type of one leaf of a batch."""
    if isinstance(spec, (NoneTensorSpec, BatchableTypeSpec)):
        return spec._unbatch()
    raise TypeError(f"Unbatching elements of type {spec} is not supported.")


# ----------------------------------------------------------------------------------------------------------------- stack
def stack(elements: Sequence[Element], specs: Specs) -> Element:
    """One element whose leaves are those of `elements` along a new first dimension."""
    return tuple(
        [stack_leaves(leaves, spec, i) for i, (leaves, spec) in enumerate(zip(zip(*elements), specs))]
    )


def stack_leaves(leaves: Sequence[Leaf], spec: TypeSpec, place: int = 0) -> Leaf:
    if isinstance(spec, TensorSpec):
        return _stack_tensors(leaves, place)
    if isinstance(spec, NoneTensorSpec):
        return None
    if is_ragged(spec):
        return _stack_ragged(leaves, spec)
    if is_sparse(spec):
        return _stack_sparse(leaves)
    parts = zip(*[nest.flatten(leaf, expand_composites=True) for leaf in leaves])
    return batched(spec, len(leaves))._from_compatible_tensor_list([_stack_tensors(p, place) for p in parts])


def _stack_tensors(tensors: Sequence[EagerTensor], place: int) -> EagerTensor:
    first = tensors[0]
    arrays = [a if (a := t._np) is not None else t._host() for t in tensors]
    shape = arrays[0].shape
    for i, a in enumerate(arrays):
        if a.shape != shape:
            raise invalid(
                f"Cannot batch tensors with different shapes in component {place}. "
                f"First element had shape {list(shape)} and element {i} had shape {list(a.shape)}. "
                "Use padded_batch or ragged_batch for elements of different shapes."
            )
    if first._dtype._np.kind == "O":
        out = np.empty((len(arrays), *shape), object)
        for i, a in enumerate(arrays):
            out[i] = a if a.ndim else a.item()
        return wrap(out, first._dtype)
    return wrap(np.array(arrays, first._dtype._np), first._dtype)


def _stack_ragged(values: Sequence[Any], spec: Any) -> Any:
    from headrace.api import ragged
    from headrace.composites.ragged.ragged_tensor import RaggedTensor

    if spec.ragged_rank:
        return ragged.stack(list(values), axis=0)
    arrays = [v._host() for v in values]
    inner = {a.shape[1:] for a in arrays}
    if len(inner) > 1:
        raise invalid(f"Cannot batch tensors whose inner dimensions differ: {sorted(inner)}. Only the first may.")  # fmt: skip
    lengths = np.array([len(a) for a in arrays], spec.row_splits_dtype._np)
    return RaggedTensor.from_row_lengths(
        wrap(np.concatenate(arrays), values[0]._dtype), lengths, validate=False
    )


def _stack_sparse(values: Sequence[Any]) -> Any:
    from headrace.composites.sparse.tensor import SparseTensor

    shapes = [v.dense_shape._host() for v in values]
    dense = np.max(shapes, axis=0)
    indices = [
        np.concatenate([np.full((len(v.indices._host()), 1), i, np.int64), v.indices._host()], axis=1)
        for i, v in enumerate(values)
    ]
    kept = np.concatenate([v.values._host() for v in values])
    dtype = values[0].dtype
    return SparseTensor(
        np.concatenate(indices), wrap(kept, dtype), np.concatenate([[len(values)], dense]).astype(np.int64)
    )


# --------------------------------------------------------------------------------------------------------------- unstack
def length(leaf: Leaf) -> int:
    """The size of the first dimension."""
    if isinstance(leaf, EagerTensor):
        shape = leaf._raw_shape
        if not shape:
            raise invalid("Unbatching is only supported for elements of rank 1 and more, received a scalar.")
        return shape[0]
    if is_sparse(leaf._type_spec):
        return int(leaf.dense_shape._host()[0])
    if is_ragged(leaf._type_spec):
        return int(leaf.nrows())
    return length(nest.flatten(leaf, expand_composites=True)[0])


def common_length(leaves: Element) -> int:
    """The size of the first dimension, which all leaves must share."""
    sizes = [length(leaf) for leaf in leaves if leaf is not None]
    if any(n != sizes[0] for n in sizes):
        raise invalid(f"Dimensions {sizes[0]} and {next(n for n in sizes if n != sizes[0])} are not compatible: "
            f"all components must have the same first dimension, received {sizes}.")  # fmt: skip
    return sizes[0] if sizes else 0


def column(leaf: Leaf) -> Column:
    """A batch from which to take rows."""
    if leaf is None:
        return Column(None)
    if isinstance(leaf, EagerTensor):
        return ArrayColumn(leaf)
    if is_sparse(leaf._type_spec):
        return SparseColumn(leaf)
    if is_ragged(leaf._type_spec):
        return RaggedColumn(leaf)
    return CompositeColumn(leaf)


class Column:
    """A leaf of many elements: `at(i)` is the i-th element's, `take(indices)` a batch of several."""

    def __init__(self, leaf: Leaf) -> None:
        self.leaf = leaf

    def at(self, i: int) -> Leaf:
        return None

    def take(self, indices: Any) -> Leaf:
        """A batch of the rows `indices`, a slice or a vector."""
        return None


class ArrayColumn(Column):
    def __init__(self, leaf: EagerTensor) -> None:
        self.array, self.dtype = leaf._host(), leaf._dtype

    def at(self, i: int) -> EagerTensor:
        tensor = EagerTensor.__new__(EagerTensor)
        array = self.array[i]
        if type(array) is not np.ndarray:
            scalar = np.empty((), self.dtype._np)
            scalar[()] = array
            array = scalar
        tensor._np, tensor._dtype, tensor._buf = array, self.dtype, None
        return tensor

    def take(self, indices: Any) -> EagerTensor:
        array = self.array
        return wrap(array[indices] if type(indices) is slice else memory.rows(array, indices), self.dtype)


class RaggedColumn(Column):
    def __init__(self, leaf: Any) -> None:
        self.leaf = leaf
        self.flat = leaf.ragged_rank == 1
        self.splits = leaf.row_splits._host()
        self.values = column(leaf.values)

    def at(self, i: int) -> Leaf:
        return self.values.take(slice(int(self.splits[i]), int(self.splits[i + 1])))

    def take(self, indices: Any) -> Leaf:
        from headrace.api import gathering

        if type(indices) is slice:
            indices = np.arange(*indices.indices(len(self.splits) - 1))
        return gathering.gather(self.leaf, indices)


class SparseColumn(Column):
    """Rows of a sparse tensor whose indices are in order."""

    def __init__(self, leaf: Any) -> None:
        self.leaf = leaf
        self.indices, self.values = leaf.indices._host(), leaf.values._host()
        self.dense = leaf.dense_shape._host()
        if np.any(np.diff(self.indices[:, 0]) < 0):
            order = np.lexsort(self.indices.T[::-1])
            self.indices, self.values = self.indices[order], self.values[order]
        self.starts = np.searchsorted(self.indices[:, 0], np.arange(self.dense[0] + 1))

    def at(self, i: int) -> Any:
        from headrace.composites.sparse.tensor import SparseTensor

        rows = slice(self.starts[i], self.starts[i + 1])
        return SparseTensor(self.indices[rows, 1:], wrap(self.values[rows], self.leaf.dtype), self.dense[1:])

    def take(self, indices: Any) -> Any:
        if type(indices) is slice:
            indices = range(*indices.indices(int(self.dense[0])))
        return _stack_sparse([self.at(int(i)) for i in indices])


class CompositeColumn(Column):
    """Composites that are batched part by part."""

    def __init__(self, leaf: Any) -> None:
        self.leaf = leaf
        self.batch, self.spec = leaf._type_spec, unbatched(leaf._type_spec)
        self.columns = [column(t) for t in nest.flatten(leaf, expand_composites=True)]

    def at(self, i: int) -> Any:
        return self.spec._from_compatible_tensor_list([c.at(i) for c in self.columns])

    def take(self, indices: Any) -> Any:
        parts = [c.take(indices) for c in self.columns]
        return batched(self.spec, None)._from_compatible_tensor_list(parts)


def unstack(element: Element) -> Iterator[Element]:
    """The elements of a batch."""
    columns = [column(leaf) for leaf in element]
    return (tuple([c.at(i) for c in columns]) for i in range(common_length(element)))


# ------------------------------------------------------------------------------------------------- elements as flat tensors
def components(element: Element) -> list[EagerTensor]:
    """The tensors of an element: the parts of its composites in their places."""
    out: list[EagerTensor] = []
    for leaf in element:
        if type(leaf) is EagerTensor:
            out.append(leaf)
        elif leaf is not None:
            out.extend(nest.flatten(leaf, expand_composites=True))
    return out


def from_components(tensors: Sequence[Any], specs: Specs) -> Element:
    """The element again."""
    it = iter(tensors)
    return tuple(
        [
            next(it)
            if isinstance(s, TensorSpec)
            else s._from_compatible_tensor_list([next(it) for _ in s._flat_tensor_specs])
            for s in specs
        ]
    )


__all__ = ["CompositeTensor", "Element", "Leaf", "Specs", "components", "from_components", "stack", "unstack"]
