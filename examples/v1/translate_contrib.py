"""Words in Pig Latin, with `tf.contrib.seq2seq`: its attention, its decoders, its beam search.

"string" becomes "ingstray": the decoder has to find the first vowel, begin there, and come back for what stood before it.
It needs `tf.contrib`, and so a TensorFlow of its time.
"""

import argparse
import re
from pydoc_data.topics import topics
from types import SimpleNamespace

import numpy as np
import tensorflow as tf
from tensorflow.contrib import rnn, seq2seq

LETTERS = "abcdefghijklmnopqrstuvwxyz"
END, START, SYMBOLS = 26, 27, 28
LONGEST, UNITS, BATCH, BEAM = 9, 96, 64, 3


def vocabulary():
    """The words of Python's documentation, in an order that means nothing."""
    words = set(re.findall(rf"\b[a-z]{{3,{LONGEST}}}\b", " ".join(topics.values())))
    return np.random.RandomState(0).permutation(sorted(word for word in words if re.search("[aeiou]", word)))


def pig_latin(word):
    start = re.search("[aeiou]", word).start()
    return word[start:] + word[:start] + "ay"


def encoded(words, width):
    """Letters as numbers, `END` behind them; and lengths, with one `END`."""
    numbers = np.full((len(words), width), END, np.int32)
    for row, word in zip(numbers, words):
        row[: len(word)] = [LETTERS.index(letter) for letter in word]
    return numbers, np.array([len(word) + 1 for word in words], np.int32)


def decoder_cell(memory, lengths):
    attention = seq2seq.BahdanauAttention(UNITS, memory, memory_sequence_length=lengths)
    return seq2seq.AttentionWrapper(rnn.LSTMCell(UNITS), attention, attention_layer_size=UNITS)


def build():
    source = tf.placeholder(tf.int32, [None, LONGEST + 1], name="source")
    source_lengths = tf.placeholder(tf.int32, [None], name="source_lengths")
    target = tf.placeholder(tf.int32, [None, LONGEST + 3], name="target")
    target_lengths = tf.placeholder(tf.int32, [None], name="target_lengths")
    batch = tf.shape(source)[0]
    table = tf.get_variable("embedding", [SYMBOLS, 32])
    outputs, states = tf.nn.bidirectional_dynamic_rnn(
        rnn.LSTMCell(UNITS // 2),
        rnn.LSTMCell(UNITS // 2),
        tf.nn.embedding_lookup(table, source),
        sequence_length=source_lengths,
        dtype=tf.float32,
    )
    memory = tf.concat(outputs, 2)
    state = rnn.LSTMStateTuple(*[tf.concat(parts, 1) for parts in zip(*states)])
    projection = tf.layers.Dense(SYMBOLS, use_bias=False)

    with tf.variable_scope("decoder"):
        so_far = tf.concat([tf.fill([batch, 1], START), target[:, :-1]], 1)
        helper = seq2seq.TrainingHelper(tf.nn.embedding_lookup(table, so_far), target_lengths)
        cell = decoder_cell(memory, source_lengths)
        first = cell.zero_state(batch, tf.float32).clone(cell_state=state)
        decoder = seq2seq.BasicDecoder(cell, helper, first, output_layer=projection)
        decoded, _, _ = seq2seq.dynamic_decode(decoder)
    with tf.variable_scope("decoder", reuse=True):
        cell = decoder_cell(seq2seq.tile_batch(memory, BEAM), seq2seq.tile_batch(source_lengths, BEAM))
        first = cell.zero_state(batch * BEAM, tf.float32).clone(cell_state=seq2seq.tile_batch(state, BEAM))
        decoder = seq2seq.BeamSearchDecoder(
            cell, table, tf.fill([batch], START), END, first, beam_width=BEAM, output_layer=projection
        )
        found, _, _ = seq2seq.dynamic_decode(decoder, maximum_iterations=LONGEST + 3)

    longest = tf.reduce_max(target_lengths)
    weights = tf.sequence_mask(target_lengths, longest, tf.float32)
    loss = seq2seq.sequence_loss(decoded.rnn_output, target[:, :longest], weights)
    train = tf.contrib.layers.optimize_loss(
        loss, tf.train.get_or_create_global_step(), 3e-3, "Adam", clip_gradients=5.0, summaries=[]
    )
    return SimpleNamespace(
        source=source, source_lengths=source_lengths, target=target, target_lengths=target_lengths, loss=loss,
        train=train, answers=found.predicted_ids[:, :, 0],
    )  # fmt: skip


def feed(net, words):
    source, source_lengths = encoded(words, LONGEST + 1)
    target, target_lengths = encoded([pig_latin(word) for word in words], LONGEST + 3)
    return {
        net.source: source,
        net.source_lengths: source_lengths,
        net.target: target,
        net.target_lengths: target_lengths,
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--steps", type=int, default=1500)
    parser.add_argument("--quick", action="store_true", help="a few seconds, for tests")
    args = parser.parse_args()

    tf.set_random_seed(0)
    net, rng, words = build(), np.random.RandomState(0), vocabulary()
    training, testing = words[:-200], words[-200:]
    with tf.Session() as sess:
        sess.run(tf.global_variables_initializer())
        for step in range(1, (250 if args.quick else args.steps) + 1):
            loss = sess.run(net.train, feed_dict=feed(net, rng.choice(training, BATCH)))
            if step % 100 == 0:
                print(f"step {step}: loss {loss:.3f}")
        answers = sess.run(net.answers, feed_dict=feed(net, testing))
    found = ["".join(LETTERS[i] for i in row if 0 <= i < END) for row in answers]
    for word, answer in list(zip(testing, found))[:5]:
        print(word, "->", answer)
    right = np.mean([answer == pig_latin(word) for word, answer in zip(testing, found)])
    print(f"accuracy {right:.3f} (chance 0.000)")


if __name__ == "__main__":
    main()
