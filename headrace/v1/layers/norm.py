"""`tf.layers.BatchNormalization`."""

from __future__ import annotations

from typing import Any

import headrace as tf
from headrace.api import compat_v1_initializers as initializers
from headrace.api.compat_v1_nn import fused_batch_norm
from headrace.core.graph import name_scope
from headrace.core.shapes import TensorShape

from .arguments import initializer_of
from .base import InputSpec, Layer
from .core import chosen

_ZEROS, _ONES = initializers.zeros_initializer(), initializers.ones_initializer()


class BatchNormalization(Layer):
    """Ioffe and Szegedy (2015): inputs minus their mean, divided by their standard deviation, times gamma, plus beta.

    While training, mean and variance are the batch's, and the operations in the collection "update_ops" let the moving
    averages, which are used otherwise, follow them: make the train operation depend on these.

    Args:
      axis: the axis (or axes) of channels.
      momentum: of the moving averages.
      fused: whether to use the fused op, whose variance is the unbiased one; by default where it can be.
      renorm, renorm_clipping, virtual_batch_size, adjustment: have to be left at their defaults.

    Raises:
      NotImplementedError: renormalisation, virtual batches or an adjustment are asked for.
    """

    def __init__(
        self, axis: Any = -1, momentum: float = 0.99, epsilon: float = 1e-3, center: bool = True, scale: bool = True,
        beta_initializer: Any = _ZEROS, gamma_initializer: Any = _ONES, moving_mean_initializer: Any = _ZEROS,
        moving_variance_initializer: Any = _ONES, beta_regularizer: Any = None, gamma_regularizer: Any = None,
        beta_constraint: Any = None, gamma_constraint: Any = None, renorm: bool = False, renorm_clipping: Any = None,
        renorm_momentum: float = 0.99, fused: bool | None = None, trainable: bool = True, virtual_batch_size: int | None = None,
        adjustment: Any = None, name: str | None = None, **kwargs: Any,
    ) -> None:  # fmt: skip
        super().__init__(trainable, name, **kwargs)
        for what, value in (("renorm", renorm), ("renorm_clipping", renorm_clipping),
                            ("virtual_batch_size", virtual_batch_size), ("adjustment", adjustment)):  # fmt: skip
            if value:
                raise NotImplementedError(
                    f"BatchNormalization has no {what}. Leave it out: the statistics are those of the whole batch."
                )
        if renorm_momentum != 0.99:
            raise NotImplementedError("BatchNormalization has no renorm, so renorm_momentum cannot be set.")
        self.axis = [axis] if isinstance(axis, int) else list(axis)
        self.momentum, self.epsilon, self.center, self.scale = momentum, epsilon, center, scale
        self.beta_initializer, self.gamma_initializer = (
            initializer_of(beta_initializer),
            initializer_of(gamma_initializer),
        )
        self.moving_mean_initializer = initializer_of(moving_mean_initializer)
        self.moving_variance_initializer = initializer_of(moving_variance_initializer)
        self.beta_regularizer, self.gamma_regularizer = beta_regularizer, gamma_regularizer
        self.beta_constraint, self.gamma_constraint = beta_constraint, gamma_constraint
        self.fused = fused

    def build(self, input_shape: Any) -> None:
        shape = TensorShape(input_shape)
        if shape.rank is None:
            raise ValueError("Input has undefined rank: call set_shape() on it.")
        sizes, rank = shape.as_list(), shape.rank
        axes = [a + rank if a < 0 else a for a in self.axis]
        if any(not 0 <= a < rank for a in axes) or len(set(axes)) != len(axes):
            raise ValueError(f"Invalid axis: {self.axis} of an input of {rank} dimensions.")
        for a in axes:
            if sizes[a] is None:
                raise ValueError(f"Input has undefined `axis` dimension. Input shape: {shape}")
        self.axis = axes
        can = rank == 4 and axes in ([1], [3])
        if self.fused and not can:
            raise ValueError("Fused batch norm takes inputs of 4 dimensions, with axis 1 or 3.")
        self.fused = can if self.fused is None else self.fused
        self.input_spec = InputSpec(ndim=rank, axes={a: sizes[a] for a in axes})
        self._reduced = [a for a in range(rank) if a not in axes]
        # Several axes keep their places among dimensions of 1.
        own = [sizes[axes[0]]] if len(axes) == 1 else [sizes[a] if a in axes else 1 for a in range(rank)]
        self._broadcast = None
        if len(axes) == 1 and axes[0] != rank - 1:
            self._broadcast = [sizes[a] if a in axes else 1 for a in range(rank)]
        half = self._dtype in (tf.float16, tf.bfloat16)
        kind = tf.float32 if half else self._dtype

        def weight(name: str, initializer: Any, regularizer: Any, constraint: Any, trained: bool) -> Any:
            return self.add_weight(
                name, own, kind, initializer, regularizer, trained, constraint,
                partitioner=None,
            )  # fmt: skip

        self.gamma = self.beta = None
        if self.scale:
            self.gamma = weight(
                "gamma", self.gamma_initializer, self.gamma_regularizer, self.gamma_constraint, True
            )
        if self.center:
            self.beta = weight(
                "beta", self.beta_initializer, self.beta_regularizer, self.beta_constraint, True
            )
        # Moving averages are never cut into parts, whatever the scope's partitioner is.
        scope, partitioner = self._scope, None
        if scope is not None:
            partitioner = scope.partitioner
            scope.set_partitioner(None)
        self.moving_mean = weight("moving_mean", self.moving_mean_initializer, None, None, False)
        self.moving_variance = weight("moving_variance", self.moving_variance_initializer, None, None, False)
        if scope is not None:
            scope.set_partitioner(partitioner)
        self.built = True

    def call(self, inputs: Any, training: Any = False) -> Any:
        if self.fused:
            y, mean, variance = self._fused(inputs, training)
        else:
            y, mean, variance = self._composed(inputs, training)
        known = training if isinstance(training, (bool, int, type(None))) else tf.get_static_value(training)
        if self.trainable and ((known is None and training is not None) or known):
            rate: Any = 1 - self.momentum
            if known is None:
                rate = tf.where(tf.cast(training, tf.bool), tf.constant(rate, mean.dtype), tf.zeros([], mean.dtype))  # fmt: skip
            for moving, value in ((self.moving_mean, mean), (self.moving_variance, variance)):
                with name_scope("AssignMovingAvg") as scope:
                    name = (
                        scope if moving.dtype._is_ref_dtype else None
                    )  # a resource's update lies inside of it
                    update = moving.assign_sub((moving - value) * rate, name=name, read_value=False)
                self.add_update(update, inputs=True)
        return y

    def _fused(self, inputs: Any, training: Any) -> Any:
        like = self.moving_mean
        scale = tf.ones(like.shape, like.dtype) if self.gamma is None else self.gamma
        offset = tf.zeros(like.shape, like.dtype) if self.beta is None else self.beta
        options: dict[str, Any] = {
            "epsilon": self.epsilon,
            "data_format": "NCHW" if self.axis == [1] else "NHWC",
        }
        if inputs.shape.rank is not None and not self.trainable:
            training = False
        return chosen(
            training,
            lambda: fused_batch_norm(inputs, scale, offset, **options),
            lambda: fused_batch_norm(
                inputs, scale, offset, self.moving_mean, self.moving_variance, is_training=False, **options
            ),
        )

    def _composed(self, inputs: Any, training: Any) -> Any:
        half = inputs.dtype in (tf.float16, tf.bfloat16)
        x = tf.cast(inputs, tf.float32) if half else inputs
        several = len(self.axis) > 1
        mean, variance = chosen(
            training if self.trainable else False,
            lambda: tf.nn.moments(x, self._reduced, keepdims=several),
            lambda: (tf.convert_to_tensor(self.moving_mean), tf.convert_to_tensor(self.moving_variance)),
        )

        def wide(v: Any) -> Any:
            return v if v is None or self._broadcast is None else tf.reshape(v, self._broadcast)

        y = tf.nn.batch_normalization(
            x, wide(mean), wide(variance), wide(self.beta), wide(self.gamma), self.epsilon
        )
        y = tf.cast(y, inputs.dtype) if half else y
        y.set_shape(inputs.shape)
        return y, mean, variance

    def compute_output_shape(self, input_shape: Any) -> TensorShape:
        return TensorShape(input_shape)
