"""Batches of arrays that belong to somebody else."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from headrace.core import dtypes, memory, nest
from headrace.core.shapes import TensorShape
from headrace.core.specs import TensorSpec
from headrace.core.tensor import EagerTensor, wrap, wrap_object

from .background import Prefetch
from .plan import Plan
from .values import Element

if TYPE_CHECKING:
    from .dataset import Dataset


class ArrayBatches(Plan):
    """Batches of `size` rows of arrays, all of one length; in the order that the element of another plan gives, if there is one.
    Every batch is a copy. The arrays are not (they may fill the memory): who changes them changes batches to come."""

    def __init__(self, arrays: Sequence[np.ndarray], size: int, order: Plan | None) -> None:
        # Rows are picked from contiguous memory only.
        self.arrays = arrays if order is None else [np.ascontiguousarray(a) for a in arrays]
        self.n, self.batch, self.order = len(arrays[0]), size, order
        self.inputs = () if order is None else (order,)
        self.dtypes = [dtypes.as_dtype(a.dtype) for a in arrays]
        known = size if self.n % size == 0 else None
        self.specs = tuple(
            [TensorSpec(TensorShape((known, *a.shape[1:])), d) for a, d in zip(arrays, self.dtypes)]
        )

    def size(self) -> int:
        return -(-self.n // self.batch)

    def start(self) -> Iterator[Element]:
        return map(self._rows(), range(0, self.n, self.batch))

    def _rows(self) -> Any:
        """The batch that begins at a row."""
        order = self.order.start() if self.order is not None else None
        index: np.ndarray | None = None

        def at(start: int) -> Element:
            nonlocal index
            if order is None:
                stop = start + self.batch
                return tuple([_copied(a[start:stop], d) for a, d in zip(self.arrays, self.dtypes)])
            if index is None:  # not before it is needed: numbers are drawn then
                index = next(order)[0]._host()
            rows = index[start : start + self.batch]
            return tuple([wrap(memory.taken(a, rows), d) for a, d in zip(self.arrays, self.dtypes)])

        return at


def _copied(array: np.ndarray, dtype: dtypes.DType) -> EagerTensor:
    """A tensor with a copy: what is large goes to the device at once."""
    if array.nbytes < memory.LARGE:
        return wrap(np.array(array), dtype)
    from headrace.compiler.eager import on_device  # needs jaxlib, which small data does not

    return on_device(array, dtype)


def batches(arrays: Any, size: int, order: Dataset | None) -> Dataset:
    """A dataset of batches of `size` rows of a structure of arrays and tensors, which all have the same length.

    Args:
      order: a dataset of one element, a vector of row numbers; None for the order in which the rows are.
    """
    from .dataset import Dataset

    leaves = [leaf._host() if isinstance(leaf, EagerTensor) else leaf for leaf in nest.flatten(arrays)]
    plan = ArrayBatches(leaves, size, None if order is None else order._plan)
    spec = nest.pack_sequence_as(arrays, list(plan.specs))
    return Dataset(wrap_object(Prefetch(plan, -1), dtypes.variant), spec)


__all__ = ["ArrayBatches", "batches"]
