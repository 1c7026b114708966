"""What the Inception nets are written in: tables of steps.

A step is `"64 3x3"`, a convolution of that depth and kernel, or `"max 3x3"`, `"avg 3x3"`, a pooling; `"/2"` behind the kernel is
the stride, and a padding and a name may follow. `"A + B"` are two steps of the same input, put together. Unless it is given,
the name of the n-th step of a branch is its kind, 0 and the n-th letter (1a for a stride of 2), and its kernel, such as
Conv2d_0b_3x3: names are those of the published checkpoints, which have a few exceptions."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import headrace as tf
from headrace.session.keys import GraphKeys
from headrace.session.scopes import variable_scope
from headrace.v1.contrib import layers
from headrace.v1.contrib.arg_scopes import arg_scope

Depth = Callable[[int], int]
Mixed = dict[str, Sequence[Sequence[str]]]


def truncated(stddev: float) -> Any:
    """Truncated normal weights."""
    return tf.compat.v1.truncated_normal_initializer(0.0, stddev)


def depths(multiplier: float, smallest: int) -> Depth:
    """The depths of a net that is made thinner.

    Raises:
      ValueError: the multiplier is not positive."""
    if multiplier <= 0:
        raise ValueError("depth_multiplier is not greater than zero.")
    return lambda d: max(int(d * multiplier), smallest)


def step(x: Any, text: str, depth: Depth, place: int = 0, name: str | None = None, **options: Any) -> Any:
    """One step applied to `x`; `place` is which of its branch it is."""
    if " + " in text:
        return tf.concat([step(x, part, depth, place, name, **options) for part in text.split(" + ")], 3)
    what, size, *rest = text.split()
    kernel, _, stride = size.partition("/")
    for word in rest:
        if word in ("SAME", "VALID"):
            options["padding"] = word
        else:
            name = word
    if stride:
        options["stride"] = int(stride)
    kind = {"max": "MaxPool", "avg": "AvgPool"}.get(what, "Conv2d")
    scope = name or f"{kind}_{'1a' if stride else '0' + 'abcde'[place]}_{kernel}"
    sides = [int(n) for n in kernel.split("x")]
    if kind == "Conv2d":
        return layers.conv2d(x, depth(int(what)), sides, scope=scope, **options)
    options.pop("weights_initializer", None)
    pool = layers.max_pool2d if kind == "MaxPool" else layers.avg_pool2d
    return pool(x, sides, scope=scope, **options)


def mixed(
    x: Any, branches: Sequence[Sequence[str]], depth: Depth, initial: Callable[[Sequence[str], int], Any] | None = None
) -> Any:  # fmt: skip
    """Branches of steps, side by side.

    Args:
      initial: gives the initial weights of a branch's n-th step; None for those of the argument scope."""
    outputs = []
    for i, branch in enumerate(branches):
        with variable_scope(f"Branch_{i}"):
            y = x
            for n, text in enumerate(branch):
                start = None if initial is None else initial(branch, n)
                y = step(y, text, depth, n, **({} if start is None else {"weights_initializer": start}))
            outputs.append(y)
    return tf.concat(outputs, 3)


def unknown(endpoint: str) -> ValueError:
    """The error for an end point that a net does not have."""
    return ValueError(f"Unknown final endpoint {endpoint}")


def pool_size(x: Any, sides: Sequence[int]) -> list[int]:
    """The kernel, no larger than an image of known size."""
    height, width = x.shape.as_list()[1:3]
    known = height is not None and width is not None
    return [min(height, sides[0]), min(width, sides[1])] if known else list(sides)


def head(
    x: Any, end_points: dict[str, Any], num_classes: int, keep: float, prediction_fn: Any, squeeze: bool, sides: Sequence[int]
) -> Any:  # fmt: skip
    """Mean, dropout and logits, as of the second and third net."""
    with variable_scope("Logits"):
        sizes = pool_size(x, sides)
        x = layers.avg_pool2d(x, sizes, padding="VALID", scope=f"AvgPool_1a_{sizes[0]}x{sizes[1]}")
        x = layers.dropout(x, keep_prob=keep, scope="Dropout_1b")
        end_points["PreLogits"] = x
        x = layers.conv2d(
            x, num_classes, [1, 1], activation_fn=None, normalizer_fn=None, scope="Conv2d_1c_1x1"
        )
        if squeeze:
            x = tf.squeeze(x, [1, 2], name="SpatialSqueeze")
    end_points["Logits"] = x
    end_points["Predictions"] = prediction_fn(x, scope="Predictions")
    return x


def inception_arg_scope(
    weight_decay: float = 0.00004, use_batch_norm: bool = True, batch_norm_var_collection: str = "moving_vars",
    batch_norm_decay: float = 0.9997, batch_norm_epsilon: float = 0.001, updates_collections: Any = GraphKeys.UPDATE_OPS,
    **more: Any,
) -> Any:  # fmt: skip
    """The argument scope that the nets are trained in."""
    moving = [batch_norm_var_collection]
    normal = {
        "decay": batch_norm_decay, "epsilon": batch_norm_epsilon, "updates_collections": updates_collections, **more,
        "variables_collections": {"beta": None, "gamma": None, "moving_mean": moving, "moving_variance": moving},
    }  # fmt: skip
    with arg_scope(
        [layers.conv2d, layers.fully_connected], weights_regularizer=layers.l2_regularizer(weight_decay)
    ), arg_scope(
        [layers.conv2d], weights_initializer=layers.variance_scaling_initializer(), activation_fn=tf.nn.relu,
        normalizer_fn=layers.batch_norm if use_batch_norm else None, normalizer_params=normal if use_batch_norm else {},
    ) as scope:  # fmt: skip
        return scope
