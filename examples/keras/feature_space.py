"""Hours at which a bicycle is hired, from a mixed table: one FeatureSpace describes every column and a cross.

The features are computed in the tf.data pipeline while training, and inside the model when it is used.
"""

import argparse

import keras
import numpy as np
import tensorflow as tf
from keras import layers
from keras.utils import FeatureSpace

WEATHER = ["sun", "cloud", "rain", "snow"]
DAYS = ["workday", "weekend"]


def table(rows: int, seed: int) -> tuple[dict[str, np.ndarray], np.ndarray]:
    rng = np.random.default_rng(seed)
    hour, day = rng.integers(24, size=rows), rng.choice(DAYS, rows)
    weather, temperature = rng.choice(WEATHER, rows), rng.normal(14, 8, rows).astype("float32")
    commuting = np.isin(hour, (7, 8, 16, 17, 18)) & (day == "workday")
    leisure = (hour >= 10) & (hour <= 18) & (day == "weekend")
    score = 2.5 * commuting + 2.0 * leisure + 0.08 * (temperature - 14) - 1.2
    score -= np.select([weather == "rain", weather == "snow"], [1.0, 2.0], -0.4)
    columns = {"hour": hour, "day": day, "weather": weather, "temperature": temperature}
    return columns, (score + rng.logistic(0, 0.2, rows) > 0).astype("int32")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--epochs", type=int, default=12)
    parser.add_argument("--quick", action="store_true", help="a few seconds, for tests")
    args = parser.parse_args()

    keras.utils.set_random_seed(0)
    rows = tf.data.Dataset.from_tensor_slices(table(2000 if args.quick else 8000, seed=0))
    space = FeatureSpace(
        features={
            "hour": FeatureSpace.integer_categorical(num_oov_indices=0),
            "day": FeatureSpace.string_categorical(num_oov_indices=0),
            "weather": FeatureSpace.string_categorical(),
            "temperature": FeatureSpace.float_discretized(num_bins=8),
        },
        crosses=[FeatureSpace.cross(("hour", "day"), crossing_dim=64)],
        output_mode="concat",
    )
    space.adapt(rows.map(lambda columns, hired: columns).batch(256))

    batches = rows.shuffle(8000, seed=0).batch(64)
    features = batches.map(
        lambda columns, hired: (space(columns), hired), num_parallel_calls=tf.data.AUTOTUNE
    )
    encoded = space.get_encoded_features()
    hired = layers.Dense(1, activation="sigmoid")(layers.Dense(32, activation="relu")(encoded))
    training = keras.Model(encoded, hired)
    training.compile(keras.optimizers.Adam(3e-3), "binary_crossentropy", metrics=["accuracy"])
    training.fit(
        features.cache().prefetch(tf.data.AUTOTUNE), epochs=4 if args.quick else args.epochs, verbose=2
    )

    model = keras.Model(space.get_inputs(), hired)  # takes the raw columns
    columns, hired = table(2000, seed=1)
    scores = model.predict(tf.data.Dataset.from_tensor_slices(columns).batch(256), verbose=0)[:, 0]
    usual = max(hired.mean(), 1 - hired.mean())
    print(f"accuracy {np.mean((scores > 0.5) == hired):.3f} (baseline {usual:.3f})")


if __name__ == "__main__":
    main()
