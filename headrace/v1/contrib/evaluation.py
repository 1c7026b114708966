"""Measuring a model at its checkpoints: `tf.contrib.training.evaluate_once`, `evaluate_repeatedly`, and their hooks."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import headrace as tf
from headrace.api.compat_v1_summary import FileWriterCache, merge_all
from headrace.api.compat_v1_train import get_or_create_global_step
from headrace.api.compat_v1_variables import assign_add, get_variable
from headrace.checkpoint.directory import checkpoints_iterator, latest_checkpoint
from headrace.core.state import state
from headrace.session import logs
from headrace.session.hooks import FinalOpsHook
from headrace.session.keys import GraphKeys
from headrace.session.monitored import ChiefSessionCreator, MonitoredSession, MonitoredTrainingSession
from headrace.session.run_hooks import SessionRunArgs, SessionRunContext, SessionRunHook

_DEFAULT: Any = object()


def get_or_create_eval_step() -> Any:
    """The local variable that counts the evaluations of a session: `eval_step`, the only one of that collection.

    Raises:
      ValueError: the collection has several.
    """
    graph: Any = state.graph
    there = graph.get_collection(GraphKeys.EVAL_STEP)
    if len(there) > 1:
        raise ValueError(f"The collection {GraphKeys.EVAL_STEP!r} should have one variable; it has {there}.")
    if there:
        return there[0]
    return get_variable(
        "eval_step", shape=[], dtype=tf.int64, initializer=tf.zeros_initializer(), trainable=False,
        collections=[GraphKeys.LOCAL_VARIABLES, GraphKeys.EVAL_STEP],
    )  # fmt: skip


class StopAfterNEvalsHook(SessionRunHook):
    """Stops after `num_evals` evaluations; None for as many as there is data for."""

    def __init__(self, num_evals: int | None, log_progress: bool = True) -> None:
        self._num_evals, self._log = num_evals, log_progress
        self._completed: Any = None

    def _set_evals_completed_tensor(self, updated_eval_step: Any) -> None:
        self._completed = updated_eval_step

    def before_run(self, run_context: SessionRunContext) -> SessionRunArgs:
        return SessionRunArgs({"evals_completed": self._completed})

    def after_run(self, run_context: SessionRunContext, run_values: Any) -> None:
        done = run_values.results["evals_completed"]
        if self._log:
            logs.info("Evaluation [%d%s]", done, "" if self._num_evals is None else f"/{self._num_evals}")
        if self._num_evals is not None and done >= self._num_evals:
            run_context.request_stop()


class SummaryAtEndHook(SessionRunHook):
    """Writes a summary when the session ends.

    Args:
      log_dir: where to, unless there is a `summary_writer`.
      summary_op: all summaries of the graph by default; None writes none.
      feed_dict: what to feed then.
    """

    def __init__(
        self, log_dir: str | None = None, summary_writer: Any = None, summary_op: Any = _DEFAULT, feed_dict: Any = None
    ) -> None:  # fmt: skip
        self._log_dir, self._writer, self._op, self._feed = log_dir, summary_writer, summary_op, feed_dict

    def begin(self) -> None:
        if self._op is _DEFAULT:  # the next sessions of this graph find it final, and use the same
            self._op = merge_all()
        self._step = get_or_create_global_step()

    def after_create_session(self, session: Any, coord: Any) -> None:
        if self._writer is None and self._log_dir:
            self._writer = FileWriterCache.get(self._log_dir)

    def end(self, session: Any) -> None:
        if self._op is not None and self._writer:
            summary, step = session.run((self._op, self._step), self._feed)
            self._writer.add_summary(summary, step)
            self._writer.flush()


def _counted(eval_ops: Any, hooks: Sequence[SessionRunHook]) -> Any:
    """What to run for an evaluation: the operations, and the count for the hooks that stop."""
    step = get_or_create_eval_step()
    counted = assign_add(step, 1)
    if isinstance(eval_ops, Mapping):
        eval_ops = {**eval_ops, "update_eval_step": counted}
    elif isinstance(eval_ops, (list, tuple)):
        eval_ops = [*eval_ops, counted]
    elif eval_ops is not None:
        eval_ops = [eval_ops, counted]
    for hook in hooks:
        if isinstance(hook, StopAfterNEvalsHook):
            hook._set_evals_completed_tensor(counted)
    return eval_ops


def _evaluate(creator: Any, eval_ops: Any, feed_dict: Any, final: FinalOpsHook, hooks: Sequence[Any]) -> Any:
    with MonitoredSession(session_creator=creator, hooks=[*hooks, final]) as session:
        if eval_ops is not None:
            while not session.should_stop():
                session.run(eval_ops, feed_dict)
    return final.final_ops_values


def evaluate_once(
    checkpoint_path: str, master: str = "", scaffold: Any = None, eval_ops: Any = None, feed_dict: Any = None,
    final_ops: Any = None, final_ops_feed_dict: Any = None, hooks: Sequence[SessionRunHook] | None = None,
    config: Any = None,
) -> Any:  # fmt: skip
    """Restores a checkpoint and runs `eval_ops` until a hook (`StopAfterNEvalsHook`) or the end of the data stops.

    Args:
      scaffold: a `tf.train.Scaffold`; its saver restores.
      eval_ops: an operation, or a list or dict of them, such as the updates of metrics; None runs none.
      final_ops: run at the end.

    Returns: the values of `final_ops`.
    """
    hooks = list(hooks or ())
    ops = _counted(eval_ops, hooks)
    creator = ChiefSessionCreator(
        scaffold=scaffold, checkpoint_filename_with_path=checkpoint_path, master=master, config=config
    )
    return _evaluate(creator, ops, feed_dict, FinalOpsHook(final_ops, final_ops_feed_dict), hooks)


def evaluate_repeatedly(
    checkpoint_dir: str, master: str = "", scaffold: Any = None, eval_ops: Any = None, feed_dict: Any = None,
    final_ops: Any = None, final_ops_feed_dict: Any = None, eval_interval_secs: float = 60,
    hooks: Sequence[SessionRunHook] | None = None, config: Any = None, max_number_of_evaluations: int | None = None,
    timeout: float | None = None, timeout_fn: Callable[[], Any] | None = None,
) -> Any:  # fmt: skip
    """`evaluate_once` for each checkpoint as it appears in a directory.

    Args:
      eval_interval_secs: the least time between two evaluations.
      max_number_of_evaluations: how many there are; None for no end.
      timeout: how many seconds to wait for another checkpoint; None for ever.
      timeout_fn: asked when that time is over: True ends the evaluations. Without it, they end then.

    Returns: the last values of `final_ops`.
    """
    hooks = list(hooks or ())
    ops = _counted(eval_ops, hooks)
    final = FinalOpsHook(final_ops, final_ops_feed_dict)
    paths = checkpoints_iterator(checkpoint_dir, eval_interval_secs, timeout, timeout_fn)
    for done, path in enumerate(paths, 1):
        creator = ChiefSessionCreator(
            scaffold=scaffold, checkpoint_filename_with_path=path, master=master, config=config
        )
        logs.info("Starting evaluation at %s", time.strftime("%Y-%m-%d-%H:%M:%S", time.gmtime()))
        _evaluate(creator, ops, feed_dict, final, hooks)
        if max_number_of_evaluations is not None and done >= max_number_of_evaluations:
            break
    return final.final_ops_values


def wait_for_new_checkpoint(
    checkpoint_dir: str, last_checkpoint: str | None = None, seconds_to_sleep: float = 1, timeout: float | None = None
) -> str | None:  # fmt: skip
    """Waits for a checkpoint that is another than `last_checkpoint`; None when there is none within `timeout` seconds."""
    stop = None if timeout is None else time.time() + timeout
    while True:
        found = latest_checkpoint(checkpoint_dir)
        if found is not None and found != last_checkpoint:
            return found
        if stop is not None and time.time() + seconds_to_sleep > stop:
            return None
        time.sleep(seconds_to_sleep)


def train(
    train_op: Any, logdir: str | None, master: str = "", is_chief: bool = True, scaffold: Any = None,
    hooks: Sequence[SessionRunHook] | None = None, chief_only_hooks: Sequence[SessionRunHook] | None = None,
    save_checkpoint_secs: float | None = 600, save_summaries_steps: int | None = 100, config: Any = None,
    max_wait_secs: float = 7200,
) -> Any:  # fmt: skip
    """Runs `train_op` in a `MonitoredTrainingSession` until a hook stops it.

    Args:
      logdir: where checkpoints and summaries go; None for nowhere, and then `is_chief` has to be True.
      hooks, chief_only_hooks: as `MonitoredTrainingSession` takes them, like all other arguments.

    Returns: the last value of `train_op`; None when nothing was run.
    """
    if logdir is None and is_chief and any(x for x in (save_checkpoint_secs, save_summaries_steps)):
        raise ValueError(
            "logdir cannot be None when save_checkpoint_secs or save_summaries_steps is set: set both to None."
        )
    loss = None
    with MonitoredTrainingSession(
        master=master, is_chief=is_chief, checkpoint_dir=logdir, scaffold=scaffold, hooks=hooks,
        chief_only_hooks=chief_only_hooks, save_checkpoint_secs=save_checkpoint_secs,
        save_summaries_steps=save_summaries_steps, config=config, max_wait_secs=max_wait_secs,
    ) as session:  # fmt: skip
        while not session.should_stop():
            loss = session.run(train_op)
    return loss


__all__ = [
    "StopAfterNEvalsHook", "SummaryAtEndHook", "checkpoints_iterator", "evaluate_once", "evaluate_repeatedly",
    "get_or_create_eval_step", "train", "wait_for_new_checkpoint",
]  # fmt: skip
