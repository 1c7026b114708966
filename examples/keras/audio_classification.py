"""Sounds told apart by their spectrograms: tones, chirps, beats and noise, computed and classified in one model."""

import argparse

import keras
import numpy as np
import tensorflow as tf
from keras import layers

RATE, LENGTH = 4000, 2000
KINDS = ["tone", "rising", "falling", "trembling", "clicks", "hiss"]


def sounds(count: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Half a second each, in noise about as loud as the sound itself."""
    rng = np.random.default_rng(seed)
    seconds = np.arange(LENGTH) / RATE
    waves, labels = np.empty((count, LENGTH), "float32"), rng.integers(len(KINDS), size=count)
    for wave, label in zip(waves, labels):
        pitch, kind = rng.uniform(300, 1000), KINDS[label]
        slope = {"rising": 1200, "falling": -min(1200, 1.6 * pitch)}.get(kind, 0)
        wave[:] = np.sin(2 * np.pi * (pitch * seconds + slope * seconds**2 / 2) + rng.uniform(0, 6))
        if kind == "trembling":
            wave *= 1 + np.sin(2 * np.pi * rng.uniform(8, 16) * seconds)
        elif kind == "clicks":
            wave[:] = 8 * (np.arange(LENGTH) % int(rng.uniform(150, 350)) < 4)
        elif kind == "hiss":
            wave[:] = 0
        wave += rng.normal(0, rng.uniform(0.3, 0.9), LENGTH)
    return waves, labels


class Spectrogram(layers.Layer):
    """How loud each frequency is at each time, in a logarithmic measure."""

    def call(self, waves):
        bands = tf.signal.stft(waves, frame_length=128, frame_step=64, fft_length=128)
        return tf.math.log(tf.abs(bands) + 0.1)[..., None]


def classifier() -> keras.Model:
    return keras.Sequential(
        [
            keras.Input((LENGTH,)),
            Spectrogram(),
            layers.BatchNormalization(momentum=0.9),
            layers.Conv2D(12, 3, strides=2, activation="relu"),
            layers.Conv2D(24, 3, strides=2, activation="relu"),
            layers.Conv2D(48, 3, strides=(1, 2), activation="relu"),
            layers.GlobalAveragePooling2D(),
            layers.Dropout(0.2),
            layers.Dense(len(KINDS), activation="softmax"),
        ]
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--epochs", type=int, default=12)
    parser.add_argument("--quick", action="store_true", help="a few seconds, for tests")
    args = parser.parse_args()
    epochs, count = (8, 400) if args.quick else (args.epochs, 1600)

    keras.utils.set_random_seed(0)
    model = classifier()
    model.compile(keras.optimizers.Adam(4e-3), "sparse_categorical_crossentropy", metrics=["accuracy"])
    model.fit(*sounds(count, seed=0), batch_size=32, epochs=epochs, verbose=2)

    waves, labels = sounds(300, seed=1)
    guesses = model.predict(waves, verbose=0).argmax(axis=1)
    for label, kind in enumerate(KINDS):
        print(f"{kind:10s} {np.mean(guesses[labels == label] == label):.2f}")
    print(f"accuracy {np.mean(guesses == labels):.3f} (chance {1 / len(KINDS):.3f})")


if __name__ == "__main__":
    main()
