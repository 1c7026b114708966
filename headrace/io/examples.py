"""`Example` and `SequenceExample` messages as arrays: what the parsing ops compute.

A *column* is one feature over a batch of examples: for each example the list of its values, or None where it is missing."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from headrace.core import dtypes
from headrace.core.dtypes import DType
from headrace.core.errors import invalid

_KINDS = {"bytes_list": dtypes.string, "float_list": dtypes.float32, "int64_list": dtypes.int64}
Column = list[Any]


def _where(name: bytes | None) -> str:
    return f"Name: {name.decode('utf-8', 'replace') if name else '<unknown>'}"


def _parsed(kind: str, serialized: Any, names: Any) -> Iterator[tuple[bytes | None, Any]]:
    """`(name, message)` of each serialised message."""
    from google.protobuf.message import DecodeError

    from headrace.proto import example_pb2

    parse = getattr(example_pb2, kind).FromString
    for data, name in zip(serialized, names if len(names) else itertools.repeat(None)):
        try:
            yield name, parse(data)
        except DecodeError as error:
            what = "example" if kind == "Example" else "sequence example"
            raise invalid(
                f"{_where(name)}, Could not parse {what} input, value: {data[:64]!r} ({error})"
            ) from None


def parse_examples(serialized: Any, names: Any) -> list[tuple[bytes | None, Any]]:
    """`(name, its features)` of each serialised Example."""
    return [(name, message.features.feature) for name, message in _parsed("Example", serialized, names)]


def parse_sequences(serialized: Any, names: Any) -> list[tuple[bytes | None, Any, Any]]:
    """`(name, context features, feature lists)` of each serialised SequenceExample."""
    return [
        (name, message.context.feature, message.feature_lists.feature_list)
        for name, message in _parsed("SequenceExample", serialized, names)
    ]


def values_of(feature: Any, dtype: DType, key: str, name: bytes | None) -> Any:
    """The values of one feature (None if it holds no list), which must be of that type."""
    kind = feature.WhichOneof("kind")
    if kind is None:
        return None
    if _KINDS[kind] is not dtype:
        raise invalid(
            f"{_where(name)}, Key: {key}.  Data types don't match. Expected type: {dtype.name}, "
            f"Actual type: {_KINDS[kind].name}"
        )
    return getattr(feature, kind).value


def column(examples: Sequence[Any], key: str, dtype: DType) -> Column:
    """One feature over a batch."""
    return [
        values_of(features[key], dtype, key, name) if key in features else None for name, features in examples
    ]


def flat(lists: Sequence[Any], dtype: DType) -> np.ndarray:
    """The values of some lists, one after the other."""
    counts = [len(values) for values in lists]
    out = np.empty(sum(counts), dtype._np)
    place = 0
    for values, n in zip(lists, counts):
        out[place : place + n] = values[:]  # a list: NumPy reads messages' own containers much slower
        place += n
    return out


# --------------------------------------------------------------------------------------------------------------- layouts
def dense(
    cells: Column, names: Sequence[bytes | None], key: str, dtype: DType, shape: tuple[Any, ...], default: np.ndarray
) -> np.ndarray:  # fmt: skip
    """`[batch, *shape]`; missing features are the default, which must then be given. With an unknown first dimension,
    shorter features are filled up to the longest."""
    if shape and shape[0] is None:
        return _padded(cells, names, key, dtype, shape[1:], default)
    size = int(np.prod(shape))
    out = np.empty((len(cells), size), dtype._np)
    for i, values in enumerate(cells):
        if values is None:
            if default.size != size:
                raise invalid(
                    f"{_where(names[i])}, Feature: {key} (data type: {dtype.name}) is required but could not be found."
                )
            out[i] = default.reshape(-1)
        elif len(values) != size:
            raise invalid(
                f"{_where(names[i])}, Key: {key}, Index: {i}.  Number of {dtype.name} values != expected.  values size: "
                f"{len(values)} but output shape: {list(shape)}"
            )
        else:
            out[i] = values[:]
    return out.reshape(len(cells), *shape)


def _padded(
    cells: Column, names: Sequence[bytes | None], key: str, dtype: DType, inner: Sequence[Any], default: np.ndarray
) -> np.ndarray:  # fmt: skip
    stride = int(np.prod(inner))
    counts = [0 if values is None else len(values) for values in cells]
    for i, n in enumerate(counts):
        if stride == 0 or n % stride:
            raise invalid(
                f"{_where(names[i])}, Key: {key}, Index: {i}.  Number of {dtype.name} values is not a multiple of stride "
                f"length. Saw {n} values but output shape is: {[None, *inner]}"
            )
    longest = max(counts, default=0) // max(stride, 1)
    fill = default.reshape(-1)[0] if default.size else (b"" if dtype is dtypes.string else 0)
    out = np.full((len(cells), longest * stride), fill, dtype._np)
    for i, values in enumerate(cells):
        if values is not None:
            out[i, : counts[i]] = values[:]
    return out.reshape(len(cells), longest, *inner)


def sparse(cells: Column, dtype: DType) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Indices, values and shape of a sparse `[batch, longest]` tensor."""
    lists = [() if values is None else values for values in cells]
    counts = np.array([len(values) for values in lists], np.int64)
    indices = np.empty((int(counts.sum()), 2), np.int64)
    indices[:, 0] = np.repeat(np.arange(len(lists)), counts)
    indices[:, 1] = _positions(counts)
    return indices, flat(lists, dtype), np.array([len(lists), counts.max(initial=0)], np.int64)


def ragged(cells: Column, dtype: DType, splits: DType) -> tuple[np.ndarray, np.ndarray]:
    """Values and row splits."""
    lists = [() if values is None else values for values in cells]
    return flat(lists, dtype), row_splits([len(values) for values in lists], splits)


def row_splits(counts: Sequence[int], dtype: DType) -> np.ndarray:
    out = np.zeros(len(counts) + 1, dtype._np)
    np.cumsum(counts, out=out[1:])
    return out


def _positions(counts: np.ndarray) -> np.ndarray:
    """0, 1, … for each row: the position of every value in its row."""
    starts = np.repeat(np.cumsum(counts) - counts, counts)
    return np.arange(int(counts.sum())) - starts


# ------------------------------------------------------------------------------------------------------- feature lists
def steps(
    sequences: Sequence[Any], key: str, dtype: DType
) -> Iterator[tuple[bytes | None, list[Any] | None]]:
    """For each example its name and, step by step, the values under `key`; None where there is no such list."""
    for name, _, lists in sequences:
        if key not in lists:
            yield name, None
        else:
            yield name, [values_of(f, dtype, key, name) for f in lists[key].feature]


def dense_lists(
    sequences: Sequence[Any], key: str, dtype: DType, shape: Sequence[int], may_miss: Callable[[str], bool]
) -> tuple[np.ndarray, np.ndarray]:
    """`[batch, longest, *shape]`, filled up with zeros, and the lengths."""
    size = int(np.prod(shape))
    rows: list[list[Any]] = []
    for i, (name, found) in enumerate(steps(sequences, key, dtype)):
        if found is None and not may_miss(key):
            raise invalid(
                f"{_where(name)}, Feature list '{key}' is required but could not be found.  Did you mean to include it in "
                "feature_list_dense_missing_assumed_empty or feature_list_dense_defaults?"
            )
        for t, values in enumerate(found or ()):
            if values is None or len(values) != size:
                raise invalid(
                    f"{_where(name)}, Feature list: {key}, Index: {i}.  Number of {dtype.name} values != expected.  values "
                    f"size: {0 if values is None else len(values)} at step {t}, but output shape: {list(shape)}"
                )
        rows.append(found or [])
    lengths = np.array([len(row) for row in rows], np.int64)
    fill: Any = b"" if dtype is dtypes.string else 0
    out = np.full((len(rows), int(lengths.max(initial=0)), size), fill, dtype._np)
    for i, row in enumerate(rows):
        for t, values in enumerate(row):
            out[i, t] = values[:]
    return out.reshape(*out.shape[:2], *shape), lengths


def sparse_lists(
    sequences: Sequence[Any], key: str, dtype: DType
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Indices, values and shape of a sparse `[batch, steps, longest]` tensor."""
    indices: list[tuple[int, int, int]] = []
    lists: list[Any] = []
    longest = most = 0
    for i, (_, found) in enumerate(steps(sequences, key, dtype)):
        most = max(most, len(found or ()))
        for t, values in enumerate(found or ()):
            n = 0 if values is None else len(values)
            longest = max(longest, n)
            if n:
                lists.append(values)
                indices.extend([(i, t, k) for k in range(n)])
    shape = np.array([len(sequences), most, longest], np.int64)
    return np.array(indices, np.int64).reshape(-1, 3), flat(lists, dtype), shape


def ragged_lists(
    sequences: Sequence[Any], key: str, dtype: DType, splits: DType
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Values, outer row splits (steps of each example) and inner ones (values of each step)."""
    lists: list[Any] = []
    outer: list[int] = []
    for _, found in steps(sequences, key, dtype):
        outer.append(len(found or ()))
        lists += [() if values is None else values for values in found or ()]
    inner = row_splits([len(values) for values in lists], splits)
    return flat(lists, dtype), row_splits(outer, splits), inner
