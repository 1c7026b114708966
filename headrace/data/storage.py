"""Plans that keep elements, and that read files."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from headrace.core import dtypes
from headrace.core.errors import invalid
from headrace.core.shapes import TensorShape
from headrace.core.specs import TensorSpec
from headrace.core.tensor import EagerTensor, wrap
from headrace.io.tfrecord import open_records, read_records

from .batching import Elements
from .plan import Plan, Rows, Unary
from .sources import Columns, Range, TensorSlices
from .values import Element, column, is_plain, stack


class Cache(Unary):
    """Elements are made once and kept: in memory, or in a file."""

    def __init__(self, source: Plan, filename: bytes, cache: Any) -> None:
        super().__init__(source)
        self.inputs = ()  # (whether its elements can be looked up does not depend on them)
        self.path = os.fsdecode(filename)
        self.kept: Plan | None = None
        self.there = not self.path and isinstance(source, (TensorSlices, Range)) and source.indexed

    def size(self) -> int:
        return self.source.size()

    def start(self) -> Iterator[Element]:
        if self.kept is None and self.path:
            from .files import load_cache

            self.kept = load_cache(self.path, self.specs)
        return self.kept.start() if self.kept is not None else Keeping(self)

    @property
    def indexed(self) -> bool:  # type: ignore[override]
        """Once the elements are columns, or where they are there to begin with."""
        return self.there or isinstance(self.kept, Stacked)

    def rows(self) -> Rows | None:
        return (
            self.source.rows() if self.there else self.kept.rows() if isinstance(self.kept, Stacked) else None
        )

    def finished(self, elements: list[Element]) -> None:
        """An iteration is through: this is what all later ones yield."""
        if self.path:
            from .files import save_cache

            save_cache(self.path, elements, self.specs)
        self.kept = kept(elements, self.specs)


class Keeping:
    def __init__(self, plan: Cache) -> None:
        self.plan, self.source = plan, plan.source.start()
        self.elements: list[Element] | None = []

    def __iter__(self) -> Keeping:
        return self

    def __next__(self) -> Element:
        try:
            element = next(self.source)
        except StopIteration:
            if self.elements is not None:
                self.plan.finished(self.elements)
                self.elements = None
            raise
        if self.elements is not None:
            self.elements.append(element)
        return element


def kept(elements: list[Element], specs: Any) -> Plan:
    """A plan of elements: as columns, if they are tensors of one shape."""
    if elements and is_plain(specs):
        alike = all(len({e[k]._raw_shape for e in elements}) == 1 for k in range(len(specs)))
        if alike:
            return Stacked(stack(elements, specs), specs, len(elements))
    return Elements(elements, specs)


class Stacked(Plan):
    indexed = True

    def __init__(self, batch: Element, specs: Any, n: int) -> None:
        self.specs, self.n = specs, n
        self.found = Columns([column(leaf) for leaf in batch], n)

    def size(self) -> int:
        return self.n

    def rows(self) -> Rows:
        return self.found

    def start(self) -> Iterator[Element]:
        return iter(self.found)


# ------------------------------------------------------------------------------------------------------------------ files
TEXT = (TensorSpec(TensorShape(()), dtypes.string),)


def _names(filenames: Any) -> list[str]:
    if isinstance(filenames, bytes):
        return [os.fsdecode(filenames)]
    return [os.fsdecode(f) for f in np.asarray(filenames).reshape(-1).tolist()]


def text(value: bytes) -> EagerTensor:
    array = np.empty((), object)
    array[()] = value
    return wrap(array, dtypes.string)


class Files(Plan):
    """The records of files, one file after the other."""

    specs = TEXT

    def __init__(self, filenames: Any, compression_type: bytes) -> None:
        self.files, self.compression = _names(filenames), compression_type.decode()
        if self.compression not in ("", "GZIP", "ZLIB"):
            raise invalid(f"Unsupported compression_type: {self.compression}. Use '', 'GZIP' or 'ZLIB'.")

    def start(self) -> Iterator[Element]:
        for path in self.files:
            for record in self.read(path):
                yield (text(record),)

    def read(self, path: str) -> Iterator[bytes]:
        raise NotImplementedError


class TextLines(Files):
    """Lines, without what ends them."""

    def __init__(self, filenames: Any, compression_type: bytes, buffer_size: int) -> None:
        super().__init__(filenames, compression_type)

    def read(self, path: str) -> Iterator[bytes]:
        with open_records(path, self.compression) as file:
            for line in file:
                yield line.removesuffix(b"\n").removesuffix(b"\r")


class Records(Files):
    """The records of TFRecord files."""

    def __init__(self, filenames: Any, compression_type: bytes, buffer_size: int) -> None:
        super().__init__(filenames, compression_type)

    def read(self, path: str) -> Iterator[bytes]:
        return read_records(path, self.compression)


class FixedLengthRecords(Files):
    """Records of the same size between a header and a footer."""

    def __init__(
        self, filenames: Any, header_bytes: int, record_bytes: int, footer_bytes: int, buffer_size: int,
        compression_type: bytes,
    ) -> None:  # fmt: skip
        super().__init__(filenames, compression_type)
        if record_bytes < 1:
            raise invalid("record_bytes must be greater than zero.")
        self.header, self.record, self.footer = header_bytes, record_bytes, footer_bytes

    def read(self, path: str) -> Iterator[bytes]:
        with open_records(path, self.compression) as file:
            content = file.read()
            size = len(content)
            body = size - self.header - self.footer
            if body < 0 or body % self.record:
                raise invalid(f"Excess bytes in input file {path}: expected a multiple of {self.record} bytes between a header of "
                    f"{self.header} and a footer of {self.footer}, the file has {size} bytes.")  # fmt: skip
            for i in range(self.header, self.header + body, self.record):
                yield content[i : i + self.record]


__all__ = ["Cache", "FixedLengthRecords", "Records", "Sequence", "TextLines"]
