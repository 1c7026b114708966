"""`tf.io`: files, and the formats in them."""

from __future__ import annotations

import itertools
from typing import Any, NamedTuple

import headrace as tf
from headrace.core import dtypes
from headrace.core.dtypes import as_dtype
from headrace.io import files
from headrace.io.tfrecord import TFRecordOptions, TFRecordWriter
from headrace.ops import files as ops
from headrace.ops import formats, parsing, raw_bytes, serialized_tensors

from . import io_gfile as gfile
from .image import (
    decode_and_crop_jpeg,
    decode_bmp,
    decode_gif,
    decode_image,
    decode_jpeg,
    decode_jxl,
    decode_png,
    decode_webp,
    encode_jpeg,
    encode_png,
    extract_jpeg_shape,
    is_jpeg,
)
from .io_examples import (
    parse_example,
    parse_sequence_example,
    parse_single_example,
    parse_single_sequence_example,
)
from .io_features import (
    FixedLenFeature,
    FixedLenSequenceFeature,
    RaggedFeature,
    SparseFeature,
    VarLenFeature,
)

__all__ = [
    "decode_and_crop_jpeg", "decode_bmp", "decode_gif", "decode_image", "decode_jpeg", "decode_jxl", "decode_png",
    "decode_webp", "encode_jpeg", "encode_png", "extract_jpeg_shape", "is_jpeg",
    "FixedLenFeature", "FixedLenSequenceFeature", "RaggedFeature", "SparseFeature", "TFRecordOptions",
    "TFRecordWriter", "VarLenFeature", "decode_base64", "decode_compressed", "decode_csv",
    "decode_json_example", "decode_proto", "decode_raw", "deserialize_many_sparse", "encode_base64", "encode_proto", "gfile",
    "match_filenames_once", "matching_files", "parse_example", "parse_sequence_example",
    "parse_single_example", "parse_single_sequence_example", "parse_tensor", "read_file",
    "serialize_many_sparse", "serialize_sparse", "serialize_tensor", "write_file", "write_graph",
]  # fmt: skip
ROOT: list[str] = []


def read_file(filename: Any, name: str | None = None) -> Any:
    """The contents of a file as a scalar string.

    Raises:
      tf.errors.NotFoundError: there is no such file.

    >>> import headrace as tf, os, tempfile
    >>> path = os.path.join(tempfile.mkdtemp(), "a.txt")
    >>> tf.io.write_file(path, "hello")
    >>> tf.io.read_file(path).numpy()
    b'hello'
    """
    return ops.READ_FILE(filename, name=name)


def write_file(filename: Any, contents: Any, name: str | None = None) -> Any:
    """Makes a file of these contents, replacing one that is there; the directory is made if need be.

    In a graph, returns the operation."""
    return ops.WRITE_FILE(filename, contents, name=name)


def matching_files(pattern: Any, name: str | None = None) -> Any:
    """The files that match one or more patterns, sorted: a vector of strings. See `tf.io.gfile.glob`.

    >>> import headrace as tf, os, tempfile
    >>> folder = tempfile.mkdtemp()
    >>> tf.io.write_file(os.path.join(folder, "a.txt"), "")
    >>> tf.io.matching_files(os.path.join(folder, "*.txt")).shape
    TensorShape([1])
    """
    return ops.MATCHING_FILES(pattern, name=name)


def match_filenames_once(pattern: Any, name: str | None = None) -> Any:
    """A variable that holds the files that match one or more patterns when it is made."""
    return tf.Variable(matching_files(pattern), name=name, trainable=False, shape=[None])


def write_graph(graph_or_graph_def: Any, logdir: Any, name: str, as_text: bool = True) -> str:
    """Writes a graph to the file `name` in the directory `logdir`, which is made if need be.

    Args:
      graph_or_graph_def: a `tf.Graph` or a `GraphDef` message.
      as_text: in protobuf's text format; else as bytes.

    Returns:
      The path of the file.
    """
    from google.protobuf import text_format

    message = graph_or_graph_def
    if isinstance(message, tf.Graph):
        from headrace.io.graph_def import graph_def

        message = graph_def(message)
    path = gfile.join(logdir, name)
    text = text_format.MessageToString(message).encode() if as_text else message.SerializeToString()
    files.write_bytes(path, text)
    return path


# ------------------------------------------------------------------------------------------------------- bytes and text
def decode_base64(input: Any, name: str | None = None) -> Any:
    """The bytes that web-safe base 64 (with or without padding) stands for.

    Raises:
      tf.errors.InvalidArgumentError: a character is not in the alphabet.

    >>> import headrace as tf
    >>> tf.io.decode_base64("YWI").numpy()
    b'ab'
    """
    return raw_bytes.DECODE_BASE64(input, name=name)


def encode_base64(input: Any, pad: bool = False, name: str | None = None) -> Any:
    """Strings in web-safe base 64, filled up with "=" to a multiple of four characters if `pad`.

    >>> import headrace as tf
    >>> tf.io.encode_base64("ab").numpy()
    b'YWI'
    """
    return raw_bytes.ENCODE_BASE64(input, pad=pad, name=name)


def decode_raw(
    input_bytes: Any, out_type: Any, little_endian: bool = True, fixed_length: Any = None, name: str | None = None
) -> Any:  # fmt: skip
    """Strings as vectors of numbers: their bytes are the numbers' memory.

    Args:
      input_bytes: strings of any shape.
      out_type: the numbers' type.
      little_endian: the order of bytes within a number.
      fixed_length: cut or fill up (with zeros) the strings to so many bytes; without it all must be of one length.

    Returns:
      A tensor of shape `[*shape, numbers]`.

    Raises:
      tf.errors.InvalidArgumentError: the lengths differ, or are no multiple of the type's size.

    >>> import headrace as tf
    >>> tf.io.decode_raw(b"\\x01\\x00\\x02\\x00", tf.int16).numpy()
    array([1, 2], dtype=int16)
    """
    out_type = as_dtype(out_type)
    if fixed_length is None:
        return raw_bytes.DECODE_RAW(input_bytes, out_type=out_type, little_endian=little_endian, name=name)
    return raw_bytes.DECODE_PADDED_RAW(
        input_bytes, fixed_length, out_type=out_type, little_endian=little_endian, name=name
    )


def decode_csv(
    records: Any, record_defaults: Any, field_delim: str = ",", use_quote_delim: bool = True, na_value: str = "",
    select_cols: Any = None, name: str | None = None,
) -> list[Any]:  # fmt: skip
    """Lines of comma-separated values as columns.

    Args:
      records: strings of any shape, one line each (RFC 4180, but spaces belong to the fields).
      record_defaults: for each column a tensor (or value) that gives its type and what empty fields have: a scalar or vector
        of one element; of none, if the field is required. Types: float32, float64, int32, int64, string.
      field_delim: the character between fields.
      use_quote_delim: whether `"` quotes fields.
      na_value: a text that stands for an empty field.
      select_cols: the indices of the columns to return, ascending; the others are skipped.

    Returns:
      A list of tensors of the shape of `records`, one per column.

    Raises:
      ValueError: `select_cols` does not ascend or does not fit `record_defaults`.
      tf.errors.InvalidArgumentError: a line has another number of fields, or a field is no number.

    >>> import headrace as tf
    >>> year, name = tf.io.decode_csv(["1957,Fortran", "1991,Python"], [[0], [""]])
    >>> year.numpy()
    array([1957, 1991], dtype=int32)
    """
    columns = list(select_cols) if select_cols is not None else []
    if columns and any(a >= b for a, b in itertools.pairwise(columns)):
        raise ValueError("select_cols is not strictly increasing.")
    if columns and columns[0] < 0:
        raise ValueError("select_cols contains negative values.")
    if select_cols is not None and len(columns) != len(record_defaults):
        raise ValueError("Length of select_cols and record_defaults do not match.")
    return formats.DECODE_CSV(
        records, list(record_defaults), field_delim=field_delim, use_quote_delim=use_quote_delim, na_value=na_value,
        select_cols=columns, name=name,
    )  # fmt: skip


def decode_compressed(bytes: Any, compression_type: str = "", name: str | None = None) -> Any:
    """Strings decompressed.

    Args:
      bytes: strings of any shape.
      compression_type: "ZLIB", "GZIP" or "" (as they are).

    Raises:
      tf.errors.DataLossError: the data is damaged or cut short.

    >>> import headrace as tf, zlib
    >>> tf.io.decode_compressed(zlib.compress(b"abc"), "ZLIB").numpy()
    b'abc'
    """
    return formats.DECODE_COMPRESSED(bytes, compression_type=compression_type, name=name)


def decode_json_example(json_examples: Any, name: str | None = None) -> Any:
    """`Example` messages in protobuf's JSON form as serialised ones, for `tf.io.parse_example`.

    Raises:
      tf.errors.InvalidArgumentError: one is no JSON, or no `Example`.
    """
    return parsing.DECODE_JSON_EXAMPLE(json_examples, name=name)


# ------------------------------------------------------------------------------------------------------ tensors as bytes
def serialize_tensor(tensor: Any, name: str | None = None) -> Any:
    """A tensor as a serialised `TensorProto`, a scalar string.

    >>> import headrace as tf
    >>> tf.io.parse_tensor(tf.io.serialize_tensor([1.0, 2.0]), tf.float32).numpy()
    array([1., 2.], dtype=float32)
    """
    return serialized_tensors.SERIALIZE_TENSOR(tensor, name=name)


def parse_tensor(serialized: Any, out_type: Any, name: str | None = None) -> Any:
    """The tensor in a serialised `TensorProto`.

    Raises:
      tf.errors.InvalidArgumentError: it is damaged, or of another type.
    """
    return serialized_tensors.PARSE_TENSOR(serialized, out_type=as_dtype(out_type), name=name)


def _sparse(sp_input: Any) -> Any:
    if not isinstance(sp_input, tf.SparseTensor):
        raise TypeError(f"Input must be a SparseTensor, received {type(sp_input).__name__}.")
    return sp_input.indices, sp_input.values, sp_input.dense_shape


def serialize_sparse(sp_input: Any, out_type: Any = dtypes.string, name: str | None = None) -> Any:
    """A sparse tensor as three strings: serialised indices, values and shape.

    Raises:
      TypeError: `sp_input` is no sparse tensor.
    """
    return serialized_tensors.SERIALIZE_SPARSE(*_sparse(sp_input), out_type=as_dtype(out_type), name=name)


def serialize_many_sparse(sp_input: Any, out_type: Any = dtypes.string, name: str | None = None) -> Any:
    """The slices of a sparse tensor along its first dimension, `n` of them, each as `tf.io.serialize_sparse`: `[n, 3]`."""
    return serialized_tensors.SERIALIZE_MANY_SPARSE(
        *_sparse(sp_input), out_type=as_dtype(out_type), name=name
    )


def deserialize_many_sparse(
    serialized_sparse: Any, dtype: Any, rank: int | None = None, name: str | None = None
) -> Any:
    """The sparse tensor whose slices along a new first dimension are given serialised: `[n, 3]` strings.

    Args:
      dtype: the type of its values.
      rank: the rank of the result, if it is known.

    >>> import headrace as tf
    >>> x = tf.sparse.from_dense([[0, 1], [2, 0]])
    >>> tf.sparse.to_dense(tf.io.deserialize_many_sparse(tf.io.serialize_many_sparse(x), tf.int32)).numpy()
    array([[0, 1],
           [2, 0]], dtype=int32)
    """
    indices, values, shape = serialized_tensors.DESERIALIZE_MANY_SPARSE(
        serialized_sparse, dtype=as_dtype(dtype), name=name
    )
    if rank is not None:
        indices.set_shape([None, rank])
        shape.set_shape([rank])
    return tf.SparseTensor(indices, values, shape)


# ------------------------------------------------------------------------------------- messages of a given description
class DecodedProto(NamedTuple):
    """What `tf.io.decode_proto` gives."""

    sizes: Any
    values: list[Any]


def decode_proto(
    bytes: Any, message_type: str, field_names: Any, output_types: Any, descriptor_source: Any = "local://",
    message_format: str = "binary", sanitize: bool = False, name: str | None = None,
) -> DecodedProto:  # fmt: skip
    """Fields of serialised messages, of any type, as tensors.

    Args:
      bytes: serialised messages, of any shape.
      message_type: the type's full name, e.g. "tensorflow.Example".
      field_names: the fields to read.
      output_types: their types: that of the field, or one it fits in; strings for messages.
      descriptor_source: where the type is described: "local://" (this process), the path of a serialised
        `FileDescriptorSet`, or "bytes://" followed by one.
      message_format: "binary" or "text".
      sanitize: unknown fields are skipped in either case.

    Returns:
      `sizes`, `[*shape, fields]`: how many values a message has of each field; and `values`, for each field
      `[*shape, longest]`, filled up with the field's default.

    Raises:
      tf.errors.InvalidArgumentError: the type, a field or an output type is not there or does not fit.
      tf.errors.DataLossError: a message is damaged.

    >>> import headrace as tf
    >>> data = tf.train.Int64List(value=[3, 4]).SerializeToString()
    >>> tf.io.decode_proto([data], "tensorflow.Int64List", ["value"], [tf.int64]).values[0].numpy()
    array([[3, 4]])
    """
    sizes, values = formats.DECODE_PROTO(
        bytes, message_type=message_type, field_names=list(field_names),
        output_types=[as_dtype(t) for t in output_types], descriptor_source=descriptor_source,
        message_format=message_format, sanitize=sanitize, name=name,
    )  # fmt: skip
    return DecodedProto(sizes, values)


def encode_proto(
    sizes: Any, values: Any, field_names: Any, message_type: str, descriptor_source: Any = "local://",
    name: str | None = None,
) -> Any:  # fmt: skip
    """Messages of tensors: the inverse of `tf.io.decode_proto`.

    Args:
      sizes: `[*shape, fields]`, how many of the values of each field are written.
      values: for each field a tensor `[*shape, longest]`.
      field_names, message_type, descriptor_source: as for `tf.io.decode_proto`.

    Returns:
      Strings of shape `shape`.

    Raises:
      tf.errors.InvalidArgumentError: shapes, types or names do not fit.

    >>> import headrace as tf
    >>> tf.io.encode_proto([[2]], [tf.constant([[3, 4]], tf.int64)], ["value"], "tensorflow.Int64List").numpy()
    array([b'\\n\\x02\\x03\\x04'], dtype=object)
    """
    return formats.ENCODE_PROTO(
        sizes, list(values), field_names=list(field_names), message_type=message_type,
        descriptor_source=descriptor_source, name=name,
    )  # fmt: skip
