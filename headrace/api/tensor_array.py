"""`tf.TensorArray`: a list of tensors written and read one at a time, for use in loops."""

from __future__ import annotations

from typing import Any

import numpy as np

from headrace.core import dtypes, errors, shapes
from headrace.core.convert import to_tensor
from headrace.core.dtypes import as_dtype
from headrace.core.errors import invalid
from headrace.core.op import lookup
from headrace.core.scoping import scoped
from headrace.core.shapes import Raw, TensorShape, as_raw
from headrace.core.specs import CompositeTensor, TensorSpec, TypeSpec
from headrace.core.state import state
from headrace.core.static import static_value
from headrace.core.tensor import Tensor
from headrace.ops import tensor_list as ops


class TensorArray(CompositeTensor):
    """A per-element-write list of tensors.

    Every write returns the array to use from then on. `size` may be a tensor; `dynamic_size` lets writes grow it.

    >>> import headrace as tf
    >>> a = tf.TensorArray(tf.float32, size=2)
    >>> a = a.write(0, 1.0).write(1, 2.0)
    >>> a.stack().numpy().tolist()
    [1.0, 2.0]
    """

    def __init__(
        self, dtype: Any, size: Any = None, dynamic_size: bool | None = None,
        clear_after_read: bool | None = None, tensor_array_name: str | None = None, handle: Any = None,
        flow: Any = None, infer_shape: bool = True, element_shape: Any = None,
        colocate_with_first_write_call: bool = True, name: str | None = None,
    ) -> None:  # fmt: skip
        if handle is not None:
            raise ValueError(
                "Cannot construct a TensorArray from a handle: handles belong to TensorFlow 1's own "
                "runtime. Give `size`."
            )
        self._dtype = as_dtype(dtype)
        self._dynamic_size = bool(dynamic_size)
        self._infer_shape = infer_shape
        self._element_shape: Raw = as_raw(element_shape)
        self._clear_after_read = clear_after_read is None or bool(clear_after_read)
        self._cleared: set[int] = set()  # what was read already; kept for eager reads only
        if flow is not None:
            self._flow = flow
            return
        if size is None:
            if not dynamic_size:
                raise ValueError("Argument `size` must be provided if handle is not provided.")
            size = 0
        size = (
            to_tensor(size, dtypes.int32)
            if not isinstance(size, Tensor)
            else lookup("Cast")(size, DstT=dtypes.int32)
        )
        self._flow = ops.RESERVE(self._shape_tensor(), size, element_dtype=self._dtype)

    def _shape_tensor(self) -> Any:
        raw = self._element_shape
        return np.asarray(-1 if raw is None else [-1 if d is None else d for d in raw], np.int32)

    def _with(self, flow: Any, element_shape: Any = "same") -> TensorArray:
        shape = self._element_shape if element_shape == "same" else element_shape
        other = TensorArray(
            self._dtype,
            dynamic_size=self._dynamic_size,
            flow=flow,
            infer_shape=self._infer_shape,
            element_shape=shape,
            clear_after_read=self._clear_after_read,
        )
        other._cleared = self._cleared
        return other

    def _learn(self, raw: Raw) -> Raw:
        """The element shape after writing a value of shape `raw`."""
        if not self._infer_shape:
            if not shapes.compatible(self._element_shape, raw):
                raise ValueError(
                    f"Inconsistent shapes: saw {TensorShape(raw)} but expected "
                    f"{TensorShape(self._element_shape)}"
                )
            return self._element_shape
        if not shapes.compatible(self._element_shape, raw):
            raise ValueError(
                f"Inconsistent shapes: saw {TensorShape(raw)} but expected "
                f"{TensorShape(self._element_shape)} (and infer_shape=True)"
            )
        return shapes.merge(self._element_shape, raw)

    @property
    def dtype(self) -> Any:
        """The element type."""
        return self._dtype

    @property
    def dynamic_size(self) -> bool:
        return self._dynamic_size

    @property
    def element_shape(self) -> TensorShape:
        return TensorShape(self._element_shape)

    @property
    def flow(self) -> Any:
        """The tensor that carries the array through a graph."""
        return self._flow

    @property
    def handle(self) -> Any:
        return None

    def identity(self) -> TensorArray:
        """A copy that other operations can depend on."""
        return self._with(lookup("Identity")(self._flow))

    def grad(self, source: Any, flow: Any = None, name: str | None = None) -> Any:
        raise NotImplementedError(
            "TensorArray.grad belongs to TensorFlow 1's own runtime. Gradients flow through TensorArrays by "
            "themselves."
        )

    def size(self, name: str | None = None) -> Any:
        """The number of elements, int32."""
        return ops.LENGTH(self._flow, name=name)

    @scoped("TensorArrayV2Read", None, again=True)
    def read(self, index: Any, name: str | None = None) -> Any:
        """The element at `index`.

        Raises:
          OutOfRangeError: no such element.
          InvalidArgumentError: read for the second time, unless made with `clear_after_read=False` (checked eagerly only).
        """
        if self._flow._is_eager and state.graph is None:
            self._check_read(int(index))
        value = ops.GET(self._flow, _index(index), self._shape_tensor(), element_dtype=self._dtype, name=name)
        if self._element_shape is not None and not value._is_eager:
            value.set_shape(self._element_shape)
        return value

    def write(self, index: Any, value: Any, name: str | None = None) -> TensorArray:
        """The array with `value` at `index`."""
        value = self._value(value)
        if self._flow._is_eager and state.graph is None:
            self._check_write(int(index))
        flow = ops.SET(
            self._flow, _index(index), value, resize_if_index_out_of_bounds=self._dynamic_size, name=name
        )
        result = self._with(flow, self._learn(value._raw_shape))
        self._element_shape = result._element_shape
        return result

    def _check_read(self, i: int) -> None:
        size = self._flow._host().item().length
        if not 0 <= i < size:
            raise errors.OutOfRangeError(
                None, None, f"Tried to read from index {i} but array size is: {size}"
            )
        if i in self._cleared:
            raise invalid(
                f"Could not read index {i} twice because it was cleared after a previous read (perhaps try "
                "setting clear_after_read = false?)"
            )
        if self._clear_after_read:
            self._cleared.add(i)

    def _check_write(self, i: int) -> None:
        size = self._flow._host().item().length
        if i < 0 or (i >= size and not self._dynamic_size):
            raise errors.OutOfRangeError(
                None, None, f"Tried to write to index {i} but array is not resizeable and size is: {size}"
            )
        self._cleared.discard(i)

    def _value(self, value: Any) -> Tensor:
        value = to_tensor(value, self._dtype) if not isinstance(value, Tensor) else value
        if value._dtype is not self._dtype:
            raise ValueError(
                f"TensorArray dtype is {self._dtype.name} but Op is trying to write dtype "
                f"{value._dtype.name}."
            )
        return value

    @scoped("TensorArrayV2Stack", "TensorListStack")
    def stack(self, name: str | None = None) -> Any:
        """All elements, stacked along a new first dimension."""
        n = static_value(ops.LENGTH(self._flow)) if self._flow._is_eager else None
        if n is not None and n == 0 and state.graph is None and not shapes.known(self._element_shape):
            return to_tensor(np.zeros((0,), self._dtype._np))  # nothing tells the shape of an element
        value = ops.STACK(
            self._flow,
            self._shape_tensor(),
            element_dtype=self._dtype,
            num_elements=-1 if n is None else int(n),
            name=name,
        )
        if self._element_shape is not None and not value._is_eager:
            value.set_shape((None, *self._element_shape))
        return value

    def gather(self, indices: Any, name: str | None = None) -> Any:
        """The elements at `indices`, stacked."""
        return lookup("GatherV2")(self.stack(), indices, 0, name=name or "TensorListGather")

    def concat(self, name: str | None = None) -> Any:
        """The elements, concatenated along their first dimension."""
        if self._flow._is_eager:
            parts = self._flow._host().item()
            if not parts.length:
                raise invalid("Tried to concatenate the elements of an empty TensorArray.")
            elements = [
                ops.GET(self._flow, i, self._shape_tensor(), element_dtype=self._dtype)
                for i in range(parts.length)
            ]
            return lookup("ConcatV2")(elements, 0) if len(elements) > 1 else elements[0]
        if not self._element_shape or self._element_shape[0] is None:  # they may differ in length
            return ops.CONCAT(
                self._flow, self._shape_tensor(), np.zeros(0, np.int64), element_dtype=self._dtype, name=name
            )[0]
        stacked = self.stack()
        shape = lookup("Shape")(stacked)
        rows = lookup("Reshape")(
            lookup("Mul")(lookup("Slice")(shape, [0], [1]), lookup("Slice")(shape, [1], [1])), [1]
        )
        return lookup("Reshape")(
            stacked, lookup("ConcatV2")([rows, lookup("Slice")(shape, [2], [-1])], 0), name=name
        )

    def unstack(self, value: Any, name: str | None = None) -> TensorArray:
        """An array of the slices of `value` along its first dimension."""
        value = self._value(value)
        raw = value._raw_shape
        element = self._learn(None if raw is None else raw[1:])
        flow = ops.FROM_TENSOR(
            value,
            np.asarray(-1 if element is None else [-1 if d is None else d for d in element], np.int32),
            name=name,
        )
        return self._with(flow, element)

    def scatter(self, indices: Any, value: Any, name: str | None = None) -> TensorArray:
        """The array with the slices of `value` at `indices`."""
        value, indices = self._value(value), to_tensor(indices)
        n = None if indices._raw_shape is None else indices._raw_shape[0]
        if n is None:
            raise ValueError("TensorArray.scatter needs a known number of indices.")
        out: TensorArray = self
        for i in range(n):
            out = out.write(lookup("GatherV2")(indices, i, 0), lookup("GatherV2")(value, i, 0))
        return out

    def split(self, value: Any, lengths: Any, name: str | None = None) -> TensorArray:
        """An array of consecutive parts of `value` of the given lengths."""
        value = self._value(value)
        sizes = static_value(to_tensor(lengths))
        if sizes is None:
            raise ValueError("TensorArray.split needs lengths that are known.")
        out: TensorArray = (
            self
            if self._infer_shape and len(set(sizes.tolist())) <= 1
            else TensorArray(self._dtype, flow=self._flow, infer_shape=False, dynamic_size=self._dynamic_size)
        )
        begin = 0
        rank = len(value._raw_shape or ())
        for i, n in enumerate(sizes.tolist()):
            out = out.write(i, lookup("Slice")(value, [begin] + [0] * (rank - 1), [n] + [-1] * (rank - 1)))
            begin += n
        return out

    def close(self, name: str | None = None) -> None:
        """Nothing to do: the memory goes with the array."""

    def mark_used(self) -> TensorArray:
        return self

    @property
    def _type_spec(self) -> TensorArraySpec:
        return TensorArraySpec(self._element_shape, self._dtype, self._dynamic_size, self._infer_shape)

    def __len__(self) -> int:
        return int(self.size())

    def __repr__(self) -> str:
        return f"<tf.TensorArray of {self._dtype.name}, element shape {TensorShape(self._element_shape)}>"


def _index(index: Any) -> Any:
    index = to_tensor(index, dtypes.int32) if not isinstance(index, Tensor) else index
    return index if index._dtype is dtypes.int32 else lookup("Cast")(index, DstT=dtypes.int32)


class TensorArraySpec(TypeSpec):
    """The type of a TensorArray that crosses a function boundary."""

    def __init__(
        self,
        element_shape: Any = None,
        dtype: Any = dtypes.float32,
        dynamic_size: bool = False,
        infer_shape: bool = True,
    ) -> None:
        self._element_shape, self._element_dtype = as_raw(element_shape), as_dtype(dtype)
        self._dynamic_size, self._infer_shape = dynamic_size, infer_shape

    @property
    def value_type(self) -> type:
        return TensorArray

    def _serialize(self) -> tuple[Any, ...]:
        return TensorShape(self._element_shape), self._element_dtype, self._dynamic_size, self._infer_shape

    @property
    def _component_specs(self) -> Any:
        return [TensorSpec([], dtypes.variant)]

    def _to_components(self, value: TensorArray) -> Any:
        return [value.flow]

    def _from_components(self, components: Any) -> TensorArray:
        return TensorArray(
            self._element_dtype,
            flow=components[0],
            dynamic_size=self._dynamic_size,
            infer_shape=self._infer_shape,
            element_shape=self._element_shape,
        )

    @classmethod
    def from_value(cls, value: TensorArray) -> TensorArraySpec:
        return value._type_spec
