"""`slim.dataset_data_provider`: a data set read by queues."""

from __future__ import annotations

from typing import Any

from . import parallel_reader
from .data_provider import DataProvider


class DatasetDataProvider(DataProvider):
    """Reads the files of a `slim.dataset.Dataset` and decodes one sample for each run.

    Args:
      num_readers: how many read at a time.
      shuffle: whether files and samples are shuffled.
      num_epochs: how often the files are read; without end for None.
      common_queue_capacity, common_queue_min: of the queue that samples wait in, before decoding.
      record_key: the item that is the reader's key.

    Raises:
      ValueError: the data set has an item of the name `record_key`."""

    def __init__(
        self, dataset: Any, num_readers: int = 1, reader_kwargs: Any = None, shuffle: bool = True,
        num_epochs: int | None = None, common_queue_capacity: int = 256, common_queue_min: int = 128,
        record_key: str = "record_key", seed: int | None = None, scope: str | None = None,
    ) -> None:  # fmt: skip
        items = dataset.decoder.list_items()
        if record_key in items:
            raise ValueError(f"{record_key!r} is an item of the data set: give another record_key.")
        key, data = parallel_reader.parallel_read(
            dataset.data_sources, dataset.reader, num_epochs, num_readers, reader_kwargs, shuffle,
            capacity=common_queue_capacity, min_after_dequeue=common_queue_min, seed=seed, scope=scope,
        )  # fmt: skip
        tensors = dict(zip(items, dataset.decoder.decode(data, items), strict=True))
        super().__init__({**tensors, record_key: key}, dataset.num_samples)
