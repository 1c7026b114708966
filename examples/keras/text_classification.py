"""Opinions sorted into good and bad from raw strings, by a model whose first layer is the vocabulary.

The reviews are made up by a small grammar in which "not" turns an opinion round, so that counting words is
not enough: the convolution over neighbouring words has to learn it.
"""

import argparse

import keras
import numpy as np
import tensorflow as tf
from keras import layers

GOOD = ["great", "lovely", "superb", "charming", "clever", "delightful", "moving", "brilliant"]
BAD = ["dull", "awful", "clumsy", "tedious", "weak", "silly", "forgettable", "dreadful"]
THINGS = ["plot", "cast", "music", "ending", "script", "camera", "pace", "story"]
FRAMES = ["the {t} was {o}", "I found the {t} {o}", "what a {o} {t} !", "Honestly, the {t} is {o}."]


def reviews(count: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Texts of three remarks each, and 1 where most of the remarks are kind."""
    rng = np.random.default_rng(seed)
    texts, labels = [], []
    for _ in range(count):
        remarks, kind = [], 0
        for _ in range(3):
            good, negated = rng.random(2) < (0.5, 0.35)
            opinion = str(rng.choice(GOOD if good else BAD))
            opinion = f"not {opinion}" if negated else opinion
            remarks.append(str(rng.choice(FRAMES)).format(t=rng.choice(THINGS), o=opinion))
            kind += good != negated
        texts.append(" ".join(remarks))
        labels.append(int(kind >= 2))
    return np.array(texts), np.array(labels)


def classifier(texts: tf.data.Dataset) -> keras.Model:
    vectorize = layers.TextVectorization(max_tokens=200, output_sequence_length=24)
    vectorize.adapt(texts)
    return keras.Sequential(
        [
            keras.Input((), dtype="string"),
            vectorize,
            layers.Embedding(vectorize.vocabulary_size(), 16),
            layers.Conv1D(32, 3, activation="relu"),
            layers.Conv1D(32, 3, activation="relu"),
            layers.GlobalAveragePooling1D(),
            layers.Dense(1, activation="sigmoid"),
        ]
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--epochs", type=int, default=15)
    parser.add_argument("--quick", action="store_true", help="a few seconds, for tests")
    args = parser.parse_args()
    epochs, count = (5, 1500) if args.quick else (args.epochs, 4000)

    keras.utils.set_random_seed(0)
    texts, labels = reviews(count, seed=0)
    train = tf.data.Dataset.from_tensor_slices((texts, labels)).shuffle(count).batch(64).prefetch(2)
    test = tf.data.Dataset.from_tensor_slices(reviews(500, seed=1)).batch(64)

    model = classifier(train.map(lambda text, label: text))
    model.compile(keras.optimizers.Adam(3e-3), "binary_crossentropy", metrics=["accuracy"])
    model.fit(train, epochs=epochs, verbose=2)

    raw = tf.constant(
        ["The plot was not dull. The cast was superb.", "a weak script and the ending is not moving"]
    )
    for text, (score,) in zip(raw.numpy(), model.predict(raw, verbose=0)):
        print(f"{score:.2f}  {text.decode()}")
    _, accuracy = model.evaluate(test, verbose=0)
    print(f"accuracy {accuracy:.3f} (chance 0.500)")


if __name__ == "__main__":
    main()
