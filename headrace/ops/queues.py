"""Ops of queues. The queues themselves are in `queue_kinds.py`.

TensorFlow has each op twice: with handles that are references to strings, and (V2) with handles that are resources. Here
both are resources."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from headrace.core import dtypes
from headrace.core.errors import ShapeError, invalid
from headrace.core.op import REQUIRED, OpDef, ShapeContext
from headrace.core.shapes import Raw
from headrace.core.tensor import EagerTensor, boxed, wrap

from . import queue_kinds as kinds
from .table import host_op

_MAKER: dict[str, Any] = {
    "component_types": REQUIRED,
    "shapes": (),
    "capacity": -1,
    "container": "",
    "shared_name": "",
}


def queue_of(handle: EagerTensor) -> kinds.Queue:
    """The queue that a handle refers to."""
    found = handle._host().item()
    if not isinstance(found, kinds.Queue):
        raise invalid(f"The handle is that of {found!r}, not of a queue.")
    return found


_VERSIONS = ("", "V2")


def _maker(name: str, make: Callable[..., Any], attrs: Mapping[str, Any]) -> OpDef:
    def kernel(shared_name: Any, container: Any, **rest: Any) -> Any:
        return boxed(make(shared_name, **rest))

    return host_op(name, "-> handle: resource", attrs=attrs, kernel=kernel, versions=_VERSIONS)


FIFO = _maker(
    "FIFOQueue",
    lambda name, component_types, shapes, capacity: kinds.Queue(name, component_types, shapes, capacity),
    _MAKER,
)
PADDING = _maker(
    "PaddingFIFOQueue",
    lambda name, component_types, shapes, capacity: kinds.PaddingQueue(
        name, component_types, shapes, capacity
    ),
    _MAKER,
)
SHUFFLE = _maker(
    "RandomShuffleQueue",
    lambda name, component_types, shapes, capacity, min_after_dequeue, seed, seed2: kinds.ShuffleQueue(
        name, component_types, shapes, capacity, min_after_dequeue, seed, seed2
    ),
    {**_MAKER, "min_after_dequeue": 0, "seed": 0, "seed2": 0},
)
PRIORITY = _maker(
    "PriorityQueue",
    lambda name, component_types, shapes, capacity: kinds.PriorityQueue(
        name,
        [dtypes.int64, *component_types],
        [(), *shapes] if shapes or not component_types else (),
        capacity,
    ),
    {**_MAKER, "component_types": (), "shapes": REQUIRED},
)


def maker_shapes(handle: Any) -> list[Raw] | None:
    """The shapes of the components of a queue's elements, if the operation that makes the queue is in sight."""
    node = getattr(handle, "op", None) if not handle._is_eager else None
    if node is None:
        return list(queue_of(handle).shapes) or None if handle._is_eager else None
    shapes = node.attrs.get("shapes") if node.type.removesuffix("V2").endswith("Queue") else None
    return (
        [(), *shapes]
        if shapes and node.type.startswith("PriorityQueue")
        else list(shapes)
        if shapes
        else None
    )


def _dequeued(c: ShapeContext) -> list[Raw]:
    return maker_shapes(c.inputs[0]) or [None] * len(c.attrs["component_types"])


def _dequeued_many(up_to: bool) -> Callable[[ShapeContext], list[Raw]]:
    def rule(c: ShapeContext) -> list[Raw]:
        n = c.value(1)
        if n is not None and n < 0:
            raise ShapeError(f"n must be at least 0, but is {int(n)}")
        shapes = maker_shapes(c.inputs[0]) or [None] * len(c.attrs["component_types"])
        first = None if n is None or up_to else int(n)
        return [None if s is None else (first, *s) for s in shapes]

    return rule


def _without_timeout(timeout_ms: int) -> None:
    if timeout_ms != -1:
        raise invalid("timeout_ms is not supported by queues' ops: give the run a timeout (RunOptions).")


def _check_types(queue: kinds.Queue, component_types: Any) -> None:
    if list(component_types) != queue.types:
        raise invalid(
            f"The queue's components have types {[t.name for t in queue.types]}, not {[t.name for t in component_types]}."
        )


def _tensors(queue: kinds.Queue, arrays: Any) -> list[EagerTensor]:
    return [wrap(a, t) for a, t in zip(arrays, queue.types)]


def _enqueue(many: bool) -> Callable[..., None]:
    def run(handle: EagerTensor, components: list[EagerTensor], timeout_ms: int) -> None:
        _without_timeout(timeout_ms)
        queue_of(handle).enqueue(components, many)

    return run


def _dequeue(handle: EagerTensor, component_types: Any, timeout_ms: int) -> list[EagerTensor]:
    _without_timeout(timeout_ms)
    queue = queue_of(handle)
    _check_types(queue, component_types)
    return _tensors(queue, queue.dequeue())


def _dequeue_many(allow_small: bool) -> Callable[..., list[EagerTensor]]:
    def run(handle: EagerTensor, n: EagerTensor, component_types: Any, timeout_ms: int) -> list[EagerTensor]:
        _without_timeout(timeout_ms)
        queue = queue_of(handle)
        _check_types(queue, component_types)
        return _tensors(queue, queue.dequeue_many(int(n._host()), allow_small))

    return run


_OUT = {"component_types": REQUIRED, "timeout_ms": -1}
_IN = "handle: resource, components: [Tcomponents] ->"
_ENDING = "components: [component_types]"


def _row(
    name: str, signature: str, run: Callable[..., Any], shape: Any, attrs: Any = None, *, waits: bool = True
) -> OpDef:
    return host_op(name, signature, run, shape, attrs, versions=_VERSIONS, waits=waits)


ENQUEUE = _row("QueueEnqueue", _IN, _enqueue(False), [], {"timeout_ms": -1})
ENQUEUE_MANY = _row("QueueEnqueueMany", _IN, _enqueue(True), [], {"timeout_ms": -1})
DEQUEUE = _row("QueueDequeue", f"handle: resource -> {_ENDING}", _dequeue, _dequeued, _OUT)
DEQUEUE_MANY = _row(
    "QueueDequeueMany",
    f"handle: resource, n: int32 -> {_ENDING}",
    _dequeue_many(False),
    _dequeued_many(False),
    _OUT,
)
DEQUEUE_UP_TO = _row(
    "QueueDequeueUpTo",
    f"handle: resource, n: int32 -> {_ENDING}",
    _dequeue_many(True),
    _dequeued_many(True),
    _OUT,
)
CLOSE = _row(
    "QueueClose",
    "handle: resource ->",
    lambda handle, cancel_pending_enqueues: queue_of(handle).close(cancel_pending_enqueues),
    [],
    {"cancel_pending_enqueues": False},
)
IS_CLOSED = _row(
    "QueueIsClosed",
    "handle: resource -> is_closed: bool",
    lambda handle: _wrapped(queue_of(handle).closed, dtypes.bool_),
    (),
    waits=False,
)
SIZE = _row(
    "QueueSize",
    "handle: resource -> size: int32",
    lambda handle: _wrapped(queue_of(handle).size, dtypes.int32),
    (),
    waits=False,
)


def _wrapped(value: Any, dtype: Any) -> EagerTensor:
    return wrap(dtype._np.type(value), dtype)


__all__ = ["maker_shapes", "queue_of"]
