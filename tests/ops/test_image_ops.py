"""Colours, boxes, drawing: host = program, and what they are for."""

import numpy as np
import pytest

import headrace as tf
from tests.ops.harness import check, check_gradients

RNG = np.random.default_rng(1)
COLORS = RNG.uniform(size=(2, 4, 5, 3)).astype(np.float32)


@pytest.mark.parametrize("fn", ["rgb_to_hsv", "hsv_to_rgb", "rgb_to_yiq", "yuv_to_rgb", "rgb_to_grayscale"])
def test_colours(fn):
    check(getattr(tf.image, fn), [COLORS])


@pytest.mark.parametrize(
    ("there", "back"),
    [("rgb_to_hsv", "hsv_to_rgb"), ("rgb_to_yiq", "yiq_to_rgb"), ("rgb_to_yuv", "yuv_to_rgb")],
)
def test_there_and_back(there, back):
    again = getattr(tf.image, back)(getattr(tf.image, there)(COLORS))
    np.testing.assert_allclose(again.numpy(), COLORS, atol=1e-4)


@pytest.mark.parametrize("fn", ["rgb_to_hsv", "hsv_to_rgb"])
def test_colour_gradients(fn):
    check_gradients(getattr(tf.image, fn), [RNG.uniform(0.1, 0.9, (2, 1, 3))], order=1)


@pytest.mark.parametrize("fn", ["adjust_brightness", "adjust_contrast", "adjust_hue", "adjust_saturation"])
def test_adjustments(fn):
    check(lambda x: getattr(tf.image, fn)(x, 0.4), [COLORS], atol=1e-5)
    check(lambda x: getattr(tf.image, fn)(x, 0.4), [(COLORS * 255).astype(np.uint8)])


def test_same_seed_same_image():
    for fn, args in (
        ("random_brightness", (0.3,)),
        ("random_contrast", (0.5, 2.0)),
        ("random_hue", (0.2,)),
        ("random_saturation", (0.5, 2.0)),
        ("random_flip_left_right", ()),
        ("random_crop", ([2, 3, 3, 3],)),
    ):
        run = getattr(tf.image, f"stateless_{fn}")
        first = run(COLORS, *args, seed=[3, 4])
        np.testing.assert_array_equal(run(COLORS, *args, seed=[3, 4]).numpy(), first.numpy())
        traced = tf.function(lambda x, r=run, a=args: r(x, *a, seed=[3, 4]))(COLORS)
        np.testing.assert_allclose(traced.numpy(), first.numpy(), atol=1e-6)


@pytest.mark.parametrize("turns", [0, 1, 2, 3])
def test_rot90(turns):
    check(lambda x: tf.image.rot90(x, turns), [COLORS], lambda x: np.rot90(x, turns, (1, 2)))
    run = tf.function(lambda x, k: tf.image.rot90(x, k))
    np.testing.assert_array_equal(run(COLORS, tf.constant(turns)).numpy(), np.rot90(COLORS, turns, (1, 2)))


def test_images_of_unknown_rank():
    spec = tf.TensorSpec(None, tf.float32)
    for fn, reference in (
        (tf.image.flip_left_right, lambda x: np.flip(x, -2)),
        (tf.image.flip_up_down, lambda x: np.flip(x, -3)),
        (tf.image.transpose, lambda x: np.swapaxes(x, -3, -2)),
        (tf.image.rot90, lambda x: np.rot90(x, 1, (-3, -2))),
    ):
        run = tf.function(fn, input_signature=[spec])
        for x in (COLORS, COLORS[0]):
            np.testing.assert_array_equal(run(x).numpy(), reference(x))


def test_measures():
    a, b = COLORS, np.clip(COLORS + 0.1, 0, 1).astype(np.float32)
    for measure in (
        lambda x, y: tf.image.psnr(x, y, 1.0),
        lambda x, y: tf.image.ssim(x, y, 1.0, filter_size=3),
        lambda x, y: tf.image.ssim_multiscale(x, y, 1.0, (0.5, 0.5), filter_size=2),
    ):
        value = check(measure, [a, b], unknown=["none"], atol=1e-5)
        # Where the dimensions are not known, that they fit is checked on the host.
        run = tf.function(measure, input_signature=[tf.TensorSpec([None] * 4)] * 2)
        np.testing.assert_allclose(run(a, b).numpy(), value.numpy(), rtol=1e-4)
        with pytest.raises(tf.errors.InvalidArgumentError):
            run(a, b[:, :1])
    check(tf.image.total_variation, [a])
    check(tf.image.sobel_edges, [a], atol=1e-5)
    check(tf.image.per_image_standardization, [a], atol=1e-5)
    assert tf.image.psnr(a, a, 1.0).numpy().tolist() == [np.inf, np.inf]


def test_ssim_has_a_gradient():
    x = tf.constant(RNG.uniform(size=(1, 12, 12, 1)).astype(np.float32))
    with tf.GradientTape() as tape:
        tape.watch(x)
        loss = tf.reduce_sum(tf.image.ssim(x, tf.roll(x, 1, 1), 1.0))
    assert np.isfinite(tape.gradient(loss, x).numpy()).all()


# ---------------------------------------------------------------------------------------------------------------- boxes
def _boxes(n):
    center, side = RNG.uniform(size=(n, 2)), RNG.uniform(0.05, 0.5, size=(n, 2))
    return np.concatenate([center - side / 2, center + side / 2], 1).astype(np.float32)


@pytest.mark.parametrize("sigma", [0.0, 0.5])
@pytest.mark.parametrize("n", [0, 1, 25])
def test_suppression_in_a_program(n, sigma):
    boxes, scores = _boxes(n), np.round(RNG.uniform(size=n), 1).astype(np.float32)
    run = lambda b, s: tf.raw_ops.NonMaxSuppressionV5(
        boxes=b, scores=s, max_output_size=9, iou_threshold=0.3, score_threshold=0.2, soft_nms_sigma=sigma,
        pad_to_max_output_size=True,
    )  # fmt: skip
    check(run, [boxes, scores])


def test_suppression_inside_a_function_runs_on_the_host():
    boxes, scores = _boxes(25), RNG.uniform(size=25).astype(np.float32)
    run = tf.function(lambda b, s: tf.gather(b, tf.image.non_max_suppression(b, s, 5)))
    np.testing.assert_array_equal(
        run(boxes, scores).numpy(), boxes[tf.image.non_max_suppression(boxes, scores, 5).numpy()]
    )


def test_padded_suppression_of_a_batch_is_that_of_each():
    boxes, scores = _boxes(60).reshape(3, 20, 4), RNG.uniform(size=(3, 20)).astype(np.float32)
    run = lambda b, s: tf.image.non_max_suppression_padded(b, s, 8, 0.4, pad_to_max_output_size=True)
    indices, valid = check(run, [boxes, scores])
    for i in range(3):
        alone = tf.image.non_max_suppression(boxes[i], scores[i], 8, 0.4).numpy()
        np.testing.assert_array_equal(indices[i, : int(valid[i])].numpy(), alone)


def test_best_of_all_classes_first():
    boxes = np.array([[[[0, 0, 1, 1]], [[0, 0, 2, 0.5]]]], np.float32)
    found = tf.image.combined_non_max_suppression(
        boxes, [[[0.5, 0.0], [0.0, 0.75]]], 2, 4, score_threshold=0.1
    )
    assert found.valid_detections.numpy().tolist() == [2]
    assert found.nmsed_boxes[0, 0].numpy().tolist() == [0, 0, 1, 0.5]  # cut off at 1


def test_proposals():
    scores = np.array([[[[0.9, 0.8, 0.7]]]], np.float32)
    anchors = np.array([[0, 0, 20, 20], [0, 0, 20, 21], [30, 30, 60, 60]], np.float32)
    rois, probabilities = tf.image.generate_bounding_box_proposals(
        scores, np.zeros((1, 1, 1, 12), np.float32), [[50.0, 50.0, 1.0, 0.0, 0.0]], anchors, post_nms_topn=4
    )
    np.testing.assert_allclose(probabilities.numpy(), [[0.9, 0.7, 0.0, 0.0]], rtol=1e-6)
    assert rois[0, 1].numpy().tolist() == [30, 30, 50, 50]


@pytest.mark.parametrize("channels", [1, 3, 4])
def test_drawing(channels):
    images = np.zeros((2, 8, 9, channels), np.float32)
    boxes = np.array(
        [[[0.1, 0.2, 0.8, 0.7], [-1, 0.3, 2, 0.4]], [[0.5, 0.5, 0.4, 0.9], [0, 0, 1, 1]]], np.float32
    )
    check(lambda x, b: tf.image.draw_bounding_boxes(x, b, None), [images, boxes])
    check(
        lambda x, b, c: tf.image.draw_bounding_boxes(x, b, c), [images, boxes, np.eye(2, 4, dtype=np.float32)]
    )


def test_sampled_parts_keep_their_promises():
    object_ = np.array([[[0.3, 0.3, 0.6, 0.7]]], np.float32)
    for i in range(30):
        begin, size, box = tf.image.stateless_sample_distorted_bounding_box(
            [100, 120, 3], object_, [i, 0], 0.5, aspect_ratio_range=[0.5, 2.0], area_range=[0.1, 0.6]
        )
        (y, x, _), (h, w, rest) = begin.numpy(), size.numpy()
        assert rest == -1 and y + h <= 100 and x + w <= 120
        np.testing.assert_allclose(box[0, 0].numpy() * [100, 120, 100, 120], [y, x, y + h, x + w], rtol=1e-5)
        if (h, w) != (100, 120):
            assert 0.09 <= h * w / 12000 <= 0.61
            shared = max(min(y + h, 60) - max(y, 30), 0) * max(min(x + w, 84) - max(x, 36), 0)
            assert shared >= 0.49 * 30 * 48


def test_what_kernels_refuse():
    with pytest.raises(tf.errors.OutOfRangeError, match=r"box_index.*\[0, 1\)"):
        tf.image.crop_and_resize(tf.zeros([1, 4, 4, 1]), [[0.0, 0.0, 1.0, 1.0]], [1], [2, 2])
    with pytest.raises(tf.errors.InvalidArgumentError, match="iou_threshold"):
        tf.image.non_max_suppression(_boxes(2), [1.0, 2.0], 1, 1.5)
    with pytest.raises(ValueError, match="must be True"):
        tf.image.non_max_suppression_padded(tf.zeros([2, 3, 4]), tf.zeros([2, 3]), 1)
    with pytest.raises(tf.errors.InvalidArgumentError, match="use_image_if_no_bounding_boxes"):
        tf.image.stateless_sample_distorted_bounding_box([20, 30, 3], tf.zeros([1, 0, 4]), [1, 2])
