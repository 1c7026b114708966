"""Programs that run while Python goes on: `tf.experimental.async_scope`, and the steps of `fit`, `evaluate` and `predict`.

On the CPU a program normally runs in the thread that calls it: handing it to another one takes tens of microseconds. In a scope
the programs that have turned out to take much longer than that are run by threads, in the order of their calls, so that what
Python does between two of them costs no time. Their results are `Pending`; whoever needs a value waits for it. Errors are raised
by a later call, or at the end of the scope, and the programs that were to run after the one that failed change nothing.

Two invariants keep this right. A program that writes variables is never run elsewhere while some wait here (`Workers.settle`), and
who looks at a variable holds DONATION, without which no program that gives its memory away can be called."""

from __future__ import annotations

import atexit
import collections
import os
import queue
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from headrace.core.state import state
from headrace.ops.state import DONATION, VariableState
from headrace.runtime.buffers import Pending, settled

WORTH = 400e-6  # seconds that a program must take
DEPTH = 8  # programs that wait, or run
THREADS = 2
# Bytes of temporary memory of a program that is not worth it: it takes long anyway, and a thread would fault that memory in anew in
# every run, since the heaps of threads have 64 MB (runtime/malloc.py; a step of an LSTM with 41 MB took 59 → 70 ms).
MUCH = 36 << 20
PATIENCE = 10.0  # seconds to wait for a program at exit

# Raises what the program's checks found; called with its last result, if that is not zero.
Check = Callable[[Any], None]


class Job:
    """A call of a program. Its first results replace the arguments at `places`: they are variables' buffers."""

    __slots__ = (
        "arguments", "check", "done", "error", "followers", "finished", "program", "places", "results", "scope", "waits_for",
    )  # fmt: skip

    def __init__(
        self, scope: Scope, program: Any, arguments: list[Any], places: Sequence[int], check: Check | None
    ) -> None:
        self.scope, self.program, self.arguments = scope, program, arguments
        self.places, self.check = places, check
        self.results: list[Later] = [Later(self, aval) for aval in program.avals]
        self.followers: list[Job] = []  # that must come after it
        self.waits_for = 0  # jobs that it follows
        self.error: BaseException | None = None
        self.finished = False  # not `done.locked()`: who waits holds that for a moment
        self.done = threading.Lock()
        self.done.acquire()

    def wait(self) -> None:
        with self.done:
            pass

    def run(self) -> None:
        """What a thread does."""
        results, self.results = self.results, []
        try:
            self.error = self.scope.error
            if self.error is None:
                arguments = [x.settled() if type(x) is Later else x for x in self.arguments]
                began = time.perf_counter()
                found = self.program.run(arguments)
                self.program.seconds = time.perf_counter() - began
                written = len(self.places)  # also by a program that fails
                for result, buffer in zip(results[:written], found):
                    result.buffer = buffer
                if self.check is not None and any(bytes(memoryview(found[-1]))):
                    self.check(found[-1])
                for result, buffer in zip(results[written:], found[written:]):
                    result.buffer = buffer
        except BaseException as error:  # noqa: BLE001 - raised where results are wanted, or the scope ends
            self.error = self.scope.error = error
        if self.error is not None:
            for k, result in zip(self.places, results):
                if result.buffer is None:  # it has not run: the variable is as it was
                    result.buffer = settled(self.arguments[k])
        self.arguments = []


class Later(Pending):
    """A result of a job."""

    __slots__ = ("aval", "buffer", "job")

    def __init__(self, job: Job, aval: Any) -> None:
        self.job, self.aval = job, aval
        self.buffer: Any = None

    def settled(self) -> Any:
        if self.buffer is None:
            self.job.wait()
            if self.buffer is None:
                assert self.job.error is not None
                raise self.job.error
        return self.buffer


class Workers:
    """The threads that run the jobs of all scopes; they are started when the first comes.

    Jobs that write no variables have no order among themselves: two at a time use the cores better than one after the other
    (a fifth less time for forward passes, nearly half for recurrent ones). One that writes runs alone."""

    def __init__(self) -> None:
        self.jobs: queue.SimpleQueue[Job] = queue.SimpleQueue()
        self.lock = threading.Lock()
        self.writer: Job | None = None  # the last one
        self.readers: list[Job] = []  # that came after it
        self.started = False

    def put(self, job: Job) -> None:
        with self.lock:
            if not self.started:
                self.started = True
                for _ in range(THREADS):
                    threading.Thread(target=self._work, name="headrace-ahead", daemon=True).start()
            self.readers = [r for r in self.readers if not r.finished]
            before = [*self.readers] if job.places else []
            if self.writer is not None and not self.writer.finished:
                before.append(self.writer)
            if job.places:
                self.writer, self.readers = job, []
            else:
                self.readers.append(job)
            for other in before:
                other.followers.append(job)
            job.waits_for = len(before)
            if not before:
                self.jobs.put(job)

    def _work(self) -> None:
        while True:
            job: Job | None = self.jobs.get()
            while job is not None:
                job.run()
                job = self._next(job)

    def _next(self, job: Job) -> Job | None:
        """What follows a job in the same thread: to wake another one takes longer."""
        with self.lock:
            job.finished = True
            job.done.release()
            followers, job.followers = job.followers, []
            for other in followers:
                other.waits_for -= 1
            ready = [other for other in followers if not other.waits_for]
            for other in ready[1:]:
                self.jobs.put(other)
        return ready[0] if ready else None

    def left(self) -> list[Job]:
        """Jobs after which all are done."""
        with self.lock:
            found = self.readers if self.writer is None else [*self.readers, self.writer]
            return [job for job in found if not job.finished]

    def settle(self) -> None:
        """Waits until no job is left that has variables. For those who hold DONATION: none can come in between."""
        if self.writer is not None or self.readers:
            for job in self.left():
                job.wait()


class Scope:
    """A block of one thread in which programs may run ahead."""

    def __init__(self) -> None:
        self.recent: collections.deque[Job] = collections.deque()
        self.cells: dict[int, VariableState] = {}  # that were written
        self.error: BaseException | None = None

    def run(
        self, program: Any, arguments: list[Any], written: Sequence[VariableState], places: Sequence[int],
        check: Check | None,
    ) -> list[Any]:  # fmt: skip
        """The program's results. Called with DONATION held, if it has variables."""
        if self.error is not None:
            self.wait()
        # Programs of other devices do not keep their callers waiting anyway.
        if program.seconds < WORTH or program.temporary > MUCH or program.device.platform != "cpu":
            if written:
                WORKERS.settle()
            began = time.perf_counter()
            results = program.run(arguments)
            program.seconds = time.perf_counter() - began
            return results
        if len(self.recent) == DEPTH:  # wait for all but the last: to be woken for every one costs more
            self._forget(DEPTH - 1)
        job = Job(self, program, arguments, places, check)
        results = list(job.results)
        for cell in written:
            self.cells[id(cell)] = cell
        WORKERS.put(job)
        self.recent.append(job)
        if len(self.recent) <= THREADS:
            # A thread may be idle, and begins when it gets Python's lock: let that be now, not at the next wait.
            time.sleep(0)
        return results

    def _forget(self, n: int) -> None:
        """Waits for the first jobs."""
        for _ in range(n):
            self.recent.popleft().wait()

    def settle(self) -> None:
        """Waits for what was called."""
        self._forget(len(self.recent))
        with DONATION:
            for cell in self.cells.values():
                if type(cell.buffer) is Later:
                    cell.buffer = cell.buffer.settled()
        self.cells.clear()

    def wait(self) -> None:
        """Waits for what was called. Raises its error, if there is one."""
        self.settle()
        error, self.error = self.error, None
        if error is not None:
            try:
                raise error
            finally:
                del error  # which knows this frame


@contextmanager
def scope() -> Iterator[None]:
    """A block whose programs may run ahead of Python, but not longer than it."""
    outer = state.ahead
    state.ahead = current = outer or Scope()
    try:
        yield
    except Exception:
        state.ahead = outer
        current.wait()  # an error of its programs comes before what the block raised after their calls
        raise
    except BaseException:
        state.ahead = outer
        current.settle()
        raise
    state.ahead = outer
    current.wait()


@contextmanager
def synchronous() -> Iterator[None]:
    """A part of a scope in which programs have run when their call returns. Only for those who are in a scope."""
    current = state.ahead
    current.wait()
    state.ahead = None
    try:
        yield
    finally:
        state.ahead = current


def wait() -> None:
    """Waits for what this thread's scope has called, if it is in one. Raises its error."""
    if state.ahead is not None:
        state.ahead.wait()


def clear_error() -> None:
    """Forgets the error that this thread's scope has not raised yet."""
    if state.ahead is not None:
        state.ahead.settle()
        state.ahead.error = None


WORKERS = Workers()


def _after_fork() -> None:
    global WORKERS
    WORKERS = Workers()  # a forked process has no thread


os.register_at_fork(before=lambda: WORKERS.settle(), after_in_child=_after_fork)


@atexit.register
def _stop() -> None:
    """Threads must not be in XLA when the interpreter is taken apart. What has not begun is not begun any more."""
    jobs = WORKERS.left()
    for job in jobs:
        job.scope.error = job.scope.error or RuntimeError("The program ends.")
    for job in jobs:
        job.done.acquire(timeout=PATIENCE)
