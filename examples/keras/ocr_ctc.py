"""Strips of handwritten digits read from left to right: convolutions, a bidirectional LSTM, and the CTC loss.

Nobody says where in the strip a digit is; CTC sums over all the ways in which the characters can be placed.
"""

import argparse

import keras
import numpy as np
from keras import layers, ops
from sklearn.datasets import load_digits

WIDTH, LENGTH = 30, 3  # columns of a strip, digits in it
PADDING = -1


def strips(images: np.ndarray, digits: np.ndarray, count: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Strips of LENGTH digits at random distances, and which digits they are."""
    rng = np.random.default_rng(seed)
    pictures = np.zeros((count, 8, WIDTH), "float32")
    chosen = rng.integers(len(images), size=(count, LENGTH))
    for picture, row in zip(pictures, chosen):
        gaps = rng.multinomial(WIDTH - 8 * LENGTH, np.full(LENGTH + 1, 1 / (LENGTH + 1)))
        for place, index in enumerate(row):
            left = 8 * place + gaps[: place + 1].sum()
            picture[:, left : left + 8] = images[index]
    return pictures[..., None], digits[chosen]


def reader() -> keras.Model:
    """For each two columns of the strip: scores of "nothing" (0) and of the digits (1 to 10)."""
    strip = keras.Input((8, WIDTH, 1))
    x = layers.Conv2D(32, 3, padding="same", activation="relu")(strip)
    x = layers.MaxPooling2D((2, 2))(x)
    x = layers.Conv2D(32, 3, padding="same", activation="relu")(x)
    x = layers.MaxPooling2D((2, 1))(x)
    x = layers.Permute((2, 1, 3))(x)
    x = layers.Reshape((WIDTH // 2, 2 * 32))(x)
    x = layers.Bidirectional(layers.LSTM(24, return_sequences=True))(x)
    return keras.Model(strip, layers.Dense(11)(x))


def read(model: keras.Model, pictures: np.ndarray) -> np.ndarray:
    scores = model.predict(pictures, verbose=0)
    steps = np.full(len(scores), scores.shape[1])
    (decoded,), _ = ops.nn.ctc_decode(scores, steps, strategy="greedy", mask_index=0)
    read = ops.convert_to_numpy(decoded)[:, :LENGTH]
    return np.where(read > 0, read - 1, PADDING)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--epochs", type=int, default=20)
    parser.add_argument("--quick", action="store_true", help="a few seconds, for tests")
    args = parser.parse_args()
    epochs, count = (10, 800) if args.quick else (args.epochs, 3000)

    keras.utils.set_random_seed(0)
    data = load_digits()
    images = (data.images / 16).astype("float32")
    pictures, texts = strips(images[:1400], data.target[:1400], count, seed=0)
    model = reader()
    model.compile(keras.optimizers.Adam(5e-3), keras.losses.CTC())
    model.fit(pictures, texts + 1, batch_size=16, epochs=epochs, verbose=2)

    pictures, texts = strips(images[1400:], data.target[1400:], 500, seed=1)
    guesses = read(model, pictures)
    for text, guess in zip(texts[:3], guesses):
        print(*text, "read as", *("-" if digit == PADDING else digit for digit in guess))
    print(f"whole strips right: {(guesses == texts).all(axis=1).mean():.3f}")
    print(f"accuracy {(guesses == texts).mean():.3f} (chance 0.100)")


if __name__ == "__main__":
    main()
