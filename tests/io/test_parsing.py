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


def test_the_ops_of_older_graphs():
    defaults = [tf.constant([], tf.float32)]
    types = {"sparse_types": [tf.int64], "dense_shapes": [(2,)]}
    new = tf.io.parse_example(BATCH, {"a": FEATURES["a"], "b": FEATURES["b"]})
    _, values, _, dense = tf.raw_ops.ParseExample(
        serialized=BATCH, names=[b"p", b"q"], sparse_keys=["b"], dense_keys=["a"], dense_defaults=defaults, Nsparse=1,
        Ndense=1, **types,
    )  # fmt: skip
    assert np.array_equal(dense[0], new["a"]) and np.array_equal(values[0], new["b"].values)
    one = tf.raw_ops.ParseSingleExample(
        serialized=BATCH[0],
        dense_defaults=defaults,
        num_sparse=1,
        sparse_keys=["b"],
        dense_keys=["a"],
        **types,
    )
    assert one.dense_values[0].numpy().tolist() == [1.0, 2.0] and one.sparse_values[0].numpy().tolist() == [3]
    traced = tf.function(
        lambda s: (
            tf.raw_ops.ParseSingleExample(
                serialized=s,
                dense_defaults=defaults,
                num_sparse=1,
                sparse_keys=["b"],
                dense_keys=["a"],
                **types,
            ).dense_values
        )
    )
    assert traced(tf.constant(BATCH[0]))[0].numpy().tolist() == [1.0, 2.0]


# ---------------------------------------------------------------------------------------------------- described messages
@pytest.fixture
def described(tmp_path):
    """A FileDescriptorSet of one message type, `q.M`: as bytes, and as a file."""
    from google.protobuf import descriptor_pb2

    file = descriptor_pb2.FileDescriptorProto(name="q/m.proto", package="q", syntax="proto2")
    message = file.message_type.add(name="M")
    kinds = {"i": (5, 1), "l": (3, 3), "f": (2, 1), "s": (9, 3), "b": (12, 1), "u": (4, 1), "e": (8, 1)}
    for number, (name, (kind, label)) in enumerate(kinds.items(), 1):
        message.field.add(name=name, number=number, type=kind, label=label)
    message.field.add(name="d", number=8, type=5, label=1, default_value="7")
    message.field.add(name="m", number=9, type=11, label=3, type_name=".q.M")
    data = descriptor_pb2.FileDescriptorSet(file=[file]).SerializeToString()
    (tmp_path / "m.pb").write_bytes(data)
    return b"bytes://" + data, str(tmp_path / "m.pb")


def test_described_messages(described):
    names = ["i", "l", "s", "f", "e"]
    values = [
        tf.constant([[1], [0]]), tf.constant([[1, 2], [9, 0]], tf.int64), tf.constant([["x"], [""]]),
        tf.constant([[1.5], [0.0]]), tf.constant([[True], [False]]),
    ]  # fmt: skip
    sizes = [[1, 2, 1, 1, 1], [0, 1, 0, 0, 0]]
    for source in described:
        data = tf.io.encode_proto(sizes, values, names, "q.M", source)
        back = tf.io.decode_proto(data, "q.M", [*names, "d"], [v.dtype for v in values] + [tf.int64], source)
        assert back.sizes.numpy().tolist() == [[*row, 0] for row in sizes]
        for got, want in zip(back.values, [*values, [[7], [7]]]):
            assert np.array_equal(got, want)
    outer = tf.io.encode_proto([[1]], [data[None, :1]], ["m"], "q.M", source)
    assert tf.io.decode_proto(outer, "q.M", ["m"], [tf.string], source).values[0][0, 0] == data[0]
    text = tf.io.decode_proto("i: 4 l: 5 l: 6", "q.M", ["l"], [tf.int64], source, message_format="text")
    assert text.values[0].numpy().tolist() == [5, 6]


def test_described_messages_are_checked(described):
    source = described[0]
    for names, types in ((["zz"], [tf.int32]), (["i"], [tf.float32]), (["i"], [])):
        with pytest.raises(tf.errors.InvalidArgumentError):
            tf.io.decode_proto([b""], "q.M", names, types, source)
    for kind, where in (("q.Z", source), ("q.M", "local://"), ("q.M", "/none"), ("q.M", b"bytes://\xff")):
        with pytest.raises(tf.errors.InvalidArgumentError):
            tf.io.decode_proto([b""], kind, ["i"], [tf.int32], where)
    with pytest.raises(tf.errors.DataLossError):
        tf.io.decode_proto([b"\xff"], "q.M", ["i"], [tf.int32], source)
    with pytest.raises(tf.errors.InvalidArgumentError, match="larger"):
        tf.io.encode_proto([[2]], [[[1]]], ["i"], "q.M", source)
    with pytest.raises(tf.errors.InvalidArgumentError, match="sizes"):
        tf.io.encode_proto([[1]], [[[1], [2]]], ["i"], "q.M", source)
