"""Gradients of sparse lookups: one place for each row of the table, in eager mode and in compiled functions."""

import numpy as np
import pytest

import headrace as tf
from headrace.compiler.program import Cluster

LOOKUPS = [tf.nn.embedding_lookup_sparse, tf.nn.safe_embedding_lookup_sparse]


def batch(ids):
    """Two rows of two ids each."""
    return tf.sparse.SparseTensor(
        [[0, 0], [0, 1], [1, 0], [1, 1]], tf.convert_to_tensor(ids, tf.int64), [2, 2]
    )


def dense(slices, function=lambda x: x):
    return tf.convert_to_tensor(
        tf.IndexedSlices(function(slices.values), slices.indices, slices.dense_shape)
    ).numpy()


@pytest.mark.parametrize("lookup", LOOKUPS)
@pytest.mark.parametrize("max_norm", [None, 2.0])
def test_squares_of_the_gradient_are_those_of_whole_rows(lookup, max_norm):
    table = tf.Variable(tf.reshape(tf.range(10.0), [5, 2]))

    def gradient():
        with tf.GradientTape() as tape:
            found = lookup(table, batch([1, 3, 1, 1]), None, combiner="mean", max_norm=max_norm)
            loss = tf.reduce_sum(found**2)
        return tape.gradient(loss, table)

    eager, compiled = gradient(), tf.function(gradient)()
    assert eager.indices.numpy().tolist() == [1, 3]
    for function in (lambda x: x, np.square):
        np.testing.assert_allclose(dense(eager, function), dense(compiled, function), rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("lookup", LOOKUPS)
def test_tables_in_pieces(lookup):
    pieces = [tf.Variable(tf.reshape(tf.range(6.0), [3, 2])), tf.Variable(tf.reshape(tf.range(4.0), [2, 2]))]

    def gradients():
        with tf.GradientTape() as tape:
            loss = tf.reduce_sum(lookup(pieces, batch([1, 3, 1, 4]), None, combiner="sum") ** 2)
        return [tf.convert_to_tensor(g) for g in tape.gradient(loss, pieces)]

    for eager, compiled in zip(gradients(), tf.function(gradients)()):
        np.testing.assert_allclose(eager, compiled)


def test_batches_with_different_numbers_of_different_ids_are_one_program(monkeypatch):
    compiled = []
    compiling = Cluster._compile
    monkeypatch.setattr(Cluster, "_compile", lambda self, *a: compiled.append(1) or compiling(self, *a))
    table = tf.Variable(tf.ones([9, 3]))

    @tf.function
    def step(ids):
        with tf.GradientTape() as tape:
            loss = tf.reduce_sum(tf.nn.embedding_lookup_sparse(table, batch(ids), None, combiner="mean") ** 2)
        gradient = tape.gradient(loss, table)
        table.scatter_sub(tf.IndexedSlices(0.1 * gradient.values, gradient.indices))

    for ids in ([1, 2, 3, 4], [1, 1, 3, 4], [5, 5, 5, 5], [0, 8, 0, 8]):
        step(tf.constant(ids, tf.int64))
    assert len(compiled) == 1
