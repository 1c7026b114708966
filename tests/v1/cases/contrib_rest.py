"""Cases of small parts of `tf.contrib`: `bayesflow.monte_carlo`, cells of `crf`, tied decoders, orthogonal kernels."""

import numpy as np


def _x(*shape, seed=7):
    return np.random.RandomState(seed).uniform(-1, 1, shape).astype("float32")


def monte_carlo(tf):
    mc = tf.contrib.bayesflow.monte_carlo
    scale = tf.constant(2.0)
    p, q = tf.distributions.Normal(0.5, scale), tf.distributions.Normal(0.0, 3.0)
    z = tf.constant(3 * _x(50, 2))
    score = mc.expectation(tf.square, z, log_prob=p.log_prob, use_reparametrization=False, keep_dims=True)
    return [
        mc.expectation(tf.square, z * scale),
        tf.gradients(mc.expectation(tf.square, z * scale), scale),
        score,
        tf.gradients(score, scale),
        mc.expectation_importance_sampler(lambda x: x * x - 1.0, p.log_prob, q, z=z),
        mc.expectation_importance_sampler_logspace(lambda x: -tf.abs(x), p.log_prob, q, z=z),
        tf.shape(mc.expectation_importance_sampler(tf.square, p.log_prob, q, n=5, seed=1)),
    ]


def crf_cells(tf):
    crf = tf.contrib.crf
    scores, transitions = tf.constant(_x(2, 4, 3)), tf.constant(_x(3, 3))
    forward, state = tf.nn.dynamic_rnn(
        crf.CrfForwardRnnCell(transitions), scores[:, 1:], [3, 2], scores[:, 0], dtype=tf.float32
    )
    pointers, best = crf.CrfDecodeForwardRnnCell(transitions)(scores[:, 1], scores[:, 0])
    tags = tf.expand_dims(tf.cast(tf.argmax(best, 1), tf.int32), 1)
    return [forward, state, pointers, best, crf.CrfDecodeBackwardRnnCell(3)(pointers, tags)]


def tied_decoders(tf):
    s = tf.contrib.legacy_seq2seq
    encoder = [tf.constant([1, 2]), tf.constant([3, 0])]
    decoder = [tf.constant([0, 0]), tf.constant([2, 1]), tf.constant([4, 3])]
    plain = s.embedding_tied_rnn_seq2seq(encoder, decoder, tf.nn.rnn_cell.GRUCell(4), 5, 4, scope="a")
    fed = s.embedding_tied_rnn_seq2seq(
        encoder,
        decoder,
        tf.nn.rnn_cell.GRUCell(4),
        5,
        4,
        num_decoder_symbols=5,
        feed_previous=True,
        scope="b",
    )
    projection = tf.get_variable("w", [4, 5]), tf.get_variable("p", [5])
    chosen = s.embedding_tied_rnn_seq2seq(
        encoder, decoder, tf.nn.rnn_cell.GRUCell(4), 5, 4, output_projection=projection,
        feed_previous=tf.constant(True), scope="c",
    )  # fmt: skip
    many = s.one2many_rnn_seq2seq(
        encoder, {"x": decoder, "y": decoder[:2]}, tf.nn.rnn_cell.GRUCell(4),
        {"x": tf.nn.rnn_cell.GRUCell(4), "y": tf.nn.rnn_cell.GRUCell(4)}, 5, {"x": 5, "y": 6}, 4,
    )  # fmt: skip
    return [plain, fed, chosen, many]


def orthogonal_kernels(tf):
    f = tf.contrib.framework
    kernels = [
        f.convolutional_delta_orthogonal(gain=2.0, seed=1)([3, 4, 2, 3]) / 2.0,
        f.convolutional_orthogonal_1d(seed=1)([4, 2, 3]),
        f.convolutional_orthogonal_2d(seed=1)([3, 3, 3, 3]),
        f.convolutional_orthogonal_3d()([2, 2, 2, 2, 4]),
    ]
    found = []
    for kernel in kernels:
        dims = len(kernel.shape) - 2
        size = [6] * dims
        x = tf.constant(_x(2, *size, int(kernel.shape[-2])))
        # Every shift of the kernel is seen once: lengths stay.
        wide = tf.pad(x, [[0, 0]] + [[int(k) - 1] * 2 for k in kernel.shape[:-2]] + [[0, 0]])
        y = tf.nn.convolution(wide, kernel, "VALID")
        found.append(tf.abs(tf.reduce_sum(tf.square(y)) / tf.reduce_sum(tf.square(x)) - 1.0) < 1e-4)
    return lambda sess: [sess.run(found), [str(k.shape) for k in kernels]]


def compiled(tf):
    from tensorflow.contrib.compiler import jit

    with jit.experimental_jit_scope():
        return [tf.constant(_x(2)) * 2.0]
