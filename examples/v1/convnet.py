"""A convolutional network on handwritten digits, its layers written out: weights, bias, convolution, pool, dropout."""

import argparse
from types import SimpleNamespace

import numpy as np
import tensorflow.compat.v1 as tf
from sklearn.datasets import load_digits


def digits():
    data = load_digits()
    images = (data.data / 16.0).astype(np.float32)
    return (images[:-360], data.target[:-360]), (images[-360:], data.target[-360:])


def weight_variable(shape):
    return tf.Variable(tf.truncated_normal(shape, stddev=0.1))


def bias_variable(shape):
    return tf.Variable(tf.constant(0.1, shape=shape))


def conv2d(x, W):
    return tf.nn.conv2d(x, W, strides=[1, 1, 1, 1], padding="SAME")


def max_pool_2x2(x):
    return tf.nn.max_pool(x, ksize=[1, 2, 2, 1], strides=[1, 2, 2, 1], padding="SAME")


def build():
    x = tf.placeholder(tf.float32, [None, 64], name="x")
    y = tf.placeholder(tf.int64, [None], name="y")
    keep_prob = tf.placeholder(tf.float32, [], name="keep_prob")

    with tf.name_scope("conv1"):
        h = tf.nn.relu(
            conv2d(tf.reshape(x, [-1, 8, 8, 1]), weight_variable([3, 3, 1, 32])) + bias_variable([32])
        )
        h = max_pool_2x2(h)
    with tf.name_scope("conv2"):
        h = tf.nn.relu(conv2d(h, weight_variable([3, 3, 32, 64])) + bias_variable([64]))
        h = max_pool_2x2(h)
    with tf.name_scope("fc1"):
        flat = tf.reshape(h, [-1, 2 * 2 * 64])
        h = tf.nn.relu(tf.matmul(flat, weight_variable([2 * 2 * 64, 128])) + bias_variable([128]))
        h = tf.nn.dropout(h, keep_prob=keep_prob)
    with tf.name_scope("fc2"):
        logits = tf.matmul(h, weight_variable([128, 10])) + bias_variable([10])

    loss = tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(labels=y, logits=logits))
    train = tf.train.AdamOptimizer(1e-3).minimize(loss)
    accuracy = tf.reduce_mean(tf.cast(tf.equal(tf.argmax(logits, 1), y), tf.float32))
    return SimpleNamespace(x=x, y=y, keep_prob=keep_prob, loss=loss, train=train, accuracy=accuracy)


def feeds(net, rng):
    """Endless batches to train on."""
    (images, labels), _ = digits()
    while True:
        chosen = rng.randint(len(images), size=50)
        yield {net.x: images[chosen], net.y: labels[chosen], net.keep_prob: 0.5}


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--steps", type=int, default=1500)
    parser.add_argument("--quick", action="store_true", help="a few seconds, for tests")
    args = parser.parse_args()

    tf.set_random_seed(0)
    net = build()
    batches = feeds(net, np.random.RandomState(0))
    with tf.Session() as sess:
        sess.run(tf.global_variables_initializer())
        for step in range(200 if args.quick else args.steps):
            feed = next(batches)
            if step % 100 == 0:
                now = sess.run(net.accuracy, feed_dict={**feed, net.keep_prob: 1.0})
                print(f"step {step}: training accuracy {now:.3f}")
            net.train.run(feed_dict=feed)
        _, (images, labels) = digits()
        accuracy = net.accuracy.eval({net.x: images, net.y: labels, net.keep_prob: 1.0})
    print(f"accuracy {accuracy:.3f} (chance 0.100)")


if __name__ == "__main__":
    tf.disable_v2_behavior()
    main()
