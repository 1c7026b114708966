"""`tf.image`: colour spaces and number types."""

from __future__ import annotations

from typing import Any

import numpy as np

from headrace.core import dtypes
from headrace.core.convert import to_tensor
from headrace.core.op import lookup
from headrace.core.scoping import scoped
from headrace.core.tensor import Tensor
from headrace.ops.image_color import HSV_TO_RGB, RGB_TO_HSV

from .conversion import saturate_cast
from .products import tensordot


def convert_image_dtype(image: Any, dtype: Any, saturate: bool = False, name: str | None = None) -> Any:
    """Images with numbers of another type, scaled to its range: [0, 1] for floats, [0, dtype.max] for integers.

    Args:
      saturate: whether what does not fit becomes the lowest or highest number, instead of wrapping around.

    Raises:
      AttributeError: one of the types is neither floating point nor integer.

    >>> import headrace as tf
    >>> tf.image.convert_image_dtype(tf.constant([0, 255], tf.uint8), tf.float32).numpy().tolist()
    [0.0, 1.0]
    """
    x, dtype = to_tensor(image), dtypes.as_dtype(dtype)
    source = x._dtype
    for what, kind in (("dtype", dtype), ("image dtype", source)):
        if not kind.is_floating and not kind.is_integer:
            raise AttributeError(f"{what} must be either floating point or integer, received {kind.name}")
    if source is dtype:
        return lookup("Identity")(x, name=name)
    return _converted(x, dtype, saturate, name=name)


@scoped("convert_image")
def _converted(x: Any, dtype: Any, saturate: bool, name: str | None) -> Tensor:
    source = x._dtype
    convert = saturate_cast if saturate else lambda v, d, name=None: lookup("Cast")(v, DstT=d, name=name)
    if source.is_floating and dtype.is_floating:
        return lookup("Cast")(x, DstT=dtype, name=name)
    if source.is_floating:
        # Half a unit above the highest number: what the cast cuts off is then evenly distributed.
        return convert(x * _number(int(dtype.max) + 0.5, source), dtype, name)
    if dtype.is_floating:
        return lookup("Mul")(lookup("Cast")(x, DstT=dtype), _number(1.0 / int(source.max), dtype), name=name)
    high, new_high = int(source.max), int(dtype.max)
    if high > new_high:
        return convert(lookup("FloorDiv")(x, _number((high + 1) // (new_high + 1), source)), dtype, name)
    return lookup("Mul")(convert(x, dtype), _number((new_high + 1) // (high + 1), dtype), name=name)


def _number(value: Any, dtype: Any) -> Tensor:
    return to_tensor(np.asarray(value).astype(dtype._np), dtype)


# ------------------------------------------------------------------------------------------------------ linear spaces
def _mixed(images: Any, matrix: Any) -> Any:
    x = to_tensor(images)
    if x.ndim is None:
        raise ValueError("The rank of `images` must be known.")
    return tensordot(x, to_tensor(matrix, x._dtype), [[x.ndim - 1], [0]])


_YIQ = [
    [0.299, 0.59590059, 0.2115],
    [0.587, -0.27455667, -0.52273617],
    [0.114, -0.32134392, 0.31119955],
]
_FROM_YIQ = [[1, 1, 1], [0.95598634, -0.27201283, -1.10674021], [0.6208248, -0.64720424, 1.70423049]]
_YUV = [
    [0.299, -0.14714119, 0.61497538],
    [0.587, -0.28886916, -0.51496512],
    [0.114, 0.43601035, -0.10001026],
]
_FROM_YUV = [[1, 1, 1], [0, -0.394642334, 2.03206185], [1.13988303, -0.58062185, 0]]


def rgb_to_yiq(images: Any) -> Any:
    """From red, green and blue (0 to 1, the last dimension) to luma and two chrominances, as in NTSC television.

    >>> import headrace as tf
    >>> tf.image.rgb_to_yiq([[[1.0, 1.0, 1.0]]]).numpy().round(3)[0, 0, 0].item()
    1.0
    """
    return _mixed(images, _YIQ)


def yiq_to_rgb(images: Any) -> Any:
    """The inverse of `tf.image.rgb_to_yiq`."""
    return _mixed(images, _FROM_YIQ)


def rgb_to_yuv(images: Any) -> Any:
    """From red, green and blue (0 to 1, the last dimension) to luma and two chrominances, as in PAL television.

    >>> import headrace as tf
    >>> tf.image.rgb_to_yuv([[[1.0, 1.0, 1.0]]]).numpy().round(3)[0, 0, 0].item()
    1.0
    """
    return _mixed(images, _YUV)


def yuv_to_rgb(images: Any) -> Any:
    """The inverse of `tf.image.rgb_to_yuv`."""
    return _mixed(images, _FROM_YUV)


# ---------------------------------------------------------------------------------------------------------------- grey
@scoped("rgb_to_grayscale")
def rgb_to_grayscale(images: Any, name: str | None = None) -> Any:
    """The luma of colour images: three channels become one, of the same type.

    >>> import headrace as tf
    >>> tf.image.rgb_to_grayscale([[[1.0, 2.0, 3.0]]]).shape
    TensorShape([1, 1, 1])
    """
    x = to_tensor(images)
    single = convert_image_dtype(x, dtypes.float32)
    gray = tensordot(single, to_tensor([0.2989, 0.5870, 0.1140]), [-1, -1])
    return convert_image_dtype(lookup("ExpandDims")(gray, -1), x._dtype, name=name)


@scoped("grayscale_to_rgb")
def grayscale_to_rgb(images: Any, name: str | None = None) -> Any:
    """Grey images with their one channel three times.

    Raises:
      ValueError: the last dimension is not 1.

    >>> import headrace as tf
    >>> tf.image.grayscale_to_rgb([[[7]]]).numpy().tolist()
    [[[7, 7, 7]]]
    """
    x = to_tensor(images)
    shape = x._raw_shape
    if shape is None:
        raise ValueError("The rank of `images` must be known.")
    if len(shape) < 2:
        raise ValueError(f"A grayscale image (shape {x.shape}) must be at least two-dimensional.")
    if shape[-1] not in (1, None):
        raise ValueError(f"Last dimension of a grayscale image should be size 1, received shape {x.shape}.")
    if shape[-1] is None:
        x = lookup("EnsureShape")(x, shape=(*shape[:-1], 1))
    return lookup("Tile")(x, [1] * (len(shape) - 1) + [3], name=name)


# ----------------------------------------------------------------------------------------------------------------- hue
def rgb_to_hsv(images: Any, name: str | None = None) -> Any:
    """From red, green and blue (0 to 1, the last dimension) to hue, saturation and value, all 0 to 1.

    >>> import headrace as tf
    >>> tf.image.rgb_to_hsv([[[0.0, 0.5, 0.5]]]).numpy().tolist()
    [[[0.5, 1.0, 0.5]]]
    """
    return RGB_TO_HSV(images, name=name)


def hsv_to_rgb(images: Any, name: str | None = None) -> Any:
    """The inverse of `tf.image.rgb_to_hsv`.

    >>> import headrace as tf
    >>> tf.image.hsv_to_rgb([[[0.5, 1.0, 0.5]]]).numpy().tolist()
    [[[0.0, 0.5, 0.5]]]
    """
    return HSV_TO_RGB(images, name=name)


__all__ = [
    "convert_image_dtype",
    "grayscale_to_rgb",
    "hsv_to_rgb",
    "rgb_to_grayscale",
    "rgb_to_hsv",
    "rgb_to_yiq",
    "rgb_to_yuv",
    "yiq_to_rgb",
    "yuv_to_rgb",
]
