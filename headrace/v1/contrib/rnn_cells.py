"""Cells of `tf.contrib.rnn` for images, and those that search found."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import headrace as tf
from headrace.api import compat_v1_initializers as initializers
from headrace.core.shapes import TensorShape
from headrace.session.scopes import get_variable
from headrace.v1.layers.base import InputSpec
from headrace.v1.recurrent import LayerRNNCell, LSTMStateTuple, RNNCell


class ConvLSTMCell(RNNCell):
    """An LSTM cell whose products are convolutions (Shi et al., 2015): inputs, outputs and states are images.

    Args:
      conv_ndims: 1, 2 or 3.
      input_shape: of an input, without the batch: [height, width, channels] for 2.
      output_channels: of the outputs and states.
      kernel_shape: of the convolutions.
      skip_connection: whether the inputs are put behind the outputs.
      initializers: has to be None: give an initialiser to the variable scope around.

    Raises:
      ValueError: `input_shape` has not one number more than `conv_ndims`."""

    def __init__(
        self, conv_ndims: int, input_shape: Sequence[int], output_channels: int, kernel_shape: Sequence[int],
        use_bias: bool = True, skip_connection: bool = False, forget_bias: float = 1.0, initializers: Any = None,
        name: str = "conv_lstm_cell",
    ) -> None:  # fmt: skip
        super().__init__(name=name)
        if conv_ndims != len(input_shape) - 1:
            raise ValueError(f"Invalid input_shape {input_shape} for conv_ndims={conv_ndims}.")
        if initializers is not None:
            raise NotImplementedError(
                "ConvLSTMCell: give the initializer to tf.variable_scope around the cell."
            )
        self._ndims, self._kernel_shape = conv_ndims, list(kernel_shape)
        self._channels, self._use_bias, self._forget_bias = output_channels, use_bias, forget_bias
        self._skip = skip_connection
        sizes = list(input_shape)[:-1]
        self._state = TensorShape([*sizes, output_channels])
        self._output = TensorShape([*sizes, output_channels + (input_shape[-1] if skip_connection else 0)])

    @property
    def state_size(self) -> Any:
        return LSTMStateTuple(self._state, self._state)

    @property
    def output_size(self) -> Any:
        return self._output

    def call(self, inputs: Any, state: Any) -> Any:
        c, h = state
        i, j, f, o = tf.split(self._convolved(tf.concat([inputs, h], -1)), 4, axis=-1)
        c = tf.sigmoid(f + self._forget_bias) * c + tf.sigmoid(i) * tf.tanh(j)
        h = tf.tanh(c) * tf.sigmoid(o)
        output = tf.concat([h, inputs], -1) if self._skip else h
        # As in TensorFlow the state has what the output has: with a skip connection it is no longer of its size.
        return output, LSTMStateTuple(c, output)

    def _convolved(self, x: Any) -> Any:
        depth = 4 * self._channels
        kernel = get_variable("kernel", [*self._kernel_shape, int(x.shape[-1]), depth], x.dtype)
        y = tf.nn.convolution(x, kernel, padding="SAME")
        if not self._use_bias:
            return y
        return y + get_variable("biases", [depth], x.dtype, initializer=initializers.zeros_initializer())


class Conv1DLSTMCell(ConvLSTMCell):
    """`ConvLSTMCell` with `conv_ndims=1`."""

    def __init__(self, name: str = "conv_1d_lstm_cell", **kwargs: Any) -> None:
        super().__init__(1, name=name, **kwargs)


class Conv2DLSTMCell(ConvLSTMCell):
    """`ConvLSTMCell` with `conv_ndims=2`."""

    def __init__(self, name: str = "conv_2d_lstm_cell", **kwargs: Any) -> None:
        super().__init__(2, name=name, **kwargs)


class Conv3DLSTMCell(ConvLSTMCell):
    """`ConvLSTMCell` with `conv_ndims=3`."""

    def __init__(self, name: str = "conv_3d_lstm_cell", **kwargs: Any) -> None:
        super().__init__(3, name=name, **kwargs)


class NASCell(LayerRNNCell):
    """The cell that a search among cells found (Zoph and Le, 2017).

    Args:
      num_proj: the size of a projection of the outputs; there is none without it."""

    def __init__(
        self,
        num_units: int,
        num_proj: int | None = None,
        use_bias: bool = False,
        reuse: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(_reuse=reuse, **kwargs)
        self.input_spec = InputSpec(ndim=2)
        self._num_units, self._num_proj, self._use_bias = num_units, num_proj, use_bias

    @property
    def state_size(self) -> Any:
        return LSTMStateTuple(self._num_units, self.output_size)

    @property
    def output_size(self) -> Any:
        return self._num_units if self._num_proj is None else self._num_proj

    def build(self, inputs_shape: Any) -> None:
        size, n = self._size(inputs_shape), 8 * self._num_units
        self._recurrent = self.add_weight("recurrent_kernel", [self.output_size, n])
        self._kernel = self.add_weight("kernel", [size, n])
        if self._use_bias:
            self._bias = self.add_weight("bias", [n], initializer=initializers.zeros_initializer())
        if self._num_proj is not None:
            self._projection = self.add_weight("projection_weights", [self._num_units, self._num_proj])
        self.built = True

    def call(self, inputs: Any, state: Any) -> Any:
        c, m = state
        kept = tf.matmul(m, self._recurrent)
        if self._use_bias:
            kept = tf.nn.bias_add(kept, self._bias)
        a, b = tf.split(tf.matmul(inputs, self._kernel), 8, axis=1), tf.split(kept, 8, axis=1)
        sums = [x + y for x, y in zip(a, b, strict=True)]
        sigmoid, tanh, relu = tf.sigmoid, tf.tanh, tf.nn.relu
        first = tanh(sigmoid(sums[0]) * relu(sums[1]))
        second = tanh(sigmoid(sums[2]) + relu(a[3] * b[3]))
        third = tanh(tanh(sums[4]) * sigmoid(sums[5]))
        fourth = sigmoid(tanh(sums[6]) + sigmoid(sums[7]))
        c = tanh(first + c) * second
        m = tanh(c * tanh(third + fourth))
        if self._num_proj is not None:
            m = tf.matmul(m, self._projection)
        return m, LSTMStateTuple(c, m)
