"""`slim.parallel_reader`: several readers that fill one queue."""

from __future__ import annotations

from typing import Any

import headrace as tf
from headrace.api.compat_v1_summary import scalar
from headrace.api.io_gfile import glob
from headrace.api.queue import FIFOQueue, RandomShuffleQueue
from headrace.core import dtypes as types
from headrace.session.pipelines import string_input_producer
from headrace.session.queue_runner import QueueRunner, add_queue_runner


class ParallelReader:
    """Readers of one class, which put what they read into one queue.

    Args:
      common_queue: of two strings: keys and values.

    Raises:
      TypeError: the queue is of other types."""

    def __init__(
        self, reader_class: Any, common_queue: Any, num_readers: int = 4, reader_kwargs: dict[str, Any] | None = None
    ) -> None:  # fmt: skip
        if list(common_queue.dtypes) != [types.string, types.string]:
            raise TypeError(
                f"common_queue.dtypes must be [tf.string, tf.string], received: {common_queue.dtypes}"
            )
        self._readers = [reader_class(**(reader_kwargs or {})) for _ in range(num_readers)]
        self._common_queue = common_queue

    @property
    def num_readers(self) -> int:
        """How many readers there are."""
        return len(self._readers)

    @property
    def common_queue(self) -> Any:
        """The queue that they fill."""
        return self._common_queue

    def read(self, queue: Any, name: str | None = None) -> Any:
        """The next key and value of the files whose names are in `queue`."""
        self._configure_readers_by(queue)
        return self._common_queue.dequeue(name=name)

    def read_up_to(self, queue: Any, num_records: Any, name: str | None = None) -> Any:
        """Up to so many keys and values."""
        self._configure_readers_by(queue)
        return self._common_queue.dequeue_up_to(num_records, name)

    def _configure_readers_by(self, queue: Any) -> None:
        fills = [self._common_queue.enqueue(tuple(reader.read(queue))) for reader in self._readers]
        add_queue_runner(QueueRunner(self._common_queue, fills))

    def num_records_produced(self, name: str | None = None) -> Any:
        """How many records were read."""
        return tf.add_n([r.num_records_produced() for r in self._readers], name=name)

    def num_work_units_completed(self, name: str | None = None) -> Any:
        """How many files were read."""
        return tf.add_n([r.num_work_units_completed() for r in self._readers], name=name)


def parallel_read(
    data_sources: Any, reader_class: Any, num_epochs: int | None = None, num_readers: int = 4, reader_kwargs: Any = None,
    shuffle: bool = True, dtypes: Any = None, capacity: int = 256, min_after_dequeue: int = 128, seed: int | None = None,
    scope: str | None = None,
) -> Any:  # fmt: skip
    """The next key and value of some files, by queues.

    Args:
      data_sources: file names or patterns.
      reader_class: such as `tf.TFRecordReader`.
      num_epochs: how often the files are read; without end for None.
      capacity, min_after_dequeue: of the queue; the latter if it is shuffled.

    Raises:
      ValueError: there are no files."""
    files = get_data_files(data_sources)
    with tf.name_scope(scope or "parallel_read"):
        names = string_input_producer(
            files, num_epochs=num_epochs, shuffle=shuffle, seed=seed, name="filenames"
        )
        kinds = dtypes or [types.string, types.string]
        queue = (
            RandomShuffleQueue(capacity, min_after_dequeue, kinds, seed=seed, name="common_queue")
            if shuffle
            else FIFOQueue(capacity, kinds, name="common_queue")
        )
        scalar(f"fraction_of_{capacity}_full", tf.cast(queue.size(), types.float32) * (1.0 / capacity))
        return ParallelReader(reader_class, queue, num_readers, reader_kwargs).read(names)


def single_pass_read(
    data_sources: Any, reader_class: Any, reader_kwargs: Any = None, scope: str | None = None
) -> Any:
    """The next key and value of some files, once and in order.

    Raises:
      ValueError: there are no files."""
    files = get_data_files(data_sources)
    with tf.name_scope(scope or "single_pass_read"):
        names = string_input_producer(files, num_epochs=1, shuffle=False, capacity=1, name="filenames")
        return reader_class(**(reader_kwargs or {})).read(names)


def get_data_files(data_sources: Any) -> list[str]:
    """The files of names, patterns, or lists of such.

    Raises:
      ValueError: there are none."""
    if isinstance(data_sources, (list, tuple)):
        files = [f for source in data_sources for f in get_data_files(source)]
    elif any(c in data_sources for c in "*?["):
        files = glob(data_sources)
    else:
        files = [data_sources]
    if not files:
        raise ValueError(f"No data files found in {data_sources}")
    return files
