"""An autoencoder of handwritten digits: 64 pixels through a code of a few numbers, and back.

With `--variational` the code is a distribution, and new digits can be drawn from it.
"""

import argparse
from types import SimpleNamespace

import numpy as np
import tensorflow.compat.v1 as tf
from sklearn.datasets import load_digits

CODE = 8


def digits():
    images = (load_digits().data / 16.0).astype(np.float32)
    return images[:-360], images[-360:]


def dense(x, units, scope, activation=None):
    with tf.variable_scope(scope):
        W = tf.get_variable("W", [int(x.shape[1]), units], initializer=tf.glorot_uniform_initializer())
        b = tf.get_variable("b", [units], initializer=tf.zeros_initializer())
        h = tf.nn.xw_plus_b(x, W, b)
        return h if activation is None else activation(h)


def decoder(code, reuse=False):
    with tf.variable_scope("decoder", reuse=reuse):
        return dense(dense(code, 64, "hidden", tf.nn.tanh), 64, "pixels")


def build(variational=False):
    x = tf.placeholder(tf.float32, [None, 64], name="x")
    with tf.variable_scope("encoder"):
        h = dense(x, 64, "hidden", tf.nn.tanh)
        mean = dense(h, CODE, "mean")
        log_variance = dense(h, CODE, "log_variance") if variational else None
    code = mean
    if variational:
        code = mean + tf.exp(0.5 * log_variance) * tf.random_normal(tf.shape(mean))
    logits = decoder(code)
    cost = tf.reduce_sum(tf.nn.sigmoid_cross_entropy_with_logits(labels=x, logits=logits), 1)
    if variational:
        cost += -0.5 * tf.reduce_sum(1 + log_variance - tf.square(mean) - tf.exp(log_variance), 1)
    loss = tf.reduce_mean(cost)
    train = tf.train.RMSPropOptimizer(2e-3).minimize(loss)
    error = tf.reduce_mean(tf.square(tf.sigmoid(decoder(mean, reuse=True)) - x))
    z = tf.placeholder(tf.float32, [None, CODE], name="z")
    drawn = tf.sigmoid(decoder(z, reuse=True))
    return SimpleNamespace(x=x, z=z, loss=loss, train=train, error=error, drawn=drawn)


def feeds(net, rng):
    """Endless batches to train on."""
    images, _ = digits()
    while True:
        yield {net.x: images[rng.randint(len(images), size=128)]}


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--steps", type=int, default=5000)
    parser.add_argument("--variational", action="store_true")
    parser.add_argument("--quick", action="store_true", help="a few seconds, for tests")
    args = parser.parse_args()

    tf.set_random_seed(0)
    net = build(args.variational)
    batches = feeds(net, np.random.RandomState(0))
    images, test = digits()
    with tf.Session() as sess:
        sess.run(tf.global_variables_initializer())
        for step in range(1, (600 if args.quick else args.steps) + 1):
            loss, _ = sess.run([net.loss, net.train], feed_dict=next(batches))
            if step % 200 == 0:
                print(f"step {step}: loss {loss:.3f}")
        if args.variational:
            drawn = sess.run(net.drawn, {net.z: np.random.RandomState(1).randn(1, CODE)})
            for row in drawn.reshape(8, 8):
                print("".join(" .:*#"[int(4.99 * pixel)] for pixel in row))
        error = sess.run(net.error, {net.x: test})
    print(f"error {error:.4f} (baseline {np.mean(np.square(test - images.mean(0))):.4f})")


if __name__ == "__main__":
    tf.disable_v2_behavior()
    main()
