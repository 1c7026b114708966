"""Resizing: host = program, with unknown dims; gradients against differences."""

import numpy as np
import pytest

import headrace as tf
from headrace.ops.image_bands import Band
from tests.ops.harness import check, check_gradients

METHODS = ["bilinear", "nearest", "bicubic", "area", "lanczos3", "lanczos5", "gaussian", "mitchellcubic"]
RNG = np.random.default_rng(0)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("antialias", [False, True])
@pytest.mark.parametrize("size", [(9, 4), (2, 13), (5, 7), (1, 1)])
def test_host_is_program(method, antialias, size):
    x = RNG.normal(size=(2, 5, 7, 3)).astype(np.float32)
    check(lambda v: tf.image.resize(v, size, method=method, antialias=antialias), [x], atol=1e-5)


@pytest.mark.parametrize("method", METHODS)
def test_constants_stay(method):
    y = tf.image.resize(tf.fill([1, 6, 5, 1], 77.0), [7, 3], method=method, antialias=True).numpy()
    np.testing.assert_allclose(y, 77.0, rtol=1e-6)


@pytest.mark.parametrize("value", [3.0, 97.1, 255.0])
def test_bilinear_constants_stay_to_the_bit(value):
    x = np.full((1, 37, 41, 3), value, np.float32)
    assert (tf.image.resize(x, [224, 50]).numpy() == np.float32(value)).all()
    assert (tf.function(lambda v: tf.image.resize(v, [224, 50]))(x).numpy() == np.float32(value)).all()


@pytest.mark.parametrize("dtype", ["uint8", "int32", "float16", "bfloat16", "float64"])
@pytest.mark.parametrize("method", ["bilinear", "nearest", "area"])
def test_types(dtype, method):
    x = tf.cast(RNG.uniform(0, 200, (1, 4, 6, 2)), dtype)
    y = check(lambda v: tf.image.resize(v, [3, 8], method=method), [x], rtol=1e-2)
    assert y.dtype == (dtype if method == "nearest" else "float32")


@pytest.mark.parametrize("op", ["ResizeBilinear", "ResizeNearestNeighbor", "ResizeBicubic"])
@pytest.mark.parametrize("mode", [{}, {"align_corners": True}, {"half_pixel_centers": True}])
def test_gradient_is_the_transpose(op, mode):
    """<resize(x), g> = <x, gradient of g>, and the gradient of the gradient resizes again."""
    x, g = (tf.constant(RNG.normal(size=s).astype(np.float32)) for s in ((2, 5, 4, 2), (2, 8, 3, 2)))
    run = lambda v: getattr(tf.raw_ops, op)(images=v, size=[8, 3], **mode)
    with tf.GradientTape() as outer:
        outer.watch(g)
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = run(x)
        back = tape.gradient(y, x, g)
    np.testing.assert_allclose(np.sum(y.numpy() * g.numpy()), np.sum(x.numpy() * back.numpy()), rtol=1e-4)
    np.testing.assert_allclose(outer.gradient(back, g, x).numpy(), y.numpy(), rtol=1e-4, atol=1e-5)
    traced = tf.function(lambda v, w: tf.gradients(run(v), v, w)[0])
    np.testing.assert_allclose(traced(x, g).numpy(), back.numpy(), rtol=1e-4, atol=1e-5)


def test_gradients_against_differences():
    x = RNG.normal(size=(1, 3, 2, 1)).astype(np.float32)
    run = lambda v: tf.cast(tf.image.resize(tf.cast(v, tf.float32), [4, 3], method="lanczos3"), tf.float64)
    with tf.GradientTape() as tape:
        v = tf.constant(x)
        tape.watch(v)
        y = tf.image.resize(v, [4, 3], method="lanczos3")
    gradient = tape.gradient(y, v).numpy()
    for index in np.ndindex(x.shape):
        step = np.zeros_like(x)
        step[index] = 0.5
        difference = np.sum(run(x + step).numpy() - run(x - step).numpy())
        np.testing.assert_allclose(gradient[index], difference, rtol=1e-4, atol=1e-4)


def test_area_has_no_gradient():
    with tf.GradientTape() as tape:
        x = tf.zeros([1, 2, 2, 1])
        tape.watch(x)
        y = tf.image.resize(x, [4, 4], method="area")
    with pytest.raises(LookupError, match="ResizeArea"):
        tape.gradient(y, x)


def test_one_program_serves_all_sizes():
    run = tf.function(
        lambda x, size: tf.image.resize(x, size),
        input_signature=[tf.TensorSpec([None, None, None, 3]), tf.TensorSpec([2], tf.int32)],
    )
    for shape, size in (((1, 4, 5, 3), [3, 2]), ((2, 6, 6, 3), [9, 9])):
        x = RNG.normal(size=shape).astype(np.float32)
        np.testing.assert_allclose(
            run(x, size).numpy(), tf.image.resize(x, size).numpy(), rtol=1e-5, atol=1e-6
        )
    assert run.experimental_get_tracing_count() == 1


def test_a_band_adds_repeated_neighbours():
    band = Band(np.array([[0, 0, 1], [1, 2, 2]]), np.array([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]], np.float32), 3)
    np.testing.assert_array_equal(band.matrix(), [[3, 3, 0], [0, 4, 11]])


def test_outside_of_the_image_is_black():
    y = tf.raw_ops.ScaleAndTranslate(
        images=tf.ones([1, 4, 4, 1]), size=[4, 4], scale=[0.5, 1.0], translation=[0.0, 2.0], kernel_type="triangle",
        antialias=False,
    )  # fmt: skip
    np.testing.assert_allclose(
        y[0, :, :, 0], [[0, 0, 1, 1], [0, 0, 1, 1], [0, 0, 0, 0], [0, 0, 0, 0]], atol=1e-6
    )


def test_errors_say_what_is_wrong():
    with pytest.raises(ValueError, match=r"not implemented: best.*bicubic"):
        tf.image.resize(tf.zeros([3, 3, 1]), [2, 2], method="best")
    with pytest.raises(tf.errors.InvalidArgumentError, match="positive"):
        tf.image.resize(tf.zeros([3, 3, 1]), [0, 2])
    with pytest.raises(tf.errors.InvalidArgumentError, match=r"kernel type 'sinc'.*lanczos3"):
        tf.raw_ops.ScaleAndTranslate(
            images=tf.zeros([1, 2, 2, 1]),
            size=[2, 2],
            scale=[1.0, 1.0],
            translation=[0.0, 0.0],
            kernel_type="sinc",
        )


def test_projective_transforms():
    x = RNG.normal(size=(2, 5, 6, 2)).astype(np.float32)
    transforms = np.array([[0.9, 0.1, 0.3, -0.2, 1.1, 0.5, 0.01, 0.0]], np.float32)
    for mode in ("CONSTANT", "REFLECT", "WRAP", "NEAREST"):
        for interpolation in ("NEAREST", "BILINEAR"):
            run = lambda v, t, m=mode, i=interpolation: tf.raw_ops.ImageProjectiveTransformV3(
                images=v, transforms=t, output_shape=[4, 7], fill_value=2.0, interpolation=i, fill_mode=m
            )
            check(run, [x, transforms], atol=1e-5)


def test_moving_by_whole_pixels_has_the_exact_gradient():
    x = RNG.normal(size=(1, 3, 4, 1))
    shift = np.array([[1, 0, 1, 0, 1, 0, 0, 0]], np.float32)
    run = lambda v: tf.raw_ops.ImageProjectiveTransformV2(
        images=v, transforms=shift, output_shape=[3, 4], interpolation="NEAREST"
    )
    np.testing.assert_allclose(run(tf.constant(x))[0, :, :3, 0], x[0, :, 1:, 0])
    check_gradients(run, [x])


@pytest.mark.parametrize("method", ["bilinear", "nearest"])
def test_crop_and_resize(method):
    image = RNG.normal(size=(2, 6, 5, 3)).astype(np.float32)
    boxes = np.array([[0, 0, 1, 1], [0.11, -0.23, 0.72, 0.81], [0.87, 0.83, 0.23, 0.13]], np.float32)
    for size in ((4, 3), (1, 2)):
        check(
            lambda x, b, s=size: tf.image.crop_and_resize(x, b, [0, 1, 1], s, method),
            [image, boxes],
            atol=1e-5,
        )

        def gradients(x, b, s=size):
            with tf.GradientTape() as tape:
                tape.watch([x, b])
                loss = tf.reduce_sum(tf.square(tf.image.crop_and_resize(x, b, [0, 1, 1], s, method)))
            return tape.gradient(loss, [x, b])

        check(gradients, [image, boxes], rtol=1e-3, atol=1e-3)


def test_glimpse():
    image = RNG.normal(size=(2, 6, 5, 3)).astype(np.float32)
    offsets = np.array([[0.2, -0.7], [1.5, 0.0]], np.float32)
    for centered in (True, False):
        check(
            lambda x, o, c=centered: tf.image.extract_glimpse(x, [3, 4], o, c, True, "zero"), [image, offsets]
        )
    noisy = tf.image.extract_glimpse(image, [20, 20], offsets).numpy()
    assert noisy.min() >= image.min() and noisy.max() <= image.max() and len(np.unique(noisy)) > 100
