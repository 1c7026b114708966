"""Cases of names that programs read: of losses, updates, training steps and summaries."""

import numpy as np


def _names(values):
    return [v.name for v in values]


def _x(*shape):
    return np.random.RandomState(3).uniform(-1, 1, shape).astype("float32")


def updates_of_batch_norms(tf):
    x, training = tf.constant(_x(2, 4, 4, 2)), tf.placeholder_with_default(True, [])
    y = tf.layers.batch_normalization(x, training=training, name="bn")
    z = tf.contrib.layers.batch_norm(y, is_training=True, scope="other")
    updates = tf.get_collection(tf.GraphKeys.UPDATE_OPS)
    return lambda sess: [_names(updates), sess.run(z)]


def regularisers(tf):
    x, contrib = tf.constant(_x(2, 3)), tf.contrib.layers
    y = tf.layers.dense(x, 2, kernel_regularizer=contrib.l2_regularizer(0.1), name="a")
    y = tf.layers.dense(y, 2, kernel_regularizer=contrib.l1_l2_regularizer(0.1, 0.2), name="b")
    keys = [k for k in tf.get_default_graph().get_all_collection_keys() if "loss" in k]
    return lambda sess: [_names(tf.losses.get_regularization_losses()), keys, sess.run(y)]


def no_regularisers(tf):
    tf.layers.dense(tf.constant(_x(2, 3)), 2)
    return lambda sess: [k for k in tf.get_default_graph().get_all_collection_keys() if "loss" in k]


def training_steps(tf):
    x, slim = tf.constant(_x(2, 3)), tf.contrib.slim
    loss = tf.reduce_mean(tf.layers.dense(x, 2, name="a"))
    step = tf.train.get_or_create_global_step()
    rate = tf.train.exponential_decay(0.1, step, 10, 0.9)
    wanted = ["loss", "learning_rate", "gradients", "gradient_norm"]
    one = tf.contrib.layers.optimize_loss(loss, step, rate, "SGD", summaries=wanted)
    two = tf.contrib.layers.optimize_loss(
        loss, step, 0.1, "SGD", learning_rate_decay_fn=lambda lr, _: lr * 0.5, name="decays", summaries=wanted
    )
    three = slim.learning.create_train_op(loss, tf.train.GradientDescentOptimizer(0.1), step)
    return lambda sess: [_names([one, two, three]), _names(tf.get_collection("summaries"))]


def layers(tf):
    """The results of layers, and of contrib's: programs fetch them by name."""
    L, slim = tf.layers, tf.contrib.slim
    x, x1, x3 = (tf.placeholder(tf.float32, s) for s in ([2, 16, 16, 3], [2, 16, 3], [2, 8, 8, 8, 3]))
    made = [
        L.conv1d(x1, 4, 3, use_bias=False, name="a"),
        L.conv1d(x1, 4, 3, dilation_rate=2, use_bias=False, name="b"),
        L.conv2d(x, 4, 3, use_bias=False, name="c"),
        L.conv2d(x, 4, 3, dilation_rate=2, use_bias=False, name="d"),
        L.conv2d(x, 4, 3, activation=tf.nn.relu, name="e"),
        L.conv3d(x3, 4, 3, use_bias=False, name="f"),
        L.separable_conv2d(x, 4, 3, use_bias=False, name="g"),
        L.conv2d_transpose(x, 4, 3, use_bias=False, name="h"),
        L.dense(x1, 4, use_bias=False, name="i"),
        L.batch_normalization(x, training=True, name="j"),
        slim.max_pool2d(x, 2, scope="k"),
        slim.avg_pool2d(x, 2, scope="l"),
        slim.conv2d(x, 4, 3, scope="m"),
        slim.softmax(x1, scope="n"),
        tf.contrib.layers.unit_norm(x, 3, scope="o"),
    ]
    for kind in ("max", "average"):
        for n, value in enumerate((x1, x, x3), 1):
            made.append(getattr(L, f"{kind}_pooling{n}d")(value, 2, 2, name=f"{kind}{n}"))
    biased = [L.conv2d(x, 4, 3, name="p"), L.conv3d(x3, 4, 3, name="q"), L.dense(x1[:, 0], 4, name="r")]
    return lambda sess: [_names(made), [y.op.inputs[0].name for y in biased]]
