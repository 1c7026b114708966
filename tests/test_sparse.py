"""Sparse tensors and sets: eagerly and in compiled functions. Expected values are TensorFlow's."""

from __future__ import annotations

import numpy as np
import pytest

import headrace as tf
from tests.ops.harness import check, check_gradients

S = tf.sparse
BAD = tf.errors.InvalidArgumentError


def st(indices, values, shape):
    return tf.SparseTensor(np.asarray(indices, np.int64).reshape(-1, len(shape)), values, shape)


def two():
    return st([[0, 1], [2, 0]], [5.0, 7.0], [3, 4])


def ids():
    return st([[0, 1], [0, 3], [2, 0]], [1, 2, 3], [3, 4])


def unsorted():
    return st([[2, 0], [0, 1]], [5.0, 7.0], [3, 4])


def cube():
    return st([[0, 0, 1], [1, 0, 0], [1, 1, 2]], [1.0, 2.0, 3.0], [2, 2, 3])


def empty():
    return st([], np.zeros(0, np.float32), [3, 4])


def parts(value):
    """A result as plain lists: (indices, values, shape) of sparse tensors."""
    if isinstance(value, (list, tuple)):
        return [parts(v) for v in value]
    if isinstance(value, tf.SparseTensor):
        values = value.values.numpy()
        values = np.round(values.astype(np.float64), 5) if value.dtype.is_floating else values
        return value.indices.numpy().tolist(), values.tolist(), value.dense_shape.numpy().tolist()
    return value.numpy().tolist()


def traced(fn, *args):
    specs = [
        tf.SparseTensorSpec([None] * a.shape.rank, a.dtype)
        if isinstance(a, tf.SparseTensor)
        else tf.TensorSpec(a.shape, a.dtype)
        for a in args
    ]
    return tf.function(fn, input_signature=specs, autograph=False)(*args)


DENSE = [[0.0, 5.0, 0.0, 0.0], [0.0, 0.0, 0.0, 0.0], [7.0, 0.0, 0.0, 0.0]]
D = np.arange(8, dtype=np.float32).reshape(4, 2)


@pytest.mark.parametrize(
    ("value", "fn", "expected"),
    [
        (two, S.to_dense, DENSE),
        (empty, S.to_dense, np.zeros((3, 4)).tolist()),
        (two, lambda s: S.to_dense(s, -1.0), [[-1.0, 5.0, -1.0, -1.0], [-1.0] * 4, [7.0, -1.0, -1.0, -1.0]]),
        (two, lambda s: S.from_dense(S.to_dense(s)), ([[0, 1], [2, 0]], [5.0, 7.0], [3, 4])),
        (two, lambda s: S.add(s, s), ([[0, 1], [2, 0]], [10.0, 14.0], [3, 4])),
        (two, lambda s: S.add(s, s.with_values([-5.0, 1.0])), ([[0, 1], [2, 0]], [0.0, 8.0], [3, 4])),
        (two, lambda s: S.add(s, s.with_values([-5.0, 1.0]), threshold=0.5), ([[2, 0]], [8.0], [3, 4])),
        (two, lambda s: S.add(s, tf.ones([3, 4])), (np.asarray(DENSE) + 1).tolist()),
        (two, lambda s: S.concat(0, [s, s]), ([[0, 1], [2, 0], [3, 1], [5, 0]], [5.0, 7.0, 5.0, 7.0], [6, 4])),
        (two, lambda s: S.concat(1, [s, s]), ([[0, 1], [0, 5], [2, 0], [2, 4]], [5.0, 5.0, 7.0, 7.0], [3, 8])),
        (two, lambda s: S.concat(-1, [s, empty()]), ([[0, 1], [2, 0]], [5.0, 7.0], [3, 8])),
        (two, lambda s: S.concat(0, [s, st([[0, 0]], [1.0], [1, 2])], expand_nonconcat_dims=True), ([[0, 1], [2, 0], [3, 0]], [5.0, 7.0, 1.0], [4, 4])),
        (two, lambda s: S.expand_dims(s, 0), ([[0, 0, 1], [0, 2, 0]], [5.0, 7.0], [1, 3, 4])),
        (two, S.expand_dims, ([[0, 1, 0], [2, 0, 0]], [5.0, 7.0], [3, 4, 1])),
        (two, lambda s: S.expand_dims(s, 1), ([[0, 0, 1], [2, 0, 0]], [5.0, 7.0], [3, 1, 4])),
        (two, lambda s: S.fill_empty_rows(s, 9.0), [([[0, 1], [1, 0], [2, 0]], [5.0, 9.0, 7.0], [3, 4]), [False, True, False]]),
        (empty, lambda s: S.fill_empty_rows(s, 9.0), [([[0, 0], [1, 0], [2, 0]], [9.0, 9.0, 9.0], [3, 4]), [True, True, True]]),
        (two, lambda s: S.map_values(tf.add, s, 1.0), ([[0, 1], [2, 0]], [6.0, 8.0], [3, 4])),
        (two, lambda s: S.maximum(s, s.with_values([6.0, 1.0])), ([[0, 1], [2, 0]], [6.0, 7.0], [3, 4])),
        (two, lambda s: S.minimum(s, st([[0, 0]], [1.0], [3, 4])), ([[0, 0], [0, 1], [2, 0]], [0.0, 0.0, 0.0], [3, 4])),
        (two, S.reduce_sum, 12.0),
        (two, lambda s: S.reduce_sum(s, 0), [7.0, 5.0, 0.0, 0.0]),
        (two, lambda s: S.reduce_sum(s, -1), [5.0, 0.0, 7.0]),
        (two, lambda s: S.reduce_sum(s, [0, 1]), 12.0),
        (two, lambda s: S.reduce_sum(s, 1, keepdims=True), [[5.0], [0.0], [7.0]]),
        (two, lambda s: S.reduce_max(s, 1), [5.0, 0.0, 7.0]),
        (two, lambda s: S.reduce_max(s.with_values([-5.0, -7.0]), 1), [-5.0, 0.0, -7.0]),
        (empty, S.reduce_max, 0.0),
        (cube, lambda s: S.reduce_sum(s, [0, 2]), [3.0, 3.0]),
        (cube, lambda s: S.reduce_sum(s, -1, output_is_sparse=True), ([[0, 0], [1, 0], [1, 1]], [1.0, 2.0, 3.0], [2, 2])),
        (two, lambda s: S.reduce_max(s, 1, keepdims=True, output_is_sparse=True), ([[0, 0], [2, 0]], [5.0, 7.0], [3, 1])),
        (unsorted, S.reorder, ([[0, 1], [2, 0]], [7.0, 5.0], [3, 4])),
        (two, S.reset_shape, ([[0, 1], [2, 0]], [5.0, 7.0], [3, 2])),
        (two, lambda s: S.reset_shape(s, [5, 5]), ([[0, 1], [2, 0]], [5.0, 7.0], [5, 5])),
        (two, lambda s: S.reshape(s, [4, 3]), ([[0, 1], [2, 2]], [5.0, 7.0], [4, 3])),
        (two, lambda s: S.reshape(s, [2, -1]), ([[0, 1], [1, 2]], [5.0, 7.0], [2, 6])),
        (two, lambda s: S.retain(s, [True, False]), ([[0, 1]], [5.0], [3, 4])),
        (two, lambda s: S.slice(s, [0, 0], [2, 2]), ([[0, 1]], [5.0], [2, 2])),
        (two, lambda s: S.slice(s, [1, 0], [5, 5]), ([[1, 0]], [7.0], [2, 4])),
        (two, lambda s: S.slice(s, [3, 3], [1, 1]), ([], [], [0, 1])),
        (ids, lambda s: S.softmax(s.with_values([1.0, 2.0, 3.0])), ([[0, 1], [0, 3], [2, 0]], [0.26894, 0.73106, 1.0], [3, 4])),
        (cube, S.softmax, ([[0, 0, 1], [1, 0, 0], [1, 1, 2]], [1.0, 1.0, 1.0], [2, 2, 3])),
        (two, lambda s: S.split(s, num_split=2, axis=1), [([[0, 1], [2, 0]], [5.0, 7.0], [3, 2]), ([], [], [3, 2])]),
        (two, lambda s: S.split(s, num_split=2, axis=0), [([[0, 1]], [5.0], [2, 4]), ([[0, 0]], [7.0], [1, 4])]),
        (ids, lambda s: S.to_indicator(s, 5), [[False, True, True, False, False], [False] * 5, [False, False, False, True, False]]),
        (two, S.transpose, ([[0, 2], [1, 0]], [7.0, 5.0], [4, 3])),
        (cube, lambda s: S.transpose(s, [2, 0, 1]), ([[0, 1, 0], [1, 0, 0], [2, 1, 1]], [2.0, 1.0, 3.0], [3, 2, 2])),
        (two, lambda s: S.sparse_dense_matmul(s, D), [[10.0, 15.0], [0.0, 0.0], [0.0, 7.0]]),
        (two, lambda s: S.sparse_dense_matmul(s, D.T, adjoint_b=True), [[10.0, 15.0], [0.0, 0.0], [0.0, 7.0]]),
        (two, lambda s: S.sparse_dense_matmul(s, tf.ones([3, 2]), adjoint_a=True), [[7.0, 7.0], [5.0, 5.0], [0.0, 0.0], [0.0, 0.0]]),
        (two, lambda s: S.sparse_dense_matmul(tf.ones([2, 3]), s), [[7.0, 5.0, 0.0, 0.0]] * 2),
        (empty, lambda s: S.sparse_dense_matmul(s, D), np.zeros((3, 2)).tolist()),
        (two, lambda s: s * 2.0, ([[0, 1], [2, 0]], [10.0, 14.0], [3, 4])),
        (two, lambda s: tf.constant([1.0, 2.0, 4.0, 4.0]) * s, ([[0, 1], [2, 0]], [10.0, 7.0], [3, 4])),
        (two, lambda s: s / tf.constant([[1.0], [2.0], [7.0]]), ([[0, 1], [2, 0]], [5.0, 1.0], [3, 4])),
        (ids, lambda s: s / 2, ([[0, 1], [0, 3], [2, 0]], [0.5, 1.0, 1.5], [3, 4])),
        (two, lambda s: tf.abs(tf.negative(s)), ([[0, 1], [2, 0]], [5.0, 7.0], [3, 4])),
        (two, lambda s: tf.cast(s, tf.int32), ([[0, 1], [2, 0]], [5, 7], [3, 4])),
        (two, lambda s: tf.sqrt(tf.square(s)), ([[0, 1], [2, 0]], [5.0, 7.0], [3, 4])),
        (two, tf.shape, [3, 4]),
        (two, tf.size, 12),
        (two, tf.rank, 2),
        (ids, S.bincount, ([[1], [2], [3]], [1, 1, 1], [4])),
        (ids, lambda s: S.bincount(s, axis=-1), ([[0, 1], [0, 2], [2, 3]], [1, 1, 1], [3, 4])),
        (ids, lambda s: S.bincount(s, weights=s.with_values([0.5, 1.0, 2.0]), axis=-1), ([[0, 1], [0, 2], [2, 3]], [0.5, 1.0, 2.0], [3, 4])),
        (ids, tf.sets.size, [2, 0, 1]),
        (ids, lambda s: tf.sets.union(s, s), ([[0, 0], [0, 1], [2, 0]], [1, 2, 3], [3, 2])),
        (two, lambda s: tf.map_fn(lambda row: tf.sparse.reduce_sum(row), s, fn_output_signature=tf.float32), [5.0, 0.0, 7.0]),
    ],
)  # fmt: skip
def test_functions(value, fn, expected):
    expected = parts_of(expected)
    assert parts_of(parts(fn(value()))) == expected
    assert parts_of(parts(traced(fn, value()))) == expected


def parts_of(value):
    return [parts_of(v) for v in value] if isinstance(value, (list, tuple)) else value


@pytest.mark.parametrize(
    ("make", "expected"),
    [
        (lambda: S.from_dense([[0, 2], [3, 0]]), ([[0, 1], [1, 0]], [2, 3], [2, 2])),
        (lambda: S.from_dense(["", "a"]), ([[1]], [b"a"], [2])),
        (lambda: S.to_dense(st([[1]], ["a"], [2])), [b"", b"a"]),
        (lambda: S.to_dense(st([[1]], [True], [2])), [False, True]),
        (lambda: S.to_dense(unsorted(), validate_indices=False), [[0.0, 7.0, 0.0, 0.0], [0.0] * 4, [5.0, 0.0, 0.0, 0.0]]),
        (lambda: S.eye(2, 3, tf.int32), ([[0, 0], [1, 1]], [1, 1], [2, 3])),
        (lambda: S.bincount([[1, 2, 2], [3, 3, 0]], axis=-1), ([[0, 1], [0, 2], [1, 0], [1, 3]], [1, 2, 1, 2], [2, 4])),
        (lambda: S.bincount([1, 1, 3], binary_output=True), ([[1], [3]], [1, 1], [4])),
        (lambda: S.bincount([1, 1, 3], weights=[0.5, 1.0, 2.0]), ([[1], [3]], [1.5, 2.0], [4])),
        (lambda: S.bincount([1, 1, 3, 9], maxlength=6), ([[1], [3]], [2, 1], [6])),
        (lambda: S.bincount([1, 1, 3], minlength=6), ([[1], [3]], [2, 1], [6])),
        (lambda: S.bincount(tf.ragged.constant([[1, 1], [2]]), axis=-1), ([[0, 1], [1, 2]], [2, 1], [2, 3])),
        (lambda: S.cross([st([[0, 0], [1, 0], [1, 1]], ["a", "b", "c"], [2, 2]), st([[0, 0], [1, 0]], ["d", "e"], [2, 1])]),
         ([[0, 0], [1, 0], [1, 1]], [b"a_X_d", b"b_X_e", b"c_X_e"], [2, 2])),
        (lambda: S.cross([st([[0, 0], [1, 0]], ["a", "b"], [2, 2]), tf.constant([["x"], ["y"]])], separator="-"), ([[0, 0], [1, 0]], [b"a-x", b"b-y"], [2, 1])),
        (lambda: S.cross_hashed([st([[0, 0], [1, 0], [1, 1]], ["a", "b", "c"], [2, 2]), st([[0, 0], [1, 0]], ["d", "e"], [2, 1])], num_buckets=100),
         ([[0, 0], [1, 0], [1, 1]], [82, 61, 41], [2, 2])),
        (lambda: S.cross_hashed([st([[0, 0], [1, 0]], [1, 2], [2, 2]), st([[0, 0], [1, 0]], [3, 4], [2, 1])]),
         ([[0, 0], [1, 0]], [4809349409533727844, 6432873524654521740], [2, 1])),
        (lambda: tf.sets.intersection([[1, 2], [3, 4]], [[2, 5], [3, 4]]), ([[0, 0], [1, 0], [1, 1]], [2, 3, 4], [2, 2])),
        (lambda: tf.sets.difference([[1, 2], [3, 4]], [[2, 5], [3, 4]]), ([[0, 0]], [1], [2, 1])),
        (lambda: tf.sets.difference([[1, 2], [3, 4]], [[2, 5], [3, 4]], aminusb=False), ([[0, 0]], [5], [2, 1])),
        (lambda: tf.sets.intersection([["a", "b"]], st([[0, 0]], ["a"], [1, 1])), ([[0, 0]], [b"a"], [1, 1])),
        (lambda: tf.sets.difference(st([[0, 0], [0, 1]], [1, 2], [1, 2]), [[2]]), ([[0, 0]], [1], [1, 1])),
    ],
)  # fmt: skip
def test_making(make, expected):
    assert parts_of(parts(make())) == parts_of(expected)


@pytest.mark.parametrize(
    ("make", "error"),
    [
        (lambda: tf.SparseTensor([[0]], [1.0], [2, 2]), ValueError),
        (lambda: tf.SparseTensor([[0, 0]], [1.0, 2.0], [2, 2]), ValueError),
        (lambda: tf.SparseTensor([0, 0], [1.0], [2, 2]), ValueError),
        (lambda: two().with_values([1.0]), ValueError),
        (lambda: S.to_dense(unsorted()), BAD),
        (lambda: S.to_dense(st([[5, 0]], [1.0], [2, 2])), BAD),
        (lambda: S.to_dense(st([[0, 0], [0, 0]], [1.0, 2.0], [2, 2])), BAD),
        (lambda: S.from_dense(5), BAD),
        (lambda: S.add(two(), st([[0, 0]], [1.0], [2, 2])), BAD),
        (lambda: S.add(two(), ids()), BAD),
        (lambda: S.add(1.0, 2.0), TypeError),
        (lambda: S.concat(0, [two(), st([[0, 0]], [1.0], [1, 2])]), BAD),
        (lambda: S.concat(5, [two(), two()]), BAD),
        (lambda: S.expand_dims(two(), 5), BAD),
        (lambda: S.map_values(tf.add, two(), unsorted()), BAD),
        (lambda: S.map_values(tf.reduce_sum, two()), ValueError),
        (lambda: S.map_values(tf.add, 1, 2), ValueError),
        (lambda: S.maximum(two(), st([[0, 0]], [1.0], [2, 4])), BAD),
        (lambda: S.reduce_sum(two(), 2), BAD),
        (lambda: S.reset_shape(two(), [2, 2]), ValueError),
        (lambda: S.reshape(two(), [5, 5]), BAD),
        (lambda: S.reshape(two(), [-1, -1]), BAD),
        (lambda: S.retain(two(), [True]), ValueError),
        (lambda: S.split(two(), 5, 1), BAD),
        (lambda: S.to_indicator(ids(), 3), BAD),
        (lambda: S.transpose(two(), [0]), ValueError),
        (lambda: S.sparse_dense_matmul(two(), tf.ones([3, 2])), BAD),
        (lambda: S.sparse_dense_matmul(two(), tf.ones([4])), BAD),
        (lambda: S.sparse_dense_matmul(st([[0, 5]], [1.0], [2, 4]), D), BAD),
        (lambda: S.bincount([1, -1]), BAD),
        (lambda: S.fill_empty_rows(st([[9, 0]], [1.0], [2, 2]), 0.0), BAD),
        (lambda: tf.sets.intersection([[1, 2]], [[[1]]]), BAD),
        (lambda: tf.convert_to_tensor(two()), ValueError),
        (lambda: two() + two(), TypeError),
        (lambda: two() * two(), TypeError),
        (lambda: two()[0], TypeError),
        (lambda: len(two()), TypeError),
    ],
)  # fmt: skip
def test_misuse(make, error):
    with pytest.raises(error):
        make()


def test_properties():
    s = two()
    assert (s.shape, s.get_shape(), s.dtype, s.indices.dtype) == (
        tf.TensorShape([3, 4]),
        tf.TensorShape([3, 4]),
        tf.float32,
        tf.int64,
    )
    assert repr(s).startswith(
        "SparseTensor(indices=tf.Tensor(\n[[0 1]\n [2 0]], shape=(2, 2), dtype=int64), values=tf.Tensor([5. 7.]"
    )
    assert s == s
    assert tf.SparseTensor.from_value(s).shape == [3, 4]
    with pytest.raises(TypeError):
        tf.SparseTensor.from_value(5)


def test_spec():
    spec = tf.SparseTensorSpec([None, 2], tf.int32)
    assert repr(spec) == "SparseTensorSpec(TensorShape([None, 2]), tf.int32)"
    assert tf.type_spec_from_value(two()) == tf.SparseTensorSpec([3, 4])
    assert tf.SparseTensorSpec([None, 4]).is_compatible_with(two())
    assert not tf.SparseTensorSpec([None, 4], tf.int32).is_compatible_with(two())
    assert spec._batch(3)._unbatch() == spec
    assert tf.SparseTensorSpec([2, None]).most_specific_common_supertype(
        [tf.SparseTensorSpec([3, None])]
    ) == tf.SparseTensorSpec([None, None])


def test_functions_branches_and_loops():
    @tf.function
    def f(s):
        r = tf.cond(tf.reduce_sum(s.values) > 0.0, lambda: S.add(s, s), lambda: S.map_values(tf.negative, s))
        _, r = tf.while_loop(lambda i, r: i < 2, lambda i, r: (i + 1, r.with_values(r.values + 1.0)), (0, r))
        return r, S.to_dense(s)

    assert parts_of(parts(f(two()))) == parts_of([([[0, 1], [2, 0]], [12.0, 16.0], [3, 4]), DENSE])
    assert parts_of(parts(f(st([[0, 0]], [-1.0], [3, 4])))[0]) == [[[0, 0]], [3.0], [3, 4]]
    assert f.experimental_get_tracing_count() == 1


@pytest.mark.parametrize(
    ("fn", "expected"),
    [
        (lambda s: S.sparse_dense_matmul(s, D), [5.0, 1.0]),
        (lambda s: S.sparse_dense_matmul(s, tf.ones([3, 2]), adjoint_a=True), [2.0, 2.0]),
        (S.to_dense, [1.0, 1.0]),
        (lambda s: S.add(s, s).values, [2.0, 2.0]),
        (lambda s: S.add(s, tf.ones([3, 4])), [1.0, 1.0]),
        (lambda s: S.concat(1, [s, s]).values * [1.0, 2.0, 3.0, 4.0], [3.0, 7.0]),
        (lambda s: S.reduce_sum(s, 1) * [1.0, 2.0, 3.0], [1.0, 3.0]),
        (lambda s: S.reduce_sum(s) * 3.0, [3.0, 3.0]),
        (lambda s: S.reorder(s).values * [1.0, 2.0], [1.0, 2.0]),
        (lambda s: S.transpose(s).values * [1.0, 2.0], [2.0, 1.0]),
        (lambda s: S.slice(s, [0, 0], [2, 2]).values, [1.0, 0.0]),
        (lambda s: S.softmax(s).values, [0.0, 0.0]),
        (lambda s: (s * tf.ones([3, 4]) * 3.0).values, [3.0, 3.0]),
        (lambda s: (s / 2.0).values, [0.5, 0.5]),
        (lambda s: S.fill_empty_rows(s, 9.0)[0].values * [1.0, 2.0, 3.0], [1.0, 3.0]),
        (lambda s: S.maximum(s, s.with_values([6.0, 1.0])).values, [0.0, 1.0]),
        (lambda s: S.minimum(st([[0, 1], [2, 0]], [6.0, 1.0], [3, 4]), s).values, [1.0, 0.0]),
        (lambda s: S.reshape(s, [-1]).values, [1.0, 1.0]),
        (lambda s: S.expand_dims(s, 0).values, [1.0, 1.0]),
        (lambda s: tf.square(s).values, [10.0, 14.0]),
    ],
)  # fmt: skip
def test_gradients(fn, expected):
    def gradient(values):
        with tf.GradientTape() as tape:
            tape.watch(values)
            y = fn(tf.SparseTensor([[0, 1], [2, 0]], values, [3, 4]))
        return tape.gradient(y, values, unconnected_gradients="zero")

    values = tf.constant([5.0, 7.0])
    for run in (gradient, tf.function(gradient, autograph=False)):
        np.testing.assert_allclose(run(values).numpy(), expected, atol=1e-5)


def test_a_sparse_tensor_may_be_a_source():
    s = two()
    with tf.GradientTape() as tape:
        tape.watch(s)
        y = S.sparse_dense_matmul(s, D)
    assert parts_of(parts(tape.gradient(y, s)))[:2] == [[[0, 1], [2, 0]], [5.0, 1.0]]


I, V, SHAPE, B = (
    np.array([[0, 1], [2, 0], [2, 3]]),
    np.array([0.5, -1.5, 2.0]),
    np.array([3, 4]),
    np.arange(8.0).reshape(4, 2) / 7,
)


@pytest.mark.parametrize(
    ("adjoint_a", "adjoint_b"), [(False, False), (True, False), (False, True), (True, True)]
)
@pytest.mark.parametrize("dtype", ["float32", "float64", "complex64", "int32", "bfloat16"])
def test_matmul_kernel_equals_lowering(adjoint_a, adjoint_b, dtype):
    dense = np.zeros((3, 4))
    dense[tuple(I.T)] = V
    b = (B[:3] if adjoint_a else B).T if adjoint_b else (B[:3] if adjoint_a else B)
    a_values, b_values = (tf.cast(x * 4, dtype).numpy() for x in (V, b))
    fn = lambda i, v, s, b: tf.raw_ops.SparseTensorDenseMatMul(
        a_indices=i, a_values=v, a_shape=s, b=b, adjoint_a=adjoint_a, adjoint_b=adjoint_b
    )
    wide = np.complex128 if dtype == "complex64" else np.float64
    full = np.zeros((3, 4), wide)
    full[tuple(I.T)] = a_values.astype(wide)
    other = b_values.astype(wide)
    expected = (full.T if adjoint_a else full) @ (other.T if adjoint_b else other)
    result = fn(I, a_values, SHAPE, b_values)
    np.testing.assert_allclose(
        result.numpy().astype(wide), expected, rtol=1e-2 if dtype == "bfloat16" else 1e-6
    )
    traced_result = tf.function(lambda v, b: fn(I, v, SHAPE, b), autograph=False)(a_values, b_values)
    np.testing.assert_allclose(
        traced_result.numpy().astype(wide), expected, rtol=1e-2 if dtype == "bfloat16" else 1e-6
    )


@pytest.mark.parametrize(("adjoint_a", "adjoint_b"), [(False, False), (True, False), (False, True)])
def test_matmul_gradients(adjoint_a, adjoint_b):
    b = B[:3] if adjoint_a else B
    fn = lambda v, b: tf.raw_ops.SparseTensorDenseMatMul(
        a_indices=I, a_values=v, a_shape=SHAPE, b=b, adjoint_a=adjoint_a, adjoint_b=adjoint_b
    )
    check_gradients(fn, [V, b.T if adjoint_b else b])


@pytest.mark.parametrize(
    "fn",
    [
        lambda v, d: tf.raw_ops.SparseToDense(
            sparse_indices=I, output_shape=SHAPE, sparse_values=v, default_value=d[0, 0]
        ),
        lambda v, d: tf.raw_ops.SparseDenseCwiseMul(sp_indices=I, sp_values=v, sp_shape=SHAPE, dense=d),
        lambda v, d: tf.raw_ops.SparseDenseCwiseDiv(
            sp_indices=I, sp_values=v, sp_shape=SHAPE, dense=d[:, :1]
        ),
        lambda v, d: tf.raw_ops.SparseDenseCwiseAdd(sp_indices=I, sp_values=v, sp_shape=SHAPE, dense=d[0, 0]),
        lambda v, d: tf.raw_ops.SparseTensorDenseAdd(a_indices=I, a_values=v, a_shape=SHAPE, b=d),
        lambda v, d: tf.raw_ops.SparseSoftmax(sp_indices=I, sp_values=v, sp_shape=SHAPE) * d[0, 0],
    ],
)
def test_ops_compile_and_differentiate(fn):
    dense = np.arange(12.0).reshape(3, 4) / 5 + 0.5
    check(fn, [V, dense])
    check_gradients(fn, [V, dense])


def test_scalar_and_vector_indices():
    same = lambda **kw: tf.raw_ops.SparseToDense(default_value=0, **kw).numpy().tolist()
    assert same(sparse_indices=2, output_shape=[4], sparse_values=7) == [0, 0, 7, 0]
    assert same(sparse_indices=[1, 3], output_shape=[4], sparse_values=[5, 6]) == [0, 5, 0, 6]
    assert same(sparse_indices=[1, 3], output_shape=[4], sparse_values=9) == [0, 9, 0, 9]


def test_rows_of_slices_are_masked():
    kept = S.mask(tf.IndexedSlices(tf.constant([[1.0], [2.0], [3.0]]), tf.constant([5, 7, 9])), [7])
    assert kept.indices.numpy().tolist() == [5, 9]
    assert kept.values.numpy().tolist() == [[1.0], [3.0]]


def test_sampled_addmm():
    a, b = np.arange(6.0, dtype=np.float32).reshape(2, 3), np.arange(6.0, dtype=np.float32).reshape(3, 2)
    _, values, _ = S.sampled_addmm([[0, 1], [1, 0]], [1.0, 2.0], [2, 2], a, b, beta=2.0, alpha=0.5)
    full = a @ b
    np.testing.assert_allclose(values.numpy(), [0.5 * full[0, 1] + 2.0, 0.5 * full[1, 0] + 4.0])
