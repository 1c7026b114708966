"""`tf.image`: parts of images, and images inside of larger ones."""

from __future__ import annotations

from typing import Any

from headrace.core import dtypes
from headrace.core.convert import to_tensor
from headrace.core.op import lookup
from headrace.core.scoping import called, scoped
from headrace.core.static import static_value
from headrace.core.tensor import Tensor
from headrace.ops.image_crops import CROP_AND_RESIZE, EXTRACT_GLIMPSE_V2
from headrace.ops.image_patches import EXTRACT_IMAGE_PATCHES

from .image_shapes import batched, dims, image_tensor, number, pack, require, set_known
from .random import stateless_uniform, uniform


@scoped("pad_to_bounding_box", None)
def pad_to_bounding_box(
    image: Any, offset_height: Any, offset_width: Any, target_height: Any, target_width: Any
) -> Any:
    """An image, or a batch of images, inside of a larger one of zeros.

    Args:
      offset_height, offset_width: how many rows and columns of zeros come first.
      target_height, target_width: the size of the result.

    Raises:
      ValueError: an offset is negative or the image does not fit; InvalidArgumentError where that depends on tensors.

    >>> import headrace as tf
    >>> tf.image.pad_to_bounding_box([[[1]]], 0, 1, 1, 3)[0, :, 0].numpy().tolist()
    [0, 1, 0]
    """

    def run(x: Tensor) -> Any:
        batch, height, width, channels = dims(x)
        top, left, rows, columns = (
            number(v) for v in (offset_height, offset_width, target_height, target_width)
        )
        bottom, right = rows - top - height, columns - left - width
        for amount, what in (
            (top, "offset_height must be >= 0"),
            (left, "offset_width must be >= 0"),
            (right, "width must be <= target - offset"),
            (bottom, "height must be <= target - offset"),
        ):
            if not isinstance(amount, Tensor) or amount._is_eager:  # the op checks the others
                require(amount >= 0, what)
        paddings = lookup("Reshape")(pack([0, 0, top, bottom, left, right, 0, 0]), [4, 2])
        return set_known(lookup("Pad")(x, paddings), [batch, rows, columns, channels])

    return batched(image, run)


@scoped("crop_to_bounding_box", None)
def crop_to_bounding_box(
    image: Any, offset_height: Any, offset_width: Any, target_height: Any, target_width: Any
) -> Any:
    """The part of an image, or of all images of a batch, that begins at the offset and has the target size.

    Raises:
      ValueError: the part is empty or not inside of the image; InvalidArgumentError where that depends on tensors.

    >>> import headrace as tf
    >>> tf.image.crop_to_bounding_box([[[1], [2], [3]]], 0, 1, 1, 2)[0, :, 0].numpy().tolist()
    [2, 3]
    """

    def run(x: Tensor) -> Any:
        batch, height, width, channels = dims(x)
        top, left, rows, columns = (
            number(v) for v in (offset_height, offset_width, target_height, target_width)
        )
        require(rows > 0, "target_height must be > 0.")
        require(columns > 0, "target_width must be > 0.")
        for value, limit, what in ((top, height - rows, "height"), (left, width - columns, "width")):
            if not isinstance(value, Tensor) or value._is_eager:  # the op checks the others
                require(value >= 0, f"offset_{what} must be >= 0.")
                if not isinstance(limit, Tensor) or limit._is_eager:
                    require(value <= limit, f"{what} must be >= target + offset.")
        size = pack([-1, rows, columns, -1])
        return set_known(lookup("Slice")(x, pack([0, top, left, 0]), size), [batch, rows, columns, channels])

    return batched(image, run)


@scoped("central_crop", "Slice")
def central_crop(image: Any, central_fraction: Any) -> Any:
    """The middle of an image, or of all images of a batch: `central_fraction` of its height and of its width.

    Raises:
      ValueError: the fraction is not in (0, 1], or the image's rank is neither 3 nor 4.

    >>> import headrace as tf
    >>> tf.image.central_crop([[[1], [2], [3], [4]]] * 4, 0.5).shape
    TensorShape([2, 2, 1])
    """
    fraction = central_fraction
    if isinstance(fraction, Tensor):
        known = static_value(fraction)
        fraction = fraction if known is None else float(known)
    x = to_tensor(image)
    if not isinstance(fraction, Tensor):
        if not 0.0 < fraction <= 1.0:
            raise ValueError(f"central_fraction must be within (0, 1]. Received: {fraction}")
        if fraction == 1.0:
            return x
    x = image_tensor(x)
    if x.ndim not in (3, 4):
        raise ValueError(f"`image` should either be a Tensor with rank = 3 or rank = 4. Had rank = {x.ndim}.")

    def begin(size: Any) -> Any:
        if not isinstance(size, Tensor) and not isinstance(fraction, Tensor):
            return int((float(size) - size * fraction) / 2)
        wide = lookup("Cast")(to_tensor(size), DstT=dtypes.float64)
        part = wide * lookup("Cast")(to_tensor(fraction), DstT=dtypes.float64)
        return lookup("Cast")((wide - part) / 2.0, DstT=dtypes.int32)

    def run(batch: Tensor) -> Any:
        images, height, width, channels = dims(batch)
        top, left = begin(height), begin(width)
        rows, columns = height - top * 2, width - left * 2
        cut = lookup("Slice")(batch, pack([0, top, left, 0]), pack([-1, rows, columns, -1]))
        return set_known(cut, [images, rows, columns, channels])

    return batched(x, run)


@scoped("resize_image_with_crop_or_pad", None)
def resize_with_crop_or_pad(image: Any, target_height: Any, target_width: Any) -> Any:
    """An image, or a batch of images, of the target size: its middle where it is larger, zeros around it where it is
    smaller.

    >>> import headrace as tf
    >>> tf.image.resize_with_crop_or_pad([[[1], [2], [3], [4]]], 3, 2)[1, :, 0].numpy().tolist()
    [2, 3]
    """
    rows, columns = number(target_height), number(target_width)

    def larger(x: Any, y: Any) -> Any:
        if isinstance(x, Tensor) or isinstance(y, Tensor):
            return lookup("Maximum")(x, y)
        return max(x, y)

    def run(x: Tensor) -> Any:
        require(columns > 0, "target_width must be > 0.")
        require(rows > 0, "target_height must be > 0.")
        _, height, width, _ = dims(x)
        down, across = rows - height, columns - width
        smaller = lambda a, b: -larger(-a, -b)
        cut = crop_to_bounding_box(
            x, larger(-down // 2, 0), larger(-across // 2, 0), smaller(rows, height), smaller(columns, width)
        )
        y = pad_to_bounding_box(cut, larger(down // 2, 0), larger(across // 2, 0), rows, columns)
        return called(y, "control_dependency_1")

    return batched(image, run)


# ---------------------------------------------------------------------------------------------------- random crops
def _random_crop(value: Any, size: Any, draw: Any, name: str | None) -> Any:
    x, size = to_tensor(value), to_tensor(size, dtypes.int32)
    shape = lookup("Shape")(x)
    require(lookup("All")(lookup("GreaterEqual")(shape, size), [0]), "Need value.shape >= size")
    limit = shape - size + 1
    offset = lookup("FloorMod")(draw(lookup("Shape")(shape)), limit)
    return lookup("Slice")(x, offset, size, name=name)


@scoped("random_crop")
def random_crop(value: Any, size: Any, seed: int | None = None, name: str | None = None) -> Any:
    """A part of `value` of the given size, at a random place. `size` has an entry for every dimension of `value`.

    Raises:
      InvalidArgumentError (ValueError where it is known before): `value` is smaller than `size`.

    >>> import headrace as tf
    >>> tf.image.random_crop(tf.zeros([8, 8, 3]), [4, 4, 3]).shape
    TensorShape([4, 4, 3])
    """
    most = dtypes.int32.max
    return _random_crop(value, size, lambda s: uniform(s, dtype=dtypes.int32, maxval=most, seed=seed), name)


@scoped("random_crop")
def stateless_random_crop(value: Any, size: Any, seed: Any, name: str | None = None) -> Any:
    """As `tf.image.random_crop`; the same seed (two integers) always takes the same part.

    >>> import headrace as tf
    >>> tf.image.stateless_random_crop(tf.range(100), [2], seed=[1, 2]).shape
    TensorShape([2])
    """
    most = dtypes.int32.max
    draw = lambda s: stateless_uniform(s, seed=seed, dtype=dtypes.int32, maxval=most)
    return _random_crop(value, size, draw, name)


# ---------------------------------------------------------------------------------------------------- many parts
def crop_and_resize(
    image: Any,
    boxes: Any,
    box_indices: Any,
    crop_size: Any,
    method: str = "bilinear",
    extrapolation_value: float = 0.0,
    name: str | None = None,
) -> Any:
    """Parts of the images of a batch, all resized to one size.

    Args:
      image: `[batch, height, width, channels]`.
      boxes: `[boxes, 4]`, float32: `y1, x1, y2, x2`, where 0 and 1 are the centres of the first and the last pixel. A box
        whose end comes before its beginning is flipped.
      box_indices: `[boxes]`, int32: which image each box is in.
      crop_size: `[crop_height, crop_width]`, int32.
      method: "bilinear" or "nearest".
      extrapolation_value: for what a box covers outside of its image.

    Returns: `[boxes, crop_height, crop_width, channels]`, float32. Differentiable in `image`, and with "bilinear" in
      `boxes`.

    >>> import headrace as tf
    >>> image = [[[[1.0], [2.0], [3.0]]]]
    >>> tf.image.crop_and_resize(image, [[0.0, 0.0, 0.0, 0.5]], [0], [1, 3])[0, 0, :, 0].numpy().tolist()
    [1.0, 1.5, 2.0]
    """
    return CROP_AND_RESIZE(
        image,
        boxes,
        box_indices,
        crop_size,
        method=method,
        extrapolation_value=extrapolation_value,
        name=name,
    )


def extract_glimpse(
    input: Any,
    size: Any,
    offsets: Any,
    centered: bool = True,
    normalized: bool = True,
    noise: str = "uniform",
    name: str | None = None,
) -> Any:
    """A window of every image of a batch; what it covers outside of the image is noise.

    Args:
      input: `[batch, height, width, channels]`, float32.
      size: `[height, width]` of the windows, int32.
      offsets: `[batch, 2]`, float32: where the windows are (y, x).
      centered: whether (0, 0) is the centre of the image, or its upper left corner.
      normalized: whether offsets are in units of the image's size, or pixels. Centred and normalized offsets, from -1 to
        1, are those of the windows' centres, others of their upper left corners.
      noise: "uniform", "gaussian" or "zero".

    >>> import headrace as tf
    >>> image = tf.reshape(tf.range(1.0, 10.0), [1, 3, 3, 1])
    >>> tf.image.extract_glimpse(image, [2, 2], [[1.0, 1.0]], False, False)[0, :, :, 0].numpy().tolist()
    [[5.0, 6.0], [8.0, 9.0]]
    """
    return EXTRACT_GLIMPSE_V2(
        input,
        size,
        offsets,
        centered=centered,
        normalized=normalized,
        uniform_noise=False,
        noise=noise,
        name=name,
    )


def extract_patches(
    images: Any, sizes: Any, strides: Any, rates: Any, padding: str, name: str | None = None
) -> Any:
    """Overlapping patches of images, each as one long vector of channels.

    Args:
      images: `[batch, height, width, channels]`.
      sizes, strides, rates: `[1, rows, columns, 1]`: the patches' size, how far they are apart, and the distance of the
        pixels they take.
      padding: "VALID", or "SAME" for patches that reach over the border, where there are zeros.

    Returns: `[batch, rows, columns, height * width * channels of a patch]`.

    >>> import headrace as tf
    >>> x = tf.reshape(tf.range(16), [1, 4, 4, 1])
    >>> tf.image.extract_patches(x, [1, 2, 2, 1], [1, 2, 2, 1], [1, 1, 1, 1], "VALID")[0, 0, 0].numpy().tolist()
    [0, 1, 4, 5]
    """
    return EXTRACT_IMAGE_PATCHES(
        images, ksizes=list(sizes), strides=list(strides), rates=list(rates), padding=padding, name=name
    )


__all__ = [
    "central_crop",
    "crop_and_resize",
    "crop_to_bounding_box",
    "extract_glimpse",
    "extract_patches",
    "pad_to_bounding_box",
    "random_crop",
    "resize_with_crop_or_pad",
    "stateless_random_crop",
]
