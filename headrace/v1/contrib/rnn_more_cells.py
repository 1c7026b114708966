"""Cells of `tf.contrib.rnn` whose state is not mixed with itself by a matrix, or only in groups, or only now and then."""

from __future__ import annotations

import math
from typing import Any

import headrace as tf
from headrace.api import compat_v1_initializers as initializers
from headrace.session.scopes import get_variable, variable_scope
from headrace.v1.layers.base import InputSpec
from headrace.v1.recurrent import LayerRNNCell, LSTMStateTuple, RNNCell

from .rnn_linear import linear, sharded, variable_scope_here


class _Sized(RNNCell):
    """A cell whose outputs are of the size of its state."""

    _num_units: int

    @property
    def state_size(self) -> Any:
        return self._num_units

    @property
    def output_size(self) -> Any:
        return self._num_units


class _Independent(LayerRNNCell, _Sized):
    """A cell each of whose units sees only itself of the last step: Li et al. (2018)."""

    def __init__(
        self, num_units: int, activation: Any = None, reuse: Any = None, kernel_initializer: Any = None,
        bias_initializer: Any = None, name: str | None = None, dtype: Any = None,
    ) -> None:  # fmt: skip
        super().__init__(_reuse=reuse, name=name, dtype=dtype)
        self.input_spec = InputSpec(ndim=2)
        self._num_units, self._activation = num_units, activation or tf.tanh
        self._kernel_initializer, self._bias_initializer = kernel_initializer, bias_initializer

    def _parts(
        self, size: int, units: int, names: tuple[str, str, str], start: float
    ) -> tuple[Any, Any, Any]:
        """The kernel of the inputs, the factors of the state, and the bias."""
        bias = self._bias_initializer
        return (
            self.add_weight(names[0], [size, units], initializer=self._kernel_initializer),
            self.add_weight(names[1], [1, units], initializer=initializers.random_uniform_initializer(-1, 1)),
            self.add_weight(
                names[2],
                [units],
                initializer=initializers.constant_initializer(start) if bias is None else bias,
            ),
        )

    @staticmethod
    def _sum(inputs: Any, state: Any, parts: tuple[Any, Any, Any]) -> Any:
        kernel, factors, bias = parts
        return tf.nn.bias_add(tf.matmul(inputs, kernel) + state * factors, bias)


class IndRNNCell(_Independent):
    """A plain cell each of whose units sees only itself of the last step: Li et al. (2018)."""

    def __init__(
        self,
        num_units: int,
        activation: Any = None,
        reuse: Any = None,
        name: str | None = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(num_units, activation, reuse, name=name, dtype=dtype)

    def build(self, inputs_shape: Any) -> None:
        self._all = self._parts(
            self._size(inputs_shape), self._num_units, ("kernel_w", "kernel_u", "bias"), 0.0
        )
        self.built = True

    def call(self, inputs: Any, state: Any) -> Any:
        output = self._activation(self._sum(inputs, state, self._all))
        return output, output


class IndyGRUCell(_Independent):
    """A GRU each of whose units sees only itself of the last step."""

    def build(self, inputs_shape: Any) -> None:
        size, n = self._size(inputs_shape), self._num_units
        self._gates = self._parts(size, 2 * n, ("gates/kernel_w", "gates/kernel_u", "gates/bias"), 1.0)
        names = ("candidate/kernel", "candidate/kernel_u", "candidate/bias")
        self._candidate = self._parts(size, n, names, 0.0)
        self.built = True

    def call(self, inputs: Any, state: Any) -> Any:
        r, u = tf.split(tf.sigmoid(self._sum(inputs, tf.tile(state, [1, 2]), self._gates)), 2, axis=1)
        c = self._activation(self._sum(inputs, r * state, self._candidate))
        h = u * state + (1 - u) * c
        return h, h


class IndyLSTMCell(_Independent):
    """An LSTM each of whose units sees only itself of the last step."""

    def __init__(
        self, num_units: int, forget_bias: float = 1.0, activation: Any = None, reuse: Any = None,
        kernel_initializer: Any = None, bias_initializer: Any = None, name: str | None = None, dtype: Any = None,
    ) -> None:  # fmt: skip
        super().__init__(num_units, activation, reuse, kernel_initializer, bias_initializer, name, dtype)
        self._forget_bias = forget_bias

    @property
    def state_size(self) -> Any:
        return LSTMStateTuple(self._num_units, self._num_units)

    def build(self, inputs_shape: Any) -> None:
        names = ("kernel_w", "kernel_u", "bias")
        self._all = self._parts(self._size(inputs_shape), 4 * self._num_units, names, 0.0)
        self.built = True

    def call(self, inputs: Any, state: Any) -> Any:
        c, h = state
        i, j, f, o = tf.split(self._sum(inputs, tf.tile(h, [1, 4]), self._all), 4, axis=1)
        c = c * tf.sigmoid(f + self._forget_bias) + tf.sigmoid(i) * self._activation(j)
        h = self._activation(c) * tf.sigmoid(o)
        return h, LSTMStateTuple(c, h)


class SRUCell(LayerRNNCell, _Sized):
    """The simple recurrent unit: all products are of the inputs alone. Lei and Zhang (2017)."""

    def __init__(
        self,
        num_units: int,
        activation: Any = None,
        reuse: Any = None,
        name: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(_reuse=reuse, name=name, **kwargs)
        self._num_units, self._activation = num_units, activation or tf.tanh
        self.input_spec = InputSpec(ndim=2)

    def build(self, inputs_shape: Any) -> None:
        n = self._num_units
        self._kernel = self.add_weight("kernel", [self._size(inputs_shape), 4 * n])
        self._bias = self.add_weight("bias", [2 * n], initializer=initializers.zeros_initializer())
        self.built = True

    def call(self, inputs: Any, state: Any) -> Any:
        candidate, f, r, carried = tf.split(tf.matmul(inputs, self._kernel), 4, axis=1)
        f, r = tf.split(tf.sigmoid(tf.nn.bias_add(tf.concat([f, r], 1), self._bias)), 2, axis=1)
        c = f * state + (1.0 - f) * candidate
        return r * self._activation(c) + (1.0 - r) * carried, c


class IntersectionRNNCell(_Sized):
    """One gate of the state through time and one of the inputs through depth: Collins et al. (2016).

    Args:
      num_in_proj: has to be given where inputs are of another size than `num_units`, to which they are then projected.

    Raises:
      ValueError: inputs are of another size, and are not to be projected."""

    def __init__(
        self, num_units: int, num_in_proj: int | None = None, initializer: Any = None, forget_bias: float = 1.0,
        y_activation: Any = tf.nn.relu, reuse: Any = None,
    ) -> None:  # fmt: skip
        super().__init__(_reuse=reuse)
        self._num_units, self._num_in_proj, self._initializer = num_units, num_in_proj, initializer
        self._forget_bias, self._y_activation = forget_bias, y_activation

    def call(self, inputs: Any, state: Any) -> Any:
        n, size = self._num_units, inputs.shape.as_list()[-1]
        if size is None:
            raise ValueError("Could not infer input size from inputs.get_shape()[-1]")
        with variable_scope(variable_scope_here(), initializer=self._initializer):
            if size != n:
                if not self._num_in_proj:
                    raise ValueError(
                        "Must have input size == output size for Intersection RNN. To fix, num_in_proj should be set to "
                        "num_units at cell init."
                    )
                with variable_scope("in_projection"):
                    inputs = linear(inputs, n, True)
            gate_h, h, gate_y, y = tf.split(linear([inputs, state], 4 * n, True), 4, axis=1)
        gate_h, gate_y = (tf.sigmoid(g + self._forget_bias) for g in (gate_h, gate_y))
        state = gate_h * state + (1.0 - gate_h) * tf.tanh(h)
        return gate_y * inputs + (1.0 - gate_y) * self._y_activation(y), state


class _LSTM(RNNCell):
    """An LSTM cell whose outputs may be projected to another size."""

    _num_units: int
    _num_proj: int | None

    @property
    def state_size(self) -> Any:
        return LSTMStateTuple(self._num_units, self.output_size)

    @property
    def output_size(self) -> Any:
        return self._num_proj or self._num_units


class GLSTMCell(_LSTM):
    """An LSTM whose units are in groups that do not see one another: Kuchaiev and Ginsburg (2017).

    Raises:
      ValueError: a size cannot be divided into `number_of_groups`."""

    def __init__(
        self, num_units: int, initializer: Any = None, num_proj: int | None = None, number_of_groups: int = 1,
        forget_bias: float = 1.0, activation: Any = tf.tanh, reuse: Any = None,
    ) -> None:  # fmt: skip
        super().__init__(_reuse=reuse)
        for name, size in (("num_units", num_units), ("num_proj", num_proj or 0)):
            if size % number_of_groups:
                raise ValueError(f"{name} must be divisible by number_of_groups")
        self._num_units, self._num_proj, self._groups = num_units, num_proj, number_of_groups
        self._initializer, self._forget_bias, self._activation = initializer, forget_bias, activation

    def call(self, inputs: Any, state: Any) -> Any:
        c, m = state
        size = inputs.shape.as_list()[-1]
        if size is None:
            raise ValueError("input size must be statically known")
        if size % self._groups:
            raise ValueError(f"input size ({size}) must be divisible by number_of_groups ({self._groups})")
        with variable_scope(variable_scope_here(), initializer=self._initializer):
            of_groups = []
            pairs = zip(tf.split(inputs, self._groups, axis=1), tf.split(m, self._groups, axis=1))
            for k, pair in enumerate(pairs):
                with variable_scope(f"group{k}"):
                    y = linear(list(pair), 4 * self._num_units // self._groups, False)
                of_groups.append(tf.split(y, 4, axis=1))
            zeros = initializers.zeros_initializer()
            biases = [
                get_variable(f"bias_{g}", [self._num_units], inputs.dtype, initializer=zeros) for g in "ijfo"
            ]
            i, j, f, o = (
                tf.nn.bias_add(tf.concat(list(parts), 1), bias)
                for parts, bias in zip(zip(*of_groups), biases)
            )
        c = tf.sigmoid(f + self._forget_bias) * c + tf.sigmoid(i) * tf.tanh(j)
        m = tf.sigmoid(o) * self._activation(c)
        if self._num_proj is not None:
            with variable_scope("projection"):
                m = linear(m, self._num_proj, False)
        return m, LSTMStateTuple(c, m)


class PhasedLSTMCell(_LSTM):
    """An LSTM each of whose units is open only for a part of its own period: Neil et al. (2016).

    Its inputs are a pair: the time of each example [batch, 1], and [batch, size].

    Args:
      leak: how much gets through while a unit is closed.
      ratio_on: for which part of its period a unit is open.
      period_init_min, period_init_max: between which the periods begin.
    """

    _num_proj = None

    def __init__(
        self, num_units: int, use_peepholes: bool = False, leak: float = 0.001, ratio_on: float = 0.1,
        trainable_ratio_on: bool = True, period_init_min: float = 1.0, period_init_max: float = 1000.0, reuse: Any = None,
    ) -> None:  # fmt: skip
        super().__init__(_reuse=reuse)
        self._num_units, self._use_peepholes, self._leak, self._ratio_on = (
            num_units,
            use_peepholes,
            leak,
            ratio_on,
        )
        self._trainable_ratio_on, self._range = trainable_ratio_on, (period_init_min, period_init_max)

    def call(self, inputs: Any, state: Any) -> Any:
        c, h = state
        time, x = inputs
        n = self._num_units
        with variable_scope("mask_gates"):
            gates = tf.sigmoid(linear([x, h, *([c] if self._use_peepholes else [])], 2 * n, True))
            i, f = tf.split(gates, 2, axis=1)
        with variable_scope("new_input"):
            new = tf.tanh(linear([x, h], n, True))
        next_c = c * f + i * new
        with variable_scope("output_gate"):
            o = tf.sigmoid(linear([x, h, *([next_c] if self._use_peepholes else [])], n, True))
        next_h = tf.tanh(next_c) * o
        openness = self._openness(time)
        next_c = openness * next_c + (1 - openness) * c
        next_h = openness * next_h + (1 - openness) * h
        return next_h, LSTMStateTuple(next_c, next_h)

    def _openness(self, time: Any) -> Any:
        n, (low, high) = self._num_units, self._range

        def exponential(shape: Any, dtype: Any = tf.float32, partition_info: Any = None) -> Any:
            return tf.exp(tf.random.uniform(shape, math.log(low), math.log(high), dtype))

        period = get_variable("period", [n], initializer=exponential)

        def within(shape: Any, dtype: Any = tf.float32, partition_info: Any = None) -> Any:
            return tf.random.uniform(shape, 0.0, 1.0, dtype) * period.initialized_value()

        phase = get_variable("phase", [n], initializer=within)
        ratio_on = get_variable(
            "ratio_on", [n], initializer=initializers.constant_initializer(self._ratio_on),
            trainable=self._trainable_ratio_on,
        )  # fmt: skip
        shifted, wide = time - tf.cast(phase, time.dtype), tf.cast(period, time.dtype)
        # The remainder's gradient is that of the time alone: the period is not trained through its steps.
        ratio = (tf.stop_gradient(tf.math.mod(shifted, wide) - shifted) + shifted) / wide
        ratio = tf.cast(ratio, tf.float32)
        up = 2 * ratio / ratio_on
        k = tf.where(ratio < ratio_on, 2 - up, self._leak * ratio)
        return tf.where(ratio < 0.5 * ratio_on, up, k)


class CoupledInputForgetGateLSTMCell(_LSTM):
    """An LSTM that forgets as much as it takes in: Greff et al. (2015).

    Args:
      use_peepholes: whether gates see the memory.
      num_proj: the size that outputs are projected to.
      proj_clip: the largest magnitude of a projected output.
      layer_norm: whether gates and memory are normalised; `norm_gain`, `norm_shift` are what gamma and beta begin as.
      initializer: accepted as by TensorFlow, which does not use it either: give it to the variable scope around.
    """

    def __init__(
        self, num_units: int, use_peepholes: bool = False, initializer: Any = None, num_proj: int | None = None,
        proj_clip: float | None = None, num_unit_shards: int = 1, num_proj_shards: int = 1, forget_bias: float = 1.0,
        state_is_tuple: bool = True, activation: Any = tf.tanh, reuse: Any = None, layer_norm: bool = False,
        norm_gain: float = 1.0, norm_shift: float = 0.0,
    ) -> None:  # fmt: skip
        super().__init__(_reuse=reuse)
        self._shards = num_unit_shards, num_proj_shards
        self._num_units, self._use_peepholes, self._num_proj = num_units, use_peepholes, num_proj
        self._proj_clip, self._forget_bias, self._activation = proj_clip, forget_bias, activation
        self._state_is_tuple, self._layer_norm = state_is_tuple, layer_norm
        self._norm_start = norm_gain, norm_shift

    @property
    def state_size(self) -> Any:
        sizes = LSTMStateTuple(self._num_units, self.output_size)
        return sizes if self._state_is_tuple else sum(sizes)

    def call(self, inputs: Any, state: Any) -> Any:
        n, dtype = self._num_units, inputs.dtype
        c, m = state if self._state_is_tuple else tf.split(state, [n, self.output_size], 1)
        joined = tf.concat([inputs, m], 1)
        kernel = sharded("W", [joined.shape.as_list()[-1], 3 * n], dtype, self._shards[0])
        bias = get_variable("B", [3 * n], dtype, initializer=initializers.zeros_initializer())
        gates = tf.matmul(joined, kernel)
        j, f, o = tf.split(gates if self._layer_norm else tf.nn.bias_add(gates, bias), 3, axis=1)
        if self._layer_norm:
            j, f, o = (self._norm(v, s) for v, s in ((j, "transform"), (f, "forget"), (o, "output")))
        f = f + self._forget_bias
        if self._use_peepholes:
            of_f, of_o = (get_variable(f"W_{g}_diag", [n], dtype) for g in "FO")
            f = f + of_f * c
        f = tf.sigmoid(f)
        c = f * c + (1 - f) * self._activation(j)
        if self._layer_norm:
            c = self._norm(c, "state")
        m = tf.sigmoid(o + of_o * c if self._use_peepholes else o) * self._activation(c)
        if self._num_proj is not None:
            m = tf.matmul(m, sharded("W_P", [n, self._num_proj], dtype, self._shards[1]))
            if self._proj_clip is not None:
                m = tf.clip_by_value(m, -self._proj_clip, self._proj_clip)
        return m, LSTMStateTuple(c, m) if self._state_is_tuple else tf.concat([c, m], 1)

    def _norm(self, x: Any, scope: str) -> Any:
        gain, shift = (initializers.constant_initializer(v) for v in self._norm_start)
        with variable_scope(scope):
            get_variable("gamma", x.shape[-1:], initializer=gain)
            get_variable("beta", x.shape[-1:], initializer=shift)
        from .layers import layer_norm

        return layer_norm(x, reuse=True, scope=scope)


__all__ = [
    "CoupledInputForgetGateLSTMCell", "GLSTMCell", "IndRNNCell", "IndyGRUCell", "IndyLSTMCell", "IntersectionRNNCell",
    "PhasedLSTMCell", "SRUCell",
]  # fmt: skip
