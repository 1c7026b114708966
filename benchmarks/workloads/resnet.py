"""ResNet-50 (He et al., arXiv:1512.03385) on 8 images of 128 × 128, trained with SGD and momentum.

A block's stride is on its first 1 × 1 convolution, as in the paper. Batch normalisation uses the batch's
statistics in training, and updates the running ones that inference uses.
"""

import numpy as np

from benchmarks.workloads import model, training

resnet = model(
    "resnet50",
    "ResNet-50, 128×128, batch 8",
    sizes={"blocks": (3, 4, 6, 3), "width": 64, "size": 128, "batch": 8, "classes": 1000},
    tiny={"blocks": (1, 1), "width": 4, "size": 16, "batch": 2, "classes": 3},
)


def _plan(blocks):
    """Each block's name, its stride, and whether its shortcut is a convolution."""
    for stage, count in enumerate(blocks):
        for block in range(count):
            yield f"{stage}.{block}", 2 if stage and not block else 1, not block


def _setup(blocks, width, size, batch, classes):
    random = np.random.default_rng(0)
    parameters, statistics = {}, {}

    def conv(name, kernel, fan_in, fan_out, scale=1.0):
        parameters[f"{name}.kernel"] = training.kernel(random, kernel, kernel, fan_in, fan_out)
        parameters[f"{name}.scale"] = training.ones(fan_out) * np.float32(scale)
        parameters[f"{name}.bias"] = training.zeros(fan_out)
        statistics[f"{name}.mean"] = training.zeros(fan_out)
        statistics[f"{name}.variance"] = training.ones(fan_out)

    conv("stem", 7, 3, width)
    channels = width
    for name, _, projects in _plan(blocks):
        inner = width * 2 ** int(name.split(".")[0])
        conv(f"{name}.1", 1, channels, inner)
        conv(f"{name}.2", 3, inner, inner)
        conv(f"{name}.3", 1, inner, 4 * inner, scale=0.2)
        if projects:
            conv(f"{name}.shortcut", 1, channels, 4 * inner)
        channels = 4 * inner
    parameters["dense.kernel"] = training.kernel(random, channels, classes)
    parameters["dense.bias"] = training.zeros(classes)
    images = random.normal(size=(batch, size, size, 3)).astype(np.float32)
    return parameters, statistics, images, random.integers(0, classes, batch)


@resnet.tf
def _(tf, blocks, **sizes):
    arrays, moving, images, labels = _setup(blocks, **sizes)
    p = {name: tf.Variable(array) for name, array in arrays.items()}
    s = {name: tf.Variable(array, trainable=False) for name, array in moving.items()}
    images, labels = tf.constant(images), tf.constant(labels)

    def norm(name, x, train):
        scale, bias = p[f"{name}.scale"], p[f"{name}.bias"]
        mean, variance = s[f"{name}.mean"], s[f"{name}.variance"]
        if not train:
            return tf.nn.batch_normalization(x, mean, variance, bias, scale, 1e-5)
        x, batch_mean, batch_variance, *_ = tf.raw_ops.FusedBatchNormV3(
            x=x, scale=scale, offset=bias, mean=mean, variance=variance, epsilon=1e-5, is_training=True
        )
        mean.assign(0.9 * mean + 0.1 * batch_mean)
        variance.assign(0.9 * variance + 0.1 * batch_variance)
        return x

    def conv(name, x, train, stride=1):
        return norm(name, tf.nn.conv2d(x, p[f"{name}.kernel"], strides=stride, padding="SAME"), train)

    def forward(x, train):
        x = tf.pad(x, [[0, 0], [3, 3], [3, 3], [0, 0]])
        x = tf.nn.conv2d(x, p["stem.kernel"], strides=2, padding="VALID")
        x = tf.nn.relu(norm("stem", x, train))
        x = tf.nn.max_pool2d(tf.pad(x, [[0, 0], [1, 1], [1, 1], [0, 0]]), 3, 2, "VALID")
        for name, stride, projects in _plan(blocks):
            shortcut = conv(f"{name}.shortcut", x, train, stride) if projects else x
            x = tf.nn.relu(conv(f"{name}.1", x, train, stride))
            x = tf.nn.relu(conv(f"{name}.2", x, train))
            x = tf.nn.relu(conv(f"{name}.3", x, train) + shortcut)
        return tf.matmul(tf.reduce_mean(x, [1, 2]), p["dense.kernel"]) + p["dense.bias"]

    def loss(images, labels):
        logits = forward(images, train=True)
        return tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(labels, logits))

    infer = tf.function(lambda images: forward(images, train=False))
    return training.tf_train(tf, loss, p, "sgd", images, labels), lambda: infer(images)


@resnet.jax
def _(jax, blocks, **sizes):
    arrays, moving, images, labels = _setup(blocks, **sizes)
    jnp, lax = jax.numpy, jax.lax
    p, s = jax.tree.map(jnp.asarray, (arrays, moving))
    images, labels = jnp.asarray(images), jnp.asarray(labels)

    def norm(p, s, new, name, x):
        mean, variance = s[f"{name}.mean"], s[f"{name}.variance"]
        if new is not None:
            running_mean, running_variance = mean, variance
            mean = x.mean((0, 1, 2))
            variance = jnp.square(x).mean((0, 1, 2)) - jnp.square(mean)
            new[f"{name}.mean"] = 0.9 * running_mean + 0.1 * mean
            new[f"{name}.variance"] = 0.9 * running_variance + 0.1 * variance
        return (x - mean) * (lax.rsqrt(variance + 1e-5) * p[f"{name}.scale"]) + p[f"{name}.bias"]

    def conv(p, s, new, name, x, stride=1, padding="SAME"):
        x = lax.conv_general_dilated(
            x, p[f"{name}.kernel"], (stride, stride), padding, dimension_numbers=("NHWC", "HWIO", "NHWC")
        )
        return norm(p, s, new, name, x)

    def forward(p, s, x, new=None):
        x = jax.nn.relu(conv(p, s, new, "stem", x, 2, ((3, 3), (3, 3))))
        x = lax.reduce_window(
            x, -jnp.inf, lax.max, (1, 3, 3, 1), (1, 2, 2, 1), ((0, 0), (1, 1), (1, 1), (0, 0))
        )
        for name, stride, projects in _plan(blocks):
            shortcut = conv(p, s, new, f"{name}.shortcut", x, stride) if projects else x
            x = jax.nn.relu(conv(p, s, new, f"{name}.1", x, stride))
            x = jax.nn.relu(conv(p, s, new, f"{name}.2", x))
            x = jax.nn.relu(conv(p, s, new, f"{name}.3", x) + shortcut)
        return x.mean((1, 2)) @ p["dense.kernel"] + p["dense.bias"]

    def loss(p, s, images, labels):
        new = {}
        logits = forward(p, s, images, new)
        return training.jax_cross_entropy(jax, logits, labels), new

    infer = jax.jit(forward)
    train = training.jax_train(jax, loss, p, "sgd", images, labels, state=s)
    return train, lambda: infer(p, s, images)


@resnet.torch
def _(torch, blocks, **sizes):
    arrays, moving, images, labels = _setup(blocks, **sizes)
    p = training.torch_parameters(torch, arrays, channels_last=True)
    s = {name: torch.from_numpy(array.copy()) for name, array in moving.items()}
    images, labels = torch.from_numpy(images).permute(0, 3, 1, 2), torch.from_numpy(labels)
    F = torch.nn.functional

    def conv(name, x, train, stride=1):
        kernel = p[f"{name}.kernel"]
        x = F.conv2d(x, kernel, stride=stride, padding=kernel.shape[-1] // 2)
        mean, variance = s[f"{name}.mean"], s[f"{name}.variance"]
        return F.batch_norm(x, mean, variance, p[f"{name}.scale"], p[f"{name}.bias"], train, 0.1, 1e-5)

    def forward(x, train):
        x = F.max_pool2d(F.relu(conv("stem", x, train, 2), inplace=True), 3, 2, 1)
        for name, stride, projects in _plan(blocks):
            shortcut = conv(f"{name}.shortcut", x, train, stride) if projects else x
            x = F.relu(conv(f"{name}.1", x, train, stride), inplace=True)
            x = F.relu(conv(f"{name}.2", x, train), inplace=True)
            x = F.relu(conv(f"{name}.3", x, train) + shortcut, inplace=True)
        return F.linear(x.mean((2, 3)), p["dense.kernel"], p["dense.bias"])

    def loss(images, labels):
        return F.cross_entropy(forward(images, True), labels)

    infer = torch.inference_mode()(forward)
    return training.torch_train(torch, loss, p, "sgd", images, labels), lambda: infer(images, False)
