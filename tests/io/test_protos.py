"""Our messages: the wire format is TensorFlow's, and they live beside TensorBoard's and TensorFlow's own."""

from __future__ import annotations

import json
import os
import subprocess

import numpy as np
import pytest
from conformance.test_conformance import TF_ENVIRONMENT, tensorflow_python
from hypothesis import given, settings
from hypothesis import strategies as st

import headrace as tf
from headrace.core import dtypes
from headrace.io.tensor_proto import array_of, make_tensor_proto
from headrace.proto import event_pb2, example_pb2, graph_pb2, run_metadata_pb2, tensor_pb2

FILES = (event_pb2, example_pb2, graph_pb2, run_metadata_pb2, tensor_pb2)


def test_tensorboards_messages_are_others():
    from tensorboard.compat.proto import event_pb2 as theirs

    ours = event_pb2.Event(step=3, summary={"value": [{"tag": "a", "simple_value": 2.0}]})
    assert theirs.Event.FromString(ours.SerializeToString()).summary.value[0].tag == "a"
    assert type(ours).DESCRIPTOR.full_name == "headrace.Event"
    assert theirs.Event.DESCRIPTOR.full_name != "headrace.Event"


def layout(descriptor):
    """A message's fields, as far as they decide its bytes."""

    def kind(field):
        other = field.message_type or field.enum_type
        return other.full_name.split(".", 1)[1] if other else field.type

    return {f.name: [f.number, kind(f), bool(f.is_repeated)] for f in descriptor.fields}


DESCRIBE = """
import json, sys
from google.protobuf import descriptor_pool
from tensorflow.core.util import event_pb2
from tensorflow.core.example import example_pb2
from tensorflow.core.protobuf import config_pb2
def kind(field):
    other = field.message_type or field.enum_type
    return other.full_name.split(".", 1)[1] if other else field.type
pool, out = descriptor_pool.Default(), {}
for name in json.load(sys.stdin):
    try:
        found = pool.FindMessageTypeByName("tensorflow." + name)
        out[name] = {f.name: [f.number, kind(f), bool(f.is_repeated)] for f in found.fields}
    except KeyError:
        found = pool.FindEnumTypeByName("tensorflow." + name)
        out[name] = {v.name: v.number for v in found.values}
print("LAYOUT" + json.dumps(out))
"""


def declared():
    out = {}
    pending = [(m, m.name) for file in FILES for m in file.DESCRIPTOR.message_types_by_name.values()]
    while pending:
        message, name = pending.pop()
        out[name] = layout(message)
        pending += [(m, f"{name}.{m.name}") for m in message.nested_types if not m.GetOptions().map_entry]
    for file in FILES:
        for enum in file.DESCRIPTOR.enum_types_by_name.values():
            out[enum.name] = {v.name: v.number for v in enum.values}
    return out


@pytest.mark.conformance
def test_numbers_and_types_are_those_of_tensorflow():
    ours = declared()
    run = subprocess.run(
        [tensorflow_python(), "-c", DESCRIBE], input=json.dumps(sorted(ours)), capture_output=True,
        text=True, check=True, env={**os.environ, **TF_ENVIRONMENT},
    )  # fmt: skip
    theirs = json.loads(run.stdout.split("LAYOUT", 1)[1])
    # An enumeration's number on the wire is an int32's; we keep that one as a number.
    theirs["FullTypeDef"]["type_id"] = [1, 5, False]
    assert ours == theirs


# -------------------------------------------------------------------------------------------------------------- tensors
PLAIN = [d for d in dtypes._BY_ENUM.values() if d.kind not in "rvs"]


@pytest.mark.parametrize("dtype", PLAIN, ids=lambda d: d.name)
def test_round_trip_of_numbers(dtype):
    for array in (np.array([0, 1, 1]), np.array(1), np.zeros((0, 2)), np.ones((2, 2))):
        array = array.astype(dtype._np)
        for proto in (make_tensor_proto(array, dtype), make_tensor_proto(array, dtype, array.shape)):
            got = array_of(tensor_pb2.TensorProto.FromString(proto.SerializeToString()))
            assert got.dtype == array.dtype and got.shape == array.shape and np.array_equal(got, array)


def test_round_trip_of_strings():
    array = np.empty(3, object)
    array[:] = [b"a", b"", b"b\x00\xff"]
    assert array_of(make_tensor_proto(array, dtypes.string)).tolist() == array.tolist()


def test_the_last_element_repeats():
    assert tf.make_ndarray(tf.make_tensor_proto([1, 2], shape=[2, 2])).tolist() == [[1, 2], [2, 2]]
    assert tf.make_ndarray(tf.make_tensor_proto("a", shape=[2])).tolist() == [b"a", b"a"]
    assert tf.make_ndarray(tensor_pb2.TensorProto(dtype=1, tensor_shape={"dim": [{"size": 2}]})).tolist() == [
        0,
        0,
    ]


def test_arguments_of_make_tensor_proto():
    with pytest.raises(ValueError, match="at most 2"):
        tf.make_tensor_proto([1, 2, 3], shape=[2])
    with pytest.raises(TypeError, match="shape"):
        tf.make_tensor_proto(1, shape=[2], verify_shape=True)
    tf.make_tensor_proto(1, shape=[2], verify_shape=True, allow_broadcast=True)
    with pytest.raises(ValueError, match="None"):
        tf.make_tensor_proto(None)


@given(st.binary(max_size=80))
@settings(max_examples=300, deadline=None)
def test_any_bytes_are_a_tensor_or_an_error(data):
    from google.protobuf.message import DecodeError

    try:
        array_of(tensor_pb2.TensorProto.FromString(data))
    except (DecodeError, tf.errors.DataLossError):
        pass


@given(st.integers(0, 40), st.lists(st.one_of(st.integers(-2, 4), st.just(2**40)), max_size=4), st.binary(max_size=16),
       st.lists(st.integers(0, 2**16), max_size=3))  # fmt: skip
@settings(max_examples=300, deadline=None)
def test_any_message_is_a_tensor_or_an_error(dtype, dims, content, values):
    proto = tensor_pb2.TensorProto(dtype=dtype, tensor_content=content, int_val=values, half_val=values)
    proto.tensor_shape.dim.extend([tensor_pb2.TensorShapeProto.Dim(size=d) for d in dims])
    try:
        array = array_of(proto)
    except tf.errors.DataLossError:
        return
    assert list(array.shape) == dims


@given(st.binary(max_size=80))
@settings(max_examples=300, deadline=None)
def test_any_bytes_through_the_ops(data):
    for use in (
        lambda: tf.io.parse_tensor(data, tf.float32),
        lambda: tf.io.deserialize_many_sparse([[data, data, data]], tf.float32),
        lambda: tf.io.parse_example([data], {"a": tf.io.VarLenFeature(tf.float32)}),
        lambda: tf.io.parse_sequence_example([data], None, {"a": tf.io.VarLenFeature(tf.float32)}),
        lambda: tf.io.decode_json_example(data),
        lambda: tf.io.decode_csv([data], [[0], [""]]),
    ):
        try:
            use()
        except tf.errors.InvalidArgumentError:
            pass
