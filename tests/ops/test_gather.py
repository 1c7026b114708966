"""Slices, `tensor[...]`, gather, scatter, masks, where."""

from __future__ import annotations

import numpy as np
import pytest

import headrace as tf
from headrace.compiler.lower import NeedsValue
from tests.ops.harness import check, check_gradients, compiled

RNG = np.random.default_rng(3)
A = np.arange(60, dtype=np.int32).reshape(3, 4, 5)
F = RNG.normal(size=(3, 4, 5)).astype(np.float32)

KEYS = [
    "0",
    "-1",
    "slice(1, None)",
    "(slice(None), 1)",
    "(..., 0)",
    "slice(None, None, 2)",
    "slice(None, None, -1)",
    "(slice(None), slice(None, None, -1), slice(1, None))",
    "(1, 2, 3)",
    "None",
    "(slice(None), None, 1)",
    "(..., None)",
    "slice(5, None)",
    "slice(-1, 0, -1)",
    "slice(0, 0)",
    "(slice(1, -1), slice(-2, None))",
    "(..., -1, slice(None))",
    "(None, ..., None)",
    "slice(-100, 100)",
    "(slice(3, None, -2), slice(None, None, 2))",
    "(slice(None), slice(3, 0, -2), slice(4, 0, -3))",
    "(0, slice(None), -1)",
    "(2, ..., slice(1, 4, 2))",
    "(..., slice(None, None, 3))",
    "(None, 1, None, slice(2), None)",
    "(slice(1, 2), 3)",
]


@pytest.mark.parametrize("key", KEYS)
def test_getitem(key):
    key = eval(key)
    check(lambda x: x[key], [A], lambda x: x[key])


@pytest.mark.parametrize("key", KEYS[:16])
def test_getitem_of_unknown_rank(key):
    key = eval(key)
    check(lambda x: x[key], [A], lambda x: x[key], unknown=["rank"])


@pytest.mark.parametrize("key", KEYS)
def test_getitem_gradient(key):
    key = eval(key)
    check_gradients(lambda x: x[key] * x[key], [F], order=1)


def test_getitem_second_order():
    check_gradients(lambda x: x[1:, ::-1, 0] * x[:-1, :, 1], [F[:, :2, :2]])


def test_runtime_indices():
    """Indices that only the running program knows."""
    i, j = np.int32(1), np.int64(-2)
    check(lambda x, i: x[i], [A, i], A[1])
    check(lambda x, i: x[:, i], [A, i], A[:, 1])
    check(lambda x, i, j: x[i, 1:3, j], [A, j, i], A[-2, 1:3, 1])
    check(lambda x, i: x[..., i, None], [A, np.int32(-1)], A[..., -1, None])
    check(lambda x, i: x[i, ::-2], [A, i], A[1, ::-2])
    check_gradients(lambda x, i: x[i, 1:] * x[0, 1:], [F[:2, :3, 0], i])
    with pytest.raises(NeedsValue):  # how long the result is, is not known: the compiler computes `i` first
        compiled(lambda x, i: x[i:], [A, i])
    assert tf.constant(A)[tf.constant(i) :].shape == (2, 4, 5)


def test_sizes_of_unknown_dims():
    check(lambda x: x[: tf.shape(x)[0] - 1], [A], A[:-1])
    check(lambda x: x[tf.shape(x)[0] // 2 :, 1], [A], A[1:, 1])
    check(lambda x: tf.reshape(x, [tf.shape(x)[0] * 2, -1])[1:], [A], A.reshape(6, -1)[1:])


def test_masks():
    x = tf.constant(A)
    assert x[x > 30].numpy().tolist() == A[A > 30].tolist()
    assert tf.boolean_mask(A, [True, False, True, False], axis=1).numpy().tolist() == A[:, [0, 2]].tolist()
    with pytest.raises(ValueError, match="scalar"):
        tf.boolean_mask(A, True)
    with pytest.raises(ValueError, match="incompatible"):
        tf.boolean_mask(A, [True, False])
    mask = tf.constant([[True, False, True], [False, True, True]])
    y = tf.constant(F[0, :2, :3])
    with tf.GradientTape() as tape:
        tape.watch(y)
        total = tf.boolean_mask(y, mask) * 2.0
    assert tape.gradient(total, y).numpy().tolist() == [[2, 0, 2], [0, 2, 2]]


@pytest.mark.parametrize("key", ["3", "(0, 0, 0, 0)", "(..., ...)", "-4", "slice(None, None, 0)"])
def test_getitem_misuse(key):
    with pytest.raises(tf.errors.InvalidArgumentError):
        tf.constant(A)[eval(key)]


@pytest.mark.parametrize("key", ["'a'", "1.5", "np.array([0, 1])"])
def test_getitem_of_nonsense(key):
    with pytest.raises(TypeError, match="valid indices"):
        tf.constant(A)[eval(key)]


SLICES = {
    "slice": (lambda x: tf.slice(x, [1, 0, 2], [2, -1, 2]), [A], A[1:, :, 2:4]),
    "slice at": (lambda x, i: tf.slice(x, [i, 0, 1], [2, -1, -1]), [A, np.int32(1)], A[1:, :, 1:]),
    "slice vector": (lambda x, b: tf.slice(x, b, [1, 2, 3]), [A, np.array([2, 1, 0])], A[2:, 1:3, :3]),
    "strided": (lambda x: tf.strided_slice(x, [0, 3, 0], [3, 0, 5], [1, -2, 2]), [A], A[:, 3:0:-2, ::2]),
    "begin, end masks": (
        lambda x: tf.strided_slice(x, [1, 1, 1], [2, 2, 2], begin_mask=2, end_mask=4),
        [A],
        A[1:2, :2, 1:],
    ),
    "shrink": (lambda x: tf.strided_slice(x, [1, 2], [2, 3], shrink_axis_mask=1), [A], A[1, 2:3]),
    "ellipsis": (lambda x: tf.strided_slice(x, [0, 1], [1, 3], ellipsis_mask=1), [A], A[..., 1:3]),
    "new axis": (
        lambda x: tf.strided_slice(x, [0, 1, 0], [0, 3, 0], new_axis_mask=1, end_mask=4),
        [A],
        A[None, 1:3, 0:],
    ),
    "grad op": (
        lambda g: tf.raw_ops.StridedSliceGrad(shape=[3, 4], begin=[2, 0], end=[0, 4], strides=[-1, 2], dy=g),
        [F[:2, :2, 0]],
        lambda g: (lambda z: (z.__setitem__((slice(2, 0, -1), slice(0, 4, 2)), g), z)[1])(
            np.zeros((3, 4), np.float32)
        ),
    ),
    "update": (
        lambda x, v: tf.raw_ops.TensorStridedSliceUpdate(
            input=x, begin=[1, 0], end=[3, 4], strides=[1, 2], value=v
        ),
        [A[..., 0], A[:2, :2, 1]],
        lambda x, v: (lambda z: (z.__setitem__((slice(1, 3), slice(0, 4, 2)), v), z)[1])(x.copy()),
    ),
    "update reversed": (
        lambda x, v: tf.raw_ops.TensorStridedSliceUpdate(input=x, begin=[2], end=[0], strides=[-1], value=v),
        [A[:, 0, 0], A[0, 0, 3:]],
        lambda x, v: np.array([x[0], v[1], v[0]]),
    ),
}


@pytest.mark.parametrize("case", SLICES)
def test_slices(case):
    check(*SLICES[case])


def test_slice_gradients():
    check_gradients(lambda x: tf.slice(x, [1, 0], [1, 2]) ** 2.0, [F[:2, :2, 0] ** 2])
    check_gradients(
        lambda x, v: (
            tf.raw_ops.TensorStridedSliceUpdate(input=x, begin=[1], end=[3], strides=[1], value=v) * 2.0
        ),
        [F[:, 0, 0], F[1, :2, 0]],
    )


I = np.array([[2, 0], [1, 2]])
GATHERS = {
    "rows": (tf.gather, [A, np.array([2, 0, 2])], lambda x, i: x[i]),
    "one row": (tf.gather, [A, np.int64(1)], lambda x, i: x[1]),
    "matrix": (tf.gather, [F, I], lambda x, i: x[i]),
    "axis 1": (lambda x, i: tf.gather(x, i, axis=1), [A, I], lambda x, i: x[:, i]),
    "axis -1": (lambda x, i: tf.gather(x, i, axis=-1), [A, I], lambda x, i: x[..., i]),
    "none": (tf.gather, [A, np.zeros((0, 2), np.int32)], np.zeros((0, 2, 4, 5))),
    "batch 1": (
        lambda x, i: tf.gather(x, i, batch_dims=1),
        [A, np.array([[0, 3], [1, 1], [2, 0]])],
        lambda x, i: np.stack([r[k] for r, k in zip(x, i)]),
    ),
    "batch 1 axis 2": (
        lambda x, i: tf.gather(x, i, axis=2, batch_dims=1),
        [A, np.array([[0, 4], [1, 1], [2, 0]])],
        lambda x, i: np.stack([r[:, k] for r, k in zip(x, i)]),
    ),
    "batch 2": (lambda x, i: tf.gather(x, i, batch_dims=2, axis=-1), [A, np.full((3, 4, 1), 2)], A[..., 2:3]),
    "batch -1": (
        lambda x, i: tf.gather(x, i, axis=1, batch_dims=-1),
        [A, np.array([[1], [0], [3]])],
        lambda x, i: np.stack([r[k] for r, k in zip(x, i)]),
    ),
    "nd": (tf.gather_nd, [A, np.array([[0, 1], [2, 3]])], lambda x, i: x[[0, 2], [1, 3]]),
    "nd all": (tf.gather_nd, [A, np.array([0, 1, 2])], A[0, 1, 2]),
    "nd rows": (tf.gather_nd, [F, np.array([[[1]], [[0]]])], lambda x, i: x[i[..., 0]]),
    "nd nothing": (tf.gather_nd, [A[0, 0], np.zeros((2, 0), np.int32)], lambda x, i: np.stack([x, x])),
    "nd batch": (
        lambda x, i: tf.gather_nd(x, i, batch_dims=1),
        [A, np.array([[1, 2], [0, 0], [3, 4]])],
        lambda x, i: np.array([x[k][tuple(j)] for k, j in enumerate(i)]),
    ),
    "nd batch 2": (
        lambda x, i: tf.gather_nd(x, i, batch_dims=2),
        [A, np.full((3, 4, 2, 1), 3)],
        lambda x, i: x[:, :, [3, 3]],
    ),
    "nd ignore": (
        lambda x, i: tf.gather_nd(x, i, bad_indices_policy="IGNORE"),
        [F[0], np.array([[0], [9]])],
        lambda x, i: np.stack([x[0], 0 * x[0]]),
    ),
}


@pytest.mark.parametrize("case", GATHERS)
def test_gather(case):
    check(*GATHERS[case])


@pytest.mark.parametrize("case", ["rows", "matrix", "nd", "nd rows"])
def test_gather_unknown_rank(case):
    check(*GATHERS[case], unknown=["rank"])


@pytest.mark.parametrize(
    "case",
    [
        "rows",
        "one row",
        "matrix",
        "axis 1",
        "axis -1",
        "batch 1",
        "batch 1 axis 2",
        "batch 2",
        "nd",
        "nd all",
        "nd rows",
        "nd batch",
        "none",
    ],
)
def test_gather_gradient(case):
    fn, (x, i), _ = GATHERS[case]
    check_gradients(lambda x, i: fn(x, i) * fn(x, i), [np.asarray(x) * 0.1, i], order=1)


@pytest.mark.parametrize("unknown", ["dims"])
@pytest.mark.parametrize("case", ["rows", "axis 1", "batch 1", "batch 1 axis 2", "nd", "nd rows"])
def test_gather_gradient_unknown(case, unknown):
    fn, (x, i), _ = GATHERS[case]

    def gradient(x, i):
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = fn(x, i) * fn(x, i)
        return tf.convert_to_tensor(tape.gradient(y, x))

    x = np.asarray(x, np.float64)
    np.testing.assert_allclose(
        compiled(gradient, [x, i], unknown).numpy(), gradient(tf.constant(x), tf.constant(i)).numpy()
    )


def test_gather_second_order():
    check_gradients(lambda x, i: tf.gather(x, i) ** 3.0, [F[:2, :2, 0] ** 2 + 0.1, np.array([1, 1, 0])])


def test_gather_gradient_is_sparse():
    x = tf.constant(F)
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = tf.gather(x, [[2, 0], [2, 2]])
    g = tape.gradient(y, x)
    assert (
        g.indices.numpy().tolist() == [2, 0, 2, 2]
        and g.values.shape == (4, 4, 5)
        and g.dense_shape.numpy().tolist() == [3, 4, 5]
    )
    assert tf.convert_to_tensor(g).numpy()[:, 0, 0].tolist() == [1, 0, 3]


@pytest.mark.parametrize("index", [3, -1, [0, 7], [[0], [-2]]])
def test_gather_out_of_range(index):
    with pytest.raises(tf.errors.InvalidArgumentError, match="not in"):
        tf.gather(A, index)


@pytest.mark.parametrize("index", [[[0, 4]], [[3]], [[-1, 0]], [[0, 0, 0, 0]]])
def test_gather_nd_out_of_range(index):
    with pytest.raises(tf.errors.InvalidArgumentError):
        tf.gather_nd(A, index)


def test_compiled_gather_clamps():
    """As TensorFlow's XLA programs do."""
    assert (
        compiled(tf.gather, [F[:, 0, 0], np.array([0, 7, -3])]).numpy().tolist()
        == F[[0, 2, 0], 0, 0].tolist()
    )


def _put(x, i, v, how):
    x = x.copy()
    for at in np.ndindex(i.shape[:-1]):
        k, u = i[at], v[at]
        x[tuple(k)] = how(x[tuple(k)], u)
    return x


HOW = {"add": np.add, "sub": np.subtract, "max": np.maximum, "min": np.minimum, "update": lambda a, b: b}
NDS = {
    "rows": (np.array([[2], [0], [2]]), (3, 4)),
    "cells": (np.array([[2, 1], [0, 3], [2, 1]]), (3,)),
    "grid": (np.array([[[1], [0]], [[1], [2]]]), (2, 2, 4)),
    "none": (np.zeros((0, 2), np.int32), (0,)),
    "all": (np.zeros((2, 0), np.int32), (2, 3, 4)),
}


@pytest.mark.parametrize("nd", NDS)
@pytest.mark.parametrize("how", HOW)
@pytest.mark.parametrize("dtype", ["float32", "int64"])
def test_tensor_scatter(how, nd, dtype):
    indices, shape = NDS[nd]
    x = (F[..., 0] * 10).astype(dtype)
    if how == "update" and nd != "none":
        indices = indices if nd != "all" else indices[:1]
        shape = shape if nd != "all" else (1, 3, 4)
        updates = np.broadcast_to(
            (RNG.normal(size=shape[-1:]) * 10).astype(dtype), shape
        )  # equal for repeated indices: their order is not defined
    else:
        updates = (RNG.normal(size=shape) * 10).astype(dtype)
    check(
        getattr(tf, f"tensor_scatter_nd_{how}"),
        [x, indices, updates],
        lambda x, i, v: _put(x, i, v, HOW[how]),
    )
    if how == "add" and nd != "all":
        check(
            lambda i, v: tf.scatter_nd(i, v, [3, 4]),
            [indices, updates],
            lambda i, v: _put(np.zeros((3, 4), dtype), i, v, np.add),
        )


@pytest.mark.parametrize("how", HOW)
def test_tensor_scatter_gradient(how):
    indices = np.array([[1], [0]]) if how == "update" else np.array([[1], [0], [1]])
    check_gradients(
        lambda x, i, v: getattr(tf, f"tensor_scatter_nd_{how}")(x, i, v) * 2.0,
        [F[0, :3, 0], indices, F[1, : len(indices), 1]],
    )


def test_scatter_nd_gradient():
    check_gradients(
        lambda i, v: tf.scatter_nd(i, v, [3, 2]) ** 2.0, [np.array([[1], [1]]), F[:2, :2, 0] ** 2 + 0.5]
    )


def test_scatter_out_of_range():
    for f in (tf.tensor_scatter_nd_add, tf.tensor_scatter_nd_update):
        with pytest.raises(tf.errors.InvalidArgumentError):
            f(A, [[3]], A[:1])
    assert tf.tensor_scatter_nd_add([1, 2], [[5], [0]], [9, 9], "IGNORE").numpy().tolist() == [10, 2]
    assert tf.scatter_nd([[5], [0]], [9, 9], [2], "IGNORE").numpy().tolist() == [9, 0]
    with pytest.raises(tf.errors.InvalidArgumentError, match="shape of updates"):
        tf.tensor_scatter_nd_update(A, [[0], [1]], A)


@pytest.mark.parametrize("dtype", ["bool", "float16", "bfloat16", "complex64", "uint8", "int16"])
def test_dtypes(dtype):
    x = A[:2, :2, 0].astype(tf.as_dtype(dtype).as_numpy_dtype)
    i = np.array([[1], [0], [1]])
    check(tf.gather, [x, i[:, 0]], lambda x, i: x[i], unknown=["none"])
    check(lambda x, i: x[:, ::-1], [x, i], lambda x, i: x[:, ::-1], unknown=["none"])
    if dtype != "bool":
        check(lambda i, v: tf.scatter_nd(i, v, [2, 2]), [i, np.stack([x[0], x[1], x[1]])], unknown=["none"])


def test_strings():
    x = tf.constant([["a", "b"], ["c", "d"]])
    assert x[1, 0].numpy() == b"c" and tf.gather(x, [1]).numpy().tolist() == [[b"c", b"d"]]
    assert tf.gather_nd(x, [[0, 1]]).numpy().tolist() == [b"b"]
    assert tf.tensor_scatter_nd_update(x, [[0]], [["z", "y"]]).numpy().tolist() == [
        [b"z", b"y"],
        [b"c", b"d"],
    ]
    assert tf.where([True, False], "x", ["u", "v"]).numpy().tolist() == [b"x", b"v"]


def test_where():
    assert tf.where(A > 57).numpy().tolist() == [[2, 3, 3], [2, 3, 4]]
    assert tf.where([0.0, float("nan"), 2.0]).numpy().tolist() == [[1], [2]]
    check(lambda c, x: tf.where(c, x, 0.5), [A > 30, F], lambda c, x: np.where(c, x, np.float32(0.5)))
    with pytest.raises(ValueError, match="both"):
        tf.where([True], 1)
