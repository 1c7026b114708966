"""`tf.nn`'s statistics and normalisations."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from headrace.core import dtypes, shapes
from headrace.core.convert import to_tensor
from headrace.core.op import lookup
from headrace.core.scoping import scoped
from headrace.core.tensor import Tensor
from headrace.ops import math as m
from headrace.ops import norm as ops

_SHORT = (dtypes.float16, dtypes.bfloat16)


def _cast(x: Tensor, dtype: Any) -> Tensor:
    return x if x._dtype is dtype else lookup("Cast")(x, DstT=dtype)


def _axes(axes: Any) -> Any:
    return [axes] if isinstance(axes, int) else axes


def _mean(x: Tensor, axes: Any, keepdims: bool) -> Tensor:
    return lookup("Mean")(x, axes, keep_dims=keepdims)


def _sum(x: Tensor, axes: Any, keepdims: bool) -> Tensor:
    return lookup("Sum")(x, axes, keep_dims=keepdims)


@scoped("moments", None)
def moments(
    x: Any, axes: Any, shift: Any = None, keepdims: bool = False, name: str | None = None
) -> tuple[Tensor, Tensor]:
    """Mean and variance over `axes`. 16-bit floats are computed in float32.

    Args:
      shift: not used, as in TensorFlow.

    >>> import headrace as tf
    >>> mean, variance = tf.nn.moments(tf.constant([1.0, 3.0]), axes=[0])
    >>> mean.numpy().item(), variance.numpy().item()
    (2.0, 1.0)
    """
    x, axes = to_tensor(x), _axes(axes)
    dtype = x._dtype
    wide = _cast(x, dtypes.float32) if dtype in _SHORT else x
    mean = lookup("Mean")(wide, axes, keep_dims=True, name="mean")
    variance = ops.VARIANCE(
        wide, mean, axes, keep_dims=keepdims, name="variance" if keepdims else "Squeeze_1"
    )
    if not keepdims:
        mean = (
            lookup("Squeeze")(mean, squeeze_dims=_static_axes(axes), name="Squeeze")
            if _static_axes(axes) is not None
            else lookup("Reshape")(mean, lookup("Shape")(variance), name="Squeeze")
        )
    return _cast(mean, dtype), _cast(variance, dtype)


def _static_axes(axes: Any) -> list[int] | None:
    from headrace.core.static import static_value

    value = static_value(to_tensor(axes, hint=dtypes.int32))
    if value is None:
        return None
    return [int(a) for a in value.reshape(-1)]


@scoped("sufficient_statistics", None, "mean_ss", "var_ss")
def sufficient_statistics(
    x: Any, axes: Sequence[int], shift: Any = None, keepdims: bool = False, name: str | None = None
) -> tuple[Tensor, Tensor, Tensor, Tensor | None]:
    """What mean and variance can be computed from in one pass (see `normalize_moments`).

    Returns: the number of elements, the (shifted) sum, the (shifted) sum of squares, and the shift or None.

    >>> import headrace as tf
    >>> count, total, squares, _ = tf.nn.sufficient_statistics(tf.constant([1.0, 3.0]), axes=[0])
    >>> count.numpy().item(), total.numpy().item(), squares.numpy().item()
    (2.0, 4.0, 10.0)
    """
    x = to_tensor(x)
    axes = sorted(set(_axes(axes)))
    shape = x._raw_shape
    if shape is not None and all(shape[a] is not None for a in axes):
        count = m.number(shapes.count(tuple([shape[a] for a in axes])) or 0, x)
    else:
        sizes = lookup("GatherV2")(lookup("Shape")(x), axes, 0)
        count = lookup("Cast")(lookup("Prod")(sizes, [0], keep_dims=False), DstT=x._dtype, name="count")
    if shift is None:
        return count, _sum(x, axes, keepdims), _sum(m.square(x), axes, keepdims), None
    shift = to_tensor(shift, hint=x._dtype)
    return (
        count,
        _sum(m.sub(x, shift), axes, keepdims),
        _sum(m.squared_difference(x, shift), axes, keepdims),
        shift,
    )


@scoped("normalize", "mean", "variance")
def normalize_moments(
    counts: Any, mean_ss: Any, variance_ss: Any, shift: Any, name: str | None = None
) -> tuple[Tensor, Tensor]:
    """Mean and variance from `sufficient_statistics`.

    >>> import headrace as tf
    >>> mean, variance = tf.nn.normalize_moments(2.0, 4.0, 10.0, None)
    >>> mean.numpy().item(), variance.numpy().item()
    (2.0, 1.0)
    """
    mean_ss, variance_ss = to_tensor(mean_ss), to_tensor(variance_ss)
    divisor = m.reciprocal(to_tensor(counts, hint=mean_ss._dtype))
    if shift is None:
        mean = shifted = m.mul(mean_ss, divisor)
    else:
        shifted = m.mul(mean_ss, divisor)
        mean = m.add(shifted, to_tensor(shift, hint=mean_ss._dtype))
    return mean, m.sub(m.mul(variance_ss, divisor), m.square(shifted))


@scoped("weighted_moments", None)
def weighted_moments(
    x: Any, axes: Any, frequency_weights: Any, keepdims: bool = False, name: str | None = None
) -> tuple[Tensor, Tensor]:
    """Mean and variance over `axes` of elements that count as often as `frequency_weights` (broadcastable to
    x) say.

    >>> import headrace as tf
    >>> mean, _ = tf.nn.weighted_moments(tf.constant([1.0, 4.0]), [0], tf.constant([2.0, 1.0]))
    >>> mean.numpy().item()
    2.0
    """
    x, weights, axes = to_tensor(x), to_tensor(frequency_weights), _axes(axes)
    dtype = x._dtype
    if dtype in _SHORT:
        x = _cast(x, dtypes.float32)
    weights = _cast(weights, x._dtype)
    total = _sum(m.mul(weights, x), axes, True)
    ones = lookup("OnesLike")
    if shapes.known(x._raw_shape) and weights._raw_shape == x._raw_shape:
        weight = _sum(weights, axes, True)
    else:  # weights count once for every element they are broadcast to
        weight = _sum(m.mul(weights, ones(x)), axes, True)
    divisor = m.reciprocal(weight)
    mean = m.mul(total, divisor, "div_no_nan")
    squares = _sum(m.mul(weights, m.squared_difference(x, mean)), axes, True)
    variance = m.mul(squares, divisor, "div_no_nan_1")
    if not keepdims:
        squeeze = lookup("Squeeze")
        mean = squeeze(mean, squeeze_dims=_static_axes(axes))
        variance = squeeze(variance, squeeze_dims=_static_axes(axes))
    return _cast(mean, dtype), _cast(variance, dtype)


@scoped("batchnorm", "add_1")
def batch_normalization(
    x: Any, mean: Any, variance: Any, offset: Any, scale: Any, variance_epsilon: Any, name: str | None = None
) -> Tensor:
    """`scale * (x - mean) / sqrt(variance + variance_epsilon) + offset` (Ioffe & Szegedy, arXiv:1502.03167).

    Args:
      mean, variance, offset, scale: broadcastable to x; `offset` and `scale` may be None.

    >>> import headrace as tf
    >>> tf.nn.batch_normalization(tf.constant([1.0, 3.0]), 2.0, 1.0, None, None, 0.0).numpy().tolist()
    [-1.0, 1.0]
    """
    x = to_tensor(x)
    variance = to_tensor(variance, hint=x._dtype)
    inverse = m.rsqrt(
        m.add(
            variance,
            to_tensor(variance_epsilon, variance._dtype)
            if not isinstance(variance_epsilon, Tensor)
            else variance_epsilon,
            "add",
        )
    )
    if scale is not None:
        inverse = m.mul(inverse, to_tensor(scale, hint=inverse._dtype), "mul")
    scaled = m.mul(x, _cast(inverse, x._dtype), "mul_1")
    shift = m.mul(to_tensor(mean, hint=inverse._dtype), inverse, "mul_2")
    shift = m.neg(shift) if offset is None else m.sub(to_tensor(offset, hint=inverse._dtype), shift, "sub")
    return m.add(scaled, _cast(shift, x._dtype), name)


def batch_norm_with_global_normalization(
    input: Any,
    mean: Any,
    variance: Any,
    beta: Any,
    gamma: Any,
    variance_epsilon: float,
    scale_after_normalization: bool,
    name: str | None = None,
) -> Tensor:
    """`batch_normalization` whose scale applies only with `scale_after_normalization`.

    >>> import headrace as tf
    >>> v = tf.constant([1.0])
    >>> x = tf.ones([1, 1, 1, 1])
    >>> tf.nn.batch_norm_with_global_normalization(x, v, v, v, v, 0.0, True).numpy().item()
    1.0
    """
    return batch_normalization(
        input, mean, variance, beta, gamma if scale_after_normalization else None, variance_epsilon, name
    )


def fused_batch_norm(
    x: Any,
    scale: Any,
    offset: Any,
    mean: Any = None,
    variance: Any = None,
    epsilon: float = 0.001,
    data_format: str = "NHWC",
    is_training: bool = True,
    name: str | None = None,
    exponential_avg_factor: float = 1.0,
) -> tuple[Tensor, Tensor, Tensor]:
    """Batch normalisation over all dimensions but channels, as one op (`tf.compat.v1.nn.fused_batch_norm`).

    Args:
      mean, variance: the statistics to use when not training; in training, the running ones that those of the
        batch are blended into with weight `exponential_avg_factor` (not needed where that is 1).

    Returns: the normalised x, and the (running) mean and (unbiased) variance.

    Raises:
      ValueError: not training, and `mean` or `variance` is missing.

    >>> import headrace as tf
    >>> from headrace.api.nn_norm import fused_batch_norm
    >>> y, mean, variance = fused_batch_norm(tf.reshape([1.0, 3.0], [2, 1, 1, 1]), [1.0], [0.0])
    >>> mean.numpy().item(), variance.numpy().item()
    (2.0, 2.0)
    """
    if (not is_training or exponential_avg_factor != 1.0) and (mean is None or variance is None):
        raise ValueError(
            "Both `mean` and `variance` must be given when is_training is False or exponential_avg_factor is "
            f"not 1.0. Received: mean={mean}, variance={variance}"
        )
    scale = to_tensor(scale, hint=dtypes.float32)
    given = [lookup("ZerosLike")(scale)[:0] if v is None else v for v in (mean, variance)]
    # The smallest epsilon that cuDNN takes: TensorFlow uses it on every device.
    attrs = {"epsilon": max(epsilon, 1.001e-5), "exponential_avg_factor": float(exponential_avg_factor)}
    y, batch_mean, batch_variance, *_ = ops.FUSED_BATCH_NORM_V3(
        x, scale, offset, *given, data_format=data_format, is_training=is_training, name=name, **attrs
    )
    return y, batch_mean, batch_variance


def local_response_normalization(
    input: Any,
    depth_radius: int = 5,
    bias: float = 1,
    alpha: float = 1,
    beta: float = 0.5,
    name: str | None = None,
) -> Tensor:
    """`input / (bias + alpha * sum of squares of the 2 * depth_radius + 1 neighbouring channels) ** beta`
    (Krizhevsky et al., "ImageNet classification with deep convolutional neural networks", 2012).

    >>> import headrace as tf
    >>> y = tf.nn.local_response_normalization(tf.ones([1, 1, 1, 3]), depth_radius=1, beta=1.0)
    >>> y[0, 0, 0].numpy().round(3).tolist()
    [0.333, 0.25, 0.333]
    """
    return ops.LRN(
        input,
        depth_radius=int(depth_radius),
        bias=float(bias),
        alpha=float(alpha),
        beta=float(beta),
        name=name,
    )


lrn = local_response_normalization
