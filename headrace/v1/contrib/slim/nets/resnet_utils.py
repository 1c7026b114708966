"""What both kinds of residual nets are made of."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import headrace as tf
from headrace.session.keys import GraphKeys
from headrace.session.scopes import variable_scope
from headrace.v1.contrib import layers
from headrace.v1.contrib.arg_scopes import add_arg_scope, arg_scope
from headrace.v1.contrib.layer_utils import collect_named_outputs, convert_collection_to_dict


class Block(NamedTuple):
    """A part of a net: a scope, the function that makes a unit, and the arguments of each unit."""

    scope: str
    unit_fn: Callable[..., Any]
    args: Any


def subsample(inputs: Any, factor: int, scope: Any = None) -> Any:
    """Every `factor`-th pixel."""
    return inputs if factor == 1 else layers.max_pool2d(inputs, [1, 1], stride=factor, scope=scope)


def conv2d_same(
    inputs: Any, num_outputs: int, kernel_size: int, stride: int, rate: int = 1, scope: Any = None
) -> Any:
    """A convolution whose padding is the same for images of even and odd sizes."""
    if stride == 1:
        return layers.conv2d(
            inputs, num_outputs, kernel_size, stride=1, rate=rate, padding="SAME", scope=scope
        )
    total = kernel_size + (kernel_size - 1) * (rate - 1) - 1
    before = total // 2
    pads = [before, total - before]
    padded = tf.pad(inputs, [[0, 0], pads, pads, [0, 0]])
    return layers.conv2d(
        padded, num_outputs, kernel_size, stride=stride, rate=rate, padding="VALID", scope=scope
    )


@add_arg_scope
def stack_blocks_dense(
    net: Any, blocks: Any, output_stride: int | None = None, outputs_collections: Any = None
) -> Any:
    """The units of all blocks, one after the other.

    Args:
      output_stride: from there on strides become rates of dilated convolutions.

    Raises:
      ValueError: the blocks do not reach that stride.
    """
    stride, rate = 1, 1
    for block in blocks:
        with variable_scope(block.scope, "block", [net]) as sc:
            for i, unit in enumerate(block.args):
                if output_stride is not None and stride > output_stride:
                    raise ValueError("The target output_stride cannot be reached.")
                with variable_scope(f"unit_{i + 1}", values=[net]):
                    own = unit.get("stride", 1)
                    if output_stride is not None and stride == output_stride:
                        net = block.unit_fn(net, rate=rate, **{**unit, "stride": 1})
                        rate *= own
                    else:
                        net = block.unit_fn(net, rate=1, **unit)
                        stride *= own
            net = collect_named_outputs(outputs_collections, sc.name, net)
    if output_stride is not None and stride != output_stride:
        raise ValueError("The target output_stride cannot be reached.")
    return net


def resnet_arg_scope(
    weight_decay: float = 0.0001, batch_norm_decay: float = 0.997, batch_norm_epsilon: float = 1e-5,
    batch_norm_scale: bool = True,
) -> Any:  # fmt: skip
    """The argument scope that residual nets are trained in."""
    norm = {
        "decay": batch_norm_decay, "epsilon": batch_norm_epsilon, "scale": batch_norm_scale,
        "updates_collections": GraphKeys.UPDATE_OPS,
    }  # fmt: skip
    with arg_scope(
        [layers.conv2d], weights_regularizer=layers.l2_regularizer(weight_decay),
        weights_initializer=layers.variance_scaling_initializer(), activation_fn=tf.nn.relu,
        normalizer_fn=layers.batch_norm, normalizer_params=norm,
    ), arg_scope([layers.batch_norm], **norm), arg_scope([layers.max_pool2d], padding="SAME") as scope:  # fmt: skip
        return scope


def resnet(
    kind: str, inputs: Any, blocks: Any, num_classes: Any, is_training: Any, global_pool: bool, output_stride: Any,
    include_root_block: bool, reuse: Any, scope: Any, bottleneck: Any, preactivated: bool,
) -> Any:  # fmt: skip
    """A residual net, of either kind."""
    with variable_scope(scope, kind, [inputs], reuse=reuse) as sc:
        collection = sc.original_name_scope + "_end_points"
        with (
            arg_scope([layers.conv2d, bottleneck, stack_blocks_dense], outputs_collections=collection),
            arg_scope([layers.batch_norm], is_training=is_training),
        ):
            net = inputs
            if include_root_block:
                if output_stride is not None:
                    if output_stride % 4 != 0:
                        raise ValueError("The output_stride needs to be a multiple of 4.")
                    output_stride //= 4
                plain = {"activation_fn": None, "normalizer_fn": None} if preactivated else {}
                with arg_scope([layers.conv2d], **plain):
                    net = conv2d_same(net, 64, 7, stride=2, scope="conv1")
                net = layers.max_pool2d(net, [3, 3], stride=2, scope="pool1")
            net = stack_blocks_dense(net, blocks, output_stride)
            if preactivated:
                net = layers.batch_norm(net, activation_fn=tf.nn.relu, scope="postnorm")
            if global_pool:
                net = tf.reduce_mean(net, [1, 2], keepdims=True, name="pool5")
            if num_classes is not None:
                net = layers.conv2d(
                    net, num_classes, [1, 1], activation_fn=None, normalizer_fn=None, scope="logits"
                )
            end_points = convert_collection_to_dict(collection)
            if num_classes is not None:
                end_points["predictions"] = layers.softmax(net, scope="predictions")
            return net, end_points


def units(block: Callable[..., Any], depths: Any) -> list[Block]:
    """The four blocks of a net, with so many units each."""
    strides = (2, 2, 2, 1)
    return [block(f"block{i + 1}", 64 * 2**i, n, strides[i]) for i, n in enumerate(depths)]


def block_of(bottleneck: Any) -> Callable[..., Block]:
    """The function that makes a block of such bottlenecks."""

    def block(scope: str, base_depth: int, num_units: int, stride: int) -> Block:
        unit = {"depth": base_depth * 4, "depth_bottleneck": base_depth, "stride": 1}
        return Block(scope, bottleneck, [unit] * (num_units - 1) + [{**unit, "stride": stride}])

    return block


def named(kind: str, net: Callable[..., Any], block: Callable[..., Block], size: int, depths: Any) -> Any:
    """The net of so many layers, as a function."""
    default = f"{kind}_{size}"

    def sized(
        inputs: Any, num_classes: Any = None, is_training: Any = True, global_pool: bool = True,
        output_stride: int | None = None, reuse: Any = None, scope: Any = default,
    ) -> Any:  # fmt: skip
        return net(
            inputs, units(block, depths), num_classes, is_training, global_pool=global_pool, output_stride=output_stride,
            include_root_block=True, reuse=reuse, scope=scope,
        )  # fmt: skip

    sized.__name__ = sized.__qualname__ = default
    sized.__doc__ = f"The residual net of {size} layers; see `{kind}` for arguments and results."
    sized.default_image_size = 224  # type: ignore[attr-defined]
    return sized


SIZES = {50: (3, 4, 6, 3), 101: (3, 4, 23, 3), 152: (3, 8, 36, 3), 200: (3, 24, 36, 3)}
