"""`MonitoredSession`: a session that initialises or restores itself, runs hooks, and comes back after failures."""

from __future__ import annotations

import inspect
import os
from collections.abc import Callable, Sequence
from typing import Any

from headrace.core import errors
from headrace.core.graph import get_default_graph
from headrace.proto.config_pb2 import RunOptions
from headrace.proto.run_metadata_pb2 import RunMetadata

from . import logs
from .coordinator import Coordinator
from .hooks import CheckpointSaverHook, StepCounterHook, SummarySaverHook
from .keys import GraphKeys
from .run_hooks import SessionRunArgs, SessionRunContext, SessionRunHook, SessionRunValues
from .scaffold import Scaffold
from .session_manager import SessionManager

# What means that a machine went away, and that a new session may do better.
PREEMPTED = (errors.AbortedError, errors.UnavailableError)
USE_DEFAULT: Any = type("UseDefault", (), {"__repr__": lambda self: "<default>"})()


# ------------------------------------------------------------------------------------------------------------ creators
class SessionCreator:
    """Makes sessions."""

    def create_session(self) -> Any:
        """A session that is ready."""
        raise NotImplementedError(f"create_session is not implemented for {self}.")


class ChiefSessionCreator(SessionCreator):
    """Makes sessions that are initialised, or restored from a checkpoint.

    Args:
      scaffold: what the model needs; made if not given.
      master: must be "".
      config: the session's `ConfigProto`.
      checkpoint_dir, checkpoint_filename_with_path: the folder, or the checkpoint, to restore from.
    """

    def __init__(
        self, scaffold: Scaffold | None = None, master: str = "", config: Any = None, checkpoint_dir: Any = None,
        checkpoint_filename_with_path: Any = None,
    ) -> None:  # fmt: skip
        self._scaffold, self._master, self._config = scaffold or Scaffold(), master, config
        self._dir, self._path = checkpoint_dir, checkpoint_filename_with_path

    def create_session(self) -> Any:
        s = self._scaffold.finalize()
        return _manager(s).prepare_session(
            self._master, saver=s.saver, checkpoint_dir=self._dir, checkpoint_filename_with_path=self._path,
            config=self._config, init_op=s.init_op, init_feed_dict=s.__dict__["init_feed_dict"], init_fn=s.init_fn,
        )  # fmt: skip


class WorkerSessionCreator(SessionCreator):
    """Makes sessions once somebody else has initialised the model.

    Args: as `ChiefSessionCreator`; `max_wait_secs`: how long to wait for that."""

    def __init__(
        self,
        scaffold: Scaffold | None = None,
        master: str = "",
        config: Any = None,
        max_wait_secs: float = 30 * 60,
    ) -> None:
        self._scaffold, self._master, self._config = scaffold or Scaffold(), master, config
        self._max_wait_secs = max_wait_secs

    def create_session(self) -> Any:
        manager = _manager(self._scaffold.finalize())
        return manager.wait_for_session(self._master, config=self._config, max_wait_secs=self._max_wait_secs)


def _manager(s: Scaffold) -> SessionManager:
    return SessionManager(
        local_init_op=s.local_init_op, local_init_feed_dict=s.__dict__["local_init_feed_dict"], ready_op=s.ready_op,
        ready_for_local_init_op=s.ready_for_local_init_op, graph=get_default_graph(),
    )  # fmt: skip


# -------------------------------------------------------------------------------------------------------- layers of a run
class _Hooked:
    """Runs a session with what hooks want to have computed besides."""

    def __init__(self, sess: Any, hooks: Sequence[SessionRunHook], coord: Coordinator, grace: float) -> None:
        self.sess, self.coord = sess, coord
        self._hooks, self._grace, self._stop = hooks, grace, False

    def should_stop(self) -> bool:
        return self._stop or self.coord.should_stop()

    def run(self, fetches: Any, feed_dict: Any = None, options: Any = None, run_metadata: Any = None) -> Any:
        try:
            return self._run(fetches, feed_dict, options, run_metadata)
        except PREEMPTED:
            raise
        except Exception:
            # It may be the consequence of what happened in a thread that feeds a queue: that is what to tell.
            self.coord.raise_requested_exception()
            raise

    def _run(self, fetches: Any, feed_dict: Any, options: Any, run_metadata: Any) -> Any:
        if self.should_stop():
            raise RuntimeError("Run called even after should_stop requested.")
        context = SessionRunContext(SessionRunArgs(fetches, feed_dict), self.sess)
        wanted: dict[Any, Any] = {"caller": fetches}
        feeds = dict(feed_dict) if feed_dict else {}
        places: dict[int, str] = {}  # of hooks' results
        for hook in self._hooks:
            request = hook.before_run(context)
            if request is None:
                continue
            if request.fetches is not None:
                places[id(hook)] = f"hook {len(places)}"
                wanted[places[id(hook)]] = request.fetches
            for key, value in (request.feed_dict or {}).items():
                if any(key is k for k in feeds):
                    raise RuntimeError(
                        "Same tensor is fed by two hooks." if not feed_dict or not any(key is k for k in feed_dict)
                        else f"Same tensor is fed by a user and a hook: {key!r}"
                    )  # fmt: skip
                feeds[key] = value
            if request.options is not None:
                options = _merged(options, request.options)
        traced = options is not None or run_metadata is not None
        if traced and run_metadata is None:
            run_metadata = RunMetadata()
        extra = {"options": options, "run_metadata": run_metadata} if traced else {}
        results = self.sess.run(wanted, feeds or None, **extra)
        if self._hooks and not traced:
            options, run_metadata = RunOptions(), RunMetadata()
        for hook in self._hooks:
            result = results[places[id(hook)]] if id(hook) in places else None
            hook.after_run(context, SessionRunValues(result, options, run_metadata))
        self._stop = self._stop or context.stop_requested
        return results["caller"]

    def close(self) -> None:
        self.coord.request_stop()
        try:
            self.coord.join(stop_grace_period_secs=self._grace, ignore_live_threads=True)
        finally:
            self.sess.close()


def _merged(options: Any, more: Any) -> Any:
    out = RunOptions()
    if options is not None:
        out.CopyFrom(options)
    level = max(out.trace_level, more.trace_level)
    timeout = max(out.timeout_in_ms, more.timeout_in_ms)
    out.MergeFrom(more)
    out.trace_level, out.timeout_in_ms = level, timeout
    return out


class StepContext:
    """What the function given to `run_step_fn` gets: `session`, `run_with_hooks` and `request_stop`."""

    def __init__(self, session: Any, run_with_hooks_fn: Callable[..., Any]) -> None:
        self._session, self._run_with_hooks = session, run_with_hooks_fn

    @property
    def session(self) -> Any:
        """The session itself; its runs call no hooks."""
        return self._session

    def run_with_hooks(self, *args: Any, **kwargs: Any) -> Any:
        """As the monitored session's `run`."""
        return self._run_with_hooks(*args, **kwargs)

    def request_stop(self) -> None:
        """Leaves the function, and the `with` block of the session that called it: raises `StopIteration`."""
        raise StopIteration("step_fn has requested the iterations to stop.")


class _MonitoredSession:
    """What monitored sessions share."""

    def __init__(
        self, session_creator: SessionCreator | None, hooks: Sequence[SessionRunHook] | None, should_recover: bool,
        stop_grace_period_secs: float = 120,
    ) -> None:  # fmt: skip
        self._graph = get_default_graph()
        self._was_finalized = self._graph.finalized
        self._hooks, self._recovers, self._grace = list(hooks or []), should_recover, stop_grace_period_secs
        self._graph.finalized = False
        for hook in self._hooks:
            hook.begin()
        self._graph.finalized = self._was_finalized
        self._creator = session_creator or ChiefSessionCreator()
        self._sess: _Hooked | None = None
        self._ended = False
        self._sess = self._retried(self._create)

    def _create(self) -> _Hooked:
        from .queue_runner import start_queue_runners

        sess = self._creator.create_session()
        # No exception means a clean stop here: the end of a queue ends `run` with it, too.
        coord = Coordinator(clean_stop_exception_types=[])
        if self._graph.get_collection(GraphKeys.QUEUE_RUNNERS):
            start_queue_runners(sess=sess, coord=coord)
        for hook in self._hooks:
            hook.after_create_session(sess, coord)
        return _Hooked(sess, self._hooks, coord, self._grace)

    def _retried(self, action: Callable[[], Any]) -> Any:
        while True:
            try:
                return action()
            except PREEMPTED as error:
                if not self._recovers:
                    raise
                logs.info(
                    "An error was raised. This may be due to a preemption in a connected worker or parameter server. The "
                    "current session will be closed and a new session will be created. Error: %s",
                    error,
                )
                self._drop()

    def _drop(self) -> None:
        """Gives up a session that failed; what goes wrong with that no longer matters."""
        sess, self._sess = self._sess, None
        if sess is not None:
            try:
                sess.close()
            except Exception as error:  # noqa: BLE001 - the failure that brought us here is what counts
                logs.info("Closing the failed session: %s", error)

    def _live(self) -> _Hooked:
        if self._ended:
            raise RuntimeError("Attempted to use a closed session.")
        if self._sess is None:
            self._sess = self._create()
        return self._sess

    @property
    def graph(self) -> Any:
        """The graph that is run; None after the end."""
        return None if self._ended else self._graph

    def run(self, fetches: Any, feed_dict: Any = None, options: Any = None, run_metadata: Any = None) -> Any:
        """As `Session.run`, with the hooks around it.

        Raises:
          RuntimeError: the session has ended, or should stop.
        """
        return self._retried(lambda: self._live().run(fetches, feed_dict, options, run_metadata))

    def run_step_fn(self, step_fn: Callable[..., Any]) -> Any:
        """Calls `step_fn(step_context)`, which may run parts with hooks and parts without; returns what it returns.

        Raises:
          ValueError: the function has another argument than `step_context` (and, of a method, `self`).
        """
        parameters = list(inspect.signature(step_fn).parameters)
        if parameters != ["step_context"] and not (
            len(parameters) == 2 and parameters[0] == "self" and parameters[1] == "step_context"
        ):
            raise ValueError(
                f"`step_fn` may either have one `step_context` argument, or `self` and `step_context`; it has {parameters}."
            )

        def step() -> Any:
            live = self._live()
            return step_fn(StepContext(live.sess, live.run))

        return self._retried(step)

    def should_stop(self) -> bool:
        """Whether to leave the loop: a hook asked for it, or a thread ended."""
        return self._ended or (self._sess is not None and self._sess.should_stop())

    def _is_closed(self) -> bool:
        return self._ended

    def close(self) -> None:
        """Ends the hooks, the threads and the session."""
        self._close(None)

    def _close(self, error: type[BaseException] | None) -> None:
        if self._ended:
            return
        try:
            if error is None and self._sess is not None:
                for hook in self._hooks:
                    hook.end(self._sess.sess)
        finally:
            sess, self._sess = self._sess, None
            self._ended = True
            try:
                if sess is not None:
                    sess.close()
            finally:
                if not self._was_finalized:
                    self._graph.finalized = False

    def __enter__(self) -> Any:
        return self

    def __exit__(self, kind: Any, value: Any, trace: Any) -> bool:
        if kind is not None and issubclass(kind, (errors.OutOfRangeError, StopIteration)):
            kind = None  # the data ended
        self._close(kind)
        return kind is None


class MonitoredSession(_MonitoredSession):
    """A session that initialises or restores itself, calls hooks around each run, starts queue runners, and makes a new
    session when one fails with `AbortedError` or `UnavailableError`.

    Args:
      session_creator: makes the session; a `ChiefSessionCreator()` by default.
      hooks: `SessionRunHook`s.
      stop_grace_period_secs: how long threads may take to stop.

    >>> import headrace as tf
    >>> v1 = tf.compat.v1
    >>> with tf.Graph().as_default():
    ...     step = v1.train.get_or_create_global_step()
    ...     train = v1.assign_add(step, 1)
    ...     with v1.train.MonitoredSession(hooks=[v1.train.StopAtStepHook(last_step=3)]) as sess:
    ...         while not sess.should_stop():
    ...             last = sess.run(train)
    ...     int(last)
    3
    """

    StepContext = StepContext

    def __init__(
        self, session_creator: SessionCreator | None = None, hooks: Sequence[SessionRunHook] | None = None,
        stop_grace_period_secs: float = 120,
    ) -> None:  # fmt: skip
        super().__init__(session_creator, hooks, True, stop_grace_period_secs)


class SingularMonitoredSession(_MonitoredSession):
    """A monitored session that does not come back after failures, and gives access to its session.

    Args: as `MonitoredSession`, with the `scaffold`, `checkpoint_dir` … of a `ChiefSessionCreator`."""

    def __init__(
        self, hooks: Sequence[SessionRunHook] | None = None, scaffold: Scaffold | None = None, master: str = "",
        config: Any = None, checkpoint_dir: Any = None, stop_grace_period_secs: float = 120,
        checkpoint_filename_with_path: Any = None,
    ) -> None:  # fmt: skip
        creator = ChiefSessionCreator(scaffold, master, config, checkpoint_dir, checkpoint_filename_with_path)
        super().__init__(creator, hooks, False, stop_grace_period_secs)

    def raw_session(self) -> Any:
        """The session itself."""
        return self._live().sess


def MonitoredTrainingSession(
    master: str = "", is_chief: bool = True, checkpoint_dir: Any = None, scaffold: Scaffold | None = None,
    hooks: Sequence[SessionRunHook] | None = None, chief_only_hooks: Sequence[SessionRunHook] | None = None,
    save_checkpoint_secs: Any = USE_DEFAULT, save_summaries_steps: Any = USE_DEFAULT,
    save_summaries_secs: Any = USE_DEFAULT, config: Any = None, stop_grace_period_secs: float = 120,
    log_step_count_steps: int | None = 100, max_wait_secs: float = 7200, save_checkpoint_steps: Any = USE_DEFAULT,
    summary_dir: Any = None, save_graph_def: bool = True,
) -> MonitoredSession:  # fmt: skip
    """A `MonitoredSession` for training: with checkpoints, summaries and step counts.

    Args:
      master: must be "".
      is_chief: whether this process initialises and saves; the others wait for it.
      checkpoint_dir: where checkpoints are restored from and written to.
      scaffold: what the model needs.
      hooks, chief_only_hooks: more hooks.
      save_checkpoint_secs, save_checkpoint_steps: how often checkpoints are written; every 600 seconds by default, not at all
        if both are None.
      save_summaries_steps, save_summaries_secs: how often summaries are; every 100 steps by default.
      config, stop_grace_period_secs, max_wait_secs: of the session.
      log_step_count_steps: how often the speed is logged; 0 or None for never.
      summary_dir: where event files go; `checkpoint_dir` by default.
      save_graph_def: whether the graph is written beside checkpoints.
    """
    if save_summaries_steps is USE_DEFAULT and save_summaries_secs is USE_DEFAULT:
        save_summaries_steps, save_summaries_secs = 100, None
    save_summaries_steps, save_summaries_secs = [
        None if v is USE_DEFAULT else v for v in (save_summaries_steps, save_summaries_secs)
    ]
    if save_checkpoint_steps is USE_DEFAULT and save_checkpoint_secs is USE_DEFAULT:
        save_checkpoint_steps, save_checkpoint_secs = None, 600
    save_checkpoint_steps, save_checkpoint_secs = [
        None if v is USE_DEFAULT else v for v in (save_checkpoint_steps, save_checkpoint_secs)
    ]
    scaffold = scaffold or Scaffold()
    every = list(hooks or [])
    if not is_chief:
        creator: SessionCreator = WorkerSessionCreator(scaffold, master, config, max_wait_secs)
        return MonitoredSession(creator, every, stop_grace_period_secs)
    own: list[SessionRunHook] = list(chief_only_hooks or [])
    summary_dir = summary_dir or checkpoint_dir
    if summary_dir:
        summary_dir = os.fspath(summary_dir)
        if log_step_count_steps and log_step_count_steps > 0:
            own.append(StepCounterHook(output_dir=summary_dir, every_n_steps=log_step_count_steps))
        if (save_summaries_steps and save_summaries_steps > 0) or (
            save_summaries_secs and save_summaries_secs > 0
        ):
            own.append(
                SummarySaverHook(
                    save_summaries_steps, save_summaries_secs, output_dir=summary_dir, scaffold=scaffold
                )
            )
    if checkpoint_dir and (
        (save_checkpoint_secs and save_checkpoint_secs > 0)
        or (save_checkpoint_steps and save_checkpoint_steps > 0)
    ):
        own.append(
            CheckpointSaverHook(
                checkpoint_dir,
                save_secs=save_checkpoint_secs,
                save_steps=save_checkpoint_steps,
                scaffold=scaffold,
                save_graph_def=save_graph_def,
            )
        )
    creator = ChiefSessionCreator(scaffold, master, config, checkpoint_dir)
    return MonitoredSession(creator, own + every, stop_grace_period_secs)
