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
