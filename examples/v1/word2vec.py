"""Word2vec: skip-grams with noise-contrastive estimation, and with a sampled softmax (`--loss`).

The text is made up: sentences about themes, each with words of its own among words that all share. The nearest neighbour
of a word should be of its theme.
"""

import argparse
from types import SimpleNamespace

import numpy as np
import tensorflow.compat.v1 as tf

THEMES, WORDS, COMMON = 10, 20, 50
VOCABULARY = THEMES * WORDS + COMMON
BATCH, WIDTH, SAMPLED, WINDOW = 256, 32, 16, 2


def sentences(rng, count, length=12):
    """Lines of words, the frequent ones first as the samplers expect: common words, then those of the themes."""
    themes = rng.randint(THEMES, size=(count, 1))
    own = COMMON + rng.randint(WORDS, size=(count, length)) * THEMES + themes
    shared = np.minimum(rng.geometric(0.1, size=(count, length)) - 1, COMMON - 1)
    return np.where(rng.rand(count, length) < 0.3, shared, own)


def skip_grams(text):
    """Pairs of a word and one of its neighbours."""
    pairs = [
        np.stack([text[:, max(0, -d) : text.shape[1] - max(0, d)], text[:, max(0, d) : text.shape[1] - max(0, -d)]], -1)
        for d in range(-WINDOW, WINDOW + 1)
        if d
    ]  # fmt: skip
    return np.concatenate([p.reshape(-1, 2) for p in pairs])


def build(loss="nce"):
    inputs = tf.placeholder(tf.int32, [BATCH], name="inputs")
    labels = tf.placeholder(tf.int32, [BATCH, 1], name="labels")
    embeddings = tf.Variable(tf.random_uniform([VOCABULARY, WIDTH], -1.0, 1.0), name="embeddings")
    weights = tf.Variable(tf.truncated_normal([VOCABULARY, WIDTH], stddev=1.0 / WIDTH**0.5), name="weights")
    biases = tf.Variable(tf.zeros([VOCABULARY]), name="biases")
    embedded = tf.nn.embedding_lookup(embeddings, inputs)
    contrast = {"nce": tf.nn.nce_loss, "sampled_softmax": tf.nn.sampled_softmax_loss}[loss]
    cost = tf.reduce_mean(
        contrast(
            weights=weights,
            biases=biases,
            labels=labels,
            inputs=embedded,
            num_sampled=SAMPLED,
            num_classes=VOCABULARY,
        )
    )
    train = tf.train.AdagradOptimizer(1.0).minimize(cost)
    normalized = tf.nn.l2_normalize(embeddings, 1)
    similarity = tf.matmul(normalized, normalized, transpose_b=True)
    return SimpleNamespace(inputs=inputs, labels=labels, loss=cost, train=train, similarity=similarity)


def feeds(net, rng):
    """Endless batches of skip-grams."""
    pairs = skip_grams(sentences(rng, 4000))
    while True:
        chosen = pairs[rng.randint(len(pairs), size=BATCH)]
        yield {net.inputs: chosen[:, 0], net.labels: chosen[:, 1:]}


def learn(loss, steps):
    """Trains from the start; the share of the words whose nearest neighbour is of their theme."""
    with tf.Graph().as_default(), tf.Session() as sess:
        tf.set_random_seed(0)
        net = build(loss)
        batches, mean = feeds(net, np.random.RandomState(0)), 0.0
        sess.run(tf.global_variables_initializer())
        for step in range(1, steps + 1):
            mean += sess.run([net.loss, net.train], feed_dict=next(batches))[0]
            if step % 500 == 0:
                print(f"{loss}, step {step}: mean loss {mean / 500:.3f}")
                mean = 0.0
        similarity = sess.run(net.similarity)[COMMON:, COMMON:]
    np.fill_diagonal(similarity, -1)
    nearest, themes = similarity.argmax(1), np.arange(THEMES * WORDS) % THEMES
    return float(np.mean(themes[nearest] == themes))


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--steps", type=int, default=6000)
    parser.add_argument("--loss", choices=["nce", "sampled_softmax"], help="only this one")
    parser.add_argument("--quick", action="store_true", help="a few seconds, for tests")
    args = parser.parse_args()
    steps = 2000 if args.quick else args.steps
    kinds = [args.loss] if args.loss else ["nce", "sampled_softmax"]
    worst = min(learn(kind, steps) for kind in kinds)
    print(f"accuracy {worst:.3f} (chance {1 / THEMES:.3f})")


if __name__ == "__main__":
    tf.disable_v2_behavior()
    main()
