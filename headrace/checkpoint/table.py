"""A sorted table of byte strings in a file: LevelDB's table format, as both versions of checkpoints use it.

A file is a row of blocks, then an index block (last key of each block → where it is), then a footer that says where the
index is. In a block, keys are written as what they do not share with the key before; every sixteenth is whole. Behind each
block stands its masked CRC-32C. Compressed blocks are not used by checkpoints."""

from __future__ import annotations

import struct
from bisect import bisect_left
from collections.abc import Iterator
from typing import Any

from headrace.core import errors
from headrace.io.tfrecord import masked_crc

from .files import OldFile

MAGIC = 0xDB4775248B80FB57
FOOTER = 48
BLOCK_BYTES = 1 << 18
_RESTARTS = 16
# A key may share all of the key before it, so that a few bytes stand for a long one. Real tables write every sixteenth key in
# full, which bounds how much longer than the block all keys together can be; a damaged one must not fill the memory.
_KEYS_PER_BYTE = 64


def varint(n: int) -> bytes:
    """A number in groups of seven bits, the lowest first."""
    out = bytearray()
    while n >= 0x80:
        out.append(n & 0x7F | 0x80)
        n >>= 7
    out.append(n)
    return bytes(out)


def read_varint(data: Any, at: int) -> tuple[int, int]:
    """The number that starts at byte `at`, and where it ends. IndexError or ValueError if there is none."""
    value = shift = 0
    while True:
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, at
        shift += 7
        if shift > 63:
            raise ValueError("a number of more than 64 bits")


class _Block:
    """A block being written."""

    def __init__(self, restarts: int) -> None:
        self.every = restarts
        self.data, self.restarts, self.count, self.last = bytearray(), [0], 0, b""

    def add(self, key: bytes, value: bytes) -> None:
        shared = 0
        if self.count == self.every:
            self.restarts.append(len(self.data))
            self.count = 0
        else:
            n = min(len(key), len(self.last))
            while shared < n and key[shared] == self.last[shared]:
                shared += 1
        self.data += varint(shared) + varint(len(key) - shared) + varint(len(value)) + key[shared:] + value
        self.last, self.count = key, self.count + 1

    def finish(self) -> bytes:
        return bytes(self.data) + struct.pack(
            f"<{len(self.restarts) + 1}I", *self.restarts, len(self.restarts)
        )


class TableWriter:
    """Writes a table to an open file; keys must come in order."""

    def __init__(self, file: Any) -> None:
        self._file, self._offset = file, 0
        self._block, self._index, self._last = _Block(_RESTARTS), _Block(1), b""
        # Where the block before is; its index entry waits for the next key.
        self._pending: bytes | None = None

    def add(self, key: bytes, value: bytes) -> None:
        if self._pending is not None:
            self._index.add(_between(self._last, key), self._pending)
            self._pending = None
        self._block.add(key, value)
        self._last = key
        if len(self._block.data) + 4 * len(self._block.restarts) + 4 >= BLOCK_BYTES:
            self._flush()

    def _flush(self) -> None:
        if self._block.data:
            self._pending = self._write(self._block.finish())
            self._block = _Block(_RESTARTS)

    def _write(self, block: bytes) -> bytes:
        handle = varint(self._offset) + varint(len(block))
        tail = b"\0"  # not compressed
        self._file.write(block + tail + struct.pack("<I", masked_crc(block + tail)))
        self._offset += len(block) + 5
        return handle

    def finish(self) -> None:
        """Writes the index and the footer. The file stays open."""
        self._flush()
        meta = self._write(_Block(_RESTARTS).finish())
        if self._pending is not None:
            self._index.add(_after(self._last), self._pending)
        index = self._write(self._index.finish())
        self._file.write((meta + index).ljust(FOOTER - 8, b"\0") + struct.pack("<Q", MAGIC))


def _between(a: bytes, b: bytes) -> bytes:
    """A short key k with a <= k < b."""
    n = min(len(a), len(b))
    i = next((i for i in range(n) if a[i] != b[i]), n)
    if i < n and a[i] < 0xFF and a[i] + 1 < b[i]:
        return a[:i] + bytes([a[i] + 1])
    return a


def _after(a: bytes) -> bytes:
    """A short key that is not before a."""
    i = next((i for i, c in enumerate(a) if c != 0xFF), len(a))
    return a[:i] + bytes([a[i] + 1]) if i < len(a) else a


class Table:
    """Reads a table: its entries in order, or by key.

    Args:
      file: the open file, which stays the caller's to close.

    Raises:
      tf.errors.DataLossError: it is no table, or a damaged one.
    """

    def __init__(self, file: OldFile) -> None:
        self._file, self._size = file, file.size
        size = file.size
        if size < FOOTER:
            raise self.damaged("the file is too short to be an sstable")
        footer = file.read(size - FOOTER, FOOTER)
        if struct.unpack("<Q", footer[-8:])[0] != MAGIC:
            raise self.damaged("not an sstable (bad magic number)")
        try:
            meta, at = self._handle(footer, 0)
            index, _ = self._handle(footer, at)
        except (IndexError, ValueError) as error:
            raise self.damaged(f"its footer is damaged: {error}") from None
        list(self._entries(meta))  # always empty; read for its checksum's sake
        found = list(self._entries(index))
        self._keys = [key for key, _ in found]
        self._blocks = [value for _, value in found]
        if self._keys != sorted(self._keys):
            raise self.damaged("its index is not in order")
        self._cached: tuple[int, list[tuple[bytes, Any]]] = (-1, [])

    def damaged(self, what: str) -> errors.DataLossError:
        return errors.DataLossError(
            None,
            None,
            f"Unable to open table file {self._file.path}: {what}: perhaps the file is cut short, or in another format.",
        )

    def _handle(self, data: Any, at: int) -> tuple[tuple[int, int], int]:
        offset, at = read_varint(data, at)
        size, at = read_varint(data, at)
        if offset + size + 5 > self._size:
            raise self.damaged(f"a block is said to reach to byte {offset + size + 5} of {self._size}")
        return (offset, size), at

    def _entries(self, handle: tuple[int, int]) -> Iterator[tuple[bytes, Any]]:
        offset, size = handle
        block = self._file.read(offset, size + 5)
        if masked_crc(block[:-4]) != struct.unpack("<I", block[-4:])[0]:
            raise self.damaged(f"block checksum mismatch at byte {offset}")
        if block[size]:
            raise self.damaged(
                f"the block at byte {offset} is compressed (kind {block[size]}), which is not supported"
            )
        if size < 4:
            raise self.damaged(f"the block at byte {offset} is empty")
        restarts = struct.unpack_from("<I", block, size - 4)[0]
        end = size - 4 - 4 * restarts
        if end < 0:
            raise self.damaged(f"the block at byte {offset} has no room for its restarts")
        view = memoryview(block)
        key, at, budget = b"", 0, _KEYS_PER_BYTE * size
        while at < end:
            try:
                shared, at = read_varint(block, at)
                rest, at = read_varint(block, at)
                length, at = read_varint(block, at)
            except (IndexError, ValueError) as error:
                raise self.damaged(f"an entry of the block at byte {offset}: {error}") from None
            if shared > len(key) or at + rest + length > end:
                raise self.damaged(f"an entry of the block at byte {offset} reaches beyond it")
            key = key[:shared] + block[at : at + rest]
            budget -= len(key)
            if budget < 0:
                raise self.damaged(f"the keys of the block at byte {offset} are longer than it can hold")
            at += rest
            yield key, view[at : at + length]
            at += length

    def _block(self, i: int) -> list[tuple[bytes, Any]]:
        at, entries = self._cached
        if at != i:
            try:
                handle, _ = self._handle(self._blocks[i], 0)
            except (IndexError, ValueError) as error:
                raise self.damaged(f"an entry of its index: {error}") from None
            entries = list(self._entries(handle))
            self._cached = i, entries
        return entries

    def __iter__(self) -> Iterator[tuple[bytes, Any]]:
        for i in range(len(self._blocks)):
            yield from self._block(i)

    def get(self, key: bytes) -> Any:
        """The value of a key; None if the table has none."""
        i = bisect_left(self._keys, key)
        if i == len(self._blocks):
            return None
        return next((value for found, value in self._block(i) if found == key), None)
