"""Residual nets, version 1: He et al. (2015); activations come after the sum."""

from __future__ import annotations

from typing import Any

import headrace as tf
from headrace.session.scopes import variable_scope
from headrace.v1.contrib import layers
from headrace.v1.contrib.arg_scopes import add_arg_scope
from headrace.v1.contrib.layer_utils import collect_named_outputs, last_dimension

from . import resnet_utils

resnet_arg_scope = resnet_utils.resnet_arg_scope


@add_arg_scope
def bottleneck(
    inputs: Any, depth: int, depth_bottleneck: int, stride: int, rate: int = 1, outputs_collections: Any = None,
    scope: Any = None,
) -> Any:  # fmt: skip
    """A unit: a narrow path of three convolutions, added to a shortcut."""
    with variable_scope(scope, "bottleneck_v1", [inputs]) as sc:
        same = depth == last_dimension(inputs.shape, min_rank=4)
        if same:
            shortcut = resnet_utils.subsample(inputs, stride, "shortcut")
        else:
            shortcut = layers.conv2d(
                inputs, depth, [1, 1], stride=stride, activation_fn=None, scope="shortcut"
            )
        x = layers.conv2d(inputs, depth_bottleneck, [1, 1], stride=1, scope="conv1")
        x = resnet_utils.conv2d_same(x, depth_bottleneck, 3, stride, rate=rate, scope="conv2")
        x = layers.conv2d(x, depth, [1, 1], stride=1, activation_fn=None, scope="conv3")
        outputs = tf.nn.relu(shortcut + x)
        return collect_named_outputs(outputs_collections, sc.name, outputs)


def resnet_v1(
    inputs: Any, blocks: Any, num_classes: int | None = None, is_training: Any = True, global_pool: bool = True,
    output_stride: int | None = None, include_root_block: bool = True, reuse: Any = None, scope: Any = None,
) -> Any:  # fmt: skip
    """A residual net of the given blocks, and its outputs by name.

    Args:
      num_classes: of the logits [batch, 1, 1, num_classes]; None for the features before them.
      global_pool: whether the mean over all pixels is taken.
      output_stride: how many times smaller than the images the last features are; dilated convolutions keep it.
      include_root_block: whether the net begins with a convolution and pooling.
    """
    return resnet_utils.resnet(
        "resnet_v1", inputs, blocks, num_classes, is_training, global_pool, output_stride, include_root_block, reuse, scope,
        bottleneck, False,
    )  # fmt: skip


resnet_v1_block = resnet_utils.block_of(bottleneck)
resnet_v1_50, resnet_v1_101, resnet_v1_152, resnet_v1_200 = (
    resnet_utils.named("resnet_v1", resnet_v1, resnet_v1_block, size, depths)
    for size, depths in resnet_utils.SIZES.items()
)
