"""`tf.contrib.layers`' feature columns: what is said of wrong ones. What they compute is compared with TensorFlow 1.15."""

from __future__ import annotations

from typing import Any

import pytest

import headrace as tf
from headrace.v1.contrib import layers as L

a, b = L.sparse_column_with_keys("a", ["x", "y"]), L.sparse_column_with_hash_bucket("b", 5)
number = L.real_valued_column("n")


@pytest.mark.parametrize(
    ("call", "error"),
    [
        (lambda: L.real_valued_column("n", dimension=None), TypeError),
        (lambda: L.real_valued_column("n", dimension=0), ValueError),
        (lambda: L.real_valued_column("n", dtype=tf.string), ValueError),
        (lambda: L.real_valued_column("n", 2, default_value=[1.0]), ValueError),
        (lambda: L.real_valued_column("n", default_value=0.5, dtype=tf.int32), TypeError),
        (lambda: L.bucketized_column(a, [1]), TypeError),
        (lambda: L.bucketized_column(number, []), ValueError),
        (lambda: L.bucketized_column(number, [2, 1]), ValueError),
        (lambda: L.sparse_column_with_hash_bucket("b", 0), ValueError),
        (lambda: L.sparse_column_with_hash_bucket("b", 5, dtype=tf.float32), ValueError),
        (lambda: L.sparse_column_with_hash_bucket("b", 5, hash_keys=[1]), ValueError),
        (lambda: L.sparse_column_with_integerized_feature("b", 5, dtype=tf.string), ValueError),
        (lambda: L.sparse_column_with_vocabulary_file("b", "file"), ValueError),
        (lambda: L.weighted_sparse_column(a, "w", tf.string), ValueError),
        (lambda: L.embedding_column(a, 2, initializer=3), ValueError),
        (lambda: L.embedding_column(a, 2, ckpt_to_load_from="c"), ValueError),
        (lambda: L.shared_embedding_columns("ab", 2), TypeError),
        (lambda: L.shared_embedding_columns([], 2), ValueError),
        (lambda: L.shared_embedding_columns([a, number], 2), TypeError),
        (lambda: L.shared_embedding_columns([a, b], 2), ValueError),
        (lambda: L.crossed_column([a], 5), ValueError),
        (lambda: L.crossed_column([a, number], 5), TypeError),
        (lambda: L.crossed_column([a, b], 1), ValueError),
        (lambda: L.check_feature_columns([a, a]), ValueError),
        (lambda: L.check_feature_columns({"a": a}), ValueError),
        (lambda: L.input_from_feature_columns({"a": tf.constant(["x"])}, [a]), ValueError),
        (lambda: L.input_from_feature_columns({}, [number]), ValueError),
        (lambda: L.input_from_feature_columns({"n": tf.ones([2])}, [number], cols_to_outs=[]), ValueError),
        (
            lambda: L.weighted_sum_from_feature_columns(
                {"a": tf.constant(["x"])}, [L.embedding_column(a, 2)], 1
            ),
            ValueError,
        ),
        (
            lambda: L.joint_weighted_sum_from_feature_columns({"n": tf.ones([2])}, [number], 1),
            NotImplementedError,
        ),
        (lambda: L.infer_real_valued_columns({"a": tf.constant(["x"])}), ValueError),
    ],
)
def test_wrong_columns(call: Any, error: Any) -> None:
    with tf.Graph().as_default(), pytest.raises(error):
        call()


def test_columns_of_contrib_are_found() -> None:
    from headrace.v1 import contrib

    assert contrib.layers.real_valued_column is L.real_valued_column
    assert {"crossed_column", "input_from_feature_columns"} <= set(L.__all__)
