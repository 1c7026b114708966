"""Columns of numbers, and the buckets that they fall into."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import headrace as tf
from headrace.api.io_features import FixedLenFeature
from headrace.composites.sparse.tensor import is_sparse
from headrace.core.op import lookup
from headrace.core.shapes import TensorShape
from headrace.feature_column.base import IdWeightPair
from headrace.feature_column.older import OldDenseColumn

from .base import Column, Ids


class _RealValued(NamedTuple):
    column_name: str
    dimension: int
    default_value: tuple[float, ...] | None
    dtype: Any
    normalizer: Any


class _RealValuedColumn(Column, OldDenseColumn, _RealValued):
    @property
    def name(self) -> str:
        return self.column_name

    @property
    def normalizer_fn(self) -> Any:
        return self.normalizer

    @property
    def config(self) -> dict[str, Any]:
        default = None if self.default_value is None else list(self.default_value)
        return {self.column_name: FixedLenFeature([self.dimension], self.dtype, default)}

    def _transform_feature(self, inputs: Any) -> Any:
        numbers = inputs.get(self.column_name)
        if is_sparse(numbers):
            raise ValueError(
                f"The numbers of {self.column_name} are sparse. Make them dense, with tf.sparse_tensor_to_dense."
            )
        return tf.cast(numbers if self.normalizer is None else self.normalizer(numbers), tf.float32)

    @property
    def _variable_shape(self) -> Any:
        return TensorShape([self.dimension])

    def _get_dense_tensor(self, inputs: Any, weight_collections: Any = None, trainable: Any = None) -> Any:
        numbers = inputs.get(self)
        return tf.reshape(numbers, tf.stack([tf.shape(numbers)[0], self.dimension]))


def real_valued_column(
    column_name: str, dimension: int = 1, default_value: Any = None, dtype: Any = tf.float32,
    normalizer: Callable[[Any], Any] | None = None,
) -> Any:  # fmt: skip
    """A feature of `dimension` numbers.

    Raises:
      TypeError: `dimension` is no integer, or `default_value` not of `dtype`.
      ValueError: `dimension` is not positive, `default_value` has another length, or `dtype` is not a number's.
    """
    where = f"column_name: {column_name}"
    if not isinstance(dimension, int):
        raise TypeError(f"dimension must be an integer. dimension: {dimension}, {where}")
    if dimension < 1:
        raise ValueError(f"dimension must be greater than 0. dimension: {dimension}, {where}")
    if not (dtype.is_integer or dtype.is_floating):
        raise ValueError(f"dtype must be convertible to float. dtype: {dtype}, {where}")
    if default_value is None:
        return _RealValuedColumn(column_name, dimension, None, dtype, normalizer)
    values = default_value if isinstance(default_value, list) else [default_value] * dimension
    if len(values) != dimension:
        raise ValueError(
            f"The length of default_value must be equal to dimension. default_value: {default_value}, dimension: {dimension}, {where}"
        )
    if not all(isinstance(v, int) or (isinstance(v, float) and dtype.is_floating) for v in values):
        raise TypeError(
            f"default_value must be compatible with dtype. default_value: {default_value}, dtype: {dtype}, {where}"
        )
    values = [float(v) for v in values] if dtype.is_floating else values
    return _RealValuedColumn(column_name, dimension, tuple(values), dtype, normalizer)


class _Bucketized(NamedTuple):
    source_column: Any
    boundaries: tuple[float, ...]


class _BucketizedColumn(Ids, OldDenseColumn, _Bucketized):
    combiner = "sum"

    @property
    def name(self) -> str:
        return f"{self.source_column.name}_bucketized"

    @property
    def length(self) -> int:
        """How many intervals there are."""
        return len(self.boundaries) + 1

    @property
    def config(self) -> dict[str, Any]:
        return self.source_column.config  # type: ignore[no-any-return]

    def _transform_feature(self, inputs: Any) -> Any:
        return lookup("Bucketize")(inputs.get(self.source_column), boundaries=list(self.boundaries))

    @property
    def _num_buckets(self) -> int:
        return self.length * self.source_column.dimension  # type: ignore[no-any-return]

    @property
    def _variable_shape(self) -> Any:
        return TensorShape([self._num_buckets])

    def _get_dense_tensor(self, inputs: Any, weight_collections: Any = None, trainable: Any = None) -> Any:
        return tf.reshape(tf.one_hot(inputs.get(self), self.length, 1.0, 0.0), [-1, self._num_buckets])

    def _get_sparse_tensors(self, inputs: Any, weight_collections: Any = None, trainable: Any = None) -> Any:
        buckets, size = inputs.get(self), self.source_column.dimension
        ids = tf.reshape(buckets, [-1, size]) + self.length * tf.range(size)
        batch = tf.shape(ids, tf.int64)[0]
        rows, places = tf.repeat(tf.range(batch), size), tf.tile(tf.range(size, dtype=tf.int64), [batch])
        shape = tf.stack([batch, tf.constant(size, tf.int64)])
        return IdWeightPair(tf.SparseTensor(tf.stack([rows, places], 1), tf.reshape(ids, [-1]), shape), None)


def bucketized_column(source_column: Any, boundaries: Any) -> Any:
    """The intervals that the numbers of a `real_valued_column` fall into. Equal boundaries count once.

    Raises:
      TypeError: the column is another one.
      ValueError: the boundaries are not sorted.
    """
    if not isinstance(source_column, _RealValuedColumn):
        raise TypeError(
            f"source_column must be an instance of _RealValuedColumn. source_column: {source_column}"
        )
    if not isinstance(boundaries, (list, tuple)) or not boundaries:
        raise ValueError(f"boundaries must be a non-empty list or tuple. boundaries: {boundaries}")
    distinct = tuple(dict.fromkeys(boundaries))
    if list(distinct) != sorted(distinct):
        raise ValueError(f"boundaries must be a sorted list. boundaries: {boundaries}")
    return _BucketizedColumn(source_column, distinct)
