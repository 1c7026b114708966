"""Lookup tables filled from datasets."""

from __future__ import annotations

from typing import Any, NamedTuple

from headrace.api.lookup import StaticHashTable, StaticVocabularyTable
from headrace.api.lookup_interface import LookupInterface, TableInitializerBase, announce, outside
from headrace.core import dtypes
from headrace.core.dtypes import as_dtype
from headrace.core.op import lookup
from headrace.core.specs import TensorSpec
from headrace.core.tensor import Tensor
from headrace.ops import lookup as ops
from headrace.ops import strings


def _check_elements(spec: Any) -> None:
    wanted = "Datasets used to initialize lookup tables must produce elements in the form (key, value), where the keys and values are scalar tensors."
    if not isinstance(spec, (tuple, list)):
        raise TypeError(f"{wanted} The given dataset produces {spec}.")
    if len(spec) != 2:
        raise ValueError(f"{wanted} The given dataset produces {len(spec)} components: {spec}.")
    for part, what in zip(spec, ("keys", "values")):
        if not isinstance(part, TensorSpec) or part.shape.rank not in (None, 0):
            raise ValueError(f"{wanted} The given dataset produces {what} that are {part}.")


class DatasetInitializer(TableInitializerBase):
    """Fills a lookup table from a dataset of pairs of scalars: a key and its value.

    Raises:
      ValueError, TypeError: the dataset's elements are no such pairs.

    >>> import headrace as tf
    >>> pairs = tf.data.Dataset.from_tensor_slices((["a", "b"], [1, 2]))
    >>> table = tf.lookup.StaticHashTable(tf.data.experimental.DatasetInitializer(pairs), -1)
    >>> table[tf.constant(["b", "c"])].numpy().tolist()
    [2, -1]
    """

    def __init__(self, dataset: Any) -> None:
        _check_elements(dataset.element_spec)
        self.dataset = dataset
        super().__init__(*[part.dtype for part in dataset.element_spec])

    def initialize(self, table: Any) -> Any:
        """Fills the table.

        Raises:
          TypeError: the table is of other types.
          OutOfRangeError: the dataset has no elements.
          FailedPreconditionError: a key occurs with two values, or the table is filled already, with other entries.
        """
        self._check(table, self._key_dtype, self._value_dtype)
        variant = self.dataset._variant_tensor
        with outside(table.resource_handle, variant):
            return announce(ops.INITIALIZE_FROM_DATASET(table.resource_handle, variant))


class HasherSpec(NamedTuple):
    """How missing keys fall into buckets: by "fasthash", or by "stronghash" with a key of two integers."""

    hasher: str
    key: Any


FastHashSpec = HasherSpec("fasthash", None)


class _Buckets(StaticVocabularyTable):
    """A table of ids and buckets for missing keys: `StaticVocabularyTable` over a table that is there already."""

    def __init__(
        self, table: StaticHashTable, num_oov_buckets: int, hasher: HasherSpec, key_dtype: Any
    ) -> None:
        if table.key_dtype not in (dtypes.int64, dtypes.string):
            raise TypeError(f"Keys must be int64 or string where there are buckets, not {table.key_dtype!r}.")
        if table.key_dtype.is_integer != key_dtype.is_integer:
            raise TypeError(f"Invalid `key_dtype` {key_dtype!r}: the table has keys of {table.key_dtype!r}.")
        if table.value_dtype is not dtypes.int64:
            raise TypeError(
                f"Invalid `value_dtype`: expected int64 but got {table.value_dtype!r}: ids and buckets are of one type."
            )
        if hasher.hasher not in ("fasthash", "stronghash"):
            raise ValueError(f"Found unknown hasher {hasher.hasher!r} in `hasher_spec`.")
        LookupInterface.__init__(self, key_dtype, dtypes.int64)
        self._table, self._num_oov_buckets, self._hasher = table, num_oov_buckets, hasher
        self._table_name = table.name

    def _buckets(self, keys: Tensor) -> Tensor:
        if self._hasher.hasher == "fasthash":
            return super()._buckets(keys)
        text = keys if keys.dtype is dtypes.string else strings.AS_STRING(keys)
        key = tuple(self._hasher.key)
        return strings.HASH_BUCKET_STRONG(text, num_buckets=self._num_oov_buckets, key=key)


def table_from_dataset(
    dataset: Any = None, num_oov_buckets: int = 0, vocab_size: Any = None, default_value: Any = None,
    hasher_spec: HasherSpec = FastHashSpec, key_dtype: Any = dtypes.string, name: str | None = None,
) -> Any:  # fmt: skip
    """A lookup table of a dataset of pairs.

    Args:
      num_oov_buckets: buckets, into which missing keys fall; values are ids then (int64).
      vocab_size: how many pairs to take; the dataset must have as many.
      default_value: the value of missing keys where there are no buckets; -1, if not given.
      hasher_spec: how missing keys fall into buckets.
      key_dtype: the type of keys in look-ups (where there are buckets; otherwise that of the dataset's).

    Raises:
      ValueError: `dataset` has other elements, or an argument is out of range.
      TypeError: the types do not go together.

    >>> import headrace as tf
    >>> pairs = tf.data.Dataset.from_tensor_slices((["a", "b"], [1, 2]))
    >>> tf.data.experimental.table_from_dataset(pairs)[tf.constant(["b", "c"])].numpy().tolist()
    [2, -1]
    """
    _check_elements(dataset.element_spec)
    value_dtype, key_dtype = dataset.element_spec[1].dtype, as_dtype(key_dtype)
    if default_value is None:
        if not (value_dtype.is_integer or value_dtype.is_floating):
            raise ValueError(
                f"`default_value` must be specified when creating a table from a dataset that produces values of type {value_dtype!r}."
            )
        default_value = -1
    if num_oov_buckets < 0:
        raise ValueError(f"`num_oov_buckets` must be greater than or equal to 0, got {num_oov_buckets}.")
    if vocab_size is not None and not isinstance(vocab_size, Tensor) and vocab_size < 1:
        raise ValueError(f"`vocab_size` must be greater than 0, got {vocab_size}.")
    if not key_dtype.is_integer and key_dtype is not dtypes.string:
        raise TypeError(f"`key_dtype` must be either an integer or string type, but got {key_dtype!r}")
    if vocab_size is not None:
        count = lookup("Cast")(vocab_size, DstT=dtypes.int64)
        dataset = dataset.take(count)._derived(lookup("AssertCardinalityDataset"), count)
    table = StaticHashTable(DatasetInitializer(dataset), default_value, name=name)
    return _Buckets(table, num_oov_buckets, hasher_spec, key_dtype) if num_oov_buckets else table


def index_table_from_dataset(
    dataset: Any = None, num_oov_buckets: int = 0, vocab_size: Any = None, default_value: Any = -1,
    hasher_spec: HasherSpec = FastHashSpec, key_dtype: Any = dtypes.string, name: str | None = None,
) -> Any:  # fmt: skip
    """A lookup table of a dataset of keys, which gives each key its number in the dataset; see `table_from_dataset`.

    >>> import headrace as tf
    >>> keys = tf.data.Dataset.from_tensor_slices(["a", "b"])
    >>> tf.data.experimental.index_table_from_dataset(keys)[tf.constant(["b", "c"])].numpy().tolist()
    [1, -1]
    """
    pairs = dataset.enumerate().map(lambda number, key: (key, number))
    return table_from_dataset(pairs, num_oov_buckets, vocab_size, default_value, hasher_spec, key_dtype, name)


__all__ = [
    "DatasetInitializer",
    "FastHashSpec",
    "HasherSpec",
    "index_table_from_dataset",
    "table_from_dataset",
]
