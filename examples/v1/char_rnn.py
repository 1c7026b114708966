"""A character-level language model: two layers of LSTM read Python's own documentation, and then write some.

The state at the end of one batch is fed as the first state of the next, so the network remembers further back than gradients go.
"""

import argparse
from pydoc_data.topics import topics
from types import SimpleNamespace

import numpy as np
import tensorflow.compat.v1 as tf

TEXT = " ".join("\n".join(topics[name] for name in sorted(topics)).split(" "))[:200_000]
LETTERS = sorted(set(TEXT))
HELD_OUT = 20_000  # of the last characters
UNITS, LAYERS, LENGTH, BATCH = 128, 2, 32, 32


def encoded(text):
    numbers = {letter: i for i, letter in enumerate(LETTERS)}
    return np.array([numbers[letter] for letter in text], np.int32)


def network(batch, length):
    """The logits of what follows each of `length` characters; with batch and length 1, what writes."""
    inputs = tf.placeholder(tf.int32, [batch, length], name="inputs")
    cell = tf.nn.rnn_cell.MultiRNNCell([tf.nn.rnn_cell.BasicLSTMCell(UNITS) for _ in range(LAYERS)])
    initial = cell.zero_state(batch, tf.float32)
    outputs, final = tf.nn.dynamic_rnn(cell, tf.one_hot(inputs, len(LETTERS)), initial_state=initial)
    W = tf.get_variable("softmax_w", [UNITS, len(LETTERS)])
    b = tf.get_variable("softmax_b", [len(LETTERS)], initializer=tf.zeros_initializer())
    logits = tf.matmul(tf.reshape(outputs, [-1, UNITS]), W) + b
    return SimpleNamespace(inputs=inputs, initial=initial, final=final, logits=logits)


def build():
    with tf.variable_scope("char_rnn"):
        net = network(BATCH, LENGTH)
    with tf.variable_scope("char_rnn", reuse=True):
        net.writer = network(1, 1)
    net.targets = tf.placeholder(tf.int32, [BATCH, LENGTH], name="targets")
    losses = tf.nn.sparse_softmax_cross_entropy_with_logits(
        labels=tf.reshape(net.targets, [-1]), logits=net.logits
    )
    net.loss = tf.reduce_mean(losses)
    variables = tf.trainable_variables()
    gradients, _ = tf.clip_by_global_norm(tf.gradients(net.loss, variables), 5.0)
    net.train = tf.train.AdamOptimizer(3e-3).apply_gradients(zip(gradients, variables))
    return net


def batches(net, numbers):
    """The text as `BATCH` streams side by side, `LENGTH` characters at a time: inputs, and the same one further."""
    streams = numbers[: (len(numbers) - 1) // BATCH * BATCH].reshape(BATCH, -1)
    for start in range(0, streams.shape[1] - LENGTH, LENGTH):
        part = streams[:, start : start + LENGTH + 1]
        yield {net.inputs: part[:, :-1], net.targets: part[:, 1:]}


def feeds(net, rng):
    """Endless batches to train on."""
    while True:
        yield from batches(net, encoded(TEXT[:-HELD_OUT]))


def with_state(net, feed, state):
    """The feed with the state of each layer, if there is one yet."""
    for (c, h), (was_c, was_h) in zip(net.initial, state or ()):
        feed = {**feed, c: was_c, h: was_h}
    return feed


def written(sess, net, start, count, rng):
    """`count` characters after `start`, drawn one by one."""
    state, text, numbers = None, start, encoded(start)
    for i in range(len(numbers) + count - 1):
        fed = with_state(net, {net.inputs: [[numbers[i]]]}, state)
        state, logits = sess.run([net.final, net.logits], feed_dict=fed)
        if i >= len(start) - 1:
            chances = np.exp(1.3 * (logits[0] - logits[0].max()))
            drawn = rng.choice(len(LETTERS), p=chances / chances.sum())
            text, numbers = text + LETTERS[drawn], np.append(numbers, drawn)
    return text


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--steps", type=int, default=2000)
    parser.add_argument("--quick", action="store_true", help="a few seconds, for tests")
    args = parser.parse_args()

    tf.set_random_seed(0)
    net, rng = build(), np.random.RandomState(0)
    training, state = feeds(net, rng), None
    with tf.Session() as sess:
        sess.run(tf.global_variables_initializer())
        for step in range(1, (300 if args.quick else args.steps) + 1):
            feed = with_state(net, next(training), state)
            loss, state, _ = sess.run([net.loss, net.final, net.train], feed_dict=feed)
            if step % 50 == 0:
                print(f"step {step}: loss {loss:.3f}")
        print(written(sess, net.writer, "The ", 80 if args.quick else 400, rng))
        errors, state = [], None
        for feed in batches(net, encoded(TEXT[-HELD_OUT:])):
            error, state = sess.run([net.loss, net.final], feed_dict=with_state(net, feed, state))
            errors.append(error)
    counts = np.bincount(encoded(TEXT)) / len(TEXT)
    print(f"error {np.mean(errors):.3f} (baseline {-np.sum(counts * np.log(counts)):.3f})")


if __name__ == "__main__":
    tf.disable_v2_behavior()
    main()
