"""Resizing, with gradients."""

from conformance.harness import raises, snippet

SIZES = ["5x7-10x3", "8x8-16x16", "6x4-3x9", "1x3-2x2", "33x20-7x45"]


def _images(text, batch=2, channels=3):
    import numpy as np

    h, w = (int(d) for d in text.split("-")[0].split("x"))
    return np.random.default_rng(h * w).normal(size=(batch, h, w, channels)).astype("float32")


def _size(text):
    return [int(d) for d in text.split("-")[1].split("x")]


def _with_gradient(tf, x, function):
    """The result, and the gradient of a sum that weighs every output differently."""
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = function(x)
        weights = tf.reshape(tf.cos(tf.range(tf.size(y), dtype=tf.float32)), tf.shape(y))
        loss = tf.reduce_sum(tf.cast(y, tf.float32) * weights)
    return y, tape.gradient(loss, x)


@snippet(
    size=SIZES,
    method=["bilinear", "nearest", "bicubic", "lanczos3", "lanczos5", "gaussian", "mitchellcubic"],
    antialias=[False, True],
    rtol=1e-4,
    atol=1e-4,
)
def resize(tf, size, method, antialias):
    run = lambda x: tf.image.resize(x, _size(size), method=method, antialias=antialias)
    return _with_gradient(tf, tf.constant(_images(size)), run)


@snippet(size=SIZES, rtol=1e-4, atol=1e-4)
def area(tf, size):
    return tf.image.resize(_images(size), _size(size), method="area")


@snippet(
    op=["ResizeBilinear", "ResizeNearestNeighbor", "ResizeBicubic"],
    size=SIZES,
    mode=["plain", "corners", "half"],
    rtol=1e-4,
    atol=1e-4,
)
def raw(tf, op, size, mode):
    run = lambda x: getattr(tf.raw_ops, op)(
        images=x, size=_size(size), align_corners=mode == "corners", half_pixel_centers=mode == "half"
    )
    return _with_gradient(tf, tf.constant(_images(size)), run)


@snippet(
    dtype=["uint8", "int8", "uint16", "int32", "int64", "float16", "bfloat16", "float64"],
    method=["bilinear", "nearest", "bicubic", "area", "lanczos3"],
    rtol=1e-3,
    atol=1e-2,
)
def types(tf, dtype, method):
    x = tf.cast(tf.abs(tf.constant(_images("5x7-10x3") * 30)), dtype)
    return tf.image.resize(x, [4, 9], method=method)


@snippet(
    scale=[(0.5, 2.0), (1.3, 0.7)],
    shift=[(0.0, 0.0), (1.5, -2.0)],
    antialias=[True, False],
    rtol=1e-4,
    atol=1e-4,
)
def scale_and_translate(tf, scale, shift, antialias):
    run = lambda x: tf.raw_ops.ScaleAndTranslate(
        images=x, size=[6, 8], scale=scale, translation=shift, kernel_type="triangle", antialias=antialias
    )
    return _with_gradient(tf, tf.constant(_images("8x8-6x8")), run)


@snippet(size=[(8, 3), (4, 20), (1, 1)])
def preserve_aspect_ratio(tf, size):
    return tf.image.resize(_images("5x7-10x3"), size, preserve_aspect_ratio=True)


@snippet(target=[(5, 9), (9, 5), (3, 3), (7, 5)])
def with_pad(tf, target):
    image = _images("5x7-10x3")
    return tf.image.resize_with_pad(image, *target), tf.image.resize_with_pad(
        image[0], *target, antialias=True
    )


@snippet
def unknown_dims(tf):
    run = tf.function(
        lambda x: tf.image.resize_with_pad(tf.image.resize(x, [6, 6]), 4, 9),
        input_signature=[tf.TensorSpec([None, None, None, 3])],
    )
    return run(_images("5x7-10x3")), run(_images("8x8-16x16"))


@snippet
def empty_batch(tf):
    return tf.image.resize(tf.zeros([0, 4, 5, 3]), [2, 2]).shape


@raises
def rank_2(tf):
    tf.image.resize(tf.zeros([3, 3]), [2, 2])


@raises
def unknown_method(tf):
    tf.image.resize(tf.zeros([3, 3, 1]), [2, 2], method="best")


@raises
def size_of_three(tf):
    tf.image.resize(tf.zeros([3, 3, 1]), [2, 2, 2])


@raises
def size_zero(tf):
    tf.image.resize(tf.zeros([3, 3, 1]), [0, 2])


@raises
def corners_and_half(tf):
    tf.raw_ops.ResizeBilinear(
        images=tf.zeros([1, 3, 3, 1]), size=[2, 2], align_corners=True, half_pixel_centers=True
    )


@raises
def pad_to_nothing(tf):
    tf.image.resize_with_pad(tf.zeros([3, 3, 1]), 0, 4)


@snippet(size=SIZES, method=[0, 1, 2, 3, "bicubic"], align_corners=[False, True], rtol=1e-4, atol=1e-4)
def as_in_1x(tf, size, method, align_corners):
    image = tf.compat.v1.image
    x = _images(size)
    return image.resize(x, _size(size), method, align_corners), image.resize_image_with_pad(x, 4, 9, method)


@snippet
def other_forms_of_1x(tf):
    image = tf.compat.v1.image
    x = _images("5x7-10x3")
    same = tf.constant(x, tf.float64)
    return (
        image.resize_images(same, [5, 7]),
        image.resize_bilinear(x, [3, 9], half_pixel_centers=True),
        image.resize_bicubic(x, [3, 9], True),
        image.resize_nearest_neighbor(x, [3, 9]),
        image.resize_area(x, [3, 9]),
        image.crop_and_resize(x, [[0.1, 0.2, 0.8, 0.9]], [1], [3, 3]),
        image.extract_image_patches(x, [1, 2, 2, 1], [1, 1, 1, 1], [1, 1, 1, 1], "SAME"),
        image.draw_bounding_boxes(x, tf.zeros([2, 1, 4]) + [0.1, 0.1, 0.9, 0.9]),
        image.sample_distorted_bounding_box([50, 60, 3], [[[0.2, 0.2, 0.8, 0.9]]], seed=3, seed2=4),
        image.transpose_image(x),
    )


@snippet(centered=[True, False], normalized=[True, False])
def glimpse_of_1x(tf, centered, normalized):
    offsets = [[0.1, -0.1], [0.2, 0.05]] if normalized else [[1.0, -0.5], [0.3, 0.9]]
    if not centered:
        offsets = [[0.5, 0.5], [0.4, 0.6]] if normalized else [[5.0, 5.0], [6.0, 9.0]]
    x = _images("33x20-7x45")
    return tf.compat.v1.image.extract_glimpse(x, [2, 3], offsets, centered, normalized)
