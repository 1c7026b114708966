"""Transfer learning: a network that knows the digits 0 to 4 learns 5 to 9 from thirty images.

The base is trained and saved to a file, loaded, frozen under a new head, then thawed and fine-tuned.
"""

import argparse
import tempfile
from pathlib import Path

import keras
import numpy as np
from keras import layers
from sklearn.datasets import load_digits

FEW = 30


def base() -> keras.Model:
    image = keras.Input((8, 8, 1))
    x = image
    for filters in (32, 64):
        x = layers.Conv2D(filters, 3, padding="same", use_bias=False)(x)
        x = layers.Activation("relu")(layers.BatchNormalization(momentum=0.9)(x))
        x = layers.MaxPooling2D()(x)
    return keras.Model(image, layers.Flatten()(x), name="base")


def classifier(features: keras.Model, classes: int) -> keras.Model:
    image = keras.Input((8, 8, 1))
    x = features(image, training=False if not features.trainable else None)
    return keras.Model(image, layers.Dense(classes, activation="softmax")(x))


def train(model, images, digits, rate: float, epochs: int, batch: int = 64) -> None:
    model.compile(keras.optimizers.Adam(rate), "sparse_categorical_crossentropy", metrics=["accuracy"])
    model.fit(images, digits, batch_size=batch, epochs=epochs, verbose=0)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--epochs", type=int, default=15)
    parser.add_argument("--quick", action="store_true", help="a few seconds, for tests")
    args = parser.parse_args()
    epochs = 4 if args.quick else args.epochs

    keras.utils.set_random_seed(0)
    data = load_digits()
    images, digits = (data.images / 16).astype("float32")[..., None], data.target
    low, high = np.flatnonzero(digits < 5), np.flatnonzero(digits >= 5)
    few, test = high[:FEW], high[FEW:]

    with tempfile.TemporaryDirectory() as folder:
        features = base()
        train(classifier(features, 5), images[low], digits[low], 2e-3, epochs)
        features.save(Path(folder) / "base.keras")

        features = keras.models.load_model(Path(folder) / "base.keras")
        features.trainable = False
        model = classifier(features, 5)
        train(model, images[few], digits[few] - 5, 2e-2, 3 * epochs, batch=10)
        _, frozen = model.evaluate(images[test], digits[test] - 5, verbose=0)

        features.trainable = True
        train(model, images[few], digits[few] - 5, 2e-4, epochs, batch=10)
        model.save_weights(Path(folder) / "tuned.weights.h5")

        again = classifier(keras.models.load_model(Path(folder) / "base.keras"), 5)
        again.load_weights(Path(folder) / "tuned.weights.h5")
        again.compile(loss="sparse_categorical_crossentropy", metrics=["accuracy"])
    _, tuned = again.evaluate(images[test], digits[test] - 5, verbose=0)
    print(f"with the base frozen: {frozen:.3f}")
    print(f"accuracy {tuned:.3f} (chance 0.200)")


if __name__ == "__main__":
    main()
