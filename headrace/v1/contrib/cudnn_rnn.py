"""`tf.contrib.cudnn_rnn`: the recurrent layers whose kernels are cuDNN's, computed here by cells that compile anywhere.

Their variables have the names that TensorFlow gives their weights in checkpoints, which cells on any machine can read."""

from __future__ import annotations

from typing import Any

import headrace as tf
from headrace.api import compat_v1_initializers as initializers
from headrace.core import dtypes
from headrace.session.scopes import variable_scope
from headrace.session.variable_store import get_variable_scope
from headrace.v1.layers.base import Layer
from headrace.v1.recurrent.cells import BasicRNNCell, GRUCell
from headrace.v1.recurrent.dynamic import bidirectional_dynamic_rnn, dynamic_rnn

from .rnn import LSTMBlockCell, LSTMStateTuple

CUDNN_RNN_UNIDIRECTION, CUDNN_RNN_BIDIRECTION = "unidirectional", "bidirectional"
CUDNN_INPUT_LINEAR_MODE, CUDNN_INPUT_SKIP_MODE, CUDNN_INPUT_AUTO_MODE = (
    "linear_input",
    "skip_input",
    "auto_select",
)


class CudnnCompatibleLSTMCell(LSTMBlockCell):
    """The cell that computes what `CudnnLSTM` does: an LSTM whose forget gate has no bias of its own."""

    def __init__(self, num_units: int, reuse: Any = None) -> None:
        super().__init__(num_units, forget_bias=0, reuse=reuse, name="cudnn_compatible_lstm_cell")


class CudnnCompatibleGRUCell(GRUCell):
    """The cell that computes what `CudnnGRU` does: a GRU whose reset gate comes after the product with the state."""

    def __init__(self, num_units: int, reuse: Any = None, kernel_initializer: Any = None) -> None:
        super().__init__(num_units, reuse=reuse, kernel_initializer=kernel_initializer)

    def build(self, inputs_shape: Any) -> None:
        size, n = self._size(inputs_shape), self._num_units
        start, zero = self._kernel_initializer, initializers.zeros_initializer()
        bias = self._bias_initializer or zero
        ones = self._bias_initializer or initializers.ones_initializer()
        self._gate_kernel = self.add_weight("gates/kernel", [size + n, 2 * n], initializer=start)
        self._gate_bias = self.add_weight("gates/bias", [2 * n], initializer=ones)
        self._input_kernel = self.add_weight(
            "candidate/input_projection/kernel", [size, n], initializer=start
        )
        self._hidden_kernel = self.add_weight("candidate/hidden_projection/kernel", [n, n], initializer=start)
        self._input_bias = self.add_weight("candidate/input_projection/bias", [n], initializer=bias)
        self._hidden_bias = self.add_weight("candidate/hidden_projection/bias", [n], initializer=bias)
        self.built = True

    def call(self, inputs: Any, state: Any) -> Any:
        gates = tf.nn.bias_add(tf.matmul(tf.concat([inputs, state], 1), self._gate_kernel), self._gate_bias)
        r, u = tf.split(tf.sigmoid(gates), 2, axis=1)
        seen = tf.nn.bias_add(tf.matmul(inputs, self._input_kernel), self._input_bias)
        kept = tf.nn.bias_add(tf.matmul(state, self._hidden_kernel), self._hidden_bias)
        output = (1 - u) * self._activation(seen + r * kept) + u * state
        return output, output


class _ByGate:
    """Initial weights of a kernel, made of those of each gate for inputs and for the state, as cuDNN has them."""

    def __init__(self, initializer: Any, size: int, units: int) -> None:
        self._initializer, self._size, self._units = initializer, size, units

    def __call__(self, shape: Any, dtype: Any = None, partition_info: Any = None) -> Any:
        rows, columns = (int(n) for n in shape)
        n = self._units
        sizes = [self._size, n] if rows == self._size + n else [rows]
        gates = [
            tf.concat([tf.transpose(self._initializer([n, s], dtype=dtype)) for s in sizes], 0) for _ in range(columns // n)
        ]  # fmt: skip
        return tf.concat(gates, 1)


class _CudnnRNN(Layer):
    """Several recurrent layers on top of each other.

    Args:
      num_layers, num_units: how many layers, and how many units each has in each direction.
      input_mode: "linear_input": the first layer has weights for its inputs. Other modes are not supported.
      direction: "unidirectional" or "bidirectional".
      dropout: the share of values dropped between layers while training.
      kernel_initializer: of each gate's weights [num_units, inputs]; Glorot's uniform one by default.
      bias_initializer: biases begin with zeros; another initialiser is not supported.

    Called with inputs [time, batch, size] ([batch, time, size] without `time_major`), it gives outputs
    [time, batch, num_units * directions] and a tuple of last states [num_layers * directions, batch, num_units]:
    (h, c) of an LSTM, (h,) of others.

    Raises:
      ValueError: an argument is none of these.
    """

    def __init__(
        self, num_layers: int, num_units: int, input_mode: str = CUDNN_INPUT_LINEAR_MODE,
        direction: str = CUDNN_RNN_UNIDIRECTION, dropout: float = 0.0, seed: int | None = None, dtype: Any = dtypes.float32,
        kernel_initializer: Any = None, bias_initializer: Any = None, name: str | None = None,
    ) -> None:  # fmt: skip
        super().__init__(dtype=dtype, name=name)
        if direction not in (CUDNN_RNN_UNIDIRECTION, CUDNN_RNN_BIDIRECTION):
            raise ValueError(
                f"direction must be 'unidirectional' or 'bidirectional', received {direction!r}."
            )
        if input_mode not in (CUDNN_INPUT_LINEAR_MODE, CUDNN_INPUT_AUTO_MODE):
            raise ValueError(f"input_mode must be 'linear_input', received {input_mode!r}.")
        if bias_initializer is not None:
            raise NotImplementedError("bias_initializer is not supported: biases begin with zeros.")
        self.num_layers, self.num_units, self.input_mode, self.direction = (
            num_layers,
            num_units,
            input_mode,
            direction,
        )
        self.num_dirs = 1 if direction == CUDNN_RNN_UNIDIRECTION else 2
        self._dropout, self._seed = dropout, seed
        self._kernel_initializer = kernel_initializer or initializers.glorot_uniform_initializer(seed=seed)
        self._cells = [[self._cell() for _ in range(self.num_dirs)] for _ in range(num_layers)]

    def _cell(self) -> Any:
        raise NotImplementedError

    def _joined(self, states: Any) -> tuple[Any, ...]:
        """The states of all layers and directions as the layer gives them."""
        return (tf.stack(states),)

    def _parted(self, state: Any) -> list[Any]:
        return tf.unstack(state[0], self.num_layers * self.num_dirs)  # type: ignore[no-any-return]

    def state_shape(self, batch_size: Any) -> tuple[list[Any], ...]:
        """The shapes of the states."""
        return ([self.num_layers * self.num_dirs, batch_size, self.num_units],)

    @property
    def cells(self) -> list[Any]:
        """The cells, layer by layer."""
        return [cell for layer in self._cells for cell in layer]

    @property
    def trainable_variables(self) -> list[Any]:  # type: ignore[override]
        """The weights of all cells."""
        return [v for cell in self.cells for v in cell.trainable_variables]

    trainable_weights = variables = weights = trainable_variables  # type: ignore[assignment]

    def call(
        self, inputs: Any, initial_state: Any = None, sequence_lengths: Any = None, time_major: bool = True,
        training: Any = True,
    ) -> Any:  # fmt: skip
        if initial_state is not None and not isinstance(initial_state, tuple):
            raise TypeError(f"Invalid initial_state type: {initial_state}, expecting tuple.")
        x = tf.cast(tf.convert_to_tensor(inputs), self.dtype)
        before = (
            [None] * (self.num_layers * self.num_dirs)
            if initial_state is None
            else self._parted(initial_state)
        )
        after: list[Any] = []
        options = {"sequence_length": sequence_lengths, "dtype": self.dtype, "time_major": time_major}
        for i, cells in enumerate(self._cells):
            if i and self._dropout:
                share = self._dropout * tf.cast(training, dtypes.float32)
                x = tf.nn.dropout(x, share, seed=self._seed)
            start = _ByGate(self._kernel_initializer, int(x.shape[-1]), self.num_units)
            states = before[i * self.num_dirs : (i + 1) * self.num_dirs]
            with variable_scope(get_variable_scope(), initializer=start, auxiliary_name_scope=False):
                if self.num_dirs == 1:
                    x, last = dynamic_rnn(
                        cells[0], x, initial_state=states[0], scope=f"rnn/multi_rnn_cell/cell_{i}", **options
                    )
                    after.append(last)
                else:
                    both, last = bidirectional_dynamic_rnn(
                        cells[0], cells[1], x, initial_state_fw=states[0], initial_state_bw=states[1],
                        scope=f"stack_bidirectional_rnn/cell_{i}/bidirectional_rnn", **options,
                    )  # fmt: skip
                    x = tf.concat(both, 2)
                    after.extend(last)
        return x, self._joined(after)


class CudnnLSTM(_CudnnRNN):
    """Layers of LSTM; see `CudnnCompatibleLSTMCell`."""

    def _cell(self) -> Any:
        return CudnnCompatibleLSTMCell(self.num_units)

    def _joined(self, states: Any) -> tuple[Any, ...]:
        return tf.stack([s.h for s in states]), tf.stack([s.c for s in states])

    def _parted(self, state: Any) -> list[Any]:
        h, c = (tf.unstack(s, self.num_layers * self.num_dirs) for s in state)
        return [LSTMStateTuple(*pair) for pair in zip(c, h, strict=True)]

    def state_shape(self, batch_size: Any) -> tuple[list[Any], ...]:
        """The shapes of the states."""
        return (*super().state_shape(batch_size), *super().state_shape(batch_size))


class CudnnGRU(_CudnnRNN):
    """Layers of GRU; see `CudnnCompatibleGRUCell`."""

    def _cell(self) -> Any:
        cell = CudnnCompatibleGRUCell(self.num_units)
        cell._bias_initializer = initializers.zeros_initializer()
        return cell


class CudnnRNNTanh(_CudnnRNN):
    """Layers of plain recurrent units with tanh."""

    def _cell(self) -> Any:
        return BasicRNNCell(self.num_units, tf.tanh)


class CudnnRNNRelu(_CudnnRNN):
    """Layers of plain recurrent units with relu."""

    def _cell(self) -> Any:
        return BasicRNNCell(self.num_units, tf.nn.relu)


def __getattr__(name: str) -> Any:
    if "Saveable" in name or "ParamsFormatConverter" in name:
        raise AttributeError(
            f"tf.contrib.cudnn_rnn.{name} is not part of Headrace: weights are no opaque vector here. tf.train.Saver saves the "
            "layers' variables under the names that checkpoints have."
        )
    raise AttributeError(f"module 'tensorflow.contrib.cudnn_rnn' (on Headrace) has no attribute {name!r}")


__all__ = [
    "CUDNN_INPUT_AUTO_MODE", "CUDNN_INPUT_LINEAR_MODE", "CUDNN_INPUT_SKIP_MODE", "CUDNN_RNN_BIDIRECTION",
    "CUDNN_RNN_UNIDIRECTION", "CudnnCompatibleGRUCell", "CudnnCompatibleLSTMCell", "CudnnGRU", "CudnnLSTM", "CudnnRNNRelu",
    "CudnnRNNTanh",
]  # fmt: skip
