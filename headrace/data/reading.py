"""Datasets of the records of files."""

from __future__ import annotations

from typing import Any

from headrace.core import dtypes
from headrace.core.convert import to_tensor
from headrace.core.errors import invalid
from headrace.core.shapes import TensorShape
from headrace.core.specs import TensorSpec
from headrace.core.static import static_value
from headrace.core.tensor import Tensor
from headrace.ops import iterators as ops

from .dataset import Dataset
from .transforming import number

_TEXT = TensorSpec(TensorShape(()), dtypes.string)


def matching_files(patterns: Any) -> list[str]:
    """The sorted names of the files that match one of the patterns; InvalidArgumentError if none does."""
    from headrace.io import files

    known = static_value(to_tensor(patterns, dtypes.string))
    if known is None:
        raise NotImplementedError(
            "Dataset.list_files takes patterns that are known while a function is traced. Call it outside of the tf.function."
        )
    texts = [p.decode() for p in known.reshape(-1).tolist()]
    found = sorted({name for pattern in texts for name in files.glob(pattern)})
    if not found:
        raise invalid(f"No files matched pattern: {', '.join(texts)}")
    return found


class _FileDataset(Dataset):
    """A dataset of the records of files: given by names, or by a dataset of names."""

    def _read(self, filenames: Any, make: Any, parallel: Any) -> None:
        if isinstance(filenames, Dataset):
            if not filenames.element_spec.is_compatible_with(_TEXT):
                raise TypeError(
                    f"The `filenames` argument must contain `tf.string` elements. Got {filenames.element_spec}."
                )
            names = filenames
        else:
            tensor = _strings(filenames)
            if parallel is None:
                super().__init__(make(tensor), _TEXT)
                return
            from headrace.api import shaping

            names = Dataset.from_tensor_slices(shaping.reshape(tensor, [-1]))
        whole = lambda name: Dataset(make(name), _TEXT)
        if parallel is None:
            read = names.flat_map(whole)
        else:
            read = names.interleave(whole, cycle_length=parallel, num_parallel_calls=parallel)
        super().__init__(read._variant_tensor, _TEXT)


def _strings(filenames: Any) -> Tensor:
    if hasattr(filenames, "__fspath__"):
        filenames = filenames.__fspath__()
    elif isinstance(filenames, (list, tuple)):
        filenames = [f.__fspath__() if hasattr(f, "__fspath__") else f for f in filenames]
    tensor = to_tensor(filenames, dtypes.string if not isinstance(filenames, Tensor) else None)
    if tensor._dtype is not dtypes.string:
        raise TypeError(
            f"The `filenames` argument must contain `tf.string` elements. Got `{tensor._dtype.name}`."
        )
    return tensor


class TextLineDataset(_FileDataset):
    """The lines of text files, without what ends them.

    Args:
      filenames: names (a tensor, a list), or a dataset of names.
      compression_type: "", "ZLIB" or "GZIP".
      buffer_size: a hint: how much to read at a time.
      num_parallel_reads: how many files to read at a time; their lines then come in turns.

    Raises:
      NotFoundError, while iterating: there is no such file.
    """

    def __init__(
        self, filenames: Any, compression_type: str | None = None, buffer_size: Any = None,
        num_parallel_reads: Any = None, name: str | None = None,
    ) -> None:  # fmt: skip
        self._read(
            filenames,
            lambda names: ops.TEXT_LINES(names, compression_type or "", _size(buffer_size), name=name),
            num_parallel_reads,
        )


class TFRecordDataset(_FileDataset):
    """The records of TFRecord files, as strings.

    Args:
      filenames: names (a tensor, a list), or a dataset of names.
      compression_type: "", "ZLIB" or "GZIP".
      buffer_size: a hint: how much to read at a time.
      num_parallel_reads: how many files to read at a time; their records then come in turns.

    Raises:
      NotFoundError, DataLossError, while iterating: there is no such file; it is damaged.
    """

    def __init__(
        self, filenames: Any, compression_type: str | None = None, buffer_size: Any = None,
        num_parallel_reads: Any = None, name: str | None = None,
    ) -> None:  # fmt: skip
        self._read(
            filenames,
            lambda names: ops.RECORDS(names, compression_type or "", _size(buffer_size), name=name),
            num_parallel_reads,
        )


class FixedLengthRecordDataset(_FileDataset):
    """The records of files in which all records have `record_bytes` bytes.

    Args:
      filenames: names (a tensor, a list), or a dataset of names.
      record_bytes: the size of a record.
      header_bytes, footer_bytes: how much to leave out at the beginning and at the end of each file.
      buffer_size: a hint: how much to read at a time.
      compression_type: "", "ZLIB" or "GZIP".
      num_parallel_reads: how many files to read at a time; their records then come in turns.

    Raises:
      InvalidArgumentError, while iterating: what is between header and footer is no whole number of records.
    """

    def __init__(
        self, filenames: Any, record_bytes: Any, header_bytes: Any = None, footer_bytes: Any = None,
        buffer_size: Any = None, compression_type: str | None = None, num_parallel_reads: Any = None,
        name: str | None = None,
    ) -> None:  # fmt: skip
        self._read(
            filenames,
            lambda names: ops.FIXED_LENGTH_RECORDS(
                names, number(header_bytes or 0), number(record_bytes), number(footer_bytes or 0),
                _size(buffer_size), compression_type or "", name=name,
            ),
            num_parallel_reads,
        )  # fmt: skip


def _size(buffer_size: Any) -> Any:
    return number(256 * 1024 if buffer_size is None else buffer_size)


__all__ = ["FixedLengthRecordDataset", "TFRecordDataset", "TextLineDataset", "matching_files"]
