"""Shapes cut out of noisy pictures, pixel by pixel, by a small U-Net."""

import argparse

import keras
import numpy as np
from keras import layers

SIZE = 24


def pictures(count: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Pictures with a disc and a box in them, and for each pixel: 0 ground, 1 disc, 2 box."""
    rng = np.random.default_rng(seed)
    rows, columns = np.mgrid[:SIZE, :SIZE]
    masks = np.zeros((count, SIZE, SIZE), "int32")
    for mask in masks:
        (y, x), radius = rng.uniform(6, SIZE - 6, 2), rng.uniform(4, 8)
        mask[(rows - y) ** 2 + (columns - x) ** 2 < radius**2] = 1
        (top, left), (height, width) = rng.integers(0, SIZE - 8, 2), rng.integers(6, 14, 2)
        mask[top : top + height, left : left + width] = 2
    colours = rng.uniform(0, 1, (count, 3, 3))  # of each kind of pixel, in each picture: colour tells nothing
    images = np.take_along_axis(colours, masks.reshape(count, -1, 1), axis=1).reshape(count, SIZE, SIZE, 3)
    return (images + rng.normal(0, 0.1, images.shape)).astype("float32"), masks


def block(x, filters: int):
    for _ in range(2):
        x = layers.Conv2D(filters, 3, padding="same", use_bias=False)(x)
        x = layers.Activation("relu")(layers.BatchNormalization(momentum=0.9)(x))
    return x


def unet(classes: int, widths: tuple[int, ...] = (12, 24, 48)) -> keras.Model:
    image = x = keras.Input((SIZE, SIZE, 3))
    skips = []
    for filters in widths[:-1]:
        skips.append(x := block(x, filters))
        x = layers.MaxPooling2D()(x)
    x = block(x, widths[-1])
    for filters, skip in zip(reversed(widths[:-1]), reversed(skips)):
        x = layers.Conv2DTranspose(filters, 2, strides=2)(x)
        x = block(layers.Concatenate()([x, skip]), filters)
    return keras.Model(image, layers.Conv2D(classes, 1, activation="softmax")(x))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--epochs", type=int, default=8)
    parser.add_argument("--quick", action="store_true", help="a few seconds, for tests")
    args = parser.parse_args()
    epochs, count = (4, 320) if args.quick else (args.epochs, 1000)

    keras.utils.set_random_seed(0)
    model = unet(3)
    overlap = keras.metrics.MeanIoU(3, sparse_y_pred=False, name="iou")
    model.compile(
        keras.optimizers.Adam(3e-3), "sparse_categorical_crossentropy", metrics=["accuracy", overlap]
    )
    model.fit(*pictures(count, seed=0), batch_size=16, epochs=epochs, verbose=2)

    images, masks = pictures(100, seed=1)
    _, accuracy, iou = model.evaluate(images, masks, verbose=0)
    print(f"pixels right: {accuracy:.3f}")
    print(f"overlap {iou:.3f} (baseline {(masks == 0).mean() / 3:.3f})")  # of saying "ground" everywhere


if __name__ == "__main__":
    main()
