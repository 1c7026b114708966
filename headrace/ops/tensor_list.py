"""TensorLists: what TensorArrays and the stacks of loop gradients are made of. On the host a list is a Python list of arrays;
in a compiled program it is one buffer of known capacity and a length."""

from __future__ import annotations

from typing import Any

import numpy as np

from headrace.core import dtypes, errors
from headrace.core.dtypes import DType
from headrace.core.op import REQUIRED, OpDef, ShapeContext, lookup
from headrace.core.shapes import Raw
from headrace.core.tape import not_differentiable
from headrace.core.tensor import boxed, wrap


# ------------------------------------------------------------------------------------------------------------ host lists
def _elements(x: np.ndarray) -> list[Any]:
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
            self._items = _elements(self._stacked._host()[: self.length])
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
            raise errors.InvalidArgumentError(
                None, None, f"Trying to access element {i} in a list with {self.length} elements."
            )
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
                raise errors.InvalidArgumentError(
                    None,
                    None,
                    "Trying to read an uninitialised element of a list whose element shape is not fully defined.",
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
                raise errors.InvalidArgumentError(
                    None,
                    None,
                    "Tried to stack elements of an empty list with non-fully-defined element_shape.",
                )
            return np.zeros((0, *dims), self.dtype._np)
        parts = [self.element(i, shape) for i in range(self.length)]
        for p in parts:
            if p.shape != parts[0].shape:
                raise errors.InvalidArgumentError(
                    None,
                    None,
                    f"Tried to stack list elements of different shapes: {list(parts[0].shape)} and {list(p.shape)}.",
                )
        return np.stack(parts)


def _list(handle: np.ndarray) -> HostList:
    return handle.item()


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
                _put(b, buffer, other.index, b.add(_take(b, buffer, other.index), other.item))
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
            self.buffer = _put(b, super().ready(b, self.item.shape), self.index, self.item)
        return self.buffer


def _starts(b: Any, index: Any, rank: int) -> list[Any]:
    return [index] + [b.constant(0, index.dtype)] * rank


def _put(b: Any, buffer: Any, index: Any, item: Any) -> Any:
    if not buffer.shape[0]:
        raise b.cannot("something is put into a list without room")
    if item.shape != buffer.shape[1:]:
        raise b.cannot(
            f"elements of different shapes ({list(buffer.shape[1:])} and {list(item.shape)}) are put into one list"
        )
    return b.dynamic_update_slice(
        buffer, b.reshape(item, (1, *item.shape)), _starts(b, index, len(item.shape))
    )


def _take(b: Any, buffer: Any, index: Any) -> Any:
    element = buffer.shape[1:]
    return b.reshape(b.dynamic_slice(buffer, _starts(b, index, len(element)), (1, *element)), element)


def _element_shape(value: Any) -> tuple[int, ...] | None:
    dims = np.asarray(value)
    return None if dims.ndim == 0 or (dims < 0).any() else tuple(int(d) for d in dims)


# ------------------------------------------------------------------------------------------------------------------- ops
def _handle(c: ShapeContext) -> Raw:
    return ()


def _partial_element(c: ShapeContext, i: int) -> Raw:
    value = c.value(i)
    if value is not None and np.ndim(value) == 0:
        return None
    return c.partial(i)


def _lower_empty(b: Any, element_shape: Any, max_num_elements: Any, element_dtype: DType) -> ListValue:
    limit = int(np.asarray(max_num_elements))
    return ListValue(
        None, 0, element_dtype, ElementSpec(_element_shape(element_shape), limit if limit >= 0 else None)
    )


EMPTY = OpDef(
    "EmptyTensorList",
    "element_shape: shape_type, max_num_elements: int32 -> handle: variant",
    attrs={"element_dtype": REQUIRED},
    shape=_handle,
    static=("element_shape", "max_num_elements"),
    kernel=lambda element_shape, limit, element_dtype: boxed(HostList([], 0, element_dtype)),
    lower=_lower_empty,
    grad=not_differentiable,
)


def _reserve(element_shape: np.ndarray, n: np.ndarray, element_dtype: DType) -> np.ndarray:
    if int(n) < 0:
        raise errors.InvalidArgumentError(
            None, None, f"The num_elements to reserve must be a non negative number, but got {int(n)}"
        )
    return boxed(HostList([None] * int(n), int(n), element_dtype))


RESERVE = OpDef(
    "TensorListReserve",
    "element_shape: shape_type, num_elements: int32 -> handle: variant",
    attrs={"element_dtype": REQUIRED},
    shape=_handle,
    static=("element_shape", "num_elements"),
    kernel=_reserve,
    grad=not_differentiable,
    lower=lambda b, shape, n, element_dtype: ListValue(
        None, int(n), element_dtype, ElementSpec(_element_shape(shape), int(n))
    ),
)


def _lower_push(b: Any, handle: ListValue, x: Any) -> ListValue:
    if isinstance(x, ListValue):
        if not isinstance(x.length, int):
            raise b.cannot("lists whose lengths are not known are put into a list")
        inner, x = (x.dtype, x.length), x.ready(b)
        if handle.spec.inner is not None and handle.spec.inner != inner:
            raise b.cannot("lists of different lengths are put into a list")
        handle.spec.inner = inner
    buffer = handle.ready(b, x.shape)
    length = (
        handle.length + 1
        if isinstance(handle.length, int)
        else b.add(handle.length, b.constant(1, dtypes.int32))
    )
    return handle.with_buffer(_put(b, buffer, handle.size(b), x), length)


def _pop_grad(op: Any, d_list: Any, dx: Any) -> list[Any]:
    rest, popped = op.outputs
    return [
        PUSH(
            _zeros_list(rest) if d_list is None else d_list, lookup("ZerosLike")(popped) if dx is None else dx
        ),
        None,
    ]


PUSH = OpDef(
    "TensorListPushBack",
    "input_handle: variant, tensor: element_dtype -> output_handle: variant",
    shape=_handle,
    lower=_lower_push,
    checked=True,
    kernel=lambda handle, x: boxed(_list(handle).push(x)),
    grad=lambda op, d: list(POP(d, lookup("Shape")(op.inputs[1]), element_dtype=op.inputs[1]._dtype)),
)


def _pop(handle: np.ndarray, shape: np.ndarray, element_dtype: DType) -> list[np.ndarray]:
    values = _list(handle)
    if not values.length:
        raise errors.InvalidArgumentError(None, None, "Trying to pop from an empty list.")
    return [
        boxed(HostList(values.items, values.length - 1, values.dtype)),
        values.element(values.length - 1, shape),
    ]


def _lower_pop(b: Any, handle: ListValue, shape: Any, element_dtype: DType) -> list[Any]:
    buffer = handle.ready(b, _element_shape(shape) if type(shape) is np.ndarray else None)
    length = (
        handle.length - 1
        if isinstance(handle.length, int)
        else b.sub(handle.length, b.constant(1, dtypes.int32))
    )
    index = b.constant(length, dtypes.int32) if isinstance(length, int) else length
    return [handle.with_buffer(buffer, length), _element(handle, _take(b, buffer, index))]


def _element(handle: ListValue, item: Any) -> Any:
    """An element as what it is: a tensor, or a list."""
    if handle.spec.inner is None:
        return item
    dtype, length = handle.spec.inner
    return ListValue(item, length, dtype, ElementSpec(item.shape[1:], item.shape[0]))


POP: OpDef = OpDef(
    "TensorListPopBack",
    "input_handle: variant, element_shape: int32 -> output_handle: variant, tensor: element_dtype",
    attrs={"element_dtype": REQUIRED},
    shape=lambda c: [(), _partial_element(c, 1)],
    hints=("element_shape",),
    kernel=_pop,
    lower=_lower_pop,
    grad=_pop_grad,
)


def _lower_get(b: Any, handle: ListValue, index: Any, shape: Any, element_dtype: DType) -> Any:
    _check_index(b, handle, index)
    return _take(b, handle.ready(b, _element_shape(shape) if type(shape) is np.ndarray else None), index)


def _check_index(b: Any, handle: ListValue, index: Any) -> None:
    known = b.literal(index)
    if isinstance(handle.length, int) and not (known is not None and 0 <= known < handle.length):
        b.check_indices(index, handle.length, "the index of an element of a TensorArray")


def _get_grad(op: Any, dx: Any) -> list[Any]:
    handle, index = op.inputs[0], op.inputs[1]
    empty = RESERVE(lookup("Shape")(op.outputs[0]), LENGTH(handle), element_dtype=dx._dtype)
    return [SET(empty, index, dx), None, None]


GET = OpDef(
    "TensorListGetItem",
    "input_handle: variant, index: int32, element_shape: int32 -> item: element_dtype",
    attrs={"element_dtype": REQUIRED},
    shape=lambda c: _partial_element(c, 2),
    hints=("element_shape",),
    lower=_lower_get,
    grad=_get_grad,
    kernel=lambda handle, i, shape, element_dtype: _list(handle).element(int(i), shape),
)


def _set(
    handle: np.ndarray, index: np.ndarray, x: np.ndarray, resize_if_index_out_of_bounds: bool
) -> np.ndarray:
    values, i = _list(handle), int(index)
    if i >= values.length and resize_if_index_out_of_bounds:
        values = HostList(
            values.items[: values.length] + [None] * (i + 1 - values.length), i + 1, values.dtype
        )
    if not 0 <= i < values.length:
        raise errors.InvalidArgumentError(
            None, None, f"Trying to modify element {i} in a list with {values.length} elements."
        )
    return boxed(values.replace(i, x))


def _lower_set(
    b: Any, handle: ListValue, index: Any, x: Any, resize_if_index_out_of_bounds: bool
) -> ListValue:
    if isinstance(x, ListValue):
        raise b.cannot("a list is put into a TensorArray")
    if resize_if_index_out_of_bounds:
        raise b.cannot("a TensorArray of dynamic size grows")
    _check_index(b, handle, index)
    if handle.buffer is None and not isinstance(handle, Single) and handle.spec.capacity is not None:
        return Single(handle, index, x)
    return handle.with_buffer(_put(b, handle.ready(b, x.shape), index, x))


def _set_grad(op: Any, d: Any) -> list[Any]:
    index, x = op.inputs[1], op.inputs[2]
    dx = GET(d, index, lookup("Shape")(x), element_dtype=x._dtype)
    return [SET(d, index, lookup("ZerosLike")(x)), None, dx]


SET = OpDef(
    "TensorListSetItem",
    "input_handle: variant, index: int32, item: element_dtype -> output_handle: variant",
    attrs={"resize_if_index_out_of_bounds": False},
    shape=_handle,
    kernel=_set,
    lower=_lower_set,
    grad=_set_grad,
    checked=True,
)
LENGTH = OpDef(
    "TensorListLength",
    "input_handle: variant -> length: int32",
    shape=_handle,
    kernel=lambda handle: np.asarray(_list(handle).length, np.int32),
    grad=not_differentiable,
    lower=lambda b, handle: (
        np.asarray(handle.length, np.int32) if isinstance(handle.length, int) else handle.length
    ),
)


def _lower_stack(b: Any, handle: ListValue, shape: Any, element_dtype: DType, num_elements: int) -> Any:
    buffer = handle.ready(b, _element_shape(shape) if type(shape) is np.ndarray else None)
    length = handle.length if isinstance(handle.length, int) else num_elements
    if isinstance(handle.length, int) or num_elements >= 0:
        return b.slice(buffer, [0] * len(buffer.shape), (length, *buffer.shape[1:]))
    raise b.cannot("a list of unknown length is stacked")


def _stack_shape(c: ShapeContext) -> Raw:
    element = _partial_element(c, 1)
    n = c.attrs["num_elements"]
    return None if element is None else (n if n >= 0 else None, *element)


STACK = OpDef(
    "TensorListStack",
    "input_handle: variant, element_shape: int32 -> tensor: element_dtype",
    attrs={"element_dtype": REQUIRED, "num_elements": -1},
    shape=_stack_shape,
    hints=("element_shape",),
    lower=_lower_stack,
    grad=lambda op, g: [FROM_TENSOR(g, op.inputs[1]), None],
    kernel=lambda handle, shape, element_dtype, num_elements: _list(handle).stack(shape),
)


def _lower_from_tensor(b: Any, x: Any, shape: Any) -> ListValue:
    return ListValue(x, x.shape[0], x.dtype, ElementSpec(x.shape[1:], x.shape[0]))


FROM_TENSOR: OpDef = OpDef(
    "TensorListFromTensor",
    "tensor: element_dtype, element_shape: shape_type -> output_handle: variant",
    shape=_handle,
    lower=_lower_from_tensor,
    kernel=lambda x, shape: boxed(HostList(_elements(x), len(x), dtypes.from_numpy(x.dtype))),
    grad=lambda op, d: [
        STACK(
            d,
            lookup("Slice")(lookup("Shape")(op.inputs[0]), [1], [-1]),
            element_dtype=op.inputs[0]._dtype,
            num_elements=-1
            if not op.inputs[0]._raw_shape or op.inputs[0]._raw_shape[0] is None
            else op.inputs[0]._raw_shape[0],
        ),
        None,
    ],
)


def _concat(
    handle: np.ndarray, shape: np.ndarray, leading: np.ndarray, element_dtype: DType
) -> list[np.ndarray]:
    values = _list(handle)
    parts = [values.element(i, shape) for i in range(values.length)]
    if any(p.ndim == 0 for p in parts):
        raise errors.InvalidArgumentError(
            None, None, "Concat saw a scalar shape at index 0 but requires at least vectors."
        )
    if not parts:
        dims = np.atleast_1d(shape).tolist() if np.ndim(shape) else None
        if dims is None or -1 in dims[1:]:
            raise errors.InvalidArgumentError(
                None,
                None,
                "All except the first dimension must be fully defined when concating an empty tensor list.",
            )
        return [np.zeros((0, *dims[1:]), element_dtype._np), np.zeros(0, np.int64)]
    return [np.concatenate(parts), np.asarray([len(p) for p in parts], np.int64)]


def _split(x: np.ndarray, shape: np.ndarray, lengths: np.ndarray) -> np.ndarray:
    if lengths.sum() != len(x):
        raise errors.InvalidArgumentError(
            None,
            None,
            f"Expected sum of lengths to be equal to values.shape[0] = {len(x)}, but it is {lengths.sum()}.",
        )
    return boxed(
        HostList(
            np.split(x, np.cumsum(lengths)[:-1]) if len(lengths) else [],
            len(lengths),
            dtypes.from_numpy(x.dtype),
        )
    )


def _concat_shape(c: ShapeContext) -> list[Raw]:
    element = _partial_element(c, 1)
    return [None if element is None else (None, *element[1:]), (None,)]


# Elements of different lengths: on the host. (`TensorArray.concat` of equal ones is a stack.)
CONCAT = OpDef(
    "TensorListConcatV2",
    "input_handle: variant, element_shape: shape_type, leading_dims: int64 -> tensor: element_dtype, lengths: int64",
    attrs={"element_dtype": REQUIRED},
    shape=_concat_shape,
    kernel=_concat,
    grad=lambda op, g, _: [SPLIT(g, op.inputs[1], op.outputs[1]), None, None],
    host=True,
)
SPLIT: OpDef = OpDef(
    "TensorListSplit",
    "tensor: element_dtype, element_shape: shape_type, lengths: int64 -> output_handle: variant",
    shape=_handle,
    kernel=_split,
    host=True,
    grad=lambda op, d: [
        CONCAT(d, op.inputs[1], np.zeros(0, np.int64), element_dtype=op.inputs[0]._dtype)[0],
        None,
        None,
    ],
)


def _resize(handle: np.ndarray, size: np.ndarray) -> np.ndarray:
    values, n = _list(handle), int(size)
    items = values.items[: min(values.length, n)]
    return boxed(HostList(items + [None] * (n - len(items)), n, values.dtype))


RESIZE: OpDef = OpDef(
    "TensorListResize",
    "input_handle: variant, size: int32 -> output_handle: variant",
    shape=_handle,
    kernel=_resize,
    grad=lambda op, d: [RESIZE(d, LENGTH(op.inputs[0])), None],
)


def _zeros_list(handle: Any) -> Any:
    return lookup("ZerosLike")(handle)
