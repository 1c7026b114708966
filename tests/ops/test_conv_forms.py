"""Convolutions under further op types, the largest elements, rows of ragged values: against the ops they are made of."""

from __future__ import annotations

import numpy as np
import pytest

import headrace as tf
from headrace.ops.hashing import fingerprint64
from headrace.ops.sdca import LOSSES
from tests.ops.harness import check, check_gradients

RAW = tf.raw_ops


def normal(*shape: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=shape).astype(np.float32)


def test_conv_with_several_batch_dimensions():
    x, w = normal(2, 3, 5, 6, 2), normal(2, 3, 2, 4, seed=1)
    whole = lambda x, w: tf.conv(x, w, [1, 2, 1, 1], "SAME", batch_dims=2)
    flat = tf.nn.conv2d(x.reshape(6, 5, 6, 2), w, [1, 2, 1, 1], "SAME").numpy()
    check(whole, [x, w], flat.reshape(2, 3, 3, 6, 4))
    check_gradients(whole, [x, w], order=1)


@pytest.mark.parametrize("padding", ["SAME", "VALID", "EXPLICIT"])
def test_conv_of_volumes(padding):
    x, w = normal(1, 4, 5, 4, 2), normal(2, 2, 2, 2, 3, seed=1)
    amounts = [0, 0, 1, 0, 0, 2, 1, 1, 0, 0] if padding == "EXPLICIT" else []
    given = np.pad(x, np.reshape(amounts, (5, 2))) if amounts else x
    expected = tf.nn.conv3d(given, w, [1] * 5, "VALID" if amounts else padding).numpy()
    check(lambda x, w: tf.conv(x, w, [1] * 5, padding, explicit_paddings=amounts), [x, w], expected)


def test_conv_in_groups_and_with_channels_first():
    x, w = normal(2, 4, 5, 6), normal(2, 2, 2, 4, seed=1)
    last = np.moveaxis(x, 1, -1)
    expected = tf.nn.conv2d(last, w, 1, "SAME").numpy()
    check(lambda x, w: tf.conv(x, w, [1] * 4, "SAME", groups=2), [last, w], expected)
    check(
        lambda x, w: tf.conv(x, w, [1] * 4, "SAME", data_format="CHANNELS_FIRST", groups=2), [x, w],
        np.moveaxis(expected, -1, 1),
    )  # fmt: skip
    with pytest.raises(tf.errors.InvalidArgumentError, match="depth"):
        tf.conv(last, w, [1] * 4, "SAME")
    with pytest.raises(tf.errors.InvalidArgumentError, match="2 or 3 spatial"):
        tf.conv(last, w, [1] * 3, "SAME")
    with pytest.raises(tf.errors.InvalidArgumentError, match="dimensions"):
        tf.conv(last, w, [1] * 4, "SAME", batch_dims=2)


def test_gradients_that_take_the_whole_of_what_they_are_of():
    x, w = normal(2, 5, 6, 2), normal(2, 3, 2, 4, seed=1)
    g = tf.nn.conv2d(x, w, 1, "SAME").numpy()
    options = {"strides": [1, 1, 1, 1], "padding": "SAME"}
    sizes = RAW.Conv2DBackpropFilter(input=x, filter_sizes=w.shape, out_backprop=g, **options).numpy()
    check(lambda x, w, g: tf.conv2d_backprop_filter_v2(x, w, g, **options), [x, w, g], sizes)
    sizes = RAW.Conv2DBackpropInput(input_sizes=x.shape, filter=w, out_backprop=g, **options).numpy()
    check(lambda x, w, g: tf.conv2d_backprop_input_v2(x, w, g, **options), [x, w, g], sizes)


@pytest.mark.parametrize("largest", [True, False])
@pytest.mark.parametrize("axis", [-1, 0, 1])
def test_the_largest_elements(largest, axis):
    x = normal(4, 5, 6)
    order = np.argsort(-x if largest else x, axis, kind="stable")
    at = np.take(order, range(2), axis)
    check(
        lambda x: list(tf.approx_top_k(x, 2, axis, is_max_k=largest)), [x],
        [np.take_along_axis(x, at, axis), at.astype(np.int32)],
    )  # fmt: skip


def test_quantised_ops_in_a_function():
    @tf.function
    def run(x):
        q, low, high = tf.quantization.quantize(x, -1.0, 1.0, tf.quint8)
        y = RAW.QuantizedMatMul(a=q, b=q, min_a=low, max_a=high, min_b=low, max_b=high)
        z = RAW.QuantizeDownAndShrinkRange(
            input=y.out, input_min=y.min_out, input_max=y.max_out, out_type=tf.quint8
        )
        return tf.quantization.dequantize(*z, mode="MIN_FIRST")

    x = np.random.default_rng(0).uniform(-1, 1, (6, 6)).astype(np.float32)
    np.testing.assert_allclose(run(x), x @ x, atol=0.05)


def test_each_loss_of_dual_ascent_has_its_dual():
    """The dual value is the conjugate of the primal one: never above minus it, and equal at the best dual variable."""
    for name, loss in LOSSES.items():
        y = loss.label(1.0)
        for wx in (-2.0, -0.3, 0.4, 3.0):
            best = -loss.slope(wx, y)
            assert abs(loss.primal_value(wx, y) + loss.dual_value(best, y) + best * wx) < 1e-9, name


def test_words_of_hashes():
    assert fingerprint64(np.zeros((2, 0), np.uint8)).tolist() == [0x9AE16A3B2F90404F] * 2
    ids = tf.compat.v1.train.sdca_fprint([b"", b"a" * 300]).numpy()
    assert ids.shape == (2, 2) and (ids[:, 0] != ids[:, 1]).all()
