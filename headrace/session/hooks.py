"""Hooks of monitored sessions: stopping, saving, logging, summaries, profiles."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from headrace.core.graph import get_default_graph
from headrace.proto.config_pb2 import RunOptions
from headrace.proto.event_pb2 import SessionLog, Summary

from . import logs
from .keys import GraphKeys
from .run_hooks import SessionRunArgs, SessionRunContext, SessionRunHook


def element(value: Any) -> Any:
    """A tensor or operation of the default graph, given as such or by name."""
    if isinstance(value, str):
        return get_default_graph().as_graph_element(value)
    return value


def global_step_of(hook: SessionRunHook) -> Any:
    """The graph's global step.

    Raises:
      RuntimeError: there is none.
    """
    from headrace.api.compat_v1_train import get_global_step

    step = get_global_step()
    if step is None:
        raise RuntimeError(
            f"Global step should be created to use {type(hook).__name__}: call tf.compat.v1.train.get_or_create_global_step()."
        )
    return step


def writer_of(logdir: Any) -> Any:
    from headrace.summary.file_writer import FileWriterCache

    return FileWriterCache.get(logdir)


# ------------------------------------------------------------------------------------------------------------- timers
class _HookTimer:
    def reset(self) -> None:
        raise NotImplementedError

    def should_trigger_for_step(self, step: int) -> bool:
        raise NotImplementedError


class NeverTriggerTimer(_HookTimer):
    """A timer that never triggers."""

    def reset(self) -> None:
        pass

    def should_trigger_for_step(self, step: int) -> bool:
        return False

    def update_last_triggered_step(self, step: int) -> tuple[None, None]:
        return None, None

    def last_triggered_step(self) -> None:
        return None


class SecondOrStepTimer(_HookTimer):
    """Triggers at most every `every_secs` seconds, or every `every_steps` steps.

    Raises:
      ValueError: not exactly one of the two is given.
    """

    def __init__(self, every_secs: float | None = None, every_steps: int | None = None) -> None:
        if every_secs is None and every_steps is None:
            raise ValueError("Either every_secs or every_steps should be provided.")
        if every_secs is not None and every_steps is not None:
            raise ValueError("Can not provide both every_secs and every_steps.")
        self._every_secs, self._every_steps = every_secs, every_steps
        self.reset()

    def reset(self) -> None:
        self._last_step: int | None = None
        self._last_time: float | None = None

    def should_trigger_for_step(self, step: int) -> bool:
        """Whether it is time, at this step."""
        if self._last_step is None:
            return True
        if self._last_step == step:
            return False
        if self._every_secs is not None and self._last_time is not None:
            return time.time() >= self._last_time + self._every_secs
        return self._every_steps is not None and step >= self._last_step + self._every_steps

    def update_last_triggered_step(self, step: int) -> tuple[float | None, int | None]:
        """Says that it was done at this step; returns seconds and steps since the time before (None at first)."""
        now = time.time()
        seconds = None if self._last_time is None else now - self._last_time
        steps = None if self._last_step is None else step - self._last_step
        self._last_time, self._last_step = now, step
        return seconds, steps

    def last_triggered_step(self) -> int | None:
        return self._last_step


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


class StepCounterHook(SessionRunHook):
    """Counts steps per second: a summary `global_step/sec`, and a line in the log."""

    def __init__(
        self, every_n_steps: int | None = 100, every_n_secs: float | None = None, output_dir: Any = None,
        summary_writer: Any = None,
    ) -> None:  # fmt: skip
        if (every_n_steps is None) == (every_n_secs is None):
            raise ValueError("exactly one of every_n_steps and every_n_secs should be provided.")
        self._timer = SecondOrStepTimer(every_steps=every_n_steps, every_secs=every_n_secs)
        self._writer, self._output_dir = summary_writer, output_dir

    def begin(self) -> None:
        if self._writer is None and self._output_dir:
            self._writer = writer_of(self._output_dir)
        self._step = global_step_of(self)
        self._tag = f"{self._step.op.name}/sec"

    def before_run(self, run_context: SessionRunContext) -> SessionRunArgs:
        return SessionRunArgs(self._step)

    def after_run(self, run_context: SessionRunContext, run_values: Any) -> None:
        if not self._timer.should_trigger_for_step(int(run_values.results) + 1):
            return
        step = int(run_context.session.run(self._step))
        if self._timer.should_trigger_for_step(step):
            seconds, steps = self._timer.update_last_triggered_step(step)
            if seconds and steps is not None:
                self._log_and_record(steps, seconds, step)

    def _log_and_record(self, elapsed_steps: int, elapsed_time: float, global_step: int) -> None:
        rate = elapsed_steps / elapsed_time
        if self._writer is not None:
            self._writer.add_summary(
                Summary(value=[Summary.Value(tag=self._tag, simple_value=rate)]), global_step
            )
        logs.info("%s: %g", self._tag, rate)


# -------------------------------------------------------------------------------------------------------------- saving
class CheckpointSaverListener:
    """Base of what is told before and after a `CheckpointSaverHook` saves."""

    def begin(self) -> None:
        """Called once, before the session."""

    def before_save(self, session: Any, global_step_value: int) -> None:
        """Called before a checkpoint is written."""

    def after_save(self, session: Any, global_step_value: int) -> bool | None:
        """Called after a checkpoint has been written; True asks for a stop."""
        return None

    def end(self, session: Any, global_step_value: int) -> None:
        """Called at the end of the session, after the last checkpoint."""


class CheckpointSaverHook(SessionRunHook):
    """Writes a checkpoint at the start, every so many steps or seconds, and at the end.

    Args:
      checkpoint_dir: the folder.
      save_secs, save_steps: how often; exactly one.
      saver, scaffold: the `Saver`, or the `Scaffold` that has one; the graph's only one, if neither is given.
      checkpoint_basename: what the files' names begin with.
      listeners: `CheckpointSaverListener`s.
      save_graph_def: whether the graph is written beside them.
    """

    def __init__(
        self, checkpoint_dir: Any, save_secs: float | None = None, save_steps: int | None = None, saver: Any = None,
        checkpoint_basename: str = "model.ckpt", scaffold: Any = None,
        listeners: Sequence[CheckpointSaverListener] | None = None, save_graph_def: bool = True,
    ) -> None:  # fmt: skip
        if saver is not None and scaffold is not None:
            raise ValueError("You cannot provide both saver and scaffold.")
        self._saver, self._scaffold = saver, scaffold
        self._checkpoint_dir = os.fspath(checkpoint_dir)
        self._save_path = os.path.join(self._checkpoint_dir, checkpoint_basename)
        self._timer = SecondOrStepTimer(every_secs=save_secs, every_steps=save_steps)
        self._listeners, self._save_graph_def = list(listeners or []), save_graph_def

    def begin(self) -> None:
        self._writer = writer_of(self._checkpoint_dir)
        self._step = global_step_of(self)
        for listener in self._listeners:
            listener.begin()

    def after_create_session(self, session: Any, coord: Any) -> None:
        step = int(session.run(self._step))
        if self._save_graph_def:
            from headrace.api.io import write_graph

            write_graph(
                get_default_graph().as_graph_def(add_shapes=True), self._checkpoint_dir, "graph.pbtxt"
            )
        self._writer.add_graph(get_default_graph())
        self._save(session, step)
        self._timer.update_last_triggered_step(step)

    def before_run(self, run_context: SessionRunContext) -> SessionRunArgs:
        return SessionRunArgs(self._step)

    def after_run(self, run_context: SessionRunContext, run_values: Any) -> None:
        if not self._timer.should_trigger_for_step(int(run_values.results) + 1):
            return
        step = int(run_context.session.run(self._step))
        if self._timer.should_trigger_for_step(step):
            self._timer.update_last_triggered_step(step)
            if self._save(run_context.session, step):
                run_context.request_stop()

    def end(self, session: Any) -> None:
        last = int(session.run(self._step))
        if last != self._timer.last_triggered_step():
            self._save(session, last)
        for listener in self._listeners:
            listener.end(session, last)

    def _save(self, session: Any, step: int) -> bool:
        logs.info("Saving checkpoints for %d into %s.", step, self._save_path)
        for listener in self._listeners:
            listener.before_save(session, step)
        self._get_saver().save(
            session, self._save_path, global_step=step, write_meta_graph=self._save_graph_def
        )
        self._writer.add_session_log(
            SessionLog(status=SessionLog.CHECKPOINT, checkpoint_path=self._save_path), step
        )
        stop = False
        for listener in self._listeners:
            if listener.after_save(session, step):
                logs.info("A CheckpointSaverListener requested that training be stopped.")
                stop = True
        return stop

    def _get_saver(self) -> Any:
        if self._saver is None:
            if self._scaffold is not None:
                return self._scaffold.saver
            found = get_default_graph().get_collection(GraphKeys.SAVERS)
            if len(found) != 1:
                raise RuntimeError(
                    f"{'No' if not found else 'More than one'} item in collection {GraphKeys.SAVERS}. Please provide a saver or "
                    "scaffold."
                )
            self._saver = found[0]
        return self._saver


# ----------------------------------------------------------------------------------------------------------- summaries
class SummarySaverHook(SessionRunHook):
    """Writes summaries every so many steps or seconds.

    Args:
      save_steps, save_secs: how often; exactly one.
      output_dir: the folder of the event file; or `summary_writer`.
      scaffold, summary_op: what has the summary op, or it (or a list of them); exactly one.
    """

    def __init__(
        self, save_steps: int | None = None, save_secs: float | None = None, output_dir: Any = None,
        summary_writer: Any = None, scaffold: Any = None, summary_op: Any = None,
    ) -> None:  # fmt: skip
        if (scaffold is None) == (summary_op is None):
            raise ValueError("Exactly one of scaffold or summary_op must be provided.")
        self._summary_op, self._scaffold = summary_op, scaffold
        self._writer, self._output_dir = summary_writer, output_dir
        self._timer = SecondOrStepTimer(every_secs=save_secs, every_steps=save_steps)

    def begin(self) -> None:
        if self._writer is None and self._output_dir:
            self._writer = writer_of(self._output_dir)
        self._next_step: int | None = None
        self._step = global_step_of(self)

    def _summaries(self) -> list[Any]:
        op = self._summary_op if self._summary_op is not None else self._scaffold.summary_op
        if op is None:
            return []
        return list(op) if isinstance(op, (list, tuple)) else [op]

    def before_run(self, run_context: SessionRunContext) -> SessionRunArgs:
        self._due = self._next_step is None or self._timer.should_trigger_for_step(self._next_step)
        wanted: dict[str, Any] = {"step": self._step}
        if self._due and self._summaries():
            wanted["summaries"] = self._summaries()
        return SessionRunArgs(wanted)

    def after_run(self, run_context: SessionRunContext, run_values: Any) -> None:
        if self._writer is None:
            return
        stale = int(run_values.results["step"])
        step = stale + 1
        if self._next_step is None or self._due:
            step = int(run_context.session.run(self._step))
        if self._next_step is None:
            self._writer.add_session_log(SessionLog(status=SessionLog.START), step)
        if self._due:
            self._timer.update_last_triggered_step(step)
            for summary in run_values.results.get("summaries", ()):
                self._writer.add_summary(summary, step)
        self._next_step = step + 1

    def end(self, session: Any) -> None:
        if self._writer is not None:
            self._writer.flush()


class ProfilerHook(SessionRunHook):
    """Traces a run every so many steps or seconds, into `timeline-STEP.json` in `output_dir` (for chrome://tracing).

    Args:
      save_steps, save_secs: how often; exactly one.
      output_dir: the folder.
      show_dataflow, show_memory: of the timeline.
    """

    def __init__(
        self, save_steps: int | None = None, save_secs: float | None = None, output_dir: Any = "",
        show_dataflow: bool = True, show_memory: bool = False,
    ) -> None:  # fmt: skip
        self._output_dir = os.fspath(output_dir)
        self._show_dataflow, self._show_memory = show_dataflow, show_memory
        self._timer = SecondOrStepTimer(every_secs=save_secs, every_steps=save_steps)

    def begin(self) -> None:
        self._next_step: int | None = None
        self._step = global_step_of(self)

    def before_run(self, run_context: SessionRunContext) -> SessionRunArgs:
        self._due = self._next_step is not None and self._timer.should_trigger_for_step(self._next_step)
        options = RunOptions(trace_level=RunOptions.FULL_TRACE) if self._due else None
        return SessionRunArgs({"step": self._step}, options=options)

    def after_run(self, run_context: SessionRunContext, run_values: Any) -> None:
        stale = int(run_values.results["step"])
        if self._next_step is None:
            self._timer.update_last_triggered_step(
                stale
            )  # the first run compiles: it says nothing of the others
        step = stale + 1
        if self._due:
            step = int(run_context.session.run(self._step))
            self._timer.update_last_triggered_step(step)
            self._write(step, run_values.run_metadata)
        self._next_step = step + 1

    def _write(self, step: int, metadata: Any) -> None:
        from headrace.io import files

        from .timeline import Timeline

        path = os.path.join(self._output_dir, f"timeline-{step}.json")
        logs.info("Saving timeline for %d into '%s'.", step, path)
        trace = Timeline(metadata.step_stats).generate_chrome_trace_format(
            show_dataflow=self._show_dataflow, show_memory=self._show_memory
        )
        files.write_bytes(path, trace.encode())


__all__ = [
    "CheckpointSaverHook", "CheckpointSaverListener", "FeedFnHook", "FinalOpsHook", "GlobalStepWaiterHook",
    "LoggingTensorHook", "NanLossDuringTrainingError", "NanTensorHook", "ProfilerHook",
    "SecondOrStepTimer", "StepCounterHook", "StopAtStepHook", "SummarySaverHook",
]  # fmt: skip
