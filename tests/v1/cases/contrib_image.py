"""Cases of `tf.contrib.image`."""

import numpy as np


def _x(*shape):
    return np.random.RandomState(7).uniform(0, 1, shape).astype("float32")


def transforms(tf):
    c = tf.contrib.image
    one, batch = tf.constant(_x(4, 5)), tf.constant(_x(2, 4, 5, 3))
    whole = tf.constant((_x(4, 5, 1) * 255).astype("uint8"))
    skew = [1.1, 0.2, -0.5, 0.1, 0.9, 0.3, 0.02, 0.01]
    both = c.compose_transforms(
        c.angles_to_projective_transforms(0.3, 4.0, 5.0),
        skew,
        c.translations_to_projective_transforms([1.0, 2.0]),
    )
    matrices = c.flat_transforms_to_matrices([skew, skew[::-1][:7] + [0.5]])
    grown = c.transform(batch, [skew, skew], "BILINEAR", output_shape=[6, 7])
    return [
        c.rotate(one, 1.4), c.rotate(batch, [0.3, -1.0], interpolation="BILINEAR"), c.rotate(whole, 0.5),
        c.translate(one, [1.0, -1.0]), c.translate(batch, [[1.0, 0.0], [0.5, 2.0]], "BILINEAR"), grown, both, matrices,
        c.matrices_to_flat_transforms(matrices * 2.0), c.transform(one, both), tf.gradients(grown, batch)[0],
        c.angles_to_projective_transforms([0.1, 0.2], 3.0, 4.0),
    ]  # fmt: skip


def warps(tf):
    c = tf.contrib.image
    image = tf.constant(_x(2, 5, 6, 2))
    flow = tf.constant(_x(2, 5, 6, 2) * 4 - 2)
    source = tf.constant([[[1.0, 1.0], [3.0, 4.0]]] * 2)
    goal = source + [[0.5, -0.25], [-1.0, 0.5]]
    warped = c.dense_image_warp(image, flow)
    fixed = c.sparse_image_warp(image, source, goal, num_boundary_points=2)
    corners = c.sparse_image_warp(image, source, goal, 1, 0.1, num_boundary_points=1)
    points, values, queries = _x(1, 7, 2) * 3, np.cos(_x(1, 7, 3)), _x(1, 4, 2) + 1
    splines = [c.interpolate_spline(points, values, queries, order) for order in (1, 2, 3)]
    soft = c.interpolate_spline(points, values, queries, 2, regularization_weight=0.5)
    return [warped, fixed, corners, splines, soft, tf.gradients(warped, [image, flow])]


def colors(tf):
    from tensorflow.contrib.image.python.ops import distort_image_ops as d

    image = tf.constant(_x(3, 4, 3))
    whole = tf.constant((_x(2, 2, 3) * 200).astype("uint8"))
    gentle = d.adjust_hsv_in_yiq(whole, 0.1, 0.9, 1.05)
    inside = d.random_hsv_in_yiq(image, 0.2, 0.5, 1.5, 0.8, 1.2, seed=3)
    return [
        d.adjust_hsv_in_yiq(image, 0.7, 1.2, 0.8), d.adjust_hsv_in_yiq(image, -0.3), gentle, tf.shape(inside),
    ]  # fmt: skip


def regions(tf):
    c = tf.contrib.image
    pixels = np.random.RandomState(1).randint(0, 3, (2, 6, 7))
    spiral = np.array([
        [1, 1, 1, 1, 1, 1], [0, 0, 0, 0, 0, 1], [1, 1, 1, 1, 0, 1], [1, 0, 0, 1, 0, 1], [1, 0, 1, 1, 0, 1], [1, 0, 0, 0, 0, 1],
        [1, 1, 1, 1, 1, 1],
    ])  # fmt: skip
    distances = _x(4, 6)
    return [
        c.connected_components(pixels), c.connected_components(tf.constant(spiral.astype(bool))), c.connected_components(_x(2, 2)),
        c.bipartite_match(distances, [4.0]), c.bipartite_match(distances, [3.0], top_k=2), c.bipartite_match(_x(5, 3), [5.0]),
    ]  # fmt: skip
