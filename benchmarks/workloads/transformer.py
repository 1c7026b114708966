"""A pre-norm transformer encoder with a prediction per token: 4 layers of width 256, trained with Adam."""

import numpy as np

from benchmarks.workloads import model, training

transformer = model(
    "transformer",
    "transformer, 4 layers, d 256, 16×128 tokens",
    sizes={"layers": 4, "width": 256, "heads": 8, "vocabulary": 1000, "batch": 16, "length": 128},
    tiny={"layers": 1, "width": 8, "heads": 2, "vocabulary": 11, "batch": 2, "length": 4},
)


def _setup(layers, width, heads, vocabulary, batch, length):
    del heads  # does not change a parameter's shape
    random = np.random.default_rng(0)
    parameters = {
        "tokens.table": (random.normal(size=(vocabulary, width)) * 0.1).astype(np.float32),
        "positions.table": (random.normal(size=(length, width)) * 0.1).astype(np.float32),
    }

    def dense(name, fan_in, fan_out):
        parameters[f"{name}.kernel"] = training.kernel(random, fan_in, fan_out) / 2
        parameters[f"{name}.bias"] = training.zeros(fan_out)

    def norm(name):
        parameters[f"{name}.scale"] = training.ones(width)
        parameters[f"{name}.bias"] = training.zeros(width)

    for layer in range(layers):
        norm(f"{layer}.norm1")
        for name in ("query", "key", "value", "output"):
            dense(f"{layer}.{name}", width, width)
        norm(f"{layer}.norm2")
        dense(f"{layer}.widen", width, 4 * width)
        dense(f"{layer}.narrow", 4 * width, width)
    norm("norm")
    dense("logits", width, vocabulary)
    tokens, labels = random.integers(0, vocabulary, (2, batch, length))
    return parameters, tokens.astype(np.int32), labels


@transformer.tf
def _(tf, layers, width, heads, **sizes):
    arrays, tokens, labels = _setup(layers=layers, width=width, heads=heads, **sizes)
    p = {name: tf.Variable(array) for name, array in arrays.items()}
    tokens, labels = tf.constant(tokens), tf.constant(labels)

    def dense(name, x):
        return tf.tensordot(x, p[f"{name}.kernel"], 1) + p[f"{name}.bias"]

    def norm(name, x):
        mean, variance = tf.nn.moments(x, axes=[-1], keepdims=True)
        return tf.nn.batch_normalization(x, mean, variance, p[f"{name}.bias"], p[f"{name}.scale"], 1e-5)

    def split(x):
        return tf.transpose(tf.reshape(x, [*x.shape[:2], heads, width // heads]), [0, 2, 1, 3])

    def attention(layer, x):
        query, key, value = (split(dense(f"{layer}.{name}", x)) for name in ("query", "key", "value"))
        scores = tf.matmul(query, key, transpose_b=True) / (width // heads) ** 0.5
        mixed = tf.transpose(tf.matmul(tf.nn.softmax(scores), value), [0, 2, 1, 3])
        return dense(f"{layer}.output", tf.reshape(mixed, x.shape))

    def forward(tokens):
        x = tf.nn.embedding_lookup(p["tokens.table"], tokens) + p["positions.table"]
        for layer in range(layers):
            x = x + attention(layer, norm(f"{layer}.norm1", x))
            hidden = tf.nn.gelu(dense(f"{layer}.widen", norm(f"{layer}.norm2", x)))
            x = x + dense(f"{layer}.narrow", hidden)
        return dense("logits", norm("norm", x))

    def loss(tokens, labels):
        logits = forward(tokens)
        return tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(labels, logits))

    infer = tf.function(forward)
    return training.tf_train(tf, loss, p, "adam", tokens, labels), lambda: infer(tokens)


@transformer.jax
def _(jax, layers, width, heads, **sizes):
    arrays, tokens, labels = _setup(layers=layers, width=width, heads=heads, **sizes)
    jnp = jax.numpy
    p = jax.tree.map(jnp.asarray, arrays)
    tokens, labels = jnp.asarray(tokens), jnp.asarray(labels)

    def dense(p, name, x):
        return x @ p[f"{name}.kernel"] + p[f"{name}.bias"]

    def norm(p, name, x):
        return jax.nn.standardize(x, epsilon=1e-5) * p[f"{name}.scale"] + p[f"{name}.bias"]

    def attention(p, layer, x):
        query, key, value = (
            dense(p, f"{layer}.{name}", x).reshape(*x.shape[:2], heads, width // heads)
            for name in ("query", "key", "value")
        )
        return dense(p, f"{layer}.output", jax.nn.dot_product_attention(query, key, value).reshape(x.shape))

    def forward(p, tokens):
        x = p["tokens.table"][tokens] + p["positions.table"]
        for layer in range(layers):
            x = x + attention(p, layer, norm(p, f"{layer}.norm1", x))
            hidden = jax.nn.gelu(dense(p, f"{layer}.widen", norm(p, f"{layer}.norm2", x)), approximate=False)
            x = x + dense(p, f"{layer}.narrow", hidden)
        return dense(p, "logits", norm(p, "norm", x))

    def loss(p, tokens, labels):
        return training.jax_cross_entropy(jax, forward(p, tokens), labels)

    infer = jax.jit(forward)
    return training.jax_train(jax, loss, p, "adam", tokens, labels), lambda: infer(p, tokens)


@transformer.torch
def _(torch, layers, width, heads, **sizes):
    arrays, tokens, labels = _setup(layers=layers, width=width, heads=heads, **sizes)
    p = training.torch_parameters(torch, arrays)
    tokens, labels = torch.from_numpy(tokens), torch.from_numpy(labels)
    F = torch.nn.functional

    def dense(name, x):
        return F.linear(x, p[f"{name}.kernel"], p[f"{name}.bias"])

    def norm(name, x):
        return F.layer_norm(x, (width,), p[f"{name}.scale"], p[f"{name}.bias"], 1e-5)

    def attention(layer, x):
        query, key, value = (
            dense(f"{layer}.{name}", x).unflatten(-1, (heads, -1)).transpose(1, 2)
            for name in ("query", "key", "value")
        )
        mixed = F.scaled_dot_product_attention(query, key, value)
        return dense(f"{layer}.output", mixed.transpose(1, 2).flatten(2))

    def forward(tokens):
        x = F.embedding(tokens, p["tokens.table"]) + p["positions.table"]
        for layer in range(layers):
            x = x + attention(layer, norm(f"{layer}.norm1", x))
            hidden = F.gelu(dense(f"{layer}.widen", norm(f"{layer}.norm2", x)))
            x = x + dense(f"{layer}.narrow", hidden)
        return dense("logits", norm("norm", x))

    def loss(tokens, labels):
        return F.cross_entropy(forward(tokens).flatten(0, 1), labels.flatten())

    infer = torch.inference_mode()(forward)
    return training.torch_train(torch, loss, p, "adam", tokens, labels), lambda: infer(tokens)
