"""Names of 1.x that newer ones have replaced: records, structures of elements, statuses."""

from __future__ import annotations

import pytest

import headrace as tf

v1 = tf.compat.v1


@pytest.mark.parametrize("kind", ["NONE", "ZLIB", "GZIP"])
def test_records(tmp_path, kind):
    path = str(tmp_path / "some.tfrecord")
    options = v1.python_io.TFRecordOptions(getattr(v1.io.TFRecordCompressionType, kind))
    with v1.python_io.TFRecordWriter(path, options) as writer:
        writer.write(b"a")
        writer.write(b"bb")
    assert list(v1.python_io.tf_record_iterator(path, options)) == [b"a", b"bb"]
    assert next(v1.io.tf_record_iterator(path.encode(), options=options)) == b"a"
    if kind != "NONE":
        with pytest.raises(tf.errors.DataLossError):
            list(v1.io.tf_record_iterator(path))


def test_records_of_no_file(tmp_path):
    with pytest.raises(tf.errors.NotFoundError):
        v1.io.tf_record_iterator(str(tmp_path / "none"))


def test_structures():
    e = v1.data.experimental
    assert e.Structure is tf.TypeSpec
    assert e.TensorStructure(tf.int32, [2]) == tf.TensorSpec([2], tf.int32)
    assert e.SparseTensorStructure(tf.int32, [2, None]) == tf.SparseTensorSpec([2, None], tf.int32)
    assert e.RaggedTensorStructure(tf.int32, [2, None], 1) == tf.RaggedTensorSpec([2, None], tf.int32, 1)
    assert e.TensorArrayStructure(tf.int32, [2], False, True) == tf.TensorArraySpec(
        [2], tf.int32, False, True
    )
    assert e.OptionalStructure(tf.TensorSpec([])) == tf.OptionalSpec(tf.TensorSpec([]))
    assert e.DatasetStructure(tf.TensorSpec([])) == tf.data.DatasetSpec(tf.TensorSpec([]))


def test_map_and_batch_of_1x():
    double = v1.data.experimental.map_and_batch_with_legacy_function(
        lambda x: x * 2, batch_size=2, drop_remainder=True
    )
    assert [b.numpy().tolist() for b in tf.data.Dataset.range(5).apply(double)] == [[0, 2], [4, 6]]


def test_statuses():
    with v1.errors.raise_exception_on_not_ok_status() as status:
        assert status.code == 0
    with (
        pytest.raises(tf.errors.NotFoundError, match="no such thing"),
        v1.errors.raise_exception_on_not_ok_status() as status,
    ):
        status.code, status.message = v1.errors.NOT_FOUND, "no such thing"
    with pytest.raises(KeyError), v1.errors.raise_exception_on_not_ok_status():
        raise KeyError("of the block")


def test_reductions_of_losses_and_intermediates():
    assert v1.distribute.get_loss_reduction() == tf.distribute.ReduceOp.SUM
    for state in (True, False, None):
        v1.experimental.output_all_intermediates(state)
    with pytest.raises(TypeError, match="True, False or None"):
        v1.experimental.output_all_intermediates("yes")
