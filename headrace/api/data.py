"""`tf.data`: input pipelines."""

from __future__ import annotations

from headrace.data import loops
from headrace.data.dataset import Dataset, DatasetSpec
from headrace.data.iterator import Iterator, IteratorSpec, NumpyIterator
from headrace.data.optional import OptionalSpec
from headrace.data.options import Options, ThreadingOptions
from headrace.data.reading import FixedLengthRecordDataset, TextLineDataset, TFRecordDataset

from . import data_experimental as experimental

loops.register()
AUTOTUNE = -1
INFINITE_CARDINALITY = -1
UNKNOWN_CARDINALITY = -2

ROOT = ["OptionalSpec"]
__all__ = [
    "AUTOTUNE",
    "INFINITE_CARDINALITY",
    "UNKNOWN_CARDINALITY",
    "Dataset",
    "DatasetSpec",
    "FixedLengthRecordDataset",
    "Iterator",
    "IteratorSpec",
    "NumpyIterator",
    "OptionalSpec",
    "Options",
    "TFRecordDataset",
    "TextLineDataset",
    "ThreadingOptions",
    "experimental",
]
