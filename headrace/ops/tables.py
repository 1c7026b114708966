"""Lookup tables themselves: what the handles of `lookup.py`'s ops refer to.

Keys are found with a dict of row numbers, or, where keys are integers that do not change any more, by binary search (or no
search at all, where they lie close together); the values are rows of one array, so that a look-up ends in one gather."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from itertools import repeat
from typing import Any

import numpy as np

from headrace.core import dtypes, errors
from headrace.core.dtypes import DType
from headrace.core.errors import invalid

from .state import HostResource

NUMBERS = frozenset({dtypes.int32, dtypes.int64, dtypes.float32, dtypes.float64})
# Which value types go with which key types, as documented for TensorFlow's tables.
STATIC_TYPES = {
    dtypes.string: NUMBERS | {dtypes.string, dtypes.bool_},
    dtypes.int32: NUMBERS - {dtypes.int64} | {dtypes.string},
    dtypes.int64: NUMBERS | {dtypes.string},
}
MUTABLE_TYPES = {
    dtypes.string: NUMBERS | {dtypes.bool_},
    dtypes.int32: NUMBERS - {dtypes.int64},
    dtypes.int64: NUMBERS | {dtypes.string},
}
DENSE_TYPES = {
    dtypes.string: NUMBERS | {dtypes.bool_},
    dtypes.int32: NUMBERS - {dtypes.int64},
    dtypes.int64: NUMBERS | {dtypes.bool_},
}


def show(x: Any) -> str:
    return x.decode("utf-8", "replace") if isinstance(x, bytes) else str(x)


class Table(HostResource):
    """What all tables share: their types, and the checks of what they are given.

    `value_shape` is the shape of one key's value, `key_shape` that of one key."""

    types: dict[DType, frozenset[DType]]
    key_shape: tuple[int, ...] = ()

    def __init__(self, key_dtype: DType, value_dtype: DType, value_shape: tuple[int, ...] = ()) -> None:
        if value_dtype not in self.types.get(key_dtype, ()):
            known = "; ".join(
                [f"{k.name} to {', '.join(sorted(v.name for v in vs))}" for k, vs in self.types.items()]
            )
            raise errors.NotFoundError(
                None,
                None,
                f"There is no table from {key_dtype.name} to {value_dtype.name}. These exist: {known}. Cast the keys or the values.",
            )
        self.key_dtype, self.value_dtype, self.value_shape = key_dtype, value_dtype, value_shape
        self.destroyed = False

    @property
    def initialized(self) -> bool:
        return not self.destroyed

    def clear(self) -> None:
        """Gives the contents up; every later use fails."""
        self.destroyed = True

    # What the ops call; arrays are of the table's types and of fitting shapes.
    def size(self) -> int:
        raise NotImplementedError

    def find(self, keys: np.ndarray) -> np.ndarray:
        """The row of every key (flat), -1 where there is none."""
        raise NotImplementedError

    def rows(self, which: np.ndarray) -> np.ndarray:
        """The values in these rows (those of rows -1 are arbitrary)."""
        raise NotImplementedError

    def fill(self, keys: np.ndarray, values: np.ndarray) -> None:
        """Replaces what the table holds."""
        raise NotImplementedError

    def insert(self, keys: np.ndarray, values: np.ndarray) -> None:
        raise errors.UnimplementedError(
            None, None, "A StaticHashTable cannot be changed. Use tf.lookup.experimental.MutableHashTable."
        )

    def remove(self, keys: np.ndarray) -> None:
        self.insert(keys, keys)

    def export(self) -> tuple[np.ndarray, np.ndarray]:
        raise NotImplementedError

    def lookup(self, keys: np.ndarray, default: np.ndarray) -> np.ndarray:
        outer = self.outer(keys)
        each = default.shape == outer + self.value_shape
        if not each and default.shape != self.value_shape:
            raise invalid(
                f"Expected shape {list(self.value_shape)} or {list(outer + self.value_shape)} for default value, "
                f"got {list(default.shape)}"
            )
        rows = self.find(keys)
        missing = rows < 0
        if not self.size():
            out = np.empty((rows.size, *self.value_shape), self.value_dtype._np)
        else:
            out = self.rows(rows)
        if missing.any():
            if each and default.shape != self.value_shape:
                out[missing] = default.reshape(out.shape)[missing]
            else:
                out[missing] = default
        return out.reshape(outer + self.value_shape)

    def outer(self, keys: np.ndarray) -> tuple[int, ...]:
        """The shape of the keys without that of one key."""
        n = len(self.key_shape)
        if n and keys.shape[-n:] != self.key_shape:
            raise invalid(
                f"Input key shape {list(keys.shape)} must end with the table's key shape {list(self.key_shape)}"
            )
        return keys.shape[: keys.ndim - n]

    def check_types(self, keys: np.ndarray, values: np.ndarray | None = None) -> None:
        given = [dtypes.from_numpy(keys.dtype)] + (
            [] if values is None else [dtypes.from_numpy(values.dtype)]
        )
        wanted = [self.key_dtype, self.value_dtype][: len(given)]
        if given != wanted:
            raise invalid(
                f"Signature mismatch, have: {'->'.join([d.name for d in given])} expected: "
                f"{'->'.join([d.name for d in wanted])}, the key and value types of the table"
            )

    def check_values(self, keys: np.ndarray, values: np.ndarray) -> None:
        self.check_types(keys, values)
        wanted = self.outer(keys) + self.value_shape
        if values.shape != wanted:
            raise invalid(f"Expected shape {list(wanted)} for value, got {list(values.shape)}")

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.key_dtype.name} -> {self.value_dtype.name}>"


class StaticTable(Table):
    """A table that is filled once."""

    types = STATIC_TYPES
    _keys: np.ndarray | None = None
    _index: Any

    def size(self) -> int:
        return 0 if self._keys is None else self._keys.size

    def fill(self, keys: np.ndarray, values: np.ndarray) -> None:
        keys, values = keys.reshape(-1), values.reshape(-1)
        if not keys.size:
            raise invalid("keys and values cannot be empty tensors.")
        index = _integer_index(keys) if keys.dtype.kind == "i" else _DictIndex(keys)
        first = index.find(keys)
        repeated = np.flatnonzero(first != np.arange(keys.size))
        if repeated.size:
            for i in repeated[values[repeated] != values[first[repeated]]]:
                raise errors.FailedPreconditionError(
                    None,
                    None,
                    f"HashTable has different value for same key. Key {show(keys[i])} has {show(values[first[i]])} and "
                    f"trying to add value {show(values[i])}",
                )
            once = first == np.arange(keys.size)
            self.fill(keys[once], values[once])
        elif self._keys is None:
            self._keys, self._values, self._index = keys.copy(), values.copy(), index
        elif keys.size != self._keys.size or not self._same(keys, values):
            raise errors.FailedPreconditionError(
                None, None, "Table was already initialized with different data."
            )

    def _same(self, keys: np.ndarray, values: np.ndarray) -> bool:
        rows = self._index.find(keys)
        return bool((rows >= 0).all() and (self._values[rows] == values).all())

    def find(self, keys: np.ndarray) -> np.ndarray:
        if self._keys is None:
            raise errors.FailedPreconditionError(None, None, "Table not initialized.")
        return self._index.find(keys.reshape(-1))

    def rows(self, which: np.ndarray) -> np.ndarray:
        return self._values[which]

    def export(self) -> tuple[np.ndarray, np.ndarray]:
        if self._keys is None:
            raise errors.AbortedError(None, None, "HashTable is not initialized.")
        return self._keys, self._values


class _DictIndex:
    """Rows of keys of any kind. Of equal keys, the first counts."""

    def __init__(self, keys: np.ndarray) -> None:
        n = keys.size
        self.rows = dict(zip(keys[::-1].tolist(), range(n - 1, -1, -1)))

    def find(self, keys: np.ndarray) -> np.ndarray:
        return _find(self.rows, keys.tolist())


def _find(rows: dict[Any, int], keys: Sequence[Any]) -> np.ndarray:
    return np.fromiter(map(rows.get, keys, repeat(-1)), np.intp, len(keys))


SORTED_QUERIES = 1024  # so many keys are looked up in their own order, which spares the cache: 3-5 times faster for a million


class _SortedIndex:
    """Rows of integers by binary search."""

    def __init__(self, keys: np.ndarray) -> None:
        self.order = np.argsort(keys, kind="stable")
        self.keys = keys[self.order]

    def find(self, keys: np.ndarray) -> np.ndarray:
        if keys.size < SORTED_QUERIES:
            at = np.searchsorted(self.keys, keys)
        else:
            order = np.argsort(keys)
            at = np.empty(keys.size, np.intp)
            at[order] = np.searchsorted(self.keys, keys[order])
        np.minimum(at, self.keys.size - 1, out=at)
        return np.where(self.keys[at] == keys, self.order[at], -1)


class _DirectIndex:
    """Rows of integers that lie close together: an array of rows, at the place of each."""

    def __init__(self, keys: np.ndarray, low: int, high: int) -> None:
        self.low, self.high = low, high
        self.places = np.full(high - low + 1, -1, np.intp)
        self.places[keys[::-1].astype(np.int64) - low] = np.arange(keys.size - 1, -1, -1)

    def find(self, keys: np.ndarray) -> np.ndarray:
        inside = (keys >= self.low) & (keys <= self.high)
        at = np.where(inside, keys, self.low).astype(np.int64)
        at -= self.low
        return np.where(inside, self.places[at], -1)


def _integer_index(keys: np.ndarray) -> _SortedIndex | _DirectIndex:
    low, high = int(keys.min()), int(keys.max())
    close = high - low < 4 * keys.size + 1024
    return _DirectIndex(keys, low, high) if close else _SortedIndex(keys)


class MutableTable(Table):
    """A table that ops change. Threads may share it."""

    types = MUTABLE_TYPES

    def __init__(self, key_dtype: DType, value_dtype: DType, value_shape: tuple[int, ...] = ()) -> None:
        super().__init__(key_dtype, value_dtype, value_shape)
        self._lock = threading.RLock()
        self._empty()

    def _empty(self) -> None:
        self._rows: dict[Any, int] = {}
        self._free: list[int] = []  # rows below the end that hold nothing any more
        self._end = 0
        self._values = np.empty((16, *self.value_shape), self.value_dtype._np)

    def _hashable(self, keys: np.ndarray) -> list[Any]:
        return keys.reshape(-1).tolist()

    def size(self) -> int:
        return len(self._rows)

    def find(self, keys: np.ndarray) -> np.ndarray:
        return _find(self._rows, self._hashable(keys))

    def rows(self, which: np.ndarray) -> np.ndarray:
        return self._values[which]

    def lookup(self, keys: np.ndarray, default: np.ndarray) -> np.ndarray:
        with self._lock:
            return super().lookup(keys, default)

    def fill(self, keys: np.ndarray, values: np.ndarray) -> None:
        with self._lock:
            self._empty()
            self.insert(keys, values)

    def insert(self, keys: np.ndarray, values: np.ndarray) -> None:
        with self._lock:
            rows, free = self._rows, self._free
            where = []
            for key in self._hashable(keys):
                row = rows.get(key)
                if row is None:
                    if free:
                        row = free.pop()
                    else:
                        row, self._end = self._end, self._end + 1
                    rows[key] = row
                where.append(row)
            if self._end > len(self._values):
                grown = np.empty((2 * self._end, *self.value_shape), self._values.dtype)
                grown[: len(self._values)] = self._values
                self._values = grown
            self._values[where] = values.reshape(-1, *self.value_shape)  # of equal keys, the last counts

    def remove(self, keys: np.ndarray) -> None:
        with self._lock:
            for key in self._hashable(keys):
                row = self._rows.pop(key, None)
                if row is not None:
                    self._free.append(row)
            if not self._rows:
                self._empty()

    def export(self) -> tuple[np.ndarray, np.ndarray]:
        with self._lock:
            rows = self._rows
            keys = np.empty((len(rows), *self.key_shape), self.key_dtype._np)
            if rows:
                keys[:] = list(rows)
            return keys, self._values[list(rows.values())]


class DenseTable(MutableTable):
    """A mutable table with two keys that mark empty and deleted buckets. Here they mark nothing, but they may not be used
    as keys, and copies of the table have room for `buckets` entries, the empty ones of which hold `empty`."""

    types = DENSE_TYPES

    def __init__(
        self,
        key_dtype: DType,
        value_dtype: DType,
        value_shape: tuple[int, ...],
        empty: np.ndarray,
        deleted: np.ndarray,
        buckets: int,
        load: float,
    ) -> None:
        if not 0 < load <= 1:
            raise invalid(f"max_load_factor must be between 0 and 1, got: {load}")
        if buckets < 4 or buckets & (buckets - 1):
            raise invalid(f"Number of buckets must be at least 4 and a power of 2, got: {buckets}")
        if empty.ndim > 1 or empty.shape != deleted.shape:
            raise invalid(
                "Empty and deleted keys must be scalars or vectors of one shape, got shapes "
                f"{list(empty.shape)} and {list(deleted.shape)}"
            )
        if (empty == deleted).all():
            raise invalid("Empty and deleted keys cannot be equal")
        self.key_shape = empty.shape
        self.empty, self.deleted, self.buckets, self.load = empty, deleted, buckets, load
        super().__init__(key_dtype, value_dtype, value_shape)
        self._reserved = list(zip(self._plain(np.stack([empty, deleted])), ("empty_key", "deleted_key")))

    def _plain(self, keys: np.ndarray) -> list[Any]:
        if not self.key_shape:
            return keys.reshape(-1).tolist()
        return list(map(tuple, keys.reshape(-1, *self.key_shape).tolist()))

    def _hashable(self, keys: np.ndarray) -> list[Any]:
        plain = self._plain(keys)
        for key, what in self._reserved:
            if key in plain:
                raise invalid(f"Using the {what} as a table key is not allowed")
        return plain

    def insert(self, keys: np.ndarray, values: np.ndarray) -> None:
        with self._lock:
            n = int(np.prod(self.outer(keys), dtype=np.int64))
            while self.size() + n > self.buckets * self.load:
                self.buckets *= 2
            super().insert(keys, values)

    def fill(self, keys: np.ndarray, values: np.ndarray) -> None:
        """Takes what `export` gave: its entries are those with keys of their own."""
        keys = keys.reshape(-1, *self.key_shape)
        values = values.reshape(-1, *self.value_shape)
        reserved = {key for key, _ in self._reserved}
        used = [i for i, key in enumerate(self._plain(keys)) if key not in reserved]
        super().fill(keys[used], values[used])

    def export(self) -> tuple[np.ndarray, np.ndarray]:
        with self._lock:
            found_keys, found_values = super().export()
            keys = np.empty((self.buckets, *self.key_shape), self.key_dtype._np)
            keys[:] = self.empty
            values = np.zeros((self.buckets, *self.value_shape), self.value_dtype._np)
            keys[: len(found_keys)], values[: len(found_keys)] = found_keys, found_values
            # A bucket's key and value are vectors at least.
            return keys.reshape(self.buckets, -1), values.reshape(self.buckets, *(self.value_shape or (1,)))
