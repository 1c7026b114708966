"""What a dataset holds goes when the last reference to it goes, not when the garbage collector comes: it may be gigabytes."""

import gc
import weakref

import numpy as np
import pytest

import headrace as tf


def failing(x):
    if x > 2:
        raise ValueError("at three")
    return x


def numbers():
    yield from range(5)


PIPELINES = {
    "prefetch": lambda d: d.prefetch(tf.data.AUTOTUNE),
    "map": lambda d: d.map(lambda x: x + 1).prefetch(2),
    "parallel": lambda d: d.map(lambda x: x + 1, num_parallel_calls=2).batch(2).prefetch(2),
    "flat_map": lambda d: d.flat_map(tf.data.Dataset.from_tensors).repeat(2).prefetch(4),
}


@pytest.mark.parametrize("pipeline", PIPELINES)
def test_arrays_go_with_the_dataset(pipeline):
    data = tf.data.Dataset.from_tensor_slices(np.arange(10.0))
    plan = weakref.ref(data._plan)
    whole = PIPELINES[pipeline](data)
    assert len(list(whole)) > 4
    gc.disable()
    try:
        del data, whole
        assert plan() is None
    finally:
        gc.enable()


def test_arrays_go_with_a_failed_iteration():
    data = tf.data.Dataset.range(5).map(lambda x: tf.py_function(failing, [x], tf.int64))
    plan = weakref.ref(data._plan)
    it = iter(data.prefetch(4))
    taken = []
    gc.disable()
    try:
        with pytest.raises(tf.errors.InvalidArgumentError, match="at three"):
            for x in it:
                taken.append(int(x))
        assert taken == [0, 1, 2]
        del data, it, x
        assert plan() is None
    finally:
        gc.enable()


def test_an_error_comes_in_its_turn_and_the_elements_after_it_too():
    data = tf.data.Dataset.range(5).map(lambda x: 6 // (x - 2)).prefetch(4)
    it = iter(data)
    assert [int(next(it)), int(next(it))] == [-3, -6]
    with pytest.raises(tf.errors.InvalidArgumentError):
        next(it)
    assert [int(x) for x in it] == [6, 3]
    with pytest.raises(StopIteration):
        next(it)
