"""Inception v1: Szegedy et al., "Going Deeper with Convolutions" (2014)."""

from __future__ import annotations

from typing import Any

import headrace as tf
from headrace.session.scopes import variable_scope
from headrace.v1.contrib import layers
from headrace.v1.contrib.arg_scopes import arg_scope

from .inception_blocks import inception_arg_scope, mixed, step, truncated, unknown

# The depths of a block's convolutions: 1x1; 1x1 and 3x3; 1x1 and 3x3; 1x1 behind a pooling. A str is a step outside of blocks.
_STEPS: dict[str, Any] = {
    "Conv2d_1a_7x7": "64 7x7/2",
    "MaxPool_2a_3x3": "max 3x3/2",
    "Conv2d_2b_1x1": "64 1x1",
    "Conv2d_2c_3x3": "192 3x3",
    "MaxPool_3a_3x3": "max 3x3/2",
    "Mixed_3b": (64, 96, 128, 16, 32, 32),
    "Mixed_3c": (128, 128, 192, 32, 96, 64),
    "MaxPool_4a_3x3": "max 3x3/2",
    "Mixed_4b": (192, 96, 208, 16, 48, 64),
    "Mixed_4c": (160, 112, 224, 24, 64, 64),
    "Mixed_4d": (128, 128, 256, 24, 64, 64),
    "Mixed_4e": (112, 144, 288, 32, 64, 64),
    "Mixed_4f": (256, 160, 320, 32, 128, 128),
    "MaxPool_5a_2x2": "max 2x2/2",
    "Mixed_5b": (256, 160, 320, 32, 128, 128),
    "Mixed_5c": (384, 192, 384, 48, 128, 128),
}


def inception_v1_base(
    inputs: Any, final_endpoint: str = "Mixed_5c", scope: Any = "InceptionV1"
) -> tuple[Any, dict[str, Any]]:
    """The net up to `final_endpoint`, and the outputs so far by name.

    Raises:
      ValueError: there is no such end point."""
    if final_endpoint not in _STEPS:
        raise unknown(final_endpoint)
    end_points: dict[str, Any] = {}
    x = inputs
    with variable_scope(scope, "InceptionV1", [inputs]), arg_scope(
        [layers.conv2d, layers.fully_connected], weights_initializer=truncated(0.01)
    ), arg_scope([layers.conv2d, layers.max_pool2d], stride=1, padding="SAME"):  # fmt: skip
        for name, what in _STEPS.items():
            if isinstance(what, str):
                x = step(x, what, int, name=name)
            else:
                a, b, c, d, e, f = what
                last = f"{e} 3x3 Conv2d_0a_3x3" if name == "Mixed_5b" else f"{e} 3x3"
                with variable_scope(name):
                    branches = [
                        [f"{a} 1x1"],
                        [f"{b} 1x1", f"{c} 3x3"],
                        [f"{d} 1x1", last],
                        ["max 3x3", f"{f} 1x1"],
                    ]
                    x = mixed(x, branches, int)
            end_points[name] = x
            if name == final_endpoint:
                break
    return x, end_points


def inception_v1(
    inputs: Any, num_classes: int = 1000, is_training: Any = True, dropout_keep_prob: float = 0.8,
    prediction_fn: Any = layers.softmax, spatial_squeeze: bool = True, reuse: Any = None, scope: Any = "InceptionV1",
) -> tuple[Any, dict[str, Any]]:  # fmt: skip
    """Logits [batch, num_classes] of images [batch, 224, 224, 3], and outputs by name.

    Args:
      prediction_fn: makes predictions of the logits.
      spatial_squeeze: whether dimensions of 1 are removed from the logits."""
    with variable_scope(scope, "InceptionV1", [inputs, num_classes], reuse=reuse) as sc, arg_scope(
        [layers.batch_norm, layers.dropout], is_training=is_training
    ):  # fmt: skip
        x, end_points = inception_v1_base(inputs, scope=sc)
        with variable_scope("Logits"):
            x = layers.avg_pool2d(x, [7, 7], stride=1, scope="MaxPool_0a_7x7")
            x = layers.dropout(x, dropout_keep_prob, scope="Dropout_0b")
            x = layers.conv2d(
                x, num_classes, [1, 1], activation_fn=None, normalizer_fn=None, scope="Conv2d_0c_1x1"
            )
            if spatial_squeeze:
                x = tf.squeeze(x, [1, 2], name="SpatialSqueeze")
            end_points["Logits"] = x
            end_points["Predictions"] = prediction_fn(x, scope="Predictions")
    return x, end_points


inception_v1.default_image_size = 224  # type: ignore[attr-defined]
inception_v1_arg_scope = inception_arg_scope
