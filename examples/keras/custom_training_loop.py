"""A training loop written out: a compiled step, a learning-rate schedule, metrics, and early stopping by hand."""

import argparse

import keras
import numpy as np
import tensorflow as tf
from keras import layers


def spirals(count: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Three arms of a spiral, wound into each other."""
    rng = np.random.default_rng(seed)
    arm, along = rng.integers(3, size=count), rng.uniform(0.1, 1, count)
    angle = 2 * np.pi * (arm / 3 + 0.9 * along) + rng.normal(0, 0.12, count)
    points = along[:, None] * np.stack([np.cos(angle), np.sin(angle)], axis=1)
    return points.astype("float32"), arm.astype("int32")


def network() -> keras.Model:
    hidden = [layers.Dense(64, activation="relu") for _ in range(2)]
    return keras.Sequential([keras.Input((2,)), *hidden, layers.Dense(3)])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--epochs", type=int, default=40)
    parser.add_argument("--quick", action="store_true", help="a few seconds, for tests")
    args = parser.parse_args()
    epochs = 10 if args.quick else args.epochs

    keras.utils.set_random_seed(0)
    train = (
        tf.data.Dataset.from_tensor_slices(spirals(4000, seed=0)).shuffle(4000).batch(64, drop_remainder=True)
    )
    test = tf.data.Dataset.from_tensor_slices(spirals(1000, seed=1)).batch(250)

    model = network()
    schedule = keras.optimizers.schedules.CosineDecay(0.01, decay_steps=epochs * len(train))
    optimizer = keras.optimizers.Adam(schedule)
    loss_of = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    mean_loss, right = keras.metrics.Mean(), keras.metrics.SparseCategoricalAccuracy()

    @tf.function
    def train_epoch():
        """A whole epoch in one call: the loop over the data set is part of the compiled function."""
        for points, arms in train:
            with tf.GradientTape() as tape:
                loss = loss_of(arms, model(points, training=True))
            gradients = tape.gradient(loss, model.trainable_variables)
            gradients, _ = tf.clip_by_global_norm(gradients, 1.0)
            optimizer.apply_gradients(zip(gradients, model.trainable_variables))
            mean_loss.update_state(loss)

    @tf.function
    def test_step(points, arms):
        right.update_state(arms, model(points, training=False))

    best, waited = 0.0, 0
    for epoch in range(epochs):
        mean_loss.reset_state()
        right.reset_state()
        train_epoch()
        for points, arms in test:
            test_step(points, arms)
        accuracy = float(right.result())
        print(f"epoch {epoch + 1}: loss {float(mean_loss.result()):.3f}, test accuracy {accuracy:.3f}")
        best, waited = (accuracy, 0) if accuracy > best else (best, waited + 1)
        if waited == 10:
            break
    print(f"accuracy {best:.3f} (chance 0.333)")


if __name__ == "__main__":
    main()
