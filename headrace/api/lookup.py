"""`tf.lookup`: tables that map keys to values. Look-ups run on the host, also inside of functions."""

from __future__ import annotations

from typing import Any

from headrace.core import dtypes
from headrace.core.dtypes import DType, as_dtype
from headrace.core.op import lookup as op
from headrace.core.state import init_scope, state
from headrace.core.tensor import Tensor
from headrace.ops import lookup as ops
from headrace.ops import strings

from . import lookup_experimental as experimental
from .lookup_interface import (
    KeyValueTensorInitializer,
    LookupInterface,
    TextFileIndex,
    TextFileInitializer,
    exported,
    flat_part,
    lifted,
    like,
    unique_name,
)


class StaticHashTable(LookupInterface):
    """A table that is filled when it is made, and does not change.

    Args:
      initializer: gives the entries, e.g. a `tf.lookup.KeyValueTensorInitializer`.
      default_value: a scalar, the value of missing keys.
      experimental_is_anonymous: whether the table in a graph (that a session runs) is known by its handle alone, and
        goes with it, instead of being kept for the next run. Tables made eagerly always go with their last handle.

    Keys may be string, int32 or int64. Strings map to string, bool, or a number; int64 to string or a number; int32 to
    string or a number other than int64 (numbers: int32, int64, float32, float64).

    Raises:
      NotFoundError: there is no table of these types.
      ValueError, TypeError: `default_value` is not a scalar of the values' type.
      FailedPreconditionError, InvalidArgumentError: the entries are not well-formed.

    >>> import headrace as tf
    >>> entries = tf.lookup.KeyValueTensorInitializer(["a", "b", "c"], [7, 8, 9])
    >>> table = tf.lookup.StaticHashTable(entries, default_value=-1)
    >>> table.lookup(tf.constant([["a", "b"], ["c", "d"]])).numpy().tolist()
    [[7, 8], [9, -1]]
    """

    def __init__(
        self, initializer: Any, default_value: Any, name: str | None = None, experimental_is_anonymous: bool = False
    ) -> None:  # fmt: skip
        super().__init__(initializer.key_dtype, initializer.value_dtype)
        self._initializer, self._name = initializer, name or "hash_table"
        self._is_anonymous = experimental_is_anonymous
        self._default_value = lifted(default_value, self._value_dtype)
        self._default_value.shape.merge_with([])
        self._track_trackable(initializer, "_initializer")
        with init_scope():
            self._adopt(self._create_resource())
        self._init_op = self._initialize()

    def _create_resource(self) -> Any:
        types = {"key_dtype": self._key_dtype, "value_dtype": self._value_dtype}
        if self._is_anonymous or state.graph is None:
            return ops.ANONYMOUS_HASH_TABLE(name=self._name, **types)
        return ops.HASH_TABLE(name=self._name, shared_name=unique_name("hash_table"), **types)

    def _initialize(self) -> Any:
        return self._initializer.initialize(self)

    @property
    def default_value(self) -> Tensor:
        """The value of missing keys."""
        return self._default_value

    @property
    def initializer(self) -> Any:
        """In a graph that a session runs: the operation that fills the table; None when executing eagerly."""
        return self._init_op

    def lookup(self, keys: Any, name: str | None = None) -> Any:
        """The values of `keys`, in their shape: ragged for ragged keys, sparse for sparse ones.

        Raises:
          TypeError: `keys` is not of the table's key type.
        """
        keys = self._check_keys(keys)
        flat = flat_part(keys)
        if not isinstance(flat, Tensor):  # several ragged dimensions
            return like(keys, self.lookup(flat, name))
        return like(keys, ops.FIND(self.resource_handle, flat, self._default_value, name=name))

    def export(self, name: str | None = None) -> tuple[Tensor, Tensor]:
        """`(keys, values)`: copies of all that the table holds, as vectors.

        Raises:
          AbortedError: the table was not filled.
        """
        keys, values = exported(self, name)
        if not keys._is_eager:
            values.set_shape(keys.shape)
        return keys, values


class StaticVocabularyTable(LookupInterface):
    """A table of ids (int64) in which missing keys have ids, too: each falls into one of `num_oov_buckets` buckets, by its
    fingerprint. Their ids begin after the number of entries.

    Args:
      initializer: gives the entries: string or int64 keys, int64 values, which should be 0, 1, …; None for buckets alone.
      num_oov_buckets: how many buckets there are: 1 at least.
      lookup_key_dtype: the type of keys in `lookup`: that of the entries, or another integer type.

    Raises:
      ValueError: `num_oov_buckets` is not positive.
      TypeError: keys or values have other types.

    >>> import headrace as tf
    >>> entries = tf.lookup.KeyValueTensorInitializer(["emerson", "lake", "palmer"], tf.range(3, dtype=tf.int64))
    >>> table = tf.lookup.StaticVocabularyTable(entries, num_oov_buckets=5)
    >>> table[tf.constant(["lake", "king", "crimson"])].numpy().tolist()
    [1, 6, 7]
    """

    def __init__(
        self, initializer: Any, num_oov_buckets: int, lookup_key_dtype: Any = None, name: str | None = None,
        experimental_is_anonymous: bool = False,
    ) -> None:  # fmt: skip
        if num_oov_buckets <= 0:
            raise ValueError("`num_oov_buckets` must be > 0; use StaticHashTable.")
        self._table: StaticHashTable | None = None
        key_dtype = None if lookup_key_dtype is None else as_dtype(lookup_key_dtype)
        if initializer is not None:
            key_dtype = key_dtype or initializer.key_dtype
            _check_vocabulary(initializer, key_dtype)
            self._table = StaticHashTable(
                initializer, -1, experimental_is_anonymous=experimental_is_anonymous
            )
            self._track_trackable(initializer, "_initializer")
        key_dtype = key_dtype or dtypes.string
        if not key_dtype.is_integer and key_dtype is not dtypes.string:
            raise TypeError(f"Invalid `key_dtype`, expected integer or string, got {key_dtype!r}")
        super().__init__(key_dtype, dtypes.int64)
        self._num_oov_buckets = num_oov_buckets
        name = (name and name.rstrip("/")) or ("hash_bucket" if self._table is None else self._table.name)
        self._table_name = name and name.split("/")[-1]

    @property
    def resource_handle(self) -> Any:
        return None if self._table is None else self._table.resource_handle

    @property
    def initializer(self) -> Any:
        """In a graph that a session runs: the operation that fills the table; None where there is nothing to fill."""
        return None if self._table is None else self._table.initializer

    def size(self, name: str | None = None) -> Tensor:
        """The number of entries and buckets: int64 scalar."""
        entries = lifted(0, dtypes.int64) if self._table is None else self._table.size()
        return op("AddV2")(entries, self._num_oov_buckets, name=name)

    def lookup(self, keys: Any, name: str | None = None) -> Any:
        """The ids of `keys`, in their shape: ragged for ragged keys, sparse for sparse ones.

        Raises:
          TypeError: `keys` is not of type `key_dtype`.
        """
        keys = self._check_keys(keys)
        flat = flat_part(keys)
        if not isinstance(flat, Tensor):
            return like(keys, self.lookup(flat, name))
        if self._table is None:
            return like(keys, self._buckets(flat))
        if self._table.key_dtype is dtypes.int64:
            flat = op("Cast")(flat, DstT=dtypes.int64)
        ids = self._table.lookup(flat, name)
        # Fingerprints cost far more than looking keys up: only missing ones get theirs.
        missing = op("Where")(op("Equal")(ids, self._table.default_value))
        buckets = op("AddV2")(self._buckets(op("GatherNd")(flat, missing)), self._table.size())
        return like(keys, op("TensorScatterUpdate")(ids, missing, buckets))

    def _buckets(self, keys: Tensor) -> Tensor:
        text = keys if keys.dtype is dtypes.string else strings.AS_STRING(keys)
        return strings.HASH_BUCKET_FAST(text, num_buckets=self._num_oov_buckets)


def _check_vocabulary(initializer: Any, key_dtype: DType) -> None:
    allowed = (dtypes.int64, dtypes.string)
    if initializer.key_dtype not in allowed:
        raise TypeError(f"Invalid `key_dtype`, expected one of {allowed}, but got {initializer.key_dtype!r}.")
    if initializer.key_dtype.is_integer != key_dtype.is_integer:
        kind = "integer" if key_dtype.is_integer else "non-integer"
        raise TypeError(f"Invalid `key_dtype`, expected {kind} but got {initializer.key_dtype!r}.")
    if initializer.value_dtype is not dtypes.int64:
        raise TypeError(
            f"Invalid `value_dtype`, expected {dtypes.int64!r} but got {initializer.value_dtype!r}."
        )


__all__ = [
    "KeyValueTensorInitializer",
    "StaticHashTable",
    "StaticVocabularyTable",
    "TextFileIndex",
    "TextFileInitializer",
    "experimental",
]
