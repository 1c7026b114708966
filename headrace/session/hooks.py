"""Hooks of monitored sessions: stopping, waiting, watching, logging. Those that write files are in `writing_hooks.py`."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from headrace.core.graph import get_default_graph

from . import logs
from .run_hooks import SessionRunArgs, SessionRunContext, SessionRunHook
from .step_hooks import NeverTriggerTimer, SecondOrStepTimer, global_step_of
from .writing_hooks import (
    CheckpointSaverHook,
    CheckpointSaverListener,
    ProfilerHook,
    StepCounterHook,
    SummarySaverHook,
)


def element(value: Any) -> Any:
    """A tensor or operation of the default graph, given as such or by name."""
    if isinstance(value, str):
        return get_default_graph().as_graph_element(value)
    return value


# --------------------------------------------------------------------------------------------------- stopping, waiting
class StopAtStepHook(SessionRunHook):
    """Stops after `num_steps` steps from the start of the session, or when the global step is `last_step`.

    Raises:
      ValueError: not exactly one of the two is given.
    """

    def __init__(self, num_steps: int | None = None, last_step: int | None = None) -> None:
        if num_steps is None and last_step is None:
            raise ValueError("One of num_steps or last_step must be specified.")
        if num_steps is not None and last_step is not None:
            raise ValueError("Only one of num_steps or last_step can be specified.")
        self._num_steps, self._last_step = num_steps, last_step

    def begin(self) -> None:
        self._step = global_step_of(self)

    def after_create_session(self, session: Any, coord: Any) -> None:
        if self._last_step is None and self._num_steps is not None:
            self._last_step = int(session.run(self._step)) + self._num_steps

    def before_run(self, run_context: SessionRunContext) -> SessionRunArgs:
        return SessionRunArgs(self._step)

    def after_run(self, run_context: SessionRunContext, run_values: Any) -> None:
        # Within a run the step is read before it is counted, or after: near the end, look again.
        last: Any = self._last_step
        if run_values.results + 1 >= last and run_context.session.run(self._step) >= last:
            run_context.request_stop()


class GlobalStepWaiterHook(SessionRunHook):
    """Delays runs until the global step, which others count, is `wait_until_step`."""

    def __init__(self, wait_until_step: int) -> None:
        self._wait_until = wait_until_step

    def begin(self) -> None:
        self._reached = False
        self._step = global_step_of(self)

    def before_run(self, run_context: SessionRunContext) -> None:
        if self._reached:
            return
        if self._wait_until <= 0:
            self._reached = True
            return
        logs.info("Waiting for global step %d before starting training.", self._wait_until)
        told = 0
        while True:
            now = int(run_context.session.run(self._step))
            if now >= self._wait_until:
                self._reached = True
                return
            if now - told > 1000:
                logs.info("Waiting for global step %d. Current step is %d.", self._wait_until, now)
                told = now
            time.sleep(0.5)


class NanLossDuringTrainingError(RuntimeError):
    """The loss became NaN."""

    def __str__(self) -> str:
        return "NaN loss during training."


class NanTensorHook(SessionRunHook):
    """Watches a tensor: when it is NaN, raises `NanLossDuringTrainingError`, or stops if `fail_on_nan_loss` is False."""

    def __init__(self, loss_tensor: Any, fail_on_nan_loss: bool = True) -> None:
        self._tensor, self._fail = loss_tensor, fail_on_nan_loss

    def before_run(self, run_context: SessionRunContext) -> SessionRunArgs:
        return SessionRunArgs(self._tensor)

    def after_run(self, run_context: SessionRunContext, run_values: Any) -> None:
        if np.isnan(run_values.results).any():
            if self._fail:
                logs.error("Model diverged with loss = NaN.")
                raise NanLossDuringTrainingError
            logs.warning("Model diverged with loss = NaN.")
            run_context.request_stop()


class FinalOpsHook(SessionRunHook):
    """Computes something at the end of the session: its `final_ops_values`."""

    def __init__(self, final_ops: Any, final_ops_feed_dict: Any = None) -> None:
        self._final_ops, self._feed = final_ops, final_ops_feed_dict
        self._values: Any = None

    @property
    def final_ops_values(self) -> Any:
        return self._values

    def end(self, session: Any) -> None:
        if self._final_ops is not None:
            self._values = session.run(self._final_ops, feed_dict=self._feed)


class FeedFnHook(SessionRunHook):
    """Feeds what `feed_fn()` returns, a dict, in each run."""

    def __init__(self, feed_fn: Callable[[], Mapping[Any, Any]]) -> None:
        self.feed_fn = feed_fn

    def before_run(self, run_context: SessionRunContext) -> SessionRunArgs:
        return SessionRunArgs(fetches=None, feed_dict=self.feed_fn())


# ------------------------------------------------------------------------------------------------------------- logging
class LoggingTensorHook(SessionRunHook):
    """Logs the values of tensors every so many runs or seconds, at the end, or both.

    Args:
      tensors: a list of tensors or names, or a dict of them by the text to log them with.
      every_n_iter, every_n_secs: how often; exactly one, unless it is only at the end.
      at_end: also when the session ends.
      formatter: a function from the dict of values to the text to log.
    """

    def __init__(
        self, tensors: Any, every_n_iter: int | None = None, every_n_secs: float | None = None, at_end: bool = False,
        formatter: Callable[[dict[str, Any]], str] | None = None,
    ) -> None:  # fmt: skip
        only_at_end = at_end and every_n_iter is None and every_n_secs is None
        if not only_at_end and (every_n_iter is None) == (every_n_secs is None):
            raise ValueError(
                "either at_end and/or exactly one of every_n_iter and every_n_secs must be provided."
            )
        if every_n_iter is not None and every_n_iter <= 0:
            raise ValueError(f"invalid every_n_iter={every_n_iter}.")
        if not isinstance(tensors, Mapping):
            tensors = {t if isinstance(t, str) else t.name: t for t in tensors}
        self._tensors, self._formatter, self._at_end = dict(tensors), formatter, at_end
        self._timer: Any = (
            NeverTriggerTimer()
            if only_at_end
            else SecondOrStepTimer(every_secs=every_n_secs, every_steps=every_n_iter)
        )

    def begin(self) -> None:
        self._timer.reset()
        self._count = 0
        self._current = {tag: element(tensor) for tag, tensor in self._tensors.items()}

    def before_run(self, run_context: SessionRunContext) -> SessionRunArgs | None:
        self._due = self._timer.should_trigger_for_step(self._count)
        return SessionRunArgs(self._current) if self._due else None

    def _log(self, values: dict[str, Any]) -> None:
        seconds, _ = self._timer.update_last_triggered_step(self._count)
        with np.printoptions(suppress=True):
            if self._formatter:
                logs.info("%s", self._formatter(values))
                return
            text = ", ".join([f"{tag} = {values[tag]}" for tag in self._tensors])
        logs.info("%s%s", text, "" if seconds is None else f" ({seconds:.3f} sec)")

    def after_run(self, run_context: SessionRunContext, run_values: Any) -> None:
        if self._due:
            self._log(run_values.results)
        self._count += 1

    def end(self, session: Any) -> None:
        if self._at_end:
            self._log(session.run(self._current))


__all__ = [
    "CheckpointSaverHook", "CheckpointSaverListener", "FeedFnHook", "FinalOpsHook", "GlobalStepWaiterHook",
    "LoggingTensorHook", "NanLossDuringTrainingError", "NanTensorHook", "NeverTriggerTimer", "ProfilerHook",
    "SecondOrStepTimer", "StepCounterHook", "StopAtStepHook", "SummarySaverHook",
]  # fmt: skip
