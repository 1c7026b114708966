"""Input pipelines of TensorFlow 1.x: queues that queue runners fill, of file names, slices, examples and batches."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from headrace.core import dtypes
from headrace.core.convert import to_tensor
from headrace.core.graph import Operation, name_scope
from headrace.core.op import lookup
from headrace.core.shapes import TensorShape
from headrace.core.state import state
from headrace.core.static import static_value

from .keys import GraphKeys
from .queue_runner import QueueRunner, add_queue_runner

INSTEAD = (
    "Input pipelines based on Queues are not supported when eager execution is enabled. Please use tf.data to ingest data "
    "into your model instead."
)


# ------------------------------------------------------------------------------------------------------------ producers
def match_filenames_once(pattern: Any, name: str | None = None) -> Any:
    """A local variable with the names of the files that match; they are looked up when it is initialised.

    Args:
      pattern: one pattern, or several.
    """
    from .variables import GraphVariable

    with name_scope(name or "matching_filenames") as scope:
        return GraphVariable(
            lookup("MatchingFiles")(to_tensor(pattern, dtypes.string)), trainable=False, validate_shape=False,
            collections=[GraphKeys.LOCAL_VARIABLES], name=scope,
        )  # fmt: skip


def limit_epochs(tensor: Any, num_epochs: int | None = None, name: str | None = None) -> Any:
    """`tensor`, for so many runs: OutOfRangeError after that. The count is in a local variable `epochs`.

    Raises:
      ValueError: `num_epochs` is less than 1.
    """
    from headrace.core.graph import get_default_graph

    from .variables import GraphVariable

    if num_epochs is None:
        return tensor
    if num_epochs <= 0:
        raise ValueError(f"num_epochs must be > 0 not {num_epochs}.")
    with name_scope(name or "limit_epochs") as scope:
        epochs = GraphVariable(
            to_tensor(0, dtypes.int64),
            trainable=False,
            name="epochs",
            collections=[GraphKeys.LOCAL_VARIABLES],
        )
        counter = epochs.count_up_to(num_epochs)
        with get_default_graph().control_dependencies([counter]):
            return lookup("Identity")(tensor, name=scope)


def input_producer(
    input_tensor: Any, element_shape: Any = None, num_epochs: int | None = None, shuffle: bool = True,
    seed: int | None = None, capacity: int = 32, shared_name: str | None = None, summary_name: str | None = None,
    name: str | None = None, cancel_op: Any = None,
) -> Any:  # fmt: skip
    """A queue of the rows of a tensor, again and again.

    Args:
      input_tensor: its rows are the elements.
      element_shape: the shape of a row, where the tensor's is not fully known.
      num_epochs: how often each row is produced before OutOfRangeError; without end if not given. It is counted in a local
        variable: run `tf.compat.v1.local_variables_initializer()`.
      shuffle: whether the rows are in another random order each time; `seed` makes it repeatable.
      capacity, shared_name: of the queue.
      summary_name: of a summary of how full the queue is.
      cancel_op: closes the queue when the coordinator stops.

    Returns: the queue, which a queue runner of the graph fills.
    """
    from headrace.api.queue import FIFOQueue

    if state.graph is None:
        raise RuntimeError(INSTEAD)
    with name_scope(name or "input_producer"):
        tensor = to_tensor(input_tensor, name="input_tensor")
        shape = tensor.shape[1:].merge_with(element_shape)
        if not shape.is_fully_defined():
            raise ValueError(
                "Either `input_tensor` must have a fully defined shape or `element_shape` must be specified"
            )
        if shuffle:
            from headrace.api.random import shuffle as shuffled

            tensor = shuffled(tensor, seed=seed)
        tensor = limit_epochs(tensor, num_epochs)
        queue = FIFOQueue(
            capacity, [tensor.dtype], [shape], shared_name=shared_name, name=name or "FIFOQueueV2"
        )
        add_queue_runner(QueueRunner(queue, [queue.enqueue_many([tensor])], cancel_op=cancel_op))
        if summary_name is not None:
            _fullness(summary_name, _float(queue.size()) * (1.0 / capacity))
        return queue


def string_input_producer(
    string_tensor: Any, num_epochs: int | None = None, shuffle: bool = True, seed: int | None = None,
    capacity: int = 32, shared_name: str | None = None, name: str | None = None, cancel_op: Any = None,
) -> Any:  # fmt: skip
    """A queue of strings (file names), again and again. Arguments as of `input_producer`.

    Raises:
      ValueError: there are no strings; InvalidArgumentError when that shows in a run only.

    >>> import headrace as tf
    >>> v1 = tf.compat.v1
    >>> with tf.Graph().as_default(), v1.Session() as sess:
    ...     queue = v1.train.string_input_producer(["a", "b"], num_epochs=1, shuffle=False)
    ...     names = queue.dequeue_many(2)
    ...     sess.run(v1.local_variables_initializer())
    ...     threads = v1.train.start_queue_runners()
    ...     sess.run(names).tolist()
    [b'a', b'b']
    """
    from headrace.api.debugging import Assert
    from headrace.core.graph import get_default_graph
    from headrace.core.tensor import Tensor

    if state.graph is None:
        raise RuntimeError(INSTEAD)
    empty = "string_input_producer requires a non-null input tensor"
    if (
        not isinstance(string_tensor, Tensor)
        and not hasattr(string_tensor, "handle")
        and not len(string_tensor)
    ):
        raise ValueError(empty)
    with name_scope(name or "input_producer") as scope:
        strings = to_tensor(string_tensor, dtypes.string)
        some = lookup("Greater")(lookup("Size")(strings), 0)
        with get_default_graph().control_dependencies([Assert(some, [empty])]):
            strings = lookup("Identity")(strings)
        return input_producer(
            strings, [], num_epochs, shuffle, seed, capacity, shared_name, f"fraction_of_{capacity}_full", scope,
            cancel_op,
        )  # fmt: skip


def range_input_producer(
    limit: Any, num_epochs: int | None = None, shuffle: bool = True, seed: int | None = None, capacity: int = 32,
    shared_name: str | None = None, name: str | None = None,
) -> Any:  # fmt: skip
    """A queue of the integers from 0 to `limit` - 1, again and again. Arguments as of `input_producer`."""
    from headrace.api.math import range as range_

    with name_scope(name or "input_producer") as scope:
        return input_producer(
            range_(limit),
            [],
            num_epochs,
            shuffle,
            seed,
            capacity,
            shared_name,
            f"fraction_of_{capacity}_full",
            scope,
        )


def slice_input_producer(
    tensor_list: Sequence[Any], num_epochs: int | None = None, shuffle: bool = True, seed: int | None = None,
    capacity: int = 32, shared_name: str | None = None, name: str | None = None,
) -> list[Any]:  # fmt: skip
    """One row of each of several tensors, of the same number, per run. Arguments as of `input_producer`.

    Raises:
      ValueError: there are no tensors.
    """
    if state.graph is None:
        raise RuntimeError(INSTEAD)
    with name_scope(name or "input_producer"):
        tensors = [to_tensor(t) for t in tensor_list]
        if not tensors:
            raise ValueError("Expected at least one tensor in slice_input_producer().")
        rows = lookup("StridedSlice")(lookup("Shape")(tensors[0]), [0], [1], [1], shrink_axis_mask=1)
        index = range_input_producer(rows, num_epochs, shuffle, seed, capacity, shared_name).dequeue()
        return [lookup("GatherV2")(t, index, 0) for t in tensors]


# -------------------------------------------------------------------------------------------------------------- batches
def batch(
    tensors: Any, batch_size: Any, num_threads: int = 1, capacity: int = 32, enqueue_many: bool = False,
    shapes: Any = None, dynamic_pad: bool = False, allow_smaller_final_batch: bool = False,
    shared_name: str | None = None, name: str | None = None,
) -> Any:  # fmt: skip
    """Batches of examples.

    Args:
      tensors: a tensor, or a list or dict of (sparse) tensors: an example, or, if `enqueue_many`, several.
      batch_size: how many examples make a batch.
      num_threads: how many threads compute examples.
      capacity: how many examples the queue holds.
      shapes: of the examples; inferred if not given. They must be fully known, unless
      dynamic_pad: pads examples to the largest in their batch.
      allow_smaller_final_batch: whether the last batch may have fewer examples, rather than none.
      shared_name: of the queue.

    Returns: as `tensors`, with one more dimension. A queue runner of the graph fills the queue.

    Raises:
      ValueError: shapes are not known.

    >>> import headrace as tf
    >>> v1 = tf.compat.v1
    >>> with tf.Graph().as_default(), v1.Session() as sess:
    ...     (example,) = v1.train.slice_input_producer([tf.range(4) * 10], shuffle=False)
    ...     examples = v1.train.batch([example], 2)
    ...     coord = tf.train.Coordinator()
    ...     threads = v1.train.start_queue_runners(coord=coord)
    ...     [sess.run(examples).tolist() for _ in range(2)]
    ...     coord.request_stop()
    ...     coord.join(threads)
    [[0, 10], [20, 30]]
    """
    return maybe_batch(
        tensors, True, batch_size, num_threads, capacity, enqueue_many, shapes, dynamic_pad,
        allow_smaller_final_batch, shared_name, name,
    )  # fmt: skip


def maybe_batch(
    tensors: Any, keep_input: Any, batch_size: Any, num_threads: int = 1, capacity: int = 32,
    enqueue_many: bool = False, shapes: Any = None, dynamic_pad: bool = False,
    allow_smaller_final_batch: bool = False, shared_name: str | None = None, name: str | None = None,
) -> Any:  # fmt: skip
    """`batch` of the examples for which `keep_input` (a bool, or, if `enqueue_many`, one for each) is true."""
    return _batched(
        [tensors] * num_threads, batch_size, keep_input, _fifo(dynamic_pad), capacity, enqueue_many, shapes,
        allow_smaller_final_batch, shared_name, name, "batch",
    )  # fmt: skip


def batch_join(
    tensors_list: Sequence[Any], batch_size: Any, capacity: int = 32, enqueue_many: bool = False, shapes: Any = None,
    dynamic_pad: bool = False, allow_smaller_final_batch: bool = False, shared_name: str | None = None,
    name: str | None = None,
) -> Any:  # fmt: skip
    """`batch` of examples from several sources, with one thread for each of `tensors_list`."""
    return maybe_batch_join(
        tensors_list, True, batch_size, capacity, enqueue_many, shapes, dynamic_pad, allow_smaller_final_batch,
        shared_name, name,
    )  # fmt: skip


def maybe_batch_join(
    tensors_list: Sequence[Any], keep_input: Any, batch_size: Any, capacity: int = 32, enqueue_many: bool = False,
    shapes: Any = None, dynamic_pad: bool = False, allow_smaller_final_batch: bool = False,
    shared_name: str | None = None, name: str | None = None,
) -> Any:  # fmt: skip
    """`batch_join` of the examples for which `keep_input` is true."""
    return _batched(
        tensors_list, batch_size, keep_input, _fifo(dynamic_pad), capacity, enqueue_many, shapes,
        allow_smaller_final_batch, shared_name, name, "batch_join",
    )  # fmt: skip


def shuffle_batch(
    tensors: Any, batch_size: Any, capacity: int, min_after_dequeue: int, num_threads: int = 1,
    seed: int | None = None, enqueue_many: bool = False, shapes: Any = None,
    allow_smaller_final_batch: bool = False, shared_name: str | None = None, name: str | None = None,
) -> Any:  # fmt: skip
    """Batches of examples in random order.

    Args:
      min_after_dequeue: so many examples stay in the queue for others to mix with.
      seed: makes the order of a single thread's examples repeatable.
      others: as of `batch`.
    """
    return maybe_shuffle_batch(
        tensors, batch_size, capacity, min_after_dequeue, True, num_threads, seed, enqueue_many, shapes,
        allow_smaller_final_batch, shared_name, name,
    )  # fmt: skip


def maybe_shuffle_batch(
    tensors: Any, batch_size: Any, capacity: int, min_after_dequeue: int, keep_input: Any, num_threads: int = 1,
    seed: int | None = None, enqueue_many: bool = False, shapes: Any = None,
    allow_smaller_final_batch: bool = False, shared_name: str | None = None, name: str | None = None,
) -> Any:  # fmt: skip
    """`shuffle_batch` of the examples for which `keep_input` is true."""
    return _batched(
        [tensors] * num_threads, batch_size, keep_input, _shuffling(min_after_dequeue, seed), capacity, enqueue_many,
        shapes, allow_smaller_final_batch, shared_name, name, "shuffle_batch", min_after_dequeue,
    )  # fmt: skip


def shuffle_batch_join(
    tensors_list: Sequence[Any], batch_size: Any, capacity: int, min_after_dequeue: int, seed: int | None = None,
    enqueue_many: bool = False, shapes: Any = None, allow_smaller_final_batch: bool = False,
    shared_name: str | None = None, name: str | None = None,
) -> Any:  # fmt: skip
    """`shuffle_batch` of examples from several sources, with one thread for each of `tensors_list`."""
    return maybe_shuffle_batch_join(
        tensors_list, batch_size, capacity, min_after_dequeue, True, seed, enqueue_many, shapes,
        allow_smaller_final_batch, shared_name, name,
    )  # fmt: skip


def maybe_shuffle_batch_join(
    tensors_list: Sequence[Any], batch_size: Any, capacity: int, min_after_dequeue: int, keep_input: Any,
    seed: int | None = None, enqueue_many: bool = False, shapes: Any = None,
    allow_smaller_final_batch: bool = False, shared_name: str | None = None, name: str | None = None,
) -> Any:  # fmt: skip
    """`shuffle_batch_join` of the examples for which `keep_input` is true."""
    return _batched(
        tensors_list, batch_size, keep_input, _shuffling(min_after_dequeue, seed), capacity, enqueue_many, shapes,
        allow_smaller_final_batch, shared_name, name, "shuffle_batch_join", min_after_dequeue,
    )  # fmt: skip


def _fifo(dynamic_pad: bool) -> Callable[..., Any]:
    from headrace.api.queue import FIFOQueue, PaddingFIFOQueue

    return PaddingFIFOQueue if dynamic_pad else FIFOQueue


def _shuffling(min_after_dequeue: int, seed: int | None) -> Callable[..., Any]:
    from headrace.api.queue import RandomShuffleQueue

    return lambda capacity, dtypes, **rest: RandomShuffleQueue(
        capacity, min_after_dequeue, dtypes, seed=seed, **rest
    )


def _batched(
    sources: Sequence[Any], batch_size: Any, keep_input: Any, make: Callable[..., Any], capacity: int,
    enqueue_many: bool, shapes: Any, smaller: bool, shared_name: str | None, name: str | None, usual: str,
    least: int | None = None,
) -> Any:  # fmt: skip
    """What all of them do: examples of each source are enqueued by a thread of its own."""
    if state.graph is None:
        raise ValueError(INSTEAD)
    if not sources:
        raise ValueError(f"Expected at least one source of tensors in {usual}().")
    with name_scope(name or usual) as scope:
        shared = all(s is sources[0] for s in sources)  # the same tensors, in several threads
        flats, kinds = [], None
        for source in sources[:1] if shared else sources:
            flat, own = _stored(_flat(source, usual), enqueue_many)
            if kinds is not None and own != kinds:
                raise TypeError(
                    f"Expected same types and kinds in all entries of tensors_list: {kinds} and {own}."
                )
            kinds = own
            flats.append(flat)
        types = [t.dtype for t in flats[0]]
        if any([t.dtype for t in flat] != types for flat in flats):
            raise TypeError("Expected types to be consistent over the entries of tensors_list.")
        keep = _checked_keep(keep_input, enqueue_many)
        queue = make(
            capacity=capacity,
            dtypes=types,
            shapes=_shapes(flats, shapes, enqueue_many),
            shared_name=shared_name,
        )
        enqueues = [_enqueue(queue, flat, keep, enqueue_many) for flat in flats]
        add_queue_runner(QueueRunner(queue, enqueues * len(sources) if shared else enqueues))
        size = queue.size()
        if least is None:
            _fullness(f"fraction_of_{capacity}_full", _float(size) * (1.0 / capacity))
        else:
            over = lookup("Maximum")(0, size - least)
            full = _float(over) * (1.0 / (capacity - least))
            _fullness(f"fraction_over_{least}_of_{capacity - least}_full", full)
        take = queue.dequeue_up_to if smaller else queue.dequeue_many
        taken = take(batch_size, name=scope)
        restored = _restored(taken if isinstance(taken, list) else [taken], kinds or [])
    first = sources[0]
    if isinstance(first, Mapping):
        return dict(zip(sorted(first), restored))
    return restored[0] if not isinstance(first, (list, tuple)) or len(restored) == 1 else restored


def _flat(source: Any, usual: str) -> list[Any]:
    from headrace.composites.sparse.tensor import SparseTensor

    if isinstance(source, Mapping):
        source = [source[k] for k in sorted(source)]
    elif not isinstance(source, (list, tuple)):
        source = [source]
    flat = [t if isinstance(t, SparseTensor) else to_tensor(t) for t in source]
    if not flat:
        raise ValueError(f"Expected at least one tensor in {usual}().")
    return flat


def _stored(flat: list[Any], enqueue_many: bool) -> tuple[list[Any], list[Any]]:
    """Sparse tensors as strings, of which queues can have any number; and what they were."""
    from headrace.api.io import serialize_many_sparse, serialize_sparse
    from headrace.composites.sparse.tensor import SparseTensor

    out: list[Any] = []
    kinds: list[Any] = []
    for t in flat:
        if isinstance(t, SparseTensor):
            rank = t.shape.rank
            kinds.append((t.dtype, None if rank is None else rank - 1 if enqueue_many else rank))
            stored = serialize_many_sparse(t) if enqueue_many else serialize_sparse(t)
            stored.set_shape([None, 3] if enqueue_many else [3])
            out.append(stored)
        else:
            kinds.append(None)
            out.append(t)
    return out, kinds


def _restored(taken: list[Any], kinds: list[Any]) -> list[Any]:
    from headrace.api.io import deserialize_many_sparse

    return [
        t if kind is None else deserialize_many_sparse(t, kind[0], None if kind[1] is None else kind[1] + 1)
        for t, kind in zip(taken, kinds)
    ]


def _shapes(flats: list[list[Any]], shapes: Any, enqueue_many: bool) -> Any:
    """The shapes of one example: as given, or what all sources agree on."""
    if shapes is not None:
        return shapes
    out = []
    for same in zip(*flats):
        merged = TensorShape(None)
        for t in same:
            if t.shape.rank is None:
                raise ValueError(f"Cannot infer Tensor's rank: {t}")
            shape = t.shape.with_rank_at_least(1)[1:] if enqueue_many else t.shape
            merged = merged.merge_with(shape)
        out.append(merged)
    return out


def _checked_keep(keep_input: Any, enqueue_many: bool) -> Any:
    if isinstance(keep_input, bool):
        return keep_input
    keep = to_tensor(keep_input, dtypes.bool_)
    rank = keep.shape.rank
    if rank is None:
        raise ValueError("`keep_input` dimensions must be known at graph construction.")
    if not enqueue_many and rank == 1:
        raise ValueError("`keep_input` cannot be a vector when `enqueue_many=False`.")
    if rank > 1:
        raise ValueError("`keep_input` must be 0 or 1 dimensions.")
    known = static_value(keep) if not rank else None
    return keep if known is None else bool(known)


def _enqueue(queue: Any, flat: list[Any], keep: Any, enqueue_many: bool) -> Operation:
    """The operation that puts examples into the queue, those that are kept."""
    from headrace.api.control import cond
    from headrace.api.script import no_op

    enqueue = queue.enqueue_many if enqueue_many else queue.enqueue
    if keep is True:
        return enqueue(flat)
    if keep is False:
        return no_op()
    if keep.shape.rank == 1:
        from headrace.api.array import boolean_mask

        return queue.enqueue_many([boolean_mask(t, keep) for t in flat])

    def kept() -> Any:
        with state.graph.control_dependencies([enqueue(flat)]):  # type: ignore[union-attr]
            return lookup("Identity")(to_tensor(True))  # what no result waits for does not run

    done = cond(keep, kept, lambda: to_tensor(False))
    return done.op


def _float(x: Any) -> Any:
    return lookup("Cast")(x, DstT=dtypes.float32)


def _fullness(name: str, value: Any) -> None:
    from headrace.api.compat_v1_summary import scalar

    scalar(name, value)


__all__ = [
    "batch", "batch_join", "input_producer", "limit_epochs", "match_filenames_once", "maybe_batch", "maybe_batch_join",
    "maybe_shuffle_batch", "maybe_shuffle_batch_join", "range_input_producer", "shuffle_batch", "shuffle_batch_join",
    "slice_input_producer", "string_input_producer",
]  # fmt: skip
