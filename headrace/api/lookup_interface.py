"""What lookup tables have in common, and what fills those that do not change."""

from __future__ import annotations

import itertools
import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from headrace.core import dtypes
from headrace.core.convert import to_tensor
from headrace.core.dtypes import DType, as_dtype
from headrace.core.graph import get_default_graph
from headrace.core.state import init_scope, inside_function, state
from headrace.core.static import static_value
from headrace.core.tensor import SymbolicTensor, Tensor, wrap
from headrace.core.trackable import Trackable, TrackableResource
from headrace.ops import lookup as ops

_numbers = itertools.count()


def unique_name(kind: str) -> str:
    """A name that no other table of this process has."""
    return f"{kind}_{os.getpid()}_{next(_numbers)}"


def lifted(value: Any, dtype: Any = None) -> Tensor:
    """A tensor of `value`: an eager one even while a function is being traced, if its value is known by then."""
    tensor = to_tensor(value, None if dtype is None else as_dtype(dtype))
    if not inside_function() or tensor._is_eager:
        return tensor
    known = static_value(tensor)
    return tensor if known is None else wrap(known, tensor._dtype)


@contextmanager
def outside(*tensors: Tensor) -> Iterator[None]:
    """Where ops on these tensors belong: outside of the function being traced, if they do not depend on it."""
    if inside_function() and all(t._is_eager for t in tensors):
        with init_scope():
            yield
    else:
        yield


class LookupInterface(TrackableResource):
    """Base of all lookup tables: a mapping of keys of one type to values of one type.

    `table[keys]` is `table.lookup(keys)`."""

    _resource_handle: Any = None
    _table_name: str | None = None

    def __init__(self, key_dtype: Any, value_dtype: Any) -> None:
        self._key_dtype, self._value_dtype = as_dtype(key_dtype), as_dtype(value_dtype)

    @property
    def key_dtype(self) -> DType:
        """The type of the keys."""
        return self._key_dtype

    @property
    def value_dtype(self) -> DType:
        """The type of the values."""
        return self._value_dtype

    @property
    def resource_handle(self) -> Any:
        """The tensor by which ops know the table. The table lives as long as somebody holds it."""
        return self._resource_handle

    @property
    def name(self) -> str | None:
        """The name of the operation that makes the table in a graph; None when executing eagerly."""
        return self._table_name

    def _adopt(self, handle: Any, value_shape: Any = (), key_rank: int = 0) -> None:
        """Takes the handle, and tells shape inference what is behind it."""
        handle.__dict__["_handle_data"] = (self._value_dtype, value_shape, key_rank)
        self._resource_handle = handle
        self._table_name = None if handle._is_eager else handle.op.name.split("/")[-1]

    def _check_keys(self, keys: Any) -> Any:
        """Keys as a tensor (or ragged, or sparse), of the table's type."""
        if not hasattr(keys, "dtype") or not isinstance(keys.dtype, DType):
            keys = to_tensor(keys, self._key_dtype)
        if keys.dtype is not self._key_dtype:
            raise TypeError(
                f"Dtype of argument `keys` must be {self._key_dtype!r}, received: {keys.dtype!r}. Use tf.cast."
            )
        return keys

    def size(self, name: str | None = None) -> Tensor:
        """The number of entries: int64 scalar."""
        return ops.SIZE(self.resource_handle, name=name)

    def lookup(self, keys: Any, name: str | None = None) -> Any:
        """The values of `keys`; each kind of table says what missing keys give."""
        raise NotImplementedError(f"{type(self).__name__}.lookup")

    def __getitem__(self, keys: Any) -> Any:
        return self.lookup(keys)


def exported(table: LookupInterface, name: str | None) -> tuple[Tensor, Tensor]:
    keys, values = ops.EXPORT(
        table.resource_handle, Tkeys=table.key_dtype, Tvalues=table.value_dtype, name=name
    )
    return keys, values


def flat_part(keys: Any) -> Any:
    """The keys proper of ragged or sparse keys."""
    return keys.values if hasattr(keys, "values") and not isinstance(keys, Tensor) else keys


def like(keys: Any, values: Any) -> Any:
    """`values` in the place of `flat_part(keys)`."""
    if isinstance(keys, Tensor):
        return values
    if hasattr(keys, "with_values"):
        return keys.with_values(values)
    from headrace.composites.sparse.tensor import SparseTensor

    return SparseTensor(keys.indices, values, keys.dense_shape)


# -------------------------------------------------------------------------------------------------------- initializers
class TableInitializerBase(Trackable):
    """Base of what fills a table: `initialize(table)` puts the entries in."""

    def __init__(self, key_dtype: Any, value_dtype: Any) -> None:
        self._key_dtype, self._value_dtype = as_dtype(key_dtype), as_dtype(value_dtype)

    @property
    def key_dtype(self) -> DType:
        """The type of the table's keys."""
        return self._key_dtype

    @property
    def value_dtype(self) -> DType:
        """The type of the table's values."""
        return self._value_dtype

    def initialize(self, table: Any) -> Any:
        """Fills the table; in a graph, returns the operation that does."""
        raise NotImplementedError(f"{type(self).__name__}.initialize")

    def _check(self, table: Any, key_dtype: DType, value_dtype: DType) -> None:
        for what, have, want in (
            ("key", key_dtype, table.key_dtype),
            ("value", value_dtype, table.value_dtype),
        ):
            if have is not want:
                raise TypeError(f"Invalid {what} dtype for table, expected {want!r} but got {have!r}.")


def announce(operation: Any) -> Any:
    """Remembers an initializing operation for `tf.compat.v1.tables_initializer`, in graphs that are run by sessions."""
    if operation is not None and not inside_function() and state.graph is not None:
        get_default_graph().add_to_collection("table_initializer", operation)
    return operation


def _announce_file(filename: Tensor) -> None:
    """Remembers a file that a graph needs, for those who save the graph with it."""
    if isinstance(filename, SymbolicTensor) and filename.op.type == "Const" and not inside_function():
        get_default_graph().add_to_collection("asset_filepaths", filename)


class KeyValueTensorInitializer(TableInitializerBase):
    """Fills a table from a tensor of keys and one of values, of the same shape.

    Args:
      keys, values: tensors, or what converts to them.
      key_dtype, value_dtype: the types of Python values.

    Raises:
      ValueError, TypeError: a tensor is of another type, or a Python value does not convert to it.

    >>> import headrace as tf
    >>> entries = tf.lookup.KeyValueTensorInitializer(["a", "b"], [1, 2], value_dtype=tf.int64)
    >>> tf.lookup.StaticHashTable(entries, default_value=-1)[tf.constant(["b", "c"])].numpy().tolist()
    [2, -1]
    """

    def __init__(
        self, keys: Any, values: Any, key_dtype: Any = None, value_dtype: Any = None, name: str | None = None
    ) -> None:
        self._keys, self._values = lifted(keys, key_dtype), lifted(values, value_dtype)
        self._name = name or "key_value_init"
        super().__init__(self._keys.dtype, self._values.dtype)

    def initialize(self, table: Any) -> Any:
        """Fills the table.

        Raises:
          TypeError: the table is of other types.
          FailedPreconditionError: a key occurs with two values, or the table is filled already, with other entries.
          InvalidArgumentError: there are no keys, or not as many values.
        """
        self._check(table, self._keys.dtype, self._values.dtype)
        with outside(table.resource_handle, self._keys, self._values):
            return announce(ops.IMPORT(table.resource_handle, self._keys, self._values, name=self._name))


class TextFileIndex:
    """What of a line becomes a key or value: one of these, or the number of a field (from 0)."""

    WHOLE_LINE = ops.WHOLE_LINE
    LINE_NUMBER = ops.LINE_NUMBER


class TextFileInitializer(TableInitializerBase):
    r"""Fills a table from a text file, an entry per line.

    Args:
      filename: a path, or a string tensor that holds one.
      key_dtype, value_dtype: the table's types; line numbers are int64.
      key_index, value_index: the number of the field (from 0) that is the key or value;
        `tf.lookup.TextFileIndex.WHOLE_LINE` or `LINE_NUMBER` (from 0).
      vocab_size: how many lines to read; all, if not given.
      delimiter: one character, between fields.
      value_index_offset: what line numbers begin with.

    Raises:
      ValueError: an index and its type do not go together, or `filename` is empty.
      NotFoundError, InvalidArgumentError, OutOfRangeError (when a table is made): there is no such file; a line is empty,
        has too few fields, or one that is no number; the file is empty.

    >>> import headrace as tf, tempfile
    >>> file = tempfile.NamedTemporaryFile("w", suffix=".txt")
    >>> _ = file.write("emerson 10\nlake 20\npalmer 30\n")
    >>> file.flush()
    >>> entries = tf.lookup.TextFileInitializer(file.name, tf.string, 0, tf.int64, 1, delimiter=" ")
    >>> tf.lookup.StaticHashTable(entries, -1)[tf.constant(["lake", "tarkus"])].numpy().tolist()
    [20, -1]
    """

    def __init__(
        self, filename: Any, key_dtype: Any, key_index: int, value_dtype: Any, value_index: int,
        vocab_size: int | None = None, delimiter: str = "\t", name: str | None = None, value_index_offset: int = 0,
    ) -> None:  # fmt: skip
        if not isinstance(filename, Tensor) and not filename:
            raise ValueError("`filename` argument required for tf.lookup.TextFileInitializer")
        super().__init__(key_dtype, value_dtype)
        for what, index, dtype in (
            ("key", key_index, self._key_dtype),
            ("value", value_index, self._value_dtype),
        ):
            if index < TextFileIndex.WHOLE_LINE:
                raise ValueError(f"`{what}_index` should be >= -2, received: {index}.")
            if index == TextFileIndex.LINE_NUMBER and dtype is not dtypes.int64:
                raise ValueError(f"`{what}_dtype` must be int64 for line numbers, received: {dtype!r}")
            if index == TextFileIndex.WHOLE_LINE and not dtype.is_integer and dtype is not dtypes.string:
                raise ValueError(
                    f"`{what}_dtype` should be either integer or string for whole lines, received: {dtype!r}"
                )
        if vocab_size is not None and vocab_size <= 0:
            raise ValueError(f"`vocab_size` should be > 0, received: {vocab_size}")
        self._filename = lifted(
            filename if isinstance(filename, Tensor) else os.fspath(filename), dtypes.string
        )
        self._key_index, self._value_index, self._vocab_size = key_index, value_index, vocab_size
        self._delimiter, self._name, self._offset = delimiter, name or "text_file_init", value_index_offset

    def initialize(self, table: Any) -> Any:
        """Fills the table from the file; TypeError when the table is of other types."""
        self._check(table, self._key_dtype, self._value_dtype)
        with outside(table.resource_handle, self._filename):
            _announce_file(self._filename)
            return announce(
                ops.INITIALIZE_FROM_FILE(
                    table.resource_handle,
                    self._filename,
                    key_index=self._key_index,
                    value_index=self._value_index,
                    vocab_size=-1 if self._vocab_size is None else self._vocab_size,
                    delimiter=self._delimiter,
                    offset=self._offset,
                    name=self._name,
                )
            )
