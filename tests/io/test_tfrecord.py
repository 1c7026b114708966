"""TFRecord files: what we write we read, and damage is found."""

from __future__ import annotations

import gzip
import io
import zlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import headrace as tf
from headrace.io.tfrecord import InflatingFile, frame, masked_crc, read_records, records_of

RECORDS = [b"", b"one", b"\x00" * 1000, bytes(range(256)) * 300]


def test_a_known_record():
    # The CRC-32C of nine digits is e3069283 (RFC 3720); masking is the format's own.
    assert masked_crc(b"123456789") == (((0xE3069283 >> 15) | (0xE3069283 << 17)) + 0xA282EAD8) & 0xFFFFFFFF
    assert frame(b"") == bytes.fromhex("000000000000000029039807d8ea82a2")


@pytest.mark.parametrize("compression", [None, "", "ZLIB", "GZIP"])
def test_round_trip(tmp_path, compression):
    path = str(tmp_path / "a")
    with tf.io.TFRecordWriter(path, compression) as writer:
        for record in RECORDS:
            writer.write(record)
    assert list(read_records(path, compression)) == RECORDS
    assert list(read_records(path, tf.io.TFRecordOptions(compression))) == RECORDS


def test_options_reach_the_compressor(tmp_path):
    sizes = {}
    for level in (0, 9):
        with tf.io.TFRecordWriter(
            str(tmp_path / "a"), tf.io.TFRecordOptions("ZLIB", compression_level=level)
        ) as writer:
            writer.write(b"a" * 10_000)
        sizes[level] = (tmp_path / "a").stat().st_size
    assert sizes[9] < 200 < 10_000 < sizes[0]
    with pytest.raises(tf.errors.InvalidArgumentError):
        tf.io.TFRecordWriter(str(tmp_path / "a"), tf.io.TFRecordOptions("ZLIB", mem_level=99))


def test_flushing_makes_records_readable(tmp_path):
    path = str(tmp_path / "a")
    options = tf.io.TFRecordOptions("ZLIB", flush_mode=zlib.Z_SYNC_FLUSH)
    writer = tf.io.TFRecordWriter(path, options)
    writer.write(b"one")
    writer.flush()
    assert next(read_records(path, "ZLIB")) == b"one"
    writer.close()


def test_gzip_files_of_several_members(tmp_path):
    path = tmp_path / "a"
    path.write_bytes(gzip.compress(frame(b"one")) + gzip.compress(frame(b"two")))
    assert list(read_records(path, "GZIP")) == [b"one", b"two"]


def test_use_of_a_writer(tmp_path):
    with pytest.raises(tf.errors.NotFoundError):
        tf.io.TFRecordWriter(str(tmp_path / "none" / "a"))
    with pytest.raises(ValueError, match="compression_type"):
        tf.io.TFRecordWriter(str(tmp_path / "a"), "BZ2")
    writer = tf.io.TFRecordWriter(str(tmp_path / "a"))
    with pytest.raises(TypeError, match="bytes"):
        writer.write(3)
    writer.close()
    writer.close()
    for use in (lambda: writer.write(b""), writer.flush):
        with pytest.raises(tf.errors.FailedPreconditionError, match="closed"):
            use()


def test_compression_types():
    names = [tf.io.TFRecordOptions.get_compression_type_string(o) for o in (None, "", "GZIP", 1)]
    assert names == ["", "", "GZIP", "ZLIB"]
    with pytest.raises(ValueError, match="BAD"):
        tf.io.TFRecordOptions("BAD")


WHOLE = b"".join(frame(r) for r in (b"first", b"", b"third" * 20))


@pytest.mark.parametrize("length", range(1, len(WHOLE)))
def test_files_cut_short(length):
    ends = [len(frame(b"first")), len(frame(b"first") + frame(b""))]
    reader = records_of(io.BytesIO(WHOLE[:length]))
    if length in ends:  # between two records nothing is missing
        assert len(list(reader)) == ends.index(length) + 1
    else:
        with pytest.raises(tf.errors.DataLossError, match="truncated record"):
            list(reader)


@given(st.integers(0, len(WHOLE) - 1), st.integers(1, 255))
@settings(max_examples=200, deadline=None)
def test_a_changed_byte_is_found(place, change):
    damaged = bytearray(WHOLE)
    damaged[place] ^= change
    with pytest.raises(tf.errors.DataLossError):
        list(records_of(io.BytesIO(bytes(damaged))))


def test_a_huge_length_takes_no_memory():
    import struct

    length = struct.pack("<Q", 1 << 60)
    with pytest.raises(tf.errors.DataLossError, match="truncated"):
        list(records_of(io.BytesIO(length + struct.pack("<I", masked_crc(length)) + b"short")))


@given(st.binary(max_size=300))
@settings(max_examples=200, deadline=None)
def test_any_bytes(data):
    try:
        list(records_of(io.BytesIO(data)))
    except tf.errors.DataLossError:
        pass


@given(st.binary(max_size=200), st.sampled_from([15, 31]))
@settings(max_examples=200, deadline=None)
def test_any_compressed_bytes(data, bits):
    try:
        InflatingFile(io.BytesIO(data), bits).readall()
    except tf.errors.DataLossError:
        pass


@pytest.mark.parametrize("name", ["ZLIB", "GZIP"])
def test_compressed_files_cut_short(tmp_path, name):
    path = tmp_path / "a"
    with tf.io.TFRecordWriter(str(path), name) as writer:
        writer.write(b"one")
    whole = path.read_bytes()
    for length in range(1, len(whole)):
        path.write_bytes(whole[:length])
        with pytest.raises(tf.errors.DataLossError):
            list(read_records(path, name))


def test_the_wrong_compression(tmp_path):
    path = tmp_path / "a"
    with tf.io.TFRecordWriter(str(path), "GZIP") as writer:
        writer.write(b"one")
    for name in ("", "ZLIB"):
        with pytest.raises(tf.errors.DataLossError):
            list(read_records(path, name))
