"""Inception v3: Szegedy et al., "Rethinking the Inception Architecture" (2015)."""

from __future__ import annotations

from typing import Any

import headrace as tf
from headrace.session.keys import GraphKeys
from headrace.session.scopes import variable_scope
from headrace.v1.contrib import layers
from headrace.v1.contrib.arg_scopes import arg_scope

from .inception_blocks import (
    Depth,
    Mixed,
    depths,
    head,
    inception_arg_scope,
    mixed,
    pool_size,
    step,
    truncated,
    unknown,
)

_STEM = {
    "Conv2d_1a_3x3": "32 3x3/2",
    "Conv2d_2a_3x3": "32 3x3",
    "Conv2d_2b_3x3": "64 3x3 SAME",
    "MaxPool_3a_3x3": "max 3x3/2",
    "Conv2d_3b_1x1": "80 1x1",
    "Conv2d_4a_3x3": "192 3x3",
    "MaxPool_5a_3x3": "max 3x3/2",
}


def _fives(pooled: int, first: str = "48 1x1", second: str = "64 5x5") -> list[list[str]]:
    return [["64 1x1"], [first, second], ["64 1x1", "96 3x3", "96 3x3"], ["avg 3x3", f"{pooled} 1x1"]]


def _sevens(n: int) -> list[list[str]]:
    return [
        ["192 1x1"], [f"{n} 1x1", f"{n} 1x7", "192 7x1"],
        [f"{n} 1x1", f"{n} 7x1", f"{n} 1x7", f"{n} 7x1", "192 1x7"], ["avg 3x3", "192 1x1"],
    ]  # fmt: skip


def _wide(second: str) -> list[list[str]]:
    return [
        ["320 1x1"], ["384 1x1", f"384 1x3 Conv2d_0b_1x3 + 384 3x1 {second}"],
        ["448 1x1", "384 3x3", "384 1x3 Conv2d_0c_1x3 + 384 3x1 Conv2d_0d_3x1"], ["avg 3x3", "192 1x1"],
    ]  # fmt: skip


_BLOCKS: Mixed = {
    "Mixed_5b": _fives(32),
    "Mixed_5c": _fives(64, "48 1x1 Conv2d_0b_1x1", "64 5x5 Conv_1_0c_5x5"),
    "Mixed_5d": _fives(64),
    "Mixed_6a": [
        ["384 3x3/2 VALID Conv2d_1a_1x1"], ["64 1x1", "96 3x3", "96 3x3/2 VALID Conv2d_1a_1x1"], ["max 3x3/2 VALID"],
    ],
    "Mixed_6b": _sevens(128),
    "Mixed_6c": _sevens(160),
    "Mixed_6d": _sevens(160),
    "Mixed_6e": _sevens(192),
    "Mixed_7a": [
        ["192 1x1", "320 3x3/2 VALID"], ["192 1x1", "192 1x7", "192 7x1", "192 3x3/2 VALID"], ["max 3x3/2 VALID"],
    ],
    "Mixed_7b": _wide("Conv2d_0b_3x1"),
    "Mixed_7c": _wide("Conv2d_0c_3x1"),
}  # fmt: skip


def inception_v3_base(
    inputs: Any, final_endpoint: str = "Mixed_7c", min_depth: int = 16, depth_multiplier: float = 1.0, scope: Any = None
) -> tuple[Any, dict[str, Any]]:  # fmt: skip
    """The net up to `final_endpoint`, and the outputs so far by name.

    Args:
      min_depth, depth_multiplier: depths are multiplied, but no smaller than this.

    Raises:
      ValueError: there is no such end point, or the multiplier is not positive."""
    depth = depths(depth_multiplier, min_depth)
    if final_endpoint not in (*_STEM, *_BLOCKS):
        raise unknown(final_endpoint)
    end_points: dict[str, Any] = {}
    scoped = [layers.conv2d, layers.max_pool2d, layers.avg_pool2d]
    x = inputs
    with variable_scope(scope, "InceptionV3", [inputs]):
        with arg_scope(scoped, stride=1, padding="VALID"):
            for name, what in _STEM.items():
                x = end_points[name] = step(x, what, depth, name=name)
                if name == final_endpoint:
                    return x, end_points
        with arg_scope(scoped, stride=1, padding="SAME"):
            for name, branches in _BLOCKS.items():
                with variable_scope(name):
                    x = end_points[name] = mixed(x, branches, depth)
                if name == final_endpoint:
                    break
    return x, end_points


def inception_v3(
    inputs: Any, num_classes: int = 1000, is_training: Any = True, dropout_keep_prob: float = 0.8, min_depth: int = 16,
    depth_multiplier: float = 1.0, prediction_fn: Any = layers.softmax, spatial_squeeze: bool = True, reuse: Any = None,
    scope: Any = "InceptionV3",
) -> tuple[Any, dict[str, Any]]:  # fmt: skip
    """Logits [batch, num_classes] of images [batch, 299, 299, 3], and outputs by name; among these "AuxLogits", for a second
    loss.

    Args:
      min_depth, depth_multiplier: depths are multiplied, but no smaller than this.
      prediction_fn: makes predictions of the logits.
      spatial_squeeze: whether dimensions of 1 are removed from the logits.

    Raises:
      ValueError: the multiplier is not positive."""
    depth = depths(depth_multiplier, min_depth)
    with variable_scope(scope, "InceptionV3", [inputs, num_classes], reuse=reuse) as sc, arg_scope(
        [layers.batch_norm, layers.dropout], is_training=is_training
    ):  # fmt: skip
        x, end_points = inception_v3_base(
            inputs, min_depth=min_depth, depth_multiplier=depth_multiplier, scope=sc
        )
        with arg_scope([layers.conv2d, layers.max_pool2d, layers.avg_pool2d], stride=1, padding="SAME"):
            end_points["AuxLogits"] = _auxiliary(end_points["Mixed_6e"], num_classes, depth, spatial_squeeze)
        return head(
            x, end_points, num_classes, dropout_keep_prob, prediction_fn, spatial_squeeze, [8, 8]
        ), end_points


def _auxiliary(x: Any, num_classes: int, depth: Depth, squeeze: bool) -> Any:
    with variable_scope("AuxLogits"):
        x = layers.avg_pool2d(x, [5, 5], stride=3, padding="VALID", scope="AvgPool_1a_5x5")
        x = layers.conv2d(x, depth(128), [1, 1], scope="Conv2d_1b_1x1")
        sizes = pool_size(x, [5, 5])
        x = layers.conv2d(
            x, depth(768), sizes, weights_initializer=truncated(0.01), padding="VALID",
            scope=f"Conv2d_2a_{sizes[0]}x{sizes[1]}",
        )  # fmt: skip
        x = layers.conv2d(
            x, num_classes, [1, 1], activation_fn=None, normalizer_fn=None, weights_initializer=truncated(0.001),
            scope="Conv2d_2b_1x1",
        )  # fmt: skip
        return tf.squeeze(x, [1, 2], name="SpatialSqueeze") if squeeze else x


inception_v3.default_image_size = 299  # type: ignore[attr-defined]


def inception_v3_arg_scope(
    weight_decay: float = 0.00004, batch_norm_var_collection: str = "moving_vars", batch_norm_decay: float = 0.9997,
    batch_norm_epsilon: float = 0.001, updates_collections: Any = GraphKeys.UPDATE_OPS, use_fused_batchnorm: bool = True,
) -> Any:  # fmt: skip
    """The argument scope that the net is trained in."""
    return inception_arg_scope(
        weight_decay, True, batch_norm_var_collection, batch_norm_decay, batch_norm_epsilon, updates_collections,
        fused=use_fused_batchnorm,
    )  # fmt: skip
