"""`tf.io`: files, and the formats in them."""

from __future__ import annotations

from typing import Any

from headrace.io.tfrecord import TFRecordOptions, TFRecordWriter
from headrace.ops import files as ops

from . import io_gfile as gfile
from .strings import decode_base64, encode_base64

__all__ = [
    "TFRecordOptions", "TFRecordWriter", "decode_base64", "encode_base64", "gfile", "matching_files",
    "read_file", "write_file",
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
