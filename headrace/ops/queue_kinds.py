"""Queues themselves: what the handles of `queues.py`'s ops refer to.

Elements are tuples of arrays. They are kept in chunks (arrays with one more dimension in front), as they came, so that
many of them go in and out at the price of a few."""

from __future__ import annotations

import heapq
import itertools
from collections import deque
from collections.abc import Sequence
from typing import Any

import numpy as np

from headrace.core import errors
from headrace.core.dtypes import DType
from headrace.core.errors import invalid
from headrace.core.shapes import Raw, compatible, known

from .waiting import DONE, NOTHING, PROGRESS, Attempt, Shared

Chunk = list[np.ndarray]
ENQUEUE, DEQUEUE = range(2)  # the lines
UNBOUNDED = 2**31 - 1


class Queue(Shared):
    """A queue: first in, first out. Its subclasses keep their elements in other ways.

    Args:
      name: for error messages.
      types: the dtypes of an element's components.
      shapes: their shapes; empty if these are not known, and then elements come out one by one only.
      capacity: how many elements it holds before `enqueue` waits; unlimited if negative."""

    kind = "FIFOQueue"

    def __init__(self, name: str, types: Sequence[DType], shapes: Sequence[Raw], capacity: int) -> None:
        super().__init__(name, 2)
        if shapes and len(shapes) != len(types):
            raise invalid(f"{self.kind} {name!r} has {len(types)} component types, but {len(shapes)} shapes.")
        self.types, self.shapes = list(types), list(shapes)
        self.capacity = UNBOUNDED if capacity < 0 else capacity
        self.closed = False
        self.size = 0
        self.chunks: deque[Chunk] = deque()
        self.start = 0  # of what is left of the first chunk

    def check_same(self, attrs: Any) -> None:
        """Another operation names this queue as its own: it must describe the same one."""
        capacity = UNBOUNDED if attrs["capacity"] < 0 else attrs["capacity"]
        for what, mine, theirs in (
            ("capacity", self.capacity, capacity),
            ("component types", self.types, list(attrs["component_types"])),
            ("component shapes", self.shapes, list(attrs["shapes"])),
        ):
            if mine != theirs and not (what == "component types" and self.kind == "PriorityQueue"):
                raise invalid(f"Shared queue '{self.name}' has {what} {mine} but requested {what} {theirs}.")

    # ------------------------------------------------------------------------------------------------------- storage
    def put(self, chunk: Chunk, n: int) -> None:
        """Takes n elements in."""
        self.chunks.append(chunk)
        self.size += n

    def take(self, n: int) -> list[Chunk]:
        """The next n elements, in pieces."""
        out = []
        self.size -= n
        while n:
            chunk, start = self.chunks[0], self.start
            stop = min(start + n, len(chunk[0]))
            out.append(chunk if stop - start == len(chunk[0]) else [a[start:stop] for a in chunk])
            n -= stop - start
            if stop == len(chunk[0]):
                self.chunks.popleft()
                stop = 0
            self.start = stop
        return out

    def give_back(self, chunks: list[Chunk]) -> None:
        """What was taken last comes back to where it was."""
        if self.start:
            self.chunks[0] = [a[self.start :] for a in self.chunks[0]]
            self.start = 0
        for chunk in reversed(chunks):
            self.chunks.appendleft(chunk)
            self.size += len(chunk[0])

    def available(self) -> int:
        """How many elements may be taken now."""
        return self.size

    def joined(self, chunks: list[Chunk]) -> list[np.ndarray]:
        """The pieces as one."""
        if len(chunks) == 1:
            return chunks[0]
        return [np.concatenate(parts) for parts in zip(*chunks)]

    # --------------------------------------------------------------------------------------------------- what ops do
    def enqueue(self, components: list[Any], many: bool) -> None:
        """Puts an element in, or, if `many`, those along the components' first dimension."""
        chunk = [np.array(t._host()) if t._buf is None else t._host() for t in components]
        self._check(chunk, many)
        if not many:
            chunk = [a[None] for a in chunk]
        self.enter(ENQUEUE, _Enqueue(self, chunk))

    def _check(self, chunk: Chunk, many: bool) -> None:
        if len(chunk) != len(self.types):
            raise invalid(
                f"Wrong number of components in tuple. Expected {len(self.types)}, got {len(chunk)}"
            )
        for i, (a, dtype) in enumerate(zip(chunk, self.types)):
            if a.dtype != dtype._np:
                raise invalid(f"Type mismatch in tuple component {i}. Expected {dtype.name}, got {a.dtype}")
            if many and (not a.ndim or len(a) != len(chunk[0])):
                raise invalid(
                    f"All input tensors must have the same size in the 0th dimension. Component {i} has shape "
                    f"{list(a.shape)}, component 0 {list(chunk[0].shape)}"
                )
            shape = a.shape[1:] if many else a.shape
            if self.shapes and shape != self.shapes[i] and not compatible(self.shapes[i], shape):
                want = [-1 if d is None else d for d in self.shapes[i] or ()]
                raise invalid(
                    f"Shape mismatch in tuple component {i}. Expected {[-1, *want] if many else want}, got {list(a.shape)}"
                )

    def dequeue(self) -> list[np.ndarray]:
        """The next element."""
        chunks: list[Chunk] = self.enter(DEQUEUE, _Dequeue(self, 1, False))
        return [a[0, ...] for a in chunks[0]]

    def dequeue_many(self, n: int, allow_small: bool) -> list[np.ndarray]:
        """The next n elements as one; what is left, if it is less and `allow_small`, when the queue is closed."""
        if not self.shapes:
            raise invalid(
                f"{self.kind}'s DequeueMany and DequeueUpTo require the components to have specified shapes. Give `shapes` "
                "to the queue."
            )
        if n < 0:
            raise invalid(f"DequeueMany requested {n} < 0 elements")
        if not n:
            return [np.empty((0, *[d or 0 for d in s or ()]), t._np) for s, t in zip(self.shapes, self.types)]
        return self.joined(self.enter(DEQUEUE, _Dequeue(self, n, allow_small)))

    def close(self, cancel_pending_enqueues: bool) -> None:
        """No elements come any more: after those that wait to get in, or, if cancelled, at once."""
        if not cancel_pending_enqueues:
            self.enter(ENQUEUE, _Close(self))
            return
        with self.lock:
            self.closed = True
            self.dismiss(self.lines[ENQUEUE])
            self.serve()

    def is_closed_error(self, why: str = "") -> str:
        return f"{self.kind} '{self.name}' is closed{why}"


def _rows(n: int, shape: Raw) -> tuple[int, ...]:
    """The shape of n elements of a shape; dimensions that are not known are 0."""
    return (n, *[d or 0 for d in shape or ()])


class _Enqueue(Attempt):
    verb = "Enqueue"

    def __init__(self, queue: Queue, chunk: Chunk) -> None:
        super().__init__()
        self.queue, self.chunk, self.left = queue, chunk, len(chunk[0])

    def advance(self) -> int:
        queue, left = self.queue, self.left
        if queue.closed:
            return self.fail(errors.CancelledError(None, None, f"{queue.is_closed_error()}."))
        n = min(left, queue.capacity - queue.size)
        if n == left:
            if n:
                queue.put(self.chunk, n)
            return DONE
        if n <= 0:
            return NOTHING
        queue.put([a[:n] for a in self.chunk], n)
        self.chunk = [a[n:] for a in self.chunk]
        self.left = left - n
        return PROGRESS


class _Dequeue(Attempt):
    verb = "Dequeue"

    def __init__(self, queue: Queue, n: int, allow_small: bool) -> None:
        super().__init__()
        self.queue, self.wanted, self.left, self.allow_small = queue, n, n, allow_small
        self.result: list[Chunk] = []

    def advance(self) -> int:
        queue, left = self.queue, self.left
        if queue.closed and queue.size < left:
            held = self.wanted - left
            if not self.allow_small or not queue.size + held:
                self.withdraw()
                why = f" and has insufficient elements (requested {self.wanted}, current size {queue.size})"
                return self.fail(errors.OutOfRangeError(None, None, queue.is_closed_error(why)))
            left = queue.size
        n = min(left, queue.available())
        if n > 0:
            self.result += queue.take(n)
            left -= n
        self.left = left
        return DONE if not left else PROGRESS if n > 0 else NOTHING

    def withdraw(self) -> None:
        self.queue.give_back(self.result)
        self.result, self.left = [], self.wanted


class _Close(Attempt):
    verb = "Close"

    def __init__(self, queue: Queue) -> None:
        super().__init__()
        self.queue = queue

    def advance(self) -> int:
        if self.queue.closed:
            return self.fail(
                errors.CancelledError(None, None, f"Queue '{self.queue.name}' is already closed.")
            )
        self.queue.closed = True
        return DONE


class PaddingQueue(Queue):
    """First in, first out; elements that come out together are padded with zeros (empty strings) to one shape."""

    kind = "PaddingFIFOQueue"

    def joined(self, chunks: list[Chunk]) -> list[np.ndarray]:
        return [_padded(parts) for parts in zip(*chunks)]


def _padded(parts: Sequence[np.ndarray]) -> np.ndarray:
    shapes = {a.shape[1:] for a in parts}
    if len(shapes) == 1:
        return parts[0] if len(parts) == 1 else np.concatenate(parts)
    shape = [max(dims) for dims in zip(*shapes)]
    total = sum([len(a) for a in parts])
    strings = parts[0].dtype.kind == "O"
    out: np.ndarray = np.full((total, *shape), b"" if strings else 0, parts[0].dtype)
    at = 0
    for a in parts:
        out[(slice(at, at + len(a)), *map(slice, a.shape[1:]))] = a
        at += len(a)
    return out


class ShuffleQueue(Queue):
    """Elements come out in random order, and, before the queue is closed, only while so many more are in it."""

    kind = "RandomShuffleQueue"

    def __init__(
        self,
        name: str,
        types: Sequence[DType],
        shapes: Sequence[Raw],
        capacity: int,
        min_after_dequeue: int,
        seed: int,
        seed2: int,
    ) -> None:
        super().__init__(name, types, shapes, capacity)
        if min_after_dequeue < 0:
            raise invalid("min_after_dequeue must be >= 0")
        if min_after_dequeue >= self.capacity:
            raise invalid("min_after_dequeue must be < capacity")
        self.min_after = min_after_dequeue
        self.random = np.random.default_rng([seed, seed2] if seed or seed2 else None)
        # One array per component of known shape; else one of whole elements.
        self.alike = bool(self.shapes) and all(known(s) for s in self.shapes)
        self.pool: Chunk = (
            [np.empty(_rows(0, s), t._np) for s, t in zip(self.shapes, self.types)]
            if self.alike
            else [np.empty(0, object)]
        )

    def check_same(self, attrs: Any) -> None:
        super().check_same(attrs)
        if self.min_after != attrs["min_after_dequeue"]:
            raise invalid(
                f"Shared queue '{self.name}' has min_after_dequeue {self.min_after} but requested min_after_dequeue "
                f"{attrs['min_after_dequeue']}."
            )

    def available(self) -> int:
        return self.size if self.closed else self.size - self.min_after

    def put(self, chunk: Chunk, n: int) -> None:
        end = self.size + n
        if not self.alike:
            rows = np.empty(n, object)
            for i in range(n):
                rows[i] = tuple([a[i : i + 1] for a in chunk])
            chunk = [rows]
        for k, (pool, a) in enumerate(zip(self.pool, chunk)):
            if len(pool) < end:
                grown = np.empty(
                    (min(max(2 * len(pool), end, 16), self.capacity), *pool.shape[1:]), pool.dtype
                )
                grown[: self.size] = pool[: self.size]
                pool = self.pool[k] = grown
            pool[self.size : end] = a
        self.size = end

    def take(self, n: int) -> list[Chunk]:
        left = self.size - n
        self.size = left
        if n == 1:
            i = int(self.random.integers(left + 1))
            out = [pool[i : i + 1].copy() for pool in self.pool]
            for pool in self.pool:
                pool[i] = pool[left]
        else:
            chosen = self.random.permutation(left + n)[:n]
            out = [pool[chosen] for pool in self.pool]
            holes = chosen[chosen < left]
            if holes.size:
                stays = np.ones(n, bool)
                stays[chosen[chosen >= left] - left] = False
                movers = np.flatnonzero(stays) + left
                for pool in self.pool:
                    pool[holes] = pool[movers]
        for pool in self.pool:
            if pool.dtype.kind == "O":
                pool[left : left + n] = None  # let go of what is gone
        return [out] if self.alike else [list(row) for row in out[0]]

    def give_back(self, chunks: list[Chunk]) -> None:
        for chunk in chunks:
            self.put(chunk, len(chunk[0]))


class PriorityQueue(Queue):
    """Elements with the smallest first component (a number) come first."""

    kind = "PriorityQueue"

    def __init__(self, name: str, types: Sequence[DType], shapes: Sequence[Raw], capacity: int) -> None:
        super().__init__(name, types, shapes, capacity)
        self.heap: list[tuple[int, int, Chunk]] = []
        self.numbers = itertools.count()  # of equal priorities, the first comes first

    def put(self, chunk: Chunk, n: int) -> None:
        for i in range(n):
            heapq.heappush(self.heap, (int(chunk[0][i]), next(self.numbers), [a[i : i + 1] for a in chunk]))
        self.size += n

    def take(self, n: int) -> list[Chunk]:
        self.size -= n
        return [heapq.heappop(self.heap)[2] for _ in range(n)]

    def give_back(self, chunks: list[Chunk]) -> None:
        for chunk in chunks:
            self.put(chunk, len(chunk[0]))


__all__ = ["PaddingQueue", "PriorityQueue", "Queue", "ShuffleQueue"]
