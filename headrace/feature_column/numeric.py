"""Columns of numbers: as they are, or by the interval they fall into."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any, NamedTuple

import headrace as tf
from headrace.composites.sparse.tensor import is_sparse
from headrace.core import dtypes
from headrace.core.op import lookup
from headrace.core.shapes import TensorShape

from .base import CategoricalColumn, DenseColumn, IdWeightPair
from .checks import check_function, check_key, check_number, checked_default, checked_shape
from .older import AnsweringCategorical, AnsweringDense, example_spec, is_new
from .serialization import Fields, registered


class _Numeric(NamedTuple):
    key: str
    shape: tuple[int, ...]
    default_value: Any
    dtype: Any
    normalizer_fn: Callable[[Any], Any] | None


@registered
class NumericColumn(Fields, DenseColumn, AnsweringDense, _Numeric):
    """See `numeric_column`."""

    _is_v2_column = True

    @property
    def name(self) -> str:
        return self.key

    @property
    def parse_example_spec(self) -> dict[str, Any]:
        return {self.key: tf.io.FixedLenFeature(self.shape, self.dtype, self.default_value)}

    def transform_feature(self, transformation_cache: Any, state_manager: Any) -> Any:
        tensor = transformation_cache.get(self.key, state_manager)
        if is_sparse(tensor):
            raise ValueError(
                "The corresponding Tensor of numerical column must be a Tensor. SparseTensor is not supported. Make it "
                f"dense, with tf.sparse.to_dense. key: {self.key}"
            )
        if self.normalizer_fn is not None:
            tensor = self.normalizer_fn(tensor)
        return tf.cast(tensor, dtypes.float32)

    @property
    def variable_shape(self) -> TensorShape:
        return TensorShape(self.shape)

    def get_dense_tensor(self, transformation_cache: Any, state_manager: Any) -> Any:
        return transformation_cache.get(self, state_manager)

    @property
    def parents(self) -> list[Any]:
        return [self.key]


class _Bucketized(NamedTuple):
    source_column: Any
    boundaries: tuple[float, ...]


@registered
class BucketizedColumn(
    Fields, DenseColumn, CategoricalColumn, AnsweringDense, AnsweringCategorical, _Bucketized
):
    """See `bucketized_column`."""

    @property
    def _is_v2_column(self) -> bool:
        return is_new(self.source_column)

    @property
    def name(self) -> str:
        return f"{self.source_column.name}_bucketized"

    @property
    def parse_example_spec(self) -> dict[str, Any]:
        return example_spec(self.source_column)

    def transform_feature(self, transformation_cache: Any, state_manager: Any) -> Any:
        source = transformation_cache.get(self.source_column, state_manager)
        return lookup("Bucketize")(source, boundaries=list(self.boundaries))

    @property
    def _width(self) -> int:
        return len(self.boundaries) + 1

    @property
    def variable_shape(self) -> TensorShape:
        return TensorShape((*self.source_column.shape, self._width))

    def get_dense_tensor(self, transformation_cache: Any, state_manager: Any) -> Any:
        return tf.one_hot(
            transformation_cache.get(self, state_manager), self._width, on_value=1.0, off_value=0.0
        )

    @property
    def num_buckets(self) -> int:
        return self._width * int(self.source_column.shape[0])

    def get_sparse_tensors(self, transformation_cache: Any, state_manager: Any) -> IdWeightPair:
        """The numbers of one example have ids of their own: those of the i-th begin at i * (number of intervals)."""
        buckets = transformation_cache.get(self, state_manager)
        batch, size = tf.shape(buckets, tf.int64)[0], self.source_column.shape[0]
        row = tf.repeat(tf.range(batch), size)
        place = tf.tile(tf.range(size, dtype=tf.int64), tf.reshape(batch, [1]))
        ids = tf.reshape(buckets, [-1]) + self._width * tf.cast(place, buckets.dtype)
        shape = tf.stack([batch, tf.constant(size, tf.int64)])
        return IdWeightPair(tf.SparseTensor(tf.stack([row, place], 1), ids, shape), None)

    @property
    def parents(self) -> list[Any]:
        return [self.source_column]


def numeric_column(
    key: str,
    shape: Any = (1,),
    default_value: Any = None,
    dtype: Any = dtypes.float32,
    normalizer_fn: Callable[[Any], Any] | None = None,
) -> NumericColumn:
    """A feature of numbers: a float32 tensor `[batch] + shape`.

    Args:
      key: its name in the features, and the column's.
      shape: of one example's numbers.
      default_value: what examples without it have, a number or a nest of the given shape; they are an error if it is None.
      dtype: the type that is parsed.
      normalizer_fn: a function of the tensor, e.g. `lambda x: (x - 3.0) / 4.2`.

    Raises:
      TypeError: a dimension, `default_value` or `normalizer_fn` is of a wrong type.
      ValueError: a dimension is not positive, `default_value` has another shape, or `dtype` is not a number's.

    >>> import headrace as tf
    >>> age = tf.feature_column.numeric_column("age", normalizer_fn=lambda x: x / 10.0)
    >>> tf.compat.v1.feature_column.input_layer({"age": tf.constant([20.0, 35.0])}, [age]).numpy().tolist()
    [[2.0], [3.5]]
    """
    shape = checked_shape(shape, key)
    check_number(dtype, f"key: {key}")
    default_value = checked_default(default_value, shape, dtype, key)
    check_function(normalizer_fn)
    check_key(key)
    return NumericColumn(key, shape, default_value, dtype, normalizer_fn)


def bucketized_column(source_column: NumericColumn, boundaries: Any) -> BucketizedColumn:
    """The intervals that numbers fall into: dense, as one-hot rows; or as ids.

    Args:
      source_column: a `numeric_column` whose shape has one dimension at most.
      boundaries: a sorted list or tuple. `[0., 1.]` are the intervals (-inf, 0), [0, 1), [1, inf).

    Raises:
      ValueError: the column is another one, or the boundaries are not sorted.

    >>> import headrace as tf
    >>> year = tf.feature_column.bucketized_column(tf.feature_column.numeric_column("year"), [1990, 2000])
    >>> tf.compat.v1.feature_column.input_layer({"year": tf.constant([1995.0, 2000.0])}, [year]).numpy().tolist()
    [[0.0, 1.0, 0.0], [0.0, 0.0, 1.0]]
    """
    if not isinstance(source_column, NumericColumn):
        raise ValueError(
            f"source_column must be a column generated with numeric_column(). Given: {source_column}"
        )
    if len(source_column.shape) > 1:
        raise ValueError(f"source_column must be one-dimensional column. Given: {source_column}")
    if not boundaries:
        raise ValueError("boundaries must not be empty.")
    if not isinstance(boundaries, (list, tuple)) or any(a >= b for a, b in itertools.pairwise(boundaries)):
        raise ValueError(f"boundaries must be a sorted list. Given: {boundaries}")
    return BucketizedColumn(source_column, tuple(boundaries))
