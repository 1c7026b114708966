"""Quantisation: eager, compiled, and gradients."""

from __future__ import annotations

import numpy as np
import pytest

import headrace as tf
from tests.ops.harness import check, close

X = np.array([[-10.0, -6.0, -0.1], [0.0, 0.03, 7.0]], np.float32)
Q = tf.quantization


@pytest.mark.parametrize("narrow", [False, True])
@pytest.mark.parametrize("limits", [(-6.1, 6.0), (0.5, 2.0), (-3.0, -1.0), (0.0, 0.0)])
def test_fake_quant(limits, narrow):
    low, high = np.float32(limits[0]), np.float32(limits[1])
    out = check(lambda x, a, b: Q.fake_quant_with_min_max_vars(x, a, b, 4, narrow), [X, low, high])
    assert len(np.unique(out.numpy())) <= 16 and (out.numpy()[X == 0] == 0).all()
    check(lambda x, a, b: Q.fake_quant_with_min_max_vars_gradient(x, x, a, b), [X, low, high])
    check(lambda x: Q.fake_quant_with_min_max_args(x, -1.0, 3.0), [X])


def test_fake_quant_gradient():
    x, low, high = tf.constant(X), tf.constant(-1.0), tf.constant(2.0)
    with tf.GradientTape() as tape:
        tape.watch([x, low, high])
        y = Q.fake_quant_with_min_max_vars(x, low, high)
    dx, dlow, dhigh = tape.gradient(y, [x, low, high])
    close(dx, ((X > -1) & (X < 2)).astype(np.float32))
    assert float(dlow) == 2.0 and float(dhigh) == 1.0


def test_per_channel():
    low, high = np.array([-1.0, -2.0, -6.0], np.float32), np.array([1.0, 1.0, 5.0], np.float32)
    check(Q.fake_quant_with_min_max_vars_per_channel, [X, low, high])
    with pytest.raises(tf.errors.InvalidArgumentError, match="last dimension"):
        Q.fake_quant_with_min_max_vars_per_channel(X, [0.0], [1.0])


@pytest.mark.parametrize("axis", [None, 0, 1])
@pytest.mark.parametrize("given", [False, True])
def test_round_trip(given, axis):
    n = {None: (), 0: (2,), 1: (3,)}[axis]
    low, high = np.full(n, -4.0, np.float32), np.full(n, 5.0, np.float32)
    for f in (Q.quantize_and_dequantize, Q.quantize_and_dequantize_v2):
        check(
            lambda x, a, b, f=f: f(x, a, b, range_given=given, axis=axis, num_bits=4),
            [X, low, high],
            unknown=["none"],
        )


@pytest.mark.parametrize("kind", ["qint8", "quint8", "qint16", "quint16", "qint32"])
@pytest.mark.parametrize("mode", ["MIN_COMBINED", "MIN_FIRST", "SCALED"])
def test_there_and_back(kind, mode):
    x = X if kind[0] != "q" or kind[1] != "u" or mode != "SCALED" else np.abs(X)
    q = Q.quantize(x, x.min(), x.max(), kind, mode=mode)
    assert q.output.dtype == kind
    close(Q.dequantize(*q, mode=mode), x, atol=17 / 250)
