"""`tf.layers.SeparableConv1D` and `SeparableConv2D`: a convolution of each channel, then one over the channels."""

from __future__ import annotations

from typing import Any

import headrace as tf

from .arguments import format_of, initializer_of
from .conv import _ZEROS, _Conv


class _Separable(_Conv):
    def __init__(
        self, filters: int, kernel_size: Any, strides: Any = 1, padding: str = "valid", data_format: str = "channels_last",
        dilation_rate: Any = 1, depth_multiplier: int = 1, activation: Any = None, use_bias: bool = True,
        depthwise_initializer: Any = None, pointwise_initializer: Any = None, bias_initializer: Any = _ZEROS,
        depthwise_regularizer: Any = None, pointwise_regularizer: Any = None, bias_regularizer: Any = None,
        activity_regularizer: Any = None, depthwise_constraint: Any = None, pointwise_constraint: Any = None,
        bias_constraint: Any = None, trainable: bool = True, name: str | None = None, **kwargs: Any,
    ) -> None:  # fmt: skip
        super().__init__(
            filters, kernel_size, strides, padding, data_format, dilation_rate, activation, use_bias,
            bias_initializer=bias_initializer, bias_regularizer=bias_regularizer, activity_regularizer=activity_regularizer,
            bias_constraint=bias_constraint, trainable=trainable, name=name, **kwargs,
        )  # fmt: skip
        self.depth_multiplier = depth_multiplier
        self.depthwise_initializer = initializer_of(depthwise_initializer)
        self.pointwise_initializer = initializer_of(pointwise_initializer)
        self.depthwise_regularizer, self.pointwise_regularizer = depthwise_regularizer, pointwise_regularizer
        self.depthwise_constraint, self.pointwise_constraint = depthwise_constraint, pointwise_constraint

    def _build_kernel(self, channels: int) -> None:
        m = self.depth_multiplier
        self.depthwise_kernel = self.add_weight(
            "depthwise_kernel", [*self.kernel_size, channels, m], initializer=self.depthwise_initializer,
            regularizer=self.depthwise_regularizer, constraint=self.depthwise_constraint,
        )  # fmt: skip
        self.pointwise_kernel = self.add_weight(
            "pointwise_kernel", [1] * self.rank + [m * channels, self.filters], initializer=self.pointwise_initializer,
            regularizer=self.pointwise_regularizer, constraint=self.pointwise_constraint,
        )  # fmt: skip

    def _convolve(self, inputs: Any) -> Any:
        x, depthwise, pointwise, first = inputs, self.depthwise_kernel, self.pointwise_kernel, self._first
        strides, rates, padding = list(self.strides), list(self.dilation_rate), self.padding
        if self.rank == 1:  # time becomes the second dimension of an image of one row
            if padding == "CAUSAL":
                before = (self.kernel_size[0] - 1) * rates[0]
                x = tf.pad(x, [[0, 0], [0, 0], [before, 0]] if first else [[0, 0], [before, 0], [0, 0]])
                padding = "VALID"
            x = tf.expand_dims(x, 2 if first else 1)
            depthwise, pointwise = tf.expand_dims(depthwise, 0), tf.expand_dims(pointwise, 0)
            strides, rates = strides * 2, [1, *rates]
        y = tf.nn.separable_conv2d(
            x, depthwise, pointwise, [1, 1, *strides] if first else [1, *strides, 1], padding, format_of(2, first), rates
        )  # fmt: skip
        return tf.squeeze(y, [2 if first else 1]) if self.rank == 1 else y


class SeparableConv1D(_Separable):
    """A convolution of each channel along one dimension, then a mixing of channels."""

    rank = 1


class SeparableConv2D(_Separable):
    """A convolution of each channel of images, then a mixing of channels."""
