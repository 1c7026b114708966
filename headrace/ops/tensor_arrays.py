"""Arrays of tensors with a state of their own, as TensorFlow 1.x's graphs have them where gradients are taken. Graphs built here
use TensorLists; these ops are for imported ones. They run on the host."""

from __future__ import annotations

from typing import Any

import numpy as np

from headrace.core import shapes
from headrace.core.dtypes import DType
from headrace.core.errors import invalid
from headrace.core.op import REQUIRED, OpDef, ShapeContext
from headrace.core.shapes import Raw
from headrace.core.tape import not_differentiable
from headrace.core.tensor import boxed

from .state import HostResource


class Array(HostResource):
    """A TensorArray. `gradients` are the arrays of its elements' gradients, by the name of what asked for them; writing twice
    to one of those adds."""

    def __init__(self, dtype: DType, n: int, shape: Raw, grows: bool, adds: bool = False) -> None:
        self.dtype, self.element, self.grows, self.adds = dtype, shape, grows, adds
        self.items: list[np.ndarray | None] = [None] * n
        self.gradients: dict[str, Array] = {}

    def write(self, i: int, x: np.ndarray) -> None:
        if i < 0 or (i >= len(self.items) and not self.grows):
            raise invalid(
                f"Tried to write to index {i} but array is not resizeable and size is: {len(self.items)}"
            )
        if not shapes.compatible(self.element, x.shape):
            raise invalid(f"Could not write to TensorArray index {i} because the value shape is {list(x.shape)} which is incompatible "
                f"with the TensorArray's inferred element shape: {shapes.text(self.element)}.")  # fmt: skip
        self.items += [None] * (i + 1 - len(self.items))
        before = self.items[i]
        if before is not None and not self.adds:
            raise invalid(f"Could not write to TensorArray index {i} because it has already been written to.")
        self.items[i] = x if before is None else before + x

    def read(self, i: int) -> np.ndarray:
        if not 0 <= i < len(self.items):
            raise invalid(f"Tried to read from index {i} but array size is: {len(self.items)}")
        item = self.items[i]
        if item is None:
            shape = next((x.shape for x in self.items if x is not None), self.element)
            if shape is None or None in shape:
                raise invalid(
                    f"Could not read from TensorArray index {i}: it was not written, and its shape is not known."
                )
            return np.zeros(shape, self.dtype._np)  # type: ignore[arg-type]
        return item

    def gather(self, indices: np.ndarray, shape: Raw) -> np.ndarray:
        if not indices.size:
            known = shape if shapes.known(shape) else self.element
            if known is None or None in known:
                raise invalid("TensorArray has size zero, but element shape is not fully defined.")
            return np.zeros((0, *known), self.dtype._np)  # type: ignore[arg-type]
        return np.stack([self.read(int(i)) for i in indices.reshape(-1)])

    def gradient(self, source: str, lead: tuple[int, ...] = ()) -> Array:
        found = self.gradients.get(source)
        if found is None:
            shape = None if self.element is None else (*lead, *self.element)
            found = self.gradients[source] = Array(self.dtype, len(self.items), shape, False, adds=True)
            found.items = [None if x is None else np.zeros((*lead, *x.shape), x.dtype) for x in self.items]
        return found


_FLOW = np.zeros((), np.float32)


def _make(
    size: np.ndarray, dtype: DType, element_shape: Raw, dynamic_size: bool, **_: Any
) -> list[np.ndarray]:
    return [boxed(Array(dtype, int(size), element_shape, dynamic_size)), _FLOW]


def _op(name: str, signature: str, kernel: Any, shape: Any, attrs: dict[str, Any], doc: str) -> OpDef:
    return OpDef(
        name, signature, attrs=attrs, shape=shape, kernel=kernel, stateful=True, host=True,
        grad=not_differentiable, doc=doc,
    )  # fmt: skip


def _write(handle: np.ndarray, i: np.ndarray, x: np.ndarray, flow: np.ndarray) -> np.ndarray:
    handle.item().write(int(i), x)
    return _FLOW


def _scatter(handle: np.ndarray, indices: np.ndarray, x: np.ndarray, flow: np.ndarray) -> np.ndarray:
    for k, i in enumerate(indices.reshape(-1).tolist()):
        handle.item().write(i, x[k, ...])
    return _FLOW


def _concat(
    handle: np.ndarray, flow: np.ndarray, dtype: DType, element_shape_except0: Raw
) -> list[np.ndarray]:
    array = handle.item()
    parts = [array.read(i) for i in range(len(array.items))]
    lengths = np.asarray([len(p) for p in parts], np.int64)
    if not parts:
        if not shapes.known(element_shape_except0):
            raise invalid("An empty TensorArray cannot be concatenated: the shape is not known.")
        return [np.zeros((0, *(element_shape_except0 or ())), dtype._np), lengths]  # type: ignore[arg-type]
    return [np.concatenate(parts), lengths]


def _split(handle: np.ndarray, x: np.ndarray, lengths: np.ndarray, flow: np.ndarray) -> np.ndarray:
    ends = np.cumsum(lengths)
    if (int(ends[-1]) if len(ends) else 0) != len(x):
        raise invalid(
            f"Expected sum of lengths to be equal to values.shape[0], but sum of lengths is {ends[-1:]} and value's shape is: "
            f"{list(x.shape)}"
        )
    for i, part in enumerate(np.split(x, ends[:-1]) if len(ends) else []):
        handle.item().write(i, part)
    return _FLOW


def _gathered(c: ShapeContext) -> Raw:
    element = c.attrs["element_shape"]
    return None if element is None or c[1] is None else (*c[1], *element)


_op(
    "TensorArrayV3", "size: int32 -> handle: resource, flow: float32", _make, lambda c: [None, ()],
    {"dtype": REQUIRED, "element_shape": None, "dynamic_size": False, "clear_after_read": True,
     "identical_element_shapes": False, "tensor_array_name": ""},
    "An array of tensors; `flow` orders what is done with it.",
)  # fmt: skip
_op(
    "TensorArrayWriteV3", "handle: resource, index: int32, value: T, flow_in: float32 -> flow_out: float32", _write,
    lambda c: (), {}, "Puts a tensor into an array.",
)  # fmt: skip
_op(
    "TensorArrayReadV3", "handle: resource, index: int32, flow_in: float32 -> value: dtype",
    lambda handle, i, flow, dtype: handle.item().read(int(i)), lambda c: None, {"dtype": REQUIRED}, "One element of an array.",
)  # fmt: skip
_op(
    "TensorArrayGatherV3", "handle: resource, indices: int32, flow_in: float32 -> value: dtype",
    lambda handle, indices, flow, dtype, element_shape: handle.item().gather(indices, element_shape), _gathered,
    {"dtype": REQUIRED, "element_shape": None}, "Elements of an array, as one tensor.",
)  # fmt: skip
_op(
    "TensorArrayScatterV3", "handle: resource, indices: int32, value: T, flow_in: float32 -> flow_out: float32",
    _scatter, lambda c: (), {}, "Puts the rows of a tensor into an array.",
)  # fmt: skip
_op(
    "TensorArrayConcatV3", "handle: resource, flow_in: float32 -> value: dtype, lengths: int64", _concat,
    lambda c: [None, (None,)], {"dtype": REQUIRED, "element_shape_except0": None}, "All elements, one behind the other.",
)  # fmt: skip
_op(
    "TensorArraySplitV3", "handle: resource, value: T, lengths: int64, flow_in: float32 -> flow_out: float32", _split,
    lambda c: (), {}, "Puts parts of a tensor into an array.",
)  # fmt: skip
_op(
    "TensorArraySizeV3", "handle: resource, flow_in: float32 -> size: int32",
    lambda handle, flow: np.asarray(len(handle.item().items), np.int32), lambda c: (), {}, "How many elements an array has.",
)  # fmt: skip
_op(
    "TensorArrayCloseV3", "handle: resource ->", lambda handle: [], lambda c: [], {}, "Says that an array is not used any more.",
)  # fmt: skip
_op(
    "TensorArrayGradV3", "handle: resource, flow_in: float32 -> grad_handle: resource, flow_out: float32",
    lambda handle, flow, source: [boxed(handle.item().gradient(source)), _FLOW], lambda c: [None, ()],
    {"source": REQUIRED}, "The array of the gradients of an array's elements.",
)  # fmt: skip
_op(
    "TensorArrayGradWithShape",
    "handle: resource, flow_in: float32, shape_to_prepend: int32 -> grad_handle: resource, flow_out: float32",
    lambda handle, flow, lead, source: [boxed(handle.item().gradient(source, tuple(lead.tolist()))), _FLOW],
    lambda c: [None, ()], {"source": REQUIRED}, "The array of gradients whose shapes begin with more dimensions.",
)  # fmt: skip

__all__ = ["Array"]
