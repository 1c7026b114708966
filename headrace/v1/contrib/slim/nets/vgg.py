"""VGG: Simonyan and Zisserman (2014)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import headrace as tf
from headrace.session.scopes import variable_scope
from headrace.v1.contrib import layers
from headrace.v1.contrib.arg_scopes import arg_scope
from headrace.v1.contrib.layer_utils import convert_collection_to_dict


def vgg_arg_scope(weight_decay: float = 0.0005) -> Any:
    """The argument scope that the nets are trained in."""
    with arg_scope(
        [layers.conv2d, layers.fully_connected], activation_fn=tf.nn.relu,
        weights_regularizer=layers.l2_regularizer(weight_decay), biases_initializer=tf.compat.v1.zeros_initializer(),
    ), arg_scope([layers.conv2d], padding="SAME") as scope:  # fmt: skip
        return scope


def _vgg(repeats: Sequence[int], default: str) -> Any:
    def net(
        inputs: Any, num_classes: int = 1000, is_training: Any = True, dropout_keep_prob: float = 0.5,
        spatial_squeeze: bool = True, scope: str = default,
    ) -> Any:  # fmt: skip
        with variable_scope(scope, default, [inputs]) as sc:
            collection = sc.name + "_end_points"
            with arg_scope(
                [layers.conv2d, layers.fully_connected, layers.max_pool2d], outputs_collections=collection
            ):
                x = inputs
                for i, (times, depth) in enumerate(zip(repeats, (64, 128, 256, 512, 512)), 1):
                    x = layers.repeat(x, times, layers.conv2d, depth, [3, 3], scope=f"conv{i}")
                    x = layers.max_pool2d(x, [2, 2], scope=f"pool{i}")
                # Fully connected layers as convolutions: the net takes larger images, too.
                x = layers.conv2d(x, 4096, [7, 7], padding="VALID", scope="fc6")
                x = layers.dropout(x, dropout_keep_prob, is_training=is_training, scope="dropout6")
                x = layers.conv2d(x, 4096, [1, 1], scope="fc7")
                x = layers.dropout(x, dropout_keep_prob, is_training=is_training, scope="dropout7")
                x = layers.conv2d(x, num_classes, [1, 1], activation_fn=None, normalizer_fn=None, scope="fc8")
                end_points = convert_collection_to_dict(collection)
                if spatial_squeeze:
                    x = tf.squeeze(x, [1, 2], name="fc8/squeezed")
                    end_points[sc.name + "/fc8"] = x
                return x, end_points

    net.__name__ = net.__qualname__ = default
    net.__doc__ = f"""VGG of {sum(repeats) + 3} layers: logits [batch, num_classes] of images [batch, 224, 224, 3], and outputs by name.

    Args:
      spatial_squeeze: whether dimensions of 1 are removed from the logits.
    """
    net.default_image_size = 224  # type: ignore[attr-defined]
    return net


vgg_a, vgg_16, vgg_19 = (
    _vgg((1, 1, 2, 2, 2), "vgg_a"), _vgg((2, 2, 3, 3, 3), "vgg_16"), _vgg((2, 2, 4, 4, 4), "vgg_19"),
)  # fmt: skip
vgg_d, vgg_e = vgg_16, vgg_19
