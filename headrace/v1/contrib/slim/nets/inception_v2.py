"""Inception v2: Ioffe and Szegedy, "Batch Normalization" (2015)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from headrace.session.scopes import variable_scope
from headrace.v1.contrib import layers
from headrace.v1.contrib.arg_scopes import arg_scope

from .inception_blocks import depths, head, inception_arg_scope, mixed, step, truncated, unknown

_STEM = {
    "MaxPool_2a_3x3": "max 3x3/2",
    "Conv2d_2b_1x1": "64 1x1",
    "Conv2d_2c_3x3": "192 3x3",
    "MaxPool_3a_3x3": "max 3x3/2",
}
# The depths of a block's convolutions: 1x1; 1x1 and 3x3; 1x1 and two of 3x3; 1x1 behind a pooling.
_BLOCKS = {
    "Mixed_3b": (64, 64, 64, 64, 96, 32),
    "Mixed_3c": (64, 64, 96, 64, 96, 64),
    "Mixed_4a": (128, 160, 64, 96),
    "Mixed_4b": (224, 64, 96, 96, 128, 128),
    "Mixed_4c": (192, 96, 128, 96, 128, 128),
    "Mixed_4d": (160, 128, 160, 128, 160, 96),
    "Mixed_4e": (96, 128, 192, 160, 192, 96),
    "Mixed_5a": (128, 192, 192, 256),
    "Mixed_5b": (352, 192, 320, 160, 224, 128),
    "Mixed_5c": (352, 192, 320, 192, 224, 128),
}


def _branches(name: str, sizes: Sequence[int]) -> list[list[str]]:
    if len(sizes) == 4:  # halves the image
        a, b, c, d = sizes
        return [[f"{a} 1x1", f"{b} 3x3/2"], [f"{c} 1x1", f"{d} 3x3", f"{d} 3x3/2"], ["max 3x3/2"]]
    a, b, c, d, e, f = sizes
    pool = "max 3x3" if name == "Mixed_5c" else "avg 3x3"
    return [[f"{a} 1x1"], [f"{b} 1x1", f"{c} 3x3"], [f"{d} 1x1", f"{e} 3x3", f"{e} 3x3"], [pool, f"{f} 1x1"]]


def _initial(branch: Sequence[str], place: int) -> Any:
    """Reductions, and what follows a pooling, begin with other weights."""
    if branch[0][0] in "ma":
        return truncated(0.1)
    return truncated(0.09) if place == 0 and len(branch) > 1 else None


def inception_v2_base(
    inputs: Any, final_endpoint: str = "Mixed_5c", min_depth: int = 16, depth_multiplier: float = 1.0, scope: Any = None
) -> tuple[Any, dict[str, Any]]:  # fmt: skip
    """The net up to `final_endpoint`, and the outputs so far by name.

    Args:
      min_depth, depth_multiplier: depths are multiplied, but no smaller than this.

    Raises:
      ValueError: there is no such end point, or the multiplier is not positive."""
    depth = depths(depth_multiplier, min_depth)
    if final_endpoint not in ("Conv2d_1a_7x7", *_STEM, *_BLOCKS):
        raise unknown(final_endpoint)
    scoped = [layers.conv2d, layers.max_pool2d, layers.avg_pool2d, layers.separable_conv2d]
    with variable_scope(scope, "InceptionV2", [inputs]), arg_scope(scoped, stride=1, padding="SAME"):
        x = layers.separable_conv2d(
            inputs, depth(64), [7, 7], depth_multiplier=min(int(depth(64) / 3), 8), stride=2,
            weights_initializer=truncated(1.0), scope="Conv2d_1a_7x7",
        )  # fmt: skip
        end_points = {"Conv2d_1a_7x7": x}
        steps: dict[str, Any] = {**_STEM, **_BLOCKS}
        for name, what in steps.items():
            if final_endpoint in end_points:
                break
            if isinstance(what, str):
                options = {"weights_initializer": truncated(0.1)} if name == "Conv2d_2b_1x1" else {}
                x = step(x, what, depth, name=name, **options)
            else:
                with variable_scope(name):
                    x = mixed(x, _branches(name, what), depth, _initial)
            end_points[name] = x
    return x, end_points


def inception_v2(
    inputs: Any, num_classes: int = 1000, is_training: Any = True, dropout_keep_prob: float = 0.8, min_depth: int = 16,
    depth_multiplier: float = 1.0, prediction_fn: Any = layers.softmax, spatial_squeeze: bool = True, reuse: Any = None,
    scope: Any = "InceptionV2",
) -> tuple[Any, dict[str, Any]]:  # fmt: skip
    """Logits [batch, num_classes] of images [batch, 224, 224, 3], and outputs by name.

    Args:
      min_depth, depth_multiplier: depths are multiplied, but no smaller than this.
      prediction_fn: makes predictions of the logits.
      spatial_squeeze: whether dimensions of 1 are removed from the logits.

    Raises:
      ValueError: the multiplier is not positive."""
    with variable_scope(scope, "InceptionV2", [inputs, num_classes], reuse=reuse) as sc, arg_scope(
        [layers.batch_norm, layers.dropout], is_training=is_training
    ):  # fmt: skip
        x, end_points = inception_v2_base(
            inputs, min_depth=min_depth, depth_multiplier=depth_multiplier, scope=sc
        )
        x = head(x, end_points, num_classes, dropout_keep_prob, prediction_fn, spatial_squeeze, [7, 7])
        del end_points["PreLogits"]  # the third net names it
    return x, end_points


inception_v2.default_image_size = 224  # type: ignore[attr-defined]


def inception_v2_arg_scope(
    weight_decay: float = 0.00004, batch_norm_var_collection: str = "moving_vars"
) -> Any:
    """The argument scope that the net is trained in."""
    return inception_arg_scope(weight_decay, batch_norm_var_collection=batch_norm_var_collection)
