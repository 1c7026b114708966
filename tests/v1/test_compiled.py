"""How much of a run is one compiled program: recurrent nets and decoders, with their gradients."""

import numpy as np
import pytest

import headrace as tf
from headrace.v1.contrib import seq2seq

v1 = tf.compat.v1


def steps(fetches, feed):
    """The number of steps of a run on the host or as a compiled program."""
    with v1.Session() as sess:
        sess.run(v1.global_variables_initializer())
        metadata = v1.RunMetadata()
        sess.run(fetches, feed)
        sess.run(
            fetches, feed, options=v1.RunOptions(trace_level=v1.RunOptions.FULL_TRACE), run_metadata=metadata
        )
    return len(metadata.step_stats.dev_stats[0].node_stats)


def train(loss):
    return [loss, v1.train.GradientDescentOptimizer(0.1).minimize(loss)]


@pytest.mark.parametrize("with_lengths", [False, True])
def test_a_recurrent_net_trains_as_one_program(with_lengths):
    with tf.Graph().as_default():
        x, n = v1.placeholder(tf.float32, [None, None, 3]), v1.placeholder(tf.int32, [None])
        cell = v1.nn.rnn_cell.MultiRNNCell([v1.nn.rnn_cell.LSTMCell(4), v1.nn.rnn_cell.GRUCell(4)])
        y, _ = v1.nn.dynamic_rnn(cell, x, n if with_lengths else None, dtype=tf.float32)
        assert steps(train(tf.reduce_sum(y)), {x: np.ones([2, 5, 3]), n: [5, 3]}) == 1


def test_an_attention_decoder_trains_as_one_program_once_its_length_is_known():
    with tf.Graph().as_default():
        x, n = v1.placeholder(tf.float32, [None, None, 3]), v1.placeholder(tf.int32, [None])
        memory, _ = v1.nn.dynamic_rnn(v1.nn.rnn_cell.GRUCell(4), x, n, dtype=tf.float32)
        attention = seq2seq.BahdanauAttention(4, memory, n)
        cell = seq2seq.AttentionWrapper(v1.nn.rnn_cell.GRUCell(4), attention, 4)
        first = cell.zero_state(tf.shape(x)[0], tf.float32)
        decoder = seq2seq.BasicDecoder(cell, seq2seq.TrainingHelper(x, n), first)
        outputs, _, _ = seq2seq.dynamic_decode(decoder)
        # The largest length is computed first; everything else is compiled for it.
        assert steps(train(tf.reduce_sum(outputs.rnn_output)), {x: np.ones([2, 5, 3]), n: [5, 3]}) <= 2


def test_layers_work_eagerly():
    layer = v1.layers.Dense(2, kernel_initializer=v1.ones_initializer())
    assert np.allclose(layer(tf.ones([1, 3])), 3.0) and np.allclose(layer(tf.ones([1, 3])), 3.0)
    assert len(layer.trainable_weights) == 2
    cell = v1.nn.rnn_cell.GRUCell(4)
    y, state = v1.nn.dynamic_rnn(cell, tf.ones([2, 5, 3]), [5, 1], dtype=tf.float32)
    assert y.shape == (2, 5, 4) and not y[1, 1:].numpy().any() and np.allclose(y[0, -1], state[0])
