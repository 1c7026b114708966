"""Ops that read and write image files, through Pillow (the extra `image`).

As in TensorFlow, every op reads all formats that fit its output: `DecodePng` also takes a JPEG file."""

from __future__ import annotations

import io
import threading
from collections.abc import Callable
from typing import Any

import numpy as np

from headrace.core import dtypes
from headrace.core.errors import ShapeError, UnimplementedError, invalid
from headrace.core.op import OpDef, ShapeContext
from headrace.core.shapes import Raw
from headrace.core.tape import not_differentiable

from .image_files import grey, jpeg_shape, kind_of, png_header, read_bmp, read_png16, write_png

_lenient = threading.Lock()  # Pillow has one switch for reading files that end too early, for everybody


def _pillow() -> Any:
    try:
        from PIL import Image
    except ImportError as error:
        raise ImportError(
            "Reading and writing this image format needs Pillow: pip install 'headrace[image]'."
        ) from error
    return Image


def _opened(data: bytes, kind: str) -> Any:
    image = _pillow()
    formats = {"WebP": "WEBP", "JPEG XL": "JXL"}
    try:
        return image.open(io.BytesIO(data), formats=[formats.get(kind, kind)])
    except (OSError, ValueError, SyntaxError, KeyError, image.DecompressionBombError) as error:
        raise invalid(f"Invalid {kind} data, size {len(data)}: {error}") from error


def _pixels(load: Callable[[], Any], kind: str, size: int) -> np.ndarray:
    """What Pillow loads; its complaints become InvalidArgumentError."""
    try:
        out = np.asarray(load())
    except (OSError, ValueError, SyntaxError, EOFError, IndexError) as error:
        raise invalid(f"Invalid {kind} data, size {size}: {error}") from error
    return out if out.ndim == 3 else out[..., None]


# --------------------------------------------------------------------------------------------------------------- formats
def _jpeg(data: bytes, channels: int, options: dict[str, Any]) -> np.ndarray:
    if channels not in (0, 1, 3):
        raise invalid(f"JPEG does not support {channels} channels")
    own = jpeg_shape(data)[2]
    if own == 4 and channels == 1:
        raise invalid("Invalid JPEG data: an image in four inks (CMYK) has no single channel")
    image = _opened(data, "JPEG")
    mode = {0: "L" if own == 1 else "RGB", 1: "L", 3: "RGB"}[channels]
    if own != 4:  # lets the library itself give luma alone, or an image of half the size
        ratio = options.get("ratio", 1)
        image.draft(mode, [max(1, side // ratio) for side in image.size])
        # TensorFlow's default is the fast transform, which Pillow only has together with plain upscaling of chroma.
        plain = not options.get("fancy_upscaling", True) or channels == 1 or not _subsampled(image)
        if plain and options.get("dct_method") != "INTEGER_ACCURATE":
            image.decoderconfig = (image.decoderconfig[0], 1)
    load = lambda: image.convert(mode)
    if options.get("try_recover_truncated"):
        from PIL import ImageFile

        with _lenient:
            ImageFile.LOAD_TRUNCATED_IMAGES = True
            try:
                return _pixels(load, "JPEG", len(data))
            finally:
                ImageFile.LOAD_TRUNCATED_IMAGES = False
    return _pixels(load, "JPEG", len(data))


def _subsampled(image: Any) -> bool:
    """Whether colours have a lower resolution than luma."""
    return len({layer[1:3] for layer in image.layer}) > 1


def _png(data: bytes, channels: int, wide: bool) -> np.ndarray:
    """uint16 if `wide`, else uint8."""
    if channels not in (0, 1, 3, 4):
        raise invalid(f"channels must be 0, 1, 3 or 4, got {channels}")
    _, _, bits, _, _ = png_header(data)
    if bits == 16:
        x = read_png16(data)
    else:
        image = _opened(data, "PNG")
        if image.mode == "P":
            image = image.convert("RGBA" if "transparency" in image.info else "RGB")
        elif image.mode not in ("L", "LA", "RGB", "RGBA"):
            image = image.convert("L")
        x = _pixels(lambda: image, "PNG", len(data))
    x = _with_channels(x, channels or x.shape[-1])
    if wide:
        return x if bits == 16 else x.astype(np.uint16) * 257
    return (x >> 8).astype(np.uint8) if bits == 16 else x


def _with_channels(x: np.ndarray, channels: int) -> np.ndarray:
    """Grey, colours, and colours with opacity, one made of the other."""
    own = x.shape[-1]
    if channels == own:
        return x
    colors, alpha = (x[..., :-1], x[..., -1:]) if own in (2, 4) else (x, None)
    if channels == 1:
        return colors if colors.shape[-1] == 1 else grey(colors)
    colors = np.repeat(colors, 3, -1) if colors.shape[-1] == 1 else colors
    if channels == 3:
        return colors
    opaque = np.full(x.shape[:-1] + (1,), np.iinfo(x.dtype).max, x.dtype) if alpha is None else alpha
    return np.concatenate([colors, opaque], -1)


def _bmp(data: bytes, channels: int) -> np.ndarray:
    if channels not in (0, 3, 4):
        raise invalid(f"`channels` must be 0, 3 or 4 for BMP, but got {channels}")
    x = read_bmp(data)
    return _with_channels(x, channels or x.shape[-1])


def _gif(data: bytes, channels: int) -> np.ndarray:
    """`[frames, height, width, 3]`."""
    if channels not in (0, 3):
        raise invalid(f"channels must be 0 or 3 for GIF, got {channels}")
    return _frames(_opened(data, "GIF"), "RGB", "GIF", len(data))


def _webp(data: bytes, channels: int, kind: str) -> np.ndarray:
    """`[frames, height, width, 3 or 4]`."""
    if channels not in (0, 3, 4):
        raise invalid(f"{kind} only supports 3 or 4 channels")
    image = _opened(data, kind)
    own = 4 if image.mode == "RGBA" else 3
    if channels not in (0, own):
        raise invalid("Number of channels requested does not match input")
    return _frames(image, "RGBA" if own == 4 else "RGB", kind, len(data))


def _frames(image: Any, mode: str, kind: str, size: int) -> np.ndarray:
    def frame(i: int) -> Any:
        image.seek(i)
        return image.convert(mode)

    count = _checked_count(image, kind, size)
    return np.stack([_pixels(lambda i=i: frame(i), kind, size) for i in range(count)])  # type: ignore[misc]


def _checked_count(image: Any, kind: str, size: int) -> int:
    try:
        return int(getattr(image, "n_frames", 1))
    except (OSError, ValueError, SyntaxError, EOFError) as error:
        raise invalid(f"Invalid {kind} data, size {size}: {error}") from error


# ------------------------------------------------------------------------------------------------------------- decoding
def decoded(op: str, contents: np.ndarray, channels: int, dtype: Any, **options: Any) -> np.ndarray:
    """The image of a file in any format that the op takes, as `dtype`."""
    data = bytes(contents[()])
    if not data:
        raise invalid("Input is empty.")
    kind = kind_of(data)
    if kind is None:
        raise invalid("Unknown image file format. One of JPEG, PNG, GIF, BMP, WebP, JPEG XL required.")
    if op == "DecodeGif":
        channels = 3
    if kind == "BMP" and op not in ("DecodeBmp", "DecodeImage"):
        _bmp(data, channels)
        raise invalid(
            "Trying to decode BMP format using a wrong op. Use `decode_bmp` or `decode_image` instead."
        )
    if (op == "DecodeBmp" and kind in ("JPEG", "PNG", "GIF")) or (op == "DecodeWebP" and kind == "GIF"):
        raise invalid(f"Trying to decode {kind} format using {op} op. Use `decode_image` instead.")
    if kind in ("WebP", "JPEG XL"):
        if dtype is not dtypes.uint8:
            raise invalid(f"{kind} only supports uint8 for dtype")
        x = _webp(data, channels, kind)
        return x if kind == "WebP" and options.get("expand_animations", True) else x[0]
    if kind == "PNG":
        x = _png(data, channels, dtype is not dtypes.uint8)
    elif kind == "JPEG":
        x = _jpeg(data, channels, options)
    elif kind == "BMP":
        x = _bmp(data, channels)
    else:
        x = _gif(data, channels)
        if op not in ("DecodeGif", "DecodeImage"):
            if len(x) > 1:
                raise invalid(
                    f"Got {len(x)} frames, but animated gifs can only be decoded by tf.io.decode_gif or "
                    "tf.io.decode_image"
                )
            x = x[0]
        elif not options.get("expand_animations", True):
            x = x[0]
    if op == "DecodeGif" and x.ndim == 3:
        x = x[None]
    return _as_type(x, dtype)


def _as_type(x: np.ndarray, dtype: Any) -> np.ndarray:
    if x.dtype == dtype._np:
        return x
    if dtype is dtypes.uint16:
        return x.astype(np.uint16) * 256
    return x.astype(np.float32) * np.float32(1 / np.iinfo(x.dtype).max)


def _scalar(c: ShapeContext) -> None:
    if c[0] not in ((), None):
        raise ShapeError(f"contents must be scalar, but has shape {list(c[0] or ())}")


def _image_shape(c: ShapeContext) -> Raw:
    _scalar(c)
    channels = c.attrs["channels"]
    if channels < 0:
        raise ShapeError(f"channels must be non-negative, got {channels}")
    if c.op.name == "DecodeImage":
        return (None, None, channels or None) if not c.attrs["expand_animations"] else None
    return None if c.op.name == "DecodeWebP" else (None, None, channels or None)


_JPEG: dict[str, Any] = {
    "channels": 0, "ratio": 1, "fancy_upscaling": True, "try_recover_truncated": False,
    "acceptable_fraction": 1.0, "dct_method": "",
}  # fmt: skip


def _checked(a: dict[str, Any]) -> dict[str, Any]:
    """The options of JPEG; those that Pillow has no switch for must have their defaults."""
    if a["ratio"] not in (1, 2, 4, 8):
        raise invalid(f"ratio must be 1, 2, 4, or 8, got {a['ratio']}")
    if a["dct_method"] not in ("", "INTEGER_FAST", "INTEGER_ACCURATE"):  # a hint; there is one method here
        raise invalid(
            f"dct_method must be one of {{'', 'INTEGER_FAST', 'INTEGER_ACCURATE'}}, got {a['dct_method']!r}"
        )
    if a["acceptable_fraction"] != 1:
        raise UnimplementedError(
            None,
            None,
            "acceptable_fraction is not available; use try_recover_truncated=True for partial images.",
        )
    return a


def _decode_jpeg(contents: np.ndarray, *, channels: int, **a: Any) -> np.ndarray:
    return decoded("DecodeJpeg", contents, channels, dtypes.uint8, **_checked(a))


def _decode_and_crop(contents: np.ndarray, crop_window: np.ndarray, *, channels: int, **a: Any) -> np.ndarray:
    x = decoded("DecodeAndCropJpeg", contents, channels, dtypes.uint8, **_checked(a))
    top, left, height, width = (int(v) for v in crop_window)
    if (
        top < 0
        or left < 0
        or height <= 0
        or width <= 0
        or top + height > x.shape[0]
        or left + width > x.shape[1]
    ):
        raise invalid(
            f"Invalid JPEG data or crop window: {[top, left, height, width]} of an image of {x.shape[:2]}"
        )
    return x[top : top + height, left : left + width]


def _window_shape(c: ShapeContext) -> Raw:
    shape, window = _image_shape(c), c.value(1)
    if c[1] is not None and (len(c[1]) != 1 or c[1][0] not in (4, None)):
        raise ShapeError(f"crop_window must be [y, x, height, width], but has shape {list(c[1])}")
    return shape if window is None or shape is None else (int(window[2]), int(window[3]), shape[2])


def _row(
    name: str, signature: str, kernel: Any, shape: Any, attrs: dict[str, Any] | None = None, **more: Any
) -> OpDef:
    return OpDef(
        name, signature, attrs=attrs, shape=shape, kernel=kernel, host=True, grad=not_differentiable, **more
    )


_TYPED: dict[str, Any] = {"channels": 0, "dtype": dtypes.uint8}


def _of_type(op: str, allowed: frozenset[Any]) -> Callable[..., Any]:
    def kernel(contents: np.ndarray, *, channels: int, dtype: Any, **options: Any) -> np.ndarray:
        if dtype not in allowed:
            names = ", ".join(sorted(d.name for d in allowed))
            raise invalid(f"dtype must be one of {names}, got {dtype.name}")
        return decoded(op, contents, channels, dtype, **options)

    return kernel


_INTEGERS = frozenset({dtypes.uint8, dtypes.uint16})
DECODE_JPEG = _row("DecodeJpeg", "contents: string -> image: uint8", _decode_jpeg, _image_shape, _JPEG)
DECODE_AND_CROP_JPEG = _row(
    "DecodeAndCropJpeg",
    "contents: string, crop_window: int32 -> image: uint8",
    _decode_and_crop,
    _window_shape,
    _JPEG,
)
DECODE_PNG = _row(
    "DecodePng", "contents: string -> image: dtype", _of_type("DecodePng", _INTEGERS), _image_shape, _TYPED
)
DECODE_WEBP = _row(
    "DecodeWebP",
    "contents: string -> image: dtype",
    _of_type("DecodeWebP", frozenset({dtypes.uint8})),
    _image_shape,
    _TYPED,
)
DECODE_JXL = _row(
    "DecodeJxl", "contents: string -> image: dtype", _of_type("DecodeJxl", _INTEGERS), _image_shape, _TYPED
)
DECODE_IMAGE = _row(
    "DecodeImage",
    "contents: string -> image: dtype",
    _of_type("DecodeImage", _INTEGERS | {dtypes.float32}),
    _image_shape,
    _TYPED | {"expand_animations": True},
)
DECODE_BMP = _row(
    "DecodeBmp",
    "contents: string -> image: uint8",
    lambda contents, channels: decoded("DecodeBmp", contents, channels, dtypes.uint8),
    _image_shape,
    {"channels": 0},
)


def _gif_shape(c: ShapeContext) -> Raw:
    _scalar(c)
    return (None, None, None, 3)


DECODE_GIF = _row(
    "DecodeGif",
    "contents: string -> image: uint8",
    lambda contents: decoded("DecodeGif", contents, 0, dtypes.uint8),
    _gif_shape,
)


def _three(c: ShapeContext) -> Raw:
    _scalar(c)
    return (3,)


EXTRACT_JPEG_SHAPE = _row(
    "ExtractJpegShape",
    "contents: string -> image_shape: output_type",
    lambda contents, output_type: np.array(jpeg_shape(bytes(contents[()])), output_type._np),
    _three,
    {"output_type": dtypes.int32},
)


# ------------------------------------------------------------------------------------------------------------- encoding
def _text(data: bytes) -> np.ndarray:
    out = np.empty((), object)
    out[()] = data
    return out


def _saved(image: np.ndarray, quality: int, **options: Any) -> np.ndarray:
    if not 0 <= quality <= 100:
        raise invalid(f"quality must be in [0,100], got {quality}")
    height, width, channels = image.shape
    if channels not in (1, 3) or not 0 < height < 1 << 16 or not 0 < width < 1 << 16:
        raise invalid(
            f"A JPEG image is up to 65535 pixels wide and high, with 1 or 3 channels; got {list(image.shape)}"
        )
    file = io.BytesIO()
    picture = _pillow().fromarray(image[..., 0] if channels == 1 else np.ascontiguousarray(image))
    picture.save(file, "JPEG", quality=max(1, quality), **options)  # 0 means the default there
    return _text(file.getvalue())


def _encode_jpeg(
    image: np.ndarray, *, format: str, quality: int, progressive: bool, optimize_size: bool, chroma_downsampling: bool,
    density_unit: str, x_density: int, y_density: int, xmp_metadata: Any,
) -> np.ndarray:  # fmt: skip
    channels = {"": image.shape[-1], "grayscale": 1, "rgb": 3}.get(format)
    if channels is None:
        raise invalid(f"format must be '', 'grayscale' or 'rgb', got {format!r}")
    if channels != image.shape[-1]:
        raise invalid(f"format {format!r} expects {channels} channels, got {image.shape[-1]}")
    inches = {"in": 1.0, "cm": 2.54}.get(density_unit)
    if inches is None:
        raise invalid(f"density_unit must be 'in' or 'cm', got {density_unit!r}")
    options: dict[str, Any] = {"progressive": progressive, "optimize": optimize_size}
    options["dpi"] = round(x_density * inches), round(y_density * inches)
    if image.shape[-1] == 3:
        options["subsampling"] = 2 if chroma_downsampling else 0
    if xmp_metadata:
        options["xmp"] = xmp_metadata.encode() if isinstance(xmp_metadata, str) else bytes(xmp_metadata)
    return _saved(image, quality, **options)


def _encoded_image(c: ShapeContext) -> Raw:
    c.same_rank(0, 3)
    return ()


ENCODE_JPEG = _row(
    "EncodeJpeg",
    "image: uint8 -> contents: string",
    _encode_jpeg,
    _encoded_image,
    {
        "format": "",
        "quality": 95,
        "progressive": False,
        "optimize_size": False,
        "chroma_downsampling": True,
        "density_unit": "in",
        "x_density": 300,
        "y_density": 300,
        "xmp_metadata": "",
    },
)
ENCODE_JPEG_VARIABLE_QUALITY = _row(
    "EncodeJpegVariableQuality",
    "images: uint8, quality: int32 -> contents: string",
    lambda images, quality: _saved(images, int(quality)),
    _encoded_image,
)


def _encode_png(image: np.ndarray, *, compression: int) -> np.ndarray:
    if not -1 <= compression <= 9:
        raise invalid(f"compression should be between -1 and 9, got {compression}")
    lead, (height, width, channels) = image.shape[:-3], image.shape[-3:]
    if not height or not width or not 1 <= channels <= 4:
        raise invalid(f"image must have shape [..., height, width, 1 to 4 channels], got {list(image.shape)}")
    out = np.empty(lead, object)
    for index in np.ndindex(lead):
        out[index] = write_png(image[index], compression)
    return out


def _encoded_batch(c: ShapeContext) -> Raw:
    shape = c[0]
    if shape is not None and len(shape) < 3:
        raise ShapeError(f"image must be at least 3-dimensional, but has shape {list(shape)}")
    return None if shape is None else shape[:-3]


ENCODE_PNG = _row(
    "EncodePng",
    "image: T -> contents: string",
    _encode_png,
    _encoded_batch,
    {"compression": -1},
    types={"T": _INTEGERS},
)

__all__ = [
    "DECODE_AND_CROP_JPEG",
    "DECODE_BMP",
    "DECODE_GIF",
    "DECODE_IMAGE",
    "DECODE_JPEG",
    "DECODE_JXL",
    "DECODE_PNG",
    "DECODE_WEBP",
    "ENCODE_JPEG",
    "ENCODE_JPEG_VARIABLE_QUALITY",
    "ENCODE_PNG",
    "EXTRACT_JPEG_SHAPE",
]
