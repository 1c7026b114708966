"""A convolutional network for sentences: is it praise or complaint?

Words become vectors, filters of three widths look at neighbouring words, and the strongest answer of each counts. The
sentences are made up; "not" turns the meaning of the word after it round, so single words do not tell.
"""

import argparse
from types import SimpleNamespace

import numpy as np
import tensorflow.compat.v1 as tf

GOOD, BAD, NEUTRAL, NOT, PAD = range(1, 31), range(31, 61), range(61, 200), 200, 0
VOCABULARY, LENGTH, WIDTH, FILTERS = 201, 20, 32, 32


def sentences(rng, count):
    """Sentences as word numbers, padded, and whether each is praise."""
    words = np.zeros((count, LENGTH), np.int32)
    labels = rng.randint(2, size=count)
    for row, praise in zip(words, labels):
        length = rng.randint(6, LENGTH + 1)
        row[:length] = rng.choice(NEUTRAL, length)
        for place in rng.choice(np.arange(1, length, 2), 2, replace=False):
            negated = rng.rand() < 0.5
            row[place] = rng.choice(GOOD if praise != negated else BAD)
            if negated:
                row[place - 1] = NOT
    return words, labels


def build():
    words = tf.placeholder(tf.int32, [None, LENGTH], name="words")
    labels = tf.placeholder(tf.int64, [None], name="labels")
    keep_prob = tf.placeholder_with_default(1.0, [], name="keep_prob")

    with tf.name_scope("embedding"):
        table = tf.Variable(tf.random_uniform([VOCABULARY, WIDTH], -1.0, 1.0))
        embedded = tf.expand_dims(tf.nn.embedding_lookup(table, words), -1)

    pooled = []
    for size in (2, 3, 4):
        with tf.name_scope(f"conv-maxpool-{size}"):
            W = tf.Variable(tf.truncated_normal([size, WIDTH, 1, FILTERS], stddev=0.1), name="W")
            b = tf.Variable(tf.constant(0.1, shape=[FILTERS]), name="b")
            conv = tf.nn.conv2d(embedded, W, strides=[1, 1, 1, 1], padding="VALID")
            h = tf.nn.relu(tf.nn.bias_add(conv, b))
            pooled.append(tf.nn.max_pool(h, [1, LENGTH - size + 1, 1, 1], [1, 1, 1, 1], "VALID"))
    features = tf.reshape(tf.concat(pooled, 3), [-1, 3 * FILTERS])

    with tf.name_scope("output"):
        W = tf.get_variable("W", [3 * FILTERS, 2], initializer=tf.glorot_uniform_initializer())
        b = tf.Variable(tf.constant(0.1, shape=[2]), name="b")
        logits = tf.nn.xw_plus_b(tf.nn.dropout(features, keep_prob=keep_prob), W, b)
    l2 = tf.nn.l2_loss(W) + tf.nn.l2_loss(b)
    loss = (
        tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(labels=labels, logits=logits))
        + 1e-3 * l2
    )
    accuracy = tf.reduce_mean(tf.to_float(tf.equal(tf.argmax(logits, 1), labels)))

    global_step = tf.Variable(0, name="global_step", trainable=False)
    optimizer = tf.train.AdamOptimizer(2e-3)
    train = optimizer.apply_gradients(optimizer.compute_gradients(loss), global_step=global_step)
    return SimpleNamespace(
        words=words, labels=labels, keep_prob=keep_prob, loss=loss, train=train, accuracy=accuracy,
        global_step=global_step,
    )  # fmt: skip


def feeds(net, rng):
    """Endless batches to train on."""
    words, labels = sentences(rng, 4000)
    while True:
        order = rng.permutation(len(words))
        for chosen in np.split(order[: len(order) // 64 * 64], len(order) // 64):
            yield {net.words: words[chosen], net.labels: labels[chosen], net.keep_prob: 0.5}


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--steps", type=int, default=1000)
    parser.add_argument("--quick", action="store_true", help="a few seconds, for tests")
    args = parser.parse_args()

    tf.set_random_seed(0)
    net = build()
    batches = feeds(net, np.random.RandomState(0))
    words, labels = sentences(np.random.RandomState(1), 1000)
    with tf.Session() as sess:
        sess.run(tf.global_variables_initializer())
        for _ in range(300 if args.quick else args.steps):
            _, step, loss, accuracy = sess.run(
                [net.train, net.global_step, net.loss, net.accuracy], feed_dict=next(batches)
            )
            if step % 100 == 0:
                print(f"step {step}: loss {loss:.3f}, training accuracy {accuracy:.3f}")
        accuracy = sess.run(net.accuracy, {net.words: words, net.labels: labels})
    print(f"accuracy {accuracy:.3f} (chance 0.500)")


if __name__ == "__main__":
    tf.disable_v2_behavior()
    main()
