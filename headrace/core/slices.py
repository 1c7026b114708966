"""`IndexedSlices`: some rows of a tensor and where they go; what the gradient of a gather is."""

from __future__ import annotations

from typing import Any

from . import dtypes
from .convert import register_tensor_conversion_function
from .dtypes import DType, as_dtype
from .op import lookup
from .shapes import TensorShape
from .specs import CompositeTensor, TensorSpec, TypeSpec


class IndexedSlices(CompositeTensor):
    """Rows `values[i]` that belong at `indices[i]` of a larger tensor; rows with one index add up.

    Args:
      values: a tensor of shape `[N, ...]`.
      indices: an integer tensor of shape `[N]`.
      dense_shape: a 1-D integer tensor, or None when nobody knows; needed to turn the whole into a tensor.

    >>> import headrace as tf
    >>> rows = tf.IndexedSlices(tf.constant([[1.0], [2.0]]), tf.constant([2, 2]), tf.constant([3, 1]))
    >>> tf.convert_to_tensor(rows).numpy().tolist()
    [[0.0], [0.0], [3.0]]
    """

    _is_one_tensor = True

    def __init__(self, values: Any, indices: Any, dense_shape: Any = None) -> None:
        self._values, self._indices, self._dense_shape = values, indices, dense_shape

    @property
    def values(self) -> Any:
        """A tensor of the rows."""
        return self._values

    @property
    def indices(self) -> Any:
        """A 1-D tensor: where each row goes."""
        return self._indices

    @property
    def dense_shape(self) -> Any:
        """A 1-D tensor of the whole's shape, or None."""
        return self._dense_shape

    @property
    def shape(self) -> TensorShape:
        """The static shape of the whole, as far as it is known."""
        from .static import static_shape

        return TensorShape(None if self._dense_shape is None else static_shape(self._dense_shape))

    @property
    def dtype(self) -> DType:
        return self._values._dtype

    @property
    def device(self) -> str:
        return self._values.device

    @property
    def name(self) -> str:
        return self._values.name

    @property
    def graph(self) -> Any:
        return self._values.graph

    @property
    def op(self) -> Any:
        return self._values.op

    def consumers(self) -> list[Any]:
        """The operations that take the values or the indices."""
        return [*self._values.consumers(), *self._indices.consumers()]

    @property
    def _type_spec(self) -> IndexedSlicesSpec:
        values, indices, dense_shape = self._values, self._indices, self._dense_shape
        if dense_shape is None:
            shape = TensorShape([None]).concatenate(values.shape[1:])
            return IndexedSlicesSpec(shape, values.dtype, indices.dtype, None, indices.shape)
        return IndexedSlicesSpec(self.shape, values.dtype, indices.dtype, dense_shape.dtype, indices.shape)

    @property
    def _differentiable(self) -> Any:
        return self._values

    def _with_differentiable(self, tensor: Any) -> IndexedSlices:
        return IndexedSlices(tensor, self._indices, self._dense_shape)

    def _shape_invariant_to_type_spec(self, shape: Any) -> IndexedSlicesSpec:
        shape_dtype = None if self._dense_shape is None else self._dense_shape.dtype
        return IndexedSlicesSpec(shape, self.dtype, self._indices.dtype, shape_dtype, TensorShape([None]))

    def __neg__(self) -> IndexedSlices:
        return IndexedSlices(-self._values, self._indices, self._dense_shape)

    def __repr__(self) -> str:
        shape = "" if self._dense_shape is None else f", dense_shape={self._dense_shape}"
        return f"IndexedSlices(indices={self._indices}, values={self._values}{shape})"


class IndexedSlicesSpec(TypeSpec):
    """The type of an IndexedSlices.

    Args:
      shape: of the whole.
      dtype: of the values.
      indices_dtype: int32 or int64.
      dense_shape_dtype: None if the values have no `dense_shape`.
      indices_shape: `[N]` if the number of rows is known.
    """

    __slots__ = ("_dense_shape_dtype", "_dtype", "_indices_dtype", "_indices_shape", "_shape")

    def __init__(
        self,
        shape: Any = None,
        dtype: Any = dtypes.float32,
        indices_dtype: Any = dtypes.int64,
        dense_shape_dtype: Any = None,
        indices_shape: Any = None,
    ) -> None:
        self._shape = TensorShape(shape)
        self._dtype = as_dtype(dtype)
        self._indices_dtype = as_dtype(indices_dtype)
        self._dense_shape_dtype = None if dense_shape_dtype is None else as_dtype(dense_shape_dtype)
        self._indices_shape = TensorShape(indices_shape).with_rank(1)

    @property
    def value_type(self) -> Any:
        return IndexedSlices

    @property
    def shape(self) -> TensorShape:
        return self._shape

    @property
    def dtype(self) -> DType:
        return self._dtype

    def _serialize(self) -> tuple[Any, ...]:
        return self._shape, self._dtype, self._indices_dtype, self._dense_shape_dtype, self._indices_shape

    @property
    def _component_specs(self) -> list[TensorSpec]:
        values_shape = self._indices_shape.concatenate(self._shape[1:])
        specs = [TensorSpec(values_shape, self._dtype), TensorSpec(self._indices_shape, self._indices_dtype)]
        if self._dense_shape_dtype is not None:
            specs.append(TensorSpec([self._shape.rank], self._dense_shape_dtype))
        return specs

    def _to_components(self, value: Any) -> list[Any]:
        parts = [value.values, value.indices]
        return parts if value.dense_shape is None else [*parts, value.dense_shape]

    def _from_components(self, components: Any) -> IndexedSlices:
        return IndexedSlices(*components)


def _to_tensor(value: IndexedSlices, dtype: Any = None, name: str | None = None, as_ref: bool = False) -> Any:
    from .tape import to_dense

    if dtype is not None and value.dtype is not dtype:
        raise ValueError(
            f"Tensor conversion requested dtype {dtype.name} for IndexedSlices with dtype "
            f"{value.dtype.name}. Use tf.cast on its values."
        )
    return to_dense(value)


register_tensor_conversion_function(IndexedSlices, _to_tensor)


def places(indices: Any) -> tuple[Any, Any]:
    """The numbers 0 … n-1 of n indices, and n."""
    n = lookup("StridedSlice")(lookup("Shape")(indices), [0], [1], [1], shrink_axis_mask=1)
    return lookup("Range")(0, n, 1), n


def owners(indices: Any, rows: Any) -> Any:
    """For each index the place that stands for all that are equal, the last one; all are less than `rows`. Unlike the set of
    indices, this has a shape that is known before it runs, so that programs with it compile."""
    last = lookup("UnsortedSegmentMax")(places(indices)[0], indices, rows)
    return lookup("GatherV2")(last, indices, 0)
