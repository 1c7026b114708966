"""A generative adversarial network: numbers drawn like those of a ring of eight heaps.

Two networks below two variable scopes, and two optimisers that each train the variables of one.
"""

import argparse
from types import SimpleNamespace

import numpy as np
import tensorflow.compat.v1 as tf

NOISE, BATCH, SPREAD = 16, 128, 0.1
HEAPS = np.stack([np.cos(np.arange(8) * np.pi / 4), np.sin(np.arange(8) * np.pi / 4)], 1)


def real(rng, count):
    return (HEAPS[rng.randint(8, size=count)] + rng.normal(0, SPREAD, (count, 2))).astype(np.float32)


def hits(points):
    """The share of the points that lie in a heap."""
    nearest = np.linalg.norm(points[:, None] - HEAPS, axis=2).min(1)
    return float(np.mean(nearest < 3 * SPREAD))


def dense(x, units, scope):
    with tf.variable_scope(scope):
        W = tf.get_variable(
            "W", [x.get_shape().as_list()[-1], units], initializer=tf.glorot_normal_initializer()
        )
        b = tf.get_variable("b", [units], initializer=tf.constant_initializer(0.0))
        return tf.matmul(x, W) + b


def generator(z):
    with tf.variable_scope("generator"):
        h = tf.nn.relu(dense(z, 128, "h1"))
        h = tf.nn.relu(dense(h, 128, "h2"))
        return dense(h, 2, "out")


def discriminator(x, reuse=False):
    with tf.variable_scope("discriminator") as scope:
        if reuse:
            scope.reuse_variables()
        h = tf.nn.leaky_relu(dense(x, 128, "h1"), 0.2)
        h = tf.nn.leaky_relu(dense(h, 128, "h2"), 0.2)
        return dense(h, 1, "out")


def cross_entropy(logits, truth):
    labels = tf.fill(tf.shape(logits), truth)
    return tf.reduce_mean(tf.nn.sigmoid_cross_entropy_with_logits(logits=logits, labels=labels))


def build():
    x = tf.placeholder(tf.float32, [None, 2], name="x")
    z = tf.placeholder(tf.float32, [None, NOISE], name="z")
    made = generator(z)
    for_real, for_made = discriminator(x), discriminator(made, reuse=True)
    d_loss = cross_entropy(for_real, 0.9) + cross_entropy(for_made, 0.0)
    g_loss = cross_entropy(for_made, 1.0)
    d_vars = tf.get_collection(tf.GraphKeys.TRAINABLE_VARIABLES, scope="discriminator")
    g_vars = tf.get_collection(tf.GraphKeys.TRAINABLE_VARIABLES, scope="generator")
    d_train = tf.train.AdamOptimizer(1e-3, beta1=0.5).minimize(d_loss, var_list=d_vars)
    with tf.control_dependencies([d_train]):
        g_train = tf.train.AdamOptimizer(1e-3, beta1=0.5).minimize(g_loss, var_list=g_vars)
    return SimpleNamespace(x=x, z=z, made=made, loss=d_loss, g_loss=g_loss, train=tf.group(d_train, g_train))


def feeds(net, rng):
    """Endless batches: what is real, and noise."""
    while True:
        yield {net.x: real(rng, BATCH), net.z: rng.normal(size=(BATCH, NOISE))}


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--steps", type=int, default=6000)
    parser.add_argument("--quick", action="store_true", help="a few seconds, for tests")
    args = parser.parse_args()

    tf.set_random_seed(0)
    rng = np.random.RandomState(0)
    net = build()
    batches = feeds(net, rng)
    with tf.Session() as sess:
        sess.run(tf.global_variables_initializer())
        for step in range(1, (2000 if args.quick else args.steps) + 1):
            _, d_loss, g_loss = sess.run([net.train, net.loss, net.g_loss], feed_dict=next(batches))
            if step % 500 == 0:
                print(f"step {step}: discriminator {d_loss:.3f}, generator {g_loss:.3f}")
        made = sess.run(net.made, {net.z: rng.normal(size=(1000, NOISE))})
    print(f"hits {hits(made):.3f} (chance {hits(rng.uniform(-1.3, 1.3, (1000, 2))):.3f})")


if __name__ == "__main__":
    tf.disable_v2_behavior()
    main()
