"""Input pipelines: what an epoch costs before anything is computed."""

import numpy as np

from benchmarks.workloads import workload

SMALL = {"n": 1000, "batch": 32}
small = workload(
    "data-epoch-small",
    "an epoch of 1,000×8 floats, shuffled, batches of 32, as Keras makes it",
    wait_each=True,
    sizes=SMALL,
    tiny={"n": 20, "batch": 4},
)
mapped = workload(
    "data-epoch-map",
    "an epoch of 20,000 28×28 images: slices, map, shuffle, batch 32",
    wait_each=True,
    sizes={"n": 20_000, "batch": 32},
    tiny={"n": 20, "batch": 4},
)


def _last(dataset):
    """Goes through an epoch; its last batch."""
    element = None
    for batch in dataset:
        element = batch
    return element


@small.tf
def _(tf, n, batch):
    x = tf.constant(np.random.default_rng(0).normal(size=(n, 8)).astype(np.float32))
    data = tf.data.Dataset
    whole, left = divmod(n, batch)

    def permutation(_):
        return tf.random.shuffle(tf.range(n, dtype=tf.int64))

    def batches(indices):
        full = tf.reshape(tf.slice(indices, [0], [whole * batch]), [whole, batch])
        dataset = data.from_tensor_slices(full)
        return (
            dataset.concatenate(data.from_tensors(tf.slice(indices, [whole * batch], [left])))
            if left
            else dataset
        )

    numbers = data.range(1).map(permutation).prefetch(1).flat_map(batches)
    pairs = data.zip((numbers, data.from_tensors(x).repeat()))
    dataset = pairs.map(lambda i, x: tf.gather(x, i), num_parallel_calls=tf.data.AUTOTUNE).prefetch(
        tf.data.AUTOTUNE
    )

    return lambda: _last(dataset)


@mapped.tf
def _(tf, n, batch):
    random = np.random.default_rng(0)
    images, labels = random.integers(0, 255, (n, 28, 28)).astype(np.uint8), random.integers(0, 10, n)
    dataset = (
        tf.data.Dataset.from_tensor_slices((images, labels))
        .map(lambda x, y: (tf.cast(x, tf.float32) / 255.0, tf.one_hot(y, 10)))
        .shuffle(n)
        .batch(batch)
    )

    return lambda: _last(dataset)
