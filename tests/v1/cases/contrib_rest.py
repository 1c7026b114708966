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


def private_modules_of_parts(tf):
    from tensorflow.contrib.distributions.python.ops.bijectors.affine import Affine
    from tensorflow.contrib.losses.python.metric_learning import metric_loss_ops
    from tensorflow.contrib.losses.python.metric_learning.metric_loss_ops import pairwise_distance
    from tensorflow.contrib.metrics.python.ops import metric_ops
    from tensorflow.contrib.training.python.training import evaluation

    contrib = tf.contrib
    same = [
        Affine is contrib.distributions.bijectors.Affine,
        metric_ops.streaming_auc is contrib.metrics.streaming_auc,
        evaluation.evaluate_once is contrib.training.evaluate_once,
        metric_loss_ops.pairwise_distance is pairwise_distance,
    ]
    x = tf.constant(_x(3, 2))
    return lambda sess: [sess.run([pairwise_distance(x), pairwise_distance(x, squared=True)]), str(same)]


def adaptive_clipping(tf):
    layers, slim = tf.contrib.layers, tf.contrib.slim
    x = tf.placeholder(tf.float32, [2])
    w = tf.get_variable("w", [2])
    clip = slim.adaptive_clipping_fn(decay=0.9, std_factor=0.5, static_max_norm=3.0, name="clip")
    step = tf.train.get_or_create_global_step()
    train = layers.optimize_loss(tf.reduce_sum(w * x), step, 0.1, "SGD", clip_gradients=clip, summaries=[])
    warm = slim.adaptive_clipping_fn(global_step=step, name="warm")([(x, w), (None, w)])

    def run(sess):
        for v in tf.global_variables():
            if v.name.startswith("clip/") or v.name.startswith("warm/"):
                v.load(0.0, sess)
        sess.run(step.initializer)
        feeds = [[0.1, 0.2], [3.0, -4.0], [0.1, 0.1], [10.0, 0.0]]
        return [sess.run([train, w, warm[0][0]], {x: f})[1:] for f in feeds]

    return run


def summaries_of_collections(tf):
    layers, slim = tf.contrib.layers, tf.contrib.slim
    x = tf.constant(10 * _x(2, 3))
    y = layers.fully_connected(
        x,
        4,
        tf.nn.relu6,
        scope="fc",
        variables_collections={"weights": ["weights"]},
        outputs_collections=["activations"],
    )
    layers.relu(x, 4, scope="r", outputs_collections=["activations"])
    found = [slim.summarize_variables(), slim.summarize_weights(), slim.summarize_biases()]
    found += [layers.summarize_activations(), [layers.summarize_tensor(tf.reduce_sum(y))]]
    merged = tf.summary.merge_all()
    plain = [[t.op.name for t in ts] for ts in found]
    plain.append([layers.summarize_tensor(y > 0.0) is None, layers.SPARSE_FEATURE_CROSS_DEFAULT_HASH_KEY])

    def run(sess):
        values = tf.Summary.FromString(sess.run(merged)).value
        scalars = {v.tag: v.simple_value for v in values if v.HasField("simple_value")}
        return [str(plain), sorted(v.tag for v in values), [np.float32(scalars[k]) for k in sorted(scalars)]]

    return run
