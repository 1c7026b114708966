"""The models through Keras: `fit` and `predict` as users call them, the same source on every backend."""

import os
from collections.abc import Callable
from typing import Any

import numpy as np

from . import workload

BACKENDS = {"headrace": "tensorflow", "tensorflow": "tensorflow", "jax": "jax", "torch": "torch"}


def keras_of(module: Any) -> Any:
    """The `keras` package on a framework; it is on one only in a process."""
    os.environ["KERAS_BACKEND"] = BACKENDS[module.__name__]
    if module.__name__ == "headrace":
        module.install()
    import keras

    return keras


def keras_model(
    name: str, title: str, *, batch: int, steps: int, sizes: dict[str, Any], tiny: dict[str, Any]
) -> Callable[[Callable[..., Any]], None]:
    """Declares `keras-NAME-fit` and `keras-NAME-predict`, by a function that makes a compiled model and its data.

    Both are timed per step, over `steps` steps a call."""

    def declare(make: Callable[..., Any]) -> None:
        def variant(module: Any, *, batch: int, steps: int, **rest: Any) -> tuple[Callable[[], Any], Callable[[], Any]]:  # fmt: skip
            keras = keras_of(module)
            keras.utils.set_random_seed(0)
            model, x, y = make(keras, np.random.default_rng(0), batch * steps, **rest)

            def fit() -> Any:
                return model.fit(x, y, batch_size=batch, verbose=0, shuffle=False).history["loss"][-1]

            return fit, lambda: model.predict(x, batch_size=batch, verbose=0)

        variants: dict[str, Any] = dict.fromkeys(("tf", "jax", "torch"), variant)
        for part, what in enumerate(("fit", "predict")):
            workload(
                f"keras-{name}-{what}", f"Keras {title}: {what}, per step", part=part, per=steps, compiles=True,
                wait_each=True, sizes={"batch": batch, "steps": steps, **sizes},
                tiny={"batch": 4, "steps": 2, **tiny}, variants=variants,
            )  # fmt: skip

    return declare


@keras_model(
    "tiny", "MLP 8-16-1 (1,000 samples, batch 32)", batch=32, steps=32, sizes={"width": 16}, tiny={"width": 3}
)
def _(keras, random, samples, width):
    samples = min(samples, 1000)
    model = keras.Sequential([keras.Input((8,)), keras.layers.Dense(width, "relu"), keras.layers.Dense(1)])
    model.compile("adam", "mse")
    x = random.normal(size=(samples, 8)).astype(np.float32)
    return model, x, x.sum(1, keepdims=True)


@keras_model(
    "mlp", "MLP 784-512-512-10", batch=128, steps=20, sizes={"inputs": 784, "width": 512},
    tiny={"inputs": 4, "width": 4},
)  # fmt: skip
def _(keras, random, samples, inputs, width):
    model = keras.Sequential(
        [
            keras.Input((inputs,)),
            keras.layers.Dense(width, "relu"),
            keras.layers.Dense(width, "relu"),
            keras.layers.Dense(10),
        ]
    )
    model.compile("adam", keras.losses.SparseCategoricalCrossentropy(from_logits=True), metrics=["accuracy"])
    x = random.normal(size=(samples, inputs)).astype(np.float32)
    return model, x, random.integers(0, 10, samples)


@keras_model(
    "cnn", "CNN 28×28 (conv 32, conv 64, dense 128)", batch=64, steps=10, sizes={"size": 28, "filters": 32},
    tiny={"size": 10, "filters": 2},
)  # fmt: skip
def _(keras, random, samples, size, filters):
    layers = keras.layers
    model = keras.Sequential(
        [
            keras.Input((size, size, 1)),
            layers.Conv2D(filters, 3, activation="relu"),
            layers.MaxPooling2D(),
            layers.Conv2D(2 * filters, 3, activation="relu"),
            layers.MaxPooling2D(),
            layers.Flatten(),
            layers.Dense(128, "relu"),
            layers.Dense(10),
        ]
    )
    model.compile("adam", keras.losses.SparseCategoricalCrossentropy(from_logits=True), metrics=["accuracy"])
    x = random.normal(size=(samples, size, size, 1)).astype(np.float32)
    return model, x, random.integers(0, 10, samples)


@keras_model(
    "lstm", "LSTM 128 over 64 steps", batch=64, steps=5, sizes={"length": 64, "width": 128},
    tiny={"length": 3, "width": 4},
)  # fmt: skip
def _(keras, random, samples, length, width):
    layers = keras.layers
    model = keras.Sequential(
        [
            keras.Input((length,)),
            layers.Embedding(1000, width),
            layers.LSTM(width),
            layers.Dense(1, "sigmoid"),
        ]
    )
    model.compile("adam", "binary_crossentropy", metrics=["accuracy"])
    return model, random.integers(0, 1000, (samples, length)), random.integers(0, 2, (samples, 1))


@keras_model(
    "transformer", "transformer, 4 layers, d 256, 128 tokens", batch=16, steps=2,
    sizes={"length": 128, "width": 256, "blocks": 4, "words": 1000},
    tiny={"length": 4, "width": 8, "blocks": 1, "words": 10},
)  # fmt: skip
def _(keras, random, samples, length, width, blocks, words):
    layers = keras.layers
    tokens = keras.Input((length,), dtype="int32")
    x = layers.Embedding(words, width)(tokens)
    for _ in range(blocks):
        normal = layers.LayerNormalization()(x)
        x = x + layers.MultiHeadAttention(8, width // 8)(normal, normal, use_causal_mask=True)
        normal = layers.LayerNormalization()(x)
        x = x + layers.Dense(width)(layers.Dense(4 * width, "gelu")(normal))
    model = keras.Model(tokens, layers.Dense(words)(layers.LayerNormalization()(x)))
    model.compile("adam", keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    data = random.integers(0, words, (samples, length + 1))
    return model, data[:, :-1], data[:, 1:]


@keras_model(
    "resnet50", "ResNet-50 on 128×128", batch=8, steps=2, sizes={"size": 128, "classes": 1000},
    tiny={"size": 32, "classes": 3},
)  # fmt: skip
def _(keras, random, samples, size, classes):
    model = keras.applications.ResNet50(weights=None, input_shape=(size, size, 3), classes=classes)
    model.compile("sgd", "sparse_categorical_crossentropy")
    x = random.normal(size=(samples, size, size, 3)).astype(np.float32)
    return model, x, random.integers(0, classes, samples)
