"""Feature columns: what the comparison with TensorFlow (tests/conformance/snippets/feature_column*.py) does not ask."""

from __future__ import annotations

from importlib.util import find_spec
from typing import Any

import numpy as np
import pytest

import headrace as tf
from headrace.feature_column.cache import FeatureTransformationCache, StateManager
from headrace.ops import crosses

v1: Any = tf.compat.v1
fc: Any = tf.feature_column


def test_of_1x_and_of_2_are_the_same_columns() -> None:
    assert v1.feature_column.numeric_column is fc.numeric_column
    assert v1.feature_column.crossed_column is fc.crossed_column
    assert v1.feature_column.make_parse_example_spec is not fc.make_parse_example_spec


def test_every_column_answers_both_interfaces_alike() -> None:
    """What the older methods give is what the newer ones do."""
    words = fc.categorical_column_with_vocabulary_list("w", ["a", "b"], num_oov_buckets=1)
    columns = [
        fc.numeric_column("x"),
        fc.bucketized_column(fc.numeric_column("x"), [1.0]),
        fc.indicator_column(words),
        fc.indicator_column(fc.crossed_column([words, "n"], 5)),
    ]
    features = {"x": tf.constant([0.0, 2.0]), "w": tf.constant(["b", "q"]), "n": tf.constant([1, 2])}
    older = v1.feature_column.input_layer(features, columns).numpy()
    cache, state = FeatureTransformationCache(features), StateManager(None, True)
    newer = [
        c.get_dense_tensor(cache, state).numpy().reshape(2, -1)
        for c in sorted(columns, key=lambda c: str(c.name))
    ]
    np.testing.assert_array_equal(older, np.concatenate(newer, 1))


def test_tables_of_vocabularies_are_made_once_for_a_state_manager() -> None:
    words = fc.categorical_column_with_vocabulary_list("w", ["a", "b"])
    state = StateManager(None, True)
    first = fc.indicator_column(words).get_dense_tensor(FeatureTransformationCache({"w": ["a"]}), state)
    table = state.get_resource(words, "w_lookup")
    again = fc.indicator_column(words).get_dense_tensor(FeatureTransformationCache({"w": ["b"]}), state)
    assert state.get_resource(words, "w_lookup") is table
    np.testing.assert_array_equal(np.concatenate([first, again]), np.eye(2))


def test_a_keras_layer_can_hold_the_variables_of_columns() -> None:
    if find_spec("keras") is None:
        pytest.skip("Keras is not installed")
    column = fc.embedding_column(fc.categorical_column_with_identity("n", 4), 2)

    class Embedded(tf.keras.layers.Layer):
        def build(self, _: Any) -> None:
            self.state = StateManager(self, True)
            column.create_state(self.state)

        def call(self, n: Any) -> Any:
            return column.get_dense_tensor(FeatureTransformationCache({"n": n}), self.state)

    layer = Embedded()
    out = layer(tf.constant([[1], [3]]))
    assert out.shape == (2, 2) and [tuple(w.shape) for w in layer.trainable_weights] == [(4, 2)]
    np.testing.assert_allclose(out.numpy(), layer.trainable_weights[0].numpy()[[1, 3]])


def test_embeddings_train_in_a_function() -> None:
    column = fc.embedding_column(fc.categorical_column_with_identity("n", 4), 1, "sum")
    table = tf.Variable(tf.zeros([4, 1]))

    class Holder:
        def add_weight(self, **_: Any) -> Any:
            return table

    state = StateManager(Holder(), True)
    column.create_state(state)

    @tf.function
    def step(n: Any) -> Any:
        with tf.GradientTape() as tape:
            out = column.get_dense_tensor(FeatureTransformationCache({"n": n}), state)
            loss = tf.reduce_sum((out - 1.0) ** 2)
        gradient = tape.gradient(loss, table)
        table.assign_sub(0.25 * tf.convert_to_tensor(gradient))
        return loss

    losses = [float(step(tf.constant([[1, 2], [0, -1]]))) for _ in range(8)]
    assert losses[-1] < 0.01 < losses[0]
    assert float(table[3, 0]) == 0.0  # an id that never came


def test_a_transformation_can_ask_for_training() -> None:
    class Noise(fc_base().DenseColumn):  # type: ignore[misc]
        name, parents, parse_example_spec, _is_v2_column = "noise", ["x"], {}, True
        variable_shape = tf.TensorShape([1])

        def transform_feature(self, cache: Any, state: Any, training: Any = None) -> Any:
            return cache.get("x", state) * (2.0 if training else 1.0)

        def get_dense_tensor(self, cache: Any, state: Any) -> Any:
            return cache.get(self, state, training=True)

    cache = FeatureTransformationCache({"x": tf.constant([1.0])})
    assert float(Noise().get_dense_tensor(cache, None)[0, 0]) == 2.0


def fc_base() -> Any:
    return tf.__internal__.feature_column


def test_a_type_error_of_a_column_is_its_own() -> None:
    def wrong(x: Any) -> Any:
        raise TypeError("mine")

    with pytest.raises(TypeError, match="mine"):
        v1.feature_column.input_layer(
            {"x": tf.constant([1.0])}, [fc.numeric_column("x", normalizer_fn=wrong)]
        )


@pytest.mark.parametrize(
    ("call", "error", "says"),
    [
        (
            lambda: v1.feature_column.input_layer({"y": [1.0]}, [fc.numeric_column("x")]),
            ValueError,
            "It has: y",
        ),
        (lambda: fc.numeric_column("x", default_value="a"), TypeError, "default_value: a"),
        (
            lambda: fc.crossed_column(["a", fc.categorical_column_with_hash_bucket("b", 3)], 3),
            ValueError,
            "'b', instead",
        ),
        (
            lambda: fc.categorical_column_with_vocabulary_file("x", "f", 3, file_format="csv"),
            ValueError,
            "tfrecord_gzip",
        ),
        (lambda: fc.shared_embeddings([], 2), RuntimeError, "tf.Graph"),
        (lambda: v1.feature_column.input_layer({}, {"x": 1}), ValueError, "values"),
        (
            lambda: v1.feature_column.input_layer(
                {"x": tf.sparse.from_dense([[1.0]])}, [fc.numeric_column("x")]
            ),
            ValueError,
            "to_dense",
        ),
    ],
)
def test_errors_say_how_to_mend_it(call: Any, error: Any, says: str) -> None:
    with pytest.raises(error, match=says):
        call()


def test_hashed_crosses_are_those_of_nested_loops() -> None:
    rng = np.random.RandomState(0)
    counts = rng.randint(0, 4, (3, 20))
    columns: list[crosses.Column] = [(rng.randint(0, 1000, c.sum()), c) for c in counts]
    values, sizes = crosses.hashed(columns, 0, 7)
    np.testing.assert_array_equal(sizes, np.prod(counts, axis=0))
    at = 0
    for row in range(20):
        one = [(v[c[:row].sum() :][: c[row]], c[row : row + 1]) for v, c in columns]
        found, _ = crosses.hashed(one, 0, 7)
        for i, triple in enumerate((a, b, c) for a in one[0][0] for b in one[1][0] for c in one[2][0]):
            single, _ = crosses.hashed([(np.array([x]), np.array([1])) for x in triple], 0, 7)
            assert values[at] == found[i] == single[0]
            at += 1
    assert at == len(values)


def test_partitioned_embeddings_have_sparse_updates() -> None:
    """A table in parts is looked up part by part, and its gradient too."""
    with tf.Graph().as_default(), v1.Session() as sess:
        ids = v1.placeholder(tf.int64, [None])
        column = fc.embedding_column(
            fc.categorical_column_with_identity("n", 5), 2, initializer=v1.zeros_initializer()
        )
        with v1.variable_scope("", partitioner=v1.fixed_size_partitioner(2)):
            out = v1.feature_column.input_layer({"n": ids}, [column])
        step = v1.train.GradientDescentOptimizer(1.0).minimize(-tf.reduce_sum(out))
        sess.run(v1.global_variables_initializer())
        sess.run(step, {ids: [4, 0, 0]})
        parts = sess.run(v1.trainable_variables())
    assert [p.shape for p in parts] == [(3, 2), (2, 2)]
    np.testing.assert_array_equal(np.concatenate(parts)[:, 0], [2, 0, 0, 0, 1])


def test_private_modules_that_programs_import(tmp_path: Any) -> None:
    import os
    import subprocess
    import sys
    from pathlib import Path

    program = """
import headrace
headrace.install()
from tensorflow.python.feature_column import feature_column as old, feature_column_v2 as new
from tensorflow.python.feature_column import feature_column_lib as lib
import tensorflow as tf
column = tf.feature_column.numeric_column("x")
assert isinstance(column, new.NumericColumn) and isinstance(column, old._DenseColumn)
assert isinstance(column, lib.DenseColumn) and not isinstance(column, new.CategoricalColumn)
"""
    path = {"PYTHONPATH": str(Path(__file__).parents[1])}
    subprocess.run([sys.executable, "-c", program], check=True, cwd=tmp_path, env=os.environ | path)
