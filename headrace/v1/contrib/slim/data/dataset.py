"""`slim.dataset`: what a data set is."""

from __future__ import annotations

from typing import Any


class Dataset:
    """A data set's files, how they are read and decoded, and what is known of it; further arguments are kept as attributes.

    Args:
      data_sources: file names or patterns.
      reader: a class of readers, such as `tf.TFRecordReader`.
      decoder: makes items of what the reader reads.
      num_samples: how many samples there are.
      items_to_descriptions: what each item is, in words."""

    def __init__(
        self, data_sources: Any, reader: Any, decoder: Any, num_samples: int | None, items_to_descriptions: Any, **kwargs: Any
    ) -> None:  # fmt: skip
        self.data_sources, self.reader, self.decoder = data_sources, reader, decoder
        self.num_samples, self.items_to_descriptions = num_samples, items_to_descriptions
        self.__dict__.update(kwargs)
