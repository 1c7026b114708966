"""The ops of TensorLists: what TensorArrays and the stacks of loop gradients are made of."""

from __future__ import annotations

from typing import Any

import numpy as np

from headrace.core import dtypes
from headrace.core.dtypes import DType
from headrace.core.errors import invalid
from headrace.core.op import REQUIRED, OpDef, ShapeContext, lookup
from headrace.core.shapes import Raw
from headrace.core.tape import not_differentiable
from headrace.core.tensor import boxed

from .list_values import ElementSpec, HostList, ListValue, Single, element_dims, elements, put, take


def _list(handle: np.ndarray) -> HostList:
    return handle.item()


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
        None, 0, element_dtype, ElementSpec(element_dims(element_shape), limit if limit >= 0 else None)
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
        raise invalid(f"The num_elements to reserve must be a non negative number, but got {int(n)}")
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
        None, int(n), element_dtype, ElementSpec(element_dims(shape), int(n))
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
    return handle.with_buffer(put(b, buffer, handle.size(b), x), length)


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
        raise invalid("Trying to pop from an empty list.")
    return [
        boxed(HostList(values.items, values.length - 1, values.dtype)),
        values.element(values.length - 1, shape),
    ]


def _lower_pop(b: Any, handle: ListValue, shape: Any, element_dtype: DType) -> list[Any]:
    buffer = handle.ready(b, element_dims(shape) if type(shape) is np.ndarray else None)
    length = (
        handle.length - 1
        if isinstance(handle.length, int)
        else b.sub(handle.length, b.constant(1, dtypes.int32))
    )
    index = b.constant(length, dtypes.int32) if isinstance(length, int) else length
    return [handle.with_buffer(buffer, length), _element(handle, take(b, buffer, index))]


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
    return take(b, handle.ready(b, element_dims(shape) if type(shape) is np.ndarray else None), index)


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
        raise invalid(f"Trying to modify element {i} in a list with {values.length} elements.")
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
    return handle.with_buffer(put(b, handle.ready(b, x.shape), index, x))


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
    buffer = handle.ready(b, element_dims(shape) if type(shape) is np.ndarray else None)
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
    kernel=lambda x, shape: boxed(HostList(elements(x), len(x), dtypes.from_numpy(x.dtype))),
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
        raise invalid("Concat saw a scalar shape at index 0 but requires at least vectors.")
    if not parts:
        dims = np.atleast_1d(shape).tolist() if np.ndim(shape) else None
        if dims is None or -1 in dims[1:]:
            raise invalid(
                "All except the first dimension must be fully defined when concating an empty tensor list."
            )
        return [np.zeros((0, *dims[1:]), element_dtype._np), np.zeros(0, np.int64)]
    return [np.concatenate(parts), np.asarray([len(p) for p in parts], np.int64)]


def _split(x: np.ndarray, shape: np.ndarray, lengths: np.ndarray) -> np.ndarray:
    if lengths.sum() != len(x):
        raise invalid(
            f"Expected sum of lengths to be equal to values.shape[0] = {len(x)}, but it is {lengths.sum()}."
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
