"""Generalised divisive normalisation, as used for compressing images."""

from __future__ import annotations

from typing import Any

import headrace as tf
from headrace.core.shapes import TensorShape
from headrace.v1.layers.base import InputSpec, Layer


@tf.custom_gradient
def _at_least(x: Any, bound: Any) -> Any:
    def grad(g: Any) -> Any:  # what is below comes up again, which the gradient of a maximum would not let it
        return g * tf.cast(tf.logical_or(x >= bound, g < 0), g.dtype), None

    return tf.maximum(x, bound), grad


class GDN(Layer):
    """Ballé et al. (2015): `y[i] = x[i] / sqrt(beta[i] + sum over j of gamma[j, i] * x[j]^2)` for channels i and j.

    Args:
      inverse: whether to multiply by the root instead, which roughly undoes it.
      beta_min: the least beta.
      gamma_init: gamma starts as the identity matrix times this.
      reparam_offset: roots of beta and gamma are trained; this keeps their gradients from vanishing near 0.
      data_format: "channels_last" or "channels_first".

    >>> import headrace as tf
    >>> with tf.Graph().as_default():
    ...     y = gdn(tf.zeros([2, 8, 8, 3]))
    ...     [v.name for v in tf.compat.v1.trainable_variables()]
    ['gdn/reparam_beta:0', 'gdn/reparam_gamma:0']
    """

    def __init__(
        self, inverse: bool = False, beta_min: float = 1e-6, gamma_init: float = 0.1, reparam_offset: float = 2**-18,
        data_format: str = "channels_last", activity_regularizer: Any = None, trainable: bool = True,
        name: str | None = None, **kwargs: Any,
    ) -> None:  # fmt: skip
        super().__init__(trainable, name, activity_regularizer=activity_regularizer, **kwargs)
        if data_format not in ("channels_first", "channels_last"):
            raise ValueError(f"Unsupported `data_format` for GDN layer: {data_format}.")
        self.inverse, self.data_format = inverse, data_format
        self._beta_min, self._gamma_init, self._offset = beta_min, gamma_init, reparam_offset
        self._axis = 1 if data_format == "channels_first" else -1
        self.input_spec = InputSpec(min_ndim=3, max_ndim=5)

    def build(self, input_shape: Any) -> None:
        sizes: Any = TensorShape(input_shape).as_list()
        channels = sizes[self._axis]
        if channels is None:
            raise ValueError("The channel dimension of the inputs to `GDN` must be defined.")
        self.input_spec = InputSpec(ndim=len(sizes), axes={self._axis: channels})
        pedestal = self._offset**2

        def root(starts: Any) -> Any:
            return lambda shape, dtype=None, partition_info=None: tf.sqrt(starts(shape, dtype) + pedestal)

        def value(name: str, shape: list[int], starts: Any, least: float) -> Any:
            kept = self.add_weight(name, shape, initializer=root(starts))
            return tf.square(_at_least(tf.convert_to_tensor(kept), least)) - pedestal

        self.beta = value("reparam_beta", [channels], tf.ones, (self._beta_min + pedestal) ** 0.5)
        self.gamma = value(
            "reparam_gamma", [channels, channels],
            lambda shape, dtype: self._gamma_init * tf.eye(shape[0], dtype=dtype), self._offset,
        )  # fmt: skip
        self.built = True

    def call(self, inputs: Any) -> Any:
        inputs = tf.convert_to_tensor(inputs, dtype=self.dtype)
        x = inputs if self._axis == -1 else tf.transpose(inputs, _moved(inputs.shape.rank, 1, -1))
        pool = tf.sqrt(tf.tensordot(tf.square(x), self.gamma, 1) + self.beta)
        if self._axis == 1:
            pool = tf.transpose(pool, _moved(inputs.shape.rank, -1, 1))
        outputs = inputs * pool if self.inverse else inputs / pool
        outputs.set_shape(inputs.shape)
        return outputs

    def compute_output_shape(self, input_shape: Any) -> Any:
        return TensorShape(input_shape)


def _moved(rank: int, source: int, target: int) -> list[int]:
    """The order of axes in which one has moved."""
    order = list(range(rank))
    axis = order.pop(source)
    order.insert(target % rank, axis)
    return order


def gdn(
    inputs: Any, inverse: bool = False, beta_min: float = 1e-6, gamma_init: float = 0.1, reparam_offset: float = 2**-18,
    data_format: str = "channels_last", activity_regularizer: Any = None, trainable: bool = True,
    name: str | None = None, reuse: Any = None,
) -> Any:  # fmt: skip
    """`GDN` as a function: the variables are below the scope `name`."""
    layer = GDN(
        inverse, beta_min, gamma_init, reparam_offset, data_format, activity_regularizer, trainable, name,
        dtype=inputs.dtype, _scope=name, _reuse=reuse,
    )  # fmt: skip
    return layer(inputs)
