"""`tf.layers.Dense`, `Dropout` and `Flatten`."""

from __future__ import annotations

from typing import Any

import headrace as tf
from headrace.api import compat_v1_initializers as initializers
from headrace.core.shapes import TensorShape
from headrace.v1.result_names import as_of_1_15

from .arguments import activation_of, channels_first, initializer_of, size_of
from .base import InputSpec, Layer

_ZEROS = initializers.zeros_initializer()
_dropout = as_of_1_15("nn.dropout", tf.nn.dropout)


class Dense(Layer):
    """Outputs are `activation(inputs @ kernel + bias)`, along the last axis.

    >>> import headrace as tf
    >>> v1 = tf.compat.v1
    >>> with tf.Graph().as_default():
    ...     y = v1.layers.dense(tf.zeros([2, 3]), 4, activation=tf.nn.relu, name="hidden")
    ...     y.shape.as_list(), [v.name for v in v1.trainable_variables()]
    ([2, 4], ['hidden/kernel:0', 'hidden/bias:0'])
    """

    def __init__(
        self, units: int, activation: Any = None, use_bias: bool = True, kernel_initializer: Any = None,
        bias_initializer: Any = _ZEROS, kernel_regularizer: Any = None, bias_regularizer: Any = None,
        activity_regularizer: Any = None, kernel_constraint: Any = None, bias_constraint: Any = None, trainable: bool = True,
        name: str | None = None, **kwargs: Any,
    ) -> None:  # fmt: skip
        super().__init__(trainable, name, activity_regularizer=activity_regularizer, **kwargs)
        self.units, self.activation, self.use_bias = int(units), activation_of(activation), use_bias
        self.kernel_initializer, self.bias_initializer = (
            initializer_of(kernel_initializer),
            initializer_of(bias_initializer),
        )
        self.kernel_regularizer, self.bias_regularizer = kernel_regularizer, bias_regularizer
        self.kernel_constraint, self.bias_constraint = kernel_constraint, bias_constraint
        self.input_spec = InputSpec(min_ndim=2)

    def build(self, input_shape: Any) -> None:
        shape = TensorShape(input_shape)
        if not (self._dtype.is_floating or self._dtype.is_complex):
            raise TypeError(f"Unable to build `Dense` layer with non-floating point dtype {self._dtype!r}")
        size = size_of(shape, -1, "Dense")
        self.input_spec = InputSpec(min_ndim=2, axes={-1: size})
        self.kernel = self.add_weight(
            "kernel", [size, self.units], initializer=self.kernel_initializer, regularizer=self.kernel_regularizer,
            constraint=self.kernel_constraint,
        )  # fmt: skip
        self.bias = None
        if self.use_bias:
            self.bias = self.add_weight(
                "bias", [self.units], initializer=self.bias_initializer, regularizer=self.bias_regularizer,
                constraint=self.bias_constraint,
            )  # fmt: skip
        self.built = True

    def call(self, inputs: Any) -> Any:
        rank = inputs.shape.rank
        if rank == 2:
            y = tf.matmul(inputs, self.kernel)
        else:
            y = tf.tensordot(inputs, self.kernel, [[rank - 1], [0]])
            y.set_shape(inputs.shape.as_list()[:-1] + [self.units])
        if self.bias is not None:
            y = tf.nn.bias_add(y, self.bias)
        return y if self.activation is None else self.activation(y)

    def compute_output_shape(self, input_shape: Any) -> TensorShape:
        return TensorShape([*TensorShape(input_shape).as_list()[:-1], self.units])


class Dropout(Layer):
    """Sets inputs to zero with probability `rate` while training, and scales the others up by as much.

    Args:
      noise_shape: dimensions of 1 are kept or dropped together.
    """

    def __init__(
        self, rate: Any = 0.5, noise_shape: Any = None, seed: int | None = None, name: str | None = None, **kwargs: Any
    ) -> None:  # fmt: skip
        super().__init__(name=name, **kwargs)
        self.rate, self.noise_shape, self.seed = rate, noise_shape, seed

    def call(self, inputs: Any, training: Any = False) -> Any:
        return chosen(
            training,
            lambda: _dropout(inputs, self.rate, self.noise_shape, self.seed, name="dropout"),
            lambda: tf.identity(inputs),
        )

    def compute_output_shape(self, input_shape: Any) -> TensorShape:
        return TensorShape(input_shape)


class Flatten(Layer):
    """All dimensions but the first become one.

    Args:
      data_format: "channels_first" inputs are flattened as if their channels came last.
    """

    def __init__(
        self, data_format: str | None = "channels_last", name: str | None = None, **kwargs: Any
    ) -> None:
        super().__init__(name=name, **kwargs)
        self.data_format = data_format or "channels_last"
        channels_first(self.data_format)
        self.input_spec = InputSpec(min_ndim=1)

    def call(self, inputs: Any) -> Any:
        rank = inputs.shape.rank
        if self.data_format == "channels_first" and rank is not None and rank > 2:
            inputs = tf.transpose(inputs, [0, *range(2, rank), 1])
        shape = self.compute_output_shape(inputs.shape).as_list()
        # One unknown size can be left to reshape; of two, the batch's is computed.
        unknown = -1 if shape[1] is not None or shape[0] is None else shape[0]
        if shape[0] is None and shape[1] is None:
            unknown = tf.shape(inputs)[0]
        y = tf.reshape(inputs, [unknown, -1 if shape[1] is None else shape[1]])
        y.set_shape(shape)
        return y

    def compute_output_shape(self, input_shape: Any) -> TensorShape:
        shape = TensorShape(input_shape).as_list()
        return TensorShape([shape[0], TensorShape(shape[1:]).num_elements()])


def chosen(condition: Any, yes: Any, no: Any) -> Any:
    """`yes()` or `no()`: now, where the condition is known; else when it runs."""
    value = condition if isinstance(condition, (bool, int, type(None))) else tf.get_static_value(condition)
    if value is None and condition is not None:
        if condition.dtype is not tf.bool:
            condition = tf.cast(condition, tf.bool)
        return tf.cond(condition, yes, no)
    return yes() if value else no()
