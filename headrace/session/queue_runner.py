"""`QueueRunner`: threads that fill a queue."""

from __future__ import annotations

import logging
import threading
import weakref
from collections.abc import Sequence
from typing import Any

from headrace.core import errors
from headrace.core.graph import Operation, get_default_graph
from headrace.core.origin import known_as
from headrace.core.state import state

from .keys import GraphKeys
from .stack import get_default_session

logger = logging.getLogger("headrace")


@known_as("tensorflow.python.training.queue_runner_impl", "QueueRunner")
class QueueRunner:
    """Runs enqueue operations, each in a thread of its own, until the queue is closed, the data ends, or a coordinator stops.

    Args:
      queue: the queue.
      enqueue_ops: the operations; one that is listed twice runs in two threads.
      close_op, cancel_op: the operations that close the queue when the data has ended, and when a stop is asked for.
      queue_closed_exception_types: errors that mean that the data has ended (`OutOfRangeError` if not given).
      queue_runner_def: the message a queue runner was saved as, instead of the others.
      import_scope: a prefix of the names in that message.

    Raises:
      RuntimeError: no graph is being built.

    >>> import headrace as tf
    >>> v1 = tf.compat.v1
    >>> with tf.Graph().as_default(), v1.Session() as sess:
    ...     queue = tf.queue.FIFOQueue(10, tf.int64)
    ...     counter = v1.get_local_variable("counter", initializer=tf.constant(0, tf.int64))
    ...     runner = v1.train.QueueRunner(queue, [queue.enqueue(counter.count_up_to(3))])
    ...     sess.run(v1.local_variables_initializer())
    ...     threads = runner.create_threads(sess, start=True)
    ...     element = queue.dequeue()
    ...     [int(sess.run(element)) for _ in range(3)]
    [0, 1, 2]
    """

    def __init__(
        self, queue: Any = None, enqueue_ops: Sequence[Any] | None = None, close_op: Any = None, cancel_op: Any = None,
        queue_closed_exception_types: tuple[type[BaseException], ...] | None = None, queue_runner_def: Any = None,
        import_scope: str | None = None,
    ) -> None:  # fmt: skip
        if state.graph is None:
            raise RuntimeError(
                "QueueRunners are not supported when eager execution is enabled. Use tf.data to get data into your model."
            )
        if queue_runner_def is not None:
            if queue or enqueue_ops:
                raise ValueError("queue_runner_def and queue are mutually exclusive.")
            self._of_message(queue_runner_def, import_scope)
        else:
            self._of_operations(queue, enqueue_ops, close_op, cancel_op, queue_closed_exception_types)
        self._lock = threading.Lock()
        self._runs_per_session: weakref.WeakKeyDictionary[Any, int] = weakref.WeakKeyDictionary()
        self._exceptions_raised: list[BaseException] = []

    def _of_operations(
        self, queue: Any, enqueue_ops: Any, close_op: Any, cancel_op: Any, closed: Any
    ) -> None:
        if not queue or not enqueue_ops:
            raise ValueError("Must provide queue and enqueue_ops.")
        self._queue, self._enqueue_ops = queue, list(enqueue_ops)
        if closed is None:
            closed = (errors.OutOfRangeError,)
        if not (
            isinstance(closed, tuple)
            and closed
            and all(isinstance(t, type) and issubclass(t, errors.OpError) for t in closed)
        ):
            raise TypeError(
                "queue_closed_exception_types, when provided, must be a tuple of tf.errors types, but saw: "
                f"{closed}"
            )
        self._queue_closed_exception_types = closed
        self._close_op = queue.close() if close_op is None else close_op
        self._cancel_op = queue.close(cancel_pending_enqueues=True) if cancel_op is None else cancel_op

    def _of_message(self, message: Any, import_scope: str | None) -> None:
        from headrace.api.queue import QueueBase

        graph = get_default_graph()

        def element(name: str) -> Any:
            return graph.as_graph_element(f"{import_scope}/{name}" if import_scope else name)

        handle = element(message.queue_name)
        handle = handle.outputs[0] if isinstance(handle, Operation) else handle
        types = handle.op.attrs.get("component_types", ())
        self._queue = QueueBase(list(types), None, None, handle)
        self._enqueue_ops = [element(name) for name in message.enqueue_op_name]
        self._close_op, self._cancel_op = element(message.close_op_name), element(message.cancel_op_name)
        self._queue_closed_exception_types = tuple(
            [errors.exception_type_from_error_code(code) for code in message.queue_closed_exception_types]
        ) or (errors.OutOfRangeError,)

    # ------------------------------------------------------------------------------------------------------ properties
    @property
    def queue(self) -> Any:
        return self._queue

    @property
    def enqueue_ops(self) -> list[Any]:
        return self._enqueue_ops

    @property
    def close_op(self) -> Any:
        return self._close_op

    @property
    def cancel_op(self) -> Any:
        return self._cancel_op

    @property
    def queue_closed_exception_types(self) -> tuple[type[BaseException], ...]:
        return self._queue_closed_exception_types

    @property
    def exceptions_raised(self) -> list[BaseException]:
        """What the threads raised, if no coordinator was told."""
        return self._exceptions_raised

    @property
    def name(self) -> str:
        """The queue's name."""
        return self._queue.name

    # --------------------------------------------------------------------------------------------------------- threads
    def _run(self, sess: Any, enqueue_op: Any, coord: Any = None) -> None:
        """What a thread does. The last one that comes to the end of the data closes the queue."""
        ended = False
        try:
            enqueue = sess.make_callable(enqueue_op)
            while not (coord and coord.should_stop()):
                try:
                    enqueue()
                except self._queue_closed_exception_types:
                    ended = True
                    if self._one_less(sess) == 0:
                        self._try(sess, self._close_op)
                    return
        except Exception as error:
            if coord:
                coord.request_stop(error)
                return
            logger.error("Exception in QueueRunner: %s", error)
            with self._lock:
                self._exceptions_raised.append(error)
            raise
        finally:
            if not ended:
                self._one_less(sess)

    def _one_less(self, sess: Any) -> int:
        with self._lock:
            self._runs_per_session[sess] -= 1
            return self._runs_per_session[sess]

    def _try(self, sess: Any, op: Any) -> None:
        """Closes the queue; that it is closed already, or the session is, does not matter."""
        try:
            sess.run(op)
        except Exception as error:  # noqa: BLE001 - the queue is of no use any more
            logger.debug("Ignored exception: %s", error)

    def _close_on_stop(self, sess: Any, cancel_op: Any, coord: Any) -> None:
        """Cancels what waits to enter the queue when a stop is asked for."""
        coord.wait_for_stop()
        self._try(sess, cancel_op)

    def create_threads(
        self, sess: Any, coord: Any = None, daemon: bool = False, start: bool = False
    ) -> list[threading.Thread]:
        """The threads, one per enqueue operation, and, with a coordinator, one that closes the queue when it stops.

        Args:
          sess: the session. While threads of an earlier call run in it, no new ones are made.
          coord: a Coordinator, which is told of exceptions and waits for the threads.
          daemon: whether the threads end with the program.
          start: whether to start them.
        """
        with self._lock:
            if self._runs_per_session.get(sess, 0) > 0:
                return []
            self._runs_per_session[sess] = len(self._enqueue_ops)
            self._exceptions_raised = []
        threads = [
            threading.Thread(
                target=self._run, args=(sess, op, coord), name=f"QueueRunnerThread-{self.name}-{op.name}"
            )
            for op in self._enqueue_ops
        ]
        if coord:
            threads.append(
                threading.Thread(
                    target=self._close_on_stop, args=(sess, self._cancel_op, coord),
                    name=f"QueueRunnerThread-{self.name}-close_on_stop",
                )
            )  # fmt: skip
        for t in threads:
            if coord:
                coord.register_thread(t)
            if daemon:
                t.daemon = True
            if start:
                t.start()
        return threads

    # ----------------------------------------------------------------------------------------------------------- saving
    def to_proto(self, export_scope: str | None = None) -> Any:
        """The QueueRunnerDef; None if the queue is not in `export_scope`."""
        from headrace.proto.queue_runner_pb2 import QueueRunnerDef

        prefix = f"{export_scope}/" if export_scope else ""
        if not self.queue.name.startswith(prefix):
            return None

        def text(x: Any) -> str:
            return x.name.removeprefix(prefix)

        return QueueRunnerDef(
            queue_name=text(self.queue),
            enqueue_op_name=[text(op) for op in self._enqueue_ops],
            close_op_name=text(self._close_op),
            cancel_op_name=text(self._cancel_op),
            queue_closed_exception_types=[
                errors.error_code_from_exception_type(t) for t in self._queue_closed_exception_types
            ],
        )

    @staticmethod
    def from_proto(queue_runner_def: Any, import_scope: str | None = None) -> QueueRunner:
        """The queue runner of a QueueRunnerDef, for the operations of the default graph."""
        return QueueRunner(queue_runner_def=queue_runner_def, import_scope=import_scope)


def add_queue_runner(qr: QueueRunner, collection: str = GraphKeys.QUEUE_RUNNERS) -> None:
    """Adds a queue runner to a collection of the graph, from which `start_queue_runners` starts them."""
    get_default_graph().add_to_collection(collection, qr)


def start_queue_runners(
    sess: Any = None, coord: Any = None, daemon: bool = True, start: bool = True,
    collection: str = GraphKeys.QUEUE_RUNNERS,
) -> list[threading.Thread]:  # fmt: skip
    """Starts the threads of all queue runners of the session's graph.

    Args:
      sess: the session; the default one if not given.
      coord: a Coordinator for the threads.
      daemon, start: as of `QueueRunner.create_threads`.
      collection: which queue runners.

    Returns:
      The threads.

    Raises:
      RuntimeError: eager execution.
      ValueError: there is no default session.
      TypeError: `sess` is not a session.
    """
    if state.graph is None and sess is None and get_default_session() is None:
        raise RuntimeError("Queues are not compatible with eager execution.")
    if sess is None:
        sess = get_default_session()
        if sess is None:
            raise ValueError(
                "Cannot start queue runners: No default session is registered. Use `with sess.as_default()` or pass an "
                "explicit session to tf.start_queue_runners(sess=sess)"
            )
    if not (hasattr(sess, "run") and hasattr(sess, "make_callable") and hasattr(sess, "graph")):
        raise TypeError(f"sess must be a `tf.Session` object. Given class: {type(sess)}")
    runners = sess.graph.get_collection(collection)
    if not runners:
        logger.warning(
            "`tf.train.start_queue_runners()` was called when no queue runners were defined. You can safely remove the call."
        )
    with sess.graph.as_default():
        return [t for runner in runners for t in runner.create_threads(sess, coord, daemon, start)]


__all__ = ["QueueRunner", "add_queue_runner", "start_queue_runners"]
