"""Hooks of monitored sessions that write files: checkpoints, summaries, steps per second, profiles."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

from headrace.core.graph import get_default_graph
from headrace.proto.config_pb2 import RunOptions
from headrace.proto.event_pb2 import SessionLog, Summary

from . import logs
from .keys import GraphKeys
from .run_hooks import SessionRunArgs, SessionRunContext
from .step_hooks import NextStepHook, SecondOrStepTimer, StepHook


def writer_of(logdir: Any) -> Any:
    from headrace.summary.file_writer import FileWriterCache

    return FileWriterCache.get(logdir)


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


class CheckpointSaverHook(StepHook):
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
        super().begin()
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

    def after_run(self, run_context: SessionRunContext, run_values: Any) -> None:
        reached = self._reached(run_context, run_values)
        if reached is not None and self._save(run_context.session, reached[0]):
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


class StepCounterHook(StepHook):
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
        super().begin()
        self._tag = f"{self._step.op.name}/sec"

    def after_run(self, run_context: SessionRunContext, run_values: Any) -> None:
        reached = self._reached(run_context, run_values)
        if reached is not None:
            step, seconds, steps = reached
            if seconds and steps is not None:
                self._log_and_record(steps, seconds, step)

    def _log_and_record(self, elapsed_steps: int, elapsed_time: float, global_step: int) -> None:
        rate = elapsed_steps / elapsed_time
        if self._writer is not None:
            self._writer.add_summary(
                Summary(value=[Summary.Value(tag=self._tag, simple_value=rate)]), global_step
            )
        logs.info("%s: %g", self._tag, rate)


class SummarySaverHook(NextStepHook):
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
        super().begin()

    def _summaries(self) -> list[Any]:
        op = self._summary_op if self._summary_op is not None else self._scaffold.summary_op
        if op is None:
            return []
        return list(op) if isinstance(op, (list, tuple)) else [op]

    def before_run(self, run_context: SessionRunContext) -> SessionRunArgs:
        wanted: dict[str, Any] = {"step": self._step}
        if self._decide() and self._summaries():
            wanted["summaries"] = self._summaries()
        return SessionRunArgs(wanted)

    def after_run(self, run_context: SessionRunContext, run_values: Any) -> None:
        if self._writer is None:
            return
        first = self._next_step is None
        step = self._count(run_context, run_values.results["step"], self._due)
        if first:
            self._writer.add_session_log(SessionLog(status=SessionLog.START), step)
        if self._due:
            self._timer.update_last_triggered_step(step)
            for summary in run_values.results.get("summaries", ()):
                self._writer.add_summary(summary, step)

    def end(self, session: Any) -> None:
        if self._writer is not None:
            self._writer.flush()


class ProfilerHook(NextStepHook):
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

    _at_first = False  # it compiles, and says nothing of the others

    def before_run(self, run_context: SessionRunContext) -> SessionRunArgs:
        options = RunOptions(trace_level=RunOptions.FULL_TRACE) if self._decide() else None
        return SessionRunArgs({"step": self._step}, options=options)

    def after_run(self, run_context: SessionRunContext, run_values: Any) -> None:
        stale = int(run_values.results["step"])
        if self._next_step is None:
            self._timer.update_last_triggered_step(stale)
        step = self._count(run_context, stale, self._due)
        if self._due:
            self._timer.update_last_triggered_step(step)
            self._write(step, run_values.run_metadata)

    def _write(self, step: int, metadata: Any) -> None:
        from headrace.io import files

        from .timeline import Timeline

        path = os.path.join(self._output_dir, f"timeline-{step}.json")
        logs.info("Saving timeline for %d into '%s'.", step, path)
        trace = Timeline(metadata.step_stats).generate_chrome_trace_format(
            show_dataflow=self._show_dataflow, show_memory=self._show_memory
        )
        files.write_bytes(path, trace.encode())
