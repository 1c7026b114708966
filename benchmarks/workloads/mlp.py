"""A multilayer perceptron, 784-512-512-10, on a batch of 128, trained with SGD and momentum."""

from itertools import pairwise

import numpy as np

from benchmarks.workloads import model, training

mlp = model(
    "mlp",
    "MLP 784-512-512-10, batch 128",
    sizes={"widths": (784, 512, 512, 10), "batch": 128},
    tiny={"widths": (8, 6, 6, 3), "batch": 4},
)


def _setup(widths, batch):
    random = np.random.default_rng(0)
    parameters = {}
    for index, (fan_in, fan_out) in enumerate(pairwise(widths)):
        parameters[f"{index}.kernel"] = training.kernel(random, fan_in, fan_out)
        parameters[f"{index}.bias"] = training.zeros(fan_out)
    images = random.normal(size=(batch, widths[0])).astype(np.float32)
    return parameters, images, random.integers(0, widths[-1], batch), len(widths) - 1


@mlp.tf
def _(tf, **sizes):
    arrays, images, labels, depth = _setup(**sizes)
    p = {name: tf.Variable(array) for name, array in arrays.items()}
    images, labels = tf.constant(images), tf.constant(labels)

    def forward(x):
        for index in range(depth):
            x = tf.matmul(x, p[f"{index}.kernel"]) + p[f"{index}.bias"]
            if index < depth - 1:
                x = tf.nn.relu(x)
        return x

    def loss(images, labels):
        logits = forward(images)
        return tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(labels, logits))

    infer = tf.function(forward)
    return training.tf_train(tf, loss, p, "sgd", images, labels), lambda: infer(images)


@mlp.jax
def _(jax, **sizes):
    arrays, images, labels, depth = _setup(**sizes)
    p = jax.tree.map(jax.numpy.asarray, arrays)
    images, labels = jax.numpy.asarray(images), jax.numpy.asarray(labels)

    def forward(p, x):
        for index in range(depth):
            x = x @ p[f"{index}.kernel"] + p[f"{index}.bias"]
            if index < depth - 1:
                x = jax.nn.relu(x)
        return x

    def loss(p, images, labels):
        return training.jax_cross_entropy(jax, forward(p, images), labels)

    infer = jax.jit(forward)
    return training.jax_train(jax, loss, p, "sgd", images, labels), lambda: infer(p, images)


@mlp.torch
def _(torch, **sizes):
    arrays, images, labels, depth = _setup(**sizes)
    p = training.torch_parameters(torch, arrays)
    images, labels = torch.from_numpy(images), torch.from_numpy(labels)
    F = torch.nn.functional

    def forward(x):
        for index in range(depth):
            x = F.linear(x, p[f"{index}.kernel"], p[f"{index}.bias"])
            if index < depth - 1:
                x = F.relu(x)
        return x

    def loss(images, labels):
        return F.cross_entropy(forward(images), labels)

    infer = torch.inference_mode()(forward)
    return training.torch_train(torch, loss, p, "sgd", images, labels), lambda: infer(images)
