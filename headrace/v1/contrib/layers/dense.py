"""Layers of `tf.contrib.layers` without space: fully connected, biases, dropout, and functions of whole rows."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import headrace as tf
from headrace.api.compat_v1_initializers import zeros_initializer
from headrace.core.scoping import called
from headrace.session.keys import GraphKeys
from headrace.session.scopes import variable_scope
from headrace.v1 import layers as core
from headrace.v1.contrib.arg_scopes import add_arg_scope
from headrace.v1.contrib.framework import model_variable
from headrace.v1.contrib.framework import variable as plain_variable
from headrace.v1.contrib.layer_utils import (
    add_to_variable_collections,
    channel_dimension,
    collect_named_outputs,
    get_variable_collections,
    model_variables_getter,
)

from .initializers import xavier_initializer

RENAMED = {"bias": "biases", "kernel": "weights"}
XAVIER, ZEROS = xavier_initializer(), zeros_initializer()


def finished(
    scope: Any, layer: Any, outputs: Any, variables_collections: Any, outputs_collections: Any, normalizer_fn: Any,
    normalizer_params: Any, activation_fn: Any,
) -> Any:  # fmt: skip
    """What all layers with weights end with: collections, normalisation, activation."""
    for name, variable in (
        ("weights", getattr(layer, "kernel", None)),
        ("biases", getattr(layer, "bias", None)),
    ):
        if variable is not None:
            add_to_variable_collections(variable, variables_collections, name)
    if normalizer_fn is not None:
        outputs = normalizer_fn(outputs, **(normalizer_params or {}))
    if activation_fn is not None:
        outputs = activation_fn(outputs)
    return collect_named_outputs(outputs_collections, scope.name, outputs)


@add_arg_scope
def fully_connected(
    inputs: Any, num_outputs: int, activation_fn: Any = tf.nn.relu, normalizer_fn: Any = None,
    normalizer_params: Any = None, weights_initializer: Any = XAVIER, weights_regularizer: Any = None,
    biases_initializer: Any = ZEROS, biases_regularizer: Any = None, reuse: Any = None, variables_collections: Any = None,
    outputs_collections: Any = None, trainable: bool = True, scope: Any = None,
) -> Any:  # fmt: skip
    """`activation(inputs @ weights + biases)` along the last axis.

    Args:
      activation_fn: None for none.
      normalizer_fn: called on the product in place of adding biases, with `normalizer_params`.
      variables_collections: collections for the variables, or a dict of these for "weights" and "biases".
      outputs_collections: collections for the outputs.

    >>> import headrace as tf
    >>> with tf.Graph().as_default():
    ...     y = fully_connected(tf.zeros([2, 3]), 4, scope="fc1")
    ...     y.name, [v.name for v in tf.compat.v1.model_variables()]
    ('fc1/Relu:0', ['fc1/weights:0', 'fc1/biases:0'])
    """
    if not isinstance(num_outputs, int) and not hasattr(num_outputs, "__index__"):
        raise ValueError(
            f"num_outputs type should be one of int, got {num_outputs} of type {type(num_outputs)}."
        )
    getter = model_variables_getter(RENAMED)
    with variable_scope(scope, "fully_connected", [inputs], reuse=reuse, custom_getter=getter) as sc:
        layer = core.Dense(
            num_outputs, use_bias=not normalizer_fn and bool(biases_initializer), kernel_initializer=weights_initializer,
            bias_initializer=biases_initializer, kernel_regularizer=weights_regularizer, bias_regularizer=biases_regularizer,
            trainable=trainable, name=sc.name, _scope=sc, _reuse=reuse,
        )  # fmt: skip
        outputs = layer(tf.convert_to_tensor(inputs))
        return finished(
            sc, layer, outputs, variables_collections, outputs_collections, normalizer_fn, normalizer_params, activation_fn
        )  # fmt: skip


linear = functools.partial(fully_connected, activation_fn=None)
relu = functools.partial(fully_connected, activation_fn=tf.nn.relu)
relu6 = functools.partial(fully_connected, activation_fn=tf.nn.relu6)
elu = functools.partial(fully_connected, activation_fn=tf.nn.elu)


@add_arg_scope
def bias_add(
    inputs: Any, activation_fn: Any = None, initializer: Any = ZEROS, regularizer: Any = None, reuse: Any = None,
    variables_collections: Any = None, outputs_collections: Any = None, trainable: bool = True, data_format: str = "NHWC",
    scope: Any = None,
) -> Any:  # fmt: skip
    """Adds the variable "biases" along the channels."""
    if data_format not in ("NCHW", "NHWC"):
        raise ValueError("data_format has to be either NCHW or NHWC.")
    with variable_scope(scope, "BiasAdd", [inputs], reuse=reuse) as sc:
        inputs = tf.convert_to_tensor(inputs)
        biases = model_variable(
            "biases", shape=[channel_dimension(inputs.shape, data_format)], dtype=inputs.dtype, initializer=initializer,
            regularizer=regularizer, collections=get_variable_collections(variables_collections, "biases"),
            trainable=trainable,
        )  # fmt: skip
        outputs = tf.nn.bias_add(inputs, biases, data_format)
        if activation_fn is not None:
            outputs = activation_fn(outputs)
        return collect_named_outputs(outputs_collections, sc.name, outputs)


@add_arg_scope
def dropout(
    inputs: Any, keep_prob: Any = 0.5, noise_shape: Any = None, is_training: Any = True, outputs_collections: Any = None,
    scope: Any = None, seed: int | None = None,
) -> Any:  # fmt: skip
    """Sets entries to zero with probability 1 - `keep_prob` while training, and scales the others up by as much."""
    with variable_scope(scope, "Dropout", [inputs]) as sc:
        layer = core.Dropout(1 - keep_prob, noise_shape, seed, name=sc.name, _scope=sc)
        outputs = layer(tf.convert_to_tensor(inputs), training=is_training)
        return collect_named_outputs(outputs_collections, sc.name, outputs)


@add_arg_scope
def flatten(inputs: Any, outputs_collections: Any = None, scope: Any = None) -> Any:
    """All dimensions but the first become one."""
    with tf.name_scope(scope or "Flatten") as sc:
        return collect_named_outputs(outputs_collections, sc, core.flatten(tf.convert_to_tensor(inputs)))


@add_arg_scope
def dense_to_sparse(
    tensor: Any, eos_token: int = 0, outputs_collections: Any = None, scope: Any = None
) -> Any:
    """The entries other than `eos_token`, as a `SparseTensor`: labels for `tf.nn.ctc_loss`."""
    with variable_scope(scope, "dense_to_sparse", [tensor]) as sc:
        tensor = tf.convert_to_tensor(tensor)
        where = tf.where(tf.not_equal(tensor, tf.constant(eos_token, tensor.dtype)))
        outputs = tf.SparseTensor(where, tf.gather_nd(tensor, where), tf.shape(tensor, out_type=tf.int64))
        return collect_named_outputs(outputs_collections, sc.name, outputs)


@add_arg_scope
def one_hot_encoding(
    labels: Any, num_classes: int, on_value: float = 1.0, off_value: float = 0.0, outputs_collections: Any = None,
    scope: Any = None,
) -> Any:  # fmt: skip
    """Labels as rows with `on_value` in their place."""
    with tf.name_scope(scope or "OneHotEncoding") as sc:
        labels = tf.convert_to_tensor(labels)
        outputs = tf.one_hot(
            tf.cast(labels, tf.int64) if labels.dtype is tf.int32 else labels,
            num_classes,
            on_value,
            off_value,
        )
        return collect_named_outputs(outputs_collections, sc, outputs)


@add_arg_scope
def softmax(logits: Any, scope: Any = None) -> Any:
    """Softmax along the last axis."""
    with variable_scope(scope, "softmax", [logits]):
        return called(tf.nn.softmax(logits), "Reshape_1")


@add_arg_scope
def unit_norm(inputs: Any, dim: int, epsilon: float = 1e-7, scope: Any = None) -> Any:
    """Divides by the length along axis `dim`.

    Raises:
      ValueError: there is no such axis."""
    with variable_scope(scope, "UnitNorm", [inputs]):
        inputs = tf.convert_to_tensor(inputs)
        if inputs.shape.rank is None:
            raise ValueError("The input rank must be known.")
        if not 0 <= dim < inputs.shape.rank:
            raise ValueError("dim must be positive but smaller than the input rank.")
        length = tf.sqrt(epsilon + tf.reduce_sum(tf.square(inputs), dim, keepdims=True))
        return called(inputs / length, "div")


@add_arg_scope
def maxout(inputs: Any, num_units: int, axis: int = -1, scope: Any = None) -> Any:
    """Goodfellow et al. (2013): the largest of each group of channels.

    Raises:
      ValueError: the channels are no multiple of `num_units`."""
    with variable_scope(scope, "MaxOut", [inputs]):
        inputs = tf.convert_to_tensor(inputs)
        shape = inputs.shape.as_list()
        axis = axis + len(shape) if axis < 0 else axis
        channels = shape[axis]
        if channels is None or channels % num_units:
            raise ValueError(f"number of features({channels}) is not a multiple of num_units({num_units})")
        sizes = [-1 if d is None else d for d in shape[:axis]] + [num_units, channels // num_units]
        if sizes.count(-1) > 1 or None in shape[axis + 1 :]:
            known = tf.shape(inputs)
            split = tf.concat([known[:axis], [num_units, channels // num_units], known[axis + 1 :]], 0)
        else:
            split = tf.constant([*sizes, *shape[axis + 1 :]])
        outputs = tf.reduce_max(tf.reshape(inputs, split), axis + 1)
        outputs.set_shape([*shape[:axis], num_units, *shape[axis + 1 :]])
        return outputs


@add_arg_scope
def repeat(inputs: Any, repetitions: int, layer: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    """The same layer so many times, one on top of the other, in scopes "<scope>_1", "<scope>_2" …"""
    scope = kwargs.pop("scope", None)
    with variable_scope(scope, "Repeat", [inputs]):
        outputs, scope = tf.convert_to_tensor(inputs), scope or _name_of(layer, "repeat")
        for i in range(repetitions):
            outputs = layer(outputs, *args, **{**kwargs, "scope": f"{scope}_{i + 1}"})
        return outputs


@add_arg_scope
def stack(inputs: Any, layer: Callable[..., Any], stack_args: Any, **kwargs: Any) -> Any:
    """A layer for each of `stack_args` (its arguments), one on top of the other, in scopes "<scope>_1", "<scope>_2" …

    >>> import headrace as tf
    >>> with tf.Graph().as_default():
    ...     y = stack(tf.zeros([2, 3]), fully_connected, [8, 4], scope="fc")
    ...     [v.name for v in tf.compat.v1.trainable_variables()][::2]
    ['fc/fc_1/weights:0', 'fc/fc_2/weights:0']
    """
    scope = kwargs.pop("scope", None)
    if not isinstance(stack_args, (list, tuple)):
        raise ValueError("stack_args need to be a list or tuple")
    with variable_scope(scope, "Stack", [inputs]):
        outputs, scope = tf.convert_to_tensor(inputs), scope or _name_of(layer, "stack")
        for i, own in enumerate(stack_args):
            own = own if isinstance(own, (list, tuple)) else [own]
            outputs = layer(outputs, *own, **{**kwargs, "scope": f"{scope}_{i + 1}"})
        return outputs


def _name_of(layer: Any, default: str) -> str:
    return str(getattr(layer, "__name__", None) or getattr(getattr(layer, "func", None), "__name__", default))


@add_arg_scope
def legacy_fully_connected(
    x: Any, num_output_units: int, activation_fn: Any = None, weight_init: Any = XAVIER, bias_init: Any = ZEROS,
    name: str | None = None, weight_collections: Any = (GraphKeys.WEIGHTS,), bias_collections: Any = (GraphKeys.BIASES,),
    output_collections: Any = (GraphKeys.ACTIVATIONS,), trainable: bool = True, weight_regularizer: Any = None,
    bias_regularizer: Any = None,
) -> Any:  # fmt: skip
    """`fully_connected` as it was at first: biases are the variable "bias"."""
    with variable_scope(name, "fully_connected", [x]):
        x = tf.convert_to_tensor(x)
        every = [GraphKeys.GLOBAL_VARIABLES]
        w = plain_variable(
            "weights", shape=[x.shape.as_list()[-1], num_output_units], dtype=x.dtype, initializer=weight_init,
            collections=[*weight_collections, *every], regularizer=weight_regularizer, trainable=trainable,
        )  # fmt: skip
        y = tf.tensordot(x, w, 1)
        if bias_init is not None:
            b = plain_variable(
                "bias", shape=[num_output_units], dtype=x.dtype, initializer=bias_init,
                collections=[*bias_collections, *every], regularizer=bias_regularizer, trainable=trainable,
            )  # fmt: skip
            y = tf.nn.bias_add(y, b)
        if activation_fn is not None:
            y = activation_fn(y)
        return collect_named_outputs(output_collections, name or "fully_connected", y)


legacy_linear = functools.partial(legacy_fully_connected, activation_fn=None)
legacy_relu = functools.partial(legacy_fully_connected, activation_fn=tf.nn.relu)
