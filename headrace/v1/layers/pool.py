"""`tf.layers.MaxPooling1D` … `AveragePooling3D`."""

from __future__ import annotations

from typing import Any

import headrace as tf
from headrace.core.shapes import TensorShape

from .arguments import channels_first, format_of, padding_of, several
from .base import InputSpec, Layer
from .conv import output_length


class _Pooling(Layer):
    rank, kind = 2, "max"

    def __init__(
        self, pool_size: Any, strides: Any, padding: str = "valid", data_format: str = "channels_last",
        name: str | None = None, **kwargs: Any,
    ) -> None:  # fmt: skip
        super().__init__(name=name, **kwargs)
        self.pool_size = several(pool_size, self.rank, "pool_size")
        self.strides = several(pool_size if strides is None else strides, self.rank, "strides")
        self.padding = padding_of(padding)
        self.data_format, self._first = data_format, channels_first(data_format)
        self.input_spec = InputSpec(ndim=self.rank + 2)

    def call(self, inputs: Any) -> Any:
        size, strides, rank = list(self.pool_size), list(self.strides), self.rank
        if rank == 1:  # an image of one column
            column = 3 if self._first else 2
            inputs, size, strides, rank = tf.expand_dims(inputs, column), [*size, 1], [*strides, 1], 2
        run = getattr(tf.nn, f"{self.kind}_pool{rank}d")
        name = f"{self.kind.capitalize()}Pool{'3D' if rank == 3 else ''}"
        y = run(inputs, size, strides, self.padding, format_of(rank, self._first), name=name)
        return tf.squeeze(y, [column]) if self.rank == 1 else y

    def compute_output_shape(self, input_shape: Any) -> TensorShape:
        shape = TensorShape(input_shape).as_list()
        start = 2 if self._first else 1
        for i in range(self.rank):
            shape[start + i] = output_length(
                shape[start + i], self.pool_size[i], self.padding, self.strides[i]
            )
        return TensorShape(shape)


class MaxPooling1D(_Pooling):
    """The largest of each window along one dimension."""

    rank = 1


class MaxPooling2D(_Pooling):
    """The largest of each window of images.

    >>> import headrace as tf
    >>> tf.compat.v1.layers.max_pooling2d(tf.zeros([1, 8, 8, 3]), 2, 2).shape.as_list()
    [1, 4, 4, 3]
    """


class MaxPooling3D(_Pooling):
    """The largest of each window of volumes."""

    rank = 3


class AveragePooling1D(_Pooling):
    """The mean of each window along one dimension."""

    rank, kind = 1, "avg"


class AveragePooling2D(_Pooling):
    """The mean of each window of images."""

    kind = "avg"


class AveragePooling3D(_Pooling):
    """The mean of each window of volumes."""

    rank, kind = 3, "avg"
