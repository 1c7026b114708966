"""Parts of images that hang together, and pairs of what is near."""

from __future__ import annotations

from typing import Any

import numpy as np

import headrace as tf
from headrace.core import dtypes


def connected_components(images: Any) -> Any:
    """The number of the region that each pixel is in: 1, 2, … for regions of equal pixels, 0 where pixels are 0 (or False).

    Args:
      images: [height, width] or [batch, height, width]. Pixels above, below, left and right are neighbours.

    Raises:
      TypeError: they have other dimensions.

    >>> import headrace as tf
    >>> connected_components(tf.constant([[1, 0, 2], [1, 0, 2], [0, 3, 2]])).numpy().tolist()
    [[1, 0, 2], [1, 0, 2], [0, 3, 2]]
    """
    images = tf.convert_to_tensor(images, name="images")
    rank = images.shape.rank
    if rank not in (2, 3):
        raise TypeError(f"images should have rank 2 (HW) or 3 (NHW). Static shape is {images.shape}")
    batch = images[None] if rank == 2 else images
    size = tf.shape(batch)
    count = tf.size(batch)
    held = tf.reshape(tf.not_equal(batch, tf.zeros_like(batch)), [-1])
    joins = []
    for axis in (1, 2):
        n = size[axis]
        index = tf.reshape(tf.range(count), size)
        first, second = (tf.gather(x, tf.range(n - 1), axis=axis) for x in (batch, index))
        then, next_ = (tf.gather(x, tf.range(1, n), axis=axis) for x in (batch, index))
        same = tf.reshape(tf.equal(first, then), [-1])
        joins += [tf.boolean_mask(tf.reshape(x, [-1]), same) for x in (second, next_)]
    a, b = tf.concat([joins[0], joins[2]], 0), tf.concat([joins[1], joins[3]], 0)

    def spread(labels: Any, _: Any) -> tuple[Any, Any]:
        least = tf.minimum(tf.gather(labels, a), tf.gather(labels, b))
        new = tf.minimum(labels, tf.math.unsorted_segment_min(least, a, count))
        new = tf.minimum(new, tf.math.unsorted_segment_min(least, b, count))
        new = tf.gather(new, new)  # what a label's own pixel has: paths grow shorter by half
        return new, tf.reduce_any(tf.not_equal(new, labels))

    roots, _ = tf.while_loop(lambda _, more: more, spread, [tf.range(count), tf.constant(True)])
    first = tf.cast(tf.equal(roots, tf.range(count)) & held, dtypes.int32)
    numbers = tf.where(held, tf.gather(tf.cumsum(first), roots), tf.zeros_like(roots))
    numbers = tf.reshape(numbers, size)
    return numbers[0] if rank == 2 else numbers


def bipartite_match(
    distance_mat: Any, num_valid_rows: Any, top_k: Any = -1, name: str = "bipartite_match"
) -> tuple[Any, Any]:
    """Pairs of rows and columns, found greedily: again and again the nearest two that have no partner yet.

    Args:
      distance_mat: [rows, columns] float32.
      num_valid_rows: a scalar or a vector of one: only so many rows take part.
      top_k: how many pairs; as many as there can be, if negative.

    Returns: for each row its column, and for each column its row: int32, -1 for none."""

    def match(distances: np.ndarray, rows: np.ndarray, most: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        to_column = np.full(distances.shape[0], -1, np.int32)
        to_row = np.full(distances.shape[1], -1, np.int32)
        used = distances[: int(rows.reshape(-1)[0])]
        left = min(used.shape) if most < 0 else min(*used.shape, int(most))
        for at in np.argsort(used, axis=None, kind="stable"):
            if not left:
                break
            i, j = divmod(int(at), used.shape[1])
            if to_column[i] < 0 and to_row[j] < 0:
                to_column[i], to_row[j], left = j, i, left - 1
        return to_column, to_row

    distances = tf.convert_to_tensor(distance_mat, dtypes.float32)
    rows = tf.cast(tf.convert_to_tensor(num_valid_rows), dtypes.float32)
    found = tf.numpy_function(
        match, [distances, rows, tf.convert_to_tensor(top_k)], [dtypes.int32, dtypes.int32], name=name
    )
    for x, n in zip(found, distances.shape.as_list() if distances.shape.rank else (None, None), strict=True):
        x.set_shape([n])
    return found[0], found[1]
