"""The cells of `tf.nn.rnn_cell`: plain, GRU and LSTM, and a stack of cells."""

from __future__ import annotations

from typing import Any, NamedTuple

import headrace as tf
from headrace.api import compat_v1_initializers as initializers
from headrace.core import nest
from headrace.session.partitions import fixed_size_partitioner
from headrace.session.scopes import variable_scope
from headrace.v1.layers.arguments import activation_of, initializer_of
from headrace.v1.layers.base import InputSpec

from .cell import BIAS, KERNEL, LayerRNNCell, RNNCell, zeros_of

_ZEROS, _ONES = initializers.zeros_initializer(), initializers.ones_initializer()


class LSTMStateTuple(NamedTuple):
    """The state of LSTM cells: the memory `c` and the last output `h`."""

    c: Any
    h: Any

    @property
    def dtype(self) -> Any:
        if self.c.dtype != self.h.dtype:
            raise TypeError(f"Inconsistent internal state: {self.c.dtype} vs {self.h.dtype}")
        return self.c.dtype


class BasicRNNCell(LayerRNNCell):
    """`output = new_state = activation(W [inputs, state] + b)`.

    >>> import headrace as tf
    >>> v1 = tf.compat.v1
    >>> with tf.Graph().as_default():
    ...     outputs, state = v1.nn.dynamic_rnn(v1.nn.rnn_cell.BasicRNNCell(4), tf.zeros([2, 5, 3]), dtype=tf.float32)
    ...     outputs.shape.as_list(), [v.name for v in v1.trainable_variables()]
    ([2, 5, 4], ['rnn/basic_rnn_cell/kernel:0', 'rnn/basic_rnn_cell/bias:0'])
    """

    def __init__(
        self, num_units: int, activation: Any = None, reuse: Any = None, name: str | None = None, dtype: Any = None,
        **kwargs: Any,
    ) -> None:  # fmt: skip
        super().__init__(_reuse=reuse, name=name, dtype=dtype, **kwargs)
        self.input_spec = InputSpec(ndim=2)
        self._num_units, self._activation = num_units, activation_of(activation) or tf.tanh

    @property
    def state_size(self) -> Any:
        return self._num_units

    @property
    def output_size(self) -> Any:
        return self._num_units

    def build(self, inputs_shape: Any) -> None:
        size = self._size(inputs_shape)
        self._kernel = self.add_weight(KERNEL, [size + self._num_units, self._num_units])
        self._bias = self.add_weight(BIAS, [self._num_units], initializer=_ZEROS)
        self.built = True

    def call(self, inputs: Any, state: Any) -> Any:
        gates = tf.matmul(tf.concat([inputs, state], 1), self._kernel)
        output = self._activation(tf.nn.bias_add(gates, self._bias))
        return output, output


class GRUCell(LayerRNNCell):
    """The gated recurrent unit of Cho et al. (2014)."""

    def __init__(
        self, num_units: int, activation: Any = None, reuse: Any = None, kernel_initializer: Any = None,
        bias_initializer: Any = None, name: str | None = None, dtype: Any = None, **kwargs: Any,
    ) -> None:  # fmt: skip
        super().__init__(_reuse=reuse, name=name, dtype=dtype, **kwargs)
        self.input_spec = InputSpec(ndim=2)
        self._num_units, self._activation = num_units, activation_of(activation) or tf.tanh
        self._kernel_initializer, self._bias_initializer = (
            initializer_of(kernel_initializer),
            initializer_of(bias_initializer),
        )

    @property
    def state_size(self) -> Any:
        return self._num_units

    @property
    def output_size(self) -> Any:
        return self._num_units

    def build(self, inputs_shape: Any) -> None:
        rows, n = self._size(inputs_shape) + self._num_units, self._num_units
        self._gate_kernel = self.add_weight(
            "gates/kernel", [rows, 2 * n], initializer=self._kernel_initializer
        )
        # Gates begin open, so that the state is not forgotten from the start.
        self._gate_bias = self.add_weight("gates/bias", [2 * n], initializer=self._bias_initializer or _ONES)
        self._candidate_kernel = self.add_weight(
            "candidate/kernel", [rows, n], initializer=self._kernel_initializer
        )
        self._candidate_bias = self.add_weight(
            "candidate/bias", [n], initializer=self._bias_initializer or _ZEROS
        )
        self.built = True

    def call(self, inputs: Any, state: Any) -> Any:
        gates = tf.matmul(tf.concat([inputs, state], 1), self._gate_kernel)
        r, u = tf.split(tf.sigmoid(tf.nn.bias_add(gates, self._gate_bias)), 2, axis=1)
        candidate = tf.matmul(tf.concat([inputs, r * state], 1), self._candidate_kernel)
        c = self._activation(tf.nn.bias_add(candidate, self._candidate_bias))
        output = u * state + (1 - u) * c
        return output, output


class BasicLSTMCell(LayerRNNCell):
    """Long short-term memory without peepholes: Zaremba et al. (2014).

    Args:
      forget_bias: added to the forget gate, so that memories last from the start.
      state_is_tuple: False joins c and h along the columns of one tensor.
    """

    def __init__(
        self, num_units: int, forget_bias: float = 1.0, state_is_tuple: bool = True, activation: Any = None,
        reuse: Any = None, name: str | None = None, dtype: Any = None, **kwargs: Any,
    ) -> None:  # fmt: skip
        super().__init__(_reuse=reuse, name=name, dtype=dtype, **kwargs)
        self.input_spec = InputSpec(ndim=2)
        self._num_units, self._forget_bias = num_units, forget_bias
        self._state_is_tuple, self._activation = state_is_tuple, activation_of(activation) or tf.tanh

    @property
    def state_size(self) -> Any:
        n = self._num_units
        return LSTMStateTuple(n, n) if self._state_is_tuple else 2 * n

    @property
    def output_size(self) -> Any:
        return self._num_units

    def build(self, inputs_shape: Any) -> None:
        size, n = self._size(inputs_shape), self._num_units
        self._kernel = self.add_weight(KERNEL, [size + n, 4 * n])
        self._bias = self.add_weight(BIAS, [4 * n], initializer=_ZEROS)
        self.built = True

    def call(self, inputs: Any, state: Any) -> Any:
        c, h = state if self._state_is_tuple else tf.split(state, 2, axis=1)
        gates = tf.nn.bias_add(tf.matmul(tf.concat([inputs, h], 1), self._kernel), self._bias)
        i, j, f, o = tf.split(gates, 4, axis=1)
        c = c * tf.sigmoid(f + self._forget_bias) + tf.sigmoid(i) * self._activation(j)
        h = self._activation(c) * tf.sigmoid(o)
        return h, LSTMStateTuple(c, h) if self._state_is_tuple else tf.concat([c, h], 1)


class LSTMCell(LayerRNNCell):
    """Long short-term memory with peepholes, clipping and a projection of the output: Sak et al. (2014).

    Args:
      use_peepholes: whether the gates see the memory.
      cell_clip: the memory is kept between -cell_clip and cell_clip.
      num_proj: the size that the output is projected to, clipped to ±`proj_clip`.
      num_unit_shards, num_proj_shards: into how many variables kernel and projection are cut.
    """

    def __init__(
        self, num_units: int, use_peepholes: bool = False, cell_clip: float | None = None, initializer: Any = None,
        num_proj: int | None = None, proj_clip: float | None = None, num_unit_shards: int | None = None,
        num_proj_shards: int | None = None, forget_bias: float = 1.0, state_is_tuple: bool = True, activation: Any = None,
        reuse: Any = None, name: str | None = None, dtype: Any = None, **kwargs: Any,
    ) -> None:  # fmt: skip
        super().__init__(_reuse=reuse, name=name, dtype=dtype, **kwargs)
        self.input_spec = InputSpec(ndim=2)
        self._num_units, self._use_peepholes, self._cell_clip = num_units, use_peepholes, cell_clip
        self._initializer, self._num_proj, self._proj_clip = initializer_of(initializer), num_proj, proj_clip
        self._num_unit_shards, self._num_proj_shards = num_unit_shards, num_proj_shards
        self._forget_bias, self._state_is_tuple = forget_bias, state_is_tuple
        self._activation = activation_of(activation) or tf.tanh

    @property
    def output_size(self) -> Any:
        return self._num_proj or self._num_units

    @property
    def state_size(self) -> Any:
        n, m = self._num_units, self.output_size
        return LSTMStateTuple(n, m) if self._state_is_tuple else n + m

    def build(self, inputs_shape: Any) -> None:
        size, n, make = self._size(inputs_shape), self._num_units, self._initializer

        def parts(number: int | None) -> Any:
            return None if number is None else fixed_size_partitioner(number)

        self._kernel = self.add_weight(
            KERNEL,
            [size + self.output_size, 4 * n],
            initializer=make,
            partitioner=parts(self._num_unit_shards),
        )
        self._bias = self.add_weight(BIAS, [4 * n], initializer=_ZEROS)
        if self._use_peepholes:
            self._w_f, self._w_i, self._w_o = (
                self.add_weight(f"w_{gate}_diag", [n], initializer=make) for gate in "fio"
            )
        if self._num_proj is not None:
            self._projection = self.add_weight(
                f"projection/{KERNEL}",
                [n, self._num_proj],
                initializer=make,
                partitioner=parts(self._num_proj_shards),
            )
        self.built = True

    def call(self, inputs: Any, state: Any) -> Any:
        n = self._num_units
        c, h = state if self._state_is_tuple else (state[:, :n], state[:, n:])
        gates = tf.nn.bias_add(tf.matmul(tf.concat([inputs, h], 1), self._kernel), self._bias)
        i, j, f, o = tf.split(gates, 4, axis=1)
        f = f + self._forget_bias
        if self._use_peepholes:
            f, i = f + self._w_f * c, i + self._w_i * c
        c = tf.sigmoid(f) * c + tf.sigmoid(i) * self._activation(j)
        if self._cell_clip is not None:
            c = tf.clip_by_value(c, -self._cell_clip, self._cell_clip)
        if self._use_peepholes:
            o = o + self._w_o * c
        h = tf.sigmoid(o) * self._activation(c)
        if self._num_proj is not None:
            h = tf.matmul(h, self._projection)
            if self._proj_clip is not None:
                h = tf.clip_by_value(h, -self._proj_clip, self._proj_clip)
        return h, LSTMStateTuple(c, h) if self._state_is_tuple else tf.concat([c, h], 1)


class MultiRNNCell(RNNCell):
    """Cells on top of each other: the outputs of each are the inputs of the next.

    Args:
      state_is_tuple: False joins the states along the columns of one tensor.
    """

    def __init__(self, cells: Any, state_is_tuple: bool = True) -> None:
        super().__init__()
        if not isinstance(cells, (list, tuple)):
            raise TypeError(f"cells must be a list or tuple, but saw: {cells}.")
        if not cells:
            raise ValueError("Must specify at least one cell for MultiRNNCell.")
        if not state_is_tuple and any(nest.is_nested(c.state_size) for c in cells):
            raise ValueError(
                f"Some cells return tuples of states, but the flag state_is_tuple is not set. State sizes are: "
                f"{[c.state_size for c in cells]}"
            )
        self._cells, self._state_is_tuple = list(cells), state_is_tuple

    @property
    def state_size(self) -> Any:
        sizes = tuple(cell.state_size for cell in self._cells)
        return sizes if self._state_is_tuple else sum(sizes)

    @property
    def output_size(self) -> Any:
        return self._cells[-1].output_size

    @property
    def trainable_weights(self) -> list[Any]:
        if not self.trainable:
            return []
        return [w for cell in self._cells for w in getattr(cell, "trainable_weights", ())]

    @property
    def non_trainable_weights(self) -> list[Any]:
        kept = [w for cell in self._cells for w in getattr(cell, "non_trainable_weights", ())]
        if self.trainable:
            return kept
        return [w for cell in self._cells for w in getattr(cell, "trainable_weights", ())] + kept

    def zero_state(self, batch_size: Any, dtype: Any) -> Any:
        with tf.name_scope(type(self).__name__ + "ZeroState"):
            if self._state_is_tuple:
                return tuple(cell.zero_state(batch_size, dtype) for cell in self._cells)
            return zeros_of(self.state_size, batch_size, dtype)

    def call(self, inputs: Any, state: Any) -> Any:
        states = self._apart(state)
        new = []
        for i, (cell, own) in enumerate(zip(self._cells, states)):
            with variable_scope(f"cell_{i}"):
                inputs, after = cell(inputs, own)
                new.append(after)
        return inputs, tuple(new) if self._state_is_tuple else tf.concat(new, 1)

    def _apart(self, state: Any) -> Any:
        if not self._state_is_tuple:
            return tf.split(state, [cell.state_size for cell in self._cells], axis=1)
        if not isinstance(state, (list, tuple)) or len(state) != len(self._cells):
            raise ValueError(
                f"Expected state to be a tuple of length {len(self._cells)}, but received: {state}"
            )
        return state


__all__ = ["BasicLSTMCell", "BasicRNNCell", "GRUCell", "LSTMCell", "LSTMStateTuple", "MultiRNNCell"]
