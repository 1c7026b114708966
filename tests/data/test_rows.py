"""Pipelines over elements that can be looked up give what element by element gives."""

from __future__ import annotations

import random

import numpy as np
import pytest

import headrace as tf

Dataset = tf.data.Dataset


def sources(n):
    return {
        "range": Dataset.range(n),
        "slices": Dataset.from_tensor_slices((np.arange(n) * 2, np.arange(n * 3.0).reshape(n, 3))),
        "text": Dataset.from_tensor_slices(np.array([f"<{i}>" for i in range(n)], object)),
        "ragged": Dataset.from_tensor_slices(
            tf.RaggedTensor.from_row_lengths(np.arange(n * (n - 1) // 2), np.arange(n))
        ),
    }


def one_by_one(dataset):
    """The same elements, behind a plan that cannot look them up."""
    return dataset.filter(lambda *element: True)


STEPS = {
    "take": lambda d: d.take(7),
    "skip": lambda d: d.skip(3),
    "shard": lambda d: d.shard(3, 1),
    "repeat": lambda d: d.repeat(3),
    "shuffle": lambda d: d.shuffle(4, seed=1, reshuffle_each_iteration=False),
    "shuffle all": lambda d: d.shuffle(1000, seed=1, reshuffle_each_iteration=False),
    "batch": lambda d: d.batch(4),
    "enumerate": lambda d: d.enumerate(),
    "zip": lambda d: Dataset.zip(d, d.skip(1)),
    "cache": lambda d: d.cache(),
    "prefetch": lambda d: d.prefetch(2),
    "options": lambda d: d.with_options(tf.data.Options()),
    "concatenate": lambda d: d.concatenate(d.take(2)),
}


def values(dataset):
    return [[tf.nest.map_structure(_value, leaf) for leaf in tf.nest.flatten(x)] for x in dataset]


def _value(leaf):
    return leaf.to_list() if hasattr(leaf, "to_list") else leaf._host().tolist()


def shuffled_alike(steps):
    return not any(s.startswith("shuffle") for s in steps)


@pytest.mark.parametrize("seed", range(60))
def test_same_elements(seed):
    draw = random.Random(seed)
    name = draw.choice(["range", "slices", "text", "ragged"])
    steps = draw.sample(sorted(STEPS), draw.randint(1, 5))
    batches = [i for i, s in enumerate(steps) if s == "batch"]
    if batches and any(s in ("zip", "enumerate", "batch") for s in steps[batches[0] + 1 :]):
        steps = steps[: batches[0] + 1]
    rows = plain = sources(draw.choice([0, 1, 11, 23]))[name]
    plain = one_by_one(plain)
    for step in steps:
        rows, plain = STEPS[step](rows), one_by_one(STEPS[step](plain))
    a, b = values(rows), values(plain)
    if shuffled_alike(steps):
        assert a == b
    else:  # drawn from a buffer, or by number: in another order
        assert len(a) == len(b)
        if "batch" not in steps and not {"take", "skip", "shard", "zip", "concatenate"} & set(steps):
            assert sorted(map(repr, a)) == sorted(map(repr, b)) or "enumerate" in steps
    assert a == values(rows), "a second iteration"


def test_batches_are_single_takes():
    array = np.arange(12.0).reshape(6, 2)
    batch = next(iter(Dataset.from_tensor_slices(array).batch(3)))
    again = next(iter(Dataset.from_tensor_slices(tf.constant(array)).batch(3)))
    assert batch._host().base is not None, "a view of the array"
    assert again.numpy().tolist() == batch.numpy().tolist()


def test_repeated_shuffles_differ():
    dataset = Dataset.range(50).shuffle(50, seed=1).repeat(2).batch(50)
    first, second = (x.numpy().tolist() for x in dataset)
    assert first != second
    assert sorted(first) == sorted(second) == list(range(50))


def test_a_batch_reaches_into_the_next_pass():
    assert [x.numpy().tolist() for x in Dataset.range(3).repeat().batch(8).take(2)] == [
        [0, 1, 2, 0, 1, 2, 0, 1], [2, 0, 1, 2, 0, 1, 2, 0],
    ]  # fmt: skip


def test_nothing_repeated_without_end_ends():
    assert list(Dataset.range(0).repeat()) == []
    assert list(Dataset.range(0).repeat().batch(3)) == []
    assert list(Dataset.range(3).filter(lambda x: x > 5).repeat()) == []


def test_shuffle_draws_from_its_buffer_only():
    n, size = 500, 7
    for source in (Dataset.range(n), one_by_one(Dataset.range(n))):
        order = [int(x) for x in source.shuffle(size, seed=3)]
        assert sorted(order) == list(range(n))
        assert all(x < place + size for place, x in enumerate(order))
        assert sum(x != place for place, x in enumerate(order)) > n // 2


# ---------------------------------------------------------------------------------------------------- functions of batches
FUNCTIONS = {
    "arithmetic": lambda x, y: (x * 2 + 1, tf.cast(y, tf.float32) / 255.0),
    "reduction": lambda x, y: (tf.reduce_sum(y), x),
    "one hot": lambda x, y: tf.one_hot(x % 5, 5),
    "matrix": lambda x, y: tf.linalg.matvec(tf.reshape(tf.range(9.0), [3, 3]), tf.cast(y, tf.float32)),
    "constant": lambda x, y: tf.constant([1, 2]),
    "dict": lambda x, y: {"a": x, "b": (y[0], y[::-1])},
    "branch": lambda x, y: tf.where(x > 5, x, -x),
    "stack": lambda x, y: tf.stack([y, y + 1.0]),
}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_functions_of_batches(name):
    n = 11
    dataset = Dataset.from_tensor_slices((np.arange(n), np.random.default_rng(0).normal(size=(n, 3))))
    at_once = dataset.map(FUNCTIONS[name])
    assert at_once._plan.at_once is not None
    expected = one_by_one(dataset).map(FUNCTIONS[name])
    for a, b in zip(at_once.batch(4), expected.batch(4), strict=True):
        for x, y in zip(tf.nest.flatten(a), tf.nest.flatten(b), strict=True):
            assert x.dtype == y.dtype
            np.testing.assert_allclose(x, y, rtol=1e-6)


def test_functions_with_effects_see_every_element():
    seen = []

    def look(x):
        seen.append(int(x))
        return x

    dataset = Dataset.range(5).map(lambda x: tf.py_function(look, [x], tf.int64))
    assert dataset._plan.at_once is None
    list(dataset.batch(2))
    assert seen == [0, 1, 2, 3, 4]


def test_an_error_in_a_batch_is_the_elements():
    dataset = Dataset.range(6).map(lambda x: tf.gather([1, 2, 3], x))
    it = iter(dataset.batch(2))
    assert next(it).numpy().tolist() == [1, 2]
    with pytest.raises(tf.errors.InvalidArgumentError, match=r"test_rows\.py"):
        next(it)
