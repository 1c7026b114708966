"""Few-shot learning with prototypes: kinds of digits never seen before are told apart from five examples each.

A network learns, in many small games, an embedding in which a class is near the mean of a few of its members.
"""

import argparse

import keras
import numpy as np
import tensorflow as tf
from keras import layers, ops
from sklearn.datasets import load_digits

WAYS, SHOTS, QUERIES = 3, 5, 10  # classes of a game, examples shown of each, and examples asked about


def embedding() -> keras.Model:
    return keras.Sequential(
        [
            keras.Input((8, 8, 1)),
            layers.Conv2D(32, 3, padding="same", activation="relu"),
            layers.MaxPooling2D(),
            layers.Conv2D(64, 3, padding="same", activation="relu"),
            layers.Flatten(),
            layers.Dense(32),
        ]
    )


class Prototypical(keras.Model):
    """Gives logits of the queries: how near each is to the mean of what was shown of each class."""

    def __init__(self):
        super().__init__()
        self.embedding = embedding()

    def call(self, game):
        shown, asked = game[:, :, :SHOTS], game[:, :, SHOTS:]
        prototypes = ops.mean(self.embed(shown), axis=2)
        queries = ops.reshape(self.embed(asked), (-1, WAYS * QUERIES, 32))
        return -ops.sum(ops.square(queries[:, :, None] - prototypes[:, None]), axis=-1)

    def embed(self, images):
        lead = ops.shape(images)[:3]
        return ops.reshape(self.embedding(ops.reshape(images, (-1, 8, 8, 1))), (*lead, 32))


def games(images: np.ndarray, digits: np.ndarray, classes: list[int], seed: int) -> tf.data.Dataset:
    """Without end: images (ways, shots + queries, 8, 8, 1), and of which class of the game each query is."""
    rng = np.random.default_rng(seed)
    members = {digit: np.flatnonzero(digits == digit) for digit in classes}
    answers = np.repeat(np.arange(WAYS), QUERIES).astype("int32")

    def play():
        while True:
            drawn = rng.choice(classes, WAYS, replace=False)
            yield (
                np.stack([images[rng.choice(members[d], SHOTS + QUERIES, replace=False)] for d in drawn]),
                answers,
            )

    spec = (
        tf.TensorSpec((WAYS, SHOTS + QUERIES, 8, 8, 1), tf.float32),
        tf.TensorSpec((WAYS * QUERIES,), tf.int32),
    )
    return tf.data.Dataset.from_generator(play, output_signature=spec).batch(8).prefetch(2)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--steps", type=int, default=300)
    parser.add_argument("--quick", action="store_true", help="a few seconds, for tests")
    args = parser.parse_args()

    keras.utils.set_random_seed(0)
    data = load_digits()
    images = (data.images / 16).astype("float32")[..., None]
    model = Prototypical()
    model.compile(
        "adam",
        keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=["sparse_categorical_accuracy"],
    )
    known, new = (
        games(images, data.target, [0, 1, 2, 3, 4, 5, 6], 0),
        games(images, data.target, [7, 8, 9], 1),
    )
    steps = 40 if args.quick else args.steps
    model.fit(known, steps_per_epoch=steps // 4, epochs=4, verbose=2)
    _, accuracy = model.evaluate(new, steps=20, verbose=0)
    print(f"accuracy {accuracy:.3f} (chance {1 / WAYS:.3f})")


if __name__ == "__main__":
    main()
