"""`tf.contrib.rnn`: the cells of `tf.nn.rnn_cell`, more cells, and loops of several layers."""

from __future__ import annotations

from typing import Any

import headrace as tf
from headrace.api import compat_v1_initializers as initializers
from headrace.core import nest
from headrace.session.scopes import get_variable, variable_scope
from headrace.v1.layers.arguments import activation_of
from headrace.v1.recurrent import (
    BasicLSTMCell,
    BasicRNNCell,
    DeviceWrapper,
    DropoutWrapper,
    GRUCell,
    LayerRNNCell,
    LSTMCell,
    LSTMStateTuple,
    MultiRNNCell,
    ResidualWrapper,
    RNNCell,
    bidirectional_dynamic_rnn,
    static_bidirectional_rnn,
    static_rnn,
    static_state_saving_rnn,
    transpose_batch_time,
)
from headrace.v1.recurrent.wrappers import Wrapper

from .rnn_blocks import GRUBlockCell, GRUBlockCellV2, LSTMBlockCell, LSTMBlockFusedCell, LSTMBlockWrapper
from .rnn_cells import Conv1DLSTMCell, Conv2DLSTMCell, Conv3DLSTMCell, ConvLSTMCell, NASCell
from .rnn_fused import FusedRNNCell, FusedRNNCellAdaptor, TimeReversedFusedRNN
from .rnn_grid import BidirectionalGridLSTMCell, GridLSTMCell, TimeFreqLSTMCell
from .rnn_linear import Linear, linear, variable_scope_here
from .rnn_more_cells import (
    CoupledInputForgetGateLSTMCell,
    GLSTMCell,
    IndRNNCell,
    IndyGRUCell,
    IndyLSTMCell,
    IntersectionRNNCell,
    PhasedLSTMCell,
    SRUCell,
)

# The names under which programs import them from TensorFlow's private modules.
_linear, _Linear = linear, Linear

_ZEROS = initializers.zeros_initializer()


class LayerNormBasicLSTMCell(RNNCell):
    """An LSTM cell with layer normalisation (Ba et al., 2016) and dropout of what is added to the memory (Semeniuta et al.,
    2016).

    Args:
      norm_gain, norm_shift: what the normalisation's gamma and beta begin as.
      dropout_keep_prob: how likely an entry of what is remembered is kept (a number or a scalar tensor).
    """

    def __init__(
        self, num_units: int, forget_bias: float = 1.0, input_size: Any = None, activation: Any = tf.tanh,
        layer_norm: bool = True, norm_gain: float = 1.0, norm_shift: float = 0.0, dropout_keep_prob: Any = 1.0,
        dropout_prob_seed: int | None = None, reuse: Any = None,
    ) -> None:  # fmt: skip
        super().__init__(_reuse=reuse)
        if input_size is not None:
            raise ValueError("input_size is no longer used: leave it out. The inputs say their size.")
        self._num_units, self._activation, self._forget_bias = num_units, activation, forget_bias
        self._layer_norm, self._norm_gain, self._norm_shift = layer_norm, norm_gain, norm_shift
        self._keep_prob, self._seed = dropout_keep_prob, dropout_prob_seed

    @property
    def state_size(self) -> Any:
        return LSTMStateTuple(self._num_units, self._num_units)

    @property
    def output_size(self) -> Any:
        return self._num_units

    def _norm(self, x: Any, scope: str) -> Any:
        size = x.shape.as_list()[-1:]
        with variable_scope(scope):
            gamma = get_variable("gamma", size, x.dtype, initializers.constant_initializer(self._norm_gain))
            beta = get_variable("beta", size, x.dtype, initializers.constant_initializer(self._norm_shift))
        mean, variance = tf.nn.moments(x, [1], keepdims=True)
        return tf.nn.batch_normalization(x, mean, variance, beta, gamma, 1e-12)

    def call(self, inputs: Any, state: Any) -> Any:
        c, h = state
        joined = tf.concat([inputs, h], 1)
        kernel = get_variable("kernel", [joined.shape.as_list()[-1], 4 * self._num_units], inputs.dtype)
        gates = tf.matmul(joined, kernel)
        if not self._layer_norm:
            gates = tf.nn.bias_add(gates, get_variable("bias", [4 * self._num_units], inputs.dtype))
        i, j, f, o = tf.split(gates, 4, axis=1)
        if self._layer_norm:
            i, j, f, o = (
                self._norm(v, n) for v, n in ((i, "input"), (j, "transform"), (f, "forget"), (o, "output"))
            )
        g = self._activation(j)
        if isinstance(self._keep_prob, tf.Tensor) or self._keep_prob < 1:
            g = tf.nn.dropout(g, 1 - self._keep_prob, seed=self._seed)
        c = c * tf.sigmoid(f + self._forget_bias) + tf.sigmoid(i) * g
        if self._layer_norm:
            c = self._norm(c, "state")
        h = self._activation(c) * tf.sigmoid(o)
        return h, LSTMStateTuple(c, h)


class UGRNNCell(RNNCell):
    """The update gate of Collins et al. (2016): a single gate mixes the state and a candidate."""

    def __init__(
        self, num_units: int, initializer: Any = None, forget_bias: float = 1.0, activation: Any = tf.tanh, reuse: Any = None
    ) -> None:  # fmt: skip
        super().__init__(_reuse=reuse)
        self._num_units, self._initializer, self._forget_bias = num_units, initializer, forget_bias
        self._activation = activation_of(activation)

    @property
    def state_size(self) -> Any:
        return self._num_units

    @property
    def output_size(self) -> Any:
        return self._num_units

    def call(self, inputs: Any, state: Any) -> Any:
        with variable_scope(variable_scope_here(), initializer=self._initializer):
            g, c = tf.split(linear([inputs, state], 2 * self._num_units, True), 2, axis=1)
        c, g = self._activation(c), tf.sigmoid(g + self._forget_bias)
        state = g * state + (1.0 - g) * c
        return state, state


class AttentionCellWrapper(RNNCell):
    """A cell that attends to its last `attn_length` states: Bahdanau et al. (2015).

    Args:
      attn_size: the size of the attention; the cell's output size by default.
      attn_vec_size: the depth of the comparison; `attn_size` by default.
      input_size: the size that inputs and attention are projected to; that of the inputs by default.
    """

    def __init__(
        self, cell: Any, attn_length: int, attn_size: int | None = None, attn_vec_size: int | None = None,
        input_size: int | None = None, state_is_tuple: bool = True, reuse: Any = None,
    ) -> None:  # fmt: skip
        super().__init__(_reuse=reuse)
        if nest.is_nested(cell.state_size) and not state_is_tuple:
            raise ValueError(
                f"Cell returns tuple of states, but the flag state_is_tuple is not set. State size is: {cell.state_size}"
            )
        if attn_length <= 0:
            raise ValueError(f"attn_length should be greater than zero, got {attn_length}")
        self._cell, self._length, self._state_is_tuple, self._input_size = (
            cell,
            attn_length,
            state_is_tuple,
            input_size,
        )
        self._attn_size = cell.output_size if attn_size is None else attn_size
        self._depth = self._attn_size if attn_vec_size is None else attn_vec_size

    @property
    def state_size(self) -> Any:
        sizes = (self._cell.state_size, self._attn_size, self._attn_size * self._length)
        return sizes if self._state_is_tuple else sum(sizes)

    @property
    def output_size(self) -> Any:
        return self._attn_size

    def call(self, inputs: Any, state: Any) -> Any:
        size = self._cell.state_size
        if self._state_is_tuple:
            state, attention, states = state
        else:
            state, attention, states = tf.split(
                state, [size, self._attn_size, self._attn_size * self._length], 1
            )
        states = tf.reshape(states, [-1, self._length, self._attn_size])
        width = self._input_size or inputs.shape.as_list()[1]
        inputs = linear([inputs, attention], width, True)
        output, new = self._cell(inputs, state)
        joined = tf.concat(nest.flatten(new), 1) if self._state_is_tuple else new
        attention, states = self._attend(joined, states)
        with variable_scope("attn_output_projection"):
            output = linear([output, attention], self._attn_size, True)
        states = tf.concat([states, tf.expand_dims(output, 1)], 1)
        states = tf.reshape(states, [-1, self._length * self._attn_size])
        after = (new, attention, states)
        return output, after if self._state_is_tuple else tf.concat(after, 1)

    def _attend(self, query: Any, states: Any) -> Any:
        with variable_scope("attention"):
            k = get_variable("attn_w", [1, 1, self._attn_size, self._depth], query.dtype)
            v = get_variable("attn_v", [self._depth], query.dtype)
            hidden = tf.reshape(states, [-1, self._length, 1, self._attn_size])
            features = tf.nn.conv2d(hidden, k, [1, 1, 1, 1], "SAME")
            y = tf.reshape(linear([query], self._depth, True), [-1, 1, 1, self._depth])
            weights = tf.nn.softmax(tf.reduce_sum(v * tf.tanh(features + y), [2, 3]))
            attended = tf.reduce_sum(tf.reshape(weights, [-1, self._length, 1, 1]) * hidden, [1, 2])
        return tf.reshape(attended, [-1, self._attn_size]), states[:, 1:]


class InputProjectionWrapper(Wrapper):
    """Projects the inputs of a cell."""

    def __init__(
        self, cell: Any, num_proj: int, activation: Any = None, input_size: Any = None, reuse: Any = None
    ) -> None:
        super().__init__(cell)
        if input_size is not None:
            raise ValueError("input_size is no longer used: leave it out. The inputs say their size.")
        self._num_proj, self._activation, self._reuse = num_proj, activation, reuse

    __call__ = RNNCell.__call__

    def call(self, inputs: Any, state: Any) -> Any:
        projected = linear([inputs], self._num_proj, True)
        return self.cell(self._activation(projected) if self._activation else projected, state)


class OutputProjectionWrapper(Wrapper):
    """Projects the outputs of a cell."""

    def __init__(self, cell: Any, output_size: int, activation: Any = None, reuse: Any = None) -> None:
        super().__init__(cell)
        if output_size < 1:
            raise ValueError(f"Parameter output_size must be > 0: {output_size}.")
        self._output_size, self._activation, self._reuse = output_size, activation, reuse

    __call__ = RNNCell.__call__

    @property
    def output_size(self) -> Any:
        return self._output_size

    def call(self, inputs: Any, state: Any) -> Any:
        output, state = self.cell(inputs, state)
        projected = linear([output], self._output_size, True)
        return self._activation(projected) if self._activation else projected, state


class EmbeddingWrapper(Wrapper):
    """Looks the inputs (ids) of a cell up in the variable "embedding"."""

    def __init__(
        self,
        cell: Any,
        embedding_classes: int,
        embedding_size: int,
        initializer: Any = None,
        reuse: Any = None,
    ) -> None:
        super().__init__(cell)
        if embedding_classes <= 0 or embedding_size <= 0:
            raise ValueError(
                f"Both embedding_classes and embedding_size must be > 0: {embedding_classes}, {embedding_size}."
            )
        self._classes, self._embedding_size = embedding_classes, embedding_size
        self._initializer, self._reuse = initializer, reuse

    __call__ = RNNCell.__call__

    def call(self, inputs: Any, state: Any) -> Any:
        make = self._initializer or initializers.random_uniform_initializer(-(3**0.5), 3**0.5)
        dtype = nest.flatten(state)[0].dtype
        table = get_variable("embedding", [self._classes, self._embedding_size], dtype, make)
        return self.cell(tf.nn.embedding_lookup(table, tf.reshape(inputs, [-1])), state)


class HighwayWrapper(Wrapper):
    """Mixes a cell's outputs with its inputs by a trained gate: Srivastava et al. (2015).

    Args:
      couple_carry_transform_gates: whether what is not carried is transformed; else both gates are trained.
      carry_bias_init: what the carry gate's bias begins as.
    """

    def __init__(
        self, cell: Any, couple_carry_transform_gates: bool = True, carry_bias_init: float = 1.0
    ) -> None:
        super().__init__(cell)
        self._coupled, self._carry = couple_carry_transform_gates, carry_bias_init

    def _wrapped(self, inputs: Any, state: Any, cell: Any) -> Any:
        outputs, new = cell(inputs, state)
        nest.assert_same_structure(inputs, outputs)
        return nest.map_structure(self._mixed, inputs, outputs), new

    def _mixed(self, x: Any, y: Any) -> Any:
        size = x.shape.as_list()[-1]

        def gate(name: str, bias: float) -> Any:
            kernel = get_variable(f"{name}_w", [size, size])
            start = initializers.constant_initializer(bias)
            return tf.sigmoid(
                tf.nn.bias_add(tf.matmul(x, kernel), get_variable(f"{name}_b", [size], initializer=start))
            )

        carry = gate("carry", self._carry)
        transform = 1 - carry if self._coupled else gate("transform", -self._carry)
        return x * carry + y * transform


def stack_bidirectional_rnn(
    cells_fw: Any, cells_bw: Any, inputs: Any, initial_states_fw: Any = None, initial_states_bw: Any = None,
    dtype: Any = None, sequence_length: Any = None, scope: Any = None,
) -> Any:  # fmt: skip
    """Layers of `static_bidirectional_rnn`, each on the joined outputs of the one below."""
    pairs = _pairs(cells_fw, cells_bw, initial_states_fw, initial_states_bw)
    states: tuple[list[Any], list[Any]] = ([], [])
    with variable_scope(scope or "stack_bidirectional_rnn"):
        for i, (fw, bw, first_fw, first_bw) in enumerate(pairs):
            with variable_scope(f"cell_{i}") as own:
                inputs, state_fw, state_bw = static_bidirectional_rnn(
                    fw, bw, inputs, first_fw, first_bw, dtype, sequence_length, own
                )
            states[0].append(state_fw)
            states[1].append(state_bw)
    return inputs, tuple(states[0]), tuple(states[1])


def stack_bidirectional_dynamic_rnn(
    cells_fw: Any, cells_bw: Any, inputs: Any, initial_states_fw: Any = None, initial_states_bw: Any = None,
    dtype: Any = None, sequence_length: Any = None, parallel_iterations: int | None = None, time_major: bool = False,
    scope: Any = None, swap_memory: bool = False,
) -> Any:  # fmt: skip
    """Layers of `bidirectional_dynamic_rnn`, each on the joined outputs of the one below.

    Returns: outputs [batch, time, …], and the last states of all layers, forwards and backwards.
    """
    pairs = _pairs(cells_fw, cells_bw, initial_states_fw, initial_states_bw)
    states: tuple[list[Any], list[Any]] = ([], [])
    with variable_scope(scope or "stack_bidirectional_rnn"):
        for i, (fw, bw, first_fw, first_bw) in enumerate(pairs):
            with variable_scope(f"cell_{i}"):
                outputs, (state_fw, state_bw) = bidirectional_dynamic_rnn(
                    fw, bw, inputs, sequence_length, first_fw, first_bw, dtype, parallel_iterations, swap_memory, time_major
                )  # fmt: skip
                inputs = tf.concat(outputs, 2)
            states[0].append(state_fw)
            states[1].append(state_bw)
    return inputs, tuple(states[0]), tuple(states[1])


def _pairs(cells_fw: Any, cells_bw: Any, states_fw: Any, states_bw: Any) -> list[Any]:
    for name, cells in (("cells_fw", cells_fw), ("cells_bw", cells_bw)):
        if not isinstance(cells, list) or not cells:
            raise ValueError(f"{name} must be a list of RNNCells (one per layer), and not empty.")
    n = len(cells_fw)
    if len(cells_bw) != n:
        raise ValueError("Forward and Backward cells must have the same depth.")
    for name, states in (("initial_states_fw", states_fw), ("initial_states_bw", states_bw)):
        if states is not None and (not isinstance(states, (list, tuple)) or len(states) != n):
            raise ValueError(f"{name} must be a list of state tensors (one per layer).")
    return list(zip(cells_fw, cells_bw, states_fw or [None] * n, states_bw or [None] * n))


def best_effort_input_batch_size(flat_input: Any) -> Any:
    """The batch size of inputs [time, batch, …]: a number where one of them tells it, else a scalar tensor."""
    for x in flat_input:
        if x.shape.rank is not None and x.shape.rank >= 2 and x.shape.as_list()[1] is not None:
            return x.shape.as_list()[1]
    return tf.shape(flat_input[0])[1]


__all__ = [
    "AttentionCellWrapper", "BasicLSTMCell", "BasicRNNCell", "BidirectionalGridLSTMCell", "Conv1DLSTMCell",
    "Conv2DLSTMCell", "Conv3DLSTMCell", "ConvLSTMCell", "CoupledInputForgetGateLSTMCell", "DeviceWrapper",
    "DropoutWrapper", "EmbeddingWrapper", "FusedRNNCell", "FusedRNNCellAdaptor", "GLSTMCell", "GRUBlockCell",
    "GRUBlockCellV2", "GRUCell", "GridLSTMCell", "HighwayWrapper", "IndRNNCell", "IndyGRUCell", "IndyLSTMCell",
    "InputProjectionWrapper", "IntersectionRNNCell", "LSTMBlockCell", "LSTMBlockFusedCell", "LSTMBlockWrapper",
    "LSTMCell", "LSTMStateTuple", "LayerNormBasicLSTMCell", "LayerRNNCell", "MultiRNNCell", "NASCell",
    "OutputProjectionWrapper", "PhasedLSTMCell", "RNNCell", "ResidualWrapper", "SRUCell", "TimeFreqLSTMCell",
    "TimeReversedFusedRNN", "UGRNNCell", "best_effort_input_batch_size", "stack_bidirectional_dynamic_rnn",
    "stack_bidirectional_rnn", "static_bidirectional_rnn", "static_rnn", "static_state_saving_rnn",
    "transpose_batch_time",
]  # fmt: skip
