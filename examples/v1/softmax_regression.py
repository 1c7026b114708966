"""Softmax regression on handwritten digits: the first program of every TensorFlow tutorial."""

import argparse
from types import SimpleNamespace

import numpy as np
import tensorflow.compat.v1 as tf
from sklearn.datasets import load_digits


def digits():
    """1,797 images of 64 pixels between 0 and 1, and which digit each shows: the last 360 are for testing."""
    data = load_digits()
    images = (data.data / 16.0).astype(np.float32)
    return (images[:-360], data.target[:-360]), (images[-360:], data.target[-360:])


def build():
    x = tf.placeholder(tf.float32, [None, 64], name="x")
    y = tf.placeholder(tf.int64, [None], name="y")
    W = tf.Variable(tf.zeros([64, 10]), name="W")
    b = tf.Variable(tf.zeros([10]), name="b")
    logits = tf.matmul(x, W) + b
    loss = tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(labels=y, logits=logits))
    train = tf.train.GradientDescentOptimizer(0.5).minimize(loss)
    accuracy = tf.reduce_mean(tf.cast(tf.equal(tf.argmax(logits, 1), y), tf.float32))
    return SimpleNamespace(x=x, y=y, loss=loss, train=train, accuracy=accuracy)


def feeds(net, rng):
    """Endless batches to train on."""
    (images, labels), _ = digits()
    while True:
        chosen = rng.randint(len(images), size=100)
        yield {net.x: images[chosen], net.y: labels[chosen]}


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--steps", type=int, default=2000)
    parser.add_argument("--quick", action="store_true", help="a few seconds, for tests")
    args = parser.parse_args()

    tf.set_random_seed(0)
    net = build()
    batches = feeds(net, np.random.RandomState(0))
    with tf.Session() as sess:
        sess.run(tf.global_variables_initializer())
        for step in range(1, (300 if args.quick else args.steps) + 1):
            loss, _ = sess.run([net.loss, net.train], feed_dict=next(batches))
            if step % 100 == 0:
                print(f"step {step}: loss {loss:.4f}")
        _, (images, labels) = digits()
        accuracy = sess.run(net.accuracy, feed_dict={net.x: images, net.y: labels})
    print(f"accuracy {accuracy:.3f} (chance 0.100)")


if __name__ == "__main__":
    tf.disable_v2_behavior()
    main()
