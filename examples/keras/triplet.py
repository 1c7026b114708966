"""Metric learning with triplets: an image shall be nearer to one of its own digit than to one of another.

The loss finds the triplets in each batch by itself; the test finds the nearest known image.
"""

import argparse

import keras
import numpy as np
import tensorflow as tf
from keras import layers, ops
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split


class Triplets(keras.losses.Loss):
    """Over all triplets of the batch that are not yet right: an image, a fellow, and a stranger that is nearer to it
    than the fellow, or farther by less than a margin."""

    def __init__(self, margin: float = 0.3):
        super().__init__(name="triplets", reduction=None)
        self.margin = margin

    def call(self, digits, embedded):
        distances = 2 - 2 * ops.matmul(embedded, ops.transpose(embedded))  # squared, of unit vectors
        digits = ops.reshape(digits, (-1, 1))
        fellows = ops.equal(digits, ops.transpose(digits))
        gaps = (
            distances[:, :, None] - distances[:, None, :] + self.margin
        )  # of each image, fellow and stranger
        triplets = ops.logical_and(fellows[:, :, None], ops.logical_not(fellows[:, None, :]))
        wrong = ops.where(triplets, ops.relu(gaps), 0.0)
        return ops.sum(wrong) / (ops.sum(ops.cast(wrong > 0, "float32")) + 1)


def embedding() -> keras.Model:
    return keras.Sequential(
        [
            keras.Input((8, 8, 1)),
            layers.Conv2D(32, 3, activation="relu"),
            layers.Conv2D(64, 3, strides=2, activation="relu"),
            layers.Flatten(),
            layers.Dense(16),
            layers.UnitNormalization(),
        ]
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--epochs", type=int, default=20)
    parser.add_argument("--quick", action="store_true", help="a few seconds, for tests")
    args = parser.parse_args()

    keras.utils.set_random_seed(0)
    data = load_digits()
    images = (data.images / 16).astype("float32")[..., None]
    x_train, x_test, y_train, y_test = train_test_split(images, data.target, test_size=0.3, random_state=0)

    train = (
        tf.data.Dataset.from_tensor_slices((x_train, y_train)).shuffle(2000).batch(64, drop_remainder=True)
    )
    model = embedding()
    model.compile(keras.optimizers.Adam(2e-3), Triplets())
    model.fit(train, epochs=5 if args.quick else args.epochs, verbose=2)

    known, asked = model.predict(x_train, verbose=0), model.predict(x_test, verbose=0)
    nearest = (asked @ known.T).argmax(axis=1)
    print(f"accuracy {np.mean(y_train[nearest] == y_test):.3f} (chance 0.100)")


if __name__ == "__main__":
    main()
