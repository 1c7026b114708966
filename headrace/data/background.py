"""Making elements in threads, ahead of when they are needed.

A thread costs: handing an element over takes tens of microseconds, and two threads of Python take turns anyway. So threads start
when making an element has turned out to take longer than that (reading files, waiting, compiled programs); until then elements
are made when they are asked for. All threads are daemons: they keep no process alive, and at its exit those that are in the
middle of an element are waited for, but not for long.

An error that is kept knows the frames it passed, and they what it was raised from: no frame here keeps an error, since the arrays
of a dataset would then stay until the garbage collector finds the cycle.

Elements that cost next to nothing are made several at a time: after a step of training nothing of the code that makes them is
left in the processor's caches, and the first element alone pays for that."""

from __future__ import annotations

import atexit
import collections
import os
import queue
import threading
import time
import weakref
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from typing import Any

from headrace.core.errors import invalid
from headrace.core.state import state

from .plan import Plan, Unary
from .values import Element

WORTH_A_THREAD = 500e-6  # seconds for an element
PATIENCE = 2.0  # seconds to wait at exit
CHEAP = 200e-6  # seconds for an element, below which several are made at a time
DEFAULT_BUFFER = 4  # elements, where the size is left open


class Prefetch(Unary):
    """The same elements, made before they are asked for."""

    def __init__(
        self, source: Plan, buffer_size: int, slack_period: int = 0, legacy_autotune: bool = True,
        buffer_size_min: int = 0,
    ) -> None:  # fmt: skip
        super().__init__(source)

        if buffer_size < -1:
            raise invalid(f"buffer_size must be >= 0 or set to -1 for auto-tuning, received {buffer_size}.")
        self.buffer = DEFAULT_BUFFER if buffer_size == -1 else buffer_size

    def size(self) -> int:
        return self.source.size()

    def start(self) -> Iterator[Element]:
        source = self.source.start()
        return Ahead(source, self.buffer) if self.buffer else source


class Buffer:
    """What a thread and its consumer share. It does not know the consumer, so that this one can be collected."""

    def __init__(self, source: Iterator[Any], size: int) -> None:
        self.source, self.size = source, size
        self.items: collections.deque[tuple[Any, BaseException | None]] = collections.deque()
        self.changed = threading.Condition(threading.Lock())
        self.closed = self.busy = False
        self.streams = state.streams

    def fill(self) -> None:
        """What the thread does."""
        state.streams = self.streams  # of the iteration that it works for
        while True:
            with self.changed:
                while len(self.items) >= self.size and not self.closed:
                    self.changed.wait()
                if self.closed:
                    break
                self.busy = True
            try:
                item: tuple[Any, BaseException | None] = (next(self.source), None)
            except StopIteration:
                item = (None, StopIteration())
            except BaseException as error:  # noqa: BLE001 - goes to the consumer, who raises it
                item = (None, error)
            with self.changed:
                self.busy = False
                self.items.append(item)
                self.changed.notify_all()
            if isinstance(item[1], StopIteration):
                break
            del item
        self.source = iter(())

    def get(self) -> Any:
        with self.changed:
            while not self.items:
                if self.closed:
                    raise StopIteration
                self.changed.wait()
            item, error = self.items[0]
            if isinstance(error, StopIteration):  # it stays: asking again gives it again
                raise StopIteration
            self.items.popleft()
            self.changed.notify_all()
        if error is None:
            return item
        try:
            raise error
        finally:
            del error  # which knows this frame: what it holds would wait for the garbage collector

    def close(self) -> None:
        with self.changed:
            self.closed = True
            self.changed.notify_all()


class Worth:
    """Whether elements take so long that a thread should make them. The first does not count (it may open files, or compile), nor
    does a single one that was held up."""

    def __init__(self) -> None:
        self.score: int | None = None

    def while_for(self, seconds: float) -> bool:
        if self.score is None:
            self.score = 0
        elif seconds > WORTH_A_THREAD:
            self.score += 1
        elif self.score:
            self.score -= 1
        return self.score > 1


class Ahead:
    """An iterator whose elements are made up to `size` ahead: by a thread, once that is worth while, or a handful at a time."""

    def __init__(self, source: Iterator[Any], size: int) -> None:
        self.source, self.size = source, size
        self.buffer: Buffer | None = None
        self.handful: collections.deque[Any] = collections.deque()
        self.error: Exception | None = None  # comes after the handful
        self.worth = Worth()

    def __iter__(self) -> Ahead:
        return self

    def __next__(self) -> Any:
        if self.handful:
            return self.handful.popleft()
        if self.buffer is not None:
            return self.buffer.get()
        if self.error is not None:
            try:
                raise self.error
            finally:
                self.error = None
        start = time.perf_counter()
        element = next(self.source)
        seconds = time.perf_counter() - start
        if self.worth.while_for(seconds):
            self._begin()
        elif seconds < CHEAP:
            self._take_more()
        return element

    def _take_more(self) -> None:
        try:
            for _ in range(self.size - 1):
                self.handful.append(next(self.source))
        except StopIteration:
            self.source = iter(())
        except Exception as error:  # noqa: BLE001 - raised when it is its turn
            self.error = error

    def _begin(self) -> None:
        buffer = self.buffer = Buffer(self.source, self.size)
        _buffers.add(buffer)
        weakref.finalize(self, buffer.close).atexit = False
        threading.Thread(target=buffer.fill, name="headrace-prefetch", daemon=True).start()


# ------------------------------------------------------------------------------------------------------- several at a time
class Parallel:
    """f(element) by several threads, in order or as they come."""

    def __init__(
        self, source: Iterator[Any], f: Callable[[Any], Any], workers: int, ordered: bool = True
    ) -> None:
        self.source, self.f, self.workers, self.ordered = source, f, workers, ordered
        self.pending: collections.deque[Future[Any]] = collections.deque()
        self.worth = Worth()
        self.parallel = self.more = False

    def __iter__(self) -> Parallel:
        return self

    def __next__(self) -> Any:
        if not self.parallel:
            element = next(self.source)
            start = time.perf_counter()
            result = self.f(element)
            self.parallel = self.more = self.worth.while_for(time.perf_counter() - start)
            return result
        error: Exception | None = None
        while self.more and len(self.pending) < self.workers:
            try:
                self.pending.append(POOL.submit(self.f, next(self.source), self.workers))
            except StopIteration:
                self.more = False
            except Exception as raised:  # noqa: BLE001 - goes to the consumer, in its turn
                error = raised
                break
        if error is not None:
            failed: Future[Any] = Future()
            failed.set_exception(error)
            self.pending.append(failed)
        if not self.pending:
            raise StopIteration
        if self.ordered:
            return self.pending.popleft().result()
        done = next((f for f in self.pending if f.done()), self.pending[0])
        self.pending.remove(done)
        return done.result()


class Pool:
    """Threads for all parallel maps of the process, started as they are needed."""

    def __init__(self) -> None:
        self.tasks: queue.SimpleQueue[Any] = queue.SimpleQueue()
        self.threads = self.busy = 0
        self.lock = threading.Lock()
        self.closed = False

    def submit(self, f: Callable[[Any], Any], element: Any, workers: int) -> Future[Any]:
        with self.lock:
            if self.threads < workers:
                self.threads += 1
                threading.Thread(target=self._work, name="headrace-map", daemon=True).start()
        task: Future[Any] = Future()
        self.tasks.put((task, f, element, state.streams))
        return task

    def _work(self) -> None:
        while not self.closed:
            task, f, element, state.streams = self.tasks.get()
            with self.lock:
                self.busy += 1
            try:
                task.set_result(f(element))
            except BaseException as error:  # noqa: BLE001 - goes to the consumer, who raises it
                task.set_exception(error)
            with self.lock:
                self.busy -= 1
            del task, f, element
            state.streams = None


POOL = Pool()
_buffers: weakref.WeakSet[Buffer] = weakref.WeakSet()


def _after_fork() -> None:
    """A forked process has none of the threads."""
    global POOL
    POOL = Pool()
    error = RuntimeError(
        "This iterator was in use when the process was forked; its elements are made by a thread of the parent process. Iterate "
        "over the dataset anew."
    )
    for buffer in list(_buffers):
        buffer.changed = threading.Condition(threading.Lock())
        buffer.items.clear()
        buffer.items.append((None, error))
        buffer.size, buffer.closed = 0, True


os.register_at_fork(after_in_child=_after_fork)


@atexit.register
def _stop() -> None:
    """Before the interpreter is taken apart, threads finish what they are at; those that wait for something are left behind."""
    POOL.closed = True
    buffers = list(_buffers)
    for buffer in buffers:
        buffer.closed = True
    end = time.monotonic() + PATIENCE
    while (POOL.busy or any(b.busy for b in buffers)) and time.monotonic() < end:
        time.sleep(0.005)


__all__ = ["Ahead", "Parallel", "Prefetch"]
