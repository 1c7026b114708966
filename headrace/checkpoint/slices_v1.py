"""Version 1 of checkpoints, which programs before 2017 wrote: tensors, or parts of them, as messages in one sorted table.

The first entry says what is in the file; a tensor's values are under the key of its name and part."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from google.protobuf.message import DecodeError

from headrace.core import dtypes, errors
from headrace.core.dtypes import DType
from headrace.core.errors import invalid
from headrace.io import files
from headrace.proto.checkpoint_pb2 import SavedTensorSlices

from .bundle import MAX_RANK, assemble
from .files import NewFile, OldFile
from .slicing import Box
from .table import Table, TableWriter

VERSION = 1
LARGEST = (1 << 31) - (1 << 11)  # bytes of a message
# The list of a TensorProto that holds the elements of each type.
_FIELDS = {
    dtypes.float32: "float_val", dtypes.float64: "double_val", dtypes.int64: "int64_val", dtypes.bool_: "bool_val",
    dtypes.string: "string_val", dtypes.complex64: "scomplex_val", dtypes.complex128: "dcomplex_val",
    dtypes.float16: "half_val",
    **dict.fromkeys(
        (dtypes.int32, dtypes.uint16, dtypes.uint8, dtypes.int16, dtypes.int8, dtypes.qint8, dtypes.quint8, dtypes.qint32,
         dtypes.quint16, dtypes.qint16), "int_val",
    ),
}  # fmt: skip


class SliceWriter:
    """Writes a checkpoint of version 1; nothing is there before `finish`."""

    def __init__(self, path: Any) -> None:
        self.path = files.path_text(path)
        self._tensors: dict[str, tuple[tuple[int, ...], DType, list[Box]]] = {}
        self._data: dict[bytes, tuple[str, Box, np.ndarray]] = {}

    def add(
        self, name: str, array: np.ndarray, dtype: DType | None = None, shape: Sequence[int] | None = None,
        box: Box | None = None,
    ) -> None:  # fmt: skip
        """Adds a tensor, or the part `box` of a tensor of that `shape`.

        Raises:
          tf.errors.InvalidArgumentError: it was added already, is too large for a message, or is not the shape it should be.
          tf.errors.UnimplementedError: the type cannot be saved in this version.
        """
        dtype = dtype or dtypes.from_numpy(array.dtype)
        if dtype not in _FIELDS:
            raise errors.UnimplementedError(
                None,
                None,
                f"Version 1 of checkpoints does not know the type {dtype.name}: save in version 2.",
            )
        full = tuple(array.shape if shape is None else shape)
        box = box or Box.whole(len(full))
        box.check(full)
        if array.shape != box.shape_in(full):
            raise invalid(
                f"The slice {box} of {name} has shape {list(box.shape_in(full))}, the tensor {list(array.shape)}."
            )
        if array.nbytes > LARGEST:
            raise invalid(
                f"Tensor slice is too large to serialize: {name} has {array.nbytes} bytes. Save in version 2."
            )
        known = self._tensors.setdefault(name, (full, dtype, []))
        if known[:2] != (full, dtype):
            raise invalid(f"The parts of {name} are not of one tensor.")
        key = box.key(name)
        if key in self._data:
            raise invalid(f"Adding duplicate slice {box} of {name}")
        known[2].append(box)
        self._data[key] = name, box, array

    def finish(self) -> None:
        meta = SavedTensorSlices()
        meta.meta.versions.producer = VERSION
        for name, (shape, dtype, boxes) in sorted(self._tensors.items()):
            saved = meta.meta.tensor.add(name=name, type=dtype.as_datatype_enum)
            saved.shape.SetInParent()
            for d in shape:
                saved.shape.dim.add().size = d
            for box in boxes:
                box.to_proto(saved.slice.add())
        with NewFile(self.path) as file:
            table = TableWriter(file)
            table.add(b"", meta.SerializeToString())
            for key in sorted(self._data):
                name, box, array = self._data[key]
                message = SavedTensorSlices()
                message.data.name = name
                message.data.slice.SetInParent()
                box.to_proto(message.data.slice)
                message.data.data.SetInParent()
                fill(message.data.data, array, self._tensors[name][1])
                table.add(key, message.SerializeToString())
            table.finish()

    def __enter__(self) -> SliceWriter:
        return self

    def __exit__(self, kind: Any, *_: Any) -> None:
        if kind is None:
            self.finish()


def fill(proto: Any, array: np.ndarray, dtype: DType) -> None:
    """Puts the elements into the list of their type."""
    flat = np.ascontiguousarray(array).reshape(-1)
    if dtype.kind == "c":
        flat = flat.view(dtype.real_dtype._np)
    elif dtype is dtypes.float16:
        flat = flat.view(np.uint16)
    getattr(proto, _FIELDS[dtype]).extend(flat.tolist())


def elements(proto: Any, dtype: DType) -> np.ndarray:
    """The elements in the list of their type, flat."""
    found = getattr(proto, _FIELDS[dtype])
    if dtype.kind == "s":
        out = np.empty(len(found), object)
        out[:] = list(found)
        return out
    if dtype.kind == "c":
        pairs = np.array(found, dtype.real_dtype._np)
        return pairs[: len(pairs) // 2 * 2].view(dtype._np)
    if dtype is dtypes.float16:
        return np.array(found, np.int64).astype(np.uint16).view(dtype._np)
    return np.array(found, np.int64 if _FIELDS[dtype] == "int_val" else dtype._np).astype(
        dtype._np, copy=False
    )


class SliceReader:
    """Reads a checkpoint of version 1: one file, or several that a pattern matches.

    Raises:
      tf.errors.NotFoundError: there is none.
      tf.errors.DataLossError: it is damaged, or no checkpoint.
    """

    def __init__(self, pattern: Any) -> None:
        self.prefix = files.path_text(pattern)
        paths = [p for p in files.glob(self.prefix) if not files.is_directory(p)]
        if not paths:
            raise errors.NotFoundError(
                None,
                None,
                f"Unsuccessful TensorSliceReader constructor: Failed to find any matching files for {self.prefix}",
            )
        self._files: list[OldFile] = []
        self._tables: list[Table] = []
        self._tensors: dict[str, tuple[tuple[int, ...], DType, dict[Box, int]]] = {}
        try:
            for path in paths:
                self._files.append(OldFile(path))
                self._tables.append(Table(self._files[-1]))
                self._load(len(self._tables) - 1)
        except BaseException:
            self.close()
            raise

    def _load(self, shard: int) -> None:
        meta = self._message(shard, b"", "what is in it").meta
        if meta.versions.min_consumer > VERSION or VERSION in meta.versions.bad_consumers:
            raise invalid(
                f"Checkpoint {self.prefix} needs a reader of version {meta.versions.min_consumer}; this one's is {VERSION}."
            )
        for saved in meta.tensor:
            shape = tuple([d.size for d in saved.shape.dim])
            if saved.type not in dtypes._BY_ENUM or len(shape) > MAX_RANK or any(d < 0 for d in shape):
                raise self._damaged(shard, f"the type or shape of {saved.name!r} makes no sense")
            dtype = dtypes.as_dtype(saved.type)
            known = self._tensors.setdefault(saved.name, (shape, dtype, {}))
            if known[:2] != (shape, dtype):
                raise self._damaged(shard, f"the parts of {saved.name!r} are not of one tensor")
            for proto in saved.slice:
                known[2].setdefault(Box.from_proto(proto), shard)

    def _message(self, shard: int, key: bytes, what: str) -> Any:
        data = self._tables[shard].get(key)
        if data is None:
            raise self._damaged(shard, f"{what} is missing")
        try:
            return SavedTensorSlices.FromString(bytes(data))
        except DecodeError as error:
            raise self._damaged(shard, f"{what} cannot be read: {error}") from None

    def _damaged(self, shard: int, what: str) -> errors.DataLossError:
        return errors.DataLossError(None, None, f"Checkpoint {self._files[shard].path} is damaged: {what}.")

    # ----------------------------------------------------------------------------------------------------------- contents
    def names(self) -> list[str]:
        """The names of the tensors, sorted."""
        return sorted(self._tensors)

    def has(self, name: str) -> bool:
        return name in self._tensors

    def _entry(self, name: str) -> tuple[tuple[int, ...], DType, dict[Box, int]]:
        found = self._tensors.get(name)
        if found is None:
            raise errors.NotFoundError(
                None, None, f'Tensor name "{name}" not found in checkpoint files {self.prefix}'
            )
        return found

    def dtype(self, name: str) -> DType:
        return self._entry(name)[1]

    def shape(self, name: str) -> tuple[int, ...]:
        return self._entry(name)[0]

    def boxes(self, name: str) -> list[Box]:
        """The parts a tensor was saved in; none if it was saved whole."""
        shape, _, boxes = self._entry(name)
        return [] if any(b.is_whole(shape) for b in boxes if len(b.extents) == len(shape)) else list(boxes)

    def stored_size(self, name: str) -> int:
        """Bytes in the files, about: of the elements, without the messages around them."""
        shape, dtype, boxes = self._entry(name)
        if dtype.kind == "s":
            return sum([sum(map(len, self._part(name, b).reshape(-1))) for b in boxes])
        return math.prod(shape) * dtype.size

    # ------------------------------------------------------------------------------------------------------------- values
    def tensor(self, name: str) -> np.ndarray:
        """A tensor's value.

        Raises:
          tf.errors.NotFoundError: there is no such tensor.
          tf.errors.DataLossError: its bytes are missing, or their checksum is another.
        """
        return self.part(name, Box.whole(len(self._entry(name)[0])))

    def part(self, name: str, box: Box) -> np.ndarray:
        """A part of a tensor; only the stored parts that it needs are read."""
        shape, dtype, boxes = self._entry(name)
        box.check(shape)
        pieces: dict[Box, np.ndarray] = {}  # only reading them shows how large they are

        def check(b: Box) -> None:
            pieces[b] = self._part(name, b)

        return assemble(
            name,
            shape,
            box,
            list(boxes),
            dtype,
            lambda b: pieces.pop(b) if b in pieces else self._part(name, b),
            check,
        )

    def _part(self, name: str, box: Box) -> np.ndarray:
        shape, dtype, boxes = self._entry(name)
        shard = boxes[box]
        if dtype not in _FIELDS:
            raise self._damaged(shard, f"{name!r} is of type {dtype.name}, which this version does not have")
        message = self._message(shard, box.key(name), f"the slice {box} of {name!r}")
        try:
            found = elements(message.data.data, dtype)
        except (OverflowError, ValueError) as error:
            raise self._damaged(shard, f"the elements of {name!r}: {error}") from None
        wanted = box.shape_in(shape)
        if found.size != math.prod(wanted):
            raise self._damaged(
                shard, f"{name!r} has {found.size} elements, and {math.prod(wanted)} are expected"
            )
        try:
            return found.reshape(wanted)
        except ValueError as error:
            raise self._damaged(shard, f"the shape of {name!r}: {error}") from None

    def close(self) -> None:
        for file in self._files:
            file.close()
        self._files.clear()

    def __enter__(self) -> SliceReader:
        return self

    def __exit__(self, *_: Any) -> None:
        self.close()
