"""A masked-language model in the manner of BERT: words are hidden, and guessed from those on both sides.

The language has agreement over a distance (the verb follows the number of its subject, the last word the
tense of the first), so that the right word cannot be guessed from its neighbours alone.
"""

import argparse

import keras
import numpy as np
from keras import layers, ops

TIMES = {"today": "now", "yesterday": "before", "tomorrow": "later"}
SUBJECTS = {"dog": "runs", "cat": "sleeps", "dogs": "run", "cats": "sleep"}
ADJECTIVES, PLACES = ["small", "old", "brown", "tired"], ["here", "outside", "upstairs", "nearby"]
WORDS = ["[mask]", "the", *TIMES, *TIMES.values(), *SUBJECTS, *SUBJECTS.values(), *ADJECTIVES, *PLACES]
LENGTH = 8
IGNORED = -1


def sentences(count: int, rng: np.random.Generator) -> np.ndarray:
    """Like "yesterday the old brown dog runs outside before"."""
    rows = []
    for _ in range(count):
        time, subject = rng.choice(list(TIMES)), rng.choice(list(SUBJECTS))
        one, other = rng.choice(ADJECTIVES, 2, replace=False)
        rows.append([time, "the", one, other, subject, SUBJECTS[subject], rng.choice(PLACES), TIMES[time]])
    return np.array([[WORDS.index(word) for word in row] for row in rows])


def masked(tokens: np.ndarray, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """The sentences with a fifth of their words hidden; the hidden words, IGNORED elsewhere."""
    hidden = rng.random(tokens.shape) < 0.2
    return np.where(hidden, 0, tokens), np.where(hidden, tokens, IGNORED)


class Embedding(layers.Layer):
    def __init__(self, width: int):
        super().__init__()
        self.word, self.place = layers.Embedding(len(WORDS), width), layers.Embedding(LENGTH, width)

    def call(self, tokens):
        return self.word(tokens) + self.place(ops.arange(LENGTH))


def bert(width: int = 48, depth: int = 2) -> keras.Model:
    tokens = keras.Input((LENGTH,), dtype="int32")
    x = Embedding(width)(tokens)
    for _ in range(depth):
        normal = layers.LayerNormalization()(x)
        x = x + layers.MultiHeadAttention(4, width // 4)(normal, normal)
        normal = layers.LayerNormalization()(x)
        x = x + layers.Dense(width)(layers.Dense(2 * width, activation="gelu")(normal))
    return keras.Model(tokens, layers.Dense(len(WORDS))(layers.LayerNormalization()(x)))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--epochs", type=int, default=12)
    parser.add_argument("--quick", action="store_true", help="a few seconds, for tests")
    args = parser.parse_args()
    epochs, count = (6, 1000) if args.quick else (args.epochs, 4000)

    keras.utils.set_random_seed(0)
    rng = np.random.default_rng(0)
    model = bert()
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True, ignore_class=IGNORED)
    model.compile(keras.optimizers.AdamW(3e-3, weight_decay=1e-3, clipnorm=1.0), loss)
    model.fit(*masked(sentences(count, rng), rng), batch_size=32, epochs=epochs, verbose=2)

    # The verb and the last word can be known for sure when nothing else is hidden.
    right = []
    for place in (5, 7):
        tokens = sentences(200, rng)
        asked = tokens.copy()
        asked[:, place] = 0
        guesses = model.predict(asked, verbose=0)[:, place].argmax(axis=1)
        right.append(guesses == tokens[:, place])
        print(" ".join(WORDS[i] for i in asked[0]), "->", WORDS[guesses[0]])
    print(f"accuracy {np.mean(right):.3f} (chance {1 / len(WORDS):.3f})")


if __name__ == "__main__":
    main()
