"""Sorting, top-k, binary search, unique, permutations, edit distance."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

import headrace as tf
from tests.ops.harness import check, check_gradients, close

RNG = np.random.default_rng(11)
X = RNG.integers(-4, 5, (3, 7))
DTYPES = ["float32", "float64", "int32", "int64", "int8", "uint8", "uint16", "float16", "bfloat16"]


def of(dtype):
    return (np.abs(X) if dtype.startswith("u") else X).astype(tf.as_dtype(dtype).as_numpy_dtype)


@pytest.mark.parametrize("direction", ["ASCENDING", "DESCENDING"])
@pytest.mark.parametrize(("axis", "dtype"), [*[(-1, dtype) for dtype in DTYPES], (0, "float32")])
def test_sort(dtype, direction, axis):
    x = of(dtype)
    wide = x.astype(np.float64)
    up = direction == "ASCENDING"
    expected = np.sort(wide, axis) if up else -np.sort(-wide, axis)
    check(lambda x: tf.sort(x, axis, direction), [x], expected.astype(x.dtype))
    check(
        lambda x: tf.argsort(x, axis, direction, stable=True),
        [x],
        np.argsort(wide if up else -wide, axis, kind="stable"),
    )


def test_sort_extremes():
    """The smallest integer has no negative."""
    for dtype in ("int8", "int32", "int64", "uint8"):
        kind = tf.as_dtype(dtype)
        x = np.array([3, kind.max, kind.min, 0], kind.as_numpy_dtype)
        check(tf.sort, [x], np.sort(x))
        check(lambda x: tf.sort(x, direction="DESCENDING"), [x], np.sort(x)[::-1])
    check(tf.sort, [np.array([2.0, -np.inf, np.inf, -1.0])], np.array([-np.inf, -1, 2, np.inf]))
    check(tf.sort, [np.zeros((2, 0), np.float32)], np.zeros((2, 0)))


def test_sort_unknown_rank():
    check(tf.sort, [X], np.sort(X), unknown=["rank"])


def test_sort_misuse():
    with pytest.raises(ValueError, match="direction"):
        tf.sort([1], direction="UP")
    with pytest.raises(ValueError, match="axis"):
        tf.sort([1], axis=1)
    with pytest.raises(ValueError, match="axis"):
        tf.sort(1)


@pytest.mark.parametrize("k", [0, 1, 3, 7])
@pytest.mark.parametrize("dtype", DTYPES)
def test_top_k(k, dtype):
    x = of(dtype)
    at = np.argsort(-x.astype(np.float64), -1, kind="stable")[:, :k]
    check(lambda x: tf.math.top_k(x, k), [x], (np.take_along_axis(x, at, -1), at))


def test_top_k_options():
    values, indices = tf.math.top_k([1, 3, 2], 2, index_type=tf.int64)
    assert (
        indices.dtype is tf.int64 and indices.numpy().tolist() == [1, 2] and values.numpy().tolist() == [3, 2]
    )
    check(lambda x: tf.math.top_k(x, 2), [X.reshape(3, 1, 7).astype(np.float32)], None)
    for k in (5, -1):
        with pytest.raises(tf.errors.InvalidArgumentError):
            tf.math.top_k([1.0, 2.0], k)


def test_sort_gradients():
    x = RNG.normal(size=(2, 4))
    check_gradients(lambda x: tf.sort(x) ** 2.0 * [1.0, 2.0, 3.0, 4.0], [x])
    check_gradients(lambda x: tf.sort(x, 0, "DESCENDING") * 2.0, [x])
    check_gradients(lambda x: tf.math.top_k(x, 2).values ** 2.0, [x])
    check_gradients(lambda x: tf.raw_ops.NthElement(input=x, n=1, reverse=False), [x], order=1)


def test_nth_element():
    for reverse in (False, True):
        check(
            lambda x, reverse=reverse: tf.raw_ops.NthElement(input=x, n=2, reverse=reverse),
            [X.astype(np.float32)],
            np.sort(X)[:, -3 if reverse else 2],
        )


@pytest.mark.parametrize("n", [5, 200])
@pytest.mark.parametrize("side", ["left", "right"])
@pytest.mark.parametrize("dtype", ["float32", "int32", "int64"])
def test_searchsorted(side, n, dtype):
    table = np.sort(RNG.integers(0, 40, (2, 3, n)), -1).astype(dtype)
    values = RNG.integers(-3, 44, (2, 3, 9)).astype(dtype)
    expected = np.stack(
        [np.searchsorted(t, v, side) for t, v in zip(table.reshape(6, n), values.reshape(6, 9))]
    ).reshape(2, 3, 9)
    check(lambda t, v: tf.searchsorted(t, v, side), [table, values], expected)
    check(lambda t, v: tf.searchsorted(t, v, side, tf.int64), [table[0, 0], values[0, 0]], expected[0, 0])


def test_searchsorted_misuse():
    with pytest.raises(ValueError, match="side"):
        tf.searchsorted([1, 2], [1], "middle")
    with pytest.raises(tf.errors.InvalidArgumentError, match="Leading"):
        tf.searchsorted([[1, 2], [3, 4]], [[1]])


@pytest.mark.parametrize("dtype", ["int32", "float32", "string", "int64", "uint8", "bfloat16", "bool"])
def test_unique(dtype):
    x = (
        tf.constant(["b", "a", "b", "c"])
        if dtype == "string"
        else tf.cast([1, 0, 1, 1] if dtype == "bool" else [4, 1, 4, 2], dtype)
    )
    y, idx, count = tf.unique_with_counts(x, tf.int64)
    assert idx.dtype is tf.int64 and y.dtype is x.dtype
    assert tf.gather(y, idx).numpy().tolist() == x.numpy().tolist()
    assert count.numpy().tolist() == ([3, 1] if dtype == "bool" else [2, 1, 1])
    y, idx = tf.unique(x)
    assert idx.dtype is tf.int32 and idx.numpy().tolist()[:3] == [0, 1, 0]
    assert tf.unique(x[:0]).y.shape == (0,)
    with pytest.raises(tf.errors.InvalidArgumentError, match="1D"):
        tf.unique(tf.stack([x, x]))


def test_unique_rows():
    x = np.array([[1, 1, 2], [0, 0, 5], [1, 1, 2]])
    y, idx = tf.raw_ops.UniqueV2(x=x, axis=[0])
    assert y.numpy().tolist() == x[:2].tolist() and idx.numpy().tolist() == [0, 1, 0]
    y, idx, count = tf.raw_ops.UniqueWithCountsV2(x=x, axis=[1])
    assert y.numpy().tolist() == x[:, 1:].tolist() and count.numpy().tolist() == [2, 1]
    out, at = tf.raw_ops.ListDiff(x=[1, 2, 3, 4, 2], y=[2, 4])
    assert out.numpy().tolist() == [1, 3] and at.numpy().tolist() == [0, 2]


def test_permutations():
    p = RNG.permutation(9).astype(np.int32)
    check(tf.math.invert_permutation, [p], np.argsort(p))
    check(
        lambda i: tf.unravel_index(i, [2, 3, 4]),
        [np.array([5, 23, 0])],
        np.stack(np.unravel_index([5, 23, 0], (2, 3, 4))),
    )
    check(lambda i: tf.unravel_index(i, [2, 3]), [np.int32(5)], np.array([1, 2]))
    for bad in ([0, 0], [0, 2], [-1, 0]):
        with pytest.raises(tf.errors.InvalidArgumentError):
            tf.math.invert_permutation(bad)
    with pytest.raises(tf.errors.InvalidArgumentError, match="out of bound"):
        tf.unravel_index(9, [2, 3])


def sparse(indices, values, shape):
    return SimpleNamespace(
        indices=tf.constant(indices, tf.int64, [len(indices), len(shape)]),
        values=tf.constant(values),
        dense_shape=tf.constant(shape, tf.int64),
    )


def test_edit_distance():
    a = sparse([[0, 0], [0, 1], [1, 0]], ["a", "b", "c"], [2, 2])
    b = sparse([[0, 0], [1, 0], [1, 1]], ["a", "c", "d"], [2, 2])
    assert tf.edit_distance(a, b).numpy().tolist() == [1.0, 0.5]
    assert tf.edit_distance(a, b, normalize=False).numpy().tolist() == [1.0, 1.0]
    empty = sparse([], [], [2, 2])
    assert tf.edit_distance(sparse([[0, 0]], [1.0], [2, 2]), empty).numpy().tolist() == [np.inf, 0.0]
    with pytest.raises(TypeError, match="SparseTensor"):
        tf.edit_distance([1], b)


def test_levenshtein():
    kitten, sitting = [list("kitten"), list("sitting")]
    rows = lambda s: sparse([[0, i] for i in range(len(s))], s, [1, 7])
    close(tf.edit_distance(rows(kitten), rows(sitting), normalize=False), np.array([3.0]))
