"""`tf.contrib.training.bucket`: queues from which batches of like examples are taken."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

import headrace as tf
from headrace.api.queue import FIFOQueue, PaddingFIFOQueue
from headrace.core.shapes import TensorShape
from headrace.session.pipelines import _checked_keep, _flat, _fullness, _restored, _shapes, _stored
from headrace.session.queue_runner import QueueRunner, add_queue_runner
from headrace.v1.layers.core import chosen


def bucket(
    tensors: Any, which_bucket: Any, batch_size: Any, num_buckets: int, num_threads: int = 1, capacity: int = 32,
    bucket_capacities: Sequence[int] | None = None, shapes: Any = None, dynamic_pad: bool = False,
    allow_smaller_final_batch: bool = False, keep_input: Any = True, shared_name: str | None = None,
    name: str | None = None,
) -> Any:  # fmt: skip
    """Batches of examples that are in the same bucket.

    Args:
      tensors: an example: a list or dict of (sparse) tensors.
      which_bucket: the int32 number of the example's bucket.
      batch_size: how many examples make a batch: a number, or a list of one for each bucket.
      num_buckets: how many buckets there are.
      num_threads: how many threads compute examples.
      capacity: of the queue of batches; of the buckets, too, without `bucket_capacities`.
      shapes: of the examples; inferred if not given.
      dynamic_pad: pads examples to the largest in their batch.
      allow_smaller_final_batch: whether the last batch of a bucket may have fewer examples, rather than none.
      keep_input: a scalar bool: whether the example is used.

    Returns: the bucket of a batch, and the batch, as `tensors` are. Queue runners of the graph fill the queues.

    Raises:
      ValueError: there are no tensors, or a list has not one entry for each bucket."""
    sizes = list(batch_size) if isinstance(batch_size, (list, tuple)) else [batch_size] * num_buckets
    if len(sizes) != num_buckets:
        raise ValueError("If batch_size is a list it must have num_buckets elements")
    capacities = [capacity] * num_buckets if bucket_capacities is None else list(bucket_capacities)
    if len(capacities) != num_buckets:
        raise ValueError(
            f"The list bucket_capacities ({bucket_capacities}) must have exactly num_buckets ({num_buckets}) elements."
        )
    with tf.name_scope(name or "bucket"):
        flat, kinds = _stored(_flat(tensors, "bucket"), False)
        keep = _checked_keep(keep_input, False)
        of_one = [TensorShape(s) for s in _shapes([flat], shapes, False)]
        types = [t.dtype for t in flat]
        which = tf.convert_to_tensor(which_bucket, tf.int32, name="which_bucket")
        kind = PaddingFIFOQueue if dynamic_pad else FIFOQueue
        queues = [
            kind(
                capacities[i], types, of_one, shared_name=shared_name and f"{shared_name}_{i}", name=f"bucket_queue_{i}"
            )
            for i in range(num_buckets)
        ]  # fmt: skip
        known = None if isinstance(batch_size, (list, tuple)) else tf.get_static_value(sizes[0])
        rows = None if allow_smaller_final_batch or known is None else int(known)
        # Padding, because only such a queue takes batches of which not every size is known.
        top = PaddingFIFOQueue(
            capacity, [tf.int32, *types], [TensorShape([]), *(TensorShape([rows]).concatenate(s) for s in of_one)],
            shared_name=shared_name, name="top_queue",
        )  # fmt: skip

        def sorted_in() -> Any:
            went = [
                tf.cond(tf.equal(which, i), _enqueued(q, flat), lambda: tf.constant(False))
                for i, q in enumerate(queues)
            ]
            return tf.reduce_any(tf.stack(went))

        enqueue = tf.convert_to_tensor(chosen(keep, sorted_in, lambda: tf.constant(False))).op
        batches = []
        for i, (q, size) in enumerate(zip(queues, sizes)):
            taken = (q.dequeue_up_to if allow_smaller_final_batch else q.dequeue_many)(size)
            batch = list(taken) if isinstance(taken, (list, tuple)) else [taken]
            batches.append(top.enqueue([tf.constant(i), *batch], name=f"enqueue_from_bucket_{i}"))
        ends = (tf.errors.OutOfRangeError, tf.errors.CancelledError)
        add_queue_runner(
            QueueRunner(
                queues[0], batches, close_op=top.close(), cancel_op=top.close(cancel_pending_enqueues=True),
                queue_closed_exception_types=ends,
            )
        )  # fmt: skip
        add_queue_runner(
            QueueRunner(
                top, [enqueue] * num_threads, close_op=tf.group(*[q.close() for q in queues]),
                cancel_op=tf.group(*[q.close(cancel_pending_enqueues=True) for q in queues]),
                queue_closed_exception_types=ends,
            )
        )  # fmt: skip
        _fullness(f"fraction_of_{capacity}_full", tf.cast(top.size(), tf.float32) * (1.0 / capacity))
        found, *batch = top.dequeue(name="dequeue_top")
        restored = _restored(batch, kinds)
    if isinstance(tensors, Mapping):
        return found, dict(zip(sorted(tensors), restored))
    return found, restored if isinstance(tensors, (list, tuple)) else restored[0]


def _enqueued(queue: Any, flat: list[Any]) -> Any:
    def branch() -> Any:
        with tf.control_dependencies([queue.enqueue(flat)]):  # what no result waits for does not run
            return tf.identity(True)

    return branch


def bucket_by_sequence_length(
    input_length: Any, tensors: Any, batch_size: Any, bucket_boundaries: Sequence[int], num_threads: int = 1,
    capacity: int = 32, bucket_capacities: Sequence[int] | None = None, shapes: Any = None, dynamic_pad: bool = False,
    allow_smaller_final_batch: bool = False, keep_input: Any = True, shared_name: str | None = None,
    name: str | None = None,
) -> Any:  # fmt: skip
    """Batches of examples of about the same length.

    Args:
      input_length: the int32 length of the example.
      bucket_boundaries: ints, growing: bucket `i` has the lengths from boundary `i - 1` up to, and without, boundary `i`.
        There is one bucket more than boundaries.
      others: as of `bucket`.

    Returns: the lengths of the examples of a batch, and the batch, as `tensors` are.

    Raises:
      TypeError: the boundaries are no list of ints.
      ValueError: they do not grow, or there are none."""
    if not isinstance(bucket_boundaries, (list, tuple)):
        raise TypeError(f"bucket_boundaries must be a list or tuple, but received: {bucket_boundaries}")
    if not bucket_boundaries:
        raise ValueError("bucket_boundaries must not be empty")
    for low, high in pairwise(bucket_boundaries):
        if not isinstance(low, int) or not isinstance(high, int):
            raise TypeError(f"bucket boundaries must be integers, but saw: {low} and {high}")
        if low >= high:
            raise ValueError(
                f"Buckets must contain sequential increasing lengths, but saw: {low} before {high}"
            )
    with tf.name_scope(name or "bucket_by_sequence_length"):
        length = tf.convert_to_tensor(input_length, tf.int32, name="input_length")
        which = tf.reduce_sum(tf.cast(length >= tf.constant(list(bucket_boundaries), tf.int32), tf.int32))
        if isinstance(tensors, Mapping):
            keys = sorted(tensors)
            examples = [length, *(tensors[k] for k in keys)]
        else:
            several = isinstance(tensors, (list, tuple))
            examples = [length, *(tensors if several else [tensors])]
        shapes = None if shapes is None else [TensorShape([]), *shapes]
        _, (lengths, *batch) = bucket(
            examples, which, batch_size, len(bucket_boundaries) + 1, num_threads, capacity, bucket_capacities, shapes,
            dynamic_pad, allow_smaller_final_batch, keep_input, shared_name,
        )  # fmt: skip
    if isinstance(tensors, Mapping):
        return lengths, dict(zip(keys, batch))
    return lengths, batch if several else batch[0]


__all__ = ["bucket", "bucket_by_sequence_length"]
