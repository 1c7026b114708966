"""A generative adversarial network with its own train_step, on points around eight places of a circle.

In two dimensions one can count what a GAN is judged by: how many of its samples are near one of the places,
and how many of the places it visits at all.
"""

import argparse

import keras
import numpy as np
import tensorflow as tf
from keras import layers, ops

ANGLES = 2 * np.pi * np.arange(8) / 8
PLACES = np.stack([np.cos(ANGLES), np.sin(ANGLES)], axis=1).astype("float32")


def points(count: int, seed: int = 0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return PLACES[rng.integers(8, size=count)] + rng.normal(0, 0.05, (count, 2)).astype("float32")


def network(inputs: int, outputs: int, name: str) -> keras.Model:
    dense = [layers.Dense(128, activation="leaky_relu") for _ in range(3)]
    return keras.Sequential([keras.Input((inputs,)), *dense, layers.Dense(outputs)], name=name)


class GAN(keras.Model):
    def __init__(self, noise: int = 8):
        super().__init__()
        self.noise = noise
        self.generator = network(noise, 2, "generator")
        self.discriminator = network(2, 1, "discriminator")
        self.seed = keras.random.SeedGenerator(0)
        self.generator_loss, self.discriminator_loss = keras.metrics.Mean("g"), keras.metrics.Mean("d")

    def compile(self, generator_optimizer, discriminator_optimizer):
        super().compile()
        self.generator_optimizer = generator_optimizer
        self.discriminator_optimizer = discriminator_optimizer
        self.judge = keras.losses.BinaryCrossentropy(from_logits=True)

    def sample(self, count):
        return self.generator(keras.random.normal((count, self.noise), seed=self.seed))

    def train_step(self, real):
        count = ops.shape(real)[0]
        everything = ops.concatenate([real, self.sample(count)])
        labels = ops.concatenate([0.9 * ops.ones((count, 1)), ops.zeros((count, 1))])
        with tf.GradientTape() as tape:
            d_loss = self.judge(labels, self.discriminator(everything))
        weights = self.discriminator.trainable_weights
        self.discriminator_optimizer.apply(tape.gradient(d_loss, weights), weights)

        with tf.GradientTape() as tape:
            g_loss = self.judge(ops.ones((count, 1)), self.discriminator(self.sample(count)))
        weights = self.generator.trainable_weights
        self.generator_optimizer.apply(tape.gradient(g_loss, weights), weights)

        self.generator_loss.update_state(g_loss)
        self.discriminator_loss.update_state(d_loss)
        return {"g_loss": self.generator_loss.result(), "d_loss": self.discriminator_loss.result()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--epochs", type=int, default=30)
    parser.add_argument("--quick", action="store_true", help="a few seconds, for tests")
    args = parser.parse_args()

    keras.utils.set_random_seed(0)
    real = tf.data.Dataset.from_tensor_slices(points(25600)).shuffle(25600).batch(256, drop_remainder=True)
    model = GAN()
    adam = {"learning_rate": 1e-3, "beta_1": 0.5}
    model.compile(keras.optimizers.Adam(**adam), keras.optimizers.Adam(**adam))
    model.fit(real, epochs=5 if args.quick else args.epochs, verbose=2)

    samples = ops.convert_to_numpy(model.sample(2000))
    distances = np.linalg.norm(samples[:, None] - PLACES, axis=-1)
    near = distances.min(axis=1) < 0.3
    print(f"{len(set(distances.argmin(axis=1)[near]))} of 8 places visited")
    # Eight discs of radius 0.3 cover this share of the square that the points are in.
    print(f"hits {near.mean():.3f} (chance {8 * np.pi * 0.3**2 / 2.6**2:.3f})")


if __name__ == "__main__":
    main()
