"""TensorArrays of TensorFlow 1.x as TensorLists: the array's state, which its ops change there, is the value that flows from op
to op here (`flow`). Loops over them compile then.

Gradients of such arrays write to a second array that the first one has; graphs that hold these keep the ops as they are
(`ops/tensor_arrays.py`), which run on the host."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from headrace.core import dtypes
from headrace.core.dtypes import DType
from headrace.core.graph import Operation
from headrace.core.op import lookup
from headrace.core.shapes import Raw, compatible, merge
from headrace.io.tensor_proto import raw_shape

from .attributes import Malformed, dtype_of
from .nodes import Node

if TYPE_CHECKING:
    from .operations import Scope


class ArrayHandle:
    """What stands for the handle of an array: what is known of its elements."""

    def __init__(self, dtype: DType, shape: Raw, grows: bool) -> None:
        self._dtype, self.shape, self.grows = dtypes.resource, shape, grows
        self.element = dtype

    def within(self, graph: Any) -> ArrayHandle:
        return self

    def knows(self, shape: Raw) -> None:
        if compatible(self.shape, shape):
            self.shape = merge(self.shape, shape)


def _handle(scope: Scope, node: Node) -> ArrayHandle:
    x = scope.raw(node, 0)
    if not isinstance(x, ArrayHandle):
        raise Malformed(f"Input 0 of node {scope.prefix}{node.name} must be the handle of a TensorArray")
    return x


def _add(scope: Scope, node: Node, op: str, inputs: list[Any], attrs: dict[str, Any]) -> Operation:
    row = lookup(op)
    made = scope.add_op(row, node, inputs, {**row.attrs, **attrs}, scope.controls(node))
    scope.tensors[node.name], scope.operations[node.name] = list(made.outputs), made
    return made


def _shape(scope: Scope, shape: Raw) -> Any:
    value = np.asarray(-1 if shape is None else [-1 if d is None else d for d in shape], np.int32)
    return scope.graph.constant(value, dtypes.int32)


def make(scope: Scope, node: Node) -> None:
    attr = node.message.attr
    handle = ArrayHandle(
        dtype_of(attr["dtype"].type),
        raw_shape(attr["element_shape"].shape) if "element_shape" in attr else None,
        attr["dynamic_size"].b,
    )
    inputs = [_shape(scope, handle.shape), scope.value(node, 0)]
    made = _add(scope, node, "TensorListReserve", inputs, {"element_dtype": handle.element})
    scope.tensors[node.name] = [handle, made.outputs[0]]


def write(scope: Scope, node: Node) -> None:
    handle = _handle(scope, node)
    value = scope.value(node, 2)
    inputs = [scope.value(node, 3), scope.value(node, 1), value]
    _add(scope, node, "TensorListSetItem", inputs, {"resize_if_index_out_of_bounds": handle.grows})


def read(scope: Scope, node: Node) -> None:
    handle = _handle(scope, node)
    inputs = [scope.value(node, 2), scope.value(node, 1), _shape(scope, handle.shape)]
    _add(scope, node, "TensorListGetItem", inputs, {"element_dtype": handle.element})


def gather(scope: Scope, node: Node) -> None:
    handle = _handle(scope, node)
    attr = node.message.attr
    shape = handle.shape
    if "element_shape" in attr and compatible(shape, raw_shape(attr["element_shape"].shape)):
        shape = merge(shape, raw_shape(attr["element_shape"].shape))
    inputs = [scope.value(node, 2), scope.value(node, 1), _shape(scope, shape)]
    _add(scope, node, "TensorListGather", inputs, {"element_dtype": handle.element})


def scatter(scope: Scope, node: Node) -> None:
    handle = _handle(scope, node)
    value = scope.value(node, 2)
    if value._raw_shape is not None:
        handle.knows(value._raw_shape[1:])
    inputs = [scope.value(node, 3), value, scope.value(node, 1)]
    _add(scope, node, "TensorListScatterIntoExistingList", inputs, {})


def concat(scope: Scope, node: Node) -> None:
    handle = _handle(scope, node)
    rest = None if handle.shape is None else (None, *handle.shape[1:])
    inputs = [
        scope.value(node, 1),
        _shape(scope, rest),
        scope.graph.constant(np.zeros(0, np.int64), dtypes.int64),
    ]
    _add(scope, node, "TensorListConcatV2", inputs, {"element_dtype": handle.element})


def split(scope: Scope, node: Node) -> None:
    value, lengths = scope.value(node, 1), scope.value(node, 2)
    rest = None if value._raw_shape is None else (None, *value._raw_shape[1:])
    _add(scope, node, "TensorListSplit", [value, _shape(scope, rest), lengths], {})


def size(scope: Scope, node: Node) -> None:
    _add(scope, node, "TensorListLength", [scope.value(node, 1)], {})


def close(scope: Scope, node: Node) -> None:
    _add(scope, node, "NoOp", [], {})


RULES = {
    "TensorArrayV3": make, "TensorArrayWriteV3": write, "TensorArrayReadV3": read, "TensorArrayGatherV3": gather,
    "TensorArrayScatterV3": scatter, "TensorArrayConcatV3": concat, "TensorArraySplitV3": split,
    "TensorArraySizeV3": size, "TensorArrayCloseV3": close,
}  # fmt: skip

__all__ = ["RULES", "ArrayHandle"]
