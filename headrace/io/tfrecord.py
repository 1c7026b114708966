"""TFRecord files: a sequence of byte strings, each with checksums, the whole possibly compressed.

A record is its length (8 bytes, little endian), the masked CRC-32C of these 8 bytes, the data, the masked CRC-32C of the
data (4 bytes each)."""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Iterator
from typing import Any

from headrace.core import errors
from headrace.core.errors import invalid

from .files import documented_errors, locate

_MASK = 0xA282EAD8
_PIECE = 1 << 22  # a damaged length must not make us reserve memory for what the file does not hold
_BUFFER = 1 << 18
_HEADER = struct.Struct("<QI")
_CRC = struct.Struct("<I")
WINDOW_BITS = {"ZLIB": zlib.MAX_WBITS, "GZIP": zlib.MAX_WBITS | 16}


def masked_crc(data: bytes) -> int:
    """The CRC-32C of `data`, rotated and shifted so that checksums of data that holds checksums stay meaningful."""
    import google_crc32c

    crc = google_crc32c.value(data)
    return (((crc >> 15) | (crc << 17)) + _MASK) & 0xFFFFFFFF


def frame(data: bytes) -> bytes:
    """A record as it stands in a file."""
    length = struct.pack("<Q", len(data))
    return b"".join((length, _CRC.pack(masked_crc(length)), data, _CRC.pack(masked_crc(data))))


class InflatingFile(io.RawIOBase):
    """Reads what a zlib or gzip file (also of several members) decompresses to.

    Raises:
      tf.errors.DataLossError: the file is damaged or cut short.
    """

    def __init__(self, file: Any, window_bits: int) -> None:
        self._file, self._bits = file, window_bits
        self._inflater = zlib.decompressobj(window_bits)
        self._pending = b""

    def readable(self) -> bool:
        return True

    def readinto(self, target: Any) -> int:
        view = memoryview(target)
        while True:
            if self._inflater.eof:  # the end of a member: another one, or nothing, follows
                self._pending = self._inflater.unused_data or self._file.read(_BUFFER)
                if not self._pending:
                    return 0
                self._inflater = zlib.decompressobj(self._bits)
            fresh = not self._pending
            if fresh:
                self._pending = self._file.read(_BUFFER)
            try:
                out = self._inflater.decompress(self._pending, len(view))
            except zlib.error as error:
                raise errors.DataLossError(None, None, f"corrupted compressed data: {error}") from error
            ended = fresh and not self._pending
            self._pending = self._inflater.unconsumed_tail
            if out:
                view[: len(out)] = out
                return len(out)
            if ended and not self._inflater.eof:
                raise errors.DataLossError(None, None, "compressed data is cut short")

    def close(self) -> None:
        if not self.closed:
            self._file.close()
        super().close()


def compression_name(compression: Any) -> str:
    """`""`, `"ZLIB"` or `"GZIP"`, from a name, a `TFRecordOptions` or None."""
    if isinstance(compression, TFRecordOptions):
        compression = compression.compression_type
    name = {None: "", 0: "", 1: "ZLIB", 2: "GZIP"}.get(compression, compression)
    if name not in ("", "ZLIB", "GZIP"):
        raise ValueError(f'Not a valid compression_type: "{compression}". Use "", "ZLIB" or "GZIP".')
    return name


def open_records(path: Any, compression: Any = None, buffer_size: int | None = None) -> Any:
    """The file to read records from, decompressed if need be."""
    name = compression_name(compression)
    fs, text = locate(path)
    with documented_errors(text):
        file = fs.open(text, "rb")
    if name:
        return io.BufferedReader(InflatingFile(file, WINDOW_BITS[name]), buffer_size or _BUFFER)
    return file


def _take(file: Any, n: int) -> bytes:
    """Up to n bytes, fewer only at the end of the file."""
    if n <= _PIECE:
        return file.read(n)
    parts = []
    while n > 0:
        part = file.read(min(n, _PIECE))
        if not part:
            break
        parts.append(part)
        n -= len(part)
    return b"".join(parts)


def records_of(file: Any, where: str = "") -> Iterator[bytes]:
    """The records of an open file, from where it stands to its end."""
    import google_crc32c

    checksum, header_size, unpack = google_crc32c.value, _HEADER.size, _HEADER.unpack
    place = 0
    while True:
        header = file.read(header_size)
        if not header:
            return
        if len(header) < header_size:
            raise _damaged("truncated record", place, where)
        length, length_crc = unpack(header)
        crc = checksum(header[:8])
        if (((crc >> 15) | (crc << 17)) + _MASK) & 0xFFFFFFFF != length_crc:
            raise _damaged("corrupted record", place, where)
        data = _take(file, length)
        tail = file.read(4)
        if len(data) < length or len(tail) < 4:
            raise _damaged("truncated record", place, where)
        crc = checksum(data)
        if (((crc >> 15) | (crc << 17)) + _MASK) & 0xFFFFFFFF != _CRC.unpack(tail)[0]:
            raise _damaged("corrupted record", place, where)
        place += header_size + length + 4
        yield data


def _damaged(what: str, place: int, where: str) -> errors.DataLossError:
    why = "the file ends inside of it" if what.startswith("truncated") else "its checksum does not match"
    return errors.DataLossError(
        None,
        None,
        f"{what} at {place}{f' in {where}' if where else ''}: {why}. Is the compression type right?",
    )


def read_records(path: Any, compression: Any = None, buffer_size: int | None = None) -> Iterator[bytes]:
    """The records of a TFRecord file, one by one.

    Args:
      path: the file, local or of any scheme `tf.io.gfile` opens.
      compression: None or `""`, `"ZLIB"`, `"GZIP"`, or a `TFRecordOptions`.
      buffer_size: how many bytes to decompress at a time.

    Raises:
      tf.errors.NotFoundError: there is no such file.
      tf.errors.DataLossError: a record is cut short or its checksum does not match.

    >>> import headrace as tf, os, tempfile
    >>> from headrace.io.tfrecord import read_records
    >>> path = os.path.join(tempfile.mkdtemp(), "a.tfrecord")
    >>> with tf.io.TFRecordWriter(path) as writer:
    ...     writer.write(b"one")
    ...     writer.write(b"two")
    >>> list(read_records(path))
    [b'one', b'two']
    """
    with open_records(path, compression, buffer_size) as file, documented_errors(str(path)):
        yield from records_of(file, str(path))


class TFRecordOptions:
    """How a TFRecord file is compressed.

    Args:
      compression_type: `"GZIP"`, `"ZLIB"` or `""` (none, the default).
      flush_mode: a zlib flush mode for `flush()`, e.g. `zlib.Z_SYNC_FLUSH` (the default is no flush of the compressor).
      input_buffer_size, output_buffer_size: sizes in bytes of the buffers between file and compressor.
      window_bits, compression_level, compression_method, mem_level, compression_strategy: as `zlib.compressobj` has them.

    Raises:
      ValueError: the compression type is not known.
    """

    compression_type_map = {0: "", 1: "ZLIB", 2: "GZIP"}

    def __init__(
        self, compression_type: Any = None, flush_mode: int | None = None, input_buffer_size: int | None = None,
        output_buffer_size: int | None = None, window_bits: int | None = None, compression_level: int | None = None,
        compression_method: int | None = None, mem_level: int | None = None, compression_strategy: int | None = None,
    ) -> None:  # fmt: skip
        compression_name(compression_type)
        self.compression_type = compression_type
        self.flush_mode = flush_mode
        self.input_buffer_size, self.output_buffer_size = input_buffer_size, output_buffer_size
        self.window_bits, self.compression_level = window_bits, compression_level
        self.compression_method, self.mem_level = compression_method, mem_level
        self.compression_strategy = compression_strategy

    @classmethod
    def get_compression_type_string(cls, options: Any) -> str:
        """`""`, `"ZLIB"` or `"GZIP"` of options, a name or None."""
        return compression_name(options)

    def compressor(self) -> Any:
        """A zlib compressor of these options; None without compression."""
        name = compression_name(self)
        if not name:
            return None
        bits = self.window_bits if self.window_bits is not None else zlib.MAX_WBITS
        if name == "GZIP" and 0 < bits <= zlib.MAX_WBITS:
            bits |= 16
        level, method, memory, strategy = (
            default if given is None else given
            for given, default in (
                (self.compression_level, zlib.Z_DEFAULT_COMPRESSION),
                (self.compression_method, zlib.DEFLATED),
                (self.mem_level, zlib.DEF_MEM_LEVEL),
                (self.compression_strategy, zlib.Z_DEFAULT_STRATEGY),
            )
        )
        try:
            return zlib.compressobj(level, method, bits, memory, strategy)
        except ValueError as error:
            raise invalid(f"TFRecordOptions: {error}") from error


class TFRecordWriter:
    """Writes records to a TFRecord file; a context manager.

    Args:
      path: the file to make.
      options: a `TFRecordOptions`, or just its compression type.

    Raises:
      tf.errors.NotFoundError: the directory does not exist.

    >>> import headrace as tf, os, tempfile
    >>> path = os.path.join(tempfile.mkdtemp(), "a.tfrecord")
    >>> with tf.io.TFRecordWriter(path, "GZIP") as writer:
    ...     writer.write(b"a record")
    """

    def __init__(self, path: Any, options: Any = None) -> None:
        if not isinstance(options, TFRecordOptions):
            options = TFRecordOptions(options)
        self._options = options
        self._compressor = options.compressor()
        fs, name = locate(path)
        self._path = name
        with documented_errors(name):
            self._file: Any = fs.open(name, "wb")

    def write(self, record: Any) -> None:
        """Adds a record, `bytes` (text is encoded as UTF-8)."""
        if isinstance(record, str):
            record = record.encode()
        if not isinstance(record, (bytes, bytearray, memoryview)):
            raise TypeError(f"write() takes the record as bytes, received {type(record).__name__}.")
        data = frame(bytes(record))
        self._put(self._compressor.compress(data) if self._compressor else data)

    def _put(self, data: bytes) -> None:
        if self._file is None:
            raise errors.FailedPreconditionError(None, None, "Writer not initialized or previously closed")
        with documented_errors(self._path):
            self._file.write(data)

    def flush(self) -> None:
        """Hands what was written to the operating system."""
        mode = self._options.flush_mode
        flushes = self._compressor is not None and mode not in (None, zlib.Z_NO_FLUSH, zlib.Z_FINISH)
        self._put(self._compressor.flush(mode) if flushes else b"")
        with documented_errors(self._path):
            self._file.flush()

    def close(self) -> None:
        """Completes the file."""
        if self._file is None:
            return
        if self._compressor is not None:
            self._put(self._compressor.flush(zlib.Z_FINISH))
        with documented_errors(self._path):
            self._file.close()
        self._file = None

    def __enter__(self) -> TFRecordWriter:
        return self

    def __exit__(self, *unused: Any) -> None:
        self.close()

    def __del__(self) -> None:
        if getattr(self, "_file", None) is not None:
            self.close()


__all__ = ["TFRecordOptions", "TFRecordWriter", "frame", "masked_crc", "read_records", "records_of"]
