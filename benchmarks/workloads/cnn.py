"""A small convolutional network on a batch of 64 images of 28 × 28, trained with SGD and momentum."""

import numpy as np

from benchmarks.workloads import model, training

cnn = model(
    "cnn",
    "CNN 28×28 (conv 32, conv 64, dense 128), batch 64",
    sizes={"size": 28, "channels": (32, 64), "hidden": 128, "batch": 64},
    tiny={"size": 12, "channels": (2, 3), "hidden": 4, "batch": 2},
)


def _setup(size, channels, hidden, batch):
    random = np.random.default_rng(0)
    rest = ((size - 2) // 2 - 2) // 2  # two 3 × 3 convolutions without padding, each halved by its pool
    parameters = {
        "conv1.kernel": training.kernel(random, 3, 3, 1, channels[0]),
        "conv1.bias": training.zeros(channels[0]),
        "conv2.kernel": training.kernel(random, 3, 3, channels[0], channels[1]),
        "conv2.bias": training.zeros(channels[1]),
        "dense1.kernel": training.kernel(random, rest * rest * channels[1], hidden),
        "dense1.bias": training.zeros(hidden),
        "dense2.kernel": training.kernel(random, hidden, 10),
        "dense2.bias": training.zeros(10),
    }
    images = random.normal(size=(batch, size, size, 1)).astype(np.float32)
    return parameters, images, random.integers(0, 10, batch)


@cnn.tf
def _(tf, **sizes):
    arrays, images, labels = _setup(**sizes)
    p = {name: tf.Variable(array) for name, array in arrays.items()}
    images, labels = tf.constant(images), tf.constant(labels)

    def forward(x):
        for layer in ("conv1", "conv2"):
            x = tf.nn.conv2d(x, p[f"{layer}.kernel"], strides=1, padding="VALID")
            x = tf.nn.relu(tf.nn.bias_add(x, p[f"{layer}.bias"]))
            x = tf.nn.max_pool2d(x, 2, 2, "VALID")
        x = tf.reshape(x, [x.shape[0], -1])
        x = tf.nn.relu(tf.matmul(x, p["dense1.kernel"]) + p["dense1.bias"])
        return tf.matmul(x, p["dense2.kernel"]) + p["dense2.bias"]

    def loss(images, labels):
        logits = forward(images)
        return tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(labels, logits))

    infer = tf.function(forward)
    return training.tf_train(tf, loss, p, "sgd", images, labels), lambda: infer(images)


@cnn.jax
def _(jax, **sizes):
    arrays, images, labels = _setup(**sizes)
    p = jax.tree.map(jax.numpy.asarray, arrays)
    images, labels = jax.numpy.asarray(images), jax.numpy.asarray(labels)
    lax = jax.lax

    def forward(p, x):
        for layer in ("conv1", "conv2"):
            x = lax.conv_general_dilated(
                x, p[f"{layer}.kernel"], (1, 1), "VALID", dimension_numbers=("NHWC", "HWIO", "NHWC")
            )
            x = jax.nn.relu(x + p[f"{layer}.bias"])
            x = lax.reduce_window(x, -jax.numpy.inf, lax.max, (1, 2, 2, 1), (1, 2, 2, 1), "VALID")
        x = x.reshape(x.shape[0], -1)
        x = jax.nn.relu(x @ p["dense1.kernel"] + p["dense1.bias"])
        return x @ p["dense2.kernel"] + p["dense2.bias"]

    def loss(p, images, labels):
        return training.jax_cross_entropy(jax, forward(p, images), labels)

    infer = jax.jit(forward)
    return training.jax_train(jax, loss, p, "sgd", images, labels), lambda: infer(p, images)


@cnn.torch
def _(torch, **sizes):
    arrays, images, labels = _setup(**sizes)
    p = training.torch_parameters(torch, arrays, channels_last=True)
    # A channels-last array is NHWC in memory: the same bytes as the other frameworks read.
    images, labels = torch.from_numpy(images).permute(0, 3, 1, 2), torch.from_numpy(labels)
    F = torch.nn.functional

    def forward(x):
        for layer in ("conv1", "conv2"):
            x = F.max_pool2d(F.relu(F.conv2d(x, p[f"{layer}.kernel"], p[f"{layer}.bias"])), 2)
        x = x.permute(0, 2, 3, 1).flatten(1)
        x = F.relu(F.linear(x, p["dense1.kernel"], p["dense1.bias"]))
        return F.linear(x, p["dense2.kernel"], p["dense2.bias"])

    def loss(images, labels):
        return F.cross_entropy(forward(images), labels)

    infer = torch.inference_mode()(forward)
    return training.torch_train(torch, loss, p, "sgd", images, labels), lambda: infer(images)
