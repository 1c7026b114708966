"""OverFeat: Sermanet et al. (2013)."""

from __future__ import annotations

from typing import Any

import headrace as tf
from headrace.session.scopes import variable_scope
from headrace.v1.contrib import layers
from headrace.v1.contrib.arg_scopes import arg_scope
from headrace.v1.contrib.layer_utils import convert_collection_to_dict


def overfeat_arg_scope(weight_decay: float = 0.0005) -> Any:
    """The argument scope that the net is trained in."""
    with arg_scope(
        [layers.conv2d, layers.fully_connected], activation_fn=tf.nn.relu,
        weights_regularizer=layers.l2_regularizer(weight_decay), biases_initializer=tf.compat.v1.zeros_initializer(),
    ), arg_scope([layers.conv2d], padding="SAME"), arg_scope([layers.max_pool2d], padding="VALID") as scope:  # fmt: skip
        return scope


def overfeat(
    inputs: Any, num_classes: int = 1000, is_training: Any = True, dropout_keep_prob: float = 0.5,
    spatial_squeeze: bool = True, scope: str = "overfeat",
) -> Any:  # fmt: skip
    """Logits [batch, num_classes] of images [batch, 231, 231, 3], and outputs by name."""
    with variable_scope(scope, "overfeat", [inputs]) as sc:
        collection = sc.name + "_end_points"
        scoped = [layers.conv2d, layers.fully_connected, layers.max_pool2d]
        with arg_scope(scoped, outputs_collections=collection):
            x = layers.conv2d(inputs, 64, [11, 11], 4, padding="VALID", scope="conv1")
            x = layers.max_pool2d(x, [2, 2], scope="pool1")
            x = layers.conv2d(x, 256, [5, 5], padding="VALID", scope="conv2")
            x = layers.max_pool2d(x, [2, 2], scope="pool2")
            for i, depth in enumerate((512, 1024, 1024), 3):
                x = layers.conv2d(x, depth, [3, 3], scope=f"conv{i}")
            x = layers.max_pool2d(x, [2, 2], scope="pool5")
            small = tf.compat.v1.truncated_normal_initializer(0.0, 0.005)
            tenth = tf.compat.v1.constant_initializer(0.1)
            with arg_scope([layers.conv2d], weights_initializer=small, biases_initializer=tenth):
                x = layers.conv2d(x, 3072, [6, 6], padding="VALID", scope="fc6")
                x = layers.dropout(x, dropout_keep_prob, is_training=is_training, scope="dropout6")
                x = layers.conv2d(x, 4096, [1, 1], scope="fc7")
                x = layers.dropout(x, dropout_keep_prob, is_training=is_training, scope="dropout7")
                x = layers.conv2d(
                    x, num_classes, [1, 1], activation_fn=None, normalizer_fn=None,
                    biases_initializer=tf.compat.v1.zeros_initializer(), scope="fc8",
                )  # fmt: skip
            end_points = convert_collection_to_dict(collection)
            if spatial_squeeze:
                x = tf.squeeze(x, [1, 2], name="fc8/squeezed")
                end_points[sc.name + "/fc8"] = x
            return x, end_points


overfeat.default_image_size = 231  # type: ignore[attr-defined]
