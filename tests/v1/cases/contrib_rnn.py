"""Cases of `tf.contrib.rnn` and `tf.contrib.crf`."""

import numpy as np


def _x(*shape):
    return np.random.RandomState(7).uniform(-1, 1, shape).astype("float32")


def _gradients(tf, *values):
    loss = tf.add_n([tf.reduce_sum(v * v) for v in values])
    return tf.gradients(loss, tf.trainable_variables())


def layer_norm_lstm(tf):
    x = tf.constant(_x(2, 4, 3))
    cell = tf.contrib.rnn.LayerNormBasicLSTMCell(4, norm_gain=0.7, norm_shift=0.1)
    y, s = tf.nn.dynamic_rnn(cell, x, dtype=tf.float32, sequence_length=[4, 2])
    with tf.variable_scope("plain"):
        z, _ = tf.nn.dynamic_rnn(
            tf.contrib.rnn.LayerNormBasicLSTMCell(4, layer_norm=False), x, dtype=tf.float32
        )
    return [y, s, z, _gradients(tf, y, z)]


def blocks(tf):
    x = tf.constant(_x(2, 4, 3))
    rnn = tf.contrib.rnn
    cells = [
        rnn.LSTMBlockCell(4),
        rnn.LSTMBlockCell(4, use_peephole=True, cell_clip=0.5),
        rnn.GRUBlockCell(4),
        rnn.GRUBlockCellV2(4),
    ]
    out = []
    for i, cell in enumerate(cells):
        with tf.variable_scope(f"v{i}"):
            out.append(tf.nn.dynamic_rnn(cell, x, dtype=tf.float32))
    return [out]


def more_cells(tf):
    x = tf.constant(_x(2, 4, 4))
    rnn = tf.contrib.rnn
    cells = [
        rnn.UGRNNCell(4),
        rnn.AttentionCellWrapper(rnn.BasicLSTMCell(4), 3),
        rnn.HighwayWrapper(rnn.GRUCell(4)),
        rnn.AttentionCellWrapper(
            rnn.GRUCell(4), 2, attn_size=5, attn_vec_size=3, input_size=2, state_is_tuple=False
        ),
        rnn.HighwayWrapper(rnn.GRUCell(4), couple_carry_transform_gates=False),
        rnn.InputProjectionWrapper(rnn.GRUCell(3), 2),
        rnn.OutputProjectionWrapper(rnn.GRUCell(3), 2, activation=tf.tanh),
    ]
    out = []
    for i, cell in enumerate(cells):
        with tf.variable_scope(f"v{i}"):
            out.append(tf.nn.dynamic_rnn(cell, x, dtype=tf.float32))
    with tf.variable_scope("embedding"):
        cell = rnn.EmbeddingWrapper(rnn.GRUCell(3), 5, 2)
        out.append(cell(tf.constant([[1], [4]]), tf.zeros([2, 3])))
    return out


def stacks(tf):
    rnn = tf.contrib.rnn
    x = tf.constant(_x(2, 4, 3))
    cells = lambda: [rnn.GRUCell(2), rnn.BasicLSTMCell(3)]
    y = rnn.stack_bidirectional_dynamic_rnn(cells(), cells(), x, dtype=tf.float32, sequence_length=[4, 2])
    z = rnn.stack_bidirectional_rnn(cells(), cells(), tf.unstack(x, axis=1), dtype=tf.float32, scope="static")
    return [y, z, rnn.transpose_batch_time(x)]


def crf(tf):
    crf = tf.contrib.crf
    x, tags = tf.constant(_x(3, 4, 5)) * 2.0, tf.constant([[1, 2, 0, 4], [3, 3, 0, 0], [1, 0, 0, 0]])
    lengths = tf.constant([4, 2, 0])
    likelihood, transitions = crf.crf_log_likelihood(x, tags, lengths)
    allowed = tf.constant(_x(3, 4, 5) > -0.3)
    return [
        likelihood,
        tf.gradients(tf.reduce_sum(likelihood[:2]), [x, transitions]),
        crf.crf_decode(x, transitions, lengths),
        crf.crf_sequence_score(x, tags, lengths, transitions),
        crf.crf_log_norm(x, lengths, transitions),
        crf.crf_multitag_sequence_score(x, allowed, lengths, transitions),
        crf.crf_unary_score(tags, lengths, x),
        crf.crf_binary_score(tags, lengths, transitions),
    ]


def viterbi(tf):
    path, score = tf.contrib.crf.viterbi_decode(_x(6, 4), np.random.RandomState(2).rand(4, 4))
    return lambda sess: [[int(p) for p in path], np.float64(score)]
