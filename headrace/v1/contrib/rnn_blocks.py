"""Cells of `tf.contrib.rnn` for which TensorFlow has a kernel each. Here they compile like any other cell."""

from __future__ import annotations

from typing import Any

import headrace as tf
from headrace.api import compat_v1_initializers as initializers
from headrace.core.shapes import TensorShape
from headrace.v1.layers.base import InputSpec, Layer
from headrace.v1.recurrent import LayerRNNCell, LSTMStateTuple, RNNCell, dynamic_rnn

_ZEROS = initializers.zeros_initializer()


class LSTMBlockCell(LayerRNNCell):
    """An LSTM cell whose gates are in the order input, memory, forget, output, with optional peepholes and clipping.

    TensorFlow has a kernel for it; here it compiles like any other cell.
    """

    def __init__(
        self, num_units: int, forget_bias: float = 1.0, cell_clip: float | None = None, use_peephole: bool = False,
        dtype: Any = None, reuse: Any = None, name: str | None = "lstm_cell",
    ) -> None:  # fmt: skip
        super().__init__(_reuse=reuse, dtype=dtype, name=name)
        self.input_spec = InputSpec(ndim=2)
        self._num_units, self._forget_bias = num_units, forget_bias
        self._cell_clip, self._use_peephole = cell_clip if cell_clip is not None else -1, use_peephole

    @property
    def state_size(self) -> Any:
        return LSTMStateTuple(self._num_units, self._num_units)

    @property
    def output_size(self) -> Any:
        return self._num_units

    def build(self, inputs_shape: Any) -> None:
        self.make_weights(self, self._size(inputs_shape))
        self.built = True

    def make_weights(self, layer: Any, size: int) -> None:
        """The weights for inputs of that size, as weights of `layer`."""
        n = self._num_units
        self._kernel = layer.add_weight("kernel", [size + n, 4 * n])
        self._bias = layer.add_weight("bias", [4 * n], initializer=_ZEROS)
        if self._use_peephole:
            self._w_i, self._w_f, self._w_o = (layer.add_weight(f"w_{g}_diag", [n]) for g in "ifo")

    def call(self, inputs: Any, state: Any) -> Any:
        c, h = state
        gates = tf.nn.bias_add(tf.matmul(tf.concat([inputs, h], 1), self._kernel), self._bias)
        i, j, f, o = tf.split(gates, 4, axis=1)
        f = f + self._forget_bias
        if self._use_peephole:
            i, f = i + self._w_i * c, f + self._w_f * c
        c = tf.sigmoid(f) * c + tf.sigmoid(i) * tf.tanh(j)
        if self._cell_clip > 0:
            c = tf.clip_by_value(c, -self._cell_clip, self._cell_clip)
        if self._use_peephole:
            o = o + self._w_o * c
        h = tf.sigmoid(o) * tf.tanh(c)
        return h, LSTMStateTuple(c, h)


class GRUBlockCell(LayerRNNCell):
    """A GRU cell; TensorFlow has a kernel for it, here it compiles like any other cell."""

    def __init__(
        self, num_units: int | None = None, cell_size: int | None = None, reuse: Any = None, name: str | None = "gru_cell",
        dtype: Any = None,
    ) -> None:  # fmt: skip
        super().__init__(_reuse=reuse, name=name, dtype=dtype)
        if (cell_size is None) == (num_units is None):
            raise ValueError("Exactly one of num_units or cell_size must be provided.")
        self._num_units = int(num_units or cell_size or 0)
        self.input_spec = InputSpec(ndim=2)

    @property
    def state_size(self) -> Any:
        return self._num_units

    @property
    def output_size(self) -> Any:
        return self._num_units

    def build(self, inputs_shape: Any) -> None:
        rows, n = self._size(inputs_shape) + self._num_units, self._num_units
        self._gate_kernel = self.add_weight(self._names[0], [rows, 2 * n])
        self._gate_bias = self.add_weight(
            self._names[1], [2 * n], initializer=initializers.constant_initializer(1.0)
        )
        self._candidate_kernel = self.add_weight(self._names[2], [rows, n])
        self._candidate_bias = self.add_weight(self._names[3], [n], initializer=_ZEROS)
        self.built = True

    _names = ("w_ru", "b_ru", "w_c", "b_c")

    def call(self, inputs: Any, state: Any) -> Any:
        gates = tf.matmul(tf.concat([inputs, state], 1), self._gate_kernel)
        r, u = tf.split(tf.sigmoid(tf.nn.bias_add(gates, self._gate_bias)), 2, axis=1)
        candidate = tf.matmul(tf.concat([inputs, r * state], 1), self._candidate_kernel)
        c = tf.tanh(tf.nn.bias_add(candidate, self._candidate_bias))
        output = u * state + (1 - u) * c
        return output, output


class GRUBlockCellV2(GRUBlockCell):
    """`GRUBlockCell` with the variable names of `GRUCell`."""

    _names = ("gates/kernel", "gates/bias", "candidate/kernel", "candidate/bias")


class LSTMBlockWrapper(Layer):
    """An LSTM that takes all steps at once; subclasses have `num_units` and `_step`, a cell of the layer's weights."""

    @property
    def num_units(self) -> int:
        """The size of the state."""
        raise NotImplementedError("A LSTMBlockWrapper has to say its num_units.")

    def _step(self) -> Any:
        raise NotImplementedError

    def call(
        self, inputs: Any, initial_state: Any = None, dtype: Any = None, sequence_length: Any = None
    ) -> Any:
        """All steps.

        Args:
          inputs: [time, batch, size], or a list of [batch, size].
          initial_state: memory and output before the first step; zeros of `dtype` by default.
          sequence_length: [batch]; outputs are zeros beyond it.

        Returns: outputs like the inputs, and the last state of each example."""
        several = isinstance(inputs, list)
        if initial_state is None:
            if dtype is None:
                raise ValueError("Either initial_state or dtype needs to be specified")
        elif len(initial_state) != 2:
            raise ValueError("Expecting initial_state to be a tuple with length 2 or None")
        else:
            initial_state = LSTMStateTuple(*initial_state)
        outputs, state = dynamic_rnn(
            self._step(), tf.stack(inputs) if several else inputs, sequence_length=sequence_length,
            initial_state=initial_state, dtype=dtype, time_major=True,
        )  # fmt: skip
        return tf.unstack(outputs) if several else outputs, state


class LSTMBlockFusedCell(LSTMBlockWrapper):
    """`LSTMBlockCell` for all steps at once."""

    def __init__(
        self, num_units: int, forget_bias: float = 1.0, cell_clip: float | None = None, use_peephole: bool = False,
        reuse: Any = None, dtype: Any = None, name: str = "lstm_fused_cell",
    ) -> None:  # fmt: skip
        super().__init__(_reuse=reuse, name=name, dtype=dtype)
        self._cell = LSTMBlockCell(num_units, forget_bias, cell_clip, use_peephole)
        self.input_spec = InputSpec(ndim=3)

    @property
    def num_units(self) -> int:
        return self._cell._num_units

    def build(self, input_shape: Any) -> None:
        size = TensorShape(input_shape).as_list()[-1]
        if size is None:
            raise ValueError(f"Expecting inputs_shape[2] to be set: {input_shape}")
        self._cell.make_weights(self, size)
        self.built = True

    def _step(self) -> Any:
        return _Step(self._cell)


class _Step(RNNCell):
    """A cell that is called without a scope of its own: its weights are there."""

    def __init__(self, cell: LSTMBlockCell) -> None:
        self._cell = cell

    @property
    def state_size(self) -> Any:
        return self._cell.state_size

    @property
    def output_size(self) -> Any:
        return self._cell.output_size

    def __call__(self, inputs: Any, state: Any, scope: Any = None) -> Any:
        return self._cell.call(inputs, state)
