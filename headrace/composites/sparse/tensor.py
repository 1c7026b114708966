"""`tf.SparseTensor`: coordinates, values, and the shape of the whole."""

from __future__ import annotations

import collections
from typing import Any

import numpy as np

from headrace.core import dtypes
from headrace.core.convert import to_tensor
from headrace.core.dtypes import DType, as_dtype
from headrace.core.origin import known_as
from headrace.core.shapes import TensorShape, merge
from headrace.core.specs import BatchableTypeSpec, CompositeTensor, TensorSpec
from headrace.core.static import static_shape
from headrace.core.tensor import Tensor

SparseTensorValue = collections.namedtuple("SparseTensorValue", ["indices", "values", "dense_shape"])
SparseTensorValue.__doc__ = "What a SparseTensor evaluates to in a Session: three NumPy arrays."


@known_as("tensorflow.python.framework.sparse_tensor", "SparseTensor")
class SparseTensor(CompositeTensor):
    """A tensor most of whose elements are zero.

    Args:
      indices: the coordinates of the others, int64 of shape `[N, rank]`; most functions want them sorted (`tf.sparse.reorder`).
      values: the elements there, of shape `[N]`.
      dense_shape: the shape of the whole, int64 of shape `[rank]`.

    Raises:
      ValueError: the shapes of the three do not fit together.

    >>> import headrace as tf
    >>> s = tf.SparseTensor([[0, 1], [2, 0]], [5.0, 7.0], [3, 2])
    >>> tf.sparse.to_dense(s).numpy().tolist()
    [[0.0, 5.0], [0.0, 0.0], [7.0, 0.0]]
    """

    __slots__ = ("__weakref__", "_indices", "_shape", "_static", "_values")
    _is_one_tensor = True

    def __init__(self, indices: Any, values: Any, dense_shape: Any) -> None:
        self._indices = to_tensor(indices, None if isinstance(indices, Tensor) else dtypes.int64)
        self._values = to_tensor(values)
        self._shape = to_tensor(dense_shape, None if isinstance(dense_shape, Tensor) else dtypes.int64)
        for part, what in ((self._indices, "indices"), (self._shape, "dense_shape")):
            if part.dtype is not dtypes.int64:
                raise TypeError(
                    f"SparseTensor `{what}` must be int64, received {part.dtype.name}. Use tf.cast."
                )
        where = self._indices.shape.with_rank(2)
        count = self._values.shape.with_rank(1)
        rank = self._shape.shape.with_rank(1)
        (rows, width), (n,), (size,) = where._raw, count._raw, rank._raw
        for a, b in ((rows, n), (width, size)):
            if a is not None and b is not None and a != b:
                raise ValueError(
                    f"Dimensions {a} and {b} are not compatible: indices have shape {where}, values {count}, dense_shape {rank}."
                )
        self._static: Any = None  # what is known of the shape beyond what `dense_shape` says

    @classmethod
    def from_value(cls, sparse_tensor_value: Any) -> SparseTensor:
        """A SparseTensor of a SparseTensorValue (or of another SparseTensor)."""
        if not hasattr(sparse_tensor_value, "dense_shape"):
            raise TypeError(
                f"Argument sparse_tensor_value={sparse_tensor_value} is neither SparseTensor nor SparseTensorValue."
            )
        return cls(sparse_tensor_value.indices, sparse_tensor_value.values, sparse_tensor_value.dense_shape)

    @property
    def indices(self) -> Any:
        """The coordinates, int64 of shape `[N, rank]`."""
        return self._indices

    @property
    def values(self) -> Any:
        """The elements at these coordinates, of shape `[N]`."""
        return self._values

    @property
    def dense_shape(self) -> Any:
        """The shape of the whole, an int64 vector."""
        return self._shape

    @property
    def dtype(self) -> DType:
        return self._values.dtype

    @property
    def shape(self) -> TensorShape:
        """The static shape, as far as it is known."""
        rank = None if self._indices._raw_shape is None else self._indices._raw_shape[1]
        raw = static_shape(self._shape)
        if raw is None and rank is not None:
            raw = (None,) * rank
        return TensorShape(merge(raw, self._static))

    def get_shape(self) -> TensorShape:
        return self.shape

    def set_shape(self, shape: Any) -> None:
        """Adds what is known of the shape; ValueError if it contradicts what is known already."""
        self._static = self.shape.merge_with(shape)._raw

    def with_values(self, new_values: Any) -> SparseTensor:
        """The same places with other values, as many as there are."""
        result = SparseTensor(self._indices, new_values, self._shape)
        result._static = self._static
        return result

    @property
    def op(self) -> Any:
        return self._values.op

    @property
    def graph(self) -> Any:
        return self._indices.graph

    def consumers(self) -> list[Any]:
        """The operations that take one of the components."""
        return [
            op
            for part in (self._indices, self._values, self._shape)
            if not part._is_eager
            for op in part.consumers()
        ]

    def eval(self, feed_dict: Any = None, session: Any = None) -> Any:
        """A SparseTensorValue, evaluated in a session (the default one, if none is given)."""
        from headrace.session import default_session

        session = session or default_session("evaluate tensor using `eval()`", self.graph)
        return session.run(self, feed_dict)

    @property
    def _type_spec(self) -> SparseTensorSpec:
        return SparseTensorSpec(self.shape, self.dtype)

    def _shape_invariant_to_type_spec(self, shape: Any) -> SparseTensorSpec:
        return SparseTensorSpec(shape, self.dtype)

    @property
    def _differentiable(self) -> Any:
        return self._values

    def _with_differentiable(self, tensor: Any) -> SparseTensor:
        return self.with_values(tensor)

    def __repr__(self) -> str:
        return f"SparseTensor(indices={self._indices}, values={self._values}, dense_shape={self._shape})"

    # Operators: only those that leave zeros zero.
    def __mul__(self, other: Any) -> SparseTensor:
        from .math import times

        return times(self, other)

    def __truediv__(self, other: Any) -> SparseTensor:
        from .math import divided

        return divided(self, other)

    __div__ = __truediv__

    def __rmul__(self, other: Any) -> SparseTensor:
        return self * other


class SparseTensorSpec(BatchableTypeSpec):
    """The type of a SparseTensor.

    >>> import headrace as tf
    >>> tf.SparseTensorSpec([None, 2], tf.int32)
    SparseTensorSpec(TensorShape([None, 2]), tf.int32)
    """

    __slots__ = ("_dtype", "_shape")

    def __init__(self, shape: Any = None, dtype: Any = dtypes.float32) -> None:
        self._shape, self._dtype = TensorShape(shape), as_dtype(dtype)

    @classmethod
    def from_value(cls, value: Any) -> SparseTensorSpec:
        """The spec of a SparseTensor or SparseTensorValue."""
        if isinstance(value, SparseTensor):
            return cls(value.shape, value.dtype)
        if isinstance(value, SparseTensorValue):
            return cls(np.asarray(value.dense_shape).tolist(), np.asarray(value.values).dtype)
        raise TypeError(f"Expected SparseTensor or SparseTensorValue, received {type(value).__name__}.")

    @property
    def value_type(self) -> Any:
        return SparseTensor

    @property
    def shape(self) -> TensorShape:
        return self._shape

    @property
    def dtype(self) -> DType:
        return self._dtype

    def _serialize(self) -> tuple[Any, ...]:
        return self._shape, self._dtype

    @property
    def _component_specs(self) -> list[TensorSpec]:
        rank = self._shape.rank
        return [
            TensorSpec([None, rank], dtypes.int64),
            TensorSpec([None], self._dtype),
            TensorSpec([rank], dtypes.int64),
        ]

    def _to_components(self, value: Any) -> list[Any]:
        value = SparseTensor.from_value(value) if isinstance(value, SparseTensorValue) else value
        return [value.indices, value.values, value.dense_shape]

    def _from_components(self, components: Any) -> Any:
        if all(isinstance(c, np.ndarray) for c in components):
            return SparseTensorValue(*components)
        result = SparseTensor(*components)
        result._static = merge(result.shape._raw, self._shape._raw)
        return result

    def _batch(self, batch_size: int | None) -> SparseTensorSpec:
        return SparseTensorSpec(TensorShape([batch_size]).concatenate(self._shape), self._dtype)

    def _unbatch(self) -> SparseTensorSpec:
        if self._shape.rank == 0:
            raise ValueError("Unbatching a sparse tensor is only supported for rank >= 1")
        return SparseTensorSpec(self._shape[1:], self._dtype)


def is_sparse(value: Any) -> bool:
    return isinstance(value, SparseTensor)


def sparse_of(value: Any) -> SparseTensor:
    """A SparseTensor as it is, or made of a SparseTensorValue.

    Raises:
      TypeError: it is neither.
    """
    if isinstance(value, SparseTensorValue):
        return SparseTensor.from_value(value)
    if not isinstance(value, SparseTensor):
        raise TypeError(
            f"Input must be a SparseTensor, received {value!r}. tf.sparse.from_dense makes one of a tensor."
        )
    return value


__all__ = ["SparseTensor", "SparseTensorSpec", "SparseTensorValue", "is_sparse", "sparse_of"]
