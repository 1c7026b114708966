"""Boxes: suppression, sampling, drawing."""

from conformance.harness import raises, snippet


def _boxes(n, seed=0):
    import numpy as np

    rng = np.random.default_rng(seed)
    center, side = rng.uniform(size=(n, 2)), rng.uniform(0.05, 0.4, size=(n, 2))
    boxes = np.concatenate([center - side / 2, center + side / 2], 1).astype("float32")
    return boxes, np.round(rng.uniform(size=n), 2).astype("float32")


@snippet(n=[30, 1, 0], most=[5, 40, 0], iou=[0.3, 0.5], least=[float("-inf"), 0.4])
def suppression(tf, n, most, iou, least):
    boxes, scores = _boxes(n)
    return tf.image.non_max_suppression(boxes, scores, most, iou, least)


@snippet(sigma=[0.0, 0.5], pad=[True, False], least=[0.0, 0.4])
def soft(tf, sigma, pad, least):
    boxes, scores = _boxes(30, 1)
    return tf.raw_ops.NonMaxSuppressionV5(
        boxes=boxes, scores=scores, max_output_size=12, iou_threshold=0.4, score_threshold=least,
        soft_nms_sigma=sigma, pad_to_max_output_size=pad,
    )  # fmt: skip


@snippet
def flipped_corners(tf):
    boxes, scores = _boxes(30, 2)
    return tf.image.non_max_suppression(boxes[:, [2, 3, 0, 1]], scores, 10)


@snippet(pad=[True, False], least=[float("-inf"), 0.3])
def padded(tf, pad, least):
    boxes, scores = _boxes(40, 3)
    return tf.image.non_max_suppression_padded(tf.constant(boxes), tf.constant(scores), 10, 0.4, least, pad)


@snippet
def padded_batch(tf):
    boxes, scores = _boxes(60, 4)
    run = tf.function(
        lambda b, s: tf.image.non_max_suppression_padded(b, s, 10, 0.4, 0.1, pad_to_max_output_size=True)
    )
    args = tf.reshape(boxes, [3, 20, 4]), tf.reshape(scores, [3, 20])
    return run(*args), tf.image.non_max_suppression_padded(*args, 10, 0.4, 0.1, pad_to_max_output_size=True)


@snippet
def from_overlaps(tf):
    import numpy as np

    table = np.random.default_rng(5).uniform(size=(20, 20)).astype("float32")
    return tf.image.non_max_suppression_overlaps(table, _boxes(20)[1], 7, 0.6, 0.2)


@snippet(groups=[1, 4], limits=[(5, 10), (3, 50), (20, 7)], pad=[False, True], clip=[True, False])
def combined(tf, groups, limits, pad, clip):
    import numpy as np

    boxes = _boxes(2 * 20 * groups, 6)[0].reshape(2, 20, groups, 4)
    scores = np.random.default_rng(7).uniform(size=(2, 20, 4)).astype("float32")
    return tf.image.combined_non_max_suppression(boxes, scores, *limits, 0.4, 0.3, pad, clip)


@snippet(channels=[1, 3, 4], colors=[False, True])
def draw(tf, channels, colors):
    boxes = [
        [[0.1, 0.2, 0.6, 0.7], [-0.2, 0.1, 1.3, 0.5], [0.5, 0.5, 0.5, 0.5], [0.9, 0.9, 0.1, 0.1]],
        [[0, 0, 1, 1], [0.3, 0.3, 0.4, 0.99], [2, 2, 3, 3], [-1, -1, -0.5, -0.5]],
    ]
    palette = [[0.1, 0.2, 0.3, 0.4], [0.5, 0.6, 0.7, 0.8]] if colors else None
    return tf.image.draw_bounding_boxes(
        tf.fill([2, 12, 15, channels], 0.25), tf.constant(boxes, tf.float32), palette
    )


@snippet(i=list(range(12)))
def stateless_sample(tf, i):
    import numpy as np

    rng = np.random.default_rng(i)
    height, width = (int(d) for d in rng.integers(1, 300, 2))
    boxes = np.sort(rng.uniform(size=(2, 2, 2)), axis=1).reshape(1, 2, 4).astype("float32")
    return tf.image.stateless_sample_distorted_bounding_box(
        [height, width, 3], boxes, [i, 7 * i + 1], float(rng.uniform(0, 0.9)), [0.5, 2.0], [0.05, 1.0], 20
    )


@snippet(i=[1, 2])
def seeded_sample(tf, i):
    tf.random.set_seed(i)
    sample = lambda: tf.image.sample_distorted_bounding_box([50, 60, 3], [[[0.2, 0.2, 0.8, 0.9]]], seed=i)
    return sample(), sample()


@raises
def sample_without_boxes(tf):
    tf.image.stateless_sample_distorted_bounding_box([20, 30, 3], tf.zeros([1, 0, 4]), [1, 2])


@raises
def box_beyond_one(tf):
    tf.image.stateless_sample_distorted_bounding_box([20, 30, 3], [[[0.0, 0.0, 1.5, 1.0]]], [1, 2])


@raises
def threshold_beyond_one(tf):
    tf.image.non_max_suppression([[0.0, 0.0, 1.0, 1.0]], [1.0], 1, 1.5)


@raises
def scores_of_other_boxes(tf):
    tf.image.non_max_suppression([[0.0, 0.0, 1.0, 1.0]], [1.0, 2.0], 1)


@raises
def batch_without_padding(tf):
    tf.image.non_max_suppression_padded(tf.zeros([2, 3, 4]), tf.zeros([2, 3]), 1)
