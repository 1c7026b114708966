"""Normalisation in `tf.contrib.layers`: over the batch, over features, over groups of channels."""

from __future__ import annotations

from typing import Any

import headrace as tf
from headrace.api.compat_v1_initializers import ones_initializer, zeros_initializer
from headrace.api.compat_v1_nn import fused_batch_norm
from headrace.core.graph import get_default_graph
from headrace.core.state import state
from headrace.session.keys import GraphKeys
from headrace.session.scopes import variable_scope
from headrace.v1 import layers as core
from headrace.v1.contrib.arg_scopes import add_arg_scope
from headrace.v1.contrib.framework import model_variable
from headrace.v1.contrib.layer_utils import (
    add_to_variable_collections,
    channel_dimension,
    collect_named_outputs,
    get_variable_collections,
    model_variables_getter,
)
from headrace.v1.layers.core import chosen

_STARTS: dict[str, Any] = {
    "beta": zeros_initializer(), "gamma": ones_initializer(), "moving_mean": zeros_initializer(),
    "moving_variance": ones_initializer(),
}  # fmt: skip


@add_arg_scope
def batch_norm(
    inputs: Any, decay: float = 0.999, center: bool = True, scale: bool = False, epsilon: float = 0.001,
    activation_fn: Any = None, param_initializers: Any = None, param_regularizers: Any = None,
    updates_collections: Any = GraphKeys.UPDATE_OPS, is_training: Any = True, reuse: Any = None,
    variables_collections: Any = None, outputs_collections: Any = None, trainable: bool = True, batch_weights: Any = None,
    fused: bool | None = None, data_format: str = "NHWC", zero_debias_moving_mean: bool = False, scope: Any = None,
    renorm: bool = False, renorm_clipping: Any = None, renorm_decay: float = 0.99, adjustment: Any = None,
) -> Any:  # fmt: skip
    """Ioffe and Szegedy (2015): inputs minus their mean, divided by their standard deviation, times gamma, plus beta.

    Args:
      decay: of the moving averages, which are used where `is_training` (a bool or a tensor) is false.
      param_initializers, param_regularizers: dicts by variable: "beta", "gamma", "moving_mean", "moving_variance".
      updates_collections: where the operations go that update the moving averages: train operations have to depend on
        them. None: the outputs depend on them.
      batch_weights: [batch], how much each example counts.
      zero_debias_moving_mean, renorm, renorm_clipping, adjustment: have to be left at their defaults.

    Raises:
      NotImplementedError: one of the latter is asked for.
      ValueError: unknown `data_format`, or unknown rank or channels.
    """
    for what, value in (("zero_debias_moving_mean", zero_debias_moving_mean), ("renorm", renorm),
                        ("renorm_clipping", renorm_clipping), ("adjustment", adjustment)):  # fmt: skip
        if value:
            raise NotImplementedError(f"batch_norm has no {what}. Leave it out.")
    if renorm_decay != 0.99:
        raise NotImplementedError("batch_norm has no renorm, so renorm_decay cannot be set.")
    if data_format not in ("NCHW", "NHWC"):
        raise ValueError("data_format has to be either NCHW or NHWC.")
    inputs = tf.convert_to_tensor(inputs)
    rank = inputs.shape.rank
    if rank is None:
        raise ValueError(f"Inputs {inputs} has undefined rank.")
    starts = {**_STARTS, **(param_initializers or {})}
    regularizers = param_regularizers or {}
    fused = fused is not False and batch_weights is None
    plain = (
        updates_collections == GraphKeys.UPDATE_OPS and batch_weights is None and not (fused and rank == 2)
    )
    with variable_scope(
        scope, "BatchNorm", [inputs], reuse=reuse, custom_getter=model_variables_getter()
    ) as sc:
        if plain:
            layer = core.BatchNormalization(
                axis=1 if data_format == "NCHW" else -1, momentum=decay, epsilon=epsilon, center=center, scale=scale,
                beta_initializer=starts["beta"], gamma_initializer=starts["gamma"],
                moving_mean_initializer=starts["moving_mean"], moving_variance_initializer=starts["moving_variance"],
                beta_regularizer=regularizers.get("beta"), gamma_regularizer=regularizers.get("gamma"),
                fused=fused and rank == 4, trainable=trainable, name=sc.name, _scope=sc, _reuse=reuse,
            )  # fmt: skip
            outputs = layer(inputs, training=is_training)
            for name in ("moving_mean", "moving_variance", "beta", "gamma"):
                variable = getattr(layer, name)
                if variable is not None:
                    add_to_variable_collections(variable, variables_collections, name)
        else:
            outputs = _with_own_updates(
                inputs, decay, center, scale, epsilon, starts, regularizers, updates_collections, is_training,
                variables_collections, trainable, batch_weights, fused and rank in (2, 4), data_format,
            )  # fmt: skip
        if activation_fn is not None:
            outputs = activation_fn(outputs)
        return collect_named_outputs(outputs_collections, sc.name, outputs)


def _with_own_updates(
    inputs: Any, decay: float, center: bool, scale: bool, epsilon: float, starts: dict[str, Any],
    regularizers: dict[str, Any], updates_collections: Any, is_training: Any, variables_collections: Any, trainable: bool,
    batch_weights: Any, fused: bool, data_format: str,
) -> Any:  # fmt: skip
    channels, rank = channel_dimension(inputs.shape, data_format), inputs.shape.rank
    kind = tf.float32 if inputs.dtype in (tf.float16, tf.bfloat16) else inputs.dtype

    def variable(name: str, trained: bool) -> Any:
        return model_variable(
            name, shape=[channels], dtype=kind, initializer=starts[name], regularizer=regularizers.get(name),
            collections=get_variable_collections(variables_collections, name), trainable=trained,
        )  # fmt: skip

    beta = variable("beta", trainable) if center else None
    gamma = variable("gamma", trainable) if scale else None
    with variable_scope(_here()) as local:
        local.set_partitioner(None)
        moving_mean, moving_variance = variable("moving_mean", False), variable("moving_variance", False)
    if fused:
        x = inputs if rank == 4 else tf.reshape(inputs, [-1, 1, 1, channels])
        form = data_format if rank == 4 else "NHWC"
        weights = tf.ones([channels], kind) if gamma is None else gamma
        offset = tf.zeros([channels], kind) if beta is None else beta
        outputs, mean, variance = chosen(
            is_training,
            lambda: fused_batch_norm(x, weights, offset, epsilon=epsilon, data_format=form),
            lambda: fused_batch_norm(
                x, weights, offset, moving_mean, moving_variance, epsilon, form, is_training=False
            ),
        )
        outputs = outputs if rank == 4 else tf.reshape(outputs, tf.shape(inputs))
    else:
        axes = [a for a in range(rank) if a != (1 if data_format == "NCHW" else rank - 1)]
        wide = [1, channels] + [1] * (rank - 2) if data_format == "NCHW" else None

        def moments() -> Any:
            if batch_weights is None:
                return tf.nn.moments(inputs, axes)
            counts = tf.reshape(tf.cast(batch_weights, inputs.dtype), [-1] + [1] * (rank - 1))
            return tf.nn.weighted_moments(inputs, axes, counts)

        mean, variance = chosen(
            is_training,
            moments,
            lambda: (tf.convert_to_tensor(moving_mean), tf.convert_to_tensor(moving_variance)),
        )

        def shaped(v: Any) -> Any:
            return v if v is None or wide is None else tf.reshape(v, wide)

        outputs = tf.nn.batch_normalization(
            inputs, shaped(mean), shaped(variance), shaped(beta), shaped(gamma), epsilon
        )
    outputs.set_shape(inputs.shape)
    return _updated(
        outputs, [(moving_mean, mean), (moving_variance, variance)], decay, is_training, updates_collections
    )


def _here() -> Any:
    from headrace.session.variable_store import get_variable_scope

    return get_variable_scope()


def _updated(outputs: Any, moving: Any, decay: float, is_training: Any, collections: Any) -> Any:
    value = is_training if isinstance(is_training, (bool, int)) else tf.get_static_value(is_training)
    if value is not None and not value:
        return outputs
    rate: Any = 1 - decay
    if value is None:
        rate = tf.where(tf.cast(is_training, tf.bool), rate, 0.0)
    updates = []
    for variable, new in moving:
        with tf.name_scope("AssignMovingAvg") as scope:
            step = (variable - tf.cast(new, variable.dtype)) * tf.cast(rate, variable.dtype)
            name = scope if variable.dtype._is_ref_dtype else None  # a resource's update lies inside of it
            updates.append(variable.assign_sub(step, name=name, read_value=False))
    if collections is None:
        graph: Any = state.graph
        with graph.control_dependencies(updates):
            return tf.identity(outputs)
    for update in updates:
        get_default_graph().add_to_collections(collections, update)
    return outputs


@add_arg_scope
def layer_norm(
    inputs: Any, center: bool = True, scale: bool = True, activation_fn: Any = None, reuse: Any = None,
    variables_collections: Any = None, outputs_collections: Any = None, trainable: bool = True, begin_norm_axis: int = 1,
    begin_params_axis: int = -1, scope: Any = None,
) -> Any:  # fmt: skip
    """Ba et al. (2016): each example minus its mean, divided by its standard deviation, times gamma, plus beta.

    Args:
      begin_norm_axis: the first axis of what is normalised.
      begin_params_axis: the first axis of what gamma and beta have numbers for.
    """
    with variable_scope(scope, "LayerNorm", [inputs], reuse=reuse) as sc:
        inputs = tf.convert_to_tensor(inputs)
        rank = inputs.shape.rank
        if rank is None:
            raise ValueError(f"Inputs {inputs} has undefined rank.")
        begin = begin_norm_axis + rank if begin_norm_axis < 0 else begin_norm_axis
        if begin_params_axis >= rank or begin >= rank:
            raise ValueError(
                f"begin_params_axis ({begin_params_axis}) and begin_norm_axis ({begin}) must be < rank(inputs) ({rank})"
            )
        shape = inputs.shape.as_list()[begin_params_axis:]
        if None in shape:
            raise ValueError(
                f"Inputs {inputs}: shape(inputs)[{begin_params_axis}:] is not fully defined: {shape}"
            )
        beta, gamma = _beta_gamma(shape, inputs.dtype, center, scale, None, variables_collections, trainable)
        mean, variance = tf.nn.moments(inputs, list(range(begin, rank)), keepdims=True)
        epsilon = 1e-3 if inputs.dtype is tf.float16 else 1e-12
        outputs = tf.nn.batch_normalization(inputs, mean, variance, beta, gamma, epsilon)
        outputs.set_shape(inputs.shape)
        if activation_fn is not None:
            outputs = activation_fn(outputs)
        return collect_named_outputs(outputs_collections, sc.name, outputs)


def _beta_gamma(
    shape: Any, dtype: Any, center: bool, scale: bool, starts: Any, collections: Any, trainable: bool
) -> tuple[Any, Any]:
    starts = {**_STARTS, **(starts or {})}

    def variable(name: str) -> Any:
        return model_variable(
            name, shape=shape, dtype=dtype, initializer=starts[name],
            collections=get_variable_collections(collections, name), trainable=trainable,
        )  # fmt: skip

    return variable("beta") if center else None, variable("gamma") if scale else None


@add_arg_scope
def instance_norm(
    inputs: Any, center: bool = True, scale: bool = True, epsilon: float = 1e-6, activation_fn: Any = None,
    param_initializers: Any = None, reuse: Any = None, variables_collections: Any = None, outputs_collections: Any = None,
    trainable: bool = True, data_format: str = "NHWC", scope: Any = None,
) -> Any:  # fmt: skip
    """Ulyanov et al. (2016): each channel of each example minus its mean, divided by its standard deviation."""
    if data_format not in ("NCHW", "NHWC"):
        raise ValueError("data_format has to be either NCHW or NHWC.")
    with variable_scope(scope, "InstanceNorm", [inputs], reuse=reuse) as sc:
        inputs = tf.convert_to_tensor(inputs)
        channels, rank = channel_dimension(inputs.shape, data_format), inputs.shape.rank
        axis = 1 if data_format == "NCHW" else rank - 1
        beta, gamma = _beta_gamma(
            [channels], inputs.dtype, center, scale, param_initializers, variables_collections, trainable
        )
        wide = [channels if a == axis else 1 for a in range(rank)]
        beta, gamma = (None if v is None else tf.reshape(v, wide) for v in (beta, gamma))
        mean, variance = tf.nn.moments(inputs, [a for a in range(1, rank) if a != axis], keepdims=True)
        outputs = tf.nn.batch_normalization(inputs, mean, variance, beta, gamma, epsilon)
        outputs.set_shape(inputs.shape)
        if activation_fn is not None:
            outputs = activation_fn(outputs)
        return collect_named_outputs(outputs_collections, sc.name, outputs)


@add_arg_scope
def group_norm(
    inputs: Any, groups: int = 32, channels_axis: int = -1, reduction_axes: Any = (-3, -2), center: bool = True,
    scale: bool = True, epsilon: float = 1e-6, activation_fn: Any = None, param_initializers: Any = None, reuse: Any = None,
    variables_collections: Any = None, outputs_collections: Any = None, trainable: bool = True, scope: Any = None,
    mean_close_to_zero: bool = False,
) -> Any:  # fmt: skip
    """Wu and He (2018): each group of channels of each example minus its mean, divided by its standard deviation.

    Args:
      mean_close_to_zero: the mean is subtracted in any case: the result is the same.
    """
    with variable_scope(scope, "GroupNorm", [inputs], reuse=reuse) as sc:
        inputs = tf.convert_to_tensor(inputs)
        shape = inputs.shape.as_list()
        rank = len(shape)
        axis = channels_axis % rank
        channels = shape[axis]
        if channels is None or groups > channels or channels % groups:
            raise ValueError(f"{groups} groups do not divide {channels} channels.")
        reduced = [a % rank for a in reduction_axes]
        if axis in reduced:
            raise ValueError(
                f"reduction_axes {reduction_axes} contain the axis of channels, {channels_axis}."
            )
        beta, gamma = _beta_gamma(
            [channels], inputs.dtype, center, scale, param_initializers, variables_collections, trainable
        )
        sizes = tf.shape(inputs)
        split = tf.concat([sizes[:axis], [groups, channels // groups], sizes[axis + 1 :]], 0)
        x = tf.reshape(inputs, split)
        axes = [a if a < axis else a + 1 for a in reduced] + [axis + 1]
        mean, variance = tf.nn.moments(x, axes, keepdims=True)
        normed = tf.reshape((x - mean) * tf.math.rsqrt(variance + epsilon), sizes)
        wide = [channels if a == axis else 1 for a in range(rank)]
        outputs = normed if gamma is None else normed * tf.reshape(gamma, wide)
        outputs = outputs if beta is None else outputs + tf.reshape(beta, wide)
        outputs.set_shape(inputs.shape)
        if activation_fn is not None:
            outputs = activation_fn(outputs)
        return collect_named_outputs(outputs_collections, sc.name, outputs)
