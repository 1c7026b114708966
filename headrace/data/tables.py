"""Datasets of rows: of CSV files, of examples in record files, of SQL queries."""

from __future__ import annotations

import collections
import contextlib
import csv
import io
import itertools
import sqlite3
from collections.abc import Callable, Generator, Iterator, Sequence
from typing import Any

from headrace.core import dtypes
from headrace.core.convert import to_tensor
from headrace.core.dtypes import DType, as_dtype
from headrace.core.specs import TensorSpec
from headrace.core.tensor import Tensor

from .dataset import Dataset
from .reading import TextLineDataset, TFRecordDataset, _FileDataset, matching_files

_INFERRED = (dtypes.int32, dtypes.int64, dtypes.float32, dtypes.float64)


class CsvDataset(_FileDataset):
    """The rows of CSV files, as tuples of scalars. A field may not hold a line break.

    Args:
      filenames: names (a tensor, a list), or a dataset of names.
      record_defaults: for each column its type (the field must be there), or a tensor with the value of missing fields.
      compression_type: "", "ZLIB" or "GZIP".
      buffer_size: a hint: how much to read at a time.
      header: whether the first line of each file is none of the rows.
      select_cols, exclude_cols: the numbers of the columns to take, or to leave out; `record_defaults` are of those taken.
    """

    def __init__(
        self, filenames: Any, record_defaults: Sequence[Any], compression_type: str | None = None, buffer_size: Any = None,
        header: bool = False, field_delim: str = ",", use_quote_delim: bool = True, na_value: str = "",
        select_cols: Sequence[int] | None = None, exclude_cols: Sequence[int] | None = None,
    ) -> None:  # fmt: skip
        from headrace.api import io as tf_io

        if select_cols is not None and exclude_cols is not None:
            raise ValueError("Either select_cols or exclude_cols should be empty; both were given.")
        if exclude_cols is not None:
            n = len(record_defaults) + len(exclude_cols)
            select_cols = [i for i in range(n) if i not in set(exclude_cols)]
        defaults = [_default(d) for d in record_defaults]

        def rows(name: Any) -> Dataset:
            lines = TextLineDataset(name, compression_type, buffer_size)
            return lines.skip(1) if header else lines

        names = filenames
        if not isinstance(filenames, Dataset):
            from headrace.api import shaping

            names = Dataset.from_tensor_slices(shaping.reshape(to_tensor(filenames, dtypes.string), [-1]))
        parsed = names.flat_map(rows).map(
            lambda line: tuple(
                tf_io.decode_csv(line, defaults, field_delim, use_quote_delim, na_value, select_cols)
            )
        )
        Dataset.__init__(self, parsed._variant_tensor, parsed.element_spec)


def _default(value: Any) -> Any:
    import numpy as np

    if isinstance(value, (DType, type)) and not isinstance(value, Tensor):
        return to_tensor(np.zeros(0, as_dtype(value)._np), as_dtype(value))  # required
    tensor = to_tensor(value)
    if tensor._raw_shape == ():
        from headrace.api import shaping

        return shaping.reshape(tensor, [1])
    return tensor


def make_csv_dataset(
    file_pattern: Any, batch_size: int, column_names: Sequence[str] | None = None, column_defaults: Any = None,
    label_name: str | None = None, select_columns: Sequence[Any] | None = None, field_delim: str = ",",
    use_quote_delim: bool = True, na_value: str = "", header: bool = True, num_epochs: int | None = None, shuffle: bool = True,
    shuffle_buffer_size: int = 10000, shuffle_seed: int | None = None, prefetch_buffer_size: int | None = None,
    num_parallel_reads: int | None = None, sloppy: bool = False, num_rows_for_inference: int | None = 100,
    compression_type: str | None = None, ignore_errors: bool = False, encoding: str = "utf-8",
) -> Dataset:  # fmt: skip
    """Batches of the rows of CSV files: dicts of columns, or pairs of such a dict and the column `label_name`.

    Args:
      file_pattern: one or several patterns of file names.
      column_names: read off the first line of the first file, unless given.
      column_defaults: types or default values of the columns taken; found by a look at `num_rows_for_inference` rows unless given
        (all rows for None); missing fields are then 0 or "".
      select_columns: the names or numbers of the columns to take.
      num_epochs: how often to go through the files; without end, and without a smaller last batch, for None.

    Raises:
      ValueError: the files' headers differ, or names are not among the columns.
    """
    files = matching_files(file_pattern)
    dialect = {"delimiter": field_delim, "quoting": csv.QUOTE_MINIMAL if use_quote_delim else csv.QUOTE_NONE}
    heads = []
    for file in files if header else files[:1]:
        with contextlib.closing(_rows(file, compression_type, dialect, encoding)) as rows:
            heads.append(next(rows, []))
    if column_names is None:
        if not header:
            raise ValueError(
                "Expected `column_names` or `header=True`: without either, columns have no names."
            )
        column_names = heads[0]
        for file, head in zip(files, heads):
            if head != column_names:
                raise ValueError(
                    f"The files have different headers: {files[0]} has {column_names}, {file} has {head}."
                )
    names = list(column_names)
    if len(set(names)) < len(names):
        raise ValueError(f"Cannot have duplicate column names: {names}.")
    taken = range(len(names)) if select_columns is None else sorted(_column(c, names) for c in select_columns)
    if column_defaults is None:
        column_defaults = _inferred(
            files, taken, dialect, header, na_value, num_rows_for_inference, compression_type, encoding
        )
    elif len(column_defaults) == len(names) and len(taken) < len(names):
        column_defaults = [column_defaults[i] for i in taken]
    if label_name is not None and label_name not in [names[i] for i in taken]:
        raise ValueError(
            f"`label_name` {label_name!r} is not one of the columns {[names[i] for i in taken]}."
        )

    def read(name: Any) -> Dataset:
        return CsvDataset(
            name,
            column_defaults,
            compression_type,
            None,
            header,
            field_delim,
            use_quote_delim,
            na_value,
            list(taken),
        )

    def named(*columns: Any) -> Any:
        features = collections.OrderedDict(zip([names[i] for i in taken], columns))
        return features if label_name is None else (features, features.pop(label_name))

    dataset = Dataset.from_tensor_slices(files)
    if shuffle:
        dataset = dataset.shuffle(len(files), shuffle_seed)
    dataset = dataset.interleave(
        read, num_parallel_reads or 1, num_parallel_calls=num_parallel_reads, deterministic=not sloppy
    )
    if ignore_errors:
        dataset = dataset.ignore_errors()
    if shuffle:
        dataset = dataset.shuffle(shuffle_buffer_size, shuffle_seed)
    dataset = dataset.repeat(num_epochs).batch(batch_size, drop_remainder=num_epochs is None).map(named)
    return dataset.prefetch(-1 if prefetch_buffer_size is None else prefetch_buffer_size)


def _rows(
    path: str, compression: str | None, dialect: Any, encoding: str
) -> Generator[list[str], None, None]:
    from headrace.io.tfrecord import open_records

    with (
        open_records(path, compression) as file,
        io.TextIOWrapper(file, encoding=encoding, newline="") as text,
    ):
        yield from csv.reader(text, **dialect)


def _column(column: Any, names: Sequence[str]) -> int:
    if isinstance(column, str):
        if column not in names:
            raise ValueError(f"Invalid column name {column!r}: the columns are {list(names)}.")
        return names.index(column)
    if not 0 <= column < len(names):
        raise ValueError(f"Invalid column number {column}: there are {len(names)} columns.")
    return column


def _inferred(
    files: Sequence[str], taken: Sequence[int], dialect: Any, header: bool, na_value: str, limit: int | None,
    compression: str | None, encoding: str,
) -> list[Any]:  # fmt: skip
    """The narrowest types that hold the columns' fields, as default values."""
    types: list[int] = [-1] * len(taken)  # -1: nothing seen yet
    seen = 0
    for file in files:
        rows = list(
            itertools.islice(
                _rows(file, compression, dialect, encoding), None if limit is None else limit - seen + header
            )
        )
        for row in rows[1:] if header else rows:
            seen += 1
            for j, i in enumerate(taken):
                field = row[i] if i < len(row) else ""
                if field not in ("", na_value):
                    types[j] = max(
                        types[j],
                        next((t for t, d in enumerate(_INFERRED) if _fits(field, d)), len(_INFERRED)),
                    )
    return [to_tensor([0], _INFERRED[t]) if 0 <= t < len(_INFERRED) else to_tensor([""]) for t in types]


def _fits(text: str, dtype: DType) -> bool:
    try:
        if dtype.is_integer:
            return dtype.min <= int(text) <= dtype.max
        return abs(float(text)) <= dtype.max
    except ValueError:
        return False


# ------------------------------------------------------------------------------------------------------------------- examples
def parse_example_dataset(features: Any, num_parallel_calls: Any = 1, deterministic: bool | None = None) -> Callable[[Dataset], Dataset]:  # fmt: skip
    """For `Dataset.apply`: batches of serialized `Example`s to dicts of tensors, as `tf.io.parse_example` parses them.

    Args:
      features: by name, `tf.io.FixedLenFeature`, `VarLenFeature` …
    """
    from headrace.api import io as tf_io

    if not features:
        raise ValueError("Argument `features` cannot be None or empty.")

    def apply(dataset: Dataset) -> Dataset:
        spec = dataset.element_spec
        if not isinstance(spec, TensorSpec) or spec.dtype is not dtypes.string:
            raise TypeError(f"parse_example_dataset takes batches of strings, not {spec}.")
        calls = None if num_parallel_calls == 1 else num_parallel_calls
        return dataset.map(lambda batch: tf_io.parse_example(batch, features), calls, deterministic)

    return apply


def make_batched_features_dataset(
    file_pattern: Any, batch_size: int, features: Any, reader: Any = None, label_key: str | None = None,
    reader_args: Sequence[Any] | None = None, num_epochs: int | None = None, shuffle: bool = True,
    shuffle_buffer_size: int = 10000, shuffle_seed: int | None = None, prefetch_buffer_size: int | None = None,
    reader_num_threads: int | None = None, parser_num_threads: int | None = None, sloppy_ordering: bool = False,
    drop_final_batch: bool = False,
) -> Dataset:  # fmt: skip
    """Batches of the `Example`s in record files: dicts of tensors, or pairs of such a dict and the feature `label_key`.

    Args:
      file_pattern: one or several patterns of file names.
      features: by name, `tf.io.FixedLenFeature`, `VarLenFeature` …
      reader: makes a dataset of a file's records, called with its name and `reader_args`; `tf.data.TFRecordDataset` unless given.
      num_epochs: how often to go through the files; without end for None.
    """
    files = matching_files(file_pattern)
    read = TFRecordDataset if reader is None else reader
    if label_key is not None and label_key not in features:
        raise ValueError(
            f"The `label_key` provided ({label_key!r}) must be one of the features: {sorted(features)}."
        )
    dataset = Dataset.from_tensor_slices(files)
    if shuffle:
        dataset = dataset.shuffle(len(files), shuffle_seed)
    threads = reader_num_threads or 1
    dataset = dataset.interleave(
        lambda name: read(name, *(reader_args or ())),
        threads,
        num_parallel_calls=threads,
        deterministic=not sloppy_ordering,
    )
    if shuffle:
        dataset = dataset.shuffle(shuffle_buffer_size, shuffle_seed)
    dataset = dataset.repeat(num_epochs).batch(
        batch_size, drop_remainder=drop_final_batch or num_epochs is None
    )
    dataset = dataset.apply(parse_example_dataset(features, parser_num_threads or 1))
    if label_key is not None:
        dataset = dataset.map(
            lambda parsed: ({k: v for k, v in parsed.items() if k != label_key}, parsed[label_key])
        )
    return dataset.prefetch(-1 if prefetch_buffer_size is None else prefetch_buffer_size)


# ------------------------------------------------------------------------------------------------------------------------ SQL
class SqlDataset(Dataset):
    """The rows that a query of an SQLite database returns, as tuples of scalars.

    Args:
      driver_name: "sqlite".
      data_source_name: the database's file.
      query: the SQL query.
      output_types: the columns' types.
    """

    def __init__(self, driver_name: Any, data_source_name: Any, query: Any, output_types: Any) -> None:
        driver, path, text = (_text(x) for x in (driver_name, data_source_name, query))
        if driver != "sqlite":
            raise ValueError(f"SqlDataset reads sqlite databases only, not {driver!r}.")
        signature = tuple([TensorSpec([], t) for t in output_types])

        def rows() -> Iterator[tuple[Any, ...]]:
            database = sqlite3.connect(f"file:{path}?mode=ro", uri=True, check_same_thread=False)
            try:
                yield from database.execute(text)
            finally:
                database.close()

        made = Dataset.from_generator(rows, output_signature=signature)
        super().__init__(made._variant_tensor, signature)


def _text(value: Any) -> str:
    value = value.numpy() if isinstance(value, Tensor) else value
    return value.decode() if isinstance(value, bytes) else str(value)


__all__ = [
    "CsvDataset",
    "SqlDataset",
    "make_batched_features_dataset",
    "make_csv_dataset",
    "parse_example_dataset",
]
