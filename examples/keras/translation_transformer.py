"""Numbers written in digits, translated into English words, by a transformer: encoder, decoder, attention.

"4,072" becomes "four thousand seventy two". The test asks for whole phrases, of numbers never seen in training.
"""

import argparse

import keras
import numpy as np
import tensorflow as tf
from keras import layers, ops

ONES = [
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
]
ONES += [f"{stem}teen" for stem in ("thir", "four", "fif", "six", "seven", "eigh", "nine")]
TENS = ["", "", *(f"{stem}ty" for stem in ("twen", "thir", "for", "fif", "six", "seven", "eigh", "nine"))]
SOURCE, TARGET = 4, 9  # digits of a number; words of a phrase, with [start] and [end]


def words(number: int) -> str:
    parts = []
    for size, name in ((1000, "thousand"), (100, "hundred")):
        if number >= size:
            parts += [ONES[number // size], name]
            number %= size
    if number >= 20:
        parts.append(TENS[number // 10])
        number %= 10
    if number or not parts:
        parts.append(ONES[number])
    return " ".join(parts)


class Positions(layers.Layer):
    """Embeds tokens, and where in the sequence they are."""

    def __init__(self, tokens: int, length: int, width: int):
        super().__init__()
        self.token, self.position = layers.Embedding(tokens, width), layers.Embedding(length, width)

    def call(self, tokens):
        return self.token(tokens) + self.position(ops.arange(ops.shape(tokens)[1]))


def attend(query, memory, width: int, causal: bool = False):
    attended = layers.MultiHeadAttention(4, width // 4)(query, memory, use_causal_mask=causal)
    return layers.LayerNormalization()(query + attended)


def think(x, width: int):
    thought = layers.Dense(width)(layers.Dense(2 * width, activation="relu")(x))
    return layers.LayerNormalization()(x + thought)


def transformer(source_tokens: int, target_tokens: int, width: int = 48) -> keras.Model:
    source, target = keras.Input((SOURCE,), dtype="int64"), keras.Input((None,), dtype="int64")
    memory = Positions(source_tokens, SOURCE, width)(source)
    memory = think(attend(memory, memory, width), width)
    x = Positions(target_tokens, TARGET, width)(target)
    x = attend(x, x, width, causal=True)
    x = think(attend(x, memory, width), width)
    return keras.Model([source, target], layers.Dense(target_tokens)(x))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--epochs", type=int, default=4)
    parser.add_argument("--quick", action="store_true", help="a few seconds, for tests")
    args = parser.parse_args()

    keras.utils.set_random_seed(0)
    numbers = np.random.default_rng(0).permutation(10_000)
    digits = np.array([f"{n:04d}" for n in numbers])
    phrases = np.array([f"[start] {words(n)} [end]" for n in numbers])
    read = layers.TextVectorization(split="character", output_sequence_length=SOURCE)
    write = layers.TextVectorization(standardize=None, output_sequence_length=TARGET + 1)
    read.adapt(digits)
    write.adapt(phrases)
    vocabulary = write.get_vocabulary()

    source, target = read(digits), write(phrases)
    train = tf.data.Dataset.from_tensor_slices(((source, target[:, :-1]), target[:, 1:])).skip(500)
    model = transformer(read.vocabulary_size(), len(vocabulary))
    model.compile(
        keras.optimizers.Adam(2e-3),
        keras.losses.SparseCategoricalCrossentropy(from_logits=True, ignore_class=0),
    )
    model.fit(train.shuffle(10_000).batch(64), epochs=1 if args.quick else args.epochs, verbose=2)

    @tf.function
    def translate(source):
        """Writes word after word, each the likeliest after those before it."""
        written = tf.fill([tf.shape(source)[0], 1], tf.constant(vocabulary.index("[start]"), tf.int64))
        written = tf.pad(written, [[0, 0], [0, TARGET - 1]])
        for place in tf.range(TARGET - 1):
            likeliest = tf.argmax(model([source, written])[:, place], axis=-1)
            written += likeliest[:, None] * tf.one_hot(place + 1, TARGET, dtype=tf.int64)
        return written

    translated = []
    for row in translate(source[:500]).numpy():
        phrase = [vocabulary[token] for token in row[1:]]
        translated.append(" ".join(phrase[: phrase.index("[end]")] if "[end]" in phrase else phrase))
    for number, phrase in list(zip(numbers, translated))[:5]:
        print(f"{number:5d}  {phrase}")
    right = np.mean([phrase == words(n) for n, phrase in zip(numbers, translated)])
    print(f"accuracy {right:.3f} (chance 0.001)")


if __name__ == "__main__":
    main()
