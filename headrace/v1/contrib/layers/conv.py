"""Convolutions and pooling of `tf.contrib.layers`."""

from __future__ import annotations

from typing import Any

import headrace as tf
from headrace.session.scopes import variable_scope
from headrace.v1 import layers as core
from headrace.v1.contrib.arg_scopes import add_arg_scope
from headrace.v1.contrib.framework import model_variable
from headrace.v1.contrib.layer_utils import (
    add_to_variable_collections,
    collect_named_outputs,
    get_variable_collections,
    model_variables_getter,
    n_positive_integers,
    two_element_tuple,
)

from .dense import RENAMED, XAVIER, ZEROS, finished


def _format(data_format: str | None) -> str:
    if data_format not in (None, "NWC", "NCW", "NHWC", "NCHW", "NDHWC", "NCDHW"):
        raise ValueError(f"Invalid data_format: {data_format!r}")
    return "channels_first" if data_format and data_format.startswith("NC") else "channels_last"


@add_arg_scope
def convolution(
    inputs: Any, num_outputs: int, kernel_size: Any, stride: Any = 1, padding: str = "SAME", data_format: str | None = None,
    rate: Any = 1, activation_fn: Any = tf.nn.relu, normalizer_fn: Any = None, normalizer_params: Any = None,
    weights_initializer: Any = XAVIER, weights_regularizer: Any = None, biases_initializer: Any = ZEROS,
    biases_regularizer: Any = None, reuse: Any = None, variables_collections: Any = None, outputs_collections: Any = None,
    trainable: bool = True, scope: Any = None, conv_dims: int | None = None,
) -> Any:  # fmt: skip
    """Convolution over 1 to 3 dimensions (as the inputs have): `activation(inputs * weights + biases)`.

    Args:
      kernel_size, stride, rate: an int, or one per dimension.
      normalizer_fn: called in place of adding biases, with `normalizer_params`.
      conv_dims: how many dimensions the inputs have to have.
    """
    getter = model_variables_getter(RENAMED)
    with variable_scope(scope, "Conv", [inputs], reuse=reuse, custom_getter=getter) as sc:
        inputs = tf.convert_to_tensor(inputs)
        rank = inputs.shape.rank
        if conv_dims is not None and rank != conv_dims + 2:
            raise ValueError(f"Convolution expects input with rank {conv_dims + 2}, got {rank}")
        classes: dict[Any, Any] = {3: core.Conv1D, 4: core.Conv2D, 5: core.Conv3D}
        if rank not in classes:
            raise ValueError(f"Convolution not supported for input with rank {rank}")
        layer = classes[rank](
            num_outputs, kernel_size, stride, padding, _format(data_format), rate,
            use_bias=not normalizer_fn and bool(biases_initializer), kernel_initializer=weights_initializer,
            bias_initializer=biases_initializer, kernel_regularizer=weights_regularizer, bias_regularizer=biases_regularizer,
            trainable=trainable, name=sc.name, _scope=sc, _reuse=reuse,
        )  # fmt: skip
        return finished(
            sc, layer, layer(inputs), variables_collections, outputs_collections, normalizer_fn, normalizer_params,
            activation_fn,
        )  # fmt: skip


def _of_rank(dims: int) -> Any:
    def conv(*args: Any, **kwargs: Any) -> Any:
        return convolution(*args, conv_dims=dims, **kwargs)

    conv.__name__ = conv.__qualname__ = f"convolution{dims}d"
    conv.__doc__ = f"`convolution` over {dims} dimension{'s' * (dims > 1)}."
    return add_arg_scope(conv)


convolution1d, convolution2d, convolution3d = _of_rank(1), _of_rank(2), _of_rank(3)


def _transposed(dims: int) -> Any:
    cls, default = (core.Conv2DTranspose, "NHWC") if dims == 2 else (core.Conv3DTranspose, "NDHWC")

    def transpose(
        inputs: Any, num_outputs: int, kernel_size: Any, stride: Any = 1, padding: str = "SAME", data_format: str = default,
        activation_fn: Any = tf.nn.relu, normalizer_fn: Any = None, normalizer_params: Any = None,
        weights_initializer: Any = XAVIER, weights_regularizer: Any = None, biases_initializer: Any = ZEROS,
        biases_regularizer: Any = None, reuse: Any = None, variables_collections: Any = None, outputs_collections: Any = None,
        trainable: bool = True, scope: Any = None,
    ) -> Any:  # fmt: skip
        getter = model_variables_getter(RENAMED)
        with variable_scope(
            scope, f"Conv{dims}d_transpose", [inputs], reuse=reuse, custom_getter=getter
        ) as sc:
            layer = cls(
                num_outputs, kernel_size, stride, padding, _format(data_format),
                use_bias=not normalizer_fn and bool(biases_initializer), kernel_initializer=weights_initializer,
                bias_initializer=biases_initializer, kernel_regularizer=weights_regularizer,
                bias_regularizer=biases_regularizer, trainable=trainable, name=sc.name, _scope=sc, _reuse=reuse,
            )  # fmt: skip
            outputs = layer(tf.convert_to_tensor(inputs))
            return finished(
                sc, layer, outputs, variables_collections, outputs_collections, normalizer_fn, normalizer_params,
                activation_fn,
            )  # fmt: skip

    transpose.__name__ = transpose.__qualname__ = f"convolution{dims}d_transpose"
    transpose.__doc__ = (
        f"The transpose of a convolution over {dims} dimensions; the arguments are `convolution`'s."
    )
    return add_arg_scope(transpose)


convolution2d_transpose, convolution3d_transpose = _transposed(2), _transposed(3)


@add_arg_scope
def separable_convolution2d(
    inputs: Any, num_outputs: int | None, kernel_size: Any, depth_multiplier: int = 1, stride: Any = 1,
    padding: str = "SAME", data_format: str = "NHWC", rate: Any = 1, activation_fn: Any = tf.nn.relu,
    normalizer_fn: Any = None, normalizer_params: Any = None, weights_initializer: Any = XAVIER,
    pointwise_initializer: Any = None, weights_regularizer: Any = None, biases_initializer: Any = ZEROS,
    biases_regularizer: Any = None, reuse: Any = None, variables_collections: Any = None, outputs_collections: Any = None,
    trainable: bool = True, scope: Any = None,
) -> Any:  # fmt: skip
    """A convolution of each channel, then a mixing of channels; with `num_outputs` None only the first."""
    renamed = {**RENAMED, "depthwise_kernel": "depthwise_weights", "pointwise_kernel": "pointwise_weights"}
    getter = model_variables_getter(renamed)
    with variable_scope(scope, "SeparableConv2d", [inputs], reuse=reuse, custom_getter=getter) as sc:
        inputs = tf.convert_to_tensor(inputs)
        if num_outputs is None:
            outputs = _depthwise(
                inputs, kernel_size, depth_multiplier, stride, padding, data_format, rate, weights_initializer,
                weights_regularizer, None if normalizer_fn else biases_initializer, biases_regularizer, trainable,
                variables_collections,
            )  # fmt: skip
            return finished(
                sc, None, outputs, None, outputs_collections, normalizer_fn, normalizer_params, activation_fn
            )
        layer = core.SeparableConv2D(
            num_outputs, kernel_size, stride, padding, _format(data_format), two_element_tuple(rate), depth_multiplier,
            use_bias=not normalizer_fn and bool(biases_initializer), depthwise_initializer=weights_initializer,
            pointwise_initializer=pointwise_initializer or weights_initializer, bias_initializer=biases_initializer,
            depthwise_regularizer=weights_regularizer, pointwise_regularizer=weights_regularizer,
            bias_regularizer=biases_regularizer, trainable=trainable, name=sc.name, _scope=sc, _reuse=reuse,
        )  # fmt: skip
        outputs = layer(inputs)
        for kernel in (layer.depthwise_kernel, layer.pointwise_kernel):
            add_to_variable_collections(kernel, variables_collections, "weights")
        return finished(
            sc, layer, outputs, variables_collections, outputs_collections, normalizer_fn, normalizer_params, activation_fn
        )  # fmt: skip


def _depthwise(
    inputs: Any, kernel_size: Any, multiplier: int, stride: Any, padding: str, data_format: str, rate: Any,
    weights_initializer: Any, weights_regularizer: Any, biases_initializer: Any, biases_regularizer: Any, trainable: bool,
    collections: Any,
) -> Any:  # fmt: skip
    first = data_format.startswith("NC")
    channels = inputs.shape.as_list()[1 if first else 3]
    weights = model_variable(
        "depthwise_weights", shape=[*two_element_tuple(kernel_size), channels, multiplier], dtype=inputs.dtype,
        initializer=weights_initializer, regularizer=weights_regularizer, trainable=trainable,
        collections=get_variable_collections(collections, "weights"),
    )  # fmt: skip
    strides = list(two_element_tuple(stride))
    strides = [1, 1, *strides] if first else [1, *strides, 1]
    outputs = tf.nn.depthwise_conv2d(
        inputs, weights, strides, padding, data_format, list(two_element_tuple(rate))
    )
    if biases_initializer is not None:
        biases = model_variable(
            "biases", shape=[channels * multiplier], dtype=inputs.dtype, initializer=biases_initializer,
            regularizer=biases_regularizer, trainable=trainable, collections=get_variable_collections(collections, "biases"),
        )  # fmt: skip
        outputs = tf.nn.bias_add(outputs, biases, data_format)
    return outputs


@add_arg_scope
def convolution2d_in_plane(
    inputs: Any, kernel_size: Any, stride: Any = 1, padding: str = "SAME", activation_fn: Any = tf.nn.relu,
    normalizer_fn: Any = None, normalizer_params: Any = None, weights_initializer: Any = XAVIER,
    weights_regularizer: Any = None, biases_initializer: Any = ZEROS, biases_regularizer: Any = None, reuse: Any = None,
    variables_collections: Any = None, outputs_collections: Any = None, trainable: bool = True, scope: Any = None,
) -> Any:  # fmt: skip
    """The same convolution for every channel."""
    with variable_scope(scope, "ConvInPlane", [inputs], reuse=reuse) as sc:
        channels = inputs.shape.as_list()[3]
        height, width = two_element_tuple(kernel_size)
        weights = model_variable(
            "weights", shape=[height, width, 1, 1], dtype=inputs.dtype, initializer=weights_initializer,
            regularizer=weights_regularizer, trainable=trainable,
            collections=get_variable_collections(variables_collections, "weights"),
        )  # fmt: skip
        outputs = tf.nn.depthwise_conv2d(
            inputs, tf.tile(weights, [1, 1, channels, 1]), [1, *two_element_tuple(stride), 1], padding
        )
        if normalizer_fn is None and biases_initializer is not None:
            biases = model_variable(
                "biases", shape=[channels], dtype=inputs.dtype, initializer=biases_initializer,
                regularizer=biases_regularizer, trainable=trainable,
                collections=get_variable_collections(variables_collections, "biases"),
            )  # fmt: skip
            outputs = tf.nn.bias_add(outputs, biases)
        return finished(
            sc, None, outputs, None, outputs_collections, normalizer_fn, normalizer_params, activation_fn
        )


def _pooling(kind: str, dims: int) -> Any:
    cls = getattr(core, f"{kind}Pooling{dims}D")
    title = f"{kind[:3]}Pool{dims}D".replace("Ave", "Avg")

    def pool(
        inputs: Any, kernel_size: Any, stride: Any = 2, padding: str = "VALID",
        data_format: str = "NHWC" if dims == 2 else "NDHWC", outputs_collections: Any = None, scope: Any = None,
    ) -> Any:  # fmt: skip
        with tf.name_scope(scope or title) as sc:
            layer = cls(
                n_positive_integers(dims, kernel_size), n_positive_integers(dims, stride), padding, _format(data_format),
                _scope=sc,
            )  # fmt: skip
            return collect_named_outputs(outputs_collections, sc, layer(tf.convert_to_tensor(inputs)))

    name = f"{title[:3].lower()}_pool{dims}d"
    pool.__name__ = pool.__qualname__ = name
    pool.__doc__ = f"The {'largest' if kind == 'Max' else 'mean'} of each window of {dims} dimensions."
    return add_arg_scope(pool)


max_pool2d, max_pool3d = _pooling("Max", 2), _pooling("Max", 3)
avg_pool2d, avg_pool3d = _pooling("Average", 2), _pooling("Average", 3)


conv1d, conv2d, conv3d = convolution1d, convolution2d, convolution3d
conv2d_transpose, conv3d_transpose = convolution2d_transpose, convolution3d_transpose
conv2d_in_plane, separable_conv2d = convolution2d_in_plane, separable_convolution2d
