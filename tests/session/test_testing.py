"""`tf.compat.v1.test` and `resource_loader`."""

from __future__ import annotations

import os
import types
from unittest import mock

import numpy as np
import pytest

import headrace as tf

v1 = tf.compat.v1


def test_gradients_by_rule_and_by_differences():
    with tf.Graph().as_default(), v1.Session() as sess:
        x = v1.placeholder(tf.float64, [2, 3])
        w = v1.get_variable("w", [3, 2], tf.float64)
        y = tf.tanh(x @ w)
        sess.run(w.initializer)
        start = np.arange(6.0).reshape(2, 3) / 6
        exact, measured = v1.test.compute_gradient(x, [2, 3], y, [2, 2], start)
        assert exact.shape == (6, 4)
        np.testing.assert_allclose(exact, measured, atol=1e-6)
        assert v1.test.compute_gradient_error(x, [2, 3], y, [2, 2], start) < 1e-6
        pairs = v1.test.compute_gradient([x, w], [[2, 3], [3, 2]], y, [2, 2], [start, np.ones([3, 2])])
        assert [p[0].shape for p in pairs] == [(6, 4), (6, 4)]
        with pytest.raises(ValueError, match="x_init_value"):
            v1.test.compute_gradient(x, [2, 3], y, [2, 2], np.ones([3, 2]))
        with pytest.raises(ValueError, match="does not depend"):
            v1.test.compute_gradient(x, [2, 3], tf.stop_gradient(y), [2, 2], start)


def test_stubs_are_taken_back():
    class Thing:
        @staticmethod
        def one():
            return 1

        def two(self):
            return 2

    module = types.ModuleType("module")
    module.name = "old"
    with v1.test.StubOutForTesting() as stubs:
        stubs.Set(Thing, "one", lambda: 10)
        stubs.SmartSet(Thing(), "two", lambda self: 20)
        stubs.SmartSet(module, "name", "new")
        assert (Thing.one(), Thing().two(), module.name) == (10, 20, "new")
        with pytest.raises(AttributeError):
            stubs.Set(module, "no", 1)
        with pytest.raises(AttributeError):
            stubs.SmartSet(Thing(), "no", 1)
    assert (Thing.one(), Thing().two(), module.name) == (1, 2, "old")


def test_equal_graphs():
    def graph(suffix, shared):
        with tf.Graph().as_default() as made:
            tf.constant([f"/tmp/x_temp_{suffix}/part"], name="c")
            tf.raw_ops.HashTableV2(key_dtype=tf.int64, value_dtype=tf.int64, shared_name=shared, name="t")
        return made.as_graph_def()

    one, two = graph("a" * 32, "one"), graph("b" * 32, "two")
    v1.test.assert_equal_graph_def(one, one)
    with pytest.raises(AssertionError):
        v1.test.assert_equal_graph_def(one, two)
    with pytest.raises(AssertionError):
        v1.test.assert_equal_graph_def(one, two, checkpoint_v2=True)
    v1.test.assert_equal_graph_def(one, two, checkpoint_v2=True, hash_table_shared_name=True)


def test_folders(monkeypatch):
    assert v1.test.mock is mock
    assert os.path.isdir(v1.test.get_temp_dir()) and v1.test.get_temp_dir() == v1.test.get_temp_dir()
    here = os.path.dirname(os.path.abspath(__file__))
    assert v1.test.test_src_dir_path("data/x") == os.path.join(here, "data/x")
    monkeypatch.setenv("TEST_SRCDIR", "/src")
    monkeypatch.setenv("TEST_WORKSPACE", "ws")
    assert v1.test.test_src_dir_path("x") == "/src/ws/tensorflow/x"
    loader = v1.resource_loader
    assert os.path.abspath(loader.get_path_to_datafile("x")) == os.path.join(here, "x")
    assert os.path.abspath(loader.get_data_files_path()) == here
    assert loader.readahead_file_path("x") == "x"


def test_small_things():
    assert v1.user_ops.my_fact().numpy() == b"0! == 1"
    with pytest.raises(tf.errors.NotFoundError):
        v1.load_file_system_library("/no/such/file.so")
    with pytest.raises(tf.errors.FailedPreconditionError):
        tf.check_pinned([1.0])
