"""Reductions, running sums, counting: host kernel, lowering and NumPy agree; gradients to second order."""

from __future__ import annotations

import numpy as np
import pytest

import headrace as tf
from tests.ops.harness import check, check_gradients, close, compiled

nan, inf = np.nan, np.inf
X = np.random.default_rng(0).normal(size=(2, 3, 4)).astype(np.float32)
AXES = [None, 0, -1, [0, 2], [], (1, 0, 2)]
REDUCTIONS = {
    "reduce_sum": np.sum, "reduce_mean": np.mean, "reduce_prod": np.prod, "reduce_max": np.max,
    "reduce_min": np.min, "reduce_variance": np.var, "reduce_std": np.std,
    "reduce_euclidean_norm": lambda x, axis, keepdims: np.sqrt(np.sum(x * x, axis, keepdims=keepdims)),
    "reduce_logsumexp": lambda x, axis, keepdims: np.log(np.sum(np.exp(x), axis, keepdims=keepdims)),
}  # fmt: skip


@pytest.mark.parametrize("keepdims", [False, True])
@pytest.mark.parametrize("axis", AXES, ids=str)
@pytest.mark.parametrize("name", REDUCTIONS)
def test_reduction(name, axis, keepdims):
    reference = REDUCTIONS[name](X, axis=tuple(axis) if isinstance(axis, list) else axis, keepdims=keepdims)
    check(lambda x: getattr(tf.math, name)(x, axis, keepdims), [X], reference, rtol=1e-5, unknown=("dims",))


@pytest.mark.parametrize("name", ["reduce_sum", "reduce_mean", "reduce_max", "reduce_logsumexp"])
def test_unknown_rank(name):
    check(lambda x: getattr(tf.math, name)(x), [X], unknown=("rank",))
    check(lambda x: getattr(tf.math, name)(x, [1], True), [X], unknown=("rank",))


def test_axes_as_tensors():
    for dtype in (tf.int32, tf.int64):
        close(tf.reduce_sum(X, tf.constant([0, -1], dtype)), X.sum((0, 2)))
    close(tf.reduce_sum(X, tf.constant(1)), X.sum(1))
    close(compiled(lambda x: tf.reduce_sum(x, tf.range(tf.rank(x) - 1)), [X], "rank"), X.sum((0, 1)))


@pytest.mark.parametrize("name", ["reduce_sum", "reduce_max"])
def test_wrong_axes(name):
    for axis, message in (
        (3, "Invalid reduction dimension"),
        (-4, "Invalid reduction dimension"),
        ([0, 0], "duplicate"),
        ([0, -3], "duplicate"),
    ):
        with pytest.raises(tf.errors.InvalidArgumentError, match=message):
            getattr(tf, name)(X, axis)
        with pytest.raises(ValueError, match=message):
            compiled(lambda x, axis=axis: getattr(tf, name)(x, axis), [X])


@pytest.mark.parametrize(
    "dtype", ["int8", "int32", "int64", "uint8", "uint64", "float16", "bfloat16", "float64"]
)
@pytest.mark.parametrize("name", ["reduce_sum", "reduce_prod", "reduce_max", "reduce_min", "reduce_mean"])
def test_types(name, dtype):
    x = tf.constant([[1, 2, 4], [100, 100, 2]], dtype).numpy()
    exact = REDUCTIONS[name](x.astype(np.float64), axis=1, keepdims=False)
    expected = np.trunc(exact).astype(np.int64).astype(x.dtype) if x.dtype.kind in "iu" else exact
    check(
        lambda x: getattr(tf, name)(x, 1),
        [x],
        expected,
        rtol=1e-2 if dtype in ("float16", "bfloat16") else 1e-12,
        unknown=("none",),
    )


def test_sums_of_short_floats_do_not_stall():
    x = np.ones(4096, np.float16)
    check(lambda x: tf.reduce_sum(x), [x], np.float16(4096), unknown=("none",))
    check(
        lambda x: tf.reduce_mean(x),
        [tf.constant(np.full(100000, 2.0), tf.bfloat16).numpy()],
        2.0,
        unknown=("none",),
    )


def test_of_nothing():
    empty = np.zeros((0, 3), np.float32)
    for name, value in (
        ("reduce_sum", 0),
        ("reduce_prod", 1),
        ("reduce_max", -inf),
        ("reduce_min", inf),
        ("reduce_mean", nan),
    ):
        check(lambda x, name=name: getattr(tf, name)(x, 0), [empty], np.full(3, value))
    check(lambda x: tf.reduce_max(x), [np.zeros(0, np.int32)], np.int32(-(2**31)))
    check(lambda x: tf.reduce_mean(x), [np.zeros(0, np.int32)], np.int32(0))
    check(lambda x: tf.reduce_all(x), [np.zeros(0, bool)], np.True_)
    check(lambda x: tf.reduce_max(x, 1), [empty], np.zeros(0))


def test_nan_and_infinity():
    x = np.array([[1.0, nan, 3.0], [-inf, inf, 0.0], [nan, nan, nan]], np.float32)
    for name in ("reduce_sum", "reduce_max", "reduce_min", "reduce_mean"):
        check(
            lambda x, name=name: getattr(tf, name)(x, 1),
            [x],
            lambda x, name=name: REDUCTIONS[name](x, axis=1, keepdims=False),
        )
    check(lambda x: tf.argmax(x, 1), [x[:2]], np.array([2, 1]))
    check(lambda x: tf.argmin(x, 1), [x[:2]], np.array([0, 0]))
    check(lambda x: tf.reduce_logsumexp(x), [np.array([-inf, -inf], np.float32)], np.float32(-inf))
    check(
        lambda x: tf.reduce_logsumexp(x),
        [np.array([1000.0, 1000.0], np.float32)],
        np.float32(1000 + np.log(2)),
    )


def test_logic():
    x = np.array([[True, False], [True, True]])
    check(lambda x: tf.reduce_all(x, 0), [x], x.all(0))
    check(lambda x: tf.reduce_any(x, 1, keepdims=True), [x], x.any(1, keepdims=True))
    with pytest.raises(tf.errors.InvalidArgumentError):
        tf.reduce_all([1, 0])
    with pytest.raises(tf.errors.InvalidArgumentError):
        tf.reduce_sum([True])


def test_complex():
    z = np.array([[1 + 1j, 2.0], [0.5j, -1.0]], np.complex64)
    check(lambda z: tf.reduce_sum(z, 0), [z], z.sum(0))
    check(lambda z: tf.reduce_prod(z, 0), [z], z.prod(0))
    check(
        lambda z: tf.math.reduce_euclidean_norm(z), [z], np.sqrt((np.abs(z) ** 2).sum()).astype(np.complex64)
    )
    check(lambda z: tf.math.reduce_variance(z), [z], np.var(z))
    with pytest.raises(TypeError):
        tf.math.reduce_variance([1, 2])


@pytest.mark.parametrize("name", REDUCTIONS)
@pytest.mark.parametrize("axis", [None, 1, [0, 1]], ids=str)
def test_gradient(name, axis):
    x = np.array([[0.5, -1.0, 2.0], [1.5, 0.25, -0.75]])
    check_gradients(lambda x: getattr(tf.math, name)(x, axis), [x])
    check_gradients(lambda x: getattr(tf.math, name)(x, axis, keepdims=True), [x], order=1)


@pytest.mark.parametrize("name", ["reduce_sum", "reduce_mean", "reduce_max", "reduce_prod"])
@pytest.mark.parametrize("how", ["dims", "rank"])
def test_gradient_of_unknown_shapes(name, how):
    def gradient(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = getattr(tf, name)(x, 1)
        return tape.gradient(y, x)

    x = tf.constant([[0.5, -1.0, 2.0], [1.5, 0.25, -0.75]])
    close(compiled(gradient, [x], how), gradient(x))


def test_gradient_of_products_with_zeros():
    check_gradients(lambda x: tf.reduce_prod(x, 1), [np.array([[2.0, 0.0, 3.0], [0.0, 0.0, 1.0]])], order=1)


def test_ties_share_the_gradient():
    x = tf.constant([1.0, 3.0, 3.0])
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = tf.reduce_max(x)
    assert tape.gradient(y, x).numpy().tolist() == [0.0, 0.5, 0.5]


# -------------------------------------------------------------------------------------------------- positions
@pytest.mark.parametrize("dtype", ["float32", "int32", "uint8", "bfloat16", "bool"])
def test_arg_extremes(dtype):
    x = tf.cast(tf.constant([[1, 5, 5], [0, 0, 1]]), dtype).numpy()
    wide = x.astype(np.float64)
    for axis in (0, -1):
        check(lambda x, axis=axis: tf.argmax(x, axis), [x], wide.argmax(axis))
        check(
            lambda x, axis=axis: tf.argmin(x, axis, output_type=tf.int32),
            [x],
            wide.argmin(axis).astype(np.int32),
        )


def test_arg_extremes_refuse():
    with pytest.raises(tf.errors.InvalidArgumentError, match="empty"):
        tf.argmax(tf.zeros([0, 3]), axis=0)
    with pytest.raises(tf.errors.InvalidArgumentError, match="Expected dimension"):
        tf.argmax([1, 2], axis=2)
    with pytest.raises(tf.errors.InvalidArgumentError, match="Expected dimension"):
        tf.argmax(5)
    with pytest.raises(TypeError):
        tf.argmax([1, 2], axis=0.5)
    check(lambda x: tf.argmax(x, 0), [np.array([-inf, -inf], np.float32)], np.int64(0))


def test_sums_of_lists():
    x, y = np.array([1.0, 2.0], np.float32), np.array([3.0, 4.0], np.float32)
    check(lambda x, y: tf.add_n([x, y, x]), [x, y], 2 * x + y)
    check(lambda x, y: tf.math.accumulate_n([x, y]), [x, y], x + y)
    check_gradients(lambda x, y: tf.add_n([x, y * x]), [x, y])
    for wrong in ([], tf.constant([1.0]), None):
        with pytest.raises(ValueError):
            tf.add_n(wrong)
    with pytest.raises(tf.errors.InvalidArgumentError):
        tf.add_n([tf.zeros([2]), tf.zeros([3])])
    with pytest.raises(TypeError):
        tf.math.accumulate_n([1, 2], tensor_dtype=tf.float32)


# ----------------------------------------------------------------------------------------------- running sums
@pytest.mark.parametrize("exclusive", [False, True])
@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize("axis", [0, 1, -1])
def test_running(axis, reverse, exclusive):
    x = np.array([[1, 2, 3, 4, 5], [6, 7, 8, 9, 10]], np.int32)

    def reference(accumulate, neutral):
        v = np.flip(x, axis) if reverse else x
        out = accumulate(v, axis)
        if exclusive:
            shape = list(x.shape)
            shape[axis] = 1
            out = np.concatenate([np.full(shape, neutral), np.delete(out, -1, axis)], axis)
        return np.flip(out, axis) if reverse else out

    check(lambda x: tf.cumsum(x, axis, exclusive, reverse), [x], reference(np.cumsum, 0))
    check(
        lambda x: tf.math.cumprod(x, axis, exclusive, reverse),
        [x],
        reference(np.cumprod, 1).astype(np.int32),
        unknown=("dims",),
    )
    f = (x / 4).astype(np.float32)
    check(lambda x: tf.math.cumulative_logsumexp(x, axis, exclusive, reverse), [f], unknown=("none",))
    if axis == -1:
        return  # is axis 1 from here on
    check_gradients(lambda x: tf.cumsum(x, axis, exclusive, reverse), [f[:, :3]], order=1)
    check_gradients(lambda x: tf.math.cumprod(x, axis, exclusive, reverse), [f[:, :3]], order=1)
    check_gradients(
        lambda x: tf.math.cumulative_logsumexp(x, axis, exclusive, reverse)[1:2, 1:2],
        [np.arange(9.0).reshape(3, 3) / 4],
        order=1,
    )


def test_running_edges():
    check(
        lambda x: tf.math.cumulative_logsumexp(x),
        [np.array([-inf, 0.0, -inf, inf], np.float32)],
        np.array([-inf, 0.0, 0.0, inf]),
    )
    check(lambda x: tf.cumsum(x), [np.zeros((0, 2), np.float32)], np.zeros((0, 2)))
    check(lambda x: tf.cumsum(x), [np.array([127, 1], np.int8)], np.array([127, -128], np.int8))
    check(lambda x: tf.cumsum(x), [np.ones(100, np.float32)], np.arange(1, 101))
    for wrong in ([1.0, 2.0], 5.0):
        with pytest.raises(tf.errors.InvalidArgumentError, match="Expected scan axis"):
            tf.cumsum(wrong, axis=1)


# --------------------------------------------------------------------------------------------------- counting
@pytest.mark.parametrize("dtype", ["int32", "int64", "float32", "float64"])
@pytest.mark.parametrize("boundaries", [[], [0.5], [-2.0, 0.0, 0.0, 2.0], np.linspace(-5, 5, 101).tolist()])
def test_bucketize(dtype, boundaries):
    bucketize = lambda x: tf.raw_ops.Bucketize(input=x, boundaries=boundaries)
    x = np.array([[-9, -2, 0, 0], [1, 2, 3, 9]], dtype)
    check(bucketize, [x], lambda x: np.searchsorted(np.float32(boundaries), x, "right").astype(np.int32))
    if "float" in dtype:
        special = np.array([np.nan, np.inf, -np.inf, -0.0], dtype)
        check(
            bucketize,
            [special],
            lambda x: np.searchsorted(np.float32(boundaries), x, "right").astype(np.int32),
        )


def test_bucketize_misuse():
    with pytest.raises(tf.errors.InvalidArgumentError, match="sorted"):
        tf.raw_ops.Bucketize(input=[1.0], boundaries=[2.0, 1.0])
    with pytest.raises(TypeError, match="Expected list for 'boundaries'"):
        tf.raw_ops.Bucketize(input=[1.0], boundaries=tf.constant([1.0]))


def test_bincount():
    assert tf.math.bincount([1, 1, 3]).numpy().tolist() == [0, 2, 0, 1]
    assert tf.math.bincount([1, 1, 3], minlength=5).numpy().tolist() == [0, 2, 0, 1, 0]
    assert tf.math.bincount([1, 1, 3], maxlength=2).numpy().tolist() == [0, 2]
    assert tf.math.bincount([1, 1, 3], weights=[1.0, 2.0, 4.0]).numpy().tolist() == [0.0, 3.0, 0.0, 4.0]
    assert tf.math.bincount([[1, 1], [2, 0]], axis=-1).numpy().tolist() == [[0, 2, 0], [1, 0, 1]]
    assert tf.math.bincount([[1, 1], [2, 0]], axis=-1, binary_output=True).numpy().tolist() == [
        [0, 1, 0],
        [1, 0, 1],
    ]
    assert tf.math.bincount(tf.constant([], tf.int32)).numpy().tolist() == []
    assert tf.math.bincount([1, 1], dtype=tf.float32).dtype == tf.float32
    with pytest.raises(tf.errors.InvalidArgumentError, match="non-negative"):
        tf.math.bincount([1, -1])
    with pytest.raises(ValueError):
        tf.math.bincount([1], weights=[1.0], binary_output=True)
    values, none = np.array([[1, 1, 7], [0, 2, 2]], np.int32), np.zeros(0, np.float32)
    dense = lambda v, w, **k: tf.raw_ops.DenseBincount(input=v, size=3, weights=w, **k)
    check(dense, [values, none], np.array([[0, 2, 0], [1, 0, 2]], np.float32))
    check(dense, [values, np.ones((2, 3), np.float32) * 2], np.array([[0, 4, 0], [2, 0, 4]], np.float32))
    check(lambda v, w: dense(v, w, binary_output=True), [values[0], none], np.array([0, 1, 0], np.float32))
    check(
        lambda v, w: tf.raw_ops.Bincount(arr=v, size=3, weights=w),
        [values, none],
        np.array([1, 2, 2], np.float32),
    )


def test_histograms():
    values = np.array([-1.0, 0.0, 1.5, 2.0, 5.0, 15.0], np.float32)
    ends = np.array([0.0, 5.0], np.float32)
    check(
        lambda v, r: tf.histogram_fixed_width(v, r, nbins=5),
        [values, ends],
        np.array([2, 1, 1, 0, 2], np.int32),
    )
    check(
        lambda v, r: tf.histogram_fixed_width_bins(v, r, nbins=5),
        [values, ends],
        np.array([0, 0, 1, 2, 4, 4], np.int32),
    )
    with pytest.raises(tf.errors.InvalidArgumentError, match="value_range"):
        tf.histogram_fixed_width(values, [5.0, 0.0])
    with pytest.raises(tf.errors.InvalidArgumentError, match="positive"):
        tf.histogram_fixed_width(values, [0.0, 5.0], nbins=0)


def test_confusion_matrix():
    assert tf.math.confusion_matrix([0, 1, 1], [0, 1, 0]).numpy().tolist() == [[1, 0], [1, 1]]
    weighted = tf.math.confusion_matrix(
        [0, 1, 1], [0, 1, 1], weights=[1.0, 2.0, 3.5], dtype=tf.float32, num_classes=3
    )
    assert weighted.numpy().tolist() == [[1.0, 0, 0], [0, 5.5, 0], [0, 0, 0]]
    for labels, classes, message in (([-1], None, "negative"), ([5], 3, "out of bound")):
        with pytest.raises(tf.errors.InvalidArgumentError, match=message):
            tf.math.confusion_matrix(labels, [0], num_classes=classes)


def test_in_top_k():
    predictions = np.array(
        [[0.1, 0.9, 0.3], [0.5, 0.5, 0.1], [0.1, 0.2, 0.3], [inf, 0.0, 0.0], [0.0, nan, 1.0]], np.float32
    )
    targets = np.array([1, 0, 5, 0, 2], np.int32)
    check(
        lambda t, p: tf.math.in_top_k(t, p, 1),
        [targets, predictions],
        np.array([True, True, False, False, False]),
    )
    check(
        lambda t, p: tf.raw_ops.InTopK(predictions=p, targets=t, k=3),
        [targets, predictions],
        np.array([True, True, False, False, False]),
    )


def test_count_nonzero():
    check(lambda x: tf.math.count_nonzero(x, 1), [np.array([[0, 1], [2, 3]])], np.array([1, 2]))
    assert tf.math.count_nonzero(["", "a"]).numpy() == 1
    assert tf.math.count_nonzero([True, False], dtype=tf.int32).dtype == tf.int32
