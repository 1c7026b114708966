"""Numbers in words translated into digits: an encoder, a decoder with attention, and beam search.

"four hundred two thousand seven" has as many digits as its size says, not as many as it has words: the decoder has to look
at the right word for each digit. Training gives it the digits so far; beam search keeps the likeliest few answers as it goes.
"""

import argparse
from types import SimpleNamespace

import numpy as np
import tensorflow.compat.v1 as tf

SMALL = [
    *(
        "zero",
        "one",
        "two",
        "three",
        "four",
        "five",
        "six",
        "seven",
        "eight",
        "nine",
        "ten",
        "eleven",
        "twelve",
    ),
    *("thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen"),
]
TENS = ["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"]
WORDS = ["<pad>", *SMALL, *TENS, "hundred", "thousand"]
END, START, SYMBOLS = 10, 11, 12  # beside the ten digits
SOURCE, TARGET = 11, 7  # words and digits (with the end) at most
UNITS, BATCH, BEAM = 64, 64, 4


def spelled(n):
    if n >= 1000:
        return spelled(n // 1000) + ["thousand"] + (spelled(n % 1000) if n % 1000 else [])
    if n >= 100:
        return [SMALL[n // 100], "hundred"] + (spelled(n % 100) if n % 100 else [])
    if n >= 20:
        return [TENS[n // 10 - 2]] + ([SMALL[n % 10]] if n % 10 else [])
    return [SMALL[n]]


def examples(numbers):
    """Sources, their lengths, and targets: digits, then the end."""
    source, target = (
        np.zeros((len(numbers), SOURCE), np.int32),
        np.full((len(numbers), TARGET), END, np.int32),
    )
    lengths = np.zeros(len(numbers), np.int32)
    for i, n in enumerate(numbers):
        words, digits = [WORDS.index(word) for word in spelled(n)], [int(d) for d in str(n)]
        source[i, : len(words)], target[i, : len(digits)], lengths[i] = words, digits, len(words)
    return source, lengths, target


def drawn(rng, count):
    """Numbers of one to six digits, each length as often as any other."""
    return [int(rng.randint(10 ** (d - 1), 10**d)) for d in rng.randint(1, 7, size=count)]


class AttentionCell(tf.nn.rnn_cell.RNNCell):
    """A GRU that sees, beside its input, a mean of `memory` weighted by how well each place answers to the state."""

    def __init__(self, memory, lengths, **kwargs):
        super().__init__(**kwargs)
        self.memory, self.cell = memory, tf.nn.rnn_cell.GRUCell(UNITS)
        self.penalty = -1e9 * (1.0 - tf.sequence_mask(lengths, SOURCE, tf.float32))

    @property
    def state_size(self):
        return UNITS

    @property
    def output_size(self):
        return SYMBOLS

    def call(self, inputs, state):
        keys = project(self.memory, UNITS, "keys")
        query = tf.expand_dims(project(state, UNITS, "query"), 1)
        v = tf.get_variable("v", [UNITS])
        weights = tf.nn.softmax(tf.reduce_sum(v * tf.tanh(keys + query), 2) + self.penalty)
        context = tf.reduce_sum(tf.expand_dims(weights, 2) * self.memory, 1)
        output, state = self.cell(tf.concat([inputs, context], 1), state)
        return project(tf.concat([output, context], 1), SYMBOLS, "symbols"), state


def project(x, units, scope):
    """A linear map of the last dimension."""
    with tf.variable_scope(scope):
        return tf.tensordot(x, tf.get_variable("W", [x.shape[-1], units]), [[-1], [0]])


def encode(source, lengths):
    with tf.variable_scope("encoder"):
        table = tf.get_variable("embedding", [len(WORDS), 32])
        outputs, states = tf.nn.bidirectional_dynamic_rnn(
            tf.nn.rnn_cell.GRUCell(UNITS // 2),
            tf.nn.rnn_cell.GRUCell(UNITS // 2),
            tf.nn.embedding_lookup(table, source),
            sequence_length=lengths,
            dtype=tf.float32,
        )
        return tf.concat(outputs, 2), tf.concat(states, 1)


def beam_search(memory, lengths, state):
    """The best of `BEAM` answers for each source, extended side by side."""
    batch = tf.shape(memory)[0]

    def beams(x):  # every source as many times as there are answers
        x = tf.tile(tf.expand_dims(x, 1), [1, BEAM] + [1] * (x.shape.ndims - 1))
        return tf.reshape(x, tf.concat([[batch * BEAM], tf.shape(x)[2:]], 0))

    cell = AttentionCell(tf.reshape(beams(memory), [-1, SOURCE, UNITS]), beams(lengths), name="decoder")
    only_end = tf.one_hot([END] * BEAM, SYMBOLS, on_value=0.0, off_value=-1e9)

    def step(time, answers, totals, state):
        last = tf.reshape(answers[:, :, time], [-1])
        with tf.variable_scope("decoder/rnn", reuse=True):
            logits, state = cell(tf.one_hot(last, SYMBOLS), state)
        chances = tf.reshape(tf.nn.log_softmax(logits), [batch, BEAM, SYMBOLS])
        ended = tf.tile(tf.equal(answers[:, :, time : time + 1], END), [1, 1, SYMBOLS])
        chances = tf.where(ended, tf.tile(only_end[None], [batch, 1, 1]), chances)
        candidates = tf.reshape(tf.expand_dims(totals, 2) + chances, [batch, BEAM * SYMBOLS])
        totals, chosen = tf.nn.top_k(candidates, BEAM)
        parents, symbols = chosen // SYMBOLS, chosen % SYMBOLS
        answers = tf.batch_gather(answers, parents)
        answers = tf.concat([answers[:, :, : time + 1], symbols[:, :, None], answers[:, :, time + 2 :]], 2)
        answers.set_shape([None, BEAM, TARGET + 1])
        state = tf.batch_gather(tf.reshape(state, [batch, BEAM, UNITS]), parents)
        return time + 1, answers, totals, tf.reshape(state, [-1, UNITS])

    first = tf.concat([tf.fill([batch, BEAM, 1], START), tf.fill([batch, BEAM, TARGET], END)], 2)
    totals = tf.tile(
        [[0.0] + [-1e9] * (BEAM - 1)], [batch, 1]
    )  # at first all answers are the same: one counts
    start = (0, first, totals, tf.reshape(beams(state), [-1, UNITS]))
    _, answers, _, _ = tf.while_loop(lambda time, *_: time < TARGET, step, start)
    return answers[:, 0, 1:]


def build():
    source = tf.placeholder(tf.int32, [None, SOURCE], name="source")
    lengths = tf.placeholder(tf.int32, [None], name="lengths")
    target = tf.placeholder(tf.int32, [None, TARGET], name="target")
    memory, state = encode(source, lengths)
    so_far = tf.concat([tf.fill([tf.shape(target)[0], 1], START), target[:, :-1]], 1)
    with tf.variable_scope("decoder"):
        cell = AttentionCell(memory, lengths, name="decoder")
        logits, _ = tf.nn.dynamic_rnn(cell, tf.one_hot(so_far, SYMBOLS), initial_state=state, scope="rnn")
    loss = tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(labels=target, logits=logits))
    train = tf.train.AdamOptimizer(5e-3).minimize(loss)
    return SimpleNamespace(
        source=source, lengths=lengths, target=target, loss=loss, train=train,
        answers=beam_search(memory, lengths, state),
    )  # fmt: skip


def feeds(net, rng):
    """Endless batches to train on."""
    while True:
        yield dict(zip((net.source, net.lengths, net.target), examples(drawn(rng, BATCH))))


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--steps", type=int, default=1500)
    parser.add_argument("--quick", action="store_true", help="a few seconds, for tests")
    args = parser.parse_args()

    tf.set_random_seed(0)
    net = build()
    batches = feeds(net, np.random.RandomState(0))
    numbers = drawn(np.random.RandomState(1), 200)
    source, lengths, target = examples(numbers)
    with tf.Session() as sess:
        sess.run(tf.global_variables_initializer())
        for step in range(1, (400 if args.quick else args.steps) + 1):
            loss, _ = sess.run([net.loss, net.train], feed_dict=next(batches))
            if step % 100 == 0:
                print(f"step {step}: loss {loss:.3f}")
        answers = sess.run(net.answers, {net.source: source, net.lengths: lengths})
    for n, answer in zip(numbers[:5], answers):
        print(" ".join(spelled(n)), "->", "".join(str(d) for d in answer if d != END))
    print(f"accuracy {np.mean(np.all(answers == target, 1)):.3f} (chance 0.000)")


if __name__ == "__main__":
    tf.disable_v2_behavior()
    main()
