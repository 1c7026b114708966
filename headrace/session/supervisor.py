"""`Supervisor`: how training was looked after before there were monitored sessions."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from headrace.core import errors
from headrace.core.graph import get_default_graph
from headrace.proto.event_pb2 import SessionLog, Summary

from . import logs
from .coordinator import Coordinator, LooperThread
from .keys import GraphKeys
from .session_manager import SessionManager, from_collection


class _UseDefault:
    def __repr__(self) -> str:
        return "Supervisor.USE_DEFAULT"


_DEFAULT: Any = _UseDefault()


class Supervisor:
    """Initialises or restores a model, and saves checkpoints and summaries in threads beside the training.

    Args:
      graph: the graph; the default graph if not given. It is finalised.
      ready_op, ready_for_local_init_op: give the names of variables without a value.
      is_chief: whether this process initialises and saves; the others wait for it.
      init_op, init_feed_dict, init_fn: initialise the model, if there is no checkpoint.
      local_init_op, local_init_run_options: run in each new session.
      logdir: where checkpoints and event files go; nothing is written without.
      summary_op, save_summaries_secs: the summary, and how often it is written; 0 for never.
      saver, save_model_secs, checkpoint_basename: what writes checkpoints, how often, under which name.
      global_step: the variable that counts.
      recovery_wait_secs, stop_grace_secs: how long to wait between looks at the model, and for threads to stop.
      session_manager: another `SessionManager`.
      summary_writer: another writer of event files.

    What is `USE_DEFAULT` is found in the graph's collections or made; None means that there is none.
    """

    USE_DEFAULT = _DEFAULT

    def __init__(
        self, graph: Any = None, ready_op: Any = _DEFAULT, ready_for_local_init_op: Any = _DEFAULT, is_chief: bool = True,
        init_op: Any = _DEFAULT, init_feed_dict: Any = None, local_init_op: Any = _DEFAULT, logdir: Any = None,
        summary_op: Any = _DEFAULT, saver: Any = _DEFAULT, global_step: Any = _DEFAULT, save_summaries_secs: float = 120,
        save_model_secs: float = 600, recovery_wait_secs: float = 30, stop_grace_secs: float = 120,
        checkpoint_basename: str = "model.ckpt", session_manager: Any = None, summary_writer: Any = _DEFAULT,
        init_fn: Callable[[Any], Any] | None = None, local_init_run_options: Any = None,
    ) -> None:  # fmt: skip
        self._graph = graph or get_default_graph()
        self.is_chief, self._init_feed_dict, self._init_fn = is_chief, init_feed_dict, init_fn
        self.coord = Coordinator()
        self._stop_grace = stop_grace_secs
        self._logdir = None if logdir is None else os.fspath(logdir)
        self.save_model_secs, self.save_summaries_secs = save_model_secs, save_summaries_secs
        self.save_path = os.path.join(self._logdir, checkpoint_basename) if self._logdir else None
        with self._graph.as_default():
            self._find(
                ready_op, ready_for_local_init_op, init_op, local_init_op, summary_op, saver, global_step
            )
            self.summary_writer: Any = None
            if summary_writer is not _DEFAULT:
                self.summary_writer = summary_writer
            elif self._logdir and is_chief:
                from headrace.summary.file_writer import FileWriter

                self.summary_writer = FileWriter(self._logdir)
            self.session_manager = session_manager or SessionManager(
                local_init_op=self.local_init_op, ready_op=self.ready_op,
                ready_for_local_init_op=self.ready_for_local_init_op, graph=self._graph,
                recovery_wait_secs=recovery_wait_secs, local_init_run_options=local_init_run_options,
            )  # fmt: skip
        self._graph_written = False
        self._graph.finalize()

    def _find(
        self, ready: Any, ready_local: Any, init: Any, local: Any, summary: Any, saver: Any, step: Any
    ) -> None:
        from headrace.api import compat_v1_variables as variables
        from headrace.api.compat_v1_summary import merge_all
        from headrace.api.compat_v1_train import get_global_step
        from headrace.checkpoint.saver import Saver

        from .scaffold import Scaffold

        def collected(given: Any, key: str, make: Callable[[], Any]) -> Any:
            if given is not _DEFAULT:
                return given
            found = from_collection(key)
            if found is None:
                found = make()
                if found is not None:
                    self._graph.add_to_collection(key, found)
            return found

        self.ready_op = collected(ready, GraphKeys.READY_OP, variables.report_uninitialized_variables)
        self.ready_for_local_init_op = (
            from_collection(GraphKeys.READY_FOR_LOCAL_INIT_OP) if ready_local is _DEFAULT else ready_local
        )
        self.init_op = collected(init, GraphKeys.INIT_OP, variables.global_variables_initializer)
        self.local_init_op = collected(local, GraphKeys.LOCAL_INIT_OP, Scaffold.default_local_init_op)
        self.summary_op = collected(summary, GraphKeys.SUMMARY_OP, merge_all)
        self.saver = collected(
            saver, GraphKeys.SAVERS, lambda: Saver() if variables.global_variables() else None
        )
        self.global_step = get_global_step(self._graph) if step is _DEFAULT else step

    # -------------------------------------------------------------------------------------------------------- sessions
    def prepare_or_wait_for_session(
        self, master: str = "", config: Any = None, wait_for_checkpoint: bool = False, max_wait_secs: float = 7200,
        start_standard_services: bool = True,
    ) -> Any:  # fmt: skip
        """A session that is ready; with `start_standard_services` also the threads that save, and queue runners."""
        self.coord.clear_stop()
        if self.summary_writer:
            self.summary_writer.reopen()
        if self.is_chief:
            sess = self.session_manager.prepare_session(
                master, init_op=self.init_op, saver=self.saver, checkpoint_dir=self._logdir,
                wait_for_checkpoint=wait_for_checkpoint, max_wait_secs=max_wait_secs, config=config,
                init_feed_dict=self._init_feed_dict, init_fn=self._init_fn,
            )  # fmt: skip
            self._write_graph()
            if start_standard_services:
                logs.info("Starting standard services.")
                self.start_standard_services(sess)
        else:
            sess = self.session_manager.wait_for_session(master, config=config, max_wait_secs=max_wait_secs)
        if start_standard_services:
            logs.info("Starting queue runners.")
            self.start_queue_runners(sess)
        return sess

    @contextmanager
    def managed_session(
        self,
        master: str = "",
        config: Any = None,
        start_standard_services: bool = True,
        close_summary_writer: bool = True,
    ) -> Iterator[Any]:
        """A session, and everything stopped at its end. Exceptions of threads are raised here; the end of the data
        (`OutOfRangeError`) is a clean stop."""
        sess: Any = None
        try:
            sess = self.prepare_or_wait_for_session(
                master, config, start_standard_services=start_standard_services
            )
            with self._graph.as_default(), sess.as_default():
                yield sess
        except Exception as error:  # noqa: BLE001 - `stop` raises it again, unless it means a clean stop
            self.request_stop(error)
        finally:
            try:
                self.stop(close_summary_writer=close_summary_writer)
            finally:
                if sess is not None:
                    sess.close()

    def _write_graph(self) -> None:
        if self._graph_written or not self._logdir:
            return
        from headrace.api.io import write_graph

        write_graph(self._graph.as_graph_def(add_shapes=True), self._logdir, "graph.pbtxt")
        if self.summary_writer:
            self.summary_writer.add_graph(self._graph)
        self._graph_written = True

    # --------------------------------------------------------------------------------------------------------- services
    def start_standard_services(self, sess: Any) -> list[LooperThread]:
        """Starts the threads that write summaries, step counts and checkpoints.

        Raises:
          RuntimeError: this is not the chief.
          ValueError: there is no `logdir`.
        """
        if not self.is_chief:
            raise RuntimeError(
                "Only chief supervisor can start standard services. Because only chief supervisors can write events."
            )
        if not self._logdir:
            logs.warning("Standard services need a 'logdir' passed to the SessionManager")
            return []
        if self.global_step is not None and self.summary_writer:
            self.summary_writer.add_session_log(
                SessionLog(status=SessionLog.START), int(sess.run(self.global_step))
            )
        threads: list[LooperThread] = []
        if self.save_summaries_secs and self.summary_writer:
            if self.summary_op is not None:
                threads.append(_Service(self.coord, self.save_summaries_secs, lambda: self._summaries(sess)))
            if self.global_step is not None:
                threads.append(_Service(self.coord, self.save_summaries_secs, _StepRate(self, sess)))
        if self.saver is not None and self.save_model_secs:
            threads.append(_Service(self.coord, self.save_model_secs, lambda: self._checkpoint(sess)))
        for thread in threads:
            thread.start()
        return threads

    def _summaries(self, sess: Any) -> None:
        self.summary_computed(sess, sess.run(self.summary_op))

    def _checkpoint(self, sess: Any) -> None:
        step = None if self.global_step is None else int(sess.run(self.global_step))
        path = self.saver.save(sess, self.save_path, global_step=step)
        if self.summary_writer and step is not None:
            self.summary_writer.add_session_log(
                SessionLog(status=SessionLog.CHECKPOINT, checkpoint_path=path or ""), step
            )

    def start_queue_runners(self, sess: Any, queue_runners: Sequence[Any] | None = None) -> list[Any]:
        """Starts the threads of queue runners; those of the graph, if none are given."""
        if queue_runners is None:
            queue_runners = self._graph.get_collection(GraphKeys.QUEUE_RUNNERS)
        return [
            thread
            for runner in queue_runners
            for thread in runner.create_threads(sess, coord=self.coord, daemon=True, start=True)
        ]

    def loop(
        self, timer_interval_secs: float | None, target: Any, args: Any = None, kwargs: Any = None
    ) -> LooperThread:
        """A thread that calls `target` every so many seconds until the end."""
        thread = LooperThread(self.coord, timer_interval_secs, target=target, args=args, kwargs=kwargs)
        thread.start()
        return thread

    def summary_computed(self, sess: Any, summary: Any, global_step: Any = None) -> None:
        """Writes a summary that was computed.

        Raises:
          TypeError: `summary` is not serialised.
          RuntimeError: there is no writer.
        """
        if not self.summary_writer:
            raise RuntimeError("Writing a summary requires a summary writer.")
        if global_step is None and self.global_step is not None:
            global_step = int(sess.run(self.global_step))
        self.summary_writer.add_summary(summary, global_step)

    # --------------------------------------------------------------------------------------------------------- stopping
    def stop(
        self,
        threads: Sequence[Any] | None = None,
        close_summary_writer: bool = True,
        ignore_live_threads: bool = False,
    ) -> None:
        """Stops the threads and waits for them; raises what any of them raised."""
        self.coord.request_stop()
        try:
            self.coord.join(
                threads, stop_grace_period_secs=self._stop_grace, ignore_live_threads=ignore_live_threads
            )
        finally:
            if close_summary_writer and self.summary_writer:
                self.summary_writer.add_session_log(SessionLog(status=SessionLog.STOP))
                self.summary_writer.close()
                self._graph_written = False

    def request_stop(self, ex: Any = None) -> None:
        """Asks everything to stop; `ex` says why."""
        self.coord.request_stop(ex=ex)

    def should_stop(self) -> bool:
        """Whether a stop was asked for."""
        return self.coord.should_stop()

    def stop_on_exception(self) -> Any:
        """A context in which an exception asks everything to stop."""
        return self.coord.stop_on_exception()

    def wait_for_stop(self) -> None:
        """Waits until a stop is asked for."""
        self.coord.wait_for_stop()

    # The names it had at first.
    PrepareSession, StartStandardServices, StartQueueRunners = (
        prepare_or_wait_for_session,
        start_standard_services,
        start_queue_runners,
    )
    Loop, SummaryComputed, Stop, RequestStop = loop, summary_computed, stop, request_stop
    ShouldStop, StopOnException, WaitForStop = should_stop, stop_on_exception, wait_for_stop


class _Service(LooperThread):
    """Does something now and every so many seconds."""

    def __init__(self, coord: Coordinator, seconds: float, action: Callable[[], Any]) -> None:
        super().__init__(coord, seconds)
        self._action = action

    def run_loop(self) -> None:
        self._action()


class _StepRate:
    """Writes how many steps a second there were."""

    def __init__(self, supervisor: Supervisor, sess: Any) -> None:
        self._sv, self._sess = supervisor, sess
        self._tag = f"{supervisor.global_step.op.name}/sec"
        self._last = (time.time(), int(sess.run(supervisor.global_step)))

    def __call__(self) -> None:
        now, step = time.time(), int(self._sess.run(self._sv.global_step))
        seconds, steps = now - self._last[0], step - self._last[1]
        self._last = now, step
        if steps and seconds > 0:
            logs.info("%s: %g", self._tag, steps / seconds)
            self._sv.summary_writer.add_summary(
                Summary(value=[Summary.Value(tag=self._tag, simple_value=steps / seconds)]), step
            )


def basic_train_loop(
    supervisor: Supervisor,
    train_step_fn: Callable[..., Any],
    args: Any = None,
    kwargs: Any = None,
    master: str = "",
) -> None:
    """Calls `train_step_fn(session, *args, **kwargs)` until the supervisor should stop; starts over with a new session after
    an `AbortedError`."""
    while True:
        try:
            with supervisor.managed_session(master) as sess:
                while not supervisor.should_stop():
                    train_step_fn(sess, *(args or ()), **(kwargs or {}))
            return
        except errors.AbortedError:
            logs.info("The session was aborted: starting over.")


__all__ = ["Supervisor", "basic_train_loop"]
