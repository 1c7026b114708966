"""Values that an op rejects: a compiled program finds them as eager execution does. (tests/test_debugging.py asks
what the error says; tests/conformance that TensorFlow rejects them, too.)"""

from __future__ import annotations

import pytest

import headrace as tf

SPARSE = lambda i: tf.SparseTensor(tf.cast(i, tf.int64), [1.0, 2.0], [2, 3])
BAD = {
    "gather": (lambda i: tf.gather([1.0, 2.0], i), [1], [2]),
    "gather_nd": (lambda i: tf.gather_nd([1.0, 2.0], i), [[1]], [[2]]),
    "scatter_nd": (lambda i: tf.scatter_nd(i, [1.0], [3]), [[2]], [[3]]),
    "index": (lambda i: tf.ones([3])[i], 2, 3),
    "slice": (lambda i: tf.slice(tf.ones([3]), [i], [2]), 1, 2),
    "slice before": (lambda i: tf.slice(tf.ones([3]), [i], [2]), 0, -1),
    "slice rows": (lambda i: tf.slice(tf.ones([3, 4]), [i, 1], [2, 3]), 1, 2),
    "crop": (lambda i: tf.batch_to_space(tf.ones([4, 1, 1, 1]), [2, 2], i), [[0, 1], [0, 0]], [[0, 5], [0, 0]]),
    "reverse_sequence": (lambda n: tf.reverse_sequence(tf.ones([2, 3]), n, 1), [1, 3], [1, 4]),
    "invert_permutation": (tf.math.invert_permutation, [1, 0], [1, 1]),
    "invert_permutation range": (tf.math.invert_permutation, [1, 0], [1, 2]),
    "bincount": (lambda i: tf.math.bincount(i, minlength=3, maxlength=3), [1, 2], [1, -2]),
    "pow": (lambda i: tf.constant([2, 3]) ** i, [0, 1], [1, -1]),
    "floordiv": (lambda i: tf.constant([2, 3]) // i, [2, 1], [1, 0]),
    "inverse": (tf.linalg.inv, [[1.0, 2.0], [2.0, 5.0]], [[1.0, 2.0], [2.0, 4.0]]),
    "solve": (lambda a: tf.linalg.solve(a, [[1.0], [1.0]]), [[1.0, 2.0], [2.0, 5.0]], [[1.0, 2.0], [2.0, 4.0]]),
    "segment_sum": (lambda i: tf.math.segment_sum([1.0, 2.0], i), [0, 1], [1, 0]),
    "labels": (lambda i: tf.nn.sparse_softmax_cross_entropy_with_logits(i, tf.ones([1, 3])), [2], [3]),
    "to_dense": (lambda i: tf.sparse.to_dense(SPARSE(i)), [[0, 1], [1, 0]], [[0, 1], [2, 0]]),
    "to_dense order": (lambda i: tf.sparse.to_dense(SPARSE(i)), [[0, 1], [0, 2]], [[0, 2], [0, 1]]),
    "to_dense rows": (lambda i: tf.sparse.to_dense(SPARSE(i)), [[0, 2], [1, 1]], [[1, 0], [0, 1]]),
    "to_dense repeated": (lambda i: tf.sparse.to_dense(SPARSE(i)), [[0, 1], [1, 1]], [[1, 1], [1, 1]]),
    "sparse matmul": (lambda i: tf.sparse.sparse_dense_matmul(SPARSE(i), tf.ones([3, 2])), [[0, 1], [1, 2]], [[0, 1], [1, 3]]),
    "sparse split": (lambda i: tf.sparse.split(SPARSE(i), 3, 1)[0].values, [[0, 1], [1, 2]], [[0, 1], [2, 2]]),
}  # fmt: skip


@pytest.mark.parametrize("name", BAD)
@pytest.mark.parametrize("wrap", [tf.function, lambda f: f], ids=["compiled", "eager"])
def test_bad_values_are_an_error(wrap, name):
    function, good, bad = BAD[name]
    f = wrap(function)
    f(tf.constant(good))
    with pytest.raises(tf.errors.InvalidArgumentError):
        f(tf.constant(bad))
    f(tf.constant(good))


def test_programs_compiled_on_demand_leave_values_alone():
    f = tf.function(lambda i: tf.slice(tf.range(3), [i], [2]), jit_compile=True)
    assert f(tf.constant(5)).numpy().tolist() == [1, 2]  # as XLA defines it


def test_sparse_tensors_in_any_order_when_nobody_asks():
    f = tf.function(lambda i: tf.sparse.to_dense(SPARSE(i), validate_indices=False))
    assert f(tf.constant([[1, 0], [0, 1]])).numpy().tolist() == [[0, 2, 0], [1, 0, 0]]


def test_gradients_of_checked_ops():
    @tf.function
    def f(x, i):
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = tf.reduce_sum(tf.slice(x, [i], [2]) ** 2) + tf.reduce_sum(
                tf.sparse.to_dense(tf.SparseTensor([[0, 1], [1, 0]], x[:2], [2, 3]))
            )
        return tape.gradient(y, x)

    assert f(tf.constant([1.0, 2.0, 3.0]), tf.constant(1)).numpy().tolist() == [1.0, 5.0, 6.0]
