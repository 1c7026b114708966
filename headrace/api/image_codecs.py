"""`tf.image` (and `tf.io`): image files. JPEG, PNG, GIF and WebP go through Pillow: `pip install 'headrace[image]'`.

Formats without loss give TensorFlow's numbers. Those of JPEG files may differ by a few units: what each
library does by default rounds differently on the way."""

from __future__ import annotations

from typing import Any

from headrace.core import dtypes
from headrace.core.convert import to_tensor
from headrace.core.op import lookup
from headrace.core.scoping import scoped
from headrace.core.tensor import Tensor
from headrace.ops import image_codecs as ops
from headrace.ops.strings import SUBSTR

from .image_color import convert_image_dtype
from .random import stateless_uniform, uniform


@scoped("is_jpeg", None, again=True)
def is_jpeg(contents: Any, name: str | None = None) -> Tensor:
    """Whether a string begins as JPEG files do.

    >>> import headrace as tf
    >>> bool(tf.image.is_jpeg(b"GIF89a"))
    False
    """
    return lookup("Equal")(SUBSTR(contents, 0, 3), b"\xff\xd8\xff", name=name)


def decode_jpeg(
    contents: Any,
    channels: int = 0,
    ratio: int = 1,
    fancy_upscaling: bool = True,
    try_recover_truncated: bool = False,
    acceptable_fraction: float = 1,
    dct_method: str = "",
    name: str | None = None,
) -> Tensor:
    """The image in a JPEG file.

    Args:
      contents: the file's bytes, a scalar string tensor.
      channels: 0 (as in the file), 1 (grey) or 3 (red, green, blue).
      ratio: 1, 2, 4 or 8: how much smaller to decode it, which is fast.
      fancy_upscaling: whether to smooth colours that are stored at a lower resolution, or repeat them (which is faster).
      try_recover_truncated: whether to return what there is of a file that ends too early.
      acceptable_fraction: must be 1.
      dct_method: "", "INTEGER_FAST" or "INTEGER_ACCURATE", a hint.

    Returns: `[height, width, channels]`, uint8.

    Raises:
      InvalidArgumentError: not a JPEG file, or a damaged one.
      ImportError: Pillow is missing.
    """
    return ops.DECODE_JPEG(
        contents,
        channels=channels or 0,
        ratio=ratio,
        fancy_upscaling=fancy_upscaling,
        try_recover_truncated=try_recover_truncated,
        acceptable_fraction=acceptable_fraction,
        dct_method=dct_method,
        name=name,
    )


def decode_and_crop_jpeg(
    contents: Any,
    crop_window: Any,
    channels: int = 0,
    ratio: int = 1,
    fancy_upscaling: bool = True,
    try_recover_truncated: bool = False,
    acceptable_fraction: float = 1,
    dct_method: str = "",
    name: str | None = None,
) -> Tensor:
    """The part `crop_window`, `[y, x, height, width]`, of the image in a JPEG file. The rest is as for
    `tf.image.decode_jpeg`."""
    return ops.DECODE_AND_CROP_JPEG(
        contents,
        crop_window,
        channels=channels or 0,
        ratio=ratio,
        fancy_upscaling=fancy_upscaling,
        try_recover_truncated=try_recover_truncated,
        acceptable_fraction=acceptable_fraction,
        dct_method=dct_method,
        name=name,
    )


def decode_png(
    contents: Any, channels: int = 0, dtype: Any = dtypes.uint8, name: str | None = None
) -> Tensor:
    """The image in a PNG file, `[height, width, channels]`.

    Args:
      contents: the file's bytes, a scalar string tensor.
      channels: 0 (as in the file), 1 (grey), 3 (red, green, blue) or 4 (and opacity).
      dtype: uint8 or uint16.

    >>> import headrace as tf
    >>> file = tf.image.encode_png(tf.constant([[[1000], [2000]]], tf.uint16))
    >>> tf.image.decode_png(file, dtype=tf.uint16)[0, :, 0].numpy().tolist()
    [1000, 2000]
    """
    return ops.DECODE_PNG(contents, channels=channels or 0, dtype=dtypes.as_dtype(dtype), name=name)


def decode_bmp(contents: Any, channels: int = 0, name: str | None = None) -> Tensor:
    """The image in a BMP file, `[height, width, channels]`, uint8.

    Args:
      channels: 0 (as in the file), 3 or 4.
    """
    return ops.DECODE_BMP(contents, channels=channels or 0, name=name)


def decode_gif(contents: Any, name: str | None = None) -> Tensor:
    """The frames in a GIF file, `[frames, height, width, 3]`, uint8."""
    return ops.DECODE_GIF(contents, name=name)


def decode_webp(
    contents: Any, channels: int = 0, dtype: Any = dtypes.uint8, name: str | None = None
) -> Tensor:
    """The frames in a WebP file, `[frames, height, width, channels]`, uint8.

    Args:
      channels: 0 (as in the file), or what the file has: 3, or 4 with opacity.
    """
    return ops.DECODE_WEBP(contents, channels=channels or 0, dtype=dtypes.as_dtype(dtype), name=name)


def decode_jxl(
    contents: Any, channels: int = 0, dtype: Any = dtypes.uint8, name: str | None = None
) -> Tensor:
    """The image in a JPEG XL file, `[height, width, channels]`. Needs a plug-in that teaches Pillow the format."""
    return ops.DECODE_JXL(contents, channels=channels or 0, dtype=dtypes.as_dtype(dtype), name=name)


@scoped("decode_image", "DecodeImage")
def decode_image(
    contents: Any,
    channels: int | None = None,
    dtype: Any = dtypes.uint8,
    name: str | None = None,
    expand_animations: bool = True,
) -> Tensor:
    """The image in a JPEG, PNG, GIF, BMP or WebP file.

    Args:
      contents: the file's bytes, a scalar string tensor.
      channels: None or 0 (as in the file), or how many there shall be.
      dtype: of the result; integers are scaled to the type's range, floats to [0, 1].
      expand_animations: whether a GIF file gives all its frames, `[frames, height, width, 3]`, or the first one alone.

    Returns: `[height, width, channels]`, but for GIF files with `expand_animations`. The shape is not known while a
      function is traced, the rank only with `expand_animations=False`.

    >>> import headrace as tf
    >>> file = tf.image.encode_png(tf.zeros([2, 3, 1], tf.uint16))
    >>> tf.image.decode_image(file, dtype=tf.float32).shape
    TensorShape([2, 3, 1])
    """
    dtype = dtypes.as_dtype(dtype)
    native = dtype if dtype in (dtypes.float32, dtypes.uint8, dtypes.uint16) else dtypes.uint16
    image = ops.DECODE_IMAGE(
        contents, channels=channels or 0, dtype=native, expand_animations=expand_animations, name=name
    )
    return image if native is dtype else convert_image_dtype(image, dtype)


def extract_jpeg_shape(contents: Any, output_type: Any = dtypes.int32, name: str | None = None) -> Tensor:
    """`[height, width, channels]` of the image in a JPEG file, from its header alone."""
    return ops.EXTRACT_JPEG_SHAPE(contents, output_type=dtypes.as_dtype(output_type), name=name)


def encode_jpeg(
    image: Any,
    format: str = "",
    quality: int = 95,
    progressive: bool = False,
    optimize_size: bool = False,
    chroma_downsampling: bool = True,
    density_unit: str = "in",
    x_density: int = 300,
    y_density: int = 300,
    xmp_metadata: str = "",
    name: str | None = None,
) -> Tensor:
    """The bytes of a JPEG file of an image.

    Args:
      image: `[height, width, 1 or 3]`, uint8.
      format: "grayscale", "rgb", or "" for what the channels say.
      quality: 0 to 100.
      progressive: whether viewers can show a coarse image first.
      optimize_size: spend time to save space.
      chroma_downsampling: store colours at half the resolution.
      density_unit, x_density, y_density: pixels per "in" or "cm", which printers go by.
      xmp_metadata: an XMP document to put into the file.
    """
    return ops.ENCODE_JPEG(
        image,
        format=format,
        quality=quality,
        progressive=progressive,
        optimize_size=optimize_size,
        chroma_downsampling=chroma_downsampling,
        density_unit=density_unit,
        x_density=x_density,
        y_density=y_density,
        xmp_metadata=xmp_metadata,
        name=name,
    )


def encode_png(image: Any, compression: int = -1, name: str | None = None) -> Tensor:
    """The bytes of PNG files of images.

    Args:
      image: `[..., height, width, channels]`, uint8 or uint16: 1 channel (grey), 2 (and opacity), 3 (red, green, blue) or
        4 (and opacity).
      compression: 0 (none) to 9 (smallest); -1 for a good compromise.

    Returns: strings of shape `[...]`.
    """
    return ops.ENCODE_PNG(image, compression=compression, name=name)


# --------------------------------------------------------------------------------------------------------------- quality
@scoped("adjust_jpeg_quality", None)
def adjust_jpeg_quality(image: Any, jpeg_quality: Any, dct_method: str = "", name: str | None = None) -> Any:
    """An image as it looks after being stored as JPEG.

    Args:
      image: `[height, width, 1 or 3]`, uint8, or a float type with values from 0 to 1.
      jpeg_quality: 0 to 100, a number or an int32 scalar.
    """
    x = to_tensor(image)
    shape = x._raw_shape
    channels = None if shape is None else shape[-1]
    if channels is None:
        raise ValueError(f"The number of channels of `image` must be known, received shape {x.shape}.")
    bytes_ = convert_image_dtype(x, dtypes.uint8, saturate=True)
    file = ops.ENCODE_JPEG_VARIABLE_QUALITY(bytes_, to_tensor(jpeg_quality, dtypes.int32))
    stored = decode_jpeg(file, channels=channels, dct_method=dct_method)
    if not stored._is_eager and shape is not None:
        stored.set_shape(list(shape))
    return convert_image_dtype(stored, x._dtype, saturate=True, name=name)


def _check_range(low: Any, high: Any) -> None:
    if not (0 <= low <= 100 and 0 <= high <= 100):
        raise ValueError(f"jpeg encoding range must be between 0 and 100. Received: [{low}, {high}]")
    if low >= high:
        raise ValueError(
            f"`min_jpeg_quality` must be less than `max_jpeg_quality`. Received: {low} and {high}"
        )


def random_jpeg_quality(
    image: Any, min_jpeg_quality: int, max_jpeg_quality: int, seed: int | None = None
) -> Any:
    """`tf.image.adjust_jpeg_quality` with a random quality in `[min_jpeg_quality, max_jpeg_quality)`."""
    _check_range(min_jpeg_quality, max_jpeg_quality)
    return adjust_jpeg_quality(
        image, uniform([], min_jpeg_quality, max_jpeg_quality, seed=seed, dtype=dtypes.int32)
    )


def stateless_random_jpeg_quality(image: Any, min_jpeg_quality: int, max_jpeg_quality: int, seed: Any) -> Any:
    """As `tf.image.random_jpeg_quality`; the same seed (two integers) always gives the same quality."""
    _check_range(min_jpeg_quality, max_jpeg_quality)
    quality = stateless_uniform([], seed, min_jpeg_quality, max_jpeg_quality, dtype=dtypes.int32)
    return adjust_jpeg_quality(image, quality)


__all__ = [
    "adjust_jpeg_quality",
    "decode_and_crop_jpeg",
    "decode_bmp",
    "decode_gif",
    "decode_image",
    "decode_jpeg",
    "decode_jxl",
    "decode_png",
    "decode_webp",
    "encode_jpeg",
    "encode_png",
    "extract_jpeg_shape",
    "is_jpeg",
    "random_jpeg_quality",
    "stateless_random_jpeg_quality",
]
