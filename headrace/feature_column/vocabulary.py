"""Columns of words that have ids by a vocabulary."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

import headrace as tf
from headrace.core import dtypes
from headrace.core.dtypes import as_dtype
from headrace.core.state import init_scope, state
from headrace.core.tensor import Tensor

from .categorical import RawCategorical
from .checks import check_ids, check_key, check_oov
from .serialization import registered


class _Vocabulary(RawCategorical):
    dtype: Any
    num_oov_buckets: int
    default_value: int

    def _ids(self, values: Any, state_manager: Any) -> Any:
        self._check_kind(values)
        if values.dtype.is_integer:
            values = tf.cast(values, dtypes.int64)
        return self._table(values.dtype, state_manager).lookup(values)

    def _table(self, key_dtype: Any, state_manager: Any) -> Any:
        name = f"{self.key}_lookup"
        if state_manager is not None and state_manager.has_resource(self, name):
            return state_manager.get_resource(self, name)
        with init_scope():
            entries = self._entries(key_dtype)
            table: Any = (
                tf.lookup.StaticVocabularyTable(entries, self.num_oov_buckets)
                if self.num_oov_buckets
                else tf.lookup.StaticHashTable(entries, self.default_value)
            )
        if state_manager is not None:
            state_manager.add_resource(self, name, table)
        return table

    def _entries(self, key_dtype: Any) -> Any:
        raise NotImplementedError


class _InList(NamedTuple):
    key: str
    vocabulary_list: tuple[Any, ...]
    dtype: Any
    default_value: int
    num_oov_buckets: int


@registered
class VocabularyListCategoricalColumn(_Vocabulary, _InList):
    """See `categorical_column_with_vocabulary_list`."""

    @property
    def num_buckets(self) -> int:
        return len(self.vocabulary_list) + self.num_oov_buckets

    def _entries(self, key_dtype: Any) -> Any:
        words = tf.constant(list(self.vocabulary_list), key_dtype)
        ids = tf.range(len(self.vocabulary_list), dtype=dtypes.int64)
        return tf.lookup.KeyValueTensorInitializer(words, ids)


class _InFile(NamedTuple):
    key: str
    vocabulary_file: str
    vocabulary_size: Any
    num_oov_buckets: int
    dtype: Any
    default_value: int
    file_format: str | None = None


@registered
class VocabularyFileCategoricalColumn(_Vocabulary, _InFile):
    """See `categorical_column_with_vocabulary_file`."""

    @property
    def num_buckets(self) -> int:
        return self.vocabulary_size + self.num_oov_buckets

    def _entries(self, key_dtype: Any) -> Any:
        if self.file_format == "tfrecord_gzip":
            return self._records(key_dtype)
        index = tf.lookup.TextFileIndex
        return tf.lookup.TextFileInitializer(
            self.vocabulary_file, key_dtype, index.WHOLE_LINE, dtypes.int64, index.LINE_NUMBER, self.vocabulary_size
        )  # fmt: skip

    def _records(self, key_dtype: Any) -> Any:
        words = tf.data.TFRecordDataset(self.vocabulary_file, "GZIP").take(self.vocabulary_size)
        if key_dtype is not dtypes.string:
            words = words.map(lambda word: tf.strings.to_number(word, key_dtype))
        return tf.data.experimental.DatasetInitializer(words.enumerate().map(lambda i, word: (word, i)))


def categorical_column_with_vocabulary_list(
    key: str, vocabulary_list: Any, dtype: Any = None, default_value: int = -1, num_oov_buckets: int = 0
) -> VocabularyListCategoricalColumn:
    """A feature of words or integers; the id is the value's place in a list.

    Args:
      key: its name in the features, and the column's. In dense features, "" or -1 is no value.
      vocabulary_list: the values, all different.
      dtype: the type that is parsed; that of the list if None.
      default_value: the id of values that are not in the list. -1 is none.
      num_oov_buckets: how many further ids there are for such values, by their fingerprints, instead of the default.

    Raises:
      ValueError: the list is empty, has duplicates, or is of another type; both a default and buckets are given.

    >>> import headrace as tf
    >>> color = tf.feature_column.categorical_column_with_vocabulary_list("color", ["red", "blue"], num_oov_buckets=1)
    >>> column = tf.feature_column.indicator_column(color)
    >>> tf.compat.v1.feature_column.input_layer({"color": tf.constant(["blue", "pink"])}, [column]).numpy().tolist()
    [[0.0, 1.0, 0.0], [0.0, 0.0, 1.0]]
    """
    if vocabulary_list is None or len(vocabulary_list) < 1:
        raise ValueError(f"vocabulary_list {vocabulary_list} must be non-empty, column_name: {key}")
    if len(set(vocabulary_list)) != len(vocabulary_list):
        raise ValueError(f"Duplicate keys in vocabulary_list {vocabulary_list}, column_name: {key}")
    own = as_dtype(np.array(vocabulary_list).dtype)
    check_oov(key, num_oov_buckets, default_value, -1)
    check_ids(own, f"column_name: {key} vocabulary")
    if dtype is not None and dtype.is_integer is not own.is_integer:
        raise ValueError(f"dtype {dtype!r} and vocabulary dtype {own!r} do not match, column_name: {key}")
    dtype = own if dtype is None else dtype
    check_ids(dtype, f"column_name: {key}")
    check_key(key)
    return VocabularyListCategoricalColumn(key, tuple(vocabulary_list), dtype, default_value, num_oov_buckets)


def categorical_column_with_vocabulary_file(
    key: str,
    vocabulary_file: str,
    vocabulary_size: Any = None,
    dtype: Any = dtypes.string,
    default_value: int | None = None,
    num_oov_buckets: int = 0,
    file_format: str | None = None,
) -> VocabularyFileCategoricalColumn:
    """A feature of words or integers; the id is the number of the value's line in a file.

    Args:
      key: its name in the features, and the column's. In dense features, "" or -1 is no value.
      vocabulary_file: a text file with a value on each line.
      vocabulary_size: how many lines to use; all of them if None.
      dtype: the type that is parsed.
      default_value: the id of values that are not in the file; -1, none, if not given.
      num_oov_buckets: how many further ids there are for such values, by their fingerprints, instead of the default.
      file_format: None, or "tfrecord_gzip" for a compressed file of records (also what a name "….tfrecord.gz" means).

    Raises:
      ValueError: there is no such file, the size is not positive, both a default and buckets are given, or `dtype` is neither
        string nor an integer's.

    >>> import headrace as tf, tempfile
    >>> file = tempfile.NamedTemporaryFile("w")
    >>> _ = file.write("red\\nblue\\n")
    >>> file.flush()
    >>> color = tf.feature_column.categorical_column_with_vocabulary_file("color", file.name)
    >>> column = tf.feature_column.indicator_column(color)
    >>> tf.compat.v1.feature_column.input_layer({"color": tf.constant(["blue", "pink"])}, [column]).numpy().tolist()
    [[0.0, 1.0], [0.0, 0.0]]
    """
    if not vocabulary_file:
        raise ValueError(f"Missing vocabulary_file in {key}.")
    if file_format not in (None, "tfrecord_gzip"):
        raise ValueError(f"file_format must be None or 'tfrecord_gzip', received {file_format!r} in {key}.")
    if file_format is None and vocabulary_file.endswith("tfrecord.gz"):
        file_format = "tfrecord_gzip"
    if vocabulary_size is None:
        if not tf.io.gfile.exists(vocabulary_file):
            raise ValueError(f"vocabulary_file in {key} does not exist: {vocabulary_file}")
        vocabulary_size = _size(vocabulary_file, file_format)
    if not isinstance(vocabulary_size, Tensor) and vocabulary_size < 1:
        raise ValueError(f"Invalid vocabulary_size in {key}: {vocabulary_size}. It must be positive.")
    check_oov(key, num_oov_buckets, default_value, None)
    check_ids(dtype, f"column_name: {key}")
    check_key(key)
    return VocabularyFileCategoricalColumn(
        key, vocabulary_file, vocabulary_size, num_oov_buckets or 0, dtype, -1 if default_value is None else default_value,
        file_format,
    )  # fmt: skip


def _size(path: str, file_format: str | None) -> Any:
    if file_format is None:
        with tf.io.gfile.GFile(path, "rb") as file:
            return sum(1 for _ in file)
    counted = tf.data.TFRecordDataset(path, "GZIP").reduce(np.int64(0), lambda n, _: n + 1)
    return counted.numpy() if state.graph is None else counted


def categorical_column_with_vocabulary_file_v1(
    key: str,
    vocabulary_file: str,
    vocabulary_size: Any = None,
    num_oov_buckets: int = 0,
    default_value: int | None = None,
    dtype: Any = dtypes.string,
) -> VocabularyFileCategoricalColumn:
    """`tf.feature_column.categorical_column_with_vocabulary_file` with another order of arguments."""
    return categorical_column_with_vocabulary_file(
        key, vocabulary_file, vocabulary_size, dtype, default_value, num_oov_buckets
    )
