"""Readers of TensorFlow 1.x: operations that give one record of a file after the other."""

from __future__ import annotations

from typing import Any, NamedTuple

from headrace.core.state import state
from headrace.core.tensor import Tensor
from headrace.ops import readers as ops


class ReaderRead(NamedTuple):
    """A record (or several): where it comes from, and what it is; strings."""

    key: Tensor
    value: Tensor


class ReaderBase:
    """What readers share: they take the names of files from a queue (see `tf.compat.v1.train.string_input_producer`), and
    give the files' records.

    Args:
      reader_ref: the handle.
      supports_serialize: whether the state can be saved.

    Raises:
      RuntimeError: eager execution, where `tf.data` reads files.
    """

    def __init__(self, reader_ref: Any, supports_serialize: bool = False) -> None:
        if state.graph is None:
            raise RuntimeError(
                "Readers are not supported when eager execution is enabled. Instead, please use tf.data to get data into "
                "your model."
            )
        self._reader_ref, self._supports_serialize = reader_ref, supports_serialize

    @property
    def reader_ref(self) -> Tensor:
        """The handle."""
        return self._reader_ref

    @property
    def supports_serialize(self) -> bool:
        """Whether `serialize_state` works."""
        return self._supports_serialize

    def read(self, queue: Any, name: str | None = None) -> ReaderRead:
        """The next record `(key, value)`. Takes the next file name from the queue where a file has come to its end.

        Raises:
          OutOfRangeError: all is read, and the queue is closed.
        """
        return ReaderRead(*ops.READ(self._reader_ref, _handle(queue), name=name))

    def read_up_to(self, queue: Any, num_records: Any, name: str | None = None) -> ReaderRead:
        """Up to `num_records` records of one file, at least one: two vectors."""
        return ReaderRead(*ops.READ_UP_TO(self._reader_ref, _handle(queue), num_records, name=name))

    def num_records_produced(self, name: str | None = None) -> Tensor:
        """How many records were read."""
        return ops.PRODUCED(self._reader_ref, name=name)

    def num_work_units_completed(self, name: str | None = None) -> Tensor:
        """How many files were read to their end."""
        return ops.COMPLETED(self._reader_ref, name=name)

    def serialize_state(self, name: str | None = None) -> Tensor:
        """A string from which `restore_state` makes the reader go on. UnimplementedError where there is none."""
        return ops.SERIALIZE(self._reader_ref, name=name)

    def restore_state(self, state: Any, name: str | None = None) -> Any:
        """Puts the reader into a state that `serialize_state` gave."""
        return ops.RESTORE(self._reader_ref, state, name=name)

    def reset(self, name: str | None = None) -> Any:
        """Puts the reader into the state of a new one."""
        return ops.RESET(self._reader_ref, name=name)


def _handle(queue: Any) -> Any:
    return queue if isinstance(queue, Tensor) else queue.queue_ref


class WholeFileReader(ReaderBase):
    """Gives whole files: the key is the name, the value the content."""

    def __init__(self, name: str | None = None) -> None:
        super().__init__(ops.WHOLE(name=name), supports_serialize=True)


class TextLineReader(ReaderBase):
    """Gives the lines of text files, without their ends; the key is `name:number`.

    Args:
      skip_header_lines: so many lines of each file are left out.
    """

    def __init__(self, skip_header_lines: int | None = None, name: str | None = None) -> None:
        super().__init__(ops.LINES(skip_header_lines=skip_header_lines or 0, name=name))


class FixedLengthRecordReader(ReaderBase):
    """Gives records of a fixed length; the key is `name:number`.

    Args:
      record_bytes: the length.
      header_bytes, footer_bytes: of each file, left out.
      hop_bytes: from the beginning of a record to that of the next; `record_bytes` if not given.
      encoding: "NONE", "ZLIB" or "GZIP".
    """

    def __init__(
        self, record_bytes: int, header_bytes: int | None = None, footer_bytes: int | None = None,
        hop_bytes: int | None = None, name: str | None = None, encoding: str | None = None,
    ) -> None:  # fmt: skip
        super().__init__(
            ops.FIXED(
                record_bytes=record_bytes, header_bytes=header_bytes or 0, footer_bytes=footer_bytes or 0,
                hop_bytes=hop_bytes or 0, encoding=encoding or "", name=name,
            )
        )  # fmt: skip


class TFRecordReader(ReaderBase):
    """Gives the records of TFRecord files; the key is `name:offset`.

    Args:
      options: `tf.io.TFRecordOptions`: how the files are compressed.
    """

    def __init__(self, name: str | None = None, options: Any = None) -> None:
        from headrace.io.tfrecord import compression_name

        super().__init__(ops.RECORDS(compression_type=compression_name(options), name=name))


class IdentityReader(ReaderBase):
    """Gives the strings of the queue themselves, as keys and as values."""

    def __init__(self, name: str | None = None) -> None:
        super().__init__(ops.IDENTITY(name=name), supports_serialize=True)


class LMDBReader(ReaderBase):
    """Not there: TensorFlow's own is gone from most of its builds, too."""

    def __init__(self, name: str | None = None, options: Any = None) -> None:
        raise NotImplementedError(
            "LMDBReader: Headrace does not read LMDB databases. Read them with the `lmdb` package in a "
            "tf.data.Dataset.from_generator, or convert them to TFRecord files once."
        )


__all__ = [
    "FixedLengthRecordReader", "IdentityReader", "LMDBReader", "ReaderBase", "TFRecordReader", "TextLineReader",
    "WholeFileReader",
]  # fmt: skip
