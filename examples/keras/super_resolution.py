"""Pictures enlarged fourfold in area by an efficient sub-pixel network, against bicubic interpolation."""

import argparse

import keras
import numpy as np
from keras import layers, ops

SIZE = 32


def pictures(count: int, seed: int) -> np.ndarray:
    """Sharp-edged pictures: a few half-planes and discs painted over each other, drawn without steps in the edges."""
    rng = np.random.default_rng(seed)
    rows, columns = np.mgrid[:SIZE, :SIZE].astype("float32")
    images = np.full((count, SIZE, SIZE), 0.5, "float32")
    for image in images:
        for _ in range(4):
            angle, shade = rng.uniform(0, 2 * np.pi), rng.uniform(0, 1)
            y, x = rng.uniform(0, SIZE, 2)
            if rng.random() < 0.5:
                inside = np.cos(angle) * (rows - y) + np.sin(angle) * (columns - x)
            else:
                inside = rng.uniform(4, 12) - np.hypot(rows - y, columns - x)
            cover = np.clip(inside + 0.5, 0, 1)
            image[:] = (1 - cover) * image + cover * shade
    return images[..., None]


def shrink(images: np.ndarray) -> np.ndarray:
    return images.reshape(-1, SIZE // 2, 2, SIZE // 2, 2, 1).mean(axis=(2, 4))


class PixelShuffle(layers.Layer):
    """Turns four channels into two rows and two columns."""

    def call(self, x):
        _, height, width, _ = x.shape
        x = ops.transpose(ops.reshape(x, (-1, height, width, 2, 2)), (0, 1, 3, 2, 4))
        return ops.reshape(x, (-1, 2 * height, 2 * width, 1))


def enlarger() -> keras.Model:
    small = keras.Input((SIZE // 2, SIZE // 2, 1))
    x = layers.Conv2D(32, 5, padding="same", activation="relu")(small)
    x = layers.Conv2D(32, 3, padding="same", activation="relu")(x)
    detail = PixelShuffle()(layers.Conv2D(4, 3, padding="same", kernel_initializer="zeros")(x))
    return keras.Model(small, layers.UpSampling2D(interpolation="bilinear")(small) + detail)


def psnr(truth, image) -> float:
    return float(-10 * np.log10(np.mean((truth - image) ** 2)))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--epochs", type=int, default=15)
    parser.add_argument("--quick", action="store_true", help="a few seconds, for tests")
    args = parser.parse_args()
    epochs, count = (8, 300) if args.quick else (args.epochs, 1500)

    keras.utils.set_random_seed(0)
    train, test = pictures(count, seed=0), pictures(200, seed=1)
    model = enlarger()
    model.compile(keras.optimizers.Adam(3e-3), "mse")
    model.fit(shrink(train), train, batch_size=16, epochs=epochs, verbose=2)

    small = shrink(test)
    bicubic = ops.convert_to_numpy(ops.image.resize(small, (SIZE, SIZE), interpolation="bicubic"))
    print(f"psnr {psnr(test, model.predict(small, verbose=0)):.2f} (baseline {psnr(test, bicubic):.2f})")


if __name__ == "__main__":
    main()
