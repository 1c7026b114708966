"""TensorLists read and written at several places at once, as graphs of other programs do it (ours stack and unstack)."""

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

from .list_values import HostList, ListValue, element_dims, elements
from .tensor_list import CONCAT, _partial_element


def _host_element_shape(handle: np.ndarray, shape_type: DType) -> np.ndarray:
    values = handle.item()
    found = next((x.shape for x in values.items[: values.length] if x is not None), None)
    return np.asarray(-1 if found is None else found, shape_type._np)


def _lower_element_shape(b: Any, handle: ListValue, shape_type: DType) -> np.ndarray:
    shape = handle.spec.shape if handle.buffer is None else handle.buffer.shape[1:]
    return np.asarray(-1 if shape is None else shape, shape_type._np)


OpDef(
    "TensorListElementShape",
    "input_handle: variant -> element_shape: shape_type",
    attrs={"shape_type": REQUIRED},
    shape=lambda c: None,
    kernel=_host_element_shape,
    lower=_lower_element_shape,
    grad=not_differentiable,
    doc="The shape that the elements of a list have; -1 as long as nothing tells.",
)


def _gather_shape(c: ShapeContext) -> Raw:
    element = _partial_element(c, 2)
    return None if element is None or c[1] is None else (*c[1], *element)


def _gather(handle: np.ndarray, indices: np.ndarray, shape: np.ndarray, element_dtype: DType) -> np.ndarray:
    values = handle.item()
    if not indices.size:
        return np.zeros((0, *values._dims(shape)), element_dtype._np)
    return np.stack([values.element(int(i), shape) for i in indices.reshape(-1)])


def _lower_gather(b: Any, handle: ListValue, indices: Any, shape: Any, element_dtype: DType) -> Any:
    buffer = handle.ready(b, element_dims(shape) if type(shape) is np.ndarray else None)
    return lookup("GatherV2").lower(b, buffer, indices, np.asarray(0, np.int32), batch_dims=0)  # type: ignore[misc]


def _gather_grad(op: Any, g: Any) -> list[Any]:
    handle, indices, shape = op.inputs
    return [SCATTER_V2(g, indices, shape, lookup("TensorListLength")(handle)), None, None]


GATHER = OpDef(
    "TensorListGather",
    "input_handle: variant, indices: int32, element_shape: int32 -> values: element_dtype",
    attrs={"element_dtype": REQUIRED},
    shape=_gather_shape,
    hints=("element_shape",),
    kernel=_gather,
    lower=_lower_gather,
    grad=_gather_grad,
    doc="The elements of a list at `indices`, as one tensor.",
)


def _scatter(x: np.ndarray, indices: np.ndarray, shape: np.ndarray, n: Any = -1) -> np.ndarray:
    places = indices.reshape(-1).tolist()
    if len(places) != len(x):
        raise invalid(f"Invalid number of rows in input tensor. Expected: {len(places)} Actual: {len(x)}")
    if any(i < 0 for i in places):
        raise invalid("Indices in TensorListScatter must all be non-negative.")
    length = max([*places, -1]) + 1
    if int(n) >= 0:
        if length > int(n):
            raise invalid(
                f"TensorListScatter: Trying to scatter at index {length - 1} in list with size {int(n)}"
            )
        length = int(n)
    items: list[Any] = [None] * length
    for i, item in zip(places, elements(x)):
        items[i] = item
    return boxed(HostList(items, length, dtypes.from_numpy(x.dtype)))


def _scatter_grad(op: Any, d: Any) -> list[Any]:
    x, indices = op.inputs[0], op.inputs[1]
    shape = lookup("Slice")(lookup("Shape")(x), [1], [-1])
    return [GATHER(d, indices, shape, element_dtype=x._dtype), *[None] * (len(op.inputs) - 1)]


OpDef(
    "TensorListScatter",
    "tensor: element_dtype, indices: int32, element_shape: shape_type -> output_handle: variant",
    shape=lambda c: (),
    kernel=_scatter,
    host=True,
    grad=_scatter_grad,
    doc="A list with the rows of a tensor at `indices`.",
)
SCATTER_V2 = OpDef(
    "TensorListScatterV2",
    "tensor: element_dtype, indices: int32, element_shape: shape_type, num_elements: int32 -> output_handle: variant",
    shape=lambda c: (),
    kernel=_scatter,
    host=True,
    grad=_scatter_grad,
    doc="A list of `num_elements` with the rows of a tensor at `indices`.",
)


def _scatter_into(handle: np.ndarray, x: np.ndarray, indices: np.ndarray) -> np.ndarray:
    values = handle.item()
    items = list(values.items[: values.length])
    for i, item in zip(indices.reshape(-1).tolist(), elements(x), strict=True):
        items += [None] * (i + 1 - len(items))
        items[i] = item
    return boxed(HostList(items, len(items), values.dtype))


def _lower_scatter_into(b: Any, handle: ListValue, x: Any, indices: Any) -> ListValue:
    buffer = handle.ready(b, x.shape[1:])
    if buffer.shape[1:] != x.shape[1:]:
        raise b.cannot("elements of different shapes are put into one list")
    b.check_indices(indices, buffer.shape[0])
    return handle.with_buffer(
        b.scatter(
            buffer, indices, x, None, window_dims=range(1, len(x.shape)), inserted=[0], dims_map=[0], index_dim=1
        )
    )  # fmt: skip


OpDef(
    "TensorListScatterIntoExistingList",
    "input_handle: variant, tensor: element_dtype, indices: int32 -> output_handle: variant",
    shape=lambda c: (),
    kernel=_scatter_into,
    lower=_lower_scatter_into,
    doc="A list with the rows of a tensor put at `indices`.",
)


def _concat_v1_shape(c: ShapeContext) -> list[Raw]:
    element = c.attrs["element_shape"]
    return [None if element is None else (None, *element[1:]), (None,)]


OpDef(
    "TensorListConcat",
    "input_handle: variant -> tensor: element_dtype, lengths: int64",
    attrs={"element_dtype": REQUIRED, "element_shape": None},
    shape=_concat_v1_shape,
    kernel=lambda handle, element_dtype, element_shape: CONCAT.kernel(  # type: ignore[misc]
        handle,
        np.asarray(
            -1 if element_shape is None else [-1 if d is None else d for d in element_shape], np.int64
        ),
        np.zeros(0, np.int64),
        element_dtype=element_dtype,
    ),
    host=True,
    doc="The elements of a list, one behind the other, and how many rows each has.",
)
OpDef(
    "TensorListConcatLists",
    "input_a: variant, input_b: variant -> output: variant",
    attrs={"element_dtype": REQUIRED},
    shape=lambda c: (),
    kernel=lambda a, b, element_dtype: boxed(
        HostList(
            [*a.item().items[: a.item().length], *b.item().items[: b.item().length]],
            a.item().length + b.item().length,
            element_dtype,
        )
    ),
    host=True,
    doc="Two lists, one behind the other.",
)
OpDef(
    "TensorListPushBackBatch",
    "input_handles: variant, tensor: element_dtype -> output_handles: variant",
    shape=lambda c: c[0],
    kernel=lambda handles, x: np.array(
        [h.push(item) for h, item in zip(handles.reshape(-1), elements(x), strict=True)], object
    ).reshape(handles.shape),
    host=True,
    doc="Lists, each with one row of a tensor pushed onto it.",
)

__all__ = ["GATHER", "SCATTER_V2"]
