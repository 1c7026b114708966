"""`slim.data`: data sets described by files, features and items, read by queues."""

from . import (
    data_decoder,
    data_provider,
    dataset,
    dataset_data_provider,
    parallel_reader,
    prefetch_queue,
    tfexample_decoder,
)

__all__ = [
    "data_decoder", "data_provider", "dataset", "dataset_data_provider", "parallel_reader", "prefetch_queue", "tfexample_decoder",
]  # fmt: skip
