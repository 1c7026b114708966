"""Cases of the small parts of `tf.contrib`: sparsemax, resampler, nn, stateless, signal, util, cudnn_rnn's cells."""

import numpy as np


def _x(*shape):
    return np.random.RandomState(7).uniform(-1, 1, shape).astype("float32")


def sparsemax(tf):
    c = tf.contrib.sparsemax
    z = tf.constant(_x(4, 6) * 3)
    odd = tf.constant(
        [[1.0, -np.inf, 0.5], [np.nan, 0.0, 1.0], [np.inf, 0.0, 0.0], [-np.inf, -np.inf, -np.inf]], tf.float32
    )
    labels = tf.one_hot([1, 0, 5, 3], 6)
    p = c.sparsemax(z)
    loss = c.sparsemax_loss(z, p, labels)
    strange = c.sparsemax(odd)
    return [
        p,
        loss,
        tf.gradients(p, z)[0],
        tf.where(tf.is_nan(strange), tf.fill(tf.shape(strange), -9.0), strange),
    ]


def resampler(tf):
    data = tf.constant(_x(2, 4, 5, 3))
    warp = tf.constant(_x(2, 6, 2) * 4 + 1.5)
    grid = tf.constant(_x(2, 2, 3, 2) * 2 + 2)
    y = tf.contrib.resampler.resampler(data, warp)
    return [y, tf.contrib.resampler.resampler(data, grid), tf.gradients(y * 2.0, [data, warp])]


def nn(tf):
    c = tf.contrib.nn
    logits, labels = tf.constant(_x(3, 4)), tf.one_hot([1, 0, 2], 4)
    x, alpha = tf.constant(_x(5) * 3), tf.constant(0.7)
    soft = c.scaled_softplus(x, alpha, clip=2.0)
    return [
        c.deprecated_flipped_softmax_cross_entropy_with_logits(logits, labels),
        c.deprecated_flipped_sparse_softmax_cross_entropy_with_logits(logits, tf.constant([1, 0, 2])),
        c.deprecated_flipped_sigmoid_cross_entropy_with_logits(logits, labels),
        c.nth_element(x, 2), c.nth_element(logits, 1, reverse=True), soft, c.scaled_softplus(x, 2.0),
        tf.gradients(soft, [x, alpha]), tf.shape(c.alpha_dropout(logits, 0.5)), c.alpha_dropout(logits, 1.0),
    ]  # fmt: skip


def stateless(tf):
    c = tf.contrib.stateless
    seed = tf.constant([3, 5])
    return [
        c.stateless_random_uniform([4], seed), c.stateless_random_normal([2, 3], seed, mean=1.0, stddev=2.0),
        c.stateless_truncated_normal([5], seed), c.stateless_random_uniform([4], seed, 2, 90, tf.int32),
        c.stateless_multinomial(tf.log([[0.5, 0.25, 0.25]]), 6, seed),
    ]  # fmt: skip


def signal(tf):
    c = tf.contrib.signal
    sound = tf.constant(np.sin(np.arange(64) / 3.0).astype("float32"))
    frames = c.frame(sound, 16, 8, pad_end=True)
    spectrum = c.stft(sound, 16, 8, 16)
    mel = tf.matmul(tf.abs(spectrum), c.linear_to_mel_weight_matrix(5, 9, 8000, 100.0, 3800.0))
    return [
        frames, tf.real(spectrum), tf.imag(spectrum), c.inverse_stft(spectrum, 16, 8, window_fn=c.inverse_stft_window_fn(8)),
        c.overlap_and_add(frames, 8), c.hamming_window(7), c.mfccs_from_log_mel_spectrograms(tf.log(mel + 1e-3)),
    ]  # fmt: skip


def util(tf):
    c = tf.contrib.util
    proto = c.make_tensor_proto([[1.5, 2.5]])
    tf.multiply(tf.constant(1), 2, name="product")
    used = c.ops_used_by_graph_def(tf.get_default_graph().as_graph_def())
    return lambda sess: [
        c.make_ndarray(proto), c.constant_value(tf.constant([3, 4])), c.constant_value(tf.placeholder(tf.int32)), sorted(used),
    ]  # fmt: skip


def cudnn_cells(tf):
    c = tf.contrib.cudnn_rnn
    x = tf.constant(_x(2, 5, 3))
    lstm, state = tf.nn.dynamic_rnn(c.CudnnCompatibleLSTMCell(4), x, dtype=tf.float32)
    cell = tf.nn.rnn_cell.MultiRNNCell([c.CudnnCompatibleGRUCell(4) for _ in range(2)])
    gru, last = tf.nn.dynamic_rnn(cell, x, [5, 2], dtype=tf.float32, scope="g")
    return [lstm, state, gru, last]


def more_cells(tf):
    c = tf.contrib.rnn
    images, lines = tf.constant(_x(2, 3, 4, 4, 2)), tf.constant(_x(2, 3, 5, 2))
    square, state = tf.nn.dynamic_rnn(c.ConvLSTMCell(2, [4, 4, 2], 3, [3, 3]), images, dtype=tf.float32)
    line = c.Conv1DLSTMCell(input_shape=[5, 2], output_channels=2, kernel_shape=[3], use_bias=False)
    flat, _ = tf.nn.dynamic_rnn(line, lines, [3, 1], dtype=tf.float32, scope="line")
    skipping = c.Conv2DLSTMCell(
        input_shape=[4, 4, 2], output_channels=3, kernel_shape=[2, 2], skip_connection=True
    )
    once, _ = skipping(images[:, 0], skipping.zero_state(2, tf.float32))
    found, last = tf.nn.dynamic_rnn(c.NASCell(4), tf.constant(_x(2, 5, 3)), dtype=tf.float32, scope="n")
    small, _ = tf.nn.dynamic_rnn(
        c.NASCell(4, 2, use_bias=True), tf.constant(_x(2, 5, 3)), dtype=tf.float32, scope="p"
    )
    return [square, state, flat, once, found, last, small]
