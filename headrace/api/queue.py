"""`tf.queue`: queues between the parts of a program. Enqueuing waits while a queue is full, dequeuing while it is empty."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from typing import Any
from weakref import WeakValueDictionary

from headrace.core import dtypes as types
from headrace.core.convert import to_tensor
from headrace.core.dtypes import as_dtype
from headrace.core.op import OpDef, lookup
from headrace.core.shapes import TensorShape, as_raw
from headrace.core.state import init_scope, state
from headrace.core.tensor import EagerTensor, Tensor, wrap_object
from headrace.ops import queue_kinds as kinds
from headrace.ops import queues as ops
from headrace.ops import seeds

_shared: WeakValueDictionary[str, kinds.Queue] = WeakValueDictionary()  # eager queues that have a shared_name


class QueueBase:
    """What queues share: a queue holds up to so many elements, each a tuple (or, with names, a dict) of tensors.

    `enqueue` waits while the queue is full, `dequeue` while it is empty; other threads, and other runs of the session, go
    on. Make a queue with a subclass.

    Args:
      dtypes: the dtypes of the components.
      shapes: their shapes, or None.
      names: their names, or None.
      queue_ref: the handle.
    """

    def __init__(self, dtypes: Any, shapes: Any, names: Any, queue_ref: Any) -> None:
        self._dtypes = dtypes
        if shapes is not None:
            if len(shapes) != len(dtypes):
                raise ValueError(
                    f"Queue shapes must have the same length as dtypes, received len(shapes)={len(shapes)}, "
                    f"len(dtypes)={len(dtypes)}"
                )
            self._shapes = [TensorShape(s) for s in shapes]
        else:
            self._shapes = [TensorShape(None) for _ in dtypes]
        if names is not None:
            if not names:
                raise ValueError("names must have at least one element, or be None")
            if not isinstance(names, (list, tuple)) or len(names) != len(dtypes):
                raise ValueError(
                    f"Queue names must have the same length as dtypes, received names={names}, len(dtypes)={len(dtypes)}"
                )
        self._names = None if names is None else list(names)
        self._queue_ref = queue_ref
        if isinstance(queue_ref, EagerTensor):
            found = queue_ref._host()
            self._name = found.item().name if found.size == 1 else "queue"
        else:
            self._name = queue_ref.op.name.rpartition("/")[2]

    @staticmethod
    def from_list(index: Any, queues: Sequence[QueueBase]) -> QueueBase:
        """The queue `queues[index]`, where `index` is a tensor.

        Raises:
          TypeError: `queues` is not a list of queues of the same component types and names.

        >>> import headrace as tf
        >>> a, b = tf.queue.FIFOQueue(2, tf.int32), tf.queue.FIFOQueue(2, tf.int32)
        >>> b.enqueue(5)
        >>> int(tf.queue.QueueBase.from_list(1, [a, b]).dequeue())
        5
        """
        if not queues or not isinstance(queues, list) or not all(isinstance(q, QueueBase) for q in queues):
            raise TypeError(f"A list of queues expected, received {queues!r}.")
        first = queues[0]
        if any(q.dtypes != first.dtypes for q in queues):
            raise TypeError("Queues do not have matching component dtypes.")
        if any(q.names != first.names for q in queues):
            raise TypeError("Queues do not have matching component names.")
        handles = lookup("Pack")([q.queue_ref for q in queues], axis=0)
        return QueueBase(
            first.dtypes,
            [_common([q.shapes[i] for q in queues]) for i in range(len(first.shapes))],
            first.names,
            lookup("GatherV2")(handles, index, 0),
        )

    @property
    def queue_ref(self) -> Tensor:
        """The handle."""
        return self._queue_ref

    @property
    def name(self) -> str:
        return self._name if isinstance(self._queue_ref, EagerTensor) else self._queue_ref.op.name

    @property
    def dtypes(self) -> list[types.DType]:
        return self._dtypes

    @property
    def shapes(self) -> list[TensorShape]:
        return self._shapes

    @property
    def names(self) -> list[str] | None:
        return self._names

    # --------------------------------------------------------------------------------------------------------- putting in
    def enqueue(self, vals: Any, name: str | None = None) -> Any:
        """Puts one element in; waits while the queue is full.

        Args:
          vals: a tensor, a list or tuple of tensors, or, if the queue has names, a dict of them.

        Raises:
          CancelledError: the queue is closed, or is closed with `cancel_pending_enqueues`, or the session is.
        """
        with _scope(name, f"{self._name}_enqueue") as scope:
            vals = self._components(vals)
            for given, shape in zip(vals, self._shapes):
                given.shape.assert_is_compatible_with(shape)
            return ops.ENQUEUE(self._queue_ref, vals, name=scope)

    def enqueue_many(self, vals: Any, name: str | None = None) -> Any:
        """Puts in as many elements as the components' first dimension says, one after the other.

        Raises: as `enqueue`.
        """
        with _scope(name, f"{self._name}_EnqueueMany") as scope:
            vals = self._components(vals)
            batch = TensorShape([None])
            for given, shape in zip(vals, self._shapes):
                if given._raw_shape == ():
                    raise ValueError(
                        "enqueue_many takes components with one more dimension than elements have; received a scalar."
                    )
                batch = batch.merge_with(given.shape[:1])
                given.shape[1:].assert_is_compatible_with(shape)
            return ops.ENQUEUE_MANY(self._queue_ref, vals, name=scope)

    def _components(self, vals: Any) -> list[Any]:
        """`vals` as a list of tensors of the queue's types."""
        if isinstance(vals, Mapping):
            if not self._names:
                raise ValueError("Queue must have names to enqueue a dictionary")
            if sorted(self._names, key=str) != sorted(vals, key=str):
                raise ValueError(
                    f"Keys in dictionary to enqueue do not match names of Queue. Dictionary: {sorted(vals)}, "
                    f"Queue: {sorted(self._names)}"
                )
            vals = [vals[k] for k in self._names]
        else:
            if self._names:
                raise ValueError("You must enqueue a dictionary in a Queue with names")
            if not isinstance(vals, (list, tuple)):
                vals = [vals]
        if len(vals) != len(self._dtypes):
            raise ValueError(
                f"A queue with {len(self._dtypes)} components takes as many values, received {len(vals)}."
            )
        return [to_tensor(v, t, name=f"component_{i}") for i, (v, t) in enumerate(zip(vals, self._dtypes))]

    # --------------------------------------------------------------------------------------------------------- taking out
    def dequeue(self, name: str | None = None) -> Any:
        """The next element: a tensor, a list of tensors, or a dict; waits while the queue is empty.

        Raises:
          OutOfRangeError: the queue is closed and empty.
          CancelledError: the session was closed meanwhile.
        """
        out = ops.DEQUEUE(self._queue_ref, component_types=self._dtypes, name=name or f"{self._name}_Dequeue")
        return self._element(out, [])

    def dequeue_many(self, n: Any, name: str | None = None) -> Any:
        """The next n elements, stacked; waits until there are so many. The queue must have shapes.

        Raises:
          OutOfRangeError: the queue is closed and has fewer.
          InvalidArgumentError: the queue has no shapes.
        """
        out = ops.DEQUEUE_MANY(
            self._queue_ref, n, component_types=self._dtypes, name=name or f"{self._name}_DequeueMany"
        )
        return self._element(out, [_size(n)])

    def dequeue_up_to(self, n: Any, name: str | None = None) -> Any:
        """As `dequeue_many`, but what is left, if it is less (and not nothing), once the queue is closed."""
        out = ops.DEQUEUE_UP_TO(
            self._queue_ref, n, component_types=self._dtypes, name=name or f"{self._name}_DequeueUpTo"
        )
        return self._element(out, [None])

    def _element(self, out: list[Any], lead: list[Any]) -> Any:
        if state.graph is not None:
            for t, shape in zip(out, self._shapes):
                t.set_shape(TensorShape(lead).concatenate(shape))
        if self._names:
            return dict(zip(self._names, out))
        return out[0] if len(out) == 1 else out

    # ----------------------------------------------------------------------------------------------------------- the rest
    def close(self, cancel_pending_enqueues: bool = False, name: str | None = None) -> Any:
        """Says that no elements come any more. What is in the queue can still be taken out.

        Args:
          cancel_pending_enqueues: whether those who wait to put something in get a CancelledError, rather than their turn.
        """
        return ops.CLOSE(
            self._queue_ref,
            cancel_pending_enqueues=bool(cancel_pending_enqueues),
            name=name or f"{self._name}_Close",
        )

    def is_closed(self, name: str | None = None) -> Tensor:
        """Whether the queue was closed."""
        return ops.IS_CLOSED(self._queue_ref, name=name or f"{self._name}_is_closed")

    def size(self, name: str | None = None) -> Tensor:
        """How many elements are in the queue."""
        return ops.SIZE(self._queue_ref, name=name or f"{self._name}_Size")


class FIFOQueue(QueueBase):
    """A queue: the first in is the first out.

    Args:
      capacity: how many elements it holds.
      dtypes: the dtype of an element, or a list of those of its components.
      shapes: fully known shapes of the components; needed for `dequeue_many`. Without, elements may differ in shape.
      names: names of the components: elements are dicts then.
      shared_name: queues of this name are one (in a session; in eager mode, in the process).

    >>> import headrace as tf
    >>> q = tf.queue.FIFOQueue(3, [tf.int32, tf.string], shapes=[[], []])
    >>> q.enqueue((1, "a"))
    >>> q.enqueue_many(([2, 3], ["b", "c"]))
    >>> numbers, letters = q.dequeue_many(2)
    >>> numbers.numpy().tolist(), letters.numpy().tolist()
    ([1, 2], [b'a', b'b'])
    """

    def __init__(
        self, capacity: int, dtypes: Any, shapes: Any = None, names: Any = None, shared_name: str | None = None,
        name: str = "fifo_queue",
    ) -> None:  # fmt: skip
        types_, shapes_, names_ = _as_types(dtypes), _as_shapes(shapes), _as_names(names)
        super().__init__(
            types_, shapes_, names_, _make(ops.FIFO, types_, shapes_, capacity, shared_name, name)
        )


class PaddingFIFOQueue(QueueBase):
    """A `FIFOQueue` of elements whose shapes may differ: `dequeue_many` pads them with zeros at the ends.

    Args: as `FIFOQueue`; dimensions in `shapes`, which must be given, may be None.

    >>> import headrace as tf
    >>> q = tf.queue.PaddingFIFOQueue(3, tf.int32, shapes=[[None]])
    >>> for row in [[1], [2, 3]]:
    ...     q.enqueue([row])
    >>> q.dequeue_many(2).numpy().tolist()
    [[1, 0], [2, 3]]
    """

    def __init__(
        self, capacity: int, dtypes: Any, shapes: Any, names: Any = None, shared_name: str | None = None,
        name: str = "padding_fifo_queue",
    ) -> None:  # fmt: skip
        types_, names_ = _as_types(dtypes), _as_names(names)
        shapes_ = _as_shapes(shapes, partly_known=True)
        if shapes_ is None or len(shapes_) != len(types_):
            raise ValueError(
                f"Shapes must be provided for all components, received {0 if shapes_ is None else len(shapes_)} shapes "
                f"and {len(types_)} dtypes."
            )
        handle = _make(ops.PADDING, types_, shapes_, capacity, shared_name, name)
        super().__init__(types_, shapes_, names_, handle)


class RandomShuffleQueue(QueueBase):
    """A queue whose elements come out in random order.

    Args:
      capacity, dtypes, shapes, names, shared_name: as of `FIFOQueue`.
      min_after_dequeue: so many elements stay in the queue for the others to mix with, until it is closed.
      seed: makes the order the same every time (together with the graph's or global seed).

    >>> import headrace as tf
    >>> q = tf.queue.RandomShuffleQueue(10, 0, tf.int32, shapes=[[]], seed=1)
    >>> q.enqueue_many([[1, 2, 3]])
    >>> sorted(q.dequeue_many(3).numpy().tolist())
    [1, 2, 3]
    """

    def __init__(
        self, capacity: int, min_after_dequeue: int, dtypes: Any, shapes: Any = None, names: Any = None,
        seed: Any = None, shared_name: str | None = None, name: str = "random_shuffle_queue",
    ) -> None:  # fmt: skip
        types_, shapes_, names_ = _as_types(dtypes), _as_shapes(shapes), _as_names(names)
        if seed is not None and not isinstance(seed, int):
            seed = hash(str(seed)) if isinstance(seed, (str, bytes)) else int(seed)
        handle = _make(
            ops.SHUFFLE, types_, shapes_, capacity, shared_name, name,
            min_after_dequeue=min_after_dequeue, **seeds.op_seeds(seed),
        )  # fmt: skip
        super().__init__(types_, shapes_, names_, handle)


class PriorityQueue(QueueBase):
    """A queue whose elements come out by priority, the smallest number first.

    Elements begin with one more component than `types` has: the priority, an int64 scalar.

    Args:
      types: dtypes of the components after the priority.
      capacity, shapes, names, shared_name: as of `FIFOQueue`.

    >>> import headrace as tf
    >>> q = tf.queue.PriorityQueue(3, tf.string, shapes=[[]])
    >>> q.enqueue((2, "later"))
    >>> q.enqueue((1, "first"))
    >>> q.dequeue()[1].numpy()
    b'first'
    """

    def __init__(
        self, capacity: int, types: Any, shapes: Any = None, names: Any = None, shared_name: str | None = None,
        name: str = "priority_queue",
    ) -> None:  # fmt: skip
        own, shapes_ = _as_types(types), _as_shapes(shapes)
        handle = _make(ops.PRIORITY, own, shapes_, capacity, shared_name, name)
        every = [as_dtype("int64"), *own]
        super().__init__(every, [TensorShape([]), *shapes_] if shapes_ else None, names, handle)


def _make(
    op: OpDef, types_: Any, shapes: Any, capacity: Any, shared_name: str | None, name: str, **attrs: Any
) -> Tensor:
    with init_scope():
        attrs.update(
            component_types=types_,
            shapes=[as_raw(s) for s in shapes or ()],
            capacity=-1 if capacity is None else int(capacity),
        )
        if state.graph is not None:
            return op(shared_name=shared_name or "", name=name, **attrs)
        if shared_name is None:
            return op(shared_name=name, **attrs)
        found = _shared.get(shared_name)
        if found is None:
            handle = op(shared_name=shared_name, **attrs)
            _shared[shared_name] = handle._host().item()
            return handle
        found.check_same(attrs)
        return wrap_object(found, types.resource)


def _as_types(dtypes: Any) -> list[types.DType]:
    many = isinstance(dtypes, (list, tuple))
    return [as_dtype(t) for t in (dtypes if many else [dtypes])]


def _as_shapes(shapes: Any, partly_known: bool = False) -> list[TensorShape] | None:
    if shapes is None:
        return None
    if isinstance(shapes, TensorShape):
        shapes = [shapes]
    if not isinstance(shapes, (list, tuple)):
        raise TypeError(f"shapes must be a TensorShape or a list or tuple of them, received {shapes!r}.")
    if all(s is None or isinstance(s, int) for s in shapes):
        shapes = [shapes]  # the one shape of the only component
    out = [TensorShape(s) for s in shapes]
    if not partly_known and not all(s.is_fully_defined() for s in out):
        raise ValueError(f"All shapes must be fully defined: {out}")
    if any(s.rank is None for s in out):
        raise ValueError(f"All shapes must have a defined rank: {out}")
    return out


def _as_names(names: Any) -> Any:
    return [names] if isinstance(names, str) else names


def _size(n: Any) -> Any:
    from headrace.core.static import static_value

    value = static_value(to_tensor(n))
    return None if value is None else int(value)


def _scope(name: str | None, usual: str) -> Any:
    return nullcontext(name) if state.graph is None else state.graph.name_scope(name or usual)


def _common(shapes: Sequence[TensorShape]) -> TensorShape:
    """What is the same in all of them."""
    first = shapes[0]
    for s in shapes[1:]:
        if first.rank is None or first.rank != s.rank:
            return TensorShape(None)
        first = TensorShape([a if a == b else None for a, b in zip(first.as_list(), s.as_list())])
    return first


__all__ = ["FIFOQueue", "PaddingFIFOQueue", "PriorityQueue", "QueueBase", "RandomShuffleQueue"]
