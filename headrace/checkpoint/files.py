"""Files that appear whole or not at all, and reading that believes no length a file claims."""

from __future__ import annotations

import secrets
import threading
from types import TracebackType
from typing import Any

import numpy as np

from headrace.core import errors
from headrace.io.files import documented_errors, locate

# Bytes that are read or written at a time, so that their checksum finds them in the processor's cache.
PIECE = 1 << 22


class NewFile:
    """A file being written under a temporary name; `commit` gives it its own, `discard` removes it."""

    def __init__(self, path: str) -> None:
        self._fs, self.path = locate(path)
        self._temporary = f"{self.path}.tempstate{secrets.randbits(63)}"
        with documented_errors(self._temporary):
            self._file: Any = self._fs.open(self._temporary, "wb")
        self.offset = 0

    def write(self, data: Any) -> None:
        with documented_errors(self._temporary):
            self._file.write(data)
        self.offset += len(data)

    def close(self) -> None:
        if self._file is not None:
            file, self._file = self._file, None
            with documented_errors(self._temporary):
                file.close()

    def commit(self) -> None:
        self.close()
        with documented_errors(self.path):
            self._fs.move(self._temporary, self.path)

    def discard(self) -> None:
        try:
            self.close()
        finally:
            with documented_errors(self._temporary):
                if self._fs.exists(self._temporary):
                    self._fs.remove(self._temporary)

    def __enter__(self) -> NewFile:
        return self

    def __exit__(self, kind: type[BaseException] | None, value: Any, trace: TracebackType | None) -> None:
        if kind is None:
            self.commit()
        else:
            self.discard()


class OldFile:
    """A file being read, at any place, by any thread. `cut` is the error for one that ends too soon."""

    def __init__(self, path: str, cut: type[errors.OpError] = errors.DataLossError) -> None:
        fs, self.path = locate(path)
        self._cut = cut
        with documented_errors(self.path):
            self.size = fs.stat(self.path).length
            self._file = fs.open(self.path, "rb")
        self._lock = threading.Lock()

    def read_into(self, offset: int, target: np.ndarray, crc: int = 0) -> int:
        """Fills an array of bytes from `offset` on; returns the checksum of what was read, continued from `crc`."""
        import google_crc32c

        if offset < 0 or offset + target.size > self.size:
            raise self.short(offset + target.size)
        with self._lock, documented_errors(self.path):
            self._file.seek(offset)
            for at in range(0, target.size, PIECE):
                piece = target[at : at + PIECE]
                done = 0
                while done < piece.size:
                    n = self._file.readinto(piece.data[done:])
                    if not n:
                        raise self.short(offset + target.size)
                    done += n
                crc = google_crc32c.extend(crc, piece)
        return crc

    def read(self, offset: int, n: int) -> bytes:
        if offset < 0 or offset + n > self.size:
            raise self.short(offset + n)
        with self._lock, documented_errors(self.path):
            self._file.seek(offset)
            data: bytes = self._file.read(n)
        if len(data) != n:
            raise self.short(offset + n)
        return data

    def short(self, needed: int) -> errors.OpError:
        return self._cut(
            None,
            None,
            f"{self.path} is cut short: it has {self.size} bytes, and byte {needed} is needed. Was its writing interrupted?",
        )

    def close(self) -> None:
        self._file.close()

    def __del__(self) -> None:
        if hasattr(self, "_file"):
            self._file.close()


def bytes_of(array: np.ndarray) -> np.ndarray:
    """The memory of an array of numbers, in order, as bytes; a copy only if the array is not contiguous."""
    return np.ascontiguousarray(array).reshape(-1).view(np.uint8)
