"""Names found in sentences: a bidirectional LSTM, and above it a conditional random field that knows which tags follow others.

The sentences are made up. A name may be one word or several, and a word is part of a name or not depending on what stands
around it. The sum over all taggings is a `tf.scan`; the best one is found with NumPy.
"""

import argparse
from types import SimpleNamespace

import numpy as np
import tensorflow.compat.v1 as tf

OUTSIDE, BEGIN, INSIDE = range(3)
TAGS, WORDS, LENGTH, UNITS, BATCH = 3, 60, 16, 32, 64
TITLES, BREAKS = (1, 2), (3, 4)  # a name begins after a title, and ends before a break


def sentences(rng, count):
    """Word numbers (0 is padding), tags and lengths."""
    lengths = rng.randint(LENGTH // 2, LENGTH + 1, size=count)
    words, tags = rng.randint(5, WORDS, size=(2, count, LENGTH))
    tags[:] = OUTSIDE
    for row, tag, length in zip(words, tags, lengths):
        row[length:] = 0
        place = rng.randint(3)
        while place + 5 < length:
            size = rng.randint(1, 4)
            row[place], row[place + size + 1] = rng.choice(TITLES), rng.choice(BREAKS)
            tag[place + 1 : place + 1 + size] = [BEGIN] + [INSIDE] * (size - 1)
            place += size + 2 + rng.randint(3)
    return words, tags, lengths


def log_likelihood(scores, tags, lengths, transitions):
    """Of tags given scores [batch, time, tags]: the score of this tagging, less the log-sum over all."""
    mask = tf.sequence_mask(lengths, LENGTH, tf.float32)
    own = tf.reduce_sum(scores * tf.one_hot(tags, TAGS), 2)
    between = tf.gather_nd(transitions, tf.stack([tags[:, :-1], tags[:, 1:]], 2))
    score = tf.reduce_sum(own * mask, 1) + tf.reduce_sum(between * mask[:, 1:], 1)

    def forward(alpha, now):
        scores, mask = now
        after = tf.reduce_logsumexp(alpha[:, :, None] + transitions, axis=1) + scores
        return tf.where(mask > 0, after, alpha)

    steps = (tf.transpose(scores, [1, 0, 2])[1:], tf.tile(tf.transpose(mask)[1:, :, None], [1, 1, TAGS]))
    alphas = tf.scan(forward, steps, initializer=scores[:, 0])
    return score - tf.reduce_logsumexp(alphas[-1], axis=1)


def build():
    words = tf.placeholder(tf.int32, [None, LENGTH], name="words")
    tags = tf.placeholder(tf.int32, [None, LENGTH], name="tags")
    lengths = tf.placeholder(tf.int32, [None], name="lengths")
    table = tf.get_variable("embedding", [WORDS, 32])
    outputs, _ = tf.nn.bidirectional_dynamic_rnn(
        tf.nn.rnn_cell.LSTMCell(UNITS),
        tf.nn.rnn_cell.LSTMCell(UNITS),
        tf.nn.embedding_lookup(table, words),
        sequence_length=lengths,
        dtype=tf.float32,
    )
    h = tf.reshape(tf.concat(outputs, 2), [-1, 2 * UNITS])
    W = tf.get_variable("W", [2 * UNITS, TAGS])
    b = tf.get_variable("b", [TAGS], initializer=tf.zeros_initializer())
    scores = tf.reshape(tf.matmul(h, W) + b, [-1, LENGTH, TAGS])
    transitions = tf.get_variable("transitions", [TAGS, TAGS])
    loss = -tf.reduce_mean(log_likelihood(scores, tags, lengths, transitions))
    train = tf.train.MomentumOptimizer(0.1, 0.9).minimize(loss)
    return SimpleNamespace(
        words=words,
        tags=tags,
        lengths=lengths,
        scores=scores,
        transitions=transitions,
        loss=loss,
        train=train,
    )


def feeds(net, rng):
    """Endless batches to train on."""
    while True:
        yield dict(zip((net.words, net.tags, net.lengths), sentences(rng, BATCH)))


def best_tags(scores, transitions):
    """Viterbi's algorithm: the tagging of one sentence with the highest score."""
    best, back = scores[0], []
    for row in scores[1:]:
        candidates = best[:, None] + transitions
        back.append(candidates.argmax(0))
        best = candidates.max(0) + row
    tags = [int(best.argmax())]
    for pointers in reversed(back):
        tags.append(int(pointers[tags[-1]]))
    return tags[::-1]


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--steps", type=int, default=600)
    parser.add_argument("--quick", action="store_true", help="a few seconds, for tests")
    args = parser.parse_args()

    tf.set_random_seed(0)
    net = build()
    batches = feeds(net, np.random.RandomState(0))
    words, tags, lengths = sentences(np.random.RandomState(1), 256)
    with tf.Session() as sess:
        sess.run(tf.global_variables_initializer())
        for step in range(1, (150 if args.quick else args.steps) + 1):
            loss, _ = sess.run([net.loss, net.train], feed_dict=next(batches))
            if step % 50 == 0:
                print(f"step {step}: loss {loss:.3f}")
        scores, transitions = sess.run(
            [net.scores, net.transitions], feed_dict={net.words: words, net.lengths: lengths}
        )
    found = [best_tags(row[:n], transitions) for row, n in zip(scores, lengths)]
    right = np.mean([f == list(t[:n]) for f, t, n in zip(found, tags, lengths)])
    plain = np.mean([not np.any(t) for t in tags])
    print(f"sentences {right:.3f} (baseline {plain:.3f})")


if __name__ == "__main__":
    tf.disable_v2_behavior()
    main()
