"""Which way does it move? Short videos classified by a ConvLSTM, or frame by frame by a CNN and then a GRU.

A single frame tells nothing: the classes differ in their motion only.
"""

import argparse

import keras
import numpy as np
from keras import layers

FRAMES, SIZE = 5, 12
MOTIONS = {"left": (0, -1), "right": (0, 1), "up": (-1, 0), "down": (1, 0), "still": (0, 0)}


def videos(count: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """A blob that wraps around the edges, in noise."""
    rng = np.random.default_rng(seed)
    labels = rng.integers(len(MOTIONS), size=count)
    clips = rng.normal(0, 0.2, (count, FRAMES, SIZE, SIZE, 1)).astype("float32")
    for clip, label in zip(clips, labels):
        blob = np.zeros((SIZE, SIZE, 1))
        height, width = rng.integers(2, 5, 2)
        blob[:height, :width] = rng.uniform(0.7, 1.3)
        start = rng.integers(SIZE, size=2)
        step = np.array(list(MOTIONS.values())[label]) * rng.integers(1, 3)
        for time, frame in enumerate(clip):
            frame += np.roll(blob, start + time * step, axis=(0, 1))
    return clips, labels


def conv_lstm(video):
    x = layers.ConvLSTM2D(8, 5, padding="same", return_sequences=False)(video)
    x = layers.Conv2D(16, 3, activation="relu")(x)
    return layers.GlobalAveragePooling2D()(x)


def cnn_gru(video):
    frame = keras.Sequential(
        [
            layers.Conv2D(16, 3, strides=2, activation="relu"),
            layers.Conv2D(16, 3, activation="relu"),
            layers.Flatten(),
            layers.Dense(32, activation="relu"),
        ]
    )
    return layers.GRU(32)(layers.TimeDistributed(frame)(video))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", choices=["conv_lstm", "cnn_gru"], default="conv_lstm")
    parser.add_argument("--epochs", type=int, default=8)
    parser.add_argument("--quick", action="store_true", help="a few seconds, for tests")
    args = parser.parse_args()
    epochs, count = (5, 300) if args.quick else (args.epochs, 800)

    keras.utils.set_random_seed(0)
    video = keras.Input((FRAMES, SIZE, SIZE, 1))
    seen = {"conv_lstm": conv_lstm, "cnn_gru": cnn_gru}[args.model](video)
    model = keras.Model(video, layers.Dense(len(MOTIONS), activation="softmax")(seen))
    model.compile(keras.optimizers.Adam(8e-3), "sparse_categorical_crossentropy", metrics=["accuracy"])
    model.fit(*videos(count, seed=0), batch_size=16, epochs=epochs, verbose=2)

    _, accuracy = model.evaluate(*videos(200, seed=1), verbose=0)
    print(f"accuracy {accuracy:.3f} (chance {1 / len(MOTIONS):.3f})")


if __name__ == "__main__":
    main()
