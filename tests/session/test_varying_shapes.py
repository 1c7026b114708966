"""Runs whose shapes nearly never repeat: the first are compiled, the others run op by op until compiling pays."""

from __future__ import annotations

import numpy as np

import headrace as tf
from headrace.compiler import program as programs
from headrace.session.worth import Worth

v1 = tf.compat.v1


def test_what_compiling_is_worth():
    worth = Worth()
    for key in "ab":
        assert worth.compiling(key)
        worth.compile(key, lambda: None)
    worth.price, worth.latest = 1.0, 0.3
    assert not worth.compiling("c") and not worth.compiling("d")
    worth.spent["c"] = 0.8  # with another run it would have cost more than compiling
    assert worth.compiling("c") and not worth.compiling("d")
    worth.latest = 1.5  # what runs slowly op by op is compiled at once
    assert worth.compiling("d")
    assert worth.without("d", lambda: 7) == 7 and worth.spent["d"] == worth.latest


def _compiled(monkeypatch):
    done = []
    compile_ = programs.Cluster._compile

    def counted(self, tensors, states):
        result = compile_(self, tensors, states)
        done.append(self)
        return result

    monkeypatch.setattr(programs.Cluster, "_compile", counted)
    return done


def test_sparse_batches_of_their_own_sizes_train_without_compiling_each(monkeypatch):
    done = _compiled(monkeypatch)
    with tf.Graph().as_default(), v1.Session() as sess:
        x = v1.sparse_placeholder(tf.float32, [4, 6])
        w = v1.get_variable("w", [6, 2], initializer=tf.ones_initializer())
        loss = tf.reduce_sum(tf.square(v1.sparse_tensor_dense_matmul(x, w) - 1.0))
        train = v1.train.MomentumOptimizer(0.01, 0.5).minimize(loss)
        sess.run(v1.global_variables_initializer())
        plan_worth = []
        monkeypatch.setattr(Worth, "compiling", lambda self, key: plan_worth.append(key) or self.compiled < 2)
        done.clear()
        expected, slot = np.ones((6, 2), np.float32), np.zeros((6, 2), np.float32)
        for n in range(1, 9):
            indices = [(i % 4, i // 4) for i in range(n)]
            values = np.arange(1.0, n + 1, dtype=np.float32)
            dense = np.zeros((4, 6), np.float32)
            for (i, j), v in zip(indices, values):
                dense[i, j] = v
            got, _ = sess.run(
                [loss, train], {x: v1.SparseTensorValue(sorted(indices), dense[dense != 0], [4, 6])}
            )
            error = dense @ expected - 1
            np.testing.assert_allclose(got, np.square(error).sum(), rtol=1e-5)
            slot = slot * 0.5 + 2 * dense.T @ error
            expected = expected - 0.01 * slot
        np.testing.assert_allclose(sess.run(w), expected, rtol=1e-4)
    assert len(plan_worth) >= 8 and len(done) <= 4


def test_loops_from_the_host_do_not_compile_for_each_length_of_a_list(monkeypatch):
    """Of a loop that has a gradient, each iteration adds to lists, and each of the gradient's takes from them."""
    done = _compiled(monkeypatch)
    monkeypatch.setattr(Worth, "compiling", lambda self, key: False)
    with tf.Graph().as_default(), v1.Session() as sess:
        n = v1.placeholder(tf.int32, [])
        w = v1.get_variable("w", [3], initializer=tf.ones_initializer())
        x = v1.placeholder(tf.float32, [None])
        y = tf.while_loop(lambda i, _: i < n, lambda i, y: (i + 1, tf.sin(y * w)), (0, x[:3]))[1]
        [slope] = tf.gradients(y, [w])
        sess.run(v1.global_variables_initializer())
        for length in (3, 12, 7):
            got = sess.run(slope, {n: length, x: np.ones(length)})
            value, want = 1.0, 0.0  # d(sin(y w))/dw at w = 1
            for _ in range(length):
                value, want = np.sin(value), np.cos(value) * (value + want)
            np.testing.assert_allclose(got, [want] * 3, rtol=1e-4)
    assert len(done) <= 10
