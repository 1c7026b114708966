"""`slim.prefetch_queue`: batches made ahead."""

from __future__ import annotations

from typing import Any

import headrace as tf
from headrace.api.compat_v1_summary import scalar
from headrace.api.queue import FIFOQueue, PaddingFIFOQueue
from headrace.core import dtypes
from headrace.session.queue_runner import QueueRunner, add_queue_runner


def prefetch_queue(
    tensors: Any, capacity: int = 8, num_threads: int = 1, dynamic_pad: bool = False, shared_name: str | None = None,
    name: str | None = None,
) -> Any:  # fmt: skip
    """A queue that is filled with tensors (a list, or a dict by name); `dequeue` takes what was computed ahead.

    Args:
      num_threads: how many threads fill it.
      dynamic_pad: whether shapes may be unknown in part; what is dequeued together is padded."""
    names = sorted(tensors) if isinstance(tensors, dict) else None
    flat = [tensors[n] for n in names] if names is not None else list(tensors)
    with tf.name_scope(name or "prefetch_queue") as scope:
        queue = (PaddingFIFOQueue if dynamic_pad else FIFOQueue)(
            capacity, [t.dtype for t in flat], [t.shape for t in flat], names=names, shared_name=shared_name, name=scope,
        )  # fmt: skip
        fill = queue.enqueue(tensors)
        add_queue_runner(QueueRunner(queue, [fill] * num_threads))
        scalar(f"fraction_of_{capacity}_full", tf.cast(queue.size(), dtypes.float32) * (1.0 / capacity))
        return queue
