"""A residual network of `tf.layers` on handwritten digits, with batch normalisation and a rate that falls.

What batch normalisation remembers of the batches is updated by operations of their own, which the optimiser is told to wait
for. The rate, and which digits it gets wrong, are written down for TensorBoard (`--logdir`).
"""

import argparse
from types import SimpleNamespace

import numpy as np
import tensorflow.compat.v1 as tf
from sklearn.datasets import load_digits


def digits():
    data = load_digits()
    images = (data.images / 16.0).astype(np.float32)[..., None]
    return (images[:-360], data.target[:-360]), (images[-360:], data.target[-360:])


def normalized(x, training):
    return tf.nn.relu(tf.layers.batch_normalization(x, momentum=0.9, training=training))


def residual(x, filters, training, name, strides=1):
    with tf.variable_scope(name):
        shortcut = x
        if strides > 1 or x.shape[-1] != filters:
            shortcut = tf.layers.conv2d(x, filters, 1, strides, use_bias=False, name="shortcut")
        h = normalized(x, training)
        h = tf.layers.conv2d(h, filters, 3, strides, padding="same", use_bias=False, name="conv1")
        h = normalized(h, training)
        h = tf.layers.conv2d(h, filters, 3, padding="same", use_bias=False, name="conv2")
        return h + shortcut


def build():
    x = tf.placeholder(tf.float32, [None, 8, 8, 1], name="x")
    y = tf.placeholder(tf.int64, [None], name="y")
    training = tf.placeholder_with_default(False, [], name="training")

    h = tf.layers.conv2d(x, 16, 3, padding="same", use_bias=False, name="first")
    h = residual(h, 16, training, "block1")
    h = residual(h, 32, training, "block2", strides=2)
    h = residual(h, 64, training, "block3", strides=2)
    h = tf.reduce_mean(normalized(h, training), [1, 2])
    logits = tf.layers.dense(h, 10, kernel_regularizer=lambda W: 1e-4 * tf.nn.l2_loss(W), name="logits")

    tf.losses.sparse_softmax_cross_entropy(y, logits)
    loss = tf.losses.get_total_loss()
    global_step = tf.train.get_or_create_global_step()
    rate = tf.train.piecewise_constant(global_step, [150, 300], [0.1, 0.03, 0.01])
    optimizer = tf.train.MomentumOptimizer(rate, 0.9, use_nesterov=True)
    with tf.control_dependencies(tf.get_collection(tf.GraphKeys.UPDATE_OPS)):
        train = optimizer.minimize(loss, global_step)

    right = tf.equal(tf.argmax(logits, 1), y)
    tf.summary.scalar("loss", loss)
    tf.summary.scalar("rate", rate)
    return SimpleNamespace(
        x=x, y=y, training=training, loss=loss, train=train, global_step=global_step,
        accuracy=tf.reduce_mean(tf.cast(right, tf.float32)), summaries=tf.summary.merge_all(),
    )  # fmt: skip


def feeds(net, rng):
    """Endless batches to train on."""
    (images, labels), _ = digits()
    while True:
        chosen = rng.randint(len(images), size=64)
        yield {net.x: images[chosen], net.y: labels[chosen], net.training: True}


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--steps", type=int, default=450)
    parser.add_argument("--logdir", help="where to write what TensorBoard shows")
    parser.add_argument("--quick", action="store_true", help="a few seconds, for tests")
    args = parser.parse_args()

    tf.set_random_seed(0)
    net = build()
    batches = feeds(net, np.random.RandomState(0))
    with tf.Session() as sess:
        sess.run(tf.global_variables_initializer())
        writer = tf.summary.FileWriter(args.logdir, sess.graph) if args.logdir else None
        for step in range(1, (100 if args.quick else args.steps) + 1):
            loss, summaries, _ = sess.run([net.loss, net.summaries, net.train], feed_dict=next(batches))
            if writer:
                writer.add_summary(summaries, step)
            if step % 50 == 0:
                print(f"step {step}: loss {loss:.4f}")
        if writer:
            writer.close()
        _, (images, labels) = digits()
        accuracy = sess.run(net.accuracy, feed_dict={net.x: images, net.y: labels})
    print(f"accuracy {accuracy:.3f} (chance 0.100)")


if __name__ == "__main__":
    tf.disable_v2_behavior()
    main()
