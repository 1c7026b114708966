"""Ragged tensors: construction, indexing, functions; eagerly and in compiled functions. Expected values are TensorFlow's."""

from __future__ import annotations

import numpy as np
import pytest

import headrace as tf
from headrace.core import nest

R = tf.RaggedTensor
C = tf.ragged.constant


def plain(value):
    """Nested lists of a result, ragged or not."""
    if isinstance(value, (list, tuple)):
        return [plain(v) for v in value]
    if hasattr(value, "to_list"):
        return value.to_list()
    return value.numpy().tolist() if hasattr(value, "numpy") else value


def same(actual, expected):
    def check(a, e):
        if isinstance(e, (list, tuple)):
            assert len(a) == len(e), (actual, expected)
            for x, y in zip(a, e):
                check(x, y)
        elif isinstance(e, float):
            np.testing.assert_allclose(a, e, rtol=1e-5)
        else:
            assert a == e, (actual, expected)

    check(plain(actual), expected)


def traced(fn, *args):
    """`fn` in a function that knows no sizes of its ragged arguments."""

    def spec(x):
        if isinstance(x, R):
            inner = x.flat_values.shape[1:].as_list()
            return tf.RaggedTensorSpec(
                [None] * (1 + x.ragged_rank) + inner, x.dtype, x.ragged_rank, x.row_splits.dtype
            )
        return tf.TensorSpec(x.shape, x.dtype)

    return tf.function(fn, input_signature=[spec(a) for a in args], autograph=False)(*args)


# ------------------------------------------------------------------------------------------------------------ construction
@pytest.mark.parametrize(
    ("make", "expected"),
    [
        (lambda: R.from_row_splits([1, 2, 3], [0, 2, 2, 3]), [[1, 2], [], [3]]),
        (lambda: R.from_row_lengths([1, 2, 3], [1, 0, 2]), [[1], [], [2, 3]]),
        (lambda: R.from_value_rowids([1, 2, 3], [0, 0, 2], 4), [[1, 2], [], [3], []]),
        (lambda: R.from_value_rowids([1, 2, 3], [0, 0, 2]), [[1, 2], [], [3]]),
        (lambda: R.from_row_starts([1, 2, 3], [0, 2]), [[1, 2], [3]]),
        (lambda: R.from_row_limits([1, 2, 3], [1, 3]), [[1], [2, 3]]),
        (lambda: R.from_uniform_row_length([1, 2, 3, 4], 2), [[1, 2], [3, 4]]),
        (lambda: R.from_uniform_row_length([], 0, nrows=3), [[], [], []]),
        (lambda: R.from_nested_row_splits([1, 2, 3], [[0, 1, 2], [0, 2, 3]]), [[[1, 2]], [[3]]]),
        (lambda: R.from_nested_row_lengths([1, 2, 3], [[1, 1], [2, 1]]), [[[1, 2]], [[3]]]),
        (lambda: R.from_nested_value_rowids([1, 2, 3], [[0, 1], [0, 0, 1]], [3, 2]), [[[1, 2]], [[3]], []]),
        (lambda: R.from_tensor([[1, 2, 0], [3, 0, 0]], padding=0), [[1, 2], [3]]),
        (lambda: R.from_tensor([[1, 2, 0], [3, 0, 0]], lengths=[1, 3]), [[1], [3, 0, 0]]),
        (lambda: R.from_tensor([[[1, 2], [3, 0]]], ragged_rank=2), [[[1, 2], [3, 0]]]),
        (lambda: R.from_tensor([[[1, 0], [0, 0]], [[2, 3], [4, 0]]], padding=0, ragged_rank=2), [[[1], []], [[2, 3], [4]]]),
        (lambda: R.from_tensor([[[1, 0], [0, 0]], [[2, 3], [4, 0]]], lengths=([1, 2], [1, 2, 1])), [[[1]], [[2, 3], [4]]]),
        (lambda: R.from_sparse(tf.sparse.from_dense([[1, 2, 0], [0, 0, 0], [3, 0, 0]])), [[1, 2], [], [3]]),
        (lambda: C([[[1, 2]], [[3, 4]]], ragged_rank=1), [[[1, 2]], [[3, 4]]]),
        (lambda: C([[[1, 2]], [[3, 4]]], inner_shape=(2,)), [[[1, 2]], [[3, 4]]]),
        (lambda: C([[], []], ragged_rank=2), [[], []]),
        (lambda: C([[1], [2.5]]), [[1.0], [2.5]]),
        (lambda: C([["a"], []]), [[b"a"], []]),
        (lambda: C(5), 5),
        (lambda: tf.ragged.range([0, 5, 8], [3, 3, 12], 2), [[0, 2], [], [8, 10]]),
        (lambda: tf.ragged.range([3], [0], -1), [[3, 2, 1]]),
        (lambda: tf.ragged.range([0.0, 1.0], [2.0, 3.0], 0.5), [[0.0, 0.5, 1.0, 1.5], [1.0, 1.5, 2.0, 2.5]]),
        (lambda: tf.ragged.stack_dynamic_partitions([1, 2, 3, 4], [0, 2, 0, 1], 3), [[1, 3], [4], [2]]),
        (lambda: tf.ragged.row_splits_to_segment_ids([0, 3, 3, 5]), [0, 0, 0, 2, 2]),
        (lambda: tf.ragged.segment_ids_to_row_splits([0, 0, 2, 3, 3], 6), [0, 2, 2, 3, 5, 5, 5]),
        (lambda: tf.ragged.cross([C([["a"], ["b", "c"]]), C([["d"], ["e", "f"]])]), [[b"a_X_d"], [b"b_X_e", b"b_X_f", b"c_X_e", b"c_X_f"]]),
        (lambda: tf.ragged.cross_hashed([C([["a"], ["b", "c"]]), C([["d"], ["e", "f"]])], num_buckets=100), [[82], [61, 89, 41, 68]]),
        (lambda: tf.ragged.cross_hashed([C([[1], [2, 3]]), C([[4], [5]])], num_buckets=10), [[5], [8, 2]]),
    ],
)  # fmt: skip
def test_construction(make, expected):
    same(make(), expected)


@pytest.mark.parametrize(
    ("make", "error"),
    [
        (lambda: R.from_row_splits([1, 2], [0, 5]), tf.errors.InvalidArgumentError),
        (lambda: R.from_row_splits([1, 2], [1, 2]), tf.errors.InvalidArgumentError),
        (lambda: R.from_row_splits([1, 2], [0, 2, 1]), tf.errors.InvalidArgumentError),
        (lambda: R.from_row_splits([1, 2], []), ValueError),
        (lambda: R.from_row_splits([1, 2], [0.0, 2.0]), ValueError),
        (lambda: R.from_row_splits([1, 2], [[0, 2]]), ValueError),
        (lambda: R.from_row_lengths([1, 2], [1]), tf.errors.InvalidArgumentError),
        (lambda: R.from_row_lengths([1, 2], [-1, 3]), tf.errors.InvalidArgumentError),
        (lambda: R.from_value_rowids([1, 2], [1, 0]), tf.errors.InvalidArgumentError),
        (lambda: R.from_value_rowids([1, 2], [0, 1, 2]), ValueError),
        (lambda: R.from_value_rowids([1, 2], [0, 5], nrows=3), ValueError),
        (lambda: R.from_row_starts([1, 2], [1]), tf.errors.InvalidArgumentError),
        (lambda: R.from_row_limits([1, 2], [1]), tf.errors.InvalidArgumentError),
        (lambda: R.from_uniform_row_length([1, 2, 3], 2), ValueError),
        (lambda: R(1, 2), ValueError),
        (lambda: R.from_tensor([1, 2]), ValueError),
        (lambda: R.from_tensor([[1]], lengths=[1], padding=0), ValueError),
        (lambda: R.from_sparse(tf.sparse.from_dense([[1, 0, 2]])), tf.errors.InvalidArgumentError),
        (lambda: C([[1], 2]), ValueError),
        (lambda: C([[1, 2], [3]], ragged_rank=3), ValueError),
        (lambda: C([[[1, 2]], [[3]]], ragged_rank=1), ValueError),
        (lambda: tf.ragged.range([0], [3], 0), tf.errors.InvalidArgumentError),
        (lambda: tf.convert_to_tensor(C([[1], []])), ValueError),
        (lambda: tf.constant(C([[1], []])), TypeError),
        (lambda: hash(C([[1]])), TypeError),
        (lambda: bool(C([[1]])), TypeError),
        (lambda: C([[1], [2]]).with_values([1, 2, 3]), ValueError),
        (lambda: tf.ragged.map_flat_values(tf.reduce_sum, C([[1], [2]])), ValueError),
        (lambda: tf.ragged.map_flat_values(tf.add, C([[1], [2]]), C([[1]])), ValueError),
        (lambda: tf.ragged.cross([tf.constant([1])]), ValueError),
    ],
)  # fmt: skip
def test_misuse(make, error):
    with pytest.raises(error):
        make()


def test_errors_in_functions_come_when_they_run():
    @tf.function
    def f(values, lengths):
        return R.from_row_lengths(values, lengths).to_tensor()

    assert f(tf.constant([1, 2, 3]), tf.constant([1, 2])).numpy().tolist() == [[1, 0], [2, 3]]
    with pytest.raises(tf.errors.InvalidArgumentError, match="valid RaggedTensor"):
        f(tf.constant([1, 2, 3]), tf.constant([1, 1]))


def test_properties():
    r = C([[[1, 2], []], [], [[3]]])
    assert (r.shape, r.dtype, r.ragged_rank) == (tf.TensorShape([3, None, None]), tf.int32, 2)
    same(r.row_splits, [0, 2, 2, 3])
    same(r.nested_row_splits, [[0, 2, 2, 3], [0, 2, 2, 3]])
    same(r.nested_row_lengths(), [[2, 0, 1], [2, 0, 1]])
    same(r.nested_value_rowids(), [[0, 0, 2], [0, 0, 2]])
    same(r.row_lengths(2), [[2, 0], [], [1]])
    same(r.bounding_shape(), [3, 2, 2])
    assert int(r.bounding_shape(axis=1)) == 2
    assert r.bounding_shape(out_type=tf.int32).dtype == tf.int32
    same(r.merge_dims(0, 1), [[1, 2], [], [3]])
    same(r.merge_dims(1, 2), [[1, 2], [], [3]])
    same(r.merge_dims(0, 2), [1, 2, 3])
    assert r.with_row_splits_dtype(tf.int32).values.row_splits.dtype == tf.int32
    assert R.from_uniform_row_length([1, 2, 3, 4], 2).shape == [2, 2]
    same(r.with_flat_values([5, 6, 7]), [[[5, 6], []], [], [[7]]])
    same(r.flat_values, [1, 2, 3])
    assert len(list(r)) == 3


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (lambda: C([[1, 2], [], [3]]), "<tf.RaggedTensor [[1, 2], [], [3]]>"),
        (lambda: C([[1.5], [2.0]]), "<tf.RaggedTensor [[1.5],\n [2.0]]>"),
        (lambda: C([["a"], []]), "<tf.RaggedTensor [[b'a'], []]>"),
        (lambda: C([[]]), "<tf.RaggedTensor [[]]>"),
        (lambda: C([[[1, 2], []], [], [[3]]]), "<tf.RaggedTensor [[[1, 2], []], [], [[3]]]>"),
    ],
)
def test_repr(value, text):
    assert repr(value()) == text


def test_conversions():
    r = C([[[1, 2], []], [], [[3]]])
    same(r.to_tensor(), [[[1, 2], [0, 0]], [[0, 0], [0, 0]], [[3, 0], [0, 0]]])
    same(r.to_tensor(9, shape=[None, 1, 3]), [[[1, 2, 9]], [[9, 9, 9]], [[3, 9, 9]]])
    same(C([[1, 2, 3], [4]]).to_tensor(shape=[3, 2]), [[1, 2], [4, 0], [0, 0]])
    sparse = r.to_sparse()
    same(sparse.indices, [[0, 0, 0], [0, 0, 1], [2, 0, 0]])
    same(sparse.dense_shape, [3, 2, 2])
    u = R.from_row_splits([[1, 2], [3, 4], [5, 6]], [0, 2, 3])
    same(u.to_tensor(), [[[1, 2], [3, 4]], [[5, 6], [0, 0]]])
    same(tf.sparse.to_dense(u.to_sparse()), [[[1, 2], [3, 4]], [[5, 6], [0, 0]]])
    assert [len(row) for row in C([[1, 2], []]).numpy()] == [2, 0]


# ---------------------------------------------------------------------------------------------------------------- indexing
S = slice
ONE = [[1, 2], [], [3, 4, 5]]
TWO = [[[1, 2], []], [], [[3]]]


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        (0, [1, 2]),
        (-1, [3, 4, 5]),
        (S(1, None), [[], [3, 4, 5]]),
        (S(None, None, 2), [[1, 2], [3, 4, 5]]),
        (S(None, None, -1), [[3, 4, 5], [], [1, 2]]),
        (S(5, 9), []),
        ((S(None), S(None, 1)), [[1], [], [3]]),
        ((S(None), S(-2, None)), [[1, 2], [], [4, 5]]),
        ((S(None), S(None, None, -1)), [[2, 1], [], [5, 4, 3]]),
        ((S(None), S(1, None, 2)), [[2], [], [4]]),
        ((2, 1), 4),
        ((0, S(1, None)), [2]),
        ((Ellipsis, S(0, 1)), [[1], [], [3]]),
        (None, [[[1, 2], [], [3, 4, 5]]]),
        ((S(None), None), [[[1, 2]], [[]], [[3, 4, 5]]]),
        ((Ellipsis, None), [[[1], [2]], [], [[3], [4], [5]]]),
        ((S(None), None, S(0, 1)), [[[1, 2]], [[]], [[3, 4, 5]]]),
    ],
    ids=str,
)
def test_indexing(key, expected):
    if key == (S(None), None, S(0, 1)):
        expected = [[[1]], [[]], [[3]]]
    same(C(ONE)[key], expected)
    same(traced(lambda r: r[key], C(ONE)), expected)


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        (0, [[1, 2], []]),
        ((0, 0, 1), 2),
        ((S(None), S(0, 1)), [[[1, 2]], [], [[3]]]),
        ((S(None), S(None), S(0, 1)), [[[1], []], [], [[3]]]),
        ((0, S(None), S(1, None)), [[2], []]),
        ((S(1, None), S(None), None), [[], [[[3]]]]),
    ],
    ids=str,
)
def test_indexing_two_ragged_dimensions(key, expected):
    same(C(TWO)[key], expected)
    same(traced(lambda r: r[key], C(TWO)), expected)


def test_indexing_uniform_inner_dimensions():
    u = R.from_row_splits([[1, 2], [3, 4], [5, 6]], [0, 2, 3])
    same(u[:, :, 0], [[1, 3], [5]])
    same(u[:, 0:1, 1], [[2], [6]])
    same(u[..., ::-1], [[[2, 1], [4, 3]], [[6, 5]]])
    same(R.from_uniform_row_length([1, 2, 3, 4], 2)[:, 1], [2, 4])


@pytest.mark.parametrize(
    ("key", "error"),
    [
        (7, IndexError),
        ((S(None), 0), ValueError),
        ((Ellipsis, -1), ValueError),
        (1.5, TypeError),
        ((0, 5), tf.errors.InvalidArgumentError),
        (S(None, None, 0), ValueError),
    ],
    ids=str,
)
def test_bad_index(key, error):
    with pytest.raises(error):
        C(ONE)[key]


def test_index_by_tensor():
    r = C(ONE)
    same(r[tf.constant(2)], [3, 4, 5])
    same(traced(lambda r, i: r[i], r, tf.constant(2)), [3, 4, 5])
    same(traced(lambda r, i: r[i], r, tf.constant(-3)), [1, 2])


# --------------------------------------------------------------------------------------------------------------- functions
F = [[1.0, 2.0], [], [3.0, 4.0, 5.0]]
FF = [[[1.0, 2.0], []], [], [[3.0]]]


def uniform():
    return R.from_row_splits([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]], [0, 2, 3])


@pytest.mark.parametrize(
    ("fn", "expected"),
    [
        (lambda r: r + 1.0, [[2.0, 3.0], [], [4.0, 5.0, 6.0]]),
        (lambda r: 1.0 - r, [[0.0, -1.0], [], [-2.0, -3.0, -4.0]]),
        (lambda r: r * r, [[1.0, 4.0], [], [9.0, 16.0, 25.0]]),
        (lambda r: r + [[1.0], [2.0], [3.0]], [[2.0, 3.0], [], [6.0, 7.0, 8.0]]),
        (lambda r: tf.constant([[1.0], [2.0], [3.0]]) * r, [[1.0, 2.0], [], [9.0, 12.0, 15.0]]),
        (lambda r: r + [[1.0]], [[2.0, 3.0], [], [4.0, 5.0, 6.0]]),
        (lambda r: -r, [[-1.0, -2.0], [], [-3.0, -4.0, -5.0]]),
        (lambda r: abs(-r), F),
        (lambda r: r // 2.0, [[0.0, 1.0], [], [1.0, 2.0, 2.0]]),
        (lambda r: r**2.0, [[1.0, 4.0], [], [9.0, 16.0, 25.0]]),
        (lambda r: r > 2.0, [[False, False], [], [True, True, True]]),
        (lambda r: tf.constant(2.0) < r, [[False, False], [], [True, True, True]]),
        (lambda r: r == 2.0, [[False, True], [], [False, False, False]]),
        (lambda r: r != r, [[False, False], [], [False, False, False]]),
        (lambda r: ~(r > 2.0), [[True, True], [], [False, False, False]]),
        (lambda r: tf.cast(r, tf.int32) % 2, [[1, 0], [], [1, 0, 1]]),
        (lambda r: tf.sin(r) ** 2.0 + tf.cos(r) ** 2.0, [[1.0, 1.0], [], [1.0, 1.0, 1.0]]),
        (lambda r: tf.maximum(r, 2.0), [[2.0, 2.0], [], [3.0, 4.0, 5.0]]),
        (lambda r: tf.clip_by_value(r, 2.0, 4.0), [[2.0, 2.0], [], [3.0, 4.0, 4.0]]),
        (lambda r: tf.nn.relu(-r), [[0.0, 0.0], [], [0.0, 0.0, 0.0]]),
        (lambda r: tf.where(r > 2.0, r, 0.0), [[0.0, 0.0], [], [3.0, 4.0, 5.0]]),
        (lambda r: tf.where(r > 2.0), [[2, 0], [2, 1], [2, 2]]),
        (lambda r: tf.add_n([r, r]), [[2.0, 4.0], [], [6.0, 8.0, 10.0]]),
        (lambda r: tf.zeros_like(r), [[0.0, 0.0], [], [0.0, 0.0, 0.0]]),
        (lambda r: tf.nn.softmax(r), [[0.26894143, 0.7310586], [], [0.09003057, 0.24472848, 0.66524094]]),
        (lambda r: tf.one_hot(tf.cast(r[:1], tf.int32), 3), [[[0.0, 1.0, 0.0], [0.0, 0.0, 1.0]]]),
        (lambda r: tf.size(r), 5),
        (lambda r: tf.rank(r), 2),
        (lambda r: tf.ragged.map_flat_values(tf.square, r), [[1.0, 4.0], [], [9.0, 16.0, 25.0]]),
        (lambda r: tf.concat([r, r], 0), F + F),
        (lambda r: tf.concat([r, r], 1), [[1.0, 2.0, 1.0, 2.0], [], [3.0, 4.0, 5.0, 3.0, 4.0, 5.0]]),
        (lambda r: tf.concat([r, [[9.0], [8.0], [7.0]]], 1), [[1.0, 2.0, 9.0], [8.0], [3.0, 4.0, 5.0, 7.0]]),
        (lambda r: tf.stack([r, r]), [F, F]),
        (lambda r: tf.stack([r, r], 1), [[[1.0, 2.0], [1.0, 2.0]], [[], []], [[3.0, 4.0, 5.0], [3.0, 4.0, 5.0]]]),
        (lambda r: tf.stack([r, r], 2), [[[1.0, 1.0], [2.0, 2.0]], [], [[3.0, 3.0], [4.0, 4.0], [5.0, 5.0]]]),
        (lambda r: tf.expand_dims(r, 0), [F]),
        (lambda r: tf.squeeze(tf.expand_dims(r, 1), 1), F),
        (lambda r: tf.gather(r, [2, 0]), [[3.0, 4.0, 5.0], [1.0, 2.0]]),
        (lambda r: tf.gather(r, [[0, 1], [2, 2]]), [[[1.0, 2.0], []], [[3.0, 4.0, 5.0], [3.0, 4.0, 5.0]]]),
        (lambda r: tf.gather(r, C([[0], [2, 1]])), [[[1.0, 2.0]], [[3.0, 4.0, 5.0], []]]),
        (lambda r: tf.gather(r, C([[0], [], [2, 1]]), batch_dims=1), [[1.0], [], [5.0, 4.0]]),
        (lambda r: tf.gather_nd(r, [[0, 1], [2, 0]]), [2.0, 3.0]),
        (lambda r: tf.gather([10.0, 20.0, 30.0, 40.0, 50.0, 60.0], tf.cast(r, tf.int32)), [[20.0, 30.0], [], [40.0, 50.0, 60.0]]),
        (lambda r: tf.ragged.boolean_mask(r, [True, False, True]), [[1.0, 2.0], [3.0, 4.0, 5.0]]),
        (lambda r: tf.ragged.boolean_mask(r, r > 3.0), [[], [], [4.0, 5.0]]),
        (lambda r: tf.tile(r, [1, 2]), [[1.0, 2.0, 1.0, 2.0], [], [3.0, 4.0, 5.0, 3.0, 4.0, 5.0]]),
        (lambda r: tf.tile(r, [2, 1]), F + F),
        (lambda r: tf.reverse(r, [0]), [[3.0, 4.0, 5.0], [], [1.0, 2.0]]),
        (lambda r: tf.reverse(r, [1]), [[2.0, 1.0], [], [5.0, 4.0, 3.0]]),
        (lambda r: tf.math.unsorted_segment_sum(r, [0, 1, 0], 2), [[4.0, 6.0, 5.0], []]),
        (lambda r: tf.dynamic_partition(r, [1, 0, 1], 2), [[[]], [[1.0, 2.0], [3.0, 4.0, 5.0]]]),
        (lambda r: tf.reduce_logsumexp(r, 1)[:1], [2.3132617]),
        (lambda r: tf.nn.embedding_lookup(tf.ones([6, 2]), tf.cast(r, tf.int32))[:1], [[[1.0, 1.0], [1.0, 1.0]]]),
        (lambda r: r.to_tensor(-1.0), [[1.0, 2.0, -1.0], [-1.0, -1.0, -1.0], [3.0, 4.0, 5.0]]),
        (lambda r: r.row_lengths(), [2, 0, 3]),
        (lambda r: r.value_rowids(), [0, 0, 2, 2, 2]),
        (lambda r: tf.map_fn(tf.reduce_sum, r, fn_output_signature=tf.float32), [3.0, 0.0, 12.0]),
        (lambda r: tf.map_fn(lambda x: x[:1], r, fn_output_signature=tf.RaggedTensorSpec([None], tf.float32)), [[1.0], [], [3.0]]),
    ],
)  # fmt: skip
def test_functions(fn, expected):
    same(fn(C(F)), expected)
    same(traced(fn, C(F)), expected)


@pytest.mark.parametrize(
    ("fn", "expected"),
    [
        (lambda r: r + [[[1.0]], [[2.0]], [[3.0]]], [[[2.0, 3.0], []], [], [[6.0]]]),
        (lambda r: tf.concat([r, r], 1), [[[1.0, 2.0], [], [1.0, 2.0], []], [], [[3.0], [3.0]]]),
        (lambda r: tf.concat([r, r], -1), [[[1.0, 2.0, 1.0, 2.0], []], [], [[3.0, 3.0]]]),
        (lambda r: tf.stack([r, r], 1), [[[[1.0, 2.0], []], [[1.0, 2.0], []]], [[], []], [[[3.0]], [[3.0]]]]),
        (lambda r: tf.gather(r, [2, 0]), [[[3.0]], [[1.0, 2.0], []]]),
        (lambda r: tf.gather_nd(r, [[0, 0, 1]]), [2.0]),
        (lambda r: tf.gather_nd(r, [[0, 0], [2, 0]]), [[1.0, 2.0], [3.0]]),
        (lambda r: tf.tile(r, [1, 2, 2]), [[[1.0, 2.0, 1.0, 2.0], [], [1.0, 2.0, 1.0, 2.0], []], [], [[3.0, 3.0], [3.0, 3.0]]]),
        (lambda r: tf.reverse(r, [0, 2]), [[[3.0]], [], [[2.0, 1.0], []]]),
        (lambda r: tf.nn.softmax(r), [[[0.26894143, 0.7310586], []], [], [[1.0]]]),
        (lambda r: r.merge_dims(1, 2), [[1.0, 2.0], [], [3.0]]),
        (lambda r: tf.map_fn(lambda x: x + 1.0, r, fn_output_signature=tf.RaggedTensorSpec([None, None], tf.float32)), [[[2.0, 3.0], []], [], [[4.0]]]),
    ],
)  # fmt: skip
def test_functions_of_two_ragged_dimensions(fn, expected):
    same(fn(C(FF)), expected)
    same(traced(fn, C(FF)), expected)


@pytest.mark.parametrize(
    "fn",
    [
        lambda r: r + C([[1.0], [2.0], [3.0]]),
        lambda r: r + [1.0, 2.0, 3.0],
        lambda r: r + C([[1.0, 2.0], [3.0], [3.0, 4.0, 5.0]]),
        lambda r: r + C(FF),
        lambda r: tf.concat([r, C([[1.0]])], 1),
        lambda r: tf.gather(r, [5]),
        lambda r: tf.squeeze(r, 0),
    ],
)
def test_functions_refuse_what_does_not_fit(fn):
    with pytest.raises(tf.errors.InvalidArgumentError):
        fn(C(F))


@pytest.mark.parametrize(
    "fn",
    [
        lambda r: tf.reduce_sum(r, 5),
        lambda r: tf.concat([r, r], 5),
        lambda r: tf.expand_dims(r, 5),
        lambda r: tf.squeeze(r),
        lambda r: tf.concat([r, C(FF)], 0),
    ],
)
def test_bad_axes(fn):
    with pytest.raises(ValueError):
        fn(C(F))


INF, NAN, MAX = float("inf"), float("nan"), 3.4028235e38
REDUCTIONS = {
    "reduce_sum": (15.0, [4.0, 6.0, 5.0], [3.0, 0.0, 12.0]),
    "reduce_prod": (120.0, [3.0, 8.0, 5.0], [2.0, 1.0, 60.0]),
    "reduce_min": (1.0, [1.0, 2.0, 5.0], [1.0, MAX, 3.0]),
    "reduce_max": (5.0, [3.0, 4.0, 5.0], [2.0, -MAX, 5.0]),
    "reduce_mean": (3.0, [2.0, 3.0, 5.0], [1.5, NAN, 4.0]),
    "reduce_variance": (2.0, [1.0, 1.0, 0.0], [0.25, NAN, 0.666666]),
    "reduce_std": (1.4142135, [1.0, 1.0, 0.0], [0.5, NAN, 0.8164962]),
}


@pytest.mark.parametrize("name", REDUCTIONS)
def test_reductions(name):
    fn = getattr(tf.math, name)
    for axis, expected in zip((None, 0, 1), REDUCTIONS[name]):
        same(fn(C(F), axis), expected)
        same(traced(lambda r, axis=axis: fn(r, axis), C(F)), expected)
    same(fn(C(F), -1), REDUCTIONS[name][2])
    same(fn(C(F), [0, 1]), REDUCTIONS[name][0])
    assert fn(C(F), 1, keepdims=True).shape == [3, 1]
    assert fn(C(F), keepdims=True).shape == [1, 1]


def test_reductions_of_nested_and_uniform_dimensions():
    rr, u = C(FF), uniform()
    same(tf.reduce_sum(rr, 0), [[4.0, 2.0], []])
    same(tf.reduce_sum(rr, 1), [[1.0, 2.0], [], [3.0]])
    same(tf.reduce_sum(rr, 2), [[3.0, 0.0], [], [3.0]])
    same(tf.reduce_sum(rr, [1, 2]), [3.0, 0.0, 3.0])
    same(tf.reduce_sum(u, 0), [[6.0, 8.0], [3.0, 4.0]])
    same(tf.reduce_mean(u, 2), [[1.5, 3.5], [5.5]])
    same(tf.reduce_sum(u, [0, 1]), [9.0, 12.0])
    b = C([[True, False], [], [True]])
    same(tf.reduce_any(b, 1), [True, False, True])
    same(tf.reduce_all(b, 1), [False, True, True])
    same(tf.reduce_all(b, 0), [True, False])
    assert tf.reduce_mean(C([[1, 2], [3]]), 1).dtype == tf.float64


# ----------------------------------------------------------------------------------------------------- functions, gradients
def test_one_trace_serves_all_sizes():
    @tf.function
    def f(r):
        return r.with_values(r.values + 1), tf.reduce_sum(r, 1), r.to_tensor()

    same(f(C([[1, 2], [3]])), [[[2, 3], [4]], [3, 3], [[1, 2], [3, 0]]])
    same(f(C([[], [3, 5, 6]])), [[[], [4, 6, 7]], [0, 14], [[0, 0, 0], [3, 5, 6]]])
    assert f.experimental_get_tracing_count() == 1


def test_retracing_may_be_reduced():
    @tf.function(reduce_retracing=True)
    def f(r, x):
        return tf.reduce_sum(r, 1) + x

    for n in range(1, 6):
        same(f(R.from_row_lengths(tf.ones([n]), [1] * n), tf.ones([n])), [2.0] * n)
    assert f.experimental_get_tracing_count() == 2


def test_branches_and_loops():
    @tf.function
    def f(r):
        r = tf.cond(tf.reduce_sum(r) > 5.0, lambda: r * 2.0, lambda: r + 1.0)
        _, r = tf.while_loop(lambda i, r: i < 3, lambda i, r: (i + 1, r + 1.0), (0, r))
        return r

    same(f(C([[1.0, 2.0], [3.0]])), [[5.0, 7.0], [9.0]])
    same(f(C([[1.0], [2.0]])), [[5.0], [6.0]])


@pytest.mark.parametrize(
    ("fn", "expected"),
    [
        (lambda r: tf.reduce_sum(r * r), [[2.0, 4.0], [], [6.0, 8.0, 10.0]]),
        (lambda r: tf.reduce_sum(tf.reduce_sum(r, 1) * [1.0, 2.0, 3.0]), [[1.0, 1.0], [], [3.0, 3.0, 3.0]]),
        (lambda r: r.to_tensor() ** 2.0, [[2.0, 4.0], [], [6.0, 8.0, 10.0]]),
        (lambda r: tf.concat([r, r[:, :1]], 1) ** 2.0, [[4.0, 4.0], [], [12.0, 8.0, 10.0]]),
        (lambda r: tf.gather(r, [2, 2]), [[0.0, 0.0], [], [2.0, 2.0, 2.0]]),
        (lambda r: tf.reduce_max(r, 1), [[0.0, 1.0], [], [0.0, 0.0, 1.0]]),
        (lambda r: tf.reduce_mean(r, 0), [[0.5, 0.5], [], [0.5, 0.5, 1.0]]),
        (lambda r: r + [[1.0], [2.0], [3.0]], [[1.0, 1.0], [], [1.0, 1.0, 1.0]]),
    ],
)
def test_gradients(fn, expected):
    def gradient(r):
        with tf.GradientTape() as tape:
            tape.watch(r)
            y = fn(r)
        return tape.gradient(y, r)

    same(gradient(C(F)), expected)
    same(traced(gradient, C(F)), expected)


def test_gradient_of_broadcast_operand():
    y = tf.constant([[1.0], [2.0], [3.0]])
    with tf.GradientTape() as tape:
        tape.watch(y)
        total = tf.reduce_sum(C(F) * y)
    same(tape.gradient(total, y), [[3.0], [0.0], [12.0]])


def test_gradient_of_raw_gather():
    values = tf.constant([1.0, 2.0, 3.0])
    with tf.GradientTape() as tape:
        tape.watch(values)
        _, picked = tf.raw_ops.RaggedGather(
            params_nested_splits=[[0, 2, 3]],
            params_dense_values=values,
            indices=[1, 0, 0],
            OUTPUT_RAGGED_RANK=1,
        )
    same(tf.convert_to_tensor(tape.gradient(picked, values)), [2.0, 2.0, 1.0])


# -------------------------------------------------------------------------------------------------------- specs, partitions
def test_specs():
    s = tf.RaggedTensorSpec([None, None], tf.int32)
    assert (s.shape, s.dtype, s.ragged_rank, s.row_splits_dtype) == (
        tf.TensorShape([None, None]),
        tf.int32,
        1,
        tf.int64,
    )
    assert s.is_compatible_with(C([[1], []]))
    assert not s.is_compatible_with(tf.constant([[1]]))
    assert tf.type_spec_from_value(C([[1]])) == tf.RaggedTensorSpec([1, None], tf.int32)
    assert tf.RaggedTensorSpec([2, None]).most_specific_common_supertype(
        [tf.RaggedTensorSpec([3, None])]
    ) == tf.RaggedTensorSpec([None, None])
    assert s._unbatch().value_type is tf.Tensor
    assert s._batch(4) == tf.RaggedTensorSpec([4, None, None], tf.int32)
    assert repr(s) == "RaggedTensorSpec(TensorShape([None, None]), tf.int32, 1, tf.int64)"
    for bad in (
        lambda: tf.RaggedTensorSpec(),
        lambda: tf.RaggedTensorSpec([None], ragged_rank=1),
        lambda: tf.RaggedTensorSpec([None, None], row_splits_dtype=tf.float32),
    ):
        with pytest.raises(ValueError):
            bad()
    value = nest.map_structure(
        lambda t: t, R.from_uniform_row_length([1, 2, 3, 4], 2), expand_composites=True
    )
    assert value.shape == [2, 2]


def test_row_partitions():
    P = tf.experimental.RowPartition
    p = P.from_row_lengths([2, 0, 3])
    same(
        [p.row_splits(), p.row_starts(), p.row_limits(), p.value_rowids(), p.offsets_in_rows()],
        [[0, 2, 2, 5], [0, 2, 2], [2, 2, 5], [0, 0, 2, 2, 2], [0, 1, 0, 1, 2]],
    )
    assert (p.static_nrows, int(p.nvals()), p.is_uniform(), p.dtype) == (3, 5, False, tf.int64)
    assert p.with_dtype(tf.int32).row_splits().dtype == tf.int32
    assert repr(p) == "tf.RowPartition(row_splits=[0 2 2 5])"
    assert repr(P.from_uniform_row_length(2, nrows=3)) == "tf.RowPartition(nrows=3, uniform_row_length=2)"
    with pytest.raises(ValueError, match="At least one"):
        P.from_uniform_row_length(2)
    again = tf.function(lambda p: p)(p)
    same(again.row_splits(), [0, 2, 2, 5])


def test_strings():
    words = C([["a", "bc"], [""]])
    same(tf.strings.length(words), [[1, 2], [0]])
    same(tf.strings.join([C([["a"], ["b", "c"]]), "x"]), [[b"ax"], [b"bx", b"cx"]])
    same(tf.strings.upper(words), [[b"A", b"BC"], [b""]])
    same(tf.strings.reduce_join(words, axis=-1), [b"abc", b""])


def test_shapes_as_values():
    """`tf.shape` gives what the functions that make tensors take, also through functions."""
    x = tf.ragged.constant([[[1, 2], [3]], [], [[4]]])
    shape = tf.shape(x)
    assert repr(shape) == "<DynamicRaggedShape lengths=[3, (2, 0, 1), (2, 1, 1)] num_row_partitions=2>"
    assert shape[0].numpy() == 3 and shape.dtype is tf.int32
    assert tf.reshape(tf.range(4), shape).to_list() == [[[0, 1], [2]], [], [[3]]]
    assert tf.broadcast_to([[[5]]], shape).to_list() == [[[5, 5], [5]], [], [[5]]]

    @tf.function
    def through(s):
        return s, tf.fill(s, "x")

    again, filled = through(shape)
    assert (again == shape).numpy() and filled.to_list() == [[[b"x"] * 2, [b"x"]], [], [[b"x"]]]
    with pytest.raises(ValueError, match="Index 1 is not uniform"):
        shape[1]
    with pytest.raises(TypeError, match="unhashable"):
        hash(shape)
    with pytest.raises(TypeError):
        tf.zeros_like(shape)


def test_gather_nd_says_which_policies_it_knows():
    ragged = tf.ragged.constant([[1, 2], [3]])
    assert tf.gather_nd(ragged, [[0, 1], [1, 0]], bad_indices_policy="ERROR").numpy().tolist() == [2, 3]
    with pytest.raises(ValueError, match="bad_indices_policy='IGNORE'"):
        tf.gather_nd(ragged, [[0, 9]], bad_indices_policy="IGNORE")


def test_row_partitions_of_functions_without_v2_shapes():
    """The numbers in their specs stay numbers where dimensions are objects."""
    from headrace.composites.ragged.partition import RowPartition

    tf.compat.v1.disable_v2_tensorshape()
    try:
        rows = RowPartition.from_row_lengths([2, 1])
        assert tf.function(lambda p: p.row_lengths())(rows).numpy().tolist() == [2, 1]
        assert "Dimension" not in repr(rows._type_spec)
        assert tf.function(lambda r: r * 2)(tf.ragged.constant([[1, 2], [3]])).to_list() == [[2, 4], [6]]
    finally:
        tf.compat.v1.enable_v2_tensorshape()


# ---------------------------------------------------------------------------------------------------- in another graph
def test_parts_of_another_graph():
    """What is made of another graph's tensors belongs to that graph."""
    v1 = tf.compat.v1
    with tf.Graph().as_default() as graph:
        values, numbers = v1.placeholder(tf.float32, [None]), v1.placeholder(tf.int64, [None])
        dense = v1.placeholder(tf.float32, [None, None])
    make = tf.RaggedTensor
    with tf.Graph().as_default() as other:
        made = {
            "row_lengths": make.from_row_lengths(values, numbers),
            "of numbers": make.from_row_lengths([1.0, 2.0, 3.0], numbers),
            "value_rowids": make.from_value_rowids(values, numbers),
            "row_splits": make.from_row_splits(values, numbers),
            "row_starts": make.from_row_starts(values, numbers),
            "row_limits": make.from_row_limits(values, numbers),
            "uniform_row_length": make.from_uniform_row_length(values, 2),
            "nested": make.from_nested_row_lengths(values, [numbers, numbers]),
            "tensor": make.from_tensor(dense, lengths=numbers),
            "range": tf.ragged.range(numbers),
        }
        rt = made["row_lengths"]
        made |= {
            "slice": rt[:, 1:],
            "concat": tf.concat([rt, rt], 0),
            "gather": tf.gather(rt, [0]),
            "tile": tf.tile(rt, [1, 2]),
        }
        tensors = [
            rt.to_tensor(),
            rt.to_sparse().values,
            rt.bounding_shape(),
            rt.row_lengths(),
            rt.nrows(),
            tf.reduce_sum(rt, 1),
        ]
        tensors.append(tf.experimental.RowPartition.from_row_lengths(numbers).value_rowids())
        assert not other.get_operations()
    for name, value in made.items():
        assert value.flat_values.graph is graph and value.row_splits.graph is graph, name
    assert all(t.graph is graph for t in tensors)
    with v1.Session(graph=graph) as session:
        got = session.run(made["row_starts"], {values: [1.0, 2.0, 3.0], numbers: [0, 2]})
        assert got.to_list() == [[1.0, 2.0], [3.0]]
