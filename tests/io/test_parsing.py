"""Parsing ops inside of functions, with unknown shapes, and against what their shape rules say."""

from __future__ import annotations

import zlib

import numpy as np
import pytest

import headrace as tf


def feature(values):
    if isinstance(values[0], bytes):
        return tf.train.Feature(bytes_list=tf.train.BytesList(value=values))
    if isinstance(values[0], float):
        return tf.train.Feature(float_list=tf.train.FloatList(value=values))
    return tf.train.Feature(int64_list=tf.train.Int64List(value=values))


def example(**features):
    message = tf.train.Example()
    for key, values in features.items():
        message.features.feature[key].CopyFrom(feature(values))
    return message.SerializeToString()


BATCH = [example(a=[1.0, 2.0], b=[3], c=[b"x", b"y"]), example(a=[3.0, 4.0], c=[b"z"])]
FEATURES = {
    "a": tf.io.FixedLenFeature([2], tf.float32),
    "b": tf.io.VarLenFeature(tf.int64),
    "c": tf.io.RaggedFeature(tf.string),
    "d": tf.io.FixedLenSequenceFeature([], tf.float32, allow_missing=True),
}


def plain(parsed):
    return {
        "a": parsed["a"].numpy().tolist(),
        "b": tf.sparse.to_dense(parsed["b"]).numpy().tolist(),
        "c": parsed["c"].to_list(),
        "d": parsed["d"].numpy().tolist(),
    }


EXPECTED = {
    "a": [[1.0, 2.0], [3.0, 4.0]], "b": [[3], [0]], "c": [[b"x", b"y"], [b"z"]], "d": [[], []],
}  # fmt: skip


@pytest.mark.parametrize("shape", [None, [None], [2]])
def test_in_functions(shape):
    @tf.function(input_signature=[tf.TensorSpec(shape, tf.string)])
    def parse(serialized):
        return tf.io.parse_example(tf.ensure_shape(serialized, [None]), FEATURES)

    assert plain(parse(tf.constant(BATCH))) == plain(tf.io.parse_example(BATCH, FEATURES)) == EXPECTED


def test_one_example_in_a_function():
    @tf.function(input_signature=[tf.TensorSpec([], tf.string)])
    def parse(serialized):
        return tf.io.parse_single_example(serialized, FEATURES)

    for serialized in BATCH:
        here, there = tf.io.parse_single_example(serialized, FEATURES), parse(tf.constant(serialized))
        for key in ("a", "c", "d"):
            assert here[key].numpy().tolist() == there[key].numpy().tolist()


def test_shapes_are_known_while_tracing():
    shapes = {}

    @tf.function(input_signature=[tf.TensorSpec([None], tf.string)])
    def parse(serialized):
        out = tf.io.parse_example(serialized, FEATURES)
        shapes.update({key: value.shape.as_list() for key, value in out.items()})
        return out["a"]

    parse(tf.constant(BATCH))
    assert shapes == {"a": [None, 2], "b": [None, None], "c": [None, None], "d": [None, None]}


@pytest.mark.parametrize("n", [0, 1, 7])
def test_batches_of_any_size(n):
    batch = tf.constant(BATCH * n, tf.string)[:n]
    out = tf.io.parse_example(batch, FEATURES)
    assert out["a"].shape == (n, 2) and out["c"].nrows() == n and out["b"].dense_shape[0] == n


@pytest.mark.parametrize("shape", [[], [3], [2, 2], [0]])
def test_csv_of_any_shape(shape):
    records = tf.fill(shape, "1,x")
    for decode in (tf.io.decode_csv, tf.function(tf.io.decode_csv)):
        number, text = decode(records, [[0], [""]])
        assert number.shape == text.shape == shape
        assert np.all(number.numpy() == 1)


def test_compressed_data_cut_short_is_an_error():
    whole = zlib.compress(bytes(range(256)))
    with pytest.raises(tf.errors.DataLossError, match="cut short"):
        tf.io.decode_compressed(whole[:-6], "ZLIB")


def test_serialised_values_survive():
    for value in ([1.0, 2.0], [[1, 2]], "text", ["a", b"\xff"], True, 1j, np.zeros([0, 3])):
        tensor = tf.constant(value)
        back = tf.io.parse_tensor(tf.io.serialize_tensor(tensor), tensor.dtype)
        assert back.dtype == tensor.dtype and np.array_equal(back.numpy(), tensor.numpy())


def test_sparse_tensors_survive():
    x = tf.sparse.from_dense([[0, 1, 0], [2, 0, 3]])
    many = tf.io.deserialize_many_sparse(tf.io.serialize_many_sparse(x), tf.int32)
    assert np.array_equal(tf.sparse.to_dense(many), tf.sparse.to_dense(x))
    one = tf.raw_ops.DeserializeSparse(serialized_sparse=tf.io.serialize_sparse(x), dtype=tf.int32)
    assert np.array_equal(tf.sparse.to_dense(tf.SparseTensor(*one)), tf.sparse.to_dense(x))
    with pytest.raises(TypeError, match="SparseTensor"):
        tf.io.serialize_sparse([1])


def test_image_formats_are_here_too():
    assert tf.io.decode_png is tf.image.decode_png
    with pytest.raises(AttributeError, match="no_such"):
        tf.io.no_such_name
