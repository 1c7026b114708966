"""`tf.image`: resizing."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from headrace.core import dtypes
from headrace.core.convert import to_tensor
from headrace.core.op import lookup
from headrace.core.scoping import scoped
from headrace.core.shapes import known
from headrace.core.static import static_shape
from headrace.core.tensor import Tensor
from headrace.ops import image_resize as ops
from headrace.ops.image_scale import SCALE_AND_TRANSLATE

from .image_crop import pad_to_bounding_box
from .image_shapes import batched, dims, require, set_known


class ResizeMethod:
    """The names of the methods that `tf.image.resize` takes."""

    BILINEAR = "bilinear"
    NEAREST_NEIGHBOR = "nearest"
    BICUBIC = "bicubic"
    AREA = "area"
    LANCZOS3 = "lanczos3"
    LANCZOS5 = "lanczos5"
    GAUSSIAN = "gaussian"
    MITCHELLCUBIC = "mitchellcubic"


_BY_INDEX = {"bilinear": ops.RESIZE_BILINEAR, "nearest": ops.NEAREST, "bicubic": ops.RESIZE_BICUBIC}
_SAMPLED = {
    "bilinear": "triangle", "bicubic": "keyscubic", "lanczos3": "lanczos3", "lanczos5": "lanczos5",
    "gaussian": "gaussian", "mitchellcubic": "mitchellcubic",
}  # fmt: skip


def _float(x: Any) -> Any:
    return lookup("Cast")(x, DstT=dtypes.float32)


def _resized(images: Tensor, size: Tensor, method: Any, antialias: bool) -> Tensor:
    if method in _BY_INDEX and (method == "nearest" or not antialias):
        return _BY_INDEX[method](images, size, half_pixel_centers=True)
    if method == "area":
        return ops.RESIZE_AREA(images, size)
    if method not in _SAMPLED:
        names = ", ".join(sorted({*_BY_INDEX, *_SAMPLED, "area"}))
        raise ValueError(f"Resize method is not implemented: {method}. The methods are {names}.")
    shape = images._raw_shape
    assert shape is not None
    spatial: Any = list(shape[1:3]) if known(shape[1:3]) else lookup("Shape")(images)[1:3]
    scale = _float(size) / _float(spatial)
    return SCALE_AND_TRANSLATE(
        images, size, scale, [0.0, 0.0], kernel_type=_SAMPLED[method], antialias=antialias
    )


def resize(
    images: Any,
    size: Any,
    method: Any = ResizeMethod.BILINEAR,
    preserve_aspect_ratio: bool = False,
    antialias: bool = False,
    name: str | None = None,
) -> Any:
    """Images resized to `size`.

    Args:
      images: `[batch, height, width, channels]` or `[height, width, channels]`.
      size: `[new_height, new_width]`, int32.
      method: one of `tf.image.ResizeMethod`.
      preserve_aspect_ratio: make the images as large as fits into `size`, without distorting them.
      antialias: when shrinking, take all pixels into account that an output pixel covers. Has no effect on "nearest" and
        "area".

    Returns: float32, but of the images' type for "nearest".

    Raises:
      ValueError: images of another rank, an unknown method, or a size that is not two numbers.

    >>> import headrace as tf
    >>> tf.image.resize([[[0.0], [4.0]]], [1, 4])[0, :, 0].numpy().tolist()
    [0.0, 1.0, 3.0, 4.0]
    """
    run = lambda x, sizes: _resized(x, sizes, method, antialias)
    return apply(images, size, preserve_aspect_ratio, run, name)


@scoped("resize", None)
def apply(
    images: Any, size: Any, preserve_aspect_ratio: bool, resizer: Callable[..., Any], name: str | None
) -> Any:
    """`resizer(batch, size)` for one image or a batch, after checks."""
    x = to_tensor(images)
    if x.ndim is None:
        raise ValueError("'images' contains no shape.")
    if x.ndim not in (3, 4):
        raise ValueError(f"'images' must have either 3 or 4 dimensions, received shape {x.shape}.")
    one = x.ndim == 3
    if one:
        x = lookup("ExpandDims")(x, 0)
    try:
        sizes = to_tensor(size, dtypes.int32)
    except (TypeError, ValueError) as error:
        raise ValueError(f"'size' must be a 1-D int32 Tensor, received {size!r}") from error
    if not sizes.shape.is_compatible_with([2]):
        raise ValueError(
            f"'size' must be a 1-D Tensor of 2 elements: new_height, new_width. Received shape {sizes.shape}"
        )
    if preserve_aspect_ratio:
        sizes = _fitting(dims(x)[1:3], sizes)
    y = resizer(x, sizes)
    if not y._is_eager:
        shape = static_shape(sizes) or (None, None)
        set_known(y, [None, *shape, None])
    return lookup("Squeeze")(y, squeeze_dims=[0], name=name) if one else y


def _whole(x: Any) -> Tensor:
    return lookup("Cast")(lookup("Floor")(x), DstT=dtypes.int32)


def _fitting(current: Any, size: Any) -> Any:
    """The largest size inside of `size` with the proportions of `current`."""
    sides = [_float(to_tensor(d, dtypes.int32)) for d in current]
    factor = lookup("Minimum")(*[_float(size[i]) / side for i, side in enumerate(sides)])
    return lookup("Pack")([lookup("Cast")(lookup("Round")(factor * s), DstT=dtypes.int32) for s in sides])


def resize_with_pad(
    image: Any,
    target_height: Any,
    target_width: Any,
    method: Any = ResizeMethod.BILINEAR,
    antialias: bool = False,
) -> Any:
    """An image, or a batch of images, resized without distortion to fit into the target, zeros filling the rest.

    >>> import headrace as tf
    >>> tf.image.resize_with_pad(tf.ones([2, 4, 1]), 4, 4)[:, 0, 0].numpy().tolist()
    [0.0, 1.0, 1.0, 0.0]
    """

    run = lambda x, size: resize(x, size, method, antialias=antialias)
    return apply_with_pad(image, target_height, target_width, run)


@scoped("resize_image_with_pad", None)
def apply_with_pad(image: Any, target_height: Any, target_width: Any, resizer: Callable[..., Any]) -> Any:
    """`resizer(batch, size)` with the largest size that fits into the target, and zeros around it."""

    def run(x: Tensor) -> Any:
        require(target_width > 0, "target_width must be > 0.")
        require(target_height > 0, "target_height must be > 0.")
        _, height, width, _ = dims(x)
        wide = (target_height, target_width, height, width)
        th, tw, h, w = (_float(to_tensor(d)) for d in wide)
        ratio = lookup("Maximum")(w / tw, h / th)
        new_height, new_width = h / ratio, w / ratio
        size = lookup("Pack")([_whole(new_height), _whole(new_width)])
        top, left = (
            lookup("Maximum")(0, _whole((t - new) / 2)) for t, new in ((th, new_height), (tw, new_width))
        )
        return pad_to_bounding_box(resizer(x, size), top, left, target_height, target_width)

    return batched(image, run)


__all__ = ["ResizeMethod", "resize", "resize_with_pad"]
