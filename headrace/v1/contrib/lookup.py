"""`tf.contrib.lookup`: the tables of `tf.lookup` by their older names, and vocabularies made in one call.

Tables of a graph are filled by `tf.tables_initializer()`, or their own `init`."""

from __future__ import annotations

import collections
import sys
from typing import Any

import headrace as tf
from headrace.api.lookup import StaticHashTable, StaticVocabularyTable
from headrace.api.lookup_experimental import DenseHashTable as MutableDenseHashTable
from headrace.api.lookup_experimental import MutableHashTable
from headrace.api.lookup_interface import (
    KeyValueTensorInitializer,
    LookupInterface,
    TableInitializerBase,
    TextFileIndex,
    TextFileInitializer,
    unique_name,
)
from headrace.core import dtypes
from headrace.core.dtypes import as_dtype
from headrace.core.state import state
from headrace.ops import lookup as ops
from headrace.ops import strings

HasherSpec = collections.namedtuple("HasherSpec", ["hasher", "key"])
FastHashSpec = HasherSpec("fasthash", None)


def StrongHashSpec(key: Any) -> Any:
    """Buckets that nobody without the key (two integers) can aim at: SipHash, slower than the default.

    Raises:
      ValueError, TypeError: the key is not a list of two integers."""
    if not isinstance(key, (list, tuple)) or len(key) != 2:
        raise ValueError(f"key must have size 2, got {key!r}.")
    if not all(isinstance(k, int) for k in key):
        raise TypeError(f"Invalid key {key!r}. Must be unsigned integer values.")
    return HasherSpec("stronghash", key)


class HashTable(StaticHashTable):
    """A table that its initializer fills once: `tf.lookup.StaticHashTable`.

    Args:
      shared_name: tables of a graph with the same one are the same table.

    >>> import headrace as tf
    >>> with tf.Graph().as_default(), tf.compat.v1.Session() as sess:
    ...     table = HashTable(KeyValueTensorInitializer(["a", "b"], [7, 8]), -1)
    ...     found = table.lookup(tf.constant(["b", "c"]))
    ...     table.init.run()
    ...     sess.run(found).tolist()
    [8, -1]
    """

    def __init__(
        self, initializer: Any, default_value: Any, shared_name: str | None = None, name: str | None = None
    ) -> None:
        self._shared_name = shared_name
        super().__init__(initializer, default_value, name)

    def _create_resource(self) -> Any:
        if state.graph is None:
            return super()._create_resource()
        return ops.HASH_TABLE(
            name=self._name, shared_name=self._shared_name or unique_name("hash_table"),
            key_dtype=self._key_dtype, value_dtype=self._value_dtype,
        )  # fmt: skip

    @property
    def init(self) -> Any:
        """The operation that fills the table, as `initializer`."""
        return self.initializer


InitializableLookupTableBase = HashTable


class IdTableWithHashBuckets(StaticVocabularyTable):
    """A table of ids and, behind them, buckets for keys that it does not have.

    Args:
      table: maps string or int64 to int64; None for buckets alone.
      num_oov_buckets: how many buckets there are; 0 for those of the table alone.
      hasher_spec: `FastHashSpec` or a `StrongHashSpec`: what decides a key's bucket.
      key_dtype: the type of keys in `lookup`: that of the table, or another integer type.

    Raises:
      ValueError: there is neither a table nor a bucket.
      TypeError: keys or values have other types.
    """

    def __init__(
        self, table: Any, num_oov_buckets: int, hasher_spec: Any = FastHashSpec, name: str | None = None, key_dtype: Any = None
    ) -> None:  # fmt: skip
        key_dtype = None if key_dtype is None else as_dtype(key_dtype)
        if table is None and num_oov_buckets <= 0:
            raise ValueError("oov_buckets must be > 0 if no table is supplied.")
        if table is not None:
            key_dtype = key_dtype or table.key_dtype
            if table.key_dtype not in (dtypes.int64, dtypes.string):
                raise TypeError(f"Invalid key dtype, expected int64 or string, but got {table.key_dtype}.")
            if table.key_dtype.is_integer != key_dtype.is_integer:
                raise TypeError(f"Keys of {key_dtype} cannot be looked up in a table of {table.key_dtype}.")
            if table.value_dtype is not dtypes.int64:
                raise TypeError(f"Invalid value dtype, expected int64 but got {table.value_dtype}.")
        key_dtype = key_dtype or dtypes.string
        if not key_dtype.is_integer and key_dtype is not dtypes.string:
            raise TypeError(f"Invalid key_dtype, expected integer or string, got {key_dtype}.")
        if not isinstance(hasher_spec, HasherSpec) or hasher_spec.hasher not in ("fasthash", "stronghash"):
            raise TypeError(f"hasher_spec must be FastHashSpec or a StrongHashSpec, got {hasher_spec!r}")
        LookupInterface.__init__(self, key_dtype, dtypes.int64)
        self._table, self._num_oov_buckets, self._hasher = table, num_oov_buckets, hasher_spec
        name = (name and name.rstrip("/")) or ("hash_bucket" if table is None else table.name)
        self._table_name = name and name.split("/")[-1]

    @property
    def initializer(self) -> Any:
        """The operation that fills the table; one that does nothing where there is nothing to fill."""
        return tf.no_op() if self._table is None else self._table.initializer

    @property
    def init(self) -> Any:
        """`initializer`."""
        return self.initializer

    def lookup(self, keys: Any, name: str | None = None) -> Any:
        """The ids of `keys`, in their shape.

        Raises:
          TypeError: `keys` is not of type `key_dtype`."""
        if self._table is not None and self._num_oov_buckets == 0:
            keys = self._check_keys(keys)
            widened = tf.cast(keys, dtypes.int64) if self._table.key_dtype is dtypes.int64 else keys
            return self._table.lookup(widened, name)
        return super().lookup(keys, name)

    def _buckets(self, keys: Any) -> Any:
        if self._hasher.hasher == "fasthash":
            return super()._buckets(keys)
        text = keys if keys.dtype is dtypes.string else strings.AS_STRING(keys)
        return tf.strings.to_hash_bucket_strong(text, self._num_oov_buckets, list(self._hasher.key))


class TextFileIdTableInitializer(TextFileInitializer):
    """Lines (or another field) to their numbers."""

    def __init__(
        self, filename: Any, key_column_index: int = TextFileIndex.WHOLE_LINE, value_column_index: int = TextFileIndex.LINE_NUMBER,
        vocab_size: int | None = None, delimiter: str = "\t", name: str = "text_file_id_table_init", key_dtype: Any = dtypes.string,
    ) -> None:  # fmt: skip
        super().__init__(
            filename,
            key_dtype,
            key_column_index,
            dtypes.int64,
            value_column_index,
            vocab_size,
            delimiter,
            name,
        )


class TextFileStringTableInitializer(TextFileInitializer):
    """Line numbers to the lines (or another field)."""

    def __init__(
        self, filename: Any, key_column_index: int = TextFileIndex.LINE_NUMBER, value_column_index: int = TextFileIndex.WHOLE_LINE,
        vocab_size: int | None = None, delimiter: str = "\t", name: str = "text_file_string_table_init",
    ) -> None:  # fmt: skip
        super().__init__(
            filename,
            dtypes.int64,
            key_column_index,
            dtypes.string,
            value_column_index,
            vocab_size,
            delimiter,
            name,
        )


def _check_file(vocabulary_file: Any, vocab_size: Any) -> None:
    if vocabulary_file is None or (isinstance(vocabulary_file, str) and not vocabulary_file):
        raise ValueError("vocabulary_file must be specified and must not be empty.")
    if vocab_size is not None and vocab_size < 1:
        raise ValueError(
            f"vocab_file {vocabulary_file}: vocab_size must be greater than 0, got {vocab_size}."
        )


def _with_buckets(table: Any, buckets: int, hasher_spec: Any, key_dtype: Any, name: Any) -> Any:
    return (
        IdTableWithHashBuckets(table, buckets, hasher_spec, name=name, key_dtype=key_dtype)
        if buckets
        else table
    )


def index_table_from_file(
    vocabulary_file: Any = None, num_oov_buckets: int = 0, vocab_size: int | None = None, default_value: Any = -1,
    hasher_spec: Any = FastHashSpec, key_dtype: Any = dtypes.string, name: str | None = None,
    key_column_index: int = TextFileIndex.WHOLE_LINE, value_column_index: int = TextFileIndex.LINE_NUMBER, delimiter: str = "\t",
) -> Any:  # fmt: skip
    """A table from the lines of a file to their numbers (from 0).

    Args:
      num_oov_buckets: how many buckets there are for words that the file does not have; without them these are `default_value`.
      vocab_size: how many lines to read; all, if not given.
      key_dtype: string, or an integer type if the lines are numbers.

    Raises:
      ValueError: no file, a negative number of buckets, or an empty vocabulary.
      TypeError: `key_dtype` is another type."""
    _check_file(vocabulary_file, vocab_size)
    if num_oov_buckets < 0:
        raise ValueError(f"num_oov_buckets must be greater or equal than 0, got {num_oov_buckets}.")
    key_dtype = as_dtype(key_dtype)
    if not key_dtype.is_integer and key_dtype is not dtypes.string:
        raise TypeError("Only integer and string keys are supported.")
    with tf.name_scope(name or "string_to_index"):
        entries = TextFileIdTableInitializer(
            vocabulary_file, key_column_index, value_column_index, vocab_size, delimiter,
            key_dtype=dtypes.int64 if key_dtype.is_integer else key_dtype,
        )  # fmt: skip
        table = HashTable(entries, default_value)
        return _with_buckets(table, num_oov_buckets, hasher_spec, key_dtype, name)


def index_table_from_tensor(
    mapping: Any, num_oov_buckets: int = 0, default_value: Any = -1, hasher_spec: Any = FastHashSpec,
    dtype: Any = dtypes.string, name: str | None = None,
) -> Any:  # fmt: skip
    """A table from the entries of a vector (strings, or integers) to their positions.

    Args:
      num_oov_buckets: how many buckets there are for what is not in the vector; without them that is `default_value`.
      dtype: the type of the keys.

    Raises:
      ValueError: there is no `mapping`, or the number of buckets is negative.
      TypeError: the type is none of string and the integers, or not that of `mapping`.

    >>> import headrace as tf
    >>> table = index_table_from_tensor(["emerson", "lake", "palmer"], default_value=-1)
    >>> table.lookup(tf.constant(["lake", "king"])).numpy().tolist()
    [1, -1]
    """
    if mapping is None:
        raise ValueError("mapping must be specified.")
    if num_oov_buckets < 0:
        raise ValueError(f"num_oov_buckets must be greater or equal than 0, got {num_oov_buckets}.")
    dtype = as_dtype(dtype)
    if not dtype.is_integer and dtype is not dtypes.string:
        raise TypeError("Only integer and string keys are supported.")
    with tf.name_scope(name or "string_to_index"):
        keys = tf.convert_to_tensor(mapping)
        if keys.dtype.is_integer != dtype.is_integer:
            kind = "integer" if dtype.is_integer else "string"
            raise TypeError(f"Expected {kind} keys, got {keys.dtype}.")
        entries = KeyValueTensorInitializer(
            tf.cast(keys, dtypes.int64) if dtype.is_integer else keys,
            tf.cast(tf.range(tf.size(keys)), dtypes.int64),
        )
        table = HashTable(entries, default_value)
        return _with_buckets(table, num_oov_buckets, hasher_spec, dtype, name)


def index_to_string_table_from_file(
    vocabulary_file: Any, vocab_size: int | None = None, default_value: Any = "UNK", name: str | None = None,
    key_column_index: int = TextFileIndex.LINE_NUMBER, value_column_index: int = TextFileIndex.WHOLE_LINE, delimiter: str = "\t",
) -> Any:  # fmt: skip
    """A table from line numbers (from 0) to the lines of a file.

    Raises:
      ValueError: no file, or an empty vocabulary."""
    _check_file(vocabulary_file, vocab_size)
    with tf.name_scope(name or "index_to_string"):
        entries = TextFileStringTableInitializer(
            vocabulary_file, key_column_index, value_column_index, vocab_size, delimiter
        )
        return HashTable(entries, default_value)


def index_to_string_table_from_tensor(
    mapping: Any, default_value: Any = "UNK", name: str | None = None
) -> Any:
    """A table from positions to the entries of a vector of strings.

    Raises:
      ValueError: there is no `mapping`."""
    if mapping is None:
        raise ValueError("mapping must be specified.")
    with tf.name_scope(name or "index_to_string"):
        values = tf.convert_to_tensor(mapping, dtypes.string)
        keys = tf.cast(tf.range(tf.size(values)), dtypes.int64)
        return HashTable(KeyValueTensorInitializer(keys, values), default_value)


def string_to_index(tensor: Any, mapping: Any, default_value: Any = -1, name: str | None = None) -> Any:
    """The positions of strings in a vector."""
    return index_table_from_tensor(mapping, default_value=default_value, name=name).lookup(tensor)


def index_to_string(tensor: Any, mapping: Any, default_value: Any = "UNK", name: str | None = None) -> Any:
    """The strings of a vector at some positions (int64)."""
    return index_to_string_table_from_tensor(mapping, default_value, name).lookup(tensor)


def string_to_index_table_from_file(
    vocabulary_file: Any = None, num_oov_buckets: int = 0, vocab_size: int | None = None, default_value: Any = -1,
    hasher_spec: Any = FastHashSpec, name: str | None = None,
) -> Any:  # fmt: skip
    """`index_table_from_file`, for strings."""
    return index_table_from_file(
        vocabulary_file, num_oov_buckets, vocab_size, default_value, hasher_spec, dtypes.string, name
    )


def string_to_index_table_from_tensor(
    mapping: Any, num_oov_buckets: int = 0, default_value: Any = -1, hasher_spec: Any = FastHashSpec, name: str | None = None
) -> Any:  # fmt: skip
    """`index_table_from_tensor`, for strings."""
    return index_table_from_tensor(mapping, num_oov_buckets, default_value, hasher_spec, dtypes.string, name)


lookup_ops = sys.modules[__name__]  # programs import the module behind the part by this name

__all__ = [
    "FastHashSpec", "HashTable", "HasherSpec", "IdTableWithHashBuckets", "InitializableLookupTableBase",
    "KeyValueTensorInitializer", "LookupInterface", "MutableDenseHashTable", "MutableHashTable", "StrongHashSpec",
    "TableInitializerBase", "TextFileIdTableInitializer", "TextFileIndex", "TextFileInitializer",
    "TextFileStringTableInitializer", "index_table_from_file", "index_table_from_tensor", "index_to_string",
    "index_to_string_table_from_file", "index_to_string_table_from_tensor", "string_to_index",
    "string_to_index_table_from_file", "string_to_index_table_from_tensor",
]  # fmt: skip
