"""A tf.data pipeline with augmentation: images flipped, shifted and recoloured as they are read, in parallel.

Only eighty images are known, so that what the pipeline makes of them decides.
"""

import argparse

import keras
import numpy as np
import tensorflow as tf
from keras import layers

SIZE = 16
KINDS = ["disc", "ring", "cross", "bars"]


def drawings(count: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Colour images, as bytes, of one of four figures somewhere near the middle."""
    rng = np.random.default_rng(seed)
    rows, columns = np.mgrid[:SIZE, :SIZE]
    images, labels = np.empty((count, SIZE, SIZE, 3), "uint8"), rng.integers(len(KINDS), size=count)
    for image, label in zip(images, labels):
        y, x = rng.uniform(5, SIZE - 6, 2)
        radius, distance = rng.uniform(3.5, 5.5), np.hypot(rows - y, columns - x)
        figure = [
            distance < radius,
            abs(distance - radius) < 1,
            (distance < radius) & ((abs(rows - y) < 1) | (abs(columns - x) < 1)),
            (distance < radius) & (rows % 3 == 0),
        ][label]
        ground, colour = rng.uniform(0, 255, (2, 3))
        image[:] = np.clip(
            np.where(figure[..., None], colour, ground) + rng.normal(0, 6, (SIZE, SIZE, 3)), 0, 255
        )
    return images, labels


def augment(image, label):
    image = tf.image.random_flip_left_right(image)
    image = tf.image.random_flip_up_down(image)
    image = tf.image.random_crop(tf.pad(image, [[3, 3], [3, 3], [0, 0]], "REFLECT"), (SIZE, SIZE, 3))
    image = tf.image.random_hue(image, 0.5)
    image = tf.image.random_brightness(image, 0.2)
    return tf.image.random_contrast(image, 0.6, 1.4), label


def pipeline(images, labels, training: bool, repeats: int = 1) -> tf.data.Dataset:
    data = tf.data.Dataset.from_tensor_slices((images, labels))
    data = data.map(lambda image, label: (tf.image.convert_image_dtype(image, tf.float32), label)).cache()
    if training:
        data = data.repeat(repeats).shuffle(512).map(augment, num_parallel_calls=tf.data.AUTOTUNE)
    return data.batch(32).prefetch(tf.data.AUTOTUNE)


def convnet() -> keras.Model:
    return keras.Sequential(
        [
            keras.Input((SIZE, SIZE, 3)),
            layers.Conv2D(24, 3, activation="relu"),
            layers.MaxPooling2D(),
            layers.Conv2D(48, 3, activation="relu"),
            layers.GlobalAveragePooling2D(),
            layers.Dense(48, activation="relu"),
            layers.Dense(len(KINDS), activation="softmax"),
        ]
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--epochs", type=int, default=20)
    parser.add_argument("--quick", action="store_true", help="a few seconds, for tests")
    args = parser.parse_args()

    images, labels = drawings(80, seed=0)
    test = pipeline(*drawings(400, seed=1), training=False)
    accuracy = {}
    for augmented in (False, True):
        keras.utils.set_random_seed(0)
        data = pipeline(images, labels, augmented, repeats=12)
        data = data if augmented else data.repeat(12)
        model = convnet()
        model.compile(keras.optimizers.Adam(3e-3), "sparse_categorical_crossentropy", metrics=["accuracy"])
        model.fit(data, epochs=6 if args.quick else args.epochs, verbose=0)
        _, accuracy[augmented] = model.evaluate(test, verbose=0)
    print(f"without augmentation: {accuracy[False]:.3f}")
    print(f"accuracy {accuracy[True]:.3f} (chance {1 / len(KINDS):.3f})")


if __name__ == "__main__":
    main()
