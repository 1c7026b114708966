"""Resources that operations wait for: queues, barriers, accumulators, staging areas.

Whoever cannot be served at once stands in a line, first come, first served. Whoever changes the resource serves those in
line as far as that is possible now, and wakes them. No lock is held while somebody waits."""

from __future__ import annotations

import threading
import time
from collections import deque
from typing import Any

from headrace.core import errors
from headrace.core.state import state

from .state import HostResource

NOTHING, PROGRESS, DONE = range(3)


class Attempt:
    """Something one operation wants of a resource. `advance`, called while the resource is locked, does as much of it as is
    possible now; it leaves what the operation returns in `result`, or why it fails in `error`."""

    verb = "The"  # as in "Dequeue operation was cancelled"

    def __init__(self) -> None:
        self.result: Any = None
        self.error: errors.OpError | None = None
        self.done = False
        self.signal: Any = None  # released when it is done

    def advance(self) -> int:
        """NOTHING, PROGRESS or DONE."""
        raise NotImplementedError

    def withdraw(self) -> None:
        """Gives back what it took so far: it will not come to its end."""

    def fail(self, error: errors.OpError) -> int:
        self.withdraw()
        self.error = error
        return DONE

    def outcome(self) -> Any:
        if self.error is not None:
            raise self.error
        return self.result


class Blocked(Exception):
    """An operation would have to wait; the host step it is part of has other things to do meanwhile."""

    def __init__(self, resource: Shared, attempt: Attempt) -> None:
        super().__init__()
        self.resource, self.attempt = resource, attempt


class Shared(HostResource):
    """A resource with lines of attempts.

    Args:
      name: for error messages.
      lines: how many lines there are; each is served from its front, unless `everyone` in it may be served."""

    def __init__(self, name: str, lines: int, everyone: bool = False) -> None:
        self.name, self.everyone = name, everyone
        self.lock = threading.Lock()
        self.lines: list[deque[Attempt]] = [deque() for _ in range(lines)]
        self.cancelled = False

    initialized = True

    def enter(self, line: int, attempt: Attempt) -> Any:
        """Does what is attempted, and waits until it is done.

        Raises:
          CancelledError: the session was closed.
          DeadlineExceededError: the time the run was given is over.
          Blocked: instead of waiting, where the thread can do something else meanwhile: `state.signal` is a semaphore then,
            which tells it that the attempt is done; and the attempt itself, when the operation runs again to finish.
        """
        signal = state.signal
        if isinstance(signal, Attempt):
            return signal.outcome()
        with self.lock:
            if self.cancelled:
                raise errors.CancelledError(None, None, f"{attempt.verb} operation was cancelled")
            waiting = self.lines[line]
            if (not waiting or self.everyone) and attempt.advance() == DONE:
                self.serve()
                return attempt.outcome()
            attempt.signal = threading.Semaphore(0) if signal is None else signal
            waiting.append(attempt)
            self.serve()
            if attempt.done:
                if signal is not None:
                    signal.acquire()  # nobody else is told
                return attempt.outcome()
        if signal is not None:
            raise Blocked(self, attempt)
        return self.wait(attempt)

    def serve(self) -> None:
        """Serves those in the lines for as long as something changes. The resource is locked."""
        changed = True
        while changed:
            changed = False
            for line in self.lines:
                changed = self._serve(line) or changed

    def _serve(self, line: deque[Attempt]) -> bool:
        changed = False
        for attempt in list(line):
            got = attempt.advance()
            changed = changed or got != NOTHING
            if got == DONE:
                line.remove(attempt)
                self._finish(attempt)
            elif not self.everyone:
                break
        return changed

    def _finish(self, attempt: Attempt) -> None:
        attempt.done = True
        attempt.signal.release()

    def wait(self, attempt: Attempt) -> Any:
        """Waits for an attempt that stands in line."""
        try:
            in_time = attempt.signal.acquire(timeout=remaining())
        except BaseException:  # Ctrl-C
            self.leave(attempt)
            raise
        if not in_time and self.leave(attempt):
            raise deadline_exceeded()
        return attempt.outcome()

    def leave(self, attempt: Attempt) -> bool:
        """Takes an attempt out of its line; False if it is done already."""
        with self.lock:
            if attempt.done:
                return False
            for line in self.lines:
                if attempt in line:
                    line.remove(attempt)
            attempt.withdraw()
            self.serve()
            return True

    def cancel(self) -> None:
        """The session was closed: everybody who waits is told, and nobody may come any more."""
        with self.lock:
            self.cancelled = True
            for line in self.lines:
                self.dismiss(line)

    def dismiss(self, line: deque[Attempt]) -> None:
        """Cancels everybody in a line. The resource is locked."""
        while line:
            attempt = line.popleft()
            attempt.fail(errors.CancelledError(None, None, f"{attempt.verb} operation was cancelled"))
            self._finish(attempt)

    def clear(self) -> None:
        self.cancel()

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.name}>"


def remaining() -> float | None:
    """Seconds that are left to the run of this thread; None: as many as it takes."""
    return None if state.deadline is None else max(0.0, state.deadline - time.monotonic())


def deadline_exceeded() -> errors.OpError:
    return errors.DeadlineExceededError(
        None, None, "Timed out: the run did not finish in the time it was given"
    )


def check_deadline() -> None:
    """DeadlineExceededError when the run of this thread has no time left."""
    if state.deadline is not None and time.monotonic() > state.deadline:
        raise deadline_exceeded()


__all__ = ["DONE", "NOTHING", "PROGRESS", "Attempt", "Blocked", "Shared", "check_deadline"]
