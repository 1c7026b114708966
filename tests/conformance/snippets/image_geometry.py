"""Crops, pads, flips, patches, glimpses, projective transforms."""

from conformance.harness import raises, snippet


def _image(shape=(2, 6, 7, 3)):
    import numpy as np

    return np.arange(np.prod(shape), dtype="float32").reshape(shape)


@snippet(target=[(3, 4), (9, 9), (2, 11), (6, 7)])
def crop_or_pad(tf, target):
    return tf.image.resize_with_crop_or_pad(_image(), *target), tf.image.resize_with_crop_or_pad(
        _image()[0], *target
    )


@snippet(fraction=[0.1, 0.5, 0.77, 1.0])
def central_crop(tf, fraction):
    return tf.image.central_crop(_image(), fraction), tf.image.central_crop(_image()[0], fraction)


@snippet
def boxes(tf):
    x = _image()
    return (
        tf.image.crop_to_bounding_box(x, 1, 2, 3, 4),
        tf.image.crop_to_bounding_box(x[0], 0, 0, 6, 1),
        tf.image.pad_to_bounding_box(x, 1, 2, 9, 10),
        tf.image.pad_to_bounding_box(x[0], 0, 0, 6, 7),
        tf.image.crop_to_bounding_box(x, tf.constant(1), tf.constant(2), tf.constant(3), tf.constant(4)),
    )


@snippet(fn=["flip_left_right", "flip_up_down", "transpose"])
def flips(tf, fn):
    return getattr(tf.image, fn)(_image()), getattr(tf.image, fn)(_image()[0])


@snippet(k=[0, 1, 2, 3, -1, 6])
def rot90(tf, k):
    run = tf.function(lambda x, k: tf.image.rot90(x, k))
    return tf.image.rot90(_image(), k), tf.image.rot90(_image()[0], k), run(_image(), tf.constant(k))


@snippet(seed=[0, 1, 2, 3])
def stateless_random(tf, seed):
    x = _image()
    pair = [seed, 3 * seed + 2]
    return (
        tf.image.stateless_random_crop(x, [2, 3, 2, 3], pair),
        tf.image.stateless_random_flip_left_right(x, pair),
        tf.image.stateless_random_flip_left_right(x[0], pair),
        tf.image.stateless_random_flip_up_down(x, pair),
    )


@snippet(seed=[1, 2])
def seeded_random(tf, seed):
    tf.random.set_seed(seed)
    x = _image()
    return (
        tf.image.random_crop(x, [2, 3, 2, 3], seed=4),
        tf.image.random_flip_left_right(x, 3),
        tf.image.random_flip_up_down(x[0]),
    )


@snippet(padding=["VALID", "SAME"], rate=[1, 2])
def patches(tf, padding, rate):
    return tf.image.extract_patches(_image(), [1, 2, 3, 1], [1, 2, 2, 1], [1, rate, rate, 1], padding)


@snippet(centered=[True, False], normalized=[True, False], size=[(3, 4), (9, 11)])
def glimpse(tf, centered, normalized, size):
    offsets = [[0.3, -0.4], [-0.9, 0.8]] if normalized else [[1.0, -2.0], [3.3, 8.0]]
    return tf.image.extract_glimpse(_image(), size, offsets, centered, normalized, "zero")


@snippet(method=["bilinear", "nearest"], size=[(4, 5), (1, 1), (1, 3), (14, 3)], rtol=1e-4, atol=1e-3)
def crop_and_resize(tf, method, size):
    image = tf.cos(tf.constant(_image()))
    places = tf.constant(
        [
            [0, 0, 1, 1],
            [0.1, 0.2, 0.7, 0.8],
            [-0.3, 0.1, 1.2, 0.9],
            [0.8, 0.9, 0.2, 0.1],
            [0.5, 0.5, 0.5, 0.5],
        ],
        tf.float32,
    )
    with tf.GradientTape() as tape:
        tape.watch([image, places])
        y = tf.image.crop_and_resize(image, places, [0, 1, 0, 1, 0], size, method, extrapolation_value=0.7)
        loss = tf.reduce_sum(tf.square(y))
    return y, tape.gradient(loss, [image, places])


@snippet(
    interpolation=["NEAREST", "BILINEAR"],
    fill_mode=["CONSTANT", "REFLECT", "WRAP", "NEAREST"],
    dtype=["float32", "uint8", "int32", "float64"],
    rtol=1e-4,
    atol=1e-3,
)
def projective(tf, interpolation, fill_mode, dtype):
    images = tf.cast(tf.constant(_image((3, 6, 8, 2)) % 251), dtype)
    transforms = [
        [1, 0.2, -1, 0.1, 1.1, -2, 0, 0],
        [0.9, -0.3, 2, 0.3, 0.8, 1, 0.01, -0.02],
        [-1.3, 0.5, 7, 0.2, -2, 9, 0.1, 0.05],
    ]
    return tf.raw_ops.ImageProjectiveTransformV3(
        images=images,
        transforms=tf.constant(transforms, tf.float32),
        output_shape=[7, 5],
        fill_value=3.0,
        interpolation=interpolation,
        fill_mode=fill_mode,
    )


@snippet(
    interpolation=["NEAREST", "BILINEAR"], fill_mode=["CONSTANT", "REFLECT", "NEAREST"], rtol=1e-3, atol=1e-3
)
def projective_gradient(tf, interpolation, fill_mode):
    x = tf.cos(tf.constant(_image((2, 6, 8, 1))))
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = tf.raw_ops.ImageProjectiveTransformV2(
            images=x,
            transforms=[[0.9, 0.2, 0.3, -0.1, 1.1, 0.7, 0, 0]],
            output_shape=[6, 8],
            interpolation=interpolation,
            fill_mode=fill_mode,
        )
        loss = tf.reduce_sum(tf.square(y))
    return y, tape.gradient(loss, x)


@raises
def crop_outside(tf):
    tf.image.crop_to_bounding_box(tf.zeros([4, 4, 1]), 2, 0, 3, 4)


@raises
def crop_nothing(tf):
    tf.image.crop_to_bounding_box(tf.zeros([4, 4, 1]), 0, 0, 0, 4)


@raises
def crop_of_nothing(tf):
    tf.image.flip_left_right(tf.zeros([0, 4, 1]))


@raises
def negative_offset(tf):
    tf.image.pad_to_bounding_box(tf.zeros([4, 4, 1]), -1, 0, 5, 5)


@raises
def pad_too_small(tf):
    tf.image.pad_to_bounding_box(tf.zeros([4, 4, 1]), 1, 0, 4, 5)


@raises
def fraction_zero(tf):
    tf.image.central_crop(tf.zeros([4, 4, 1]), 0.0)


@raises
def flip_rank_5(tf):
    tf.image.flip_left_right(tf.zeros([1, 1, 4, 4, 1]))


@raises(also=("ValueError",))
def random_crop_too_large(tf):
    tf.image.random_crop(tf.zeros([4, 4]), [5, 4])


@raises
def box_of_no_image(tf):
    tf.image.crop_and_resize(tf.zeros([1, 4, 4, 1]), [[0.0, 0.0, 1.0, 1.0]], [1], [2, 2])


@raises
def two_transforms_three_images(tf):
    tf.raw_ops.ImageProjectiveTransformV2(
        images=tf.zeros([3, 4, 4, 1]),
        transforms=tf.zeros([2, 8]),
        output_shape=[4, 4],
        interpolation="NEAREST",
    )
