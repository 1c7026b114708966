"""`tf.nn`'s convolutions. Strides and dilations may be one number for all spatial dimensions, or a list."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from headrace.core import shapes
from headrace.core.convert import to_tensor, type_of
from headrace.core.graph import current_scope
from headrace.core.op import lookup
from headrace.core.scoping import scoped
from headrace.core.static import static_shape
from headrace.ops import conv as ops
from headrace.ops import image_patches
from headrace.ops.conv import shape_of

from .nn_windows import FORMATS, attributes, channels_first, only_named, per_dimension, widened


def _batched(run: Callable[[Any], Any], x: Any, n: int) -> Any:
    """Runs on one batch dimension what has several."""
    shape = x._raw_shape
    if shape is None or len(shape) <= n + 2:
        return run(x)
    full, slice_ = shape_of(x), lookup("StridedSlice")
    if isinstance(full, list):
        batch, image = full[: -n - 1], full[-n - 1 :]
        y = run(lookup("Reshape")(x, [-1, *image]))
        known = y._raw_shape[1:] if shapes.known(y._raw_shape[1:]) else None
        if known is not None:
            return lookup("Reshape")(y, [*batch, *known])
        tail = slice_(lookup("Shape")(y), [1], [n + 2], [1])
        return lookup("Reshape")(y, lookup("ConcatV2")([batch, tail], 0))
    batch = slice_(full, [0], [-n - 1], [1])
    image = slice_(full, [-n - 1], [len(shape)], [1])
    concat = lookup("ConcatV2")
    y = run(lookup("Reshape")(x, concat([[-1], image], 0)))
    return lookup("Reshape")(y, concat([batch, slice_(lookup("Shape")(y), [1], [n + 2], [1])], 0))


# ----------------------------------------------------------------------------------------------- convolutions
@scoped("conv1d", "Squeeze")
def conv1d(
    input: Any,
    filters: Any,
    stride: Any,
    padding: Any,
    data_format: str = "NWC",
    dilations: Any = None,
    name: str | None = None,
) -> Any:
    """1-D convolution (cross-correlation) of `[..., width, channels]` with `[window, channels, outputs]`.

    Args:
      stride: how far the window moves.
      padding: "SAME", "VALID", or a pair (before, after) per dimension.
      data_format: "NWC", or "NCW" where channels come before width.
      dilations: distance between the elements a window takes.

    Returns: `[..., new width, outputs]`.

    >>> import headrace as tf
    >>> x = tf.reshape(tf.range(5.0), [1, 5, 1])
    >>> tf.nn.conv1d(x, tf.ones([2, 1, 1]), 1, "VALID")[0, :, 0].numpy().tolist()
    [1.0, 3.0, 5.0, 7.0]
    """
    axis, attrs = widened(data_format, padding, strides=stride, dilations=dilations)
    x, w = to_tensor(input), to_tensor(filters)
    expand, squeeze = lookup("ExpandDims"), lookup("Squeeze")

    def run(x: Any) -> Any:
        y = ops.CONV2D(expand(x, axis), expand(w, 0), name=name, **attrs)
        return squeeze(y, squeeze_dims=[axis])

    return _batched(run, x, 1)


def conv2d(
    input: Any,
    filters: Any,
    strides: Any,
    padding: Any,
    data_format: str = "NHWC",
    dilations: Any = None,
    name: str | None = None,
) -> Any:
    """2-D convolution (cross-correlation) of `[..., height, width, channels]` with `[height, width, channels
    per group, outputs]`.

    A filter with fewer channels than the input makes a grouped convolution.

    Args:
      strides: how far the window moves: a number, `[height, width]`, or one per dimension.
      padding: "SAME", "VALID", or a pair (before, after) per dimension.
      data_format: "NHWC" or "NCHW".
      dilations: distance between the elements a window takes, like `strides`.

    Raises:
      InvalidArgumentError (ValueError while tracing): shapes do not fit.

    >>> import headrace as tf
    >>> tf.nn.conv2d(tf.ones([1, 3, 3, 1]), tf.ones([2, 2, 1, 1]), 1, "VALID")[0, :, :, 0].numpy().tolist()
    [[4.0, 4.0], [4.0, 4.0]]
    """
    attrs = attributes(2, data_format, padding, strides=strides, dilations=dilations)
    x = to_tensor(input, hint=type_of(filters))
    return _batched(lambda x: ops.CONV2D(x, filters, name=name, **attrs), x, 2)


def conv3d(
    input: Any,
    filters: Any,
    strides: Any,
    padding: str,
    data_format: str = "NDHWC",
    dilations: Any = None,
    name: str | None = None,
) -> Any:
    """3-D convolution (cross-correlation) of `[..., depth, height, width, channels]` with `[depth, height,
    width, channels per group, outputs]`.

    Args:
      strides: how far the window moves: five numbers (a number or three are taken, too).
      padding: "SAME" or "VALID".
      data_format: "NDHWC" or "NCDHW".

    >>> import headrace as tf
    >>> tf.nn.conv3d(tf.ones([1, 2, 2, 2, 1]), tf.ones([2, 2, 2, 1, 1]), [1] * 5, "VALID").numpy().item()
    8.0
    """
    attrs = attributes(3, data_format, only_named(padding, "conv3d"), strides=strides, dilations=dilations)
    x = to_tensor(input, hint=type_of(filters))
    return _batched(lambda x: ops.CONV3D(x, filters, name=name, **attrs), x, 3)


def _spatial_rank(filters: Any, input: Any, extra: int = 2) -> int:
    for t in (filters, input):
        if t._raw_shape is not None:
            n = len(t._raw_shape) - extra
            if n not in (1, 2, 3):
                raise ValueError(
                    "There must be 1, 2 or 3 spatial dimensions, so the filters must have rank 3, 4 or 5. "
                    f"Received: filters of shape {t.shape}"
                )
            return n
    raise ValueError("The rank of `filters` (or of `input`) must be known")


@scoped("convolution", None)
def convolution(
    input: Any,
    filters: Any,
    strides: Any = None,
    padding: Any = "VALID",
    data_format: str | None = None,
    dilations: Any = None,
    name: str | None = None,
) -> Any:
    """Convolution of as many spatial dimensions (1 to 3) as the filters have.

    Args:
      strides, dilations: a number, or one per spatial dimension; not both larger than 1.
      padding: "SAME", "VALID", or a pair (before, after) per dimension (not in 3-D).
      data_format: channels come last unless it starts with "NC".

    >>> import headrace as tf
    >>> tf.nn.convolution(tf.ones([1, 5, 2]), tf.ones([3, 2, 4]), dilations=2).shape
    TensorShape([1, 1, 4])
    """
    x, w = to_tensor(input), to_tensor(filters)
    n = _spatial_rank(w, x)
    first = channels_first(data_format, n)
    stride, dilation = (
        per_dimension(v, n, first, what) for v, what in ((strides, "strides"), (dilations, "dilations"))
    )
    if max(stride) > 1 and max(dilation) > 1:
        raise ValueError(
            "`strides > 1` not supported in conjunction with `dilation_rate > 1`. Received: "
            f"strides={strides} and dilation_rate={dilations}"
        )
    run = {1: conv1d, 2: conv2d, 3: conv3d}[n]
    if n == 1:
        stride, dilation = ([v[2]] if first else [v[1]] for v in (stride, dilation))
    name = current_scope() if n == 1 or max(dilation) == 1 else "BatchToSpaceND"
    return run(x, w, stride, padding, FORMATS[n][first], dilation, name)


# ------------------------------------------------------------------------------------------------- transposed
@scoped("conv1d_transpose", "Squeeze")
def conv1d_transpose(
    input: Any,
    filters: Any,
    output_shape: Any,
    strides: Any,
    padding: Any = "SAME",
    data_format: str = "NWC",
    dilations: Any = None,
    name: str | None = None,
) -> Any:
    """The transpose (gradient) of `conv1d`: `filters` is `[window, output channels, input channels]`, the
    result has `output_shape`.

    >>> import headrace as tf
    >>> tf.nn.conv1d_transpose(tf.ones([1, 2, 1]), tf.ones([2, 1, 1]), [1, 4, 1], 2).numpy().ravel().tolist()
    [1.0, 1.0, 1.0, 1.0]
    """
    axis, attrs = widened(data_format, padding, strides=strides, dilations=dilations)
    shape = to_tensor(output_shape)
    slice_ = lookup("StridedSlice")
    shape = lookup("ConcatV2")([slice_(shape, [0], [axis], [1]), [1], slice_(shape, [axis], [3], [1])], 0)
    expand = lookup("ExpandDims")
    y = ops.CONV2D_INPUT(shape, expand(filters, 0), expand(input, axis), name=name, **attrs)
    return lookup("Squeeze")(y, squeeze_dims=[axis])


@scoped("conv2d_transpose")
def conv2d_transpose(
    input: Any,
    filters: Any,
    output_shape: Any,
    strides: Any,
    padding: Any = "SAME",
    data_format: str = "NHWC",
    dilations: Any = None,
    name: str | None = None,
) -> Any:
    """The transpose (gradient) of `conv2d`: `filters` is `[height, width, output channels, input channels]`,
    the result has `output_shape`.

    >>> import headrace as tf
    >>> tf.nn.conv2d_transpose(tf.ones([1, 2, 2, 1]), tf.ones([2, 2, 3, 1]), [1, 4, 4, 3], 2).shape
    TensorShape([1, 4, 4, 3])
    """
    attrs = attributes(2, data_format, padding, strides=strides, dilations=dilations)
    return ops.CONV2D_INPUT(output_shape, filters, input, name=name, **attrs)


@scoped("conv3d_transpose")
def conv3d_transpose(
    input: Any,
    filters: Any,
    output_shape: Any,
    strides: Any,
    padding: str = "SAME",
    data_format: str = "NDHWC",
    dilations: Any = None,
    name: str | None = None,
) -> Any:
    """The transpose (gradient) of `conv3d`: `filters` is `[depth, height, width, output channels, input
    channels]`, the result has `output_shape`.

    >>> import headrace as tf
    >>> tf.nn.conv3d_transpose(tf.ones([1, 1, 1, 1, 1]), tf.ones([2, 2, 2, 1, 1]), [1, 2, 2, 2, 1], 2).shape
    TensorShape([1, 2, 2, 2, 1])
    """
    attrs = attributes(
        3, data_format, only_named(padding, "conv3d_transpose"), strides=strides, dilations=dilations
    )
    return ops.CONV3D_INPUT(output_shape, filters, input, name=name, **attrs)


def conv_transpose(
    input: Any,
    filters: Any,
    output_shape: Any,
    strides: Any,
    padding: Any = "SAME",
    data_format: str | None = None,
    dilations: Any = None,
    name: str | None = None,
) -> Any:
    """The transpose of `convolution`, of as many spatial dimensions (1 to 3) as `output_shape` has.

    >>> import headrace as tf
    >>> tf.nn.conv_transpose(tf.ones([1, 2, 1]), tf.ones([2, 1, 1]), [1, 4, 1], 2).shape
    TensorShape([1, 4, 1])
    """
    shape = to_tensor(output_shape)
    sizes = static_shape(shape)
    if sizes is None or len(sizes) not in (3, 4, 5):
        raise ValueError(f"output_shape must have 3, 4 or 5 entries. Received: output_shape={output_shape}")
    n = len(sizes) - 2
    run = {1: conv1d_transpose, 2: conv2d_transpose, 3: conv3d_transpose}[n]
    name = name or "conv_transpose"
    return run(input, filters, shape, strides, padding, data_format or FORMATS[n][0], dilations, name)


# ---------------------------------------------------------------------------------------------------- dilated
def atrous_conv2d(value: Any, filters: Any, rate: int, padding: str, name: str | None = None) -> Any:
    """2-D convolution whose window takes every `rate`-th element: `convolution` with `dilations=rate`.

    >>> import headrace as tf
    >>> tf.nn.atrous_conv2d(tf.ones([1, 5, 5, 1]), tf.ones([3, 3, 1, 1]), 2, "VALID").numpy().item()
    9.0
    """
    return convolution(value, filters, padding=padding, dilations=rate, name=name)


@scoped("atrous_conv2d_transpose", "BatchToSpaceND")
def atrous_conv2d_transpose(
    value: Any, filters: Any, output_shape: Any, rate: int, padding: str, name: str | None = None
) -> Any:
    """The transpose (gradient) of `atrous_conv2d`; `filters` is `[height, width, output channels, input
    channels]`.

    >>> import headrace as tf
    >>> x, filters = tf.ones([1, 1, 1, 1]), tf.ones([2, 2, 1, 1])
    >>> y = tf.nn.atrous_conv2d_transpose(x, filters, [1, 3, 3, 1], 2, "VALID")
    >>> y[0, :, :, 0].numpy().tolist()
    [[1.0, 0.0, 1.0], [0.0, 0.0, 0.0], [1.0, 0.0, 1.0]]
    """
    if rate < 1:
        raise ValueError(f"rate must be at least 1. Received: rate={rate}")
    return conv2d_transpose(value, filters, output_shape, 1, padding, dilations=rate, name=name)


# --------------------------------------------------------------------------------------- depthwise, separable
@scoped("depthwise", None)
def depthwise_conv2d(
    input: Any,
    filter: Any,
    strides: Sequence[int],
    padding: Any,
    data_format: str | None = None,
    dilations: Any = None,
    name: str | None = None,
) -> Any:
    """Convolves every channel with filters of its own: `filter` is `[height, width, channels, multiplier]`.

    Returns: `[batch, new height, new width, channels * multiplier]`.

    >>> import headrace as tf
    >>> tf.nn.depthwise_conv2d(tf.ones([1, 3, 3, 2]), tf.ones([2, 2, 2, 1]), [1, 1, 1, 1], "VALID").shape
    TensorShape([1, 2, 2, 2])
    """
    attrs = attributes(2, data_format, padding, strides=strides, dilations=dilations)
    name = current_scope() if max(attrs["dilations"]) == 1 else "BatchToSpaceND"
    return ops.DEPTHWISE(input, filter, name=name, **attrs)


def depthwise_conv2d_backprop_input(
    input_sizes: Any,
    filter: Any,
    out_backprop: Any,
    strides: Sequence[int],
    padding: Any,
    data_format: str = "NHWC",
    dilations: Sequence[int] = (1, 1, 1, 1),
    name: str | None = None,
) -> Any:
    """The gradient of `depthwise_conv2d` by its input, of shape `input_sizes`.

    >>> import headrace as tf
    >>> filters, g = tf.ones([2, 2, 1, 1]), tf.ones([1, 1, 1, 1])
    >>> tf.nn.depthwise_conv2d_backprop_input([1, 2, 2, 1], filters, g, [1] * 4, "VALID").shape
    TensorShape([1, 2, 2, 1])
    """
    attrs = attributes(2, data_format, padding, strides=strides, dilations=dilations)
    return ops.DEPTHWISE_INPUT(input_sizes, filter, out_backprop, name=name, **attrs)


def depthwise_conv2d_backprop_filter(
    input: Any,
    filter_sizes: Any,
    out_backprop: Any,
    strides: Sequence[int],
    padding: Any,
    data_format: str = "NHWC",
    dilations: Sequence[int] = (1, 1, 1, 1),
    name: str | None = None,
) -> Any:
    """The gradient of `depthwise_conv2d` by its filter, of shape `filter_sizes`.

    >>> import headrace as tf
    >>> x, g = tf.ones([1, 2, 2, 1]), tf.ones([1, 1, 1, 1])
    >>> tf.nn.depthwise_conv2d_backprop_filter(x, [2, 2, 1, 1], g, [1] * 4, "VALID").shape
    TensorShape([2, 2, 1, 1])
    """
    attrs = attributes(2, data_format, padding, strides=strides, dilations=dilations)
    return ops.DEPTHWISE_FILTER(input, filter_sizes, out_backprop, name=name, **attrs)


@scoped("separable_conv2d")
def separable_conv2d(
    input: Any,
    depthwise_filter: Any,
    pointwise_filter: Any,
    strides: Sequence[int],
    padding: Any,
    data_format: str | None = None,
    dilations: Any = None,
    name: str | None = None,
) -> Any:
    """A depthwise convolution followed by a 1×1 convolution that mixes its channels.

    Args:
      depthwise_filter: `[height, width, channels, multiplier]`.
      pointwise_filter: `[1, 1, channels * multiplier, outputs]`.

    >>> import headrace as tf
    >>> depthwise, pointwise = tf.ones([3, 3, 3, 2]), tf.ones([1, 1, 6, 5])
    >>> tf.nn.separable_conv2d(tf.ones([1, 4, 4, 3]), depthwise, pointwise, [1, 1, 1, 1], "SAME").shape
    TensorShape([1, 4, 4, 5])
    """
    pointwise = to_tensor(pointwise_filter)
    shape = pointwise._raw_shape
    if shape is not None and (len(shape) != 4 or any(d not in (None, 1) for d in shape[:2])):
        raise ValueError(
            f"pointwise_filter must have shape [1, 1, channels, outputs]. Received: {list(shape)}"
        )
    y = depthwise_conv2d(input, depthwise_filter, strides, padding, data_format, dilations)
    return conv2d(y, pointwise, 1, "VALID", data_format or "NHWC", name=name)


# ------------------------------------------------------------------------------------------------- morphology
def _morphology_arguments(
    data_format: str, strides: Sequence[int], dilations: Sequence[int]
) -> dict[str, Any]:
    if data_format != "NHWC":
        raise ValueError(f"data_format must be 'NHWC'. Received: data_format={data_format!r}")
    return {"strides": list(strides), "rates": list(dilations)}


def dilation2d(
    input: Any,
    filters: Any,
    strides: Sequence[int],
    padding: str,
    data_format: str,
    dilations: Sequence[int],
    name: str | None = None,
) -> Any:
    """Grey-scale dilation: `max over the window of input + filters`, per channel; `filters` is `[height,
    width, channels]`.

    >>> import headrace as tf
    >>> x, filters = tf.reshape(tf.range(4.0), [1, 2, 2, 1]), tf.ones([2, 2, 1])
    >>> tf.nn.dilation2d(x, filters, [1] * 4, "VALID", "NHWC", [1] * 4).numpy().item()
    4.0
    """
    return image_patches.DILATION(
        input, filters, padding=padding, name=name, **_morphology_arguments(data_format, strides, dilations)
    )


@scoped("erosion2d", "Neg_1")
def erosion2d(
    value: Any,
    filters: Any,
    strides: Sequence[int],
    padding: str,
    data_format: str,
    dilations: Sequence[int],
    name: str | None = None,
) -> Any:
    """Grey-scale erosion: `min over the window of value - reflected filters`, per channel.

    >>> import headrace as tf
    >>> x, filters = tf.reshape(tf.range(4.0), [1, 2, 2, 1]), tf.ones([2, 2, 1])
    >>> tf.nn.erosion2d(x, filters, [1] * 4, "VALID", "NHWC", [1] * 4).numpy().item()
    -1.0
    """
    neg, reverse = lookup("Neg"), lookup("ReverseV2")
    args = _morphology_arguments(data_format, strides, dilations)
    return neg(
        image_patches.DILATION(
            neg(to_tensor(value)), reverse(to_tensor(filters), [0, 1]), padding=padding, **args
        ),
        name=name,
    )
