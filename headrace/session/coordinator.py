"""`Coordinator`: threads that stop together, and whose exceptions reach the one who waits for them."""

from __future__ import annotations

import logging
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from headrace.core import errors
from headrace.core.origin import known_as

logger = logging.getLogger("headrace")
POLL = 0.1  # seconds between looks at threads that should end


@known_as("tensorflow.python.training.coordinator", "Coordinator")
class Coordinator:
    """Lets threads stop together: any of them asks for it, all of them look.

        coord = Coordinator()
        threads = [threading.Thread(target=work, args=(coord,)) for _ in range(4)]   # work: `while not coord.should_stop(): …`
        for t in threads: t.start()
        coord.join(threads)

    Args:
      clean_stop_exception_types: exceptions that mean a clean stop when they are reported (`OutOfRangeError` if not given);
        `join` raises all others.

    >>> import headrace as tf
    >>> coord = tf.train.Coordinator()
    >>> with coord.stop_on_exception():
    ...     raise ValueError("no data")
    >>> coord.should_stop()
    True
    >>> coord.join()
    Traceback (most recent call last):
    ValueError: no data
    """

    def __init__(self, clean_stop_exception_types: Sequence[type[BaseException]] | None = None) -> None:
        if clean_stop_exception_types is None:
            clean_stop_exception_types = (errors.OutOfRangeError,)
        self._clean_stop_exception_types = tuple(clean_stop_exception_types)
        self._lock = threading.Lock()
        self._stop_event = threading.Event()
        self._exc_info_to_raise: Any = None
        self._joined = False
        self._registered_threads: set[threading.Thread] = set()

    def _filter_exception(self, ex: Any) -> Any:
        """None for the exceptions that mean a clean stop."""
        error = ex[1] if isinstance(ex, tuple) else ex
        return None if isinstance(error, self._clean_stop_exception_types) else ex

    def request_stop(self, ex: Any = None) -> None:
        """Asks the threads to stop; `should_stop()` is True from now on.

        Args:
          ex: an exception, or what `sys.exc_info()` gives, which `join` will raise if it is the first one (and does not mean
            a clean stop). After `join`, it is raised at once.
        """
        with self._lock:
            ex = self._filter_exception(ex)
            if self._joined:
                if isinstance(ex, tuple):
                    raise ex[1]
                if ex is not None:
                    raise ex
            elif ex is not None and not self._stop_event.is_set() and self._exc_info_to_raise is None:
                error = ex[1] if isinstance(ex, tuple) else ex
                if not isinstance(error, BaseException):
                    raise TypeError(f"request_stop takes an exception or sys.exc_info(), received {ex!r}.")
                logger.info("Error reported to Coordinator: %s, %s", type(error), error)
                self._exc_info_to_raise = (type(error), error, error.__traceback__)
            self._stop_event.set()

    def clear_stop(self) -> None:
        """Makes it as new: `should_stop()` is False again."""
        with self._lock:
            self._joined = False
            self._exc_info_to_raise = None
            self._stop_event.clear()

    def should_stop(self) -> bool:
        """Whether a stop was asked for."""
        return self._stop_event.is_set()

    @contextmanager
    def stop_on_exception(self) -> Iterator[None]:
        """An exception inside becomes a request to stop; it goes no further."""
        try:
            yield
        except BaseException:  # noqa: BLE001 - whatever it is, `join` raises it
            self.request_stop(ex=sys.exc_info())

    def wait_for_stop(self, timeout: float | None = None) -> bool:
        """Waits until a stop is asked for, at most `timeout` seconds; returns whether it was."""
        return self._stop_event.wait(timeout)

    def register_thread(self, thread: threading.Thread) -> None:
        """`join` will wait for this thread, too."""
        with self._lock:
            self._registered_threads.add(thread)

    def join(
        self, threads: Sequence[threading.Thread] | None = None, stop_grace_period_secs: float = 120,
        ignore_live_threads: bool = False,
    ) -> None:  # fmt: skip
        """Waits for the threads (and those registered) to end.

        Args:
          stop_grace_period_secs: how long they may take once a stop was asked for.
          ignore_live_threads: whether threads that are alive after that are no error.

        Raises:
          what was reported to `request_stop`, if it does not mean a clean stop.
          RuntimeError: threads are still alive after the grace period.
        """
        with self._lock:
            every = self._registered_threads.union(threads or ())
        while any(t.is_alive() for t in every) and not self.wait_for_stop(POLL):
            pass
        end = time.monotonic() + stop_grace_period_secs
        while any(t.is_alive() for t in every) and time.monotonic() < end:
            for t in every:  # they end soon, usually: look often at first
                t.join(min(POLL, max(0.0, end - time.monotonic())))
        alive = [t.name for t in every if t.is_alive()]
        with self._lock:
            self._joined = True
            self._registered_threads = set()
            if self._exc_info_to_raise is not None:
                _, error, trace = self._exc_info_to_raise
                raise error.with_traceback(trace)
        if alive:
            if not ignore_live_threads:
                raise RuntimeError(
                    f"Coordinator stopped with threads still running: {' '.join(alive)}. Let them look at should_stop(), or "
                    "give them a longer stop_grace_period_secs."
                )
            logger.info("Coordinator stopped with threads still running: %s", " ".join(alive))

    @property
    def joined(self) -> bool:
        return self._joined

    def raise_requested_exception(self) -> None:
        """Raises what was reported to `request_stop`, if something was."""
        with self._lock:
            if self._exc_info_to_raise is not None:
                _, error, trace = self._exc_info_to_raise
                raise error.with_traceback(trace)


@known_as("tensorflow.python.training.coordinator", "LooperThread")
class LooperThread(threading.Thread):
    """A thread that calls something again and again, until its coordinator stops; exceptions stop the coordinator.

    Override `run_loop`, `start_loop` and `stop_loop`, or give `target`.

    Args:
      coord: the Coordinator.
      timer_interval_secs: seconds between the beginnings of two calls; None: call without a pause.
      target, args, kwargs: what is called.

    >>> import headrace as tf
    >>> coord, seen = tf.train.Coordinator(), []
    >>> def work():
    ...     seen.append(len(seen))
    ...     if len(seen) == 3:
    ...         coord.request_stop()
    >>> thread = tf.compat.v1.train.LooperThread(coord, None, target=work)
    >>> thread.start()
    >>> coord.join([thread])
    >>> seen
    [0, 1, 2]
    """

    def __init__(
        self, coord: Coordinator, timer_interval_secs: float | None, target: Callable[..., Any] | None = None,
        args: Sequence[Any] | None = None, kwargs: Mapping[str, Any] | None = None,
    ) -> None:  # fmt: skip
        if not isinstance(coord, Coordinator):
            raise ValueError(f"'coord' argument must be a Coordinator: {coord!r}")
        super().__init__(daemon=True)
        self._coord, self._timer_interval_secs, self._call = coord, timer_interval_secs, target
        if target is None and (args or kwargs):
            raise ValueError("'args' and 'kwargs' argument require that you also pass 'target'")
        self._call_args, self._call_kwargs = args or (), kwargs or {}
        coord.register_thread(self)

    @staticmethod
    def loop(
        coord: Coordinator, timer_interval_secs: float | None, target: Callable[..., Any],
        args: Sequence[Any] | None = None, kwargs: Mapping[str, Any] | None = None,
    ) -> LooperThread:  # fmt: skip
        """Makes and starts a thread that calls `target`."""
        thread = LooperThread(coord, timer_interval_secs, target, args, kwargs)
        thread.start()
        return thread

    def run(self) -> None:
        with self._coord.stop_on_exception():
            self.start_loop()
            if self._timer_interval_secs is None:
                while not self._coord.should_stop():
                    self.run_loop()
            else:
                due = time.time()
                while not self._coord.wait_for_stop(due - time.time()):
                    due += self._timer_interval_secs
                    self.run_loop()
            self.stop_loop()

    def start_loop(self) -> None:
        """Called before the first call."""

    def stop_loop(self) -> None:
        """Called after the last call."""

    def run_loop(self) -> None:
        """What is called."""
        if self._call is not None:
            self._call(*self._call_args, **self._call_kwargs)


__all__ = ["Coordinator", "LooperThread"]
