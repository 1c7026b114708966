"""What a TensorList is. On the host it is a Python list of arrays; in a compiled program it is one buffer of known capacity
and a length."""

from __future__ import annotations

from typing import Any

import numpy as np

from headrace.core import dtypes
from headrace.core.dtypes import DType
from headrace.core.errors import invalid
from headrace.core.tensor import wrap


# ------------------------------------------------------------------------------------------------------------ host lists
def elements(x: np.ndarray) -> list[Any]:
    """The elements along the first dimension, as arrays (or NumPy scalars; strings have none)."""
    return list(x) if x.dtype.kind != "O" else [x[i, ...] for i in range(len(x))]


class HostList:
    """An immutable list value: arrays, or one stacked tensor that a compiled program made and another may take.

    Pushing shares storage as long as nobody else has pushed, so a loop of pushes is linear."""

    __slots__ = ("_items", "_stacked", "dtype", "length")

    def __init__(self, items: list[Any] | None, length: int, dtype: DType, stacked: Any = None) -> None:
        self._items, self.length, self.dtype, self._stacked = items, length, dtype, stacked

    @property
    def items(self) -> list[Any]:
        if self._items is None:
            self._items = elements(self._stacked._host()[: self.length])
        return self._items

    def stacked(self) -> Any:
        """All elements (and perhaps spare room behind them) as one tensor, for compiled programs; None when they do not have
        one known shape, or are of a type that programs do not know."""
        if self._stacked is None and self.dtype.kind in "vs":
            return None
        if self._stacked is None:
            parts = self.items[: self.length]
            if not parts or any(x is None or x.shape != parts[0].shape for x in parts):
                return None
            self._stacked = wrap(np.stack(parts), self.dtype)
        return self._stacked

    def push(self, item: np.ndarray) -> HostList:
        items = self.items if len(self.items) == self.length else self.items[: self.length]
        items.append(item)
        return HostList(items, self.length + 1, self.dtype)

    def replace(self, i: int, item: np.ndarray) -> HostList:
        items = self.items[: self.length]
        items[i] = item
        return HostList(items, self.length, self.dtype)

    def element(self, i: int, shape: Any) -> np.ndarray:
        if not 0 <= i < self.length:
            raise invalid(f"Trying to access element {i} in a list with {self.length} elements.")
        item = self.items[i]
        if item is None:  # reserved but never written: zeros, if anything tells the shape
            dims = self._dims(shape)
            item = np.zeros(dims, self.dtype._np)
        return item

    def _dims(self, shape: Any) -> tuple[int, ...]:
        dims = np.atleast_1d(shape).tolist() if shape is not None and np.ndim(shape) else None
        if dims is None or -1 in dims:
            known = next((x.shape for x in self.items[: self.length] if x is not None), None)
            if known is None:
                raise invalid(
                    "Trying to read an uninitialised element of a list whose element shape is not fully defined."
                )
            return known
        return tuple(dims)

    def zeros_like(self) -> HostList:
        return HostList(
            [None if x is None else np.zeros_like(x) for x in self.items[: self.length]],
            self.length,
            self.dtype,
        )

    def __add__(self, other: HostList) -> HostList:
        """Element by element, as gradients of lists are summed; what was never written counts as zeros."""
        pairs = zip(self.items[: self.length], other.items[: other.length], strict=True)
        return HostList(
            [y if x is None else x if y is None else x + y for x, y in pairs], self.length, self.dtype
        )

    def stack(self, shape: Any) -> np.ndarray:
        if not self.length:
            dims = np.atleast_1d(shape).tolist() if np.ndim(shape) else None
            if dims is None or -1 in dims:
                raise invalid(
                    "Tried to stack elements of an empty list with non-fully-defined element_shape."
                )
            return np.zeros((0, *dims), self.dtype._np)
        parts = [self.element(i, shape) for i in range(self.length)]
        for p in parts:
            if p.shape != parts[0].shape:
                raise invalid(
                    f"Tried to stack list elements of different shapes: {list(parts[0].shape)} and {list(p.shape)}."
                )
        return np.stack(parts)


# -------------------------------------------------------------------------------------------------------- compiled lists
class ElementSpec:
    """The element shape of a list and of everything derived from it; found out at the first write. `inner`, for a list of
    lists: the type and the length of its elements."""

    __slots__ = ("capacity", "inner", "shape")

    def __init__(
        self, shape: tuple[int, ...] | None, capacity: int | None, inner: tuple[DType, int] | None = None
    ) -> None:
        self.shape, self.capacity, self.inner = shape, capacity, inner

    def copy(self, capacity: int | None) -> ElementSpec:
        return ElementSpec(self.shape, capacity, self.inner)


class ListValue:
    """A list in a compiled program: `buffer` of shape (capacity, *element) once the element shape is known; `length` an int32
    scalar, or an int when it is known."""

    __slots__ = ("buffer", "dtype", "length", "spec")

    def __init__(self, buffer: Any, length: Any, dtype: DType, spec: ElementSpec) -> None:
        self.buffer, self.length, self.dtype, self.spec = buffer, length, dtype, spec

    @property
    def shape(self) -> tuple[int, ...]:
        return ()

    def ready(self, b: Any, element: tuple[int, ...] | None = None) -> Any:
        """The buffer, made now if this is the first write."""
        if self.buffer is None:
            spec = self.spec
            if spec.shape is None:
                spec.shape = element
            if spec.shape is None:
                raise b.cannot("a list is read before anything tells its element shape")
            if spec.capacity is None:
                raise b.cannot("a list grows without a known bound")
            self.buffer = b.zeros((spec.capacity, *spec.shape), spec.inner[0] if spec.inner else self.dtype)
        return self.buffer

    def size(self, b: Any) -> Any:
        return b.constant(self.length, dtypes.int32) if isinstance(self.length, int) else self.length

    def zeros_like(self, b: Any) -> ListValue:
        capacity = self.buffer.shape[0] if self.buffer is not None else self.spec.capacity
        return ListValue(None, self.length, self.dtype, self.spec.copy(capacity))

    def plus(self, b: Any, other: ListValue) -> ListValue:
        """The element-wise sum, as gradients of lists are summed."""
        if isinstance(self, Single) and not isinstance(other, Single):
            return other.plus(b, self)
        if isinstance(other, Single) and other.buffer is None:
            buffer = self.ready(b, other.item.shape)
            return self.with_buffer(
                put(b, buffer, other.index, b.add(take(b, buffer, other.index), other.item))
            )
        if self.buffer is None and not isinstance(self, Single):  # zeros that were never written
            return other
        if other.buffer is None and not isinstance(other, Single):
            return self
        return self.with_buffer(b.add(self.ready(b), other.ready(b)))

    def with_buffer(self, buffer: Any, length: Any = None) -> ListValue:
        return ListValue(buffer, self.length if length is None else length, self.dtype, self.spec)


class Single(ListValue):
    """A list of zeros but for one element: the gradient of one read. Adding it to a list updates that element in place."""

    __slots__ = ("index", "item")

    def __init__(self, base: ListValue, index: Any, item: Any) -> None:
        super().__init__(None, base.length, base.dtype, base.spec)
        self.index, self.item = index, item
        if self.spec.shape is None:
            self.spec.shape = item.shape

    def ready(self, b: Any, element: tuple[int, ...] | None = None) -> Any:
        if self.buffer is None:
            self.buffer = put(b, super().ready(b, self.item.shape), self.index, self.item)
        return self.buffer


def _starts(b: Any, index: Any, rank: int) -> list[Any]:
    return [index] + [b.constant(0, index.dtype)] * rank


def put(b: Any, buffer: Any, index: Any, item: Any) -> Any:
    if not buffer.shape[0]:
        raise b.cannot("something is put into a list without room")
    if item.shape != buffer.shape[1:]:
        raise b.cannot(
            f"elements of different shapes ({list(buffer.shape[1:])} and {list(item.shape)}) are put into one list"
        )
    return b.dynamic_update_slice(
        buffer, b.reshape(item, (1, *item.shape)), _starts(b, index, len(item.shape))
    )


def take(b: Any, buffer: Any, index: Any) -> Any:
    element = buffer.shape[1:]
    return b.reshape(b.dynamic_slice(buffer, _starts(b, index, len(element)), (1, *element)), element)


def element_dims(value: Any) -> tuple[int, ...] | None:
    dims = np.asarray(value)
    return None if dims.ndim == 0 or (dims < 0).any() else tuple(int(d) for d in dims)
