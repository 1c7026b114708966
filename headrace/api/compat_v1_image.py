"""`tf.compat.v1.image`: what takes other arguments than in `tf.image`, and resizing as 1.x did it: between the upper left
corners of pixels (or with `align_corners` the centres of the outermost ones), where 2.x goes by all pixels' centres."""

from __future__ import annotations

from typing import Any

from headrace.core.op import lookup

from . import image_boxes, image_crop
from .image_resize import apply, apply_with_pad


class ResizeMethod:
    """The numbers of the methods that `tf.compat.v1.image.resize` takes."""

    BILINEAR = 0
    NEAREST_NEIGHBOR = 1
    BICUBIC = 2
    AREA = 3


_OPS = {
    0: "ResizeBilinear", 1: "ResizeNearestNeighbor", 2: "ResizeBicubic", 3: "ResizeArea",
    "bilinear": "ResizeBilinear", "nearest": "ResizeNearestNeighbor", "bicubic": "ResizeBicubic", "area": "ResizeArea",
}  # fmt: skip


def _resizer(method: Any, align_corners: bool) -> Any:
    if method not in _OPS:
        raise ValueError(f"Resize method is not implemented: {method}. It is one of {list(_OPS)}.")
    return lambda images, size: lookup(_OPS[method])(images, size, align_corners=align_corners)


def resize(
    images: Any,
    size: Any,
    method: Any = ResizeMethod.BILINEAR,
    align_corners: bool = False,
    preserve_aspect_ratio: bool = False,
    name: str | None = None,
) -> Any:
    """Images resized to `size`, as 1.x did it. Images that have the size already are returned as they are.

    Args:
      images: `[batch, height, width, channels]` or `[height, width, channels]`.
      method: one of `tf.compat.v1.image.ResizeMethod`, or its name.
      align_corners: whether the centres of the corner pixels of input and output are the same.
      preserve_aspect_ratio: make the images as large as fits into `size`, without distorting them.
    """
    run = _resizer(method, align_corners)

    def resizer(x: Any, sizes: Any) -> Any:
        same = x.shape[1:3].is_fully_defined() and _known(sizes) == x.shape[1:3].as_list()
        return lookup("Identity")(x) if same else run(x, sizes)

    return apply(images, size, preserve_aspect_ratio, resizer, name)


def _known(size: Any) -> Any:
    from headrace.core.static import static_value

    value = static_value(size)
    return None if value is None else value.tolist()


resize_images = resize


def resize_image_with_pad(
    image: Any,
    target_height: Any,
    target_width: Any,
    method: Any = ResizeMethod.BILINEAR,
    align_corners: bool = False,
) -> Any:
    """An image, or a batch of images, resized as 1.x did it to fit into the target, zeros filling the rest."""
    run = lambda x, size: resize(x, size, method, align_corners)
    return apply_with_pad(image, target_height, target_width, run)


def resize_area(images: Any, size: Any, align_corners: bool = False, name: str | None = None) -> Any:
    """A batch of images resized by means over the pixels covered."""
    return lookup("ResizeArea")(images, size, align_corners=align_corners, name=name)


def resize_bicubic(
    images: Any,
    size: Any,
    align_corners: bool = False,
    name: str | None = None,
    half_pixel_centers: bool = False,
) -> Any:
    """A batch of images resized by cubic interpolation."""
    return lookup("ResizeBicubic")(
        images, size, align_corners=align_corners, half_pixel_centers=half_pixel_centers, name=name
    )


def resize_bilinear(
    images: Any,
    size: Any,
    align_corners: bool = False,
    name: str | None = None,
    half_pixel_centers: bool = False,
) -> Any:
    """A batch of images resized by linear interpolation."""
    return lookup("ResizeBilinear")(
        images, size, align_corners=align_corners, half_pixel_centers=half_pixel_centers, name=name
    )


def resize_nearest_neighbor(
    images: Any,
    size: Any,
    align_corners: bool = False,
    name: str | None = None,
    half_pixel_centers: bool = False,
) -> Any:
    """A batch of images resized by taking the nearest pixels."""
    return lookup("ResizeNearestNeighbor")(
        images, size, align_corners=align_corners, half_pixel_centers=half_pixel_centers, name=name
    )


# --------------------------------------------------------------------------------------------------- other arguments
def crop_and_resize(
    image: Any,
    boxes: Any,
    box_ind: Any = None,
    crop_size: Any = None,
    method: str = "bilinear",
    extrapolation_value: float = 0,
    name: str | None = None,
    box_indices: Any = None,
) -> Any:
    """`tf.image.crop_and_resize`; `box_ind` is the old name of `box_indices`."""
    if box_indices is not None and box_ind is not None:
        raise ValueError("Cannot specify both 'box_indices' and 'box_ind'.")
    which = box_ind if box_indices is None else box_indices
    return image_crop.crop_and_resize(image, boxes, which, crop_size, method, extrapolation_value, name)


def extract_glimpse(
    input: Any,
    size: Any,
    offsets: Any,
    centered: bool = True,
    normalized: bool = True,
    uniform_noise: bool = True,
    name: str | None = None,
) -> Any:
    """Windows of a batch of images, as 1.x cut them: offsets are always those of the windows' centres.

    Args:
      uniform_noise: whether what is outside of the image is uniform noise, or Gaussian.
    """
    return lookup("ExtractGlimpse")(
        input, size, offsets, centered=centered, normalized=normalized, uniform_noise=uniform_noise, name=name
    )


def extract_image_patches(
    images: Any,
    ksizes: Any = None,
    strides: Any = None,
    rates: Any = None,
    padding: Any = None,
    name: str | None = None,
    sizes: Any = None,
) -> Any:
    """`tf.image.extract_patches`; `ksizes` is the old name of `sizes`."""
    if sizes is not None and ksizes is not None:
        raise ValueError("Cannot specify both 'sizes' and 'ksizes'.")
    return image_crop.extract_patches(
        images, ksizes if sizes is None else sizes, strides, rates, padding, name
    )


def draw_bounding_boxes(images: Any, boxes: Any, name: str | None = None, colors: Any = None) -> Any:
    """`tf.image.draw_bounding_boxes`, in its own set of colours unless some are given."""
    return image_boxes.draw_bounding_boxes(images, boxes, colors, name)


def sample_distorted_bounding_box(
    image_size: Any,
    bounding_boxes: Any,
    seed: int | None = None,
    seed2: int | None = None,
    min_object_covered: Any = 0.1,
    aspect_ratio_range: Any = None,
    area_range: Any = None,
    max_attempts: int | None = None,
    use_image_if_no_bounding_boxes: bool | None = None,
    name: str | None = None,
) -> Any:
    """`tf.image.sample_distorted_bounding_box` with both seeds of the op; another part every time if there are none."""
    return image_boxes.sample_with_seeds(
        image_size, bounding_boxes, (seed or 0, seed2 or 0), min_object_covered, name, aspect_ratio_range, area_range,
        max_attempts, use_image_if_no_bounding_boxes,
    )  # fmt: skip


NAMES = {
    "image": [
        "ResizeMethod", "crop_and_resize", "draw_bounding_boxes", "extract_glimpse", "extract_image_patches", "resize",
        "resize_area", "resize_bicubic", "resize_bilinear", "resize_image_with_pad", "resize_images",
        "resize_nearest_neighbor", "sample_distorted_bounding_box",
    ]
}  # fmt: skip
