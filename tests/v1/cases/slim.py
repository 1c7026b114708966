"""Cases of `tf.contrib.slim`, `tf.contrib.legacy_seq2seq`, `tf.contrib.losses` and `tf.contrib.training`."""

import tempfile

import numpy as np


def _x(*shape):
    return np.random.RandomState(7).uniform(-1, 1, shape).astype("float32")


def _nets(tf):
    try:
        from tensorflow.contrib.slim.nets import alexnet, resnet_utils, resnet_v1, resnet_v2, vgg
    except ImportError:
        from tensorflow.contrib.slim.python.slim.nets import alexnet, resnet_utils, resnet_v1, resnet_v2, vgg
    return alexnet, resnet_utils, resnet_v1, resnet_v2, vgg


def resnets(tf):
    slim = tf.contrib.slim
    _, _, v1, v2, _ = _nets(tf)
    x = tf.constant(_x(2, 16, 16, 3))
    out, names = [], []
    for net, block, scope in (
        (v1.resnet_v1, v1.resnet_v1_block, "a"),
        (v2.resnet_v2, v2.resnet_v2_block, "b"),
    ):
        for training in (True, False):
            with slim.arg_scope(v1.resnet_arg_scope(weight_decay=0.01)):
                blocks = [block("block1", 1, 2, 2), block("block2", 2, 2, 1)]
                y, points = net(
                    x, blocks, 3, is_training=training, scope=scope, reuse=not training, output_stride=4
                )
            out.append(y)
            names.append(sorted(points) if training else [])
    return lambda sess: [sess.run(out), names, len(tf.get_collection("update_ops"))]


def published_nets(tf):
    slim = tf.contrib.slim
    alexnet, _, v1, v2, vgg = _nets(tf)
    x = tf.placeholder(tf.float32, [1, 224, 224, 3])
    shapes, names = [], []
    for net, scope in (
        (v1.resnet_v1_50, v1.resnet_arg_scope()),
        (v2.resnet_v2_50, v2.resnet_arg_scope()),
        (vgg.vgg_a, vgg.vgg_arg_scope()),
        (alexnet.alexnet_v2, alexnet.alexnet_v2_arg_scope()),
    ):
        with tf.Graph().as_default():
            x = tf.placeholder(tf.float32, [1, 224, 224, 3])
            with slim.arg_scope(scope):
                y, points = net(x, 1000, is_training=False)
            shapes.append(str(y.shape.as_list()))
            names.append([v.name + str(v.shape.as_list()) for v in slim.get_model_variables()])
            names.append(sorted(points))
    return lambda sess: [shapes, names]


def train_op(tf):
    slim = tf.contrib.slim
    x = tf.constant(_x(4, 3))
    y = slim.fully_connected(
        x, 1, activation_fn=None, scope="fc", weights_regularizer=slim.l2_regularizer(0.1)
    )
    slim.losses.mean_squared_error(y, tf.ones([4, 1]))
    loss = slim.losses.get_total_loss()
    op = slim.learning.create_train_op(
        loss,
        tf.train.GradientDescentOptimizer(0.1),
        clip_gradient_norm=0.5,
        gradient_multipliers={"fc/weights": 0.5},
    )
    step = slim.get_global_step()
    return lambda sess: [[sess.run(op) for _ in range(3)], sess.run(tf.trainable_variables() + [step])]


def training_loop(tf):
    slim = tf.contrib.slim
    x = tf.constant(_x(4, 3))
    zeros = tf.zeros_initializer()
    y = slim.fully_connected(x, 1, activation_fn=None, scope="fc", weights_initializer=zeros)
    tf.losses.mean_squared_error(tf.ones([4, 1]), y)
    op = slim.learning.create_train_op(tf.losses.get_total_loss(), tf.train.GradientDescentOptimizer(0.1))
    logdir = tempfile.mkdtemp()
    graph = tf.get_default_graph()
    value, update = tf.metrics.mean(y)
    last = slim.learning.train(
        op, logdir, number_of_steps=5, log_every_n_steps=2, save_summaries_secs=0, save_interval_secs=0
    )
    graph._unsafe_unfinalize() if hasattr(graph, "_unsafe_unfinalize") else setattr(graph, "finalized", False)
    mean = slim.evaluation.evaluate_once(
        "", tf.train.latest_checkpoint(logdir), logdir, 2, eval_op=update, final_op=value
    )
    return lambda sess: [np.float32(last), np.float32(mean)]


def losses(tf):
    l = tf.contrib.losses
    a, b = tf.constant(_x(3, 4)), tf.constant(np.abs(_x(3, 4)))
    onehot = tf.one_hot([1, 0, 3], 4)
    return [
        l.absolute_difference(a, b), l.mean_squared_error(a, b, tf.constant([[1.0], [0.0], [2.0]])), l.log_loss(b, onehot),
        l.softmax_cross_entropy(a, onehot, label_smoothing=0.1), l.sigmoid_cross_entropy(a, onehot), l.hinge_loss(a, onehot),
        l.sparse_softmax_cross_entropy(a, tf.constant([1, 0, 3])), l.mean_pairwise_squared_error(a, b), l.get_total_loss(),
        l.cosine_distance(a, b, 1),
    ]  # fmt: skip


def metrics(tf):
    m = tf.contrib.metrics
    p, y = tf.constant([1, 0, 1, 1]), tf.constant([1, 0, 0, 1])
    values, updates = m.aggregate_metric_map({
        "accuracy": m.streaming_accuracy(p, y), "precision": m.streaming_precision(p, y), "recall": m.streaming_recall(p, y),
        "mean": m.streaming_mean(tf.constant([1.0, 2.0])), "mse": m.streaming_mean_squared_error(tf.constant([1.0]), tf.constant([3.0])),
    })  # fmt: skip
    plain = m.accuracy(p, y)

    def fetch(sess):
        sess.run(tf.local_variables_initializer())
        sess.run(updates)
        return [sess.run(values), sess.run(plain)]

    return fetch


def hparams(tf):
    h = tf.contrib.training.HParams(rate=0.1, layers=[64, 64], name="net", flag=True, n=3)
    h.parse("rate=0.5,layers=[32,16],flag=false")
    h.set_hparam("n", 7)
    h.add_hparam("more", 1.5)
    h.parse("name=a b")
    h.override_from_dict({"rate": 2.0})
    return lambda sess: [
        sorted(h.values()), h.rate, h.layers, h.name, h.flag, h.n, "n" in h, h.get("missing", 4), h.to_json(sort_keys=True),
    ]  # fmt: skip


def legacy_decoders(tf):
    s2s, rnn = tf.contrib.legacy_seq2seq, tf.nn.rnn_cell
    x = [tf.constant(v) for v in _x(3, 2, 4)]
    ids = [tf.constant([1, 2]), tf.constant([0, 4]), tf.constant([3, 3])]
    out = [s2s.rnn_decoder(x, tf.zeros([2, 3]), rnn.GRUCell(3))]
    with tf.variable_scope("basic"):
        out.append(s2s.basic_rnn_seq2seq(x, x, rnn.GRUCell(3)))
    with tf.variable_scope("tied"):
        out.append(s2s.tied_rnn_seq2seq(x, x, rnn.GRUCell(4)))
    with tf.variable_scope("embedding"):
        out.append(s2s.embedding_rnn_seq2seq(ids, ids, rnn.GRUCell(3), 5, 6, 2))
    with tf.variable_scope("fed"):
        out.append(s2s.embedding_rnn_seq2seq(ids, ids, rnn.GRUCell(3), 5, 6, 2, feed_previous=True))
    states = tf.constant(_x(2, 5, 3))
    with tf.variable_scope("attention"):
        out.append(
            s2s.attention_decoder(x, tf.zeros([2, 3]), states, rnn.GRUCell(3), output_size=4, num_heads=2)
        )
    with tf.variable_scope("attention_seq2seq"):
        out.append(
            s2s.embedding_attention_seq2seq(
                ids, ids, rnn.BasicLSTMCell(3), 5, 6, 2, initial_state_attention=True
            )
        )
    logits = out[0][0]
    weights = [tf.constant([1.0, 0.5]), tf.constant([1.0, 0.0]), tf.constant([0.0, 0.0])]
    targets = [tf.constant([1, 2]), tf.constant([0, 1]), tf.constant([2, 2])]
    out.append(
        [s2s.sequence_loss(logits, targets, weights), s2s.sequence_loss_by_example(logits, targets, weights)]
    )
    out.append(s2s.sequence_loss_by_example(logits, targets, weights, average_across_timesteps=False))
    with tf.variable_scope("buckets"):
        out.append(s2s.model_with_buckets(
            x, x, targets, weights, [(1, 1), (2, 3)], lambda e, d: s2s.basic_rnn_seq2seq(e, d, rnn.GRUCell(3))
        ))  # fmt: skip
    return out
