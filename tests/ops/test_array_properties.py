"""Random indices and shapes: eager, compiled and NumPy agree."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

import headrace as tf
from tests.ops.harness import close, compiled


def array(shape):
    return np.arange(int(np.prod(shape)), dtype=np.float32).reshape(shape)


BOUND = st.none() | st.integers(-6, 6)
STEP = st.none() | st.integers(-3, 3).filter(bool)


@st.composite
def indexed(draw):
    """An array and a key that fits it."""
    shape = draw(st.lists(st.integers(0, 4), min_size=1, max_size=3))
    key: list = []
    for d in shape[: draw(st.integers(1, len(shape)))]:
        if draw(st.booleans()):
            key.append(None)
        if d and draw(st.booleans()):
            key.append(draw(st.integers(-d, d - 1)))
        else:
            key.append(slice(draw(BOUND), draw(BOUND), draw(STEP)))
    if draw(st.booleans()):
        key.append(...)
    return array(shape), tuple(key)


@settings(max_examples=30, deadline=None, derandomize=True)
@given(indexed())
def test_getitem(case):
    x, key = case
    close(tf.constant(x)[key], x[key])
    close(compiled(lambda x: x[key], [x], "dims"), x[key])


@settings(max_examples=20, deadline=None, derandomize=True)
@given(indexed())
def test_getitem_gradient(case):
    x, key = case

    def gradient(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = x[key] * 2.0
        return tape.gradient(y, x)

    expected = np.zeros_like(x)
    expected[key] = 2.0
    close(gradient(tf.constant(x)), expected)
    close(compiled(gradient, [x]), expected)


@settings(max_examples=20, deadline=None, derandomize=True)
@given(indexed())
def test_slice_update(case):
    x, key = case
    expected = x.copy()
    expected[key] = -1.0
    begin, end, strides, masks = _arguments(key)
    update = lambda x: tf.raw_ops.TensorStridedSliceUpdate(
        input=x, begin=begin, end=end, strides=strides, value=tf.fill(x[key].shape, -1.0), **masks
    )
    close(update(tf.constant(x)), expected)
    close(compiled(update, [x]), expected)


def _arguments(key):
    from headrace.ops.indexing import slice_arguments

    return slice_arguments(key)


@settings(max_examples=20, deadline=None, derandomize=True)
@given(st.data())
def test_gather(data):
    rank = data.draw(st.integers(1, 3))
    shape = data.draw(st.lists(st.integers(1, 4), min_size=rank, max_size=rank))
    batch = data.draw(st.integers(0, rank - 1))
    axis = data.draw(st.integers(batch, rank - 1))
    tail = data.draw(st.lists(st.integers(0, 3), max_size=2))
    index_shape = shape[:batch] + tail
    rng = np.random.default_rng(data.draw(st.integers(0, 99)))
    indices = rng.integers(0, shape[axis], index_shape)
    x = array(shape)
    lead, n = shape[:batch], int(np.prod(shape[:batch]))
    tables, places = x.reshape(n, *shape[batch:]), indices.reshape(n, *tail)
    rows = [np.take(a, i, axis - batch) for a, i in zip(tables, places)]
    expected = np.stack(rows).reshape((*lead, *np.shape(rows[0])))
    f = lambda x, i: tf.gather(x, i, axis=axis, batch_dims=batch)
    close(f(tf.constant(x), tf.constant(indices)), expected)
    close(compiled(f, [x, indices], "dims"), expected)


@settings(max_examples=20, deadline=None, derandomize=True)
@given(st.data())
def test_reductions_over_segments(data):
    n, segments, width = (
        data.draw(st.integers(0, 7)),
        data.draw(st.integers(1, 4)),
        data.draw(st.integers(0, 3)),
    )
    rng = np.random.default_rng(data.draw(st.integers(0, 99)))
    ids = rng.integers(-1, segments, n)
    x = rng.integers(-5, 6, (n, width)).astype(np.float32)
    for name, ufunc in (("sum", np.add), ("prod", np.multiply), ("max", np.maximum)):
        start = {"sum": 0, "prod": 1, "max": np.finfo(np.float32).min}[name]
        expected = np.full((segments, width), start, np.float32)
        for i, row in zip(ids, x):
            if i >= 0:
                expected[i] = ufunc(expected[i], row)
        op = getattr(tf.math, f"unsorted_segment_{name}")
        close(op(x, ids, segments), expected)
        if name == "sum":
            close(compiled(lambda x, i, op=op: op(x, i, segments), [x, ids], "dims"), expected)


@settings(max_examples=30, deadline=None, derandomize=True)
@given(st.data())
def test_pad_roll_reverse(data):
    shape = data.draw(st.lists(st.integers(1, 4), min_size=1, max_size=3))
    x = array(shape)
    table = [[data.draw(st.integers(0, d - 1)), data.draw(st.integers(0, d - 1))] for d in shape]
    axis = data.draw(st.integers(-len(shape), len(shape) - 1))
    shift = data.draw(st.integers(-9, 9))
    pads = lambda x: [tf.pad(x, table), tf.pad(x, table, "REFLECT")]
    f = lambda x: [*pads(x), tf.roll(x, shift, axis), tf.reverse(x, [axis])]
    expected = [np.pad(x, table), np.pad(x, table, "reflect"), np.roll(x, shift, axis), np.flip(x, axis)]
    for got, again, want in zip(f(tf.constant(x)), compiled(f, [x], "dims"), expected):
        close(got, want)
        close(again, want)
