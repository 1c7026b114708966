"""Segment reductions, sparse segment reductions, dynamic partition and stitch."""

from __future__ import annotations

import numpy as np
import pytest

import headrace as tf
from headrace.api import segments
from headrace.compiler.lower import NeedsValue
from tests.ops.harness import check, check_gradients, close, compiled

RNG = np.random.default_rng(5)
F = RNG.normal(size=(6, 2)).astype(np.float32)
SORTED = np.array([0, 0, 2, 2, 2, 3], np.int32)
MIXED = np.array([3, 0, -1, 3, 1, 0], np.int32)
REDUCE = {
    "sum": (np.sum, 0.0),
    "mean": (np.mean, 0.0),
    "prod": (np.prod, 1.0),
    "min": (np.min, None),
    "max": (np.max, None),
    "sqrt_n": (lambda x, axis: x.sum(axis) / np.sqrt(len(x)), 0.0),
}


def by_segment(x, ids, n, kind, *, zero_extremes):
    reduce, empty = REDUCE[kind]
    if empty is None:
        limits = np.finfo(x.dtype) if x.dtype.kind == "f" else np.iinfo(x.dtype)
        empty = 0 if zero_extremes else limits.max if kind == "min" else limits.min
    out = np.full((n, *x.shape[ids.ndim :]), empty, x.dtype)
    for k in range(n):
        if (ids == k).any():
            out[k] = reduce(x[ids == k], axis=0)
    return out


@pytest.mark.parametrize("kind", ["sum", "mean", "prod", "min", "max"])
@pytest.mark.parametrize("dtype", ["float32", "float64", "int32", "int64"])
def test_sorted(kind, dtype):
    x = (F * 5).astype(dtype)
    if kind == "mean" and dtype[0] == "i":
        x = np.abs(x)
    expected = by_segment(x, SORTED, 4, kind, zero_extremes=True)
    op = getattr(tf.math, f"segment_{kind}")
    close(op(x, SORTED), expected)
    # how many segments there are is in the ids: compiled, they must be known
    result = compiled(lambda x: op(x, SORTED), [x], "dims")
    close(result, expected)
    assert result.dtype == dtype


@pytest.mark.parametrize("kind", ["sum", "mean", "prod", "min", "max", "sqrt_n"])
@pytest.mark.parametrize("ids", [MIXED, MIXED.reshape(3, 2).astype(np.int64)], ids=["vector", "matrix"])
def test_unsorted(kind, ids):
    op = getattr(tf.math, f"unsorted_segment_{kind}")
    x = F if ids.ndim == 1 else np.stack([F[:3], F[3:]], 1)
    check(lambda x, i: op(x, i, 5), [x, ids], lambda x, i: by_segment(x, i, 5, kind, zero_extremes=False))


def test_edges():
    assert tf.math.unsorted_segment_sum(
        np.zeros((0, 2), np.float32), np.zeros(0, np.int32), 2
    ).numpy().tolist() == [[0, 0], [0, 0]]
    assert tf.math.segment_sum(np.zeros((0, 2), np.float32), np.zeros(0, np.int32)).shape == (0, 2)
    close(tf.math.unsorted_segment_sum([[1, 2], [3, 4]], [[0, 1], [1, 1]], 2), np.array([1, 9]))
    check(
        lambda x, i: tf.math.unsorted_segment_sum(x, i, 3),
        [np.ones((0, 2)), np.zeros(0, np.int64)],
        np.zeros((3, 2)),
    )
    assert tf.math.unsorted_segment_max(tf.constant([1, 2], tf.int8), [1, 1], 2).numpy().tolist() == [-128, 2]


@pytest.mark.parametrize("dtype", ["bfloat16", "float16", "uint8", "complex64", "int16"])
def test_dtypes(dtype):
    x = np.abs(F * 3).astype(tf.as_dtype(dtype).as_numpy_dtype)
    out = check(lambda x, i: tf.math.unsorted_segment_sum(x, i, 4), [x, MIXED], rtol=2e-2, atol=2e-2)
    assert out.dtype == dtype
    close(
        out,
        by_segment(
            x.astype(np.complex64 if dtype == "complex64" else np.float64),
            MIXED,
            4,
            "sum",
            zero_extremes=False,
        ).astype(x.dtype),
        2e-2,
        2e-2,
    )


def test_errors():
    for ids, message in (([1, 0], "not increasing"), ([-1, 0], ">= 0"), ([0], "same size")):
        with pytest.raises(tf.errors.InvalidArgumentError, match=message):
            tf.math.segment_sum([1.0, 2.0], ids)
    with pytest.raises(tf.errors.InvalidArgumentError, match="out of range"):
        tf.math.unsorted_segment_sum([1.0, 2.0], [0, 5], 2)
    with pytest.raises(tf.errors.InvalidArgumentError, match="does not start with"):
        tf.math.unsorted_segment_sum([1.0, 2.0], [0, 1, 1], 2)
    with pytest.raises(NeedsValue):
        compiled(tf.math.segment_sum, [F, SORTED])


@pytest.mark.parametrize("kind", ["sum", "mean", "prod", "min", "max"])
def test_sorted_gradients(kind):
    x = F[:4] + np.array([[0.3], [0.1], [0.7], [-0.2]])
    check_gradients(
        lambda x: getattr(tf.math, f"segment_{kind}")(x, [0, 0, 2, 2]) ** 2.0,
        [x],
        order=1 if kind in ("prod", "min", "max") else 2,
    )


@pytest.mark.parametrize("kind", ["sum", "mean", "prod", "min", "max", "sqrt_n"])
def test_unsorted_gradients(kind):
    check_gradients(
        lambda x, i: getattr(tf.math, f"unsorted_segment_{kind}")(x, i, 3)[:2] * 2.0,
        [F[:4], np.array([1, 0, -1, 1])],
        order=1,
    )


def test_product_gradient_with_zeros():
    x = tf.constant([0.0, 3.0, 0.0, 0.0, 2.0])
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = tf.math.unsorted_segment_prod(x, [0, 0, 1, 1, 1], 2)
    assert tape.gradient(y, x).numpy().tolist() == [3.0, 0.0, 0.0, 0.0, 0.0]


def test_ties_share_the_gradient():
    x = tf.constant([2.0, 2.0, 1.0])
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = tf.math.segment_max(x, [0, 0, 0])
    assert tape.gradient(y, x).numpy().tolist() == [0.5, 0.5, 0.0]


@pytest.mark.parametrize("kind", ["sum", "mean", "sqrt_n"])
def test_sparse(kind):
    op = getattr(segments, f"sparse_segment_{kind}")
    indices = np.array([5, 0, 0, 2])
    ids = np.array([0, 0, 1, 3])
    expected = by_segment(F[indices], ids, 4, kind, zero_extremes=True)
    check(lambda x, i: op(x, i, ids), [F, indices], expected)
    check(lambda x, i, s: op(x, i, s, 5), [F, indices, ids], np.concatenate([expected, np.zeros((1, 2))]))
    check_gradients(lambda x: op(x, indices, ids) * op(x, indices, ids), [F])
    x = tf.constant(F)
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(x)
        dense, sparse = op(x, indices, ids), op(x, indices, ids, sparse_gradient=True)
    close(tf.convert_to_tensor(tape.gradient(sparse, x)), tape.gradient(dense, x).numpy())


def test_partition():
    x = np.arange(8).reshape(4, 2)
    parts = tf.dynamic_partition(x, [1, 0, 1, 3], 4)
    assert [p.numpy().tolist() for p in parts] == [[[2, 3]], [[0, 1], [4, 5]], [], [[6, 7]]]
    assert [p.numpy().tolist() for p in tf.dynamic_partition(x[:2], [[1, 0], [0, 0]], 2)] == [[1, 2, 3], [0]]
    with pytest.raises(tf.errors.InvalidArgumentError, match="not in"):
        tf.dynamic_partition([1, 2], [0, 5], 2)


def test_stitch():
    check(lambda a, b: tf.dynamic_stitch([[0, 2], [1, 3]], [a, b]), [F[:2], F[2:4]], F[[0, 2, 1, 3]])
    check(
        lambda a, b: tf.dynamic_stitch([0, [[3, 1], [0, 2]]], [a, b]),
        [F[0], F[1:5].reshape(2, 2, 2)],
        F[[3, 2, 4, 1]],
    )
    assert tf.dynamic_stitch([[1], [1]], [[5], [9]]).numpy().tolist() == [0, 9]


def test_partition_and_stitch_gradient():
    def f(x):
        a, b = tf.dynamic_partition(x, [1, 0, 1, 0], 2)
        return tf.dynamic_stitch([[0, 1], [3, 2]], [a * a, b * 2.0])

    check_gradients(f, [F[:4]], trace=False)
