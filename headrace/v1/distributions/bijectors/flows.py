"""Normalising flows: bijectors whose maps are nets."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

import headrace as tf
from headrace.api.compat_v1_graph import name_scope
from headrace.api.compat_v1_initializers import glorot_normal_initializer
from headrace.session.template import make_template
from headrace.v1 import layers

from .base import Bijector


def _depth(x: Any) -> int:
    known = x.shape.with_rank_at_least(1).as_list()[-1]
    if known is None:
        raise NotImplementedError(
            f"The last dimension must be known while the graph is built. Received {x.shape}."
        )
    return known


def _scaled(x: Any, shift: Any, log_scale: Any) -> Any:
    x = x if log_scale is None else x * tf.exp(log_scale)
    return x if shift is None else x + shift


def _unscaled(y: Any, shift: Any, log_scale: Any) -> Any:
    y = y if shift is None else y - shift
    return y if log_scale is None else y * tf.exp(-log_scale)


class MaskedAutoregressiveFlow(Bijector):
    """Papamakarios et al. (2016): `y[i] = x[i] * exp(log_scale[i]) + shift[i]`, where both depend on `y[:i]` only.

    `inverse` calls the net once, `forward` once for each entry. Turned round by `Invert` it is the inverse autoregressive
    flow of Kingma et al. (2016).

    Args:
      shift_and_log_scale_fn: a function of y that gives both, either of which may be None: see
        `masked_autoregressive_default_template`.
      unroll_loop: accepted: the loop has as many steps as vectors have entries, and is compiled whole.
    """

    def __init__(
        self, shift_and_log_scale_fn: Callable[..., Any], is_constant_jacobian: bool = False, validate_args: bool = False,
        unroll_loop: bool = False, name: str | None = None,
    ) -> None:  # fmt: skip
        self._net, self._unroll = shift_and_log_scale_fn, unroll_loop
        super().__init__(
            None, is_constant_jacobian, validate_args, forward_min_event_ndims=1,
            name=name or "masked_autoregressive_flow",
        )  # fmt: skip

    def _forward(self, x: Any) -> Any:
        y = tf.zeros_like(x)
        if self._unroll:
            for _ in range(_depth(x)):
                y = _scaled(x, *self._net(y))
            return y
        self._net(y)  # makes the variables, which the loop must not
        steps = tf.shape(x)[-1]
        shape = x.shape
        _, y = tf.while_loop(
            lambda i, _: i < steps,
            lambda i, y: (i + 1, _with_shape(_scaled(x, *self._net(y)), shape)),
            (0, y),
            maximum_iterations=shape.as_list()[-1] if shape.rank else None,
        )
        return y

    def _inverse(self, y: Any) -> Any:
        return _unscaled(y, *self._net(y))

    def _inverse_log_det_jacobian(self, y: Any) -> Any:
        log_scale = self._net(y)[1]
        return tf.zeros([], y.dtype) if log_scale is None else -tf.reduce_sum(log_scale, -1)


def _with_shape(x: Any, shape: Any) -> Any:
    x.set_shape(shape)
    return x


class RealNVP(Bijector):
    """Dinh et al. (2016): the first `num_masked` entries of vectors stay; the others are scaled and shifted by what a net
    says of the first.

    Args:
      shift_and_log_scale_fn: a function of the first entries and of the number of the others that gives both, either of
        which may be None: see `real_nvp_default_template`.

    Raises:
      ValueError: `num_masked` is not positive.
    """

    def __init__(
        self, num_masked: int, shift_and_log_scale_fn: Callable[..., Any], is_constant_jacobian: bool = False,
        validate_args: bool = False, name: str | None = None,
    ) -> None:  # fmt: skip
        if num_masked <= 0:
            raise ValueError(f"num_masked must be a positive integer. Received {num_masked}.")
        self._masked, self._net = num_masked, shift_and_log_scale_fn
        super().__init__(
            None, is_constant_jacobian, validate_args, forward_min_event_ndims=1, name=name or "real_nvp"
        )  # fmt: skip

    def _parts(self, x: Any) -> tuple[Any, Any, Any]:
        depth = _depth(x)
        if self._masked >= depth:
            raise ValueError(f"num_masked ({self._masked}) must be less than the size of an event ({depth}).")
        first = x[..., : self._masked]
        return first, x[..., self._masked :], self._net(first, depth - self._masked)

    def _forward(self, x: Any) -> Any:
        first, others, found = self._parts(x)
        return tf.concat([first, _scaled(others, *found)], -1)

    def _inverse(self, y: Any) -> Any:
        first, others, found = self._parts(y)
        return tf.concat([first, _unscaled(others, *found)], -1)

    def _forward_log_det_jacobian(self, x: Any) -> Any:
        log_scale = self._parts(x)[2][1]
        return tf.zeros([], x.dtype) if log_scale is None else tf.reduce_sum(log_scale, -1)

    def _inverse_log_det_jacobian(self, y: Any) -> Any:
        return -self._forward_log_det_jacobian(y)


def masked_dense(
    inputs: Any, units: int, num_blocks: int | None = None, exclusive: bool = False, kernel_initializer: Any = None,
    reuse: Any = None, name: str | None = None, *args: Any, **kwargs: Any,
) -> Any:  # fmt: skip
    """Germain et al. (2015): a dense layer whose outputs depend only on inputs of the same block and those before.

    Args:
      num_blocks: how many blocks inputs and outputs are divided in.
      exclusive: whether they depend only on the blocks before.
      args, kwargs: of `tf.layers.Dense`, besides `units`.

    Raises:
      NotImplementedError: the size of the inputs is not known."""
    depth = _depth(inputs)
    if num_blocks is None:
        raise ValueError(
            "num_blocks must be given: the number of blocks that inputs and outputs are divided in."
        )
    mask = np.zeros([depth, units], inputs.dtype.as_numpy_dtype)
    wide, high = depth // num_blocks, units // num_blocks
    for block in range(num_blocks):
        start = (block + exclusive) * high
        mask[block * wide : (block + 1) * wide, start:] = 1
    initial = glorot_normal_initializer() if kernel_initializer is None else kernel_initializer

    def masked(shape: Any, dtype: Any = None, partition_info: Any = None) -> Any:
        return mask * initial(shape, dtype)

    with name_scope(name, "masked_dense", [inputs]):
        dense: Any = layers.Dense
        layer = dense(
            units, *args, kernel_initializer=masked, kernel_constraint=lambda w: mask * w, name=name, dtype=inputs.dtype,
            _scope=name, _reuse=reuse, **kwargs,
        )  # fmt: skip
        return layer(inputs)


def masked_autoregressive_default_template(
    hidden_layers: Any, shift_only: bool = False, activation: Any = tf.nn.relu, log_scale_min_clip: float = -5.0,
    log_scale_max_clip: float = 3.0, log_scale_clip_gradient: bool = False, name: str | None = None,
    **kwargs: Any,
) -> Any:  # fmt: skip
    """A net for `MaskedAutoregressiveFlow`: `masked_dense` layers of these sizes, and one for shift and log scale.

    Args:
      shift_only: whether the log scale is None.
      log_scale_min_clip, log_scale_max_clip: the bounds of the log scale.
      log_scale_clip_gradient: whether its gradient is cut off there, too.
      kwargs: of `masked_dense`, besides those that it sets.
    """

    def net(x: Any) -> Any:
        depth, shape = _depth(x), tf.shape(x)
        known = x.shape
        for i, units in enumerate(hidden_layers):
            x = masked_dense(
                inputs=x, units=units, num_blocks=depth, exclusive=i == 0, activation=activation, **kwargs
            )  # fmt: skip
        x = masked_dense(
            inputs=x, units=(1 if shift_only else 2) * depth, num_blocks=depth, activation=None, **kwargs
        )  # fmt: skip
        if shift_only:
            return _with_shape(tf.reshape(x, shape), known), None
        x = tf.reshape(x, tf.concat([shape, [2]], 0))
        shift, log_scale = (_with_shape(part, known) for part in tf.unstack(x, num=2, axis=-1))
        clipped = tf.clip_by_value(log_scale, log_scale_min_clip, log_scale_max_clip)
        if not log_scale_clip_gradient:
            clipped = log_scale + tf.stop_gradient(clipped - log_scale)
        return shift, clipped

    return make_template(name or "masked_autoregressive_default_template", net)


def real_nvp_default_template(
    hidden_layers: Any, shift_only: bool = False, activation: Any = tf.nn.relu, name: str | None = None,
    **kwargs: Any,
) -> Any:  # fmt: skip
    """A net for `RealNVP`: dense layers of these sizes, and one for shift and log scale.

    Args:
      shift_only: whether the log scale is None.
      name: of the scope in which the net is made; its variables are below "real_nvp_default_template" in any case.
      kwargs: of `tf.layers.dense`, besides those that it sets.
    """

    def net(x: Any, output_units: int) -> Any:
        for units in hidden_layers:
            x = layers.dense(inputs=x, units=units, activation=activation, **kwargs)
        x = layers.dense(inputs=x, units=(1 if shift_only else 2) * output_units, activation=None, **kwargs)
        return (x, None) if shift_only else tuple(tf.split(x, 2, axis=-1))

    with name_scope(name, "real_nvp_default_template"):
        return make_template("real_nvp_default_template", net)


class BatchNormalization(Bijector):
    """Normalisation of batches as a bijector; `inverse` normalises, `forward` undoes it with the moving averages.

    Args:
      batchnorm_layer: a `tf.layers.BatchNormalization`; one whose gamma stays positive if not given.
      training: whether `inverse` takes the batch's mean and variance.

    Raises:
      ValueError: the layer is none.
    """

    def __init__(
        self, batchnorm_layer: Any = None, training: bool = True, validate_args: bool = False,
        name: str = "batch_normalization",
    ) -> None:  # fmt: skip
        layer = batchnorm_layer or layers.BatchNormalization(gamma_constraint=lambda g: tf.nn.relu(g) + 1e-6)
        if not isinstance(layer, layers.BatchNormalization):
            raise ValueError(f"batchnorm_layer must be a tf.layers.BatchNormalization. Received {layer!r}.")
        self.batchnorm, self._training = layer, training
        super().__init__(
            validate_args=validate_args, forward_min_event_ndims=len(layer.axis), name=name
        )  # fmt: skip

    def _built(self, x: Any) -> Any:
        if not x.shape.is_fully_defined():
            raise ValueError(f"The shape must be known while the graph is built. Received {x.shape}.")
        if not self.batchnorm.built:
            self.batchnorm.build(x.shape)
        return self.batchnorm

    def _inverse(self, y: Any) -> Any:
        return self.batchnorm(y, training=self._training)

    def _forward(self, x: Any) -> Any:
        layer = self._built(x)
        shape = [d if i in layer.axis else 1 for i, d in enumerate(x.shape.as_list())]
        mean, variance = (tf.reshape(v, shape) for v in (layer.moving_mean, layer.moving_variance))
        rescale = tf.sqrt(variance + layer.epsilon)
        if layer.scale:
            rescale /= tf.reshape(layer.gamma, shape)
        if layer.center:
            mean -= tf.reshape(layer.beta, shape) * rescale
        return x * rescale + mean

    def _forward_log_det_jacobian(self, x: Any) -> Any:
        layer = self._built(x)
        return -self._log_det(tf.convert_to_tensor(layer.moving_variance))

    def _inverse_log_det_jacobian(self, y: Any) -> Any:
        layer = self._built(y)
        if not self._training:
            return self._log_det(tf.convert_to_tensor(layer.moving_variance))
        return self._log_det(tf.nn.moments(y, [i for i in range(y.shape.rank) if i not in layer.axis])[1])

    def _log_det(self, variance: Any) -> Any:
        found = -0.5 * tf.reduce_sum(tf.math.log(variance + self.batchnorm.epsilon))
        return found + tf.reduce_sum(tf.math.log(self.batchnorm.gamma)) if self.batchnorm.scale else found
