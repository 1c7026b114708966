"""`tf.image`: differences within images and between them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from headrace.core import dtypes
from headrace.core.convert import to_tensor
from headrace.core.op import lookup
from headrace.core.scoping import scoped
from headrace.core.static import static_value
from headrace.core.tensor import Tensor

from .image_color import convert_image_dtype
from .image_shapes import require, vector_shape
from .nn_conv import depthwise_conv2d


@scoped("per_image_standardization")
def per_image_standardization(image: Any) -> Any:
    """Every image (the last three dimensions) scaled to mean 0 and standard deviation 1, as float32.

    The deviation is taken to be at least 1 / sqrt(number of pixels and channels), so that uniform images become zeros.

    >>> import headrace as tf
    >>> tf.image.per_image_standardization([[[1.0], [3.0]]])[0, :, 0].numpy().tolist()
    [-1.0, 1.0]
    """
    from .image_shapes import image_tensor

    x = lookup("Cast")(image_tensor(image), DstT=dtypes.float32)
    axes = [-1, -2, -3]
    shape = x._raw_shape
    if shape is not None and None not in shape[-3:]:
        least: Any = np.float32(1 / np.sqrt(np.float32(np.prod(shape[-3:]))))
    else:
        pixels = lookup("Prod")(lookup("Shape")(x)[-3:], [0])
        least = lookup("Rsqrt")(lookup("Cast")(pixels, DstT=dtypes.float32))
    mean = lookup("Mean")
    centered = x - mean(x, axes, keep_dims=True)
    deviation = lookup("Sqrt")(mean(lookup("Square")(centered), axes, keep_dims=True))
    return centered / lookup("Maximum")(deviation, least)


# --------------------------------------------------------------------------------------------------------- neighbours
@scoped("total_variation", "add")
def total_variation(images: Any, name: str | None = None) -> Any:
    """The sum of the absolute differences of neighbouring pixels: how noisy an image is.

    Returns: a scalar for `[height, width, channels]`, `[batch]` for a batch.

    >>> import headrace as tf
    >>> tf.image.total_variation(tf.constant([[[0.0], [2.0]], [[1.0], [1.0]]])).numpy().item()
    4.0
    """
    x = to_tensor(images)
    if x.ndim not in (3, 4):
        raise ValueError(f"'images' must be either 3 or 4-dimensional, received shape {x.shape}.")
    axes = [0, 1, 2] if x.ndim == 3 else [1, 2, 3]
    down, across = (_differences(x, axis) for axis in axes[:2])
    total = lambda d: lookup("Sum")(lookup("Abs")(d), axes)
    return lookup("AddV2")(total(down), total(across), name=name)


def _differences(x: Any, axis: int) -> Tensor:
    before = (slice(None),) * axis
    return x[(*before, slice(1, None))] - x[(*before, slice(None, -1))]


def image_gradients(image: Any) -> tuple[Any, Any]:
    """The differences of each pixel to the one below and to the one to its right; zeros in the last row and column.

    Args:
      image: `[batch, height, width, channels]`.

    Returns: (dy, dx), of the image's shape.

    >>> import headrace as tf
    >>> dy, dx = tf.image.image_gradients(tf.reshape(tf.range(4), [1, 2, 2, 1]))
    >>> dy[0, :, :, 0].numpy().tolist(), dx[0, :, :, 0].numpy().tolist()
    ([[2, 2], [0, 0]], [[1, 0], [1, 0]])
    """
    x = to_tensor(image)
    if x.ndim != 4:
        raise ValueError(f"image_gradients expects a 4D tensor [batch_size, h, w, d], not {x.shape}.")
    pad = lookup("Pad")
    dy = pad(_differences(x, 1), [[0, 0], [0, 1], [0, 0], [0, 0]], name="Reshape")
    dx = pad(_differences(x, 2), [[0, 0], [0, 0], [0, 1], [0, 0]], name="Reshape")
    if not x._is_eager:
        dy.set_shape(x.shape)
        dx.set_shape(x.shape)
    return dy, dx


_SOBEL = np.array([[-1, -2, -1], [0, 0, 0], [1, 2, 1]])


def _per_channel(filters: Any, channels: Any) -> Any:
    """Filters `[height, width, 1, n]` for each of so many channels."""
    if isinstance(channels, Tensor):
        return lookup("Tile")(filters, lookup("Pack")([1, 1, channels, 1]))
    return lookup("Tile")(filters, [1, 1, channels, 1])


def _channel_count(x: Tensor) -> Any:
    shape = x._raw_shape
    return lookup("Shape")(x)[-1] if shape is None or shape[-1] is None else shape[-1]


def sobel_edges(image: Any) -> Any:
    """Sobel's edge filters: how much brighter it gets downwards and to the right.

    Args:
      image: `[batch, height, width, channels]`, of a float type, at least 2 x 2 pixels.

    Returns: `[batch, height, width, channels, 2]`: dy and dx.

    >>> import headrace as tf
    >>> image = tf.reshape(tf.range(9.0), [1, 3, 3, 1])
    >>> tf.image.sobel_edges(image)[0, 1, 1, 0].numpy().tolist()
    [24.0, 8.0]
    """
    x = to_tensor(image)
    filters = to_tensor(np.stack([_SOBEL, _SOBEL.T], -1)[:, :, None, :], x._dtype)
    padded = lookup("MirrorPad")(x, [[0, 0], [1, 1], [1, 1], [0, 0]], mode="REFLECT")
    edges = depthwise_conv2d(padded, _per_channel(filters, _channel_count(x)), [1, 1, 1, 1], "VALID")
    shape = vector_shape(x)
    shape = [*shape, 2] if isinstance(shape, list) else lookup("ConcatV2")([shape, [2]], 0)
    out = lookup("Reshape")(edges, shape)
    if not out._is_eager:
        out.set_shape(x.shape.concatenate([2]))
    return out


# --------------------------------------------------------------------------------------------------- pairs of images
def _compatible(a: Any, b: Any) -> None:
    """Both at least `[height, width, channels]` of one size, and batch dimensions that broadcast."""
    x, y = a._raw_shape, b._raw_shape
    for shape in (x, y):
        if shape is not None and len(shape) < 3:
            raise ValueError(f"Shape {shape} must have rank at least 3")
    if x is None or y is None:
        return
    fits = all(p is None or q is None or p == q for p, q in zip(x[-3:], y[-3:]))
    batch = all(None in (p, q) or 1 in (p, q) or p == q for p, q in zip(x[-4::-1], y[-4::-1]))
    if not fits or not batch:
        raise ValueError(f"Two images are not compatible: {a.shape} and {b.shape}")
    if None in x[-3:] or None in y[-3:]:
        size = lookup("Shape")
        same = lookup("Equal")(size(a)[-3:], size(b)[-3:])
        require(lookup("All")(same, [0]), f"Two images are not compatible: {a.shape} and {b.shape}")


def _singles(a: Any, b: Any, max_val: Any) -> tuple[Any, Any, Any]:
    """Both images and the largest value as float32, scaled alike."""
    a, b = to_tensor(a), to_tensor(b)
    _compatible(a, b)
    top = lookup("Cast")(to_tensor(max_val), DstT=a._dtype)
    return tuple(convert_image_dtype(v, dtypes.float32) for v in (a, b, top))


@scoped("PSNR", "Identity_3")
def psnr(a: Any, b: Any, max_val: Any, name: str | None = None) -> Any:
    """The peak signal-to-noise ratio of two images, or batches of images, in decibels.

    Args:
      a, b: `[..., height, width, channels]`, of one type.
      max_val: the range of the values (255, or 1.0).

    >>> import headrace as tf
    >>> round(float(tf.image.psnr(tf.zeros([2, 2, 1]), tf.fill([2, 2, 1], 0.1), 1.0)), 3)
    20.0
    """
    a, b, top = _singles(a, b, max_val)
    error = lookup("Mean")(lookup("SquaredDifference")(a, b), [-3, -2, -1])
    log = lookup("Log")
    return lookup("Sub")(
        20 * log(top) / np.float32(np.log(10.0)), np.float32(10 / np.log(10)) * log(error), name=name
    )


def _blurred(x: Any, taps: np.ndarray) -> Any:
    """A separable filter over height and width, without padding. Two passes of n taps are fewer than n * n."""
    for axis in (-3, -2):
        total: Any = None
        for k, weight in enumerate(taps):
            part = _shifted(x, axis, k, len(taps)) * weight
            total = part if total is None else total + part
        x = total
    return x


def _shifted(x: Any, axis: int, start: int, taps: int) -> Any:
    stop = start - taps + 1
    cut = slice(start, stop or None)
    return x[(..., cut, *[slice(None)] * (-axis - 1))]


def _gaussian(size: int, sigma: float) -> np.ndarray:
    at = np.arange(size) - (size - 1) / 2
    weights = np.exp(-0.5 * (at / sigma) ** 2)
    return (weights / weights.sum()).astype(np.float32)


def _similarity(
    a: Any, b: Any, top: Any, filter_size: Any, filter_sigma: Any, k1: float, k2: float
) -> tuple[Any, Any]:
    """Luminance times contrast and structure, and the latter alone, at every pixel and channel."""
    size, sigma = (static_value(to_tensor(v)) for v in (filter_size, filter_sigma))
    if size is None or sigma is None:
        raise ValueError("filter_size and filter_sigma must be known while the function is traced.")
    for x in (a, b):
        shape = x._raw_shape
        if shape is not None and any(d is not None and d < size for d in shape[-3:-1]):
            require(False, f"Images of {x.shape} are smaller than the filter of size {int(size)}.")
    taps = _gaussian(int(size), float(sigma))
    c1, c2 = lookup("Square")(top * k1), lookup("Square")(top * k2)
    square = lookup("Square")
    mean_a, mean_b = _blurred(a, taps), _blurred(b, taps)
    products = mean_a * mean_b * 2.0
    squares = square(mean_a) + square(mean_b)
    luminance = (products + c1) / (squares + c1)
    covariance = _blurred(a * b, taps) * 2.0 - products
    variance = _blurred(square(a) + square(b), taps) - squares
    structure = (covariance + c2) / (variance + c2)
    return luminance * structure, structure


@scoped("SSIM", "Mean_2")
def ssim(
    img1: Any,
    img2: Any,
    max_val: Any,
    filter_size: Any = 11,
    filter_sigma: Any = 1.5,
    k1: float = 0.01,
    k2: float = 0.03,
    return_index_map: bool = False,
) -> Any:
    """The structural similarity of two images, or batches of images (Wang et al., 2004): 1 for equal ones.

    Args:
      img1, img2: `[..., height, width, channels]`, of one type, at least as large as the filter.
      max_val: the range of the values (255, or 1.0).
      filter_size, filter_sigma: of the Gaussian window that statistics are taken over.
      k1, k2: keep denominators away from zero.
      return_index_map: whether to return the similarity at every pixel instead of the mean.

    >>> import headrace as tf
    >>> x = tf.ones([16, 16, 3])
    >>> tf.image.ssim(x, x, 1.0).numpy().item()
    1.0
    """
    a, b, top = _singles(img1, img2, max_val)
    index, _ = _similarity(a, b, top, filter_size, filter_sigma, k1, k2)
    mean = lookup("Mean")
    return mean(index if return_index_map else mean(index, [-3, -2]), [-1])


_WEIGHTS = (0.0448, 0.2856, 0.3001, 0.2363, 0.1333)


@scoped("MS-SSIM", "Mean")
def ssim_multiscale(
    img1: Any,
    img2: Any,
    max_val: Any,
    power_factors: Sequence[float] = _WEIGHTS,
    filter_size: Any = 11,
    filter_sigma: Any = 1.5,
    k1: float = 0.01,
    k2: float = 0.03,
) -> Any:
    """Structural similarity at several scales (Wang et al., 2003), each half as large as the one before.

    Args:
      power_factors: the weight of each scale; as many as there are scales.

    Others are as for `tf.image.ssim`.

    >>> import headrace as tf
    >>> x = tf.ones([1, 64, 64, 1])
    >>> tf.image.ssim_multiscale(x, x, 1.0, power_factors=(0.5, 0.5), filter_size=4).numpy().tolist()
    [1.0]
    """
    a, b, top = _singles(img1, img2, max_val)
    factors = [float(f) for f in np.asarray(power_factors).reshape(-1)]
    relu, mean, power = lookup("Relu"), lookup("Mean"), lookup("Pow")
    result: Any = None
    for i, factor in enumerate(factors):
        if i:
            a, b = _halved(a), _halved(b)
        index, structure = _similarity(a, b, top, filter_size, filter_sigma, k1, k2)
        score = mean(index if i == len(factors) - 1 else structure, [-3, -2])
        term = power(relu(score), np.float32(factor))
        result = term if result is None else result * term
    return mean(result, [-1])


def _halved(x: Any) -> Tensor:
    """Means of 2 x 2 pixels; an odd last row or column counts twice."""
    for axis in (-3, -2):
        shape = x._raw_shape
        odd = None if shape is None or shape[axis] is None else shape[axis] % 2
        rest = [slice(None)] * (-axis - 1)
        first, second = (x[(..., slice(start, None, 2), *rest)] for start in (0, 1))
        if odd != 0:
            last = x[(..., slice(-1, None), *rest)]
            if odd is None:  # nothing is appended where the size turns out to be even
                count = lookup("FloorMod")(lookup("Shape")(x)[axis], 2)
                last = last[(..., slice(0, count), *rest)]
            second = lookup("ConcatV2")([second, last], axis)
        x = (first + second) * 0.5
    return x


__all__ = [
    "image_gradients",
    "per_image_standardization",
    "psnr",
    "sobel_edges",
    "ssim",
    "ssim_multiscale",
    "total_variation",
]
