"""Layers of `tf.contrib.layers` that know where in an image they are: expected places, images as sequences, pooling."""

from __future__ import annotations

from typing import Any

import headrace as tf
from headrace.api.compat_v1_initializers import constant_initializer, ones_initializer
from headrace.session.scopes import variable_scope
from headrace.v1.contrib.arg_scopes import add_arg_scope
from headrace.v1.contrib.framework import model_variable
from headrace.v1.contrib.layer_utils import (
    collect_named_outputs,
    get_variable_collections,
    n_positive_integers,
)


def _nhwc(data_format: str) -> bool:
    if data_format not in ("NCHW", "NHWC"):
        raise ValueError(f"data_format has to be either NCHW or NHWC. Received {data_format!r}.")
    return data_format == "NHWC"


@add_arg_scope
def spatial_softmax(
    features: Any, temperature: float | None = None, name: str | None = None, variables_collections: Any = None,
    trainable: bool = True, data_format: str = "NHWC",
) -> Any:  # fmt: skip
    """Finn et al. (2015): where in the image each channel is, on average over the softmax of its values.

    Args:
      temperature: what the variable "temperature", which divides the values, starts with: 1 by default.

    Returns:
      [batch, 2 * channels]: row and column of each channel, from -1 to 1.

    Raises:
      ValueError: the number of channels is not known.

    >>> import headrace as tf
    >>> with tf.Graph().as_default():
    ...     spatial_softmax(tf.zeros([2, 5, 5, 3])).shape
    TensorShape([2, 6])
    """
    channels_last = _nhwc(data_format)
    with variable_scope(name, "spatial_softmax"):
        features = tf.convert_to_tensor(features)
        batch, *sizes = features.shape.as_list()
        channels = sizes[2 if channels_last else 0]
        if channels is None:
            raise ValueError("The number of channels of the inputs to spatial_softmax must be known.")
        with tf.name_scope("spatial_softmax_op"):
            shape = tf.shape(features)
            height, width = (shape[1], shape[2]) if channels_last else (shape[2], shape[3])
            rows, columns = tf.meshgrid(
                tf.linspace(-1.0, 1.0, height), tf.linspace(-1.0, 1.0, width), indexing="ij"
            )
            divisor = model_variable(
                "temperature", shape=(), dtype=tf.float32, trainable=trainable,
                initializer=ones_initializer() if temperature is None else constant_initializer(temperature),
                collections=get_variable_collections(variables_collections, "temperature") if trainable else None,
            )  # fmt: skip
            if channels_last:
                features = tf.transpose(features, [0, 3, 1, 2])
            attention = tf.nn.softmax(tf.reshape(features, [-1, height * width]) / divisor)
            places = [
                tf.reduce_sum(tf.reshape(p, [-1]) * attention, 1, keepdims=True) for p in (rows, columns)
            ]
            outputs = tf.reshape(tf.concat(places, 1), [-1, 2 * channels])
            outputs.set_shape([batch, 2 * channels])
            return outputs


@add_arg_scope
def images_to_sequence(
    inputs: Any, data_format: str = "NHWC", outputs_collections: Any = None, scope: Any = None
) -> Any:
    """[images, height, width, depth] as [width, images * height, depth]: a step for each column."""
    channels_last = _nhwc(data_format)
    with tf.name_scope(scope or "ImagesToSequence") as sc:
        inputs = tf.convert_to_tensor(inputs)
        if not channels_last:
            inputs = tf.transpose(inputs, [0, 2, 3, 1])
        images, height, width, depth = inputs.shape.as_list()
        columns = tf.transpose(inputs, [2, 0, 1, 3])
        outputs = tf.reshape(columns, [tf.shape(inputs)[2] if width is None else width, -1, depth])
        outputs.set_shape([width, None if None in (images, height) else images * height, depth])
        return collect_named_outputs(outputs_collections, sc, outputs)


@add_arg_scope
def sequence_to_images(
    inputs: Any, height: int, output_data_format: str = "channels_last", outputs_collections: Any = None, scope: Any = None
) -> Any:  # fmt: skip
    """The inverse of `images_to_sequence`, for images of that height."""
    if output_data_format not in ("channels_first", "channels_last"):
        raise ValueError(
            f"output_data_format has to be channels_first or channels_last. Received {output_data_format!r}."
        )
    with tf.name_scope(scope or "SequenceToImages") as sc:
        inputs = tf.convert_to_tensor(inputs)
        width, rows, depth = inputs.shape.as_list()
        split = tf.reshape(inputs, [width, -1 if rows is None else rows // height, height, depth])
        order = [1, 3, 2, 0] if output_data_format == "channels_first" else [1, 2, 0, 3]
        return collect_named_outputs(outputs_collections, sc, tf.transpose(split, order))


@add_arg_scope
def pool(
    inputs: Any, kernel_size: Any, pooling_type: str, padding: str = "VALID", data_format: str | None = None,
    dilation_rate: Any = 1, stride: Any = 1, outputs_collections: Any = None, scope: Any = None,
) -> Any:  # fmt: skip
    """`tf.nn.pool` over all dimensions but those of batch and channels.

    Args:
      kernel_size, dilation_rate, stride: an int, or one per dimension.
    """
    with tf.name_scope(scope or f"{pooling_type.lower()}_pool") as sc:
        inputs = tf.convert_to_tensor(inputs)
        rank = inputs.shape.rank
        if rank is None or rank < 3:
            raise ValueError(f"The rank of inputs must be known and at least 3. Received {rank}.")
        outputs = tf.nn.pool(
            inputs, n_positive_integers(rank - 2, kernel_size), pooling_type, n_positive_integers(rank - 2, stride),
            padding, data_format, n_positive_integers(rank - 2, dilation_rate), name=sc,
        )  # fmt: skip
        return collect_named_outputs(outputs_collections, sc, outputs)
