"""An LSTM of 128 units over 64 steps, a batch of 64 sequences of 32 features, trained with Adam.

Each framework's usual way: a `tf.range` loop (AutoGraph makes it a while loop), `lax.scan`, `nn.LSTM`.
"""

import numpy as np

from benchmarks.workloads import model, training

lstm = model(
    "lstm",
    "LSTM 128 units, 64 steps, batch 64",
    sizes={"features": 32, "units": 128, "steps": 64, "batch": 64},
    tiny={"features": 3, "units": 4, "steps": 5, "batch": 2},
)


def _setup(features, units, steps, batch):
    random = np.random.default_rng(0)
    parameters = {
        "input.kernel": training.kernel(random, features, 4 * units) / 2,
        "recurrent.kernel": training.kernel(random, units, 4 * units) / 2,
        "bias": training.zeros(4 * units),
        "dense.kernel": training.kernel(random, units, 10),
        "dense.bias": training.zeros(10),
    }
    sequences = random.normal(size=(batch, steps, features)).astype(np.float32)
    return parameters, sequences, random.integers(0, 10, batch)


@lstm.tf
def _(tf, units, **sizes):
    arrays, sequences, labels = _setup(units=units, **sizes)
    p = {name: tf.Variable(array) for name, array in arrays.items()}
    sequences, labels = tf.constant(sequences), tf.constant(labels)

    def cell(x, h, c):
        gates = tf.matmul(x, p["input.kernel"]) + tf.matmul(h, p["recurrent.kernel"]) + p["bias"]
        i, f, g, o = tf.split(gates, 4, axis=1)
        c = tf.sigmoid(f) * c + tf.sigmoid(i) * tf.tanh(g)
        return tf.sigmoid(o) * tf.tanh(c), c

    def forward(sequences):
        batch, steps, _ = sequences.shape
        inputs = tf.transpose(sequences, [1, 0, 2])
        h, c = tf.zeros([batch, units]), tf.zeros([batch, units])
        for t in tf.range(steps):
            h, c = cell(inputs[t], h, c)
        return tf.matmul(h, p["dense.kernel"]) + p["dense.bias"]

    def loss(sequences, labels):
        logits = forward(sequences)
        return tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(labels, logits))

    infer = tf.function(forward)
    return training.tf_train(tf, loss, p, "adam", sequences, labels), lambda: infer(sequences)


@lstm.jax
def _(jax, units, **sizes):
    arrays, sequences, labels = _setup(units=units, **sizes)
    jnp = jax.numpy
    p = jax.tree.map(jnp.asarray, arrays)
    sequences, labels = jnp.asarray(sequences), jnp.asarray(labels)

    def forward(p, sequences):
        def cell(carry, x):
            h, c = carry
            gates = x @ p["input.kernel"] + h @ p["recurrent.kernel"] + p["bias"]
            i, f, g, o = jnp.split(gates, 4, axis=1)
            c = jax.nn.sigmoid(f) * c + jax.nn.sigmoid(i) * jnp.tanh(g)
            return (jax.nn.sigmoid(o) * jnp.tanh(c), c), None

        start = jnp.zeros((sequences.shape[0], units))
        (h, _), _ = jax.lax.scan(cell, (start, start), sequences.swapaxes(0, 1))
        return h @ p["dense.kernel"] + p["dense.bias"]

    def loss(p, sequences, labels):
        return training.jax_cross_entropy(jax, forward(p, sequences), labels)

    infer = jax.jit(forward)
    return training.jax_train(jax, loss, p, "adam", sequences, labels), lambda: infer(p, sequences)


@lstm.torch
def _(torch, units, features, **sizes):
    arrays, sequences, labels = _setup(units=units, features=features, **sizes)
    p = training.torch_parameters(torch, arrays)
    sequences, labels = torch.from_numpy(sequences), torch.from_numpy(labels)
    F = torch.nn.functional
    layer = torch.nn.LSTM(features, units, batch_first=True)
    layer.weight_ih_l0, layer.weight_hh_l0 = p["input.kernel"], p["recurrent.kernel"]
    layer.bias_ih_l0 = p["bias"]
    # PyTorch adds a second bias; the model has one, so that this one stays zero.
    layer.bias_hh_l0 = torch.nn.Parameter(torch.zeros(4 * units), requires_grad=False)

    def forward(sequences):
        hidden, _ = layer(sequences)
        return F.linear(hidden[:, -1], p["dense.kernel"], p["dense.bias"])

    def loss(sequences, labels):
        return F.cross_entropy(forward(sequences), labels)

    infer = torch.inference_mode()(forward)
    return training.torch_train(torch, loss, p, "adam", sequences, labels), lambda: infer(sequences)
