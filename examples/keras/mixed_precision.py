"""Training in bfloat16 with float32 weights, gradients gathered over four batches, and averaged weights.

Three options of Keras that belong together where memory is scarce: `mixed_bfloat16`, gradient accumulation, and
an exponential moving average of the weights, which is what the test uses.
"""

import argparse

import keras
from keras import layers
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split


def residual(x, filters: int):
    y = layers.Conv2D(filters, 3, padding="same", activation="relu")(x)
    y = layers.Conv2D(filters, 3, padding="same")(y)
    return layers.ReLU()(layers.Add()([y, layers.Conv2D(filters, 1)(x)]))


def resnet() -> keras.Model:
    image = keras.Input((8, 8, 1))
    x = residual(image, 16)
    x = layers.MaxPooling2D()(residual(x, 32))
    x = layers.GlobalAveragePooling2D()(residual(x, 48))
    logits = layers.Dense(10)(x)
    return keras.Model(image, layers.Activation("softmax", dtype="float32")(logits))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--epochs", type=int, default=20)
    parser.add_argument(
        "--policy", choices=["mixed_bfloat16", "mixed_float16", "float32"], default="mixed_bfloat16"
    )
    parser.add_argument("--quick", action="store_true", help="a few seconds, for tests")
    args = parser.parse_args()

    keras.utils.set_random_seed(0)
    keras.mixed_precision.set_global_policy(args.policy)
    data = load_digits()
    images = (data.images / 16).astype("float32")[..., None]
    x_train, x_test, y_train, y_test = train_test_split(images, data.target, test_size=0.25, random_state=0)

    model = resnet()
    optimizer = keras.optimizers.Adam(
        5e-3,
        gradient_accumulation_steps=4,
        use_ema=True,
        ema_momentum=0.9,
        ema_overwrite_frequency=None,
    )
    model.compile(optimizer, "sparse_categorical_crossentropy", metrics=["accuracy"])
    model.fit(x_train, y_train, batch_size=16, epochs=5 if args.quick else args.epochs, verbose=2)

    # At its end, `fit` has put the averages in the place of the weights.
    _, accuracy = model.evaluate(x_test, y_test, verbose=0)
    kernel = model.layers[1]
    print(f"{kernel.name} computes in {kernel.compute_dtype}, keeps {kernel.kernel.dtype}")
    print(f"accuracy {accuracy:.3f} (chance 0.100)")


if __name__ == "__main__":
    main()
