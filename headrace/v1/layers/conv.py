"""`tf.layers.Conv1D`, `Conv2D`, `Conv3D` and the transposes of the latter two."""

from __future__ import annotations

from typing import Any

import headrace as tf
from headrace.api import compat_v1_initializers as initializers
from headrace.core.scoping import called
from headrace.core.shapes import TensorShape

from .arguments import activation_of, channels_first, format_of, initializer_of, padding_of, several, size_of
from .base import InputSpec, Layer

_ZEROS = initializers.zeros_initializer()


def output_length(length: int | None, size: int, padding: str, stride: int, rate: int = 1) -> int | None:
    """How long a dimension is after a convolution or pooling.

    >>> output_length(8, 3, "VALID", 2), output_length(8, 3, "SAME", 2)
    (3, 4)
    """
    if length is None:
        return None
    if padding == "VALID":
        length -= (size - 1) * rate
    return max(0, -(-length // stride))


class _Conv(Layer):
    """A convolution of `rank` dimensions: `activation(inputs * kernel + bias)`."""

    rank = 2

    def __init__(
        self, filters: int, kernel_size: Any, strides: Any = 1, padding: str = "valid", data_format: str = "channels_last",
        dilation_rate: Any = 1, activation: Any = None, use_bias: bool = True, kernel_initializer: Any = None,
        bias_initializer: Any = _ZEROS, kernel_regularizer: Any = None, bias_regularizer: Any = None,
        activity_regularizer: Any = None, kernel_constraint: Any = None, bias_constraint: Any = None, trainable: bool = True,
        name: str | None = None, **kwargs: Any,
    ) -> None:  # fmt: skip
        super().__init__(trainable, name, activity_regularizer=activity_regularizer, **kwargs)
        n = self.rank
        self.filters, self.kernel_size = filters, several(kernel_size, n, "kernel_size")
        self.strides, self.dilation_rate = several(strides, n, "strides"), several(dilation_rate, n, "dilation_rate")  # fmt: skip
        self.padding = padding_of(padding, ("CAUSAL",) if n == 1 else ())
        self.data_format, self._first = data_format, channels_first(data_format)
        self.activation, self.use_bias = activation_of(activation), use_bias
        self.kernel_initializer, self.bias_initializer = (
            initializer_of(kernel_initializer),
            initializer_of(bias_initializer),
        )
        self.kernel_regularizer, self.bias_regularizer = kernel_regularizer, bias_regularizer
        self.kernel_constraint, self.bias_constraint = kernel_constraint, bias_constraint
        self.input_spec = InputSpec(ndim=n + 2)

    def _kernel_shape(self, channels: int) -> list[int]:
        return [*self.kernel_size, channels, self.filters]

    def build(self, input_shape: Any) -> None:
        axis = 1 if self._first else -1
        channels = size_of(TensorShape(input_shape), axis, type(self).__name__)
        self.input_spec = InputSpec(ndim=self.rank + 2, axes={axis: channels})
        self._build_kernel(channels)
        self.bias = None
        if self.use_bias:
            self.bias = self.add_weight(
                "bias", [self.filters], initializer=self.bias_initializer, regularizer=self.bias_regularizer,
                constraint=self.bias_constraint,
            )  # fmt: skip
        self.built = True

    def _build_kernel(self, channels: int) -> None:
        self.kernel = self.add_weight(
            "kernel", self._kernel_shape(channels), initializer=self.kernel_initializer,
            regularizer=self.kernel_regularizer, constraint=self.kernel_constraint,
        )  # fmt: skip

    def call(self, inputs: Any) -> Any:
        y = self._convolve(inputs)
        if self.bias is not None:
            y = tf.nn.bias_add(y, self.bias, "NCHW" if self._first else "NHWC")
        return y if self.activation is None else self.activation(y)

    def _convolve(self, inputs: Any) -> Any:
        padding = self.padding
        if padding == "CAUSAL":
            before = (self.kernel_size[0] - 1) * self.dilation_rate[0]
            pads = [[0, 0], [0, 0], [before, 0]] if self._first else [[0, 0], [before, 0], [0, 0]]
            inputs, padding = tf.pad(inputs, pads), "VALID"
        run = getattr(tf.nn, f"conv{self.rank}d")
        y = run(
            inputs,
            self.kernel,
            list(self.strides),
            padding,
            format_of(self.rank, self._first),
            list(self.dilation_rate),
        )
        # Where 1.x dilates, it takes the images apart first.
        return y if max(self.dilation_rate) == 1 else called(y, "BatchToSpaceND")

    def compute_output_shape(self, input_shape: Any) -> TensorShape:
        shape = TensorShape(input_shape).as_list()
        space = shape[2:] if self._first else shape[1:-1]
        padding = "SAME" if self.padding == "CAUSAL" else self.padding
        new = [
            output_length(s, k, padding, t, r)
            for s, k, t, r in zip(space, self.kernel_size, self.strides, self.dilation_rate)
        ]
        return TensorShape([shape[0], self.filters, *new] if self._first else [shape[0], *new, self.filters])


class Conv1D(_Conv):
    """Convolution along one dimension, such as time.

    Args:
      padding: "valid", "same", or "causal": an output depends on no later input.
    """

    rank = 1


class Conv2D(_Conv):
    """Convolution over the two dimensions of images.

    >>> import headrace as tf
    >>> with tf.Graph().as_default():
    ...     y = tf.compat.v1.layers.conv2d(tf.zeros([1, 8, 8, 3]), 4, 3, strides=2, padding="same")
    ...     y.shape.as_list()
    [1, 4, 4, 4]
    """


class Conv3D(_Conv):
    """Convolution over the three dimensions of volumes."""

    rank = 3


class _Transposed(_Conv):
    def __init__(
        self, filters: int, kernel_size: Any, strides: Any = 1, padding: str = "valid", data_format: str = "channels_last",
        activation: Any = None, use_bias: bool = True, kernel_initializer: Any = None, bias_initializer: Any = _ZEROS,
        kernel_regularizer: Any = None, bias_regularizer: Any = None, activity_regularizer: Any = None,
        kernel_constraint: Any = None, bias_constraint: Any = None, trainable: bool = True, name: str | None = None,
        **kwargs: Any,
    ) -> None:  # fmt: skip
        super().__init__(
            filters, kernel_size, strides, padding, data_format, 1, activation, use_bias, kernel_initializer,
            bias_initializer, kernel_regularizer, bias_regularizer, activity_regularizer, kernel_constraint, bias_constraint,
            trainable, name, **kwargs,
        )  # fmt: skip

    def _kernel_shape(self, channels: int) -> list[int]:
        return [*self.kernel_size, self.filters, channels]

    def _length(self, length: Any, i: int) -> Any:
        if length is None:
            return None
        longer = max(self.kernel_size[i] - self.strides[i], 0) if self.padding == "VALID" else 0
        return length * self.strides[i] + longer

    def _convolve(self, inputs: Any) -> Any:
        known, sizes = inputs.shape.as_list(), tf.shape(inputs)
        axes = range(2, self.rank + 2) if self._first else range(1, self.rank + 1)
        space = [self._length(sizes[a] if known[a] is None else known[a], i) for i, a in enumerate(axes)]
        batch = sizes[0] if known[0] is None else known[0]
        shape = [batch, self.filters, *space] if self._first else [batch, *space, self.filters]
        strides = [1, 1, *self.strides] if self._first else [1, *self.strides, 1]
        run = tf.nn.conv2d_transpose if self.rank == 2 else tf.nn.conv3d_transpose
        y = run(inputs, self.kernel, tf.stack(shape), strides, self.padding, format_of(self.rank, self._first))  # fmt: skip
        y.set_shape(self.compute_output_shape(inputs.shape))
        return y

    def compute_output_shape(self, input_shape: Any) -> TensorShape:
        shape = TensorShape(input_shape).as_list()
        space = shape[2:] if self._first else shape[1:-1]
        new = [self._length(s, i) for i, s in enumerate(space)]
        return TensorShape([shape[0], self.filters, *new] if self._first else [shape[0], *new, self.filters])


class Conv2DTranspose(_Transposed):
    """The transpose of `Conv2D`: from the shape of its output to that of its input."""


class Conv3DTranspose(_Transposed):
    """The transpose of `Conv3D`: from the shape of its output to that of its input."""

    rank = 3
