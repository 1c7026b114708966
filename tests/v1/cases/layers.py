"""Cases of `tf.layers`."""

import numpy as np


def _x(*shape):
    return np.random.RandomState(7).uniform(-1, 1, shape).astype("float32")


def dense(tf):
    x = tf.constant(_x(2, 3))
    return [
        tf.layers.dense(x, 4, tf.nn.relu), tf.layers.dense(x, 2, use_bias=False, name="named"),
        tf.layers.dense(tf.constant(_x(2, 2, 3)), 4), tf.layers.dense(tf.cast(x, tf.float64), 2),
    ]  # fmt: skip


def dense_reuse(tf):
    x = tf.constant(_x(2, 3))
    layer = tf.layers.Dense(4, activation=tf.tanh)
    with tf.variable_scope("s"):
        out = [layer(x), layer(x * 2), tf.layers.dense(x, 2, name="a")]
    with tf.variable_scope("s", reuse=True):
        out.append(tf.layers.dense(x * 3, 2, name="a"))
    out.append(tf.layers.dense(x, 2, name="b"))
    out.append(tf.layers.dense(x, 2, name="b", reuse=True))
    with tf.variable_scope("t", reuse=tf.AUTO_REUSE):
        out += [tf.layers.dense(x, 2, name="c") for _ in range(2)]
    return out


def dense_gradients(tf):
    x = tf.constant(_x(4, 3))
    y = tf.layers.dense(tf.layers.dense(x, 5, tf.nn.sigmoid), 1)
    loss = tf.reduce_mean(tf.square(y))
    return [loss, *tf.gradients(loss, tf.trainable_variables())]


def regularizers(tf):
    x = tf.constant(_x(4, 3))
    l2 = lambda w: tf.reduce_sum(w * w)
    with tf.variable_scope("a", regularizer=lambda w: 2.0 * tf.reduce_sum(w)):
        tf.layers.dense(x, 2)
    tf.layers.dense(
        x,
        2,
        kernel_regularizer=l2,
        bias_regularizer=l2,
        activity_regularizer=l2,
        kernel_constraint=tf.nn.relu,
        name="b",
    )
    tf.layers.dense(x, 2, kernel_regularizer=l2, name="b", reuse=True)
    return tf.get_collection(tf.GraphKeys.REGULARIZATION_LOSSES) + [tf.losses.get_regularization_loss()]


def conv(tf):
    x = tf.constant(_x(2, 7, 6, 3))
    return [
        tf.layers.conv2d(x, 4, 3), tf.layers.conv2d(x, 4, [3, 2], strides=(2, 1), padding="same", activation=tf.nn.elu),
        tf.layers.conv2d(x, 2, 3, dilation_rate=2, use_bias=False), tf.layers.conv1d(x[:, 0], 4, 3, padding="causal"),
        tf.layers.conv1d(x[:, 0], 4, 3, strides=2), tf.layers.conv3d(tf.constant(_x(1, 4, 4, 4, 2)), 3, 2, padding="SAME"),
    ]  # fmt: skip


def transposed(tf):
    x = tf.constant(_x(2, 4, 5, 3))
    return [
        tf.layers.conv2d_transpose(x, 2, 3), tf.layers.conv2d_transpose(x, 2, 3, strides=2, padding="same"),
        tf.layers.conv2d_transpose(x, 2, [2, 4], strides=(3, 2)),
        tf.layers.conv3d_transpose(tf.constant(_x(1, 2, 3, 2, 2)), 3, 2, strides=2),
    ]  # fmt: skip


def separable(tf):
    x = tf.constant(_x(2, 7, 6, 3))
    return [
        tf.layers.separable_conv2d(x, 4, 3), tf.layers.separable_conv2d(x, 4, 3, strides=2, padding="same", depth_multiplier=2),
        tf.layers.separable_conv1d(x[:, 0], 4, 3, depth_multiplier=2), tf.layers.separable_conv1d(x[:, 0], 4, 3, padding="same"),
    ]  # fmt: skip


def pooling(tf):
    x, v = tf.constant(_x(2, 7, 6, 3)), tf.constant(_x(1, 4, 4, 4, 2))
    return [
        tf.layers.max_pooling2d(x, 2, 2), tf.layers.average_pooling2d(x, 3, 2, padding="same"),
        tf.layers.max_pooling1d(x[:, 0], 3, 2), tf.layers.average_pooling1d(x[:, 0], 2, 1, padding="same"),
        tf.layers.max_pooling3d(v, 2, 2), tf.layers.average_pooling3d(v, [2, 1, 2], [1, 2, 1]),
    ]  # fmt: skip


def batch_norm(tf):
    x = tf.constant(_x(5, 4, 4, 3))
    out = [
        tf.layers.batch_normalization(x, training=True, momentum=0.9),
        tf.layers.batch_normalization(x),
        tf.layers.batch_normalization(x[:, 0, 0], training=True),
        tf.layers.batch_normalization(x, axis=1, training=True, fused=False),
        tf.layers.batch_normalization(x[:, 0], axis=1, training=True, scale=False),
        tf.layers.batch_normalization(x, training=True, fused=False, center=False),
    ]
    updates = tf.get_collection(tf.GraphKeys.UPDATE_OPS)
    moving = [v for v in tf.global_variables() if "moving" in v.name]

    def fetch(sess):
        before = sess.run(out)
        sess.run(updates)
        return [before, sess.run(moving)]

    return fetch


def batch_norm_placeholder(tf):
    training = tf.placeholder(tf.bool, [])
    x = tf.constant(_x(5, 2, 2, 3))
    y = tf.layers.batch_normalization(x, training=training, name="bn")
    z = tf.layers.batch_normalization(x[:, 0, 0], training=training)
    updates = tf.get_collection(tf.GraphKeys.UPDATE_OPS)
    moving = [v for v in tf.global_variables() if "moving" in v.name]
    grads = tf.gradients(tf.reduce_sum(y * y) + tf.reduce_sum(z * z * z), tf.trainable_variables())

    def fetch(sess):
        out = []
        for mode in (False, True):
            out.append(sess.run([y, z] + grads, {training: mode}))
            sess.run(updates, {training: mode})
            out.append(sess.run(moving))
        return out

    return fetch


def batch_norm_half(tf):
    x = tf.cast(tf.constant(_x(5, 2, 2, 3)), tf.float16)
    return [tf.layers.batch_normalization(x, training=True)]


def shapes(tf):
    x = tf.constant(_x(2, 3, 4))
    p = tf.placeholder(tf.float32, [None, 3, None])
    flat = tf.layers.flatten(p)
    layer = tf.layers.Conv2D(4, 3, padding="same", strides=2)
    return lambda sess: [
        sess.run([tf.layers.flatten(x), tf.layers.dropout(x, 0.3)]),
        sess.run(flat, {p: _x(2, 3, 4)}),
        str(flat.shape.as_list()),
        str(layer.compute_output_shape([None, 7, 8, 3]).as_list()),
    ]


def dropout(tf):
    x = tf.ones([1000])
    training = tf.placeholder_with_default(False, [])
    y = tf.layers.dropout(x, 0.25, training=training)

    def fetch(sess):
        kept = sess.run(y, {training: True})
        return [sess.run(y), sorted(set(np.round(kept, 4).tolist())), bool(0.7 < (kept > 0).mean() < 0.8)]

    return fetch


def partitioned(tf):
    x = tf.constant(_x(2, 4))
    with tf.variable_scope("p", partitioner=tf.fixed_size_partitioner(2)):
        y = tf.layers.dense(x, 3, name="d")
        z = tf.layers.batch_normalization(y, training=True)
    return [y, z]


def own_layer(tf):
    class Scale(tf.layers.Layer):
        def build(self, shape):
            self.scale = self.add_variable("scale", [int(shape[-1])], initializer=tf.ones_initializer())
            self.offset = self.add_weight(name="offset", shape=[], trainable=False)
            self.built = True

        def call(self, x, twice=False):
            return (x * self.scale + self.offset) * (2.0 if twice else 1.0)

    layer = Scale(name="own")
    x = tf.constant(_x(2, 3))
    y = [layer(x), layer(x, twice=True), layer.apply(x)]
    return lambda sess: [
        sess.run(y), [v.name for v in layer.trainable_weights], [v.name for v in layer.non_trainable_weights],
        layer.scope_name, layer.count_params(),
    ]  # fmt: skip
