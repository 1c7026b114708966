"""Do two images show the same digit? A siamese network, trained on pairs with the contrastive loss.

It is tested on digits that it never saw in training.
"""

import argparse

import keras
import numpy as np
from keras import layers, ops
from sklearn.datasets import load_digits


def pairs(images: np.ndarray, digits: np.ndarray, count: int, seed: int):
    """Pairs of images, half of them of the same digit (label 1)."""
    rng = np.random.default_rng(seed)
    first = rng.integers(len(images), size=count)
    same = rng.integers(2, size=count)
    second = [rng.choice(np.flatnonzero((digits == digits[i]) == bool(s))) for i, s in zip(first, same)]
    return [images[first], images[second]], same.astype("float32")[:, None]


def embedding() -> keras.Model:
    return keras.Sequential(
        [
            keras.Input((8, 8, 1)),
            layers.Conv2D(32, 3, padding="same", activation="relu"),
            layers.MaxPooling2D(),
            layers.Conv2D(64, 3, padding="same", activation="relu"),
            layers.Flatten(),
            layers.Dense(32),
        ],
        name="embedding",
    )


@keras.saving.register_keras_serializable()
class Distance(layers.Layer):
    def call(self, inputs):
        first, second = inputs
        return ops.sqrt(ops.sum(ops.square(first - second), axis=-1, keepdims=True) + 1e-7)


def contrastive(same, distance):
    """Pulls equal pairs together and pushes others to a distance of at least 1."""
    return ops.mean(same * ops.square(distance) + (1 - same) * ops.square(ops.maximum(1 - distance, 0)))


def accuracy(same, distance):
    return ops.mean(ops.cast(ops.equal(same, ops.cast(distance < 0.5, same.dtype)), "float32"))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--epochs", type=int, default=8)
    parser.add_argument("--quick", action="store_true", help="a few seconds, for tests")
    args = parser.parse_args()
    epochs, count = (3, 3000) if args.quick else (args.epochs, 10_000)

    keras.utils.set_random_seed(0)
    data = load_digits()
    images = (data.images / 16).astype("float32")[..., None]
    known = data.target < 7

    tower = embedding()
    left, right = keras.Input((8, 8, 1)), keras.Input((8, 8, 1))
    model = keras.Model([left, right], Distance()([tower(left), tower(right)]))
    model.compile("adam", contrastive, metrics=[accuracy])
    model.fit(*pairs(images[known], data.target[known], count, 0), batch_size=64, epochs=epochs, verbose=2)

    _, right = model.evaluate(*pairs(images[~known], data.target[~known], 2000, 1), verbose=0)
    print(f"accuracy {right:.3f} (chance 0.500)")


if __name__ == "__main__":
    main()
