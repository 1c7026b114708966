"""`tf.nn`'s activations, softmax, bias and blocks between space and channels."""

from __future__ import annotations

from typing import Any

import numpy as np

from headrace.core import dtypes
from headrace.core.convert import to_tensor
from headrace.core.errors import invalid
from headrace.core.op import lookup
from headrace.core.scoping import called, scoped
from headrace.core.tensor import Tensor
from headrace.ops import math as m
from headrace.ops import nn as ops


def relu(features: Any, name: str | None = None) -> Tensor:
    """`max(features, 0)`, element-wise, for any real type.

    >>> import headrace as tf
    >>> tf.nn.relu([-2.0, 3.0]).numpy().tolist()
    [0.0, 3.0]
    """
    return ops.relu(features, name)


def relu6(features: Any, name: str | None = None) -> Tensor:
    """`min(max(features, 0), 6)`, element-wise, for any real type.

    >>> import headrace as tf
    >>> tf.nn.relu6([-2.0, 3.0, 9.0]).numpy().tolist()
    [0.0, 3.0, 6.0]
    """
    return ops.relu6(features, name)


def elu(features: Any, name: str | None = None) -> Tensor:
    """`exp(features) - 1` below zero, `features` above (Clevert et al., arXiv:1511.07289).

    >>> import headrace as tf
    >>> tf.nn.elu([0.0, 3.0]).numpy().tolist()
    [0.0, 3.0]
    """
    return ops.elu(features, name)


def selu(features: Any, name: str | None = None) -> Tensor:
    """`scale * alpha * (exp(features) - 1)` below zero, `scale * features` above (Klambauer et al.,
    arXiv:1706.02515).

    >>> import headrace as tf
    >>> tf.nn.selu([0.0, 1.0]).numpy().round(4).tolist()
    [0.0, 1.0507]
    """
    return ops.selu(features, name)


def leaky_relu(features: Any, alpha: float = 0.2, name: str | None = None) -> Tensor:
    """`features` above zero, `alpha * features` below. Integers become float32.

    >>> import headrace as tf
    >>> tf.nn.leaky_relu([-2.0, 3.0], 0.5).numpy().tolist()
    [-1.0, 3.0]
    """
    x = to_tensor(features)
    if x._dtype.is_integer:
        x = lookup("Cast")(x, DstT=dtypes.float32)
    if isinstance(alpha, Tensor):  # the op's alpha is an attribute; a tensor may need a gradient
        return m.maximum(m.mul(alpha, x), x, name)
    # The attribute is a float32 in saved graphs.
    return ops.LEAKY_RELU(x, alpha=float(np.float32(alpha)), name=name)


def _single(value: float) -> float:
    """The nearest float32: TensorFlow rounds some constants to it, whatever the type of the features."""
    return float(np.float32(value))


@scoped("Gelu", None)
def gelu(features: Any, approximate: bool = False, name: str | None = None) -> Tensor:
    """`features` times the normal distribution's cumulative probability (Hendrycks & Gimpel,
    arXiv:1606.08415).

    Args:
      approximate: use the paper's formula with tanh instead of the error function.

    Raises:
      ValueError: the features are not floating point.

    >>> import headrace as tf
    >>> tf.nn.gelu([0.0, 1.0]).numpy().round(4).tolist()
    [0.0, 0.8413]
    """
    x = to_tensor(features)
    if not x._dtype.is_floating:
        raise ValueError(
            f"`features.dtype` must be a floating point tensor. Received: features.dtype={x._dtype!r}"
        )
    one, half = m.number(1, x), m.number(0.5, x)
    if approximate:
        cubic = m.mul(m.mul(x, x), x)
        inner = m.mul(m.number(0.7978845608028654, x), m.add(x, m.mul(m.number(_single(0.044715), x), cubic)))
        return called(m.mul(m.mul(half, x), m.add(one, m.tanh(inner))), "mul_3")
    # Through erf, not erfc: XLA computes it three times as fast.
    share = m.add(one, lookup("Erf")(m.mul(x, m.number(_single(0.5**0.5), x))))
    return called(m.mul(m.mul(half, x), share), "mul_2")


def silu(features: Any, beta: Any = 1.0) -> Tensor:
    """`features * sigmoid(beta * features)`, also known as swish (Ramachandran et al., arXiv:1710.05941).

    >>> import headrace as tf
    >>> tf.nn.silu([0.0, 1.0]).numpy().round(4).tolist()
    [0.0, 0.7311]
    """
    x = to_tensor(features)
    if not x._dtype.is_floating:
        return m.mul(x, m.sigmoid(x))  # which says that sigmoid takes floats
    plain = not isinstance(beta, Tensor) and beta == 1.0
    return m.mul(x, m.sigmoid(x if plain else m.mul(to_tensor(beta, x._dtype), x)), "IdentityN")


swish = silu


@scoped("CRelu", "Relu")
def crelu(features: Any, axis: int = -1, name: str | None = None) -> Tensor:
    """`relu` of the features and of their negative, concatenated along `axis` (Shang et al.,
    arXiv:1603.05201).

    >>> import headrace as tf
    >>> tf.nn.crelu([[-2.0, 3.0]]).numpy().tolist()
    [[0.0, 3.0, 2.0, 0.0]]
    """
    x = to_tensor(features)
    return ops.relu(lookup("ConcatV2")([x, m.neg(x)], axis), name)


# ---------------------------------------------------------------------------------------------------- softmax
def _along(op: Any, logits: Any, axis: int | None, name: str | None) -> Tensor:
    """A last-axis op along another axis."""
    x = to_tensor(logits)
    if axis is None or axis == -1:
        return op(x, name=name)
    shape = x._raw_shape
    if shape is None:
        raise ValueError(f"The rank of `logits` must be known for axis={axis}")
    rank = len(shape)
    if not -rank <= axis < rank:
        from headrace.core.errors import InvalidArgumentError

        raise invalid(
            f"axis must be in the range [{-rank}, {rank}) for logits of shape {list(shape)}. Received: "
            f"axis={axis}"
        )
    axis %= rank
    if axis == rank - 1:
        return op(x, name=name)
    order = [*range(axis), rank - 1, *range(axis + 1, rank - 1), axis]  # swaps two axes: its own inverse
    transpose = lookup("Transpose")
    return transpose(op(transpose(x, order)), order, name=name)


def softmax(logits: Any, axis: int | None = None, name: str | None = None) -> Tensor:
    """`exp(logits) / sum(exp(logits))` along `axis` (the last one by default), without overflow.

    >>> import headrace as tf
    >>> tf.nn.softmax([0.0, 0.0]).numpy().tolist()
    [0.5, 0.5]
    """
    return _along(ops.SOFTMAX, logits, axis, name)


def log_softmax(logits: Any, axis: int | None = None, name: str | None = None) -> Tensor:
    """`logits - log(sum(exp(logits)))` along `axis` (the last one by default), without overflow.

    >>> import headrace as tf
    >>> tf.nn.log_softmax([0.0, 0.0]).numpy().round(4).tolist()
    [-0.6931, -0.6931]
    """
    return _along(ops.LOG_SOFTMAX, logits, axis, name)


# ----------------------------------------------------------------------------------------------- bias, blocks
def bias_add(value: Any, bias: Any, data_format: str | None = None, name: str | None = None) -> Tensor:
    """Adds a vector to the channels of `value`.

    Args:
      data_format: channels come last ("N...C", the default, or e.g. "NHWC") or right after the batch ("NC..."
        or e.g. "NCHW").

    >>> import headrace as tf
    >>> tf.nn.bias_add([[1.0, 2.0]], [10.0, 20.0]).numpy().tolist()
    [[11.0, 22.0]]
    """
    if data_format is None or (data_format.startswith("N") and data_format.endswith("C")):
        layout = "NHWC"
    elif data_format.startswith("NC"):
        layout = "NCHW"
    else:
        raise ValueError(
            f"`data_format` must be of the form `N...C` or `NC...`. Received: data_format={data_format}"
        )
    return ops.BIAS_ADD(value, bias, data_format=layout, name=name)


def space_to_depth(input: Any, block_size: int, data_format: str = "NHWC", name: str | None = None) -> Tensor:
    """Moves blocks of `block_size × block_size` pixels into channels.

    >>> import headrace as tf
    >>> tf.nn.space_to_depth(tf.reshape(tf.range(4), [1, 2, 2, 1]), 2).numpy().tolist()
    [[[[0, 1, 2, 3]]]]
    """
    return ops.SPACE_TO_DEPTH(input, block_size=int(block_size), data_format=data_format, name=name)


def depth_to_space(input: Any, block_size: int, data_format: str = "NHWC", name: str | None = None) -> Tensor:
    """Moves channels into blocks of `block_size × block_size` pixels.

    >>> import headrace as tf
    >>> tf.nn.depth_to_space([[[[0, 1, 2, 3]]]], 2)[0, :, :, 0].numpy().tolist()
    [[0, 1], [2, 3]]
    """
    return ops.DEPTH_TO_SPACE(input, block_size=int(block_size), data_format=data_format, name=name)
