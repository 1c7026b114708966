"""Layers of `tf.contrib.layers` where TensorFlow 1.15 on a CPU gives nothing to compare with."""

import numpy as np
import pytest

import headrace
from headrace.v1.contrib import layers
from headrace.v1.contrib.losses import metric_learning

v1 = headrace.compat.v1


def test_divisive_normalization_with_channels_first():
    x = np.random.RandomState(0).uniform(-1, 1, [2, 3, 4, 5]).astype("float32")
    with headrace.Graph().as_default(), v1.Session() as sess:
        first = layers.gdn(v1.constant(x), data_format="channels_first", name="a")
        last = layers.gdn(v1.constant(x.transpose(0, 2, 3, 1)), name="b")
        sess.run(v1.global_variables_initializer())
        first, last = sess.run([first, last])
    np.testing.assert_allclose(first, last.transpose(0, 3, 1, 2), rtol=1e-6)
    with pytest.raises(ValueError, match="data_format"):
        layers.GDN(data_format="NHWC")


def test_recomputation_refuses_what_it_cannot_differentiate():
    with headrace.Graph().as_default():
        outside = v1.constant(1.0)
        with pytest.raises(ValueError, match="outside"):
            layers.recompute_grad(lambda x: x * outside)
        with pytest.raises(ValueError, match="must be tensors"):
            layers.recompute_grad(lambda x: x)(1.0)


def test_labels_of_embeddings():
    x = np.eye(3, dtype="float32")
    with headrace.Graph().as_default():
        with pytest.raises(ValueError, match="vector"):
            metric_learning.triplet_semihard_loss([[1], [2], [3]], x)
        with pytest.raises(TypeError, match="SparseTensor"):
            metric_learning.npairs_loss_multilabel([[1, 0, 0]], x, x)
