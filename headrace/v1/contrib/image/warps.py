"""Images warped by a flow, or by points that move; splines between points."""

from __future__ import annotations

from typing import Any

import numpy as np

import headrace as tf
from headrace.core import dtypes

_SMALL = 1e-10


def dense_image_warp(image: Any, flow: Any, name: str = "dense_image_warp") -> Any:
    """An image whose pixel (y, x) is that at (y, x) - flow[y, x], interpolated; at the border where that is outside.

    Args:
      image: [batch, height, width, channels], two pixels high and wide at least.
      flow: [batch, height, width, 2]."""
    with tf.name_scope(name):
        image, flow = tf.convert_to_tensor(image), tf.convert_to_tensor(flow)
        size = tf.shape(image)
        rows, columns = tf.meshgrid(tf.range(size[1]), tf.range(size[2]), indexing="ij")
        at = tf.cast(tf.stack([rows, columns], axis=-1), flow.dtype)[None] - flow
        floors, parts = [], []
        for i in (0, 1):
            last = tf.cast(size[i + 1] - 2, flow.dtype)
            floor = tf.minimum(tf.maximum(tf.floor(at[..., i]), tf.zeros([], flow.dtype)), last)
            floors.append(tf.cast(floor, dtypes.int32))
            parts.append(tf.clip_by_value(tf.cast(at[..., i] - floor, image.dtype), 0, 1)[..., None])

        def pixel(down: int, right: int) -> Any:
            where = tf.stack([floors[0] + down, floors[1] + right], axis=-1)
            return tf.gather_nd(image, where, batch_dims=1)

        top = pixel(0, 0) + parts[1] * (pixel(0, 1) - pixel(0, 0))
        bottom = pixel(1, 0) + parts[1] * (pixel(1, 1) - pixel(1, 0))
        return tf.reshape(top + parts[0] * (bottom - top), size)


def interpolate_spline(
    train_points: Any, train_values: Any, query_points: Any, order: int, regularization_weight: float = 0.0,
    name: str = "interpolate_spline",
) -> Any:  # fmt: skip
    """A polyharmonic spline through points, at other points.

    Args:
      train_points: [batch, n, d]; d must be known.
      train_values: [batch, n, k].
      query_points: [batch, m, d].
      order: of the spline: 1 for linear, 2 for a thin plate.
      regularization_weight: how far it may be from the points.

    Returns: values [batch, m, k].

    Raises:
      ValueError: d or k is unknown."""
    with tf.name_scope(name):
        points, values, queries = (
            tf.convert_to_tensor(x) for x in (train_points, train_values, query_points)
        )
        if points.shape[-1] is None or values.shape[-1] is None:
            raise ValueError("The last dimensions of train_points and train_values must be known.")
        batch, n = tf.shape(points)[0], tf.shape(points)[1]
        d, k = int(points.shape[-1]), int(values.shape[-1])
        kernel = _basis(_squares(points, points), order)
        if regularization_weight > 0:
            kernel += regularization_weight * tf.eye(n, dtype=points.dtype)[None]
        linear = tf.concat([points, tf.ones_like(points[..., :1])], 2)
        zeros = tf.zeros(tf.stack([batch, d + 1, d + 1]), points.dtype)
        left = tf.concat(
            [tf.concat([kernel, linear], 2), tf.concat([tf.transpose(linear, [0, 2, 1]), zeros], 2)], 1
        )
        right = tf.concat([values, tf.zeros(tf.stack([batch, d + 1, k]), values.dtype)], 1)
        weights = tf.linalg.solve(left, right)
        ones = tf.ones_like(queries[..., :1])
        return tf.matmul(_basis(_squares(queries, points), order), weights[:, :n]) + tf.matmul(
            tf.concat([queries, ones], 2), weights[:, n:]
        )


def _squares(x: Any, y: Any) -> Any:
    """Squares of the distances between rows."""
    sizes = [tf.reduce_sum(tf.square(v), 2) for v in (x, y)]
    return sizes[0][:, :, None] - 2 * tf.matmul(x, y, transpose_b=True) + sizes[1][:, None, :]


def _basis(r: Any, order: int) -> Any:
    """The radial function, of squared distances."""
    positive = tf.maximum(r, tf.constant(_SMALL, r.dtype))
    if order in (2, 4):
        return 0.5 * r ** (order // 2) * tf.math.log(positive)
    power = tf.sqrt(positive) if order == 1 else positive ** (0.5 * order)
    return 0.5 * power * tf.math.log(positive) if order % 2 == 0 else power


def sparse_image_warp(
    image: Any, source_control_point_locations: Any, dest_control_point_locations: Any, interpolation_order: int = 2,
    regularization_weight: float = 0.0, num_boundary_points: int = 0, name: str = "sparse_image_warp",
) -> tuple[Any, Any]:  # fmt: skip
    """An image in which points move from one place to another, and what is between them with them.

    Args:
      image: [batch, height, width, channels], all known but the last.
      source_control_point_locations, dest_control_point_locations: [batch, n, 2], as (y, x).
      interpolation_order, regularization_weight: of the spline.
      num_boundary_points: 1 to hold the corners fast, more for points on the edges between them.

    Returns: the image and the flow [batch, height, width, 2]."""
    with tf.name_scope(name):
        image, source, goal = (
            tf.convert_to_tensor(x)
            for x in (image, source_control_point_locations, dest_control_point_locations)
        )
        batch, height, width = (int(n) for n in image.shape.as_list()[:3])
        moves = goal - source
        if num_boundary_points > 0:
            edge = _edge(height, width, num_boundary_points + 1)
            goal = tf.concat([goal, tf.constant(np.tile(edge, (batch, 1, 1)), goal.dtype)], 1)
            moves = tf.concat([moves, tf.zeros([batch, len(edge), 2], moves.dtype)], 1)
        grid = np.stack(np.meshgrid(np.arange(height), np.arange(width), indexing="ij"), -1).reshape(-1, 2)
        queries = tf.constant(np.tile(grid, (batch, 1, 1)), image.dtype)
        flow = interpolate_spline(goal, moves, queries, interpolation_order, regularization_weight)
        flow = tf.reshape(flow, [batch, height, width, 2])
        return dense_image_warp(image, flow), flow


def _edge(height: int, width: int, n: int) -> np.ndarray:
    """n points on each edge of an image: [number, 2]."""
    y, x = np.meshgrid(np.linspace(0, height - 1, n), np.linspace(0, width - 1, n), indexing="ij")
    on = (x == 0) | (x == width - 1) | (y == 0) | (y == height - 1)
    return np.stack([y[on], x[on]], -1)
