"""Colours, adjustments, measures of images."""

from conformance.harness import raises, snippet

CONVERSIONS = [
    "rgb_to_hsv", "hsv_to_rgb", "rgb_to_yiq", "yiq_to_rgb", "rgb_to_yuv", "yuv_to_rgb", "rgb_to_grayscale"
]  # fmt: skip


def _colors():
    import numpy as np

    x = np.random.default_rng(0).uniform(size=(2, 5, 6, 3)).astype("float32")
    x[0, 0, :4] = [[0.4] * 3, [0.0] * 3, [1, 0, 0], [0.5, 0.5, 0.2]]
    x[0, 1, :2] = [[-0.2, 0.5, 0.9], [-0.3, -0.1, -0.2]]
    return x


def _typed(dtype):
    import numpy as np

    x = _colors()
    return np.clip(x * 255, 0, 255).astype("uint8") if dtype == "uint8" else x.astype(dtype)


@snippet(fn=CONVERSIONS, dtype=["float32", "float64", "float16"], rtol=2e-3, atol=2e-3)
def conversions(tf, fn, dtype):
    return getattr(tf.image, fn)(tf.constant(_typed(dtype)))


@snippet(
    fn=["adjust_brightness", "adjust_contrast", "adjust_hue", "adjust_saturation"],
    by=[0.3, 0.9],
    dtype=["float32", "uint8", "float64"],
    rtol=1e-5,
    atol=1e-5,
)
def adjust(tf, fn, by, dtype):
    return getattr(tf.image, fn)(tf.constant(_typed(dtype)), by)


@snippet(dtype=["float32", "uint8"])
def gamma(tf, dtype):
    return tf.image.adjust_gamma(tf.abs(tf.cast(_typed(dtype), tf.float32)) / 255, 0.7, 1.2)


@snippet(rtol=1e-4, atol=1e-4)
def gradient(tf):
    x = tf.constant(_colors()[1])
    with tf.GradientTape() as tape:
        tape.watch(x)
        loss = tf.reduce_sum(tf.cos(tf.image.rgb_to_hsv(x)))
    return tape.gradient(loss, x)


@snippet(seed=[0, 1, 2])
def stateless_random(tf, seed):
    x, pair = tf.constant(_colors()), [seed, 3 * seed + 2]
    return (
        tf.image.stateless_random_brightness(x, 0.3, pair),
        tf.image.stateless_random_contrast(x, 0.3, 2.0, pair),
        tf.image.stateless_random_hue(x, 0.4, pair),
        tf.image.stateless_random_saturation(x, 0.2, 1.5, pair),
    )


@snippet(seed=[1, 2])
def seeded_random(tf, seed):
    tf.random.set_seed(seed)
    x = tf.constant(_colors())
    return tf.image.random_brightness(x, 0.3, seed=9), tf.image.random_contrast(x, 0.3, 2.0, seed=9)


TYPES = ["uint8", "int8", "uint16", "int16", "int32", "float16", "float32", "float64"]


@snippet(source=TYPES, to=TYPES, saturate=[False, True], either=True)
def convert_image_dtype(tf, source, to, saturate):
    x = tf.cast([0, 1, 7, 100, 127], source) if source[0] != "f" else tf.constant([0, 0.1, 0.5, 0.9], source)
    return tf.image.convert_image_dtype(x, to, saturate)


def _pair():
    import numpy as np

    rng = np.random.default_rng(3)
    a = rng.uniform(size=(2, 60, 50, 3)).astype("float32")
    return a, np.clip(a + rng.normal(size=a.shape) * 0.1, 0, 1).astype("float32")


@snippet(dtype=["float32", "uint8"], rtol=1e-3, atol=1e-4)
def measures(tf, dtype):
    a, b = _pair()
    top = 1.0
    if dtype == "uint8":
        a, b, top = (a * 255).astype("uint8"), (b * 255).astype("uint8"), 255
    return (
        tf.image.psnr(a, b, top),
        tf.image.ssim(a, b, top),
        tf.image.ssim(a[0], b[0], top, filter_size=7, filter_sigma=2.0, return_index_map=True),
        tf.image.ssim_multiscale(a, b, top, power_factors=(0.2, 0.3, 0.5), filter_size=7),
        tf.image.per_image_standardization(a),
    )


@snippet
def edges(tf):
    a = tf.constant(_pair()[0])
    return (
        tf.image.sobel_edges(a),
        tf.image.image_gradients(a),
        tf.image.total_variation(a),
        tf.image.total_variation(a[0]),
    )


@snippet
def grayscale_to_rgb(tf):
    return tf.image.grayscale_to_rgb(tf.constant([[[1], [2]]])), tf.image.grayscale_to_rgb(
        tf.ones([2, 3, 4, 1])
    )


@raises
def not_gray(tf):
    tf.image.grayscale_to_rgb(tf.ones([2, 2, 3]))


@raises(also=("InvalidArgumentError",))
def two_channels(tf):
    tf.image.rgb_to_hsv(tf.ones([2, 2, 2]))


@raises
def hue_too_far(tf):
    tf.image.adjust_hue(tf.ones([2, 2, 3]), 1.5)


@raises
def negative_gamma(tf):
    tf.image.adjust_gamma(tf.ones([2, 2, 3]), -1.0)


@raises
def upper_below_lower(tf):
    tf.image.random_contrast(tf.ones([2, 2, 3]), 0.5, 0.4)


@raises
def convert_to_bool(tf):
    tf.image.convert_image_dtype(tf.ones([2]), tf.bool)


@raises
def incompatible_pair(tf):
    tf.image.ssim(tf.ones([16, 16, 3]), tf.ones([16, 15, 3]), 1.0)


@raises
def gradients_of_one(tf):
    tf.image.image_gradients(tf.ones([4, 4, 3]))


def _ragged(tf):
    return tf.RaggedTensor.from_row_lengths(tf.constant(_typed("uint8")[0, :, :4, :]), [2, 0, 3])


@snippet
def ragged(tf):
    x = _ragged(tf)
    return (
        tf.image.convert_image_dtype(x, tf.float32),
        tf.image.adjust_brightness(x, 0.1),
        tf.image.adjust_gamma(x, 2.0),
        tf.image.stateless_random_brightness(x, 0.1, seed=[1, 2]),
    )


@snippet
def ragged_resize(tf):
    pixels = tf.reshape(tf.range(66.0), [22, 3])
    images = tf.RaggedTensor.from_nested_row_lengths(pixels, [[2, 4], [3, 3, 4, 4, 4, 4]])
    run = tf.function(lambda x: tf.image.resize(x, [4, 4]))
    return tf.image.resize(images, [3, 2]), run(images)
