"""Loss scales of 1.x, and the optimizer that uses them."""

from __future__ import annotations

import logging

import numpy as np
import pytest

import headrace as tf

v1 = tf.compat.v1
experimental = v1.train.experimental


def test_a_scale_that_adapts():
    with tf.Graph().as_default(), v1.Session() as sess:
        factor = v1.placeholder(tf.float32, [])
        v = v1.get_variable("v", initializer=2.0)
        step = v1.train.get_or_create_global_step()
        scale = experimental.DynamicLossScale(4.0, increment_period=2)
        opt = experimental.MixedPrecisionLossScaleOptimizer(v1.train.MomentumOptimizer(0.1, 0.9), scale)
        train = opt.minimize(v * v * factor, step)
        sess.run(v1.global_variables_initializer())
        seen = []
        for value in (1.0, 1.0, 1.0, np.inf, np.nan, 1.0, -1.0, 1.0):
            sess.run(train, {factor: value})
            seen.append(sess.run([v, scale(), step]))
    # What TensorFlow gives.
    assert [s[1:] for s in seen] == [[4, 1], [8, 2], [8, 3], [4, 3], [2, 3], [2, 4], [4, 5], [4, 6]]
    assert seen[3][0] == seen[2][0] and abs(seen[-1][0] + 1.8376441) < 1e-5


def test_eagerly():
    v = tf.Variable(1.0)
    opt = experimental.MixedPrecisionLossScaleOptimizer(v1.train.GradientDescentOptimizer(0.5), "dynamic")
    opt.minimize(lambda: v * v, var_list=[v])
    assert v.numpy() == 0.0
    opt.minimize(lambda: v * np.inf, var_list=[v])
    assert v.numpy() == 0.0 and opt._loss_scale() == 2.0**14


def test_a_scale_that_stays():
    scale = experimental.FixedLossScale(8)
    assert scale() == 8.0 and scale.update([tf.constant(1.0)])[1] is True
    assert scale.from_config(scale.get_config()).get_config() == {"loss_scale_value": 8.0}
    v = tf.Variable(1.0)
    opt = v1.mixed_precision.MixedPrecisionLossScaleOptimizer(v1.train.GradientDescentOptimizer(0.25), 128.0)
    opt.minimize(lambda: v * v, var_list=[v])
    assert v.numpy() == 0.5


def test_rewriting_warns(caplog):
    with caplog.at_level(logging.WARNING, logger="headrace"):
        opt = v1.mixed_precision.enable_mixed_precision_graph_rewrite(v1.train.AdamOptimizer())
    assert "no rewrite" in caplog.text.replace("is no rewrite", "no rewrite")
    with pytest.raises(ValueError, match="already"):
        v1.mixed_precision.enable_mixed_precision_graph_rewrite(opt)


@pytest.mark.parametrize(
    "make",
    [
        lambda: experimental.FixedLossScale(0.5),
        lambda: experimental.FixedLossScale("8"),
        lambda: experimental.MixedPrecisionLossScaleOptimizer(3, 4.0),
        lambda: experimental.MixedPrecisionLossScaleOptimizer(v1.train.AdamOptimizer(), None),
        lambda: experimental.MixedPrecisionLossScaleOptimizer(v1.train.AdamOptimizer(), "static"),
    ],
)
def test_what_is_none(make):
    with pytest.raises(ValueError):
        make()
