"""Projective transforms of images: rotations, translations, and what eight numbers can say."""

from __future__ import annotations

from typing import Any

import headrace as tf
from headrace.core import dtypes
from headrace.core.op import lookup

_TYPES = (dtypes.uint8, dtypes.int32, dtypes.int64, dtypes.float16, dtypes.float32, dtypes.float64)


def _batch(images: Any) -> tuple[Any, int]:
    """Images of 2, 3 or 4 dimensions as a batch, and how many they had."""
    images = tf.convert_to_tensor(images, name="images")
    rank = images.shape.rank
    if images.dtype not in _TYPES:
        raise TypeError(f"Invalid dtype {images.dtype}: images are of {', '.join(t.name for t in _TYPES)}.")
    if rank not in (2, 3, 4):
        raise TypeError(f"Images should have rank between 2 and 4, received shape {images.shape}.")
    return {2: lambda: images[None, :, :, None], 3: lambda: images[None], 4: lambda: images}[rank](), rank


def _unbatched(images: Any, rank: int) -> Any:
    return {2: lambda: images[0, :, :, 0], 3: lambda: images[0], 4: lambda: images}[rank]()


def _rows(x: Any, rank: int, what: str) -> Any:
    """A tensor of `rank` dimensions, or of one less for one row."""
    x = tf.convert_to_tensor(x, dtypes.float32)
    if x.shape.rank not in (rank - 1, rank):
        raise TypeError(f"{what} should have rank {rank - 1} or {rank}, received shape {x.shape}.")
    return x if x.shape.rank == rank else x[None]


def transform(
    images: Any,
    transforms: Any,
    interpolation: str = "NEAREST",
    output_shape: Any = None,
    name: str | None = None,
) -> Any:
    """Images whose pixel (x, y) is that at ((a0 x + a1 y + a2) / k, (b0 x + b1 y + b2) / k) with k = c0 x + c1 y + 1; 0 where
    that is outside.

    Args:
      images: [batch, height, width, channels], or without the first or the first and the last dimension.
      transforms: [batch, 8] or [8]: a0, a1, a2, b0, b1, b2, c0, c1.
      interpolation: "NEAREST" or "BILINEAR".
      output_shape: the height and width of what comes out: those of the images by default.

    Raises:
      TypeError: images or transforms have other shapes or types.
      ValueError: `output_shape` is not two numbers.

    >>> import headrace as tf
    >>> transform(tf.constant([[1, 2], [3, 4]]), [1.0, 0, 1, 0, 1, 0, 0, 0]).numpy().tolist()
    [[2, 0], [4, 0]]
    """
    with tf.name_scope(name or "transform"):
        batch, rank = _batch(images)
        rows = _rows(transforms, 2, "Transforms")
        size = (
            tf.shape(batch)[1:3] if output_shape is None else tf.convert_to_tensor(output_shape, dtypes.int32)
        )
        if not size.shape.is_compatible_with([2]):
            raise ValueError(f"output_shape must be new_height, new_width, received {output_shape!r}.")
        made = lookup("ImageProjectiveTransformV2")(batch, rows, size, interpolation=interpolation.upper())
        return _unbatched(made, rank)


def rotate(images: Any, angles: Any, interpolation: str = "NEAREST", name: str | None = None) -> Any:
    """Images turned counter-clockwise by angles in radians: one for all, or one for each."""
    with tf.name_scope(name or "rotate"):
        batch, rank = _batch(images)
        height, width = (tf.cast(tf.shape(batch)[i], dtypes.float32) for i in (1, 2))
        return _unbatched(
            transform(batch, angles_to_projective_transforms(angles, height, width), interpolation), rank
        )


def translate(images: Any, translations: Any, interpolation: str = "NEAREST", name: str | None = None) -> Any:
    """Images moved by (dx, dy): one for all, or one for each."""
    with tf.name_scope(name or "translate"):
        return transform(images, translations_to_projective_transforms(translations), interpolation)


def angles_to_projective_transforms(
    angles: Any, image_height: Any, image_width: Any, name: str | None = None
) -> Any:
    """The transforms [number of angles, 8] that turn images about their centres."""
    with tf.name_scope(name or "angles_to_projective_transforms"):
        angle = _rows(angles, 1, "Angles")
        cos, sin = tf.cos(angle), tf.sin(angle)
        right, down = (tf.cast(n, dtypes.float32) - 1 for n in (image_width, image_height))
        zero = tf.zeros_like(angle)
        return tf.stack(
            [cos, -sin, (right - (cos * right - sin * down)) / 2, sin, cos, (down - (sin * right + cos * down)) / 2, zero, zero],
            axis=1,
        )  # fmt: skip


def translations_to_projective_transforms(translations: Any, name: str | None = None) -> Any:
    """The transforms [number of translations, 8] that move images."""
    with tf.name_scope(name or "translations_to_projective_transforms"):
        moves = _rows(translations, 2, "Translations")
        dx, dy = moves[:, 0], moves[:, 1]
        one, zero = tf.ones_like(dx), tf.zeros_like(dx)
        return tf.stack([one, zero, -dx, zero, one, -dy, zero, zero], axis=1)


def compose_transforms(*transforms: Any) -> Any:
    """The transform that does the same as several, of which the first is applied to the images first.

    Raises:
      ValueError: there are none."""
    if not transforms:
        raise ValueError("transforms cannot be empty")
    with tf.name_scope("compose_transforms"):
        whole = flat_transforms_to_matrices(transforms[0])
        for one in transforms[1:]:
            whole = tf.matmul(whole, flat_transforms_to_matrices(one))
        return matrices_to_flat_transforms(whole)


def flat_transforms_to_matrices(transforms: Any) -> Any:
    """Transforms [n, 8] or [8] as matrices [n, 3, 3].

    Raises:
      ValueError: they have another shape."""
    transforms = tf.convert_to_tensor(transforms, name="transforms")
    if transforms.shape.rank not in (1, 2):
        raise ValueError(f"Transforms should be 1D or 2D, got: {transforms}")
    rows = tf.reshape(transforms, [-1, 8])
    return tf.reshape(tf.concat([rows, tf.ones_like(rows[:, :1])], 1), [-1, 3, 3])


def matrices_to_flat_transforms(transform_matrices: Any) -> Any:
    """Matrices [n, 3, 3] or [3, 3] as transforms [n, 8].

    Raises:
      ValueError: they have another shape."""
    matrices = tf.convert_to_tensor(transform_matrices, name="transform_matrices")
    if matrices.shape.rank not in (2, 3):
        raise ValueError(f"Matrices should be 2D or 3D, got: {matrices}")
    rows = tf.reshape(matrices, [-1, 9])
    return (rows / rows[:, 8:])[:, :8]
