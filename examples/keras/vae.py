"""A variational autoencoder that learns to draw digits: a model with its own layer, losses and train step."""

import argparse

import keras
import tensorflow as tf
from keras import layers, ops
from sklearn.datasets import load_digits


class Sampling(layers.Layer):
    """A point drawn from the Gaussian that the encoder describes, such that gradients reach its parameters."""

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.seed = keras.random.SeedGenerator(0)

    def call(self, inputs):
        mean, log_variance = inputs
        noise = keras.random.normal(ops.shape(mean), seed=self.seed)
        return mean + ops.exp(0.5 * log_variance) * noise


def encoder(latent: int) -> keras.Model:
    image = keras.Input((8, 8, 1))
    x = layers.Conv2D(32, 3, strides=2, padding="same", activation="relu")(image)
    x = layers.Conv2D(64, 3, strides=2, padding="same", activation="relu")(x)
    x = layers.Dense(64, activation="relu")(layers.Flatten()(x))
    mean, log_variance = layers.Dense(latent)(x), layers.Dense(latent)(x)
    return keras.Model(image, [mean, log_variance, Sampling()([mean, log_variance])], name="encoder")


def decoder(latent: int) -> keras.Model:
    code = keras.Input((latent,))
    x = layers.Reshape((2, 2, 64))(layers.Dense(2 * 2 * 64, activation="relu")(code))
    x = layers.Conv2DTranspose(64, 3, strides=2, padding="same", activation="relu")(x)
    x = layers.Conv2DTranspose(32, 3, strides=2, padding="same", activation="relu")(x)
    return keras.Model(code, layers.Conv2D(1, 3, padding="same", activation="sigmoid")(x), name="decoder")


class VAE(keras.Model):
    def __init__(self, latent: int):
        super().__init__()
        self.encoder, self.decoder = encoder(latent), decoder(latent)
        self.trackers = {name: keras.metrics.Mean(name) for name in ("loss", "reconstruction", "kl")}

    @property
    def metrics(self):
        return list(self.trackers.values())

    def train_step(self, images):
        with tf.GradientTape() as tape:
            mean, log_variance, code = self.encoder(images)
            drawn = self.decoder(code)
            reconstruction = ops.mean(ops.sum(ops.square(images - drawn), axis=(1, 2, 3)))
            kl = -0.5 * (1 + log_variance - ops.square(mean) - ops.exp(log_variance))
            kl = ops.mean(ops.sum(kl, axis=1))
            loss = reconstruction + 0.05 * kl
        gradients = tape.gradient(loss, self.trainable_weights)
        self.optimizer.apply_gradients(zip(gradients, self.trainable_weights))
        for name, value in {"loss": loss, "reconstruction": reconstruction, "kl": kl}.items():
            self.trackers[name].update_state(value)
        return {name: tracker.result() for name, tracker in self.trackers.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--epochs", type=int, default=25)
    parser.add_argument("--quick", action="store_true", help="a few seconds, for tests")
    args = parser.parse_args()

    keras.utils.set_random_seed(0)
    images = (load_digits().images / 16.0).astype("float32")[..., None]
    train, test = images[:1500], images[1500:]
    model = VAE(latent=4)
    model.compile(keras.optimizers.Adam(2e-3))
    model.fit(train, batch_size=64, epochs=10 if args.quick else args.epochs, verbose=2)

    for row in model.decoder(keras.random.normal((1, 4), seed=3))[0, :, :, 0]:
        print("".join(" .:oO@"[int(5.99 * value)] for value in row))
    mean, _, _ = model.encoder(test)
    error = ops.mean(ops.square(test - model.decoder(mean)))
    baseline = ops.mean(ops.square(test - train.mean(axis=0)))
    print(f"error {float(error):.4f} (baseline {float(baseline):.4f})")


if __name__ == "__main__":
    main()
