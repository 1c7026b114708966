"""A seasonal series continued by a recurrent network, against the forecast "as it was last"."""

import argparse

import keras
import numpy as np
from keras import layers

WINDOW = 48
AHEAD = 6


def series(length: int) -> np.ndarray:
    """A day's and a week's rhythm, a slow drift and some noise; one value an hour, mean 0 and variance 1."""
    rng = np.random.default_rng(0)
    hours = np.arange(length)
    daily = np.sin(2 * np.pi * hours / 24) * (1 + 0.3 * np.sin(2 * np.pi * hours / 168))
    drift = np.cumsum(rng.normal(0, 0.02, length))
    values = daily + 0.5 * np.sin(2 * np.pi * hours / 168) + drift + rng.normal(0, 0.1, length)
    return ((values - values.mean()) / values.std()).astype("float32")[:, None]


def windows(values: np.ndarray, shuffle: bool):
    """Batches of WINDOW hours and the value AHEAD hours after the last of them."""
    return keras.utils.timeseries_dataset_from_array(
        values[: -WINDOW - AHEAD + 1],
        targets=values[WINDOW + AHEAD - 1 :],
        sequence_length=WINDOW,
        batch_size=64,
        shuffle=shuffle,
        seed=0,
    )


def forecaster(cell: str) -> keras.Model:
    recurrent = {"lstm": layers.LSTM, "gru": layers.GRU}[cell]
    past = keras.Input((WINDOW, 1))
    state = recurrent(32)(past)
    change = layers.Dense(1)(layers.Dense(32, activation="relu")(state))
    return keras.Model(past, layers.Add()([past[:, -1], change]))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cell", choices=["lstm", "gru"], default="lstm")
    parser.add_argument("--epochs", type=int, default=12)
    parser.add_argument("--quick", action="store_true", help="a few seconds, for tests")
    args = parser.parse_args()

    keras.utils.set_random_seed(0)
    values = series(1500 if args.quick else 5000)
    split = int(0.8 * len(values))
    train, test = windows(values[:split], True), windows(values[split:], False)

    model = forecaster(args.cell)
    model.compile(keras.optimizers.Adam(3e-3), "mse", metrics=["mae"])
    slower = keras.callbacks.ReduceLROnPlateau("loss", factor=0.5, patience=2)
    model.fit(train, epochs=5 if args.quick else args.epochs, callbacks=[slower], verbose=2)

    _, error = model.evaluate(test, verbose=0)
    last = np.mean([np.abs(y - x[:, -1]).mean() for x, y in ((np.array(x), np.array(y)) for x, y in test)])
    print(f"error {error:.3f} (baseline {last:.3f})")


if __name__ == "__main__":
    main()
