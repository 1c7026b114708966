"""Datasets in files: what `Dataset.save`, `cache(filename)` and `snapshot` write, and `load` reads.

A directory of one TFRecord file per shard, whose records are elements, and `dataset.json`, which says what they are. An element is
its components one after the other: for each the rank and the dims, then the content (strings: a length before each), all
integers little-endian 64 bit. Nothing in these files is ever executed. They are not TensorFlow's own snapshot files."""

from __future__ import annotations

import contextlib
import itertools
import json
import struct
import uuid
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import numpy as np

from headrace.core import dtypes, errors, nest
from headrace.core.dtypes import as_dtype
from headrace.core.errors import invalid
from headrace.core.shapes import TensorShape
from headrace.core.specs import NoneTensorSpec, TensorSpec
from headrace.core.tensor import EagerTensor, wrap
from headrace.io import files
from headrace.io.tfrecord import TFRecordWriter, read_records

from .plan import Plan
from .values import Element, Specs, components, from_components

VERSION = 1
_INT = struct.Struct("<q")


# -------------------------------------------------------------------------------------------------------------- one element
def packed(element: Element) -> bytes:
    """An element as a record."""
    parts: list[bytes] = []
    for t in components(element):
        array = t._host()
        if t._dtype.kind in "rv":
            raise TypeError(f"Elements with components of type {t._dtype.name} cannot be written to files.")
        parts.append(struct.pack(f"<{array.ndim + 1}q", array.ndim, *array.shape))
        if t._dtype is dtypes.string:
            for text in array.reshape(-1).tolist():
                parts += [_INT.pack(len(text)), text]
        else:
            parts.append(np.ascontiguousarray(array).tobytes())
    return b"".join(parts)


def unpacked(record: bytes, specs: Sequence[TensorSpec], path: str) -> list[EagerTensor]:
    """The components again; DataLossError where the record is not one of these specs."""
    at = 0

    def take(n: int) -> bytes:
        nonlocal at
        if n < 0 or at + n > len(record):
            raise errors.DataLossError(
                None, None, f"A record of {path} is damaged: it ends within an element."
            )
        at += n
        return record[at - n : at]

    def numbers(n: int) -> tuple[int, ...]:
        if not 0 <= n <= 255:
            raise errors.DataLossError(None, None, f"A record of {path} is damaged: a tensor of rank {n}.")
        return struct.unpack(f"<{n}q", take(8 * n))

    out = []
    for spec in specs:
        shape = numbers(numbers(1)[0])
        if any(d < 0 for d in shape) or not TensorShape(shape).is_compatible_with(spec.shape):
            raise errors.DataLossError(
                None, None, f"A record of {path} has a component of shape {shape}, expected {spec.shape}."
            )
        count = 1
        for d in shape:
            count *= d
        if spec.dtype is dtypes.string:
            if count * 8 > len(record):
                raise errors.DataLossError(
                    None, None, f"A record of {path} is damaged: it ends within an element."
                )
            array = np.empty(count, object)
            for i in range(count):
                array[i] = take(numbers(1)[0])
        else:
            array = np.frombuffer(take(count * spec.dtype._np.itemsize), spec.dtype._np)
        out.append(wrap(array.reshape(shape), spec.dtype))
    if at != len(record):
        raise errors.DataLossError(
            None, None, f"A record of {path} has {len(record) - at} bytes more than its components."
        )
    return out


# ---------------------------------------------------------------------------------------------------------------- the types
def _described(structure: Any) -> Any:
    """A structure of specs as JSON."""
    from headrace.composites.ragged.spec import RaggedTensorSpec
    from headrace.composites.sparse.tensor import SparseTensorSpec

    if isinstance(structure, NoneTensorSpec):
        return {"kind": "none"}
    if isinstance(structure, (TensorSpec, SparseTensorSpec, RaggedTensorSpec)):
        raw = structure.shape._raw
        out: dict[str, Any] = {
            "kind": type(structure).__name__,
            "dtype": structure.dtype.name,
            "shape": None if raw is None else list(raw),
        }
        if isinstance(structure, RaggedTensorSpec):
            out |= {"ragged_rank": structure.ragged_rank, "row_splits_dtype": structure.row_splits_dtype.name}
        return out
    if type(structure) is dict:
        return {"kind": "dict", "items": [[k, _described(v)] for k, v in structure.items()]}
    if isinstance(structure, tuple):
        return {"kind": "tuple", "items": [_described(v) for v in structure]}
    raise TypeError(
        f"Elements of {structure} cannot be written to files: only tensors, ragged and sparse tensors in tuples and dicts."
    )


def _from_description(found: Any) -> Any:
    from headrace.composites.ragged.spec import RaggedTensorSpec
    from headrace.composites.sparse.tensor import SparseTensorSpec

    kind = found["kind"]
    if kind == "none":
        return NoneTensorSpec()
    if kind == "dict":
        return {k: _from_description(v) for k, v in found["items"]}
    if kind == "tuple":
        return tuple([_from_description(v) for v in found["items"]])
    shape, dtype = TensorShape(found["shape"]), as_dtype(found["dtype"])
    if kind == "RaggedTensorSpec":
        return RaggedTensorSpec(shape, dtype, found["ragged_rank"], as_dtype(found["row_splits_dtype"]))
    return {"TensorSpec": TensorSpec, "SparseTensorSpec": SparseTensorSpec}[kind](shape, dtype)


# --------------------------------------------------------------------------------------------------------------- directories
def write(
    path: str, elements: Iterable[Element], spec: Any, compression: str, shard: Callable[[Element], int]
) -> None:
    """Writes elements to a directory, which is complete, or not there: it gets its name last."""
    description = _described(spec)
    temporary = f"{path}.{uuid.uuid4().hex}.partial"
    files.make_directories(temporary)
    counts: dict[int, int] = {}
    try:
        with contextlib.ExitStack() as open_files:
            writers: dict[int, Any] = {}
            for element in elements:
                k = shard(element)
                if k not in writers:
                    name = files.join(temporary, _shard_name(k))
                    writers[k] = open_files.enter_context(TFRecordWriter(name, compression))
                    counts[k] = 0
                writers[k].write(packed(element))
                counts[k] += 1
        about = {
            "format": VERSION,
            "compression": compression,
            "element": description,
            "shards": sorted(counts.items()),
        }
        files.write_bytes(files.join(temporary, "dataset.json"), json.dumps(about).encode())
        if files.exists(path):
            files.remove_tree(path)
        files.rename(temporary, path)
    except BaseException:
        files.remove_tree(temporary)
        raise


def _shard_name(k: int) -> str:
    return f"shard-{k:05d}.tfrecord"


def described(path: str) -> tuple[Any, str, list[tuple[int, int]]]:
    """(element spec, compression, [(shard, number of elements)]) of a directory that `write` made."""
    name = files.join(path, "dataset.json")
    if not files.exists(name):
        raise errors.NotFoundError(
            None,
            None,
            f"Could not find the dataset in {path}: there is no {name}. Datasets are written by Dataset.save.",
        )
    try:
        found = json.loads(files.read_bytes(name))
        if found["format"] != VERSION:
            raise errors.DataLossError(
                None, None, f"{name} is of format {found['format']!r}, which this version does not read."
            )
        shards = [(int(k), int(n)) for k, n in found["shards"]]
        return _from_description(found["element"]), str(found["compression"]), shards
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise errors.DataLossError(
            None, None, f"{name} is damaged: {type(error).__name__}: {error}"
        ) from error


class Stored(Plan):
    """The elements of a directory, one shard after the other."""

    def __init__(self, path: str, specs: Specs, compression: str, shards: list[tuple[int, int]]) -> None:
        self.path, self.specs, self.compression, self.shards = path, specs, compression, shards
        self.flat = nest.flatten(list(specs), expand_composites=True)

    def size(self) -> int:
        return sum(n for _, n in self.shards)

    def shard(self, k: int) -> Iterator[Element]:
        name = files.join(self.path, _shard_name(k))
        for record in read_records(name, self.compression):
            yield from_components(unpacked(record, self.flat, name), self.specs)

    def start(self) -> Iterator[Element]:
        return itertools.chain.from_iterable(self.shard(k) for k, _ in self.shards)


# -------------------------------------------------------------------------------------------------------------------- caches
def load_cache(path: str, specs: Specs) -> Plan | None:
    """What a cache file of that name holds; None if it is not there yet."""
    if not files.exists(files.join(path, "dataset.json")):
        return None
    found, compression, shards = described(path)
    if tuple(found) != specs:
        raise invalid(
            f"The cache {path} holds elements of {found}, the dataset has {specs}: remove the files to make it anew."
        )
    return Stored(path, specs, compression, shards)


def save_cache(path: str, elements: Sequence[Element], specs: Specs) -> None:
    write(path, elements, specs, "", lambda element: 0)


__all__ = ["Stored", "described", "load_cache", "packed", "save_cache", "unpacked", "write"]
