"""Version 2 of checkpoints: a bundle of tensors.

`PREFIX.index` is a table from names to entries (type, shape, where, checksum); `PREFIX.data-00000-of-00003` are the shards,
the bytes of tensors one after the other. A tensor saved in parts has an entry that lists the parts, and one for each part
under the part's own key."""

from __future__ import annotations

import math
import struct
from collections.abc import Iterator, Sequence
from typing import Any

import google_crc32c
import numpy as np
from google.protobuf.message import DecodeError

from headrace.core import dtypes, errors
from headrace.core.dtypes import DType
from headrace.core.errors import invalid
from headrace.io import files
from headrace.proto.checkpoint_pb2 import BundleEntryProto, BundleHeaderProto

from .files import PIECE, NewFile, OldFile, bytes_of
from .slicing import Box, overlap
from .table import Table, TableWriter, read_varint, varint

VERSION = 1
_HEADER = b""  # the key of the header: before all others
MAX_RANK = 32


def index_name(prefix: str) -> str:
    return f"{prefix}.index"


def shard_name(prefix: str, shard: int, shards: int) -> str:
    return f"{prefix}.data-{shard:05d}-of-{shards:05d}"


def masked(crc: int) -> int:
    return (((crc >> 15) | (crc << 17)) + 0xA282EAD8) & 0xFFFFFFFF


def exists(prefix: str) -> bool:
    """Whether there is a checkpoint of version 2."""
    return files.exists(index_name(prefix))


# --------------------------------------------------------------------------------------------------------------- writing
class BundleWriter:
    """Writes a bundle of one shard. As a context manager: an error leaves no file behind.

    >>> import numpy as np, os, tempfile
    >>> from headrace.checkpoint.bundle import BundleReader, BundleWriter
    >>> prefix = os.path.join(tempfile.mkdtemp(), "model")
    >>> with BundleWriter(prefix) as writer:
    ...     writer.add("w", np.ones([2, 2], np.float32))
    >>> with BundleReader(prefix) as reader:
    ...     reader.tensor("w").tolist()
    [[1.0, 1.0], [1.0, 1.0]]
    """

    def __init__(self, prefix: Any) -> None:
        self.prefix = files.path_text(prefix)
        folder = self.prefix.rpartition("/")[0]
        if folder:  # one level, as TensorFlow makes it: a mistyped path is an error
            files.make_directory(folder)
        self._entries: dict[bytes, Any] = {}
        self._data = NewFile(shard_name(self.prefix, 0, 1))

    def add(self, name: str, array: np.ndarray, dtype: DType | None = None) -> None:
        """Adds a tensor; strings are arrays of `bytes`.

        Raises:
          tf.errors.InvalidArgumentError: there is one of that name.
          tf.errors.UnimplementedError: the type cannot be saved.
        """
        key = name.encode()
        if not name:
            raise invalid("A tensor needs a name to be saved under; received ''.")
        if key in self._entries:
            raise invalid(f"Adding duplicate key: {name}")
        self._put(key, array, dtype)

    def add_part(
        self, name: str, shape: Sequence[int], box: Box, array: np.ndarray, dtype: DType | None = None
    ) -> None:
        """Adds a part of a tensor, whose other parts may be added here or in another bundle that is merged with this one."""
        box.check(shape)
        if box.is_whole(shape):
            return self.add(name, array, dtype)
        if array.shape != box.shape_in(shape):
            raise invalid(
                f"The slice {box} of {name} has shape {list(box.shape_in(shape))}, the tensor {list(array.shape)}."
            )
        dtype = dtype or dtypes.from_numpy(array.dtype)
        whole = self._entries.get(name.encode())
        if whole is None:
            whole = self._entries[name.encode()] = BundleEntryProto(dtype=_enum(dtype))
            _set_shape(whole, shape)
        elif not whole.slices or whole.dtype != dtype.as_datatype_enum or _shape(whole) != tuple(shape):
            raise invalid(f"The parts of {name} are not of one tensor.")
        key = box.key(name)
        if key in self._entries:
            raise invalid(f"Adding duplicate slice {box} of {name}")
        box.to_proto(whole.slices.add())
        self._put(key, array, dtype)
        return None

    def _put(self, key: bytes, array: np.ndarray, dtype: DType | None) -> None:
        dtype = dtype or dtypes.from_numpy(array.dtype)
        if dtype.kind in "rv":
            raise errors.UnimplementedError(
                None, None, f"Tensors of type {dtype.name} cannot be saved: save what they refer to."
            )
        entry = BundleEntryProto(dtype=_enum(dtype), offset=self._data.offset)
        _set_shape(entry, array.shape)
        entry.crc32c = self._strings(array) if dtype.kind == "s" else self._numbers(array)
        entry.size = self._data.offset - entry.offset
        self._entries[key] = entry

    def _numbers(self, array: np.ndarray) -> int:
        data = bytes_of(array)
        crc = 0
        for at in range(0, data.size, PIECE):
            piece = data[at : at + PIECE]
            crc = google_crc32c.extend(crc, piece)
            self._data.write(piece)
        return masked(crc)

    def _strings(self, array: np.ndarray) -> int:
        """Lengths, their checksum, then the strings. Over lengths the checksum takes four bytes each, however written."""
        values = [v.encode() if isinstance(v, str) else bytes(v) for v in array.reshape(-1)]
        crc = 0
        for v in values:
            crc = google_crc32c.extend(crc, _length(len(v)))
        self._data.write(b"".join([varint(len(v)) for v in values]))
        sums = struct.pack("<I", masked(crc))
        self._data.write(sums)
        crc = google_crc32c.extend(crc, sums)
        for v in values:
            crc = google_crc32c.extend(crc, v)
            self._data.write(v)
        return masked(crc)

    def finish(self) -> None:
        """Completes the bundle: the index last, which makes it one."""
        try:
            with NewFile(index_name(self.prefix)) as file:
                write_index(file, self._entries, 1)
                self._data.commit()
        except BaseException:
            self._data.discard()
            raise

    def __enter__(self) -> BundleWriter:
        return self

    def __exit__(self, kind: Any, *_: Any) -> None:
        if kind is None:
            self.finish()
        else:
            self._data.discard()


def _enum(dtype: DType) -> Any:
    return dtype.as_datatype_enum


def _length(n: int) -> bytes:
    return struct.pack("<I" if n < 1 << 32 else "<Q", n)


def _set_shape(entry: Any, shape: Sequence[int]) -> None:
    entry.shape.SetInParent()
    for d in shape:
        entry.shape.dim.add().size = d


def _shape(entry: Any) -> tuple[int, ...]:
    return tuple([d.size for d in entry.shape.dim])


def write_index(file: Any, entries: dict[bytes, Any], shards: int) -> None:
    header = BundleHeaderProto(num_shards=shards)
    header.version.producer = VERSION
    table = TableWriter(file)
    table.add(_HEADER, header.SerializeToString())
    for key in sorted(entries):
        table.add(key, entries[key].SerializeToString())
    table.finish()


def merge(
    prefixes: Sequence[str], target: str, delete_old_dirs: bool = True, allow_missing_files: bool = False
) -> None:
    """Makes one bundle of several: moves their shards, and writes an index of them all.

    Raises:
      tf.errors.NotFoundError: one is missing (unless allowed; at least one there must be).
      tf.errors.InvalidArgumentError: two have the same tensor.
    """
    merged: dict[bytes, Any] = {}
    moves: list[str] = []
    found: list[str] = []
    for prefix in prefixes:
        if allow_missing_files and not exists(prefix):
            continue
        found.append(prefix)
        with BundleReader(prefix) as reader:
            if not reader.little_endian:
                raise errors.UnimplementedError(
                    None, None, f"{prefix} was written on a big-endian machine: it cannot be merged."
                )
            first = len(moves)
            used = sorted({e.shard_id for e in reader.entries.values() if not e.slices})
            renumbered = {shard: first + i for i, shard in enumerate(used)}
            moves += [shard_name(prefix, shard, reader.shards) for shard in used]
            for key, entry in reader.entries.items():
                if entry.slices:
                    old = merged.setdefault(key, entry)
                    if old is not entry:
                        if not old.slices or old.dtype != entry.dtype or old.shape != entry.shape:
                            raise invalid(
                                f"The parts of {key.decode()} in {prefix} are not of the same tensor as in others."
                            )
                        old.slices.extend(entry.slices)
                    continue
                if key in merged:
                    raise invalid(
                        f"Duplicate tensor keyed by {key!r} encountered, when merging prefix: {prefix}"
                    )
                entry.shard_id = renumbered[entry.shard_id]
                merged[key] = entry
    if not found:
        raise errors.NotFoundError(None, None, f"None of the checkpoints to merge exists: {list(prefixes)}")
    with NewFile(index_name(target)) as file:
        write_index(file, merged, max(1, len(moves)))
        for i, old in enumerate(moves):
            files.rename(old, shard_name(target, i, len(moves)), overwrite=True)
    for prefix in found:
        files.remove(index_name(prefix))
    if delete_old_dirs:
        here = target.rpartition("/")[0]
        for folder in {p.rpartition("/")[0] for p in found} - {here, ""}:
            if files.exists(folder) and not files.list_directory(folder):
                files.remove_tree(folder)


# --------------------------------------------------------------------------------------------------------------- reading
class BundleReader:
    """Reads a bundle.

    Args:
      prefix: what its files begin with.

    Raises:
      tf.errors.NotFoundError: there is none.
      tf.errors.DataLossError: it is damaged.
    """

    def __init__(self, prefix: Any) -> None:
        self.prefix = files.path_text(prefix)
        self._files: dict[int, OldFile] = {}
        index = OldFile(index_name(self.prefix))
        try:
            raw = {key: bytes(value) for key, value in Table(index)}
        finally:
            index.close()
        header = self._parsed(BundleHeaderProto, raw.pop(_HEADER, None), "its header")
        if header.version.min_consumer > VERSION or VERSION in header.version.bad_consumers:
            raise invalid(
                f"Checkpoint {self.prefix} needs a reader of version {header.version.min_consumer}; this one's is {VERSION}."
            )
        self.shards, self.little_endian = header.num_shards, header.endianness == BundleHeaderProto.LITTLE
        self.entries: dict[bytes, Any] = {}
        for key, value in raw.items():
            entry = self.entries[key] = self._parsed(BundleEntryProto, value, f"the entry of {key!r}")
            shape = _shape(entry)
            if (
                entry.dtype not in dtypes._BY_ENUM
                or entry.shape.unknown_rank
                or len(shape) > MAX_RANK
                or any(d < 0 for d in shape)
            ):
                raise self._damaged(f"the type or shape of {key!r} makes no sense")
            if not entry.slices and not 0 <= entry.shard_id < self.shards:
                raise self._damaged(f"{key!r} is said to be in shard {entry.shard_id} of {self.shards}")
        self._parts = {
            Box.from_proto(s).key(key.decode(errors="replace"))
            for key, e in self.entries.items()
            for s in e.slices
        }

    def _parsed(self, kind: Any, data: Any, what: str) -> Any:
        if data is None:
            raise self._damaged(f"{what} is missing")
        try:
            return kind.FromString(data)
        except DecodeError as error:
            raise self._damaged(f"{what} cannot be read: {error}") from None

    def _damaged(self, what: str) -> errors.DataLossError:
        return errors.DataLossError(None, None, f"Checkpoint {self.prefix} is damaged: {what}.")

    # ----------------------------------------------------------------------------------------------------------- contents
    def names(self) -> list[str]:
        """The names of the tensors, sorted; parts of tensors are not listed."""
        return [key.decode(errors="replace") for key in sorted(self.entries) if key not in self._parts]

    def has(self, name: str) -> bool:
        return name.encode() in self.entries

    def entry(self, name: str) -> Any:
        """The entry of a tensor.

        Raises:
          tf.errors.NotFoundError: there is no such tensor.
        """
        found = self.entries.get(name.encode())
        if found is None:
            raise errors.NotFoundError(None, None, f"Key {name} not found in checkpoint")
        return found

    def dtype(self, name: str) -> DType:
        return dtypes.as_dtype(self.entry(name).dtype)

    def shape(self, name: str) -> tuple[int, ...]:
        return _shape(self.entry(name))

    def stored_size(self, name: str) -> int:
        """Bytes in the files."""
        entry = self.entry(name)
        if not entry.slices:
            return int(entry.size)
        return sum(
            [e.size for e in (self.entries.get(box.key(name)) for box in self.boxes(name)) if e is not None]
        )

    def boxes(self, name: str) -> list[Box]:
        """The parts a tensor was saved in; none if it was saved whole."""
        return [Box.from_proto(s) for s in self.entry(name).slices]

    # ------------------------------------------------------------------------------------------------------------- values
    def tensor(self, name: str) -> np.ndarray:
        """A tensor's value.

        Raises:
          tf.errors.NotFoundError: there is no such tensor.
          tf.errors.DataLossError: its bytes are missing, or their checksum is another.
        """
        entry = self.entry(name)
        if entry.slices:
            return self.part(name, Box.whole(len(entry.shape.dim)))
        return self._read(name.encode(), entry)

    def part(self, name: str, box: Box) -> np.ndarray:
        """A part of a tensor; only the stored parts that it needs are read."""
        entry = self.entry(name)
        shape = _shape(entry)
        box.check(shape)
        if not entry.slices:
            whole = self._read(name.encode(), entry)
            return (
                whole if box.is_whole(shape) else whole[tuple([slice(*b) for b in box.bounds(shape)])].copy()
            )
        dtype = dtypes.as_dtype(entry.dtype)
        return assemble(
            name, shape, box, self.boxes(name), dtype,
            lambda b: self._read(b.key(name), self._part(name, b)), lambda b: self._part(name, b),
        )  # fmt: skip

    def _part(self, name: str, box: Box) -> Any:
        """The entry of a part, whose bytes are there."""
        whole, entry = self.entry(name), self.entries.get(box.key(name))
        if entry is None:
            raise self._damaged(f"the slice {box} of {name} is missing")
        if entry.dtype != whole.dtype or _shape(entry) != box.shape_in(_shape(whole)):
            raise self._damaged(f"the slice {box} of {name} is of another type or shape than it should be")
        size, file = math.prod(_shape(entry)) * dtypes.as_dtype(entry.dtype).size, self._file(entry.shard_id)
        if entry.size < size or entry.offset < 0 or entry.offset + entry.size > file.size:
            raise file.short(entry.offset + max(entry.size, size))
        return entry

    def _file(self, shard: int) -> OldFile:
        file = self._files.get(shard)
        if file is None:
            file = self._files[shard] = OldFile(
                shard_name(self.prefix, shard, self.shards), errors.OutOfRangeError
            )
        return file

    def _read(self, key: bytes, entry: Any) -> np.ndarray:
        file, dtype, shape = self._file(entry.shard_id), dtypes.as_dtype(entry.dtype), _shape(entry)
        if dtype.kind in "rv":
            raise errors.UnimplementedError(
                None, None, f"{key!r} is of type {dtype.name}: such values cannot be restored here."
            )
        n = math.prod(shape)
        if dtype.kind == "s":
            return self._read_strings(key, entry, file, n).reshape(shape)
        if entry.size != n * dtype.size:
            raise self._damaged(
                f"{key!r} has {entry.size} bytes, and {n * dtype.size} are expected for {dtype.name}{list(shape)}"
            )
        if entry.offset < 0 or entry.offset + entry.size > file.size:
            raise file.short(entry.offset + entry.size)
        try:
            out = np.empty(shape, dtype._np)
        except ValueError as error:  # empty, with dimensions beyond what memory can address
            raise self._damaged(f"the shape of {key!r}: {error}") from None
        crc = file.read_into(entry.offset, out.reshape(-1).view(np.uint8))
        self._check(key, entry, masked(crc))
        if not self.little_endian:
            out.byteswap(inplace=True)
        return out

    def _check(self, key: bytes, entry: Any, found: int) -> None:
        if entry.crc32c != found:
            raise errors.DataLossError(
                None,
                None,
                f"TensorBundle at {self.prefix} shard {entry.shard_id} ({entry.size} bytes): Checksum does not match: stored "
                f"{entry.crc32c:08x} vs. calculated on the restored bytes {found:08x} of {key!r}.",
            )

    def _read_strings(self, key: bytes, entry: Any, file: OldFile, n: int) -> np.ndarray:
        if entry.size < n + 4:  # a byte at least for each length
            raise self._damaged(f"{key!r} has {entry.size} bytes, too few for {n} strings")
        data = file.read(entry.offset, entry.size)
        at = crc = 0
        lengths = []
        try:
            for _ in range(n):
                length, at = read_varint(data, at)
                lengths.append(length)
                crc = google_crc32c.extend(crc, _length(length))
        except (IndexError, ValueError) as error:
            raise self._damaged(f"the lengths of the strings of {key!r}: {error}") from None
        sums = data[at : at + 4]
        if sums != struct.pack("<I", masked(crc)) or at + 4 + sum(lengths) != entry.size:
            raise self._damaged(f"the lengths of the strings of {key!r} do not match their checksum")
        crc = google_crc32c.extend(crc, data[at:])
        self._check(key, entry, masked(crc))
        out = np.empty(n, object)
        at += 4
        for i, length in enumerate(lengths):
            out[i] = data[at : at + length]
            at += length
        return out

    def close(self) -> None:
        for file in self._files.values():
            file.close()
        self._files.clear()

    def __enter__(self) -> BundleReader:
        return self

    def __exit__(self, *_: Any) -> None:
        self.close()

    def __iter__(self) -> Iterator[str]:
        return iter(self.names())


def assemble(
    name: str, shape: tuple[int, ...], box: Box, stored: Sequence[Box], dtype: DType, read: Any, check: Any
) -> np.ndarray:
    """A part of a tensor from the stored parts that it overlaps. `read(stored box)` gives the values of one, and
    `check(stored box)` raises if they are not there.

    Raises:
      tf.errors.NotFoundError: they do not fill it.
    """
    for known in stored:
        try:
            known.check(shape)
        except errors.InvalidArgumentError as error:
            raise errors.DataLossError(
                None, None, f"The parts of {name} are damaged: {error.message}"
            ) from None
    wanted = box.bounds(shape)
    size = math.prod([b - a for a, b in wanted])
    needed = []
    for known in dict.fromkeys(stored):
        shared = overlap(wanted, known.bounds(shape))
        if shared is not None:
            needed.append((known, *shared))
    boxes = np.array(
        [known.bounds(shape) for known, *_ in needed], object if max(shape, default=0) >> 62 else np.int64
    )
    for i in range(1, len(needed)):
        both = np.minimum(boxes[:i, :, 1], boxes[i, :, 1]) > np.maximum(boxes[:i, :, 0], boxes[i, :, 0])
        if both.all(axis=1).any():
            raise errors.DataLossError(
                None, None, f"The parts of {name} are damaged: {needed[i][0]} overlaps another one."
            )
    if sum([count for *_, count in needed]) != size:
        raise errors.NotFoundError(
            None,
            None,
            f"The slice {box} of {name} {list(shape)} is not in the checkpoint: it has {', '.join(map(str, stored[:10]))}{' …' if len(stored) > 10 else ''}.",
        )
    if len(needed) == 1 and needed[0][0].shape_in(shape) == box.shape_in(shape):
        return read(needed[0][0])
    for known, *_ in needed:  # before memory is taken for what may not be there
        check(known)
    try:
        out = np.empty([b - a for a, b in wanted], dtype._np)
    except ValueError as error:  # empty, with dimensions beyond what memory can address
        raise errors.DataLossError(None, None, f"The shape of {name} is damaged: {error}") from None
    for known, into, source, _ in needed:
        out[into] = read(known)[source]
    return out
